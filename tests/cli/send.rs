//! `postdoc send`, against a server on loopback that does as it is told.

use super::dnsd::{Dnsd, World as Zone};
use super::smtpd::{Act, Authority, PASSWORD, Script, Smtpd, TOKEN, USER};
use super::*;

const ZONE: &str = r#"
test.              SOA ns.test. host.test. 1 3600 600 86400 60
smtp.example.test. A   192.0.2.25
news.test.         TXT "v=spf1 -all"
_dmarc.news.test.  TXT "v=DMARC1; p=reject"
"#;

/// A machine with a server it sends through.
struct Lab {
    home: Home,
    dns: Dnsd,
    server: Smtpd,
    ca: String,
}

impl Lab {
    fn new(script: Script) -> Lab {
        let (home, authority) = (Home::new(), Authority::new());
        let server = Smtpd::start(script, authority.acceptor("smtp.example.test", 2999));
        let ca = home.file("ca.pem", authority.pem());
        Lab { home, dns: Dnsd::start(Zone::of(ZONE)), server, ca }
    }

    fn command(&self, args: &[&str]) -> Command {
        let resolver = self.dns.addr.to_string();
        let always = ["send", "--from", "Ann <ann@news.test>", "--to", "bob@rcpt.test", "--via", "smtp.example.test"];
        let mut command =
            self.home.command(&[&always[..], &["--resolver", &resolver, "--ca-file", &self.ca], args].concat());
        command.env("POSTDOC_ADDRESS_MAP", format!("*:587={}", self.server.addr)).env("THE_PASSWORD", PASSWORD);
        command
    }

    fn run(&self, args: &[&str]) -> Out {
        finish(self.command(args), b"")
    }
}

const YES: [&str; 2] = ["--yes", "--new-recipient"];

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
fn a_dry_run_prints_the_bytes_and_sends_nothing() {
    let lab = Lab::new(Script::default());
    let out = lab.run(&["--dry-run", "--unsubscribe", "https://news.test/u"]);
    assert_eq!((out.status, out.stderr.as_str()), (0, ""));
    for line in ["From: Ann <ann@news.test>\r\n", "Auto-Submitted: auto-generated\r\n", "List-Unsubscribe-Post: "] {
        assert!(out.stdout.contains(line), "{}", out.stdout);
    }
    assert_eq!(lab.server.log(), "");
    // The message is no JSON.
    let json = lab.run(&["--dry-run", "--json"]);
    assert_eq!((json.status, json.stdout.as_str()), (2, ""), "{}", json.stderr);
}

#[test]
fn a_message_is_sent_after_a_yes_and_each_line_is_an_event() {
    let lab = Lab::new(Script::default().auth("PLAIN"));
    let login = ["--user", USER, "--password-env", "THE_PASSWORD", "-f", "ndjson"];
    let out = lab.run(&[&YES[..], &login].concat());
    assert_eq!(out.status, 0, "{}{}", out.stdout, out.stderr);
    let events = events(&out);
    assert_eq!(events[0]["event"], "send");
    assert_eq!((&events[0]["to"], &events[0]["tls"]), (&"bob@rcpt.test".into(), &"starttls".into()));
    let said = |text: &str| events.iter().any(|e| e["event"] == "dialogue" && e["text"] == text);
    assert!(said("AUTH PLAIN ***") && said("RCPT TO:<bob@rcpt.test>") && said("250 2.0.0 Ok: queued as 4F1"));
    let done = events.last().unwrap();
    assert_eq!((&done["result"], &done["left"]), (&"accepted".into(), &"yes".into()));
    assert_eq!(done["server"]["tls"]["certificate"]["names"][0], "smtp.example.test");
    let id = done["message_id"].as_str().unwrap();
    assert!(lab.server.message().unwrap().contains(id) && id.contains(done["marker"].as_str().unwrap()));
    // What was read before the yes.
    for word in ["MAIL FROM", "<ann@news.test>", "bob@rcpt.test", "smtp.example.test port 587", "STARTTLS, required"] {
        assert!(out.stderr.contains(word), "{}", out.stderr);
    }
    // The second time the recipient is known.
    assert_eq!(lab.run(&["--yes"]).status, 0);
}

