//! Built-in examples, one per classic failure: a header block and the invented DNS it lives in.

use crate::diagnose::judge;
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, Said};
use crate::facts::{Facts, Reading};
use crate::replay;
use std::sync::Arc;

/// One example.
pub struct Sample {
    /// For `--sample`.
    pub name: &'static str,
    /// One line for the list.
    pub title: &'static str,
    pub text: &'static str,
    zone: &'static str,
}

macro_rules! samples {
    ($($name:literal: $title:literal),+ $(,)?) => {
        &[$(Sample {
            name: $name,
            title: $title,
            text: include_str!(concat!("../assets/samples/", $name, ".eml")),
            zone: include_str!(concat!("../assets/samples/", $name, ".zone")),
        }),+]
    };
}

/// Every example, the most frequent failure first.
pub fn all() -> &'static [Sample] {
    samples! {
        "unaligned": "SPF and DKIM pass, DMARC fails: they vouch for somebody else",
        "no-key": "DKIM fails: the key the signature names is not in DNS",
        "two-spf": "SPF permerror: two SPF records on one name",
        "wrong-server": "SPF softfail: the sending server is not in the record",
        "forwarded": "Forwarded: SPF fails, DKIM saves the day",
        "list": "A mailing list added a footer: DKIM body hash fails",
        "microsoft-junk": "Everything passes and Outlook still files it as junk",
    }
}

/// The example of this name.
pub fn find(name: &str) -> Option<&'static Sample> {
    all().iter().find(|s| s.name == name)
}

impl Sample {
    /// The example with every answer its world gives: nothing is left to ask.
    pub fn evidence(&self, now: jiff::Timestamp, said: Said) -> Evidence {
        // Shipped text: a test reads every one.
        let zone = Zone::parse(self.zone).unwrap_or_default();
        let input = Input::read(&format!("sample {}", self.name), self.text.as_bytes(), None)
            .unwrap_or_else(|refusal| Input::unreadable(self.name, &refusal));
        let evidence = Evidence::new(input, said, now, false);
        settle(evidence, &zone)
    }
}

/// Lets a world answer everything a diagnosis wants to know.
pub fn settle(mut evidence: Evidence, zone: &Zone) -> Evidence {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    // As many rounds as chains can be long; each answers all open questions.
    for _ in 0..32 {
        let facts = Facts::gather(Arc::new(evidence.clone()), reading.clone());
        let missing = match facts.missing.is_empty() {
            true => replay::prove(judge(facts)).questions,
            false => facts.missing,
        };
        if missing.is_empty() {
            break;
        }
        evidence.answers.extend(missing.into_iter().map(|q| {
            let answer = zone.answer(&q, evidence.now);
            (q, answer)
        }));
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_reads_and_leaves_nothing_open() {
        for sample in all() {
            Zone::parse(sample.zone).unwrap_or_else(|e| panic!("{}: {e}", sample.name));
            let evidence = sample.evidence(jiff::Timestamp::UNIX_EPOCH, Said::default());
            assert!(!evidence.answers.is_empty(), "{}", sample.name);
            let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
            let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
            assert!(diagnosis.open_questions().is_empty(), "{}: {:?}", sample.name, diagnosis.open_questions());
        }
    }
}
