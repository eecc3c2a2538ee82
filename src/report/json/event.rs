//! CONTRACT "NDJSON events", version 1: what lasts tells as it happens, one object a line, `done` at the end.

use crate::evidence::Outcome;
use crate::watch::{News, Order, Server, Standing, Watch, What};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Event<T> {
    schema: &'static str,
    schema_version: u32,
    #[serde(flatten)]
    what: T,
    at: jiff::Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Part<'a> {
    /// The first line.
    Watch(Begun<'a>),
    Zone {
        zone: Option<&'a str>,
        dns_host: Option<&'static str>,
        /// As the zone above has them.
        delegated: Vec<&'a str>,
    },
    /// The first answer of a server, and each one that differs from the last.
    Answer(ServerPart<'a>),
    Hint {
        hint: &'static str,
        text: &'a str,
    },
    Done {
        result: &'static str,
        elapsed_ms: u64,
        agree: usize,
        of: usize,
        servers: Vec<ServerPart<'a>>,
        hints: Vec<HintPart>,
        /// Until when caches that were not asked may keep an old answer.
        old_elsewhere_until: Option<jiff::Timestamp>,
    },
}

#[derive(Debug, Serialize)]
pub struct Begun<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `null`: the same everywhere; none: gone.
    expect: Option<Vec<String>>,
    interval_ms: u64,
    timeout_ms: u64,
}

#[derive(Debug, Serialize)]
pub struct HintPart {
    hint: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
pub struct ServerPart<'a> {
    server: &'a str,
    address: Option<String>,
    role: &'static str,
    state: &'static str,
    outcome: Option<Outcome>,
    /// Presentation form, the strings of a text joined.
    records: Vec<&'a str>,
    alias: Option<&'a str>,
    ttl: Option<u32>,
    /// Until when a cache keeps this.
    until: Option<jiff::Timestamp>,
    serial: Option<u32>,
}

impl<'a> ServerPart<'a> {
    fn of(server: &'a Server, state: Standing) -> ServerPart<'a> {
        let heard = server.heard.as_ref().filter(|_| server.failed.is_none());
        ServerPart {
            server: server.who.name(),
            address: match &server.who {
                crate::watch::Who::Authority { ip, .. } => Some(ip.to_string()),
                crate::watch::Who::Resolver { .. } => None,
            },
            role: server.who.role(),
            state: state.word(),
            outcome: server.failed.or(heard.map(|h| h.answer.outcome)),
            records: heard.iter().flat_map(|h| &h.said).map(String::as_str).collect(),
            alias: heard.and_then(|h| h.alias.as_deref()),
            ttl: heard.and_then(|h| h.answer.ttl()),
            until: heard.and_then(|_| server.until()),
            serial: server.serial,
        }
    }
}

pub(super) fn event<T>(what: T, at: jiff::Timestamp) -> Event<T> {
    Event { schema: "postdoc/event", schema_version: 1, what, at }
}

/// A watch begins.
pub fn begun(watch: &Watch) -> Event<Part<'_>> {
    let order: &Order = &watch.order;
    let expect = &order.expect;
    let part = Part::Watch(Begun {
        name: &order.name,
        kind: order.kind.word(),
        expect: expect.fits(&Default::default()).map(|_| expect.values()),
        interval_ms: milliseconds(order.interval),
        timeout_ms: milliseconds(order.timeout),
    });
    event(part, watch.began.wall)
}

pub fn news<'a>(watch: &'a Watch, news: &'a News) -> Event<Part<'a>> {
    let part = match &news.what {
        What::Zone => {
            let mut delegated: Vec<&str> = watch.delegated().filter_map(|s| s.who.host()).collect();
            delegated.dedup();
            Part::Zone { zone: watch.zone().and_then(|z| z.apex.as_deref()), dns_host: watch.dns_host(), delegated }
        }
        What::Answer(server, standing) => Part::Answer(ServerPart::of(server, *standing)),
        What::Hint(hint) => Part::Hint { hint: hint.id, text: &hint.text },
    };
    event(part, news.at)
}

/// The last line.
pub fn done(watch: &Watch) -> Event<Part<'_>> {
    let (agree, of) = watch.count();
    let part = Part::Done {
        result: watch.end.map_or("interrupted", crate::watch::End::word),
        elapsed_ms: milliseconds(watch.elapsed()),
        agree,
        of,
        servers: watch.servers.iter().map(|s| ServerPart::of(s, watch.standing(s))).collect(),
        hints: watch.hints().into_iter().map(|h| HintPart { hint: h.id, text: h.text }).collect(),
        old_elsewhere_until: watch.elsewhere.filter(|until| *until > watch.last.wall),
    };
    event(part, watch.last.wall)
}

pub(super) fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
