//! The bytes a signature covers (RFC 6376 §3.7, §5.4.2): of the body worked out once from the input, before any key is
//! known; of the header once there is a key.

use super::canon::Canon;
use super::crypto::{Algorithm, Tried};
use super::forensics::{Changed, Effort, What, body, content_fields, likely};
use super::{Signature, material};
use crate::evidence::input::BodyWitness;
use crate::evidence::{Input, InputKind};
use crate::facts::address;
use crate::facts::header::{Field, Header};
use crate::facts::lists::Lists;
use crate::knowledge::pattern;
use crate::span::Span;
use memchr::memchr;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Signatures that are checked; receivers give up long before (RFC 6376 §8.4).
pub const MOST: usize = 20;

/// What one signature says of the bytes it covers.
#[derive(Clone, Debug)]
pub struct Signed {
    pub algorithm: Algorithm,
    /// Of the header.
    pub canon: Canon,
    pub body: Body,
    /// The signature's own field.
    own: Field,
    /// See [`Fields`]; of one header for all its signatures.
    named: Arc<OnceLock<Named>>,
    /// See [`Signed::covered`].
    covered: OnceLock<Covered>,
    /// Keys held against what is covered.
    pub(in crate::facts) tried: Tried,
    /// What the search for changes of the header found, for the key it was made with.
    pub(super) search: OnceLock<(String, Option<Vec<Changed>>)>,
}

/// What a signature covers of a header.
#[derive(Clone, Debug)]
pub struct Covered {
    /// For each name of `h=` the index of the field it chose.
    pub chosen: Vec<Option<usize>>,
    /// The fields of `h=`, canonical, each with its CRLF; then the signature itself without the value of `b=`, canonical.
    pub data: Vec<u8>,
    /// Bytes of the fields.
    fields: usize,
}

impl Covered {
    /// The fields of `h=`, canonical.
    pub fn fields(&self) -> &[u8] {
        &self.data[..self.fields]
    }

    /// The signature itself, canonical.
    pub fn itself(&self) -> &[u8] {
        &self.data[self.fields..]
    }
}

impl Signed {
    /// What the signature covers of the header it stands in. All three must be those it was prepared for.
    pub fn covered(&self, signature: &Signature, header: &Header, text: &[u8]) -> &Covered {
        self.covered.get_or_init(|| {
            let named = self.named.get_or_init(|| named(header, text));
            let chosen = Fields { header, text, named }.chosen(signature, self.own);
            let mut data = canonical(&chosen, header, text, self.canon);
            let fields = data.len();
            append_itself(&mut data, self.own, signature, self.canon, text);
            Covered { chosen, data, fields }
        })
    }
}

/// Is the body the one that was signed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// It has the hash of `bh=`. `unsigned` bytes, canonical, stand beyond `l=`.
    Match { unsigned: u64 },
    /// Its hash is another, in base64; the changes that, undone, restore the signed one, or else the
    /// marks that changes left; and the Content fields of the part it was wrapped into.
    Mismatch { hash: String, altered: Option<Vec<What>>, marks: Vec<What>, wrapped: Option<String> },
    /// `l=` counts more bytes than there are (RFC 6376 §3.5). `whole`: what there is has the hash of `bh=`.
    Short { has: u64, whole: bool },
    /// There is only a header.
    NotAvailable,
}

/// Signatures whose body is searched for what changed it.
const SEARCHED: usize = 3;

/// The first [`MOST`] signatures, held against the body; `None` for one that cannot be worked out.
pub fn prepare(signatures: &[Signature], header: &Header, lists: &Lists, input: &Input) -> Vec<Option<Arc<Signed>>> {
    if signatures.is_empty() {
        return Vec::new();
    }
    let mut bodies = Bodies::of(header, lists, input);
    let named = Arc::new(OnceLock::new());
    let one = |signature: &Signature| {
        let algorithm = Algorithm::named(&signature.algorithm.as_ref()?.value)?;
        let (canon, _) = canons(signature)?;
        let own = *header.fields.get(signature.field)?;
        let body = bodies.judge(signature);
        let (covered, search) = (OnceLock::new(), OnceLock::new());
        let tried = Tried::default();
        Some(Arc::new(Signed { algorithm, canon, body, own, named: Arc::clone(&named), covered, tried, search }))
    };
    signatures.iter().take(MOST).map(one).collect()
}

/// What a signature covers of another header than its own: the fields it chooses there, and their canonical form.
pub(in crate::facts) fn covered_in(
    signature: &Signature,
    header: &Header,
    text: &[u8],
) -> Option<(Vec<Option<usize>>, Vec<u8>)> {
    let (canon, _) = canons(signature)?;
    let nowhere = Field { name: Span::default(), value: Span::default() };
    let chosen = Fields { header, text, named: &named(header, text) }.chosen(signature, nowhere);
    let bytes = canonical(&chosen, header, text, canon);
    Some((chosen, bytes))
}

