//! The fixes of a diagnosis put together: what to publish, once, for all that records can cure.

use super::{replay, trial};
use crate::diagnose::Diagnosis;
use crate::remedy::Change;
use crate::rules::{Finding, Proof, Rule, Severity};
use std::collections::BTreeSet;

/// Fixes that are put together at most.
const STEPS: usize = 32;

/// Records to publish together.
#[derive(Clone, Debug)]
pub struct Plan {
    /// One for each name and type: before is what is published now, after is the end.
    pub changes: Vec<Change>,
    /// What they cure, in the order in which it was cured: rule and title.
    pub cured: Vec<(&'static Rule, String)>,
    /// The diagnosis once they are published. Its findings are what no proven record cures.
    pub after: Diagnosis,
}

/// What cures all that records can cure. Mere advice ([`Severity::Info`]) is not acted upon.
pub fn plan(diagnosis: &Diagnosis) -> Plan {
    let mut plan = Plan::of(diagnosis);
    plan.cure(|f| f.severity > Severity::Info);
    plan
}

impl Plan {
    /// Nothing to publish yet.
    pub fn of(diagnosis: &Diagnosis) -> Plan {
        Plan { changes: Vec::new(), cured: Vec::new(), after: diagnosis.clone() }
    }

    /// Publishes the proven fix of the first finding in mind, looks again, and so on until nothing is left that is
    /// proven by records alone. What has to be kept up from then on is for its owner to decide.
    pub fn cure(&mut self, wanted: impl Fn(&Finding) -> bool) {
        self.go(wanted, |_, proof| matches!(proof, Proof::Proven { given: None, .. }));
    }

    /// As [`Plan::cure`]; and what only answers are missing to prove, not something to be filled in. Whoever hands it out
    /// looks at what is left.
    pub fn mend(&mut self, wanted: impl Fn(&Finding) -> bool) {
        let whole = |f: &Finding| f.fix.as_ref().is_some_and(|fix| fix.blanks.is_empty() && fix.signs_as.is_none());
        self.go(wanted, |f, proof| match proof {
            Proof::Proven { given, .. } => given.is_none(),
            Proof::Open { .. } => whole(f),
            Proof::Disproven { .. } => false,
        });
    }

    fn go(&mut self, wanted: impl Fn(&Finding) -> bool, enough: impl Fn(&Finding, &Proof) -> bool) {
        let mut tried = BTreeSet::new();
        for _ in 0..STEPS {
            let fresh = |f: &Finding| !tried.contains(&(f.rule.id, f.title.clone()));
            let kept_up = |f: &Finding| f.fix.as_ref().is_some_and(|fix| fix.upkeep.is_some());
            let proven = |f: &Finding| trial::run(&self.after, f).is_some_and(|trial| enough(f, &trial.proof));
            let next = self.after.every_finding().find(|f| wanted(f) && fresh(f) && !kept_up(f) && proven(f));
            let Some(next) = next else { break };
            let (rule, title) = (next.rule, next.title.clone());
            let records = next.fix.as_ref().map_or(Vec::new(), |fix| fix.records.clone());
            tried.insert((rule.id, title.clone()));
            self.cured.push((rule, title));
            self.publish(records);
        }
    }

    /// Publishes these as well.
    pub fn publish(&mut self, records: Vec<Change>) {
        self.after = replay(&self.after, &records, None).after;
        records.into_iter().for_each(|change| merge(&mut self.changes, change));
    }
}

/// A second change of the same records goes on from where the first ended.
fn merge(changes: &mut Vec<Change>, change: Change) {
    match changes.iter_mut().find(|c| c.name == change.name && c.kind == change.kind) {
        Some(first) => *first = Change { before: std::mem::take(&mut first.before), ..change },
        None => changes.push(change),
    }
    changes.retain(|c| c.before != c.after);
}
