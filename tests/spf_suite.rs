//! The openspf test suite for RFC 4408, judged by RFC 7208. Runs where `POSTDOC_CORPUS` names a
//! folder that holds `spf-suite/rfc4408-tests.yml`; the answers come from the suite's own zones.

#![allow(clippy::expect_used)]

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

#[derive(Default)]
struct Scenario {
    tests: Vec<Test>,
    zone: BTreeMap<String, Vec<Entry>>,
}

#[derive(Default)]
struct Test {
    name: String,
    fields: BTreeMap<String, Vec<String>>,
}

impl Test {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|v| v.first()).map_or("", String::as_str)
    }
}

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
    let Some(entries) = zone.get(&question.name) else { return answer };
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
        answer.records.push(Record { name: question.name.clone(), ttl: 300, data });
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

#[test]
fn rfc_4408_suite() {
    let Ok(corpus) = std::env::var("POSTDOC_CORPUS") else {
        eprintln!("skipped: POSTDOC_CORPUS is not set");
        return;
    };
    let path = std::path::Path::new(&corpus).join("spf-suite/rfc4408-tests.yml");
    let bytes = std::fs::read(&path).expect("the suite");
    // The file is Latin-1 where it is not ASCII.
    let text: String = bytes.iter().map(|&b| char::from(b)).collect();
    let scenarios = read(&text);
    let mut ran = 0;
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        for test in &scenario.tests {
            ran += 1;
            let check = run(scenario, test);
            let got = check.result.map_or("undecided", |r| r.word());
            let settled = SETTLED.iter().find(|(name, ..)| *name == test.name);
            let expected = match (settled, &test.fields["result"][..]) {
                (Some((_, result, _)), open) if open.iter().any(|o| o == result) => *result,
                (None, [one]) => one.as_str(),
                _ => panic!("{}: open in the suite and not settled here, or the other way round", test.name),
            };
            if expected != got {
                wrong.push(format!("{}: {got}, expected {expected} ({:?})", test.name, check.problem));
            }
            if let Some(words) = test.fields.get("explanation") {
                let words = EXPLAINED.iter().find(|(n, ..)| *n == test.name).map_or(words[0].as_str(), |(_, w, _)| w);
                // DEFAULT: no explanation of the domain's own.
                let expected = (words != "DEFAULT").then_some(words);
                if check.explanation.as_deref() != expected {
                    wrong.push(format!("{}: explains {:?}, expected {expected:?}", test.name, check.explanation));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(ran, 191, "the suite has 191 tests");
}
