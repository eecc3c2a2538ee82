//! Bringing a new address or domain to its volume: a plan from what is known, and day by day the advice to go on,
//! to hold or to step back, with the reason.
//!
//! ```text
//! order ──► plan ──────────┐
//! numbers, log ──► days ──►├──► check: advice, the next day's volume
//! ```
//!
//! Pure: whoever calls has read the file and knows the date.

pub mod check;
pub mod day;
mod judge;
pub mod log;
pub mod order;
pub mod plan;
pub mod receiver;
#[cfg(test)]
mod stories;

pub use check::{Advice, Check};
pub use day::{Day, Days, Tally};
pub use judge::{Reason, Step};
pub use order::Order;
pub use plan::Plan;
