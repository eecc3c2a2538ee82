//! From a symptom to its cause, on one path.
//!
//! Nothing is judged here: the rules have spoken, and the path says which of them a step rests on, what is still to be
//! got, and when the search is over. The same symptom, evidence and answers give the same path.

mod conclude;
mod symptom;
#[cfg(test)]
mod tests;

pub use symptom::{Choice, Offer, Piece, Symptom, Template, all, find};

use crate::diagnose::Diagnosis;
use crate::facts::organization::same_by_list;
use crate::rules::{Finding, Group, Rule, Severity};
use conclude::{Hit, hit};
use std::collections::BTreeMap;

/// Answers given: id of the step, id of the choice.
pub type Answers = BTreeMap<String, String>;

/// The way from a symptom to a cause, as far as it is gone.
#[derive(Debug)]
pub struct Path {
    pub symptom: &'static Symptom,
    pub steps: Vec<Step>,
    pub conclusion: Conclusion,
}

/// A step, and how it stands.
#[derive(Debug)]
pub struct Step {
    pub template: &'static Template,
    pub state: State,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A rule found this.
    Found(String),
    /// The evidence, the answer or the delay that is known.
    Known(String),
    /// Looked at, and in order; how many rules passed.
    Clear(usize),
    /// To be done now.
    Next,
    /// Not done; what it waits for, where that is known.
    Open(Option<String>),
    /// What is known settles the matter without it.
    NotNeeded,
}

/// Where the path has led.
#[derive(Debug)]
pub struct Conclusion {
    pub kind: Kind,
    /// One or two sentences.
    pub text: String,
    pub cause: Option<Cause>,
    /// What to look at where the rules have nothing more to say.
    pub look: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// This explains the symptom.
    Cause,
    /// This was found, and may not be all.
    Suspect,
    /// It is not authentication.
    Elsewhere,
    /// More is to be known first.
    Open,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Cause => "cause",
            Kind::Suspect => "suspect",
            Kind::Elsewhere => "elsewhere",
            Kind::Open => "open",
        }
    }
}

/// The finding that explains the symptom.
#[derive(Debug)]
pub struct Cause {
    /// Index of the evidence it was found in.
    pub held: usize,
    pub rule: &'static Rule,
    pub title: String,
    /// What to do, in a sentence.
    pub fix: Option<String>,
    /// The fix was tried on this evidence, and cures.
    pub proven: bool,
}

/// Does evidence stay beside a later piece? The later one of a kind counts, and what is about another domain begins
/// the search anew.
pub fn stays(earlier: &Diagnosis, later: &Diagnosis) -> bool {
    let piece = |d: &Diagnosis| Piece::of(d.facts.evidence.input.kind);
    let other = match (earlier.facts.reading.from_domain(), later.facts.reading.from_domain()) {
        (Some(a), Some(b)) => !same_by_list(a, b),
        _ => false,
    };
    piece(earlier) != piece(later) && !other
}

/// The path of a symptom with the evidence at hand, one diagnosis of each [`Piece`] at most.
pub fn path(symptom: &'static Symptom, held: &[&Diagnosis], answers: &Answers) -> Path {
    let templates: Vec<&'static Template> = symptom.templates().collect();
    let hit = hit(&templates, held);
    let mut got = false;
    let mut steps: Vec<Step> = Vec::new();
    for template in templates {
        let state = match () {
            () if !template.get.is_empty() => get(template, held, &mut got),
            () if !template.choices.is_empty() => answered(template, answers),
            () if template.delay => delay(held),
            () => look(template, symptom, held, hit.as_ref()),
        };
        steps.push(Step { template, state });
    }
    settle(&mut steps, held, hit.as_ref());
    let conclusion = conclude::conclude(symptom, &steps, held, hit.as_ref(), answers);
    Path { symptom, steps, conclusion }
}

/// Is evidence of the right kind at hand? A step that only offers another way to what is there is not needed.
fn get(template: &Template, held: &[&Diagnosis], got: &mut bool) -> State {
    let fits = |d: &&&Diagnosis| Piece::of(d.facts.evidence.input.kind).is_some_and(|p| template.get.contains(&p));
    match held.iter().find(fits) {
        Some(_) if template.offer == Some(Offer::Send) && *got => State::NotNeeded,
        Some(d) => {
            *got = true;
            State::Known(describe(d))
        }
        None => State::Open(None),
    }
}

