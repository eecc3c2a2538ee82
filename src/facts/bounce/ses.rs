//! What Amazon SES tells: a notification as SNS mails or posts it ("Amazon SNS notification contents for Amazon SES"), or an
//! event as SES publishes it ("Contents of event data that Amazon SES publishes to Amazon SNS").

use super::event::{Event, Scene, all, words};
use super::letter::Piece;
use super::{Action, Bounce, MOST, Recipient, TakenBy, event, said};
use crate::knowledge::event::{What, at};
use serde_json::Value;

/// What the notification in a mail begins with.
const MARK: &str = "{\"notificationType\"";

/// Reads the notification in a piece; false where there is none.
pub(super) fn read(piece: &Piece, bounce: &mut Bounce) -> bool {
    let text = String::from_utf8_lossy(piece.text());
    let Some(start) = text.find(MARK) else { return false };
    // Mail breaks its long line anywhere, also within a string.
    let whole: String = text[start..].chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let value = serde_json::Deserializer::from_str(&whole).into_iter::<Value>().next().and_then(Result::ok);
    let place = piece.place(start..start + MARK.len());
    let told = value.and_then(|object| read_one(&object, &Scene::at(place)));
    told.is_some_and(|event| event::tell([event], bounce))
}

/// The event that an object is: one of SES, and of a delivery.
pub(super) fn read_one(object: &Value, scene: &Scene) -> Option<Event> {
    let mail = object.get("mail").filter(|mail| mail.is_object())?;
    let kind = words(object.get("notificationType").or_else(|| object.get("eventType"))?)?;
    // Whom the event names, else whom the message was for.
    let listed = |path: &str| at(object, path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter();
    let named = |path| listed(path).filter_map(|one| Some((words(one.get("emailAddress")?)?, Some(one))));
    let plain = |path: &str| all(object, &[path.to_owned()]).into_iter().map(|address| (address, None));
    let transient = at(object, "bounce.bounceType").and_then(Value::as_str) == Some("Transient");
    let (what, recipients): (What, Vec<(String, Option<&Value>)>) = match &kind[..] {
        "Bounce" => (What::Failed, named("bounce.bouncedRecipients").collect()),
        "DeliveryDelay" => (What::Delayed, named("deliveryDelay.delayedRecipients").collect()),
        "Delivery" => (What::Delivered, plain("delivery.recipients").collect()),
        "Complaint" => (What::Complaint, named("complaint.complainedRecipients").collect()),
        "Reject" | "Rendering Failure" => (What::Failed, plain("mail.destination").collect()),
        _ => return None,
    };
    let own = at(object, "reject.reason").or_else(|| at(object, "failure.errorMessage")).and_then(words);
    let own = own.map(|own| said::one_line(&own));
    let suppressed = at(object, "bounce.bounceSubType").and_then(words);
    let suppressed = suppressed.is_some_and(|kind| matches!(&kind[..], "Suppressed" | "OnAccountSuppressionList"));
    let recipient = |(address, told): (String, Option<&Value>)| {
        let mut recipient = match told.filter(|_| matches!(what, What::Failed | What::Delayed)) {
            Some(told) => bounced(told, what, transient, scene),
            None => Recipient::blank(scene.string(&address)),
        };
        recipient.address = Some(scene.said(address));
        recipient.withheld = suppressed || own.is_some();
        recipient.suppressed = suppressed;
        match what {
            What::Failed => {
                if let Some(own) = &own {
                    recipient.words = Some(scene.said(own.clone()));
                }
            }
            What::Delayed => recipient.action = Action::Delayed,
            // Amazon SES keeps no mailboxes: it names as reporter the host that handed the message over.
            What::Delivered => {
                recipient.action = Action::Delivered;
                recipient.taken_by = Some(TakenBy::Host);
            }
            What::Complaint => recipient.action = Action::Delivered,
        }
        recipient
    };
    let reporter = at(object, "bounce.reportingMTA").or_else(|| at(object, "delivery.reportingMTA")).and_then(words);
    let reporter = reporter.and_then(|mta| said::host(&mta.rsplit(';').next()?.trim().to_ascii_lowercase()));
    let recipients: Vec<_> = recipients.into_iter().take(MOST + 1).map(recipient).collect();
    let time = ["bounce", "complaint", "delivery", "deliveryDelay", "reject"];
    Some(Event {
        teller: "Amazon SES",
        what,
        recipients,
        sender: at(mail, "source").and_then(words).map(|source| scene.said(source)),
        source_ip: None,
        reporter: reporter.map(|name| scene.said(name)),
        kind: at(object, "complaint.complaintFeedbackType").and_then(words),
        message: at(mail, "messageId").and_then(words),
        time: time.iter().find_map(|part| event::time(at(object, &format!("{part}.timestamp"))?)),
    })
    .filter(|event| !event.recipients.is_empty())
}

fn bounced(told: &Value, what: What, transient: bool, scene: &Scene) -> Recipient {
    let word = |key: &str| told.get(key).and_then(words);
    let code = word("diagnosticCode").map(|code| code.strip_prefix("smtp;").unwrap_or(&code).trim().to_owned());
    let reply = code.filter(|code| said::reply(code).is_some()).map(|code| scene.said(said::one_line(&code)));
    let otherwise = match what {
        What::Failed if !transient || reply.is_some() => Action::Failed,
        _ => Action::Delayed,
    };
    Recipient {
        action: word("action").as_deref().and_then(Action::of).unwrap_or(otherwise),
        status: word("status").or_else(|| reply.as_ref().and_then(|r| said::enhanced(&r.value))),
        span: reply.as_ref().map_or(scene.whole(), |r| r.span),
        reply,
        ..Recipient::blank(scene.whole())
    }
}
