//! Opens the app, and gives it the world it asks for.

use super::args::Global;
use super::exit::Exit;
use super::mailboxes;
use super::source;
use crate::config::saved::Saved;
use crate::diagnose::Diagnosis;
use crate::evidence::case::{Case, Run};
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::Reading;
use crate::fetch::Order;
use crate::listen::{Policy, bind};
use crate::onboarding::Told;
use crate::practice::{Cure, Lesson, Setup};
use crate::samples;
use crate::send::{self, Draft, Sealed, Sent};
use crate::tui;
use crate::tui::fetches::Asked;
use crate::tui::listens::{Asked as Listening, Tls};
use crate::tui::world::{
    CopyReport, Job, KeyWish, Letter, Made, OnFetch, OnKey, OnProgress, OnSend, OnTold, OnWatch, Opened, Ready, Recent,
    Sample, Source, World,
};
use crate::world::clipboard::{Clipboard, Copied, Surroundings, Way};
use crate::world::dkim::Signer;
use crate::world::dns::Settings;
use crate::world::fetch;
use crate::world::keygen;
use crate::world::listen::{self, Certificate};
use crate::world::practice::{Practice, Test};
use crate::world::random;
use crate::world::run;
use crate::world::send as session;
use crate::world::state::{self, State};
use crate::world::watch::{self, Wanted};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The app, with an input if there is one: a file, a domain, or what came through a pipe.
pub fn open(global: &Global, input: Option<String>, piped: bool) -> anyhow::Result<Exit> {
    let first = match input {
        Some(name) if name != "-" => Some(Source::File(name.into())),
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

    /// Asks the practice world.
    fn practice<T>(&self, ask: impl FnOnce(&mut Practice) -> Result<T, String>) -> Result<T, String> {
        let mut practice = self.practice.lock().unwrap_or_else(|e| e.into_inner());
        ask(practice.as_mut().ok_or_else(|| "no lesson has begun".to_owned())?)
    }

    /// A test of the practice world: its receiver is opened for it, and nothing is kept.
    fn hand_over(&self, ready: Ready, on: OnSend) -> Result<session::Job, String> {
        let (settings, _) = self.practice(Practice::receive)?;
        let order = |Sealed { draft, composed }| session::Order {
            draft,
            message: composed.bytes.into(),
            credentials: None,
            retry: session::Retry::Never,
        };
        let orders = ready.letters.into_iter().map(order).collect();
        session::spawn(&settings, orders, None, on).map_err(|e| e.to_string())
    }

    /// Waits for a test in the mailbox of the practice world.
    fn fetch_test(&self, asked: &Asked, on: OnFetch) -> Result<fetch::Job, String> {
        let order = Order { sought: asked.sought.clone(), header_only: asked.header_only, timeout: asked.timeout };
        let (settings, wanted) = self.practice(|world| Ok((world.settings(), world.wanted(order))))?;
        fetch::spawn(settings, || Ok(wanted), |_| None, on).map_err(|e| e.to_string())
    }

    fn state(&self) -> Result<&State, String> {
        self.state.as_ref().ok_or_else(|| "there is no place for state: set POSTDOC_STATE_DIR to a folder".into())
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
                save(state, case, &progress.diagnosis, begun);
                begun = true;
            }
            on(progress);
        });
        Box::new(job)
    }

    /// A practice world begins; it has no case.
    fn practise(&self, begun: Practice) {
        if let Ok(mut practice) = self.practice.lock() {
            *practice = Some(begun);
        }
        if let Ok(mut case) = self.case.lock() {
            *case = None;
        }
    }

    fn opened(input: Input) -> Opened {
        Opened::new(input, Said::default())
    }
}

