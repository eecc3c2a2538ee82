//! Runs diagnoses to their end: asks what is open, and what each answer opens, until nothing is.
//!
//! Between answers only the facts are gathered anew, for they name the questions; the rules judge when a state is
//! shown and at the end.

use super::dns::{Asker, NoResolver, Settings};
use super::errand::Courier;
use crate::diagnose::{Diagnosis, diagnose, judge};
use crate::evidence::errand::{Step, What};
use crate::evidence::{Answer, Brought, Errand, Evidence, Input, Outcome, Question};
use crate::facts::dkim::signed::Body;
use crate::facts::{Facts, Reading};
use crate::replay::{self, Proved};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Questions one diagnosis may ask in all, whatever a hostile zone makes it want to know.
const BUDGET: usize = 300;

/// Errands one diagnosis may send out in all.
const ERRANDS: usize = 16;

/// What is left of the time when errands come home with what they have.
const MARGIN: Duration = Duration::from_millis(500);

/// Diagnoses at once at most: each holds its input, its answers and its open questions.
const AT_ONCE: usize = 64;

/// Bytes of inputs at once, beyond one.
const BYTES_AT_ONCE: usize = 16 << 20;

/// States are shown no faster than a screen shows them.
const FRAME: Duration = Duration::from_millis(16);

/// A state of a running diagnosis.
#[derive(Clone, Debug)]
pub struct Progress {
    pub diagnosis: Diagnosis,
    /// Questions and errands not answered yet; 0 means this is the last state.
    pub running: usize,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Every question and errand has an outcome.
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

/// Who goes out.
struct Outside {
    asker: Asker,
    courier: Courier,
}

/// Runs diagnoses on one thread, with one memory of answers.
pub struct Runner {
    settings: Settings,
    runtime: tokio::runtime::Runtime,
    /// Of all that stand beside one another.
    asker: Arc<OnceLock<Result<Asker, NoResolver>>>,
    outside: OnceCell<Outside>,
}

/// A diagnosis of many: what tells it from the others, what it is of, and what was read of it.
pub type Work<K> = (K, Evidence, Arc<Reading>);

impl Runner {
    /// Makes no socket and reads no configuration yet.
    pub fn new(settings: Settings) -> std::io::Result<Runner> {
        Runner::with(settings, Arc::default())
    }

    /// One for another thread, with the same memory of answers.
    pub fn beside(&self) -> std::io::Result<Runner> {
        Runner::with(self.settings.clone(), self.asker.clone())
    }

