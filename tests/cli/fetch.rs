//! `postdoc fetch`, against a mailbox on loopback and on disk.

use super::imapd::{Fault, Imapd, Set};
use super::*;

const MESSAGE: &str = "Received: from a.example by mx.example; Mon, 1 Jun 2026 12:00:00 +0000\nFrom: a@example.com\nMessage-ID: <probe-1@example.com>\nX-Postdoc-Test: 7F3A-91C2\nSubject: test\n\nthe body of the message\n";
const JUNK: &str = "Unerw&APw-nscht";

/// As planted: it must be nowhere afterwards.
const SECRET: &str = "pl4nted-s3cret";

fn set() -> Set {
    Set { password: SECRET, ..Set::default() }
}

fn command(home: &Home, server: &Imapd, args: &[&str]) -> Command {
    let ca = home.file("ca.pem", &server.ca_pem);
    let place = server.addr.to_string();
    let args =
        [&["fetch", "--imap", &place, "--imap-tls", "implicit", "--ca-file", &ca, "--resolver", "127.0.0.1:9"], args]
            .concat();
    let mut command = home.command(&args);
    command.env("MAILBOX_SECRET", SECRET);
    command
}

const WHO: [&str; 4] = ["--user", "me@example.com", "--password-env", "MAILBOX_SECRET"];

/// Against one server, with the usual login; no DNS is there, and nothing waits for it.
fn fetch(server: &Imapd, args: &[&str]) -> (Home, Out) {
    let home = Home::new();
    let limit: &[&str] = if args.contains(&"--timeout") { &[] } else { &["--timeout", "20s"] };
    let args = [&WHO[..], &["--try-timeout", "2s"], limit, args].concat();
    let out = finish(command(&home, server, &args), b"");
    (home, out)
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

/// Every file of state, in one string.
fn state(home: &Home) -> String {
    let mut all = String::new();
    let mut folders = vec![home.state()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => all += &String::from_utf8_lossy(&std::fs::read(path).unwrap()),
            }
        }
    }
    all
}

