//! A record, opened and walked term by term (RFC 7208 §4.4 to §4.7, §6).

use super::domain_spec::{DomainSpec, Place, parts};
use super::eval::{Evaluation, Opened, Target, checkable};
use super::macros::{Values, wants_validated};
use super::mechanism::Step;
use super::record::{Directive, Record, TermKind};
use super::{Branch, BranchState, Node, ProblemKind, Selected, SpfResult, broken, owner};
use crate::evidence::Kind;
use crate::span::Span;

/// Terms shown in the tree, over all records.
const SHOWN: usize = 2000;

impl Evaluation<'_> {
    /// The record of `domain`, looked up and evaluated (RFC 7208 §4.4 to §4.7).
    pub fn open(&mut self, domain: &str) -> Opened {
        let mut opened = Opened {
            result: None,
            node: Node { domain: domain.to_owned(), ..Node::default() },
            matched: None,
            explain: None,
        };
        let Some(answer) = self.ask(domain, Kind::Txt) else { return opened };
        (opened.node.outcome, opened.node.ttl) = (Some(answer.outcome), answer.ttl());
        let text = match Selected::of(answer) {
            Selected::Failed(outcome) => {
                self.failed(domain, None, domain, Kind::Txt, outcome);
                opened.result = Some(SpfResult::TempError);
                return opened;
            }
            Selected::Nothing => {
                opened.result = Some(SpfResult::None);
                return opened;
            }
            Selected::Several => {
                let words = format!("{domain} publishes more than one SPF record");
                self.end(SpfResult::PermError, domain, ProblemKind::MultipleRecords, None, words);
                opened.result = Some(SpfResult::PermError);
                return opened;
            }
            Selected::One(text) => text,
        };
        opened.node.record = Some(text.clone());
        let Some(record) = Record::parse(text.as_bytes()) else { return opened };
        if record.broken {
            let fault = record.faults.iter().find(|f| f.fatal);
            let words = fault.map_or_else(|| "the record has a syntax error".to_owned(), |f| f.message.clone());
            self.end(SpfResult::PermError, domain, ProblemKind::Syntax, fault.map(|f| f.span), words);
            if let Some(problem) = self.problem.as_mut().filter(|p| p.kind == ProblemKind::Syntax) {
                problem.suggestion = fault.and_then(|f| f.suggestion.clone());
            }
            for branch in broken(&text, &record, self.lookups) {
                self.show(&mut opened.node.terms, branch);
            }
            opened.result = Some(SpfResult::PermError);
            return opened;
        }
        self.open.push(domain.to_owned());
        self.walk(domain, &text, &record, &mut opened);
        self.open.pop();
        opened
    }

    /// Every term of a record, in order, then `redirect=`, then the default (RFC 7208 §4.6.2, §4.7).
    fn walk(&mut self, domain: &str, text: &str, record: &Record, opened: &mut Opened) {
        let redirect = record.redirect();
        let mut redirect_branch = None;
        let (mut unknown, mut ended) = (false, false);
        for term in &record.terms {
            let mut branch = Branch::new(text, term.span);
            if redirect.is_some_and(|(t, _)| t.span == term.span) {
                redirect_branch = Some(opened.node.terms.len());
            }
            if matches!(term.kind, TermKind::Exp(_) | TermKind::Modifier { .. }) {
                branch.state = BranchState::Aside;
            }
            if let (TermKind::Directive(directive), false) = (&term.kind, ended) {
                let before = self.lookups;
                let (step, below) = self.term(&mut branch, directive.mechanism.asks_dns(), |e| {
                    e.directive(domain, text, directive, term.span)
                });
                branch.cost = u32::from(self.lookups > before && directive.mechanism.asks_dns());
                branch.below = below.map(Box::new);
                ended = self.settle(step, directive, &mut branch, &mut unknown, opened);
                if ended && opened.result == Some(SpfResult::Fail) {
                    opened.explain = record.exp().map(|spec| (text.to_owned(), domain.to_owned(), spec.clone()));
                }
            }
            branch.total = self.lookups;
            self.show(&mut opened.node.terms, branch);
        }
        if ended {
            return;
        }
        let Some((term, spec)) = redirect else {
            opened.result = (!unknown).then_some(SpfResult::Neutral);
            return;
        };
        let before = self.lookups;
        let mut branch = Branch::new(text, term.span);
        (branch.state, branch.below) = self.term(&mut branch, true, |e| {
            let (state, below) = e.redirect(domain, text, spec, term.span, unknown, opened);
            (state, below.map(Box::new))
        });
        branch.cost = u32::from(self.lookups > before);
        branch.total = self.lookups;
        // It may have found no room in the tree.
        let place = redirect_branch.and_then(|n| opened.node.terms.get_mut(n));
        if let Some(place) = place.filter(|b| b.span == term.span) {
            *place = branch;
        }
    }

    /// Works on one term, noting its owner and its first question.
    fn term<T>(&mut self, branch: &mut Branch, asks: bool, work: impl FnOnce(&mut Self) -> T) -> T {
        let around = (self.owner, self.question.take());
        if asks {
            self.owner = owner(&branch.text, self.owner);
        }
        branch.owner = self.owner;
        let done = work(self);
        branch.question = std::mem::replace(&mut self.question, around.1);
        self.owner = around.0;
        done
    }

    /// Writes down what came of a directive; true where nothing after it counts.
    fn settle(
        &mut self,
        step: Step,
        directive: &Directive,
        branch: &mut Branch,
        unknown: &mut bool,
        opened: &mut Opened,
    ) -> bool {
        let (state, result) = match step {
            Step::Match => {
                let result = directive.qualifier.result();
                (BranchState::Matched(result), Some(result))
            }
            Step::NoMatch => (BranchState::NoMatch, None),
            Step::Void => (BranchState::Void, None),
            Step::Waiting => {
                *unknown = true;
                (BranchState::Waiting, None)
            }
            Step::End(result, why) => (BranchState::Failed(why), Some(result)),
            Step::Skip => {
                *unknown = true;
                (BranchState::NotReached, None)
            }
        };
        let ended = result.is_some() || self.exhausted;
        if !*unknown && result.is_some() {
            opened.result = result;
            if matches!(state, BranchState::Matched(_)) {
                opened.matched = Some(branch.text.clone());
            }
        }
        branch.state = state;
        ended
    }

    /// `redirect=` (RFC 7208 §6.1).
    fn redirect(
        &mut self,
        domain: &str,
        text: &str,
        spec: &DomainSpec,
        span: Span,
        unknown: bool,
        opened: &mut Opened,
    ) -> (BranchState, Option<Node>) {
        let (below, step) = match self.enter(domain, text, spec, span) {
            Ok(below) => (Some(below), None),
            Err(step) => (None, Some(step)),
        };
        let (result, state, node) = match (below, step) {
            (Some(below), _) => {
                let state = match below.result {
                    None => BranchState::Waiting,
                    Some(r @ (SpfResult::PermError | SpfResult::TempError)) => BranchState::Failed(r.word().to_owned()),
                    Some(r) => BranchState::Matched(r),
                };
                if !unknown {
                    opened.matched = below.matched;
                    opened.explain = below.explain;
                }
                (below.result, state, Some(below.node))
            }
            (None, Some(Step::End(result, why))) => (Some(result), BranchState::Failed(why), None),
            (None, Some(Step::Skip)) => (None, BranchState::NotReached, None),
            (None, _) => (None, BranchState::Waiting, None),
        };
        opened.result = result.filter(|_| !unknown);
        (state, node)
    }

    /// Opens the record that `include:` or `redirect=` names. A target without a record is a
    /// permerror for both (RFC 7208 §5.2, §6.1).
    pub fn enter(&mut self, domain: &str, text: &str, spec: &DomainSpec, span: Span) -> Result<Opened, Step> {
        self.charge(domain, text, span)?;
        let name = match self.target(domain, text, Some(spec)) {
            Target::Name(name) if checkable(&name) => name,
            Target::Waiting => return Err(Step::Waiting),
            _ => {
                let words =
                    format!("`{}` names nothing that can be asked for", text.get(span.range()).unwrap_or_default());
                let kind = ProblemKind::IncludeWithoutRecord;
                return Err(self.end(SpfResult::PermError, domain, kind, Some(span), words));
            }
        };
        // Macros depend on the domain alone here, so a record that comes back to itself never ends.
        if self.open.contains(&name) {
            let words = format!("{name} leads back to itself");
            return Err(self.end(SpfResult::PermError, domain, ProblemKind::Loop, Some(span), words));
        }
        let mut below = self.open(&name);
        if below.result == Some(SpfResult::None) {
            let words = format!("{name} publishes no SPF record");
            let kind = ProblemKind::IncludeWithoutRecord;
            self.end(SpfResult::PermError, domain, kind, Some(span), words);
            below.result = Some(SpfResult::PermError);
        }
        Ok(below)
    }

    /// The text that the domain owner has for refused senders (RFC 7208 §6.2); `None` where it
    /// has none, it is unreadable, or its answer is not there yet.
    pub fn explain(&mut self, text: &str, domain: &str, spec: &DomainSpec) -> Option<String> {
        let Target::Name(name) = self.target(domain, text, Some(spec)) else { return None };
        let answer = self.ask(&name, Kind::Txt)?;
        let mut texts = answer.texts();
        let (Some(bytes), None) = (texts.next(), texts.next()) else { return None };
        let span = Span::new(0, bytes.len());
        let parts = parts(&bytes, span, Place::Explanation).ok()?;
        let validated = match wants_validated(&parts) {
            true => self.validated_for(domain)?,
            false => String::new(),
        };
        // `%{t}`: the time at which the explanation was fetched.
        let values = Values { now: answer.at.as_second(), ..self.values(domain, &validated) };
        Some(values.explanation(&parts, &bytes))
    }

    /// Adds a branch to the tree while there is room; one with something below always has room.
    fn show(&mut self, terms: &mut Vec<Branch>, branch: Branch) {
        if self.shown < SHOWN || branch.cost > 0 || matches!(branch.state, BranchState::Matched(_)) {
            self.shown += 1;
            terms.push(branch);
        }
    }
}