impl World for Outside {
    fn open(&mut self, source: &Source) -> Result<Opened, String> {
        let read = |name: &str, bytes: Arc<[u8]>, kind: Option<InputKind>| {
            Input::read(name, bytes, kind).map_err(|refusal| refusal.to_string())
        };
        if let Ok(mut case) = self.case.lock() {
            *case = None;
        }
        match source {
            Source::Text { name, bytes, kind } => Ok(Self::opened(read(name, bytes.clone(), *kind)?)),
            Source::File(path) => {
                let name = path.to_string_lossy().into_owned();
                let bytes = match source::bytes(&name) {
                    // A domain or an address is itself the input.
                    Err(_) if source::names_a_host(&name) => name.clone().into_bytes(),
                    bytes => bytes.map_err(|e| format!("{e:#}"))?,
                };
                Ok(Self::opened(read(&name, bytes.into(), None)?))
            }
            Source::Domain { name, said, practice } => {
                let input = read(name, name.clone().into_bytes().into(), Some(InputKind::Domain))?;
                Ok(Opened { practice: *practice, ..Opened::new(input, Said::clone(said)) })
            }
            Source::Sample(id) => {
                let sample = samples::find(id).ok_or_else(|| format!("there is no sample {id:?}"))?;
                let evidence = sample.evidence(self.now(), Said::default());
                Ok(Opened { invented: true, ..recorded(evidence) })
            }
            Source::Session(sent) => {
                let evidence = send::evidence(sent, self.offline);
                // As it was kept when the session was over: the diagnosis is another run of that case.
                if let Ok(mut open) = self.case.lock() {
                    *open = Some(Case::new(&evidence, true));
                }
                let transcript = evidence.transcript.clone();
                Ok(Opened { transcript, ..Opened::new(evidence.input, evidence.said) })
            }
            Source::Case(id) => {
                let case = self.state()?.load_case(id).map_err(|e| e.to_string())?;
                let evidence = case.evidence(None).map_err(|e| e.to_string())?;
                // A run that cannot be read any more is no reason not to show the last.
                let before = case.runs.len().checked_sub(2).and_then(|run| case.evidence(Some(run)).ok());
                if let Ok(mut open) = self.case.lock() {
                    *open = Some(case);
                }
                Ok(Opened { earlier: before.map(Arc::new), ..recorded(evidence) })
            }
        }
    }

