//! The key material in `p=`, judged from what it decodes to: never from its length in base64
//! or from how it ends.

use crate::evidence::lines::lines;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use der::asn1::{Any, BitStringRef};
use der::{Decode, Encode};
use pkcs1::RsaPublicKey;
use spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

/// The key material, as decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// SubjectPublicKeyInfo, as it should be.
    Rsa { bits: u32 },
    /// 32 raw bytes (RFC 8463 §4).
    Ed25519,
    /// Empty `p=` (RFC 6376 §3.6.1).
    Revoked,
    /// No `p=` at all.
    Missing,
    /// A key in another wrapping; `right` is the value `p=` should have, empty where there is
    /// none (a private key is burnt once it was published).
    Wrapped { wrapping: Wrapping, bits: Option<u32>, right: String },
    /// The key says it is longer than it is; bytes.
    Truncated { has: usize, says: usize },
    /// Not base64.
    BadBase64,
    /// Base64 of something that is no known key.
    Unknown,
}

/// Formats pasted into `p=` by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrapping {
    SshRsa,
    SshEd25519,
    Pkcs1,
    SpkiEd25519,
    Certificate,
    PrivateKey,
    Pem,
}

impl PublicKey {
    /// A verifier can use it as it stands.
    pub fn usable(&self) -> bool {
        matches!(self, PublicKey::Rsa { .. } | PublicKey::Ed25519)
    }

    /// Modulus bits of an RSA key in whatever wrapping.
    pub fn rsa_bits(&self) -> Option<u32> {
        match self {
            PublicKey::Rsa { bits } => Some(*bits),
            PublicKey::Wrapped { bits, .. } => *bits,
            _ => None,
        }
    }

    /// An Ed25519 key in whatever wrapping.
    pub fn is_ed25519(&self) -> bool {
        matches!(
            self,
            PublicKey::Ed25519 | PublicKey::Wrapped { wrapping: Wrapping::SshEd25519 | Wrapping::SpkiEd25519, .. }
        )
    }
}

/// Blanks gone, padding optional, stray bits after the last byte ignored: as verifiers read it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Base64 decoded; `None` where it is not base64. Blanks have to be out: [`without_blanks`].
pub fn decode(bare: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(bare).ok()
}

/// Base64 as `p=` wants it.
pub fn encode(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The same bytes without white space.
pub fn without_blanks(value: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(value.len());
    for line in lines(value, 0) {
        let line = line.of(value).trim_ascii();
        // Most have none between, which is seen without branches.
        if !line.iter().fold(false, |any, b| any | (*b <= b' ')) {
            bare.extend_from_slice(line);
            continue;
        }
        line.split(u8::is_ascii_whitespace).for_each(|word| bare.extend_from_slice(word));
    }
    bare
}

/// The value of `p=`, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    pub public: PublicKey,
    /// Bytes that follow the key.
    pub extra: usize,
    /// All that the value decodes to; nothing where it is no key as it stands.
    pub bytes: Vec<u8>,
}

impl From<PublicKey> for Judged {
    fn from(public: PublicKey) -> Judged {
        Judged { public, extra: 0, bytes: Vec::new() }
    }
}

/// Judges the value of `p=`.
pub fn judge(value: &[u8], ed25519: bool) -> Judged {
    if value.iter().all(u8::is_ascii_whitespace) {
        return PublicKey::Revoked.into();
    }
    if let Some(inner) = armoured(value) {
        return unarmoured(judge_bare(&inner, ed25519).public, &inner).into();
    }
    let judged = judge_bare(value, ed25519);
    if !matches!(judged.public, PublicKey::BadBase64 | PublicKey::Unknown) {
        return judged;
    }
    // `ssh-rsa AAAA… comment`, as it stands in a .pub file.
    let mut words = value.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let first = words.next().unwrap_or_default();
    let blob = if first.starts_with(b"ssh-") { words.next() } else { Some(first) };
    blob.filter(|blob| blob.starts_with(b"AAAA")).map_or(judged, |blob| judge_bare(blob, ed25519))
}

