//! `postdoc troubleshoot`: the path from a symptom to its cause, as numbered lines.

use super::args::{Check, Diagnose, Format, Global, Troubleshoot};
use super::exit::Exit;
use super::{check, diagnose, source};
use crate::diagnose::Diagnosis;
use crate::evidence::Evidence;
use crate::redact::Redaction;
use crate::report::{Shown, json, path as report};
use crate::troubleshoot::{self, Answers, Piece, Symptom, path, stays};
use crate::world::run::Runner;
use crate::world::signal::Signals;
use anyhow::bail;
use std::path::Path;

pub fn run(global: &Global, args: &Troubleshoot) -> anyhow::Result<Exit> {
    let (symptom, inputs) = sort(&args.given)?;
    if symptom.is_none() && inputs.is_empty() && args.sample.is_none() {
        return list(global);
    }
    let symptom = symptom.or_else(|| troubleshoot::find("unknown"));
    let Some(symptom) = symptom else { bail!("there is no symptom of that name") };
    let answers = answers(symptom, &args.answer)?;
    let mut held: Vec<Diagnosis> = Vec::new();
    let mut exit = Exit::Unknown;
    let evidence = evidence(global, args, &inputs)?;
    if !evidence.is_empty() {
        exit = Exit::Clean;
        let runner = Runner::new(global.dns())?;
        let signals = Signals::listen();
        for (n, evidence) in evidence.into_iter().enumerate() {
            let (diagnosis, interrupted) = diagnose::settle(&runner, evidence, global, &signals);
            // An example is no case of the user's; it stands first.
            let example = n == 0 && args.sample.is_some();
            if !args.no_save && !example && diagnosis.facts.evidence.input.kind.is_judged() {
                diagnose::keep(global, &diagnosis, false);
            }
            exit = exit.and(interrupted.unwrap_or_else(|| Exit::of(&diagnosis, global.fail_on.severity())));
            take(global, &mut held, diagnosis);
            if interrupted.is_some() {
                break;
            }
        }
    }
    print(global, symptom, &held, &answers)?;
    Ok(exit)
}

/// The symptom among the arguments, and the inputs.
fn sort(given: &[String]) -> anyhow::Result<(Option<&'static Symptom>, Vec<&String>)> {
    let mut symptom = None;
    let mut inputs = Vec::new();
    for word in given {
        match troubleshoot::find(word) {
            Some(found) if symptom.is_none() && !Path::new(word).exists() => symptom = Some(found),
            _ if word == "-" || Path::new(word).exists() || source::names_a_host(word) => inputs.push(word),
            _ => {
                let ids: Vec<&str> = troubleshoot::all().iter().map(|s| &s.id[..]).collect();
                bail!("{word:?} is no symptom, no file and no domain; symptoms are {}", ids.join(", "))
            }
        }
    }
    Ok((symptom, inputs))
}

fn answers(symptom: &'static Symptom, given: &[(String, String)]) -> anyhow::Result<Answers> {
    for (step, choice) in given {
        let Some(template) = symptom.templates().find(|t| t.id == *step && !t.choices.is_empty()) else {
            bail!("{:?} has no question {step:?}", symptom.id)
        };
        if !template.choices.iter().any(|c| c.id == *choice) {
            let known: Vec<&str> = template.choices.iter().map(|c| &c.id[..]).collect();
            bail!("{choice:?} is no answer to {step:?}; there are {}", known.join(", "))
        }
    }
    Ok(given.iter().cloned().collect())
}

fn evidence(global: &Global, args: &Troubleshoot, inputs: &[&String]) -> anyhow::Result<Vec<Evidence>> {
    let told =
        Diagnose { configured: args.configured.clone(), folder: args.folder.clone(), ..Diagnose::of(Vec::new()) };
    let mut all = Vec::new();
    if let Some(name) = &args.sample {
        all.push(diagnose::sample(name)?.evidence(global.now(), diagnose::said(&told)));
    }
    for name in inputs {
        all.push(match source::names_a_host(name) {
            true => check::evidence(global, &Check::of((*name).clone()), name)?,
            false => diagnose::evidence(global, &told, source::input(name, None)),
        });
    }
    Ok(all)
}

/// Takes a piece of evidence up, and says what cannot be used with it.
fn take(global: &Global, held: &mut Vec<Diagnosis>, diagnosis: Diagnosis) {
    let name = diagnosis.facts.evidence.input.name.clone();
    if Piece::of(diagnosis.facts.evidence.input.kind).is_none() {
        super::tell(format_args!("{name} says nothing on the way of a message: {}", diagnosis.verdict.headline));
        return;
    }
    let before = held.len();
    held.retain(|earlier| stays(earlier, &diagnosis));
    if held.len() < before && !global.quiet {
        super::tell(format_args!("{name} takes the place of what was given before: the same kind, or another domain"));
    }
    held.push(diagnosis);
}

fn print(global: &Global, symptom: &'static Symptom, held: &[Diagnosis], answers: &Answers) -> anyhow::Result<()> {
    let held: Vec<&Diagnosis> = held.iter().collect();
    let path = path(symptom, &held, answers);
    let write = |shown: Shown| match global.format() {
        Format::Json => json::pretty(&json::path::document(&path, &held), shown),
        Format::Ndjson => json::line(&json::path::document(&path, &held), shown),
        Format::Plain => report::plain(&path, shown),
        Format::Markdown => report::markdown(&path, shown),
        Format::Human => report::human(&path, super::look::style(global.color, global.verbose), shown),
    };
    let redaction = global.redact.then(|| Redaction::over(held.iter().map(|d| &d.facts)));
    super::put(&write(Shown { redaction: redaction.as_ref() }))?;
    Ok(())
}

fn list(global: &Global) -> anyhow::Result<Exit> {
    let all = troubleshoot::all();
    let text: String = match global.format() {
        Format::Json | Format::Ndjson => {
            super::list::rows(global, all.iter().map(|s| serde_json::json!(json::path::symptom(s))))
        }
        Format::Plain => all.iter().map(|s| format!("symptom\t{}\t{}\t{}\n", s.id, s.title, s.hint)).collect(),
        Format::Markdown => all.iter().map(|s| format!("- `{}`: {}\n", s.id, s.title)).collect(),
        Format::Human => report::symptoms(all),
    };
    super::put(&text)?;
    Ok(Exit::Clean)
}
