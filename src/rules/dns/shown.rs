//! Answers as evidence, and outcomes in words.

use crate::evidence::{Outcome, Question};
use crate::facts::Facts;
use crate::facts::domain::tagged::{Flaw, Tagged};
use crate::rules::Exhibit;
use std::borrow::Cow;

/// What an answer said: its records, or how it ended.
pub(super) fn exhibit(facts: &Facts, question: &Question, label: impl Into<Cow<'static, str>>) -> Exhibit {
    let answer = facts.evidence.answers.get(question);
    let records: Vec<String> = answer.iter().flat_map(|a| &a.records).map(|r| r.data.to_string()).collect();
    let text = match records.is_empty() {
        true => words(answer.map(|a| a.outcome)).to_owned(),
        false => records.join(", "),
    };
    Exhibit::dns(question, text, None, label)
}

/// A record with one of its flaws under it.
pub(super) fn flaw(question: &Question, record: &Tagged, flaw: &Flaw) -> Exhibit {
    Exhibit::dns(question, record.text.clone(), flaw.span, flaw.text.clone())
}

/// How an answer ended, where it has no records to show.
pub(super) fn words(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "not asked",
        Some(Outcome::Records) => "an alias without a record behind it",
        Some(Outcome::NoData) => "no such record at this name",
        Some(Outcome::NxDomain) => "NXDOMAIN: no such name",
        Some(Outcome::ServFail) => "SERVFAIL: the server failed",
        Some(Outcome::Refused) => "REFUSED: the server will not answer",
        Some(Outcome::Timeout) => "no answer within the time",
        Some(Outcome::Truncated) => "only part of an answer came",
    }
}

/// Clauses as one: "a; b, and 3 more".
pub(super) fn listed(all: &[String], most: usize) -> String {
    let shown = all.iter().take(most).cloned().collect::<Vec<_>>().join("; ");
    match all.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}
