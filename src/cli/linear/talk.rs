//! The other end of the line: text goes out on stdout, answers come in on stdin, a line each.

use crate::report::Shown;
use std::io::Write as _;

/// Asks and tells. Nothing is drawn, nothing moves, nothing is said twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Talk;

impl Talk {
    /// Tells a text of one line or several.
    pub fn say(self, text: &str) {
        let text = Shown::default().block(text);
        let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
    }

    /// An answer; `None` where the user ends it with q, or nobody answers any more.
    pub fn ask(self, question: &str) -> Option<String> {
        let mut out = std::io::stdout().lock();
        let _ = write!(out, "{} ", Shown::default().line(question)).and_then(|()| out.flush());
        drop(out);
        let mut answer = String::new();
        // Not locked for longer: passwords are asked for elsewhere.
        match std::io::stdin().read_line(&mut answer) {
            Ok(1..) => Some(answer.trim().to_owned()).filter(|answer| answer != "q"),
            // The shell's prompt is to have a line of its own.
            _ => {
                self.say("");
                None
            }
        }
    }

    /// Asks until the answer can be read; an empty one keeps what is there. False ends it.
    pub fn until<T>(
        self,
        question: &str,
        mut read: impl FnMut(&str) -> Result<T, String>,
        keep: impl FnOnce(T),
    ) -> bool {
        loop {
            match self.ask(question) {
                None => return false,
                Some(answer) if answer.is_empty() => return true,
                Some(answer) => match read(&answer) {
                    Ok(value) => {
                        keep(value);
                        return true;
                    }
                    Err(why) => self.say(&format!("{why}.")),
                },
            }
        }
    }
}
