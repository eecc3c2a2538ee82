//! Rules of the group `dmarc`.

pub(crate) mod failure;
mod own_signature;
mod seen;
#[cfg(test)]
mod testing;

mod dkim_vendor_domain_only;
mod dmarc_delegated;
mod dmarc_external_report_unauthorized;
mod dmarc_freemail_from;
mod dmarc_missing;
mod dmarc_multiple_records;
mod dmarc_policy_none;
mod dmarc_record_malformed;
mod dmarc_reject_too_early;
mod dmarc_removed_tags;
mod dmarc_rua_missing;
mod dmarc_sp_weaker;
mod dmarc_strict_alignment;
mod dmarc_unaligned;
mod orgdomain_treewalk_vs_psl;

use super::Rule;
use crate::facts::Facts;
use crate::facts::mail_hosts::Reception;
use crate::rules::spf::spf_allows_nobody::sends_nothing;

/// Where reports on a domain could go. A null MX says that nobody can write there (RFC 7505), and behind an address without
/// an MX hardly a silent domain takes mail: only its owner knows then.
fn mailbox(facts: &Facts, domain: &str) -> String {
    let deaf = |reception: &Reception| match reception {
        Reception::Null => true,
        Reception::Nowhere | Reception::Implicit => sends_nothing(facts),
        _ => false,
    };
    match facts.mail_hosts.iter().any(|m| m.domain == domain && deaf(&m.reception)) {
        true => crate::remedy::blank("mailbox for the reports"),
        false => format!("dmarc@{domain}"),
    }
}

/// What has to be done before the record names it.
fn mailbox_first(domain: &str, mailbox: &str) -> String {
    match mailbox.contains('@') {
        true => format!(
            "First create the mailbox {mailbox}, or put another one of yours into the record: reports arrive there"
        ),
        false => format!(
            "{domain} takes no mail, so reports go to another domain of yours, which has to agree: {domain}._report._dmarc and its \
             name, TXT v=DMARC1"
        ),
    }
}

pub(super) const RULES: &[&Rule] = &[
    &dmarc_freemail_from::RULE,
    &dkim_vendor_domain_only::RULE,
    &dmarc_strict_alignment::RULE,
    &dmarc_unaligned::RULE,
    &dmarc_multiple_records::RULE,
    &dmarc_record_malformed::RULE,
    &dmarc_missing::RULE,
    &dmarc_reject_too_early::RULE,
    &dmarc_external_report_unauthorized::RULE,
    &dmarc_rua_missing::RULE,
    &dmarc_sp_weaker::RULE,
    &dmarc_policy_none::RULE,
    &dmarc_removed_tags::RULE,
    &orgdomain_treewalk_vs_psl::RULE,
    &dmarc_delegated::RULE,
];
