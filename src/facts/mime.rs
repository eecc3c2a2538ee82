//! The parts of a message that have no parts of their own (RFC 2045, RFC 2046), decoded.

use super::header::Header;
use super::text::lossy;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// Multiparts and messages within a message, at most: each costs a search to the end, or a level of the stack.
pub const NESTED: usize = 100;

/// Parts that are looked at.
pub const PARTS: usize = 1_000;

/// One part without parts of its own.
#[derive(Clone, Debug)]
pub struct Leaf<'m> {
    /// `text/html`, lower case; `text/plain` where no Content-Type says otherwise (RFC 2045 §5.2).
    pub kind: String,
    /// Lower case; empty where none is named.
    pub charset: String,
    /// `base64`, `quoted-printable`, or empty for a part that stands as it is.
    pub encoding: &'static str,
    /// Of the file, as Content-Disposition or Content-Type names it.
    pub name: Option<String>,
    /// Content-Disposition says so.
    pub attached: bool,
    /// Its own header; for a message without parts, the message's.
    pub header: Range<usize>,
    /// Its content as it stands in the message.
    pub raw: Range<usize>,
    /// The content, decoded. A message within the message stands as it is.
    pub content: Decoded<'m>,
    /// Broken base64 or quoted-printable.
    pub damaged: bool,
}

/// The content of a part, borrowed where nothing had to be decoded.
#[derive(Clone, Debug)]
pub enum Decoded<'m> {
    Text(Cow<'m, str>),
    Bytes(Cow<'m, [u8]>),
}

impl Leaf<'_> {
    pub fn is_text(&self) -> bool {
        self.kind.starts_with("text/") && !self.attached
    }

    /// The content as text; empty for what is none.
    pub fn text(&self) -> Cow<'_, str> {
        if !self.kind.starts_with("text/") {
            return Cow::Borrowed("");
        }
        match &self.content {
            Decoded::Text(text) => Cow::Borrowed(text),
            Decoded::Bytes(bytes) => lossy(bytes),
        }
    }

    /// The content as bytes; of a text, in UTF-8.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Decoded::Text(text) => text.as_bytes(),
            Decoded::Bytes(bytes) => bytes,
        }
    }
}

/// The parts of a whole message in order, [`PARTS`] and one more at most; `None` where they are nested beyond [`NESTED`], or there
/// is no header.
pub fn leaves<'m>(message: &'m [u8], header: &Header) -> Option<Vec<Leaf<'m>>> {
    if let Some(text) = text_alone(message, header) {
        return Some(vec![text]);
    }
    if nested(message) > NESTED {
        return None;
    }
    let parts = parse(message)?.parts.into_iter();
    let leaf = |part: &MessagePart| !matches!(part.body, PartType::Multipart(_));
    Some(parts.filter(leaf).take(PARTS + 1).map(|part| read(part, message)).collect())
}

/// A message that is nothing but a text, and not encoded. The parser is spared all but the fields that describe it.
fn text_alone<'m>(message: &'m [u8], header: &Header) -> Option<Leaf<'m>> {
    let body = header.body? as usize;
    let (section, text) = message.split_at_checked(body)?;
    // What is no field, and a CR alone, mean something else to the parser.
    let lone = |at: usize| section.get(at + 1) != Some(&b'\n');
    if !header.stray.is_empty() || memchr::memchr_iter(b'\r', section).any(lone) {
        return None;
    }
    let mut fields = b"MIME-Version: 1.0\r\n".to_vec();
    let mut count = 1;
    for field in &header.fields {
        if field.name.of(message).get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-")) {
            fields.extend_from_slice(field.span().of(message));
            fields.extend_from_slice(b"\r\n");
            count += 1;
        }
    }
    fields.extend_from_slice(b"\r\n");
    let part = parse(&fields)?.parts.into_iter().next()?;
    let kind = part.content_type();
    let alone =
        matches!(part.body, PartType::Text(_) | PartType::Html(_)) && kind.is_none_or(|t| t.ctype() != "multipart");
    // A quote that is not closed may go on through the next field, or beyond.
    let whole = part.offset_body as usize == fields.len() && part.headers.len() == count;
    if !alone || !whole || part.is_encoding_problem || part.encoding != Encoding::None {
        return None;
    }
    // The parser has no decoder for UTF-8 either.
    let other = |name: &&str| !name.eq_ignore_ascii_case("utf-8");
    let charset = kind.and_then(|t| t.attribute("charset")).filter(other);
    let decoder = charset.and_then(|name| charset_decoder(name.as_bytes()));
    let text = decoder.map_or_else(|| lossy(text), |decode| decode(text).into());
    Some(described(&part, 0..body, body..message.len(), Decoded::Text(text)))
}

/// The tree of parts. Of their headers the MIME fields alone are read: all others are read where they stand.
pub fn parse(message: &[u8]) -> Option<Message<'_>> {
    static PARSER: LazyLock<MessageParser> =
        LazyLock::new(|| MessageParser::new().with_mime_headers().default_header_ignore());
    PARSER.parse(message)
}

