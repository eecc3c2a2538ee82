//! `postdoc cases list`: what is saved, or what of it is looked for.

use super::replay;
use crate::cli::args::{Format, Global};
use crate::cli::exit::Exit;
use crate::cli::{put, tell};
use crate::evidence::case::matches;
use crate::report::{Shown, json};
use crate::safe::Safe;
use crate::when;
use crate::world::state::State;
use anyhow::anyhow;
use std::fmt::Write as _;

/// A saved case in the list.
#[derive(serde::Serialize)]
struct Row {
    id: String,
    /// Time of the latest run.
    at: Option<jiff::Timestamp>,
    state: Option<&'static str>,
    /// The From domain, or the name of the input.
    name: Option<String>,
    headline: Option<String>,
    /// The rules that found something, the cause first.
    rules: Vec<&'static str>,
    /// Why it cannot be read.
    error: Option<String>,
}

impl Row {
    fn of(state: &State, id: String) -> Row {
        let row = |id| Row { id, at: None, state: None, name: None, headline: None, rules: vec![], error: None };
        let read = state.load_case(&id).map_err(anyhow::Error::from);
        match read.and_then(|case| Ok((replay(&case, None)?, case))) {
            Ok((diagnosis, case)) => Row {
                at: case.runs.last().map(|r| r.now),
                state: Some(diagnosis.verdict.state.word()),
                name: Some(diagnosis.facts.reading.from_domain().unwrap_or(&case.input.name).to_owned()),
                rules: diagnosis.every_finding().map(|f| f.rule.id).collect(),
                headline: Some(diagnosis.verdict.headline),
                ..row(id)
            },
            Err(e) => Row { error: Some(e.to_string()), ..row(id) },
        }
    }

    /// On which minute, as it is printed.
    fn minute(&self) -> String {
        self.at.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
    }

    fn holds(&self, words: &str) -> bool {
        let texts = [self.name.as_deref(), self.headline.as_deref(), self.error.as_deref(), self.state];
        let minute = self.minute();
        let texts = texts.into_iter().flatten().chain(self.rules.iter().copied());
        matches(words, texts.chain([self.id.as_str(), minute.as_str()]))
    }
}

/// Lists the cases with all of these words in them, made on this day or later.
pub fn run(global: &Global, state: &State, words: &[String], since: Option<&str>) -> anyhow::Result<Exit> {
    global.names_as_they_are("cases list")?;
    let now = global.now().to_zoned(jiff::tz::TimeZone::system());
    let since = since.map(|day| when::day(day, &now).map_err(|e| anyhow!("--since: {e}"))).transpose()?;
    let words = words.join(" ");
    let recent = |row: &Row| since.is_none_or(|since| row.at.is_some_and(|at| at >= since));
    let all = state.cases()?;
    let rows: Vec<Row> = all.into_iter().map(|saved| Row::of(state, saved.id)).collect();
    let none = rows.is_empty();
    let rows: Vec<Row> = rows.into_iter().filter(|row| recent(row) && row.holds(&words)).collect();
    if rows.is_empty() && !global.quiet {
        match none {
            true => tell(format_args!("no saved cases in {}", state.root().display())),
            false => tell("no case matches"),
        }
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
                let text = match (&row.state, &row.headline, &row.error) {
                    (Some(state), Some(headline), _) => {
                        let name = row.name.as_deref().unwrap_or_default();
                        format!("{}  {}  {state:7} {name}: {headline}", row.id, row.minute())
                    }
                    (.., error) => format!("{}  cannot be read: {}", row.id, error.as_deref().unwrap_or_default()),
                };
                writeln!(out, "{}", Safe::line(text))?;
            }
        }
    }
    put(&out)?;
    Ok(Exit::Clean)
}
