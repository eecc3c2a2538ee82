//! The loop: waits, updates, does what was asked, draws. Idle, it sleeps without a clock.

use super::app::{App, Screen as Place};
use super::events;
use super::fetches;
use super::listens;
use super::msg::{Background, Effect, Msg, Ticket};
use super::onboards;
use super::terminal::{self, Screen};
use super::theme::{Choice, Look};
use super::update::{open, update};
use super::warmups;
use super::world::{Job, Source, World};
use crate::onboarding::Told;
use crate::replay::edit::Attempt;
use crate::safe::Safe;
use crate::world::send::News;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

/// What the app starts with.
pub struct Start {
    pub world: Box<dyn World>,
    /// Opened at once, if given.
    pub open: Option<Source>,
    /// The practice world, at its list or at a lesson.
    pub practice: Option<Option<&'static crate::practice::Lesson>>,
    /// A new domain of the practice world.
    pub set_up: Option<&'static crate::practice::Setup>,
    /// Domains that are to be set up, and what their owner told before.
    pub onboard: Vec<(String, Told)>,
    /// Persons and machines are hidden from the start.
    pub redact: bool,
    /// `--color always` (true) or `never` (false), if either was given.
    pub color: Option<bool>,
}

/// At most 30 frames a second.
const FRAME: Duration = Duration::from_millis(33);
/// The spinner, while something runs.
const TICK: Duration = Duration::from_millis(250);
/// Countdowns, while they are looked at.
const SECOND: Duration = Duration::from_secs(1);
/// Whoever types has paused.
const QUIET: Duration = Duration::from_millis(100);
/// How long the terminal may take to tell its background.
const COLOURS: Duration = Duration::from_millis(150);

/// What reaches the loop from other threads.
enum Inward {
    Msgs(Vec<Msg>),
    /// The terminal is gone.
    Closed,
}

/// Runs the app until the user leaves; the terminal is then as it was.
pub fn run(start: Start) -> anyhow::Result<()> {
    let mut outside = Outside {
        world: start.world,
        job: None,
        watches: BTreeMap::new(),
        sending: None,
        fetch: None,
        listen: None,
        trials: None,
    };
    let look = Look::here(start.color);
    let mut app = App::new(look, outside.world.now());
    app.redact = start.redact;
    app.samples = outside.world.samples();
    let saved = outside.world.saved();
    app.sending.form.offer(saved.servers);
    if let Some(kept) = outside.world.load_note(fetches::NOTE) {
        app.fetches = fetches::Fetches::of(&kept);
    }
    app.fetches.offer(saved.mailboxes);
    if let Some(kept) = outside.world.load_note(listens::NOTE) {
        app.listens = listens::Listens::of(&kept);
    }
    if let Some(kept) = outside.world.load_note(warmups::NOTE) {
        app.warmup = warmups::WarmUp::of(&kept, app.now.to_zoned(jiff::tz::TimeZone::UTC).date());
    }
    if let Some(draft) = outside.world.load_draft() {
        app.editor.set(&draft);
    }
    terminal::restore_on_signals()?;
    let mut screen = Screen::enter()?;
    screen.draw(&mut app)?;
    // Reading saved cases takes longer than a first frame may.
    app.recent = outside.world.recent();
    if !app.recent.is_empty() && start.open.is_none() {
        screen.draw(&mut app)?;
    }
    let (sender, inbox) = mpsc::channel();
    listen(sender.clone(), look.theme == Choice::Auto)?;
    let mut first = start.open.map(|source| open(&mut app, source)).unwrap_or_default();
    if let Some(lesson) = start.practice {
        app.screens.push(Place::Practice);
        first.extend(lesson.into_iter().flat_map(|lesson| super::practice::begin(&mut app, lesson)));
    }
    if let Some(setup) = start.set_up {
        app.screens.push(Place::Practice);
        first = onboards::practise(&mut app, setup);
    }
    if !start.onboard.is_empty() {
        app.onboard.take(start.onboard);
        first = onboards::begin(&mut app);
    }
    let left = 'run: {
        if !outside.perform(&mut app, &mut screen, &sender, &inbox, &mut first)? {
            break 'run Ok(());
        }
        each_frame(&mut app, &mut screen, &mut outside, &sender, &inbox)
    };
    drop(screen);
    if let Some(summary) = app.summary() {
        let _ = writeln!(io::stdout(), "{}", Safe::block(summary));
    }
    left
}

