//! Asking the answers at hand, and remembering what is not there yet.

use crate::evidence::errand::What;
use crate::evidence::{
    Answer, Answers, Brought, Errand, Evidence, Fetched, Kind, Outcome, Question, Server, answer_at,
};
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
        let answer = self.peek(name, kind);
        if answer.is_none() {
            self.missing.borrow_mut().insert(Question::new(name, kind));
        }
        answer
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
        answer_at(self.answers, name, kind)
    }

    /// Every answer at hand; notes nothing.
    pub fn answers(&self) -> &'a Answers {
        self.answers
    }

    /// Does anything at hand show that a name at or below `domain` was denied although a name below it
    /// exists? RFC 8020 forbids that; such a server's "no such name" says nothing of what is below.
    pub fn denies_empty_names(&self, domain: &str) -> bool {
        let here = |name: &str| name.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'));
        let known = || self.answers.iter().filter(|(q, _)| q.server == Server::Resolver && here(&q.name));
        // Behind a CNAME it is the target that does not exist.
        let denied = |a: &Answer| a.outcome == Outcome::NxDomain && a.records.is_empty();
        let none: BTreeSet<&str> = known().filter(|(_, a)| denied(a)).map(|(q, _)| q.name.as_str()).collect();
        let exists = known().filter(|(_, a)| !a.outcome.failed() && !denied(a));
        let above = |name: &'a str| name.match_indices('.').map(move |(dot, _)| &name[dot + 1..]);
        exists.flat_map(|(q, _)| above(&q.name)).any(|name| none.contains(name))
    }

    /// What the errand brought, or `None` after noting it.
    pub fn fetch(&self, errand: Errand) -> Option<&'a Brought> {
        let brought = self.fetched.and_then(|f| f.get(&errand));
        if brought.is_none() {
            self.errands.borrow_mut().insert(errand);
        }
        brought
    }

    /// What the errand brought, if it was done; notes nothing.
    pub fn brought(&self, errand: &Errand) -> Option<&'a What> {
        Some(&self.fetched?.get(errand)?.what)
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

/// Do the answers deny the domain altogether? A server that says so of a name with something below it lies
/// (RFC 8020 §2).
pub fn is_absent(answers: &Answers, domain: &str) -> bool {
    let resolved = || answers.iter().filter(|(q, a)| q.server == Server::Resolver && !a.outcome.failed());
    let mut own = resolved().filter(|(q, _)| q.name == domain).peekable();
    let asked = own.peek().is_some();
    let below = |name: &str| name.strip_suffix(domain).is_some_and(|head| head.ends_with('.'));
    let lie = resolved().any(|(q, a)| below(&q.name) && a.outcome == Outcome::Records);
    asked && !lie && own.all(|(_, a)| a.outcome == Outcome::NxDomain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;

    #[test]
    fn a_server_that_denies_names_without_records_is_known_by_what_is_below_them() {
        let lies = |zone: &str, asked: &[&str]| {
            let zone = Zone::parse(zone).unwrap();
            let questions = asked.iter().map(|name| Question::new(name, Kind::Txt));
            let answers = questions.map(|q| (zone.answer(&q, jiff::Timestamp::UNIX_EPOCH), q)).map(|(a, q)| (q, a));
            Lookup::new(&answers.collect()).denies_empty_names("example.com")
        };
        let zone = "a.b.example.com TXT \"x\"\nb.example.com NXDOMAIN\nx.example.org TXT \"x\"\nexample.org NXDOMAIN";
        assert!(lies(zone, &["b.example.com", "a.b.example.com"]));
        assert!(!lies(zone, &["b.example.com", "c.b.example.com", "a.example.com"]));
        assert!(!lies(zone, &["example.org", "x.example.org"]));
        assert!(!lies("a.b.example.com TXT \"x\"", &["b.example.com", "a.b.example.com"]));
        assert!(!lies(
            "b.example.com CNAME gone.example.net\na.b.example.com TXT x",
            &["b.example.com", "a.b.example.com"]
        ));
    }
}
