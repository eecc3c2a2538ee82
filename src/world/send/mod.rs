//! Sends messages, and tells every word of each session as it is said. Every wait has an end, and can be cut short.

mod auth;
mod log;
mod route;
mod talk;

use super::dns::{Asker, NoResolver, Settings};
use super::secret::{Credentials, NoSecret, Proof, Secret, Source};
use crate::evidence::transcript::{Left, Stage, Stop, Transcript};
use crate::send::again::{self, TRIES};
use crate::send::{Draft, Route};
use futures_util::future::FutureExt;
use log::Log;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use talk::Talk;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

/// The whole of a sending, pauses between tries apart, where nothing else is asked for.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Order {
    pub draft: Draft,
    /// As it is to leave; its lines end in CRLF.
    pub message: Arc<[u8]>,
    pub credentials: Option<Credentials>,
    pub retry: Retry,
}

/// Is a message tried again that a server puts off on purpose (greylisting)?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Never,
    /// As far as the time for the whole allows.
    Within,
    /// The pauses have time of their own, as long as [`again::PATIENCE`].
    Beside,
}

/// Who logs in, with a secret that may not have been read yet.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub proof: Proof,
    pub secret: Told,
}

/// Where the secret is.
#[derive(Clone, Debug)]
pub enum Told {
    Typed(Secret),
    From(Source),
}

impl Login {
    /// Reads the secret. Blocks as long as a command takes.
    fn read(self) -> Result<Credentials, NoSecret> {
        let secret = match self.secret {
            Told::Typed(secret) => secret,
            Told::From(source) => return Credentials::read(self.user, &source, self.proof, ""),
        };
        Ok(Credentials { user: self.user, secret, proof: self.proof, again: None })
    }
}

/// A state of the session.
#[derive(Clone, Debug)]
pub struct Progress {
    pub transcript: Transcript,
    /// What is waited for.
    pub waiting: Option<Wait>,
    pub over: bool,
}

/// A wait that has an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// "a reply to RCPT"
    pub what: String,
    /// When it is given up, in milliseconds after the session began.
    pub until_ms: u32,
    /// It goes on then, instead of being given up: a pause between two tries.
    pub resumes: bool,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum NoSession {
    #[error(transparent)]
    Resolver(#[from] NoResolver),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs a session to its end, or until `stop` is ready; `on` hears of every change. A message that is put off on purpose
/// is tried again, as the order says. Blocks.
pub fn run(
    settings: &Settings,
    order: &Order,
    stop: impl Future,
    mut on: impl FnMut(&Progress),
) -> Result<Transcript, NoSession> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asker = Asker::new(settings)?;
    let log = Log::new(order, &mut on);
    let mut talk = Talk { settings, asker: &asker, order, credentials: order.credentials.clone(), log: &log };
    runtime.block_on(async {
        let end = tokio::select! {
            biased;
            _ = stop => Err(Stop::Cancelled),
            end = tries(&mut talk, Instant::now() + settings.timeout) => end,
        };
        // Whoever waits for the next try no more has been put off.
        let end = end.map_err(|stop| log.put_off().unwrap_or(stop));
        // Once it is taken, nothing that follows takes it back.
        log.end(end.err().filter(|_| log.left() != Left::Yes));
    });
    Ok(log.transcript())
}

/// Would the next message through the same server meet the same fate? Nobody to connect to, no TLS, a refused login.
pub fn bars_the_next(order: &Order, t: &Transcript) -> bool {
    order.draft.route != Route::Direct && t.stop.is_some() && t.stage <= Stage::Auth
}

/// Session after session, as long as the server puts the message off on purpose and there is time.
async fn tries(talk: &mut Talk<'_>, mut deadline: Instant) -> Result<(), Stop> {
    let mut beside = again::PATIENCE;
    loop {
        let end = timeout_at(deadline, talk.run()).await.unwrap_or(Err(Stop::TimedOut));
        let Err(stop) = end else { return Ok(()) };
        let seen = Transcript { stop: Some(stop.clone()), ..talk.log.transcript() };
        let Some(pause) = again::pause(&seen).filter(|_| talk.order.retry != Retry::Never) else { return Err(stop) };
        match talk.order.retry {
            Retry::Beside if pause <= beside => {
                beside -= pause;
                deadline += pause;
            }
            _ if Instant::now() + pause < deadline => {}
            _ => {
                talk.log.note("put off on purpose (greylisting), and there is no time left for another try");
                return Err(stop);
            }
        }
        talk.log.pauses(stop, pause, TRIES);
        sleep(pause).await;
        // A token that was good for the first try may have run out.
        let fresh = match &talk.credentials {
            Some(credentials) => credentials.renewed().await,
            None => None,
        };
        talk.log.tries_again();
        match fresh {
            Some(Ok(fresh)) => {
                talk.log.hide_too(&fresh);
                talk.credentials = Some(fresh);
            }
            Some(Err(why)) => talk.log.note(&format!("no fresh token, the old one is tried: {why}")),
            None => {}
        }
    }
}

/// Sessions in the background; [`Job::cancel`] ends them, and dropping the job does so too.
#[derive(Debug)]
pub struct Job {
    stop: Option<oneshot::Sender<()>>,
}

impl Job {
    pub fn cancel(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
    }
}

/// What a [`Job`] tells.
#[derive(Clone, Debug)]
pub enum News {
    /// A state of the session of the message of this number; the last of each is [`Progress::over`].
    State(usize, Box<Progress>),
    /// All that will be done is done.
    Over,
    /// There is no session, and this sentence says why.
    Fault(String),
}

/// Runs sessions in a background thread, where the secret is read too; `on` is called from there, the last time with
/// [`News::Over`] or [`News::Fault`].
pub fn spawn(
    settings: &Settings,
    orders: Vec<Order>,
    login: Option<Login>,
    mut on: impl FnMut(News) + Send + 'static,
) -> Result<Job, NoSession> {
    // Said at once, not out of the thread.
    Asker::new(settings)?;
    let settings = settings.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::Builder::new().name("send".into()).spawn(move || {
        let credentials = match login.map(Login::read).transpose() {
            Ok(credentials) => credentials,
            Err(e) => return on(News::Fault(e.to_string())),
        };
        let stop = stopped.map(drop).shared();
        for (n, order) in orders.into_iter().enumerate() {
            let order = Order { credentials: credentials.clone(), ..order };
            let tell = |progress: &Progress| on(News::State(n, Box::new(progress.clone())));
            match run(&settings, &order, stop.clone(), tell) {
                Ok(t) if stop.clone().now_or_never().is_some() || bars_the_next(&order, &t) => break,
                Ok(_) => {}
                Err(e) => return on(News::Fault(e.to_string())),
            }
        }
        on(News::Over);
    })?;
    Ok(Job { stop: Some(stop) })
}
