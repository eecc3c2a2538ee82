use super::support::{addresses, kept_out, messages, not_yet, report, rows, severity, standing};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Sender, Source, Standing};
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
        findings.push(strange(report, &unknown));
    }
    Verdict::of(findings, Gaps::new())
}

fn known(facts: &Facts, report: &Aggregate, source: &Source, platform: &'static Platform) -> Finding {
    let (domain, name) = (&report.policy.domain, &platform.name);
    let vouched = source.vouched.as_deref().unwrap_or("a domain of its own");
    let remedy = Remedy::new(format!("Switch on DKIM for {domain} at {name}"));
    let mut remedy = platform::signing(remedy, platform, domain, &facts.evidence.answers);
    if let (Some(record), Some(setting)) = (platform::return_path(platform, domain), &platform.return_path_setting) {
        remedy = remedy.step(format!("A bounce domain of your own aligns SPF too ({record}): {setting}"));
    }
    let heading = title([
        format_args!("{name} sends as {domain}, vouched for only as {vouched}"),
        format_args!("{name} sends as {domain}, vouched for as itself"),
        format_args!("{name} sends in your name, vouched for as itself"),
    ]);
    Finding::new(&RULE, heading)
        .severity(severity(source))
        .sure(Confidence::Likely, "the report names the platform's own domain; whether you are its customer, you know")
        .explain(format!(
            "{} from {} fail DMARC at {}: what passes there passes for {vouched}, not for {domain}.{}{}",
            messages(source.count),
            addresses(source),
            report.reporter(),
            kept_out(source),
            not_yet(report)
        ))
        .exhibits(rows(report, source, 3, "passes, but for another domain"))
        .fix(remedy)
        .check(
            command!("postdoc check {} --platform {} --only dkim", domain, platform.id),
            "a key at one of its selectors",
        )
}

fn strange(report: &Aggregate, sources: &[&Source]) -> Finding {
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
        assert!(fix.records.iter().all(|r| r.name.ends_with("._domainkey.example.com")) && !fix.records.is_empty());
        let Record(ip, count, _, dkim, spf, s, m) = PLATFORM;
        let refused = Record(ip, count, "reject", dkim, spf, s, m);
        assert_eq!(only(judge(&of("reject", &[refused]))).severity, Severity::High);
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
