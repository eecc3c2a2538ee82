//! What reaches the app, and what it asks for. Both are plain values.

use super::fetches::Asked;
use super::listens::Asked as Listening;
use super::world::{CopyReport, KeyWish, Letter, Made, Opened, Ready, Source};
use crate::diagnose::Diagnosis;
use crate::evidence::{Evidence, Said};
use crate::fetch::Wait;
use crate::practice::{Cure, Lesson, Setup};
use crate::replay::edit::{Attempt, Tried};
use crate::watch::Watch;
use crate::world::listen::Told;
use crate::world::run::Progress;
use crate::world::send::News;
use crate::world::watch::Wanted;
use crossterm::event::KeyEvent;
use std::path::PathBuf;
use std::time::Duration;

/// Numbers what was asked; an answer with an old number is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    /// Bracketed, or a burst of keys faster than fingers.
    Paste(String),
    /// The frame takes its size when drawn; this only asks for a frame.
    Resize,
    Opened(Ticket, Result<Box<Opened>, String>),
    Progress(Ticket, Box<Progress>),
    Copied {
        what: String,
        bytes: usize,
        report: CopyReport,
    },
    Saved(Result<PathBuf, String>),
    DraftLost(String),
    /// A state of a watch, or why there is none; tickets of watches are numbered apart.
    Watched(Ticket, Result<Box<Watch>, String>),
    /// The message is written, or why not.
    Composed(Result<Box<Ready>, String>),
    /// What happens in the sessions; their tickets are numbered apart.
    Sending(Ticket, News),
    /// A state of the fetch, or why there is none; its tickets are numbered apart.
    Fetched(Ticket, Result<Box<Wait>, String>),
    /// What the receiving server tells; its tickets are numbered apart.
    Told(Ticket, Result<Told, String>),
    /// What came of an edit.
    Tried(Ticket, Box<Tried>),
    /// A DKIM key is made, or why not.
    KeyMade(Result<Made, String>),
    /// What was told of domains before.
    Recalled(Vec<(String, Option<String>)>),
    /// The terminal told its background.
    Background(Background),
    /// A quarter of a second passed while something runs.
    Tick,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    Light,
    Dark,
}

/// Something to be done outside, by the loop.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Answered by [`Msg::Opened`].
    Open(Ticket, Source),
    /// Answered by [`Msg::Progress`], several times; replaces what runs.
    Run(Ticket, Box<Opened>),
    /// Asks again for what is left open; answered as [`Effect::Run`].
    Verify(Ticket, Box<Evidence>),
    /// The same, for a checklist that keeps itself up to date: nothing is kept, and only the end is told.
    Look(Ticket, Box<Evidence>),
    /// Drops what runs.
    Cancel,
    /// What is asked from here on is no run of the saved case, and asked in the practice world where `practice`.
    Leave {
        practice: bool,
    },
    /// Answered by [`Msg::Watched`], again and again.
    Watch(Ticket, Box<Wanted>),
    /// Ends a watch.
    Unwatch(Ticket),
    /// Has a watch rest, or go on.
    Rest(Ticket, bool),
    /// Has a watch ask the name servers at once.
    AskNow(Ticket),
    /// Writes the message; answered by [`Msg::Composed`].
    Compose(Box<Letter>),
    /// Answered by [`Msg::Sending`], again and again.
    Send(Ticket, Box<Ready>),
    /// Ends a session; its last state still comes.
    Unsend(Ticket),
    /// Answered by [`Msg::Fetched`], again and again; replaces the one before.
    Fetch(Ticket, Box<Asked>),
    /// Gives the fetch more time.
    FetchLonger(Duration),
    /// Ends the fetch.
    Unfetch,
    /// Answered by [`Msg::Told`], again and again; replaces the one before.
    Listen(Ticket, Box<Listening>),
    /// Ends the receiving server.
    Unlisten,
    /// Tries an edit once nothing more is typed; answered by [`Msg::Tried`].
    Try(Ticket, Box<Attempt>),
    /// Begins a lesson anew.
    Lesson(&'static Lesson),
    /// Begins a new domain of the practice world.
    SetUp(&'static Setup),
    /// Answered by [`Msg::Recalled`].
    Recall(Vec<String>),
    /// Answered by [`Msg::KeyMade`].
    MakeKey(Box<KeyWish>),
    /// Writes the test of the lesson, or of the new domain; answered by [`Msg::Composed`].
    WriteTest,
    /// Carries out a cure in the practice world.
    Publish(Box<Cure>),
    Bell,
    /// Answered by [`Msg::Copied`].
    Copy {
        text: String,
        what: String,
    },
    /// Leave the screen, print this, wait for a key.
    PlainPage(String),
    /// Brings the saved case up to date with what the user said since.
    Keep(Box<Diagnosis>),
    SaveDraft(String),
    /// Something that is kept for the next start, under a name of ours.
    SaveNote {
        name: String,
        text: String,
    },
    /// Answered by [`Msg::Saved`].
    SaveReport {
        name: String,
        text: String,
    },
    Redraw,
    Suspend,
    Quit,
}

impl Effect {
    /// The same case with other statements.
    pub fn rerun(ticket: Ticket, opened: &Opened, said: Said) -> Effect {
        Effect::Run(ticket, Box::new(Opened { said, ..opened.clone() }))
    }
}

impl From<Background> for super::theme::Theme {
    fn from(background: Background) -> Self {
        match background {
            Background::Light => super::theme::Theme::Light,
            Background::Dark => super::theme::Theme::Dark,
        }
    }
}