/// Does a body have the hash that was signed?
pub(in crate::facts) fn body_fits(signature: &Signature, body: &[u8]) -> Option<bool> {
    let algorithm = Algorithm::named(&signature.algorithm.as_ref()?.value)?;
    let (_, canon) = canons(signature)?;
    let canonical = canon.body(body);
    let counted = match &signature.length {
        Some(l) => usize::try_from(l.value).ok().and_then(|l| canonical.get(..l)),
        None => Some(&canonical[..]),
    };
    let signed = material::decode(signature.body_hash.as_bytes())?;
    Some(counted.is_some_and(|counted| algorithm.digest(counted) == signed))
}

/// Are two hashes the same, however their base64 ends?
fn is_same(one: &str, other: &str) -> bool {
    one == other || material::decode(one.as_bytes()) == material::decode(other.as_bytes())
}

/// The chosen fields, canonical, each with its CRLF.
fn canonical(chosen: &[Option<usize>], header: &Header, text: &[u8], canon: Canon) -> Vec<u8> {
    let fields = chosen.iter().flatten().filter_map(|&n| header.fields.get(n));
    let longest = fields.clone().map(|field| field.span().len() + 2).sum();
    let mut out = Vec::with_capacity(longest);
    for field in fields {
        canon.field(&mut out, before_colon(*field, text), field.value.of(text));
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// What the body says of each signature: what a case keeps in its stead.
pub fn witnesses(input: &Input) -> Vec<BodyWitness> {
    let header = input.header();
    let signatures = super::signature::read(header, &input.text);
    let newest = header.all(&input.text, "ARC-Message-Signature").take(MOST);
    let sealed = newest.map(|(index, field)| super::signature::one(index, field, &input.text));
    let path = address::return_path(header, &input.text);
    let lists = crate::facts::lists::read(header, &input.text, path.as_ref());
    let mut bodies = Bodies::of(header, &lists, input);
    signatures.into_iter().take(MOST).chain(sealed).filter_map(|signature| bodies.witness(&signature)).collect()
}

fn canons(signature: &Signature) -> Option<(Canon, Canon)> {
    let (header, body) = &signature.canonicalization;
    Some((Canon::named(header)?, Canon::named(body)?))
}

/// Hash of each field's name, and its index: in their order, of one name the lowest field first. Empty where the fields are
/// few: each is looked at then.
type Named = Vec<(u64, Reverse<usize>)>;

/// Fields that are few; real mail has fewer.
const FEW: usize = 200;

fn named(header: &Header, text: &[u8]) -> Named {
    let hash = |field: &Field| pattern::fold(field.name.of(text));
    let many = if header.fields.len() > FEW { &header.fields[..] } else { &[] };
    let mut named: Named = many.iter().map(hash).zip((0..).map(Reverse)).collect();
    named.sort_unstable();
    named
}

/// The fields by name, so that a long `h=` costs no more than its length.
struct Fields<'h> {
    header: &'h Header,
    text: &'h [u8],
    named: &'h [(u64, Reverse<usize>)],
}

impl Fields<'_> {
    /// Indices of the fields of this name, bottom to top.
    fn called(&self, name: &str) -> impl Iterator<Item = usize> {
        let fields = &self.header.fields;
        let (each, hash) = match self.named.is_empty() {
            true => (0..fields.len(), 0),
            false => (0..0, pattern::fold(name.as_bytes())),
        };
        let start = self.named.partition_point(|(h, _)| *h < hash);
        let alike = self.named[start..].iter().take_while(move |(h, _)| *h == hash).map(|(_, index)| index.0);
        alike.chain(each.rev()).filter(move |&index| fields[index].is_called(name, self.text))
    }

    /// The field that each name chooses: the lowest that was not taken yet, and none for a name that
    /// is used up (RFC 6376 §5.4.2). The signature being checked is not among the fields it signs.
    fn chosen(&self, signature: &Signature, own: Field) -> Vec<Option<usize>> {
        let fields = &self.header.fields;
        let mut free: Vec<bool> = fields.iter().map(|field| *field != own).collect();
        let choose = |name| self.called(name).find(|&index| std::mem::take(&mut free[index]));
        signature.signed().map(choose).collect()
    }
}

/// All that stands before the colon: the name, and blanks of the obsolete form.
pub(in crate::facts) fn before_colon(field: Field, text: &[u8]) -> &[u8] {
    Span { start: field.name.start, end: field.value.start.saturating_sub(1) }.of(text)
}

