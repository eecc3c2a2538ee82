use super::shown;
use crate::evidence::{Data, Kind, Question};
use crate::facts::Facts;
use crate::facts::dmarc::Policy;
use crate::facts::mail_hosts::Reception;
use crate::facts::spf::record::{Mechanism, Qualifier, Record};
use crate::facts::spf::{Published, Whose};
use crate::remedy::{self, Change, Remedy, TTL, dmarc::Edit};
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// A domain that sends no mail lets others send in its name
    ///
    /// ## What we saw
    /// The domain is said to send no mail, or looks so: it takes none either, and its SPF record, if there is one, lists no
    /// sender. Yet it does not say so in a way that receivers act upon.
    ///
    /// ## Why mail suffers
    /// Forgers like such domains: nobody watches them, and receivers find nothing that tells them to refuse. The bad name
    /// spreads to the owner's other domains.
    ///
    /// ## How to fix it
    /// Publish `v=spf1 -all`, a DMARC record with `p=reject`, and, if the domain takes no mail either, a null MX
    /// (`0 .`). Keys for DKIM have no place there; a wildcard `*._domainkey` with an empty `p=` revokes them all.
    ///
    /// ## How to check
    /// Check the domain again and say that it sends no mail (`--non-sending`).
    pub RULE = "non-sending-domain-open", Dns, Medium, judge,
    ["RFC 7208 §10.1.2", "RFC 7505", "RFC 9989 §4.7", "M3AAWG: Protecting Parked Domains"]
}

fn judge(facts: &Facts) -> Verdict {
    let said = facts.evidence.said.check.non_sending;
    let domain = facts.reading.subject.as_ref().and_then(|s| s.domain());
    let Some(domain) = domain.filter(|_| said || facts.domain.mx.is_some()) else { return Verdict::NotApplicable };
    let spf = facts.spf_published.iter().find(|p| p.whose == Whose::From && p.domain == domain);
    let Some(spf) = spf else { return Verdict::NotApplicable };
    let (looks, mut gaps) = match silent(facts, domain, spf) {
        Ok(looks) => (looks, Gaps::new()),
        Err(gap) => (false, smallvec::smallvec![gap]),
    };
    if !said && !looks {
        return if gaps.is_empty() { Verdict::NotApplicable } else { Verdict::Unknown(gaps) };
    }
    let mut open = Open { facts, domain, faults: Vec::new(), records: Vec::new(), deaf: None };
    open.spf(spf);
    gaps.extend(open.dmarc());
    open.mx();
    open.keys();
    match open.faults.is_empty() {
        true => Verdict::of(Vec::new(), gaps),
        false => open.finding(said, declared(facts, spf)).into(),
    }
}

/// It takes no mail on purpose: you said so, or it declares it.
pub(super) fn is_silent(facts: &Facts) -> bool {
    let spf = || facts.spf_published.iter().find(|p| p.whose == Whose::From);
    let checked = facts.reading.subject.is_some();
    checked && (facts.evidence.said.check.non_sending || spf().is_some_and(|spf| declared(facts, spf)))
}

/// Does it look like a domain that sends nothing: it takes no mail, and SPF lists nobody?
fn silent(facts: &Facts, domain: &str, spf: &Published) -> Result<bool, Gap> {
    let question = |kind| Question::new(domain, kind);
    let gap = |q: &Question| Gap::dns(format!("Does {domain} send mail?"), q);
    let Some(at) = facts.mail_hosts.iter().find(|m| m.domain == domain) else { return Ok(false) };
    let takes = match &at.reception {
        Reception::Unasked(q) | Reception::Failed(q) => return Err(gap(q)),
        // A domain that does not exist has nothing to publish.
        Reception::NoSuchName => return Ok(false),
        Reception::Nowhere | Reception::Null => false,
        Reception::Implicit | Reception::Servers(_) => true,
    };
    match spf.outcome {
        None => Err(gap(&question(Kind::Txt))),
        Some(outcome) if outcome.failed() => Err(gap(&question(Kind::Txt))),
        Some(_) if takes => Ok(false),
        Some(_) => {
            let texts: Vec<&str> = spf.records.iter().map(|r| r.text.as_str()).collect();
            // Without a record or a null MX nothing speaks for either: it may be set up badly.
            let null = at.reception == Reception::Null;
            Ok(spf.almost.is_empty() && if texts.is_empty() { null } else { texts.iter().all(|t| nobody(t)) })
        }
    }
}

