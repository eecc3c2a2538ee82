//! The DNS tree walk (RFC 9989 §4.10).

use super::{Step, record};
use crate::evidence::{Kind, Question};
use crate::facts::lookup::Lookup;

/// The names a walk from `domain` asks, in order and at most eight: the domain itself, then its
/// parents; from a longer name the walk goes on at seven labels (RFC 9989 §4.10 step 4).
pub fn names(domain: &str) -> Vec<&str> {
    let is_dot = |b: &u8| *b == b'.';
    let askable =
        |label: &[u8]| matches!(label.len(), 1..=63) && !label.iter().any(|b| matches!(b, b'[' | b']' | b' '));
    // 253 is the longest name (RFC 1035 §2.3.4), and `_dmarc.` has to fit.
    if domain.len() > 253 - "_dmarc.".len() || !domain.as_bytes().split(is_dot).all(askable) {
        return Vec::new();
    }
    let dots = domain.bytes().filter(|b| is_dot(b)).count();
    let parents = domain.bytes().enumerate().filter(|(_, b)| is_dot(b)).map(|(dot, _)| &domain[dot + 1..]);
    let mut names = Vec::with_capacity(1 + dots.min(7));
    names.push(domain);
    names.extend(parents.skip(dots.saturating_sub(7)));
    names
}

/// Asks for every name of the walk at once.
pub fn take(lookup: &Lookup, names: &[&str]) -> Vec<Step> {
    names.iter().map(|name| step(lookup, name)).collect()
}

fn step(lookup: &Lookup, domain: &str) -> Step {
    let question = Question::below("_dmarc", domain, Kind::Txt);
    let mut step = Step { domain: domain.to_owned(), question, outcome: None, records: Vec::new(), others: Vec::new() };
    let Some(answer) = lookup.put(step.question.clone()) else { return step };
    step.outcome = Some(answer.outcome);
    for (index, bytes) in answer.texts().enumerate() {
        let text = text_of(&bytes);
        match record::read(&text, index) {
            Some(record) if record.counts() => step.records.push(record),
            _ => step.others.push(text),
        }
    }
    step
}

/// TXT bytes as text of the same length, so that spans hold in both: what is not UTF-8 becomes `?`.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

/// What a walk comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    pub organizational: String,
    /// Index of the step at the organizational domain, where that has a record.
    pub organization: Option<usize>,
    /// Index of the step at a public suffix domain (`psd=y`) that ended the walk.
    pub suffix: Option<usize>,
}

/// The organizational domain by RFC 9989 §4.10.2; `None` while an answer is missing or failed
/// that could decide.
pub fn conclude(steps: &[Step]) -> Option<Conclusion> {
    let start = steps.first()?;
    let at = |step: &Step, organization| {
        Some(Conclusion { organizational: step.domain.clone(), organization, suffix: None })
    };
    let mut highest = None;
    for (n, step) in steps.iter().enumerate() {
        if !step.answered() {
            // A top-level domain publishes no policy but one with psd=y, and under that or none the
            // name just below it, which has a record, is the organizational domain all the same.
            if n > 0 && n + 1 == steps.len() && highest == Some(n - 1) {
                break;
            }
            return None;
        }
        match step.record().map(|record| record.psd) {
            Some(Some('n')) => return at(step, Some(n)),
            Some(Some('y')) if n > 0 => {
                let below = child(&start.domain, &step.domain);
                let organization = steps.iter().position(|s| s.domain == below && s.record().is_some());
                return Some(Conclusion { organizational: below.to_owned(), organization, suffix: Some(n) });
            }
            Some(Some('y')) => return at(step, Some(n)),
            Some(_) => highest = Some(n),
            None => {}
        }
    }
    match highest.and_then(|n| steps.get(n)) {
        Some(step) => at(step, highest),
        None => at(start, None),
    }
}

/// The name one label below `parent` on the way to `name`.
fn child<'n>(name: &'n str, parent: &str) -> &'n str {
    let below = name.len().saturating_sub(parent.len() + 1);
    let dot = name.get(..below).and_then(|head| head.rfind('.'));
    name.get(dot.map_or(0, |d| d + 1)..).unwrap_or(name)
}

