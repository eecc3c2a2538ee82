//! Entries of blocklists as findings and gaps.

use crate::facts::Facts;
use crate::facts::domain::blocklists::{About, Entry, State};
use crate::knowledge::blocklist::{Code, Kind};
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Gap, Gaps, Rule, Severity};
use std::net::Ipv4Addr;

/// What lists of these kinds said of the sender; `None` where blocklists were not to be asked, or there is nothing to ask about.
pub(super) fn of<'a>(facts: &'a Facts, kinds: &[Kind]) -> Option<Vec<&'a Entry>> {
    let entries = &facts.domain.blocklists.as_ref()?.entries;
    let own = |e: &&Entry| !matches!(e.about, About::Link(_));
    let entries: Vec<&Entry> = entries.iter().filter(own).filter(|e| kinds.contains(&e.list.kind)).collect();
    (!entries.is_empty()).then_some(entries)
}

/// A listing: the codes and the answers that stand for them.
pub(in crate::rules) fn listed(entry: &Entry) -> Option<(&[&'static Code], &[Ipv4Addr])> {
    match &entry.state {
        State::Listed(codes, answers) => Some((codes, answers)),
        _ => None,
    }
}

/// What is not known, once for each address or domain.
pub(in crate::rules) fn gaps(entries: &[&Entry]) -> Gaps {
    let mut gaps: Vec<(&About, Vec<&Entry>)> = Vec::new();
    for entry in entries.iter().filter(|e| !matches!(e.state, State::Clear | State::Listed(..))) {
        match gaps.iter_mut().find(|(about, _)| **about == entry.about) {
            Some((_, same)) => same.push(entry),
            None => gaps.push((&entry.about, vec![entry])),
        }
    }
    let gap = |(about, entries): (&About, Vec<&Entry>)| {
        let first = entries.first()?;
        let others = match entries.len() - 1 {
            0 => String::new(),
            1 => " or on one other list".into(),
            n => format!(" or on {n} other lists"),
        };
        let question = match &first.state {
            State::Open(question) | State::Failed(question, _) | State::Indiscriminate(question) => question,
            _ => &first.question,
        };
        Some(Gap::dns(format!("Is {about} on {}{others}?", first.list.name), question))
    };
    gaps.into_iter().filter_map(gap).collect()
}

/// A finding of a listing: what it says, its weight, and the way off the list.
pub(super) fn finding(rule: &'static Rule, entry: &Entry, codes: &[&'static Code], answers: &[Ipv4Addr]) -> Finding {
    let (list, about) = (entry.list, &entry.about);
    let weight = codes.iter().map(|c| list.weight(c)).max().unwrap_or(list.weight);
    let means = codes.iter().map(|c| c.means.as_str()).collect::<Vec<_>>().join("; ");
    let given = answers.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", ");
    let mut explanation = format!("{} says of {about}: {means}. {}", list.name, consequence(weight));
    let mut finding = Finding::new(rule, format!("{about} is on {}", list.name))
        .severity(weight)
        .sure(
            crate::rules::Confidence::Certain,
            format!("{} answers {given}, and does not hold the entry that no list may hold", list.name),
        )
        .exhibit(Exhibit::dns(&entry.question, given.clone(), None, means))
        .check(entry.question.dig(), "nothing: no such name");
    if let Some(reason) = &entry.reason {
        let question = crate::evidence::Question::new(&entry.question.name, crate::evidence::Kind::Txt);
        finding = finding.exhibit(Exhibit::dns(&question, reason.clone(), None, "why, in the list's own words"));
    }
    if let About::MailHost(_, host) = about {
        explanation += &format!(
            " It is the address at which {host} takes mail; whether the domain's mail also leaves from there is not \
             known. Name the addresses that send (--ip) to have those looked up."
        );
        finding = finding.severity(weight.min(Severity::Medium)).sure(
            crate::rules::Confidence::Possible,
            "it is an address that takes mail for the domain; whether it also sends is not known",
        );
    }
    finding.explain(explanation).fix(remedy(entry, codes))
}

pub(in crate::rules) fn consequence(weight: Severity) -> &'static str {
    match weight {
        Severity::Critical => "Very many receivers refuse mail that it lists.",
        Severity::High => "Many receivers refuse mail that it lists, or take it for spam.",
        Severity::Medium => "Some receivers refuse mail that it lists; others count it towards spam.",
        Severity::Low => "Few receivers refuse mail for it alone; it adds to a spam score.",
        Severity::Info => "Hardly a receiver refuses mail for it.",
    }
}

fn remedy(entry: &Entry, codes: &[&'static Code]) -> Remedy {
    let list = entry.list;
    if list.kind == Kind::Range {
        return Remedy::new("Nothing that you could do, and no reason to pay anybody.").step(&list.first);
    }
    if codes.iter().all(|c| c.policy) {
        return Remedy::new(
            "Send through your provider's or a sending service's relay, or take the address off the list.",
        )
        .step(
            "An address of a home or office line: let the server hand its mail to a relay (smarthost) that takes it \
                 with a login.",
        )
        .step(format!(
            "A mail server on a fixed address with a reverse name of its own: have it taken off at {}; this needs \
                 no plea, but sometimes the provider has to do it.",
            list.delist
        ));
    }
    let shared = match entry.about.ip() {
        Some(ip) => format!(
            "If {ip} belongs to a sending service or a shared host, others may have earned this: tell its support, and \
             ask for another address or pool."
        ),
        None => "Look at every site, form and redirect under the domain, also forgotten ones: links to them in \
                 somebody else's spam are enough."
            .into(),
    };
    let remedy = match list.delist.is_empty() {
        true => Remedy::new(format!("Find the cause and stop it; the entry of {} then ends by itself.", list.name)),
        false => Remedy::new(format!("Find the cause and stop it, then have the entry taken off at {}.", list.delist)),
    };
    remedy.step(&list.first).step(shared)
}
