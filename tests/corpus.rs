//! Reads every file of a folder of real messages and compares with what independent readers found.
//!
//! Needs `POSTDOC_CORPUS`, a folder with `expected.jsonl`; run with
//! `cargo test --test corpus -- --ignored --nocapture`.

#![allow(clippy::expect_used)]

mod corpus_oracle;

use corpus_oracle::{Case, EXPLAINED, fields};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder and every file in it; `None` where it is not given.
fn corpus() -> Option<(PathBuf, Vec<PathBuf>)> {
    let Some(root) = std::env::var_os("POSTDOC_CORPUS").map(PathBuf::from) else {
        eprintln!("POSTDOC_CORPUS is not set: skipped");
        return None;
    };
    let mut all = Vec::new();
    files(&root, &mut all);
    Some((root, all))
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// What the program prints of some files, offline. It neither panics nor complains of usage.
fn run(format: &str, files: &[PathBuf]) -> String {
    run_as("auto", format, files)
}

fn run_as(kind: &str, format: &str, files: &[PathBuf]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_postdoc"))
        .args(["diagnose", "-f", format, "--offline", "--now", "2026-11-21T00:00:00Z", "--as", kind])
        .args(files)
        .output()
        .expect("the program runs");
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(matches!(out.status.code(), Some(0 | 1 | 3)), "{:?}: {stderr}", out.status);
    assert!(!stderr.contains("panicked"), "{stderr}");
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// Diagnoses of all files, by path below the corpus.
fn diagnose(root: &Path, files: &[PathBuf]) -> BTreeMap<String, Value> {
    let mut results = BTreeMap::new();
    for chunk in files.chunks(200) {
        let text = run("ndjson", chunk);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), chunk.len(), "one object per input");
        for (line, path) in lines.into_iter().zip(chunk) {
            let value: Value = serde_json::from_str(line).expect("a line of JSON");
            let name = path.strip_prefix(root).expect("below the corpus").to_string_lossy().into_owned();
            results.insert(name, value);
        }
    }
    results
}

#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn real_mail_is_read_as_others_read_it() {
    let Some((root, all)) = corpus() else { return };
    let mut results = diagnose(&root, &all);
    assert_eq!(results.len(), all.len());
    // Of a notice we read the returned message, of a report its rows; the oracle reads the mail that brings them.
    let brought = |d: &Value| matches!(d["input"]["kind"].as_str(), Some("bounce" | "report"));
    let carriers: Vec<PathBuf> = results.iter().filter(|(_, d)| brought(d)).map(|(name, _)| root.join(name)).collect();
    for chunk in carriers.chunks(200) {
        for (line, path) in run_as("message", "ndjson", chunk).lines().zip(chunk) {
            let name = path.strip_prefix(&root).expect("below the corpus").to_string_lossy().into_owned();
            results.insert(name, serde_json::from_str(line).expect("a line of JSON"));
        }
    }

    let mut tally: BTreeMap<(&str, String), [u32; 3]> = BTreeMap::new();
    let mut used: BTreeMap<&str, u32> = BTreeMap::new();
    let mut differences = Vec::new();
    let expected = std::fs::read_to_string(root.join("expected.jsonl")).expect("the oracle");
    for row in expected.lines().map(|l| serde_json::from_str::<Value>(l).expect("a line of JSON")) {
        if row["agreed"] != true {
            continue;
        }
        let path = row["path"].as_str().expect("a path");
        let d = &results[path];
        let text = std::fs::read(root.join(path)).expect("a file");
        let text = String::from_utf8_lossy(&text).to_ascii_lowercase().replace("\r\n", "\n");
        let receiver = d["receiver"]["kind"].as_str().unwrap_or("other").to_owned();
        for (field, got, want) in fields(d, &row) {
            let [agree, explained, of] = tally.entry((field, receiver.clone())).or_default();
            *of += 1;
            let case = Case { field, got: &got, want: &want, ours: d, row: &row, text: &text };
            if got == want {
                *agree += 1;
            } else if let Some(class) = EXPLAINED.iter().find(|c| c.fields.contains(&field) && (c.holds)(&case)) {
                *explained += 1;
                *used.entry(class.name).or_default() += 1;
            } else {
                differences.push(format!("{path} {field}: {got} against {want}"));
            }
        }
    }
    println!("{:18} {:14} {:>6} {:>9} {:>6}", "field", "receiver", "agree", "explained", "of");
    for ((field, receiver), [agree, explained, of]) in &tally {
        println!("{field:18} {receiver:14} {agree:>6} {explained:>9} {of:>6}");
    }
    for class in EXPLAINED {
        println!("{:>5}  {}: {}", used.get(class.name).copied().unwrap_or(0), class.name, class.why);
    }
    let total: u32 = tally.values().map(|[.., of]| of).sum();
    assert!(total > 5_000, "only {total} compared");
    assert!(differences.is_empty(), "{} unexplained:\n{}", differences.len(), differences.join("\n"));
    let idle: Vec<_> = EXPLAINED.iter().map(|c| c.name).filter(|name| !used.contains_key(name)).collect();
    assert!(idle.is_empty(), "these explain nothing any more: {idle:?}");
}

