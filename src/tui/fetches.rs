//! The fetch of this session: what is asked for, how it stands; it goes on while the user is elsewhere.

use super::app::{App, Screen};
use super::keys::Action;
use super::msg::{Effect, Ticket};
use super::widget::form::{Form, Line};
use super::world::Opened;
use crate::config::saved;
use crate::evidence::{Input, InputKind};
use crate::fetch::account::Server;
use crate::fetch::{End, Mailbox, Sought, TIMEOUT, Wait};
use crate::knowledge::mailbox::{Provider, Tls, find};
use crate::report;
use crate::send::Sealed;
use crate::shell::{command, word};
use crate::world::secret::{Proof, Secret, Source};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The name of the note that the form is kept under.
pub const NOTE: &str = "fetch";

/// What `+` adds to the time.
const MORE: Duration = Duration::from_secs(5 * 60);

/// How long a test of the practice world is waited for: its way is short.
const PRACTICE: Duration = Duration::from_secs(30);

pub const MAILBOX: usize = 0;
pub const PASSWORD: usize = 1;
const COMMAND: usize = 2;
const TOKEN: usize = 3;
const TLS: usize = 4;
const LOOK: usize = 5;
const VALUE: usize = 6;
pub const FOLDERS: usize = 7;
const READ: usize = 8;

const fn text(label: &'static str, hint: &'static str) -> Line {
    Line { label, choices: &[], hint }
}

/// What is asked.
const LINES: &[Line] = &[
    text("mailbox", "me@gmail.com, name@imap.example.com, or a path"),
    text("password", "typed here, kept nowhere; or one of the next two"),
    text("its command", "prints the password: pass show mail"),
    text("token command", "prints an OAuth 2.0 token"),
    Line { label: "TLS", choices: &["by the port", "implicit", "starttls", "none"], hint: "" },
    Line { label: "look for", choices: &["marker", "Message-ID", "newest"], hint: "" },
    text("which", "the value of X-Postdoc-Test, or the Message-ID"),
    text("folders too", "besides INBOX and junk: Lists, Archive"),
    Line { label: "read", choices: &["all of it", "the header"], hint: "" },
];

/// What is to be fetched, as the form says it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Mailboxes of the settings, by name.
    pub saved: Vec<String>,
    /// And the one that was typed.
    pub typed: Option<Typed>,
    pub folders: Vec<String>,
    pub sought: Sought,
    pub header_only: bool,
    pub timeout: Duration,
    /// The message as it was sent, to each recipient.
    pub sent: Vec<Input>,
    /// In the mailbox of the practice world, and nowhere else.
    pub practice: bool,
}

/// A mailbox that was typed.
#[derive(Clone, Debug)]
pub enum Typed {
    Imap {
        server: Server,
        proof: Proof,
        secret: Told,
    },
    /// A Maildir, or an mbox.
    Disk(PathBuf),
}

/// A mailbox of the settings, to be ticked.
#[derive(Clone, Debug)]
pub struct Offer {
    pub name: String,
    pub mailbox: saved::Mailbox,
    pub ticked: bool,
}

/// Where the secret is.
#[derive(Clone, Debug)]
pub enum Told {
    Typed(Secret),
    At(Source),
}

/// All of it.
#[derive(Debug)]
pub struct Fetches {
    pub form: Form,
    /// Mailboxes of the settings, above the lines of the form.
    pub offers: Vec<Offer>,
    /// The one under the cursor; `None`: a line of the form.
    pub offer: Option<usize>,
    pub asked: Option<Asked>,
    /// `None` until the first state arrives.
    pub state: Option<Wait>,
    /// Why it could not begin.
    pub fault: Option<String>,
    pub stopped: bool,
    /// The marked mailbox.
    pub at: usize,
    /// No bell when it is over.
    pub quiet: bool,
    /// The user has looked at how it ended.
    seen: bool,
    ticket: Ticket,
    /// What was sent, where the form is about that.
    sent: Vec<Input>,
}