    fn with(settings: Settings, asker: Arc<OnceLock<Result<Asker, NoResolver>>>) -> std::io::Result<Runner> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Runner { settings, runtime, asker, outside: OnceCell::new() })
    }

    /// Runs one diagnosis until nothing is open, the time is up or `stop` is ready.
    pub fn run(&self, evidence: Evidence, reading: Arc<Reading>, stop: impl Future) -> (Diagnosis, Ended) {
        self.runtime.block_on(self.drive(evidence, reading, stop, |_| {}, Show::Nothing))
    }

    /// Runs many at once, as many as memory allows; `on` gets each as it finishes. `next` is asked for one when there
    /// is room for it, and told how many run; nothing means not now, and where none runs the end. `stop` ends those
    /// that have begun, and no other begins.
    pub fn run_many<K>(
        &self,
        mut next: impl FnMut(usize) -> Option<Work<K>>,
        stop: impl Future,
        mut on: impl FnMut(K, Result<(Diagnosis, Ended), Broken>),
    ) {
        let stop = stop.map(|_| ()).shared();
        let (mut watched, mut stopped) = (stop.clone(), false);
        let mut running = FuturesUnordered::new();
        let mut bytes = 0;
        self.runtime.block_on(async {
            loop {
                let room = running.len() < AT_ONCE && (bytes < BYTES_AT_ONCE || running.is_empty());
                stopped = stopped || (&mut watched).now_or_never().is_some();
                let work = if room && !stopped { next(running.len()) } else { None };
                let more = work.is_some();
                if let Some((key, evidence, reading)) = work {
                    let size = evidence.input.text.len();
                    bytes += size;
                    let work = self.drive(evidence, reading, stop.clone(), |_| {}, Show::Nothing);
                    let work = AssertUnwindSafe(work).catch_unwind();
                    running.push(work.map(move |done| (key, size, done.map_err(|_| Broken))));
                    // Reading takes its time: what came meanwhile is heard.
                    if running.len() > 1 {
                        tokio::task::yield_now().await;
                    }
                }
                // What finds all answers remembered is done at once, and its memory is warm for the next one.
                let done = if more { running.next().now_or_never() } else { Some(running.next().await) };
                match done {
                    Some(Some((key, size, done))) => {
                        bytes -= size;
                        on(key, done);
                    }
                    Some(None) => return,
                    None => {}
                }
            }
        });
    }

    /// Lives on this runner's thread: for work that is many runs and more.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// As [`Runner::run`], from inside [`Runner::block_on`].
    pub async fn diagnose(&self, evidence: Evidence, reading: Arc<Reading>, stop: impl Future) -> (Diagnosis, Ended) {
        self.drive(evidence, reading, stop, |_| {}, Show::Nothing).await
    }

    /// Asks until no fact is missing; nothing is judged, and no fix is tried.
    pub async fn gather(&self, evidence: Evidence, reading: Arc<Reading>, stop: impl Future) -> (Facts, Ended) {
        let mut course = Course { judged: false, ..Course::new(evidence, reading, self.settings.timeout) };
        let ended = self.settle(&mut course, stop, |_| {}, Show::Nothing).await;
        (Facts::gather(course.evidence, course.reading), ended)
    }

    /// As [`Runner::run`]; `show` hears of the states on the way: first of what is known before any answer, then of
    /// what has come, coalesced to what a screen can show.
    async fn drive(
        &self,
        evidence: Evidence,
        reading: Arc<Reading>,
        stop: impl Future,
        show: impl FnMut(Progress),
        states: Show,
    ) -> (Diagnosis, Ended) {
        let mut course = Course::new(evidence, reading, self.settings.timeout);
        let ended = self.settle(&mut course, stop, show, states).await;
        (course.proven(), ended)
    }

    /// Runs a course to its end.
    async fn settle(
        &self,
        course: &mut Course,
        stop: impl Future,
        mut show: impl FnMut(Progress),
        states: Show,
    ) -> Ended {
        let mut stop = pin!(stop);
        let mut deadline = pin!(sleep_until(course.deadline));
        let mut due = course.began;
        let mut news = states == Show::All;
        loop {
            let open = course.open();
            if !open.is_empty() {
                let outside = match self.outside() {
                    Ok(outside) => outside,
                    Err(e) => return Ended::NoResolver(e),
                };
                if course.ask(outside, open) {
                    continue;
                }
            }
            let running = course.flying.len();
            if running == 0 {
                return Ended::Done;
            }
            if news && due <= Instant::now() {
                show(Progress { diagnosis: course.diagnosis(), running });
                due = Instant::now() + FRAME;
                news = false;
            }
            tokio::select! {
                // What has come counts, however late it is heard.
                biased;
                () = course.learn() => news = states == Show::All,
                () = sleep_until(due), if news => {}
                () = &mut deadline => {
                    course.give_up();
                    return Ended::Done;
                }
                _ = &mut stop => return Ended::Stopped,
            }
        }
    }

    fn outside(&self) -> Result<&Outside, NoResolver> {
        if let Some(outside) = self.outside.get() {
            return Ok(outside);
        }
        let asker = self.asker.get_or_init(|| Asker::new(&self.settings)).as_ref().map_err(Clone::clone)?.beside();
        let courier = Courier::new(&self.settings, asker.clone());
        Ok(self.outside.get_or_init(|| Outside { asker, courier }))
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
    deadline: Instant,
    asked: BTreeSet<Question>,
    sent: BTreeSet<Errand>,
    flying: FuturesUnordered<BoxFuture<'static, News>>,
    /// The facts are judged at the end, and every fix tried.
    judged: bool,
    /// What it took to gather the facts last time.
    cost: Duration,
    /// The diagnosis with every fix tried, as long as no answer has come since.
    proved: Option<Diagnosis>,
    /// Fixes have been tried.
    tried: bool,
    /// See [`Facts::rounds`]: counted as long as each set of questions is answered before the next is known.
    rounds: Option<u32>,
}

