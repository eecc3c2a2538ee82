//! Who sends, the zone itself, where mail goes, and the tokens of postmaster portals.

use super::super::filled::MAIL_HOST;
use super::{Desk, Next, Stage, State, Step, done, step, unknown};
use crate::evidence::{Data, Kind};
use crate::facts::dkim::name;
use crate::facts::domain::who::Role;
use crate::knowledge::{platform, typo};
use crate::remedy::blank;
use crate::shell::command;

/// Rules of the zone.
const ZONE: &[&str] = &["dns-flaky", "domain-not-found"];

/// Rules of where mail goes.
const MX: &[&str] = &["mx-missing-or-invalid", "mx-starttls-missing", "mx-certificate-invalid", "open-relay"];

pub(super) fn who_sends(desk: &Desk) -> Step {
    let mut it = step("who-sends", Stage::Plan, "Who sends?", "Whatever is not named here will fail the checks.");
    let told = desk.told;
    let named = told.platforms.iter().filter_map(|id| platform::find(id)).map(|p| p.name.clone());
    let servers = told.servers.iter().map(|s| s.name.clone().map_or(s.ip.to_string(), |n| format!("{n} ({})", s.ip)));
    let all: Vec<String> = named.chain(servers).collect();
    let shown = desk.facts().domain.who.iter().filter(|p| matches!(p.role, Role::Sender | Role::Mailboxes));
    for party in shown.filter(|p| !told.platforms.iter().any(|id| id == p.id) && platform::find(p.id).is_some()) {
        let clue = party.clues.first().map_or("", |c| c.text.as_str());
        it.actions.push(format!("{} may send by what is published ({clue}): is it one of yours?", party.name));
    }
    it.next = Some(Next::Ask);
    match all.is_empty() {
        true => {
            it.actions.push("Name every platform and every server of your own that will send; none is guessed.".into());
            it.check = Some(command!("postdoc onboard {} --platform ID --server IP=NAME", desk.domain));
            it
        }
        false => done(it, all.join(", ")),
    }
}

pub(super) fn name_servers(desk: &Desk) -> Step {
    let mut it = step(
        "name-servers",
        Stage::Records,
        "Name servers answer",
        "Everything below stands in the zone: its servers have to be reachable and to say the same.",
    );
    it.check = Some(command!("dig +short NS {}", desk.domain));
    let found: Vec<_> = desk.findings(ZONE).collect();
    desk.judged(&mut it, &found);
    let glueless = glueless(desk);
    for host in &glueless {
        it.state = State::ToDo;
        it.actions.push(format!(
            "{host} stands in the zone that it serves: its address has to stand at the registrar too, as a host record (glue)."
        ));
    }
    if !found.is_empty() || !glueless.is_empty() {
        return it;
    }
    let home = desk.facts().home(desk.domain);
    match home.servers.is_empty() {
        true => unknown(it, desk.says(desk.domain, Kind::Ns)),
        false => done(it, format!("{}: {}", home.zone, home.servers.join(", "))),
    }
}

/// Delegated servers inside the zone whose addresses the zone above does not hand out (RFC 1034 §4.2.1).
fn glueless(desk: &Desk) -> Vec<String> {
    let Some(zone) = &desk.facts().domain.zone else { return Vec::new() };
    let (Some(apex), Some(parent)) = (&zone.apex, &zone.parent) else { return Vec::new() };
    let answers = parent.asked.iter().filter_map(|a| desk.facts().evidence.answers.get(&a.question));
    let referrals: Vec<_> = answers.filter(|a| !a.outcome.failed() && !a.authoritative).collect();
    let glue = |host: &str| referrals.iter().any(|a| a.glue.iter().any(|r| r.name == host));
    let delegated = parent.names.iter().flatten().filter(|host| name::within(host, apex));
    delegated.filter(|host| !referrals.is_empty() && !glue(host)).cloned().collect()
}

