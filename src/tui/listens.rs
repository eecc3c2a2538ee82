//! The receiving server of this session: what it is started with, and what has come; it goes on while the user is
//! elsewhere.

use super::app::{App, Screen};
use super::keys::Action;
use super::msg::{Effect, Ticket};
use super::update;
use super::widget::form::{Form, Line};
use super::world::Opened;
use crate::evidence::Evidence;
use crate::listen::{Recipient, name};
use crate::report::watch::clock;
use crate::shell::command;
use crate::triage::State;
use crate::world::listen::{Heard, Received, Told, Total};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The name of the note that the form is kept under.
pub const NOTE: &str = "listen";

/// Messages that are kept, and their bytes.
const MOST: usize = 100;
const BYTES: usize = 64 << 20;

/// Refusals that are kept.
const REFUSED: usize = 20;

const NAME: usize = 0;
const MAIL_FOR: usize = 1;
const ADDRESS: usize = 2;
const STARTTLS: usize = 3;
const CHAIN: usize = 4;
const KEY: usize = 5;
const COUNT: usize = 6;
const LIMIT: usize = 7;

const fn text(label: &'static str, hint: &'static str) -> Line {
    Line { label, choices: &[], hint }
}

/// What is asked.
const LINES: &[Line] = &[
    text("own name", "mx.example.net: its authserv-id"),
    text("mail for", "test@ that name; or addresses, or @example.net"),
    text("listen on", "0.0.0.0:25; mail from outside comes to port 25"),
    Line { label: "STARTTLS", choices: &["offered", "not offered"], hint: "" },
    text("certificate", "PEM with its chain; without one it is made here"),
    text("its key", "PEM"),
    Line { label: "messages", choices: &["any number", "one"], hint: "" },
    Line { label: "for", choices: &["1 hour", "10 minutes", "8 hours", "24 hours"], hint: "" },
];

/// How to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub name: String,
    pub recipients: Vec<Recipient>,
    pub address: SocketAddr,
    pub tls: Tls,
    pub count: Option<u64>,
    pub limit: Duration,
}

/// Which certificate STARTTLS shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Made for this run.
    Own,
    Files {
        chain: PathBuf,
        key: PathBuf,
    },
    NotOffered,
}

/// What has come.
#[derive(Debug)]
pub struct Log {
    pub address: SocketAddr,
    pub began: jiff::Timestamp,
    /// The last ones.
    pub arrived: Vec<Arrival>,
    /// Those before them.
    pub let_go: u64,
    /// The last ones: when, by whom, and the reply.
    pub refused: Vec<(jiff::Timestamp, IpAddr, String)>,
    pub total: Total,
    pub over: bool,
}

/// A message that was taken and diagnosed.
#[derive(Debug)]
pub struct Arrival {
    pub at: jiff::Timestamp,
    pub client: IpAddr,
    /// MAIL FROM, without the angle brackets.
    pub from: String,
    pub tls: bool,
    pub state: State,
    pub headline: String,
    evidence: Arc<Evidence>,
}

/// All of it.
#[derive(Debug)]
pub struct Listens {
    pub form: Form,
    pub asked: Option<Asked>,
    /// `None` until it is open.
    pub log: Option<Log>,
    /// Why it could not begin.
    pub fault: Option<String>,
    pub stopped: bool,
    /// The marked message.
    pub at: usize,
    /// No bell when a message comes.
    pub quiet: bool,
    /// Messages that came while the user was elsewhere.
    unseen: usize,
    ticket: Ticket,
}

impl Default for Listens {
    fn default() -> Listens {
        Listens {
            form: Form::new(LINES),
            asked: None,
            log: None,
            fault: None,
            stopped: false,
            at: 0,
            quiet: false,
            unseen: 0,
            ticket: Ticket::default(),
        }
    }
}

impl Listens {
    /// With the lines of the form as they were left.
    pub fn of(kept: &str) -> Listens {
        let mut listens = Listens::default();
        listens.form.take_back(&serde_json::from_str::<Vec<String>>(kept).unwrap_or_default());
        listens
    }

    pub fn runs(&self) -> bool {
        let over = self.log.as_ref().is_some_and(|log| log.over);
        self.asked.is_some() && self.fault.is_none() && !self.stopped && !over
    }

    /// Has the action something to work on where it is on show?
    pub fn offers(&self, action: Action) -> bool {
        let arrived = self.log.as_ref().map_or(0, |log| log.arrived.len());
        match action {
            Action::Open => arrived > 0,
            Action::Down => arrived > 1,
            Action::Stop => self.runs(),
            Action::Again => !self.runs(),
            _ => true,
        }
    }

