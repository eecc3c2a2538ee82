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

/// RFC 8617 §5.2: the form of a chain alone can make it fail.
#[test]
fn sets_are_whole_and_there_once() {
    let field = |name: &str, instance: &str| {
        let start = TWICE.find(&format!("{name}: {instance}")).unwrap();
        let lines = TWICE[start..].split_inclusive("\r\n");
        let rest = lines.clone().skip(1).take_while(|l| l.starts_with(' '));
        lines.take(1).chain(rest).collect::<String>()
    };
    for (name, instance) in [
        ("ARC-Seal", "i=2"),
        ("ARC-Seal", "i=1"),
        ("ARC-Message-Signature", "i=1"),
        ("ARC-Authentication-Results", "i=2"),
    ] {
        let one = field(name, instance);
        assert_eq!(message(&format!("{one}{TWICE}")), Some(ChainResult::Fail), "{name} {instance} twice");
        assert_eq!(message(&TWICE.replace(&one, "")), Some(ChainResult::Fail), "{name} {instance} gone");
        for number in ["", "i=", "i=0", "i=a", "i=+2"] {
            let other = one.replacen(instance, number, 1);
            assert_eq!(message(&format!("{other}{TWICE}")), Some(ChainResult::Fail), "{name} {number} beside");
        }
    }
    // Nothing but a field without a number: there is a chain, and it is broken.
    assert_eq!(message("ARC-Seal: cv=none; b=x\r\nFrom: a@example.com\r\n\r\nhi\r\n"), Some(ChainResult::Fail));
    // A gap.
    assert_eq!(message(&TWICE.replace(" i=2;", " i=3;")), Some(ChainResult::Fail));
    let many: String = (1..=51).map(|i| format!("ARC-Seal: i={i}; cv=pass\r\n")).collect();
    assert_eq!(message(&format!("{many}From: a@example.com\r\n\r\n")), Some(ChainResult::Fail));
}

/// RFC 8617 §4.1.2, §4.1.3 and RFC 6376 §3.2: what the tag lists have to be, before any key is asked for.
#[test]
fn tags_are_as_they_must_be() {
    let seal = |tags: &str| TWICE.replacen("ARC-Seal: i=2; cv=pass;", &format!("ARC-Seal: i=2; cv=pass; {tags};"), 1);
    let sign =
        |tags: &str| TWICE.replacen("ARC-Message-Signature: i=1;", &format!("ARC-Message-Signature: i=1; {tags};"), 1);
    let broken = |text: &str| {
        let input = Input::read("-", text.as_bytes(), Some(InputKind::Message)).unwrap();
        Reading::read(&input, &Said::default()).arc_chain.broken
    };
    assert!(!broken(TWICE) && !broken(&seal("zz=new")) && !broken(&sign("zz=new")));
    for tags in ["h=from", "i=2", "cv=pass", "zz=1; zz=2", "loose", "t="] {
        assert!(broken(&seal(tags)), "{tags}");
    }
    for tags in ["i=1", "d=example.org", "zz=1; zz=2", "loose"] {
        assert!(broken(&sign(tags)), "{tags}");
    }
    assert!(broken(&TWICE.replacen("t=1780394401", "t=soon", 1)));
    for (from, to) in [
        ("h=from : to : subject : date;", ""),
        ("h=from : to : subject : date;", "h=from : arc-seal : date;"),
        ("bh=jC/+kX7DRDzv8+1zkG9F1uqdyjjiXrmq71oSOIf7Xug=;", ""),
        ("cv=pass;", ""),
        ("cv=pass;", "cv=;"),
        ("cv=none;", "cv=valid;"),
        ("a=rsa-sha256;", ""),
        ("d=example.net;", ""),
        ("s=s1;", "s=;"),
    ] {
        assert!(TWICE.contains(from) && broken(&TWICE.replacen(from, to, 1)), "{from} -> {to}");
    }
    // Well formed, and no domain: no key can be asked for.
    assert_eq!(message(&TWICE.replacen("d=example.net;", "d=localhost;", 1)), Some(ChainResult::Fail));
    assert_eq!(message(&TWICE.replace("a=rsa-sha256;", "a=rsa-sha1;")), Some(ChainResult::Fail));
    assert_eq!(message(&TWICE.replace("a=rsa-sha256;", "a=dsa;")), Some(ChainResult::Fail));
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
