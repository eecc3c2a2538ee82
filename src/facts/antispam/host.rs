//! The server that a filter ran on, where it names it.

use super::Field;
use crate::facts::header::Header;
use crate::facts::text::lower;
use crate::span::{Span, Spanned};

/// As `X-Spam-Checker-Version: SpamAssassin 4.0.0 (…) on HOST`, `X-Virus-Scanned: amavisd-new at HOST` (or its domain) and
/// `X-Rspamd-Server: HOST` say. A filter writes its fields in one go: only an unbroken run of them is one server's.
pub fn named(header: &Header, text: &[u8], field: &Field) -> Option<Spanned<String>> {
    let naming = match field.vendor {
        "spamassassin" => spamassassin,
        "rspamd" => rspamd,
        _ => return None,
    };
    let fields = &header.fields;
    let own = |n: &usize| fields.get(*n).is_some_and(|f| BEGIN.iter().any(|with| begins(f.name.of(text), with)));
    let up = (0..field.field).rev().take(RUN).take_while(own);
    let run = up.chain((field.field..fields.len()).take(RUN).take_while(own));
    let mut hosts = run.filter_map(|n| fields.get(n)).filter_map(|f| naming(text, f.name.of(text), f.value));
    let (one, another) = (hosts.next()?, hosts.next());
    another.is_none().then_some(one)
}

/// Fields of one run, at most.
const RUN: usize = 20;

const BEGIN: [&[u8]; 3] = [b"X-Spam", b"X-Rspamd-", b"X-Virus-Scanned"];

fn begins(name: &[u8], with: &[u8]) -> bool {
    name.get(..with.len()).is_some_and(|n| n.eq_ignore_ascii_case(with))
}

fn spamassassin(text: &[u8], name: &[u8], value: Span) -> Option<Spanned<String>> {
    if name.eq_ignore_ascii_case(b"X-Spam-Checker-Version") {
        return after(text, value, b"on");
    }
    let amavis = value.of(text).windows(6).any(|w| w.eq_ignore_ascii_case(b"amavis"));
    after(text, value, b"at").filter(|_| amavis && name.eq_ignore_ascii_case(b"X-Virus-Scanned"))
}

fn rspamd(text: &[u8], name: &[u8], value: Span) -> Option<Spanned<String>> {
    let found = words(text, value).next().filter(|_| name.eq_ignore_ascii_case(b"X-Rspamd-Server"))?;
    Some(Spanned::new(lower(found.of(text)), found))
}

/// The word after the last `mark`.
fn after(text: &[u8], value: Span, mark: &[u8]) -> Option<Spanned<String>> {
    let mut found = None;
    let mut marked = false;
    for word in words(text, value) {
        if marked {
            found = Some(word);
        }
        marked = word.of(text) == mark;
    }
    found.map(|span| Spanned::new(lower(span.of(text)), span))
}

fn words(text: &[u8], value: Span) -> impl Iterator<Item = Span> + '_ {
    let mut at = value.start as usize;
    let each = value.of(text).split(|b| b.is_ascii_whitespace()).map(move |word| {
        let span = Span::new(at, at + word.len());
        at += word.len() + 1;
        span
    });
    each.filter(|span| span.start < span.end)
}
