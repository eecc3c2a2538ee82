//! Which change of the signed fields, undone, makes the signature fit.

use super::{Effort, What};
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::material;
use crate::facts::header::{Field, Header};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use mail_parser::DateTime;
use mail_parser::parsers::MessageStream;

/// The signed fields as `h=` chose them, each with candidates for what it was.
pub struct Chosen<'a> {
    /// Lower-case names of `h=`, with the field that each took.
    pub names: Vec<(&'a str, Option<Field>)>,
    pub header: &'a Header,
    pub text: &'a [u8],
    /// Of the header: what `relaxed` does not see needs no undoing.
    pub canon: Canon,
}

/// One field as it may have been: its bytes before the colon and after, or nothing.
pub type Was = Option<(Vec<u8>, Vec<u8>)>;

/// One thing that was done to the header, and to which field of it: by its name in `h=`, `None` where it was several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub what: What,
    pub field: Option<String>,
}

impl Changed {
    /// What was not done to one field: to the body, or to several.
    pub fn of_all(what: What) -> Changed {
        Changed { what, field: None }
    }
}

/// Tries, bounded: 2,000 verifications of an RSA key take about 60 ms.
const TRIES: u32 = 2_000;

/// The changes that, undone together, make `verifies` true; `None` where no known ones do.
/// `verifies` gets the index among the names with what stood there.
pub fn restore(
    chosen: &Chosen,
    effort: &Effort,
    mut verifies: impl FnMut(&[(usize, &Was)]) -> bool,
) -> Option<Vec<Changed>> {
    let running = effort.begin(TRIES);
    let mut tries = TRIES;
    let mut pay = || {
        tries = tries.saturating_sub(1);
        tries > 0 && running.step()
    };
    let changed = |index: &usize, what: &What| Changed {
        what: *what,
        field: chosen.names.get(*index).map(|(name, _)| (*name).to_owned()),
    };
    let mut candidates: Vec<(usize, What, Was)> = Vec::new();
    for (index, (name, field)) in chosen.names.iter().enumerate() {
        candidates.extend(before(chosen, name, *field).into_iter().map(|(what, was)| (index, what, was)));
    }
    for (index, what, was) in &candidates {
        if !pay() {
            return None;
        }
        if verifies(&[(*index, was)]) {
            return Some(vec![changed(index, what)]);
        }
    }
    for (index, (name, field)) in chosen.names.iter().enumerate() {
        for (what, was) in field.iter().flat_map(|field| alone(chosen, name, *field)) {
            if !pay() {
                return None;
            }
            if verifies(&[(index, &was)]) {
                return Some(vec![changed(&index, &what)]);
            }
        }
    }
    // One system refolds or respells every field alike.
    for kind in [What::FieldRefolded, What::FieldRecased] {
        for way in 0..3 {
            let alike: Vec<(usize, &Was)> = (0..chosen.names.len())
                .filter_map(|n| {
                    let mut of = candidates.iter().filter(|(index, what, _)| *index == n && *what == kind);
                    of.nth(way).map(|(index, _, was)| (*index, was))
                })
                .collect();
            if alike.len() > 1 && pay() && verifies(&alike) {
                return Some(vec![Changed::of_all(kind)]);
            }
        }
    }
    for (n, (index, what, was)) in candidates.iter().enumerate() {
        for (other_index, other_what, other) in candidates[n + 1..].iter().filter(|(i, ..)| i != index) {
            if !pay() {
                return None;
            }
            if verifies(&[(*index, was), (*other_index, other)]) {
                let mut both = vec![changed(index, what), changed(other_index, other_what)];
                both.dedup();
                return Some(both);
            }
        }
    }
    None
}

