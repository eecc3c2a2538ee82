//! The command line: arguments in, one of the faces out, an exit status at the end.

mod app;
mod args;
mod cases;
mod check;
mod diagnose;
mod doctor;
mod exit;
mod explain;
mod fix;
mod list;
mod listen;
mod look;
mod source;
mod spf;
mod warmup;
mod watch;

use args::{Cli, Command};
use clap::Parser;
use exit::Exit;
use std::io::Write;
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version go to stdout with status 0, errors to stderr with status 2.
        Err(e) => e.exit(),
    };
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(e) => {
            tell(format_args!("{e:#}"));
            Exit::Usage.into()
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let global = &cli.global;
    match cli.command {
        None => diagnose::bare(global, cli.input),
        Some(Command::Diagnose(args)) => diagnose::run(global, &args),
        Some(Command::Check(args)) => check::run(global, &args),
        Some(Command::Fix(args)) => fix::run(global, &args),
        Some(Command::Spf(args)) => spf::run(global, &args),
        Some(Command::Warmup(args)) => warmup::run(global, &args),
        Some(Command::Watch(args)) => watch::run(global, &args),
        Some(Command::Listen(args)) => listen::run(global, &args),
        Some(Command::Explain(args)) => explain::run(global, &args),
        Some(Command::Rules) => list::rules(global),
        Some(Command::Schema(args)) => list::schema(&args),
        Some(Command::Keys) => list::keys(global),
        Some(Command::Cases(args)) => cases::run(global, &args),
        Some(Command::Resume(args)) => cases::resume(global, &args),
        Some(Command::Doctor) => doctor::run(global),
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

/// Says something on stderr, safe to show. Where nobody listens, nothing is lost.
fn tell(text: impl std::fmt::Display) {
    let text = crate::safe::Safe::block(format!("postdoc: {text}"));
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
