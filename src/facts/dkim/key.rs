//! DKIM key records (RFC 6376 §3.6.1): judged from the decoded key, never from its length.

pub use super::material::{PublicKey, Wrapping};

use super::material::{self, Judged};
use super::name;
use crate::evidence::{Answer, Data, Kind, Outcome, Question, Said};
use crate::facts::Reading;
use crate::facts::domain::wildcard;
use crate::facts::lookup::Lookup;
use crate::facts::tags::{Tag, TagList};
use crate::span::Span;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The key a signature names, or a pasted key record.
#[derive(Clone, Debug)]
pub struct Key {
    /// Index into [`Reading::signatures`]; `None` for a pasted record.
    pub signature: Option<usize>,
    /// `s._domainkey.d`; empty for a bare pasted value.
    pub name: String,
    pub state: KeyState,
}

/// What stands at a key's name.
#[derive(Clone, Debug)]
pub enum KeyState {
    /// Not answered yet.
    Unasked(Question),
    /// The question failed: nothing was learnt.
    Failed(Outcome),
    /// No such name, or no TXT there.
    Missing(Outcome),
    /// TXT records, at least one.
    Found(Vec<KeyRecord>),
}

/// One key record.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// Index among the answer's TXT records, or among the pasted entries.
    pub index: usize,
    /// The strings, joined; each byte that is no UTF-8 stands as one `?`, so that places agree.
    pub text: String,
    /// Lengths of the character-strings.
    pub strings: Vec<usize>,
    /// `k=`, default `rsa`.
    pub key_type: String,
    /// `t=` flags.
    pub flags: Vec<String>,
    /// `h=` acceptable hashes; empty means all.
    pub hashes: Vec<String>,
    /// `s=` service types; empty means all.
    pub services: Vec<String>,
    /// Judged without the quotes and backslashes that [`KeyProblem::Quotes`] reports.
    pub public: PublicKey,
    /// `p=`, decoded; empty for what no verifier can use.
    pub key: Vec<u8>,
    /// Where `p=` stands in `text`.
    pub p: Option<Span>,
    pub problems: Vec<KeyProblem>,
}

/// What a linter sees in a key record; spans are in [`KeyRecord::text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// `v=` present but not first, or not `DKIM1` (RFC 6376 §3.6.1).
    Version(Span),
    UnknownKeyType(Span),
    /// `k=` says one algorithm, `p=` holds a key of the other; the span of `k=` or else of `p=`.
    TypeMismatch(Span),
    /// A piece without `=`.
    NotATag(Span),
    /// A tag name in upper case: names are case-sensitive (RFC 6376 §3.2).
    UpperCase(Span),
    DuplicateTag(Span),
    /// Quotes, backslashes or typographic quotes inside the value.
    Quotes(Span),
    /// Characters inside or after base64 that verifiers choke on; blanks are no such thing
    /// (RFC 6376 §3.6.1: `base64string` may be folded).
    BadCharacter(Span),
    /// `s=` leaves e-mail out (RFC 6376 §3.6.1).
    NotForMail(Span),
    /// A string ends without a semicolon and the next begins a tag: strings are joined without
    /// anything between them (RFC 6376 §3.6.2.2).
    Glued(Span),
    /// A second key inside `p=`.
    TwoKeys(Span),
    /// `h=` names no hash that signatures use (RFC 8301 §3.1).
    NoHash(Span),
}

impl KeyRecord {
    /// A verifier that follows the standard can use this record.
    pub fn usable(&self) -> bool {
        self.public.usable() && self.problems.is_empty()
    }

    /// It has the marks of a key: `v=DKIM1` or `p=`.
    pub fn means_to_be_a_key(&self) -> bool {
        self.p.is_some() || means_key(&self.text)
    }

    /// The first tag of this name with its value, in `text`.
    pub fn tag(&self, name: &str) -> Option<Span> {
        let bytes = self.text.as_bytes();
        TagList::split(bytes, Span::new(0, bytes.len())).get(bytes, name).map(|t| t.name.join(t.value))
    }

    /// `t=s`: the domain of `i=` must be `d=` itself (RFC 6376 §3.6.1).
    pub fn strict_identity(&self) -> bool {
        self.flags.iter().any(|f| f == "s")
    }

    /// The text with a semicolon wherever one is missing between two strings.
    pub fn unglued(&self) -> String {
        let mut out = self.text.clone();
        let gaps: Vec<Span> = glued(&self.strings, &self.text).collect();
        for gap in gaps.iter().rev() {
            out.insert_str(gap.start as usize, "; ");
        }
        out
    }

