//! Rules of the group `headers`.

mod calendar_or_forward_resend;
pub(super) mod forwarding_broke_spf;
mod from_domain_not_yours;
mod from_header_invalid;
mod gateway_breaks_auth;
mod internal_mail;
mod mailing_list_modified;
mod moera_domain_used;
mod one_click_missing;
mod one_click_not_signed;
mod panel_override_conflict;
mod reply_to_mismatch;

use super::Rule;
pub(super) use mailing_list_modified::remedy_at_list;
pub(super) use one_click_missing::is_mass;

pub(super) const RULES: &[&Rule] = &[
    &internal_mail::RULE,
    &gateway_breaks_auth::RULE,
    &from_domain_not_yours::RULE,
    &forwarding_broke_spf::RULE,
    &mailing_list_modified::RULE,
    &from_header_invalid::RULE,
    &one_click_missing::RULE,
    &one_click_not_signed::RULE,
    &panel_override_conflict::RULE,
    &reply_to_mismatch::RULE,
    &moera_domain_used::RULE,
    &calendar_or_forward_resend::RULE,
];
