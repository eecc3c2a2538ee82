use crate::evidence::said::Rate;
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// The list holds too many dead addresses
    ///
    /// ## What we saw
    /// The share of hard bounces that you state is high, or a receiver refused mail because too many of its recipients do not exist
    /// or because it went to a spam trap.
    ///
    /// ## Why mail suffers
    /// Addresses that never existed or were given up long ago are in bought and neglected lists. Receivers turn some of them into
    /// traps, and who writes to them is taken for a spammer.
    ///
    /// ## How to fix it
    /// Take every address that bounces hard out at once, and those without any sign of life for six months. Let new ones confirm
    /// themselves by a link.
    ///
    /// ## How to check
    /// Hard bounces of the next mailing are below 0.5 %.
    pub RULE = "list-hygiene", Reputation, High, judge,
    ["M3AAWG Sender Best Common Practices", "providers' refusals for spam traps and unknown recipients"]
}

/// Hundredths of a percent.
const USUAL: Rate = Rate(50);
const MOST: Rate = Rate(200);

fn judge(facts: &Facts) -> Verdict {
    let Some(rate) = facts.evidence.said.sending.bounces else { return Verdict::NotApplicable };
    if rate <= USUAL {
        return Verdict::Pass;
    }
    let over = rate > MOST;
    Finding::new(&RULE, format!("{rate} % of your recipients do not exist"))
        .severity(if over { RULE.severity } else { Severity::Medium })
        .sure(Confidence::Certain, "you state the rate; platforms draw such lines, each its own")
        .explain(format!(
            "{rate} % of hard bounces is {}. A list that is asked for and kept has below 0.5 %; many platforms look closer from 2 % on and stop \
             a sender at 5 to 10 %.",
            if over { "far too much" } else { "more than usual" }
        ))
        .exhibit(Exhibit::user(format!("hard bounces {rate} %"), "of what is sent"))
        .fix(
            Remedy::new("Take out what bounces, and what never answers.")
                .step("Take every address that bounced hard out at once, and never write to it again.")
                .step("Take out addresses without any sign of life for six months.")
                .step("Let new addresses confirm themselves by a link (double opt-in), and look them over in the form where they are typed in."),
        )
        .check("count the hard bounces of the next mailing", "below 0.5 %")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reputation::testing::stated;

    #[test]
    fn it_fires_passes_and_is_silent() {
        let judged = |percent: &str| judge(&stated(|s| s.bounces = percent.parse().ok()));
        let severity = |percent: &str| match judged(percent) {
            Verdict::Found(found) => found[0].severity,
            other => panic!("{other:?}"),
        };
        assert_eq!((severity("2.5"), severity("1")), (Severity::High, Severity::Medium));
        assert!(matches!(judged("0.5"), Verdict::Pass));
        assert!(matches!(judge(&stated(|_| {})), Verdict::NotApplicable));
    }
}
