//! DKIM records rebuilt with one thing changed and all else kept.

use super::blank;
use crate::facts::dkim::key::{self, KeyRecord, PublicKey};
use crate::facts::dkim::material::{self, Judged};
use crate::facts::tags::{Tag, TagList};
use crate::span::Span;

/// The record with this value for this tag; all other bytes stay. A tag that is not there is
/// put before `p=`.
pub fn with_tag(text: &str, name: &str, value: &str) -> String {
    let tags = tags(text);
    if let Some(tag) = tags.get(text.as_bytes(), name) {
        return spliced(text, tag.value, value);
    }
    match tags.get(text.as_bytes(), "p") {
        Some(p) => spliced(text, Span { start: p.name.start, end: p.name.start }, &format!("{name}={value}; ")),
        None => format!("{}; {name}={value}", text.trim_end().trim_end_matches(';')),
    }
}

/// The record without this tag.
pub fn without_tag(text: &str, name: &str) -> String {
    let Some(tag) = tags(text).get(text.as_bytes(), name) else { return text.to_owned() };
    let mut whole = tag.name.join(tag.value);
    let rest = text.get(whole.end as usize..).unwrap_or_default();
    let separator = rest.len() - rest.trim_start().trim_start_matches(';').trim_start().len();
    whole.end += u32::try_from(separator).unwrap_or(0);
    spliced(text, whole, "").trim_end().to_owned()
}

/// The record without this flag of `t=`; the tag goes when no flag is left.
pub fn without_flag(text: &str, flag: &str) -> String {
    let Some(t) = tags(text).get(text.as_bytes(), "t") else { return text.to_owned() };
    let value = text.get(t.value.range()).unwrap_or_default();
    let left: Vec<&str> = value.split(':').map(str::trim).filter(|f| !f.eq_ignore_ascii_case(flag)).collect();
    if left.is_empty() { without_tag(text, "t") } else { spliced(text, t.value, &left.join(":")) }
}

/// The record as it was meant, where that is beyond doubt: read again, it must be without fault.
pub fn tidy(text: &str) -> Option<String> {
    let cleaned = separated(&String::from_utf8(key::clean(text.as_bytes()).into_owned()).ok()?);
    let bytes = cleaned.as_bytes();
    let mut kept: Vec<(String, String)> = Vec::new();
    for tag in tags(&cleaned).tags.into_iter().take(64) {
        let (name, value) = meant(tag, bytes)?;
        match kept.iter().find(|(n, _)| *n == name) {
            Some((_, before)) if *before != value => return None,
            Some(_) => {}
            None if name == "v" => kept.insert(0, (name, value)),
            None => kept.push((name, value)),
        }
    }
    let joined =
        |tags: &[(String, String)]| tags.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("; ");
    let mut fixed = joined(&kept);
    let read = record(&fixed);
    if let PublicKey::Wrapped { right, .. } = &read.public {
        fixed = with_tag(&fixed, "p", right);
    }
    let read = record(&fixed);
    match (&read.public, read.key_type.as_str()) {
        (PublicKey::Ed25519, "ed25519") | (PublicKey::Rsa { .. }, "rsa") => {}
        (PublicKey::Ed25519, _) => fixed = with_tag(&fixed, "k", "ed25519"),
        (PublicKey::Rsa { .. }, _) => fixed = with_tag(&fixed, "k", "rsa"),
        _ => return None,
    }
    record(&fixed).usable().then_some(fixed)
}

/// One tag as it was meant; `None` where that is anybody's guess.
fn meant(tag: Tag, text: &[u8]) -> Option<(String, String)> {
    let part = |span: Span| String::from_utf8_lossy(span.of(text)).into_owned();
    if !tag.has_equals {
        let word = part(tag.name);
        return match word.to_ascii_uppercase().as_str() {
            "DKIM1" => Some(("v".into(), "DKIM1".into())),
            "RSA" => Some(("k".into(), "rsa".into())),
            "ED25519" => Some(("k".into(), "ed25519".into())),
            _ => matches!(material::judge(word.as_bytes(), false).public, PublicKey::Rsa { .. })
                .then_some(("p".into(), word)),
        };
    }
    let (name, value) = (part(tag.name).to_ascii_lowercase(), part(tag.value));
    let value = match name.as_str() {
        "v" => value.to_ascii_uppercase().starts_with("DKIM").then(|| "DKIM1".into())?,
        "k" => value.to_ascii_lowercase(),
        "h" if value.to_ascii_lowercase().contains("sha256") => "sha256".into(),
        "p" => bare_key(&value),
        _ => value,
    };
    Some((name, value))
}

/// `p=` said twice, the URL form of base64, and bytes after the end of the key, all undone.
fn bare_key(value: &str) -> String {
    let value = value.trim_start_matches("p=");
    if value.contains("-----") || value.starts_with("ssh-") {
        return value.to_owned();
    }
    let value = value.replace('-', "+").replace('_', "/");
    let Judged { extra, bytes, .. } = material::judge(value.as_bytes(), false);
    match bytes.is_empty() || extra == 0 || is_another(&bytes, extra) {
        false => material::encode(&bytes[..bytes.len() - extra]),
        true => String::from_utf8_lossy(&material::without_blanks(value.as_bytes())).into_owned(),
    }
}

/// Is what follows the key one more, and another? Which of them is meant nobody can tell.
fn is_another(bytes: &[u8], extra: usize) -> bool {
    let (first, rest) = bytes.split_at(bytes.len() - extra);
    rest != first && material::judge(material::encode(rest).as_bytes(), false).public.usable()
}

