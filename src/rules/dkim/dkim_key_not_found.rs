use super::failure::Failure;
use super::standing::{self, Standing};
use super::{platform, subject, unsigned};
use crate::evidence::{Kind, Outcome, Question};
use crate::facts::Facts;
use crate::facts::dkim::{Key, KeyState};
use crate::facts::reported::Dkim;
use crate::remedy::{Change, Remedy, dkim as remedy};
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// The key a signature names is not in DNS
    ///
    /// ## What we saw
    /// A signature's `s=` and `d=` name the place of its public key, and there is no text record at that name. Of a domain
    /// that is checked without a message: the selector you gave, or those of a platform you named, have no key there, or
    /// DNS denies that there is any name below `_domainkey`.
    ///
    /// ## Why mail suffers
    /// A receiver that finds no key cannot check the signature, and treats the message as unsigned.
    ///
    /// ## How to fix it
    /// Publish the key at exactly that name, with the value the signing system shows, or let the system sign with a selector
    /// whose key is published.
    ///
    /// ## How to check
    /// Query the name: it must answer with the key. A new message then gets `dkim=pass`.
    pub RULE = "dkim-key-not-found", Dkim, Critical, judge,
    ["RFC 6376 §3.6.2", "RFC 6376 §6.1.2"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.subject.is_some() {
        return unsigned::judge(facts);
    }
    let (mut findings, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    // `dns-flaky` tells of that.
    let silent = facts.reading.reported.lookups_failed();
    for key in subject::distinct(facts).filter(|k| k.signature.is_some()) {
        applies = true;
        let Some(standing) = subject::worst(facts, &key.name) else { continue };
        match (&key.state, no_key(&standing)) {
            (KeyState::Missing(outcome), report) => findings.push(absent(facts, key, *outcome, &standing, report)),
            (KeyState::Found(_), report) if subject::is_absent(facts, key) => {
                findings.push(absent(facts, key, Outcome::Records, &standing, report));
            }
            (KeyState::Found(_), Some(_)) if silent => {}
            (KeyState::Found(_), Some(report)) => findings.push(appeared(key, &standing, report)),
            (KeyState::Found(_), None) => {}
            // Its look-up may have failed as ours did, or could have (RFC 8601 §2.7.1).
            (_, Some(report)) if silent || (report.result == "temperror" && !cost(facts, &standing)) => {
                gaps.push(subject::gap(key))
            }
            (_, Some(report)) => findings.push(told(facts, &standing, report)),
            (_, None) => gaps.push(subject::gap(key)),
        }
    }
    // Signatures that only the receiver speaks of.
    for report in standing::reports(facts).filter(|r| r.signature.is_none()) {
        applies = true;
        if Failure::of(report) == Some(Failure::NoKey) && !silent {
            findings.push(told(facts, &Standing::reported(facts, report), report));
        }
    }
    if applies { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

/// Did the message fail DMARC, for which this signature would have counted?
fn cost(facts: &Facts, standing: &Standing) -> bool {
    standing.aligned == Some(true) && failure::receiver_failed(facts)
}

fn no_key<'f>(standing: &Standing<'f>) -> Option<&'f Dkim> {
    standing.failure().filter(|(_, f)| *f == Failure::NoKey).map(|(report, _)| report)
}

/// DNS has no key now.
fn absent(facts: &Facts, key: &Key, outcome: Outcome, standing: &Standing, report: Option<&Dkim>) -> Finding {
    let question = Question::new(&key.name, Kind::Txt);
    let answer = facts.evidence.answers.get(&question);
    let starred = facts.is_starred(&key.name);
    let alias = answer.and_then(|a| a.alias()).filter(|_| !starred);
    let mut why = match (alias, outcome) {
        // RFC 4592 §3.3.1
        _ if starred => format!(
            "The signature names the key {}. Nothing stands there: a wildcard answers, as at any name that does not exist, and no key with it.",
            key.name
        ),
        (Some(alias), _) => format!("{} is a CNAME to {alias}, and no key stands there.", key.name),
        (None, Outcome::NxDomain) => format!("The signature names the key {}, and DNS has no such name.", key.name),
        (None, _) => format!("The signature names the key {}, and there is no text record at that name.", key.name),
    };
    let retired = was_there(facts, standing);
    why += if retired {
        " It was there when the mail came: a key retired since is no fault."
    } else {
        " Receivers cannot check the signature."
    };
    let said = match (outcome, answer) {
        (_, Some(answer)) if starred => {
            answer.records.iter().map(|r| r.data.to_string()).collect::<Vec<_>>().join(", ")
        }
        (Outcome::NxDomain, _) => "no such name".to_owned(),
        _ => "no TXT record".to_owned(),
    };
    let finding = Finding::new(&RULE, format!("There is no key at {}", subject::shortened(&key.name, 50)))
        .about(&key.name)
        .severity(if retired || beside(standing) { Severity::Info } else { RULE.severity })
        .explain(why)
        .exhibits(standing.signature.and_then(|s| s.selector.as_ref()).map(|s| Exhibit::input(s.span, "the selector")))
        .exhibits(
            standing.signature.and_then(|s| s.domain.as_ref()).map(|d| Exhibit::input(d.span, "signed as this domain")),
        )
        .exhibit(Exhibit::dns(&question, said, None, "no key here"))
        .exhibits(report.map(|r| Exhibit::input(r.span, "the receiver found no key")))
        .fix(publish(facts, standing, &key.name, alias))
        .check(question.dig(), "the key record");
    let finding = standing.sure_by_dns(finding, &[Failure::NoKey, Failure::Syntax]);
    standing.apply(match retired {
        true => finding.sure(Confidence::Possible, "DNS says this now; the receiver had the key then"),
        false => finding,
    })
}

/// The receiver found the key: it passed this signature, or another one that was made with it.
fn was_there(facts: &Facts, standing: &Standing) -> bool {
    let same = |a: Option<&str>, b: Option<&str>| a.zip(b).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    let made_with_it =
        |r: &Dkim| same(r.domain.as_deref(), standing.domain()) && same(r.selector.as_deref(), standing.selector());
    standing.passed() || standing::reports(facts).any(|r| r.result == "pass" && made_with_it(r))
}

/// A stranger's signature beside what DMARC counts.
fn beside(standing: &Standing) -> bool {
    standing.aligned == Some(false) && standing.harmless()
}

/// The receiver found none; it is there now.
fn appeared(key: &Key, standing: &Standing, report: &Dkim) -> Finding {
    let question = Question::new(&key.name, Kind::Txt);
    let finding = Finding::new(&RULE, format!("The key {} was not there then", subject::shortened(&key.name, 40)))
        .about(&key.name)
        .severity(Severity::Low)
        .sure(Confidence::Certain, "the receiver reported it, and DNS has changed since")
        .explain(format!(
            "The receiver found no key at {} when this mail came. There is a record now: it was published since, had not reached the receiver's DNS, or the receiver's look-up failed.",
            key.name
        ))
        .exhibit(Exhibit::input(report.span, "the receiver found no key"))
        .fix(Remedy::new("Nothing to publish: send a new message and look at its result"))
        .check(question.dig(), "the key record; and dkim=pass in a new message");
    Finding { leads_to: vec![], ..standing.apply(finding) }
}

/// The receiver found none, and DNS is not known.
fn told(facts: &Facts, standing: &Standing, report: &Dkim) -> Finding {
    let who = standing.who();
    let name = match (standing.selector(), standing.domain()) {
        (Some(s), Some(d)) => Some(format!("{s}._domainkey.{d}")),
        _ => None,
    };
    let place = name.as_deref().map_or_else(|| format!("the key of {who}"), |n| format!("a key at {n}"));
    let sure = match report.result == "temperror" {
        true => (Confidence::Likely, "the receiver calls it a temporary error: its look-up may have failed"),
        false => (Confidence::Certain, "the receiver reported it"),
    };
    let finding = Finding::new(&RULE, "The receiver found no DKIM key")
        .sure(sure.0, sure.1)
        .explain(format!("The receiver looked for {place} and found none, so it could not check the signature."))
        .exhibit(Exhibit::input(report.span, "no key found"))
        .fix(match &name {
            Some(name) => publish(facts, standing, name, None),
            None => Remedy::new(format!("Publish the key of {who} at the name the signature gives"))
                .step("Read s= and d= in the DKIM-Signature of the message: the key belongs at s._domainkey.d."),
        })
        .check(
            name.as_ref().map_or_else(
                || "send a new message to the same receiver".into(),
                |n| Question::new(n, Kind::Txt).dig(),
            ),
            "the key record",
        );
    Finding { about: name.into_iter().collect(), ..standing.apply(finding) }
}

fn publish(facts: &Facts, standing: &Standing, name: &str, alias: Option<&str>) -> Remedy {
    if was_there(facts, standing) {
        return Remedy::new("Nothing to do, unless something still signs with this selector");
    }
    let selector = standing.selector().unwrap_or_default();
    let domain = standing.domain().unwrap_or_default();
    if standing.aligned == Some(false) {
        return Remedy::new(format!("Nothing for you to publish: the key belongs into the zone of {domain}"))
            .step(format!("Whoever runs {domain} signs with selector {selector}, and can mend it; DMARC does not count this signature."));
    }
    let platform = platform::of_selector(facts, selector);
    if let Some(alias) = alias {
        let remedy =
            Remedy::new(format!("Have the key at {alias} put back, or publish the target the portal shows now"));
        return remedy.step(match platform {
            Some(p) => {
                format!("In {}, check the DKIM records of {domain} against what is published at {name}.", p.name)
            }
            None => format!("Ask whoever runs {alias}; their portal shows the CNAME or key that {name} should hold."),
        });
    }
    let remedy = Remedy::new(format!("Publish the key at {name}"))
        .step(format!("At the system that signs as {domain}, look up the public key of selector {selector}, and publish it as below. Or let it use a selector whose key is published."));
    let Some(platform) = platform else {
        let kind = if standing.is_ed25519() { "ed25519" } else { "rsa" };
        let change = Change::txt(name, &[] as &[&str], &[remedy::open_record(kind)]);
        return remedy.marked(change);
    };
    let remedy = Remedy::new(format!("Publish the DKIM records of {} for {domain}", platform.name));
    let remedy = crate::remedy::platform::signing(remedy, platform, domain, &facts.evidence.answers);
    if remedy.records.iter().any(|r| r.name == name) {
        return remedy;
    }
    // The platform's usual records would not make this signature verify.
    let change = Change::txt(name, &[] as &[&str], &[remedy::open_record("rsa")]);
    Remedy { records: vec![], blanks: vec![], ..remedy }.marked(change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Data;
    use crate::facts::dkim::samples::*;
    use crate::facts::organization::Agreement;
    use crate::facts::platform::{Hit, Mark};
    use crate::knowledge::Platform;
    use crate::knowledge::platform::DkimSetup;
    use crate::rules::Place;
    use crate::rules::dkim::testing::*;

    #[test]
    fn a_key_that_nobody_could_have_found_is_not_called_missing() {
        let judged = |spf: &str| {
            let text = format!(
                "Authentication-Results: mx.inbox.test; spf={spf} smtp.mailfrom=example.com;\r\n dkim=fail (no key for signature) header.d=example.com header.s=s1;\r\n dmarc=temperror header.from=example.com\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=aa; b=bb\r\nFrom: ann@example.com\r\n"
            );
            judge(&crate::rules::testing::facts(&text, crate::evidence::InputKind::Headers))
        };
        assert!(matches!(judged("temperror"), Verdict::Unknown(_)));
        assert!(matches!(judged("pass"), Verdict::Found(_)));
    }

    #[test]
    fn a_missing_key_is_proved_by_dns_and_costs_dmarc() {
        let found = Case::new(SIGNED).nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Likely));
        assert_eq!(found.leads_to, ["dmarc-unaligned"]);
        assert!(found.exhibits.iter().any(|e| matches!(&e.place, Place::Dns { text, .. } if text == "no such name")));
        assert_eq!(
            record_of(&found),
            (KEY.into(), vec![], vec!["v=DKIM1; k=rsa; p=<public key from your signer>".into()])
        );
        let case = Case::new(SIGNED).reported(report("permerror", "no key for signature"));
        assert_eq!(case.nothing(KEY, Outcome::NoData).finding(&RULE).confidence, Confidence::Certain);
    }

    #[test]
    fn a_key_retired_after_delivery_is_a_note() {
        let found = Case::new(SIGNED).reported(report("pass", "")).nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Info, 0));
        assert!(found.explanation.contains("retired since"));
        assert!(found.fix.unwrap().records.is_empty());
    }

    #[test]
    fn beside_an_aligned_pass_it_matters_little() {
        let other = SIGNED.replace("s=s1", "s=s2");
        let second = Dkim { signature: Some(1), selector: Some("s2".into()), ..report("pass", "") };
        let case = Case::new(&format!("{SIGNED}{other}")).reported(second).agreement(0, Agreement::None);
        let case = case.txt("s2._domainkey.example.com", &[&format!("p={RSA_2048}")]);
        let found = case.nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Info, 0));
        // The key is not the reader's to publish.
        assert!(found.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_key_that_another_signature_was_passed_with_was_there() {
        let other = Dkim { signature: None, selector: Some("s1".into()), ..report("pass", "") };
        let found = Case::new(SIGNED).reported(other).nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Info, Confidence::Possible));
        assert!(found.explanation.contains("retired since") && !found.explanation.contains("Another signature"));
        assert!(found.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_cname_into_nothing_is_named() {
        let found =
            Case::new(SIGNED).answer(KEY, Outcome::NxDomain, vec![Data::Cname("k.sender.net".into())]).finding(&RULE);
        assert!(found.explanation.contains("CNAME to k.sender.net"));
        assert!(found.fix.unwrap().records.is_empty());
    }

    #[test]
    fn what_a_wildcard_answers_is_no_key() {
        let beside = crate::facts::domain::wildcard::unused_key("example.com");
        let texts = |case: Case, name: &str| case.txt(name, &["v=spf1 -all"]);
        let alias = |case: Case, name: &str| {
            let data = vec![Data::Cname("parking.example.net".into()), Data::Txt(vec![b"v=spf1 -all".to_vec()])];
            case.answer(name, Outcome::Records, data)
        };
        let nowhere = |case: Case, name: &str| {
            case.answer(name, Outcome::NxDomain, vec![Data::Cname("parking.example.net".into())])
        };
        for star in [&texts as &dyn Fn(Case, &str) -> Case, &alias, &nowhere] {
            let case = || star(Case::new(SIGNED), KEY);
            let found = star(case(), &beside).finding(&RULE);
            assert!(found.explanation.contains("a wildcard answers"), "{}", found.explanation);
            let change = record_of(&found);
            assert_eq!((change.0.as_str(), change.1.len()), (KEY, 0));
            assert!(matches!(
                star(case(), &beside).judge(&super::super::dkim_record_malformed::RULE),
                Verdict::NotApplicable | Verdict::Pass
            ));
        }
        // Something of its own, and nobody else's: dkim-record-malformed.
        let own = || texts(Case::new(SIGNED), KEY);
        assert!(matches!(own().nothing(&beside, Outcome::NxDomain).judge(&RULE), Verdict::Pass));
        assert!(matches!(own().judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn a_known_platform_tells_the_record() {
        let platform = Box::leak(Box::new(Platform {
            name: "Sender".into(),
            dkim: vec![DkimSetup {
                selector: "s1".into(),
                record: "CNAME".into(),
                target: Some("s1.{domain}.sender.net".into()),
                ..DkimSetup::default()
            }],
            ..Platform::default()
        }));
        let mut facts = Case::new(SIGNED).nothing(KEY, Outcome::NxDomain).facts();
        facts.platforms.push(Hit { platform, mark: Mark::Selector, span: None });
        let Verdict::Found(found) = judge(&facts) else { panic!() };
        assert_eq!(record_of(&found[0]), (KEY.into(), vec![], vec!["s1.example.com.sender.net".into()]));
    }

    #[test]
    fn the_receivers_word_counts_while_dns_is_silent_and_what_is_there_now_is_told() {
        let case = || Case::new(SIGNED).reported(report("permerror", "no key for signature"));
        let found = case().nothing(KEY, Outcome::ServFail).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Certain));
        let found = case().txt(KEY, &[&format!("p={RSA_2048}")]).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Low, 0));
        let alone = Dkim { signature: None, ..report("permerror", "no key for signature") };
        assert_eq!(record_of(&Case::new("").reported(alone).finding(&RULE)).0, KEY);
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        assert!(matches!(Case::new(SIGNED).txt(KEY, &["p="]).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::pasted(None, "v=DKIM1; p=").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
        for outcome in [Outcome::Timeout, Outcome::ServFail, Outcome::Refused] {
            assert!(matches!(Case::new(SIGNED).nothing(KEY, outcome).judge(&RULE), Verdict::Unknown(_)));
        }
    }

    #[test]
    fn a_temporary_error_shows_no_missing_key() {
        let case = || Case::new(SIGNED).reported(report("temperror", "no key for signature"));
        for outcome in [Outcome::ServFail, Outcome::Timeout] {
            assert!(matches!(case().nothing(KEY, outcome).judge(&RULE), Verdict::Unknown(_)));
        }
        assert!(matches!(case().judge(&RULE), Verdict::Unknown(_)));
        assert!(case().nothing(KEY, Outcome::NxDomain).finding(&RULE).title.starts_with("There is no key"));
        let alone = Dkim { signature: None, ..report("temperror", "no key for signature") };
        assert_eq!(Case::new("").reported(alone).finding(&RULE).confidence, Confidence::Likely);
        // A receiver that is sure of it is believed.
        let sure = Case::new(SIGNED).reported(report("permerror", "no key for signature"));
        assert_eq!(sure.nothing(KEY, Outcome::ServFail).finding(&RULE).confidence, Confidence::Certain);
    }

    #[test]
    fn no_key_said_of_ed25519_by_one_that_does_not_know_it() {
        let fields = SIGNED.replace("rsa-sha256", "ed25519-sha256");
        let case = || Case::new(&fields).reported(report("neutral", "no key"));
        assert!(matches!(case().txt(KEY, &[&format!("k=ed25519; p={ED25519}")]).judge(&RULE), Verdict::Pass));
        assert!(matches!(case().nothing(KEY, Outcome::ServFail).judge(&RULE), Verdict::Unknown(_)));
        let gone = case().nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert!(gone.fix.unwrap().records[0].after[0].to_string().contains("k=ed25519"));
    }

    #[test]
    fn a_temporary_error_that_cost_dmarc_is_told() {
        let header = |dmarc: &str| {
            let text = format!(
                "Received: from bf05x.mailer.test (bf05x.mailer.test [192.0.2.80]) by mx.google.com with ESMTPS id a3\n \
                 for <nina@gmail.com>; Wed, 04 Jun 2025 03:00:11 -0700 (PDT)\n\
                 Authentication-Results: mx.google.com;\n \
                 dkim=temperror (no key for signature) header.i=@saas.example header.s=hs1 header.b=Hs11aaAA;\n \
                 spf=pass smtp.mailfrom=1axbd@bf05x.mailer.test; dmarc={dmarc} header.from=saas.example\n\
                 DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=saas.example; s=hs1; h=from:to; b=Hs11aaAA;\n \
                 bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nFrom: a@saas.example\nTo: nina@gmail.com\n"
            );
            judge(&crate::rules::testing::facts(&text, crate::evidence::InputKind::Headers))
        };
        let found = crate::rules::testing::only(header("fail (p=REJECT dis=REJECT)"));
        assert_eq!(found.confidence, Confidence::Likely);
        assert!(found.explanation.contains("hs1._domainkey.saas.example"), "{}", found.explanation);
        assert!(matches!(header("temperror"), Verdict::Unknown(_)));
    }
}
