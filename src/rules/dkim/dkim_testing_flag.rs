use super::subject;
use crate::facts::Facts;
use crate::remedy::dkim as remedy;
use crate::rules::{Finding, Verdict, rule};

rule! {
    /// The DKIM key still says it is a test
    ///
    /// ## What we saw
    /// The key record carries the flag `y` in `t=`: the domain is only testing DKIM.
    ///
    /// ## Why mail suffers
    /// The flag tells receivers not to treat signed mail better than unsigned mail. It is meant for the first days and is easily
    /// forgotten.
    ///
    /// ## How to fix it
    /// Publish the record without the flag. The flag `s`, where it is set, has another meaning and stays.
    ///
    /// ## How to check
    /// Query the record: `t=` no longer holds `y`.
    pub RULE = "dkim-testing-flag", Dkim, Low, judge,
    ["RFC 6376 §3.6.1"]
}

fn judge(facts: &Facts) -> Verdict {
    subject::judge(facts, |subject| {
        // A key that cannot be used, or was withdrawn, has other worries.
        if !subject.record.testing() || !subject.record.usable() {
            return None;
        }
        let after = remedy::without_flag(&subject.record.text, "y");
        let finding = Finding::new(&RULE, format!("{} still says it is a test", subject.short()))
            .explain(format!(
                "{} carries t=y, which asks receivers to treat your signed mail like unsigned mail.",
                subject.the_record()
            ))
            .exhibit(subject.exhibit(subject.record.tag("t"), "only testing"))
            .fix(subject.replaced("Publish the record without the test flag", &after));
        Some(subject.note(finding, "no y in t="))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;
    use crate::rules::{Confidence, Severity};

    #[test]
    fn the_flag_goes_and_all_else_stays() {
        let found = Case::new(SIGNED).txt(KEY, &[&format!("v=DKIM1; t=y:s; p={RSA_2048}")]).finding(&RULE);
        assert_eq!((found.severity, found.confidence, found.leads_to.len()), (Severity::Low, Confidence::Certain, 0));
        assert_eq!(record_of(&found).2, [format!("v=DKIM1; t=s; p={RSA_2048}")]);
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        assert!(matches!(Case::new(SIGNED).txt(KEY, &[&format!("t=s; p={RSA_2048}")]).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new(SIGNED).txt(KEY, &["t=y; p="]).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
    }
}