#[test]
fn found_diagnosed_and_kept() {
    let server = Imapd::start(set().with(JUNK, MESSAGE));
    let (home, out) = fetch(&server, &["--marker", "7f3a-91c2"]);
    let first = out.stdout.lines().next().unwrap();
    assert_eq!(first.split(" after ").next(), Some("found in Unerwünscht (junk)"), "{}", out.stderr);
    assert!(out.stdout.contains("The mailbox put the message into its junk folder"), "{}", out.stdout);
    assert!(out.stderr.contains("read-only; looking in INBOX, Unerwünscht"), "{}", out.stderr);
    let case = state(&home);
    assert!(case.contains("\"Unerwünscht\"") && case.contains("probe-1@example.com"), "{case}");
    assert!(!case.contains("the body of the message"), "a body is kept on request only");
    for text in [&out.stdout, &out.stderr, &case] {
        assert!(!text.contains(SECRET));
    }
    let (home, _) = fetch(&server, &["--marker", "7f3a-91c2", "--keep-body", "-q"]);
    assert!(state(&home).contains("the body of the message"));
    let (home, quiet) = fetch(&server, &["--newest", "--no-save", "-q"]);
    assert_eq!((state(&home).as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn events_for_scripts() {
    let server = Imapd::start(set().with("INBOX", MESSAGE));
    let (_, out) = fetch(&server, &["--message-id", "<probe-1@example.com>", "-f", "ndjson"]);
    let events = events(&out);
    let names: Vec<&str> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("fetch", "done"));
    let find = |name: &str| events.iter().find(|e| e["event"] == name).unwrap();
    assert_eq!(find("fetch")["sought"]["value"], "<probe-1@example.com>");
    assert_eq!(find("found")["find"]["folder"], "INBOX");
    assert_eq!(find("found")["find"]["also"], serde_json::json!([]));
    let diagnosis = &find("diagnosis")["diagnosis"];
    assert_eq!(diagnosis["schema"], "postdoc/diagnosis");
    let done = find("done");
    assert_eq!((&done["result"], &done["mailboxes"][0]["state"]), (&"found".into(), &"found".into()));
    assert_eq!(done["mailboxes"][0]["verdict"]["headline"], diagnosis["verdict"]["headline"]);
    assert_eq!(done["mailboxes"][0]["verdict"]["case"], find("diagnosis")["case"]);
    assert!(!out.stdout.contains(SECRET) && out.stderr.is_empty(), "{}", out.stderr);
}

#[test]
fn refused_and_never_found_have_their_status_and_their_words() {
    let server = Imapd::start(Set { password: "another", ..set() });
    let (_, out) = fetch(&server, &["--newest"]);
    assert_eq!(out.status, 2, "{}", out.stderr);
    assert!(out.stdout.starts_with("not read: 127.0.0.1 refuses this user and password"), "{}", out.stdout);
    assert!(out.stdout.contains("it said: [AUTHENTICATIONFAILED] Invalid credentials"), "{}", out.stdout);
    assert!(out.stdout.contains("  - The user is usually the whole address."), "{}", out.stdout);
    assert!(!out.stdout.contains(SECRET) && !out.stderr.contains(SECRET));
    let off = Imapd::start(Set { fault: Some(Fault::Refuse("LogonDenied-BasicAuthBlocked-0")), ..set() });
    let (_, out) = fetch(&off, &["--newest", "-f", "json"]);
    let done = events(&out).pop().unwrap();
    assert_eq!((out.status, &done["mailboxes"][0]["fault"]["reason"]), (2, &"basic-auth-off".into()));
    let empty = Imapd::start(set());
    let (_, out) = fetch(&empty, &["--marker", "NONE", "--timeout", "3s"]);
    assert_eq!(out.status, 4, "{}", out.stderr);
    assert!(out.stdout.starts_with("not found within 0:03: X-Postdoc-Test: NONE"), "{}", out.stdout);
    assert!(out.stdout.contains("greylisting") && out.stdout.contains("Only INBOX, Unerwünscht was looked into"));
}

#[test]
fn several_mailboxes_in_one_table() {
    let first = Imapd::start(set().with("INBOX", MESSAGE));
    let second = Imapd::start(Set { auth: vec!["XOAUTH2"], ..set() }.with(JUNK, MESSAGE));
    let home = Home::new();
    let ca = home.file("ca.pem", first.ca_pem.clone() + &second.ca_pem);
    let secret = home.file("secret", SECRET);
    let mbox = home.file("old.mbox", format!("From a Mon Jun  1 12:00:00 2026\n{MESSAGE}\n"));
    let shelf = format!(
        "[mailboxes.first]\nimap = \"{}\"\ntls = \"implicit\"\nuser = \"me@example.com\"\npassword-file = \"{secret}\"\n\
         [mailboxes.second]\nimap = \"me@example.com@{}\"\ntls = \"implicit\"\ntoken-command = \"cat {secret}\"\n\
         [mailboxes.third]\nmbox = \"{mbox}\"\n",
        first.addr, second.addr
    );
    let shelf = home.file("config.toml", shelf);
    let args = [
        "fetch",
        "--mailbox",
        "first,second",
        "--mailbox",
        "third",
        "--config",
        &shelf,
        "--ca-file",
        &ca,
        "--resolver",
        "127.0.0.1:9",
        "--try-timeout",
        "2s",
        "--marker",
        "7F3A-91C2",
    ];
    let out = finish(home.command(&args), b"");
    let row = |name: &str| {
        out.stdout
            .lines()
            .find(|l| l.contains(name))
            .unwrap_or_else(|| panic!("{}{}", out.stdout, out.stderr))
            .to_owned()
    };
    assert!(row("first").contains("INBOX") && row("second").contains("Unerwünscht (junk)"), "{}", out.stdout);
    assert!(row("third").contains("third"), "{}", out.stdout);
    assert!(out.stdout.contains("found in 3 of 3 mailboxes, 1 of them in the junk"), "{}", out.stdout);
    assert_eq!(out.stdout.matches("postdoc cases show ").count(), 3);
    assert!(!out.stdout.contains(SECRET) && !out.stderr.contains(SECRET) && !state(&home).contains(SECRET));
    let plain = finish(home.command(&[&args[..], &["-f", "plain"]].concat()), b"");
    let mut columns: Vec<Vec<&str>> = plain.stdout.lines().map(|l| l.split('\t').collect()).collect();
    columns.sort();
    assert_eq!((columns.len(), columns[1][0], columns[1][3]), (3, "second", "junk"));
    let markdown = finish(home.command(&[&args[..], &["-f", "markdown", "--redact"]].concat()), b"");
    assert!(markdown.stdout.contains("| mailbox 2 | Unerwünscht (junk) |"), "{}", markdown.stdout);
}

#[test]
fn mailboxes_on_disk_need_no_network() {
    let home = Home::new();
    let root = home.dir.path().join("Maildir");
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(root.join(part)).unwrap();
    }
    std::fs::write(root.join("new/1.x"), MESSAGE).unwrap();
    let sent = home.file("sent.eml", MESSAGE.replace("the body", "the whole body"));
    let path = root.to_str().unwrap();
    let out = home.run(&["fetch", "--maildir", path, "--marker", "7F3A-91C2", "--offline", "--sent", &sent]);
    assert!(out.stdout.starts_with("found in INBOX after 0:00"), "{}{}", out.stdout, out.stderr);
    let none = home.run(&["fetch", "--mbox", "nowhere.mbox", "--newest", "--offline"]);
    assert_eq!(none.status, 3, "{}", none.stderr);
    assert!(none.stdout.starts_with("not read: the mailbox cannot be read"), "{}", none.stdout);
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is() {
    let home = Home::new();
    let leak = home.file("leak.toml", "[mailboxes.a]\nimap = \"me@gmail.com\"\npassword = \"pl4nted-s3cret\"\n");
    let typo = home.file("typo.toml", "[mailboxes.a]\nimapp = \"me@gmail.com\"\n");
    let good = home.file("good.toml", "[mailboxes.a]\nimap = \"me@gmail.com\"\n");
    for (args, words) in [
        (vec!["--newest"], "no mailbox is named"),
        (
            vec!["--imap", "imap.example.com", "--newest"],
            "who logs in at imap.example.com? --user NAME, or --imap NAME@imap.example.com",
        ),
        (vec!["--imap", "me@gmail.com"], "--marker"),
        (vec!["--imap", "me@gmail.com", "--newest"], "there is no terminal to ask for it"),
        (vec!["--imap", "host:0", "--newest"], "no HOST[:PORT]"),
        (
            vec!["--imap", "gmail", "--user", "me", "--password-env", "MAILBOX_SECRET", "--newest", "--offline"],
            "cannot be read --offline",
        ),
        (vec!["--mailbox", "a", "--config", &leak, "--newest"], "a password has no place in settings"),
        (vec!["--mailbox", "a", "--config", &typo, "--newest"], "nothing is called imapp"),
        (vec!["--mailbox", "b", "--config", &good, "--newest"], "no mailbox b; they have a"),
        (vec!["--mailbox", "b", "--newest"], "add [mailboxes.b]"),
        (
            vec!["--imap", "gmail", "--user", "me", "--password-keyring", "postdoc-test", "--newest"],
            if cfg!(feature = "keyring") { "the keyring has no secret of me" } else { "built without the keyring" },
        ),
        (vec!["--mbox", "x", "--marker", "a b"], "no blanks"),
    ] {
        let mut command = home.command(&[&["fetch"], &args[..]].concat());
        command.env("MAILBOX_SECRET", SECRET);
        let out = finish(command, b"");
        assert_eq!(out.status, 2, "{args:?}");
        assert!(out.stderr.contains(words), "{args:?}: {}", out.stderr);
        assert!(!out.stderr.contains(SECRET), "{}", out.stderr);
    }
}
