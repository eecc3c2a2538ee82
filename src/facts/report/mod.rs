//! Aggregate reports: DMARC (RFC 7489 §7.2, RFC 9990) and TLS (RFC 8460), as receivers send them about a domain.

pub mod aggregate;
mod keys;
mod known;
pub mod source;
pub mod tls;
mod unpack;
mod xml;

pub use aggregate::{Aggregate, Row};
pub use source::{Sender, Source, Standing, Tie};
pub use tls::TlsReport;
pub use unpack::Refusal;

use super::lookup::Lookup;
use crate::evidence::{Kind, Question};

/// An input that is a report: what it came in, and what is inside.
#[derive(Clone, Debug)]
pub struct Received {
    /// `mail`, `zip`, `gzip`, from the outside in.
    pub wraps: Vec<&'static str>,
    /// Further attachments and files beside the one that is read, which may be reports too.
    pub unread: usize,
    pub content: Result<Content, Refusal>,
}

/// The report itself.
#[derive(Clone, Debug)]
pub enum Content {
    Dmarc(Box<Aggregate>),
    Tls(TlsReport),
}

/// Reads the report. Work and memory are bounded whatever the input unpacks to.
pub fn read(text: &[u8]) -> Received {
    let mut received = Received { wraps: Vec::new(), unread: 0, content: Err(Refusal::NoReport) };
    received.content = unpack::unpack(text, &mut received.wraps, &mut received.unread)
        .and_then(|inside| parse(&inside, &mut received.unread));
    received
}

/// What the input unpacks to: the XML or JSON itself.
pub fn text(input: &[u8]) -> Option<String> {
    let inside = unpack::unpack(input, &mut Vec::new(), &mut 0).ok()?;
    Some(String::from_utf8_lossy(&inside).into_owned())
}

fn parse(text: &[u8], others: &mut usize) -> Result<Content, Refusal> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii();
    match text.first() {
        None => Err(Refusal::Empty),
        Some(b'<') => aggregate::read(text, others).map(|report| Content::Dmarc(Box::new(report))),
        Some(b'{') => tls::read(text).map(Content::Tls),
        Some(_) => Err(Refusal::NoReport),
    }
}

impl Received {
    pub fn dmarc(&self) -> Option<&Aggregate> {
        match &self.content {
            Ok(Content::Dmarc(report)) => Some(report),
            _ => None,
        }
    }

    pub fn tls(&self) -> Option<&TlsReport> {
        match &self.content {
            Ok(Content::Tls(report)) => Some(report),
            _ => None,
        }
    }
}

/// Who sends in the domain's name; the policy published now is asked for as well.
pub fn sources(lookup: &Lookup, received: Option<&Received>) -> Vec<Source> {
    let Some(report) = received.and_then(Received::dmarc) else { return Vec::new() };
    lookup.put(policy_question(report));
    let sources = source::gather(lookup, report);
    keys::ask(lookup, report, &sources);
    sources
}

/// Where the policy stands that the report is about.
pub fn policy_question(report: &Aggregate) -> Question {
    Question::new(&format!("_dmarc.{}", report.policy.domain), Kind::Txt)
}

/// A domain as the facts write it: lower case, without a trailing dot.
fn domain(text: &str) -> String {
    text.trim().trim_end_matches('.').to_ascii_lowercase()
}
