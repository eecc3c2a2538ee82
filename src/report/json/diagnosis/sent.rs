//! What differs from the copy that was sent.

use crate::facts::sent::{Beside, BodyDifference};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct SentPart {
    name: String,
    between: Vec<String>,
    fields: Vec<DifferencePart>,
    body: Option<Vec<DifferencePart>>,
}

#[derive(Debug, Serialize)]
struct DifferencePart {
    name: String,
    change: &'static str,
    sent: Option<String>,
    received: Option<String>,
}

pub(super) fn sent(beside: &Beside) -> SentPart {
    let fields = beside.differences.fields.iter().map(|f| DifferencePart {
        name: f.name.clone(),
        change: f.change.word(),
        sent: f.sent.clone(),
        received: f.received.clone(),
    });
    let part = |b: &BodyDifference| DifferencePart {
        name: b.part.clone(),
        change: b.what.word(),
        sent: b.sent.clone(),
        received: b.received.clone(),
    };
    SentPart {
        name: beside.name.clone(),
        between: beside.way.clone(),
        fields: fields.collect(),
        body: beside.differences.body.as_ref().map(|body| body.iter().map(part).collect()),
    }
}
