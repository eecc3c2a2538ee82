//! Lines of the raw input with numbered underlines: the evidence of a finding.
//!
//! ```text
//!   7 │        dkim=pass header.i=@mailer.esp.example header.s=k1;
//!     │                           ━━━━━━━━━━━━━━━━━━━ 1 signed as this domain
//!   ⋮
//!  10 │ From: Acme Billing <billing@acme.example>
//!     │                             ──────────── 2 the reader sees this one
//! ```

use super::doc::{Doc, wrap};
use crate::evidence::Input;
use crate::rules::{Exhibit, Place};
use crate::safe::{clip, mapped};
use crate::span::SourceSpan;
use crate::tui::theme::Ink;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// An exhibit in the raw input, with its number from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub number: usize,
    pub span: SourceSpan,
    pub label: String,
}

/// The exhibits that stand in the input, in the order of the text.
pub fn marks(input: &Input, exhibits: &[Exhibit]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = exhibits
        .iter()
        .enumerate()
        .filter_map(|(n, exhibit)| match exhibit.place {
            Place::Input(span) => {
                Some(Mark { number: n + 1, span: input.locate(span), label: exhibit.label.to_string() })
            }
            _ => None,
        })
        .collect();
    marks.sort_by_key(|mark| (mark.span, mark.number));
    marks
}

/// Underlined lines of the input, then the exhibits from elsewhere.
pub fn evidence(doc: &mut Doc, input: &Input, exhibits: &[Exhibit]) {
    let marks = marks(input, exhibits);
    let gutter = marks.iter().map(|m| input.line_of(m.span.start).to_string().len()).max().unwrap_or(0).max(3);
    let mut last: Option<usize> = None;
    for mark in &marks {
        let (line, from) = line_at(&input.original, mark.span.start);
        let number = input.line_of(mark.span.start);
        if last.is_some_and(|last| last + 1 < number) {
            doc.row(&[(&format!("{}⋮", " ".repeat(gutter - 1)), Ink::Faint)]);
        }
        let (shown, start, len) = place(doc, line, from, mark.span, doc.width.saturating_sub(gutter + 3));
        if last != Some(number) {
            doc.lines.push(Line::from(vec![
                Span::styled(format!("{number:>gutter$} │ "), doc.pen.style(Ink::Faint)),
                Span::styled(shown, doc.pen.style(Ink::Plain)),
            ]));
        }
        last = Some(number);
        underline(doc, gutter, start, len, mark);
    }
    for (n, exhibit) in exhibits.iter().enumerate() {
        match &exhibit.place {
            Place::Input(_) => {}
            Place::Dns { question, text, span } => {
                doc.row(&[(&format!("  DNS {} {}", question.name, question.kind), Ink::Faint)]);
                let span = span.map_or(SourceSpan { start: 0, end: text.len() }, |s| SourceSpan {
                    start: s.range().start.min(text.len()),
                    end: s.range().end.min(text.len()),
                });
                let (shown, start, len) = place(doc, text.as_bytes(), 0, span, doc.width.saturating_sub(gutter + 3));
                doc.lines.push(Line::from(vec![
                    Span::styled(format!("{} │ ", " ".repeat(gutter)), doc.pen.style(Ink::Faint)),
                    Span::styled(shown, doc.pen.style(Ink::Plain)),
                ]));
                underline(doc, gutter, start, len, &Mark { number: n + 1, span, label: exhibit.label.to_string() });
            }
            Place::Fetched { errand, text } => {
                doc.hang(&format!("  {}: ", errand.place()), Ink::Faint, text, Ink::Plain);
                doc.hang(&format!("    {} ", n + 1), Ink::Evidence, &*exhibit.label, Ink::Plain);
            }
            Place::Report { part, text } | Place::Body { part, text } => {
                doc.hang(&format!("  {part}: "), Ink::Faint, text, Ink::Plain);
                doc.hang(&format!("    {} ", n + 1), Ink::Evidence, &*exhibit.label, Ink::Plain);
            }
            Place::Mailbox(seen) => {
                doc.hang("  The mailbox: ", Ink::Faint, seen, Ink::Plain);
                doc.hang(&format!("    {} ", n + 1), Ink::Evidence, &*exhibit.label, Ink::Plain);
            }
            Place::User(said) => {
                doc.hang("  You said: ", Ink::Faint, said, Ink::Plain);
                doc.hang(&format!("    {} ", n + 1), Ink::Evidence, &*exhibit.label, Ink::Plain);
            }
        }
    }
}

