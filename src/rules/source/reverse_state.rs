//! What is known of the reverse name: from the receiver's own words, and from DNS today.

use super::connection;
use crate::evidence::Outcome;
use crate::facts::Facts;
use crate::facts::reverse::{Reverse, ReverseName, address_of};
use crate::knowledge::receiver::Noted;
use crate::rules::{Confidence, Exhibit, Gap, Gaps, Severity};
use std::net::IpAddr;

/// The reverse name of the source address.
pub(super) enum State<'f> {
    /// There is no name.
    Missing(Fault<'f>),
    /// There are names, and none resolves to the address.
    Unconfirmed(Fault<'f>),
    /// These names resolve to the address.
    Confirmed(Vec<&'f ReverseName>),
    Unknown(Gaps),
}

/// How a fault is known.
pub(super) struct Fault<'f> {
    pub ip: IpAddr,
    pub severity: Level,
    pub confidence: Confidence,
    pub because: String,
    pub exhibits: Vec<Exhibit>,
    /// The names in DNS today.
    pub names: Vec<&'f ReverseName>,
    /// The receiver met the fault, and DNS shows it cured.
    pub cured: bool,
    /// The receiver did not say whether there is no name or one that does not lead back.
    pub either: bool,
}

/// The rule's usual severity, or a lower one.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Usual,
    At(Severity),
}

impl Level {
    pub fn of(self, usual: Severity) -> Severity {
        match self {
            Level::Usual => usual,
            Level::At(severity) => severity,
        }
    }
}

/// The receiver's own words about the reverse name.
#[derive(Default)]
struct Words {
    /// It found no name.
    missing: Option<Exhibit>,
    /// It found no name, or none that resolves back; it does not say which.
    failed: Option<Exhibit>,
    /// It found a name.
    found: Option<Exhibit>,
}

/// What is known; `None` where there is no public source address.
pub(super) fn state(facts: &Facts) -> Option<State<'_>> {
    let ip = connection::source(facts)?;
    let words = words(facts, ip);
    let dns = facts.reverse.as_ref().filter(|r| r.ip == ip);
    Some(match dns.and_then(|r| Some((r, r.outcome.filter(|o| !o.failed())?))) {
        None => unanswered(ip, words, dns),
        Some((reverse, outcome)) if reverse.names.is_empty() => missing(facts, words, reverse, outcome),
        Some((reverse, _)) => named(facts, words, reverse),
    })
}

fn unanswered<'f>(ip: IpAddr, words: Words, dns: Option<&'f Reverse>) -> State<'f> {
    let fault = |exhibit, severity, confidence, either, because: &str| Fault {
        ip,
        severity,
        confidence,
        because: because.to_owned(),
        exhibits: vec![exhibit],
        names: Vec::new(),
        cured: false,
        either,
    };
    if let Some(exhibit) = words.missing {
        return State::Missing(fault(exhibit, Level::Usual, Confidence::Certain, false, "the receiver says so itself"));
    }
    if let Some(exhibit) = words.failed {
        let because = "the receiver found no name it could use, and DNS has not been asked which of the two it is: no name, or one that does not resolve back";
        return State::Missing(fault(exhibit, Level::At(Severity::Medium), Confidence::Possible, true, because));
    }
    State::Unknown(smallvec::smallvec![match dns {
        Some(reverse) => {
            Gap::of_name(reverse.question.clone(), |name| leads_back(&address_of(name).unwrap_or_default()))
        }
        None => Gap::new(leads_back(&ip.to_string()), "an answer from DNS"),
    }])
}

fn leads_back(ip: &str) -> String {
    format!("Does {ip} have a reverse name that leads back to it?")
}

fn missing<'f>(facts: &Facts, words: Words, reverse: &'f Reverse, outcome: Outcome) -> State<'f> {
    let dns = Exhibit::dns(&reverse.question, said(outcome), None, "no reverse name today");
    let (severity, confidence, because) = weigh(facts, &words, "there is no reverse name");
    let exhibits = [words.missing, words.failed, words.found].into_iter().flatten().take(1).chain([dns]).collect();
    State::Missing(Fault {
        ip: reverse.ip,
        severity,
        confidence,
        because,
        exhibits,
        names: Vec::new(),
        cured: false,
        either: false,
    })
}

