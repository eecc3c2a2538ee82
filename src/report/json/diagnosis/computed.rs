//! What postdoc worked out itself.

use crate::diagnose::Diagnosis;
use crate::facts::dkim::forensics::Altered;
use crate::facts::dkim::{DkimResult, Reason, Signature, Verification};
use crate::facts::organization::Agreement;
use crate::span::Spanned;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Computed {
    spf: Option<ComputedSpf>,
    dkim: Vec<ComputedDkim>,
    arc: Option<ComputedArc>,
    dmarc: Option<ComputedDmarc>,
}

#[derive(Debug, Serialize)]
struct ComputedSpf {
    result: &'static str,
    domain: String,
    lookups: u32,
    void_lookups: u32,
}

#[derive(Debug, Serialize)]
struct ComputedDkim {
    result: Option<&'static str>,
    reason: Option<&'static str>,
    header_hash: &'static str,
    body_hash: &'static str,
    altered: Vec<AlteredPart>,
    domain: Option<String>,
    selector: Option<String>,
}

#[derive(Debug, Serialize)]
struct ComputedArc {
    result: &'static str,
    instances: usize,
}

#[derive(Debug, Serialize)]
struct AlteredPart {
    what: &'static str,
    proof: &'static str,
    hop: Option<String>,
    /// Where it is not known which: those that could have, oldest first.
    could: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ComputedDmarc {
    result: Option<&'static str>,
    policy: Option<&'static str>,
    record_at: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Alignment {
    spf: Option<&'static str>,
    dkim: Option<&'static str>,
    dmarc: Option<&'static str>,
}

/// How the identities agree with From.
pub(super) fn alignment(d: &Diagnosis) -> Alignment {
    Alignment {
        spf: d.facts.alignment.spf.map(agreement),
        dkim: d.facts.alignment.dkim.map(agreement),
        dmarc: d.facts.alignment.dmarc.map(pass_or_fail),
    }
}

pub(super) fn computed(d: &Diagnosis) -> Computed {
    let spf = d.facts.spf.as_ref().and_then(|s| {
        Some(ComputedSpf {
            result: s.result?.word(),
            domain: s.domain.clone(),
            lookups: s.lookups,
            void_lookups: s.void_lookups,
        })
    });
    let dmarc = &d.facts.dmarc;
    let known = dmarc.governs.is_some() || d.facts.alignment.dmarc.is_some();
    Computed {
        spf,
        dkim: d.facts.verified.iter().map(|v| computed_dkim(d, v)).collect(),
        arc: d
            .facts
            .chain
            .filter(|_| d.facts.evidence.input.kind.has_header())
            .map(|chain| ComputedArc { result: chain.word(), instances: d.facts.reading.arc.len() }),
        dmarc: known.then(|| ComputedDmarc {
            result: d.facts.alignment.dmarc.map(pass_or_fail),
            policy: dmarc.effective.map(|(policy, _)| policy.word()),
            record_at: dmarc.governing().map(|step| step.name().to_owned()),
        }),
    }
}

fn computed_dkim(d: &Diagnosis, v: &Verification) -> ComputedDkim {
    let signature = d.facts.reading.signatures.get(v.signature);
    let part = |of: fn(&Signature) -> &Option<Spanned<String>>| Some(of(signature?).as_ref()?.value.clone());
    ComputedDkim {
        result: v.result.map(DkimResult::word),
        reason: v.reason.map(Reason::word),
        header_hash: v.header_hash.word(),
        body_hash: v.body_hash.word(),
        altered: v.altered.iter().map(altered).collect(),
        domain: part(|s| &s.domain),
        selector: part(|s| &s.selector),
    }
}

fn altered(a: &Altered) -> AlteredPart {
    AlteredPart { what: a.what.word(), proof: a.proof.word(), hop: a.hop.clone(), could: a.could.clone() }
}

fn agreement(a: Agreement) -> &'static str {
    match a {
        Agreement::Strict => "strict",
        Agreement::Relaxed => "relaxed",
        Agreement::None => "none",
    }
}

fn pass_or_fail(pass: bool) -> &'static str {
    if pass { "pass" } else { "fail" }
}
