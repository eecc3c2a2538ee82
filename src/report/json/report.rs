//! `postdoc/report`, version 1: a DMARC or TLS report inside a diagnosis.

use crate::diagnose::Diagnosis;
use crate::facts::report::aggregate::{Path, Signature};
use crate::facts::report::tls::{Failure, Outcome};
use crate::facts::report::{Aggregate, Content, Row, Sender, Source, TlsReport};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    kind: &'static str,
    wraps: Vec<&'static str>,
    reporter: Option<String>,
    id: Option<String>,
    begin: Option<String>,
    end: Option<String>,
    domain: Option<String>,
    /// Files, rows and failures that were left out.
    unread: usize,
    dmarc: Option<Dmarc>,
    tls: Option<Tls>,
}

#[derive(Debug, Serialize)]
struct Dmarc {
    policy: Policy,
    messages: u64,
    passing: u64,
    errors: Vec<String>,
    sources: Vec<SourcePart>,
    rows: Vec<RowPart>,
}

#[derive(Debug, Serialize)]
struct Policy {
    p: Option<String>,
    sp: Option<String>,
    np: Option<String>,
    adkim: Option<String>,
    aspf: Option<String>,
    pct: Option<String>,
    fo: Option<String>,
    testing: Option<String>,
    discovery_method: Option<String>,
}

#[derive(Debug, Serialize)]
struct SourcePart {
    sender: String,
    platform: Option<&'static str>,
    standing: &'static str,
    messages: u64,
    kept_out: u64,
    addresses: Vec<Address>,
    vouched_as: Option<String>,
    rows: Vec<usize>,
}

#[derive(Debug, Serialize)]
struct Address {
    ip: String,
    messages: u64,
}

#[derive(Debug, Serialize)]
struct RowPart {
    row: usize,
    source_ip: Option<String>,
    count: u64,
    disposition: Option<String>,
    dkim: Option<&'static str>,
    spf: Option<&'static str>,
    reasons: Vec<String>,
    header_from: Option<String>,
    envelope_from: Option<String>,
    envelope_to: Option<String>,
    dkim_results: Vec<DkimPart>,
    spf_results: Vec<SpfPart>,
}

#[derive(Debug, Serialize)]
struct DkimPart {
    domain: String,
    selector: Option<String>,
    result: String,
}

#[derive(Debug, Serialize)]
struct SpfPart {
    domain: String,
    scope: &'static str,
    result: String,
}

#[derive(Debug, Serialize)]
struct Tls {
    successful: u64,
    failed: u64,
    policies: Vec<PolicyPart>,
}

#[derive(Debug, Serialize)]
struct PolicyPart {
    #[serde(rename = "type")]
    kind: Option<String>,
    domain: Option<String>,
    lines: Vec<String>,
    enforced: Option<bool>,
    successful: u64,
    failed: u64,
    failures: Vec<FailurePart>,
}

#[derive(Debug, Serialize)]
struct FailurePart {
    #[serde(rename = "type")]
    kind: Option<String>,
    count: u64,
    mx: Option<String>,
    receiving_ip: Option<String>,
    sending_ip: Option<String>,
    reason: Option<String>,
    information: Option<String>,
}

