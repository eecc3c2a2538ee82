//! There and back: a word is put on the clipboard and read from it again, and what was there is put back.

use super::{Clipboard, Way, feed, tmux, wait};
use std::io::Read;
use std::process::{Command, Stdio};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trip {
    /// The word came back, and what was there is there again.
    Works(Way),
    /// Something else came back.
    Differs(Way),
    /// It holds no text, so that what it holds could not be put back; nothing was written.
    NotText,
    /// Only the terminal can be asked to take a text, and it never gives one back; nothing was written.
    Terminal,
    No(String),
}

impl Clipboard {
    /// Makes the trip by the way a copy would go.
    pub fn round_trip(&self, word: &str) -> Trip {
        match self.first_way() {
            Way::Tmux => through_tmux(word),
            Way::Native => through_desktop(word).unwrap_or(Trip::Terminal),
            Way::Osc52 | Way::Screen => Trip::Terminal,
        }
    }
}

/// `None` without a desktop's clipboard.
fn through_desktop(word: &str) -> Option<Trip> {
    let mut native = arboard::Clipboard::new().ok()?;
    let before = match native.get_text() {
        Ok(text) => text,
        // Empty, or an image that would be lost.
        Err(arboard::Error::ContentNotAvailable | arboard::Error::ConversionFailure) => return Some(Trip::NotText),
        Err(_) => return None,
    };
    native.set_text(word).ok()?;
    let came_back = native.get_text().is_ok_and(|text| text == word);
    Some(match (came_back, native.set_text(before)) {
        (true, Ok(())) => Trip::Works(Way::Native),
        (false, Ok(())) => Trip::Differs(Way::Native),
        (_, Err(e)) => Trip::No(format!("what was there could not be put back ({e})")),
    })
}

/// A buffer of tmux on top of those there are, which goes again.
fn through_tmux(word: &str) -> Trip {
    let before = buffer();
    if !feed(tmux(), word) {
        return Trip::No("tmux takes no buffer".into());
    }
    let came_back = buffer().is_some_and(|text| text == word.as_bytes());
    drop_buffer();
    // -w has passed the word on to the outer terminal: it is to have what it had. The buffer itself is there still.
    let restored = before.is_none_or(|text| feed(tmux(), &String::from_utf8_lossy(&text)) && drop_buffer());
    match (came_back, restored) {
        (true, true) => Trip::Works(Way::Tmux),
        (false, _) => Trip::Differs(Way::Tmux),
        (true, false) => Trip::No("what was there could not be put back".into()),
    }
}

/// Takes the newest buffer away again.
fn drop_buffer() -> bool {
    let mut delete = Command::new("tmux");
    delete.arg("delete-buffer");
    feed(delete, "")
}

/// What tmux would paste.
fn buffer() -> Option<Vec<u8>> {
    let mut show = Command::new("tmux");
    show.arg("show-buffer").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = show.spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).is_ok().then_some(text)
    });
    let ended = wait(&mut child);
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    reader.join().ok().flatten().filter(|_| ended == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clipboard::Surroundings;

    #[test]
    fn over_a_terminal_nothing_is_written() {
        let over_ssh = Surroundings { ssh: true, term: "xterm-256color".into(), ..Surroundings::default() };
        assert_eq!(Clipboard::new(over_ssh).round_trip("postdoc-7F3A"), Trip::Terminal);
    }
}
