//! Mailbox providers as IMAP servers: `assets/mailboxes.toml`.

use super::shelf;
use serde::Deserialize;
use std::sync::LazyLock;

/// One provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Provider {
    pub id: String,
    pub name: String,
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Domains whose addresses are always there.
    pub domains: Vec<String>,
    pub password: Password,
    /// Where to click for an app password.
    pub app_password: Vec<String>,
    /// Where IMAP itself is switched on; empty where it always is, or nobody knows.
    pub enable: String,
    pub note: String,
    pub source: String,
    /// A, B or C.
    pub confidence: String,
    pub checked: String,
}

/// How the connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte (RFC 8314 §3.2).
    #[default]
    Implicit,
    /// After STARTTLS (RFC 9051 §6.2.1).
    Starttls,
    None,
}

impl Tls {
    pub fn word(self) -> &'static str {
        match self {
            Tls::Implicit => "implicit",
            Tls::Starttls => "starttls",
            Tls::None => "none",
        }
    }

    /// The port that goes with it.
    pub fn port(self) -> u16 {
        if self == Tls::Implicit { 993 } else { 143 }
    }
}

/// What the server takes for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Password {
    /// The account's own.
    Account,
    /// One made for a program.
    App,
    /// None at all: OAuth 2.0.
    Token,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shelf {
    /// In lower case.
    junk: Vec<String>,
    provider: Vec<Provider>,
}

static ALL: LazyLock<Shelf> = LazyLock::new(|| shelf::book("mailboxes"));

/// Every provider.
pub fn all() -> &'static [Provider] {
    &ALL.provider
}

/// The provider of this id.
pub fn find(id: &str) -> Option<&'static Provider> {
    all().iter().find(|p| p.id.eq_ignore_ascii_case(id))
}

/// The provider whose server this is.
pub fn of_host(host: &str) -> Option<&'static Provider> {
    all().iter().find(|p| p.host.eq_ignore_ascii_case(host))
}

/// The provider of an address of this domain.
pub fn of_domain(domain: &str) -> Option<&'static Provider> {
    all().iter().find(|p| p.domains.iter().any(|d| d.eq_ignore_ascii_case(domain)))
}

/// Is a folder called so usually that of junk?
pub fn names_junk(name: &str) -> bool {
    let name = name.to_lowercase();
    ALL.junk.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_can_be_reached_and_says_whence() {
        assert!(all().len() >= 12);
        for p in all() {
            assert!(!p.name.is_empty() && !p.host.is_empty() && !p.source.is_empty(), "{}", p.id);
            assert!(["A", "B", "C"].contains(&&*p.confidence), "{}", p.id);
            assert!(p.checked.parse::<jiff::civil::Date>().is_ok(), "{}", p.id);
            assert!(p.password != Password::App || !p.app_password.is_empty(), "{}: where to click", p.id);
            assert!(p.password != Password::Token || p.note.contains("paste"), "{}: a way without a token", p.id);
            assert!(std::ptr::eq(find(&p.id).unwrap(), p));
        }
    }

    #[test]
    fn a_domain_belongs_to_one_provider() {
        for p in all() {
            for domain in &p.domains {
                assert_eq!(of_domain(domain).unwrap().id, p.id, "{domain}");
            }
        }
        assert_eq!(of_domain("GMail.com").unwrap().host, "imap.gmail.com");
        assert!(of_domain("example.com").is_none());
    }

    #[test]
    fn junk_by_its_name() {
        for name in ["Junk", "SPAM", "Junk E-mail", "Unerwünscht", "Спам"] {
            assert!(names_junk(name), "{name}");
        }
        assert!(!names_junk("INBOX") && !names_junk("Spam reports"));
    }
}
