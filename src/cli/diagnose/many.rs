//! Several inputs: on all cores, many at once, printed in the order of the inputs.

use super::super::args::{Diagnose, Format, Global};
use super::super::exit::Exit;
use super::super::{linear, put, source, tell};
use super::{evidence, keep, rendered, said};
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::{Input, Refusal};
use crate::facts::Reading;
use crate::world::dns;
use crate::world::run::{Broken, Ended, Runner, Work};
use crate::world::signal::Signals;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Inputs begun beyond the one whose turn it is to be printed, at most: what is finished of them waits for it.
const AHEAD: usize = 256;

/// Inputs at once on each core where each sends out errands: a filter of one's own has a few children.
const FEW: usize = 2;

/// How long nobody looks whether a signal came.
const NAP: Duration = Duration::from_millis(100);

/// Diagnoses the files and prints each result when it is its turn. A signal ends it with what has been begun.
pub fn run(global: &Global, args: &Diagnose, settings: dns::Settings, files: &[PathBuf]) -> anyhow::Result<Exit> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(files.len());
    let first = Runner::new(settings)?;
    let mut runners = (1..workers).map(|_| first.beside()).collect::<std::io::Result<Vec<_>>>()?;
    runners.push(first);
    let batch = Batch {
        global,
        args,
        files,
        signals: Signals::listen(),
        queue: Mutex::new(Queue { workers, ..Queue::default() }),
        ready: Condvar::new(),
        moved: Condvar::new(),
        closed: watch::Sender::default(),
        deaf: AtomicBool::default(),
        saved: Mutex::default(),
    };
    let work = || {
        std::thread::scope(|scope| {
            for runner in runners {
                scope.spawn(|| batch.work(runner));
            }
            batch.print();
        });
    };
    if global.linear() {
        linear::telling(work)
    } else {
        work()
    }
    batch.end()
}

/// What the workers share.
struct Batch<'a> {
    global: &'a Global,
    args: &'a Diagnose,
    files: &'a [PathBuf],
    signals: Signals,
    queue: Mutex<Queue>,
    /// It is somebody's turn, or a worker has gone.
    ready: Condvar,
    /// Something was printed: there is room for others.
    moved: Condvar,
    /// Nobody reads any more.
    closed: watch::Sender<bool>,
    /// That nobody can be asked has been told.
    deaf: AtomicBool,
    /// Cases written; one at a time, for their list is one file.
    saved: Mutex<usize>,
}

/// Who is next, and who is printed next.
#[derive(Default)]
struct Queue {
    next: usize,
    due: usize,
    /// Finished before its turn.
    waiting: BTreeMap<usize, (String, Exit)>,
    exit: Option<Exit>,
    failed: Option<anyhow::Error>,
    /// Still at work.
    workers: usize,
}

impl Queue {
    /// The one whose turn it is, if it is finished.
    fn turn(&mut self) -> Option<(String, Exit)> {
        let told = self.waiting.remove(&self.due)?;
        self.due += 1;
        Some(told)
    }
}

