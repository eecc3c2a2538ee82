use super::dmarc_rua_missing::not_seen;
use super::{failure, seen};
use crate::facts::Facts;
use crate::facts::dmarc::{DmarcRecord, Policy};
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
    /// policy to that share of the mail and one level less to the rest, newer ones apply it to all.
    ///
    /// ## How to fix it
    /// Remove rf and ri, and a pct of 100. pct=0 meant a test, and the new way to say so is t=y: receivers of
    /// today's standard then apply one level less. Older ones do not know t, so leave pct=0 beside it until the
    /// test ends. Any other share was never applied evenly: decide for the policy or for the level below it,
    /// publish that, and remove pct.
    ///
    /// ## How to check
    /// Look the record up: pct is gone, or stands as pct=0 beside t=y, and the policy is the one you mean.
    pub RULE = "dmarc-removed-tags", Dmarc, Info, judge,
    ["RFC 9989 §4.7", "RFC 9989 Appendix A.6", "RFC 7489 §6.6.4"]
}

/// What pct says to a receiver that still reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// 100, or nothing that could be sampled: all mail.
    All,
    /// 0, or any share beside `t=y`: a test.
    Test,
    /// Half of the mail or more gets the policy.
    Most(u8),
    /// Most of the mail gets the level below.
    Few(u8),
}

fn judge(facts: &Facts) -> Verdict {
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    let record = seen.record;
    let pct = record.tag("pct").map(|tag| record.under(tag.value));
    let share = share(pct.unwrap_or_default(), record);
    // Both kinds of receiver read the same test out of it.
    let agreed = share == Share::Test && record.testing && pct == Some("0");
    let there = |name: &&str| record.tag(name).is_some() && !(agreed && *name == "pct");
    let names: Vec<&str> = ["pct", "rf", "ri"].into_iter().filter(there).collect();
    if names.is_empty() {
        return if record.counts() { Verdict::Pass } else { Verdict::NotApplicable };
    }
    let listed = names.join(", ");
    let mut edit = Edit::of(&record.text);
    for name in names.iter().filter(|name| share != Share::Test || **name != "pct") {
        edit.remove(name);
    }
    let remedy = match share {
        Share::All => Remedy::new(format!("Remove {listed}")),
        Share::Test if agreed => Remedy::new(format!("Remove {listed}")),
        Share::Test => {
            edit.set("pct", "0");
            edit.set("t", "y");
            Remedy::new("Say the test with t=y as well")
                .step("t=y tells receivers of RFC 9989 to apply one level less than the policy; pct=0 tells older ones the same, and RFC 9989 ignores it")
                .step("When the test is over and all your mail passes, remove both at once")
        }
        Share::Most(percent) => Remedy::new(format!("Remove {listed}, and keep the policy"))
            .step(format!("Newer receivers apply the policy to all your mail already, older ones to {percent} % of it: without pct both do the same"))
            .step("If the reports still show mail of yours that fails, lower the policy by one level until they do not"),
        Share::Few(percent) => {
            for (tag, policy) in [("p", record.p), ("sp", record.sp)] {
                if let Some(policy) = policy {
                    edit.set(tag, policy.lower().word());
                }
            }
            Remedy::new(format!("Say the policy you mean today, and remove {listed}"))
                .step(format!("Older receivers apply the policy to {percent} % of the mail and one level less to the rest, newer ones apply it to all; the record proposed asks both for the lower level"))
                .step("If you are sure that all your mail passes, keep the policy as it is and remove pct only")
        }
    };
    let finding = Finding::new(&RULE, failure::title([
        format_args!("{} uses {listed}, dropped in 2026", seen.called()),
        format_args!("The DMARC record uses {listed}, dropped in 2026"),
    ]))
    .sure(Confidence::Certain, "the text itself shows it")
    .explain(match share {
        Share::Test if !agreed => "pct=0 meant a test: older receivers apply one level less than the policy. Receivers of RFC 9989 ignore pct and apply the policy in full, unless t=y asks them for the same test.".to_owned(),
        Share::Most(percent) | Share::Few(percent) => format!(
            "pct={percent} is obeyed, more or less, by receivers of the older standard and ignored by those of RFC 9989, which apply the policy to all mail."
        ),
        _ => format!("{listed}: receivers that follow RFC 9989 ignore this, and here it changes nothing for the others either."),
    })
    .exhibits(names.iter().filter_map(|name| record.tag(name)).map(|tag| seen.show(tag.name.join(tag.value), "dropped by RFC 9989")))
    .fix(seen.publish(remedy, &edit.text(), &[]));
    let expect =
        if share == Share::Test { "pct=0 beside t=y".to_owned() } else { format!("a record without {listed}") };
    seen.check(finding, expect).into()
}

/// What older receivers make of it (RFC 7489 §6.6.4). Between 0 and 100 they sample, each in its own
/// way (RFC 9989 Appendix A.6); nearest to what is in force is the level that most of the mail gets.
fn share(pct: &str, record: &DmarcRecord) -> Share {
    let enforces = [record.p, record.sp].into_iter().flatten().any(|p| p > Policy::None);
    match pct.parse::<u8>().ok().filter(|n| *n < 100 && enforces) {
        None => Share::All,
        Some(0) => Share::Test,
        Some(_) if record.testing => Share::Test,
        Some(percent @ 50..) => Share::Most(percent),
        Some(percent) => Share::Few(percent),
    }
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
        assert_eq!(after("v=DMARC1; p=quarantine; pct=49"), ["v=DMARC1; p=none"]);
    }

    #[test]
    fn a_share_of_half_or_more_keeps_the_policy() {
        assert_eq!(after("v=DMARC1; p=reject; pct=99"), ["v=DMARC1; p=reject"]);
        assert_eq!(after("v=DMARC1; p=quarantine; sp=reject; pct=50; ri=1"), ["v=DMARC1; p=quarantine; sp=reject"]);
    }

    #[test]
    fn a_test_is_said_both_ways() {
        assert_eq!(after("v=DMARC1; p=reject; pct=0; rf=afrf"), ["v=DMARC1; p=reject; pct=0; t=y"]);
        assert_eq!(after("v=DMARC1; p=reject; pct=20; t=y"), ["v=DMARC1; p=reject; pct=0; t=y"]);
        assert_eq!(after("v=DMARC1; p=reject; pct=0; t=y; ri=1"), ["v=DMARC1; p=reject; pct=0; t=y"]);
        let both = ["v=DMARC1; p=reject; pct=0; t=y"];
        assert!(matches!(judge(&Case::pasted(None, &both).facts()), Verdict::Pass));
    }

    #[test]
    fn pass_unknown_not_applicable() {
        assert!(matches!(judge(&Case::pasted(None, &["v=DMARC1; p=none"]).facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &["v=spf1 -all"]).facts()), Verdict::NotApplicable));
    }
}
