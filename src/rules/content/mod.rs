//! Rules of the group `content`: what a filter or a receiver's published rule holds against the message itself. What is
//! stated is a fact; how much it counts, each receiver decides.

mod attachment_risky;
mod content_html_structure;
mod content_links_suspicious;
mod content_spammy;
mod feedback_id_missing;
mod message_id_or_date_missing;
mod message_malformed;
mod own_filter_says_spam;
#[cfg(test)]
pub(in crate::rules) mod testing;
mod tracking_host_broken;
mod unsubscribe_not_visible;

pub use own_filter_says_spam::bear_out;

use super::{Gap, Rule};
use crate::facts::Facts;
use crate::facts::content::Content;

pub(super) const RULES: &[&Rule] = &[
    &message_malformed::RULE,
    &message_id_or_date_missing::RULE,
    &attachment_risky::RULE,
    &tracking_host_broken::RULE,
    &unsubscribe_not_visible::RULE,
    &content_links_suspicious::RULE,
    &content_html_structure::RULE,
    &content_spammy::RULE,
    &own_filter_says_spam::RULE,
    &feedback_id_missing::RULE,
];

/// The body of the message, taken apart; `Err` where its parts are nested too deep for that, `None` without one.
fn body(facts: &Facts) -> Option<Result<&Content, Gap>> {
    let content = facts.reading.content.as_deref()?;
    Some(match content.nested {
        true => Err(Gap::new(
            "What stands in the body?",
            format!("a message with at most {} parts within parts", crate::facts::mime::NESTED),
        )),
        false => Ok(content),
    })
}

/// `a`, `a and b`, `a, b and 3 more`
fn some(all: &[String], most: usize) -> String {
    let shown = &all[..all.len().min(most)];
    match (shown, all.len() - shown.len()) {
        (shown, 0) => super::receiver::list(shown),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
