//! `postdoc/fix`, version 1.

use super::diagnosis::{GapPart, VerdictPart, gap, verdict};
use crate::knowledge::host::Part;
use crate::remedy::Change;
use crate::remedy::form::{Deed, Form};
use crate::report::Shown;
use crate::report::export::Placed;
use crate::report::fix::{Cure, form};
use serde::Serialize;

/// What to publish, and what is left.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    input: InputPart,
    /// As it is, and once everything is published.
    verdict: VerdictPart,
    then: VerdictPart,
    zones: Vec<Zone>,
    cured: Vec<Cured>,
    remains: Vec<Remains>,
    unknown: Vec<GapPart>,
}

#[derive(Debug, Serialize)]
struct InputPart {
    name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Zone {
    apex: String,
    /// No answer shows where the zone is cut.
    assumed: bool,
    dns_host: Option<Host>,
    nameservers: Vec<String>,
    because: String,
    open: String,
    records: Vec<Record>,
}

#[derive(Debug, Serialize)]
struct Host {
    id: String,
    name: String,
    /// The user named it.
    chosen: bool,
}

#[derive(Debug, Serialize)]
struct Record {
    #[serde(flatten)]
    set: Set,
    form: FormPart,
}

/// A set before and after, in presentation form.
#[derive(Debug, Serialize)]
struct Set {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    ttl: u32,
    before: Vec<String>,
    after: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FormPart {
    entries: Vec<EntryPart>,
    notes: Vec<String>,
    obstacles: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EntryPart {
    #[serde(rename = "do")]
    deed: &'static str,
    old: Vec<String>,
    fields: Vec<FieldPart>,
}

#[derive(Debug, Serialize)]
struct FieldPart {
    field: &'static str,
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Cured {
    rule: &'static str,
    title: String,
}

#[derive(Debug, Serialize)]
struct Remains {
    rule: &'static str,
    severity: &'static str,
    title: String,
    summary: String,
    steps: Vec<String>,
    records: Vec<Set>,
    blanks: Vec<String>,
    /// What it takes to keep the records right; most need nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    upkeep: Option<String>,
}

/// The document of a cure.
pub fn document(cure: &Cure, shown: Shown) -> Document {
    let input = &cure.before.facts.evidence.input;
    let zones = cure.zones().into_iter().map(|(home, records)| Zone {
        apex: home.zone.clone(),
        assumed: home.assumed,
        dns_host: home.host.map(|h| Host { id: h.id.clone(), name: h.name.clone(), chosen: home.chosen }),
        nameservers: home.servers.clone(),
        because: home.because(),
        open: home.form_of().open.clone(),
        records: records.into_iter().map(|placed| record(placed, shown)).collect(),
    });
    let remains = cure.remains().map(|(finding, fix)| Remains {
        rule: finding.rule.id,
        severity: finding.severity.word(),
        title: finding.title.clone(),
        summary: fix.summary.clone(),
        steps: fix.steps.clone(),
        records: fix.records.iter().map(set).collect(),
        blanks: fix.blanks.clone(),
        upkeep: fix.upkeep.clone(),
    });
    Document {
        schema: "postdoc/fix",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        input: InputPart { name: input.name.clone(), kind: input.kind.word() },
        verdict: verdict(cure.before),
        then: verdict(&cure.plan.after),
        zones: zones.collect(),
        cured: cure.plan.cured.iter().map(|(rule, title)| Cured { rule: rule.id, title: title.clone() }).collect(),
        remains: remains.collect(),
        unknown: cure.plan.after.unknown.iter().map(gap).collect(),
    }
}

fn record(placed: &Placed, shown: Shown) -> Record {
    let Form { entries, notes, obstacles } = form(&placed.change, &placed.home, shown);
    let entries = entries.into_iter().map(|entry| EntryPart {
        deed: match entry.deed {
            Deed::Delete => "delete",
            Deed::Edit => "edit",
            Deed::Add => "add",
        },
        old: entry.old,
        fields: entry
            .fields
            .into_iter()
            .map(|f| FieldPart { field: word(f.part), label: f.label, value: f.text })
            .collect(),
    });
    Record { set: set(&placed.change), form: FormPart { entries: entries.collect(), notes, obstacles } }
}

fn set(change: &Change) -> Set {
    Set {
        name: change.name.clone(),
        kind: change.kind.word(),
        ttl: change.ttl,
        before: change.before.iter().map(ToString::to_string).collect(),
        after: change.after.iter().map(ToString::to_string).collect(),
    }
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Type => "type",
        Part::Name => "name",
        Part::Value => "value",
        Part::Priority => "priority",
        Part::Proxy => "proxy",
        Part::Ttl => "ttl",
    }
}
