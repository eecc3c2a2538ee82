use super::bulk;
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Finding, Verdict, rule};

rule! {
    /// Outlook.com's demands on bulk senders are not met
    ///
    /// ## What we saw
    /// The message went to Outlook.com, Hotmail or Live, you send 5,000 messages a day or more, and SPF, DKIM, the DMARC record or
    /// its alignment is not in order. Or Microsoft refused a message with 550 5.7.515.
    ///
    /// ## Why mail suffers
    /// Since May 2025 Outlook.com takes bulk mail only where SPF and DKIM both pass and DMARC is published and aligned with at least
    /// one of them; the rest goes to junk or is refused.
    ///
    /// ## How to fix it
    /// Publish SPF and DMARC and sign with DKIM as the domain in From; wait until DNS shows it; send again.
    ///
    /// ## How to check
    /// A new message is not refused with 5.7.515, and its header says `compauth=pass reason=100`.
    pub RULE = "outlook-bulk-requirements", Receiver, High, judge,
    ["techcommunity.microsoft.com: requirements for high-volume senders (2 Apr 2025)", "Microsoft 550 5.7.515"]
}

pub const ASKED: &[&str] = &["microsoft-bulk"];

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let domain = reading.subject.as_ref().is_some_and(|s| s.domain().is_some());
    let consumer = reading.boundary.receiver.as_deref() == Some("microsoft")
        && bulk::recipients(facts).iter().any(|d| is_consumer(d));
    if !domain && !consumer {
        return Verdict::NotApplicable;
    }
    let volume = bulk::by_volume(facts);
    if volume == Some(false) || (volume.is_none() && domain) {
        return Verdict::NotApplicable;
    }
    let lines = bulk::unmet(facts, ASKED);
    match volume {
        _ if lines.is_empty() => Verdict::Pass,
        None => Verdict::unknown(bulk::gap("Outlook.com")),
        Some(_) => Finding::new(&RULE, "Outlook.com: its demands on bulk senders are not met")
            .sure(Confidence::Certain, "each demand is published, and judged by what is at hand")
            .explain(format!("Outlook.com asks this of bulk senders, and it is not so: {}.", bulk::told(&lines)))
            .exhibits(bulk::shown(facts))
            .fix(
                Remedy::new("Let SPF and DKIM both pass, publish DMARC, and align one of the two with From.")
                    .step("Mend what the other findings name, wait until DNS shows it everywhere, then send again.")
                    .step("Ask for help at https://sender.office.com only after all of it is in order."),
            )
            .check("send a new message to an Outlook.com mailbox and diagnose its header", "compauth=pass reason=100")
            .into(),
    }
}

/// Mailboxes of Outlook.com: the rules for bulk senders are theirs, not those of Microsoft 365 tenants.
fn is_consumer(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    matches!(labels.first(), Some(&("outlook" | "hotmail" | "live" | "msn")))
        && labels.len() <= 3
        && !domain.ends_with("protection.outlook.com")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn judged(to: &str, spf: &str, fields: &str, volume: Option<u64>) -> Verdict {
        let text = format!(
            "Received: from a.example.com (192.0.2.4) by DB1PEPF0003922D.mail.protection.outlook.com (10.167.8.100)\r\n\
             \twith Microsoft SMTP Server (version=TLS1_3) id 15.20; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
             Authentication-Results: spf={spf} (sender IP is 192.0.2.4) smtp.mailfrom=example.com;\r\n\
             \tdkim=pass (signature was verified) header.d=example.com;dmarc=pass action=none header.from=example.com;compauth=pass reason=100\r\n\
             From: ann@example.com\r\nTo: {to}\r\n{fields}"
        );
        let input = Input::read("test", text.into_bytes(), Some(InputKind::Headers)).unwrap();
        let mut said = Said::default();
        said.check.volume = volume;
        let reading = Arc::new(Reading::read(&input, &said));
        judge(&Facts::gather(
            Arc::new(Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), true)),
            reading,
        ))
    }

    #[test]
    fn it_fires_passes_is_silent_and_cannot_know() {
        assert!(matches!(judged("bob@hotmail.com", "fail", "", Some(6_000)), Verdict::Found(_)));
        assert!(matches!(judged("bob@hotmail.com", "pass", "", Some(6_000)), Verdict::Pass));
        // Microsoft 365 asks this of nobody.
        assert!(matches!(judged("bob@contoso.example", "fail", "", Some(6_000)), Verdict::NotApplicable));
        assert!(matches!(judged("bob@hotmail.com", "fail", "", Some(10)), Verdict::NotApplicable));
        let list = "List-Unsubscribe: <https://example.com/u>\r\n";
        assert!(matches!(judged("bob@outlook.com", "fail", list, None), Verdict::Unknown(_)));
    }

    #[test]
    fn whose_mailboxes_are_meant() {
        assert!(["outlook.com", "hotmail.co.uk", "live.fr", "msn.com"].into_iter().all(is_consumer));
        assert!(
            !["contoso.com", "outlook.example.com.mail", "mail.protection.outlook.com"].into_iter().any(is_consumer)
        );
    }
}
