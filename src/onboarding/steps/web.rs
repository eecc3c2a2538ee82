//! Hosts that links lead to, and the certificates of hosts.

use super::hosts::data;
use super::optional::only;
use super::{Desk, Next, Stage, State, Step, done, step, unknown};
use crate::evidence::errand::{Step as Failed, What};
use crate::evidence::{Data, Errand, Kind};
use crate::facts::domain::names::front_page;
use crate::knowledge::platform;
use crate::onboarding::told::Host;
use crate::remedy::{self, blank};
use crate::shell::command;
use std::net::IpAddr;

/// Hosts of links and pixels: where each leads, and its certificate.
pub(super) fn tracking(desk: &Desk) -> Vec<Step> {
    let hosts = desk.told.tracking_hosts(desk.domain);
    let both = |host: &Host| {
        let mut steps = [track(desk, host), secured(desk, host)];
        // What only the platform's guide tells of is the owner's to want.
        let named = desk.told.tracking.contains(host);
        steps.iter_mut().for_each(|s| s.optional |= !named);
        steps
    };
    hosts.iter().flat_map(both).collect()
}

fn track(desk: &Desk, host: &Host) -> Step {
    let Host { name, target } = host;
    let mut it = step(
        format!("tracking:{name}"),
        Stage::Records,
        format!("{name} leads to the tracker"),
        "Links of the mail go through it: under your own name they share your reputation, not a stranger's.",
    );
    let ip = target.as_deref().and_then(|t| t.parse::<IpAddr>().ok());
    let kind = ip.map_or(Kind::A, |ip| data(ip).0);
    it.check = Some(command!("dig +short {} {}", kind, name));
    let platforms = desk.told.platforms.iter().filter_map(|id| platform::find(id)).filter_map(|p| p.tracking.as_ref());
    let whose = platforms.filter(|t| Some(&t.target) == target.as_ref());
    it.actions.extend(whose.filter_map(|t| t.setting.as_deref()).map(|s| remedy::platform::place(s, desk.domain)));
    if desk.unasked(name, kind) {
        return unknown(it, desk.says(name, kind));
    }
    let (alias, addresses) = (desk.alias(name), desk.addresses(name));
    it.proof.push(desk.says(name, kind));
    let there = match (target, ip) {
        (_, Some(ip)) => addresses.contains(&ip),
        (Some(target), None) => alias.as_deref() == Some(target),
        (None, _) => !addresses.is_empty(),
    };
    // An alias that leads nowhere serves nobody.
    match (there, addresses.is_empty()) {
        (true, false) => {
            it.state = State::Done;
            return it;
        }
        (true, true) => {
            it.state = State::Waiting;
            it.actions.push("The alias stands, and no address stands where it leads: ask the tracker.".into());
            return it;
        }
        (false, _) => {}
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
    // RFC 1034 §3.6.2.
    if alias.is_some() == ip.is_some() && (alias.is_some() || !addresses.is_empty()) {
        it.actions.push("Something else stands at this name: an alias stands alone, so that goes first.".into());
    }
    it
}

/// Does the host show a certificate of its own name?
fn secured(desk: &Desk, host: &Host) -> Step {
    let name = &host.name;
    let mut it = step(
        format!("tls:{name}"),
        Stage::Records,
        format!("{name} shows a certificate of its own"),
        "Without one every link of the mail ends in a warning of the browser.",
    );
    it.check = Some(command!("curl -sSI https://{}/", name));
    it.next = Some(Next::Hosts);
    match desk.brought(&front_page(name)) {
        Some(What::Page { status, .. }) => {
            done(it, format!("https://{name}/ answers ({status}), certificate and name are good"))
        }
        Some(What::Failed { step: Failed::Certificate | Failed::CertificateName | Failed::Tls, why }) => {
            it.proof.push(format!("https://{name}/: {why}"));
            it.actions.push(format!(
                "The tracker, or whoever runs the host, has to get a certificate for {name}: most do once the name leads to them."
            ));
            it
        }
        Some(What::Failed { why, .. }) => unknown(it, format!("https://{name}/ was not reached: {why}")),
        _ => {
            // Mail arrives all the same; what is known to be broken is no matter of taste.
            it.optional = true;
            unknown(it, "not looked at, for that is a connection to it")
        }
    }
}

/// The certificate of the own mail host, and whether an authority could issue one.
pub(super) fn certificate(desk: &Desk) -> Option<Step> {
    let host = desk.told.servers.iter().find_map(|s| s.name.as_deref())?;
    let mut it = step(
        "certificate",
        Stage::Records,
        format!("{host} can have a certificate"),
        "Mail to it travels encrypted to the right host; MTA-STS asks for a valid one, and so do people who submit mail to it.",
    );
    it.optional = true;
    it.check = Some(command!("openssl s_client -starttls smtp -connect {}:25 -verify_return_error", host));
    let found: Vec<_> =
        desk.findings(&["caa-blocks-issuer", "mx-certificate-invalid", "mx-starttls-missing"]).collect();
    it.actions.push(format!(
        "For Let's Encrypt over HTTP {host} needs an address, port 80 open from everywhere, and, where there are CAA records, one \
         that says issue \"letsencrypt.org\"."
    ));
    if !found.is_empty() {
        desk.judged(&mut it, &found);
        return Some(it);
    }
    if let Some((whose, authority)) = desk.authority()
        && let Some((name, issuers)) = desk.locked_out(authority)
    {
        it.proof.push(desk.says(name, Kind::Caa));
        it.actions.push(format!(
            "{whose} has its certificates from {authority}, and CAA lets {} issue [caa].",
            only(&issuers)
        ));
        return Some(it);
    }
    let limited =
        desk.issuers(host).map_or(String::new(), |(_, issuers)| format!("; CAA lets {} issue", only(&issuers)));
    let own = desk.mx().unwrap_or_default().iter().any(|(_, mx)| mx == host);
    if desk.facts().domain.probes.is_some() && own {
        return Some(done(it, format!("{host} showed a good one")));
    }
    it.next = Some(Next::Hosts);
    Some(match desk.brought(&Errand::Http { host: host.to_owned() }) {
        Some(What::Page { status, .. }) => {
            done(it, format!("{host} answers on port 80 ({status}): an authority gets through to it{limited}"))
        }
        Some(What::Failed { why, .. }) => {
            it.proof.push(format!("{host} port 80: {why}"));
            it.actions.push("Open port 80, or prove the name by DNS (dns-01, RFC 8555 §8.4).".into());
            it.state = State::ToDo;
            it
        }
        _ => unknown(
            it,
            "not looked at: whether port 80 answers, or which certificate a mail host shows, takes a connection",
        ),
    })
}
