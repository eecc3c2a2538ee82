//! What the app needs of the world: a small door, so that tests can stand in for it.

use super::fetches::Asked;
use super::listens::Asked as Listening;
use crate::config::saved::Saved;
use crate::diagnose::Diagnosis;
use crate::evidence::{Evidence, Input, InputKind, Said, Transcript};
use crate::fetch::Wait;
use crate::practice::{Cure, Lesson, Setup};
use crate::send::{Draft, Sealed, Sent};
use crate::watch::Watch;
use crate::world::dkim::Key;
use crate::world::fetch;
use crate::world::listen::{self, Told};
use crate::world::run::Progress;
use crate::world::secret::Secret;
use crate::world::send::{self, Login};
use crate::world::tls::Authorities;
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
    /// A domain, with what its owner says of it.
    Domain {
        name: String,
        said: Box<Said>,
        /// It lives in the practice world.
        practice: bool,
    },
    /// One of [`World::samples`], by id.
    Sample(String),
    /// One of [`World::recent`], by id.
    Case(String),
    /// What became of a message that was sent.
    Session(Box<Sent>),
}

/// What came of opening: all that a diagnosis starts from.
#[derive(Clone, Debug)]
pub struct Opened {
    pub input: Arc<Input>,
    pub said: Said,
    /// The session in which it was to be sent.
    pub transcript: Option<Arc<Transcript>>,
    /// The answers and the clock of a saved case or a sample; its diagnosis asks nothing.
    pub recorded: Option<Arc<Evidence>>,
    /// The run of a saved case before that.
    pub earlier: Option<Arc<Evidence>>,
    /// A sample: its DNS exists nowhere.
    pub invented: bool,
    /// A test of the practice world, whose DNS is asked.
    pub practice: bool,
    /// Recorded, and not saved as a case yet.
    pub unsaved: bool,
    /// Of the user's own Rspamd, where it wants one; kept nowhere.
    pub rspamd_password: Option<Secret>,
}

impl Opened {
    /// Something new: nothing is recorded.
    pub fn new(input: impl Into<Arc<Input>>, said: Said) -> Opened {
        Opened {
            input: input.into(),
            said,
            transcript: None,
            recorded: None,
            earlier: None,
            invented: false,
            practice: false,
            unsaved: false,
            rspamd_password: None,
        }
    }
}

/// A saved case in a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    pub id: String,
    pub name: String,
    /// `pass`, `warn`, `fail`, `unknown`.
    pub state: crate::triage::State,
    pub headline: String,
    pub at: jiff::Timestamp,
    /// The rules that found something.
    pub rules: Vec<String>,
}

impl Recent {
    /// Are all of these words in it? Domain, verdict, rules, day, id.
    pub fn holds(&self, words: &str) -> bool {
        let day = self.at.strftime("%Y-%m-%d %e %b").to_string();
        let texts = [&self.id, &self.name, &self.headline, &day].map(String::as_str);
        let texts = texts.into_iter().chain([self.state.word()]).chain(self.rules.iter().map(String::as_str));
        crate::evidence::case::matches(words, texts)
    }
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

/// Called from a background thread with every state of a fetch, or with why there is none.
pub type OnFetch = Box<dyn FnMut(Result<&Wait, String>) + Send>;

/// Called from a background thread with all that a receiving server tells.
pub type OnTold = Box<dyn FnMut(Told) + Send>;

/// What the form of a test message asks for; the files are not read yet.
#[derive(Clone, Debug)]
pub struct Letter {
    /// One for each recipient, alike otherwise.
    pub drafts: Vec<Draft>,
    /// A message of the user's own.
    pub file: Option<PathBuf>,
    /// Its From says who it is from.
    pub from_file: bool,
    /// MAIL FROM was typed, or left away on purpose.
    pub path_given: bool,
    /// A text of the user's own for a test message.
    pub body: Option<PathBuf>,
    pub key: Option<Key>,
    /// Who else vouches for certificates.
    pub authorities: Option<PathBuf>,
    pub login: Option<Login>,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// A new file for the private half.
    pub file: String,
    /// It is for the practice world, and goes with it.
    pub practice: bool,
}

/// A key that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The text of the TXT record.
    pub record: String,
    /// Where the private half is.
    pub file: String,
}

/// Called from a background thread, once.
pub type OnKey = Box<dyn FnOnce(Result<Made, String>) + Send>;

/// What a yes would send.
#[derive(Clone, Debug)]
pub struct Ready {
    pub letters: Vec<Sealed>,
    pub warnings: Vec<String>,
    /// Recipients that have never been written to.
    pub strangers: Vec<String>,
    pub login: Option<Login>,
    /// Who vouches for certificates besides those who do for all of the program.
    pub authorities: Authorities,
    /// A test of the practice world: it goes to its receiver and nowhere else.
    pub practice: bool,
}

/// Called from a background thread with all that happens in the sessions.
pub type OnSend = Box<dyn FnMut(send::News) + Send>;

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
    /// Begins to receive mail; the error is a sentence for the user.
    fn listen(&mut self, asked: Listening, on: OnTold) -> Result<listen::Job, String>;
    /// Asks what is open in `evidence`, and keeps that as another run of the case.
    fn verify(&mut self, evidence: Evidence, on: OnProgress) -> Job;
    /// The same without keeping it; only the last state is told.
    fn look(&mut self, evidence: Evidence, on: OnProgress) -> Job;
    /// Begins a new domain of the practice world; the error is a sentence for the user.
    fn set_up(&mut self, setup: &'static Setup) -> Result<(), String>;
    /// Makes a DKIM key: the private half goes into a new file that nobody else can read.
    fn make_key(&mut self, wish: KeyWish, on: OnKey);
    /// Begins a lesson anew; the error is a sentence for the user.
    fn lesson(&mut self, lesson: &'static Lesson) -> Result<(), String>;
    /// Writes the test of the lesson, or of the new domain; nothing leaves. The error is a sentence for the user.
    fn write_test(&mut self) -> Result<Ready, String>;
    /// Carries out a cure in the practice world.
    fn publish(&mut self, cure: &Cure);
    /// Brings the saved case up to date with what the user said since its last run.
    fn keep(&mut self, diagnosis: &Diagnosis);
    /// The servers and mailboxes that the settings have a name for.
    fn saved(&self) -> Saved;
    /// Writes a test message; nothing leaves. The error is a sentence for the user.
    fn compose(&mut self, letter: Letter) -> Result<Ready, String>;
    /// Sends them, and keeps what became of each as a case.
    fn send(&mut self, ready: Ready, on: OnSend) -> Result<send::Job, String>;
    /// What is asked from here on is no run of the saved case, and asked in the practice world or outside.
    fn leave(&mut self, practice: bool);
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
