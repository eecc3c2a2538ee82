//! A bounce: a delivery status notification (RFC 3464), a feedback report (RFC 5965), or the
//! text of one without its header.

use super::{Guess, reply};
use crate::evidence::input::{InputKind, RepairKind};
use crate::evidence::lines::{Line, head, peek, shape};
use crate::evidence::repair::Draft;
use crate::facts::bounce::teller;
use crate::facts::header::Header;
use crate::rules::Confidence;

/// A message that is a bounce; `body` where there is something in it.
pub(super) fn message(whole: &[u8], header: &Header, body: Option<&[u8]>) -> Option<Guess> {
    let text = head(whole);
    let first = |name| header.first(text, name).map(|field| field.value.of(text));
    let say = |sure, because: &str| Some(Guess::new(InputKind::Bounce, sure, because));
    if first("From").is_none()
        && ["Reporting-MTA", "Final-Recipient", "Feedback-Type"].into_iter().any(|f| first(f).is_some())
    {
        return say(Confidence::Certain, "the machine-readable part of a bounce or feedback report");
    }
    let body = head(body?);
    let kind = first("Content-Type").unwrap_or_default();
    let report = has(kind, "multipart/report");
    if report {
        if has(kind, "delivery-status") {
            return say(Confidence::Certain, "a delivery status notification by its Content-Type");
        }
        if has(kind, "feedback-report") {
            return say(Confidence::Certain, "a feedback report by its Content-Type");
        }
    }
    let body_has = |needle| has(body, needle);
    if notification(body) {
        return say(Confidence::Certain, "a notification of Amazon SES stands in it");
    }
    let from = first("From").unwrap_or_default();
    let path = first("Return-Path");
    let exchange = has(from, EXCHANGE);
    let daemon = exchange || has(from, "mailer-daemon") || path.is_some_and(|p| has(p, "mailer-daemon"));
    let postmaster =
        daemon || has(from, "postmaster") || has(from, "post_master") || first("X-Failed-Recipients").is_some();
    let nobody = from.trim_ascii().ends_with(b"<>");
    let by_system = postmaster || nobody || path.is_some_and(|p| p.trim_ascii() == b"<>");
    let status = || body_has("message/delivery-status") || (body_has("final-recipient:") && body_has("action:"));
    if (by_system || report) && status() {
        return say(Confidence::Certain, "a delivery status stands in it");
    }
    if daemon {
        let because = if exchange { "it comes from Exchange" } else { "it comes from MAILER-DAEMON" };
        return say(Confidence::Likely, because);
    }
    let subject = first("Subject").unwrap_or_default();
    if has(subject, "complaint about message from ") && body_has("message/rfc822") {
        return say(Confidence::Likely, "a junk mail report by its subject");
    }
    let named = by_system && SUBJECTS.iter().any(|s| has(subject, s));
    let returned = || body_has("message/rfc822") && (by_system || NOTICES.iter().any(|n| body_has(n)));
    let quoted = || postmaster && body_has("error message below:");
    // Programs that write under a name of their own.
    let titled = || ["deliver", "returned mail", "non remis"].iter().any(|word| has(subject, word));
    let addressed = || titled() && SUBJECTS.iter().any(|s| has(subject, s)) && names_recipients(body);
    if named || returned() || quoted() || addressed() {
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
    // Mail breaks the long line of one, also where JSON does not allow it.
    let broken = || original.trim_ascii_start().starts_with(b"{") && notification(head(original));
    if let Some(name) = teller(original).or_else(|| broken().then_some("Amazon SES")) {
        return Some(Guess::new(
            InputKind::Bounce,
            Confidence::Certain,
            format!("{name} tells in JSON what became of mail"),
        ));
    }
    let first = peek(original).map(|l| l.of(original)).find(|l| !l.trim_ascii().is_empty())?;
    let headed = shape(first).is_field() && !mail.repaired(RepairKind::Preamble);
    // What was quoted, indented or taken from an mbox is a header; only prose on top is a notice.
    if headed || first.starts_with(b"From ") || shape(mail.text()).is_field() && !mail.repaired(RepairKind::Preamble) {
        return None;
    }
    if reply::is_log(first) {
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
const SUBJECTS: [&str; 17] = [
    "undeliver",
    "delivery status notification",
    "failure notice",
    "returned mail",
    "mail delivery failed",
    "delivery failure",
    "delivery has failed",
    "delivery report",
    "mail system error",
    "mail error",
    "delivery failed",
    "delivery warning",
    "non-delivery",
    "failed delivery",
    "non remis",
    "unzustellbar",
    "mail delivery system",
];

/// The local part that Exchange's notices come from, lower case.
const EXCHANGE: &str = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e";

/// Whom a notice names; what is said of parcels names nobody so. Lower case.
const RECIPIENTS: [&str; 4] =
    ["the following recipient", "the following user", "the following address", "failed recipient:"];

/// Lower case; from the notices of common mail systems.
const NOTICES: [&str; 27] = [
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
    // What Exchange writes in every language, and that line in some.
    "remote server returned '",
    "diagnoseinformationen f",
    "informations de diagnostic",
    "información de diagnóstico",
    "informazioni di diagnostica",
    "informações de diagnóstico",
    "diagnostische gegevens",
    "диагностические сведения",
    "original message headers",
    "returned to sender",
    "the following address",
    "permanent fatal errors",
];

/// Are recipients announced, and does an address follow?
fn names_recipients(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let address = |at: usize| lower[at..].iter().take(200).any(|b| *b == b'@');
    RECIPIENTS.iter().any(|words| memchr::memmem::find_iter(&lower, words).any(|at| address(at + words.len())))
}

/// ASCII case does not matter; `needle` is lower case. Looked for by its rarest character: letters are everywhere.
fn has(text: &[u8], needle: &str) -> bool {
    let needle = needle.as_bytes();
    let stands = |at: usize| text.get(at..at + needle.len()).is_some_and(|w| w.eq_ignore_ascii_case(needle));
    match needle.iter().position(|b| b.is_ascii_punctuation()) {
        Some(rare) => memchr::memchr_iter(needle[rare], text).any(|at| at.checked_sub(rare).is_some_and(stands)),
        None => memchr::memchr2_iter(needle[0], needle[0].to_ascii_uppercase(), text).any(stands),
    }
}