/// What a field may have been before, most common first.
fn before(chosen: &Chosen, name: &str, field: Option<Field>) -> Vec<(What, Was)> {
    let text = chosen.text;
    let Some(field) = field else { return lost(chosen, name) };
    let spelled = field.name.of(text).to_vec();
    let value = field.value.of(text);
    let same = |value: Vec<u8>| Some((spelled.clone(), value));
    let mut out: Vec<(What, Was)> = Vec::new();
    let changed = match name {
        "subject" => What::SubjectChanged,
        "from" => What::FromRewritten,
        "reply-to" => What::ReplyToChanged,
        "to" | "cc" | "sender" => What::RecipientsChanged,
        "date" => What::DateChanged,
        "message-id" => What::MessageIdChanged,
        "content-type" | "content-transfer-encoding" | "mime-version" => What::ContentTypeChanged,
        _ => What::FieldAdded,
    };
    if name == "subject" {
        out.extend(untagged(value).into_iter().map(|was| (What::SubjectTag, same(was))));
    }
    for other in kept_elsewhere(name) {
        let values = chosen.header.all(text, other).map(|(_, f)| f.value.of(text).to_vec());
        out.extend(values.map(|v| (changed, same(v))));
    }
    if name == "content-transfer-encoding" {
        let all = ["7bit", "8bit", "quoted-printable", "base64", "binary"];
        out.extend(all.map(|e| (changed, same(format!(" {e}").into_bytes()))));
    }
    if name == "content-type" {
        out.extend(content_types(value).into_iter().map(|was| (changed, same(was))));
    }
    if name == "mime-version" {
        out.push((changed, same(b" 1.0".to_vec())));
    }
    if matches!(name, "from" | "to" | "cc" | "reply-to" | "sender") {
        out.extend(respelled_addresses(value).into_iter().map(|was| (What::AddressRespelled, same(was))));
        out.extend(renamed(value).into_iter().map(|was| (changed, same(was))));
    }
    // It was not there when the message was signed.
    out.push((if matches!(changed, What::ReplyToChanged) { changed } else { What::FieldAdded }, None));
    if chosen.canon == Canon::Simple {
        out.extend(refolded(value).into_iter().map(|was| (What::FieldRefolded, same(was))));
        let spellings = respelled(&spelled).into_iter().map(|was| (What::FieldRecased, Some((was, value.to_vec()))));
        out.extend(spellings);
    }
    out
}

/// What is tried on its own only: there are too many of these to pair them.
fn alone(chosen: &Chosen, name: &str, field: Field) -> Vec<(What, Was)> {
    let (spelled, value) = (field.name.of(chosen.text), field.value.of(chosen.text));
    let (what, values) = match name {
        "date" => (What::DateChanged, dates(value)),
        "subject" => (What::SubjectChanged, recoded(value)),
        _ => (What::FieldChanged, Vec::new()),
    };
    let mut out: Vec<(What, Vec<u8>)> = values.into_iter().map(|was| (what, was)).collect();
    if chosen.canon == Canon::Simple {
        out.extend(spaced(value).into_iter().map(|was| (What::FieldRefolded, was)));
    }
    out.into_iter().map(|(what, was)| (what, Some((spelled.to_vec(), was)))).collect()
}

/// The same moment as other systems write it: in another zone, with the zone's name, with one or two digits of the day.
fn dates(value: &[u8]) -> Vec<Vec<u8>> {
    let written = String::from_utf8_lossy(value);
    let parsed = DateTime::parse_rfc822(&written).filter(DateTime::is_valid);
    let Some(at) = parsed.and_then(|d| Timestamp::from_second(d.to_timestamp()).ok()) else { return Vec::new() };
    let own = parsed
        .map_or(0, |d| (i32::from(d.tz_hour) * 60 + i32::from(d.tz_minute)) * if d.tz_before_gmt { -1 } else { 1 });
    let whole = (-12..=14).map(|hours| hours * 60);
    let zones = [own, 0].into_iter().chain(whole).chain([-210, 210, 270, 330, 345, 570, 630]);
    let mut out: Vec<Vec<u8>> = Vec::new();
    for minutes in zones {
        let Ok(offset) = Offset::from_seconds(minutes * 60) else { continue };
        let local = at.to_zoned(TimeZone::fixed(offset));
        for day in ["%-d", "%d"] {
            let text = local.strftime(&format!(" %a, {day} %b %Y %H:%M:%S %z")).to_string();
            if minutes == 0 {
                let utc = ["GMT", "-0000", "UT", "+0000 (UTC)", "+0000 (GMT)"];
                out.extend(utc.map(|zone| text.replace("+0000", zone).into_bytes()));
            }
            out.push(text.into_bytes());
        }
    }
    out.retain(|other| other != value);
    out
}

