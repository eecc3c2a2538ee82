//! `check_host()` (RFC 7208 §4) over the answers at hand.
//!
//! Evaluation is sequential and strict until it meets a question without an answer. From there
//! on it only walks ahead, to name every question that does not depend on that answer; what it
//! sees there is shown and decides nothing. Depth is bounded: each record below another costs
//! one of the ten look-ups.

use super::domain_spec::DomainSpec;
use super::macros::{Values, askable, wants_validated};
use super::mechanism::Step;
use super::{Check, Node, Problem, ProblemKind, SpfResult, no_answer};
use crate::evidence::{Answer, Kind, Outcome, Question};
use crate::facts::lookup::Lookup;
use crate::knowledge::Platform;
use crate::span::Span;
use std::net::IpAddr;

/// Terms that ask DNS (RFC 7208 §4.6.4).
pub const LOOKUPS: u32 = 10;
/// Terms whose question comes back empty (RFC 7208 §4.6.4).
pub const VOID_LOOKUPS: u32 = 2;
/// Questions put at once.
const AHEAD: usize = 30;
/// Longest local part or HELO name that macros see, bytes.
const IDENTITY: usize = 1024;

/// One evaluation under way.
pub(super) struct Evaluation<'e> {
    lookup: &'e Lookup<'e>,
    pub ip: IpAddr,
    local: &'e str,
    sender_domain: &'e str,
    helo: &'e str,
    /// Domains whose records are open, outermost first.
    pub(super) open: Vec<String>,
    pub(super) lookups: u32,
    pub(super) void_lookups: u32,
    pub(super) asked: Vec<Question>,
    /// A question without an answer was met: what follows is provisional.
    pub waiting: bool,
    /// The limits were reached while waiting: nothing more is asked.
    pub(super) exhausted: bool,
    pub(super) shown: usize,
    /// Confirmed names of the address, once known (RFC 7208 §5.5).
    pub validated: Option<Vec<String>>,
    pub(super) problem: Option<Problem>,
    /// The question that failed, where that is the problem.
    pub(super) failed: Option<Question>,
    /// The first question of the term at hand.
    pub(super) question: Option<Question>,
    /// The service whose record is open.
    pub(super) owner: Option<&'static Platform>,
}

/// What one record came to.
pub(super) struct Opened {
    /// `None`: waits for answers.
    pub result: Option<SpfResult>,
    pub node: Node,
    pub matched: Option<String>,
    /// The `exp=` beside the mechanism that failed: the record's text, its domain, the target.
    pub explain: Option<(String, String, DomainSpec)>,
}

/// The name that a term asks about.
pub(super) enum Target {
    Name(String),
    /// No question can be made of it: nothing matches (RFC 7208 §4.8).
    Impossible,
    Waiting,
}

/// Runs `check_host()` (RFC 7208 §4.1). `sender` is an address; without a local part,
/// `postmaster` is meant (§4.3). `helo` feeds `%{h}`.
pub fn check_host(lookup: &Lookup, ip: IpAddr, domain: &str, sender: &str, helo: Option<&str>, is_helo: bool) -> Check {
    // An IPv4-mapped address is an IPv4 address (RFC 7208 §5).
    let ip = ip.to_canonical();
    let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
    let (local, sender_domain) = match sender.rsplit_once('@') {
        Some(("", domain)) => ("postmaster", domain),
        Some(parts) => parts,
        None => ("postmaster", sender),
    };
    let cut = |text: &str| text.floor_char_boundary(IDENTITY);
    let helo = helo.unwrap_or("unknown");
    let mut evaluation = Evaluation {
        lookup,
        ip,
        local: local.get(..cut(local)).unwrap_or_default(),
        sender_domain: sender_domain.get(..cut(sender_domain)).unwrap_or_default(),
        helo: helo.get(..cut(helo)).unwrap_or_default(),
        open: Vec::new(),
        lookups: 0,
        void_lookups: 0,
        asked: Vec::new(),
        waiting: false,
        exhausted: false,
        shown: 0,
        validated: None,
        problem: None,
        failed: None,
        question: None,
        owner: None,
    };
    let mut check = Check {
        ip,
        sender: [local, "@", sender_domain].concat(),
        is_helo,
        result: Some(SpfResult::None),
        matched: None,
        explanation: None,
        lookups: 0,
        void_lookups: 0,
        problem: None,
        tree: None,
        missing: Vec::new(),
        failed: None,
        domain,
    };
    if !checkable(&check.domain) {
        return check;
    }
    let opened = evaluation.open(&check.domain);
    check.result = opened.result;
    if opened.result.is_none() {
        check.missing = std::mem::take(&mut evaluation.asked);
    }
    if opened.result == Some(SpfResult::Fail) {
        check.explanation = opened.explain.and_then(|(text, domain, spec)| evaluation.explain(&text, &domain, &spec));
    }
    check.matched = opened.matched;
    check.tree = Some(opened.node);
    check.lookups = evaluation.lookups;
    check.void_lookups = evaluation.void_lookups;
    check.problem = evaluation.problem;
    check.failed = evaluation.failed;
    check
}

