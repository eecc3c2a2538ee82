//! Runs diagnoses to their end: asks what is open, and what each answer opens, until nothing is.
//!
//! Between answers only the facts are gathered anew, for they name the questions; the rules judge when a state is
//! shown and at the end.

use super::dns::{Asker, NoResolver, Settings};
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::{Answer, Evidence, Outcome, Question};
use crate::facts::{Facts, Reading};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Questions one diagnosis may ask in all, whatever a hostile zone makes it want to know.
const BUDGET: usize = 300;

/// Diagnoses at once at most: each holds its input, its answers and its open questions.
const AT_ONCE: usize = 64;

/// States are shown no faster than a screen shows them.
const FRAME: Duration = Duration::from_millis(16);

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

/// A diagnosis of many that came to nothing by a fault of ours; the others are not touched.
#[derive(Debug, thiserror::Error)]
#[error("a fault of postdoc; please report it, with what stands above")]
pub struct Broken;

/// Runs diagnoses on one thread, with one memory of answers.
pub struct Runner {
    settings: Settings,
    runtime: tokio::runtime::Runtime,
    asker: OnceCell<Result<Asker, NoResolver>>,
}

impl Runner {
    /// Makes no socket and reads no configuration yet.
    pub fn new(settings: Settings) -> std::io::Result<Runner> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Runner { settings, runtime, asker: OnceCell::new() })
    }

    /// Runs one diagnosis until nothing is open, the time is up or `stop` is ready.
    pub fn run(&self, evidence: Evidence, reading: Arc<Reading>, stop: impl Future) -> (Diagnosis, Ended) {
        self.runtime.block_on(self.drive(evidence, reading, stop, |_| {}, Show::Nothing))
    }

    /// Runs many at once, as many as memory allows; `on` gets each as it finishes. The next one is taken from `jobs`
    /// when there is room for it. `stop` ends those that have begun, and no other begins.
    pub fn run_many<K>(
        &self,
        jobs: impl IntoIterator<Item = (K, Evidence, Arc<Reading>)>,
        stop: impl Future,
        mut on: impl FnMut(K, Result<(Diagnosis, Ended), Broken>),
    ) {
        let stop = stop.map(|_| ()).shared();
        let mut jobs = jobs.into_iter();
        let mut running = FuturesUnordered::new();
        self.runtime.block_on(async {
            loop {
                while running.len() < AT_ONCE
                    && stop.peek().is_none()
                    && let Some((key, evidence, reading)) = jobs.next()
                {
                    let work = self.drive(evidence, reading, stop.clone(), |_| {}, Show::Nothing);
                    running.push(AssertUnwindSafe(work).catch_unwind().map(|done| (key, done.map_err(|_| Broken))));
                }
                match running.next().await {
                    Some((key, done)) => on(key, done),
                    None => return,
                }
            }
        });
    }

    /// As [`Runner::run`]; `show` hears of the states on the way: first of what is known before any answer, then of
    /// what has come, coalesced to what a screen can show.
    async fn drive(
        &self,
        evidence: Evidence,
        reading: Arc<Reading>,
        stop: impl Future,
        mut show: impl FnMut(Progress),
        states: Show,
    ) -> (Diagnosis, Ended) {
        let mut course = Course::new(evidence, reading);
        let mut open = course.open();
        if open.is_empty() {
            return (course.diagnosis(), Ended::Done);
        }
        let asker = match self.asker.get_or_init(|| Asker::new(&self.settings)) {
            Ok(asker) => asker,
            Err(e) => return (course.diagnosis(), Ended::NoResolver(e.clone())),
        };
        let mut stop = pin!(stop);
        let mut deadline = pin!(sleep_until(course.began + self.settings.timeout));
        let mut due = course.began;
        let mut news = states == Show::All;
        loop {
            course.ask(asker, open);
            let running = course.flying.len();
            if running == 0 {
                return (course.diagnosis(), Ended::Done);
            }
            if news && due <= Instant::now() {
                show(Progress { diagnosis: course.diagnosis(), running });
                due = Instant::now() + FRAME;
                news = false;
            }
            tokio::select! {
                () = course.learn() => news = states == Show::All,
                () = sleep_until(due), if news => {}
                () = &mut deadline => {
                    course.give_up();
                    return (course.diagnosis(), Ended::Done);
                }
                _ = &mut stop => return (course.diagnosis(), Ended::Stopped),
            }
            open = course.open();
        }
    }
}

