//! A page of text: sections, wrapped paragraphs, rows; and the pen that makes strangers'
//! text safe on its way in. Everything a screen shows goes through [`Pen`].

use crate::redact::Redaction;
use crate::safe::{Safe, clip};
use crate::tui::theme::{Ink, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// Theme and redaction: what turns any text into spans that may be shown.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    pub theme: Theme,
    pub redact: Option<&'a Redaction>,
}

impl Pen<'_> {
    /// Safe on one line, redacted if that is on.
    pub fn clean(&self, text: impl AsRef<[u8]>) -> String {
        let text = text.as_ref();
        match self.redact {
            Some(redactor) => Safe::line(redactor.apply_bytes(text)).into_string(),
            None => Safe::line(text).into_string(),
        }
    }

    pub fn style(&self, ink: Ink) -> Style {
        self.theme.style(ink)
    }

    pub fn span(&self, text: impl AsRef<[u8]>, ink: Ink) -> Span<'static> {
        Span::styled(self.clean(text), self.style(ink))
    }
}

/// Lines for a page of a given width, built from the top.
pub struct Doc<'a> {
    pub pen: Pen<'a>,
    pub width: usize,
    pub lines: Vec<Line<'static>>,
}

impl<'a> Doc<'a> {
    pub fn new(pen: Pen<'a>, width: u16) -> Self {
        Doc { pen, width: width as usize, lines: Vec::new() }
    }

    pub fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// `── Fix   1 of 2 records ─────────── not published yet ──`
    pub fn section(&mut self, title: &str, right: &str) {
        self.lines.push(Line::from(section(self.pen, title, right, self.width)));
    }

    /// Wrapped running text, every line `indent` columns in; line ends in it are kept.
    pub fn para(&mut self, indent: usize, text: impl AsRef<[u8]>, ink: Ink) {
        let text = String::from_utf8_lossy(text.as_ref()).into_owned();
        for piece in text.split('\n') {
            self.hang(&" ".repeat(indent), Ink::Plain, piece, ink);
        }
    }

    /// A head and, hanging after it, wrapped text.
    pub fn hang(&mut self, head: &str, head_ink: Ink, text: impl AsRef<[u8]>, ink: Ink) {
        let head = self.pen.clean(head);
        let indent = head.width();
        let clean = self.pen.clean(text);
        for (n, line) in wrap(&clean, self.width.saturating_sub(indent)).into_iter().enumerate() {
            let before = if n == 0 { head.clone() } else { " ".repeat(indent) };
            let spans = vec![Span::styled(before, self.pen.style(head_ink)), Span::styled(line, self.pen.style(ink))];
            self.lines.push(Line::from(spans));
        }
    }

    /// A head and, hanging after it, words of several inks, wrapped; a word that is too long is broken.
    pub fn words(&mut self, head: (&str, Ink), words: &[(String, Ink)]) {
        let before = self.pen.clean(head.0);
        let (indent, mut spans) = (before.width(), vec![Span::styled(before, self.pen.style(head.1))]);
        let room = self.width.saturating_sub(indent).max(1);
        let mut used = 0;
        for (text, ink) in words {
            let clean = self.pen.clean(text);
            let pieces = wrap(&clean, room);
            for (n, piece) in pieces.into_iter().enumerate() {
                let gap = usize::from(used > 0);
                if n > 0 || used + gap + piece.width() > room && used > 0 {
                    self.lines.push(Line::from(std::mem::take(&mut spans)));
                    spans.push(Span::raw(" ".repeat(indent)));
                    used = 0;
                } else if gap > 0 {
                    spans.push(Span::raw(" "));
                    used += gap;
                }
                used += piece.width();
                spans.push(Span::styled(piece, self.pen.style(*ink)));
            }
        }
        self.lines.push(Line::from(spans));
    }

    /// Spans of several inks on one line, cut at the width.
    pub fn row(&mut self, pieces: &[(&str, Ink)]) {
        let mut left = self.width;
        let mut spans = Vec::with_capacity(pieces.len());
        for (text, ink) in pieces {
            let text = clip(&self.pen.clean(text), left);
            left -= text.width().min(left);
            spans.push(Span::styled(text, self.pen.style(*ink)));
        }
        self.lines.push(Line::from(spans));
    }

    /// A line of a list. The marked one is reverse video over the whole width, without colour
    /// inside, and carries a sign too.
    pub fn item(&mut self, marked: bool, text: &str) {
        let sign = if marked { '▸' } else { ' ' };
        let text = clip(&format!("{sign} {}", self.pen.clean(text)), self.width);
        let pad = if marked { self.width.saturating_sub(text.width()) } else { 0 };
        let ink = if marked { Ink::Marked } else { Ink::Plain };
        self.lines.push(Line::from(Span::styled(format!("{text}{}", " ".repeat(pad)), self.pen.style(ink))));
    }

