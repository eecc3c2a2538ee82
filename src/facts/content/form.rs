//! Faults in the form of the body: lines, bytes, parts (RFC 5322 §2.1.1, RFC 2045 §2.8, RFC 2046 §5.1).

use crate::evidence::lines::lines;
use crate::facts::header::Header;
use crate::facts::mime::Leaf;
use serde::{Deserialize, Serialize};

/// One fault, with the words that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Octets of the longest line, and how many are longer than 998.
    LongLine { longest: usize, count: usize },
    /// Bytes beyond 7 bit in a part whose transfer encoding does not allow them; its kind.
    EightBit { part: String },
    /// A text with bytes beyond 7 bit and no charset; its kind.
    NoCharset { part: String },
    /// A NUL byte.
    Nul,
    /// A multipart that names no boundary.
    NoBoundary,
    /// Its boundary never comes.
    NoParts { boundary: String },
    /// Its last boundary never comes: the message was cut.
    Unclosed { boundary: String },
    /// Base64 or quoted-printable that cannot be decoded; the part's kind.
    Damaged { part: String },
}

/// RFC 5322 §2.1.1, without the CRLF.
pub const LONGEST: usize = 998;

pub fn read(header: &Header, message: &[u8], leaves: &[Leaf]) -> Vec<Fault> {
    let mut out = Vec::new();
    let Some(body) = header.body.map(|at| at as usize) else { return out };
    let (longest, count) = long_lines(&message[body..]);
    if count > 0 {
        out.push(Fault::LongLine { longest, count });
    }
    if memchr::memchr(0, &message[body..]).is_some() {
        out.push(Fault::Nul);
    }
    out.extend(boundary(header, message, body));
    for leaf in leaves {
        let part = || leaf.kind.clone();
        let raw = message.get(leaf.raw.clone()).unwrap_or_default();
        let high = leaf.encoding.is_empty() && !raw.is_ascii();
        if high && !declares_eight_bit(message.get(leaf.header.clone()).unwrap_or_default()) {
            out.push(Fault::EightBit { part: part() });
        } else if high && leaf.is_text() && leaf.charset.is_empty() {
            out.push(Fault::NoCharset { part: part() });
        }
        if leaf.damaged && !leaf.encoding.is_empty() {
            out.push(Fault::Damaged { part: part() });
        }
    }
    out.dedup();
    out
}

/// Octets of the longest line among those longer than [`LONGEST`], and how many these are.
fn long_lines(body: &[u8]) -> (usize, usize) {
    let (mut longest, mut count, mut start) = (0, 0, 0);
    // Of the lines that end in a stretch of this many octets none is too long: only the last end is looked for. Between
    // CR and LF stands an empty line more, which changes nothing.
    while let Some(stretch) = body.get(start..=start + LONGEST) {
        match memchr::memrchr2(b'\n', b'\r', stretch) {
            Some(end) => start += end + 1,
            None => {
                let rest = &body[start..];
                let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                longest = longest.max(length);
                count += 1;
                start += length + 1;
            }
        }
    }
    (longest, count)
}

fn declares_eight_bit(header: &[u8]) -> bool {
    let split = Header::split(header);
    split.first(header, "Content-Transfer-Encoding").is_some_and(|field| {
        let value = field.value.of(header).trim_ascii();
        [&b"8bit"[..], b"binary", b"8-bit"]
            .iter()
            .any(|word| value.len() >= word.len() && value[..word.len()].eq_ignore_ascii_case(word))
    })
}

fn boundary(header: &Header, message: &[u8], body: usize) -> Option<Fault> {
    let field = header.first(message, "Content-Type")?;
    let value = String::from_utf8_lossy(field.value.of(message)).into_owned();
    if !value.trim_start().get(..10).is_some_and(|s| s.eq_ignore_ascii_case("multipart/")) {
        return None;
    }
    let Some(boundary) = parameter(&value, "boundary") else { return Some(Fault::NoBoundary) };
    let opens = format!("--{boundary}");
    let closes = format!("--{boundary}--");
    let mut has = false;
    for line in lines(message, body) {
        let text = line.of(message).trim_ascii_end();
        if text == closes.as_bytes() {
            return None;
        }
        has |= text == opens.as_bytes();
    }
    Some(if has { Fault::Unclosed { boundary } } else { Fault::NoParts { boundary } })
}

/// A parameter of a structured value (RFC 2045 §5.1), quoted or not.
fn parameter(value: &str, name: &str) -> Option<String> {
    let value = value.replace(['\r', '\n'], " ");
    let mut rest = value.as_str();
    while let Some(at) = rest.find(';') {
        rest = rest[at + 1..].trim_start();
        let Some((key, after)) = rest.split_once('=') else { break };
        if !key.trim().eq_ignore_ascii_case(name) {
            continue;
        }
        let after = after.trim_start();
        let found = match after.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => after.split([';', ' ', '\t']).next().unwrap_or_default(),
        };
        return (!found.is_empty()).then(|| found.to_owned());
    }
    None
}
