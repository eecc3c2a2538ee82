//! `postdoc/diagnosis`, version 1.

mod bounce;
mod computed;
mod identities;
mod own_filter;
mod reported;
mod sent;

use super::finding::{FindingPart, finding_part};
use crate::diagnose::Diagnosis;
use crate::evidence::Input;
use crate::facts::received::Hop;
use crate::rules::Gap;
use crate::rules::requirement::{Because, Line};
use bounce::{BouncePart, bounce};
use computed::{Alignment, Computed, alignment, computed};
use identities::{Identities, identities};
use own_filter::{OwnFilterPart, own_filter};
use reported::{Reported, reported};
use sent::{SentPart, sent};
use serde::Serialize;
use std::borrow::Cow;

/// One diagnosis.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    input: InputPart,
    verdict: VerdictPart,
    receiver: Receiver,
    identities: Identities,
    reported: Reported,
    computed: Computed,
    alignment: Alignment,
    findings: Vec<FindingPart>,
    hops: Vec<HopPart>,
    requirements: Vec<RequirementPart>,
    report: Option<super::report::Document>,
    bounce: Option<BouncePart>,
    /// What differs from the copy that was sent.
    sent: Option<SentPart>,
    /// What filters of the user's own say: never the receiver's word.
    own_filters: Vec<OwnFilterPart>,
    unknown: Vec<GapPart>,
    dns: Dns,
}

#[derive(Debug, Serialize)]
struct InputPart {
    name: String,
    kind: &'static str,
    /// What the recogniser saw, and how sure it is.
    because: String,
    confidence: &'static str,
    /// Both `null` for an input that could not be read.
    bytes: Option<usize>,
    sha256: Option<String>,
    repairs: Vec<RepairPart>,
}

#[derive(Debug, Serialize)]
struct RepairPart {
    kind: &'static str,
    lines: Vec<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct VerdictPart {
    state: &'static str,
    headline: String,
    cause: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Receiver {
    authserv_id: Option<String>,
    kind: Option<String>,
    believed_because: Option<String>,
}

#[derive(Debug, Serialize)]
struct HopPart {
    from: Option<String>,
    by: Option<String>,
    ip: Option<String>,
    at: Option<String>,
    delay_ms: Option<i64>,
    tls: Option<String>,
}

#[derive(Debug, Serialize)]
struct RequirementPart {
    receiver: Cow<'static, str>,
    line: &'static str,
    state: &'static str,
    since: Option<jiff::civil::Date>,
    because: Because,
    rule: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct GapPart {
    question: String,
    needs: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Dns {
    queries: usize,
    rounds: u32,
    elapsed_ms: u64,
}

/// The contract's view of a diagnosis.
pub fn document(d: &Diagnosis) -> Document {
    let input = &d.facts.evidence.input;
    Document {
        schema: "postdoc/diagnosis",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        input: input_part(input),
        verdict: verdict(d),
        receiver: receiver(d),
        identities: identities(d),
        reported: reported(d),
        computed: computed(d),
        alignment: alignment(d),
        findings: d.every_finding().map(|f| finding_part(input, f)).collect(),
        hops: d.facts.reading.hops.iter().map(hop).collect(),
        requirements: d.requirements().into_iter().map(requirement).collect(),
        report: super::report::document(d),
        bounce: d.facts.reading.bounce.as_ref().map(bounce),
        sent: d.facts.reading.beside.as_deref().map(sent),
        own_filters: d.facts.own_filters.iter().map(own_filter).collect(),
        unknown: d.unknown.iter().map(gap).collect(),
        dns: dns(d),
    }
}

pub(super) fn verdict(d: &Diagnosis) -> VerdictPart {
    VerdictPart {
        state: d.verdict.state.word(),
        headline: d.verdict.headline.clone(),
        cause: d.verdict.cause.map(|r| r.id),
    }
}

fn input_part(input: &Input) -> InputPart {
    InputPart {
        name: input.name.clone(),
        kind: input.kind.word(),
        because: input.because.clone(),
        confidence: input.sure.word(),
        bytes: input.is_read().then(|| input.bytes()),
        sha256: input.is_read().then(|| input.sha256()),
        repairs: input.repairs.iter().map(|r| RepairPart { kind: r.kind.word(), lines: r.lines.clone() }).collect(),
    }
}

fn receiver(d: &Diagnosis) -> Receiver {
    let boundary = &d.facts.reading.boundary;
    Receiver {
        authserv_id: boundary.authserv_id.clone(),
        kind: boundary.receiver.clone(),
        believed_because: (!boundary.because.is_empty()).then(|| boundary.because.clone()),
    }
}

fn requirement(line: Line) -> RequirementPart {
    RequirementPart {
        receiver: line.id(),
        line: &line.demand.what,
        state: line.state.word(),
        since: line.demand.since,
        because: line.because,
        rule: line.cure.map(|rule| rule.id),
    }
}

fn hop(h: &Hop) -> HopPart {
    HopPart {
        from: h.reverse_name.as_ref().or(h.helo.as_ref()).map(|v| v.value.clone()),
        by: h.by.as_ref().map(|v| v.value.clone()),
        ip: h.ip.as_ref().map(|v| v.value.to_string()),
        at: h.at.map(|t| t.to_string()),
        delay_ms: h.delay_ms,
        tls: h.tls.clone(),
    }
}

pub(super) fn gap(gap: &Gap) -> GapPart {
    GapPart { question: gap.question().into_owned(), needs: gap.needs.words().into_owned() }
}

pub(super) fn dns(d: &Diagnosis) -> Dns {
    let answers = &d.facts.evidence.answers;
    // From the first question put to the last answer received, as recorded.
    let began = answers.values().map(|a| a.at.as_millisecond() - i64::from(a.elapsed_ms)).min();
    let ended = answers.values().map(|a| a.at.as_millisecond()).max();
    let elapsed_ms = began.zip(ended).map_or(0, |(b, e)| u64::try_from(e - b).unwrap_or(0));
    Dns { queries: answers.len(), rounds: d.facts.rounds(), elapsed_ms }
}
