//! SPF (RFC 7208): records with spans, and `check_host()` over the answers at hand.

pub mod domain_spec;
pub mod eval;
pub mod fault;
pub mod macros;
mod mechanism;
mod overlap;
mod published;
pub mod record;
mod repair;
pub mod survey;
#[cfg(test)]
mod survey_tests;
mod term;
#[cfg(test)]
mod tests;
mod walk;

use super::Reading;
use super::boundary::{Identities, MailFrom, said_helo};
use super::lookup::Lookup;
use crate::evidence::{Answer, Kind, Name, Outcome, Question, Said};
use crate::knowledge::{Platform, platform};
use crate::span::Span;
pub use eval::{LOOKUPS, VOID_LOOKUPS, check_host, checkable};
pub use mechanism::HOSTS;
pub use published::published;
pub use record::Record;
pub use repair::as_typed;
use std::net::IpAddr;
pub use survey::{Survey, survey};

/// RFC 7208 §2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpfResult {
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

impl SpfResult {
    /// The RFC's word, lower case.
    pub fn word(self) -> &'static str {
        match self {
            SpfResult::None => "none",
            SpfResult::Neutral => "neutral",
            SpfResult::Pass => "pass",
            SpfResult::Fail => "fail",
            SpfResult::SoftFail => "softfail",
            SpfResult::TempError => "temperror",
            SpfResult::PermError => "permerror",
        }
    }
}

/// Where an SPF record, or its absence, was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    MailFrom,
    Helo,
    From,
    Pasted,
}

/// The SPF-like TXT records of one name.
#[derive(Clone, Debug)]
pub struct Published {
    pub whose: Whose,
    /// Empty for a bare pasted value.
    pub domain: Name,
    /// `None`: not answered yet.
    pub outcome: Option<Outcome>,
    /// Every record whose version is exactly `v=spf1` (RFC 7208 §4.5).
    pub records: Vec<SpfText>,
    /// Sender ID records, `spf2.0/…` (RFC 4406, Historic).
    pub sender_id: Vec<SpfText>,
    /// TXT that means to be SPF and is not (`v=spf1` glued, wrong case version, `spf1 …`).
    pub almost: Vec<SpfText>,
    /// For [`Whose::From`], where MAIL FROM is another domain: what this record would say of
    /// the message's connection, if receivers looked at it.
    pub check: Option<Check>,
}

/// One record's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpfText {
    pub text: String,
    /// Index among the answer's TXT records, or among the pasted entries.
    pub index: usize,
    /// `None` where it does not begin with `v=spf1`. Its faults are in `problems`.
    pub record: Option<Record>,
    /// What a linter sees: syntax errors, and legal terms that are hardly meant.
    pub problems: Vec<Problem>,
}

impl SpfText {
    /// The record, where receivers could read it.
    pub fn sound(&self) -> Option<&Record> {
        self.record.as_ref().filter(|r| !r.broken)
    }
}

/// `check_host()` on one identity (RFC 7208 §4).
#[derive(Clone, Debug)]
pub struct Check {
    pub ip: IpAddr,
    /// `<domain>` of the evaluation.
    pub domain: String,
    /// `<sender>`: `local@domain`, or `postmaster@helo`.
    pub sender: String,
    /// HELO was checked because the reverse path is empty (RFC 7208 §2.4).
    pub is_helo: bool,
    /// `None` while answers are missing that would decide.
    pub result: Option<SpfResult>,
    /// The mechanism that decided, as written.
    pub matched: Option<String>,
    /// The owner's words for a refused sender, from `exp=` (RFC 7208 §6.2): a stranger's text.
    pub explanation: Option<String>,
    /// DNS-querying terms counted in evaluation order (RFC 7208 §4.6.4); provisional while
    /// `result` is `None`.
    pub lookups: u32,
    pub void_lookups: u32,
    /// Why permerror or temperror: the problem, with where it stands.
    pub problem: Option<Problem>,
    pub tree: Option<Node>,
    /// Questions that stopped the evaluation.
    pub missing: Vec<Question>,
    /// The question whose failure is the temperror.
    pub failed: Option<Question>,
}

