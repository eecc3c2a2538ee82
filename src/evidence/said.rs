//! What the user told us, on the command line or in a form.

use super::Question;
use super::filters::OwnFilters;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// Statements that no evidence at hand contains. Empty unless the user spoke.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// Address of the connecting client (`--ip`).
    pub ip: Option<IpAddr>,
    /// HELO/EHLO name (`--helo`).
    pub helo: Option<String>,
    /// MAIL FROM address or domain (`--mail-from`).
    pub mail_from: Option<String>,
    /// The authserv-id to believe (`--trust`).
    pub trust: Option<String>,
    /// What the panel or signer is said to be set to (`--configured`).
    pub configured: Configured,
    /// What a check of a domain is to look at.
    pub check: Wish,
    /// What the user's own counts say (`--sending`).
    #[serde(skip_serializing_if = "Sending::is_empty")]
    pub sending: Sending,
    /// Id of the DNS host that the records go to (`--dns-host`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_host: Option<String>,
    /// The resolver that is asked (`--resolver`), for the commands that ask the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<SocketAddr>,
    /// The folder it was found in (`--folder`, or seen in the mailbox).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<FoundIn>,
    /// Filters of the user's own that are asked (`--spamd`, `--rspamd`).
    #[serde(skip_serializing_if = "OwnFilters::is_empty")]
    pub filters: OwnFilters,
}

/// A folder of a mailbox that a message was found in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundIn {
    /// As people see it.
    pub name: String,
    pub role: FolderRole,
    /// Read from the mailbox by this program, rather than told.
    pub seen: bool,
}

impl FoundIn {
    /// As the user calls it: its last part says what it is for.
    pub fn told(name: &str) -> FoundIn {
        let last = name.rsplit(['/', '.']).next().unwrap_or(name);
        let role = match () {
            () if name.eq_ignore_ascii_case("INBOX") => FolderRole::Inbox,
            () if crate::knowledge::mailbox::names_junk(last) => FolderRole::Junk,
            () => FolderRole::Other,
        };
        FoundIn { name: name.to_owned(), role, seen: false }
    }
}

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FolderRole {
    Inbox,
    /// Spam, as far as the mailbox knows.
    Junk,
    Other,
}

impl FolderRole {
    pub fn word(self) -> &'static str {
        match self {
            FolderRole::Inbox => "inbox",
            FolderRole::Junk => "junk",
            FolderRole::Other => "other",
        }
    }
}

impl Said {
    /// A command that asks the resolver in use: only where it names no server of its own.
    pub fn aim(&self, command: String) -> String {
        let Some(resolver) = self.resolver else { return command };
        match command.strip_prefix("dig ") {
            Some(rest) if !command.contains('@') => {
                let port = if resolver.port() == 53 { String::new() } else { format!("-p {} ", resolver.port()) };
                format!("dig @{} {port}{rest}", resolver.ip())
            }
            None if command.starts_with("postdoc spf ") || command.starts_with("postdoc check ") => {
                format!("{command} --resolver {resolver}")
            }
            _ => command,
        }
    }
}

/// What a check of a domain is to look at besides what every check looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// DKIM selectors (`--selector`).
    pub selectors: Vec<String>,
    /// Sending addresses (`--ip`).
    pub ips: Vec<IpAddr>,
    /// Ids of platforms that send for the domain (`--platform`).
    pub platforms: Vec<String>,
    /// Only these parts (`--only`); empty means all.
    pub only: Vec<Part>,
    /// Ask blocklists: it tells others the addresses.
    pub blocklists: bool,
    /// Look at the certificates of the hosts that a message links to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub probe_links: bool,
    /// Talk SMTP to the domain's own mail hosts.
    pub probe_mx: bool,
    /// Recipients to offer there beside postmaster and abuse (`--recipient`).
    pub recipients: Vec<String>,
    /// Ask the registry how old the domain is.
    pub rdap: bool,
    /// The domain is said to send no mail.
    pub non_sending: bool,
    /// Further names of the domain to look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What is to be published: the zone's own servers are asked for it too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Question>,
    /// Hosts that are to answer over HTTPS with a certificate of their own name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub https: Vec<String>,
    /// Hosts whose port 80 is to answer: an authority asks there before it issues a certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Messages a day that are planned (`--volume`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<u64>,
}

