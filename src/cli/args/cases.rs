//! `cases` and `resume`: evidence that was saved.

use clap::{Args, Subcommand};

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
    Show { case: String },
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
    /// Remove a case
    Rm { case: String },
}

#[derive(Debug, Args)]
pub struct Resume {
    /// A case id or its first characters; none takes the last
    pub case: Option<String>,
}
