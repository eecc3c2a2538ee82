//! DNS as it really is: outcomes told apart over real sockets, faults that never read as "missing".
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests")]
mod dnsd;

use dnsd::{Dnsd, Fault, World};
use hickory_proto::op::ResponseCode;
use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::{Answer, Evidence, Input, Kind, Outcome, Question, Said, Server};
use postdoc::facts::{Facts, Reading};
use postdoc::replay::prove;
use postdoc::report::{Shown, json};
use postdoc::samples;
use postdoc::world::dns::{Asker, Settings};
use postdoc::world::run::{Ended, Runner};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ZONE: &str = r#"
test.                          SOA ns.test. host.test. 1 3600 600 86400 60
example.test.                  NS    ns1.example.test.
example.test.                  MX    10 MX.example.test.
example.test.                  TXT   "v=spf1 ip4:192.0.2.1 -all"
example.test.                  TXT   "unrelated=1"
mx.example.test.               A     192.0.2.10
mx.example.test.               AAAA  2001:db8::10
a.b.example.test.              A     192.0.2.11
two._domainkey.example.test. 120 TXT "v=DKIM1; p=AAAA" "BBBB"
alias.example.test.            CNAME hop.example.test.
hop.example.test.              CNAME far.elsewhere.test.
far.elsewhere.test.            TXT   "found after two hops"
dangling.example.test.         CNAME gone.elsewhere.test.
longer.example.test.           CNAME dangling.example.test.
barren.example.test.           CNAME mx.example.test.
round.example.test.            CNAME about.example.test.
about.example.test.            CNAME round.example.test.
1.2.0.192.in-addr.arpa.        PTR   Mail.Example.Test.
sf.example.test.               TXT   "x"
refused.example.test.          TXT   "x"
drop.example.test.             TXT   "x"
slow.example.test.             TXT   "slow"
truncated.example.test.        TXT   "by tcp"
"#;

fn world() -> World {
    World::of(ZONE)
        .fault("sf.example.test", Fault::Code(ResponseCode::ServFail))
        .fault("refused.example.test", Fault::Code(ResponseCode::Refused))
        .fault("notimp.example.test", Fault::Code(ResponseCode::NotImp))
        .fault("drop.example.test", Fault::Drop)
        .fault("slow.example.test", Fault::Delay(Duration::from_millis(100)))
        .fault("truncated.example.test", Fault::Truncate)
}

fn settings(resolver: SocketAddr) -> Settings {
    Settings { resolvers: vec![resolver], try_timeout: Duration::from_millis(300), ..Settings::default() }
}

fn ask(settings: &Settings, question: &Question) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Asker::new(settings).unwrap().ask(question).await })
}

fn ask_at(resolver: SocketAddr, name: &str, kind: Kind) -> Answer {
    ask(&settings(resolver), &Question::new(name, kind))
}

/// The records of an answer, a line each.
fn lines(answer: &Answer) -> Vec<String> {
    answer.records.iter().map(|r| format!("{} {} {}", r.name, r.ttl, r.data)).collect()
}

#[test]
fn every_outcome_is_told_apart() {
    let server = Dnsd::start(world());
    for (name, kind, outcome) in [
        ("example.test", Kind::Txt, Outcome::Records),
        ("truncated.example.test", Kind::Txt, Outcome::Records),
        ("slow.example.test", Kind::Txt, Outcome::Records),
        ("nope.example.test", Kind::Txt, Outcome::NxDomain),
        ("dangling.example.test", Kind::Txt, Outcome::NxDomain),
        ("mx.example.test", Kind::Txt, Outcome::NoData),
        ("barren.example.test", Kind::Txt, Outcome::NoData),
        ("b.example.test", Kind::A, Outcome::NoData),
        ("sf.example.test", Kind::Txt, Outcome::ServFail),
        ("notimp.example.test", Kind::Txt, Outcome::ServFail),
        ("refused.example.test", Kind::Txt, Outcome::Refused),
        ("drop.example.test", Kind::Txt, Outcome::Timeout),
    ] {
        let answer = ask_at(server.addr, name, kind);
        assert_eq!(answer.outcome, outcome, "{name} {kind}");
        assert_eq!(answer.negative_ttl.is_some(), matches!(outcome, Outcome::NxDomain | Outcome::NoData), "{name}");
    }
}

