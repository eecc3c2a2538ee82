use super::verify::{ChainResult, verify};
use crate::evidence::{Answer, Answers, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use crate::facts::Reading;
use crate::facts::dkim::testing::RELAXED;
use crate::facts::lookup::Lookup;

/// Sealed by example.org, then by example.net, with another implementation and the key of the tests.
const TWICE: &str = include_str!("../../../tests/mail/sealed-twice.eml");

fn result(text: &str, kind: InputKind, keys: Option<Outcome>) -> Option<ChainResult> {
    let input = Input::read("-", text.as_bytes(), Some(kind)).unwrap();
    let reading = Reading::read(&input, &Said::default());
    let mut answers = Answers::new();
    for name in ["s1._domainkey.example.org", "s1._domainkey.example.net"] {
        let question = Question::new(name, Kind::Txt);
        let record = Record { name: name.into(), ttl: 60, data: crate::remedy::text(&RELAXED.record()) };
        let Some(outcome) = keys else { continue };
        let records = if outcome == Outcome::Records { vec![record] } else { vec![] };
        answers.insert(question, Answer::new(outcome, records, jiff::Timestamp::UNIX_EPOCH));
    }
    let evidence = Evidence { answers, ..Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true) };
    verify(&Lookup::over(&evidence), &reading, &evidence)
}

fn message(text: &str) -> Option<ChainResult> {
    result(text, InputKind::Message, Some(Outcome::Records))
}

#[test]
fn a_whole_chain_passes() {
    assert_eq!(message(TWICE), Some(ChainResult::Pass));
    assert_eq!(message(&TWICE.replace("\r\n", "\n")), Some(ChainResult::Pass));
    assert_eq!(message("From: a@example.com\r\n\r\nhi\r\n"), Some(ChainResult::None));
}

#[test]
fn whatever_is_changed_breaks_it() {
    for (from, to) in [
        ("Subject: Invoice", "Subject: Bill"),
        ("please pay", "please wait"),
        ("ARC-Authentication-Results: i=2; mx.example.net", "ARC-Authentication-Results: i=2; mx.example.com"),
        ("i=2; cv=pass", "i=2; cv=fail"),
        ("i=2; cv=pass", "i=2; cv=none"),
        ("ARC-Seal: i=1", "X-Seal: i=1"),
        ("ARC-Message-Signature: i=2", "ARC-Message-Signature: i=3"),
    ] {
        assert!(TWICE.contains(from), "{from}");
        assert_eq!(message(&TWICE.replace(from, to)), Some(ChainResult::Fail), "{from}");
    }
    // Only the newest signature has to fit the message; the seals before it cover its results.
    assert_eq!(message(&TWICE.replacen("i=1; lists.example.org", "i=1; list.example.org", 1)), Some(ChainResult::Fail));
}

#[test]
fn without_keys_or_body_it_is_not_known() {
    assert_eq!(result(TWICE, InputKind::Message, None), None);
    assert_eq!(result(TWICE, InputKind::Message, Some(Outcome::Timeout)), None);
    assert_eq!(result(TWICE, InputKind::Message, Some(Outcome::NxDomain)), Some(ChainResult::Fail));
    let header = TWICE.split_once("\r\n\r\n").unwrap().0;
    assert_eq!(result(header, InputKind::Headers, Some(Outcome::Records)), None);
}

#[test]
fn a_case_without_the_body_says_the_same() {
    let input = Input::read("-", TWICE.as_bytes(), Some(InputKind::Message)).unwrap();
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
    let back = crate::evidence::case::Case::new(&evidence, false).evidence(None).unwrap();
    let body = |e: &Evidence| Reading::read(&e.input, &e.said).arc_chain.newest.unwrap().1.unwrap().body.clone();
    assert_eq!(body(&back), body(&evidence));
}
