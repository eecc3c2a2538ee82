//! `postdoc send --wait`: from a server that takes it to the mailbox it arrives in.

use super::dnsd::{Dnsd, World as Zone};
use super::imapd::{Imapd, Set};
use super::smtpd::{Act, Authority, Script, Smtpd};
use super::*;
use std::time::Duration;

const ZONE: &str = r#"
test.              SOA ns.test. host.test. 1 3600 600 86400 60
smtp.example.test. A   192.0.2.25
"#;

const SECRET: &str = "pl4nted-s3cret";

struct Lab {
    home: Home,
    dns: Dnsd,
    smtp: Smtpd,
    imap: Imapd,
    ca: String,
}

impl Lab {
    fn new(script: Script) -> Lab {
        let (home, authority) = (Home::new(), Authority::new());
        let smtp = Smtpd::start(script, authority.acceptor("smtp.example.test", 2999));
        let imap = Imapd::start(Set { user: "bob@rcpt.test", password: SECRET, ..Set::default() });
        let ca = home.file("ca.pem", authority.pem() + &imap.ca_pem);
        Lab { home, dns: Dnsd::start(Zone::of(ZONE)), smtp, imap, ca }
    }

    /// What is handed in arrives in this folder, changed as `way` does.
    fn run(&self, folder: &str, way: fn(String) -> String, args: &[&str]) -> Out {
        let (resolver, place) = (self.dns.addr.to_string(), self.imap.addr.to_string());
        let shelf = format!(
            "[mailboxes.bob]\nimap = \"bob@rcpt.test@{place}\"\ntls = \"implicit\"\npassword-env = \"THE_SECRET\"\n"
        );
        let shelf = self.home.file("config.toml", shelf);
        let always = [
            "send",
            "--from",
            "ann@news.test",
            "--to",
            "bob@rcpt.test",
            "--via",
            "smtp.example.test",
            "--yes",
            "--new-recipient",
            "--wait",
            "bob",
            "--config",
            &shelf,
            "--resolver",
            &resolver,
            "--ca-file",
            &self.ca,
        ];
        let mut command = self.home.command(&[&always[..], args].concat());
        command.env("POSTDOC_ADDRESS_MAP", format!("*:587={}", self.smtp.addr)).env("THE_SECRET", SECRET);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Until it is there, or the command is over: whatever it is that ends first.
                for _ in 0..1500 {
                    match self.smtp.message() {
                        Some(message) => return self.imap.deliver(folder, &way(message.replace("\r\n", "\n"))),
                        None => std::thread::sleep(Duration::from_millis(10)),
                    }
                }
            });
            finish(command, b"")
        })
    }
}

fn footer(message: String) -> String {
    format!("Received: from a by b; Mon, 1 Jun 2026 12:00:00 +0000\n{message}\n-- \nScanned by the gateway\n")
}

#[test]
fn what_arrived_is_held_against_what_was_sent() {
    let lab = Lab::new(Script::default());
    let out = lab.run("INBOX", footer, &["-f", "ndjson", "--timeout", "30s"]);
    let schema: Value = serde_json::from_str(include_str!("../../assets/schemas/event.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<Value> = out.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for event in &events {
        let errors: Vec<String> = validator.iter_errors(event).map(|e| format!("{e} at {}", e.instance_path)).collect();
        assert!(errors.is_empty(), "{event}: {errors:?}");
    }
    let names: Vec<&str> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], names.iter().filter(|n| **n == "done").count()), ("send", 1), "{names:?}{}", out.stderr);
    let event = |name: &str| events.iter().find(|e| e["event"] == name).unwrap();
    assert_eq!(event("sent")["left"], "yes");
    // The marker is in a field of its own, for platforms that write their own Message-ID.
    assert_eq!(event("fetch")["sought"]["value"], event("sent")["marker"]);
    let diagnosis = &event("diagnosis")["diagnosis"];
    let body = diagnosis["sent"]["body"].to_string();
    assert!(body.contains("Scanned by the gateway"), "{}", diagnosis["sent"]);
    assert_eq!(event("done")["mailboxes"][0]["find"]["folder"], "INBOX");
    assert!(!out.stdout.contains(SECRET) && !out.stderr.contains(SECRET));
}

