//! Characters that came from a web page or word processor and cannot be seen.

use super::{Edit, section};
use crate::evidence::lines::{field_name, invisible, is_one_of, lines, visible};

/// Drops a byte order mark and its like before the first visible character.
pub(super) fn find_leading(text: &[u8]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut at = 0;
    while let Some((n, with)) = text.get(at..).and_then(invisible) {
        if with.is_none() {
            edits.push(Edit::drop(at, at + n));
        }
        at += n;
    }
    edits
}

/// Makes odd blanks plain and drops what has no width, in the header section.
///
/// Raw UTF-8 may be the sender's own in a subject or a display name and may be signed, so all
/// stays untouched unless such a character stands where only a paste puts it: at the start of
/// a line, in a field's name, or in a field that machines write in ASCII.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    if text[..super::body(text).unwrap_or(text.len())].is_ascii() {
        return Vec::new();
    }
    let mut edits = Vec::new();
    let mut pasted = false;
    let mut field: &[u8] = b"";
    let mut end = 0;
    for (line, shape) in section(text) {
        let content = line.of(text);
        end = line.next;
        if shape.is_field() {
            field = content;
        }
        if content.is_ascii() {
            continue;
        }
        let machine = field_name(&visible(&field[..field.len().min(256)])).is_some_and(is_machine);
        let colon = if shape.is_field() { content.iter().position(|&b| b == b':').unwrap_or(0) } else { 0 };
        each(text, line.start, line.end, |at, n, with| {
            let inside = at - line.start;
            pasted |= machine || inside == 0 || inside < colon;
            edits.push(Edit::put(at, at + n, with));
        });
    }
    // The line that ended the section may look empty without being so.
    if let Some(line) = lines(text, end).next()
        && line.start < line.end
    {
        pasted = true;
        edits.push(Edit::drop(line.start, line.end));
    }
    if pasted { edits } else { Vec::new() }
}

fn each(text: &[u8], start: usize, end: usize, mut found: impl FnMut(usize, usize, Option<u8>)) {
    let mut at = start;
    while at < end {
        match invisible(&text[at..end]) {
            Some((n, with)) => {
                found(at, n, with);
                at += n;
            }
            None => at += 1,
        }
    }
}

fn is_machine(name: &[u8]) -> bool {
    is_one_of(name, &[b"received", b"authentication-results", b"arc-", b"dkim-signature"], |name| {
        matches!(name, b"return-path" | b"message-id" | b"date" | b"mime-version" | b"delivered-to")
    })
}
