//! The DKIM pass that carries DMARC.

use crate::facts::Facts;
use crate::facts::dmarc::verdict::Leg;
use crate::facts::organization::{Agreement, same_by_list};
use crate::rules::dmarc::failure;

/// A signature in the name of From that passed: by the receiver's word, or, where it says nothing of that one, by our
/// own reckoning.
pub(super) fn dkim(facts: &Facts) -> Option<&Leg> {
    let from = facts.reading.from_domain()?;
    let carries = |leg: &&Leg| leg.passed == Some(true) && is_ours(facts, leg, from);
    facts.legs().dkim.iter().find(|leg| carries(leg) && !is_in_vain(facts, leg))
}

/// Without any DMARC record a tree walk makes each name an organization of its own (RFC 9989 §4.10.2); the first record
/// that is published unites them.
fn is_ours(facts: &Facts, leg: &Leg, from: &str) -> bool {
    leg.aligned() || facts.dmarc.is_absent() && same_by_list(&leg.domain, from)
}

/// Is there a signature in the name of From of which nobody can say whether it passed? That of a header alone is none.
pub(super) fn is_open(facts: &Facts) -> bool {
    let Some(from) = facts.reading.from_domain() else { return false };
    let mut legs = facts.legs().dkim.iter();
    dkim(facts).is_none()
        && !failure::receiver_failed(facts)
        && legs.any(|leg| leg.passed.is_none() && is_ours(facts, leg, from))
}

/// A pass of the same organization that the receiver did not count: most likely the record, which is not at hand, asks for
/// the very same name.
pub(super) fn in_vain(facts: &Facts) -> Option<&Leg> {
    facts.legs().dkim.iter().find(|leg| leg.passed == Some(true) && is_in_vain(facts, leg))
}

fn is_in_vain(facts: &Facts, leg: &Leg) -> bool {
    failure::receiver_failed(facts) && leg.agreement == Agreement::Relaxed && facts.dmarc.record().is_none()
}
