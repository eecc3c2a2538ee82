use super::dmarc_rua_missing::not_seen;
use super::{failure, seen};
use crate::facts::Facts;
use crate::facts::dmarc::Policy;
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::{Confidence, Finding, Verdict, rule};

rule! {
    /// The DMARC policy only watches
    ///
    /// ## What we saw
    /// The policy is none, or the record is in test mode (t=y), which asks for one level less than the
    /// policy it names.
    ///
    /// ## Why mail suffers
    /// Your mail does not: this is the right way to begin, and it satisfies the bulk rules of the large
    /// receivers. It does not keep forged mail out, though.
    ///
    /// ## How to fix it
    /// Read the reports for some weeks. When everything you send passes, go on to p=quarantine, and later
    /// to p=reject if no people write to mailing lists from the domain.
    ///
    /// ## How to check
    /// Look the record up, and keep reading the reports after each step.
    pub RULE = "dmarc-policy-none", Dmarc, Info, judge, ["RFC 9989 §4.7", "RFC 9989 §5.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    let record = seen.record;
    // What cannot be read is another rule's to speak of.
    if !record.counts() || !record.has_usable_policy() {
        return Verdict::NotApplicable;
    }
    let (tag, policy) = match facts.dmarc.effective.filter(|_| facts.reading.record.is_none()) {
        Some((_, "sp")) => ("sp", record.sp),
        Some((_, "np")) => ("np", record.np),
        Some(_) => ("p", record.p),
        None if facts.reading.record.is_some() => ("p", record.p),
        None => return not_seen(facts),
    };
    let named = policy.unwrap_or(Policy::None);
    if named > Policy::None && !record.testing {
        return Verdict::Pass;
    }
    let (shown, what) = match named {
        Policy::None => (tag, format!("{} only watches ({tag}=none)", seen.called())),
        _ => ("t", format!("{} is in test mode (t=y)", seen.called())),
    };
    let finding = Finding::new(&RULE, failure::title([format_args!("{what}"), format_args!("The DMARC policy only watches")]))
        .sure(Confidence::Certain, "the text itself shows it")
        .explain(match named {
            Policy::None => "Nothing is refused or moved by this policy. That is the right first stage, and enough for the bulk rules of Gmail, Yahoo and Outlook.com; it does not stop forged mail.".to_owned(),
            _ => format!(
                "The record names {tag}={}, and t=y asks receivers for {} instead. Receivers that follow the older standard do not know t and apply {tag}={} in full.",
                named.word(), named.lower().word(), named.word()
            ),
        })
        .exhibit(seen.show_tag(shown, "the policy in force"))
        .fix(remedy(facts, &seen, tag, named));
    seen.check(finding, "the policy you have decided on").into()
}

fn remedy(facts: &Facts, seen: &seen::Seen, tag: &str, named: Policy) -> Remedy {
    let remedy = Remedy::new("Nothing to repair; make it stricter when the reports are clean");
    if facts.alignment.dmarc == Some(false) {
        return remedy.step("Not yet: this very message fails DMARC, and a stricter policy would have it refused");
    }
    if seen.record.reports_to().next().is_none() {
        return remedy.step("First name an address in rua and read its reports: without them the next step is blind");
    }
    let mut edit = Edit::of(&seen.record.text);
    match named {
        Policy::None => {
            edit.set(tag, Policy::Quarantine.word());
            // Written beside p=none it was part of the same stage.
            if tag == "p" && seen.record.sp == Some(Policy::None) {
                edit.set("sp", Policy::Quarantine.word());
            }
        }
        _ => edit.remove("t"),
    }
    let remedy = remedy.step(
        "When the reports of about four weeks show that all you send passes, and not before, go on to the next stage",
    );
    seen.publish(remedy, &edit.text(), &[])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::rules::Severity;

    const WATCHING: &str = "v=DMARC1; p=none; rua=mailto:a@example.com; x=y";

    #[test]
    fn none_is_a_stage_with_a_next_one() {
        let finding =
            only(judge(&Case::from("example.com").txt("_dmarc.example.com", &[WATCHING]).nothing_else().facts()));
        assert_eq!(finding.severity, Severity::Info);
        let fix = finding.fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=quarantine; rua=mailto:a@example.com; x=y"]);
    }

    #[test]
    fn names_below_go_along() {
        let case = Case::from("example.com")
            .txt("_dmarc.example.com", &["v=DMARC1; p=none; rua=mailto:a@example.com; sp=none"])
            .nothing_else();
        let fix = only(judge(&case.facts())).fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=quarantine; rua=mailto:a@example.com; sp=quarantine"]);
    }

    #[test]
    fn no_stricter_policy_for_mail_that_fails_or_without_reports() {
        let failing = Case::from("example.com").spf("pass", "mailer.test").dkim("pass", "mailer.test");
        let facts = failing.txt("_dmarc.example.com", &[WATCHING]).nothing_else().facts();
        assert_eq!(only(judge(&facts)).fix.unwrap().records, []);
        assert_eq!(only(judge(&Case::pasted(None, &["v=DMARC1; p=none"]).facts())).fix.unwrap().records, []);
    }

    #[test]
    fn test_mode_and_the_subdomain_policy() {
        let testing = Case::pasted(None, &["v=DMARC1; p=reject; t=y; rua=mailto:a@example.com"]);
        let finding = only(judge(&testing.facts()));
        assert!(finding.title.contains("t=y") && finding.explanation.contains("for quarantine instead"));
        let record = "v=DMARC1; p=reject; sp=none; rua=mailto:a@example.com";
        let below = Case::from("news.example.com").txt("_dmarc.example.com", &[record]).nothing_else();
        let fix = only(judge(&below.facts())).fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@example.com"]);
    }

    #[test]
    fn pass_unknown_not_applicable() {
        assert!(matches!(judge(&Case::pasted(None, &["v=DMARC1; p=reject; sp=none"]).facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &["v=DMARC1; p=x"]).facts()), Verdict::NotApplicable));
    }
}
