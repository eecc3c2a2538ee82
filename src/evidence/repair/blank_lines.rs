//! Empty lines where a header section has none: on top, and between its lines.

use super::Edit;
use crate::evidence::lines::{Line, Shape, field_name, lines, shape, visible};

/// Lines that stand together, and the empty ones after them.
struct Group {
    lines: u32,
    /// A field or continuation, then only continuations.
    whole: bool,
    /// Begins with a field known to exist.
    known: bool,
    blanks: u32,
    /// Where the empty lines begin, and where the next group does.
    gap: (usize, usize),
}

/// Drops empty lines on top, and those between the fields of a section that was doubled.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let top = lines(text, 0).find(|l| !visible(l.of(text)).trim_ascii().is_empty()).map_or(0, |l| l.start);
    let mut edits: Vec<Edit> =
        lines(text, 0).take_while(|l| l.start < top).map(|l| Edit::drop(l.start, l.next)).collect();
    match doubled(text, top) {
        Some(header) => edits.extend(header),
        None => match torn_header(text, top) {
            Some(edit) => edits.push(edit),
            None => edits.extend(excerpt(text, top)),
        },
    }
    edits
}

/// The text in groups, read as far as it is asked for.
fn groups(text: &[u8], from: usize) -> impl Iterator<Item = Group> + '_ {
    let mut lines = lines(text, from).peekable();
    std::iter::from_fn(move || {
        let first = lines.next_if(|l| !empty(text, l))?;
        let mut group = Group {
            lines: 1,
            whole: matches!(shape(first.of(text)), Shape::Known | Shape::Field | Shape::Fold),
            known: shape(first.of(text)) == Shape::Known,
            blanks: 0,
            gap: (first.next, first.next),
        };
        while let Some(line) = lines.next_if(|l| !empty(text, l)) {
            group.lines += 1;
            group.whole &= shape(line.of(text)) == Shape::Fold;
            group.gap = (line.next, line.next);
        }
        while let Some(line) = lines.next_if(|l| empty(text, l)) {
            group.blanks += 1;
            group.gap.1 = line.next;
        }
        Some(group)
    })
}

/// How many groups must look alike before they are taken for fields spaced apart.
const PATTERN: usize = 3;
/// How many torn lines in a row may stand between two fields.
const TORN: usize = 8;

/// A section in which the same number of empty lines follows each line or each field.
fn doubled(text: &[u8], top: usize) -> Option<Vec<Edit>> {
    let mut first = lines(text, top).skip(1);
    if first.find(|l| shape(l.of(text)) != Shape::Fold).is_none_or(|l| !empty(text, &l)) {
        return None;
    }
    let begin: Vec<Group> = groups(text, top).take(PATTERN).collect();
    let gap = begin.first()?.blanks;
    let alike = begin.iter().take(begin.len() - 1).all(|g| g.blanks == gap);
    if gap == 0 || begin.len() < 2 || !alike || !begin.iter().all(|g| g.whole) {
        return None;
    }
    if begin.iter().filter(|g| g.known).count() < 2 || !begin[0].known {
        return None;
    }
    let mut header: Vec<Group> = Vec::new();
    let mut torn = 0;
    let mut rest = groups(text, top);
    for group in rest.by_ref() {
        torn = if group.whole { 0 } else { torn + 1 };
        let wider = group.blanks > gap;
        header.push(group);
        if wider || torn > TORN {
            break;
        }
    }
    // Torn lines are only part of the section where a field follows them.
    let ended = header.last().is_some_and(|g| g.blanks > gap && g.whole);
    if !ended {
        header.truncate(header.iter().rposition(|g| g.whole)? + 1);
    }
    let body = header.last().map(|g| g.gap)?;
    let single = gap == 1 && header.iter().all(|g| g.lines == 1);
    let mut edits: Vec<Edit> = header[..header.len() - 1].iter().flat_map(|g| gap_lines(text, g.gap, 0)).collect();
    let all_doubled = || groups(text, body.1).all(|g| g.lines == 1 && (g.gap.1 == text.len() || g.blanks % 2 == 1));
    let last_blanks = header.last().map_or(0, |g| g.blanks);
    if single && last_blanks % 2 == 1 && body.1 < text.len() && all_doubled() {
        edits.extend(gap_lines(text, body, (last_blanks - 1) / 2));
        for group in groups(text, body.1) {
            edits.extend(gap_lines(text, group.gap, group.blanks.saturating_sub(1) / 2));
        }
    } else {
        edits.extend(gap_lines(text, body, u32::from(body.1 < text.len())));
    }
    Some(edits)
}

