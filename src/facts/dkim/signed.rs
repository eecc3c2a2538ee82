//! The bytes a signature covers (RFC 6376 §3.7, §5.4.2): worked out once from the input, before any
//! key is known.

use super::canon::Canon;
use super::crypto::Algorithm;
use super::{Signature, material};
use crate::evidence::input::BodyDigest;
use crate::evidence::{Input, InputKind};
use crate::facts::header::{Field, Header};
use crate::span::Span;
use std::collections::HashMap;
use std::sync::Arc;

/// Signatures that are checked; receivers give up long before (RFC 6376 §8.4).
pub const MOST: usize = 20;

/// What one signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub algorithm: Algorithm,
    /// The fields of `h=` and the signature itself without the value of `b=`, canonical.
    pub header: Vec<u8>,
    pub body: Body,
}

/// Is the body the one that was signed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// It has the hash of `bh=`. `unsigned` bytes, canonical, stand beyond `l=`.
    Match { unsigned: u64 },
    /// Its hash is another, in base64.
    Mismatch { hash: String },
    /// `l=` counts more bytes than there are (RFC 6376 §3.5).
    Short { has: u64 },
    /// There is only a header.
    NotAvailable,
}

/// What the first [`MOST`] signatures cover; `None` for one that cannot be worked out.
pub fn prepare(signatures: &[Signature], header: &Header, input: &Input) -> Vec<Option<Arc<Signed>>> {
    if signatures.is_empty() {
        return Vec::new();
    }
    let text = &input.text[..];
    let fields = Fields::of(header, text);
    let mut bodies = Bodies::of(header, input);
    let one = |signature: &Signature| {
        let algorithm = Algorithm::named(&signature.algorithm.as_ref()?.value)?;
        let (of_header, of_body) = canons(signature)?;
        let own = *header.fields.get(signature.field)?;
        let mut signed = fields.signed(&signature.signed, of_header, own, text);
        itself(&mut signed, own, signature, of_header, text);
        let body = bodies.judge(signature, algorithm, of_body);
        Some(Arc::new(Signed { algorithm, header: signed, body }))
    };
    signatures.iter().take(MOST).map(one).collect()
}

/// The digests of the body that these signatures are held against: what a case keeps in its stead.
pub fn digests(input: &Input) -> Vec<BodyDigest> {
    let header = Header::split(&input.text);
    let signatures = super::signature::read(&header, &input.text);
    let mut bodies = Bodies::of(&header, input);
    let mut out: Vec<BodyDigest> = Vec::new();
    for signature in signatures.iter().take(MOST) {
        let algorithm = signature.algorithm.as_ref().and_then(|a| Algorithm::named(&a.value));
        let (Some(algorithm), Some((_, canon))) = (algorithm, canons(signature)) else { continue };
        let digest = bodies.digest(algorithm, canon, signature.length.as_ref().map(|l| l.value));
        out.extend(digest.filter(|d| !out.contains(d)));
    }
    out
}

fn canons(signature: &Signature) -> Option<(Canon, Canon)> {
    let (header, body) = &signature.canonicalization;
    Some((Canon::named(header)?, Canon::named(body)?))
}

/// The fields by name, so that a long `h=` costs no more than its length.
struct Fields<'h> {
    header: &'h Header,
    /// Lower-case names; indices top to bottom.
    named: HashMap<Vec<u8>, Vec<usize>>,
}

