//! One question of a check, and what came of it.

use crate::evidence::{Answer, Kind, Outcome, Question};
use crate::facts::lookup::Lookup;

/// A question with the outcome of its answer; the records stand in the evidence under the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub question: Question,
    /// `None`: not answered yet.
    pub outcome: Option<Outcome>,
    /// Seconds; of a negative answer, how long it is kept.
    pub ttl: Option<u32>,
    /// The resolver vouches for the answer (AD).
    pub authentic: bool,
}

impl Asked {
    /// Asks the resolver.
    pub fn ask<'a>(lookup: &Lookup<'a>, name: &str, kind: Kind) -> (Asked, Option<&'a Answer>) {
        Asked::put(lookup, Question::new(name, kind))
    }

    /// Asks; the answer beside it is there once it came.
    pub fn put<'a>(lookup: &Lookup<'a>, question: Question) -> (Asked, Option<&'a Answer>) {
        let answer = lookup.put(question.clone());
        let asked = Asked {
            question,
            outcome: answer.map(|a| a.outcome),
            ttl: answer.and_then(Answer::ttl),
            authentic: answer.is_some_and(|a| a.authentic),
        };
        (asked, answer)
    }

    /// There is an answer, and it is no failure.
    pub fn answered(&self) -> bool {
        self.outcome.is_some_and(|o| !o.failed())
    }

    /// The question, where it is still open or its answer failed.
    pub fn open(&self) -> Option<&Question> {
        (!self.answered()).then_some(&self.question)
    }
}
