use super::{dane, pasted, sts};
use crate::evidence::Kind;
use crate::facts::Facts;
use crate::rules::{Gaps, Verdict, rule};

rule! {
    /// What the domain asks of TLS towards its mail servers does not hold
    ///
    /// ## What we saw
    /// The domain publishes an MTA-STS record, TLSA records or a TLS report address, and there is something wrong with it:
    /// the policy file cannot be fetched or read, it leaves out a mail server that the MX names, the TLSA records cannot be
    /// used or name another certificate than the server shows, or the report address is none.
    ///
    /// ## Why mail suffers
    /// Mail *to* the domain: senders that honour such a policy do not deliver to a server it leaves out, or have to ignore
    /// the policy, so that it protects nobody. Mail from the domain is not touched.
    ///
    /// ## How to fix it
    /// Serve the policy at the address `https://mta-sts.<domain>/.well-known/mta-sts.txt`, with a valid certificate for that
    /// name and without redirection, let its mx lines name every MX, and change the `id` in the record with each change of
    /// the file. Start with `mode: testing`. TLSA needs a signed zone and a record for the certificate in use.
    ///
    /// ## How to check
    /// Fetch the policy with curl: it names every MX. TLS reports (`_smtp._tls`) then show no failures.
    pub RULE = "mta-sts-or-dane-broken", Dns, Medium, judge,
    ["RFC 8461 §3", "RFC 8461 §4.1", "RFC 8460 §3", "RFC 7672 §3"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some(record) = &facts.reading.record {
        return match record.kind {
            Kind::Tlsa => dane::pasted(record),
            _ => pasted::tls(record),
        };
    }
    let (mut found, mut gaps) = (Vec::new(), Gaps::new());
    let mut applies = false;
    if let Some(sts) = &facts.domain.mta_sts {
        applies |= sts::look(facts, sts, &mut found, &mut gaps);
    }
    if let Some(report) = &facts.domain.tls_rpt {
        applies |= sts::reports(facts, report, &mut found, &mut gaps);
    }
    if let Some(mx) = &facts.domain.mx {
        applies |= dane::look(facts, mx, &mut found, &mut gaps);
    }
    match applies || !gaps.is_empty() {
        true => Verdict::of(found, gaps),
        // Neither is a duty: without them there is nothing to judge.
        false => Verdict::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::judge_with;
    use super::*;
    use crate::evidence::errand::{Brought, Step, Talk, Tls, What};
    use crate::evidence::said::Wish;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Errand, Evidence, Input, Said};
    use crate::facts::Reading;
    use crate::facts::domain::certificate;
    use crate::rules::{Finding, Severity};
    use data_encoding::HEXLOWER;
    use sha2::{Digest, Sha256, Sha512};
    use std::sync::Arc;

    const MAIL: &str = "
        example.com SOA ns.example.net h.example.com 1 1 1 1 1
        example.com MX 10 mx1.example.com
        mx1.example.com A 192.0.2.1
        _mta-sts.example.com TXT \"v=STSv1; id=20260101;\"
        _smtp._tls.example.com TXT \"v=TLSRPTv1; rua=mailto:tls@example.com\"
    ";
    const GOOD: &str = "version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800\n";

    fn page(status: u16, body: &str) -> What {
        let content_type = Some("text/plain".to_owned());
        serde_json::from_value(serde_json::json!({
            "what": "page", "status": status, "content_type": content_type, "body": body,
        }))
        .unwrap()
    }

    fn verdict(zone: &str, what: Option<What>) -> Verdict {
        let url = "https://mta-sts.example.com/.well-known/mta-sts.txt".to_owned();
        let brought = what.map(|what| {
            let at = jiff::Timestamp::UNIX_EPOCH;
            (Errand::Https { url, follow: false }, Brought { what, at, elapsed_ms: 1 })
        });
        judge_with(&RULE, "example.com", zone, brought)
    }

    fn only(zone: &str, what: Option<What>) -> Finding {
        match verdict(zone, what) {
            Verdict::Found(mut all) if all.len() == 1 => all.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_policy_passes_and_an_unread_one_is_unknown() {
        assert!(matches!(verdict(MAIL, Some(page(200, GOOD))), Verdict::Pass));
        assert!(matches!(verdict(MAIL, None), Verdict::Unknown(_)));
        assert!(matches!(verdict("_mta-sts.example.com SERVFAIL", None), Verdict::Unknown(_)));
        assert!(matches!(verdict("example.com MX 10 mx1.example.com", None), Verdict::NotApplicable));
    }

    #[test]
    fn what_is_wrong_does_not_hide_what_is_not_known() {
        let found = only(&MAIL.replace("mailto:tls@", "tls@"), None);
        assert!(found.title.contains("TLS report") && found.open[0].question().contains("policy"));
    }

    #[test]
    fn a_policy_that_leaves_out_a_server() {
        let zone = format!("{MAIL}\nexample.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.2");
        let finding = only(&zone, Some(page(200, GOOD)));
        assert_eq!(finding.severity, Severity::High);
        assert!(finding.explanation.contains("mx2.example.com"));
        assert!(finding.fix.unwrap().steps.iter().any(|s| s.contains("mx: mx2.example.com")));
        let testing = GOOD.replace("enforce", "testing");
        assert_eq!(only(&zone, Some(page(200, &testing))).severity, Severity::Low);
    }

    #[test]
    fn a_policy_nobody_can_fetch_or_read() {
        let failed = |step| What::Failed { step, why: "expired".into() };
        for what in [page(404, ""), page(301, ""), page(200, "<html>"), failed(Step::Certificate), failed(Step::Name)] {
            assert_eq!(only(MAIL, Some(what.clone())).severity, Severity::Medium, "{what:?}");
        }
        // Silence may be ours.
        assert!(matches!(verdict(MAIL, Some(failed(Step::Timeout))), Verdict::Unknown(_)));
    }

    #[test]
    fn records_are_looked_over() {
        let bad = MAIL.replace("id=20260101", "id=2026-01-01");
        assert_eq!(only(&bad, None).severity, Severity::Low);
        let bad = MAIL.replace("mailto:tls@", "tls@");
        assert!(only(&bad, Some(page(200, GOOD))).title.contains("TLS report"));
        let none = MAIL.replace("_smtp._tls", "other");
        assert_eq!(only(&none, Some(page(200, GOOD))).severity, Severity::Info);
    }

    /// What the host shows on port 25 where its record in a signed zone is `pin`.
    fn shows(pin: &str, chain: Option<Vec<String>>) -> Verdict {
        let zone = format!(
            "example.com SIGNED\nexample.com DS 1 13 2 00ff\nexample.com SOA ns.example.net h.example.com 1 1 1 1 1\n\
             example.com MX 10 mx1.example.com\nmx1.example.com A 192.0.2.1\n_25._tcp.mx1.example.com TLSA {pin}"
        );
        let input = Input::read("-", &b"example.com"[..], None).unwrap();
        let said = Said { check: Wish { probe_mx: chain.is_some(), ..Wish::default() }, ..Said::default() };
        let evidence = Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, false);
        let mut evidence = crate::samples::settle(evidence, &Zone::parse(&zone).unwrap());
        let gather = |evidence: Evidence| {
            let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
            Facts::gather(Arc::new(evidence), reading)
        };
        for errand in gather(evidence.clone()).errands {
            let tls = Tls {
                version: Some("TLSv1.3".into()),
                fault: None,
                chain: chain.clone().unwrap_or_default(),
                ..Tls::default()
            };
            let talk = Talk { greeting: Some("220 x".into()), tls: Some(tls), ..Talk::default() };
            evidence.fetched.insert(errand, Brought { what: What::Talk(talk), at: evidence.now, elapsed_ms: 1 });
        }
        judge(&gather(evidence))
    }

    #[test]
    fn tlsa_is_held_against_the_certificate_the_host_shows() {
        let shown = vec![certificate::tests::until(2030, 1, 1)];
        let own = certificate::Certificate::read(&shown[0]).unwrap();
        let (key, whole) = (HEXLOWER.encode(&Sha256::digest(&own.key)), HEXLOWER.encode(&Sha512::digest(&own.der)));
        let other = "ab".repeat(32);
        for pin in [
            format!("3 1 1 {key}"),
            format!("3 0 2 {whole}"),
            format!("2 1 1 {key}"),
            format!("3 0 0 {}", HEXLOWER.encode(&own.der)),
        ] {
            assert!(matches!(shows(&pin, Some(shown.clone())), Verdict::Pass), "{pin}");
        }
        for pin in [format!("3 1 1 {other}"), format!("2 0 1 {other}"), format!("3 0 1 {key}")] {
            let Verdict::Found(found) = shows(&pin, Some(shown.clone())) else { panic!("{pin}") };
            assert_eq!((found.len(), found[0].severity), (1, Severity::High));
        }
        // An authority that the record holds whole need not be shown; what was not seen is not known.
        assert!(matches!(shows("2 0 0 3003020100", Some(shown)), Verdict::Pass));
        assert!(matches!(shows(&format!("3 1 1 {other}"), Some(vec![])), Verdict::Unknown(_)));
        assert!(matches!(shows(&format!("3 1 1 {other}"), None), Verdict::Unknown(_)));
    }

    #[test]
    fn tlsa_needs_signatures_and_a_usage_that_mail_knows() {
        let plain = "example.com MX 10 mx1.example.com\nmx1.example.com A 192.0.2.1\n";
        let pin = format!("_25._tcp.mx1.example.com TLSA 3 1 1 {}\n", "ab".repeat(32));
        let signed =
            "example.com SIGNED\nexample.com DS 1 13 2 00ff\nexample.com SOA ns.example.net h.example.com 1 1 1 1 1\n";
        let unsigned = only(&["example.com SOA ns.example.net h.example.com 1 1 1 1 1\n", plain, &pin].concat(), None);
        assert!(unsigned.severity == Severity::Low && unsigned.explanation.contains("not signed"));
        let old = format!("_25._tcp.mx1.example.com TLSA 1 1 1 {}\n{signed}", "ab".repeat(32));
        assert_eq!(only(&[plain, &old].concat(), None).severity, Severity::Low);
        // So a pasted one; other services take other usages.
        let pasted = |name: &str, usage: u8| {
            super::super::testing::judge(&RULE, &format!("{name} IN TLSA {usage} 0 1 {}", "ab".repeat(32)), None)
        };
        for usage in [0, 1] {
            let Verdict::Found(found) = pasted("_25._tcp.mx1.example.com.", usage) else { panic!("{usage}") };
            assert!(found[0].title.ends_with("are of no use") && found[0].explanation.contains("usage 0 and 1"));
        }
        assert!(matches!(pasted("_25._tcp.mx1.example.com.", 3), Verdict::Pass));
        assert!(matches!(pasted("_443._tcp.www.example.com.", 1), Verdict::NotApplicable));
        // No answer is not none.
        let silent = verdict(&[plain, "_25._tcp.mx1.example.com TIMEOUT\n", signed].concat(), None);
        assert!(matches!(silent, Verdict::Unknown(_)), "{silent:?}");
        // One that is cut short stands beside a good one.
        let short = "_25._tcp.mx1.example.com TLSA 3 1 1 abababababababababab\n";
        let part = only(&[plain, &pin, short, signed].concat(), None);
        assert!(part.title.contains("in part") && part.explanation.contains("32 bytes"), "{}", part.explanation);
    }
}
