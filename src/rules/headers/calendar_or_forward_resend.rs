use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, rule};
use crate::span::Span;

rule! {
    /// Somebody re-sent the message in the author's name
    ///
    /// ## What we saw
    /// The message is an invitation that was passed on, or a program resent it ("redirect"): From still names the author, but it
    /// comes from elsewhere, and nothing vouches for the author any more.
    ///
    /// ## Why mail suffers
    /// To the receiver it looks like a forgery of the author's domain, and a strict DMARC policy has it refused.
    ///
    /// ## How to fix it
    /// Nothing is wrong at the author's side, as long as his mail is signed with DKIM. Who passes mail on should forward it as an
    /// attachment or in his own name; a program that resends should rewrite From or seal with ARC.
    ///
    /// ## How to check
    /// The same message sent directly by the author passes DMARC.
    pub RULE = "calendar-or-forward-resend", Headers, Low, judge,
    ["RFC 5322 §3.6.6", "RFC 5546", "RFC 7960 §3.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let text = facts.text();
    let resent = reading
        .lists
        .forwarder
        .iter()
        .copied()
        .find(|s| s.of(text).get(..7).is_some_and(|n| n.eq_ignore_ascii_case(b"resent-")));
    let invitation = reading.header.first(text, "Content-Type").map(|f| f.span()).filter(|s| {
        let value = String::from_utf8_lossy(s.of(text)).to_ascii_lowercase();
        value.contains("text/calendar") || value.contains("method=request")
    });
    let calendar = || {
        reading
            .content
            .as_deref()
            .is_some_and(|c| c.calendar)
            .then(|| reading.header.first(text, "From"))
            .flatten()
            .map(|f| f.span())
    };
    let Some((span, what)) =
        resent.map(|s| (s, "resent")).or_else(|| invitation.or_else(calendar).map(|s| (s, "an invitation")))
    else {
        return Verdict::NotApplicable;
    };
    match facts.alignment.dmarc {
        Some(true) => Verdict::Pass,
        None => Verdict::NotApplicable,
        Some(false) => found(facts, span, what).into(),
    }
}

fn found(facts: &Facts, span: Span, what: &'static str) -> Finding {
    let from = facts.reading.from_domain().unwrap_or("the author");
    Finding::new(&RULE, crate::safe::clip(&format!("The message was re-sent in the name of {from}"), 70))
        .sure(Confidence::Possible, "its marks say so; the author's own server set up wrongly looks alike")
        .explain(format!(
            "The message is {what} and came from elsewhere than {from}, without a signature that still holds. Programs that redirect mail, and \
             calendars that pass invitations on, keep the author in From."
        ))
        .exhibit(Exhibit::input(span, what))
        .fix(
            Remedy::new("Who passes it on must do so in his own name; the author can only sign with DKIM.")
                .step("Forward as an attachment or in your own name, not with \"redirect\" or \"bounce\"; invite others from your own calendar."),
        )
        .check("have the author send the same message directly", "dmarc=pass")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::content::testing::{facts_of, only};

    fn judged(dmarc: &str, fields: &str) -> Verdict {
        let spf = if dmarc == "pass" { "example.com" } else { "example.net" };
        let text = format!(
            "Received: from b.example.net (b.example.net [8.8.8.8]) by mx.inbox.test with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
             Authentication-Results: mx.inbox.test; spf=pass smtp.mailfrom={spf}; dkim=none; dmarc={dmarc} header.from=example.com\r\n\
             {fields}From: ann@example.com\r\nTo: bob@inbox.test\r\n"
        );
        judge(&facts_of(&text, InputKind::Headers))
    }

    #[test]
    fn it_fires_passes_and_is_silent() {
        assert!(only(judged("fail", "Resent-From: bob@example.net\r\n")).title.contains("example.com"));
        assert!(matches!(judged("fail", "Content-Type: text/calendar; method=REQUEST\r\n"), Verdict::Found(_)));
        assert!(matches!(judged("pass", "Resent-From: bob@example.net\r\n"), Verdict::Pass));
        assert!(matches!(judged("fail", ""), Verdict::NotApplicable));
        // Without a verdict others say what is missing.
        let bare = "Resent-From: bob@example.net\r\nFrom: ann@example.com\r\n";
        assert!(matches!(judge(&facts_of(bare, InputKind::Headers)), Verdict::NotApplicable));
    }
}
