//! `postdoc/diagnosis`, version 1.

use super::finding::{FindingPart, finding_part};
use crate::diagnose::Diagnosis;
use crate::evidence::Input;
use crate::facts::antispam;
use crate::facts::bounce::{Bounce, Recipient};
use crate::facts::boundary::MailFrom;
use crate::facts::dkim::forensics::Altered;
use crate::facts::dkim::{DkimResult, Reason, Signature, Verification};
use crate::facts::organization::Agreement;
use crate::facts::received::Hop;
use crate::facts::sent::{Beside, BodyDifference};
use crate::rules::Gap;
use crate::span::Spanned;
use serde::Serialize;
use std::borrow::Cow;

/// One diagnosis.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    input: InputPart,
    verdict: VerdictPart,
    receiver: Receiver,
    identities: Identities,
    reported: Reported,
    computed: Computed,
    alignment: Alignment,
    findings: Vec<FindingPart>,
    hops: Vec<HopPart>,
    requirements: Vec<RequirementPart>,
    report: Option<super::report::Document>,
    bounce: Option<BouncePart>,
    /// What differs from the copy that was sent.
    sent: Option<SentPart>,
    unknown: Vec<GapPart>,
    dns: Dns,
}

#[derive(Debug, Serialize)]
struct InputPart {
    name: String,
    kind: &'static str,
    /// What the recogniser saw, and how sure it is.
    because: String,
    confidence: &'static str,
    bytes: usize,
    sha256: String,
    repairs: Vec<RepairPart>,
}

