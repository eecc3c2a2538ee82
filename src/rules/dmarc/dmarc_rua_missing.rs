use super::{failure, seen};
use crate::facts::Facts;
use crate::facts::dmarc::uri;
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::spf::spf_allows_nobody::sends_nothing;
use crate::rules::{Confidence, Finding, Severity, Verdict, rule};

rule! {
    /// The DMARC record asks for no reports
    ///
    /// ## What we saw
    /// The record has a policy but no usable rua address, so no receiver sends reports.
    ///
    /// ## Why mail suffers
    /// Without reports nobody sees which servers send in your name and which of your own mail fails.
    /// Making the policy stricter is then a blind step.
    ///
    /// ## How to fix it
    /// Create a mailbox for the daily reports and name it in rua. Or use a service that reads them for you.
    ///
    /// ## How to check
    /// Look the record up. Within a day or two the first reports arrive.
    pub RULE = "dmarc-rua-missing", Dmarc, Low, judge, ["RFC 9989 §4.7", "RFC 9990"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    if !seen.record.counts() {
        return Verdict::NotApplicable;
    }
    // The one scheme that reporters are bound to know (RFC 9989 §4.6).
    if seen.record.reports_to().any(uri::starts_with_mailto) {
        return Verdict::Pass;
    }
    let domain = seen.domain();
    let mailbox = super::mailbox(facts, &domain);
    let mut edit = Edit::of(&seen.record.text);
    let others: Vec<&str> = seen.record.reports_to().collect();
    if others.is_empty() && edit.get("rua").is_some() {
        // A stray address: `dmarc-record-malformed` puts it to use, and there is nothing to add.
        return Verdict::Pass;
    }
    let mailed = format!("mailto:{mailbox}");
    edit.set("rua", &others.iter().copied().chain([mailed.as_str()]).collect::<Vec<_>>().join(","));
    let remedy = Remedy::new("Name an address for reports in rua").step(super::mailbox_first(&domain, &mailbox));
    let finding = Finding::new(
        &RULE,
        failure::title([
            format_args!("{} asks for no reports", seen.called()),
            format_args!("The DMARC record asks for no reports"),
        ]),
    )
    // Of a name that sends nothing they would tell of forgeries alone.
    .severity(if sends_nothing(facts) { Severity::Info } else { RULE.severity })
    .sure(Confidence::Certain, "the text itself shows it")
    .explain(format!(
        "{} names no address in rua that reports can go to{}, so nobody sees who sends in its name.",
        seen.called(),
        if others.is_empty() { "" } else { ": they come by mail, to mailto: addresses" }
    ))
    .exhibit(seen.show_tag("rua", "no address for reports"))
    .fix(seen.publish(remedy, &edit.text(), &[]));
    seen.check(finding, "rua=mailto: with your address").into()
}

/// No record of the sender's own: unknown while the walk is open.
pub(super) fn not_seen(facts: &Facts) -> Verdict {
    match facts.dmarc.steps.iter().find(|step| !step.answered()) {
        Some(step) if facts.dmarc.governs.is_none() => Verdict::unknown(seen::unread(step)),
        _ => Verdict::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::facts::mail_hosts::{MailHosts, Reception};

    #[test]
    fn no_address() {
        let facts = Case::from("news.example.com")
            .txt("_dmarc.example.com", &["v=DMARC1; p=reject; x=y"])
            .nothing_else()
            .facts();
        let finding = only(judge(&facts));
        let fix = finding.fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=reject; x=y; rua=mailto:dmarc@example.com"]);
        assert!(fix.steps[0].contains("dmarc@example.com"));
    }

    #[test]
    fn reports_go_where_mail_is_taken() {
        let mut facts = Case::domain("example.com").zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"").facts();
        facts.mail_hosts = vec![MailHosts { domain: "example.com".into(), reception: Reception::Null }];
        let fix = only(judge(&facts)).fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=reject; rua=mailto:<mailbox for the reports>"]);
        assert_eq!(fix.blanks, ["mailbox for the reports"]);
    }

    #[test]
    fn a_stray_address_is_put_to_use_by_the_rule_on_mistakes() {
        let stray = Case::pasted(None, &["v=DMARC1; p=none; mailto:a@example.com"]);
        assert!(matches!(judge(&stray.facts()), Verdict::Pass));
    }

    #[test]
    fn pass_unknown_not_applicable() {
        let good = "v=DMARC1; p=none; rua=mailto:a@example.com";
        assert!(matches!(judge(&Case::pasted(None, &[good]).facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &["p=none"]).facts()), Verdict::NotApplicable));
        // The record of a public suffix, or of a mailbox provider, is not the sender's to change.
        let suffix = Case::from("example.com").txt("_dmarc.com", &["v=DMARC1; p=none; psd=y"]).nothing_else();
        assert!(matches!(judge(&suffix.facts()), Verdict::NotApplicable));
        let free = Case::from("gmail.com").txt("_dmarc.gmail.com", &["v=DMARC1; p=none"]).nothing_else();
        assert!(matches!(judge(&free.facts()), Verdict::NotApplicable));
    }

    #[test]
    fn reports_come_by_mail_only() {
        let https = "v=DMARC1; p=none; rua=https://example.com/r";
        let finding = only(judge(&Case::pasted(Some("_dmarc.example.com"), &[https]).facts()));
        let after = texts(&finding.fix.unwrap().records[0].after);
        assert_eq!(after, ["v=DMARC1; p=none; rua=https://example.com/r,mailto:dmarc@example.com"]);
        let both = format!("{https},mailto:a@example.com");
        assert!(matches!(judge(&Case::pasted(None, &[&both]).facts()), Verdict::Pass));
    }
}
