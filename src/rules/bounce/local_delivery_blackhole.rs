use crate::evidence::InputKind;
use crate::facts::Facts;
use crate::facts::bounce::{Action, Recipient, TakenBy};
use crate::facts::local_delivery::{Kept, Standing};
use crate::facts::mail_hosts::Reception;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// The message never left the sending server
    ///
    /// ## What we saw
    /// The server that was to send the message delivered it to a mailbox of its own, or refused it because its own tables
    /// know no such mailbox; or it gave the message to a program or an alias of its own. No other server took it over.
    ///
    /// ## Why mail suffers
    /// Where DNS says that the domain's mail goes elsewhere (MX), the recipient never sees it: "delivered" in the log,
    /// nothing at the recipient, and no trace outside. Often a domain's mail moved to another provider while the web
    /// server still hosts the domain. A filter on the same machine hands the message on under another queue id, and may
    /// lose or keep it.
    ///
    /// ## How to fix it
    /// Take the domain out of what the server delivers itself, and leave the MX records as they are. cPanel: Email Routing,
    /// Remote Mail Exchanger. Plesk: switch off the mail service of the domain. Postfix: take it out of mydestination,
    /// virtual_mailbox_domains and virtual_alias_domains. Exim: out of local_domains. If mailboxes of one domain are meant
    /// to live on both systems, give the server a route for those that it has not. If a filter has it, look for the queue
    /// id that its reply names.
    ///
    /// ## How to check
    /// Send again: the log names a host of the MX records as relay.
    pub RULE = "local-delivery-blackhole", Bounce, High, judge,
    ["RFC 5321 §5.1", "Postfix, ADDRESS_CLASS_README", "cPanel, Email Routing"]
}

fn judge(facts: &Facts) -> Verdict {
    let kept = &facts.local_delivery;
    let mut findings: Vec<Finding> = kept.iter().filter_map(astray).collect();
    let mut gaps: Gaps = kept.iter().filter_map(gap).collect();
    let logged = logged(facts);
    if kept.is_empty() && logged.is_empty() {
        return Verdict::NotApplicable;
    }
    if findings.is_empty() {
        let here = logged.iter().find(|r| r.taken_by.is_some_and(|by| by != TakenBy::Host));
        findings.extend(here.and_then(|recipient| stayed(kept, recipient)));
    }
    if findings.is_empty() && logged.iter().any(|r| r.taken_by.is_none()) {
        gaps.push(Gap::new("Who took the message over?", "the whole line of the log, with relay=, H= or mailer="));
    }
    Verdict::of(findings, gaps)
}

/// Deliveries that a log tells of: only its lines name the next hop.
fn logged(facts: &Facts) -> Vec<&Recipient> {
    let bounce = facts.reading.bounce.as_ref().filter(|_| facts.evidence.input.kind == InputKind::Reply);
    let delivered = |r: &&Recipient| r.action == Action::Delivered && r.address.is_some();
    bounce.into_iter().flat_map(|b| &b.recipients).filter(delivered).collect()
}

fn gap(kept: &Kept) -> Option<Gap> {
    let question = format!("Is the server that kept mail for {} one of its mail hosts?", kept.domain);
    match &kept.standing {
        Standing::Open(asked) => Some(Gap::dns(question, asked)),
        Standing::Nameless => {
            Some(Gap::new(question, "the server's whole name and its addresses: postconf myhostname"))
        }
        Standing::Own | Standing::Provider(_) | Standing::Elsewhere => None,
    }
}