impl Check {
    /// The question that keeps the result from being known: still open, or failed.
    pub fn unanswered(&self) -> Option<&Question> {
        self.missing.first().or(self.failed.as_ref())
    }
}

/// One record in the tree.
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub domain: String,
    /// The record as published; `None` where there is none.
    pub record: Option<String>,
    /// What came of asking for it; `None`: not answered yet, or pasted.
    pub outcome: Option<Outcome>,
    /// Seconds for which the answer may be kept.
    pub ttl: Option<u32>,
    pub terms: Vec<Branch>,
}

impl Node {
    /// Is it known what is published, be it nothing?
    pub fn is_known(&self) -> bool {
        self.record.is_some() || self.outcome.is_some_and(|outcome| !outcome.failed())
    }
}

/// One term of a record, evaluated or not.
#[derive(Clone, Debug)]
pub struct Branch {
    /// As written.
    pub text: String,
    /// In the record's text.
    pub span: Span,
    pub state: BranchState,
    /// What this term cost by itself (0 or 1), and the total after it and all below it.
    pub cost: u32,
    pub total: u32,
    /// The first question it asks.
    pub question: Option<Question>,
    /// Whose service it lets send, where it is one we know.
    pub owner: Option<&'static Platform>,
    /// Another term that says the same or more; surveys alone look for it.
    pub twin: Option<Twin>,
    /// `include:` and `redirect=` open another record.
    pub below: Option<Box<Node>>,
}

/// A term that makes another one needless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// As written.
    pub text: String,
    /// Whose record it is in.
    pub domain: String,
}

impl Branch {
    fn new(text: &str, span: Span) -> Branch {
        Branch {
            text: text.get(span.range()).unwrap_or_default().to_owned(),
            span,
            state: BranchState::NotReached,
            cost: 0,
            total: 0,
            question: None,
            owner: None,
            twin: None,
            below: None,
        }
    }
}

/// What came of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchState {
    Matched(SpfResult),
    NoMatch,
    /// Its question came back empty.
    Void,
    NotReached,
    /// A modifier that matches nothing by itself: `exp=`, and those nobody knows.
    Aside,
    /// In a survey: counted, and compared with nothing.
    Counted,
    /// In a survey: what it asks depends on the message (`%{i}`, `ptr`).
    Varies,
    /// Waits for an answer.
    Waiting,
    Failed(String),
}

/// An error of a record or of its evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The domain whose record it is in.
    pub domain: String,
    pub kind: ProblemKind,
    /// The offending characters in that record's text.
    pub span: Option<Span>,
    /// One sentence without a full stop.
    pub text: String,
    /// What to write in place of the span; empty means leave it out.
    pub suggestion: Option<String>,
}

/// RFC 7208 error classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The record is a permerror (RFC 7208 §4.6).
    Syntax,
    /// Legal, and hardly what its owner means.
    Doubtful,
    MultipleRecords,
    TooManyLookups,
    TooManyVoidLookups,
    TooManyMx,
    IncludeWithoutRecord,
    Loop,
    Dns,
}

/// What a TXT answer holds for SPF (RFC 7208 §4.4, §4.5).
enum Selected {
    /// Nothing was learnt.
    Failed(Outcome),
    Nothing,
    Several,
    One(String),
}

impl Selected {
    fn of(answer: &Answer) -> Selected {
        if answer.outcome.failed() {
            return Selected::Failed(answer.outcome);
        }
        let mut records = answer.texts().filter(|t| record::Record::is(t));
        match (records.next(), records.next()) {
            (None, _) => Selected::Nothing,
            (Some(bytes), None) => Selected::One(String::from_utf8_lossy(&bytes).into_owned()),
            (Some(_), Some(_)) => Selected::Several,
        }
    }
}

