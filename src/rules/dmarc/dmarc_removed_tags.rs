use super::dmarc_rua_missing::not_seen;
use super::{failure, seen};
use crate::facts::Facts;
use crate::facts::dmarc::{Policy, RecordProblem};
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::{Confidence, Finding, Verdict, rule};

rule! {
    /// The DMARC record has tags that are no longer part of DMARC
    ///
    /// ## What we saw
    /// The record uses pct, rf or ri. The DMARC standard of 2026 dropped all three.
    ///
    /// ## Why mail suffers
    /// rf and ri do nothing. pct is read in two ways: receivers that follow the older standard apply the
    /// policy to that share of the mail only, newer ones to all of it.
    ///
    /// ## How to fix it
    /// Remove rf and ri. Before removing a pct below 100, lower the policy to what you really mean today,
    /// or the older receivers begin to enforce it in full.
    ///
    /// ## How to check
    /// Look the record up: the three tags are gone, and the policy is the one you mean.
    pub RULE = "dmarc-removed-tags", Dmarc, Info, judge, ["RFC 9989 Appendix A.6"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    let record = seen.record;
    let removed: Vec<_> = record.problems.iter().filter(|p| matches!(p, RecordProblem::Removed(_))).collect();
    if removed.is_empty() {
        return if record.counts() { Verdict::Pass } else { Verdict::NotApplicable };
    }
    let names: Vec<&str> = ["pct", "rf", "ri"].into_iter().filter(|name| record.tag(name).is_some()).collect();
    let listed = names.join(", ");
    let share = partial(record.tag("pct").map_or("", |tag| record.under(tag.value)), record);
    let mut edit = Edit::of(&record.text);
    for name in &names {
        edit.remove(name);
    }
    let mut remedy = Remedy::new(format!("Remove {listed}"));
    if let Some(percent) = share {
        for (tag, policy) in [("p", record.p), ("sp", record.sp)] {
            if let Some(policy) = policy {
                edit.set(tag, policy.lower().word());
            }
        }
        remedy = Remedy::new(format!("Say the policy you mean today, and remove {listed}"))
            .step(format!(
                "Older receivers apply the policy to {percent} % of the mail and one level less to the rest; the record proposed asks for that lower level of all"
            ))
            .step("If you are sure that all your mail passes, keep the policy as it is and remove pct only")
            .step("For a trial use t=y, knowing that older receivers ignore it and apply the policy in full");
    }
    let finding = Finding::new(&RULE, failure::title([
        format!("{} uses {listed}, dropped in 2026", seen.called()),
        format!("The DMARC record uses {listed}, dropped in 2026"),
    ]))
    .sure(Confidence::Certain, "the text itself shows it")
    .explain(match share {
        Some(percent) => format!(
            "pct={percent} is obeyed by receivers of the older standard and ignored by those of RFC 9989, which apply the policy to all mail. Simply removing it would make the older ones enforce in full."
        ),
        None => format!("{listed}: receivers that follow RFC 9989 ignore this, and here it changes nothing for the others either."),
    })
    .exhibits(removed.iter().take(3).map(|p| seen.show(p.span(), "dropped by RFC 9989")))
    .fix(seen.publish(remedy, &edit.text(), &[]));
    seen.check(finding, format!("a record without {listed}")).into()
}

/// The share of mail that older receivers enforce on, where it makes a difference (RFC 7489 §6.6.4).
fn partial(pct: &str, record: &crate::facts::dmarc::DmarcRecord) -> Option<u8> {
    let percent = pct.parse::<u8>().ok().filter(|n| *n < 100)?;
    [record.p, record.sp].into_iter().flatten().any(|p| p > Policy::None).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::rules::Severity;

    fn after(text: &str) -> Vec<String> {
        let finding = only(judge(&Case::pasted(Some("_dmarc.example.com"), &[text]).facts()));
        assert_eq!(finding.severity, Severity::Info);
        texts(&finding.fix.unwrap().records[0].after)
    }

    #[test]
    fn tags_without_effect_just_go() {
        assert_eq!(after("v=DMARC1; p=reject; rf=afrf; ri=86400; pct=100; x=y"), ["v=DMARC1; p=reject; x=y"]);
        assert_eq!(after("v=DMARC1; p=none; pct=10"), ["v=DMARC1; p=none"]);
        assert_eq!(after("v=DMARC1; p=reject; pct=110"), ["v=DMARC1; p=reject"]);
    }

    #[test]
    fn a_partial_policy_is_lowered_first() {
        assert_eq!(
            after("v=DMARC1; p=reject; sp=quarantine; np=reject; pct=10"),
            ["v=DMARC1; p=quarantine; sp=none; np=reject"]
        );
        assert_eq!(after("v=DMARC1; p=quarantine; pct=0"), ["v=DMARC1; p=none"]);
    }

    #[test]
    fn pass_unknown_not_applicable() {
        assert!(matches!(judge(&Case::pasted(None, &["v=DMARC1; p=none"]).facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &["v=spf1 -all"]).facts()), Verdict::NotApplicable));
    }
}
