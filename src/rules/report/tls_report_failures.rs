use crate::facts::Facts;
use crate::facts::report::tls::{Failure, Outcome};
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
    /// By what failed: a certificate is renewed or issued for the MX host's own name; the policy names every MX host and is
    /// served over HTTPS with a valid certificate. Under DANE the TLSA record for a new key is published before the key is
    /// used; with usage 3 the key alone counts, and a renewal that changes it breaks what it was to mend.
    ///
    /// ## How to check
    /// The check of the domain reads its policy, its TLSA records and, with --probe-mx, what its mail hosts really offer.
    pub RULE = "tls-report-failures", Report, Medium, judge,
    ["RFC 8460 §4.3", "RFC 8461 §3.3", "RFC 8461 §5", "RFC 7672 §2.2", "RFC 7672 §3.1", "RFC 7671 §8"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = facts.reading.report.as_ref().and_then(Received::tls) else { return Verdict::NotApplicable };
    // By kind, in the order of first mention; the domain of a report is one (RFC 8460 §4.1).
    let mut kinds: BTreeMap<(&str, Why), Vec<(usize, &Failure)>> = BTreeMap::new();
    let mut enforced = BTreeMap::new();
    let mut unexplained = 0_u64;
    for (n, outcome) in report.policies.items.iter().enumerate() {
        let details = &outcome.failure_details.items;
        if details.is_empty() {
            unexplained = unexplained.saturating_add(outcome.summary.failed);
        }
        for failure in details {
            let kind = failure.result_type.as_deref().unwrap_or("unknown");
            let kind = (kind, Why::of(kind, outcome, failure));
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

/// What is known beyond the type of a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why<'r> {
    Type,
    /// A failure of the general type whose reason, in the sender's words, is a certificate.
    Certificate,
    /// The MTA-STS policy does not name the host: RFC 8460 has no type of its own for that.
    Unnamed,
    /// A failure of the general type whose reason, in the sender's words, is no certificate.
    Said(&'r str),
    /// A certificate that was held against TLSA records; `anchored` where one of them names an authority (usage 2).
    Dane {
        anchored: bool,
    },
}

impl Why<'_> {
    fn of<'r>(kind: &str, outcome: &Outcome, failure: &'r Failure) -> Why<'r> {
        // The type for whatever has none of its own; the reason code then tells (RFC 8460 §4.3.4).
        let general = kind == GENERAL;
        let host = failure.receiving_mx_hostname.as_deref().filter(|_| general);
        if host.and_then(|host| outcome.names(host)) == Some(false) {
            return Why::Unnamed;
        }
        let code = failure.failure_reason_code.as_deref().map(str::trim).filter(|code| general && !code.is_empty());
        if let Some(code) = code.filter(|code| !is_of_certificate(code)) {
            return Why::Said(code);
        }
        let certificate = general || kind.starts_with("certificate-");
        match outcome.usages().filter(|_| certificate) {
            Some(mut usages) => Why::Dane { anchored: usages.any(|usage| usage == 2) },
            None if code.is_some() => Why::Certificate,
            None => Why::Type,
        }
    }
}

const GENERAL: &str = "validation-failure";

/// Do the sender's own words speak of a certificate?
fn is_of_certificate(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    ["cert", "x509", "chain", "issuer", "verif", "trust", "match", "tlsa"].iter().any(|word| code.contains(word))
}

