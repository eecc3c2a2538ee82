use super::*;
use crate::facts::dkim::samples::*;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use proptest::prelude::*;

fn record(text: &str) -> KeyRecord {
    read(&[text.as_bytes().to_vec()], 0)
}

fn wrapped(wrapping: Wrapping, bits: Option<u32>, right: &str) -> PublicKey {
    PublicKey::Wrapped { wrapping, bits, right: right.into() }
}

/// The published example of an OpenSSH key in `p=`, and the same key as it should stand there.
const SSH_2048: &str = "AAAAB3NzaC1yc2EAAAADAQABAAABAQDLWvAVr5k+4nneMRKhUeb/yGjRBlpGu9CLXx4LJJb1dUZeNWBCbjpjN0P5hlXD3tyml8aBJdHWtudeBvauUmxoxIfrkQW6XNwiplAXB/2bsECd1k5lPRnWzGAt8WOVI/ztOITmykZGLz9BHFIQ8i+Zte6ORlwfNiFyTLE9VE4ubzwIaOWr95MTXwtqC+zXIVwPqjZ0FYs7Ij0PnUAx805AK0I+I/4Fb58HJ9hdMeMiMsVb3Sz+AWby208QQubkAVfm4Zf4/RjW6uBlc1pSwYKy0fq13fHb6VltVXE+Q+Cbj8tYLJHStTT8bCepOcgGsvBkw+8WiuYZBHOX6gn3L/+5";
const SSH_2048_RIGHT: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAy1rwFa+ZPuJ53jESoVHm/8ho0QZaRrvQi18eCySW9XVGXjVgQm46YzdD+YZVw97cppfGgSXR1rbnXgb2rlJsaMSH65EFulzcIqZQFwf9m7BAndZOZT0Z1sxgLfFjlSP87TiE5spGRi8/QRxSEPIvmbXujkZcHzYhckyxPVROLm88CGjlq/eTE18Lagvs1yFcD6o2dBWLOyI9D51AMfNOQCtCPiP+BW+fByfYXTHjIjLFW90s/gFm8ttPEELm5AFX5uGX+P0Y1urgZXNaUsGCstH6td3x2+lZbVVxPkPgm4/LWCyR0rU0/GwnqTnIBrLwZMPvFormGQRzl+oJ9y//uQIDAQAB";

#[test]
fn good_keys_are_known_by_their_bits_and_mail_auth_agrees() {
    let cases = [
        ("v=DKIM1; k=rsa; p=", RSA_1024, PublicKey::Rsa { bits: 1024 }),
        ("v=DKIM1; k=rsa; p=", RSA_2048, PublicKey::Rsa { bits: 2048 }),
        ("p=", RSA_1024_E3, PublicKey::Rsa { bits: 1024 }),
        ("k=ed25519; p=", ED25519, PublicKey::Ed25519),
    ];
    for (tags, p, expected) in cases {
        let text = format!("{tags}{p}");
        let got = record(&text);
        assert_eq!((got.public.clone(), got.problems.as_slice()), (expected, &[][..]), "{text}");
        assert!(got.usable());
        assert!(DomainKey::parse(text.as_bytes()).is_ok(), "{text}");
    }
    assert_eq!(record(&format!("p={RSA_512}")).public, PublicKey::Rsa { bits: 512 });
}

#[test]
fn two_strings_are_one_text_and_blanks_in_base64_are_folds() {
    let text = format!("v=DKIM1; k=rsa; p={RSA_2048}");
    let (one, two) = text.as_bytes().split_at(255);
    let split = read(&[one.to_vec(), two.to_vec()], 0);
    assert!(split.usable());
    assert_eq!(split.strings, [255, text.len() - 255]);
    let blank = read(&[one.to_vec(), [b" ", two].concat()], 0);
    assert!(blank.usable(), "{:?}", blank.problems);
    assert_eq!(blank.public, PublicKey::Rsa { bits: 2048 });
}

#[test]
fn an_openssh_blob_is_converted_into_the_right_value() {
    let got = record(&format!("v=DKIM1; k=rsa; p={SSH_2048}"));
    assert_eq!(got.public, wrapped(Wrapping::SshRsa, Some(2048), SSH_2048_RIGHT));
    assert!(record(&format!("v=DKIM1; p={SSH_2048_RIGHT}")).usable());
    for p in [RSA_1024_SSH.to_owned(), format!("ssh-rsa {RSA_1024_SSH} me@host"), format!("{RSA_1024_SSH} me@host")] {
        assert_eq!(record(&format!("p={p}")).public, wrapped(Wrapping::SshRsa, Some(1024), RSA_1024), "{p}");
    }
    let ed = record(&format!("k=ed25519; p={ED25519_SSH}"));
    assert_eq!((ed.public, ed.problems.len()), (wrapped(Wrapping::SshEd25519, None, ED25519), 0));
}

