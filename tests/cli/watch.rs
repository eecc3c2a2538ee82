//! `postdoc watch`, against a name server on loopback that is resolver, parent and name server at once.

use super::dnsd::{Dnsd, World};
use super::*;

const ZONE: &str = r#"
test. NS a.gtld.test.
a.gtld.test. A 192.0.2.1
example.test. SOA ns1.example.test. host.example.test. 7 7200 900 1209600 60
example.test. NS ns1.example.test.
ns1.example.test. A 192.0.2.53
_dmarc.example.test. 300 TXT "v=DMARC1; " "p=none"
"#;

fn server() -> Dnsd {
    Dnsd::start(World::of(ZONE).authority())
}

fn command(home: &Home, server: &Dnsd, args: &[&str]) -> Command {
    let resolver = server.addr.to_string();
    let mut command = home.command(&[&["watch", "--resolver", &resolver], args].concat());
    command.env("POSTDOC_ADDRESS_MAP", format!("*:53={}", server.addr));
    command
}

fn watch(args: &[&str]) -> Out {
    let server = server();
    finish(command(&Home::new(), &server, args), b"")
}

fn events(out: &Out) -> Vec<Value> {
    let schema: Value = serde_json::from_str(include_str!("../../assets/schemas/event.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<Value> = out.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for event in &events {
        let errors: Vec<String> = validator.iter_errors(event).map(|e| format!("{e} at {}", e.instance_path)).collect();
        assert!(errors.is_empty(), "{event}: {errors:?}");
    }
    events
}

#[test]
fn everyone_agrees_at_once() {
    let out = watch(&["_dmarc.Example.test.", "txt", "--expect", "v=DMARC1; p=none", "-f", "ndjson"]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""), "{}", out.stdout);
    let events = events(&out);
    let names: Vec<&str> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], names.iter().filter(|n| **n == "answer").count()), ("watch", 2), "{names:?}");
    let done = events.last().unwrap();
    assert_eq!((&done["event"], &done["result"], &done["agree"]), (&"done".into(), &"agreed".into(), &2.into()));
    assert_eq!(done["servers"][0]["server"], "ns1.example.test");
    assert_eq!(done["servers"][0]["records"][0], "\"v=DMARC1; p=none\"");
    let zone = events.iter().find(|e| e["event"] == "zone").unwrap();
    assert_eq!((&zone["zone"], &zone["delegated"][0]), (&"example.test".into(), &"ns1.example.test".into()));
    let human = watch(&["_dmarc.example.test", "TXT"]);
    assert_eq!(human.status, 0);
    assert!(human.stdout.contains("everyone agrees after 0:00: 1 name server, 1 resolver"), "{}", human.stdout);
    assert!(!human.stdout.contains(['\u{7}', '\u{1b}']), "no bell and no colour in a pipe");
}

#[test]
fn a_wrong_value_is_one_and_nothing_is_four() {
    let soon = ["--timeout", "300ms"];
    let wrong = watch(&[&["_dmarc.example.test", "TXT", "--expect", "v=DMARC1; p=reject"], &soon[..]].concat());
    assert_eq!(wrong.status, 1, "{}", wrong.stdout);
    assert!(wrong.stdout.contains("every name server of the zone has something else"), "{}", wrong.stdout);
    let none = watch(&[&["s1._domainkey.example.test", "TXT", "--expect", "x", "-f", "json"], &soon[..]].concat());
    assert_eq!(none.status, 4, "{}", none.stdout);
    let events = events(&none);
    assert_eq!(events.last().unwrap()["result"], "timed-out");
    assert!(events.iter().any(|e| e["hint"] == "not-published"), "{}", none.stdout);
    let plain = watch(&[&["s1._domainkey.example.test", "TXT", "-f", "plain"], &soon[..]].concat());
    assert!(plain.stdout.lines().all(|l| l.split('\t').count() == 6), "{}", plain.stdout);
}

#[test]
fn what_cannot_be_watched_is_said() {
    for (args, word) in [
        (&["example.test", "TXT", "--offline"][..], "--offline"),
        (&["example.test", "TEXT"], "CNAME"),
        (&["example.test", "A", "--expect", "mx.example.test"], "192.0.2.1"),
        (&["example", "A"], "no name in DNS"),
        (&["a..example.test", "A"], "no name in DNS"),
        (&["example.test", "A", "--interval", "10ms"], "once a second"),
    ] {
        let out = watch(args);
        assert_eq!((out.status, out.stdout.as_str()), (2, ""), "{args:?}");
        assert!(out.stderr.contains(word), "{args:?}: {}", out.stderr);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_prints_what_is_known() {
    use std::io::BufRead;
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let (server, home) = (server(), Home::new());
        let mut command = command(&home, &server, &["s1._domainkey.example.test", "TXT", "-f", "ndjson"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("\"event\":\"hint\"")), "each line is there at once");
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let last: Value = serde_json::from_str(&lines.last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["result"]), (&"done".into(), &"interrupted".into()));
        assert_eq!(child.wait().unwrap().code(), Some(status));
    }
}
