//! What the sent copy says of the signatures of the received one.

use super::{Change, Differences, differences, fields};
use crate::evidence::Input;
use crate::facts::Reading;
use crate::facts::dkim::forensics::Changed;
use crate::facts::dkim::{Signature, signed};
use crate::facts::header::Header;
use crate::facts::received::servers;
use std::collections::BTreeSet;

/// The sent copy held against the received one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Of the file.
    pub name: String,
    pub differences: Differences,
    /// The servers that had it since, oldest first ([`servers`]).
    pub way: Vec<String>,
    /// For each of [`Reading::signed`].
    pub signatures: Vec<Held>,
    /// The Message-IDs differ: it may be another message.
    pub another: bool,
}

/// What the sent copy says of one signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Its body has the signed hash; `None` where there is no body, or no way to tell.
    pub body: Option<bool>,
    /// The fields of `h=` as it has them, canonical, each with its CRLF.
    pub fields: Vec<u8>,
    /// What happened to the signed fields since.
    pub changed: Vec<Changed>,
    /// It bears this very signature; otherwise that was made, or rewritten, since.
    pub borne: bool,
}

impl Held {
    /// Where the sent copy bears the signature and does not fit it, nothing that came later broke it. Of the header that
    /// is for who has tried the key.
    pub fn was_broken(&self, of_body: bool) -> bool {
        self.borne && (!of_body || self.body == Some(false))
    }
}

impl Beside {
    /// `received` is read already, but for this.
    pub fn read(sent: &Input, received: &Input, reading: &Reading) -> Beside {
        let differences = differences(&sent.text, &received.text);
        let added: BTreeSet<u32> = differences.fields.iter().filter_map(|d| Some(d.at?.start)).collect();
        let since = reading.hops.iter().filter(|hop| {
            let field = reading.header.fields.get(hop.field);
            field.is_some_and(|f| added.contains(&f.span().start))
        });
        let header = Header::split(&sent.text);
        let other: BTreeSet<u32> = differences
            .fields
            .iter()
            .filter(|d| matches!(d.change, Change::Added | Change::Changed))
            .filter_map(|d| Some(d.at?.start))
            .collect();
        let held = |(signature, signed): (&Signature, &Option<_>)| {
            let held = signed.is_some().then(|| held(signature, (&header, sent), received, &differences));
            let field = reading.header.fields.get(signature.field);
            let borne = field.is_some_and(|f| !other.contains(&f.span().start));
            Held { borne, ..held.flatten().unwrap_or_default() }
        };
        let ids = [(&header, &sent.text), (&reading.header, &received.text)];
        let [was, is] =
            ids.map(|(header, text)| header.first(text, "Message-ID").map(|f| f.value.of(text).trim_ascii().to_vec()));
        Beside {
            name: sent.name.clone(),
            way: servers(since),
            signatures: reading.signatures.iter().zip(&reading.signed).map(held).collect(),
            another: was.zip(is).is_some_and(|(was, is)| was != is),
            differences,
        }
    }
}

fn held(
    signature: &Signature,
    (header, sent): (&Header, &Input),
    received: &Input,
    differences: &Differences,
) -> Option<Held> {
    let (_, bytes) = signed::covered_in(signature, header, &sent.text)?;
    let body = header.body.and_then(|at| sent.text.get(at as usize..)).filter(|body| !body.trim_ascii().is_empty());
    let names: BTreeSet<&str> = signature.signed().collect();
    let signed = differences.fields.iter().filter(|d| names.contains(d.name.to_ascii_lowercase().as_str()));
    // A field that is there twice is signed from the bottom: one that was put on top is not covered.
    let now = Header::split(&received.text);
    let (covered, _) = signed::covered_in(signature, &now, &received.text)?;
    let covered: BTreeSet<u32> =
        covered.iter().flatten().filter_map(|n| now.fields.get(*n)).map(|f| f.span().start).collect();
    let signed = signed.filter(|d| d.at.is_none_or(|at| covered.contains(&at.start)));
    let relaxed = signature.canonicalization.0 == "relaxed";
    let changed = signed.map(|d| Changed { what: fields::what(d), field: Some(d.name.clone()) });
    let changed = changed.filter(|c| !(relaxed && c.what.relaxed_survives())).collect();
    let body = body.and_then(|body| signed::body_fits(signature, body));
    Some(Held { body, fields: bytes, changed, borne: false })
}