fn find(
    report: &TlsReport,
    (kind, why): (&str, Why),
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
    let said;
    let (what, cure) = match why {
        Why::Type => meaning(kind),
        Why::Certificate => CERTIFICATE,
        Why::Unnamed => UNNAMED,
        Why::Said(code) => {
            said = format!("the reason given is “{}”", code.chars().take(60).collect::<String>());
            (said.as_str(), SAID)
        }
        Why::Dane { anchored } => dane(kind, anchored),
    };
    let sure = match why {
        Why::Certificate => {
            (Confidence::Likely, "the sender's reason speaks of a certificate, and not of what is wrong with it")
        }
        Why::Dane { .. } => {
            (Confidence::Likely, "the sender says what it met, and not which record it held it against")
        }
        _ => (Confidence::Certain, "the sender says what it met"),
    };
    let rule = match why {
        Why::Dane { anchored: true } => {
            " A record of usage 2 names an authority: name and dates of the certificate below it count."
        }
        Why::Dane { anchored: false } => {
            " Under a TLSA record of usage 3 name, dates and issuer of the certificate do not count, the key alone does: most \
             likely the key was changed, and the record was not."
        }
        _ => "",
    };
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
    let fix = Remedy::new(cure.replace("<domain>", domain));
    let exhibits = failures.iter().take(3).map(|(n, f)| Exhibit::report(format!("policy {n}"), line(f), "failed"));
    let title = failure::title([
        format_args!("{sessions} to {at} failed: {what}"),
        format_args!("{sessions} failed: {what}"),
        format_args!("Senders could not use TLS as your policy asks"),
    ]);
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(sure.0, sure.1)
        .explain(format!(
            "{} could not use TLS with {domain} as its policy asks: {what} ({kind}).{rule} {fate}",
            report.reporter()
        ))
        .exhibits(exhibits)
        .fix(match why {
            Why::Dane { anchored } => fix.step(if anchored { SAME_AUTHORITY } else { FIRST_THE_RECORD }).step(NEXT_KEY),
            _ => fix,
        })
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

/// A certificate that failed in some way.
const CERTIFICATE: (&str, &str) = (
    "the certificate does not validate",
    "Look at the certificate chain that the host serves: name, dates, authority, intermediates",
);

/// A reason that only the server's own log explains.
const SAID: &str = "Look into the log of this host for these sessions, and check that it answers on port 25 and ends the TLS handshake";

/// What a certificate that failed under DANE means, and what cures it: usage 3 looks at the key alone (RFC 7672 §3.1.1),
/// usage 2 also at name and dates (§3.1.2).
fn dane(kind: &str, anchored: bool) -> (&'static str, &'static str) {
    match kind {
        "certificate-host-mismatch" | "certificate-expired" if anchored => meaning(kind),
        _ if anchored => (
            "the certificate does not fit the TLSA records",
            "Compare the TLSA records with the certificates that the host shows: the authority's own has to be among them",
        ),
        _ => (
            "the certificate does not fit the TLSA records",
            "Compare the TLSA records with the key that the host shows, and publish one for the key in use beside the old",
        ),
    }
}

const FIRST_THE_RECORD: &str = "Do not renew before that: a certificate with another key fails for everyone who honours DANE until a record names that key.";
const SAME_AUTHORITY: &str =
    "Let the authority that the TLSA record names issue the certificate; for another one publish a record first.";
/// RFC 7671 §8.1, §8.4.
const NEXT_KEY: &str = "From then on publish the record of the next key or authority at least two TTLs before it is used, or \
    let renewals keep the key (certbot: --reuse-key).";

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
        // A general failure, of whatever has no type of its own (RFC 8460 §4.3.4).
        GENERAL => (
            "the sender does not say what failed",
            "See what the host offers: STARTTLS, the handshake, its certificate; where all is well, ask the sender: the report names a contact",
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

    /// Facts of a report on a policy of this type and these lines.
    fn of(kind: &str, lines: &str, details: &str, failed: u64) -> Facts {
        let text = format!(
            r#"{{"organization-name":"sender.example","report-id":"1","policies":[{{"policy":{{"policy-type":"{kind}","policy-string":["{lines}"],"policy-domain":"example.com"}},
            "summary":{{"total-successful-session-count":5,"total-failure-session-count":{failed}}},"failure-details":[{details}]}}]}}"#
        );
        facts(&text, None)
    }

    fn told(mode: &str, details: &str, failed: u64) -> Facts {
        of("sts", &format!("version: STSv1\",\"mode: {mode}"), details, failed)
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
        assert!(fix("enforce\",\"mx: *.example.com").starts_with("See what the host offers"));
        assert!(fix("enforce").starts_with("See what the host offers"), "the report does not tell");
    }

    fn under(pin: &str, details: &str) -> Facts {
        of("tlsa", pin, details, 3)
    }

    #[test]
    fn under_dane_the_record_comes_before_the_certificate() {
        for kind in
            ["certificate-expired", "certificate-host-mismatch", "certificate-not-trusted", "validation-failure"]
        {
            for pin in ["3 1 1 abcd", "odd"] {
                let found = only(judge(&under(pin, &EXPIRED.replace("certificate-expired", kind))));
                assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely), "{kind}");
                assert!(found.title.ends_with("does not fit the TLSA records"), "{}", found.title);
                assert!(found.explanation.contains("dates and issuer of the certificate do not count"), "{kind}");
                let fix = found.fix.unwrap();
                assert!(fix.summary.starts_with("Compare the TLSA records with the key"), "{kind}: {}", fix.summary);
                assert!(fix.steps[0].starts_with("Do not renew before that"), "{:?}", fix.steps);
            }
        }
        // Usage 2 looks at name and dates too.
        let found = only(judge(&under("2 0 1 abcd", EXPIRED)));
        assert!(
            found.title.ends_with("has expired") && found.explanation.contains("name and dates of the certificate")
        );
        let fix = found.fix.unwrap();
        assert!(fix.summary.starts_with("Renew") && fix.steps[0].starts_with("Let the authority"), "{fix:?}");
        let found = only(judge(&under("2 0 1 abcd", &EXPIRED.replace("expired", "not-trusted"))));
        assert!(found.fix.unwrap().summary.contains("the authority's own has to be among them"));
        let missing = EXPIRED.replace("certificate-expired", "starttls-not-supported");
        assert!(only(judge(&under("3 1 1 abcd", &missing))).title.ends_with("no STARTTLS offered"));
    }

    #[test]
    fn the_reason_code_of_the_general_type_counts() {
        let coded = |code: &str| {
            let details = EXPIRED.replace("certificate-expired", "validation-failure");
            details.replace("\"failed-", &format!("\"failure-reason-code\":\"{code}\",\"failed-"))
        };
        for facts in
            [told("enforce", &coded("connection timed out"), 3), under("3 1 1 ab", &coded("connection timed out"))]
        {
            let found = only(judge(&facts));
            assert!(found.title.ends_with("the reason given is “connection timed out”"), "{}", found.title);
            assert!(found.fix.unwrap().summary.contains("answers on port 25"));
        }
        let found = only(judge(&told("enforce", &coded("certificate verify failed"), 3)));
        assert!(found.title.ends_with("the certificate does not validate"), "{}", found.title);
        assert!(found.fix.unwrap().summary.starts_with("Look at the certificate chain"));
        assert_eq!(found.confidence, Confidence::Likely);
        let found = only(judge(&told("enforce", &coded(" "), 3)));
        assert!(found.title.ends_with("the sender does not say what failed"), "{}", found.title);
    }

    #[test]
    fn passes_unknown_not_applicable() {
        assert!(matches!(judge(&told("enforce", "", 0)), Verdict::Pass));
        assert!(matches!(judge(&told("enforce", "", 4)), Verdict::Unknown(_)));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
