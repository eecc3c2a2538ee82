//! Signed test messages of other projects, with their keys: what each signature and chain comes to.
//!
//! Needs `POSTDOC_CORPUS`; run with `cargo test --test corpus_signed -- --ignored --nocapture`. The keys are those that
//! the test data brings along, and a few that their owners published and that archives of DNS still have. Where no key
//! is at hand only the body can be judged: the selectors of `spamassassin-dkim/` and `spamassassin-dmarc/` were in a live
//! zone, those of corp.mail.ru, xs4all.net, amazonses.com, backschues.net, fastmailteam.com, messagingengine.com and of
//! Outlook.com itself are in no file of the corpus. `DKIM2-Signature` is another, unfinished standard: its 47 cases
//! carry no signature that is verified here, and are not taken for one.

#![allow(clippy::expect_used)]

use postdoc::evidence::{Answer, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use postdoc::facts::dkim::{DkimResult, Hash};
use postdoc::facts::{Facts, Reading};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records that were published when the messages were sent.
const PUBLISHED: &[(&str, &str)] = &[
    (
        "20120113._domainkey.gmail.com",
        "k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1Kd87/UeJjenpabgbFwh+eBCsSTrqmwIYYvywlbhbqoo2DymndFkbjOVIPIldNs/m40KF+yzMn1skyoxcTUGCQs8g3FgD2Ap3ZB5DekAo5wMmk4wimDO+U8QzI3SD07y2+07wlNWwIt8svnxgdxGkVbbhzY8i+RQ9DpSVpPbF7ykQxtKXkv/ahW3KjViiAH+ghvvIhkx4xYSIc9oSwVmAl5OctMEeWUwg8Istjqz8BZeTWbf41fbNhte7Y+YqZOwq1Sd0DbvYAD9NOZK9vlfuac0598HY+vtSBczUiKERHv1yRbcaQtZFh5wtiRrN04BLUTD21MycBX5jYchHjPY/wIDAQAB",
    ),
    (
        "20210112._domainkey.google.com",
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtnbQAeqvEP2pG2L540W9JvVU7qy767Zs83Hjw34PCkZ9/9dWE6cK+CYaMNIQqTGfwq4uUe3diBuz3Uikkr+WPMj9AuxtxJqUAO8PsZ2Y5DneFpz5kVesC9/rtXgCwgYOmO9UjSy4IN11ewXUBuCH+zp2v5Abv5T0Lol/nWl8wLgRI1IesstingY4cnSfo3Pq3U0I1GAxdNFCK2FPedPpg4sdPpHqtxVvRLMLamRKoUfySBMjpXuMNL0UeCizmFfdUL73ZdiS+MNxGECzFNmeCngFBscLQN++urvfB9OqHQrbxLIwNyni3KMbE/E+cxPkx4KxhyGHSU2klV1vvIAHfwIDAQAB",
    ),
    (
        "arcselector9901._domainkey.microsoft.com",
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAohCECx8ACVIj42taMc8G2ljiDmsboUW4mgasOg3/2Ay1D37DwK0CE1aok6x0x6dQ4FC/NGdeksPjT/ZLYH+zwwUvElJwd8adtZK4E7AT9Rzr6WPtTiFHi87em6n12HTvp8plpGHXnm8vdFrTxcCUguwUBzbe6MB12Dc3vSURcOUqfa6Dlj/6cNehl+PMonqlLxOl2KmpTJ/Vy9jhdFOu50xEhXIT5ocOa4tX12hfoMpZfBW6iU5QIyvnEFkJuF8Ibs7Hhr7Ec1GZc6tgOd5uNTAnnvh+xiYs8e722H5iDecMsBzj+I9U+CBY1ACwY9hTC1UDNu3xS+WKQNgvnifdIQIDAQAB",
    ),
    (
        "s2048._domainkey.yahoo.com",
        "k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuoWufgbWw58MczUGbMv176RaxdZGOMkQmn8OOJ/HGoQ6dalSMWiLaj8IMcHC1cubJx2gziAPQHVPtFYayyLA4ayJUSNk10/uqfByiU8qiPCE4JSFrpxflhMIKV4bt+g1uHw7wLzguCf4YAoR6XxUKRsAoHuoF7M+v6bMZ/X1G+viWHkBl4UfgJQ6O8F1ckKKoZ5KqUkJH5pDaqbgs+F3PpyiAUQfB6EEzOA1KMPRWJGpzgPtKoukDcQuKUw9GAul7kSIyEcizqrbaUKNLGAmz0elkqRnzIsVpz6jdT1/YV5Ri6YUOQ5sN5bqNzZ8TxoQlkbVRy6eKOjUnoSSTmSAhwIDAQAB;",
    ),
];

const FOLDERS: [&str; 5] = ["mail-auth", "mimekit-dkim", "mox", "spamassassin-dkim", "spamassassin-dmarc"];

/// What the signatures come to, top to bottom, and the chain; `key missing` says what the body alone does.
struct Known {
    path: &'static str,
    signatures: &'static [&'static str],
    chain: &'static str,
    /// Where that is not simply what its project says: why.
    because: &'static str,
}

