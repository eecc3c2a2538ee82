use super::{failure, seen};
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dmarc::Step;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, rule};

rule! {
    /// The DMARC record is kept somewhere else
    ///
    /// ## What we saw
    /// The name of the DMARC record is an alias (CNAME) of another name, or a zone of its own on other name
    /// servers. The record lives there.
    ///
    /// ## Why mail suffers
    /// It does not: this is a usual arrangement with DMARC services. But the policy is not changed in your
    /// zone, and it goes away when the service ends.
    ///
    /// ## How to fix it
    /// Nothing, if you know who keeps it. Change the policy there. When you leave the service, put a record of
    /// your own in place of the alias first.
    ///
    /// ## How to check
    /// Look the name up: it must still lead to a record that begins v=DMARC1.
    pub RULE = "dmarc-delegated", Dmarc, Info, judge, ["RFC 1034 §3.6.2", "RFC 9989 §4.10"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(domain) = facts.reading.subject.as_ref().and_then(|s| s.domain()) else { return Verdict::NotApplicable };
    let Some(step) = seen::own_steps(facts).find(|s| s.domain == domain) else { return Verdict::NotApplicable };
    if !step.answered() {
        return Verdict::unknown(seen::unread(step));
    }
    // Where any name is an alias, this one was not delegated.
    let starred = facts.is_starred(step.name());
    let alias = facts.evidence.answers.get(step.question()).and_then(|a| a.alias()).filter(|_| !starred);
    match (alias, &facts.domain.dmarc_servers[..]) {
        (Some(target), _) => find(step, target, step.question(), &format!("CNAME {target}")).into(),
        (None, [first, ..]) => {
            let question = Question::new(step.name(), Kind::Ns);
            find(step, first, &question, &format!("NS {}", facts.domain.dmarc_servers.join(", "))).into()
        }
        (None, []) => Verdict::Pass,
    }
}

fn find(step: &Step, target: &str, question: &Question, said: &str) -> Finding {
    let there = match step.record() {
        Some(record) => format!(" What answers there now: {}", record.text),
        None => " No usable record answers there now.".to_owned(),
    };
    Finding::new(
        &RULE,
        failure::title([
            format_args!("DMARC of {} is kept at {target}", step.domain),
            format_args!("The DMARC record is kept at {target}"),
            format_args!("The DMARC record is kept somewhere else"),
        ]),
    )
    .sure(Confidence::Certain, "DNS says so")
    .explain(format!(
        "{} leads to {target}: the policy is changed there, not in the zone of {}.{there}",
        step.name(),
        step.domain
    ))
    .exhibit(Exhibit::dns(question, said, None, "leads elsewhere"))
    .fix(Remedy::new("Nothing to repair, if you know who keeps it: change the policy there"))
    .check(step.question().dig(), "a record that begins v=DMARC1")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only};
    use super::*;

    fn told(zone: &str) -> Verdict {
        judge(&Case::domain("example.com").zone(zone).facts())
    }

    #[test]
    fn an_alias_and_a_zone_of_its_own() {
        let alias =
            "_dmarc.example.com CNAME example.com.hosted.test\nexample.com.hosted.test TXT \"v=DMARC1; p=none\"";
        let finding = only(told(alias));
        assert!(finding.title.contains("example.com.hosted.test") && finding.explanation.contains("p=none"));
        let zone = "_dmarc.example.com NS ns1.hosted.test\n_dmarc.example.com TXT \"v=DMARC1; p=none\"";
        assert!(only(told(zone)).title.contains("ns1.hosted.test"));
        assert!(only(told("_dmarc.example.com CNAME gone.hosted.test")).explanation.contains("No usable record"));
        assert!(matches!(told("example.com TXT \"site=1\"\n*.example.com CNAME example.com"), Verdict::Pass));
    }

    #[test]
    fn pass_unknown_not_applicable() {
        assert!(matches!(told("_dmarc.example.com TXT \"v=DMARC1; p=none\""), Verdict::Pass));
        for fault in ["SERVFAIL", "REFUSED", "TIMEOUT"] {
            assert!(matches!(told(&format!("_dmarc.example.com {fault}")), Verdict::Unknown(_)));
        }
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
    }
}
