//! One finding, as every document of ours has it.

use super::diagnosis::{GapPart, gap};
use crate::evidence::{Errand, Input};
use crate::remedy::{Change, Remedy};
use crate::report::Shown;
use crate::rules::{Exhibit, Finding, Place, Proof};
use crate::span::Span;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct FindingPart {
    rule: &'static str,
    severity: &'static str,
    confidence: &'static str,
    because: String,
    title: String,
    explanation: String,
    evidence: Vec<Evidence>,
    fix: Option<Fix>,
    verify: Option<String>,
    expect: Option<String>,
    consequences: Vec<&'static str>,
    sources: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct Evidence {
    source: &'static str,
    #[serde(rename = "where")]
    place: String,
    text: String,
    span: Option<[usize; 2]>,
    label: String,
}

#[derive(Debug, Serialize)]
struct Fix {
    summary: String,
    steps: Vec<String>,
    records: Vec<RecordPart>,
    blanks: Vec<String>,
    /// What it takes to keep the records right; most need nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    upkeep: Option<String>,
    /// Some record is as the user wrote it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
    replayed: Option<Replayed>,
    /// What would prove it, where `replayed` is `null`; else what can only be asked once it is published.
    needs: Vec<GapPart>,
}

/// The verdict before and after, and what remains.
#[derive(Debug, Serialize)]
struct Replayed {
    before: &'static str,
    after: &'static str,
    remains: Vec<&'static str>,
    /// What was taken for done that no record does.
    given: Option<String>,
}

#[derive(Debug, Serialize)]
struct RecordPart {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    ttl: u32,
    before: Vec<String>,
    after: Vec<String>,
}

/// One finding in the contract's form, for the copy menu.
pub fn finding(input: &Input, finding: &Finding, shown: Shown) -> String {
    super::pretty(&finding_part(input, finding), shown)
}

pub(crate) fn finding_part(input: &Input, f: &Finding) -> FindingPart {
    FindingPart {
        rule: f.rule.id,
        severity: f.severity.word(),
        confidence: f.confidence.word(),
        because: f.because.to_string(),
        title: f.title.clone(),
        explanation: f.explanation.clone(),
        evidence: f.exhibits.iter().map(|e| evidence(input, e)).collect(),
        fix: f.fix.as_ref().map(|remedy| fix(remedy, f.proof.as_ref())),
        verify: f.check.as_ref().map(|c| c.command.clone()),
        expect: f.check.as_ref().map(|c| c.expect.clone()),
        consequences: f.consequences.iter().map(|c| c.rule.id).collect(),
        sources: f.rule.sources,
    }
}

fn evidence(input: &Input, exhibit: &Exhibit) -> Evidence {
    let label = exhibit.label.to_string();
    match &exhibit.place {
        Place::Input(span) => {
            let source = input.locate(*span);
            let text = input.original.get(source.start..source.end).unwrap_or_default();
            Evidence {
                source: "header",
                place: place_of(input, *span),
                text: beginning(text),
                span: Some([source.start, source.end]),
                label,
            }
        }
        Place::Dns { question, text, span } => Evidence {
            source: "dns",
            place: format!("{} {}", question.name, question.kind),
            text: text.clone(),
            span: span.map(|s| [s.start as usize, s.end as usize]),
            label,
        },
        Place::Fetched { errand, text } => {
            let source = match errand {
                Errand::Https { .. } | Errand::Http { .. } | Errand::Handshake { .. } => "https",
                Errand::Smtp(_) => "smtp",
                Errand::Spamd { .. } | Errand::Rspamd(_) => "filter",
            };
            Evidence { source, place: errand.place(), text: beginning(text.as_bytes()), span: None, label }
        }
        Place::Report { part, text } => {
            Evidence { source: "report", place: part.clone(), text: text.clone(), span: None, label }
        }
        Place::Body { part, text } => {
            Evidence { source: "body", place: part.clone(), text: beginning(text.as_bytes()), span: None, label }
        }
        Place::Mailbox(seen) => {
            Evidence { source: "user", place: "the mailbox".into(), text: seen.clone(), span: None, label }
        }
        Place::User(said) => {
            Evidence { source: "user", place: "what you told postdoc".into(), text: said.clone(), span: None, label }
        }
    }
}

/// Bytes of a passage of the input that are quoted; its span says how long it really is.
const QUOTED: usize = 4096;

fn beginning(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text[..text.floor_char_boundary(QUOTED)].to_owned()
}

/// `Authentication-Results, line 7`: the field's name where it can be told, and the user's line.
pub(crate) fn place_of(input: &Input, span: Span) -> String {
    let line = input.line_of(input.locate(span).start);
    match field_name(input, span) {
        Some(name) => format!("{name}, line {line}"),
        None => format!("line {line}"),
    }
}

/// The name of the field a span lies in: back over continuation lines to the field's first line.
fn field_name(input: &Input, span: Span) -> Option<String> {
    if !input.kind.has_header() {
        return None;
    }
    let text = &input.text;
    let mut start = line_start(text, span.start as usize);
    while start > 0 && matches!(text.get(start), Some(b' ' | b'\t')) {
        // Past the line end, CRLF or a single one.
        let before = &text[..start];
        let end = before.strip_suffix(b"\r\n").or(before.strip_suffix(b"\n")).or(before.strip_suffix(b"\r"));
        start = line_start(text, end.map_or(0, <[u8]>::len));
    }
    let line = text.get(start..)?;
    let colon = line.iter().take(80).position(|&b| b == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?.trim();
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())).then(|| name.to_owned())
}

fn line_start(text: &[u8], at: usize) -> usize {
    let head = &text[..at.min(text.len())];
    head.iter().rposition(|&b| b == b'\n' || b == b'\r').map_or(0, |n| n + 1)
}

fn fix(remedy: &Remedy, proof: Option<&Proof>) -> Fix {
    let (replayed, needs) = match proof {
        Some(Proof::Proven { before, after, remains, given, open }) => {
            let remains = remains.iter().map(|r| r.rule.id).collect();
            let replayed = Replayed { before: before.word(), after: after.word(), remains, given: given.clone() };
            (Some(replayed), open.iter().map(gap).collect())
        }
        Some(Proof::Open { needs }) => (None, needs.iter().map(gap).collect()),
        Some(Proof::Disproven { .. }) | None => (None, Vec::new()),
    };
    Fix {
        summary: remedy.summary.clone(),
        steps: remedy.steps.clone(),
        records: remedy.records.iter().map(record).collect(),
        blanks: remedy.blanks.clone(),
        upkeep: remedy.upkeep.clone(),
        edited: remedy.edited,
        replayed,
        needs,
    }
}

fn record(change: &Change) -> RecordPart {
    RecordPart {
        name: change.name.clone(),
        kind: change.kind.to_string(),
        ttl: change.ttl,
        before: change.before.iter().map(ToString::to_string).collect(),
        after: change.after.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_placed_in_its_field_whatever_ends_the_lines() {
        for end in ["\r\n", "\n", "\r"] {
            let text = ["From: a@example.com", "X-Report:", "\tone;", " two=2", "Subject: hello", "", ""].join(end);
            let input = Input::read("-", text.as_bytes(), None).unwrap();
            let at = |word: &str| {
                let read = String::from_utf8_lossy(&input.text).into_owned();
                let start = read.find(word).unwrap();
                place_of(&input, Span::new(start, start + word.len()))
            };
            assert_eq!(
                (at("a@example"), at("two"), at("hello")),
                ("From, line 1".into(), "X-Report, line 4".into(), "Subject, line 5".into()),
                "{end:?}"
            );
        }
    }
}
