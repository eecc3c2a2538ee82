use super::hosts::{self, Judged};
use crate::evidence::errand::{Step, Talk, Tls};
use crate::facts::Facts;
use crate::facts::domain::probe::Host;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Verdict, rule};

rule! {
    /// The certificate of a mail host is not valid for its name
    ///
    /// ## What we saw
    /// One of the domain's mail hosts speaks TLS on port 25, but its certificate has expired, is made out to another name than
    /// the MX record gives, or is vouched for by nobody who is trusted.
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
    hosts::each(facts, look)
}

fn look(host: &Host, talk: &Talk) -> Judged {
    match &talk.tls {
        Some(Tls { version: Some(_), fault: None }) => Judged::Pass,
        Some(Tls { version: Some(_), fault: Some((step, why)) }) => found(host, *step, why),
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

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn certificate(step: Step, why: &str) -> Facts {
        told(|talk| talk.tls = Some(Tls { version: Some("TLSv1.3".into()), fault: Some((step, why.into())) }))
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
