//! The command line: arguments in, one of the faces out, an exit status at the end.

mod app;
mod args;
mod cases;
mod check;
mod config;
mod diagnose;
mod dkim;
mod doctor;
mod exit;
mod explain;
mod fetch;
mod fix;
mod linear;
mod list;
mod listen;
mod look;
mod mailboxes;
mod manual;
mod onboard;
mod practice;
mod send;
mod source;
mod spf;
mod troubleshoot;
mod warmup;
mod watch;

use crate::config::Config;
use crate::knowledge::typo::distance;
use crate::tui::{keys, rebind, theme};
use crate::world::state::State;
use crate::world::temporary;
use args::{Cli, Command, ConfigAction, Given, When};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use exit::Exit;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let parsed = match parsed(&args) {
        // What is missing can be asked for.
        Err(e) if e.kind() == ErrorKind::MissingRequiredArgument && linear::is_wanted(&args) => {
            match linear::complete(&args) {
                Some(args) => self::parsed(&args),
                None => return Exit::Clean.into(),
            }
        }
        parsed => parsed,
    };
    match parsed {
        Ok((cli, given)) => {
            let exit = finish(cli, given);
            // A thread that is left alone may hold one.
            temporary::remove_all();
            exit.into()
        }
        // Help and version go to stdout with status 0, errors to stderr with status 2.
        Err(e) => e.exit(),
    }
}

fn parsed(args: &[OsString]) -> Result<(Cli, Given), clap::Error> {
    let read = Cli::command().try_get_matches_from(args).and_then(|m| Ok((Cli::from_arg_matches(&m)?, Given::on(&m))));
    let astray = match &read {
        Ok((cli, _)) => cli.command.is_none() && cli.input.is_some(),
        Err(e) => matches!(e.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand),
    };
    match astray.then(|| meant(args)).flatten() {
        Some((word, command)) => {
            let why = format!("no command is called '{word}'; there is '{command}'\n");
            Err(Cli::command().error(ErrorKind::InvalidSubcommand, why))
        }
        None => read,
    }
}

/// The word that stands for the command, where it is none and no file, and the command it was meant to be.
fn meant(args: &[OsString]) -> Option<(String, String)> {
    let cli = Cli::command();
    let first = cli.clone().ignore_errors(true).try_get_matches_from(args).ok()?.remove_one::<PathBuf>("input")?;
    let word = first.into_os_string().into_string().ok().filter(|word| !std::path::Path::new(word).exists())?;
    let near = |command: &clap::Command| Some((distance(&word, command.get_name(), 2)?, command.get_name().to_owned()));
    let (changes, command) = cli.get_subcommands().filter_map(near).min()?;
    // Of a short word two changes leave too little.
    (changes > 0 && word.len() > 2 * changes).then_some((word, command))
}

fn finish(cli: Cli, given: Given) -> Exit {
    settled(cli, given).unwrap_or_else(|e| {
        tell(format_args!("{e:#}"));
        if e.is::<source::Unread>() { Exit::Unknown } else { Exit::Usage }
    })
}

/// With the settings file, where there is one.
fn settled(mut cli: Cli, mut given: Given) -> anyhow::Result<Exit> {
    if let (Some(input), Some(_)) = (&cli.input, &cli.command) {
        anyhow::bail!("{input:?} stands before a command: put it after, or leave the command out");
    }
    // What helps to mend the settings must not stumble over them.
    if let Some(Command::Config(args)) = &cli.command
        && !matches!(args.action, ConfigAction::Show)
    {
        return config::run(&cli.global, &given, args);
    }
    let config = match settings(&mut cli, &mut given) {
        // Whoever asks what is wrong is told this too.
        Err(e) if matches!(cli.command, Some(Command::Doctor(_))) => {
            tell(format_args!("{e:#}"));
            Config::default()
        }
        read => read?,
    };
    cli.global.linear |= linear::by_surroundings(config.linear);
    if cli.global.linear() {
        cli.global.color = When::Never;
    }
    let exit = run(cli, &given);
    if let Ok(state) = State::find() {
        // Housekeeping: whoever asked for something else is not to be told.
        let _ = state.forget_old_cases(config.cases.keep_days.unwrap_or(KEEP_DAYS));
    }
    exit
}

/// Reads the settings, and puts them in force.
fn settings(cli: &mut Cli, given: &mut Given) -> anyhow::Result<Config> {
    let found = crate::world::config::find(cli.global.config.as_deref())?;
    cli.global.settle(&found.config, given).map_err(anyhow::Error::msg)?;
    theme::prefer(&found.config);
    if let Some(own) = rebind::rebound(&found.config, &found.text).map_err(|e| found.bad(e))? {
        keys::take(own);
    }
    Ok(found.config)
}

/// Days a case is kept where no setting says otherwise.
const KEEP_DAYS: u32 = 30;

fn run(cli: Cli, given: &Given) -> anyhow::Result<Exit> {
    let global = &cli.global;
    match cli.command {
        None if global.linear() && cli.input.is_none() && std::io::stdin().is_terminal() => {
            Ok(linear::menu(Exit::Clean, |args| match parsed(&args) {
                Ok((cli, given)) => finish(cli, given),
                Err(e) => {
                    tell(e.to_string().trim_end());
                    Exit::Usage
                }
            }))
        }
        None => diagnose::bare(global, cli.input),
        Some(Command::Diagnose(args)) => diagnose::run(global, &args),
        Some(Command::Check(args)) => check::run(global, &args),
        Some(Command::Fix(args)) => fix::run(global, &args),
        Some(Command::Spf(args)) => spf::run(global, &args),
        Some(Command::Onboard(args)) => onboard::run(global, &args),
        Some(Command::Dkim(args)) => dkim::run(global, &args),
        Some(Command::Warmup(args)) => warmup::run(global, &args),
        Some(Command::Watch(args)) => watch::run(global, &args),
        Some(Command::Listen(args)) => listen::run(global, &args),
        Some(Command::Fetch(args)) => fetch::run(global, &args),
        Some(Command::Send(args)) => send::run(global, &args),
        Some(Command::Troubleshoot(args)) => troubleshoot::run(global, &args),
        Some(Command::Practice(args)) => practice::run(global, &args),
        Some(Command::Explain(args)) => explain::run(global, &args),
        Some(Command::Rules) => list::rules(global),
        Some(Command::Schema(args)) => list::schema(&args),
        Some(Command::Keys) => list::keys(global),
        Some(Command::Cases(args)) => cases::run(global, &args),
        Some(Command::Resume(args)) => cases::resume(global, &args),
        Some(Command::Config(args)) => config::run(global, given, &args),
        Some(Command::Completions(args)) => manual::completions(&args),
        Some(Command::Man(args)) => manual::man(&args),
        Some(Command::Doctor(args)) => doctor::run(global, &args),
    }
}

/// Writes the result to stdout; false where nobody reads any more (`| head`), which is no error.
fn put(text: &str) -> std::io::Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}

/// Progress on stderr, a line of it. Where nobody listens, nothing is lost.
fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", crate::safe::Safe::line(text.to_string()));
}

/// Says something on stderr, safe to show. Where nobody listens, nothing is lost.
fn tell(text: impl std::fmt::Display) {
    let text = crate::safe::Safe::block(format!("postdoc: {text}"));
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
