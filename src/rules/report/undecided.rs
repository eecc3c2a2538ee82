//! SPF of the domain that says nothing whoever asks: its record is to be mended, and no server to be listed.

use super::report_sender_failing::RULE;
use super::support::{addresses, busiest, messages, rows, severity, standing};
use crate::facts::Facts;
use crate::facts::report::aggregate::Path;
use crate::facts::report::{Aggregate, Row, Source, Standing};
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Finding, Severity};
use crate::shell::command;

/// Of mail that passes by its signature.
pub fn passing(report: &Aggregate, source: &Source) -> Option<Finding> {
    let path = busiest(report, source).and_then(Row::path)?;
    let (title, what, fix) = told(report, path);
    let severity = if path.result == "temperror" { Severity::Info } else { Severity::Low };
    let why = format!(
        "{} from {} pass DMARC at {} by their signature alone. The SPF of {} {what}.",
        messages(source.count),
        addresses(source),
        report.reporter(),
        path.domain
    );
    Some(finding(report, source, path, title).severity(severity).explain(why).fix(fix))
}

/// Of mail from which nothing passes, whoever sends it: all such sources together.
pub fn mute(facts: &Facts, report: &Aggregate) -> Option<Finding> {
    let domain = &report.policy.domain;
    let path = |source: &Source| busiest(report, source).and_then(Row::path).filter(|p| p.says_nothing(domain));
    let sources = || standing(facts, &[Standing::Unclear]).filter(|s| path(s).is_some());
    let first = sources().next()?;
    let path = path(first)?;
    let (title, what, fix) = told(report, path);
    let worst = sources().map(severity).max().unwrap_or(Severity::Medium);
    let why = format!(
        "{} pass nothing at {}. The SPF of {domain} {what}, so no server can pass by it, and the report cannot tell yours from those of strangers.",
        messages(sources().fold(0, |sum, s| sum.saturating_add(s.count))),
        report.reporter(),
    );
    let fix = fix
        .step(format!("Let the servers that send for {domain} sign with DKIM too"))
        .step(format!("If {domain} sends no mail at all: its whole SPF record is v=spf1 -all"));
    Some(finding(report, first, path, title).severity(worst).explain(why).fix(fix))
}

fn finding(report: &Aggregate, source: &Source, path: &Path, title: String) -> Finding {
    Finding::new(&RULE, failure::title([format_args!("{title}"), format_args!("SPF of yours came to no verdict")]))
        .sure(Confidence::Certain, format!("the receiver says {}, which is so whoever sends", path.result))
        .exhibits(rows(report, source, 3, "SPF came to no verdict"))
        .check(command!("postdoc check {} --only spf", path.domain), "no finding")
}

/// Title, what became of SPF, and what mends it.
fn told(report: &Aggregate, path: &Path) -> (String, &'static str, Remedy) {
    let at = &path.domain;
    let passed = report.rows.iter().flat_map(|row| &row.paths).any(|p| p.domain == *at && p.passes());
    match path.result.as_str() {
        "permerror" => (
            format!("SPF of {at} is broken, says the receiver (permerror)"),
            match passed {
                true => {
                    "could not be evaluated, and passed at other times: so look too many look-ups, and names that answer now and then"
                }
                false => "could not be evaluated",
            },
            Remedy::new(format!("Mend the SPF record of {at}; listing another server cures nothing")).step(
                "A second record, a term that cannot be read, or more than ten look-ups breaks it (RFC 7208 §4.6.4).",
            ),
        ),
        "none" if path.helo => (
            format!("{at} has no SPF record, says the receiver"),
            "is the only one that SPF can be asked of for bounces and automatic replies, which have no Return-Path, and has no record",
            Remedy::new(format!("Publish an SPF record at {at}, the name that the server greets with: v=spf1 a -all")),
        ),
        "none" => (
            format!("{at} has no SPF record, says the receiver"),
            "has no record",
            Remedy::new(format!(
                "Publish an SPF record at {at} that lists the servers which send with it in Return-Path"
            )),
        ),
        _ => (
            format!("SPF of {at} could not be looked up (temperror)"),
            "got no answer from DNS",
            Remedy::new("Nothing to list: see whether the name servers answer at all times")
                .step("Where they do, it was the receiver's resolver; look whether reports of other days say the same"),
        ),
    }
}
