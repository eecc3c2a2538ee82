//! The chain, verified by us (RFC 8617 §5.2): is each seal whole, and does the newest signature fit?

use super::Set;
use crate::evidence::Input;
use crate::evidence::{Evidence, Kind};
use crate::facts::Reading;
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::key::{self, KeyState};
use crate::facts::dkim::signed::{self, Body, Signed};
use crate::facts::dkim::{Signature, signature, verify};
use crate::facts::header::{Field, Header};
use crate::facts::lists::Lists;
use crate::facts::lookup::Lookup;
use std::sync::Arc;

/// More sets than this make a chain fail (RFC 8617 §4.2.1).
const LONGEST: u32 = 50;
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
    /// The ARC-Seal of each instance, first to last, with the bytes it seals.
    pub seals: Vec<(Signature, Vec<u8>)>,
    /// The ARC-Message-Signature of the last instance.
    pub newest: Option<(Signature, Option<Arc<Signed>>)>,
    /// Its form alone makes it fail.
    pub broken: bool,
}

/// Reads the chain: every set complete, numbered from 1, and `cv=` as it must be.
pub fn read(sets: &[Set], header: &Header, lists: &Lists, input: &Input) -> Chain {
    let mut chain = Chain::default();
    let text = &input.text[..];
    let (Some(last), true) = (sets.last(), sets.len() <= LONGEST as usize) else {
        chain.broken = !sets.is_empty();
        return chain;
    };
    let mut before: Vec<u8> = Vec::new();
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
            append(&mut before, f, text);
        }
        let signature = signature::one(seal.0, seal.1, text);
        let mut sealed = before.clone();
        sealed.extend(signed::itself(seal.1, &signature, Canon::Relaxed, text));
        chain.seals.push((signature, sealed));
        append(&mut before, seal.1, text);
        if set.instance == last.instance {
            let newest = signature::one(message.0, message.1, text);
            let signed = signed::prepare(std::slice::from_ref(&newest), header, lists, input).pop().flatten();
            chain.newest = Some((newest, signed));
        }
    }
    chain
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
    if reading.arc.is_empty() {
        return Some(ChainResult::None);
    }
    if verify::mangled(evidence) {
        return None;
    }
    if chain.broken {
        return Some(ChainResult::Fail);
    }
    let mut names = std::collections::BTreeSet::new();
    let mut fits = |signature: &Signature, data: &[u8]| {
        let name = signature.key_name()?;
        names.insert(name.clone());
        if names.len() > NAMES {
            return None;
        }
        match key::state(lookup.ask(&name, Kind::Txt)?) {
            KeyState::Found(records) => Some(verify::fits(signature, data, &records)),
            KeyState::Missing(_) => Some(false),
            KeyState::Unasked(_) | KeyState::Failed(_) => None,
        }
    };
    let mut known: Vec<Option<bool>> = chain.seals.iter().map(|(signature, data)| fits(signature, data)).collect();
    match &chain.newest {
        Some((signature, Some(signed))) => {
            known.push(fits(signature, &[&signed.fields[..], &signed.itself].concat()));
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
