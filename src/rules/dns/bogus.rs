//! A zone whose signatures do not verify (RFC 4035 §5).

use super::dns_flaky::RULE;
use super::shown;
use crate::evidence::Outcome;
use crate::facts::Facts;
use crate::facts::domain::dnssec::{Dnssec, Security};
use crate::remedy::Remedy;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Finding, Severity};
use crate::shell::command;

/// Resolvers that validate, which most receivers use, get no answer of such a zone.
pub(super) fn found(facts: &Facts, dnssec: &Dnssec) -> Option<Finding> {
    let Security::Bogus { question, extended, named } = &dnssec.state else { return None };
    let zone = &dnssec.ds.question.name;
    let said = extended.iter().find(|e| e.is_validation()).or(extended.first());
    let reason = said.map_or(String::new(), |e| {
        let words = e.word().unwrap_or("an extended error");
        match e.text.is_empty() {
            true => format!(" The resolver names the reason: {words}."),
            false => format!(" The resolver names the reason: {words} ({}).", e.text),
        }
    });
    let signed = (dnssec.ds.outcome == Some(Outcome::Records))
        .then(|| shown::exhibit(facts, &dnssec.ds.question, "the zone above says that it is signed"));
    // RFC 8914: 7 and 8 are about dates of signatures; the rest about keys and what is missing.
    let expired = said.is_some_and(|e| matches!(e.code, 7 | 8));
    let first = match expired {
        true => format!(
            "Have the zone {zone} signed anew: its signatures are out of date. Where the DNS host signs, switch signing off and on again, or ask its support."
        ),
        false => format!(
            "Compare the DS record at the registrar with the keys that the DNS host shows for {zone}. After a move to another DNS host the old DS must go."
        ),
    };
    let because = match named {
        true => "the resolver says that validation failed, and answers once it does not validate",
        false => {
            "the resolver fails, answers once it does not validate, and the zone above says that the zone is signed"
        }
    };
    Some(
        Finding::new(&RULE, format!("{} fails DNSSEC validation", short(zone)))
            .severity(Severity::Critical)
            .sure(if *named { Confidence::Certain } else { Confidence::Likely }, because)
            .explain(format!(
                "The zone {zone} is signed, and its signatures do not verify.{reason} Receivers whose resolver checks \
                 signatures, and that is most of the large ones, get no answer at all: no SPF, no DKIM key, no DMARC, no MX."
            ))
            .exhibit(shown::exhibit(facts, question, "fails"))
            .exhibit(shown::exhibit(facts, &question.clone().unchecked(), "answers when nothing is checked"))
            .exhibits(signed)
            .fix(
                Remedy::new(format!("Set the signatures of {zone} right, or take its DS out at the registrar."))
                    .step(first)
                    .step("If that takes long: have the registrar remove the DS record. The zone is then unsigned, and works again once the DS has left the caches."),
            )
            .check(command!("dig +dnssec SOA {}", zone), "status NOERROR, with the flag ad"),
    )
}
