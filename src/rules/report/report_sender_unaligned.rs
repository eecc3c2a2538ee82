use super::offer::{offer, signs_already};
use super::support::{
    addresses, below, busiest, is_keyless, kept_out, messages, not_yet, reasons, report, rows, severity, signing,
    standing,
};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Row, Sender, Source, Standing};
use crate::knowledge::Platform;
use crate::remedy::{Remedy, platform};

use crate::rules::dmarc::failure::title;
use crate::rules::{Confidence, Finding, Gaps, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// A service sends in your name and is vouched for only as itself
    ///
    /// ## What we saw
    /// A DMARC report lists mail with your domain in From whose DKIM signature or bounce address is valid, but belongs
    /// to another domain, mostly the sending service's own.
    ///
    /// ## Why mail suffers
    /// DMARC counts DKIM and SPF only where they vouch for the domain in From. This mail fails, and is junked or refused
    /// as soon as your policy, or the receiver, asks for a pass.
    ///
    /// ## How to fix it
    /// If the service sends for you: switch on signing with your own domain there, and publish the records it shows. A
    /// bounce domain of your own aligns SPF as well. If you do not know the service, somebody uses your name: change
    /// nothing for it.
    ///
    /// ## How to check
    /// The key must be published, and a report of a later day must show the service's mail passing DKIM.
    pub RULE = "report-sender-unaligned", Report, Medium, judge, ["RFC 9990 §3.1", "RFC 9989 §5.3", "RFC 7489 §7.2"]
}

/// Unknown services named in the finding.
const NAMED: usize = 5;

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let mut findings = Vec::new();
    let mut unknown = Vec::new();
    for source in standing(facts, &[Standing::Unaligned]) {
        match &source.sender {
            Sender::Platform(platform) => findings.push(known(facts, report, source, platform)),
            _ => unknown.push(source),
        }
    }
    if !unknown.is_empty() {
        findings.push(strange(facts, report, &unknown));
    }
    Verdict::of(findings, Gaps::new())
}

fn known(facts: &Facts, report: &Aggregate, source: &Source, platform: &'static Platform) -> Finding {
    let (domain, name) = (&report.policy.domain, &platform.name);
    let vouched = source.vouched.as_deref().unwrap_or("a domain of its own");
    let row = busiest(report, source);
    let unverified = row.and_then(Row::unverified);
    let another = unverified.is_none() && signs_already(report, platform);
    let mut remedy = match unverified {
        // It is switched on: what is missing is a key that fits.
        Some(own) => {
            let remedy = Remedy::new(format!("Let the signature as {} at {name} pass", own.domain))
                .step(signing(facts, report, row));
            if is_keyless(facts, report, own) { offer(remedy, facts, report, platform) } else { remedy }
        }
        None if another => Remedy::new(format!(
            "Find out which account at {name} sends this: other mail from there is signed as {domain}"
        ))
        .step("An account or subaccount of yours: switch on DKIM for your domain in that one too")
        .step("None of yours: change nothing; a strict DMARC policy keeps it out"),
        None => offer(Remedy::new(format!("Switch on DKIM for {domain} at {name}")), facts, report, platform),
    };
    let bounces = platform::return_path(platform, domain).zip(platform.return_path_setting.as_ref());
    // SPF of a domain of ours was asked there, and did not pass: the platform's servers are missing in it.
    let lacking = row
        .and_then(Row::path)
        .filter(|p| p.ours && !p.helo && matches!(p.result.as_str(), "fail" | "softfail" | "neutral"));
    if let Some(path) = lacking.filter(|_| !platform.spf.is_empty()) {
        remedy = remedy.step(format!("In the SPF record of {}, before `all`: {}", path.domain, platform.spf.join(" ")));
    }
    if let Some((record, setting)) = bounces.filter(|_| !another) {
        remedy = remedy.step(format!("A bounce domain of your own aligns SPF too ({record}): {setting}"));
    }
    let heading = match unverified {
        Some(_) => title([
            format_args!("{name} signs as {domain}, and that signature does not pass"),
            format_args!("{name} signs in your name, and that does not pass"),
            format_args!("A platform signs in your name, and that does not pass"),
        ]),
        None => title([
            format_args!("{name} sends as {domain}, vouched for only as {vouched}"),
            format_args!("{name} sends as {domain}, vouched for as itself"),
            format_args!("{name} sends in your name, vouched for as itself"),
        ]),
    };
    let (confidence, because) = match unverified {
        Some(_) => {
            (Confidence::Likely, "the report shows the platform's own domain and a signature as yours beside it")
        }
        None if another => (Confidence::Possible, "a stranger may be a customer of the same platform"),
        None => {
            (Confidence::Likely, "the report names the platform's own domain; whether you are its customer, you know")
        }
    };
    let straight = match row {
        Some(row) if row.direct && unverified.is_some() => {
            " SPF passes for the platform's own bounce domain: it delivered itself, and no list or forwarder stood between."
        }
        _ => "",
    };
    let below = row.map_or(String::new(), |row| below(report, row));
    let key = unverified.and_then(|own| own.key());
    let finding = Finding::new(&RULE, heading)
        .severity(severity(source))
        .sure(confidence, because)
        .explain(format!(
            "{}{below} from {} fail DMARC at {}: what passes there passes for {vouched}, not for {domain}.{straight}{}{}{}",
            messages(source.count),
            addresses(source),
            report.reporter(),
            kept_out(source),
            reasons(report, &[source]),
            not_yet(report)
        ))
        .exhibits(rows(report, source, 3, "passes, but for another domain"))
        .fix(remedy);
    match key {
        Some(key) => finding.check(key.dig(), format!("the key that {name} signs with")),
        None => finding.check(
            command!("postdoc check {} --platform {} --only dkim", domain, platform.id),
            "a key at one of its selectors",
        ),
    }
}

