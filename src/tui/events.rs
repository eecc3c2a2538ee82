//! Keys, pastes and resizes: read in a thread that blocks, handed over in batches.

use super::msg::Msg;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::io;
use std::time::Duration;

/// Keys this close together were not typed.
const BURST: Duration = Duration::from_millis(8);

/// "Is anything waiting?" crossterm's `poll` with a timeout of zero looks at nothing, not even
/// at events it has parsed already; this much makes it look once without sleeping.
const NOW: Duration = Duration::from_micros(100);

/// The next events: the first as soon as it is there, with all that follows it at once. Where
/// several keys wait already, a paste without brackets is on its way: then until it pauses.
pub fn next() -> io::Result<Vec<Event>> {
    let mut batch = vec![event::read()?];
    let mut pause = NOW;
    while batch.len() < 1 << 20 && waiting(pause)? {
        batch.push(event::read()?);
        if batch.iter().rev().take(2).filter(|e| letter(e).is_some()).count() == 2 {
            pause = BURST;
        }
    }
    Ok(batch)
}

/// Asked twice: a thread put to sleep between two looks at the clock has not looked at all.
fn waiting(pause: Duration) -> io::Result<bool> {
    Ok(event::poll(pause)? || event::poll(pause)?)
}

/// Turns a batch into messages; a run of keys that nobody types becomes one paste.
pub fn messages(batch: Vec<Event>) -> Vec<Msg> {
    let mut messages = Vec::new();
    let mut run: Vec<KeyEvent> = Vec::new();
    let mut answer = false;
    for event in batch {
        // a late answer of the terminal to our question for its colours: ESC ] … ESC \ or BEL
        if let Event::Key(key) = &event {
            let alt = key.modifiers.contains(KeyModifiers::ALT);
            match key.code {
                KeyCode::Char(']') if alt => answer = true,
                KeyCode::Char('\\') if alt && answer => {
                    answer = false;
                    continue;
                }
                KeyCode::Char('g') if answer && key.modifiers.contains(KeyModifiers::CONTROL) => {
                    answer = false;
                    continue;
                }
                _ => {}
            }
            if answer {
                continue;
            }
        }
        if letter(&event).is_some()
            && let Event::Key(key) = event
        {
            run.push(key);
            continue;
        }
        flush(&mut run, &mut messages);
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => messages.push(Msg::Key(key)),
            Event::Paste(text) => messages.push(Msg::Paste(text)),
            Event::Resize(..) => messages.push(Msg::Resize),
            _ => {}
        }
    }
    flush(&mut run, &mut messages);
    messages
}

/// Five keys with a line end, or twenty without, are a paste.
fn flush(run: &mut Vec<KeyEvent>, messages: &mut Vec<Msg>) {
    let text: String = run.iter().filter_map(|key| letter(&Event::Key(*key))).collect();
    let count = run.len();
    let mixed = text.chars().any(|c| c != '\n') && text.contains('\n');
    let held = text.chars().all(|c| text.starts_with(c));
    if !held && ((count >= 5 && mixed) || count >= 20) {
        run.clear();
        messages.push(Msg::Paste(text));
    } else {
        messages.extend(run.drain(..).map(Msg::Key));
    }
}

/// The character a key would type.
fn letter(event: &Event) -> Option<char> {
    let Event::Key(key) = event else { return None };
    let plain = (key.modifiers - KeyModifiers::SHIFT).is_empty() && key.kind != KeyEventKind::Release;
    match key.code {
        KeyCode::Char(c) if plain => Some(c),
        KeyCode::Enter if plain => Some('\n'),
        KeyCode::Tab if plain => Some('\t'),
        // a line feed in a paste arrives as Ctrl+J
        KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => Some('\n'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Event> {
        let code = |c| if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        text.chars().map(|c| Event::Key(KeyEvent::new(code(c), KeyModifiers::NONE))).collect()
    }

    #[test]
    fn a_burst_is_a_paste_and_fingers_are_keys() {
        assert!(matches!(&messages(keys("Re: x\n"))[..], [Msg::Paste(t)] if t == "Re: x\n"));
        assert!(matches!(&messages(keys("v=spf1 include:example.net"))[..], [Msg::Paste(_)]));
        for typed in ["jj", "1\n", "yq", "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj", "\n\n\n\n\n\n"] {
            let got = messages(keys(typed));
            assert_eq!(got.len(), typed.len(), "{typed:?}");
            assert!(got.iter().all(|m| matches!(m, Msg::Key(_))), "{typed:?}");
        }
    }

    #[test]
    fn a_late_answer_about_colours_is_swallowed() {
        let mut batch = vec![Event::Key(KeyEvent::new(KeyCode::Char(']'), KeyModifiers::ALT))];
        batch.extend(keys("11;rgb:1e1e/1e1e/1e1e"));
        batch.push(Event::Key(KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT)));
        batch.extend(keys("j"));
        assert!(matches!(&messages(batch)[..], [Msg::Key(k)] if k.code == KeyCode::Char('j')));
    }
}
