//! Performs a fetch: looks into every mailbox at once, and diagnoses what is found as it comes.

mod disk;
mod job;

pub use job::{Job, spawn};

use super::dns::Settings;
use super::imap::{Dial, Seeker};
use super::run::Runner;
use super::secret::Credentials;
use crate::diagnose::Diagnosis;
use crate::evidence::said::{FolderRole, FoundIn};
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::Reading;
use crate::fetch::{Account, Event, Fault, Find, Opinion, Order, Place, Reason, Wait, copy};
use futures_util::StreamExt;
use futures_util::future::FutureExt;
use futures_util::stream::FuturesUnordered;
use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// The pause between two looks at first.
pub const PACE: Duration = Duration::from_secs(2);

/// What a user asks to be fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub order: Order,
    /// With who logs in, where that is needed.
    pub boxes: Vec<(Account, Option<Credentials>)>,
    /// Any certificate will do, for this once.
    pub insecure: bool,
    pub pace: Duration,
    /// What every diagnosis is told.
    pub said: Said,
    /// Taken for the present time.
    pub now: Option<jiff::Timestamp>,
    /// The diagnoses ask nobody.
    pub offline: bool,
    /// The message as it was sent, to each recipient, to be held against what is found.
    pub sent: Vec<Input>,
}

/// Who is told how it goes.
pub trait Audience {
    /// Something happened; [`Wait::take_news`] says what.
    fn heard(&mut self, wait: &mut Wait);
    /// A message that was found is diagnosed. The id of the case, where it is saved.
    fn judged(&mut self, wait: &Wait, n: usize, diagnosis: &Diagnosis) -> Option<String>;
}

/// Performs fetches.
pub struct Fetcher {
    settings: Settings,
    runner: Runner,
}

/// What goes on beside one another.
enum Done {
    Sought(usize, Result<Find, Fault>),
    Judged(usize, Box<Diagnosis>),
    /// The time is up; with what the mailbox last suffered from.
    TimeUp(usize, Option<Fault>),
    /// A fault of ours, which costs one mailbox.
    Broke(usize),
}

impl Fetcher {
    /// Makes no connection yet. `settings` are those of the diagnoses.
    pub fn new(settings: &Settings) -> std::io::Result<Fetcher> {
        Ok(Fetcher { settings: settings.clone(), runner: Runner::new(settings.clone())? })
    }

    /// Waits until every mailbox has come to an end and what was found is diagnosed, or until `stop` is ready.
    pub fn run(&self, wanted: &Wanted, stop: impl Future, audience: &mut impl Audience) -> Wait {
        let (_never, more) = mpsc::unbounded_channel();
        self.run_for(wanted, stop, more, audience)
    }

    /// As [`Fetcher::run`]; `more` gives it more time.
    fn run_for(
        &self,
        wanted: &Wanted,
        stop: impl Future,
        more: mpsc::UnboundedReceiver<Duration>,
        audience: &mut impl Audience,
    ) -> Wait {
        self.runner.block_on(self.drive(wanted, stop, more, audience))
    }

