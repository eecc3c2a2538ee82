//! Editing a DMARC record: the owner's tags, addresses and order stay; what is broken is set right.

use crate::facts::dmarc::lint::{TAGS, glued_tag, is_invisible, is_plain, is_quote, tag_without_equals};
use crate::facts::dmarc::{Policy, uri};
use std::borrow::Cow;

/// A record as a list of tags, without `v`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    tags: Vec<(String, String)>,
}

/// Tags kept at most, apart from the known ones: more is no record that anyone wrote.
const MOST: usize = 64;

impl Edit {
    /// Reads what the record means to say: quotes and invisible characters go, glued pieces come
    /// apart, stray addresses join `rua`, doubled tags become one (the milder policy, all
    /// addresses). What has no meaning is left out; receivers ignore it too.
    pub fn of(text: &str) -> Edit {
        let clean = cleaned(text);
        let mut edit = Edit::default();
        for piece in clean.split(';') {
            let mut rest = piece.trim();
            while let Some(at) = glued_tag(rest) {
                edit.take(&rest[..at]);
                rest = rest[at..].trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            }
            edit.take(rest);
        }
        edit.tags.retain_mut(|(name, value)| mend(name, value));
        // Older readers insist on p behind v (RFC 7489 §6.4).
        if let Some(at) = edit.tags.iter().position(|(name, _)| name == "p") {
            edit.tags[..=at].rotate_right(1);
        }
        edit
    }

    fn take(&mut self, piece: &str) {
        let piece = piece.trim_matches(|c: char| c == '\'' || c.is_whitespace());
        let assigned = piece.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        match assigned.filter(|(name, _)| !uri::starts_with_mailto(name)) {
            Some((name, value)) => match TAGS.iter().find(|t| name.eq_ignore_ascii_case(t)) {
                Some(&"v") => {}
                None if name.is_empty() => {}
                Some(known) => self.join(known, value),
                None => self.join(name, value),
            },
            None if uri::is_stray(piece) => {
                let list = match self.tags.last() {
                    Some((last, _)) if last == "ruf" => "ruf",
                    _ => "rua",
                };
                self.join(list, piece);
            }
            None => {
                if let Some((name, value)) = tag_without_equals(piece).filter(|(name, _)| *name != "v") {
                    self.join(name, value);
                }
            }
        }
    }