    /// What a title says of it on other screens.
    pub fn mark(&self) -> String {
        match (self.runs(), self.unseen) {
            (_, n @ 1..) => format!("{n} received · "),
            (true, 0) => "listening · ".to_owned(),
            (false, 0) => String::new(),
        }
    }

    /// What is left of its time, in seconds.
    pub fn left(&self, now: jiff::Timestamp) -> u64 {
        let passed = self.log.as_ref().map_or(0, |log| now.duration_since(log.began).as_secs().max(0));
        let limit = self.asked.as_ref().map_or(0, |asked| asked.limit.as_secs());
        limit.saturating_sub(u64::try_from(passed).unwrap_or_default())
    }

    /// How it stands, in a few words.
    pub fn words(&self, now: jiff::Timestamp) -> String {
        let Some(log) = &self.log else { return "opening".to_owned() };
        match (self.runs(), self.stopped) {
            (true, _) => format!("listening on {}, for {} more", log.address, clock(self.left(now))),
            (false, true) => "stopped: nothing is taken any more".to_owned(),
            (false, false) => "over: nothing is taken any more".to_owned(),
        }
    }

    /// What does the same in a shell.
    pub fn command(&self) -> Option<String> {
        let asked = self.asked.as_ref()?;
        let mut command = command!("postdoc listen --smtp {} --authserv-id {}", asked.address, asked.name);
        for recipient in &asked.recipients {
            command += &command!(" --rcpt {}", recipient);
        }
        match &asked.tls {
            Tls::Own => {}
            Tls::NotOffered => command += " --no-tls",
            Tls::Files { chain, key } => {
                command += &command!(" --tls-cert {} --tls-key {}", chain.display(), key.display());
            }
        }
        if let Some(count) = asked.count {
            command += &format!(" --count {count}");
        }
        Some(command + &format!(" --timeout {}", asked.limit.as_secs()))
    }

    /// What the form asks for, or the line that cannot be read and why.
    fn read(&self) -> Result<Asked, (usize, String)> {
        let form = &self.form;
        let own = form.some(NAME).ok_or((NAME, "the name of this server is missing".to_owned()))?;
        let own = name(own).map_err(|why| (NAME, why))?;
        let words = form.text(MAIL_FOR).split([' ', ',']).filter(|word| !word.is_empty());
        let mut recipients =
            words.map(|word| word.parse().map_err(|why| (MAIL_FOR, why))).collect::<Result<Vec<Recipient>, _>>()?;
        if recipients.is_empty() {
            recipients.push(Recipient::new("test", &own));
        }
        let address = form.some(ADDRESS).map_or(Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 25))), |text| {
            text.parse().map_err(|_| (ADDRESS, format!("{text:?} is no ADDRESS:PORT, like 0.0.0.0:25 or [::]:25")))
        })?;
        let tls = match (form.text(STARTTLS), form.some(CHAIN), form.some(KEY)) {
            ("not offered", ..) => Tls::NotOffered,
            (_, None, None) => Tls::Own,
            (_, Some(chain), Some(key)) => Tls::Files { chain: chain.into(), key: key.into() },
            (_, None, Some(_)) => return Err((CHAIN, "the certificate of that key is missing".into())),
            (_, Some(_), None) => return Err((KEY, "the key of that certificate is missing".into())),
        };
        let minutes = match form.text(LIMIT) {
            "10 minutes" => 10,
            "8 hours" => 8 * 60,
            "24 hours" => 24 * 60,
            _ => 60,
        };
        let limit = Duration::from_secs(minutes * 60);
        let count = (form.text(COUNT) == "one").then_some(1);
        Ok(Asked { name: own, recipients, address, tls, count, limit })
    }
}

impl Log {
    fn take(&mut self, received: Received) {
        let verdict = &received.diagnosis.verdict;
        self.arrived.push(Arrival {
            at: received.at,
            client: received.mail.client,
            from: received.mail.mail_from.unwrap_or_default(),
            tls: received.mail.tls.is_some(),
            state: verdict.state,
            headline: verdict.headline.clone(),
            evidence: received.diagnosis.facts.evidence.clone(),
        });
        let bytes = |a: &Arrival| a.evidence.input.original.len();
        while self.arrived.len() > MOST || self.arrived.iter().map(bytes).sum::<usize>() > BYTES {
            self.arrived.remove(0);
            self.let_go += 1;
        }
    }

