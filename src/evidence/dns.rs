//! DNS questions and answers as values.
//!
//! Every outcome is a value: a timeout never reads as "no record".

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The record types postdoc asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    A,
    Aaaa,
    Caa,
    Cname,
    Ds,
    Mx,
    Ns,
    Ptr,
    Soa,
    /// RR type 99, obsolete (RFC 7208 §3.1).
    Spf,
    Tlsa,
    Txt,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// The recursive resolver in use.
    #[default]
    Resolver,
    /// A name server asked directly at its own address.
    At(IpAddr),
}

/// One question: what planning asks, what "unknown" names, what the case file is keyed by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// Lower-case A-label name without a trailing dot; the root is the empty string.
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default)]
    pub server: Server,
}

impl Question {
    /// A question to the recursive resolver. `name` is lower-cased and loses its trailing dot.
    pub fn new(name: &str, kind: Kind) -> Self {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        Question { name, kind, server: Server::Resolver }
    }

    /// The `dig` command that asks the same.
    pub fn dig(&self) -> String {
        let at = match self.server {
            Server::Resolver => String::new(),
            Server::At(ip) => format!("@{ip} "),
        };
        let name = if self.name.is_empty() { "." } else { &self.name };
        ["dig +short ", &at, self.kind.word(), " ", name].concat()
    }
}

impl Kind {
    /// As in a zone file.
    pub fn word(self) -> &'static str {
        match self {
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
            Kind::Caa => "CAA",
            Kind::Cname => "CNAME",
            Kind::Ds => "DS",
            Kind::Mx => "MX",
            Kind::Ns => "NS",
            Kind::Ptr => "PTR",
            Kind::Soa => "SOA",
            Kind::Spf => "SPF",
            Kind::Tlsa => "TLSA",
            Kind::Txt => "TXT",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Records,
    /// The name exists, this type does not.
    NoData,
    NxDomain,
    ServFail,
    Refused,
    /// No answer within the limits, or nobody to ask.
    Timeout,
}

impl Outcome {
    /// Server failure, refusal or silence: nothing was learnt.
    pub fn failed(self) -> bool {
        matches!(self, Outcome::ServFail | Outcome::Refused | Outcome::Timeout)
    }
}

/// One resource record of an answer, in the order the server gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Owner name, lower-case A-label, no trailing dot.
    pub name: String,
    /// Seconds.
    pub ttl: u32,
    pub data: Data,
}

/// Record data. Names are lower-case A-labels without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(String),
    Ns(String),
    Ptr(String),
    Mx {
        preference: u16,
        exchange: String,
    },
    /// The character-strings, apart, as bytes.
    Txt(Vec<Vec<u8>>),
    Soa {
        mname: String,
        rname: String,
        serial: u32,
        refresh: u32,
        retry: u32,
        expire: u32,
        minimum: u32,
    },
    /// Any other type, in presentation form.
    Other(String),
}

/// What one server said to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub outcome: Outcome,
    /// The answer section, CNAMEs included.
    pub records: Vec<Record>,
    /// Seconds for which a negative answer may be kept (RFC 2308), where the server said so.
    pub negative_ttl: Option<u32>,
    /// When the answer came.
    pub at: jiff::Timestamp,
    /// How long it took.
    pub elapsed_ms: u32,
}

impl Answer {
    /// The TXT records of the answer, each with its strings joined without a blank
    /// (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
    pub fn texts(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.records.iter().filter_map(|r| match &r.data {
            Data::Txt(strings) => Some(strings.concat()),
            _ => None,
        })
    }

    /// The smallest TTL of the answer, or the negative TTL.
    pub fn ttl(&self) -> Option<u32> {
        self.records.iter().map(|r| r.ttl).min().or(self.negative_ttl)
    }

    /// The name the CNAME chain ends at, where there was one.
    pub fn alias(&self) -> Option<&str> {
        self.records.iter().rev().find_map(|r| match &r.data {
            Data::Cname(target) => Some(target.as_str()),
            _ => None,
        })
    }
}

/// Every answer so far.
pub type Answers = BTreeMap<Question, Answer>;
