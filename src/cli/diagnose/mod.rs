//! `postdoc diagnose`, and `postdoc INPUT` without a terminal.

mod many;

use super::args::{Check, Diagnose, Format, Global, KindArg, RspamdPassword};
use super::exit::Exit;
use super::source;
use crate::diagnose::Diagnosis;
use crate::evidence::case::Case;
use crate::evidence::filters::OwnFilters;
use crate::evidence::said::{FoundIn, Wish};
use crate::evidence::{Evidence, Input, InputKind, Refusal, Said};
use crate::facts::Reading;
use crate::redact::Redaction;
use crate::report::{self, Shown};
use crate::samples::{self, Sample};
use crate::world::dns;
use crate::world::run::{Ended, Runner};
use crate::world::signal::Signals;
use crate::world::state::State;
use anyhow::{anyhow, bail};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `postdoc [INPUT]`: the app on a terminal, a diagnosis elsewhere.
pub fn bare(global: &Global, input: Option<PathBuf>) -> anyhow::Result<Exit> {
    let screen = std::io::stdout().is_terminal();
    let piped = !std::io::stdin().is_terminal();
    if screen && global.format.is_none() && !global.json && !global.linear() {
        return super::app::open(global, input, piped);
    }
    let host = input.as_deref().and_then(Path::to_str).filter(|name| source::names_a_host(name));
    match host {
        Some(host) => super::check::run(global, &Check::of(host.to_owned())),
        None if input.is_none() && !piped => {
            bail!("there is no input and no terminal for the app: give a file, or `-` for standard input")
        }
        None => run(global, &Diagnose::of(vec![input.unwrap_or_else(|| "-".into())])),
    }
}

/// `postdoc diagnose [FILE|-]...`
pub fn run(global: &Global, args: &Diagnose) -> anyhow::Result<Exit> {
    if let Some(name) = &args.sample {
        // It lives in an invented world: its answers come with it, and nothing is asked.
        return one(global, args, global.dns(), sample(name)?.evidence(global.now(), said(args)), false);
    }
    let password = args.rspamd_password.source().map(|source| source.read("rspamd", "Rspamd's password:"));
    let settings = dns::Settings { rspamd_password: password.transpose()?, ..global.dns() };
    let single = |file: &Path| -> anyhow::Result<Exit> {
        let input = beside(source::input(file, args.kind.kind()), args.sent.as_deref())?;
        one(global, args, settings.clone(), evidence(global, args, input), !args.no_save)
    };
    match &source::files(&args.files)[..] {
        [] => single(Path::new("-")),
        [file] => single(file),
        _ if args.sent.is_some() => bail!("--sent goes with one message: give one file"),
        files => many::run(global, args, settings, files),
    }
}

/// The input with the copy that was sent beside it; a copy that cannot be read leaves nothing to compare.
fn beside(input: Input, sent: Option<&str>) -> anyhow::Result<Input> {
    let Some(name) = sent else { return Ok(input) };
    if input.kind != InputKind::Unknown && !matches!(input.kind, InputKind::Message | InputKind::Headers) {
        bail!(
            "--sent is held against a message or its header, and the input is taken for a {}: --as message overrules that",
            input.kind.word()
        );
    }
    let copy = source::input(name, Some(InputKind::Message));
    match copy.kind {
        InputKind::Message => Ok(input.beside(copy)),
        _ => Ok(Input::unreadable(&copy.name, &Refusal::Unreadable(format!("the sent copy: {}", copy.because)))),
    }
}

/// The built-in example of this name.
pub(super) fn sample(name: &str) -> anyhow::Result<&'static Sample> {
    let names = || samples::all().iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
    samples::find(name).ok_or_else(|| anyhow!("there is no sample {name:?}; there are {}", names()))
}

pub(super) fn said(args: &Diagnose) -> Said {
    Said {
        ip: args.ip,
        helo: args.helo.clone(),
        mail_from: args.mail_from.clone(),
        trust: args.trust.as_deref().map(str::to_ascii_lowercase),
        folder: args.folder.as_deref().map(FoundIn::told),
        configured: args.configured.clone().unwrap_or_default(),
        sending: args.sending.clone().unwrap_or_default(),
        check: Wish {
            volume: args.volume,
            blocklists: args.blocklists,
            probe_links: args.probe_links,
            ..Wish::default()
        },
        filters: OwnFilters { spamd: args.spamd.clone(), rspamd: args.rspamd.clone() },
        ..Said::default()
    }
}

