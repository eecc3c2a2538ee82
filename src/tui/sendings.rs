//! The messages that are being written, asked about, or sent: one test at a time, to each of its recipients.

use super::app::{App, Screen};
use super::keys::Action;
use super::msg::{Effect, Ticket};
use super::practice;
use super::screen::send::form::Form;
use super::world::{Letter, Ready, Source};
use crate::evidence::transcript::{Left, Transcript};
use crate::report::send::result;
use crate::send::{Sealed, Sent};
use crate::world::send::{News, Progress};
use std::sync::Arc;

/// All of it.
#[derive(Debug, Default)]
pub struct Sending {
    pub form: Form,
    /// What a yes would send.
    pub ready: Option<Ready>,
    /// The recipients, never written to before, are meant.
    pub agreed: bool,
    /// The bytes of the message are on show.
    pub bytes: bool,
    /// The first line on show.
    pub top: usize,
    pub session: Option<Session>,
    last: u64,
}

/// The sessions, running or over.
#[derive(Debug)]
pub struct Session {
    pub ticket: Ticket,
    pub letters: Vec<Sealed>,
    /// Of each message that has been begun with.
    pub states: Vec<Progress>,
    /// Nothing more is to come: messages not begun with are not tried.
    pub over: bool,
    /// Why there is no session.
    pub fault: Option<String>,
    /// The user wants it to end.
    pub stopping: bool,
    /// The message on show; `None`: the one that is being sent.
    pub at: Option<usize>,
    /// A test of the practice world.
    pub practice: bool,
}

impl Session {
    fn new(ticket: Ticket, letters: Vec<Sealed>) -> Session {
        Session {
            ticket,
            letters,
            states: Vec::new(),
            over: false,
            fault: None,
            stopping: false,
            at: None,
            practice: false,
        }
    }

    pub fn runs(&self) -> bool {
        let done = self.states.len() == self.letters.len() && self.states.iter().all(|p| p.over);
        self.fault.is_none() && !self.over && !done
    }

    /// The number of the message on show.
    pub fn shown(&self) -> usize {
        self.at.unwrap_or(self.states.len().saturating_sub(1))
    }

    pub fn letter(&self) -> Option<&Sealed> {
        self.letters.get(self.shown())
    }

    pub fn progress(&self) -> Option<&Progress> {
        self.states.get(self.shown())
    }

    pub fn transcript(&self) -> Option<&Transcript> {
        self.progress().map(|p| &p.transcript)
    }

    /// Messages that may have left.
    pub fn gone(&self) -> impl Iterator<Item = &Sealed> {
        let left = |(_, p): &(&Sealed, &Progress)| p.over && p.transcript.left != Left::No;
        self.letters.iter().zip(&self.states).filter(left).map(|(letter, _)| letter)
    }

    /// What a diagnosis of the one on show is made of, once it is over.
    pub fn sent(&self) -> Option<Sent> {
        let progress = self.progress().filter(|p| p.over)?;
        let Sealed { draft, composed } = self.letter()?;
        let message: Arc<[u8]> = composed.bytes.as_slice().into();
        Some(Sent { draft: draft.clone(), message, transcript: Arc::new(progress.transcript.clone()) })
    }

    /// Seconds until the wait ends.
    pub fn left(&self, now: jiff::Timestamp) -> Option<u64> {
        let progress = self.progress().filter(|p| !p.over)?;
        let passed = now.duration_since(progress.transcript.began).as_millis();
        let left = i128::from(progress.waiting.as_ref()?.until_ms) - passed;
        u64::try_from(left.max(0)).ok().map(|ms| ms.div_ceil(1000))
    }

    fn take(&mut self, news: News) {
        match news {
            News::State(n, progress) if n < self.states.len() => self.states[n] = *progress,
            News::State(n, progress) if n == self.states.len() && n < self.letters.len() => self.states.push(*progress),
            News::State(..) => {}
            News::Over => self.over = true,
            News::Fault(why) => self.fault = Some(why),
        }
    }

    /// How it ended, in a sentence, and whether well.
    fn ending(&self) -> (String, bool) {
        if let Some(why) = &self.fault {
            return (format!("Nothing was sent: {why}."), false);
        }
        match (&self.letters[..], &self.states[..]) {
            ([_], [progress]) => {
                let t = &progress.transcript;
                (super::screen::send::talk::headline(t), t.left == Left::Yes)
            }
            (letters, states) => {
                let taken = states.iter().filter(|p| result(&p.transcript) == "accepted").count();
                (format!("{taken} of {} messages were taken.", letters.len()), taken == letters.len())
            }
        }
    }
}

