//! Evidence as compilers show it: the user's own lines with the passage underlined.

use super::Shown;
use crate::evidence::Input;
use crate::rules::{Exhibit, Place};
use crate::safe::Safe;
use crate::span::SourceSpan;
use std::ops::Range;

/// Context lines between two passages that are still shown in one piece.
const GAP: usize = 40;

/// Bytes of a passage, and of passages in one piece, that are shown; a real field has no more.
const LONGEST: usize = 16 * 1024;

/// Bytes of a line shown before its first passage and after its last.
const AROUND: usize = 1024;

/// Stands for what was left out.
const CUT: &str = "…";

/// Some lines of one source, safe to show, with the passages marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// `pasted header`, `s1._domainkey.example.com TXT`
    pub source: String,
    /// Line number of the first line; `None` for a source without lines.
    pub first_line: Option<usize>,
    /// Characters of the first line that are left out before [`Piece::text`].
    pub skipped: usize,
    pub text: String,
    pub marks: Vec<Mark>,
}

/// An underlined passage of [`Piece::text`], in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub range: Range<usize>,
    pub label: String,
}

/// The exhibits of a finding, as pieces in the order they were given; passages of the input
/// that stand close together share a piece.
pub fn pieces(input: &Input, exhibits: &[Exhibit], shown: Shown) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut passages: Vec<(SourceSpan, &str)> = exhibits
        .iter()
        .filter_map(|e| match &e.place {
            Place::Input(span) => Some((input.locate(*span), &*e.label)),
            _ => None,
        })
        .collect();
    passages.sort_by_key(|(span, _)| *span);
    let mut rest = &passages[..];
    while let Some((first, _)) = rest.first() {
        let mut together = 1;
        let mut last_line = input.line_of(first.start);
        while let Some((next, _)) = rest.get(together) {
            let line = input.line_of(next.start);
            if line > last_line + GAP || next.end > first.start + LONGEST {
                break;
            }
            last_line = line;
            together += 1;
        }
        pieces.push(of_input(input, &rest[..together], shown));
        rest = &rest[together..];
    }
    for exhibit in exhibits {
        match &exhibit.place {
            Place::Input(_) => {}
            Place::Dns { question, text, span } => {
                let range = span.map_or(0..text.len(), |s| s.range());
                pieces.push(one_line(
                    shown,
                    &format!("{} {}", question.name, question.kind),
                    text,
                    range,
                    &exhibit.label,
                ));
            }
            Place::Fetched { errand, text } => {
                pieces.push(one_line(shown, &errand.place(), text, 0..text.len(), &exhibit.label));
            }
            Place::Report { part, text } | Place::Body { part, text } => {
                pieces.push(one_line(shown, part, text, 0..text.len(), &exhibit.label));
            }
            Place::Mailbox(seen) => {
                pieces.push(one_line(shown, "the mailbox", seen, 0..seen.len(), &exhibit.label));
            }
            Place::User(said) => pieces.push(one_line(shown, "you said", said, 0..said.len(), &exhibit.label)),
        }
    }
    pieces
}

/// A record's or a statement's text; all of it is marked where no span says otherwise.
fn one_line(shown: Shown, source: &str, text: &str, range: Range<usize>, label: &str) -> Piece {
    let mut safe = SafeLine::default();
    let text = shown.hidden(text);
    let start = safe.push(text.get(..range.start).unwrap_or_default());
    let end = safe.push(text.get(range.start..range.end).unwrap_or(&text));
    safe.push(text.get(range.end..).unwrap_or_default());
    Piece {
        source: shown.line(source),
        first_line: None,
        skipped: 0,
        text: safe.text,
        marks: vec![Mark { range: start..end, label: shown.line(label) }],
    }
}

fn of_input(input: &Input, passages: &[(SourceSpan, &str)], shown: Shown) -> Piece {
    let bytes = &input.original[..];
    let from = passages.iter().map(|(s, _)| s.start).min().unwrap_or(0).min(bytes.len());
    let to = passages.iter().map(|(s, _)| s.end).max().unwrap_or(0).clamp(from, bytes.len());
    let begin = bytes[..from].iter().rposition(|&b| is_end(b)).map_or(0, |n| n + 1);
    let end = bytes[to..].iter().position(|&b| is_end(b)).map_or(bytes.len(), |n| to + n);
    // Redacted before it is cut, for half a secret is not recognised.
    let redacted = shown.redaction.map(|r| r.apply_bytes(&bytes[begin..end]));
    let source = redacted.as_deref().unwrap_or(&bytes[begin..end]);
    let whole = |at: usize| (begin..=at).rev().find(|&n| bytes.get(n).is_none_or(|b| b & 0xC0 != 0x80)).unwrap_or(at);
    let last = whole(to.min(from + LONGEST));
    let start = whole(begin.max(from.saturating_sub(AROUND)));
    let stop = if last < to { last } else { whole(end.min(to + AROUND)) };
    // Every border of a passage is a place to remember in the safe text.
    let clip = |at: usize| at.min(last);
    let mut borders: Vec<usize> = passages.iter().flat_map(|(s, _)| [clip(s.start), clip(s.end)]).collect();
    borders.sort_unstable();
    borders.dedup();
    let mut text = SafeLine::default();
    if start > begin {
        text.push(CUT);
    }
    let mut places = Vec::with_capacity(borders.len());
    let mut at = start;
    for &border in &borders {
        places.push(text.push_lines(source.get(at - begin..border - begin).unwrap_or_default()));
        at = border;
    }
    text.push_lines(source.get(at - begin..stop - begin).unwrap_or_default());
    if stop < end {
        text.push(CUT);
    }
    let place = |at: usize| borders.binary_search(&clip(at)).ok().map_or(0, |n| places[n]);
    let marks = passages
        .iter()
        .map(|(s, label)| Mark { range: place(s.start)..place(s.end), label: shown.line(label) })
        .collect();
    // What stands for them is one.
    let skipped = bytes[begin..start].iter().filter(|&b| b & 0xC0 != 0x80).count().saturating_sub(1);
    let first_line = Some(input.line_of(start));
    Piece { source: shown.line(&input.name), first_line, skipped, text: text.text, marks }
}

