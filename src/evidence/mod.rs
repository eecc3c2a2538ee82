//! What was seen, verbatim: the paste, the DNS answers, what the user told us, the clock.
//!
//! Nothing here has an opinion, and nothing here is derived: [`Evidence`] is exactly what a
//! case file holds.

pub mod answer;
pub mod case;
pub mod dns;
pub mod errand;
pub mod filters;
pub mod input;
pub(crate) mod lines;
mod name;
pub mod presentation;
mod recognise;
mod repair;
pub mod said;
mod section;
mod stored;
pub mod transcript;
mod wide;
pub mod zone;
pub mod zone_line;

pub use answer::{Answer, ExtendedError, Outcome};
pub use dns::{Answers, Data, Kind, Question, Record, Server, answer_at};
pub use errand::{Brought, Errand, Fetched};
pub use input::{Input, InputKind, Refusal, Repair, RepairKind};
pub use name::Name;
pub use said::Said;
pub use transcript::Transcript;

use std::sync::Arc;

/// All that one diagnosis rests on.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub input: Arc<Input>,
    pub said: Said,
    pub answers: Answers,
    /// What errands brought.
    pub fetched: Fetched,
    /// The session in which the input was to be sent, where postdoc sent it.
    pub transcript: Option<Arc<Transcript>>,
    /// The clock is evidence: a replayed case sees the time at which it was recorded.
    pub now: jiff::Timestamp,
    /// No packet may leave: what is not answered yet never will be.
    pub offline: bool,
}

impl Evidence {
    /// The same for a first look: what takes long is left out.
    pub fn at_a_glance(&self) -> Evidence {
        Evidence { input: Arc::new(self.input.at_a_glance()), ..self.clone() }
    }

    /// Nothing answered yet.
    pub fn new(input: impl Into<Arc<Input>>, said: Said, now: jiff::Timestamp, offline: bool) -> Evidence {
        Evidence {
            input: input.into(),
            said,
            answers: Answers::new(),
            fetched: Fetched::new(),
            transcript: None,
            now,
            offline,
        }
    }
}
