//! What the believed Authentication-Results say, merged over fields and normalised.

use super::Reading;
use super::authres::{MethodResult, Prop, ReceivedSpf, comment};
use super::boundary::{self, path};
use super::dkim::Signature;
use crate::span::Span;
use std::collections::HashMap;

/// The receiver's own verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    pub spf: Option<Spf>,
    pub dkim: Vec<Dkim>,
    pub dmarc: Option<Dmarc>,
    pub arc: Option<Plain>,
    pub compauth: Option<Compauth>,
    pub iprev: Option<Plain>,
}

impl Reported {
    /// SPF and DMARC both came to no result for want of an answer (RFC 7208 §2.6.6): what else was not found then may be
    /// there.
    pub fn lookups_failed(&self) -> bool {
        self.spf.as_ref().is_some_and(|s| s.result == "temperror")
            && self.dmarc.as_ref().is_some_and(|d| d.result == "temperror")
    }
}

/// A result with the place of `method=result`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    pub result: String,
    pub span: Span,
}

/// `spf=…`, from Authentication-Results or, failing that, Received-SPF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spf {
    /// RFC 7208 §2.6 word, lower case (`bestguesspass` kept).
    pub result: String,
    /// The domain checked: of `smtp.mailfrom`, else `smtp.helo`.
    pub domain: Option<String>,
    pub is_helo: bool,
    /// From a "best guess record", which DMARC does not count.
    pub best_guess: bool,
    pub span: Span,
    pub domain_span: Option<Span>,
    pub comment: Option<String>,
}

/// `dkim=…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    /// Normalised to RFC 8601 words (`dkim_pass` → `pass`, `perm_fail` → `permerror`); empty where it was set
    /// aside ([`super::again`]).
    pub result: String,
    /// `header.d`, else the domain of `header.i`.
    pub domain: Option<String>,
    pub selector: Option<String>,
    /// Start of `b=`, to tell two signatures of one domain apart.
    pub signature_start: Option<String>,
    /// Comment and reason, as the receiver wrote them.
    pub detail: String,
    pub span: Span,
    pub domain_span: Option<Span>,
    /// Index into [`Reading::signatures`] of the signature it speaks of.
    pub signature: Option<usize>,
}

/// `dmarc=…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dmarc {
    /// Empty where it was set aside ([`super::again`]).
    pub result: String,
    /// `header.from`
    pub domain: Option<String>,
    /// What the receiver did: `none`, `quarantine`, `reject`, `oreject` … (`dis=`, `action=`).
    pub disposition: Option<String>,
    /// `p=` as the receiver read it.
    pub policy: Option<String>,
    pub span: Span,
    pub domain_span: Option<Span>,
}

/// Microsoft's composite authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compauth {
    pub result: String,
    pub reason: Option<String>,
    pub span: Span,
}

/// Merges the believed fields of a reading. Where two speak of one thing, the upper counts.
pub fn merge(reading: &Reading, _text: &[u8]) -> Reported {
    let believed = || reading.boundary.believed.iter().filter_map(|&n| reading.authres.get(n)).flat_map(|a| &a.results);
    let of = |method: &'static str| believed().filter(move |r| r.method == method);
    let plain = |r: &MethodResult| Plain { result: word(&r.result), span: r.head };
    Reported {
        spf: spf(of("spf")).or_else(|| boundary::received_spf(reading).and_then(received_spf)),
        dkim: dkim(of("dkim"), reading),
        dmarc: of("dmarc").next().map(dmarc),
        arc: of("arc").next().map(plain),
        compauth: of("compauth").next().map(|r| Compauth {
            result: word(&r.result),
            reason: r.reason.as_ref().map(|s| s.value.clone()),
            span: r.head,
        }),
        iprev: of("iprev").next().map(plain),
    }
}

/// The RFC 8601 word for what some receivers write; other words stay.
fn word(result: &str) -> String {
    let bare = result.strip_prefix("dkim_").unwrap_or(result);
    match bare {
        "success" => "pass",
        "hardfail" => "fail",
        "perm_fail" | "permfail" | "perm_error" => "permerror",
        "temp_fail" | "tempfail" | "temp_error" => "temperror",
        "soft_fail" => "softfail",
        other => other,
    }
    .to_owned()
}

/// MAIL FROM before HELO before anything else (IronPort also checks the PRA).
fn spf<'r>(results: impl Iterator<Item = &'r MethodResult>) -> Option<Spf> {
    let rank = |r: &&MethodResult| match (r.prop("smtp", "mailfrom"), r.prop("smtp", "helo")) {
        (Some(_), _) => 0,
        (None, Some(_)) => 1,
        (None, None) if r.props.is_empty() => 2,
        _ => 3,
    };
    let r = results.min_by_key(rank)?;
    let mail_from = r.prop("smtp", "mailfrom");
    let from_prop = |p: &Prop| Some((path::domain(&p.value)?, p.value_span));
    let checked = mail_from.and_then(from_prop).or_else(|| r.prop("smtp", "helo").and_then(from_prop));
    let comment = (!r.comments.is_empty()).then(|| detail(r, false));
    Some(Spf {
        result: word(&r.result),
        domain_span: checked.as_ref().map(|(_, span)| *span),
        is_helo: mail_from.and_then(from_prop).is_none() && r.prop("smtp", "helo").is_some(),
        domain: checked.map(|(domain, _)| domain),
        best_guess: r.comments.iter().any(|c| is_guess(&c.value)),
        span: r.head,
        comment,
    })
}