#[test]
fn nothing_leaves_without_a_yes() {
    let lab = Lab::new(Script::default());
    let out = lab.run(&[]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("add --yes"), "{}", out.stderr);
    let out = lab.run(&["--yes"]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("bob@rcpt.test has not been written to before"), "{}", out.stderr);
    assert_eq!(lab.run(&[&YES[..], &["--offline"]].concat()).status, 2);
    assert_eq!(lab.server.log(), "");
}

#[test]
fn a_refusal_is_one_and_ends_in_a_finding_with_its_fix() {
    let says = "550-5.7.26 Your email has been blocked because the sender is unauthenticated.\r\n550 5.7.26 gsmtp";
    let lab = Lab::new(Script::default().at("END", Act::Say(says)));
    let out = lab.run(&YES);
    assert_eq!(out.status, 1, "{}{}", out.stdout, out.stderr);
    assert!(
        out.stdout.contains("< 550-5.7.26 Your email") && out.stdout.contains("smtp.example.test refused it for good"),
        "{}",
        out.stdout
    );
    let out = lab.run(&["--yes", "--json"]);
    let events = events(&out);
    let done = events.last().unwrap();
    assert_eq!((&done["result"], &done["stage"]), (&"refused".into(), &"end of data".into()));
    let diagnosis = &done["diagnosis"];
    assert_eq!(diagnosis["identities"]["mail_from"]["address"], "ann@news.test");
    assert_eq!(diagnosis["bounce"]["recipients"][0]["status"], "5.7.26");
    assert!(!diagnosis["findings"][0]["fix"]["summary"].as_str().unwrap().is_empty());
    // The case can be opened again, without the network.
    let id = lab.home.run(&["cases", "list"]).stdout.split_whitespace().next().unwrap().to_owned();
    let shown = lab.home.run(&["cases", "show", &id]);
    assert!(shown.stdout.contains("refused it for good"), "{}{}", shown.stdout, shown.stderr);
}

/// A settings file with this server, and its path as an option.
fn settings(lab: &Lab, more: &str) -> [String; 4] {
    let text = format!("[servers.work]\nhost = \"smtp.example.test\"\nuser = \"{USER}\"\n{more}");
    ["--config".into(), lab.home.file("work.toml", text), "--via".into(), "work".into()]
}

#[test]
fn a_server_of_the_settings_is_named() {
    let lab = Lab::new(Script::default().auth("PLAIN"));
    let run = |settings: &[String; 4], more: &[&str]| {
        let mut command = lab.home.command(
            &["send", "--to", "bob@rcpt.test", "--resolver", &lab.dns.addr.to_string(), "--ca-file", &lab.ca, "--yes"]
                .into_iter()
                .chain(settings.iter().map(String::as_str))
                .chain(more.iter().copied())
                .collect::<Vec<_>>(),
        );
        command.env("POSTDOC_ADDRESS_MAP", format!("*:587={}", lab.server.addr)).env("THE_PASSWORD", PASSWORD);
        finish(command, b"")
    };
    let whole = settings(&lab, "password-env = \"THE_PASSWORD\"\nfrom = \"Ann <ann@news.test>\"\n");
    let out = run(&whole, &["--new-recipient"]);
    assert_eq!(out.status, 0, "{}{}", out.stdout, out.stderr);
    assert!(lab.server.message().unwrap().contains("From: Ann <ann@news.test>"));
    // What a flag says outweighs it; the secret of one user is not that of another.
    let out = run(&whole, &["--from", "eve@news.test", "--user", "eve"]);
    assert!(out.status == 2 && out.stderr.contains("no terminal to ask"), "{}{}", out.stdout, out.stderr);
    let bare = settings(&lab, "password-env = \"THE_PASSWORD\"\n");
    let out = run(&bare, &[]);
    assert!(out.status == 2 && out.stderr.contains("--from is missing"), "{}", out.stderr);
    let leak = settings(&lab, "password = \"pl4nted-s3cret\"\n");
    let out = run(&leak, &[]);
    assert!(out.status == 2 && out.stderr.contains("a password has no place in settings"), "{}", out.stderr);
    assert!(!out.stderr.contains("pl4nted"), "{}", out.stderr);
}