/// Which states are wanted before the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Nothing,
    All,
}

/// One diagnosis on its way.
struct Course {
    evidence: Arc<Evidence>,
    reading: Arc<Reading>,
    began: Instant,
    asked: BTreeSet<Question>,
    flying: FuturesUnordered<BoxFuture<'static, (Question, Answer)>>,
    /// What it took to gather the facts last time.
    cost: Duration,
}

impl Course {
    fn new(evidence: Evidence, reading: Arc<Reading>) -> Course {
        Course {
            evidence: Arc::new(evidence),
            reading,
            began: Instant::now(),
            asked: BTreeSet::new(),
            flying: FuturesUnordered::new(),
            cost: Duration::ZERO,
        }
    }

    fn diagnosis(&self) -> Diagnosis {
        diagnose(self.evidence.clone(), self.reading.clone())
    }

    /// The questions that are open now.
    fn open(&mut self) -> Vec<Question> {
        if self.evidence.offline {
            return Vec::new();
        }
        let began = Instant::now();
        let missing = Facts::gather(self.evidence.clone(), self.reading.clone()).missing;
        self.cost = began.elapsed();
        missing
    }

    /// Puts those that have not been put.
    fn ask(&mut self, asker: &Asker, open: Vec<Question>) {
        for question in open {
            if self.asked.len() < BUDGET && self.asked.insert(question.clone()) {
                let asker = asker.clone();
                let asking = async move {
                    let answer = asker.ask(&question).await;
                    (question, answer)
                };
                self.flying.push(asking.boxed());
            }
        }
    }

    /// Waits for an answer, and a little longer: whatever comes with it belongs to the same state. Gathering facts
    /// thus takes a fifth of the time at most, however many answers trickle in. May be dropped at any point.
    async fn learn(&mut self) {
        let Some((question, answer)) = self.flying.next().await else { return };
        self.take(question, answer);
        let until = Instant::now() + (4 * self.cost).clamp(Duration::from_millis(1), Duration::from_millis(50));
        while !self.flying.is_empty()
            && let Ok(Some((question, answer))) = timeout_at(until, self.flying.next()).await
        {
            self.take(question, answer);
        }
    }

    fn take(&mut self, question: Question, answer: Answer) {
        Arc::make_mut(&mut self.evidence).answers.insert(question, answer);
    }

    /// What has not been answered by now was not answered in time.
    fn give_up(&mut self) {
        let elapsed_ms = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let silence = Answer { elapsed_ms, ..Answer::new(Outcome::Timeout, Vec::new(), jiff::Timestamp::now()) };
        let answers = &mut Arc::make_mut(&mut self.evidence).answers;
        for question in std::mem::take(&mut self.asked) {
            answers.entry(question).or_insert_with(|| silence.clone());
        }
    }
}

/// A diagnosis running in the background; dropping it stops it.
#[derive(Debug)]
pub struct Job {
    _stop: oneshot::Sender<()>,
}

/// Runs one diagnosis in a background thread; `on` is called from there, with every state.
pub fn spawn(
    settings: Settings,
    evidence: Evidence,
    reading: Arc<Reading>,
    mut on: impl FnMut(Progress) + Send + 'static,
) -> std::io::Result<Job> {
    let (sender, stopped) = oneshot::channel();
    let runner = Runner::new(settings)?;
    std::thread::Builder::new().name("dns".into()).spawn(move || {
        let work = runner.drive(evidence, reading, stopped, &mut on, Show::All);
        let (diagnosis, _) = runner.runtime.block_on(work);
        on(Progress { diagnosis, running: 0 });
    })?;
    Ok(Job { _stop: sender })
}