impl Default for Fetches {
    fn default() -> Fetches {
        Fetches {
            form: Form::new(LINES).with_secret(PASSWORD),
            offers: Vec::new(),
            offer: None,
            asked: None,
            state: None,
            fault: None,
            stopped: false,
            at: 0,
            quiet: false,
            seen: true,
            ticket: Ticket::default(),
            sent: Vec::new(),
        }
    }
}

impl Fetches {
    /// With the lines of the form as they were left.
    pub fn of(kept: &str) -> Fetches {
        let mut fetches = Fetches::default();
        fetches.form.take_back(&serde_json::from_str::<Vec<String>>(kept).unwrap_or_default());
        fetches
    }

    /// The mailboxes that the settings have a name for.
    pub fn offer(&mut self, saved: BTreeMap<String, saved::Mailbox>) {
        self.offers = saved.into_iter().map(|(name, mailbox)| Offer { name, mailbox, ticked: false }).collect();
        self.offer = (!self.offers.is_empty()).then_some(0);
    }

    /// Is it about the practice world?
    pub fn practises(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.practice)
    }

    pub fn runs(&self) -> bool {
        let going = self.state.as_ref().is_none_or(|wait| !finished(wait));
        self.asked.is_some() && !self.stopped && self.fault.is_none() && going
    }

    /// Has the action something to work on where it is on show? The practice world has one mailbox, of which nothing is
    /// to be changed.
    pub fn offers(&self, action: Action) -> bool {
        match action {
            Action::Open => self.marked().is_some_and(|mailbox| mailbox.evidence.is_some()),
            Action::Down => self.state.as_ref().is_some_and(|wait| wait.boxes.len() > 1),
            Action::Add => self.runs(),
            Action::Again => !self.runs(),
            Action::Edit | Action::Folders | Action::CopyValue => !self.practises(),
            _ => true,
        }
    }

    /// What a title says of it on other screens.
    pub fn mark(&self) -> &'static str {
        match self.runs() {
            true => "waiting for mail · ",
            false if !self.seen => "fetch over · ",
            false => "",
        }
    }

    /// The provider of the mailbox that is typed, as far as it is known.
    pub fn provider(&self) -> Option<(&'static Provider, Server)> {
        let server = Server::read(self.form.some(MAILBOX)?).ok()?;
        Some((find(server.provider?)?, server))
    }

    pub fn marked(&self) -> Option<&Mailbox> {
        self.state.as_ref()?.boxes.get(self.at)
    }

    /// How it stands, in a few words.
    pub fn words(&self) -> String {
        match (&self.fault, &self.state) {
            (Some(fault), _) => fault.clone(),
            (None, Some(wait)) if self.stopped => format!("stopped: found in {} of {}", wait.found(), wait.boxes.len()),
            (None, Some(wait)) if wait.end.is_some() => report::fetch::result(wait),
            (None, _) => "waiting".into(),
        }
    }

    /// What does the same in a shell.
    pub fn command(&self) -> Option<String> {
        let asked = self.asked.as_ref().filter(|asked| !asked.practice)?;
        let mut command = "postdoc fetch".to_owned();
        if !asked.saved.is_empty() {
            command += &command!(" --mailbox {}", asked.saved.join(","));
        }
        match &asked.typed {
            None => {}
            Some(Typed::Disk(path)) => {
                let option = if path.is_dir() { "maildir" } else { "mbox" };
                command += &format!(" --{option} {}", word(path.display()));
            }
            Some(Typed::Imap { server, proof, secret }) => {
                command += &command!(" --imap {}:{}", server.host, server.port);
                if server.tls.port() != server.port {
                    command += &format!(" --imap-tls {}", server.tls.word());
                }
                command += &format!(" --user {}", word(server.user.as_deref().unwrap_or_default()));
                if let Told::At(Source::Command(line)) = secret {
                    let option = if *proof == Proof::Token { "token" } else { "password" };
                    command += &format!(" --{option}-command {}", word(line));
                }
            }
        }
        command += &match &asked.sought {
            Sought::Marker(marker) => command!(" --marker {}", marker),
            Sought::MessageId(id) => format!(" --message-id {}", word(id)),
            Sought::Newest => " --newest".into(),
        };
        if !asked.folders.is_empty() {
            command += &format!(" --folders {}", word(asked.folders.join(",")));
        }
        Some(command + if asked.header_only { " --header-only" } else { "" })
    }

    /// What the form asks for, or the line that cannot be read and why.
    fn read(&self) -> Result<Asked, (usize, String)> {
        let saved: Vec<String> = self.offers.iter().filter(|o| o.ticked).map(|o| o.name.clone()).collect();
        let typed = self.typed()?;
        if saved.is_empty() && typed.is_none() {
            return Err((MAILBOX, "a mailbox is missing".to_owned()));
        }
        let form = &self.form;
        let sought = match form.text(LOOK) {
            "newest" => Sought::Newest,
            "marker" => Sought::marker(form.text(VALUE)).map_err(|why| (VALUE, why))?,
            _ => Sought::message_id(form.text(VALUE)).map_err(|why| (VALUE, why))?,
        };
        let folders = form.text(FOLDERS).split(',').map(str::trim).filter(|f| !f.is_empty());
        Ok(Asked {
            saved,
            typed,
            folders: folders.map(str::to_owned).collect(),
            sought,
            header_only: form.text(READ) != "all of it",
            timeout: TIMEOUT,
            sent: self.sent.clone(),
            practice: false,
        })
    }

    fn typed(&self) -> Result<Option<Typed>, (usize, String)> {
        let form = &self.form;
        let Some(place) = form.some(MAILBOX) else { return Ok(None) };
        if place.contains('/') {
            return Ok(Some(Typed::Disk(place.into())));
        }
        let mut server = Server::read(place).map_err(|why| (MAILBOX, why))?;
        if server.user.is_none() {
            return Err((MAILBOX, format!("who logs in? name@{place}")));
        }
        let tls = match form.text(TLS) {
            "implicit" => Some(Tls::Implicit),
            "starttls" => Some(Tls::Starttls),
            "none" => Some(Tls::None),
            _ => None,
        };
        if let Some(tls) = tls {
            server = server.secured(tls);
        }
        let command = |line| form.some(line).map(|text| Told::At(Source::Command(text.to_owned())));
        let typed = form.secret().and_then(|hidden| hidden.secret()).map(Told::Typed);
        let (proof, secret) = match (command(TOKEN), typed.or_else(|| command(COMMAND))) {
            (Some(token), _) => (Proof::Token, token),
            (None, Some(password)) => (Proof::Password, password),
            (None, None) => return Err((PASSWORD, "a password, or a command that prints one, is missing".into())),
        };
        Ok(Some(Typed::Imap { server, proof, secret }))
    }
}

