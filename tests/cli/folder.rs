//! A folder of messages: many at once, each in its place.

use super::dnsd::{Dnsd, World as Zone};
use super::{Home, NOW};
use serde_json::Value;

const ZONE: &str = "example. SOA ns.example. host.example. 1 3600 600 86400 60\n\
     d7.example. TXT \"v=spf1 ip4:192.0.2.7 -all\"\n";

const MESSAGES: usize = 30;

/// Every message has a domain of its own.
fn folder(home: &Home) -> String {
    let folder = home.dir.path().join("mail");
    std::fs::create_dir(&folder).unwrap();
    for n in 0..MESSAGES {
        let text = format!(
            "Return-Path: <b@d{n}.example>\n\
             Received: from m.d{n}.example (m.d{n}.example [192.0.2.{n}]) by mx.inbox.test with ESMTPS id 1;\n\
             \tTue, 2 Jun 2026 10:00:03 +0000\n\
             From: a@d{n}.example\n\nHello\n"
        );
        std::fs::write(folder.join(format!("{n:02}.eml")), text).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

/// What is told of each, but for how long it took.
fn told(home: &Home, server: &Dnsd, folder: &str) -> Vec<Value> {
    let resolver = server.addr.to_string();
    let asked = ["--now", NOW, "--resolver", &resolver, "--try-timeout", "60s", "--timeout", "120s"];
    let out = home.run(&[&["diagnose", "-f", "ndjson", "--no-save", folder], &asked[..]].concat());
    assert_eq!(out.stderr, "");
    let line = |line: &str| {
        let mut document: Value = serde_json::from_str(line).unwrap();
        document["dns"]["elapsed_ms"].take();
        document
    };
    // Commands that prove a cure name the resolver.
    let port = format!("-p {}", server.addr.port());
    out.stdout.replace(&port, "").lines().map(line).collect()
}

#[test]
fn messages_wait_for_answers_together() {
    let home = Home::new();
    let folder = folder(&home);
    let at_once = told(&home, &Dnsd::start(Zone::of(ZONE)), &folder);
    // No answer comes before each of them has put two questions.
    let held = told(&home, &Dnsd::start(Zone::of(ZONE).gate(2 * MESSAGES)), &folder);
    assert_eq!(held, at_once);
    assert_eq!(held.len(), MESSAGES);
    for (n, document) in held.iter().enumerate() {
        assert!(document["input"]["name"].as_str().unwrap().ends_with(&format!("{n:02}.eml")));
        let passes = document["computed"]["spf"]["result"].as_str() == Some("pass");
        assert_eq!(passes, n == 7, "{document}");
    }
}
