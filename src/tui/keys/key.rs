//! Keys as they are pressed, named and shown.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as the table knows it: Shift is in the character already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
}

impl Key {
    /// What was pressed; `None` for chords with Alt and the like, which nothing is bound to.
    pub fn of(event: &KeyEvent) -> Option<Key> {
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            KeyCode::Char(c) if ctrl => Key { code: KeyCode::Char(c.to_ascii_lowercase()), ctrl },
            code => Key { code, ctrl: ctrl && matches!(code, KeyCode::Char(_)) },
        })
    }

    /// A key with Ctrl.
    pub const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: true }
    }

    /// A key by its name in the settings: `y`, `ctrl-y`, `f5`, `shift-tab`.
    pub fn named(name: &str) -> Option<Key> {
        let plain = |code| Some(Key { code, ctrl: false });
        let lower = name.to_ascii_lowercase();
        if let Some(c) = lower.strip_prefix("ctrl-").and_then(single) {
            return Some(Key::ctrl(c));
        }
        if let Some(n) = lower.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n)) {
            return plain(KeyCode::F(n));
        }
        plain(match lower.as_str() {
            "space" => KeyCode::Char(' '),
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "shift-tab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "delete" => KeyCode::Delete,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            _ => KeyCode::Char(single(name)?),
        })
    }

    /// How the key is written in footer and help.
    pub fn show(self) -> String {
        match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => format!("Ctrl+{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift+Tab".to_owned(),
            KeyCode::Backspace => "Bksp".to_owned(),
            KeyCode::F(n) => format!("F{n}"),
            other => format!("{other:?}"),
        }
    }
}

/// The one character of a text.
pub(super) fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

pub(super) const fn ch(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: false }
}
pub(super) const fn ctrl(c: char) -> Key {
    Key::ctrl(c)
}
pub(super) const fn on(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}
