use super::failure::Failure;
use super::{platform, standing};
use crate::facts::Facts;
use crate::facts::freemail;
use crate::knowledge::Platform;
use crate::remedy::{Change, Remedy, blank, dkim as remedy};
use crate::rules::dmarc::failure;
use crate::rules::stranger::{self, Impersonator};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule, since};
use crate::shell::command;

rule! {
    /// The message carries no DKIM signature
    ///
    /// ## What we saw
    /// No signature in the header, or the receiver reports that it found none.
    ///
    /// ## Why mail suffers
    /// Without a signature only SPF can speak for you, and SPF is lost as soon as a message is forwarded. Gmail, Yahoo and Outlook
    /// demand a signature from everyone who sends in volume.
    ///
    /// ## How to fix it
    /// Switch DKIM on at the system that sends, with your From domain as signing domain and an RSA key of 2048 bits, and publish
    /// the record it shows you.
    ///
    /// ## How to check
    /// Send a new message: the receiver must write `dkim=pass` with your domain in `header.d`.
    pub RULE = "dkim-missing", Dkim, Critical, judge,
    ["RFC 6376", "https://support.google.com/a/answer/81126", "RFC 9989 §5.3"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &*facts.reading;
    if reading.header.fields.is_empty() {
        return Verdict::NotApplicable;
    }
    let none = |r: &&crate::facts::reported::Dkim| r.result == "none" || Failure::of(r) == Some(Failure::Unsigned);
    let (unsigned, signed): (Vec<_>, Vec<_>) = standing::reports(facts).partition(none);
    if !reading.signatures.is_empty() || !signed.is_empty() {
        return Verdict::Pass;
    }
    match unsigned.first() {
        Some(report) => missing(facts, Exhibit::input(report.span, "no signature found"), true).into(),
        // Received fields tell a delivered message's header from a fragment.
        None if !reading.hops.is_empty() => match reading.from.mailboxes.first() {
            Some(from) => missing(facts, Exhibit::input(from.span, "no signature speaks for this"), false).into(),
            None => Verdict::NotApplicable,
        },
        None => Verdict::unknown(Gap::new("Was the message signed with DKIM?", Gap::WHOLE_HEADER)),
    }
}

fn missing(facts: &Facts, exhibit: Exhibit, reported: bool) -> Finding {
    let dmarc = standing::dmarc(facts);
    let (severity, effect) = match dmarc {
        Some(true) => (
            Severity::Medium,
            " SPF alone vouches for the From domain, and that is lost whenever the message is forwarded.",
        ),
        Some(false) => (Severity::Critical, " Nothing else vouches for the From domain, so DMARC cannot pass."),
        None => (Severity::High, " It rests on SPF alone, which does not survive forwarding."),
    };
    let relief = relief(facts).filter(|_| severity > Severity::Medium);
    let (severity, effect) = relief.map_or((severity, effect), |why| (Severity::Medium, why));
    let stripped = facts
        .reading
        .arc
        .iter()
        .filter_map(|set| set.results.as_ref())
        .flat_map(|r| &r.results)
        .find(|r| r.method == "dkim" && r.result == "pass");
    let removed = if stripped.is_some() {
        " An earlier hop saw a valid signature: something on the way removed it."
    } else {
        by_list(facts)
    };
    let whose = if facts.reading.bounce.is_some() { "the returned" } else { "a delivered" };
    let domain = facts.reading.from_domain();
    let finding = Finding::new(&RULE, "The message carries no DKIM signature").severity(severity).exhibit(exhibit);
    let impersonator = stranger::impersonator(facts);
    let removed = match &impersonator {
        Some(Impersonator { domain, reported: true }) => format!(
            "{removed} A failure report does not tell whose mail it is. It came with a Return-Path at {domain}, and nothing shows a \
             server of yours: unless that is a service of yours, someone wrote in your name, and there is nothing to mend."
        ),
        Some(Impersonator { domain, .. }) => format!(
            "{removed} It came to the organization that From names, from a server of others with a Return-Path at {domain}: unless \
             that is a service of yours, someone wrote in your name, and against that helps a policy (p=quarantine, p=reject), \
             not a signature."
        ),
        None => removed.to_owned(),
    };
    let finding = match reported {
        true => finding.sure(Confidence::Certain, "the receiver reported that there is none").explain(format!("The receiver found no DKIM signature in this message.{effect}{removed}")),
        false => finding.sure(Confidence::Likely, "the header passed through mail servers and holds no DKIM-Signature; it may have been cut when it was copied").explain(format!("This header of {whose} message holds no DKIM-Signature.{effect}{removed}")),
    };
    let finding = finding.exhibits(stripped.map(|r| Exhibit::input(r.head, "an earlier hop saw it signed")));
    // Only where SPF failed to align does a signature stand between this mail and DMARC.
    let finding = if dmarc == Some(false) && !since::dmarc_passes_now(facts) {
        finding.leads_to(&["dmarc-unaligned"])
    } else {
        finding
    };
    if let Some((domain, provider)) = domain.and_then(|d| Some((d, freemail::provider(d)?))) {
        return finding.fix(elsewhere(domain, provider.name)).check(
            "postdoc diagnose new-message.eml",
            format!("dkim=pass for {domain}, if {} sent it; else for your own domain in From", provider.name),
        );
    }
    let (mut fix, check) = switch_on(facts, platform::of_message(facts), domain);
    if impersonator.is_some() {
        fix.summary = format!("Only if the message is yours: {}", fix.summary);
    }
    finding.fix(fix).check(check, "a key; and dkim=pass with your domain in a new message")
}

/// A mailbox provider's domain: nobody else can sign for it.
fn elsewhere(domain: &str, provider: &str) -> Remedy {
    Remedy::new(format!("Only {provider} can sign for {domain}: send through it, or from a domain of your own"))
        .step(format!("If {provider} sent the message, it signed it: a list or gateway on the way removed the signature, and must leave it in."))
        .step("If anything else sent it, put an address of a domain you own into From, and switch on DKIM for that domain there.")
}

/// Lists take signatures out that they are about to break.
fn by_list(facts: &Facts) -> &'static str {
    match facts.reading.lists.list_manager.is_empty() {
        true => "",
        false => {
            " A mailing list had the message before, and may have removed a signature: a copy that went straight would tell."
        }
    }
}

