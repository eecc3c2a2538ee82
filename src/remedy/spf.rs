//! SPF records put right: one record a name, the owner's terms and qualifier kept.

use super::{Change, TTL, text};
use crate::evidence::{Answers, Data, Kind, Outcome, answer_at};
use crate::facts::spf::fault::FaultKind;
use crate::facts::spf::record::{Qualifier, Record, TermKind};
use crate::span::Span;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The blank of a record that would allow nobody without them.
pub const SENDERS: &str = "ip4: or include: of your servers";

/// Two or more records made one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    pub record: String,
    /// The qualifiers of `all` differed, and the weakest was kept.
    pub weakened: bool,
    /// A `redirect=` had to become an `include:`.
    pub redirect_included: bool,
    /// A mistyped term was put right.
    pub corrected: bool,
}

/// A record with its faults put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    pub record: String,
    /// What only the owner knows; each stands in the record as a marked blank.
    pub blanks: Vec<String>,
}

/// The record with `additions` before its `all` or `redirect=`; what stands twice stands once
/// afterwards, for the first match decides (RFC 7208 §4.6.2). Text that is no SPF record comes back as a new one.
pub fn merge(record: &str, additions: &[&str]) -> String {
    merge_before(record, additions, None)
}

/// As [`merge`], before the term under `deciding` where that stands earlier: the first match
/// decides (RFC 7208 §4.6.2), so what comes after it changes nothing.
pub fn merge_before(record: &str, additions: &[&str], deciding: Option<Span>) -> String {
    let mut terms: Vec<&str> = terms(record);
    let last = terms.iter().position(|t| is_last(t)).unwrap_or(terms.len());
    let before = deciding.and_then(|span| record.get(..span.start as usize)).map(|head| self::terms(head).len());
    let at = before.map_or(last, |before| before.min(last));
    let mut new: Vec<&str> = Vec::new();
    for addition in additions.iter().flat_map(|a| a.split_ascii_whitespace()) {
        let there = terms.iter().take(at).chain(&new).any(|t| same(t, addition));
        if !there && !is_last(addition) {
            new.push(addition);
        }
    }
    terms.splice(at..at, new);
    let mut known = BTreeSet::new();
    terms.retain(|term| known.insert(plain(term)));
    joined(terms)
}

/// Does `written` refuse the very senders that `term` is to allow: `-ip4:192.0.2.4`, `ip4:192.0.2.4`?
pub fn is_exclusion_of(written: &str, term: &str) -> bool {
    !is_pass(written) && same(unqualified(written), term)
}

/// The record without the term under `span`.
pub fn without(record: &str, span: Span) -> String {
    let range = span.range();
    let (before, after) = (record.get(..range.start).unwrap_or(record), record.get(range.end..).unwrap_or_default());
    joined(terms(before).into_iter().chain(after.split_ascii_whitespace()))
}

