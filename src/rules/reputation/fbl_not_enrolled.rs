use crate::facts::Facts;
use crate::knowledge::receiver;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Verdict, rule};

rule! {
    /// Nobody tells you who complains
    ///
    /// ## What we saw
    /// You state that you take part in no feedback loop.
    ///
    /// ## Why mail suffers
    /// Mailbox providers send a report for every reader who presses "spam", but only to senders who enrolled. Without these you go on
    /// writing to people who complain, and each complaint counts.
    ///
    /// ## How to fix it
    /// Enrol: Yahoo by the domain of your DKIM signature, Microsoft by your addresses, Mail.ru and others by the domain. Gmail sends no
    /// single reports; it counts by Feedback-ID.
    ///
    /// ## How to check
    /// The first report arrives; `postdoc diagnose` reads it.
    pub RULE = "fbl-not-enrolled", Reputation, Info, judge,
    ["RFC 6449", "https://senders.yahooinc.com/complaint-feedback-loop/"]
}

fn judge(facts: &Facts) -> Verdict {
    match facts.evidence.said.sending.feedback_loops {
        None => return Verdict::NotApplicable,
        Some(true) => return Verdict::Pass,
        Some(false) => {}
    }
    let fix = Remedy::new("Enrol in the feedback loops of the receivers that you send most to.")
        .step("Yahoo and AOL, by the domain of your DKIM signature: https://senders.yahooinc.com/complaint-feedback-loop/")
        .step("Outlook.com (JMRP), by your own addresses: https://substrate.office.com/ip-domain-management-snds/snds")
        .step("Comcast, Fastmail, Yandex and some thirty more, through Validity: https://fbl.validity.com");
    let portal = |id: &str| receiver::find(id).and_then(|r| r.postmaster.first());
    let fix = portal("mail-ru").into_iter().fold(fix, |fix, link| fix.step(format!("Mail.ru: {}", link.url)));
    let fix = fix.step("Gmail sends no single reports: write Feedback-ID and look at https://postmaster.google.com");
    Finding::new(&RULE, "No feedback loop tells you who complains")
        .explain("Without feedback loops you go on writing to readers who press “spam”, and every complaint counts against the domain.")
        .exhibit(Exhibit::user("feedback-loops no", "as you say"))
        .fix(fix)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reputation::testing::stated;

    #[test]
    fn it_fires_passes_and_is_silent() {
        let judged = |enrolled| judge(&stated(|s| s.feedback_loops = enrolled));
        let Verdict::Found(found) = judged(Some(false)) else { panic!() };
        assert!(found[0].fix.as_ref().unwrap().steps.iter().any(|s| s.contains("yahooinc")));
        assert!(matches!(judged(Some(true)), Verdict::Pass));
        assert!(matches!(judged(None), Verdict::NotApplicable));
    }
}
