//! `postdoc practice`

use clap::Args;

#[derive(Debug, Args)]
pub struct Practice {
    /// A lesson; without a terminal it is walked from its fault to the pass
    pub lesson: Option<String>,
    /// List the lessons
    #[arg(long)]
    pub list: bool,
}
