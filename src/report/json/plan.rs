//! `postdoc/plan`, version 1.

use crate::diagnose::Diagnosis;
use crate::onboarding::{Checklist, Step};
use crate::remedy::Change;
use crate::report::onboarding::headline;
use serde::Serialize;
use serde_json::{Value, json};

/// The checklist of one domain.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    domain: String,
    headline: String,
    ready: bool,
    own_servers: Vec<String>,
    dns_host: Value,
    guesses: Vec<Value>,
    mail: Vec<Value>,
    steps: Vec<Value>,
    records: Vec<Value>,
    blanks: Vec<Value>,
}

/// The document of a checklist.
pub fn document(list: &Checklist, d: &Diagnosis) -> Document {
    let home = d.facts.home(&list.domain);
    Document {
        schema: "postdoc/plan",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        domain: list.domain.clone(),
        headline: headline(list),
        ready: list.is_ready(),
        own_servers: list.own.clone(),
        dns_host: json!(home.host.map(|h| json!({ "id": h.id, "name": h.name, "chosen": home.chosen }))),
        guesses: list
            .guesses
            .iter()
            .map(|g| json!({ "role": g.role.word(), "id": g.id, "name": g.name, "because": g.because, "told": g.told }))
            .collect(),
        mail: list
            .mail
            .iter()
            .map(|m| json!({ "what": m.what, "spf": m.spf.word(), "dkim": m.dkim.word(), "dmarc": m.dmarc.word() }))
            .collect(),
        steps: list.steps.iter().map(step).collect(),
        records: list.changes(true).iter().map(set).collect(),
        blanks: list.blanks().iter().map(|(s, b)| json!({ "step": s.id, "what": b })).collect(),
    }
}

fn step(s: &Step) -> Value {
    json!({
        "id": s.id, "stage": s.stage.word(), "title": s.title, "why": s.why, "state": s.state.word(),
        "optional": s.optional, "proof": s.proof, "actions": s.actions, "rules": s.rules, "verify": s.check,
        "records": s.changes.iter().map(set).collect::<Vec<_>>(), "blanks": s.blanks(),
    })
}

fn set(c: &Change) -> Value {
    json!({
        "name": c.name, "type": c.kind.word(), "ttl": c.ttl,
        "before": c.before.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "after": c.after.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
