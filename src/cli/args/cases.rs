//! `cases` and `resume`: evidence that was saved.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Cases {
    #[command(subcommand)]
    pub action: CasesAction,
}

#[derive(Debug, Subcommand)]
pub enum CasesAction {
    /// List saved cases, newest first
    List,
    /// Print the diagnosis of a case
    Show {
        case: String,
        /// As a report: markdown, html (one page, nothing fetched), json
        #[arg(long, value_name = "FORM")]
        to: Option<CaseTo>,
    },
    /// Replay a case from its own evidence: no network, the same bytes
    Rerun { case: String },
    /// What changed between two runs of a case: the last two, or those named
    Diff {
        case: String,
        /// Number of the earlier run, from 1
        #[arg(requires = "to")]
        from: Option<usize>,
        /// Number of the later run
        to: Option<usize>,
    },
    /// Write a case as one file that replays anywhere, offline; --redact puts stand-ins for persons and machines
    Export {
        case: String,
        /// The file, packed where its name ends in .gz; none is standard output
        file: Option<PathBuf>,
    },
    /// Take in a case from a file
    Import { file: PathBuf },
    /// Remove a case
    Rm { case: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CaseTo {
    Markdown,
    Html,
    Json,
}

#[derive(Debug, Args)]
pub struct Resume {
    /// A case id or its first characters; none takes the last
    pub case: Option<String>,
}