/// One record with every mechanism of all, each once, and one end: the weakest of theirs, so that
/// nobody who could send before is shut out. A record without `all` and `redirect=` ends in neutral
/// (RFC 7208 §4.7). `None` for fewer than two records, where one of them is broken, and where two
/// of them refuse senders one by one, for then no order serves both.
pub fn merge_records(records: &[&str]) -> Option<Merged> {
    if records.len() < 2 {
        return None;
    }
    // What is mistyped is put right first: `include=` is read as a modifier, and would end up behind `all`.
    let corrected = records.iter().map(|text| match correct(text) {
        Some(corrected) if corrected.blanks.is_empty() => Cow::Owned(corrected.record),
        _ => Cow::Borrowed(*text),
    });
    let corrected: Vec<Cow<str>> = corrected.collect();
    let parsed =
        corrected.iter().map(|text| Record::parse(text.as_bytes()).filter(|r| !r.broken).map(|r| (&**text, r)));
    let mut parsed: Vec<(&str, Record)> = parsed.collect::<Option<_>>()?;
    // A bare `v=spf1` says nothing.
    parsed.retain(|(_, record)| !record.terms.is_empty());
    if parsed.is_empty() {
        return None;
    }
    if parsed.iter().filter(|(_, r)| refuses(r)).count() > 1 {
        return None;
    }
    // The first match decides: whom one record allows, the exceptions of another must not meet first.
    parsed.sort_by_key(|(_, r)| refuses(r));
    let mut terms: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let mut modifiers: Vec<&str> = Vec::new();
    let mut redirects: Vec<&str> = Vec::new();
    let mut ends: Vec<Qualifier> = Vec::new();
    let (mut explicit, mut explained) = (false, false);
    for (text, record) in &parsed {
        let all = record.all().map(|(term, directive)| (term.span, directive.qualifier));
        let redirect = record.redirect().map(|(term, _)| term.span);
        for term in &record.terms {
            let word = text.get(term.span.range())?;
            match &term.kind {
                // What stands behind `all` was never in force, nor what a term before it says already.
                TermKind::Directive(_) if all.is_some_and(|(all, _)| term.span >= all) => {}
                TermKind::Directive(_) if known.insert(plain(unqualified(word))) => {
                    terms.push(word.to_owned());
                }
                TermKind::Redirect(_) if redirect == Some(term.span) && !redirects.iter().any(|r| same(r, word)) => {
                    redirects.push(word);
                }
                // `exp=` may stand once (RFC 7208 §6).
                TermKind::Exp(_) if !explained => {
                    explained = true;
                    modifiers.push(word);
                }
                TermKind::Modifier { .. } if !modifiers.iter().any(|m| same(m, word)) => modifiers.push(word),
                _ => {}
            }
        }
        explicit |= all.is_some();
        match (all, redirect) {
            (Some((_, qualifier)), _) => ends.push(qualifier),
            (None, None) => ends.push(Qualifier::Neutral),
            (None, Some(_)) => {}
        }
    }
    let weakest = ends.iter().copied().min_by_key(|q| strength(*q));
    let keeps_redirect = redirects.len() == 1 && weakest.is_none();
    let redirect_included = !redirects.is_empty() && !keeps_redirect;
    if redirect_included {
        for (_, target) in redirects.iter().filter_map(|r| r.split_once('=')) {
            let include = format!("include:{target}");
            if known.insert(plain(&include)) {
                // Before the exceptions, too.
                let at = terms.iter().position(|t| !is_pass(t)).unwrap_or(terms.len());
                terms.insert(at, include);
            }
        }
    }
    let last = match (weakest, redirects.first()) {
        (Some(Qualifier::Neutral), None) if !explicit => None,
        (Some(qualifier), _) => Some(format!("{}all", qualifier.sign())),
        (None, Some(redirect)) if !redirect_included => Some((*redirect).to_owned()),
        (None, Some(_)) => Some("~all".to_owned()),
        (None, None) => None,
    };
    let weakened = ends.iter().any(|q| Some(*q) != weakest);
    let terms = terms.iter().map(String::as_str).chain(last.as_deref()).chain(modifiers);
    let corrected = corrected.iter().any(|text| matches!(text, Cow::Owned(_)));
    Some(Merged { record: joined(terms), weakened, redirect_included, corrected })
}

/// Does the record refuse senders by a term before its end?
fn refuses(record: &Record) -> bool {
    let all = record.all().map(|(term, _)| term.span);
    let in_force = |span: Span| all.is_none_or(|all| span < all);
    record.directives().any(|(term, d)| in_force(term.span) && d.qualifier != Qualifier::Pass)
}

/// Puts every fault right for which there is a suggestion, and a blank where only the owner
/// knows; `None` where the outcome would not be a sound record, or nothing is wrong.
pub fn correct(record: &str) -> Option<Corrected> {
    let parsed = Record::parse(record.as_bytes())?;
    let mut out = String::new();
    let mut blanks = Vec::new();
    let mut at = 0;
    // Faults that are a matter of policy are not corrected here.
    let policy = |k| matches!(k, FaultKind::AfterAll | FaultKind::Everyone);
    for fault in parsed.faults.iter().filter(|f| !policy(f.kind)) {
        let span = fault.span.range();
        if span.start < at {
            continue;
        }
        let term = record.get(span.clone())?;
        out.push_str(record.get(at..span.start)?);
        at = span.end;
        match &fault.suggestion {
            Some(suggestion) if suggestion.ends_with(':') => {
                blanks.push(format!("the address that “{term}” was meant to hold"));
                out.push_str(suggestion);
                out.push_str(&super::blank("address"));
            }
            Some(suggestion) => out.push_str(suggestion),
            None => {
                blanks.push(format!("what “{term}” was meant to be"));
                out.push_str(&super::blank(&format!("instead of {term}")));
            }
        }
    }
    out.push_str(record.get(at..)?);
    if at == 0 {
        return None;
    }
    let record = if blanks.is_empty() { tidy(&out) } else { out };
    let sound = Record::parse(record.as_bytes()).is_some_and(|r| !r.broken);
    (sound || !blanks.is_empty()).then_some(Corrected { record, blanks })
}

