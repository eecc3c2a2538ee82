//! Verification (RFC 6376 §6.1): what each signature covers, held against its key.

use super::crypto::{Algorithm, Maker, Tried};
use super::forensics::{self, Altered, Changed, Proof, Proven, What};
use super::signed::{Body, Signed, before_colon, covered_in};
use super::{Key, KeyRecord, KeyState, PublicKey, Signature};
use crate::evidence::{Evidence, Input, RepairKind};
use crate::facts::Reading;
use crate::facts::arc::verify::ChainResult;
use crate::facts::header::{Field, Header};
use crate::facts::received::Hop;

/// What we found of one signature ourselves.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verification {
    /// Index into [`Reading::signatures`].
    pub signature: usize,
    /// The signed fields are as they were signed.
    pub header_hash: Hash,
    /// The body is as it was signed.
    pub body_hash: Hash,
    /// `None` while the key is not known.
    pub result: Option<DkimResult>,
    /// Why not `pass`.
    pub reason: Option<Reason>,
    /// What was changed after signing, as far as it can be told.
    pub altered: Vec<Altered>,
}

impl Verification {
    /// Undone, the changes restore the hash; or the sent copy shows them.
    pub fn is_proven(&self, of_body: bool) -> bool {
        self.altered.iter().any(|a| a.what.in_body() == of_body && a.proof != Proof::Likely)
    }

    /// Its key signed this message, whatever was done to it since: nobody else can have made it.
    pub fn is_genuine(&self) -> bool {
        let fits = |hash: Hash, of_body: bool| match hash {
            Hash::Match => true,
            Hash::Mismatch => self.is_proven(of_body),
            Hash::Unknown => false,
        };
        fits(self.header_hash, false) && fits(self.body_hash, true)
    }
}

/// Does a hash agree?
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hash {
    Match,
    Mismatch,
    /// Nothing to compare: the key or the body is not at hand, or the paste was mangled.
    Unknown,
}

/// RFC 8601 §2.7.1, as far as a verifier of signatures gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DkimResult {
    Pass,
    Fail,
    PermError,
    TempError,
    Neutral,
}

/// Why a signature does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    BodyHashMismatch,
    SignatureMismatch,
    KeyMissing,
    KeyRevoked,
    KeySyntax,
    KeyTooSmall,
    KeyTypeMismatch,
    AuidMismatch,
    Expired,
    FromNotSigned,
    WeakAlgorithm,
    LengthTag,
    SignatureSyntax,
    BodyNotAvailable,
    DnsFailure,
}

impl Hash {
    pub fn word(self) -> &'static str {
        match self {
            Hash::Match => "match",
            Hash::Mismatch => "mismatch",
            Hash::Unknown => "unknown",
        }
    }
}

impl DkimResult {
    pub fn word(self) -> &'static str {
        match self {
            DkimResult::Pass => "pass",
            DkimResult::Fail => "fail",
            DkimResult::PermError => "permerror",
            DkimResult::TempError => "temperror",
            DkimResult::Neutral => "neutral",
        }
    }
}

impl Reason {
    /// The word of the JSON output (CONTRACT `computed.dkim[].reason`).
    pub fn word(self) -> &'static str {
        match self {
            Reason::BodyHashMismatch => "body-hash-mismatch",
            Reason::SignatureMismatch => "signature-mismatch",
            Reason::KeyMissing => "key-missing",
            Reason::KeyRevoked => "key-revoked",
            Reason::KeySyntax => "key-syntax",
            Reason::KeyTooSmall => "key-too-small",
            Reason::KeyTypeMismatch => "key-type-mismatch",
            Reason::AuidMismatch => "auid-mismatch",
            Reason::Expired => "expired",
            Reason::FromNotSigned => "from-not-signed",
            Reason::WeakAlgorithm => "weak-algorithm",
            Reason::LengthTag => "length-tag",
            Reason::SignatureSyntax => "signature-syntax",
            Reason::BodyNotAvailable => "body-not-available",
            Reason::DnsFailure => "dns-failure",
        }
    }
}

