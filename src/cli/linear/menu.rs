//! What can be done, as a numbered list.

use super::{Talk, complete};
use crate::cli::args::Cli;
use clap::CommandFactory;
use std::ffi::OsString;

/// Commands, in the order of the list.
const COMMANDS: &[&[&str]] = &[
    &["diagnose"],
    &["check"],
    &["troubleshoot"],
    &["onboard"],
    &["send"],
    &["fetch"],
    &["watch"],
    &["fix"],
    &["cases", "list"],
    &["resume"],
];

/// Asks what is to be done; `run` does it, with the arguments of this command line and those of the answers.
pub fn run<E>(mut last: E, mut run: impl FnMut(Vec<OsString>) -> E) -> E {
    let given: Vec<OsString> = std::env::args_os().collect();
    let mut root = Cli::command();
    root.build();
    let about = |words: &[&str]| {
        let command = words.iter().try_fold(&root, |command, word| command.find_subcommand(word));
        command.and_then(|c| c.get_about()).map(ToString::to_string).unwrap_or_default()
    };
    let list: Vec<String> = COMMANDS.iter().enumerate().map(|(n, c)| format!("{}. {}", n + 1, about(c))).collect();
    Talk.say(&list.join("\n"));
    loop {
        let Some(answer) = Talk.ask("What is to be done? A number, l for the list again, or q to end:") else {
            return last;
        };
        if matches!(&*answer, "" | "l") {
            Talk.say(&list.join("\n"));
            continue;
        }
        let number = answer.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let Some(words) = number.and_then(|n| COMMANDS.get(n)) else {
            Talk.say(&format!("{answer:?} is none of these."));
            continue;
        };
        let line: Vec<OsString> = given.iter().cloned().chain(words.iter().map(OsString::from)).collect();
        let asks = !matches!(words, ["cases", ..] | ["resume"]);
        if let Some(line) = if asks { complete(&line) } else { Some(line) } {
            last = run(line);
        }
    }
}