#[test]
fn other_wrappings_are_named_with_the_right_value() {
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----", &RSA_1024[..64], &RSA_1024[64..]);
    let cases = [
        (RSA_1024_PKCS1.to_owned(), Wrapping::Pkcs1),
        (RSA_1024_CERTIFICATE.to_owned(), Wrapping::Certificate),
        (pem.clone(), Wrapping::Pem),
        (pem.replace('\n', "\\n"), Wrapping::Pem),
        (format!("{RSA_1024}-----END PUBLIC KEY-----"), Wrapping::Pem),
    ];
    for (p, wrapping) in cases {
        assert_eq!(record(&format!("k=rsa; p={p}")).public, wrapped(wrapping, Some(1024), RSA_1024), "{p}");
    }
    let ed = record(&format!("k=ed25519; p={ED25519_SPKI}"));
    assert_eq!(ed.public, wrapped(Wrapping::SpkiEd25519, None, ED25519));
}

#[test]
fn a_private_key_is_named_and_gets_no_value() {
    let integers = [&[0x30, 27][..], &[2, 1, 0].repeat(9)].concat();
    let info = [0x30, 7, 2, 1, 0, 0x30, 0, 4, 0];
    for der in [&integers[..], &info] {
        let got = record(&format!("p={}", material::encode(der)));
        assert_eq!(got.public, wrapped(Wrapping::PrivateKey, None, ""));
    }
}

#[test]
fn a_cut_key_is_judged_by_its_own_length() {
    for cut in [1, 2, 3, 4, 7, 60, 150] {
        let p = &RSA_1024[..RSA_1024.len() - cut];
        match record(&format!("v=DKIM1; k=rsa; p={p}")).public {
            PublicKey::Truncated { has, says: 162 } => assert_eq!(has, p.len() * 3 / 4, "{cut}"),
            other => panic!("{cut}: {other:?}"),
        }
    }
    let ssh = &RSA_1024_SSH[..120];
    assert!(matches!(record(&format!("p={ssh}")).public, PublicKey::Truncated { says: 151, .. }));
    let ed = record(&format!("k=ed25519; p={}", &ED25519[..20]));
    assert_eq!(ed.public, PublicKey::Truncated { has: 15, says: 32 });
}

#[test]
fn what_is_no_key_is_not_taken_for_one() {
    assert_eq!(record("v=DKIM1; p=").public, PublicKey::Revoked);
    assert_eq!(record("v=DKIM1; k=rsa").public, PublicKey::Missing);
    assert_eq!(record("v=DKIM1; p=AAAA").public, PublicKey::Unknown);
    assert_eq!(record("v=DKIM1; p=not/base64!").public, PublicKey::BadBase64);
    let surplus = record(&format!("p={RSA_1024}{RSA_1024}"));
    let PublicKey::Rsa { bits: 1024 } = surplus.public else { panic!("{:?}", surplus.public) };
    let start = 2 + RSA_1024.len();
    assert_eq!(surplus.problems, [KeyProblem::BadCharacter(Span::new(start, start * 2 - 2))]);
}

#[test]
fn every_departure_is_named_where_it_stands() {
    use KeyProblem::*;
    let s = Span::new;
    let cases = [
        (format!("k=rsa; v=DKIM1; p={RSA_1024}"), Version(s(7, 14))),
        (format!("v=DKIM1.1; p={RSA_1024}"), Version(s(0, 9))),
        (format!("v=DKIM1; k=rsa2048; p={RSA_1024}"), UnknownKeyType(s(11, 18))),
        (format!("v=DKIM1; rsa; p={RSA_1024}"), NotATag(s(9, 12))),
        (format!("p={RSA_1024}; p="), DuplicateTag(s(220, 222))),
        (format!("v=DKIM1; P={RSA_1024}"), UpperCase(s(9, 10))),
        (format!("v=DKIM1\\; p={RSA_1024}"), Quotes(s(7, 8))),
        (format!("v=DKIM1; p=“{RSA_1024}"), Quotes(s(11, 14))),
        (format!("p={RSA_1024}!"), BadCharacter(s(218, 219))),
        (format!("p={}\u{200b}", RSA_1024), BadCharacter(s(218, 221))),
        (format!("p=p={RSA_1024}"), BadCharacter(s(3, 4))),
        (format!("k=ed25519; p={RSA_1024}"), TypeMismatch(s(2, 9))),
        (format!("p={ED25519}"), TypeMismatch(s(2, 46))),
        (format!("s=tlsrpt; p={RSA_1024}"), NotForMail(s(2, 8))),
        (format!("h=rsa-sha256; p={RSA_1024}"), NoHash(s(2, 12))),
        (format!("p={RSA_1024}p={RSA_2048}"), TwoKeys(s(218, 220 + RSA_2048.len()))),
    ];
    for (text, problem) in cases {
        let got = record(&text);
        assert!(got.problems.contains(&problem), "{text}: {:?}", got.problems);
        assert!(!got.usable());
    }
}

