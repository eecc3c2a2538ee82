//! CONTRACT "NDJSON events", version 1, of `postdoc send`: what is to be sent, each line of the session, what it came to.

use super::event::{Event, event};
use crate::diagnose::Diagnosis;
use crate::evidence::errand::Step;
use crate::evidence::transcript::{Line, Security, Stop, Transcript, Way};
use crate::facts::domain::certificate::Certificate;
use crate::report::send::result;
use crate::send::{Composed, Draft, Sent, path};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Part<'a> {
    /// The first line.
    Send {
        from: String,
        mail_from: String,
        to: String,
        via: String,
        tls: &'static str,
        verified: bool,
        message_id: Option<&'a str>,
        marker: Option<&'a str>,
        bytes: usize,
    },
    /// One thing said.
    Dialogue { at_ms: u32, way: Way, stage: &'static str, text: &'a str },
    /// What the session came to, where more follows: other messages, or waiting for it.
    Sent(Ended<'a>),
    /// The last line, of one message.
    Done(Ended<'a>),
    /// The last line, of several.
    #[serde(rename = "done")]
    All { result: &'static str, recipients: Vec<RecipientPart> },
}

/// What became of one message of several.
#[derive(Debug, Serialize)]
pub struct RecipientPart {
    to: String,
    /// As of a session, or `not-tried`: it would have met the same fate as the one before.
    result: &'static str,
    left: &'static str,
    tries: u32,
}

/// What a session came to.
#[derive(Debug, Serialize)]
pub struct Ended<'a> {
    result: &'static str,
    /// Has the server got it: `no`, `maybe`, `yes`.
    left: &'static str,
    stage: &'static str,
    reply: Option<&'a str>,
    failure: Option<Failure<'a>>,
    server: Server<'a>,
    message_id: Option<&'a str>,
    marker: Option<&'a str>,
    to: String,
    /// How often it was tried, where it was put off on purpose.
    tries: u32,
    elapsed_ms: u32,
    /// The whole of `postdoc/diagnosis`, where there is something to say.
    diagnosis: Option<serde_json::Value>,
}

/// Why it could not go on, where no server said no.
#[derive(Debug, Serialize)]
pub struct Failure<'a> {
    step: Step,
    why: &'a str,
}

#[derive(Debug, Serialize)]
pub struct Server<'a> {
    host: &'a str,
    address: Option<String>,
    direct: bool,
    tls: Option<Tls<'a>>,
}

#[derive(Debug, Serialize)]
pub struct Tls<'a> {
    version: Option<&'a str>,
    cipher: Option<&'a str>,
    /// What is wrong with it.
    fault: Option<&'a str>,
    certificate: Option<CertificatePart>,
}

#[derive(Debug, Serialize)]
pub struct CertificatePart {
    subject: String,
    issuer: String,
    until: jiff::Timestamp,
    names: Vec<String>,
}

/// What is about to be sent.
pub fn begun<'a>(draft: &Draft, composed: &'a Composed, now: jiff::Timestamp) -> Event<Part<'a>> {
    let part = Part::Send {
        from: draft.from.to_string(),
        mail_from: path(draft.mail_from.as_ref()),
        to: draft.to.to_string(),
        via: draft.route.words(&draft.to),
        tls: draft.security.word(),
        verified: !draft.insecure && matches!(draft.security, Security::Implicit | Security::Starttls),
        message_id: composed.message_id.as_deref(),
        marker: composed.marker.as_deref(),
        bytes: composed.bytes.len(),
    };
    event(part, now)
}

/// One line of the session.
pub fn dialogue<'a>(t: &Transcript, line: &'a Line) -> Event<Part<'a>> {
    let part = Part::Dialogue { at_ms: line.at_ms, way: line.way, stage: t.stage.word(), text: &line.text };
    event(part, at(t, line.at_ms))
}

/// What the session came to; as the `last` line, or as one of several.
pub fn ended<'a>(sent: &'a Sent, composed: &'a Composed, d: &Diagnosis, last: bool) -> Event<Part<'a>> {
    let t = &*sent.transcript;
    let elapsed_ms = t.lines.last().map_or(0, |l| l.at_ms);
    let failure = match &t.stop {
        Some(Stop::Broke { step, why, .. }) => Some(Failure { step: *step, why }),
        _ => None,
    };
    let reply = match &t.stop {
        Some(Stop::Refused { reply }) => Some(reply.as_str()),
        Some(_) => None,
        None => t.last_taken(),
    };
    let document = || serde_json::to_value(super::diagnosis::document(d)).ok();
    let ended = Ended {
        result: result(t),
        left: t.left.word(),
        stage: t.stage.word(),
        reply,
        failure,
        server: Server { host: &t.host, address: t.address.map(|a| a.to_string()), direct: t.direct, tls: tls(t) },
        message_id: composed.message_id.as_deref(),
        marker: composed.marker.as_deref(),
        to: sent.draft.to.to_string(),
        tries: t.tries,
        elapsed_ms,
        diagnosis: (!d.findings.is_empty()).then(document).flatten(),
    };
    event(if last { Part::Done(ended) } else { Part::Sent(ended) }, at(t, elapsed_ms))
}

/// What became of several messages.
pub fn all<'a>(recipients: &[&Draft], sent: &[Sent], now: jiff::Timestamp) -> Event<Part<'a>> {
    let part = |(n, draft): (usize, &&Draft)| {
        let t = sent.get(n).map(|s| &*s.transcript);
        RecipientPart {
            to: draft.to.to_string(),
            result: t.map_or("not-tried", result),
            left: t.map_or("no", |t| t.left.word()),
            tries: t.map_or(0, |t| t.tries),
        }
    };
    let recipients: Vec<RecipientPart> = recipients.iter().enumerate().map(part).collect();
    let taken = recipients.iter().filter(|r| r.result == "accepted").count();
    let result = match taken {
        0 => "none-accepted",
        n if n == recipients.len() => "accepted",
        _ => "some-accepted",
    };
    event(Part::All { result, recipients }, now)
}

fn tls(t: &Transcript) -> Option<Tls<'_>> {
    let tls = t.tls.as_ref()?;
    let certificate = tls.chain.first().and_then(|der| Certificate::read(der)).map(|c| CertificatePart {
        subject: c.subject,
        issuer: c.issuer,
        until: c.until,
        names: c.names,
    });
    Some(Tls {
        version: tls.version.as_deref(),
        cipher: tls.cipher.as_deref(),
        fault: tls.fault.as_ref().map(|(_, why)| why.as_str()),
        certificate,
    })
}

fn at(t: &Transcript, at_ms: u32) -> jiff::Timestamp {
    t.began.checked_add(jiff::SignedDuration::from_millis(at_ms.into())).unwrap_or(t.began)
}
