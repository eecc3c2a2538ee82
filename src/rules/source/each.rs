//! A message came from one address; a check may be told several.

use crate::facts::Facts;
use crate::rules::{Gaps, Verdict};

/// Judges the address of a message, or each address that the user named for a domain.
pub(super) fn address(facts: &Facts, judge: fn(&Facts) -> Verdict) -> Verdict {
    let sources = &facts.domain.sources;
    if sources.len() < 2 {
        return judge(facts);
    }
    let (mut found, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    for source in sources {
        match judge(&source.seen(facts)) {
            Verdict::NotApplicable => continue,
            Verdict::Pass => {}
            Verdict::Unknown(open) => gaps.extend(open),
            Verdict::Found(findings) => found.extend(findings),
        }
        applies = true;
    }
    if applies { Verdict::of(found, gaps) } else { Verdict::NotApplicable }
}
