//! The cure for a bad reverse name: a request to whoever owns the address, and the address
//! record that must stand opposite.

use super::connection;
use crate::evidence::{Answer, Data, Kind, Outcome, answer_at};
use crate::facts::Facts;
use crate::facts::mail_hosts::Reception;
use crate::facts::platform::Hit;
use crate::facts::reverse::{HeloForm, addresses, reverse_question};
use crate::remedy::{Change, Remedy, TTL, blank};
use crate::shell::command;
use std::net::IpAddr;

/// Points the reverse name at a host of the sender that resolves back.
pub(super) fn remedy(facts: &Facts, ip: IpAddr) -> Remedy {
    match host(facts, ip) {
        Host::Ready(host) => Remedy::new(format!("Have the owner of {ip} set its reverse name to {host}."))
            .step(ask(ip, &host))
            .record(pointer(facts, ip, &host)),
        Host::Needs(host, change) => Remedy::new(format!(
            "Let {host} resolve to {ip}, then have the owner of {ip} set its reverse name to {host}."
        ))
        .step(format!("Publish the address record below, so that {host} leads to {ip}."))
        .step(ask(ip, &host))
        .record(change)
        .record(pointer(facts, ip, &host)),
        Host::Unknown => another_name(facts, ip),
    }
}

/// Points the reverse name at a host name yet to be chosen.
pub(super) fn another_name(facts: &Facts, ip: IpAddr) -> Remedy {
    let host = blank("host name of your mail server");
    let taken = facts.helo.as_ref().filter(|h| h.matches_ip == Some(false) && h.resolves == Some(true));
    let remedy =
        Remedy::new(format!("Choose a host name of yours that resolves to {ip}, and have it set as reverse name."));
    let remedy = match taken.filter(|h| connection::own(facts, &h.name)) {
        Some(helo) => remedy.step(format!("Leave {} as it is: that is the name of another server.", helo.name)),
        None => remedy,
    };
    remedy
        .step(format!(
            "Choose a host name under your own domain for this server and give it the {} record {ip}.",
            kind(ip)
        ))
        .step(ask(ip, &host))
        .step("Let the server introduce itself (HELO) by the same name.")
        .record(pointer(facts, ip, &host))
        .blank("host name of your mail server, one that resolves to this address")
}

/// Does a domain of the sender take mail at this host?
pub(super) fn takes_mail(facts: &Facts, host: &str) -> bool {
    facts
        .mail_hosts
        .iter()
        .any(|m| matches!(&m.reception, Reception::Servers(all) if all.iter().any(|s| s.host == host)))
}

/// What to do where the address is a sending platform's.
pub(super) fn of_platform(hit: &Hit, ip: IpAddr) -> Remedy {
    let name = &hit.platform.name;
    Remedy::new(format!("Tell {name}: {ip} is its address, and only {name} can set its names.")).step(format!(
        "Send this finding to the support of {name}, or ask for another sending address or pool; there is nothing to change in your own DNS."
    ))
}

/// The command that shows the reverse name.
pub(super) fn check(ip: IpAddr) -> String {
    command!("dig +short -x {}", ip)
}

/// What [`check`] must show, whatever the name will be.
pub(super) fn expect(ip: IpAddr) -> String {
    format!("a name, and `dig +short {} <name>` shows {ip}", kind(ip))
}

/// The addresses of an answer in words.
pub(super) fn address_list(answer: &Answer) -> String {
    let list = addresses(answer).map(|a| a.to_string()).collect::<Vec<_>>().join(", ");
    match answer.outcome {
        Outcome::NxDomain => "NXDOMAIN: no such name".to_owned(),
        _ if list.is_empty() => "no address record".to_owned(),
        _ => list,
    }
}

/// The RRset of a host with the address added; `None` where the answer is not known, or the name
/// is an alias and can have no address of its own (RFC 1034 §3.6.2).
pub(super) fn with_address(facts: &Facts, host: &str, ip: IpAddr) -> Option<Change> {
    let answer = answer_at(&facts.evidence.answers, host, kind(ip))?;
    if answer.outcome.failed() || answer.alias().is_some() {
        return None;
    }
    let data = |ip| match ip {
        IpAddr::V4(v4) => Data::A(v4),
        IpAddr::V6(v6) => Data::Aaaa(v6),
    };
    let before: Vec<Data> = addresses(answer).map(data).collect();
    let mut after = before.clone();
    after.push(data(ip));
    Some(Change { name: host.to_owned(), kind: kind(ip), ttl: TTL, before, after })
}

fn kind(ip: IpAddr) -> Kind {
    if ip.is_ipv4() { Kind::A } else { Kind::Aaaa }
}

/// A host to which the reverse name can point.
enum Host {
    /// Resolves to the address already.
    Ready(String),
    /// Will, with this change.
    Needs(String, Change),
    Unknown,
}

fn host(facts: &Facts, ip: IpAddr) -> Host {
    let Some(helo) = facts.helo.as_ref().filter(|h| h.form == HeloForm::Domain) else { return Host::Unknown };
    if helo.matches_ip == Some(true) {
        return Host::Ready(helo.name.clone());
    }
    // A name that leads elsewhere is another machine's: its mail would be spread over both.
    let unused = |change: &Change| change.before.is_empty() && connection::own(facts, &helo.name);
    match with_address(facts, &helo.name, ip).filter(unused) {
        Some(change) => Host::Needs(helo.name.clone(), change),
        None => Host::Unknown,
    }
}

fn ask(ip: IpAddr, host: &str) -> String {
    format!(
        "Ask whoever gave you {ip} (the hosting or internet provider; often a field “reverse DNS” in its panel): \
         “Please set the reverse name (PTR) of {ip} to {host}.” It is not set in your own domain's zone."
    )
}

fn pointer(facts: &Facts, ip: IpAddr, host: &str) -> Change {
    let names = facts.reverse.iter().filter(|r| r.ip == ip).flat_map(|r| &r.names);
    Change {
        name: reverse_question(ip).name.into(),
        kind: Kind::Ptr,
        ttl: TTL,
        before: names.map(|n| Data::Ptr(n.name.clone())).collect(),
        after: vec![Data::Ptr(host.to_owned())],
    }
}
