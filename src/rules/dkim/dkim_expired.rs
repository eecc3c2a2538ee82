use super::failure::Failure;
use super::standing::{self, Standing};
use crate::facts::Facts;
use crate::facts::dkim::verify;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use crate::span::Spanned;

rule! {
    /// The signature had expired when the mail arrived
    ///
    /// ## What we saw
    /// The signature names a time up to which it is valid (`x=`), and the mail arrived later; or it says it was made (`t=`) after
    /// the mail had arrived.
    ///
    /// ## Why mail suffers
    /// Receivers may treat an expired signature as none. A signature from the future tells of a wrong clock, and some refuse it.
    ///
    /// ## How to fix it
    /// Leave the expiry out at the signer, or allow at least seven days: mail can wait in queues that long. Keep the clock of the
    /// signing system right with NTP.
    ///
    /// ## How to check
    /// In a new message `x=` is missing or at least seven days after `t=`, and `t=` is the time of sending.
    pub RULE = "dkim-expired", Dkim, Medium, judge,
    ["RFC 6376 §3.5"]
}

/// A clock may differ by this much, seconds.
const TOLERANCE: i64 = 300;

fn judge(facts: &Facts) -> Verdict {
    let (mut findings, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    for (index, signature) in standing::signatures(facts) {
        let standing = Standing::of(facts, index);
        let arrived = verify::received(&facts.reading, signature);
        let said = standing.failure().filter(|(_, f)| *f == Failure::Expired).map(|(r, _)| r);
        applies |= signature.expires.is_some() || signature.signed_at.is_some() || said.is_some();
        let early = signature.signed_at.as_ref().filter(|t| arrived.is_some_and(|at| seconds(t) > at + TOLERANCE));
        if let Some(t) = early.filter(|_| said.is_none() && !standing.accepted()) {
            findings.push(standing.apply(from_the_future(&standing, t)));
        }
        // What the receiver passed had not expired for it.
        if standing.passed() {
            continue;
        }
        let expires = signature.expires.as_ref();
        let times = signature.signed_at.as_ref().zip(expires);
        if let Some((t, x)) = times.filter(|(t, x)| x.value <= t.value) {
            let finding = never_valid(&standing, t, x).exhibits(said.map(|r| Exhibit::input(r.span, "expired")));
            findings.push(standing.apply(finding));
            continue;
        }
        if let Some(report) = said {
            let finding = expired(&standing, expires, "The receiver rejected")
                .sure(Confidence::Certain, "the receiver reported it")
                .exhibit(Exhibit::input(report.span, "expired"));
            findings.push(standing.apply(finding));
            continue;
        }
        let Some(x) = expires else { continue };
        match arrived {
            Some(at) if at > seconds(x) => {
                let finding = expired(&standing, expires, "When this mail arrived, time was up for")
                    .sure(Confidence::Likely, "by the time the receiving server noted; receivers need not heed x=");
                findings.push(standing.apply(finding));
            }
            None if past_now(facts, x) => match standing.failure() {
                Some(_) => {
                    let finding = expired(&standing, expires, "By now, time is up for")
                        .severity(Severity::Low)
                        .sure(Confidence::Possible, "when the mail arrived is not known");
                    findings.push(standing.apply(finding));
                }
                None => gaps.push(Gap::new(
                    "Had the signature expired when the mail arrived?",
                    "the Received fields of the message",
                )),
            },
            _ => {}
        }
    }
    let alone = standing::reports(facts).filter(|r| r.signature.is_none() && Failure::of(r) == Some(Failure::Expired));
    for report in alone {
        applies = true;
        let standing = Standing::reported(facts, report);
        let finding = expired(&standing, None, "The receiver rejected")
            .sure(Confidence::Certain, "the receiver reported it")
            .exhibit(Exhibit::input(report.span, "expired"));
        findings.push(standing.apply(finding));
    }
    if applies { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

fn past_now(facts: &Facts, x: &Spanned<u64>) -> bool {
    facts.evidence.now.as_second() > seconds(x)
}

fn seconds(time: &Spanned<u64>) -> i64 {
    i64::try_from(time.value).unwrap_or(i64::MAX)
}

/// `2026-05-01T00:00:00Z`, or the number where it is out of range.
fn moment(time: &Spanned<u64>) -> String {
    jiff::Timestamp::from_second(seconds(time)).map_or_else(|_| time.value.to_string(), |t| t.to_string())
}

fn expired(standing: &Standing, x: Option<&Spanned<u64>>, start: &str) -> Finding {
    let until = x.map(|x| format!(", which was valid until {}", moment(x))).unwrap_or_default();
    let who = standing.who();
    Finding::new(&RULE, "The DKIM signature had expired")
        .explain(format!(
            "{start} the signature of {who}{until}. It may have waited in a queue, or the time allowed is too short."
        ))
        .exhibits(x.map(|x| Exhibit::input(x.span, "valid until then")))
        .fix(
            Remedy::new("Sign without an expiry, or allow at least seven days")
                .step(format!(
                    "At the system that signs as {who}, remove the signature expiry (x=) or set it to 7 days or more."
                ))
                .step("Look at the Received times for a queue in which the mail waited."),
        )
        .check("look at the DKIM-Signature of a new message", "no x=, or x= at least 604800 above t=")
}

/// `x=` must be greater than `t=` (RFC 6376 §3.5).
fn never_valid(standing: &Standing, t: &Spanned<u64>, x: &Spanned<u64>) -> Finding {
    let who = standing.who();
    Finding::new(&RULE, "The DKIM signature ends before it begins")
        .sure(Confidence::Certain, "both times stand in the signature")
        .explain(format!(
            "The signature of {who} was made at {} (t=), and is valid until {} (x=): x= must be greater than t=. It was never valid for a receiver that heeds x=.",
            moment(t),
            moment(x)
        ))
        .exhibit(Exhibit::input(x.span, "valid until then"))
        .exhibit(Exhibit::input(t.span, "made at this time"))
        .fix(
            Remedy::new("Let the signer set x= later than t=, at least seven days, or leave it out").step(format!(
                "At the system that signs as {who}, mend the signature expiry (x=): a point in time, in seconds since 1970, not a duration."
            )),
        )
        .check("look at the DKIM-Signature of a new message", "no x=, or x= at least 604800 above t=")
}

fn from_the_future(standing: &Standing, t: &Spanned<u64>) -> Finding {
    let who = standing.who();
    Finding::new(&RULE, "The DKIM signature is dated after its arrival")
        .sure(Confidence::Likely, "by the time the receiving server noted; its clock may be the wrong one")
        .explain(format!(
            "The signature of {who} says it was made at {}, and the mail had arrived before that: a clock is wrong.",
            moment(t)
        ))
        .exhibit(Exhibit::input(t.span, "made at this time"))
        .fix(
            Remedy::new("Set the clock of the signing system")
                .step(format!("Let NTP keep the clock of the system that signs as {who}.")),
        )
        .check("look at the DKIM-Signature of a new message", "t= is the time of sending, in seconds since 1970")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::received::Hop;
    use crate::rules::dkim::testing::*;

    fn signed(times: &str) -> Case {
        Case::new(&SIGNED.replace("h=from:to;", &format!("h=from:to; {times}")))
    }

    /// What verifies here may be refused by a receiver that heeds `t=`; what this one took, it did not refuse.
    #[test]
    fn a_signature_from_the_future_is_told_where_it_verifies_too() {
        let case = || {
            let mut case = signed("t=1800000000;");
            case.reading.hops = vec![Hop { at: jiff::Timestamp::from_second(1_700_000_000).ok(), ..Hop::default() }];
            case.reading.signatures[0].field = 9;
            case.verifies()
        };
        let found = case().finding(&RULE);
        assert_eq!((&*found.title, found.severity), ("The DKIM signature is dated after its arrival", Severity::Low));
        assert!(matches!(case().reported(report("pass", "")).judge(&RULE), Verdict::Pass));
    }

    fn arrived(mut case: Case, at: i64) -> Case {
        let at = jiff::Timestamp::from_second(at).ok();
        case.reading.hops = vec![Hop { at, ..Hop::default() }, Hop::default()];
        case.reading.boundary.hop = Some(0);
        case.reading.signatures[0].field = 9;
        case
    }

    #[test]
    fn mail_that_came_late_is_found_by_the_receivers_clock() {
        let found = arrived(signed("t=1000; x=2000;"), 2001).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Likely));
        assert!(found.explanation.contains("valid until 1970-01-01T00:33:20Z"));
        assert!(matches!(arrived(signed("t=1000; x=2000;"), 1999).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn a_signature_that_ends_before_it_begins_is_called_so() {
        for times in ["t=2000; x=1000;", "t=2000; x=2000;"] {
            let found = arrived(signed(times), 3000).finding(&RULE);
            assert!(found.title.contains("ends before it begins") && found.explanation.contains("x= must be greater"));
        }
        let case = arrived(signed("t=2000; x=1000;"), 3000);
        assert!(matches!(case.reported(report("pass", "")).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn the_receivers_word_is_certain() {
        let found = signed("x=2000;").reported(report("neutral", "signature expired")).finding(&RULE);
        assert_eq!((found.confidence, found.leads_to.as_slice()), (Confidence::Certain, &["dmarc-unaligned"][..]));
    }

    #[test]
    fn a_signature_from_the_future_tells_of_a_clock() {
        let found = arrived(signed("t=9000;"), 2000).finding(&RULE);
        assert!(found.title.contains("dated after"));
        assert!(matches!(arrived(signed("t=2300;"), 2000).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn a_signature_made_on_the_way_out_of_a_list_is_not_older_than_the_list() {
        let mut case = arrived(signed("t=9000;"), 2000);
        case.reading.hops[0].field = 20;
        case.reading.hops[1].at = jiff::Timestamp::from_second(9001).ok();
        assert!(matches!(case.judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn without_a_time_of_arrival_it_is_at_most_possible() {
        let found = signed("x=2000;").reported(report("fail", "")).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
        assert!(matches!(signed("x=2000;").judge(&RULE), Verdict::Unknown(_)));
        assert!(matches!(signed(&format!("x={};", NOW + 1)).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn it_passes_and_is_silent() {
        assert!(matches!(arrived(signed("x=2000;"), 9000).reported(report("pass", "")).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
    }
}