/// The TXT RRset of `domain` with its SPF records replaced by `new`, or taken out; everything
/// else at the name stays. `None` where the answer is not there, failed, or stands behind a
/// CNAME, so that the records belong to another name.
pub fn change(
    answers: &Answers,
    domain: &str,
    is_replaced: impl Fn(&[u8]) -> bool,
    new: Option<&str>,
) -> Option<Change> {
    let answer = answer_at(answers, domain, Kind::Txt)?;
    let known = matches!(answer.outcome, Outcome::Records | Outcome::NoData | Outcome::NxDomain);
    if !known || answer.alias().is_some() {
        return None;
    }
    let before: Vec<Data> =
        answer.records.iter().filter(|r| matches!(r.data, Data::Txt(_))).map(|r| r.data.clone()).collect();
    let replaced = |data: &Data| matches!(data, Data::Txt(strings) if is_replaced(&strings.concat()));
    let mut after: Vec<Data> = Vec::new();
    let mut new = new.map(text);
    for data in &before {
        match replaced(data) {
            false => after.push(data.clone()),
            true => after.extend(new.take()),
        }
    }
    after.extend(new);
    Some(Change { name: domain.to_owned(), kind: Kind::Txt, ttl: TTL, before, after })
}

/// The terms of a record without its version.
fn terms(record: &str) -> Vec<&str> {
    let mut words = record.split_ascii_whitespace().peekable();
    words.next_if(|w| w.eq_ignore_ascii_case("v=spf1"));
    words.collect()
}

fn joined<'t>(terms: impl IntoIterator<Item = &'t str>) -> String {
    std::iter::once("v=spf1").chain(terms).collect::<Vec<_>>().join(" ")
}

/// Blanks in excess and terms that stand twice are left out.
fn tidy(record: &str) -> String {
    let mut known = BTreeSet::new();
    joined(terms(record).into_iter().filter(|term| known.insert(plain(term))))
}

/// `all`, `redirect=`, and modifiers, which mechanisms stand before.
fn is_last(term: &str) -> bool {
    let bare = unqualified(term);
    let starts = |with: &str| term.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with));
    bare.eq_ignore_ascii_case("all") || starts("redirect=") || starts("exp=")
}

/// A term without its qualifier.
fn unqualified(term: &str) -> &str {
    term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term)
}

fn is_pass(term: &str) -> bool {
    !term.starts_with(['-', '~', '?'])
}

/// Do two terms say the same: `+a` and `A`, `ip4:192.0.2.1/32` and `ip4:192.0.2.1`? In macros case
/// has a meaning (RFC 7208 §7.3).
fn same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

/// A term as all write it that say the same.
pub(super) fn plain(term: &str) -> String {
    let term = term.strip_prefix('+').unwrap_or(term);
    let term = if term.contains("%{") { term.to_owned() } else { term.to_ascii_lowercase() };
    match term.strip_suffix("/32").filter(|t| t.starts_with("ip4:")) {
        Some(t) => t.to_owned(),
        None => term.strip_suffix("/128").filter(|t| t.starts_with("ip6:")).unwrap_or(&term).to_owned(),
    }
}

