//! Surveys: the whole bill, what is void, shared or broken, and bounds against hostile zones.

use super::survey::{FOLLOWED, survey_text};
use super::tests::zone;
use super::*;
use crate::evidence::{Answers, Kind};

fn run(answers: &Answers) -> Survey {
    let lookup = Lookup::new(answers);
    let survey = survey(&lookup, "example.com");
    assert_eq!(lookup.into_missing().len(), survey.missing.len());
    survey
}

fn kinds(survey: &Survey) -> Vec<ProblemKind> {
    survey.problems.iter().map(|p| p.kind).collect()
}

/// State and total of every term, in the order of evaluation.
fn lines(node: &Node) -> Vec<String> {
    let mut all = Vec::new();
    for branch in &node.terms {
        all.push(format!("{} {:?} {}", branch.text, branch.state, branch.total));
        all.extend(branch.below.iter().flat_map(|below| lines(below)));
    }
    all
}

#[test]
fn every_branch_is_opened_as_if_nothing_matched() {
    let survey = run(&zone(&[
        (
            "example.com",
            Kind::Txt,
            &["v=spf1 ip4:192.0.2.0/24 a include:a.test exists:%{i}.x.test mx -all exp=why.test"],
        ),
        ("example.com", Kind::A, &["192.0.2.7"]),
        ("example.com", Kind::Aaaa, &[]),
        ("a.test", Kind::Txt, &["v=spf1 ip4:198.51.100.0/24 redirect=b.test"]),
        ("b.test", Kind::Txt, &["v=spf1 ptr ~all ip4:192.0.2.1"]),
        ("example.com", Kind::Mx, &["m.test"]),
        ("m.test", Kind::A, &["192.0.2.8"]),
        ("m.test", Kind::Aaaa, &["2001:db8::8"]),
    ]));
    assert_eq!(
        lines(&survey.tree),
        [
            "ip4:192.0.2.0/24 Counted 0",
            "a Counted 1",
            "include:a.test Counted 4",
            "ip4:198.51.100.0/24 Counted 2",
            "redirect=b.test Matched(SoftFail) 4",
            "ptr Varies 4",
            "~all Matched(SoftFail) 4",
            "ip4:192.0.2.1 NotReached 4",
            "exists:%{i}.x.test Varies 5",
            "mx Counted 6",
            "-all Matched(Fail) 6",
            "exp=why.test Aside 6",
        ]
    );
    assert_eq!((survey.lookups, survey.void_lookups, survey.void_lookups_v6), (6, 0, 1));
    assert_eq!((survey.default, survey.ttl, survey.lists_v6), (Some(SpfResult::Fail), Some(60), true));
    assert!(survey.is_complete() && survey.problems.is_empty() && !survey.cut);
}

#[test]
fn what_is_independent_is_asked_at_once() {
    let survey = run(&zone(&[("example.com", Kind::Txt, &["v=spf1 a mx include:a.test redirect=b.test"])]));
    let asked: Vec<String> = survey.missing.iter().map(|q| format!("{} {}", q.name, q.kind)).collect();
    assert_eq!(asked, ["example.com A", "example.com AAAA", "example.com MX", "a.test TXT", "b.test TXT"]);
    assert_eq!((survey.default, survey.lookups), (None, 4));
}

#[test]
fn it_goes_on_past_the_limits_of_a_receiver() {
    let terms: Vec<String> = (0..13).map(|n| format!("a:h{n}.test")).collect();
    let record = format!("v=spf1 {} -all", terms.join(" "));
    let value = [record.as_str()];
    let names: Vec<String> = (0..13).map(|n| format!("h{n}.test")).collect();
    let mut entries: Vec<(&str, Kind, &[&str])> = vec![("example.com", Kind::Txt, &value)];
    for (n, name) in names.iter().enumerate() {
        entries.push((name, Kind::A, if n < 3 { &[] } else { &["192.0.2.1"] }));
        entries.push((name, Kind::Aaaa, &[]));
    }
    let survey = run(&zone(&entries));
    assert_eq!((survey.lookups, survey.void_lookups, survey.void_lookups_v6), (13, 3, 13));
    assert_eq!(kinds(&survey), [ProblemKind::TooManyVoidLookups, ProblemKind::TooManyLookups]);
    let beyond = survey.problem(ProblemKind::TooManyLookups).unwrap();
    assert_eq!(&record[beyond.span.unwrap().range()], "a:h10.test");
    assert_eq!(survey.default, Some(SpfResult::PermError));
}