/// Over, and everything that was found is diagnosed.
fn finished(wait: &Wait) -> bool {
    wait.end.is_some() && wait.boxes.iter().all(|b| b.find.is_none() || b.opinion.is_some())
}

/// Goes to the fetch, or asks what to fetch.
pub fn show(app: &mut App) {
    let own = app.fetches.asked.is_some() && !app.fetches.practises();
    let screen = if own { Screen::Fetch } else { Screen::FetchForm };
    if app.screen() != screen {
        app.screens.push(screen);
    }
    app.fetches.seen = true;
}

/// Asks for the mailboxes of messages that were just sent. Those that the settings or the provider tell are filled in.
pub fn after(app: &mut App, sent: &[Sealed]) {
    let Some(Sealed { composed, .. }) = sent.first() else { return };
    let (look, value) = match (&composed.marker, &composed.message_id) {
        (Some(marker), _) => ("marker", marker.as_str()),
        (None, Some(id)) => ("Message-ID", id.as_str()),
        (None, None) => ("newest", ""),
    };
    let copy = |s: &Sealed| Input::read("the sent message", s.composed.bytes.clone(), Some(InputKind::Message)).ok();
    let fetches = &mut app.fetches;
    fetches.form.set(LOOK, look);
    fetches.form.set(VALUE, value);
    fetches.sent = sent.iter().filter_map(copy).collect();
    let recipients: Vec<String> = sent.iter().map(|s| s.draft.to.to_string()).collect();
    for offer in &mut fetches.offers {
        offer.ticked = recipients.iter().any(|to| offer.mailbox.is_of(to));
    }
    let ticked = fetches.offers.iter().position(|o| o.ticked);
    let rest = recipients.iter().find(|to| !fetches.offers.iter().any(|o| o.mailbox.is_of(to)));
    let known = rest.filter(|to| Server::read(to).is_ok_and(|server| server.provider.is_some()));
    match (ticked, known) {
        // What was typed for another message is not meant for this one.
        (Some(_), None) => fetches.form.set(MAILBOX, ""),
        (_, Some(to)) => fetches.form.set(MAILBOX, to.clone()),
        (None, None) => {}
    }
    fetches.offer = ticked;
    fetches.form.at = if fetches.form.some(MAILBOX).is_none() { MAILBOX } else { PASSWORD };
    app.screens.push(Screen::FetchForm);
}