/// Kept, although the domain's mail goes elsewhere.
fn astray(kept: &Kept) -> Option<Finding> {
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
    let summary = format!("Take {domain} out of what {host} delivers itself; leave the MX records as they are.");
    Some(
        Finding::new(&RULE, crate::safe::clip(&format!("The sending server keeps mail for {domain}"), 70))
            .severity(severity)
            .sure(confidence, because)
            .explain(format!(
                "{} {what}, while the mail of {domain} goes to {whose}. The message never left the server, and its \
                 recipient does not see it.",
                kept.host.as_deref().unwrap_or("The sending server")
            ))
            .exhibit(Exhibit::input(kept.span, "kept here"))
            .exhibit(Exhibit::dns(&question, there, None, "where its mail goes"))
            .fix(release(summary, domain, recipient).step(
                "Mailboxes on the server may hold mail that was lost this way: look into them before you remove them.",
            ))
            .leads_to(&["bounce-recipient-problem"])
            .check(
                "send the message again and look for it in the server's log",
                "relay= names a host of the MX records",
            ),
    )
}

/// How a server stops taking a domain for its own.
fn release(summary: String, domain: &str, recipient: &str) -> Remedy {
    Remedy::new(summary)
        .step("cPanel: Email Routing, set Remote Mail Exchanger. DirectAdmin: MX Records, switch off \"Local Mail Server\".")
        .step("Plesk: Mail Settings of the domain, switch off the mail service.")
        .step(format!(
            "Postfix: postconf mydestination virtual_mailbox_domains virtual_alias_domains shows which of them holds {domain}; \
             take it out, then postfix reload."
        ))
        .step(format!("Exim: exim -bt {recipient} shows the route; take {domain} out of local_domains."))
}

