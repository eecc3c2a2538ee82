//! What the facts about a received message come to, as the results of an Authentication-Results field.
//!
//! Nothing is judged here: the results are those of the evaluators in [`crate::facts`].

use super::authres::MethodResult;
use crate::facts::Facts;
use crate::facts::dkim::{DkimResult, Signature};
use crate::facts::dmarc::Policy;
use crate::facts::reverse::Reverse;

/// Characters of `b=` that tell two signatures apart (RFC 6008 §5).
const B: usize = 8;

/// Does the message belong into the junk folder, if DMARC is obeyed? A receiver may refuse at `p=reject`; filed as junk it
/// can still be read, which is the receiver's choice (RFC 7489 §6.7).
pub fn is_junk(facts: &Facts) -> bool {
    let asked = facts.dmarc.effective.is_some_and(|(policy, _)| policy != Policy::None);
    asked && facts.dmarc.record().is_some() && facts.legs().pass() == Some(false)
}

/// Every method's result: `iprev`, `spf`, `dkim` for each signature, `arc` where there is a chain, `dmarc`. `junk`: the
/// message is filed as junk for what DMARC says.
pub fn of(facts: &Facts, junk: bool) -> Vec<MethodResult> {
    let mut results = Vec::new();
    results.extend(facts.reverse.as_ref().map(iprev));
    results.push(spf(facts));
    results.extend(dkim(facts));
    results.extend(arc(facts));
    results.push(dmarc(facts, junk));
    results
}

/// The confirmed name of the client's address, if it has one.
pub fn client_name(facts: &Facts) -> Option<&str> {
    let reverse = facts.reverse.as_ref()?;
    reverse.names.iter().find(|n| n.confirmed == Some(true)).map(|n| &n.name[..])
}

/// RFC 8601 §2.7.3
fn iprev(reverse: &Reverse) -> MethodResult {
    let confirmed = reverse.names.iter().find(|n| n.confirmed == Some(true));
    let result = match (confirmed, reverse.outcome) {
        (Some(_), _) => "pass",
        (None, None) => "temperror",
        (None, Some(outcome)) if outcome.failed() => "temperror",
        (None, Some(_)) if reverse.names.is_empty() => "permerror",
        (None, Some(_)) if reverse.names.iter().any(|n| n.confirmed.is_none()) => "temperror",
        (None, Some(_)) => "fail",
    };
    let name = confirmed.or(reverse.names.first()).map(|n| n.name.clone());
    let comment = name.or_else(|| (result == "permerror").then(|| "no PTR record".to_owned()));
    MethodResult { comment, ..MethodResult::new("iprev", result) }.prop("policy.iprev", reverse.ip.to_string())
}

/// RFC 8601 §2.7.2
fn spf(facts: &Facts) -> MethodResult {
    let Some(check) = &facts.spf else {
        // Neither MAIL FROM nor HELO is a domain.
        return MethodResult::new("spf", "none");
    };
    let comment = match (&check.matched, &check.problem) {
        (_, Some(problem)) => Some(problem.text.clone()),
        (Some(term), None) => Some(format!("{term} of {}", check.domain)),
        (None, None) => None,
    };
    let result = check.result.map_or("temperror", |r| r.word());
    let spf = MethodResult { comment, ..MethodResult::new("spf", result) };
    match check.is_helo {
        true => spf.prop("smtp.helo", check.domain.clone()),
        false => spf.prop("smtp.mailfrom", check.sender.clone()),
    }
}

/// RFC 8601 §2.7.1
fn dkim(facts: &Facts) -> Vec<MethodResult> {
    let mut results = Vec::new();
    for verification in &facts.verified {
        let Some(signature) = facts.reading.signatures.get(verification.signature) else { continue };
        let result = verification.result.map_or("temperror", DkimResult::word);
        let reason = verification.reason.map(|reason| reason.word().to_owned());
        let dkim = MethodResult { reason, ..MethodResult::new("dkim", result) };
        results.push(named(dkim, signature));
    }
    if results.is_empty() {
        results.push(MethodResult::new("dkim", "none"));
    }
    results
}

fn named(mut dkim: MethodResult, signature: &Signature) -> MethodResult {
    for (property, value) in [
        ("header.d", &signature.domain),
        ("header.i", &signature.identity),
        ("header.s", &signature.selector),
        ("header.a", &signature.algorithm),
    ] {
        if let Some(value) = value {
            dkim = dkim.prop(property, value.value.clone());
        }
    }
    let b: String = signature.signature.chars().take(B).collect();
    if b.is_empty() { dkim } else { dkim.prop("header.b", b) }
}

/// RFC 8617 §4.4; where a key could not be asked for, nothing is said: RFC 8617 has no word for that.
fn arc(facts: &Facts) -> Option<MethodResult> {
    let last = facts.reading.arc.last()?;
    let comment = last.sealer.as_ref().map(|sealer| format!("i={} sealed by {sealer}", last.instance));
    Some(MethodResult { comment, ..MethodResult::new("arc", facts.chain?.word()) })
}

/// RFC 9989 §10: what the policy is, and what is done about it here.
fn dmarc(facts: &Facts, junk: bool) -> MethodResult {
    let Some(from) = facts.reading.from_domain() else {
        return MethodResult {
            comment: Some("not one domain in From".into()),
            ..MethodResult::new("dmarc", "permerror")
        };
    };
    let dmarc = &facts.dmarc;
    let result = match (dmarc.record(), facts.legs().pass()) {
        (None, _) if dmarc.is_absent() => "none",
        (None, _) if dmarc.steps.iter().any(|s| !s.answered()) => "temperror",
        // Two records at one name, or none that can be read: none applies (RFC 9989 §4.10).
        (None, _) => "none",
        (Some(_), Some(true)) => "pass",
        (Some(_), Some(false)) => "fail",
        (Some(_), None) => "temperror",
    };
    let done = if junk { "quarantine" } else { "none" };
    let comment = dmarc.effective.map(|(policy, tag)| format!("{tag}={} dis={done}", policy.word()));
    MethodResult { comment, ..MethodResult::new("dmarc", result) }.prop("header.from", from)
}