/// What is to be found out.
#[derive(Default)]
struct Open {
    questions: Vec<Question>,
    errands: Vec<Errand>,
}

impl Open {
    fn is_empty(&self) -> bool {
        self.questions.is_empty() && self.errands.is_empty()
    }
}

/// What comes from outside.
enum News {
    Answer(Question, Answer),
    Brought(Errand, Box<Brought>),
}

impl Course {
    fn new(evidence: Evidence, reading: Arc<Reading>, timeout: Duration) -> Course {
        let began = Instant::now();
        let rounds = (evidence.answers.is_empty() && evidence.fetched.is_empty()).then_some(0);
        Course {
            evidence: Arc::new(evidence),
            reading,
            began,
            deadline: began + timeout,
            asked: BTreeSet::new(),
            sent: BTreeSet::new(),
            flying: FuturesUnordered::new(),
            judged: true,
            cost: Duration::ZERO,
            proved: None,
            tried: false,
            rounds,
        }
    }

    fn diagnosis(&self) -> Diagnosis {
        diagnose(self.evidence.clone(), self.reading.clone())
    }

    /// The last state, with every fix tried.
    fn proven(&mut self) -> Diagnosis {
        let proved = self.proved.take();
        proved.unwrap_or_else(|| replay::prove(self.diagnosis()).diagnosis)
    }

    /// The questions and errands that are open now. Once there are none, and every answer is in, the fixes are
    /// tried; what they would have to know is asked too.
    fn open(&mut self) -> Open {
        if self.evidence.offline {
            return Open::default();
        }
        let began = Instant::now();
        let mut facts = Facts::gather(self.evidence.clone(), self.reading.clone());
        self.cost = began.elapsed();
        let mut open = Open { questions: facts.missing.clone(), errands: facts.errands.clone() };
        open.questions.retain(|q| !self.asked.contains(q));
        open.errands.retain(|e| !self.sent.contains(e));
        if !open.is_empty() {
            let in_step = open.errands.is_empty() && self.flying.is_empty() && !self.tried;
            self.rounds = self.rounds.filter(|_| in_step).map(|rounds| rounds + 1);
        }
        if !self.judged || !open.is_empty() || !self.flying.is_empty() {
            return open;
        }
        if let Some(rounds) = self.rounds {
            facts.rounds = rounds.into();
        }
        let Proved { diagnosis, mut questions } = replay::prove(judge(facts));
        questions.retain(|q| !self.asked.contains(q));
        self.proved = Some(diagnosis);
        self.tried = true;
        Open { questions, errands: Vec::new() }
    }

    /// Puts the questions that have not been put, and sends out the errands that have not been sent. Is an answer
    /// there already?
    fn ask(&mut self, outside: &Outside, Open { questions, errands }: Open) -> bool {
        let mut answered = false;
        for question in questions {
            if self.asked.len() < BUDGET && self.asked.insert(question.clone()) {
                if let Some(answer) = outside.asker.recall(&question) {
                    self.take(News::Answer(question, answer));
                    answered = true;
                    continue;
                }
                let asker = outside.asker.clone();
                let asking = async move {
                    let answer = asker.ask(&question).await;
                    News::Answer(question, answer)
                };
                self.flying.push(asking.boxed());
            }
        }
        let until = self.deadline - MARGIN.min((self.deadline - self.began) / 10);
        for errand in errands {
            if self.sent.len() < ERRANDS && self.sent.insert(errand.clone()) {
                let (courier, input) = (outside.courier.clone(), self.evidence.input.clone());
                let going = async move {
                    let brought = courier.perform(&errand, &input, until).await;
                    News::Brought(errand, Box::new(brought))
                };
                self.flying.push(going.boxed());
            }
        }
        answered
    }

    /// Waits for an answer, and a little longer: whatever comes with it belongs to the same state. Gathering facts
    /// thus takes a fifth of the time at most, however many answers trickle in. May be dropped at any point.
    async fn learn(&mut self) {
        let Some(news) = self.flying.next().await else { return };
        self.take(news);
        let until = Instant::now() + (4 * self.cost).clamp(Duration::from_millis(1), Duration::from_millis(50));
        while !self.flying.is_empty()
            && let Ok(Some(news)) = timeout_at(until, self.flying.next()).await
        {
            self.take(news);
        }
    }

