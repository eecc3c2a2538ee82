//! A refusal for SPF after somebody forwarded the message: whom it was for before, and what is left to do.

use crate::facts::Facts;
use crate::facts::bounce::spf_domain;
use crate::remedy::Remedy;

/// How to see that it is cured.
pub(super) const CHECK: (&str, &str) =
    ("send a new message through the same forwarder", "it is taken: DKIM passes for the domain in From");

pub(super) fn words(before: &str) -> String {
    format!(" It was forwarded from {before}: SPF cannot pass after that.")
}

/// What lets a forwarded message through: SPF is no part of it (RFC 7208 Appendix D, RFC 7960 §3.2.1).
pub(super) fn remedy(facts: &Facts, before: &str, reply: &str) -> Remedy {
    let domain = before.rsplit_once('@').map_or(before, |(_, domain)| domain);
    let summary = match facts.reading.signatures.is_empty() {
        true => "Sign with DKIM as the domain in From, which survives forwarding; leave the SPF record as it is.",
        false => "Let the DKIM signature survive the forwarding; leave the SPF record as it is.",
    };
    let fix = Remedy::new(summary)
        .step("Do not add the forwarder's address to the SPF record: anyone who forwards through it could then send as you.")
        .step(format!(
            "Whoever forwards the mail of {domain} rewrites the Return-Path to a domain of its own (SRS), and leaves subject and body unchanged."
        ));
    let known = facts.identities.mail_from.is_some() || facts.reading.from_domain().is_some();
    match known || spf_domain(reply).is_some() {
        true => fix,
        false => fix.step(format!(
            "Only if the sender's own domain is {domain}: then its SPF record has to allow this server."
        )),
    }
}

/// The same for a refusal by the policy of the From domain: a rewritten sender helps only SPF, and for a domain that DMARC does
/// not count.
pub(super) fn unchanged(before: &str) -> Remedy {
    let domain = before.rsplit_once('@').map_or(before, |(_, domain)| domain);
    Remedy::new("Only the author's DKIM signature can carry a forwarded message, and only if it is forwarded unchanged.")
        .step(format!(
            "Whoever forwards the mail of {domain} leaves subject and body as they are, may seal it (ARC), and takes nothing in \
             that fails DMARC already: that is mostly forged."
        ))
        .step("If you are the author, sign with DKIM as the domain in From.")
        .step("Leave SPF as it is; a rewritten Return-Path (SRS) does not help, for DMARC counts only the domain in From.")
}

#[cfg(test)]
mod tests {
    use crate::evidence::InputKind;
    use crate::rules::Finding;
    use crate::rules::bounce::testing::{facts, only};
    use crate::rules::find;

    const REPLY: &str = "host mx.example.org[192.0.2.1] said: 550-5.7.26 Your email has been blocked because the sender is unauthenticated. \
        550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM. 550-5.7.26 DKIM = did not pass \
        550-5.7.26 SPF [other.test] with ip: [192.0.2.99] = did not pass 550 5.7.26 x - gsmtp (in reply to end of DATA command)";

    fn told(text: &str, kind: InputKind) -> Finding {
        only((find("auth-none").unwrap().judge)(&facts(text, kind)))
    }

    fn is_left_alone(found: &Finding) -> bool {
        let fix = found.fix.as_ref().unwrap();
        let srs = fix.steps.iter().any(|s| s.contains("(SRS)")) && fix.steps[0].starts_with("Do not add");
        srs && found.explanation.contains("info@example.com")
    }

    fn dsn(original: &str, from: &str) -> String {
        format!(
            "From: MAILER-DAEMON@fwd.example.com\nTo: {from}\nSubject: Undelivered\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nsorry\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; fwd.example.com\n\n\
             Final-Recipient: rfc822; bob@example.org\n{original}Action: failed\nStatus: 5.7.26\nDiagnostic-Code: smtp; {}\n\
             --b\nContent-Type: message/rfc822\n\nReturn-Path: <{from}>\nFrom: {from}\nTo: info@example.com\nSubject: x\n\nhi\n--b--\n",
            REPLY.split_once("said: ").unwrap().1
        )
    }

