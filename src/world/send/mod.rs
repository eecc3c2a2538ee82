//! Sends one message, and tells every word of the session as it is said. Every wait has an end, and can be cut short.

mod auth;
mod log;
mod route;
mod talk;

use super::dns::{Asker, NoResolver, Settings};
use super::secret::{Credentials, NoSecret, Proof, Secret, Source};
use crate::evidence::transcript::{Left, Stop, Transcript};
use crate::send::Draft;
use log::Log;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// The whole of a sending, where nothing else is asked for.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Order {
    pub draft: Draft,
    /// As it is to leave; its lines end in CRLF.
    pub message: Arc<[u8]>,
    pub credentials: Option<Credentials>,
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
            Told::From(source) => source.read("")?,
        };
        Ok(Credentials { user: self.user, secret, proof: self.proof })
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
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum NoSession {
    #[error(transparent)]
    Resolver(#[from] NoResolver),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs a session to its end, or until `stop` is ready; `on` hears of every change. Blocks.
pub fn run(
    settings: &Settings,
    order: &Order,
    stop: impl Future,
    mut on: impl FnMut(&Progress),
) -> Result<Transcript, NoSession> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asker = Asker::new(settings)?;
    let log = Log::new(order, &mut on);
    runtime.block_on(async {
        let until = Instant::now() + settings.timeout;
        let talk = talk::Talk { settings, asker: &asker, order, log: &log };
        let end = tokio::select! {
            biased;
            _ = stop => Err(Stop::Cancelled),
            end = timeout_at(until, talk.run()) => end.unwrap_or(Err(Stop::TimedOut)),
        };
        // Once it is taken, nothing that follows takes it back.
        log.end(end.err().filter(|_| log.left() != Left::Yes));
    });
    Ok(log.transcript())
}

/// A session in the background; [`Job::cancel`] ends it, and dropping the job does so too.
#[derive(Debug)]
pub struct Job {
    stop: Option<oneshot::Sender<()>>,
}

impl Job {
    pub fn cancel(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
    }
}

/// Runs a session in a background thread, where the secret is read too; `on` is called from there, the last time with
/// [`Progress::over`] or a sentence that says why there is no session.
pub fn spawn(
    settings: &Settings,
    order: Order,
    login: Option<Login>,
    mut on: impl FnMut(Result<Progress, String>) + Send + 'static,
) -> Result<Job, NoSession> {
    // Said at once, not out of the thread.
    Asker::new(settings)?;
    let settings = settings.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::Builder::new().name("send".into()).spawn(move || {
        let credentials = match login.map(Login::read).transpose() {
            Ok(credentials) => credentials,
            Err(e) => return on(Err(e.to_string())),
        };
        let order = Order { credentials, ..order };
        if let Err(e) = run(&settings, &order, stopped, |progress| on(Ok(progress.clone()))) {
            on(Err(e.to_string()));
        }
    })?;
    Ok(Job { stop: Some(stop) })
}
