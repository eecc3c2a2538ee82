use super::subject::shortened;
use crate::evidence::{Kind, Outcome, Question};
use crate::facts::Facts;
use crate::facts::dkim::{Key, KeyRecord, KeyState, PublicKey};
use crate::facts::domain::wildcard::Wildcard;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// Names that nobody uses are answered with a text
    ///
    /// ## What we saw
    /// A selector, or a name below the domain, that was made up for this question has a TXT record all the same: a
    /// wildcard (`*`) answers for every name that is not there.
    ///
    /// ## Why mail suffers
    /// Every selector looks published, and a typing mistake in one is not noticed: verifiers get a text that is not the
    /// key. Names that do not exist get an SPF or DMARC answer by accident.
    ///
    /// ## How to fix it
    /// Remove the wildcard, or make its name as long as it has to be. A domain that sends no mail may keep one with an
    /// empty key (`p=`), or with `v=spf1 -all`, on purpose.
    ///
    /// ## How to check
    /// Query the made-up name: it must not exist.
    pub RULE = "wildcard-answers", Dkim, Medium, judge,
    ["RFC 4592 §2.1", "RFC 6376 §3.6.2"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.subject.is_none() {
        return Verdict::NotApplicable;
    }
    let (mut findings, mut gaps, mut seen) = (Vec::new(), Gaps::new(), false);
    if let Some(wildcard) = &facts.domain.wildcard {
        seen = true;
        match wildcard.outcome {
            Some(outcome) if !outcome.failed() => findings.extend(of_names(wildcard)),
            _ => gaps.push(gap(&wildcard.question)),
        }
    }
    if let Some(key) = &facts.domain.keys.unused {
        seen = true;
        match &key.state {
            KeyState::Found(records) if !of_everything(facts, records) => findings.extend(of_selectors(key, records)),
            KeyState::Found(_) | KeyState::Missing(_) => {}
            KeyState::Unasked(_) | KeyState::Failed(_) => gaps.push(gap(&Question::new(&key.name, Kind::Txt))),
        }
    }
    if seen { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

fn gap(question: &Question) -> Gap {
    Gap::dns("Does a wildcard answer for names that nobody uses?", question)
}

/// The wildcard right below the domain answers for selectors too: one finding is enough.
fn of_everything(facts: &Facts, records: &[KeyRecord]) -> bool {
    let texts: Vec<&str> = records.iter().map(|r| r.text.as_str()).collect();
    facts.domain.wildcard.as_ref().is_some_and(|w| w.outcome == Some(Outcome::Records) && w.texts == texts)
}

fn of_selectors(key: &Key, records: &[KeyRecord]) -> Option<Finding> {
    // On purpose: no selector is valid (M3AAWG, parked domains).
    if records.iter().all(|r| r.public == PublicKey::Revoked) {
        return None;
    }
    let domain = key.name.split_once("._domainkey.").map_or("", |(_, d)| d);
    Some(finding(
        &Question::new(&key.name, Kind::Txt),
        &records.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join(" | "),
        format!("Any selector of {} is answered", shortened(domain, 36)),
        format!(
            "The selector in {} was made up, and it has a text. Any selector does, so a mistyped one looks published, and signatures with it fail.",
            key.name
        ),
        &format!("*._domainkey.{domain}"),
        Severity::Medium,
    ))
}

fn of_names(wildcard: &Wildcard) -> Option<Finding> {
    let silent = |t: &String| t.trim().eq_ignore_ascii_case("v=spf1 -all");
    if wildcard.texts.iter().all(silent) {
        return None;
    }
    let domain = wildcard.question.name.split_once('.').map_or("", |(_, d)| d);
    let spf = wildcard.texts.iter().any(|t| t.trim_start().to_ascii_lowercase().starts_with("v=spf1"));
    let effect =
        if spf { " Among the answers is an SPF record, so that names you never set up can pass SPF." } else { "" };
    Some(finding(
        &wildcard.question,
        &wildcard.texts.join(" | "),
        format!("Any name below {} has a TXT record", shortened(domain, 36)),
        format!(
            "The name {} was made up, and it has a TXT record. Any name below {domain} that is not there has.{effect}",
            wildcard.question.name
        ),
        &format!("*.{domain}"),
        if spf { Severity::Medium } else { Severity::Low },
    ))
}

fn finding(question: &Question, text: &str, title: String, why: String, star: &str, severity: Severity) -> Finding {
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Likely, "a made-up name was answered")
        .explain(why)
        .exhibit(Exhibit::dns(question, text, None, "nobody uses this name"))
        .fix(
            Remedy::new(format!("Remove the TXT record of {star}, or its CNAME"))
                .step(format!("In the zone it is the entry {star}, or one further up. Give the names that need the text a record of their own first.")),
        )
        .check(question.dig(), "no answer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    fn told(zone: &str) -> Case {
        Case::domain("example.com").zone(zone)
    }

    #[test]
    fn a_wildcard_of_selectors_and_one_of_all_names() {
        let found = told(&format!("*._domainkey.example.com TXT \"v=DKIM1; p={RSA_1024}\"")).finding(&RULE);
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Medium, "Any selector of example.com is answered")
        );
        let found = told("*.example.com TXT \"hello\"").finding(&RULE);
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Low, "Any name below example.com has a TXT record")
        );
        assert_eq!(told("*.example.com TXT \"v=spf1 mx ~all\"").finding(&RULE).severity, Severity::Medium);
    }

    #[test]
    fn what_a_silent_domain_publishes_on_purpose_passes() {
        let parked = "*._domainkey.example.com TXT \"v=DKIM1; p=\"\n*.example.com TXT \"v=spf1 -all\"";
        assert!(matches!(told(parked).judge(&RULE), Verdict::Pass));
        assert!(matches!(told("").judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn unknown_and_not_applicable() {
        for fault in ["SERVFAIL", "REFUSED", "TIMEOUT"] {
            assert!(matches!(told(&format!("example.com {fault}")).judge(&RULE), Verdict::Unknown(_)), "{fault}");
        }
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::NotApplicable));
    }
}
