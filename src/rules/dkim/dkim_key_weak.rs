use super::failure::Failure;
use super::subject::{self, Subject};
use crate::facts::Facts;
use crate::rules::{Finding, Severity, Verdict, rule};

rule! {
    /// The DKIM key is short
    ///
    /// ## What we saw
    /// The RSA key has fewer than 2048 bits, counted in the decoded key.
    ///
    /// ## Why mail suffers
    /// Receivers must ignore signatures made with fewer than 1024 bits, so such mail counts as unsigned. 1024 bits are accepted
    /// today, but are the lowest that is; 2048 is what receivers recommend.
    ///
    /// ## How to fix it
    /// Make a 2048-bit key under a new selector, publish it, wait until it is visible, then switch the signer. Keep the old
    /// record at least seven days for mail still on its way, then withdraw it.
    ///
    /// ## How to check
    /// Run postdoc on a new message, or on the new record: it says how many bits the key has.
    pub RULE = "dkim-key-weak", Dkim, Medium, judge,
    ["RFC 8301 §3.2", "https://support.google.com/a/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    subject::judge(facts, |subject| {
        // A service's signature beside the domain's own: DMARC does not count it, and its key is not the reader's.
        if subject.standing.as_ref().is_some_and(|s| s.aligned == Some(false)) {
            return None;
        }
        let bits = subject.record.public.rsa_bits()?;
        (bits < 2048).then(|| weak(subject, bits))
    })
}

fn weak(subject: &Subject, bits: u32) -> Finding {
    let name = subject.called();
    let (severity, effect) = if bits < 1024 {
        (Severity::Critical, "Receivers must not accept fewer than 1024, so signatures made with it count for nothing.")
    } else {
        (Severity::Low, "Receivers accept that today, as the least they accept; 2048 bits are recommended.")
    };
    let finding = Finding::new(&RULE, format!("{} has only {bits} bits", subject.the_key()))
        .severity(severity)
        .explain(format!("The RSA key in {name} has {bits} bits. {effect}"))
        .exhibit(subject.exhibit(subject.record.p, format!("RSA, {bits} bits")))
        .fix(
            subject
                .new_key("Move to a 2048-bit key under a new selector")
                .step("Keep the old record at least 7 days for mail still on its way, then empty its p=."),
        );
    let expect = "the record of the new selector holds a key of 2048 bits";
    if bits < 1024 { subject.finish(finding, &[Failure::WeakKey], expect) } else { subject.note(finding, expect) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::facts::organization::Agreement;
    use crate::rules::Confidence;
    use crate::rules::dkim::testing::*;

    #[test]
    fn a_key_of_512_bits_counts_for_nothing() {
        let case = Case::new(SIGNED).reported(report("policy", "signing key too small"));
        let found = case.txt(KEY, &[&format!("p={RSA_512}")]).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(found.leads_to, ["dmarc-unaligned"]);
    }

    #[test]
    fn a_key_of_1024_bits_is_a_hint_and_causes_nothing() {
        let found = Case::new(SIGNED).txt(KEY, &[&format!("p={RSA_1024}")]).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Low, 0));
        assert_eq!(Case::pasted(None, &format!("p={RSA_1024}")).finding(&RULE).severity, Severity::Low);
    }

    #[test]
    fn bits_are_seen_through_a_wrong_wrapping() {
        let found = Case::new(SIGNED).txt(KEY, &[&format!("p={RSA_1024_SSH}")]).finding(&RULE);
        assert_eq!(found.severity, Severity::Low);
    }

    #[test]
    fn the_key_of_a_services_own_signature_is_not_the_readers() {
        let case = Case::new(SIGNED).agreement(0, Agreement::None);
        assert!(matches!(case.txt(KEY, &[&format!("p={RSA_1024}")]).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        assert!(matches!(Case::new(SIGNED).txt(KEY, &[&format!("p={RSA_2048}")]).judge(&RULE), Verdict::Pass));
        assert!(matches!(
            Case::new(SIGNED).txt(KEY, &[&format!("k=ed25519; p={ED25519}")]).judge(&RULE),
            Verdict::Pass
        ));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
    }
}