/// Bytes looked at on either side of a span.
const AROUND: usize = 2000;

/// The line cut to `width` columns so that the span is in sight: text, column and length of
/// the underline in it.
fn place(doc: &Doc, line: &[u8], from: usize, span: SourceSpan, width: usize) -> (String, usize, usize) {
    let start = span.start.saturating_sub(from).min(line.len());
    let end = span.end.saturating_sub(from).clamp(start, line.len());
    let low = start.saturating_sub(AROUND);
    let high = line.len().min(end.min(start + AROUND) + AROUND);
    let offsets = [start - low, end.min(high) - low];
    let piece = line.get(low..high).unwrap_or_default();
    let piece = match doc.pen.redact {
        // a stand-in is as long as what it stands for, so the offsets stay
        Some(redactor) => redactor.apply_bytes(piece),
        None => piece.to_vec(),
    };
    let map = mapped(&piece);
    let column = |byte: usize| map.columns.get(byte).or(map.columns.last()).map_or(0, |&n| n as usize);
    let (start, end) = (column(offsets[0]), column(offsets[1]).max(column(offsets[0]) + 1));
    let left = if end > width { start.saturating_sub(width / 3) } else { 0 };
    let mut shown = clip(&from_column(map.text.as_str(), left), width);
    if left > 0 || low > 0 {
        shown = format!("…{}", from_column(&shown, 1));
    }
    (shown, start - left, end.saturating_sub(start).min(width.saturating_sub(start - left)).max(1))
}

/// The underline with number and label; where the label does not fit beside it, below.
fn underline(doc: &mut Doc, gutter: usize, start: usize, len: usize, mark: &Mark) {
    let bar = if mark.number == 1 { "━" } else { "─" }.repeat(len);
    let label = doc.pen.clean(&mark.label);
    let room = doc.width.saturating_sub(gutter + 3 + start + len + 3);
    let head = format!("{} │ {}", " ".repeat(gutter), " ".repeat(start));
    let mut spans = vec![
        Span::styled(head, doc.pen.style(Ink::Faint)),
        Span::styled(bar, doc.pen.style(Ink::Strong)),
        Span::styled(format!(" {}", mark.number), doc.pen.style(Ink::Strong)),
    ];
    let beside = label.width() <= room;
    if beside {
        spans.push(Span::styled(format!(" {label}"), doc.pen.style(Ink::Plain)));
    }
    doc.lines.push(Line::from(spans));
    if !beside {
        let head = format!("{} │   {} ", " ".repeat(gutter), mark.number);
        for (n, line) in wrap(&label, doc.width.saturating_sub(head.width())).into_iter().enumerate() {
            let head = if n == 0 { head.clone() } else { format!("{} │     ", " ".repeat(gutter)) };
            let spans =
                vec![Span::styled(head, doc.pen.style(Ink::Faint)), Span::styled(line, doc.pen.style(Ink::Plain))];
            doc.lines.push(Line::from(spans));
        }
    }
}

/// The line around an offset, without its end, and where it begins.
fn line_at(text: &[u8], offset: usize) -> (&[u8], usize) {
    let offset = offset.min(text.len());
    let is_end = |b: &u8| *b == b'\n' || *b == b'\r';
    let start = text.get(..offset).and_then(|t| t.iter().rposition(is_end)).map_or(0, |n| n + 1);
    let end = text.get(offset..).and_then(|t| t.iter().position(is_end)).map_or(text.len(), |n| offset + n);
    (text.get(start..end).unwrap_or_default(), start)
}

/// Safe text from a column on; half of a wide character becomes a blank.
pub fn from_column(text: &str, column: usize) -> String {
    let mut at = 0;
    for (n, c) in text.char_indices() {
        if at >= column {
            return " ".repeat(at - column) + text.get(n..).unwrap_or_default();
        }
        at += c.width().unwrap_or(0);
    }
    String::new()
}
