//! Records with their spans, and evaluation step by step.

use super::fault::{Fault, FaultKind};
use super::record::{Mechanism, Record, TermKind};
use super::*;
use crate::evidence::{Answer, Answers, Data, Kind};
use crate::span::Span;
use proptest::prelude::*;

fn parse(text: &str) -> Record {
    Record::parse(text.as_bytes()).unwrap()
}

fn fault(text: &str) -> Fault {
    let record = parse(text);
    let [fault] = &record.faults[..] else { panic!("{text}: {:?}", record.faults) };
    assert_eq!(fault.fatal, record.broken, "{text}");
    fault.clone()
}

/// A zone: name, kind, values; no values is no data.
pub(super) fn zone(entries: &[(&str, Kind, &[&str])]) -> Answers {
    let mut answers = Answers::new();
    for (name, kind, values) in entries {
        let data = |value: &&str| match kind {
            Kind::A => Data::A(value.parse().unwrap()),
            Kind::Aaaa => Data::Aaaa(value.parse().unwrap()),
            Kind::Mx => Data::Mx { preference: 10, exchange: (*value).to_owned() },
            Kind::Ptr => Data::Ptr((*value).to_owned()),
            _ => crate::remedy::text(value),
        };
        let record = |v| crate::evidence::Record { name: (*name).to_owned(), ttl: 60, data: data(v) };
        let outcome = if values.is_empty() { Outcome::NoData } else { Outcome::Records };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let answer = Answer::new(outcome, values.iter().map(record).collect(), at);
        answers.insert(Question::new(name, *kind), answer);
    }
    answers
}

fn run(answers: &Answers, ip: &str) -> (Check, Vec<String>) {
    let lookup = Lookup::new(answers);
    let check = check_host(&lookup, ip.parse().unwrap(), "example.com", "a@example.com", None, false);
    let missing = lookup.into_missing().iter().map(|q| format!("{} {}", q.name, q.kind)).collect();
    (check, missing)
}

fn states(check: &Check) -> Vec<BranchState> {
    check.tree.as_ref().unwrap().terms.iter().map(|b| b.state.clone()).collect()
}

#[test]
fn terms_know_their_place() {
    let text = "v=spf1  -A:mail.example.com/24//64 ip6:2001:db8::/32 exp=%{ir}.example.com x-y=1 ?all";
    let record = parse(text);
    let words: Vec<&str> = record.terms.iter().map(|t| &text[t.span.range()]).collect();
    assert_eq!(words.join(" "), text[8..]);
    let (_, first) = record.directives().next().unwrap();
    assert_eq!(&text[first.name.range()], "A");
    assert_eq!(first.qualifier_span.map(|s| &text[s.range()]), Some("-"));
    let Mechanism::A { domain: Some(domain), prefix } = &first.mechanism else { panic!("{first:?}") };
    assert_eq!((&text[domain.span.range()], prefix.v4, prefix.v6), ("mail.example.com", 24, 64));
    assert_eq!(&text[record.exp().unwrap().span.range()], "%{ir}.example.com");
    assert!(record.faults.is_empty() && !record.broken);
}

