//! One line of text with a cursor that moves by grapheme.

use super::excerpt::from_column;
use crate::safe::clip;
use crate::tui::keys::Action;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A text and a cursor (byte offset at a grapheme boundary).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineEdit {
    text: String,
    at: usize,
}

impl LineEdit {
    pub fn new(text: impl Into<String>) -> LineEdit {
        let text = text.into();
        LineEdit { at: text.len(), text }
    }

    /// With the cursor behind these first bytes.
    pub fn at(mut self, bytes: usize) -> LineEdit {
        if self.text.is_char_boundary(bytes) {
            self.at = bytes;
        }
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text left of the cursor.
    pub fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What `room` columns show of the text, made safe by `clean`, and the column of the cursor in it: the cursor
    /// stays in sight, and so does the tail of a text that is longer than its line.
    pub fn window(&self, room: usize, clean: impl Fn(&str) -> String) -> (String, usize) {
        let (text, at) = (clean(&self.text), clean(self.before()).width());
        if at < room || room < 2 {
            return (clip(&text, room), at);
        }
        let left = at + 1 - room;
        let rest = from_column(&text, left + 1);
        // No sign of what is cut off behind: the cursor may stand there.
        let fits = |end: &usize| rest.get(..*end).is_some_and(|head| head.width() < room);
        let end = rest.grapheme_indices(true).map(|(at, g)| at + g.len()).take_while(fits).last().unwrap_or(0);
        (format!("…{}", rest.get(..end).unwrap_or_default()), room - 1)
    }

    /// Types; line ends become blanks.
    pub fn insert(&mut self, text: &str) {
        let text: String = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
        self.text.insert_str(self.at, &text);
        self.at += text.len();
    }

    /// Does what a typing key does; `false` where the action is not one of editing.
    pub fn edit(&mut self, action: Action) -> bool {
        match action {
            Action::Left => self.at -= last(self.before()),
            Action::Right => self.at += first(self.after()),
            Action::LineStart => self.at = 0,
            Action::LineEnd => self.at = self.text.len(),
            Action::DeleteBack => self.delete_back(last(self.before())),
            Action::DeleteNext => drop(self.text.drain(self.at..self.at + first(self.after()))),
            Action::KillToEnd => self.text.truncate(self.at),
            Action::KillLine => *self = LineEdit::default(),
            Action::KillWord => {
                let kept = self.before().trim_end().rfind(char::is_whitespace).map_or(0, |n| n + 1);
                self.delete_back(self.at - kept.min(self.at));
            }
            _ => return false,
        }
        true
    }

    /// Deletes these bytes before the cursor; they have to be whole characters.
    pub fn delete_back(&mut self, bytes: usize) {
        self.text.drain(self.at - bytes..self.at);
        self.at -= bytes;
    }
}

fn last(text: &str) -> usize {
    text.graphemes(true).next_back().map_or(0, str::len)
}

fn first(text: &str) -> usize {
    text.graphemes(true).next().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_sight() {
        let window = |line: &LineEdit, room| line.window(room, str::to_owned);
        let mut line = LineEdit::new("abcdefgh");
        assert_eq!(window(&line, 9), ("abcdefgh".to_owned(), 8));
        assert_eq!(window(&line, 8), ("…cdefgh".to_owned(), 7));
        assert_eq!(window(&line, 4), ("…gh".to_owned(), 3));
        assert!((0..2).all(|_| line.edit(Action::Left)));
        assert_eq!(window(&line, 4), ("…efg".to_owned(), 3));
        line.edit(Action::LineStart);
        assert_eq!(window(&line, 4), ("abc…".to_owned(), 0));
    }

    #[test]
    fn moves_and_deletes_whole_graphemes() {
        let mut line = LineEdit::new("ae\u{301}x");
        line.edit(Action::Left);
        line.edit(Action::DeleteBack);
        assert_eq!((line.text(), line.before()), ("ax", "a"));
        line.insert("b\nc");
        assert_eq!(line.text(), "ab cx");
        line.edit(Action::KillWord);
        assert_eq!(line.text(), "ab x");
        line.edit(Action::KillToEnd);
        assert_eq!(line.text(), "ab ");
    }
}
