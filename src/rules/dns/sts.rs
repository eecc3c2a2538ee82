//! What is wrong with MTA-STS (RFC 8461) and TLS reports (RFC 8460) of a domain.

use super::mta_sts_or_dane_broken::RULE;
use super::shown;
use crate::evidence::Errand;
use crate::evidence::errand::Step;
use crate::facts::Facts;
use crate::facts::domain::mta_sts::{Fetch, MtaSts};
use crate::facts::domain::sts_policy::{Mode, Policy};
use crate::facts::domain::tagged::{Published, Tagged};
use crate::facts::domain::tls_rpt;
use crate::remedy::{Remedy, blank, spf};
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity};
use crate::shell::command;

/// Lines of a policy that are shown.
const LINES: usize = 4;

const SURE: &str = "this is what DNS and the policy host say today";

/// Does the domain announce a policy? Notes what is wrong with it.
pub(super) fn look(facts: &Facts, sts: &MtaSts, found: &mut Vec<Finding>, gaps: &mut Gaps) -> bool {
    let at = &sts.record;
    if let Some(question) = at.asked.open() {
        gaps.push(Gap::dns("Does the domain announce an MTA-STS policy?", question));
        return false;
    }
    if at.records.is_empty() && at.almost.is_empty() {
        return false;
    }
    let domain = facts.reading.from_domain().unwrap_or_default();
    match at.record().filter(|r| !r.is_void()) {
        None => found.push(unread(facts, at, domain)),
        Some(_) => found.extend(policy(facts, sts, domain, gaps)),
    }
    true
}

/// The record is one that senders pass over.
fn unread(facts: &Facts, at: &Published, domain: &str) -> Finding {
    let several = at.records.len() > 1;
    let bad = at.records.first().or(at.almost.first());
    let flaw = bad.and_then(|r| r.flaws.iter().find(|f| f.fatal));
    let what = match (several, flaw) {
        (true, _) => "there is more than one record, and then none counts".to_owned(),
        (false, Some(flaw)) => flaw.text.clone(),
        (false, None) => "it cannot be read".to_owned(),
    };
    let exhibit = match (bad, flaw.filter(|_| !several)) {
        (Some(record), Some(flaw)) => shown::flaw(&at.asked.question, record, flaw),
        _ => shown::exhibit(facts, &at.asked.question, "more than one"),
    };
    finding(format!("The MTA-STS record of {} does not count", short(domain)))
        .severity(Severity::Low)
        .explain(format!(
            "{} announces a policy for TLS, but senders pass the record over: {what}. Mail comes in as if there were no policy.",
            at.asked.question.name
        ))
        .exhibit(exhibit)
        .fix(replace(
            facts,
            &at.asked.question.name,
            "Publish one record, with a new id of letters and digits.",
            at.records.iter().chain(&at.almost),
            &format!("v=STSv1; id={};", facts.evidence.now.strftime("%Y%m%dT%H%M%S")),
        ))
        .check(at.asked.question.dig(), "one record that begins v=STSv1; with an id of letters and digits")
}

/// The policy behind a good record.
fn policy(facts: &Facts, sts: &MtaSts, domain: &str, gaps: &mut Gaps) -> Option<Finding> {
    let gap = || Gap::new(format!("Can the MTA-STS policy of {domain} be fetched?"), command(&sts.url));
    let policy = match sts.policy.as_ref()? {
        Fetch::Waiting | Fetch::Failed { step: Step::Timeout | Step::Connect, .. } => {
            gaps.push(gap());
            return None;
        }
        Fetch::Status(status) => {
            let what = match status {
                300..=399 => format!("the host redirects ({status}), and senders must not follow"),
                status => format!("the host answers {status}"),
            };
            return Some(unfetched(facts, sts, domain, &what));
        }
        Fetch::Failed { step, why } => {
            let what = match step {
                Step::Name => format!("the name mta-sts.{domain} has no address"),
                Step::Answer => "the host does not answer as a web server".to_owned(),
                Step::Tls => format!("no TLS connection to mta-sts.{domain} comes about ({why})"),
                _ => format!("there is no valid certificate for mta-sts.{domain} ({why})"),
            };
            return Some(unfetched(facts, sts, domain, &what));
        }
        Fetch::Read(policy) => policy,
    };
    if policy.is_void() {
        return Some(void(facts, sts, policy, domain));
    }
    uncovered(facts, sts, policy, domain, gaps).or_else(|| blemished(sts, policy, domain))
}

fn unfetched(facts: &Facts, sts: &MtaSts, domain: &str, what: &str) -> Finding {
    finding(format!("The MTA-STS policy of {} cannot be fetched", short(domain)))
        .severity(Severity::Medium)
        .explain(format!(
            "The record {} announces a policy, but {what}. Senders that know an earlier policy go on by that one until it \
             expires; to all others the domain is unprotected.",
            sts.record.asked.question.name
        ))
        .exhibit(shown::exhibit(facts, &sts.record.asked.question, "announces a policy"))
        .exhibit(Exhibit::fetched(&errand(sts), what, "no policy"))
        .fix(
            Remedy::new(format!("Serve the policy at {}.", sts.url))
                .step(format!("Give mta-sts.{domain} an A record or alias that leads to a web server that has a valid certificate for that very name, and answers this address itself, over HTTPS, with 200 and text/plain."))
                .step("Its lines: version: STSv1; mode: testing until reports (_smtp._tls) show no failure for two weeks, then enforce; mx: for every MX; max_age: 86400, later 604800.")
                .step(new_id(domain))
                .step("If nobody uses it any more, serve a policy with mode: none for as long as the old max_age was, then delete the record."),
        )
        .check(command(&sts.url), "HTTP 200, text/plain, and the lines of the policy")
}

