//! `explain` and `schema`: what the program knows by itself.

use clap::Args;

#[derive(Debug, Args)]
pub struct Explain {
    /// A rule id, `5.7.26`, "550 5.7.26 …", or "X-Yandex-Spam: 4"
    // A term may begin with a hyphen (`-all`); what follows it is read as usual, so that options go on being options.
    #[arg(allow_hyphen_values = true)]
    pub what: String,
    /// Further words of it, where it is not in quotes
    #[arg(hide = true)]
    pub more: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// Which; none lists them
    pub name: Option<String>,
}
