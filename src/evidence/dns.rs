//! DNS questions and records as values.

use super::{Answer, Name};
use crate::shell::word;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::cmp::Ordering;
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
    Dnskey,
    Ds,
    Mx,
    Ns,
    Ptr,
    Rrsig,
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
    pub name: Name,
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default)]
    pub server: Server,
    /// Asked with CD=1 and DO=1: a validating resolver hands out what it holds for bogus, with the
    /// signatures (RFC 4035 §3.2.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checking_disabled: bool,
}

impl Question {
    /// A question to the recursive resolver. `name` is lower-cased and loses its trailing dot.
    pub fn new(name: &str, kind: Kind) -> Self {
        Question { name: Name::new(name), kind, server: Server::Resolver, checking_disabled: false }
    }

    /// As [`Question::new`], of a name that is one already.
    pub fn of(name: &Name, kind: Kind) -> Self {
        Question { name: name.clone(), kind, server: Server::Resolver, checking_disabled: false }
    }

    /// As [`Question::new`], for `label.domain`.
    pub fn below(label: &str, domain: &str, kind: Kind) -> Self {
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let mut name = String::with_capacity(label.len() + 1 + domain.len());
        name.push_str(label);
        name.push('.');
        name.push_str(domain);
        Question { name: Name::new(&name), kind, server: Server::Resolver, checking_disabled: false }
    }

    /// The same question to the name server at `ip`, without recursion.
    pub fn at(self, ip: IpAddr) -> Self {
        Question { server: Server::At(ip), ..self }
    }

    /// The same question past the resolver's validation: see [`Question::checking_disabled`].
    pub fn unchecked(self) -> Self {
        Question { checking_disabled: true, ..self }
    }

    /// The `dig` command that asks the same.
    pub fn dig(&self) -> String {
        let at = match self.server {
            Server::Resolver => String::new(),
            Server::At(ip) => format!("@{ip} "),
        };
        let name = if self.name.is_empty() { "." } else { &self.name };
        let how = match self.server {
            _ if self.checking_disabled => "+cdflag +dnssec ",
            Server::Resolver => "+short ",
            Server::At(_) => "+norecurse ",
        };
        ["dig ", how, &at, self.kind.word(), " ", &word(name)].concat()
    }
}

impl Kind {
    pub const ALL: [Kind; 14] = [
        Kind::A,
        Kind::Aaaa,
        Kind::Caa,
        Kind::Cname,
        Kind::Dnskey,
        Kind::Ds,
        Kind::Mx,
        Kind::Ns,
        Kind::Ptr,
        Kind::Rrsig,
        Kind::Soa,
        Kind::Spf,
        Kind::Tlsa,
        Kind::Txt,
    ];

    /// As in a zone file.
    pub fn word(self) -> &'static str {
        match self {
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
            Kind::Caa => "CAA",
            Kind::Cname => "CNAME",
            Kind::Dnskey => "DNSKEY",
            Kind::Ds => "DS",
            Kind::Mx => "MX",
            Kind::Ns => "NS",
            Kind::Ptr => "PTR",
            Kind::Rrsig => "RRSIG",
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
    /// RFC 8659 §4.1. The value as it stands, `;` and parameters included.
    Caa {
        flags: u8,
        tag: String,
        value: Vec<u8>,
    },
    /// RFC 4034 §5.1.
    Ds {
        key_tag: u16,
        algorithm: u8,
        digest_type: u8,
        digest: Vec<u8>,
    },
    /// RFC 4034 §2.1.
    Dnskey {
        flags: u16,
        protocol: u8,
        algorithm: u8,
        key: Vec<u8>,
    },
    /// RFC 4034 §3.1. Times are seconds of the Unix clock.
    Rrsig {
        /// Mnemonic of the type that is signed.
        covered: String,
        algorithm: u8,
        labels: u8,
        original_ttl: u32,
        expiration: u32,
        inception: u32,
        key_tag: u16,
        signer: String,
        signature: Vec<u8>,
    },
    /// RFC 6698 §2.1.
    Tlsa {
        usage: u8,
        selector: u8,
        matching: u8,
        data: Vec<u8>,
    },
    /// Any other type, in presentation form.
    Other(String),
}

/// Every answer so far.
pub type Answers = BTreeMap<Question, Answer>;

/// What the resolver in use answered to a question about `name`, which need not be copied for it.
pub fn answer_at<'a>(answers: &'a Answers, name: &str, kind: Kind) -> Option<&'a Answer> {
    match Name::is_normal(name) {
        true => answers.get::<dyn Asked>(&(name, kind)),
        false => answers.get(&Question::new(name, kind)),
    }
}

/// All that tells questions apart, in the order in which they are sorted.
trait Asked {
    fn asked(&self) -> (&str, Kind, Server, bool);
}

impl Asked for Question {
    fn asked(&self) -> (&str, Kind, Server, bool) {
        (&self.name, self.kind, self.server, self.checking_disabled)
    }
}

impl Asked for (&str, Kind) {
    fn asked(&self) -> (&str, Kind, Server, bool) {
        (self.0, self.1, Server::Resolver, false)
    }
}

impl<'a> Borrow<dyn Asked + 'a> for Question {
    fn borrow(&self) -> &(dyn Asked + 'a) {
        self
    }
}

impl PartialEq for dyn Asked + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.asked() == other.asked()
    }
}

impl Eq for dyn Asked + '_ {}

impl PartialOrd for dyn Asked + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Asked + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.asked().cmp(&other.asked())
    }
}
