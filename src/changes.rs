//! What changed between two runs of a case: findings gone, new and same; answers that differ.

use crate::diagnose::Diagnosis;
use crate::evidence::{Answer, Outcome, Question};
use crate::rules::{Finding, Severity};
use std::collections::BTreeSet;

/// The difference. Two runs of the same version differ by exactly the evidence that changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub gone: Vec<Told>,
    pub new: Vec<Told>,
    /// In both, as the later run tells them.
    pub same: Vec<Told>,
    pub answers: Vec<Changed>,
}

/// A finding, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub rule: &'static str,
    pub severity: Severity,
    pub title: String,
}

/// A question that was asked both times, with different answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub question: Question,
    pub before: Answered,
    pub after: Answered,
}

/// What is compared of an answer: a TTL only counts down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub outcome: Outcome,
    /// Presentation form.
    pub records: BTreeSet<String>,
}

impl Changes {
    /// From an earlier run to a later one.
    pub fn between(before: &Diagnosis, after: &Diagnosis) -> Changes {
        let mut old: Vec<&Finding> = before.every_finding().collect();
        let mut new: Vec<&Finding> = after.every_finding().collect();
        let mut same = Vec::new();
        // First those that say the very same, then those of which only a number or a name changed.
        for exact in [true, false] {
            let mut rest = Vec::new();
            for finding in new {
                let is = |o: &&Finding| o.rule.id == finding.rule.id && (!exact || o.title == finding.title);
                match old.iter().position(is) {
                    Some(at) => {
                        old.remove(at);
                        same.push(Told::of(finding));
                    }
                    None => rest.push(finding),
                }
            }
            new = rest;
        }
        let told = |findings: Vec<&Finding>| findings.into_iter().map(Told::of).collect();
        Changes { gone: told(old), new: told(new), same, answers: answers(before, after) }
    }

    /// Nothing to speak of.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty() && self.answers.is_empty()
    }

    /// `2 findings gone, 1 new, 3 as before; 1 answer changed`
    pub fn summary(&self) -> String {
        let count = |n: usize| if n == 1 { "1 finding".to_owned() } else { format!("{n} findings") };
        let answers = match self.answers.len() {
            0 => "DNS answers as before".to_owned(),
            1 => "1 DNS answer changed".to_owned(),
            n => format!("{n} DNS answers changed"),
        };
        format!("{} gone, {} new, {} as before; {answers}", count(self.gone.len()), self.new.len(), self.same.len())
    }
}

impl Told {
    fn of(finding: &Finding) -> Told {
        Told { rule: finding.rule.id, severity: finding.severity, title: finding.title.clone() }
    }
}

fn answers(before: &Diagnosis, after: &Diagnosis) -> Vec<Changed> {
    let old = &before.facts.evidence.answers;
    let both = after.facts.evidence.answers.iter().filter_map(|(q, new)| Some((q, old.get(q)?, new)));
    let changed = both.filter_map(|(question, old, new)| {
        let (before, after) = (Answered::of(old), Answered::of(new));
        (before != after).then(|| Changed { question: question.clone(), before, after })
    });
    changed.collect()
}

impl Answered {
    pub fn of(answer: &Answer) -> Answered {
        // Signatures are made anew again and again.
        let lasting = answer.records.iter().filter(|r| !matches!(r.data, crate::evidence::Data::Rrsig { .. }));
        let records = lasting.map(|r| r.data.to_string()).collect();
        Answered { outcome: answer.outcome, records }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Kind, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn run(zone: &str) -> Diagnosis {
        let input = Input::read("example.com", *b"example.com", Some(InputKind::Domain)).unwrap();
        let evidence = Evidence::new(input, Said::default(), "2026-05-12T14:02:00Z".parse().unwrap(), false);
        let evidence = Arc::new(crate::samples::settle(evidence, &Zone::parse(zone).unwrap()));
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        crate::diagnose::diagnose(evidence, reading)
    }

    const BASE: &str = "example.com NS ns1.dns.example\nexample.com MX 10 mx.example.com\nmx.example.com A 192.0.2.5\n";

    #[test]
    fn a_record_that_was_published_takes_its_finding_along() {
        let before = run(&[BASE, "example.com TXT \"v=spf1 -all\""].concat());
        let after =
            run(&[BASE, "example.com TXT \"v=spf1 -all\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\""].concat());
        let changes = Changes::between(&before, &after);
        assert_eq!(changes.gone.iter().map(|t| t.rule).collect::<Vec<_>>(), ["dmarc-missing"]);
        assert!(changes.new.iter().all(|t| t.rule.starts_with("dmarc-")), "{:?}", changes.new);
        let dmarc =
            changes.answers.iter().find(|c| c.question == Question::new("_dmarc.example.com", Kind::Txt)).unwrap();
        assert_eq!((dmarc.before.outcome, dmarc.after.outcome), (Outcome::NxDomain, Outcome::Records));
        assert!(dmarc.after.records.contains("\"v=DMARC1; p=none\""));
    }

    #[test]
    fn the_same_evidence_changes_nothing() {
        let one = run(BASE);
        let changes = Changes::between(&one, &run(BASE));
        assert!(changes.is_empty() && !changes.same.is_empty());
        assert!(changes.summary().ends_with("DNS answers as before"), "{}", changes.summary());
    }

    #[test]
    fn an_answer_that_failed_has_changed_and_a_ttl_has_not() {
        let before = run(&[BASE, "example.com 300 TXT x"].concat());
        let after = run(&[BASE, "example.com 200 TXT x"].concat());
        assert!(Changes::between(&before, &after).answers.is_empty());
        let after = run(&[BASE, "example.com TXT x\n_dmarc.example.com TIMEOUT"].concat());
        let changes = Changes::between(&before, &after);
        assert!(changes.answers.iter().any(|c| c.after.outcome == Outcome::Timeout));
    }
}
