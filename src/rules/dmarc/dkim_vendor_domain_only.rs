use super::{failure, own_signature};
use crate::facts::Facts;
use crate::facts::dkim::key::KeyState;
use crate::facts::freemail;
use crate::facts::organization::Agreement;
use crate::knowledge::{Platform, platform};
use crate::rules::{Finding, Gap, Severity, Verdict, rule};

rule! {
    /// The service signed with its own shared domain, not with yours
    ///
    /// ## What we saw
    /// The message carries a DKIM signature, but only in the name of the sending service's shared domain.
    /// Services do that until signing with the customer's own domain is switched on.
    ///
    /// ## Why mail suffers
    /// The signature proves who carried the mail, not whose it is. DMARC does not count it for your domain,
    /// and your reputation is mixed with that of every other customer of the service.
    ///
    /// ## How to fix it
    /// Publish the service's DKIM record or records in your own DNS and switch on signing for your domain.
    ///
    /// ## How to check
    /// Send a new message: its header must say dkim=pass with header.d equal to your domain. A second
    /// signature of the service may stay.
    pub RULE = "dkim-vendor-domain-only", Dmarc, Critical, judge, ["RFC 9989 §4.4.1", "support.google.com/mail/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    judge_with(facts, platform::that_signs_as)
}

fn judge_with(facts: &Facts, signs_as: fn(&str) -> Option<&'static Platform>) -> Verdict {
    let Some(from) = facts.reading.from_domain() else { return Verdict::NotApplicable };
    let legs = facts.legs();
    // A free mailbox has a rule of its own, and nobody here can publish at the provider.
    if legs.dkim.is_empty() || freemail::provider(from).is_some() {
        return Verdict::NotApplicable;
    }
    // A signature of one's own that fails is another fault than one never switched on.
    if legs.dkim.iter().any(|leg| leg.agreement != Agreement::None) {
        return Verdict::Pass;
    }
    // Written by the service itself: its own domain is no shared one.
    if signs_as(from).is_some() {
        return Verdict::Pass;
    }
    let shared = |passed| {
        let legs = legs.dkim.iter().filter(move |leg| leg.passed == passed);
        legs.filter_map(|leg| Some((leg, signs_as(&leg.domain)?))).next()
    };
    let Some((leg, platform)) = shared(Some(true)) else {
        return match shared(None) {
            Some((leg, _)) => Verdict::unknown(untold(facts, &leg.domain)),
            None => Verdict::Pass,
        };
    };
    let fails = facts.alignment.dmarc == Some(false) && !failure::receiver_passed(facts);
    let (confidence, because) = failure::confidence(facts, legs);
    let finding = Finding::new(
        &RULE,
        failure::title([
            format_args!("{} signs as {}, not as {from}", platform.name, leg.domain),
            format_args!("{} signs with its own domain, not yours", platform.name),
        ]),
    )
    .severity(if fails { failure::severity(facts) } else { Severity::Medium })
    .sure(confidence, because)
    .explain(format!(
        "DKIM passed for {}, the shared domain of {}. Signing with {from} was never switched on there, so the signature does not count for {from}.{}",
        leg.domain,
        platform.name,
        if fails { " Nothing else counts either, so DMARC fails." } else { " DMARC then hangs on SPF alone, which forwarding breaks." }
    ))
    .exhibits(failure::exhibits(facts, legs))
    .fix(own_signature::remedy(facts, from, Some(platform)))
    .check("postdoc diagnose new-message.eml", format!("dkim=pass header.d={from}"));
    if fails { finding.leads_to(&["dmarc-unaligned"]) } else { finding }.into()
}

/// Whether the signature passes would be told by the receiver, or by its key.
fn untold(facts: &Facts, domain: &str) -> Gap {
    let question = format!("Does the signature of {domain} pass?");
    let below = |name: &str| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with("._domainkey."));
    let open = facts.keys.iter().filter(|key| below(&key.name)).find_map(|key| match &key.state {
        KeyState::Unasked(question) => Some(question),
        _ => None,
    });
    match open {
        Some(key) => Gap::dns(question, key),
        None => Gap::whole_header(question),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only};
    use super::*;
    use crate::knowledge::platform::DkimSetup;

    fn shared(domain: &str) -> Option<&'static Platform> {
        let platform = Platform {
            name: "Mailer".into(),
            dkim: vec![DkimSetup { selector: "m1".into(), record: "TXT".into(), ..DkimSetup::default() }],
            ..Platform::default()
        };
        (domain == "shared.mailer.test").then(|| &*Box::leak(Box::new(platform)))
    }

    #[test]
    fn only_the_service_signed() {
        let case =
            Case::from("example.com").spf("pass", "mailer.test").dkim("pass", "shared.mailer.test").dmarc("fail");
        let finding = only(judge_with(&case.facts(), shared));
        assert_eq!(finding.title, "Mailer signs as shared.mailer.test, not as example.com");
        assert_eq!(finding.severity, Severity::Critical);
        assert_eq!(finding.leads_to, ["dmarc-unaligned"]);
        let fix = finding.fix.unwrap();
        assert_eq!(fix.records[0].name, "m1._domainkey.example.com");
        assert_eq!(fix.blanks, ["TXT value that Mailer shows"]);
    }

    #[test]
    fn medium_where_spf_carries_dmarc() {
        let case = Case::from("example.com").spf("pass", "em.example.com").dkim("pass", "shared.mailer.test");
        let finding = only(judge_with(&case.facts(), shared));
        assert_eq!((finding.severity, finding.leads_to.len()), (Severity::Medium, 0));
    }

    #[test]
    fn an_own_signature_passes_even_if_broken() {
        for result in ["pass", "fail"] {
            let case = Case::from("example.com").dkim("pass", "shared.mailer.test").dkim(result, "example.com");
            assert!(matches!(judge_with(&case.facts(), shared), Verdict::Pass));
        }
        let unlisted = Case::from("example.com").dkim("pass", "other.test");
        assert!(matches!(judge_with(&unlisted.facts(), shared), Verdict::Pass));
    }

    #[test]
    fn unknown_while_nobody_says_whether_it_passes() {
        let case = Case::from("example.com").signed("shared.mailer.test");
        assert!(
            matches!(judge_with(&case.facts(), shared), Verdict::Unknown(g) if g[0].question().contains("shared.mailer.test"))
        );
    }

    #[test]
    fn not_applicable_without_a_signature() {
        assert!(matches!(judge_with(&Case::from("example.com").facts(), shared), Verdict::NotApplicable));
        let free = Case::from("gmail.com").dkim("pass", "shared.mailer.test");
        assert!(matches!(judge_with(&free.facts(), shared), Verdict::NotApplicable));
    }
}
