//! A conversation with an IMAP server: our commands, async-imap's reading of what comes back.
//!
//! Its own commands are not used: they take a lost connection or a refusal for an empty answer, wait without end, and
//! keep copies of passwords.

use super::meter::Meter;
use crate::fetch::{Fault, Reason};
use async_imap::Client;
use async_imap::imap_proto::{Capability, Response, ResponseCode, Status};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Bytes of an answer where no more is asked for than a few lines.
pub(super) const LINES: usize = 64 * 1024;

/// Bytes of a stranger's words that are quoted.
const QUOTED: usize = 300;

/// Any connection, plain or secured.
pub(super) trait Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Debug + Send + Unpin> Stream for S {}

/// One connection.
pub(super) struct Talk {
    client: Client<Meter<Box<dyn Stream>>>,
    /// In upper case: `IDLE`, `AUTH=PLAIN`.
    capabilities: BTreeSet<String>,
    /// How long one command may take.
    patience: Duration,
    tags: u32,
    /// The server's last words, if it has said goodbye.
    bye: Option<String>,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Done {
    pub ok: bool,
    /// It says what the server can do from now on.
    pub capabilities: bool,
    /// The words of the tagged answer, and of warnings on the way there.
    pub text: String,
}

impl Done {
    /// A refusal is a failure.
    pub fn or_refused(self) -> Result<(), Fault> {
        if self.ok { Ok(()) } else { Err(Fault::new(Reason::Refused, self.text)) }
    }
}

impl Talk {
    /// Over a connection on which the server has nothing to say first.
    pub fn new(stream: Box<dyn Stream>, patience: Duration) -> Talk {
        let client = Client::new(Meter::new(stream));
        Talk { client, capabilities: BTreeSet::new(), patience, tags: 0, bye: None }
    }

    /// Reads the greeting (RFC 3501 §7.1); true where it logs us in already.
    pub async fn greet(&mut self) -> Result<bool, Fault> {
        self.client.get_mut().allow(LINES);
        let until = Instant::now() + self.patience;
        let response = timeout_at(until, self.client.read_response()).await.map_err(|_| silent("no greeting"))?;
        let Some(response) = response.map_err(|e| broke(&e))? else {
            return Err(Fault::new(Reason::Lost, "hung up before a greeting"));
        };
        match response.parsed() {
            Response::Data { status: status @ (Status::Ok | Status::PreAuth), outcome } => {
                if let Some(ResponseCode::Capabilities(list)) = &outcome.code {
                    self.capabilities = list.iter().map(word).collect();
                }
                Ok(*status == Status::PreAuth)
            }
            Response::Data { outcome, .. } => Err(Fault::new(Reason::Bye, said(outcome.information.as_deref()))),
            _ => Err(Fault::new(Reason::Garbage, "begins with something that is no greeting")),
        }
    }

    /// How long one command may take.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Asks what the server can do, unless it has said so.
    pub async fn learn(&mut self) -> Result<(), Fault> {
        if self.capabilities.is_empty() {
            self.command("CAPABILITY", LINES, |_| {}).await?.or_refused()?;
        }
        Ok(())
    }

    /// What the server said it can do counts no more after TLS and after the login (RFC 3501 §6.2.1, §6.2.2), unless
    /// its answer to that very command says it anew.
    pub fn forget_unless_told(&mut self, done: &Done) {
        if !done.capabilities {
            self.capabilities.clear();
        }
    }

    /// The connection itself. What the server said ahead is lost with the rest: text before a handshake must not be
    /// taken for text after it.
    pub fn into_stream(self) -> Box<dyn Stream> {
        self.client.into_inner().into_inner()
    }

