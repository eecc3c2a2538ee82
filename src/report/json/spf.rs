//! CONTRACT "`postdoc spf`", version 1.

use super::diagnosis::{Dns, GapPart, dns, gap};
use super::finding::{FindingPart, finding_part};
use crate::evidence::{Outcome, Said};
use crate::facts::spf::{Branch, Node, Problem, SpfResult, Survey};
use crate::report::spf::{Evaluated, tree};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    domain: String,
    ip: Option<String>,
    sender: Option<String>,
    result: Option<&'static str>,
    explanation: Option<String>,
    /// `null` where not even the record is known.
    lookups: Option<u32>,
    void_lookups: Option<u32>,
    matched: Option<String>,
    problem: Option<ProblemPart>,
    tree: Option<NodePart>,
    survey: Option<SurveyPart>,
    findings: Vec<FindingPart>,
    unknown: Vec<GapPart>,
    dns: Dns,
}

#[derive(Debug, Serialize)]
struct ProblemPart {
    domain: String,
    text: String,
    span: Option<[u32; 2]>,
    suggestion: Option<String>,
}

#[derive(Debug, Serialize)]
struct SurveyPart {
    lookups: u32,
    void_lookups: u32,
    void_lookups_ipv6: u32,
    complete: bool,
    ttl: Option<u32>,
    default: Option<&'static str>,
    problems: Vec<ProblemPart>,
}

#[derive(Debug, Serialize)]
pub(super) struct NodePart {
    domain: String,
    record: Option<String>,
    outcome: Option<Outcome>,
    ttl: Option<u32>,
    terms: Vec<TermPart>,
}

#[derive(Debug, Serialize)]
struct TermPart {
    text: String,
    span: [u32; 2],
    state: &'static str,
    result: Option<&'static str>,
    why: Option<String>,
    cost: u32,
    total: u32,
    question: Option<String>,
    owner: Option<&'static str>,
    same_as: Option<TwinPart>,
    below: Option<Box<NodePart>>,
}

#[derive(Debug, Serialize)]
struct TwinPart {
    text: String,
    domain: String,
}

/// The document for one domain.
pub fn document(e: &Evaluated) -> Document {
    let check = e.check.as_ref();
    Document {
        schema: "postdoc/spf",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        domain: e.domain.clone(),
        ip: check.map(|c| c.ip.to_string()),
        sender: check.map(|c| c.sender.clone()),
        result: e.result().map(SpfResult::word),
        explanation: check.and_then(|c| c.explanation.clone()),
        lookups: e.counts().map(|(lookups, _)| lookups),
        void_lookups: e.counts().map(|(_, voids)| voids),
        matched: check.and_then(|c| c.matched.clone()),
        problem: e.problem().map(problem),
        tree: e.tree().map(|tree| node(tree, &e.of.facts.evidence.said)),
        survey: e.survey.map(survey),
        findings: e.findings.iter().map(|f| finding_part(&e.of.facts.evidence.input, f)).collect(),
        unknown: e.unknown.iter().map(gap).collect(),
        dns: dns(e.of),
    }
}

fn problem(p: &Problem) -> ProblemPart {
    ProblemPart {
        domain: p.domain.clone(),
        text: p.text.clone(),
        span: p.span.map(|s| [s.start, s.end]),
        suggestion: p.suggestion.clone(),
    }
}

fn survey(s: &Survey) -> SurveyPart {
    SurveyPart {
        lookups: s.lookups,
        void_lookups: s.void_lookups,
        void_lookups_ipv6: s.void_lookups_v6,
        complete: s.is_complete(),
        ttl: s.ttl,
        default: s.default.map(SpfResult::word),
        problems: s.problems.iter().map(problem).collect(),
    }
}

/// As deep as there are terms that ask DNS at most: the evaluators see to that.
pub(super) fn node(n: &Node, said: &Said) -> NodePart {
    NodePart {
        domain: n.domain.clone(),
        record: n.record.clone(),
        outcome: n.outcome,
        ttl: n.ttl,
        terms: n.terms.iter().map(|b| term(b, said)).collect(),
    }
}

fn term(b: &Branch, said: &Said) -> TermPart {
    use crate::facts::spf::BranchState as State;
    TermPart {
        text: b.text.clone(),
        span: [b.span.start, b.span.end],
        state: tree::word(&b.state),
        result: match b.state {
            State::Matched(result) => Some(result.word()),
            _ => None,
        },
        why: match &b.state {
            State::Failed(why) => Some(why.clone()),
            _ => None,
        },
        cost: b.cost,
        total: b.total,
        question: b.question.as_ref().map(|q| said.aim(q.dig())),
        owner: b.owner.map(|p| p.id.as_str()),
        same_as: b.twin.as_ref().map(|t| TwinPart { text: t.text.clone(), domain: t.domain.clone() }),
        below: b.below.as_deref().map(|n| Box::new(node(n, said))),
    }
}