/// Why the missing signature is not what decides about this message.
fn relief(facts: &Facts) -> Option<&'static str> {
    if since::dmarc_passes_now(facts) {
        return Some(
            " By today's DNS SPF passes for the From domain; alone, that is lost whenever a message is forwarded.",
        );
    }
    if facts.reading.reported.compauth.as_ref().is_some_and(|c| c.result == "pass") {
        return Some(" Microsoft took the sender for genuine by other signs; another receiver may not.");
    }
    if failure::overridden(facts).is_some() {
        return Some(" The receiver took the message although DMARC fails; another may not.");
    }
    let reported = stranger::impersonator(facts).is_some_and(|who| who.reported);
    (reported || stranger::delivered(facts)).then_some(
        " The server is not known to be yours: if the message is not either, it is no wonder that nobody signed it.",
    )
}

/// Signing switched on, at the platform where one is known, and the command that shows the key.
pub(super) fn switch_on(facts: &Facts, platform: Option<&Platform>, domain: Option<&str>) -> (Remedy, String) {
    let summary = match domain {
        Some(domain) => format!("Switch on DKIM signing as {domain} and publish the key"),
        None => "Switch on DKIM signing with your own domain and publish the key".into(),
    };
    let remedy = Remedy { signs_as: domain.map(str::to_owned), ..Remedy::new(summary) };
    let owner = domain.map_or_else(|| blank("your domain"), str::to_owned);
    if let Some(platform) = platform.filter(|p| p.dkim_setting.is_some() || !p.dkim.is_empty()) {
        let remedy = crate::remedy::platform::signing(remedy, platform, &owner, &facts.evidence.answers);
        let first = remedy
            .records
            .first()
            .map_or_else(|| format!("{}._domainkey.{owner}", blank("selector")), |c| c.name.clone());
        return (remedy, command!("dig +short TXT {}", first));
    }
    let name = format!("{}._domainkey.{owner}", blank("selector"));
    let change = Change::txt(&name, &[] as &[&str], &[remedy::open_record("rsa")]);
    let remedy = remedy
        .step(format!(
            "At the system that sends, switch on DKIM with the signing domain {owner} and a new RSA key of 2048 bits."
        ))
        .step("Publish the record it shows (selector and public key), then let it sign.");
    (remedy.marked(change), command!("dig +short TXT {}", name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::authres::{AuthRes, MethodResult};
    use crate::facts::platform::{Hit, Mark};
    use crate::facts::received::Hop;
    use crate::facts::reported::Dkim;
    use crate::knowledge::platform::DkimSetup;
    use crate::rules::dkim::testing::*;

    fn unsigned() -> Dkim {
        Dkim { signature: None, domain: None, selector: None, ..report("none", "message not signed") }
    }

    fn delivered() -> Case {
        let mut case = Case::new("Received: x\r\n");
        case.reading.hops.push(Hop::default());
        case
    }

    #[test]
    fn the_receivers_word_is_certain_and_weighs_as_dmarc_does() {
        let found = Case::new("").reported(unsigned()).dmarc("fail").finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(found.leads_to, ["dmarc-unaligned"]);
        assert_eq!(record_of(&found).0, "<selector>._domainkey.example.com");
        let found = Case::new("").reported(unsigned()).dmarc("pass").finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
        assert_eq!(Case::new("").reported(unsigned()).finding(&RULE).severity, Severity::High);
    }

    #[test]
    fn no_dmarc_record_is_not_a_dmarc_failure() {
        let mut case = Case::new("").reported(unsigned()).dmarc("none");
        case.alignment.dmarc = Some(true);
        let found = case.finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
        assert!(found.explanation.contains("SPF alone vouches"), "{}", found.explanation);
        assert_eq!(Case::new("").reported(unsigned()).dmarc("none").finding(&RULE).severity, Severity::High);
    }

    #[test]
    fn nobody_is_told_to_publish_a_key_at_a_mailbox_providers_domain() {
        let mut case = delivered();
        case.reading.from.mailboxes[0].address.as_mut().unwrap().domain = "gmail.com".into();
        let fix = case.finding(&RULE).fix.unwrap();
        assert!(fix.summary.starts_with("Only Gmail can sign for gmail.com") && fix.records.is_empty());
    }

    #[test]
    fn a_delivered_header_without_the_field_is_likely_unsigned() {
        let found = delivered().finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
        assert!(found.explanation.starts_with("This header of a delivered message"));
        let mut returned = delivered();
        returned.reading.bounce = Some(Default::default());
        assert!(returned.finding(&RULE).explanation.starts_with("This header of the returned message"));
    }

    #[test]
    fn a_signature_that_was_removed_on_the_way_is_told() {
        let mut case = delivered();
        let pass = MethodResult { method: "dkim".into(), result: "pass".into(), ..MethodResult::default() };
        let results = AuthRes { results: vec![pass], ..AuthRes::default() };
        case.reading.arc.push(crate::facts::arc::Set { results: Some(results), ..Default::default() });
        assert!(case.finding(&RULE).explanation.contains("removed it"));
    }

    #[test]
    fn the_platforms_own_records_are_named() {
        let platform = Box::leak(Box::new(Platform {
            name: "Sender".into(),
            dkim_setting: Some("Domains".into()),
            dkim: vec![DkimSetup {
                selector: "k1".into(),
                record: "CNAME".into(),
                target: Some("k1.{domain-dashes}.example.net".into()),
                ..DkimSetup::default()
            }],
            ..Platform::default()
        }));
        let mut facts = delivered().facts();
        facts.platforms.push(Hit { platform, mark: Mark::Received, span: None });
        let Verdict::Found(found) = judge(&facts) else { panic!() };
        assert_eq!(
            record_of(&found[0]),
            ("k1._domainkey.example.com".into(), vec![], vec!["k1.example-com.example.net".into()])
        );
        assert_eq!(found[0].check.as_ref().unwrap().command, "dig +short TXT k1._domainkey.example.com");
    }

    #[test]
    fn a_signed_message_passes_even_where_only_the_report_is_at_hand() {
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").reported(report("pass", "")).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").reported(report("fail", "bad signature")).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn a_fragment_leaves_it_open_and_a_record_is_none_of_its_business() {
        assert!(matches!(Case::new("").judge(&RULE), Verdict::Unknown(_)));
        assert!(matches!(Case::pasted(None, "v=DKIM1; p=").judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn mail_to_oneself_from_a_stranger_is_no_case_for_a_signature() {
        let header = |server: &str| {
            let text = format!(
                "Received: from vps.{server} (vps.{server} [198.51.100.99]) by mail.corp.example with ESMTPS id 4\n \
                 for <cfo@corp.example>; Wed,  4 Jun 2025 10:00:11 +0000\n\
                 Authentication-Results: mail.corp.example; dkim=none; spf=pass smtp.mailfrom=x@{server};\n \
                 dmarc=fail header.from=corp.example\nFrom: CEO <ceo@corp.example>\nTo: cfo@corp.example\n"
            );
            crate::rules::testing::only(judge(&crate::rules::testing::facts(
                &text,
                crate::evidence::InputKind::Headers,
            )))
        };
        let found = header("attacker.example");
        assert!(found.explanation.contains("someone wrote in your name"), "{}", found.explanation);
        assert!(found.fix.unwrap().summary.starts_with("Only if the message is yours"));
        let own = header("corp.example");
        assert!(!own.explanation.contains("someone wrote"), "{}", own.explanation);
    }

    #[test]
    fn a_failure_report_does_not_tell_whose_mail_it_is() {
        let report = |mail_from: &str| {
            let text = format!(
                "From: dmarc@fail.example.net\nTo: ruf@example.com\nSubject: FW: Sale\nMIME-Version: 1.0\n\
                 Content-Type: multipart/report; report-type=feedback-report; boundary=B\n\n--B\nContent-Type: text/plain\n\nx\n\
                 --B\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\nVersion: 1\n\
                 Original-Mail-From: <{mail_from}>\nSource-IP: 198.51.100.99\nAuth-Failure: dmarc\n\
                 Authentication-Results: mx.example.net; dkim=none; spf=pass smtp.mailfrom={mail_from}; dmarc=fail header.from=example.com\n\n\
                 --B\nContent-Type: text/rfc822-headers\n\nFrom: Shop <news@example.com>\nSubject: Sale\n\n--B--\n"
            );
            let bounce = crate::evidence::InputKind::Bounce;
            crate::rules::testing::only(judge(&crate::rules::testing::facts(&text, bounce)))
        };
        let strange = report("x@spammer.example");
        assert_eq!(strange.severity, Severity::Medium);
        assert!(strange.explanation.contains("there is nothing to mend"), "{}", strange.explanation);
        assert!(strange.fix.unwrap().summary.starts_with("Only if the message is yours"));
        assert!(!report("bounce@mail.example.com").explanation.contains("nothing to mend"));
    }
}