#[test]
fn each_recipient_has_a_session_and_a_line_of_its_own() {
    let lab = Lab::new(Script::default());
    let out = lab.run(&[&YES[..], &["--to", "eve@other.test", "--to", "bob@rcpt.test", "-f", "ndjson"]].concat());
    assert_eq!(out.status, 0, "{}{}", out.stdout, out.stderr);
    let events = events(&out);
    let done = events.last().unwrap();
    assert_eq!((&done["event"], &done["result"]), (&"done".into(), &"accepted".into()));
    let to = |n: usize| done["recipients"][n]["to"].as_str().unwrap();
    assert_eq!((to(0), to(1)), ("bob@rcpt.test", "eve@other.test"));
    assert_eq!(lab.server.messages.lock().unwrap().len(), done["recipients"].as_array().unwrap().len());
    assert!(out.stderr.contains("bob@rcpt.test, eve@other.test"), "{}", out.stderr);
    // A refusal of one is no refusal of the other; a refused login is one of both.
    let lab = Lab::new(Script::default().put_off(1, "550 5.1.1 no such user"));
    let out = lab.run(&[&YES[..], &["--to", "eve@other.test"]].concat());
    assert_eq!(out.status, 1, "{}{}", out.stdout, out.stderr);
    let row = |name: &str| out.stdout.lines().rev().find(|l| l.contains(name)).unwrap().to_owned();
    assert!(row("bob@rcpt.test").contains("refused: 550 5.1.1"), "{}", out.stdout);
    assert!(row("eve@other.test").contains("accepted"), "{}", out.stdout);
    let lab = Lab::new(Script::default().auth("PLAIN").at("AUTH", Act::Say("535 5.7.8 no")));
    let login = ["--user", USER, "--password-env", "THE_PASSWORD", "--to", "eve@other.test"];
    let out = lab.run(&[&YES[..], &login].concat());
    assert!(out.stdout.contains("eve@other.test  not tried: it would meet the same fate"), "{}", out.stdout);
    assert_eq!((out.status, lab.server.log().matches("EHLO").count()), (1, 2));
}

#[test]
fn greylisting_is_waited_out_unless_that_is_forbidden() {
    let words = "451 4.7.1 Greylisted for 0 seconds";
    let lab = Lab::new(Script::default().put_off(1, words));
    let out = lab.run(&[&YES[..], &["-f", "ndjson"]].concat());
    assert_eq!(out.status, 0, "{}{}", out.stdout, out.stderr);
    let events = events(&out);
    let done = events.last().unwrap();
    assert_eq!((&done["result"], &done["tries"]), (&"accepted".into(), &2.into()));
    let note = |text: &str| events.iter().any(|e| e["way"] == "note" && e["text"].as_str().unwrap().contains(text));
    assert!(note("put off on purpose (greylisting): try 2 of 6 follows in 1 s"), "{}", out.stdout);
    let lab = Lab::new(Script::default().put_off(1, words));
    let out = lab.run(&[&YES[..], &["--no-retry"]].concat());
    assert_eq!(out.status, 1, "{}{}", out.stdout, out.stderr);
    let told = out.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("It was tried once."), "{}", out.stdout);
}

#[test]
fn what_breaks_off_is_three() {
    let lab = Lab::new(Script::default().at("RCPT", Act::HangUp));
    let out = lab.run(&YES);
    assert_eq!(out.status, 3, "{}{}", out.stdout, out.stderr);
    assert!(out.stdout.contains("The server broke off at RCPT"), "{}", out.stdout);
    assert!(out.stdout.contains("The message has not left"), "{}", out.stdout);
    let plain = lab.run(&["--yes", "-f", "plain"]);
    assert!(plain.stdout.lines().all(|l| l.split('\t').count() == 4), "{}", plain.stdout);
    let lab = Lab::new(Script::default().at("MAIL", Act::Silence));
    let out = lab.run(&[&YES[..], &["--timeout", "300ms"]].concat());
    assert_eq!(out.status, 4, "{}{}", out.stdout, out.stderr);
}