    #[test]
    fn a_forwarders_server_is_not_to_be_authorized() {
        let notice = format!("<bob@example.org> (expanded from <info@example.com>): {REPLY}");
        let exim = format!("bob@example.org\n    (generated from info@example.com)\n    {REPLY}");
        let log = format!(
            "Nov 30 10:00:00 fwd postfix/smtp[1]: 4F1: to=<bob@example.org>, orig_to=<info@example.com>, \
             relay=mx.example.org[192.0.2.1]:25, dsn=5.7.26, status=bounced ({REPLY})"
        );
        let only_if = |found: &Finding| found.fix.as_ref().unwrap().steps.iter().any(|s| s.starts_with("Only if"));
        for text in [notice, exim, log] {
            let found = told(&text, InputKind::Reply);
            assert!(is_left_alone(&found) && !only_if(&found), "{text}: {found:?}");
            // Whose record was asked, nobody says: then it may be the forwarder's own.
            let quiet = text.replace(
                "550-5.7.26 DKIM = did not pass 550-5.7.26 SPF [other.test] with ip: [192.0.2.99] = did not pass ",
                "",
            );
            let found = told(&quiet, InputKind::Reply);
            assert!(quiet != text && is_left_alone(&found) && only_if(&found), "{quiet}: {found:?}");
        }
        let original = "Original-Recipient: rfc822;info@example.com\n";
        let found = told(&dsn(original, "ann@other.test"), InputKind::Bounce);
        assert!(is_left_alone(&found), "{found:?}");
        assert!(found.exhibits.iter().any(|e| e.label == "whom it was for before"), "{found:?}");
    }

    #[test]
    fn who_sends_for_itself_has_its_own_record_to_mend() {
        let added = |found: Finding| found.fix.unwrap().steps.iter().any(|s| s.starts_with("Add the sending server"));
        let other = |domain: &str| {
            let text = format!("<bob@example.org> (expanded from <info@example.com>): {REPLY}");
            told(&text.replace("[other.test]", &format!("[{domain}]")), InputKind::Reply)
        };
        assert!(added(other("example.com")), "the forwarder's own mail");
        let alias = format!("<bob@example.org> (expanded from <info@mail.example.org>): {REPLY}");
        assert!(added(told(&alias, InputKind::Reply)), "an alias of one organization");
        assert!(added(told(&dsn("", "ann@other.test"), InputKind::Bounce)), "nobody forwarded it");
        let same = "Original-Recipient: rfc822;bob@example.org\n";
        assert!(added(told(&dsn(same, "ann@other.test"), InputKind::Bounce)));
        // A server of its own reports it, or one that it sends by.
        let original = "Original-Recipient: rfc822;info@example.com\n";
        let own = dsn(original, "ann@other.test").replace("dns; fwd.example.com", "dns; out.other.test");
        assert!(added(told(&own, InputKind::Bounce)), "its own server");
        for (hop, ours) in [
            ("from [192.0.2.7] by fwd.example.com with ESMTPSA id 1", true),
            ("by fwd.example.com (Postfix, from userid 33) id 1", true),
            ("from out.other.test (out.other.test [192.0.2.7]) by fwd.example.com with ESMTPS id 1", false),
        ] {
            let received = format!("Received: {hop}; Mon, 30 Nov 2026 10:00:00 +0000\nFrom: ann@other.test");
            let text = dsn(original, "ann@other.test").replace("From: ann@other.test", &received);
            assert_eq!(added(told(&text, InputKind::Bounce)), ours, "{hop}");
        }
        // The forwarder did rewrite the sender: the record that was asked is its own.
        let srs = dsn("Original-Recipient: rfc822;info@example.net\n", "ann@example.com");
        assert!(added(told(&srs, InputKind::Bounce)), "another domain than the sender's was asked");
    }

    #[test]
    fn no_rewritten_sender_cures_a_policy() {
        let line = "Jun  4 12:00:09 mail postfix/smtp[1]: 4bC: to=<bob@gmail.com>, orig_to=<club@verein.example>, \
            relay=gmail-smtp-in.l.google.com[192.0.2.27]:25, dsn=5.7.26, status=bounced (host gmail-smtp-in.l.google.com[192.0.2.27] \
            said: 550-5.7.26 Unauthenticated email from shop.example is not accepted due to domain's 550-5.7.26 DMARC policy. - gsmtp)";
        let found = only((find("dmarc-rejected-by-policy").unwrap().judge)(&facts(line, InputKind::Reply)));
        assert!(!found.title.starts_with("Your own"), "{}", found.title);
        let fix = found.fix.unwrap();
        assert!(fix.steps.iter().any(|s| s.contains("(SRS) does not help")), "{fix:?}");
        assert!(fix.steps.iter().all(|s| !s.contains("SPF record has to allow")), "{fix:?}");
    }
}
