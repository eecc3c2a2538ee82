//! Keys for DKIM: made here, the private half for a file, the public half for DNS.

use super::state;
use crate::facts::dkim::material::{self, PublicKey};
use mail_auth::dkim::generate::DkimKeyPair;
use std::path::Path;
use zeroize::Zeroizing;

/// What kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// With so many bits.
    Rsa(u16),
    Ed25519,
}

/// A pair of keys.
pub struct Made {
    /// PEM: PKCS#1 for RSA, PKCS#8 for Ed25519, as OpenSSL and the signers read them. Wiped when dropped.
    pub private: Zeroizing<String>,
    /// The text of the TXT record.
    pub record: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("no key could be made: {0}")]
pub struct Fault(String);

/// Makes an RSA key of 2048 bits: the private half goes into a new file that nobody else can read, the record comes back.
///
/// # Errors
/// A sentence for the user; a file that is there is never overwritten.
pub fn to_file(path: &Path) -> Result<String, String> {
    let made = make(KeyType::Rsa(2048)).map_err(|e| e.to_string())?;
    let write = state::write_new(path, made.private.as_bytes());
    write.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} exists and is not overwritten: name another file", path.display())
        }
        _ => format!("{}: {e}", path.display()),
    })?;
    Ok(made.record)
}

/// Makes one. RSA takes a moment: never on a thread that draws or waits.
///
/// # Errors
/// Where the system's source of chance or a library fails.
pub fn make(kind: KeyType) -> Result<Made, Fault> {
    let fault = |e: mail_auth::Error| Fault(e.to_string());
    match kind {
        KeyType::Rsa(bits) => {
            let (private, public) = DkimKeyPair::generate_rsa(bits.into()).map_err(fault)?.into_inner();
            let private = Zeroizing::new(private);
            // It hands out the bare RSAPublicKey; in DNS stands the SubjectPublicKeyInfo around it (RFC 6376 §3.6.1).
            let bare = material::encode(&public);
            let PublicKey::Wrapped { right, .. } = material::judge(bare.as_bytes(), false).public else {
                return Err(Fault("its public half cannot be read back".into()));
            };
            Ok(Made { private: pem("RSA PRIVATE KEY", &private), record: format!("v=DKIM1; k=rsa; p={right}") })
        }
        KeyType::Ed25519 => {
            let (private, public) = DkimKeyPair::generate_ed25519().map_err(fault)?.into_inner();
            let private = Zeroizing::new(private);
            let der = plain_pkcs8(&private).ok_or_else(|| Fault("its private half cannot be read back".into()))?;
            let record = format!("v=DKIM1; k=ed25519; p={}", material::encode(&public));
            Ok(Made { private: pem("PRIVATE KEY", &der), record })
        }
    }
}

/// PKCS#8 of version 1, with the seed alone (RFC 8410 §7): what ring makes carries the public half too, and OpenSSL
/// does not read that.
fn plain_pkcs8(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const HEAD: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    // SEQUENCE, its length, version 1, the same algorithm, the seed.
    let same = der.get(2..3)? == [0x02] && der.get(5..16)? == &HEAD[5..];
    let seed = der.get(16..48).filter(|_| same)?;
    Some(Zeroizing::new([&HEAD[..], seed].concat()))
}

fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(material::encode(der));
    let mut text = Zeroizing::new(format!("-----BEGIN {label}-----\n"));
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::dkim::record;

    /// The DER inside.
    fn der(pem: &str) -> Vec<u8> {
        let base64: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
        material::decode(base64.as_bytes()).unwrap()
    }

    #[test]
    fn an_rsa_key_is_published_as_the_world_publishes_it() {
        let made = make(KeyType::Rsa(2048)).unwrap();
        assert!(made.private.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        assert!(
            made.private.lines().all(|l| l.len() <= 64) && made.private.ends_with("-----END RSA PRIVATE KEY-----\n")
        );
        let read = record(&made.record);
        assert!(read.usable() && read.problems.is_empty(), "{read:?}");
        assert_eq!(read.public, PublicKey::Rsa { bits: 2048 });
        // The two halves belong together.
        let pair = ring::rsa::KeyPair::from_der(&der(&made.private)).unwrap();
        let bare = material::encode(ring::signature::KeyPair::public_key(&pair).as_ref());
        let PublicKey::Wrapped { right, .. } = material::judge(bare.as_bytes(), false).public else { panic!("{bare}") };
        assert!(made.record.ends_with(&format!("p={right}")));
    }

    #[test]
    fn an_ed25519_key_has_the_seed_alone() {
        let made = make(KeyType::Ed25519).unwrap();
        let read = record(&made.record);
        assert!(read.usable() && read.public == PublicKey::Ed25519);
        let der = der(&made.private);
        assert_eq!((der.len(), der[4]), (48, 0));
        let pair = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
        let public = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
        assert!(made.record.ends_with(&format!("p={}", material::encode(&public))));
    }

    #[test]
    fn another_shape_is_refused() {
        assert!(plain_pkcs8(&[0; 60]).is_none() && plain_pkcs8(&[]).is_none());
    }
}
