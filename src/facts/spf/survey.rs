//! A domain's SPF record without a message: every branch opened as if nothing matched.
//!
//! This is what a receiver pays for a client that no term lists (RFC 7208 §4.6.4), and where
//! every fault below the record comes to light. A survey goes on past the limits that stop a
//! receiver, so that the whole bill can be shown, up to limits of its own.

use super::domain_spec::{DomainSpec, Part};
use super::eval::{LOOKUPS, VOID_LOOKUPS, checkable};
use super::macros::Values;
use super::mechanism::HOSTS;
use super::overlap::Overlaps;
use super::record::{Directive, Mechanism, Qualifier, Record, TermKind};
use super::{Branch, BranchState, Node, Problem, ProblemKind, Selected, SpfResult, broken, no_answer, owner};
use crate::evidence::{Answer, Data, Kind, Outcome, Question};
use crate::facts::lookup::Lookup;
use crate::knowledge::Platform;
use crate::span::Span;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// Terms that ask DNS which are followed; those beyond are only counted.
pub const FOLLOWED: u32 = 40;
/// Different questions in all.
const QUESTIONS: usize = 100;
/// Terms shown in the tree, over all records.
const SHOWN: usize = 2000;
/// Problems kept.
const PROBLEMS: usize = 64;

/// What a domain's SPF record costs and holds.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Empty for a pasted record without a name.
    pub domain: String,
    /// The record was pasted; it need not be what is published.
    pub pasted: bool,
    pub tree: Node,
    /// Terms that ask DNS where nothing matches (RFC 7208 §4.6.4); see [`Survey::may_cost_more`].
    pub lookups: u32,
    /// Terms that find nothing, for a client over IPv4; a lower bound unless [`Survey::is_complete`].
    pub void_lookups: u32,
    /// The same for a client over IPv6: a host without an AAAA record is void to it.
    pub void_lookups_v6: u32,
    /// Some term lets an IPv6 address send.
    pub lists_v6: bool,
    /// The smallest TTL of the records in the tree, seconds.
    pub ttl: Option<u32>,
    /// What a client gets that nothing lists; `None`: not known.
    pub default: Option<SpfResult>,
    /// Everything on the way that makes receivers give up, in the order they would meet it.
    pub problems: Vec<Problem>,
    /// Too much to follow it all.
    pub cut: bool,
    /// Questions still open.
    pub missing: Vec<Question>,
    /// Questions whose answers failed.
    pub failed: Vec<Question>,
}

impl Survey {
    /// The first thing a receiver stumbles over that finds no listed client on its way.
    pub fn problem(&self, kind: ProblemKind) -> Option<&Problem> {
        self.problems.iter().find(|p| p.kind == kind)
    }

    /// Questions that taught nothing: still open, or failed.
    pub fn unanswered(&self) -> impl Iterator<Item = &Question> {
        self.missing.iter().chain(&self.failed)
    }

    /// All of it was followed, nothing is open, and nothing failed.
    pub fn is_complete(&self) -> bool {
        !self.cut && self.unanswered().next().is_none()
    }

    /// Some record below was not read: [`Survey::lookups`] is a lower bound.
    pub fn may_cost_more(&self) -> bool {
        self.cut || self.unanswered().any(|q| q.kind == Kind::Txt)
    }
}

/// Surveys what is published at a domain.
pub fn survey(lookup: &Lookup, domain: &str) -> Survey {
    let mut walk = Walk::new(lookup, domain);
    let (tree, default) = walk.open(domain, None);
    walk.done(domain, false, tree, default)
}

/// Surveys a record that is not, or not yet, published.
pub fn survey_text(lookup: &Lookup, domain: &str, text: &str) -> Survey {
    let mut walk = Walk::new(lookup, domain);
    let mut tree = Node { domain: domain.to_owned(), ..Node::default() };
    let default = walk.read(&mut tree, text.to_owned(), None);
    walk.done(domain, true, tree, default)
}

struct Walk<'e> {
    lookup: &'e Lookup<'e>,
    /// The domain of `%{o}`.
    sender: &'e str,
    open: Vec<String>,
    lookups: u32,
    /// IPv4, IPv6.
    voids: [u32; 2],
    lists_v6: bool,
    ttl: Option<u32>,
    asked: BTreeSet<Question>,
    missing: Vec<Question>,
    failed: Vec<Question>,
    problems: Vec<Problem>,
    overlaps: Overlaps,
    /// A match here lets somebody send: no `-include:` is around.
    allows: bool,
    cut: bool,
    shown: usize,
}