fn strange(facts: &Facts, report: &Aggregate, sources: &[&Source]) -> Finding {
    let domain = &report.policy.domain;
    let count = sources.iter().fold(0_u64, |sum, s| sum.saturating_add(s.count));
    let mut names: Vec<&str> = sources.iter().filter_map(|s| s.vouched.as_deref()).collect();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    let named = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let named = if more > 0 { format!("{named} and {more} more") } else { named };
    let others = match names[..] {
        [one] => one.to_owned(),
        _ => format!("{} other domains", names.len()),
    };
    let heading = title([
        format_args!("Mail as {domain} is vouched for as {others}"),
        format_args!("Mail in your name is vouched for as {others}"),
        format_args!("Mail in your name is vouched for as another domain"),
    ]);
    let fix = Remedy::new("Sort them: services of yours are to be set up, for the rest there is nothing to do")
        .step(format!(
            "A service of yours: switch on DKIM for {domain} there, or give it an address at a domain it signs as"
        ))
        .step("One that you do not know: change nothing; a strict DMARC policy keeps it out");
    // A signature that cannot be used anywhere is to be mended whoever hands the mail on.
    let unusable = sources.iter().filter_map(|s| busiest(report, s)).find(|row| row.unverified().is_some());
    let fix = fix.steps(unusable.map(|row| signing(facts, report, Some(row))));
    let shown = sources.iter().take(3).flat_map(|s| rows(report, s, 1, "passes, but for another domain"));
    Finding::new(&RULE, heading)
        .severity(Severity::Low)
        .sure(Confidence::Possible, "the report cannot tell a service of yours from somebody who uses your name")
        .explain(format!(
            "{} fail DMARC at {} although DKIM or SPF passes: it passes for {named}.",
            messages(count),
            report.reporter()
        ))
        .exhibits(shown)
        .fix(fix)
        .check(command!("postdoc check {} --only dkim,spf", domain), "your own services among its platforms")
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_platform_is_named_with_its_records() {
        let found = only(judge(&of("none", &[BOTH, PLATFORM])));
        assert_eq!(found.title, "Twilio SendGrid sends as example.com, vouched for only as sendgrid.net");
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Likely));
        assert!(
            found.explanation.ends_with("Do not tighten the policy before that is mended."),
            "{}",
            found.explanation
        );
        let fix = found.fix.unwrap();
        assert!(fix.records.is_empty(), "s1 is in use: {fix:?}");
        let fix = only(judge(&of("none", &[PLATFORM]))).fix.unwrap();
        assert!(fix.records.iter().all(|r| r.name.ends_with("._domainkey.example.com")) && !fix.records.is_empty());
        let Record(ip, count, _, dkim, spf, s, m) = PLATFORM;
        let refused = Record(ip, count, "reject", dkim, spf, s, m);
        assert_eq!(only(judge(&of("reject", &[refused]))).severity, Severity::High);
    }

    #[test]
    fn a_signature_of_the_platforms_as_ours_that_does_not_pass() {
        let from = |ours: &str| {
            let text = xml("none", &[BOTH, PLATFORM]);
            let own = format!(
                "<auth_results><dkim><domain>example.com</domain><selector>s2</selector><result>{ours}</result></dkim>"
            );
            let at = text.rfind("<auth_results>").unwrap();
            format!("{}{own}{}", &text[..at], &text[at + "<auth_results>".len()..])
        };
        // Another server signs with s1: of s2 alone there would be records.
        let from = |ours: &str| from(ours).replacen("<selector>s1</selector>", "<selector>own</selector>", 1);
        let found = only(judge(&facts(&from("permerror"), Some(""))));
        assert_eq!(found.title, "Twilio SendGrid signs as example.com, and that signature does not pass");
        assert!(found.explanation.contains("no list or forwarder stood between"), "{}", found.explanation);
        let fix = found.fix.unwrap();
        assert!(fix.steps[0].contains("s2._domainkey.example.com, and no key stands there"), "{:?}", fix.steps);
        assert!(!fix.records.is_empty());
        let there = facts(&from("fail"), Some("s2._domainkey.example.com TXT \"v=DKIM1; p=MII\""));
        let fix = only(judge(&there)).fix.unwrap();
        assert!(fix.steps[0].contains("nothing changed it on the way (fail)"), "{:?}", fix.steps);
        assert!(fix.records.is_empty(), "a key is there");
        // It verified elsewhere: the key was there.
        let used = from("fail").replacen("<selector>own</selector>", "<selector>s2</selector>", 1);
        let fix = only(judge(&facts(&used, Some("")))).fix.unwrap();
        assert!(!fix.steps[0].contains("no key stands there"), "{:?}", fix.steps);
        let unasked = only(judge(&facts(&from("permerror"), None))).fix.unwrap();
        assert!(unasked.steps[0].contains("a whole key stands at s2"), "{:?}", unasked.steps);
    }

    #[test]
    fn a_platform_that_signs_already_may_be_used_by_another_account() {
        let signed = Record("192.0.2.50", 40, "none", "pass", "fail", "example.com s1 pass", "u1.sendgrid.net pass");
        let found = only(judge(&of("none", &[signed, PLATFORM])));
        assert_eq!(found.confidence, Confidence::Possible);
        let fix = found.fix.unwrap();
        assert!(
            fix.summary.starts_with("Find out which account at Twilio SendGrid") && fix.records.is_empty(),
            "{fix:?}"
        );
    }

    #[test]
    fn a_platform_that_uses_our_mail_from_belongs_into_spf() {
        let tenant = Record(
            "40.107.22.50",
            66,
            "none",
            "fail",
            "fail",
            "example-com.onmicrosoft.com s pass",
            "example.com softfail",
        );
        let steps = only(judge(&of("none", &[tenant]))).fix.unwrap().steps;
        assert!(steps.iter().any(|s| s.ends_with("before `all`: include:spf.protection.outlook.com")), "{steps:?}");
        let steps = only(judge(&of("none", &[PLATFORM]))).fix.unwrap().steps;
        assert!(!steps.iter().any(|s| s.starts_with("In the SPF record")), "{steps:?}");
    }

    #[test]
    fn unknown_domains_are_told_together_and_accuse_nobody() {
        let a = Record("192.0.2.60", 3, "none", "fail", "fail", "a.example x pass", "a.example pass");
        let b = Record("192.0.2.61", 2, "none", "fail", "fail", "", "b.example pass");
        let found = only(judge(&of("none", &[a, b])));
        assert_eq!(found.title, "Mail as example.com is vouched for as 2 other domains");
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
        assert!(found.explanation.starts_with("5 messages fail"), "{}", found.explanation);
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&of("none", &[BOTH, STRANGER, FORWARDED])), Verdict::Pass));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
