//! What lets the server that was refused send: its term, in the record that is published.

use super::support::{
    Obstacle, Owner, genuine, ip_term, judged, mail_from_owned, names_no_include, obstacle, platform_term, source_ip,
    surveyed,
};
use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::freemail;
use crate::facts::spf::record::Record;
use crate::facts::spf::{BranchState, LOOKUPS, SpfResult};
use crate::remedy::{self, Remedy};
use crate::rules::aligned;

/// The published record, where there is exactly one sound one that can be changed at this name.
fn published<'f>(facts: &'f Facts, domain: &str) -> Option<&'f str> {
    let [record] = &judged(facts)?.records[..] else { return None };
    (record.sound().is_some() && obstacle(facts, domain).is_none()).then_some(record.text.as_str())
}

/// Adds `term` to the published record, before the term that decided, if our own evaluation of the
/// new record says that it cures and stays within the limit.
fn with(facts: &Facts, domain: &str, term: &str, remedy: Remedy) -> Remedy {
    let check = facts.spf.as_ref().filter(|c| c.domain == domain);
    let Some((record, check)) = published(facts, domain).zip(check) else {
        return match obstacle(facts, domain) {
            Some(Obstacle::Alias(target)) => remedy.step(format!(
                "{domain} is an alias of {target}: its SPF record stands there, and whoever runs {target} must change it."
            )),
            _ => remedy.step(format!(
                "Add {term} to the one SPF record of {domain}, before its `all`; make no second record."
            )),
        };
    };
    let decided = check.tree.iter().flat_map(|t| &t.terms).find(|b| matches!(b.state, BranchState::Matched(_)));
    let helo = facts.identities.helo.as_ref().map(|h| h.value.as_str());
    let excluded = decided.filter(|b| remedy::spf::is_exclusion_of(&b.text, term));
    let merged = match excluded {
        None => remedy::spf::merge_before(record, &[term], decided.map(|b| b.span)),
        Some(branch) => {
            let rest = remedy::spf::without(record, branch.span);
            match remedy::spf_trial::run(&facts.evidence.answers, check, helo, &rest).result {
                Some(SpfResult::Pass) => rest,
                _ => remedy::spf::merge(&rest, &[term]),
            }
        }
    };
    let trial = remedy::spf_trial::run(&facts.evidence.answers, check, helo, &merged);
    let (merged, trial, remedy) = match trial.lookups > LOOKUPS {
        false => (merged, trial, remedy),
        true => {
            let (remedy, slimmed) = room(facts, record, term, &merged, domain, remedy);
            let Some(slimmed) = slimmed else { return remedy };
            let trial = remedy::spf_trial::run(&facts.evidence.answers, check, helo, &slimmed);
            (slimmed, trial, remedy)
        }
    };
    if merged == record || trial.result.is_some_and(|r| r != SpfResult::Pass) {
        return remedy.step(format!(
            "{term} alone does not cure it: the record of {domain} with {term} in it still does not allow {}. Ask whoever runs that server which term its senders publish.",
            check.ip
        ));
    }
    let Some(change) = remedy::spf::change(&facts.evidence.answers, domain, Record::is, Some(&merged)) else {
        return remedy;
    };
    let place = match decided.filter(|b| !is_all(&b.text)) {
        Some(branch) if excluded.is_some() => {
            format!("{} shuts this very server out: find out why it was written, before you take it out.", branch.text)
        }
        Some(branch) => format!("It stands before {}, which refused the server: the first match decides.", branch.text),
        None => "Keep the ending of the record as it is, and do not add a second record.".to_owned(),
    };
    let remedy = remedy.record(change).step(place);
    match trial.complete && trial.result.is_some() {
        true => remedy,
        false => remedy.step(format!(
            "Not every record behind {term} is known here: evaluate the new record once it is published, it must need no more than {LOOKUPS} look-ups."
        )),
    }
}

/// No room for another look-up: what makes some, and the record that has it.
fn room(
    facts: &Facts,
    record: &str,
    term: &str,
    merged: &str,
    domain: &str,
    remedy: Remedy,
) -> (Remedy, Option<String>) {
    let (now, _) = remedy::spf_trial::cost(&facts.evidence.answers, domain, record);
    let already = if now > LOOKUPS { "needs more than" } else { "would need more than" };
    let remedy = remedy.step(format!(
        "Make room first: with {term} the SPF record of {domain} {already} {LOOKUPS} look-ups, and receivers answer permerror to that, for all your mail."
    ));
    super::slim::slim(facts, &surveyed(facts, domain, merged), remedy)
}

fn is_all(term: &str) -> bool {
    term.trim_start_matches(['+', '-', '~', '?']).eq_ignore_ascii_case("all")
}