impl Batch<'_> {
    fn work(&self, runner: Runner) {
        let stop = async {
            let mut closed = self.closed.subscribe();
            tokio::select! {
                _ = self.signals.stop() => {}
                _ = closed.wait_for(|&closed| closed) => {}
            }
        };
        let work = || runner.run_many(|running| self.next(running), stop, |n, done| self.finish(n, done));
        let fault = catch_unwind(AssertUnwindSafe(work)).is_err();
        let mut queue = self.queue();
        queue.workers -= 1;
        if fault {
            // What it had begun is lost, and all after that would wait for it.
            queue.failed = Some(anyhow::Error::new(Broken));
            self.closed.send_replace(true);
        }
        self.ready.notify_one();
    }

    /// The next input, read. One that breaks the program costs its own result, not the others'.
    fn next(&self, running: usize) -> Option<Work<usize>> {
        loop {
            let n = self.take(running)?;
            let read = || {
                let evidence = evidence(self.global, self.args, source::input(&self.files[n], self.args.kind.kind()));
                let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
                (n, evidence, reading)
            };
            match catch_unwind(AssertUnwindSafe(read)) {
                Ok(work) => return Some(work),
                Err(_) => self.broke(n),
            }
        }
    }

    /// The index of the next input. Nobody runs too far ahead of what is printed: who has nothing else to do waits.
    fn take(&self, running: usize) -> Option<usize> {
        let mut queue = self.queue();
        loop {
            if queue.next == self.files.len() || *self.closed.borrow() || self.signals.came().is_some() {
                return None;
            }
            // What others wait for as long as standard input or a pipe has it open, and what sends out errands.
            let alone = running > 0 && !self.files.get(queue.next).is_some_and(|file| file.is_file());
            if alone || (running >= FEW && self.has_errands()) {
                return None;
            }
            if queue.next < queue.due + AHEAD {
                queue.next += 1;
                return Some(queue.next - 1);
            }
            if running > 0 {
                return None;
            }
            queue = self.moved.wait_timeout(queue, NAP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Does each message ask more than DNS?
    fn has_errands(&self) -> bool {
        let Diagnose { spamd, rspamd, probe_links, .. } = self.args;
        spamd.is_some() || rspamd.is_some() || *probe_links
    }

    fn finish(&self, n: usize, done: Result<(Diagnosis, Ended), Broken>) {
        let Ok((diagnosis, ended)) = done else { return self.broke(n) };
        if let Ended::NoResolver(e) = ended
            && !self.global.quiet
            && !self.deaf.swap(true, Ordering::Relaxed)
        {
            tell(e);
        }
        let show = || {
            if self.args.save && diagnosis.facts.evidence.input.kind.is_judged() {
                let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
                *saved += usize::from(keep(self.global, &diagnosis, self.args.keep_body).is_some());
            }
            self.told(&diagnosis)
        };
        match catch_unwind(AssertUnwindSafe(show)) {
            Ok(told) => self.hand_in(n, told),
            Err(_) => self.broke(n),
        }
    }

    /// A fault of ours is the result of this input.
    fn broke(&self, n: usize) {
        let name = self.files[n].to_string_lossy();
        let why = format!("{name} could not be diagnosed: {Broken}");
        if !self.global.redact {
            tell(&why);
        }
        let input = Input::unreadable(&name, &Refusal::Unreadable(why));
        let reading = Arc::new(Reading::read(&input, &said(self.args)));
        let diagnosis = diagnose(Arc::new(evidence(self.global, self.args, input)), reading);
        self.hand_in(n, self.told(&diagnosis));
    }

    fn told(&self, diagnosis: &Diagnosis) -> (String, Exit) {
        (rendered(self.global, diagnosis, true), Exit::of(diagnosis, self.global.fail_on.severity()))
    }

    /// Has it printed when it is its turn.
    fn hand_in(&self, n: usize, told: (String, Exit)) {
        let mut queue = self.queue();
        queue.waiting.insert(n, told);
        if queue.due == n {
            self.ready.notify_one();
        }
    }

    /// Prints in the order of the inputs until no worker is left. Whoever reads slowly holds up no diagnosis.
    fn print(&self) {
        let mut queue = self.queue();
        loop {
            let Some((text, exit)) = queue.turn() else {
                if queue.workers == 0 {
                    return;
                }
                queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            queue.exit = Some(queue.exit.map_or(exit, |so_far| so_far.and(exit)));
            drop(queue);
            self.moved.notify_all();
            let end = put(&text);
            queue = self.queue();
            match end {
                Ok(true) => {}
                end => {
                    queue.failed = end.err().map(anyhow::Error::from);
                    self.closed.send_replace(true);
                    return;
                }
            }
        }
    }

    fn end(self) -> anyhow::Result<Exit> {
        let queue = self.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(e) = queue.failed {
            return Err(e);
        }
        let exit = queue.exit.unwrap_or(Exit::Clean);
        if *self.closed.borrow() {
            return Ok(exit);
        }
        if queue.due < self.files.len() && !self.global.quiet {
            tell(format_args!(
                "stopped: {} of {} inputs, the last ones without all answers",
                queue.due,
                self.files.len()
            ));
        }
        // Whoever reads JSON asked for no more than that.
        if !self.global.quiet && (self.args.save || self.global.format() == Format::Human) {
            let (inputs, saved) = (queue.due, self.saved.into_inner().unwrap_or_else(PoisonError::into_inner));
            match (self.args.save, self.args.no_save) {
                (true, _) => tell(format_args!("{inputs} inputs, {saved} saved as cases")),
                (false, true) => {}
                // Thousands of inputs are not to leave thousands of cases behind unasked.
                (false, false) => {
                    tell(format_args!("{inputs} inputs, none saved as a case: --save keeps one of each"));
                }
            }
        }
        Ok(self.signals.came().map_or(exit, |signal| exit.and(Exit::Interrupted(signal))))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
