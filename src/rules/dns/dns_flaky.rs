use super::{bogus, name_servers};
use crate::facts::Facts;
use crate::facts::domain::dnssec::Security;
use crate::rules::{Gap, Gaps, Verdict, rule};

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

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;
    use crate::rules::{Confidence, Severity};

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
