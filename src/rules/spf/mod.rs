//! Rules of the group `spf`.

mod allow;
mod obsolete_auth_records;
mod return_path_foreign_domain;
mod slim;
mod spf_after_all;
pub mod spf_allows_nobody;
mod spf_hardfail_risk;
mod spf_include_missing_record;
mod spf_missing;
mod spf_multiple_records;
mod spf_neutral_or_no_all;
mod spf_not_authorized;
mod spf_private_address;
mod spf_ptr_mechanism;
mod spf_record_too_long;
mod spf_syntax_error;
mod spf_too_many_lookups;
mod spf_too_permissive;
mod spf_void_lookups;
mod spf_wrong_domain;
pub(in crate::rules) mod support;
#[cfg(test)]
mod testing;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &spf_syntax_error::RULE,
    &spf_multiple_records::RULE,
    &spf_too_many_lookups::RULE,
    &spf_include_missing_record::RULE,
    &spf_void_lookups::RULE,
    &spf_too_permissive::RULE,
    &spf_allows_nobody::RULE,
    &spf_missing::RULE,
    &spf_not_authorized::RULE,
    &spf_wrong_domain::RULE,
    &return_path_foreign_domain::RULE,
    &spf_private_address::RULE,
    &spf_neutral_or_no_all::RULE,
    &spf_record_too_long::RULE,
    &spf_after_all::RULE,
    &spf_ptr_mechanism::RULE,
    &obsolete_auth_records::RULE,
    &spf_hardfail_risk::RULE,
];
