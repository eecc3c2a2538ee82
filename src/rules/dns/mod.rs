//! Rules of the group `dns`: whether a domain can take mail, and where its records stand.

mod mx_missing_or_invalid;
mod record_wrong_name;
mod return_path_unusable;
#[cfg(test)]
mod testing;
mod txt_literal_quotes;

use super::Rule;

pub(super) const RULES: &[&Rule] =
    &[&record_wrong_name::RULE, &txt_literal_quotes::RULE, &return_path_unusable::RULE, &mx_missing_or_invalid::RULE];
