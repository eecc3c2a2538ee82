//! From symptom to cause in the app: which symptom, what is known, and what is done next.

use super::app::{App, Screen};
use super::case::{Case, Target};
use super::msg::Effect;
use super::screen;
use super::sendings;
use super::update;
use super::warmups;
use super::world::Opened;
use crate::diagnose::Diagnosis;
use crate::troubleshoot::{self, Answers, Offer, Path, Piece, State, Symptom, path, stays};
use std::sync::Arc;

/// What the app knows of the search.
#[derive(Debug, Default)]
pub struct Troubles {
    /// Marked line of the list.
    pub marked: usize,
    pub symptom: Option<&'static Symptom>,
    pub held: Vec<Held>,
    pub answers: Answers,
    /// Marked row of the path.
    pub row: usize,
}

/// A piece of evidence, to be looked at again.
#[derive(Debug)]
pub struct Held {
    opened: Opened,
    diagnosis: Diagnosis,
}

/// A row of the path that can be marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The finding that explains it.
    Cause,
    Step(usize),
    /// A possible answer to a step.
    Choice(usize, usize),
    /// Something to look at.
    Look(usize),
}

/// Opens the list; a diagnosis on screen goes along as evidence.
pub fn show(app: &mut App) {
    let open = app.screens.contains(&Screen::Verdict);
    app.screens.truncate(1);
    app.screens.push(Screen::Troubles);
    if open {
        learn_from_case(app);
    }
}

/// Goes the path of a symptom, with the evidence at hand.
pub fn begin(app: &mut App, symptom: &'static Symptom) {
    let marked = troubleshoot::all().iter().position(|s| s.id == symptom.id).unwrap_or_default();
    if app.troubles.symptom.is_none_or(|s| s.id != symptom.id) {
        app.troubles.answers.clear();
    }
    app.troubles.symptom = Some(symptom);
    app.troubles.marked = marked;
    app.screens.push(Screen::Trouble);
    mark_next(app);
}

/// Forgets what was learnt on the path.
pub fn anew(app: &mut App) {
    app.troubles.held.clear();
    app.troubles.answers.clear();
    mark_next(app);
    app.say("The path begins again: nothing is held for evidence.");
}

/// Is the path one of the practice world?
pub fn practises(app: &App) -> bool {
    app.troubles.held.iter().any(|held| held.opened.practice)
}

/// The path as far as it is gone.
pub fn walked(app: &App) -> Option<Path> {
    let held: Vec<&Diagnosis> = app.troubles.held.iter().map(|h| &h.diagnosis).collect();
    Some(path(app.troubles.symptom?, &held, &app.troubles.answers))
}

/// What can be marked, from top to bottom.
pub fn rows(path: &Path) -> Vec<Row> {
    let mut rows: Vec<Row> = path.conclusion.cause.iter().map(|_| Row::Cause).collect();
    for (n, step) in path.steps.iter().enumerate() {
        rows.push(Row::Step(n));
        let asked = matches!(step.state, State::Next | State::Open(_));
        rows.extend((0..step.template.choices.len()).filter(|_| asked).map(|m| Row::Choice(n, m)));
    }
    rows.extend((0..path.conclusion.look.len()).map(Row::Look));
    rows
}

/// Marks the cause, or else what comes next.
fn mark_next(app: &mut App) {
    let Some(path) = walked(app) else { return };
    let rows = rows(&path);
    let next = |row: &Row| matches!(row, Row::Step(n) if path.steps[*n].state == State::Next);
    let at = rows.iter().position(|row| *row == Row::Cause).or_else(|| rows.iter().position(next));
    app.troubles.row = at.unwrap_or(0);
}

/// A diagnosis is settled: on the path it is evidence, and Esc leads from it back to the path.
pub fn learn(app: &mut App) {
    let Some(on) = app.screens.iter().position(|s| *s == Screen::Trouble) else { return };
    if let Some(verdict) = app.screens.iter().position(|s| *s == Screen::Verdict).filter(|v| *v > on) {
        let way: Vec<Screen> = app.screens.drain(on + 1..verdict).collect();
        let stay = way.into_iter().filter(|screen| !matches!(screen, Screen::Input | Screen::Ask));
        app.screens.splice(on + 1..on + 1, stay);
    }
    learn_from_case(app);
}

