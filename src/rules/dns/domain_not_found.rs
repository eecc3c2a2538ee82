use super::shown;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::lookup;
use crate::facts::organization::psl;
use crate::remedy::Remedy;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Finding, Gap, Verdict, rule};

rule! {
    /// The domain does not exist in DNS
    ///
    /// ## What we saw
    /// DNS answers that there is no such name, whatever is asked for at it.
    ///
    /// ## Why mail suffers
    /// Nothing can be published at a name that is not there: no SPF, no DKIM, no DMARC, and no bounce comes back. Most
    /// receivers refuse mail from such a name outright.
    ///
    /// ## How to fix it
    /// Check the spelling first. A registered domain that DNS does not know has expired, was never delegated, or is
    /// delegated to name servers that do not serve it: its registrar says which. A name inside a domain comes to be with
    /// its first record.
    ///
    /// ## How to check
    /// Ask for any record of the name: the answer is no longer NXDOMAIN.
    pub RULE = "domain-not-found", Dns, Critical, judge,
    ["RFC 8020 §2", "RFC 2308 §2.1", "RFC 5321 §2.3.5"]
}

/// Rules that speak of records which cannot be there.
const LEADS_TO: &[&str] = &[
    "spf-missing",
    "dmarc-missing",
    "mx-missing-or-invalid",
    "return-path-unusable",
    "dns-flaky",
    "record-wrong-name",
];

fn judge(facts: &Facts) -> Verdict {
    let Some(domain) = facts.reading.subject.as_ref().and_then(|s| s.domain()) else { return Verdict::NotApplicable };
    let answers = &facts.evidence.answers;
    let own: Vec<_> = answers.iter().filter(|(q, _)| q.name == domain && q.server == Default::default()).collect();
    // A check of parts that ask nothing of the name itself.
    if own.is_empty() && !facts.evidence.said.check.only.is_empty() {
        return Verdict::NotApplicable;
    }
    let question = Question::new(domain, Kind::Txt);
    let learnt = own.iter().find(|(_, a)| !a.outcome.failed());
    let Some((asked, _)) = learnt else {
        return Verdict::unknown(Gap::dns(format!("Does {domain} exist?"), &question));
    };
    if !lookup::is_absent(answers, domain) {
        return Verdict::Pass;
    }
    let organization = psl(domain);
    let inside = organization.filter(|o| *o != domain);
    let fix = match inside {
        Some(zone) => Remedy::new(format!("Create {domain} in the zone of {zone}, or use a name that is there."))
            .step("Check the spelling.")
            .step(format!("The name comes to be with its first record: publish what it needs in the zone of {zone}.")),
        None => Remedy::new(format!("Have {domain} registered and delegated, or use a name that is there."))
            .step("Check the spelling.")
            .step("Ask the registrar: has the registration expired, and which name servers is it delegated to?"),
    };
    Finding::new(&RULE, format!("{} does not exist in DNS", short(domain)))
        .sure(Confidence::Certain, "DNS says so today")
        .explain(format!(
            "DNS answers that there is no name {domain}. Whatever is missing below is missing because of that."
        ))
        .exhibit(shown::exhibit(facts, asked, "what DNS says today"))
        .fix(fix)
        .check(question.dig(), "an answer that is not NXDOMAIN")
        .leads_to(LEADS_TO)
        // Where a zone holds it, the records themselves bring the name into being.
        .bars(inside.is_none())
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;

    #[test]
    fn a_name_that_is_not_there_is_the_cause() {
        let finding = found(&RULE, "example.com", Some("other.test A 192.0.2.1"));
        assert!(finding.leads_to.contains(&"spf-missing"));
        assert!(finding.fix.unwrap().summary.contains("registered"));
        let finding = found(&RULE, "news.example.com", Some("example.com A 192.0.2.1"));
        assert!(finding.fix.unwrap().summary.contains("zone of example.com"));
    }

    #[test]
    fn a_name_with_anything_at_or_below_it_is_there() {
        for zone in ["example.com A 192.0.2.1", "_dmarc.example.com TXT \"v=DMARC1; p=none\""] {
            assert!(matches!(judge(&RULE, "example.com", Some(zone)), Verdict::Pass), "{zone}");
        }
    }

    #[test]
    fn quiet_otherwise() {
        assert!(matches!(judge(&RULE, &message("a@example.com", "b@example.com"), Some("")), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, "example.com", Some("example.com SERVFAIL")), Verdict::Unknown(_)));
        assert!(matches!(judge(&RULE, "example.com", None), Verdict::Unknown(_)));
    }
}
