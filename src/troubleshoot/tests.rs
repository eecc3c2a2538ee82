use super::*;
use crate::diagnose::diagnose;
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, Said};
use crate::facts::Reading;
use crate::samples;
use std::sync::Arc;

const NOW: &str = "2026-06-10T12:00:00Z";

fn judged(evidence: Evidence) -> Diagnosis {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    crate::replay::prove(diagnose(Arc::new(evidence), reading)).diagnosis
}

fn of(text: &[u8], zone: &str) -> Diagnosis {
    let input = Input::read("-", text.to_vec(), None).unwrap();
    let evidence = Evidence::new(input, Said::default(), NOW.parse().unwrap(), false);
    judged(samples::settle(evidence, &Zone::parse(zone).unwrap()))
}

fn sample(name: &str) -> Diagnosis {
    judged(samples::find(name).unwrap().evidence(NOW.parse().unwrap(), Said::default()))
}

macro_rules! story {
    ($name:literal) => {
        story!($name, "")
    };
    ($name:literal, zone) => {
        story!($name, include_str!(concat!("../../tests/scenarios/", $name, "/zone")))
    };
    ($name:literal, $zone:expr) => {
        of(include_bytes!(concat!("../../tests/scenarios/", $name, "/input")), $zone)
    };
}

fn walk(symptom: &str, held: &[&Diagnosis]) -> Path {
    path(find(symptom).unwrap(), held, &Answers::new())
}

fn state<'p>(path: &'p Path, step: &str) -> &'p State {
    &path.steps.iter().find(|s| s.template.id == step).unwrap().state
}

fn cause(symptom: &str, d: &Diagnosis) -> (&'static str, Kind) {
    let path = walk(symptom, &[d]);
    (path.conclusion.cause.as_ref().map_or("", |cause| cause.rule.id), path.conclusion.kind)
}

#[test]
fn without_evidence_the_first_thing_is_asked_with_its_reason() {
    for symptom in all() {
        let path = walk(&symptom.id, &[]);
        assert_eq!(path.steps[0].state, State::Next, "{}", symptom.id);
        assert_eq!(path.steps.iter().filter(|s| s.state == State::Next).count(), 1, "{}", symptom.id);
        assert!(!path.steps[0].template.why.is_empty());
        assert_eq!((path.conclusion.kind, path.conclusion.look.len()), (Kind::Open, 0), "{}", symptom.id);
    }
}

#[test]
fn every_lesson_of_the_practice_world_leads_to_its_cause() {
    for lesson in crate::practice::all() {
        let d = crate::tui::testing::practice::tested(lesson, false).diagnosis.unwrap();
        for symptom in ["in-spam", "one-receiver", "worked-before", "own-gateway", "unknown"] {
            let path = walk(symptom, &[&d]);
            let told: Vec<&str> = path
                .steps
                .iter()
                .filter_map(|s| match &s.state {
                    State::Found(title) => Some(&title[..]),
                    _ => None,
                })
                .collect();
            let found = lesson.finding(&d).unwrap();
            assert!(told.contains(&&found.title[..]), "{} {symptom}: {told:?}", lesson.id);
            let cause = path.conclusion.cause.as_ref().map(|c| c.rule.id);
            assert_eq!(cause, d.verdict.cause.map(|rule| rule.id), "{} {symptom}: no second opinion", lesson.id);
        }
    }
}

#[test]
fn examples_reach_their_cause() {
    assert_eq!(cause("in-spam", &sample("unaligned")), ("dmarc-unaligned", Kind::Cause));
    assert_eq!(cause("in-spam", &sample("no-key")), ("dkim-key-not-found", Kind::Cause));
    assert_eq!(cause("worked-before", &sample("two-spf")), ("spf-multiple-records", Kind::Cause));
    assert_eq!(cause("one-receiver", &sample("wrong-server")), ("spf-not-authorized", Kind::Cause));
    let junk = walk("in-spam", &[&sample("microsoft-junk")]);
    assert!(junk.conclusion.text.starts_with("Not authentication: "), "{}", junk.conclusion.text);
    assert_eq!(junk.conclusion.cause.as_ref().map(|c| c.rule.id), Some("reputation-not-auth"));
    assert!(!junk.conclusion.look.is_empty());
}

