//! The editor for pasted text: ratatui-textarea holds and edits the lines; what is drawn goes
//! through [`crate::safe`], and only the rows in sight are touched.

use super::doc::Pen;
use crate::safe::{clip, mapped};
use crate::tui::keys::Action;
use crate::tui::theme::Ink;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui_textarea::{CursorMove, TextArea};

/// Lines, cursor and undo.
#[derive(Debug, Default)]
pub struct Editor {
    area: TextArea<'static>,
    top: usize,
    left: usize,
}

impl Editor {
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// A line end at the end begins no line of its own.
    pub fn lines(&self) -> usize {
        let all = self.area.lines();
        all.len() - usize::from(all.len() > 1 && all.last().is_some_and(String::is_empty))
    }

    pub fn bytes(&self) -> usize {
        self.area.lines().iter().map(|line| line.len() + 1).sum::<usize>().saturating_sub(1)
    }

    /// Replaces the text; the cursor goes to its end, where more of it would follow.
    pub fn set(&mut self, text: &str) {
        let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect();
        *self = Editor { area: TextArea::new(lines), top: 0, left: 0 };
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// A paste at the cursor; carriage returns are line ends.
    pub fn insert(&mut self, text: &str) {
        if self.is_empty() {
            self.set(&text.replace("\r\n", "\n").replace('\r', "\n"));
        } else {
            self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
        }
    }

    /// A printable key.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        self.area.input_without_shortcuts(key)
    }

    /// An editing action; `false` where it is none.
    pub fn edit(&mut self, action: Action, page: usize) -> bool {
        let area = &mut self.area;
        match action {
            Action::Up => area.move_cursor(CursorMove::Up),
            Action::Down => area.move_cursor(CursorMove::Down),
            Action::Left => area.move_cursor(CursorMove::Back),
            Action::Right => area.move_cursor(CursorMove::Forward),
            Action::LineStart => area.move_cursor(CursorMove::Head),
            Action::LineEnd => area.move_cursor(CursorMove::End),
            Action::PageUp => (0..page).for_each(|_| area.move_cursor(CursorMove::Up)),
            Action::PageDown => (0..page).for_each(|_| area.move_cursor(CursorMove::Down)),
            Action::Open => area.insert_newline(),
            Action::DeleteBack => drop(area.delete_char()),
            Action::DeleteNext => drop(area.delete_next_char()),
            Action::KillWord => drop(area.delete_word()),
            Action::KillToEnd => drop(area.delete_line_by_end()),
            // The next paste takes the place of this one.
            Action::KillLine => {
                area.select_all();
                area.cut();
            }
            Action::Undo => drop(area.undo()),
            _ => return false,
        }
        true
    }

    /// Draws the rows in sight, with line numbers; the cursor only where `focused`.
    pub fn draw(&mut self, frame: &mut Frame, area: Rect, pen: Pen, focused: bool) {
        let cursor = self.area.cursor();
        let (row, column) = (cursor.0, cursor.1);
        let gutter = self.lines().to_string().len().max(3) + 1;
        let width = (area.width as usize).saturating_sub(gutter);
        if width == 0 || area.is_empty() {
            return;
        }
        let height = area.height as usize;
        self.top = self.top.clamp((row + 1).saturating_sub(height), row);
        let line = self.area.lines().get(row).map_or("", String::as_str);
        let x = column_of(line, column);
        self.left = if x < self.left || x >= self.left + width { x.saturating_sub(width / 2) } else { self.left };
        if x < width {
            self.left = 0;
        }
        for (screen, (n, text)) in area.rows().zip(self.area.lines().iter().enumerate().skip(self.top)) {
            let before = if self.left > 0 { '‹' } else { ' ' };
            let number = Span::styled(format!("{:>w$}{before}", n + 1, w = gutter - 1), pen.style(Ink::Faint));
            let text = Span::styled(window(text, self.left, width), pen.style(Ink::Plain));
            frame.buffer_mut().set_line(screen.x, screen.y, &Line::from(vec![number, text]), screen.width);
        }
        if focused {
            let at = Position::new(area.x + (gutter + x - self.left) as u16, area.y + (row - self.top) as u16);
            frame.set_cursor_position(at);
        }
    }
}

/// Bytes of a line that are looked at: a line of megabytes costs no more than the window.
const FAR: usize = 4096;

/// The terminal column of a character index.
fn column_of(line: &str, character: usize) -> usize {
    let byte = line.char_indices().nth(character).map_or(line.len(), |(n, _)| n);
    let map = mapped(line.get(..byte).unwrap_or_default().as_bytes());
    map.columns.last().map_or(0, |&n| n as usize)
}

/// `width` columns of the line from column `left` on.
fn window(line: &str, left: usize, width: usize) -> String {
    let mut end = line.len().min(FAR.max(4 * (left + width)));
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let map = mapped(line.get(..end).unwrap_or_default().as_bytes());
    clip(&super::excerpt::from_column(map.text.as_str(), left), width)
}
