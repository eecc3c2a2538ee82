use super::support::{
    Owner, bounce_alias, gap, identity_exhibit, mail_from_aligned, mail_from_owned, outcome_words, owner,
    record_exhibit, reported, reported_exhibit, short, spf_domain, txt, unread, weighed,
};
use crate::facts::Facts;
use crate::facts::spf::record::Record;
use crate::facts::spf::{Published, SpfResult, Whose};
use crate::remedy::{self, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, aligned, rule};
use crate::span::Span;

rule! {
    /// The SPF record stands at a domain that SPF does not check
    ///
    /// ## What we saw
    /// The SPF record of the From domain allows the sending server, but the Return-Path is at another name. SPF checks
    /// the Return-Path, so that record was never looked at.
    ///
    /// ## Why mail suffers
    /// The work was done in the wrong place: SPF passes or fails for the other name only, and adding more to the record
    /// of the From domain changes nothing.
    ///
    /// ## How to fix it
    /// If the Return-Path name is yours, publish the SPF record there. If it belongs to a sending service, set up a
    /// bounce domain of your own at that service, or rely on DKIM with your own domain. Where the alias that a service takes
    /// bounces by is gone, put it back.
    ///
    /// ## How to check
    /// A new message shows `spf=pass` with `smtp.mailfrom` at a name under the From domain.
    pub RULE = "spf-wrong-domain", Spf, High, judge,
    ["RFC 7208 §2.4", "RFC 9989 §5.3"]
}

fn judge(facts: &Facts) -> Verdict {
    let (Some((domain, false)), Some(from)) = (spf_domain(facts), facts.reading.from_domain()) else {
        return Verdict::NotApplicable;
    };
    if domain == from {
        return Verdict::NotApplicable;
    }
    let passed = match reported(facts) {
        Some(word) => Some(word == "pass"),
        None => facts.spf.as_ref().and_then(|c| c.result).map(|r| r == SpfResult::Pass),
    };
    let ours = mail_from_aligned(facts) == Some(true);
    let own_record = facts.spf_published.iter().any(|p| p.whose == Whose::MailFrom && !p.records.is_empty());
    // An aligned pass is all one can want; a record of the name's own is judged by itself.
    if ours && (passed == Some(true) || own_record) {
        return Verdict::Pass;
    }
    let at = facts.spf_published.iter().find(|p| p.whose == Whose::From);
    let Some(at) = at.filter(|at| at.outcome.is_some_and(|o| !o.failed())) else {
        return Verdict::unknown(unread(&from.into()));
    };
    let (Some(check), 1) = (&at.check, at.records.len()) else { return Verdict::Pass };
    match check.result {
        Some(SpfResult::Pass) if ours && passed.is_none() => {
            Verdict::unknown(gap(format!("Does SPF pass for {domain}?"), domain))
        }
        Some(SpfResult::Pass) => found(facts, domain, from, at).into(),
        Some(_) => Verdict::Pass,
        None => {
            let question = format!("Does the SPF record of {from} allow the sending server?");
            let gaps: Gaps = check.missing.first().map(|q| Gap::dns(question, q)).into_iter().collect();
            Verdict::of(vec![], gaps)
        }
    }
}