/// Asks for the folders to look into besides INBOX and junk.
pub fn folders(app: &mut App) {
    app.fetches.form.at = FOLDERS;
    app.fetches.offer = None;
    app.screens.push(Screen::FetchForm);
}

/// Does what a key does in the form; true where it is done.
pub fn act(fetches: &mut Fetches, action: Action) -> bool {
    let last = fetches.offers.len().checked_sub(1);
    match (fetches.offer, action) {
        (Some(_), Action::Diagnose) => return true,
        (Some(n), Action::Open | Action::NextField | Action::Down) => {
            fetches.offer = (Some(n) < last).then_some(n + 1);
            fetches.form.at = MAILBOX;
        }
        (Some(n), Action::PreviousField | Action::Up) => fetches.offer = Some(n.saturating_sub(1)),
        (Some(_), Action::PageUp) => fetches.offer = Some(0),
        (Some(_), Action::PageDown) => (fetches.offer, fetches.form.at) = (None, READ),
        (Some(n), Action::Left | Action::Right) => tick(fetches, n),
        (Some(_), _) => {}
        (None, Action::PreviousField | Action::Up) if fetches.form.at == MAILBOX && last.is_some() => {
            fetches.offer = last;
        }
        (None, Action::PageUp) if last.is_some() => fetches.offer = Some(0),
        (None, action) => return fetches.form.act(action),
    }
    false
}

/// Types; a blank ticks a mailbox of the settings.
pub fn insert(fetches: &mut Fetches, text: &str) {
    match fetches.offer {
        Some(n) if text == " " => tick(fetches, n),
        Some(_) => {}
        None => fetches.form.insert(text),
    }
}

fn tick(fetches: &mut Fetches, n: usize) {
    fetches.offers.get_mut(n).into_iter().for_each(|offer| offer.ticked = !offer.ticked);
}

