//! The Received chain (RFC 5321 §4.4), oldest first.

mod client;
mod lex;
mod tls;

use super::header::Header;
use super::organization::same_by_list;
use super::text::lossy;
use crate::span::{Span, Spanned};
use lex::{Kind, Token};
use std::net::IpAddr;

/// One Received field. Names are lower-case A-labels without a trailing dot; what is no name stands as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// Index of the field.
    pub field: usize,
    /// The whole value.
    pub span: Span,
    /// What the client called itself: the word after `from`, or `helo=`.
    pub helo: Option<Spanned<String>>,
    /// The name the server found for the client's address; `unknown` is `None`.
    pub reverse_name: Option<Spanned<String>>,
    /// Where the server wrote `unknown` (or `NXDOMAIN`) in place of that name: it looked, and
    /// found no name, or none that resolves back.
    pub reverse_unknown: Option<Span>,
    pub ip: Option<Spanned<IpAddr>>,
    pub by: Option<Spanned<String>>,
    /// The comment behind the server's name, where most write their software: `(Postfix)`.
    pub software: Option<Span>,
    /// `ESMTPS`, `ESMTPSA`, `LMTP`, `HTTP` …, upper case.
    pub with: Option<Spanned<String>>,
    pub id: Option<Spanned<String>>,
    pub envelope_to: Option<Spanned<String>>,
    /// `envelope-from` of Exim and others.
    pub envelope_from: Option<Spanned<String>>,
    /// `TLSv1.3`, `TLS` where only that is known, `None` where nothing says so.
    pub tls: Option<String>,
    pub at: Option<jiff::Timestamp>,
    /// Milliseconds since the hop before; `None` where either clock is unreadable.
    pub delay_ms: Option<i64>,
}

impl Hop {
    /// Did the client log in (RFC 3848 `ESMTPA`, `ESMTPSA`), or come by web or from the same machine?
    /// Then it is a mail program handing in mail, not a server.
    pub fn is_submission(&self) -> bool {
        self.with.as_ref().is_some_and(|w| {
            let smtp = w.value.strip_prefix("UTF8").unwrap_or(&w.value);
            matches!(smtp, "ESMTPA" | "ESMTPSA" | "SMTPA" | "SMTPSA" | "ASMTP" | "HTTP" | "HTTPS" | "LOCAL" | "MAPI")
        })
    }
}

/// The servers that had a message on these hops, oldest first: each that wrote a Received field, and before it who handed
/// the message over, where that is no mail program and nobody of the same organization wrote one.
pub fn servers<'h>(hops: impl IntoIterator<Item = &'h Hop>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for hop in hops {
        let client = hop.reverse_name.as_ref().or(hop.helo.as_ref()).filter(|_| !hop.is_submission());
        let whole = |name: &&Spanned<String>| name.value.contains('.') && name.value.parse::<IpAddr>().is_err();
        let other = |name: &&Spanned<String>| names.last().is_none_or(|last| !same_by_list(last, &name.value));
        let client = client.filter(whole).filter(other).cloned();
        for name in client.iter().chain(&hop.by) {
            if !names.contains(&name.value) && !name.value.starts_with('[') {
                names.push(name.value.clone());
            }
        }
    }
    names
}

/// Hops that are read; a hundred are taken for a loop already (RFC 5321 §6.3).
const MOST: usize = 1_000;

/// Reads the Received fields, of more than [`MOST`] the newest; the result is oldest first.
pub fn read(header: &Header, text: &[u8]) -> Vec<Hop> {
    let newest: Vec<_> = header.all(text, "Received").take(MOST).collect();
    let mut hops: Vec<Hop> = Vec::with_capacity(newest.len());
    for (index, field) in newest.into_iter().rev() {
        let mut hop = read_value(text, field.value);
        hop.field = index;
        let before = hops.last().and_then(|h| h.at);
        hop.delay_ms = hop.at.zip(before).map(|(now, then)| now.as_millisecond() - then.as_millisecond());
        hops.push(hop);
    }
    hops
}

/// The queue ids of the fields that [`read`] leaves out, by a light look: they must not be shown either.
pub fn unread_ids<'t>(header: &'t Header, text: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
    header.all(text, "Received").skip(MOST).filter_map(move |(_, field)| {
        let words = field.value.of(text).split(|b| b.is_ascii_whitespace() || *b == b';');
        words.filter(|w| !w.is_empty()).skip_while(|w| !w.eq_ignore_ascii_case(b"id")).nth(1)
    })
}

/// Bytes of a value that are read: more than any mail server lets through in a whole header.
const LONGEST: u32 = 1 << 20;