fn each_frame(
    app: &mut App,
    screen: &mut Screen,
    outside: &mut Outside,
    sender: &Sender<Inward>,
    inbox: &Receiver<Inward>,
) -> anyhow::Result<()> {
    let mut drawn = Instant::now();
    screen.draw(app)?;
    loop {
        let mut batch = match next(inbox, period(app)) {
            Some(batch) => batch,
            None => return Ok(()),
        };
        // the rest of a storm is taken in before the next frame is due
        while let Some(wait) = FRAME.checked_sub(drawn.elapsed()) {
            match inbox.recv_timeout(wait) {
                Ok(Inward::Msgs(more)) => batch.extend(more),
                Ok(Inward::Closed) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        for msg in batch {
            #[cfg(debug_assertions)]
            panic_if_asked(&msg);
            let before = app.screen();
            let mut effects = update(app, msg);
            if !outside.perform(app, screen, sender, inbox, &mut effects)? {
                return Ok(());
            }
            // Cases have been saved since they were listed.
            if app.screen() != before && matches!(app.screen(), Place::Home | Place::Cases) {
                app.recent = outside.world.recent();
            }
        }
        app.now = jiff::Timestamp::now();
        screen.draw(app)?;
        drawn = Instant::now();
    }
}

/// How often the screen changes by itself.
fn period(app: &App) -> Option<Duration> {
    let counting = match app.screen() {
        Place::Watch => app.watches.shown().is_some_and(|w| w.runs() && !w.paused),
        Place::Session => app.sending.runs(),
        Place::Fetch => app.fetches.runs(),
        Place::Onboard => onboards::is_live(app),
        Place::Listen => app.listens.runs(),
        _ => false,
    };
    match app.busy() && app.look.motion {
        true => Some(TICK),
        false => counting.then_some(SECOND),
    }
}

/// Waits for messages: without end when nothing runs, else until the next tick.
fn next(inbox: &Receiver<Inward>, period: Option<Duration>) -> Option<Vec<Msg>> {
    let first = match period {
        None => inbox.recv().ok()?,
        Some(period) => match inbox.recv_timeout(period) {
            Ok(inward) => inward,
            Err(RecvTimeoutError::Timeout) => return Some(vec![Msg::Tick]),
            Err(RecvTimeoutError::Disconnected) => return None,
        },
    };
    let mut batch = Vec::new();
    for inward in std::iter::once(first).chain(inbox.try_iter()) {
        match inward {
            Inward::Msgs(msgs) => batch.extend(msgs),
            Inward::Closed => return None,
        }
    }
    Some(batch)
}

/// Starts the thread that first asks the terminal for its background, then reads keys: two
/// readers at once would steal each other's bytes.
fn listen(sender: Sender<Inward>, ask: bool) -> io::Result<()> {
    let read = move || {
        if ask {
            let mut options = QueryOptions::default();
            options.timeout = COLOURS;
            let background = match theme_mode(options) {
                Ok(ThemeMode::Dark) => Some(Background::Dark),
                Ok(ThemeMode::Light) => Some(Background::Light),
                Err(_) => None,
            };
            if let Some(background) = background {
                let _ = sender.send(Inward::Msgs(vec![Msg::Background(background)]));
            }
        }
        loop {
            let inward = events::next().map_or(Inward::Closed, |batch| Inward::Msgs(events::messages(batch)));
            let closed = matches!(inward, Inward::Closed);
            if sender.send(inward).is_err() || closed {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keys".into()).spawn(read)?;
    Ok(())
}

/// The world, and what runs in it.
struct Outside {
    world: Box<dyn World>,
    job: Option<Job>,
    watches: BTreeMap<Ticket, crate::world::watch::Job>,
    sending: Option<(Ticket, crate::world::send::Job)>,
    fetch: Option<crate::world::fetch::Job>,
    listen: Option<crate::world::listen::Job>,
    /// Begun with the first edit.
    trials: Option<Sender<(Ticket, Attempt)>>,
}

impl Outside {
    /// Does what was asked, answers included; `false` ends the app.
    fn perform(
        &mut self,
        app: &mut App,
        screen: &mut Screen,
        sender: &Sender<Inward>,
        inbox: &Receiver<Inward>,
        effects: &mut Vec<Effect>,
    ) -> anyhow::Result<bool> {
        let mut queue: std::collections::VecDeque<Effect> = effects.drain(..).collect();
        while let Some(effect) = queue.pop_front() {
            let answer = match effect {
                Effect::Open(ticket, source) => Some(Msg::Opened(ticket, self.world.open(&source).map(Box::new))),
                Effect::Run(ticket, opened) => {
                    self.job = None;
                    self.job = Some(self.world.start(*opened, progress(ticket, sender.clone())));
                    None
                }
                Effect::Verify(ticket, evidence) => {
                    self.job = None;
                    self.job = Some(self.world.verify(*evidence, progress(ticket, sender.clone())));
                    None
                }
                Effect::Look(ticket, evidence) => {
                    self.job = None;
                    self.job = Some(self.world.look(*evidence, progress(ticket, sender.clone())));
                    None
                }
                Effect::SetUp(setup) => self.world.set_up(setup).err().map(|why| Msg::Composed(Err(why))),
                Effect::Recall(domains) => {
                    let kept = |domain: String| (domain.clone(), self.world.load_note(&onboards::note(&domain)));
                    Some(Msg::Recalled(domains.into_iter().map(kept).collect()))
                }
                Effect::MakeKey(wish) => {
                    self.world.make_key(*wish, key_made(sender.clone()));
                    None
                }
                Effect::Leave { practice } => {
                    self.world.leave(practice);
                    None
                }
                Effect::Cancel => {
                    self.job = None;
                    None
                }
                Effect::Watch(ticket, wanted) => match self.world.watch(*wanted, watched(ticket, sender.clone())) {
                    Ok(job) => {
                        self.watches.insert(ticket, job);
                        None
                    }
                    Err(why) => Some(Msg::Watched(ticket, Err(why))),
                },
                Effect::Unwatch(ticket) => {
                    self.watches.remove(&ticket);
                    None
                }
                Effect::Rest(ticket, rest) => {
                    self.watches.get(&ticket).inspect(|job| job.rest(rest));
                    None
                }
                Effect::Fetch(ticket, asked) => {
                    self.fetch = None;
                    match self.world.fetch(*asked, fetched(ticket, sender.clone())) {
                        Ok(job) => {
                            self.fetch = Some(job);
                            None
                        }
                        Err(why) => Some(Msg::Fetched(ticket, Err(why))),
                    }
                }
                Effect::FetchLonger(by) => {
                    self.fetch.iter().for_each(|job| job.longer(by));
                    None
                }
                Effect::Unfetch => {
                    self.fetch = None;
                    None
                }
                Effect::Listen(ticket, asked) => {
                    self.listen = None;
                    match self.world.listen(*asked, told(ticket, sender.clone())) {
                        Ok(job) => {
                            self.listen = Some(job);
                            None
                        }
                        Err(why) => Some(Msg::Told(ticket, Err(why))),
                    }
                }
                Effect::Unlisten => {
                    self.listen = None;
                    None
                }
                Effect::AskNow(ticket) => {
                    self.watches.get(&ticket).inspect(|job| job.hurry());
                    None
                }
                Effect::Compose(letter) => Some(Msg::Composed(self.world.compose(*letter).map(Box::new))),
                Effect::Send(ticket, ready) => match self.world.send(*ready, sending(ticket, sender.clone())) {
                    Ok(job) => {
                        self.sending = Some((ticket, job));
                        None
                    }
                    Err(why) => Some(Msg::Sending(ticket, News::Fault(why))),
                },
                Effect::Unsend(ticket) => {
                    self.sending.iter_mut().filter(|(t, _)| *t == ticket).for_each(|(_, job)| job.cancel());
                    None
                }
                Effect::Try(ticket, attempt) => {
                    let trials = self.trials.get_or_insert_with(|| trials(sender.clone()));
                    let _ = trials.send((ticket, *attempt));
                    None
                }
                Effect::Lesson(lesson) => self.world.lesson(lesson).err().map(|why| Msg::Composed(Err(why))),
                Effect::WriteTest => Some(Msg::Composed(self.world.write_test().map(Box::new))),
                Effect::Publish(cure) => {
                    self.world.publish(&cure);
                    None
                }
                Effect::Bell => {
                    let _ = io::stdout().write_all(b"\x07").and_then(|()| io::stdout().flush());
                    None
                }
                Effect::Copy { text, what } => {
                    let report = self.world.copy(&text);
                    Some(Msg::Copied { what, bytes: text.len(), report })
                }
                Effect::SaveDraft(text) => self.world.save_draft(&text).err().map(|e| Msg::DraftLost(e.to_string())),
                Effect::SaveNote { name, text } => {
                    self.world.save_note(&name, &text).err().map(|e| Msg::DraftLost(e.to_string()))
                }
                Effect::SaveReport { name, text } => {
                    Some(Msg::Saved(self.world.save_report(&name, &text).map_err(|e| e.to_string())))
                }
                Effect::PlainPage(text) => {
                    plain_page(screen, sender, inbox, &text)?;
                    None
                }
                Effect::Keep(diagnosis) => {
                    self.world.keep(&diagnosis);
                    None
                }
                Effect::Redraw => {
                    screen.repaint()?;
                    None
                }
                Effect::Suspend => {
                    screen.leave();
                    terminal::stop();
                    screen.back()?;
                    None
                }
                Effect::Quit => return Ok(false),
            };
            queue.extend(answer.into_iter().flat_map(|msg| update(app, msg)));
        }
        Ok(true)
    }
}

/// Tries edits beside the loop, so that typing never waits: of each finding the last one, once no key has come for a
/// moment.
fn trials(sender: Sender<Inward>) -> Sender<(Ticket, Attempt)> {
    let (attempts, inbox) = mpsc::channel::<(Ticket, Attempt)>();
    let work = move || {
        while let Ok(first) = inbox.recv() {
            let mut batch = vec![first];
            while let Ok((ticket, attempt)) = inbox.recv_timeout(QUIET) {
                batch.retain(|(_, old)| (old.rule, &old.title) != (attempt.rule, &attempt.title));
                batch.push((ticket, attempt));
            }
            let tried = batch.iter().map(|(ticket, attempt)| Msg::Tried(*ticket, Box::new(attempt.run())));
            if sender.send(Inward::Msgs(tried.collect())).is_err() {
                return;
            }
        }
    };
    // Without a thread nothing is tried, and the screen says so.
    let _ = std::thread::Builder::new().name("trials".into()).spawn(work);
    attempts
}

fn progress(ticket: Ticket, sender: Sender<Inward>) -> super::world::OnProgress {
    Box::new(move |progress| {
        let _ = sender.send(Inward::Msgs(vec![Msg::Progress(ticket, Box::new(progress))]));
    })
}

fn key_made(sender: Sender<Inward>) -> super::world::OnKey {
    Box::new(move |made| {
        let _ = sender.send(Inward::Msgs(vec![Msg::KeyMade(made)]));
    })
}

fn fetched(ticket: Ticket, sender: Sender<Inward>) -> super::world::OnFetch {
    Box::new(move |state| {
        let state = state.map(|wait| Box::new(wait.clone()));
        let _ = sender.send(Inward::Msgs(vec![Msg::Fetched(ticket, state)]));
    })
}

fn told(ticket: Ticket, sender: Sender<Inward>) -> super::world::OnTold {
    Box::new(move |told| {
        let _ = sender.send(Inward::Msgs(vec![Msg::Told(ticket, Ok(told))]));
    })
}

fn watched(ticket: Ticket, sender: Sender<Inward>) -> super::world::OnWatch {
    Box::new(move |watch| {
        let _ = sender.send(Inward::Msgs(vec![Msg::Watched(ticket, Ok(Box::new(watch.clone())))]));
    })
}

fn sending(ticket: Ticket, sender: Sender<Inward>) -> super::world::OnSend {
    Box::new(move |news| {
        let _ = sender.send(Inward::Msgs(vec![Msg::Sending(ticket, news)]));
    })
}

/// Prints without frame or wrapping on the normal screen, and waits for a key.
fn plain_page(
    screen: &mut Screen,
    sender: &Sender<Inward>,
    inbox: &Receiver<Inward>,
    text: &str,
) -> anyhow::Result<()> {
    screen.leave();
    let mut out = io::stdout();
    writeln!(
        out,
        "(plain page: select with the mouse, then press any key)\n\n{}\n\n-- any key returns --",
        text.trim_end()
    )?;
    screen.await_key()?;
    let mut kept = Vec::new();
    while let Ok(Inward::Msgs(batch)) = inbox.recv() {
        let pressed = batch.iter().any(|m| matches!(m, Msg::Key(_) | Msg::Paste(_)));
        kept.extend(batch.into_iter().filter(|m| !matches!(m, Msg::Key(_) | Msg::Paste(_) | Msg::Resize | Msg::Tick)));
        if pressed {
            break;
        }
    }
    screen.back()?;
    let _ = sender.send(Inward::Msgs(kept));
    Ok(())
}

/// A way for the tests of the built program to see a panic restore the terminal.
#[cfg(debug_assertions)]
fn panic_if_asked(msg: &Msg) {
    if let Msg::Key(key) = msg
        && key.code == crossterm::event::KeyCode::F(12)
        && std::env::var_os("POSTDOC_PANIC").is_some()
    {
        panic!("asked to by POSTDOC_PANIC");
    }
}
