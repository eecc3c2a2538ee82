//! Blocklists that a filter counted: where to look, and whom of the sender's the filter found there.

use super::{suspects, verdict};
use crate::facts::Facts;
use crate::facts::antispam::Item;
use crate::knowledge::blocklist;
use crate::remedy::Remedy;

/// The remedy with the page of each list that was counted.
pub fn pages(facts: &Facts, remedy: Remedy) -> Remedy {
    let mut told: Vec<&str> = Vec::new();
    let mut steps = Vec::new();
    for item in verdict::counted(facts).filter(|i| is_test(i) && suspects::speaks(i)) {
        let Some(list) = blocklist::of_test(&item.value).filter(|l| !l.delist.is_empty()) else { continue };
        if !told.contains(&&*list.zone) {
            told.push(&list.zone);
            steps.push(format!(
                "{} is {}: see at {} what is listed and why, end that, and ask there to be taken off.",
                item.value, list.name, list.delist
            ));
        }
    }
    remedy.steps(steps)
}

/// Does the test name the From domain in its options, as Rspamd's `DBL_SPAM(6.5)[example.com:url]`?
pub fn names_from(facts: &Facts, item: &Item) -> bool {
    let written = item.span.of(facts.text());
    let options = written.split(|&b| b == b'[').nth(1).unwrap_or_default();
    let mut words = options.split(|b| !(b.is_ascii_alphanumeric() || b"-._".contains(b)));
    facts.reading.from_domain().is_some_and(|from| words.any(|w| w.eq_ignore_ascii_case(from.as_bytes())))
}

fn is_test(item: &Item) -> bool {
    matches!(&*item.key, "test" | "symbol")
}