pub(super) fn mx(desk: &Desk) -> Step {
    let domain = desk.domain;
    let mut it = step(
        "mx",
        Stage::Records,
        "Replies and bounces have a place to go",
        "Receivers ask whether mail to the sender could arrive; where it goes is yours to say and never guessed.",
    );
    it.check = Some(command!("dig +short MX {}", domain));
    let found: Vec<_> = desk.findings(MX).collect();
    let Some(servers) = desk.mx() else { return unknown(it, desk.says(domain, Kind::Mx)) };
    // A null MX, which stands alone (RFC 7505 §3).
    let null = matches!(&servers[..], [(_, host)] if matches!(host.as_str(), "" | "."));
    if !servers.is_empty() && !null && found.is_empty() {
        it = done(it, desk.says(domain, Kind::Mx));
        let sends = desk.told.servers.iter().filter_map(|s| s.name.as_deref());
        let both = sends.filter(|name| servers.iter().any(|(_, mx)| mx == name));
        let both = both.filter(|_| desk.facts().domain.probes.is_none());
        it.proof.extend(both.map(|name| {
            format!(
                "{name} sends too. Whether it takes mail was not asked: at a server that only sends, answers are lost"
            )
        }));
        return it;
    }
    it.state = State::ToDo;
    it.proof.push(desk.says(domain, Kind::Mx));
    if !servers.is_empty() && !null {
        desk.judged(&mut it, &found);
        return it;
    }
    let hosts: Vec<String> = match &desk.told.mx[..] {
        [] => vec![blank(MAIL_HOST)],
        told => told.to_vec(),
    };
    let set = (1..).zip(hosts).map(|(n, exchange)| Data::Mx { preference: n * 10, exchange });
    it.changes.push(desk.change(domain, Kind::Mx, set.collect(), |_| true));
    if desk.told.mx.is_empty() {
        it.actions.push(
            "Take the MX records from your mailbox provider (--mx HOST). It is the server that takes mail; one that only sends is \
             none."
                .into(),
        );
    }
    if null || desk.told.receives == Some(false) {
        it.actions.push(
            "A null MX says that nobody can write here, and some receivers refuse mail from such a name (RFC 7505 §4.2): it is for \
             names that send nothing. Mail from here needs an MX, or else another domain in From and in the bounce address."
                .into(),
        );
    }
    it
}

/// A name that is to send nothing.
pub(super) fn silent(desk: &Desk) -> Step {
    let domain = desk.domain;
    let mut it = step(
        "silent",
        Stage::Records,
        "Nobody can send in its name",
        "A parked name is used by forgers unless its records say that no mail is from it.",
    );
    it.check = Some(command!("postdoc check {} --non-sending", domain));
    let found: Vec<_> = desk.findings(&["non-sending-domain-open"]).collect();
    desk.judged(&mut it, &found);
    let passed = desk.d.passed.iter().any(|r| r.id == "non-sending-domain-open");
    match (found.is_empty(), passed) {
        (true, true) => {
            done(it, format!("{}; {}", desk.says(domain, Kind::Txt), desk.says(&format!("_dmarc.{domain}"), Kind::Txt)))
        }
        (true, false) => unknown(it, desk.says(domain, Kind::Txt)),
        (false, _) => it,
    }
}

/// Receiver, how its token begins, and where it is shown.
const TOKENS: [(&str, &str, &str); 3] = [
    ("Google", "google-site-verification=", "https://postmaster.google.com"),
    ("Yahoo", "yahoo-verification-key=", "https://senders.yahooinc.com"),
    ("Mail.ru", "mailru-verification: ", "https://postmaster.mail.ru"),
];

/// The tokens that prove to receivers whose domain it is.
pub(super) fn verification(desk: &Desk) -> Step {
    let domain = desk.domain;
    let mut it = step(
        "verification",
        Stage::Records,
        "Postmaster portals know you",
        "They show complaints and faults of your mail, and ask for a token in DNS first.",
    );
    it.optional = true;
    it.check = Some(command!("dig +short TXT {}", domain));
    if desk.unasked(domain, Kind::Txt) {
        return unknown(it, desk.says(domain, Kind::Txt));
    }
    let texts = desk.texts(domain);
    for (who, prefix, url) in TOKENS {
        match texts.iter().find(|t| t.starts_with(prefix)) {
            Some(text) => it.proof.push(format!("{who}: {text}")),
            None => {
                it.changes
                    .push(desk.adds_text(domain, &format!("{prefix}{}", blank(&format!("token that {who} shows")))));
                it.actions.push(format!("{who}: {url}"));
            }
        }
    }
    for text in &texts {
        let (key, mark) = text.split_at(text.find(['=', ':']).map_or(text.len(), |at| at + 1));
        let near = TOKENS.into_iter().find(|(_, prefix, _)| {
            typo::distance(key, prefix.trim_end(), 2).is_some_and(|d| d > 0) && !mark.is_empty()
        });
        if let Some((who, prefix, _)) = near {
            it.actions
                .push(format!("“{text}” looks mistyped: {who} looks for a text that begins {}.", prefix.trim_end()));
        }
    }
    it.actions.push(
        "Microsoft asks for no token in DNS: SNDS and JMRP are about addresses \
         (https://substrate.office.com/ip-domain-management-snds/snds)."
            .into(),
    );
    it.state = if it.changes.is_empty() { State::Done } else { State::ToDo };
    it
}
