//! Waiting for a message in mailboxes: what is looked for and where, how it stands, what a failure means.
//!
//! Pure, like a watch: [`Wait`] is told what happens and says what to show. Connections, files and clocks are
//! `world`'s (`world::fetch`).

pub mod account;
pub mod copy;
pub mod fault;
pub mod folder;
pub mod name;
pub mod sought;
mod wait;

pub use account::{Account, Place};
pub use fault::{Fault, Reason};
pub use folder::{Folder, Listed};
pub use sought::{MARKER, Sought};
pub use wait::{End, Event, Find, Landing, Mailbox, News, Opinion, Order, Stage, Text, Wait, words};

use std::time::Duration;

/// How long a fetch waits where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Mailboxes of one fetch at most: each holds a connection.
pub const MAILBOXES: usize = 32;
