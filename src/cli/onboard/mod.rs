//! `postdoc onboard DOMAIN...`: the app, questions in plain lines, or the checklist printed.

mod linear;
mod offers;

use super::args::{Format, Global, Onboard, YesNo};
use super::exit::Exit;
use super::{app, diagnose, look, source};
use crate::diagnose::Diagnosis;
use crate::evidence::{Evidence, InputKind, Said};
use crate::facts::Reading;
use crate::onboarding::{Checklist, Proof, Told};
use crate::redact::Redaction;
use crate::report::{self, Shown, export, json, onboarding};
use crate::safe::Safe;
use crate::tui::onboards;
use crate::world::keygen;
use crate::world::run::Runner;
use crate::world::signal::Signals;
use crate::world::state::State;
use anyhow::{anyhow, bail};
use std::io::IsTerminal;
use std::sync::Arc;

pub fn run(global: &Global, args: &Onboard) -> anyhow::Result<Exit> {
    let domains: Vec<String> = args.domains.iter().map(|d| source::domain(d)).collect::<anyhow::Result<_>>()?;
    if args.make_key.is_some() && domains.len() > 1 {
        bail!("one file holds one key: give one domain with --make-key");
    }
    let mut asked = Asked::new(global, args)?;
    let first = domains.first().cloned().unwrap_or_default();
    if global.linear() && !args.plan {
        global.names_as_they_are("onboard --linear")?;
        if domains.len() > 1 {
            bail!("questions are about one domain: give one with --linear");
        }
        return linear::run(&mut asked, &first);
    }
    let machine = args.plan || args.to.is_some() || global.format.is_some() || global.json;
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !machine && terminal {
        let sheets = domains.iter().map(|d| Ok((d.clone(), asked.told(d)?))).collect::<anyhow::Result<_>>()?;
        return app::onboard(global, sheets);
    }
    let mut exit = Exit::Clean;
    for (n, domain) in domains.iter().enumerate() {
        let told = asked.told(domain)?;
        let (diagnosis, interrupted) = asked.check(domain, &told)?;
        let list = Checklist::of(&diagnosis, &told);
        if let Some(odd) = args.skip.iter().find(|id| !list.steps.iter().any(|step| step.id == **id)) {
            let ids: Vec<&str> = list.steps.iter().map(|step| step.id.as_str()).collect();
            bail!("the checklist of {domain} has no step {odd:?}; there are {}", ids.join(", "));
        }
        if !asked.print(&list, &diagnosis, &told, domains.len() > 1, n > 0)? {
            return Ok(exit);
        }
        exit = exit.and(interrupted.unwrap_or_else(|| Exit::of(&diagnosis, global.fail_on.severity())));
        if interrupted.is_some() {
            break;
        }
    }
    Ok(exit)
}

/// What is asked, and who asks it.
struct Asked<'a> {
    global: &'a Global,
    args: &'a Onboard,
    signals: Signals,
    state: Option<State>,
}