impl Sending {
    pub fn runs(&self) -> bool {
        self.session.as_ref().is_some_and(Session::runs)
    }

    /// Has the action something to work on where the session is on show?
    pub fn offers(&self, action: Action) -> bool {
        match action {
            Action::Stop => self.runs(),
            Action::Again => !self.runs(),
            Action::Open => self.session.as_ref().is_some_and(|session| session.sent().is_some()),
            Action::Watch => !self.runs() && self.session.as_ref().is_some_and(|s| s.gone().next().is_some()),
            _ => true,
        }
    }
}

/// Goes to the session that runs, else to the form.
pub fn show(app: &mut App) {
    let screen = if app.sending.runs() { Screen::Session } else { Screen::SendForm };
    if app.screen() != screen {
        app.screens.push(screen);
    }
}

/// Has the message written; nothing leaves yet.
pub fn prepare(app: &mut App, letter: Letter) -> Vec<Effect> {
    if app.sending.runs() {
        app.warn("A message is being sent: wait for its end, or stop it (s on its screen).");
        return vec![];
    }
    vec![Effect::Compose(Box::new(letter))]
}

/// The message is written: now it is asked about.
pub fn composed(app: &mut App, ready: Result<Box<Ready>, String>) -> Vec<Effect> {
    match ready {
        Ok(ready) if ready.practice => return practice::composed(app, *ready),
        Ok(ready) => ask(app, *ready),
        Err(why) => app.warn(why),
    }
    vec![]
}

/// Send this?
pub fn ask(app: &mut App, ready: Ready) {
    let sending = &mut app.sending;
    (sending.agreed, sending.bytes, sending.top) = (ready.strangers.is_empty(), false, 0);
    sending.ready = Some(ready);
    if app.screen() != Screen::Send {
        app.screens.push(Screen::Send);
    }
}

/// Yes. The secret leaves the form with it.
pub fn begin(app: &mut App) -> Vec<Effect> {
    let sending = &mut app.sending;
    let Some(ready) = sending.ready.take() else { return vec![] };
    if ready.practice {
        practice::agreed(app);
    } else {
        sending.form.forget();
    }
    let sending = &mut app.sending;
    sending.last += 1;
    sending.top = usize::MAX;
    let ticket = Ticket(sending.last);
    let practice = ready.practice;
    sending.session = Some(Session { practice, ..Session::new(ticket, ready.letters.clone()) });
    // The way back from the session leads to the form.
    app.screens.retain(|s| !matches!(s, Screen::Send | Screen::Session));
    app.screens.push(Screen::Session);
    vec![Effect::Send(ticket, Box::new(ready))]
}

/// Lets go of a test of the practice world, written or sent.
pub fn forget_practice(app: &mut App) {
    let sending = &mut app.sending;
    sending.session.take_if(|session| session.practice);
    sending.ready.take_if(|ready| ready.practice);
}

/// What happens in the sessions.
pub fn heard(app: &mut App, ticket: Ticket, news: News) -> Vec<Effect> {
    let looking = app.screen() == Screen::Session;
    let Some(session) = app.sending.session.as_mut().filter(|s| s.ticket == ticket && s.runs()) else { return vec![] };
    session.take(news);
    if session.runs() || looking {
        return vec![];
    }
    let (text, well) = session.ending();
    match well {
        true => app.say(text),
        false => app.warn(text),
    }
    vec![Effect::Bell]
}

/// The session of the next message on show, or of the one before.
pub fn turn(app: &mut App, forward: bool) {
    let Some(session) = app.sending.session.as_mut().filter(|s| s.letters.len() > 1) else { return };
    let (at, of) = (session.shown(), session.letters.len());
    session.at = Some(if forward { (at + 1) % of } else { (at + of - 1) % of });
    app.sending.top = 0;
}

/// Ends the session; its last state says whether the message may have left.
pub fn stop(app: &mut App) -> Vec<Effect> {
    let Some(session) = app.sending.session.as_mut().filter(|s| s.runs()) else { return vec![] };
    session.stopping = true;
    vec![Effect::Unsend(session.ticket)]
}

/// Enter: what the session means.
pub fn diagnose(app: &mut App) -> Vec<Effect> {
    match app.sending.session.as_ref().and_then(Session::sent) {
        Some(sent) => super::update::open(app, Source::Session(Box::new(sent))),
        None => {
            app.say("The session is not over yet.");
            vec![]
        }
    }
}
