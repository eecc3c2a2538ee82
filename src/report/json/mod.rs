//! JSON as promised to scripts. The types are versioned by themselves: a change in the engine
//! changes nothing here by accident.

pub mod diagnosis;
pub mod diff;
pub mod domain;
pub mod event;
pub mod fetch;
pub mod finding;
pub mod fix;
pub mod path;
pub mod plan;
pub mod received;
mod report;
pub mod sending;
pub mod spf;
pub mod warmup;

use super::Shown;
use crate::safe::is_unseen;
use memchr::memchr;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// The JSON Schemas that ship with the program, by name.
pub const SCHEMAS: &[(&str, &str)] = &[
    ("case", include_str!("../../../assets/schemas/case.json")),
    ("diagnosis", include_str!("../../../assets/schemas/diagnosis.json")),
    ("diff", include_str!("../../../assets/schemas/diff.json")),
    ("dkim-key", include_str!("../../../assets/schemas/dkim-key.json")),
    ("domain", include_str!("../../../assets/schemas/domain.json")),
    ("event", include_str!("../../../assets/schemas/event.json")),
    ("fix", include_str!("../../../assets/schemas/fix.json")),
    ("path", include_str!("../../../assets/schemas/path.json")),
    ("plan", include_str!("../../../assets/schemas/plan.json")),
    ("report", include_str!("../../../assets/schemas/report.json")),
    ("spf", include_str!("../../../assets/schemas/spf.json")),
    ("warmup", include_str!("../../../assets/schemas/warmup.json")),
];

/// Over several lines, for one input.
pub fn pretty(document: &impl Serialize, shown: Shown) -> String {
    let text = match shown.redaction {
        None => serde_json::to_string_pretty(document),
        Some(_) => serde_json::to_value(document).and_then(|v| serde_json::to_string_pretty(&hide(v, shown))),
    };
    escaped(text.unwrap_or_default())
}

/// Bytes that a document on one line mostly has, and then some.
const LINE: usize = 16 << 10;

/// On one line, for streams.
pub fn line(document: &impl Serialize, shown: Shown) -> String {
    let mut text = Vec::with_capacity(LINE);
    let written = match shown.redaction {
        None => serde_json::to_writer(&mut text, document),
        Some(_) => serde_json::to_value(document).and_then(|v| serde_json::to_writer(&mut text, &hide(v, shown))),
    };
    escaped(written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default())
}

/// With a final line end, and as `\u` escapes what a terminal obeys or nobody sees: JSON itself asks that
/// of C0 only (RFC 8259 §7). All such characters stand inside strings, for JSON's own are ASCII.
fn escaped(mut json: String) -> String {
    // Most are nothing but ASCII.
    if json.is_ascii() && memchr(0x7F, json.as_bytes()).is_none() {
        json.push('\n');
        return json;
    }
    let mut out = String::with_capacity(json.len() + 1);
    let mut rest = &json[..];
    while let Some(at) = rest.bytes().position(|b| b >= 0x7F) {
        let (plain, odd) = rest.split_at(at);
        out.push_str(plain);
        let Some(c) = odd.chars().next() else { break };
        rest = odd.split_at(c.len_utf8()).1;
        if c == '\x7F' || is_unseen(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push_str(rest);
    out.push('\n');
    out
}

/// Keys whose strings are our own and no single words.
const OWN: &[&str] = &["schema", "tool", "sources", "sha256", "line"];

/// Words that a schema enumerates.
static FIXED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut words = HashSet::new();
    let schemas = SCHEMAS.iter().filter_map(|(_, text)| serde_json::from_str(text).ok());
    schemas.for_each(|schema: Value| enumerated(&schema, &mut words));
    words
});

fn enumerated(schema: &Value, into: &mut HashSet<String>) {
    match schema {
        Value::Array(all) => all.iter().for_each(|one| enumerated(one, into)),
        Value::Object(fields) => {
            let listed = fields.get("enum").and_then(Value::as_array).into_iter().flatten();
            into.extend(listed.chain(fields.get("const")).filter_map(Value::as_str).map(str::to_owned));
            fields.values().for_each(|one| enumerated(one, into));
        }
        _ => {}
    }
}

/// Redacts every string that may hold a stranger's words; keys, numbers, times and fixed words stay.
fn hide(value: Value, shown: Shown) -> Value {
    let is_time = |text: &str| text.parse::<jiff::Timestamp>().is_ok();
    match value {
        Value::String(text) if FIXED.contains(&text) || is_time(&text) => Value::String(text),
        Value::String(text) => Value::String(shown.hidden(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(|v| hide(v, shown)).collect()),
        Value::Object(map) => {
            let own = |key: &str, v: &Value| {
                let plain = v.as_array().map_or(v.is_string(), |all| all.iter().all(Value::is_string));
                plain && OWN.contains(&key)
            };
            let part = |(key, v): (String, Value)| {
                let v = if own(&key, &v) { v } else { hide(v, shown) };
                (key, v)
            };
            Value::Object(map.into_iter().map(part).collect())
        }
        other => other,
    }
}
