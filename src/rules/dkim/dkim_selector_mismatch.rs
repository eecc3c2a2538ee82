use super::standing::Standing;
use super::subject;
use crate::evidence::said::Configured;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::{Key, KeyState, key, name};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// The mail is signed with another selector than the one set up
    ///
    /// ## What we saw
    /// You stated a selector, and its key is published. The signature names another selector.
    ///
    /// ## Why mail suffers
    /// Receivers look only at the name the signature gives. If no key is there, the published one does not help.
    ///
    /// ## How to fix it
    /// Set the stated selector at the system that signs, or publish the key that system uses under the selector it uses.
    ///
    /// ## How to check
    /// In a new message, `s=` is the selector whose key is published.
    pub RULE = "dkim-selector-mismatch", Dkim, High, judge,
    ["RFC 6376 §3.1", "RFC 6376 §3.6.2.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let configured = &facts.evidence.said.configured;
    let Some(stated) = configured.selector.as_deref().and_then(|s| name::selector(s.trim())) else {
        return Verdict::NotApplicable;
    };
    let secondary = configured.secondary_selector.as_deref().and_then(|s| name::selector(s.trim()));
    let expected = |s: &str| s == stated || Some(s) == secondary.as_deref();
    let (mut findings, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    for used in subject::distinct(facts) {
        let Some(standing) = subject::worst(facts, &used.name) else { continue };
        // A signature of another organization is not what was configured.
        let (Some(selector), Some(domain), true) =
            (standing.selector(), standing.domain(), standing.aligned != Some(false))
        else {
            continue;
        };
        applies = true;
        if expected(selector) || signed_as_stated(facts, domain, &expected) {
            continue;
        }
        let Some(published) = standing.signature.and_then(|s| key::stated(&facts.evidence.said, s)) else { continue };
        let question = Question::new(&published, Kind::Txt);
        match facts.evidence.answers.get(&question).map(key::state) {
            Some(KeyState::Found(records)) => {
                if let Some(record) = records.iter().find(|r| r.usable()) {
                    let dns = Exhibit::dns(&question, &record.text, record.p, "the key of the stated selector");
                    findings.extend(other(configured, &standing, used, &stated, dns, &mut gaps));
                }
            }
            Some(KeyState::Missing(_)) => {}
            Some(KeyState::Failed(_) | KeyState::Unasked(_)) | None => {
                gaps.push(Gap::dns(format!("Is the key of the stated selector at {published}?"), &question));
            }
        }
    }
    if applies { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

/// Another signature of the domain uses the selector that was stated.
fn signed_as_stated(facts: &Facts, domain: &str, expected: &impl Fn(&str) -> bool) -> bool {
    facts.reading.signatures.iter().any(|s| {
        s.domain.as_ref().is_some_and(|d| d.value == domain) && s.selector.as_ref().is_some_and(|s| expected(&s.value))
    })
}

/// Was nothing stated but selectors?
fn selectors_alone(configured: &Configured) -> bool {
    let Configured { selector, secondary_selector, .. } = configured.clone();
    Configured { selector, secondary_selector, ..Configured::default() } == *configured
}

fn other(
    configured: &Configured,
    standing: &Standing,
    used: &Key,
    stated: &str,
    published: Exhibit,
    gaps: &mut Gaps,
) -> Option<Finding> {
    let (selector, domain) = (standing.selector()?, standing.domain()?);
    let (severity, state) = match &used.state {
        KeyState::Missing(_) => (Severity::High, "no key stands at that name"),
        KeyState::Found(_) => (Severity::Low, "a key stands there too, perhaps that of another service"),
        KeyState::Unasked(_) | KeyState::Failed(_) => {
            gaps.push(subject::gap(used));
            return None;
        }
    };
    let missing = severity == Severity::High;
    let finding = Finding::new(&RULE, format!("The signature uses selector {}, not {}", subject::shortened(selector, 17), subject::shortened(stated, 16)))
        .about(&used.name)
        .severity(severity)
        .sure(Confidence::Likely, "you stated the selector; whether its key fits this signature was not tried")
        .explain(format!(
            "You stated the selector {stated}, and its key is published for {domain}. This message is signed with the selector {selector}, and {state}.",
        ))
        .exhibit(Exhibit::user(format!("selector={stated}"), "the selector you stated"))
        .exhibits(standing.signature.and_then(|s| s.selector.as_ref()).map(|s| Exhibit::input(s.span, "the selector in use")))
        .exhibit(published)
        .fix(
            Remedy::new(format!("Set the selector {stated} at the system that signs as {domain}"))
                .step(format!("In the sending panel or the signer's configuration, change the DKIM selector from {selector} to {stated}, and make sure it signs with the private key that belongs to it."))
                .step(format!("If {selector} is the right one, publish its public key at {} instead.", used.name)),
        )
        .check(Question::new(&used.name, Kind::Txt).dig(), format!("nothing has to stand here once s={stated} in a new message"));
    let finding = standing.apply(finding);
    if !missing || standing.passed() {
        return Some(Finding { leads_to: vec![], ..finding });
    }
    let finding = finding.leads_to(&["dkim-key-not-found"]);
    // Where nothing else was stated, the rule on panel settings says the same with fewer words.
    Some(if selectors_alone(configured) { finding.leads_to(&["panel-override-conflict"]) } else { finding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::dkim::samples::*;
    use crate::facts::organization::Agreement;
    use crate::rules::dkim::testing::*;

    const OTHER: &str = "mail._domainkey.example.com";

    fn stated(fields: &str) -> Case {
        let mut case = Case::new(fields);
        case.said.configured.selector = Some("Mail".into());
        case.txt(OTHER, &[&format!("p={RSA_2048}")])
    }

    #[test]
    fn the_stated_selector_has_a_key_and_the_used_one_has_none() {
        let found = stated(SIGNED).nothing(KEY, Outcome::NxDomain).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
        assert_eq!(found.leads_to, ["dmarc-unaligned", "dkim-key-not-found", "panel-override-conflict"]);
    }

    #[test]
    fn where_both_have_keys_it_is_a_hint() {
        let found = stated(SIGNED).txt(KEY, &[&format!("p={RSA_2048}")]).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Low, 0));
    }

    #[test]
    fn a_key_that_merely_exists_says_nothing() {
        let case = Case::new(SIGNED).txt(OTHER, &[&format!("p={RSA_2048}")]).nothing(KEY, Outcome::NxDomain);
        assert!(matches!(case.judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        let mut same = stated(SIGNED).nothing(KEY, Outcome::NxDomain);
        same.said.configured.secondary_selector = Some("S1".into());
        assert!(matches!(same.judge(&RULE), Verdict::Pass));
        let both = format!("{SIGNED}{}", SIGNED.replace("s=s1", "s=mail"));
        assert!(matches!(stated(&both).nothing(KEY, Outcome::NxDomain).judge(&RULE), Verdict::Pass));
        let foreign = stated(SIGNED).agreement(0, Agreement::None).nothing(KEY, Outcome::NxDomain);
        assert!(matches!(foreign.judge(&RULE), Verdict::NotApplicable));
        let neither = stated(SIGNED).nothing(OTHER, Outcome::NxDomain).nothing(KEY, Outcome::NxDomain);
        assert!(matches!(neither.judge(&RULE), Verdict::Pass));
        assert!(matches!(stated(SIGNED).judge(&RULE), Verdict::Unknown(_)));
        assert!(matches!(stated(SIGNED).nothing(OTHER, Outcome::Timeout).judge(&RULE), Verdict::Unknown(_)));
    }
}
