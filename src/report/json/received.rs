//! CONTRACT "NDJSON events" of `postdoc listen`, version 1.

use super::diagnosis::{self, Document};
use super::event::{Event, event};
use crate::listen::authres::MethodResult;
use crate::world::listen::{Received, Total};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The first line.
#[derive(Debug, Serialize)]
pub struct Listening<'a> {
    event: &'static str,
    address: SocketAddr,
    authserv_id: &'a str,
    recipients: &'a [String],
}

/// A message, verified and diagnosed.
#[derive(Debug, Serialize)]
pub struct Found<'a> {
    event: &'static str,
    id: &'a str,
    client: Client<'a>,
    envelope: Envelope<'a>,
    /// As delivered.
    bytes: usize,
    /// Authentication-Results that were forged in our name.
    forged_removed: usize,
    authentication_results: Vec<ResultPart<'a>>,
    /// The diagnosis was cut short.
    cut: bool,
    diagnosis: Document,
}

#[derive(Debug, Serialize)]
struct Client<'a> {
    ip: IpAddr,
    /// The confirmed name of the address.
    name: Option<&'a str>,
    helo: &'a str,
    tls: Option<Tls<'a>>,
}

#[derive(Debug, Serialize)]
struct Tls<'a> {
    version: &'a str,
    cipher: &'a str,
}

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    /// Empty for the null reverse path.
    mail_from: &'a str,
    recipients: &'a [String],
    smtputf8: bool,
}

#[derive(Debug, Serialize)]
struct ResultPart<'a> {
    method: &'a str,
    result: &'a str,
    reason: Option<&'a str>,
    comment: Option<&'a str>,
    properties: BTreeMap<&'a str, &'a str>,
}

/// Something that was not taken.
#[derive(Debug, Serialize)]
pub struct Refused<'a> {
    event: &'static str,
    client: IpAddr,
    reply: &'a str,
}

/// The last line.
#[derive(Debug, Serialize)]
pub struct Done {
    event: &'static str,
    result: &'static str,
    elapsed_ms: u64,
    messages: u64,
    connections: u64,
    refused: u64,
    unfinished: u64,
}

pub fn listening<'a>(
    address: SocketAddr,
    authserv_id: &'a str,
    recipients: &'a [String],
    at: jiff::Timestamp,
) -> Event<Listening<'a>> {
    event(Listening { event: "listening", address, authserv_id, recipients }, at)
}

pub fn found(received: &Received) -> Event<Found<'_>> {
    let (mail, d) = (&received.mail, &received.diagnosis);
    let part = Found {
        event: "found",
        id: &received.id,
        client: Client {
            ip: mail.client,
            name: crate::listen::verdicts::client_name(&d.facts),
            helo: &mail.helo,
            tls: mail.tls.as_ref().map(|t| Tls { version: &t.version, cipher: &t.cipher }),
        },
        envelope: Envelope {
            mail_from: mail.mail_from.as_deref().unwrap_or_default(),
            recipients: &mail.recipients,
            smtputf8: mail.utf8,
        },
        bytes: d.facts.evidence.input.original.len(),
        forged_removed: received.forged,
        authentication_results: received.results.iter().map(result).collect(),
        cut: received.cut,
        diagnosis: diagnosis::document(d),
    };
    event(part, received.at)
}

fn result(result: &MethodResult) -> ResultPart<'_> {
    ResultPart {
        method: result.method,
        result: &result.result,
        reason: result.reason.as_deref(),
        comment: result.comment.as_deref(),
        properties: result.props.iter().map(|(name, value)| (*name, &value[..])).collect(),
    }
}

pub fn refused(client: IpAddr, reply: &str, at: jiff::Timestamp) -> Event<Refused<'_>> {
    event(Refused { event: "refused", client, reply }, at)
}

pub fn done(result: &'static str, messages: u64, total: &Total, elapsed: Duration, at: jiff::Timestamp) -> Event<Done> {
    let part = Done {
        event: "done",
        result,
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        messages,
        connections: total.connections,
        refused: total.refused,
        unfinished: total.unfinished,
    };
    event(part, at)
}
