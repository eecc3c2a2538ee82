//! Evidence drawn as compilers draw it, within the width: what a long line has between two passages is
//! cut out, never a passage's place under its words.
//!
//! ```text
//!    ╭▸ message.eml:7:8
//!  7 │        spf=softfail … smtp.mailfrom=orders@shop.example;
//!    │        ┬━━━━━━━━━━━                 ━━━━━━━━━━━━━━━━━━━ the address SPF checks
//!    │        the receiver's result
//!    ├▸ shop.example TXT
//!    │ v=spf1 mx ~all
//!    │           ━━━━ decides: softfail
//! ```

use super::human::{Ink, Style, wrapped};
use super::snippet::Piece;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns kept before and after the passages of a line that does not fit.
const CONTEXT: usize = 24;

/// A label below its passage is no wider.
const LABEL: usize = 60;

/// Draws the pieces one under the other; passages and their labels in `ink`.
pub fn draw(pieces: &[Piece], style: Style, ink: Ink) -> String {
    let last_line = |p: &Piece| p.first_line.map_or(0, |first| first + p.text.matches('\n').count());
    let digits = pieces.iter().map(last_line).max().unwrap_or(0).to_string().len().max(2);
    let pen = Pen { digits, style, ink, room: style.width.saturating_sub(digits + 3).max(20) };
    let mut out = String::new();
    for (n, piece) in pieces.iter().enumerate() {
        pen.piece(piece, n == 0, &mut out);
    }
    out
}

struct Pen {
    digits: usize,
    style: Style,
    ink: Ink,
    /// Columns right of the gutter.
    room: usize,
}

/// A passage on a row, in columns.
struct Placed<'p> {
    at: usize,
    width: usize,
    label: &'p str,
}

/// As much of a line as fits, with its passages.
struct Row<'p> {
    text: String,
    marks: Vec<Placed<'p>>,
}

impl Pen {
    fn piece(&self, piece: &Piece, first: bool, out: &mut String) {
        let glyph = match (self.style.unicode, first) {
            (true, true) => "╭▸",
            (true, false) => "├▸",
            (false, _) => "-->",
        };
        let head = format!("{:w$} {glyph}", "", w = self.digits);
        out.push_str(&format!("{} {}\n", self.style.paint(Ink::Faint, &head), place(piece)));
        let mut start = 0;
        let mut before: Option<usize> = None;
        for (n, line) in piece.text.split('\n').enumerate() {
            let marks: Vec<_> = piece.marks.iter().filter_map(|m| on_line(&m.range, &m.label, start, line)).collect();
            start += line.len() + 1;
            if marks.is_empty() {
                continue;
            }
            if before.is_some_and(|b| b + 1 < n) {
                self.gutter(None, if self.style.unicode { "┆" } else { "..." }, "", out);
            }
            before = Some(n);
            for (m, row) in rows(line, &marks, self.room, self.style.dots()).into_iter().enumerate() {
                let number = piece.first_line.map(|first| first + n).filter(|_| m == 0);
                self.gutter(number, self.bar(), &row.text, out);
                for under in underlines(&row, self.room, self.style) {
                    self.gutter(None, self.bar(), &self.style.paint(self.ink, &under), out);
                }
            }
        }
    }

    fn bar(&self) -> &'static str {
        if self.style.unicode { "│" } else { "|" }
    }

    fn gutter(&self, number: Option<usize>, bar: &str, text: &str, out: &mut String) {
        let number = number.map_or_else(String::new, |n| n.to_string());
        let gutter = self.style.paint(Ink::Faint, &format!("{number:>w$} {bar}", w = self.digits));
        let row = format!("{gutter} {text}");
        out.push_str(row.trim_end());
        out.push('\n');
    }
}

/// `m.eml:7:8`, or the name of what has no lines.
fn place(piece: &Piece) -> String {
    let Some(first) = piece.first_line else { return piece.source.clone() };
    let at = piece.marks.iter().map(|m| m.range.start).min().unwrap_or(0).min(piece.text.len());
    let before = piece.text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count();
    format!("{}:{}:{}", piece.source, first + line, piece.column(at))
}

/// The part of a passage on the line that begins at `start`; its label belongs to its first line.
fn on_line<'p>(range: &Range<usize>, label: &'p str, start: usize, line: &str) -> Option<(Range<usize>, &'p str)> {
    let end = start + line.len();
    let here = range.start <= end && (range.end > start || range.start >= start);
    let (from, to) = (range.start.max(start) - start, range.end.min(end).saturating_sub(start));
    here.then(|| (from..to.max(from), if range.start >= start { label } else { "" }))
}