#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn what_the_receiver_passed_is_not_called_broken() {
    let Some((root, all)) = corpus() else { return };
    let mut accused = Vec::new();
    let mut passed = 0;
    for (path, d) in diagnose(&root, &all) {
        if d["reported"]["dmarc"]["result"] != "pass" {
            continue;
        }
        passed += 1;
        for f in d["findings"].as_array().into_iter().flatten().filter(|f| f["severity"] == "critical") {
            accused.push(format!("{path}: {} {}", f["rule"], f["title"]));
        }
    }
    println!("{passed} messages with dmarc=pass");
    assert!(passed > 100);
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}

/// Whatever a domain of the oracle's aligned pass is, our own alignment says so too, unless From
/// was rewritten after the check.
#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn what_passed_and_is_aligned_is_called_so() {
    let Some((root, all)) = corpus() else { return };
    let (mut denied, mut seen) = (Vec::new(), 0);
    for (path, d) in diagnose(&root, &all) {
        let from = &d["identities"]["from"]["domain"];
        let judged = &d["reported"]["dmarc"]["domain"];
        if !judged.is_null() && judged != from {
            continue;
        }
        for (leg, passed) in [("spf", corpus_oracle::spf_aligned(&d)), ("dkim", corpus_oracle::dkim_aligned(&d))] {
            if passed == Value::Bool(true) {
                seen += 1;
                if !matches!(d["alignment"][leg].as_str(), Some("strict" | "relaxed")) {
                    denied.push(format!("{path} {leg}: {}", d["alignment"][leg]));
                }
            }
        }
    }
    assert!(seen > 300, "{seen}");
    assert!(denied.is_empty(), "{}", denied.join("\n"));
}

/// C0, DEL and C1 move the cursor; bidirectional controls reorder, and invisible ones hide.
fn is_raw(c: char, tab: bool) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    let bidi = matches!(c, '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{2028}' | '\u{2029}');
    (c.is_control() && c != '\n' && !(tab && c == '\t')) || invisible || bidi
}

#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn no_stranger_reaches_the_terminal() {
    let Some((_, all)) = corpus() else { return };
    for format in ["human", "plain", "markdown", "ndjson"] {
        let mut raw = BTreeSet::new();
        let mut bytes = 0;
        for chunk in all.chunks(200) {
            let text = run(format, chunk);
            bytes += text.len();
            // JSON keeps the sender's text as it is; only controls are escaped.
            let bad = |c: &char| {
                if format == "ndjson" { c.is_control() && *c != '\n' } else { is_raw(*c, format == "plain") }
            };
            for line in text.lines().filter(|l| l.chars().any(|c| bad(&c))) {
                raw.insert(format!("{line:?}"));
            }
        }
        println!("{format}: {bytes} bytes");
        assert!(bytes > 100_000, "{format}: {bytes}");
        assert!(raw.is_empty(), "{format}: {} lines, such as {:?}", raw.len(), raw.iter().take(5).collect::<Vec<_>>());
    }
}

