//! The mechanisms (RFC 7208 §5).

use super::domain_spec::DomainSpec;
use super::eval::{Evaluation, Target};
use super::macros::{askable, reverse_name};
use super::record::{Directive, Mechanism, Prefix};
use super::{Node, ProblemKind, SpfResult};
use crate::evidence::{Answer, Data, Kind};
use crate::span::Span;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What came of one mechanism.
pub(super) enum Step {
    Match,
    NoMatch,
    /// Its question came back empty.
    Void,
    Waiting,
    /// The whole evaluation ends here, and why.
    End(SpfResult, String),
    /// Not looked at: the limits are reached.
    Skip,
}

/// Addresses or names that are looked at for one `mx` or `ptr` (RFC 7208 §4.6.4).
pub const HOSTS: usize = 10;

impl Evaluation<'_> {
    /// One directive of the record of `domain`.
    pub(super) fn directive(
        &mut self,
        domain: &str,
        text: &str,
        directive: &Directive,
        span: Span,
    ) -> (Step, Option<Node>) {
        let step = match &directive.mechanism {
            Mechanism::All => Ok(Step::Match),
            Mechanism::Ip4 { network, prefix } => Ok(found(self.within_v4(*network, *prefix))),
            Mechanism::Ip6 { network, prefix } => Ok(found(self.within_v6(*network, *prefix))),
            Mechanism::Include(spec) => return self.include(domain, text, spec, span),
            Mechanism::A { domain: spec, prefix } => self.a(domain, text, spec.as_ref(), *prefix, span),
            Mechanism::Mx { domain: spec, prefix } => self.mx(domain, text, spec.as_ref(), *prefix, span),
            Mechanism::Ptr(spec) => self.ptr(domain, text, spec.as_ref(), span),
            Mechanism::Exists(spec) => self.exists(domain, text, spec, span),
        };
        (step.unwrap_or_else(|step| step), None)
    }

    /// RFC 7208 §5.2, with its table of results.
    fn include(&mut self, domain: &str, text: &str, spec: &DomainSpec, span: Span) -> (Step, Option<Node>) {
        let below = match self.enter(domain, text, spec, span) {
            Ok(below) => below,
            Err(step) => return (step, None),
        };
        let step = match below.result {
            None => Step::Waiting,
            Some(SpfResult::Pass) => Step::Match,
            Some(SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral) => Step::NoMatch,
            Some(result @ (SpfResult::TempError | SpfResult::PermError | SpfResult::None)) => {
                Step::End(result, format!("{} ends in {}", below.node.domain, result.word()))
            }
        };
        (step, Some(below.node))
    }

    /// RFC 7208 §5.3.
    fn a(
        &mut self,
        domain: &str,
        text: &str,
        spec: Option<&DomainSpec>,
        prefix: Prefix,
        span: Span,
    ) -> Result<Step, Step> {
        let name = self.name(domain, text, spec, span)?;
        let kind = self.address_kind();
        let answer = self.ask(&name, kind).ok_or(Step::Waiting)?;
        if answer.outcome.failed() {
            return Err(self.failed(domain, Some(span), &name, kind, answer.outcome));
        }
        let mut addresses = addresses(answer).peekable();
        if addresses.peek().is_none() {
            return Err(self.void(domain, span));
        }
        Ok(found(addresses.any(|a| self.within(a, prefix))))
    }

    /// RFC 7208 §5.4.
    fn mx(
        &mut self,
        domain: &str,
        text: &str,
        spec: Option<&DomainSpec>,
        prefix: Prefix,
        span: Span,
    ) -> Result<Step, Step> {
        let name = self.name(domain, text, spec, span)?;
        let answer = self.ask(&name, Kind::Mx).ok_or(Step::Waiting)?;
        if answer.outcome.failed() {
            return Err(self.failed(domain, Some(span), &name, Kind::Mx, answer.outcome));
        }
        let mut exchanges: Vec<(u16, &str)> = answer
            .records
            .iter()
            .filter_map(|r| match &r.data {
                Data::Mx { preference, exchange } => Some((*preference, exchange.as_str())),
                _ => None,
            })
            .collect();
        if exchanges.is_empty() {
            return Err(self.void(domain, span));
        }
        if exchanges.len() > HOSTS {
            let words = format!("{name} has {} mail servers; receivers look at {HOSTS}", exchanges.len());
            return Err(self.end(SpfResult::PermError, domain, ProblemKind::TooManyMx, Some(span), words));
        }
        exchanges.sort();
        let kind = self.address_kind();
        let (mut any, mut missing) = (false, false);
        // `.` is the null MX (RFC 7505).
        for (_, host) in exchanges.into_iter().filter(|(_, host)| askable(host)) {
            // In order, as a receiver would; past a gap, only the questions.
            let Some(answer) = self.ask(host, kind).filter(|_| !missing) else {
                missing = true;
                continue;
            };
            if answer.outcome.failed() {
                return Err(self.failed(domain, Some(span), host, kind, answer.outcome));
            }
            for address in addresses(answer) {
                any = true;
                if self.within(address, prefix) {
                    return Ok(Step::Match);
                }
            }
        }
        if missing {
            return Err(Step::Waiting);
        }
        if any { Ok(Step::NoMatch) } else { Err(self.void(domain, span)) }
    }

    /// RFC 7208 §5.5: failures never end the evaluation.
    fn ptr(&mut self, domain: &str, text: &str, spec: Option<&DomainSpec>, span: Span) -> Result<Step, Step> {
        let target = self.name(domain, text, spec, span)?;
        let answer = self.ask(&reverse_name(self.ip), Kind::Ptr).ok_or(Step::Waiting)?;
        if answer.outcome.failed() {
            return Ok(Step::NoMatch);
        }
        let names = pointers(answer);
        if names.is_empty() {
            return Err(self.void(domain, span));
        }
        let mut step = Step::NoMatch;
        for name in names.into_iter().filter(|n| is_under(n, &target)) {
            match self.confirmed(name) {
                Some(true) => return Ok(Step::Match),
                Some(false) => {}
                None => step = Step::Waiting,
            }
        }
        Ok(step)
    }

    /// RFC 7208 §5.7: type A, whatever the connection.
    fn exists(&mut self, domain: &str, text: &str, spec: &DomainSpec, span: Span) -> Result<Step, Step> {
        let name = self.name(domain, text, Some(spec), span)?;
        let answer = self.ask(&name, Kind::A).ok_or(Step::Waiting)?;
        if answer.outcome.failed() {
            return Err(self.failed(domain, Some(span), &name, Kind::A, answer.outcome));
        }
        match addresses(answer).next() {
            Some(_) => Ok(Step::Match),
            None => Err(self.void(domain, span)),
        }
    }

    /// Counts the term and says what name it asks about.
    fn name(&mut self, domain: &str, text: &str, spec: Option<&DomainSpec>, span: Span) -> Result<String, Step> {
        self.charge(domain, text, span)?;
        match self.target(domain, text, spec) {
            Target::Name(name) => Ok(name),
            Target::Impossible => Err(Step::NoMatch),
            Target::Waiting => Err(Step::Waiting),
        }
    }

    /// `%{p}` (RFC 7208 §7.3): the domain itself if confirmed, else a name below it, else any,
    /// else `unknown`; `None` while answers are missing.
    pub(super) fn validated_for(&mut self, domain: &str) -> Option<String> {
        if self.validated.is_none() {
            let answer = self.ask(&reverse_name(self.ip), Kind::Ptr)?;
            let mut confirmed = Vec::new();
            let mut missing = false;
            for name in pointers(answer) {
                match self.confirmed(name) {
                    Some(true) => confirmed.push(name.to_owned()),
                    Some(false) => {}
                    None => missing = true,
                }
            }
            if missing {
                return None;
            }
            self.validated = Some(confirmed);
        }
        let names = self.validated.as_deref().unwrap_or_default();
        let best = names
            .iter()
            .find(|n| n.as_str() == domain)
            .or_else(|| names.iter().find(|n| is_under(n, domain)))
            .or(names.first());
        Some(best.map_or_else(|| "unknown".to_owned(), Clone::clone))
    }

    /// Does a reverse name resolve back to the address? `None`: not answered yet.
    fn confirmed(&mut self, name: &str) -> Option<bool> {
        if !askable(name) {
            return Some(false);
        }
        let answer = self.ask(name, self.address_kind())?;
        Some(addresses(answer).any(|a| a == self.ip))
    }

    /// The kind of address that is compared with the client's (RFC 7208 §5).
    fn address_kind(&self) -> Kind {
        if self.ip.is_ipv4() { Kind::A } else { Kind::Aaaa }
    }

    fn within(&self, address: IpAddr, prefix: Prefix) -> bool {
        match address {
            IpAddr::V4(network) => self.within_v4(network, prefix.v4),
            IpAddr::V6(network) => self.within_v6(network, prefix.v6),
        }
    }

    fn within_v4(&self, network: Ipv4Addr, prefix: u8) -> bool {
        let IpAddr::V4(ip) = self.ip else { return false };
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
        u32::from(ip) & mask == u32::from(network) & mask
    }

    fn within_v6(&self, network: Ipv6Addr, prefix: u8) -> bool {
        let IpAddr::V6(ip) = self.ip else { return false };
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
        u128::from(ip) & mask == u128::from(network) & mask
    }
}

fn found(yes: bool) -> Step {
    if yes { Step::Match } else { Step::NoMatch }
}

fn addresses(answer: &Answer) -> impl Iterator<Item = IpAddr> + '_ {
    answer.records.iter().filter_map(|r| match r.data {
        Data::A(ip) => Some(IpAddr::V4(ip)),
        Data::Aaaa(ip) => Some(IpAddr::V6(ip)),
        _ => None,
    })
}

/// The first ten reverse names; further ones are ignored (RFC 7208 §4.6.4).
fn pointers(answer: &Answer) -> Vec<&str> {
    let names = answer.records.iter().filter_map(|r| match &r.data {
        Data::Ptr(name) => Some(name.as_str()),
        _ => None,
    });
    names.take(HOSTS).collect()
}

/// Is `name` the domain, or below it?
fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
