//! The openspf test suite for RFC 4408, judged by RFC 7208. Runs where `POSTDOC_CORPUS` names a
//! folder that holds `spf-suite/rfc4408-tests.yml`; the answers come from the suite's own zones.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod wire;

use postdoc::evidence::{Answer, Answers, Data, Kind, Outcome, Question, Record};
use postdoc::facts::lookup::Lookup;
use postdoc::facts::spf::{Check, check_host};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where the suite leaves the result open, and what RFC 7208 or the choice it leaves us makes of it.
const SETTLED: &[(&str, &str, &str)] = &[
    ("txtonly", "fail", "RFC 7208 §3.1: TXT only"),
    ("spfonly", "none", "RFC 7208 §3.1: TXT only"),
    ("spftimeout", "fail", "RFC 7208 §3.1: TXT only"),
    ("txttimeout", "temperror", "RFC 7208 §3.1, §4.4"),
    ("nospftxttimeout", "temperror", "RFC 7208 §3.1, §4.4"),
    ("spfoverride", "fail", "RFC 7208 §3.1: TXT only"),
    ("multitxt1", "permerror", "RFC 7208 §4.5: two TXT records"),
    ("multispf1", "permerror", "RFC 7208 §4.5, identical ones too"),
    ("multispf2", "pass", "RFC 7208 §3.1: TXT only"),
    ("invalid-domain-empty-label", "fail", "RFC 7208 §4.8: a name that cannot be asked does not match"),
    ("invalid-domain-long", "fail", "RFC 7208 §4.8"),
    ("invalid-domain-long-via-macro", "fail", "RFC 7208 §4.8"),
    ("exists-dnserr", "temperror", "RFC 7208 §5"),
    ("cidr6-0-ip4", "neutral", "RFC 7208 §5: an IPv4-mapped address is an IPv4 address"),
    ("cidr6-ip4", "neutral", "RFC 7208 §5"),
    ("p-macro-multiple", "pass", "RFC 7208 §7.3: a name below the domain is preferred"),
    ("mx-limit", "permerror", "RFC 7208 §4.6.4: more than ten MX"),
    ("ptr-limit", "neutral", "RFC 7208 §4.6.4: the eleventh PTR is ignored"),
];

/// Explanations that differ, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[(
    "v-macro-ip6",
    "cafe:babe::1 is queried as 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.e.b.a.b.e.f.a.c.ip6.arpa",
    "RFC 7208 §7.4 writes the nibbles in lower case",
)];

#[derive(Clone, Default)]
struct Scenario {
    tests: Vec<Test>,
    zone: BTreeMap<String, Vec<Entry>>,
}

#[derive(Clone, Default)]
struct Test {
    name: String,
    fields: BTreeMap<String, Vec<String>>,
}

impl Test {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|v| v.first()).map_or("", String::as_str)
    }
}

#[derive(Clone)]
enum Entry {
    Timeout,
    Record(String, Vec<String>),
}

/// Reads the suite: the narrow part of YAML that it is written in.
fn read(text: &str) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for document in text.split("\n---\n").skip(1) {
        let mut scenario = Scenario::default();
        let mut section = String::new();
        let mut name = String::new();
        let mut folded = None;
        for line in document.lines() {
            let indent = line.len() - line.trim_start().len();
            if line.trim().is_empty() || line.trim_start().starts_with('#') || folded.is_some_and(|f| indent > f) {
                continue;
            }
            folded = None;
            let line = line.trim();
            if let Some(item) = line.strip_prefix("- ") {
                let entry = match item {
                    "TIMEOUT" => Entry::Timeout,
                    _ => {
                        let (kind, value) = key(item);
                        Entry::Record(kind, values(value))
                    }
                };
                scenario.zone.get_mut(&name).expect("a name before its records").push(entry);
                continue;
            }
            let (key, value) = key(line);
            if value.starts_with('>') || value.starts_with('|') {
                folded = Some(indent);
            }
            match (indent, section.as_str()) {
                (0, _) => section = key,
                (2, "tests") => scenario.tests.push(Test { name: key, ..Test::default() }),
                (2, "zonedata") => {
                    name = key.to_ascii_lowercase();
                    scenario.zone.insert(name.clone(), Vec::new());
                }
                (4, "tests") => {
                    scenario.tests.last_mut().expect("a test").fields.insert(key, values(value));
                }
                _ => panic!("unexpected line: {line}"),
            }
        }
        scenarios.push(scenario);
    }
    scenarios
}

/// `key: value`; the key may be quoted or hold colons.
fn key(line: &str) -> (String, &str) {
    if let Some((key, value)) = line.strip_prefix('"').and_then(|l| l.split_once('"')) {
        return (unquote(&format!("\"{key}\"")), value.trim_start_matches(':').trim());
    }
    match line.split_once(": ") {
        Some((key, value)) => (key.to_owned(), value.trim()),
        None => (line.strip_suffix(':').expect("a key").to_owned(), ""),
    }
}

