//! A bounce in one sentence: who did what, and why.

use crate::evidence::transcript::{Left, Stop, Transcript};
use crate::facts::bounce::{Action, Bounce, FeedbackKind, Recipient};
use crate::knowledge::decode::Decoded;
use crate::knowledge::topic::Category;

/// What a meaning begins with that tells why a message waits.
pub(super) const PUT_OFF: &str = "Put off for now: ";

/// The headline of a bounce, a reply or a feedback report; `None` where it tells of nobody.
pub fn headline(bounce: &Bounce) -> Option<String> {
    if let Some(feedback) = &bounce.feedback {
        let headline = match feedback.kind {
            FeedbackKind::Abuse => "A recipient reported the message as spam.",
            FeedbackKind::Fraud => "A recipient reported the message as fraud.",
            FeedbackKind::Virus => "A receiver reports a virus in the message.",
            FeedbackKind::NotSpam => "A recipient says that the message is no spam.",
            FeedbackKind::AuthFailure => "A receiver reports that authentication failed.",
            FeedbackKind::Other => "A receiver sent a report about the message.",
        };
        return Some(headline.into());
    }
    let worst = bounce.worst()?;
    let mut line = of(bounce, worst);
    let beside = bounce.recipients.iter().filter(|r| r.action == worst.action && !std::ptr::eq(*r, worst));
    let (same, others): (Vec<_>, Vec<_>) = beside.partition(|r| r.decoded.meaning() == worst.decoded.meaning());
    let why = match (same.len(), others.len()) {
        (0, 0) => return Some(line),
        (_, 0) => String::new(),
        (0, 1) => ", for another reason".to_owned(),
        (0, _) => ", for other reasons".to_owned(),
        (_, others) => format!(", {others} of these for other reasons"),
    };
    line.truncate(line.trim_end_matches('.').len());
    line.push_str(&format!(
        " (and {} more of {}{} recipients{why}).",
        same.len() + others.len(),
        if bounce.cut { "more than " } else { "" },
        bounce.recipients.len()
    ));
    Some(line)
}

/// What became of a message in a session of our own; `None` where the server's refusal says it.
pub fn of_session(t: &Transcript) -> Option<String> {
    let host = &t.host;
    Some(match (&t.stop, t.left) {
        (Some(Stop::Refused { .. }), _) => return None,
        (None, Left::Yes) if t.tries > 1 => format!(
            "{host} put the message off on purpose (greylisting) and took it at try {}, {} after the first.",
            t.tries,
            span(t)
        ),
        (None, Left::Yes) => format!("{host} took the message; what became of it then shows in the mailbox alone."),
        (None, _) => format!("The session with {host} is not over."),
        (Some(Stop::Cancelled), Left::Maybe) => {
            format!("You stopped it while {host} had the whole message: it may have been taken.")
        }
        (Some(Stop::Cancelled), _) => "You stopped it before the message had left.".to_owned(),
        (Some(Stop::Broke { why, .. }), Left::Maybe) => format!("{host} may have the message or not: {why}."),
        (Some(Stop::Broke { why, .. }), _) => format!("The message has not left: {why}."),
        (Some(Stop::TimedOut), Left::Maybe) => format!("Time was up, and {host} may have the message or not."),
        (Some(Stop::TimedOut), _) => "Time was up before the message had left.".to_owned(),
    })
}

/// How long it was tried.
pub(super) fn span(t: &Transcript) -> String {
    let seconds = t.lines.last().map_or(0, |line| line.at_ms / 1000);
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}

/// "mx.example.net refused it for good: there is no such mailbox."
pub fn of(bounce: &Bounce, recipient: &Recipient) -> String {
    if let Some(client) = &recipient.client {
        let did = if recipient.is_permanent() { "refused" } else { "put off" };
        return format!("The server whose log this is {did} what {client} brought.");
    }
    if recipient.withheld {
        return match (recipient.decoded.meaning(), recipient.text()) {
            (Some(meaning), _) => format!("The platform itself did not send it: {}.", lower(meaning)),
            (None, Some(words)) => {
                format!("The platform itself did not send it, and says: {}.", words.trim_end_matches('.'))
            }
            (None, None) => "The platform itself did not send it.".into(),
        };
    }
    let reporter = bounce.reporting_mta.as_ref().map(|mta| mta.value.as_str());
    let server = recipient.server.as_deref().or_else(|| provider(&recipient.decoded));
    // Without a reply it is the mail system's own word, and so is one that tells of a server that was not reached; a
    // reply is that of whoever reports only where it is the receiver.
    let unreached = recipient.category == Category::Network && recipient.is_permanent();
    let replied = recipient.reply.is_some() && !unreached;
    let who = match replied {
        true => server.or(reporter.filter(|_| bounce.was_received())),
        false => reporter.or(server),
    };
    let did = match (recipient.action, recipient.is_permanent()) {
        (Action::Failed, true) if replied => "refused it for good",
        (Action::Failed, false) if replied => "put it off until it was given up",
        (Action::Failed, _) => "could not deliver it",
        (Action::Delayed, _) if replied => "put it off for now",
        (Action::Delayed, _) => "has not delivered it yet",
        (Action::Delivered, _) => return "It was delivered.".into(),
        (Action::Relayed, _) => return "It was handed on to a server that reports nothing back.".into(),
        (Action::Expanded, _) => return "It was delivered to a list and handed on to its members.".into(),
    };
    let who = who.unwrap_or(if replied { "The receiving server" } else { "The mail system" });
    match recipient.decoded.meaning() {
        Some(meaning) => {
            let meaning = meaning.strip_prefix(PUT_OFF).unwrap_or(meaning);
            format!("{who} {did}: {}.", lower(meaning))
        }
        None => format!("{who} {did}, and nothing at hand says why."),
    }
}

/// Whose reply it is, by its words.
fn provider(decoded: &Decoded) -> Option<&'static str> {
    decoded.provider().filter(|_| decoded.is_own()).map(|p| p.name.as_str())
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// In the middle of a sentence; names keep their capital.
fn lower(text: &str) -> String {
    const OURS: [&str; 20] = [
        "A",
        "An",
        "The",
        "There",
        "This",
        "Your",
        "You",
        "Neither",
        "Not",
        "Put",
        "Too",
        "Refused",
        "More",
        "Mail",
        "Only",
        "Taken",
        "Suspected",
        "People",
        "It",
        "No",
    ];
    let first = text.split([' ', ',']).next().unwrap_or_default();
    if !OURS.contains(&first) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