#[test]
fn records_come_as_they_are_published() {
    let server = Dnsd::start(world());
    let got = |name, kind| lines(&ask_at(server.addr, name, kind));
    assert_eq!(
        got("EXAMPLE.test.", Kind::Txt),
        [r#"example.test 300 "v=spf1 ip4:192.0.2.1 -all""#, r#"example.test 300 "unrelated=1""#]
    );
    assert_eq!(
        got("two._domainkey.example.test", Kind::Txt),
        [r#"two._domainkey.example.test 120 "v=DKIM1; p=AAAA" "BBBB""#]
    );
    let key = ask_at(server.addr, "two._domainkey.example.test", Kind::Txt);
    assert_eq!(key.texts().collect::<Vec<_>>(), [b"v=DKIM1; p=AAAABBBB"]);
    assert_eq!(got("example.test", Kind::Mx), ["example.test 300 10 mx.example.test."]);
    assert_eq!(got("mx.example.test", Kind::Aaaa), ["mx.example.test 300 2001:db8::10"]);
    assert_eq!(got("1.2.0.192.in-addr.arpa", Kind::Ptr), ["1.2.0.192.in-addr.arpa 300 mail.example.test."]);
    assert_eq!(got("truncated.example.test", Kind::Txt), [r#"truncated.example.test 300 "by tcp""#]);
    let truncated: Vec<bool> =
        server.log().into_iter().filter(|a| a.name == "truncated.example.test").map(|a| a.tcp).collect();
    assert_eq!(truncated, [false, true], "over UDP first, then over TCP");
}

/// A chain of aliases is part of the answer, also where it leads to nothing: "add a record here" is wrong
/// advice at a name that is an alias.
#[test]
fn aliases_are_kept_wherever_they_lead() {
    let server = Dnsd::start(world());
    let hop = "hop.example.test 300 far.elsewhere.test.";
    let found = ask_at(server.addr, "alias.example.test", Kind::Txt);
    assert_eq!(
        lines(&found),
        ["alias.example.test 300 hop.example.test.", hop, r#"far.elsewhere.test 300 "found after two hops""#]
    );
    for (name, chain, end) in [
        ("dangling.example.test", vec!["dangling.example.test 300 gone.elsewhere.test."], "gone.elsewhere.test"),
        ("barren.example.test", vec!["barren.example.test 300 mx.example.test."], "mx.example.test"),
        (
            "longer.example.test",
            vec!["longer.example.test 300 dangling.example.test.", "dangling.example.test 300 gone.elsewhere.test."],
            "gone.elsewhere.test",
        ),
    ] {
        let answer = ask_at(server.addr, name, Kind::Txt);
        assert_eq!(lines(&answer), chain);
        assert_eq!(answer.alias(), Some(end));
    }
    // A circle ends, and finds nothing.
    let round = ask_at(server.addr, "round.example.test", Kind::Txt);
    assert!(round.texts().next().is_none(), "{round:?}");
}

#[test]
fn odd_names_have_an_outcome_like_any_other() {
    let server = Dnsd::start(world());
    let long = format!("{}.example.test", "a".repeat(64));
    let endless = vec!["abcdefg"; 40].join(".");
    for name in [
        "under_score.example.test",
        "b\u{fc}cher.example.test",
        "a..b.test",
        ".",
        "*.example.test",
        "a b.test",
        "foo:bar/baz.example.test",
        "(%).example.test",
        "\\9",
        "\\300.test",
        "x\0y.test",
        &long,
        &endless,
    ] {
        let outcome = ask_at(server.addr, name, Kind::Txt).outcome;
        assert!(matches!(outcome, Outcome::NxDomain | Outcome::NoData), "{name:?}: {outcome:?}");
    }
    assert_eq!(ask_at(server.addr, "", Kind::Ns).outcome, Outcome::NoData, "the root can be asked");
}

#[test]
fn whatever_a_resolver_does_instead_of_answering_is_silence() {
    // Bytes that are no reply, replies to other questions, and nobody there at all.
    let garbage = |reply: fn(&[u8]) -> Vec<u8>| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut question = [0; 1500];
            while let Ok((n, from)) = socket.recv_from(&mut question) {
                socket.send_to(&reply(&question[..n]), from).unwrap();
            }
        });
        ask_at(addr, "example.test", Kind::Txt).outcome
    };
    assert_eq!(garbage(|_| b"\xff\x00not dns".to_vec()), Outcome::Timeout);
    assert_eq!(garbage(|_| Vec::new()), Outcome::Timeout);
    let other_id = |question: &[u8]| {
        let mut reply = question.to_vec();
        reply[0] ^= 0xff;
        reply[2] |= 0x80;
        reply
    };
    assert_eq!(garbage(other_id), Outcome::Timeout);
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(ask_at(closed, "example.test", Kind::Txt).outcome, Outcome::Timeout);
}

#[test]
fn a_name_server_is_asked_at_its_own_address() {
    // Nobody listens on port 53 of this loopback address.
    let question =
        Question { server: Server::At("127.253.53.1".parse().unwrap()), ..Question::new("x.test", Kind::Ns) };
    let server = Dnsd::start(world());
    assert_eq!(ask(&settings(server.addr), &question).outcome, Outcome::Timeout);
    assert!(server.log().is_empty(), "the resolver is not asked in its place");
}

fn now() -> jiff::Timestamp {
    "2026-06-10T12:00:00Z".parse().unwrap()
}

fn evidence(text: &str) -> Evidence {
    let input = Arc::new(Input::read("-", text.as_bytes(), None).unwrap());
    Evidence::new(input, Said::default(), now(), false)
}

/// Runs a diagnosis against a resolver; the last state, and how it ended.
fn run(settings: Settings, evidence: Evidence) -> (Diagnosis, Ended) {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Runner::new(settings).unwrap().run(evidence, reading, std::future::pending::<()>())
}

fn sample_zone(name: &str) -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/samples/{name}.zone"));
    let text = std::fs::read_to_string(path).unwrap();
    World::of(&text.lines().filter(|l| !l.starts_with(['#', ';'])).collect::<Vec<_>>().join("\n"))
}

fn told(d: &Diagnosis) -> Value {
    let mut told: Value = serde_json::from_str(&json::line(&json::diagnosis::document(d), Shown::default())).unwrap();
    told["dns"]["elapsed_ms"] = Value::Null;
    told["input"]["name"] = Value::Null;
    told
}

/// Real sockets and the invented world inside the program give the same diagnosis, question by question.
#[test]
fn over_the_wire_the_samples_read_as_in_their_own_world() {
    for sample in samples::all() {
        let server = Dnsd::start(sample_zone(sample.name));
        let (over_udp, ended) = run(settings(server.addr), evidence(sample.text));
        assert!(matches!(ended, Ended::Done));
        let inside = sample.evidence(now(), Said::default());
        let shape = |answers: &postdoc::evidence::Answers| -> Vec<_> {
            let records =
                |a: &Answer| a.records.iter().map(|r| (r.name.clone(), r.data.to_string())).collect::<Vec<_>>();
            answers.iter().map(|(q, a)| (q.clone(), a.outcome, records(a))).collect()
        };
        assert_eq!(shape(&over_udp.facts.evidence.answers), shape(&inside.answers), "{}", sample.name);
        let reading = Arc::new(Reading::read(&inside.input, &inside.said));
        let inside = prove(diagnose(Arc::new(inside), reading)).diagnosis;
        assert_eq!(told(&over_udp), told(&inside), "{}", sample.name);

        let mut log = server.log();
        assert_eq!(log.len(), over_udp.facts.evidence.answers.len(), "{}: {log:?}", sample.name);
        log.sort();
        log.dedup();
        assert_eq!(log.len(), over_udp.facts.evidence.answers.len(), "{}: asked twice", sample.name);
    }
}

/// Nobody answers before all the questions of a round are there: one look-up after the other would starve.
#[test]
fn what_can_be_asked_at_once_is_asked_at_once() {
    let sample = samples::find("unaligned").unwrap();
    let first = evidence(sample.text);
    let reading = Arc::new(Reading::read(&first.input, &first.said));
    let round = diagnose(Arc::new(first), reading).open_questions().len();
    assert!(round >= 8, "{round}");
    let server = Dnsd::start(sample_zone("unaligned").gate(round));
    let patient = Settings { try_timeout: Duration::from_secs(15), ..settings(server.addr) };
    let (d, ended) = run(patient, evidence(sample.text));
    assert!(matches!(ended, Ended::Done));
    let failed: Vec<_> = d.facts.evidence.answers.iter().filter(|(_, a)| a.outcome.failed()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

const CHAIN: &str = r#"
.                     SOA ns.test. host.test. 1 3600 600 86400 60
test.                 SOA ns.test. host.test. 1 3600 600 86400 60
news.test.            TXT "v=spf1 include:one.test ~all"
one.test.             TXT "v=spf1 include:two.test -all"
two.test.             TXT "v=spf1 include:three.test -all"
three.test.           TXT "v=spf1 a:relay.test -all"
relay.test.           A   192.0.2.7
_dmarc.news.test.     TXT "v=DMARC1; p=none; rua=mailto:d@news.test"
"#;

const CHAINED: &str = "Return-Path: <bounce@news.test>\r
Received: from out.test (out.test [192.0.2.99]) by mx.inbox.test with ESMTPS id 1;\r
        Tue, 2 Jun 2026 10:00:03 +0000\r
Authentication-Results: mx.inbox.test; spf=softfail smtp.mailfrom=bounce@news.test; dmarc=fail header.from=news.test\r
From: News <news@news.test>\r
Subject: x\r
Date: Tue, 2 Jun 2026 10:00:00 +0000\r
Message-ID: <1@news.test>\r
";

#[test]
fn rounds_are_the_longest_chain_of_questions() {
    let server = Dnsd::start(World::of(CHAIN));
    let (d, _) = run(settings(server.addr), evidence(CHAINED));
    // news.test, one.test, two.test, three.test, relay.test: each waits for the one before.
    let told = told(&d);
    assert_eq!(told["dns"]["rounds"], 5, "{told:#}");
    assert_eq!(told["dns"]["queries"], server.log().len());
    let answers = &d.facts.evidence.answers;
    let longest = answers.values().map(|a| u64::from(a.elapsed_ms)).max().unwrap();
    let document = serde_json::to_value(json::diagnosis::document(&d)).unwrap();
    assert!(document["dns"]["elapsed_ms"].as_u64().unwrap() >= longest);
}

fn stories() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut stories: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|e| {
            let path = e.unwrap().path();
            let bytes = std::fs::read(path.join("input")).ok()?;
            Some((path.file_name()?.to_str()?.to_owned(), String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect();
    stories.extend(samples::all().iter().map(|s| (s.name.to_owned(), s.text.to_owned())));
    stories.sort();
    assert!(stories.len() > 40);
    stories
}

/// A server that fails, refuses or keeps silent takes knowledge away, and adds no finding to what the
/// header says by itself.
#[test]
fn a_fault_is_never_a_missing_record() {
    for (name, text) in stories() {
        let judged = |evidence: Evidence| {
            let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
            diagnose(Arc::new(evidence), reading)
        };
        let rules = |d: &Diagnosis| d.every_finding().map(|f| f.rule.id).collect::<BTreeSet<_>>();
        let alone = rules(&judged(Evidence { offline: true, ..evidence(&text) }));
        for outcome in [Outcome::ServFail, Outcome::Refused, Outcome::Timeout, Outcome::Truncated] {
            let mut failing = evidence(&text);
            for _ in 0..16 {
                let open = judged(failing.clone()).open_questions().to_vec();
                if open.is_empty() {
                    break;
                }
                failing.answers.extend(open.into_iter().map(|q| (q, Answer::new(outcome, Vec::new(), now()))));
            }
            let d = judged(failing);
            assert!(d.open_questions().is_empty(), "{name}: still asking");
            let added: Vec<_> = rules(&d).difference(&alone).copied().collect();
            assert!(added.is_empty(), "{name}, {outcome:?}: {added:?}");
        }
    }
}

#[test]
fn the_time_limit_ends_a_silence_with_what_is_known() {
    let server = Dnsd::start(World::of(CHAIN).otherwise(Fault::Drop));
    let limits =
        Settings { try_timeout: Duration::from_secs(60), timeout: Duration::from_millis(400), ..settings(server.addr) };
    let began = Instant::now();
    let (d, ended) = run(limits, evidence(CHAINED));
    assert!(matches!(ended, Ended::Done));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let answers = &d.facts.evidence.answers;
    assert!(!answers.is_empty() && answers.values().all(|a| a.outcome == Outcome::Timeout));
    assert!(d.unknown.iter().any(|gap| gap.needs.words().contains("TXT news.test")), "{:?}", d.unknown);
}

#[test]
fn a_lossy_resolver_changes_nothing() {
    let patient = |server: &Dnsd| Settings { try_timeout: Duration::from_secs(3), ..settings(server.addr) };
    let (good, lossy) = (Dnsd::start(World::of(CHAIN)), Dnsd::start(World::of(CHAIN).lossy(30, 4)));
    let (with, _) = run(patient(&lossy), evidence(CHAINED));
    assert!(lossy.log().len() > lossy.different(), "something was lost");
    assert_eq!(told(&with), told(&run(patient(&good), evidence(CHAINED)).0));
}

fn jobs(count: usize) -> impl Iterator<Item = (usize, Evidence, Arc<Reading>)> {
    (0..count).map(|n| {
        let evidence = evidence(CHAINED);
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        (n, evidence, reading)
    })
}

#[test]
fn many_at_once_share_what_they_ask() {
    let server = Dnsd::start(World::of(CHAIN));
    // So patient that nothing is put again.
    let patient = Settings { try_timeout: Duration::from_secs(60), ..settings(server.addr) };
    let (alone, _) = run(patient.clone(), evidence(CHAINED));
    let rules = |d: &Diagnosis| d.every_finding().map(|f| f.rule.id).collect::<Vec<_>>();
    let mut finished = BTreeSet::new();
    let runner = Runner::new(patient).unwrap();
    let mut waiting = jobs(100);
    runner.run_many(
        |_| waiting.next(),
        std::future::pending::<()>(),
        |n, done| {
            let (d, ended) = done.unwrap();
            assert!(matches!(ended, Ended::Done));
            assert_eq!(rules(&d), rules(&alone));
            assert_eq!(d.facts.evidence.answers.len(), alone.facts.evidence.answers.len());
            // Counted while asking, or worked out from the answers.
            let again = Facts::gather(d.facts.evidence.clone(), d.facts.reading.clone());
            assert_eq!(d.facts.rounds(), again.rounds());
            finished.insert(n);
        },
    );
    assert_eq!(finished.len(), 100);
    // Each question once by the one alone, and once by all the others together.
    assert_eq!(server.log().len(), 2 * server.different());
}

#[test]
fn a_stop_ends_those_that_have_begun_and_begins_no_other() {
    let server = Dnsd::start(World::of(CHAIN).otherwise(Fault::Drop));
    let hour = Duration::from_secs(3600);
    let silent = Settings { try_timeout: hour, timeout: hour, ..settings(server.addr) };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (mut ended, mut waiting) = (0, jobs(500));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.wait_for(1);
            drop(stop);
        });
        Runner::new(silent).unwrap().run_many(
            |_| waiting.next(),
            stopped,
            |_, done| {
                let (d, how) = done.unwrap();
                assert!(matches!(how, Ended::Stopped));
                assert!(!d.findings.is_empty(), "the receiver's own verdict needs no DNS");
                ended += 1;
            },
        );
    });
    assert!((1..500).contains(&ended), "{ended}");
}

#[test]
fn one_dead_name_does_not_hide_the_others() {
    let server = Dnsd::start(World::of(CHAIN).fault("_dmarc.news.test", Fault::Drop));
    let (d, _) = run(settings(server.addr), evidence(CHAINED));
    let outcome = |name: &str| d.facts.evidence.answers[&Question::new(name, Kind::Txt)].outcome;
    assert_eq!(outcome("_dmarc.news.test"), Outcome::Timeout);
    assert_eq!(outcome("three.test"), Outcome::Records);
}

// Through the program itself.

struct Program {
    folder: tempfile::TempDir,
    resolver: SocketAddr,
}

impl Program {
    fn asking(server: &Dnsd) -> Program {
        Program { folder: tempfile::tempdir().unwrap(), resolver: server.addr }
    }

    fn command(&self, text: &str, more: &[&str]) -> Command {
        let file = self.folder.path().join("m.eml");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
        command
            .env("POSTDOC_STATE_DIR", self.folder.path().join("state"))
            .args(["diagnose", "--json", "--resolver", &self.resolver.to_string()])
            .args(more)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, text: &str, more: &[&str]) -> (i32, Value, String) {
        finish(self.command(text, more).spawn().unwrap())
    }
}

fn finish(child: Child) -> (i32, Value, String) {
    let out = child.wait_with_output().unwrap();
    let told = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"));
    (out.status.code().unwrap(), told, String::from_utf8(out.stderr).unwrap())
}

fn rules_of(told: &Value) -> Vec<&str> {
    told["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

#[test]
fn the_program_asks_the_resolver_it_is_given() {
    let sample = samples::find("no-key").unwrap();
    let server = Dnsd::start(sample_zone("no-key"));
    let (status, told, stderr) = Program::asking(&server).run(sample.text, &[]);
    assert_eq!((status, stderr.as_str()), (1, ""));
    assert!(rules_of(&told).contains(&"dkim-key-not-found"), "{told:#}");
    assert_eq!(told["dns"]["queries"], server.log().len());
}

#[test]
fn offline_sends_nothing() {
    let server = Dnsd::start(World::of(CHAIN));
    let (_, told, _) = Program::asking(&server).run(CHAINED, &["--offline"]);
    assert_eq!(server.log(), []);
    assert_eq!(told["dns"], serde_json::json!({ "queries": 0, "rounds": 0, "elapsed_ms": 0 }));
    assert!(!told["unknown"].as_array().unwrap().is_empty());
}

#[test]
fn a_silent_resolver_leaves_the_headers_own_verdict_or_none() {
    let server = Dnsd::start(World::of(CHAIN).otherwise(Fault::Drop));
    let program = Program::asking(&server);
    let limits = ["--timeout", "600ms", "--try-timeout", "30s"];
    let (status, told, _) = program.run(CHAINED, &limits);
    assert_eq!((status, told["verdict"]["state"].as_str()), (1, Some("fail")), "the receiver said so");
    assert!(!told["unknown"].as_array().unwrap().is_empty());
    assert!(told["dns"]["elapsed_ms"].as_u64().unwrap() >= 500, "{}", told["dns"]);

    let unjudged = include_str!("scenarios/no-verdict-online/input");
    let (status, told, _) = program.run(unjudged, &limits);
    assert_eq!((status, told["verdict"]["state"].as_str()), (3, Some("unknown")));
    assert_eq!(rules_of(&told), [""; 0]);
    let headline = told["verdict"]["headline"].as_str().unwrap();
    assert!(headline.contains("unanswered"), "{headline}");
}

#[cfg(unix)]
#[test]
fn a_signal_prints_what_is_known_so_far() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let server = Dnsd::start(World::of(CHAIN).otherwise(Fault::Drop));
        let program = Program::asking(&server);
        let child = program.command(CHAINED, &["--timeout", "1h", "--try-timeout", "1h"]).spawn().unwrap();
        // The questions are out: nothing but the signal can end it now.
        server.wait_for(1);
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let (code, told, _) = finish(child);
        assert_eq!(code, status);
        assert_eq!(told["verdict"]["state"], "fail", "the receiver's own verdict needs no DNS");
        assert!(!told["unknown"].as_array().unwrap().is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_batch() {
    let server = Dnsd::start(World::of(CHAIN).otherwise(Fault::Drop));
    let program = Program::asking(&server);
    let mut command = program.command(CHAINED, &["--timeout", "1h", "--try-timeout", "1h"]);
    for _ in 0..12 {
        command.arg(program.folder.path().join("m.eml"));
    }
    let child = command.spawn().unwrap();
    server.wait_for(1);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130));
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}
