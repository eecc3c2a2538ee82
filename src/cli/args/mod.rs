//! Arguments, as the contract has them: a file a command family.

mod account;
mod cases;
mod check;
mod config;
mod diagnose;
mod dkim;
mod fetch;
mod fix;
mod global;
mod list;
mod listen;
mod onboard;
mod practice;
mod secret;
mod send;
mod spf;
mod troubleshoot;
mod warmup;
mod watch;

pub use account::{Account, Who};
pub use cases::{CaseTo, Cases, CasesAction, Resume};
pub use check::Check;
pub use config::{Completions, ConfigAction, ConfigArgs, Doctor, Man};
pub use diagnose::{Diagnose, KindArg};
pub use dkim::{Dkim, DkimAction, Keygen};
pub use fetch::{Fetch, Mailboxes};
pub use fix::{Fix, To};
pub use global::{Format, Given, Global, When};
pub use list::{Explain, Schema};
pub use listen::Listen;
pub use onboard::{Onboard, YesNo, mailbox};
pub use practice::Practice;
pub use secret::RspamdPassword;
pub use send::Send;
pub use spf::Spf;
pub use troubleshoot::Troubleshoot;
pub use warmup::{CheckArgs, Known, Warmup, WarmupAction, WarmupTo};
pub use watch::Watch;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The mail doctor in a terminal: reads a message or its header, says why mail fails, hands over the cure.
#[derive(Debug, Parser)]
#[command(name = "postdoc", version, max_term_width = 100, after_help = EXITS)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A file, or `-` for standard input. Opens the app; without a terminal, diagnoses
    pub input: Option<PathBuf>,
    #[command(flatten)]
    pub global: Global,
}

const EXITS: &str = "Exit status:
  0  ran; nothing at or above --fail-on
  1  ran; a finding at or above it. watch: every name server has something else.
     send: refused by the server
  2  usage or configuration error
  3  cannot tell, or an input could not be read; and nothing worse was found
  4  watch, fetch, send, listen: timed out
  130, 143  interrupted; the partial result was printed

Diagnosing sends out nothing but DNS questions; --offline not even those. Mail is sent by `send` alone,
after a yes.";

#[derive(Debug, Subcommand)]
// The arguments of a command are made when it is the one that was given.
#[command(defer = true)]
pub enum Command {
    /// Diagnose a message, a header block or a DNS record
    Diagnose(Box<Diagnose>),
    /// Ask DNS everything about sending domains, and explain the answer
    Check(Box<Check>),
    /// Hand over the records that cure, merged with what is published, in the words asked for
    Fix(Fix),
    /// Evaluate the SPF record of a domain: the tree with its cost, and what an address gets
    Spf(Spf),
    /// Set up a new sending domain: a checklist of records, merged with what is published
    Onboard(Box<Onboard>),
    /// Keys for signing mail
    Dkim(Dkim),
    /// Bring a new address or domain to its volume: a plan, and day by day whether to go on
    Warmup(Warmup),
    /// Wait until a DNS change is everywhere: the zone's own servers, and the resolvers you name
    Watch(Watch),
    /// Receive mail: a small server that verifies what it gets and diagnoses it
    Listen(Listen),
    /// Wait for a message in your mailboxes, say where it landed, and diagnose it
    Fetch(Box<Fetch>),
    /// Send one test message, show the whole session, and diagnose a refusal
    Send(Box<Send>),
    /// Find out why mail fails: from a symptom, and what is at hand, to the cause
    Troubleshoot(Troubleshoot),
    /// Learn on broken domains in an invented internet, and see their mail pass
    Practice(Practice),
    /// Explain a rule, an enhanced status code, an SMTP reply, or a header field with its value
    Explain(Explain),
    /// List the rules
    Rules,
    /// Print a JSON Schema
    Schema(Schema),
    /// List the keys of the app
    Keys,
    /// Saved evidence: list it, show it, run it again
    Cases(Cases),
    /// Reopen the last case, or the one named
    Resume(Resume),
    /// Settings: a template, where they stand, what is in force
    Config(ConfigArgs),
    /// Print the completion script of a shell
    Completions(Completions),
    /// Write manual pages
    Man(Man),
    /// What this program sees of its surroundings: terminal, clipboard, DNS, folders
    Doctor(Doctor),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_is_about_the_same_before_and_after_its_arguments_are_made() {
        let about = |command: &clap::Command| {
            let each = command.get_subcommands().filter(|c| c.get_name() != "help");
            each.map(|c| (c.get_name().to_owned(), c.get_about().map(ToString::to_string))).collect::<Vec<_>>()
        };
        let mut built = Cli::command();
        let before = about(&built);
        built.build();
        assert_eq!(before, about(&built));
    }
}
