use crate::facts::Facts;
use crate::facts::local_delivery::{Kept, Standing};
use crate::facts::mail_hosts::Reception;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// The sending server takes the recipient's domain for its own
    ///
    /// ## What we saw
    /// The server that was to send the message delivered it to a mailbox of its own, or refused it because its own tables
    /// know no such mailbox, while DNS says that the domain's mail goes elsewhere (MX).
    ///
    /// ## Why mail suffers
    /// The message never leaves the server. "Delivered" in its log, nothing at the recipient, and no trace outside: often
    /// after a domain's mail moved to another provider while the web server still hosts the domain.
    ///
    /// ## How to fix it
    /// Take the domain out of what the server delivers itself, and leave the MX records as they are. cPanel: Email Routing,
    /// Remote Mail Exchanger. Plesk: switch off the mail service of the domain. Postfix: take it out of mydestination,
    /// virtual_mailbox_domains and virtual_alias_domains. If mailboxes of one domain are meant to live on both systems,
    /// give the server a route for those that it has not.
    ///
    /// ## How to check
    /// Send again: the log names a host of the MX records as relay.
    pub RULE = "local-delivery-blackhole", Bounce, High, judge,
    ["RFC 5321 §5.1", "Postfix, ADDRESS_CLASS_README", "cPanel, Email Routing"]
}

fn judge(facts: &Facts) -> Verdict {
    let kept = &facts.local_delivery;
    if kept.is_empty() {
        return Verdict::NotApplicable;
    }
    Verdict::of(kept.iter().filter_map(found).collect(), kept.iter().filter_map(gap).collect())
}

fn gap(kept: &Kept) -> Option<Gap> {
    let question = format!("Is the server that kept mail for {} one of its mail hosts?", kept.domain);
    match &kept.standing {
        Standing::Open(asked) => Some(Gap::dns(question, asked)),
        Standing::Nameless => {
            Some(Gap { question, needs: "the server's whole name and its addresses: postconf myhostname".into() })
        }
        Standing::Own | Standing::Provider(_) | Standing::Elsewhere => None,
    }
}

