//! The linear face: questions and numbered lists, line by line, for screen readers and terminals without a screen.
//!
//! The questions are the arguments of the commands, in the words of their help, and the answers become arguments: what
//! is asked here does nothing that a command line would not do.

mod ask;
mod diagnosis;
mod menu;
mod progress;
mod talk;

pub use ask::complete;
pub use diagnosis::show;
pub use menu::run as menu;
pub use progress::telling;
pub use talk::Talk;

use super::args::Cli;
use clap::CommandFactory;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Does this command line, which cannot be read as it is, ask for the linear face?
pub fn is_wanted(args: &[OsString]) -> bool {
    let Ok(given) = Cli::command().ignore_errors(true).try_get_matches_from(args) else { return false };
    let named = given.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let setting = || crate::world::config::find(named.as_deref()).ok().and_then(|found| found.config.linear);
    args.iter().any(|arg| arg == "--linear") || by_surroundings(setting())
}

/// Where a screen would be in the way, and somebody is there to be asked.
pub fn by_surroundings(setting: Option<bool>) -> bool {
    let set = |name: &str, value: &str| std::env::var(name).is_ok_and(|v| v == value);
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    terminal && setting.unwrap_or_else(|| set("ACCESSIBLE", "1") || set("TERM", "dumb"))
}