/// Takes the open case for evidence. What is learnt in the practice world says nothing about the user's mail, nor the
/// other way round.
fn learn_from_case(app: &mut App) {
    let Some(case) = app.case.as_ref().filter(|case| case.running == 0) else { return };
    let Some(diagnosis) = case.diagnosis.clone() else { return };
    if Piece::of(diagnosis.facts.evidence.input.kind).is_none() {
        return;
    }
    let recorded = Some(diagnosis.facts.evidence.clone());
    let opened = Opened { recorded, earlier: None, ..case.opened.clone() };
    let practice = opened.practice;
    app.troubles.held.retain(|held| held.opened.practice == practice && stays(&held.diagnosis, &diagnosis));
    app.troubles.held.push(Held { opened, diagnosis });
    mark_next(app);
}

/// Enter on a row.
pub fn open(app: &mut App) -> Vec<Effect> {
    let Some(path) = walked(app) else { return vec![] };
    let Some(row) = rows(&path).get(app.troubles.row).copied() else { return vec![] };
    match row {
        Row::Cause => match &path.conclusion.cause {
            Some(cause) => reopen(app, cause.held, Some(cause.rule.id)),
            None => vec![],
        },
        Row::Choice(n, m) => {
            let template = path.steps[n].template;
            app.troubles.answers.insert(template.id.clone(), template.choices[m].id.clone());
            mark_next(app);
            vec![]
        }
        Row::Look(_) => {
            app.say("This is for you to look at: nothing in mail or DNS tells.");
            vec![]
        }
        Row::Step(n) => step(app, &path, n),
    }
}

fn step(app: &mut App, path: &Path, n: usize) -> Vec<Effect> {
    let step = &path.steps[n];
    let template = step.template;
    if !template.choices.is_empty() {
        match app.troubles.answers.remove(&template.id) {
            Some(_) => app.say("Asked again."),
            None => app.say("Choose an answer below."),
        }
        return vec![];
    }
    // What looks at evidence shows it; what gets evidence shows what it got.
    let shows = |held: &Held| match &step.state {
        State::Found(title) => held.diagnosis.every_finding().any(|f| f.title == *title),
        State::Known(_) => {
            // What a refusal says is known from it, without a finding.
            let told = |p| p == Piece::Refusal && template.looks() && !template.delay;
            Piece::of(held.diagnosis.facts.evidence.input.kind).is_some_and(|p| template.get.contains(&p) || told(p))
        }
        _ => false,
    };
    if let Some(held) = app.troubles.held.iter().position(shows) {
        let title = match &step.state {
            State::Found(title) => Some(title.as_str()),
            _ => None,
        };
        let of = |title: &str| app.troubles.held[held].diagnosis.every_finding().find(|f| f.title == title);
        let rule = title.and_then(of).map(|f| f.rule.id);
        return reopen(app, held, rule);
    }
    match template.offer {
        Some(Offer::Paste) => app.screens.push(Screen::Input),
        Some(Offer::Domain) => app.screens.push(Screen::Ask),
        Some(Offer::Warmup) => warmups::show(app),
        Some(Offer::Send) => sendings::show(app),
        Some(Offer::Stated) => {
            let message = app
                .troubles
                .held
                .iter()
                .position(|h| Piece::of(h.diagnosis.facts.evidence.input.kind) == Some(Piece::Message));
            let Some(message) = message else {
                app.say("Paste a message first: the panel's values are held against it.");
                return vec![];
            };
            let effects = reopen(app, message, None);
            screen::stated::open(app);
            return effects;
        }
        None if step.state == State::NotNeeded => app.say("This step is not needed any more."),
        None => app.say("Evidence settles this: paste it, or take the step that is marked as next."),
    }
    vec![]
}

/// Shows a piece of evidence, at the finding of a rule if it is the one that is open.
fn reopen(app: &mut App, n: usize, rule: Option<&str>) -> Vec<Effect> {
    let Some(held) = app.troubles.held.get(n) else { return vec![] };
    let is_open = app.case.as_ref().is_some_and(|case| Arc::ptr_eq(&case.opened.input, &held.opened.input));
    let mut effects = Vec::new();
    if !is_open {
        let opened = held.opened.clone();
        let practice = opened.practice;
        let diagnosis = Some(held.diagnosis.clone());
        app.redactor = None;
        app.case = Some(Case { diagnosis, ..Case::new(opened) });
        app.next_ticket();
        update::redactor(app);
        // Nothing of it runs, and what is asked from here on is a case of its own.
        effects = vec![Effect::Cancel, Effect::Leave { practice }];
    }
    app.view(Screen::Verdict);
    if let Some(case) = &mut app.case {
        let is = |case: &Case, target: &Target| case.finding(*target).is_some_and(|f| Some(f.rule.id) == rule);
        if let Some(at) = case.lines().iter().position(|target| is(case, target)) {
            case.marked = at;
            screen::detail::open_marked(app);
        }
    }
    effects
}
