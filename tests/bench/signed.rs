//! A whole message of 20 KB with one RSA-2048 signature, every answer at hand: 100 µs, of which
//! the signature and the hash of the body take 34.

use divan::{Bencher, black_box};
use postdoc::diagnose::diagnose;
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Input, Said};
use postdoc::facts::Reading;
use postdoc::facts::dkim::{DkimResult, Hash};
use postdoc::samples::settle;
use postdoc::world::dkim::Signer;
use std::path::Path;
use std::sync::Arc;

const HEADER: &str = "From: News <news@example.com>\r\nTo: bob@example.net\r\nSubject: What is new in May\r\n\
    Date: Tue, 12 May 2026 14:01:38 +0000\r\nMessage-ID: <42@example.com>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n";

const RECEIVED: &str = "Return-Path: <news@example.com>\r\n\
    Authentication-Results: mx.example.net; dkim=pass header.d=example.com header.s=s1;\r\n\
    \tspf=pass smtp.mailfrom=news@example.com; dmarc=pass (p=none) header.from=example.com\r\n\
    Received: from out.example.com (out.example.com [192.0.2.4]) by mx.example.net with ESMTPS id 1;\r\n\
    \tTue, 12 May 2026 14:01:40 +0000\r\n";

/// As it arrived.
fn message() -> Vec<u8> {
    let line = "A line of body text, some sixty characters long, as mail has.\r\n";
    let body = line.repeat(20_000 / line.len());
    let key = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/practice/practice-only.key"));
    let signer = Signer::read(key, "example.com", "s1").unwrap();
    let signed = signer.sign(format!("{HEADER}\r\n{body}").as_bytes()).unwrap();
    [RECEIVED.as_bytes(), &signed].concat()
}

/// With every answer that a diagnosis asks for.
fn evidence(message: &[u8]) -> Evidence {
    let (first, rest) = include_str!("../../assets/practice/practice-only.pub").trim().split_at(200);
    let zone = format!(
        "example.com. 300 IN TXT \"v=spf1 ip4:192.0.2.4 -all\"\n\
         s1._domainkey.example.com. 300 IN TXT \"v=DKIM1; k=rsa; p={first}\" \"{rest}\"\n\
         _dmarc.example.com. 300 IN TXT \"v=DMARC1; p=none; rua=mailto:d@example.com\"\n\
         example.com. 300 IN MX 10 mx.example.com.\n\
         mx.example.com. 300 IN A 192.0.2.5\n\
         out.example.com. 300 IN A 192.0.2.4\n\
         4.2.0.192.in-addr.arpa. 300 IN PTR out.example.com.\n"
    );
    let input = Input::read("bench", message, None).unwrap();
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::now(), false);
    settle(evidence, &Zone::parse(&zone).unwrap())
}

/// Everything that is done for each message of a folder; warm, as in `diagnose_a_header_block_offline`.
#[divan::bench(sample_size = 16, sample_count = 300)]
fn message_of_20_kb(bencher: Bencher) {
    let message = message();
    let settled = evidence(&message);
    let whole = |settled: Evidence| {
        let input = Arc::new(Input::read("bench", black_box(&message[..]), None).unwrap());
        let evidence = Evidence { input, ..settled };
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        diagnose(Arc::new(evidence), reading)
    };
    let seen = &whole(settled.clone()).facts.verified[0];
    assert_eq!((seen.result, seen.body_hash), (Some(DkimResult::Pass), Hash::Match));
    bencher.with_inputs(|| settled.clone()).bench_values(whole);
}
