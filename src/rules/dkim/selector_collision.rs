use super::subject::shortened;
use crate::evidence::{Data, Kind, Question};
use crate::facts::Facts;
use crate::facts::domain::keys::{Selector, Sender};
use crate::knowledge::Platform;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// Two services want the same selector
    ///
    /// ## What we saw
    /// A selector leads to one platform, and another one that sends for the domain uses the same. Or a CNAME and a
    /// TXT record stand side by side at its name.
    ///
    /// ## Why mail suffers
    /// A name can hold one key only. Whichever service has the other one can never be verified.
    ///
    /// ## How to fix it
    /// Choose another selector at the service that lets you. Where none does, ask for a custom one, or let one of them
    /// sign as a subdomain.
    ///
    /// ## How to check
    /// Send a new message through each service: both must say `dkim=pass` with your domain.
    pub RULE = "selector-collision", Dkim, High, judge,
    ["RFC 6376 §3.1", "RFC 1034 §3.6.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let keys = &facts.domain.keys;
    if facts.reading.subject.is_none() || keys.below.is_none() {
        return Verdict::NotApplicable;
    }
    let (mut findings, mut gaps) = (Vec::new(), Gaps::new());
    for selector in &keys.selectors {
        findings.extend(beside(facts, selector));
        findings.extend(both(facts, selector));
        for sender in keys.platforms.iter().filter(|s| wants(s.platform, selector)) {
            if let (Some(owner), Some(target)) = (selector.platform, selector.chain.last())
                && owner != sender.platform
                && !sender.platform.dkim.iter().any(|setup| selector.chain.iter().any(|t| setup.leads_to(t)))
                && !keys.usable().any(|(s, _)| s.platform == Some(sender.platform))
            {
                findings.push(taken(selector, owner, target, sender));
            } else if sender.said && !selector.is_found() && !selector.is_missing() {
                gaps.push(Gap::dns(
                    format!("Who has the selector {}?", selector.selector),
                    &Question::new(&selector.key.name, Kind::Txt),
                ));
            }
        }
    }
    Verdict::of(findings, gaps)
}

/// Does the platform use this selector, whoever its customer is?
fn wants(platform: &Platform, selector: &Selector) -> bool {
    platform
        .dkim
        .iter()
        .any(|s| s.is_fixed() && s.below.is_none() && s.selector.eq_ignore_ascii_case(&selector.selector))
}

/// Two platforms that send for the domain use the same selector, and a name holds one key.
fn both(facts: &Facts, selector: &Selector) -> Option<Finding> {
    let keys = &facts.domain.keys;
    let elsewhere =
        |s: &&Sender| keys.usable().any(|(k, _)| k.platform == Some(s.platform) && k.selector != selector.selector);
    let mut want = keys.platforms.iter().filter(|s| wants(s.platform, selector) && !elsewhere(s));
    // A CNAME says whose it is.
    let (first, second) = (want.next().filter(|_| selector.chain.is_empty())?, want.next()?);
    let (one, other) = (&first.platform.name, &second.platform.name);
    let said = first.said && second.said;
    let finding = Finding::new(&RULE, format!("{} and {} both want selector {}", shortened(one, 18), shortened(other, 18), shortened(&selector.selector, 12)))
        .severity(if said { Severity::High } else { Severity::Medium })
        .sure(
            if said { Confidence::Likely } else { Confidence::Possible },
            "both platforms send for the domain; a custom selector would not have been seen",
        )
        .explain(format!(
            "{one} and {other} both sign with the selector {} unless told otherwise, and {} can hold the key of one of them only.",
            selector.selector, selector.key.name
        ))
        .exhibit(Exhibit::dns(
            &Question::new(&selector.key.name, Kind::Txt),
            selector.records().first().map_or("no key yet", |r| r.text.as_str()),
            None,
            "one key can stand here",
        ))
        .fix(
            Remedy::new(format!("Give {one} or {other} another selector"))
                .step("Choose it where it can be chosen, or let one of them sign as a subdomain; then publish what its portal shows."),
        )
        .check("postdoc diagnose new-message.eml", "dkim=pass for a message sent through each of them");
    Some(finding)
}

