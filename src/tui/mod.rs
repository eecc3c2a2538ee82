//! The app: [`update`](update::update) over plain values, and a loop that does what it asks.
//!
//! ```text
//! keys ─► Msg ─► update(&mut App) ─► [Effect] ─► world ─► Msg …
//!                     │
//!                     └─► view::draw, once per batch
//! ```
//!
//! Nothing here decides anything about mail: words and order come from
//! [`crate::diagnose::Diagnosis`].

pub mod app;
pub mod case;
pub mod edits;
mod events;
pub mod fetches;
pub mod keys;
pub mod listens;
pub mod msg;
pub mod onboard_form;
pub mod onboards;
pub mod popup;
pub mod practice;
pub mod rebind;
mod run;
pub mod screen;
pub mod sendings;
mod terminal;
pub mod theme;
pub mod troubles;
pub mod update;
pub mod verify;
pub mod view;
pub mod warmups;
mod watches;
pub mod widget;
pub mod world;

#[cfg(test)]
mod pictures;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use run::{Start, run};