#[test]
fn for_eyes_the_session_comes_first_and_then_the_verdict() {
    let lab = Lab::new(Script::default());
    let out = lab.run("Unerw&APw-nscht", |message| message, &["--timeout", "30s"]);
    let (sent, found) = (out.stdout.find("250 2.0.0 Ok"), out.stdout.find("found in Unerw\u{fc}nscht (junk) after"));
    assert!(sent.is_some() && found > sent, "{}{}", out.stdout, out.stderr);
    assert!(out.stdout.contains("The mailbox put the message into its junk folder"), "{}", out.stdout);
}

#[test]
fn what_was_refused_is_not_waited_for_and_what_may_have_left_is() {
    let refused = Lab::new(Script::default().at("END", Act::Say("550 5.7.1 no")));
    let out = refused.run("INBOX", |message| message, &["--timeout", "30s"]);
    assert_eq!(out.status, 1, "{}{}", out.stdout, out.stderr);
    assert!(!out.stdout.contains("found in") && refused.imap.connections() == 0);
    // The connection breaks before the final dot is answered: the mailbox knows.
    let lost = Lab::new(Script::default().at("END", Act::HangUp));
    let out = lost.run("INBOX", |message| message, &["--timeout", "30s"]);
    assert!(out.stdout.contains("found in INBOX after"), "{}{}", out.stdout, out.stderr);
}

#[test]
fn what_cannot_be_waited_for_is_said_before_anything_leaves() {
    let lab = Lab::new(Script::default());
    let base = [
        "send",
        "--from",
        "ann@news.test",
        "--to",
        "bob@rcpt.test",
        "--via",
        "smtp.example.test",
        "--yes",
        "--new-recipient",
    ];
    let mail = lab.home.file("mail.eml", "From: ann@news.test\n\nhello\n");
    for (args, words) in [
        (vec!["--wait"], "no mailbox is named"),
        (vec!["--wait", "nobody"], "the settings name no mailbox nobody"),
        (vec!["--imap", "bob@imap.rcpt.test"], "add --wait"),
        (vec!["--wait", "--imap", "bob@imap.rcpt.test"], "no terminal to ask for it"),
        (vec!["--wait", "--mbox", "x", "--message", &mail], "add a Message-ID"),
    ] {
        let out = lab.home.run(&[&base[..], &args].concat());
        assert_eq!(out.status, 2, "{args:?}");
        assert!(out.stderr.contains(words), "{args:?}: {}", out.stderr);
    }
    assert_eq!(lab.smtp.log(), "");
}

