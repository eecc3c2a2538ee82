use crate::evidence::{Input, InputKind, RepairKind};
use crate::rules::Confidence;

fn kind(text: &str) -> InputKind {
    let input = Input::read("-", text.as_bytes(), None).unwrap();
    assert!(!input.because.is_empty());
    input.kind
}

#[track_caller]
fn all(want: InputKind, texts: &[&str]) {
    for text in texts {
        assert_eq!(kind(text), want, "{text}");
    }
}

#[test]
fn headers() {
    all(
        InputKind::Headers,
        &[
            "X-Yandex-Spam: 1",
            "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com",
            "Authentication-Results: mx.example.net;\n spf=pass smtp.mailfrom=example.com",
            "Return-Path: <a@example.com>\nFrom: b@example.com\n",
            "Return-Path: <a@example.com>\r\nFrom: b@example.com\r\n\r\n",
            "> X-Spam-Status: No, score=",
            "From: a@example.com",
            "Subject: 550 5.7.26 rejected",
        ],
    );
}

#[test]
fn messages() {
    all(
        InputKind::Message,
        &[
            "Return-Path: <a@example.com>\nFrom: b@example.com\n\nHi\n",
            "From: a@example.com\nSubject: v=spf1 -all\n\nv=spf1 -all\n550 5.7.26 no\n",
            "From: shop@example.com\nSubject: Delivery failed: your parcel\n\nIt could not be delivered to the following address: Main Street 1\n",
            "From: a@example.com\nContent-Type: multipart/report; report-type=disposition-notification\n\nread\n",
        ],
    );
}

#[test]
fn bounces() {
    all(
        InputKind::Bounce,
        &[
            "From: MAILER-DAEMON@mx.example.net\nContent-Type: multipart/report;\n report-type=delivery-status; boundary=x\n\n--x\n",
            "From: <fbl@example.net>\nContent-Type: multipart/report; report-type=\"feedback-report\"\n\n--x\n",
            "From: Mail Delivery System <mailer-daemon@example.net>\nSubject: failure notice\n\nSorry\n",
            "Return-Path: <>\nFrom: postmaster@example.net\nSubject: Undeliverable: x\n\nNo.\n",
            "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n",
            "From: <admin@example.net>\nSubject: Non-Delivery: hello\n\nIt could not be delivered to the following user:\n\"bob@example.net\"\n",
            "From: \"Jetmail System\" <>\nSubject: Mail Error\n\nYour mail cannot be delivered to the following address:\n bob\n",
            "From: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net\nSubject: Non remis : hello\n\nNon.\n",
            "Fehler bei der Nachrichtenzustellung:\n\nbob@example.net\nRemote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'\n\nReceived: from a by b; now\nFrom: a@example.com\n",
            "Your message to bob@example.net couldn't be delivered.\n\nDiagnostic information for administrators:\n550 5.7.26 unauthenticated\nOriginal message headers:\n\nReceived: from a by b; now\nFrom: a@example.com\n",
        ],
    );
}

#[test]
fn what_asks_for_more_is_no_reply_that_decides() {
    for text in ["354 Go ahead", "334 VXNlcm5hbWU6"] {
        assert_eq!(Input::read("-", text.as_bytes(), None).unwrap().kind, InputKind::Unknown, "{text}");
    }
}

#[test]
fn replies() {
    all(
        InputKind::Reply,
        &[
            "550 5.7.26 This mail is unauthenticated",
            "550-5.7.26 This mail\n550-5.7.26 is unauthenticated\n550 5.7.26 see https://example.com",
            "5.7.26 unauthenticated",
            "5.7.26",
            "421 try later",
            "550",
            "  #554 5.7.1 refused",
            "host mx.example.net[192.0.2.1] said: 550 5.7.1 no (in reply to end of DATA command)",
            "<bob@example.net>: host mx.example.net[192.0.2.1] said: 550 No such user here (in reply to RCPT TO command)",
            "<bob@example.net>: host mx.example.net[192.0.2.1] refused to talk to me: 554 IP=192.0.2.9 - A problem occurred.",
            "  bob@example.net\n    host mx.example.net [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<bob@example.net>:\n    550 SPF: 192.0.2.9 is not allowed to send mail from example.com\n",
            "Jan  5 10:00:01 mta postfix/smtp[1]: 4A: to=<bob@example.net>, relay=mx, dsn=5.7.26, status=bounced (host mx said: 550-5.7.26 no)",
        ],
    );
}

