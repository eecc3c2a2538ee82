//! What the tests of every group share.

use super::{Finding, Verdict};
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::{Facts, Reading};
use std::sync::Arc;

/// Facts of a text, without DNS.
pub fn facts(text: &str, kind: InputKind) -> Facts {
    let input = Input::read("test", text.as_bytes(), Some(kind)).unwrap();
    let reading = Arc::new(Reading::read(&input, &Said::default()));
    Facts::gather(Arc::new(Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true)), reading)
}

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