    fn start(&mut self, opened: Opened, on: OnProgress) -> Job {
        let recorded = opened.recorded.is_some();
        let keep = (!recorded || opened.unsaved) && !opened.practice;
        self.practising = opened.practice;
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

    fn listen(&mut self, asked: Listening, on: OnTold) -> Result<listen::Job, String> {
        let certificate = match &asked.tls {
            Tls::Own => Some(Certificate::own(&asked.name)),
            Tls::Files { chain, key } => Some(Certificate::read(chain, key)),
            Tls::NotOffered => None,
        };
        let options = listen::Options {
            address: asked.address,
            policy: Policy::new(&asked.name, asked.recipients),
            certificate: certificate.transpose()?,
            settings: self.settings.clone(),
            offline: self.offline,
            limits: listen::Limits::default(),
            count: asked.count,
            client: None,
            obeys: false,
            now: self.now,
        };
        listen::spawn(options, asked.limit, on).map_err(|e| bind::refused(asked.address, &e))
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

    fn set_up(&mut self, setup: &'static Setup) -> Result<(), String> {
        self.practise(Practice::set_up(setup)?);
        Ok(())
    }

    fn make_key(&mut self, wish: KeyWish, on: OnKey) {
        let practice = self.practice.clone();
        std::thread::spawn(move || {
            let file = match wish.practice {
                false => std::path::absolute(&wish.file).map_err(|e| e.to_string()),
                true => {
                    let mut world = practice.lock().unwrap_or_else(|e| e.into_inner());
                    let folder = world.as_mut().ok_or_else(|| "no lesson has begun".to_owned());
                    folder.and_then(|world| Ok(world.folder()?.join(&wish.file)))
                }
            };
            on(file.and_then(|path| {
                let record = keygen::to_file(&path)?;
                Ok(Made { record, file: path.display().to_string() })
            }));
        });
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
        let Test { draft, client, relayed } = self.practice(Practice::write)?;
        let composed = send::compose(&draft, "", self.now())?;
        let seen = client.map_or("an unknown address".to_owned(), |ip| ip.to_string());
        let mut notes = vec![format!("The invented receiver sees it come from {seen}. No packet leaves this machine.")];
        if relayed {
            notes.push("It is on its way already: this is what the server in between hands over.".to_owned());
        }
        let letters = vec![Sealed { draft, composed }];
        Ok(Ready { letters, warnings: notes, strangers: vec![], login: None, practice: true })
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
        let Letter { mut drafts, file, from_file, path_given, key, login } = letter;
        if let Some(path) = file {
            let bytes: Arc<[u8]> = source::bytes(&path.to_string_lossy()).map_err(|e| format!("{e:#}"))?.into();
            for draft in &mut drafts {
                if from_file {
                    let from = send::from(&bytes).and_then(|text| send::mailbox(&text).ok());
                    draft.from = from.ok_or("the message has no From that can be read: type the sender")?;
                }
                if !path_given {
                    draft.mail_from = Some(draft.from.email.clone());
                }
                draft.content = send::Content::Own(bytes.clone());
            }
        }
        let marker = random::marker().ok_or("the system gives no random bytes")?;
        let mut letters = send::copies(drafts, &marker, self.now())?;
        if let Some(key) = key {
            for Sealed { draft, composed } in &mut letters {
                let signer = Signer::read(&key.path, draft.from.email.domain(), &key.selector)?;
                composed.bytes = signer.sign(&composed.bytes)?;
            }
        }
        let mut warnings = Vec::new();
        for warning in letters.iter().flat_map(|l| send::warnings(&l.draft, &l.composed)) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let knows = |to: &str| self.state.as_ref().is_some_and(|s| s.knows_recipient(to));
        let strangers = letters.iter().map(|l| l.draft.to.to_string()).filter(|to| !knows(to)).collect();
        Ok(Ready { letters, warnings, strangers, login, practice: false })
    }

    fn send(&mut self, ready: Ready, mut on: OnSend) -> Result<session::Job, String> {
        if ready.practice {
            return self.hand_over(ready, on);
        }
        if self.offline {
            return Err("sending needs the network, and --offline forbids it".into());
        }
        let Ready { letters, strangers, login, .. } = ready;
        if let Some(state) = &self.state {
            strangers.iter().try_for_each(|to| state.learn_recipient(to)).map_err(|e| e.to_string())?;
        }
        let order = |Sealed { draft, composed }| session::Order {
            draft,
            message: composed.bytes.into(),
            credentials: None,
            retry: session::Retry::Beside,
        };
        let orders: Vec<session::Order> = letters.into_iter().map(order).collect();
        let settings = Settings { timeout: session::TIMEOUT, ..self.settings.clone() };
        let state = self.state.clone();
        let sent: Vec<(Draft, Arc<[u8]>)> = orders.iter().map(|o| (o.draft.clone(), o.message.clone())).collect();
        let on = move |news: session::News| {
            if let (session::News::State(n, progress), Some(state)) = (&news, &state)
                && let Some((draft, message)) = sent.get(*n).filter(|_| progress.over)
            {
                let transcript = Arc::new(progress.transcript.clone());
                keep_session(state, &Sent { draft: draft.clone(), message: message.clone(), transcript });
            }
            on(news);
        };
        session::spawn(&settings, orders, login, on).map_err(|e| e.to_string())
    }

    fn fetch(&mut self, asked: Asked, on: OnFetch) -> Result<fetch::Job, String> {
        if asked.practice {
            return self.fetch_test(&asked, on);
        }
        let state = self.state.clone();
        let resolver = self.settings.resolvers.first().copied();
        let (offline, now, saved) = (self.offline, self.now, self.saved.clone());
        let prepare = move || {
            Ok(fetch::Wanted {
                boxes: mailboxes::asked(&asked, &saved, offline).map_err(|e| format!("{e:#}"))?,
                order: Order { sought: asked.sought, header_only: asked.header_only, timeout: asked.timeout },
                insecure: false,
                pace: fetch::PACE,
                said: Said { resolver, ..Said::default() },
                now,
                offline,
                sent: asked.sent,
            })
        };
        let keep = move |diagnosis: &Diagnosis| {
            let evidence = &diagnosis.facts.evidence;
            let state = state.as_ref().filter(|_| evidence.input.kind.is_judged())?;
            let case = Case::new(evidence, false);
            state.save_case(&case, diagnosis).ok().map(|_| case.id)
        };
        fetch::spawn(self.settings.clone(), prepare, keep, on).map_err(|e| e.to_string())
    }

    fn keep(&mut self, diagnosis: &Diagnosis) {
        // A sample has no case to keep it in.
        let open = self.case.lock().is_ok_and(|case| case.is_some());
        if let Some(state) = self.state.as_ref().filter(|_| open) {
            save(state, &self.case, diagnosis, true);
        }
    }

    fn leave(&mut self, practice: bool) {
        self.practising = practice;
        if let Ok(mut case) = self.case.lock() {
            *case = None;
        }
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

/// A session makes a case, whether or not anybody looks at its diagnosis.
fn keep_session(state: &State, sent: &Sent) {
    let evidence = send::evidence(sent, true);
    let case = Case::new(&evidence, true);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let _ = state.save_case(&case, &crate::diagnose::diagnose(Arc::new(evidence), reading));
}

/// Writes the case, or appends the run to the one that is open; `begun` brings that run up to
/// date. Failing to is no reason to interrupt anybody: the next run tries again.
fn save(state: &State, open: &Mutex<Option<Case>>, diagnosis: &Diagnosis, begun: bool) {
    let evidence = &diagnosis.facts.evidence;
    let Ok(mut open) = open.lock() else { return };
    match open.as_mut() {
        Some(case) => {
            if begun {
                case.runs.pop();
            }
            case.runs.push(Run::of(evidence));
        }
        None => *open = Some(Case::new(evidence, false)),
    }
    if let Some(case) = open.as_ref() {
        let _ = state.save_case(case, diagnosis);
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

/// A saved case or a sample, to be looked at as it was.
fn recorded(evidence: Evidence) -> Opened {
    let transcript = evidence.transcript.clone();
    Opened { recorded: Some(Arc::new(evidence.clone())), transcript, ..Opened::new(evidence.input, evidence.said) }
}