/// How much a final `all` shuts out.
fn strength(qualifier: Qualifier) -> u8 {
    match qualifier {
        Qualifier::Pass => 0,
        Qualifier::Neutral => 1,
        Qualifier::SoftFail => 2,
        Qualifier::Fail => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Question;

    #[test]
    fn merging_keeps_the_owners_qualifier_and_order() {
        for (record, additions, expected) in [
            (
                "v=spf1 include:sendgrid.net ~all",
                &["ip4:192.0.2.4"][..],
                "v=spf1 include:sendgrid.net ip4:192.0.2.4 ~all",
            ),
            ("v=spf1 -all", &["ip4:192.0.2.4"], "v=spf1 ip4:192.0.2.4 -all"),
            ("v=spf1 ?all", &["include:a.example"], "v=spf1 include:a.example ?all"),
            ("v=spf1 mx all", &["a"], "v=spf1 mx a all"),
            ("v=spf1", &["mx"], "v=spf1 mx"),
            ("v=spf1 mx", &["a"], "v=spf1 mx a"),
            ("v=spf1 redirect=_spf.example.com", &["ip4:192.0.2.4"], "v=spf1 ip4:192.0.2.4 redirect=_spf.example.com"),
            ("v=spf1 mx exp=why.example.com -all", &["a"], "v=spf1 mx a exp=why.example.com -all"),
            ("v=spf1  mx   ~all ", &["a"], "v=spf1 mx a ~all"),
            ("V=SPF1 MX ~ALL", &["a"], "v=spf1 MX a ~ALL"),
            ("v=spf1 ip4:192.0.2.4 ~all", &["ip4:192.0.2.4"], "v=spf1 ip4:192.0.2.4 ~all"),
            ("v=spf1 +IP4:192.0.2.4 ~all", &["ip4:192.0.2.4"], "v=spf1 +IP4:192.0.2.4 ~all"),
            ("v=spf1 ip4:192.0.2.4/32 ~all", &["ip4:192.0.2.4"], "v=spf1 ip4:192.0.2.4/32 ~all"),
            ("v=spf1 -ip4:192.0.2.4 ~all", &["ip4:192.0.2.4"], "v=spf1 -ip4:192.0.2.4 ip4:192.0.2.4 ~all"),
            ("v=spf1 mx ~all", &["a", "a"], "v=spf1 mx a ~all"),
            (
                "v=spf1 mx ~all",
                &["include:a.example include:b.example"],
                "v=spf1 mx include:a.example include:b.example ~all",
            ),
            ("v=spf1 mx ~all", &["-all"], "v=spf1 mx ~all"),
            ("v=spf1 ~all ip4:192.0.2.4", &["ip4:192.0.2.4"], "v=spf1 ip4:192.0.2.4 ~all"),
            ("v=spf1 include:a.example mx include:A.example -all", &["a"], "v=spf1 include:a.example mx a -all"),
            ("v=spf1 include:a.example -all", &["include:a.example"], "v=spf1 include:a.example -all"),
            ("V=SPF1 INCLUDE:A.EXAMPLE ~ALL", &["include:a.example"], "v=spf1 INCLUDE:A.EXAMPLE ~ALL"),
            ("v=spf1\tmx\t ~all", &["a"], "v=spf1 mx a ~all"),
            (" v=spf1 mx -all", &["a"], "v=spf1 mx a -all"),
            (
                "v=spf1 exists:%{i}._spf.example.com ~all",
                &["ip4:192.0.2.4"],
                "v=spf1 exists:%{i}._spf.example.com ip4:192.0.2.4 ~all",
            ),
            // In macros a capital letter means something (RFC 7208 §7.3).
            (
                "v=spf1 include:%{l}.a.example ?all",
                &["include:%{L}.a.example"],
                "v=spf1 include:%{l}.a.example include:%{L}.a.example ?all",
            ),
            ("v=spf1 redirect=%{d}.a.example", &["mx"], "v=spf1 mx redirect=%{d}.a.example"),
            ("v=spf1 a REDIRECT=a.example", &["mx"], "v=spf1 a mx REDIRECT=a.example"),
            ("v=spf1 ip6:2001:DB8::1 -all", &["ip6:2001:db8::1"], "v=spf1 ip6:2001:DB8::1 -all"),
            ("v=spf1 ip6:2001:db8::/32 -all", &["ip6:2001:db8::5"], "v=spf1 ip6:2001:db8::/32 ip6:2001:db8::5 -all"),
            (
                "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::1 ~all",
                &["mx/24"],
                "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::1 mx/24 ~all",
            ),
            (
                "v=spf1 ?include:a.example -all",
                &["include:a.example"],
                "v=spf1 ?include:a.example include:a.example -all",
            ),
            ("v=spf1 ip6:2001:db8::1/128 -all", &["ip6:2001:db8::1"], "v=spf1 ip6:2001:db8::1/128 -all"),
            ("v=spf1 mx redirect=a.example exp=b.example", &["a"], "v=spf1 mx a redirect=a.example exp=b.example"),
            ("", &["mx"], "v=spf1 mx"),
        ] {
            assert_eq!(merge(record, additions), expected, "{record:?} + {additions:?}");
        }
    }

    #[test]
    fn a_new_term_goes_before_the_one_that_decided() {
        for (record, deciding, expected) in [
            (
                "v=spf1 mx -ip4:192.0.2.0/24 a ~all",
                "-ip4:192.0.2.0/24",
                "v=spf1 mx ip4:192.0.2.4 -ip4:192.0.2.0/24 a ~all",
            ),
            ("v=spf1  ~a   -all", "~a", "v=spf1 ip4:192.0.2.4 ~a -all"),
            ("v=spf1 mx -all", "-all", "v=spf1 mx ip4:192.0.2.4 -all"),
            ("v=spf1 redirect=a.example mx", "redirect=a.example", "v=spf1 ip4:192.0.2.4 redirect=a.example mx"),
            ("v=spf1 -a ip4:192.0.2.4 -all", "-a", "v=spf1 ip4:192.0.2.4 -a -all"),
        ] {
            let start = record.find(deciding).unwrap();
            let span = Span::new(start, start + deciding.len());
            assert_eq!(merge_before(record, &["ip4:192.0.2.4"], Some(span)), expected, "{record}");
        }
    }

    #[test]
    fn records_become_one() {
        for (records, expected, weakened) in [
            (&["v=spf1 mx -all", "v=spf1 include:a.example -all"][..], "v=spf1 mx include:a.example -all", false),
            (&["v=spf1 mx -all", "v=spf1 include:a.example ~all"], "v=spf1 mx include:a.example ~all", true),
            (&["v=spf1 mx -all", "v=spf1 mx -all"], "v=spf1 mx -all", false),
            // No `all` and no `redirect=`: neutral is how the first of them ends.
            (&["v=spf1 mx", "v=spf1 a ~all"], "v=spf1 mx a ?all", true),
            (&["v=spf1 mx", "v=spf1 a"], "v=spf1 mx a", false),
            (&["v=spf1", "v=spf1 mx -all"], "v=spf1 mx -all", false),
            (&["v=spf1 mx -all", "v=spf1 include=b.example ~all"], "v=spf1 mx include:b.example ~all", true),
            (&["v=spf1 ip:192.0.2.1 -all", "v=spf1 mx -all"], "v=spf1 ip4:192.0.2.1 mx -all", false),
            (&["v=spf1 a", "v=spf1 redirect=b.example"], "v=spf1 a include:b.example ?all", false),
            (&["v=spf1 a redirect=b.example", "v=spf1 redirect=B.example"], "v=spf1 a redirect=b.example", false),
            (&["v=spf1 a -all", "v=spf1 ~all mx"], "v=spf1 a ~all", true),
            (&["v=spf1 a -all exp=c.example", "v=spf1 mx -all"], "v=spf1 a mx -all exp=c.example", false),
            (&["v=spf1 a x=1 -all", "v=spf1 mx exp=c.example -all"], "v=spf1 a mx -all x=1 exp=c.example", false),
            (&["v=spf1 a exp=c.example -all", "v=spf1 exp=d.example -all"], "v=spf1 a -all exp=c.example", false),
            (&["V=SPF1  MX   -ALL ", "v=spf1 mx +a -all"], "v=spf1 MX +a -all", false),
            (
                &["v=spf1 exists:%{i}.a.example ~all", "v=spf1 exists:%{I}.a.example ~all"],
                "v=spf1 exists:%{i}.a.example exists:%{I}.a.example ~all",
                false,
            ),
            // Whom the second allows, the exception of the first must not meet first.
            (
                &["v=spf1 -ip4:192.0.2.0/24 mx -all", "v=spf1 ip4:192.0.2.4 -all"],
                "v=spf1 ip4:192.0.2.4 -ip4:192.0.2.0/24 mx -all",
                false,
            ),
            (
                &["v=spf1 ~include:a.example -all", "v=spf1 include:a.example -all"],
                "v=spf1 include:a.example -all",
                false,
            ),
            (&["v=spf1 -a mx -all", "v=spf1 redirect=b.example"], "v=spf1 include:b.example -a mx -all", false),
        ] {
            let merged = merge_records(records).unwrap();
            assert_eq!((merged.record.as_str(), merged.weakened), (expected, weakened), "{records:?}");
        }
        let merged = merge_records(&["v=spf1 a -all", "v=spf1 redirect=b.example"]).unwrap();
        assert_eq!(merged.record, "v=spf1 a include:b.example -all");
        assert!(merged.redirect_included);
        assert_eq!(merge_records(&["v=spf1 -all"]), None);
        assert_eq!(merge_records(&["v=spf1", "v=spf1"]), None);
        assert_eq!(merge_records(&["v=spf1 ip: -all", "v=spf1 -all"]), None);
        assert_eq!(merge_records(&["v=spf1 -a mx -all", "v=spf1 -mx a -all"]), None);
    }

    #[test]
    fn faults_are_put_right() {
        for (record, expected) in [
            ("v=spf1 ip:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"),
            ("v=spf1 ip4:192.0.2.1, ip4:192.0.2.2 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"),
            ("v=spf1 include: example.com -all", "v=spf1 include:example.com -all"),
            ("v=spf1 include=a.example mx ~all", "v=spf1 include:a.example mx ~all"),
            ("v=spf1 mx v=spf1 a ~all", "v=spf1 mx a ~all"),
            ("v=spf1 mx ip4:192.0.2.1-all", "v=spf1 mx ip4:192.0.2.1 -all"),
        ] {
            let corrected = correct(record).unwrap();
            assert_eq!((corrected.record.as_str(), corrected.blanks.len()), (expected, 0), "{record}");
        }
        let corrected = correct("v=spf1 a mx ip: -all").unwrap();
        assert_eq!(corrected.record, "v=spf1 a mx ip4:<address> -all");
        assert_eq!(corrected.blanks.len(), 1);
        assert_eq!(correct("v=spf1 mx -all"), None);
        assert_eq!(correct("v=spf1 +all"), None);
    }

    #[test]
    fn thousands_of_terms_are_no_reason_to_stop() {
        let many = |word: &str| (0..20_000).map(|n| format!(" {word}10.0.{}.{}", n / 256, n % 256)).collect::<String>();
        let sound = many("ip4:");
        let corrected = correct(&format!("v=spf1{sound} ip:192.0.2.1{sound} -all")).unwrap();
        assert_eq!(corrected.record, format!("v=spf1{sound} ip4:192.0.2.1 -all"), "and each term stands once");
        // More faults than are listed: no part of the cure would do.
        assert_eq!(correct(&format!("v=spf1{} -all", many("ip:"))), None);
        let merged = merge_records(&[&format!("v=spf1{sound} -all"), &format!("v=spf1{sound} a -all")]).unwrap();
        assert_eq!(merged.record, format!("v=spf1{sound} a -all"));
    }

    #[test]
    fn other_txt_records_stay() {
        let record =
            |value: &str| crate::evidence::Record { name: "example.com".to_owned(), ttl: 300, data: text(value) };
        let records = vec![record("site=1"), record("v=spf1 mx -all"), record("v=spf1 a -all"), record("other=2")];
        let answer = crate::evidence::Answer::new(Outcome::Records, records, jiff::Timestamp::UNIX_EPOCH);
        let answers = Answers::from([(Question::new("example.com", Kind::Txt), answer)]);
        let change = change(&answers, "example.com", Record::is, Some("v=spf1 mx a -all")).unwrap();
        assert_eq!(change.before.len(), 4);
        assert_eq!(change.after, [text("site=1"), text("v=spf1 mx a -all"), text("other=2")]);
    }
}