fn judge_bare(value: &[u8], ed25519: bool) -> Judged {
    let mut text = without_blanks(value);
    let digits = text.iter().rposition(|&b| b != b'=').map_or(0, |n| n + 1);
    // One character over a multiple of four is no base64, yet what is before it may be a cut key.
    let cut = digits % 4 == 1;
    if cut {
        text.truncate(digits - 1);
    }
    match BASE64.decode(&text) {
        Err(_) => PublicKey::BadBase64.into(),
        Ok(bytes) => match judge_bytes(&bytes, ed25519) {
            (truncated @ PublicKey::Truncated { .. }, _) => truncated.into(),
            _ if cut => PublicKey::BadBase64.into(),
            (public, extra) if public.usable() => Judged { public, extra, bytes },
            (public, extra) => Judged { extra, ..public.into() },
        },
    }
}

fn judge_bytes(bytes: &[u8], ed25519: bool) -> (PublicKey, usize) {
    if let Some(key) = ssh(bytes) {
        return (key, 0);
    }
    if let Some((tag, content, length)) = tlv(bytes)
        && tag == SEQUENCE
        && matches!(content.first(), None | Some(&SEQUENCE | &INTEGER))
    {
        return match bytes.get(..length) {
            None => (PublicKey::Truncated { has: bytes.len(), says: length }, 0),
            Some(whole) => (asn1(whole), bytes.len() - length),
        };
    }
    match bytes.len() {
        32 => (PublicKey::Ed25519, 0),
        n @ 1..32 if ed25519 => (PublicKey::Truncated { has: n, says: 32 }, 0),
        _ => (PublicKey::Unknown, 0),
    }
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Tag, content as far as it is there, and the length of the whole as it says itself.
fn tlv(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
    let (header, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        // A key of more than 16 MiB is none.
        0x81..=0x83 => {
            let n = usize::from(first & 0x7f);
            let digits = bytes.get(2..2 + n)?;
            (2 + n, digits.iter().fold(0, |sum, &b| sum << 8 | usize::from(b)))
        }
        _ => return None,
    };
    let whole = header + length;
    Some((tag, bytes.get(header..whole.min(bytes.len()))?, whole))
}

/// Every element of a DER content, as long as they are whole.
fn elements(mut content: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, _, length) = tlv(content)?;
        let whole = content.get(..length)?;
        content = &content[length..];
        Some((tag, whole))
    })
}

fn content(element: &[u8]) -> &[u8] {
    tlv(element).map_or(&[], |(_, content, _)| content)
}

/// A whole DER sequence.
fn asn1(whole: &[u8]) -> PublicKey {
    if let Ok(spki) = SubjectPublicKeyInfoRef::from_der(whole) {
        return public_info(&spki);
    }
    if let Ok(key) = RsaPublicKey::from_der(whole) {
        return rsa_spki(&key).map_or(PublicKey::Unknown, |right| PublicKey::Wrapped {
            wrapping: Wrapping::Pkcs1,
            bits: Some(bits(&key)),
            right,
        });
    }
    if let Some((bits, right)) = certified(whole) {
        return PublicKey::Wrapped { wrapping: Wrapping::Certificate, bits, right };
    }
    if private(whole) {
        return PublicKey::Wrapped { wrapping: Wrapping::PrivateKey, bits: None, right: String::new() };
    }
    PublicKey::Unknown
}

fn public_info(spki: &SubjectPublicKeyInfoRef) -> PublicKey {
    let key = spki.subject_public_key.as_bytes().unwrap_or_default();
    if spki.algorithm.oid == RSA {
        return RsaPublicKey::from_der(key).map_or(PublicKey::Unknown, |k| PublicKey::Rsa { bits: bits(&k) });
    }
    if spki.algorithm.oid == ED25519 && key.len() == 32 {
        return PublicKey::Wrapped { wrapping: Wrapping::SpkiEd25519, bits: None, right: encode(key) };
    }
    PublicKey::Unknown
}

/// Bits of the modulus, without leading zeros.
fn bits(key: &RsaPublicKey) -> u32 {
    let modulus = key.modulus.as_bytes();
    let zeros = modulus.first().map_or(0, |b| b.leading_zeros());
    u32::try_from(modulus.len() * 8).unwrap_or(u32::MAX).saturating_sub(zeros)
}

/// SubjectPublicKeyInfo in base64.
fn rsa_spki(key: &RsaPublicKey) -> Option<String> {
    let inner = key.to_der().ok()?;
    let spki = SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid: RSA, parameters: Some(Any::null()) },
        subject_public_key: BitStringRef::from_bytes(&inner).ok()?,
    };
    spki.to_der().ok().map(|der| encode(&der))
}

