//! Asking the answers at hand, and remembering what is not there yet.

use crate::evidence::{Answer, Answers, Brought, Errand, Evidence, Fetched, Kind, Question};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A view of the answers that notes every question asked of it and not yet answered.
///
/// A reader asks for all that it does not know to depend on another answer, so that one
/// pass names every question that can be put at once.
pub struct Lookup<'a> {
    answers: &'a Answers,
    fetched: Option<&'a Fetched>,
    missing: RefCell<BTreeSet<Question>>,
    errands: RefCell<BTreeSet<Errand>>,
}

impl<'a> Lookup<'a> {
    /// Over DNS answers alone.
    pub fn new(answers: &'a Answers) -> Self {
        Lookup { answers, fetched: None, missing: RefCell::default(), errands: RefCell::default() }
    }

    /// Over all that was brought home.
    pub fn over(evidence: &'a Evidence) -> Self {
        Lookup { fetched: Some(&evidence.fetched), ..Lookup::new(&evidence.answers) }
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

    /// Every answer at hand; notes nothing.
    pub fn answers(&self) -> &'a Answers {
        self.answers
    }

    /// What the errand brought, or `None` after noting it.
    pub fn fetch(&self, errand: Errand) -> Option<&'a Brought> {
        let brought = self.fetched.and_then(|f| f.get(&errand));
        if brought.is_none() {
            self.errands.borrow_mut().insert(errand);
        }
        brought
    }

    /// What was asked and is not answered, in a stable order.
    pub fn into_missing(self) -> Vec<Question> {
        self.missing.into_inner().into_iter().collect()
    }

    /// As [`Lookup::into_missing`], with the errands not done yet.
    pub fn into_open(self) -> (Vec<Question>, Vec<Errand>) {
        (self.missing.into_inner().into_iter().collect(), self.errands.into_inner().into_iter().collect())
    }
}