const fn known(
    path: &'static str,
    signatures: &'static [&'static str],
    chain: &'static str,
    because: &'static str,
) -> Known {
    Known { path, signatures, chain, because }
}

const NO_KEY: &str = "key not at hand: body match";
/// That needs no key.
const CHANGED: &str = "body-hash-mismatch";
const LISTED: &str =
    "lists rewrote the body and From on the way: the older signatures are over what stood there before";
const SHA1: &str = "a=rsa-sha1 must not be verified any more (RFC 8301 §3.1); its project takes it";

/// All that have a signature; the others come to nothing and no chain.
const KNOWN: &[Known] = &[
    known(
        "mail-auth/001.txt",
        &["pass", "pass", "body-hash-mismatch"],
        "pass",
        "the author's signature is from before the list",
    ),
    known("mail-auth/001.txt.c0e815", &["pass", "pass"], "none", ""),
    known("mail-auth/002.txt", &["pass"], "pass", ""),
    known(
        "mail-auth/002.txt.bd09b6",
        &["key-syntax"],
        "none",
        "its key is a bare RSAPublicKey. RFC 6376 §3.6.1 says so, and erratum 3017 that all publish SubjectPublicKeyInfo: \
         OpenDKIM reads nothing else, so such a key is called wrongly wrapped",
    ),
    known("mail-auth/003.txt", &["pass", "pass"], "none", ""),
    known("mail-auth/004.txt", &["pass"], "none", ""),
    known("mail-auth/005.txt", &["expired"], "none", "x= has passed, and no Received field says that it came before"),
    known("mail-auth/006.txt", &["pass"], "none", ""),
    known("mail-auth/004.eml", &[CHANGED], "none", "a report whose returned header was shortened for the test"),
    known("mail-auth/100.eml", &["pass"], "none", ""),
    known("mail-auth/101.eml", &[NO_KEY, NO_KEY], "none", ""),
    known("mail-auth/102.eml", &[NO_KEY], "none", ""),
    known("mail-auth/103.eml", &[NO_KEY], "pass", ""),
    known("mail-auth/104.eml", &[NO_KEY, NO_KEY], "none", ""),
    known("mail-auth/interop_brong_chain_hop2.eml", &["pass", "body-hash-mismatch", CHANGED, CHANGED], "none", LISTED),
    known(
        "mail-auth/interop_brong_chain_hop3.eml",
        &["body-hash-mismatch", "body-hash-mismatch", CHANGED, CHANGED],
        "none",
        LISTED,
    ),
    known("mail-auth/interop_brong_chain_hop4.eml", &["pass", "body-hash-mismatch", CHANGED, CHANGED], "none", LISTED),
    known(
        "mail-auth/interop_brong_chain_hop5.eml",
        &["pass", "body-hash-mismatch", CHANGED, CHANGED],
        "unknown",
        LISTED,
    ),
    known(
        "mail-auth/interop_brong_chain_hop6.eml",
        &["pass", "body-hash-mismatch", CHANGED, CHANGED],
        "unknown",
        LISTED,
    ),
    known("mimekit-dkim/gmail.msg", &["pass"], "none", ""),
    known("mimekit-dkim/multipart-no-end-boundary.msg", &["pass"], "none", ""),
    known("mimekit-dkim/related.msg", &["pass"], "none", ""),
    known("mimekit-dkim/rfc8463-example.msg", &["pass", "pass"], "none", ""),
    known("mox/example.eml", &["pass"], "none", ""),
    known("mox/google.eml", &["pass"], "none", ""),
    known("mox/yahoo.eml", &["pass"], "none", ""),
    known("mox/mailru.eml", &[NO_KEY], "none", ""),
    known("mox/xs4all.eml", &[NO_KEY], "none", ""),
    known("mox/microsoft.eml", &[NO_KEY], "pass", ""),
    known("mox/outlook.eml", &[NO_KEY], "pass", ""),
    known("mox/parse3.eml", &[NO_KEY], "pass", ""),
    known("mox/parse.eml", &["weak-algorithm"], "none", SHA1),
    known("mox/parse2.eml", &["weak-algorithm"], "none", SHA1),
    known("spamassassin-dkim/test-pass-01.msg", &["weak-algorithm"], "none", SHA1),
    known("spamassassin-dkim/ok01.eml", &[NO_KEY], "unknown", ""),
    known("spamassassin-dkim/ko01.eml", &[NO_KEY], "none", ""),
    known("spamassassin-dmarc/noneok.eml", &["weak-algorithm"], "none", SHA1),
    known("spamassassin-dmarc/quarok.eml", &["weak-algorithm"], "none", SHA1),
    known("spamassassin-dmarc/rejectok.eml", &["weak-algorithm"], "none", SHA1),
    known("spamassassin-dmarc/strictrejectok.eml", &["weak-algorithm"], "none", SHA1),
];

