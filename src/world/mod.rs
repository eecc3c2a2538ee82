//! The only code that touches anything outside: DNS, files, clipboard, clock.

pub mod addresses;
pub mod clipboard;
pub mod config;
pub mod dkim;
pub mod dns;
pub mod errand;
pub mod fetch;
mod imap;
pub mod keygen;
pub mod limits;
pub mod listen;
pub mod nameserver;
pub mod practice;
pub mod prompt;
pub mod random;
pub mod reach;
pub mod run;
pub mod secret;
pub mod send;
pub mod signal;
pub mod state;
pub mod temporary;
pub mod tls;
pub mod watch;
mod wire;