impl Piece {
    /// The character of its line, from 1, at which a byte of the text stands.
    pub fn column(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        let skipped = if before.contains('\n') { 0 } else { self.skipped };
        skipped + before.rsplit('\n').next().map_or(0, |head| head.chars().count()) + 1
    }

    /// The lines that hold a passage, with their numbers; `None` stands for lines left out.
    pub fn marked_lines(&self) -> Vec<Option<(usize, &str)>> {
        let mut lines: Vec<Option<(usize, &str)>> = Vec::new();
        let mut start = 0;
        for (n, line) in self.text.split('\n').enumerate() {
            let end = start + line.len();
            match self.marks.iter().any(|m| m.range.start <= end && m.range.end.max(m.range.start + 1) > start) {
                true => lines.push(Some((self.first_line.unwrap_or(1) + n, line))),
                false if lines.last().is_some_and(Option::is_some) => lines.push(None),
                false => {}
            }
            start = end + 1;
        }
        lines
    }
}

fn is_end(b: u8) -> bool {
    b == b'\n' || b == b'\r'
}

/// Safe text that grows piece by piece.
#[derive(Default)]
struct SafeLine {
    text: String,
}

impl SafeLine {
    /// Appends on the same line; the length so far.
    fn push(&mut self, text: &str) -> usize {
        self.text.push_str(Safe::line(text).as_str());
        self.text.len()
    }

    /// Appends with line ends (of any kind) as `\n`; the length so far.
    fn push_lines(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        loop {
            let end = rest.iter().position(|&b| is_end(b)).unwrap_or(rest.len());
            self.text.push_str(Safe::line(&rest[..end]).as_str());
            match &rest[end..] {
                [] => return self.text.len(),
                [b'\r', b'\n', after @ ..] | [_, after @ ..] => {
                    self.text.push('\n');
                    rest = after;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    /// The pieces of `text` with these parts of it marked.
    fn shown(text: &str, parts: &[&str]) -> Vec<Piece> {
        let input = Input::read("test", text.as_bytes(), Some(crate::evidence::InputKind::Unknown)).unwrap();
        let span = |part: &str| Span::new(text.find(part).unwrap(), text.find(part).unwrap() + part.len());
        let exhibits: Vec<Exhibit> = parts.iter().map(|part| Exhibit::input(span(part), "here")).collect();
        pieces(&input, &exhibits, Shown::default())
    }

    fn marked(piece: &Piece) -> Vec<&str> {
        piece.marks.iter().map(|m| &piece.text[m.range.clone()]).collect()
    }

    #[test]
    fn passages_close_together_share_a_piece() {
        let pieces = shown("A: one\r\nB: two\r\nC: three\r\n", &["two", "one"]);
        assert_eq!(pieces.len(), 1);
        assert_eq!((pieces[0].first_line, &pieces[0].text[..]), (Some(1), "A: one\nB: two"));
        assert_eq!(marked(&pieces[0]), ["one", "two"]);
    }

    #[test]
    fn a_long_line_is_shown_around_its_passage() {
        let far = "é".repeat(5000);
        let pieces = shown(&format!("A: {far}here{far}\nB: x\n"), &["here"]);
        let text = &pieces[0].text;
        assert!(text.starts_with("…é") && text.ends_with("é…") && text.len() <= 2 * AROUND + 20, "{}", text.len());
        assert_eq!(marked(&pieces[0]), ["here"]);
        assert_eq!(pieces[0].column(pieces[0].marks[0].range.start), 3 + 5000 + 1);
    }

    #[test]
    fn a_long_passage_is_cut_and_one_inside_it_stands_apart() {
        let long = format!("{}need{}", "é\n ".repeat(6000), "x".repeat(100_000));
        let pieces = shown(&format!("A: {long}\nB: x\n"), &[&long, "need"]);
        assert_eq!(pieces.len(), 2);
        assert!(pieces.iter().all(|p| p.text.len() < LONGEST + 2 * AROUND && p.text.ends_with('…')));
        assert!(marked(&pieces[0])[0].starts_with('é'));
        assert_eq!(marked(&pieces[1]), ["need"]);
    }
}
