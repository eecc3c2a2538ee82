//! Hosts: the own servers with their names both ways, tracking hosts, the certificate of the mail host.

use super::{Desk, Stage, State, Step, done, step, unknown};
use crate::evidence::{Data, Kind};
use crate::facts::reverse::reverse_question;
use crate::onboarding::told::{Host, Server};
use crate::remedy::{Change, TTL, blank};
use crate::rules::Finding;
use std::net::IpAddr;

/// Rules of an address and its names.
const SOURCE: &[&str] =
    &["ptr-missing", "ptr-not-forward-confirmed", "ptr-generic", "ipv6-ptr-missing", "helo-invalid"];

fn data(ip: IpAddr) -> (Kind, Data) {
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
    forward.check = Some(format!("dig +short {kind} {host}"));
    if server.name.is_none() {
        forward.actions.push(format!("Choose a name for it and say it: --server {ip}=NAME."));
        forward.changes.push(Change { name: host.clone(), kind, ttl: TTL, before: vec![], after: vec![address] });
    } else if desk.unasked(&host, kind) {
        forward = unknown(forward, desk.says(&host, kind));
    } else if desk.addresses(&host).contains(&ip) {
        forward = done(forward, desk.says(&host, kind));
    } else {
        forward.proof.push(desk.says(&host, kind));
        forward.changes.push(desk.change(&host, kind, vec![address], |_| false));
    }
    vec![forward, reverse(desk, server, &host)]
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
    it.check = Some(format!("dig +short -x {ip}"));
    it.proof.push(desk.says(&question.name, Kind::Ptr));
    let names: Vec<String> = vec![question.name.clone()];
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
        "Ask whoever gave you {ip}, or set it in their panel (“reverse DNS”): “Please set the reverse name (PTR) of {ip} to \
         {host}.” It is not set in the zone of your domain."
    ));
    it.changes.push(Change {
        name: question.name,
        kind: Kind::Ptr,
        ttl: TTL,
        before: seen.names.iter().map(|n| Data::Ptr(n.name.clone())).collect(),
        after: vec![Data::Ptr(host.to_owned())],
    });
    it
}

/// Hosts of links and pixels.
pub(super) fn tracking(desk: &Desk) -> Vec<Step> {
    desk.told.tracking.iter().map(|host| track(desk, host)).collect()
}

fn track(desk: &Desk, host: &Host) -> Step {
    let Host { name, target } = host;
    let mut it = step(
        format!("tracking:{name}"),
        Stage::Records,
        format!("{name} leads to the tracker"),
        "Links of the mail go through it: under your own name they share your reputation, not a stranger's.",
    );
    it.check = Some(format!("curl -sSI https://{name}/"));
    it.actions.push(format!("It needs a certificate for {name}: the command below must not complain."));
    if desk.unasked(name, Kind::A) {
        return unknown(it, desk.says(name, Kind::A));
    }
    let (alias, addresses) = (desk.alias(name), desk.addresses(name));
    it.proof.push(desk.says(name, Kind::A));
    let ip = target.as_deref().and_then(|t| t.parse::<IpAddr>().ok());
    let there = match (target, ip) {
        (_, Some(ip)) => addresses.contains(&ip),
        (Some(target), None) => alias.as_deref() == Some(target),
        (None, _) => !addresses.is_empty(),
    };
    if there {
        it.state = State::Done;
        return it;
    }
    it.changes.push(match (target, ip) {
        (_, Some(ip)) => {
            let (kind, address) = data(ip);
            desk.change(name, kind, vec![address], |_| true)
        }
        (Some(target), None) => desk.change(name, Kind::Cname, vec![Data::Cname(target.clone())], |_| true),
        (None, _) => {
            let target = blank("host or address that your tracker names");
            desk.change(name, Kind::Cname, vec![Data::Cname(target)], |_| true)
        }
    });
    if alias.is_some() || !addresses.is_empty() {
        it.actions.push("Something else stands at this name: an alias stands alone, so that goes first.".into());
    }
    it
}

/// The certificate of the own mail host.
pub(super) fn certificate(desk: &Desk) -> Option<Step> {
    let host = desk.told.servers.iter().find_map(|s| s.name.as_deref())?;
    let mut it = step(
        "certificate",
        Stage::Records,
        format!("{host} has a certificate"),
        "Mail to it travels encrypted to the right host; a valid one is asked for by MTA-STS.",
    );
    it.optional = true;
    it.check = Some(format!("openssl s_client -starttls smtp -connect {host}:25 -verify_return_error"));
    let found: Vec<_> =
        desk.findings(&["caa-blocks-issuer", "mx-certificate-invalid", "mx-starttls-missing"]).collect();
    let probed = desk.facts().domain.probes.is_some();
    it.actions.push(format!(
        "For Let's Encrypt over HTTP {host} needs an address, port 80 open from everywhere, and, where there are CAA records, one \
         that says issue \"letsencrypt.org\"."
    ));
    if !found.is_empty() {
        desk.judged(&mut it, &found);
        return Some(it);
    }
    let own = desk.mx().unwrap_or_default().iter().any(|(_, mx)| mx == host);
    Some(match probed && own {
        true => done(it, format!("{host} showed a good one")),
        false => unknown(it, "it is looked at where the host takes mail for the domain: --probe-mx"),
    })
}
