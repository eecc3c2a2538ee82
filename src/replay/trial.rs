//! One fix on trial.

use super::conflict::conflict;
use super::lint::lint;
use super::{Replay, replay};
use crate::diagnose::Diagnosis;
use crate::evidence::{Data, Errand, Question};
use crate::facts::Facts;
use crate::facts::own_filters::Opinion;
use crate::remedy::{Change, Remedy};
use crate::rules::proof::Remaining;
use crate::rules::{Finding, Gap, Proof, Severity, Verdict};

pub(super) struct Trial {
    pub proof: Proof,
    /// What would have to be asked for a proof.
    pub questions: Vec<Question>,
}

/// Tries the records of a finding's fix; `None` where it has none.
pub(super) fn run(before: &Diagnosis, finding: &Finding) -> Option<Trial> {
    let fix = finding.fix.as_ref().filter(|fix| !fix.records.is_empty())?;
    let mut questions = Vec::new();
    let proof = match judged(before, finding, fix, &mut questions) {
        Ok(proof) => proof,
        Err(proof) => proof,
    };
    Some(Trial { proof, questions })
}

/// `Err`: settled before the end.
fn judged(before: &Diagnosis, finding: &Finding, fix: &Remedy, questions: &mut Vec<Question>) -> Result<Proof, Proof> {
    let facts = &before.facts;
    let blanks = blanks(facts, fix);
    // Without a message there is nothing to be signed.
    let signed = fix.signs_as.as_deref().filter(|_| facts.evidence.input.kind.has_header());
    if !blanks.is_empty() && signed.is_none() {
        return Err(Proof::Open { needs: blanks });
    }
    // A signature is good whatever its key is called; what has a blank cannot be published yet.
    let whole = |c: &&Change| blanks.is_empty() || !(c.name.contains('<') || c.after.iter().any(has_blank));
    let records: Vec<Change> = fix.records.iter().filter(whole).cloned().collect();
    if let Some(why) = conflict(facts, &records) {
        return Err(Proof::Disproven { why });
    }
    let Replay { after, questions: asked, errands } = replay(before, &records, signed);
    questions.extend(asked);
    let lints = records.iter().map(|change| lint(facts, &after.facts.evidence.answers, change));
    let (faults, unasked): (Vec<_>, Vec<_>) = lints.unzip();
    questions.extend(unasked.into_iter().flatten().filter(|q| !facts.missing.contains(q)));
    questions.sort();
    questions.dedup();
    if !questions.is_empty() || !errands.is_empty() {
        return Err(Proof::Open { needs: asked_for(questions, &errands) });
    }
    if let Some(fault) = faults.into_iter().flatten().next() {
        return Err(Proof::Disproven { why: format!("of the new record: {fault}") });
    }
    let bare = dangling(&records, &after.facts);
    if signed.is_none() && !bare.is_empty() {
        return Err(Proof::Open { needs: bare });
    }
    if let Verdict::Unknown(needs) = (finding.rule.judge)(&after.facts) {
        return Err(Proof::Open { needs: needs.into_vec() });
    }
    let news = news(before, finding, &after);
    // What was grave and is slight now, or was a fault and is a note now, is cured, and remains as what it is.
    let slight = |f: &Finding| match finding.severity {
        Severity::Critical | Severity::High => f.severity <= Severity::Low,
        Severity::Medium | Severity::Low => f.severity == Severity::Info,
        Severity::Info => false,
    };
    if let Some(same) = news.iter().find(|f| f.rule == finding.rule && !slight(f)) {
        return Err(Proof::Disproven { why: format!("it stays: {}", same.title) });
    }
    // A note is no fault that could come in the place of one.
    let bar = finding.severity.clamp(Severity::Low, Severity::High);
    if let Some(worse) = news.iter().find(|f| f.severity >= bar) {
        return Err(Proof::Disproven { why: format!("in its place: {}", worse.title) });
    }
    identities(facts, &after.facts)?;
    let left = after.every_finding().filter(|f| f.severity > Severity::Info);
    let remains = left.map(|f| Remaining { rule: f.rule, severity: f.severity, title: f.title.clone() }).collect();
    let given = signed.map(|domain| format!("mail is signed with DKIM as {domain}"));
    let open = to_ask_again(facts);
    Ok(Proof::Proven { before: before.verdict.state, after: after.verdict.state, remains, given, open })
}

