//! SPF records, term by term, with spans (RFC 7208 §4.6.1, §5, §6, Appendix A).
//!
//! Reading goes on after a fault, so that all of them can be told; whether the record may be
//! evaluated is one strict bit, [`Record::broken`]: a single syntax error anywhere makes the
//! whole record a permerror (RFC 7208 §4.6).

use super::domain_spec::DomainSpec;
use super::fault::{self, Fault};
use super::{SpfResult, term};
use crate::span::Span;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A record that begins with `v=spf1`. Spans point into the text it was parsed from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub terms: Vec<Term>,
    /// What a linter sees, in order of place; at most [`Record::FAULTS`].
    pub faults: Vec<Fault>,
    /// There is a syntax error, listed or not.
    pub broken: bool,
}

/// One term between blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub span: Span,
    pub kind: TermKind,
}

/// What a term is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermKind {
    Directive(Directive),
    Redirect(DomainSpec),
    Exp(DomainSpec),
    /// A modifier that RFC 7208 does not define: ignored (§6).
    Modifier {
        name: Span,
        value: Span,
    },
    /// Not a term; a fault says why.
    Broken,
}

/// A mechanism with its qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub qualifier: Qualifier,
    /// `None`: the `+` that is meant where nothing is written.
    pub qualifier_span: Option<Span>,
    pub name: Span,
    pub mechanism: Mechanism,
}

/// RFC 7208 §4.6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    Pass,
    Neutral,
    SoftFail,
    Fail,
}

impl Qualifier {
    /// The qualifier this character writes.
    pub fn of(byte: u8) -> Option<Qualifier> {
        match byte {
            b'+' => Some(Qualifier::Pass),
            b'-' => Some(Qualifier::Fail),
            b'?' => Some(Qualifier::Neutral),
            b'~' => Some(Qualifier::SoftFail),
            _ => None,
        }
    }

    /// The character that writes it.
    pub fn sign(self) -> char {
        match self {
            Qualifier::Pass => '+',
            Qualifier::Neutral => '?',
            Qualifier::SoftFail => '~',
            Qualifier::Fail => '-',
        }
    }

    /// What `check_host()` returns on a match.
    pub fn result(self) -> SpfResult {
        match self {
            Qualifier::Pass => SpfResult::Pass,
            Qualifier::Neutral => SpfResult::Neutral,
            Qualifier::SoftFail => SpfResult::SoftFail,
            Qualifier::Fail => SpfResult::Fail,
        }
    }
}

/// RFC 7208 §5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    All,
    Include(DomainSpec),
    A { domain: Option<DomainSpec>, prefix: Prefix },
    Mx { domain: Option<DomainSpec>, prefix: Prefix },
    Ptr(Option<DomainSpec>),
    Ip4 { network: Ipv4Addr, prefix: u8 },
    Ip6 { network: Ipv6Addr, prefix: u8 },
    Exists(DomainSpec),
}

impl Mechanism {
    /// Does it count towards the limit of ten (RFC 7208 §4.6.4)?
    pub fn asks_dns(&self) -> bool {
        !matches!(self, Mechanism::All | Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. })
    }
}

/// `dual-cidr-length` (RFC 7208 §5.3), in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    pub v4: u8,
    pub v6: u8,
}

impl Default for Prefix {
    fn default() -> Self {
        Prefix { v4: 32, v6: 128 }
    }
}

impl Record {
    /// Faults kept at most.
    pub const FAULTS: usize = 64;

    /// Is this text an SPF record: exactly `v=spf1`, then a blank or the end (RFC 7208 §4.5)?
    pub fn is(text: &[u8]) -> bool {
        text.get(..6).is_some_and(|v| v.eq_ignore_ascii_case(b"v=spf1")) && matches!(text.get(6), None | Some(b' '))
    }

    /// Parses a record; `None` where [`Record::is`] says it is none.
    pub fn parse(text: &[u8]) -> Option<Record> {
        if !Record::is(text) {
            return None;
        }
        let mut record = Record::default();
        let mut at = 6;
        for piece in text.get(6..).unwrap_or_default().split(|&b| b == b' ') {
            let span = Span::new(at, at + piece.len());
            at += piece.len() + 1;
            if piece.is_empty() {
                continue;
            }
            let kind = match term::parse(text, span) {
                Ok(kind) => kind,
                Err(flaw) => {
                    record.broken = true;
                    if record.faults.len() < Record::FAULTS {
                        record.faults.push(fault::explain(text, span, flaw));
                    }
                    TermKind::Broken
                }
            };
            record.terms.push(Term { span, kind });
        }
        fault::join_broken(text, &mut record);
        fault::lint(text, &mut record);
        // Syntax errors first when there is no room for all.
        record.faults.sort_by_key(|f| (!f.fatal, f.span));
        record.faults.truncate(Record::FAULTS);
        record.faults.sort_by_key(|f| f.span);
        Some(record)
    }

    /// The directives, in order.
    pub fn directives(&self) -> impl Iterator<Item = (&Term, &Directive)> {
        self.terms.iter().filter_map(|t| match &t.kind {
            TermKind::Directive(d) => Some((t, d)),
            _ => None,
        })
    }

    /// The first `all`.
    pub fn all(&self) -> Option<(&Term, &Directive)> {
        self.directives().find(|(_, d)| d.mechanism == Mechanism::All)
    }

    /// The `redirect=` that counts: none where there is an `all` (RFC 7208 §5.1).
    pub fn redirect(&self) -> Option<(&Term, &DomainSpec)> {
        if self.all().is_some() {
            return None;
        }
        self.terms.iter().find_map(|t| match &t.kind {
            TermKind::Redirect(spec) => Some((t, spec)),
            _ => None,
        })
    }

    /// The `exp=`.
    pub fn exp(&self) -> Option<&DomainSpec> {
        self.terms.iter().find_map(|t| match &t.kind {
            TermKind::Exp(spec) => Some(spec),
            _ => None,
        })
    }

    /// Terms of this record alone that count towards the limit of ten (RFC 7208 §4.6.4).
    pub fn own_lookups(&self) -> usize {
        let all = self.all().map(|(term, _)| term.span);
        let reached = |t: &Term| all.is_none_or(|all| t.span < all);
        let mechanisms = self.directives().filter(|(t, d)| reached(t) && d.mechanism.asks_dns()).count();
        mechanisms + usize::from(self.redirect().is_some())
    }
}