    fn refuse(&mut self, at: jiff::Timestamp, client: IpAddr, reply: String) {
        self.refused.push((at, client, reply));
        let surplus = self.refused.len().saturating_sub(REFUSED);
        self.refused.drain(..surplus);
    }
}

/// Goes to what is heard, or asks how to listen.
pub fn show(app: &mut App) {
    let screen = if app.listens.asked.is_some() { Screen::Listen } else { Screen::ListenForm };
    if app.screen() != screen {
        app.screens.push(screen);
    }
    app.listens.unseen = 0;
}

/// Begins what the form asks for.
pub fn begin(app: &mut App) -> Vec<Effect> {
    if app.listens.runs() {
        app.warn("It listens already: stop it first (s on its screen).");
        return vec![];
    }
    match app.listens.read() {
        Ok(asked) => {
            update::back(app);
            let text = serde_json::to_string(&app.listens.form.kept()).unwrap_or_default();
            let mut effects = start(app, asked);
            effects.push(Effect::SaveNote { name: NOTE.to_owned(), text });
            effects
        }
        Err((line, why)) => {
            app.listens.form.at = line;
            app.warn(format!("{why}."));
            vec![]
        }
    }
}

fn start(app: &mut App, asked: Asked) -> Vec<Effect> {
    let listens = &mut app.listens;
    listens.ticket = Ticket(listens.ticket.0 + 1);
    let effect = Effect::Listen(listens.ticket, Box::new(asked.clone()));
    (listens.asked, listens.log, listens.fault) = (Some(asked), None, None);
    (listens.stopped, listens.at) = (false, 0);
    show(app);
    vec![effect]
}

/// The same again.
pub fn again(app: &mut App) -> Vec<Effect> {
    match app.listens.asked.clone() {
        Some(_) if app.listens.runs() => {
            app.say("It still listens.");
            vec![]
        }
        Some(asked) => start(app, asked),
        None => vec![],
    }
}

pub fn stop(app: &mut App) -> Vec<Effect> {
    if !app.listens.runs() {
        app.say("It is over already.");
        return vec![];
    }
    app.listens.stopped = true;
    app.say("Stopped: what has come is kept here until you quit.");
    vec![Effect::Unlisten]
}

/// News of the server.
pub fn heard(app: &mut App, ticket: Ticket, told: Result<Told, String>) -> Vec<Effect> {
    let looking = app.screen() == Screen::Listen;
    let now = app.now;
    let listens = &mut app.listens;
    if ticket != listens.ticket {
        return vec![];
    }
    match (told, &mut listens.log) {
        (Err(why), _) => listens.fault = Some(why),
        (Ok(Told::Open(address)), log) => {
            let total = Total::default();
            *log = Some(Log { address, began: now, arrived: vec![], let_go: 0, refused: vec![], total, over: false });
        }
        (Ok(Told::Heard(heard, total)), Some(log)) => {
            log.total = total;
            match heard {
                Heard::Received(received) => {
                    let last = log.arrived.is_empty() || listens.at + 1 >= log.arrived.len();
                    log.take(*received);
                    // The mark follows what comes, unless it was moved.
                    let end = log.arrived.len().saturating_sub(1);
                    listens.at = if last { end } else { listens.at.min(end) };
                    listens.unseen += usize::from(!looking);
                    return if listens.quiet { vec![] } else { vec![Effect::Bell] };
                }
                Heard::Refused { client, at, reply } => log.refuse(at, client, reply),
                Heard::Broken { client, id, at } => {
                    log.refuse(
                        at,
                        client,
                        format!("message {id} broke the diagnosis: a fault of postdoc; please report it"),
                    );
                }
            }
        }
        (Ok(Told::Over(total)), Some(log)) => {
            (log.total, log.over) = (total, true);
            let text = format!("{}.", listens.words(now));
            if !listens.stopped {
                app.say(text);
            }
        }
        (Ok(_), None) => {}
    }
    vec![]
}

/// Opens the diagnosis of the marked message, which becomes a case with that.
pub fn open(app: &mut App) -> Vec<Effect> {
    let marked = app.listens.log.as_ref().and_then(|log| log.arrived.get(app.listens.at));
    let Some(arrival) = marked else {
        app.say("No message has come yet.");
        return vec![];
    };
    let evidence = arrival.evidence.clone();
    let opened = Opened::new(evidence.input.clone(), evidence.said.clone());
    let opened = Opened { recorded: Some(evidence), unsaved: true, ..opened };
    let mut effects = vec![Effect::Leave { practice: false }];
    effects.extend(update::show_recorded(app, opened));
    effects
}