fn found(kept: &Kept) -> Option<Finding> {
    let (severity, confidence, because) = match kept.standing {
        Standing::Provider(_) => (
            RULE.severity,
            Confidence::Likely,
            "the MX records name a provider; only mailboxes split over both systems on purpose would look the same",
        ),
        Standing::Elsewhere => (
            Severity::Medium,
            Confidence::Possible,
            "the mail hosts of the domain have other addresses; one of them may still hand mail on to this server",
        ),
        _ => return None,
    };
    let Kept { domain, recipient, .. } = kept;
    let host = kept.host.as_deref().unwrap_or("the sending server");
    let there: Vec<&str> = match &kept.mail_hosts.reception {
        Reception::Servers(servers) => servers.iter().map(|s| s.host.as_str()).collect(),
        _ => Vec::new(),
    };
    let there = there.join(", ");
    let whose = match kept.standing {
        Standing::Provider(name) => format!("{name} ({there})"),
        _ => there.clone(),
    };
    let what = match kept.refused {
        true => format!("refused the message for {recipient} by its own list of mailboxes"),
        false => format!("delivered the message for {recipient} to a mailbox of its own"),
    };
    let question = kept.mail_hosts.question();
    let fix = Remedy::new(format!("Take {domain} out of what {host} delivers itself; leave the MX records as they are."))
        .step("cPanel: Email Routing, set Remote Mail Exchanger. DirectAdmin: MX Records, switch off \"Local Mail Server\".")
        .step("Plesk: Mail Settings of the domain, switch off the mail service.")
        .step(format!(
            "Postfix: postconf mydestination virtual_mailbox_domains virtual_alias_domains shows which of them holds {domain}; \
             take it out, then postfix reload."
        ))
        .step("Mailboxes on the server may hold mail that was lost this way: look into them before you remove them.");
    Some(
        Finding::new(&RULE, crate::safe::clip(&format!("The sending server keeps mail for {domain}"), 70))
            .severity(severity)
            .sure(confidence, because)
            .explain(format!(
                "{} {what}, while the mail of {domain} goes to {whose}. The message never left the server, and its \
                 recipient does not see it.",
                kept.host.as_deref().unwrap_or("The sending server")
            ))
            .exhibit(Exhibit::input(kept.span, format!("kept here: {}", kept.sign)))
            .exhibit(Exhibit::dns(&question, there, None, "where its mail goes"))
            .fix(fix)
            .leads_to(&["bounce-recipient-problem", "kept-on-this-server"])
            .check(
                "send the message again and look for it in the server's log",
                "relay= names a host of the MX records",
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::rules::bounce::testing::{facts, only};
    use std::sync::Arc;

    fn judged(text: &str, kind: InputKind, zone: &str) -> Verdict {
        let input = Input::read("test", text.as_bytes(), Some(kind)).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
        let evidence = crate::samples::settle(evidence, &Zone::parse(zone).unwrap());
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        judge(&Facts::gather(Arc::new(evidence), reading))
    }

    fn log(line: &str, zone: &str) -> Verdict {
        judged(line, InputKind::Reply, zone)
    }

    const POSTFIX: &str = "Jun  2 10:00:00 web1 postfix/local[123]: 4F1: to=<bob@partner.example>, relay=local, delay=0.1, \
        delays=0.1/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)";
    const EXIM: &str = "2026-06-02 10:00:00 1abc-000 => bob <bob@partner.example> R=virtual_user T=dovecot_virtual_delivery C=\"250 2.0.0 Saved\"";
    const GOOGLE: &str = "partner.example MX 1 aspmx.l.google.com\naspmx.l.google.com A 192.0.2.26";
    const OTHER: &str = "partner.example MX 10 mx.mailhost.example\nmx.mailhost.example A 192.0.2.25\n";

    #[test]
    fn a_log_shows_mail_that_never_left() {
        for line in [POSTFIX, EXIM] {
            let found = only(log(line, GOOGLE));
            assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely), "{line}");
            assert_eq!(found.title, "The sending server keeps mail for partner.example");
            assert!(found.explanation.contains("Google Workspace (aspmx.l.google.com)"), "{}", found.explanation);
            assert_eq!(found.exhibits.len(), 2);
        }
    }

    #[test]
    fn a_refusal_by_its_own_tables_shows_it_too() {
        let reply = "host smtp.web.example[192.0.2.9] said: 550 5.1.1 <bob@partner.example>: Recipient address rejected: \
            User unknown in virtual mailbox table (in reply to RCPT TO command)";
        let line = format!(
            "Jun  2 10:00:00 pc postfix/smtp[1]: 4F1: to=<bob@partner.example>, relay=smtp.web.example[192.0.2.9]:25, \
             dsn=5.1.1, status=bounced ({reply})"
        );
        let found = only(log(&line, GOOGLE));
        assert!(found.explanation.starts_with("smtp.web.example refused"), "{}", found.explanation);
        assert_eq!(found.leads_to, ["bounce-recipient-problem", "kept-on-this-server"]);
        // The domain's own server may say so.
        let own = "partner.example MX 10 smtp.web.example\nsmtp.web.example A 192.0.2.9";
        assert!(matches!(log(&line, own), Verdict::Pass));
    }

    #[test]
    fn a_report_of_the_server_itself_shows_it() {
        let dsn = |action: &str, more: &str| {
            format!(
                "From: MAILER-DAEMON@web1.web.example\nTo: ann@example.com\nSubject: Delivery report\nMIME-Version: 1.0\n\
                 Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSee below.\n--b\n\
                 Content-Type: message/delivery-status\n\nReporting-MTA: dns; web1.web.example\n\n\
                 Final-Recipient: rfc822; bob@partner.example\nAction: {action}\n{more}\n\n--b--\n"
            )
        };
        let of = |text: &str, zone: &str| judged(text, InputKind::Bounce, zone);
        let unknown = dsn("failed", "Status: 5.1.1\nDiagnostic-Code: x-postfix; unknown user: \"bob\"");
        assert_eq!(only(of(&unknown, GOOGLE)).severity, Severity::High);
        assert_eq!(only(of(&dsn("delivered", "Status: 2.0.0"), GOOGLE)).severity, Severity::High);
        // What was handed on did leave.
        assert!(matches!(of(&dsn("relayed", "Status: 2.0.0"), GOOGLE), Verdict::NotApplicable));
        let remote = dsn(
            "failed",
            "Status: 5.1.1\nRemote-MTA: dns; mx.x.example\nDiagnostic-Code: smtp; 550 5.1.1 unknown user",
        );
        assert!(matches!(of(&remote, GOOGLE), Verdict::NotApplicable));
        // Other hosts at other addresses: perhaps. The same address under another name: its own.
        let elsewhere = only(of(&unknown, &format!("{OTHER}web1.web.example A 192.0.2.7")));
        assert_eq!((elsewhere.severity, elsewhere.confidence), (Severity::Medium, Confidence::Possible));
        assert!(matches!(of(&unknown, &format!("{OTHER}web1.web.example A 192.0.2.25")), Verdict::Pass));
        assert!(matches!(of(&unknown, &format!("{OTHER}web1.web.example SERVFAIL")), Verdict::Unknown(_)));
    }

    #[test]
    fn what_hosts_mail_for_a_domain_may_keep_it() {
        assert!(matches!(log(POSTFIX, "partner.example A 192.0.2.7"), Verdict::Pass), "its own address takes the mail");
        // Behind a gateway stands whoever keeps the mailboxes.
        let gateway =
            "partner.example MX 10 eu-smtp-inbound-1.mimecast.com\neu-smtp-inbound-1.mimecast.com A 192.0.2.1";
        assert!(matches!(log(POSTFIX, gateway), Verdict::Pass));
        let named = POSTFIX.replace(" web1 ", " mail.partner.example ");
        assert!(matches!(
            log(&named, "partner.example MX 10 mx.partner.example\nmx.partner.example A 192.0.2.1"),
            Verdict::Pass
        ));
    }

    #[test]
    fn without_the_servers_name_or_an_answer_it_cannot_know() {
        let Verdict::Unknown(gaps) = log(POSTFIX, OTHER) else { panic!() };
        assert!(gaps[0].needs.contains("postconf"), "{}", gaps[0].needs);
        assert!(matches!(log(POSTFIX, "partner.example SERVFAIL"), Verdict::Unknown(_)));
        assert!(matches!(judge(&facts(POSTFIX, InputKind::Reply)), Verdict::Unknown(_)));
    }

    #[test]
    fn other_logs_and_messages_are_not_its_business() {
        let away = "Jun  2 10:00:00 web1 postfix/smtp[1]: 4F1: to=<bob@partner.example>, relay=aspmx.l.google.com[192.0.2.26]:25, \
            dsn=2.0.0, status=sent (250 2.0.0 OK)";
        for line in [away, &POSTFIX.replace("delivered to maildir", "forwarded as 5A2"), "550 5.1.1 User unknown"] {
            assert!(matches!(log(line, GOOGLE), Verdict::NotApplicable), "{line}");
        }
        assert!(matches!(judge(&facts("From: ann@example.com\n", InputKind::Headers)), Verdict::NotApplicable));
    }
}