/// What to do where the domain turns out to be parked: it has no MX, no SPF, no key, and no policy that is enforced, so it
/// may be set up badly, or be meant to send nothing.
pub fn if_parked(facts: &Facts) -> Option<String> {
    let domain = facts.reading.subject.as_ref().and_then(|s| s.domain())?;
    let enforced = facts.dmarc.effective.is_some_and(|(policy, _)| policy > Policy::None);
    if facts.evidence.said.check.non_sending || enforced {
        return None;
    }
    let at = facts.mail_hosts.iter().find(|m| m.domain == domain)?;
    let spf = facts.spf_published.iter().find(|p| p.whose == Whose::From && p.domain == domain)?;
    let deaf = matches!(at.reception, Reception::Nowhere | Reception::Implicit);
    let unlisted = spf.outcome.is_some_and(|o| !o.failed()) && spf.records.is_empty() && spf.almost.is_empty();
    (deaf && unlisted && live_key(facts, domain).is_none()).then(|| {
        format!(
            "If {domain} sends no mail at all, it needs other records, which refuse what is forged (v=spf1 -all, p=reject): postdoc check {domain} --non-sending shows them."
        )
    })
}

/// Null MX and an SPF record that lets nobody send together are a declaration.
fn declared(facts: &Facts, spf: &Published) -> bool {
    let at = facts.mail_hosts.iter().find(|m| m.domain == spf.domain);
    let null = at.is_some_and(|m| m.reception == Reception::Null);
    null && matches!(&spf.records[..], [one] if nobody(&one.text))
}

/// A record that lets nobody send.
fn nobody(text: &str) -> bool {
    let Some(record) = Record::parse(text.as_bytes()) else { return false };
    let lets = record.directives().any(|(_, d)| {
        let all = d.mechanism == Mechanism::All;
        !all || !matches!(d.qualifier, Qualifier::Fail | Qualifier::SoftFail)
    });
    !record.broken && !lets && record.redirect().is_none() && record.all().is_some()
}

/// A key with which someone could still sign.
fn live_key(facts: &Facts, domain: &str) -> Option<Question> {
    let below = format!("._domainkey.{domain}");
    let answers = facts.evidence.answers.iter().filter(|(q, _)| q.kind == Kind::Txt && q.name.ends_with(&below));
    let live = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let value = text
            .split(';')
            .filter_map(|t| t.split_once('='))
            .find(|(n, _)| n.trim() == "p")
            .map(|(_, v)| v.trim().len());
        value.is_some_and(|length| length > 0)
    };
    answers.filter(|(_, a)| a.texts().any(|t| live(&t))).map(|(q, _)| q.clone()).next()
}

/// What is left open.
struct Open<'f> {
    facts: &'f Facts,
    domain: &'f str,
    faults: Vec<(String, Exhibit)>,
    records: Vec<Change>,
    /// No null MX says that it takes no mail: whether nobody can write there anyway, for it has no address either.
    deaf: Option<bool>,
}

