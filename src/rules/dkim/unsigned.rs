//! `dkim-key-not-found` where a domain is checked: which of its selectors have a key, and whether
//! any can have one. Selectors are nowhere listed, so that none was found proves nothing by itself.

use super::dkim_key_not_found::RULE;
use super::{dkim_missing, subject};
use crate::evidence::{Kind, Outcome, Question, answer_at};
use crate::facts::Facts;
use crate::facts::dkim::KeyState;
use crate::facts::domain::keys::{Below, Keys, Selector, Sender, Whence};
use crate::facts::mail_hosts::{MailHosts, Reception};
use crate::knowledge::Platform;
use crate::remedy::{Change, Remedy, dkim as remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict};

pub(super) fn judge(facts: &Facts) -> Verdict {
    let keys = &facts.domain.keys;
    let (Some(domain), Some(below)) = (facts.reading.from_domain(), keys.below) else { return Verdict::NotApplicable };
    let absent = answer_at(&facts.evidence.answers, domain, Kind::Txt).map(|a| (a.outcome, a.records.len()));
    if sends_nothing(facts) || absent == Some((Outcome::NxDomain, 0)) {
        return Verdict::NotApplicable;
    }
    let said = || keys.selectors.iter().filter(|s| s.whence == Whence::Said);
    // The organization may sign for the names inside it.
    let above = |s: &Selector| keys.usable().any(|(other, _)| other.selector == s.selector);
    let missing = said().filter(|s| s.is_absent() && !above(s));
    let mut findings: Vec<Finding> = missing.map(|s| named(keys, s, domain)).collect();
    let mut gaps: Gaps = said().filter(|s| open(s) && !above(s)).map(|s| subject::gap(&s.key)).collect();
    for sender in keys.platforms.iter().filter(|s| s.said) {
        let own: Vec<&Selector> = of(keys, sender.platform).collect();
        if keys.usable().any(|(s, _)| s.platform == Some(sender.platform)) {
            continue;
        }
        if !own.is_empty() && own.iter().all(|s| s.is_absent()) {
            findings.push(platform(facts, sender, &own, domain));
        }
        gaps.extend(own.iter().filter(|s| open(s)).map(|s| subject::gap(&s.key)));
    }
    let known = keys.usable().next().is_some() || said().any(Selector::is_found);
    if known || !findings.is_empty() || !gaps.is_empty() {
        return Verdict::of(findings, gaps);
    }
    match below {
        Below::Nothing if keys.selectors.iter().all(Selector::is_missing) => none(facts, domain).into(),
        _ => Verdict::unknown(unknown(domain)),
    }
}

fn open(selector: &Selector) -> bool {
    matches!(selector.key.state, KeyState::Unasked(_) | KeyState::Failed(_))
}

/// The selectors tried because this platform uses them.
fn of<'k>(keys: &'k Keys, platform: &'static Platform) -> impl Iterator<Item = &'k Selector> {
    keys.selectors.iter().filter(move |s| s.whence == Whence::Platform(platform))
}

/// The domain says, or the user does, that it sends no mail. One that takes mail only seems to.
fn sends_nothing(facts: &Facts) -> bool {
    let domain = facts.reading.from_domain().unwrap_or_default();
    let takes = |m: &MailHosts| m.domain == domain && matches!(m.reception, Reception::Servers(_));
    let published = answer_at(&facts.evidence.answers, domain, Kind::Txt);
    let nobody = |text: &[u8]| text.trim_ascii_end().eq_ignore_ascii_case(b"v=spf1 -all");
    let says = || published.is_some_and(|a| a.texts().any(|text| nobody(&text)));
    facts.evidence.said.check.non_sending || (says() && !facts.mail_hosts.iter().any(takes))
}

fn unknown(domain: &str) -> Gap {
    Gap::new(
        format!("With which DKIM selector is mail of {domain} signed?"),
        "the s= of a DKIM-Signature in a message, or --selector NAME",
    )
}

fn question(selector: &Selector) -> Question {
    Question::new(&selector.key.name, Kind::Txt)
}

fn absence(selector: &Selector) -> Exhibit {
    let said = match (&selector.key.state, selector.chain.last()) {
        (KeyState::Found(records), _) => records.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join(" | "),
        (_, Some(target)) => format!("CNAME {target}, where there is no TXT record"),
        (KeyState::Missing(Outcome::NxDomain), None) => "no such name".to_owned(),
        _ => "no TXT record".to_owned(),
    };
    Exhibit::dns(&question(selector), said, None, "no key here")
}

