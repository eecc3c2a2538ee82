//! DKIM-Signature fields, tag by tag (RFC 6376 §3.5).

use super::canon::Canon;
use super::{material, name};
use crate::facts::header::{Field, Header};
use crate::facts::tags::{Tag, TagList};
use crate::facts::text::{lossy, lossy_owned, lower};
use crate::span::{Span, Spanned};
use std::borrow::Cow;
use std::collections::HashSet;

/// One DKIM-Signature. Domains are lower-case A-labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Index of the field.
    pub field: usize,
    pub span: Span,
    pub tags: TagList,
    /// `d=`
    pub domain: Option<Spanned<String>>,
    /// `s=`
    pub selector: Option<Spanned<String>>,
    /// `a=`, lower case.
    pub algorithm: Option<Spanned<String>>,
    /// `i=`: the whole AUID.
    pub identity: Option<Spanned<String>>,
    /// `h=`, lower case, without blanks and empty names; the first [`SIGNED`] of them, and From wherever it stands.
    pub signed: String,
    /// `c=` header and body, defaults filled in (RFC 6376 §3.5).
    pub canonicalization: (Cow<'static, str>, Cow<'static, str>),
    /// `l=`
    pub length: Option<Spanned<u64>>,
    /// `t=`, seconds since 1970.
    pub signed_at: Option<Spanned<u64>>,
    /// `x=`
    pub expires: Option<Spanned<u64>>,
    /// `b=` without folding blanks.
    pub signature: String,
    /// The same, decoded; empty where it is no base64.
    pub b: Vec<u8>,
    /// `bh=`
    pub body_hash: String,
    /// Tags that are missing or unreadable, one sentence each.
    pub problems: Vec<String>,
    /// One of the problems is in how it is written: not merely From unsigned, or out of date.
    pub malformed: bool,
}

/// Names kept of `h=`; no mail has that many fields.
pub const SIGNED: usize = 1000;

impl Signature {
    /// `s._domainkey.d`, where both tags are there and DNS can carry the name.
    pub fn key_name(&self) -> Option<String> {
        name::key(&self.selector.as_ref()?.value, &self.domain.as_ref()?.value)
    }

    /// The domain of `i=`, where it is below `d=` and not `d=` itself.
    pub fn subdomain_identity(&self) -> Option<String> {
        let domain = &self.domain.as_ref()?.value;
        let (_, of) = self.identity.as_ref()?.value.rsplit_once('@')?;
        name::domain(of).filter(|of| of != domain && name::within(of, domain))
    }

    /// The names in `h=`, in order.
    pub fn signed(&self) -> impl Iterator<Item = &str> + Clone {
        self.signed.split_terminator(':')
    }

    /// Does `h=` name this field, in lower case?
    pub fn signs(&self, name: &str) -> bool {
        self.signed.as_bytes().split(|b| *b == b':').any(|signed| signed == name.as_bytes())
    }

    /// Does `h=` name From (RFC 6376 §5.4)?
    pub fn signs_from(&self) -> bool {
        self.signs("from")
    }

    /// The first tag of this name, its value with the tag.
    pub fn tag(&self, text: &[u8], name: &str) -> Option<Span> {
        self.tags.get(text, name).map(|t| t.name.join(t.value))
    }
}

/// Every DKIM-Signature field, top to bottom.
pub fn read(header: &Header, text: &[u8]) -> Vec<Signature> {
    header.all(text, "DKIM-Signature").map(|(index, field)| one(index, field, text)).collect()
}

/// The tags of RFC 6376 §3.5 that are looked at here.
const TAGS: [&str; 13] = ["v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x"];

/// Without these seven there is no signature (RFC 6376 §3.5).
const REQUIRED: [&str; 7] = ["v", "a", "b", "bh", "d", "h", "s"];

/// The first tag of each name.
#[derive(Default)]
struct Known([Option<Tag>; TAGS.len()]);

