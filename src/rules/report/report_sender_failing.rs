use super::support::{
    addresses, busiest, kept_out, messages, not_yet, open, reasons, report, rows, severity, signing, standing, who,
};
use super::undecided;
use crate::facts::Facts;
use crate::facts::report::aggregate::Path;
use crate::facts::report::{Aggregate, Row, Sender, Source, Standing, Tie};
use crate::facts::spf::SpfResult;
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
    /// that has your signature on it. SPF does not pass there, and often DKIM does not either; or the receiver's look-ups
    /// of both came to nothing. Or SPF of your domain came to no verdict, while the signature passes.
    ///
    /// ## Why mail suffers
    /// Where neither passes, the mail fails DMARC and is junked or refused under a strict policy. Where only DKIM passes,
    /// one change on the way is enough to break it.
    ///
    /// ## How to fix it
    /// Decide whether the server still sends for you. If it does: let the SPF record of its MAIL FROM domain list it, a
    /// service by the term it documents and never by one shared address, and let it sign with DKIM. If not: switch it
    /// off, and leave SPF as it is. Where look-ups failed, mend the name servers first.
    ///
    /// ## How to check
    /// SPF must pass for the address, and a report of a later day must show it passing.
    pub RULE = "report-sender-failing", Report, Medium, judge, ["RFC 9990 §3.1", "RFC 7208 §2.6", "RFC 9989 §5.3"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let sources = standing(facts, &[Standing::Failing, Standing::Unlisted]).map(|source| find(facts, report, source));
    let undecided = standing(facts, &[Standing::NoVerdict]).filter_map(|source| undecided::passing(report, source));
    let mute = undecided::mute(facts, report);
    Verdict::of(sources.chain(undecided).chain(mute).collect(), open(facts))
}

fn find(facts: &Facts, report: &Aggregate, source: &Source) -> Finding {
    let domain = &report.policy.domain;
    let row = busiest(report, source);
    let path = row.and_then(Row::path);
    let fails = source.standing == Standing::Failing;
    let silent = fails && row.is_some_and(unanswered);
    let named = who(source);
    let ([long, short], severity, what) = match (fails, silent) {
        (_, true) => (
            [
                format!("Look-ups for mail as {domain} from {named} failed"),
                "Look-ups for mail of yours failed".to_owned(),
            ],
            severity(source),
            "fail DMARC because DNS look-ups failed (temperror)",
        ),
        (true, false) if source.tie == Some(Tie::Gateway) => (
            [
                format!("Is {named} your gateway? Nothing passes there"),
                "A mail gateway, maybe yours, passes nothing".to_owned(),
            ],
            Severity::Low,
            "fail DMARC",
        ),
        (true, false) => (
            [
                format!("Mail as {domain} from {named} passes nothing"),
                "A server that looks like yours passes nothing".to_owned(),
            ],
            severity(source),
            "fail DMARC",
        ),
        (false, _) => (
            [
                format!("{named} sends as {domain}, and SPF does not list it"),
                "A server that looks like yours is not listed by SPF".to_owned(),
            ],
            Severity::Low,
            "pass DMARC by their signature alone",
        ),
    };
    let (confidence, because) = match (&source.sender, source.tie) {
        (Sender::Platform(_), _) => {
            (Confidence::Likely, "the signature is that of a platform; it may also have been forwarded")
        }
        (_, Some(Tie::Name)) => (Confidence::Likely, "the address has a name of your domain that leads back to it"),
        (_, Some(Tie::Gateway)) => (
            Confidence::Possible,
            "a mail gateway sends for its customers: for you, or for one whom you wrote to and who has mail forwarded",
        ),
        (_, Some(Tie::Listed)) => (Confidence::Likely, "SPF lists the address for your domain"),
        (_, None) if !fails => {
            (Confidence::Possible, "more comes from it than from all servers that SPF lists; a forwarder hands on less")
        }
        _ => (
            Confidence::Possible,
            "the mail carries a signature of your domain, which fails: it does so too where a forwarder changed the mail",
        ),
    };
    let fix = match silent {
        true => Remedy::new("Nothing to list or to sign anew: see whether the name servers answer at all times")
            .step("Where they do, it was the receiver's resolver; look whether reports of other days say the same"),
        false => {
            let fix = Remedy::new(match (fails, source.tie) {
                (false, None) => {
                    format!("If it sends for {domain}, let SPF list it; if it only forwards, leave SPF as it is")
                }
                (false, _) => format!("If it sends for {domain}, let SPF list it; if not, switch it off"),
                (true, Some(Tie::Gateway)) => {
                    format!(
                        "If it is the gateway of {domain}, let SPF list it and let it sign; if not, leave all as it is"
                    )
                }
                (true, _) if source.today == Some(SpfResult::Pass) => {
                    format!("If it sends for {domain}, let it sign; if not, switch it off, and take it out of SPF")
                }
                (true, _) => {
                    format!("If it sends for {domain}, let SPF list it and let it sign; if not, switch it off")
                }
            });
            let spf = path.and_then(|path| spf_step(report, source, path));
            fix.steps(spf.into_iter().chain(fails.then(|| signing(facts, report, row))))
        }
    };
    let wait = if fails { not_yet(report) } else { "" };
    let finding = Finding::new(&RULE, failure::title([format_args!("{long}"), format_args!("{short}")]))
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "{} from {} {what} at {}.{}{}{wait}",
            messages(source.count),
            addresses(source),
            report.reporter(),
            kept_out(source),
            reasons(report, &[source])
        ))
        .exhibits(rows(report, source, 3, if fails { "neither passes" } else { "SPF does not pass" }))
        .fix(fix);
    match (path, source.addresses.first()) {
        _ if silent => {
            finding.check(command!("postdoc check {} --only ns,spf,dkim", domain), "every question answered")
        }
        (Some(path), Some((ip, _))) if path.ours && source.today != Some(SpfResult::Pass) => {
            finding.check(command!("postdoc spf {} --ip {}", path.domain, ip), "pass")
        }
        _ => finding.check(command!("postdoc check {} --only dkim", domain), "a key of the server's"),
    }
}