/// RFC 7208 §9.1, and the words of drafts that servers still write. Anything else is not a result.
const SPF_WORDS: [&str; 9] =
    ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "error", "unknown"];

fn received_spf(field: &ReceivedSpf) -> Option<Spf> {
    let result = word(&field.result);
    if !SPF_WORDS.contains(&&*result) {
        return None;
    }
    let is_helo = field.identity.as_ref().is_some_and(|i| i.value.eq_ignore_ascii_case("helo"));
    let said = if is_helo { &field.helo } else { &field.envelope_from };
    let in_comment = || field.comment.as_ref().and_then(comment::domain_of);
    let checked = said.clone().or_else(in_comment).and_then(|s| Some((path::domain(&s.value)?, s.span)));
    Some(Spf {
        result,
        domain_span: checked.as_ref().map(|(_, span)| *span),
        domain: checked.map(|(domain, _)| domain),
        is_helo,
        best_guess: field.comment.as_ref().is_some_and(|c| is_guess(&c.value)),
        span: field.result_span,
        comment: field.comment.as_ref().map(|c| c.value.clone()),
    })
}

/// Google's "best guess record": made up where the domain publishes none.
fn is_guess(comment: &str) -> bool {
    comment.contains("best guess") || comment.contains("best-guess")
}

/// Comments and reason, as written.
fn detail(r: &MethodResult, with_reason: bool) -> String {
    let reason = r.reason.as_ref().filter(|_| with_reason);
    let parts: Vec<&str> = r.comments.iter().chain(reason).map(|s| &s.value[..]).collect();
    parts.join("; ")
}

fn dkim<'r>(results: impl Iterator<Item = &'r MethodResult>, reading: &Reading) -> Vec<Dkim> {
    let mut signatures = Signatures::new(reading);
    results
        .map(|r| {
            let from_prop = |p: &Prop| Some((path::domain(&p.value).filter(|d| d.contains('.'))?, p.value_span));
            let signed_by = ["d", "i"].into_iter().find_map(|name| r.prop("header", name).and_then(from_prop));
            let value = |name| r.prop("header", name).map(|p| &p.value[..]).filter(|v| !v.is_empty());
            let mut dkim = Dkim {
                result: word(&r.result),
                domain_span: signed_by.as_ref().map(|(_, span)| *span),
                domain: signed_by.map(|(domain, _)| domain),
                selector: value("s").map(|s| s.trim_start_matches('@').to_owned()),
                signature_start: value("b").map(|b| b.trim_end_matches('.').to_owned()),
                detail: detail(r, true),
                span: r.head,
                signature: None,
            };
            dkim.signature = signatures.of(&dkim);
            dkim
        })
        .collect()
}

/// The message's signatures, to be told apart by domain, selector and start of `b=`.
struct Signatures<'r> {
    by_domain: HashMap<&'r str, Vec<(usize, &'r Signature)>>,
    /// By index: is it spoken for?
    taken: Vec<bool>,
}

impl<'r> Signatures<'r> {
    /// Signatures of one domain that are told apart; nobody signs more often.
    const MOST: usize = 64;

    fn new(reading: &'r Reading) -> Self {
        let mut by_domain = HashMap::<_, Vec<_>>::new();
        for (n, signature) in reading.signatures.iter().enumerate() {
            if let Some(domain) = &signature.domain {
                let all = by_domain.entry(&domain.value[..]).or_default();
                if all.len() < Self::MOST {
                    all.push((n, signature));
                }
            }
        }
        Signatures { by_domain, taken: vec![false; reading.signatures.len()] }
    }

    /// The first signature that fits and is not spoken for. A receiver that tells less
    /// (`header.i` of a subdomain, no selector) is believed as far as it goes.
    fn of(&mut self, result: &Dkim) -> Option<usize> {
        let all = self.by_domain.get(result.domain.as_deref()?)?;
        let fits = |s: &Signature| {
            let selector = s.selector.as_ref().map(|s| &s.value[..]);
            let same_selector =
                result.selector.as_deref().is_none_or(|r| selector.is_none_or(|s| s.eq_ignore_ascii_case(r)));
            let starts = result.signature_start.as_deref().is_none_or(|b| s.signature.starts_with(b));
            same_selector && starts
        };
        let found = all.iter().find(|(n, s)| fits(s) && !self.taken[*n]).or_else(|| {
            // Two checkers of one receiver speak of the same signature.
            all.iter().find(|(_, s)| fits(s) && (result.signature_start.is_some() || result.selector.is_some()))
        })?;
        self.taken[found.0] = true;
        Some(found.0)
    }
}

fn dmarc(r: &MethodResult) -> Dmarc {
    let from = r.prop("header", "from").or_else(|| r.prop("header", "d"));
    let checked = from.and_then(|p| Some((path::domain(&p.value)?, p.value_span)));
    let prop = |ptype, property| r.prop(ptype, property).map(|p| p.value.to_ascii_lowercase());
    let in_comment = |key| r.comments.iter().find_map(|c| comment::pair(c, key)).map(|v| v.value.to_ascii_lowercase());
    Dmarc {
        result: word(&r.result),
        domain_span: checked.as_ref().map(|(_, span)| *span),
        domain: checked.map(|(domain, _)| domain),
        disposition: in_comment("dis").or_else(|| prop("", "action")).or_else(|| prop("policy", "applied-disposition")),
        policy: in_comment("p")
            .or_else(|| in_comment("policy"))
            .or_else(|| prop("policy", "published-domain-policy"))
            .or_else(|| prop("policy", "dmarc")),
        span: r.head,
    }
}

#[cfg(test)]
mod tests;
