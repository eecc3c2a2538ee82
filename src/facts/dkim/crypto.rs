//! Hashes and signatures (RFC 8301, RFC 8463), by ring.

use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode;
use std::sync::OnceLock;

/// What is signed with RSA, before the hash: its name in DER (RFC 8017 §9.2).
const SHA1_INFO: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// Whether the partner of a public key made a signature, whatever became of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// It did, over a text of this hash; empty where that is no hash of the algorithm's.
    Key(Vec<u8>),
    /// Another key did, or the signature was spoiled.
    Another,
    /// Its length in bytes is none that this key makes, which is the second.
    Length(usize, usize),
}

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
            rsa_key(key).is_some_and(|key| UnparsedPublicKey::new(how, key).verify(data, signature).is_ok())
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

    /// Whose the signature is. RSA tells: raised to the exponent of its own key, and of no other, it is padded as
    /// RFC 8017 §9.2 says, and the hash that was signed stands behind. `None` for Ed25519, and keys beyond 4,096 bits.
    pub fn maker(self, key: &[u8], signature: &[u8]) -> Option<Maker> {
        let info = match self {
            Algorithm::RsaSha1 => SHA1_INFO,
            Algorithm::RsaSha256 => SHA256_INFO,
            Algorithm::Ed25519 => return None,
        };
        let key = RsaPublicKey::from_pkcs1_der(rsa_key(key)?).ok()?;
        if signature.len() != key.size() {
            return Some(Maker::Length(signature.len(), key.size()));
        }
        // The number has lost the zero that a signed text begins with.
        let text = BigUint::from_bytes_be(signature).modpow(key.e(), key.n()).to_bytes_be();
        let padding = text.strip_prefix(&[1]).filter(|_| text.len() + 1 == key.size());
        let signed = padding.and_then(|rest| {
            let end = rest.iter().position(|&b| b != 0xff)?;
            rest[end..].strip_prefix(&[0]).filter(|_| end >= 8)
        });
        Some(signed.map_or(Maker::Another, |signed| {
            Maker::Key(signed.strip_prefix(info).map(<[u8]>::to_vec).unwrap_or_default())
        }))
    }
}

/// Whether the first key that was tried made a signature. The message stays while answers come one by one and fixes
/// are tried one by one, and mostly its keys stay too.
#[derive(Clone, Debug, Default)]
pub struct Tried(OnceLock<(Vec<u8>, bool)>);

impl Tried {
    /// As [`Algorithm::verifies`]; all but `key` must be the same every time.
    pub fn verifies(&self, algorithm: Algorithm, key: &[u8], data: &[u8], signature: &[u8]) -> bool {
        let verifies = || algorithm.verifies(key, data, signature);
        let (tried, made) = self.0.get_or_init(|| (key.to_vec(), verifies()));
        if tried == key { *made } else { verifies() }
    }
}

/// The RSAPublicKey (RFC 8017 Appendix A.1.1) inside what `p=` holds.
fn rsa_key(key: &[u8]) -> Option<&[u8]> {
    SubjectPublicKeyInfoRef::from_der(key).ok().and_then(|info| info.subject_public_key.as_bytes())
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
