//! The search for changes as those see it who wait for it: how far it is, and their word to give it up.

use super::What;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// Shared by who searches and who waits. It bounds nothing and decides nothing: the bounds are counts, so that a case
/// replays to the same bytes.
#[derive(Debug, Default)]
pub struct Effort {
    tried: AtomicU32,
    /// 0 while nothing is searched.
    of: AtomicU32,
    stopped: AtomicBool,
    /// Nothing is searched at all: for a first look.
    held: bool,
    /// What was found for the body of the signature in each field: it is searched for once.
    found: Mutex<BTreeMap<usize, Option<Vec<What>>>>,
}

impl Effort {
    /// For a first look: nothing is searched.
    pub fn held() -> Effort {
        Effort { held: true, ..Effort::default() }
    }

    pub fn is_held(&self) -> bool {
        self.held
    }

    /// What was tried, and of how many tries at most; `None` while nothing is searched.
    pub fn progress(&self) -> Option<(u32, u32)> {
        let of = self.of.load(Relaxed);
        (of > 0).then(|| (self.tried.load(Relaxed).min(of), of))
    }

    /// Whoever waits no longer wants to: the search ends at its next try and finds nothing.
    pub fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    /// Somebody wants to know again.
    pub fn restart(&self) {
        self.stopped.store(false, Relaxed);
    }

    /// As if a search were so far.
    #[cfg(test)]
    pub(crate) fn pretend(&self, tried: u32, of: u32) {
        self.tried.store(tried, Relaxed);
        self.of.store(of, Relaxed);
    }

    /// A search of at most `of` tries, which ends when the result is dropped.
    pub(super) fn begin(&self, of: u32) -> Search<'_> {
        self.tried.store(0, Relaxed);
        self.of.store(of, Relaxed);
        Search(self)
    }

    /// The result of a search that is made once; one that was given up is made again.
    pub(in crate::facts) fn once(&self, field: usize, search: impl FnOnce() -> Option<Vec<What>>) -> Option<Vec<What>> {
        if self.held {
            return None;
        }
        if let Some(known) = self.found.lock().ok().and_then(|found| found.get(&field).cloned()) {
            return known;
        }
        let result = search();
        if let (false, Ok(mut found)) = (self.stopped.load(Relaxed), self.found.lock()) {
            found.insert(field, result.clone());
        }
        result
    }
}

/// A search that goes on.
pub(super) struct Search<'e>(&'e Effort);

impl Search<'_> {
    /// One more try; `false` where nobody waits any more.
    pub(super) fn step(&self) -> bool {
        self.0.tried.fetch_add(1, Relaxed);
        !self.0.stopped.load(Relaxed)
    }
}

impl Drop for Search<'_> {
    fn drop(&mut self) {
        self.0.of.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_how_far_it_is_and_ends_when_nobody_waits() {
        let effort = Effort::default();
        assert_eq!(effort.progress(), None);
        let running = effort.begin(5_000);
        assert!(running.step() && running.step());
        assert_eq!(effort.progress(), Some((2, 5_000)));
        effort.stop();
        assert!(!running.step());
        drop(running);
        assert_eq!(effort.progress(), None);
    }

    #[test]
    fn a_result_is_kept_and_one_that_was_given_up_is_not() {
        let effort = Effort::default();
        effort.stop();
        assert_eq!(effort.once(1, || None), None);
        effort.restart();
        assert_eq!(effort.once(1, || Some(vec![What::FooterAppended])), Some(vec![What::FooterAppended]));
        assert_eq!(effort.once(1, || unreachable!()), Some(vec![What::FooterAppended]));
        assert_eq!(Effort::held().once(1, || unreachable!()), None);
    }
}
