//! `--redact`: nothing of persons, subjects, message-ids and machines; all of the diagnosis.

use super::*;
use postdoc::redact::Redaction;

const MESSAGE: &str = "Delivered-To: petra.leserin@inbox.test\r
Return-Path: <rueckläufer.7788@mailer.example>\r
Received: by 2001:db8:44::77 with SMTP id q7secretqueue9; Tue, 12 May 2026 07:01:27 -0700 (PDT)\r
Received: from out24.mailer.example (out24.mailer.example. [198.51.100.24])\r
        by mx.google.com with ESMTPS id zz9hiddenid8 for <petra.leserin@inbox.test>;\r
        Tue, 12 May 2026 07:01:25 -0700 (PDT)\r
Received: from laptop (unknown [203.0.113.199]) by out24.mailer.example with ESMTPSA id 77topsecret7;\r
        Tue, 12 May 2026 14:01:20 +0000\r
Authentication-Results: mx.google.com;\r
       dkim=pass header.i=@mailer.example header.s=k1 header.b=Zk3vQm1x;\r
       spf=softfail (google.com: domain of transitioning bounce+8842@mailer.example does not designate 198.51.100.24 as permitted sender) smtp.mailfrom=bounce+8842@mailer.example;\r
       dmarc=fail (p=QUARANTINE sp=QUARANTINE dis=QUARANTINE) header.from=example.com\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=mailer.example; s=k1;\r
        h=from:to:subject; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=Zk3vQm1xT0pY\r
From: \"Otto Absender\" <otto.absender@example.com>\r
Sender: Ida Schreiber <ida.schreiber@example.com>\r
Reply-To: =?utf-8?B?SsO8cmdlbiBHZWhlaW0=?= <geheim.jurgen@freemail.test>\r
To: Petra Leserin <petra.leserin@inbox.test>, \"Konrad, Kopie\" <konrad@inbox.test>\r
Cc: Cora Carbon <cora.carbon@inbox.test>\r
Subject: Your secret invoice\r
 number four four seven\r
Message-ID: <20260512.unique-token-4711@example.com>\r
In-Reply-To: <earlier-token-0815@inbox.test>\r
List-Unsubscribe: <https://mailer.example/u/recipient-token-31337>\r
X-Originating-IP: [203.0.113.199]\r
Date: Tue, 12 May 2026 14:01:20 +0000\r
";

const SECRETS: &[&str] = &[
    "petra",
    "Petra",
    "leserin",
    "Leserin",
    "rueckl",
    "8842@",
    "bounce+8842",
    "Otto",
    "otto",
    "Absender",
    "absender",
    "Ida",
    "Schreiber",
    "schreiber",
    "SsO8cmdlbi",
    "geheim",
    "Konrad",
    "konrad",
    "Kopie",
    "Cora",
    "Carbon",
    "carbon",
    "secret",
    "invoice",
    "number four",
    "unique-token",
    "earlier-token",
    "recipient-token",
    "hiddenid",
    "198.51.100.24",
    "24.100.51.198",
    "203.0.113.199",
    "199.113.0.203",
    "2001:db8:44",
    "mailer.example",
    "example.com",
    "inbox.test",
    "freemail.test",
    "laptop",
];

/// In every format, through DNS answers that spell the addresses their own way.
#[test]
fn no_format_tells_who_it_was() {
    let home = Home::new();
    let zone = "
        example.com TXT \"v=spf1 ip4:198.51.100.24 -all\"
        _dmarc.example.com TXT \"v=DMARC1; p=quarantine; rua=mailto:otto.absender@example.com\"
        mailer.example TXT \"v=spf1 -all\"
        24.100.51.198.in-addr.arpa PTR host-198-51-100-24.mailer.example
    ";
    let evidence = Evidence {
        input: Arc::new(Input::read("-", MESSAGE.as_bytes(), None).unwrap()),
        said: Said::default(),
        answers: Default::default(),
        fetched: Default::default(),
        transcript: None,
        now: NOW.parse().unwrap(),
        offline: false,
    };
    let evidence = samples::settle(evidence, &Zone::parse(zone).unwrap());
    let with_dns = home.file("case.postdoc", Case::new(&evidence, true).write());
    let file = home.file("m.eml", MESSAGE);
    let open = home.run(&["cases", "show", &with_dns, "--json"]);
    assert!(
        open.stdout.contains("otto.absender") && open.stdout.contains("198.51.100.24"),
        "there is something to hide"
    );
    for format in ["human", "plain", "json", "ndjson", "markdown"] {
        let shown = [
            home.run(&["cases", "show", &with_dns, "--redact", "-v", "-f", format]),
            home.diagnose(&["--redact", "--no-save", "-v", "-f", format, &file]),
        ];
        for out in shown {
            for secret in SECRETS {
                let at = out.stdout.find(secret);
                let near = at.map(|n| {
                    out.stdout
                        .chars()
                        .skip(out.stdout[..n].chars().count().saturating_sub(60))
                        .take(140)
                        .collect::<String>()
                });
                assert!(at.is_none(), "{format} tells {secret:?}: {near:?}");
            }
            assert!(out.stdout.contains("mx.google.com"), "what is nobody's stays");
            assert_eq!(out.stderr, "");
        }
    }
}

