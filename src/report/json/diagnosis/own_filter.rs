//! What filters of the user's own say.

use crate::evidence::Errand;
use crate::facts::own_filters::{self, Opinion, Symbol};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct OwnFilterPart {
    filter: &'static str,
    at: String,
    /// `null` where it gave no opinion.
    spam: Option<bool>,
    score: Option<f64>,
    required: Option<f64>,
    action: Option<String>,
    symbols: Vec<SymbolPart>,
    /// Why it gave none.
    failed: Option<String>,
}

#[derive(Debug, Serialize)]
struct SymbolPart {
    name: String,
    score: Option<f64>,
    meaning: Option<String>,
}

pub(super) fn own_filter(opinion: &Opinion) -> OwnFilterPart {
    let (filter, at) = match &opinion.errand {
        Errand::Rspamd(scan) => ("rspamd", scan.url.clone()),
        Errand::Spamd { at } => ("spamassassin", at.clone()),
        other => (opinion.which.name(), other.place()),
    };
    let symbol =
        |s: &Symbol| SymbolPart { name: s.name.clone(), score: s.points, meaning: s.words().map(str::to_owned) };
    let heard = opinion.heard();
    OwnFilterPart {
        filter,
        at,
        spam: heard.map(|h| h.spam),
        score: heard.map(|h| h.score),
        required: heard.and_then(|h| h.required),
        action: heard.and_then(|h| h.action.clone()),
        symbols: heard.into_iter().flat_map(|h| &h.symbols).map(symbol).collect(),
        failed: match &opinion.state {
            own_filters::State::Failed(why) => Some(why.clone()),
            _ => None,
        },
    }
}