    /// Adds a tag; one that is there already keeps the milder policy, gathers addresses, or stays.
    fn join(&mut self, name: &str, value: &str) {
        let Some((_, old)) = self.tags.iter_mut().find(|(n, _)| n == name) else {
            if self.tags.len() < MOST || TAGS.contains(&name) {
                self.tags.push((name.to_owned(), value.to_owned()));
            }
            return;
        };
        match name {
            "p" | "sp" | "np" => {
                let milder = [meant_policy(old), meant_policy(value)].into_iter().flatten().min();
                if let Some(policy) = milder {
                    *old = policy.word().to_owned();
                }
            }
            "rua" | "ruf" => {
                old.push(',');
                old.push_str(value);
            }
            _ => {}
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Sets a tag where it stands; a new `p` goes first, any other new tag last.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.tags.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value.to_owned(),
            None if name == "p" => self.tags.insert(0, (name.to_owned(), value.to_owned())),
            None => self.tags.push((name.to_owned(), value.to_owned())),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.tags.retain(|(n, _)| n != name);
    }

    /// Makes one record of two: every policy and mode is the milder of both, what a record leaves to
    /// its defaults included (RFC 9989 §4.7); addresses are gathered, any other tag stays.
    pub fn merge(&mut self, other: &Edit) {
        let policies = |edit: &Edit| {
            let meant = |name| edit.get(name).and_then(meant_policy);
            let p = meant("p").unwrap_or(Policy::None);
            let sp = meant("sp").unwrap_or(p);
            [p, sp, meant("np").unwrap_or(sp)]
        };
        let (ours, theirs) = (policies(self), policies(other));
        let [p, sp, np] = [0, 1, 2].map(|n| ours[n].min(theirs[n]));
        let strict =
            ["adkim", "aspf"].map(|name| [&*self, other].iter().all(|e| e.get(name).is_some_and(|v| v.trim() == "s")));
        let psd = self.get("psd").filter(|ours| other.get("psd") == Some(ours)).map(str::to_owned);
        for (name, value) in &other.tags {
            self.join(name, value);
        }
        self.set("p", p.word());
        for (name, policy, default) in [("sp", sp, p), ("np", np, sp)] {
            if policy == default { self.remove(name) } else { self.set(name, policy.word()) }
        }
        for (name, strict) in ["adkim", "aspf"].into_iter().zip(strict) {
            if !strict {
                self.remove(name);
            }
        }
        if psd.is_none() {
            self.remove("psd");
        }
        self.tags.retain_mut(|(name, value)| mend(name, value));
    }

    /// The record, as it is to be published.
    pub fn text(&self) -> String {
        let mut text = "v=DMARC1".to_owned();
        for (name, value) in &self.tags {
            text.extend(["; ", name, "=", value]);
        }
        text
    }
}

/// Without quotes and what cannot be seen, each blank a space.
fn cleaned(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter(|&c| !is_quote(c) && !is_invisible(c));
    kept.map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}

/// Sets a value right; `false` where the tag had better go, its default being what receivers
/// already use (RFC 9989 §4.7).
fn mend(name: &str, value: &mut String) -> bool {
    let letter = |value: &str| value.chars().next().map(|c| c.to_ascii_lowercase());
    match name {
        "sp" | "np" if value.is_empty() => false,
        "p" | "sp" | "np" => {
            if let Some(policy) = meant_policy(value) {
                *value = policy.word().to_owned();
            }
            true
        }
        // As nearly all are.
        "rua" | "ruf" if !value.contains(',') && uri::is_valid(value) => true,
        "rua" | "ruf" => {
            let mut kept: Vec<String> = Vec::new();
            let mut known = std::collections::BTreeSet::new();
            for uri in value.split(',').map(str::trim) {
                let right = if uri::is_valid(uri) { uri.to_owned() } else { uri::suggest(uri).unwrap_or_default() };
                let each = right.split(',').filter(|one| !one.is_empty() && known.insert((*one).to_owned()));
                kept.extend(each.map(str::to_owned));
            }
            *value = kept.join(",");
            !kept.is_empty()
        }
        "adkim" | "aspf" | "t" => {
            let allowed: &[&str] =
                // What cannot be read counts as t=n (RFC 9989 §4.7): to write y for “yes” would weaken what is in force.
                if name == "t" { &["y", "n", "no"] } else { &["r", "s", "relaxed", "strict"] };
            let good = allowed.iter().any(|a| value.eq_ignore_ascii_case(a));
            if let (true, Some(first)) = (good, letter(value)) {
                *value = first.to_string();
            }
            good
        }
        "psd" => ["y", "n", "u"].iter().any(|a| value.eq_ignore_ascii_case(a)),
        "fo" => {
            let options: Vec<&str> = value.split([':', ',', ' ']).filter(|o| !o.is_empty()).collect();
            let good = options.iter().all(|o| matches!(*o, "0" | "1" | "d" | "s" | "D" | "S"));
            *value = options.join(":");
            good && !value.is_empty()
        }
        _ => true,
    }
}

/// The policy a word means, up to two slips of the pen.
pub fn meant_policy(word: &str) -> Option<Policy> {
    let word = word.trim().to_ascii_lowercase();
    let policies = [Policy::None, Policy::Quarantine, Policy::Reject];
    let exact = policies.into_iter().find(|p| p.word() == word);
    exact.or_else(|| policies.into_iter().find(|p| is_slip(&word, *p)))
}

fn is_slip(word: &str, policy: Policy) -> bool {
    let slips = if policy == Policy::None { 1 } else { 2 };
    word.len() <= 14 && slips_between(word, policy.word()) <= slips
}

/// Levenshtein distance; callers bound the length.
fn slips_between(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let here = (diagonal + usize::from(x != *y)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dmarc::{RecordProblem, record};
    use proptest::prelude::*;

    fn mended(text: &str) -> String {
        Edit::of(text).text()
    }

    #[test]
    fn a_bare_mailto_becomes_rua() {
        assert_eq!(
            mended("v=DMARC1; p=reject; sp=reject; mailto:report@example.com"),
            "v=DMARC1; p=reject; sp=reject; rua=mailto:report@example.com"
        );
    }

    #[test]
    fn broken_records_are_set_right() {
        for (broken, right) in [
            ("v=DMARC1 p=none", "v=DMARC1; p=none"),
            ("v=DMARC1, p=none, rua=mailto:a@example.com", "v=DMARC1; p=none; rua=mailto:a@example.com"),
            ("v=dmarc1; P=Reject", "v=DMARC1; p=reject"),
            ("p=none; v=DMARC1", "v=DMARC1; p=none"),
            ("p=quarantine", "v=DMARC1; p=quarantine"),
            ("\"v=DMARC1; p=none\"", "v=DMARC1; p=none"),
            ("v=DMARC1\\; p=none\\; rua=mailto:a@example.com", "v=DMARC1; p=none; rua=mailto:a@example.com"),
            ("“v=DMARC1; p=none”", "v=DMARC1; p=none"),
            ("\u{feff}v=DMARC1;\u{a0}p=none", "v=DMARC1; p=none"),
            ("v=DMARC1; p none", "v=DMARC1; p=none"),
            ("v=DMARC1; p:reject", "v=DMARC1; p=reject"),
            ("v=DMARC1; p=qurantine", "v=DMARC1; p=quarantine"),
            ("v=DMARC1; sp=reject; p=none", "v=DMARC1; p=none; sp=reject"),
            ("v=DMARC1; p=none; p=reject", "v=DMARC1; p=none"),
            ("v=DMARC1; p=reject; sp=; np =", "v=DMARC1; p=reject"),
            ("v=DMARC1; p=none; rua=a@example.com", "v=DMARC1; p=none; rua=mailto:a@example.com"),
            (
                "v=DMARC1; p=none; rua=mailto:a@example.com; mailto:b@example.com",
                "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com",
            ),
            (
                "v=DMARC1; p=none; rua=mailto:a@example.com, ruf=mailto:b@example.com",
                "v=DMARC1; p=none; rua=mailto:a@example.com; ruf=mailto:b@example.com",
            ),
            ("v=DMARC1; p=none; adkim=relaxed; aspf=x; fo=1,s", "v=DMARC1; p=none; adkim=r; fo=1:s"),
        ] {
            assert_eq!(mended(broken), right, "{broken}");
            let again = record::read(right, 0).unwrap();
            assert_eq!(again.problems, [], "{right}");
        }
    }

    #[test]
    fn what_the_owner_wrote_and_what_is_unknown_stays() {
        let text = "v=DMARC1; p=none; x-note=keep me; pct=20; rua=mailto:a@example.com!10m,https://example.net/r; fo=1";
        assert_eq!(mended(text), text);
    }

    #[test]
    fn a_record_of_thousands_of_tags_keeps_what_counts() {
        let unknown: String = (0..20_000).map(|n| format!("; x{n}=1")).collect();
        let edit = Edit::of(&format!("v=DMARC1; p=none{unknown}; rua=mailto:a@example.com"));
        assert_eq!((edit.get("p"), edit.get("rua")), (Some("none"), Some("mailto:a@example.com")));
        assert_eq!(edit.tags.len(), MOST + 1);
    }

    #[test]
    fn set_remove_merge() {
        let mut edit = Edit::of("v=DMARC1; rua=mailto:a@example.com; adkim=s");
        edit.set("p", "none");
        edit.remove("adkim");
        edit.set("t", "y");
        assert_eq!(edit.text(), "v=DMARC1; p=none; rua=mailto:a@example.com; t=y");
        edit.merge(&Edit::of("v=DMARC1; p=reject; rua=mailto:b@example.com,mailto:a@example.com; sp=none"));
        assert_eq!(edit.text(), "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com; t=y");
    }

    #[test]
    fn a_merged_record_is_no_stricter_than_either() {
        let merged = |a: &str, b: &str| {
            let mut edit = Edit::of(a);
            edit.merge(&Edit::of(b));
            edit.text()
        };
        assert_eq!(merged("v=DMARC1; p=none", "v=DMARC1; p=reject; sp=reject; adkim=s"), "v=DMARC1; p=none");
        assert_eq!(merged("v=DMARC1; p=quarantine; sp=none", "v=DMARC1; p=reject"), "v=DMARC1; p=quarantine; sp=none");
        assert_eq!(merged("v=DMARC1; p=reject; aspf=s", "v=DMARC1; p=reject; aspf=s"), "v=DMARC1; p=reject; aspf=s");
    }

    #[test]
    fn a_word_that_means_no_policy_is_left_for_the_owner() {
        assert_eq!(meant_policy("monitor"), None);
        assert_eq!(meant_policy("rejct"), Some(Policy::Reject));
        assert_eq!(meant_policy("non"), Some(Policy::None));
        let left = record::read(&mended("v=DMARC1; p=monitor"), 0).unwrap();
        assert!(matches!(left.problems[..], [RecordProblem::BadPolicy { tag: "p", .. }]));
    }

    proptest! {
        #[test]
        fn mending_never_panics_and_is_settled_the_second_time(text in "\\PC{0,120}") {
            let once = mended(&text);
            prop_assert_eq!(mended(&once), once);
        }

        #[test]
        fn near_records_too(pieces in proptest::collection::vec(
            "(v=DMARC1|v=dmarc1|p=none|p reject|sp=rejct|rua=|mailto:a@example\\.com|[;,\"\\\\ =;]{1,3}|t=yes|ruf=b@example\\.net|fo=1,s)", 0..12)) {
            let once = mended(&pieces.concat());
            prop_assert_eq!(mended(&once), once);
        }
    }
}