/// Everything but the hidden words is as without.
#[test]
fn the_diagnosis_stays_what_it_is() {
    for world in worlds() {
        let redaction = Redaction::of(&world.diagnosis.facts);
        let told = |redaction| serde_json::from_str(&world.json(Shown { redaction })).unwrap();
        same(&world.name, "", &told(None), &told(Some(&redaction)));
    }
}

fn same(name: &str, at: &str, open: &Value, hidden: &Value) {
    match (open, hidden) {
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{name} {at}");
            a.iter().for_each(|(key, value)| same(name, &format!("{at}.{key}"), value, &b[key]));
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{name} {at}");
            a.iter().zip(b).for_each(|(x, y)| same(name, at, x, y));
        }
        (Value::String(a), Value::String(b)) => {
            // Stand-ins are as long as what they stand for, or no underline would be true.
            assert_eq!(a.len(), b.len(), "{name} {at}: {a:?} {b:?}");
            let key = at.rsplit('.').next().unwrap();
            let fixed = ["state", "cause", "rule", "severity", "confidence", "result", "kind", "source"];
            if fixed.contains(&key) || at.starts_with(".alignment") {
                assert_eq!(a, b, "{name} {at}");
            }
        }
        _ => assert_eq!(open, hidden, "{name} {at}"),
    }
}

/// Local parts that are words of the trade take nothing away.
#[test]
fn a_person_called_spf_hides_no_result() {
    let home = Home::new();
    let text = sample("unaligned").replace("news@", "spf@").replace("Example News", "fail");
    let file = home.file("m.eml", text);
    let told = home.diagnose(&["--json", "--redact", "--no-save", &file]).json();
    assert_eq!(told["verdict"]["state"], "fail");
    assert_eq!(told["reported"]["dmarc"]["result"], "fail");
    assert_eq!(told["schema"], "postdoc/diagnosis");
    let address = told["identities"]["from"]["address"].as_str().unwrap();
    assert!(address.ends_with(".com") && !address.starts_with("spf@"), "{address}");
}

#[test]
fn a_token_behind_an_address_in_a_link() {
    let home = Home::new();
    let link = "https://list.acme-shop.example/u/bob@inbox.test?id=tokentoken&n=4711abc";
    let file = home.file("m.eml", format!("From: a@acme-shop.example\nList-Unsubscribe: <{link}>\n\n"));
    let out = home.diagnose(&["--redact", "--json", &file]);
    for secret in ["tokentoken", "4711abc", "bob", "acme-shop"] {
        assert!(!out.stdout.contains(secret), "{secret}: {}", out.stdout);
    }
}

#[test]
fn names_too_short_for_a_stand_in_of_their_own() {
    let home = Home::new();
    for name in ["hp.com", "x.com", "dc.ad.local"] {
        let file = home.file("short.eml", format!("From: a@{name}\nMessage-ID: <1@{name}>\n\n"));
        let out = home.diagnose(&["--redact", "--json", &file]);
        assert!(!out.stdout.contains(name), "{name}: {}", out.stdout);
    }
}

#[test]
fn a_check_as_markdown_is_redacted_whole() {
    let home = Home::new();
    let out = home.run(&["check", "acme-shop.example", "--offline", "--redact", "-f", "markdown"]);
    assert!(!out.stdout.contains("acme-shop"), "{}", out.stdout);
}

#[test]
fn what_cannot_be_told_with_stand_ins_says_so() {
    let home = Home::new();
    let send = ["send", "--from", "a@example.com", "--to", "b@example.net", "--via", "direct", "--dry-run", "--redact"];
    for args in [&["watch", "example.com", "TXT", "--redact"][..], &["cases", "list", "--redact"], &send] {
        let out = home.run(args);
        assert_eq!(out.status, 2, "{args:?}: {}", out.stdout);
        assert!(out.stderr.contains("leave out --redact"), "{args:?}: {}", out.stderr);
    }
    let out = home.run(&["fix", "--sample", "two-spf", "--to", "zone", "--redact"]);
    assert_eq!((out.status, out.stdout.as_str()), (2, ""));
    assert!(out.stderr.contains("stand-ins cure nothing"), "{}", out.stderr);
}