#[test]
fn it_is_signed_with_a_key_of_ones_own() {
    let lab = Lab::new(Script::default());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let der = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.serialize_der());
    let path = lab.home.file("key.pem", format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"));
    let out = lab.run(&["--dry-run", "--dkim-key", &path, "--dkim-selector", "s1"]);
    assert!(
        out.stdout.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; s=s1; d=news.test;"),
        "{}{}",
        out.stdout,
        out.stderr
    );
    // What is published for it proves the signature.
    let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.public_key_raw());
    let zone = format!("s1._domainkey.news.test TXT \"v=DKIM1; k=ed25519; p={public}\"\n");
    let evidence = Evidence::new(
        Input::read("m", out.stdout.as_bytes(), None).unwrap(),
        Said::default(),
        NOW.parse().unwrap(),
        false,
    );
    let world =
        World::of("signed".into(), samples::settle(evidence, &postdoc::evidence::zone::Zone::parse(&zone).unwrap()));
    assert_eq!(world.diagnosis.facts.verified[0].result.unwrap().word(), "pass", "{}", world.json(Shown::default()));
    let bad = lab.home.file("bad.pem", "no key");
    let out = lab.run(&["--dry-run", "--dkim-key", &bad, "--dkim-selector", "s1"]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("no private key in it"), "{}", out.stderr);
}

#[test]
fn a_secret_is_nowhere_afterwards() {
    let echo: &'static str = Box::leak(format!("535 5.7.8 who says {PASSWORD}?").into_boxed_str());
    // Outside the state, as a password of the user's own is.
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let file = ["--password-file", file.to_str().unwrap()];
    let variable = ["--password-env", "THE_PASSWORD"];
    let print = format!("echo {TOKEN}");
    let token = ["--token-command", &print, "-v"];
    let mut told = String::new();
    for (script, secrets) in [
        (Script::default().auth("PLAIN LOGIN XOAUTH2"), vec![file, variable]),
        (Script::default().auth("LOGIN"), vec![file]),
        (Script::default().auth("PLAIN").at("AUTH", Act::Say(echo)), vec![file, variable]),
        (Script::default().auth("PLAIN").put_off(1, "451 4.7.1 Greylisted for 0 seconds"), vec![variable]),
    ] {
        let echoes = script.acts.contains_key("AUTH");
        let lab = Lab::new(script);
        // The settings name the place of a secret, and what is wrong with them is told without it.
        for more in ["password-env = \"THE_PASSWORD\"\n".to_owned(), format!("password = \"{PASSWORD}\"\n")] {
            let saved = settings(&lab, &more);
            let saved: Vec<&str> = saved.iter().map(String::as_str).collect();
            let always = ["send", "--from", "ann@news.test", "--to", "bob@rcpt.test", "--yes", "--new-recipient", "-v"];
            let resolver = lab.dns.addr.to_string();
            let rest = ["--resolver", &resolver, "--ca-file", &lab.ca];
            let mut command = lab.home.command(&[&always[..], &saved, &rest].concat());
            command.env("POSTDOC_ADDRESS_MAP", format!("*:587={}", lab.server.addr)).env("THE_PASSWORD", PASSWORD);
            let out = finish(command, b"");
            told.push_str(&out.stdout);
            told.push_str(&out.stderr);
        }
        for secret in secrets {
            for format in ["human", "ndjson", "plain", "markdown"] {
                let out = lab.run(&[&YES[..], &["--user", USER, "-f", format], &secret].concat());
                told.push_str(&out.stdout);
                told.push_str(&out.stderr);
            }
        }
        // There the password would be the server's own word.
        if !echoes {
            let out = lab.run(&[&YES[..], &["--user", USER], &token[..]].concat());
            told.push_str(&out.stdout);
            told.push_str(&out.stderr);
        }
        told.push_str(&everything_below(&lab.home.state()));
    }
    assert!(told.contains("AUTH PLAIN ***") && told.contains("(the password)") && told.contains("who says ***?"));
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    for planted in [
        PASSWORD,
        TOKEN,
        &encoded(PASSWORD),
        &encoded(&format!("\0{USER}\0{PASSWORD}")),
        &encoded(&format!("user={USER}\x01auth=Bearer {TOKEN}\x01\x01")),
    ] {
        assert!(!told.contains(planted), "{planted}: {}", told.lines().find(|l| l.contains(planted)).unwrap());
    }
}

/// Every byte of every file.
fn everything_below(folder: &Path) -> String {
    let mut out = String::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        match entry.is_dir() {
            true => out.push_str(&everything_below(&entry)),
            false => out.push_str(&String::from_utf8_lossy(&std::fs::read(entry).unwrap())),
        }
    }
    out
}
