//! KumoMTA: a JSON record a line (docs.kumomta.com/reference/log_record).

use super::domain;
use crate::facts::bounce::{Action, Recipient};
use crate::warmup::day::{Event, What};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    recipient: Value,
    /// Seconds since 1970, or RFC 3339.
    timestamp: Value,
    #[serde(default)]
    response: Response,
    #[serde(default)]
    peer_address: Option<Peer>,
    #[serde(default)]
    feedback_report: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    code: u16,
    enhanced_code: Option<Enhanced>,
    content: String,
}

#[derive(Deserialize)]
struct Enhanced {
    class: u16,
    subject: u16,
    detail: u16,
}

#[derive(Deserialize)]
struct Peer {
    #[serde(default)]
    name: String,
}

pub(super) fn read(line: &str) -> Option<Event> {
    let record: Record = serde_json::from_str(line).ok()?;
    let at = match &record.timestamp {
        Value::Number(n) => jiff::Timestamp::from_second(n.as_f64()? as i64).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let action = match &*record.kind {
        "Delivery" => Action::Delivered,
        "TransientFailure" => Action::Delayed,
        "Bounce" | "Expiration" | "OOB" => Action::Failed,
        "Feedback" => {
            let report = record.feedback_report?;
            let abuse = report["feedback_type"].as_str().is_some_and(|kind| kind == "abuse");
            let domain = domain(first(&report["original_rcpt_to"]));
            return abuse.then_some(Event { date, domain, what: What::Complaint });
        }
        // Reception, AdminBounce and what else is not the receiver's word.
        _ => return None,
    };
    let Response { code, enhanced_code, content } = record.response;
    let status = enhanced_code.map(|e| format!("{}.{}.{}", e.class, e.subject, e.detail));
    let reply = match (code, &status) {
        (0, _) => content,
        (code, Some(status)) => format!("{code} {status} {content}"),
        (code, None) => format!("{code} {content}"),
    };
    let server = record.peer_address.map(|p| p.name.trim_end_matches('.').to_ascii_lowercase());
    let told = Recipient::told(action, server.filter(|s| !s.is_empty()), status, Some(reply));
    Some(Event { date, domain: domain(first(&record.recipient)), what: What::Attempt(Box::new(told)) })
}

/// One address, or the first of several.
fn first(value: &Value) -> &str {
    value.as_str().or_else(|| value.as_array()?.first()?.as_str()).unwrap_or_default()
}