impl Known {
    /// One pass over the tags; the first of a name counts, a second is a problem.
    fn read(tags: &TagList, text: &[u8], problems: &mut Vec<String>) -> Known {
        let mut known = Known::default();
        let mut again = [false; TAGS.len()];
        for tag in tags.tags.iter().filter(|t| t.has_equals) {
            let name = tag.name.of(text);
            let mut slots = known.0.iter_mut().zip(&mut again).zip(TAGS);
            if let Some(((slot, again), _)) = slots.find(|(_, known)| known.as_bytes() == name) {
                *again |= slot.is_some();
                slot.get_or_insert(*tag);
            }
        }
        for (name, _) in TAGS.iter().zip(again).filter(|(_, again)| *again) {
            problems.push(format!("The tag {name}= stands in it more than once."));
        }
        // One that nobody knows spoils the whole list too, if it is there twice (RFC 6376 §3.2).
        let mut others = HashSet::new();
        let other = |t: &&Tag| !TAGS.iter().any(|known| known.as_bytes() == t.name.of(text));
        if !tags.tags.iter().filter(|t| t.has_equals).filter(other).all(|t| others.insert(t.name.of(text))) {
            problems.push("A tag that is not looked at here stands in it more than once.".into());
        }
        if tags.tags.iter().any(|t| !t.has_equals) {
            problems.push("A piece between semicolons has no =.".into());
        }
        for name in REQUIRED.iter().filter(|name| known.get(name).is_none()) {
            problems.push(format!("The tag {name}= is missing or empty."));
        }
        known
    }

    /// The tag, unless it is empty: it says nothing then.
    fn get(&self, name: &str) -> Option<Tag> {
        let tag = TAGS.iter().zip(&self.0).find(|(tag, _)| **tag == name).and_then(|(_, tag)| *tag);
        tag.filter(|t| !t.value.is_empty())
    }
}

/// Reads one field.
pub(in crate::facts) fn one(index: usize, field: Field, text: &[u8]) -> Signature {
    let tags = TagList::split(text, field.value);
    let mut p = Vec::new();
    let known = Known::read(&tags, text, &mut p);
    if known.get("v").is_some_and(|v| v.value.of(text) != b"1") {
        p.push("v= is not 1.".into());
    }
    let algorithm = known.get("a").map(|a| Spanned::new(lower(a.value.of(text)), a.value));
    if algorithm.as_ref().is_some_and(|a| !matches!(&a.value[..], "rsa-sha256" | "rsa-sha1" | "ed25519-sha256")) {
        p.push("a= names an algorithm that no standard knows.".into());
    }
    let domain = known.get("d").and_then(|d| named(d, text, name::domain, "d= is no domain name.", &mut p));
    let selector = known.get("s").and_then(|s| named(s, text, name::selector, "s= is no selector.", &mut p));
    let identity = known.get("i").map(|i| Spanned::new(unfolded(i.value.of(text)).into_owned(), i.value));
    if let (Some(i), Some(d)) = (&identity, &domain)
        && !i.value.rsplit_once('@').and_then(|(_, d)| name::domain(d)).is_some_and(|i| name::within(&i, &d.value))
    {
        p.push("The domain of i= is not d= or below it.".into());
    }
    let (signed, from) = known.get("h").map_or_else(Default::default, |h| names(h.value.of(text)));
    if known.get("q").is_some_and(|q| !lower(q.value.of(text)).contains("dns/txt")) {
        p.push("q= offers no way to the key that is in use (dns/txt).".into());
    }
    let mut number = |name| number(known.get(name)?, text, name, &mut p);
    let (length, signed_at, expires) = (number("l"), number("t"), number("x"));
    let hash_bytes = algorithm.as_ref().and_then(|a| match a.value.rsplit_once('-')?.1 {
        "sha256" => Some(32),
        "sha1" => Some(20),
        _ => None,
    });
    let (signature, b) = base64(known.get("b"), text, "b", None, &mut p);
    let (body_hash, _) = base64(known.get("bh"), text, "bh", hash_bytes, &mut p);
    let canonicalization = canonicalization(known.get("c"), text, &mut p);
    let mut s = Signature {
        field: index,
        span: field.span(),
        domain,
        selector,
        algorithm,
        identity,
        signed,
        canonicalization,
        length,
        signed_at,
        expires,
        signature,
        b,
        body_hash,
        tags,
        ..Signature::default()
    };
    if let (Some(selector), Some(domain)) = (&s.selector, &s.domain)
        && !name::has_key(&selector.value, &domain.value)
    {
        p.push("The name of its key is too long for DNS.".into());
    }
    s.malformed = !p.is_empty();
    if known.get("h").is_some() && !from {
        p.push("h= does not name From.".into());
    }
    if let (Some(t), Some(x)) = (&s.signed_at, &s.expires)
        && x.value < t.value
    {
        p.push("x= is before t=: it expired before it was signed.".into());
    }
    s.problems = p;
    s
}

