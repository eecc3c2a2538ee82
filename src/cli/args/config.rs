//! `config`, `completions`, `man`: settings, and what shells and manuals want to know.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub action: ConfigAction,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigAction {
    /// Print a settings file in which every line is explained
    Template,
    /// Where the settings file is looked for
    Path,
    /// Every setting with its value, and who says so
    Show,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// The folder to write the pages to; none prints the first
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Put a word on the clipboard, read it back, and put back what was there
    #[arg(long)]
    pub clipboard: bool,
    /// Show what each theme makes of pass, fail, warn and note
    #[arg(long, conflicts_with = "clipboard")]
    pub theme: bool,
}
