//! Lessons: invented domains with one fault each, to be found, cured, and seen to pass.
//!
//! A lesson is data (`assets/practice/*.toml`): its zone, who sends and how, what is broken, what is learnt, and what
//! the operator of the sender does where no record alone cures.

mod letter;
mod setup;

pub use letter::{Letter, Signer};
pub use setup::{Setup, find_setup, setups};

use crate::diagnose::Diagnosis;
use crate::evidence::zone::{BadLine, Zone};
use crate::evidence::{Data, Kind};
use crate::remedy::{self, Change};
use crate::rules::Finding;
use crate::triage::State;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The server that receives in every lesson.
pub const RECEIVER: &str = "mx.inbox.example";

/// Who the test goes to.
pub const READER: &str = "reader@inbox.example";

/// The part of the invented internet that is the same in every lesson.
const BASE: &str = include_str!("../../assets/practice/base.zone");

/// One lesson.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The name of its file.
    #[serde(skip)]
    pub id: &'static str,
    pub title: String,
    /// What happened before: two or three sentences.
    pub story: String,
    /// What it teaches, told once the test passes.
    pub learnt: String,
    /// The rule that finds the fault.
    pub rule: String,
    /// Zone lines, beside those of the base.
    zone: String,
    pub sender: Sender,
    pub repair: Option<Repair>,
}

/// How the test is sent. Parts that are left out keep what they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sender {
    /// The address that the receiver sees.
    pub client: Option<IpAddr>,
    pub helo: Option<String>,
    pub mail_from: Option<String>,
    /// The From field.
    pub from: Option<String>,
    /// `selector._domainkey.domain` for each signature.
    pub sign: Option<Vec<String>>,
    /// The key is in this file; it is that of the practice world without one.
    #[serde(skip)]
    pub key_file: Option<PathBuf>,
    /// A server between sender and receiver, with what it adds on top, before the subject and below the body.
    pub received: Option<String>,
    pub added: Option<String>,
    pub tag: Option<String>,
    pub footer: Option<String>,
}

/// What the operator does besides publishing the records that the finding proposes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// In a sentence.
    pub says: String,
    /// Records that only a portal knows, as zone lines.
    zone: Option<String>,
    #[serde(default)]
    sender: Sender,
}

/// A cure, ready to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cure {
    /// Published in the practice zone.
    pub records: Vec<Change>,
    /// How the sender is set up from then on.
    pub sender: Sender,
    /// What the operator did, where it took more than the records that were proposed.
    pub says: Option<String>,
}

/// How far a lesson is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Broken,
    /// The fault is gone, and no other is left.
    Cured,
    /// The fault is gone, something else is not as it should be.
    Other,
}

macro_rules! lessons {
    ($($id:literal),+ $(,)?) => {
        &[$(($id, include_str!(concat!("../../assets/practice/", $id, ".toml")))),+]
    };
}

/// In the order of teaching.
const TEXTS: &[(&str, &str)] = lessons![
    "spf-missing",
    "spf-wrong-address",
    "spf-softfail",
    "spf-two-records",
    "spf-too-many-lookups",
    "dkim-key-missing",
    "dkim-wrong-key",
    "dkim-revoked",
    "dmarc-missing",
    "dmarc-unaligned",
    "dmarc-strict",
    "forwarded",
    "list-footer",
    "no-ptr",
];

/// Every lesson.
pub fn all() -> &'static [Lesson] {
    static ALL: OnceLock<Vec<Lesson>> = OnceLock::new();
    ALL.get_or_init(|| {
        // Shipped text: a test reads every one.
        let read = |(id, text): &(&'static str, &str)| Some(Lesson { id, ..toml::from_str(text).ok()? });
        TEXTS.iter().filter_map(read).collect()
    })
}

/// The lesson of this name.
pub fn find(id: &str) -> Option<&'static Lesson> {
    all().iter().find(|lesson| lesson.id == id)
}

impl Lesson {
    /// The zone in which the fault is.
    pub fn zone(&self) -> Result<Zone, BadLine> {
        Zone::parse(&letter::fill(&format!("{BASE}\n{}", self.zone)))
    }