    async fn drive(
        &self,
        wanted: &Wanted,
        stop: impl Future,
        mut more: mpsc::UnboundedReceiver<Duration>,
        audience: &mut impl Audience,
    ) -> Wait {
        let began = Instant::now();
        let accounts = wanted.boxes.iter().map(|(account, _)| account.clone()).collect();
        let mut wait = Wait::new(wanted.order.clone(), accounts, jiff::Timestamp::now());
        let dial = Dial::new(&self.settings, wanted.insecure);
        let deadline = Cell::new(began + wanted.order.timeout);
        let stop = stop.map(|_| ()).shared();
        let (news, mut inbox) = mpsc::unbounded_channel();
        let mut working = FuturesUnordered::new();
        for n in 0..wanted.boxes.len() {
            working.push(seeking(wanted, &dial, n, &deadline, news.clone()).boxed_local());
        }
        let mut stopped = pin!(stop.clone());
        let mut over = false;
        audience.heard(&mut wait);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped, if !over => {
                    // What is being diagnosed comes to its end by itself, for it hears the same.
                    over = true;
                    wait.stop(began.elapsed());
                }
                Some((n, event)) = inbox.recv() => wait.hear(n, began.elapsed(), event),
                Some(more) = more.recv() => {
                    wait.order.timeout += more;
                    deadline.set(deadline.get() + more);
                }
                done = working.next() => match done {
                    None => break,
                    Some(Done::Sought(n, found)) => {
                        while let Ok((n, event)) = inbox.try_recv() {
                            wait.hear(n, began.elapsed(), event);
                        }
                        let event = match found {
                            Ok(find) => {
                                let evidence = evidence(wanted, &find);
                                working.push(self.judging(n, evidence, stop.clone()).boxed_local());
                                Event::Found(find)
                            }
                            Err(fault) => Event::Failed(fault),
                        };
                        wait.hear(n, began.elapsed(), event);
                    }
                    Some(Done::TimeUp(n, fault)) => {
                        // A mailbox that was open did not get the message; into any other nobody has looked.
                        let open = wait.boxes.get(n).is_some_and(|b| b.open);
                        let late = || Fault::new(Reason::Silent, "the time is up");
                        let event = if open { Event::Never } else { Event::Failed(fault.unwrap_or_else(late)) };
                        wait.hear(n, began.elapsed(), event);
                    }
                    Some(Done::Judged(n, diagnosis)) => {
                        let case = audience.judged(&wait, n, &diagnosis);
                        let verdict = &diagnosis.verdict;
                        let opinion = Opinion {
                            state: verdict.state,
                            headline: verdict.headline.clone(),
                            cause: verdict.cause.map(|rule| rule.id),
                            case,
                        };
                        let evidence = diagnosis.facts.evidence.clone();
                        wait.hear(n, began.elapsed(), Event::Judged { opinion, evidence });
                    }
                    Some(Done::Broke(n)) => {
                        let fault = Fault::new(Reason::Garbage, "a fault of postdoc; please report it");
                        wait.hear(n, began.elapsed(), Event::Failed(fault));
                    }
                },
            }
            audience.heard(&mut wait);
            if over && wait.boxes.iter().all(|b| b.find.is_none() || b.opinion.is_some()) {
                break;
            }
        }
        wait
    }

    async fn judging(&self, n: usize, evidence: Evidence, stop: impl Future) -> Done {
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let work = self.runner.diagnose(evidence, reading, stop);
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok((diagnosis, _)) => Done::Judged(n, Box::new(diagnosis)),
            Err(_) => Done::Broke(n),
        }
    }
}

/// Looks into one mailbox until the time is up.
async fn seeking(
    wanted: &Wanted,
    dial: &Dial,
    n: usize,
    deadline: &Cell<Instant>,
    news: mpsc::UnboundedSender<(usize, Event)>,
) -> Done {
    let Some((account, who)) = wanted.boxes.get(n) else { return Done::Broke(n) };
    let Order { sought, header_only, .. } = &wanted.order;
    let last = Cell::new(None);
    let tell = |event: Event| {
        if let Event::Lost { fault, .. } = &event {
            last.set(Some(fault.clone()));
        }
        // Gone only when nobody waits any more.
        let _ = news.send((n, event));
    };
    let work = async {
        match &account.place {
            Place::Imap(server) => {
                let seeker = Seeker {
                    dial,
                    server,
                    provider: account.provider(),
                    who: who.as_ref(),
                    named: &account.folders,
                    sought,
                    header_only: *header_only,
                    pace: wanted.pace,
                };
                seeker.seek(&tell).await
            }
            disk => disk::seek(disk, &account.folders, sought, *header_only, wanted.pace, &tell).await,
        }
    };
    let mut work = pin!(AssertUnwindSafe(work).catch_unwind());
    loop {
        let until = deadline.get();
        match timeout_at(until, &mut work).await {
            Ok(Ok(found)) => return Done::Sought(n, found),
            Ok(Err(_)) => return Done::Broke(n),
            // There may be more time by now.
            Err(_) if deadline.get() > until => {}
            Err(_) => return Done::TimeUp(n, last.take()),
        }
    }
}

/// What the diagnosis of a found message rests on.
fn evidence(wanted: &Wanted, find: &Find) -> Evidence {
    let kind = if find.whole { InputKind::Message } else { InputKind::Headers };
    let name = format!("from {}", find.folder.name);
    let input = Input::read(&name, find.message.clone(), Some(kind))
        .unwrap_or_else(|refusal| Input::unreadable(&name, &refusal));
    let input = match copy::of(&wanted.sent, &find.message) {
        Some(sent) => input.beside(sent.clone()),
        None => input,
    };
    let folder = match find.in_junk() {
        true => std::iter::once(&find.folder).chain(&find.also).find(|f| f.role == FolderRole::Junk),
        false => None,
    };
    let folder = folder.unwrap_or(&find.folder);
    let folder = FoundIn { name: folder.name.clone(), role: folder.role, seen: true };
    let said = Said { folder: Some(folder), ..wanted.said.clone() };
    Evidence::new(input, said, wanted.now.unwrap_or_else(jiff::Timestamp::now), wanted.offline)
}