#[test]
fn faults_come_with_what_was_meant() {
    for (text, at, kind, suggestion) in [
        ("v=spf1 a mx ip: -all", "ip:", FaultKind::UnknownMechanism, Some("ip4:")),
        ("v=spf1 ip:192.0.2.1 -all", "ip:192.0.2.1", FaultKind::UnknownMechanism, Some("ip4:192.0.2.1")),
        (
            "v=spf1 ~ipv4:192.0.2.0/24 -all",
            "~ipv4:192.0.2.0/24",
            FaultKind::UnknownMechanism,
            Some("~ip4:192.0.2.0/24"),
        ),
        ("v=spf1 ip4:2001:db8::1 -all", "ip4:2001:db8::1", FaultKind::BadAddress, Some("ip6:2001:db8::1")),
        ("v=spf1 ip4:300.1.1.1 -all", "ip4:300.1.1.1", FaultKind::BadAddress, None),
        ("v=spf1 ip4:mx.example.com -all", "ip4:mx.example.com", FaultKind::BadAddress, Some("a:mx.example.com")),
        (
            "v=spf1 ip4:192.0.2.0/255.255.255.0 -all",
            "ip4:192.0.2.0/255.255.255.0",
            FaultKind::BadPrefix,
            Some("ip4:192.0.2.0/24"),
        ),
        ("v=spf1 ip4:192.0.2.0/33 -all", "ip4:192.0.2.0/33", FaultKind::BadPrefix, None),
        ("v=spf1 ip4:192.0.2.0/08 -all", "ip4:192.0.2.0/08", FaultKind::BadPrefix, Some("ip4:192.0.2.0/8")),
        ("v=spf1 ip4 -all", "ip4", FaultKind::MissingValue, Some("ip4:")),
        ("v=spf1 include: -all", "include:", FaultKind::MissingValue, None),
        ("v=spf1 include:192.0.2.1 -all", "include:192.0.2.1", FaultKind::BadName, Some("ip4:192.0.2.1")),
        ("v=spf1 a:192.0.2.1 -all", "a:192.0.2.1", FaultKind::BadName, Some("ip4:192.0.2.1")),
        ("v=spf1 192.0.2.1 -all", "192.0.2.1", FaultKind::UnknownMechanism, Some("ip4:192.0.2.1")),
        ("v=spf1 inlcude:a.test -all", "inlcude:a.test", FaultKind::UnknownMechanism, Some("include:a.test")),
        ("v=spf1 include:https://a.test/ -all", "include:https://a.test/", FaultKind::BadName, Some("include:a.test")),
        ("v=spf1 redirect:a.test", "redirect:a.test", FaultKind::UnknownMechanism, Some("redirect=a.test")),
        ("v=spf1 include: a.test -all", "include: a.test", FaultKind::StrayBlank, Some("include:a.test")),
        ("v=spf1 mx - all", "- all", FaultKind::StrayBlank, Some("-all")),
        ("v=spf1 mx-all", "mx-all", FaultKind::Glued, Some("mx -all")),
        ("v=spf1 ip4:192.0.2.1~all", "ip4:192.0.2.1~all", FaultKind::Glued, Some("ip4:192.0.2.1 ~all")),
        ("v=spf1 include:a.test-all", "include:a.test-all", FaultKind::Glued, Some("include:a.test -all")),
        (
            "v=spf1 ip4:192.0.2.1,192.0.2.2 -all",
            "ip4:192.0.2.1,192.0.2.2",
            FaultKind::Separator,
            Some("ip4:192.0.2.1 ip4:192.0.2.2"),
        ),
        (
            "v=spf1 include:a.test,include:b.test -all",
            "include:a.test,include:b.test",
            FaultKind::Separator,
            Some("include:a.test include:b.test"),
        ),
        ("v=spf1 mx; -all", "mx;", FaultKind::Separator, Some("mx")),
        ("v=spf1 mx\t-all", "mx\t-all", FaultKind::Separator, Some("mx -all")),
        ("v=spf1 mx -all\"", "-all\"", FaultKind::Quotes, Some("-all")),
        ("v=spf1 “mx” -all", "“mx”", FaultKind::Quotes, Some("mx")),
        ("v=spf1 mx –all", "–all", FaultKind::UnknownMechanism, Some("-all")),
        ("v=spf1 ip4:A.B.C.D -all", "ip4:A.B.C.D", FaultKind::BadAddress, Some("ip4:")),
        ("v=spf1 ip4:192.0.2.* -all", "ip4:192.0.2.*", FaultKind::BadAddress, Some("ip4:192.0.2.0/24")),
        ("v=spf1 ip4:192.0.2.1/ -all", "ip4:192.0.2.1/", FaultKind::BadPrefix, Some("ip4:192.0.2.1")),
        (
            "v=spf1 ip4:192.0.2.1include:a.test -all",
            "ip4:192.0.2.1include:a.test",
            FaultKind::Glued,
            Some("ip4:192.0.2.1 include:a.test"),
        ),
        (
            "v=spf1 include:a.test~include:b.test -all",
            "include:a.test~include:b.test",
            FaultKind::Glued,
            Some("include:a.test ~include:b.test"),
        ),
        ("v=spf1 mxip4:192.0.2.1 -all", "mxip4:192.0.2.1", FaultKind::Glued, Some("mx ip4:192.0.2.1")),
        ("v=spf1 mx&nbsp;-all", "mx&nbsp;-all", FaultKind::Separator, Some("mx -all")),
        ("v=spf1 mx\u{a0}-all", "mx\u{a0}-all", FaultKind::Glued, Some("mx -all")),
        ("v=spf1 ip4:192.0.2.0-192.0.2.9 -all", "ip4:192.0.2.0-192.0.2.9", FaultKind::BadAddress, None),
        ("v=spf1 mx -all.", "-all.", FaultKind::UnknownMechanism, Some("-all")),
        ("v=spf1 a:%{x}.test -all", "a:%{x}.test", FaultKind::BadMacro, None),
        ("v=spf1 foo -all", "foo", FaultKind::UnknownMechanism, None),
        ("v=spf1 redirect=a.test redirect=b.test", "redirect=b.test", FaultKind::Twice, None),
        ("v=spf1 include=a.test -all", "include=a.test", FaultKind::EqualsSign, Some("include:a.test")),
        ("v=spf1 include:user@a.test -all", "include:user@a.test", FaultKind::NotAName, Some("include:a.test")),
        ("v=spf1 mx v=spf1 -all", "v=spf1", FaultKind::SecondVersion, Some("")),
        ("v=spf1 -all mx", "mx", FaultKind::AfterAll, None),
        ("v=spf1 redirect=a.test -all", "redirect=a.test", FaultKind::AfterAll, None),
        ("v=spf1 +all", "+all", FaultKind::Everyone, None),
    ] {
        let fault = fault(text);
        assert_eq!((fault.kind, fault.suggestion.as_deref()), (kind, suggestion), "{text}");
        let at = if at == "v=spf1" { "v=spf1 -all".get(..6).unwrap() } else { at };
        assert_eq!(&text[fault.span.range()], at, "{text}");
    }
}