/// Drops the empty lines of a gap, but for `keep` of them.
fn gap_lines(text: &[u8], (start, end): (usize, usize), keep: u32) -> impl Iterator<Item = Edit> + '_ {
    lines(text, start).take_while(move |l| l.start < end).skip(keep as usize).map(|l| Edit::drop(l.start, l.next))
}

/// A header section torn in two: the upper part has none of the fields an author's program
/// writes, the lower part is fields again and has them.
fn torn_header(text: &[u8], top: usize) -> Option<Edit> {
    const AUTHOR: [&[u8]; 4] = [b"from", b"date", b"subject", b"content-type"];
    let authors = |from: usize| {
        lines(text, from).take_while(|l| !empty(text, l)).filter(|l| field_name(l.of(text)).is_some_and(is(&AUTHOR)))
    };
    let fields_only = |from: usize| {
        lines(text, from)
            .take_while(|l| !empty(text, l))
            .all(|l| matches!(shape(l.of(text)), Shape::Known | Shape::Field | Shape::Fold))
    };
    // Nearly every message has one on top.
    if authors(top).next().is_some() {
        return None;
    }
    let gap = lines(text, top).find(|l| l.start == l.end)?;
    let below = lines(text, gap.next).find(|l| l.start < l.end)?.start;
    let torn = lines(text, top).next().is_some_and(|l| shape(l.of(text)) == Shape::Known)
        && fields_only(top)
        && fields_only(below)
        && authors(below).count() >= 3;
    torn.then_some(Edit::drop(gap.start, below))
}

/// Fields picked out of a header by hand, with an empty line between: what follows it begins with a
/// field that only servers on the way write, and the part above has nothing a whole message has.
fn excerpt(text: &[u8], top: usize) -> Vec<Edit> {
    const WHOLE: [&[u8]; 3] = [b"received", b"content-type", b"mime-version"];
    const TRACE: [&[u8]; 8] = [
        b"authentication-results",
        b"arc-authentication-results",
        b"received",
        b"received-spf",
        b"return-path",
        b"dkim-signature",
        b"x-forefront-antispam-report",
        b"x-spam-status",
    ];
    let name = |line: Line| field_name(line.of(text));
    let mut edits = Vec::new();
    let mut from = top;
    while let Some(gap) = lines(text, from).find(|l| empty(text, l)) {
        let whole = lines(text, from).take_while(|l| l.start < gap.start).filter_map(name).any(is(&WHOLE));
        let next = lines(text, gap.start).find(|l| !empty(text, l));
        let Some(next) = next.filter(|_| !whole) else { break };
        if shape(lines(text, top).next().map_or(&[][..], |l| l.of(text))) != Shape::Known
            || !name(next).is_some_and(is(&TRACE))
        {
            break;
        }
        edits.extend(gap_lines(text, (gap.start, next.start), 0));
        from = next.start;
    }
    edits
}

/// Is a name one of these?
fn is(names: &[&[u8]]) -> impl Fn(&[u8]) -> bool {
    |name| names.iter().any(|n| name.eq_ignore_ascii_case(n))
}

fn empty(text: &[u8], line: &Line) -> bool {
    let content = line.of(text);
    // Most lines begin with what can be seen.
    !content.first().is_some_and(u8::is_ascii_graphic) && shape(content) == Shape::Blank
}
