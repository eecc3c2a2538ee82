//! Where the parts of a body stand, line by line: enough to cut one out or to look into it.

use crate::evidence::lines::lines;

/// One part between two boundary lines; offsets into the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The boundary line that opens it.
    pub opens: usize,
    /// Its header.
    pub header: usize,
    /// Its content; `header` where it has no header.
    pub content: usize,
    /// The line end before the next boundary line; the end of the body where there is none.
    pub end: usize,
    /// The next boundary line.
    pub next: usize,
}

/// Parts that are looked at.
const MOST: usize = 30;

/// The parts of every multipart in the body, in order. A boundary is known by its use: a line that
/// begins with `--` and has a twin that ends with `--` (RFC 2046 §5.1.1).
pub(super) fn parts(body: &[u8]) -> Vec<Part> {
    let all: Vec<(usize, usize, usize, &[u8])> = lines(body, 0)
        .map(|l| (l.start, l.end, l.next, l.of(body).trim_ascii_end()))
        .filter(|(.., text)| text.len() > 2 && text.starts_with(b"--"))
        .collect();
    let mut found = Vec::new();
    for (n, &(start, _, next, text)) in all.iter().enumerate() {
        if found.len() == MOST {
            break;
        }
        let ends = |other: &[u8]| other.strip_suffix(b"--") == Some(text);
        let twin = |&&(.., other): &&(usize, usize, usize, &[u8])| other == text || ends(other);
        let Some(&(closes, ..)) = all[n + 1..].iter().find(twin) else { continue };
        if !all.iter().any(|(.., other)| ends(other)) {
            continue;
        }
        let content = lines(body, next).take_while(|l| l.start < closes).find(|l| l.start == l.end).map(|l| l.next);
        // The line end before a boundary belongs to the boundary.
        let end = match body.get(..closes) {
            Some(before) if before.ends_with(b"\r\n") => closes - 2,
            Some(before) if before.ends_with(b"\n") || before.ends_with(b"\r") => closes - 1,
            _ => closes,
        };
        let content = content.unwrap_or(next).min(end.max(next));
        found.push(Part { opens: start, header: next, content, end: end.max(content), next: closes });
    }
    found
}

impl Part {
    pub fn header_of(self, body: &[u8]) -> &[u8] {
        body.get(self.header..self.content).unwrap_or_default()
    }

    pub fn content_of(self, body: &[u8]) -> &[u8] {
        body.get(self.content..self.end).unwrap_or_default()
    }

    /// The body with other bytes in place of the content.
    pub fn with_content(self, body: &[u8], content: &[u8]) -> Vec<u8> {
        splice(body, self.content, self.end, content)
    }
}

/// `body` with `with` in place of `from..to`.
pub(super) fn splice(body: &[u8], from: usize, to: usize, with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + with.len());
    out.extend_from_slice(&body[..from]);
    out.extend_from_slice(with);
    out.extend_from_slice(&body[to..]);
    out
}

/// The value of a field in the header of a message or part, lower case.
pub(super) fn field(header: &[u8], name: &str) -> Option<String> {
    let split = crate::facts::header::Header::split(header);
    let field = split.first(header, name)?;
    Some(String::from_utf8_lossy(field.value.of(header)).trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_boundaries() {
        let body = b"preamble\r\n--b1\r\nContent-Type: multipart/alternative\r\n\r\n--b2\r\n\r\ntext\r\n--b2\r\n\
            Content-Type: text/html\r\n\r\n<p>\r\n--b2--\r\n\r\n--b1\r\n\r\nfooter\r\n--b1--\r\n";
        let of = |p: Part| String::from_utf8_lossy(p.content_of(body)).into_owned();
        let found: Vec<String> = parts(body).into_iter().map(of).collect();
        assert_eq!(found.len(), 4);
        assert_eq!((found[1].as_str(), found[2].as_str(), found[3].as_str()), ("text", "<p>", "footer"));
        let last = parts(body)[3];
        assert!(splice(body, last.opens, last.next, b"").ends_with(b"--b2--\r\n\r\n--b1--\r\n"));
    }

    #[test]
    fn a_signature_mark_is_no_boundary() {
        assert!(parts(b"text\r\n-- \r\nAnn\r\n--\r\n").is_empty());
    }
}
