//! What mail arrives without, and what makes it safer or better seen.

use super::super::filled::REPORTS;
use super::{Desk, Next, Stage, State, Step, done, step, unknown};
use crate::evidence::{Data, Kind};
use crate::facts::dmarc::Policy;
use crate::remedy::{blank, text};
use crate::rules::{Finding, Severity};
use crate::shell::command;

pub(super) fn all(desk: &Desk) -> Vec<Step> {
    let mut steps = Vec::new();
    if desk.receives() != Some(false) {
        steps.extend([tls_rpt(desk), mta_sts(desk)]);
    }
    steps.extend([caa(desk), bimi(desk), blocklists(desk), role_mailboxes(desk)]);
    steps.iter_mut().for_each(|s| s.optional = true);
    steps
}

fn tls_rpt(desk: &Desk) -> Step {
    let name = format!("_smtp._tls.{}", desk.domain);
    let mut it = step(
        "tls-rpt",
        Stage::Records,
        "Failed encryption is reported",
        "Senders tell once a day where TLS to your mail hosts failed (RFC 8460).",
    );
    it.check = Some(command!("dig +short TXT {}", name));
    let names = [name.clone()];
    desk.mended(&mut it, |f| of_tls(f) && Desk::concerns(f, &names));
    if !it.rules.is_empty() {
        it.proof.push(desk.says(&name, Kind::Txt));
        return it;
    }
    match &desk.facts().domain.tls_rpt {
        Some(published) if published.record().is_some_and(|r| r.flaws.is_empty()) => {
            done(it, desk.says(&name, Kind::Txt))
        }
        Some(_) if !desk.unasked(&name, Kind::Txt) => {
            it.proof.push(desk.says(&name, Kind::Txt));
            let mailbox = desk.told.reports.clone().unwrap_or_else(|| blank(REPORTS));
            let value = format!("v=TLSRPTv1; rua=mailto:{mailbox}");
            let old = |d: &Data| matches!(d, Data::Txt(t) if t.concat().starts_with(b"v=TLSRPT"));
            it.changes.push(desk.change(&name, Kind::Txt, vec![text(&value)], old));
            it
        }
        _ => unknown(it, desk.says(&name, Kind::Txt)),
    }
}

/// One rule speaks of policies and of reports.
fn of_tls(finding: &Finding) -> bool {
    finding.rule.id == "mta-sts-or-dane-broken" && finding.severity >= Severity::Low
}

fn mta_sts(desk: &Desk) -> Step {
    let domain = desk.domain;
    let name = format!("_mta-sts.{domain}");
    let mut it = step(
        "mta-sts",
        Stage::Records,
        "Mail to you is always encrypted",
        "A policy over HTTPS names your mail hosts and asks for TLS with a good certificate (RFC 8461).",
    );
    it.check = Some(command!("curl -sS https://mta-sts.{}/.well-known/mta-sts.txt", domain));
    let reports = [format!("_smtp._tls.{domain}")];
    let found: Vec<_> = desk.d.every_finding().filter(|f| of_tls(f) && !Desk::concerns(f, &reports)).collect();
    if !found.is_empty() {
        desk.judged(&mut it, &found);
        return it;
    }
    let published = desk.facts().domain.mta_sts.as_ref().is_some_and(|s| s.record.record().is_some());
    if published {
        return done(it, desk.says(&name, Kind::Txt));
    }
    let Some(servers) = desk.mx() else { return unknown(it, desk.says(domain, Kind::Mx)) };
    if servers.is_empty() {
        it.state = State::Waiting;
        it.actions.push("First the domain needs its MX.".into());
        return it;
    }
    it.proof.push(desk.says(&name, Kind::Txt));
    let id = desk.facts().evidence.now.strftime("%Y%m%d%H%M%S").to_string();
    it.changes.push(desk.adds_text(&name, &format!("v=STSv1; id={id}")));
    let host = format!("mta-sts.{domain}");
    if desk.addresses(&host).is_empty() && desk.alias(&host).is_none() {
        let target = blank("web host that serves the policy");
        it.changes.push(desk.change(&host, Kind::Cname, vec![Data::Cname(target)], |_| false));
    }
    let lines: Vec<String> = servers.iter().map(|(_, mx)| format!("mx: {mx}")).collect();
    it.actions.push(format!(
        "Serve this file as https://{host}/.well-known/mta-sts.txt, over HTTPS with a certificate for {host}:\nversion: STSv1\nmode: \
         testing\n{}\nmax_age: 86400",
        lines.join("\n")
    ));
    it.actions
        .push("After two weeks without reports of failures: mode: enforce, max_age: 604800, and a new id.".into());
    it
}

