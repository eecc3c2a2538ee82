use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// From is at the start domain of a Microsoft tenant
    ///
    /// ## What we saw
    /// From names an address below `onmicrosoft.com`, the domain that every Microsoft 365 tenant begins with.
    ///
    /// ## Why mail suffers
    /// Microsoft limits such senders to 100 recipients outside the tenant in 24 hours and refuses the rest with 550 5.7.236. The
    /// domain is shared with every test tenant, and its reputation is accordingly.
    ///
    /// ## How to fix it
    /// Add a domain of your own to the tenant, make it the default, and send from it.
    ///
    /// ## How to check
    /// From of a new message is at your own domain, and no 5.7.236 comes back.
    pub RULE = "moera-domain-used", Headers, High, judge,
    ["Microsoft 550 5.7.236", "techcommunity.microsoft.com: limiting onmicrosoft domain usage"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(from) = facts.reading.from.address() else { return Verdict::NotApplicable };
    if !from.domain.ends_with(".onmicrosoft.com") {
        // Nobody else has a start domain there.
        let tenant = facts.platforms.iter().any(|hit| hit.platform.id.starts_with("microsoft"));
        return if tenant { Verdict::Pass } else { Verdict::NotApplicable };
    }
    Finding::new(&RULE, crate::safe::clip(&format!("From is at {}, a start domain of Microsoft", from.domain), 70))
        // Until the limit is reached, mail gets through.
        .severity(Severity::Medium)
        .sure(Confidence::Certain, "the domain says so")
        .explain(format!(
            "{} is the domain that Microsoft gives a tenant to begin with. Beyond 100 recipients outside in 24 hours Microsoft refuses \
             mail from it (550 5.7.236).",
            from.domain
        ))
        .exhibit(Exhibit::input(from.domain_span, "shared start domain"))
        .fix(
            Remedy::new("Send from a domain of your own.")
                .step("Microsoft 365 admin center, Settings, Domains: add your domain and publish what it shows.")
                .step("Make it the default, and give users, shared mailboxes and connectors addresses in it.")
                .step("Switch on DKIM for it: Defender portal, Email authentication settings, DKIM."),
        )
        .check("send a new message", "From at your own domain, and no 5.7.236")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::content::testing::{facts, facts_of, message, only};

    #[test]
    fn it_fires_passes_and_is_silent() {
        let text = message("", "x\r\n");
        let found = only(judge(&facts(&text.replace("ann@example.com", "ann@contoso.onmicrosoft.com"))));
        assert_eq!(found.severity, Severity::Medium);
        let tenant = text.replace(
            "a.example.com (a.example.com",
            "x.outbound.protection.outlook.com (x.outbound.protection.outlook.com",
        );
        assert!(matches!(judge(&facts(&tenant)), Verdict::Pass));
        assert!(matches!(judge(&facts(&text)), Verdict::NotApplicable));
        assert!(matches!(judge(&facts_of("example.com", InputKind::Domain)), Verdict::NotApplicable));
    }

    #[test]
    fn a_refusal_says_it_too() {
        let reply = "550 5.7.236 Message rejected. The tenant has exceeded the daily external recipient limit for onmicrosoft.com domains";
        let facts = facts_of(reply, InputKind::Reply);
        let Verdict::Found(found) = crate::rules::bounce::beside(&facts, &RULE, judge(&facts)) else { panic!() };
        assert_eq!(found[0].severity, Severity::High);
    }
}
