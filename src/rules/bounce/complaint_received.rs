use crate::facts::Facts;
use crate::facts::bounce::FeedbackKind;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// A recipient complained about the message
    ///
    /// ## What we saw
    /// A receiver sent a feedback report: somebody who got the message pressed the button for spam, fraud or a
    /// virus.
    ///
    /// ## Why mail suffers
    /// One complaint is no harm, their share is: from one in a thousand on the large receivers put mail into the
    /// spam folder, from three in a thousand on they refuse it. A report of fraud or of a virus means that somebody
    /// may be sending through your account.
    ///
    /// ## How to fix it
    /// Take the recipient off this kind of mail at once and for good. If reports add up, look at which mail and
    /// which sign-up they come from, write only to people who asked for it, and make leaving a matter of one click.
    ///
    /// ## How to check
    /// The spam rate in the receivers' portals stays below 0.1 % for a week.
    pub RULE = "complaint-received", Bounce, Low, judge,
    ["RFC 5965", "Gmail and Yahoo sender guidelines: spam rate"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(bounce) = &facts.reading.bounce else { return Verdict::NotApplicable };
    let Some(feedback) = &bounce.feedback else { return Verdict::NotApplicable };
    let (title, severity) = match feedback.kind {
        FeedbackKind::Abuse => ("A recipient reported the message as spam", Severity::Low),
        FeedbackKind::Fraud => ("A recipient reported the message as fraud", Severity::High),
        FeedbackKind::Virus => ("A receiver reports a virus in the message", Severity::High),
        FeedbackKind::NotSpam => return Verdict::Pass,
        FeedbackKind::AuthFailure => return Verdict::NotApplicable,
        FeedbackKind::Other => return Verdict::NotApplicable,
    };
    let mut remedy = Remedy::new("Take the recipient off this kind of mail, for good.");
    if severity == Severity::High {
        remedy = remedy
            .step("Find out whether the message is yours at all: if not, close the account or form that sent it.");
    }
    let address = bounce.recipients.iter().find_map(|r| r.address.as_ref());
    let whom = match address {
        Some(address) => format!("The recipient is {}.", address.value),
        None => {
            "The report hides who it was: find the recipient by the Message-ID or a mark of your own in the message."
                .into()
        }
    };
    let finding = Finding::new(&RULE, title)
        .severity(severity)
        .explain(format!("{title}. {whom} What counts is the share of such reports in all that you send."))
        .exhibit(Exhibit::input(feedback.span, "the kind of report"))
        .exhibits(address.map(|a| Exhibit::input(a.span, "who complained")))
        .fix(remedy)
        .check("look at the spam rate in the receiver's portal", "below 0.1 %");
    finding.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts, only};

    fn report(kind: &str) -> Verdict {
        let text = format!("Feedback-Type: {kind}\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: <bob@example.net>\n");
        judge(&facts(&text, InputKind::Bounce))
    }

    #[test]
    fn a_complaint_is_told_and_its_opposite_is_none() {
        let spam = only(report("abuse"));
        assert_eq!((spam.severity, spam.exhibits.len()), (Severity::Low, 2));
        assert!(spam.explanation.contains("bob@example.net"));
        assert_eq!(only(report("virus")).severity, Severity::High);
        assert!(matches!(report("not-spam"), Verdict::Pass));
        assert!(matches!(report("auth-failure"), Verdict::NotApplicable));
        assert!(matches!(report("unheard-of"), Verdict::NotApplicable));
        assert!(matches!(judge(&facts("550 5.1.1 user unknown", InputKind::Reply)), Verdict::NotApplicable));
    }
}
