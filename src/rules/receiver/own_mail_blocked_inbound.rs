use super::{bulk, verdict};
use crate::facts::Facts;
use crate::facts::antispam;
use crate::facts::organization::same_by_list;
use crate::facts::platform::{self, Mark};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, on_the_way, rule};

rule! {
    /// Your own filter holds back your own mail from outside
    ///
    /// ## What we saw
    /// A platform outside sent the message in the name of a domain to a mailbox of that same domain. It authenticates, and the
    /// receiving side still calls it spam.
    ///
    /// ## Why mail suffers
    /// Gateways often treat mail that claims to come from the own domain and arrives from outside as forged, whatever SPF, DKIM and
    /// DMARC say. Other receivers take the same mail.
    ///
    /// ## How to fix it
    /// At your own gateway or tenant, make an exception for mail that is signed as your domain with the platform's selector. An
    /// exception for an address range or for the From domain alone would open the door to forgers.
    ///
    /// ## How to check
    /// A new message of the platform to your own mailbox arrives; one without the signature still does not.
    pub RULE = "own-mail-blocked-inbound", Receiver, Medium, judge,
    ["learn.microsoft.com: anti-spoofing, tenant allow/block list", "practice"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let authentic = facts.alignment.dmarc == Some(true);
    let Some(from) = reading.from.address().filter(|_| authentic) else { return Verdict::NotApplicable };
    let outside = platform::sending(&facts.platforms, on_the_way::is_relayed(facts)).filter(|hit| {
        hit.mark != Mark::Passed && !matches!(hit.platform.kind.as_str(), "mailbox" | "self-hosted" | "forwarding")
    });
    let Some(hit) = outside else { return Verdict::NotApplicable };
    if !bulk::recipients(facts).iter().any(|to| same_by_list(to, &from.domain)) {
        return Verdict::NotApplicable;
    }
    let ours = reading.boundary.receiver.as_deref();
    let verdicts = antispam::spam_verdicts(&reading.antispam, ours);
    let Some((field, item)) = verdicts.first() else { return Verdict::Pass };
    Finding::new(&RULE, "Your own filter holds back your own mail from outside")
        .sure(Confidence::Likely, "the message is from and to one organization and authenticates; whose rule it met, the header does not say")
        .explain(format!(
            "{} sent this in the name of {} to a mailbox of the same organization. It authenticates, yet {} marked it: mail that claims the \
             own domain and comes from outside often meets such a rule.",
            hit.platform.name,
            from.domain,
            verdict::name_of(facts, field)
        ))
        .exhibit(verdict::exhibit(item))
        .exhibit(Exhibit::input(from.domain_span, "from and to this domain"))
        .fix(
            Remedy::new("Make an exception at your own gateway, by the signature.")
                .step(format!("Except mail whose DKIM signature of {} with the selector of {} passes.", from.domain, hit.platform.name))
                .step("Make none by From or by address range alone: that lets forgers in."),
        )
        .leads_to(&["reputation-not-auth", "spam-verdict-explained", "ms-verdict-explained"])
        .check("send a new message from the platform to your own mailbox", "it arrives in the inbox")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::rules::receiver::testing::only;
    use std::sync::Arc;

    fn judged(to: &str, scl: &str, dmarc: &str) -> Verdict {
        let text = format!(
            "Received: from o1.ptr1.sendgrid.net (192.0.2.4) by DB1PEPF0003922D.mail.protection.outlook.com (10.167.8.100)\r\n\
             \twith Microsoft SMTP Server (version=TLS1_3) id 15.20; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
             Authentication-Results: spf=pass (sender IP is 192.0.2.4) smtp.mailfrom=em1.example.com;\r\n\
             \tdkim=pass (signature was verified) header.d=example.com;dmarc={dmarc} action=none header.from=example.com;compauth=pass reason=100\r\n\
             X-Forefront-Antispam-Report: CIP:192.0.2.4;SCL:{scl};SFV:{};DIR:INB;\r\n\
             X-SG-EID: abc\r\nFrom: ann@example.com\r\nTo: {to}\r\n",
            if scl == "5" { "SPM" } else { "NSPM" }
        );
        let input = Input::read("test", text.into_bytes(), Some(InputKind::Headers)).unwrap();
        let reading = Arc::new(Reading::read(&input, &Said::default()));
        judge(&Facts::gather(
            Arc::new(Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true)),
            reading,
        ))
    }

    #[test]
    fn it_fires_passes_and_is_silent() {
        let found = only(judged("bob@example.com", "5", "pass"));
        assert!(found.title.contains("your own mail"), "{}", found.title);
        assert!(matches!(judged("bob@example.com", "1", "pass"), Verdict::Pass));
        assert!(matches!(judged("bob@example.net", "5", "pass"), Verdict::NotApplicable));
    }
}
