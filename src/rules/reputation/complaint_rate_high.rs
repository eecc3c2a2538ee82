use crate::evidence::said::Rate;
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// Too many readers call the mail spam
    ///
    /// ## What we saw
    /// The rate of complaints that you state, from Postmaster Tools or feedback loops, is above what receivers bear; or a receiver
    /// refused mail for its complaints.
    ///
    /// ## Why mail suffers
    /// Gmail asks for less than 0.1 % and never 0.3 %: above that it helps nobody any more, and mail goes to spam for weeks. Yahoo
    /// draws the line at 0.3 % too.
    ///
    /// ## How to fix it
    /// Take who complained off the list at once, and everybody who has not opened or answered for months. Make leaving easier than
    /// complaining: one click. Ask again for consent where you are not sure of it.
    ///
    /// ## How to check
    /// The rate in Postmaster Tools stays below 0.1 % for seven days.
    pub RULE = "complaint-rate-high", Reputation, Critical, judge,
    ["support.google.com/mail/answer/81126", "https://senders.yahooinc.com/best-practices/"]
}

/// Hundredths of a percent.
const WELL: Rate = Rate(10);
const MOST: Rate = Rate(30);

fn judge(facts: &Facts) -> Verdict {
    let Some(rate) = facts.evidence.said.sending.complaints else { return Verdict::NotApplicable };
    if rate < WELL {
        return Verdict::Pass;
    }
    let over = rate >= MOST;
    Finding::new(&RULE, format!("{rate} % of your mail is called spam by its readers"))
        .severity(if over { RULE.severity } else { Severity::Medium })
        .sure(Confidence::Certain, "you state the rate, and the limits are published")
        .explain(match over {
            true => format!("{rate} % is at or above 0.3 %, where Gmail and Yahoo draw the line: mail goes to spam or is refused, and Gmail helps only after seven days below it."),
            false => format!("{rate} % is above 0.1 %, which Gmail asks to stay below; at 0.3 % mail goes to spam or is refused."),
        })
        .exhibit(Exhibit::user(format!("complaints {rate} %"), "of what is delivered"))
        .fix(
            Remedy::new("Take out who complains and who never reads, and make leaving easier than complaining.")
                .step("Enrol in the feedback loops of Yahoo and Microsoft and take every address out that comes from them.")
                .step("Take out addresses that neither opened nor answered for six months.")
                .step("Write List-Unsubscribe and List-Unsubscribe-Post, and a visible link in the text."),
        )
        .check("look at the spam rate at https://postmaster.google.com", "below 0.10 % for seven days")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reputation::testing::stated;

    #[test]
    fn it_fires_passes_and_is_silent() {
        let judged = |percent: &str| judge(&stated(|s| s.complaints = percent.parse().ok()));
        let severity = |percent: &str| match judged(percent) {
            Verdict::Found(found) => found[0].severity,
            other => panic!("{other:?}"),
        };
        assert_eq!((severity("0.3"), severity("0.12")), (Severity::Critical, Severity::Medium));
        assert!(matches!(judged("0.09"), Verdict::Pass));
        // Nobody but the user knows it.
        assert!(matches!(judge(&stated(|_| {})), Verdict::NotApplicable));
    }

    #[test]
    fn a_refusal_says_it_too() {
        crate::rules::bounce::says(
            &RULE,
            "550 SC-004 (SNT004-MC1F40) Unfortunately, messages from 192.0.2.4 weren't sent. hotmail.com",
        );
    }
}
