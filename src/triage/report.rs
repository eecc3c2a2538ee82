//! What the verdict on an aggregate report says.

use crate::facts::Facts;
use crate::facts::report::{Content, Standing};

/// Is nothing left to wonder about? A report is a receiver's own word: where mail of the domain's passes, it clears it.
pub(super) fn cleared(facts: &Facts) -> bool {
    let Some(report) = &facts.reading.report else { return false };
    match &report.content {
        Ok(Content::Dmarc(dmarc)) => {
            let clear = facts.sources.iter().all(|s| s.standing != Standing::Unclear);
            let known = dmarc.passing() > 0 || facts.sources.iter().all(|s| s.open.is_none());
            clear && known && dmarc.unread == 0 && !dmarc.rows.is_empty()
        }
        Ok(Content::Tls(tls)) => tls.failed() == 0 && tls.policies.unread == 0,
        Err(_) => false,
    }
}

/// All is well, in numbers.
pub(super) fn passing(facts: &Facts) -> String {
    match facts.reading.report.as_ref().map(|r| &r.content) {
        Some(Ok(Content::Dmarc(report))) => {
            let (all, pass, domain) = (report.messages(), report.passing(), &report.policy.domain);
            let (saw, who) =
                (if all == 1 { "1 message".to_owned() } else { format!("{all} messages") }, report.reporter());
            match all - pass {
                0 => format!("{who} saw {saw} as {domain}, and DMARC passes for all of them."),
                rest if facts.sources.iter().any(|s| s.standing == Standing::Stranger && s.open.is_some()) => {
                    format!("{who} saw {saw} as {domain}: {pass} pass DMARC; whose the other {rest} are is not known.")
                }
                rest => {
                    // Where the record still asked for it, a finding would say so.
                    let strict = facts.sources.iter().filter(|s| s.standing == Standing::Strict).map(|s| s.count).sum();
                    let others = match rest.saturating_sub(strict) {
                        0 => String::new(),
                        others => format!(", and nothing shows that the other {others} are yours"),
                    };
                    let own = match strict {
                        0 => String::new(),
                        n => format!(", {n} of yours failed by the strict alignment that the record asked for then"),
                    };
                    format!("{who} saw {saw} as {domain}: {pass} pass DMARC{own}{others}.")
                }
            }
        }
        Some(Ok(Content::Tls(report))) => {
            format!(
                "{} delivered to {} over TLS {} times, without a failure.",
                report.reporter(),
                report.domain(),
                report.successful()
            )
        }
        _ => "The report is clean.".into(),
    }
}

/// Why nothing can be said.
pub(super) fn unknown(facts: &Facts) -> String {
    match facts.reading.report.as_ref().map(|r| &r.content) {
        Some(Err(refusal)) => format!("This report cannot be read: {refusal}."),
        Some(Ok(Content::Dmarc(report))) if report.rows.is_empty() && report.unread == 0 => {
            format!("{} reports no mail as {}.", report.reporter(), report.policy.domain)
        }
        Some(Ok(Content::Dmarc(report))) => {
            let refused = report.rows.iter().any(|row| row.passes() && row.kept_out() && row.reasons.is_empty());
            let reasons = [
                (refused, "mail that passes DMARC is said to be junked or refused, without a reason"),
                (report.unread > 0, "a part of the report cannot be read"),
                (
                    facts.sources.iter().any(|s| s.standing == Standing::Unclear),
                    "the report contradicts itself, or does not tell",
                ),
                (
                    facts.sources.iter().any(|s| s.open.is_some()),
                    match facts.evidence.offline {
                        true => "DNS was not asked (--offline)",
                        false => "DNS did not answer all that was asked",
                    },
                ),
            ];
            let why: Vec<&str> = reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect();
            format!("Cannot tell whose mail this is: {}.", why.join(", and "))
        }
        Some(Ok(Content::Tls(report))) if report.policies.unread == 0 && report.failed() > 0 => {
            let failed = report.failed();
            let sessions = if failed == 1 { "1 session".to_owned() } else { format!("{failed} sessions") };
            format!("{sessions} failed; the report does not say why.")
        }
        _ => "A part of the report cannot be read.".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::diagnose;
    use crate::evidence::{Evidence, Input, Said};
    use crate::facts::Reading;

    #[test]
    fn who_was_not_asked_did_not_fail_to_answer() {
        let text = include_bytes!("../../tests/scenarios/dmarc-report-reverse-names-silent/input");
        let input = Input::read("-", &text[..], None).unwrap();
        let reading = Reading::read(&input, &Said::default());
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
        let headline = diagnose(evidence.into(), reading.into()).verdict.headline;
        assert_eq!(headline, "Cannot tell whose mail this is: DNS was not asked (--offline).");
    }
}