/// What manuals and forums tell people to publish, with the mistakes they make (RFC 7208 §4.6, §5.6).
#[test]
fn records_as_people_paste_them() {
    for (text, right) in [
        // As it should be.
        ("v=spf1 ip4:192.0.2.4 -all", None),
        ("v=spf1 include:spf.akmta.net -all", None),
        ("v=spf1 mx include:sendgrid.net include:mailgun.org ~all", None),
        ("v=spf1 ip6:1080::8:800:200C:417A/96 -all", None),
        ("v=spf1 a/24 -all", None),
        ("v=spf1 a mx ip4:192.0.2.4 -all", None),
        // Placeholders left in, and addresses lost on the way.
        ("v=spf1 include:spf.akmta.net ip4:A.B.C.D -all", Some("ip4:")),
        ("v=spf1 a mx ip: -all”", Some("ip4:")),
        // Typing.
        ("v=spf1 include:_spf.example.net ~all”", Some("~all")),
        ("v=spf1 include:_spf.example.net; ~all", Some("include:_spf.example.net")),
        ("v=spf1 a, mx, ip4:192.0.2.4 -all", Some("a")),
        ("v=spf1 ipv4:192.0.2.4 -all", Some("ip4:192.0.2.4")),
        ("v=spf1 ipv6:2001:db8::1 -all", Some("ip6:2001:db8::1")),
        ("v=spf1 ip6:192.0.2.4 -all", Some("ip4:192.0.2.4")),
        ("v=spf1 a:192.0.2.4 -all", Some("ip4:192.0.2.4")),
        ("v=spf1 include:_spf.example.net~all", Some("include:_spf.example.net ~all")),
        ("v=spf1 ip4:192.0.2.4include:_spf.example.net ~all", Some("ip4:192.0.2.4 include:_spf.example.net")),
        ("v=spf1 include =_spf.example.net ~all", Some("include:_spf.example.net")),
        ("v=spf1 include :_spf.example.net ~all", Some("include:_spf.example.net")),
        ("v=spf1 ip4 :192.0.2.4 ~all", Some("ip4:192.0.2.4")),
        ("v=spf1 \"mx\" ~all", Some("mx")),
        ("v=spf1 mx –all", Some("-all")),
    ] {
        let record = parse(text);
        let first = record.faults.iter().find(|f| f.fatal).or(record.faults.first());
        assert_eq!(first.and_then(|f| f.suggestion.as_deref()), right, "{text}: {:?}", record.faults);
        assert_eq!(record.broken, right.is_some(), "{text}");
    }
}

