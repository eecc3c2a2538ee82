//! The trust boundary: which Authentication-Results are believed and why (RFC 8601 §5, §7.1),
//! and the connection at which the receiving organization took the message over.

mod believed;
mod hop;
mod identities;
mod inside;
mod party;
pub(crate) mod path;

pub use identities::identities;
pub(crate) use identities::{received_spf, said_helo, said_mail_from};
pub use inside::{Entry, Inside};
pub use party::is_public;

use super::Reading;
use crate::evidence::Said;
use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// Whose words count for this message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boundary {
    /// The authserv-id believed, lower case.
    pub authserv_id: Option<String>,
    /// `gmail`, `microsoft`, `yahoo`, … where recognised ([`crate::knowledge`] receiver ids).
    pub receiver: Option<String>,
    /// Indices into [`Reading::authres`], top to bottom.
    pub believed: Vec<usize>,
    /// The others, with the reason.
    pub distrusted: Vec<(usize, Distrust)>,
    /// One sentence: why these.
    pub because: String,
    /// Index into [`Reading::hops`] of the hop at which the receiving organization took over.
    pub hop: Option<usize>,
    /// The last server, where it is another organization's that wrote no verdict of its own:
    /// the believed fields and `hop` then tell of the connection before. Return-Path tells of the last.
    pub handed_on: Option<String>,
}

/// Why an Authentication-Results field is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distrust {
    /// Below the first foreign one: anyone may have written it.
    BelowForeign,
    /// Another authserv-id than the receiver's.
    Foreign,
    /// Carries the receiver's name but stands below its own Received: forged.
    Forged,
    /// Carries the receiver's name, stands where anyone could have put it, and says the opposite
    /// of the field above: the upper one counts.
    Contradicts,
    /// Stands where anyone could have put it, and counts SPF for another envelope sender than Return-Path, or, by a server
    /// on the way, a signature that the message does not bear.
    Unfitting,
    /// By a server on the way, of a body that was changed since.
    Outdated,
    /// Stamped by the sending organization (Outlook's outbound leftover, `-Untrusted`).
    SendersOwn,
    /// The user chose another (`--trust`).
    NotChosen,
}

/// Finds the fields that are believed. What the user chose (`--trust`) comes first; then the
/// topmost group, merged over one writer's fields and names; reading stops at the first
/// foreign authserv-id (RFC 8601 §5, §7.1).
pub fn find(reading: &Reading, text: &[u8], said: &Said) -> Boundary {
    find_with(reading, text, said, party::Names::KNOWN)
}

fn find_with(reading: &Reading, text: &[u8], said: &Said, names: party::Names) -> Boundary {
    let walk = believed::Walk::new(reading, text, names);
    match said.trust.as_deref() {
        Some(trust) => walk.chosen(trust),
        None => walk.topmost(),
    }
}

/// Whether the message never left the system that it was handed in at; nothing where the user names its source.
pub fn inside(reading: &Reading, text: &[u8], said: &Said) -> Option<Inside> {
    if said.ip.is_some() { None } else { inside::find(reading, text, party::Names::KNOWN) }
}

/// Where an identity was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    User,
    /// The domain or address that is checked.
    Subject,
    AuthenticationResults,
    ReceivedSpf,
    ReturnPath,
    Received,
    Antispam,
    /// The reply that refused it, or the report about it.
    Bounce,
}

/// An identity with its origin; `span` is `None` when the user said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity<T> {
    pub value: T,
    pub origin: Origin,
    pub span: Option<Span>,
}

impl<T> Identity<T> {
    pub fn read(found: Spanned<T>, origin: Origin) -> Self {
        Identity { value: found.value, origin, span: Some(found.span) }
    }
}

/// MAIL FROM as the receiver saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailFrom {
    /// `<>`
    Null,
    /// Lower-case A-label domain, with the local part where known.
    Path { local: Option<String>, domain: String },
}

impl MailFrom {
    pub fn domain(&self) -> Option<&str> {
        match self {
            MailFrom::Null => None,
            MailFrom::Path { domain, .. } => Some(domain),
        }
    }
}

/// Who delivered the message to the receiving organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities {
    pub mail_from: Option<Identity<MailFrom>>,
    /// Lower case.
    pub helo: Option<Identity<String>>,
    pub source_ip: Option<Identity<IpAddr>>,
    /// The reverse name the receiver noted.
    pub reverse_name: Option<Identity<String>>,
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
