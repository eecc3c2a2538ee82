//! Rules of the group `dkim`.

mod alteration;
mod at_odds;
mod dkim_ambiguous_answer;
mod dkim_body_hash_mismatch;
mod dkim_ed25519_only;
mod dkim_expired;
mod dkim_identity_not_allowed;
mod dkim_key_not_found;
mod dkim_key_revoked;
mod dkim_key_truncated;
mod dkim_key_weak;
mod dkim_key_wrong_encoding;
mod dkim_missing;
mod dkim_record_malformed;
mod dkim_rotation_race;
mod dkim_selector_mismatch;
mod dkim_signature_invalid;
mod dkim_testing_flag;
mod dkim_weak_signature;
mod failure;
mod maker;
mod platform;
mod selector_collision;
mod standing;
mod subject;
#[cfg(test)]
mod testing;
mod unsigned;
mod wildcard_answers;
mod witness;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &dkim_missing::RULE,
    &dkim_key_not_found::RULE,
    &dkim_body_hash_mismatch::RULE,
    &dkim_identity_not_allowed::RULE,
    &dkim_signature_invalid::RULE,
    &dkim_rotation_race::RULE,
    &dkim_selector_mismatch::RULE,
    &selector_collision::RULE,
    &dkim_record_malformed::RULE,
    &dkim_key_truncated::RULE,
    &dkim_key_wrong_encoding::RULE,
    &dkim_key_revoked::RULE,
    &dkim_ed25519_only::RULE,
    &dkim_ambiguous_answer::RULE,
    &dkim_key_weak::RULE,
    &dkim_testing_flag::RULE,
    &dkim_weak_signature::RULE,
    &dkim_expired::RULE,
    &wildcard_answers::RULE,
];
