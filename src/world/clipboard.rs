//! The clipboard, by whichever way can be expected to work here, and an honest word on what happened.
//!
//! Inside tmux its own buffer command beats every escape sequence; over SSH only the terminal can
//! reach the user's clipboard (OSC 52, which nobody confirms); otherwise the desktop's clipboard is
//! ours to set. The plain page is the way that cannot fail, and belongs to the app.

mod trip;

pub use trip::Trip;

use base64::Engine as _;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Encoded bytes that terminals accept at least (xterm's limit).
const OSC52_LIMIT: usize = 74_994;

/// GNU screen cuts longer device control strings.
const SCREEN_CHUNK: usize = 240;

/// How long a helper program may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// By which way a text went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Tmux,
    Native,
    /// Sent to the terminal; no answer comes back.
    Osc52,
    /// The same through GNU screen.
    Screen,
}

/// What happened to a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The text is where it should be.
    Confirmed { way: Way, bytes: usize },
    /// It was sent, and nobody says whether it arrived.
    Sent { way: Way, bytes: usize },
    /// No way from here; the reason.
    No(String),
}

impl Copied {
    /// The status line: what happened, and what to do if it did not arrive.
    pub fn message(&self) -> String {
        match self {
            Copied::Confirmed { way: Way::Tmux, bytes } => format!("Copied {bytes} B via tmux. Not there? press P."),
            Copied::Confirmed { bytes, .. } => format!("Copied {bytes} B to the clipboard."),
            Copied::Sent { way: Way::Screen, bytes } => {
                format!("Sent {bytes} B through screen via OSC 52, not confirmed. Not there? press P.")
            }
            Copied::Sent { bytes, .. } => format!("Sent {bytes} B via OSC 52, not confirmed. Not there? press P."),
            Copied::No(why) => format!("Not copied: {why}. Press P for a plain page to select from."),
        }
    }
}

/// What the environment says about the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub tmux: bool,
    pub screen: bool,
    pub ssh: bool,
    pub term: String,
    pub term_program: String,
}

impl Surroundings {
    /// Reads the environment.
    pub fn here() -> Surroundings {
        Surroundings::from(|name| std::env::var_os(name))
    }

    fn from(var: impl Fn(&str) -> Option<OsString>) -> Surroundings {
        let set = |name| var(name).is_some_and(|v| !v.is_empty());
        let text = |name| var(name).and_then(|v| v.into_string().ok()).unwrap_or_default();
        Surroundings {
            tmux: set("TMUX"),
            screen: set("STY"),
            ssh: ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(set),
            term: text("TERM"),
            term_program: text("TERM_PROGRAM"),
        }
    }

    /// Why no escape sequence can reach a clipboard from here.
    fn deaf(&self) -> Option<&'static str> {
        match () {
            () if self.term == "linux" => Some("the Linux console has no clipboard"),
            () if self.term == "dumb" => Some("this terminal takes no escape sequences"),
            () if self.ssh && self.term_program == "Apple_Terminal" => Some("Terminal.app takes no clipboard over SSH"),
            () => None,
        }
    }
}

/// The clipboard for the life of the app: on X11 and Wayland the text is there only while its owner lives.
#[derive(Default)]
pub struct Clipboard {
    surroundings: Surroundings,
    native: Option<arboard::Clipboard>,
    /// The desktop's clipboard holds our text, and loses it when we go.
    pub owns_native: bool,
}

impl Clipboard {
    pub fn new(surroundings: Surroundings) -> Clipboard {
        Clipboard { surroundings, native: None, owns_native: false }
    }

    /// The way a copy would try first, for the status line and `postdoc doctor`.
    pub fn first_way(&self) -> Way {
        match () {
            () if self.surroundings.tmux => Way::Tmux,
            () if !self.surroundings.ssh => Way::Native,
            () if self.surroundings.screen => Way::Screen,
            () => Way::Osc52,
        }
    }

