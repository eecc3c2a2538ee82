//! A key record to be judged: one that a signature names, or one that was pasted.

use super::failure::Failure;
use super::platform;
use super::standing::Standing;
use crate::evidence::{Kind, Question, answer_at};
use crate::facts::Facts;
use crate::facts::dkim::{Key, KeyRecord, KeyState, key};
use crate::facts::domain::keys::{Selector, Whence};
use crate::facts::domain::wildcard;
use crate::facts::organization::psl;
use crate::remedy::{Change, Remedy, blank, dkim as remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict};
use crate::shell::command;
use crate::span::Span;
use smallvec::SmallVec;
use std::borrow::Cow;

/// One record at one name.
pub(super) struct Subject<'f> {
    facts: &'f Facts,
    key: &'f Key,
    pub(super) record: &'f KeyRecord,
    /// All records of the name, this one among them.
    pub(super) all: &'f [KeyRecord],
    /// How many of them are beyond [`RECORDS`].
    unjudged: usize,
    /// The signature that suffers most; `None` for a pasted record.
    pub(super) standing: Option<Standing<'f>>,
}

/// Records of one name that are judged; a name should have one (RFC 6376 §3.6.2.2).
const RECORDS: usize = 8;

/// Judges every key record at hand; what is not answered is a gap, never a finding.
pub(super) fn judge(facts: &Facts, look: impl Fn(&Subject) -> Option<Finding>) -> Verdict {
    each(facts, &look)
}

// One body for all rules.
fn each(facts: &Facts, look: &dyn Fn(&Subject) -> Option<Finding>) -> Verdict {
    let (mut findings, mut gaps, mut seen) = (Vec::new(), Gaps::new(), false);
    for key in distinct(facts) {
        match &key.state {
            KeyState::Found(records) => {
                seen = true;
                let judged = judged(records);
                let unjudged = judged.len().saturating_sub(RECORDS);
                findings.extend(judged.into_iter().take(RECORDS).filter_map(|record| {
                    look(&Subject { facts, key, record, all: records, unjudged, standing: worst(facts, &key.name) })
                }));
            }
            KeyState::Unasked(_) | KeyState::Failed(_) => gaps.push(gap(key)),
            KeyState::Missing(_) => {}
        }
    }
    if !seen && gaps.is_empty() { Verdict::NotApplicable } else { Verdict::of(findings, gaps) }
}

/// What is not known of a key.
pub(super) fn gap(key: &Key) -> Gap {
    let question = match &key.state {
        KeyState::Unasked(question) => question.clone(),
        _ => Question::new(&key.name, Kind::Txt),
    };
    Gap::of_name(question, |name| format!("Which key stands at {name}?"))
}

/// Each name once.
pub(super) fn distinct(facts: &Facts) -> impl Iterator<Item = &Key> {
    let mut seen: SmallVec<[&str; key::NAMES]> = SmallVec::new();
    facts.keys.iter().filter(move |key| {
        let new = !seen.contains(&key.name.as_str());
        if new {
            seen.push(&key.name);
        }
        new
    })
}

/// Mostly one.
type Judged<'r> = SmallVec<[&'r KeyRecord; 2]>;

/// A usable record is the one verifiers take; failing that, those that mean to be a key.
fn judged(records: &[KeyRecord]) -> Judged<'_> {
    let usable: Judged = records.iter().filter(|r| r.usable()).collect();
    if !usable.is_empty() {
        return usable;
    }
    let meant: Judged = records.iter().filter(|r| r.means_to_be_a_key()).collect();
    if meant.is_empty() { records.iter().take(1).collect() } else { meant }
}

/// Nothing stands at the key's own name (RFC 4592 §3.3.1), and what a wildcard answers in its stead is no key.
pub(super) fn is_absent(facts: &Facts, key: &Key) -> bool {
    let KeyState::Found(records) = &key.state else { return false };
    !records.iter().any(KeyRecord::means_to_be_a_key)
        && wildcard::answers_for_key(&facts.evidence.answers, &key.name) == Some(true)
}

/// Of the signatures that name this key, the one mail depends on most.
pub(super) fn worst<'f>(facts: &'f Facts, name: &str) -> Option<Standing<'f>> {
    let indices = facts.keys.iter().filter(|k| k.name == name).filter_map(|k| k.signature).take(key::NAMES);
    indices.map(|n| Standing::of(facts, n)).max_by_key(|s| s.weigh(Severity::Critical))
}

