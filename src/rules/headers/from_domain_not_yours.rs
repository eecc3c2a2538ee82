use crate::facts::Facts;
use crate::facts::address::mailboxes;
use crate::facts::freemail;
use crate::facts::organization::same_by_list;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, on_the_way, rule};

rule! {
    /// A program of yours writes in a stranger's name
    ///
    /// ## What we saw
    /// The message was sent by, and to, one organization, but From names a domain of another: this is how web forms and ticket systems
    /// write that put the visitor's address into From.
    ///
    /// ## Why mail suffers
    /// You cannot sign or publish SPF for a domain that is not yours, so DMARC fails, and the visitor's own policy may have the message
    /// refused.
    ///
    /// ## How to fix it
    /// Let the program write From with an address of your own and the visitor's name before it, and the visitor's address in Reply-To.
    ///
    /// ## How to check
    /// A new message of the form has your domain in From, and an answer goes to the visitor.
    pub RULE = "from-domain-not-yours", Headers, High, judge,
    ["RFC 9989 §5.3", "practice"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let Some(from) = reading.from.address().filter(|_| reading.bounce.is_none()) else { return Verdict::NotApplicable };
    // A list or a forwarder sends on what others wrote, and a genuine author's signature shows that he wrote it.
    let relayed = !reading.lists.forwarder.is_empty()
        || !reading.lists.list_manager.is_empty()
        || reading.lists.list_id.is_some();
    let signed = |d: &str| same_by_list(d, &from.domain);
    let authors = reading.signatures.iter().any(|s| s.domain.as_ref().is_some_and(|d| signed(&d.value)))
        || reading.reported.dkim.iter().filter_map(|d| d.domain.as_deref()).any(signed);
    if relayed || authors || facts.alignment.dmarc.is_none() {
        return Verdict::NotApplicable;
    }
    let recipient = mailboxes(&reading.header, facts.text(), "To").into_iter().find_map(|m| m.address);
    let Some(to) = recipient.filter(|to| !same_by_list(&to.domain, &from.domain)) else {
        return Verdict::NotApplicable;
    };
    // One mailbox provider is no organization, and at Gmail a person who logged in wrote as an address of his own
    // ("Send mail as").
    let header = &reading.header;
    let at_provider = freemail::provider(&to.domain).is_some();
    if at_provider || header.first(facts.text(), "X-Google-Sender-Auth").is_some() {
        return Verdict::NotApplicable;
    }
    let envelope = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let own = envelope.is_some_and(|d| same_by_list(d, &to.domain))
        || reading.signatures.iter().any(|s| s.domain.as_ref().is_some_and(|d| same_by_list(&d.value, &to.domain)));
    // It came from a server of the author's own, and was sent on.
    let forwarded = || on_the_way::relayed(facts, &from.domain).is_some();
    if !own || forwarded() {
        return Verdict::NotApplicable;
    }
    // A receiver may know better, by ARC or a list of its own.
    let passed = reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "pass");
    if passed || facts.alignment.dmarc == Some(true) {
        return Verdict::Pass;
    }
    let spans = facts.identities.mail_from.as_ref().and_then(|m| m.span);
    Finding::new(&RULE, crate::safe::clip(&format!("{} is not yours, and your program writes in its name", from.domain), 70))
        .sure(Confidence::Likely, "sent by and to one organization in the name of another, without a mark of a list or forwarder")
        .explain(format!(
            "The envelope or the signature is of {}, which also receives the message, but From names {}. A web form or ticket system that puts the \
             visitor's address into From writes so. Nothing can authenticate it: {} is not yours to sign for.",
            to.domain, from.domain, from.domain
        ))
        .exhibit(Exhibit::input(from.domain_span, "a stranger's domain"))
        .exhibit(Exhibit::input(to.domain_span, "the organization that receives it"))
        .exhibits(spans.map(|span| Exhibit::input(span, "and that sends it")))
        .fix(
            Remedy::new("Write your own address into From, and the visitor's into Reply-To.")
                .step(format!("From: \"Name of the visitor (form)\" <form@{}>", to.domain))
                .step(format!("Reply-To: the visitor's own address at {}", from.domain)),
        )
        .leads_to(&[
            "dmarc-unaligned",
            "dmarc-freemail-from",
            "dkim-missing",
            "return-path-foreign-domain",
            "spf-wrong-domain",
            "dkim-vendor-domain-only",
        ])
        // What they ask for would have to be done at the stranger's domain.
        .bars(true)
        .check("send the form once more", "From at your own domain; an answer goes to the visitor")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::content::testing::{facts_of, only};

    fn judged(from: &str, results: &str, fields: &str) -> Verdict {
        let text = format!(
            "Return-Path: <www@example.com>\r\n\
             Received: from web.example.com (web.example.com [8.8.8.8]) by mx.inbox.test with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
             Authentication-Results: mx.inbox.test; {results}\r\n{fields}From: {from}\r\nTo: info@example.com\r\n"
        );
        judge(&facts_of(&text, InputKind::Headers))
    }

    const FAIL: &str = "spf=pass smtp.mailfrom=example.com; dkim=none; dmarc=fail header.from=visitor.example";

    #[test]
    fn it_fires_passes_and_is_silent() {
        let found = only(judged("bob@visitor.example", FAIL, ""));
        assert!(found.title.starts_with("visitor.example is not yours"), "{}", found.title);
        assert!(matches!(judged("ann@example.com", FAIL, ""), Verdict::NotApplicable));
        assert!(matches!(judged("bob@visitor.example", FAIL, "List-Id: <l.example.com>\r\n"), Verdict::NotApplicable));
        assert!(matches!(
            judged(
                "bob@visitor.example",
                "spf=pass smtp.mailfrom=example.com; dmarc=pass header.from=visitor.example",
                ""
            ),
            Verdict::Pass
        ));
        // The author's server handed it to theirs, which sent it on with an envelope of its own.
        let on = "Received: from mail.visitor.example (mail.visitor.example [8.8.4.4]) by web.example.com with ESMTPS id 2 \
            for <info@example.com>; Tue, 2 Jun 2026 10:00:03 +0000\r\n";
        assert!(matches!(judged("bob@visitor.example", FAIL, on), Verdict::NotApplicable));
        assert!(matches!(judged("bob@visitor.example", FAIL, &on.replace("visitor", "browser")), Verdict::Found(_)));
        // A person writes as an address of his own, by way of his Gmail account.
        let sent_as = "X-Google-Sender-Auth: abc\r\nSender: www@example.com\r\n";
        assert!(matches!(judged("bob@visitor.example", FAIL, sent_as), Verdict::NotApplicable));
        let gmail = "Return-Path: <bob@gmail.com>\r\nReceived: from a.google.com (a.google.com [8.8.8.8]) by mx.inbox.test; \
            Tue, 2 Jun 2026 10:00:09 +0000\r\nAuthentication-Results: mx.inbox.test; spf=pass smtp.mailfrom=gmail.com; \
            dmarc=fail header.from=visitor.example\r\nFrom: bob@visitor.example\r\nTo: ann@gmail.com\r\n";
        assert!(matches!(judge(&facts_of(gmail, InputKind::Headers)), Verdict::NotApplicable));
        // Without a From there is nothing to compare.
        assert!(matches!(
            judge(&facts_of(
                "Return-Path: <www@example.com>
To: info@example.com
",
                InputKind::Headers
            )),
            Verdict::NotApplicable
        ));
    }
}