/// How often a text speaks of parts or messages within it.
pub fn nested(text: &[u8]) -> usize {
    let named = |before: &[u8], name: &[u8]| {
        before.len() >= name.len() && before[before.len() - name.len()..].eq_ignore_ascii_case(name)
    };
    memchr::memchr_iter(b'/', text)
        .filter(|&at| named(&text[..at], b"multipart") || named(&text[..at], b"message"))
        .count()
}

fn read<'m>(part: MessagePart<'m>, message: &'m [u8]) -> Leaf<'m> {
    let end = message.len();
    let place = |from: u32, to: u32| (from as usize).min(end)..(to as usize).clamp((from as usize).min(end), end);
    let (header, raw) = (place(part.offset_header, part.offset_body), place(part.offset_body, part.offset_end));
    let leaf = described(&part, header, raw, Decoded::Bytes(Cow::Borrowed(&[])));
    let content = match part.body {
        PartType::Text(text) | PartType::Html(text) => Decoded::Text(text),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Decoded::Bytes(bytes),
        PartType::Message(_) | PartType::Multipart(_) => Decoded::Bytes(message[leaf.raw.clone()].into()),
    };
    Leaf { content, ..leaf }
}

/// A part with its content, as its header describes it.
fn described<'m>(part: &MessagePart, header: Range<usize>, raw: Range<usize>, content: Decoded<'m>) -> Leaf<'m> {
    let kind = part.content_type().map(|t| match t.subtype() {
        Some(sub) => format!("{}/{sub}", t.ctype()).to_ascii_lowercase(),
        None => t.ctype().to_ascii_lowercase(),
    });
    Leaf {
        kind: kind.unwrap_or_else(|| "text/plain".into()),
        charset: part.content_type().and_then(|t| t.attribute("charset")).unwrap_or_default().to_ascii_lowercase(),
        encoding: match part.encoding {
            Encoding::None => "",
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Base64 => "base64",
        },
        name: part.attachment_name().map(str::to_owned),
        attached: part.content_disposition().is_some_and(|d| d.is_attachment()),
        header,
        raw,
        content,
        damaged: part.is_encoding_problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(message: &[u8]) -> Option<Vec<Leaf<'_>>> {
        super::leaves(message, &Header::split(message))
    }

    #[test]
    fn parts_are_decoded_and_stand_where_they_stand() {
        let text = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\nContent-Type: TEXT/html; charset=UTF-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+aGk8L2I+\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\
            Content-Disposition: attachment\r\n\r\n%PDF\r\n--b--\r\n";
        let leaves = leaves(text).unwrap();
        let kinds: Vec<&str> = leaves.iter().map(|l| l.kind.as_str()).collect();
        assert_eq!(kinds, ["text/plain", "text/html", "application/pdf"]);
        assert_eq!(leaves[1].text(), "<b>hi</b>");
        assert_eq!(&text[leaves[1].raw.clone()], b"PGI+aGk8L2I+");
        assert_eq!((leaves[1].encoding, leaves[1].charset.as_str()), ("base64", "utf-8"));
        assert_eq!((leaves[2].name.as_deref(), leaves[2].attached), (Some("a.pdf"), true));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_text_alone_is_what_the_parser_makes_of_it(
            header in "(((Content-Type: (text/html|TEXT/plain; charset=(utf-8|iso-8859-1|utf-7|\"utf-8)|multipart/mixed; boundary=b|message/rfc822|image/png)|Content-Transfer-Encoding: (8bit|base64|quoted-printable|\\(8bit)|Content-Disposition: attachment; filename=(\"?a|=\\?utf-8\\?q\\?a)|Content-Id: <a|Subject : \"x|\t(fold|\")?|\r|x|.)(\r\n|\n|\r\n|\n|\r)){0,5})",
            body in "(a|~|é|--b|\\+AGE-|: |\r|\n){0,12}",
        ) {
            let latin = |b: u8| if b == b'~' { 0xE9 } else { b };
            let message: Vec<u8> = format!("{header}\r\n{body}").bytes().map(latin).collect();
            if let Some(alone) = text_alone(&message, &Header::split(&message)) {
                let mut parts = parse(&message).unwrap().parts;
                prop_assert_eq!(parts.len(), 1);
                prop_assert_eq!(format!("{alone:?}"), format!("{:?}", read(parts.remove(0), &message)));
            }
        }
    }

    #[test]
    fn what_is_nested_too_deep_or_has_too_many_parts_is_bounded() {
        let deep: String =
            (0..1_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
        assert!(leaves(deep.as_bytes()).is_none());
        for end in ["\x0c\n", "x\n \n"] {
            let hidden = format!("Content-Type: message/rfc822\n{end}").repeat(100_000) + "\n";
            assert!(leaves(hidden.as_bytes()).is_none(), "{end:?}");
        }
        let speaks = "Subject: x\r\n\r\n".to_owned() + &"of multipart/mixed ".repeat(1_000);
        assert_eq!(leaves(speaks.as_bytes()).unwrap().len(), 1);
        let many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned() + &"--b\r\n\r\nx\r\n".repeat(100_000);
        assert_eq!(leaves(many.as_bytes()).unwrap().len(), PARTS + 1);
    }
}