#[test]
fn strings_are_joined_as_they_are() {
    for (strings, suggestion, fatal) in [
        (&["v=spf1 ip4:192.0.2.1", "include:a.test -all"][..], Some("ip4:192.0.2.1 include:a.test"), true),
        (&["v=spf1 mx", "a -all"], Some("mx a"), true),
        (&["v=spf1 include:a.test", "ip4:192.0.2.1 -all"], Some("include:a.test ip4:192.0.2.1"), true),
        (&["v=spf1 include:a.test", "include:b.test -all"], Some("include:a.test include:b.test"), false),
        (&["v=spf1 mx", "-all"], Some("mx -all"), true),
        // Cut inside a word, or at a blank: as it should be.
        (&["v=spf1 include:a.te", "st ip4:192.0.2.", "1 -all"], None, false),
        (&["v=spf1 mx ", "-all"], None, false),
        (&["v=spf1 mx", " -all"], None, false),
    ] {
        let text = strings.concat();
        let mut record = parse(&text);
        let mut end = 0;
        let ends = strings.iter().map(|s| {
            end += s.len();
            end
        });
        fault::at_boundaries(text.as_bytes(), ends, &mut record);
        let found = record.faults.first();
        assert_eq!(found.and_then(|f| f.suggestion.as_deref()), suggestion, "{text}");
        assert_eq!(found.is_some_and(|f| f.fatal), fatal, "{text}");
    }
}

#[test]
fn sound_records_have_no_faults() {
    for text in [
        "v=spf1",
        "v=spf1 -all",
        "V=SPF1 IP4:192.0.2.0/24 ~ALL",
        "v=spf1 a mx ptr a/24//64 mx:example.com//64 ip6:::1/128 ?all",
        "v=spf1 include:_spf.example.com exists:%{ir}.%{l1r+-,/_=}._spf.%{d2} -all exp=why.%{d}",
        "v=spf1 redirect=_spf.%{d}",
        "v=spf1 a:example.com. moo.cow-far_out=man:dog/cat -all",
    ] {
        let record = parse(text);
        assert!(!record.broken && record.faults.is_empty(), "{text}: {:?}", record.faults);
    }
    assert!(Record::parse(b"v=spf10 -all").is_none());
    assert!(Record::parse(b"v=spf1\t-all").is_none());
}

#[test]
fn everything_independent_is_asked_at_once() {
    let answers = zone(&[(
        "example.com",
        Kind::Txt,
        &["v=spf1 a mx include:a.test include:b.test exists:%{i}.c.test ip4:203.0.113.1 redirect=d.test"],
    )]);
    let (check, missing) = run(&answers, "192.0.2.1");
    assert_eq!(check.result, None);
    assert_eq!(
        missing,
        ["192.0.2.1.c.test A", "a.test TXT", "b.test TXT", "d.test TXT", "example.com A", "example.com MX"]
    );
    assert_eq!(check.missing.len(), 6);
}

