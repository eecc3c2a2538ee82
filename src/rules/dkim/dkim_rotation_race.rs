use super::failure::Failure;
use super::standing::Standing;
use super::subject::{self, shortened};
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::{Key, KeyState, PublicKey};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

rule! {
    /// The key was changed while mail was on its way
    ///
    /// ## What we saw
    /// The message was signed a few days ago at most. The receiver verified it, and its key has been withdrawn or taken out
    /// of DNS since; or the receiver found no key, and there is one now (not where it calls that a temporary error, or may
    /// not know Ed25519). Or, of a domain: its
    /// name servers have different copies of the zone, with different keys.
    ///
    /// ## Why mail suffers
    /// Mail waits in queues for up to five days, and answers of DNS are kept for hours, "there is no such name" among them. Who
    /// switches at once has part of the mail judged by the wrong key.
    ///
    /// ## How to fix it
    /// Publish the new key, wait until every name server answers with it and the old negative answer has run out, switch the
    /// signer, wait seven days, and only then withdraw the old key.
    ///
    /// ## How to check
    /// Seven days after the switch the old selector may go; new messages carry the new one and pass.
    pub RULE = "dkim-rotation-race", Dkim, Medium, judge,
    ["RFC 6376 §3.6.1", "RFC 5321 §4.5.4.1", "RFC 2308 §5"]
}