#[test]
fn strings_are_joined_without_anything_between_them() {
    let strings = [b"v=DKIM1".to_vec(), b"k=rsa".to_vec(), format!(" p={RSA_1024}").into_bytes()];
    let got = read(&strings, 0);
    assert_eq!(got.problems.first(), Some(&KeyProblem::Glued(Span::new(7, 8))));
    assert_eq!(got.unglued(), format!("v=DKIM1; k=rsa;  p={RSA_1024}"));
    // What ends in padding is no tag, and a semicolon before is enough.
    let (one, two) = ED25519.split_at(ED25519.len() - 2);
    for good in [[format!("k=ed25519; p={one}"), two.to_owned()], ["k=ed25519;".to_owned(), format!("p={ED25519}")]] {
        let got = read(&good.map(String::into_bytes), 0);
        assert!(got.usable(), "{:?}", got.problems);
    }
}

#[test]
fn records_of_other_projects_tests() {
    let Some(corpus) = std::env::var_os("POSTDOC_CORPUS") else { return };
    let rows = std::fs::read_to_string(std::path::Path::new(&corpus).join("strings/dns-records.jsonl")).unwrap();
    let rows = rows.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let mut seen = 0;
    for row in rows.filter(|row| row["kind"] == "dkim") {
        let got = record(row["record"].as_str().unwrap());
        // Taken from zone files line by line: without a verdict, a key may be cut at its first string.
        let cut = row["expect"].is_null() && matches!(got.public, PublicKey::Truncated { .. });
        assert_eq!(got.usable() || cut, row["expect"] != "invalid", "{row}: {:?} {:?}", got.public, got.problems);
        seen += 1;
    }
    assert!(seen > 8);
}

#[test]
fn a_record_without_a_version_and_a_note_in_quotes_are_fine() {
    assert!(record(&format!("k=rsa; t=s; n=it's \"ours\"; s=email:x; h=sha256; g=*; p={RSA_1024};")).usable());
}

#[test]
fn flags_and_hashes_are_lists() {
    let got = record(&format!("v=DKIM1; t=y : s; h=sha1:SHA256; p={RSA_1024}"));
    assert_eq!((got.flags, got.hashes), (vec!["y".into(), "s".into()], vec!["sha1".into(), "sha256".into()]));
}

#[test]
fn only_a_record_that_means_to_be_a_key_is_taken_for_one() {
    for key in ["v=DKIM1; p=", "p=MIG", "k=rsa;p=", "\"v=DKIM1\"", "k=rsa; v=DKIM1"] {
        assert!(means_key(key), "{key}");
    }
    for other in
        ["v=spf1 -all", "v=DMARC1; p=none", "p=reject; rua=mailto:a@example.com", "google-site-verification=p=x", ""]
    {
        assert!(!means_key(other), "{other}");
    }
}

fn pasted(name: Option<&str>, texts: &[&str]) -> Reading {
    let entries = texts.iter().map(|t| crate::facts::record::Entry {
        data: Data::Txt(vec![t.as_bytes().to_vec()]),
        text: t.as_bytes().to_vec(),
        places: (0..).take(t.len()).collect(),
        span: Span::new(0, t.len()),
        quoted: false,
        unranked: false,
    });
    let record = crate::facts::record::Pasted {
        name: name.map(str::to_owned),
        kind: Kind::Txt,
        entries: entries.collect(),
        aliases: vec![],
        unread: 0,
    };
    Reading { record: Some(record), ..Reading::default() }
}

