//! Errands: what is fetched from the outside besides DNS answers, and what came of it.
//!
//! As with DNS every outcome is a value, so that a case replays without the network.

use crate::shell::command;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One thing to fetch; also the key under which the case file keeps the result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "lowercase")]
pub enum Errand {
    /// GET over verified TLS. An MTA-STS policy must not be redirected (RFC 8461 §3.3); RDAP
    /// bootstraps by redirection (RFC 7480 §5.2).
    Https {
        url: String,
        #[serde(default)]
        follow: bool,
    },
    /// Port 80 of a host, as an authority asks that is to issue a certificate for it (RFC 8555 §8.3).
    Http { host: String },
    /// A conversation with a mail host on port 25 that ends before DATA.
    Smtp(Probe),
    /// A TLS handshake on port 443, and nothing asked: which certificate a host shows for its name.
    Handshake { host: String },
    /// The user's SpamAssassin is asked about the message: `host:port`, or the path of a socket.
    Spamd { at: String },
    /// The user's Rspamd is asked about the message.
    Rspamd(Scan),
}

/// What Rspamd is told beside the message, where it is known: how the message came in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scan {
    /// `http://127.0.0.1:11333`
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
}

/// What an SMTP conversation is to find out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// The MX target: the name its certificate is held against.
    pub host: String,
    pub ip: IpAddr,
    /// Each is offered in RCPT TO, from the null sender.
    pub recipients: Vec<String>,
    /// A recipient elsewhere, offered in a transaction of its own: only an open relay takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<String>,
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
    Page {
        status: u16,
        content_type: Option<String>,
        /// Where a redirection points that was not followed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
        body: String,
    },
    /// An SMTP conversation, as far as it got.
    Talk(Talk),
    /// A TLS handshake that came to its end.
    Handshake(Tls),
    /// All that spamd answered.
    Spamd { answer: String },
    /// Nobody answered, or TLS failed.
    Failed { step: Step, why: String },
}

/// Where an errand failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The host name has no address that could be asked.
    Name,
    Connect,
    /// No handshake, for another reason than the certificate.
    Tls,
    /// The certificate is expired, not yet valid, or of nobody who is trusted.
    Certificate,
    /// The certificate is good, but for other names.
    CertificateName,
    /// Connected, then nonsense, too much, or the end.
    Answer,
    Timeout,
}

/// An SMTP conversation without a message. Replies are whole, their lines apart by line feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// The 220 reply, or what stood in its place.
    pub greeting: Option<String>,
    /// The EHLO keywords with their parameters, before TLS.
    pub extensions: Vec<String>,
    /// How STARTTLS went; `None` where it was not offered or not reached.
    pub tls: Option<Tls>,
    /// The reply to MAIL FROM:<>.
    #[serde(default)]
    pub sender: Option<String>,
    /// For each recipient offered: the reply.
    pub recipients: Vec<(String, String)>,
    /// The reply to the foreign recipient.
    #[serde(default)]
    pub foreign: Option<String>,
    /// We are the host we asked: it may well relay for itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_host: bool,
    /// Where it broke off, if it did.
    pub broke: Option<(Step, String)>,
}

/// How STARTTLS went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// "TLSv1.3"; `None` where there was no handshake.
    pub version: Option<String>,
    /// "TLS13_AES_256_GCM_SHA384"
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// What is wrong: the refusal or failed handshake, else the certificate; then the conversation
    /// went on all the same, as nearly every sending server would (RFC 7435 §3).
    pub fault: Option<(Step, String)>,
    /// The certificates it showed, its own first: DER in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
}

/// Everything fetched so far.
pub type Fetched = BTreeMap<Errand, Brought>;

impl Errand {
    /// Is it a filter that judges the message? What it says holds for the message and the DNS of that moment alone.
    pub fn judges_message(&self) -> bool {
        matches!(self, Errand::Spamd { .. } | Errand::Rspamd(_))
    }

    /// Where it leads, in words.
    pub fn place(&self) -> String {
        match self {
            Errand::Https { url, .. } => url.clone(),
            Errand::Http { host } => format!("{host} port 80"),
            Errand::Smtp(Probe { host, ip, .. }) => format!("{host} [{ip}] port 25"),
            Errand::Handshake { host } => format!("{host} port 443"),
            Errand::Spamd { at } => format!("spamd at {at}"),
            Errand::Rspamd(Scan { url, .. }) => format!("Rspamd at {url}"),
        }
    }

    /// The command that looks at the same.
    pub fn command(&self) -> String {
        match self {
            Errand::Https { url, follow: true } => command!("curl -sL {}", url),
            Errand::Https { url, follow: false } => command!("curl -si {}", url),
            Errand::Http { host } => command!("curl -sI http://{}/", host),
            Errand::Smtp(Probe { host, ip, .. }) => {
                let address = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
                command!(
                    "openssl s_client -starttls smtp -connect {}:25 -servername {} -verify_hostname {}",
                    address,
                    host,
                    host
                )
            }
            Errand::Handshake { host } => {
                command!("openssl s_client -connect {}:443 -servername {} -verify_hostname {}", host, host, host)
            }
            Errand::Spamd { at } if at.starts_with('/') => format!("spamc -U {at} -R < FILE"),
            Errand::Spamd { at } => {
                let (host, port) = at.rsplit_once(':').unwrap_or((at, "783"));
                format!("spamc -d {} -p {port} -R < FILE", host.trim_matches(['[', ']']))
            }
            Errand::Rspamd(Scan { url, .. }) => {
                command!("curl -s --data-binary @FILE {}/checkv2", url.trim_end_matches('/'))
            }
        }
    }
}