/// A name, folds inside it undone.
fn named(
    tag: Tag,
    text: &[u8],
    read: fn(&str) -> Option<String>,
    problem: &str,
    p: &mut Vec<String>,
) -> Option<Spanned<String>> {
    let name = read(&unfolded(tag.value.of(text)));
    if name.is_none() {
        p.push(problem.into());
    }
    Some(Spanned::new(name?, tag.value))
}

/// The text without its folds: a line end with the blanks around it. Other blanks stay.
fn unfolded(value: &[u8]) -> Cow<'_, str> {
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return lossy(value.trim_ascii_end());
    }
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    let mut blanks = Vec::new();
    for &b in value {
        if b.is_ascii_whitespace() {
            blanks.push(b);
            continue;
        }
        if !blanks.iter().any(|b| matches!(b, b'\r' | b'\n')) {
            out.extend_from_slice(&blanks);
        }
        blanks.clear();
        out.push(b);
    }
    lossy_owned(out).into()
}

/// The names in `h=`, and whether From is among them.
fn names(value: &[u8]) -> (String, bool) {
    let mut signed = Vec::with_capacity(value.len());
    let mut from = false;
    let names = value.split(|&b| b == b':').map(<[u8]>::trim_ascii).filter(|n| !n.is_empty());
    for (n, name) in names.enumerate() {
        let late = !from && name.eq_ignore_ascii_case(b"from");
        from |= late;
        if n < SIGNED || late {
            if n > 0 {
                signed.push(b':');
            }
            signed.extend_from_slice(name);
        }
    }
    signed.make_ascii_lowercase();
    (lossy_owned(signed), from)
}

fn number(tag: Tag, text: &[u8], name: &str, p: &mut Vec<String>) -> Option<Spanned<u64>> {
    let digits = std::str::from_utf8(tag.value.of(text)).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    match digits.filter(|t| !t.is_empty()) {
        // Up to 76 digits are allowed (RFC 6376 §3.5), and no message is that long.
        Some(digits) => Some(Spanned::new(digits.parse().unwrap_or(u64::MAX), tag.value)),
        None => {
            p.push(format!("{name}= is no number."));
            None
        }
    }
}

/// `simple` where nothing is said, and for the body where only the header is named (RFC 6376 §3.5).
fn canonicalization(tag: Option<Tag>, text: &[u8], p: &mut Vec<String>) -> (Cow<'static, str>, Cow<'static, str>) {
    let written = tag.map_or(Cow::Borrowed("simple"), |c| unfolded(c.value.of(text)));
    let (header, body) = written.split_once('/').unwrap_or((&written, "simple"));
    let known = |word: &str| Canon::ALL.into_iter().find(|canon| word.eq_ignore_ascii_case(canon.word()));
    let [header, body] = [header, body].map(|word| (known(word), word));
    if header.0.is_none() || body.0.is_none() {
        p.push("c= names a canonicalization that no standard knows.".into());
    }
    let named = |(canon, word): (Option<Canon>, &str)| match canon {
        Some(canon) => Cow::Borrowed(canon.word()),
        None => Cow::Owned(word.to_ascii_lowercase()),
    };
    (named(header), named(body))
}

