//! A bounce: a delivery status notification (RFC 3464), a feedback report (RFC 5965), or the
//! text of one without its header.

use super::{Guess, reply};
use crate::evidence::input::{InputKind, RepairKind};
use crate::evidence::lines::{Line, Shape, field_name, head, lines, peek, shape};
use crate::evidence::repair::{self, Draft};
use crate::rules::Confidence;

/// A message that is a bounce.
pub(super) fn message(whole: &[u8]) -> Option<Guess> {
    let text = head(whole);
    let say = |sure, because: &str| Some(Guess::new(InputKind::Bounce, sure, because));
    if first(text, "From").is_none()
        && (["Reporting-MTA", "Final-Recipient", "Feedback-Type"].iter()).any(|f| first(text, f).is_some())
    {
        return say(Confidence::Certain, "the machine-readable part of a bounce or feedback report");
    }
    let body = repair::body(whole).filter(|_| repair::has_body(whole))?;
    let body = head(&whole[body..]);
    let kind = first(text, "Content-Type").unwrap_or_default();
    if has(&kind, "multipart/report") {
        if has(&kind, "delivery-status") {
            return say(Confidence::Certain, "a delivery status notification by its Content-Type");
        }
        if has(&kind, "feedback-report") {
            return say(Confidence::Certain, "a feedback report by its Content-Type");
        }
    }
    let body_has = |needle| has(body, needle);
    if notification(body) {
        return say(Confidence::Certain, "a notification of Amazon SES stands in it");
    }
    let from = first(text, "From").unwrap_or_default();
    let daemon = has(&from, "mailer-daemon") || first(text, "Return-Path").is_some_and(|p| has(&p, "mailer-daemon"));
    let postmaster =
        daemon || has(&from, "postmaster") || has(&from, "post_master") || first(text, "X-Failed-Recipients").is_some();
    let empty_path = first(text, "Return-Path").is_some_and(|p| p.trim_ascii() == b"<>");
    let status = body_has("message/delivery-status") || (body_has("final-recipient:") && body_has("action:"));
    if status && (postmaster || empty_path || has(&kind, "multipart/report")) {
        return say(Confidence::Certain, "a delivery status stands in it");
    }
    if daemon {
        return say(Confidence::Likely, "it comes from MAILER-DAEMON");
    }
    let subject = first(text, "Subject").unwrap_or_default();
    if has(&subject, "complaint about message from ") && body_has("message/rfc822") {
        return say(Confidence::Likely, "a junk mail report by its subject");
    }
    let named = SUBJECTS.iter().any(|s| has(&subject, s));
    let returned = body_has("message/rfc822") && (empty_path || postmaster || NOTICES.iter().any(|n| body_has(n)));
    let quoted = postmaster && body_has("error message below:");
    if (named && (postmaster || empty_path)) || returned || quoted {
        return say(Confidence::Likely, "its sender, subject or parts are those of a bounce");
    }
    None
}

/// The JSON in which Amazon SES tells of bounces, complaints and deliveries.
fn notification(text: &[u8]) -> bool {
    has(text, "{\"notificationtype\":\"")
}

/// The text of a bounce, pasted without its header: a notice that something was not delivered,
/// with or without the returned header below it.
pub(super) fn text(original: &[u8], mail: &Draft) -> Option<Guess> {
    if original.trim_ascii_start().starts_with(b"{") && notification(head(original)) {
        return Some(Guess::new(InputKind::Bounce, Confidence::Certain, "a notification of Amazon SES"));
    }
    let first = peek(original).map(|l| l.of(original)).find(|l| !l.trim_ascii().is_empty())?;
    let headed = shape(first).is_field() && !mail.repaired(RepairKind::Preamble);
    // What was quoted, indented or taken from an mbox is a header; only prose on top is a notice.
    if headed || first.starts_with(b"From ") || shape(mail.text()).is_field() && !mail.repaired(RepairKind::Preamble) {
        return None;
    }
    let prose = head(original);
    let told = NOTICES.iter().any(|n| has(prose, n));
    let quotes = peek(original).any(|l| carries_reply(l, original));
    match (told, quotes) {
        (true, true) => Some((Confidence::Likely, "a notice of failed delivery with a server's reply in it")),
        (true, false) => Some((Confidence::Possible, "it speaks of failed delivery")),
        _ => None,
    }
    .map(|(sure, because)| Guess::new(InputKind::Bounce, sure, because))
}

fn carries_reply(line: Line, text: &[u8]) -> bool {
    let line = line.of(text);
    let line = &line[..line.len().min(4096)];
    (0..line.len()).any(|n| (n == 0 || b" \t:;'\"(<#".contains(&line[n - 1])) && reply::code(&line[n..]) == Some(true))
}

/// Lower case.
const SUBJECTS: [&str; 12] = [
    "undeliver",
    "delivery status notification",
    "failure notice",
    "returned mail",
    "mail delivery failed",
    "delivery failure",
    "delivery has failed",
    "delivery report",
    "mail system error",
    "non remis",
    "unzustellbar",
    "mail delivery system",
];

/// Lower case; from the notices of common mail systems.
const NOTICES: [&str; 19] = [
    "could not be delivered",
    "couldn't be delivered",
    "couldn\u{2019}t be delivered",
    "wasn't delivered",
    "wasn\u{2019}t delivered",
    "was not delivered",
    "not been delivered",
    "delivery has failed",
    "delivery to the following recipient",
    "undeliverable",
    "unable to deliver",
    "message blocked",
    "address not found",
    "this is the mail system at host",
    "diagnostic information for administrators",
    "original message headers",
    "returned to sender",
    "the following address",
    "permanent fatal errors",
];

/// Value of the topmost field called `name`, folds and all.
fn first(text: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut section = lines(text, 0).take_while(|l| l.start < l.end);
    let line = section.find(|l| field_name(l.of(text)).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes())))?;
    let mut end = line.end;
    for fold in section.take_while(|l| shape(l.of(text)) == Shape::Fold) {
        end = fold.end;
    }
    let colon = line.of(text).iter().position(|&b| b == b':')?;
    Some(text[line.start + colon + 1..end].to_vec())
}

/// ASCII case does not matter; `needle` is lower case. Looked for by its rarest character: letters are everywhere.
fn has(text: &[u8], needle: &str) -> bool {
    let needle = needle.as_bytes();
    let rare = needle.iter().position(|b| b.is_ascii_punctuation()).unwrap_or(0);
    let Some(&sign) = needle.get(rare) else { return true };
    let stands = |at: usize| {
        let whole = at.checked_sub(rare).and_then(|at| text.get(at..at + needle.len()));
        whole.is_some_and(|w| w.eq_ignore_ascii_case(needle))
    };
    memchr::memchr2_iter(sign, sign.to_ascii_uppercase(), text).any(stands)
}
