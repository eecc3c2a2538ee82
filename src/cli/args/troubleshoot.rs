//! `postdoc troubleshoot`

use super::diagnose::configured;
use crate::evidence::said::Configured;
use clap::Args;

#[derive(Debug, Args)]
pub struct Troubleshoot {
    /// The symptom, then what is at hand, in any order: messages, headers, bounces, lines of a log as files or `-`, and
    /// domains. Without arguments: the symptoms
    #[arg(value_name = "SYMPTOM|FILE|-|DOMAIN")]
    pub given: Vec<String>,
    /// An answer to what is asked (repeatable)
    #[arg(long, value_name = "STEP=CHOICE", value_parser = answer)]
    pub answer: Vec<(String, String)>,
    /// What the panel or signer is said to be set to, as for `diagnose`
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = configured)]
    pub configured: Option<Configured>,
    /// The folder the message was found in, as INBOX or Junk
    #[arg(long, value_name = "NAME")]
    pub folder: Option<String>,
    /// One of the built-in examples as evidence
    #[arg(long, value_name = "NAME")]
    pub sample: Option<String>,
    /// Write no case files
    #[arg(long)]
    pub no_save: bool,
}

fn answer(text: &str) -> Result<(String, String), String> {
    let (step, choice) = text.split_once('=').ok_or_else(|| format!("{text:?} is not STEP=CHOICE"))?;
    Ok((step.to_owned(), choice.to_owned()))
}