/// A domain of two labels or more, and no address (RFC 7208 §4.3).
pub fn checkable(domain: &str) -> bool {
    askable(domain) && domain.contains('.') && !domain.starts_with('[') && !is_address(domain)
}

/// An IPv4 address ends in a digit, and one of IPv6 has colons: most names need no second look.
fn is_address(name: &str) -> bool {
    (name.ends_with(|c: char| c.is_ascii_digit()) || name.contains(':')) && name.parse::<IpAddr>().is_ok()
}

impl<'e> Evaluation<'e> {
    /// The answer, or `None` after noting the question.
    pub fn ask(&mut self, name: &str, kind: Kind) -> Option<&'e Answer> {
        let question = Question::new(name, kind);
        let answer = self.lookup.answers().get(&question);
        if answer.is_none() {
            self.waiting = true;
            if self.asked.len() < AHEAD && !self.asked.contains(&question) {
                self.lookup.put(question.clone());
                self.asked.push(question.clone());
            }
        }
        self.question.get_or_insert(question);
        answer
    }

    /// What macros stand for in the record of `domain`.
    pub fn values<'v>(&'v self, domain: &'v str, validated: &'v str) -> Values<'v> {
        Values {
            ip: self.ip,
            local: self.local,
            sender_domain: self.sender_domain,
            domain,
            helo: self.helo,
            validated,
            now: 0,
        }
    }

    /// The target-name of a term (RFC 7208 §4.8): `domain` where there is no domain-spec.
    pub fn target(&mut self, domain: &str, text: &str, spec: Option<&DomainSpec>) -> Target {
        let Some(spec) = spec else { return Target::Name(domain.to_owned()) };
        let validated = match wants_validated(&spec.parts) {
            true => match self.validated_for(domain) {
                Some(name) => name,
                None => return Target::Waiting,
            },
            false => String::new(),
        };
        match self.values(domain, &validated).name(&spec.parts, text.as_bytes()) {
            Some(name) => Target::Name(name),
            None => Target::Impossible,
        }
    }

    /// Counts one term that asks DNS.
    pub fn charge(&mut self, domain: &str, text: &str, span: Span) -> Result<(), Step> {
        if self.exhausted {
            return Err(Step::Skip);
        }
        self.lookups += 1;
        if self.lookups <= LOOKUPS {
            return Ok(());
        }
        if self.waiting {
            self.exhausted = true;
            return Err(Step::Skip);
        }
        let term = text.get(span.range()).unwrap_or_default();
        let words = format!("`{term}` would be look-up number {}; receivers stop after {LOOKUPS}", LOOKUPS + 1);
        Err(self.end(SpfResult::PermError, domain, ProblemKind::TooManyLookups, Some(span), words))
    }

    /// Counts one term whose question came back empty.
    pub fn void(&mut self, domain: &str, span: Span) -> Step {
        self.void_lookups += 1;
        if self.void_lookups <= VOID_LOOKUPS {
            return Step::Void;
        }
        if self.waiting {
            self.exhausted = true;
            return Step::Void;
        }
        let words = format!("more than {VOID_LOOKUPS} terms ask for names that have no such records");
        self.end(SpfResult::PermError, domain, ProblemKind::TooManyVoidLookups, Some(span), words)
    }

    /// Ends the evaluation of the record of `domain`; the first problem met is the one told.
    pub fn end(
        &mut self,
        result: SpfResult,
        domain: &str,
        kind: ProblemKind,
        span: Option<Span>,
        text: String,
    ) -> Step {
        if !self.waiting && self.problem.is_none() {
            self.problem =
                Some(Problem { domain: domain.to_owned(), kind, span, text: text.clone(), suggestion: None });
        }
        Step::End(result, text)
    }

    /// A question that failed (RFC 7208 §4.4, §5).
    pub fn failed(&mut self, domain: &str, span: Option<Span>, name: &str, kind: Kind, outcome: Outcome) -> Step {
        if !self.waiting && self.problem.is_none() {
            self.failed = Some(Question::new(name, kind));
        }
        self.end(SpfResult::TempError, domain, ProblemKind::Dns, span, no_answer(outcome, name, kind))
    }
}