/// The line in as many rows as its passages need: one, where it fits.
fn rows<'p>(line: &str, marks: &[(Range<usize>, &'p str)], room: usize, dots: &str) -> Vec<Row<'p>> {
    let mut marks = marks.to_vec();
    marks.sort_by_key(|(range, _)| (range.start, range.end));
    let mut rows = Vec::new();
    while !marks.is_empty() {
        // Passages that overlap go to rows of their own.
        let mut end = 0;
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for (range, label) in marks {
            match now.is_empty() || range.start >= end {
                true => {
                    end = range.end.max(range.start + 1);
                    now.push((range, label));
                }
                false => later.push((range, label)),
            }
        }
        let (row, left_out) = row(line, now, room, dots);
        rows.push(row);
        marks = left_out.into_iter().chain(later).collect();
    }
    rows
}

/// One row: the first passage, those after it as long as they fit, and what stands around them.
fn row<'p>(
    line: &str,
    marks: Vec<(Range<usize>, &'p str)>,
    room: usize,
    dots: &str,
) -> (Row<'p>, Vec<(Range<usize>, &'p str)>) {
    let whole = line.width() <= room;
    let piece = |range: Range<usize>| line.get(range).unwrap_or_default();
    let around = 2 * (dots.width() + 1);
    let mut core = String::new();
    let mut placed: Vec<Placed> = Vec::new();
    let mut last = 0;
    let mut first = None;
    let mut left_out = Vec::new();
    for (range, label) in marks {
        let passage =
            if whole { piece(range.clone()).to_owned() } else { middle(piece(range.clone()), room - around, dots) };
        let gap = match first {
            None => String::new(),
            Some(_) if whole => piece(last..range.start).to_owned(),
            Some(_) => middle(piece(last..range.start), CONTEXT, dots),
        };
        let fits = core.width() + gap.width() + passage.width() + around <= room;
        if first.is_some() && !whole && (!fits || !left_out.is_empty()) {
            left_out.push((range, label));
            continue;
        }
        first.get_or_insert(range.start);
        core.push_str(&gap);
        placed.push(Placed { at: core.width(), width: passage.width().max(1), label });
        core.push_str(&passage);
        last = range.end;
    }
    let (before, after) = (piece(0..first.unwrap_or(0)), piece(last..line.len()));
    // What comes before tells more than what comes after, and what the one leaves the other may have.
    let spare = if whole { line.width() } else { room.saturating_sub(core.width() + around) };
    let wanted = CONTEXT.max(spare.saturating_sub(after.width()));
    let head = tail_of(before, if whole { spare } else { spare.min(wanted) }, dots);
    let foot = head_of(after, spare.saturating_sub(head.width()), dots);
    let shift = head.width();
    // A place at the end of a row that fills its room stands under the last character.
    placed.iter_mut().for_each(|p| p.at = (p.at + shift).min(room.saturating_sub(p.width)));
    (Row { text: format!("{head}{core}{foot}"), marks: placed }, left_out)
}

/// Lines and labels under a row. The last label stands beside its line where there is room, the others
/// below, the rightmost first, so that no label crosses another's bar.
fn underlines(row: &Row, room: usize, style: Style) -> Vec<String> {
    let (line, branch, bar) = if style.unicode { ('━', '┬', '│') } else { ('^', '^', '|') };
    let beside = |p: &Placed| p.at + p.width + 1 + p.label.width() <= room;
    let inline = row.marks.last().filter(|p| beside(p) && !p.label.is_empty());
    let below: Vec<&Placed> =
        row.marks.iter().filter(|p| !p.label.is_empty() && !inline.is_some_and(|i| std::ptr::eq(i, *p))).collect();
    let mut under = String::new();
    for p in &row.marks {
        under.extend(std::iter::repeat_n(' ', p.at.saturating_sub(under.width())));
        let branches = below.iter().any(|b| std::ptr::eq(*b, p));
        under.push(if branches { branch } else { line });
        under.extend(std::iter::repeat_n(line, p.width - 1));
    }
    if let Some(p) = inline {
        under.push(' ');
        under.push_str(p.label);
    }
    let mut lines = vec![under];
    for (n, p) in below.iter().enumerate().rev() {
        let texts = wrapped(p.label, room.min(LABEL), "");
        let widest = texts.iter().map(|t| t.width()).max().unwrap_or(0);
        let at = p.at.min(room.saturating_sub(widest));
        for text in texts {
            let mut below_it = String::new();
            for left in below[..n].iter().filter(|left| left.at < at) {
                below_it.extend(std::iter::repeat_n(' ', left.at.saturating_sub(below_it.width())));
                below_it.push(bar);
            }
            below_it.extend(std::iter::repeat_n(' ', at.saturating_sub(below_it.width())));
            below_it.push_str(&text);
            lines.push(below_it);
        }
    }
    lines
}

/// The text within `width`, its middle cut out.
fn middle(text: &str, width: usize, dots: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(dots.width() + 2);
    let head: String = within(text.graphemes(true), room / 2).concat();
    format!("{} {dots} {}", head.trim_end(), last_columns(text, room - room / 2).trim_start())
}

