//! An SPF record without the terms that let nobody in whom the rest does not.

use crate::evidence::Question;
use crate::facts::spf::record::{Mechanism, Qualifier, Record, TermKind};
use crate::facts::spf::survey::Survey;
use crate::facts::spf::{Branch, BranchState, ProblemKind};

/// A shorter record that lets in exactly whom the old one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trimmed {
    pub record: String,
    pub dropped: Vec<Dropped>,
}

/// A term that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// As written.
    pub term: String,
    pub why: Needless,
}

/// Why a term lets nobody in whom the rest does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needless {
    /// Its names are gone: what was asked and came back empty.
    Dead(Option<Question>),
    /// It stands in the record before.
    Again,
    /// This term of the record says the same and more.
    Within(String),
}

impl Dropped {
    /// `include:a.example (its name is gone)`
    pub fn words(&self) -> String {
        match &self.why {
            Needless::Dead(_) => format!("{} (nothing is there)", self.term),
            Needless::Again => format!("{} (stands twice)", self.term),
            Needless::Within(wider) => format!("{} (within {wider})", self.term),
        }
    }
}

/// The surveyed record without what finds nothing, stands twice, or is listed by another term of the same
/// record; `None` where there is nothing to leave out or not all is known.
pub fn trim(survey: &Survey) -> Option<Trimmed> {
    let text = survey.tree.record.as_deref()?;
    let record = Record::parse(text.as_bytes()).filter(|r| !r.broken)?;
    if !survey.is_complete() {
        return None;
    }
    // Where some term shuts out or stays neutral, order matters, and a wider term may come too late.
    let plain = record.directives().all(|(_, d)| d.qualifier == Qualifier::Pass || d.mechanism == Mechanism::All);
    let mut out = text.get(..6)?.to_owned();
    let mut dropped = Vec::new();
    for term in &record.terms {
        let word = text.get(term.span.range())?;
        let branch = survey.tree.terms.iter().find(|b| b.span == term.span)?;
        let why = needless(survey, branch, plain).filter(|_| matches!(term.kind, TermKind::Directive(_)));
        match why {
            Some(why) => dropped.push(Dropped { term: word.to_owned(), why }),
            None => {
                out.push(' ');
                out.push_str(word);
            }
        }
    }
    (!dropped.is_empty()).then_some(Trimmed { record: out, dropped })
}

fn needless(survey: &Survey, branch: &Branch, plain: bool) -> Option<Needless> {
    if branch.state == BranchState::Void || leads_nowhere(survey, branch) {
        return Some(Needless::Dead(branch.question.clone()));
    }
    let twin = branch.twin.as_ref().filter(|t| t.domain == survey.domain)?;
    match twin.text.eq_ignore_ascii_case(&branch.text) {
        true => Some(Needless::Again),
        false => plain.then(|| Needless::Within(twin.text.clone())),
    }
}

/// An include of a name without an SPF record: everybody who gets that far is answered permerror (RFC 7208 §5.2).
/// Where the service is known, it is asked for under another name today, and another cure serves better.
fn leads_nowhere(survey: &Survey, branch: &Branch) -> bool {
    let here = |p: &&crate::facts::spf::Problem| p.domain == survey.domain && p.span == Some(branch.span);
    let missing = survey.problems.iter().any(|p| here(&p) && p.kind == ProblemKind::IncludeWithoutRecord);
    missing && branch.owner.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Answer, Answers, Data, Kind, Outcome, Question, Record as Rr};
    use crate::facts::lookup::Lookup;
    use crate::facts::spf::survey::survey_text;

    fn answers() -> Answers {
        let answer = |outcome, data: Vec<Data>| {
            let records = data.into_iter().map(|data| Rr { name: "x".to_owned(), ttl: 60, data }).collect();
            Answer::new(outcome, records, jiff::Timestamp::UNIX_EPOCH)
        };
        let mut answers = Answers::new();
        for kind in [Kind::A, Kind::Aaaa] {
            answers.insert(Question::new("gone.test", kind), answer(Outcome::NxDomain, vec![]));
        }
        answers.insert(Question::new("none.test", Kind::Txt), answer(Outcome::NxDomain, vec![]));
        let record = crate::remedy::text("v=spf1 ip4:192.0.2.0/24 -all");
        answers.insert(Question::new("a.test", Kind::Txt), answer(Outcome::Records, vec![record]));
        answers
    }

    #[test]
    fn only_what_lets_nobody_in_goes() {
        for (record, right) in [
            ("v=spf1 a:gone.test include:a.test -all", Some("v=spf1 include:a.test -all")),
            (
                "v=spf1 include:a.test ip4:192.0.2.7 include:a.test ~all",
                Some("v=spf1 include:a.test ip4:192.0.2.7 ~all"),
            ),
            ("v=spf1 ip4:192.0.2.7 ip4:192.0.2.0/25 exp=x.test ~all", Some("v=spf1 ip4:192.0.2.0/25 exp=x.test ~all")),
            // The wider term comes behind one that shuts the address out.
            ("v=spf1 ip4:192.0.2.7 -ip4:192.0.2.0/26 ip4:192.0.2.0/25 ~all", None),
            // Of another's record, which may change.
            ("v=spf1 include:a.test ip4:192.0.2.7 ~all", None),
            // An include of a name that publishes nothing.
            ("v=spf1 include:none.test include:a.test -all", Some("v=spf1 include:a.test -all")),
            ("v=spf1 redirect=none.test", None),
            ("v=spf1 a:unknown.test a:gone.test ~all", None),
            ("v=spf1 include:a.test -all", None),
        ] {
            let answers = answers();
            let survey = survey_text(&Lookup::new(&answers), "example.com", record);
            assert_eq!(trim(&survey).map(|t| t.record).as_deref(), right, "{record}");
        }
    }
}