/// A target-name as far as it is known without a message.
enum Name {
    Is(String),
    /// It holds a macro of the message.
    Varies,
    /// No question can be made of it.
    Impossible,
}

/// What one directive came to: its state, the record below, and the result where it always matches.
type Seen = (BranchState, Option<Node>, Option<SpfResult>);

impl<'e> Walk<'e> {
    fn new(lookup: &'e Lookup<'e>, sender: &'e str) -> Self {
        Walk {
            lookup,
            sender,
            open: Vec::new(),
            lookups: 0,
            voids: [0; 2],
            lists_v6: false,
            ttl: None,
            asked: BTreeSet::new(),
            missing: Vec::new(),
            failed: Vec::new(),
            problems: Vec::new(),
            overlaps: Overlaps::default(),
            allows: true,
            cut: false,
            shown: 0,
        }
    }

    fn done(mut self, domain: &str, pasted: bool, mut tree: Node, mut default: Option<SpfResult>) -> Survey {
        self.overlaps.mark(&mut tree);
        // What makes receivers give up comes before the end of the record.
        match self.problems.first() {
            Some(problem) if problem.kind == ProblemKind::Dns => default = None,
            Some(_) => default = Some(SpfResult::PermError),
            None => {}
        }
        Survey {
            domain: domain.to_owned(),
            pasted,
            tree,
            lookups: self.lookups,
            void_lookups: self.voids[0],
            void_lookups_v6: self.voids[1],
            lists_v6: self.lists_v6,
            ttl: self.ttl,
            default,
            problems: self.problems,
            cut: self.cut,
            missing: self.missing,
            failed: self.failed,
        }
    }

