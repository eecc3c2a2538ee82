//! `postdoc spf DOMAIN...`

use super::args::{Format, Global, Spf};
use super::diagnose::settle_reading;
use super::exit::Exit;
use crate::diagnose::diagnose;
use crate::evidence::said::{Part, Wish};
use crate::evidence::{Answers, Evidence, InputKind, Said};
use crate::facts::lookup::Lookup;
use crate::facts::spf::{SpfResult, check_host, checkable, sender};
use crate::facts::subject::Subject;
use crate::facts::{Facts, Reading};
use crate::redact::Redaction;
use crate::replay::prove;
use crate::report::spf::Evaluated;
use crate::report::{self, Shown};
use crate::rules::Severity;
use crate::world::run::Runner;
use crate::world::signal::Signals;
use std::sync::Arc;

/// Evaluates each domain, one after the other.
pub fn run(global: &Global, args: &Spf) -> anyhow::Result<Exit> {
    let domains: Vec<String> = args.domains.iter().map(|name| domain(args, name)).collect::<anyhow::Result<_>>()?;
    let runner = Runner::new(global.dns())?;
    let signals = Signals::listen();
    let mut exit = Exit::Clean;
    for (n, domain) in domains.into_iter().enumerate() {
        let evidence = evidence(global, args, &domain);
        let subject = checkable(&domain).then(|| Subject::Domain(domain.clone()));
        let reading = Arc::new(Reading { subject, ..Reading::default() });
        let (settled, interrupted) = settle_reading(&runner, evidence, reading, global, &signals);
        // The record itself is judged without a client: that one is refused is no fault of the record's.
        let bare = Evidence {
            said: Said { resolver: global.resolver.first().copied(), ..wish() },
            ..Evidence::clone(&settled.facts.evidence)
        };
        let of = prove(diagnose(Arc::new(bare), settled.facts.reading.clone())).diagnosis;
        let check = settled.facts.trial.clone().or_else(|| unaskable(args, &domain));
        let evaluated = Evaluated::new(&domain, check, &of);
        if !print(global, &evaluated, &settled.facts, args.domains.len() > 1, n > 0)? {
            return Ok(exit);
        }
        exit = exit.and(interrupted.unwrap_or_else(|| status(&evaluated, global.fail_on.severity())));
        if interrupted.is_some() {
            break;
        }
    }
    Ok(exit)
}

/// The domain that is named. A client may give any word for one, and gets the result `none` (RFC 7208 §4.3).
fn domain(args: &Spf, name: &str) -> anyhow::Result<String> {
    let is_word = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    match super::source::domain(name) {
        Err(_) if args.ip.is_some() && is_word => Ok(ascii(name)),
        read => read,
    }
}

/// A lower-case A-label name without a trailing dot; what is none stays as it is.
fn ascii(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(name).unwrap_or_else(|_| name.into())
    }
}

/// A check of nothing but SPF.
fn wish() -> Said {
    Said { check: Wish { only: vec![Part::Spf], ..Wish::default() }, ..Said::default() }
}

fn evidence(global: &Global, args: &Spf, domain: &str) -> Evidence {
    let input = super::source::recognise(domain, domain.as_bytes().to_vec(), Some(InputKind::Domain));
    let said = Said {
        ip: args.ip,
        helo: args.helo.clone(),
        mail_from: args.sender.clone(),
        resolver: global.resolver.first().copied(),
        ..wish()
    };
    Evidence::new(input, said, global.now(), global.offline)
}

/// The result for a name that no question can be made of (RFC 7208 §4.3).
fn unaskable(args: &Spf, domain: &str) -> Option<crate::facts::spf::Check> {
    if checkable(domain) {
        return None;
    }
    let said = Said { mail_from: args.sender.clone(), ..Said::default() };
    let answers = Answers::new();
    Some(check_host(&Lookup::new(&answers), args.ip?, domain, &sender(&said, domain), args.helo.as_deref(), false))
}

fn status(e: &Evaluated, fail_on: Option<Severity>) -> Exit {
    let worst = e.findings.iter().map(|f| f.severity).max();
    // A record that cannot be evaluated is as bad as what the rules call high.
    let broken = (e.result() == Some(SpfResult::PermError)).then_some(Severity::High);
    match fail_on {
        Some(limit) if worst.max(broken) >= Some(limit) => Exit::Found,
        _ if e.is_open() && checkable(&e.domain) => Exit::Unknown,
        _ => Exit::Clean,
    }
}

/// `asked`: the client and the sender too.
fn print(global: &Global, e: &Evaluated, asked: &Facts, several: bool, further: bool) -> anyhow::Result<bool> {
    let redaction = global.redact.then(|| Redaction::over([asked, &e.of.facts]));
    let shown = Shown { redaction: redaction.as_ref() };
    let text = match global.format() {
        Format::Json if !several => report::json::pretty(&report::json::spf::document(e), shown),
        Format::Json | Format::Ndjson => report::json::line(&report::json::spf::document(e), shown),
        Format::Plain => report::spf::plain(e, shown),
        Format::Markdown => report::spf::markdown(e, shown),
        Format::Human => {
            let text = report::spf::human(e, super::look::style(global.color, global.verbose), shown);
            if further { format!("\n{text}") } else { text }
        }
    };
    Ok(super::put(&text)?)
}
