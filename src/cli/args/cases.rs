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
    /// List saved cases, newest first: all, or those with all of these words
    List {
        /// Looked for in the domain, the verdict, the ids of the rules that found something, day and id
        words: Vec<String>,
        /// Made on this day or later: today, tuesday, 3d, 2026-06-09
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
    },
    /// Print the diagnosis of a case
    Show {
        case: String,
        /// As a report: markdown, html (one page, nothing fetched), json
        #[arg(long, value_name = "FORM")]
        to: Option<CaseTo>,
    },
    /// Replay a case from its own evidence: no network, the same bytes
    Rerun {
        case: String,
        /// Ask DNS everything anew instead, and keep that as another run of the case
        #[arg(long)]
        live: bool,
    },
    /// What changed between two runs of a case: the last two, those named, or since a day
    Diff {
        case: String,
        /// Number of the earlier run, from 1
        #[arg(requires = "to")]
        from: Option<usize>,
        /// Number of the later run
        to: Option<usize>,
        /// What was known on this day against what is known now: tuesday, yesterday, 3d, 2026-06-09. Counts every case that
        /// is about the same input
        #[arg(long, value_name = "DAY", conflicts_with = "from")]
        since: Option<String>,
    },
    /// Write a case as one file that replays anywhere, offline; --redact puts stand-ins for persons and machines
    Export {
        case: String,
        /// The file, packed where its name ends in .gz; none, or `-`, is standard output
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
