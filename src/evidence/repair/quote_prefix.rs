//! `> `, `>> `, `| ` before each line, as replies and tickets put it.

use super::Edit;
use crate::evidence::lines::{Line, Shape, invisible, lines, peek, shape};

/// Strips the prefix of the first quoted field from every line that has it. What is not
/// quoted after the quotation is not part of it and goes too; a line torn off by a wrap stays.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let Some((anchor, prefix)) = anchor(text) else { return Vec::new() };
    let mut edits = Vec::new();
    // Unquoted lines since the last quoted one: the first empty one ends the quotation.
    let mut outside: Option<usize> = None;
    let mut tail: Option<usize> = None;
    for line in lines(text, anchor.start) {
        let content = line.of(text);
        match quoted(content, prefix) {
            Some(n) => {
                edits.push(Edit::drop(line.start, line.start + n));
                tail = None;
                outside = None;
            }
            None if content.trim_ascii().is_empty() => outside = outside.or(Some(line.start)),
            None if outside.is_some() => tail = tail.or(outside),
            None => {}
        }
    }
    edits.extend(tail.map(|at| Edit::drop(at, text.len())));
    edits
}

/// The first line that is a known field behind a quote prefix, unless an unquoted field comes first.
fn anchor(text: &[u8]) -> Option<(Line, &[u8])> {
    for line in peek(text) {
        let content = line.of(text);
        let (len, quotes) = prefix(content);
        match (quotes > 0, shape(&content[len..])) {
            (true, Shape::Known) => return Some((line, &content[..len])),
            (false, Shape::Known) => return None,
            _ => {}
        }
    }
    None
}

/// Length of the blanks and quote marks a line begins with, and how many marks are among them.
fn prefix(line: &[u8]) -> (usize, usize) {
    let (mut len, mut quotes) = (0, 0);
    while let Some(&b) = line.get(len) {
        match b {
            b' ' | b'\t' => len += 1,
            b'>' | b'|' => {
                len += 1;
                quotes += 1;
            }
            _ => match invisible(&line[len..]) {
                Some((n, _)) => len += n,
                None => break,
            },
        }
    }
    (len, quotes)
}

/// How much of a line is the prefix; `None` where it is not quoted.
fn quoted(line: &[u8], whole: &[u8]) -> Option<usize> {
    if line.starts_with(whole) {
        return Some(whole.len());
    }
    let marks = whole.trim_ascii_end();
    if line.starts_with(marks) {
        return Some(marks.len());
    }
    let (len, quotes) = prefix(line);
    (quotes > 0 && len == line.len()).then_some(len)
}