/// Index of the step whose record governs the start of the walk: its own, that of its
/// organizational domain, or that of its public suffix (RFC 9989 §4.10.1).
pub fn governing(steps: &[Step], conclusion: Option<&Conclusion>) -> Option<usize> {
    let start = steps.first().filter(|s| s.answered())?;
    if start.record().is_some() {
        return Some(0);
    }
    let conclusion = conclusion?;
    conclusion.organization.or(conclusion.suffix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;

    fn walk(domain: &str, records: &[(&str, &str)]) -> Vec<Step> {
        names(domain)
            .into_iter()
            .map(|name| {
                let texts: Vec<&str> = records.iter().filter(|(d, _)| *d == name).map(|(_, r)| *r).collect();
                Step {
                    domain: name.to_owned(),
                    question: Question::below("_dmarc", name, Kind::Txt),
                    outcome: Some(if texts.is_empty() { Outcome::NxDomain } else { Outcome::Records }),
                    records: texts.iter().enumerate().filter_map(|(n, t)| record::read(t, n)).collect(),
                    others: Vec::new(),
                }
            })
            .collect()
    }

    fn came_to(domain: &str, records: &[(&str, &str)]) -> (String, Option<String>) {
        let steps = walk(domain, records);
        let conclusion = conclude(&steps).unwrap();
        let governs = governing(&steps, Some(&conclusion)).map(|n| steps[n].domain.clone());
        (conclusion.organizational, governs)
    }

    #[test]
    fn nine_labels_go_on_at_seven_and_need_eight_questions() {
        assert_eq!(
            names("a.b.c.d.e.f.g.example.com"),
            [
                "a.b.c.d.e.f.g.example.com",
                "c.d.e.f.g.example.com",
                "d.e.f.g.example.com",
                "e.f.g.example.com",
                "f.g.example.com",
                "g.example.com",
                "example.com",
                "com",
            ]
        );
        assert_eq!(names("a.b.c.d.e.f.example.com").len(), 8);
        assert_eq!(names("a.b.c.d.e.f.g.h.i.j.k.example.com").len(), 8);
        assert_eq!(names("example.com"), ["example.com", "com"]);
    }

    #[test]
    fn names_that_cannot_be_asked_are_not() {
        let long = format!("{}example.com", "a.".repeat(130));
        for name in ["", "a..b", "[192.0.2.1]", ".example.com", long.as_str()] {
            assert_eq!(names(name), Vec::<&str>::new(), "{name}");
        }
    }

    // The three examples at the end of RFC 9989 §4.10.2, and the rest of its rules.
    #[test]
    fn organizational_domain_and_governing_record() {
        let none = "v=DMARC1; p=none";
        let s = |a: &str, b: Option<&str>| (a.to_owned(), b.map(str::to_owned));
        let start = "a.mail.example.com";
        assert_eq!(
            came_to(start, &[("mail.example.com", none), ("example.com", none)]),
            s("example.com", Some("example.com"))
        );
        assert_eq!(
            came_to(start, &[("mail.example.com", "v=DMARC1; p=none; psd=n"), ("example.com", none)]),
            s("mail.example.com", Some("mail.example.com"))
        );
        assert_eq!(came_to(start, &[("com", "v=DMARC1; p=none; psd=y")]), s("example.com", Some("com")));
        // The record of the name itself governs, whoever the organization is.
        assert_eq!(came_to(start, &[(start, none), ("example.com", none)]), s("example.com", Some(start)));
        // Nothing anywhere: the name is its own organization.
        assert_eq!(came_to(start, &[]), s(start, None));
        // Two records at one name count as none.
        assert_eq!(came_to(start, &[("example.com", none), ("example.com", none)]), s(start, None));
        // psd=y at the start stops the walk, and the start is the organization.
        assert_eq!(
            came_to("example.com", &[("example.com", "v=DMARC1; psd=y; p=none"), ("com", none)]),
            s("example.com", Some("example.com"))
        );
        // Below a jump, the name one label under psd=y was never asked.
        assert_eq!(
            came_to("a.b.c.d.e.f.g.example.com", &[("c.d.e.f.g.example.com", "v=DMARC1; p=none; psd=y")]).0,
            "b.c.d.e.f.g.example.com"
        );
    }

    #[test]
    fn what_is_not_answered_decides_nothing() {
        let none = ("example.com", "v=DMARC1; p=none");
        for outcome in [None, Some(Outcome::ServFail), Some(Outcome::Timeout)] {
            let mut steps = walk("news.example.com", &[none]);
            steps[0].outcome = outcome;
            assert_eq!(conclude(&steps), None);
            assert_eq!(governing(&steps, None), None);
            // The top-level domain cannot change this one.
            let mut steps = walk("news.example.com", &[none]);
            steps[2].outcome = outcome;
            assert_eq!(conclude(&steps).unwrap().organizational, "example.com");
            // But it can where nothing stands below it.
            let mut steps = walk("news.example.com", &[]);
            steps[2].outcome = outcome;
            assert_eq!(conclude(&steps), None);
        }
    }

    #[test]
    fn bytes_keep_their_place() {
        let text = text_of(b"v=DMARC1; \xff\xc3p=\xc3\xa4");
        assert_eq!(text, "v=DMARC1; ??p=ä");
    }
}
