//! `postdoc/path`, version 1.

use super::diagnosis::{VerdictPart, verdict};
use crate::diagnose::Diagnosis;
use crate::report::path::{says, word};
use crate::troubleshoot::{Path, Symptom};
use serde::Serialize;

/// The way from a symptom to its cause.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    symptom: SymptomPart,
    steps: Vec<StepPart>,
    conclusion: ConclusionPart,
    evidence: Vec<EvidencePart>,
}

/// A symptom of the list.
#[derive(Debug, Serialize)]
pub struct SymptomPart {
    id: &'static str,
    title: &'static str,
    hint: &'static str,
}

#[derive(Debug, Serialize)]
struct StepPart {
    id: &'static str,
    text: &'static str,
    why: &'static str,
    state: &'static str,
    /// What came of it.
    says: Option<String>,
    choices: Vec<ChoicePart>,
}

#[derive(Debug, Serialize)]
struct ChoicePart {
    id: &'static str,
    title: &'static str,
}

#[derive(Debug, Serialize)]
struct ConclusionPart {
    state: &'static str,
    text: String,
    cause: Option<CausePart>,
    look: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CausePart {
    /// Index into the evidence.
    evidence: usize,
    rule: &'static str,
    title: String,
    fix: Option<String>,
    proven: bool,
}

#[derive(Debug, Serialize)]
struct EvidencePart {
    name: String,
    kind: &'static str,
    verdict: VerdictPart,
}

pub fn symptom(symptom: &'static Symptom) -> SymptomPart {
    SymptomPart { id: &symptom.id, title: &symptom.title, hint: &symptom.hint }
}

pub fn document(path: &Path, held: &[&Diagnosis]) -> Document {
    let steps = path.steps.iter().map(|step| StepPart {
        id: &step.template.id,
        text: &step.template.text,
        why: &step.template.why,
        state: word(&step.state),
        says: says(&step.state),
        choices: step.template.choices.iter().map(|c| ChoicePart { id: &c.id, title: &c.title }).collect(),
    });
    let end = &path.conclusion;
    let cause = end.cause.as_ref().map(|cause| CausePart {
        evidence: cause.held,
        rule: cause.rule.id,
        title: cause.title.clone(),
        fix: cause.fix.clone(),
        proven: cause.proven,
    });
    let evidence = held.iter().map(|d| EvidencePart {
        name: d.facts.evidence.input.name.clone(),
        kind: d.facts.evidence.input.kind.word(),
        verdict: verdict(d),
    });
    Document {
        schema: "postdoc/path",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        symptom: symptom(path.symptom),
        steps: steps.collect(),
        conclusion: ConclusionPart { state: end.kind.word(), text: end.text.clone(), cause, look: end.look.clone() },
        evidence: evidence.collect(),
    }
}
