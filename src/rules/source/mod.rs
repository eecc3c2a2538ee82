//! Rules of the group `source`: the address that handed the message over, and its names.

mod connection;
mod each;
mod helo_invalid;
mod ipv6_ptr_missing;
pub(super) mod ptr_generic;
mod ptr_missing;
mod ptr_not_forward_confirmed;
mod request;
mod reverse_state;
#[cfg(test)]
pub(in crate::rules) mod testing;
pub(super) mod tls_not_used;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &ptr_missing::RULE,
    &ptr_not_forward_confirmed::RULE,
    &ipv6_ptr_missing::RULE,
    &helo_invalid::RULE,
    &ptr_generic::RULE,
    &tls_not_used::RULE,
];