impl Open<'_> {
    fn fault(&mut self, what: &str, question: &Question) {
        self.faults.push((what.to_owned(), shown::exhibit(self.facts, question, what.to_owned())));
    }

    fn spf(&mut self, spf: &Published) {
        let question = Question::new(self.domain, Kind::Txt);
        if spf.outcome.is_none_or(|o| o.failed()) {
            return;
        }
        let closed = |text: &str| nobody(text) && text.trim_end().to_ascii_lowercase().ends_with(" -all");
        let what = match &spf.records[..] {
            [one] if closed(&one.text) => return,
            [] => "there is no SPF record",
            [_] => "SPF does not refuse every sender",
            _ => "there is more than one SPF record",
        };
        self.fault(what, &question);
        let old: Vec<&str> = spf.records.iter().chain(&spf.almost).map(|r| r.text.as_str()).collect();
        let is_old = |text: &[u8]| old.iter().any(|o| o.as_bytes() == text);
        self.records.extend(remedy::spf::change(
            &self.facts.evidence.answers,
            self.domain,
            is_old,
            Some("v=spf1 -all"),
        ));
    }

    /// What cannot be told about DMARC is a gap.
    fn dmarc(&mut self) -> Option<Gap> {
        let dmarc = &self.facts.dmarc;
        if let Some((Policy::Reject, _)) = dmarc.effective {
            return None;
        }
        let own = dmarc.steps.first()?;
        if dmarc.effective.is_none() && !dmarc.is_absent() {
            let open = dmarc.steps.iter().find(|s| !s.answered()).map(|s| s.question());
            return open.map(|q| Gap::dns(format!("Does DMARC refuse mail from {}?", self.domain), q));
        }
        let what = if dmarc.is_absent() { "there is no DMARC policy" } else { "the DMARC policy is not reject" };
        let (name, text) = (own.name(), own.record().map(|r| r.text.clone()));
        self.fault(what, own.question());
        let mut edit = Edit::of(text.as_deref().unwrap_or_default());
        edit.set("p", "reject");
        for milder in ["sp", "np", "pct", "t"] {
            edit.remove(milder);
        }
        let before: Vec<String> = own.records.iter().map(|r| r.text.clone()).collect();
        let is_old = |text: &[u8]| before.iter().any(|b| b.as_bytes() == text);
        self.records.extend(remedy::spf::change(&self.facts.evidence.answers, name, is_old, Some(&edit.text())));
        None
    }

    /// A domain that sends nothing may still take mail; only one that does neither needs the null MX. Behind an address without
    /// an MX the owner knows.
    fn mx(&mut self) {
        let Some(mx) = &self.facts.domain.mx else { return };
        let at = self.facts.mail_hosts.iter().find(|m| m.domain == self.domain);
        self.deaf = match at.map(|m| &m.reception) {
            Some(Reception::Nowhere) => Some(true),
            Some(Reception::Implicit) => Some(false),
            _ => return,
        };
        self.fault("no null MX says that it takes no mail", &mx.asked.question);
        if self.deaf == Some(true) {
            let after = vec![Data::Mx { preference: 0, exchange: String::new() }];
            self.records.push(Change { name: self.domain.to_owned(), kind: Kind::Mx, ttl: TTL, before: vec![], after });
        }
    }

    fn keys(&mut self) {
        if let Some(question) = live_key(self.facts, self.domain) {
            self.fault("there is a DKIM key", &question);
        }
    }

    fn finding(self, said: bool, declared: bool) -> Finding {
        let clauses: Vec<String> = self.faults.iter().map(|(what, _)| what.clone()).collect();
        let (confidence, because, title) = match said {
            _ if !said && declared => (
                Confidence::Likely,
                "it takes no mail by null MX, and SPF lets nobody send",
                "sends no mail and does not say all of it",
            ),
            true => {
                (Confidence::Certain, "you said that the domain sends no mail", "sends no mail and does not say so")
            }
            false => (
                Confidence::Possible,
                "it takes no mail and SPF lists no sender, so it seems to send none",
                "seems to send no mail and does not say so",
            ),
        };
        let only_deaf = self.deaf.is_some() && clauses.len() == 1;
        let title = if only_deaf { "does not say that it takes no mail" } else { title };
        let keys = clauses.iter().any(|c| c.contains("DKIM"));
        let mut fix = Remedy::new("Say in DNS that the domain sends no mail.");
        if keys {
            fix = fix.step("Delete the DKIM keys, or leave them with an empty p=, which revokes them.");
        }
        if self.deaf == Some(false) {
            fix = fix.step(format!(
                "It has no MX, so senders try its own address. If nobody is to write to it: {} MX 0 . (a null MX).",
                self.domain
            ));
        }
        for change in self.records {
            // A guess must not compete with the careful record that other findings propose.
            match said || declared || !change.name.starts_with("_dmarc.") {
                true => fix = fix.record(change),
                false => fix = fix.step("If it really sends none: a DMARC record with p=reject."),
            }
        }
        let finding = Finding::new(&RULE, format!("{} {title}", short(self.domain)))
            .severity(match said || declared {
                _ if only_deaf && self.deaf == Some(false) => Severity::Info,
                true => Severity::Medium,
                false => Severity::Low,
            })
            .sure(confidence, because)
            .explain(match only_deaf {
                true => format!(
                    "{} sends no mail, and {}: bounces of forged mail are still tried there.",
                    self.domain, clauses[0]
                ),
                false => format!(
                    "Receivers have nothing that tells them to refuse mail in the name of {}: {}.",
                    self.domain,
                    shown::listed(&clauses, 4)
                ),
            })
            .exhibits(self.faults.into_iter().map(|(_, exhibit)| exhibit))
            .fix(fix)
            .check(command!("postdoc check {} --non-sending", self.domain), "nothing found");
        match (said || declared) && !only_deaf {
            true => finding.leads_to(&[
                "spf-missing",
                "spf-neutral-or-no-all",
                "spf-multiple-records",
                "dmarc-missing",
                "dmarc-policy-none",
                "dmarc-rua-missing",
                "dkim-missing",
            ]),
            false => finding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts_said, judge_said};
    use super::*;
    use crate::evidence::Said;

    fn said() -> Said {
        let mut said = Said::default();
        said.check.non_sending = true;
        said
    }

    fn one(zone: &str, said: Said) -> Finding {
        match judge_said(&RULE, "example.com", zone, said) {
            Verdict::Found(mut all) if all.len() == 1 => all.remove(0),
            other => panic!("{other:?}"),
        }
    }

    const CLOSED: &str =
        "example.com TXT \"v=spf1 -all\"\n_dmarc.example.com TXT \"v=DMARC1; p=reject\"\nexample.com MX 0 .\n";

    #[test]
    fn a_bare_domain_that_is_said_to_be_silent_gets_all_three() {
        let finding = one("example.com A 192.0.2.1\nexample.com TXT \"note\"", said());
        assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Certain));
        let records = finding.fix.unwrap().records;
        assert_eq!(
            records.iter().map(|r| (r.name.as_str(), r.kind)).collect::<Vec<_>>(),
            [("example.com", Kind::Txt), ("_dmarc.example.com", Kind::Txt)]
        );
        assert_eq!(records[0].after.len(), 2, "what else stands there stays");
        let nowhere = one("example.com TXT \"v=spf1 -all\"\n_dmarc.example.com TXT \"v=DMARC1; p=reject\"", said());
        assert_eq!(nowhere.fix.unwrap().records[0].after, [Data::Mx { preference: 0, exchange: String::new() }]);
    }

    #[test]
    fn a_website_alone_is_told_of_the_null_mx() {
        let zone = CLOSED.replace("example.com MX 0 .", "example.com A 192.0.2.1");
        let finding = one(&zone, said());
        assert_eq!(
            (finding.severity, &*finding.title),
            (Severity::Info, "example.com does not say that it takes no mail")
        );
        assert!(finding.leads_to.is_empty(), "nothing else comes of it");
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("example.com MX 0 ."), "{fix:?}");
    }

    #[test]
    fn one_that_looks_silent_is_a_hint() {
        let finding = one("example.com MX 0 .\nexample.com TXT \"v=spf1 -all\"", Said::default());
        assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Likely));
        assert!(finding.leads_to.contains(&"dmarc-missing"));
        let guess = one("example.com MX 0 .", Said::default());
        assert_eq!((guess.severity, guess.confidence), (Severity::Low, Confidence::Possible));
        assert!(guess.fix.unwrap().records.iter().all(|r| r.name == "example.com"));
        let weak = one(&CLOSED.replace("reject", "none"), Said::default());
        assert_eq!(weak.fix.unwrap().records[0].after, [remedy::text("v=DMARC1; p=reject")]);
    }

    #[test]
    fn a_domain_without_anything_may_be_parked() {
        let said_of = |zone: &str, said: Said| if_parked(&facts_said("example.com", zone, said));
        for zone in [
            "example.com A 192.0.2.1",
            "example.com TXT \"note\"",
            "example.com A 192.0.2.1\n_dmarc.example.com TXT \"v=DMARC1; p=none\"",
        ] {
            assert!(said_of(zone, Said::default()).unwrap().contains("--non-sending"), "{zone}");
            assert_eq!(said_of(zone, said()), None);
        }
        for zone in [
            "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1",
            "example.com TXT \"v=spf1 a -all\"",
            "example.com A 192.0.2.1\n_dmarc.example.com TXT \"v=DMARC1; p=reject\"",
            "example.com A 192.0.2.1\ndefault._domainkey.example.com TXT \"v=DKIM1; p=abcd\"",
            "example.com TIMEOUT",
            "",
        ] {
            assert_eq!(said_of(zone, Said::default()), None, "{zone}");
        }
    }

    #[test]
    fn it_passes_does_not_apply_and_waits() {
        assert!(matches!(judge_said(&RULE, "example.com", CLOSED, said()), Verdict::Pass));
        assert!(matches!(judge_said(&RULE, "example.com", CLOSED, Said::default()), Verdict::Pass));
        let sends = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\nexample.com TXT \"v=spf1 mx -all\"";
        assert!(matches!(judge_said(&RULE, "example.com", sends, Said::default()), Verdict::NotApplicable));
        assert!(matches!(judge_said(&RULE, "example.com", "", Said::default()), Verdict::NotApplicable));
        assert!(matches!(
            judge_said(&RULE, "example.com", "example.com TIMEOUT", Said::default()),
            Verdict::Unknown(_)
        ));
        let waits = format!("{}_dmarc.example.com SERVFAIL", CLOSED.replace("_dmarc", "x"));
        assert!(matches!(judge_said(&RULE, "example.com", &waits, said()), Verdict::Unknown(_)));
    }
}