fn void(facts: &Facts, sts: &MtaSts, policy: &Policy, domain: &str) -> Finding {
    let faults: Vec<String> = policy.flaws.iter().filter(|f| f.fatal).map(|f| f.text.clone()).collect();
    let mode = policy.mode.as_ref().map_or("testing", |m| m.value.word());
    let mut fix = Remedy::new("Write the policy anew, a key a line.")
        .step("The lines, in this order: version: STSv1")
        .step(format!("mode: {mode}"));
    for host in hosts(facts) {
        fix = fix.step(format!("mx: {host}"));
    }
    finding(format!("The MTA-STS policy of {} is not valid", short(domain)))
        .severity(Severity::Medium)
        .explain(format!(
            "Senders fetch {} and cannot use it: {}. It protects nobody.",
            sts.url,
            shown::listed(&faults, 4)
        ))
        .exhibits(faulty(sts, policy))
        .fix(fix.step("max_age: 604800").step(new_id(domain)))
        .check(command(&sts.url), "version, mode, mx and max_age, each on a line of its own")
}

/// An MX that the policy leaves out: senders that enforce it do not deliver there (RFC 8461 §5).
fn uncovered(facts: &Facts, sts: &MtaSts, policy: &Policy, domain: &str, gaps: &mut Gaps) -> Option<Finding> {
    let mode = policy.mode.as_ref().map(|m| m.value).filter(|m| *m != Mode::None)?;
    let mx = facts.domain.mx.as_ref()?;
    if let Some(question) = mx.asked.open() {
        gaps.push(Gap::dns("Does the MTA-STS policy name every MX?", question));
        return None;
    }
    let out: Vec<&str> = mx.servers.iter().map(|s| s.host.as_str()).filter(|h| !policy.allows(h)).collect();
    if out.is_empty() {
        return None;
    }
    let all = out.len() == mx.servers.len();
    let (severity, effect) = match mode {
        Mode::Enforce if all => (Severity::Critical, "do not deliver to the domain at all"),
        Mode::Enforce => (Severity::High, "do not deliver to it"),
        _ => (Severity::Low, "would not deliver to it, once the mode is enforce"),
    };
    let mut fix = Remedy::new(format!("Name every MX in the policy at {}.", sts.url));
    for host in &out {
        fix = fix.step(format!("Add the line: mx: {host}"));
    }
    let fix = fix.step(format!(
        "If {} should not take mail any more, take it out of the MX of {domain} instead.",
        out.join(", ")
    ));
    Some(
        finding(format!("The MTA-STS policy leaves out {}", short(out.first()?)))
            .severity(severity)
            .explain(format!(
                "The MX of {domain} names {}, the policy (mode {}) does not. Senders that honour MTA-STS, Gmail and Microsoft \
                 among them, {effect}.",
                out.join(", "),
                mode.word()
            ))
            .exhibit(shown::exhibit(facts, &mx.asked.question, "the MX"))
            .exhibits(allowed(sts, policy))
            .fix(fix.step(new_id(domain)))
            .check(command(&sts.url), "an mx line for every MX"),
    )
}

/// Flaws that senders live with.
fn blemished(sts: &MtaSts, policy: &Policy, domain: &str) -> Option<Finding> {
    let faults: Vec<String> = policy.flaws.iter().map(|f| f.text.clone()).collect();
    faults.first()?;
    Some(
        finding(format!("The MTA-STS policy of {} has flaws", short(domain)))
            .severity(Severity::Low)
            .explain(format!("Senders can use the policy at {}, but {}.", sts.url, shown::listed(&faults, 4)))
            .exhibits(faulty(sts, policy))
            .fix(Remedy::new("Set the lines right.").step(new_id(domain)))
            .check(command(&sts.url), "text/plain, with sound lines"),
    )
}