#[test]
fn faults_below_are_found_each_with_its_place() {
    let survey = run(&zone(&[
        (
            "example.com",
            Kind::Txt,
            &["v=spf1 include:none.test include:two.test include:bad.test include:b.test mx:many.test -all"],
        ),
        ("none.test", Kind::Txt, &["something=else"]),
        ("two.test", Kind::Txt, &["v=spf1 -all", "v=spf1 mx -all"]),
        ("bad.test", Kind::Txt, &["v=spf1 ip4:192.0.2.1 ip:192.0.2.2 -all"]),
        ("b.test", Kind::Txt, &["v=spf1 include:example.com ?all"]),
        ("many.test", Kind::Mx, &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]),
    ]));
    assert_eq!(
        kinds(&survey),
        [
            ProblemKind::IncludeWithoutRecord,
            ProblemKind::MultipleRecords,
            ProblemKind::Syntax,
            ProblemKind::Loop,
            ProblemKind::TooManyMx
        ]
    );
    let syntax = survey.problem(ProblemKind::Syntax).unwrap();
    assert_eq!((syntax.domain.as_str(), syntax.suggestion.as_deref()), ("bad.test", Some("ip4:192.0.2.2")));
    assert_eq!(survey.problem(ProblemKind::Loop).unwrap().domain, "b.test");
    let bad = survey.tree.terms[2].below.as_ref().unwrap();
    assert!(matches!(&bad.terms[1].state, BranchState::Failed(why) if why.contains("ip:192.0.2.2")));
    assert_eq!(bad.terms[0].state, BranchState::NotReached);
}

#[test]
fn a_failed_answer_is_no_absence() {
    for outcome in [Outcome::ServFail, Outcome::Refused, Outcome::Timeout] {
        let mut answers = zone(&[
            ("example.com", Kind::Txt, &["v=spf1 a include:a.test -all"]),
            ("example.com", Kind::A, &[]),
            ("example.com", Kind::Aaaa, &[]),
            ("a.test", Kind::Txt, &[]),
        ]);
        for (name, kind) in [("example.com", Kind::A), ("a.test", Kind::Txt)] {
            answers.get_mut(&Question::new(name, kind)).unwrap().outcome = outcome;
        }
        let survey = run(&answers);
        assert_eq!(kinds(&survey), [ProblemKind::Dns, ProblemKind::Dns]);
        assert_eq!((survey.void_lookups, survey.lookups), (0, 2));
        assert!(!survey.is_complete());
        assert_eq!(survey.default, None);
    }
}

#[test]
fn an_include_that_lets_everyone_in_ends_the_record() {
    let survey = run(&zone(&[
        ("example.com", Kind::Txt, &["v=spf1 include:a.test mx -all"]),
        ("a.test", Kind::Txt, &["v=spf1 +all"]),
    ]));
    assert_eq!(survey.default, Some(SpfResult::Pass));
    assert_eq!(survey.tree.terms[1].state, BranchState::NotReached);
    assert_eq!(survey.lookups, 1);
}

#[test]
fn what_another_term_says_already_is_marked() {
    let survey = run(&zone(&[
        (
            "example.com",
            Kind::Txt,
            &[
                "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 include:a.test include:a.test -ip4:192.0.2.2 ip6:2001:db8::/32 ip4:192.0.2.0/24 -all",
            ],
        ),
        ("a.test", Kind::Txt, &["v=spf1 ip4:192.0.2.128/25 ip6:2001:db8:1::/48 ip4:198.51.100.1 ?all"]),
    ]));
    let mut twins = Vec::new();
    let mut nodes = vec![&survey.tree];
    while let Some(node) = nodes.pop() {
        for branch in &node.terms {
            twins.extend(branch.twin.as_ref().map(|t| format!("{} by {} of {}", branch.text, t.text, t.domain)));
            nodes.extend(branch.below.as_deref());
        }
    }
    twins.sort();
    twins.dedup();
    assert_eq!(
        twins,
        [
            "include:a.test by include:a.test of example.com",
            "ip4:192.0.2.0/24 by ip4:192.0.2.0/24 of example.com",
            "ip4:192.0.2.1 by ip4:192.0.2.0/24 of example.com",
            "ip4:192.0.2.128/25 by ip4:192.0.2.0/24 of example.com",
            "ip6:2001:db8:1::/48 by ip6:2001:db8::/32 of example.com",
        ]
    );
}

