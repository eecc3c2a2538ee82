//! Lines of a paste, and what each would be in a header section.

use std::borrow::Cow;

/// One line: content `start..end`, the next line begins at `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub start: usize,
    pub end: usize,
    pub next: usize,
}

impl Line {
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The lines from `at` on; CRLF, LF and CR each end one.
pub(crate) fn lines(text: &[u8], mut at: usize) -> impl Iterator<Item = Line> + '_ {
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let (end, next) = match memchr::memchr2(b'\n', b'\r', rest) {
            None => (text.len(), text.len()),
            Some(n) if rest[n] == b'\r' && rest.get(n + 1) == Some(&b'\n') => (at + n, at + n + 2),
            Some(n) => (at + n, at + n + 1),
        };
        at = next;
        Some(Line { start, end, next })
    })
}

/// The same, but a CR alone is a character like any other: on the wire only CRLF ends a line (RFC 5321 §2.3.8), and
/// files have LF in its place.
pub(crate) fn wire_lines(text: &[u8]) -> impl Iterator<Item = Line> + '_ {
    let mut all = lines(text, 0);
    std::iter::from_fn(move || {
        let mut line = all.next()?;
        while line.next > line.end && text.get(line.next - 1) == Some(&b'\r') {
            match all.next() {
                Some(more) => line = Line { start: line.start, ..more },
                None => line.end = line.next,
            }
        }
        Some(line)
    })
}

/// How far into a paste its nature is looked for: no header hides deeper than this.
const PEEK_BYTES: usize = 64 * 1024;
const PEEK_LINES: usize = 400;

/// The first lines of a paste. A single endless line is still one line.
pub(crate) fn peek(text: &[u8]) -> impl Iterator<Item = Line> + '_ {
    lines(text, 0).take_while(|l| l.start < PEEK_BYTES).take(PEEK_LINES)
}

/// The beginning of a paste, as bytes.
pub(crate) fn head(text: &[u8]) -> &[u8] {
    &text[..text.len().min(PEEK_BYTES)]
}

/// What a line would be in a header section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing that can be seen.
    Blank,
    /// Begins with a blank: continues the field before.
    Fold,
    /// A field whose name is in use somewhere.
    Known,
    /// A field with a name we have not heard of.
    Field,
    /// Nothing a header section may contain.
    Other,
}

impl Shape {
    pub fn is_field(self) -> bool {
        matches!(self, Shape::Known | Shape::Field)
    }
}

/// Enough of a line to tell its shape.
const SHAPE_BYTES: usize = 256;

/// Tells the shape of a line, looking past invisible characters.
pub(crate) fn shape(line: &[u8]) -> Shape {
    shape_where(line, is_known)
}

/// The same where it does not matter which names are in use: none is [`Shape::Known`].
pub(crate) fn form(line: &[u8]) -> Shape {
    shape_where(line, |_| false)
}

fn shape_where(line: &[u8], is_known: impl Fn(&[u8]) -> bool) -> Shape {
    if line.is_empty() {
        return Shape::Blank;
    }
    let visible = visible(&line[..line.len().min(SHAPE_BYTES)]);
    if matches!(visible, Cow::Owned(_)) && visible.iter().all(u8::is_ascii_whitespace) && line.len() <= SHAPE_BYTES {
        return Shape::Blank;
    }
    match visible.first() {
        Some(b' ' | b'\t') => Shape::Fold,
        _ => match field_name(&visible) {
            Some(name) if is_known(name) => Shape::Known,
            Some(_) => Shape::Field,
            None => Shape::Other,
        },
    }
}

/// Bytes that names in use have: those that the grammar allows, less those that only a value has.
const NAME_BYTES: [bool; 256] = {
    let mut named = [false; 256];
    let mut b = 33;
    while b <= 126 {
        named[b as usize] = !matches!(
            b,
            b':' | b'=' | b';' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'@' | b'"' | b',' | b'/' | b'\\'
        );
        b += 1;
    }
    named
};

/// The name of a field as it is really used: what the grammar allows (RFC 5322 §2.2) less
/// what only the torn-off middle of a value looks like (`h=from:to`, `2a00:1450:…`,
/// `SCL:5;SRV:;…`, `https://…`).
pub(crate) fn field_name(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().position(|&b| !NAME_BYTES[usize::from(b)])?;
    let (name, rest) = line.split_at(end);
    let blanks = rest.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    let value = rest.get(blanks..)?.strip_prefix(b":")?;
    let torn = name.is_empty()
        || value.starts_with(b"//")
        || (name.len() <= 4
            && name.iter().any(u8::is_ascii_digit)
            && name.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b)))
        || (is_key_list(name, value) && !is_known(name));
    (!torn).then_some(name)
}

/// The inside of a Microsoft antispam field: short key, colon, semicolon, no blank between.
fn is_key_list(name: &[u8], value: &[u8]) -> bool {
    let piece = value.iter().take_while(|b| !b.is_ascii_whitespace() && **b != b';').count();
    name.len() <= 5 && value.get(piece) == Some(&b';')
}

/// Is the name one that mail systems use?
pub(crate) fn is_known(name: &[u8]) -> bool {
    const FAMILIES: [&[u8]; 14] = [
        b"x-",
        b"arc-",
        b"list-",
        b"resent-",
        b"content-",
        b"dkim-",
        b"domainkey-",
        b"received",
        b"ironport-",
        b"authentication-results",
        b"thread-",
        b"disposition-notification",
        b"require-",
        b"dl-",
    ];
    is_one_of(name, &FAMILIES, is_known_whole)
}

