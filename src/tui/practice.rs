//! The practice world in the app: which lesson, how far it is, and what is done next. Its tests are sent, waited for and
//! diagnosed on the screens that the user's own mail is.

use super::app::{App, Screen};
use super::case::Case;
use super::fetches;
use super::msg::Effect;
use super::sendings::{self, Session};
use super::update;
use super::world::Ready;
use crate::diagnose::Diagnosis;
use crate::evidence::transcript::Left;
use crate::practice::{self, Lesson, Outcome};
use crate::report::export::zone_line;
use crate::rules::Finding;
use std::collections::BTreeSet;

/// Where the user is in a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No test is under way.
    Ready,
    Sending,
    /// The receiver has the last test.
    Sent,
    Waiting,
    /// The last test lies in the mailbox.
    Arrived,
    /// Its diagnosis is on the screens; what that says, once it is known.
    Read(Option<Outcome>),
}

/// What the app knows of the practice world.
#[derive(Clone, Debug, Default)]
pub struct Practice {
    /// Marked line of the list.
    pub marked: usize,
    pub lesson: Option<&'static Lesson>,
    /// The diagnosis of the last test was opened.
    read: bool,
    /// A test of this lesson was confirmed.
    agreed: bool,
    /// Zone lines that were published in this lesson.
    pub published: Vec<String>,
    /// What the operator did besides.
    pub says: Option<String>,
    /// First line in sight.
    pub top: usize,
    /// Lessons that were cured since the app began.
    pub cured: BTreeSet<&'static str>,
}

/// Opens a lesson anew.
pub fn begin(app: &mut App, lesson: &'static Lesson) -> Vec<Effect> {
    let marked = practice::all().iter().position(|l| l.id == lesson.id).unwrap_or_default();
    let cured = std::mem::take(&mut app.practice.cured);
    app.practice = Practice { marked, cured, lesson: Some(lesson), ..Practice::default() };
    app.case = None;
    // What still comes of another case is stale.
    app.next_ticket();
    let mut effects = forget(app);
    if let Some(at) = app.screens.iter().position(|s| *s == Screen::Practice) {
        app.screens.truncate(at + 1);
    }
    app.screens.push(Screen::Lesson);
    effects.extend([Effect::Cancel, Effect::Lesson(lesson)]);
    effects
}

/// No lesson is under way any more.
pub fn leave(app: &mut App) -> Vec<Effect> {
    let cured = std::mem::take(&mut app.practice.cured);
    app.practice = Practice { marked: app.practice.marked, cured, ..Practice::default() };
    forget(app)
}

/// What became of the last test is out of sight from here on.
fn forget(app: &mut App) -> Vec<Effect> {
    app.practice.read = false;
    sendings::forget_practice(app);
    fetches::forget_practice(app)
}

/// Where the lesson stands.
pub fn stage(app: &App) -> Stage {
    let Some(session) = session(app) else { return Stage::Ready };
    match () {
        () if session.runs() => Stage::Sending,
        () if session.transcript().is_none_or(|t| t.left == Left::No) => Stage::Ready,
        () if app.practice.read => Stage::Read(outcome(app)),
        () if !app.fetches.practises() => Stage::Sent,
        () if app.fetches.runs() => Stage::Waiting,
        () if app.fetches.marked().is_some_and(|mailbox| mailbox.evidence.is_some()) => Stage::Arrived,
        () => Stage::Sent,
    }
}

fn session(app: &App) -> Option<&Session> {
    app.sending.session.as_ref().filter(|session| session.practice)
}

/// Sends the test message of the lesson, or of the new domain.
pub fn send(app: &mut App) -> Vec<Effect> {
    match stage(app) {
        _ if app.practice.lesson.is_none() && app.onboard.sheet().setup.is_none() => nothing(app),
        Stage::Sending => {
            app.say("The test is on its way.");
            vec![]
        }
        _ if app.sending.runs() || app.fetches.runs() && !app.fetches.practises() => {
            app.warn("A message of your own is on its way or waited for: let that end first, or stop it.");
            vec![]
        }
        _ => vec![Effect::WriteTest],
    }
}

/// The test is written: it is asked about, the first time in a lesson.
pub fn composed(app: &mut App, ready: Ready) -> Vec<Effect> {
    let mut effects = forget(app);
    let asked = app.practice.agreed;
    sendings::ask(app, ready);
    if asked {
        effects.extend(sendings::begin(app));
    }
    effects
}

/// A yes: the next test of the lesson takes none.
pub fn agreed(app: &mut App) {
    app.practice.agreed = true;
}

