//! The text of a pasted TXT record, each byte with its place.

use crate::evidence::presentation::character;
use crate::evidence::zone_line;

/// A TXT value as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// The character-strings; one where it was not quoted.
    pub strings: Vec<Vec<u8>>,
    /// For each byte of the joined strings, its place in the input.
    pub places: Vec<u32>,
    pub quoted: bool,
    /// Offset after its last byte, quote or parenthesis.
    pub end: usize,
}

/// Quotes and parentheses left open that are followed beyond their line: bounds the work on
/// a text made of nothing else.
pub(super) const OPEN: u32 = 8;

/// Reads the value at `at`: quoted strings, or the bare text to the end of the line and of the
/// lines that can only be its continuation. `open` is what is left of [`OPEN`].
pub(super) fn read(text: &[u8], at: usize, open: &mut u32) -> Value {
    let reach = if *open == 0 { &text[..line_end(text, at)] } else { text };
    quoted(reach, at).unwrap_or_else(|| {
        if matches!(text.get(at), Some(b'"' | b'(')) {
            *open = open.saturating_sub(1);
        }
        bare(text, at)
    })
}

/// `"a" "b"`, also within parentheses over several lines, with comments (RFC 1035 §5.1).
/// `None` where anything else stands between the strings: then quotes belong to the value.
fn quoted(text: &[u8], mut at: usize) -> Option<Value> {
    let mut value = Value { quoted: true, end: at, ..Value::default() };
    let mut depth = 0u32;
    loop {
        match text.get(at) {
            Some(b' ' | b'\t') => at += 1,
            Some(b'(') => {
                depth += 1;
                at += 1;
            }
            Some(b')') => {
                depth = depth.checked_sub(1)?;
                at += 1;
                value.end = at;
            }
            Some(b'"') => {
                at = string(text, at + 1, &mut value)?;
                value.end = at;
            }
            Some(b';') if depth > 0 || !value.strings.is_empty() => at = line_end(text, at),
            Some(b'\r' | b'\n') if depth > 0 => at += 1,
            Some(b'\r' | b'\n') => {
                // An indented quote goes on where the line above stopped.
                let next = text[at..].iter().take_while(|b| b.is_ascii_whitespace()).count() + at;
                let one_line = text[at..next].iter().filter(|&&b| b == b'\n').count() <= 1;
                let indented = matches!(text.get(next.wrapping_sub(1)), Some(b' ' | b'\t'));
                if !(one_line && indented && text.get(next) == Some(&b'"')) {
                    break;
                }
                at = next;
            }
            Some(_) => return None,
            None => break,
        }
    }
    (depth == 0 && !value.strings.is_empty()).then_some(value)
}

/// One character-string after its opening quote; returns the offset after the closing one. A
/// line end inside comes from a wrap.
fn string(text: &[u8], mut at: usize, value: &mut Value) -> Option<usize> {
    let mut string = Vec::new();
    loop {
        match text.get(at)? {
            b'"' => break,
            b'\r' | b'\n' => {
                let next = wrap(text, at)?;
                if !in_key(&string, text, next) {
                    string.push(b' ');
                    value.places.push(place(at));
                }
                at = next;
            }
            _ => {
                let (byte, len) = character(&text[at..]).unwrap_or((text[at], 1));
                string.push(byte);
                value.places.push(place(at));
                at += len;
            }
        }
    }
    value.strings.push(string);
    Some(at + 1)
}

/// Everything as it stands, quotes and backslashes included: this is what a panel would publish.
fn bare(text: &[u8], at: usize) -> Value {
    let mut string = Vec::new();
    let mut places = Vec::new();
    let mut start = at;
    let mut end;
    loop {
        let stop = line_end(text, start);
        let line = text[start..stop].trim_ascii_end();
        end = start + line.len();
        string.extend_from_slice(line);
        places.extend((start..end).map(place));
        let Some(next) = wrap(text, stop).filter(|&next| continues(text, next)) else { break };
        if !in_key(&string, text, next) {
            string.push(b' ');
            places.push(place(stop));
        }
        start = next;
    }
    Value { strings: vec![string], places, quoted: false, end }
}

/// Start of the text on the next line, unless an empty line comes between.
fn wrap(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let next = match rest {
        [b'\r', b'\n', ..] => at + 2,
        [b'\r' | b'\n', ..] => at + 1,
        _ => return None,
    };
    let blanks = text[next..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let start = next + blanks;
    (!matches!(text.get(start), None | Some(b'\r' | b'\n'))).then_some(start)
}

/// Can a line be nothing but the rest of the one before?
fn continues(text: &[u8], at: usize) -> bool {
    let line = &text[at..line_end(text, at)];
    !matches!(line.first(), None | Some(b'"' | b';' | b'$' | b'('))
        && zone_line::policy(line).is_none_or(|_| line.starts_with(b"p=") || line.starts_with(b"k="))
        && zone_line::read(line).is_none()
}

/// Does a wrap go through the base64 of a key, where no blank was?
fn in_key(so_far: &[u8], text: &[u8], next: usize) -> bool {
    let base64 = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b));
    zone_line::policy(so_far) == Some("a DKIM") && base64(so_far.last()) && base64(text.get(next))
}

fn line_end(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|&b| b == b'\r' || b == b'\n').map_or(text.len(), |n| at + n)
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
