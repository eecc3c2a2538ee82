use super::failure::Failure;
use super::standing::{self, Standing};
use super::subject::{self, Subject};
use crate::facts::Facts;
use crate::facts::dkim::{KeyState, PublicKey};
use crate::facts::domain::keys::Whence;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// The DKIM key was withdrawn
    ///
    /// ## What we saw
    /// The key record is there, but its `p=` is empty. That is how a domain says that a key is no longer valid.
    ///
    /// ## Why mail suffers
    /// Every signature that names this selector fails, on purpose. A signer that still uses it sends mail that counts as unsigned.
    ///
    /// ## How to fix it
    /// Let the signer use the selector that is in force now. If there is none, make a new key, publish it under a new selector and
    /// switch to it; do not refill the withdrawn record.
    ///
    /// ## How to check
    /// A new message carries the new `s=` and gets `dkim=pass`.
    pub RULE = "dkim-key-revoked", Dkim, High, judge,
    ["RFC 6376 §3.6.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let keys = &facts.domain.keys;
    // At a selector that was only guessed a withdrawn key is what rotation leaves behind; unless a platform that sends for
    // the domain signs with it, and no other key was found.
    let left_behind = |s: &Subject| match s.tried().filter(|_| s.standing.is_none()).map(|tried| tried.whence) {
        Some(Whence::Usual) => true,
        Some(Whence::Platform(_)) => keys.usable().next().is_some(),
        Some(Whence::Said) | None => false,
    };
    let is_fault = |s: &Subject| !s.is_of_all_selectors() && !left_behind(s);
    match subject::judge(facts, |s| (s.record.public == PublicKey::Revoked && is_fault(s)).then(|| withdrawn(s))) {
        found @ Verdict::Found(_) => found,
        other => match reported(facts) {
            Some(finding) => finding.into(),
            None => other,
        },
    }
}

fn withdrawn(subject: &Subject) -> Finding {
    let passed = subject.standing.as_ref().is_some_and(Standing::passed);
    let effect = if passed {
        "It was retired since: fine, unless something still signs with it."
    } else {
        "Whatever still signs with this selector sends mail that fails DKIM."
    };
    let finding = Finding::new(&RULE, format!("{} was withdrawn", subject.the_key()))
        // An owner who looks at a withdrawn key may well have withdrawn it.
        .severity(match subject.standing {
            _ if passed => Severity::Info,
            Some(_) => RULE.severity,
            None => Severity::Medium,
        })
        .explain(format!("In {}, p= is empty: the key was withdrawn. {effect}", subject.called()))
        .exhibit(subject.exhibit(None, "p= is empty"))
        .fix(subject.new_key("Sign with the selector now in force, or make a new key under a new one"));
    subject.finish(finding, &[Failure::Revoked], "for the selector in use, p= is not empty")
}

/// The receiver said so, and DNS does not contradict it or is not known.
fn reported(facts: &Facts) -> Option<Finding> {
    let report = standing::reports(facts).find(|r| Failure::of(r) == Some(Failure::Revoked))?;
    let standing = Standing::reported(facts, report);
    let found_now = facts.keys.iter().any(|k| k.signature == report.signature && matches!(k.state, KeyState::Found(_)));
    if standing.passed() || found_now {
        return None;
    }
    let who = standing.who();
    let finding = Finding::new(&RULE, "The receiver found the DKIM key withdrawn")
        .sure(Confidence::Certain, "the receiver reported it")
        .explain(format!("The receiver rejected the signature of {who} because its key had been withdrawn (p= empty)."))
        .exhibit(Exhibit::input(report.span, "key revoked"))
        .fix(Remedy::new("Sign with the selector now in force, or make a new key under a new one").step(format!(
            "At the system that signs as {who}, choose the current selector or make a new 2048-bit key and publish it."
        )))
        .check(
            match (standing.selector(), standing.domain()) {
                (Some(s), Some(d)) => command!("dig +short TXT {}._domainkey.{}", s, d),
                _ => "send a new message to the same receiver".into(),
            },
            "a key that is not empty, or dkim=pass with a new selector",
        );
    Some(standing.apply(finding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::dkim::samples::*;
    use crate::facts::organization::Agreement;
    use crate::rules::dkim::testing::*;

    #[test]
    fn an_empty_key_is_withdrawn_and_a_new_selector_is_proposed() {
        let found = Case::new(SIGNED).reported(report("fail", "key revoked")).txt(KEY, &["v=DKIM1; p="]).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain));
        assert_eq!(found.leads_to, ["dmarc-unaligned"]);
        assert_eq!(record_of(&found).0, "<new selector>._domainkey.example.com");
    }

    #[test]
    fn what_the_receiver_passed_was_retired_since() {
        let found = Case::new(SIGNED).reported(report("pass", "")).txt(KEY, &["v=DKIM1; p="]).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Info, Confidence::Possible));
        assert!(found.leads_to.is_empty());
    }

    #[test]
    fn of_a_checked_domain_that_of_a_platform_in_use_is_told() {
        let spf = "example.com TXT \"v=spf1 include:_spf.google.com ~all\"\n";
        let gone = "google._domainkey.example.com TXT \"v=DKIM1; p=\"\n";
        let found = Case::domain("example.com").zone(&format!("{spf}{gone}")).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Likely));
        // Nothing of Google's is in use, or another key is.
        let other = format!("s1._domainkey.example.com TXT \"v=DKIM1; p={RSA_2048}\"");
        for zone in [gone.to_owned(), format!("{spf}{gone}{other}")] {
            assert!(matches!(Case::domain("example.com").zone(&zone).judge(&RULE), Verdict::Pass), "{zone}");
        }
    }

    #[test]
    fn an_unaligned_signature_matters_less() {
        let found = Case::new(SIGNED).agreement(0, Agreement::None).txt(KEY, &["p="]).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
    }

    #[test]
    fn the_receivers_word_is_enough() {
        let found = Case::new(SIGNED).reported(report("fail", "key revoked")).finding(&RULE);
        assert_eq!(found.confidence, Confidence::Certain);
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        let good = format!("p={RSA_2048}");
        let case = Case::new(SIGNED).reported(report("fail", "key revoked"));
        assert!(matches!(case.txt(KEY, &[&good]).judge(&RULE), Verdict::Pass));
        // So a domain says that it signs nothing, under any selector.
        let none = "*._domainkey.example.com";
        assert!(matches!(Case::pasted(Some(none), "v=DKIM1; p=").judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::pasted(Some(KEY), "v=DKIM1; p=").judge(&RULE), Verdict::Found(_)));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
        assert!(matches!(Case::new(SIGNED).nothing(KEY, Outcome::Timeout).judge(&RULE), Verdict::Unknown(_)));
    }
}
