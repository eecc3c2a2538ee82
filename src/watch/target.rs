//! What an alias that is watched leads to: an alias of nothing helps nobody.

use super::{Moment, SHORTEST};
use crate::evidence::{Answer, Kind, Outcome, Question};
use std::time::Duration;

/// The question for the target, and what came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    question: Option<Question>,
    outcome: Option<Outcome>,
    flying: bool,
    /// In ticks.
    next: Duration,
}

impl Target {
    /// The alias at `name` leads there.
    pub fn leads_to(&mut self, name: &str, target: &str) {
        // Keys and policies are texts; what else is behind an alias shows by its address.
        let kind = if name.starts_with('_') || name.contains("._") { Kind::Txt } else { Kind::A };
        let question = Question::new(target, kind);
        if self.question.as_ref() != Some(&question) {
            *self = Target { question: Some(question), ..Target::default() };
        }
    }

    /// The question, when its time has come.
    pub fn due(&mut self, ticks: Duration) -> Option<Question> {
        let open = !self.flying && self.next <= ticks && self.outcome != Some(Outcome::Records);
        let question = self.question.clone().filter(|_| open)?;
        self.flying = true;
        Some(question)
    }

    /// When that is, if ever.
    pub fn wake(&self) -> Option<Duration> {
        let waits = self.question.is_some() && !self.flying && self.outcome != Some(Outcome::Records);
        waits.then_some(self.next)
    }

    /// A cache is asked again when it may have something else to say.
    pub fn heard(&mut self, now: Moment, interval: Duration, question: &Question, answer: &Answer) {
        if self.question.as_ref() != Some(question) {
            return;
        }
        self.flying = false;
        self.outcome = Some(answer.outcome);
        let left = answer.ttl().map_or(Duration::ZERO, |ttl| Duration::from_secs(u64::from(ttl) + 1));
        self.next = now.ticks + interval.max(SHORTEST).max(left);
    }

    /// Nothing has been said of it yet.
    pub fn is_open(&self) -> bool {
        self.question.is_some() && self.outcome.is_none()
    }

    /// The target, where it does not exist or, with its kind, has no such record.
    pub fn gone(&self) -> Option<(&str, Option<Kind>)> {
        let question = self.question.as_ref()?;
        match self.outcome? {
            Outcome::NxDomain => Some((&question.name, None)),
            Outcome::NoData if question.kind == Kind::Txt => Some((&question.name, Some(Kind::Txt))),
            _ => None,
        }
    }
}
