//! How fast the readers and the engine are: `cargo bench`.

mod signed;
mod stress;

use divan::{Bencher, black_box};
use postdoc::diagnose::diagnose;
use postdoc::evidence::{Evidence, Input, Said};
use postdoc::facts::header::Header;
use postdoc::facts::{Reading, authres};
use postdoc::replay::prove;
use postdoc::samples;
use std::sync::Arc;

fn main() {
    divan::main();
}

const VALUE: &[u8] = b" mx.google.com;\r\n       dkim=pass header.i=@example.com header.s=s1 header.b=Zk3vQm1x;\r\n       spf=pass (google.com: domain of news@example.com designates 192.0.2.4 as permitted sender) smtp.mailfrom=news@example.com;\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com";

/// A header block of about 3.4 KB.
fn block() -> Vec<u8> {
    let mut text = samples::find("unaligned").unwrap().text.as_bytes().to_vec();
    while text.len() < 3400 {
        text.extend_from_slice(b"X-Filler-Field: some words that a gateway thought worth keeping, folded\r\n once\r\n");
    }
    text
}

fn offline(bytes: Vec<u8>) -> Evidence {
    let input = Arc::new(Input::read("bench", bytes, None).unwrap());
    Evidence {
        input,
        said: Said::default(),
        answers: Default::default(),
        fetched: Default::default(),
        transcript: None,
        now: jiff::Timestamp::UNIX_EPOCH,
        offline: true,
    }
}

#[divan::bench]
fn one_authentication_results_value() -> authres::AuthRes {
    authres::read_value(black_box(VALUE), 0)
}

#[divan::bench]
fn split_a_header_block(bencher: Bencher) {
    let text = block();
    bencher.bench(|| Header::split(black_box(&text)));
}

/// Warm: sixteen in a row, for what is done between two of divan's samples cools the caches.
#[divan::bench(sample_size = 16, sample_count = 300)]
fn diagnose_a_header_block_offline(bencher: Bencher) {
    let evidence = offline(block());
    bencher.with_inputs(|| Arc::new(evidence.clone())).bench_values(|evidence| {
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        diagnose(evidence, reading)
    });
}

/// What comes before: is it a header, and is it in one piece?
#[divan::bench]
fn recognise_a_header_block(bencher: Bencher) {
    let bytes = block();
    bencher.with_inputs(|| bytes.clone()).bench_values(offline);
}

#[divan::bench]
fn diagnose_with_every_answer(bencher: Bencher) {
    let evidence = samples::find("unaligned").unwrap().evidence(jiff::Timestamp::UNIX_EPOCH, Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let evidence = Arc::new(evidence);
    bencher.bench(|| diagnose(evidence.clone(), reading.clone()));
}

/// Every fix of a message with two SPF records is tried.
#[divan::bench]
fn prove_every_fix(bencher: Bencher) {
    let evidence = samples::find("two-spf").unwrap().evidence(jiff::Timestamp::UNIX_EPOCH, Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = diagnose(Arc::new(evidence), reading);
    bencher.with_inputs(|| diagnosis.clone()).bench_values(prove);
}
