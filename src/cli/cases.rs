//! `postdoc cases` and `postdoc resume`: saved evidence, replayed without a network.

use super::args::{CaseTo, Cases, CasesAction, Format, Global, Resume};
use super::exit::Exit;
use crate::changes::Changes;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::case::Case;
use crate::facts::Reading;
use crate::onboarding::Told;
use crate::redact::{self, Redaction};
use crate::replay::prove;
use crate::report::{self, Shown, json};
use crate::safe::Safe;
use crate::tui::onboards;
use crate::world::state::{self, State};
use anyhow::{Context, bail};
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

/// `postdoc cases …`
pub fn run(global: &Global, args: &Cases) -> anyhow::Result<Exit> {
    let state = State::find()?;
    match &args.action {
        CasesAction::List => list(global, &state),
        CasesAction::Show { case, to: Some(to) } => {
            let diagnosis = replay(&state.load_case(case)?)?;
            report(global, &diagnosis, *to)?;
            Ok(Exit::of(&diagnosis, global.fail_on.severity()))
        }
        CasesAction::Export { case, file } => export(global, &state.load_case(case)?, file.as_deref()),
        CasesAction::Import { file } => import(global, &state, file),
        CasesAction::Show { case, to: None } | CasesAction::Rerun { case } => {
            let diagnosis = replay(&state.load_case(case)?)?;
            show(global, &diagnosis)?;
            Ok(Exit::of(&diagnosis, global.fail_on.severity()))
        }
        CasesAction::Diff { case, from, to } => diff(global, &state.load_case(case)?, from.zip(*to)),
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
    let id = match &args.case {
        Some(id) => id.clone(),
        None => match state.cases()?.first() {
            Some(last) => last.id.clone(),
            None => bail!("there is no saved case yet: diagnose something first"),
        },
    };
    let case = state.load_case(&id)?;
    if std::io::stdout().is_terminal() && global.format.is_none() && !global.json {
        return match set_up(&state, &case) {
            Some(domain) => super::app::onboard(global, vec![domain]),
            None => super::app::reopen(global, id),
        };
    }
    let diagnosis = replay(&case)?;
    show(global, &diagnosis)?;
    Ok(Exit::of(&diagnosis, global.fail_on.severity()))
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
    let Some(file) = file else {
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
    let case = state::read_case_file(file)?;
    let diagnosis = replay(&case)?;
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

/// What changed between two runs, by their numbers from 1; by default the last two.
fn diff(global: &Global, case: &Case, runs: Option<(usize, usize)>) -> anyhow::Result<Exit> {
    let last = case.runs.len();
    let (from, to) = match runs {
        Some(named) => named,
        None if last > 1 => (last - 1, last),
        None => bail!("case {} has one run only: `postdoc resume {}` and r run it again", case.id, case.id),
    };
    if ![from, to].iter().all(|n| (1..=last).contains(n)) {
        bail!("case {} has runs 1 to {last}", case.id);
    }
    let (before, after) = (replay_run(case, Some(from - 1))?, replay_run(case, Some(to - 1))?);
    let changes = Changes::between(&before, &after);
    let redaction = global.redact.then(|| Redaction::of(&after.facts));
    let shown = Shown { redaction: redaction.as_ref() };
    let part = |run: usize, d: &Diagnosis| json::diff::RunPart { run, at: d.facts.evidence.now };
    let document = || json::diff::document(&case.id, part(from, &before), part(to, &after), &changes);
    let text = match global.format() {
        Format::Json => json::pretty(&document(), shown),
        Format::Ndjson => json::line(&document(), shown),
        Format::Human => report::changes::human(&changes, super::look::style(global.color, false), shown),
        Format::Plain => report::changes::plain(&changes, shown),
        Format::Markdown => report::changes::markdown(&changes, shown),
    };
    super::put(&text)?;
    Ok(Exit::Clean)
}

/// The diagnosis of a case's latest run, from its own evidence.
fn replay(case: &Case) -> anyhow::Result<Diagnosis> {
    replay_run(case, None)
}

fn replay_run(case: &Case, run: Option<usize>) -> anyhow::Result<Diagnosis> {
    let evidence = case.evidence(run)?;
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Ok(prove(diagnose(Arc::new(evidence), reading)).diagnosis)
}

/// A saved case in the list.
#[derive(serde::Serialize)]
struct Row {
    id: String,
    /// Time of the latest run.
    at: Option<jiff::Timestamp>,
    state: Option<&'static str>,
    name: Option<String>,
    headline: Option<String>,
    /// Why it cannot be read.
    error: Option<String>,
}

impl Row {
    fn of(state: &State, id: String) -> Row {
        let row = |id| Row { id, at: None, state: None, name: None, headline: None, error: None };
        let read = state.load_case(&id).map_err(anyhow::Error::from);
        match read.and_then(|case| Ok((replay(&case)?, case))) {
            Ok((diagnosis, case)) => Row {
                at: case.runs.last().map(|r| r.now),
                state: Some(diagnosis.verdict.state.word()),
                name: Some(case.input.name),
                headline: Some(diagnosis.verdict.headline),
                ..row(id)
            },
            Err(e) => Row { error: Some(e.to_string()), ..row(id) },
        }
    }
}

fn list(global: &Global, state: &State) -> anyhow::Result<Exit> {
    let rows: Vec<Row> = state.cases()?.into_iter().map(|saved| Row::of(state, saved.id)).collect();
    if rows.is_empty() && !global.quiet {
        super::tell(format_args!("no saved cases in {}", state.root().display()));
    }
    let mut out = String::new();
    match global.format() {
        Format::Json => out = json::pretty(&rows, Shown::default()),
        Format::Ndjson => rows.iter().for_each(|row| out.push_str(&json::line(row, Shown::default()))),
        Format::Plain => {
            for row in &rows {
                let at = row.at.map(|at| at.to_string()).unwrap_or_default();
                let text = row.headline.as_deref().or(row.error.as_deref()).unwrap_or_default();
                let columns =
                    [&row.id, &at, row.state.unwrap_or_default(), row.name.as_deref().unwrap_or_default(), text];
                writeln!(out, "{}", columns.map(|c| Safe::line(c).into_string()).join("\t"))?;
            }
        }
        Format::Human | Format::Markdown => {
            for row in &rows {
                let at = row.at.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
                let text = match (&row.state, &row.headline, &row.error) {
                    (Some(state), Some(headline), _) => format!("{}  {at}  {state:7} {headline}", row.id),
                    (.., error) => format!("{}  cannot be read: {}", row.id, error.as_deref().unwrap_or_default()),
                };
                writeln!(out, "{}", Safe::line(text))?;
            }
        }
    }
    super::put(&out)?;
    Ok(Exit::Clean)
}