/// Reads one value, `text[span]`.
pub fn read_value(text: &[u8], span: Span) -> Hop {
    let whole = span;
    let span = Span { start: span.start, end: span.end.min(span.start.saturating_add(LONGEST)) };
    let tokens = lex::tokens(text, span);
    let mut hop = Hop { span: whole, at: date(text, span, &tokens), ..Hop::default() };
    let mut from = None;
    let mut clause = Clause::None;
    let mut awaits = false;
    for (n, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Semicolon => (clause, awaits) = (Clause::None, false),
            Kind::Comment => {
                client::envelope_from(text, *token, &mut hop);
                tls::of_comment(text, *token, &mut hop.tls);
                if clause == Clause::By && !awaits {
                    hop.software.get_or_insert(token.span);
                }
            }
            Kind::Word => match keyword(token.span.of(text)) {
                // `from` opens the value only; later ones are prose.
                Some(Clause::From) if clause != Clause::None || from.is_some() => {}
                Some(next) => (clause, awaits) = (next, true),
                None if awaits => {
                    awaits = false;
                    from = from.or((clause == Clause::From).then_some(n));
                    hop.take(clause, text, token.span);
                }
                None if clause == Clause::With && hop.extend_with(text, token.span) => {}
                None => tls::of_word(text, *token, &mut hop.tls),
            },
        }
    }
    client::read(text, &tokens, from, &mut hop);
    tls::of_protocol(&mut hop);
    hop
}

/// The clauses of RFC 5321 §4.4, and one that Haraka adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    None,
    From,
    By,
    Via,
    With,
    Id,
    For,
    EnvelopeFrom,
}

fn keyword(word: &[u8]) -> Option<Clause> {
    const ALL: [(&[u8], Clause); 7] = [
        (b"from", Clause::From),
        (b"by", Clause::By),
        (b"via", Clause::Via),
        (b"with", Clause::With),
        (b"id", Clause::Id),
        (b"for", Clause::For),
        (b"envelope-from", Clause::EnvelopeFrom),
    ];
    ALL.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, clause)| *clause)
}

impl Hop {
    /// Notes the value of a clause, the first of its kind.
    fn take(&mut self, clause: Clause, text: &[u8], span: Span) {
        let slot = match clause {
            Clause::By => return set(&mut self.by, client::name(span, text)),
            Clause::With => {
                // `ESMTP/TLS/DHE-RSA-AES256-GCM-SHA384` (IronPort)
                let mut protocol = lossy(span.of(text)).into_owned();
                protocol.make_ascii_uppercase();
                if protocol.contains("/TLS/") {
                    self.tls.get_or_insert_with(|| "TLS".to_owned());
                }
                protocol.truncate(protocol.find('/').unwrap_or(protocol.len()));
                return set(&mut self.with, Spanned::new(protocol, span));
            }
            Clause::Id => &mut self.id,
            Clause::For => &mut self.envelope_to,
            Clause::EnvelopeFrom => &mut self.envelope_from,
            Clause::None | Clause::From | Clause::Via => return,
        };
        let inner = client::unbracket(span, text);
        set(slot, Spanned::new(lossy(inner.of(text)).into_owned(), inner));
    }
}

impl Hop {
    /// `with Microsoft SMTP Server` is one name of three words.
    fn extend_with(&mut self, text: &[u8], span: Span) -> bool {
        let Some(with) = self.with.as_mut().filter(|w| w.value.starts_with("MICROSOFT")) else { return false };
        let word = lossy(span.of(text)).to_ascii_uppercase();
        let belongs = matches!(&word[..], "SMTP" | "SERVER" | "SMTPSVC");
        if belongs {
            with.value = format!("{} {word}", with.value);
            with.span = with.span.join(span);
        }
        belongs
    }
}

fn set<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

/// The date after the last semicolon outside comments (RFC 5321 §4.4), as lenient as
/// mail-parser reads it.
fn date(text: &[u8], span: Span, tokens: &[Token]) -> Option<jiff::Timestamp> {
    let semicolons = tokens.iter().rev().filter(|t| t.kind == Kind::Semicolon);
    let mut end = span.end;
    // A stray semicolon may follow the date.
    semicolons.take(2).find_map(|semicolon| {
        let written = Span { start: semicolon.span.end, end }.of(text);
        end = semicolon.span.start;
        let written = lossy(written.get(..written.len().min(200))?);
        let date = mail_parser::DateTime::parse_rfc822(&written).filter(|d| d.is_valid())?;
        jiff::Timestamp::from_second(date.to_timestamp()).ok()
    })
}

#[cfg(test)]
mod tests;
