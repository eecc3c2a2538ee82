use super::*;
use crate::evidence::{Input, InputKind};
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::samples;
use crate::facts::dkim::testing::{RELAXED, RSA_PUBLIC, SIMPLE, Signing, verified, with_key};
use crate::facts::lookup::Lookup;

const MESSAGE: &str = "From: Ann <ann@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: Invoice  8842\r\n\
    Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello Bob,\r\n\r\nplease pay.  \r\n-- \r\nAnn\r\n";

fn message(text: &str, record: &str) -> (Hash, Hash, Option<DkimResult>, Option<Reason>) {
    let v = verified(text, InputKind::Message, record);
    (v.header_hash, v.body_hash, v.result, v.reason)
}

const EVERY: [Signing; 4] = [
    RELAXED,
    SIMPLE,
    Signing { ed25519: true, ..RELAXED },
    Signing { header: Canon::Relaxed, counted: true, ..SIMPLE },
];

#[test]
fn what_another_implementation_signed_passes() {
    for signing in EVERY {
        let text = signing.sign(MESSAGE);
        let pass = (Hash::Match, Hash::Match, Some(DkimResult::Pass), None);
        assert_eq!(message(&text, &signing.record()), pass, "{text}");
        assert_eq!(message(&text.replace("\r\n", "\n"), &signing.record()), pass);
        // Blanks inside p= do not count (RFC 6376 §3.6.1).
        assert_eq!(message(&text, &signing.record().replace("p=", "p= ").replace('q', "q ")), pass);
    }
}

#[test]
fn header_and_body_are_told_apart() {
    use DkimResult::Fail;
    for signing in EVERY {
        let text = signing.sign(MESSAGE);
        let record = signing.record();
        assert_eq!(
            message(&text.replace("please pay", "please wait"), &record),
            (Hash::Match, Hash::Mismatch, Some(Fail), Some(Reason::BodyHashMismatch))
        );
        assert_eq!(
            message(&text.replace("Subject: ", "Subject: [list] "), &record),
            (Hash::Mismatch, Hash::Match, Some(Fail), Some(Reason::SignatureMismatch))
        );
        let both = text.replace("Subject: ", "Subject: [list] ").replace("please pay", "please wait");
        assert_eq!(message(&both, &record).0, Hash::Mismatch);
        assert_eq!(message(&both, &record).1, Hash::Mismatch);
    }
}

/// RFC 8017 §9.2: with its own key alone an RSA signature shows the padding, and the hash that was signed.
#[test]
fn the_padding_tells_whose_a_signature_is() {
    let maker = |text: &str, p: &str| {
        let input = Input::read("-", text.as_bytes(), Some(InputKind::Message)).unwrap();
        let evidence = with_key(input, &format!("v=DKIM1; p={p}"));
        let reading = Reading::read(&evidence.input, &evidence.said);
        let keys = crate::facts::dkim::key::gather(&Lookup::over(&evidence), &reading, &evidence.said);
        let KeyState::Found(records) = &keys[0].state else { panic!("{keys:?}") };
        let signed = reading.signed[0].as_deref().unwrap();
        let covered = signed.covered(&reading.signatures[0], &reading.header, &evidence.input.text);
        (super::maker(&reading.signatures[0], records), Algorithm::RsaSha256.digest(&covered.data))
    };
    let text = RELAXED.sign(MESSAGE);
    let (found, hash) = maker(&text, RSA_PUBLIC);
    assert_eq!(found, Some(Maker::Key(hash.clone())));
    // Whatever was changed in the text, it was made over the same.
    let (found, changed) = maker(&text.replace("Invoice", "Offer"), RSA_PUBLIC);
    assert!(found == Some(Maker::Key(hash.clone())) && changed != hash);
    assert_eq!(maker(&text, samples::RSA_2048).0, Some(Maker::Another));
    assert_eq!(maker(&text, samples::RSA_1024_E3).0, Some(Maker::Length(256, 128)));
    let spoiled = text.replacen("b=", "b=AAAA", 2).replacen("bh=AAAA", "bh=", 1);
    assert!(matches!(maker(&spoiled, RSA_PUBLIC).0, Some(Maker::Length(259, 256))), "{spoiled}");
    let ed25519 = Signing { ed25519: true, ..RELAXED }.sign(MESSAGE);
    assert_eq!(maker(&ed25519, RSA_PUBLIC).0, None);
}

/// Its syntax alone is wrong (RFC 6376 §3.5): there is no hash that the body could differ from.
#[test]
fn a_signature_without_a_body_hash_says_nothing_of_the_body() {
    let text = RELAXED.sign(MESSAGE).replacen("bh=", "bx=", 1);
    let (_, body, result, reason) = message(&text, &RELAXED.record());
    assert_eq!((body, result, reason), (Hash::Unknown, Some(DkimResult::PermError), Some(Reason::SignatureSyntax)));
}

