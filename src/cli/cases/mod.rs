//! `postdoc cases` and `postdoc resume`: saved evidence, replayed without a network.

mod diff;
mod list;

use super::args::{CaseTo, Cases, CasesAction, Global, Resume};
use super::exit::Exit;
use super::source::Unread;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::evidence::case::{Case, Run};
use crate::facts::Reading;
use crate::onboarding::Told;
use crate::redact::{self, Redaction};
use crate::replay::prove;
use crate::report::{self, Shown, json};
use crate::tui::onboards;
use crate::world::run::Runner;
use crate::world::signal::Signals;
use crate::world::state::{self, State, StateError};
use anyhow::{Context, bail};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

/// `postdoc cases …`
pub fn run(global: &Global, args: &Cases) -> anyhow::Result<Exit> {
    let state = State::find()?;
    match &args.action {
        CasesAction::List { words, since } => list::run(global, &state, words, since.as_deref()),
        CasesAction::Rerun { case, live: true } => live(global, &state, state.load_case(case)?),
        CasesAction::Show { case, to: Some(to) } => {
            let diagnosis = replay(&state.load_case(case)?, None)?;
            report(global, &diagnosis, *to)?;
            Ok(Exit::of(&diagnosis, global.fail_on.severity()))
        }
        CasesAction::Export { case, file } => export(global, &state.load_case(case)?, file.as_deref()),
        CasesAction::Import { file } => import(global, &state, file),
        CasesAction::Show { case, to: None } | CasesAction::Rerun { case, live: false } => {
            let diagnosis = replay(&state.load_case(case)?, None)?;
            show(global, &diagnosis)?;
            Ok(Exit::of(&diagnosis, global.fail_on.severity()))
        }
        CasesAction::Diff { case, from, to, since } => {
            diff::run(global, &state, &state.load_case(case)?, from.zip(*to), since.as_deref())
        }
        CasesAction::Rm { case } => {
            let path = state.remove_case(case)?;
            if !global.quiet {
                super::tell(format_args!("removed {}", path.display()));
            }
            Ok(Exit::Clean)
        }
    }
}

/// `postdoc resume [ID]`: the app with a saved case; its diagnosis where there is no terminal.
pub fn resume(global: &Global, args: &Resume) -> anyhow::Result<Exit> {
    let state = State::find()?;
    let case = match &args.case {
        Some(id) => state.load_case(id)?,
        None => last(&state)?,
    };
    if std::io::stdout().is_terminal() && global.format.is_none() && !global.json && !global.linear() {
        return match set_up(&state, &case) {
            Some(domain) => super::app::onboard(global, vec![domain]),
            None => super::app::reopen(global, case.id),
        };
    }
    let diagnosis = replay(&case, None)?;
    show(global, &diagnosis)?;
    Ok(Exit::of(&diagnosis, global.fail_on.severity()))
}

/// The newest case that can be read.
fn last(state: &State) -> anyhow::Result<Case> {
    for saved in state.cases()? {
        match state::read_case_file(&saved.path) {
            Ok(case) => return Ok(case),
            Err(e) => super::tell(e),
        }
    }
    bail!("there is no saved case yet: diagnose something first")
}

/// The domain that was being set up, with what its owner told, where the case is the check of a checklist.
fn set_up(state: &State, case: &Case) -> Option<(String, Told)> {
    let evidence = case.evidence(None).ok().filter(|e| !e.said.check.published.is_empty())?;
    let domain = Reading::read(&evidence.input, &evidence.said).from_domain()?.to_owned();
    let told = serde_json::from_slice(&state.note(&onboards::note(&domain))?).ok()?;
    Some((domain, told))
}

/// As the command that made the case printed it.
fn show(global: &Global, diagnosis: &Diagnosis) -> anyhow::Result<bool> {
    match diagnosis.facts.reading.subject {
        Some(_) => super::check::print(global, diagnosis, false, false),
        None => super::diagnose::print(global, diagnosis, false),
    }
}