impl<'a> Asked<'a> {
    fn new(global: &'a Global, args: &'a Onboard) -> anyhow::Result<Asked<'a>> {
        let state = State::find().ok().filter(|_| !args.no_save);
        Ok(Asked { global, args, signals: Signals::listen(), state })
    }

    /// What was told before, with what the arguments say now on top.
    fn told(&self, domain: &str) -> anyhow::Result<Told> {
        let kept = self.state.as_ref().and_then(|s| s.note(&onboards::note(domain)));
        let kept: Told = kept.and_then(|k| serde_json::from_slice(&k).ok()).unwrap_or_default();
        let args = self.args;
        let now = Told {
            platforms: args.platform.clone(),
            selectors: args.platform_selector.clone(),
            servers: args.server.clone(),
            selector: args.selector.clone(),
            key: args.dkim_record.clone(),
            signer: args.signer,
            bounce: args.bounce.clone(),
            tracking: args.tracking.clone(),
            reports: args.reports.clone(),
            mx: args.mx.clone(),
            dns_host: args.dns_host.clone(),
            volume: args.volume,
            silent: args.non_sending,
            ..Told::default()
        };
        let mut told = now.over(kept);
        told.receives = args.receives.map(|r| r == YesNo::Yes).or(told.receives);
        told.skipped.extend(args.skip.iter().cloned());
        (told.blocklists, told.probe_mx, told.rdap) = (args.blocklists, args.probe_mx, args.rdap);
        told.https = args.probe_hosts;
        told.raise |= args.raise_dmarc;
        if let Some(file) = &args.proof {
            told.proof = Some(self.proof(file, domain)?);
        }
        if let Some(path) = &args.make_key {
            self.make_key(path, domain, &mut told)?;
        }
        self.keep(domain, &told);
        Ok(told)
    }

    /// What a receiver says of mail from the domain.
    fn proof(&self, file: &str, domain: &str) -> anyhow::Result<Proof> {
        let input = source::recognise(file, source::bytes(file)?, None);
        if !input.is_read() {
            bail!(source::Unread(format!("{file}: {}", input.because)));
        }
        let evidence = Evidence::new(input, Said::default(), self.global.now(), true);
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
        Proof::of(&diagnosis, domain).ok_or_else(|| anyhow!("{file} holds no receiver's verdict on mail from {domain}"))
    }

    /// Makes a key, and tells of it.
    fn make_key(&self, path: &std::path::Path, domain: &str, told: &mut Told) -> anyhow::Result<()> {
        let path = std::path::absolute(path)?;
        let file = path.display();
        if path.exists() {
            bail!("{file} exists and is not overwritten: give its record with --dkim-record, or name another file");
        }
        let record = keygen::to_file(&path).map_err(|e| anyhow!("the key could not be made: {e}"))?;
        told.take_key(record, file.to_string());
        if !self.global.quiet {
            super::tell(format_args!(
                "the private key is in {file}, readable by you alone; whoever has it can sign as {domain}"
            ));
        }
        Ok(())
    }

    /// Keeps the answers for the next time; failing to is no reason to stop.
    fn keep(&self, domain: &str, told: &Told) {
        if let (Some(state), Ok(text)) = (&self.state, serde_json::to_vec(told)) {
            let _ = state.save_note(&onboards::note(domain), &text);
        }
    }

    /// Asks DNS everything the checklist needs.
    fn check(&self, domain: &str, told: &Told) -> anyhow::Result<(Diagnosis, Option<Exit>)> {
        // Another one each time: it remembers what DNS said before.
        let runner = Runner::new(self.global.dns())?;
        let global = self.global;
        let input = source::recognise(domain, domain.as_bytes().to_vec(), Some(InputKind::Domain));
        let mut said = told.said(domain);
        said.resolver = global.resolver.first().copied();
        let evidence = Evidence::new(input, said, global.now(), global.offline);
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let (diagnosis, interrupted) = diagnose::settle_reading(&runner, evidence, reading, global, &self.signals);
        if !self.args.no_save {
            diagnose::keep(global, &diagnosis, false);
        }
        Ok((diagnosis, interrupted))
    }

    /// False where nobody reads any more.
    fn print(
        &self,
        list: &Checklist,
        d: &Diagnosis,
        told: &Told,
        several: bool,
        further: bool,
    ) -> anyhow::Result<bool> {
        let global = self.global;
        let redaction = global.redact.then(|| Redaction::with([&d.facts], told));
        let shown = Shown { redaction: redaction.as_ref() };
        if let Some(format) = self.args.to.and_then(super::args::To::format) {
            if redaction.is_some() {
                bail!("records with stand-ins set up nothing: leave out --redact, or write them --to markdown or json");
            }
            return match export::write(format, &list.placed(d, false)) {
                Ok(export) => {
                    let blanks = list
                        .blanks()
                        .into_iter()
                        .map(|(s, b)| format!("left out, still to be filled in: {} ({b})", s.title));
                    export.warnings.into_iter().chain(blanks).filter(|_| !global.quiet).for_each(super::tell);
                    Ok(super::put(&Safe::block(export.text).into_string())?)
                }
                Err(why) => bail!("nothing was written: {why}"),
            };
        }
        let document = || json::plan::document(list, d);
        let text = match (self.args.to, global.format()) {
            (Some(super::args::To::Json), _) | (None, Format::Json) if !several => json::pretty(&document(), shown),
            (Some(super::args::To::Json), _) | (None, Format::Json | Format::Ndjson) => json::line(&document(), shown),
            (Some(_), _) | (None, Format::Markdown) => onboarding::written(list, d, shown),
            (None, Format::Plain) => onboarding::plain(list, shown),
            (None, Format::Human) => {
                let text = report::onboarding::human(list, look::style(global.color, global.verbose), shown);
                if further { format!("\n{text}") } else { text }
            }
        };
        Ok(super::put(&text)?)
    }
}
