use super::{bogus, name_servers};
use crate::evidence::Outcome;
use crate::facts::domain::dnssec::Security;
use crate::facts::{Facts, organization};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use crate::safe::clip;
use crate::shell::command;

rule! {
    /// The DNS of the domain does not answer alike, or not always
    ///
    /// ## What we saw
    /// Each name server of the zone was asked directly. Some do not answer, do not know the zone, have no address, or say
    /// something else than the others; or the zone's signatures (DNSSEC) do not verify, so that resolvers which check them
    /// get nothing at all.
    ///
    /// ## Why mail suffers
    /// A receiver asks whichever server it meets. Where that one fails, SPF, DKIM and DMARC end in a temporary error, and
    /// mail is delayed or refused now and then, for no reason that can be seen in the records.
    ///
    /// ## How to fix it
    /// Take servers that do not know the zone out of the delegation (at the registrar) and out of the zone's NS records, or
    /// have whoever runs them serve it again. Every server must have the same copy of the zone. Where signatures fail, have
    /// the zone signed anew, or take the DS record out at the registrar until that works.
    ///
    /// ## How to check
    /// Ask each name server for the zone's SOA: all answer with authority, and with the same serial.
    pub RULE = "dns-flaky", Dns, High, judge,
    ["RFC 1034 §4.1", "RFC 1912 §2.8", "RFC 2182", "RFC 4035 §5", "RFC 7208 §2.6.6"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.reported.lookups_failed() {
        return told(facts).map_or(Verdict::NotApplicable, Verdict::from);
    }
    let (zone, dnssec) = (facts.domain.zone.as_ref(), facts.domain.dnssec.as_ref());
    if zone.is_none() && dnssec.is_none() {
        return Verdict::NotApplicable;
    }
    let mut found: Vec<_> = dnssec.and_then(|d| bogus::found(facts, d)).into_iter().collect();
    let mut gaps = Gaps::new();
    if let Some(Security::Unknown(question)) = dnssec.map(|d| &d.state) {
        gaps.push(Gap::dns("Is the zone signed, and does it verify?", question));
    }
    if let Some(zone) = zone {
        name_servers::look(facts, zone, &mut found, &mut gaps);
    }
    Verdict::of(found, gaps)
}

/// The receiver's look-ups failed while the message came: neither SPF nor DMARC has a result.
fn told(facts: &Facts) -> Option<Finding> {
    let reported = &facts.reading.reported;
    let (spf, dmarc) = (reported.spf.as_ref()?, reported.dmarc.as_ref()?);
    let from = facts.reading.from_domain().or(dmarc.domain.as_deref())?;
    let zone = organization::psl(from).unwrap_or(from);
    // The names that SPF and DMARC start from.
    let asked = || {
        facts
            .dmarc
            .steps
            .iter()
            .take(1)
            .filter_map(|s| s.outcome)
            .chain(facts.spf_published.iter().filter_map(|p| p.outcome))
    };
    let fails = asked().any(Outcome::failed);
    let (severity, today) = match asked().next() {
        _ if fails => (Severity::High, " Today it does not answer us either."),
        Some(_) => (Severity::Medium, " Today it answers: what stands there now is judged by itself."),
        None => (Severity::Medium, " What it says today has not been asked."),
    };
    let key = match reported.dkim.iter().any(|d| d.result != "pass" && d.result != "none") {
        true => " A DKIM key that was not found then may be there all the same.",
        false => "",
    };
    Some(
        Finding::new(&RULE, clip(&format!("The DNS of {zone} did not answer the receiver"), 70))
            .severity(severity)
            .sure(
                Confidence::Likely,
                "Two look-ups failed at once; the receiver's own resolver may have been at fault instead.",
            )
            .explain(format!(
                "SPF and DMARC both ended in temperror: the receiver asked for the records of {zone} and got no answer \
                 (RFC 7208 §2.6.6), so nothing could prove the sender.{key}{today}"
            ))
            .exhibit(Exhibit::input(spf.span, "no answer for SPF"))
            .exhibit(Exhibit::input(dmarc.span, "no answer for DMARC"))
            .fix(
                Remedy::new(format!("See that every name server of {zone} answers."))
                    .step("Ask each of them, over UDP and TCP: one that is silent or does not know the zone makes look-ups fail now and then.")
                    .step("If all are well, send a new message: it may have been a short outage, or the receiver's own resolver."),
            )
            .check(command!("postdoc check {}", zone), "all name servers answer alike"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;

    const WORLD: &str = "
        com NS a.gtld.test
        a.gtld.test A 192.0.2.1
        example.com SOA ns1.example.net host.example.com 7 1 2 3 400
        example.com NS ns1.example.net
        example.com NS ns2.example.net
        ns1.example.net A 192.0.2.53
        ns2.example.net A 198.51.100.53
        @192.0.2.1 example.com REFERRAL ns1.example.net
        @192.0.2.1 example.com REFERRAL ns2.example.net
    ";

    fn one(more: &str) -> crate::rules::Finding {
        found(&RULE, "example.com", Some(&[WORLD, more].concat()))
    }

    #[test]
    fn healthy_servers_pass_and_a_message_is_not_its_matter() {
        assert!(matches!(judge(&RULE, "example.com", Some(WORLD)), Verdict::Pass));
        let message = message("a@example.com", "b@example.com");
        assert!(matches!(judge(&RULE, &message, Some(WORLD)), Verdict::NotApplicable));
    }

    #[test]
    fn what_the_receiver_could_not_look_up_is_no_missing_record() {
        let header = |spf: &str, dmarc: &str| {
            format!(
                "Authentication-Results: mx.inbox.test; spf={spf} smtp.mailfrom=example.com;\r\n dkim=fail (no key for signature) header.d=example.com;\r\n dmarc={dmarc} header.from=example.com\r\nFrom: ann@example.com\r\n"
            )
        };
        let judged = |spf, dmarc| {
            super::judge(&crate::rules::testing::facts(&header(spf, dmarc), crate::evidence::InputKind::Headers))
        };
        let finding = crate::rules::testing::complete(judged("temperror", "temperror"));
        assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Likely));
        assert!(finding.explanation.contains("may be there all the same"), "{}", finding.explanation);
        // One look-up alone tells less.
        assert!(matches!(judged("temperror", "fail"), Verdict::NotApplicable));
        assert!(matches!(judged("fail", "temperror"), Verdict::NotApplicable));
    }

    #[test]
    fn lame_silent_and_nameless_servers() {
        for (more, word, severity) in [
            ("@198.51.100.53 example.com REFUSED", "refuses", Severity::High),
            ("@198.51.100.53 example.com SERVFAIL", "fails", Severity::High),
            ("@198.51.100.53 example.com TIMEOUT", "does not answer", Severity::Medium),
            ("@198.51.100.53 example.com REFERRAL ns1.example.net", "does not know the zone", Severity::High),
            (
                "example.com NS gone.example.net\n@192.0.2.1 example.com REFERRAL gone.example.net",
                "has no address",
                Severity::Medium,
            ),
        ] {
            let finding = one(more);
            assert!(finding.explanation.contains(word), "{more}: {}", finding.explanation);
            assert_eq!(finding.severity, severity, "{more}");
        }
        let quiet = one("@198.51.100.53 example.com TIMEOUT");
        assert_eq!(quiet.confidence, Confidence::Possible);
    }

    #[test]
    fn where_nobody_can_be_asked_nothing_is_known() {
        // A firewall that lets only the resolver out is not the zone's fault, nor one that answers in its place.
        for way in ["TIMEOUT", "REFUSED"] {
            let all = format!("@192.0.2.53 example.com {way}\n@198.51.100.53 example.com {way}");
            assert!(matches!(judge(&RULE, "example.com", Some(&[WORLD, &all].concat())), Verdict::Unknown(_)), "{way}");
        }
        assert!(matches!(judge(&RULE, "example.com", Some("example.com TIMEOUT")), Verdict::Unknown(_)));
        assert!(matches!(judge(&RULE, "example.com", Some("example.com SERVFAIL")), Verdict::Unknown(_)));
    }

    #[test]
    fn no_route_for_one_family_is_ours() {
        let more = "ns1.example.net AAAA 2001:db8::53\n@2001:db8::53 example.com TIMEOUT";
        assert!(matches!(judge(&RULE, "example.com", Some(&[WORLD, more].concat())), Verdict::Pass));
    }

    #[test]
    fn different_words_are_worse_than_different_serials() {
        let stale = "@198.51.100.53 example.com SOA ns1.example.net host.example.com 6 1 2 3 400\n";
        assert_eq!(one(stale).severity, Severity::Info);
        let finding = one(&[stale, "example.com TXT \"new\"\n@198.51.100.53 example.com TXT \"old\""].concat());
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Certain));
        assert!(finding.title.contains("TXT"), "{}", finding.title);
        // Two providers count for themselves.
        let other = "@198.51.100.53 example.com SOA ns2.example.net host.example.com 1 1 2 3 400\n";
        assert!(matches!(judge(&RULE, "example.com", Some(&[WORLD, other].concat())), Verdict::Pass));
    }

    #[test]
    fn delegation_and_single_servers_are_small_matters() {
        let finding = one("@192.0.2.1 example.com REFERRAL ns3.example.net\nns3.example.net A 203.0.113.53");
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.explanation.contains("ns3.example.net"), "{}", finding.explanation);
        let single = "
            example.com SOA ns1.example.net host.example.com 7 1 2 3 400
            example.com NS ns1.example.net
            ns1.example.net A 192.0.2.53";
        assert_eq!(found(&RULE, "example.com", Some(single)).severity, Severity::Low);
    }

    #[test]
    fn bogus_is_told_with_the_resolvers_words() {
        let finding = one("example.com DS 1 13 2 00ff\nexample.com SERVFAIL 7 signature expired");
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert!(finding.explanation.contains("signature expired"), "{}", finding.explanation);
        let guess = one("example.com DS 1 13 2 00ff\nexample.com BOGUS");
        assert_eq!(guess.confidence, Confidence::Likely);
    }
}
