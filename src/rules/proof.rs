//! What came of trying a fix on the evidence it was made from.

use super::{Gap, Rule, Severity};

/// CONTRACT `verdict.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Pass,
    Warn,
    Fail,
    Unknown,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Pass => "pass",
            State::Warn => "warn",
            State::Fail => "fail",
            State::Unknown => "unknown",
        }
    }
}

/// What came of laying the records of a fix over the answers at hand and running the engine again.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// The finding goes, and nothing as bad comes in its place; `given` is what was taken for done besides, a
    /// setting that no record makes; `open` is what nobody can know before it is published.
    Proven { before: State, after: State, remains: Vec<Remaining>, given: Option<String>, open: Vec<Gap> },
    /// Nothing at hand decides; what would.
    Open { needs: Vec<Gap> },
    /// A fault of postdoc: such records are never shown.
    Disproven { why: String },
}

/// A finding that is still there once the fix is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Remaining {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub title: String,
}

impl Proof {
    /// The verdict before and after, where the fix is proven.
    pub fn turned(&self) -> Option<(State, State)> {
        match self {
            Proof::Proven { before, after, .. } => Some((*before, *after)),
            _ => None,
        }
    }
}
