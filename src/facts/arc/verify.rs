//! The chain, verified by us (RFC 8617 §5.2): is each seal whole, and does the newest signature fit?

use super::Set;
use crate::evidence::Input;
use crate::evidence::{Evidence, Kind};
use crate::facts::Reading;
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::crypto::Tried;
use crate::facts::dkim::key::{self, KeyState};
use crate::facts::dkim::signed::{self, Body, Signed};
use crate::facts::dkim::{Signature, signature, verify};
use crate::facts::header::{Field, Header};
use crate::facts::lists::Lists;
use crate::facts::lookup::Lookup;
use crate::facts::tags::{Tag, TagList};
use std::collections::HashSet;
use std::sync::Arc;

/// More sets than this make a chain fail (RFC 8617 §4.2.1).
const LONGEST: usize = 50;
/// What a set is made of (RFC 8617 §4.1).
const FIELDS: [&str; 3] = ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"];
/// Key names asked for; real chains have two or three.
const NAMES: usize = 6;

/// RFC 8617 §4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChainResult {
    None,
    Pass,
    Fail,
}

impl ChainResult {
    pub fn word(self) -> &'static str {
        match self {
            ChainResult::None => "none",
            ChainResult::Pass => "pass",
            ChainResult::Fail => "fail",
        }
    }
}

/// What the bytes of a chain are, before any key is known.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// The ARC-Seal of each instance, first to last.
    pub seals: Vec<Seal>,
    /// All that seals cover, canonical: the fields of every set in order (RFC 8617 §5.1.1).
    pub fields: Vec<u8>,
    /// The ARC-Message-Signature of the last instance.
    pub newest: Option<(Signature, Option<Arc<Signed>>)>,
    /// Its form alone makes it fail.
    pub broken: bool,
}

/// One ARC-Seal, and what it seals.
#[derive(Clone, Debug)]
pub struct Seal {
    pub signature: Signature,
    /// The first bytes of [`Chain::fields`].
    pub covers: usize,
    /// The field itself without the value of `b=`.
    pub itself: Vec<u8>,
    /// Keys held against it.
    tried: Tried,
}

/// Reads the chain: every set complete and once there, numbered from 1, its tags and `cv=` as they must be
/// (RFC 8617 §5.2).
pub fn read(sets: &[Set], header: &Header, lists: &Lists, input: &Input) -> Chain {
    let mut chain = Chain::default();
    let text = &input.text[..];
    let once = |name| header.all(text, name).count() == sets.len();
    chain.broken = !FIELDS.into_iter().all(once) || sets.len() > LONGEST;
    let Some(last) = sets.last().filter(|_| !chain.broken) else { return chain };
    for (n, set) in sets.iter().enumerate() {
        let field = |span: Option<crate::span::Span>| {
            let at = span?;
            header.fields.iter().enumerate().find(|(_, f)| f.span() == at).map(|(i, f)| (i, *f))
        };
        let results = set.results.as_ref().and_then(|r| Some((r.field, *header.fields.get(r.field)?)));
        let (Some(results), Some(message), Some(seal)) = (results, field(set.signature), field(set.seal)) else {
            chain.broken = true;
            return chain;
        };
        let said = set.chain.as_deref();
        chain.broken |= set.instance as usize != n + 1 || said != Some(if n == 0 { "none" } else { "pass" });
        for (_, f) in [results, message] {
            append(&mut chain.fields, f, text);
        }
        let signature = signature::one(seal.0, seal.1, text);
        chain.broken |= !is_seal(&signature, text);
        let mut itself = Vec::with_capacity(seal.1.value.len());
        signed::append_itself(&mut itself, seal.1, &signature, Canon::Relaxed, text);
        chain.seals.push(Seal { signature, covers: chain.fields.len(), itself, tried: Tried::default() });
        append(&mut chain.fields, seal.1, text);
        let newest = signature::one(message.0, message.1, text);
        chain.broken |= !is_message_signature(&newest, text);
        if set.instance == last.instance {
            let signed = signed::prepare(std::slice::from_ref(&newest), header, lists, input).pop().flatten();
            chain.newest = Some((newest, signed));
        }
    }
    chain
}

/// A whole tag list, with `h=` in none (RFC 8617 §4.1.3).
fn is_seal(seal: &Signature, text: &[u8]) -> bool {
    written(&seal.tags, text, &["i", "a", "b", "cv", "d", "s"]) && seal.tags.get(text, "h").is_none()
}

/// A whole tag list; it signs no ARC-Seal (RFC 8617 §4.1.2).
fn is_message_signature(signature: &Signature, text: &[u8]) -> bool {
    written(&signature.tags, text, &["i", "a", "b", "bh", "d", "s"])
        && signature.tags.get(text, "h").is_some()
        && !signature.signs("arc-seal")
}

/// Every tag has a value and stands once (RFC 6376 §3.2), the required ones are there, and `t=` is a number.
fn written(tags: &TagList, text: &[u8], required: &[&str]) -> bool {
    let mut names = HashSet::new();
    let once = tags.tags.iter().all(|t| t.has_equals && names.insert(t.name.of(text)));
    let digits = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = |t: &Tag| t.name.of(text) != b"t" || digits(t.value.of(text));
    let there = |name: &&str| tags.tags.iter().any(|t| t.name.of(text) == name.as_bytes() && !t.value.is_empty());
    once && tags.tags.iter().all(number) && required.iter().all(there)
}

fn append(out: &mut Vec<u8>, field: Field, text: &[u8]) {
    Canon::Relaxed.field(out, signed::before_colon(field, text), field.value.of(text));
    out.extend_from_slice(b"\r\n");
}

/// The result, where it can be known; `None` without the keys or the body.
pub fn verify(lookup: &Lookup, reading: &Reading, evidence: &Evidence) -> Option<ChainResult> {
    if let Some(seen) = evidence.input.seen() {
        return seen.chain;
    }
    let chain = &reading.arc_chain;
    if reading.arc.is_empty() && !chain.broken {
        return Some(ChainResult::None);
    }
    if verify::mangled(evidence) {
        return None;
    }
    if chain.broken {
        return Some(ChainResult::Fail);
    }
    let mut names = std::collections::BTreeSet::new();
    let mut fits = |signature: &Signature, data: &[u8], tried: &Tried| {
        // No name of a key: d= or s= is none.
        let Some(name) = signature.key_name() else { return Some(false) };
        names.insert(name.clone());
        if names.len() > NAMES {
            return None;
        }
        match key::state(lookup.ask(&name, Kind::Txt)?) {
            KeyState::Found(records) => Some(verify::fits(signature, data, &records, tried)),
            KeyState::Missing(_) => Some(false),
            KeyState::Unasked(_) | KeyState::Failed(_) => None,
        }
    };
    let mut known: Vec<Option<bool>> = Vec::new();
    for seal in &chain.seals {
        let before = chain.fields.get(..seal.covers).unwrap_or_default();
        known.push(fits(&seal.signature, &[before, &seal.itself].concat(), &seal.tried));
    }
    match &chain.newest {
        Some((signature, Some(signed))) => {
            let covered = signed.covered(signature, &reading.header, &evidence.input.text);
            known.push(fits(signature, &covered.data, &signed.tried));
            known.push(match signed.body {
                Body::Match { .. } => Some(true),
                Body::Mismatch { .. } | Body::Short { .. } => Some(false),
                Body::NotAvailable => None,
            });
        }
        _ => known.push(Some(false)),
    }
    if known.contains(&Some(false)) {
        return Some(ChainResult::Fail);
    }
    known.iter().all(Option::is_some).then_some(ChainResult::Pass)
}
