//! SPF (RFC 7208): records with spans, and `check_host()` over the answers at hand.

pub mod domain_spec;
pub mod eval;
pub mod fault;
pub mod macros;
mod mechanism;
mod published;
pub mod record;
mod repair;
mod term;
#[cfg(test)]
mod tests;
mod walk;

use super::Reading;
use super::boundary::{Identities, MailFrom};
use super::lookup::Lookup;
use crate::evidence::{Outcome, Question};
use crate::span::Span;
pub use eval::{LOOKUPS, VOID_LOOKUPS, check_host};
pub use published::published;
use std::net::IpAddr;

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
    pub domain: String,
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
    /// What a linter sees: syntax errors, and legal terms that are hardly meant.
    pub problems: Vec<Problem>,
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
}

/// One record in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    pub domain: String,
    /// The record as published; `None` where there is none.
    pub record: Option<String>,
    pub terms: Vec<Branch>,
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
    /// `include:` and `redirect=` open another record.
    pub below: Option<Box<Node>>,
}

/// What came of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchState {
    Matched(SpfResult),
    NoMatch,
    /// Its question came back empty.
    Void,
    NotReached,
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

/// Runs `check_host()` for the message's connection; `None` where domain or address is unknown.
pub fn check(lookup: &Lookup, _: &Reading, identities: &Identities) -> Option<Check> {
    let ip = identities.source_ip.as_ref()?.value;
    let helo = identities.helo.as_ref().map(|h| h.value.as_str());
    match &identities.mail_from.as_ref()?.value {
        MailFrom::Path { local, domain } => {
            let sender = format!("{}@{domain}", local.as_deref().unwrap_or("postmaster"));
            Some(check_host(lookup, ip, domain, &sender, helo, false))
        }
        // The identity of a bounce is postmaster@HELO (RFC 7208 §2.4).
        MailFrom::Null => {
            let helo = helo?;
            Some(check_host(lookup, ip, helo, &format!("postmaster@{helo}"), Some(helo), true))
        }
    }
}
