//! SPF records put right: one record a name, the owner's terms and qualifier kept.

use super::{Change, TTL, text};
use crate::evidence::{Answers, Data, Kind, Outcome, Question};
use crate::facts::spf::fault::FaultKind;
use crate::facts::spf::record::{Mechanism, Qualifier, Record, TermKind};
use std::collections::BTreeSet;

/// Two or more records made one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    pub record: String,
    /// The qualifiers of `all` differed, and the weakest was kept.
    pub weakened: bool,
    /// A `redirect=` had to become an `include:`.
    pub redirect_included: bool,
}

/// A record with its faults put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    pub record: String,
    /// What only the owner knows; each stands in the record as a marked blank.
    pub blanks: Vec<String>,
}

/// The record with `additions` before its `all` or `redirect=`; terms that are there already
/// are not added again. Text that is no SPF record comes back as a new one.
pub fn merge(record: &str, additions: &[&str]) -> String {
    let mut terms: Vec<&str> = terms(record);
    let at = terms.iter().position(|t| is_last(t)).unwrap_or(terms.len());
    let mut new: Vec<&str> = Vec::new();
    for addition in additions.iter().flat_map(|a| a.split_ascii_whitespace()) {
        let there = terms.iter().take(at).chain(&new).any(|t| same(t, addition));
        if !there && !is_last(addition) {
            new.push(addition);
        }
    }
    terms.splice(at..at, new);
    joined(terms)
}

/// One record with every mechanism of all, in order, once, and one `all`: the weakest of
/// theirs, so that nobody who could send before is shut out. `None` for fewer than two records
/// or where one of them is broken.
pub fn merge_records(records: &[&str]) -> Option<Merged> {
    if records.len() < 2 {
        return None;
    }
    let parsed: Option<Vec<Record>> = records.iter().map(|r| Record::parse(r.as_bytes())).collect();
    let parsed = parsed.filter(|all| all.iter().all(|r| !r.broken))?;
    let mut terms: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let mut modifiers: Vec<&str> = Vec::new();
    let mut redirects: Vec<&str> = Vec::new();
    let mut alls: Vec<Qualifier> = Vec::new();
    for (text, record) in records.iter().zip(&parsed) {
        let redirect = record.redirect().map(|(t, _)| t.span);
        let mut ended = false;
        for term in &record.terms {
            let word = text.get(term.span.range())?;
            match &term.kind {
                TermKind::Directive(d) if d.mechanism == Mechanism::All => {
                    if !ended {
                        alls.push(d.qualifier);
                    }
                    // What stands behind `all` was never in force.
                    ended = true;
                }
                TermKind::Directive(_) if !ended && known.insert(plain(word)) => terms.push(word.to_owned()),
                TermKind::Redirect(_) if redirect == Some(term.span) => redirects.push(word),
                TermKind::Exp(_) | TermKind::Modifier { .. } if modifiers.is_empty() => modifiers.push(word),
                _ => {}
            }
        }
    }
    let weakest = alls.iter().copied().min_by_key(|q| strength(*q));
    let weakened = alls.iter().any(|q| Some(*q) != weakest);
    redirects.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    let alone = redirects.len() == 1 && weakest.is_none();
    let redirect_included = !redirects.is_empty() && !alone;
    if redirect_included {
        for target in redirects.iter().filter_map(|r| r.split_once('=')) {
            let include = format!("include:{}", target.1);
            if known.insert(plain(&include)) {
                terms.push(include);
            }
        }
    }
    let last = match (weakest, redirects.first()) {
        (Some(q), _) => Some(format!("{}all", q.sign())),
        (None, Some(redirect)) if alone => Some((*redirect).to_owned()),
        (None, Some(_)) => Some("~all".to_owned()),
        (None, None) => None,
    };
    let terms = terms.iter().map(String::as_str).chain(last.as_deref()).chain(modifiers);
    Some(Merged { record: joined(terms), weakened, redirect_included })
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
    let answer = answers.get(&Question::new(domain, Kind::Txt))?;
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
    let bare = term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term);
    let starts = |with: &str| term.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with));
    bare.eq_ignore_ascii_case("all") || starts("redirect=") || starts("exp=")
}

/// Do two terms say the same: `+a` and `A`, `ip4:192.0.2.1/32` and `ip4:192.0.2.1`?
fn same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

/// A term as all write it that say the same.
fn plain(term: &str) -> String {
    let term = term.strip_prefix('+').unwrap_or(term).to_ascii_lowercase();
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
            ("v=spf1 ~all ip4:192.0.2.4", &["ip4:192.0.2.4"], "v=spf1 ip4:192.0.2.4 ~all ip4:192.0.2.4"),
            ("v=spf1 ip6:2001:db8::1/128 -all", &["ip6:2001:db8::1"], "v=spf1 ip6:2001:db8::1/128 -all"),
            ("v=spf1 mx redirect=a.example exp=b.example", &["a"], "v=spf1 mx a redirect=a.example exp=b.example"),
            ("", &["mx"], "v=spf1 mx"),
        ] {
            assert_eq!(merge(record, additions), expected, "{record:?} + {additions:?}");
        }
    }

    #[test]
    fn records_become_one() {
        for (records, expected, weakened) in [
            (&["v=spf1 mx -all", "v=spf1 include:a.example -all"][..], "v=spf1 mx include:a.example -all", false),
            (&["v=spf1 mx -all", "v=spf1 include:a.example ~all"], "v=spf1 mx include:a.example ~all", true),
            (&["v=spf1 mx -all", "v=spf1 mx -all"], "v=spf1 mx -all", false),
            (&["v=spf1 mx", "v=spf1 a ~all"], "v=spf1 mx a ~all", false),
            (&["v=spf1 a", "v=spf1 redirect=b.example"], "v=spf1 a redirect=b.example", false),
            (&["v=spf1 a -all", "v=spf1 ~all mx"], "v=spf1 a ~all", true),
            (&["v=spf1 a -all exp=c.example", "v=spf1 mx -all"], "v=spf1 a mx -all exp=c.example", false),
        ] {
            let merged = merge_records(records).unwrap();
            assert_eq!((merged.record.as_str(), merged.weakened), (expected, weakened), "{records:?}");
        }
        let merged = merge_records(&["v=spf1 a -all", "v=spf1 redirect=b.example"]).unwrap();
        assert_eq!(merged.record, "v=spf1 a include:b.example -all");
        assert!(merged.redirect_included);
        assert_eq!(merge_records(&["v=spf1 -all"]), None);
        assert_eq!(merge_records(&["v=spf1 ip: -all", "v=spf1 -all"]), None);
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
