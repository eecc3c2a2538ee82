//! Rules of the group `report`.

mod offer;
mod support;
#[cfg(test)]
mod testing;
mod undecided;

mod report_forwarding;
mod report_policy_ready;
mod report_sender_failing;
mod report_sender_unaligned;
mod report_sender_unsigned;
mod report_strangers;
mod report_strict_alignment;
mod tls_report_failures;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &report_sender_failing::RULE,
    &report_strict_alignment::RULE,
    &report_sender_unaligned::RULE,
    &report_sender_unsigned::RULE,
    &report_policy_ready::RULE,
    &report_forwarding::RULE,
    &report_strangers::RULE,
    &tls_report_failures::RULE,
];
