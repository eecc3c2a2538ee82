//! A resolver at its worst: a check ends, names what it could not learn, and takes no fault for an absence.

use super::*;
use dnsd::Fault;
use hickory_proto::op::ResponseCode;
use postdoc::diagnose::Diagnosis;
use postdoc::evidence::{Evidence, Input, InputKind, Outcome, Said, Server};
use postdoc::facts::Reading;
use postdoc::rules::{Finding, Place};
use postdoc::world::dns::Settings;
use postdoc::world::run::Runner;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every name misbehaves so; the word that JSON has for it.
fn worlds() -> Vec<(&'static str, World, &'static str)> {
    let all = |fault| World::of(ZONE).otherwise(fault);
    vec![
        ("silence", all(Fault::Drop), "timeout"),
        ("SERVFAIL", all(Fault::Code(ResponseCode::ServFail)), "servfail"),
        ("REFUSED", all(Fault::Code(ResponseCode::Refused)), "refused"),
        ("another's identifier", all(Fault::WrongId).no_tcp(), "timeout"),
        ("garbage", all(Fault::Garbage).no_tcp(), "timeout"),
        ("nonsense", all(Fault::Malformed).no_tcp(), "servfail"),
        ("truncation without TCP", all(Fault::Truncate).no_tcp(), "timeout"),
        ("delay beyond the limit", all(Fault::Delay(Duration::from_secs(60))), "timeout"),
    ]
}

const LIMITS: [&str; 4] = ["--try-timeout", "1s", "--timeout", "4s"];

#[test]
fn where_nothing_is_learnt_nothing_is_claimed() {
    std::thread::scope(|scope| {
        for (fault, world, word) in worlds() {
            scope.spawn(move || nothing_is_claimed(fault, world, word));
        }
    });
}

fn nothing_is_claimed(fault: &str, world: World, word: &str) {
    let server = Dnsd::start(world);
    let began = Instant::now();
    let args = ["example.com", "--selector", "s1", "--ip", "192.0.2.5", "-f", "json"];
    let out = check(&server, &[&args, &LIMITS[..]].concat());
    // A guard against a hang, far above the deadline.
    assert!(began.elapsed() < Duration::from_secs(60), "{fault}");
    let told = json(&out);
    assert_eq!((told["verdict"]["state"].as_str(), out.status), (Some("unknown"), 3), "{fault}");
    assert_eq!(told["findings"].as_array().map(Vec::len), Some(0), "{fault}: {}", told["findings"]);
    for record in ["spf", "dmarc", "mx", "ns", "caa"] {
        let told = &told["records"][record];
        assert_eq!(
            (told["outcome"].as_str(), told["truncated"] == true),
            (Some(word), fault.starts_with("trunc")),
            "{fault}: {record}"
        );
    }
    // What is not known, with the command that would tell.
    let open: Vec<&str> = told["unknown"].as_array().unwrap().iter().map(|u| u["needs"].as_str().unwrap()).collect();
    for name in ["TXT _dmarc.example.com", "MX example.com", "TXT example.com"] {
        assert!(open.iter().any(|needs| needs.contains(name)), "{fault}: {name} in {open:?}");
    }
}

#[test]
fn what_is_slow_or_lost_now_and_then_comes_all_the_same() {
    let slow = World::of(ZONE).delay(Duration::from_millis(150));
    for world in [World::of(ZONE).lossy(30, 1), World::of(ZONE).lossy(30, 2), slow] {
        let server = Dnsd::start(world);
        let out = check(&server, &["example.com", "--selector", "s1", "--ip", "192.0.2.5", "-f", "json"]);
        let told = json(&out);
        assert_eq!((told["verdict"]["state"].as_str(), out.status), (Some("pass"), 0), "{told:#}");
    }
}

/// A check in this process, to look at what its findings rest on.
fn run(world: World) -> Diagnosis {
    let server = Dnsd::start(world);
    let settings = Settings {
        resolvers: vec![server.addr],
        addresses: format!("*:53={}", server.addr).parse().unwrap(),
        try_timeout: Duration::from_millis(200),
        timeout: Duration::from_secs(10),
        ..Settings::default()
    };
    let input = Input::read("-", &b"example.com"[..], Some(InputKind::Domain)).unwrap();
    let said: Said = serde_json::from_value(serde_json::json!({
        "check": { "selectors": ["s1", "s2"], "ips": ["192.0.2.5", "192.0.2.6"], "blocklists": true }
    }))
    .unwrap();
    let evidence = Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), false);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Runner::new(settings).unwrap().run(evidence, reading, std::future::pending::<()>()).0
}

/// Outcomes of the resolver's answers that a finding shows.
fn rests_on(d: &Diagnosis, finding: &Finding) -> Vec<Outcome> {
    let questions = finding.exhibits.iter().filter_map(|e| match &e.place {
        Place::Dns { question, .. } if question.server == Server::Resolver => Some(question),
        _ => None,
    });
    questions.filter_map(|q| d.facts.evidence.answers.get(q)).map(|a| a.outcome).collect()
}

/// Every name fails in turn, each in another way, while the others answer.
#[test]
fn no_finding_rests_on_an_answer_that_failed() {
    let names = [
        "example.com",
        "_dmarc.example.com",
        "mx1.example.com",
        "send.test",
        "s1._domainkey.example.com",
        "_domainkey.example.com",
        "5.2.0.192.in-addr.arpa",
        "_mta-sts.example.com",
        "com",
    ];
    let faults = [
        Fault::Drop,
        Fault::Code(ResponseCode::ServFail),
        Fault::Code(ResponseCode::Refused),
        Fault::Truncate,
        Fault::Malformed,
    ];
    let healthy = run(World::of(ZONE));
    let rules = |d: &Diagnosis| d.every_finding().map(|f| f.rule.id).collect::<Vec<_>>();
    let before = rules(&healthy);
    std::thread::scope(|scope| {
        for (n, name) in names.into_iter().enumerate() {
            let (fault, before) = (faults[n % faults.len()].clone(), &before);
            scope.spawn(move || {
                let d = run(World::of(ZONE).fault(name, fault.clone()).no_tcp());
                assert!(d.facts.evidence.answers.values().any(|a| a.outcome.failed()), "{name} {fault:?}");
                for finding in d.every_finding() {
                    let outcomes = rests_on(&d, finding);
                    let failed = !outcomes.is_empty() && outcomes.iter().all(|o| o.failed());
                    assert!(!failed, "{name} {fault:?}: {} rests on {outcomes:?}", finding.rule.id);
                    let absence =
                        ["-missing", "-not-found", "-invalid"].iter().any(|end| finding.rule.id.ends_with(end));
                    assert!(!absence || before.contains(&finding.rule.id), "{name} {fault:?}: {}", finding.title);
                }
                assert!(!d.unknown.is_empty(), "{name} {fault:?}");
            });
        }
    });
}
