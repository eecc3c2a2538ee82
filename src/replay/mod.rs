//! What if: a fix is laid over the answers at hand, and the same engine looks at the same message again.
//!
//! Pure, like the engine: a case proves its fixes offline, to the same bytes. What the replay would have to
//! ask is named, so that `world` can ask it.

mod conflict;
pub mod edit;
mod lint;
pub mod own;
mod plan;
mod trial;

use crate::diagnose::{Diagnosis, judge};
use crate::evidence::{Errand, Evidence, Input, Question};
use crate::facts::{Facts, Reading, again};
use crate::remedy::Change;
use crate::remedy::overlay::Overlay;
use crate::rules::{Finding, Proof};
pub use lint::faults;
pub use plan::{Plan, plan};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fixes of one diagnosis that are tried; a message with more faults is none.
const TRIALS: usize = 40;

/// How often answers that follow from the changes may open further questions.
const ROUNDS: usize = 8;

/// The diagnosis as it would be.
#[derive(Clone, Debug)]
pub struct Replay {
    pub after: Diagnosis,
    /// What was not asked until now and would have to be.
    pub questions: Vec<Question>,
    pub errands: Vec<Errand>,
}

/// A diagnosis with every fix tried.
#[derive(Clone, Debug)]
pub struct Proved {
    pub diagnosis: Diagnosis,
    /// What the trials, and the view of the zone's own servers, would have to ask to come to an end.
    pub questions: Vec<Question>,
}

/// Tries the fix of every finding, each by itself. Records that turn out wrong are dropped.
pub fn prove(mut diagnosis: Diagnosis) -> Proved {
    let mut left = TRIALS;
    let mut tried = |finding: &Finding| {
        left = left.checked_sub(usize::from(finding.fix.as_ref().is_some_and(|fix| !fix.records.is_empty())))?;
        trial::run(&diagnosis, finding)
    };
    let trials: Vec<_> = diagnosis.every_finding().map(&mut tried).collect();
    let mut questions = own::questions(&diagnosis);
    let mut trials = trials.into_iter().map(|trial| {
        trial.map(|t| {
            questions.extend(t.questions);
            t.proof
        })
    });
    for finding in &mut diagnosis.findings {
        settle(finding, trials.next().flatten());
        for consequence in &mut finding.consequences {
            settle(consequence, trials.next().flatten());
        }
    }
    drop(trials);
    Proved { diagnosis, questions: questions.into_iter().collect() }
}

fn settle(finding: &mut Finding, proof: Option<Proof>) {
    if let (Some(Proof::Disproven { .. }), Some(fix)) = (&proof, &mut finding.fix) {
        fix.records.clear();
        fix.blanks.clear();
        fix.upkeep = None;
    }
    finding.proof = proof;
}

/// What the same engine says with these changes published, and, where `signed` names a domain, with a good signature
/// of it. What the message was diagnosed from stays: its bytes, what the user said, what errands brought; but a filter
/// that judged it would have to judge anew. A pasted record is replaced by what becomes of it.
pub fn replay(before: &Diagnosis, changes: &[Change], signed: Option<&str>) -> Replay {
    let facts = &before.facts;
    let overlay = Overlay::new(&facts.evidence.answers, changes);
    let repasted = repasted(facts, changes);
    let mut evidence = Evidence { answers: overlay.all(), ..Evidence::clone(&facts.evidence) };
    let differs = !changes.is_empty() || signed.is_some();
    evidence.fetched.retain(|errand, _| !(differs && errand.judges_message()));
    let mut pasted = None;
    if let Some(input) = repasted {
        pasted = Some(Arc::new(Reading::read(&input, &evidence.said)));
        evidence.input = Arc::new(input);
    }
    let gather = |evidence: Arc<Evidence>| match &pasted {
        Some(reading) => Facts::gather(evidence, reading.clone()),
        None => again::received(evidence, facts, signed),
    };
    let mut now = gather(Arc::new(evidence.clone()));
    let mut questions = BTreeSet::new();
    for _ in 0..ROUNDS {
        let known = evidence.answers.len();
        for question in &now.missing {
            match overlay.answer(question) {
                Ok(answer) => drop(evidence.answers.insert(question.clone(), answer)),
                Err(asked) => drop(questions.insert(asked)),
            }
        }
        if evidence.answers.len() == known {
            break;
        }
        now = gather(Arc::new(evidence.clone()));
    }
    // What is open anyway is no matter of the fix.
    questions.retain(|q| !facts.missing.contains(q));
    let new = |e: &&Errand| !facts.errands.contains(e) && !e.judges_message();
    let errands = now.errands.iter().filter(new).cloned().collect();
    Replay { after: judge(now), questions: questions.into_iter().collect(), errands }
}

