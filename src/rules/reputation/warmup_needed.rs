use super::domain_young::YOUNG;
use crate::facts::Facts;
use crate::knowledge::ramp;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Gap, Verdict, rule};
use crate::shell::command;

rule! {
    /// More mail is planned than a new domain can send
    ///
    /// ## What we saw
    /// The domain is young, and the volume that you plan is far above what receivers take from a sender they have never
    /// seen.
    ///
    /// ## Why mail suffers
    /// Receivers trust a sender by what they have seen of it. A new domain that sends thousands at once looks like an
    /// account taken over: its mail is put off with 421 replies, goes to junk, or is refused, and the bad start stays
    /// with the domain for weeks.
    ///
    /// ## How to fix it
    /// Follow a ramp: the table that your platform publishes, else no more than half as much again as the day before.
    /// Begin with people who expect the mail and answer, and hold where a receiver puts mail off.
    ///
    /// ## How to check
    /// `postdoc warmup check` says each evening whether to go on: deferrals under 5 %, complaints under 0.1 %.
    pub RULE = "warmup-needed", Reputation, Medium, judge,
    ["Google: email sender guidelines (81126)", "SparkPost support: IP warm-up overview"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(volume) = facts.evidence.said.check.volume else { return Verdict::NotApplicable };
    let first = ramp::known().formula.first_domain;
    if volume <= first * 2 {
        return Verdict::Pass;
    }
    let Some(age) = &facts.domain.age else {
        let needs = "how old the domain is: postdoc check --rdap asks the registry";
        return Verdict::unknown(Gap::new("Is the domain old enough for the planned volume?", needs));
    };
    let Some(days) = age.days else {
        return Verdict::unknown(Gap::errand(
            format!("Is {} old enough for the planned volume?", age.domain),
            &age.errand,
        ));
    };
    if days >= YOUNG {
        return Verdict::Pass;
    }
    let plan = command!("postdoc warmup plan --target {} --domain-age {}", volume, days);
    Finding::new(&RULE, format!("{volume} messages a day are too many for a new domain"))
        .explain(format!(
            "{} was registered {days} days ago. Receivers take some {first} messages on the first day from a domain that \
             they have never seen, and half as much again each day.",
            age.domain
        ))
        .exhibit(Exhibit::fetched(&age.errand, format!("registered {days} days ago"), "the registry's word"))
        .fix(
            Remedy::new("Raise the volume day by day, beginning with people who expect the mail.")
                .step(format!("Print the plan: {plan}"))
                .step("Each evening let postdoc warmup check say whether to go on, to hold or to step back."),
        )
        .check(plan, "a number for each day")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::facts::Facts;
    use std::sync::Arc;

    fn with(facts: Facts, volume: Option<u64>) -> Verdict {
        let mut evidence = crate::evidence::Evidence::clone(&facts.evidence);
        evidence.said.check.volume = volume;
        judge(&Facts { evidence: Arc::new(evidence), ..facts })
    }

    fn registered(date: &str) -> Facts {
        let events = format!(
            r#"{{"objectClassName":"domain","events":[{{"eventAction":"registration","eventDate":"{date}"}}]}}"#
        );
        registry(200, &events)
    }

    #[test]
    fn a_young_domain_needs_a_ramp_for_much_mail() {
        let found = only(with(registered("2026-06-01T00:00:00Z"), Some(20_000)));
        assert_eq!(found.title, "20000 messages a day are too many for a new domain");
        assert!(found.check.is_some() && found.explanation.contains("9 days ago"));
        assert!(matches!(with(registered("2026-06-01T00:00:00Z"), Some(80)), Verdict::Pass));
        assert!(matches!(with(registered("2016-06-01T00:00:00Z"), Some(20_000)), Verdict::Pass));
    }

    #[test]
    fn without_a_volume_or_an_age_it_says_nothing() {
        assert!(matches!(with(registered("2026-06-01T00:00:00Z"), None), Verdict::NotApplicable));
        assert!(matches!(with(checked(Wish::default(), ""), Some(20_000)), Verdict::Unknown(_)));
        assert!(matches!(with(registry(404, "{}"), Some(20_000)), Verdict::Unknown(_)));
    }
}
