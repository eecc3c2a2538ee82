//! Errands: what is fetched from the outside besides DNS answers, and what came of it.
//!
//! As with DNS every outcome is a value, so that a case replays without the network.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One thing to fetch; also the key under which the case file keeps the result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "lowercase")]
pub enum Errand {
    /// GET over verified TLS. An MTA-STS policy must not be redirected (RFC 8461 §3.3); RDAP
    /// bootstraps by redirection (RFC 7484).
    Https {
        url: String,
        #[serde(default)]
        follow: bool,
    },
    /// A conversation with a mail host on port 25 that ends before DATA.
    Smtp(Probe),
}

/// What an SMTP conversation is to find out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// The MX target: the name its certificate is held against.
    pub host: String,
    pub ip: IpAddr,
    /// Each is offered in RCPT TO, from the null sender.
    pub recipients: Vec<String>,
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    #[serde(flatten)]
    pub what: What,
    /// When it was done.
    pub at: jiff::Timestamp,
    pub elapsed_ms: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum What {
    /// An HTTP answer, whatever its status.
    Page { status: u16, content_type: Option<String>, body: String },
    /// An SMTP conversation, as far as it got.
    Talk(Talk),
    /// Nobody answered, or TLS failed.
    Failed { step: Step, why: String },
}

/// Where an errand failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The host name has no address that could be asked.
    Name,
    Connect,
    Tls,
    Certificate,
    /// Connected, then silence or nonsense.
    Answer,
    Timeout,
}

/// An SMTP conversation without a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// The 220 line, or what stood in its place.
    pub greeting: Option<String>,
    /// The EHLO keywords.
    pub extensions: Vec<String>,
    pub tls: Option<Tls>,
    /// For each recipient offered: the reply.
    pub recipients: Vec<(String, String)>,
    /// Where it broke off, if it did.
    pub broke: Option<(Step, String)>,
}

/// How STARTTLS went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// "TLSv1.3"; `None` where the handshake failed.
    pub version: Option<String>,
    /// Why the certificate is not valid for the host, if it is not.
    pub certificate: Option<String>,
}

/// Everything fetched so far.
pub type Fetched = BTreeMap<Errand, Brought>;