#[test]
fn nothing_is_asked_behind_a_match() {
    let record: &[&str] = &["v=spf1 include:a.test ip4:192.0.2.1 include:b.test -all"];
    let (check, missing) = run(&zone(&[("example.com", Kind::Txt, record)]), "192.0.2.1");
    assert_eq!((check.result, missing.len()), (None, 1));
    let answers = zone(&[("example.com", Kind::Txt, record), ("a.test", Kind::Txt, &["v=spf1 -all"])]);
    let (check, missing) = run(&answers, "192.0.2.1");
    assert_eq!((check.result, check.lookups), (Some(SpfResult::Pass), 1));
    assert_eq!(check.matched.as_deref(), Some("ip4:192.0.2.1"));
    assert!(missing.is_empty());
    assert_eq!(
        states(&check),
        [BranchState::NoMatch, BranchState::Matched(SpfResult::Pass), BranchState::NotReached, BranchState::NotReached]
    );
}

#[test]
fn a_match_ahead_of_a_gap_decides_nothing() {
    // a.test is unknown and might match with another qualifier.
    let answers = zone(&[("example.com", Kind::Txt, &["v=spf1 -include:a.test +all"])]);
    let (check, _) = run(&answers, "192.0.2.1");
    assert_eq!((check.result, check.matched), (None, None));
}

#[test]
fn records_below_are_opened_while_others_are_missing() {
    let answers = zone(&[
        ("example.com", Kind::Txt, &["v=spf1 include:a.test include:b.test -all"]),
        ("b.test", Kind::Txt, &["v=spf1 include:c.test ?all"]),
    ]);
    let (_, missing) = run(&answers, "192.0.2.1");
    assert_eq!(missing, ["a.test TXT", "c.test TXT"]);
}

#[test]
fn include_maps_results() {
    for (below, expected) in [
        ("v=spf1 +all", SpfResult::Neutral),
        ("v=spf1 -all", SpfResult::SoftFail),
        ("v=spf1 ~all", SpfResult::SoftFail),
        ("v=spf1 ?all", SpfResult::SoftFail),
        ("v=spf1 ip4 -all", SpfResult::PermError),
        ("no record", SpfResult::PermError),
    ] {
        let answers =
            zone(&[("example.com", Kind::Txt, &["v=spf1 ?include:a.test ~all"]), ("a.test", Kind::Txt, &[below])]);
        assert_eq!(run(&answers, "192.0.2.1").0.result, Some(expected), "{below}");
    }
}

#[test]
fn failures_are_temporary_and_never_absence() {
    for outcome in [Outcome::ServFail, Outcome::Refused, Outcome::Timeout] {
        let mut answers = zone(&[("example.com", Kind::Txt, &["v=spf1 a -all"]), ("example.com", Kind::A, &[])]);
        answers.get_mut(&Question::new("example.com", Kind::A)).unwrap().outcome = outcome;
        let (check, _) = run(&answers, "192.0.2.1");
        assert_eq!(check.result, Some(SpfResult::TempError));
        assert_eq!(check.problem.unwrap().kind, ProblemKind::Dns);
        answers.get_mut(&Question::new("example.com", Kind::Txt)).unwrap().outcome = outcome;
        assert_eq!(run(&answers, "192.0.2.1").0.result, Some(SpfResult::TempError));
    }
}