/// Is there a report address, or a policy that wants one?
pub(super) fn reports(facts: &Facts, at: &Published, found: &mut Vec<Finding>, gaps: &mut Gaps) -> bool {
    let name = &at.asked.question.name;
    if let Some(question) = at.asked.open() {
        gaps.push(Gap::dns("Does the domain want TLS reports?", question));
        return false;
    }
    let domain = facts.reading.from_domain().unwrap_or_default();
    let any: Vec<&Tagged> = at.records.iter().chain(&at.almost).collect();
    if any.is_empty() {
        let sts = facts.domain.mta_sts.as_ref().filter(|s| s.read().is_some_and(|p| !p.is_void()));
        if let Some(sts) = sts {
            found.push(unreported(facts, at, sts, domain));
        }
        return sts.is_some();
    }
    let bad = any.iter().find(|r| !r.flaws.is_empty());
    if at.records.len() == 1 && bad.is_none() {
        return true;
    }
    let flaw = bad.and_then(|r| r.flaws.first());
    let what = flaw.map_or("there is more than one record, and then none counts".to_owned(), |f| f.text.clone());
    let exhibit = match (bad, flaw) {
        (Some(record), Some(flaw)) => shown::flaw(&at.asked.question, record, flaw),
        _ => shown::exhibit(facts, &at.asked.question, "more than one"),
    };
    let rua = tls_rpt::meant(any.iter().copied());
    let value = reporting(rua.as_deref());
    let fix = replace(facts, name, "Publish one record with a report address.", any.iter().copied(), &value);
    found.push(
        finding(format!("The TLS report record of {} is wrong", short(domain)))
            .severity(Severity::Low)
            .explain(format!(
                "{name} says where reports on TLS go, but {what}. Failures on the way to you stay unseen."
            ))
            .exhibit(exhibit)
            .fix(if rua.is_none() { fix.blank(TLS_REPORTS) } else { fix })
            .check(at.asked.question.dig(), "one record: v=TLSRPTv1; rua=mailto:…"),
    );
    true
}

const TLS_REPORTS: &str = "address for TLS reports";

/// The record that asks for reports to these addresses; a marked blank where none is known.
pub(super) fn reporting(rua: Option<&str>) -> String {
    format!("v=TLSRPTv1; rua={}", rua.map_or_else(|| format!("mailto:{}", blank(TLS_REPORTS)), str::to_owned))
}

fn unreported(facts: &Facts, at: &Published, sts: &MtaSts, domain: &str) -> Finding {
    finding(format!("{} has MTA-STS and asks for no TLS reports", short(domain)))
        .severity(Severity::Info)
        .explain("There is a policy for TLS towards your mail servers, but no address for reports: a sender that cannot deliver because of it has no way to tell you.")
        .exhibit(shown::exhibit(facts, &at.asked.question, "no report address"))
        .exhibit(shown::exhibit(facts, &sts.record.asked.question, "a policy"))
        .check(at.asked.question.dig(), "a record: v=TLSRPTv1; rua=mailto:…")
}

fn finding(title: String) -> Finding {
    Finding::new(&RULE, title).sure(Confidence::Certain, SURE)
}

/// The TXT RRset with these records replaced by one.
fn replace<'r>(facts: &Facts, name: &str, summary: &str, old: impl Iterator<Item = &'r Tagged>, new: &str) -> Remedy {
    let old: Vec<&str> = old.map(|r| r.text.as_str()).collect();
    let is_old = |text: &[u8]| old.iter().any(|o| o.as_bytes() == text);
    let remedy = Remedy::new(summary);
    match spf::change(&facts.evidence.answers, name, is_old, Some(new)) {
        Some(change) => remedy.record(change),
        None => remedy.step(format!("The name is an alias: where it leads, the record should read {new}")),
    }
}

/// The policy as its host serves it: the lines at fault, or its first where a line is missing.
fn faulty(sts: &MtaSts, policy: &Policy) -> Vec<Exhibit> {
    let line = |text: &str, label: String| Exhibit::fetched(&errand(sts), text, label);
    let at = policy.flaws.iter().filter_map(|f| Some((line_at(&policy.text, f.span?.start as usize), f)));
    let mut lines: Vec<Exhibit> = at.take(LINES).map(|(text, flaw)| line(text, flaw.text.clone())).collect();
    if lines.is_empty() {
        let first = policy.text.lines().next().filter(|l| !l.trim().is_empty()).unwrap_or("an empty page");
        lines.extend(policy.flaws.first().map(|flaw| line(first.trim_end(), flaw.text.clone())));
    }
    lines
}

/// The hosts that the policy names, as it names them.
fn allowed<'a>(sts: &'a MtaSts, policy: &'a Policy) -> impl Iterator<Item = Exhibit> + 'a {
    let lines = policy.mx.iter().take(LINES).map(|m| line_at(&policy.text, m.span.start as usize));
    lines.map(|text| Exhibit::fetched(&errand(sts), text, "what the policy names"))
}

/// The whole line in which this byte stands.
fn line_at(text: &str, at: usize) -> &str {
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = head.rfind('\n').map_or(0, |n| n + 1);
    let end = at.min(text.len()) + tail.find('\n').unwrap_or(tail.len());
    text.get(start..end).unwrap_or_default().trim_end()
}

fn errand(sts: &MtaSts) -> Errand {
    Errand::Https { url: sts.url.clone(), follow: false }
}

fn hosts(facts: &Facts) -> Vec<&str> {
    facts.domain.mx.iter().flat_map(|m| &m.servers).map(|s| s.host.as_str()).collect()
}

fn new_id(domain: &str) -> String {
    format!("Then give the record _mta-sts.{domain} a new id: senders fetch the file again only when it changes.")
}

fn command(url: &str) -> String {
    command!("curl -si {}", url)
}