/// `test-fail-02` and its kin: their project makes them fail or pass by the zone alone, and the bodies are whole.
fn by_the_zone_alone(path: &str) -> bool {
    let numbered = |kind: &str, from: u32| {
        let n = path.strip_prefix("spamassassin-dkim/test-").and_then(|p| p.strip_prefix(kind));
        n.and_then(|n| n.strip_suffix(".msg")?.parse::<u32>().ok()).is_some_and(|n| n >= from)
    };
    numbered("fail-", 2) || numbered("pass-", 2)
}

/// Name and bytes.
type Messages = Vec<(String, Vec<u8>)>;

/// The messages, and the keys that stand above some of them.
fn messages(root: &Path) -> (Messages, BTreeMap<String, String>) {
    let mut keys: BTreeMap<String, String> =
        PUBLISHED.iter().map(|(name, record)| ((*name).to_owned(), (*record).to_owned())).collect();
    let mut all = Vec::new();
    for folder in FOLDERS {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).expect("a folder").flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files {
            let name = format!("{folder}/{}", file.file_name().expect("a name").to_string_lossy());
            let bytes = std::fs::read(&file).expect("a file");
            if name.contains(".txt") {
                let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
                let (above, message) = text.split_once("\n\n").expect("keys, then the message");
                keys.extend(above.lines().filter_map(|l| l.split_once(' ')).map(|(n, r)| (n.to_owned(), r.to_owned())));
                all.push((name, message.replace('\n', "\r\n").into_bytes()));
            } else if name.ends_with(".eml") || name.ends_with(".msg") {
                all.push((name, bytes));
            }
        }
    }
    (all, keys)
}

fn judged(name: &str, message: Vec<u8>, keys: &BTreeMap<String, String>) -> (Vec<String>, String) {
    let input = Input::read(name, message, Some(InputKind::Message)).expect("a message");
    let now = "2026-11-21T00:00:00Z".parse().expect("a time");
    let mut evidence = Evidence::new(input, Said::default(), now, true);
    for (name, record) in keys {
        let question = Question::new(name, Kind::Txt);
        let record = Record { name: question.name.to_string(), ttl: 60, data: postdoc::remedy::text(record) };
        evidence.answers.insert(question, Answer::new(Outcome::Records, vec![record], now));
    }
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let facts = Facts::gather(Arc::new(evidence), reading);
    let told = facts.verified.iter().map(|v| match (v.result, v.reason) {
        (Some(DkimResult::Pass), _) => {
            assert_eq!((v.header_hash, v.body_hash), (Hash::Match, Hash::Match), "{name}");
            "pass".to_owned()
        }
        (_, Some(reason)) => reason.word().to_owned(),
        _ => format!("key not at hand: body {}", v.body_hash.word()),
    });
    (told.collect(), facts.chain.map_or("unknown", |c| c.word()).to_owned())
}

#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn signed_messages_get_their_known_results() {
    let Some(root) = std::env::var_os("POSTDOC_CORPUS").map(PathBuf::from) else { return };
    let (messages, keys) = messages(&root);
    let (mut wrong, mut told, mut found) = (Vec::new(), BTreeMap::<String, u32>::new(), 0);
    for (path, message) in messages {
        let (signatures, chain) = judged(&path, message, &keys);
        let known = KNOWN.iter().find(|k| k.path == path);
        found += usize::from(known.is_some());
        let want = match known {
            Some(known) => (known.signatures, known.chain),
            None if by_the_zone_alone(&path) => (&[NO_KEY][..], "none"),
            None => (&[][..], "none"),
        };
        if signatures != want.0 || chain != want.1 {
            let because = known.map_or("", |k| k.because);
            wrong.push(format!("{path}: {signatures:?}, chain {chain}; known {want:?} {because}"));
        }
        for word in signatures {
            *told.entry(word).or_default() += 1;
        }
        if chain != "none" {
            *told.entry(format!("chain {chain}")).or_default() += 1;
        }
    }
    println!("{told:#?}");
    assert_eq!(found, KNOWN.len(), "every known message is in the corpus");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The cases of DKIM2 carry fields whose names only begin alike.
#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn dkim2_is_not_taken_for_dkim() {
    let Some(root) = std::env::var_os("POSTDOC_CORPUS").map(PathBuf::from) else { return };
    let cases = std::fs::read_to_string(root.join("mail-auth/cases.json")).expect("the cases");
    let cases: Value = serde_json::from_str(&cases).expect("JSON");
    let mut seen = 0;
    for case in cases.as_array().expect("a list") {
        let path = format!("mail-auth/{}", case["file"].as_str().expect("a file"));
        let Ok(message) = std::fs::read(root.join(&path)) else { continue };
        let told = judged(&path, message, &BTreeMap::new());
        seen += 1;
        // The interop chains went through lists that sign with DKIM beside it.
        if !path.contains("interop_brong_chain") {
            assert_eq!(told, (vec![], "none".to_owned()), "{path}");
        }
    }
    assert!(seen > 40, "{seen}");
}
