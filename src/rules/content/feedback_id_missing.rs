use crate::facts::Facts;
use crate::remedy::{Remedy, blank};
use crate::rules::headers::is_mass;
use crate::rules::{Exhibit, Finding, Verdict, rule};

rule! {
    /// Mass mail to Gmail names no campaign
    ///
    /// ## What we saw
    /// The message is sent to many and went to Gmail, and it has no Feedback-ID field.
    ///
    /// ## Why mail suffers
    /// Gmail sends no single complaints. It counts them by the names in Feedback-ID, and without one Postmaster Tools cannot
    /// show which campaign or customer readers complain about.
    ///
    /// ## How to fix it
    /// Write the field into every mailing and let DKIM sign it: up to three names of your own and, last, a name for you as
    /// the sender that never changes.
    ///
    /// ## How to check
    /// The feedback loop page of Postmaster Tools shows the names once enough mail was sent.
    pub RULE = "feedback-id-missing", Content, Info, judge,
    ["support.google.com/mail/answer/6254652"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let Some(mass) = is_mass(facts) else { return Verdict::NotApplicable };
    if reading.lists.feedback_id.is_some() {
        return Verdict::Pass;
    }
    if reading.boundary.receiver.as_deref() != Some("gmail") {
        return Verdict::NotApplicable;
    }
    let example = blank("campaign:customer:kind:sender, the last 5 to 15 characters long");
    Finding::new(&RULE, "Gmail cannot tell which campaign complaints are about")
        .explain(
            "The message is sent to many and has no Feedback-ID. Gmail counts complaints by the names in that field and shows them \
             in Postmaster Tools; delivery does not depend on it.",
        )
        .exhibit(Exhibit::input(mass, "sent to many"))
        .fix(
            Remedy::new(["Write the field Feedback-ID: ", &example].concat())
                .step("Let the DKIM signature of your own domain cover it: add feedback-id to h=."),
        )
        .check("look at the source of a new message", "a Feedback-ID field, named in h= of the DKIM signature")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    fn to(server: &str, fields: &str) -> Facts {
        facts(&message(fields, "Hello\r\n").replace("mx.inbox.test", server))
    }

    #[test]
    fn it_fires_passes_and_is_silent() {
        assert!(only(judge(&to("mx.google.com", LIST))).title.contains("campaign"));
        assert!(matches!(judge(&to("mx.google.com", &format!("{LIST}Feedback-ID: a:b:c:sender\r\n"))), Verdict::Pass));
        assert!(matches!(judge(&to("mx.google.com", "")), Verdict::NotApplicable));
        assert!(matches!(judge(&to("mx1.messagingengine.com", LIST)), Verdict::NotApplicable));
        // Who received it is not known: nobody else asks for the field.
        assert!(matches!(judge(&to("mx.inbox.test", LIST)), Verdict::NotApplicable));
    }
}