/// By whose server it is.
pub fn fix(facts: &Facts, domain: &str, server: &str, repaired: bool, owner: &Owner) -> Remedy {
    if repaired {
        return Remedy::new("Nothing to change: today's record allows the server.")
            .step("Send a new message and look again.");
    }
    let ip = source_ip(facts);
    let foreign = mail_from_owned(facts) == Some(false);
    if let Owner::Forwarder(_) = owner {
        let (summary, dkim) = if aligned::dkim(facts).is_some() {
            ("Nothing to repair: your DKIM signature carries the message, as it must where mail is forwarded.", None)
        } else {
            let sign = match facts.reading.signatures.is_empty() {
                true => "Sign with DKIM for the From domain: a signature survives forwarding where SPF cannot.",
                false => {
                    "See that a DKIM signature of the From domain passes: it survives forwarding where SPF cannot, as long as nobody changes the message."
                }
            };
            ("Leave SPF alone, and let a DKIM signature of your own domain carry the message.", Some(sign))
        };
        return Remedy::new(summary)
            .step("Do not add the forwarder's server to your SPF record: anyone who forwards through it could then send as you.")
            .steps(dkim)
            .step("If you run the forwarder: rewrite the Return-Path to your own domain (SRS).");
    }
    if let Some(provider) = freemail::provider(domain) {
        return Remedy::new(format!("Leave {domain} to {}: only it can change that SPF record.", provider.name))
            .step(format!("If {0} sent the message, SPF was checked against another address than the one {0} sent from: the receiver must look at the gateway in front of that check.", provider.name))
            .step("If anything else sent it, send from an address of a domain you own, and list the server there.");
    }
    if foreign {
        let from = facts.reading.from_domain().unwrap_or("your domain");
        let remedy = Remedy::new(format!("Use a Return-Path under {from} instead of {domain}."))
            .step(format!("Only whoever runs {domain} can change its SPF record; tell them that {server} is missing."));
        let Owner::Platform(platform) = owner else { return remedy };
        return match remedy::platform::return_path(platform, from) {
            Some(words) => remedy.step(format!("At {}, set a bounce domain of your own: {words}", platform.name)),
            None => remedy,
        };
    }
    if ip.is_some_and(|ip| !is_public(ip)) {
        return Remedy::new("Find the public address of your server, and add that to SPF.").step(format!(
            "{server} is a private address: receivers see the public one behind it, and only that belongs in the record."
        ));
    }
    match owner {
        Owner::Platform(platform) => {
            let remedy =
                Remedy::new(format!("If you send through {}, allow it in the SPF record of {domain}.", platform.name));
            let remedy = match platform_term(platform) {
                Some(term) => with(facts, domain, term, remedy),
                // Its note says what it takes, which may be nothing.
                None if names_no_include(platform) => {
                    Remedy::new(format!("Set {} up as it asks for {domain}; it names no include for the SPF record.", platform.name))
                }
                None => remedy.step(format!(
                    "Add what {} names for your account to the one SPF record of {domain}, before its `all`.",
                    platform.name
                )),
            };
            platform.spf_note.iter().fold(remedy, |r, note| r.step(note.clone()))
        }
        Owner::Gateway(name) => {
            Remedy::new(format!("If mail of {domain} leaves through {name}, allow it in the SPF record of {domain}."))
                .step(format!(
                    "Add the include that {name} names for your outgoing mail to the one SPF record of {domain}, before its `all`."
                ))
                .step(format!("Sign with DKIM at {name}, behind whatever it changes: a signature made before breaks there."))
                .step(format!("If your mail does not leave through {name}, change nothing: SPF did its work."))
        }
        Owner::Own(_) => {
            let remedy = Remedy::new(format!("Add {server} to the SPF record of {domain}."));
            own(facts, domain, remedy)
        }
        Owner::Stranger(name) if genuine(facts).is_some() => {
            let remedy = Remedy::new(format!("If {server} ({name}) is no server you send through, change nothing."))
                .step("A forwarder's server does not belong into your SPF record: whoever forwards through it could send as you.");
            let remedy = match aligned::dkim(facts) {
                Some(_) => remedy,
                None => remedy.step("Then the signature has to survive the way: see what is said here of it."),
            };
            match ip {
                Some(ip) => remedy.step(format!(
                    "If all mail of {domain} leaves through {name}, add the include that its owner names, or {}, to the \
                     one SPF record of {domain}, before its `all`.",
                    ip_term(ip)
                )),
                None => remedy,
            }
        }
        Owner::Stranger(name) => {
            let remedy = Remedy::new(format!("If {server} ({name}) is not yours, change nothing: SPF did its work."))
                .step(format!("Ask everyone who sends for {domain} whether they use {name} [{server}]."))
                .step("If nobody does, someone used your name, and SPF and DMARC caught it.")
                .step(
                    "If it belongs to a service you use, add the include that service names, and sign with DKIM there.",
                );
            match ip {
                Some(ip) => remedy.step(format!(
                    "Only if it is a server of your own, add {} to the one SPF record of {domain}, before its `all`.",
                    ip_term(ip)
                )),
                None => remedy,
            }
        }
        _ => {
            let remedy = Remedy::new(format!("Only if {server} is your server: add it to the SPF record of {domain}."))
                .step(format!(
                    "Find out whose server {server} is: look at its reverse name, and ask who sends for {domain}."
                ))
                .step("If it belongs to a sending service, add the include that service names instead of the address.")
                .step(match genuine(facts) {
                    Some(_) => "If nobody knows it, change nothing: somebody forwarded the message.",
                    None => "If nobody knows it, change nothing: someone used your name, and SPF caught it.",
                });
            own(facts, domain, remedy)
        }
    }
}

fn own(facts: &Facts, domain: &str, remedy: Remedy) -> Remedy {
    match source_ip(facts) {
        Some(ip) => with(facts, domain, &ip_term(ip), remedy),
        None => remedy.step("Find the address of the sending server in the topmost Received line of the receiver."),
    }
}