fn found(facts: &Facts, domain: &str, from: &str, at: &Published) -> Finding {
    let ours = mail_from_aligned(facts) == Some(true);
    let record = at.records.first().map(|r| r.text.as_str()).unwrap_or_default();
    let term = at.check.as_ref().and_then(|c| c.matched.as_deref());
    let span = term.and_then(|t| record.find(t).map(|n| Span::new(n, n + t.len())));
    let mut text = format!(
        "The SPF record of {from} allows the sending server, but the Return-Path is at {domain}, and SPF checks only that \
         name. The record of {from} was not looked at."
    );
    if let Some(dkim) = aligned::dkim(facts) {
        text.push_str(&format!(" DKIM passes for {}, so DMARC passes without SPF.", dkim.domain));
    }
    let published = facts.spf_published.iter().find(|p| p.whose == Whose::MailFrom);
    let nothing = published.filter(|p| p.records.is_empty()).and_then(|p| p.outcome).filter(|o| !o.failed());
    let missing = nothing.map(|o| Exhibit::dns(&txt(domain), outcome_words(o), None, "what DNS says where SPF looks"));
    let leads_to: &[&str] = match (ours, aligned::dkim(facts).is_some()) {
        (true, true) => &["spf-missing"],
        (true, false) => &["spf-missing", "dmarc-unaligned"],
        (false, _) => &["return-path-foreign-domain"],
    };
    let alias = bounce_alias(facts, domain);
    let leads_to = leads_to.iter().copied().chain(alias.as_ref().map(|_| "return-path-unusable")).collect::<Vec<_>>();
    // By whatever rules: the receiver took it for the sender's.
    let passed = facts.reading.reported.dmarc.as_ref().is_some_and(|dmarc| dmarc.result == "pass");
    let usual = if passed { Severity::Low } else { Severity::High };
    // A record of the name's own stays: its other mail needs it.
    let bare = published.is_none_or(|p| p.records.is_empty());
    Finding::new(&RULE, format!("SPF is set up at {}, not at the Return-Path", short(from)))
        .severity(weighed(facts, usual, Severity::Low))
        .sure(Confidence::Likely, "The record is read from today's DNS; the Return-Path is the one of this message.")
        .explain(text)
        .exhibits(identity_exhibit(facts))
        .exhibits(record_exhibit(facts, at, 0, span, "allows the server, but is not looked at"))
        .exhibits(missing)
        .exhibits(reported_exhibit(facts, "the receiver's result"))
        .fix(match (alias, bare && mail_from_owned(facts) == Some(true)) {
            (Some(alias), _) => alias,
            (None, true) => here(facts, domain, from),
            (None, false) => there(facts, domain, from),
        })
        .check(txt(domain).dig(), format!("one record that begins v=spf1; a new message shows spf=pass under {from}"))
        .leads_to(&leads_to)
}

/// The name is in the sender's own organization and has no record: it takes over that of the
/// From domain. A copy would not do: `a` and `mx` mean the name they stand at.
fn here(facts: &Facts, domain: &str, from: &str) -> Remedy {
    let remedy = Remedy::new(format!("Let {domain} use the SPF record of {from}."));
    let value = format!("v=spf1 redirect={from}");
    match remedy::spf::change(&facts.evidence.answers, domain, Record::is, Some(&value)) {
        Some(change) => remedy.record(change),
        None => remedy.step(format!(
            "Publish {value} as TXT at {domain}; where that name is an alias, whoever runs its target must do it."
        )),
    }
}

