use super::session_advice::{Advice, advice};
use crate::evidence::errand::Step;
use crate::evidence::transcript::{Left, Stop, Transcript};
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// The session with the mail server broke off
    ///
    /// ## What we saw
    /// postdoc was to send a message and did not get through: nobody answered, TLS or the certificate was not what was
    /// asked for, no login was possible, or the server went silent. No server refused anything.
    ///
    /// ## Why mail suffers
    /// The message did not leave. Where the whole of it had been handed over and no answer came, or you stopped it there, it
    /// may have been taken all the same: that is said, because sending it again would make two.
    ///
    /// ## How to fix it
    /// What helps depends on where it broke off: another port, another kind of TLS, the name that stands in the
    /// certificate, a token instead of a password, a network that lets port 25 through.
    ///
    /// ## How to check
    /// The same command, run again, gets to the end.
    pub RULE = "session-broken-off", Bounce, High, judge,
    ["RFC 5321 §4.5.3.2", "RFC 8314 §3.3", "RFC 3207 §4", "RFC 4954 §4", "RFC 7505 §3"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(transcript) = &facts.evidence.transcript else { return Verdict::NotApplicable };
    match &transcript.stop {
        Some(Stop::Broke { step, why, offered }) => found(facts, transcript, *step, why, offered).into(),
        Some(Stop::TimedOut) => {
            found(facts, transcript, Step::Timeout, "the time for the whole session was up", &[]).into()
        }
        Some(Stop::Cancelled) if transcript.left == Left::Maybe => {
            found(facts, transcript, Step::Answer, "you stopped it", &[]).severity(Severity::Info).into()
        }
        // The user knows why.
        Some(Stop::Cancelled) => Verdict::NotApplicable,
        Some(Stop::Refused { .. }) | None => Verdict::Pass,
    }
}

