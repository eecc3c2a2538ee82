//! Facts for tests: a paste and the DNS around it.

use crate::evidence::zone::Zone;
use crate::evidence::{Brought, Errand, Evidence, Fetched, Input, Said};
use crate::facts::{Facts, Reading};
use crate::rules::testing::complete;
use crate::rules::{Finding, Rule, Verdict};
use crate::samples::settle;
use std::sync::Arc;

/// What a rule says of this paste in a world of these zone lines; nothing is asked without one.
pub fn judge(rule: &Rule, paste: &str, zone: Option<&str>) -> Verdict {
    settled(rule, paste, zone, Said::default(), Fetched::new())
}

/// As [`judge`], with what the user said.
pub fn judge_said(rule: &Rule, paste: &str, zone: &str, said: Said) -> Verdict {
    settled(rule, paste, Some(zone), said, Fetched::new())
}

/// As [`judge`], with what an errand brought.
pub fn judge_with(
    rule: &Rule,
    paste: &str,
    zone: &str,
    brought: impl IntoIterator<Item = (Errand, Brought)>,
) -> Verdict {
    settled(rule, paste, Some(zone), Said::default(), brought.into_iter().collect())
}

fn settled(rule: &Rule, paste: &str, zone: Option<&str>, said: Said, fetched: Fetched) -> Verdict {
    (rule.judge)(&gathered(paste, zone, said, fetched))
}

/// The facts themselves.
pub fn facts_said(paste: &str, zone: &str, said: Said) -> Facts {
    gathered(paste, Some(zone), said, Fetched::new())
}

fn gathered(paste: &str, zone: Option<&str>, said: Said, fetched: Fetched) -> Facts {
    let input = Input::read("-", paste.as_bytes(), None).unwrap();
    let evidence = Evidence { fetched, ..Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, zone.is_none()) };
    let evidence = match zone {
        Some(zone) => settle(evidence, &Zone::parse(zone).unwrap()),
        None => evidence,
    };
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Facts::gather(Arc::new(evidence), reading)
}

/// The only finding, which has all that a finding must have.
pub fn found(rule: &Rule, paste: &str, zone: Option<&str>) -> Finding {
    complete(judge(rule, paste, zone))
}

/// A message of `from` with this Return-Path.
pub fn message(from: &str, path: &str) -> String {
    format!(
        "Return-Path: <{path}>\r\nReceived: from out.example.net (out.example.net [192.0.2.7])\r\n\
         \tby mx.inbox.test with ESMTPS id 1; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
         From: {from}\r\nTo: r@inbox.test\r\nSubject: x\r\nDate: Tue, 2 Jun 2026 10:00:00 +0000\r\n\r\n"
    )
}
