//! Strangers' text on its way to a terminal.

use super::*;

/// What no terminal should get: escape and its C1 forms, bells, bidi, zero width, NUL, tags.
const EVIL: &[&str] = &[
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\u{9b}31m",
    "\u{202e}moc.live",
    "\u{200b}",
    "\0",
    "\x08\x08",
    "\u{2066}",
    "\u{feff}",
    "\u{e0041}",
    "\u{ad}",
    "\r\rFrom: x",
    "\x7f",
];

fn message() -> Vec<u8> {
    let evil = EVIL.concat().replace('\r', "");
    let mut text = format!(
        "Return-Path: <bounce{evil}@mailer.example>\r
Received: from out{evil}.mailer.example (out.mailer.example [198.51.100.24]) by mx.google.com with ESMTPS id 1{evil}; Tue, 12 May 2026 07:01:25 -0700\r
Authentication-Results: mx.google.com; dkim=pass ({evil}) header.i=@mailer.example header.s=k1{evil};\r
       spf=softfail (google.com: {evil}) smtp.mailfrom=bounce@mailer.example;\r
       dmarc=fail (p=NONE {evil}) header.from=example.com\r
From: \"{evil} News\" <news@example.com>\r
Subject: {evil}\r
List-Unsubscribe: <https://mailer.example/{evil}>\r
Date: Tue, 12 May 2026 14:01:20 +0000\r
"
    )
    .into_bytes();
    text.extend(b"X-Raw: \x9b31m \xff\xfe \xc3\x28\r\n");
    text
}

fn case() -> String {
    let evil = "\\027[31m\\226\\128\\174\\000\\155";
    let zone = format!(
        "example.com TXT \"v=spf1 {evil} -all\"
        mailer.example TXT \"v=spf1 include:{evil} ip4:nonsense -all\"
        _dmarc.example.com TXT \"v=DMARC1; p={evil}; rua=mailto:x\"
        k1._domainkey.mailer.example TXT \"v=DKIM1; k={evil}; p=AAAA\""
    );
    let input = Input::read("odd\x1b[31m\u{202e}name", message(), None).unwrap();
    let evidence = Evidence {
        input: Arc::new(input),
        said: Said { helo: Some("h\x1b[0m".into()), ..Said::default() },
        answers: Default::default(),
        fetched: Default::default(),
        transcript: None,
        now: NOW.parse().unwrap(),
        offline: false,
    };
    Case::new(&samples::settle(evidence, &Zone::parse(&zone).unwrap()), true).write()
}

fn harmless(text: &str, what: &str) {
    let bad = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
            || ('\u{e0000}'..='\u{e0fff}').contains(&c)
            || matches!(c, '\u{feff}' | '\u{ad}')
    };
    let found: Vec<char> = text.chars().filter(|c| bad(*c)).collect();
    assert!(found.is_empty(), "{what}: {found:?}\n{}", text.escape_debug());
}

#[test]
fn no_text_format_passes_it_on() {
    let home = Home::new();
    let case = home.file("case.postdoc", case());
    let raw = home.file("m.eml", message());
    for format in ["human", "plain", "markdown"] {
        for redact in [&[][..], &["--redact"]] {
            for out in [
                home.run(&[&["cases", "show", &case, "-v", "-f", format], redact].concat()),
                home.diagnose(&[&["-v", "--no-save", "-f", format, raw.as_str()], redact].concat()),
            ] {
                assert_eq!(out.stdout.contains("example.com"), redact.is_empty(), "{format}");
                harmless(&out.stdout, format);
                harmless(&out.stderr, format);
            }
        }
    }
    // Plain is tab separated: no stranger's tab makes a column.
    let plain = home.run(&["cases", "show", &case, "-f", "plain"]).stdout;
    assert!(plain.lines().all(|l| l.split('\t').count() <= 7), "{plain}");
}

#[test]
fn json_keeps_the_bytes_and_escapes_them() {
    let home = Home::new();
    let raw = message();
    let out = home.diagnose(&["--json", "--no-save", &home.file("m.eml", &raw)]);
    assert!(!out.stdout.chars().any(|c| c.is_control() && c != '\n'), "control characters are escaped");
    let told = out.json();
    let mut seen = false;
    for exhibit in told["findings"].as_array().unwrap().iter().flat_map(|f| f["evidence"].as_array().unwrap()) {
        if exhibit["source"] == "header" {
            let span = exhibit["span"].as_array().unwrap();
            let bytes = &raw[span[0].as_u64().unwrap() as usize..span[1].as_u64().unwrap() as usize];
            assert_eq!(exhibit["text"], String::from_utf8_lossy(bytes).as_ref());
            seen = true;
        }
    }
    assert!(seen);
}

#[test]
fn neither_names_of_files_nor_arguments_nor_cases_pass_it_on() {
    let home = Home::new();
    let name = "x\x1b[31m\u{202e}.eml";
    let file = home.file(name, sample("unaligned"));
    for format in ["human", "plain", "markdown"] {
        harmless(&home.diagnose(&["-f", format, &file]).stdout, format);
    }
    for args in [
        &["diagnose", "missing\x1b[31m.eml"][..],
        &["diagnose", "a\x1b[31m", "b\x1b[31m"],
        &["explain", "\x1b[31mnonsense"],
        &["explain", "X-\u{202e}Field: 1"],
        &["explain", "X-Odd: \x1b[31m"],
        &["cases", "show", "\x1b[31m"],
        &["schema", "\x1b[31m"],
        &["diagnose", "--sample", "\x1b[31m"],
        &["diagnose", "--nope\x1b[31m"],
        &["diagnose", "--as", "\x1b[31m"],
        &["cases", "list"],
    ] {
        let out = home.run(args);
        harmless(&out.stdout, &format!("{args:?}"));
        harmless(&out.stderr, &format!("{args:?}"));
    }
}
