//! The worst that strangers send: bounded work, a clear word, and no panic.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;

const HEAD: &str = "From: a@example.com\r\nTo: b@example.net\r\nSubject: x\r\nDate: Mon, 8 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n";

/// What the program says of these bytes, in words and as JSON.
fn told(bytes: impl AsRef<[u8]>) -> (String, Value) {
    let home = Home::new();
    let file = home.file("m.eml", bytes);
    let human = home.diagnose(&["--no-save", &file]);
    let json = home.diagnose(&["--no-save", "-f", "json", &file]);
    for out in [&human, &json] {
        assert!(matches!(out.status, 0 | 1 | 3), "{}: {}", out.status, out.stderr);
        assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    }
    let joined = human.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    (joined, json.json())
}

fn headline(json: &Value) -> &str {
    json["verdict"]["headline"].as_str().unwrap()
}

/// Some hundred MiB of zeros in some hundred KiB.
fn gzip_bomb() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![b'0'; 1024 * 1024];
    (0..100).for_each(|_| packed.write_all(&zeros).unwrap());
    packed.finish().unwrap()
}

#[test]
fn an_archive_that_unpacks_without_end() {
    let bomb = gzip_bomb();
    let (_, json) = told(&bomb);
    assert_eq!(headline(&json), "This report cannot be read: it unpacks to more than 32 MiB.");
    // Within itself, and in a mail that brings it.
    let mut twice = GzEncoder::new(Vec::new(), Compression::fast());
    twice.write_all(&bomb).unwrap();
    assert_eq!(
        headline(&told(twice.finish().unwrap()).1),
        "This report cannot be read: it unpacks to more than 32 MiB."
    );
    let code = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(&bomb)
    };
    let rows: String = code.as_bytes().chunks(76).map(|row| format!("{}\r\n", String::from_utf8_lossy(row))).collect();
    let head = HEAD.replace("Subject: x", "Subject: Report domain: example.net Submitter: example.com Report-ID: 1");
    let mail = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n{rows}"
    );
    assert_eq!(headline(&told(mail).1), "This report cannot be read: it unpacks to more than 32 MiB.");
}

#[test]
fn xml_and_json_that_grow_or_never_end() {
    let entities: String =
        (1..10).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
    let laughs = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e0 \"ha\">{entities}]><feedback><report_metadata><org_name>&e9;</org_name></report_metadata></feedback>"
    );
    assert!(headline(&told(laughs).1).starts_with("This report cannot be read: "));
    let deep = format!("<feedback>{}", "<a>".repeat(200_000));
    assert!(headline(&told(deep).1).contains("elements are nested without end"));
    let json = format!("{{\"organization-name\":\"x\",\"policies\":{}", "[".repeat(100_000));
    assert!(headline(&told(json).1).starts_with("This report cannot be read: its JSON is broken"));
}

#[test]
fn parts_within_parts_and_parts_without_number() {
    let deep: String =
        (0..1_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    let (human, _) = told(format!("{HEAD}MIME-Version: 1.0\r\n{deep}Content-Type: text/plain\r\n\r\nhi\r\n"));
    assert!(human.contains("What stands in the body? a message with at most 100 parts within parts"), "{human}");
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(100_000);
    let (human, _) =
        told(format!("{HEAD}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"));
    assert!(human.contains("It has more than 1000 parts: no others were looked at."), "{human}");
}

/// The notice that server `n` sends of a message.
fn notice(n: usize, returned: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx{n}.example.net\r\nTo: a@example.com\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=d{n}\r\n\r\n--d{n}\r\nContent-Type: text/plain\r\n\r\nfailed\r\n\
         --d{n}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx{n}.example.net\r\n\r\n\
         Final-Recipient: rfc822; b{n}@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n\
         --d{n}\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n--d{n}--\r\n"
    )
}

/// A notice about a notice about a notice is about the one it was sent for, however deep it goes.
#[test]
fn bounces_within_bounces() {
    for depth in [3, 30, 200] {
        let text = (0..depth).fold(format!("{HEAD}\r\nhi\r\n"), |inner, n| notice(n, &inner));
        let (_, json) = told(text);
        let recipients = json["bounce"]["recipients"].as_array().unwrap();
        assert_eq!(recipients.len(), 1, "{depth}: {recipients:?}");
        assert_eq!(recipients[0]["address"], format!("b{}@example.net", depth - 1));
    }
}

#[test]
fn signatures_and_seals_without_number() {
    let signature = |n| {
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=d{n}.example.com; s=s; h=from:to; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
        )
    };
    let signed: String = (0..1_000).map(signature).collect();
    let (human, json) = told(format!("{signed}{HEAD}\r\nhi\r\n"));
    assert!(human.contains("It carries 1000 signatures: the 20 on top were verified."), "{human}");
    assert_eq!(json["computed"]["dkim"].as_array().unwrap().len(), 20);
    let set = |n| {
        format!(
            "ARC-Seal: i={n}; cv=pass; a=rsa-sha256; d=d.example.com; s=s; b=AAAA\r\nARC-Message-Signature: i={n}; a=rsa-sha256; d=d.example.com; s=s; h=from; bh=AAAA; b=AAAA\r\nARC-Authentication-Results: i={n}; x; spf=pass\r\n"
        )
    };
    let sealed: String = (1..=1_000).rev().map(set).collect();
    assert_eq!(told(format!("{sealed}{HEAD}\r\nhi\r\n")).1["computed"]["arc"]["result"], "fail");
}
