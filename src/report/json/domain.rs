//! CONTRACT "`postdoc check`": `postdoc/domain`, version 1.

use super::diagnosis::{Dns, GapPart, VerdictPart, dns, gap, verdict};
use super::finding::{FindingPart, finding_part};
use super::spf::{NodePart, node};
use crate::diagnose::Diagnosis;
use crate::evidence::said::Part;
use crate::evidence::{Data, Outcome, Said};
use crate::facts::domain::blocklists::Entry;
use crate::facts::domain::who::{Clue, Party, Role};
use crate::facts::home;
use crate::facts::tags::TagList;
use crate::report::blocklists;
use crate::report::records::{self, Row, Subject};
use crate::span::Span;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// One domain, or one address.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: &'static str,
    schema_version: u32,
    tool: &'static str,
    /// `null` where an address was checked.
    domain: Option<String>,
    ip: Option<String>,
    verdict: VerdictPart,
    dns_host: Option<DnsHost>,
    platforms: Vec<PartyPart>,
    zone: Option<ZonePart>,
    dnssec: Option<&'static str>,
    records: Records,
    /// `null` where SPF was not asked for, or nothing is known of it.
    spf: Option<SpfPart>,
    /// Empty where none was to be asked.
    blocklists: Vec<ListPart>,
    findings: Vec<FindingPart>,
    unknown: Vec<GapPart>,
    dns: Dns,
}

#[derive(Debug, Serialize)]
struct DnsHost {
    id: Option<&'static str>,
    name: Option<&'static str>,
    nameservers: Vec<String>,
}

/// Who runs what, and what shows it.
#[derive(Debug, Serialize)]
struct PartyPart {
    id: &'static str,
    name: &'static str,
    role: &'static str,
    evidence: Vec<CluePart>,
}

#[derive(Debug, Serialize)]
struct CluePart {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
}

/// The whole tree, opened as if nothing matched: what it costs a receiver at most.
#[derive(Debug, Serialize)]
struct SpfPart {
    record: Option<String>,
    /// `null` where not even the record is known.
    lookups: Option<u32>,
    void_lookups: Option<u32>,
    tree: NodePart,
}

#[derive(Debug, Serialize)]
struct ZonePart {
    apex: Option<String>,
    serial: Option<u32>,
    /// Seconds for which "there is no such thing" is remembered (RFC 2308 §5).
    negative_ttl: Option<u32>,
}

/// What one list said of one address or domain.
#[derive(Debug, Serialize)]
struct ListPart {
    list: &'static str,
    zone: &'static str,
    about: String,
    state: &'static str,
}

/// `null` where a record was not asked for.
#[derive(Debug, Serialize)]
struct Records {
    ns: Option<RecordPart>,
    mx: Option<RecordPart>,
    a: Option<RecordPart>,
    aaaa: Option<RecordPart>,
    spf: Option<RecordPart>,
    dkim: Vec<RecordPart>,
    dmarc: Option<RecordPart>,
    bimi: Option<RecordPart>,
    mta_sts: Option<RecordPart>,
    tls_rpt: Option<RecordPart>,
    caa: Option<RecordPart>,
    ptr: Vec<RecordPart>,
}

#[derive(Debug, Serialize)]
struct RecordPart {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    outcome: Outcome,
    /// Seconds; of a negative answer the time it may be kept.
    ttl: Option<u32>,
    /// Presentation form, one entry a record.
    raw: Vec<String>,
    /// The CNAMEs that led there, in order.
    via: Vec<String>,
    parsed: Value,
    /// RFC 8914.
    extended_errors: Vec<Value>,
    /// The answer was cut short and TCP did not bring the rest; `outcome` is then `timeout`.
    truncated: bool,
    dig: String,
}

/// The document for one check.
pub fn document(d: &Diagnosis) -> Document {
    let subject = d.facts.reading.subject.as_ref();
    let domain = subject.and_then(|s| s.domain());
    let rows = records::rows(d);
    let part = |row: &Row| record(row, &d.facts.evidence.said);
    let first = |subject| rows.iter().find(|r| r.subject == subject).and_then(part);
    let every = |subject| rows.iter().filter(|r| r.subject == subject).filter_map(part).collect();
    Document {
        schema: "postdoc/domain",
        schema_version: 1,
        tool: env!("CARGO_PKG_VERSION"),
        domain: domain.map(str::to_owned),
        ip: subject.and_then(|s| s.ip()).map(|ip| ip.to_string()),
        verdict: verdict(d),
        dns_host: domain.and_then(|domain| dns_host(d, domain, &rows)),
        platforms: d.facts.domain.who.iter().filter(|p| p.role != Role::DnsHost).map(party).collect(),
        zone: d.facts.domain.zone.as_ref().map(|zone| ZonePart {
            apex: zone.apex.clone(),
            serial: zone.start.as_ref().map(|s| s.serial),
            negative_ttl: zone.start.as_ref().map(|s| s.negative_ttl()),
        }),
        dnssec: d.facts.domain.dnssec.as_ref().map(|s| s.state.word()),
        records: Records {
            ns: first(Subject::Ns),
            mx: first(Subject::Mx),
            a: first(Subject::A),
            aaaa: first(Subject::Aaaa),
            spf: first(Subject::Spf),
            dkim: every(Subject::Dkim),
            dmarc: first(Subject::Dmarc),
            bimi: first(Subject::Bimi),
            mta_sts: first(Subject::MtaSts),
            tls_rpt: first(Subject::TlsRpt),
            caa: first(Subject::Caa),
            ptr: every(Subject::Ptr),
        },
        spf: d.facts.spf_survey.as_ref().filter(|_| d.facts.evidence.said.check.wants(Part::Spf)).map(|s| SpfPart {
            record: s.tree.record.clone(),
            lookups: s.tree.is_known().then_some(s.lookups),
            void_lookups: s.tree.is_known().then_some(s.void_lookups),
            tree: node(&s.tree, &d.facts.evidence.said),
        }),
        blocklists: blocklists::entries(d).map(list).collect(),
        findings: d.every_finding().map(|f| finding_part(&d.facts.evidence.input, f)).collect(),
        unknown: d.unknown.iter().map(gap).collect(),
        dns: dns(d),
    }
}