#[test]
fn relaxed_survives_what_simple_does_not() {
    let refolded =
        |text: String| text.replace("Subject: Invoice  8842", "subject:Invoice\r\n\t8842").replace("pay.  ", "pay.");
    let got = message(&refolded(RELAXED.sign(MESSAGE)), &RELAXED.record());
    assert_eq!(got.2, Some(DkimResult::Pass));
    let got = message(&refolded(SIMPLE.sign(MESSAGE)), &SIMPLE.record());
    assert_eq!((got.0, got.1), (Hash::Mismatch, Hash::Mismatch));
}

#[test]
fn a_header_alone_is_verified_as_far_as_it_goes() {
    let whole = RELAXED.sign(MESSAGE);
    let header = whole.split_once("\r\n\r\n").unwrap().0;
    for text in [header.to_owned(), format!("{header}\r\n\r\n")] {
        for kind in [InputKind::Headers, InputKind::Message] {
            let v = verified(&text, kind, &RELAXED.record());
            assert_eq!((v.header_hash, v.body_hash), (Hash::Match, Hash::Unknown));
            assert_eq!((v.result, v.reason), (Some(DkimResult::Neutral), Some(Reason::BodyNotAvailable)));
        }
    }
    let changed = header.replace("Ann <", "Anne <");
    let v = verified(&changed, InputKind::Headers, &RELAXED.record());
    assert_eq!((v.header_hash, v.reason), (Hash::Mismatch, Some(Reason::SignatureMismatch)));
    // What was quoted in a reply does not count against the signer.
    let quoted = header.lines().map(|l| format!("> {l}\n")).collect::<String>();
    let v = verified(&quoted, InputKind::Headers, &RELAXED.record());
    assert_eq!((v.header_hash, v.result), (Hash::Match, Some(DkimResult::Neutral)));
    let v = verified(&quoted.replace("Ann <", "Anne <"), InputKind::Headers, &RELAXED.record());
    assert_eq!((v.header_hash, v.result), (Hash::Unknown, None));
}

#[test]
fn keys_that_cannot_be_used() {
    use DkimResult::{PermError, TempError};
    let text = RELAXED.sign(MESSAGE);
    for (record, result, reason) in [
        ("nxdomain".to_owned(), PermError, Reason::KeyMissing),
        ("nodata".to_owned(), PermError, Reason::KeyMissing),
        ("servfail".to_owned(), TempError, Reason::DnsFailure),
        ("timeout".to_owned(), TempError, Reason::DnsFailure),
        ("v=DKIM1; p=".to_owned(), PermError, Reason::KeyRevoked),
        ("v=DKIM1; p=AAAA".to_owned(), PermError, Reason::KeySyntax),
        (format!("p={}", samples::RSA_512), PermError, Reason::KeyTooSmall),
        (format!("k=ed25519; p={}", samples::ED25519), PermError, Reason::KeyTypeMismatch),
        (format!("h=sha1; p={}", samples::RSA_2048), PermError, Reason::KeyTypeMismatch),
    ] {
        let got = message(&text, &record);
        assert_eq!((got.2, got.3), (Some(result), Some(reason)), "{record}");
        assert_eq!(got.1, Hash::Match);
    }
    let other = message(&text, &format!("p={}", samples::RSA_2048));
    assert_eq!((other.0, other.2), (Hash::Mismatch, Some(DkimResult::Fail)));
    assert_eq!(message(&text, "").2, None);
}

