//! The DKIM pass that carries DMARC.

use crate::facts::Facts;
use crate::facts::dmarc::verdict::Leg;
use crate::facts::organization::{Agreement, same_by_list};
use crate::rules::dmarc::failure;

/// A signature in the name of From that passed: by the receiver's word, or, where it says nothing of that one, by our
/// own reckoning.
pub(super) fn dkim(facts: &Facts) -> Option<&Leg> {
    let from = facts.reading.from_domain()?;
    // Without any DMARC record a tree walk makes each name an organization of its own (RFC 9989 §4.10.2); the first
    // record that is published unites them.
    let related = |leg: &Leg| facts.dmarc.is_absent() && same_by_list(&leg.domain, from);
    let carries = |leg: &&Leg| leg.passed == Some(true) && (leg.aligned() || related(leg));
    facts.legs().dkim.iter().find(|leg| carries(leg) && !is_in_vain(facts, leg))
}

/// A pass of the same organization that the receiver did not count: most likely the record, which is not at hand, asks for
/// the very same name.
pub(super) fn in_vain(facts: &Facts) -> Option<&Leg> {
    facts.legs().dkim.iter().find(|leg| leg.passed == Some(true) && is_in_vain(facts, leg))
}

fn is_in_vain(facts: &Facts, leg: &Leg) -> bool {
    failure::receiver_failed(facts) && leg.agreement == Agreement::Relaxed && facts.dmarc.record().is_none()
}
