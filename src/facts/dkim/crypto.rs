//! Hashes and signatures (RFC 8301, RFC 8463), by ring.

use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode;

/// `a=`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Not to be accepted any more (RFC 8301 §3.1); its body hash still tells what was changed.
    RsaSha1,
    RsaSha256,
    Ed25519,
}

impl Algorithm {
    pub fn named(word: &str) -> Option<Algorithm> {
        match word {
            "rsa-sha1" => Some(Algorithm::RsaSha1),
            "rsa-sha256" => Some(Algorithm::RsaSha256),
            "ed25519-sha256" => Some(Algorithm::Ed25519),
            _ => None,
        }
    }

    /// `k=` of the keys that go with it.
    pub fn key_type(self) -> &'static str {
        match self {
            Algorithm::Ed25519 => "ed25519",
            _ => "rsa",
        }
    }

    /// The hash in `h=` of a key record.
    pub fn hash(self) -> &'static str {
        match self {
            Algorithm::RsaSha1 => "sha1",
            _ => "sha256",
        }
    }

    /// The hash of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        digest::digest(self.function(), data).as_ref().to_vec()
    }

    fn function(self) -> &'static digest::Algorithm {
        match self {
            Algorithm::RsaSha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            _ => &SHA256,
        }
    }

    /// Did the partner of this key sign `data`? `key` is what `p=` decodes to, a usable key of our
    /// type. RSA keys of 1,024 to 8,192 bits.
    pub fn verifies(self, key: &[u8], data: &[u8], signature: &[u8]) -> bool {
        let rsa = |how: &'static dyn VerificationAlgorithm| {
            let Some(inner) =
                SubjectPublicKeyInfoRef::from_der(key).ok().and_then(|info| info.subject_public_key.as_bytes())
            else {
                return false;
            };
            UnparsedPublicKey::new(how, inner).verify(data, signature).is_ok()
        };
        match self {
            Algorithm::RsaSha1 => rsa(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
            Algorithm::RsaSha256 => rsa(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            // The hash is what is signed (RFC 8463 §3).
            Algorithm::Ed25519 => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(&self.digest(data), signature).is_ok()
            }
        }
    }
}

/// A hash that is still being fed.
#[derive(Clone)]
pub struct Running(digest::Context);

impl Running {
    pub fn new(algorithm: Algorithm) -> Running {
        Running(digest::Context::new(algorithm.function()))
    }

    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}