fn taken(selector: &Selector, owner: &Platform, target: &str, sender: &Sender) -> Finding {
    let name = &selector.key.name;
    let other = &sender.platform.name;
    let (severity, confidence, because) = match sender.said {
        true => {
            (Severity::High, Confidence::Likely, "you named the platform; a custom selector would not have been seen")
        }
        false => (
            Severity::Medium,
            Confidence::Possible,
            "the SPF record or the MX names the other platform; it may sign with a custom selector",
        ),
    };
    Finding::new(&RULE, format!("{} and {} both want selector {}", shortened(&owner.name, 18), shortened(other, 18), shortened(&selector.selector, 12)))
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "{name} leads to {target}, the key of {}. {other}, which sends for the domain too, signs with the same selector, and no key of its own was found. What it signs cannot be verified.",
            owner.name
        ))
        .exhibit(Exhibit::dns(&Question::new(name, Kind::Txt), format!("CNAME {target}"), None, format!("the key of {}", owner.name)))
        .fix(
            Remedy::new(format!("Give {other} a selector of its own"))
                .step(format!("In {other}, ask for a custom selector, or let it sign as a subdomain; then publish what it shows."))
                .step(format!("The record at {name} stays: {} needs it.", owner.name)),
        )
        .check("postdoc diagnose new-message.eml", format!("dkim=pass for a message sent through {other}"))
}

/// A CNAME with a text beside it at the same name: resolvers show one or the other.
fn beside(facts: &Facts, selector: &Selector) -> Option<Finding> {
    let question = Question::new(&selector.key.name, Kind::Txt);
    let answer = facts.evidence.answers.get(&question)?;
    let own = || answer.records.iter().filter(|r| r.name == selector.key.name);
    let target = own().find_map(|r| match &r.data {
        Data::Cname(target) => Some(target.as_str()),
        _ => None,
    })?;
    let text = own().find(|r| matches!(r.data, Data::Txt(_)))?;
    let finding = Finding::new(&RULE, format!("A CNAME and a text stand at {}", shortened(&selector.key.name, 38)))
        .sure(Confidence::Certain, "one answer holds both")
        .explain(format!(
            "{} is a CNAME to {target} and holds a text of its own. DNS allows nothing beside a CNAME: some resolvers follow it, others give the text, so a signature verifies by chance.",
            selector.key.name
        ))
        .exhibit(Exhibit::dns(&question, format!("CNAME {target}"), None, "leads elsewhere"))
        .exhibit(Exhibit::dns(&question, text.data.to_string(), None, "stands beside it"))
        .fix(
            Remedy::new(format!("Keep one of the two at {}", selector.key.name))
                .step("Keep the CNAME if the platform behind it still signs for the domain, and give the other signer a selector of its own.")
                .step("Otherwise remove the CNAME, and the text can stand."),
        )
        .check(question.dig(), "a CNAME or a text, not both");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    fn zone(spf: &str, target: &str) -> String {
        let key = format!("s1._domainkey.example.com CNAME {target}\n{target} TXT \"p={RSA_1024}\"");
        format!("example.com TXT \"v=spf1 {spf} -all\"\n{key}")
    }

    #[test]
    fn the_other_platform_of_the_spf_record_or_the_users() {
        let found = Case::domain("example.com").zone(&zone("include:sendgrid.net", "dkim2.mcsv.net")).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Possible));
        let mut named = Case::domain("example.com");
        named.said.check.platforms.push("sendgrid".into());
        assert_eq!(named.zone(&zone("mx", "dkim2.mcsv.net")).finding(&RULE).severity, Severity::High);
    }

    #[test]
    fn two_platforms_that_use_the_same() {
        let mut named = Case::domain("example.com");
        named.said.check.platforms = vec!["gomail".into(), "yandex-360".into()];
        let found = named.zone("").finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
    }

    #[test]
    fn a_cname_beside_a_text() {
        let text = Data::Txt(vec![format!("p={RSA_2048}").into_bytes()]);
        let both = vec![Data::Cname("k.example.net".into()), text];
        let case = Case::domain("example.com").answer("mail._domainkey.example.com", Outcome::Records, both).zone("");
        assert_eq!(case.finding(&RULE).confidence, Confidence::Certain);
    }

    #[test]
    fn passes_is_silent_and_waits() {
        assert!(matches!(
            Case::domain("example.com")
                .zone(&zone("include:sendgrid.net", "s1.domainkey.u1.wl1.sendgrid.net"))
                .judge(&RULE),
            Verdict::Pass
        ));
        assert!(matches!(Case::domain("example.com").zone("").judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::NotApplicable));
        let mut named = Case::domain("example.com");
        named.said.check.platforms.push("sendgrid".into());
        assert!(matches!(named.zone("s1._domainkey.example.com TIMEOUT").judge(&RULE), Verdict::Unknown(_)));
    }
}
