//! Postfix: the lines of its SMTP client, `postfix/smtp[…]: …: to=<…>, relay=…, dsn=…, status=…`.

use super::domain;
use crate::facts::bounce::{self, Recipient};
use crate::facts::boundary::is_public;
use crate::warmup::day::{Event, What};
use jiff::civil::Date;
use std::net::IpAddr;

pub(super) fn read(line: &str, today: Date) -> Option<Event> {
    // `postfix/smtp[`, `postfix-out/smtp[`: what it hands to itself or to a filter is no delivery.
    let program = line.find("/smtp[")?;
    let rest = &line[program..];
    if !rest.contains(" status=") || inside(rest) {
        return None;
    }
    let date = date(line, today)?;
    let recipient: Recipient = bounce::attempt(line.as_bytes())?;
    let domain = recipient.address.as_ref().map_or(String::new(), |a| domain(&a.value));
    Some(Event { date, domain, what: What::Attempt(Box::new(recipient)) })
}

/// `relay=127.0.0.1[127.0.0.1]:10024`: a filter on this machine or network.
fn inside(rest: &str) -> bool {
    let relay = rest.split_once("relay=").map_or("", |(_, r)| r.split([',', ' ']).next().unwrap_or_default());
    let address = relay.split_once('[').and_then(|(_, r)| r.split_once(']')).map(|(ip, _)| ip);
    let documented = |ip: IpAddr| matches!(ip, IpAddr::V4(v4) if v4.is_documentation());
    address.and_then(|ip| ip.parse::<IpAddr>().ok()).is_some_and(|ip| !is_public(ip) && !documented(ip))
}

/// `2026-06-09T10:00:00…`, or `Jun  9 10:00:00` of syslog, which says no year (RFC 3164 §4.1.2): the last one that is
/// not in the future.
pub(super) fn date(line: &str, today: Date) -> Option<Date> {
    if let Some(date) = line.get(..10).and_then(|d| d.parse().ok()) {
        return Some(date);
    }
    // `<22>Jun  9 …`
    let line = line.strip_prefix('<').and_then(|l| l.split_once('>')).map_or(line, |(_, rest)| rest);
    let mut words = line.split_ascii_whitespace();
    let month = words.next()?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|m| *m == month)? + 1;
    let day: i8 = words.next()?.parse().ok()?;
    let of = |year| Date::new(year, i8::try_from(month).ok()?, day).ok();
    // A clock may be ahead by a day.
    of(today.year()).filter(|d| *d <= today.tomorrow().unwrap_or(today)).or_else(|| of(today.year() - 1))
}
