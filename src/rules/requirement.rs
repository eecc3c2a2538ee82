//! What large receivers ask of senders, line by line: met by this message and domain, or not, or not to be told.

use super::headers::forwarding_broke_spf;
use super::source::ptr_generic::is_access_line;
use super::spf::spf_allows_nobody::sends_nothing;
use super::{Finding, Group, Rule};
use crate::evidence::InputKind;
use crate::facts::Facts;
use crate::facts::dkim::key::{KeyState, PublicKey};
use crate::facts::dmarc::Policy;
use crate::facts::dmarc::verdict::{Leg, Legs};
use crate::facts::mail_hosts::Reception;
use crate::facts::organization::same_by_list;
use crate::facts::received::Hop;
use crate::knowledge::receiver::{self, Need, Receiver, Requirement};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::sync::Arc;

/// Whose demands are shown, in this order.
const ASKED: [&str; 6] = ["gmail", "yahoo", "microsoft", "icloud", "mail-ru", "yandex"];

/// One demand.
#[derive(Clone, Debug)]
pub struct Line {
    pub receiver: &'static Receiver,
    pub demand: &'static Requirement,
    pub state: State,
    /// What shows it, or what is missing.
    pub because: Because,
    /// The rule whose finding on this message cures it.
    pub cure: Option<&'static Rule>,
}

impl Line {
    /// `gmail`, `gmail-bulk`
    pub fn id(&self) -> Cow<'static, str> {
        match self.demand.is_for_bulk() {
            true => Cow::Owned([&self.receiver.id, "-bulk"].concat()),
            false => Cow::Borrowed(&self.receiver.id),
        }
    }

    /// As people call it.
    pub fn name(&self) -> Cow<'static, str> {
        match self.demand.is_for_bulk() {
            true => Cow::Owned([&self.receiver.name, ", bulk"].concat()),
            false => Cow::Borrowed(&self.receiver.name),
        }
    }
}

/// Why: several lines share one.
#[derive(Clone, Debug)]
pub enum Because {
    Fixed(&'static str),
    Told(Arc<str>),
}

impl std::ops::Deref for Because {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Because::Fixed(words) => words,
            Because::Told(words) => words,
        }
    }
}

impl serde::Serialize for Because {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self)
    }
}

impl From<&'static str> for Because {
    fn from(words: &'static str) -> Because {
        Because::Fixed(words)
    }
}

impl From<String> for Because {
    fn from(words: String) -> Because {
        Because::Told(words.into())
    }
}

/// Met, not met, not to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pass,
    Fail,
    Unknown,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Pass => "pass",
            State::Fail => "fail",
            State::Unknown => "unknown",
        }
    }
}

/// The demands in force, for a message, a header or a domain.
pub fn lines<'f>(facts: &Facts, findings: impl Iterator<Item = &'f Finding> + Clone) -> Vec<Line> {
    lines_of(&ASKED, facts, findings)
}

