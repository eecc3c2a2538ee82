//! The raw input, wrapped to the width, with the evidence underlined: an index of rows is
//! made once per width, and only the rows in sight are drawn.

use super::doc::Pen;
use super::excerpt::Mark;
use crate::safe::{clip, mapped};
use crate::tui::theme::Ink;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// One row of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    bytes: Range<usize>,
    /// Line number from 1; `None` on continuation rows.
    line: Option<usize>,
}

/// The rows of a text at one width, and what is in sight.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    rows: Vec<Row>,
    width: usize,
    pub top: usize,
    /// A byte offset to bring into sight on the next draw.
    pub go: Option<usize>,
}

/// Columns for the line number.
const GUTTER: usize = 8;

impl Raw {
    /// Forgets the index, for another text.
    pub fn reset(&mut self) {
        *self = Raw::default();
    }

    /// Draws rows and underlines; `current` is the number of the mark the cursor stands on.
    pub fn draw(&mut self, frame: &mut Frame, area: Rect, pen: Pen, text: &[u8], marks: &[Mark], current: usize) {
        let width = (area.width as usize).saturating_sub(GUTTER);
        if width < 2 || area.height == 0 {
            return;
        }
        if self.width != width {
            let keep = self.rows.get(self.top).map(|row| row.bytes.start);
            self.rows = index(text, width);
            self.width = width;
            self.top = keep.map_or(0, |at| self.row_of(at));
        }
        let height = area.height as usize;
        if let Some(at) = self.go.take() {
            let row = self.row_of(at);
            if row < self.top || row >= self.top + height {
                self.top = row.saturating_sub(height / 3);
            }
        }
        self.top = self.top.min(self.rows.len().saturating_sub(height));
        for (screen, row) in area.rows().zip(self.rows.iter().skip(self.top)) {
            let inside: Vec<&Mark> =
                marks.iter().filter(|m| m.span.start < row.bytes.end && m.span.end > row.bytes.start).collect();
            let flag = match inside.iter().find(|m| m.number == current).or(inside.first()) {
                Some(mark) if mark.number == current => format!("▸{}", mark.number % 10),
                Some(mark) => format!(" {}", mark.number % 10),
                None => "  ".to_owned(),
            };
            let number = row.line.map_or(String::new(), |n| n.to_string());
            let mut spans = vec![
                Span::styled(flag, pen.style(Ink::Strong)),
                Span::styled(format!("{number:>5} "), pen.style(Ink::Faint)),
            ];
            spans.extend(pieces(pen, text, row, &inside, width));
            frame.buffer_mut().set_line(screen.x, screen.y, &Line::from(spans), screen.width);
            if inside.iter().any(|m| m.number == current && m.span.start >= row.bytes.start) {
                frame.set_cursor_position(Position::new(screen.x, screen.y));
            }
        }
    }

    /// The row that holds a byte.
    fn row_of(&self, at: usize) -> usize {
        self.rows.partition_point(|row| row.bytes.start <= at).saturating_sub(1)
    }
}

/// The row's text in pieces, marked ones underlined.
fn pieces(pen: Pen, text: &[u8], row: &Row, marks: &[&Mark], width: usize) -> Vec<Span<'static>> {
    let offsets: Vec<usize> = marks
        .iter()
        .flat_map(|m| [m.span.start, m.span.end])
        .map(|at| at.clamp(row.bytes.start, row.bytes.end) - row.bytes.start)
        .collect();
    let bytes = shown_bytes(pen, text, row);
    let map = mapped(&bytes);
    let shown = clip(map.text.as_str(), width);
    let columns: Vec<(usize, usize)> = offsets
        .chunks_exact(2)
        .map(|pair| {
            let column = |n: usize| map.columns.get(n).map_or(0, |&c| c as usize);
            (column(pair[0]), column(pair[1]))
        })
        .collect();
    let mut spans: Vec<Span<'static>> = Vec::new();
    let (mut at, mut run, mut marked) = (0, String::new(), false);
    for c in shown.chars() {
        let now = columns.iter().any(|(from, to)| (*from..*to).contains(&at));
        if now != marked && !run.is_empty() {
            spans.push(piece(pen, std::mem::take(&mut run), marked));
        }
        marked = now;
        run.push(c);
        at += c.width().unwrap_or(0);
    }
    spans.push(piece(pen, run, marked));
    spans
}

/// Bytes on either side that are redacted with a row: what is hidden may cross its edge.
const ACROSS: usize = 512;

/// The row's bytes, redacted if that is on. A stand-in is as long as what it stands for.
fn shown_bytes(pen: Pen, text: &[u8], row: &Row) -> Vec<u8> {
    let Some(redaction) = pen.redact else { return text.get(row.bytes.clone()).unwrap_or_default().to_vec() };
    let low = row.bytes.start.saturating_sub(ACROSS);
    let high = text.len().min(row.bytes.end + ACROSS);
    let around = redaction.apply_bytes(text.get(low..high).unwrap_or_default());
    around.get(row.bytes.start - low..row.bytes.end - low).unwrap_or_default().to_vec()
}

fn piece(pen: Pen, text: String, marked: bool) -> Span<'static> {
    Span::styled(text, pen.style(if marked { Ink::Evidence } else { Ink::Plain }))
}

/// Cuts the text into rows of at most `width` columns, at characters. Linear.
fn index(text: &[u8], width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = 0;
    let mut line = 1;
    while start <= text.len() {
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
        let mut head = Some(line);
        let mut from = start;
        for to in breaks(rest.get(..len).unwrap_or_default(), width) {
            rows.push(Row { bytes: from..start + to, line: head.take() });
            from = start + to;
        }
        let end = match (rest.get(len), rest.get(len + 1)) {
            (Some(b'\r'), Some(b'\n')) => len + 2,
            _ => len + 1,
        };
        start += end;
        line += 1;
        if start == text.len() {
            break;
        }
    }
    rows
}

/// Where the rows of one line end; at least one.
fn breaks(line: &[u8], width: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut at, mut column) = (0, 0);
    for chunk in line.utf8_chunks() {
        let bad = std::iter::repeat_n(('\u{fffd}', 1), chunk.invalid().len());
        for (c, bytes) in chunk.valid().chars().map(|c| (c, c.len_utf8())).chain(bad) {
            // a stand-in is at most as wide as `<E0001>`
            let wide = match c {
                '\t' => 8 - column % 8,
                c if c.is_control() => 1,
                c => c.width().filter(|n| *n > 0).unwrap_or(9),
            };
            if column + wide > width && column > 0 {
                ends.push(at);
                column = 0;
            }
            column += wide;
            at += bytes;
        }
    }
    ends.push(line.len());
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_in_one_row() {
        let text = b"From: a\r\n\tfolded\nlong long long long line\n\xff\xfe\nlast";
        let rows = index(text, 10);
        let mut joined = Vec::new();
        for row in &rows {
            if row.line.is_some() && !joined.is_empty() {
                joined.push(b'\n');
            }
            joined.extend_from_slice(&text[row.bytes.clone()]);
        }
        assert_eq!(joined, b"From: a\n\tfolded\nlong long long long line\n\xff\xfe\nlast");
        assert_eq!(rows.iter().filter_map(|r| r.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_megabyte_in_one_line_is_indexed_once() {
        let text = vec![b'x'; 1 << 20];
        assert_eq!(index(&text, 100).len(), (1 << 20) / 100 + 1);
    }
}
