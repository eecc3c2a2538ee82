//! `v`: the answers a finding rests on are asked for again, and what came of it is said.

use super::app::App;
use super::case::Case;
use super::msg::Effect;
use super::popup::copy::target;
use crate::changes::Answered;
use crate::diagnose::Diagnosis;
use crate::evidence::{Answer, Evidence, Name, Question};
use crate::report::changes::words;
use crate::report::table::span;
use crate::rules::{Finding, Place};
use std::collections::BTreeSet;

/// The finding that is asked about.
#[derive(Clone, Debug)]
pub struct Verifying {
    rule: &'static str,
    title: String,
    /// What was asked before about its names; first what it shows and what its fix changes.
    questions: Vec<Question>,
}

/// Asks again for the finding under the cursor.
pub fn verify(app: &mut App) -> Vec<Effect> {
    let Some(case) = &app.case else { return vec![] };
    let finding = target(app, case).and_then(|t| case.finding(t));
    let (Some(finding), Some(diagnosis)) = (finding, &case.diagnosis) else {
        app.say("There is no finding here to verify.");
        return vec![];
    };
    if case.opened.invented {
        app.say("This example lives in a DNS of its own, where nothing changes.");
        return vec![];
    }
    if case.running > 0 {
        app.say("Still asking: verify when all answers are there.");
        return vec![];
    }
    let own = own(finding);
    let names: BTreeSet<Name> = own.iter().map(|q| q.name.clone()).collect();
    let evidence = &diagnosis.facts.evidence;
    let mut questions: Vec<Question> = evidence.answers.keys().filter(|q| names.contains(&q.name)).cloned().collect();
    questions.sort_by_key(|q| !own.contains(q));
    if questions.is_empty() {
        let check = finding.check.as_ref().map_or(String::new(), |c| format!(": {}", c.command));
        app.say(format!("This rests on the message, not on DNS{check}."));
        return vec![];
    }
    let mut fresh = Evidence::clone(evidence);
    fresh.answers.retain(|q, _| !questions.contains(q));
    let verifying = Verifying { rule: finding.rule.id, title: finding.title.clone(), questions };
    let text = format!("Asking DNS again about {}.", names.iter().map(Name::as_str).collect::<Vec<_>>().join(", "));
    let ticket = app.next_ticket();
    if let Some(case) = &mut app.case {
        case.begin_again();
        case.verifying = Some(verifying);
    }
    app.say(text);
    vec![Effect::Verify(ticket, Box::new(fresh))]
}

/// The questions its evidence and its fix speak of.
fn own(finding: &Finding) -> BTreeSet<Question> {
    let shown = finding.exhibits.iter().filter_map(|e| match &e.place {
        Place::Dns { question, .. } => Some(question.clone()),
        _ => None,
    });
    let fixed = finding.fix.iter().flat_map(|fix| &fix.records);
    shown.chain(fixed.map(|change| Question::new(&change.name, change.kind))).collect()
}

impl Verifying {
    /// What came of it.
    pub fn outcome(&self, before: &Diagnosis, after: &Diagnosis) -> String {
        let answers = &after.facts.evidence.answers;
        let now: Vec<(&Question, &Answer)> = self.questions.iter().filter_map(|q| Some((q, answers.get(q)?))).collect();
        let same =
            |exact: bool| after.every_finding().any(|f| f.rule.id == self.rule && (!exact || f.title == self.title));
        let others = before.every_finding().filter(|f| f.rule.id == self.rule).count() > 1;
        let still = same(true) || (!others && same(false));
        let failed = now.iter().find(|(_, a)| a.outcome.failed());
        let changed = now.iter().find(|(q, a)| {
            before.facts.evidence.answers.get::<Question>(q).is_some_and(|old| Answered::of(old) != Answered::of(a))
        });
        match (still, now.first(), failed, changed) {
            (_, None, ..) => "Cannot tell: nothing was asked.".to_owned(),
            (false, _, Some((q, a)), _) => format!("Cannot tell: {} {}: {}.", q.name, q.kind, words(&Answered::of(a))),
            (false, _, None, Some(answer)) => format!("Now {}: the finding is gone.", says(answer)),
            (false, Some(answer), None, None) => format!("The finding is gone; {} as before.", says(answer)),
            (true, _, _, Some(answer)) => format!("Changed, and not cured: {}.", says(answer)),
            (true, Some(answer), _, None) => {
                let ttl = answer.1.ttl().map_or(String::new(), |ttl| format!(", for {} at most (TTL)", span(ttl)));
                format!("Still the old answer: {}{ttl}.", says(answer))
            }
        }
    }
}

fn says((question, answer): &(&Question, &Answer)) -> String {
    format!("{} {} says {}", question.name, question.kind, crate::safe::clip(&words(&Answered::of(answer)), 60))
}

impl Case {
    /// The whole diagnosis at hand is what the next one is held against.
    pub fn begin_again(&mut self) {
        if self.running == 0 && !self.stopped {
            self.before = self.diagnosis.clone();
        }
        (self.stopped, self.verifying) = (false, None);
    }

    /// The last state has come: what changed since the run before, in a sentence.
    pub fn settled(&mut self) -> Option<String> {
        let (before, after) = (self.before.take()?, self.diagnosis.as_ref()?);
        let changes = crate::changes::Changes::between(&before, after);
        let text = match self.verifying.take() {
            Some(verifying) => verifying.outcome(&before, after),
            None => format!("Since last time: {}.", changes.summary()),
        };
        self.changes = Some(changes);
        Some(text)
    }
}
