//! Saved evidence: what is kept, and that it says the same again.

use super::*;

fn ids(home: &Home) -> Vec<String> {
    let list = home.run(&["cases", "list"]).stdout;
    list.lines().map(|l| l.split_whitespace().next().unwrap().to_owned()).collect()
}

const BODY: &str = "The body is nobody's business.\r\nSecond line, and --boundary\r\n";

/// Reports that quote a header before what tells of the failure: fields in the notice, or those of a part whose boundary
/// is not the one that was announced.
const QUOTES: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@out.example.com\nTo: ann@example.com\n\
    Subject: Delivery has failed\nMIME-Version: 1.0\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\n\n\
    This report relates to a message you sent with these fields:\n\n\
    Message-ID: <1@example.com>\nDate: Mon, 1 Jun 2026 12:00:00 +0000\nFrom: ann@example.com\nTo: bob@example.org\n\n";
const TOLD: &str = "Reporting-MTA: dns; out.example.com\n\n\
    Final-Recipient: rfc822;bob@example.org\nAction: failed\nStatus: 5.1.1\n\
    Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
    Final-Recipient: rfc822;eve@example.org\nAction: failed\nStatus: 4.0.0\n\
    Diagnostic-Code: smtp; 421 4.7.0 Try again later, closing connection. gsmtp\n\n";
const PARTS: &str = "From: MAILER-DAEMON@out.example.com\nTo: ann@example.com\nSubject: Undelivered Mail\nMIME-Version: 1.0\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\n\n\
    --b2\nContent-Description: Notification\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n\
    This is the mail system.\n\n--b2\nContent-Type: message/delivery-status\n\n";
const RETURNED: &str = "Return-Path: <ann@example.com>\nReceived: by out.example.com id 1; Mon, 1 Jun 2026 12:00:00 +0000\n\
    From: ann@example.com\nTo: bob@example.org\nSubject: x\n\nThe body is nobody's business.\n";

fn message() -> String {
    format!("{}\r\n{BODY}", sample("unaligned").replace('\n', "\r\n").replace("\r\r\n", "\r\n"))
}

#[test]
fn a_rerun_says_the_same_bytes_whatever_was_kept() {
    let inputs: [(&str, Vec<u8>); 8] = [
        ("message", message().into_bytes()),
        ("headers", sample("no-key").into()),
        ("record", b"v=spf1 ip4:192.0.2.1 include:_spf.example.com -all".to_vec()),
        ("quoted", include_bytes!("../scenarios/quoted-paste/input").to_vec()),
        ("quotes", [QUOTES, TOLD, RETURNED].concat().into()),
        ("parts", [PARTS, TOLD, "--b2\nContent-Type: message/rfc822\n\n", RETURNED, "--b2--\n"].concat().into()),
        ("bounce", include_bytes!("../scenarios/bounce-no-such-mailbox/input").to_vec()),
        ("eight-bit", [b"Subject: \xff\xfe\x80\r\n".to_vec(), message().into_bytes()].concat()),
    ];
    let said: [&[&str]; 4] =
        [&[], &["--keep-body"], &["--as", "message"], &["--trust", "mx.google.com", "--ip", "192.0.2.9"]];
    for (n, (name, bytes)) in inputs.into_iter().enumerate() {
        // What is said matters to one as to all.
        for more in said.into_iter().take(if n == 0 { 4 } else { 1 }) {
            let home = Home::new();
            let file = home.file("m.eml", &bytes);
            let first = home.diagnose(&[more, &["--json", &file]].concat());
            std::fs::remove_file(&file).unwrap();
            let ids = ids(&home);
            assert_eq!(ids.len(), 1, "{name} {more:?}");
            for action in ["rerun", "show"] {
                let again = home.run(&["cases", action, &ids[0], "--json"]);
                assert_eq!(again.stdout, first.stdout, "{name} {more:?} {action}");
                assert_eq!(again.status, first.status);
            }
            let resumed = home.run(&["resume", "--json"]);
            assert_eq!(resumed.stdout, first.stdout, "{name} {more:?}");
            assert_eq!(home.run(&["resume", &ids[0][..4], "--json"]).stdout, first.stdout);
        }
    }
}