/// A key stays so long after the last signature with it.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.subject.is_some() {
        return of_domain(facts);
    }
    let (mut findings, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    for key in subject::distinct(facts).filter(|k| k.signature.is_some()) {
        let Some(standing) = subject::worst(facts, &key.name) else { continue };
        if standing.reports.is_empty() || !recent(facts, &standing) {
            continue;
        }
        applies = true;
        match (&key.state, standing.passed(), standing.failure()) {
            (KeyState::Unasked(_) | KeyState::Failed(_), ..) => gaps.push(gap(key)),
            (state, true, _) if gone(state) => findings.push(find(key, &standing, true)),
            // A temporary error may be the receiver's own look-up (RFC 8601 §2.7.1).
            (KeyState::Found(records), false, Some((report, Failure::NoKey)))
                if report.result != "temperror"
                    && !facts.reading.reported.lookups_failed()
                    && records.iter().any(|r| r.usable()) =>
            {
                findings.push(find(key, &standing, false));
            }
            _ => {}
        }
    }
    if applies { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

/// Name servers with different copies of the zone: do they have the same keys?
fn of_domain(facts: &Facts) -> Verdict {
    let keys: Vec<&str> = facts.domain.keys.judged().map(|s| s.key.name.as_str()).collect();
    let Some(zone) = facts.domain.zone.as_ref().filter(|_| !keys.is_empty()) else { return Verdict::NotApplicable };
    if !zone.differs() {
        let spoken = zone.stands().any(|(_, s)| s.serial().is_some());
        let gap = || Gap::dns("Do all name servers have the same DKIM keys?", zone.way_in());
        return Verdict::of(Vec::new(), (!spoken).then(gap).into_iter().collect());
    }
    let (mut findings, mut gaps) = (Vec::new(), Gaps::new());
    for name in keys {
        let said: Vec<_> = zone
            .stands()
            .flat_map(|(server, s)| s.said.iter().map(move |(q, data)| (server.host.as_str(), q, data)))
            .filter(|(_, q, _)| q.name == name)
            .collect();
        match said.iter().find(|(_, _, data)| *data != said[0].2) {
            Some(other) => findings.push(differing(name, &[said[0], *other])),
            None if said.len() > 1 => {}
            None => {
                gaps.push(Gap::dns("Do all name servers have the same DKIM keys?", &Question::new(name, Kind::Txt)))
            }
        }
    }
    Verdict::of(findings, gaps)
}

/// What two name servers say of one key.
fn differing(name: &str, said: &[(&str, &Question, &BTreeSet<String>); 2]) -> Finding {
    let text = |data: &BTreeSet<String>| match data.is_empty() {
        true => "nothing".to_owned(),
        false => data.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let exhibit = |(host, question, data): &(&str, &Question, &BTreeSet<String>)| {
        Exhibit::dns(question, text(data), None, format!("says {host}"))
    };
    Finding::new(&RULE, format!("Name servers differ about the key {}", shortened(name, 32)))
        .sure(Confidence::Certain, "each server was asked directly")
        .explain(format!(
            "The name servers do not say the same of {name}: a change is on its way, or one of them does not get its copies. \
             Mail that is signed with a key which a receiver's name server does not have fails, by chance."
        ))
        .exhibits(said.iter().map(exhibit))
        .fix(
            Remedy::new("Sign with the key only when every name server has it")
                .step("A few minutes after a change this is normal: wait, and let the signer use the old key until then.")
                .step("If it stays, have the secondary servers fetch the zone anew."),
        )
        .check(said[1].1.dig(), "the same key from every name server")
}

fn gap(key: &Key) -> Gap {
    subject::gap(key)
}

/// Nothing there any more, or withdrawn.
fn gone(state: &KeyState) -> bool {
    match state {
        KeyState::Missing(_) => true,
        KeyState::Found(records) => records.iter().all(|r| r.public == PublicKey::Revoked),
        _ => false,
    }
}

/// Signed, or else delivered, within the last seven days.
fn recent(facts: &Facts, standing: &Standing) -> bool {
    let signed = standing.signature.and_then(|s| s.signed_at.as_ref());
    let signed = signed.and_then(|t| Timestamp::from_second(i64::try_from(t.value).ok()?).ok());
    let delivered = || facts.reading.hops.iter().filter_map(|hop| hop.at).max();
    let age = signed.or_else(delivered).map(|at| facts.evidence.now.duration_since(at));
    age.is_some_and(|age| age >= SignedDuration::ZERO && age < WEEK)
}

fn find(key: &Key, standing: &Standing, retired: bool) -> Finding {
    let name = &key.name;
    let question = Question::new(name, Kind::Txt);
    let short = shortened(name, 40);
    let (title, severity, why, text, label, steps) = match retired {
        true => (
            format!("The key {short} went too early"),
            Severity::Medium,
            format!(
                "The receiver verified this message with the key {name}, less than seven days ago. The key is gone now: copies that still wait in a queue or were forwarded cannot be verified any more."
            ),
            "no key in force",
            "gone already",
            [
                "Put the old key back until seven days after the last message was signed with it.",
                "Next time withdraw the old key a week after the switch.",
            ],
        ),
        false => (
            format!("The key {short} came too late"),
            Severity::Low,
            format!(
                "The receiver found no key at {name} when this message came, and there is one now. The signer used the selector before every name server and resolver knew it."
            ),
            "a key stands there now",
            "there now",
            [
                "Nothing is to be published: send a new message and look at its result.",
                "Next time publish the new key, wait until every name server answers and the negative TTL of the zone has passed, then switch.",
            ],
        ),
    };
    let mut remedy = Remedy::new(if retired {
        "Keep a key for seven days after the switch"
    } else {
        "Publish a key before it signs"
    });
    for step in steps {
        remedy = remedy.step(step);
    }
    Finding::new(&RULE, title)
        .about(name)
        .severity(severity)
        .sure(Confidence::Likely, "the receiver's result and what DNS says now do not fit")
        .explain(why)
        .exhibits(standing.reports.iter().take(1).map(|r| Exhibit::input(r.span, "what the receiver found")))
        .exhibit(Exhibit::dns(&question, text, None, label))
        .fix(remedy)
        .check(question.dig(), "the key, until seven days after the switch")
        .leads_to(&["dkim-key-not-found", "dkim-key-revoked"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    /// Signed so many days before now.
    fn signed(days: i64) -> Case {
        let field = SIGNED.replace("s=s1;", &format!("s=s1; t={};", NOW - days * 86_400));
        Case::new(&field)
    }

    #[test]
    fn a_key_that_went_within_a_week() {
        let found = signed(3).reported(report("pass", "")).nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert_eq!(found.severity, Severity::Medium);
        let found = signed(3).reported(report("pass", "")).txt(KEY, &["v=DKIM1; p="]).finding(&RULE);
        assert!(found.leads_to.contains(&"dkim-key-revoked"));
    }

    #[test]
    fn a_key_that_came_too_late() {
        let found =
            signed(1).reported(report("permerror", "no key for signature")).txt(KEY, &[&format!("p={RSA_2048}")]);
        assert_eq!(found.finding(&RULE).severity, Severity::Low);
    }

    /// Two name servers; the second has another serial, and says `second` of the key.
    fn servers(second: &str) -> Verdict {
        let zone = format!(
            "com NS a.gtld.test\na.gtld.test A 192.0.2.30\n@192.0.2.30 example.com NS ns1.example.net\n\
             example.com SOA ns1.example.net h.example.com 7 1 1 1 60\n\
             example.com NS ns1.example.net\nexample.com NS ns2.example.net\n\
             ns1.example.net A 192.0.2.53\nns2.example.net A 198.51.100.53\n\
             s1._domainkey.example.com TXT \"p={RSA_2048}\"\n{second}"
        );
        Case::domain("example.com").zone(&zone).judge(&RULE)
    }

    #[test]
    fn name_servers_of_a_domain_with_different_keys() {
        let stale = "@198.51.100.53 example.com SOA ns1.example.net h.example.com 6 1 1 1 60\n";
        for says in ["NXDOMAIN", "TXT \"p=\""] {
            let verdict = servers(&format!("{stale}@198.51.100.53 s1._domainkey.example.com {says}"));
            let Verdict::Found(found) = verdict else { panic!("{says}: {verdict:?}") };
            assert!(found[0].title.contains("s1._domainkey") && found[0].exhibits.len() == 2);
        }
        assert!(matches!(servers(stale), Verdict::Pass), "an older copy with the same key");
        assert!(matches!(servers(""), Verdict::Pass));
        // A failure is no other answer.
        let silent = format!("{stale}@198.51.100.53 s1._domainkey.example.com TIMEOUT");
        assert!(matches!(servers(&silent), Verdict::Unknown(_)));
    }

    #[test]
    fn passes_is_silent_and_waits() {
        let good = format!("p={RSA_2048}");
        assert!(matches!(signed(1).reported(report("pass", "")).txt(KEY, &[&good]).judge(&RULE), Verdict::Pass));
        // After a week a key may go; before the receiver spoke nothing is known of it.
        let late = signed(8).reported(report("pass", "")).nothing(KEY, Outcome::NxDomain);
        assert!(matches!(late.judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(signed(1).nothing(KEY, Outcome::NxDomain).judge(&RULE), Verdict::NotApplicable));
        let failed = signed(1).reported(report("fail", "no key")).nothing(KEY, Outcome::NxDomain);
        assert!(matches!(failed.judge(&RULE), Verdict::Pass));
        assert!(matches!(signed(1).reported(report("pass", "")).judge(&RULE), Verdict::Unknown(_)));
        let timeout = signed(1).reported(report("pass", "")).nothing(KEY, Outcome::Timeout);
        assert!(matches!(timeout.judge(&RULE), Verdict::Unknown(_)));
        assert!(matches!(Case::domain("example.com").zone("").judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn a_receiver_that_knows_no_ed25519_or_could_not_look_says_nothing_of_the_key() {
        let field =
            SIGNED.replace("s=s1;", &format!("s=s1; t={};", NOW - 86_400)).replace("rsa-sha256", "ed25519-sha256");
        let case = Case::new(&field).reported(report("neutral", "no key"));
        assert!(matches!(case.txt(KEY, &[&format!("k=ed25519; p={ED25519}")]).judge(&RULE), Verdict::Pass));
        let failed = signed(1).reported(report("temperror", "no key for signature"));
        assert!(matches!(failed.txt(KEY, &[&format!("p={RSA_2048}")]).judge(&RULE), Verdict::Pass));
    }
}
