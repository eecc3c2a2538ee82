use super::dmarc_rua_missing::not_seen;
use super::seen::Seen;
use super::{failure, seen};
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::KeyState;
use crate::facts::dmarc::Policy;
use crate::facts::domain::keys::{Selector, Sender, Whence};
use crate::remedy::{Remedy, platform};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Verdict, rule};

rule! {
    /// The DMARC policy is strict, and one of your own senders does not pass
    ///
    /// ## What we saw
    /// Receivers are asked to junk or refuse what fails DMARC, while a platform that sends for the domain has
    /// no DKIM key there, so what it sends passes only where its bounce address is at your domain.
    ///
    /// ## Why mail suffers
    /// A strict policy before every sender is aligned makes receivers throw away your own mail.
    ///
    /// ## How to fix it
    /// Switch on DKIM for your domain at that platform, and publish its records. If mail through it must
    /// arrive meanwhile, loosening the policy is yours to decide: it also loosens it for forgers. People's mail
    /// and bulk mail are best sent from different subdomains, each with its own policy.
    ///
    /// ## How to check
    /// Send a new message through the platform: its header must say dmarc=pass. The reports must show that
    /// at least 98 of 100 of your messages pass.
    pub RULE = "dmarc-reject-too-early", Dmarc, Medium, judge, ["RFC 9989 §5.1", "RFC 9989 §7.4"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(domain) = facts.reading.subject.as_ref().and_then(|s| s.domain()) else { return Verdict::NotApplicable };
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    let Some((policy, tag)) = facts.dmarc.effective else { return not_seen(facts) };
    if policy == Policy::None || facts.domain.keys.below.is_none() {
        return Verdict::NotApplicable;
    }
    let (mut findings, mut gaps) = (Vec::new(), Gaps::new());
    for sender in facts.domain.keys.platforms.iter().filter(|s| signs_by_key_alone(s)) {
        let own: Vec<&Selector> = tried(facts, sender).collect();
        if own.iter().all(|s| s.is_absent()) && !own.is_empty() {
            findings.push(find(facts, &seen, domain, sender, &own, tag));
        }
        let open = own.iter().filter(|s| matches!(s.key.state, KeyState::Unasked(_) | KeyState::Failed(_)));
        gaps.extend(
            open.map(|s| {
                Gap::dns(format!("Which key stands at {}?", s.key.name), &Question::new(&s.key.name, Kind::Txt))
            }),
        );
    }
    Verdict::of(findings, gaps)
}

/// Sends in bulk with selectors that are the same for every customer, and signs as itself where its
/// customer has no key. A mailbox host's Return-Path is the domain itself, so SPF makes up for DKIM.
fn signs_by_key_alone(sender: &Sender) -> bool {
    let platform = sender.platform;
    matches!(platform.kind.as_str(), "marketing" | "transactional" | "saas")
        && !platform.dkim.is_empty()
        && platform.dkim.iter().all(|setup| setup.is_fixed())
}

/// The selectors of the platform, unless a key of its own stands at another one.
fn tried<'f>(facts: &'f Facts, sender: &'f Sender) -> impl Iterator<Item = &'f Selector> {
    let keys = &facts.domain.keys;
    let elsewhere = keys.usable().any(|(s, _)| s.platform == Some(sender.platform));
    keys.selectors.iter().filter(move |s| !elsewhere && s.whence == Whence::Platform(sender.platform))
}

fn find(facts: &Facts, seen: &Seen, domain: &str, sender: &Sender, own: &[&Selector], tag: &str) -> Finding {
    let name = &sender.platform.name;
    let remedy = platform::signing(
        Remedy::new(format!("Switch on DKIM for {domain} at {name}")),
        sender.platform,
        domain,
        &facts.evidence.answers,
    )
    .step(format!("If {name} does not send for {domain} any more, take it out of the SPF record instead"))
    .step(
        "If its mail must arrive meanwhile, only you can decide to loosen the policy: that lets forged mail in as well",
    );
    let (confidence, because) = match sender.said {
        true => (Confidence::Likely, "you named the platform, and none of its selectors has a key"),
        false => (
            Confidence::Possible,
            "the SPF record names the platform; selectors of your own choice and its bounce address are not known",
        ),
    };
    let finding = Finding::new(&RULE, failure::title([
        format_args!("The policy is strict, and {name} has no DKIM key at {domain}"),
        format_args!("The policy is strict, and {name} has no DKIM key here"),
        format_args!("The policy is strict, and a platform has no DKIM key here"),
    ]))
    .sure(confidence, because)
    .explain(format!(
        "{} asks receivers to junk or refuse what fails. {name} sends for {domain}, as far as can be seen, and signs with the selectors {}, none of which has a key. Its mail passes only where its bounce address is at {domain} too.",
        seen.called(),
        own.iter().map(|s| s.selector.as_str()).collect::<Vec<_>>().join(", ")
    ))
    .exhibit(seen.show_tag(tag, "the policy in force"))
    .exhibits(own.iter().take(3).map(|s| Exhibit::dns(&Question::new(&s.key.name, Kind::Txt), "no key", None, "no key here")))
    .fix(remedy);
    finding.check(Question::new(&own[0].key.name, Kind::Txt).dig(), "a key; and dmarc=pass in a new message")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only};
    use super::*;

    const STRICT: &str = "_dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:a@example.com\"";
    const SPF: &str = "example.com TXT \"v=spf1 include:sendgrid.net -all\"";

    fn told(zone: &[&str]) -> Verdict {
        judge(&Case::domain("example.com").zone(&zone.join("\n")).facts())
    }

    #[test]
    fn a_platform_of_the_spf_record_without_a_key() {
        let finding = only(told(&[STRICT, SPF]));
        assert_eq!(finding.confidence, Confidence::Possible);
        let fix = finding.fix.unwrap();
        // What is strict stays strict: the policy is the owner's.
        assert!(fix.records.iter().all(|r| r.name.ends_with("._domainkey.example.com")), "{fix:?}");
        let mut named = Case::domain("example.com");
        named.said.check.platforms.push("sendgrid".into());
        assert_eq!(only(judge(&named.zone(STRICT).facts())).confidence, Confidence::Likely);
    }

    #[test]
    fn passes_with_a_key_or_without_such_a_platform() {
        let key = "s1._domainkey.example.com TXT \"v=DKIM1; p=\"";
        assert!(matches!(told(&[STRICT, SPF, key]), Verdict::Pass));
        assert!(matches!(told(&[STRICT, "example.com TXT \"v=spf1 include:_spf.google.com -all\""]), Verdict::Pass));
        assert!(matches!(told(&[STRICT]), Verdict::Pass));
    }

    #[test]
    fn unknown_and_not_applicable() {
        let keys = "_domainkey.example.com SERVFAIL";
        assert!(matches!(told(&[STRICT, SPF, keys]), Verdict::Unknown(_)));
        assert!(matches!(told(&["_dmarc.example.com TIMEOUT", SPF]), Verdict::Unknown(_)));
        assert!(matches!(told(&["_dmarc.example.com TXT \"v=DMARC1; p=none\"", SPF]), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::NotApplicable));
    }
}