impl Subject<'_> {
    /// The owner name, or `this record` for a bare value.
    pub(super) fn called(&self) -> String {
        if self.key.name.is_empty() { "this record".into() } else { self.key.name.clone() }
    }

    /// The same for the beginning of a title: a long name keeps its beginning.
    pub(super) fn short(&self) -> String {
        if self.key.name.is_empty() { "This record".into() } else { shortened(&self.key.name, 40) }
    }

    /// The beginning of a sentence about the record.
    pub(super) fn the_record(&self) -> String {
        if self.key.name.is_empty() { "This record".into() } else { format!("The record {}", self.key.name) }
    }

    /// The beginning of a title about the key in it.
    pub(super) fn the_key(&self) -> String {
        let name = shortened(&self.key.name, 40);
        if name.is_empty() { "The key in this record".into() } else { format!("The key {name}") }
    }

    /// The domain of the key, empty where unknown.
    fn domain(&self) -> &str {
        self.key.name.split_once("._domainkey.").map_or("", |(_, d)| d)
    }

    /// The name, with blanks where it is unknown.
    fn name(&self) -> String {
        if self.key.name.is_empty() {
            format!("{}._domainkey.{}", blank("selector"), blank("your domain"))
        } else {
            self.key.name.clone()
        }
    }

    /// The record, with a part of it marked.
    pub(super) fn exhibit(&self, span: Option<Span>, label: impl Into<Cow<'static, str>>) -> Exhibit {
        let pasted = self.facts.reading.record.as_ref().filter(|_| self.key.signature.is_none());
        match pasted.and_then(|p| p.entries.get(self.record.index)) {
            Some(entry) => Exhibit::input(span.map_or(entry.span, |s| entry.place(s)), label),
            None => Exhibit::dns(&Question::new(&self.key.name, Kind::Txt), &self.record.text, span, label),
        }
    }

    /// `*._domainkey`: an empty key there says that the domain signs nothing (M3AAWG, Protecting Parked Domains).
    pub(super) fn is_of_all_selectors(&self) -> bool {
        self.key.name.starts_with("*.")
    }

    /// Is what answers here a wildcard's? `None`: not known.
    fn starred(&self) -> Option<bool> {
        wildcard::answers_for_key(&self.facts.evidence.answers, &self.key.name)
    }

    /// Nothing stands at the name itself, and what answers in its stead is no key.
    pub(super) fn is_absent(&self) -> bool {
        is_absent(self.facts, self.key)
    }

    /// The name at the end of a CNAME, where another organization keeps the record.
    pub(super) fn kept_elsewhere(&self) -> Option<&str> {
        self.alias().filter(|alias| psl(alias) != psl(self.domain()))
    }

    fn alias(&self) -> Option<&str> {
        answer_at(&self.facts.evidence.answers, &self.key.name, Kind::Txt)?.alias()
    }

    /// The RRset with this record replaced; `None` where another organization keeps it.
    fn change(&self, after: &str) -> Option<Change> {
        if self.kept_elsewhere().is_some() {
            return None;
        }
        let name = self.alias().map_or_else(|| self.name(), str::to_owned);
        let before: Vec<&str> = self.all.iter().map(|r| r.text.as_str()).collect();
        let after: Vec<&str> =
            self.all.iter().map(|r| if r.index == self.record.index { after } else { r.text.as_str() }).collect();
        Some(Change::txt(&name, &before, &after))
    }

    /// A cure that replaces this record by `after`, or says who can.
    pub(super) fn replaced(&self, summary: impl Into<String>, after: &str) -> Remedy {
        match (self.change(after), self.kept_elsewhere()) {
            (Some(change), _) => Remedy::new(summary).marked(change),
            (None, alias) => self.elsewhere(Remedy::new(summary), alias.unwrap_or_default()),
        }
    }

    /// The record with its key left open, all else as it is; made anew where more is wrong.
    pub(super) fn opened(&self) -> String {
        let record = self.record;
        if record.problems.is_empty() && record.p.is_some() {
            return remedy::with_tag(&record.text, "p", &blank(remedy::PUBLIC_KEY));
        }
        let fresh = remedy::open_record(if record.key_type == "ed25519" { "ed25519" } else { "rsa" });
        if record.flags.is_empty() { fresh } else { remedy::with_tag(&fresh, "t", &record.flags.join(":")) }
    }

    /// A cure that makes this the only record of the name.
    pub(super) fn replaced_all(&self, summary: impl Into<String>, after: &str) -> Remedy {
        match (self.change(after), self.kept_elsewhere()) {
            (Some(change), _) => {
                Remedy::new(summary).record(Change { after: vec![crate::remedy::text(after)], ..change })
            }
            (None, alias) => self.elsewhere(Remedy::new(summary), alias.unwrap_or_default()),
        }
    }

    fn elsewhere(&self, remedy: Remedy, alias: &str) -> Remedy {
        let name = &self.key.name;
        let remedy = remedy.step(format!(
            "{name} is a CNAME to {alias}, so the record is kept by whoever runs that name. Ask them to correct it, or \
             set the domain up anew in their portal and publish what it shows.",
        ));
        if self.record.means_to_be_a_key() || self.starred().is_some() {
            return remedy;
        }
        remedy.step(format!(
            "Unless it is a wildcard (*) that answers there, as at any name below {}: then nothing stands at {name} \
             itself, and the key is to be published there.",
            self.domain()
        ))
    }

    /// A cure by a fresh 2048-bit key under a new selector.
    pub(super) fn new_key(&self, summary: impl Into<String>) -> Remedy {
        if let Some(alias) = self.kept_elsewhere() {
            return self.elsewhere(Remedy::new(summary), alias);
        }
        let domain = self.domain();
        let name = match domain {
            "" => format!("{}._domainkey.{}", blank("new selector"), blank("your domain")),
            domain => format!("{}._domainkey.{domain}", blank("new selector")),
        };
        let change = Change::txt(&name, &[] as &[&str], &[remedy::open_record("rsa")]);
        let selector = self.standing.as_ref().and_then(Standing::selector);
        let platform = selector.and_then(|s| platform::of_selector(self.facts, s));
        let remedy = Remedy::new(summary)
            .step(match platform.and_then(|p| p.dkim_setting.as_deref()) {
                Some(setting) => format!(
                    "{}: make a new key of 2048 bits under a new selector.",
                    crate::remedy::platform::place(setting, domain)
                ),
                None => "At the system that signs, make a new RSA key of 2048 bits under a new selector.".into(),
            })
            .step("Publish its public part as below and wait until it is visible everywhere.")
            .step("Then switch signing to the new selector.");
        remedy.marked(change)
    }

    /// As [`Subject::finish`], for what is so now, whatever came of the mail, and breaks nothing.
    pub(super) fn note(&self, finding: Finding, expect: &str) -> Finding {
        let finding = self.finish(finding, &[], expect).sure(Confidence::Certain, "it stands in the record");
        Finding { leads_to: vec![], ..finding }
    }

    /// What every finding about a key record has in common.
    pub(super) fn finish(&self, finding: Finding, confirming: &[Failure], expect: &str) -> Finding {
        let finding = if self.key.name.is_empty() { finding } else { finding.about(&self.key.name) };
        let finding = match &self.standing {
            None => self.apart(finding),
            Some(standing) => standing.apply(standing.sure_by_dns(finding, confirming)),
        };
        let named = self.standing.as_ref().and_then(|s| s.signature).and_then(|s| s.selector.as_ref());
        let finding = match named {
            Some(selector) => finding.exhibit(Exhibit::input(selector.span, "the signature names this key")),
            None => finding,
        };
        let finding = match self.unjudged {
            0 => finding,
            more => {
                let explanation = format!("{} {more} more records at the name were not judged.", finding.explanation);
                Finding { explanation, ..finding }
            }
        };
        finding.check(command!("dig +short TXT {}", self.name()), expect)
    }
}

impl Subject<'_> {
    /// A finding about a key that no signature is known to name.
    fn apart(&self, finding: Finding) -> Finding {
        let Some(selector) = self.tried() else {
            return finding.sure(Confidence::Certain, "it stands in the record that was given");
        };
        if selector.whence == Whence::Said {
            return finding.sure(Confidence::Certain, "you named the selector, and the record stands in DNS now");
        }
        let finding =
            finding.sure(Confidence::Likely, "the record stands in DNS; that anything signs with it is a guess");
        // A platform that sends for the domain gives the guess weight.
        let usual = if selector.platform.is_some() { Severity::Critical } else { Severity::Medium };
        let severity = finding.severity.min(usual);
        let explanation = format!("{} Whether anything signs with this selector is not known.", finding.explanation);
        finding.severity(severity).explain(explanation)
    }

    /// The selector of a checked domain under which this key was found.
    pub(super) fn tried(&self) -> Option<&Selector> {
        self.facts.domain.keys.at(&self.key.name)
    }
}

/// At most `most` characters, the end cut off.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
