//! KumoMTA: a JSON record a line (docs.kumomta.com/reference/log_record).

use super::domain;
use crate::facts::bounce;
use crate::warmup::day::{Event, What};
use serde_json::Value;

pub(super) fn read(line: &str) -> Option<Event> {
    let record: Value = serde_json::from_str(line).ok()?;
    // Seconds since 1970, or RFC 3339.
    let at = match &record["timestamp"] {
        Value::Number(n) => jiff::Timestamp::from_second(n.as_f64()? as i64).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    // What its own operator did is not the receiver's word.
    if record["type"] == "AdminBounce" {
        return None;
    }
    let told = bounce::event(&record, line.as_bytes())?;
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let recipient = told.recipients.into_iter().next()?;
    let domain = domain(recipient.address.as_ref().map_or("", |a| &a.value));
    let what = match told.what {
        bounce::What::Complaint if record["feedback_report"]["feedback_type"] == "abuse" => What::Complaint,
        bounce::What::Complaint => return None,
        _ => What::Attempt(Box::new(recipient)),
    };
    Some(Event { date, domain, what })
}
