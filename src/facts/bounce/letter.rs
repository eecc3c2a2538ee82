//! A bounce that is a message: its MIME parts by what they are for, each with the way back into the input.

use super::{Bounce, feedback, notice, ses, status};
use crate::evidence::lines::lines;
use crate::facts::address;
use crate::facts::header::Header;
use crate::facts::mime::{self, NESTED};
use crate::span::{Span, Spanned};
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;
use std::ops::Range;

/// Bytes of a bounce that are looked at: notice and status stand in front, the returned message behind them.
pub(super) const LIMIT: usize = 1024 * 1024;

/// A part, decoded.
pub(super) struct Piece<'t> {
    decoded: Cow<'t, [u8]>,
    /// Where its bytes stand in the input.
    raw: Span,
    input: &'t [u8],
}

impl<'t> Piece<'t> {
    /// A part that stands in the input as it is.
    pub(super) fn verbatim(input: &'t [u8], raw: Span) -> Piece<'t> {
        Piece { decoded: Cow::Borrowed(raw.of(input)), raw, input }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.decoded
    }

    /// Where a passage stands in the input. Of an encoded part that is the line that shows it, or else its first.
    pub(super) fn place(&self, range: Range<usize>) -> Span {
        if self.is_verbatim() {
            return Span::new(range.start, range.end).shift(self.raw.start as usize);
        }
        let passage = self.decoded.get(range).unwrap_or_default();
        let line = passage.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
        let raw = self.raw.of(self.input);
        let seen = (!line.is_empty()).then(|| raw.windows(line.len()).position(|w| w == line)).flatten();
        let whole = raw.split(|b| *b == b'\n').next().unwrap_or_default().len();
        let (start, len) = seen.map_or((0, whole), |at| (at, line.len()));
        Span::new(start, start + len).shift(self.raw.start as usize)
    }

    /// Does it stand in the input as it is?
    pub(super) fn is_verbatim(&self) -> bool {
        matches!(self.decoded, Cow::Borrowed(_))
    }

    pub(super) fn whole(&self) -> Span {
        self.place(0..self.decoded.len())
    }
}

/// The parts of a bounce.
#[derive(Default)]
struct Letter<'t> {
    notice: Vec<Piece<'t>>,
    status: Vec<Piece<'t>>,
    feedback: Option<Piece<'t>>,
    returned: Option<Span>,
    cut: bool,
    /// Somebody sent it on, attached to a mail of theirs.
    attached: bool,
}

pub(super) fn read(text: &[u8]) -> Bounce {
    let mut bounce = Bounce::default();
    let header = Header::split(text);
    let letter = open(text, &header);
    bounce.cut = letter.cut;
    bounce.returned = letter.returned;
    for piece in &letter.status {
        status::read(piece, &mut bounce);
    }
    if let Some(piece) = &letter.feedback {
        feedback::read(piece, &mut bounce);
        return bounce;
    }
    if header.leads() {
        feedback::junk_report(&header, text, &mut bounce);
    }
    if bounce.feedback.is_some() {
        return bounce;
    }
    if letter.notice.iter().any(|piece| ses::read(piece, &mut bounce)) {
        return bounce;
    }
    let own = header.leads() && !letter.attached;
    notice::read(&letter.notice, own.then_some(&header), text, &mut bounce);
    // The notice goes to the envelope sender (RFC 3464 §2).
    let to = address::mailboxes(&header, text, "To").into_iter().next().filter(|_| own);
    bounce.sent_to = to.and_then(|m| m.address).map(|a| Spanned::new(format!("{}@{}", a.local, a.domain), a.span));
    bounce
}

fn open<'t>(text: &'t [u8], header: &Header) -> Letter<'t> {
    let limited = &text[..text.len().min(LIMIT)];
    let whole = || Piece::verbatim(limited, Span::new(0, limited.len()));
    let mut letter = Letter::default();
    // The machine-readable part alone.
    if header.first(text, "From").is_none() {
        if header.first(text, "Feedback-Type").is_some() {
            letter.feedback = Some(whole());
            return letter;
        }
        if ["Reporting-MTA", "Final-Recipient"].iter().any(|name| header.first(text, name).is_some()) {
            letter.status.push(whole());
            return letter;
        }
    }
    let nested = mime::nested(limited);
    let message = (header.leads() && nested <= NESTED).then(|| mime::parse(limited)).flatten();
    letter.cut = header.leads() && nested > NESTED;
    if let Some(message) = &message {
        letter.sort(message, limited, is_of_a_person(header, text));
    }
    let body = header.body.filter(|_| header.leads()).unwrap_or(0) as usize;
    match message {
        // Parts that are written wrong hide their text.
        Some(_) if letter.is_empty() => {
            letter.notice.push(Piece::verbatim(limited, Span::new(prose(limited, body), limited.len())));
        }
        Some(_) => {}
        None => {
            // Nested beyond reading, what stands in a returned message is about other mail than this notice.
            let returned = b"message/rfc822";
            let inside = |w: &[u8]| w.eq_ignore_ascii_case(returned);
            let cut = letter.cut.then(|| limited[body..].windows(returned.len()).position(inside)).flatten();
            let end = cut.map_or(limited.len(), |at| body + at);
            letter.notice.push(Piece::verbatim(limited, Span::new(body, end)));
        }
    }
    letter
}

