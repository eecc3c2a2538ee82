//! A form: lines with a label, each a text to type or a choice to turn.

use super::doc::Doc;
use super::hidden::Hidden;
use super::line_edit::LineEdit;
use crate::tui::keys::Action;
use unicode_width::UnicodeWidthStr;

/// A line of a form, as its screen declares it.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub label: &'static str,
    /// Empty for a text; the first stands where nothing was chosen.
    pub choices: &'static [&'static str],
    /// What to write there, shown behind an empty line.
    pub hint: &'static str,
}

/// What is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    lines: &'static [Line],
    pub at: usize,
    texts: Vec<LineEdit>,
    /// A line that is neither shown nor kept.
    secret: Option<(usize, Hidden)>,
}

impl Form {
    pub fn new(lines: &'static [Line]) -> Form {
        let text = |line: &Line| LineEdit::new(*line.choices.first().unwrap_or(&""));
        Form { lines, at: 0, texts: lines.iter().map(text).collect(), secret: None }
    }

    /// With a line in which a secret is typed.
    pub fn with_secret(self, line: usize) -> Form {
        Form { secret: Some((line, Hidden::default())), ..self }
    }

    /// What is typed there.
    pub fn secret(&self) -> Option<&Hidden> {
        self.secret.as_ref().map(|(_, hidden)| hidden)
    }

    /// The secret under the cursor.
    fn hidden(&mut self) -> Option<&mut Hidden> {
        let at = self.at;
        self.secret.as_mut().filter(|(line, _)| *line == at).map(|(_, hidden)| hidden)
    }

    pub fn text(&self, line: usize) -> &str {
        self.texts.get(line).map_or("", |t| t.text().trim())
    }

    /// Some text where one stands.
    pub fn some(&self, line: usize) -> Option<&str> {
        Some(self.text(line)).filter(|t| !t.is_empty())
    }

    pub fn set(&mut self, line: usize, text: impl Into<String>) {
        if let Some(edit) = self.texts.get_mut(line) {
            *edit = LineEdit::new(text);
        }
    }

    /// Every line's text, and back: to be kept.
    pub fn kept(&self) -> Vec<String> {
        self.texts.iter().map(|t| t.text().to_owned()).collect()
    }

    pub fn take_back(&mut self, kept: &[String]) {
        for (n, text) in kept.iter().enumerate().take(self.lines.len()) {
            let choices = self.lines[n].choices;
            if choices.is_empty() || choices.contains(&text.as_str()) {
                self.set(n, text.clone());
            }
        }
    }

    fn chooses(&self) -> &'static [&'static str] {
        self.lines.get(self.at).map_or(&[], |l| l.choices)
    }

    pub fn insert(&mut self, text: &str) {
        if let Some(hidden) = self.hidden() {
            hidden.insert(text);
        } else if self.chooses().is_empty()
            && let Some(line) = self.texts.get_mut(self.at)
        {
            line.insert(text);
        }
    }

    /// Does what a key does; true where the form is done.
    pub fn act(&mut self, action: Action) -> bool {
        let last = self.lines.len().saturating_sub(1);
        match action {
            Action::Diagnose => return true,
            Action::Open if self.at == last => return true,
            Action::Open | Action::NextField | Action::Down => self.at = (self.at + 1).min(last),
            Action::PreviousField | Action::Up => self.at = self.at.saturating_sub(1),
            Action::PageUp => self.at = 0,
            Action::PageDown => self.at = last,
            turn @ (Action::Left | Action::Right) if !self.chooses().is_empty() => {
                let choices = self.chooses();
                let now = choices.iter().position(|c| *c == self.text(self.at)).unwrap_or(0);
                let by = if turn == Action::Right { 1 } else { choices.len() - 1 };
                self.set(self.at, choices[(now + by) % choices.len()]);
            }
            edit if self.chooses().is_empty() => {
                if let Some(hidden) = self.hidden() {
                    hidden.edit(edit);
                } else if let Some(line) = self.texts.get_mut(self.at) {
                    line.edit(edit);
                }
            }
            _ => {}
        }
        false
    }

    /// Writes the lines, one of them marked where it `has` the cursor; its place, as line and column.
    pub fn write(&self, doc: &mut Doc, has: bool) -> (usize, usize) {
        let width = self.lines.iter().map(|l| l.label.width()).max().unwrap_or(0);
        let mut marked = (0, 0);
        for (n, line) in self.lines.iter().enumerate() {
            let edit = &self.texts[n];
            let choice = !line.choices.is_empty();
            let before = 2 + width + 2;
            let room = doc.width.saturating_sub(before);
            let (window, typed) = edit.window(room, |text| doc.pen.clean(text));
            let here = has && n == self.at;
            if here {
                marked = (doc.lines.len(), before + if choice { 0 } else { typed });
            }
            let hidden = self.secret.as_ref().filter(|(at, hidden)| *at == n && !hidden.is_empty());
            let shown = match (choice, edit.is_empty()) {
                _ if hidden.is_some() => hidden.map_or(String::new(), |(_, hidden)| hidden.words()),
                (true, _) => format!("‹ {} ›  {}", edit.text(), line.hint),
                (false, true) => format!("  ({})", line.hint),
                (false, false) if here => window,
                (false, false) => edit.text().to_owned(),
            };
            let pad = " ".repeat(width - line.label.width());
            doc.item(here, &format!("{}{pad}  {}", line.label, shown.trim_end()));
        }
        marked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &[Line] = &[
        Line { label: "name", choices: &[], hint: "example.com" },
        Line { label: "kind", choices: &["a", "b", "c"], hint: "" },
    ];

    #[test]
    fn texts_are_typed_and_choices_turned() {
        let mut form = Form::new(LINES);
        form.insert("x.example");
        assert!(!form.act(Action::Open));
        form.insert("nothing is typed into a choice");
        form.act(Action::Left);
        assert_eq!((form.text(0), form.text(1)), ("x.example", "c"));
        form.act(Action::Right);
        assert_eq!(form.text(1), "a");
        assert!(form.act(Action::Open), "the last line ends it");
        let mut other = Form::new(LINES);
        other.take_back(&form.kept());
        assert_eq!(other.kept(), form.kept());
        other.take_back(&["y".into(), "nonsense".into(), "too much".into()]);
        assert_eq!((other.text(0), other.text(1)), ("y", "a"));
    }
}
