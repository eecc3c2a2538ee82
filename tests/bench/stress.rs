//! The stress sizes and hostile records: each should stay under 100 ms, from the bytes to the JSON.

use divan::Bencher;
use postdoc::diagnose::diagnose;
use postdoc::evidence::{Answer, Answers, Data, Evidence, Input, Kind, Outcome, Question, Record, Said};
use postdoc::facts::Reading;
use postdoc::report::{Shown, json};
use std::sync::Arc;

/// A name, and how to make the bytes and the answers.
type Case = (&'static str, fn() -> (Vec<u8>, Answers));

#[divan::bench(args = INPUTS.iter().map(|(name, _)| name), sample_count = 5)]
fn input(bencher: Bencher, name: &str) {
    run(bencher, INPUTS, name);
}

#[divan::bench(args = RECORDS.iter().map(|(name, _)| name), sample_count = 5)]
fn record(bencher: Bencher, name: &str) {
    run(bencher, RECORDS, name);
}

#[divan::bench(args = ANSWERS.iter().map(|(name, _)| name), sample_count = 5)]
fn answer(bencher: Bencher, name: &str) {
    run(bencher, ANSWERS, name);
}

fn run(bencher: Bencher, cases: &[Case], name: &str) {
    let (bytes, answers) = cases.iter().find(|(n, _)| *n == name).unwrap().1();
    bencher.with_inputs(|| (bytes.clone(), answers.clone())).bench_values(|(bytes, answers)| whole(bytes, answers));
}

/// All that `postdoc diagnose -f json` does after the last answer.
fn whole(bytes: Vec<u8>, answers: Answers) -> String {
    let input = Arc::new(Input::read("stress", bytes, None).unwrap());
    let said = Said::default();
    let reading = Arc::new(Reading::read(&input, &said));
    let evidence = Evidence { answers, ..Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, false) };
    let diagnosis = diagnose(Arc::new(evidence), reading);
    json::line(&json::diagnosis::document(&diagnosis), Shown::default())
}

const HEAD: &str = "From: a@example.com\r\nSubject: x\r\n";

