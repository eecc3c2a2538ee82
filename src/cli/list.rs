//! `postdoc rules`, `postdoc schema`, `postdoc keys`: what the program can say about itself.

use super::args::{Format, Global, Schema};
use super::exit::Exit;
use crate::report::Shown;
use crate::report::json::{self, SCHEMAS};
use crate::rules;
use crate::tui::keys;
use anyhow::bail;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Every rule: id, group, usual severity, title.
pub fn rules(global: &Global) -> anyhow::Result<Exit> {
    let mut out = String::new();
    match global.format() {
        Format::Json | Format::Ndjson => {
            let all = rules::all().map(|r| {
                json!({
                    "rule": r.id, "group": r.group.word(), "severity": r.severity.word(),
                    "title": r.title(), "sources": r.sources,
                })
            });
            out = rows(global, all);
        }
        Format::Plain => rules::all()
            .try_for_each(|r| writeln!(out, "{}\t{}\t{}\t{}", r.id, r.group.word(), r.severity.word(), r.title()))?,
        Format::Human | Format::Markdown => {
            rules::all().try_for_each(|r| {
                writeln!(out, "{:28} {:9} {:9} {}", r.id, r.group.word(), r.severity.word(), r.title())
            })?;
        }
    }
    super::put(&out)?;
    Ok(Exit::Clean)
}

/// Rows as one array, or one a line.
pub(super) fn rows(global: &Global, rows: impl Iterator<Item = Value>) -> String {
    match global.format() {
        Format::Ndjson => rows.map(|row| json::line(&row, Shown::default())).collect(),
        _ => json::pretty(&rows.collect::<Vec<_>>(), Shown::default()),
    }
}

/// A JSON Schema by name, or the names.
pub fn schema(args: &Schema) -> anyhow::Result<Exit> {
    let names = || SCHEMAS.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let text = match &args.name {
        None => names().join("\n") + "\n",
        Some(name) => match SCHEMAS.iter().find(|(known, _)| known == name) {
            Some((_, text)) => text.to_string(),
            None => bail!("there is no schema {name:?}; there are {}", names().join(", ")),
        },
    };
    super::put(&text)?;
    Ok(Exit::Clean)
}

/// The keys of the app, from the table that feeds dispatch, footer and help.
pub fn keys(global: &Global) -> anyhow::Result<Exit> {
    let mut out = String::new();
    if matches!(global.format(), Format::Json | Format::Ndjson) {
        let all =
            keys::table().iter().map(|b| json!({ "keys": b.keys_label(), "action": b.action.name(), "help": b.help }));
        super::put(&rows(global, all))?;
        return Ok(Exit::Clean);
    }
    if global.format() == Format::Markdown {
        out.push_str("| key | what it does |\n|---|---|\n");
    }
    for binding in keys::table() {
        match global.format() {
            Format::Markdown => writeln!(out, "| `{}` | {} |", binding.keys_label(), binding.help)?,
            Format::Plain => writeln!(out, "{}\t{}", binding.keys_label(), binding.help)?,
            _ if global.verbose => {
                writeln!(out, "{:18} {:18} {}", binding.keys_label(), binding.action.name(), binding.help)?;
            }
            _ => writeln!(out, "{:18} {}", binding.keys_label(), binding.help)?,
        }
    }
    super::put(&out)?;
    Ok(Exit::Clean)
}
