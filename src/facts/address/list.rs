//! Address lists (RFC 5322 §3.4 with the obsolete forms of §4.4, groups of RFC 6854, UTF-8 of
//! RFC 6532), read from text that need not be well formed.

use super::lex::{Kind, Token, tokens};
use super::{Address, Mailbox, words};
use crate::facts::text::lossy_owned;
use crate::span::Span;
use std::borrow::Cow;

/// What a field held.
#[derive(Debug, Default)]
pub(super) struct List {
    pub entries: Vec<Entry>,
    /// Each group's name and colon.
    pub groups: Vec<Span>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub mailbox: Mailbox,
    /// Where the display name stands, if there is one.
    pub display: Option<Span>,
}

/// Bytes of a value that are read: more than any mail server lets through in a whole header.
const LONGEST: u32 = 1 << 20;

/// Reads `text[span]`.
pub(super) fn read(text: &[u8], span: Span) -> List {
    let span = Span { start: span.start, end: span.end.min(span.start.saturating_add(LONGEST)) };
    let tokens = tokens(text, span);
    let last_semicolon = tokens.iter().rposition(|t| t.kind == Kind::Semicolon);
    let mut list = List::default();
    let mut start = 0;
    let mut angle = Angle::Outside;
    let mut address_begun = false;
    for (n, token) in tokens.iter().enumerate() {
        let next = tokens.get(n + 1).map(|t| t.kind);
        let entry = tokens.get(start..n).unwrap_or_default();
        match token.kind {
            // A second address without a comma is an entry of its own.
            Kind::Open if angle == Angle::Closed => {
                flush(text, entry, &mut list);
                (start, angle) = (n, Angle::Inside { route: next == Some(Kind::At) });
            }
            Kind::Open => angle = Angle::Inside { route: next == Some(Kind::At) },
            Kind::Close => angle = Angle::Closed,
            // `<@a,@b:user@c>` (RFC 5322 §4.4 obs-route)
            Kind::Comma if angle == Angle::Inside { route: true } && matches!(next, Some(Kind::At | Kind::Comma)) => {}
            Kind::Comma | Kind::Semicolon => {
                flush(text, entry, &mut list);
                (start, angle) = (n + 1, Angle::Outside);
            }
            // A colon opens a group only where a semicolon can close it, and after a name.
            Kind::Colon if angle == Angle::Outside && last_semicolon.is_some_and(|last| n < last) && !address_begun => {
                let name = entry.first().map_or(token.span, |first| first.span.join(token.span));
                list.groups.push(name);
                start = n + 1;
            }
            Kind::At => address_begun = true,
            _ => {}
        }
        address_begun &= start <= n;
    }
    flush(text, tokens.get(start..).unwrap_or_default(), &mut list);
    list
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Angle {
    Outside,
    Inside { route: bool },
    Closed,
}

/// Reads what stood between two commas; nothing but comments is no entry.
fn flush(text: &[u8], entry: &[Token], list: &mut List) {
    if entry.iter().all(|t| t.kind == Kind::Comment) {
        return;
    }
    let Some(open) = entry.iter().rposition(|t| t.kind == Kind::Open) else {
        return bare(text, entry, list);
    };
    let close = entry.iter().position(|t| t.kind == Kind::Close).filter(|&n| n > open).unwrap_or(entry.len());
    let before = entry.get(..open).unwrap_or_default();
    let inside = entry.get(open + 1..close).unwrap_or_default();
    let after = entry.get(close..).unwrap_or_default();
    // A route, or a stray `mailto:`, ends with its last colon.
    let spec = inside.iter().rposition(|t| t.kind == Kind::Colon).map_or(inside, |n| &inside[n + 1..]);
    let spec = without_comments(spec);
    let address = spec.iter().rposition(|t| t.kind == Kind::At).and_then(|at| {
        let domain = &spec[at + 1..];
        // Joining words that no dot joins would invent a domain.
        (run(text, domain) == domain.len()).then(|| address(text, &spec[..at], domain)).flatten()
    });
    let is_name = |t: &&Token| !matches!(t.kind, Kind::Comment | Kind::Open);
    match before.iter().any(|t| is_name(&t)) {
        true => push(text, entry, before.iter().filter(is_name), address, list),
        false => push(text, entry, comments(entry), address, list),
    }
    if after.iter().any(|t| t.kind == Kind::At) {
        bare(text, &after[1..], list);
    }
}

fn comments(tokens: &[Token]) -> impl Iterator<Item = &Token> + Clone {
    tokens.iter().filter(|t| t.kind == Kind::Comment)
}

/// Copied only where there are comments.
fn without_comments(tokens: &[Token]) -> Cow<'_, [Token]> {
    match comments(tokens).next() {
        None => Cow::Borrowed(tokens),
        Some(_) => tokens.iter().copied().filter(|t| t.kind != Kind::Comment).collect(),
    }
}