/// The signature's own field with an empty `b=` and without a final CRLF (RFC 6376 §3.7).
pub(in crate::facts) fn append_itself(out: &mut Vec<u8>, own: Field, signature: &Signature, canon: Canon, text: &[u8]) {
    let value = own.value.of(text);
    let b = signature.tags.tags.iter().find(|t| t.has_equals && t.name.of(text) == b"b");
    let emptied = b.map_or(Cow::Borrowed(value), |b| {
        let start = own.value.start as usize;
        let after_name = b.name.end as usize - start;
        let equals = memchr(b'=', &value[after_name..]).map_or(after_name, |n| after_name + n + 1);
        let end = memchr(b';', &value[equals..]).map_or(value.len(), |n| equals + n);
        Cow::Owned([&value[..equals], &value[end..]].concat())
    });
    canon.field(out, before_colon(own, text), &emptied);
}

/// The body, made canonical once for each way that is asked for.
struct Bodies<'i> {
    body: Option<&'i [u8]>,
    /// The header section, for the content type of the body.
    header: &'i [u8],
    lists: &'i Lists,
    kept: &'i [BodyWitness],
    effort: &'i Effort,
    canonical: [Option<Cow<'i, [u8]>>; 2],
    /// Digest and size, by hash, canonicalization and `l=`.
    hashed: HashMap<(&'static str, Canon, Option<u64>), (String, u64)>,
    searched: usize,
}

impl<'i> Bodies<'i> {
    fn of(header: &Header, lists: &'i Lists, input: &'i Input) -> Bodies<'i> {
        let (head, body) = match header.body.and_then(|at| input.text.split_at_checked(at as usize)) {
            Some((head, body)) => (head, Some(body)),
            None => (&input.text[..], None),
        };
        let at_hand = |body: &&[u8]| match input.kind {
            InputKind::Message => !input.is_cut(),
            // A message without a word looks like a header, and has the empty line behind it.
            InputKind::Headers => input.body_witnesses().is_empty() && body.trim_ascii().is_empty(),
            _ => false,
        };
        Bodies {
            body: body.filter(at_hand),
            header: head,
            lists,
            kept: input.body_witnesses(),
            effort: input.effort(),
            canonical: [None, None],
            hashed: HashMap::new(),
            searched: 0,
        }
    }

    /// What the body says of one signature; `None` without a body.
    fn witness(&mut self, signature: &Signature) -> Option<BodyWitness> {
        let algorithm = Algorithm::named(&signature.algorithm.as_ref()?.value)?;
        let (_, canon) = canons(signature)?;
        // Without bh= there is nothing that a body could differ from (RFC 6376 §3.5).
        if signature.body_hash.is_empty() {
            return None;
        }
        let Some(body) = self.body else {
            return self.kept.iter().find(|w| w.field == signature.field).cloned();
        };
        let length = signature.length.as_ref().map(|l| l.value);
        let canonical = self.canonical[canon as usize].get_or_insert_with(|| canon.body(body));
        let has = canonical.len();
        let counted = length.map_or(has, |l| usize::try_from(l).unwrap_or(usize::MAX).min(has));
        let hashed = self.hashed.entry((algorithm.hash(), canon, length));
        let (digest, has) =
            hashed.or_insert_with(|| (material::encode(&algorithm.digest(&canonical[..counted])), has as u64)).clone();
        let empty = body.trim_ascii().is_empty();
        let differs = !is_same(&digest, &signature.body_hash);
        let altered = if differs && !empty && self.searched < SEARCHED {
            self.searched += 1;
            let hash = material::decode(signature.body_hash.as_bytes()).unwrap_or_default();
            let wanted = body::Wanted { hash: &hash, algorithm, canon, length };
            self.effort.once(signature.field, || body::restore(body, self.header, wanted, self.effort))
        } else {
            None
        };
        let marks = if differs && altered.is_none() { likely(body, self.lists) } else { Vec::new() };
        let inside = matches!(altered.as_deref(), Some([What::WrappedInMultipart]));
        let fits = |part: &[u8]| body_fits(signature, part) == Some(true);
        let wrapped = inside.then(|| content_fields(body, fits)).flatten();
        Some(BodyWitness { field: signature.field, has, digest, empty, altered, marks, wrapped })
    }

    fn judge(&mut self, signature: &Signature) -> Body {
        let Some(found) = self.witness(signature) else { return Body::NotAvailable };
        let length = signature.length.as_ref().map(|l| l.value);
        if let Some(l) = length.filter(|&l| l > found.has) {
            let whole = is_same(&signature.body_hash, &found.digest);
            return if found.empty && l > 0 { Body::NotAvailable } else { Body::Short { has: found.has, whole } };
        }
        match is_same(&signature.body_hash, &found.digest) {
            true => Body::Match { unsigned: length.map_or(0, |l| found.has - l) },
            // An empty body is more often one that was left behind than one that was changed.
            false if found.empty => Body::NotAvailable,
            false => {
                let BodyWitness { digest: hash, altered, marks, wrapped, .. } = found;
                Body::Mismatch { hash, altered, marks, wrapped }
            }
        }
    }
}