    /// `t=y`
    pub fn testing(&self) -> bool {
        self.flags.iter().any(|f| f == "y")
    }
}

/// Key names asked for at most; a message with more distinct signers than this is no mail.
pub const NAMES: usize = 10;

/// A key for each signature (all names asked for at once, [`NAMES`] at most), or the pasted one.
///
/// Where the user stated a selector, the keys it would name beside those signatures are asked
/// for too; [`stated`] finds them.
pub fn gather(lookup: &Lookup, reading: &Reading, said: &Said) -> Vec<Key> {
    if let Some(pasted) = &reading.record {
        return pasted_key(pasted).into_iter().collect();
    }
    let mut names = BTreeSet::new();
    let mut keys = Vec::new();
    for (index, signature) in reading.signatures.iter().enumerate() {
        let Some(name) = signature.key_name() else { continue };
        if !names.contains(&name) {
            if names.len() == NAMES {
                continue;
            }
            if let Some(name) = stated(said, signature) {
                lookup.ask(&name, Kind::Txt);
            }
            names.insert(name.clone());
        }
        let question = Question::new(&name, Kind::Txt);
        let state = match lookup.put(question.clone()) {
            Some(answer) => {
                let state = state(answer);
                if is_strange(answer, &state) {
                    wildcard::ask_beside(lookup, &name);
                }
                state
            }
            None => KeyState::Unasked(question),
        };
        keys.push(Key { signature: Some(index), name, state });
    }
    keys
}

/// Something answers, and it is no key: it may be a wildcard's.
fn is_strange(answer: &Answer, state: &KeyState) -> bool {
    match state {
        KeyState::Found(records) => !records.iter().any(KeyRecord::means_to_be_a_key),
        KeyState::Missing(_) => answer.alias().is_some(),
        KeyState::Unasked(_) | KeyState::Failed(_) => false,
    }
}

/// The name of the key that the stated selector names at the signature's domain.
pub fn stated(said: &Said, signature: &super::Signature) -> Option<String> {
    let selector = name::selector(said.configured.selector.as_deref()?.trim())?;
    name::key(&selector, &signature.domain.as_ref()?.value)
}

/// What an answer says of the key at its name.
pub fn state(answer: &Answer) -> KeyState {
    let records: Vec<KeyRecord> = answer
        .records
        .iter()
        .filter_map(|r| match &r.data {
            Data::Txt(strings) => Some(strings),
            _ => None,
        })
        .enumerate()
        .map(|(index, strings)| read(strings, index))
        .collect();
    match answer.outcome {
        failed if failed.failed() => KeyState::Failed(failed),
        _ if !records.is_empty() => KeyState::Found(records),
        // A CNAME chain that ends without TXT answers with records, but none of ours.
        Outcome::Records => KeyState::Missing(Outcome::NoData),
        missing => KeyState::Missing(missing),
    }
}

fn pasted_key(pasted: &crate::facts::record::Pasted) -> Option<Key> {
    let name = pasted.name.clone().unwrap_or_default();
    if pasted.kind != Kind::Txt || name.starts_with("_dmarc.") {
        return None;
    }
    let at_key_name = name.contains("._domainkey.");
    let records: Vec<KeyRecord> = pasted
        .entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| match &entry.data {
            Data::Txt(strings) => Some((index, strings)),
            _ => None,
        })
        .filter(|(_, strings)| {
            let text = text(strings.concat());
            means_key(&text) || (at_key_name && !means_other(&text))
        })
        .map(|(index, strings)| read(strings, index))
        .collect();
    (!records.is_empty()).then_some(Key { signature: None, name, state: KeyState::Found(records) })
}

/// Says `v=DKIM1`, or has a `p=` that can hold a key and no mark of another record.
fn means_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    let tags = TagList::split(bytes, Span::new(0, bytes.len()));
    let version = tags.tags.iter().take(8).any(|t| clean(t.value.of(bytes)).to_ascii_uppercase().starts_with(b"DKIM"));
    let policy = |t: Tag| matches!(t.value.of(bytes), b"none" | b"quarantine" | b"reject");
    version || (!means_other(text) && tags.get(bytes, "p").is_some_and(|p| !policy(p)))
}

/// Begins as a record of another kind.
fn means_other(text: &str) -> bool {
    let start: String = text.chars().filter(|c| c.is_ascii_graphic() && *c != '"').take(12).collect();
    let start = start.to_ascii_lowercase();
    ["v=spf1", "spf2.0", "v=dmarc1", "v=tlsrptv1", "v=stsv1", "v=bimi1"].iter().any(|mark| start.starts_with(mark))
}

