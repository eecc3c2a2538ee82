//! Opens the app, and gives it the world it asks for.

mod case;
mod letter;
mod mail;
mod practice;

use super::args::Global;
use super::exit::Exit;
use super::source;
use crate::config::saved::Saved;
use crate::diagnose::Diagnosis;
use crate::evidence::Evidence;
use crate::evidence::case::Case;
use crate::onboarding::Told;
use crate::practice::{Cure, Lesson, Setup};
use crate::samples;
use crate::tui;
use crate::tui::fetches::Asked;
use crate::tui::listens::Asked as Listening;
use crate::tui::world::{
    CopyReport, Job, KeyWish, Letter, OnFetch, OnKey, OnProgress, OnSend, OnTold, OnWatch, Opened, Ready, Recent,
    Sample, Source, World,
};
use crate::world::clipboard::{Clipboard, Copied, Surroundings, Way};
use crate::world::dns::Settings;
use crate::world::fetch;
use crate::world::listen;
use crate::world::practice::Practice;
use crate::world::run;
use crate::world::send as session;
use crate::world::state::{self, State};
use crate::world::watch::{self, Wanted};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The app, with an input if there is one: a file, a domain, or what came through a pipe.
pub fn open(global: &Global, input: Option<PathBuf>, piped: bool) -> anyhow::Result<Exit> {
    let first = match input {
        Some(name) if name != Path::new("-") => Some(Source::File(name)),
        None if !piped => None,
        _ => Some(Source::Text { name: "-".into(), bytes: source::bytes("-")?.into(), kind: None }),
    };
    start(global, first)
}

/// The app with a saved case.
pub fn reopen(global: &Global, case: String) -> anyhow::Result<Exit> {
    start(global, Some(Source::Case(case)))
}

/// The app in the practice world, at its list or at a lesson.
pub fn practise(global: &Global, lesson: Option<&'static Lesson>) -> anyhow::Result<Exit> {
    enter(tui::Start { practice: Some(lesson), ..begin(global) })
}

/// The app in the practice world, with the checklist of a new domain there.
pub fn set_up(global: &Global, setup: &'static Setup) -> anyhow::Result<Exit> {
    enter(tui::Start { set_up: Some(setup), ..begin(global) })
}

/// The app with the checklists of domains.
pub fn onboard(global: &Global, onboard: Vec<(String, Told)>) -> anyhow::Result<Exit> {
    enter(tui::Start { onboard, ..begin(global) })
}

fn start(global: &Global, open: Option<Source>) -> anyhow::Result<Exit> {
    enter(tui::Start { open, ..begin(global) })
}

/// At Home.
fn begin(global: &Global) -> tui::Start {
    let world = Box::new(Outside::new(global));
    let color = global.color.forced();
    tui::Start { world, open: None, practice: None, set_up: None, onboard: Vec::new(), redact: global.redact, color }
}

fn enter(start: tui::Start) -> anyhow::Result<Exit> {
    tui::run(start)?;
    Ok(Exit::Clean)
}

/// The real world, as the app asks for it.
struct Outside {
    settings: Settings,
    offline: bool,
    now: Option<jiff::Timestamp>,
    saved: Saved,
    clipboard: Clipboard,
    state: Option<State>,
    /// The practice world, once a lesson has begun.
    practice: Arc<Mutex<Option<Practice>>>,
    /// Whose DNS is asked for the case on screen.
    practising: bool,
    /// The case of the diagnosis on screen: its runs are appended to it.
    case: Arc<Mutex<Option<Case>>>,
}

impl Outside {
    fn new(global: &Global) -> Outside {
        Outside {
            settings: global.dns(),
            offline: global.offline,
            now: global.now,
            saved: global.saved.clone(),
            clipboard: Clipboard::new(Surroundings::here()),
            state: State::find().ok(),
            practice: Arc::default(),
            practising: false,
            case: Arc::default(),
        }
    }

    /// How the questions of the case on screen are put.
    fn dns(&self) -> Settings {
        let invented = || Some(self.practice.lock().ok()?.as_ref()?.settings());
        let invented = self.practising.then(invented).flatten();
        invented.unwrap_or_else(|| self.settings.clone())
    }

    /// Runs a diagnosis in the background, as another run of the case if it is to be kept.
    fn run(&self, mut evidence: Evidence, keep: bool, mut on: OnProgress) -> Job {
        if keep {
            evidence.said.resolver = self.dns().resolvers.first().copied();
        }
        let keep = keep.then(|| (self.state.clone(), self.case.clone()));
        let mut begun = false;
        let job = run::spawn(self.dns(), evidence, move |progress| {
            // Kept before the first answer, and again after the last: leaving early loses nothing.
            let last = progress.running == 0;
            // A first look knows less of the body than a case keeps.
            let whole = !progress.diagnosis.facts.evidence.input.effort().is_held();
            if let Some((Some(state), case)) = keep.as_ref().filter(|_| whole && (last || !begun)) {
                case::save(state, case, &progress.diagnosis, begun);
                begun = true;
            }
            on(progress);
        });
        Box::new(job)
    }
}

impl World for Outside {
    fn open(&mut self, source: &Source) -> Result<Opened, String> {
        self.opened(source)
    }