#[derive(Debug, Serialize)]
struct RepairPart {
    kind: &'static str,
    lines: Vec<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct VerdictPart {
    state: &'static str,
    headline: String,
    cause: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Receiver {
    authserv_id: Option<String>,
    kind: Option<String>,
    believed_because: Option<String>,
}

#[derive(Debug, Serialize)]
struct Identities {
    from: Option<Author>,
    mail_from: Option<Envelope>,
    helo: Option<String>,
    source_ip: Option<String>,
    dkim: Vec<Signer>,
}

#[derive(Debug, Serialize)]
struct Author {
    address: Option<String>,
    domain: Option<String>,
    organizational_domain: Option<String>,
    organizational_domain_psl: Option<String>,
}

#[derive(Debug, Serialize)]
struct Envelope {
    address: Option<String>,
    domain: Option<String>,
    organizational_domain: Option<String>,
}

#[derive(Debug, Serialize)]
struct Signer {
    domain: Option<String>,
    selector: Option<String>,
    organizational_domain: Option<String>,
}

#[derive(Debug, Serialize)]
struct Reported {
    spf: Option<ReportedSpf>,
    dkim: Vec<ReportedDkim>,
    dmarc: Option<ReportedDmarc>,
    arc: Option<Word>,
    compauth: Option<Compauth>,
    spam: Spam,
}

#[derive(Debug, Serialize)]
struct ReportedSpf {
    result: String,
    domain: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReportedDkim {
    result: String,
    domain: Option<String>,
    selector: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReportedDmarc {
    result: String,
    domain: Option<String>,
    disposition: Option<String>,
}

#[derive(Debug, Serialize)]
struct Word {
    result: String,
}

#[derive(Debug, Serialize)]
struct Compauth {
    result: String,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Spam {
    scl: Option<i32>,
    bcl: Option<i32>,
    sfv: Option<String>,
    cat: Option<String>,
    spamassassin: Option<SpamAssassin>,
    rspamd: Option<Rspamd>,
}

#[derive(Debug, Serialize)]
struct SpamAssassin {
    score: Option<f64>,
    required: Option<f64>,
    flagged: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Rspamd {
    score: Option<f64>,
    required: Option<f64>,
    action: Option<String>,
}

#[derive(Debug, Serialize)]
struct Computed {
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
}

#[derive(Debug, Serialize)]
struct ComputedDmarc {
    result: Option<&'static str>,
    policy: Option<&'static str>,
    record_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Alignment {
    spf: Option<&'static str>,
    dkim: Option<&'static str>,
    dmarc: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct HopPart {
    from: Option<String>,
    by: Option<String>,
    ip: Option<String>,
    at: Option<String>,
    delay_ms: Option<i64>,
    tls: Option<String>,
}

#[derive(Debug, Serialize)]
struct RequirementPart {
    receiver: Cow<'static, str>,
    line: String,
    state: &'static str,
    since: Option<jiff::civil::Date>,
    because: Cow<'static, str>,
    rule: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct BouncePart {
    reporting_mta: Option<String>,
    recipients: Vec<RecipientPart>,
    /// `abuse`, `auth-failure` … of a feedback report.
    feedback: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct RecipientPart {
    address: Option<String>,
    action: &'static str,
    permanent: bool,
    status: Option<String>,
    reply: Option<String>,
    category: &'static str,
    server: Option<String>,
    step: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct SentPart {
    name: String,
    between: Vec<String>,
    fields: Vec<DifferencePart>,
    body: Option<Vec<DifferencePart>>,
}

#[derive(Debug, Serialize)]
struct DifferencePart {
    name: String,
    change: &'static str,
    sent: Option<String>,
    received: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct GapPart {
    question: String,
    needs: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Dns {
    queries: usize,
    rounds: u32,
    elapsed_ms: u64,
}

/// The contract's view of a diagnosis.
pub fn document(d: &Diagnosis) -> Document {
    let input = &d.facts.evidence.input;
    Document {
        schema: "postdoc/diagnosis",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        input: input_part(input),
        verdict: verdict(d),
        receiver: receiver(d),
        identities: identities(d),
        reported: reported(d),
        computed: computed(d),
        alignment: Alignment {
            spf: d.facts.alignment.spf.map(agreement),
            dkim: d.facts.alignment.dkim.map(agreement),
            dmarc: d.facts.alignment.dmarc.map(pass_or_fail),
        },
        findings: d.every_finding().map(|f| finding_part(input, f)).collect(),
        hops: d.facts.reading.hops.iter().map(hop).collect(),
        requirements: d.requirements.iter().map(requirement).collect(),
        report: super::report::document(d),
        bounce: d.facts.reading.bounce.as_ref().map(bounce),
        sent: d.facts.reading.beside.as_deref().map(sent),
        unknown: d.unknown.iter().map(gap).collect(),
        dns: dns(d),
    }
}

fn bounce(b: &Bounce) -> BouncePart {
    let recipient = |r: &Recipient| RecipientPart {
        address: r.address.as_ref().map(|a| a.value.clone()),
        action: r.action.word(),
        permanent: r.is_permanent(),
        status: r.status.clone(),
        reply: r.reply.as_ref().map(|reply| reply.value.clone()),
        category: r.category.word(),
        server: r.server.clone(),
        step: r.step.map(|s| s.word()),
    };
    BouncePart {
        reporting_mta: b.reporting_mta.as_ref().map(|mta| mta.value.clone()),
        recipients: b.recipients.iter().map(recipient).collect(),
        feedback: b.feedback.as_ref().map(|f| f.kind.word()),
    }
}

fn sent(beside: &Beside) -> SentPart {
    let fields = beside.differences.fields.iter().map(|f| DifferencePart {
        name: f.name.clone(),
        change: f.change.word(),
        sent: f.sent.clone(),
        received: f.received.clone(),
    });
    let part = |b: &BodyDifference| DifferencePart {
        name: b.part.clone(),
        change: b.what.word(),
        sent: b.sent.clone(),
        received: b.received.clone(),
    };
    SentPart {
        name: beside.name.clone(),
        between: beside.way.clone(),
        fields: fields.collect(),
        body: beside.differences.body.as_ref().map(|body| body.iter().map(part).collect()),
    }
}

pub(super) fn verdict(d: &Diagnosis) -> VerdictPart {
    VerdictPart {
        state: d.verdict.state.word(),
        headline: d.verdict.headline.clone(),
        cause: d.verdict.cause.map(|r| r.id),
    }
}

fn input_part(input: &Input) -> InputPart {
    InputPart {
        name: input.name.clone(),
        kind: input.kind.word(),
        because: input.because.clone(),
        confidence: input.sure.word(),
        bytes: input.bytes(),
        sha256: input.sha256(),
        repairs: input.repairs.iter().map(|r| RepairPart { kind: r.kind.word(), lines: r.lines.clone() }).collect(),
    }
}

fn receiver(d: &Diagnosis) -> Receiver {
    let boundary = &d.facts.reading.boundary;
    Receiver {
        authserv_id: boundary.authserv_id.clone(),
        kind: boundary.receiver.clone(),
        believed_because: (!boundary.because.is_empty()).then(|| boundary.because.clone()),
    }
}

fn organization(d: &Diagnosis, domain: &str) -> (Option<String>, Option<String>) {
    match d.facts.alignment.organizations.get(domain) {
        Some(o) => (o.domain().map(str::to_owned), o.psl.clone()),
        None => {
            let psl = crate::facts::organization::psl(domain);
            (psl.clone(), psl)
        }
    }
}

fn identities(d: &Diagnosis) -> Identities {
    let reading = &d.facts.reading;
    let from = reading.from.address().map(|a| {
        let (walk, psl) = organization(d, &a.domain);
        Author {
            address: Some(format!("{}@{}", a.local, a.domain)),
            domain: Some(a.domain.clone()),
            organizational_domain: walk,
            organizational_domain_psl: psl,
        }
    });
    let mail_from = d.facts.identities.mail_from.as_ref().map(|m| match &m.value {
        MailFrom::Null => Envelope { address: Some("<>".into()), domain: None, organizational_domain: None },
        MailFrom::Path { local, domain } => Envelope {
            address: local.as_ref().map(|l| format!("{l}@{domain}")),
            domain: Some(domain.clone()),
            organizational_domain: organization(d, domain).0,
        },
    });
    let dkim = reading
        .signatures
        .iter()
        .map(|s| {
            let domain = s.domain.as_ref().map(|v| v.value.clone());
            Signer {
                organizational_domain: domain.as_deref().and_then(|v| organization(d, v).0),
                domain,
                selector: s.selector.as_ref().map(|v| v.value.clone()),
            }
        })
        .collect();
    Identities {
        from,
        mail_from,
        helo: d.facts.identities.helo.as_ref().map(|h| h.value.clone()),
        source_ip: d.facts.identities.source_ip.as_ref().map(|i| i.value.to_string()),
        dkim,
    }
}

fn reported(d: &Diagnosis) -> Reported {
    let r = &d.facts.reading.reported;
    Reported {
        spf: r.spf.as_ref().map(|s| ReportedSpf { result: s.result.clone(), domain: s.domain.clone() }),
        dkim: r
            .dkim
            .iter()
            .map(|k| ReportedDkim { result: k.result.clone(), domain: k.domain.clone(), selector: k.selector.clone() })
            .collect(),
        dmarc: r.dmarc.as_ref().map(|m| ReportedDmarc {
            result: m.result.clone(),
            domain: m.domain.clone(),
            disposition: m.disposition.clone(),
        }),
        arc: r.arc.as_ref().map(|a| Word { result: a.result.clone() }),
        compauth: r.compauth.as_ref().map(|c| Compauth { result: c.result.clone(), reason: c.reason.clone() }),
        spam: spam(&d.facts.reading.antispam),
    }
}

fn spam(fields: &[antispam::Field]) -> Spam {
    let s = antispam::summary(fields);
    Spam {
        scl: s.scl,
        bcl: s.bcl,
        sfv: s.sfv,
        cat: s.cat,
        spamassassin: s.spamassassin.map(|a| SpamAssassin { score: a.score, required: a.required, flagged: a.flagged }),
        rspamd: s.rspamd.map(|a| Rspamd { score: a.score, required: a.required, action: a.action }),
    }
}

fn computed(d: &Diagnosis) -> Computed {
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
            record_at: dmarc.governing().map(|step| step.name()),
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
    AlteredPart { what: a.what.word(), proof: a.proof.word(), hop: a.hop.clone() }
}

fn requirement(line: &crate::rules::requirement::Line) -> RequirementPart {
    RequirementPart {
        receiver: line.id(),
        line: line.demand.what.clone(),
        state: line.state.word(),
        since: line.demand.since,
        because: line.because.clone(),
        rule: line.cure.map(|rule| rule.id),
    }
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

fn hop(h: &Hop) -> HopPart {
    HopPart {
        from: h.reverse_name.as_ref().or(h.helo.as_ref()).map(|v| v.value.clone()),
        by: h.by.as_ref().map(|v| v.value.clone()),
        ip: h.ip.as_ref().map(|v| v.value.to_string()),
        at: h.at.map(|t| t.to_string()),
        delay_ms: h.delay_ms,
        tls: h.tls.clone(),
    }
}

pub(super) fn gap(gap: &Gap) -> GapPart {
    GapPart { question: gap.question.clone(), needs: gap.needs.clone() }
}

pub(super) fn dns(d: &Diagnosis) -> Dns {
    let answers = &d.facts.evidence.answers;
    // From the first question put to the last answer received, as recorded.
    let began = answers.values().map(|a| a.at.as_millisecond() - i64::from(a.elapsed_ms)).min();
    let ended = answers.values().map(|a| a.at.as_millisecond()).max();
    let elapsed_ms = began.zip(ended).map_or(0, |(b, e)| u64::try_from(e - b).unwrap_or(0));
    Dns { queries: answers.len(), rounds: d.rounds(), elapsed_ms }
}
