//! A receiving mail server without its sockets: the session, what is added to a message that was taken, and how.
//!
//! ```text
//! bytes ──► session ──► replies
//!              └──► mail ──► (the engine) ──► verdicts ──► stamp ──► the message as delivered
//! ```

pub mod authres;
pub mod bind;
mod data;
pub mod forged;
mod policy;
pub mod session;
#[cfg(test)]
mod session_tests;
pub mod stamp;
pub mod verdicts;

pub use policy::{Policy, Recipient, name};
pub use session::{Session, Turn};

use std::net::IpAddr;

/// The encryption of a connection, as its Received field names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `TLSv1.3`
    pub version: String,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: String,
}

/// A message that was taken, with its envelope and the connection it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub client: IpAddr,
    /// As the client said it: a stranger's text.
    pub helo: String,
    /// Greeted with EHLO, not HELO.
    pub extended: bool,
    pub tls: Option<Encryption>,
    /// `None`: the null reverse path, `<>`.
    pub mail_from: Option<String>,
    pub recipients: Vec<String>,
    /// SMTPUTF8 was asked for (RFC 6531).
    pub utf8: bool,
    /// Header and body, dots unstuffed, each line ending in CRLF.
    pub content: Vec<u8>,
}

impl Mail {
    /// The protocol of the `with` clause (RFC 3848, RFC 6531 §4.3).
    pub fn protocol(&self) -> &'static str {
        match (self.utf8, self.extended, self.tls.is_some()) {
            (true, _, true) => "UTF8SMTPS",
            (true, _, false) => "UTF8SMTP",
            (false, true, true) => "ESMTPS",
            (false, true, false) => "ESMTP",
            (false, false, _) => "SMTP",
        }
    }
}
