//! Names planted in a message, a bounce, a report, a zone and the arguments, and none of them found in what any command
//! that takes `--redact` prints, in any format.

use super::dnsd::{Dnsd, World as Zone};
use super::json::{faults, strict};
use super::*;

const ZONE: &str = r#"
test. NS a.gtld.test.
a.gtld.test. A 192.0.2.1
acme-shop.test. SOA ns1.dns.test. host.dns.test. 7 7200 900 1209600 60
acme-shop.test. NS ns1.dns.test.
ns1.dns.test. A 192.0.2.53
acme-shop.test. A 198.51.100.24
acme-shop.test. MX 10 mx1.acme-shop.test.
mx1.acme-shop.test. A 198.51.100.24
acme-shop.test. TXT "v=spf1 a ip4:203.0.113.77 -all"
acme-shop.test. TXT "v=spf1 mx -all"
_dmarc.acme-shop.test. TXT "v=DMARC1; p=none; rua=mailto:zorro@acme-shop.test"
flamingo.acme-shop.test. A 198.51.100.24
flamingo.acme-shop.test. MX 10 mx1.acme-shop.test.
flamingo.acme-shop.test. TXT "v=spf1 a -all"
flamingo.acme-shop.test. TXT "v=spf1 mx -all"
"#;

const MESSAGE: &str = "Return-Path: <zorro@acme-shop.test>\r
Received: from ANN-LAPTOP (unknown [203.0.113.77]) (Authenticated sender: zorrouser)\r
        by mx.kunde-werk.test with ESMTPSA id Q77TOKEN99; Tue, 09 Jun 2026 04:59:00 +0000\r
From: zorro <zorro@acme-shop.test>\r
To: Pelikan <pelikan@kunde-werk.test>\r
Subject: kranich\r
Message-ID: <tok4711@acme-shop.test>\r
Date: Tue, 09 Jun 2026 04:58:00 +0000\r
\r
hi\r
";

/// Of the names some are words of ours.
const BOUNCE: &str = "From: MAILER-DAEMON <postmaster@mx.kunde-werk.test>\r
To: zorro@acme-shop.test\r
Subject: failed\r
Message-ID: <q1@mx.kunde-werk.test>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r
\r
--b\r
Content-Type: text/plain\r
\r
x\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.kunde-werk.test\r
\r
Final-Recipient: rfc822; pelikan@kunde-werk.test\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 Pelikan: no such user here (198.51.100.24)\r
\r
--b\r
Content-Type: message/rfc822\r
\r
Message-ID: <failed@acme-shop.test>\r
From: Recipient <zorro@acme-shop.test>\r
To: pelikan@kunde-werk.test\r
Subject: recipient\r
\r
hi\r
--b--\r
";

const REPORT: &str = "<feedback><report_metadata><org_name>kunde-werk.test</org_name><email>pelikan@kunde-werk.test</email>\
<report_id>tok4711</report_id><date_range><begin>1780900000</begin><end>1780986400</end></date_range></report_metadata>\
<policy_published><domain>acme-shop.test</domain><p>none</p></policy_published><record><row><source_ip>203.0.113.77\
</source_ip><count>5</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>\
</policy_evaluated></row><identifiers><header_from>acme-shop.test</header_from></identifiers><auth_results><spf><domain>\
mail.kunde-werk.test</domain><result>pass</result></spf></auth_results></record></feedback>";

/// In lower case.
const PLANTED: &[&str] = &[
    "zorro",
    "pelikan",
    "kranich",
    "ann-laptop",
    "acme-shop",
    "kunde-werk",
    "flamingo",
    "tok4711",
    "q77token99",
    "198.51.100.24",
    "24.100.51.198",
    "203.0.113.77",
    "77.113.0.203",
];

const FORMATS: [&str; 5] = ["human", "plain", "json", "ndjson", "markdown"];