/// A selector that the user named.
fn named(keys: &Keys, selector: &Selector, domain: &str) -> Finding {
    let name = &selector.key.name;
    let others: Vec<&str> = keys.usable().map(|(s, _)| s.selector.as_str()).take(4).collect();
    let others = match others[..] {
        [] => String::new(),
        _ => format!(" A key stands at {}: perhaps that is the one in use.", others.join(", ")),
    };
    let remedy = match selector.chain.last().filter(|_| !selector.wildcard) {
        Some(target) => Remedy::new(format!("Publish the target that the portal shows for {name} now")).step(format!(
            "{name} is a CNAME to {target}, and no key stands there. Whoever runs that name shows the right target, or puts the key back."
        )),
        None => {
            let change = Change::txt(name, &[] as &[&str], &[remedy::open_record("rsa")]);
            let remedy = Remedy::new(format!("Publish the key at {name}")).step(format!(
                "At the system that signs as {domain}, look up the public key of selector {}, and publish it as below. Or give the selector that it really signs with.",
                selector.selector
            ));
            remedy.marked(change)
        }
    };
    Finding::new(&RULE, format!("There is no key at {}", subject::shortened(name, 50)))
        .about(name)
        .severity(Severity::High)
        .sure(Confidence::Certain, "you named the selector, and DNS has no key there")
        .explain(format!(
            "You named the selector {}, and no key stands at {name}{}: what is signed with it cannot be checked.{others}",
            selector.selector,
            // RFC 4592 §3.3.1
            if selector.wildcard { " (a wildcard answers there, as at any name that does not exist)" } else { "" }
        ))
        .exhibit(absence(selector))
        .fix(remedy)
        .check(question(selector).dig(), "the key record")
}

/// A platform that the user named, none of whose selectors has a key.
fn platform(facts: &Facts, sender: &Sender, own: &[&Selector], domain: &str) -> Finding {
    let name = &sender.platform.name;
    let (fix, check) = dkim_missing::switch_on(facts, Some(sender.platform), Some(domain));
    let finding = Finding::new(&RULE, format!("No DKIM key of {} at {}", subject::shortened(name, 20), subject::shortened(domain, 28)))
        .severity(Severity::High)
        .sure(Confidence::Likely, "you named the platform; a selector of your own choice would not have been tried")
        .explain(format!(
            "{name} signs with the selectors {}, and none of them has a key at {domain}. What it sends is then signed as somebody else, or not at all, unless you chose a selector of your own there.",
            own.iter().map(|s| s.selector.as_str()).collect::<Vec<_>>().join(", ")
        ))
        .exhibits(own.iter().take(3).map(|s| absence(s)))
        .fix(fix)
        .check(check, "a key");
    own.iter().fold(finding, |finding, selector| finding.about(&selector.key.name))
}

