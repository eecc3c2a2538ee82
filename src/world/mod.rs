//! The only code that touches anything outside: DNS, files, clipboard, clock.

pub mod clipboard;
pub mod dns;
pub mod run;
pub mod signal;
pub mod state;