    fn take(&mut self, news: News) {
        self.proved = None;
        let evidence = Arc::make_mut(&mut self.evidence);
        match news {
            News::Answer(question, answer) => drop(evidence.answers.insert(question, answer)),
            News::Brought(errand, brought) => drop(evidence.fetched.insert(errand, *brought)),
        }
    }

    /// What has not been answered by now was not answered in time.
    fn give_up(&mut self) {
        let elapsed_ms = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let at = jiff::Timestamp::now();
        let silence = Answer { elapsed_ms, ..Answer::new(Outcome::Timeout, Vec::new(), at) };
        let what = What::Failed { step: Step::Timeout, why: "not done in the time there was".into() };
        let nothing = Brought { what, at, elapsed_ms };
        self.proved = None;
        self.rounds = None;
        let evidence = Arc::make_mut(&mut self.evidence);
        for question in std::mem::take(&mut self.asked) {
            evidence.answers.entry(question).or_insert_with(|| silence.clone());
        }
        for errand in std::mem::take(&mut self.sent) {
            evidence.fetched.entry(errand).or_insert_with(|| nothing.clone());
        }
    }
}

/// A diagnosis running in the background; dropping it stops it.
#[derive(Debug)]
pub struct Job {
    _stop: oneshot::Sender<()>,
    input: Arc<Input>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.input.effort().stop();
    }
}

/// Reads and runs one diagnosis in a background thread; `on` is called from there, with every state. Where what changed
/// a signed body has to be searched for, the first state comes before that search; its input is then held
/// ([`Effort::is_held`](crate::facts::dkim::forensics::Effort::is_held)).
pub fn spawn(
    settings: Settings,
    evidence: Evidence,
    mut on: impl FnMut(Progress) + Send + 'static,
) -> std::io::Result<Job> {
    let (sender, stopped) = oneshot::channel();
    let runner = Runner::new(settings)?;
    let input = evidence.input.clone();
    input.effort().restart();
    std::thread::Builder::new().name("dns".into()).spawn(move || {
        let glance = Arc::new(evidence.at_a_glance());
        let mut reading = Arc::new(Reading::read(&glance.input, &glance.said));
        if reading.signed.iter().flatten().any(|s| matches!(s.body, Body::Mismatch { .. })) {
            on(Progress { diagnosis: diagnose(glance, reading), running: 1 });
            reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        }
        let work = runner.drive(evidence, reading, stopped, &mut on, Show::All);
        let (diagnosis, _) = runner.runtime.block_on(work);
        on(Progress { diagnosis, running: 0 });
    })?;
    Ok(Job { _stop: sender, input })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{InputKind, Said};
    use crate::facts::dkim::testing::RELAXED;
    use std::sync::mpsc;

    /// What is spawned for a message, up to its last state.
    fn states(text: &str) -> Vec<Progress> {
        let input = Input::read("m.eml", text.as_bytes(), Some(InputKind::Message)).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
        let (sender, receiver) = mpsc::channel();
        let _job = spawn(Settings::default(), evidence, move |progress| drop(sender.send(progress))).unwrap();
        let mut all = Vec::new();
        while let Ok(progress) = receiver.recv_timeout(Duration::from_secs(60)) {
            all.push(progress);
            if all.last().is_some_and(|p| p.running == 0) {
                break;
            }
        }
        all
    }

    #[test]
    fn a_message_is_shown_before_what_changed_it_is_searched_for() {
        let signed = RELAXED.sign("From: ann@example.com\r\nTo: bob@example.net\r\nSubject: x\r\n\r\nHello\r\n");
        let changed = states(&format!("{signed}-- \r\nA footer\r\n"));
        let held: Vec<bool> = changed.iter().map(|p| p.diagnosis.facts.evidence.input.effort().is_held()).collect();
        assert_eq!(held, [true, false]);
        let altered = |p: &Progress| p.diagnosis.facts.verified[0].altered.len();
        assert_eq!((altered(&changed[0]), altered(&changed[1])), (0, 1));
        // Where nothing has to be searched for, there is one look.
        assert_eq!(states(&signed).len(), 1);
    }
}