/// Verifies the signatures that [`Reading::signed`] prepared, with the keys at hand. `chain` is what became of the ARC chain.
pub fn verify(reading: &Reading, keys: &[Key], chain: Option<ChainResult>, evidence: &Evidence) -> Vec<Verification> {
    // Stand-ins cannot be verified: what was proven before they were put in goes on being so.
    if let Some(seen) = evidence.input.seen() {
        return seen.signatures.clone();
    }
    let mangled = mangled(evidence);
    let mut searched: Vec<(usize, Option<&KeyRecord>)> = Vec::new();
    let one = |(index, signature): (usize, &Signature)| {
        let key = keys.iter().find(|k| k.signature == Some(index));
        let (mut found, key) = judge(reading, index, signature, key, evidence);
        // A paste that was mangled proves nothing by not fitting.
        if mangled && (found.header_hash == Hash::Mismatch || found.body_hash == Hash::Mismatch) {
            let known = |hash: Hash| if hash == Hash::Match { Hash::Match } else { Hash::Unknown };
            found = Verification {
                header_hash: known(found.header_hash),
                body_hash: known(found.body_hash),
                result: None,
                reason: None,
                ..found
            };
        } else if found.header_hash == Hash::Mismatch || found.body_hash == Hash::Mismatch {
            searched.push((index, key));
        }
        found
    };
    let mut all: Vec<Verification> =
        reading.signatures.iter().enumerate().take(reading.signed.len()).map(one).collect();
    if searched.is_empty() {
        return all;
    }
    // What was made later and fits clears who had the message after it.
    let whole = all.iter().filter(|v| v.result == Some(DkimResult::Pass)).map(|v| v.signature).collect();
    let proven = Proven { whole, sealed: chain == Some(ChainResult::Pass) };
    for (index, key) in searched {
        if let Some(signed) = reading.signed.get(index).and_then(Option::as_deref) {
            all[index].altered = altered(reading, index, signed, key, &proven, evidence);
        }
    }
    all
}

/// Were bytes changed that a signature counts, before we got them? Line ends and what stands around
/// the header are none.
pub fn mangled(evidence: &Evidence) -> bool {
    let harmless = [RepairKind::LineEnds, RepairKind::MboxFrom, RepairKind::MboxRest, RepairKind::Preamble];
    evidence.input.repairs.iter().any(|r| !harmless.contains(&r.kind))
}