    /// Copies exactly `text`. Escape sequences, if it comes to that, go to `terminal`.
    pub fn copy(&mut self, text: &str, terminal: &mut dyn Write) -> Copied {
        let bytes = text.len();
        if self.surroundings.tmux && feed(tmux(), text) {
            return Copied::Confirmed { way: Way::Tmux, bytes };
        }
        if !self.surroundings.ssh && self.set_native(text) {
            self.owns_native = true;
            return Copied::Confirmed { way: Way::Native, bytes };
        }
        if let Some(why) = self.surroundings.deaf() {
            return Copied::No(why.into());
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        if encoded.len() > OSC52_LIMIT {
            return Copied::No(format!("{bytes} B are more than terminals accept"));
        }
        let way = if self.surroundings.screen && !self.surroundings.tmux { Way::Screen } else { Way::Osc52 };
        match terminal.write_all(&sequence(&encoded, way)).and_then(|()| terminal.flush()) {
            Ok(()) => Copied::Sent { way, bytes },
            Err(e) => Copied::No(format!("the terminal could not be written to ({e})")),
        }
    }

    fn set_native(&mut self, text: &str) -> bool {
        if self.native.is_none() {
            self.native = arboard::Clipboard::new().ok();
        }
        self.native.as_mut().is_some_and(|c| c.set_text(text).is_ok())
    }
}

/// `OSC 52 ; c ; base64 ST`, wrapped for GNU screen in device control strings.
fn sequence(encoded: &str, way: Way) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{encoded}\x1b\\");
    if way != Way::Screen {
        return plain.into_bytes();
    }
    // The final ST would end screen's own string: BEL ends the inner sequence instead.
    let inner = format!("\x1b]52;c;{encoded}\x07");
    inner.as_bytes().chunks(SCREEN_CHUNK).flat_map(|c| [b"\x1bP", c, b"\x1b\\"].concat()).collect()
}

/// `-w` passes the buffer on to the outer terminal's clipboard (tmux 3.2 or newer).
fn tmux() -> Command {
    let mut command = Command::new("tmux");
    command.args(["load-buffer", "-w", "-"]);
    command
}

/// Runs a program with `text` on its standard input; true if it ends well in time.
fn feed(mut command: Command, text: &str) -> bool {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = spawned else { return false };
    let Some(mut stdin) = child.stdin.take() else { return false };
    let text = text.to_owned();
    // A helper that does not read must not hold us.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).is_ok());
    let ended = wait(&mut child);
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    ended == Some(true) && writer.join().unwrap_or(false)
}

fn wait(child: &mut Child) -> Option<bool> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(_) => return Some(false),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over_ssh() -> Surroundings {
        Surroundings { ssh: true, term: "xterm-256color".into(), ..Surroundings::default() }
    }

    #[test]
    fn over_ssh_the_terminal_gets_osc_52_and_nothing_is_claimed() {
        let mut wire = Vec::new();
        let copied = Clipboard::new(over_ssh()).copy("v=spf1 -all", &mut wire);
        assert_eq!(wire, b"\x1b]52;c;dj1zcGYxIC1hbGw=\x1b\\");
        assert_eq!(copied, Copied::Sent { way: Way::Osc52, bytes: 11 });
        assert!(copied.message().contains("not confirmed"));
    }

    #[test]
    fn screen_gets_it_in_chunks_it_does_not_cut() {
        let mut wire = Vec::new();
        let text = "x".repeat(600);
        Clipboard::new(Surroundings { screen: true, ..over_ssh() }).copy(&text, &mut wire);
        let pieces: Vec<_> = wire.split(|&b| b == b'P').skip(1).collect();
        assert!(pieces.len() > 3);
        assert!(pieces.iter().all(|p| p.len() <= SCREEN_CHUNK + 3));
    }

    #[test]
    fn what_cannot_work_is_said_and_not_sent() {
        for deaf in [
            Surroundings { term: "linux".into(), ..over_ssh() },
            Surroundings { term_program: "Apple_Terminal".into(), ..over_ssh() },
        ] {
            let mut wire = Vec::new();
            let copied = Clipboard::new(deaf).copy("x", &mut wire);
            assert!(matches!(copied, Copied::No(_)), "{copied:?}");
            assert!(wire.is_empty());
        }
        let copied = Clipboard::new(over_ssh()).copy(&"x".repeat(60_000), &mut Vec::new());
        assert!(copied.message().contains("plain page"), "{copied:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_helper_is_believed_only_when_it_ends_well_and_in_time() {
        let run = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            feed(command, "text")
        };
        assert!(run("cat >/dev/null"));
        assert!(!run("cat >/dev/null; exit 1"));
        assert!(!run("sleep 5"));
    }
}
