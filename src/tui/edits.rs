//! What the user made of proposals: the edited fix stands in the finding, so that every copy, form, export and watch
//! takes it; the proposal is kept here.

use super::app::App;
use super::case::Case;
use super::msg::{Effect, Ticket};
use crate::diagnose::Diagnosis;
use crate::evidence::Data;
use crate::remedy::{Change, Remedy};
use crate::replay::edit::{Attempt, Tried};
use crate::rules::{Finding, Proof};
use std::collections::BTreeMap;

/// All edits of a case.
#[derive(Debug, Default)]
pub struct Edits {
    list: Vec<Edit>,
    last: u64,
}

/// One finding's fix.
#[derive(Debug)]
struct Edit {
    rule: &'static str,
    title: String,
    proposal: Remedy,
    /// Of the proposal.
    proof: Option<Proof>,
    /// The user's records, by their place.
    after: BTreeMap<usize, Vec<Data>>,
    /// Of the trial that is on its way.
    ticket: Ticket,
}

impl Edit {
    fn is_of(&self, finding: &Finding) -> bool {
        self.rule == finding.rule.id && self.title == finding.title
    }

    /// The proposal with the user's records in it.
    fn fix(&self) -> Remedy {
        let mut fix = self.proposal.clone();
        for (at, after) in &self.after {
            if let Some(change) = fix.records.get_mut(*at) {
                change.after = after.clone();
            }
        }
        let blanks = |records: &[Change]| records.iter().flat_map(Change::blanks).collect::<Vec<_>>();
        let (before, now) = (blanks(&self.proposal.records), blanks(&fix.records));
        // A blank that was filled in is none any more; those of the steps stay.
        fix.blanks.retain(|blank| !before.contains(blank) || now.contains(blank));
        fix.edited = true;
        fix
    }
}

impl Edits {
    /// The record as it was proposed, where the user edited it.
    pub fn proposal(&self, finding: &Finding, record: usize) -> Option<&Change> {
        let edit = self.list.iter().find(|e| e.is_of(finding) && e.after.contains_key(&record))?;
        edit.proposal.records.get(record)
    }

    /// Puts a value of the user's in the place of the proposed one.
    fn set(&mut self, finding: &mut Finding, record: usize, value: usize, data: Data) {
        let Some(fix) = &finding.fix else { return };
        let Some(mut after) = fix.records.get(record).map(|c| c.after.clone()) else { return };
        let Some(place) = after.get_mut(value) else { return };
        *place = data;
        if !self.list.iter().any(|e| e.is_of(finding)) {
            self.list.push(Edit {
                rule: finding.rule.id,
                title: finding.title.clone(),
                proposal: fix.clone(),
                proof: finding.proof.clone(),
                after: BTreeMap::new(),
                ticket: Ticket::default(),
            });
        }
        self.change(finding, |edit| match edit.proposal.records.get(record).is_some_and(|c| c.after == after) {
            true => drop(edit.after.remove(&record)),
            false => drop(edit.after.insert(record, after)),
        });
    }

    fn restore(&mut self, finding: &mut Finding, record: usize) {
        self.change(finding, |edit| drop(edit.after.remove(&record)));
    }

    /// Changes the edit of a finding, and with it the fix; an edit of nothing is none.
    fn change(&mut self, finding: &mut Finding, change: impl FnOnce(&mut Edit)) {
        let Some(at) = self.list.iter().position(|e| e.is_of(finding)) else { return };
        let Some(edit) = self.list.get_mut(at) else { return };
        change(edit);
        if edit.after.is_empty() {
            let edit = self.list.remove(at);
            (finding.fix, finding.proof) = (Some(edit.proposal), edit.proof);
        } else {
            (finding.fix, finding.proof) = (Some(edit.fix()), None);
        }
    }

    /// Lays the edits over a new diagnosis; where another fix is proposed once all is `known`, the edit goes.
    pub fn lay_over(&mut self, diagnosis: &mut Diagnosis, known: bool) {
        self.list.retain_mut(|edit| {
            let finding = find(diagnosis, edit.rule, &edit.title);
            let Some(finding) = finding.filter(|f| f.fix.as_ref() == Some(&edit.proposal)) else { return !known };
            edit.proof = finding.proof.take();
            finding.fix = Some(edit.fix());
            true
        });
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn next_ticket(&mut self) -> Ticket {
        self.last += 1;
        Ticket(self.last)
    }
}

fn find<'d>(diagnosis: &'d mut Diagnosis, rule: &str, title: &str) -> Option<&'d mut Finding> {
    let is = |f: &Finding| f.rule.id == rule && f.title == title;
    diagnosis.findings.iter_mut().find_map(|f| if is(f) { Some(f) } else { f.consequences.iter_mut().find(|c| is(c)) })
}

/// Puts the user's value in place of the one on the edit screen and has it tried.
pub fn set(case: &mut Case, data: Data) -> Option<Effect> {
    let (record, value) = case.editing.as_ref().map(|e| (e.record, e.value))?;
    let target = case.target;
    let Case { edits, diagnosis, .. } = case;
    let finding = super::case::finding_mut(diagnosis.as_mut()?, target)?;
    edits.set(finding, record, value, data);
    attempt(case)
}

/// Takes the proposal again.
pub fn restore(case: &mut Case) -> Option<Effect> {
    let record = case.editing.as_ref()?.record;
    let target = case.target;
    let Case { edits, diagnosis, .. } = case;
    let finding = super::case::finding_mut(diagnosis.as_mut()?, target)?;
    edits.restore(finding, record);
    attempt(case)
}

/// Has the value on the edit screen tried, whoever wrote it.
pub fn attempt(case: &mut Case) -> Option<Effect> {
    let (record, value) = case.editing.as_ref().map(|e| (e.record, e.value))?;
    let finding = case.finding(case.target)?;
    let (rule, title) = (finding.rule.id, finding.title.clone());
    let diagnosis = case.diagnosis.clone()?;
    let ticket = case.edits.next_ticket();
    if let Some(editing) = &mut case.editing {
        editing.ticket = ticket;
    }
    case.edits.list.iter_mut().filter(|e| e.rule == rule && e.title == title).for_each(|e| e.ticket = ticket);
    Some(Effect::Try(ticket, Box::new(Attempt { diagnosis, rule, title, record, value })))
}

/// Has every edit tried anew: the answers are others.
pub fn again(case: &mut Case) -> Vec<Effect> {
    let Some(diagnosis) = case.diagnosis.clone() else { return vec![] };
    let Edits { list, last } = &mut case.edits;
    let each = list.iter_mut().filter_map(|edit| {
        *last += 1;
        edit.ticket = Ticket(*last);
        let record = *edit.after.keys().next()?;
        let (rule, title) = (edit.rule, edit.title.clone());
        let attempt = Attempt { diagnosis: diagnosis.clone(), rule, title, record, value: 0 };
        Some(Effect::Try(edit.ticket, Box::new(attempt)))
    });
    each.collect()
}

/// A trial came to its end; an older one than the last is no news.
pub fn heard(app: &mut App, ticket: Ticket, tried: Tried) {
    let Some(case) = &mut app.case else { return };
    let edited = case.edits.list.iter().find(|e| e.ticket == ticket).map(|e| (e.rule, e.title.clone()));
    if let (Some((rule, title)), Some(diagnosis)) = (edited, &mut case.diagnosis)
        && let Some(finding) = find(diagnosis, rule, &title)
    {
        finding.proof = tried.proof.clone();
    }
    if let Some(editing) = case.editing.as_mut().filter(|e| e.ticket == ticket) {
        editing.tried = Some(tried);
    }
}