/// Semicolons put where a blank or a comma stands before one of the known tags.
fn separated(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut note = false;
    for word in text.split_inclusive([' ', '\t', ',', ';']) {
        let (name, rest) = word.split_at(word.find('=').unwrap_or(0));
        let tag = rest.starts_with('=') && matches!(name, "v" | "k" | "h" | "t" | "s" | "g" | "n" | "p");
        if tag && !note {
            out.truncate(out.trim_end_matches([' ', '\t', ',']).len());
            out.push_str(match out.as_bytes().last() {
                None => "",
                Some(b';') => " ",
                Some(_) => "; ",
            });
        }
        // What follows `n=` is prose up to its semicolon.
        note = (note || (tag && name == "n")) && !word.ends_with(';');
        out.push_str(word);
    }
    out
}

/// The record read as one string.
pub fn record(text: &str) -> KeyRecord {
    key::read(&[text.as_bytes().to_vec()], 0)
}

fn tags(text: &str) -> TagList {
    TagList::split(text.as_bytes(), Span::new(0, text.len()))
}

fn spliced(text: &str, span: Span, with: &str) -> String {
    let (before, after) = (text.get(..span.start as usize), text.get(span.end as usize..));
    [before.unwrap_or_default(), with, after.unwrap_or_default()].concat()
}

/// What the blank for a public key says; never a value of ours.
pub const PUBLIC_KEY: &str = "public key from your signer";

/// A key record in which only the key is left open.
pub fn open_record(key_type: &str) -> String {
    format!("v=DKIM1; k={key_type}; p={}", blank(PUBLIC_KEY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;

    #[test]
    fn one_tag_changes_and_all_else_stays() {
        let text = "v=DKIM1;k=rsa ; n=mine;  t=s; p=OLD;";
        assert_eq!(with_tag(text, "p", "NEW"), "v=DKIM1;k=rsa ; n=mine;  t=s; p=NEW;");
        assert_eq!(with_tag("v=DKIM1; p=X", "k", "ed25519"), "v=DKIM1; k=ed25519; p=X");
        assert_eq!(with_tag("v=DKIM1;", "p", "X"), "v=DKIM1; p=X");
        assert_eq!(without_tag(text, "t"), "v=DKIM1;k=rsa ; n=mine;  p=OLD;");
        assert_eq!(without_tag("v=DKIM1; h=sha1", "h"), "v=DKIM1;");
    }

    #[test]
    fn the_test_flag_goes_and_the_other_stays() {
        assert_eq!(without_flag("v=DKIM1; t=y:s; p=X", "y"), "v=DKIM1; t=s; p=X");
        assert_eq!(without_flag("v=DKIM1; t=y; p=X", "y"), "v=DKIM1; p=X");
        assert_eq!(without_flag("v=DKIM1; p=X", "y"), "v=DKIM1; p=X");
    }

    #[test]
    fn a_mangled_record_is_tidied_only_where_the_result_is_flawless() {
        let good = format!("v=DKIM1; k=rsa; p={RSA_1024}");
        let (one, two) = RSA_1024.split_at(100);
        for bad in [
            format!("\"v=DKIM1; k=rsa; p={one}\" \"{two}\""),
            format!("v=DKIM1\\; k=rsa\\; p={RSA_1024}"),
            format!("“v=DKIM1; k=rsa; p={RSA_1024}”"),
            format!("v=DKIM1 k=rsa p={RSA_1024}"),
            format!("v=DKIM1, k=rsa, p={RSA_1024}"),
            format!("v=dkim1; K=RSA; P={RSA_1024}"),
            format!("k=rsa; p={RSA_1024}; v=DKIM1"),
            format!("v=DKIM1; k=rsa; {RSA_1024}"),
            format!("v=DKIM1; k=rsa; p=p={RSA_1024}"),
            format!("v=DKIM1; k=rsa; p={RSA_1024}; p={RSA_1024}"),
            format!("v=DKIM1; k=rsa; p={RSA_1024}{RSA_1024}"),
            format!("v=DKIM1; k=rsa; p={RSA_1024_SSH}"),
            format!("v=DKIM1; k=rsa2048; p={RSA_1024}"),
            format!("v=DKIM1; k=rsa; p={}", RSA_1024.replace('+', "-").replace('/', "_")),
        ] {
            let expected =
                if bad.starts_with("k=rsa; p") { format!("v=DKIM1; k=rsa; p={RSA_1024}") } else { good.clone() };
            assert_eq!(tidy(&bad).as_deref(), Some(expected.as_str()), "{bad}");
        }
        assert_eq!(tidy(&format!("p={ED25519_SPKI}")).unwrap(), format!("k=ed25519; p={ED25519}"));
        for hopeless in [
            "v=DKIM1; p=",
            "v=DKIM1; k=rsa",
            "v=spf1 -all",
            &format!("p={}", &RSA_1024[..99]),
            &format!("p={RSA_1024}; p={RSA_2048}"),
            &format!("p={RSA_1024}{RSA_2048}"),
            &format!("p={RSA_1024}p={RSA_2048}"),
        ] {
            assert_eq!(tidy(hopeless), None, "{hopeless}");
        }
    }

    #[test]
    fn a_note_keeps_its_words() {
        let text = format!("v=DKIM1 k=rsa n=set k=rsa here; p={RSA_1024}");
        assert_eq!(tidy(&text).unwrap(), format!("v=DKIM1; k=rsa; n=set k=rsa here; p={RSA_1024}"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_rebuilt_without_a_panic(text in "(v=|k=|p=|t=|n=|y:s|;|,| |“|\\\\|\"|=|é|MIGf|DKIM1){0,20}", name in "[vkpt]") {
            with_tag(&text, &name, "x");
            without_tag(&text, &name);
            without_flag(&text, "y");
            tidy(&text);
        }
    }
}
