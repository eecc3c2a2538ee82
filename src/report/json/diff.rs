//! `postdoc cases diff`, version 1.

use crate::changes::{Answered, Changes, Told};
use crate::evidence::{Outcome, Server};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Document<'a> {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    case: &'a str,
    from: RunPart,
    to: RunPart,
    gone: Vec<FindingPart<'a>>,
    new: Vec<FindingPart<'a>>,
    same: Vec<FindingPart<'a>>,
    answers: Vec<AnswerPart<'a>>,
}

/// One of the runs: its number from 1, and its time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RunPart {
    pub run: usize,
    pub at: jiff::Timestamp,
}

#[derive(Debug, Serialize)]
struct FindingPart<'a> {
    rule: &'static str,
    severity: &'static str,
    title: &'a str,
}

#[derive(Debug, Serialize)]
struct AnswerPart<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `null`: the resolver.
    server: Option<String>,
    before: Said<'a>,
    after: Said<'a>,
}

#[derive(Debug, Serialize)]
struct Said<'a> {
    outcome: Outcome,
    records: Vec<&'a str>,
}

pub fn document<'a>(case: &'a str, from: RunPart, to: RunPart, changes: &'a Changes) -> Document<'a> {
    let findings = |list: &'a [Told]| {
        list.iter().map(|t| FindingPart { rule: t.rule, severity: t.severity.word(), title: &t.title }).collect()
    };
    let said = |a: &'a Answered| Said { outcome: a.outcome, records: a.records.iter().map(String::as_str).collect() };
    let answers = changes.answers.iter().map(|c| AnswerPart {
        name: &c.question.name,
        kind: c.question.kind.word(),
        server: match c.question.server {
            Server::Resolver => None,
            Server::At(ip) => Some(ip.to_string()),
        },
        before: said(&c.before),
        after: said(&c.after),
    });
    Document {
        schema: "postdoc/diff",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        case,
        from,
        to,
        gone: findings(&changes.gone),
        new: findings(&changes.new),
        same: findings(&changes.same),
        answers: answers.collect(),
    }
}
