//! An SPF record without the terms that let nobody in whom the rest does not.

use crate::evidence::Question;
use crate::facts::spf::record::{Mechanism, Qualifier, Record, TermKind};
use crate::facts::spf::survey::Survey;
use crate::facts::spf::{Branch, BranchState, LOOKUPS, Node, ProblemKind};

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
    /// What it includes, this include of the record includes too.
    Included(String),
}

impl Dropped {
    /// `include:a.example (its name is gone)`
    pub fn words(&self) -> String {
        match &self.why {
            Needless::Dead(_) => format!("{} (nothing is there)", self.term),
            Needless::Again => format!("{} (stands twice)", self.term),
            Needless::Within(wider) => format!("{} (within {wider})", self.term),
            Needless::Included(by) => format!("{} ({by} includes it already)", self.term),
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
    let Some(twin) = branch.twin.as_ref().filter(|t| t.domain == survey.domain) else {
        return included(survey, branch).filter(|_| plain).map(Needless::Included);
    };
    match twin.text.eq_ignore_ascii_case(&branch.text) {
        true => Some(Needless::Again),
        false => plain.then(|| Needless::Within(twin.text.clone())),
    }
}

/// The other include of a record over the limit that leads to the same record, whatever is asked. Whose record that stands in may
/// change it: a record that works is left alone.
fn included(survey: &Survey, branch: &Branch) -> Option<String> {
    let name = includes(branch).filter(|_| survey.lookups > LOOKUPS)?;
    let others = survey.tree.terms.iter().filter(|other| other.span != branch.span && includes(other).is_some());
    let by = others.into_iter().find(|other| other.below.as_ref().is_some_and(|node| leads_to(node, &name.domain)))?;
    Some(by.text.clone())
}

/// The record that an include opens, where who passes there passes here.
fn includes(branch: &Branch) -> Option<&Node> {
    let term = branch.text.strip_prefix('+').unwrap_or(&branch.text);
    let is = term.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("include:"));
    branch.below.as_deref().filter(|_| is)
}

/// Is everybody let in here whom the record of `name` lets in? Where a term shuts out or stays neutral, order decides.
fn leads_to(node: &Node, name: &str) -> bool {
    let Some(record) = node.record.as_ref().and_then(|text| Record::parse(text.as_bytes())) else { return false };
    let all = record.all().map(|(all, _)| all.span);
    let plain = record.directives().all(|(_, d)| d.qualifier == Qualifier::Pass || d.mechanism == Mechanism::All);
    let read = node.terms.iter().filter(|b| all.is_none_or(|all| b.span < all));
    let mut below = read.filter_map(includes);
    plain && !record.broken && below.any(|inner| inner.domain == name || leads_to(inner, name))
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
    fn over_the_limit_an_include_goes_that_another_one_includes() {
        let record = |text: &str| {
            let data = crate::remedy::text(text);
            let records = vec![Rr { name: "x".to_owned(), ttl: 60, data }];
            Answer::new(Outcome::Records, records, jiff::Timestamp::UNIX_EPOCH)
        };
        let trimmed = |others: usize, by: &str, end: &str| {
            let mut answers = Answers::new();
            let names: Vec<String> = (0..others).map(|n| format!("i{n}.test")).collect();
            for name in names.iter().map(String::as_str).chain(["b.test"]) {
                answers.insert(Question::new(name, Kind::Txt), record("v=spf1 ip4:192.0.2.0/24 -all"));
            }
            answers.insert(Question::new("a.test", Kind::Txt), record(by));
            let includes: String = names.iter().map(|name| format!(" include:{name}")).collect();
            let survey = survey_text(
                &Lookup::new(&answers),
                "example.com",
                &format!("v=spf1 include:a.test include:b.test{includes} {end}"),
            );
            trim(&survey)
        };
        let found = trimmed(8, "v=spf1 ip4:198.51.100.1 include:b.test -all", "~all").unwrap();
        assert_eq!(found.dropped[0].words(), "include:b.test (include:a.test includes it already)");
        assert!(found.record.starts_with("v=spf1 include:a.test include:i0.test"), "{}", found.record);
        for (others, by, end) in [
            // It works, and whoever runs a.test may change it.
            (7, "v=spf1 include:b.test -all", "~all"),
            (8, "v=spf1 ?include:b.test -all", "~all"),
            (8, "v=spf1 -ip4:192.0.2.9 include:b.test -all", "~all"),
            (8, "v=spf1 -all include:b.test", "~all"),
            (8, "v=spf1 include:b.test -all", "-ip4:192.0.2.9 ~all"),
        ] {
            assert_eq!(trimmed(others, by, end), None, "{others} {by} {end}");
        }
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
