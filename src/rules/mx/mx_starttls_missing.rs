use super::hosts::{self, Judged};
use crate::evidence::errand::{Step, Talk, Tls};
use crate::facts::Facts;
use crate::facts::domain::probe::{Host, one_line};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, rule};

rule! {
    /// A mail host of the domain does not take mail over TLS
    ///
    /// ## What we saw
    /// One of the domain's mail hosts does not offer STARTTLS, or offers it and then fails. It was asked on port 25, as any
    /// sending server asks.
    ///
    /// ## Why mail suffers
    /// Mail to the domain travels in the clear, for everyone on the way to read, or does not come at all: senders that
    /// insist on TLS, by their own rules or by the domain's MTA-STS or DANE record, refuse to deliver.
    ///
    /// ## How to fix it
    /// Give the mail server a certificate and switch TLS on for incoming mail, TLS 1.2 or newer. If it is on, look at
    /// firewalls: some "SMTP inspections" take the word STARTTLS out of the conversation.
    ///
    /// ## How to check
    /// `openssl s_client -starttls smtp -connect HOST:25` ends in a handshake.
    pub RULE = "mx-starttls-missing", Mx, Medium, judge,
    ["RFC 3207 §4", "RFC 8314 §1", "RFC 8461 §2"]
}

fn judge(facts: &Facts) -> Verdict {
    hosts::each(facts, look)
}

fn look(host: &Host, talk: &Talk) -> Judged {
    let unknown = || Judged::Unknown(format!("Does {} take mail over TLS?{}", host.name, hosts::why(host)));
    match &talk.tls {
        Some(Tls { version: Some(_), .. }) => Judged::Pass,
        // Silence may be the network's.
        Some(Tls { fault: Some((Step::Timeout, _)), .. }) => unknown(),
        Some(Tls { fault: Some((_, why)), .. }) => {
            let title = format!("{} offers STARTTLS and then fails", host.name);
            found(host, title, &one_line(why), "how STARTTLS ended", Confidence::Certain)
        }
        Some(_) => unknown(),
        // A firewall on either side that overwrites what it does not know (Cisco's).
        None if talk.extensions.iter().any(|word| word.starts_with("XXXX")) => unknown(),
        // Offered, and the end came before it could be tried.
        None if talk.extensions.iter().any(|word| word.eq_ignore_ascii_case("STARTTLS")) => unknown(),
        None => {
            let said = match &talk.extensions[..] {
                [] => "no extension at all".to_owned(),
                words => words.join(", "),
            };
            let title = format!("{} does not offer STARTTLS", host.name);
            found(host, title, &said, "what it offers", Confidence::Likely)
        }
    }
}

fn found(host: &Host, title: String, text: &str, label: &'static str, sure: Confidence) -> Judged {
    let because = match sure {
        Confidence::Certain => "the host itself offered it, and that is how it ended",
        _ => "that is what was heard here; a firewall on the way, on either side, can hide it",
    };
    let finding = Finding::new(&RULE, title)
        .sure(sure, because)
        .explain(
            "Mail to the domain travels in the clear, or does not come at all where the sender, or an MTA-STS or DANE record \
             of the domain, insists on TLS.",
        )
        .exhibit(Exhibit::fetched(&host.errand, text, label))
        .fix(
            Remedy::new(format!("Give {} a certificate and switch on TLS 1.2 or newer for incoming mail.", host.name))
                .step("Postfix: smtpd_tls_security_level = may, smtpd_tls_chain_files = the key and the certificate chain.")
                .step("Exim: tls_advertise_hosts = *, tls_certificate and tls_privatekey.")
                .step("If it is on, see whether a firewall in front inspects SMTP and hides it; switch that off."),
        )
        .check(host.errand.command(), "a handshake, and the certificate");
    Judged::Found(Box::new(finding))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn not_offered_refused_and_failed_are_found() {
        let found = only(judge(&told(without)));
        assert_eq!((&*found.title, found.confidence), ("mx.example.com does not offer STARTTLS", Confidence::Likely));
        for why in ["454 4.7.0 TLS not available", "received fatal alert: HandshakeFailure"] {
            let found = only(judge(&told(|talk| talk.tls = failed(Step::Tls, why))));
            assert_eq!(found.title, "mx.example.com offers STARTTLS and then fails");
        }
    }

    fn without(talk: &mut Talk) {
        talk.tls = None;
        talk.extensions = vec!["PIPELINING".into()];
    }

    #[test]
    fn a_bad_certificate_is_another_matter() {
        let bad = |talk: &mut Talk| {
            talk.tls.as_mut().unwrap().fault = Some((Step::Certificate, "expired".into()));
        };
        assert!(matches!(judge(&told(bad)), Verdict::Pass));
    }

    #[test]
    fn silence_and_a_firewall_in_between_are_unknown() {
        let unknown = |facts: Facts| assert!(matches!(judge(&facts), Verdict::Unknown(_)));
        unknown(unreachable());
        unknown(unasked());
        unknown(told(|talk| talk.tls = failed(Step::Timeout, "no end")));
        unknown(told(|talk| {
            talk.tls = None;
            talk.extensions = vec!["PIPELINING".into(), "XXXXXXXA".into()];
        }));
        unknown(told(|talk| talk.tls = None));
        unknown(told(|talk| *talk = Talk { greeting: Some("554 no".into()), ..Talk::default() }));
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&told(|_| {})), Verdict::Pass));
        assert!(matches!(judge(&unwished()), Verdict::NotApplicable));
        assert!(matches!(judge(&null_mx()), Verdict::NotApplicable));
    }
}
