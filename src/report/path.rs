//! A path from symptom to cause as numbered lines: for screen readers, scripts and tickets.

use super::Shown;
use super::human::{Ink, Style};
use super::markdown::text;
use crate::troubleshoot::{Kind, Path, State, Step, Symptom};
use std::fmt::Write as _;

/// Columns of prose at most.
const PROSE: usize = 100;

/// The word for how a step stands.
pub fn word(state: &State) -> &'static str {
    match state {
        State::Found(_) => "found",
        State::Known(_) => "known",
        State::Clear(_) => "in order",
        State::Next => "next",
        State::Open(_) => "open",
        State::NotNeeded => "not needed",
    }
}

/// What came of a step, in a sentence.
pub fn says(state: &State) -> Option<String> {
    match state {
        State::Found(text) | State::Known(text) => Some(text.clone()),
        State::Clear(1) => Some("1 rule looked and found nothing wrong.".to_owned()),
        State::Clear(n) => Some(format!("{n} rules looked and found nothing wrong.")),
        State::Open(Some(why)) => Some(why.clone()),
        State::Open(None) | State::Next | State::NotNeeded => None,
    }
}

/// Is the step still to be done by the user?
pub fn asks(step: &Step) -> bool {
    !step.template.looks() && matches!(step.state, State::Next | State::Open(_))
}

/// What is said of the fix of a cause.
pub fn fix(path: &Path) -> Option<String> {
    let cause = path.conclusion.cause.as_ref()?;
    let proven = if cause.proven { " Tried on this evidence: it cures." } else { "" };
    Some(format!("{}.{proven}", cause.fix.as_ref()?.trim_end_matches('.')))
}

/// The symptoms, for `postdoc troubleshoot` alone.
pub fn symptoms(all: &[Symptom]) -> String {
    let line = |symptom: &Symptom| format!("{:<14}  {:<41}  {}\n", symptom.id, symptom.title, symptom.hint);
    all.iter().map(line).collect()
}

/// The whole path, over as many lines as it takes.
pub fn human(path: &Path, style: Style, shown: Shown) -> String {
    let mut out = format!("{}\n\n", style.paint(Ink::Strong, &path.symptom.title));
    let width = style.width.min(PROSE);
    let mut put = |indent: &str, ink: Option<Ink>, words: &str| {
        let hang = " ".repeat(indent.len());
        let options = textwrap::Options::new(width).initial_indent(indent).subsequent_indent(&hang);
        for line in textwrap::wrap(&shown.line(words), options) {
            let line = ink.map_or_else(|| line.to_string(), |ink| style.paint(ink, &line));
            // Writing to a string does not fail.
            let _ = writeln!(out, "{line}");
        }
    };
    for (n, step) in path.steps.iter().enumerate() {
        let ink = match step.state {
            State::Found(_) => Some(Ink::Fail),
            State::Next => Some(Ink::Strong),
            State::NotNeeded => Some(Ink::Faint),
            _ => None,
        };
        put("", ink, &format!("{}. {}: {}", n + 1, word(&step.state), step.template.text));
        if let Some(said) = says(&step.state) {
            put("   ", None, &said);
        }
        if step.state != State::NotNeeded {
            put("   ", Some(Ink::Faint), &format!("Why: {}", step.template.why));
        }
        for choice in step.template.choices.iter().filter(|_| asks(step)) {
            put("   ", None, &format!("--answer {}={}: {}", step.template.id, choice.id, choice.title));
        }
    }
    put("", None, "");
    put("", Some(Ink::Strong), &path.conclusion.text);
    if let Some(cause) = &path.conclusion.cause {
        if let Some(fix) = fix(path) {
            put("", None, &format!("Fix: {fix}"));
        }
        put("", None, &format!("Explained by: postdoc explain {}", cause.rule.id));
    }
    if !path.conclusion.look.is_empty() {
        put("", None, "What to look at:");
    }
    for line in &path.conclusion.look {
        put("- ", None, line);
    }
    out
}

/// One fact per line, tab separated.
pub fn plain(path: &Path, shown: Shown) -> String {
    let mut out = format!("symptom\t{}\t{}\n", path.symptom.id, path.symptom.title);
    for step in &path.steps {
        let said = says(&step.state).unwrap_or_default();
        let (id, text, why) = (&step.template.id, &step.template.text, &step.template.why);
        let _ = writeln!(out, "step\t{id}\t{}\t{text}\t{why}\t{}", word(&step.state), shown.line(&said));
        for choice in step.template.choices.iter().filter(|_| asks(step)) {
            let _ = writeln!(out, "choice\t{id}\t{}\t{}", choice.id, choice.title);
        }
    }
    let rule = path.conclusion.cause.as_ref().map_or("", |cause| cause.rule.id);
    let _ = writeln!(out, "{}\t{rule}\t{}", path.conclusion.kind.word(), shown.line(&path.conclusion.text));
    if let Some(fix) = fix(path) {
        let _ = writeln!(out, "fix\t{rule}\t{}", shown.line(&fix));
    }
    for line in &path.conclusion.look {
        let _ = writeln!(out, "look\t{line}");
    }
    out
}

/// For a ticket.
pub fn markdown(path: &Path, shown: Shown) -> String {
    let mut out = format!("## {}\n\n{}\n\n", path.symptom.title, text(shown, &path.conclusion.text));
    if let Some(fix) = fix(path) {
        let _ = writeln!(out, "Fix: {}\n", text(shown, &fix));
    }
    for (n, step) in path.steps.iter().enumerate() {
        let said = says(&step.state).map(|s| format!(" {}", text(shown, &s))).unwrap_or_default();
        let _ = writeln!(out, "{}. **{}** {}{said}", n + 1, word(&step.state), step.template.text);
    }
    if !path.conclusion.look.is_empty() {
        out.push_str("\nWhat to look at:\n\n");
    }
    for line in &path.conclusion.look {
        let _ = writeln!(out, "- {line}");
    }
    out
}

/// Glyph and word of the conclusion.
pub fn sign(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Cause => ("✗", "CAUSE"),
        Kind::Suspect => ("!", "FOUND"),
        Kind::Elsewhere => ("i", "ELSEWHERE"),
        Kind::Open => ("?", "OPEN"),
    }
}
