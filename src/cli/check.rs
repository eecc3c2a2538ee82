//! `postdoc check DOMAIN...`

use super::args::{Check, Format, Global};
use super::diagnose::keep;
use super::exit::Exit;
use crate::diagnose::Diagnosis;
use crate::evidence::said::Wish;
use crate::evidence::{Evidence, InputKind, Said};
use crate::facts::Reading;
use crate::redact::Redaction;
use crate::report::{self, Shown};
use crate::world::run::{Ended, Runner};
use crate::world::signal::Signals;
use anyhow::bail;
use std::sync::Arc;

/// Checks every domain, many at once, and prints each as it finishes.
pub fn run(global: &Global, args: &Check) -> anyhow::Result<Exit> {
    let evidence: Vec<Evidence> = args.domains.iter().map(|d| evidence(global, args, d)).collect::<Result<_, _>>()?;
    let several = evidence.len() > 1;
    let runner = Runner::new(global.dns())?;
    let signals = Signals::listen();
    if global.linear() && !several {
        return by_ear(global, args, evidence, &runner, &signals);
    }
    let mut exit = Exit::Clean;
    let mut broke = None;
    let mut told = false;
    let mut printed = 0;
    let mut jobs = evidence.into_iter().map(|e| {
        let reading = Arc::new(Reading::read(&e.input, &e.said));
        (e.input.name.clone(), e, reading)
    });
    runner.run_many(
        |_| jobs.next(),
        signals.stop(),
        |name, done| match done {
            Ok((diagnosis, ended)) => {
                if let Ended::NoResolver(e) = &ended
                    && !std::mem::replace(&mut told, true)
                {
                    super::tell(e);
                }
                if !args.no_save && matches!(ended, Ended::Done) {
                    keep(global, &diagnosis, false);
                }
                exit = exit.and(Exit::of(&diagnosis, global.fail_on.severity()));
                match print(global, &diagnosis, several, printed > 0) {
                    Ok(_) => printed += 1,
                    Err(e) => broke = Some(e),
                }
            }
            Err(e) => {
                super::tell(format_args!("{name} could not be checked: {e}"));
                exit = exit.and(Exit::Unknown);
            }
        },
    );
    match broke {
        Some(e) => Err(e),
        None => Ok(signals.came().map_or(exit, |signal| exit.and(Exit::Interrupted(signal)))),
    }
}

/// One check after which questions are asked.
fn by_ear(
    global: &Global,
    args: &Check,
    evidence: Vec<Evidence>,
    runner: &Runner,
    signals: &Signals,
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Clean;
    for evidence in evidence {
        let (diagnosis, interrupted) = super::diagnose::settle(runner, evidence, global, signals);
        if !args.no_save && interrupted.is_none() {
            keep(global, &diagnosis, false);
        }
        print(global, &diagnosis, false, false)?;
        exit = exit.and(interrupted.unwrap_or_else(|| Exit::of(&diagnosis, global.fail_on.severity())));
    }
    Ok(exit)
}

pub(super) fn evidence(global: &Global, args: &Check, name: &str) -> anyhow::Result<Evidence> {
    let input = super::source::recognise(name, name.as_bytes().to_vec(), None);
    if !matches!(input.kind, InputKind::Domain | InputKind::Ip) {
        bail!("{name:?} is no domain and no IP address; `postdoc diagnose` takes files");
    }
    let said = Said {
        helo: args.helo.clone(),
        resolver: global.resolver.first().copied(),
        check: Wish {
            selectors: args.selector.clone(),
            ips: args.ip.clone(),
            platforms: args.platform.clone(),
            only: args.only.clone(),
            blocklists: args.blocklists,
            probe_mx: args.probe_mx,
            recipients: args.recipient.clone(),
            rdap: args.rdap,
            non_sending: args.non_sending,
            volume: args.volume,
            ..Wish::default()
        },
        sending: args.sending.clone().unwrap_or_default(),
        ..Said::default()
    };
    Ok(Evidence::new(input, said, global.now(), global.offline))
}

impl Check {
    /// A check of one name, with nothing else wished for.
    pub fn of(name: String) -> Check {
        Check {
            domains: vec![name],
            selector: Vec::new(),
            ip: Vec::new(),
            helo: None,
            platform: Vec::new(),
            only: Vec::new(),
            blocklists: false,
            probe_mx: false,
            recipient: Vec::new(),
            rdap: false,
            non_sending: false,
            volume: None,
            sending: None,
            no_save: false,
        }
    }
}

/// Prints one check in the format asked for; false where nobody reads any more.
pub fn print(global: &Global, d: &Diagnosis, several: bool, further: bool) -> anyhow::Result<bool> {
    let redaction = global.redact.then(|| Redaction::of(&d.facts));
    let shown = Shown { redaction: redaction.as_ref() };
    if global.linear() && !several {
        super::linear::show(d, shown);
        return Ok(true);
    }
    let document = || report::json::domain::document(d);
    let text = match global.format() {
        Format::Json if !several => report::json::pretty(&document(), shown),
        Format::Json | Format::Ndjson => report::json::line(&document(), shown),
        Format::Plain => report::plain::diagnosis(d, shown),
        Format::Markdown => report::markdown::diagnosis(d, shown),
        Format::Human => {
            let text = match global.linear() {
                true => report::linear::whole(d, shown),
                false => report::human::diagnosis(d, super::look::style(global.color, global.verbose), shown),
            };
            let head = if several { format!("{}\n", shown.line(&d.facts.evidence.input.name)) } else { String::new() };
            if further { format!("\n{head}{text}") } else { format!("{head}{text}") }
        }
    };
    Ok(super::put(&text)?)
}