#[test]
fn services_are_named_down_the_tree() {
    let survey = run(&zone(&[
        ("example.com", Kind::Txt, &["v=spf1 mx include:_spf.google.com -all"]),
        ("_spf.google.com", Kind::Txt, &["v=spf1 include:_netblocks.google.com ~all"]),
        ("_netblocks.google.com", Kind::Txt, &["v=spf1 ip4:192.0.2.0/24 ~all"]),
    ]));
    let google = &survey.tree.terms[1];
    let below = &google.below.as_ref().unwrap().terms[0].below.as_ref().unwrap().terms[0];
    assert_eq!(google.owner.unwrap().id, "google-workspace");
    assert_eq!((below.text.as_str(), below.owner.unwrap().id.as_str()), ("ip4:192.0.2.0/24", "google-workspace"));
    assert!(survey.tree.terms[0].owner.is_none());
}

#[test]
fn a_pasted_record_is_surveyed_without_a_name() {
    let answers = zone(&[("a.test", Kind::Txt, &["v=spf1 mx:b.test -all"])]);
    let lookup = Lookup::new(&answers);
    let survey = survey_text(&lookup, "", "v=spf1 a include:a.test include:%{d}.test -all");
    assert_eq!(survey.tree.terms[0].state, BranchState::Varies);
    assert_eq!(survey.tree.terms[2].state, BranchState::Varies);
    assert_eq!(survey.lookups, 4);
    let asked: Vec<String> = lookup.into_missing().iter().map(|q| format!("{} {}", q.name, q.kind)).collect();
    assert_eq!(asked, ["b.test MX"]);
}

#[test]
fn hostile_zones_are_bounded() {
    // Three thousand terms; each record includes the next twice; every include is another name.
    let many = format!("v=spf1 {}-all", (0..3_000).map(|n| format!("include:x{n}.test ")).collect::<String>());
    let survey = run(&zone(&[("example.com", Kind::Txt, &[&many])]));
    assert!(survey.cut && survey.missing.len() <= 100 && survey.tree.terms.len() <= 2001);
    assert_eq!(survey.lookups, 3_000);
    assert!(survey.problem(ProblemKind::TooManyLookups).is_some());

    let texts: Vec<String> =
        (0..60).map(|n| format!("v=spf1 include:d{0}.test include:d{0}.test ?all", n + 1)).collect();
    let names: Vec<String> = (0..60).map(|n| format!("d{n}.test")).collect();
    let values: Vec<[&str; 1]> = texts.iter().map(|t| [t.as_str()]).collect();
    let mut entries: Vec<(&str, Kind, &[&str])> =
        names.iter().zip(&values).map(|(n, v)| (n.as_str(), Kind::Txt, &v[..])).collect();
    entries.push(("example.com", Kind::Txt, &["v=spf1 include:d0.test include:d1.test -all"]));
    let survey = run(&zone(&entries));
    assert!(survey.cut && survey.lookups > FOLLOWED && survey.lookups < 200, "{}", survey.lookups);

    // Forty `mx`, each with ten hosts.
    let hosts: Vec<String> = (0..40).map(|n| format!("m{n}.test")).collect();
    let record = format!("v=spf1 {} -all", hosts.iter().map(|h| format!("mx:{h}")).collect::<Vec<_>>().join(" "));
    let value = [record.as_str()];
    let exchanges: Vec<Vec<String>> =
        hosts.iter().map(|h| (0..10).map(|n| format!("{n}.{h}")).collect::<Vec<_>>()).collect();
    let exchanges: Vec<Vec<&str>> = exchanges.iter().map(|v| v.iter().map(String::as_str).collect()).collect();
    let mut entries: Vec<(&str, Kind, &[&str])> = vec![("example.com", Kind::Txt, &value)];
    entries.extend(hosts.iter().zip(&exchanges).map(|(h, v)| (h.as_str(), Kind::Mx, &v[..])));
    let survey = run(&zone(&entries));
    assert!(survey.cut && survey.missing.len() <= 100);
}
