//! How bad a DMARC failure is on this message, and how sure.

use crate::facts::Facts;
use crate::facts::dmarc::Policy;
use crate::facts::dmarc::verdict::{Leg, Legs};
use crate::rules::{Confidence, Exhibit, Severity};
use crate::span::Span;
use std::fmt;

/// The receiver said `dmarc=pass`, or that it would pass if there were a record.
pub fn receiver_passed(facts: &Facts) -> bool {
    facts.reading.reported.dmarc.as_ref().is_some_and(|d| matches!(d.result.as_str(), "pass" | "bestguesspass"))
}

/// The receiver said `dmarc=fail`.
pub fn receiver_failed(facts: &Facts) -> bool {
    facts.reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "fail")
}

/// Microsoft took the sender for genuine, by whatever signs.
pub fn vouched(facts: &Facts) -> bool {
    facts.reading.reported.compauth.as_ref().is_some_and(|c| c.result == "pass")
}

/// Why the receiver took the message although DMARC failed and the policy asks for it to be kept out: an override
/// (RFC 7489 §6.7), of which the header tells the reason or nothing.
pub fn overridden(facts: &Facts) -> Option<&'static str> {
    let reported = &facts.reading.reported;
    let dmarc = reported.dmarc.as_ref().filter(|d| d.result == "fail")?;
    let sealed = "for the ARC seal of a server that it trusts";
    if let Some(compauth) = reported.compauth.as_ref().filter(|_| vouched(facts)) {
        let by_seal = compauth.reason.as_deref() == Some("130");
        return Some(if by_seal { sealed } else { "by its own judgement of the sender (compauth)" });
    }
    // A filter of one's own (OpenDMARC) writes dis=none of whatever it only marks, and another beside it arc=pass.
    let known = facts.reading.boundary.receiver.is_some();
    let one = |arc: Span| {
        let holds = |whole: Span, part: Span| whole.start <= part.start && part.end <= whole.end;
        facts.reading.authres.iter().any(|field| holds(field.span, arc) && holds(field.span, dmarc.span))
    };
    let seal_holds = reported.arc.as_ref().is_some_and(|arc| arc.result == "pass" && (known || one(arc.span)));
    // The policy as the receiver read it, where it says so: it may have been milder then.
    let asked = match (dmarc.policy.as_deref(), facts.dmarc.effective) {
        (Some("none"), _) | (None, None) => false,
        (_, Some((policy, _))) => policy > Policy::None,
        // A subdomain's own policy may be milder than the one it names.
        (Some(_), None) => seal_holds,
    };
    let taken = asked && dmarc.disposition.as_deref() == Some("none");
    taken.then_some(if seal_holds { sealed } else { "by a rule of its own" })
}

/// Nothing asked for a failure to be punished: no record, as DNS says or the receiver said.
pub fn unasked(facts: &Facts) -> bool {
    let none = facts.reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "none");
    (facts.dmarc.is_absent() || (none && facts.dmarc.governing().is_none())) && !receiver_failed(facts)
}

/// Critical where the receiver failed the message or the policy has it kept out, less where it took it all the same; high
/// otherwise.
pub fn severity(facts: &Facts) -> Severity {
    let enforced = facts.dmarc.effective.is_some_and(|(policy, _)| policy > Policy::None);
    if vouched(facts) || overridden(facts).is_some() {
        return Severity::Medium;
    }
    if receiver_failed(facts) {
        return Severity::Critical;
    }
    if enforced { Severity::Critical } else { Severity::High }
}

/// What a receiver reported, and what the domains alone decide, is certain; a result that only
/// today's DNS gives is not.
pub fn confidence(facts: &Facts, legs: &Legs) -> (Confidence, &'static str) {
    if receiver_failed(facts) {
        return (Confidence::Certain, "the receiver itself reported dmarc=fail");
    }
    let settled = |leg: &Leg| leg.reported || !leg.aligned();
    match legs.all().all(settled) {
        true => (Confidence::Certain, "the domains and results in the header decide it"),
        false => (Confidence::Likely, "the receiver's result is not in the header; today's DNS gives this one"),
    }
}

/// The passages that show it: From, each identifier's domain, the receiver's own word.
pub fn exhibits(facts: &Facts, legs: &Legs) -> Vec<Exhibit> {
    let mut shown = Vec::new();
    if let Some(from) = facts.reading.from.address() {
        shown.push(Exhibit::input(from.domain_span, "the domain readers see"));
    }
    let mut show = |leg: &Leg, method: &str, as_what: &str| {
        let Some(span) = leg.span else { return };
        let label = match leg.passed {
            Some(true) => [method, " passes for this domain"].concat(),
            Some(false) => [method, " does not pass here"].concat(),
            None => as_what.to_owned(),
        };
        shown.push(Exhibit::input(span, label));
    };
    // A message can carry any number of signatures; a few show the point.
    for leg in legs.dkim.iter().take(3) {
        show(leg, "DKIM", "signed as this domain");
    }
    if let Some(leg) = &legs.spf {
        show(leg, "SPF", "the Return-Path, which SPF checks");
    }
    if let Some(dmarc) = facts.reading.reported.dmarc.as_ref().filter(|d| d.result == "fail") {
        shown.push(Exhibit::input(dmarc.span, "the receiver's verdict"));
    }
    shown
}

/// The first wording that fits a line; the last one if none does.
pub fn title<const N: usize>(wordings: [fmt::Arguments; N]) -> String {
    let mut said = String::new();
    for wording in wordings {
        said = wording.to_string();
        if said.chars().count() <= 70 {
            break;
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::testing::facts;

    #[test]
    fn a_filter_that_only_marks_trusts_no_seal() {
        let header = |by: &str| {
            let text = format!(
                "Authentication-Results: {by}; dmarc=fail (p=reject dis=none) header.from=acme.example\n\
                 Authentication-Results: {by}; arc=pass smtp.remote-ip=192.0.2.58\n\
                 Authentication-Results: {by}; spf=pass smtp.mailfrom=lists.test\n\
                 Received: from a.lists.test (a.lists.test [192.0.2.58]) by {by} with ESMTPS id 4b for <c@example.org>;\n \
                 Tue, 3 Jun 2025 12:00:10 +0000\nFrom: Alice <alice@acme.example>\n"
            );
            overridden(&facts(&text, InputKind::Headers))
        };
        assert_eq!(header("mx.example.org"), None);
        assert_eq!(header("mx.google.com"), Some("for the ARC seal of a server that it trusts"));
    }
}