/// The beginning of the text within `width`; dots beyond it stand for the rest.
fn head_of(text: &str, width: usize, dots: &str) -> String {
    if text.width() <= width + dots.width() {
        return text.to_owned();
    }
    format!("{} {dots}", within(text.graphemes(true), width).concat().trim_end())
}

/// The end of the text within `width`, dots before it for the rest.
fn tail_of(text: &str, width: usize, dots: &str) -> String {
    if text.width() <= width + dots.width() {
        return text.to_owned();
    }
    format!("{dots} {}", last_columns(text, width).trim_start())
}

fn last_columns(text: &str, width: usize) -> String {
    let mut kept = within(text.graphemes(true).rev(), width);
    kept.reverse();
    kept.concat()
}

/// As many graphemes as fit.
fn within<'t>(graphemes: impl Iterator<Item = &'t str>, width: usize) -> Vec<&'t str> {
    let mut used = 0;
    let fits = |g: &&str| {
        used += g.width();
        used <= width
    };
    graphemes.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::snippet::Mark;
    use proptest::prelude::*;

    fn style(width: usize, unicode: bool) -> Style {
        Style { colour: false, unicode, width, full: false }
    }

    fn piece(text: &str, marks: &[(&str, &str)]) -> Piece {
        let mark = |(what, label): &(&str, &str)| {
            let start = text.find(what).unwrap();
            Mark { range: start..start + what.len(), label: label.to_string() }
        };
        Piece {
            source: "m.eml".into(),
            first_line: Some(7),
            skipped: 0,
            text: text.into(),
            marks: marks.iter().map(mark).collect(),
        }
    }

    #[test]
    fn a_line_that_fits_is_shown_whole() {
        let drawn = draw(
            &[piece("a\n  spf=fail for b\nc\nd: x", &[("spf=fail", "one"), ("b", "two"), ("x", "three")])],
            style(60, true),
            Ink::Fail,
        );
        let expected = "   ╭▸ m.eml:8:3
 8 │   spf=fail for b
   │   ┬━━━━━━━     ━ two
   │   one
   ┆
10 │ d: x
   │    ━ three
";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_long_line_loses_what_is_between_and_keeps_the_passages() {
        let text =
            format!("spf=softfail ({}) smtp.mailfrom=orders@shop.example; and so on and on and on", "x".repeat(80));
        let marks = [("spf=softfail", "the receiver's result"), ("orders@shop.example", "the address SPF checks")];
        let drawn = draw(&[piece(&text, &marks)], style(80, false), Ink::Fail);
        let expected = "   --> m.eml:7:1
 7 | spf=softfail (xxxxxxxx ... .mailfrom=orders@shop.example; and so on ...
   | ^^^^^^^^^^^^                         ^^^^^^^^^^^^^^^^^^^
   |              |                       the address SPF checks
";
        // The exact cut may change; the shape may not.
        assert_eq!(drawn.lines().count(), expected.lines().count() + 1, "{drawn}");
        assert!(drawn.lines().all(|l| l.width() <= 80), "{drawn}");
        assert!(drawn.contains("spf=softfail") && drawn.contains("orders@shop.example"), "{drawn}");
    }

    #[test]
    fn a_place_at_the_end_of_a_full_row_stays_within_the_terminal() {
        for (text, at) in [("; aa;日;;日aaaa日 日;  ==aa aa;日日 ", 42), ("spf=pass smtp.mailfrom=a.example; aa", 36)]
        {
            for width in 38..46 {
                let marks = vec![Mark { range: at.min(text.len())..at.min(text.len()), label: "label".into() }];
                let piece = Piece { source: "-".into(), first_line: Some(1), skipped: 0, text: text.into(), marks };
                let drawn = draw(&[piece], style(width, false), Ink::Fail);
                assert!(drawn.lines().all(|l| l.width() <= width) && drawn.contains("label"), "{width}\n{drawn}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_terminal_and_every_label_is_told(
            text in "[a-z =;日\\n]{0,400}",
            spots in proptest::collection::vec((0usize..400, 0usize..60), 1..5),
            width in 40usize..120,
            unicode in any::<bool>(),
        ) {
            let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&n| text.is_char_boundary(n)).unwrap_or(0);
            let marks: Vec<Mark> = spots
                .iter()
                .enumerate()
                .map(|(n, &(at, len))| Mark { range: floor(at)..floor(at + len).max(floor(at)), label: format!("label {n}") })
                .collect();
            let piece = Piece { source: "-".into(), first_line: Some(1), skipped: 0, text: text.clone(), marks };
            let drawn = draw(&[piece], style(width, unicode), Ink::Fail);
            for line in drawn.lines() {
                prop_assert!(line.width() <= width, "{}", drawn);
            }
            for n in 0..spots.len() {
                let label = format!("label {n}");
                prop_assert_eq!(drawn.matches(&label).count(), 1, "{}", drawn);
            }
        }
    }
}
