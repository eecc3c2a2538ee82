//! DMARC: records with spans, and discovery by DNS tree walk (RFC 9989 §4.10), with the
//! public-suffix answer of RFC 7489 readers beside it.

pub(crate) mod lint;
pub mod readers;
pub mod record;
pub(crate) mod uri;
pub mod verdict;
pub mod walk;

use super::Reading;
use super::lookup::Lookup;
use super::organization;
use crate::evidence::{Data, Kind, Outcome, Question};
pub use record::{DmarcRecord, Policy, RecordProblem};

/// What DNS says about the DMARC policy of the From domain, or the pasted record.
#[derive(Clone, Debug, Default)]
pub struct Dmarc {
    /// The names of the tree walk, in the order they are asked. Those behind a `psd=` that ends
    /// the walk are there for RFC 7489 readers.
    pub steps: Vec<Step>,
    /// Index into `steps` of the record that governs the From domain by RFC 9989.
    pub governs: Option<usize>,
    /// The same for an RFC 7489 reader (From domain, then the public-suffix organizational domain).
    pub governs_psl: Option<usize>,
    /// The organizational domain of the From domain by tree walk; `None` while answers are missing.
    pub organizational: Option<String>,
    /// The policy for this very From domain (p, sp or np; `t=y` one level lower), with the tag it came from.
    pub effective: Option<(Policy, &'static str)>,
    /// A record that was pasted.
    pub pasted: Option<DmarcRecord>,
    /// The walk waits for these.
    pub missing: Vec<Question>,
}

/// One name of the walk.
#[derive(Clone, Debug)]
pub struct Step {
    /// Without `_dmarc.`
    pub domain: String,
    question: Question,
    /// `None`: not answered yet.
    pub outcome: Option<Outcome>,
    /// Every TXT that begins `v=DMARC1`; more than one counts as none (RFC 9989 §4.10).
    pub records: Vec<DmarcRecord>,
    /// TXT at this name that are something else (a DKIM key, an SPF record, `v=dmarc1` …).
    pub others: Vec<String>,
}

impl Step {
    /// The one record, where there is exactly one.
    pub fn record(&self) -> Option<&DmarcRecord> {
        match &self.records[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// `_dmarc.domain`
    pub fn name(&self) -> &str {
        &self.question.name
    }

    /// The question this step asks.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Answered, and the answer is no failure.
    pub fn answered(&self) -> bool {
        self.outcome.is_some_and(|o| !o.failed())
    }
}

impl Dmarc {
    /// The step that governs, by RFC 9989.
    pub fn governing(&self) -> Option<&Step> {
        self.governs.and_then(|n| self.steps.get(n))
    }

    /// The record that governs the From domain, or the pasted one.
    pub fn record(&self) -> Option<&DmarcRecord> {
        self.governing().and_then(Step::record).or(self.pasted.as_ref())
    }

    /// Every name of the walk was asked, none has a usable record: no reader finds a policy.
    pub fn is_absent(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|s| s.answered() && s.record().is_none())
    }
}

/// Discovers the policy of the From domain.
pub fn gather(lookup: &Lookup, reading: &Reading) -> Dmarc {
    let mut dmarc = Dmarc { pasted: pasted(reading), ..Dmarc::default() };
    let Some(from) = reading.from_domain() else { return dmarc };
    dmarc.steps = walk::take(lookup, &walk::names(from));
    let conclusion = walk::conclude(&dmarc.steps);
    dmarc.governs = walk::governing(&dmarc.steps, conclusion.as_ref());
    dmarc.governs_psl = governs_psl(&dmarc.steps);
    dmarc.organizational = conclusion.map(|c| c.organizational);
    dmarc.effective = effective(lookup, from, &dmarc);
    dmarc.missing = dmarc.steps.iter().filter(|s| s.outcome.is_none()).map(|s| s.question.clone()).collect();
    dmarc
}

/// The first pasted TXT that means to be a DMARC record.
fn pasted(reading: &Reading) -> Option<DmarcRecord> {
    let record = reading.record.as_ref()?;
    // Another organization's consent to get the reports holds no policy (RFC 9990 §4).
    if record.name.as_deref().is_some_and(|name| name.contains("._report._dmarc.")) {
        return None;
    }
    let entries = record.entries.iter().enumerate();
    entries
        .filter(|(_, entry)| matches!(entry.data, Data::Txt(_)))
        .find_map(|(index, entry)| record::read(&walk::text_of(&entry.text), index))
}

/// RFC 7489 §6.6.3: the From domain, then its organizational domain by the public suffix list.
fn governs_psl(steps: &[Step]) -> Option<usize> {
    let own = steps.first().filter(|s| s.answered())?;
    if !own.records.is_empty() {
        return own.record().map(|_| 0);
    }
    let organization = organization::psl(&own.domain)?;
    steps.iter().position(|s| s.domain == organization && s.record().is_some())
}

/// The policy for the From domain: `p` of its own record; `sp`, or `np` where the name does not
/// exist, of a record above it (RFC 9989 §4.10.1).
fn effective(lookup: &Lookup, from: &str, dmarc: &Dmarc) -> Option<(Policy, &'static str)> {
    let record = dmarc.governing()?.record()?;
    if !record.has_usable_policy() {
        return record.own_policy().map(|p| (p, "p"));
    }
    let p = (record.p?, "p");
    let (policy, tag) = if dmarc.governs == Some(0) {
        p
    } else {
        let existing = record.sp.map_or(p, |sp| (sp, "sp"));
        match record.np {
            Some(np) if np != existing.0 => {
                // A name does not exist when DNS says NXDOMAIN (RFC 8020); a question that SPF puts too.
                let answer = lookup.ask(from, Kind::Txt)?;
                match answer.outcome {
                    Outcome::NxDomain => (np, "np"),
                    outcome if outcome.failed() => return None,
                    _ => existing,
                }
            }
            _ => existing,
        }
    };
    Some((if record.testing { policy.lower() } else { policy }, tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Answer, Answers, Record};
    use crate::facts::address::{Address, From, Mailbox};
    use crate::facts::record::{Entry, Pasted};
    use crate::span::Span;

    fn answer(outcome: Outcome, texts: &[&str]) -> Answer {
        let record = |t: &&str| Record { name: String::new(), ttl: 300, data: crate::remedy::text(t) };
        Answer::new(outcome, texts.iter().map(record).collect(), jiff::Timestamp::UNIX_EPOCH)
    }

    fn zone(rows: &[(&str, &[&str])]) -> Answers {
        rows.iter()
            .map(|(name, texts)| {
                let outcome = if texts.is_empty() { Outcome::NxDomain } else { Outcome::Records };
                (Question::new(name, Kind::Txt), answer(outcome, texts))
            })
            .collect()
    }

    fn reading(domain: &str) -> Reading {
        let span = Span::default();
        let address = Address { local: "news".into(), domain: domain.into(), span, domain_span: span };
        let mailboxes = vec![Mailbox { display: String::new(), address: Some(address), span }];
        Reading { from: From { mailboxes, ..From::default() }, ..Reading::default() }
    }

    fn look(domain: &str, answers: &Answers) -> (Dmarc, Vec<Question>) {
        let lookup = Lookup::new(answers);
        let dmarc = gather(&lookup, &reading(domain));
        (dmarc, lookup.into_missing())
    }

    #[test]
    fn all_names_of_the_walk_are_asked_at_once() {
        let (dmarc, missing) = look("news.example.com", &Answers::new());
        let names: Vec<_> = missing.iter().map(|q| q.name.as_str()).collect();
        assert_eq!(names, ["_dmarc.com", "_dmarc.example.com", "_dmarc.news.example.com"]);
        assert_eq!(dmarc.missing.len(), 3);
        assert_eq!((dmarc.governs, dmarc.governs_psl, dmarc.organizational), (None, None, None));
    }

    #[test]
    fn a_subdomain_is_governed_from_above() {
        let record = "v=DMARC1; p=reject; sp=quarantine; np=none; t=y";
        let mut answers =
            zone(&[("_dmarc.news.example.com", &[]), ("_dmarc.example.com", &[record]), ("_dmarc.com", &[])]);
        let (dmarc, missing) = look("news.example.com", &answers);
        assert_eq!((dmarc.governs, dmarc.governs_psl), (Some(1), Some(1)));
        assert_eq!(dmarc.organizational.as_deref(), Some("example.com"));
        // np differs from sp, so it matters whether the name exists.
        assert_eq!(dmarc.effective, None);
        assert_eq!(missing, [Question::new("news.example.com", Kind::Txt)]);
        for (outcome, want) in [
            (Outcome::NxDomain, Some((Policy::None, "np"))),
            (Outcome::NoData, Some((Policy::None, "sp"))),
            (Outcome::ServFail, None),
        ] {
            answers.insert(Question::new("news.example.com", Kind::Txt), answer(outcome, &[]));
            assert_eq!(look("news.example.com", &answers).0.effective, want);
        }
        let (dmarc, missing) = look("example.com", &answers);
        assert_eq!((dmarc.effective, missing), (Some((Policy::Quarantine, "p")), vec![]));
    }

    #[test]
    fn two_records_at_one_name_count_as_none_and_are_remembered() {
        let two = &["v=DMARC1; p=none", "v=spf1 -all", "v=DMARC1; p=reject"][..];
        let (dmarc, _) = look("example.com", &zone(&[("_dmarc.example.com", two), ("_dmarc.com", &[])]));
        assert_eq!((dmarc.governs, dmarc.governs_psl), (None, None));
        assert_eq!(dmarc.steps[0].records.iter().map(|r| r.index).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(dmarc.steps[0].others, ["v=spf1 -all"]);
        assert!(dmarc.is_absent());
    }

    #[test]
    fn a_failed_answer_is_not_an_absent_record() {
        let mut answers = zone(&[("_dmarc.example.com", &[]), ("_dmarc.com", &[])]);
        assert!(look("example.com", &answers).0.is_absent());
        answers.insert(Question::new("_dmarc.example.com", Kind::Txt), answer(Outcome::ServFail, &[]));
        let (dmarc, _) = look("example.com", &answers);
        assert!(!dmarc.is_absent());
        assert_eq!((dmarc.governs, dmarc.organizational), (None, None));
    }

    #[test]
    fn a_pasted_record() {
        let entry = |text: &str| Entry {
            data: crate::remedy::text(text),
            text: text.as_bytes().to_vec(),
            places: (0..text.len() as u32).collect(),
            span: Span::new(0, text.len()),
            quoted: false,
            unranked: false,
        };
        let pasted = Pasted {
            name: None,
            kind: Kind::Txt,
            entries: vec![entry("v=spf1 -all"), entry("v=DMARC1; p=none")],
            aliases: vec![],
            unread: 0,
        };
        let reading = Reading { record: Some(pasted), ..Reading::default() };
        let answers = Answers::new();
        let lookup = Lookup::new(&answers);
        let dmarc = gather(&lookup, &reading);
        assert_eq!(dmarc.record().map(|r| (r.index, r.p)), Some((1, Some(Policy::None))));
        assert!(dmarc.steps.is_empty() && lookup.into_missing().is_empty());
    }
}