fn there(facts: &Facts, domain: &str, from: &str) -> Remedy {
    let remedy = Remedy::new(format!("Use a Return-Path under {from}, or rely on DKIM with d={from}."));
    match owner(facts) {
        Owner::Platform(platform) => {
            let remedy = match remedy::platform::return_path(platform, from) {
                Some(words) => remedy.step(format!("At {}, set a bounce domain of your own: {words}", platform.name)),
                None => remedy.step(format!(
                    "{} is not known to offer a bounce domain of your own: switch on DKIM with {from} instead.",
                    platform.name
                )),
            };
            platform
                .return_path_setting
                .iter()
                .fold(remedy, |r, setting| r.step(remedy::platform::place(setting, from)))
        }
        Owner::Own(_) => remedy
            .step(format!("Set the envelope sender of your mail server to an address at {from} instead of {domain}.")),
        _ => remedy
            .step(format!("If {domain} belongs to a sending service, set up a bounce domain of your own there."))
            .step(format!("If your own server sends, set its envelope sender to an address at {from}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, message, platform};
    use super::*;
    use crate::evidence::Kind;
    use crate::facts::organization::Agreement;
    use crate::knowledge::Platform;
    use crate::knowledge::platform::ReturnPath;
    use crate::rules::testing::only;

    fn scene(mail_from: &str) -> Scene {
        message("a@example.com", mail_from, "192.0.2.4").txt("example.com", &["v=spf1 ip4:192.0.2.4 -all"])
    }

    #[test]
    fn a_subdomain_without_record() {
        let finding = scene("b@bounce.example.com").txt("bounce.example.com", &[]).reported("none").found(&RULE);
        assert_eq!(finding.severity, Severity::High);
        assert_eq!(after(&finding), ["v=spf1 redirect=example.com"]);
        assert_eq!(finding.leads_to, ["spf-missing", "dmarc-unaligned"]);
    }

    #[test]
    fn a_foreign_return_path() {
        let finding =
            scene("b@example.net").txt("example.net", &["v=spf1 ip4:192.0.2.4 -all"]).reported("pass").found(&RULE);
        assert_eq!(finding.severity, Severity::High);
        assert!(finding.fix.unwrap().records.is_empty());
        let finding = scene("b@example.net").txt("example.net", &[]).dkim_pass("example.com").found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        scene("b@example.com").not_applicable(&RULE);
        message("a@example.com", "", "192.0.2.4").helo("mta.example.com").not_applicable(&RULE);
        scene("b@bounce.example.com").txt("bounce.example.com", &["v=spf1 -all"]).reported("pass").passes(&RULE);
        // The record at the name itself is what spf-not-authorized speaks of.
        scene("b@bounce.example.com").txt("bounce.example.com", &["v=spf1 -all"]).reported("fail").passes(&RULE);
        message("a@example.com", "b@example.net", "192.0.2.9")
            .txt("example.com", &["v=spf1 ip4:192.0.2.4 -all"])
            .txt("example.net", &[])
            .passes(&RULE);
        assert_eq!(message("a@example.com", "b@example.net", "192.0.2.9").unknown(&RULE).len(), 1);
        let incomplete =
            message("a@example.com", "b@example.net", "192.0.2.9").txt("example.com", &["v=spf1 include:a.test -all"]);
        assert_eq!(incomplete.unknown(&RULE)[0].needs.words(), "dig +short TXT a.test");
    }

    #[test]
    fn a_record_of_its_own_is_left_alone() {
        // One owner, and by a record with psd=n two organizations.
        let mut apart = message("a@unit.example.com", "b@example.com", "192.0.2.4")
            .txt("unit.example.com", &["v=spf1 ip4:192.0.2.4 -all"])
            .txt("example.com", &["v=spf1 ip4:192.0.2.0/24 -all"])
            .txt("_dmarc.unit.example.com", &["v=DMARC1; p=none; psd=n"])
            .reported("pass")
            .facts();
        apart.alignment.spf = Some(Agreement::None);
        let finding = only(judge(&apart));
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.summary.contains("Return-Path under unit.example.com"), "{fix:?}");
    }

    #[test]
    fn the_alias_of_a_platform_is_put_back() {
        let setup = || ReturnPath {
            label: "bounces".into(),
            record: "CNAME".into(),
            target: Some("mailer.test".into()),
            spf: None,
        };
        let mailer = || platform(Platform { name: "Mailer".into(), return_path: Some(setup()), ..Platform::default() });
        let scene = |path: &str| scene(path).platform(mailer()).reported("none");
        let finding = scene("b@bounces.example.com").txt("bounces.example.com", &[]).found(&RULE);
        let change = &finding.fix.as_ref().unwrap().records[0];
        assert_eq!((change.kind, change.after[0].to_string()), (Kind::Cname, "mailer.test.".to_owned()));
        assert!(finding.leads_to.contains(&"return-path-unusable"));
        // Another name is no alias of the platform's, and one that holds something cannot become one.
        let other = scene("b@other.example.com").txt("other.example.com", &[]).found(&RULE);
        assert_eq!(after(&other), ["v=spf1 redirect=example.com"]);
        let taken = scene("b@bounces.example.com").txt("bounces.example.com", &["site=1"]).found(&RULE);
        assert_eq!(after(&taken), ["site=1", "v=spf1 redirect=example.com"]);
    }
}
