//! One server that is watched: what it said, for how long that holds, and when it is asked again.

use super::{Moment, Order, SHORTEST, canonical, is_negative};
use crate::evidence::{Answer, Data, Kind, Outcome};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// Failures in a row after which a server is not waited for any more.
const LOST: u32 = 3;

/// Its interval grows by this much at most.
const SLOWEST: u32 = 8;

/// Who is asked. The order is that of the table: the zone's servers first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A name server, at one of its addresses.
    Authority { duty: Duty, host: String, ip: IpAddr },
    /// A recursive resolver: its place in the order, and what it is called.
    Resolver { at: usize, name: String },
}

impl Who {
    /// The name server's name.
    pub fn host(&self) -> Option<&str> {
        match self {
            Who::Authority { host, .. } => Some(host),
            Who::Resolver { .. } => None,
        }
    }

    pub fn is_delegated(&self) -> bool {
        matches!(self, Who::Authority { duty: Duty::Delegated, .. })
    }

    /// The hidden primary.
    pub fn is_primary(&self) -> bool {
        matches!(self, Who::Authority { duty: Duty::Primary, .. })
    }

    /// Asked for information only: nobody else asks it.
    pub fn is_outside(&self) -> bool {
        matches!(self, Who::Authority { duty: Duty::Primary | Duty::Outside, .. })
    }

    pub fn role(&self) -> &'static str {
        match self {
            Who::Authority { duty: Duty::Delegated, .. } => "authority",
            Who::Authority { duty: Duty::Primary, .. } => "primary",
            Who::Authority { duty: Duty::Outside, .. } => "not-delegated",
            Who::Resolver { .. } => "resolver",
        }
    }

    /// Why its answer does not count, in a word; empty where it does.
    pub fn aside(&self) -> &'static str {
        match self {
            Who::Authority { duty: Duty::Primary, .. } => "(primary)",
            Who::Authority { duty: Duty::Outside, .. } => "(not delegated)",
            _ => "",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Who::Authority { host, .. } => host,
            Who::Resolver { name, .. } => name,
        }
    }
}

/// What a name server is to the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// The zone above sends the world there.
    Delegated,
    /// The others fetch the zone from there (SOA MNAME, RFC 1035 §3.3.13), and nobody else is sent to it.
    Primary,
    /// The zone above does not delegate to it.
    Outside,
}

/// How a server stands to what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not heard yet.
    Waiting,
    Has,
    /// Something else is there.
    Other,
    Missing,
    /// An alias stands there, and the record is looked for at its target.
    Alias,
    /// It does not serve the zone.
    Lame,
    /// It does not answer.
    Silent,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Has => "agrees",
            Standing::Other => "other",
            Standing::Missing => "missing",
            Standing::Alias => "alias",
            Standing::Lame => "lame",
            Standing::Silent => "silent",
        }
    }
}

/// The last answer that said something.
#[derive(Clone, Debug)]
pub struct Heard {
    pub answer: Answer,
    /// The records of the type, in the form in which they are compared.
    pub said: BTreeSet<String>,
    /// The alias at the name.
    pub alias: Option<String>,
    pub at: jiff::Timestamp,
}

/// What makes an answer news when it changes.
#[derive(PartialEq, Eq)]
pub(super) struct Shown {
    outcome: Option<Outcome>,
    said: Option<BTreeSet<String>>,
    alias: Option<String>,
}

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    pub who: Who,
    pub heard: Option<Heard>,
    /// How the last question failed, if it did.
    pub failed: Option<Outcome>,
    /// It answered, and not for this zone.
    lame: bool,
    pub failures: u32,
    /// Of the zone, as it has it.
    pub serial: Option<u32>,
    /// In ticks: asked last, and to be asked next.
    pub asked: Duration,
    pub next: Duration,
    pub(super) flying: bool,
    pub(super) turn: u32,
}

impl Server {
    pub fn new(who: Who) -> Server {
        Server {
            who,
            heard: None,
            failed: None,
            lame: false,
            failures: 0,
            serial: None,
            asked: Duration::ZERO,
            next: Duration::ZERO,
            flying: false,
            turn: 0,
        }
    }

    /// One whose serial is known from the survey.
    pub(super) fn known(who: &Who, serial: Option<u32>) -> Server {
        Server { serial, ..Server::new(who.clone()) }
    }

    /// Is it waited for? A server that fails again and again is not: it holds no old answer that anybody gets.
    pub fn counts(&self) -> bool {
        self.failures < LOST
    }

    pub fn is_lame(&self) -> bool {
        self.lame
    }