/// The report of a diagnosis; `None` where the input is none, or none that can be read.
pub(super) fn document(d: &Diagnosis) -> Option<Document> {
    let received = d.facts.reading.report.as_ref()?;
    let document = match received.content.as_ref().ok()? {
        Content::Dmarc(report) => of_dmarc(report, &d.facts.sources),
        Content::Tls(report) => of_tls(report),
    };
    Some(Document { wraps: received.wraps.clone(), unread: document.unread + received.unread, ..document })
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn of_dmarc(report: &Aggregate, sources: &[Source]) -> Document {
    let policy = report.policy.clone();
    Document {
        schema: "postdoc/report",
        schema_version: 1,
        kind: "dmarc",
        wraps: Vec::new(),
        reporter: some(&report.org).or(some(&report.email)),
        id: some(&report.id),
        begin: report.begin.map(|t| t.to_string()),
        end: report.end.map(|t| t.to_string()),
        domain: some(&policy.domain),
        unread: report.unread,
        dmarc: Some(Dmarc {
            policy: Policy {
                p: policy.p,
                sp: policy.sp,
                np: policy.np,
                adkim: policy.adkim,
                aspf: policy.aspf,
                pct: policy.pct,
                fo: policy.fo,
                testing: policy.testing,
                discovery_method: policy.discovery,
            },
            messages: report.messages(),
            passing: report.passing(),
            errors: report.errors.clone(),
            sources: sources.iter().map(|s| source(report, s)).collect(),
            rows: report.rows.iter().map(row).collect(),
        }),
        tls: None,
    }
}

fn source(report: &Aggregate, source: &Source) -> SourcePart {
    SourcePart {
        sender: source.sender.to_string(),
        platform: match &source.sender {
            Sender::Platform(platform) => Some(&platform.id),
            _ => None,
        },
        standing: source.standing.word(),
        messages: source.count,
        kept_out: source.kept_out,
        addresses: source.addresses.iter().map(|(ip, n)| Address { ip: ip.to_string(), messages: *n }).collect(),
        vouched_as: source.vouched.clone(),
        rows: source.rows.iter().filter_map(|&n| Some(report.rows.get(n)?.number)).collect(),
    }
}

fn row(row: &Row) -> RowPart {
    let word = |pass: bool| if pass { "pass" } else { "fail" };
    let signature =
        |s: &Signature| DkimPart { domain: s.domain.clone(), selector: s.selector.clone(), result: s.result.clone() };
    let path = |p: &Path| SpfPart {
        domain: p.domain.clone(),
        scope: if p.helo { "helo" } else { "mfrom" },
        result: p.result.clone(),
    };
    RowPart {
        row: row.number,
        source_ip: row.source.map(|ip| ip.to_string()),
        count: row.count,
        disposition: row.disposition.clone(),
        dkim: row.dkim.map(word),
        spf: row.spf.map(word),
        reasons: row.reasons.clone(),
        header_from: some(&row.header_from),
        envelope_from: row.envelope_from.clone(),
        envelope_to: row.envelope_to.clone(),
        dkim_results: row.signatures.iter().map(signature).collect(),
        spf_results: row.paths.iter().map(path).collect(),
    }
}

fn of_tls(report: &TlsReport) -> Document {
    let failures = |o: &Outcome| o.failure_details.unread;
    Document {
        schema: "postdoc/report",
        schema_version: 1,
        kind: "tls",
        wraps: Vec::new(),
        reporter: report.org.clone().or(report.contact_info.clone()),
        id: report.id.clone(),
        begin: report.date_range.start.clone(),
        end: report.date_range.end.clone(),
        domain: report.policies.items.iter().find_map(|o| o.policy.domain.clone()),
        unread: report.policies.unread + report.policies.items.iter().map(failures).sum::<usize>(),
        dmarc: None,
        tls: Some(Tls {
            successful: report.successful(),
            failed: report.failed(),
            policies: report.policies.items.iter().map(policy).collect(),
        }),
    }
}

fn policy(outcome: &Outcome) -> PolicyPart {
    PolicyPart {
        kind: outcome.policy.kind.clone(),
        domain: outcome.policy.domain.clone(),
        lines: outcome.policy.lines.items.clone(),
        enforced: outcome.enforced(),
        successful: outcome.summary.successful,
        failed: outcome.failed(),
        failures: outcome.failure_details.items.iter().map(failure).collect(),
    }
}

fn failure(f: &Failure) -> FailurePart {
    FailurePart {
        kind: f.result_type.clone(),
        count: f.count,
        mx: f.receiving_mx_hostname.clone(),
        receiving_ip: f.receiving_ip.clone(),
        sending_ip: f.sending_mta_ip.clone(),
        reason: f.failure_reason_code.clone(),
        information: f.additional_information.clone(),
    }
}