/// The verdict on one signature; where its header does not fit, with the key that it was tried with.
fn judge<'k>(
    reading: &Reading,
    index: usize,
    signature: &Signature,
    key: Option<&'k Key>,
    evidence: &Evidence,
) -> (Verification, Option<&'k KeyRecord>) {
    use DkimResult::{Fail, Neutral, Pass, PermError, TempError};
    let signed = reading.signed.get(index).and_then(Option::as_deref);
    let body_hash = match signed.map(|s| &s.body) {
        Some(Body::Match { .. }) => Hash::Match,
        Some(Body::Mismatch { .. } | Body::Short { .. }) => Hash::Mismatch,
        Some(Body::NotAvailable) | None => Hash::Unknown,
    };
    let (algorithm, records) = (signed.map(|s| s.algorithm), key.map(|k| &k.state));
    let fitting: Vec<&'k KeyRecord> = match (algorithm, records) {
        (Some(algorithm), Some(KeyState::Found(records))) => {
            records.iter().filter(|r| material_fits(r, algorithm)).collect()
        }
        _ => Vec::new(),
    };
    let header_hash = match signed {
        Some(signed) if !fitting.is_empty() => {
            let covered = signed.covered(signature, &reading.header, &evidence.input.text);
            if fitting.iter().any(|r| signed.tried.verifies(signed.algorithm, &r.key, &covered.data, &signature.b)) {
                Hash::Match
            } else {
                Hash::Mismatch
            }
        }
        _ => Hash::Unknown,
    };
    let say = |result, reason| (Some(result), Some(reason));
    let (result, reason) = if signature.malformed {
        say(PermError, Reason::SignatureSyntax)
    } else if !signature.signs_from() {
        say(PermError, Reason::FromNotSigned)
    } else if algorithm == Some(Algorithm::RsaSha1) {
        say(PermError, Reason::WeakAlgorithm)
    } else if expired(reading, signature, evidence) {
        say(PermError, Reason::Expired)
    } else {
        match (unfit(records, algorithm, signature), header_hash) {
            (Some(Reason::DnsFailure), _) => say(TempError, Reason::DnsFailure),
            (Some(reason), _) => say(PermError, reason),
            (None, _) if matches!(signed.map(|s| &s.body), Some(Body::Short { .. })) => say(Fail, Reason::LengthTag),
            (None, _) if body_hash == Hash::Mismatch => say(Fail, Reason::BodyHashMismatch),
            (None, Hash::Mismatch) => say(Fail, Reason::SignatureMismatch),
            (None, Hash::Unknown) => (None, None),
            (None, Hash::Match) if body_hash == Hash::Unknown => say(Neutral, Reason::BodyNotAvailable),
            (None, Hash::Match) => (Some(Pass), None),
        }
    };
    let key = fitting.first().copied().filter(|_| header_hash == Hash::Mismatch);
    (Verification { signature: index, header_hash, body_hash, result, reason, altered: Vec::new() }, key)
}

/// Did the partner of one of these keys sign `data`? `tried` is that of the signature.
pub fn fits(signature: &Signature, data: &[u8], records: &[KeyRecord], tried: &Tried) -> bool {
    let algorithm = signature.algorithm.as_ref().and_then(|a| Algorithm::named(&a.value));
    let Some(algorithm) = algorithm.filter(|a| *a != Algorithm::RsaSha1) else { return false };
    let hash = |r: &&KeyRecord| r.hashes.is_empty() || r.hashes.iter().any(|h| h == algorithm.hash());
    let mut usable = records.iter().filter(|r| material_fits(r, algorithm)).filter(hash);
    usable.any(|r| tried.verifies(algorithm, &r.key, data, &signature.b))
}

/// Whose the signature is, by the keys that stand at its selector; `None` where that cannot be told.
pub fn maker(signature: &Signature, records: &[KeyRecord]) -> Option<Maker> {
    let algorithm = Algorithm::named(&signature.algorithm.as_ref()?.value)?;
    let usable = records.iter().filter(|r| material_fits(r, algorithm));
    let found: Vec<Maker> = usable.filter_map(|r| algorithm.maker(&r.key, &signature.b)).collect();
    let rank = |maker: &&Maker| match maker {
        Maker::Key(_) => 0,
        Maker::Another => 1,
        Maker::Length(..) => 2,
    };
    found.iter().min_by_key(rank).cloned()
}

