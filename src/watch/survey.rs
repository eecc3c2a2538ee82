//! Which servers are to be watched: the zone of the name, its delegation, the addresses of its servers.

use super::{Duty, Order, Who};
use crate::evidence::{Answer, Answers, Question, Server};
use crate::facts::domain::server::{NameServer, Speech};
use crate::facts::domain::zone::{self, Zone};
use crate::facts::lookup::Lookup;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// Questions of one survey at most.
const MOST: usize = 120;

/// A delegation may be mended while one waits.
const AGAIN: Duration = Duration::from_secs(600);

/// Surveys that may fail before it goes on without the zone's servers.
const TRIES: u32 = 3;

#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// As the last whole survey found it.
    pub zone: Option<Zone>,
    /// Name servers the user named.
    named: Vec<NameServer>,
    /// What the zone calls its primary, where nobody is sent there.
    primary: Option<NameServer>,
    answers: Answers,
    asked: BTreeSet<Question>,
    flying: usize,
    /// When the next one begins, in ticks; `None` while one is on its way.
    again: Option<Duration>,
    rounds: u32,
}

/// What the answers at hand show.
struct Found {
    zone: Zone,
    named: Vec<NameServer>,
    primary: Option<NameServer>,
    missing: Vec<Question>,
}

impl Survey {
    /// The questions that are open.
    pub fn due(&mut self, order: &Order, ticks: Duration) -> Vec<Question> {
        if self.again.is_some_and(|again| again <= ticks) {
            self.begin();
        }
        if self.again.is_some() {
            return Vec::new();
        }
        let missing = self.gather(order).missing;
        let open: Vec<Question> = missing.into_iter().filter(|q| !self.asked.contains(q)).collect();
        let open: Vec<Question> = open.into_iter().take(MOST.saturating_sub(self.asked.len())).collect();
        self.asked.extend(open.iter().cloned());
        self.flying += open.len();
        open
    }

    /// From the start, but for what the zone's own servers said of it: each has its turns.
    fn begin(&mut self) {
        let stands = self.zone.iter().flat_map(Zone::stands).map(|(_, stand)| stand.ip);
        let own: BTreeSet<IpAddr> = stands.collect();
        self.answers.retain(|q, _| matches!(q.server, Server::At(ip) if own.contains(&ip)));
        self.asked = self.answers.keys().cloned().collect();
        self.again = None;
    }

    pub fn wake(&self) -> Option<Duration> {
        self.again
    }

    /// Takes an answer in; true where it was the last one.
    pub fn heard(&mut self, order: &Order, ticks: Duration, question: &Question, answer: Answer) -> bool {
        self.flying = self.flying.saturating_sub(1);
        self.answers.insert(question.clone(), answer);
        let Found { zone, named, primary, missing } = self.gather(order);
        let open = missing.iter().any(|q| !self.asked.contains(q)) && self.asked.len() < MOST;
        if open || self.flying > 0 {
            return false;
        }
        self.rounds += 1;
        let whole = zone.apex.is_some();
        self.again = Some(ticks + if whole { AGAIN } else { order.interval });
        // What was known stays known where the resolver fails.
        if whole || self.zone.is_none() {
            (self.zone, self.named, self.primary) = (Some(zone), named, primary);
        }
        true
    }

    fn gather(&self, order: &Order) -> Found {
        let lookup = Lookup::new(&self.answers);
        let zone = zone::gather(&lookup, &order.name, true);
        let apex = zone.apex.clone().unwrap_or_else(|| order.name.clone());
        let hosts = order.servers.iter().filter(|s| s.parse::<IpAddr>().is_err());
        let named: Vec<NameServer> = hosts.map(|host| NameServer::gather(&lookup, host, &apex)).collect();
        let mname = zone.start.as_ref().map(|start| start.mname.as_str()).filter(|name| name.contains('.'));
        let known = |name: &str| zone.servers.iter().chain(&named).any(|s| s.host == name);
        let hidden = mname.filter(|name| !zone.servers.is_empty() && !known(name));
        let primary = hidden.map(|name| NameServer::gather(&lookup, name, &apex));
        Found { named, primary, missing: lookup.into_missing(), zone }
    }

    /// The name servers with the serials they have.
    pub fn servers(&self, order: &Order) -> Vec<(Who, Option<u32>)> {
        let mut found: Vec<(Who, Option<u32>)> = Vec::new();
        let duty = |s: &NameServer| if s.at_parent == Some(false) { Duty::Outside } else { Duty::Delegated };
        let own = self.zone.iter().flat_map(|z| &z.servers).map(|s| (s, duty(s)));
        let primary = self.primary.iter().map(|s| (s, Duty::Primary));
        for (server, duty) in own.chain(primary).chain(self.named.iter().map(|s| (s, Duty::Outside))) {
            for stand in &server.stands {
                let serial = match stand.speech {
                    Speech::Speaks { serial, .. } => Some(serial),
                    // Many a primary speaks to its secondaries alone.
                    _ if duty == Duty::Primary => continue,
                    _ => None,
                };
                found.push((Who::Authority { duty, host: server.host.clone(), ip: stand.ip }, serial));
            }
        }
        let direct = order.servers.iter().filter_map(|s| s.parse::<IpAddr>().ok());
        found.extend(direct.map(|ip| (Who::Authority { duty: Duty::Outside, host: ip.to_string(), ip }, None)));
        // A server that is delegated is not outside, whoever names it.
        let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
        found.sort();
        found.retain(|(who, _)| matches!(who, Who::Authority { ip, .. } if seen.insert(*ip)));
        found
    }

    /// The first one has just ended.
    pub fn is_first(&self) -> bool {
        self.rounds == 1
    }

    /// The servers are known, or not to be known.
    pub fn is_over(&self) -> bool {
        self.zone.as_ref().is_some_and(|z| z.apex.is_some() || zone::is_absent(z)) || self.rounds >= TRIES
    }
}