/// Subject in other encoded words (RFC 2047), or in none.
fn recoded(value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    let one = text.starts_with("=?") && text.ends_with("?=") && text.matches("?=").count() == 1;
    let plain = match one {
        true => MessageStream::new(&text.as_bytes()[1..]).decode_rfc2047(),
        false => (!text.is_ascii()).then(|| text.to_owned()),
    };
    let Some(plain) = plain else { return Vec::new() };
    let code = material::encode(plain.as_bytes());
    let quoted: String = plain
        .bytes()
        .map(|b| match b {
            b' ' => "_".to_owned(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("={b:02X}"),
        })
        .collect();
    let words = ["utf-8", "UTF-8"].into_iter().flat_map(|charset| {
        [("B", &code), ("b", &code), ("Q", &quoted), ("q", &quoted)]
            .map(|(how, word)| format!(" =?{charset}?{how}?{word}?="))
    });
    words.chain([format!(" {plain}")]).filter(|other| other.trim() != text).map(String::into_bytes).collect()
}

/// The same words with blanks and folds in other places.
fn spaced(value: &[u8]) -> Vec<Vec<u8>> {
    /// Places that are looked at.
    const MOST: usize = 20;
    let bare = value.trim_ascii_start();
    let mut out = vec![bare.to_vec(), [b" ", bare].concat(), [b"\t", bare].concat(), [b"  ", bare].concat()];
    out.extend([[value, b" "].concat(), value.trim_ascii_end().to_vec()]);
    let blanks = value.iter().enumerate().skip(1).filter(|(_, b)| matches!(b, b' ' | b'\t')).map(|(at, _)| at);
    for at in blanks.take(MOST) {
        let (before, after) = value.split_at(at);
        out.push([before, b"\r\n", after].concat());
        out.push([before, b"\r\n\t", &after[1..]].concat());
        out.push([before, b" ", after].concat());
    }
    out.retain(|other| other != value);
    out
}

/// A field that is gone: what it may have said stands elsewhere.
fn lost(chosen: &Chosen, name: &str) -> Vec<(What, Was)> {
    let changed = if name == "reply-to" { What::ReplyToChanged } else { What::FieldAdded };
    let values = kept_elsewhere(name).iter().flat_map(|other| chosen.header.all(chosen.text, other));
    values.map(|(_, f)| (changed, Some((name.as_bytes().to_vec(), f.value.of(chosen.text).to_vec())))).collect()
}

/// Fields in which lists and gateways keep what they replaced.
fn kept_elsewhere(name: &str) -> &'static [&'static str] {
    match name {
        "from" => &[
            "X-Original-From",
            "Original-From",
            "X-Google-Original-From",
            "X-Mailfrom-Original",
            "Reply-To",
            "X-RCPT-From",
        ],
        "reply-to" => &["X-Original-Reply-To", "X-Reply-To"],
        "to" => &["X-Original-To", "Original-To", "X-To"],
        "cc" => &["X-Original-Cc", "X-Cc"],
        "subject" => &["X-Original-Subject", "Original-Subject", "X-Subject", "Thread-Topic"],
        "date" => &["X-Original-Date", "Original-Date", "X-Date"],
        "message-id" => {
            &["X-Original-Message-ID", "X-Google-Original-Message-ID", "Original-Message-ID", "X-Message-ID"]
        }
        "content-type" => &["X-Original-Content-Type"],
        "content-transfer-encoding" => &["X-Original-Content-Transfer-Encoding"],
        _ => &[],
    }
}

/// Subject without `[list]`, `***SPAM***`, `EXTERNAL:` and their like, at most three deep.
fn untagged(value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value);
    let mut out = Vec::new();
    let (mut start, mut rest) = ("", text.trim());
    for reply in ["Re: ", "RE: ", "Fwd: ", "AW: ", "FW: "] {
        if let Some(after) = rest.strip_prefix(reply) {
            (start, rest) = (reply, after);
            break;
        }
    }
    for _ in 0..3 {
        let cut = match rest.as_bytes().first() {
            Some(b'[') => rest.find(']').map(|n| n + 1),
            Some(b'(') => rest.find(')').map(|n| n + 1),
            Some(b'{') => rest.find('}').map(|n| n + 1),
            Some(b'*') => rest.trim_start_matches('*').find('*').map(|n| {
                let stars = rest.len() - rest.trim_start_matches('*').len();
                let after = &rest[stars + n..];
                stars + n + (after.len() - after.trim_start_matches('*').len())
            }),
            _ => {
                rest.find(": ").filter(|&n| n <= 20 && rest[..n].chars().all(|c| c.is_ascii_uppercase())).map(|n| n + 1)
            }
        };
        let Some(cut) = cut else { break };
        rest = rest[cut..].trim_start();
        out.push(format!(" {start}{rest}").into_bytes());
        // `Re:` may have been put before the tag on the way.
        if !start.is_empty() {
            out.push(format!(" {rest}").into_bytes());
        }
    }
    // Some put it behind.
    let whole = text.trim();
    for (opens, closes) in [('[', ']'), ('(', ')'), ('{', '}')] {
        if let Some(at) = whole.rfind(opens).filter(|&at| at > 0 && whole.ends_with(closes)) {
            out.push(format!(" {}", whole[..at].trim_end()).into_bytes());
        }
    }
    out
}