fn found(facts: &Facts, t: &Transcript, step: Step, why: &str, offered: &[String]) -> Finding {
    let Advice { title, summary, steps, check } = advice(t, step, why, offered);
    let left = match t.left {
        Left::No => "The message has not left.",
        Left::Maybe => "The server may have taken the message: look for it before you send it again.",
        Left::Yes => "The message was taken.",
    };
    let recipient = facts.reading.bounce.as_ref().and_then(|b| b.recipients.first());
    let exhibit = recipient.map(|r| Exhibit::input(r.words.as_ref().map_or(r.span, |w| w.span), "what happened"));
    let fix = steps.iter().fold(Remedy::new(summary), |fix, step| fix.step(step.clone()));
    Finding::new(&RULE, title)
        .severity(Severity::High)
        .sure(Confidence::Certain, "postdoc held this session itself")
        .explain(format!("At the stage {} with {}: {why}. {left}", t.stage.word(), t.host))
        .exhibits(exhibit)
        .fix(fix)
        .check(check, "the session goes on")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::transcript::{Security, Stage};
    use crate::evidence::{Evidence, InputKind};
    use crate::facts::Reading;
    use crate::knowledge::certificate;
    use crate::rules::bounce::testing::{facts, only};
    use crate::send::{Draft, Sent, address, evidence, mailbox};
    use std::sync::Arc;

    fn judged(stage: Stage, security: Security, direct: bool, stop: Option<Stop>) -> Verdict {
        judged_as(stage, security, direct, Left::No, stop)
    }

    fn judged_as(stage: Stage, security: Security, direct: bool, left: Left, stop: Option<Stop>) -> Verdict {
        let draft = Draft {
            from: mailbox("ann@news.example").unwrap(),
            mail_from: None,
            to: address("bob@rcpt.example").unwrap(),
            hello: None,
            route: crate::send::Route::read(if direct { "direct" } else { "smtp.news.example" }, None).unwrap().0,
            security,
            insecure: false,
            user: None,
            source: None,
            content: crate::send::Content::Own(b"From: ann@news.example\r\n\r\nx\r\n".as_slice().into()),
        };
        let mut t = Transcript::new(jiff::Timestamp::UNIX_EPOCH, "mx.rcpt.example", security, direct);
        (t.stage, t.stop, t.left) = (stage, stop, left);
        t.address = Some(([192, 0, 2, 25], if direct { 25 } else { 587 }).into());
        let message: Arc<[u8]> = b"From: ann@news.example\r\n\r\nx\r\n".as_slice().into();
        let evidence: Evidence = evidence(&Sent { draft, message, transcript: Arc::new(t) }, true);
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        judge(&Facts::gather(Arc::new(evidence), reading))
    }

    fn broke(step: Step, why: &str) -> Option<Stop> {
        Some(Stop::Broke { step, why: why.into(), offered: vec![] })
    }

    #[test]
    fn each_place_where_it_breaks_off_has_its_title() {
        use Security::{Implicit, None as Plain, Starttls};
        for (stage, security, direct, step, why, title) in [
            (
                Stage::Connect,
                Starttls,
                true,
                Step::Connect,
                "192.0.2.25 port 25: no answer within 3.0 s",
                "Nobody answers on port 25",
            ),
            (
                Stage::Connect,
                Starttls,
                false,
                Step::Connect,
                "192.0.2.25 port 587: refuses connections",
                "Nothing listens on port 587 of mx.rcpt.example",
            ),
            (
                Stage::Connect,
                Starttls,
                false,
                Step::Connect,
                "no answer within 3.0 s",
                "mx.rcpt.example does not answer on port 587",
            ),
            (
                Stage::Route,
                Starttls,
                true,
                Step::Name,
                "rcpt.example takes no mail: it says so with a null MX",
                "There is no server to hand the message to",
            ),
            (
                Stage::Route,
                Starttls,
                true,
                Step::Timeout,
                "the MX of rcpt.example could not be looked up",
                "DNS did not say where the mail goes",
            ),
            (
                Stage::Tls,
                Starttls,
                false,
                Step::Tls,
                "the server does not offer STARTTLS",
                "The server does not offer STARTTLS",
            ),
            (
                Stage::Tls,
                Implicit,
                false,
                Step::Tls,
                "what the other side sends is not TLS",
                "The server does not speak TLS from the first byte here",
            ),
            (
                Stage::Tls,
                Starttls,
                false,
                Step::Tls,
                "the other side ended the handshake with the alert handshake_failure",
                "The TLS handshake failed",
            ),
            (
                Stage::Certificate,
                Starttls,
                false,
                Step::CertificateName,
                "the certificate is for x.example",
                "The certificate is for another name",
            ),
            (
                Stage::Certificate,
                Starttls,
                false,
                Step::Certificate,
                "the certificate has expired",
                "The certificate is not trusted",
            ),
            (
                Stage::Auth,
                Starttls,
                false,
                Step::Answer,
                "the server offers no login (AUTH)",
                "There is no way to log in that both sides know",
            ),
            (
                Stage::Auth,
                Plain,
                false,
                Step::Tls,
                "without TLS everybody in between could read the login: it is not told",
                "The login would be readable on the way",
            ),
            (
                Stage::Mail,
                Starttls,
                false,
                Step::Answer,
                "the address holds more than ASCII, and the server does not offer SMTPUTF8",
                "The server takes no address that holds more than ASCII",
            ),
            (
                Stage::Greeting,
                Starttls,
                false,
                Step::Timeout,
                "waited for the greeting: nothing whole came within 60.0 s",
                "The server does not greet",
            ),
            (Stage::Rcpt, Starttls, false, Step::Answer, "hung up", "The server broke off at RCPT"),
            (Stage::End, Starttls, false, Step::Answer, "hung up", "No answer came to the whole message"),
        ] {
            let found = only(judged(stage, security, direct, broke(step, why)));
            assert_eq!(found.title, title, "{why}");
            assert!(found.title.chars().count() <= 70 && found.exhibits.len() == 1 && found.check.is_some());
            assert!(found.fix.as_ref().is_some_and(|f| !f.summary.is_empty()), "{title}");
        }
        let cure = |why: &str| {
            let found = only(judged(Stage::Certificate, Starttls, false, broke(Step::Certificate, why)));
            let fix = found.fix.unwrap();
            (fix.summary, fix.steps.iter().any(|step| step.contains("--ca-file")))
        };
        assert_eq!(cure(certificate::AUTHORITY), (certificate::cure(certificate::AUTHORITY).to_owned(), false));
        assert!(cure(certificate::UNTRUSTED).1, "an authority of one's own can be named");
        assert_eq!(
            only(judged(Stage::Data, Starttls, false, Some(Stop::TimedOut))).title,
            "The server broke off at DATA"
        );
    }

    #[test]
    fn a_refusal_and_a_message_that_was_taken_are_others_to_judge() {
        let reply = "550 5.7.1 no".to_owned();
        let judged = |stop| judged(Stage::Rcpt, Security::Starttls, false, stop);
        assert!(matches!(judged(Some(Stop::Refused { reply })), Verdict::Pass));
        assert!(matches!(judged(None), Verdict::Pass));
        assert!(matches!(judged(Some(Stop::Cancelled)), Verdict::NotApplicable));
        // Stopped while nobody could say whether it was taken: sent again, it might arrive twice.
        let open = only(judged_as(Stage::End, Security::Starttls, false, Left::Maybe, Some(Stop::Cancelled)));
        assert_eq!(open.severity, Severity::Info);
        assert!(open.explanation.contains("look for it before you send it again"), "{}", open.explanation);
        assert!(matches!(judge(&facts("550 5.7.1 no", InputKind::Reply)), Verdict::NotApplicable));
    }
}