/// Reads one TXT record that is meant to be a key.
pub fn read(strings: &[Vec<u8>], index: usize) -> KeyRecord {
    let text = text(strings.concat());
    let bytes = text.as_bytes();
    let tags = TagList::split(bytes, Span::new(0, bytes.len()));
    let lengths: Vec<usize> = strings.iter().map(Vec::len).collect();
    let mut problems: Vec<KeyProblem> = glued(&lengths, &text).take(1).map(KeyProblem::Glued).collect();
    lint(&tags, &text, &mut problems);
    let get = |name| tags.get(bytes, name);
    let list = |name| get(name).map_or_else(Vec::new, |t: Tag| words(t.value.of(bytes)));
    let k = get("k").filter(|k| !k.value.is_empty());
    let key_type = k.map_or_else(|| "rsa".into(), |k| lower(k.value.of(bytes)));
    let p = get("p");
    let judged = p.map(|p| material::judge(&clean(p.value.of(bytes)), key_type == "ed25519"));
    let Judged { public, extra, bytes: key } = judged.unwrap_or_else(|| PublicKey::Missing.into());
    if let Some(p) = p {
        foreign(p, &text, extra, &public, &mut problems);
        let of_the_other = match key_type.as_str() {
            "rsa" => public.is_ed25519(),
            "ed25519" => public.rsa_bits().is_some(),
            _ => false,
        };
        if of_the_other {
            problems.push(KeyProblem::TypeMismatch(k.map_or(p.value, |k| k.value)));
        }
    }
    if let Some(k) = k.filter(|_| key_type != "rsa" && key_type != "ed25519") {
        problems.push(KeyProblem::UnknownKeyType(k.value));
    }
    let services = list("s");
    if let Some(s) = get("s").filter(|_| !services.is_empty() && !services.iter().any(|s| s == "*" || s == "email")) {
        problems.push(KeyProblem::NotForMail(s.value));
    }
    let hashes = list("h");
    if let Some(h) = get("h").filter(|_| !hashes.is_empty() && !hashes.iter().any(|h| h == "sha1" || h == "sha256")) {
        problems.push(KeyProblem::NoHash(h.value));
    }
    KeyRecord {
        index,
        strings: lengths,
        key_type,
        flags: list("t"),
        hashes,
        services,
        public,
        key,
        p: p.map(|p| p.value),
        problems,
        text,
    }
}

/// Tags that a record may hold once only; `g=` is of the older RFC 4871.
const NAMES_OF_TAGS: [&str; 8] = ["v", "k", "p", "t", "h", "s", "n", "g"];

/// What is wrong with the tag list itself; at most one problem of a kind and tag.
fn lint(tags: &TagList, text: &str, problems: &mut Vec<KeyProblem>) {
    let bytes = text.as_bytes();
    if let Some(quote) = quote(text) {
        problems.push(KeyProblem::Quotes(quote));
    }
    let version = tags.get(bytes, "v");
    let first = tags.tags.first().map(|t| t.name.of(bytes));
    if let Some(v) = version.filter(|v| v.value.of(bytes) != b"DKIM1" || first != Some(&b"v"[..])) {
        problems.push(KeyProblem::Version(v.name.join(v.value)));
    }
    if let Some(piece) = tags.tags.iter().find(|t| !t.has_equals) {
        problems.push(KeyProblem::NotATag(piece.name));
    }
    let known = |t: &&Tag| NAMES_OF_TAGS.iter().any(|n| t.name.of(bytes).eq_ignore_ascii_case(n.as_bytes()));
    let upper = |t: &&Tag| t.name.of(bytes).iter().any(u8::is_ascii_uppercase);
    if let Some(tag) = tags.tags.iter().filter(|t| t.has_equals).filter(known).find(upper) {
        problems.push(KeyProblem::UpperCase(tag.name));
    }
    for name in NAMES_OF_TAGS {
        let mut same =
            tags.tags.iter().filter(|t| t.has_equals && t.name.of(bytes).eq_ignore_ascii_case(name.as_bytes()));
        if let Some(second) = same.nth(1) {
            problems.push(KeyProblem::DuplicateTag(second.name.join(second.value)));
        }
    }
}