/// Delivered, and still on the same machine: what it means where DNS does not speak against it.
fn stayed(kept: &[Kept], recipient: &Recipient) -> Option<Finding> {
    let address = &recipient.address.as_ref()?.value;
    let (_, domain) = address.rsplit_once('@')?;
    let own = kept.iter().any(|k| k.standing == Standing::Own && k.domain.eq_ignore_ascii_case(domain));
    let handed_on = "The line that follows it in the log, or the program's own, tells what became of it.";
    let (title, why, fix) = match recipient.taken_by? {
        TakenBy::Mailbox if own => (
            "The server put the message into a mailbox of its own",
            format!(
                "The line says that the mail for {address} went into a mailbox of the same machine. DNS does not speak \
                 against that: {domain} may well be hosted there."
            ),
            Remedy::new(format!("Look for it in the mailbox of {address} on that server."))
                .step("Its junk folder and the filter rules of its owner come after this line of the log."),
        ),
        TakenBy::Mailbox => (
            "The server put the message into a mailbox of its own",
            format!(
                "The line says that the mail for {address} went into a mailbox of the same machine. That is right where \
                 {domain} is hosted there. Where it is not, the server takes {domain} for a domain of its own, and the \
                 message never left."
            ),
            release(format!("If {domain} is hosted elsewhere, have this server deliver it there."), domain, address),
        ),
        TakenBy::Program => (
            "A program on the same machine took the message",
            format!(
                "The line says that the mail for {address} was handed to a program of the same machine: a filter, or one \
                 that delivers. {handed_on}"
            ),
            Remedy::new(
                "Follow the message: look for the queue id that the program's reply names, else for its Message-ID.",
            )
            .step("If no line follows, look into the program's own log, and a filter's quarantine."),
        ),
        TakenBy::Alias => (
            "An alias on the server sent the message on",
            format!(
                "The line says that {address} is an alias there, and that the message goes on to another address under a \
                 new queue id. {handed_on}"
            ),
            Remedy::new("Follow the message: look in the log for the queue id that the line names (forwarded as …)."),
        ),
        TakenBy::Host => return None,
    };
    Some(
        Finding::new(&RULE, title)
            .severity(Severity::Info)
            .explain(why)
            .exhibit(Exhibit::input(recipient.span, "who took it over"))
            .fix(fix)
            .check(
                format!("dig +short MX {domain}"),
                "the hosts that mail for it belongs to: is this server one of them?",
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, Said};
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
        assert_eq!(found.leads_to, ["bounce-recipient-problem"]);
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

    /// Delivered here, and nothing speaks against it.
    fn plain(verdict: Verdict) -> Finding {
        let found = only(verdict);
        assert_eq!(found.severity, Severity::Info, "{}", found.title);
        assert!(found.fix.is_some() && found.check.is_some());
        found
    }

    #[test]
    fn what_hosts_mail_for_a_domain_may_keep_it() {
        // Behind a gateway stands whoever keeps the mailboxes.
        let gateway =
            "partner.example MX 10 eu-smtp-inbound-1.mimecast.com\neu-smtp-inbound-1.mimecast.com A 192.0.2.1";
        let named = POSTFIX.replace(" web1 ", " mail.partner.example ");
        for (line, zone) in [
            (POSTFIX, "partner.example A 192.0.2.7"),
            (POSTFIX, gateway),
            (named.as_str(), "partner.example MX 10 mx.partner.example\nmx.partner.example A 192.0.2.1"),
        ] {
            let found = plain(log(line, zone));
            assert!(found.explanation.contains("does not speak against that"), "{}", found.explanation);
            assert!(found.fix.unwrap().summary.contains("the mailbox of bob@partner.example"));
            assert!(found.open.is_empty());
        }
    }

    #[test]
    fn without_the_servers_name_or_an_answer_it_cannot_know() {
        for (verdict, needs) in [
            (log(POSTFIX, OTHER), "postconf"),
            (log(POSTFIX, "partner.example SERVFAIL"), "dig"),
            (judge(&facts(POSTFIX, InputKind::Reply)), "dig"),
        ] {
            let found = plain(verdict);
            assert!(found.explanation.contains("Where it is not"), "{}", found.explanation);
            assert!(found.open[0].needs.words().contains(needs), "{:?}", found.open);
        }
        let refused = POSTFIX.replace("status=sent (delivered to maildir)", "status=bounced (unknown user: \"bob\")");
        assert!(matches!(judge(&facts(&refused, InputKind::Reply)), Verdict::Unknown(_)));
        let half = "postfix/smtp[12]: 4AB: to=<ann@example.com>, dsn=2.0.0, status=sent (250 ok)";
        let Verdict::Unknown(gaps) = log(half, GOOGLE) else { panic!() };
        assert!(gaps[0].needs.words().contains("relay="));
    }

    #[test]
    fn what_stays_on_the_machine_is_to_be_followed() {
        let filter = "Nov 12 10:00:01 mail postfix/smtp[12]: 4AB: to=<bob@partner.example>, \
            relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5FG)";
        assert!(plain(log(filter, GOOGLE)).title.starts_with("A program"));
        let alias = POSTFIX.replace("delivered to maildir", "forwarded as 5A2");
        assert!(plain(log(&alias, GOOGLE)).title.starts_with("An alias"));
    }

    #[test]
    fn other_logs_and_messages_are_not_its_business() {
        let away = "Jun  2 10:00:00 web1 postfix/smtp[1]: 4F1: to=<bob@partner.example>, relay=aspmx.l.google.com[192.0.2.26]:25, \
            dsn=2.0.0, status=sent (250 2.0.0 OK)";
        assert!(matches!(log(away, GOOGLE), Verdict::Pass));
        // Amazon SES names its own host as reporter; the recipient's server took the message.
        let ses = r#"{"notificationType":"Delivery","delivery":{"recipients":["bob@partner.example"],
            "smtpResponse":"250 OK","reportingMTA":"a8-70.smtp-out.amazonses.com"},"mail":{"source":"ann@example.com"}}"#;
        assert!(matches!(judged(ses, InputKind::Bounce, GOOGLE), Verdict::NotApplicable));
        assert!(matches!(log("550 5.1.1 User unknown", GOOGLE), Verdict::NotApplicable));
        assert!(matches!(log("250 2.0.0 Ok: queued as 4AB", GOOGLE), Verdict::NotApplicable));
        assert!(matches!(judge(&facts("From: ann@example.com\n", InputKind::Headers)), Verdict::NotApplicable));
    }
}
