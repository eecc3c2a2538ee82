//! A notification of Amazon SES as SNS mails or posts it ("Amazon SNS notification contents for Amazon SES"), or an event
//! as it publishes them ("Contents of event data that Amazon SES publishes to Amazon SNS").

use super::letter::Piece;
use super::{Action, Bounce, Feedback, FeedbackKind, MOST, Recipient, TakenBy, said};
use crate::span::{Span, Spanned};
use serde::Deserialize;
use serde_json::Value;

/// What the notification begins with.
const MARK: &str = "{\"notificationType\"";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    bounce: Option<Told>,
    complaint: Option<Told>,
    delivery: Option<Told>,
    delivery_delay: Option<Told>,
    mail: Option<Mail>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    bounced_recipients: Vec<Named>,
    complained_recipients: Vec<Named>,
    delayed_recipients: Vec<Named>,
    recipients: Vec<String>,
    complaint_feedback_type: Option<String>,
    bounce_type: Option<String>,
    #[serde(rename = "reportingMTA")]
    reporting_mta: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named {
    email_address: String,
    action: Option<String>,
    status: Option<String>,
    diagnostic_code: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mail {
    source: Option<String>,
}

/// Reads the notification in a piece; false where there is none.
pub(super) fn read(piece: &Piece, bounce: &mut Bounce) -> bool {
    let text = String::from_utf8_lossy(piece.text());
    let Some(at) = text.find(MARK) else { return false };
    // Mail breaks its long line anywhere, also within a string.
    let whole: String = text[at..].chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let Some(Ok(object)) = serde_json::Deserializer::from_str(&whole).into_iter::<Value>().next() else {
        return false;
    };
    take(&object, piece.place(at..at + MARK.len()), bounce)
}

/// Is it one of either kind?
pub(super) fn is_one(object: &Value) -> bool {
    let named = |key: &str| object.get(key).is_some_and(Value::is_string);
    object.get("mail").is_some_and(Value::is_object) && (named("notificationType") || named("eventType"))
}

/// Reads what stands at `span`; false where it tells of nothing.
pub(super) fn take(object: &Value, span: Span, bounce: &mut Bounce) -> bool {
    let Ok(told) = Notification::deserialize(object) else { return false };
    let sender = told.mail.and_then(|mail| mail.source).map(|source| Spanned::new(source, span));
    let named = |address: String, action| Recipient {
        address: Some(Spanned::new(address, span)),
        action,
        ..Recipient::blank(span)
    };
    if let Some(told) = told.complaint {
        let kind = told.complaint_feedback_type.as_deref().map_or(FeedbackKind::Abuse, FeedbackKind::of);
        bounce.feedback = Some(Feedback { kind, span, mail_from: sender, results: vec![] });
        let complained = told.complained_recipients.into_iter().take(MOST + 1);
        bounce.recipients = complained.map(|r| named(r.email_address, Action::Delivered)).collect();
        return true;
    }
    bounce.sent_to = sender;
    let Some(told) = told.bounce.or(told.delivery_delay).or(told.delivery) else { return false };
    bounce.reporting_mta = told.reporting_mta.as_deref().and_then(|mta| {
        let name = said::host(&mta.rsplit(';').next()?.trim().to_ascii_lowercase())?;
        Some(Spanned::new(name, span))
    });
    let transient = told.bounce_type.as_deref() == Some("Transient");
    // Amazon SES keeps no mailboxes: it names as reporter the host that handed the message over.
    let delivered = |to| Recipient { taken_by: Some(TakenBy::Host), ..named(to, Action::Delivered) };
    bounce.recipients.extend(told.recipients.into_iter().take(MOST + 1).map(delivered));
    bounce.recipients.extend(told.delayed_recipients.into_iter().take(MOST + 1).map(|r| bounced(r, true, span)));
    bounce.recipients.extend(told.bounced_recipients.into_iter().take(MOST + 1).map(|r| bounced(r, transient, span)));
    true
}

fn bounced(named: Named, transient: bool, span: Span) -> Recipient {
    let otherwise = if transient { Action::Delayed } else { Action::Failed };
    let code =
        named.diagnostic_code.as_deref().map(|code| code.strip_prefix("smtp;").unwrap_or(code).trim().to_owned());
    let reply = code.filter(|code| said::reply(code).is_some()).map(|code| Spanned::new(said::one_line(&code), span));
    Recipient {
        address: Some(Spanned::new(named.email_address, span)),
        action: named.action.as_deref().and_then(Action::of).unwrap_or(otherwise),
        status: named.status.or_else(|| reply.as_ref().and_then(|r| said::enhanced(&r.value))),
        reply,
        ..Recipient::blank(span)
    }
}
