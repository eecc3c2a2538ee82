//! The message that is being written, asked about, or sent: one at a time.

use super::app::{App, Screen};
use super::msg::{Effect, Ticket};
use super::screen::send::form::Form;
use super::world::{Letter, Ready, Source};
use crate::evidence::transcript::{Left, Transcript};
use crate::send::{Composed, Draft, Sent};
use crate::world::send::Progress;
use std::sync::Arc;

/// All of it.
#[derive(Debug, Default)]
pub struct Sending {
    pub form: Form,
    /// What a yes would send.
    pub ready: Option<Ready>,
    /// The recipient, never written to before, is meant.
    pub agreed: bool,
    /// The bytes of the message are on show.
    pub bytes: bool,
    /// The first line on show.
    pub top: usize,
    pub session: Option<Session>,
    last: u64,
}

/// A session, running or over.
#[derive(Debug)]
pub struct Session {
    pub ticket: Ticket,
    pub draft: Draft,
    pub composed: Composed,
    /// `None` until the first state arrives.
    pub progress: Option<Progress>,
    /// Why there is none.
    pub fault: Option<String>,
    /// The user wants it to end.
    pub stopping: bool,
}

impl Session {
    pub fn runs(&self) -> bool {
        self.fault.is_none() && self.progress.as_ref().is_none_or(|p| !p.over)
    }

    pub fn transcript(&self) -> Option<&Transcript> {
        self.progress.as_ref().map(|p| &p.transcript)
    }

    /// What a diagnosis is made of, once it is over.
    pub fn sent(&self) -> Option<Sent> {
        let progress = self.progress.as_ref().filter(|p| p.over)?;
        let message: Arc<[u8]> = self.composed.bytes.as_slice().into();
        Some(Sent { draft: self.draft.clone(), message, transcript: Arc::new(progress.transcript.clone()) })
    }

    /// Seconds until the wait is given up.
    pub fn left(&self, now: jiff::Timestamp) -> Option<u64> {
        let progress = self.progress.as_ref().filter(|p| !p.over)?;
        let passed = now.duration_since(progress.transcript.began).as_millis();
        let left = i128::from(progress.waiting.as_ref()?.until_ms) - passed;
        u64::try_from(left.max(0)).ok().map(|ms| ms.div_ceil(1000))
    }
}

impl Sending {
    pub fn runs(&self) -> bool {
        self.session.as_ref().is_some_and(Session::runs)
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
        Ok(ready) => {
            let sending = &mut app.sending;
            (sending.agreed, sending.bytes, sending.top) = (ready.known, false, 0);
            sending.ready = Some(*ready);
            if app.screen() != Screen::Send {
                app.screens.push(Screen::Send);
            }
        }
        Err(why) => app.warn(why),
    }
    vec![]
}

/// Yes. The secret leaves the form with it.
pub fn begin(app: &mut App) -> Vec<Effect> {
    let sending = &mut app.sending;
    let Some(ready) = sending.ready.take() else { return vec![] };
    sending.form.forget();
    sending.last += 1;
    sending.top = usize::MAX;
    let ticket = Ticket(sending.last);
    let (draft, composed) = (ready.draft.clone(), ready.composed.clone());
    sending.session = Some(Session { ticket, draft, composed, progress: None, fault: None, stopping: false });
    // The way back from the session leads to the form.
    app.screens.retain(|s| !matches!(s, Screen::Send | Screen::Session));
    app.screens.push(Screen::Session);
    vec![Effect::Send(ticket, Box::new(ready))]
}

/// News of the session.
pub fn heard(app: &mut App, ticket: Ticket, state: Result<Box<Progress>, String>) -> Vec<Effect> {
    let looking = app.screen() == Screen::Session;
    let Some(session) = app.sending.session.as_mut().filter(|s| s.ticket == ticket && s.runs()) else { return vec![] };
    match state {
        Ok(progress) => session.progress = Some(*progress),
        Err(why) => session.fault = Some(why),
    }
    if session.runs() {
        return vec![];
    }
    if looking {
        return vec![];
    }
    let taken = session.transcript().is_some_and(|t| t.left == Left::Yes);
    let text = match (&session.fault, session.transcript()) {
        (Some(why), _) => format!("Nothing was sent: {why}."),
        (None, Some(t)) => super::screen::send::talk::headline(t),
        (None, None) => String::new(),
    };
    match taken {
        true => app.say(text),
        false => app.warn(text),
    }
    vec![Effect::Bell]
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
