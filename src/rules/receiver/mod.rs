//! Rules of the group `receiver`.

mod authres_untrusted;
mod bulk;
mod bulk_gmail_yahoo;
mod cures;
mod listings;
mod ms_verdict_explained;
mod outlook_bulk_requirements;
mod own_mail_blocked_inbound;
mod reputation_not_auth;
mod shared_pool_reputation;
mod spam_verdict_explained;
mod suspects;
#[cfg(test)]
mod testing;
mod verdict;

use super::Rule;
pub(super) use verdict::list;

pub use bulk::link;

pub(super) const RULES: &[&Rule] = &[
    &authres_untrusted::RULE,
    &own_mail_blocked_inbound::RULE,
    &reputation_not_auth::RULE,
    &spam_verdict_explained::RULE,
    &ms_verdict_explained::RULE,
    &bulk_gmail_yahoo::RULE,
    &outlook_bulk_requirements::RULE,
    &shared_pool_reputation::RULE,
];
