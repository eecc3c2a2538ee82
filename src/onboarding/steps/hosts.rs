//! The own servers, with their names both ways.

use super::{Desk, Stage, State, Step, done, step, unknown};
use crate::evidence::{Data, Kind};
use crate::facts::reverse::reverse_question;
use crate::onboarding::told::Server;
use crate::remedy::{Change, TTL, blank};
use crate::rules::Finding;
use crate::shell::command;
use std::net::IpAddr;

/// Rules of an address and its names.
const SOURCE: &[&str] =
    &["ptr-missing", "ptr-not-forward-confirmed", "ptr-generic", "ipv6-ptr-missing", "helo-invalid"];

/// An address as a record.
pub(super) fn data(ip: IpAddr) -> (Kind, Data) {
    match ip {
        IpAddr::V4(ip) => (Kind::A, Data::A(ip)),
        IpAddr::V6(ip) => (Kind::Aaaa, Data::Aaaa(ip)),
    }
}

/// The name and the reverse name of a server.
pub(super) fn server(desk: &Desk, server: &Server) -> Vec<Step> {
    let ip = server.ip;
    let host = server.name.clone().unwrap_or_else(|| blank("host name of your server"));
    let mut forward = step(
        format!("host:{ip}"),
        Stage::Records,
        format!("The server at {ip} has a name"),
        "The name in HELO and the reverse name have to lead back to the address.",
    );
    let (kind, address) = data(ip);
    forward.check = Some(command!("dig +short {} {}", kind, host));
    if server.name.is_none() {
        forward.actions.push(format!("Choose a name for it and say it: --server {ip}=NAME."));
        forward.changes.push(Change { name: host.clone(), kind, ttl: TTL, before: vec![], after: vec![address] });
    } else if desk.unasked(&host, kind) {
        forward = unknown(forward, desk.says(&host, kind));
    } else if desk.addresses(&host).contains(&ip) {
        forward = done(forward, desk.says(&host, kind));
        let told = |ip: &IpAddr| desk.told.servers.iter().any(|s| s.ip == *ip);
        let more = desk.addresses(&host).into_iter().filter(|ip| ip.is_ipv6() && server.ip.is_ipv4() && !told(ip));
        forward.proof.extend(more.map(|ip| {
            format!("it has {ip} too: if it may send from there, that address needs a reverse name and SPF (--server {ip}={host})")
        }));
    } else {
        forward.proof.push(desk.says(&host, kind));
        forward.changes.push(desk.change(&host, kind, vec![address], |_| false));
    }
    vec![forward, reverse(desk, server, &host)]
}

/// What to write to whoever gave the address.
pub fn request(ip: &str, host: &str) -> String {
    format!("Please set the reverse name (PTR) of {ip} to {host}.")
}

fn reverse(desk: &Desk, server: &Server, host: &str) -> Step {
    let ip = server.ip;
    let question = reverse_question(ip);
    let mut it = step(
        format!("ptr:{ip}"),
        Stage::Records,
        format!("The reverse name of {ip} leads back"),
        "Gmail, Outlook.com and many others refuse servers without one.",
    );
    it.check = Some(command!("dig +short -x {}", ip));
    it.proof.push(desk.says(&question.name, Kind::Ptr));
    let names: Vec<String> = vec![question.name.to_string()];
    let about = |f: &&Finding| Desk::concerns(f, &names) || f.title.contains(&ip.to_string());
    let found: Vec<&Finding> = desk.findings(SOURCE).filter(about).collect();
    let seen = desk.facts().domain.sources.iter().find(|s| s.ip == ip).and_then(|s| s.reverse.as_ref());
    let Some(seen) = seen.filter(|r| r.outcome.is_some_and(|o| !o.failed())) else {
        it.state = State::Unknown;
        return it;
    };
    if found.is_empty() && seen.names.iter().any(|n| n.confirmed == Some(true)) {
        it.state = State::Done;
        return it;
    }
    if found.is_empty() && !seen.names.is_empty() {
        it.state = State::Unknown;
        return it;
    }
    it.rules.extend(found.iter().map(|f| f.rule.id));
    it.actions.extend(found.iter().map(|f| format!("{}.", f.title)));
    it.actions.push(format!(
        "Ask whoever gave you {ip}, or set it in their panel (“reverse DNS”): “{}” It is not set in the zone of your domain.",
        request(&ip.to_string(), host)
    ));
    it.changes.push(Change {
        name: question.name.into(),
        kind: Kind::Ptr,
        ttl: TTL,
        before: seen.names.iter().map(|n| Data::Ptr(n.name.clone())).collect(),
        after: vec![Data::Ptr(host.to_owned())],
    });
    it
}