/// As [`lines`], of these receivers alone.
pub fn lines_of<'f>(asked: &[&str], facts: &Facts, findings: impl Iterator<Item = &'f Finding> + Clone) -> Vec<Line> {
    let sent = matches!(facts.evidence.input.kind, InputKind::Message | InputKind::Headers | InputKind::Domain);
    // Of a domain that sends nothing, nothing is asked.
    if !sent || facts.reading.inside.is_some() || sends_nothing(facts) {
        return Vec::new();
    }
    let today = facts.evidence.now.to_zoned(TimeZone::UTC).date();
    let legs = facts.legs();
    // Receivers ask much the same.
    let mut judged: Vec<(Need, Judged, Option<&'static Rule>)> = Vec::with_capacity(32);
    let mut judge = |receiver: &'static Receiver, demand: &'static Requirement, need: Need| {
        if let Some((limit, rate)) = demand.complaints.zip(facts.evidence.said.sending.complaints) {
            let state = if rate < limit { State::Pass } else { State::Fail };
            let cure = findings.clone().map(|f| f.rule).find(|r| state == State::Fail && r.id == "complaint-rate-high");
            let because = format!("you state {rate} %").into();
            return Some(Line { receiver, demand, state, because, cure });
        }
        let known = judged.iter().position(|(n, ..)| *n == need).unwrap_or_else(|| {
            let judgment = state(facts, legs, findings.clone(), need);
            let cure = findings.clone().map(|f| f.rule).find(|rule| judgment.0 == State::Fail && cures(need, rule));
            judged.push((need, judgment, cure));
            judged.len() - 1
        });
        let (_, (state, because), cure) = judged.get(known)?.clone();
        Some(Line { receiver, demand, state, because, cure })
    };
    let of = |id: &&str| receiver::find(id);
    let mut lines = Vec::with_capacity(64);
    for receiver in asked.iter().filter_map(of) {
        let demands = || receiver.requirement.iter().filter(|d| in_force(d, today));
        let (every, bulk) = (demands().filter(|d| !d.is_for_bulk()), demands().filter(|d| d.is_for_bulk()));
        lines.extend(every.chain(bulk).filter_map(|d| judge(receiver, d, d.needs?)));
    }
    lines
}

fn in_force(demand: &Requirement, today: Date) -> bool {
    demand.since.is_none_or(|since| since <= today)
}

type Judged = (State, Because);

fn said(state: State, because: impl Into<Because>) -> Judged {
    (state, because.into())
}

fn state<'f>(facts: &Facts, legs: &Legs, mut findings: impl Iterator<Item = &'f Finding>, need: Need) -> Judged {
    let reading = &facts.reading;
    let mut found = |ids: &[&str]| findings.find(|f| ids.contains(&f.rule.id)).map(|f| f.title.clone());
    match need {
        Need::Spf => of_spf(facts, legs),
        Need::Dkim => of_dkim(facts, legs),
        Need::SpfOrDkim => match (of_spf(facts, legs), of_dkim(facts, legs)) {
            (pass @ (State::Pass, _), _) | (_, pass @ (State::Pass, _)) => pass,
            ((State::Fail, spf), (State::Fail, dkim)) => said(State::Fail, format!("{spf}; {dkim}")),
            ((State::Unknown, why), _) | (_, (State::Unknown, why)) => (State::Unknown, why),
        },
        Need::DmarcRecord => match facts.dmarc.governing() {
            Some(step) => said(State::Pass, format!("a record at {}", step.name())),
            None if facts.dmarc.is_absent() => said(State::Fail, "DNS has no record"),
            None => match found(&["dmarc-missing"]) {
                Some(title) => said(State::Fail, title),
                None => said(State::Unknown, "the record is not known"),
            },
        },
        Need::Aligned => aligned(facts),
        Need::DmarcPolicy => match (aligned(facts), facts.dmarc.effective) {
            (pass @ (State::Pass, _), _) => pass,
            (_, Some((Policy::None, _))) => said(State::Pass, "the policy is none"),
            ((State::Fail, why), Some(_)) => (State::Fail, why),
            _ => said(State::Unknown, "policy or results are not known"),
        },
        Need::ReverseName => reverse(facts, |_| true),
        Need::OwnReverseName => match reading.from_domain() {
            Some(from) => reverse(facts, |name| same_by_list(name, from)),
            None => said(State::Unknown, "the From domain is not known"),
        },
        Need::NamedHost => match (found(&["ptr-generic"]), facts.reverse.as_ref().and_then(|r| r.names.first())) {
            (Some(title), _) => said(State::Fail, title),
            // Whether it leads back is not asked here.
            (None, Some(name)) => said(State::Pass, name.name.clone()),
            (None, None) => reverse(facts, |_| true),
        },
        // A provider's default name may well stand for a fixed address.
        Need::FixedAddress => match found(&["ptr-generic"]) {
            Some(title) if reverse_names(facts).any(is_access_line) => said(State::Fail, title),
            _ => said(State::Unknown, "a name alone does not tell"),
        },
        Need::Tls => match (found(&["tls-not-used"]), reading.boundary.hop.and_then(|n| reading.hops.get(n))) {
            (Some(title), _) => said(State::Fail, title),
            (None, Some(Hop { tls: Some(version), .. })) => said(State::Pass, version.clone()),
            _ => said(State::Unknown, "the header does not say"),
        },
        Need::NoGmailFrom => match (reading.from_domain(), facts.alignment.dmarc) {
            (None, _) => said(State::Unknown, "the From domain is not known"),
            (Some("gmail.com" | "googlemail.com"), Some(true)) => said(State::Pass, "Gmail's own mail"),
            (Some("gmail.com" | "googlemail.com"), Some(false)) => said(State::Fail, "From is at gmail.com"),
            (Some("gmail.com" | "googlemail.com"), None) => said(State::Unknown, "whether Gmail sent it is not known"),
            (Some(from), _) => said(State::Pass, format!("From is at {from}")),
        },
        Need::Format => match (found(FORM), reading.content.as_deref()) {
            (Some(title), _) => said(State::Fail, title),
            (None, Some(content)) if !content.nested => said(State::Pass, "header and body follow the rules of form"),
            (None, _) => said(State::Unknown, "the whole message is not at hand"),
        },
        Need::KeySize => key_size(facts),
        Need::DomainsExist => exist(facts),
        Need::OneClick => match (found(&["one-click-missing", "one-click-not-signed"]), one_click(facts)) {
            (Some(title), _) => said(State::Fail, title),
            (None, true) => said(State::Pass, "List-Unsubscribe with https, and List-Unsubscribe-Post"),
            (None, false) => said(State::Unknown, "whether it is marketing, a header cannot tell"),
        },
        Need::ListUnsubscribe => match reading.lists.unsubscribe_field {
            Some(_) if reading.lists.unsubscribe.is_empty() => {
                said(State::Fail, "List-Unsubscribe holds no address in < and >")
            }
            Some(_) if one_click(facts) => said(State::Pass, "List-Unsubscribe with https, and List-Unsubscribe-Post"),
            Some(_) if reading.lists.unsubscribe.iter().any(|u| begins(&u.value, "mailto:")) => {
                said(State::Pass, "List-Unsubscribe with a mailto: address")
            }
            Some(_) => said(State::Fail, "neither by POST nor by mailto:"),
            None => match found(&["one-click-missing"]) {
                Some(title) => said(State::Fail, title),
                None => said(State::Unknown, "whether it is marketing, a header cannot tell"),
            },
        },
        Need::Portal => said(State::Unknown, "only the receiver's portal tells"),
        Need::Practice => said(State::Unknown, "no header tells how you send"),
    }
}

