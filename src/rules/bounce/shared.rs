//! Whose address was refused: that of a mailbox service, whose customers all send from the same ones and can mend none
//! of them.

use crate::facts::Facts;
use crate::facts::bounce::{Action, Bounce, Recipient};
use crate::facts::platform;
use crate::knowledge::topic::Topic;
use crate::knowledge::{Platform, receiver};
use crate::remedy::Remedy;

/// The service whose address a reply blocks, and whether DNS says so.
pub(super) struct Service {
    pub name: &'static str,
    pub certain: bool,
}

impl Service {
    pub fn words(&self) -> String {
        format!(
            " The address is one of {}, which sent the message: its customers share it, and it is not yours.",
            self.name
        )
    }
}

/// `None` where the address may be the sender's own, or it is not the address that is blocked.
pub(super) fn service(facts: &Facts, bounce: &Bounce, recipient: &Recipient) -> Option<Service> {
    let row = recipient.decoded.row()?;
    let address = matches!(row.topic, Topic::ReputationIp | Topic::Blocklist);
    let listed = matches!(row.rule.as_deref(), Some("bounce-reputation" | "dnsbl-listed"));
    if !address || !listed || recipient.client.is_some() || recipient.action == Action::Delivered {
        return None;
    }
    let said = &facts.evidence.said;
    let own = [said.ip, said.configured.ip].into_iter().flatten().next().is_some();
    let named = facts.reverse.iter().flat_map(|r| &r.names).filter(|n| n.confirmed != Some(false));
    let mut named = named.map(|n| platform::mailboxes(&n.name)).peekable();
    // Where the address has a name, that says whose it is; a reply may name one that the message passed before.
    if named.peek().is_some() {
        return named.flatten().next().map(|p| Service { name: title(p), certain: true });
    }
    // Who reports is who tried to hand the message over (RFC 3464 §2.2.2), unless it is the receiver.
    let mta = bounce.reporting_mta.as_ref().filter(|_| !own && !bounce.was_received())?;
    let reports = platform::mailboxes(&mta.value)?;
    let inside = recipient.server.as_deref().and_then(platform::mailboxes).is_some_and(|p| p.id == reports.id);
    (!inside).then(|| Service { name: title(reports), certain: false })
}

/// As whoever has a mailbox there knows it.
fn title(platform: &'static Platform) -> &'static str {
    let receiver = platform.receiver.as_deref().and_then(receiver::find);
    receiver.map_or(&platform.name, |r| &r.name)
}

/// What is left to the sender.
pub(super) fn remedy(name: &str) -> Remedy {
    Remedy::new(format!("Send the message again later: only {name} can do something about that address."))
        .step("Another try may leave from another of its addresses.")
        .step(format!("If it is refused for hours, give the support of {name} the whole reply."))
        .step("No form of the receiver or of the list is for you, and there is nothing to change in your own DNS.")
}

#[cfg(test)]
mod tests {
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts, facts_in, only};
    use crate::rules::{Confidence, Finding, Severity, find};

    const LISTED: &str = "550 5.7.1 Unfortunately, messages from [192.0.2.45] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).";
    const SPAMHAUS: &str = "554 5.7.1 Service unavailable; Client host [192.0.2.45] blocked using zen.spamhaus.org";

    fn dsn(reporter: &str, remote: &str, reply: &str) -> String {
        format!(
            "From: mailer-daemon@example.net\nTo: ann@example.com\nSubject: Failure\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nsorry\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; {reporter}\n\n\
             Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.7.1\n{remote}Diagnostic-Code: smtp; {reply}\n\n--b--\n"
        )
    }

    fn told(text: &str) -> Finding {
        let rule = if text.contains("spamhaus") { "dnsbl-listed" } else { "bounce-reputation" };
        let facts = facts(text, InputKind::Bounce);
        let rule = find(rule).unwrap();
        only(crate::rules::bounce::beside(&facts, rule, (rule.judge)(&facts)))
    }

    fn is_the_services(found: &Finding) -> bool {
        let summary = &found.fix.as_ref().unwrap().summary;
        summary.starts_with("Send the message again later: only ") && found.severity == Severity::High
    }

    #[test]
    fn what_a_service_could_not_hand_over_is_its_own_business() {
        let outlook = "Remote-MTA: dns; example-org.mail.protection.outlook.com\n";
        let other = "Remote-MTA: dns; mx.example.org\n";
        for (reporter, remote, reply, name) in [
            ("googlemail.com", outlook, LISTED, "Gmail"),
            ("googlemail.com", other, SPAMHAUS, "Gmail"),
            ("AM0PR01MB1.eurprd01.prod.outlook.com", other, SPAMHAUS, "Microsoft"),
            ("AM0PR01MB1.eurprd01.prod.exchangelabs.com", "", SPAMHAUS, "Microsoft"),
        ] {
            let found = told(&dsn(reporter, remote, reply));
            assert!(is_the_services(&found) && found.title.contains(name), "{reporter}: {found:?}");
            assert_eq!(found.confidence, Confidence::Likely);
        }
    }

    #[test]
    fn an_address_of_ones_own_is_ones_own() {
        let outlook = "Remote-MTA: dns; example-org.mail.protection.outlook.com\n";
        for (reporter, remote, reply) in [
            ("out.example.com", outlook, LISTED),
            ("out.example.com", "", SPAMHAUS),
            // The receiver reports what it refused.
            ("AM0PR01MB1.eurprd01.prod.outlook.com", outlook, LISTED),
            ("mail.example.org", "", SPAMHAUS),
        ] {
            let found = told(&dsn(reporter, remote, reply));
            assert!(!is_the_services(&found), "{reporter}: {found:?}");
        }
        let facts = facts(SPAMHAUS, InputKind::Reply);
        let rule = find("dnsbl-listed").unwrap();
        let found = only(crate::rules::bounce::beside(&facts, rule, (rule.judge)(&facts)));
        assert_eq!((found.severity, is_the_services(&found)), (Severity::Critical, false));
    }

    #[test]
    fn the_name_of_the_address_says_whose_it_is() {
        let rule = find("bounce-reputation").unwrap();
        let of = |reporter: &str, name: &str| {
            let zone = format!("45.100.51.198.in-addr.arpa PTR {name}\n{name} A 198.51.100.45");
            let reply = LISTED.replace("192.0.2.45", "198.51.100.45");
            // The address is looked up where somebody was refused for who the sender is.
            let eve = "\n\nFinal-Recipient: rfc822; eve@example.net\nAction: failed\nDiagnostic-Code: smtp; 550 5.7.1 SPF check failed";
            only((rule.judge)(&facts_in(&dsn(reporter, "", &format!("{reply}{eve}")), &zone)))
        };
        let found = of("out.example.com", "mail-am0x.outbound.protection.outlook.com");
        assert!(is_the_services(&found) && found.confidence == Confidence::Certain, "{found:?}");
        assert!(!is_the_services(&of("googlemail.com", "out.example.com")));
    }
}