/// The terms of a record with a syntax error: none is looked at, and those at fault say why.
fn broken(text: &str, record: &record::Record, total: u32) -> Vec<Branch> {
    let mut faults = record.faults.iter().filter(|f| f.fatal).peekable();
    let mut branches = Vec::new();
    for term in &record.terms {
        let mut branch = Branch { total, ..Branch::new(text, term.span) };
        while faults.next_if(|f| f.span.end <= term.span.start).is_some() {}
        if let Some(fault) = faults.peek().filter(|f| f.span.start < term.span.end) {
            branch.state = BranchState::Failed(fault.message.clone());
        }
        branches.push(branch);
    }
    branches
}

/// Why nothing was learnt from a question.
fn no_answer(outcome: Outcome, name: &str, kind: Kind) -> String {
    let what = match outcome {
        Outcome::ServFail => "the server failed",
        Outcome::Refused => "the server refused",
        _ => "no answer came",
    };
    format!("{what} when asked for {name} {kind}")
}

/// The service a term belongs to: its own, or that of the record it stands in.
fn owner(term: &str, around: Option<&'static Platform>) -> Option<&'static Platform> {
    platform::of_spf_term(term).or(around)
}

/// Surveys the domain that is checked, or the pasted record where there is exactly one.
pub fn surveyed(lookup: &Lookup, reading: &Reading, published: &[Published]) -> Option<Survey> {
    if let Some(domain) = reading.subject.as_ref().and_then(|s| s.domain()) {
        return eval::checkable(domain).then(|| survey(lookup, domain));
    }
    let pasted = published.iter().find(|p| p.whose == Whose::Pasted)?;
    match &pasted.records[..] {
        [only] => Some(survey::survey_text(lookup, &pasted.domain, &only.text)),
        _ => None,
    }
}

/// Asks for what a receiver stopped before: whoever is to bring the record below the limit has to see the whole bill.
pub fn ask_beyond(lookup: &Lookup, check: Option<&Check>) {
    let stopped = |c: &&Check| c.problem.as_ref().is_some_and(|p| p.kind == ProblemKind::TooManyLookups);
    if let Some(check) = check.filter(stopped) {
        survey(lookup, &check.domain);
    }
}

/// Runs `check_host()` for the message's connection, or for a client of the domain that is checked; `None`
/// where domain or address is unknown.
pub fn check(lookup: &Lookup, identities: &Identities) -> Option<Check> {
    let ip = identities.source_ip.as_ref()?.value;
    let helo = identities.helo.as_ref().map(|h| h.value.as_str());
    match &identities.mail_from.as_ref()?.value {
        MailFrom::Path { local, domain } => {
            let sender = [local.as_deref().unwrap_or("postmaster"), "@", domain].concat();
            Some(check_host(lookup, ip, domain, &sender, helo, false))
        }
        // The identity of a bounce is postmaster@HELO (RFC 7208 §2.4).
        MailFrom::Null => {
            let helo = helo?;
            Some(check_host(lookup, ip, helo, &format!("postmaster@{helo}"), Some(helo), true))
        }
    }
}

/// `check_host()` for the connection that a domain's record is tried with; `None` where none is.
pub fn trial(lookup: &Lookup, reading: &Reading, said: &Said) -> Option<Check> {
    let (domain, ip) = (reading.subject.as_ref()?.domain()?, said.ip?);
    let helo = said_helo(said).map(|helo| helo.value);
    Some(check_host(lookup, ip, domain, &sender(said, domain), helo.as_deref(), false))
}

/// `<sender>` for a domain that is checked: the one the user named, as written, or the postmaster.
pub fn sender(said: &Said, domain: &str) -> String {
    let named = said.mail_from.as_deref().map(|m| m.trim().trim_start_matches('<').trim_end_matches('>'));
    match named {
        None | Some("") => format!("postmaster@{domain}"),
        Some(sender) => sender.to_owned(),
    }
}