    /// How it is cured by what the finding proposes: its records where they are complete, else what the operator is
    /// told by a portal.
    pub fn cure(&self, finding: &Finding) -> Cure {
        let fix = finding.fix.as_ref();
        let complete = fix.filter(|fix| fix.blanks.is_empty() && fix.records.iter().all(|c| c.blanks().is_empty()));
        let proposed = complete.map_or(Vec::new(), |fix| fix.records.clone());
        let Some(repair) = &self.repair else { return Cure { records: proposed, ..Cure::default() } };
        let records = match &repair.zone {
            Some(lines) => changes(&letter::fill(lines)),
            None => proposed,
        };
        Cure { records, sender: repair.sender.clone(), says: Some(repair.says.clone()) }
    }

    /// The finding that the lesson is about.
    pub fn finding<'d>(&self, d: &'d Diagnosis) -> Option<&'d Finding> {
        d.every_finding().find(|finding| finding.rule.id == self.rule)
    }

    pub fn outcome(&self, d: &Diagnosis) -> Outcome {
        match (self.finding(d), d.verdict.state) {
            (Some(_), _) => Outcome::Broken,
            (None, State::Pass) => Outcome::Cured,
            (None, _) => Outcome::Other,
        }
    }
}

impl Sender {
    /// This, with what the other says instead.
    pub fn with(&self, other: &Sender) -> Sender {
        Sender {
            client: other.client.or(self.client),
            helo: other.helo.clone().or_else(|| self.helo.clone()),
            mail_from: other.mail_from.clone().or_else(|| self.mail_from.clone()),
            from: other.from.clone().or_else(|| self.from.clone()),
            sign: other.sign.clone().or_else(|| self.sign.clone()),
            key_file: other.key_file.clone().or_else(|| self.key_file.clone()),
            received: other.received.clone().or_else(|| self.received.clone()),
            added: other.added.clone().or_else(|| self.added.clone()),
            tag: other.tag.clone().or_else(|| self.tag.clone()),
            footer: other.footer.clone().or_else(|| self.footer.clone()),
        }
    }
}

/// Zone lines as whole sets of records, whatever stands there now.
fn changes(lines: &str) -> Vec<Change> {
    let mut sets: BTreeMap<(String, Kind), Vec<Data>> = BTreeMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.splitn(3, char::is_whitespace);
        let name = words.next().unwrap_or_default().to_owned();
        let kind = words.next().and_then(crate::evidence::zone_line::kind);
        let data = kind.and_then(|kind| Data::parse(kind, words.next()?.trim()));
        if let Some((kind, data)) = kind.zip(data) {
            sets.entry((name, kind)).or_default().push(data);
        }
    }
    sets.into_iter()
        .map(|((name, kind), after)| Change { name, kind, ttl: remedy::TTL, before: vec![], after })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_reads_and_lacks_nothing() {
        assert_eq!(
            all().len(),
            TEXTS.len(),
            "{:?}",
            TEXTS
                .iter()
                .map(|(id, text)| (id, toml::from_str::<Lesson>(text).err()))
                .filter(|(_, e)| e.is_some())
                .collect::<Vec<_>>()
        );
        for lesson in all() {
            lesson.zone().unwrap_or_else(|e| panic!("{}: {e}", lesson.id));
            assert!(crate::rules::all().any(|rule| rule.id == lesson.rule), "{}: {}", lesson.id, lesson.rule);
            let s = &lesson.sender;
            assert!(
                s.client.is_some() && s.helo.is_some() && s.mail_from.is_some() && s.from.is_some(),
                "{}",
                lesson.id
            );
            let lines = lesson.repair.as_ref().and_then(|r| r.zone.as_deref()).unwrap_or_default();
            let wanted = lines.lines().filter(|l| !l.trim().is_empty()).count();
            assert_eq!(
                changes(&letter::fill(lines)).iter().map(|c| c.after.len()).sum::<usize>(),
                wanted,
                "{}",
                lesson.id
            );
        }
    }
}
