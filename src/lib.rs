//! postdoc: the mail doctor in a terminal.
//!
//! Everything is a pure function of evidence; only [`world`] touches anything outside.
//!
//! ```text
//! evidence ──► facts ──► rules ──► triage ──► remedy ──► { screen | report | clipboard }
//!     ▲            │
//!     └── world ◄──┘   "what do I still need to know?"
//! ```
//!
//! | room | question it answers |
//! |---|---|
//! | [`evidence`] | what was seen, verbatim: the paste, DNS answers, what the user told us |
//! | [`facts`] | what it says: typed, with the span each fact came from; never an opinion |
//! | [`rules`] | what is wrong: one rule a file, facts in, verdict out |
//! | [`triage`] | which finding is the cause and which are its consequences |
//! | [`remedy`] | what to do: records before and after, the setting, how to check it |
//! | [`knowledge`] | what is known about platforms, DNS hosts and receivers (`assets/`) |
//! | [`config`] | what the user prefers |
//! | [`diagnose`] | the engine: all of the above, once through |
//! | [`replay`] | what if: the engine once more, with a fix laid over the answers |
//! | [`send`] | what is to be sent, and what became of it as a notice to diagnose |
//! | [`changes`] | what two runs of a case say differently |
//! | [`troubleshoot`] | from a symptom to its cause: what is known, what is asked next and why |
//! | [`onboarding`] | a new sending domain: what is done, what is left, and how it is proven |
//! | [`warmup`] | a new address or domain: how much to send, and when to go on |
//! | [`listen`] | receiving mail: the SMTP session, the verdicts, what is put on top of a message |
//! | [`practice`] | lessons: invented domains with one fault each, and how they are cured |
//! | [`when`] | which day somebody means |
//! | [`watch`] | waiting for a change: whom to ask next, who has what |
//! | [`fetch`] | waiting for a message: where to look, how it stands, what a failure means |
//! | [`world`] | the only code that touches DNS, files, clipboard, clock |
//! | [`report`], [`cli`], [`tui`] | faces on one engine; they show, and decide nothing |
//!
//! Imports point one way, down this table; [`safe`] is the one door through which
//! strangers' text reaches a screen, [`shell`] the one into a command, and [`span`] says where it came from.

#![warn(clippy::dbg_macro, clippy::expect_used, clippy::todo, clippy::unwrap_used)]

pub mod changes;
pub mod cli;
pub mod config;
pub mod diagnose;
pub mod evidence;
pub mod facts;
pub mod fetch;
pub mod knowledge;
pub mod listen;
pub mod onboarding;
pub mod practice;
pub mod redact;
pub mod remedy;
pub mod replay;
pub mod report;
pub mod rules;
pub mod safe;
pub mod samples;
pub mod send;
pub mod shell;
pub mod span;
pub mod triage;
pub mod troubleshoot;
pub mod tui;
pub mod warmup;
pub mod watch;
pub mod when;
pub mod world;
