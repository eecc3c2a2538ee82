//! A record where it was seen: at a name in DNS, or pasted.

use crate::evidence::{Answer, Answers, Data, Kind};
use crate::facts::dmarc::{DmarcRecord, Step};
use crate::facts::freemail;
use crate::facts::record::Pasted;
use crate::facts::{Facts, organization};
use crate::remedy::{Change, Remedy, TTL, blank, text};
use crate::rules::{Exhibit, Finding, Gap};
use crate::shell::command;
use crate::span::Span;
use std::borrow::Cow;

/// Who a bare pasted value belongs to.
const YOUR_DOMAIN: &str = "your domain";

#[derive(Clone, Copy)]
enum At<'f> {
    Step(&'f Step, &'f Answers),
    Pasted(&'f Pasted),
}

#[derive(Clone, Copy)]
pub struct Seen<'f> {
    pub record: &'f DmarcRecord,
    at: At<'f>,
}

/// The steps whose names the sender can publish at: not a public suffix, not a mailbox provider's.
pub fn own_steps(facts: &Facts) -> impl Iterator<Item = &Step> {
    facts.dmarc.steps.iter().filter(|step| is_own(step))
}

fn is_own(step: &Step) -> bool {
    organization::psl(&step.domain).is_some() && freemail::provider(&step.domain).is_none()
}

/// The sender's own record that governs this message, or the pasted one.
pub fn governing(facts: &Facts) -> Option<Seen<'_>> {
    if let Some(pasted) = facts.reading.record.as_ref() {
        // Several records cancel each other, and none of them governs (RFC 9989 §4.10).
        let begins = |e: &&crate::facts::record::Entry| e.text.trim_ascii_start().starts_with(b"v=DMARC1");
        let several = pasted.entries.iter().filter(begins).count() > 1;
        return facts.dmarc.pasted.as_ref().filter(|_| !several).map(|record| Seen { record, at: At::Pasted(pasted) });
    }
    let step = facts.dmarc.governing().filter(|step| is_own(step))?;
    step.record().map(|record| at(facts, step, record))
}

/// The one question that every rule on the record asks.
pub fn unread(step: &Step) -> Gap {
    Gap::of_name(step.question().clone(), |name| asked_of(name.strip_prefix("_dmarc.").unwrap_or(name)))
}

/// That question in words.
pub fn asked_of(domain: &str) -> String {
    format!("What does the DMARC record of {domain} say?")
}

/// A record at one step of the walk.
pub fn at<'f>(facts: &'f Facts, step: &'f Step, record: &'f DmarcRecord) -> Seen<'f> {
    Seen { record, at: At::Step(step, &facts.evidence.answers) }
}

/// A pasted record.
pub fn in_paste<'f>(pasted: &'f Pasted, record: &'f DmarcRecord) -> Seen<'f> {
    Seen { record, at: At::Pasted(pasted) }
}

impl Seen<'_> {
    /// `_dmarc.example.com`; with a blank where the paste had no name.
    pub fn name(&self) -> String {
        match self.at {
            At::Step(step, _) => step.name().to_owned(),
            At::Pasted(pasted) => pasted.name.clone().unwrap_or_else(|| format!("_dmarc.{}", blank(YOUR_DOMAIN))),
        }
    }

    /// The domain it is published for; a blank where the paste had no name.
    pub fn domain(&self) -> String {
        let name = self.name();
        name.strip_prefix("_dmarc.").unwrap_or(&name).to_owned()
    }

    /// "The DMARC record of example.com", or "This DMARC record".
    pub fn called(&self) -> String {
        match self.at {
            At::Pasted(Pasted { name: None, .. }) => "This DMARC record".to_owned(),
            _ => format!("The DMARC record of {}", self.domain()),
        }
    }

    /// The passage under a span of the record's text.
    pub fn show(&self, span: Span, label: impl Into<Cow<'static, str>>) -> Exhibit {
        match self.at {
            At::Step(step, _) => Exhibit::dns(step.question(), &self.record.text, Some(span), label),
            At::Pasted(pasted) => {
                let entry = pasted.entries.get(self.record.index);
                Exhibit::input(entry.map_or(span, |e| if span.is_empty() { e.span } else { e.place(span) }), label)
            }
        }
    }

    /// The tag called `name`, or the whole record.
    pub fn show_tag(&self, name: &str, label: impl Into<Cow<'static, str>>) -> Exhibit {
        let whole = Span::new(0, self.record.text.len());
        self.show(self.record.tag(name).map_or(whole, |tag| tag.name.join(tag.value)), label)
    }

    /// Has the record replaced by `new`, and those at `dropped` removed; all else at the name stays.
    pub fn publish(&self, remedy: Remedy, new: &str, dropped: &[usize]) -> Remedy {
        let before: Vec<Data> = match self.at {
            At::Step(step, answers) => {
                let answer = answers.get(step.question());
                if let Some(target) = answer.and_then(Answer::alias) {
                    return remedy.step(format!(
                        "{} is a CNAME to {target}, so the record lives there; have it changed by whoever runs that name, to: {new}",
                        self.name()
                    ));
                }
                let records = answer.map_or(&[][..], |a| &a.records);
                records.iter().map(|r| &r.data).filter(|d| matches!(d, Data::Txt(_))).cloned().collect()
            }
            At::Pasted(pasted) => pasted.entries.iter().map(|e| e.data.clone()).collect(),
        };
        let after = before
            .iter()
            .enumerate()
            .filter(|(n, _)| !dropped.contains(n))
            .map(|(n, data)| if n == self.record.index { text(new) } else { data.clone() })
            .collect();
        remedy.marked(Change { name: self.name(), kind: Kind::Txt, ttl: TTL, before, after })
    }

    /// The look-up that shows the record.
    pub fn check(&self, finding: Finding, expect: impl Into<String>) -> Finding {
        finding.check(command!("dig +short TXT {}", self.name()), expect)
    }
}