/// The same content type as other systems write it.
fn content_types(value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value).into_owned();
    let bare = text.replace('"', "");
    let mut out = vec![text.to_ascii_lowercase(), bare.clone()];
    for charset in ["utf-8", "UTF-8", "us-ascii", "US-ASCII", "iso-8859-1", "ISO-8859-1", "windows-1252"] {
        if let Some(at) = text.to_ascii_lowercase().find("charset=") {
            let from = at + "charset=".len();
            let end = text[from..].find(';').map_or(text.len(), |n| from + n);
            out.push(format!("{}{charset}{}", &text[..from], &text[end..]));
            out.push(format!("{}\"{charset}\"{}", &text[..from], &text[end..]));
        }
    }
    out.push(" text/plain".into());
    out.push(" text/html".into());
    let mut pieces: Vec<&str> = text.split(';').collect();
    // A parameter was added, or one was lost.
    for (n, piece) in pieces.iter().enumerate().skip(1).take(4) {
        if let Some((name, value)) = piece.split_once('=').filter(|(_, value)| !value.contains('"')) {
            let mut quoted = pieces.clone();
            let other = format!("{name}=\"{}\"", value.trim());
            quoted[n] = &other;
            out.push(quoted.join(";"));
        }
        let mut fewer = pieces.clone();
        fewer.remove(n);
        out.push(fewer.join(";"));
    }
    for lost in
        [" format=flowed", " format=flowed; delsp=yes", " charset=utf-8", " charset=\"utf-8\"", " charset=us-ascii"]
    {
        let name = lost.split('=').next().unwrap_or_default();
        if !text.contains(name) {
            pieces.push(lost);
            out.push(pieces.join(";"));
            pieces.pop();
        }
    }
    if let Some((main, _)) = text.split_once(';') {
        out.push(main.to_owned());
    }
    out.into_iter().filter(|other| *other != text).map(String::into_bytes).collect()
}

/// The same names and addresses as other systems write them.
fn respelled_addresses(value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value).into_owned();
    let mut out = vec![text.replace('"', ""), text.replace(", ", ","), text.replace(',', ", ").replace(",  ", ", ")];
    match text.split_once('<') {
        _ if text.contains(',') => {}
        Some((name, address)) if name.trim().is_empty() => {
            out.push(format!(" {}", address.trim_end().trim_end_matches('>')));
        }
        Some((name, address)) if !name.contains('"') => out.push(format!(" \"{}\" <{address}", name.trim())),
        Some(_) => {}
        None => out.push(format!(" <{}>", text.trim())),
    }
    out.into_iter().filter(|other| *other != text).map(String::into_bytes).collect()
}

/// The same address with another name, or with none.
fn renamed(value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value);
    let Some((name, address)) = text.split_once('<').filter(|_| !text.contains(',')) else { return Vec::new() };
    let name = name.trim();
    if name.is_empty() || name.contains('"') {
        return Vec::new();
    }
    let mut out = vec![format!(" {}", address.trim_end().trim_end_matches('>')), format!(" <{address}")];
    // "Ann via List <list@…>"
    out.extend(name.split_once(" via ").map(|(own, _)| format!(" {own} <{address}")));
    out.into_iter().map(String::into_bytes).collect()
}

/// One line; folded with a tab; folded with a blank.
fn refolded(value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value).replace("\r\n", "\n");
    let unfolded = text.replace("\n\t", " ").replace("\n ", " ");
    let tabs = text.replace("\n ", "\n\t").replace('\n', "\r\n");
    let blanks = text.replace("\n\t", "\n ").replace('\n', "\r\n");
    let given = text.replace('\n', "\r\n");
    [unfolded, tabs, blanks].into_iter().filter(|other| *other != given).map(String::into_bytes).collect()
}

/// `MESSAGE-ID`, `Message-Id`, `message-id` and the usual spelling.
fn respelled(name: &[u8]) -> Vec<Vec<u8>> {
    let lower = name.to_ascii_lowercase();
    let mut first = true;
    let titled = lower.iter().map(|&b| {
        let out = if first { b.to_ascii_uppercase() } else { b };
        first = b == b'-';
        out
    });
    let titled: Vec<u8> = titled.collect();
    let usual: &[u8] = match &lower[..] {
        b"message-id" => b"Message-ID",
        b"mime-version" => b"MIME-Version",
        b"content-id" => b"Content-ID",
        b"cc" => b"CC",
        _ => &titled,
    };
    let mut out = vec![usual.to_vec(), titled.clone(), lower];
    out.retain(|other| other != name);
    out.dedup();
    out
}