    /// Puts a command and reads up to its end; `on` sees the untagged answers. `room` bounds their bytes.
    pub async fn command(&mut self, line: &str, room: usize, on: impl FnMut(&Response<'_>)) -> Result<Done, Fault> {
        let until = Instant::now() + self.patience;
        self.command_until(line, room, until, on).await
    }

    /// As [`Talk::command`], with a time of its own.
    pub async fn command_until(
        &mut self,
        line: &str,
        room: usize,
        until: Instant,
        on: impl FnMut(&Response<'_>),
    ) -> Result<Done, Fault> {
        let work = async {
            let tag = self.begin(line, room).await?;
            self.finish(&tag, on).await
        };
        timeout_at(until, work).await.unwrap_or_else(|_| Err(silent("no answer to a command")))
    }

    /// Sends a command; the answer is yet to be read. Takes at most as long as the wait around it.
    pub async fn begin(&mut self, line: &str, room: usize) -> Result<String, Fault> {
        self.begin_with(&[line], room).await
    }

    /// As [`Talk::begin`], for a command in parts: one of them may be a secret, and is copied nowhere.
    pub async fn begin_with(&mut self, parts: &[&str], room: usize) -> Result<String, Fault> {
        self.tags += 1;
        let tag = format!("p{}", self.tags);
        self.client.get_mut().allow(room);
        self.send(&[&[tag.as_str(), " "], parts].concat()).await?;
        Ok(tag)
    }

    /// Sends one line as it is. Nothing of it is kept: it may be a secret.
    pub async fn send(&mut self, parts: &[&str]) -> Result<(), Fault> {
        if parts.iter().flat_map(|part| part.bytes()).any(|b| b.is_ascii_control()) {
            return Err(Fault::new(Reason::Refused, "control characters cannot be sent"));
        }
        let stream = self.client.get_mut();
        for part in parts {
            stream.write_all(part.as_bytes()).await.map_err(|e| broke(&e))?;
        }
        stream.write_all(b"\r\n").await.map_err(|e| broke(&e))?;
        stream.flush().await.map_err(|e| broke(&e))
    }

    /// The answers up to the tagged one.
    pub async fn finish(&mut self, tag: &str, mut on: impl FnMut(&Response<'_>)) -> Result<Done, Fault> {
        let mut warnings = Vec::new();
        loop {
            match self.next(tag, &mut warnings, &mut on).await? {
                Step::Done(done) => return Ok(done),
                Step::Continue(_) | Step::Untagged => {}
            }
        }
    }

    /// One answer. May be dropped at any point: what has been read is kept.
    pub async fn next(
        &mut self,
        tag: &str,
        warnings: &mut Vec<String>,
        on: &mut impl FnMut(&Response<'_>),
    ) -> Result<Step, Fault> {
        let response = match self.client.read_response().await {
            Ok(Some(response)) => response,
            Ok(None) => return Err(self.gone(Fault::new(Reason::Lost, "hung up"))),
            Err(e) => return Err(self.gone(broke(&e))),
        };
        match response.parsed() {
            Response::Done { tag: theirs, status, outcome } if theirs.0 == tag => {
                let list: Option<BTreeSet<String>> = match &outcome.code {
                    Some(ResponseCode::Capabilities(list)) => Some(list.iter().map(word).collect()),
                    _ => None,
                };
                let capabilities = list.is_some();
                self.capabilities = list.unwrap_or_else(|| std::mem::take(&mut self.capabilities));
                let ok = *status == Status::Ok;
                warnings.insert(0, said(outcome.information.as_deref()));
                let text = if ok { String::new() } else { warnings.join("; ") };
                return Ok(Step::Done(Done { ok, capabilities, text }));
            }
            Response::Continue(outcome) => {
                return Ok(Step::Continue(outcome.information.as_deref().unwrap_or_default().to_owned()));
            }
            Response::Data { status: Status::Bye, outcome } => self.bye = Some(said(outcome.information.as_deref())),
            Response::Data { status: Status::No | Status::Bad, outcome } if warnings.len() < 4 => {
                warnings.push(said(outcome.information.as_deref()));
            }
            Response::Capabilities(list) => self.capabilities = list.iter().map(word).collect(),
            _ => {}
        }
        on(response.parsed());
        Ok(Step::Untagged)
    }

    /// A lost connection, or the goodbye before it.
    fn gone(&mut self, fault: Fault) -> Fault {
        match self.bye.take() {
            Some(text) if fault.reason == Reason::Lost => Fault::new(Reason::Bye, text),
            _ => fault,
        }
    }
}

/// One answer of the server.
pub(super) enum Step {
    Done(Done),
    /// It waits for more, and says this.
    Continue(String),
    Untagged,
}

fn word(capability: &Capability<'_>) -> String {
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".into(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(atom) => atom.to_ascii_uppercase(),
    }
}

fn said(text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    text[..text.floor_char_boundary(QUOTED)].to_owned()
}

pub(super) fn silent(what: &str) -> Fault {
    Fault::new(Reason::Silent, format!("{what} in time"))
}

/// What a failed read or write means.
fn broke(error: &std::io::Error) -> Fault {
    match error.kind() {
        // The meter's word.
        ErrorKind::InvalidData if error.get_ref().is_some_and(|e| e.to_string() == "more than was asked for") => {
            Fault::new(Reason::TooLarge, "more than was asked for")
        }
        ErrorKind::Other => {
            // async-imap: "… during parsing of "the bytes"".
            let text = error.to_string();
            let bytes = text.split_once("during parsing of ").map_or(&*text, |(_, bytes)| bytes);
            let end = bytes.floor_char_boundary(80);
            Fault::new(Reason::Garbage, format!("says something that is not expected: {}", &bytes[..end]))
        }
        ErrorKind::UnexpectedEof
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted => Fault::new(Reason::Lost, "hung up"),
        _ => Fault::new(Reason::Lost, error.to_string()),
    }
}

/// A string of a command (RFC 3501 §9, `quoted`).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