/// Where the text begins behind boundaries and the fields below them.
fn prose(text: &[u8], body: usize) -> usize {
    let mut framed = false;
    for line in lines(text, body) {
        let content = line.of(text).trim_ascii();
        if content.starts_with(b"--") {
            framed = true;
        } else if content.is_empty() {
            framed = false;
        } else if !framed {
            return line.start;
        }
    }
    body
}

impl<'t> Letter<'t> {
    /// Nothing was found that tells of a failure.
    fn is_empty(&self) -> bool {
        self.notice.is_empty() && self.status.is_empty() && self.feedback.is_none()
    }

    fn sort(&mut self, message: &Message, input: &'t [u8], person: bool) {
        for part in &message.parts {
            if matches!(part.body, PartType::Multipart(_)) {
                continue;
            }
            let kind = part.content_type();
            let is = |main: &str, subs: &[&str]| {
                kind.is_some_and(|k| {
                    k.ctype().eq_ignore_ascii_case(main)
                        && subs.iter().any(|s| k.subtype().is_some_and(|sub| sub.eq_ignore_ascii_case(s)))
                })
            };
            let raw = Span::new(part.offset_body as usize, (part.offset_end as usize).min(input.len()));
            if is("message", &["delivery-status", "global-delivery-status"]) {
                self.status.extend(piece(part, raw, input));
            } else if is("message", &["feedback-report"]) {
                self.feedback = piece(part, raw, input).or(self.feedback.take());
            } else if let (Some(report), Encoding::None, true) = (report_in(part, message), part.encoding, person) {
                *self = Letter { attached: true, ..Letter::default() };
                return self.sort(report, input, false);
            } else if matches!(part.body, PartType::Message(_))
                || is("text", &["rfc822-headers"])
                || is("message", &["rfc822", "global", "global-headers", "rfc822-headers", "partial"])
            {
                let plain = part.encoding == Encoding::None;
                self.returned = self.returned.or(plain.then_some(raw).filter(|r| !r.is_empty()));
            } else if matches!(part.body, PartType::Text(_) | PartType::Html(_)) {
                // What follows the returned message is no notice.
                let first = self.returned.is_none() && self.notice.len() < NESTED;
                let html = matches!(part.body, PartType::Html(_));
                if first && !(html && self.notice.iter().any(|p| !p.text().trim_ascii().is_empty())) {
                    self.notice.extend(piece(part, raw, input));
                }
            }
        }
    }
}

/// What a mail system writes may return a notice that could not be delivered itself.
fn is_of_a_person(header: &Header, text: &[u8]) -> bool {
    let value = |name: &str| {
        let field = header.first(text, name).map(|f| f.value.of(text).trim_ascii().to_ascii_lowercase());
        field.unwrap_or_default()
    };
    let from = value("From");
    let system = |word: &[u8]| memchr::memmem::find(&from, word).is_some();
    !(system(b"mailer-daemon") || system(b"postmaster") || value("Return-Path") == b"<>")
}

/// The report that is attached to a mail which is none itself.
fn report_in<'m, 'x>(part: &'m MessagePart<'x>, outer: &Message) -> Option<&'m Message<'x>> {
    let is_report = |message: &Message| {
        let kind = message.content_type();
        kind.is_some_and(|k| {
            k.ctype().eq_ignore_ascii_case("multipart")
                && k.subtype().is_some_and(|sub| sub.eq_ignore_ascii_case("report"))
        })
    };
    match &part.body {
        PartType::Message(inner) if is_report(inner) && !is_report(outer) => Some(inner),
        _ => None,
    }
}

fn piece<'t>(part: &MessagePart, raw: Span, input: &'t [u8]) -> Option<Piece<'t>> {
    let charset = part.content_type().and_then(|k| k.attribute("charset"));
    let ascii = charset.is_none_or(|c| c.eq_ignore_ascii_case("us-ascii") || c.eq_ignore_ascii_case("utf-8"));
    let decoded = match &part.body {
        PartType::Html(html) => html_to_text(html).into_bytes(),
        _ if part.encoding == Encoding::None && (ascii || raw.of(input).is_ascii()) => {
            // ISO-2022 is ASCII with escapes: what it says can only be read decoded.
            let escaped = !ascii && raw.of(input).contains(&0x1B);
            if !escaped {
                return Some(Piece::verbatim(input, raw));
            }
            text_of(part)?
        }
        _ => text_of(part)?,
    };
    Some(Piece { decoded: Cow::Owned(decoded), raw, input })
}

fn text_of(part: &MessagePart) -> Option<Vec<u8>> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.as_bytes().to_vec()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(bytes.to_vec()),
        _ => None,
    }
}
