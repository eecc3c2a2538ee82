//! Asking the answers at hand, and remembering what is not there yet.

use crate::evidence::{Answer, Answers, Kind, Question};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A view of the answers that notes every question asked of it and not yet answered.
///
/// A reader asks for all that it does not know to depend on another answer, so that one
/// pass names every question that can be put at once.
pub struct Lookup<'a> {
    answers: &'a Answers,
    missing: RefCell<BTreeSet<Question>>,
}

impl<'a> Lookup<'a> {
    pub fn new(answers: &'a Answers) -> Self {
        Lookup { answers, missing: RefCell::default() }
    }

    /// The answer, or `None` after noting the question.
    pub fn ask(&self, name: &str, kind: Kind) -> Option<&'a Answer> {
        self.put(Question::new(name, kind))
    }

    /// As [`Lookup::ask`], for a whole question.
    pub fn put(&self, question: Question) -> Option<&'a Answer> {
        let answer = self.answers.get(&question);
        if answer.is_none() {
            self.missing.borrow_mut().insert(question);
        }
        answer
    }

    /// The answer if it is there; notes nothing.
    pub fn peek(&self, name: &str, kind: Kind) -> Option<&'a Answer> {
        self.answers.get(&Question::new(name, kind))
    }

    /// What was asked and is not answered, in a stable order.
    pub fn into_missing(self) -> Vec<Question> {
        self.missing.into_inner().into_iter().collect()
    }
}
