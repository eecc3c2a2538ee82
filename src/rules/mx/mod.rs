//! Rules of the group `mx`: the domain's own mail hosts, asked over SMTP.

mod hosts;
mod mx_certificate_invalid;
mod mx_starttls_missing;
mod open_relay;
mod role_mailbox_missing;
#[cfg(test)]
mod testing;

use super::Rule;

pub(super) const RULES: &[&Rule] =
    &[&open_relay::RULE, &mx_starttls_missing::RULE, &role_mailbox_missing::RULE, &mx_certificate_invalid::RULE];