    /// What a user sees of it.
    pub(super) fn shown(&self) -> Shown {
        let heard = self.heard.as_ref();
        Shown {
            outcome: self.failed.or(heard.map(|h| h.answer.outcome)),
            said: heard.map(|h| h.said.clone()),
            alias: heard.and_then(|h| h.alias.clone()),
        }
    }

    pub(super) fn hear(&mut self, order: &Order, now: Moment, answer: Answer) {
        self.asked = now.ticks;
        // Who does not speak for the zone may repeat what a cache has, or point elsewhere.
        let foreign = self.who.host().is_some() && !answer.authoritative;
        let silent = matches!(answer.outcome, Outcome::Timeout | Outcome::Truncated);
        if answer.outcome.failed() || foreign {
            self.lame = self.who.host().is_some() && !silent;
            self.failures = self.failures.saturating_add(1);
            self.failed = Some(answer.outcome);
            return;
        }
        (self.failures, self.failed, self.lame) = (0, None, false);
        let said = said(&answer, order.kind, &order.name);
        let alias = answer.records.iter().find_map(|r| match &r.data {
            Data::Cname(target) if order.kind != Kind::Cname && r.name == order.name => Some(target.clone()),
            _ => None,
        });
        if self.heard.as_ref().is_some_and(|old| old.said != said) {
            self.serial = None;
        }
        if self.who.host().is_some() {
            self.serial = serial(&answer).or(self.serial);
        }
        self.heard = Some(Heard { answer, said, alias, at: now.wall });
    }

    /// Its turn is over; the next one comes after the interval, and not before a cache has anything new to say.
    pub(super) fn put_back(&mut self, now: Moment, interval: Duration) {
        self.flying = false;
        self.asked = now.ticks;
        let slower = 1u32 << self.failures.saturating_sub(LOST - 1).min(SLOWEST.ilog2());
        let mut wait = interval.max(SHORTEST) * slower;
        if self.failures == 0
            && let Some(left) = self.left(now.wall)
        {
            wait = wait.max(Duration::from_secs(u64::from(left) + 1));
        }
        self.next = now.ticks + wait;
    }

    /// For how long a cache still gives its answer, seconds; counted down from when it was seen.
    pub fn left(&self, wall: jiff::Timestamp) -> Option<u32> {
        let heard = self.heard.as_ref().filter(|_| self.who.host().is_none())?;
        let age = wall.duration_since(heard.at).as_secs().max(0);
        Some(heard.answer.ttl()?.saturating_sub(u32::try_from(age).unwrap_or(u32::MAX)))
    }

    /// When that is over.
    pub fn until(&self) -> Option<jiff::Timestamp> {
        let heard = self.heard.as_ref().filter(|_| self.who.host().is_none())?;
        heard.at.checked_add(jiff::SignedDuration::from_secs(heard.answer.ttl()?.into())).ok()
    }

    /// Its answer in words.
    pub fn words(&self) -> String {
        let Some(heard) = self.heard.as_ref().filter(|_| self.failed.is_none()) else {
            return match self.failed {
                None => "not heard yet",
                Some(Outcome::Timeout) => "no answer",
                Some(Outcome::Truncated) => "half an answer",
                Some(Outcome::Refused) => "refused (REFUSED)",
                Some(Outcome::ServFail) => "the server failed (SERVFAIL)",
                Some(_) => "answers, and does not serve the zone",
            }
            .to_owned();
        };
        match (&heard.alias, heard.answer.outcome) {
            (Some(target), _) if heard.said.is_empty() => format!("an alias for {target}"),
            (_, Outcome::NxDomain) => "no such name (NXDOMAIN)".to_owned(),
            (_, outcome) if is_negative(outcome) => "no such record (NODATA)".to_owned(),
            _ => heard.said.iter().cloned().collect::<Vec<_>>().join(" "),
        }
    }
}

/// The records of the type at the name, or at the end of its alias.
pub(super) fn said(answer: &Answer, kind: Kind, name: &str) -> BTreeSet<String> {
    let of_type = answer.records.iter().filter(|r| match &r.data {
        // RR type 99 has the data of a TXT record.
        Data::Txt(_) => matches!(kind, Kind::Txt | Kind::Spf),
        Data::Cname(_) => kind == Kind::Cname && r.name == name,
        data => data.kind() == Some(kind),
    });
    of_type.map(|r| canonical(&r.data)).collect()
}

/// The serial of an SOA, or of the one that comes with a negative answer (RFC 2308 §2).
pub(super) fn serial(answer: &Answer) -> Option<u32> {
    answer.records.iter().chain(&answer.authority).find_map(|r| match r.data {
        Data::Soa { serial, .. } => Some(serial),
        _ => None,
    })
}
