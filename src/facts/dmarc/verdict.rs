//! Pass or fail, from the results at hand and the domains they belong to (RFC 9989 §4.4, §5.3);
//! never from what the receiver wrote as `dmarc=`.

use super::DmarcRecord;
use crate::facts::Reading;
use crate::facts::boundary::{Identities, MailFrom};
use crate::facts::dkim::{DkimResult, Verification};
use crate::facts::organization::{Agreement, Organization, agree};
use crate::facts::spf::{Check, SpfResult};
use crate::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// One authenticated identifier: SPF's, or one signature's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    pub domain: String,
    /// `None`: not known, or a temporary error.
    pub passed: Option<bool>,
    /// The result's word; empty where there is none.
    pub word: String,
    /// The receiver said so; otherwise we worked it out from today's DNS.
    pub reported: bool,
    pub agreement: Agreement,
    /// The record asks for the very same name.
    pub strict: bool,
    /// Where the domain stands in the header.
    pub span: Option<Span>,
}

impl Leg {
    /// Does its domain agree with From as closely as the record asks?
    pub fn aligned(&self) -> bool {
        self.agreement.counts(self.strict)
    }

    /// Does it make DMARC pass? A foreign domain never does, whatever its result.
    pub fn counts(&self) -> Option<bool> {
        if self.aligned() { self.passed } else { Some(false) }
    }

    /// It passed, for a domain that does not help.
    pub fn passed_in_vain(&self) -> bool {
        self.passed == Some(true) && !self.aligned()
    }
}

/// All identifiers of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    /// `None`: MAIL FROM is not known.
    pub spf: Option<Leg>,
    pub dkim: Vec<Leg>,
    /// No signature can be missing from `dkim`.
    pub dkim_complete: bool,
}

impl Legs {
    /// The identifiers with their results, not yet held against From.
    pub fn read(reading: &Reading, identities: &Identities, check: Option<&Check>, verified: &[Verification]) -> Legs {
        let spf = spf_domain(reading, identities, check);
        Legs { spf, dkim: dkim_domains(reading, verified), dkim_complete: is_complete(reading) }
    }

    /// Holds each of them against From, as closely as the record asks.
    pub fn held(
        mut self,
        from: Option<&str>,
        record: Option<&DmarcRecord>,
        organizations: &BTreeMap<String, Organization>,
    ) -> Legs {
        let Some(from) = from else { return Legs::default() };
        let hold = |leg: &mut Leg, strict: bool| {
            leg.agreement = agree(from, &leg.domain, organizations);
            leg.strict = strict;
        };
        self.spf.iter_mut().for_each(|leg| hold(leg, record.is_some_and(|r| r.aspf_strict)));
        self.dkim.iter_mut().for_each(|leg| hold(leg, record.is_some_and(|r| r.adkim_strict)));
        self
    }

    /// Every identifier, SPF first.
    pub fn all(&self) -> impl Iterator<Item = &Leg> {
        self.spf.iter().chain(&self.dkim)
    }

    /// `None` where the results at hand do not decide.
    pub fn pass(&self) -> Option<bool> {
        if self.all().any(|leg| leg.counts() == Some(true)) {
            return Some(true);
        }
        let failed = self.spf.is_some() && self.dkim_complete && self.all().all(|leg| leg.counts() == Some(false));
        failed.then_some(false)
    }
}

/// Lower case, without a trailing dot.
pub(crate) fn normal(domain: &str) -> String {
    domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase()
}

fn leg(domain: &str, passed: Option<bool>, word: &str, reported: bool, span: Option<Span>) -> Leg {
    let (domain, word) = (normal(domain), word.to_owned());
    Leg { domain, passed, word, reported, agreement: Agreement::None, strict: false, span }
}

/// SPF's identifier: MAIL FROM, or HELO where the reverse path is empty (RFC 7208 §2.4). The
/// receiver's result, else ours.
fn spf_domain(reading: &Reading, identities: &Identities, check: Option<&Check>) -> Option<Leg> {
    let mail_from = identities.mail_from.as_ref();
    let null_path = mail_from.is_some_and(|m| m.value == MailFrom::Null);
    let path = mail_from.and_then(|m| m.value.domain());
    let path_span = mail_from.and_then(|m| m.span);
    // A HELO result says nothing of MAIL FROM unless the reverse path is empty.
    if let Some(spf) = reading.reported.spf.as_ref().filter(|s| !s.is_helo || null_path) {
        let helo = identities.helo.as_ref().filter(|_| null_path);
        let domain = spf.domain.as_deref().or(path).or(helo.map(|h| h.value.as_str()))?;
        let passed = match spf.result.as_str() {
            "pass" => Some(!spf.best_guess),
            "temperror" => None,
            _ => Some(false),
        };
        let span = spf.domain_span.or(path_span).or(helo.and_then(|h| h.span));
        // What DMARC does not count has to be called otherwise than the pass that it says it is.
        let word = if spf.best_guess { "a best guess, without a record" } else { &spf.result };
        return Some(leg(domain, passed, word, true, span));
    }
    if let Some(check) = check {
        let passed = check.result.and_then(|r| match r {
            SpfResult::Pass => Some(true),
            SpfResult::TempError => None,
            _ => Some(false),
        });
        return Some(leg(&check.domain, passed, check.result.map_or("", SpfResult::word), false, path_span));
    }
    path.map(|domain| leg(domain, None, "", false, path_span))
}