fn caa(desk: &Desk) -> Step {
    let mut it = step(
        "caa",
        Stage::Records,
        "The right authorities may issue certificates",
        "CAA records name them; without any, every authority may.",
    );
    it.check = Some(command!("dig +short CAA {}", desk.domain));
    let found: Vec<_> = desk.findings(&["caa-blocks-issuer"]).collect();
    desk.judged(&mut it, &found);
    if found.is_empty()
        && let Some((whose, authority)) = desk.authority()
        && let Some((name, issuers)) = desk.locked_out(authority)
    {
        let property = Data::Caa { flags: 0, tag: "issue".into(), value: authority.as_bytes().to_vec() };
        it.proof.push(desk.says(name, Kind::Caa));
        it.actions
            .push(format!("{whose} has its certificates from {authority}, and CAA lets {} issue.", only(&issuers)));
        // `;` lets nobody.
        let nobody =
            |d: &Data| matches!(d, Data::Caa { tag, value, .. } if tag.eq_ignore_ascii_case("issue") && value == b";");
        it.changes.push(desk.change(name, Kind::Caa, vec![property], nobody));
        return it;
    }
    match (found.is_empty(), desk.unasked(desk.domain, Kind::Caa)) {
        (false, _) => it,
        (true, true) => unknown(it, desk.says(desk.domain, Kind::Caa)),
        (true, false) => done(it, desk.says(desk.domain, Kind::Caa)),
    }
}

/// `digicert.com alone`
pub(super) fn only(issuers: &[&str]) -> String {
    match issuers {
        [] => "nobody".to_owned(),
        some => format!("{} alone", some.join(" and ")),
    }
}

fn bimi(desk: &Desk) -> Step {
    let name = format!("default._bimi.{}", desk.domain);
    let mut it = step(
        "bimi",
        Stage::Records,
        "Your logo stands beside the mail",
        "BIMI: only with DMARC enforced; Gmail and Apple ask for a certificate of the mark besides.",
    );
    it.check = Some(command!("dig +short TXT {}", name));
    let enforced = desk.facts().dmarc.record().and_then(|r| r.own_policy()).is_some_and(|p| p > Policy::None);
    if desk.facts().dmarc.record().is_none() && !desk.facts().dmarc.is_absent() {
        return unknown(it, desk.says(&format!("_dmarc.{}", desk.domain), Kind::Txt));
    }
    let published = desk.facts().domain.bimi.iter().any(|p| p.record().is_some());
    let found = desk.d.every_finding().any(|f| f.rule.id == "bimi-not-eligible");
    it.proof.push(desk.says(&name, Kind::Txt));
    it.actions.push(
        "The logo is a square SVG of the profile Tiny PS; a VMC, or for a mark in use a CMC, for Gmail; a VMC for Apple.".into(),
    );
    it.state = match (published, enforced) {
        (true, true) if !found => State::Done,
        (_, false) => State::Waiting,
        _ => State::ToDo,
    };
    if it.state == State::Waiting {
        it.actions.push("First DMARC has to be enforced: p=quarantine or p=reject.".into());
    } else if it.state == State::ToDo && !published {
        let value = format!(
            "v=BIMI1; l={}; a={}",
            blank("HTTPS address of the SVG"),
            blank("HTTPS address of the certificate")
        );
        it.changes.push(desk.adds_text(&name, &value));
    }
    it
}

fn blocklists(desk: &Desk) -> Step {
    let mut it = step(
        "blocklists",
        Stage::Records,
        "Your addresses are on no blocklist",
        "An address that somebody else had before may be listed from the start.",
    );
    it.check = Some(command!("postdoc check {} --blocklists", desk.domain));
    let rules = ["dnsbl-listed", "domain-listed"];
    let found: Vec<_> = desk.d.every_finding().filter(|f| rules.contains(&f.rule.id)).collect();
    desk.judged(&mut it, &found);
    if !found.is_empty() {
        return it;
    }
    match desk.d.passed.iter().any(|r| rules.contains(&r.id)) {
        true => done(it, "no list that answered holds them"),
        false => {
            it.next = Some(Next::Blocklists);
            unknown(it, "not asked, for it tells the lists")
        }
    }
}

fn role_mailboxes(desk: &Desk) -> Step {
    let mut it = step(
        "role-mailboxes",
        Stage::Records,
        format!("postmaster@ and abuse@{} are read", desk.domain),
        "Complaints and confirmations of feedback loops go there (RFC 5321 §4.5.1, RFC 2142).",
    );
    it.check = Some(command!("postdoc check {} --probe-mx", desk.domain));
    let found: Vec<_> = desk.findings(&["role-mailbox-missing"]).collect();
    desk.judged(&mut it, &found);
    if !found.is_empty() {
        return it;
    }
    let asked = desk.facts().domain.probes.is_some();
    match desk.d.passed.iter().any(|r| r.id == "role-mailbox-missing") {
        true => done(it, "the mail host takes mail for them"),
        false if asked => unknown(it, "the mail host was asked, and its answers do not tell whether they exist"),
        false => {
            it.next = Some(Next::MailHosts);
            unknown(it, "the mail host was not asked")
        }
    }
}
