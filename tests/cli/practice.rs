//! `postdoc practice` without a terminal.

use super::*;

fn practice(args: &[&str]) -> Out {
    let home = Home::new();
    finish(home.command(&[&["practice"], args].concat()), b"")
}

#[test]
fn the_lessons_are_listed() {
    let out = practice(&[]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""));
    let ids: Vec<&str> = out.stdout.lines().filter_map(|l| l.split(' ').next()).collect();
    let new = postdoc::practice::setups().iter().map(|s| s.id);
    assert_eq!(ids, postdoc::practice::all().iter().map(|l| l.id).chain(new).collect::<Vec<_>>());
    assert!(practice(&["--list", "-f", "plain"]).stdout.contains("lesson\tno-ptr\tptr-missing\t"));
    assert_eq!(practice(&["--list", "--json"]).json()[0]["id"], ids[0]);
    assert_eq!(practice(&["--list", "-f", "ndjson"]).stdout.lines().count(), ids.len());
    let out = practice(&["no-such-lesson"]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("there are spf-missing, "), "{}", out.stderr);
}

#[test]
fn a_walk_goes_from_the_fault_to_the_pass() {
    let out = practice(&["dkim-wrong-key", "-f", "plain"]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""), "{}", out.stdout);
    let words: Vec<&str> = out.stdout.lines().filter_map(|l| l.split('\t').next()).collect();
    assert_eq!(words.first(), Some(&"lesson"));
    assert!(matches!(words[2], "warn" | "fail"), "{words:?}");
    assert_eq!(words[3..], ["finding", "fix", "published", "arrived", "pass", "learnt"]);
    assert!(out.stdout.contains("arrived\tINBOX\n"));
    assert!(practice(&["dmarc-unaligned", "-f", "plain"]).stdout.contains("arrived\tJunk\n"));
    let out = practice(&["dkim-wrong-key", "--offline"]);
    assert_eq!(out.status, 0, "nothing leaves this machine anyway");
    assert!(
        out.stdout.contains(
            "✗ DATA       signed by shop.example: DKIM permerror: what stands at s1._domainkey.shop.example is no"
        ),
        "{}",
        out.stdout
    );
    assert!(out.stdout.contains("✓ DATA       signed by shop.example: DKIM pass"), "{}", out.stdout);
}

#[test]
fn a_new_domain_goes_from_nothing_to_three_passes() {
    let out = practice(&["new-platform", "-f", "plain"]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""), "{}", out.stdout);
    let line = |start: &str| out.stdout.lines().any(|l| l.starts_with(start));
    assert!(line("published\tbrevo1._domainkey.letters.example. "), "{}", out.stdout);
    assert!(line("done\tBrevo finds its aliases"), "{}", out.stdout);
    assert!(line("checklist\tletters.example: everything that mail needs is published."), "{}", out.stdout);
    assert!(line("pass\t"), "{}", out.stdout);
}

#[test]
fn a_walk_as_events() {
    let out = practice(&["no-ptr", "--json"]);
    let schema: Value = serde_json::from_str(include_str!("../../assets/schemas/event.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<Value> = out.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let states: Vec<&str> = events.iter().map(|e| e["diagnosis"]["verdict"]["state"].as_str().unwrap()).collect();
    assert_eq!((events.len(), states[1]), (2, "pass"), "{states:?}");
    assert!(events.iter().all(|e| validator.is_valid(e)));
    assert_eq!(
        (&events[0]["client"]["name"], &events[1]["client"]["name"]),
        (&Value::Null, &"mail.shop.example".into())
    );
}
