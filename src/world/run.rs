//! Runs a diagnosis to its end: asks what is open, diagnoses again as answers arrive.

use super::dns::{Asker, NoResolver, Settings};
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::{Answer, Evidence, Outcome, Question};
use crate::facts::Reading;
use futures_util::StreamExt;
use futures_util::future::FutureExt;
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// Questions in flight at most; each may hold a socket.
const WINDOW: usize = 100;

/// Questions one diagnosis may ask in all, whatever a hostile zone makes it want to know.
const BUDGET: usize = 300;

/// A state of a running diagnosis.
#[derive(Clone, Debug)]
pub struct Progress {
    pub diagnosis: Diagnosis,
    /// Questions put and not answered yet; 0 means this is the last state.
    pub running: usize,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Every question has an outcome.
    Done,
    /// Stopped before that.
    Stopped,
    /// Nobody could be asked.
    NoResolver(NoResolver),
}

/// Runs diagnoses one after the other on one thread, with one resolver and its cache.
pub struct Runner {
    settings: Settings,
    runtime: tokio::runtime::Runtime,
    asker: Option<Asker>,
}

impl Runner {
    /// Makes no socket and reads no configuration yet.
    pub fn new(settings: Settings) -> std::io::Result<Runner> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Runner { settings, runtime, asker: None })
    }

    /// Runs one diagnosis to its end; see [`drive`].
    pub fn run(
        &mut self,
        evidence: Evidence,
        reading: Arc<Reading>,
        stop: impl Future,
        on: impl FnMut(Progress),
    ) -> Ended {
        self.runtime.block_on(drive(&self.settings, &mut self.asker, evidence, reading, stop, on))
    }
}

/// Asks and diagnoses until nothing is open, the time is up or `stop` is ready. `on` hears of
/// every state, first before any answer, last with `running == 0`.
async fn drive(
    settings: &Settings,
    asker: &mut Option<Asker>,
    mut evidence: Evidence,
    reading: Arc<Reading>,
    stop: impl Future,
    mut on: impl FnMut(Progress),
) -> Ended {
    let mut diagnosis = diagnose(Arc::new(evidence.clone()), reading.clone());
    if diagnosis.open_questions().is_empty() {
        on(Progress { diagnosis, running: 0 });
        return Ended::Done;
    }
    let asker = match asker {
        Some(asker) => asker,
        None => match Asker::new(settings) {
            Ok(new) => asker.insert(new),
            Err(e) => {
                on(Progress { diagnosis, running: 0 });
                return Ended::NoResolver(e);
            }
        },
    };
    let began = Instant::now();
    let mut stop = pin!(stop);
    let mut deadline = pin!(tokio::time::sleep(settings.timeout));
    let mut asked: BTreeSet<Question> = BTreeSet::new();
    let mut queue: VecDeque<Question> = VecDeque::new();
    let mut flying = FuturesUnordered::new();
    loop {
        for question in diagnosis.open_questions() {
            if asked.len() < BUDGET && asked.insert(question.clone()) {
                queue.push_back(question.clone());
            }
        }
        while flying.len() < WINDOW
            && let Some(question) = queue.pop_front()
        {
            let asker = asker.clone();
            flying.push(async move {
                let answer = asker.ask(&question).await;
                (question, answer)
            });
        }
        let running = flying.len() + queue.len();
        on(Progress { diagnosis: diagnosis.clone(), running });
        if running == 0 {
            return Ended::Done;
        }
        tokio::select! {
            Some((question, answer)) = flying.next() => {
                evidence.answers.insert(question, answer);
                // Whatever else has come in the meantime belongs to the same state.
                while let Some(Some((question, answer))) = flying.next().now_or_never() {
                    evidence.answers.insert(question, answer);
                }
            }
            () = &mut deadline => {
                let elapsed_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
                let late: Vec<Question> = asked.into_iter().filter(|q| !evidence.answers.contains_key(q)).collect();
                evidence.answers.extend(late.into_iter().map(|q| (q, silence(elapsed_ms))));
                diagnosis = diagnose(Arc::new(evidence), reading);
                on(Progress { diagnosis, running: 0 });
                return Ended::Done;
            }
            _ = &mut stop => {
                on(Progress { diagnosis, running: 0 });
                return Ended::Stopped;
            }
        }
        diagnosis = diagnose(Arc::new(evidence.clone()), reading.clone());
    }
}

fn silence(elapsed_ms: u32) -> Answer {
    Answer { elapsed_ms, ..Answer::new(Outcome::Timeout, Vec::new(), jiff::Timestamp::now()) }
}

/// A diagnosis running in the background; dropping it stops it.
#[derive(Debug)]
pub struct Job {
    _stop: oneshot::Sender<()>,
}

/// Runs [`drive`] in a background thread; `on` is called from there.
pub fn spawn(
    settings: Settings,
    evidence: Evidence,
    reading: Arc<Reading>,
    on: impl FnMut(Progress) + Send + 'static,
) -> std::io::Result<Job> {
    let (sender, stopped) = oneshot::channel();
    let mut runner = Runner::new(settings)?;
    std::thread::Builder::new().name("dns".into()).spawn(move || {
        runner.run(evidence, reading, stopped, on);
    })?;
    Ok(Job { _stop: sender })
}
