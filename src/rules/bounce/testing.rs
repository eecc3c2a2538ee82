//! Facts for the tests of this group: read from text, as the program does.

use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::{Facts, Reading};
use crate::rules::{Rule, Severity, Verdict};
use std::sync::Arc;

pub use crate::rules::testing::{facts, only};

/// Facts of a bounce in an invented DNS.
pub fn facts_in(text: &str, zone: &str) -> Facts {
    let input = Input::read("test", text.as_bytes(), Some(InputKind::Bounce)).unwrap();
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
    let evidence = crate::samples::settle(evidence, &Zone::parse(zone).unwrap());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Facts::gather(Arc::new(evidence), reading)
}

/// A rule that a reply decides: it fires, passes, does not apply, cannot know.
pub fn four_ways(rule: &'static Rule, reply: &str) {
    let judge = |text: &str, kind| (rule.judge)(&facts(text, kind));
    let found = only(judge(reply, InputKind::Reply));
    let permanent = reply.starts_with('5');
    assert_eq!(found.severity >= Severity::High, permanent, "{:?}", found.severity);
    assert!(!found.title.is_empty() && found.title.chars().count() <= 70, "{}", found.title);
    assert!(found.exhibits.len() == 1 && found.fix.is_some() && found.check.is_some());
    let other = match rule.id {
        "message-too-large" => "550 5.1.1 user unknown",
        _ => "552 5.3.4 Message size exceeds fixed limit",
    };
    assert!(matches!(judge(other, InputKind::Reply), Verdict::Pass));
    assert!(matches!(judge("From: ann@example.com\n", InputKind::Headers), Verdict::NotApplicable));
    assert!(matches!(judge("250 2.0.0 ok: queued", InputKind::Reply), Verdict::NotApplicable));
    let Verdict::Unknown(gaps) = judge("550 5.0.0 the quick brown fox", InputKind::Reply) else { panic!() };
    assert!(gaps[0].question().contains("quick brown fox"));
}

/// A reply that names a rule of another group makes it speak.
pub(in crate::rules) fn says(rule: &'static Rule, reply: &str) {
    let facts = facts(reply, InputKind::Reply);
    let own = (rule.judge)(&facts);
    assert!(matches!(crate::rules::bounce::beside(&facts, rule, own), Verdict::Found(_)), "{reply}");
}
