//! Signs a message with a key of the user's own (RFC 6376). mail-auth signs; the time in `t=` is the clock's.

use crate::send::{Composed, Sealed};
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a key file that are read.
const LIMIT: u64 = 64 * 1024;

/// Fields that are signed where the message has them (RFC 6376 §5.4.1).
const FIELDS: [&str; 13] = [
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// A key file, and the name its public half is published under.
#[derive(Clone, Debug)]
pub struct Key {
    pub path: PathBuf,
    pub selector: String,
    /// `None`: that of From.
    pub domain: Option<String>,
}

/// Signs what is ready to be sent, where there is a key.
pub fn signed(letters: Vec<Sealed>, key: Option<&Key>) -> Result<Vec<Sealed>, String> {
    match key {
        Some(key) => letters.into_iter().map(|sealed| key.sign(sealed)).collect(),
        None => Ok(letters),
    }
}

impl Key {
    fn sign(&self, sealed: Sealed) -> Result<Sealed, String> {
        let Sealed { draft, composed } = sealed;
        let domain = self.domain.as_deref().unwrap_or(draft.from.email.domain());
        let bytes = Signer::read(&self.path, domain, &self.selector)?.sign(&composed.bytes)?;
        Ok(Sealed { draft, composed: Composed { bytes, ..composed } })
    }
}

/// A key that was read, with the name it is published under.
pub struct Signer {
    key: Private,
    domain: String,
    selector: String,
}

enum Private {
    Rsa(RsaKey<Sha256>),
    Ed25519(Ed25519Key),
}

impl Signer {
    /// Reads a PEM file: RSA (PKCS #1 or #8) or Ed25519 (PKCS #8).
    pub fn read(path: &Path, domain: &str, selector: &str) -> Result<Signer, String> {
        let fail = |why: String| format!("{}: {why}", path.display());
        super::limits::no_core_dumps();
        let mut pem = Zeroizing::new(Vec::new());
        let file = std::fs::File::open(path).map_err(|e| fail(e.to_string()))?;
        std::io::Read::read_to_end(&mut std::io::Read::take(file, LIMIT), &mut pem).map_err(|e| fail(e.to_string()))?;
        let key =
            key(&pem).ok_or_else(|| fail("no private key in it that DKIM can use (PEM, RSA or Ed25519)".into()))?;
        Ok(Signer { key, domain: domain.to_ascii_lowercase(), selector: selector.to_owned() })
    }

    /// The message with a signature on top.
    pub fn sign(self, message: &[u8]) -> Result<Vec<u8>, String> {
        let header = crate::facts::header::Header::split(message);
        let fields: Vec<&str> = FIELDS.into_iter().filter(|name| header.first(message, name).is_some()).collect();
        if !fields.contains(&"From") {
            return Err("a message without From cannot be signed (RFC 6376 §5.4)".into());
        }
        let Signer { key, domain, selector } = self;
        let signature = match key {
            Private::Rsa(key) => {
                DkimSigner::from_key(key).domain(domain).selector(selector).headers(fields).sign(message)
            }
            Private::Ed25519(key) => {
                DkimSigner::from_key(key).domain(domain).selector(selector).headers(fields).sign(message)
            }
        };
        let signature = signature.map_err(|e| format!("the message could not be signed: {e}"))?;
        Ok([signature.to_header().as_bytes(), message].concat())
    }
}

fn key(pem: &[u8]) -> Option<Private> {
    let der = PrivateKeyDer::from_pem_slice(pem).ok()?;
    if let PrivateKeyDer::Pkcs8(pkcs8) = &der
        && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der())
    {
        return Some(Private::Ed25519(key));
    }
    RsaKey::from_key_der(der).ok().map(Private::Rsa)
}