/// Tags that begin at the start of a string, where the string before does not end with a semicolon.
fn glued<'t>(strings: &[usize], text: &'t str) -> impl Iterator<Item = Span> + use<'t> {
    let mut at = 0;
    let mut places: Vec<usize> = strings
        .iter()
        .map(|n| {
            at += n;
            at
        })
        .collect();
    places.pop();
    places.into_iter().filter_map(|at| {
        let (before, after) = (text.get(..at)?.trim_end(), text.get(at..)?);
        let (name, value) = after.split_once('=')?;
        // The end of a key's padding looks like an empty tag.
        let begins =
            NAMES_OF_TAGS.contains(&name.trim()) && value.trim_start().starts_with(|c: char| c.is_ascii_alphanumeric());
        (begins && !before.is_empty() && !before.ends_with(';')).then(|| Span::new(at, at + name.len()))
    })
}

/// Characters in `p=` that are not base64, and bytes after the key's own end.
fn foreign(p: Tag, text: &str, extra: usize, public: &PublicKey, problems: &mut Vec<KeyProblem>) {
    if matches!(public, PublicKey::Wrapped { .. } | PublicKey::Revoked) {
        return;
    }
    let value = text.get(p.value.range()).unwrap_or_default();
    // What was decoded in full held nothing foreign, but for what was taken out before.
    if public.usable() && extra == 0 && is_clean(value.as_bytes()) {
        return;
    }
    // Padding is followed by nothing; `p=` with more behind it is a tag.
    let another =
        |&(at, _): &(usize, &str)| at > 0 && value.as_bytes().get(at + 2).is_some_and(u8::is_ascii_alphanumeric);
    if let Some((at, _)) = value.match_indices("p=").find(another) {
        return problems.push(KeyProblem::TwoKeys(Span::new(at, value.len()).shift(p.value.start as usize)));
    }
    let mark = |at: usize, n: usize| KeyProblem::BadCharacter(Span::new(at, at + n).shift(p.value.start as usize));
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') || c.is_ascii_whitespace() || is_quote(c);
    let stranger = value.char_indices().find(|&(_, c)| !fits(c)).map(|(at, c)| (at, c.len_utf8()));
    // Nothing may follow the padding.
    let padding = value.find('=').filter(|&at| value[at..].contains(|c: char| c.is_ascii_alphanumeric()));
    if let Some((at, n)) = stranger.or(padding.map(|at| (at, 1))) {
        problems.push(mark(at, n));
    } else if extra > 0 {
        // Four characters for three bytes, counted from the end.
        let characters = (extra * 4).div_ceil(3).min(value.len());
        problems.push(mark(value.len() - characters, characters));
    }
}

/// The first quote, backslash or typographic quote outside a note.
fn quote(text: &str) -> Option<Span> {
    if is_clean(text.as_bytes()) {
        return None;
    }
    let mut at = 0;
    for piece in text.split(';') {
        // `n=` is prose (RFC 6376 §3.6.1).
        if !piece.trim_start().starts_with("n=")
            && let Some((n, c)) = piece.char_indices().find(|&(_, c)| is_quote(c))
        {
            return Some(Span::new(at + n, at + n + c.len_utf8()));
        }
        at += piece.len() + 1;
    }
    None
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}')
}

/// Without quotes, backslashes, and whatever looks like them: so is nearly every record.
fn is_clean(value: &[u8]) -> bool {
    value.is_ascii() && memchr::memchr3(b'"', b'\'', b'\\', value).is_none()
}

/// The bytes without quotes, backslashes, typographic quotes and invisible characters; `\n`
/// and `\r` as two characters are line ends that a file format wrote out.
pub fn clean(value: &[u8]) -> Cow<'_, [u8]> {
    if is_clean(value) {
        return Cow::Borrowed(value);
    }
    let text = String::from_utf8_lossy(value);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next_if(|c| matches!(c, 'n' | 'r')).is_some() => out.push(' '),
            c if is_quote(c) => {}
            '\u{feff}' | '\u{ad}' | '\u{200b}'..='\u{200f}' => {}
            '\u{a0}' | '\u{202f}' | '\u{2000}'..='\u{200a}' => out.push(' '),
            c => out.push(c),
        }
    }
    Cow::Owned(out.into_bytes())
}

/// UTF-8 with one `?` for each byte that is none: places in the bytes stay places in the text.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let mut out = String::with_capacity(error.as_bytes().len());
        for chunk in error.as_bytes().utf8_chunks() {
            out.push_str(chunk.valid());
            out.extend(std::iter::repeat_n('?', chunk.invalid().len()));
        }
        out
    })
}

fn lower(value: &[u8]) -> String {
    String::from_utf8_lossy(&clean(value)).trim().to_ascii_lowercase()
}

/// A colon-separated list, in lower case.
fn words(value: &[u8]) -> Vec<String> {
    value.split(|&b| b == b':').map(lower).filter(|w| !w.is_empty()).take(64).collect()
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