/// All that could have vouched for the domain came to nothing for want of an answer.
fn unanswered(row: &Row) -> bool {
    let spf = row.path().is_some_and(|p| p.ours && p.result == "temperror");
    let mut own = row.signatures.iter().filter(|s| s.ours && !matches!(s.result.as_str(), "" | "none"));
    spf && own.all(|s| s.result == "temperror")
}

/// What SPF needs: it is asked of MAIL FROM, whatever From says (RFC 7208 §2.4).
fn spf_step(report: &Aggregate, source: &Source, path: &Path) -> Option<String> {
    let (domain, at) = (&report.policy.domain, &path.domain);
    if let Sender::Platform(platform) = &source.sender {
        let terms = platform.spf.join(" ");
        return (!terms.is_empty()).then(|| format!("In the SPF record of the bounce domain, before `all`: {terms}"));
    }
    if !path.ours {
        return Some(match at.as_str() {
            "" => format!("Let it use a MAIL FROM in {domain}, and the SPF record there list it"),
            at => {
                format!("SPF was asked of {at}: let it use a MAIL FROM in {domain}, and the SPF record there list it")
            }
        });
    }
    if source.today == Some(SpfResult::Pass) {
        return Some(match path.result.as_str() {
            "permerror" => format!(
                "SPF of {at} passes for the address today, and was broken then (permerror): look for a second record, and for a term behind this address that cannot be read or asked"
            ),
            _ => format!("SPF of {at} passes for the address today: nothing to add there"),
        });
    }
    let shared = matches!(source.tie, Some(Tie::Signature | Tie::Gateway)) && matches!(source.sender, Sender::Host(_));
    let terms = match source.run_by {
        Some(platform) if !platform.spf.is_empty() => {
            format!(
                "{} (the addresses of {} are shared: never one of them alone)",
                platform.spf.join(" "),
                platform.name
            )
        }
        _ if shared => format!("the term that {} documents for its customers, never the address alone", source.sender),
        _ => source.addresses.iter().take(4).map(|(ip, _)| term(*ip)).collect::<Vec<_>>().join(" "),
    };
    Some(match (path.result.as_str(), source.today) {
        ("permerror", _) | (_, Some(SpfResult::PermError)) => {
            format!("Mend the SPF record of {at} (permerror), and see that it lists it: {terms}")
        }
        (_, Some(SpfResult::None)) => format!("Publish an SPF record at {at}, which has none, with: {terms}"),
        _ => format!("In the SPF record of {at}, before `all`: {terms}"),
    })
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
    fn the_record_is_that_of_mail_from() {
        let shop = Record("192.0.2.1", 8, "none", "fail", "fail", "", "shop.example.com none");
        let zone = "example.com TXT \"v=spf1 ip4:192.0.2.0/24 -all\"";
        let found = only(judge(&facts(&xml("none", &[BOTH, shop]), Some(zone))));
        assert_eq!(found.because, "SPF lists the address for your domain");
        assert_eq!(
            found.fix.unwrap().steps,
            [
                "Publish an SPF record at shop.example.com, which has none, with: ip4:192.0.2.1",
                "Let the server sign with DKIM as example.com"
            ]
        );
        assert_eq!(found.check.unwrap().command, "postdoc spf shop.example.com --ip 192.0.2.1");
    }

    #[test]
    fn failed_look_ups_call_for_no_record() {
        let zone = "example.com TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\ns9._domainkey.example.com TXT \"v=DKIM1; p=MII\"";
        let silent =
            Record("192.0.2.1", 8, "none", "fail", "fail", "example.com s1 temperror", "example.com temperror");
        let found = only(judge(&facts(&xml("none", &[silent]), Some(zone))));
        assert_eq!(found.title, "Look-ups for mail as example.com from 192.0.2.1 failed");
        assert!(found.fix.unwrap().summary.starts_with("Nothing to list"));
        let broken =
            Record("192.0.2.1", 8, "none", "fail", "fail", "example.com s9 permerror", "example.com permerror");
        let steps = only(judge(&facts(&xml("none", &[broken]), Some(zone)))).fix.unwrap().steps;
        assert!(steps[0].contains("was broken then (permerror)"), "{}", steps[0]);
        let failed = Record("192.0.2.1", 8, "none", "fail", "fail", "", "example.com fail");
        let fix = only(judge(&facts(&xml("none", &[failed]), Some(zone)))).fix.unwrap();
        assert!(fix.summary.contains("let it sign") && !fix.summary.contains("let SPF list"), "{}", fix.summary);
        assert_eq!(fix.steps[0], "SPF of example.com passes for the address today: nothing to add there");
        assert!(steps[1].contains("a whole key stands at s9._domainkey.example.com"), "{}", steps[1]);
    }

    #[test]
    fn a_shared_address_is_never_listed() {
        let shared = Record("40.107.1.10", 6, "none", "fail", "fail", "example.com s1 fail", "example.com fail");
        let run = |name: &str| format!("10.1.107.40.in-addr.arpa PTR {name}\n{name} A 40.107.1.10");
        let found = |name: &str| only(judge(&facts(&xml("none", &[shared]), Some(&run(name)))));
        let outlook = found("mail-db5.outbound.protection.outlook.com");
        assert_eq!(outlook.confidence, Confidence::Possible);
        let step = &outlook.fix.unwrap().steps[0];
        assert!(step.contains("include:spf.protection.outlook.com") && !step.contains("ip4:"), "{step}");
        let step = &found("out.host.example").fix.unwrap().steps[0];
        assert!(step.contains("that host.example documents") && !step.contains("ip4:"), "{step}");
    }

    #[test]
    fn a_gateway_is_asked_about() {
        let from = Record("91.220.42.10", 40, "none", "fail", "fail", "", "example.com softfail");
        let named = "10.42.220.91.in-addr.arpa PTR eu-smtp-delivery-10.mimecast.com\neu-smtp-delivery-10.mimecast.com A 91.220.42.10";
        let found = only(judge(&facts(&xml("none", &[BOTH, from]), Some(named))));
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
        assert!(found.title.starts_with("Is 91.220.42.10 (mimecast.com) your gateway?"), "{}", found.title);
        let step = &found.fix.unwrap().steps[0];
        assert!(step.contains("that mimecast.com documents") && !step.contains("ip4:"), "{step}");
    }

    #[test]
    fn spf_that_says_nothing_is_mended_before_strangers_are_named() {
        let from = |result| Record("198.51.100.9", 100, "none", "fail", "fail", "", result);
        let found = only(judge(&of("none", &[from("example.com permerror")])));
        assert_eq!(
            (found.severity, &found.title[..]),
            (Severity::Medium, "SPF of example.com is broken, says the receiver (permerror)")
        );
        assert!(found.explanation.contains("pass nothing"), "{}", found.explanation);
        let told = |zone| judge(&facts(&xml("none", &[from("example.com none")]), Some(zone)));
        let fix = only(told("example.com MX 10 mx.example.com")).fix.unwrap();
        assert!(fix.steps.iter().any(|s| s.ends_with("v=spf1 -all")), "{fix:?}");
        assert!(matches!(told("example.com MX 0 ."), Verdict::Pass), "a parked domain");
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
    fn spf_without_a_verdict_is_no_forwarder() {
        let from = |result: &'static str, count| {
            Record("203.0.113.9", count, "none", "pass", "fail", "example.com s1 pass", result)
        };
        for (result, title, fix) in [
            (
                "example.com permerror",
                "SPF of example.com is broken, says the receiver (permerror)",
                "Mend the SPF record",
            ),
            (
                "example.com none",
                "example.com has no SPF record, says the receiver",
                "Publish an SPF record at example.com that",
            ),
            ("example.com temperror", "SPF of example.com could not be looked up (temperror)", "Nothing to list"),
        ] {
            let found = only(judge(&of("none", &[BOTH, from(result, 40)])));
            assert_eq!(found.title, title);
            assert!(found.fix.unwrap().summary.starts_with(fix), "{result}");
        }
        // Nor is it the server that is to blame where SPF lists it.
        let listed = Record("192.0.2.1", 40, "none", "pass", "fail", "example.com s1 pass", "example.com permerror");
        let found = only(judge(&of("none", &[BOTH, listed])));
        assert!(found.explanation.contains("passed at other times"), "{}", found.explanation);
        let helo = xml("none", &[BOTH, from("mail.example.com none", 4)])
            .replace("<scope>mfrom</scope><result>none", "<scope>helo</scope><result>none");
        assert!(only(judge(&facts(&helo, None))).fix.unwrap().summary.ends_with("v=spf1 a -all"));
        // `?all` lists nobody and forbids nobody: a forwarder looks like that.
        assert!(matches!(judge(&of("none", &[BOTH, from("example.com neutral", 40)])), Verdict::Pass));
    }

    #[test]
    fn what_sends_more_than_all_that_are_listed_hardly_forwards() {
        let busy = Record("203.0.113.77", 4000, "none", "pass", "fail", "example.com s1 pass", "example.com softfail");
        let found = only(judge(&of("none", &[BOTH, busy])));
        assert_eq!(
            (found.confidence, &found.title[..]),
            (Confidence::Possible, "203.0.113.77 sends as example.com, and SPF does not list it")
        );
        assert!(found.fix.unwrap().summary.ends_with("if it only forwards, leave SPF as it is"));
    }

    #[test]
    fn strangers_are_not_ours_and_unanswered_ones_unknown() {
        assert!(matches!(judge(&of("none", &[BOTH, STRANGER])), Verdict::Pass));
        let silent = facts(&xml("none", &[STRANGER]), Some("9.100.51.198.in-addr.arpa TIMEOUT"));
        assert!(
            matches!(judge(&silent), Verdict::Unknown(gaps) if gaps[0].question() == "Is 198.51.100.9 a server of yours?")
        );
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
