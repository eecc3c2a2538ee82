//! Setting up a new sending domain: a checklist whose steps are groups of the same rules, judged on the facts of a
//! check, so that it never disagrees with a diagnosis.
//!
//! ```text
//! told (who sends, from where) ─► said ─► check of the domain ─► checklist: done, to do, waiting, unknown
//! ```

pub mod checklist;
mod desk;
mod filled;
mod fresh;
pub mod mail;
mod merge;
pub mod proof;
pub mod signer;
mod steps;
#[cfg(test)]
mod tests;
pub mod told;

pub use checklist::{Checklist, Next, Stage, State, Step};
pub use filled::{Blank, Filled};
pub use fresh::stale;
pub use proof::Proof;
pub use steps::request;
pub use told::Told;
