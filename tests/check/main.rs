//! `postdoc check`: the binary against a name server in process.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../dnsd/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod dnsd;
mod faults;
mod fix;
mod parts;

use dnsd::{Dnsd, World};
use serde_json::Value;
use std::process::Command;

const ZONE: &str = r#"
example.com. SOA ns1.dns.test. hostmaster.example.com. 2026112801 3600 600 1209600 300
example.com. NS ns1.dns.test.
example.com. NS ns2.dns.test.
example.com. MX 10 mx1.example.com.
example.com. A 192.0.2.80
example.com. TXT "v=spf1 include:send.test ip4:192.0.2.5 ~all"
example.com. TXT "some-verification=abc"
send.test. TXT "v=spf1 ip4:198.51.100.0/24 ~all"
mx1.example.com. A 192.0.2.5
5.2.0.192.in-addr.arpa. PTR mx1.example.com.
_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
s1._domainkey.example.com. TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1rbVmKVA+MLG4qQucrBGiFGPBd8pE6ZJ6bKYp4S9somJuLzHgiAs8W0EMlEMFTcCdMsWZ3k9bya7HOqLNGcTbPQDaYe2HIxO1vGs6ywGJUlGYcd5N57fYany05S6wDAzSLErpkTlk8Ud8NKEVUH34OLGOCat1DcGkIqHc6KuKXo361/atL7kK8cB1KodblEN/" "DhNDjq3Ko8d7JBzEVDStQsJSw9RkMEGBGiFDsCnnVtc9TPShpghsh3wlX4cr7flgsWt5rJ9pTsfAj0hK+W73sLf3yRYahU7uXqE6Iebq5tZadcATG4uxQ86cxXDo8jky0RJlwp4/w34HFrGqDNX+QIDAQAB"
broken.test. TXT "v=spf1 ip4: -all"
ns1.dns.test. A 192.0.2.53
ns2.dns.test. A 192.0.2.54
"#;

struct Out {
    status: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program against a server that also stands in for every authoritative one.
fn check(server: &Dnsd, args: &[&str]) -> Out {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSTDOC_") || name.contains("COLOR")) {
        command.env_remove(name);
    }
    let out = command
        .args(["check", "--no-save", "--now", "2026-06-10T12:00:00Z", "--resolver", &server.addr.to_string()])
        .args(args)
        .env("POSTDOC_ADDRESS_MAP", format!("*:53={}", server.addr))
        .env("LANG", "C.UTF-8")
        .output()
        .unwrap();
    Out {
        status: out.status.code().unwrap(),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

fn json(out: &Out) -> Value {
    serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr))
}

#[test]
fn what_is_published_is_told_with_outcome_ttl_and_meaning() {
    let server = Dnsd::start(World::of(ZONE));
    let out = check(&server, &["example.com", "--selector", "s1", "--ip", "192.0.2.5", "-f", "json"]);
    let told = json(&out);
    assert_eq!((told["schema"].as_str(), told["domain"].as_str()), (Some("postdoc/domain"), Some("example.com")));
    assert_eq!((told["verdict"]["state"].as_str(), out.status), (Some("pass"), 0), "{told:#}");
    let records = &told["records"];
    assert_eq!(records["spf"]["raw"][0], "\"v=spf1 include:send.test ip4:192.0.2.5 ~all\"");
    assert_eq!(records["spf"]["raw"].as_array().unwrap().len(), 1, "other TXT of the name are no SPF");
    assert_eq!(records["spf"]["parsed"]["terms"][0], "include:send.test");
    assert_eq!(records["dmarc"]["parsed"]["p"], "reject");
    assert_eq!(records["mx"]["parsed"][0]["exchange"], "mx1.example.com");
    assert_eq!(records["aaaa"]["outcome"], "nodata");
    assert_eq!(records["dkim"][0]["name"], "s1._domainkey.example.com");
    assert_eq!(records["ptr"][0]["parsed"][0], "mx1.example.com");
    assert_eq!(records["ns"]["ttl"], 300);
    assert_eq!((told["spf"]["lookups"].as_u64(), told["spf"]["void_lookups"].as_u64()), (Some(1), Some(0)));
    assert_eq!(told["spf"]["tree"]["terms"][0]["below"]["domain"], "send.test");
    assert!(told["dns"]["queries"].as_u64() > Some(10) && told["dns"]["rounds"].as_u64() > Some(1), "{}", told["dns"]);
}

#[test]
fn several_domains_are_told_as_they_finish_one_line_each() {
    let server = Dnsd::start(World::of(ZONE));
    let out = check(&server, &["example.com", "broken.test", "192.0.2.5", "-f", "ndjson"]);
    let mut names = Vec::new();
    for line in out.stdout.lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        names.push(told["domain"].as_str().or(told["ip"].as_str()).unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["192.0.2.5", "broken.test", "example.com"]);
    // The broken record decides the status of the whole.
    assert_eq!(out.status, 1);
}

#[test]
fn what_cannot_be_checked_is_a_usage_error() {
    let server = Dnsd::start(World::of(ZONE));
    for args in [&["not a domain"][..], &["example.com", "--only", "everything"], &["example.com", "--platform", "x"]] {
        let out = check(&server, args);
        assert_eq!((out.status, out.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!out.stderr.is_empty());
    }
    assert!(server.log().is_empty());
}

#[test]
fn offline_nothing_is_asked_and_nothing_is_claimed() {
    let server = Dnsd::start(World::of(ZONE));
    let out = check(&server, &["example.com", "--offline", "-f", "json"]);
    let told = json(&out);
    assert_eq!((told["verdict"]["state"].as_str(), out.status), (Some("unknown"), 3));
    assert!(told["findings"].as_array().unwrap().is_empty() && server.log().is_empty());
}
