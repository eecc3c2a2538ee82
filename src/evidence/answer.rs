//! What came of a DNS question.
//!
//! Every outcome is a value: a timeout never reads as "no record".

use super::dns::{Data, Record};
use serde::{Deserialize, Serialize};

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
    /// The answer was cut to fit (TC), and no whole one came over TCP.
    Truncated,
}

impl Outcome {
    /// As in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Records => "records",
            Outcome::NoData => "nodata",
            Outcome::NxDomain => "nxdomain",
            Outcome::ServFail => "servfail",
            Outcome::Refused => "refused",
            Outcome::Timeout => "timeout",
            Outcome::Truncated => "truncated",
        }
    }

    /// Server failure, refusal, silence or half an answer: nothing was learnt.
    pub fn failed(self) -> bool {
        matches!(self, Outcome::ServFail | Outcome::Refused | Outcome::Timeout | Outcome::Truncated)
    }
}

/// What one server said to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The resolver found it signed, and the signatures good (AD, RFC 4035 §3.2.3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authentic: bool,
    /// The server speaks for the zone (AA); only of interest where a name server was asked directly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authoritative: bool,
    /// Over TCP, because it did not fit into a datagram.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tcp: bool,
    /// Why, in the resolver's words (RFC 8914).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended: Vec<ExtendedError>,
    /// The SOA of a negative answer, whose owner is the zone's apex (RFC 2308 §2), or the NS of a referral.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority: Vec<Record>,
    /// The addresses that came with a referral.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub glue: Vec<Record>,
}

/// An extended DNS error (RFC 8914).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedError {
    /// INFO-CODE: [`ExtendedError::word`] names it.
    pub code: u16,
    /// EXTRA-TEXT, the server's own; a stranger's text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl ExtendedError {
    /// The registered purpose of the code (RFC 8914 §4), or nothing.
    pub fn word(&self) -> Option<&'static str> {
        const WORDS: [&str; 25] = [
            "Other Error",
            "Unsupported DNSKEY Algorithm",
            "Unsupported DS Digest Type",
            "Stale Answer",
            "Forged Answer",
            "DNSSEC Indeterminate",
            "DNSSEC Bogus",
            "Signature Expired",
            "Signature Not Yet Valid",
            "DNSKEY Missing",
            "RRSIGs Missing",
            "No Zone Key Bit Set",
            "NSEC Missing",
            "Cached Error",
            "Not Ready",
            "Blocked",
            "Censored",
            "Filtered",
            "Prohibited",
            "Stale NXDOMAIN Answer",
            "Not Authoritative",
            "Not Supported",
            "No Reachable Authority",
            "Network Error",
            "Invalid Data",
        ];
        WORDS.get(usize::from(self.code)).copied()
    }

    /// The answer failed because its signatures do: the zone is bogus, not out of reach.
    pub fn is_validation(&self) -> bool {
        matches!(self.code, 6..=12)
    }
}

impl Answer {
    /// An answer that took no time and came with nothing else.
    pub fn new(outcome: Outcome, records: Vec<Record>, at: jiff::Timestamp) -> Answer {
        Answer {
            outcome,
            records,
            negative_ttl: None,
            at,
            elapsed_ms: 0,
            authentic: false,
            authoritative: false,
            tcp: false,
            extended: Vec::new(),
            authority: Vec::new(),
            glue: Vec::new(),
        }
    }

    /// The apex of the zone that answered in the negative, where the server said so.
    pub fn zone_cut(&self) -> Option<&str> {
        self.authority.iter().find(|r| matches!(r.data, Data::Soa { .. })).map(|r| r.name.as_str())
    }

    /// The name servers a referral points to, and the name it delegates.
    pub fn referral(&self) -> impl Iterator<Item = (&str, &str)> {
        self.authority.iter().filter_map(|r| match &r.data {
            Data::Ns(host) => Some((r.name.as_str(), host.as_str())),
            _ => None,
        })
    }

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
