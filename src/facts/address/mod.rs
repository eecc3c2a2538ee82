//! From, Sender, Reply-To and Return-Path (RFC 5322 §3.4, RFC 5321 §4.4, RFC 6854, RFC 6532).

mod lex;
mod list;
mod words;

pub use words::decode as decode_words;

use super::header::{Field, Header};
use super::text::trim;
use crate::span::Span;
pub(in crate::facts) use lex::comment_end;

/// One address as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Local part, unquoted; may be UTF-8.
    pub local: String,
    /// Lower-case A-label domain without a trailing dot.
    pub domain: String,
    /// `local@domain` as written.
    pub span: Span,
    pub domain_span: Span,
}

/// A display name with its address; an entry without a readable address has `address: None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Decoded display name (RFC 2047), empty if there is none.
    pub display: String,
    pub address: Option<Address>,
    /// The whole entry.
    pub span: Span,
}

/// What is wrong with a From line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromProblem {
    Missing,
    Empty(Span),
    SeveralFields(Vec<Span>),
    SeveralAddresses(Vec<Span>),
    /// No address could be read.
    Unparseable(Span),
    /// The display name holds another address, in another domain.
    AddressInDisplay {
        display: Span,
        domain: String,
    },
    /// Bytes above 127 outside an encoded word, where the message is not RFC 6532 UTF-8 mail.
    Raw8Bit(Span),
    /// `Group: ;` or a group around the address (RFC 6854).
    Group(Span),
    /// Words without an address between commas: a name with a comma that lacks its quotes.
    UnquotedName(Span),
}

/// The From field(s).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct From {
    /// Index of the field that was read (the topmost).
    pub field: Option<usize>,
    pub mailboxes: Vec<Mailbox>,
    pub problems: Vec<FromProblem>,
}

impl From {
    /// Reads every From field.
    pub fn read(header: &Header, text: &[u8]) -> From {
        let fields: Vec<(usize, Field)> = header.all(text, "From").collect();
        let Some(&(index, field)) = fields.first() else {
            return From { problems: vec![FromProblem::Missing], ..From::default() };
        };
        let mut problems = Vec::new();
        if fields.len() > 1 {
            problems.push(FromProblem::SeveralFields(fields.iter().map(|(_, f)| f.span()).collect()));
        }
        let list = list::read(text, field.value);
        let addresses: Vec<Span> =
            list.entries.iter().filter_map(|e| e.mailbox.address.as_ref()).map(|a| a.span).collect();
        let any_address = !addresses.is_empty();
        match (addresses.len(), list.entries.is_empty(), list.groups.is_empty()) {
            (0, true, true) => problems.push(FromProblem::Empty(trim(text, field.value))),
            (0, false, _) => problems.push(FromProblem::Unparseable(trim(text, field.value))),
            (0 | 1, ..) => {}
            _ => problems.push(FromProblem::SeveralAddresses(addresses)),
        }
        if any_address {
            let nameless = list.entries.iter().find(|e| e.mailbox.address.is_none());
            problems.extend(nameless.map(|e| FromProblem::UnquotedName(e.mailbox.span)));
        }
        problems.extend(list.entries.iter().filter_map(address_in_display).take(10));
        problems.extend(list.groups.first().copied().map(FromProblem::Group));
        problems.extend(raw_8bit(header, text, field, &list.entries));
        let mailboxes = list.entries.into_iter().map(|e| e.mailbox).collect();
        From { field: Some(index), mailboxes, problems }
    }

    /// The address, where there is exactly one.
    pub fn address(&self) -> Option<&Address> {
        let mut all = self.mailboxes.iter().filter_map(|m| m.address.as_ref());
        let first = all.next()?;
        all.all(|a| a.domain == first.domain).then_some(first)
    }

    /// The domain, where there is one From field and all its addresses agree on it: with
    /// several, nobody knows which one readers see (RFC 5322 §3.6 allows one).
    pub fn domain(&self) -> Option<&str> {
        let several = self.problems.iter().any(|p| matches!(p, FromProblem::SeveralFields(_)));
        self.address().filter(|_| !several).map(|a| a.domain.as_str())
    }
}

/// Return-Path, or MAIL FROM from elsewhere; `address: None` is the null reverse-path `<>`, or
/// a path without a domain (`<MAILER-DAEMON>`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReversePath {
    pub address: Option<Address>,
    pub span: Span,
}

/// The topmost Return-Path.
pub fn return_path(header: &Header, text: &[u8]) -> Option<ReversePath> {
    let field = header.first(text, "Return-Path")?;
    let span = trim(text, field.value);
    let address = list::read(text, field.value).entries.into_iter().find_map(|e| e.mailbox.address);
    (!span.is_empty()).then_some(ReversePath { address, span })
}

/// The mailboxes of every field called `name`.
pub fn mailboxes(header: &Header, text: &[u8], name: &str) -> Vec<Mailbox> {
    header
        .all(text, name)
        .flat_map(|(_, field)| list::read(text, field.value).entries)
        .map(|entry| entry.mailbox)
        .collect()
}

/// The lower-case A-label form of a domain as written (RFC 5890), without a trailing dot;
/// `None` where it is no domain and no domain literal.
pub fn normal_domain(written: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(written).ok()?;
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.starts_with('[') && name.ends_with(']') {
        return Some(name.to_ascii_lowercase());
    }
    if name.is_empty() || name.len() > 1000 {
        return None;
    }
    let name = if name.is_ascii() { name.to_ascii_lowercase() } else { idna::domain_to_ascii(name).ok()? };
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let label = |l: &[u8]| !l.is_empty() && l.iter().all(fits);
    name.as_bytes().split(|b| *b == b'.').all(label).then_some(name)
}

/// The address of another domain that a display name shows (`"a@b.example" <x@y.example>`).
fn address_in_display(entry: &list::Entry) -> Option<FromProblem> {
    let address = entry.mailbox.address.as_ref()?;
    let mut parts = entry.mailbox.display.split('@');
    let mut before = parts.next()?;
    for part in parts {
        let end = part.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(part.len());
        let local = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "+-_.=".contains(c));
        let domain = normal_domain(part.get(..end)?.trim_end_matches('.').as_bytes());
        if let Some(domain) = domain.filter(|d| local && d.contains('.') && *d != address.domain) {
            return Some(FromProblem::AddressInDisplay { display: entry.display?, domain });
        }
        before = part;
    }
    None
}

/// The first run of bytes above 127, unless the message is UTF-8 mail: a UTF-8 address, or a
/// hop that took it with SMTPUTF8 (RFC 6531 §4.3: `with UTF8SMTP…`).
fn raw_8bit(header: &Header, text: &[u8], field: Field, entries: &[list::Entry]) -> Option<FromProblem> {
    let value = field.value.of(text);
    let first = value.iter().position(|b| !b.is_ascii())?;
    let length = value.iter().skip(first).take_while(|b| !b.is_ascii()).count();
    let utf8 = std::str::from_utf8(value).is_ok();
    let addressed = || entries.iter().filter_map(|e| e.mailbox.address.as_ref()).any(|a| !a.span.of(text).is_ascii());
    let carried = || {
        header
            .all(text, "Received")
            .any(|(_, f)| f.value.of(text).windows(8).any(|w| w.eq_ignore_ascii_case(b"UTF8SMTP")))
    };
    let start = field.value.start as usize + first;
    (!(utf8 && (addressed() || carried()))).then(|| FromProblem::Raw8Bit(Span::new(start, start + length)))
}

#[cfg(test)]
mod tests;
