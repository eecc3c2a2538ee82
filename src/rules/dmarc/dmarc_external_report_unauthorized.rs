use super::dmarc_rua_missing::not_seen;
use super::seen::Seen;
use super::{failure, seen};
use crate::evidence::{Outcome, Question};
use crate::facts::Facts;
use crate::facts::dmarc::uri;
use crate::facts::domain::reports::{Consent, Report};
use crate::facts::freemail;
use crate::remedy::{Change, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use std::collections::BTreeSet;

rule! {
    /// DMARC reports go to a domain that has not agreed to get them
    ///
    /// ## What we saw
    /// An address in rua or ruf belongs to another organization, and that one has not published the
    /// record by which it accepts reports about your domain.
    ///
    /// ## Why mail suffers
    /// Your mail does not, but the reports do: receivers send none to an address whose domain did not
    /// agree, so that nobody can be flooded with them. You see nothing, and think that all is well.
    ///
    /// ## How to fix it
    /// Whoever runs the domain of the address publishes a TXT record v=DMARC1 at the name shown. A report
    /// service does so when your domain is set up in your account there. Or use an address of your own domain.
    ///
    /// ## How to check
    /// Look the name up: a record that begins v=DMARC1 must answer. Reports arrive within a day or two.
    pub RULE = "dmarc-external-report-unauthorized", Dmarc, Medium, judge, ["RFC 9990 §4", "RFC 7489 §7.1"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.subject.is_none() {
        return Verdict::NotApplicable;
    }
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    let reports = &facts.domain.reports;
    if reports.is_empty() {
        return Verdict::NotApplicable;
    }
    let (mut findings, mut gaps, mut told) = (Vec::new(), Gaps::new(), BTreeSet::new());
    // No consent makes a reporter use another scheme (RFC 9989 §4.6): `dmarc-rua-missing` speaks of those.
    for report in reports.iter().filter(|r| uri::starts_with_mailto(&r.uri)) {
        match (&report.host, &report.consent) {
            (Some(host), Consent::Missing(question, outcome, texts)) if told.insert(host) => {
                findings.push(find(facts, &seen, host, question, *outcome, texts));
            }
            (Some(host), Consent::Unasked(question) | Consent::Failed(question, _)) => {
                gaps.push(Gap::dns(format!("Does {host} accept DMARC reports about {}?", seen.domain()), question));
            }
            _ => {}
        }
    }
    Verdict::of(findings, gaps)
}

fn find(facts: &Facts, seen: &Seen, host: &str, question: &Question, outcome: Outcome, texts: &[String]) -> Finding {
    let reports = &facts.domain.reports;
    let of_host = || reports.iter().filter(|r| r.host.as_deref() == Some(host));
    // Aggregate reports that go nowhere are what matters; failure reports hardly anybody sends.
    let arrives = |r: &Report| r.tag == "rua" && matches!(r.consent, Consent::Own | Consent::Given(_));
    let lost = of_host().any(|r| r.tag == "rua") && !reports.iter().any(arrives);
    let domain = seen.domain();
    let said = match outcome {
        Outcome::NxDomain => "no such name".to_owned(),
        _ if texts.is_empty() => "no TXT record".to_owned(),
        _ => texts.join(" | "),
    };
    let remedy = match freemail::provider(host) {
        Some(provider) => Remedy::new("Have the reports sent to an address of your own domain").step(format!(
            "{} accepts reports about nobody else's domain: create a mailbox at {domain}, or use a report service, and name that in the record.",
            provider.name
        )),
        None => {
            let after: Vec<&str> = texts.iter().map(String::as_str).chain(["v=DMARC1"]).collect();
            Remedy::new(format!("Have {host} publish that it accepts the reports"))
                .step(format!("The record below belongs into the zone of {host}: ask whoever runs it, or set {domain} up in your account there."))
                .step(format!("If {host} is none of your business any more, put an address of your own into the record instead."))
                .record(Change::txt(&question.name, texts, &after))
        }
    };
    Finding::new(&RULE, failure::title([
        format_args!("{host} has not agreed to get the reports of {domain}"),
        format_args!("{host} has not agreed to get the reports"),
        format_args!("The address for DMARC reports has not agreed to get them"),
    ]))
    .severity(if lost { Severity::Medium } else { Severity::Low })
    .sure(Confidence::Certain, "the name that would hold the consent was asked, and DNS answered")
    .explain(format!(
        "{} sends reports to {host}, another organization. Receivers ask {} whether it accepts them, find no record that begins v=DMARC1, and send none.{}",
        seen.called(),
        question.name,
        if lost { " No other address gets them." } else { " Other addresses still get theirs." }
    ))
    .exhibits(of_host().map(|r| seen.show(r.span, "reports go here")))
    .exhibit(Exhibit::dns(question, said, None, "no consent here"))
    .fix(remedy)
    .check(question.dig(), "a record that begins v=DMARC1")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;

    fn told(rua: &str, more: &str) -> Facts {
        let record = format!("_dmarc.example.com TXT \"v=DMARC1; p=none; rua={rua}\"");
        Case::domain("example.com").zone(&format!("{record}\n{more}")).facts()
    }

    #[test]
    fn a_service_that_has_not_agreed() {
        let finding = only(judge(&told("mailto:a@reports.test", "reports.test TXT x")));
        assert_eq!(finding.severity, Severity::Medium);
        let change = &finding.fix.unwrap().records[0];
        assert_eq!(change.name, "example.com._report._dmarc.reports.test");
        assert_eq!(texts(&change.after), ["v=DMARC1"]);
    }

    #[test]
    fn an_address_that_gets_them_makes_it_low() {
        let both = "mailto:a@reports.test,mailto:dmarc@mail.example.com";
        assert_eq!(only(judge(&told(both, ""))).severity, Severity::Low);
    }

    #[test]
    fn of_another_scheme_no_consent_is_asked() {
        assert!(matches!(judge(&told("https://reports.test/r", "reports.test TXT x")), Verdict::Pass));
    }

    #[test]
    fn a_mailbox_provider_never_agrees() {
        let fix = only(judge(&told("mailto:me@gmail.com", ""))).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("Gmail"), "{fix:?}");
    }

    #[test]
    fn pass_unknown_not_applicable() {
        let consent = "*._report._dmarc.reports.test TXT \"v=DMARC1\"";
        assert!(matches!(judge(&told("mailto:a@reports.test", consent)), Verdict::Pass));
        assert!(matches!(judge(&told("mailto:a@mail.example.com", "")), Verdict::Pass));
        for fault in ["SERVFAIL", "REFUSED", "TIMEOUT"] {
            let zone = format!("_dmarc.reports.test {fault}");
            assert!(matches!(judge(&told("mailto:a@reports.test", &zone)), Verdict::Unknown(_)), "{fault}");
        }
        assert!(matches!(judge(&Case::domain("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::domain("example.com").zone("").facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::NotApplicable));
    }
}