/// Begins what the form asks for.
pub fn begin(app: &mut App) -> Vec<Effect> {
    // Asked from its own screen, what runs is to go on otherwise.
    let other = app.screens.iter().rev().nth(1) != Some(&Screen::Fetch);
    if app.fetches.runs() && other && !app.fetches.practises() {
        app.warn("A fetch runs already: stop it first (Ctrl+C on its screen).");
        return vec![];
    }
    match app.fetches.read() {
        Ok(asked) => {
            super::update::back(app);
            let kept = serde_json::to_string(&app.fetches.form.kept()).unwrap_or_default();
            let mut effects = start(app, asked);
            effects.push(Effect::SaveNote { name: NOTE.to_owned(), text: kept });
            effects
        }
        Err((line, why)) => {
            (app.fetches.form.at, app.fetches.offer) = (line, None);
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

fn start(app: &mut App, asked: Asked) -> Vec<Effect> {
    let fetches = &mut app.fetches;
    fetches.ticket = Ticket(fetches.ticket.0 + 1);
    let effect = Effect::Fetch(fetches.ticket, Box::new(asked.clone()));
    (fetches.asked, fetches.state, fetches.fault) = (Some(asked), None, None);
    (fetches.stopped, fetches.at, fetches.seen) = (false, 0, true);
    show_running(app);
    vec![effect]
}

fn show_running(app: &mut App) {
    if app.screen() != Screen::Fetch {
        app.screens.push(Screen::Fetch);
    }
    app.fetches.seen = true;
}

/// Waits for a test in the mailbox of the practice world.
pub fn practise(app: &mut App, message_id: &str) -> Vec<Effect> {
    match Sought::message_id(message_id) {
        Ok(sought) => {
            let asked = Asked {
                saved: vec![],
                typed: None,
                folders: vec![],
                sought,
                header_only: false,
                timeout: PRACTICE,
                sent: vec![],
                practice: true,
            };
            start(app, asked)
        }
        Err(why) => {
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

/// Goes back to the fetch of the practice world.
pub fn show_practice(app: &mut App) {
    if app.fetches.practises() {
        show_running(app);
    }
}

/// Lets go of a fetch in the practice world.
pub fn forget_practice(app: &mut App) -> Vec<Effect> {
    if !app.fetches.practises() {
        return vec![];
    }
    let fetches = &mut app.fetches;
    (fetches.asked, fetches.state, fetches.fault, fetches.seen) = (None, None, None, true);
    vec![Effect::Unfetch]
}

/// The same again.
pub fn again(app: &mut App) -> Vec<Effect> {
    match app.fetches.asked.clone() {
        Some(_) if app.fetches.runs() => {
            app.say("It still runs.");
            vec![]
        }
        Some(asked) => start(app, asked),
        None => vec![],
    }
}

/// Waits five minutes more.
pub fn longer(app: &mut App) -> Vec<Effect> {
    if !app.fetches.runs() {
        app.say("It is over; r begins again.");
        return vec![];
    }
    app.say("Five minutes more.");
    vec![Effect::FetchLonger(MORE)]
}

pub fn stop(app: &mut App) -> Vec<Effect> {
    app.fetches.stopped = true;
    if let Some(wait) = &mut app.fetches.state {
        // No more news will come that could say so.
        wait.stop(app.now.duration_since(wait.began).unsigned_abs());
    }
    app.say("Stopped waiting; what was found is kept.");
    vec![Effect::Unfetch]
}

/// News of the fetch.
pub fn heard(app: &mut App, ticket: Ticket, state: Result<Box<Wait>, String>) -> Vec<Effect> {
    if ticket != app.fetches.ticket || !app.fetches.runs() {
        return vec![];
    }
    let looking = matches!(app.screen(), Screen::Fetch);
    let fetches = &mut app.fetches;
    match state {
        Ok(wait) => fetches.state = Some(*wait),
        Err(why) => fetches.fault = Some(why),
    }
    if fetches.runs() {
        return vec![];
    }
    fetches.seen = looking;
    // A lesson's test is there at once.
    let (text, quiet) = (format!("{}.", fetches.words()), fetches.quiet || fetches.practises());
    match fetches.state.as_ref().is_some_and(|wait| wait.end == Some(End::Found)) {
        true => app.say(text),
        false => app.warn(text),
    }
    if quiet { vec![] } else { vec![Effect::Bell] }
}

/// The diagnosis of what was found in the marked mailbox, as it was made.
pub fn opened(app: &mut App) -> Option<Opened> {
    let Some(mailbox) = app.fetches.marked() else {
        app.say("Nothing is here yet.");
        return None;
    };
    let Some(evidence) = &mailbox.evidence else {
        let text = match mailbox.find {
            Some(_) => "It is being diagnosed; one moment.",
            None => "The message has not been found there.",
        };
        app.say(text);
        return None;
    };
    let evidence: Arc<_> = evidence.clone();
    let opened = Opened::new(evidence.input.clone(), evidence.said.clone());
    Some(Opened { recorded: Some(evidence), practice: app.fetches.practises(), ..opened })
}