/// A value, or the members of `[a, b]`.
fn values(value: &str) -> Vec<String> {
    let list = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
    match list {
        Some(list) => list.split(',').map(|v| unquote(v.trim())).collect(),
        None => vec![unquote(value)],
    }
}

/// Quoted text; `\xNN` is kept as the character with that number.
fn unquote(value: &str) -> String {
    if let Some(inside) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inside.replace("''", "'");
    }
    let Some(inside) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else { return value.to_owned() };
    let mut out = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().as_bytes().first()) {
            ('\\', Some(b'x')) => {
                let digits = &chars.as_str()[1..3];
                out.push(char::from(u8::from_str_radix(digits, 16).expect("two digits")));
                chars.nth(2);
            }
            ('\\', Some(b'0')) => {
                out.push('\0');
                chars.next();
            }
            ('\\', _) => panic!("an escape the suite does not use: {value}"),
            _ => out.push(c),
        }
    }
    out
}

/// What the zone says to one question. SPF (type 99) records stand for TXT where the name has
/// no TXT of its own; `TXT: NONE` forbids that.
fn answer(zone: &BTreeMap<String, Vec<Entry>>, question: &Question) -> Answer {
    let mut answer = Answer::new(Outcome::NxDomain, Vec::new(), jiff::Timestamp::UNIX_EPOCH);
    let Some(entries) = zone.get(question.name.as_str()) else { return answer };
    let has_txt = entries.iter().any(|e| matches!(e, Entry::Record(kind, _) if kind == "TXT"));
    let mut timeout = false;
    for entry in entries {
        let (kind, values) = match entry {
            Entry::Timeout => {
                timeout = true;
                continue;
            }
            Entry::Record(kind, values) => (kind.as_str(), values),
        };
        let data = match (question.kind, kind) {
            (Kind::Txt, "TXT") if values[..] == ["NONE"] => continue,
            (Kind::Txt, "TXT") => text(values),
            (Kind::Txt, "SPF") if !has_txt => text(values),
            (Kind::A, "A") => Data::A(values[0].parse().expect("an address")),
            (Kind::Aaaa, "AAAA") => Data::Aaaa(values[0].parse().expect("an address")),
            (Kind::Ptr, "PTR") => Data::Ptr(values[0].trim_end_matches('.').to_ascii_lowercase()),
            (Kind::Mx, "MX") => {
                Data::Mx { preference: values[0].parse().expect("a number"), exchange: values[1].to_ascii_lowercase() }
            }
            _ => continue,
        };
        answer.records.push(Record { name: question.name.to_string(), ttl: 300, data });
    }
    answer.outcome = match (answer.records.is_empty(), timeout) {
        (false, _) => Outcome::Records,
        (true, true) => Outcome::Timeout,
        (true, false) => Outcome::NoData,
    };
    answer
}

fn text(values: &[String]) -> Data {
    let bytes = |v: &String| v.chars().map(|c| u8::try_from(c).expect("one byte")).collect();
    Data::Txt(values.iter().map(bytes).collect())
}

/// Asks until the evaluation is decided, and its explanation with it.
fn run(scenario: &Scenario, test: &Test) -> Check {
    let ip: IpAddr = test.field("host").parse().expect("an address");
    let helo = test.field("helo");
    let (sender, domain, is_helo) = match test.field("mailfrom") {
        "" => (format!("postmaster@{helo}"), helo, true),
        from => (from.to_owned(), from.rsplit_once('@').map_or(from, |(_, d)| d), false),
    };
    let mut answers = Answers::new();
    for _ in 0..200 {
        let lookup = Lookup::new(&answers);
        let check = check_host(&lookup, ip, domain, &sender, Some(helo), is_helo);
        let missing = lookup.into_missing();
        assert!(missing.len() <= 30, "{}: {} questions at once", test.name, missing.len());
        assert_eq!(check.result.is_none(), !check.missing.is_empty(), "{}", test.name);
        if missing.is_empty() {
            assert!(check.result.is_some(), "{}: undecided with nothing left to ask", test.name);
            return check;
        }
        for question in missing {
            let answer = answer(&scenario.zone, &question);
            answers.insert(question, answer);
        }
    }
    panic!("{}: asks for ever", test.name);
}

/// The suite, where there is one.
fn suite() -> Option<Vec<Scenario>> {
    let Ok(corpus) = std::env::var("POSTDOC_CORPUS") else {
        eprintln!("skipped: POSTDOC_CORPUS is not set");
        return None;
    };
    let path = std::path::Path::new(&corpus).join("spf-suite/rfc4408-tests.yml");
    let bytes = std::fs::read(&path).expect("the suite");
    // The file is Latin-1 where it is not ASCII.
    let text: String = bytes.iter().map(|&b| char::from(b)).collect();
    Some(read(&text))
}