/// Every DMARC and TLS report is read, or refused with a reason that says where it is broken.
#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn every_report_is_read_or_refused_with_a_reason() {
    let Some((root, all)) = corpus() else { return };
    let all: Vec<_> = all.into_iter().filter(|p| p.parent().is_some_and(|f| f.ends_with("parsedmarc"))).collect();
    let (mut read, mut refused) = (0, 0);
    for (name, told) in diagnose(&root, &all) {
        let kind = told["input"]["kind"].as_str().unwrap_or_default().to_owned();
        let headline = told["verdict"]["headline"].as_str().unwrap_or_default().to_owned();
        let report = &told["report"];
        // A failure report is about one message (RFC 9991): it is mail, and no aggregate.
        let aggregate = !name.ends_with(".eml")
            || name.contains("Report domain-")
            || name.contains("tls_report")
            || name.contains("mimecast")
            || name.contains("twilight");
        println!("{name}: {kind}, {}", if report.is_null() { headline.as_str() } else { "read" });
        match (aggregate, report.is_null()) {
            (true, false) => {
                read += 1;
                let (dmarc, tls) = (&report["dmarc"], &report["tls"]);
                assert!(
                    dmarc["rows"].as_array().is_some_and(|r| !r.is_empty()) || tls["policies"].is_array(),
                    "{name}"
                );
            }
            (true, true) => {
                refused += 1;
                assert!(
                    headline.contains("cannot be read: ") || headline == "The input is empty.",
                    "{name}: {headline}"
                );
            }
            (false, _) => assert_ne!(kind, "unknown", "{name}"),
        }
    }
    assert!(read > 20 && refused < 5, "{read} read, {refused} refused");
}

/// What a delivery status says of itself, found without MIME: groups of fields with a Status above the returned message.
fn own_status_fields(raw: &str) -> Vec<String> {
    let lower = raw.to_ascii_lowercase().replace("\r\n", "\n");
    let returned =
        ["\ncontent-type: message/rfc822", "\ncontent-type: text/rfc822-headers", "\ncontent-type:message/rfc822"];
    let end = returned.iter().filter_map(|r| lower.find(r)).min().unwrap_or(lower.len());
    let groups = lower[..end].split("\n\n");
    let names = ["final-recipient:", "original-recipient:", "action:"];
    let status = |group: &str| {
        group.lines().any(|l| names.iter().any(|n| l.starts_with(n))).then_some(())?;
        let value = group.lines().find_map(|l| l.strip_prefix("status:"))?.trim();
        Some(value.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?.to_owned()).filter(|v| v.len() >= 5)
    };
    groups.filter_map(status).collect()
}

/// Real bounces and feedback reports: their own status fields are told exactly, and hardly any means nothing.
#[test]
#[ignore = "needs POSTDOC_CORPUS"]
fn real_bounces_are_decoded() {
    let Some((root, all)) = corpus() else { return };
    let bounces: Vec<PathBuf> = all.into_iter().filter(|p| p.starts_with(root.join("bounces"))).collect();
    let results = diagnose(&root, &bounces);
    let mut table: BTreeMap<String, u32> = BTreeMap::new();
    let (mut unknown, mut wrong, mut own) = (Vec::new(), Vec::new(), 0);
    for path in &bounces {
        let name = path.strip_prefix(&root).expect("below the corpus").to_string_lossy().into_owned();
        let recipients = results[&name]["bounce"]["recipients"].as_array().cloned().unwrap_or_default();
        let field = |r: &Value, key: &str| r[key].as_str().unwrap_or_default().to_owned();
        let said = own_status_fields(&String::from_utf8_lossy(&std::fs::read(path).expect("a file")));
        let told: Vec<String> = recipients.iter().map(|r| field(r, "status")).collect();
        own += u32::from(!said.is_empty());
        if !said.is_empty() && said != told {
            wrong.push(format!("{name}: {said:?}, told {told:?}"));
        }
        let bad = |r: &&Value| matches!(r["action"].as_str(), Some("failed" | "delayed"));
        let lost = recipients.iter().filter(bad).any(|r| r["category"] == "unknown");
        if recipients.is_empty() || lost {
            unknown.push(name.clone());
        }
        let first = recipients.first().map_or("none".to_owned(), |r| field(r, "category"));
        *table.entry(first).or_default() += 1;
    }
    println!("{} files, {own} with status fields of their own", bounces.len());
    table.iter().for_each(|(category, n)| println!("{n:5} {category}"));
    println!("unknown: {unknown:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unknown.len() * 20 <= bounces.len(), "{} of {}: {unknown:#?}", unknown.len(), bounces.len());
}