#[test]
fn the_third_void_lookup_is_one_too_many() {
    for (terms, expected) in
        [("a:x.test a:y.test", Some(SpfResult::Fail)), ("a:x.test a:y.test exists:z.test", Some(SpfResult::PermError))]
    {
        let record = format!("v=spf1 {terms} -all");
        let answers = zone(&[
            ("example.com", Kind::Txt, &[&record]),
            ("x.test", Kind::A, &[]),
            ("y.test", Kind::A, &[]),
            ("z.test", Kind::A, &[]),
        ]);
        let (check, _) = run(&answers, "192.0.2.1");
        assert_eq!(check.result, expected);
        if expected == Some(SpfResult::PermError) {
            assert_eq!(check.problem.unwrap().kind, ProblemKind::TooManyVoidLookups);
        }
    }
}

#[test]
fn costs_follow_evaluation() {
    let answers = zone(&[
        ("example.com", Kind::Txt, &["v=spf1 ip4:203.0.113.9 include:a.test mx -all"]),
        ("a.test", Kind::Txt, &["v=spf1 a:b.test include:c.test -all"]),
        ("b.test", Kind::A, &["203.0.113.1"]),
        ("c.test", Kind::Txt, &["v=spf1 ip4:203.0.113.2 -all"]),
        ("example.com", Kind::Mx, &["mx.test"]),
        ("mx.test", Kind::A, &["192.0.2.1"]),
    ]);
    let (check, _) = run(&answers, "192.0.2.1");
    assert_eq!((check.result, check.lookups), (Some(SpfResult::Pass), 4));
    let costs: Vec<(u32, u32)> = check.tree.unwrap().terms.iter().map(|b| (b.cost, b.total)).collect();
    assert_eq!(costs, [(0, 0), (1, 3), (1, 4), (0, 4)]);
}

#[test]
fn the_explanation_is_fetched_for_fail_only() {
    let mut entries: Vec<(&str, Kind, &[&str])> =
        vec![("example.com", Kind::Txt, &["v=spf1 ip4:192.0.2.1 -all exp=why.test"])];
    assert!(run(&zone(&entries), "192.0.2.1").1.is_empty());
    let (check, missing) = run(&zone(&entries), "192.0.2.2");
    assert_eq!(
        (check.result, check.missing.len(), missing),
        (Some(SpfResult::Fail), 0, vec!["why.test TXT".to_owned()])
    );
    entries.push(("why.test", Kind::Txt, &["%{i} is not ours at %{t}"]));
    assert_eq!(run(&zone(&entries), "192.0.2.2").0.explanation.as_deref(), Some("192.0.2.2 is not ours at 0"));
}

#[test]
fn malformed_domains_are_none_and_nothing_is_asked() {
    for domain in ["localhost", "", "[192.0.2.1]", "192.0.2.1", "a..example.com", "exämple.com"] {
        let answers = Answers::new();
        let lookup = Lookup::new(&answers);
        let check = check_host(&lookup, "192.0.2.1".parse().unwrap(), domain, "a@b.test", None, false);
        assert_eq!(check.result, Some(SpfResult::None), "{domain}");
        assert!(lookup.into_missing().is_empty());
    }
}

