//! A case for other eyes: stand-ins for persons and machines in everything it holds.

use super::Redaction;
use super::addresses::Addresses;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::case::{BadCase, Case};
use crate::evidence::input::Seen;
use crate::facts::Reading;
use base64::Engine as _;
use serde_json::Value;
use std::sync::Arc;

/// A redacted case, and what of its diagnosis came out otherwise.
pub struct Redacted {
    pub case: Case,
    /// How its verdict or findings differ from those of the original, which they should not.
    pub differs: Option<String>,
}

/// What names formats and programs, and is nobody's.
const OURS: &[&str] =
    &["schema", "id", "tool", "kind", "type", "sha256", "digest", "outcome", "now", "at", "sure", "as"];

/// Replaces persons, subjects, ids and addresses of machines, everywhere alike. The body goes; what it said of the
/// signatures stays, and so does what the signatures proved, since they cannot be verified over stand-ins.
pub fn case(case: &Case) -> Result<Redacted, BadCase> {
    let original = judged(case)?;
    let persons = Redaction::of(&original.facts).without_machines();
    let addresses = Addresses::new(case.input.sha256.as_bytes());
    let hide = |text: &str| addresses.apply(&persons.apply(text));
    let mut bare = case.clone();
    bare.input = case.input.without_body(&original.facts.evidence.input);
    let cut = bare.input.text.as_ref().map(String::len) != Some(bare.input.bytes);
    bare.input.seen = Some(Seen { signatures: original.facts.verified.clone(), chain: original.facts.chain });
    let mut value = serde_json::to_value(&bare)?;
    walk(&mut value, "", &hide);
    if let Some(Value::String(code)) = value.pointer_mut("/input/base64") {
        let engine = base64::engine::general_purpose::STANDARD;
        let bytes = engine.decode(&*code).map_err(|_| BadCase::NoInput)?;
        let mut hidden = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            hidden.extend_from_slice(hide(chunk.valid()).as_bytes());
            hidden.extend_from_slice(chunk.invalid());
        }
        *code = engine.encode(hidden);
    }
    let mut case: Case = serde_json::from_value(value)?;
    case.input.measure(cut);
    case.id = format!("{:.60}-r", case.id);
    let differs = differs(&original, &judged(&case)?);
    Ok(Redacted { case, differs })
}

fn walk(value: &mut Value, key: &str, hide: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) if !OURS.contains(&key) && key != "base64" => *text = hide(text),
        Value::Array(all) => all.iter_mut().for_each(|one| walk(one, key, hide)),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, one)| walk(one, key, hide)),
        _ => {}
    }
}

fn judged(case: &Case) -> Result<Diagnosis, BadCase> {
    let evidence = case.evidence(None)?;
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Ok(diagnose(Arc::new(evidence), reading))
}

fn differs(before: &Diagnosis, after: &Diagnosis) -> Option<String> {
    let ids = |d: &Diagnosis| d.every_finding().map(|f| f.rule.id).collect::<Vec<_>>();
    if before.verdict.state != after.verdict.state {
        return Some(format!("{} became {}", before.verdict.state.word(), after.verdict.state.word()));
    }
    let (before, after) = (ids(before), ids(after));
    let only = |a: &[&'static str], b: &[&'static str]| {
        a.iter().filter(|id| !b.contains(id)).copied().collect::<Vec<_>>().join(", ")
    };
    (before != after).then(|| format!("gone: [{}], new: [{}]", only(&before, &after), only(&after, &before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Said;

    const SECRETS: &[&str] =
        &["8842", "reader@", "198.51.100.24", "24.100.51.198", "What is new in May", "Example News"];

    #[test]
    fn a_redacted_case_says_the_same_and_names_nobody() {
        for sample in crate::samples::all() {
            let evidence = sample.evidence(jiff::Timestamp::UNIX_EPOCH, Said::default());
            let redacted = case(&Case::new(&evidence, true)).unwrap();
            assert_eq!(redacted.differs, None, "{}", sample.name);
            let written = redacted.case.write();
            if sample.name == "unaligned" {
                for secret in SECRETS {
                    assert!(!written.contains(secret), "{secret}: {written}");
                }
            }
            // It can be read again, and redacted again.
            let again = case(&Case::read(written.as_bytes()).unwrap()).unwrap();
            assert_eq!(again.differs, None, "{}", sample.name);
        }
    }
}