#[test]
fn refusals_reach_their_cause() {
    for (symptom, d, rule) in [
        ("rejected", story!("bounce-no-such-mailbox"), "bounce-recipient-problem"),
        ("rejected", story!("bounce-dmarc-refused", zone), "dmarc-rejected-by-policy"),
        ("never-sent", story!("bounce-backscatter", zone), "backscatter"),
        ("late", story!("log-greylisted"), "greylisted"),
        ("complaint", story!("feedback-abuse"), "complaint-received"),
        ("contact-form", story!("dmarc-freemail-from", zone), "dmarc-freemail-from"),
        ("own-gateway", story!("bounce-dmarc-refused", zone), "dmarc-rejected-by-policy"),
    ] {
        let (told, kind) = cause(symptom, &d);
        assert_eq!((told, kind), (rule, Kind::Cause), "{symptom}: {:?}", walk(symptom, &[&d]).conclusion.text);
    }
}

/// What a server answered, and nothing else: no step is ticked that nobody looked at.
#[test]
fn a_reply_alone_clears_nothing_but_itself() {
    let d = of(b"550 5.1.1 user unknown\r\n", "");
    for symptom in all() {
        let path = walk(&symptom.id, &[&d]);
        let clear = path.steps.iter().filter(|s| matches!(s.state, State::Clear(_)));
        assert_eq!(clear.map(|s| &s.template.id[..]).collect::<Vec<_>>(), [""; 0], "{}", symptom.id);
    }
    let reverse = of(b"450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]\r\n", "");
    let path = walk("rejected", &[&reverse]);
    assert!(matches!(state(&path, "said"), State::Known(said) if said.contains("no reverse name")), "{path:?}");
    assert!(matches!(state(&path, "dns"), State::Found(_)));
    assert_eq!(
        (path.conclusion.kind, &path.conclusion.text[..]),
        (Kind::Cause, "The cause: Your address has no reverse name.")
    );
}

#[test]
fn not_authentication_is_said_only_where_the_reply_rules_it_out() {
    let path = walk("rejected", &[&of(b"550 5.7.1 Message rejected due to SPF\r\n", "")]);
    assert!(path.conclusion.text.contains("SPF") && !path.conclusion.text.contains("Not auth"), "{path:?}");
    let path = walk("rejected", &[&of(b"550 5.7.1 Message refused by policy\r\n", "")]);
    assert!(!path.conclusion.text.starts_with("Not authentication"), "{}", path.conclusion.text);
    assert!(!path.conclusion.look.is_empty());
    let path = walk("rejected", &[&of(b"550 5.1.1 user unknown\r\n", "")]);
    assert!(path.conclusion.text.starts_with("Not authentication"), "{}", path.conclusion.text);
}

fn log(line: &str) -> Diagnosis {
    of(format!("Nov 12 10:00:01 mail postfix/smtp[12]: 4AB: to=<ann@example.com>, {line}\n").as_bytes(), "")
}

#[test]
fn a_line_that_says_sent_tells_whether_it_left() {
    let kept = log("relay=local, dsn=2.0.0, status=sent (delivered to mailbox)");
    assert_eq!(cause("never-left", &kept), ("local-delivery-blackhole", Kind::Cause));
    let walked = walk("never-left", &[&kept]);
    assert!(walked.conclusion.text.starts_with("Not authentication"), "{}", walked.conclusion.text);
    assert!(matches!(state(&walked, "kept"), State::Found(_)));
    let left = log("relay=mx.example.com[192.0.2.9]:25, dsn=2.0.0, status=sent (250 2.0.0 ok)");
    let walked = walk("never-left", &[&left]);
    assert_eq!(walked.conclusion.kind, Kind::Elsewhere);
    assert!(walked.conclusion.text.contains("mx.example.com took it over"), "{}", walked.conclusion.text);
    assert_eq!(*state(&walked, "kept"), State::Clear(1));
    assert_eq!(*state(&walked, "who-said"), State::Next, "what only the user knows is asked then");
    let blocked =
        log("relay=none, dsn=4.4.1, status=deferred (connect to mx.example.com[192.0.2.9]:25: Connection timed out)");
    let walked = walk("never-left", &[&blocked]);
    let fix = walked.conclusion.cause.and_then(|cause| cause.fix).unwrap_or_default();
    assert!(fix.contains("nc -vz") && fix.contains("587"), "{fix}");
}

