use super::*;
use crate::evidence::case::Case;
use crate::facts::dkim::forensics::Proof;
use crate::facts::dkim::testing::{RELAXED, SIMPLE, Signing, gathered};
use crate::facts::{Facts, Reading};
use std::sync::Arc;

const MESSAGE: &str = "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: Hello\r\n\
    Date: Tue, 2 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nDear Bob,\r\nsee https://example.com/a now.\r\nAnn\r\n";

fn changes(sent: &str, received: &str) -> Vec<(String, &'static str)> {
    let found = differences(sent.as_bytes(), received.as_bytes());
    let fields = found.fields.iter().map(|f| (f.name.clone(), f.change.word()));
    fields.chain(found.body.iter().flatten().map(|b| (b.part.clone(), b.what.word()))).collect()
}

fn one(sent: &str, received: &str) -> (String, &'static str) {
    let all = changes(sent, received);
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn the_same_message_has_no_differences_whatever_its_line_ends() {
    assert!(differences(MESSAGE.as_bytes(), MESSAGE.as_bytes()).is_empty());
    assert!(differences(MESSAGE.as_bytes(), MESSAGE.replace("\r\n", "\n").as_bytes()).is_empty());
    let trace =
        format!("Return-Path: <ann@example.com>\r\nReceived: from a by b; Tue, 2 Jun 2026 10:00:01 +0000\r\n{MESSAGE}");
    let found = differences(MESSAGE.as_bytes(), trace.as_bytes());
    assert!(found.is_empty() && found.fields.len() == 2, "{found:?}");
}

#[test]
fn fields_are_told_by_what_happened_to_them() {
    let with = |from: &str, to: &str| one(MESSAGE, &MESSAGE.replace(from, to));
    assert_eq!(with("Subject: Hello", "Subject: [list] Hello"), ("Subject".into(), "changed"));
    assert_eq!(with("Subject: Hello", "Subject:  Hello"), ("Subject".into(), "refolded"));
    assert_eq!(with("Message-ID:", "Message-Id:"), ("Message-Id".into(), "recased"));
    assert_eq!(with("To: bob@example.net\r\n", ""), ("To".into(), "removed"));
    assert_eq!(with("Subject:", "Reply-To: list@example.org\r\nSubject:"), ("Reply-To".into(), "added"));
    // The one on top is new, the lower one is as it was.
    let twice = differences(MESSAGE.as_bytes(), format!("Subject: Another\r\n{MESSAGE}").as_bytes());
    assert_eq!((twice.fields.len(), twice.fields[0].received.as_deref()), (1, Some("Another")));
    assert_eq!(twice.fields[0].at.unwrap().of(b"Subject: Another"), b"Subject: Another");
}

#[test]
fn each_change_of_a_text_has_its_name() {
    let with = |from: &str, to: &str| one(MESSAGE, &MESSAGE.replace(from, to)).1;
    assert_eq!(with("Ann\r\n", "Ann\r\n-- \r\nSent by a gateway\r\n"), "footer-appended");
    assert_eq!(with("Dear Bob", "CAUTION: external\r\nDear Bob"), "text-prepended");
    assert_eq!(
        with("https://example.com/a", "https://gateway.example.net/?u=https%3A%2F%2Fexample.com"),
        "links-rewritten"
    );
    assert_eq!(with("Dear Bob", "Dear Rob"), "body-changed");
    assert_eq!(with("now.\r\n", "now.  \r\n"), "whitespace-changed");
    assert_eq!(with("see https", "see\r\nhttps"), "lines-wrapped");
    let found = differences(MESSAGE.as_bytes(), MESSAGE.replace("Dear Bob", "Dear Rob").as_bytes());
    let body = &found.body.unwrap()[0];
    assert_eq!((body.sent.as_deref(), body.received.as_deref()), (Some("Dear Bob,"), Some("Dear Rob,")));
}

fn multipart(parts: &[&str]) -> String {
    let head = MESSAGE.split_once("Content-Type").unwrap().0;
    let parts: String = parts.iter().map(|p| format!("--b\r\n{p}\r\n")).collect();
    format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
}

const TEXT: &str = "Content-Type: text/plain\r\n\r\nHello";
const PDF: &str = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==";

#[test]
fn parts_come_and_go_and_are_written_otherwise() {
    let both = multipart(&[TEXT, PDF]);
    assert_eq!(one(&both, &multipart(&[TEXT])), ("application/pdf \"a.pdf\"".into(), "part-removed"));
    assert_eq!(one(&multipart(&[TEXT]), &both), ("application/pdf \"a.pdf\"".into(), "part-added"));
    assert_eq!(one(&both, &both.replace("JVBERg==", "JVBERi0=")).1, "body-changed");
    let encoded = both
        .replace("text/plain\r\n\r\nHello", "text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHell=6F");
    assert_eq!(one(&both, &encoded), ("text/plain".into(), "transfer-encoding-changed"));
    let other =
        both.replace("boundary=b\r\n", "boundary=bb\r\n").replace("--b\r\n", "--bb\r\n").replace("--b--", "--bb--");
    assert_eq!(changes(&both, &other).last().unwrap().1, "structure-changed");
    let wrapped = multipart(&["Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n", TEXT]);
    let plain = format!("{}\r\nHello\r\n", MESSAGE.split_once("\r\nDear").unwrap().0);
    let whats: Vec<_> = changes(&plain, &wrapped).into_iter().map(|c| c.1).collect();
    assert!(whats.contains(&"wrapped-in-multipart") && whats.contains(&"part-added"), "{whats:?}");
}

#[test]
fn a_header_alone_has_no_body_to_compare() {
    let head = MESSAGE.split_once("\r\n\r\n").unwrap().0;
    assert_eq!(differences(MESSAGE.as_bytes(), head.as_bytes()).body, None);
}

#[test]
fn hostile_copies_are_bounded() {
    let many: String = (0..20_000).map(|n| format!("X-{n}: a\r\n")).collect::<String>() + "\r\nx\r\n";
    let same: String = "Received: a\r\n".repeat(20_000) + "\r\ny\r\n";
    let found = differences(many.as_bytes(), same.as_bytes());
    assert_eq!(found.fields.len(), 2_000);
    let deep: String =
        (0..1_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    assert_eq!(differences(deep.as_bytes(), MESSAGE.as_bytes()).body.unwrap().len(), 1);
}

/// The received copy diagnosed with the sent one beside it.
fn facts(sent: &str, received: &str, signing: Signing) -> Facts {
    gathered(received, Some(sent), signing)
}

fn altered(facts: &Facts) -> Vec<(&'static str, Proof)> {
    facts.verified[0].altered.iter().map(|a| (a.what.word(), a.proof)).collect()
}

#[test]
fn a_sent_copy_that_fits_the_signature_is_proof() {
    let signed = RELAXED.sign(MESSAGE);
    let hop = "Received: from a.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
    // What cannot be undone from the received bytes alone.
    let received = format!("{hop}{}", signed.replace("Dear Bob", "Dear Rob").replace("10:00:00", "10:00:07"));
    let found = facts(MESSAGE, &received, RELAXED);
    assert_eq!(altered(&found), [("body-changed", Proof::SentCopy), ("date-changed", Proof::SentCopy)]);
    // The server that handed it over may have done it after signing, and wrote no Received of its own.
    let first = found.verified[0].altered[0].clone();
    assert_eq!((first.hop, first.could), (None, vec!["a.example.com".to_owned(), "mx.example.net".to_owned()]));
    let d = crate::diagnose::judge(found);
    let told = d.every_finding().map(|f| f.explanation.as_str()).collect::<Vec<_>>().join("\n");
    assert!(
        told.contains("\"Dear Bob,\" became \"Dear Rob,\"")
            && told.contains("between signing and verdict: a.example.com, mx.example.net"),
        "{told}"
    );
    // With the signature in the sent copy, too.
    assert_eq!(altered(&facts(&signed, &received, RELAXED)).len(), 2);
}

#[test]
fn who_did_it_is_named_where_the_verdict_of_the_receiver_tells() {
    let changed = RELAXED.sign(MESSAGE).replace("Dear Bob", "Dear Rob");
    let submitted = "Received: from laptop by smtp.example.com with ESMTPSA id 1; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
    let taken = "Received: from out.example.com (out.example.com [192.0.2.4]) by mx.example.net with ESMTPS id 2;\r\n\
        \tTue, 2 Jun 2026 10:00:02 +0000\r\n";
    let inside =
        "Received: from mx.example.net by store.example.net with LMTP id 3; Tue, 2 Jun 2026 10:00:03 +0000\r\n";
    let said = |word: &str| {
        format!("Authentication-Results: mx.example.net; dkim={word} header.d=example.com header.s=s1\r\n")
    };
    let who = |received: String| {
        let first = facts(MESSAGE, &received, RELAXED).verified[0].altered[0].clone();
        (first.hop, first.could.join(" "))
    };
    let one = |name: &str| (Some(name.to_owned()), String::new());
    // The receiver saw it changed: it was the submission server, not the receiver.
    let fail = said("fail (body hash did not verify)");
    assert_eq!(who(format!("{fail}{taken}{submitted}{changed}")), one("smtp.example.com"));
    assert_eq!(who(format!("{inside}{fail}{taken}{submitted}{changed}")), one("smtp.example.com"));
    // A submission server that writes no Received is known by the name under which it handed the message over.
    assert_eq!(who(format!("{fail}{taken}{changed}")), one("out.example.com"));
    // The receiver saw it whole: it happened there, after the verdict.
    let pass = said("pass");
    assert_eq!(who(format!("{pass}{taken}{submitted}{changed}")), one("mx.example.net"));
    let later = (None, "mx.example.net store.example.net".to_owned());
    assert_eq!(who(format!("{inside}{pass}{taken}{submitted}{changed}")), later);
    // Nobody says: each of them.
    let all = (None, "smtp.example.com mx.example.net".to_owned());
    assert_eq!(who(format!("{taken}{submitted}{changed}")), all);
    // A key that could not be read says nothing of changes.
    assert_eq!(who(format!("{}{taken}{submitted}{changed}", said("permerror (no key)"))), all);
}

#[test]
fn what_relaxed_survives_is_not_told_of_it_and_is_of_simple() {
    let refolded =
        |signing: Signing| facts(MESSAGE, &signing.sign(MESSAGE).replace("Subject: Hello", "Subject:  Hello"), signing);
    assert_eq!(altered(&refolded(RELAXED)), []);
    assert_eq!(altered(&refolded(SIMPLE)), [("field-refolded", Proof::SentCopy)]);
}

#[test]
fn a_sent_copy_that_was_changed_before_signing_proves_nothing() {
    let signed = RELAXED.sign(&MESSAGE.replace("Dear Bob", "Dear Robert"));
    let found = facts(MESSAGE, &signed.replace("Dear Robert", "Dear Rob"), RELAXED);
    assert!(altered(&found).iter().all(|(_, proof)| *proof != Proof::SentCopy), "{:?}", altered(&found));
    let d = crate::diagnose::judge(found);
    assert!(d.every_finding().any(|f| f.explanation.contains("does not fit the signature either")));
}

#[test]
fn a_case_keeps_both_copies_and_says_the_same() {
    let found = facts(MESSAGE, &RELAXED.sign(MESSAGE).replace("Dear Bob", "Dear Rob"), RELAXED);
    let case = Case::read(Case::new(&found.evidence, false).write().as_bytes()).unwrap();
    let evidence = Arc::new(case.evidence(None).unwrap());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let again = Facts::gather(evidence, reading);
    assert_eq!(again.reading.beside, found.reading.beside);
    assert_eq!(again.verified, found.verified);
}

#[test]
fn what_is_quoted_of_a_body_is_redacted() {
    let found = facts(MESSAGE, &RELAXED.sign(MESSAGE).replace("Dear Bob", "Dear secret Rob"), RELAXED);
    let d = crate::diagnose::judge(found);
    let redaction = crate::redact::Redaction::of(&d.facts);
    let shown = crate::report::Shown { redaction: Some(&redaction) };
    let text = crate::report::json::pretty(&crate::report::json::diagnosis::document(&d), shown);
    assert!(!text.contains("secret"), "{text}");
    assert!(!crate::report::plain::diagnosis(&d, shown).contains("secret"));
}

#[test]
fn a_copy_that_bears_the_signature_and_fails_clears_who_had_it_since() {
    let hop = "Received: from out.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
    let told = |sent: &str| {
        let d = crate::diagnose::judge(facts(sent, &format!("{hop}{sent}"), RELAXED));
        let told = d.every_finding().map(|f| f.explanation.as_str()).collect::<Vec<_>>().join("\n");
        (told, d.facts.verified[0].altered.clone())
    };
    let (body, altered) = told(&format!("{}A footer\r\n", RELAXED.sign(MESSAGE)));
    assert!(body.contains("failed already") && !body.contains("mx.example.net"), "{body}");
    assert!(altered.iter().all(|a| a.hop.is_none() && a.could.is_empty()), "{altered:?}");
    let (header, _) = told(&RELAXED.sign(MESSAGE).replace("10:00:00", "10:00:07"));
    assert!(header.contains("failed already") && header.contains("The body is as it was signed"), "{header}");
    // One that is signed only later says nothing of that.
    let later = facts(MESSAGE, &RELAXED.sign(MESSAGE).replace("10:00:00", "10:00:07"), RELAXED);
    assert!(!later.reading.beside.as_ref().unwrap().signatures[0].borne);
}

#[test]
fn nobody_is_named_for_what_does_not_differ_or_was_changed_before_signing() {
    let hop = "Received: from out.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
    let notes = |sent: &str, received: &str| {
        let d = crate::diagnose::judge(facts(sent, &format!("{hop}{received}"), RELAXED));
        crate::report::sent::notes(&d).join("\n")
    };
    let signed = RELAXED.sign(MESSAGE);
    let same = notes(&signed, &signed);
    assert!(same.contains("byte for byte") && !same.contains("mx.example.net"), "{same}");
    let before = notes(MESSAGE, &RELAXED.sign(&format!("{MESSAGE}A footer\r\n")));
    assert!(before.contains("before example.com signed") && !before.contains("mx.example.net"), "{before}");
    let bcc = notes(&MESSAGE.replace("To: ", "Bcc: c@example.net\r\nTo: "), &signed);
    assert!(bcc.contains("Bcc is taken out") && !bcc.contains("mx.example.net"), "{bcc}");
    // What no signature covers can have been changed by any of them.
    let other = MESSAGE.replace("MIME-Version: 1.0", "MIME-Version: 1.00");
    assert!(notes(&other, &signed).contains("one of them changed what differs: out.example.com, mx.example.net"));
}

#[test]
fn addresses_that_are_only_written_otherwise_are_not_rewritten() {
    let what =
        |from: &str, to: &str| differences(MESSAGE.as_bytes(), MESSAGE.replace(from, to).as_bytes()).fields[0].what();
    assert_eq!(what("From: Ann <", "From: \"Ann\" <"), What::AddressRespelled);
    assert_eq!(what("From: Ann <ann@", "From: Ann <bob@"), What::FromRewritten);
    assert_eq!(what("To: bob@example.net", "To: <bob@example.net>"), What::AddressRespelled);
    let twice = differences(MESSAGE.as_bytes(), format!("From: b@example.net\r\n{MESSAGE}").as_bytes());
    assert_eq!(twice.fields[0].what(), What::FieldAdded);
}
