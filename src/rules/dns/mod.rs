//! Rules of the group `dns`: whether a domain can take mail, where its records stand, and whether its DNS answers.

mod aliases;
mod bimi_not_eligible;
mod bogus;
mod caa_blocks_issuer;
mod cname_broken;
mod cname_proxied;
mod dane;
mod dns_flaky;
mod domain_not_found;
mod logo;
mod mta_sts_or_dane_broken;
mod mx_missing_or_invalid;
mod name_servers;
mod non_sending_domain_open;
mod pasted;
mod record_wrong_name;
mod return_path_unusable;
mod shown;
mod sts;
#[cfg(test)]
pub(in crate::rules) mod testing;
mod txt_literal_quotes;

use super::Rule;
pub use non_sending_domain_open::if_parked;

pub(super) const RULES: &[&Rule] = &[
    &domain_not_found::RULE,
    &dns_flaky::RULE,
    &cname_broken::RULE,
    &cname_proxied::RULE,
    &record_wrong_name::RULE,
    &txt_literal_quotes::RULE,
    &return_path_unusable::RULE,
    &mx_missing_or_invalid::RULE,
    &non_sending_domain_open::RULE,
    &mta_sts_or_dane_broken::RULE,
    &caa_blocks_issuer::RULE,
    &bimi_not_eligible::RULE,
];
