//! Rules of the group `reputation`: what others keep about the addresses and the domain.

mod dnsbl_listed;
mod dnsbl_query_refused;
mod domain_listed;
mod domain_young;
mod entries;
#[cfg(test)]
mod testing;
mod warmup_needed;

pub use domain_young::YOUNG;

use super::Rule;

pub(super) const RULES: &[&Rule] =
    &[&dnsbl_listed::RULE, &domain_listed::RULE, &domain_young::RULE, &warmup_needed::RULE, &dnsbl_query_refused::RULE];
