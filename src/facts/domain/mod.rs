//! What a check of a domain learns beyond what a message needs: one room a kind of record.

use super::Reading;
use super::lookup::Lookup;
use crate::evidence::Said;

/// Empty where the input is no domain.
#[derive(Clone, Debug, Default)]
pub struct Domain {}

/// Reads all that the answers at hand say of the domain, and asks for the rest.
pub fn gather(_lookup: &Lookup, reading: &Reading, _said: &Said) -> Domain {
    let Some(_domain) = reading.subject.as_ref().and_then(|s| s.domain()) else { return Domain::default() };
    Domain {}
}