#[test]
fn hostile_records_are_bounded() {
    // Every include leads to a record of thousands of terms, each with an include of its own.
    let terms = "ip4:203.0.113.1 ".repeat(4000);
    let text = |n: usize| format!("v=spf1 {terms}include:h{}.test {terms}", n + 1);
    let texts: Vec<String> = (0..12).map(text).collect();
    let names: Vec<String> = (0..12).map(|n| format!("h{n}.test")).collect();
    let values: Vec<[&str; 1]> = texts.iter().map(|t| [t.as_str()]).collect();
    let mut entries: Vec<(&str, Kind, &[&str])> =
        names.iter().zip(&values).map(|(n, v)| (n.as_str(), Kind::Txt, &v[..])).collect();
    entries.push(("example.com", Kind::Txt, &["v=spf1 include:h0.test -all"]));
    let (check, _) = run(&zone(&entries), "192.0.2.1");
    assert_eq!(check.result, Some(SpfResult::PermError));
    let mut shown = 0;
    let mut nodes = vec![check.tree.as_ref().unwrap()];
    while let Some(node) = nodes.pop() {
        shown += node.terms.len();
        nodes.extend(node.terms.iter().filter_map(|b| b.below.as_deref()));
    }
    assert!(shown < 2100, "{shown} terms shown");

    let many = format!("v=spf1 {}-all", "include:%{i}x.test ".repeat(10_000));
    let (_, missing) = run(&zone(&[("example.com", Kind::Txt, &[&many])]), "192.0.2.1");
    assert!(missing.len() <= 10, "{}", missing.len());
    let mx: Vec<String> = (0..10).map(|n| format!("m{n}.test")).collect();
    let mx: Vec<&str> = mx.iter().map(String::as_str).collect();
    let hosts: Vec<String> = (0..9).map(|n| format!("x{n}.test")).collect();
    let record = format!("v=spf1 {} -all", hosts.iter().map(|h| format!("mx:{h}")).collect::<Vec<_>>().join(" "));
    let value = [record.as_str()];
    let mut entries: Vec<(&str, Kind, &[&str])> = vec![("example.com", Kind::Txt, &value)];
    entries.extend(hosts.iter().map(|h| (h.as_str(), Kind::Mx, &mx[..])));
    assert!(run(&zone(&entries), "192.0.2.1").1.len() <= 30);
}

/// Something like SPF, with faults.
fn recordish() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[-+~?]?(a|mx|ptr|all|include|exists|ip4|ip6|ip|redirect|exp|v|foo)[:=/]?[a-z0-9.:%{}_/,;\"-]{0,12}",
        Just(String::from("ip4:192.0.2.0/24")),
        Just(String::from("include:%{d2}.example.com")),
        "\\PC{0,6}",
    ];
    proptest::collection::vec(word, 0..12).prop_map(|words| format!("v=spf1 {}", words.join(" ")))
}

/// A sound record.
fn sound() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[-+~?]?(a|MX|ptr|All)",
        "[-+~?]?(include|exists|a|mx|ptr):[a-z]{1,5}\\.test",
        "[-+~?]?ip4:192\\.0\\.2\\.[1-9](/2[0-9])?",
        "[x-z]{1,3}=[a-z]{0,3}",
    ];
    let last =
        prop_oneof![Just(""), Just(" -all"), Just("  ~ALL "), Just(" redirect=r.test"), Just(" exp=e.test ?all")];
    (proptest::collection::vec(word, 0..8), last).prop_map(|(words, last)| format!("v=spf1 {}{last}", words.join("  ")))
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = [b"v=spf1 ", &bytes[..]].concat();
        check_spans(&text);
        let _ = Record::parse(&bytes);
    }

    #[test]
    fn anything_like_spf_is_read(text in recordish()) {
        check_spans(text.as_bytes());
    }

    #[test]
    fn suggestions_are_sound(text in recordish()) {
        for fault in parse(&text).faults {
            let Some(suggestion) = fault.suggestion.filter(|s| !s.is_empty()) else { continue };
            let incomplete = |t: &str| t.ends_with("ip4:") || t.ends_with("ip6:");
            let terms: Vec<&str> = suggestion.split(' ').filter(|t| !incomplete(t)).collect();
            let record = parse(&format!("v=spf1 {}", terms.join(" ")));
            prop_assert!(record.terms.iter().all(|t| t.kind != TermKind::Broken), "{text} → {suggestion}");
        }
    }

    #[test]
    fn evaluation_never_panics(text in recordish(), local in "\\PC{0,20}") {
        let answers = zone(&[("example.com", Kind::Txt, &[&text]), ("example.com", Kind::A, &["192.0.2.9"])]);
        let lookup = Lookup::new(&answers);
        let sender = format!("{local}@example.com");
        let check = check_host(&lookup, "192.0.2.1".parse().unwrap(), "example.com", &sender, Some(&local), false);
        prop_assert!(check.result.is_some() || !check.missing.is_empty());
    }

    #[test]
    fn merging_keeps_what_was_there(text in sound()) {
        prop_assert!(!parse(&text).broken);
        let merged = crate::remedy::spf::merge(&text, &["ip4:192.0.2.77"]);
        let record = parse(&merged);
        prop_assert!(!record.broken, "{merged}");
        prop_assert_eq!(record.all().map(|(_, d)| d.qualifier), parse(&text).all().map(|(_, d)| d.qualifier));
        let at = merged.find("ip4:192.0.2.77").unwrap();
        prop_assert!(record.all().is_none_or(|(t, _)| at < t.span.start as usize));
    }
}

