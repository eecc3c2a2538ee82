//! Which platform is to be set up, for a domain or for one signature.

use crate::facts::Facts;
use crate::facts::platform::{self, Mark};
use crate::knowledge::Platform;
use crate::rules::on_the_way;

/// The platform that most surely sent the message.
pub(super) fn of_message(facts: &Facts) -> Option<&'static Platform> {
    platform::sending(&facts.platforms, on_the_way::is_relayed(facts)).map(|hit| hit.platform)
}

/// The platform that made a signature with this selector: one that uses it, else the only one
/// that the signature itself gave away.
pub(super) fn of_selector(facts: &Facts, selector: &str) -> Option<&'static Platform> {
    let uses = |p: &Platform| p.dkim.iter().any(|s| s.selector.eq_ignore_ascii_case(selector));
    let by_selector = facts.platforms.iter().find(|hit| uses(hit.platform));
    let mut signers = facts.platforms.iter().filter(|hit| matches!(hit.mark, Mark::SigningDomain | Mark::Selector));
    let only = signers.next().filter(|_| signers.next().is_none() && facts.reading.signatures.len() == 1);
    by_selector.or(only).map(|hit| hit.platform)
}
