//! Performs a watch: puts the questions whose time has come, hands the answers in, sleeps in between.

use super::dns::{Asker, NoResolver, Settings};
use crate::evidence::{Answer, Kind};
use crate::watch::{Ask, Expect, Moment, Order, RESOLVERS, Watch};
use futures_util::StreamExt;
use futures_util::future::FutureExt;
use futures_util::stream::FuturesUnordered;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The clocks are compared at least so often: a machine that slept is noticed.
const GLANCE: Duration = Duration::from_secs(5);

/// What a user asks to be watched.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: String,
    pub kind: Kind,
    pub expect: Expect,
    /// Name servers asked besides, by host or address.
    pub servers: Vec<String>,
    /// Resolvers asked besides those of the settings.
    pub resolvers: Vec<SocketAddr>,
    pub interval: Duration,
    pub timeout: Duration,
}

/// A watch that can be run.
pub struct Watcher {
    watch: Watch,
    /// One for each resolver.
    askers: Vec<Asker>,
    runtime: tokio::runtime::Runtime,
    began: Instant,
}

/// Why there is no watch.
#[derive(Debug, thiserror::Error)]
pub enum NoWatch {
    #[error(transparent)]
    Resolver(#[from] NoResolver),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Watcher {
    /// Each resolver the user named is one to be watched; where none is named, the system's are one together.
    pub fn new(settings: &Settings, wanted: Wanted) -> Result<Watcher, NoWatch> {
        let alone = |resolver: &SocketAddr| {
            let one = Settings { resolvers: vec![*resolver], ..settings.clone() };
            let name = if resolver.port() == 53 { resolver.ip().to_string() } else { resolver.to_string() };
            Ok((Asker::new(&one)?, name))
        };
        let mut each: Vec<(Asker, String)> = match &settings.resolvers[..] {
            [] => vec![(Asker::new(settings)?, "this machine".to_owned())],
            named => named.iter().take(RESOLVERS).map(alone).collect::<Result<_, NoResolver>>()?,
        };
        let new = wanted.resolvers.iter().filter(|r| !settings.resolvers.contains(r));
        let more = new.take(RESOLVERS.saturating_sub(each.len())).map(alone).collect::<Result<Vec<_>, NoResolver>>()?;
        each.extend(more);
        let (askers, resolvers) = each.into_iter().unzip();
        let Wanted { name, kind, expect, servers, interval, timeout, .. } = wanted;
        let order = Order { name, kind, expect, resolvers, servers, interval, timeout };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let began = Instant::now();
        let now = Moment { wall: jiff::Timestamp::now(), ticks: Duration::ZERO };
        Ok(Watcher { watch: Watch::new(order, now), askers, runtime, began })
    }

    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Runs to the end, or until `stop` is ready; `on` hears of every change.
    pub fn run(&mut self, stop: impl Future, mut on: impl FnMut(&mut Watch)) {
        let (_never, nudges) = mpsc::unbounded_channel();
        let Watcher { watch, askers, runtime, began } = self;
        runtime.block_on(drive(watch, askers, *began, stop, nudges, &mut on));
    }
}

/// A watch in the background; dropping it stops it.
#[derive(Debug)]
pub struct Job {
    nudge: mpsc::UnboundedSender<Nudge>,
}

/// What a user tells a watch that runs.
#[derive(Clone, Copy, Debug)]
enum Nudge {
    Hurry,
    Rest(bool),
}

impl Job {
    /// Asks the name servers now.
    pub fn hurry(&self) {
        let _ = self.nudge.send(Nudge::Hurry);
    }

    /// Rests, or goes on.
    pub fn rest(&self, rest: bool) {
        let _ = self.nudge.send(Nudge::Rest(rest));
    }
}

/// Runs a watch in a background thread; `on` is called from there at the start and after every answer.
pub fn spawn(settings: &Settings, wanted: Wanted, mut on: impl FnMut(&Watch) + Send + 'static) -> Result<Job, NoWatch> {
    let mut watcher = Watcher::new(settings, wanted)?;
    let (nudge, nudges) = mpsc::unbounded_channel();
    std::thread::Builder::new().name("watch".into()).spawn(move || {
        let Watcher { watch, askers, runtime, began } = &mut watcher;
        on(watch);
        let never = std::future::pending::<()>();
        runtime.block_on(drive(watch, askers, *began, never, nudges, &mut |watch: &mut Watch| on(watch)));
    })?;
    Ok(Job { nudge })
}

async fn drive(
    watch: &mut Watch,
    askers: &[Asker],
    began: Instant,
    stop: impl Future,
    mut nudges: mpsc::UnboundedReceiver<Nudge>,
    on: &mut impl FnMut(&mut Watch),
) {
    let now = || Moment { wall: jiff::Timestamp::now(), ticks: began.elapsed() };
    let mut stop = pin!(stop);
    let mut flying = FuturesUnordered::new();
    loop {
        for ask in watch.due(now()) {
            if let Some(asker) = askers.get(ask.resolver).cloned() {
                flying.push(put(asker, ask).boxed());
            }
        }
        if watch.end.is_some() {
            on(watch);
            return;
        }
        let wake = watch.wake().saturating_sub(began.elapsed()).min(GLANCE);
        tokio::select! {
            biased;
            _ = &mut stop => watch.stop(now()),
            Some((ask, answer)) = flying.next() => {
                watch.heard(now(), &ask, answer);
                on(watch);
            }
            nudge = nudges.recv() => match nudge {
                Some(Nudge::Hurry) => watch.hurry(now()),
                Some(Nudge::Rest(rest)) => {
                    watch.rest(now(), rest);
                    on(watch);
                }
                // Whoever could nudge has left, and took the interest along.
                None => return,
            },
            () = tokio::time::sleep(wake) => {}
        }
    }
}

async fn put(asker: Asker, ask: Ask) -> (Ask, Answer) {
    let answer = asker.ask_anew(&ask.question).await;
    (ask, answer)
}