#[test]
fn signatures_that_no_receiver_takes() {
    let fault = |signing: Signing, change: fn(&str) -> String| {
        let got = message(&change(&signing.sign(MESSAGE)), &signing.record());
        (got.2, got.3)
    };
    let perm = |reason| (Some(DkimResult::PermError), Some(reason));
    let old = Signing { expires: 10, ..RELAXED };
    let past = |text: &str| {
        let (at, _) = text.match_indices("x=").next().unwrap();
        let digits = text[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        format!("{}x=1700000000{}", &text[..at], &text[at + 2 + digits..]).replacen("t=1", "t=0", 1)
    };
    assert_eq!(fault(old, past), perm(Reason::Expired));
    assert_eq!(fault(Signing { fields: &["To", "Subject"], ..RELAXED }, str::to_owned), perm(Reason::FromNotSigned));
    assert_eq!(fault(RELAXED, |t| t.replace("a=rsa-sha256", "a=rsa-sha1")).1, Some(Reason::SignatureSyntax));
    assert_eq!(fault(RELAXED, |t| t.replacen("v=1; ", "", 1)), perm(Reason::SignatureSyntax));
    let counted = Signing { counted: true, ..SIMPLE };
    assert_eq!(
        fault(counted, |t| t.replace("please pay.  \r\n-- \r\nAnn\r\n", "")),
        (Some(DkimResult::Fail), Some(Reason::LengthTag))
    );
    assert_eq!(fault(counted, |t| format!("{t}-- \r\nlist footer\r\n")), (Some(DkimResult::Pass), None));
    let identity = |text: &str| text.replacen("d=example.com;", "d=example.com; i=@news.example.com;", 1);
    let strict = format!("{}; t=s", RELAXED.record());
    assert_eq!(message(&identity(&RELAXED.sign(MESSAGE)), &strict).3, Some(Reason::AuidMismatch));
}

#[test]
fn fields_are_taken_from_below_and_an_over_signed_name_stays_empty() {
    let signing = Signing { fields: &["From", "From", "Subject", "To", "Date"], ..RELAXED };
    let text = signing.sign(MESSAGE);
    assert_eq!(message(&text, &signing.record()).2, Some(DkimResult::Pass));
    let added = format!("From: Eve <eve@example.org>\r\n{text}");
    assert_eq!(message(&added, &signing.record()).0, Hash::Mismatch);
    // Signed once, a second From above goes unseen.
    let added = format!("From: Eve <eve@example.org>\r\n{}", RELAXED.sign(MESSAGE));
    assert_eq!(message(&added, &RELAXED.record()).2, Some(DkimResult::Pass));
}

/// RFC 6376 §3.4, §3.5, §5.4.2: what another implementation signed, at the edges of the rules.
#[test]
fn edges_of_the_standard() {
    let heads = [
        "From:ann@example.com\r\nTO:\tbob@example.net\r\nSubject:  a \t b \r\n\t c\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n",
        "Subject: upper\r\nfrom: ann@example.com\r\nSubject:\r\nTo: b@example.net,\r\n c@example.net\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n",
        "From: Jörg <jörg@example.com>\r\nTo: b@example.net\r\nSubject: Grüße\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n",
    ];
    let bodies = ["", "\r\n", "\r\n\r\n\r\n", "a", "a\r\n\r\n", "\r\na  b\t\r\n", " a\r\n.\r\n..b\r\n", "Grüße\r\n"];
    let twice = Signing { fields: &["From", "Subject", "Subject", "Subject", "To"], ..RELAXED };
    // With l= the other counts empty lines at the end, which no canonical body has.
    for signing in EVERY.into_iter().filter(|s| !s.counted).chain([twice]) {
        for (head, body) in heads.iter().flat_map(|head| bodies.map(|body| (head, body))) {
            let text = signing.sign(&format!("{head}\r\n{body}"));
            assert_eq!(message(&text, &signing.record()).2, Some(DkimResult::Pass), "{text}");
        }
    }
    // The lowest of a name is the one that is signed: one put on top goes unseen, one put below does not.
    let text = RELAXED.sign(MESSAGE);
    assert_eq!(message(&format!("Subject: on top\r\n{text}"), &RELAXED.record()).2, Some(DkimResult::Pass));
    let below = text.replace("\r\n\r\nHello", "\r\nSubject: below\r\n\r\nHello");
    assert_eq!(message(&below, &RELAXED.record()).0, Hash::Mismatch);
    // Folds in b= do not count.
    let at = [" b=", "\tb=", ";b="].iter().find_map(|mark| text.find(mark)).unwrap() + 3;
    let folded = format!("{}\r\n\t {}", &text[..at], &text[at..]);
    assert_eq!(message(&folded, &RELAXED.record()).2, Some(DkimResult::Pass), "{folded}");
}

/// The body of a saved case is gone; what it said stays.
#[test]
fn a_case_without_the_body_verifies_the_same() {
    use crate::evidence::case::Case;
    for text in EVERY.iter().map(|s| s.sign(MESSAGE)).chain([RELAXED.sign(MESSAGE).replace("pay", "wait")]) {
        let input = Input::read("-", text.as_bytes(), None).unwrap();
        let evidence = with_key(input, &RELAXED.record());
        let signed = |e: &Evidence| Reading::read(&e.input, &e.said).signed;
        let case = Case::new(&evidence, false);
        let back = Case::read(case.write().as_bytes()).unwrap().evidence(None).unwrap();
        assert!(back.input.is_cut() && !case.write().contains("please"));
        let bodies = |e: &Evidence| signed(e).into_iter().map(|s| s.map(|s| s.body.clone())).collect::<Vec<_>>();
        assert_eq!(bodies(&back), bodies(&evidence));
        assert_eq!(Case::new(&back, false).input.body, case.input.body);
    }
}

/// Only what is proven of every hash that does not fit shows that the key signed this message.
#[test]
fn a_message_is_the_signers_where_every_change_is_proven() {
    let altered = |what, proof| Altered { what, proof, field: None, hop: None, could: vec![] };
    let (footer, tag) = (|proof| altered(What::FooterAppended, proof), |proof| altered(What::SubjectTag, proof));
    let genuine = |header_hash, body_hash, altered: Vec<Altered>| {
        let (result, reason) = (Some(DkimResult::Fail), None);
        Verification { signature: 0, header_hash, body_hash, result, reason, altered }.is_genuine()
    };
    use {Hash::*, Proof::*};
    assert!(genuine(Match, Match, vec![]));
    assert!(genuine(Match, Mismatch, vec![footer(RestoredHash)]));
    assert!(genuine(Mismatch, Match, vec![tag(SentCopy)]));
    assert!(genuine(Mismatch, Mismatch, vec![footer(RestoredHash), tag(RestoredHash)]));
    assert!(!genuine(Match, Mismatch, vec![footer(Proof::Likely)]));
    assert!(!genuine(Mismatch, Mismatch, vec![footer(RestoredHash)]));
    assert!(!genuine(Match, Unknown, vec![]) && !genuine(Unknown, Match, vec![]));
}