/// What the user's own counts say of how he sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sending {
    /// Of what is delivered, how much is called spam by its readers.
    pub complaints: Option<Rate>,
    /// Of what is sent, how much bounces for good.
    pub bounces: Option<Rate>,
    /// Does the sender take part in feedback loops?
    pub feedback_loops: Option<bool>,
}

impl Sending {
    fn is_empty(&self) -> bool {
        *self == Sending::default()
    }
}

/// Hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(pub u32);

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:02}", self.0 / 100, self.0 % 100);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl std::str::FromStr for Rate {
    type Err = String;

    /// `0.25`, `0.25%`: percent.
    fn from_str(text: &str) -> Result<Rate, String> {
        let percent: Option<f64> = text.trim().trim_end_matches('%').trim_end().parse().ok();
        match percent.filter(|p| (0.0..=100.0).contains(p)) {
            Some(percent) => Ok(Rate((percent * 100.0).round() as u32)),
            None => Err(format!("{text:?} is no rate in percent, like 0.25")),
        }
    }
}

/// A part of a check (`--only`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Ns,
    Mx,
    Spf,
    Dkim,
    Dmarc,
    Bimi,
    MtaSts,
    TlsRpt,
    Caa,
    Ptr,
    Dnssec,
    Blocklists,
}

impl Part {
    pub const ALL: [Part; 12] = [
        Part::Ns,
        Part::Mx,
        Part::Spf,
        Part::Dkim,
        Part::Dmarc,
        Part::Bimi,
        Part::MtaSts,
        Part::TlsRpt,
        Part::Caa,
        Part::Ptr,
        Part::Dnssec,
        Part::Blocklists,
    ];

    /// The word of `--only`.
    pub fn word(self) -> &'static str {
        match self {
            Part::Ns => "ns",
            Part::Mx => "mx",
            Part::Spf => "spf",
            Part::Dkim => "dkim",
            Part::Dmarc => "dmarc",
            Part::Bimi => "bimi",
            Part::MtaSts => "mta-sts",
            Part::TlsRpt => "tls-rpt",
            Part::Caa => "caa",
            Part::Ptr => "ptr",
            Part::Dnssec => "dnssec",
            Part::Blocklists => "blocklists",
        }
    }
}

impl Wish {
    /// Is this part to be looked at?
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What the sending platform's panel, or the signer, is said to be set to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configured {
    /// From domain or address.
    pub from: Option<String>,
    /// MAIL FROM (reverse address) domain or address.
    pub mail_from: Option<String>,
    /// MAIL FROM type of the panel: `from_email`, `ptr`, `custom`, `aligned`.
    pub mail_from_type: Option<String>,
    pub helo: Option<String>,
    pub selector: Option<String>,
    pub secondary_selector: Option<String>,
    pub ip: Option<IpAddr>,
    pub pool: Option<String>,
    pub virtual_sender: Option<String>,
    pub template_sender: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_asks_the_resolver_in_use() {
        let aim = |resolver: &str, command: &str| {
            Said { resolver: resolver.parse().ok(), ..Said::default() }.aim(command.to_owned())
        };
        assert_eq!(aim("192.0.2.53:53", "dig +short TXT example.com"), "dig @192.0.2.53 +short TXT example.com");
        assert_eq!(aim("[2001:db8::1]:5353", "dig MX example.com"), "dig @2001:db8::1 -p 5353 MX example.com");
        assert_eq!(
            aim("192.0.2.53:53", "dig +norecurse @192.0.2.1 SOA x.example"),
            "dig +norecurse @192.0.2.1 SOA x.example"
        );
        assert_eq!(aim("192.0.2.53:53", "postdoc spf example.com"), "postdoc spf example.com --resolver 192.0.2.53:53");
        for other in ["curl -si https://mta-sts.example.com/", "send a new message", "postdoc diagnose FILE"] {
            assert_eq!(aim("192.0.2.53:53", other), other);
        }
        assert_eq!(aim("none", "dig TXT example.com"), "dig TXT example.com");
    }
}