/// The value without its folds, and what it decodes to.
fn base64(tag: Option<Tag>, text: &[u8], name: &str, bytes: Option<usize>, p: &mut Vec<String>) -> (String, Vec<u8>) {
    let Some(tag) = tag else { return Default::default() };
    let value = material::without_blanks(tag.value.of(text));
    let decoded = material::decode(&value);
    match (&decoded, bytes) {
        (None, _) => p.push(format!("{name}= is not base64.")),
        (Some(got), Some(wanted)) if got.len() != wanted => {
            p.push(format!("{name}= holds {} bytes, the hash of a= has {wanted}.", got.len()));
        }
        _ => {}
    }
    (lossy_owned(value), decoded.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn signatures(text: &str) -> Vec<Signature> {
        read(&Header::split(text.as_bytes()), text.as_bytes())
    }

    fn good(change: impl Fn(&str) -> String) -> Signature {
        let tags = format!("v=1; a=rsa-sha256; d=example.com; s=s1; h=From:To; bh={HASH}; b=AAAA");
        signatures(&format!("DKIM-Signature: {}\r\n", change(&tags))).remove(0)
    }

    #[test]
    fn folded_tags_are_read_with_their_place() {
        let text = String::from(
            "Subject: x\r\nDKIM-Signature: v=1; a=RSA-sha256; c=relaxed; d=Mail.Example.COM;\r\n\
             \ti=@news.mail.example.com; s=S1.K; t=1700000000; x=1700086400; l=12;\r\n\
             \th=from : to :\r\n\t subject; bh=47DEQpj8HBSa+/TImW+5JC\r\n euQeRkm5NMpJWZG3hSuFU=;\r\n b=AA\r\n\tAA\r\n",
        );
        let got = signatures(&text).remove(0);
        let at = |s: Span| String::from_utf8_lossy(s.of(text.as_bytes())).into_owned();
        assert_eq!(got.problems, Vec::<String>::new());
        assert_eq!(got.field, 1);
        assert_eq!(got.key_name().unwrap(), "s1.k._domainkey.mail.example.com");
        assert_eq!(at(got.domain.unwrap().span), "Mail.Example.COM");
        assert_eq!(at(got.selector.unwrap().span), "S1.K");
        assert_eq!(got.algorithm.unwrap().value, "rsa-sha256");
        assert_eq!(got.identity.unwrap().value, "@news.mail.example.com");
        assert_eq!(got.signed, "from:to:subject");
        assert_eq!(got.canonicalization, ("relaxed".into(), "simple".into()));
        assert_eq!((got.length.unwrap().value, got.signed_at.unwrap().value), (12, 1_700_000_000));
        assert_eq!((got.signature.as_str(), got.body_hash.as_str()), ("AAAA", HASH));
        assert_eq!(got.expires.map(|x| at(x.span)).unwrap(), "1700086400");
    }

    #[test]
    fn a_fold_inside_a_name_is_undone_and_a_blank_is_not() {
        assert_eq!(good(|t| t.replace("example.com", "exam\r\n ple.com")).domain.unwrap().value, "example.com");
        let spoilt = good(|t| t.replace("example.com", "example.com evil"));
        assert_eq!((spoilt.domain, spoilt.problems), (None, vec!["d= is no domain name.".to_owned()]));
    }

    #[test]
    fn an_international_domain_becomes_its_a_label() {
        assert_eq!(good(|t| t.replace("example.com", "bücher.example")).domain.unwrap().value, "xn--bcher-kva.example");
    }

    #[test]
    fn each_problem_is_said_once() {
        let cases = [
            ("v=1; ", "", "The tag v= is missing or empty."),
            ("a=rsa-sha256; ", "", "The tag a= is missing or empty."),
            ("d=example.com; ", "d=; ", "The tag d= is missing or empty."),
            ("s=s1; ", "", "The tag s= is missing or empty."),
            ("h=From:To; ", "", "The tag h= is missing or empty."),
            ("b=AAAA", "", "The tag b= is missing or empty."),
            ("v=1", "v=2", "v= is not 1."),
            ("rsa-sha256", "rsa-md5", "a= names an algorithm that no standard knows."),
            ("d=example.com", "d=localhost", "d= is no domain name."),
            ("s=s1", "s=s 1", "s= is no selector."),
            ("From:To", "To:Subject", "h= does not name From."),
            ("b=AAAA", "b=AA*A", "b= is not base64."),
            (HASH, "AAAA", "bh= holds 3 bytes, the hash of a= has 32."),
            ("b=AAAA", "b=AAAA; b=AAAA; b=AAAA", "The tag b= stands in it more than once."),
            ("b=AAAA", "b=AAAA; i=a@example.org", "The domain of i= is not d= or below it."),
            ("b=AAAA", "b=AAAA; i=badexample.com", "The domain of i= is not d= or below it."),
            ("b=AAAA", "b=AAAA; x=soon", "x= is no number."),
            ("b=AAAA", "b=AAAA; t=20; x=10", "x= is before t=: it expired before it was signed."),
            ("b=AAAA", "b=AAAA; c=strict", "c= names a canonicalization that no standard knows."),
            ("b=AAAA", "b=AAAA; q=http", "q= offers no way to the key that is in use (dns/txt)."),
            ("b=AAAA", "b=AAAA; z=From:a; z=To:b", "A tag that is not looked at here stands in it more than once."),
            ("b=AAAA", "b=AAAA; loose", "A piece between semicolons has no =."),
        ];
        assert_eq!(good(str::to_owned).problems, Vec::<String>::new());
        for (from, to, problem) in cases {
            let got = good(|t| t.replacen(from, to, 1));
            assert_eq!(got.problems, [problem], "{from} -> {to}");
            assert_eq!(got.malformed, !problem.contains("From") && !problem.contains("t="), "{problem}");
        }
    }

    #[test]
    fn a_number_of_many_digits_is_a_number() {
        let got = good(|t| format!("{t}; l={}", "9".repeat(76)));
        assert_eq!((got.length.unwrap().value, got.problems), (u64::MAX, Vec::<String>::new()));
    }

    #[test]
    fn from_is_found_however_late_it_stands() {
        let many = "x:".repeat(SIGNED * 2);
        let got = good(|t| t.replace("From:To", &format!("{many}FROM")));
        assert!(got.signs_from());
        assert_eq!(got.signed().count(), SIGNED + 1);
    }

    #[test]
    fn a_huge_field_and_many_signatures_are_read_in_one_pass() {
        let fold = "A".repeat(76) + "\r\n ";
        let big = format!("DKIM-Signature: v=1; d=example.com; s=s1; b={}\r\n", fold.repeat(4_000));
        assert_eq!(signatures(&big)[0].signature.len(), 76 * 4_000);
        let tags = format!("DKIM-Signature: {}\r\n", "b=a;".repeat(50_000));
        assert_eq!(signatures(&tags)[0].tags.tags.len(), 50_000);
        let many = "DKIM-Signature: v=1; d=example.com; s=s1\r\n".repeat(1000);
        assert_eq!(signatures(&many).len(), 1000);
    }

    fn inside(s: &Signature, text: &[u8]) -> bool {
        let names = [&s.domain, &s.selector, &s.algorithm, &s.identity].into_iter().flatten().map(|n| n.span);
        let numbers = [&s.length, &s.signed_at, &s.expires].into_iter().flatten().map(|n| n.span);
        let tags = s.tags.tags.iter().flat_map(|t| [t.name, t.value]);
        names.chain(numbers).chain(tags).chain([s.span]).all(|s| text.get(s.range()).is_some())
    }

    /// Real messages, where the folder is at hand: nearly all of their signatures are well written.
    #[test]
    fn signatures_of_real_mail_are_read() {
        let Some(root) = std::env::var_os("POSTDOC_CORPUS") else { return };
        let (mut folders, mut all, mut malformed) = (vec![std::path::PathBuf::from(root)], 0, 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read(&path).unwrap();
                for s in read(&Header::split(&text), &text) {
                    assert!(inside(&s, &text), "{path:?}");
                    all += 1;
                    malformed += usize::from(s.malformed);
                }
            }
        }
        assert!(all > 0 && malformed * 20 < all, "{malformed} of {all}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_and_spans_lie_inside(value in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = [b"DKIM-Signature: ", &value[..], b"\r\n"].concat();
            for s in read(&Header::split(&text), &text) {
                prop_assert!(inside(&s, &text));
            }
        }

        #[test]
        fn any_mixture_of_tags_is_read_and_spans_lie_inside(
            value in "((v|a|b|bh|c|d|h|i|l|q|s|t|x|zz)=|;|; |\r\n |1|rsa-sha256|example\\.com|@|from|:|AAAA|=|é|\u{0}){0,40}",
        ) {
            let text = format!("DKIM-Signature: {value}\r\n");
            for s in signatures(&text) {
                prop_assert!(inside(&s, text.as_bytes()));
            }
        }
    }
}