    fn ask(&mut self, name: &str, kind: Kind) -> Option<&'e Answer> {
        let question = Question::new(name, kind);
        if self.asked.len() >= QUESTIONS && !self.asked.contains(&question) {
            self.cut = true;
            return None;
        }
        self.asked.insert(question.clone());
        let answer = self.lookup.put(question.clone());
        if answer.is_none() && !self.missing.contains(&question) {
            self.missing.push(question);
        }
        answer
    }

    fn problem(&mut self, domain: &str, kind: ProblemKind, span: Option<Span>, text: String) -> BranchState {
        if self.problems.len() < PROBLEMS {
            let problem = Problem { domain: domain.to_owned(), kind, span, text: text.clone(), suggestion: None };
            self.problems.push(problem);
        }
        BranchState::Failed(text)
    }

    fn failed(&mut self, domain: &str, span: Option<Span>, name: &str, kind: Kind, outcome: Outcome) -> BranchState {
        let question = Question::new(name, kind);
        if !self.failed.contains(&question) {
            self.failed.push(question);
        }
        self.problem(domain, ProblemKind::Dns, span, no_answer(outcome, name, kind))
    }

    /// The record of `domain`, and what it comes to where nothing matches.
    fn open(&mut self, domain: &str, around: Option<&'static Platform>) -> (Node, Option<SpfResult>) {
        let mut node = Node { domain: domain.to_owned(), ..Node::default() };
        let Some(answer) = self.ask(domain, Kind::Txt) else { return (node, None) };
        (node.outcome, node.ttl) = (Some(answer.outcome), answer.ttl());
        let default = match Selected::of(answer) {
            Selected::Failed(outcome) => {
                self.failed(domain, None, domain, Kind::Txt, outcome);
                None
            }
            Selected::Nothing => Some(SpfResult::None),
            Selected::Several => {
                let words = format!("{domain} publishes more than one SPF record");
                self.problem(domain, ProblemKind::MultipleRecords, None, words);
                None
            }
            Selected::One(text) => {
                self.ttl = self.ttl.into_iter().chain(node.ttl).min();
                self.read(&mut node, text, around)
            }
        };
        (node, default)
    }

    fn read(&mut self, node: &mut Node, text: String, around: Option<&'static Platform>) -> Option<SpfResult> {
        let record = Record::parse(text.as_bytes())?;
        let domain = node.domain.clone();
        let default = if record.broken {
            self.broken(&domain, &text, &record, &mut node.terms);
            None
        } else {
            self.open.push(domain.clone());
            let default = self.walk(&domain, &text, &record, around, &mut node.terms);
            self.open.pop();
            default
        };
        node.record = Some(text);
        default
    }

    fn broken(&mut self, domain: &str, text: &str, record: &Record, terms: &mut Vec<Branch>) {
        let first = record.faults.iter().find(|f| f.fatal);
        let words = first.map_or_else(|| "the record has a syntax error".to_owned(), |f| f.message.clone());
        self.problem(domain, ProblemKind::Syntax, first.map(|f| f.span), words);
        if let Some(problem) = self.problems.last_mut().filter(|p| p.kind == ProblemKind::Syntax) {
            problem.suggestion = first.and_then(|f| f.suggestion.clone());
        }
        for branch in broken(text, record, self.lookups) {
            self.show(terms, branch);
        }
    }

    fn walk(
        &mut self,
        domain: &str,
        text: &str,
        record: &Record,
        around: Option<&'static Platform>,
        terms: &mut Vec<Branch>,
    ) -> Option<SpfResult> {
        let redirect = record.redirect().map(|(term, _)| term.span);
        // What ends the record; while it is not known whether a term does, the rest is walked all the same.
        let (mut ended, mut known) = (None, true);
        let mut last = None;
        for term in &record.terms {
            let mut branch = Branch::new(text, term.span);
            branch.owner = around;
            match &term.kind {
                TermKind::Exp(_) | TermKind::Modifier { .. } => branch.state = BranchState::Aside,
                TermKind::Redirect(spec) if redirect == Some(term.span) => last = Some((terms.len(), spec, term.span)),
                TermKind::Directive(directive) if ended.is_none() => {
                    let result = self.directive(domain, text, directive, &mut branch);
                    known &= !matches!(branch.state, BranchState::Waiting | BranchState::Failed(_));
                    ended = result;
                }
                _ => {}
            }
            branch.total = self.lookups;
            self.show(terms, branch);
        }
        if let (Some((at, spec, span)), None) = (last, ended) {
            let mut branch = Branch::new(text, span);
            branch.owner = around;
            ended = self.redirect(domain, text, spec, &mut branch);
            known &= ended.is_some();
            branch.total = self.lookups;
            if let Some(place) = terms.get_mut(at).filter(|b| b.span == span) {
                *place = branch;
            }
        }
        known.then_some(ended.unwrap_or(SpfResult::Neutral))
    }

    /// One mechanism; a result where it matches whoever sends.
    fn directive(&mut self, domain: &str, text: &str, directive: &Directive, branch: &mut Branch) -> Option<SpfResult> {
        let span = branch.span;
        let result = directive.qualifier.result();
        let lets_in = self.allows && directive.qualifier == Qualifier::Pass;
        if directive.mechanism.asks_dns() {
            branch.owner = owner(&branch.text, branch.owner);
            branch.cost = 1;
            if !self.charge(domain, text, span) {
                branch.state = BranchState::NotReached;
                return None;
            }
        }
        let (state, below, always) = match &directive.mechanism {
            Mechanism::All => (BranchState::Matched(result), None, Some(result)),
            Mechanism::Ip4 { network, prefix } => {
                if lets_in {
                    self.overlaps.range(IpAddr::V4(*network), *prefix, &branch.text, domain, span);
                }
                (BranchState::Counted, None, None)
            }
            Mechanism::Ip6 { network, prefix } => {
                if lets_in {
                    self.lists_v6 = true;
                    self.overlaps.range(IpAddr::V6(*network), *prefix, &branch.text, domain, span);
                }
                (BranchState::Counted, None, None)
            }
            Mechanism::Include(spec) => {
                let allows = std::mem::replace(&mut self.allows, lets_in);
                let seen = self.include(domain, text, spec, result, branch);
                self.allows = allows;
                seen
            }
            Mechanism::A { domain: spec, .. } => (self.a(domain, text, spec.as_ref(), lets_in, branch), None, None),
            Mechanism::Mx { domain: spec, .. } => (self.mx(domain, text, spec.as_ref(), lets_in, branch), None, None),
            Mechanism::Ptr(_) => (BranchState::Varies, None, None),
            Mechanism::Exists(spec) => (self.exists(domain, text, spec, branch), None, None),
        };
        branch.state = state;
        branch.below = below.map(Box::new);
        always
    }

    /// Counts a term that asks DNS; false where there is too much to follow it.
    fn charge(&mut self, domain: &str, text: &str, span: Span) -> bool {
        self.lookups += 1;
        if self.lookups == LOOKUPS + 1 {
            let term = text.get(span.range()).unwrap_or_default();
            let words = format!("`{term}` is look-up number {}; receivers stop after {LOOKUPS}", LOOKUPS + 1);
            self.problem(domain, ProblemKind::TooManyLookups, Some(span), words);
        }
        self.cut |= self.lookups > FOLLOWED;
        self.lookups <= FOLLOWED
    }

    fn include(&mut self, domain: &str, text: &str, spec: &DomainSpec, result: SpfResult, branch: &mut Branch) -> Seen {
        match self.enter(domain, text, spec, branch) {
            // RFC 7208 §5.2: what lets everyone in matches everyone.
            Ok((node, Some(SpfResult::Pass))) => (BranchState::Matched(result), Some(node), Some(result)),
            Ok((node, default)) => (self.below(&node, default), Some(node), None),
            Err(state) => (state, None, None),
        }
    }

    /// RFC 7208 §6.1.
    fn redirect(&mut self, domain: &str, text: &str, spec: &DomainSpec, branch: &mut Branch) -> Option<SpfResult> {
        branch.owner = owner(&branch.text, branch.owner);
        branch.cost = 1;
        if !self.charge(domain, text, branch.span) {
            return None;
        }
        match self.enter(domain, text, spec, branch) {
            Ok((node, default)) => {
                branch.state = default.map_or_else(|| self.below(&node, default), BranchState::Matched);
                branch.below = Some(Box::new(node));
                default
            }
            Err(state) => {
                branch.state = state;
                None
            }
        }
    }

    /// The state of a term by the record below it.
    fn below(&self, node: &Node, default: Option<SpfResult>) -> BranchState {
        match (default, node.outcome) {
            (Some(_), _) => BranchState::Counted,
            (None, None) => BranchState::Waiting,
            (None, Some(outcome)) if outcome.failed() => {
                BranchState::Failed(no_answer(outcome, &node.domain, Kind::Txt))
            }
            (None, Some(_)) => match self.problems.iter().find(|p| p.domain == node.domain && is_broken(p.kind)) {
                Some(problem) => BranchState::Failed(problem.text.clone()),
                None => BranchState::Counted,
            },
        }
    }

    /// Opens the record that a term names; a state where there is none to open.
    fn enter(
        &mut self,
        domain: &str,
        text: &str,
        spec: &DomainSpec,
        branch: &mut Branch,
    ) -> Result<(Node, Option<SpfResult>), BranchState> {
        let span = branch.span;
        let name = match self.name(domain, text, Some(spec)) {
            Name::Is(name) if checkable(&name) => name,
            Name::Varies => return Err(BranchState::Varies),
            _ => {
                let words =
                    format!("`{}` names nothing that can be asked for", text.get(span.range()).unwrap_or_default());
                return Err(self.problem(domain, ProblemKind::IncludeWithoutRecord, Some(span), words));
            }
        };
        branch.question = Some(Question::new(&name, Kind::Txt));
        if self.open.contains(&name) {
            let words = format!("{name} leads back to itself");
            return Err(self.problem(domain, ProblemKind::Loop, Some(span), words));
        }
        branch.twin = self.overlaps.opened(&name, &branch.text, domain);
        let (node, default) = self.open(&name, branch.owner);
        if default == Some(SpfResult::None) {
            let words = format!("{name} publishes no SPF record");
            return Err(self.problem(domain, ProblemKind::IncludeWithoutRecord, Some(span), words));
        }
        Ok((node, default))
    }

    fn a(
        &mut self,
        domain: &str,
        text: &str,
        spec: Option<&DomainSpec>,
        lets_in: bool,
        branch: &mut Branch,
    ) -> BranchState {
        let name = match self.host(domain, text, spec, Kind::A, branch) {
            Ok(name) => name,
            Err(state) => return state,
        };
        branch.twin = self.overlaps.host("a", &name, &branch.text, domain);
        let families = match self.addresses(domain, branch.span, &name) {
            Ok(families) => families,
            Err(state) => return state,
        };
        self.found(families, domain, branch.span, lets_in)
    }

    fn mx(
        &mut self,
        domain: &str,
        text: &str,
        spec: Option<&DomainSpec>,
        lets_in: bool,
        branch: &mut Branch,
    ) -> BranchState {
        let name = match self.host(domain, text, spec, Kind::Mx, branch) {
            Ok(name) => name,
            Err(state) => return state,
        };
        branch.twin = self.overlaps.host("mx", &name, &branch.text, domain);
        let Some(answer) = self.ask(&name, Kind::Mx) else { return BranchState::Waiting };
        if answer.outcome.failed() {
            return self.failed(domain, Some(branch.span), &name, Kind::Mx, answer.outcome);
        }
        let exchanges = answer.records.iter().filter_map(|r| match &r.data {
            Data::Mx { exchange, .. } => Some(exchange.as_str()),
            _ => None,
        });
        let exchanges: Vec<&str> = exchanges.collect();
        if exchanges.len() > HOSTS {
            let words = format!("{name} has {} mail servers; receivers look at {HOSTS}", exchanges.len());
            return self.problem(domain, ProblemKind::TooManyMx, Some(branch.span), words);
        }
        let mut families = [Some(false); 2];
        // `.` is the null MX (RFC 7505).
        for host in exchanges.into_iter().filter(|host| super::macros::askable(host)) {
            let has = match self.addresses(domain, branch.span, host) {
                Ok(has) => has,
                Err(state) => return state,
            };
            for (family, has) in families.iter_mut().zip(has) {
                *family = match (*family, has) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (known, has) => has.and(known),
                };
            }
        }
        self.found(families, domain, branch.span, lets_in)
    }

    /// Has the host addresses of each family? A state where a question failed.
    fn addresses(&mut self, domain: &str, span: Span, host: &str) -> Result<[Option<bool>; 2], BranchState> {
        let mut families = [None; 2];
        for (family, kind) in families.iter_mut().zip([Kind::A, Kind::Aaaa]) {
            match self.ask(host, kind) {
                Some(answer) if answer.outcome.failed() => {
                    return Err(self.failed(domain, Some(span), host, kind, answer.outcome));
                }
                answer => *family = answer.map(has_address),
            }
        }
        Ok(families)
    }

    fn exists(&mut self, domain: &str, text: &str, spec: &DomainSpec, branch: &mut Branch) -> BranchState {
        let name = match self.host(domain, text, Some(spec), Kind::A, branch) {
            Ok(name) => name,
            Err(state) => return state,
        };
        match self.ask(&name, Kind::A) {
            None => BranchState::Waiting,
            Some(answer) if answer.outcome.failed() => {
                self.failed(domain, Some(branch.span), &name, Kind::A, answer.outcome)
            }
            Some(answer) => self.found([Some(has_address(answer)); 2], domain, branch.span, false),
        }
    }

    /// Counts a term as void where it found nothing (RFC 7208 §4.6.4), for each family of clients.
    fn found(&mut self, families: [Option<bool>; 2], domain: &str, span: Span, lets_in: bool) -> BranchState {
        self.lists_v6 |= lets_in && families[1] == Some(true);
        for (void, found) in self.voids.iter_mut().zip(families) {
            *void += u32::from(found == Some(false));
        }
        if families[0] == Some(false) && self.voids[0] == VOID_LOOKUPS + 1 {
            let words = format!("more than {VOID_LOOKUPS} terms ask for names that have no such records");
            self.problem(domain, ProblemKind::TooManyVoidLookups, Some(span), words);
        }
        match families {
            [Some(false), Some(false)] => BranchState::Void,
            [None, _] | [_, None] => BranchState::Waiting,
            _ => BranchState::Counted,
        }
    }

    /// The name that `a`, `mx` or `exists` asks about.
    fn host(
        &mut self,
        domain: &str,
        text: &str,
        spec: Option<&DomainSpec>,
        kind: Kind,
        branch: &mut Branch,
    ) -> Result<String, BranchState> {
        match self.name(domain, text, spec) {
            Name::Is(name) => {
                branch.question = Some(Question::new(&name, kind));
                Ok(name)
            }
            Name::Varies => Err(BranchState::Varies),
            // RFC 7208 §4.8: it matches nobody.
            Name::Impossible => Err(BranchState::NoMatch),
        }
    }

    /// Only `%{d}` and `%{o}` are known without a message (RFC 7208 §7.2).
    fn name(&self, domain: &str, text: &str, spec: Option<&DomainSpec>) -> Name {
        let Some(spec) = spec else {
            // A pasted record need not say whose it is.
            return if domain.is_empty() { Name::Varies } else { Name::Is(domain.to_owned()) };
        };
        let known = |part: &Part| match part {
            Part::Macro(m) => matches!(m.letter, b'd' | b'o') && !domain.is_empty(),
            _ => true,
        };
        if !spec.parts.iter().all(known) {
            return Name::Varies;
        }
        let values = Values {
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            local: "",
            sender_domain: self.sender,
            domain,
            helo: "",
            validated: "",
            now: 0,
        };
        values.name(&spec.parts, text.as_bytes()).map_or(Name::Impossible, Name::Is)
    }

    /// Adds a branch to the tree while there is room; what costs always has room.
    fn show(&mut self, terms: &mut Vec<Branch>, branch: Branch) {
        let matters = (branch.cost > 0 && self.lookups <= FOLLOWED) || matches!(branch.state, BranchState::Matched(_));
        if self.shown < SHOWN || matters {
            self.shown += 1;
            terms.push(branch);
        }
    }
}

fn is_broken(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Syntax | ProblemKind::MultipleRecords)
}

fn has_address(answer: &Answer) -> bool {
    answer.records.iter().any(|r| matches!(r.data, Data::A(_) | Data::Aaaa(_)))
}
