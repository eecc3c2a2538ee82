//! `postdoc config`: the settings file, and what is in force.

use super::args::{ConfigAction, ConfigArgs, Format, Given, Global};
use super::exit::Exit;
use crate::config::TEMPLATE;
use crate::report::Shown;
use crate::report::json;
use crate::safe::Safe;
use crate::world;
use anyhow::bail;
use std::fmt::Write as _;

/// One setting in force.
#[derive(serde::Serialize)]
struct Row {
    setting: &'static str,
    value: String,
    /// `flag`, `file` or `default`.
    from: &'static str,
}

/// `postdoc config …`
pub fn run(global: &Global, given: &Given, args: &ConfigArgs) -> anyhow::Result<Exit> {
    let text = match args.action {
        ConfigAction::Template => TEMPLATE.to_owned(),
        ConfigAction::Path => match world::config::path(global.config.as_deref()) {
            Some(path) => match global.format() {
                Format::Json | Format::Ndjson => json::line(&serde_json::json!({ "path": path }), Shown::default()),
                _ => format!("{}\n", path.display()),
            },
            None => bail!("there is no place for settings: name a file with --config or POSTDOC_CONFIG"),
        },
        ConfigAction::Show => show(global, &rows(global, given))?,
    };
    super::put(&text)?;
    Ok(Exit::Clean)
}

fn rows(global: &Global, given: &Given) -> Vec<Row> {
    let row = |setting: &'static str, value: String| Row { setting, value, from: given.origin(setting) };
    let dns = global.dns();
    let resolvers: Vec<String> = dns.resolvers.iter().map(ToString::to_string).collect();
    let lower = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    vec![
        row("resolver", if resolvers.is_empty() { "the system's".into() } else { resolvers.join(" ") }),
        row("try-timeout", format!("{:?}", dns.try_timeout)),
        row("timeout", global.timeout.map_or_else(|| "20s; watch: 1h".into(), |t| format!("{t:?}"))),
        row("in-flight", dns.in_flight.to_string()),
        row("offline", global.offline.to_string()),
        row("fail-on", lower(&global.fail_on)),
        row("color", lower(&global.color)),
        row("redact", global.redact.to_string()),
        row("servers", names(global.saved.servers.keys())),
        row("mailboxes", names(global.saved.mailboxes.keys())),
        row("linear", global.linear.to_string()),
    ]
}

fn names<'a>(all: impl Iterator<Item = &'a String>) -> String {
    let all: Vec<&str> = all.map(String::as_str).collect();
    if all.is_empty() { "none".into() } else { all.join(" ") }
}

fn show(global: &Global, rows: &[Row]) -> anyhow::Result<String> {
    let mut out = String::new();
    match global.format() {
        Format::Json => out = json::pretty(&rows, Shown::default()),
        Format::Ndjson => rows.iter().for_each(|row| out.push_str(&json::line(row, Shown::default()))),
        Format::Plain => {
            rows.iter().try_for_each(|r| writeln!(out, "{}\t{}\t{}", r.setting, Safe::line(&r.value), r.from))?;
        }
        Format::Human | Format::Markdown => {
            rows.iter().try_for_each(|r| writeln!(out, "{:12} {:24} {}", r.setting, Safe::line(&r.value), r.from))?;
            let _ = writeln!(out, "look         {}", crate::tui::theme::describe());
        }
    }
    Ok(out)
}
