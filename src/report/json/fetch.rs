//! CONTRACT "NDJSON events", version 1: what a fetch tells as it happens.

use super::diagnosis::{Document, document};
use super::event::{Event, event, milliseconds};
use crate::diagnose::Diagnosis;
use crate::evidence::said::FolderRole;
use crate::fetch::{Event as Happened, Fault, Find, Mailbox, News, Opinion, Sought, Wait};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Part<'a> {
    /// The first line.
    Fetch {
        sought: SoughtPart<'a>,
        mailboxes: Vec<Named<'a>>,
        header_only: bool,
        timeout_ms: u64,
    },
    Mailbox {
        account: &'a str,
        state: &'static str,
        text: String,
        fault: Option<FaultPart<'a>>,
    },
    Found {
        account: &'a str,
        find: FindPart<'a>,
    },
    Diagnosis {
        account: &'a str,
        case: Option<&'a str>,
        diagnosis: Box<Document>,
    },
    Done {
        result: &'static str,
        elapsed_ms: u64,
        mailboxes: Vec<MailboxPart<'a>>,
    },
}

#[derive(Debug, Serialize)]
pub struct SoughtPart<'a> {
    by: &'static str,
    value: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub struct Named<'a> {
    account: &'a str,
    provider: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct FaultPart<'a> {
    reason: &'static str,
    title: String,
    said: &'a str,
    steps: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct FindPart<'a> {
    folder: &'a str,
    role: FolderRole,
    also: Vec<&'a str>,
    in_junk: bool,
    took_ms: u64,
    received: Option<jiff::Timestamp>,
    bytes: usize,
    whole: bool,
}

#[derive(Debug, Serialize)]
pub struct VerdictPart<'a> {
    state: crate::triage::State,
    headline: &'a str,
    cause: Option<&'static str>,
    case: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub struct MailboxPart<'a> {
    account: &'a str,
    state: &'static str,
    find: Option<FindPart<'a>>,
    fault: Option<FaultPart<'a>>,
    verdict: Option<VerdictPart<'a>>,
}

/// A fetch begins.
pub fn begun(wait: &Wait) -> Event<Part<'_>> {
    let (by, value) = match &wait.order.sought {
        Sought::Marker(marker) => ("marker", Some(marker.as_str())),
        Sought::MessageId(id) => ("message-id", Some(id.as_str())),
        Sought::Newest => ("newest", None),
    };
    let part = Part::Fetch {
        sought: SoughtPart { by, value },
        mailboxes: wait.boxes.iter().map(named).collect(),
        header_only: wait.order.header_only,
        timeout_ms: milliseconds(wait.order.timeout),
    };
    event(part, wait.began)
}

fn named(mailbox: &Mailbox) -> Named<'_> {
    let account = &mailbox.account;
    Named { account: &account.name, provider: account.provider().map(|p| p.id.as_str()) }
}

/// Something happened; `None` where an event of its own says it.
pub fn news<'a>(wait: &'a Wait, news: &'a News) -> Option<Event<Part<'a>>> {
    let mailbox = wait.boxes.get(news.n)?;
    let account = mailbox.account.name.as_str();
    let part = match &news.event {
        Happened::Found(find) => Part::Found { account, find: find_part(find, news.at) },
        Happened::Judged { .. } => return None,
        event => {
            let fault = match event {
                Happened::Lost { fault, .. } | Happened::Failed(fault) => Some(fault_part(mailbox, fault)),
                _ => None,
            };
            let text = crate::fetch::words(&mailbox.account, event, &wait.order.sought)?;
            Part::Mailbox { account, state: mailbox.stage.word(), text, fault }
        }
    };
    Some(event(part, wait.at(news.at)))
}

/// The diagnosis of a message that was found.
pub fn diagnosis<'a>(wait: &'a Wait, n: usize, case: Option<&'a str>, diagnosis: &Diagnosis) -> Event<Part<'a>> {
    let account = wait.boxes.get(n).map_or("", |b| b.account.name.as_str());
    event(Part::Diagnosis { account, case, diagnosis: Box::new(document(diagnosis)) }, wait.at(wait.elapsed))
}

/// The last line.
pub fn done(wait: &Wait) -> Event<Part<'_>> {
    let part = Part::Done {
        result: wait.end.map_or("interrupted", crate::fetch::End::word),
        elapsed_ms: milliseconds(wait.elapsed),
        mailboxes: wait.boxes.iter().map(mailbox_part).collect(),
    };
    event(part, wait.at(wait.elapsed))
}

fn mailbox_part(mailbox: &Mailbox) -> MailboxPart<'_> {
    MailboxPart {
        account: &mailbox.account.name,
        state: mailbox.stage.word(),
        find: mailbox.find.as_ref().map(|find| find_part(find, mailbox.took.unwrap_or_default())),
        fault: mailbox.fault().map(|fault| fault_part(mailbox, fault)),
        verdict: mailbox.opinion.as_ref().map(verdict_part),
    }
}

fn verdict_part(opinion: &Opinion) -> VerdictPart<'_> {
    let Opinion { state, headline, cause, case } = opinion;
    VerdictPart { state: *state, headline, cause: *cause, case: case.as_deref() }
}

fn find_part(find: &Find, took: std::time::Duration) -> FindPart<'_> {
    FindPart {
        folder: &find.folder.name,
        role: find.folder.role,
        also: find.also.iter().map(|f| f.name.as_str()).collect(),
        in_junk: find.in_junk(),
        took_ms: milliseconds(took),
        received: find.received,
        bytes: find.message.len(),
        whole: find.whole,
    }
}

fn fault_part<'a>(mailbox: &Mailbox, fault: &'a Fault) -> FaultPart<'a> {
    FaultPart {
        reason: fault.reason.word(),
        title: fault.title(&mailbox.account),
        said: &fault.said,
        steps: fault.steps(&mailbox.account),
    }
}