/// Reads an entry without angle brackets: `user@example.com (Name)`, or words only.
fn bare(text: &[u8], entry: &[Token], list: &mut List) {
    let words = without_comments(entry);
    let mut rest = &words[..];
    let mut any = false;
    while let Some(at) = rest.iter().position(|t| t.kind == Kind::At) {
        // `a@b@c`: the last one divides, as MTAs read it.
        let mut at = at;
        let mut end = at + 1 + run(text, &rest[at + 1..]);
        while rest.get(end).is_some_and(|t| t.kind == Kind::At && t.glued) {
            at = end;
            end = at + 1 + run(text, &rest[at + 1..]);
        }
        let start = local_start(text, rest, at);
        let found = address(text, &rest[start..at], &rest[at + 1..end]);
        let whole = &rest[..end.max(at + 1)];
        match comments(entry).next() {
            None => push(text, whole, rest[..start].iter(), found, list),
            Some(_) => push(text, whole, comments(entry), found, list),
        }
        rest = &rest[end.max(at + 1)..];
        any = true;
    }
    if !any {
        push(text, entry, words.iter(), None, list);
    }
}

/// How many tokens from the start make one dotted name: `a . b` with blanks or comments around
/// the dots is the obsolete form (RFC 5322 §4.4 obs-domain).
fn run(text: &[u8], tokens: &[Token]) -> usize {
    let mut end = 0;
    while let Some(token) = tokens.get(end) {
        let joined = end == 0
            || token.span.of(text).starts_with(b".")
            || tokens.get(end - 1).is_some_and(|before| before.span.of(text).ends_with(b"."));
        if !matches!(token.kind, Kind::Atom | Kind::Literal) || !joined {
            break;
        }
        end += 1;
    }
    end
}

/// Where the local part before the `@` at `at` begins.
fn local_start(text: &[u8], tokens: &[Token], at: usize) -> usize {
    let mut start = at;
    while start > 0 {
        let (token, after) = (tokens[start - 1], tokens[start]);
        let joined =
            start == at || after.glued || after.span.of(text).starts_with(b".") || token.span.of(text).ends_with(b".");
        if !matches!(token.kind, Kind::Atom | Kind::Quoted | Kind::Literal | Kind::At) || !joined {
            break;
        }
        start -= 1;
    }
    start
}

/// Puts local part and domain together; `None` where either is empty or the domain is none.
fn address(text: &[u8], local: &[Token], domain: &[Token]) -> Option<Address> {
    let span = local.first()?.span.join(domain.last()?.span);
    let domain_span = domain.first()?.span.join(domain.last()?.span);
    let written = match domain {
        [one] => Cow::Borrowed(one.span.of(text)),
        several => several.iter().map(|t| t.span.of(text)).collect::<Vec<_>>().concat().into(),
    };
    let mut name = Vec::with_capacity(span.len() - domain_span.len());
    for (n, token) in local.iter().enumerate() {
        if n > 0 && !token.glued && !token.span.of(text).starts_with(b".") && !name.ends_with(b".") {
            name.push(b' ');
        }
        unquote(token, text, &mut name);
    }
    Some(Address { local: lossy_owned(name), domain: super::normal_domain(&written)?, span, domain_span })
}

fn push<'t>(
    text: &[u8],
    whole: &[Token],
    names: impl Iterator<Item = &'t Token> + Clone,
    address: Option<Address>,
    list: &mut List,
) {
    let Some(span) = whole.first().zip(whole.last()).map(|(first, last)| first.span.join(last.span)) else { return };
    let display = names.clone().map(|t| t.span).reduce(Span::join);
    let mut name = Vec::with_capacity(display.map_or(0, |d| d.len() + 1));
    for token in names {
        if !token.glued {
            name.push(b' ');
        }
        unquote(token, text, &mut name);
    }
    list.entries.push(Entry { mailbox: Mailbox { display: words::decode(&name), address, span }, display });
}

/// Appends a token without its quotes or parentheses and their backslashes.
fn unquote(token: &Token, text: &[u8], out: &mut Vec<u8>) {
    let written = token.span.of(text);
    if !matches!(token.kind, Kind::Quoted | Kind::Comment) {
        out.extend_from_slice(written);
        return;
    }
    let mut escaped = false;
    for &b in written.get(1..written.len().saturating_sub(1)).unwrap_or_default() {
        match b {
            b'\\' if !escaped => escaped = true,
            // Folding is not part of the content (RFC 5322 §3.2.4).
            b'\r' | b'\n' => escaped = false,
            _ => {
                out.push(b);
                escaped = false;
            }
        }
    }
}