impl<'h> Fields<'h> {
    fn of(header: &'h Header, text: &[u8]) -> Fields<'h> {
        let mut named: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(header.fields.len());
        for (index, field) in header.fields.iter().enumerate() {
            named.entry(field.name.of(text).to_ascii_lowercase()).or_default().push(index);
        }
        Fields { header, named }
    }

    /// The fields that `names` chooses, each with its CRLF: the lowest that was not taken yet, and
    /// nothing for a name that is used up (RFC 6376 §5.4.2).
    fn signed(&self, names: &[String], canon: Canon, own: Field, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        let mut taken: HashMap<&str, usize> = HashMap::with_capacity(names.len());
        for name in names {
            let Some(indices) = self.named.get(name.as_bytes()) else { continue };
            let taken = taken.entry(name).or_default();
            while let Some(&index) = indices.len().checked_sub(*taken + 1).and_then(|n| indices.get(n)) {
                *taken += 1;
                let field = self.header.fields[index];
                // The signature being checked is not among the fields it signs.
                if field != own {
                    canon.field(&mut out, before_colon(field, text), field.value.of(text));
                    out.extend_from_slice(b"\r\n");
                    break;
                }
            }
        }
        out
    }
}

/// All that stands before the colon: the name, and blanks of the obsolete form.
fn before_colon(field: Field, text: &[u8]) -> &[u8] {
    Span { start: field.name.start, end: field.value.start.saturating_sub(1) }.of(text)
}

/// The signature's own field with an empty `b=` and without a final CRLF (RFC 6376 §3.7).
fn itself(out: &mut Vec<u8>, own: Field, signature: &Signature, canon: Canon, text: &[u8]) {
    let value = own.value.of(text);
    let b = signature.tags.tags.iter().find(|t| t.has_equals && t.name.of(text) == b"b");
    let mut emptied = Vec::with_capacity(value.len());
    match b {
        Some(b) => {
            let start = own.value.start as usize;
            let after_name = b.name.end as usize - start;
            let equals = value[after_name..].iter().position(|&c| c == b'=').map_or(after_name, |n| after_name + n + 1);
            let end = value[equals..].iter().position(|&c| c == b';').map_or(value.len(), |n| equals + n);
            emptied.extend_from_slice(&value[..equals]);
            emptied.extend_from_slice(&value[end..]);
        }
        None => emptied.extend_from_slice(value),
    }
    canon.field(out, before_colon(own, text), &emptied);
}

/// The body, made canonical once for each way that is asked for.
struct Bodies<'i> {
    body: Option<&'i [u8]>,
    kept: &'i [BodyDigest],
    canonical: [Option<Vec<u8>>; 2],
    hashed: HashMap<(Algorithm, Canon, Option<u64>), BodyDigest>,
}

impl<'i> Bodies<'i> {
    fn of(header: &Header, input: &'i Input) -> Bodies<'i> {
        let body = header.body.and_then(|at| input.text.get(at as usize..));
        let whole = input.kind == InputKind::Message && !input.is_cut();
        Bodies {
            body: body.filter(|_| whole),
            kept: input.body_digests(),
            canonical: [None, None],
            hashed: HashMap::new(),
        }
    }

    fn digest(&mut self, algorithm: Algorithm, canon: Canon, length: Option<u64>) -> Option<BodyDigest> {
        let Some(body) = self.body else {
            let fits = |d: &&BodyDigest| {
                d.hash == algorithm.hash() && d.canonicalization == canon.word() && d.length == length
            };
            return self.kept.iter().find(fits).cloned();
        };
        // One hash function: those of both SHA-256 algorithms are the same.
        let function = if algorithm == Algorithm::Ed25519 { Algorithm::RsaSha256 } else { algorithm };
        if let Some(known) = self.hashed.get(&(function, canon, length)) {
            return Some(known.clone());
        }
        let canonical = self.canonical[canon as usize].get_or_insert_with(|| canon.body(body));
        let has = canonical.len();
        let counted = length.map_or(has, |l| usize::try_from(l).unwrap_or(usize::MAX).min(has));
        let digest = BodyDigest {
            canonicalization: canon.word().into(),
            hash: algorithm.hash().into(),
            length,
            has: has as u64,
            digest: material::encode(&algorithm.digest(&canonical[..counted])),
        };
        self.hashed.insert((function, canon, length), digest.clone());
        Some(digest)
    }

    fn judge(&mut self, signature: &Signature, algorithm: Algorithm, canon: Canon) -> Body {
        let length = signature.length.as_ref().map(|l| l.value);
        let empty = self.body.is_some_and(|body| body.trim_ascii().is_empty());
        let Some(found) = self.digest(algorithm, canon, length) else { return Body::NotAvailable };
        if let Some(l) = length.filter(|&l| l > found.has) {
            return if empty && l > 0 { Body::NotAvailable } else { Body::Short { has: found.has } };
        }
        let same = material::decode(signature.body_hash.as_bytes()) == material::decode(found.digest.as_bytes());
        match same {
            true => Body::Match { unsigned: length.map_or(0, |l| found.has - l) },
            // An empty body is more often one that was left behind than one that was changed.
            false if empty => Body::NotAvailable,
            false => Body::Mismatch { hash: found.digest },
        }
    }
}
