use crate::facts::Facts;
use crate::facts::report::tls::Failure;
use crate::facts::report::{Received, TlsReport};
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::shell::command;
use std::collections::BTreeMap;

rule! {
    /// Senders could not deliver over TLS as your policy asks
    ///
    /// ## What we saw
    /// A TLS report counts sessions to your mail hosts that failed: no STARTTLS, a certificate that does not fit, TLSA
    /// records that do not match, or an MTA-STS policy that could not be read.
    ///
    /// ## Why mail suffers
    /// Under an enforced MTA-STS policy, or with TLSA records published, the sender must not deliver to such a host: mail
    /// to you waits and may be returned. In testing mode it is delivered all the same, and the report is the warning. A
    /// policy that could not be had stops nothing: the sender goes by an older copy, or delivers without any.
    ///
    /// ## How to fix it
    /// By what failed: a certificate is renewed or issued for the MX host's own name; TLSA records follow each new key before it
    /// is used; the policy names every MX host and is served over HTTPS with a valid certificate.
    ///
    /// ## How to check
    /// The check of the domain reads its policy, its TLSA records and, with --probe-mx, what its mail hosts really offer.
    pub RULE = "tls-report-failures", Report, Medium, judge, ["RFC 8460 §4.3", "RFC 8461 §3.3", "RFC 8461 §5", "RFC 7672 §2.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = facts.reading.report.as_ref().and_then(Received::tls) else { return Verdict::NotApplicable };
    // By kind, in the order of first mention; the domain of a report is one (RFC 8460 §4.1).
    let mut kinds: BTreeMap<(&str, bool), Vec<(usize, &Failure)>> = BTreeMap::new();
    let mut enforced = BTreeMap::new();
    let mut unexplained = 0_u64;
    for (n, outcome) in report.policies.items.iter().enumerate() {
        let details = &outcome.failure_details.items;
        if details.is_empty() {
            unexplained = unexplained.saturating_add(outcome.summary.failed);
        }
        for failure in details {
            let kind = failure.result_type.as_deref().unwrap_or("unknown");
            // RFC 8460 has no type of its own for a host that the policy does not name.
            let host = failure.receiving_mx_hostname.as_deref().filter(|_| kind == "validation-failure");
            let kind = (kind, host.and_then(|host| outcome.names(host)) == Some(false));
            kinds.entry(kind).or_default().push((n + 1, failure));
            let worst = enforced.entry(kind).or_insert(Some(false));
            *worst = match (*worst, outcome.enforced()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                _ => Some(false),
            };
        }
    }
    let findings =
        kinds.iter().map(|(kind, failures)| find(report, *kind, failures, enforced.get(kind).copied().flatten()));
    let gap =
        Gap::new(format!("Why did {unexplained} sessions fail?"), "a report that lists its failures (failure-details)");
    Verdict::of(findings.collect(), (unexplained > 0).then_some(gap).into_iter().collect())
}

fn find(
    report: &TlsReport,
    (kind, unnamed): (&str, bool),
    failures: &[(usize, &Failure)],
    enforced: Option<bool>,
) -> Finding {
    let domain = report.domain();
    let count = failures.iter().fold(0_u64, |sum, (_, f)| sum.saturating_add(f.count));
    let mut hosts: Vec<&str> = failures.iter().filter_map(|(_, f)| f.receiving_mx_hostname.as_deref()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let at = match hosts[..] {
        [] => domain.to_owned(),
        [one] => one.to_owned(),
        [first, ..] => format!("{first} and {} more hosts", hosts.len() - 1),
    };
    let (what, cure) = if unnamed { UNNAMED } else { meaning(kind) };
    let (severity, fate) = match enforced {
        _ if failures.iter().all(|(_, f)| f.is_of_the_policy()) => (
            Severity::Medium,
            "No mail is kept out by that: the sender goes by a copy it still has, or delivers as if there were no policy.",
        ),
        Some(true) => (
            Severity::High,
            "The policy is enforced, so nothing was delivered in these sessions; the sender tries another host, or later.",
        ),
        Some(false) => (Severity::Medium, "The policy is not enforced, so the mail was delivered all the same."),
        None => (Severity::Medium, "The report does not say whether the policy is enforced."),
    };
    let sessions = if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") };
    let exhibits = failures.iter().take(3).map(|(n, f)| Exhibit::report(format!("policy {n}"), line(f), "failed"));
    let title = failure::title([
        format_args!("{sessions} to {at} failed: {what}"),
        format_args!("{sessions} failed: {what}"),
        format_args!("Senders could not use TLS as your policy asks"),
    ]);
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Certain, "the sender says what it met")
        .explain(format!(
            "{} could not use TLS with {domain} as its policy asks: {what} ({kind}). {fate}",
            report.reporter()
        ))
        .exhibits(exhibits)
        .fix(Remedy::new(cure.replace("<domain>", domain)))
        .check(command!("postdoc check {} --probe-mx", domain), "no finding on TLS, TLSA or MTA-STS")
}

/// A failure on one line, in the report's own words.
fn line(f: &Failure) -> String {
    let parts = [
        ("result-type", &f.result_type),
        ("receiving-mx-hostname", &f.receiving_mx_hostname),
        ("receiving-ip", &f.receiving_ip),
        ("sending-mta-ip", &f.sending_mta_ip),
        ("failure-reason-code", &f.failure_reason_code),
        ("additional-information", &f.additional_information),
    ];
    let said = parts.iter().filter_map(|(name, value)| Some(format!("{name}={} ", value.as_ref()?)));
    said.collect::<String>() + &format!("failed-session-count={}", f.count)
}

/// A mail host that stands in no mx line of the policy.
const UNNAMED: (&str, &str) = (
    "the MTA-STS policy does not name the host",
    "Add an mx line for the host to https://mta-sts.<domain>/.well-known/mta-sts.txt, then change the id in _mta-sts.<domain>; or take the host out of MX",
);

/// What a result type means, and what cures it (RFC 8460 §4.3).
fn meaning(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "starttls-not-supported" => (
            "no STARTTLS offered",
            "Switch on STARTTLS at this host, and look whether a firewall takes it out of the dialogue",
        ),
        "certificate-host-mismatch" => (
            "the certificate is for another name",
            "Issue the certificate for the MX host's own name, as it stands in the MX record",
        ),
        "certificate-expired" => {
            ("the certificate has expired", "Renew the certificate and let renewal reload the mail server")
        }
        "certificate-not-trusted" => (
            "the certificate is not trusted",
            "Use a certificate of a public authority, and serve its intermediate certificates with it",
        ),
        "validation-failure" => (
            "the certificate does not validate",
            "Look at the certificate chain that the host serves: name, dates, authority, intermediates",
        ),
        "tlsa-invalid" => (
            "the TLSA records do not match",
            "Publish the TLSA record of the key in use; publish a new one before the key changes",
        ),
        "dnssec-invalid" => {
            ("DNSSEC does not validate", "Mend the signatures of the zone or the DS record at its parent")
        }
        "dane-required" => (
            "DANE is required and no usable TLSA record is there",
            "Publish TLSA records for every MX host, in a signed zone",
        ),
        "sts-policy-fetch-error" => (
            "the MTA-STS policy could not be fetched",
            "Serve https://mta-sts.<domain>/.well-known/mta-sts.txt with status 200 and no redirection",
        ),
        "sts-policy-invalid" => (
            "the MTA-STS policy cannot be read",
            "Write the policy as RFC 8461 asks: version, mode, one mx line for every host, max_age",
        ),
        "sts-webpki-invalid" => (
            "the policy host's certificate does not validate",
            "Give mta-sts.<domain> a valid certificate of a public authority",
        ),
        _ => ("it says no more", "Ask the sender for details: the report names a contact"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, only, other};
    use super::*;

    fn told(mode: &str, details: &str, failed: u64) -> Facts {
        let text = format!(
            r#"{{"organization-name":"sender.example","report-id":"1","policies":[{{"policy":{{"policy-type":"sts","policy-string":["version: STSv1","mode: {mode}"],"policy-domain":"example.com"}},
            "summary":{{"total-successful-session-count":5,"total-failure-session-count":{failed}}},"failure-details":[{details}]}}]}}"#
        );
        facts(&text, None)
    }

    const EXPIRED: &str =
        r#"{"result-type":"certificate-expired","receiving-mx-hostname":"mx.example.com","failed-session-count":3}"#;

    #[test]
    fn a_failure_is_told_with_its_cure_and_its_weight() {
        let found = only(judge(&told("enforce", EXPIRED, 3)));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::High, "3 sessions to mx.example.com failed: the certificate has expired")
        );
        assert!(found.fix.unwrap().summary.starts_with("Renew"));
        assert_eq!(only(judge(&told("testing", EXPIRED, 3))).severity, Severity::Medium);
        let other = EXPIRED.replace("certificate-expired", "quantum");
        assert!(only(judge(&told("none", &other, 3))).explanation.contains("(quantum)"));
    }

    #[test]
    fn a_policy_that_is_not_to_be_had_keeps_nothing_out() {
        let fetch = EXPIRED.replace("certificate-expired", "sts-policy-fetch-error");
        let found = only(judge(&told("enforce", &fetch, 3)));
        assert_eq!(found.severity, Severity::Medium);
        assert!(found.explanation.contains("No mail is kept out"), "{}", found.explanation);
    }

    #[test]
    fn a_host_that_the_policy_does_not_name() {
        let invalid = EXPIRED.replace("certificate-expired", "validation-failure");
        let fix = |mode: &str| only(judge(&told(mode, &invalid, 3))).fix.unwrap().summary;
        assert!(fix("enforce\",\"mx: mx1.example.com").starts_with("Add an mx line"));
        assert!(fix("enforce\",\"mx: *.example.com").starts_with("Look at the certificate chain"));
        assert!(fix("enforce").starts_with("Look at the certificate chain"), "the report does not tell");
    }

    #[test]
    fn passes_unknown_not_applicable() {
        assert!(matches!(judge(&told("enforce", "", 0)), Verdict::Pass));
        assert!(matches!(judge(&told("enforce", "", 4)), Verdict::Unknown(_)));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