/// The key of an X.509 certificate (RFC 5280 §4.1), with its right `p=`.
fn certified(whole: &[u8]) -> Option<(Option<u32>, String)> {
    let (tag, to_be_signed) = elements(content(whole)).next()?;
    // version [0], serialNumber, signature, issuer, validity, subject, then the key.
    let (version, _) = elements(content(to_be_signed)).next()?;
    if tag != SEQUENCE || version != 0xa0 {
        return None;
    }
    let (_, info) = elements(content(to_be_signed)).nth(6)?;
    match public_info(&SubjectPublicKeyInfoRef::from_der(info).ok()?) {
        PublicKey::Rsa { bits } => Some((Some(bits), encode(info))),
        PublicKey::Wrapped { right, .. } => Some((None, right)),
        _ => None,
    }
}

/// RSAPrivateKey (RFC 8017 A.1.2: nine integers) or PrivateKeyInfo (RFC 5208: 0, algorithm, octets).
fn private(whole: &[u8]) -> bool {
    let tags: Vec<u8> = elements(content(whole)).map(|(tag, _)| tag).take(10).collect();
    tags == [INTEGER; 9] || tags.starts_with(&[INTEGER, SEQUENCE, 0x04])
}

/// An OpenSSH blob (RFC 4253 §6.6, RFC 8709 §4); `None` where it is something else.
fn ssh(bytes: &[u8]) -> Option<PublicKey> {
    let (kind, rest) = string(bytes)?;
    let fields = match kind {
        b"ssh-rsa" => 2,
        b"ssh-ed25519" => 1,
        _ => return None,
    };
    let (mut at, mut values) = (rest, Vec::new());
    for _ in 0..fields {
        let Some((value, rest)) = string(at) else {
            let says = at.first_chunk().map_or(4, |n| 4 + u32::from_be_bytes(*n) as usize);
            return Some(PublicKey::Truncated { has: bytes.len(), says: bytes.len() - at.len() + says });
        };
        values.push(value);
        at = rest;
    }
    Some(match values[..] {
        [exponent, modulus] => ssh_rsa(exponent, modulus).unwrap_or(PublicKey::Unknown),
        [key] if key.len() == 32 => {
            PublicKey::Wrapped { wrapping: Wrapping::SshEd25519, bits: None, right: encode(key) }
        }
        _ => PublicKey::Unknown,
    })
}

fn ssh_rsa(exponent: &[u8], modulus: &[u8]) -> Option<PublicKey> {
    let unsigned = |n: &[u8]| n.iter().position(|&b| b != 0).map(|at| n[at..].to_vec());
    let (modulus, exponent) = (unsigned(modulus)?, unsigned(exponent)?);
    let key = RsaPublicKey {
        modulus: der::asn1::UintRef::new(&modulus).ok()?,
        public_exponent: der::asn1::UintRef::new(&exponent).ok()?,
    };
    Some(PublicKey::Wrapped { wrapping: Wrapping::SshRsa, bits: Some(bits(&key)), right: rsa_spki(&key)? })
}

/// A length-prefixed string and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

/// What stands between PEM lines, where there are any (RFC 7468 §2).
fn armoured(value: &[u8]) -> Option<Vec<u8>> {
    let dashes = find(value, b"-----")?;
    let (mut from, mut to) = (0, value.len());
    if value[dashes..].starts_with(b"-----BEGIN") {
        let label = dashes + 5;
        from = label + find(&value[label..], b"-----")? + 5;
        if let Some(end) = find(&value[from..], b"-----") {
            to = from + end;
        }
    } else {
        to = dashes;
    }
    value.get(from..to).map(<[u8]>::to_vec)
}

/// What stood inside the armour decides: a public key only has to lose its armour.
fn unarmoured(inner: PublicKey, text: &[u8]) -> PublicKey {
    match inner {
        PublicKey::Rsa { bits } => PublicKey::Wrapped {
            wrapping: Wrapping::Pem,
            bits: Some(bits),
            right: String::from_utf8_lossy(&without_blanks(text)).into_owned(),
        },
        PublicKey::Revoked => PublicKey::Unknown,
        other => other,
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}
