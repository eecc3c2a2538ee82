use crate::facts::Facts;
use crate::facts::bounce::Bounce;
use crate::facts::organization::same_by_list;
use crate::facts::spf::SpfResult;
use crate::remedy::Remedy;
use crate::rules::spf::support::{Owner, owner};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Verdict, rule};
use crate::shell::command;

rule! {
    /// The bounce is for a message that you never sent
    ///
    /// ## What we saw
    /// The receiving server itself returned the message, and the returned header shows that it came from an address
    /// that the domain's SPF does not authorize, without a signature of the domain.
    ///
    /// ## Why mail suffers
    /// Somebody wrote your address on mail of their own. Nothing of yours bounced. A receiver that takes such mail
    /// first and returns it later makes you get the bounces of others' spam.
    ///
    /// ## How to fix it
    /// There is nothing to mend in this message. Sign all of your own mail, then move the DMARC policy of the domain
    /// step by step towards reject, so that such mail is refused at once. Addresses that change with each message
    /// (VERP, BATV) tell your own bounces from these.
    ///
    /// ## How to check
    /// DMARC reports show which addresses send in your name, and that their mail is refused.
    pub RULE = "backscatter", Bounce, Medium, judge,
    ["RFC 3834 §2", "RFC 5321 §6.1", "RFC 9989 §4.7"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let Some(bounce) = reading.bounce.as_ref().filter(|b| b.feedback.is_none()) else { return Verdict::NotApplicable };
    let bad = bounce.recipients.iter().any(|r| r.action.is_bad());
    let (Some(from), true, true) = (reading.from_domain(), bad, bounce.was_received()) else {
        return Verdict::NotApplicable;
    };
    // Mail within one organization, and what a person handed in there after a login, is no stranger's.
    let inside = bounce.reporting_mta.as_ref().is_some_and(|mta| same_by_list(&mta.value, from));
    let submitted = reading.boundary.hop.and_then(|n| reading.hops.get(n)).is_some_and(|hop| hop.is_submission());
    if inside || submitted {
        return Verdict::NotApplicable;
    }
    if reading.signatures.iter().any(|s| s.domain.as_ref().is_some_and(|d| same_by_list(&d.value, from))) {
        return Verdict::Pass;
    }
    let gap = || {
        Gap::new(
            format!("Did {from} send the message that was returned?"),
            "the address it came from, and what SPF says of it",
        )
    };
    let Some(ip) = &facts.identities.source_ip else { return Verdict::unknown(gap()) };
    match facts.spf.as_ref().and_then(|check| Some((check.result?, check))) {
        Some((SpfResult::Fail | SpfResult::SoftFail, check)) if same_by_list(&check.domain, from) => match owner(facts)
        {
            // Sent on by a forwarder, or by a source of one's own that the record forgot.
            Owner::Forwarder(_) | Owner::Own(_) => Verdict::Pass,
            Owner::Platform(_) | Owner::Gateway(_) => Verdict::unknown(gap()),
            Owner::Stranger(_) | Owner::Unknown => found(facts, bounce, from, ip.span).into(),
        },
        Some((SpfResult::Pass, _)) => Verdict::Pass,
        _ => Verdict::unknown(gap()),
    }
}

fn found(facts: &Facts, bounce: &Bounce, from: &str, at: Option<crate::span::Span>) -> Finding {
    let reporter = bounce.reporting_mta.as_ref();
    let name = reporter.map_or("The receiver", |mta| mta.value.as_str());
    let refused: Vec<&'static str> = bounce.recipients.iter().filter_map(super::told::speaks).collect();
    Finding::new(&RULE, "The bounce is for a message that you never sent")
        .sure(
            Confidence::Likely,
            "SPF says so by today's DNS, and nobody signed for the domain; a source you forgot looks the same",
        )
        .explain(format!(
            "{name} took the message, then returned it to {from}. It had come from an address that {from} does not \
             authorize, and no signature of {from} is in it: somebody else wrote your address on it."
        ))
        .exhibits(at.map(|span| Exhibit::input(span, "it came from here")))
        .exhibits(facts.reading.from.address().map(|a| Exhibit::input(a.domain_span, "in the name of this domain")))
        .exhibits(reporter.map(|mta| Exhibit::input(mta.span, "returned by this server")))
        .fix(
            Remedy::new("Nothing of yours bounced: there is nothing to mend in this message.")
                .step(format!(
                    "If the address is a forgotten source of your own, authorize it and let it sign as {from}."
                ))
                .step("Else move the DMARC policy towards reject once all of your own mail is signed."),
        )
        .check(command!("postdoc check {}", from), "a DMARC policy of quarantine or reject")
        .leads_to(&refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts as plain, facts_in, only};

    const ZONE: &str = "example.com TXT \"v=spf1 ip4:198.51.100.1 -all\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\"";

    fn bounce(reporter: &str, ip: &str, with: &str, signature: &str) -> String {
        format!(
            "From: MAILER-DAEMON@{reporter}\nTo: ann@example.com\nSubject: Undelivered Mail\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nno\n--b\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; {reporter}\n\n\
             Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n\n--b\n\
             Content-Type: text/rfc822-headers\n\nReturn-Path: <ann@example.com>\n\
             Received: from x.example.org (x.example.org [{ip}]) by {reporter} with {with} id 1 for <bob@example.net>;\n\
             \tMon, 2 Nov 2026 10:00:00 +0000\n{signature}From: ann@example.com\nTo: bob@example.net\n\n--b--\n"
        )
    }

    #[test]
    fn a_strangers_mail_in_our_name_is_told_apart() {
        let of = |reporter, ip, with, signature| judge(&facts_in(&bounce(reporter, ip, with, signature), ZONE));
        let found = only(of("mx.example.net", "203.0.113.9", "ESMTP", ""));
        assert_eq!(found.leads_to, ["bounce-recipient-problem"]);
        assert_eq!(found.exhibits.len(), 3);
        // From our own server, or signed by us, it is ours.
        assert!(matches!(of("mx.example.net", "198.51.100.1", "ESMTP", ""), Verdict::Pass));
        let signed = "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=YQ==; b=YQ==\n";
        assert!(matches!(of("mx.example.net", "203.0.113.9", "ESMTP", signed), Verdict::Pass));
        // A source of our own that the record forgot, or a forwarder, wrote nobody's address on it.
        let own = format!("{ZONE}\ncrm.example.com A 203.0.113.9\n9.113.0.203.in-addr.arpa PTR crm.example.com");
        let text = bounce("mx.example.net", "203.0.113.9", "ESMTP", "");
        assert!(matches!(judge(&facts_in(&text, &own)), Verdict::Pass));
        let on = "Received: from mail.example.com (mail.example.com [198.51.100.1]) by x.example.org with ESMTPS id 2 \
            for <bob@example.org>;\n\tMon, 2 Nov 2026 09:59:00 +0000\n";
        assert!(matches!(of("mx.example.net", "203.0.113.9", "ESMTP", on), Verdict::Pass));
        // A relay that reports what somebody else refused says nothing of where the mail came from.
        assert!(matches!(of("out.example.org", "203.0.113.9", "ESMTP", ""), Verdict::NotApplicable));
        assert!(matches!(of("mx.example.net", "203.0.113.9", "ESMTPSA", ""), Verdict::NotApplicable));
    }

    #[test]
    fn without_dns_it_cannot_know() {
        let text = bounce("mx.example.net", "203.0.113.9", "ESMTP", "");
        assert!(matches!(judge(&plain(&text, InputKind::Bounce)), Verdict::Unknown(_)));
        assert!(matches!(judge(&plain("550 5.1.1 user unknown", InputKind::Reply)), Verdict::NotApplicable));
    }
}