fn dns_host(d: &Diagnosis, domain: &str, rows: &[Row]) -> Option<DnsHost> {
    let servers = rows.iter().find(|r| r.subject == Subject::Ns)?;
    let host = home::of(&d.facts.evidence.answers, domain).host;
    let names = servers.records().filter_map(|data| match data {
        Data::Ns(name) => Some(name.clone()),
        _ => None,
    });
    let nameservers: Vec<_> = names.collect();
    (host.is_some() || !nameservers.is_empty()).then(|| DnsHost {
        id: host.map(|h| h.id.as_str()),
        name: host.map(|h| h.name.as_str()),
        nameservers,
    })
}

fn list(entry: &Entry) -> ListPart {
    ListPart {
        list: &entry.list.name,
        zone: &entry.list.zone,
        about: entry.about.to_string(),
        state: blocklists::word(entry),
    }
}

fn party(party: &Party) -> PartyPart {
    let clue =
        |c: &Clue| CluePart { name: c.question.name.to_string(), kind: c.question.kind.word(), text: c.text.clone() };
    PartyPart {
        id: party.id,
        name: party.name,
        role: party.role.word(),
        evidence: party.clues.iter().map(clue).collect(),
    }
}

fn record(row: &Row, said: &Said) -> Option<RecordPart> {
    let answer = row.answer.as_ref()?;
    let outcome = row.outcome()?;
    let via = answer.records.iter().filter_map(|r| match &r.data {
        Data::Cname(target) => Some(target.clone()),
        _ => None,
    });
    Some(RecordPart {
        name: row.question.name.to_string(),
        kind: row.question.kind.word(),
        // The contract knows six outcomes.
        outcome: if outcome == Outcome::Truncated { Outcome::Timeout } else { outcome },
        ttl: answer.ttl(),
        raw: row.records().map(ToString::to_string).collect(),
        via: via.collect(),
        parsed: parsed(row),
        extended_errors: answer.extended.iter().map(|e| json!({ "code": e.code, "text": e.text })).collect(),
        truncated: outcome == Outcome::Truncated,
        dig: said.aim(row.question.dig()),
    })
}

/// The records taken apart; `null` where there are none.
fn parsed(row: &Row) -> Value {
    let all: Vec<Value> = row.records().map(|data| one(row.subject, data)).collect();
    match (row.subject, all.len()) {
        (_, 0) => Value::Null,
        (Subject::Spf | Subject::Dkim | Subject::Dmarc | Subject::Bimi | Subject::MtaSts | Subject::TlsRpt, 1) => {
            all.into_iter().next().unwrap_or_default()
        }
        _ => Value::Array(all),
    }
}

fn one(subject: Subject, data: &Data) -> Value {
    match data {
        Data::Mx { preference, exchange } => json!({ "preference": preference, "exchange": exchange }),
        Data::Caa { flags, tag, value } => {
            json!({ "flags": flags, "tag": tag, "value": String::from_utf8_lossy(value) })
        }
        Data::Ns(name) | Data::Ptr(name) | Data::Cname(name) => json!(name),
        Data::Txt(strings) if subject == Subject::Spf => {
            let text = String::from_utf8_lossy(&strings.concat()).into_owned();
            json!({ "version": "spf1", "terms": text.split(' ').skip(1).filter(|t| !t.is_empty()).collect::<Vec<_>>() })
        }
        Data::Txt(strings) => tags(&strings.concat()),
        other => json!(other.to_string()),
    }
}

/// A tag list; a repeated tag keeps its first value, as readers do.
fn tags(text: &[u8]) -> Value {
    let list = TagList::split(text, Span::new(0, text.len()));
    let word = |span: Span| String::from_utf8_lossy(span.of(text)).into_owned();
    let mut map = Map::new();
    for tag in list.tags {
        map.entry(word(tag.name)).or_insert_with(|| Value::String(word(tag.value)));
    }
    Value::Object(map)
}