fn of_spf(facts: &Facts, legs: &Legs) -> Judged {
    match &legs.spf {
        Some(Leg { passed: Some(false), .. }) if forwarding_broke_spf::is_likely(facts) => {
            said(State::Unknown, "it was sent on, and what SPF said before is not known")
        }
        Some(Leg { passed: Some(true), domain, .. }) => said(State::Pass, format!("pass for {domain}")),
        Some(Leg { passed: Some(false), domain, word, .. }) => said(State::Fail, format!("SPF is {word} for {domain}")),
        _ => said(State::Unknown, "SPF's result is not known"),
    }
}

fn of_dkim(facts: &Facts, legs: &Legs) -> Judged {
    let message = facts.reading.subject.is_none();
    match legs.dkim.iter().find(|leg| leg.passed == Some(true)) {
        Some(leg) => said(State::Pass, format!("pass for {}", leg.domain)),
        None if message && legs.dkim_complete && legs.dkim.is_empty() => said(State::Fail, "no signature"),
        None if message && legs.dkim_complete && legs.dkim.iter().all(|leg| leg.passed == Some(false)) => {
            said(State::Fail, "no signature passes")
        }
        None => said(State::Unknown, "DKIM's result is not known"),
    }
}

fn aligned(facts: &Facts) -> Judged {
    if facts.reading.subject.is_some() {
        return said(State::Unknown, "only a message shows it");
    }
    match facts.alignment.dmarc {
        Some(true) => said(State::Pass, "DKIM or SPF passes for the From domain"),
        Some(false) => said(State::Fail, "neither DKIM nor SPF passes for the From domain"),
        None => said(State::Unknown, "the results are not all known"),
    }
}

/// Does a reverse name lead back to the address, and is it of the kind asked for?
fn reverse(facts: &Facts, wanted: impl Fn(&str) -> bool) -> Judged {
    let Some(reverse) = &facts.reverse else { return said(State::Unknown, "the sending address is not known") };
    let confirmed = || reverse.names.iter().filter(|n| n.confirmed == Some(true));
    if let Some(name) = confirmed().find(|n| wanted(&n.name)) {
        return said(State::Pass, format!("{} is {}", reverse.ip, name.name));
    }
    let open = reverse.outcome.is_none_or(|o| o.failed()) || reverse.names.iter().any(|n| n.confirmed.is_none());
    match (open, confirmed().next()) {
        (true, _) => said(State::Unknown, format!("the reverse name of {} is not known", reverse.ip)),
        (false, Some(name)) => said(State::Fail, format!("{} is {}", reverse.ip, name.name)),
        (false, None) if reverse.names.is_empty() => said(State::Fail, format!("{} has no reverse name", reverse.ip)),
        (false, None) => said(State::Fail, format!("no reverse name of {} leads back to it", reverse.ip)),
    }
}