/// For a ticket or a customer.
fn report(global: &Global, d: &Diagnosis, to: CaseTo) -> anyhow::Result<bool> {
    let redaction = global.redact.then(|| Redaction::of(&d.facts));
    let shown = Shown { redaction: redaction.as_ref() };
    let text = match (to, &d.facts.reading.subject) {
        (CaseTo::Markdown, _) => report::markdown::diagnosis(d, shown),
        (CaseTo::Html, _) => report::html::diagnosis(d, shown),
        (CaseTo::Json, Some(_)) => json::pretty(&json::domain::document(d), shown),
        (CaseTo::Json, None) => json::pretty(&json::diagnosis::document(d), shown),
    };
    Ok(super::put(&text)?)
}

/// The case as one file.
fn export(global: &Global, case: &Case, file: Option<&Path>) -> anyhow::Result<Exit> {
    let redacted = global.redact.then(|| redact::case(case)).transpose()?;
    if let Some(other) = redacted.as_ref().and_then(|r| r.differs.as_ref()).filter(|_| !global.quiet) {
        super::tell(format_args!("with the stand-ins the case reads differently: {other}"));
    }
    let text = redacted.as_ref().map_or(case, |r| &r.case).write();
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        super::put(&text)?;
        return Ok(Exit::Clean);
    };
    let bytes = match file.extension().is_some_and(|e| e == "gz") {
        true => state::packed(text.as_bytes())?,
        false => text.into_bytes(),
    };
    state::write_new(file, &bytes).with_context(|| format!("{}: not written", file.display()))?;
    if !global.quiet {
        super::tell(format_args!("written to {}, readable by you alone", file.display()));
    }
    Ok(Exit::Clean)
}

/// A case that somebody handed over becomes one of ours.
fn import(global: &Global, state: &State, file: &Path) -> anyhow::Result<Exit> {
    let case = state::read_case_file(file).map_err(|e| match e {
        StateError::Io { .. } => anyhow::Error::new(Unread(e.to_string())),
        e => e.into(),
    })?;
    let diagnosis = replay(&case, None)?;
    if let Ok(own) = state.load_case(&case.id)
        && own.write() != case.write()
    {
        bail!("there is another case {} already: `postdoc cases rm {}` makes room", case.id, case.id);
    }
    state.save_case(&case, &diagnosis)?;
    if !global.quiet {
        super::tell(format_args!("taken in as case {}", case.id));
    }
    show(global, &diagnosis)?;
    Ok(Exit::of(&diagnosis, global.fail_on.severity()))
}

/// Asks everything again, and keeps that as another run of the case.
fn live(global: &Global, state: &State, mut case: Case) -> anyhow::Result<Exit> {
    if global.offline {
        bail!("a live rerun asks DNS: it cannot be done --offline; without --live the case is replayed");
    }
    let kept = case.evidence(None)?;
    let transcript = kept.transcript.clone();
    let evidence = Evidence { transcript, ..Evidence::new(kept.input, kept.said, global.now(), false) };
    let runner = Runner::new(global.dns())?;
    let (diagnosis, interrupted) = super::diagnose::settle(&runner, evidence, global, &Signals::listen());
    if interrupted.is_none() {
        case.runs.push(Run::of(&diagnosis.facts.evidence));
        state.save_case(&case, &diagnosis)?;
    }
    show(global, &diagnosis)?;
    Ok(interrupted.unwrap_or_else(|| Exit::of(&diagnosis, global.fail_on.severity())))
}

/// The diagnosis of a run, the latest unless one is named, from its own evidence.
fn replay(case: &Case, run: Option<usize>) -> anyhow::Result<Diagnosis> {
    let evidence = case.evidence(run)?;
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Ok(prove(diagnose(Arc::new(evidence), reading)).diagnosis)
}
