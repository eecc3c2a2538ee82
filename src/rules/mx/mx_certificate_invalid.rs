use super::hosts::{self, Judged};
use crate::evidence::errand::{Step, Talk, Tls};
use crate::facts::Facts;
use crate::facts::domain::certificate::Certificate;
use crate::facts::domain::probe::Host;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Verdict, rule};
use jiff::Timestamp;

rule! {
    /// The certificate of a mail host is not valid for its name
    ///
    /// ## What we saw
    /// One of the domain's mail hosts speaks TLS on port 25, but its certificate has expired or is about to, is made out to
    /// another name than the MX record gives, or is vouched for by nobody who is trusted.
    ///
    /// ## Why mail suffers
    /// Most senders encrypt whenever they can and do not look at the certificate, so most mail still comes. Those that are
    /// told to look do not deliver: senders of a domain with an MTA-STS policy in mode enforce, and those whose
    /// administrators demand it.
    ///
    /// ## How to fix it
    /// Get a certificate for the very name in the MX record, serve it with its whole chain, and have it renewed by itself.
    /// Reload the mail server after each renewal; a forgotten reload is the usual cause of an expired one.
    ///
    /// ## How to check
    /// `openssl s_client -starttls smtp -connect HOST:25 -verify_hostname HOST` ends with "Verify return code: 0 (ok)".
    pub RULE = "mx-certificate-invalid", Mx, Low, judge,
    ["RFC 7435 §3", "RFC 8461 §4.1", "RFC 7672 §3.1.3"]
}

fn judge(facts: &Facts) -> Verdict {
    hosts::each(facts, |host, talk| look(host, talk, facts.evidence.now))
}

fn look(host: &Host, talk: &Talk, now: Timestamp) -> Judged {
    match &talk.tls {
        Some(Tls { version: Some(_), fault: None, chain, .. }) => {
            let own = chain.first().and_then(|own| Certificate::read(own));
            match own.and_then(|own| Some((own.ends_soon(now)?, own.until))) {
                Some((days, until)) => ending(host, days, until),
                None => Judged::Pass,
            }
        }
        Some(Tls { version: Some(_), fault: Some((step, why)), .. }) => found(host, *step, why),
        // No handshake, no certificate: another rule's matter.
        Some(Tls { version: None, .. }) => Judged::Pass,
        None if talk.broke.is_none() => Judged::Pass,
        None => Judged::Unknown(format!("Is the certificate of {} valid?{}", host.name, hosts::why(host))),
    }
}

fn found(host: &Host, step: Step, why: &str) -> Judged {
    let what = match step {
        Step::CertificateName => "certificate is for another name",
        _ => "certificate is not valid",
    };
    let name = &host.name;
    let finding = Finding::new(&RULE, format!("{name}: the {what}"))
        .explain(format!(
            "On port 25 of {name}, {why}. Most senders encrypt and do not look at the certificate; those that are told to \
             look, by an MTA-STS policy or their own rules, do not deliver."
        ))
        .exhibit(Exhibit::fetched(&host.errand, why, "what is wrong with the certificate"))
        .fix(
            Remedy::new(format!("Get a certificate for {name}, and serve it with its whole chain."))
                .step(format!("Ask any authority (Let's Encrypt, for example) for a certificate that names {name}, the name in the MX record."))
                .step("Let the mail server send the intermediate certificates too (fullchain.pem, not cert.pem).")
                .step("Have it renewed by itself, and the mail server reloaded after each renewal.")
                .step("If the host is your provider's, the MX record may name it differently than the provider asks: copy the name from its instructions."),
        )
        .check(host.errand.command(), "Verify return code: 0 (ok)");
    Judged::Found(Box::new(finding))
}

/// Good today; a renewal that works by itself would have been done.
fn ending(host: &Host, days: i64, until: Timestamp) -> Judged {
    let (name, day) = (&host.name, until.strftime("%Y-%m-%d"));
    let left = match days {
        0 => "within a day".to_owned(),
        1 => "in a day".to_owned(),
        days => format!("in {days} days"),
    };
    let finding = Finding::new(&RULE, format!("{name}: the certificate expires {left}"))
        .explain(format!(
            "The certificate on port 25 of {name} is good until {day}. One that is renewed by itself is renewed weeks before; \
             once it has expired, senders that look at it do not deliver."
        ))
        .exhibit(Exhibit::fetched(&host.errand, format!("valid until {day}"), "what the certificate says"))
        .fix(
            Remedy::new(format!("Renew the certificate of {name} before {day}, and find out why that was not done by itself."))
                .step("If a new one lies on the disk already, only the mail server has to be reloaded.")
                .step("Let the renewal reload the mail server from now on."),
        )
        .check(host.errand.command(), "a certificate with a later end, and Verify return code: 0 (ok)");
    Judged::Found(Box::new(finding))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn certificate(step: Step, why: &str) -> Facts {
        told(|talk| talk.tls.as_mut().unwrap().fault = Some((step, why.into())))
    }

    #[test]
    fn a_bad_certificate_is_found() {
        let found = only(judge(&certificate(Step::CertificateName, "the certificate is for mail.host.example")));
        assert_eq!(found.title, "mx.example.com: the certificate is for another name");
        assert!(found.explanation.contains("mail.host.example"));
        let found = only(judge(&certificate(Step::Certificate, "the certificate expired on 2026-05-01")));
        assert_eq!(found.title, "mx.example.com: the certificate is not valid");
    }

    #[test]
    fn one_that_ends_soon_is_found_and_one_that_lasts_is_not() {
        let until = |month, day| {
            let own = crate::facts::domain::certificate::tests::until(2026, month, day);
            judge(&told(|talk| talk.tls.as_mut().unwrap().chain = vec![own.clone()]))
        };
        assert_eq!(only(until(6, 20)).title, "mx.example.com: the certificate expires in 9 days");
        assert!(matches!(until(8, 1), Verdict::Pass));
    }

    #[test]
    fn passes_is_unknown_and_does_not_apply() {
        assert!(matches!(judge(&told(|_| {})), Verdict::Pass));
        // Without TLS there is no certificate to judge.
        assert!(matches!(judge(&told(|talk| talk.tls = None)), Verdict::Pass));
        assert!(matches!(judge(&told(|talk| talk.tls = failed(Step::Tls, "alert"))), Verdict::Pass));
        assert!(matches!(judge(&unreachable()), Verdict::Unknown(_)));
        let cut = |talk: &mut Talk| {
            talk.tls = None;
            talk.broke = Some((Step::Answer, "hung up".into()));
        };
        assert!(matches!(judge(&told(cut)), Verdict::Unknown(_)));
        assert!(matches!(judge(&unwished()), Verdict::NotApplicable));
    }
}