/// Spans are inside, in order, and printing the terms gives the record back.
fn check_spans(text: &[u8]) {
    let record = Record::parse(text).unwrap();
    let mut printed = text[..6].to_vec();
    for term in &record.terms {
        assert!(term.span.end as usize <= text.len() && !term.span.is_empty());
        printed.push(b' ');
        printed.extend_from_slice(&print(text, &term.kind, term.span));
    }
    let single: Vec<&[u8]> = text.split(|&b| b == b' ').filter(|w| !w.is_empty()).collect();
    assert_eq!(printed, single.join(&b' '));
    for fault in &record.faults {
        assert!(fault.span.start < fault.span.end && fault.span.end as usize <= text.len());
    }
    assert!(record.faults.len() <= Record::FAULTS);
}

/// A term put together again from its parts; prefix lengths are read off the numbers.
fn print(text: &[u8], kind: &TermKind, span: Span) -> Vec<u8> {
    let of = |s: Span| s.of(text).to_vec();
    let directive = match kind {
        TermKind::Broken => return of(span),
        TermKind::Modifier { name, value } => return [of(*name), b"=".to_vec(), of(*value)].concat(),
        TermKind::Redirect(spec) | TermKind::Exp(spec) => {
            let name = Span::new(span.start as usize, spec.span.start as usize);
            return [of(name), of(spec.span)].concat();
        }
        TermKind::Directive(directive) => directive,
    };
    let mut out = directive.qualifier_span.map(of).unwrap_or_default();
    out.extend(of(directive.name));
    let spec = match &directive.mechanism {
        Mechanism::Include(spec) | Mechanism::Exists(spec) | Mechanism::Ptr(Some(spec)) => Some(spec),
        Mechanism::A { domain, .. } | Mechanism::Mx { domain, .. } => domain.as_ref(),
        _ => None,
    };
    if let Some(spec) = spec {
        out.push(b':');
        out.extend(of(spec.span));
    }
    let rest = of(Span::new(span.start as usize + out.len(), span.end as usize));
    let written = String::from_utf8(rest.clone()).unwrap();
    match &directive.mechanism {
        Mechanism::A { prefix, .. } | Mechanism::Mx { prefix, .. } => {
            let four = if written.starts_with('/') && !written.starts_with("//") {
                format!("/{}", prefix.v4)
            } else {
                String::new()
            };
            let six = if written.contains("//") { format!("//{}", prefix.v6) } else { String::new() };
            assert_eq!(written, four + &six);
        }
        Mechanism::Ip4 { network, prefix } => {
            let (address, bits) = written.split_once('/').unwrap_or((&written, "32"));
            assert_eq!(
                (address.strip_prefix(':'), bits),
                (Some(network.to_string().as_str()), prefix.to_string().as_str())
            );
        }
        Mechanism::Ip6 { network, prefix } => {
            let (address, bits) = written.split_once('/').unwrap_or((&written, "128"));
            assert_eq!(address[1..].parse(), Ok(*network));
            assert_eq!(bits, prefix.to_string());
        }
        _ => assert_eq!(written, ""),
    }
    out.extend(rest);
    out
}
