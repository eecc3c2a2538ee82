//! How the programs that sign mail are told of a key.

use serde::{Deserialize, Serialize};

/// A program that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signer {
    OpenDkim,
    Rspamd,
    /// Hands the mail to OpenDKIM or Rspamd: it does not sign by itself.
    Postfix,
    Exim,
    Akmta,
    GoMail,
    Stalwart,
}

/// A key of a domain, as a signer needs it.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub domain: &'a str,
    pub selector: &'a str,
    /// Where the private half lies.
    pub file: &'a str,
    pub ed25519: bool,
}

impl Signer {
    pub const ALL: [Signer; 7] = [
        Signer::OpenDkim,
        Signer::Rspamd,
        Signer::Postfix,
        Signer::Exim,
        Signer::Akmta,
        Signer::GoMail,
        Signer::Stalwart,
    ];

    /// The word of `--for`.
    pub fn word(self) -> &'static str {
        match self {
            Signer::OpenDkim => "opendkim",
            Signer::Rspamd => "rspamd",
            Signer::Postfix => "postfix",
            Signer::Exim => "exim",
            Signer::Akmta => "akmta",
            Signer::GoMail => "gomail",
            Signer::Stalwart => "stalwart",
        }
    }

    /// The one that is called so.
    pub fn find(word: &str) -> Option<Signer> {
        Signer::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Why it cannot use such a key as it is, if it cannot.
    pub fn objects_to(self, ed25519: bool) -> Option<&'static str> {
        match self {
            Signer::OpenDkim | Signer::Postfix if ed25519 => {
                Some("released versions of OpenDKIM sign with RSA only: make an RSA key")
            }
            Signer::Rspamd if ed25519 => Some(
                "Rspamd wants Ed25519 keys in a form of its own: make that one with `rspamadm dkim_keygen -t ed25519`",
            ),
            _ => None,
        }
    }

    /// What to write where.
    pub fn configuration(self, key: Key) -> String {
        let Key { domain, selector, file, ed25519 } = key;
        let name = format!("{selector}._domainkey.{domain}");
        match self {
            Signer::OpenDkim => format!(
                "# /etc/opendkim.conf; the file must be readable by opendkim alone\n\
                 Mode             s\n\
                 Canonicalization relaxed/relaxed\n\
                 OversignHeaders  From\n\
                 KeyTable         /etc/opendkim/KeyTable\n\
                 SigningTable     refile:/etc/opendkim/SigningTable\n\
                 Socket           inet:8891@127.0.0.1\n\n\
                 # /etc/opendkim/KeyTable\n\
                 {name} {domain}:{selector}:{file}\n\n\
                 # /etc/opendkim/SigningTable\n\
                 *@{domain} {name}\n"
            ),
            Signer::Rspamd => format!(
                "# /etc/rspamd/local.d/dkim_signing.conf; the file must be readable by rspamd\n\
                 domain {{\n  {domain} {{\n    selectors [\n      {{ path: \"{file}\"; selector: \"{selector}\"; }}\n    ]\n  }}\n}}\n"
            ),
            Signer::Postfix => format!(
                "# /etc/postfix/main.cf: Postfix hands the mail to OpenDKIM (port 8891) or Rspamd (11332), which signs\n\
                 # with {file} as {name}; see --for opendkim, --for rspamd\n\
                 smtpd_milters = inet:127.0.0.1:8891\n\
                 non_smtpd_milters = $smtpd_milters\n\
                 milter_default_action = accept\n\
                 milter_protocol = 6\n"
            ),
            Signer::Exim => format!(
                "# in the transport that sends, as remote_smtp; the file must be readable by the user Exim runs as\n\
                 dkim_domain = {domain}\n\
                 dkim_selector = {selector}\n\
                 dkim_private_key = {file}\n\
                 dkim_canon = relaxed\n"
            ),
            Signer::Akmta => format!(
                "In Altcraft, Settings › Keys: add a key of the type dkim and put the contents of {file} in.\n\
                 In the sender: choose it as From domain DKIM key, selector {selector}. Where the MAIL FROM type is not \
                 aligned, as secondary DKIM key and selector too; where it is aligned, the pool's key and selector decide.\n\
                 One key for each sender; template and campaign must not name another From domain than {domain}.\n"
            ),
            Signer::GoMail => format!(
                "GoMail makes its keys itself, of the type ed25519 by default: in its configuration set\n\
                 dkim.default_selector to {selector}, and in Admin › Domains › {domain} › DNS Records compare its public key with\n\
                 the record. How it takes a key made elsewhere ({file}) its guide does not say: ask its support before you\n\
                 publish the record below.\n"
            ),
            Signer::Stalwart => {
                let (id, algorithm) = if ed25519 { ("ed25519", "ed25519-sha256") } else { ("rsa", "rsa-sha256") };
                format!(
                    "# Stalwart signs with the signatures called rsa-<domain> and ed25519-<domain>\n\
                     [signature.\"{id}-{domain}\"]\n\
                     private-key = \"%{{file:{file}}}%\"\n\
                     domain = \"{domain}\"\n\
                     selector = \"{selector}\"\n\
                     headers = [\"From\", \"To\", \"Cc\", \"Date\", \"Subject\", \"Message-ID\", \"MIME-Version\", \"List-Unsubscribe\", \"List-Unsubscribe-Post\"]\n\
                     algorithm = \"{algorithm}\"\n\
                     canonicalization = \"relaxed/relaxed\"\n"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_names_selector_domain_and_file() {
        for signer in Signer::ALL {
            let key = Key { domain: "example.com", selector: "s9", file: "/etc/dkim/s9.pem", ed25519: false };
            let text = signer.configuration(key);
            for word in ["example.com", "s9", "/etc/dkim/s9.pem"] {
                assert!(text.contains(word), "{}: {word}: {text}", signer.word());
            }
            assert!(signer.objects_to(false).is_none());
        }
        assert!(Signer::OpenDkim.objects_to(true).is_some() && Signer::Exim.objects_to(true).is_none());
    }
}
