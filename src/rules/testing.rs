//! What the tests of every group share.

use super::{Finding, Verdict};

/// The only finding of a verdict.
pub fn only(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Found(mut findings) if findings.len() == 1 => findings.remove(0),
        other => panic!("expected one finding, got {other:?}"),
    }
}

/// The only finding, which has all that a screen shows of one that is cured.
pub fn complete(verdict: Verdict) -> Finding {
    let finding = only(verdict);
    assert!(finding.title.chars().count() <= 70, "{}", finding.title);
    assert!(!finding.explanation.is_empty() && !finding.because.is_empty());
    assert!(!finding.exhibits.is_empty() && finding.fix.is_some() && finding.check.is_some());
    finding
}
