//! A delivered message step by step, as its receiver saw it: connection, HELO, MAIL FROM, DATA, From, verdict.

use super::Shown;
use super::human::{Ink, Style};
use crate::diagnose::Diagnosis;
use crate::facts::boundary::MailFrom;
use crate::facts::dkim::Reason;
use crate::facts::dmarc::Policy;
use crate::facts::reported;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `MAIL FROM`
    pub label: &'static str,
    /// A stranger's words may stand in it.
    pub text: String,
    /// `None`: nothing is judged here.
    pub good: Option<bool>,
}

/// The steps, in the order in which the receiver takes them.
pub fn steps(d: &Diagnosis) -> Vec<Step> {
    let mut steps = vec![connection(d)];
    let identities = &d.facts.identities;
    let helo = identities.helo.as_ref().map_or("no name", |h| &h.value);
    let resolves = d.facts.helo.as_ref().and_then(|h| h.resolves);
    let note = if resolves == Some(false) { ", which has no address" } else { "" };
    steps.push(Step { label: "HELO", text: format!("{helo}{note}"), good: resolves.filter(|r| !r) });
    steps.push(mail_from(d));
    steps.extend(data(d));
    steps.push(from(d));
    steps.push(verdict(d));
    steps
}

fn connection(d: &Diagnosis) -> Step {
    let hop = d.facts.reading.boundary.hop.and_then(|n| d.facts.reading.hops.get(n));
    let ip = d.facts.identities.source_ip.as_ref().map(|ip| ip.value.to_string());
    let ip = ip.or_else(|| Some(hop?.ip.as_ref()?.value.to_string())).unwrap_or_else(|| "unknown address".to_owned());
    let name = named(d);
    let tls = hop.and_then(|h| h.tls.clone()).map_or("not encrypted".to_owned(), |tls| tls.to_string());
    let asked = d.facts.reverse.is_some();
    let text = match &name {
        Some(name) => format!("from {ip}, named {name}; {tls}"),
        None if asked => format!("from {ip}, which has no name that leads back to it (PTR); {tls}"),
        None => format!("from {ip}; {tls}"),
    };
    Step { label: "connect", text, good: asked.then_some(name.is_some()) }
}

/// The name of the sending address, as the receiver noted it.
fn named(d: &Diagnosis) -> Option<&str> {
    let hop = d.facts.reading.boundary.hop.and_then(|n| d.facts.reading.hops.get(n))?;
    hop.reverse_name.as_ref().map(|name| &name.value[..])
}

fn mail_from(d: &Diagnosis) -> Step {
    let path = match d.facts.identities.mail_from.as_ref().map(|m| &m.value) {
        Some(MailFrom::Path { local: Some(local), domain }) => format!("<{local}@{domain}>"),
        Some(MailFrom::Path { local: None, domain }) => format!("<{domain}>"),
        Some(MailFrom::Null) => "<>, nobody to return it to".to_owned(),
        None => "unknown".to_owned(),
    };
    let spf = d.facts.reading.reported.spf.as_ref();
    let result = spf.map_or("unknown", |s| &s.result);
    let domain = spf.and_then(|s| s.domain.as_deref()).unwrap_or("the domain");
    let why = match (result, spf.and_then(|s| s.comment.as_deref())) {
        ("none", _) => format!(": {domain} has no record that says who may send"),
        ("pass", _) | (_, None) => String::new(),
        (_, Some(comment)) => format!(" ({comment})"),
    };
    let good = spf.and_then(|s| settled(&s.result));
    Step { label: "MAIL FROM", text: format!("{path}: SPF {result}{why}"), good }
}

fn data(d: &Diagnosis) -> Vec<Step> {
    let results = &d.facts.reading.reported.dkim;
    let named = |result: &reported::Dkim| {
        let domain = result.domain.as_deref().unwrap_or("an unnamed domain");
        Step {
            label: "DATA",
            text: format!("signed by {domain}: DKIM {}{}", result.result, unverified(result)),
            good: settled(&result.result),
        }
    };
    match results.iter().any(|r| r.domain.is_some()) {
        true => results.iter().map(named).collect(),
        false => vec![Step { label: "DATA", text: "no signature: DKIM none".to_owned(), good: Some(false) }],
    }
}