fn named<'f>(facts: &Facts, words: Words, reverse: &'f Reverse) -> State<'f> {
    let confirmed: Vec<_> = reverse.names.iter().filter(|n| n.confirmed == Some(true)).collect();
    let (ip, names) = (reverse.ip, reverse.names.iter().collect());
    if !confirmed.is_empty() {
        // A header is the past, DNS is now: what the receiver missed may be there since.
        let Some(exhibit) = words.missing.or(words.failed) else { return State::Confirmed(confirmed) };
        let because = "the receiver says so of that moment, and DNS shows a good name today";
        return State::Missing(Fault {
            ip,
            severity: Level::At(Severity::Info),
            confidence: Confidence::Likely,
            because: because.to_owned(),
            exhibits: vec![exhibit],
            names: confirmed,
            cured: true,
            either: false,
        });
    }
    let open = reverse.names.iter().filter(|n| n.confirmed.is_none());
    let gaps: Gaps = open.map(|n| Gap::dns(format!("Does {} resolve to {ip}?", n.name), &n.forward)).collect();
    if !gaps.is_empty() {
        return State::Unknown(gaps);
    }
    let (severity, confidence, because) = weigh(facts, &words, "no reverse name resolves back");
    let said = words.missing.or(words.failed).or(words.found);
    let shown = reverse.names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut exhibits: Vec<_> = said.into_iter().collect();
    exhibits.push(Exhibit::dns(&reverse.question, shown, None, "the reverse name today"));
    exhibits.extend(reverse.names.iter().map(|n| {
        let answer = facts.evidence.answers.get(&n.forward);
        let found = answer.map_or(String::new(), super::request::address_list);
        Exhibit::dns(&n.forward, found, None, format!("does not lead to {ip}"))
    }));
    State::Unconfirmed(Fault { ip, severity, confidence, because, exhibits, names, cured: false, either: false })
}

/// A fault that DNS shows today, weighed by what the receiver said then.
fn weigh(facts: &Facts, words: &Words, fault: &str) -> (Level, Confidence, String) {
    if words.missing.is_some() || words.failed.is_some() {
        let because = format!("the receiver noted it, and DNS says today that {fault}");
        return (Level::Usual, Confidence::Certain, because);
    }
    if words.found.is_some() {
        let because = format!("DNS says today that {fault}, but the receiver still found one");
        return (Level::At(Severity::Low), Confidence::Possible, because);
    }
    if connection::authenticated(facts) {
        let because =
            format!("DNS says today that {fault}; this message passed all the same, so it matters for the next ones");
        return (Level::At(Severity::Medium), Confidence::Possible, because);
    }
    if facts.reading.subject.is_some() {
        return (Level::Usual, Confidence::Certain, format!("DNS says today that {fault}"));
    }
    let because = format!("DNS says today that {fault}; the receiver did not say what it saw");
    (Level::Usual, Confidence::Likely, because)
}

fn words(facts: &Facts, ip: IpAddr) -> Words {
    let mut words = Words::default();
    if let Some(iprev) = &facts.reading.reported.iprev {
        // RFC 8601 §2.7.3: permerror is no PTR at all; fail is either, as Exim writes it.
        let slot = match &iprev.result[..] {
            "permerror" => Some((&mut words.missing, "the receiver found no reverse name")),
            "fail" => Some((&mut words.failed, "the receiver's reverse lookup failed")),
            "pass" => Some((&mut words.found, "the receiver found a name that resolves back")),
            _ => None,
        };
        if let Some((slot, label)) = slot {
            *slot = Some(Exhibit::input(iprev.span, label));
        }
    }
    let microsoft = facts.reading.antispam.iter().filter(|f| f.vendor == "microsoft" && !f.untrusted);
    for field in microsoft {
        let item = |key: &str| field.items.iter().find(|i| i.key.eq_ignore_ascii_case(key));
        let same = item("CIP").and_then(|i| i.value.parse::<IpAddr>().ok()).is_none_or(|c| c.to_canonical() == ip);
        let none = item("PTR").filter(|i| i.value.eq_ignore_ascii_case("InfoDomainNonexistent"));
        if let Some(none) = none.filter(|_| same) {
            words.missing = Some(Exhibit::input(none.span, "Microsoft found no reverse name"));
        }
    }
    let unknown = connection::hop(facts).and_then(|hop| Some((hop, hop.reverse_unknown?)));
    if let Some((_, span)) = unknown.filter(|(hop, _)| !connection::leaves_out(facts, hop, Noted::ReverseName)) {
        words.failed.get_or_insert(Exhibit::input(span, "the receiver found no name it could use"));
    }
    if let Some(span) = facts.identities.reverse_name.as_ref().and_then(|n| n.span) {
        words.found.get_or_insert(Exhibit::input(span, "the reverse name the receiver noted"));
    }
    words
}

/// An empty answer in words.
fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NxDomain => "NXDOMAIN: no such name",
        _ => "no PTR record",
    }
}