/// Waits for the test in the mailbox of the practice world.
pub fn wait(app: &mut App) -> Vec<Effect> {
    let id = session(app).and_then(|session| session.letter()?.composed.message_id.clone());
    match (stage(app), id) {
        (Stage::Sent, Some(id)) => {
            app.screens.retain(|screen| *screen != Screen::Session);
            fetches::practise(app, &id)
        }
        (Stage::Waiting | Stage::Arrived | Stage::Read(_), _) => {
            fetches::show_practice(app);
            vec![]
        }
        (Stage::Sending, _) => {
            app.say("It is still running.");
            vec![]
        }
        _ => {
            app.say("The test has not left: there is nothing to wait for.");
            vec![]
        }
    }
}

/// Opens the diagnosis of the test that has arrived.
pub fn open(app: &mut App) -> Vec<Effect> {
    let Some(opened) = fetches::opened(app) else { return vec![] };
    // On a checklist the check of the domain is open, which is no earlier test.
    let before = practised(app.case.as_ref().filter(|case| !case.is_domain())).cloned();
    app.screens.retain(|screen| !matches!(screen, Screen::Session | Screen::Fetch));
    let effects = update::show_recorded(app, opened);
    app.practice.read = true;
    if let Some(case) = &mut app.case {
        case.before = before;
    }
    effects
}

/// Does the verdict on screen end the lesson?
pub fn is_cured(app: &App) -> bool {
    app.screen() == Screen::Verdict && stage(app) == Stage::Read(Some(Outcome::Cured))
}

/// The finding that the lesson is about, as long as the last test shows it.
pub fn finding(app: &App) -> Option<&Finding> {
    app.practice.lesson?.finding(practised(app.case.as_ref())?)
}

/// Publishes the fix of the lesson's finding in the practice zone.
pub fn publish(app: &mut App) -> Vec<Effect> {
    let Some(lesson) = app.practice.lesson else { return nothing(app) };
    let Some(diagnosis) = practised(app.case.as_ref()) else {
        let judging = app.case.as_ref().is_some_and(|case| case.opened.practice);
        app.say(match judging {
            true => "The test is being judged; one moment.",
            false => "Send the test and read what became of it first: m.",
        });
        return vec![];
    };
    let Some(finding) = lesson.finding(diagnosis) else {
        app.say("There is nothing left to publish: the fault is gone.");
        return vec![];
    };
    let cure = lesson.cure(finding);
    let lines = cure.records.iter().flat_map(|change| change.after.iter().map(|data| zone_line(change, data)));
    app.practice.published = lines.collect();
    app.practice.says = cure.says.clone();
    let names: Vec<&str> = cure.records.iter().map(|change| &change.name[..]).collect();
    app.say(match &names[..] {
        [] => "Done in the practice world. m sends the test again.".to_owned(),
        names => format!("Published in practice: {}. m sends the test again.", names.join(", ")),
    });
    let mut effects = forget(app);
    effects.push(Effect::Publish(Box::new(cure)));
    effects
}

/// Enter: whatever comes next.
pub fn next(app: &mut App) -> Vec<Effect> {
    match stage(app) {
        Stage::Ready => send(app),
        Stage::Sending => {
            app.screens.push(Screen::Session);
            vec![]
        }
        Stage::Sent | Stage::Waiting => wait(app),
        Stage::Arrived => open(app),
        Stage::Read(None) => vec![],
        Stage::Read(Some(Outcome::Cured)) => match practice::all().get(app.practice.marked + 1) {
            Some(lesson) => begin(app, lesson),
            None => {
                app.say("That was the last lesson.");
                vec![]
            }
        },
        Stage::Read(Some(_)) => {
            app.view(Screen::Verdict);
            vec![]
        }
    }
}

/// How far the lesson is, once a test is judged.
fn outcome(app: &App) -> Option<Outcome> {
    let case = app.case.as_ref().filter(|case| case.running == 0);
    Some(app.practice.lesson?.outcome(practised(case)?))
}

/// The diagnosis of a case of the practice world.
pub fn practised(case: Option<&Case>) -> Option<&Diagnosis> {
    case.filter(|case| case.opened.practice)?.diagnosis.as_ref()
}

fn nothing(app: &mut App) -> Vec<Effect> {
    app.say(match app.onboard.sheet().setup {
        Some(_) => "Esc leads to the checklist: there u publishes what was copied.",
        None => "This is for the practice world: choose a lesson there.",
    });
    vec![]
}
