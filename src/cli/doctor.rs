//! `postdoc doctor`: what the program sees of its surroundings, as one block to paste into a report.

use super::args::{Doctor, Format, Global};
use super::exit::Exit;
use crate::evidence::{Kind, Question};
use crate::report::{Shown, json};
use crate::safe::Safe;
use crate::tui::theme;
use crate::world::clipboard::{Clipboard, Copied, Surroundings, Trip, Way};
use crate::world::dns::Asker;
use crate::world::state::State;
use crate::world::{prompt, random};
use serde_json::Value;
use std::io::IsTerminal;

/// Prints the block; asks one DNS question unless told to stay offline.
pub fn run(global: &Global, args: &Doctor) -> anyhow::Result<Exit> {
    if args.theme {
        super::put(&theme::card())?;
        return Ok(Exit::Clean);
    }
    let mut rows = Vec::new();
    let mut row = |name: &'static str, value: &str| rows.push((name, value.to_owned()));
    row("postdoc", &format!("{} ({} {})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH));
    row("terminal", &terminal());
    row("look", &theme::describe());
    row("clipboard", &if args.clipboard { tried() } else { clipboard().to_owned() });
    row("settings", &settings(global));
    row("state", &folder());
    row("time", &global.now().to_string());
    let (dns, works) = dns(global);
    row("dns", &dns);
    super::put(&match global.format() {
        Format::Json => json::pretty(&object(&rows), Shown::default()),
        Format::Ndjson => json::line(&object(&rows), Shown::default()),
        _ => rows.iter().map(|(name, value)| format!("{name:10} {}\n", Safe::line(value))).collect(),
    })?;
    Ok(if works { Exit::Clean } else { Exit::Unknown })
}

fn object(rows: &[(&str, String)]) -> Value {
    rows.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect()
}

fn terminal() -> String {
    let var = |name| std::env::var(name).unwrap_or_else(|_| "unset".into());
    let tty = |yes: bool| if yes { "terminal" } else { "not a terminal" };
    let size = crossterm::terminal::size().map_or_else(|_| "unknown size".into(), |(w, h)| format!("{w}x{h}"));
    format!(
        "TERM={} TERM_PROGRAM={} {size}; stdin {}, stdout {}",
        var("TERM"),
        var("TERM_PROGRAM"),
        tty(std::io::stdin().is_terminal()),
        tty(std::io::stdout().is_terminal())
    )
}

fn clipboard() -> &'static str {
    match Clipboard::new(Surroundings::here()).first_way() {
        Way::Tmux => "tmux load-buffer -w (confirmed by tmux)",
        Way::Native => "the desktop's clipboard, else OSC 52",
        Way::Osc52 => "OSC 52 over SSH (the terminal does not confirm)",
        Way::Screen => "OSC 52 through GNU screen (not confirmed)",
    }
}

/// The clipboard by trying it: what is there is replaced for a moment, and put back where that is possible.
fn tried() -> String {
    let Some(word) = random::marker().map(|m| format!("postdoc-{m}")) else {
        return "not tried: the system gives no random bytes".into();
    };
    match Clipboard::new(Surroundings::here()).round_trip(&word) {
        Trip::Works(Way::Tmux) => {
            "tmux: written and read back; whether the outer terminal took it tmux does not say".into()
        }
        Trip::Works(_) => "the desktop's: written, read back, and what was there put back".into(),
        Trip::Differs(way) => format!("{way:?}: written, and something else came back"),
        Trip::NotText => "the desktop's: it is empty or holds no text, and was not touched".into(),
        Trip::No(why) => format!("no way from here: {why}"),
        Trip::Terminal => through_terminal(&word),
    }
}

/// Over a terminal only the user sees what arrives, and what was there is lost: he is asked first.
fn through_terminal(word: &str) -> String {
    let here = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let question = "Only the terminal (OSC 52) can be asked: what is on your clipboard will be lost. Try it? [y/N]";
    if !here || !prompt::yes(question).unwrap_or(false) {
        return "OSC 52, which gives nothing back; not tried".into();
    }
    match Clipboard::new(Surroundings::here()).copy(word, &mut std::io::stdout()) {
        Copied::No(why) => format!("no way from here: {why}"),
        Copied::Confirmed { .. } | Copied::Sent { .. } => {
            eprint!("Paste it here, then Enter: ");
            let mut pasted = String::new();
            let read = std::io::stdin().read_line(&mut pasted).is_ok();
            match read && pasted.trim() == word {
                true => "OSC 52: sent, and pasted back by you".into(),
                false => "OSC 52: sent, and what you pasted is something else: the terminal did not take it".into(),
            }
        }
    }
}

fn settings(global: &Global) -> String {
    match crate::world::config::path(global.config.as_deref()) {
        Some(path) if path.is_file() => path.display().to_string(),
        Some(path) => format!("{} (not there: the defaults)", path.display()),
        None => "no place for them: the defaults".into(),
    }
}

fn folder() -> String {
    match State::find() {
        Err(e) => e.to_string(),
        Ok(state) => match state.cases() {
            Ok(cases) => format!("{} ({} cases)", state.root().display(), cases.len()),
            Err(e) => e.to_string(),
        },
    }
}

/// One question that every resolver can answer: the name servers of the root.
fn dns(global: &Global) -> (String, bool) {
    if global.offline {
        return ("not asked (--offline)".into(), true);
    }
    let whom = match &global.resolver[..] {
        [] => "the system's resolvers".into(),
        named => named.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ("the runtime could not be started".into(), false);
    };
    runtime.block_on(async {
        match Asker::new(&global.dns()) {
            Err(e) => (e.to_string(), false),
            Ok(asker) => {
                let answer = asker.ask(&Question::new("", Kind::Ns)).await;
                let said = format!("{whom}: {:?} in {} ms", answer.outcome, answer.elapsed_ms).to_lowercase();
                (said, !answer.outcome.failed())
            }
        }
    })
}
