//! `postdoc cases diff`: what changed between two runs, of one case or of all that are about the same input.

use super::replay;
use crate::changes::Changes;
use crate::cli::args::{Format, Global};
use crate::cli::exit::Exit;
use crate::cli::{look, put, tell};
use crate::diagnose::Diagnosis;
use crate::evidence::case::Case;
use crate::redact::Redaction;
use crate::report::{self, Shown, json};
use crate::when;
use crate::world::state::State;
use anyhow::{anyhow, bail};

/// One run of a case.
struct Turn {
    /// Its number in its case, from 1.
    run: usize,
    diagnosis: Diagnosis,
}

impl Turn {
    /// A run by its number from 0.
    fn of(case: &Case, run: usize) -> anyhow::Result<Turn> {
        Ok(Turn { run: run + 1, diagnosis: replay(case, Some(run))? })
    }

    fn at(&self) -> jiff::Timestamp {
        self.diagnosis.facts.evidence.now
    }
}

/// Compares the runs named, else what was known on a day with the latest, else the last two.
pub fn run(
    global: &Global,
    state: &State,
    case: &Case,
    runs: Option<(usize, usize)>,
    since: Option<&str>,
) -> anyhow::Result<Exit> {
    let (before, after) = match (runs, since) {
        (Some((from, to)), _) => {
            let last = case.runs.len();
            if ![from, to].iter().all(|n| (1..=last).contains(n)) {
                bail!("case {} has runs 1 to {last}", case.id);
            }
            (Turn::of(case, from - 1)?, Turn::of(case, to - 1)?)
        }
        (None, since) => known(global, state, case, since)?,
    };
    let changes = Changes::between(&before.diagnosis, &after.diagnosis);
    let redaction = global.redact.then(|| Redaction::over([&before.diagnosis.facts, &after.diagnosis.facts]));
    let shown = Shown { redaction: redaction.as_ref() };
    let part = |turn: &Turn| json::diff::RunPart { run: turn.run, at: turn.at() };
    let document = || json::diff::document(&case.id, part(&before), part(&after), &changes);
    let text = match global.format() {
        Format::Json => json::pretty(&document(), shown),
        Format::Ndjson => json::line(&document(), shown),
        Format::Human => report::changes::human(&changes, look::style(global.color, false), shown),
        Format::Plain => report::changes::plain(&changes, shown),
        Format::Markdown => report::changes::markdown(&changes, shown),
    };
    if since.is_some() && !global.quiet {
        tell(format_args!("from {} to {}", before.at(), after.at()));
    }
    put(&text)?;
    Ok(Exit::Clean)
}

/// What was known at the end of a day, or the time before last, and what is known now.
fn known(global: &Global, state: &State, case: &Case, since: Option<&str>) -> anyhow::Result<(Turn, Turn)> {
    let mut all: Vec<(jiff::Timestamp, Case, usize)> = Vec::new();
    let same = |other: &Case| other.id != case.id && other.input.sha256 == case.input.sha256;
    // The same input may have been looked at anew: then it is in cases of its own.
    let others: Vec<Case> = match since.is_some() || case.runs.len() < 2 {
        true => state.cases()?.into_iter().filter_map(|saved| state.load_case(&saved.id).ok()).filter(same).collect(),
        false => Vec::new(),
    };
    for case in std::iter::once(case.clone()).chain(others) {
        all.extend(case.runs.iter().enumerate().map(|(n, run)| (run.now, case.clone(), n)));
    }
    all.sort_by_key(|(at, ..)| *at);
    let Some((last, earlier)) = all.split_last() else { bail!("the case holds no run") };
    let before = match since {
        None => earlier.last(),
        Some(day) => {
            let now = global.now().to_zoned(jiff::tz::TimeZone::system());
            let begins = when::day(day, &now).map_err(|e| anyhow!("--since: {e}"))?;
            // A day lasts until the next begins; a time is itself.
            let ends = if day.contains(':') {
                begins
            } else {
                begins.checked_add(jiff::SignedDuration::from_hours(24)).unwrap_or(begins)
            };
            let known = earlier.iter().rev().find(|(at, ..)| *at < ends);
            // Nothing is as old as that: the first there is.
            known.or(earlier.first())
        }
    };
    let Some((_, from, n)) = before else {
        bail!("case {} has one run only: `postdoc cases rerun {} --live` runs it again", case.id, case.id)
    };
    Ok((Turn::of(from, *n)?, Turn::of(&last.1, last.2)?))
}