/// Why a signature does not verify.
fn unverified(result: &reported::Dkim) -> String {
    let (selector, domain) = (result.selector.as_deref().unwrap_or("?"), result.domain.as_deref().unwrap_or("?"));
    let at = format!("{selector}._domainkey.{domain}");
    let reason = &result.detail;
    match () {
        () if reason.is_empty() => String::new(),
        () if reason == Reason::KeyMissing.word() => format!(": there is no key at {at}"),
        () if reason == Reason::KeySyntax.word() => format!(": what stands at {at} is no key for DKIM"),
        () if reason == Reason::KeyRevoked.word() => format!(": the key at {at} was taken back"),
        () if reason == Reason::BodyHashMismatch.word() => ": the text is not the one that was signed".to_owned(),
        () if reason == Reason::SignatureMismatch.word() => {
            ": the header is not the one that was signed, or the key is another".to_owned()
        }
        () => format!(" ({reason})"),
    }
}

fn from(d: &Diagnosis) -> Step {
    let from = d.facts.reading.from_domain().unwrap_or("no domain");
    let result = d.facts.reading.reported.dmarc.as_ref().map_or("unknown", |r| &r.result);
    let legs = d.facts.legs();
    let carried: Vec<&str> = legs.all().filter(|leg| leg.counts() == Some(true)).map(|leg| &leg.domain[..]).collect();
    let mut vain: Vec<&str> = legs.all().filter(|leg| leg.passed_in_vain()).map(|leg| &leg.domain[..]).collect();
    vain.dedup();
    let why = match (result, &carried[..], &vain[..]) {
        ("none", ..) => ": no record says what is to be done with mail that only pretends".to_owned(),
        _ if settled(result).is_none() => String::new(),
        (_, [one, ..], _) => format!(", for {one} vouches for it"),
        (_, [], [one]) => format!(": what passed is {one}, another name"),
        (_, [], [_, ..]) => format!(": what passed is {}, other names", vain.join(" and ")),
        (_, [], []) => ": nothing passed that vouches for it".to_owned(),
    };
    Step { label: "From", text: format!("{from}: DMARC {result}{why}"), good: settled(result) }
}

/// What failed only for now is neither good nor bad.
fn settled(result: &str) -> Option<bool> {
    (!matches!(result, "temperror" | "unknown")).then_some(result == "pass")
}

fn verdict(d: &Diagnosis) -> Step {
    let reported = &d.facts.reading.reported;
    let dmarc = reported.dmarc.as_ref().map(|r| &r.result[..]);
    let policy = d.facts.dmarc.effective.map(|(policy, _)| policy);
    let filed = reported.dmarc.as_ref().and_then(|r| r.disposition.as_deref()) == Some("quarantine");
    let (text, good) = match (dmarc, policy) {
        (Some("pass"), _) if d.facts.reverse.is_some() && named(d).is_none() => {
            ("it passes, and yet many receivers refuse mail from an address without a name", Some(false))
        }
        (Some("pass"), _) if reported.spf.as_ref().is_none_or(|spf| spf.result != "pass") => {
            ("receivers take it: for DMARC one of SPF and DKIM is enough", Some(true))
        }
        (Some("pass"), _) if !reported.dkim.iter().any(|dkim| dkim.result == "pass") => {
            ("receivers take it; once it is forwarded it fails, for SPF does not travel", Some(true))
        }
        (Some("pass"), _) => ("receivers take it", Some(true)),
        (Some("fail"), Some(Policy::Reject)) if filed => {
            ("receivers refuse it: the domain asks for that (p=reject); this one files it as junk", Some(false))
        }
        (Some("fail"), Some(Policy::Reject)) => {
            ("receivers refuse it: the domain asks for that (p=reject)", Some(false))
        }
        (Some("fail"), Some(Policy::Quarantine)) => {
            ("receivers file it as junk: the domain asks for that (p=quarantine)", Some(false))
        }
        (Some("fail"), _) => ("taken with suspicion: the domain asks for nothing (p=none)", Some(false)),
        (Some("temperror") | None, _) => ("not to be told: DNS did not answer in time", None),
        _ => ("taken with suspicion: no policy says what is to be done", Some(false)),
    };
    Step { label: "verdict", text: text.to_owned(), good }
}

/// The mark of a step with its ASCII form, and its colour.
pub fn look(good: Option<bool>) -> (&'static str, &'static str, Ink) {
    match good {
        Some(true) => ("✓", "v", Ink::Pass),
        Some(false) => ("✗", "x", Ink::Fail),
        None => (" ", " ", Ink::Faint),
    }
}

/// The steps as lines.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let line = |step: Step| {
        let (mark, ascii, ink) = look(step.good);
        let mark = style.paint(ink, if style.unicode { mark } else { ascii });
        format!("  {mark} {:<9}  {}\n", step.label, shown.line(&step.text))
    };
    steps(d).into_iter().map(line).collect()
}
