//! The SPF-like records that are published at a name, or were pasted.

use super::eval::{check_host, checkable};
use super::fault::{self, Fault};
use super::record::Record;
use super::{Problem, ProblemKind, Published, SpfText, Whose};
use crate::evidence::{Data, Kind, Question};
use crate::facts::Reading;
use crate::facts::boundary::Identities;
use crate::facts::lookup::Lookup;

/// What a TXT record is to SPF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    Spf1,
    SenderId,
    Almost,
    Other,
}

/// The SPF-like records of every domain that matters to this message, all asked for at once,
/// and the pasted ones. One entry for each identity, though two may share a domain.
pub fn published(lookup: &Lookup, reading: &Reading, identities: &Identities) -> Vec<Published> {
    let mut all = Vec::with_capacity(3);
    let mail_from = identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let helo = identities.helo.as_ref().map(|h| h.value.as_str());
    for (whose, domain) in [(Whose::MailFrom, mail_from), (Whose::Helo, helo), (Whose::From, reading.from_domain())] {
        let Some(domain) = domain.filter(|d| checkable(d)) else { continue };
        let mut at = at_domain(lookup, whose, domain);
        if at.whose == Whose::From && mail_from.is_some_and(|m| m != domain) && !at.records.is_empty() {
            at.check = identities
                .source_ip
                .as_ref()
                .map(|ip| check_host(lookup, ip.value, domain, &format!("postmaster@{domain}"), helo, false));
        }
        all.push(at);
    }
    all.extend(pasted(reading));
    all
}

fn at_domain(lookup: &Lookup, whose: Whose, domain: &str) -> Published {
    let question = Question::new(domain, Kind::Txt);
    let mut at = Published {
        whose,
        domain: question.name.clone(),
        outcome: None,
        records: Vec::new(),
        sender_id: Vec::new(),
        almost: Vec::new(),
        check: None,
    };
    if let Some(answer) = lookup.put(question) {
        at.outcome = Some(answer.outcome);
        let strings = answer.records.iter().filter_map(|r| match &r.data {
            Data::Txt(strings) => Some(strings),
            _ => None,
        });
        for (index, strings) in strings.enumerate() {
            sort_in(&mut at, strings, index);
        }
    }
    at
}

/// The pasted record, where it is like SPF.
fn pasted(reading: &Reading) -> Option<Published> {
    let pasted = reading.record.as_ref().filter(|r| matches!(r.kind, Kind::Txt | Kind::Spf))?;
    let mut at = Published {
        whose: Whose::Pasted,
        domain: pasted.name.clone().unwrap_or_default().into(),
        outcome: None,
        records: Vec::new(),
        sender_id: Vec::new(),
        almost: Vec::new(),
        check: None,
    };
    for (index, entry) in pasted.entries.iter().enumerate() {
        match &entry.data {
            Data::Txt(strings) => sort_in(&mut at, strings, index),
            _ => sort_in(&mut at, std::slice::from_ref(&entry.text), index),
        }
    }
    (!(at.records.is_empty() && at.sender_id.is_empty() && at.almost.is_empty())).then_some(at)
}

/// `strings`: the character-strings of one record, which are joined as they are (RFC 7208 §3.3).
fn sort_in(at: &mut Published, strings: &[Vec<u8>], index: usize) {
    let bytes = &strings.concat()[..];
    let list = match likeness(bytes) {
        Likeness::Spf1 => &mut at.records,
        Likeness::SenderId => &mut at.sender_id,
        Likeness::Almost => &mut at.almost,
        Likeness::Other => return,
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut record = Record::parse(text.as_bytes());
    // Replacement characters would move the boundaries.
    if let Some(record) = record.as_mut().filter(|_| text.len() == bytes.len()) {
        let ends = strings.iter().scan(0, |end, s| {
            *end += s.len();
            Some(*end)
        });
        fault::at_boundaries(bytes, ends, record);
    }
    let faults = record.as_mut().map(|r| std::mem::take(&mut r.faults)).unwrap_or_default();
    let problems = faults.into_iter().map(|f| problem(&at.domain, f)).collect();
    list.push(SpfText { text, index, record, problems });
}

fn problem(domain: &str, fault: Fault) -> Problem {
    Problem {
        domain: domain.to_owned(),
        kind: if fault.fatal { ProblemKind::Syntax } else { ProblemKind::Doubtful },
        span: Some(fault.span),
        text: fault.message,
        suggestion: fault.suggestion,
    }
}

/// Bytes in which a misplaced `v=spf1` is looked for.
const BEFORE: usize = 512;

fn likeness(text: &[u8]) -> Likeness {
    if Record::is(text) {
        return Likeness::Spf1;
    }
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|b| b.eq_ignore_ascii_case(with));
    if begins(b"spf2.0/") {
        return Likeness::SenderId;
    }
    // A record with something in front.
    let opening = text.get(..BEFORE.min(text.len())).unwrap_or_default().to_ascii_lowercase();
    if opening.windows(8).any(|w| w == b" v=spf1 " || w == b"\"v=spf1 ") {
        return Likeness::Almost;
    }
    // The letters and digits it begins with, whatever blanks, quotes and signs are between.
    let mut word = text.iter().take(32).filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
    let first: Vec<u8> = word.by_ref().take(4).collect();
    match &first[..] {
        b"vspf" => Likeness::Almost,
        b"spf1" if !begins(b"spf1=") => Likeness::Almost,
        _ => Likeness::Other,
    }
}
