//! What the rules about bulk senders share: to whom a message goes, how much is sent, and which demands fail.

use crate::facts::Facts;
use crate::facts::address::mailboxes;
use crate::rules::headers::is_mass;
use crate::rules::requirement::{self, Line, State};
use crate::rules::{Exhibit, Finding, Gap, Severity};

/// Messages a day to one receiver, or in all, from which Gmail and Outlook.com call a sender bulk.
pub const MANY: u64 = 5_000;

/// How much the user says is sent in a day.
pub fn declared(facts: &Facts) -> Option<u64> {
    facts.evidence.said.check.volume
}

/// Is this bulk by what the user says (`Some`), or can that not be told (`None`)?
pub fn by_volume(facts: &Facts) -> Option<bool> {
    match declared(facts) {
        Some(volume) => Some(volume >= MANY),
        // Who writes to single people never comes near.
        None if facts.reading.subject.is_none() && is_mass(facts).is_none() => Some(false),
        None => None,
    }
}

/// The demands of these receivers that are not met, each once.
pub fn unmet(facts: &Facts, receivers: &[&str]) -> Vec<Line> {
    let mut seen = std::collections::BTreeSet::new();
    let mut asked: Vec<&str> = receivers.iter().map(|id| id.strip_suffix("-bulk").unwrap_or(id)).collect();
    asked.dedup();
    let mut lines = requirement::lines_of(&asked, facts, std::iter::empty());
    lines.retain(|l| {
        l.state == State::Fail && receivers.contains(&&*l.id()) && seen.insert(l.demand.needs.map(|n| n as u8))
    });
    lines
}

pub fn gap(receiver: &str) -> Gap {
    Gap::new(
        format!(
            "Do you send {MANY} messages a day or more, so that {receiver} asks of you what it asks of bulk senders?"
        ),
        "your own count: --volume N",
    )
}

/// Domains of the recipients, as servers on the way and To name them.
pub fn recipients(facts: &Facts) -> Vec<String> {
    let reading = &facts.reading;
    let envelope = reading.hops.iter().filter_map(|h| h.envelope_to.as_ref());
    let named = envelope
        .filter_map(|to| to.value.rsplit_once('@').map(|(_, d)| d.trim_matches(['<', '>']).to_ascii_lowercase()));
    let to = mailboxes(&reading.header, facts.text(), "To").into_iter().filter_map(|m| m.address).map(|a| a.domain);
    let mut all: Vec<String> = named.chain(to).take(100).collect();
    all.dedup();
    all
}

/// `SPF passes (SPF is fail for example.com); …`
pub fn told(lines: &[Line]) -> String {
    let each: Vec<String> = lines.iter().map(|l| format!("{} ({})", l.demand.what, l.because)).collect();
    each.join("; ")
}

/// What shows that it is bulk.
pub fn shown(facts: &Facts) -> Option<Exhibit> {
    let said = declared(facts).map(|n| Exhibit::user(format!("{n} messages a day"), "as you say"));
    said.or_else(|| is_mass(facts).map(|span| Exhibit::input(span, "sent to many")))
}

/// What leads to a demand that is not met leads to the finding about it.
pub fn link(facts: &Facts, found: &mut [Finding]) {
    for (rule, receivers) in [
        (&super::bulk_gmail_yahoo::RULE, super::bulk_gmail_yahoo::ASKED),
        (&super::outlook_bulk_requirements::RULE, super::outlook_bulk_requirements::ASKED),
    ] {
        if !found.iter().any(|f| f.rule.id == rule.id) {
            continue;
        }
        let lines = unmet(facts, receivers);
        let causes = |f: &Finding| {
            f.severity >= Severity::Medium
                && lines.iter().filter_map(|l| l.demand.needs).any(|need| requirement::cures(need, f.rule))
        };
        found.iter_mut().filter(|f| f.rule.id != rule.id).filter(|f| causes(f)).for_each(|f| f.leads_to.push(rule.id));
    }
}