/// Each signature's domain with its result: what the receiver said, then the signatures it said
/// nothing of, with what we found of them ourselves.
fn dkim_domains(reading: &Reading, verified: &[Verification]) -> Vec<Leg> {
    let reported = &reading.reported.dkim;
    let mut legs = Vec::with_capacity(reported.len().max(reading.signatures.len()));
    let mut spoken = vec![false; reading.signatures.len()];
    let mut nameless = 0;
    for result in reported {
        let signature = result.signature.and_then(|n| reading.signatures.get(n));
        if let Some(flag) = result.signature.and_then(|n| spoken.get_mut(n)) {
            *flag = true;
        }
        let signed = signature.and_then(|s| s.domain.as_ref());
        let Some(domain) = result.domain.as_deref().or(signed.map(|d| d.value.as_str())) else {
            nameless += usize::from(!matches!(result.result.as_str(), "pass" | "temperror" | ""));
            continue;
        };
        let passed = match result.result.as_str() {
            "pass" => Some(true),
            "temperror" | "" => None,
            _ => Some(false),
        };
        let span = result.domain_span.or(signed.map(|d| d.span));
        legs.push(leg(domain, passed, &result.result, true, span));
    }
    let told: BTreeSet<&str> = legs.iter().map(|l| &*l.domain).collect();
    let silent: Vec<_> = reading
        .signatures
        .iter()
        .enumerate()
        .zip(&spoken)
        .filter(|(_, spoken)| !**spoken)
        .filter_map(|((index, signature), _)| Some((index, signature.domain.as_ref()?)))
        .filter(|(_, domain)| !told.contains(&*normal(&domain.value)))
        .collect();
    // `dkim=none`, or as many failures without a name as signatures left: those failed.
    let all_failed = nameless > 0 && (nameless >= silent.len() || reported.iter().all(|r| r.result == "none"));
    legs.extend(silent.into_iter().map(|(index, domain)| {
        let ours = verified.iter().find(|v| v.signature == index).and_then(|v| v.result).filter(|_| !all_failed);
        let passed = match ours {
            _ if all_failed => Some(false),
            Some(DkimResult::Pass) => Some(true),
            Some(DkimResult::Fail | DkimResult::PermError) => Some(false),
            Some(DkimResult::Neutral | DkimResult::TempError) | None => None,
        };
        leg(&domain.value, passed, ours.map_or("", DkimResult::word), all_failed, Some(domain.span))
    }));
    legs
}

/// Can no signature be missing? Not from a header cut to a few fields, nor where the receiver
/// reports a pass without a name.
fn is_complete(reading: &Reading) -> bool {
    let reported = &reading.reported;
    let nameless = |d: &crate::facts::reported::Dkim| {
        matches!(d.result.as_str(), "pass" | "temperror" | "") && d.domain.is_none() && d.signature.is_none()
    };
    let judged = !reported.dkim.is_empty() || reported.dmarc.is_some();
    (judged || !reading.hops.is_empty() || !reading.signatures.is_empty()) && !reported.dkim.iter().any(nameless)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Facts;

    #[test]
    fn a_best_guess_is_called_what_it_is() {
        let text = "Authentication-Results: mx.inbox.test; spf=pass (mx.inbox.test: best guess record for domain of \
            ann@example.com designates 192.0.2.4 as permitted sender) smtp.mailfrom=ann@example.com\r\n\
            Received: from a.example.com (a.example.com [192.0.2.4]) by mx.inbox.test with ESMTPS id 1; \
            Tue, 2 Jun 2026 10:00:03 +0000\r\nFrom: Ann <ann@example.com>\r\n";
        let input = Input::read("test", text.as_bytes(), Some(InputKind::Headers)).unwrap();
        let reading = Reading::read(&input, &Said::default());
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
        let facts = Facts::gather(evidence.into(), reading.into());
        let spf = facts.legs().spf.as_ref().unwrap();
        assert_eq!((spf.passed, spf.word.as_str()), (Some(false), "a best guess, without a record"));
    }
}
