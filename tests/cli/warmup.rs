//! `postdoc warmup`: plans in every form, and the log of a mail system to its advice.

use crate::{Home, json};
use std::fmt::Write as _;
use std::io::Write as _;

const PLAN: [&str; 9] =
    ["warmup", "plan", "--target", "2000", "--start", "2026-06-01", "--domain-age", "400", "--platform=sparkpost"];

#[test]
fn a_plan_in_every_form() {
    let home = Home::new();
    let to = |form: &str| {
        let out =
            home.run(&[&PLAN[..], &["--to", form, "--share", "gmail=60", "--now", "2026-05-30T00:00:00Z"]].concat());
        assert_eq!((out.status, out.stderr.as_str()), (0, ""), "{form}");
        out.stdout
    };
    let human = to("human");
    assert!(human.contains("SparkPost: a new IP address") && human.contains("Gmail"), "{human}");
    let csv = to("csv");
    assert!(csv.starts_with("day,date,volume,hourly,Gmail,others\r\n1,2026-06-01,200,,120,80\r\n"), "{csv}");
    let named = ["--share", "gmail=60", "--now", "2026-05-30T00:00:00Z", "-f", "plain"];
    assert_eq!(home.run(&[&PLAN[..], &named].concat()).stdout, csv.replace(',', "\t").replace("\r\n", "\n"));
    let ics = to("ics");
    assert!(ics.contains("DTSTART;VALUE=DATE:20260601\r\n") && ics.contains("Gmail: 120"), "{ics}");
    assert!(to("markdown").contains("| 1 | 2026-06-01 | 200 | 120 | 80 |"));
    let schema = json::strict(&home, "warmup");
    let plan: serde_json::Value = serde_json::from_str(&to("json")).unwrap();
    assert_eq!(json::faults(&schema, &plan), [""; 0]);
    assert_eq!((&plan["plan"]["days"][0]["volume"], &plan["check"]), (&200.into(), &serde_json::Value::Null));
    // The format of everywhere does the same.
    let told = home.run(&[&PLAN[..], &["--json"]].concat()).json();
    assert_eq!(told["schema"], "postdoc/warmup");
}

fn postfix(day: u32, sent: usize, deferred: usize) -> String {
    let mut log = String::new();
    let relay = "relay=gmail-smtp-in.l.google.com[192.0.2.1]:25, delay=1";
    let _ = (0..sent).try_for_each(|n| {
        writeln!(log, "Jun  {day} 10:00:01 mx postfix/smtp[2]: A{n}: to=<u{n}@gmail.com>, {relay}, dsn=2.0.0, status=sent (250 2.0.0 OK - gsmtp)")
    });
    let _ = (0..deferred).try_for_each(|n| {
        writeln!(log, "Jun  {day} 10:00:02 mx postfix/smtp[2]: B{n}: to=<d{n}@gmail.com>, {relay}, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[192.0.2.1] said: 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail - gsmtp (in reply to end of DATA command))")
    });
    log
}

#[test]
fn a_log_is_read_and_judged() {
    let home = Home::new();
    let log = postfix(1, 200, 2) + &postfix(2, 300, 60);
    let file = home.file("mail.log", &log);
    let check = |file: &str, more: &[&str]| {
        let known = ["warmup", "check", "--log", file, "--target", "9000", "--now", "2026-06-02T20:00:00Z"];
        home.run(&[&known[..], more].concat())
    };
    let out = check(&file, &[]);
    assert_eq!(out.status, 1, "{}", out.stdout);
    assert!(out.stdout.contains("Step back: deferrals 16.7 % (60 of 360), most with 421 4.7.28"), "{}", out.stdout);
    assert!(out.stdout.contains("postdoc explain warmup-rate-limited"), "{}", out.stdout);
    assert!(out.stdout.contains("3 Jun: 150 messages at most"), "{}", out.stdout);
    assert!(out.stderr.contains("read as the log of postfix"));
    assert_eq!(check(&file, &["--fail-on", "critical", "-q"]).status, 0);
    let schema = json::strict(&home, "warmup");
    let told = check(&file, &["--to", "json", "-q"]).json();
    assert_eq!(json::faults(&schema, &told), [""; 0]);
    let day = &told["check"]["advice"][1];
    assert_eq!((&day["step"], &day["next"], &day["sent"]), (&"back".into(), &150.into(), &300.into()));
    assert_eq!(day["receivers"][0]["numbers"]["replies"][0]["code"], "421 4.7.28");
    // Packed, and from standard input.
    let path = home.file("mail.log.gz", "");
    let mut gz = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    gz.write_all(log.as_bytes()).unwrap();
    gz.finish().unwrap();
    assert_eq!(check(&path, &["--to", "json", "-q"]).json(), told);
    // What is typed beside it belongs to its last day.
    let listed = check(&file, &["--to", "csv", "-q", "--blocklist", "zen.spamhaus.org"]);
    assert!(listed.stdout.lines().last().unwrap().contains(",back,0,"), "{}", listed.stdout);
}

#[test]
fn numbers_are_typed_and_what_is_wrong_is_said() {
    let home = Home::new();
    let out = home.run(&["warmup", "check", "--sent", "400", "--hard", "1", "--complaints", "0", "--target", "5000"]);
    assert_eq!(out.status, 0, "{}{}", out.stdout, out.stderr);
    assert!(out.stdout.contains("Go on.") && out.stdout.contains("600 messages at most"), "{}", out.stdout);
    assert!(out.stderr.contains("not known") && out.stderr.contains("--start"), "{}", out.stderr);
    // A new address is measured by the plan, and nobody is allowed more than the target.
    let check = |args: &[&str]| home.run(&[&["warmup", "check", "--sent"], args].concat());
    let out = check(&["10000", "--ip", "new", "--target", "50000"]);
    assert!(
        out.status == 1 && out.stdout.contains("Step back: 10000 were sent where 50 were planned"),
        "{}",
        out.stdout
    );
    assert!(out.stderr.contains("taken for the first"), "{}", out.stderr);
    let out = check(&["20000", "--target", "1000"]);
    assert!(out.status == 1 && out.stdout.contains("1 000 messages at most"), "{}", out.stdout);
    let out = check(&["50", "--ip", "new", "--target", "50000"]);
    assert!(out.status == 0 && out.stdout.contains("Go on."), "{}", out.stdout);
    let wrong = |args: &[&str]| {
        let out = home.run(&[&["warmup"], args].concat());
        (out.status, out.stderr)
    };
    let (status, why) = wrong(&["check"]);
    assert!(status == 2 && why.contains("--log FILE"), "{why}");
    let (status, why) = wrong(&["check", "--sent", "10", "--hard", "20"]);
    assert!(status == 2 && why.contains("more bounced (20) than was sent (10)"), "{why}");
    let (status, why) = wrong(&["plan", "--target", "10", "--share", "gmail=90", "--share", "yahoo=20"]);
    assert!(status == 2 && why.contains("more than all"), "{why}");
    let (status, why) = wrong(&["check", "--log", &home.file("x", "no log\n")]);
    assert!(status == 3 && why.contains("--log-format"), "{why}");
    assert_eq!(wrong(&["check", "--log", "nowhere.log"]).0, 3);
    assert_eq!(wrong(&["plan"]).0, 2);
    assert_eq!(wrong(&["plan", "--target", "5", "--platform", "nonsense"]).0, 2);
}
