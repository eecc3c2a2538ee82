//! `postdoc rules`, `postdoc schema`, `postdoc keys`: what the program can say about itself.

use super::args::{Format, Global, Schema};
use super::exit::Exit;
use crate::report::json::SCHEMAS;
use crate::rules;
use crate::tui::keys;
use anyhow::bail;
use std::fmt::Write as _;

/// Every rule: id, group, usual severity, title.
pub fn rules(global: &Global) -> anyhow::Result<Exit> {
    let mut out = String::new();
    match global.format() {
        Format::Json | Format::Ndjson => {
            let all: Vec<_> = rules::all()
                .map(|r| {
                    serde_json::json!({
                        "rule": r.id, "group": r.group.word(), "severity": r.severity.word(),
                        "title": r.title(), "sources": r.sources,
                    })
                })
                .collect();
            out = serde_json::to_string_pretty(&all)?;
            out.push('\n');
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