const INPUTS: &[Case] = &[
    ("10,000 fields", || header("X-Field: value\r\n".repeat(10_000))),
    ("10 MB folded field", || {
        header(format!("X-Long: a\r\n{}", " folded line of some forty characters here\r\n".repeat(240_000)))
    }),
    ("10 MB folded From", || {
        let name = " folded line of some forty characters here\r\n".repeat(240_000);
        (format!("Subject: x\r\nFrom: a\r\n{name} <a@example.com>\r\n").into(), Answers::new())
    }),
    ("100,000 Received", || {
        let hop = "Received: from a.example.com (a.example.com [192.0.2.1]) by b.example.com with ESMTPS id 1; Tue, 12 May 2026 14:01:40 +0000\r\n";
        header(hop.repeat(100_000))
    }),
    ("16,000 results", || {
        let results = "; dkim=pass header.d=example.com header.s=s1".repeat(16_000);
        header(format!("Authentication-Results: mx.example.net{results}\r\n"))
    }),
    ("16,000 results of 16,000 domains", || {
        let results: String = (0..16_000).map(|n| format!("; dkim=fail header.d=d{n}.example header.s=s{n}")).collect();
        header(format!("Authentication-Results: mx.example.net{results}\r\n"))
    }),
    ("10,000 Authentication-Results", || {
        header("Authentication-Results: mx.example.net; dkim=pass header.d=example.com\r\n".repeat(10_000))
    }),
    ("1,000 signatures", || {
        let one =
            |n| format!("DKIM-Signature: v=1; a=rsa-sha256; d=d{n}.example; s=s{n}; h=from:to; bh=AAAA; b=BBBB\r\n");
        header((0..1_000).map(one).collect())
    }),
    ("1,000 signatures of one domain", || {
        let one =
            |n| format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s{n}; h=from:to; bh=AAAA; b=BBBB\r\n");
        header((0..1_000).map(one).collect())
    }),
    ("signature of 20,000 tags", || {
        let tags: String = (0..20_000).map(|n| format!(" x{n}=1;\r\n")).collect();
        header(format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s;{tags} h=from; bh=AAAA; b=BBBB\r\n"))
    }),
    ("signature over 20,000 fields", || {
        let names: String = (0..20_000).map(|n| format!(":x{n}\r\n ")).collect();
        header(format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from{names}; bh=AAAA; b=BBBB\r\n"))
    }),
    ("1,000 ARC sets", || {
        let one = |n| {
            format!(
                "ARC-Seal: i={n}; a=rsa-sha256; d=example.com; s=s; cv=pass; b=AAAA\r\n\
                 ARC-Message-Signature: i={n}; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n\
                 ARC-Authentication-Results: i={n}; mx.example.net; dkim=pass header.d=example.com\r\n"
            )
        };
        header((1..=1_000).map(one).collect())
    }),
    ("1,000 nested parts", || {
        let one = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
        header(format!("MIME-Version: 1.0\r\n{}", (0..1_000).map(one).collect::<String>()))
    }),
    ("1 MB Subject", || {
        (format!("From: a@example.com\r\nSubject: {}\r\n", "word ".repeat(200_000)).into(), Answers::new())
    }),
    ("20,000 From addresses", || {
        let list: Vec<String> = (0..20_000).map(|n| format!("a{n}@example{n}.com")).collect();
        (format!("From: {}\r\nSubject: x\r\n", list.join(",\r\n ")).into(), Answers::new())
    }),
    ("10,000 From fields", || ("From: a@example.com\r\n".repeat(10_000).into(), Answers::new())),
    ("25 MB body", || {
        let body = "A line of body text, some sixty characters long, as mail has.\r\n".repeat(400_000);
        (format!("{HEAD}\r\n{body}").into(), Answers::new())
    }),
    ("25 MB quoted body", || {
        let body = "> A line of body text, some sixty characters long, as mail has\r\n".repeat(390_000);
        (format!("> From: a@example.com\r\n> Subject: x\r\n> \r\n{body}").into(), Answers::new())
    }),
];

/// A header from `example.com`, refused by its receiver, so that every answer counts.
fn header(fields: String) -> (Vec<u8>, Answers) {
    ([HEAD, &fields].concat().into(), Answers::new())
}

const RECORDS: &[Case] = &[
    ("SPF, 20,000 ip4", || pasted(&spf(20_000, |n| format!("ip4:10.0.{}.{}", n / 256, n % 256)))),
    ("SPF, 20,000 a", || pasted(&spf(20_000, |_| "a".into()))),
    ("SPF, 20,000 unknown", || pasted(&spf(20_000, |n| format!("ip:10.0.{}.{}", n / 256, n % 256)))),
    ("SPF, 20,000 equals signs", || pasted(&spf(20_000, |n| format!("include=a{n}.example")))),
    ("SPF, 20,000 stray blanks", || pasted(&spf(20_000, |n| format!("include: a{n}.example")))),
    ("SPF, 20,000 commas", || pasted(&format!("v=spf1 {}", "ip4:192.0.2.1,".repeat(20_000)))),
    ("SPF, 20,000 short terms with commas", || pasted(&spf(20_000, |n| format!("a:{n}.example,mx")))),
    ("SPF, 20,000 exp", || pasted(&spf(20_000, |n| format!("exp=a{n}.example")))),
    ("SPF, 20,000 redirect", || pasted(&spf(20_000, |n| format!("redirect=a{n}.example")))),
    ("SPF, 20,000 all", || pasted(&spf(20_000, |_| "-all".into()))),
    ("SPF, 20,000 versions", || pasted(&spf(20_000, |_| "v=spf1".into()))),
    ("SPF, 64 KB of control characters", || pasted(&format!("v=spf1 {}", "\u{1}\u{7f}\u{85}\t".repeat(13_000)))),
    ("SPF, 64 KB of macros", || pasted(&format!("v=spf1 exists:{}", "%{d1r+-}".repeat(8_000)))),
    ("SPF, 1,000 records", || pasted(&"\"v=spf1 ip4:192.0.2.1 -all\"\n".repeat(1_000))),
    ("SPF, 1,000 strings", || pasted(&format!("\"v=spf1 \"{}", " \"ip4:192.0.2.1 \"".repeat(1_000)))),
    ("DMARC, 20,000 tags", || pasted(&dmarc(20_000, |n| format!("x{n}=1")))),
    ("DMARC, 20,000 policies", || pasted(&dmarc(20_000, |_| "p=reject".into()))),
    ("DMARC, 20,000 addresses", || {
        pasted(&format!("v=DMARC1; p=none; rua={}", numbered(20_000, ",", |n| format!("mailto:a{n}@example.com"))))
    }),
    ("DMARC, 20,000 broken addresses", || {
        pasted(&format!("v=DMARC1; p=none; rua={}", numbered(20_000, ",", |n| format!("a{n}@example.com"))))
    }),
    ("DMARC, 20,000 stray addresses", || pasted(&dmarc(20_000, |n| format!("mailto:a{n}@example.com")))),
    ("DMARC, 20,000 rua", || pasted(&dmarc(20_000, |n| format!("rua=mailto:a{n}@example.com")))),
    ("DMARC, 20,000 without separators", || {
        pasted(&format!("v=DMARC1; {}", numbered(20_000, " ", |_| "p=none".into())))
    }),
    ("DMARC, 64 KB of quotes", || pasted(&format!("v=DMARC1; p=none; {}", "“x".repeat(16_000)))),
    ("DMARC, 64 KB of control characters", || pasted(&format!("v=DMARC1; p=none; {}", "\u{1}x".repeat(32_000)))),
    ("DKIM, 20,000 tags", || pasted(&format!("v=DKIM1; {}; p=AAAA", numbered(20_000, "; ", |n| format!("x{n}=1"))))),
    ("DKIM, 20,000 hashes", || pasted(&format!("v=DKIM1; h={}; p=AAAA", numbered(20_000, ":", |n| format!("x{n}"))))),
    ("DKIM, 64 KB key", || pasted(&format!("v=DKIM1; k=rsa; p={}", "A".repeat(64_000)))),
    ("DKIM, 64 KB of blanks in the key", || pasted(&format!("v=DKIM1; k=rsa; p={}", "A ".repeat(32_000)))),
    ("DKIM, 1,000 strings", || pasted(&format!("\"v=DKIM1; p=\"{}", " \"AAAAAAAA\"".repeat(1_000)))),
    ("100,000 lines of a zone", || {
        pasted(&numbered(100_000, "\n", |n| format!("a{n}.example. 300 IN TXT \"v=spf1 -all\"")))
    }),
];

fn pasted(text: &str) -> (Vec<u8>, Answers) {
    (text.into(), Answers::new())
}

fn numbered(count: usize, between: &str, one: fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(between)
}

fn spf(count: usize, one: fn(usize) -> String) -> String {
    format!("v=spf1 {} -all", numbered(count, " ", one))
}

fn dmarc(count: usize, one: fn(usize) -> String) -> String {
    format!("v=DMARC1; p=none; {}", numbered(count, "; ", one))
}

const ANSWERS: &[Case] = &[
    ("SPF, 20,000 ip4", || answered("example.com", &[spf(20_000, |n| format!("ip4:10.0.{}.{}", n / 256, n % 256))])),
    ("SPF, 20,000 a", || answered("example.com", &[spf(20_000, |_| "a".into())])),
    ("SPF, 20,000 include", || answered("example.com", &[spf(20_000, |n| format!("include:a{n}.example"))])),
    ("SPF, 20,000 unknown", || answered("example.com", &[spf(20_000, |n| format!("ip:10.0.{}.{}", n / 256, n % 256))])),
    ("SPF, 20,000 equals signs", || answered("example.com", &[spf(20_000, |n| format!("include=a{n}.example"))])),
    ("SPF, 64 KB of control characters", || {
        answered("example.com", &[format!("v=spf1 {}", "\u{1}\u{7f}\u{85}\t".repeat(13_000))])
    }),
    ("SPF, 1,000 records", || answered("example.com", &vec!["v=spf1 ip4:192.0.2.1 -all".to_owned(); 1_000])),
    ("SPF, 2 records of 10,000 ip4", || {
        let one = spf(10_000, |n| format!("ip4:10.0.{}.{}", n / 256, n % 256));
        let other = spf(10_000, |n| format!("ip4:10.1.{}.{}", n / 256, n % 256));
        answered("example.com", &[one, other])
    }),
    ("DMARC, 20,000 tags", || answered("_dmarc.example.com", &[dmarc(20_000, |n| format!("x{n}=1"))])),
    ("DMARC, 20,000 addresses", || {
        let list = numbered(20_000, ",", |n| format!("mailto:a{n}@example{n}.net"));
        answered("_dmarc.example.com", &[format!("v=DMARC1; p=none; rua={list}")])
    }),
    ("DMARC, 1,000 records", || answered("_dmarc.example.com", &vec!["v=DMARC1; p=none".to_owned(); 1_000])),
    ("DMARC, 1,000 records of 1,000 tags", || {
        let record = dmarc(10, |n| format!("x{n}=1"));
        answered("_dmarc.example.com", &vec![record; 1_000])
    }),
    ("DKIM, 20,000 tags", || {
        let tags = numbered(20_000, "; ", |n| format!("x{n}=1"));
        answered("s._domainkey.example.com", &[format!("v=DKIM1; {tags}; p=AAAA")])
    }),
    ("DKIM, 1,000 records", || answered("s._domainkey.example.com", &vec!["v=DKIM1; p=AAAA".to_owned(); 1_000])),
    ("DKIM, 64 KB key", || {
        answered("s._domainkey.example.com", &[format!("v=DKIM1; k=rsa; p={}", "A".repeat(64_000))])
    }),
];

/// A message that failed everything, and the TXT records of one of its names.
fn answered(name: &str, texts: &[String]) -> (Vec<u8>, Answers) {
    let message = "Return-Path: <a@example.com>\r\n\
        Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=a@example.com; dkim=fail header.d=example.com header.s=s; dmarc=fail header.from=example.com\r\n\
        Received: from out.example.com (out.example.com [192.0.2.1]) by mx.example.net with ESMTPS id 1; Tue, 12 May 2026 14:01:40 +0000\r\n\
        DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=BBBB\r\n\
        From: a@example.com\r\nSubject: x\r\n";
    let records = texts.iter().map(|text| Record {
        name: name.to_owned(),
        ttl: 300,
        data: Data::Txt(text.as_bytes().chunks(255).map(<[u8]>::to_vec).collect()),
    });
    let answer = Answer::new(Outcome::Records, records.collect(), jiff::Timestamp::UNIX_EPOCH);
    (message.into(), Answers::from([(Question::new(name, Kind::Txt), answer)]))
}