#[test]
fn records() {
    all(
        InputKind::Record,
        &[
            "v=spf1 include:_spf.example.com -all",
            "V=SPF1 -all",
            "\"v=DMARC1; p=none\"",
            "\\\"v=spf1 -all\\\"",
            "\u{201c}v=spf1 -all\u{201d}",
            "v=BIMI1; l=; a=;",
            "v=DKIM1; k=rsa; p=",
            "k=rsa; p=MIGf",
            "k=ed25519; p=AA",
            "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDabcdefgh",
            "spf2.0/pra include:example.com -all",
            "_dmarc.example.com. 300 IN TXT \"v=DMARC1; p=reject\"",
            "@ TXT v=spf1 -all",
            "_dmarc  v=DMARC1; p=none",
            "TXT\t@\tv=spf1 -all",
            "example.com. IN MX 10 mx.example.com.",
            "CNAME em.example.com u1.example.net",
            "; <<>> DiG 9.18.1 <<>> TXT example.com\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY\n;; ANSWER SECTION:\nexample.com. 1 IN TXT \"x\"",
            "\"v=spf1 -all\"\n\"google-site-verification=x\"\n",
            "s1.dkim.example.net.\n\"v=DKIM1; p=AB\"",
            "include:_spf.example.com ~all",
            "s1._domainkey IN TXT ( \"v=DKIM1; \"\n \"p=AB\" )",
        ],
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_record() {
    let input = Input::read("-", "\u{feff}v=spf1 -all\n".as_bytes(), None).unwrap();
    assert_eq!((input.kind, &*input.text), (InputKind::Record, &b"v=spf1 -all\n"[..]));
}

#[test]
fn hash_comments_of_a_guide_are_no_part_of_its_records() {
    let zone = "# Infrastructure\nexample.com         A        203.0.113.1\nmail.example.com    A        203.0.113.1\n\n\
        # Authentication\nexample.com         TXT      \"v=spf1 mx ~all\"\n";
    let input = Input::read("-", zone.as_bytes(), None).unwrap();
    assert_eq!((input.kind, input.sure), (InputKind::Record, Confidence::Certain), "{}", input.because);
    assert!(!input.text.contains(&b'#') && input.text.ends_with(b"\"v=spf1 mx ~all\"\n"));
    let [repair] = &input.repairs[..] else { panic!("{:?}", input.repairs) };
    assert_eq!((repair.kind, &repair.lines[..]), (RepairKind::HashComment, &[1, 5][..]));
    // A word in front of prose, a script, or a header below: none of these is a record.
    for other in ["# Heading\nSome prose about DNS.\n", "# a\n", "# note\nFrom: a@example.com\nSubject: A 192.0.2.1\n"]
    {
        assert_ne!(Input::read("-", other.as_bytes(), None).unwrap().kind, InputKind::Record, "{other}");
    }
}

#[test]
fn hosts() {
    for (text, want) in [
        ("example.com", "example.com"),
        (" Example.COM.\n", "example.com"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("b\u{fc}cher.example", "xn--bcher-kva.example"),
        ("https://www.example.com:8443/a?b=1#c", "www.example.com"),
        ("hxxps://mail[.]example[.]com/login", "mail.example.com"),
        ("hxxp[://]example[.]com", "example.com"),
        ("example(dot)com", "example.com"),
        ("alice@example.com", "example.com"),
        ("alice[at]example.com", "example.com"),
        ("<mailto:alice@example.com>", "example.com"),
        ("example.com:25", "example.com"),
        ("exam\u{200b}ple.com", "example.com"),
    ] {
        let input = Input::read("-", text.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Domain, "{text}");
        assert_eq!(input.subject().as_deref(), Some(want), "{text}");
    }
    for (text, want) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192[.]0[.]2[.]1\n", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("http://192.0.2.1/x", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("192.0.2.1:25", "192.0.2.1"),
        ("https://[2001:db8::1]:443/", "2001:db8::1"),
    ] {
        let input = Input::read("-", text.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Ip, "{text}");
        assert_eq!(input.subject().as_deref(), Some(want), "{text}");
    }
}

#[test]
fn reports() {
    all(
        InputKind::Report,
        &[
            "<?xml version=\"1.0\"?>\n<feedback><report_metadata/></feedback>",
            "\u{feff}<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">",
            "{\"organization-name\":\"x\",\"policies\":[]}",
        ],
    );
    use std::io::Write;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(b"<feedback></feedback>").unwrap();
    let gz = gz.finish().unwrap();
    let input = Input::read("-", gz, None).unwrap();
    assert_eq!((input.kind, input.sure), (InputKind::Report, Confidence::Certain));
    let input = Input::read("-", &b"PK\x03\x04 broken"[..], None).unwrap();
    assert_eq!((input.kind, input.sure), (InputKind::Report, Confidence::Possible));
    let mail = |name: &str| {
        format!(
            "From: a@example.net\nTo: b@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: application/gzip;\n name=\"{name}\"\n\nH4sI\n"
        )
    };
    assert_eq!(kind(&mail("example.net!example.com!1780963200!1781049599.xml.gz")), InputKind::Report);
    assert_eq!(kind(&mail("hello!1!2.xml.gz")), InputKind::Message);
    let typed =
        |subject: &str, kind: &str| format!("From: a@example.net\nSubject: {subject}\nContent-Type: {kind}\n\nPD94\n");
    assert_eq!(kind(&typed("Report domain: example.com", "text/xml; name=r")), InputKind::Report);
    assert_eq!(kind(&typed("Report domain: example.com", "text/plain; name=\"r.xml\"")), InputKind::Report);
    assert_eq!(kind(&typed("x", "application/tlsrpt+json")), InputKind::Report);
    assert_eq!(kind(&typed("Report domain: example.com", "text/plain")), InputKind::Message);
}

#[test]
fn unknown() {
    all(
        InputKind::Unknown,
        &[
            "hello",
            "Hello, how are you?",
            "What is SPF: a text in DNS?",
            "<html><body>x</body></html>",
            "key: value\nother: value\n",
            "192.0.2.0/24",
            "{\"a\": 1}",
            "a.b c.d",
            "1234",
            "Ann said: 500 people came",
            "Dear all,\n\nThe meeting is at 10:00 today.\n",
            "\u{feff}x",
        ],
    );
}

#[test]
fn the_user_knows_better() {
    for kind in InputKind::ALL {
        let input = Input::read("-", &b"> From: a@example.com"[..], Some(kind)).unwrap();
        assert_eq!((input.kind, input.sure), (kind, Confidence::Certain));
    }
}

/// Every file of a corpus of real mail: what is it taken for? `POSTDOC_CORPUS` names the folder.
#[test]
fn a_corpus_is_recognised() {
    let Some(root) = std::env::var_os("POSTDOC_CORPUS").map(std::path::PathBuf::from) else { return };
    let mut table = std::collections::BTreeMap::<String, std::collections::BTreeMap<String, u32>>::new();
    let mut wrong = Vec::new();
    for folder in std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let Ok(input) = Input::read("-", std::fs::read(&path).unwrap(), None) else { continue };
                let counts = table.entry(name.clone()).or_default();
                *counts.entry(input.kind.word().to_owned()).or_default() += 1;
                for repair in &input.repairs {
                    *counts.entry(format!("+{}", repair.kind.word())).or_default() += 1;
                    if std::env::var_os("POSTDOC_CORPUS_REPAIRS").is_some() {
                        println!(
                            "{} {} {:?}",
                            repair.kind.word(),
                            path.display(),
                            &repair.lines[..repair.lines.len().min(6)]
                        );
                    }
                }
                if input.kind != expected(&name, &path, input.kind) {
                    wrong.push(format!("{} is taken for {}: {}", path.display(), input.kind.word(), input.because));
                }
            }
        }
    }
    for (folder, counts) in &table {
        println!("{folder:20} {counts:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The kind a file must have; `got` where it may have several.
fn expected(folder: &str, path: &std::path::Path, got: InputKind) -> InputKind {
    let mail = matches!(got, InputKind::Message | InputKind::Headers | InputKind::Bounce);
    match (folder, path.extension().and_then(|e| e.to_str()).unwrap_or_default()) {
        ("bounces", _) if !mail => InputKind::Bounce,
        ("mail-auth" | "mox" | "parsedmarc", "eml") if got == InputKind::Report => got,
        (_, "eml" | "msg") if !mail => InputKind::Message,
        ("list-linux-erofs" | "list-usrp-users", _) => InputKind::Headers,
        ("parsedmarc", "xml" | "gz" | "zip") => InputKind::Report,
        _ => got,
    }
}
/// Every record of a corpus, alone in a paste, is one and is read as it stands.
#[test]
fn records_of_a_corpus_are_read_verbatim() {
    let Some(root) = std::env::var_os("POSTDOC_CORPUS").map(std::path::PathBuf::from) else { return };
    let list = std::fs::read_to_string(root.join("strings/dns-records.jsonl")).unwrap();
    for line in list.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let record = row["record"].as_str().unwrap().trim();
        // A policy fetched over HTTPS has lines; a record in a panel has none.
        if record.contains(['\r', '\n']) {
            continue;
        }
        let Ok(input) = Input::read("-", record.as_bytes(), Some(InputKind::Record)) else { continue };
        let pasted = crate::facts::record::read(&input.text).unwrap();
        assert_eq!(String::from_utf8_lossy(&pasted.entries[0].text), record);
        if row["expect"] == "valid" {
            assert_eq!(kind(record), InputKind::Record, "{record}");
        }
    }
}