/// Two mailboxes of one user's, at two providers.
#[test]
fn one_test_to_several_is_waited_for_in_the_mailbox_of_each() {
    let (home, authority) = (Home::new(), Authority::new());
    let smtp = Smtpd::start(Script::default().auth("PLAIN"), authority.acceptor("smtp.example.test", 2999));
    let boxes =
        ["bob@rcpt.test", "me@mail.test"].map(|user| Imapd::start(Set { user, password: SECRET, ..Set::default() }));
    let dns = Dnsd::start(Zone::of(ZONE));
    let ca = home.file("ca.pem", authority.pem() + &boxes[0].ca_pem + &boxes[1].ca_pem);
    let saved = |name: &str, user: &str, server: &Imapd| {
        format!(
            "[mailboxes.{name}]\nimap = \"{user}@{}\"\ntls = \"implicit\"\npassword-command = \"echo $THE_SECRET\"\n",
            server.addr
        )
    };
    let server = format!(
        "[servers.work]\nhost = \"smtp.example.test\"\nuser = \"{}\"\npassword-env = \"THE_PASSWORD\"\nfrom = \"Ann <ann@news.test>\"\n",
        super::smtpd::USER
    );
    let settings = server + &saved("gmail", "bob@rcpt.test", &boxes[0]) + &saved("yahoo", "me@mail.test", &boxes[1]);
    let config = home.file("config.toml", settings);
    let resolver = dns.addr.to_string();
    let run = |args: &[&str]| {
        let always = [
            "send",
            "--via",
            "work",
            "--to",
            "bob@rcpt.test",
            "--to",
            "me@mail.test",
            "--yes",
            "--new-recipient",
            "--wait",
            "--config",
            &config,
            "--resolver",
            &resolver,
            "--ca-file",
            &ca,
            "--timeout",
            "30s",
        ];
        let mut command = home.command(&[&always[..], args].concat());
        command.env("POSTDOC_ADDRESS_MAP", format!("*:587={}", smtp.addr));
        command.env("THE_SECRET", SECRET).env("THE_PASSWORD", super::smtpd::PASSWORD);
        let before = smtp.messages.lock().unwrap().len();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..1500 {
                    let all = smtp.messages.lock().unwrap()[before..].to_vec();
                    if let [first, second] = &all[..] {
                        let text = |m: &[u8]| String::from_utf8_lossy(m).replace("\r\n", "\n");
                        boxes[0].deliver("INBOX", &footer(text(first)));
                        return boxes[1].deliver("Unerw&APw-nscht", &text(second));
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            });
            finish(command, b"")
        })
    };
    let out = run(&["-f", "ndjson"]);
    let events: Vec<Value> = out.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |name: &str| events.iter().filter(|e| e["event"] == name).collect::<Vec<_>>();
    let (begun, ends) = (of("send"), of("sent"));
    assert_eq!((begun.len(), ends.len(), of("done").len()), (2, 2, 1), "{}{}", out.stdout, out.stderr);
    assert_eq!((&ends[0]["to"], &ends[1]["to"]), (&"bob@rcpt.test".into(), &"me@mail.test".into()));
    assert_eq!(begun[0]["marker"], begun[1]["marker"], "one test, one marker");
    assert_ne!(begun[0]["message_id"], begun[1]["message_id"]);
    assert_eq!(begun[0]["from"], "Ann <ann@news.test>", "as the settings say");
    let done = of("done")[0];
    let found = |account: &str| {
        let all = done["mailboxes"].as_array().unwrap();
        all.iter().find(|m| m["account"] == account).unwrap_or_else(|| panic!("{done}"))["find"]["in_junk"].clone()
    };
    assert_eq!((found("gmail"), found("yahoo")), (false.into(), true.into()));
    // Each copy is held against the one that went there: only the first was changed.
    let body = |account: &str| {
        of("diagnosis").into_iter().find(|e| e["account"] == account).unwrap()["diagnosis"]["sent"]["body"].to_string()
    };
    assert!(
        body("gmail").contains("Scanned by the gateway") && !body("yahoo").contains("Scanned"),
        "{}",
        body("yahoo")
    );
    let eyes = run(&[]);
    for words in
        ["1 of 2: to bob@rcpt.test", "2 of 2: to me@mail.test", "found in 2 of 2 mailboxes, 1 of them in the junk"]
    {
        assert!(eyes.stdout.contains(words), "{words}: {}{}", eyes.stdout, eyes.stderr);
    }
    let row = |name: &str| eyes.stdout.lines().find(|l| l.contains(name) && l.contains("0:0")).unwrap().to_owned();
    assert!(row("gmail").contains("INBOX") && row("yahoo").contains("(junk)"), "{}", eyes.stdout);
    for text in [&out.stdout, &out.stderr, &eyes.stdout, &eyes.stderr] {
        assert!(!text.contains(SECRET) && !text.contains(super::smtpd::PASSWORD));
    }
}