/// DNS says that there is no name below `_domainkey`.
fn none(facts: &Facts, domain: &str) -> Finding {
    let sender = facts.domain.keys.platforms.iter().map(|s| s.platform).find(|p| p.kind != "forwarding");
    let (fix, check) = dkim_missing::switch_on(facts, sender, Some(domain));
    let asked = Question::new(&format!("_domainkey.{domain}"), Kind::Txt);
    Finding::new(&RULE, format!("{} publishes no DKIM key", subject::shortened(domain, 40)))
        // A note: a server that denies empty names has keys all the same, and no mail was seen.
        .severity(Severity::Info)
        .sure(Confidence::Likely, "DNS denies the name above all selectors; some servers do that wrongly")
        .explain(format!(
            "There is no name _domainkey.{domain}, so there is none below it, where every key would stand. Nothing can sign as exactly {domain}. Mail may still be signed in the name of a subdomain, which counts too, unless strict alignment is asked for."
        ))
        .exhibit(Exhibit::dns(&asked, "no such name", None, "keys would stand below this"))
        .fix(fix)
        .check(check, "a key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    fn told(zone: &str, selectors: &[&str], platforms: &[&str]) -> Facts {
        let mut case = Case::domain("example.com");
        case.said.check.selectors = selectors.iter().map(|s| (*s).to_owned()).collect();
        case.said.check.platforms = platforms.iter().map(|s| (*s).to_owned()).collect();
        case.zone(zone).facts()
    }

    fn only(facts: &Facts) -> Finding {
        match judge(facts) {
            Verdict::Found(findings) if findings.len() == 1 => findings.into_iter().next().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_named_selector_without_a_key() {
        let zone = format!("google._domainkey.example.com TXT \"v=DKIM1; p={RSA_2048}\"");
        let found = only(&told(&zone, &["s7"], &[]));
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain));
        assert_eq!(found.fix.unwrap().records[0].name, "s7._domainkey.example.com");
        assert!(found.explanation.contains("A key stands at google"), "{}", found.explanation);
    }

    #[test]
    fn what_a_wildcard_answers_is_no_key_of_a_named_selector() {
        for star in [
            "*.example.com TXT \"v=spf1 -all\"",
            "*._domainkey.example.com TXT \"v=DKIM1; p=\"",
            "*.example.com CNAME parking.example.net\nparking.example.net TXT \"v=spf1 -all\"",
            "*.example.com CNAME nowhere.example.net",
        ] {
            let found = only(&told(&format!("example.com MX 1 mx.example.com\n{star}"), &["s7"], &[]));
            assert!(found.explanation.contains("a wildcard answers there"), "{}", found.explanation);
            let change = record_of(&found);
            assert_eq!((change.0.as_str(), change.1.len()), ("s7._domainkey.example.com", 0), "{star}");
        }
        // One with a key in it is a key of every selector.
        let star = format!("*._domainkey.example.com TXT \"v=DKIM1; p={RSA_2048}\"");
        assert!(matches!(judge(&told(&star, &["s7"], &[])), Verdict::Pass));
    }

    #[test]
    fn a_named_platform_without_its_keys() {
        let found = only(&told("x._domainkey.example.com TXT \"x\"", &[], &["mailchimp"]));
        assert_eq!(found.confidence, Confidence::Likely);
        let records = found.fix.unwrap().records;
        assert_eq!(
            records.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(),
            ["k2._domainkey.example.com", "k3._domainkey.example.com"]
        );
    }

    #[test]
    fn that_nothing_was_found_proves_nothing_where_something_is_there() {
        for zone in [
            "x._domainkey.example.com TXT \"x\"",
            "_domainkey.example.com SERVFAIL",
            "_domainkey.example.com TIMEOUT",
            "_domainkey.example.com REFUSED",
        ] {
            let facts = told(&format!("{zone}\nexample.com MX 1 mx.example.com"), &[], &[]);
            let Verdict::Unknown(gaps) = judge(&facts) else { panic!("{zone}") };
            assert!(gaps[0].needs.words().contains("--selector"), "{zone}");
        }
    }

    #[test]
    fn nothing_below_domainkey_is_no_key_at_all() {
        let found = only(&told("example.com TXT \"v=spf1 include:_spf.google.com ~all\"", &[], &[]));
        assert_eq!((found.severity, found.confidence), (Severity::Info, Confidence::Likely));
        assert_eq!(found.fix.unwrap().records[0].name, "google._domainkey.example.com");
    }

    #[test]
    fn the_organization_signs_for_a_name_inside_it() {
        let told = |selectors: &[&str], platforms: &[&str], zone: &str| {
            let mut case = Case::domain("news.example.com");
            case.said.check.selectors = selectors.iter().map(|s| (*s).to_owned()).collect();
            case.said.check.platforms = platforms.iter().map(|s| (*s).to_owned()).collect();
            judge(&case.zone(&format!("news.example.com A 192.0.2.1\n{zone}")).facts())
        };
        let zone = format!("k2._domainkey.example.com TXT \"v=DKIM1; p={RSA_2048}\"");
        for (selectors, platforms) in [(&[][..], &[][..]), (&["k2"], &[]), (&[], &["mailchimp"])] {
            assert!(matches!(told(selectors, platforms, &zone), Verdict::Pass), "{selectors:?} {platforms:?}");
        }
        assert!(matches!(told(&["s7"], &[], &zone), Verdict::Found(_)));
        assert!(matches!(told(&["k2"], &[], ""), Verdict::Found(_)));
    }

    #[test]
    fn passes_and_does_not_apply() {
        let key = format!("mail._domainkey.example.com TXT \"v=DKIM1; p={RSA_2048}\"");
        assert!(matches!(judge(&told(&key, &[], &[])), Verdict::Pass));
        let mut parked = Case::domain("example.com");
        parked.said.check.non_sending = true;
        assert!(matches!(judge(&parked.zone("").facts()), Verdict::NotApplicable));
        let closed = "example.com TXT \"v=spf1 -all\"";
        assert!(matches!(judge(&told(closed, &[], &[])), Verdict::NotApplicable));
        // It takes mail: that it sends none is not sure.
        let mut takes = told(closed, &[], &[]);
        takes.mail_hosts = vec![MailHosts { domain: "example.com".into(), reception: Reception::Servers(Vec::new()) }];
        assert_eq!(only(&takes).severity, Severity::Info);
        let mut other = Case::domain("example.com");
        other.said.check.only = vec![crate::evidence::said::Part::Spf];
        assert!(matches!(judge(&other.zone("").facts()), Verdict::NotApplicable));
    }
}
