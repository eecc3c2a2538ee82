use super::{dmarc_freemail_from, dmarc_strict_alignment, failure, orgdomain_treewalk_vs_psl, own_signature};
use crate::facts::Facts;
use crate::facts::dkim::DkimResult;
use crate::facts::dmarc::verdict::{Leg, Legs};
use crate::facts::freemail;
use crate::facts::organization::{Agreement, same_by_list};
use crate::facts::reported::Dkim;
use crate::facts::spf::Check;
use crate::knowledge::{Platform, platform};
use crate::remedy::Remedy;
use crate::rules::headers::remedy_at_list;
use crate::rules::{Confidence, Finding, Gap, Severity, Verdict, on_the_way, rule, since};

rule! {
    /// Nothing that passes belongs to the domain in From
    ///
    /// ## What we saw
    /// DMARC looks at the domain readers see in From and wants one pass that belongs to it: SPF for a
    /// Return-Path there, or a DKIM signature with it. This message has neither. SPF and DKIM may
    /// well pass, but then for somebody else's domain, most often that of the sending service.
    ///
    /// ## Why mail suffers
    /// The receiver cannot tell this mail from a forgery in your name. It does what your DMARC policy
    /// asks, which may be the spam folder or a refusal, and large receivers refuse such bulk mail
    /// whatever the policy says.
    ///
    /// ## How to fix it
    /// Have the service sign with your domain: switch on its own-domain DKIM and publish the records it
    /// shows. Or give it a Return-Path below your domain. Signing is the better of the two because
    /// it survives forwarding.
    ///
    /// ## How to check
    /// Send a new message and read its header: it must say dmarc=pass, and header.d or smtp.mailfrom
    /// must end in your From domain.
    pub RULE = "dmarc-unaligned", Dmarc, Critical, judge, ["RFC 9989 §4.4", "RFC 9989 §5.3", "RFC 7489 §3.1"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.subject.is_some() {
        return Verdict::NotApplicable;
    }
    judge_with(facts, platform::that_signs_as)
}

fn judge_with(facts: &Facts, signs_as: fn(&str) -> Option<&'static Platform>) -> Verdict {
    let Some(from) = facts.reading.from_domain() else { return Verdict::NotApplicable };
    match facts.alignment.dmarc {
        Some(true) => Verdict::Pass,
        None => Verdict::unknown(gap(facts, from)),
        Some(false) => find(facts, from, signs_as).into(),
    }
}

fn gap(facts: &Facts, from: &str) -> Gap {
    let what = format!("Does SPF or DKIM pass for {from}?");
    let spf = facts.spf.as_ref().and_then(Check::unanswered);
    match spf {
        Some(question) => Gap::dns(what, question),
        None => Gap::new(what, "the receiver's Authentication-Results, with the whole header"),
    }
}

fn find(facts: &Facts, from: &str, signs_as: fn(&str) -> Option<&'static Platform>) -> Finding {
    let legs = facts.legs();
    let excused = failure::receiver_passed(facts);
    // Most receivers still go by the public suffix list, where this would pass.
    let by_list = legs.all().any(|leg| leg.passed_in_vain() && !leg.strict && same_by_list(from, &leg.domain));
    let (mut confidence, mut because) = failure::confidence(facts, legs);
    if by_list && !failure::receiver_failed(facts) {
        (confidence, because) = (Confidence::Likely, "receivers that use the public suffix list still pass it");
    }
    let mut severity = failure::severity(facts);
    if excused {
        (severity, confidence) = (Severity::Info, Confidence::Possible);
        because = "the receiver itself reported a DMARC pass, by rules or results that the header does not show";
    }
    let cured = since::dmarc_passes_now(facts) && !excused;
    if cured {
        severity = since::lowered(facts, severity);
        because = "the results are the receiver's, of that day; by today's DNS SPF passes for the domain in From";
    }
    let mut finding = Finding::new(&RULE, title(facts, from, legs, excused))
        .severity(severity)
        .sure(confidence, because)
        .explain(explain(facts, from, legs, excused))
        .exhibits(failure::exhibits(facts, legs))
        .fix(remedy(facts, from, legs, by_list, signs_as))
        .check(
            "postdoc diagnose new-message.eml",
            format!("dmarc=pass header.from={from}, with header.d or smtp.mailfrom in {from}"),
        );
    if facts.alignment.spf == Some(Agreement::None) {
        finding = finding.leads_to(&["return-path-foreign-domain", "spf-wrong-domain"]);
    }
    if failure::receiver_failed(facts) {
        finding = finding.leads_to(&["dmarc-rejected-by-policy"]);
    }
    finding
}

fn title(facts: &Facts, from: &str, legs: &Legs, excused: bool) -> String {
    let fails = match () {
        () if excused => "DMARC hangs by a thread",
        () if failure::unasked(facts) => "DMARC would fail",
        () => "DMARC fails",
    };
    if since::dmarc_passes_now(facts) && !excused {
        return failure::title([
            format_args!("DMARC failed then; by today's DNS SPF passes for {from}"),
            format_args!("DMARC failed then; by today's DNS it would pass"),
        ]);
    }
    let spf = legs.spf.iter().find(|leg| leg.passed_in_vain());
    let dkim = legs.dkim.iter().find(|leg| leg.passed_in_vain());
    match (spf, dkim) {
        (Some(spf), Some(dkim)) if spf.domain == dkim.domain => failure::title([
            format_args!("{fails}: SPF and DKIM pass, but for {}", dkim.domain),
            format_args!("{fails}: SPF and DKIM pass, but for another domain"),
        ]),
        (Some(spf), Some(dkim)) => failure::title([
            format_args!("{fails}: SPF passes for {}, DKIM for {}", spf.domain, dkim.domain),
            format_args!("{fails}: DKIM passes, but for {}", dkim.domain),
            format_args!("{fails}: SPF and DKIM pass, but for other domains"),
        ]),
        (Some(only), None) => failure::title([
            format_args!("{fails}: only SPF passes, and for {}", only.domain),
            format_args!("{fails}: only SPF passes, and for another domain"),
        ]),
        (None, Some(only)) => failure::title([
            format_args!("{fails}: only DKIM passes, and for {}", only.domain),
            format_args!("{fails}: only DKIM passes, and for another domain"),
        ]),
        (None, None) => failure::title([
            format_args!("{fails}: neither SPF nor DKIM passes for {from}"),
            format_args!("{fails}: neither SPF nor DKIM passes"),
        ]),
    }
}

fn explain(facts: &Facts, from: &str, legs: &Legs, excused: bool) -> String {
    let mut said = format!("Readers see {from} in From.");
    if let Some(leg) = &legs.spf {
        say(&mut said, from, "SPF", leg);
    }
    for leg in legs.dkim.iter().take(3) {
        say(&mut said, from, "DKIM", leg);
    }
    if legs.dkim.is_empty() {
        said.push_str(" There is no DKIM signature.");
    }
    said.extend([" DMARC counts only a pass that belongs to ", from, ", and there is none."]);
    if let Some(panel) = facts.evidence.said.configured.from.as_deref() {
        let set = panel.rsplit('@').next().unwrap_or(panel);
        if !set.eq_ignore_ascii_case(from) {
            said.push_str(&format!(
                " The service is said to be set up for {set}, but the mail goes out as {from}: that domain needs an aligned pass of its own, and a policy, which it may inherit from a parent."
            ));
        }
    }
    if excused {
        said.push_str(" The receiver reported a DMARC pass all the same, so this message is safe there; others may judge otherwise.");
    } else if let Some((policy, _)) = facts.dmarc.effective {
        said.push_str(&match policy {
            crate::facts::dmarc::Policy::None => {
                format!(" The policy of {from} is none: nothing is refused by it, but bulk mail needs DMARC to pass.")
            }
            policy => format!(" The policy of {from} asks receivers to {} such mail.", policy.word()),
        });
    } else if facts.dmarc.is_absent() {
        said.extend([" ", from, " has no DMARC record today, so nothing asks for a failure to be punished yet."]);
    }
    if let Some(why) = failure::overridden(facts) {
        said.extend([" The receiver took it all the same, ", why, "; others may not."]);
    }
    said
}

/// ` SPF passed for example.net, which is not example.com's organization.`
fn say(said: &mut String, from: &str, method: &str, leg: &Leg) {
    said.extend([" ", method]);
    match (leg.passed, leg.word.as_str()) {
        (Some(true), _) => said.push_str(" passed"),
        (Some(false), "") => said.push_str(" did not pass"),
        (Some(false), word) => said.extend([" did not pass (", word, ")"]),
        (None, _) => said.push_str(" was checked"),
    }
    said.extend([" for ", &leg.domain]);
    match leg.agreement {
        Agreement::Strict => {}
        Agreement::Relaxed if leg.strict => {
            said.extend([", and the record of ", from, " asks for the very same name"]);
        }
        Agreement::Relaxed => said.push_str(", of the same organization"),
        Agreement::None => said.extend([", which is not ", from, "'s organization"]),
    }
    said.push('.');
}

fn remedy(
    facts: &Facts,
    from: &str,
    legs: &Legs,
    by_list: bool,
    signs_as: fn(&str) -> Option<&'static Platform>,
) -> Remedy {
    if let Some(at_list) = remedy_at_list(facts, from) {
        return at_list;
    }
    if let Some(provider) = freemail::provider(from) {
        return dmarc_freemail_from::remedy(provider.name);
    }
    if let Some(strict) = dmarc_strict_alignment::remedy(facts, legs) {
        return strict;
    }
    if let Some(record) = orgdomain_treewalk_vs_psl::remedy(facts, from).filter(|_| by_list) {
        return record;
    }
    if since::dmarc_passes_now(facts) {
        let signed = legs.dkim.iter().any(Leg::aligned);
        let remedy = Remedy::new("Send a new message: by today's DNS SPF passes, and DMARC with it");
        return remedy.step(match signed {
            true => format!(
                "See what is said here about the signature of {from}: SPF alone is lost whenever a message is forwarded"
            ),
            false => format!("Sign with DKIM as {from} as well: SPF alone is lost whenever a message is forwarded"),
        });
    }
    let own = |leg: &&Leg| leg.aligned() && leg.counts() == Some(false);
    if let Some(broken) = legs.dkim.iter().find(own) {
        let domain = &broken.domain;
        if on_the_way::genuine(facts).is_some_and(|found| found.result == Some(DkimResult::Pass)) {
            return Remedy::new(format!("Leave the DKIM signature of {domain} as it is: it verifies here"))
                .step("Send a new message and look whether the receiver rejects that one too");
        }
        if on_the_way::is_relayed(facts) && altered(facts, domain) {
            return Remedy::new(format!(
                "Have the list or forwarder keep the message as {domain} signed it, or send in its own name"
            ))
            .step(format!("No record of {domain} cures this; see what is said here about the change on the way"));
        }
        return Remedy::new(format!("Repair the DKIM signature of {domain}, which is there but does not pass"))
            .step(format!("See what is said here about the signature of {domain}: its key, or a change on the way"))
            .step(format!("Send a new message and look for dkim=pass header.d={domain}"));
    }
    if legs.dkim.is_empty() {
        return unsigned(from, legs);
    }
    if legs.dkim.iter().any(|leg| freemail::provider(&leg.domain).is_some_and(|p| p.name == "Gmail")) {
        return Remedy::new(format!("Let Gmail hand the mail to the server of {from}, which can sign it"))
            .step(format!("In Gmail: Settings, Accounts, Send mail as, edit info at the address in {from}, and enter the SMTP server, name and password of its mailbox."))
            .step(format!("At that server sign with DKIM as {from}; an address in {from} at Google Workspace does both."));
    }
    let platform = legs.dkim.iter().find_map(|leg| signs_as(&leg.domain)).or_else(|| {
        crate::facts::platform::sending(&facts.platforms, on_the_way::is_relayed(facts)).map(|hit| hit.platform)
    });
    let mut remedy = own_signature::remedy(facts, from, platform);
    if let Some(spf) = legs.spf.iter().find(own) {
        remedy = remedy.step(format!("Or make SPF pass for {}, the Return-Path: that counts too", spf.domain));
    }
    match legs.dkim.iter().find(|leg| leg.passed_in_vain() && signs_as(&leg.domain).is_none()) {
        Some(leg) => remedy.step(format!(
            "If {0} is your own domain and the mail should come from it, write an address in {0} into From instead",
            leg.domain
        )),
        None => remedy,
    }
}

/// Was the message changed after it was signed as `domain`?
fn altered(facts: &Facts, domain: &str) -> bool {
    let of = |d: &&Dkim| d.domain.as_deref().is_none_or(|d| d.eq_ignore_ascii_case(domain));
    facts.reading.reported.dkim.iter().filter(of).any(|d| on_the_way::was_altered(facts, d))
}

/// Without any signature: `dkim-missing` shows the record, and a second one here would compete.
fn unsigned(from: &str, legs: &Legs) -> Remedy {
    let remedy = Remedy::new(format!("Let one of the two pass for {from}: SPF or, better, DKIM")).step(format!(
        "DKIM: switch signing on as {from}; what is said here about the missing signature shows the record"
    ));
    match &legs.spf {
        Some(leg) if leg.aligned() => {
            remedy.step(format!("SPF: see what is said here about {}, the Return-Path", leg.domain))
        }
        _ => remedy.step(format!("SPF: set a Return-Path (bounce domain) below {from}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::evidence::{Data, Kind, Outcome};
    use crate::facts::dkim::forensics::{Altered, Proof, What};
    use crate::facts::dkim::{Hash, Verification};
    use crate::facts::reported;
    use crate::knowledge::platform::DkimSetup;
    use crate::rules::{Exhibit, Place};

    fn unknown(_: &str) -> Option<&'static Platform> {
        None
    }

    fn mailer(_: &str) -> Option<&'static Platform> {
        let setup = |n: u8| DkimSetup {
            selector: format!("s{n}"),
            record: "CNAME".into(),
            target: Some(format!("s{n}.{{domain-dashes}}.<account>.mailer.test")),
            ..DkimSetup::default()
        };
        Some(Box::leak(Box::new(Platform {
            id: "mailer".into(),
            name: "Mailer".into(),
            dkim: vec![setup(1), setup(2)],
            dkim_setting: Some("Settings, Domains, Add {domain}".into()),
            ..Platform::default()
        })))
    }

    /// Everything passes, for the mailer.
    fn foreign() -> Case {
        Case::from("example.com").spf("pass", "mailer-service.com").dkim("pass", "mailer-service.com").dmarc("fail")
    }

    fn shown(facts: &Facts, exhibit: &Exhibit) -> String {
        let Place::Input(span) = exhibit.place else { panic!() };
        String::from_utf8(span.of(facts.text()).to_vec()).unwrap()
    }

    #[test]
    fn both_pass_for_somebody_else() {
        let facts = foreign().txt("_dmarc.example.com", &["v=DMARC1; p=reject"]).nothing_else().facts();
        let finding = only(judge_with(&facts, unknown));
        assert_eq!(finding.title, "DMARC fails: SPF and DKIM pass, but for mailer-service.com");
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(finding.leads_to, ["return-path-foreign-domain", "spf-wrong-domain", "dmarc-rejected-by-policy"]);
        let passages: Vec<_> = finding.exhibits.iter().map(|e| shown(&facts, e)).collect();
        assert_eq!(passages, ["example.com", "mailer-service.com", "mailer-service.com", "\ndmarc=fail"]);
        let fix = finding.fix.unwrap();
        assert!(fix.records[0].name.ends_with("._domainkey.example.com"));
        assert_eq!(fix.blanks.len(), 2);
    }

    #[test]
    fn a_known_platform_gives_its_records() {
        let facts = foreign().nothing_else().facts();
        let fix = only(judge_with(&facts, mailer)).fix.unwrap();
        assert_eq!(fix.steps[0], "Settings, Domains, Add example.com");
        let records: Vec<_> = fix.records.iter().map(|r| (r.name.as_str(), r.after.clone())).collect();
        assert_eq!(
            records,
            [1, 2].map(|n| (
                ["s1._domainkey.example.com", "s2._domainkey.example.com"][n - 1],
                vec![Data::Cname(format!("s{n}.example-com.<account>.mailer.test"))]
            ))
        );
        assert_eq!(fix.blanks, ["account"]);
    }

    #[test]
    fn severity_follows_receiver_and_policy() {
        let plain = || Case::from("example.com").spf("pass", "mailer.test").dkim("pass", "mailer.test");
        let found = |case: Case| only(judge_with(&case.facts(), unknown));
        let absent = found(plain().nothing_else());
        assert_eq!(absent.severity, Severity::High);
        assert!(absent.title.starts_with("DMARC would fail"), "{}", absent.title);
        let none = found(plain().txt("_dmarc.example.com", &["v=DMARC1; p=none"]).nothing_else());
        assert_eq!(none.severity, Severity::High);
        let strict = found(plain().txt("_dmarc.example.com", &["v=DMARC1; p=quarantine"]).nothing_else());
        assert_eq!(strict.severity, Severity::Critical);
        assert_eq!(found(plain().dmarc("fail")).severity, Severity::Critical);
        let excused = found(plain().dmarc("pass").txt("_dmarc.example.com", &["v=DMARC1; p=reject"]).nothing_else());
        assert_eq!((excused.severity, excused.confidence), (Severity::Info, Confidence::Possible));
    }

    #[test]
    fn what_the_receiver_took_all_the_same_is_a_warning() {
        let case = |policy: &str, disposition: &str| {
            let mut case = Case::from("example.com").spf("pass", "list.test").dkim("fail", "example.com").dmarc("fail");
            let dmarc = case.reading.reported.dmarc.as_mut().unwrap();
            (dmarc.policy, dmarc.disposition) = (Some(policy.into()), Some(disposition.into()));
            case.txt("_dmarc.example.com", &["v=DMARC1; p=reject"]).nothing_else()
        };
        let found = |case: Case| only(judge_with(&case.facts(), unknown));
        let taken = found(case("reject", "none"));
        assert_eq!(
            (taken.severity, taken.title.as_str()),
            (Severity::Medium, "DMARC fails: only SPF passes, and for list.test")
        );
        assert!(taken.explanation.contains("took it all the same, by a rule of its own"), "{}", taken.explanation);
        assert_eq!(found(case("reject", "reject")).severity, Severity::Critical);
        assert_eq!(found(case("none", "none")).severity, Severity::Critical, "nothing was overridden");
        let mut sealed = case("reject", "oreject");
        let span = crate::span::Span::new(0, 1);
        let compauth = |reason: &str| reported::Compauth { result: "pass".into(), reason: Some(reason.into()), span };
        sealed.reading.reported.compauth = Some(compauth("130"));
        let sealed = found(sealed);
        assert_eq!(sealed.severity, Severity::Medium);
        assert!(sealed.explanation.contains("for the ARC seal"), "{}", sealed.explanation);
    }

    #[test]
    fn nothing_passes() {
        let case = Case::from("example.com").spf("softfail", "example.com").dkim("fail", "example.com").dmarc("fail");
        let finding = only(judge_with(&case.facts(), unknown));
        assert_eq!(finding.title, "DMARC fails: neither SPF nor DKIM passes for example.com");
        // The signature is there: no new record, the old one is to be repaired.
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.summary.contains("Repair"), "{fix:?}");
        assert_eq!(finding.leads_to, ["dmarc-rejected-by-policy"]);
    }

    #[test]
    fn another_from_domain_than_the_panel_says() {
        let mut case = Case::from("promo.example.net").spf("pass", "example.com").dkim("pass", "example.com");
        case.said.configured.from = Some("news@example.com".into());
        let finding = only(judge_with(&case.dmarc("fail").facts(), unknown));
        assert!(finding.explanation.contains("said to be set up for example.com"), "{}", finding.explanation);
        let fix = finding.fix.unwrap();
        assert!(fix.steps.iter().any(|s| s.contains("write an address in example.com into From")), "{fix:?}");
    }

    /// "Send mail as" of a Gmail account: no record makes Gmail sign as another domain.
    #[test]
    fn gmail_hands_the_mail_to_the_server_that_can_sign_it() {
        let case = Case::from("example.com").spf("pass", "gmail.com").dkim("pass", "gmail.com").dmarc("fail");
        let fix = only(judge_with(&case.facts(), unknown)).fix.unwrap();
        assert!(fix.summary.starts_with("Let Gmail hand") && fix.records.is_empty(), "{fix:?}");
    }

    #[test]
    fn a_list_is_not_told_to_sign_as_its_authors() {
        let mut case = Case::from("example.com").spf("pass", "lists.test").dkim("pass", "lists.test").dmarc("fail");
        let fix = |case: Case| only(judge_with(&case.facts(), unknown)).fix.unwrap();
        case.reading.lists.list_manager.push(crate::span::Span::default());
        let at_list = fix(case);
        assert!(at_list.records.is_empty() && at_list.summary.contains("whoever runs the list"), "{at_list:?}");
        let service = Case::from("example.com").spf("pass", "lists.test").dkim("pass", "lists.test").dmarc("fail");
        assert_eq!(fix(service).records.len(), 1);
    }

    #[test]
    fn a_free_mailbox_gets_no_record() {
        let case = Case::from("gmail.com").spf("pass", "mailer.test").dkim("pass", "mailer.test").dmarc("fail");
        assert_eq!(only(judge_with(&case.facts(), mailer)).fix.unwrap().records, []);
    }

    #[test]
    fn a_parent_without_a_record_is_another_organization_by_tree_walk_only() {
        let case = Case::from("news.example.com").spf("pass", "mailer.test").dkim("pass", "example.com");
        let facts = case
            .txt("_dmarc.news.example.com", &["v=DMARC1; p=reject; rua=mailto:a@example.com"])
            .nothing_else()
            .facts();
        let finding = only(judge_with(&facts, unknown));
        assert_eq!(finding.confidence, Confidence::Likely);
        let fix = finding.fix.unwrap();
        assert_eq!(fix.records[0].name, "_dmarc.example.com");
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=none; rua=mailto:a@example.com"]);
    }

    #[test]
    fn an_aligned_pass_either_way_passes() {
        for case in [
            Case::from("example.com").spf("fail", "mailer.test").dkim("pass", "example.com"),
            Case::from("example.com").spf("pass", "bounce.example.com").dkim("fail", "mailer.test"),
        ] {
            assert!(matches!(judge_with(&case.facts(), unknown), Verdict::Pass));
        }
    }

    #[test]
    fn what_is_not_known_is_no_finding() {
        let unknowns = [
            Case::from("example.com"),
            Case::from("example.com").dkim("pass", "mailer.test"),
            Case::from("example.com").mail_from("example.com").dkim("pass", "mailer.test"),
            Case::from("example.com").spf("pass", "mailer.test").signed("example.com"),
            Case::from("example.com").spf("temperror", "example.com").dkim("pass", "mailer.test"),
        ];
        for case in unknowns {
            let verdict = judge_with(&case.facts(), unknown);
            assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        }
        assert!(matches!(judge_with(&Case::pasted(None, &["v=DMARC1"]).facts(), unknown), Verdict::NotApplicable));
    }

    #[test]
    fn a_failed_walk_leaves_the_severity_open() {
        let case = Case::from("example.com").spf("pass", "mailer.test").dkim("pass", "mailer.test");
        let facts = case.answer("_dmarc.example.com", Kind::Txt, Outcome::ServFail, vec![]).nothing_else().facts();
        let finding = only(judge_with(&facts, unknown));
        assert_eq!(finding.severity, Severity::High);
        assert!(finding.title.starts_with("DMARC fails"), "{}", finding.title);
    }

    #[test]
    fn what_is_asked_of_a_signature_that_was_good() {
        let with = |result: DkimResult, body: Hash, listed: bool| {
            let case = Case::from("example.com").spf("fail", "lists.test").signed("example.com");
            let mut facts = case.dkim("fail", "example.com").dmarc("fail").nothing_else().facts();
            let altered = Altered {
                what: What::FooterAppended,
                proof: Proof::RestoredHash,
                field: None,
                hop: None,
                could: vec![],
            };
            facts.verified = vec![Verification {
                signature: 0,
                header_hash: Hash::Match,
                body_hash: body,
                result: Some(result),
                reason: None,
                altered: if body == Hash::Match { vec![] } else { vec![altered] },
            }];
            let reading = std::sync::Arc::make_mut(&mut facts.reading);
            reading.reported.dkim[0].signature = Some(0);
            reading.lists.list_manager.extend(listed.then(crate::span::Span::default));
            only(judge_with(&facts, unknown)).fix.unwrap().summary
        };
        assert!(with(DkimResult::Pass, Hash::Match, false).starts_with("Leave the DKIM signature of example.com"));
        assert!(
            with(DkimResult::Fail, Hash::Mismatch, true).starts_with("Have the list or forwarder keep the message")
        );
        assert!(with(DkimResult::Fail, Hash::Mismatch, false).starts_with("Repair the DKIM signature"));
    }
}