    /// A line of a list in several inks; the marked one as [`Doc::item`] has it.
    pub fn entry(&mut self, marked: bool, pieces: &[(&str, Ink)]) {
        match marked {
            true => self.item(true, &pieces.iter().map(|(text, _)| *text).collect::<String>()),
            false => self.row(&[&[("  ", Ink::Plain)][..], pieces].concat()),
        }
    }

    /// Why work has not begun, and the keys that lead on.
    pub fn not_begun(&mut self, why: &str, keys: &str) {
        self.row(&[(" ✗ ", Ink::Fail), ("not begun", Ink::Strong)]);
        self.blank();
        self.para(3, why, Ink::Plain);
        self.blank();
        self.para(3, keys, Ink::Plain);
    }

    /// Two columns of lines, the left one `left_width` wide.
    pub fn beside(&mut self, left: Vec<Line<'static>>, right: Vec<Line<'static>>, left_width: usize) {
        let rows = left.len().max(right.len());
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        for _ in 0..rows {
            let mut line = left.next().unwrap_or_default();
            let pad = (left_width + 2).saturating_sub(line.width());
            line.spans.push(Span::raw(" ".repeat(pad)));
            line.spans.extend(right.next().unwrap_or_default().spans);
            self.lines.push(line);
        }
    }

    /// As [`Doc::draw`]; where lines remain below, the last row says so.
    pub fn scrolled(&self, frame: &mut Frame, area: Rect, top: usize) -> usize {
        let top = self.draw(frame, area, top);
        let rest = self.lines.len().saturating_sub(top + area.height as usize);
        if rest > 0 && area.height >= LEAST_SCROLLED {
            let last = Rect { y: area.bottom() - 1, height: 1, ..area };
            let mut mark = Doc::new(self.pen, (self.width as u16).min(area.width));
            mark.section("", &format!("{} more below: PgDn", rest + 1));
            mark.draw(frame, last, 0);
        }
        top
    }

    /// Draws the lines from `top` on and returns the `top` that was possible.
    pub fn draw(&self, frame: &mut Frame, area: Rect, top: usize) -> usize {
        let top = top.min(self.lines.len().saturating_sub(area.height as usize));
        for (y, line) in area.rows().zip(self.lines.iter().skip(top)) {
            frame.buffer_mut().set_line(y.x, y.y, line, y.width);
        }
        top
    }
}

/// On fewer rows none is spent on saying that there is more.
const LEAST_SCROLLED: u16 = 6;

/// A titled rule.
pub fn section(pen: Pen, title: &str, right: &str, width: usize) -> Vec<Span<'static>> {
    let title = clip(&pen.clean(title), width.saturating_sub(4));
    let right = pen.clean(right);
    let head = if title.is_empty() { String::new() } else { format!("── {title} ") };
    let room = width.saturating_sub(head.width());
    let tail = match right.width() {
        0 => "─".repeat(room),
        n if n + 7 > room => "─".repeat(room),
        n => format!("{} {right} {}", "─".repeat(room - n - 7), "─".repeat(5)),
    };
    let strong = if title.is_empty() { Ink::Plain } else { Ink::Strong };
    vec![Span::styled(head, pen.style(strong)), Span::styled(tail, pen.style(Ink::Faint))]
}

/// Wrapped to `width` at blanks only; a word that is too long, as a key is, is broken where the line ends.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    if width == 0 {
        return vec![String::new()];
    }
    let options = textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// `left`, blanks, `right`, exactly `width` columns; the right side yields first.
pub fn spread(left: &str, right: &str, width: usize) -> String {
    let right = if left.width() + right.width() + 2 > width && left.width() + 12 > width { "" } else { right };
    let left = clip(left, width.saturating_sub(if right.is_empty() { 0 } else { right.width() + 2 }));
    let gap = width.saturating_sub(left.width() + right.width());
    format!("{left}{}{right}", " ".repeat(gap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn last_row(lines: usize, height: u16, top: usize) -> String {
        let mut terminal = Terminal::new(TestBackend::new(40, height)).unwrap();
        terminal
            .draw(|frame| {
                let mut doc = Doc::new(Pen { theme: Theme::Mono, redact: None }, 40);
                (1..=lines).for_each(|n| doc.row(&[(&format!("line {n}"), Ink::Plain)]));
                let area = frame.area();
                doc.scrolled(frame, area, top);
            })
            .unwrap();
        let buffer = terminal.backend().buffer();
        (0..40).map(|x| buffer[(x, height - 1)].symbol()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn the_last_row_says_that_there_is_more() {
        assert!(last_row(20, 10, 0).contains("11 more below: PgDn"));
        assert!(last_row(20, 10, 9).contains("2 more below: PgDn"));
        assert_eq!(last_row(20, 10, 10), "line 20");
        assert_eq!(last_row(10, 10, 0), "line 10");
        assert_eq!(last_row(20, 4, 0), "line 4", "no row to spare");
    }
}
