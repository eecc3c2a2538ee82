use super::support::{addresses, kept_out, messages, not_yet, open, report, rows, severity, standing, who};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Sender, Source, Standing};
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Finding, Severity, Verdict, rule};
use crate::shell::command;
use std::net::IpAddr;

rule! {
    /// A server that looks like yours is not listed, or fails altogether
    ///
    /// ## What we saw
    /// A DMARC report lists mail from an address that carries your domain's name, or that SPF lists for your domain, or
    /// that has your signature on it. SPF does not pass there, and often DKIM does not either.
    ///
    /// ## Why mail suffers
    /// Where neither passes, the mail fails DMARC and is junked or refused under a strict policy. Where only DKIM passes,
    /// one change on the way is enough to break it.
    ///
    /// ## How to fix it
    /// Decide whether the server still sends for you. If it does: add its address to the SPF record and let it sign with
    /// DKIM. If not: switch it off, and leave SPF as it is.
    ///
    /// ## How to check
    /// SPF must pass for the address, and a report of a later day must show it passing.
    pub RULE = "report-sender-failing", Report, Medium, judge, ["RFC 9990 §3.1", "RFC 7208 §2.6", "RFC 9989 §5.3"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let sources = standing(facts, &[Standing::Failing, Standing::Unlisted]);
    Verdict::of(sources.map(|source| find(report, source)).collect(), open(facts))
}

fn find(report: &Aggregate, source: &Source) -> Finding {
    let domain = &report.policy.domain;
    let fails = source.standing == Standing::Failing;
    let (title, severity, what) = match fails {
        true => (
            titled(
                format!("Mail as {domain} from {} passes nothing", who(source)),
                "A server that looks like yours passes nothing",
            ),
            severity(source),
            "fail DMARC",
        ),
        false => {
            let title = titled(
                format!("{} sends as {domain}, and SPF does not list it", who(source)),
                "A server that looks like yours is not listed by SPF",
            );
            (title, Severity::Low, "pass DMARC by their signature alone")
        }
    };
    let because = match &source.sender {
        Sender::Platform(_) => "the signature is that of a platform; it may also have been forwarded",
        Sender::Host(_) => "the address has a name of your domain that leads back to it",
        _ => "SPF lists the address for your domain, or the mail carries your signature",
    };
    let terms: Vec<String> = source.addresses.iter().take(4).map(|(ip, _)| term(*ip)).collect();
    let mut fix =
        Remedy::new(format!("If it sends for {domain}, list it in SPF and let it sign; if not, switch it off"));
    fix = match &source.sender {
        Sender::Platform(platform) if !platform.spf.is_empty() => {
            fix.step(format!("In the SPF record of the bounce domain, before `all`: {}", platform.spf.join(" ")))
        }
        _ => fix.step(format!("In the SPF record of {domain}, before `all`: {}", terms.join(" "))),
    };
    if fails {
        fix = fix.step(format!(
            "Let the server sign with DKIM as {domain}; a failing signature of its own shows a wrong or missing key"
        ));
    }
    let ip = source.addresses.first().map_or("ADDRESS".to_owned(), |(ip, _)| ip.to_string());
    let wait = if fails { not_yet(report) } else { "" };
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Likely, because)
        .explain(format!(
            "{} from {} {what} at {}.{}{wait}",
            messages(source.count),
            addresses(source),
            report.reporter(),
            kept_out(source)
        ))
        .exhibits(rows(report, source, 3, if fails { "neither passes" } else { "SPF does not pass" }))
        .fix(fix)
        .check(command!("postdoc spf {} --ip {}", domain, ip), "pass")
}

/// The one with names, where it is not too long.
fn titled(named: String, plain: &str) -> String {
    failure::title([named, plain.to_owned(), plain.to_owned()])
}

/// How SPF lists an address (RFC 7208 §5.6).
fn term(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => format!("ip4:{v4}"),
        IpAddr::V6(v6) => format!("ip6:{v6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const NAMED: &str = "9.100.51.198.in-addr.arpa PTR old.example.com\nold.example.com A 198.51.100.9";

    #[test]
    fn a_server_of_the_domains_name_that_passes_nothing() {
        let found = only(judge(&facts(&xml("none", &[BOTH, STRANGER]), Some(NAMED))));
        assert_eq!(found.title, "Mail as example.com from 198.51.100.9 (example.com) passes nothing");
        assert_eq!(found.severity, Severity::Medium);
        assert!(found.fix.unwrap().steps[0].ends_with("ip4:198.51.100.9"));
        assert_eq!(found.check.unwrap().command, "postdoc spf example.com --ip 198.51.100.9");
    }

    #[test]
    fn one_that_only_signs_is_a_warning() {
        let signed = Record("198.51.100.9", 5, "none", "pass", "fail", "example.com s1 pass", "example.com softfail");
        let found = only(judge(&facts(&xml("none", &[signed]), Some(NAMED))));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Low, "A server that looks like yours is not listed by SPF")
        );
    }

    #[test]
    fn strangers_are_not_ours_and_unanswered_ones_unknown() {
        assert!(matches!(judge(&of("none", &[BOTH, STRANGER])), Verdict::Pass));
        let silent = facts(&xml("none", &[STRANGER]), Some("9.100.51.198.in-addr.arpa TIMEOUT"));
        assert!(
            matches!(judge(&silent), Verdict::Unknown(gaps) if gaps[0].question == "Is 198.51.100.9 a server of yours?")
        );
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
