use super::connection;
use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::received::Hop;
use crate::knowledge::receiver::Noted;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Verdict, rule};

rule! {
    /// The message came to the receiver unencrypted
    ///
    /// ## What we saw
    /// The server that took the message in wrote down how: with SMTP or ESMTP, and no sign of TLS.
    ///
    /// ## Why mail suffers
    /// Gmail asks all senders for TLS and defers or refuses what comes without it (4.7.29, 5.7.29). Everybody on the way can read
    /// such mail.
    ///
    /// ## How to fix it
    /// Let the sending server use STARTTLS wherever it is offered, with TLS 1.2 or newer. In Postfix that is
    /// `smtp_tls_security_level = may`.
    ///
    /// ## How to check
    /// The Received field of a new message says ESMTPS or names a version of TLS.
    pub RULE = "tls-not-used", Source, Medium, judge,
    ["support.google.com/mail/answer/81126", "RFC 3207", "RFC 3848"]
}

/// How the message came into the receiving organization, and whether that was encrypted: `None` where the server did not
/// write down how.
fn encrypted(facts: &Facts, hop: &Hop) -> Option<bool> {
    if hop.tls.is_some() {
        return Some(true);
    }
    // By RFC 3848 these are the words for what is not encrypted; others say nothing.
    let with = hop.with.as_ref()?;
    let plain = matches!(with.value.as_str(), "SMTP" | "ESMTP" | "UTF8SMTP");
    (plain && !connection::leaves_out(facts, hop, Noted::Tls)).then_some(false)
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let Some(hop) = reading.boundary.hop.and_then(|n| reading.hops.get(n)) else { return Verdict::NotApplicable };
    // A filter on the server itself tells of the client that the server had: nothing crossed the net there.
    let inside = hop.by.as_ref().is_some_and(|by| by.value == "localhost");
    let outside = hop.ip.as_ref().is_some_and(|ip| is_public(ip.value)) && !hop.is_submission() && !inside;
    if !outside {
        return Verdict::NotApplicable;
    }
    match encrypted(facts, hop) {
        Some(true) => Verdict::Pass,
        Some(false) => found(facts, hop).into(),
        None => Verdict::unknown(Gap::new(
            "Did the message come to the receiver over TLS?",
            "the log of the sending server",
        )),
    }
}

fn found(facts: &Facts, hop: &Hop) -> Finding {
    let by = hop.by.as_ref().map_or("the receiver", |by| by.value.as_str());
    let span = hop.with.as_ref().map_or(hop.span, |with| with.span);
    // Who notes TLS where there is some would have noted it; of others that is only usual.
    let known = facts.reading.boundary.receiver.as_deref() == Some("gmail");
    let (confidence, because) = match known {
        true => (Confidence::Certain, "Gmail notes the version of TLS wherever it is used"),
        false => (Confidence::Likely, "the server wrote the word for an unencrypted transfer; a few use it for both"),
    };
    Finding::new(&RULE, crate::safe::clip(&format!("The message came to {by} without TLS"), 70))
        .sure(confidence, because)
        .explain(format!(
            "{by} took the message in unencrypted. Gmail asks every sender for TLS; others count it against the sender, and everybody on \
             the way can read along."
        ))
        .exhibit(Exhibit::input(span, "no TLS"))
        .fix(
            Remedy::new("Let the sending server use STARTTLS wherever it is offered.")
                .step("Postfix: smtp_tls_security_level = may. Exim does so by itself unless hosts_avoid_tls names the receiver.")
                .step("If it is on already, look into the server's log: the handshake may fail for its version or cipher."),
        )
        .check("send a new message and look at its Received field", "ESMTPS, or a version of TLS")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn judged(received: &str, server: &str) -> Verdict {
        let text = format!(
            "Received: from a.example.com (a.example.com [192.0.2.4]) by {server} {received}; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
             Authentication-Results: {server}; spf=pass smtp.mailfrom=example.com\r\nFrom: ann@example.com\r\n"
        );
        let input =
            Input::read("test", text.replace("192.0.2.4", "8.8.8.8").into_bytes(), Some(InputKind::Headers)).unwrap();
        let reading = Arc::new(Reading::read(&input, &Said::default()));
        judge(&Facts::gather(
            Arc::new(Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true)),
            reading,
        ))
    }

    #[test]
    fn it_fires_passes_is_silent_and_cannot_know() {
        let Verdict::Found(found) = judged("with ESMTP id 1", "mx.google.com") else { panic!() };
        assert_eq!(
            (found[0].confidence, found[0].title.as_str()),
            (Confidence::Certain, "The message came to mx.google.com without TLS")
        );
        let Verdict::Found(found) = judged("(Postfix) with ESMTP id 1", "mx.inbox.test") else { panic!() };
        assert_eq!(found[0].confidence, Confidence::Likely);
        assert!(matches!(judged("with ESMTPS id 1 (version=TLS1_3 cipher=X)", "mx.google.com"), Verdict::Pass));
        assert!(matches!(judged("with ESMTP id 1 (version=TLSv1.3 cipher=X)", "mx.inbox.test"), Verdict::Pass));
        assert!(matches!(judged("with Microsoft SMTP Server id 1", "mx.inbox.test"), Verdict::Unknown(_)));
        assert!(matches!(judged("with ESMTPSA id 1", "mx.inbox.test"), Verdict::NotApplicable));
        // They write this word for everybody.
        assert!(matches!(judged("(Coremail) with SMTP id 1", "mx.inbox.test"), Verdict::Unknown(_)));
        assert!(matches!(judged("with esmtp id 1", "mx264.mail.ru"), Verdict::Unknown(_)));
        assert!(matches!(judged("(NewMX) with SMTP id 1", "newxmmxszc1.qq.com"), Verdict::Unknown(_)));
        assert!(matches!(judged("(amavisd-new, port 10024) with ESMTP id 1", "localhost"), Verdict::NotApplicable));
    }
}
