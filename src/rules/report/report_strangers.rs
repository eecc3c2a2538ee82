use super::support::{messages, open, report, rows, standing};
use crate::evidence::{Answer, Kind, answer_at};
use crate::facts::Facts;
use crate::facts::report::{Source, Standing};
use crate::facts::spf::record::Record as SpfRecord;
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Finding, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// Strangers use your domain as their sender
    ///
    /// ## What we saw
    /// A DMARC report lists mail with your domain in From that carries no proof at all, from servers without any tie to you.
    ///
    /// ## Why mail suffers
    /// Such mail is mostly forged. It does not break yours; while the policy is none, receivers may deliver it.
    ///
    /// ## How to fix it
    /// Nothing is to be set up for these servers, and they must never enter the SPF record. Once all mail of your own
    /// passes, a policy of quarantine or reject keeps the forged mail out.
    ///
    /// ## How to check
    /// The published policy says how receivers treat such mail; later reports show it as quarantined or rejected.
    pub RULE = "report-strangers", Report, Info, judge, ["RFC 9989 §5.4", "RFC 9990 §3.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let strangers: Vec<&Source> = standing(facts, &[Standing::Stranger]).filter(|s| s.open.is_none()).collect();
    let Some(first) = strangers.first() else { return Verdict::of(Vec::new(), open(facts)) };
    let domain = &report.policy.domain;
    let sum = |of: fn(&Source) -> u64| strangers.iter().fold(0_u64, |sum, s| sum.saturating_add(of(s)));
    let (count, kept_out) = (sum(|s| s.count), sum(|s| s.kept_out));
    let fate = match kept_out {
        0 => "None of it was kept out.".to_owned(),
        all if all == count => "All of it was junked or refused, as the policy asks.".to_owned(),
        some => format!("{some} of them were junked or refused."),
    };
    let servers = match strangers.iter().map(|s| s.addresses.len().max(1)).sum::<usize>() {
        1 => first.sender.to_string(),
        several => format!("{several} servers, {} the busiest", first.sender),
    };
    let mut asked = strangers.iter().flat_map(|s| &s.rows).filter_map(|&n| report.asked(report.rows.get(n)?));
    // No mail of the domain's own shows what its servers look like.
    let unseen = report.passing() == 0 && sends(facts, &report.policy.domain);
    let fix = match (report.policy.p.as_deref(), asked.any(|policy| policy == "none")) {
        _ if unseen => {
            "See whether your own servers are among them, if the domain sends mail at all; for others there is nothing to set up"
        }
        // `sp` or `np` has done so (RFC 9989 §4.7).
        _ if kept_out == count => "Nothing to set up; the policy is there for this mail",
        (Some("none"), _) => "Nothing to set up; a stricter policy, once your own mail passes, keeps it out",
        // RFC 9989 §4.7: of subdomains `sp` decides.
        (_, true) => {
            "Nothing to set up; sp=none lets it through as a subdomain of yours: a stricter sp, once your own mail passes, keeps it out"
        }
        _ => "Nothing to set up; the policy asks for it to be kept out, which each receiver decides for itself",
    };
    let because = match unseen {
        true => "no mail in the whole report passes, so that yours, if there is any, is among it",
        false => "nothing passes, and no name, SPF record or signature ties the servers to you",
    };
    let title = match unseen {
        true => failure::title([
            format_args!("{} as {domain} pass nothing: are they yours?", messages(count)),
            format_args!("Mail in your name passes nothing: is it yours?"),
        ]),
        false => failure::title([
            format_args!("{} as {domain} come from strangers", messages(count)),
            format_args!("{} in your name come from strangers", messages(count)),
            format_args!("Strangers send in your name"),
        ]),
    };
    Finding::new(&RULE, title)
        .severity(if unseen && strangers.len() == 1 { Severity::Low } else { Severity::Info })
        .sure(if unseen { Confidence::Possible } else { Confidence::Likely }, because)
        .explain(format!(
            "{servers}: {fate} If a server of yours is among them, it signs nothing and SPF does not list it."
        ))
        .exhibits(strangers.iter().take(3).flat_map(|s| rows(report, s, 1, "nothing passes")))
        .fix(Remedy::new(fix))
        .check(command!("postdoc check {} --only dmarc", domain), "the policy you mean to have")
        .into()
}

/// Does the SPF record of a domain let anybody send (RFC 7208 §10.1.2)?
fn sends(facts: &Facts, domain: &str) -> bool {
    let texts = answer_at(&facts.evidence.answers, domain, Kind::Txt).into_iter().flat_map(Answer::texts);
    let mut records = texts.filter(|t| SpfRecord::is(t)).map(|t| String::from_utf8_lossy(&t).into_owned());
    records.any(|record| record.split_whitespace().skip(1).any(|term| !term.eq_ignore_ascii_case("-all")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn forged_mail_is_a_note() {
        let found = only(judge(&of("none", &[BOTH, STRANGER])));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Info, "7 messages as example.com come from strangers")
        );
        assert!(found.fix.unwrap().records.is_empty());
        assert!(found.explanation.starts_with("198.51.100.9: None of it was kept out."), "{}", found.explanation);
    }

    #[test]
    fn a_milder_policy_for_subdomains_is_told() {
        let text = xml("reject", &[BOTH, STRANGER]).replace("</p>", "</p><sp>none</sp>");
        let fix = |text: &str| only(judge(&facts(text, Some("")))).fix.unwrap().summary;
        assert!(fix(&text).contains("each receiver decides"), "From is the domain itself");
        let below = text.replacen("<header_from>example.com", "<header_from>news.example.com", 2);
        assert!(fix(&below).contains("sp=none"), "{}", fix(&below));
    }

    #[test]
    fn where_nothing_passes_ones_own_mail_may_be_among_it() {
        let told = |zone| only(judge(&facts(&xml("reject", &[STRANGER]), Some(zone))));
        let found = told("example.com TXT \"v=spf1 ip4:192.0.2.0/24 -all\"");
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
        assert_eq!(found.title, "7 messages as example.com pass nothing: are they yours?");
        assert!(found.fix.unwrap().summary.starts_with("See whether your own servers"));
        let parked = told("example.com TXT \"v=spf1 -all\"");
        assert_eq!((parked.severity, parked.confidence), (Severity::Info, Confidence::Likely));
    }

    #[test]
    fn what_sp_keeps_out_asks_for_nothing_stricter() {
        let refused = Record("198.51.100.9", 7, "reject", "fail", "fail", "", "x.example.com none");
        let text = xml("none", &[BOTH, refused]).replace("</p>", "</p><sp>reject</sp>");
        let fix = only(judge(&facts(&text, Some("")))).fix.unwrap();
        assert_eq!(fix.summary, "Nothing to set up; the policy is there for this mail");
    }

    #[test]
    fn a_server_nobody_could_be_asked_about_is_unknown() {
        assert!(matches!(judge(&facts(&xml("none", &[STRANGER]), None)), Verdict::Unknown(_)));
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&of("none", &[BOTH, FORWARDED, PLATFORM])), Verdict::Pass));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