#[test]
fn the_body_is_kept_only_on_request() {
    for (keep, kept) in [(&[][..], false), (&["--keep-body"], true)] {
        let home = Home::new();
        home.diagnose(&[keep, &["-q", &home.file("m.eml", message())]].concat());
        let path = home.state().join("cases").join(format!("{}.postdoc", ids(&home)[0]));
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.contains("nobody's business"), kept);
    }
}

#[test]
fn cases_are_listed_shown_and_removed() {
    let home = Home::new();
    let none = home.run(&["cases", "list"]);
    assert_eq!((none.status, none.stdout.as_str()), (0, ""));
    assert!(none.stderr.contains("no saved cases"), "{}", none.stderr);
    home.diagnose(&["-q", &home.file("a.eml", sample("unaligned"))]);
    std::thread::sleep(std::time::Duration::from_millis(20));
    home.diagnose(&["-q", &home.file("b.eml", sample("forwarded"))]);
    let list = home.run(&["cases", "list"]).stdout;
    let rows: Vec<&str> = list.lines().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].contains("pass") && rows[1].contains("fail"), "newest first: {list}");
    assert!(rows[1].contains("2026-06-10 12:00"), "{list}");

    let json = home.run(&["cases", "list", "--json"]).json();
    assert_eq!(json[1]["state"], "fail");
    assert_eq!(json[1]["id"], ids(&home)[1].as_str());
    assert_eq!(home.run(&["cases", "list", "-f", "plain"]).stdout.lines().next().unwrap().split('\t').count(), 5);

    let id = &ids(&home)[1];
    let shown = home.run(&["cases", "show", id]);
    assert_eq!(shown.status, 1);
    assert!(shown.stdout.contains("dmarc-unaligned"));
    let gone = home.run(&["cases", "rm", id]);
    assert_eq!((gone.status, gone.stdout.as_str()), (0, ""));
    assert_eq!(ids(&home).len(), 1);
    assert_eq!(home.run(&["cases", "rm", id]).status, 2);
    assert_eq!(home.run(&["cases", "rerun", id]).status, 2);
}

#[test]
fn only_cases_are_removed() {
    let home = Home::new();
    let letter = home.file("letter.txt", "keep me");
    let out = home.run(&["cases", "rm", &letter]);
    assert_eq!(out.status, 2, "{}", out.stderr);
    assert!(Path::new(&letter).exists());
    for odd in ["", "..", "../x", "/"] {
        assert_eq!(home.run(&["cases", "rm", odd]).status, 2, "{odd:?}");
    }
}

#[test]
fn a_case_that_is_broken_is_named_and_hides_no_other() {
    let home = Home::new();
    home.diagnose(&["-q", &home.file("a.eml", sample("unaligned"))]);
    let folder = home.state().join("cases");
    std::fs::write(folder.join("broken00.postdoc"), "{\"schema\": \u{1b}[31m").unwrap();
    std::fs::write(folder.join("newer000.postdoc"), r#"{"schema":"postdoc/case","schema_version":2}"#).unwrap();
    let list = home.run(&["cases", "list"]);
    assert_eq!(list.status, 0);
    assert_eq!(list.stdout.lines().count(), 3);
    assert!(!list.stdout.contains('\u{1b}'));
    let out = home.run(&["cases", "show", "newer000"]);
    assert_eq!(out.status, 2);
    assert!(out.stderr.contains("newer postdoc"), "{}", out.stderr);
    assert!(home.run(&["cases", "show", "broken00"]).stderr.contains("no case file"));
}

#[test]
fn nothing_is_kept_that_was_not_to_be_kept() {
    let home = Home::new();
    home.diagnose(&["--no-save", &home.file("a.eml", sample("unaligned"))]);
    home.run(&["diagnose", "--sample", "unaligned"]);
    assert!(!home.state().exists());
}

#[cfg(unix)]
#[test]
fn a_case_is_for_its_owners_eyes() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.diagnose(&["-q", &home.file("a.eml", sample("unaligned"))]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = home.state().join("cases");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(format!("{}.postdoc", ids(&home)[0]))), 0o600);
}

