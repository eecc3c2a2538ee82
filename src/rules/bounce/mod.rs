//! Rules of the group `bounce`: what a server's refusal or a report about the message decides.

mod account_compromised;
mod auth_none;
mod backscatter;
mod bounce_recipient_problem;
mod bounce_reputation;
mod complaint_received;
mod delivery_refused;
mod direct_send_rejected;
mod dmarc_rejected_by_policy;
mod forwarded;
mod greylisted;
mod local_delivery_blackhole;
mod mail_loop;
mod message_too_large;
mod sentence;
mod session_advice;
mod session_broken_off;
mod shared;
mod submission_refused;
#[cfg(test)]
mod testing;
mod told;
#[cfg(test)]
pub(super) use testing::{facts, says};
mod warmup_rate_limited;

use super::Rule;
pub(crate) use sentence::capital;
pub use sentence::{headline, of_session};
pub use told::{beside, link, speaks};

pub(super) const RULES: &[&Rule] = &[
    &backscatter::RULE,
    &account_compromised::RULE,
    &submission_refused::RULE,
    &direct_send_rejected::RULE,
    &dmarc_rejected_by_policy::RULE,
    &auth_none::RULE,
    &bounce_reputation::RULE,
    &warmup_rate_limited::RULE,
    &local_delivery_blackhole::RULE,
    &mail_loop::RULE,
    &message_too_large::RULE,
    &delivery_refused::RULE,
    &complaint_received::RULE,
    &bounce_recipient_problem::RULE,
    &greylisted::RULE,
    &session_broken_off::RULE,
];
