//! What was seen, verbatim: the paste, the DNS answers, what the user told us, the clock.
//!
//! Nothing here has an opinion, and nothing here is derived: [`Evidence`] is exactly what a
//! case file holds.

pub mod answer;
pub mod case;
pub mod dns;
pub mod input;
pub(crate) mod lines;
pub mod presentation;
mod recognise;
mod repair;
pub mod said;
mod stored;
pub mod zone;
pub mod zone_line;

pub use answer::{Answer, ExtendedError, Outcome};
pub use dns::{Answers, Data, Kind, Question, Record, Server};
pub use input::{Input, InputKind, Refusal, Repair, RepairKind};
pub use said::Said;

use std::sync::Arc;

/// All that one diagnosis rests on.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub input: Arc<Input>,
    pub said: Said,
    pub answers: Answers,
    /// The clock is evidence: a replayed case sees the time at which it was recorded.
    pub now: jiff::Timestamp,
    /// No packet may leave: what is not answered yet never will be.
    pub offline: bool,
}
