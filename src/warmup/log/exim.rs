//! Exim's main log (specification, chapter 52): `=>` and `->` delivered, `==` put off, `**` refused.

use super::domain;
use crate::facts::bounce;
use crate::warmup::day::{Event, What};
use jiff::civil::Date;

pub(super) fn read(line: &str) -> Option<Event> {
    let date = date(line)?;
    // Over SMTP only: a transport of that name, or a host.
    let lower = line.to_ascii_lowercase();
    let transport = lower.split(" t=").nth(1).and_then(|t| t.split(' ').next()).unwrap_or_default();
    let out = transport.contains("smtp") || line.contains(" H=");
    // Put off without an attempt.
    if !out || lower.contains(" <= ") || lower.contains("retry time not reached") {
        return None;
    }
    let recipient = bounce::attempt(line.as_bytes())?;
    let domain = recipient.address.as_ref().map_or(String::new(), |a| domain(&a.value));
    Some(Event { date, domain, what: What::Attempt(Box::new(recipient)) })
}

/// `2026-06-09 10:00:00`, at the beginning.
pub(super) fn date(line: &str) -> Option<Date> {
    let clock = line.as_bytes().get(10..19)?;
    let fits = clock[0] == b' ' && clock[3] == b':' && clock[6] == b':';
    line.get(..10).filter(|_| fits)?.parse().ok()
}