pub(super) fn evidence(global: &Global, args: &Diagnose, input: Input) -> Evidence {
    let mut said = Said { resolver: global.resolver.first().copied(), ..said(args) };
    if input.kind == InputKind::Domain {
        // No connection was made: it is an address that the domain sends from, as in a check.
        said.check.ips.extend(said.ip.take());
    }
    Evidence::new(input, said, global.now(), global.offline)
}

fn one(
    global: &Global,
    args: &Diagnose,
    settings: dns::Settings,
    evidence: Evidence,
    save: bool,
) -> anyhow::Result<Exit> {
    let runner = Runner::new(settings)?;
    let (diagnosis, interrupted) = settle(&runner, evidence, global, &Signals::listen());
    if save && diagnosis.facts.evidence.input.kind.is_judged() {
        keep(global, &diagnosis, args.keep_body);
    }
    print(global, &diagnosis, false)?;
    Ok(interrupted.unwrap_or_else(|| Exit::of(&diagnosis, global.fail_on.severity())))
}

/// Runs one diagnosis to its end, or as far as the user lets it.
pub(super) fn settle(
    runner: &Runner,
    evidence: Evidence,
    global: &Global,
    signals: &Signals,
) -> (Diagnosis, Option<Exit>) {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    settle_reading(runner, evidence, reading, global, signals)
}

/// As [`settle`], for an input that is read already.
pub(super) fn settle_reading(
    runner: &Runner,
    evidence: Evidence,
    reading: Arc<Reading>,
    global: &Global,
    signals: &Signals,
) -> (Diagnosis, Option<Exit>) {
    let run = || runner.run(evidence, reading, signals.stop());
    let (diagnosis, ended) = if global.linear() { super::linear::telling(run) } else { run() };
    if let Ended::NoResolver(e) = ended
        && !global.quiet
    {
        super::tell(e);
    }
    // Also one that came when there was nothing to wait for.
    (diagnosis, signals.came().map(Exit::Interrupted))
}

/// Prints one diagnosis in the format asked for; false where nobody reads any more.
pub fn print(global: &Global, d: &Diagnosis, several: bool) -> anyhow::Result<bool> {
    if global.linear() && !several {
        let redaction = global.redact.then(|| Redaction::of(&d.facts));
        super::linear::show(d, Shown { redaction: redaction.as_ref() });
        return Ok(true);
    }
    Ok(super::put(&rendered(global, d, several))?)
}

/// One diagnosis in the format asked for; of several each is headed by its name, where the format has no place for it.
fn rendered(global: &Global, d: &Diagnosis, several: bool) -> String {
    let redaction = global.redact.then(|| Redaction::of(&d.facts));
    let shown = Shown { redaction: redaction.as_ref() };
    let name = &d.facts.evidence.input.name;
    match global.format() {
        Format::Json if !several => report::json::pretty(&report::json::diagnosis::document(d), shown),
        Format::Json | Format::Ndjson => report::json::line(&report::json::diagnosis::document(d), shown),
        Format::Plain => report::plain::diagnosis(d, shown),
        Format::Markdown => {
            let text = report::markdown::diagnosis(d, shown);
            if several { format!("{}:\n\n{text}\n", report::markdown::text(shown, name)) } else { text }
        }
        Format::Human => {
            let text = match global.linear() {
                true => report::linear::whole(d, shown),
                false => report::human::diagnosis(d, super::look::style(global.color, global.verbose), shown),
            };
            if several { format!("{}\n{text}\n", shown.line(name)) } else { text }
        }
    }
}

/// Writes the case; one that cannot be written is said and stops nothing. Its id, where it was written.
pub(super) fn keep(global: &Global, diagnosis: &Diagnosis, bodies: bool) -> Option<String> {
    let case = Case::new(&diagnosis.facts.evidence, bodies);
    match State::find().and_then(|state| state.save_case(&case, diagnosis)) {
        Ok(_) => {
            if global.verbose {
                super::tell(format_args!("saved as case {}", case.id));
            }
            Some(case.id)
        }
        Err(e) => {
            if !global.quiet {
                super::tell(format_args!("the case was not saved: {e}"));
            }
            None
        }
    }
}

impl Diagnose {
    /// What these files say, with nothing else told.
    pub(super) fn of(files: Vec<PathBuf>) -> Diagnose {
        Diagnose {
            files,
            kind: KindArg::Auto,
            ip: None,
            helo: None,
            mail_from: None,
            trust: None,
            folder: None,
            sample: None,
            sent: None,
            configured: None,
            volume: None,
            sending: None,
            blocklists: false,
            probe_links: false,
            spamd: None,
            rspamd: None,
            rspamd_password: RspamdPassword::default(),
            keep_body: false,
            save: false,
            no_save: false,
        }
    }
}
