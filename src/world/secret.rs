//! Passwords and tokens: read when they are needed, wiped after use, never shown.

use super::{limits, prompt};
pub use crate::config::secret::{Proof, Source};
use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Bytes of a secret at most: tokens of OAuth run to a few thousand. Room for all of them is taken
/// at once, because text that grows leaves copies behind.
pub const LIMIT: usize = 16 * 1024;

/// How long a command may take to say a secret: somebody may have to type into another window.
const PATIENCE: Duration = Duration::from_secs(120);

/// A password or a token. Wiped when dropped; `Debug` shows nothing of it, and `Display` there is none.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes what was typed. Give it text with room for [`LIMIT`] bytes, or copies may stay in memory.
    pub fn new(text: Zeroizing<String>) -> Secret {
        limits::no_core_dumps();
        Secret(text)
    }

    /// The secret itself: for the one line that tells it to the server, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first line of what a file or a command says.
    fn of(bytes: Zeroizing<Vec<u8>>, place: &str) -> Result<Secret, NoSecret> {
        if bytes.len() > LIMIT {
            return Err(NoSecret::Odd(place.into(), "is longer than any password or token"));
        }
        let line = bytes.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
        match std::str::from_utf8(line) {
            Ok("") => Err(NoSecret::Odd(place.into(), "is empty in its first line")),
            Ok(text) if text.contains('\0') => Err(NoSecret::Odd(place.into(), "holds a NUL byte")),
            Ok(text) => Ok(Secret::new(Zeroizing::new(text.to_owned()))),
            Err(_) => Err(NoSecret::Odd(place.into(), "is not UTF-8 text")),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Who logs in.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: String,
    pub secret: Secret,
    pub proof: Proof,
    /// Where a token is to be had again: it runs out within the hour.
    pub again: Option<Source>,
}

impl Credentials {
    /// Reads the secret of a user; `question` is what a prompt asks. Blocks.
    pub fn read(user: String, source: &Source, proof: Proof, question: &str) -> Result<Credentials, NoSecret> {
        let secret = source.read(&user, question)?;
        let again = (proof == Proof::Token && source.renews()).then(|| source.clone());
        Ok(Credentials { user, secret, proof, again })
    }

    /// With a fresh token; `None` where there is nowhere to get one. Dropping this waits for nothing.
    pub async fn renewed(&self) -> Option<Result<Credentials, NoSecret>> {
        let (user, proof, source) = (self.user.clone(), self.proof, self.again.clone()?);
        let (told, heard) = oneshot::channel();
        // Not on the runtime's own threads: whoever stops need not wait for a command.
        let read = move || drop(told.send(Credentials::read(user, &source, proof, "")));
        if let Err(e) = std::thread::Builder::new().name("secret".into()).spawn(read) {
            return Some(Err(NoSecret::Io("a thread".into(), e)));
        }
        heard.await.ok()
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum NoSecret {
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    #[error("{0} {1}")]
    Odd(String, &'static str),
    #[error("the command ended with {0}: {1}")]
    Failed(std::process::ExitStatus, String),
    #[error("the command said nothing within {} s", PATIENCE.as_secs())]
    Late,
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    #[error("there is no terminal to ask for it: use --password-file, --password-command or --password-env")]
    NoTerminal,
    #[error("the keyring has no secret of {user} for the service {service:?}: {why}")]
    NoEntry { service: String, user: String, why: String },
    #[error(
        "this postdoc was built without the keyring: build it with --features keyring, or have a command print the \
         secret (secret-tool lookup, security find-generic-password)"
    )]
    NoKeyring,
    #[error("given up at the prompt")]
    Cancelled,
}

impl Source {
    /// Reads the secret of a user; `question` is what a prompt asks. Blocks.
    pub fn read(&self, user: &str, question: &str) -> Result<Secret, NoSecret> {
        limits::no_core_dumps();
        match self {
            Source::Prompt => prompt::hidden(question),
            Source::File(path) if path.as_os_str() == "-" => {
                bounded(std::io::stdin().lock(), "standard input").and_then(|b| Secret::of(b, "standard input"))
            }
            Source::File(path) => {
                let place = path.display().to_string();
                let file = std::fs::File::open(path).map_err(|e| NoSecret::Io(place.clone(), e))?;
                Secret::of(bounded(file, &place)?, &place)
            }
            Source::Command(line) => command(line),
            Source::Env(name) => {
                let value = std::env::var(name).map_err(|_| NoSecret::NoVariable(name.clone()))?;
                Secret::of(Zeroizing::new(value.into_bytes()), name)
            }
            Source::Keyring(service) => keyring(service, user),
        }
    }
}

fn bounded(from: impl Read, place: &str) -> Result<Zeroizing<Vec<u8>>, NoSecret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    from.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(|e| NoSecret::Io(place.into(), e))?;
    Ok(bytes)
}

/// What a command prints. It gets no input; what it complains of is told if it fails.
fn command(line: &str) -> Result<Secret, NoSecret> {
    const PLACE: &str = "what the command said";
    let io = |e| NoSecret::Io(line.to_owned(), e);
    let mut child =
        shell(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(io)?;
    let (said, complained) = (child.stdout.take(), child.stderr.take());
    let listen = |from: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || from.map_or(Ok(Zeroizing::default()), |from| bounded(from, PLACE)))
    };
    let said = listen(said.map(|s| Box::new(s) as Box<dyn Read + Send>));
    let complained = listen(complained.map(|s| Box::new(s) as Box<dyn Read + Send>));
    let until = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().map_err(io)? {
            Some(status) => break status,
            None if Instant::now() > until => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(NoSecret::Late);
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    if !status.success() {
        let words = complained.join().ok().and_then(Result::ok).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
        return Err(NoSecret::Failed(status, last.trim().to_owned()));
    }
    match said.join() {
        Ok(bytes) => Secret::of(bytes?, PLACE),
        Err(_) => Err(NoSecret::Odd(PLACE.into(), "could not be read")),
    }
}

/// The entry of a service and a user in the desktop's keyring. It may ask the user to open it, elsewhere on the screen.
#[cfg(feature = "keyring")]
fn keyring(service: &str, user: &str) -> Result<Secret, NoSecret> {
    let no = |why: String| NoSecret::NoEntry { service: service.into(), user: user.into(), why };
    let (told, heard) = std::sync::mpsc::channel();
    let (of, who) = (service.to_owned(), user.to_owned());
    let read = move || {
        let bytes = keyring::Entry::new(&of, &who).and_then(|entry| entry.get_secret()).map(Zeroizing::new);
        drop(told.send(bytes));
    };
    std::thread::Builder::new().name("keyring".into()).spawn(read).map_err(|e| no(e.to_string()))?;
    match heard.recv_timeout(PATIENCE) {
        Ok(Ok(bytes)) => Secret::of(bytes, "what the keyring holds"),
        Ok(Err(e)) => Err(no(e.to_string())),
        Err(_) => Err(no(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

#[cfg(not(feature = "keyring"))]
fn keyring(_: &str, _: &str) -> Result<Secret, NoSecret> {
    Err(NoSecret::NoKeyring)
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: Source) -> Result<String, String> {
        source.read("u", "?").map(|s| s.expose().to_owned()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_first_line_of_a_file_is_taken_as_it_is() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let of = |text: &[u8]| {
            std::fs::write(file.path(), text).unwrap();
            said(Source::File(file.path().into())).map_err(|e| e.rsplit('/').next().unwrap().to_owned())
        };
        assert_eq!(of(b" p\xc3\xa4ss word \r\nsecond\n").as_deref(), Ok(" p\u{e4}ss word "));
        assert!(of(b"").unwrap_err().ends_with("is empty in its first line"));
        assert!(of(b"\nlater").unwrap_err().ends_with("is empty in its first line"));
        assert!(of(b"\xff").unwrap_err().ends_with("is not UTF-8 text"));
        assert!(of(b"a\0b").unwrap_err().ends_with("holds a NUL byte"));
        assert!(of(&b"x".repeat(LIMIT + 1)).unwrap_err().contains("longer than any"));
        assert!(said(Source::File("/nonexistent/secret".into())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_command_says_it_or_says_why_not() {
        assert_eq!(said(Source::Command("printf 'one\\ntwo\\n' | head -n 1".into())).as_deref(), Ok("one"));
        let failed = said(Source::Command("echo locked >&2; exit 3".into())).unwrap_err();
        assert_eq!(failed, "the command ended with exit status: 3: locked");
    }

    #[test]
    fn a_variable_that_is_not_there_is_named() {
        let why = said(Source::Env("POSTDOC_NO_SUCH_VARIABLE".into())).unwrap_err();
        assert_eq!(why, "the environment variable POSTDOC_NO_SUCH_VARIABLE is not set");
    }

    #[test]
    fn a_keyring_that_has_nothing_says_so() {
        let why = said(Source::Keyring("postdoc-test".into())).unwrap_err();
        let wanted =
            if cfg!(feature = "keyring") { "the keyring has no secret of u" } else { "built without the keyring" };
        assert!(why.contains(wanted), "{why}");
    }

    #[tokio::test]
    async fn a_token_is_had_again_and_a_password_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let line = format!("echo x >> {0}; wc -l < {0}", count.display());
        let read = |proof| Credentials::read("u".into(), &Source::Command(line.clone()), proof, "").unwrap();
        let first = read(Proof::Token);
        let second = first.renewed().await.unwrap().unwrap();
        let tokens = [&first, &second].map(|who| who.secret.expose().trim().to_owned());
        assert_eq!(tokens, ["1", "2"]);
        assert!(read(Proof::Password).renewed().await.is_none());
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new(Zeroizing::new("hunter2".into()));
        let who = Credentials { user: "u".into(), secret, proof: Proof::Password, again: None };
        assert!(!format!("{who:?}").contains("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn no_core_is_dumped_once_a_secret_is_there() {
        drop(Secret::new(Zeroizing::new("x".into())));
        assert_eq!(rustix::process::getrlimit(rustix::process::Resource::Core).current, Some(0));
    }
}
