use super::failure::Failure;
use super::standing;
use super::subject::shortened;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::{DkimResult, KeyState};
use crate::facts::domain::keys::Selector;
use crate::remedy::{Change, Remedy, blank, dkim as remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// Only Ed25519 keys, which many receivers do not know
    ///
    /// ## What we saw
    /// Every signature of the message, or every key that was found at the domain, is of the type Ed25519.
    ///
    /// ## Why mail suffers
    /// Many receivers, the largest among them, still verify RSA signatures only. To them the mail is unsigned.
    ///
    /// ## How to fix it
    /// Sign twice: with an RSA key of 2048 bits, and with Ed25519 beside it if you like. Each key has a selector of its own.
    ///
    /// ## How to check
    /// A new message has a second DKIM-Signature with `a=rsa-sha256`, and it passes.
    pub RULE = "dkim-ed25519-only", Dkim, High, judge,
    ["RFC 8463 §3", "RFC 8301 §3.1"]
}

fn judge(facts: &Facts) -> Verdict {
    match facts.reading.subject.as_ref() {
        Some(subject) => subject.domain().map_or(Verdict::NotApplicable, |domain| of_domain(facts, domain)),
        None => of_message(facts),
    }
}

fn of_message(facts: &Facts) -> Verdict {
    let named: Vec<_> = standing::signatures(facts).filter_map(|(n, s)| Some((n, s.algorithm.as_ref()?))).collect();
    if named.is_empty() {
        return Verdict::NotApplicable;
    }
    if named.len() < standing::signatures(facts).count() || !named.iter().all(|(_, a)| a.value == "ed25519-sha256") {
        return Verdict::Pass;
    }
    let standings = || named.iter().map(|(n, _)| standing::Standing::of(facts, *n));
    let passed = standings().any(|s| s.passed());
    let verified = match () {
        () if standings().any(|s| s.accepted()) => " This receiver verified one.",
        () if passed => " One verifies, checked here.",
        () => "",
    };
    let domain = facts.reading.from_domain();
    let found = Finding::new(&RULE, "The message is signed with Ed25519 only")
        .severity(if passed || standings().any(|s| fails_otherwise(&s)) { Severity::Medium } else { Severity::High })
        .sure(Confidence::Certain, "it stands in the signatures")
        .explain(format!(
            "Every signature of this message is made with Ed25519.{verified} Many receivers verify RSA only, and take it for unsigned."
        ))
        .exhibits(named.iter().take(3).map(|(_, a)| Exhibit::input(a.span, "Ed25519")));
    cured(found, domain.unwrap_or_default()).into()
}

/// The signature has a fault that an RSA one would have as well: that is the cause then, and this a note beside it.
fn fails_otherwise(standing: &standing::Standing) -> bool {
    let ours = standing.found.is_some_and(|v| matches!(v.result, Some(DkimResult::Fail | DkimResult::PermError)));
    // Who knows no Ed25519 finds no fault in it, only no key (RFC 6376 §3.3.4).
    let receivers = [Failure::BodyHash, Failure::Signature, Failure::Expired, Failure::Revoked];
    ours || standing.failure().is_some_and(|(_, failure)| receivers.contains(&failure))
}

fn of_domain(facts: &Facts, domain: &str) -> Verdict {
    let keys: Vec<_> = facts.domain.keys.usable().collect();
    if keys.is_empty() {
        return Verdict::NotApplicable;
    }
    if !keys.iter().all(|(_, record)| record.public.is_ed25519()) {
        return Verdict::Pass;
    }
    // One of those that nobody told may be RSA.
    let dark = |s: &&Selector| matches!(s.key.state, KeyState::Failed(_) | KeyState::Unasked(_));
    if let Some(dark) = facts.domain.keys.selectors.iter().find(dark) {
        let question = format!("Is the key at {} an RSA key?", dark.key.name);
        return Verdict::unknown(Gap::dns(question, &Question::new(&dark.key.name, Kind::Txt)));
    }
    let found = Finding::new(&RULE, format!("Only Ed25519 keys were found at {}", shortened(domain, 36)))
        .severity(Severity::Medium)
        .sure(Confidence::Possible, "other selectors may exist; nothing lists them")
        .explain(format!(
            "Every key that was found at {domain} is of the type Ed25519. Many receivers verify RSA only, and take mail that is signed with no other key for unsigned."
        ))
        .exhibits(keys.iter().take(3).map(|(selector, record)| {
            Exhibit::dns(&Question::new(&selector.key.name, Kind::Txt), &record.text, record.tag("k"), "Ed25519")
        }));
    cured(found, domain).into()
}

fn cured(finding: Finding, domain: &str) -> Finding {
    let domain = if domain.is_empty() { blank("your domain") } else { domain.to_owned() };
    let name = format!("{}._domainkey.{domain}", blank("new selector"));
    let change = Change::txt(&name, &[] as &[&str], &[remedy::open_record("rsa")]);
    let fix = Remedy::new("Sign with an RSA key of 2048 bits as well")
        .step("At the system that signs, make an RSA key of 2048 bits under a selector of its own, and have both signatures made.")
        .step("Publish its public part as below before it signs; the Ed25519 key stays.");
    let fix = fix.marked(change);
    finding.fix(fix).check("postdoc diagnose new-message.eml", "a DKIM-Signature with a=rsa-sha256 that passes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    const ED: &str = "DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=e1; h=from; bh=AA==; b=AAAA\r\n";

    #[test]
    fn a_message_signed_with_ed25519_alone() {
        let found = Case::new(ED).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain));
        assert_eq!(record_of(&found).0, "<new selector>._domainkey.example.com");
        assert!(matches!(Case::new(&format!("{ED}{SIGNED}")).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        let passed = Case::new(ED).reported(report("pass", ""));
        let passed = passed.finding(&RULE);
        assert_eq!(passed.severity, Severity::Medium);
        assert!(passed.explanation.contains("This receiver verified one"));
        let ours = Case::new(ED).verifies().finding(&RULE);
        assert_eq!(ours.severity, Severity::Medium);
        assert!(ours.explanation.contains("One verifies, checked here"));
    }

    #[test]
    fn a_domain_with_ed25519_alone() {
        let ed = format!("k1._domainkey.example.com TXT \"k=ed25519; p={ED25519}\"");
        let found = Case::domain("example.com").zone(&ed).finding(&RULE);
        assert_eq!(found.confidence, Confidence::Possible);
        let both = format!("{ed}\nk2._domainkey.example.com TXT \"p={RSA_1024}\"");
        assert!(matches!(Case::domain("example.com").zone(&both).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::domain("example.com").zone("").judge(&RULE), Verdict::NotApplicable));
        let dark = format!("{ed}\nk2._domainkey.example.com SERVFAIL");
        let Verdict::Unknown(gaps) = Case::domain("example.com").zone(&dark).judge(&RULE) else {
            panic!("nobody told")
        };
        assert_eq!(gaps[0].question(), "Is the key at k2._domainkey.example.com an RSA key?");
    }

    #[test]
    fn beside_a_fault_of_another_kind_it_is_a_note() {
        let severity = |case: Case| case.finding(&RULE).severity;
        for words in ["body hash did not verify", "signature did not verify"] {
            assert_eq!(severity(Case::new(ED).reported(report("fail", words))), Severity::Medium, "{words}");
        }
        // A receiver that knows no Ed25519 may say so.
        for words in ["no key", "unsupported algorithm", ""] {
            assert_eq!(severity(Case::new(ED).reported(report("neutral", words))), Severity::High, "{words}");
        }
    }
}
