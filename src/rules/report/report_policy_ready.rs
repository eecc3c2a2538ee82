use super::support::{messages, mostly_signed, open, published, report};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Standing, policy_question};
use crate::remedy::{Change, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Verdict, rule};

rule! {
    /// All of your own mail passes: the policy may be tightened
    ///
    /// ## What we saw
    /// In this report all mail that looks like yours passes DMARC, while the policy is none, which asks receivers to
    /// treat forged mail like yours.
    ///
    /// ## Why mail suffers
    /// It does not suffer yet. Forged mail in your name is delivered, though, and costs your domain its reputation.
    ///
    /// ## How to fix it
    /// Look at the reports of all receivers over some weeks first: one report is one receiver and one day. When they
    /// agree, set the policy to quarantine, watch the reports, and go on to reject.
    ///
    /// ## How to check
    /// Ask for the record; then read the next reports for mail of yours that is junked or refused.
    pub RULE = "report-policy-ready", Report, Info, judge, ["RFC 9989 §7.4", "RFC 9989 §5.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts).filter(|r| r.policy.p.as_deref() == Some("none")) else {
        return Verdict::NotApplicable;
    };
    let of = |test: fn(Standing) -> bool| facts.sources.iter().filter(move |s| test(s.standing));
    let own: u64 = of(Standing::is_own).fold(0, |sum, s| sum.saturating_add(s.count));
    if own == 0 {
        return Verdict::NotApplicable;
    }
    if of(|s| matches!(s, Standing::Unaligned | Standing::Failing | Standing::Strict)).next().is_some() {
        return Verdict::Pass;
    }
    // RFC 9989 §7.4: p=reject is not for those who rely on SPF alone.
    if facts.sources.iter().any(|s| s.standing == Standing::SpfAlone && !mostly_signed(facts, s)) {
        return Verdict::Pass;
    }
    let mut gaps = open(facts);
    if report.unread > 0 || of(|s| s == Standing::Unclear).next().is_some() {
        gaps.push(Gap::new(
            "Does all of your own mail pass?",
            "a report that is complete and does not contradict itself",
        ));
    }
    if !gaps.is_empty() {
        return Verdict::Unknown(gaps);
    }
    find(facts, report, own)
}

fn find(facts: &Facts, report: &Aggregate, own: u64) -> Verdict {
    let domain = &report.policy.domain;
    let question = policy_question(report);
    let mut fix = Remedy::new("When the reports of some weeks and of all receivers agree, ask for quarantine")
        .step("Leave it in force until the reports show nothing of yours junked; then go on to p=reject");
    if let Some((texts, mut edit)) = published(facts, report) {
        match edit.get("p") {
            // It has been tightened since.
            Some("none") => edit.set("p", "quarantine"),
            _ => return Verdict::Pass,
        }
        fix = fix.record(Change::txt(&question.name, &texts, &[edit.text()]));
    }
    let quoted = format!("domain={domain} p=none; {} of {} pass", messages(report.passing()), report.messages());
    Finding::new(&RULE, format!("All {} of your own pass: the policy may be tightened", messages(own)))
        .sure(Confidence::Possible, "one report shows one receiver on one day")
        .explain(format!(
            "{} saw {} as {domain}; all that looks like yours passes DMARC, and the policy is still none.",
            report.reporter(),
            messages(report.messages())
        ))
        .exhibit(Exhibit::report("policy_published", quoted, "asks for nothing"))
        .fix(fix)
        .check(question.dig(), "p=quarantine")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn clean_mail_under_p_none_is_ready() {
        let found = only(judge(&of("none", &[BOTH, FORWARDED, STRANGER])));
        assert_eq!(
            (found.confidence, found.title.as_str()),
            (Confidence::Possible, "All 100 messages of your own pass: the policy may be tightened")
        );
        let fix = found.fix.unwrap();
        assert_eq!(fix.records[0].after[0].to_string(), "\"v=DMARC1; p=quarantine; rua=mailto:a@example.com\"");
    }

    #[test]
    fn not_while_a_sender_of_ones_own_fails() {
        assert!(matches!(judge(&of("none", &[BOTH, PLATFORM])), Verdict::Pass));
    }

    #[test]
    fn dkim_first() {
        let alone =
            |count| Record("192.0.2.1", count, "none", "fail", "pass", "example.com s1 temperror", "example.com pass");
        assert!(matches!(judge(&of("none", &[alone(80)])), Verdict::Pass));
        assert!(matches!(judge(&of("none", &[alone(4)])), Verdict::Pass));
        let named = "1.2.0.192.in-addr.arpa PTR mx.example.com\nmx.example.com A 192.0.2.1";
        let seldom = facts(&xml("none", &[BOTH, alone(4)]), Some(named));
        assert_eq!(only(judge(&seldom)).rule.id, "report-policy-ready");
    }

    #[test]
    fn a_policy_tightened_since_passes() {
        let zone = "_dmarc.example.com TXT \"v=DMARC1; p=reject\"";
        assert!(matches!(judge(&facts(&xml("none", &[BOTH]), Some(zone))), Verdict::Pass));
    }

    #[test]
    fn unknown_and_not_applicable() {
        let riddle = Record("192.0.2.9", 1, "none", "fail", "fail", "example.com s1 pass", "");
        assert!(matches!(judge(&of("none", &[BOTH, riddle])), Verdict::Unknown(_)));
        assert!(matches!(judge(&facts(&xml("none", &[BOTH, STRANGER]), None)), Verdict::Unknown(_)));
        assert!(matches!(judge(&of("reject", &[BOTH])), Verdict::NotApplicable));
        assert!(matches!(judge(&of("none", &[STRANGER])), Verdict::NotApplicable));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