/// Filters that judged the message as it was, and what they make of it once the fix is published.
fn to_ask_again(facts: &Facts) -> Vec<Gap> {
    let gap = |o: &Opinion| Gap::errand(format!("What does your own {} say of it then?", o.which.name()), &o.errand);
    facts.own_filters.iter().filter(|o| o.heard().is_some()).map(gap).collect()
}

/// What only a portal or the user can tell. The name of a pasted record without one is not needed to judge it.
fn blanks(facts: &Facts, fix: &Remedy) -> Vec<Gap> {
    let nameless = facts.reading.record.as_ref().is_some_and(|r| r.name.is_none());
    let in_data = fix.records.iter().flat_map(|c| &c.after).any(has_blank);
    if nameless && !in_data {
        return Vec::new();
    }
    let gap = |what: &String| Gap::new("What goes where the record has a blank?", what.clone());
    fix.blanks.iter().map(gap).collect()
}

fn has_blank(data: &Data) -> bool {
    data.to_string().contains('<')
}

/// New aliases whose target holds nothing yet: a service makes it when the domain is set up there.
fn dangling(records: &[Change], after: &Facts) -> Vec<Gap> {
    let targets = records.iter().flat_map(|c| &c.after).filter_map(|data| match data {
        Data::Cname(target) => Some(target),
        _ => None,
    });
    let question = |target: &String| {
        let empty =
            |q: &&Question| after.evidence.answers.get(*q).is_some_and(|a| !a.outcome.failed() && a.records.is_empty());
        after.evidence.answers.keys().filter(|q| q.name == *target).find(empty)
    };
    let gap = |q| Gap::dns("Has the service made what the alias leads to?", q);
    targets.filter_map(question).map(gap).collect()
}

fn asked_for(questions: &[Question], errands: &[Errand]) -> Vec<Gap> {
    let answers = questions.iter().map(|q| Gap::dns("What does the new record lead to?", q));
    let errands = errands.iter().map(|e| Gap::errand("What does the new record lead to?", e));
    answers.chain(errands).collect()
}

/// Findings that were not there before, or were milder. A finding of the cured rule under another title is the
/// cured one in other words.
fn news<'a>(before: &Diagnosis, cured: &Finding, after: &'a Diagnosis) -> Vec<&'a Finding> {
    let mut old: Vec<&Finding> = before.every_finding().filter(|f| !std::ptr::eq(*f, cured)).collect();
    let mut new: Vec<&Finding> = after.every_finding().collect();
    let mut strike = |same: &dyn Fn(&Finding, &Finding) -> bool| {
        new.retain(|n| match old.iter().position(|o| o.rule == n.rule && n.severity <= o.severity && same(o, n)) {
            Some(at) => {
                old.swap_remove(at);
                false
            }
            None => true,
        });
    };
    strike(&|o, n| o.title == n.title);
    strike(&|_, _| true);
    new
}

/// Whoever passed still passes.
fn identities(before: &Facts, after: &Facts) -> Result<(), Proof> {
    let verdicts = |facts: &Facts| {
        let legs = facts.legs();
        let dkim = legs.dkim.iter().map(|leg| (format!("DKIM of {}", leg.domain), leg.passed));
        let spf = legs.spf.iter().map(|leg| (format!("SPF of {}", leg.domain), leg.passed));
        let dmarc = [("DMARC".to_owned(), facts.alignment.dmarc)];
        spf.chain(dkim).chain(dmarc).collect::<Vec<_>>()
    };
    let now = verdicts(after);
    for (what, _) in verdicts(before).into_iter().filter(|(_, passed)| *passed == Some(true)) {
        let is = |passed| now.contains(&(what.clone(), passed));
        if is(Some(true)) {
            continue;
        }
        if !is(None) {
            return Err(Proof::Disproven { why: format!("{what} would no longer pass") });
        }
        let question = format!("Does {what} still pass?");
        let needs = "a message that is sent once the record is published".to_owned();
        return Err(Proof::Open { needs: vec![Gap::new(question, needs)] });
    }
    Ok(())
}
