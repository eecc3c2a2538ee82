//! `postdoc troubleshoot`: the linear form of the path.

use super::*;

#[test]
fn the_symptoms_are_listed_and_each_asks_with_its_reason() {
    let home = Home::new();
    let out = home.run(&["troubleshoot"]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""));
    let ids: Vec<String> = out.stdout.lines().filter_map(|l| l.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(ids.len(), 11, "{}", out.stdout);
    assert_eq!(home.run(&["troubleshoot", "--json"]).json()[10]["id"], ids[10].as_str());
    assert_eq!(home.run(&["troubleshoot", "-f", "ndjson"]).stdout.lines().count(), 11);
    for id in &ids {
        let out = home.run(&["troubleshoot", id]);
        assert_eq!(out.status, 3, "{id}: nothing is known");
        assert!(out.stdout.contains("1. next: "), "{}", out.stdout);
        assert!(out.stdout.contains("   Why: "), "{}", out.stdout);
    }
    let out = home.run(&["troubleshoot", "no-such"]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("symptoms are rejected, in-spam, "), "{}", out.stderr);
}

#[test]
fn a_path_ends_in_the_cause_and_its_proven_fix() {
    let home = Home::new();
    let out = home.run(&["troubleshoot", "in-spam", "--sample", "two-spf", "--now", NOW]);
    assert_eq!(out.status, 1, "{}", out.stderr);
    assert!(out.stdout.contains("it cures"), "{}", out.stdout);
    assert!(out.stdout.contains("postdoc explain spf-multiple-records"), "{}", out.stdout);
    insta::assert_snapshot!("troubleshoot", out.stdout);
    let plain = home.run(&["troubleshoot", "in-spam", "--sample", "two-spf", "--now", NOW, "-f", "plain"]);
    assert!(plain.stdout.contains("\ncause\tspf-multiple-records\t"), "{}", plain.stdout);
}

#[test]
fn evidence_goes_in_any_order_and_answers_are_checked() {
    let home = Home::new();
    let bounce = home.file("b.txt", include_bytes!("../scenarios/feedback-abuse/input"));
    let args = ["troubleshoot", &bounce, "complaint", "--answer", "consent=yes", "-f", "json", "--offline"];
    let out = home.run(&args);
    let told = out.json();
    assert_eq!(told["conclusion"]["cause"]["rule"], "complaint-received", "{told:#}");
    assert!(told["conclusion"]["look"][0].as_str().unwrap().contains("date, time with time zone, IP address, URL"));
    assert_eq!(schema::faults(&json::strict(&home, "path"), &told), [""; 0]);
    let out = home.run(&["troubleshoot", "complaint", "--answer", "consent=perhaps"]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("there are yes, part, no"), "{}", out.stderr);
}