/// Those that DNS has, else the one that the receiver noted.
fn reverse_names(facts: &Facts) -> impl Iterator<Item = &str> {
    let known = facts.reverse.iter().flat_map(|r| &r.names).map(|n| &*n.name);
    known.chain(facts.identities.reverse_name.iter().map(|n| &*n.value))
}

fn key_size(facts: &Facts) -> Judged {
    let records = facts.keys.iter().filter_map(|k| match &k.state {
        KeyState::Found(records) => Some((k, records.first()?)),
        _ => None,
    });
    let mut known = None;
    for (key, record) in records {
        match record.public {
            PublicKey::Rsa { bits } if bits < 1024 => {
                return said(State::Fail, format!("{} has {bits} bits", key.name));
            }
            PublicKey::Rsa { bits } => known = Some(format!("{} has {bits} bits", key.name)),
            _ => {}
        }
    }
    known.map_or_else(|| said(State::Unknown, "no RSA key is at hand"), |why| said(State::Pass, why))
}

fn exist(facts: &Facts) -> Judged {
    let hosts = &facts.mail_hosts;
    if let Some(gone) = hosts.iter().find(|h| matches!(h.reception, Reception::NoSuchName | Reception::Null)) {
        return said(State::Fail, format!("{} does not exist, or takes no mail by its own word", gone.domain));
    }
    let open = hosts.iter().any(|h| matches!(h.reception, Reception::Unasked(_) | Reception::Failed(_)));
    match open || hosts.is_empty() {
        true => said(State::Unknown, "the domains are not all known"),
        false => said(State::Pass, hosts.iter().map(|h| h.domain.as_str()).collect::<Vec<_>>().join(", ")),
    }
}

/// Rules about the form that RFC 5322 asks for.
const FORM: &[&str] = &["from-header-invalid", "message-malformed", "message-id-or-date-missing"];

/// Both fields of RFC 8058 §3.1.
fn one_click(facts: &Facts) -> bool {
    let lists = &facts.reading.lists;
    lists.unsubscribe.iter().any(|u| begins(&u.value, "https://")) && lists.unsubscribe_post.is_some()
}

fn begins(uri: &str, scheme: &str) -> bool {
    uri.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme))
}