/// The one result that a test may have.
fn expected(test: &Test) -> &str {
    let settled = SETTLED.iter().find(|(name, ..)| *name == test.name);
    match (settled, &test.fields["result"][..]) {
        (Some((_, result, _)), open) if open.iter().any(|o| o == result) => result,
        (None, [one]) => one.as_str(),
        _ => panic!("{}: open in the suite and not settled here, or the other way round", test.name),
    }
}

/// The explanation a test asks for: `None` where it asks for nothing, `Some(None)` for none of the domain's own.
fn explained(test: &Test) -> Option<Option<&str>> {
    let words = test.fields.get("explanation")?;
    let words = EXPLAINED.iter().find(|(n, ..)| *n == test.name).map_or(words[0].as_str(), |(_, w, _)| w);
    Some((words != "DEFAULT").then_some(words))
}

#[test]
fn rfc_4408_suite() {
    let Some(scenarios) = suite() else { return };
    let mut ran = 0;
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        for test in &scenario.tests {
            ran += 1;
            let check = run(scenario, test);
            let got = check.result.map_or("undecided", |r| r.word());
            let expected = expected(test);
            if expected != got {
                wrong.push(format!("{}: {got}, expected {expected} ({:?})", test.name, check.problem));
            }
            if let Some(expected) = explained(test).filter(|e| check.explanation.as_deref() != *e) {
                wrong.push(format!("{}: explains {:?}, expected {expected:?}", test.name, check.explanation));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(ran, 191, "the suite has 191 tests");
}

/// The same through `postdoc spf` and real sockets: silence, odd labels and empty strings are the wire's.
#[test]
fn rfc_4408_suite_on_the_wire() {
    let Some(scenarios) = suite() else { return };
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        let zone = scenario.zone.clone();
        let server = wire::Wire::start(move |question| answer(&zone, question));
        for test in &scenario.tests {
            let helo = test.field("helo");
            let from = test.field("mailfrom");
            let domain = if from.is_empty() { helo } else { from.rsplit_once('@').map_or(from, |(_, d)| d) };
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_postdoc"));
            command.args(["spf", "--json", "--try-timeout", "400ms", "--resolver", &server.addr.to_string()]);
            command.args(["--ip", test.field("host"), "--helo", helo, "--sender", from, "--", domain]);
            let out = command.output().unwrap();
            let told: serde_json::Value = serde_json::from_slice(&out.stdout)
                .unwrap_or_else(|e| panic!("{}: {e}: {}", test.name, String::from_utf8_lossy(&out.stderr)));
            let (got, expected) = (told["result"].as_str(), expected(test));
            if got != Some(expected) {
                wrong.push(format!("{}: {got:?}, expected {expected}: {}", test.name, told["problem"]));
            }
            if let Some(expected) = explained(test).filter(|e| told["explanation"].as_str() != *e) {
                wrong.push(format!("{}: explains {}, expected {expected:?}", test.name, told["explanation"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Its source takes names of one label, which the grammar does not (RFC 7208 §7.1, `domain-end`).
const LENIENT: &[&str] = &["mox/spf/parse_test.go:41"];

/// Sound records that the corpus calls invalid, because something else is: what they include, or a limit.
const SOUND: &[&str] = &[
    "v=spf1 include:e6.example.com -all",
    "v=spf1 include:erehwon.example.com -all",
    "v=spf1 mx",
    "v=spf1 redirect=erehwon.example.com",
    "v=spf1 ip4:1.1.1.1 redirect=e1.example.com",
    "v=spf1 include:e3.example.com",
    "v=spf1 a mx a mx a mx a mx a ptr a ip4:1.2.3.4 -all",
    "v=spf1 a include:inc.example.com a ip4:1.2.3.4 -all",
];

#[test]
fn records_of_the_corpus_get_their_verdict() {
    let Ok(corpus) = std::env::var("POSTDOC_CORPUS") else {
        eprintln!("skipped: POSTDOC_CORPUS is not set");
        return;
    };
    let path = std::path::Path::new(&corpus).join("strings/dns-records.jsonl");
    let text = std::fs::read_to_string(path).expect("the records");
    let mut wrong = Vec::new();
    let mut ran = 0;
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let (Some("spf"), Some(record)) = (entry["kind"].as_str(), entry["record"].as_str()) else { continue };
        if entry["source"].as_str().is_some_and(|s| LENIENT.contains(&s)) {
            continue;
        }
        let parsed = postdoc::facts::spf::record::Record::parse(record.as_bytes());
        for fault in parsed.iter().flat_map(|p| &p.faults) {
            assert!(record.as_bytes().get(fault.span.range()).is_some_and(|s| !s.is_empty()), "{record}");
        }
        // `v=spf10` is none of ours, and no error either (RFC 7208 §4.5).
        let sound = parsed.map_or(record == "v=spf10", |p| !p.broken);
        let expected = match entry["expect"].as_str() {
            Some("valid") => true,
            Some("invalid") => SOUND.contains(&record),
            _ => continue,
        };
        ran += 1;
        if sound != expected {
            wrong.push(format!("{record:?}: sound {sound}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 80, "{ran} records with a verdict");
}