/// What was changed: proven where it can be undone, else by the marks it left.
fn altered(
    reading: &Reading,
    index: usize,
    signed: &Signed,
    key: Option<&KeyRecord>,
    proven: &Proven,
    evidence: &Evidence,
) -> Vec<Altered> {
    if key.is_none() && !matches!(signed.body, Body::Mismatch { .. }) {
        return Vec::new();
    }
    let Some(signature) = reading.signatures.get(index) else { return Vec::new() };
    let beside = reading.beside.as_deref();
    let held = beside.and_then(|b| b.signatures.get(index));
    let spelled = |name: String| match reading.header.first(&evidence.input.text, &name) {
        Some(field) => String::from_utf8_lossy(field.name.of(&evidence.input.text)).into_owned(),
        None => name,
    };
    let say = |proof: Proof| {
        move |changed: Changed| {
            let suspects = match proof != Proof::SentCopy && held.is_some_and(|h| h.was_broken(changed.what.in_body()))
            {
                // It was so before it set out.
                true => Vec::new(),
                false => forensics::suspects(reading, index, &changed, proven),
            };
            let (hop, could) = match &suspects[..] {
                [only] => (Some(only.clone()), Vec::new()),
                several => (None, several.to_vec()),
            };
            Altered { what: changed.what, proof, field: changed.field.map(spelled), hop, could }
        }
    };
    let mut out: Vec<Altered> = Vec::new();
    if let Body::Mismatch { altered, marks, .. } = &signed.body {
        match (beside, held) {
            // The body that was sent has the signed hash: what differs from it came after signing.
            (Some(beside), Some(held)) if held.body == Some(true) => {
                let mut whats: Vec<What> = beside.differences.body.iter().flatten().map(|d| d.what).collect();
                whats.dedup();
                out.extend(whats.into_iter().map(Changed::of_all).map(say(Proof::SentCopy)));
            }
            _ => {
                out.extend(altered.iter().flatten().copied().map(Changed::of_all).map(say(Proof::RestoredHash)));
                out.extend(marks.iter().copied().map(Changed::of_all).map(say(Proof::Likely)));
            }
        }
    }
    if let (Some(key), Some(held)) = (key, held) {
        let covered = signed.covered(signature, &reading.header, &evidence.input.text);
        let data = [&held.fields[..], covered.itself()].concat();
        if signed.algorithm.verifies(&key.key, &data, &signature.b) {
            out.extend(held.changed.iter().cloned().map(say(Proof::SentCopy)));
            return out;
        }
    }
    if let Some(key) = key.filter(|_| !evidence.input.effort().is_held()) {
        let found = signed
            .search
            .get_or_init(|| (key.text.clone(), search(reading, signature, signed, &key.key, &evidence.input)));
        // Another key has come since: what was found with the old one is not known for it.
        let found = if found.0 == key.text { found.1.clone() } else { None };
        out.extend(found.into_iter().flatten().map(say(Proof::RestoredHash)));
    }
    out
}

/// Undoes known changes of the signed fields until the signature fits. The header of a message that was wrapped is
/// searched as it was before.
fn search(
    reading: &Reading,
    signature: &Signature,
    signed: &Signed,
    key: &[u8],
    input: &Input,
) -> Option<Vec<Changed>> {
    let own = signed.covered(signature, &reading.header, &input.text);
    // What another key made fits nothing; what this one made tells its hash.
    let hash = match signed.algorithm.maker(key, &signature.b) {
        Some(Maker::Key(hash)) => Some(hash),
        Some(_) => return None,
        None => None,
    };
    let verifies = |fields: &[u8]| {
        let data = [fields, own.itself()].concat();
        match &hash {
            Some(hash) => signed.algorithm.digest(&data) == *hash,
            None => signed.algorithm.verifies(key, &data, &signature.b),
        }
    };
    let undo = |header: &Header, text: &[u8], chosen: &[Option<usize>]| {
        let field = |n: &Option<usize>| n.and_then(|n| header.fields.get(n).copied());
        let names = signature.signed().zip(chosen.iter().map(field)).collect();
        let chosen = forensics::Chosen { names, header, text, canon: signed.canon };
        let fields: Vec<Vec<u8>> =
            chosen.names.iter().map(|(_, f)| f.map_or(Vec::new(), |f| canonical(signed, &was(f, text)))).collect();
        forensics::restore_header(&chosen, input.effort(), |changes| {
            let mut data = Vec::with_capacity(own.fields().len());
            for (n, field) in fields.iter().enumerate() {
                match changes.iter().find(|(changed, _)| *changed == n) {
                    Some((_, Some(was))) => data.extend(canonical(signed, was)),
                    Some((_, None)) => {}
                    None => data.extend_from_slice(field),
                }
            }
            verifies(&data)
        })
    };
    let Body::Mismatch { wrapped: Some(part), .. } = &signed.body else {
        return undo(&reading.header, &input.text, &own.chosen);
    };
    let text = forensics::unwrapped(&reading.header, &input.text, part);
    let header = Header::split(&text);
    let (chosen, fields) = covered_in(signature, &header, &text)?;
    let moved = if fields == own.fields() { Vec::new() } else { vec![Changed::of_all(What::ContentTypeChanged)] };
    if verifies(&fields) {
        return Some(moved);
    }
    let mut all = [moved, undo(&header, &text, &chosen)?].concat();
    all.dedup();
    Some(all)
}