#[test]
fn a_pasted_record_is_a_key_without_a_signature() {
    let answers = Default::default();
    let keys = |reading: &Reading| gather(&Lookup::new(&answers), reading, &Said::default());
    let got = keys(&pasted(Some("s1._domainkey.example.com"), &["v=DKIM1; p=", "other"]));
    assert_eq!((got[0].signature, got[0].name.as_str()), (None, "s1._domainkey.example.com"));
    let KeyState::Found(records) = &got[0].state else { panic!() };
    assert_eq!(records.iter().map(|r| r.index).collect::<Vec<_>>(), [0, 1]);
    assert!(keys(&pasted(None, &["v=DMARC1; p=none"])).is_empty());
    assert!(keys(&pasted(Some("_dmarc.example.com"), &["p=x"])).is_empty());
}

#[test]
fn each_distinct_name_is_asked_once_and_no_more_than_the_limit() {
    let fields: String = (0..2 * NAMES).map(|n| format!("DKIM-Signature: d=example.com; s=s{}\r\n", n / 2)).collect();
    let more: String = (0..40).map(|n| format!("DKIM-Signature: d=example.net; s=s{n}\r\n")).collect();
    let text = format!("{fields}{more}");
    let header = crate::facts::header::Header::split(text.as_bytes());
    let signatures = super::super::signature::read(&header, text.as_bytes());
    let reading = Reading { signatures, ..Reading::default() };
    let answers = Default::default();
    let lookup = Lookup::new(&answers);
    let mut said = Said::default();
    said.configured.selector = Some("S99".into());
    let keys = gather(&lookup, &reading, &said);
    assert_eq!(keys.len(), 2 * NAMES);
    assert!(keys.iter().all(|k| matches!(k.state, KeyState::Unasked(_))));
    let missing = lookup.into_missing();
    assert_eq!(missing.len(), NAMES + 1);
    assert!(missing.contains(&Question::new("s99._domainkey.example.com", Kind::Txt)));
}

#[test]
fn an_outcome_is_never_taken_for_another() {
    let record = |data| crate::evidence::Record { name: "x".into(), ttl: 1, data };
    let answer = |outcome, data: Vec<Data>| {
        Answer::new(outcome, data.into_iter().map(record).collect(), jiff::Timestamp::UNIX_EPOCH)
    };
    assert!(matches!(state(&answer(Outcome::Timeout, vec![])), KeyState::Failed(Outcome::Timeout)));
    assert!(matches!(state(&answer(Outcome::NxDomain, vec![])), KeyState::Missing(Outcome::NxDomain)));
    let alias = vec![Data::Cname("gone.example.net".into())];
    assert!(matches!(state(&answer(Outcome::NxDomain, alias)), KeyState::Missing(Outcome::NxDomain)));
    let alias = vec![Data::Cname("k.example.net".into()), Data::Txt(vec![b"p=".to_vec()])];
    assert!(matches!(state(&answer(Outcome::Records, alias)), KeyState::Found(r) if r.len() == 1));
}

fn spans(record: &KeyRecord) -> Vec<Span> {
    use KeyProblem::*;
    let problem = |p: &KeyProblem| match *p {
        Version(s) | UnknownKeyType(s) | TypeMismatch(s) | NotATag(s) | UpperCase(s) | DuplicateTag(s) | Quotes(s)
        | BadCharacter(s) | NotForMail(s) | Glued(s) | TwoKeys(s) | NoHash(s) => s,
    };
    record.problems.iter().map(problem).chain(record.p).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_spans_lie_inside(strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 0..4)) {
        let got = read(&strings, 0);
        prop_assert_eq!(got.text.len(), strings.concat().len());
        for span in spans(&got) {
            prop_assert!(got.text.get(span.range()).is_some());
        }
    }

    #[test]
    fn any_mangled_record_is_read_and_spans_lie_inside(
        text in "(v=DKIM1|V=dkim1|k=rsa|k=ed25519|t=y|n=it's|;|; |p=|P=|MIGfMA0G|AAAAB3NzaC1yc2EAAAADAQAB|“|\"|\\\\|=|-----BEGIN |-----| |é|\u{200b}|ssh-rsa ){0,16}",
    ) {
        let got = record(&text);
        for span in spans(&got) {
            prop_assert!(got.text.get(span.range()).is_some());
        }
    }

    #[test]
    fn any_bytes_in_p_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200), ed: bool) {
        material::judge(material::encode(&bytes).as_bytes(), ed);
        material::judge(&bytes, ed);
        for head in [&[0x30, 0x82, 0, 90][..], b"\0\0\0\x07ssh-rsa", &[0x30, 0x81, 90, 0x30, 13], &[0x30, 0x82, 0, 60, 0x30, 40, 0xa0, 3]] {
            material::judge(material::encode(&[head, &bytes].concat()).as_bytes(), ed);
        }
    }
}
