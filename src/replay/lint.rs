//! New records judged by themselves, by the rules for a pasted record.

use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::{Answers, Data, Evidence, Input, InputKind, Kind, Question, Said};
use crate::facts::{Facts, Reading};
use crate::remedy::Change;
use crate::rules::Severity;
use std::sync::Arc;

/// What the rules say of the new records and not of the old ones, and what it takes to tell the cost of new SPF
/// terms: a receiver that finds no term earlier pays for all of them (RFC 7208 §4.6.4).
pub(super) fn lint(facts: &Facts, answers: &Answers, change: &Change) -> (Option<String>, Vec<Question>) {
    // A record that was pasted without its name is judged by the replay itself.
    if change.kind != Kind::Txt || change.after.is_empty() || change.name.contains('<') {
        return (None, Vec::new());
    }
    let of = |data: &[Data], answers: &Answers| {
        let input = paste(change, Some(&change.name), data);
        let evidence = Evidence::new(input, Said::default(), facts.evidence.now, facts.evidence.offline);
        let evidence = Evidence { answers: answers.clone(), ..evidence };
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        diagnose(Arc::new(evidence), reading)
    };
    let new = of(&change.after, answers);
    let survey = |d: &Diagnosis| d.facts.spf_survey.as_ref().map_or(Vec::new(), |s| s.missing.clone());
    let mut questions = survey(&new);
    let faulty = |d: &Diagnosis| new_faults(d);
    if faulty(&new).is_empty() && questions.is_empty() {
        return (None, questions);
    }
    let old = of(&change.before, &facts.evidence.answers);
    questions.retain(|q| !old.facts.missing.contains(q));
    let known: Vec<&str> = old.every_finding().map(|f| f.rule.id).collect();
    let fault = new_faults(&new).into_iter().find(|(rule, _)| !known.contains(rule));
    (fault.map(|(_, title)| title), questions)
}

/// What the rules say of new records by themselves, from this severity on.
pub fn faults(change: &Change, now: jiff::Timestamp, from: Severity) -> Vec<(&'static str, String)> {
    let input = paste(change, Some(&change.name), &change.after);
    let evidence = Evidence::new(input, Said::default(), now, true);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let d = diagnose(Arc::new(evidence), reading);
    let bad = d.every_finding().filter(|f| f.severity >= from);
    bad.map(|f| (f.rule.id, f.title.clone())).collect()
}

fn new_faults(d: &Diagnosis) -> Vec<(&'static str, String)> {
    let bad = d.every_finding().filter(|f| f.severity >= Severity::Medium);
    bad.map(|f| (f.rule.id, f.title.clone())).collect()
}

/// Records as somebody would paste them.
pub(super) fn paste(change: &Change, name: Option<&str>, data: &[Data]) -> Input {
    let line = |data: &Data| match name {
        Some(name) => format!("{name}. {} IN {} {data}\n", change.ttl, change.kind),
        None => format!("{data}\n"),
    };
    let text: String = data.iter().map(line).collect();
    Input::read("record", text.into_bytes(), Some(InputKind::Record))
        .unwrap_or_else(|refusal| Input::unreadable("record", &refusal))
}