#[test]
fn nobody_is_told_to_mend_a_list_for_mail_that_was_never_sent() {
    // Without DNS it is not known whether the message was theirs; the refusal itself explains nothing then.
    let text = include_bytes!("../../tests/scenarios/bounce-backscatter/input");
    let input = Input::read("-", text.to_vec(), None).unwrap();
    let d = judged(Evidence::new(input, Said::default(), NOW.parse().unwrap(), true));
    let walked = walk("never-sent", &[&d]);
    assert!(walked.conclusion.cause.is_none(), "{}", walked.conclusion.text);
    assert!(matches!(state(&walked, "forged"), State::Open(_)));
    assert_eq!(*state(&walked, "own-log"), State::Next);
}

#[test]
fn a_form_in_the_visitors_name_is_told_from_one_of_the_own_domain() {
    let d = story!("form-in-the-visitors-name", zone);
    assert_eq!(cause("contact-form", &d), ("from-domain-not-yours", Kind::Cause));
    let symptom = find("contact-form").unwrap();
    let nothing = walk("contact-form", &[]);
    assert!(matches!(state(&nothing, "whose-from"), State::Open(_)));
    let answers = Answers::from([("whose-from".to_owned(), "visitor".to_owned())]);
    let path = path(symptom, &[], &answers);
    assert_eq!(path.conclusion.kind, Kind::Open, "an answer decides no cause");
    assert!(path.conclusion.look[0].contains("Reply-To"), "{:?}", path.conclusion.look);
}

#[test]
fn what_passes_is_not_authentication() {
    let d = story!("healthy", zone);
    for symptom in ["in-spam", "one-receiver", "worked-before", "contact-form", "own-gateway"] {
        let path = walk(symptom, &[&d]);
        assert_eq!(path.conclusion.kind, Kind::Elsewhere, "{symptom}: {}", path.conclusion.text);
        assert!(path.conclusion.text.starts_with("Not authentication"), "{}", path.conclusion.text);
        assert!(!path.conclusion.look.is_empty());
        assert!(matches!(state(&path, "dmarc"), State::Clear(_)), "{symptom}");
    }
    // What only the user can tell is asked then.
    let path = walk("worked-before", &[&d, &story!("check-healthy", zone)]);
    assert_eq!(*state(&path, "changed"), State::Next);
}

#[test]
fn a_domain_alone_proves_no_cause() {
    let d = story!("domain-dmarc-two-records", zone);
    let path = walk("rejected", &[&d]);
    assert_eq!(path.conclusion.kind, Kind::Suspect, "{}", path.conclusion.text);
    assert_eq!(*state(&path, "refusal"), State::Next);
    assert!(matches!(state(&path, "domain"), State::Known(_)));
}

#[test]
fn answers_are_remembered_and_lead_somewhere() {
    let d = story!("feedback-abuse");
    let symptom = find("complaint").unwrap();
    let asked = path(symptom, &[&d], &Answers::new());
    assert_eq!(*state(&asked, "consent"), State::Next, "asked although the cause is known");
    let answers = Answers::from([("consent".to_owned(), "yes".to_owned())]);
    let path = path(symptom, &[&d], &answers);
    assert!(matches!(state(&path, "consent"), State::Known(_)));
    let proof = &path.conclusion.look[0];
    assert!(["date", "time", "IP address", "URL"].iter().all(|word| proof.contains(word)), "{proof}");
}

#[test]
fn what_is_about_another_domain_begins_anew() {
    let (here, there) = (sample("unaligned"), sample("two-spf"));
    assert!(!stays(&here, &there) && !stays(&here, &here));
    let bounce = story!("bounce-no-such-mailbox");
    assert_eq!(bounce.facts.reading.from_domain().is_none(), stays(&here, &bounce));
}

#[test]
fn the_longest_delay_names_its_server() {
    let slow = "Received: from a.example.net (a.example.net [192.0.2.1]) by mx.example.com with ESMTPS id 2;\r\n\
        \tMon, 2 Nov 2026 11:30:00 +0000\r\n\
        Received: from app.example.net (app.example.net [192.0.2.7]) by a.example.net with ESMTPS id 1;\r\n\
        \tMon, 2 Nov 2026 10:00:00 +0000\r\n\
        Authentication-Results: mx.example.com; dkim=pass header.d=example.net header.s=s; dmarc=pass header.from=example.net\r\n\
        From: ann@example.net\r\n";
    let d = of(slow.as_bytes(), "");
    let path = walk("late", &[&d]);
    assert_eq!(*state(&path, "held"), State::Found("90 min passed before mx.example.com had it".to_owned()));
}
