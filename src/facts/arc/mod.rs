//! ARC sets (RFC 8617): shown, and used to explain forwarding; never scored.

pub mod verify;
pub mod word;

use super::authres::{self, AuthRes};
use super::header::{Field, Header};
use super::tags::TagList;
use crate::span::Span;
use std::collections::BTreeMap;

/// One `i=`, with whichever of its three fields are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    pub instance: u32,
    /// ARC-Authentication-Results, read.
    pub results: Option<AuthRes>,
    /// `cv=` of the ARC-Seal: `none`, `pass`, `fail`.
    pub chain: Option<String>,
    /// `d=` of the ARC-Seal.
    pub sealer: Option<String>,
    pub seal: Option<Span>,
    pub signature: Option<Span>,
}

/// The sets, lowest instance first. A field that is there twice counts once, the topmost;
/// one without a readable `i=` counts not at all. Either breaks the chain ([`verify::read`]).
pub fn read(header: &Header, text: &[u8]) -> Vec<Set> {
    let mut sets = BTreeMap::<u32, Set>::new();
    for (field, f) in header.all(text, "ARC-Authentication-Results") {
        let results = AuthRes { field, ..authres::read_value(f.value.of(text), f.value.start as usize) };
        if let Some(instance) = results.instance {
            set(&mut sets, instance).results.get_or_insert(results);
        }
    }
    for (_, f) in header.all(text, "ARC-Message-Signature") {
        let tags = TagList::split(text, f.value);
        if let Some(instance) = instance(&tags, text) {
            set(&mut sets, instance).signature.get_or_insert(f.span());
        }
    }
    for (_, f) in header.all(text, "ARC-Seal") {
        let tags = TagList::split(text, f.value);
        let Some(instance) = instance(&tags, text) else { continue };
        let set = set(&mut sets, instance);
        if set.seal.is_none() {
            seal(set, &tags, f, text);
        }
    }
    sets.into_values().collect()
}

fn set(sets: &mut BTreeMap<u32, Set>, instance: u32) -> &mut Set {
    sets.entry(instance).or_insert_with(|| Set { instance, ..Set::default() })
}

fn seal(set: &mut Set, tags: &TagList, field: Field, text: &[u8]) {
    let value = |name| tags.get(text, name).map(|t| String::from_utf8_lossy(t.value.of(text)).to_ascii_lowercase());
    set.seal = Some(field.span());
    set.chain = value("cv");
    set.sealer = value("d").map(|d| d.trim_end_matches('.').to_owned());
}

fn instance(tags: &TagList, text: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(tags.get(text, "i")?.value.of(text)).ok()?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sets_are_put_together_by_instance() {
        let text = b"ARC-Seal: i=2; a=rsa-sha256; d=Example.ORG; s=s; cv=pass; b=x\r\n\
            ARC-Authentication-Results: i=1; mx.example.net; spf=pass smtp.mailfrom=a@example.com\r\n\
            ARC-Message-Signature: i=1; d=example.net; s=s; b=y\r\n\
            ARC-Seal: i=1; d=example.net; cv=none; b=z\r\n\
            ARC-Seal: i=1; d=again.example; cv=fail; b=z\r\n\
            ARC-Seal: d=nobody.example; cv=fail; b=z\r\n\r\n";
        let sets = read(&Header::split(text), text);
        let [one, two] = &sets[..] else { panic!("{sets:?}") };
        assert_eq!((one.instance, one.sealer.as_deref(), one.chain.as_deref()), (1, Some("example.net"), Some("none")));
        assert!(one.signature.unwrap().of(text).starts_with(b"ARC-Message-Signature: i=1"));
        assert_eq!(one.results.as_ref().unwrap().results[0].method, "spf");
        assert_eq!((two.instance, two.sealer.as_deref(), two.results.is_none()), (2, Some("example.org"), true));
        assert!(two.seal.unwrap().of(text).starts_with(b"ARC-Seal: i=2"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(name in "ARC-(Seal|Message-Signature|Authentication-Results)", value in proptest::collection::vec(any::<u8>(), 0..80)) {
            let text = [name.as_bytes(), b": i=1;", &value[..], b"\r\n"].concat();
            for set in read(&Header::split(&text), &text) {
                for span in [set.seal, set.signature, set.results.map(|r| r.span)].into_iter().flatten() {
                    prop_assert!(span.end as usize <= text.len() && span.start <= span.end);
                }
            }
        }
    }
}

#[cfg(test)]
mod chain_tests;
