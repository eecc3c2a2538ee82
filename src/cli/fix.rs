//! `postdoc fix [FILE|-|DOMAIN]`

use super::args::{Check, Diagnose, Fix, Format, Global, To};
use super::exit::Exit;
use super::{check, diagnose, source};
use crate::evidence::{Evidence, Said};
use crate::facts::Reading;
use crate::redact::Redaction;
use crate::report::{self, Shown, export, fix::Cure};
use crate::rules::dns::if_parked;
use crate::safe::Safe;
use crate::world::run::Runner;
use crate::world::signal::Signals;
use anyhow::bail;
use std::sync::Arc;

/// Diagnoses, puts the proven fixes together, and prints them in the words asked for.
pub fn run(global: &Global, args: &Fix) -> anyhow::Result<Exit> {
    let mut evidence = match &args.sample {
        Some(name) => diagnose::sample(name)?.evidence(global.now(), Said::default()),
        None => evidence(global, args.input.as_deref().unwrap_or("-"))?,
    };
    evidence.said.dns_host.clone_from(&args.dns_host);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let runner = Runner::new(global.dns())?;
    let (diagnosis, interrupted) = diagnose::settle_reading(&runner, evidence, reading, global, &Signals::listen());
    if !args.no_save && args.sample.is_none() && diagnosis.facts.evidence.input.kind.is_judged() {
        diagnose::keep(global, &diagnosis, false);
    }
    let cure = Cure::of(&diagnosis);
    let redaction = global.redact.then(|| Redaction::of(&diagnosis.facts));
    let shown = Shown { redaction: redaction.as_ref() };
    let document = || report::json::fix::document(&cure, shown);
    let records = cure.to_write();
    if args.to.and_then(To::format).is_some() && redaction.is_some() {
        bail!("records with stand-ins cure nothing: leave out --redact, or write them --to markdown or json");
    }
    let text = match (args.to.and_then(To::format), args.to, global.format()) {
        (Some(format), ..) => match export::write(format, &records) {
            Ok(export) => {
                let parked = if_parked(&diagnosis.facts);
                export.warnings.iter().chain(&parked).filter(|_| !global.quiet).for_each(super::tell);
                Safe::block(export.text).into_string()
            }
            Err(why) => {
                super::tell(format_args!("nothing was written: {why}"));
                // Records there are, but not in this language.
                return Ok(interrupted.unwrap_or_else(|| match records.is_empty() {
                    true => Exit::of(&diagnosis, global.fail_on.severity()),
                    false => Exit::Usage,
                }));
            }
        },
        (None, Some(To::Markdown), _) | (None, None, Format::Markdown) => report::fix::markdown(&cure, shown),
        (None, None, Format::Plain) => report::fix::table(&cure, shown),
        (None, None, Format::Human) => {
            report::fix::human(&cure, super::look::style(global.color, global.verbose), shown)
        }
        (None, None, Format::Ndjson) => report::json::line(&document(), shown),
        _ => report::json::pretty(&document(), shown),
    };
    super::put(&text)?;
    Ok(interrupted.unwrap_or_else(|| Exit::of(&diagnosis, global.fail_on.severity())))
}

/// A domain or an address as `check` takes it, all else as `diagnose`.
fn evidence(global: &Global, name: &str) -> anyhow::Result<Evidence> {
    match source::names_a_host(name) {
        true => check::evidence(global, &Check::of(name.to_owned()), name),
        false => Ok(diagnose::evidence(global, &Diagnose::of(Vec::new()), source::input(name, None))),
    }
}