/// The same of a whole name, in lower case: told by its length and the first bytes that differ.
fn is_known_whole(name: &[u8]) -> bool {
    matches!(
        name,
        b"accept-language"
            | b"action"
            | b"alternate-recipient"
            | b"apparently-to"
            | b"archived-at"
            | b"arrival-date"
            | b"auto-submitted"
            | b"autocrypt"
            | b"bcc"
            | b"bimi-location"
            | b"bimi-selector"
            | b"bounces-to"
            | b"cc"
            | b"comments"
            | b"date"
            | b"deferred-delivery"
            | b"delivered-to"
            | b"delivery-date"
            | b"diagnostic-code"
            | b"encoding"
            | b"envelope-to"
            | b"errors-to"
            | b"expires"
            | b"face"
            | b"feedback-id"
            | b"feedback-type"
            | b"final-recipient"
            | b"followup-to"
            | b"from"
            | b"importance"
            | b"in-reply-to"
            | b"jabber-id"
            | b"keywords"
            | b"language"
            | b"lines"
            | b"mail-followup-to"
            | b"mail-reply-to"
            | b"mailing-list"
            | b"message-id"
            | b"mime-version"
            | b"mt-priority"
            | b"old-return-path"
            | b"openpgp"
            | b"organisation"
            | b"organization"
            | b"original-encoded-information-types"
            | b"original-recipient"
            | b"original-sender"
            | b"originator-return-address"
            | b"precedence"
            | b"priority"
            | b"references"
            | b"remote-mta"
            | b"reply-by"
            | b"reply-to"
            | b"reporting-mta"
            | b"return-path"
            | b"return-receipt-to"
            | b"sender"
            | b"sensitivity"
            | b"sent"
            | b"solicitation"
            | b"spamdiagnosticmetadata"
            | b"spamdiagnosticoutput"
            | b"status"
            | b"subject"
            | b"tls-required"
            | b"to"
            | b"user-agent"
            | b"vbr-info"
            | b"xref"
    )
}

/// Does the name, in lower case, begin as one of `families` or pass `test`? Names longer than
/// any in use are cut short.
pub(crate) fn is_one_of(name: &[u8], families: &[&[u8]], test: impl Fn(&[u8]) -> bool) -> bool {
    let mut lower = [0; 64];
    let lower = &mut lower[..name.len().min(64)];
    lower.copy_from_slice(&name[..lower.len()]);
    lower.make_ascii_lowercase();
    // Most differ in their first character.
    families.iter().any(|family| family.first() == lower.first() && lower.starts_with(family)) || test(lower)
}

/// Is this a field that machines write on the way, never prose?
pub(crate) fn is_trace(name: &[u8]) -> bool {
    is_one_of(name, &[b"x-", b"arc-", b"received", b"authentication-results", b"dkim-signature"], |name| {
        matches!(name, b"return-path" | b"delivered-to" | b"message-id" | b"mime-version")
    })
}

/// What stands for one invisible character: its length in bytes, and a blank where it is one.
pub(crate) fn invisible(text: &[u8]) -> Option<(usize, Option<u8>)> {
    match text {
        [0xC2, 0xA0, ..] => Some((2, Some(b' '))),
        [0xC2, 0xAD, ..] => Some((2, None)),
        // Blanks of all widths, U+2028 and U+2029, U+202F, U+205F, U+3000.
        [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..] | [0xE2, 0x81, 0x9F, ..] | [0xE3, 0x80, 0x80, ..] => {
            Some((3, Some(b' ')))
        }
        // Zero width, directional marks and controls, word joiner, BOM.
        [0xE2, 0x80, 0x8B..=0x8F | 0xAA..=0xAE, ..]
        | [0xE2, 0x81, 0xA0..=0xA4 | 0xA6..=0xA9, ..]
        | [0xD8, 0x9C, ..]
        | [0xEF, 0xBB, 0xBF, ..] => Some((if text[0] == 0xD8 { 2 } else { 3 }, None)),
        _ => None,
    }
}

/// The text with invisible characters made blank or taken away.
pub(crate) fn visible(text: &[u8]) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match invisible(&text[at..]) {
            Some((n, with)) => {
                out.extend(with);
                at += n;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    if out.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_torn_middle_of_a_value_is_no_field() {
        for torn in [
            "h=from:to:subject;",
            "2a00:1450:4864:20::12d])",
            "CIP:192.0.2.1;CTRY:;LANG:en;",
            "ucf:0;jmr:0;",
            "https://example.com/",
            "bh=abc;h=From:To",
            "10:00:00 +0000",
            "for <a@example.com>; Mon",
        ] {
            assert_eq!(shape(torn.as_bytes()), Shape::Other, "{torn}");
        }
        for field in ["From: x", "Cc:a;", "X-Foo_Bar : 1", "\u{feff}Date: x", "BCC:"] {
            assert_eq!(shape(field.as_bytes()), Shape::Known, "{field}");
        }
        assert_eq!(shape(b"Unheard-Of: x"), Shape::Field);
        assert_eq!(shape("\u{a0}\u{200b}".as_bytes()), Shape::Blank);
        assert_eq!(shape("\u{a0}by x".as_bytes()), Shape::Fold);
    }
}
