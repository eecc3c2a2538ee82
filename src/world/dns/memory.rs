//! What has been asked in this run: on one thread nothing is asked twice while the first answer holds, or is on its way.

use crate::evidence::{Answer, Question};
use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Answers kept at most. With those of a check of a thousand domains it is a few megabytes.
const MOST: usize = 10_000;

/// For how long a failure is not tried again (RFC 9520 §3.2: from a second to five minutes).
const FAILURE: Duration = Duration::from_secs(30);

/// An answer that is on its way; whoever waits for it drives it.
pub type Asking = Shared<BoxFuture<'static, Answer>>;

#[derive(Default)]
pub struct Memory {
    kept: Arc<Mutex<HashMap<Question, Kept>>>,
    /// Those on their way live on one thread. Gone when nobody waits any more.
    flying: Mutex<HashMap<Question, WeakShared<BoxFuture<'static, Answer>>>>,
}

struct Kept {
    answer: Answer,
    came: Instant,
    until: Instant,
}

/// What there is already.
pub enum Found {
    Answer(Answer),
    Asking(Asking),
}

impl Memory {
    /// The same memory of answers, for another thread.
    pub fn beside(&self) -> Memory {
        Memory { kept: self.kept.clone(), flying: Mutex::default() }
    }

    /// The answer, where it came and holds.
    pub fn recall(&self, question: &Question) -> Option<Answer> {
        let kept = lock(&self.kept);
        let Kept { answer, came, until } = kept.get(question)?;
        let now = Instant::now();
        (now < *until).then(|| aged(answer, now - *came))
    }

    /// The answer, or where it will come from; asked by `ask` where it is neither here nor on its way.
    pub fn find(&self, question: &Question, ask: impl FnOnce() -> BoxFuture<'static, Answer>) -> Found {
        if let Some(answer) = self.recall(question) {
            return Found::Answer(answer);
        }
        let mut flying = lock(&self.flying);
        if let Some(asking) = flying.get(question).and_then(WeakShared::upgrade) {
            return Found::Asking(asking);
        }
        if flying.len() >= MOST {
            flying.retain(|_, asking| asking.upgrade().is_some());
        }
        let asking = ask().shared();
        if let Some(weak) = asking.downgrade() {
            flying.insert(question.clone(), weak);
        }
        Found::Asking(asking)
    }

    /// Keeps an answer for as long as it says.
    pub fn keep(&self, question: &Question, answer: &Answer) {
        let holds = match answer.ttl() {
            _ if answer.outcome.failed() => FAILURE,
            Some(ttl) => Duration::from_secs(ttl.into()),
            None => Duration::ZERO,
        };
        lock(&self.flying).remove(question);
        if holds.is_zero() {
            return;
        }
        let came = Instant::now();
        let mut kept = lock(&self.kept);
        if kept.len() >= MOST {
            kept.retain(|_, kept| came < kept.until);
            // Not again for every answer.
            if kept.len() > MOST / 10 * 9 {
                kept.clear();
            }
        }
        let until = came.checked_add(holds).unwrap_or(came);
        kept.insert(question.clone(), Kept { answer: answer.clone(), came, until });
    }
}

/// A panic while it was held left at worst an entry out.
fn lock<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As a cache hands it out: at once, with what is left of its time.
fn aged(answer: &Answer, age: Duration) -> Answer {
    let seconds = u32::try_from(age.as_secs()).unwrap_or(u32::MAX);
    let mut answer = Answer { at: jiff::Timestamp::now(), elapsed_ms: 0, ..answer.clone() };
    for record in &mut answer.records {
        record.ttl = record.ttl.saturating_sub(seconds);
    }
    answer.negative_ttl = answer.negative_ttl.map(|ttl| ttl.saturating_sub(seconds));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Data, Kind, Outcome, Record};

    fn answer(outcome: Outcome, ttl: u32) -> Answer {
        let record = Record { name: "example.com".into(), ttl, data: Data::A([192, 0, 2, 1].into()) };
        Answer::new(outcome, if outcome == Outcome::Records { vec![record] } else { vec![] }, jiff::Timestamp::now())
    }

    /// How often it is asked where an answer came once.
    fn again(answer: Answer) -> bool {
        let memory = Memory::default();
        let question = Question::new("example.com", Kind::A);
        memory.keep(&question, &answer);
        let nobody = || std::future::pending().boxed();
        matches!(memory.find(&question, nobody), Found::Asking(_))
    }

    #[test]
    fn an_answer_holds_for_its_time() {
        assert!(!again(answer(Outcome::Records, 60)));
        assert!(again(answer(Outcome::Records, 0)));
        assert!(!again(Answer { negative_ttl: Some(60), ..answer(Outcome::NxDomain, 0) }));
        assert!(again(answer(Outcome::NxDomain, 0)), "nobody said for how long");
        assert!(!again(answer(Outcome::Timeout, 0)));
        let old = aged(&Answer { elapsed_ms: 9, ..answer(Outcome::Records, 60) }, Duration::from_secs(10));
        assert_eq!((old.records[0].ttl, old.elapsed_ms), (50, 0));
    }

    #[test]
    fn who_waits_shares_and_who_left_holds_nothing_up() {
        let memory = Memory::default();
        let question = Question::new("example.com", Kind::A);
        let mut asked = 0;
        let mut find = || {
            memory.find(&question, || {
                asked += 1;
                std::future::pending().boxed()
            })
        };
        let (first, second) = (find(), find());
        drop((first, second));
        find();
        assert_eq!(asked, 2, "two shared one; when both had gone it was asked anew");
    }

    #[test]
    fn it_is_bounded() {
        let memory = Memory::default();
        for n in 0..2 * MOST {
            memory.keep(&Question::new(&format!("{n}.example"), Kind::A), &answer(Outcome::Records, 60));
        }
        assert!(lock(&memory.kept).len() <= MOST);
    }

    #[test]
    fn threads_share_what_came_and_drive_their_own() {
        let (one, question) = (Memory::default(), Question::new("example.com", Kind::A));
        let other = one.beside();
        let nobody = || std::future::pending().boxed();
        let _held = one.find(&question, nobody);
        let mut asked = false;
        let _own = other.find(&question, || {
            asked = true;
            nobody()
        });
        assert!(asked, "what flies on one thread may not be driven while another waits");
        one.keep(&question, &answer(Outcome::Records, 60));
        assert!(matches!(other.find(&question, nobody), Found::Answer(_)));
    }
}