fn was(field: Field, text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (before_colon(field, text).to_vec(), field.value.of(text).to_vec())
}

fn canonical(signed: &Signed, (name, value): &(Vec<u8>, Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + value.len() + 3);
    signed.canon.field(&mut out, name, value);
    out.extend_from_slice(b"\r\n");
    out
}

/// Key material of the algorithm's type and of a size that counts (RFC 8301 §3.2); ring knows no
/// RSA key beyond 8,192 bits.
fn material_fits(record: &KeyRecord, algorithm: Algorithm) -> bool {
    let fits = match (&record.public, algorithm) {
        (PublicKey::Rsa { bits }, Algorithm::RsaSha1 | Algorithm::RsaSha256) => (1024..=8192).contains(bits),
        (PublicKey::Ed25519, Algorithm::Ed25519) => true,
        _ => false,
    };
    fits && record.usable()
}

/// Why no key can be used, where that is so: of several records the one that comes nearest speaks.
fn unfit(state: Option<&KeyState>, algorithm: Option<Algorithm>, signature: &Signature) -> Option<Reason> {
    match state? {
        KeyState::Unasked(_) => None,
        KeyState::Failed(_) => Some(Reason::DnsFailure),
        KeyState::Missing(_) => Some(Reason::KeyMissing),
        KeyState::Found(records) => {
            let reasons = records.iter().map(|r| refused(r, algorithm, signature));
            reasons.min_by_key(|reason| reason.map_or(0, nearness)).flatten()
        }
    }
}

fn nearness(reason: Reason) -> u8 {
    match reason {
        Reason::AuidMismatch => 1,
        Reason::KeyTooSmall => 2,
        Reason::KeyTypeMismatch => 3,
        Reason::KeyRevoked => 4,
        _ => 5,
    }
}

fn refused(record: &KeyRecord, algorithm: Option<Algorithm>, signature: &Signature) -> Option<Reason> {
    let algorithm = algorithm?;
    let hash = record.hashes.is_empty() || record.hashes.iter().any(|h| h == algorithm.hash());
    match &record.public {
        PublicKey::Revoked => Some(Reason::KeyRevoked),
        _ if !record.usable() => Some(Reason::KeySyntax),
        _ if record.key_type != algorithm.key_type() || !hash => Some(Reason::KeyTypeMismatch),
        PublicKey::Rsa { bits } if *bits < 1024 => Some(Reason::KeyTooSmall),
        _ if record.strict_identity() && signature.subdomain_identity().is_some() => Some(Reason::AuidMismatch),
        _ => None,
    }
}

/// `x=` had passed when the message arrived; by now, where the header does not say when that was.
fn expired(reading: &Reading, signature: &Signature, evidence: &Evidence) -> bool {
    let Some(x) = &signature.expires else { return false };
    let at = received(reading, signature).unwrap_or_else(|| evidence.now.as_second());
    i64::try_from(x.value).is_ok_and(|x| at > x)
}

/// When the server above the signature took the message in, seconds of the Unix clock: at the
/// boundary, where that is known.
pub fn received(reading: &Reading, signature: &Signature) -> Option<i64> {
    let judged = reading.boundary.hop.and_then(|hop| reading.hops.get(hop));
    let above = |hop: &&Hop| hop.field < signature.field;
    let hop = judged.filter(above).or_else(|| reading.hops.last().filter(above))?;
    Some(hop.at?.as_second())
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