#[test]
fn a_place_that_cannot_be_written_costs_only_the_case() {
    let home = Home::new();
    let file = home.file("a.eml", sample("unaligned"));
    let mut command = home.command(&["diagnose", "--offline", "--json", &file]);
    command.env("POSTDOC_STATE_DIR", "/dev/null/nowhere");
    let out = finish(command, b"");
    assert_eq!(out.status, 1);
    assert_eq!(out.json()["verdict"]["state"], "fail");
    assert!(out.stderr.contains("not saved"), "{}", out.stderr);
}

/// A check of a domain, in DNS as these lines have it.
fn checked(zone: &str) -> Evidence {
    let input = Input::read("example.com", *b"example.com", Some(postdoc::evidence::InputKind::Domain)).unwrap();
    let evidence = Evidence::new(input, Said::default(), NOW.parse().unwrap(), false);
    samples::settle(evidence, &Zone::parse(zone).unwrap())
}

#[test]
fn two_runs_are_compared() {
    let home = Home::new();
    let base = "example.com NS ns1.example.net\nexample.com TXT \"v=spf1 -all\"\n";
    let mut case = Case::new(&checked(base), false);
    let path = home.state().join("cases").join(format!("{}.postdoc", case.id));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, case.write()).unwrap();
    let alone = home.run(&["cases", "diff", &case.id]);
    assert_eq!(alone.status, 2);
    assert!(alone.stderr.contains("one run only"), "{}", alone.stderr);

    let cured = format!("{base}_dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:d@example.com\"");
    case.runs.push(postdoc::evidence::case::Run::of(&checked(&cured)));
    case.runs.push(postdoc::evidence::case::Run::of(&checked(&cured)));
    std::fs::write(&path, case.write()).unwrap();
    let same = home.run(&["cases", "diff", &case.id]);
    assert_eq!(same.status, 0, "{}", same.stderr);
    assert!(
        same.stdout.contains("0 findings gone, 0 new") && same.stdout.contains("DNS answers as before"),
        "{}",
        same.stdout
    );
    let diff = home.run(&["cases", "diff", &case.id, "1", "3"]);
    assert!(diff.stdout.contains("dmarc-missing") && diff.stdout.contains("v=DMARC1; p=reject"), "{}", diff.stdout);
    let json = home.run(&["cases", "diff", &case.id, "1", "2", "--json"]).json();
    let schema = serde_json::from_str(&home.run(&["schema", "diff"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json), "{json}");
    assert_eq!((&json["from"]["run"], &json["to"]["run"]), (&1.into(), &2.into()));
    assert!(json["gone"].as_array().unwrap().iter().any(|f| f["rule"] == "dmarc-missing"), "{json}");
    let dmarc = json["answers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["name"] == "_dmarc.example.com" && a["type"] == "TXT")
        .unwrap();
    assert_eq!((&dmarc["before"]["outcome"], &dmarc["after"]["outcome"]), (&"nxdomain".into(), &"records".into()));
    let plain = home.run(&["cases", "diff", &case.id, "2", "1", "-f", "plain"]).stdout;
    assert!(plain.lines().all(|l| l.split('\t').count() == 3) && plain.contains("new\tdmarc-missing"), "{plain}");
    assert_eq!(home.run(&["cases", "diff", &case.id, "1", "9"]).status, 2);
    assert_eq!(home.run(&["cases", "diff", &case.id, "1"]).status, 2);
}

/// A sample diagnosed from a file, and the id of its case.
fn kept(home: &Home, sample: &str) -> String {
    let file = home.file("m.eml", samples::find(sample).unwrap().text);
    home.run(&["diagnose", &file, "--offline", "--now", NOW]);
    home.run(&["cases", "list", "-f", "plain"]).stdout.split('\t').next().unwrap().to_owned()
}

#[test]
fn an_exported_case_replays_elsewhere_to_the_same_bytes() {
    let (here, there) = (Home::new(), Home::new());
    let id = kept(&here, "no-key");
    let shown = here.run(&["cases", "show", &id, "-f", "json"]).stdout;
    for name in ["case.postdoc", "case.postdoc.gz"] {
        let file = here.dir.path().join(name).to_str().unwrap().to_owned();
        assert_eq!(here.run(&["cases", "export", &id, &file]).status, 0);
        // Never over a file that is there.
        assert_eq!(here.run(&["cases", "export", &id, &file]).status, 2);
        assert_eq!(there.run(&["cases", "import", &file, "-f", "json"]).stdout, shown, "{name}");
        assert_eq!(there.run(&["cases", "rerun", &id, "-f", "json"]).stdout, shown, "{name}");
    }
    assert_eq!(here.run(&["cases", "export", &id]).stdout.lines().next().unwrap(), "{");
    assert_eq!(there.run(&["cases", "import", &there.file("no.postdoc", "{}")]).status, 2);
}

#[test]
fn a_redacted_case_names_nobody_and_says_the_same() {
    let home = Home::new();
    let id = kept(&home, "unaligned");
    let out = home.run(&["cases", "export", &id, "--redact"]);
    assert!(!out.stderr.contains("differently"), "{}", out.stderr);
    for secret in [
        "8842",
        "reader@",
        "198.51.100.24",
        "24.100.51.198",
        "What is new",
        "Example News",
        "example.com",
        "mailer.example",
    ] {
        assert!(!out.stdout.contains(secret), "{secret}");
    }
    let file = home.file("redacted.postdoc", &out.stdout);
    // State and cause; the words name the domain.
    let verdict = |args: &[&str]| {
        let out = home.run(args).stdout;
        let line = out.lines().find(|l| l.starts_with("verdict")).unwrap().to_owned();
        line.split('\t').take(3).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(verdict(&["cases", "show", &file, "-f", "plain"]), verdict(&["cases", "show", &id, "-f", "plain"]));
}

#[test]
fn a_case_is_a_report() {
    let home = Home::new();
    let id = kept(&home, "unaligned");
    let page = home.run(&["cases", "show", &id, "--to", "html"]).stdout;
    assert!(
        page.starts_with("<!doctype html>") && page.contains("DMARC fails") && page.trim_end().ends_with("</html>")
    );
    for outside in ["src=", "href=", "url(", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(home.run(&["cases", "show", &id, "--to", "markdown"]).stdout.starts_with("# FAIL"));
    assert!(home.run(&["cases", "show", &id, "--to", "json"]).stdout.starts_with('{'));
}

#[test]
fn cases_are_searched_by_word_rule_and_day() {
    let home = Home::new();
    home.diagnose(&["-q", &home.file("a.eml", sample("unaligned"))]);
    let earlier = home.file("b.eml", sample("forwarded"));
    home.run(&["diagnose", "--offline", "-q", "--now", "2026-06-01T12:00:00Z", &earlier]);
    let found = |words: &[&str]| home.run(&[&["cases", "list", "--now", NOW], words].concat()).stdout.lines().count();
    assert_eq!(found(&[]), 2);
    for (words, count) in [
        (&["fail"][..], 1),
        (&["DMARC-unaligned"], 1),
        (&["example"], 2),
        (&["example.com", "fail"], 1),
        (&["bank.example"], 1),
        (&["2026-06-01"], 1),
        (&["nonsense"], 0),
        (&["--since", "3d"], 1),
        (&["--since", "2026-06-01"], 2),
        (&["2026-06-01", "--since", "3d"], 0),
    ] {
        assert_eq!(found(words), count, "{words:?}");
    }
    assert!(home.run(&["cases", "list", "nonsense"]).stderr.contains("no case matches"));
    let bad = home.run(&["cases", "list", "--since", "soon"]);
    assert!(bad.status == 2 && bad.stderr.contains("expected a day"), "{}", bad.stderr);
}

/// What was known on a day against what is known now, though each look made a case of its own.
#[test]
fn a_domain_is_compared_with_what_was_known_on_a_day() {
    let home = Home::new();
    let look = |now: &str, zone: &str| {
        let server = super::dnsd::Dnsd::start(super::dnsd::World::of(zone).authority());
        let resolver = server.addr.to_string();
        let mut command =
            home.command(&["check", "acme.test", "--only", "spf", "-q", "--resolver", &resolver, "--now", now]);
        command.env("POSTDOC_ADDRESS_MAP", format!("*:53={}", server.addr));
        finish(command, b"")
    };
    let zone = "acme.test. SOA ns1.acme.test. h.acme.test. 7 7200 900 1209600 60\n";
    look("2026-06-08T12:00:00Z", zone);
    look("2026-06-10T11:00:00Z", &format!("{zone}acme.test. TXT \"v=spf1 ip4:192.0.2.4 ~all\"\n"));
    let told =
        |more: &[&str]| home.run(&[&["cases", "diff", "acme.test", "--now", NOW, "-f", "json"], more].concat()).json();
    for changes in [told(&["--since", "tuesday"]), told(&[])] {
        assert!(changes.to_string().contains("spf-missing"), "{changes}");
        assert!(changes.to_string().contains("2026-06-08T12:00:00Z"), "{changes}");
    }
}

/// Ten thousand files are not to leave ten thousand cases behind unasked; asked for, each is one.
#[test]
fn of_several_inputs_cases_are_kept_on_request() {
    let home = Home::new();
    let files: Vec<String> = ["unaligned", "no-key", "forwarded"]
        .into_iter()
        .filter(|name| postdoc::samples::find(name).is_some())
        .map(|name| home.file(&format!("{name}.eml"), sample(name)))
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert!(files.len() > 1);
    let out = home.diagnose(&files);
    let none = format!("{} inputs, none saved as a case: --save keeps one of each", files.len());
    assert!(out.stderr.contains(&none), "{}", out.stderr);
    assert_eq!(home.diagnose(&[&["-q"], &files[..]].concat()).stderr, "");
    assert_eq!(home.diagnose(&[&["--no-save"], &files[..]].concat()).stderr, "");
    assert_eq!(ids(&home), [""; 0]);
    let out = home.diagnose(&[&["--save"], &files[..]].concat());
    assert!(out.stderr.contains(&format!("{0} inputs, {0} saved as cases", files.len())), "{}", out.stderr);
    assert_eq!(ids(&home).len(), files.len());
    assert_eq!(home.diagnose(&["--save", "--no-save", files[0]]).status, 2);
}

#[test]
fn the_last_case_that_can_be_read_is_reopened() {
    let home = Home::new();
    let first = home.diagnose(&["--json", &home.file("a.eml", sample("unaligned"))]);
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(home.state().join("cases/broken00.postdoc"), "{").unwrap();
    let out = home.run(&["resume", "--json"]);
    assert_eq!((out.status, &out.stdout), (first.status, &first.stdout));
    assert!(out.stderr.contains("broken00"), "{}", out.stderr);
}

#[test]
fn a_case_goes_to_standard_output_too() {
    let home = Home::new();
    home.diagnose(&["-q", &home.file("a.eml", sample("unaligned"))]);
    let id = &ids(&home)[0];
    let out = home.run(&["cases", "export", id, "-"]);
    assert_eq!(out.stdout, home.run(&["cases", "export", id]).stdout);
    assert!(out.stdout.contains("postdoc/case") && !home.dir.path().join("-").exists());
    let file = home.file("x.postdoc", &out.stdout);
    let told = home.diagnose(&["--json", &file]);
    assert_eq!(told.status, 3);
    assert!(told.json()["verdict"]["headline"].as_str().unwrap().contains("postdoc cases import"), "{}", told.stdout);
}