    fn start(&mut self, opened: Opened, on: OnProgress) -> Job {
        let recorded = opened.recorded.is_some();
        let keep = (!recorded || opened.unsaved) && !opened.practice;
        self.practising = opened.practice;
        self.settings.rspamd_password = opened.rspamd_password;
        // No packet of the practice world leaves this machine.
        let offline = (self.offline && !opened.practice) || recorded;
        let fresh = Evidence::new(opened.input, opened.said, self.now(), offline);
        let mut evidence = Evidence { transcript: opened.transcript, ..fresh };
        if let Some(old) = opened.recorded {
            evidence =
                Evidence { answers: old.answers.clone(), fetched: old.fetched.clone(), now: old.now, ..evidence };
        }
        self.run(evidence, keep, on)
    }

    fn verify(&mut self, evidence: Evidence, on: OnProgress) -> Job {
        let offline = self.offline && !self.practising;
        self.run(Evidence { now: self.now(), offline, ..evidence }, !self.practising, on)
    }

    fn look(&mut self, evidence: Evidence, mut on: OnProgress) -> Job {
        let offline = self.offline && !self.practising;
        let last = move |progress: run::Progress| {
            if progress.running == 0 {
                on(progress);
            }
        };
        self.run(Evidence { now: self.now(), offline, ..evidence }, false, Box::new(last))
    }

    fn listen(&mut self, asked: Listening, on: OnTold) -> Result<listen::Job, String> {
        self.listening(asked, on)
    }

    fn set_up(&mut self, setup: &'static Setup) -> Result<(), String> {
        self.practise(Practice::set_up(setup)?);
        Ok(())
    }

    fn make_key(&mut self, wish: KeyWish, on: OnKey) {
        self.make_key_file(wish, on);
    }

    fn watch(&mut self, wanted: Wanted, on: OnWatch) -> Result<watch::Job, String> {
        if self.offline && !self.practising {
            return Err("a watch asks DNS, and --offline forbids that".into());
        }
        watch::spawn(&self.dns(), wanted, on).map_err(|e| e.to_string())
    }

    fn lesson(&mut self, lesson: &'static Lesson) -> Result<(), String> {
        self.practise(Practice::begin(lesson)?);
        Ok(())
    }

    fn write_test(&mut self) -> Result<Ready, String> {
        self.test_written()
    }

    fn publish(&mut self, cure: &Cure) {
        // Without a world there is nothing to cure.
        let _ = self.practice(|world| {
            world.apply(cure);
            Ok(())
        });
    }

    fn saved(&self) -> Saved {
        self.saved.clone()
    }

    fn compose(&mut self, letter: Letter) -> Result<Ready, String> {
        letter::write(letter, |to| self.state.as_ref().is_some_and(|s| s.knows_recipient(to)), self.now())
    }

    fn send(&mut self, ready: Ready, on: OnSend) -> Result<session::Job, String> {
        if ready.practice { self.hand_over(ready, on) } else { self.sending(ready, on) }
    }

    fn fetch(&mut self, asked: Asked, on: OnFetch) -> Result<fetch::Job, String> {
        if asked.practice { self.fetch_test(&asked, on) } else { self.fetching(asked, on) }
    }

    fn keep(&mut self, diagnosis: &Diagnosis) {
        // A sample has no case to keep it in.
        let open = self.case.lock().is_ok_and(|case| case.is_some());
        if let Some(state) = self.state.as_ref().filter(|_| open) {
            case::save(state, &self.case, diagnosis, true);
        }
    }

    fn leave(&mut self, practice: bool) {
        self.practising = practice;
        self.no_case();
    }

    fn copy(&mut self, text: &str) -> CopyReport {
        match self.clipboard.copy(text, &mut io::stdout()) {
            Copied::Confirmed { way, .. } => CopyReport::Copied { via: way_word(way).into() },
            Copied::Sent { way, .. } => CopyReport::Sent { via: way_word(way).into() },
            Copied::No(why) => CopyReport::Failed { why },
        }
    }

    fn save_draft(&mut self, text: &str) -> io::Result<()> {
        match &self.state {
            Some(state) => state.save_note("draft", text.as_bytes()).map_err(io::Error::other),
            None => Ok(()),
        }
    }

    fn load_draft(&mut self) -> Option<String> {
        let draft = self.state.as_ref()?.note("draft")?;
        Some(String::from_utf8_lossy(&draft).into_owned())
    }

    fn save_note(&mut self, name: &str, text: &str) -> io::Result<()> {
        match &self.state {
            Some(state) => state.save_note(name, text.as_bytes()).map_err(io::Error::other),
            None => Ok(()),
        }
    }

    fn load_note(&mut self, name: &str) -> Option<String> {
        String::from_utf8(self.state.as_ref()?.note(name)?).ok()
    }

    fn recent(&mut self) -> Vec<Recent> {
        let lines = self.state.iter().flat_map(|state| state.recent(usize::MAX));
        let recent = |l: state::Line| {
            let state::Line { id, name, state, headline, at, rules } = l;
            Recent { id, name, state, headline, at, rules }
        };
        lines.map(recent).collect()
    }

    fn samples(&self) -> Vec<Sample> {
        samples::all().iter().map(|s| Sample { id: s.name.into(), title: s.title.into() }).collect()
    }

    fn save_report(&mut self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = std::env::current_dir()?.join(name);
        state::write_new(&path, text.as_bytes())?;
        Ok(path)
    }

    fn now(&self) -> jiff::Timestamp {
        self.now.unwrap_or_else(jiff::Timestamp::now)
    }
}

fn way_word(way: Way) -> &'static str {
    match way {
        Way::Tmux => "tmux",
        Way::Native => "the desktop clipboard",
        Way::Osc52 => "OSC 52",
        Way::Screen => "OSC 52 through screen",
    }
}
