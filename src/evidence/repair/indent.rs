//! Blanks before every line, as code blocks, tickets and selections put them.

use super::Edit;
use crate::evidence::lines::{Line, Shape, lines, peek, shape};

/// Strips the indent that all lines of the header section share; of the body too, where the
/// whole paste has it.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let Some(first) = peek(text).find(|l| !is_blank(l.of(text))) else { return Vec::new() };
    let lead = indent(first.of(text));
    if lead.is_empty() {
        return hanging(text, first);
    }
    if !shape(&first.of(text)[lead.len()..]).is_field() {
        return Vec::new();
    }
    let mut common = lead;
    for line in lines(text, first.start).take_while(|l| !is_blank(l.of(text))) {
        common = shared(common, indent(line.of(text)));
    }
    if common.is_empty() {
        // Only the first line was caught with the blanks before it.
        return vec![Edit::drop(first.start, first.start + lead.len())];
    }
    strip(text, first.start, common)
}

/// The first line stands out and all others are fields indented below it: a selection that
/// began in the middle of a line.
fn hanging(text: &[u8], first: Line) -> Vec<Edit> {
    if shape(first.of(text)) != Shape::Known {
        return Vec::new();
    }
    let rest = || lines(text, first.next).take_while(|l| !is_blank(l.of(text)));
    let mut common: Option<&[u8]> = None;
    for line in rest() {
        let own = indent(line.of(text));
        let both = common.map_or(own, |common| shared(common, own));
        if both.is_empty() {
            return Vec::new();
        }
        common = Some(both);
    }
    let Some(common) = common else { return Vec::new() };
    let fields = rest().map(|l| &l.of(text)[common.len()..]).filter(|l| shape(l) == Shape::Known && has_gap(l));
    if fields.take(2).count() < 2 { Vec::new() } else { strip(text, first.next, common) }
}

fn strip(text: &[u8], from: usize, common: &[u8]) -> Vec<Edit> {
    let whole =
        peek(text).filter(|l| l.start >= from).map(|l| l.of(text)).all(|l| is_blank(l) || l.starts_with(common));
    let mut edits = Vec::new();
    for line in lines(text, from) {
        let content = line.of(text);
        if content.starts_with(common) {
            edits.push(Edit::drop(line.start, line.start + common.len()));
        } else if !content.is_empty() && is_blank(content) {
            edits.push(Edit::drop(line.start, line.end));
        }
        if !whole && is_blank(content) {
            break;
        }
    }
    edits
}

/// Blanks a line begins with, odd ones included.
fn indent(line: &[u8]) -> &[u8] {
    let mut len = 0;
    while let Some(&b) = line.get(len) {
        match (b, crate::evidence::lines::invisible(&line[len..])) {
            (b' ' | b'\t', _) => len += 1,
            (_, Some((n, Some(_)))) => len += n,
            _ => break,
        }
    }
    &line[..len]
}

fn is_blank(line: &[u8]) -> bool {
    indent(line).len() == line.len()
}

fn shared<'a>(a: &'a [u8], b: &[u8]) -> &'a [u8] {
    let len = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    &a[..len]
}

/// `Name: value`, as fields are written and the inside of values hardly ever is.
fn has_gap(line: &[u8]) -> bool {
    line.iter().position(|&b| b == b':').is_some_and(|n| matches!(line.get(n + 1), None | Some(b' ' | b'\t')))
}
