//! The practice world in the app: which lesson, how far it is, and what is done next.

use super::app::{App, Screen};
use super::case::Case;
use super::msg::{Effect, Ticket};
use super::onboards;
use super::world::Opened;
use crate::practice::{self, Lesson, Outcome};
use crate::report::export::zone_line;

/// Where the user is in a lesson.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// No test was sent yet.
    #[default]
    Ready,
    Sending,
    /// The last test is back.
    Sent,
    /// Cured, and not tested since.
    Published,
}

/// What the app knows of the practice world.
#[derive(Clone, Debug, Default)]
pub struct Practice {
    /// Marked line of the list.
    pub marked: usize,
    pub lesson: Option<&'static Lesson>,
    pub stage: Stage,
    /// Zone lines that were published in this lesson.
    pub published: Vec<String>,
    /// What the operator did besides.
    pub says: Option<String>,
    /// First line in sight.
    pub top: usize,
}

/// Opens a lesson anew.
pub fn begin(app: &mut App, lesson: &'static Lesson) -> Vec<Effect> {
    let marked = practice::all().iter().position(|l| l.id == lesson.id).unwrap_or_default();
    app.practice = Practice { marked, lesson: Some(lesson), ..Practice::default() };
    app.case = None;
    // What still comes of another case is stale.
    app.next_ticket();
    if let Some(at) = app.screens.iter().position(|s| *s == Screen::Practice) {
        app.screens.truncate(at + 1);
    }
    app.screens.push(Screen::Lesson);
    vec![Effect::Cancel, Effect::Lesson(lesson)]
}

/// Sends the test message.
pub fn send(app: &mut App) -> Vec<Effect> {
    if app.practice.lesson.is_none() {
        return nothing(app);
    }
    if app.practice.stage == Stage::Sending {
        app.say("The test is on its way.");
        return vec![];
    }
    app.practice.stage = Stage::Sending;
    app.say("Sending the test.");
    vec![Effect::SendTest(app.next_ticket())]
}

/// The test is back, or went nowhere.
pub fn tested(app: &mut App, ticket: Ticket, result: Result<Box<Opened>, String>) -> Vec<Effect> {
    onboards::tested(app);
    let opened = match result {
        Ok(opened) => *opened,
        Err(why) => {
            app.practice.stage = Stage::Ready;
            app.warn(format!("The test was not delivered: {why}."));
            return onboards::resume(app);
        }
    };
    app.practice.stage = Stage::Sent;
    app.status = None;
    let before = app.case.take().filter(|case| case.opened.practice).and_then(|case| case.diagnosis);
    app.redactor = None;
    app.case = Some(Case { before, ..Case::new(opened.clone()) });
    if app.screen() != Screen::Lesson {
        app.view(Screen::Verdict);
    }
    vec![Effect::Run(ticket, Box::new(opened))]
}

/// Publishes the fix of the lesson's finding in the practice zone.
pub fn publish(app: &mut App) -> Vec<Effect> {
    let Some(lesson) = app.practice.lesson else { return nothing(app) };
    let diagnosis = app.case.as_ref().filter(|case| case.opened.practice).and_then(|case| case.diagnosis.as_ref());
    let Some(diagnosis) = diagnosis else {
        app.say("Send the test first: m.");
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
    app.practice.stage = Stage::Published;
    let names: Vec<&str> = cure.records.iter().map(|change| &change.name[..]).collect();
    app.say(match &names[..] {
        [] => "Done in the practice world. m sends the test again.".to_owned(),
        names => format!("Published in the practice zone: {}. m sends the test again.", names.join(", ")),
    });
    vec![Effect::Publish(Box::new(cure))]
}

/// Enter: whatever comes next.
pub fn next(app: &mut App) -> Vec<Effect> {
    match (app.practice.stage, outcome(app)) {
        (Stage::Ready | Stage::Published, _) => send(app),
        (Stage::Sending, _) => vec![],
        (Stage::Sent, Some(Outcome::Cured)) => match practice::all().get(app.practice.marked + 1) {
            Some(lesson) => begin(app, lesson),
            None => {
                app.say("That was the last lesson.");
                vec![]
            }
        },
        (Stage::Sent, _) => {
            app.view(Screen::Verdict);
            vec![]
        }
    }
}

/// How far the lesson is, once a test is judged.
pub fn outcome(app: &App) -> Option<Outcome> {
    let case = app.case.as_ref().filter(|case| case.opened.practice && case.running == 0)?;
    Some(app.practice.lesson?.outcome(case.diagnosis.as_ref()?))
}

fn nothing(app: &mut App) -> Vec<Effect> {
    app.say("This is for the practice world: choose a lesson there.");
    vec![]
}
