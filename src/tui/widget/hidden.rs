//! A line for a secret: typed, counted, never shown. What was typed is wiped when it is dropped.

use crate::tui::keys::Action;
use crate::world::secret::{LIMIT, Secret};
use std::fmt;
use zeroize::Zeroizing;

/// A secret that is being typed. It has room from the start: text that grows leaves copies behind.
pub struct Hidden(Zeroizing<String>);

impl Default for Hidden {
    fn default() -> Hidden {
        Hidden(Zeroizing::new(String::with_capacity(LIMIT)))
    }
}

impl Hidden {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Types; what cannot be part of a password is left out.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.0.len() + c.len_utf8() <= self.0.capacity() {
                self.0.push(c);
            }
        }
    }

    /// Does what a typing key does, at the end of the text.
    pub fn edit(&mut self, action: Action) {
        match action {
            Action::DeleteBack => drop(self.0.pop()),
            Action::KillLine | Action::KillWord => self.0.clear(),
            _ => {}
        }
    }

    /// `(hidden, 12 characters)`
    pub fn words(&self) -> String {
        match self.0.chars().count() {
            1 => "(hidden, 1 character)".into(),
            n => format!("(hidden, {n} characters)"),
        }
    }

    /// A copy to log in with; `None` where nothing was typed.
    pub fn secret(&self) -> Option<Secret> {
        if self.is_empty() {
            return None;
        }
        let mut text = String::with_capacity(LIMIT);
        text.push_str(&self.0);
        Some(Secret::new(Zeroizing::new(text)))
    }
}

impl Clone for Hidden {
    fn clone(&self) -> Hidden {
        let mut copy = Hidden::default();
        copy.0.push_str(&self.0);
        copy
    }
}

impl PartialEq for Hidden {
    fn eq(&self, other: &Hidden) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for Hidden {}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_typed_and_never_shown() {
        let mut hidden = Hidden::default();
        assert!(hidden.secret().is_none());
        hidden.insert("pl4nt\u{e9}d\n");
        hidden.edit(Action::DeleteBack);
        assert_eq!(hidden.secret().unwrap().expose(), "pl4nt\u{e9}");
        assert!(!format!("{hidden:?}{}", hidden.words()).contains("pl4nt"));
        assert_eq!(hidden.words(), "(hidden, 6 characters)");
        hidden.edit(Action::KillLine);
        assert!(hidden.is_empty());
        hidden.insert(&"x".repeat(2 * LIMIT));
        assert_eq!(hidden.secret().unwrap().expose().len(), LIMIT);
    }
}
