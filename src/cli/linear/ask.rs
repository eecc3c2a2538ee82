//! A command line put together from answers.

use super::Talk;
use crate::cli::args::Cli;
use crate::report;
use crate::troubleshoot;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, CommandFactory};
use std::ffi::OsString;

/// One argument that is asked for.
struct Question {
    id: &'static str,
    /// What stands in for no answer; `None` where there has to be one.
    empty: Option<&'static [&'static str]>,
}

const fn must(id: &'static str) -> Question {
    Question { id, empty: None }
}

const fn may(id: &'static str) -> Question {
    Question { id, empty: Some(&[]) }
}

/// What a command is asked for, in order.
const COMMANDS: &[(&str, &[Question])] = &[
    ("diagnose", &[Question { id: "files", empty: Some(&["-"]) }]),
    ("check", &[must("domains"), may("selector"), may("ip")]),
    ("fix", &[must("input")]),
    ("spf", &[must("domains"), may("ip")]),
    ("onboard", &[must("domains")]),
    ("watch", &[must("name"), must("kind"), may("expect")]),
    ("send", &[must("from"), must("to"), must("via"), may("user"), may("tls")]),
    ("fetch", &[must("imap"), may("user"), Question { id: "marker", empty: Some(&["--newest"]) }]),
    ("troubleshoot", &[must("given")]),
];

/// Asks for what the command line leaves open; what cannot be read is asked for again. The whole of it, or `None` where
/// the user ends it.
pub fn complete(args: &[OsString]) -> Option<Vec<OsString>> {
    let partial = Cli::command().ignore_errors(true).try_get_matches_from(args).ok()?;
    let (name, given) = partial.subcommand()?;
    let questions = COMMANDS.iter().find(|(command, _)| *command == name)?.1;
    let mut root = Cli::command();
    root.build();
    let command = root.find_subcommand(name)?;
    if name == "troubleshoot" {
        Talk.say(&report::path::symptoms(troubleshoot::all()));
    }
    let mut line = args.to_vec();
    for question in questions.iter().filter(|q| !is_given(given, q.id)) {
        loop {
            let answer = answer(command, question)?;
            let longer = [line.clone(), words(command, question, answer.as_deref())].concat();
            match Cli::command().try_get_matches_from(&longer) {
                Err(error) if is_about(&error, command, question) => {
                    let text = error.to_string();
                    Talk.say(text.split("\n\n").next().unwrap_or(&text).trim_start_matches("error: "));
                }
                _ => {
                    line = longer;
                    break;
                }
            }
        }
    }
    Some(line)
}

fn answer(command: &Command, question: &Question) -> Option<Option<String>> {
    loop {
        let answer = Talk.ask(&words_of(command, question))?;
        match (answer.is_empty(), question.empty) {
            (false, _) => return Some(Some(answer)),
            (true, Some(_)) => return Some(None),
            (true, None) => Talk.say("This one is needed; q ends."),
        }
    }
}

/// The question: the help of the argument, and what can be left out.
fn words_of(command: &Command, question: &Question) -> String {
    let arg = argument(command, question.id);
    let help = arg.and_then(Arg::get_help).map(ToString::to_string).unwrap_or_else(|| question.id.to_owned());
    let choices: Vec<String> =
        arg.map(|a| a.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect()).unwrap_or_default();
    let choices = if choices.is_empty() { String::new() } else { format!(" ({})", choices.join(", ")) };
    let empty = match question.empty {
        None => "",
        Some(["-"]) => " (nothing: paste it, then Ctrl+D)",
        Some(["--newest"]) => " (nothing: the newest)",
        Some(_) => " (nothing: none)",
    };
    format!("{help}{choices}{empty}:")
}

fn words(command: &Command, question: &Question, answer: Option<&str>) -> Vec<OsString> {
    let long = argument(command, question.id).and_then(Arg::get_long);
    match (answer, long) {
        (None, _) => question.empty.unwrap_or_default().iter().map(OsString::from).collect(),
        (Some(text), Some(long)) => vec![format!("--{long}={text}").into()],
        // Several words are several values.
        (Some(text), None) => text.split_whitespace().map(OsString::from).collect(),
    }
}

fn argument<'c>(command: &'c Command, id: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| arg.get_id() == id)
}

fn is_given(given: &ArgMatches, id: &str) -> bool {
    given.try_contains_id(id).is_ok() && given.get_raw(id).is_some_and(|mut values| values.next().is_some())
}

/// Is it this answer that cannot be read? Others may still be missing.
fn is_about(error: &clap::Error, command: &Command, question: &Question) -> bool {
    let value = matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue);
    let about = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(arg)) => argument(command, question.id).is_some_and(|a| a.to_string() == *arg),
        _ => false,
    };
    value && about
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_there_and_explained() {
        let mut root = Cli::command();
        root.build();
        for (name, questions) in COMMANDS {
            let command = root.find_subcommand(name).unwrap();
            for question in *questions {
                let arg = argument(command, question.id).unwrap_or_else(|| panic!("{name} has no {}", question.id));
                assert!(arg.get_help().is_some(), "{name}: {}", question.id);
            }
        }
    }
}
