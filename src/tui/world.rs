//! What the app needs of the world: a small door, so that tests can stand in for it.

use super::fetches::Asked;
use crate::diagnose::Diagnosis;
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::fetch::Wait;
use crate::practice::{Cure, Lesson};
use crate::watch::Watch;
use crate::world::fetch;
use crate::world::run::Progress;
use crate::world::watch::{self, Wanted};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Something that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Text from a paste or the editor; `kind` overrules the recogniser.
    Text {
        name: String,
        bytes: Arc<[u8]>,
        kind: Option<InputKind>,
    },
    File(PathBuf),
    /// One of [`World::samples`], by id.
    Sample(String),
    /// One of [`World::recent`], by id.
    Case(String),
}

/// What came of opening: all that a diagnosis starts from.
#[derive(Clone, Debug)]
pub struct Opened {
    pub input: Arc<Input>,
    pub said: Said,
    /// The answers and the clock of a saved case or a sample; its diagnosis asks nothing.
    pub recorded: Option<Arc<Evidence>>,
    /// The run of a saved case before that.
    pub earlier: Option<Arc<Evidence>>,
    /// A sample: its DNS exists nowhere.
    pub invented: bool,
    /// A test of the practice world, whose DNS is asked.
    pub practice: bool,
}

impl Opened {
    /// Something new: nothing is recorded.
    pub fn new(input: impl Into<Arc<Input>>, said: Said) -> Opened {
        Opened { input: input.into(), said, recorded: None, earlier: None, invented: false, practice: false }
    }
}

/// A case of the list on Home, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    pub id: String,
    pub name: String,
    /// `pass`, `warn`, `fail`, `unknown`.
    pub state: crate::triage::State,
    pub headline: String,
    pub at: jiff::Timestamp,
}

/// A built-in example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub id: String,
    /// A few words.
    pub title: String,
}

/// What became of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyReport {
    /// A program took it and said so: `tmux`, `pbcopy`.
    Copied {
        via: String,
    },
    /// Sent, and nothing can confirm it: `OSC 52`.
    Sent {
        via: String,
    },
    Failed {
        why: String,
    },
}

/// A diagnosis running in the background; dropping it stops it.
pub type Job = Box<dyn std::any::Any + Send>;

/// Called from a background thread: first with what the text alone says, before any DNS
/// answer, then once per batch of answers, and a last time with `running == 0`.
pub type OnProgress = Box<dyn FnMut(Progress) + Send>;

/// Called from a background thread with every state of a watch.
pub type OnWatch = Box<dyn FnMut(&Watch) + Send>;

/// Called from a background thread, once.
pub type OnTested = Box<dyn FnOnce(Result<Opened, String>) + Send>;
/// Called from a background thread with every state of a fetch, or with why there is none.
pub type OnFetch = Box<dyn FnMut(Result<&Wait, String>) + Send>;

/// Everything outside. Calls are short; only a [`Job`] lasts.
pub trait World {
    /// Reads and recognises. The error is a sentence for the user.
    fn open(&mut self, source: &Source) -> Result<Opened, String>;
    /// Diagnoses and asks what is open; nothing is asked when `opened` is recorded.
    fn start(&mut self, opened: Opened, on: OnProgress) -> Job;
    /// Begins a watch; the error is a sentence for the user.
    fn watch(&mut self, wanted: Wanted, on: OnWatch) -> Result<watch::Job, String>;
    /// Begins a fetch; the error is a sentence for the user.
    fn fetch(&mut self, asked: Asked, on: OnFetch) -> Result<fetch::Job, String>;
    /// Asks what is open in `evidence`, and keeps that as another run of the case.
    fn verify(&mut self, evidence: Evidence, on: OnProgress) -> Job;
    /// Begins a lesson anew; the error is a sentence for the user.
    fn lesson(&mut self, lesson: &'static Lesson) -> Result<(), String>;
    /// Sends the test of the lesson; what its receiver delivered is handed out.
    fn send_test(&mut self, on: OnTested);
    /// Carries out a cure in the practice world.
    fn publish(&mut self, cure: &Cure);
    /// Brings the saved case up to date with what the user said since its last run.
    fn keep(&mut self, diagnosis: &Diagnosis);
    /// The clipboard ladder.
    fn copy(&mut self, text: &str) -> CopyReport;
    /// The text in the editor, kept for the next start.
    fn save_draft(&mut self, text: &str) -> io::Result<()>;
    fn load_draft(&mut self) -> Option<String>;
    /// Something kept for the next start, by a name of the app's own.
    fn save_note(&mut self, name: &str, text: &str) -> io::Result<()>;
    fn load_note(&mut self, name: &str) -> Option<String>;
    fn recent(&mut self) -> Vec<Recent>;
    fn samples(&self) -> Vec<Sample>;
    /// Writes a new file called `name` in the working folder; says where it went.
    fn save_report(&mut self, name: &str, text: &str) -> io::Result<PathBuf>;
    fn now(&self) -> jiff::Timestamp;
}
