use super::support::{messages, report, rows, standing};
use crate::facts::Facts;
use crate::facts::report::aggregate::Signature;
use crate::facts::report::{Aggregate, Row, Source, Standing};
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Finding, Gaps, Severity, Verdict, rule};
use crate::shell::command;
use std::collections::HashSet;

rule! {
    /// Mail of yours was forwarded or went through a list
    ///
    /// ## What we saw
    /// A DMARC report lists mail with your signature that came from servers SPF does not list: somebody forwards it. Where
    /// the signature is broken as well, a mailing list or a forwarder changed the message.
    ///
    /// ## Why mail suffers
    /// Forwarding always breaks SPF. Your signature carries the mail as long as nobody changes it; changed mail fails, and
    /// a strict policy has it refused.
    ///
    /// ## How to fix it
    /// Nothing, where the signature survives: never add forwarders to SPF. Where lists break it, the list has to rewrite
    /// From or seal with ARC; keep people who write to lists on a domain without a strict policy.
    ///
    /// ## How to check
    /// Reports of later days show the same few messages from ever new servers, and your own servers passing both.
    pub RULE = "report-forwarding", Report, Info, judge, ["RFC 7960 §2", "RFC 9989 §7.4", "RFC 8617"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let domain = &report.policy.domain;
    let sources = |of: &'static [Standing]| standing(facts, of).collect::<Vec<&Source>>();
    let count = |of: &[&Source]| of.iter().fold(0_u64, |sum, s| sum.saturating_add(s.count));
    let shown = |of: &[&Source], label: &'static str| {
        of.iter().take(3).flat_map(|s| rows(report, s, 1, label)).collect::<Vec<_>>()
    };
    let mut findings = Vec::new();
    let (forwarded, altered) = (sources(&[Standing::Forwarded]), sources(&[Standing::Altered]));
    if !forwarded.is_empty() {
        findings.push(
            Finding::new(&RULE, titled(count(&forwarded), domain, "came through forwarders and pass"))
                .sure(Confidence::Likely, "the signature passes from servers that SPF does not list; a server of yours that SPF lacks would look the same")
                .explain(format!("Your signature holds, so DMARC passes at {}. SPF cannot pass behind a forwarder, and need not.", report.reporter()))
                .exhibits(shown(&forwarded, "DKIM carries it"))
                .fix(Remedy::new("Nothing to do, unless one of these servers is yours: then list it in SPF")),
        );
    }
    if !altered.is_empty() {
        let kept_out = altered.iter().any(|s| s.kept_out > 0);
        let whole = whole(report);
        let mut rows = altered.iter().flat_map(|s| &s.rows).filter_map(|&n| report.rows.get(n));
        let (confidence, because, own) = match rows.all(|row| is_shown(row, &whole)) {
            true => (
                Confidence::Likely,
                "the same signature passes elsewhere, or the receiver calls the source a list or forwarder",
                "Nothing at your servers breaks it: the",
            ),
            false => (
                Confidence::Possible,
                "your signature fails there, and SPF passes for somebody else; a service of yours that changes mail looks the same",
                "If no server or service of yours sends there, the",
            ),
        };
        let fix = Remedy::new(format!("{own} list or forwarder has to rewrite From, or to seal with ARC"))
            .step("Ask its operator; or let people write to lists from a domain without a strict policy");
        let fix = match confidence {
            Confidence::Possible => {
                fix.step("If a service of yours sends there, have it sign for you after its changes")
            }
            _ => fix,
        };
        findings.push(
            Finding::new(&RULE, titled(count(&altered), domain, "were changed on the way and fail"))
                .severity(if kept_out { Severity::Low } else { Severity::Info })
                .sure(confidence, because)
                .explain(format!("A list or forwarder changed the message after it was signed, so neither DKIM nor SPF vouches for {domain} at {}.", report.reporter()))
                .exhibits(shown(&altered, "the signature broke on the way"))
                .fix(fix)
                .check(command!("postdoc check {} --only dkim", domain), "your own keys without a finding"),
        );
    }
    Verdict::of(findings, Gaps::new())
}

/// Domain and selector of a signature.
type Signed<'r> = (&'r str, Option<&'r str>);

fn signed(signature: &Signature) -> Signed<'_> {
    (&signature.domain, signature.selector.as_deref())
}

/// Signatures that pass somewhere in the report.
fn whole(report: &Aggregate) -> HashSet<Signed<'_>> {
    report.rows.iter().flat_map(|row| &row.signatures).filter(|s| s.result == "pass").map(signed).collect()
}

/// Does the report show that it was a list or a forwarder: by the receiver's word, or by the same signature, whole elsewhere?
fn is_shown(row: &Row, whole: &HashSet<Signed>) -> bool {
    row.is_relayed() || row.signatures.iter().any(|s| s.ours && whole.contains(&signed(s)))
}

fn titled(count: u64, domain: &str, what: &str) -> String {
    failure::title([
        format_args!("{} of {domain} {what}", messages(count)),
        format_args!("{} of yours {what}", messages(count)),
        format_args!("Mail of yours: some {what}"),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_forwarder_is_a_note_and_no_fault() {
        let found = only(judge(&of("none", &[BOTH, FORWARDED])));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Info, "5 messages of example.com came through forwarders and pass")
        );
    }

    #[test]
    fn a_list_that_breaks_the_signature_is_told_apart() {
        let list = Record("198.51.100.3", 2, "reject", "fail", "fail", "example.com s1 fail", "list.example.net pass");
        let found = only(judge(&of("reject", &[BOTH, list])));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::Low, "2 messages of example.com were changed on the way and fail")
        );
    }

    #[test]
    fn a_service_of_ones_own_may_change_mail_too() {
        let tenant =
            Record("40.107.20.50", 6, "reject", "fail", "fail", "example.com s1 fail", "contoso.example.net pass");
        let found = only(judge(&of("reject", &[tenant])));
        assert_eq!(found.confidence, Confidence::Possible);
        assert!(found.fix.unwrap().summary.starts_with("If no server or service of yours"));
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&of("none", &[BOTH, STRANGER])), Verdict::Pass));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
