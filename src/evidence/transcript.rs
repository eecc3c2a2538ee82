//! An SMTP session in which a message was to be handed over: who said what when, the TLS beneath, and how it ended.
//!
//! It never holds a secret: what is told of a login is written down as a stand-in.

use super::errand::{Step, Tls};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// How far an SMTP session had come (RFC 5321 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Whom to connect to: MX and addresses.
    Route,
    Connect,
    /// The 220 reply, and EHLO.
    Greeting,
    Tls,
    Certificate,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the final dot: the whole message had been given.
    End,
}

impl Stage {
    pub fn word(self) -> &'static str {
        match self {
            Stage::Route => "route",
            Stage::Connect => "connect",
            Stage::Greeting => "greeting",
            Stage::Tls => "TLS",
            Stage::Certificate => "certificate",
            Stage::Auth => "AUTH",
            Stage::Mail => "MAIL",
            Stage::Rcpt => "RCPT",
            Stage::Data => "DATA",
            Stage::End => "end of data",
        }
    }
}

/// One session, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    pub began: jiff::Timestamp,
    /// The server's name: what its certificate is held against.
    pub host: String,
    /// Where it was reached, before any address map.
    pub address: Option<SocketAddr>,
    pub security: Security,
    /// Handed over by this machine to the receiver's own mail host.
    pub direct: bool,
    /// Our end of the connection.
    pub own: Option<IpAddr>,
    pub lines: Vec<Line>,
    /// Where TLS was spoken or tried.
    pub tls: Option<Tls>,
    /// The stage it is in, or was in when it ended.
    pub stage: Stage,
    /// Why it ended before the message was taken; `None` while it goes on, and once it is taken.
    pub stop: Option<Stop>,
    pub left: Left,
    /// How often it was tried, where it was put off on purpose.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub tries: u32,
}

fn once() -> u32 {
    1
}

fn is_once(tries: &u32) -> bool {
    *tries == 1
}

/// Which TLS is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// From the first byte (RFC 8314 §3.3).
    Implicit,
    /// By STARTTLS, or not at all (RFC 3207).
    Starttls,
    /// By STARTTLS where it is offered, whatever the certificate: as mail hosts do among themselves.
    Opportunistic,
    None,
}

impl Security {
    /// The word of `--tls`.
    pub fn word(self) -> &'static str {
        match self {
            Security::Implicit => "implicit",
            Security::Starttls => "starttls",
            Security::Opportunistic => "opportunistic",
            Security::None => "none",
        }
    }
}

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds after the beginning.
    pub at_ms: u32,
    pub way: Way,
    /// Without its line end; a reply of several lines is one, apart by line feeds.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    Sent,
    Heard,
    /// What happened beside the words: connected, TLS begun.
    Note,
}

/// Why it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum Stop {
    /// The server said no; the reply is whole, its lines apart by line feeds.
    Refused { reply: String },
    /// It cannot go on; `offered` are the EHLO keywords known by then.
    Broke {
        step: Step,
        why: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offered: Vec<String>,
    },
    /// The user ended it.
    Cancelled,
    /// The time for the whole was up.
    TimedOut,
}

/// Has the server got the message?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    #[default]
    No,
    /// The final dot was sent, and no answer to it was heard.
    Maybe,
    Yes,
}

impl Left {
    pub fn word(self) -> &'static str {
        match self {
            Left::No => "no",
            Left::Maybe => "maybe",
            Left::Yes => "yes",
        }
    }
}

impl Transcript {
    pub fn new(began: jiff::Timestamp, host: impl Into<String>, security: Security, direct: bool) -> Transcript {
        Transcript {
            began,
            host: host.into(),
            address: None,
            security,
            direct,
            own: None,
            lines: Vec::new(),
            tls: None,
            stage: Stage::Route,
            stop: None,
            left: Left::No,
            tries: 1,
        }
    }

    /// The last reply that took something: of a message that was taken, but for the goodbye, the one to its final dot.
    pub fn last_taken(&self) -> Option<&str> {
        let taken = |l: &&Line| l.way == Way::Heard && l.text.starts_with("250");
        self.lines.iter().rev().find(taken).map(|l| l.text.as_str())
    }
}