/// The pasted record after the change.
fn repasted(facts: &Facts, changes: &[Change]) -> Option<Input> {
    let pasted = facts.reading.record.as_ref()?;
    let Some(name) = &pasted.name else {
        let change = changes.iter().find(|c| c.kind == pasted.kind && c.name.contains('<'))?;
        return Some(lint::paste(change, None, &change.after));
    };
    // It may have to stand at another name.
    let here = changes.iter().find(|c| c.kind == pasted.kind && c.name == *name);
    let change = here.or_else(|| changes.iter().find(|c| c.kind == pasted.kind && !c.after.is_empty()))?;
    Some(lint::paste(change, Some(&change.name), &change.after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::evidence::errand::{Brought, What};
    use crate::evidence::filters::OwnFilters;
    use crate::evidence::zone::Zone;
    use crate::evidence::{InputKind, Said};
    use crate::samples::settle;

    const TEXT: &str = "Received: from m.example.com (m.example.com [192.0.2.4])\r\n\tby mx.inbox.test with ESMTPS id 1;\r\n\
        \tTue, 2 Jun 2026 10:00:03 +0000\r\nReturn-Path: <ann@example.com>\r\n\
        Authentication-Results: mx.inbox.test; spf=permerror smtp.mailfrom=ann@example.com; dmarc=fail header.from=example.com\r\n\
        From: Ann <ann@example.com>\r\nTo: bob@inbox.test\r\nSubject: BUY NOW\r\nDate: Tue, 2 Jun 2026 10:00:00 +0000\r\n\
        Message-ID: <1@example.com>\r\n\r\nHello\r\n";

    const ZONE: &str = r#"
        example.com TXT "v=spf1 ip4:192.0.2.4 -all"
        example.com TXT "v=spf1 mx -all"
        example.com MX 10 m.example.com
        m.example.com A 192.0.2.4
        _dmarc.example.com TXT "v=DMARC1; p=reject; rua=mailto:d@example.com"
    "#;

    #[test]
    fn a_filter_that_judged_the_message_as_it_was_has_to_be_asked_again() {
        let at = "127.0.0.1:783".to_owned();
        let said = Said { filters: OwnFilters { spamd: Some(at.clone()), rspamd: None }, ..Said::default() };
        let input = Input::read("-", TEXT.as_bytes(), Some(InputKind::Message)).unwrap();
        let mut evidence = Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, false);
        let what = What::Spamd { answer: "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.1 / 5.0\r\n\r\nSPF_FAIL".into() };
        evidence.fetched.insert(Errand::Spamd { at }, Brought { what, at: evidence.now, elapsed_ms: 0 });
        let evidence = settle(evidence, &Zone::parse(ZONE).unwrap());
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let d = prove(diagnose(Arc::new(evidence), reading)).diagnosis;
        let named = |id: &str| d.every_finding().find(|f| f.rule.id == id).unwrap();
        assert_eq!(named("own-filter-says-spam").title, "Your own SpamAssassin takes it for spam");
        let Some(crate::rules::Proof::Proven { remains, open, .. }) = &named("spf-multiple-records").proof else {
            panic!("{:?}", named("spf-multiple-records").proof)
        };
        assert!(remains.iter().all(|r| r.rule.id != "own-filter-says-spam"), "{remains:?}");
        let [gap] = &open[..] else { panic!("{open:?}") };
        assert_eq!(gap.needs.words(), "spamc -d 127.0.0.1 -p 783 -R < FILE");
        // And so says the plan of all fixes.
        let plan = plan(&d);
        assert!(
            plan.after.unknown.iter().any(|gap| gap.needs.words().starts_with("spamc")),
            "{:?}",
            plan.after.unknown
        );
    }
}
