//! Rules of the group `reputation`: what others keep about the addresses and the domain.

mod complaint_rate_high;
mod dnsbl_listed;
mod dnsbl_query_refused;
mod domain_listed;
mod domain_young;
pub(in crate::rules) mod entries;
mod fbl_not_enrolled;
mod list_hygiene;
#[cfg(test)]
mod testing;
mod warmup_needed;

pub use domain_young::YOUNG;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &dnsbl_listed::RULE,
    &domain_listed::RULE,
    &complaint_rate_high::RULE,
    &list_hygiene::RULE,
    &domain_young::RULE,
    &warmup_needed::RULE,
    &dnsbl_query_refused::RULE,
    &fbl_not_enrolled::RULE,
];