#[test]
fn no_command_tells_a_planted_name() {
    let home = Home::new();
    let (message, bounce) = (home.file("m.eml", MESSAGE), home.file("b.eml", BOUNCE));
    let report = home.file("r.xml", REPORT);
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(home.dir.path().join("box").join(part)).unwrap();
    }
    home.file("box/new/1.x", MESSAGE);
    let saved = home.run(&["diagnose", "--offline", "--save", "--now", NOW, &message]);
    assert_eq!(saved.stderr.matches("error").count(), 0, "{}", saved.stderr);
    let id = home.run(&["cases", "list", "--json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let server = Dnsd::start(Zone::of(ZONE).authority());
    let resolver = server.addr.to_string();
    let client = ["--ip", "203.0.113.77", "--helo", "ZORROBOX"];
    let sheet = ["--reports", "zorro@acme-shop.test", "--tracking", "click.acme-shop.test=203.0.113.77"];
    let commands: Vec<(&str, Vec<&str>)> = vec![
        ("diagnosis", vec!["diagnose", "--offline", "--no-save", "-v", &message]),
        (
            "diagnosis",
            [&["diagnose", "--no-save", "--mail-from", "zorro@kunde-werk.test", &message], &client[..]].concat(),
        ),
        ("diagnosis", vec!["diagnose", "--offline", "--no-save", "-v", &bounce]),
        ("diagnosis", vec!["diagnose", "--offline", "--no-save", "-v", &report]),
        ("domain", [&["check", "acme-shop.test", "--no-save"], &client[..]].concat()),
        ("spf", [&["spf", "acme-shop.test", "--sender", "zorro@acme-shop.test"], &client[..]].concat()),
        ("spf", vec!["spf", "acme-shop.test"]),
        ("fix", vec!["fix", "acme-shop.test", "--no-save"]),
        ("fix", vec!["fix", "flamingo.acme-shop.test", "--no-save"]),
        ("fix", vec!["fix", &message, "--no-save"]),
        (
            "plan",
            [
                &["onboard", "acme-shop.test", "--plan", "--no-save", "--server", "198.51.100.24=mta.acme-shop.test"],
                &sheet[..],
            ]
            .concat(),
        ),
        ("path", vec!["troubleshoot", "rejected", "--no-save", &message, &bounce]),
        ("event", vec!["fetch", "--maildir", "box", "--newest", "--no-save"]),
        ("diagnosis", vec!["cases", "show", &id]),
        ("case", vec!["cases", "export", &id]),
    ];
    let run = |args: &[&str], more: &[&str]| {
        let mut command =
            home.command(&[args, &["--resolver", &resolver, "--now", NOW, "--try-timeout", "1s"], more].concat());
        command.env("POSTDOC_ADDRESS_MAP", format!("*:53={}", server.addr));
        finish(command, b"")
    };
    let mut told = Vec::new();
    for (schema, args) in &commands {
        let open = run(args, &[]);
        let names = |text: &str| {
            let text = text.to_lowercase();
            PLANTED.iter().filter(|name| text.contains(**name)).copied().collect::<Vec<_>>()
        };
        assert!(!names(&open.stdout).is_empty(), "{args:?} tells none: {}{}", open.stdout, open.stderr);
        let schema = strict(&home, schema);
        for format in FORMATS {
            let out = run(args, &["--redact", "-f", format]);
            for name in names(&(out.stdout.clone() + &out.stderr)) {
                let lines = out.stdout.lines().chain(out.stderr.lines());
                let line = lines.filter(|l| l.to_lowercase().contains(name)).take(2).collect::<Vec<_>>();
                told.push(format!("{} -f {format} tells {name}: {line:.300?}", args[..2].join(" ")));
            }
            assert_eq!(out.status, open.status, "{args:?} -f {format}: {}", out.stderr);
            // Events have tests of their own.
            if format == "ndjson" && !["fetch", "cases"].contains(&args[0]) {
                for line in out.stdout.lines() {
                    let line = serde_json::from_str(line).unwrap();
                    assert_eq!(faults(&schema, &line), [""; 0], "{args:?}");
                }
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// What postdoc calls things is not to be taken for somebody's name.
#[test]
fn words_of_our_own_stay_whoever_is_called_so() {
    let home = Home::new();
    let told = |text: &str, more: &[&str]| {
        home.diagnose(&[&["--json", "--no-save", &home.file("x.eml", text)], more].concat()).json()
    };
    let (open, hidden) = (told(BOUNCE, &[]), told(BOUNCE, &["--redact"]));
    for path in ["/bounce/recipients/0/action", "/bounce/recipients/0/category", "/input/because"] {
        assert!(open.pointer(path).is_some_and(Value::is_string), "{path}");
        assert_eq!(open.pointer(path), hidden.pointer(path), "{path}");
    }
    let message = "From: message <a@acme-shop.test>\nTo: b@kunde-werk.test\nSubject: unsubscribe\n\nhi\n";
    let (open, hidden) = (told(message, &[]), told(message, &["--redact"]));
    let lines =
        |told: &Value| told["requirements"].as_array().unwrap().iter().map(|r| r["line"].clone()).collect::<Vec<_>>();
    assert!(lines(&open).iter().any(|line| line.as_str().is_some_and(|l| l.contains("unsubscribe"))));
    assert_eq!(lines(&open), lines(&hidden));
}