/// Does a finding of this rule say how the need is met?
pub(super) fn cures(need: Need, rule: &Rule) -> bool {
    let of = |groups: &[Group]| groups.contains(&rule.group);
    match need {
        Need::Spf => of(&[Group::Spf]),
        Need::Dkim | Need::KeySize => of(&[Group::Dkim]),
        Need::SpfOrDkim => of(&[Group::Spf, Group::Dkim]),
        Need::DmarcRecord => {
            rule.id == "dmarc-missing" || rule.id == "dmarc-multiple-records" || rule.id == "dmarc-record-malformed"
        }
        Need::Aligned | Need::DmarcPolicy => of(&[Group::Dmarc, Group::Spf, Group::Dkim]),
        Need::ReverseName | Need::OwnReverseName | Need::NamedHost | Need::FixedAddress => of(&[Group::Source]),
        Need::DomainsExist => rule.id == "mx-missing-or-invalid" || rule.id == "return-path-unusable",
        Need::Format => FORM.contains(&rule.id),
        Need::OneClick => rule.id.starts_with("one-click"),
        Need::NoGmailFrom => rule.id == "dmarc-freemail-from",
        Need::Tls => rule.id == "tls-not-used",
        Need::ListUnsubscribe | Need::Portal | Need::Practice => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Diagnosis, diagnose};
    use crate::evidence::{Evidence, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn sample(name: &str, now: &str) -> Diagnosis {
        let evidence = crate::samples::find(name).unwrap().evidence(now.parse().unwrap(), Said::default());
        of(evidence)
    }

    fn of(evidence: Evidence) -> Diagnosis {
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        diagnose(Arc::new(evidence), reading)
    }

    fn state_of(d: &Diagnosis, receiver: &str, need: Need) -> (State, Option<&'static str>) {
        let lines = d.requirements();
        let line = lines.iter().find(|l| l.id() == receiver && l.demand.needs == Some(need)).unwrap();
        (line.state, line.cure.map(|r| r.id))
    }

    const NOW: &str = "2026-06-10T12:00:00Z";

    #[test]
    fn lines_are_judged_from_the_message_and_name_their_cure() {
        let d = sample("unaligned", NOW);
        let (state, cure) = state_of(&d, "gmail-bulk", Need::Aligned);
        assert!(state == State::Fail && cure.is_some(), "{:#?}", d.requirements());
        assert_eq!(state_of(&d, "gmail", Need::SpfOrDkim).0, State::Pass);
        assert_eq!(state_of(&d, "gmail", Need::Portal), (State::Unknown, None));
        for id in [
            "gmail",
            "gmail-bulk",
            "yahoo",
            "yahoo-bulk",
            "microsoft-bulk",
            "icloud-bulk",
            "mail-ru-bulk",
            "yandex-bulk",
        ] {
            assert!(d.requirements().iter().any(|l| l.id() == id), "{id}");
        }
    }

    #[test]
    fn the_rate_of_complaints_is_known_where_it_is_stated() {
        let stated = |rate: &str| {
            let mut said = Said::default();
            said.sending.complaints = rate.parse().ok();
            of(crate::samples::find("unaligned").unwrap().evidence(NOW.parse().unwrap(), said))
        };
        let d = stated("0.2");
        let all = [("gmail", State::Pass), ("gmail-bulk", State::Fail), ("yahoo", State::Pass)];
        for (id, state) in all {
            assert_eq!(state_of(&d, id, Need::Portal).0, state, "{id}");
        }
        let high = stated("0.5");
        for (id, _) in all {
            assert_eq!(state_of(&high, id, Need::Portal), (State::Fail, Some("complaint-rate-high")), "{id}");
        }
    }

    #[test]
    fn of_mail_that_was_sent_on_spf_is_not_known() {
        let text = "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=example.com; dkim=pass header.d=example.com; dmarc=pass header.from=example.com\r\n\
            Received: from fwd.example.org (fwd.example.org [192.0.2.9]) by mx.example.net with ESMTPS id 2; Tue, 2 Jun 2026 10:00:05 +0000\r\n\
            X-Forwarded-For: ann@example.org bob@example.net\r\nX-Forwarded-To: bob@example.net\r\n\
            Received: from out.example.com (out.example.com [192.0.2.4]) by fwd.example.org with ESMTPS id 1; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
            From: ann@example.com\r\n";
        let input = |text: &str| crate::evidence::Input::read("-", text.as_bytes(), None).unwrap();
        let state = |text: &str| {
            let d = of(Evidence::new(input(text), Said::default(), NOW.parse().unwrap(), true));
            state_of(&d, "gmail-bulk", Need::Spf).0
        };
        assert_eq!(state(text), State::Unknown);
        let direct = "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=example.com\r\n\
            Received: from out.example.com (out.example.com [192.0.2.4]) by mx.example.net with ESMTPS id 1; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
            From: ann@example.com\r\n";
        assert_eq!(state(direct), State::Fail);
    }

    #[test]
    fn yahoo_takes_one_click_or_mailto() {
        let state = |fields: &str| {
            let text = format!("From: ann@example.com\r\nPrecedence: bulk\r\n{fields}");
            let input = crate::evidence::Input::read("-", text.as_bytes(), None).unwrap();
            let d = of(Evidence::new(input, Said::default(), NOW.parse().unwrap(), true));
            state_of(&d, "yahoo-bulk", Need::ListUnsubscribe).0
        };
        let post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
        assert_eq!(state(&format!("List-Unsubscribe: <https://example.com/u>\r\n{post}")), State::Pass);
        assert_eq!(state("List-Unsubscribe: <mailto:u@example.com>\r\n"), State::Pass);
        assert_eq!(state("List-Unsubscribe: <https://example.com/u>\r\n"), State::Fail);
        assert_eq!(state(&format!("List-Unsubscribe: <http://example.com/u>\r\n{post}")), State::Fail);
    }

    #[test]
    fn what_is_not_asked_for_yet_is_not_shown() {
        let before = sample("unaligned", "2025-05-04T12:00:00Z");
        assert!(!before.requirements().iter().any(|l| l.id() == "microsoft-bulk"));
        let after = sample("unaligned", "2025-05-05T12:00:00Z");
        assert!(after.requirements().iter().any(|l| l.id() == "microsoft-bulk"));
    }

    #[test]
    fn an_address_has_no_line_and_nothing_known_is_unknown() {
        let input = |text: &'static str| crate::evidence::Input::read("-", text.as_bytes(), None).unwrap();
        let offline = |text| of(Evidence::new(input(text), Said::default(), NOW.parse().unwrap(), true));
        assert!(offline("192.0.2.1").requirements().is_empty());
        let lines = offline("Subject: x\r\n").requirements();
        assert!(!lines.is_empty());
        assert!(lines.iter().all(|l| l.state == State::Unknown), "{lines:#?}");
    }
}
