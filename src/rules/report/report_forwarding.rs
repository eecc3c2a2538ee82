use super::support::{messages, reasons, report, rows, standing};
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
    let (accepted, altered): (Vec<&Source>, Vec<&Source>) = altered.into_iter().partition(|s| s.is_accepted(report));
    if !accepted.is_empty() {
        findings.push(
            Finding::new(&RULE, titled(count(&accepted), domain, "came with an ARC seal and were let in"))
                .sure(Confidence::Certain, "the receiver says so")
                .explain(format!("DMARC fails, for who handed the mail on changed it. Its ARC seal tells {} that it passed before, and the receiver goes by that.", report.reporter()))
                .exhibits(shown(&accepted, "let in by its seal"))
                .fix(Remedy::new("Nothing to do: the seal is there, and this receiver trusts it")),
        );
    }
    if !altered.is_empty() {
        findings.push(broken(report, &altered).exhibits(shown(&altered, "passes no more")));
    }
    Verdict::of(findings, Gaps::new())
}

/// Mail that passes no more where somebody handed it on.
fn broken(report: &Aggregate, altered: &[&Source]) -> Finding {
    let domain = &report.policy.domain;
    let count = altered.iter().fold(0_u64, |sum, s| sum.saturating_add(s.count));
    let kept_out = altered.iter().any(|s| s.kept_out > 0);
    let whole = whole(report);
    let rows = || altered.iter().flat_map(|s| &s.rows).filter_map(|&n| report.rows.get(n));
    let (confidence, because, own) = match rows().all(|row| is_shown(row, &whole)) {
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
    let unsigned =
        rows().filter(|row| row.unverified().is_none()).fold(0_u64, |sum, row| sum.saturating_add(row.count));
    let (what, story) = match unsigned {
        0 => ("were changed on the way and fail", "changed the message after it was signed".to_owned()),
        all if all == count => {
            ("were handed on and fail", "handed on mail that carries no signature of yours".to_owned())
        }
        some => (
            "were handed on and fail",
            format!(
                "handed it on: {some} of them without a signature of yours, the others changed after they were signed"
            ),
        ),
    };
    let fix = match unsigned == count {
        true => Remedy::new(format!(
            "Let the servers that send for {domain} sign with DKIM: SPF never passes behind a forwarder"
        )),
        false => Remedy::new(format!("{own} list or forwarder has to rewrite From, or to seal with ARC"))
            .step("Ask its operator; or let people write to lists from a domain without a strict policy"),
    };
    let fix = match confidence {
        Confidence::Possible => fix.step("If a service of yours sends there, have it sign for you after its changes"),
        _ => fix,
    };
    Finding::new(&RULE, titled(count, domain, what))
        .severity(if kept_out { Severity::Low } else { Severity::Info })
        .sure(confidence, because)
        .explain(format!(
            "A list or forwarder {story}, so neither DKIM nor SPF vouches for {domain} at {}.{}",
            report.reporter(),
            reasons(report, altered)
        ))
        .fix(fix)
        .check(command!("postdoc check {} --only dkim", domain), "your own keys without a finding")
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

    /// The last row with a reason, and a comment on it.
    fn reasoned(records: &[Record], kind: &str, comment: &str) -> Facts {
        let text = xml("reject", records);
        let at = text.rfind("</policy_evaluated>").unwrap();
        let reason = format!("<reason><type>{kind}</type><comment>{comment}</comment></reason>");
        facts(&format!("{}{reason}{}", &text[..at], &text[at..]), Some(""))
    }

    const LIST: Record =
        Record("198.51.100.3", 2, "none", "fail", "fail", "example.com s1 fail", "list.example.net pass");

    #[test]
    fn a_seal_that_is_trusted_leaves_nothing_to_do() {
        let found = only(judge(&reasoned(&[BOTH, LIST], "local_policy", "arc=pass as[1].d=example.net as[1].s=a")));
        assert_eq!(found.title, "2 messages of example.com came with an ARC seal and were let in");
        assert!(found.fix.unwrap().summary.starts_with("Nothing to do"));
        let unsealed = only(judge(&reasoned(&[BOTH, LIST], "local_policy", "arc=fail")));
        assert!(unsealed.title.ends_with("changed on the way and fail"), "{}", unsealed.title);
    }

    #[test]
    fn the_receivers_reason_is_told_and_no_signature_is_made_up() {
        let signed = only(judge(&reasoned(&[BOTH, LIST], "mailing_list", "")));
        assert!(signed.explanation.ends_with("a mailing list (mailing_list)."), "{}", signed.explanation);
        let plain = Record("198.51.100.3", 2, "none", "fail", "fail", "", "example.com softfail");
        let found = only(judge(&reasoned(&[BOTH, plain], "trusted_forwarder", "")));
        assert_eq!(found.title, "2 messages of example.com were handed on and fail");
        assert!(found.explanation.contains("carries no signature of yours"), "{}", found.explanation);
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&of("none", &[BOTH, STRANGER])), Verdict::Pass));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
