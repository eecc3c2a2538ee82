//! Rules of the group `spf`.

mod obsolete_auth_records;
mod return_path_foreign_domain;
mod spf_missing;
mod spf_multiple_records;
mod spf_not_authorized;
mod spf_syntax_error;
mod spf_too_many_lookups;
mod spf_too_permissive;
mod spf_wrong_domain;
pub(in crate::rules) mod support;
#[cfg(test)]
mod testing;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &spf_syntax_error::RULE,
    &spf_multiple_records::RULE,
    &spf_too_many_lookups::RULE,
    &spf_too_permissive::RULE,
    &spf_missing::RULE,
    &spf_not_authorized::RULE,
    &spf_wrong_domain::RULE,
    &return_path_foreign_domain::RULE,
    &obsolete_auth_records::RULE,
];
