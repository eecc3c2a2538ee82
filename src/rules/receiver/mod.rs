//! Rules of the group `receiver`.

mod authres_untrusted;
mod ms_verdict_explained;
mod reputation_not_auth;
mod spam_verdict_explained;
#[cfg(test)]
mod testing;
mod verdict;

use super::Rule;
pub(super) use verdict::list;

pub(super) const RULES: &[&Rule] =
    &[&authres_untrusted::RULE, &reputation_not_auth::RULE, &spam_verdict_explained::RULE, &ms_verdict_explained::RULE];