/// What a piece of evidence is, in a few words.
fn describe(d: &Diagnosis) -> String {
    let from = d.facts.reading.from_domain();
    let name = &d.facts.evidence.input.name;
    match Piece::of(d.facts.evidence.input.kind) {
        Some(Piece::Refusal) => d.verdict.headline.clone(),
        Some(Piece::Domain) => format!("{name} was checked."),
        _ => {
            let judge = d.facts.reading.boundary.authserv_id.as_deref();
            let by = judge.map_or(", without a receiver's verdict".to_owned(), |id| format!(", as {id} judged it"));
            format!("A message of {}{by}.", from.unwrap_or("an unnamed sender"))
        }
    }
}

fn answered(template: &'static Template, answers: &Answers) -> State {
    let choice = answers.get(&template.id).and_then(|id| template.choices.iter().find(|c| c.id == *id));
    choice.map_or(State::Open(None), |c| State::Known(c.title.clone()))
}

/// Below this a delay is how mail is.
const LONG: i64 = 5 * 60 * 1000;

/// The longest time between two servers.
fn delay(held: &[&Diagnosis]) -> State {
    let hops = held.iter().flat_map(|d| &d.facts.reading.hops);
    let Some((ms, hop)) = hops.filter_map(|hop| Some((hop.delay_ms?, hop))).max_by_key(|(ms, _)| *ms) else {
        return State::Open(None);
    };
    let by = hop.by.as_ref().map_or("an unnamed server", |by| &by.value[..]);
    match ms >= LONG {
        true => State::Found(format!("{} min passed before {by} had it", ms / 60_000)),
        false => State::Known(format!("No server held it for long: at most {} s, before {by}.", (ms / 1000).max(0))),
    }
}

/// Which step speaks of a rule: the first that names it, else the first that looks at its group.
fn speaks(template: &Template, symptom: &'static Symptom, rule: &Rule) -> bool {
    let mut named = symptom.templates().filter(|t| t.names(rule));
    let owner = named.next().or_else(|| symptom.templates().find(|t| t.looks_at(rule.group)));
    owner.is_some_and(|owner| owner.id == template.id)
}

fn look(template: &Template, symptom: &'static Symptom, held: &[&Diagnosis], hit: Option<&Hit>) -> State {
    let speaks = |rule: &Rule| speaks(template, symptom, rule);
    let refused = |d: &Diagnosis| d.facts.reading.bounce.as_ref().is_some_and(|b| !b.is_good_news());
    if let Some(hit) = hit.filter(|hit| speaks(hit.finding.rule)) {
        return State::Found(hit.finding.title.clone());
    }
    let all = || held.iter().flat_map(|d| d.every_finding());
    let matters = |f: &&Finding| f.severity > Severity::Info && speaks(f.rule);
    if let Some(found) = all().filter(matters).max_by_key(|f| f.severity) {
        return State::Found(found.title.clone());
    }
    if held.iter().any(|d| d.undecided.iter().any(|rule| speaks(rule))) {
        return State::Open(Some("what would decide is not known yet".to_owned()));
    }
    // What a refusal says is told by its verdict, whichever step has the finding.
    if let Some(d) = held.iter().find(|d| refused(d)).filter(|_| template.looks_at(Group::Bounce)) {
        return State::Known(d.verdict.headline.clone());
    }
    // That a reply does not name a reason is no look at what else it could be.
    let looked = |d: &Diagnosis, rule: &Rule| {
        let reply = d.facts.reading.bounce.is_some() && rule.group == Group::Bounce;
        let whole = !refused(d) || d.facts.reading.from_domain().is_some();
        !reply || (whole && template.weighs(Group::Bounce))
    };
    let passed = held.iter().flat_map(|d| d.passed.iter().filter(|rule| speaks(rule) && looked(d, rule)));
    match passed.count() {
        0 => State::Open(None),
        passed => State::Clear(passed),
    }
}

/// What is left once a cause is known, and else what comes next.
fn settle(steps: &mut [Step], held: &[&Diagnosis], hit: Option<&Hit>) {
    let only_domain = hit.is_some_and(|h| Piece::of(held[h.held].facts.evidence.input.kind) == Some(Piece::Domain));
    let proves = |t: &Template| only_domain && t.get.iter().any(|p| *p != Piece::Domain);
    let over = hit.is_some_and(|hit| hit.strong);
    for step in steps.iter_mut().filter(|_| over) {
        if matches!(step.state, State::Open(_)) && !step.template.always && !proves(step.template) {
            step.state = State::NotNeeded;
        }
    }
    // A step that looks is done by evidence, not by hand.
    let by_hand = |s: &Step| matches!(s.state, State::Open(_)) && !s.template.looks();
    if let Some(next) = steps.iter().position(by_hand) {
        steps[next].state = State::Next;
    }
}
