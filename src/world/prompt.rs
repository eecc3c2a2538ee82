//! Questions at the terminal, outside the app: on stderr, so that stdout keeps the result alone.

use super::secret::{LIMIT, NoSecret, Secret};
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal;
use std::io::{IsTerminal, Write};
use zeroize::Zeroizing;

/// Can somebody be asked?
pub fn possible() -> bool {
    std::io::stderr().is_terminal() && std::io::stdin().is_terminal()
}

/// Asks for a secret, without echo.
pub fn hidden(question: &str) -> Result<Secret, NoSecret> {
    if !possible() {
        return Err(NoSecret::NoTerminal);
    }
    let io = |e| NoSecret::Io("the terminal".into(), e);
    ask(question).map_err(io)?;
    let raw = Raw::new().map_err(io)?;
    let typed = typed();
    drop(raw);
    let _ = writeln!(std::io::stderr());
    typed.and_then(|text| match text.is_empty() {
        true => Err(NoSecret::Odd("what was typed".into(), "is empty")),
        false => Ok(Secret::new(text)),
    })
}

/// Asks for a yes; anything else, and the end of the input, is a no.
pub fn yes(question: &str) -> std::io::Result<bool> {
    ask(question)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn ask(question: &str) -> std::io::Result<()> {
    let mut err = std::io::stderr().lock();
    write!(err, "{} ", crate::safe::Safe::line(question))?;
    err.flush()
}

/// The terminal hands over keys as they are typed, and shows none of them.
struct Raw;

impl Raw {
    fn new() -> std::io::Result<Raw> {
        terminal::enable_raw_mode().map(|()| Raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

fn typed() -> Result<Zeroizing<String>, NoSecret> {
    let mut text = Zeroizing::new(String::with_capacity(LIMIT));
    loop {
        let key = match read().map_err(|e| NoSecret::Io("the terminal".into(), e))? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Paste(pasted) => {
                let pasted = Zeroizing::new(pasted);
                pasted.chars().filter(|c| !c.is_control()).for_each(|c| put(&mut text, c));
                continue;
            }
            _ => continue,
        };
        match key.code {
            KeyCode::Enter => return Ok(text),
            KeyCode::Esc => return Err(NoSecret::Cancelled),
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return Err(NoSecret::Cancelled);
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => text.clear(),
            KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                put(&mut text, c);
            }
            KeyCode::Backspace => drop(text.pop()),
            _ => {}
        }
    }
}

/// Never beyond the room there is: growing would leave a copy behind.
fn put(text: &mut String, c: char) {
    if text.len() + c.len_utf8() <= text.capacity() {
        text.push(c);
    }
}
