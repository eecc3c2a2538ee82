//! `explain` and `schema`: what the program knows by itself.

use clap::Args;

#[derive(Debug, Args)]
pub struct Explain {
    /// A rule id, `5.7.26`, "550 5.7.26 …", or "X-Yandex-Spam: 4"
    #[arg(required = true)]
    pub what: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// Which; none lists them
    pub name: Option<String>,
}
