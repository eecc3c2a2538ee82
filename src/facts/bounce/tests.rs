use super::*;
use crate::facts::Reading;

fn read(text: &str, kind: InputKind) -> Bounce {
    let input = Input::read("test", text.as_bytes(), Some(kind)).unwrap();
    Bounce::read(&input).unwrap()
}

/// Address, action, status, category, server, step of each recipient.
pub(super) fn told(bounce: &Bounce) -> Vec<String> {
    let word = |w: Option<&str>| w.unwrap_or("-").to_owned();
    let line = |r: &Recipient| {
        [
            word(r.address.as_ref().map(|a| a.value.as_str())),
            r.action.word().to_owned(),
            word(r.status.as_deref()),
            r.category.word().to_owned(),
            word(r.server.as_deref()),
            word(r.step.map(Stage::word)),
        ]
        .join(" ")
    };
    bounce.recipients.iter().map(line).collect()
}

const DSN: &str = "Return-Path: <>\r\nFrom: MAILER-DAEMON@out.example.com (Mail Delivery System)\r\nTo: ann@example.com\r\n\
    Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host out.example.com.\r\n\r\n\
    <bob@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)\r\n\r\n\
    --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n\
    Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net>: Recipient address rejected:\r\n    User unknown\r\n\r\n\
    Final-Recipient: rfc822; eve@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
    Diagnostic-Code: X-Postfix; connect to mx.example.org[192.0.2.2]:25: Connection timed out\r\n\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nReceived: by out.example.com (Postfix) id 1; Mon, 2 Nov 2026 10:00:00 +0000\r\n\
    From: ann@example.com\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nbody\r\n--b--\r\n";

#[test]
fn a_notification_tells_each_recipient_apart() {
    let bounce = read(DSN, InputKind::Bounce);
    assert_eq!(bounce.reporting_mta.as_ref().unwrap().value, "out.example.com");
    assert_eq!(
        told(&bounce),
        [
            "bob@example.net failed 5.1.1 recipient mx.example.net RCPT",
            "eve@example.org delayed 4.4.1 network mx.example.org connect",
        ]
    );
    let reply = bounce.recipients[0].reply.as_ref().unwrap();
    assert_eq!(reply.value, "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown");
    assert!(reply.span.of(DSN.as_bytes()).starts_with(b"Diagnostic-Code: smtp; 550 5.1.1"));
    assert!(bounce.recipients[0].is_permanent() && !bounce.recipients[1].is_permanent());
    assert_eq!(bounce.sent_to.unwrap().value, "ann@example.com");
    assert!(!bounce.cut);
}

/// Without Remote-MTA nothing but the words in front of the reply says whose it is (RFC 3464 §2.3.5).
#[test]
fn whom_a_reply_names_is_not_the_server_that_gave_it() {
    for reply in [
        "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.example.com",
        "554 5.7.1 Refused, listed by bl.example.com",
        "550 5.7.1 Message blocked by example.com policy",
        "550 5.7.1 Helo command rejected: Host out.example.com not found",
    ] {
        let server = |text: &str| read(text, InputKind::Bounce).recipients.swap_remove(0).server;
        let quiet = DSN
            .replace("host mx.example.net[192.0.2.1] said: 550 5.1.1 no", reply)
            .replace("Remote-MTA: dns; mx.example.net\r\n", "")
            .replace("550 5.1.1 <bob@example.net>: Recipient address rejected:\r\n    User unknown", reply);
        assert!(!quiet.contains("User unknown") && !quiet.contains("Remote-MTA"));
        assert_eq!(server(&quiet), None, "{reply}");
        let named = quiet.replace("smtp; ", "smtp; host mx.example.net[192.0.2.1] said: ");
        assert_eq!(server(&named).as_deref(), Some("mx.example.net"), "{reply}");
        let notice = format!("This is the mail system at host out.example.com.\n\n<bob@example.net>: {reply}\n");
        assert_eq!(server(&notice), None, "{reply}");
        let line = format!(
            "x smtpd[1]: y mta delivery to=<bob@example.net> relay=mx.example.net result=\"PermFail\" stat=\"{reply}\""
        );
        assert_eq!(attempt(line.as_bytes()).unwrap().server.as_deref(), Some("mx.example.net"), "{line}");
    }
}

/// Where the two codes of a reply differ, the first decides whether trying again helps (RFC 5321 §4.2.1).
#[test]
fn a_reply_is_as_permanent_as_its_reply_code() {
    for (reply, permanent) in [
        ("550 4.2.1 mailbox disabled", true),
        ("450 5.2.1 mailbox disabled", false),
        ("550 5.2.1 no", true),
        ("4.2.1 no", false),
    ] {
        assert_eq!(read(reply, InputKind::Reply).recipients[0].is_permanent(), permanent, "{reply}");
    }
}

#[test]
fn the_returned_header_is_read_where_it_stands() {
    let input = Input::read("test", DSN.as_bytes(), None).unwrap();
    assert_eq!(input.kind, InputKind::Bounce);
    let reading = Reading::read(&input, &Default::default());
    let address = reading.from.address().unwrap();
    assert_eq!(address.span.of(DSN.as_bytes()), b"ann@example.com");
    assert!(address.span.start as usize > DSN.find("message/rfc822").unwrap());
    assert_eq!(reading.hops.len(), 1);
    assert_eq!(reading.boundary.hop, None);
}

#[test]
fn notices_in_their_own_words() {
    for (notice, expected) in [
        (
            "Hi. This is the qmail-send program at out.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n\
             <bob@example.net>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 sorry, no mailbox here by that name (#5.1.1)\nGiving up on 192.0.2.1.\n",
            "bob@example.net failed 5.1.1 recipient 192.0.2.1 -",
        ),
        (
            "A message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  bob@example.net\n    \
             SMTP error from remote mail server after end of data:\n    host mx.example.net [192.0.2.1]: 552 5.3.4 Message size exceeds fixed limit\n",
            "bob@example.net failed 5.3.4 size mx.example.net end of data",
        ),
        (
            "Delivery to the following recipient failed permanently:\n\n     bob@example.net\n\nTechnical details of permanent failure:\n\
             Google tried to deliver your message, but it was rejected by the server for the recipient domain example.net by mx.example.net. [192.0.2.1].\n\n\
             The error that the other server returned was:\n550 5.1.1 <bob@example.net>... User Unknown\n\n----- Original message -----\n\nFrom: ann@example.com\n",
            "bob@example.net failed 5.1.1 recipient mx.example.net -",
        ),
        (
            "Sorry, we were unable to deliver your message to the following address.\n\n<bob@example.net>:\nRemote host said:\n550 5.2.2 <bob@example.net>... Mailbox Full\n[RCPT_TO]\n",
            "bob@example.net failed 5.2.2 mailbox-full - RCPT",
        ),
        ("The user(s) account is disabled.\n\n<bob@example.net>\n", "bob@example.net failed - recipient - -"),
        (
            "Your message\n\n  Subject: hello\n\nwas not delivered to:\n\n  bob@example.net\n\nbecause:\n\n  User bob (bob@example.net) not listed in Domino Directory\n",
            "bob@example.net failed - recipient - -",
        ),
        (
            "Delivery has failed to these recipients or groups:\n\nbob@example.net\nThe address was not found.\n\nGenerating server: mail.example.com\n\n\
             bob@example.net\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found ##\n",
            "bob@example.net failed 5.1.10 recipient - -",
        ),
        (
            "This message was created automatically. Your message has been delayed.\nThe following address has not yet been reached and will be retried:\n\n  <bob@example.net>: 450 4.2.0 Greylisted, come back\n",
            "bob@example.net delayed 4.2.0 network - -",
        ),
    ] {
        assert_eq!(told(&read(notice, InputKind::Bounce)), [expected], "{notice}");
    }
}

/// Each with what is said of it alone.
#[test]
fn several_recipients_of_one_notice() {
    for (notice, expected) in [
        (
            "Unknown user: bob@example.net\nUser mailbox exceeds allowed size: eve@example.org\n\nOriginal message follows.\n\n",
            ["bob@example.net failed - recipient - -", "eve@example.org failed - mailbox-full - -"],
        ),
        (
            "Hi. This is the qmail-send program at out.example.com.\n\n<bob@example.net>:\n192.0.2.1 does not like recipient.\n\
             Remote host said: 550 5.1.1 no mailbox here\nGiving up on 192.0.2.1.\n\n<eve@example.org>:\nSorry, I couldn't find any host named example.org. (#5.1.2)\n",
            ["bob@example.net failed 5.1.1 recipient 192.0.2.1 -", "eve@example.org failed 5.1.2 recipient - -"],
        ),
    ] {
        assert_eq!(told(&read(notice, InputKind::Bounce)), expected, "{notice}");
    }
}

/// Whom a notice is about, where it does not put the address at the beginning of a line.
#[test]
fn whom_a_notice_names() {
    let head = "From: MAILER-DAEMON@example.net\r\nTo: ann@example.com\r\nSubject: failed\r\n\r\n";
    for (body, expected) in [
        (
            "The message, addressed to 'bob@example.net',\r\nfailed because it has not been collected after 30 days\r\n",
            "bob@example.net failed - network - -",
        ),
        (
            "Your message\r\n\r\n  To:  team@example.com\r\n\r\ndid not reach the following recipient(s):\r\n\r\n\
             c=US;a= ;p=X;dda:SMTP=bob@example.net; on Fri, 4 Oct 2002\r\n    The recipient name is not recognized\r\n",
            "bob@example.net failed - recipient - -",
        ),
        (
            "Your mail to the following recipients could not be delivered because they are not accepting mail from \
             team@example.com:\r\n\tbob\r\n",
            "- failed - policy - -",
        ),
    ] {
        assert_eq!(told(&read(&format!("{head}{body}"), InputKind::Bounce)), [expected], "{body}");
    }
}

/// Exim's warning says that it "will give up" one day; a sentence below the address says whom to write to.
#[test]
fn a_warning_and_a_reason_above_the_address() {
    let head = "From: MAILER-DAEMON@example.com\r\nTo: ann@example.com\r\nSubject: failed\r\n\r\n";
    for (body, expected) in [
        (
            "A message that you sent has not yet been delivered to one or more of its recipients.\r\n\r\n  \
             bob@example.net\r\n    host mx.example.net [192.0.2.1]\r\n    450 4.2.2 mailbox over quota\r\n\r\n\
             No action is required on your part. Eventually the mail delivery software will give up.\r\n",
            "bob@example.net delayed 4.2.2 mailbox-full mx.example.net -",
        ),
        (
            "This Message was undeliverable due to the following reason:\r\n\r\nThe account is over quota.\r\n\r\n\
             <bob@example.net>\r\n\r\nPlease reply to <Postmaster@example.com> if you feel this to be in error.\r\n",
            "bob@example.net failed - mailbox-full - -",
        ),
    ] {
        assert_eq!(told(&read(&format!("{head}{body}"), InputKind::Bounce)), [expected], "{body}");
    }
    let gone = "  bob@example.net\r\n    host mx.example.net [192.0.2.1]\r\n    SMTP error from remote mail server after end of \
                data:\r\n    553 DOMAIN does not exist\r\n";
    let category = |domain: &str| {
        let text = format!("{head}{}", gone.replace("DOMAIN", domain));
        read(&text, InputKind::Bounce).recipients[0].category
    };
    assert_eq!(category("example.com"), Category::Configuration, "that of the sender");
    assert_eq!(category("example.org"), Category::Unknown);
    // The queue manager of Postfix names the sender alone.
    let line = "Dec  1 10:00:00 mx postfix/qmgr[22]: 4X: from=<ann@example.com>, status=expired, returned to sender";
    assert_eq!(told(&read(line, InputKind::Reply)), ["- failed - network - -"]);
}

/// Somebody sends a notification on as an attachment; what a mail system returns is none for us.
#[test]
fn a_notification_attached_to_a_mail() {
    let outer = |from: &str| {
        format!(
            "From: {from}\r\nTo: admin@example.com\r\nSubject: Fwd: bounce\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"o\"\r\n\r\n--o\r\nContent-Type: text/plain\r\n\r\nsee attached\r\n\
             --o\r\nContent-Type: message/rfc822\r\n\r\n{DSN}--o--\r\n"
        )
    };
    let bounce = read(&outer("Ann <ann@example.com>"), InputKind::Bounce);
    assert_eq!(told(&bounce), told(&read(DSN, InputKind::Bounce)));
    assert_eq!(bounce.sent_to, None);
    let daemon = read(&outer("MAILER-DAEMON@mx.example.net"), InputKind::Bounce);
    assert_ne!(told(&daemon), told(&read(DSN, InputKind::Bounce)));
}

/// A group that is about the message names nobody (RFC 3464 §2.2); an X.400 address is for its own system.
#[test]
fn groups_that_are_not_about_a_recipient_of_mail() {
    let text = DSN
        .replace("Reporting-MTA: dns; out.example.com\r\n", "Reporting-MTA: dns; out.example.com\r\nAction: failed\r\n")
        .replace(
            "Final-Recipient: rfc822; bob@example.net\r\n",
            "Original-Recipient: rfc822; bob@example.net\r\nFinal-Recipient: x400; /S=bob/ADMD= /C=WW/\r\n",
        );
    assert_eq!(told(&read(&text, InputKind::Bounce)), told(&read(DSN, InputKind::Bounce)));
}

/// The reason may stand once, above all of them.
#[test]
fn what_is_said_above_several_recipients_holds_for_each() {
    let (head, _) = DSN.split_once("This is the mail system").unwrap();
    let text = format!(
        "{head}The destination computer was not reachable within the allowed queue period.\r\n\r\n\
         The following recipients did not receive it:\r\n\r\n  <bob@example.net>\r\n  <eve@example.org>\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n\
         Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\n\r\n\
         Final-Recipient: rfc822; eve@example.org\r\nAction: failed\r\n\r\n--b--\r\n"
    );
    let expected = ["bob@example.net failed - network - -", "eve@example.org failed - network - -"];
    assert_eq!(told(&read(&text, InputKind::Bounce)), expected);
}

#[test]
fn lines_of_a_log() {
    for (line, expected) in [
        (
            "Nov  2 10:00:00 out postfix/smtp[1]: 4061F2BEA: to=<bob@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 <bob@example.net>: User unknown (in reply to RCPT TO command))",
            "bob@example.net failed 5.1.1 recipient mx.example.net RCPT",
        ),
        (
            "Nov  2 10:00:00 out postfix/smtp[1]: 4061F2BEA: to=<bob@example.net>, relay=none, delay=30, dsn=4.4.1, status=deferred (connect to mx.example.net[192.0.2.1]:25: Connection timed out)",
            "bob@example.net delayed 4.4.1 network mx.example.net connect",
        ),
        (
            "2026-11-02 10:00:00 1P1ce6-000Egt-GZ ** bob@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@example.net>: 550 5.1.1 User unknown",
            "bob@example.net failed 5.1.1 recipient mx.example.net RCPT",
        ),
        (
            "2026-11-02 10:00:00 1P1ce6-000Egt-GZ == bob@example.net R=dnslookup T=remote_smtp defer (-44) H=mx.example.net [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@example.net>: 450 4.2.0 Greylisted",
            "bob@example.net delayed 4.2.0 network mx.example.net RCPT",
        ),
        (
            "Nov  2 10:00:00 out sendmail[1]: id1: to=<bob@example.net>, delay=00:00:01, mailer=esmtp, relay=mx.example.net. [192.0.2.1], dsn=5.1.1, stat=User unknown",
            "bob@example.net failed 5.1.1 recipient mx.example.net -",
        ),
        (
            "Nov  2 10:00:00 out smtpd[1]: 1 mta delivery evpid=1 from=<ann@example.com> to=<bob@example.net> rcpt=<-> source=\"192.0.2.9\" relay=\"192.0.2.1 (mx.example.net)\" delay=1s result=\"PermFail\" stat=\"550 5.1.1 User unknown\"",
            "bob@example.net failed 5.1.1 recipient mx.example.net -",
        ),
        (
            "2026-11-30 05:00:00 1rABCD-0001xy-2Z ** bob@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.1]: SMTP error from remote mail server after end of data: 550 Message rejected as spam: see the page",
            "bob@example.net failed - content mx.example.net end of data",
        ),
        (
            "2026-11-30 05:00:00 1rABCD-0001xy-2Z ** bob@example.net: retry timeout exceeded",
            "bob@example.net failed - network - -",
        ),
    ] {
        let bounce = read(line, InputKind::Reply);
        assert_eq!(told(&bounce), [expected], "{line}");
        assert!(bounce.recipients[0].client.is_none());
        if let Some(reply) = &bounce.recipients[0].reply {
            assert_eq!(reply.span.of(line.as_bytes()), reply.value.as_bytes());
        }
        // Pasted without a word, it is taken for what it is.
        let input = Input::read("test", line.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Reply, "{line}: {}", input.because);
    }
}

/// Who came to it, and not where it delivered to.
#[test]
fn lines_of_a_log_of_whom_the_server_refused() {
    for (line, client, expected) in [
        (
            "Nov 30 05:00:00 mta postfix/cleanup[9]: 4A1: milter-reject: END-OF-MESSAGE from mx.example.net[192.0.2.5]: 5.7.1 rejected by DMARC policy for example.net; from=<ann@example.net> to=<bob@example.com> proto=ESMTP helo=<mx.example.net>",
            "mx.example.net[192.0.2.5]",
            "bob@example.com failed 5.7.1 authentication - end of data",
        ),
        (
            "Nov 30 05:00:00 mta postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.9]; from=<ann@example.net> to=<bob@example.com> proto=ESMTP helo=<mx.example.net>",
            "unknown[192.0.2.9]",
            "bob@example.com delayed 4.7.25 configuration - RCPT",
        ),
        (
            "2026-11-30 05:00:00 H=(mx) [192.0.2.5] F=<ann@example.net> temporarily rejected RCPT <bob@example.com>: greylisted",
            "(mx) [192.0.2.5]",
            "- delayed - network - RCPT",
        ),
    ] {
        let input = Input::read("test", line.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Reply, "{line}: {}", input.because);
        let bounce = Bounce::read(&input).unwrap();
        assert_eq!(told(&bounce), [expected], "{line}");
        assert_eq!(bounce.recipients[0].client.as_deref(), Some(client));
        assert!(
            bounce.source_ip.is_none()
                && !bounce.concerns_authentication()
                && bounce.dmarc_verdict(&Reading::default()).is_none()
        );
    }
}

#[test]
fn of_several_attempts_the_last_counts() {
    let log = "to=<bob@example.net>, dsn=4.2.0, status=deferred (host a.example.net said: 450 4.2.0 Greylisted)\n\
               to=<eve@example.net>, dsn=5.1.1, status=bounced (host a.example.net said: 550 5.1.1 User unknown)\n\
               to=<bob@example.net>, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n";
    let bounce = read(log, InputKind::Reply);
    assert_eq!(told(&bounce).len(), 2);
    assert_eq!(bounce.recipients[1].action, Action::Delivered);
    assert_eq!(bounce.worst().unwrap().address.as_ref().unwrap().value, "eve@example.net");
}

#[test]
fn bare_replies() {
    for (reply, expected) in [
        ("mx.google.com said: 550 5.7.30", "- failed 5.7.30 authentication mx.google.com -"),
        ("550 5.7.30 [AM0PR01.eurprd01.prod.outlook.com]", "- failed 5.7.30 configuration - -"),
        ("550-5.7.26 This mail is unauthenticated\n550 5.7.26 - gsmtp", "- failed 5.7.26 authentication - -"),
        ("421 4.7.0 Try again later, closing connection. gsmtp", "- delayed 4.7.0 rate - -"),
        ("250 2.0.0 Ok: queued as 1", "- delivered 2.0.0 unknown - -"),
        ("5.1.1", "- failed 5.1.1 recipient - -"),
        ("550 5.7.30", "- failed 5.7.30 unknown - -"),
        ("550 the quick brown fox", "- failed - unknown - -"),
    ] {
        assert_eq!(told(&read(reply, InputKind::Reply)), [expected], "{reply}");
    }
}

/// By the user's word alone: a sentence without a code tells where its words are known, more of it is something else.
#[test]
fn words_without_a_code() {
    let category = |text: &str| read(text, InputKind::Reply).recipients.first().map(|r| r.category);
    assert_eq!(category("the recipient server did not respond"), Some(Category::Network));
    assert_eq!(category("nothing that anybody knows"), None);
    assert_eq!(category(&"a line\n".repeat(6).replace("line", "mailbox full")), None);
    assert_eq!(category("571 Message Refused"), Some(Category::Policy));
}

#[test]
fn feedback_reports() {
    let report = "From: fbl@example.net\nTo: abuse@example.com\nSubject: report\nMIME-Version: 1.0\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAbuse.\n--b\n\
        Content-Type: message/feedback-report\n\nFeedback-Type: auth-failure\nUser-Agent: x/1\nVersion: 1\n\
        Original-Mail-From: <ann@example.com>\nOriginal-Rcpt-To: <bob@example.net>\nSource-IP: 203.0.113.9\n\
        Reporting-MTA: dns; mx.example.net\nAuthentication-Results: mx.example.net; dmarc=fail header.from=example.com\n\n--b\n\
        Content-Type: message/rfc822\n\nFrom: ann@example.com\nTo: bob@example.net\nSubject: x\n\nbody\n--b--\n";
    let input = Input::read("test", report.as_bytes(), None).unwrap();
    assert_eq!(input.kind, InputKind::Bounce);
    let reading = Reading::read(&input, &Default::default());
    let bounce = reading.bounce.as_ref().unwrap();
    assert_eq!(told(bounce), ["bob@example.net delivered - feedback - -"]);
    assert_eq!(bounce.feedback.as_ref().unwrap().kind, FeedbackKind::AuthFailure);
    let rejected = report.replace("Version: 1\n", "Version: 1\nDelivery-Result: reject\n");
    assert_eq!(told(&read(&rejected, InputKind::Bounce)), ["bob@example.net failed - feedback - -"]);
    // The receiver's verdict and connection stand in the report, the rest in the message.
    assert_eq!(reading.reported.dmarc.as_ref().unwrap().result, "fail");
    assert_eq!(reading.from_domain(), Some("example.com"));
    let identities = crate::facts::boundary::identities(&reading, &Default::default());
    assert_eq!(identities.source_ip.unwrap().value.to_string(), "203.0.113.9");
    assert_eq!(identities.mail_from.unwrap().value.domain(), Some("example.com"));
}

#[test]
fn junk_mail_reports() {
    let report = "From: <staff@hotmail.example>\nSubject: complaint about message from 203.0.113.9\nTo: abuse@example.com\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n\
        X-HmXmrOriginalRecipient: bob@example.net\nFrom: ann@example.com\nSubject: x\n\nbody\n--b--\n";
    assert_eq!(Input::read("test", report.as_bytes(), None).unwrap().kind, InputKind::Bounce);
    let bounce = read(report, InputKind::Bounce);
    assert_eq!(told(&bounce), ["bob@example.net delivered - feedback - -"]);
    assert_eq!(bounce.feedback.unwrap().kind, FeedbackKind::Abuse);
    assert_eq!(bounce.source_ip.unwrap().value.to_string(), "203.0.113.9");
}

#[test]
fn notifications_of_amazon_ses() {
    let of = |json: &str| {
        let mail = format!(
            "From: no-reply@sns.example.com\nSubject: AWS Notification Message\n\n{json}\n\n--\nto unsubscribe\n"
        );
        for text in [mail.as_str(), json] {
            assert_eq!(Input::read("test", text.as_bytes(), None).unwrap().kind, InputKind::Bounce, "{text}");
        }
        told(&read(&mail, InputKind::Bounce)).join(" | ")
    };
    let mail = r#""mail":{"source":"ann@example.com"}"#;
    let bounce = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"bob@example.net","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user
 unknown"}],"reportingMTA":"dsn; out.example.com"},"#;
    assert_eq!(of(&format!("{bounce}{mail}}}")), "bob@example.net failed 5.1.1 recipient - -");
    let complaint = r#"{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"bob@example.net"}],"complaintFeedbackType":"abuse"},"#;
    assert_eq!(of(&format!("{complaint}{mail}}}")), "bob@example.net delivered - feedback - -");
    let delivery = r#"{"notificationType":"Delivery","delivery":{"recipients":["bob@example.net"]},"#;
    assert_eq!(of(&format!("{delivery}{mail}}}")), "bob@example.net delivered - unknown - -");
}

/// What a platform's JSON is told as, whatever stands around it.
fn event(json: &str) -> String {
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(json).unwrap()).unwrap();
    let (line, list) = (format!("{json}\n"), format!("[{json}]"));
    let handed_on = serde_json::json!({ "Type": "Notification", "Message": json }).to_string();
    let of = |text: &str| {
        let input = Input::read("test", text.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Bounce, "{text}");
        told(&Bounce::read(&input).unwrap()).join(" | ")
    };
    let said = of(json);
    for other in [&pretty, &line, &list, &handed_on] {
        assert_eq!(of(other), said, "{other}");
    }
    said
}

#[test]
fn a_name_in_a_program_is_no_server() {
    for (text, server) in [
        (
            "javax.mail.SendFailedException: Invalid\ncom.sun.mail.smtp.SMTPAddressFailedException: 550 5.1.1 no such user",
            "-",
        ),
        ("smtplib.SMTPRecipientsRefused: (550, b'5.1.1 no such user')", "-"),
        ("MX1.Example.net 550 5.1.1 no such user", "mx1.example.net"),
    ] {
        let told = told(&read(text, InputKind::Reply));
        assert_eq!(told[0].split(' ').nth(4), Some(server), "{told:?}");
    }
}

#[test]
fn events_of_platforms_are_read() {
    for (json, expected) in [
        (
            r#"{"event":"failed","severity":"permanent","reason":"bounce","delivery-status":{"code":550,"message":"5.1.1 The email account that you tried to reach does not exist.","mx-host":"gmail-smtp-in.l.google.com"},"recipient":"bob@gmail.com","envelope":{"sender":"b@example.com","sending-ip":"192.0.2.1"},"timestamp":1.5}"#,
            "bob@gmail.com failed 5.1.1 recipient gmail-smtp-in.l.google.com -",
        ),
        (
            r#"{"signature":{"token":"x"},"event-data":{"event":"failed","severity":"temporary","delivery-status":{"code":421,"enhanced-code":"4.7.28","message":"Gmail has detected an unusual rate of unsolicited mail.","description":null},"recipient":"bob@gmail.com"}}"#,
            "bob@gmail.com delayed 4.7.28 rate - -",
        ),
        (
            r#"{"email":"bob@example.net","timestamp":1513299569,"event":"bounce","sg_event_id":"1","type":"blocked","status":"5.7.26","reason":"550 5.7.26 This mail has been blocked because the sender is unauthenticated.","ip":"192.0.2.1"}"#,
            "bob@example.net failed 5.7.26 authentication - -",
        ),
        (
            r#"{"email":"bob@example.net","timestamp":1513299569,"event":"deferred","sg_event_id":"1","response":"452 4.2.2 The recipient's inbox is out of storage space","attempt":"5"}"#,
            "bob@example.net delayed 4.2.2 mailbox-full - -",
        ),
        (
            r#"{"RecordType":"Bounce","ID":42,"Type":"HardBounce","MessageID":"1","Details":"smtp;550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown","Email":"bob@example.net","From":"ann@example.com"}"#,
            "bob@example.net failed 5.1.1 recipient - -",
        ),
        (
            r#"{"RecordType":"Delivery","MessageID":"1","Recipient":"bob@example.net","Details":"250 ok"}"#,
            "bob@example.net delivered - unknown - -",
        ),
        (
            r#"{"msys":{"message_event":{"type":"bounce","customer_id":"1","rcpt_to":"bob@example.net","error_code":"554","raw_reason":"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org","msg_from":"b@example.com"}}}"#,
            "bob@example.net failed 5.7.1 reputation - -",
        ),
        (
            r#"{"event":"hard_bounce","ts":1,"msg":{"email":"bob@example.net","diag":"smtp;550 5.1.1 no such user","bounce_description":"bad_mailbox"}}"#,
            "bob@example.net failed 5.1.1 recipient - -",
        ),
        (
            r#"{"event":"soft_bounce","email":"bob@example.net","message-id":"<1@x>","reason":"452 4.2.2 mailbox full","sending_ip":"192.0.2.1"}"#,
            "bob@example.net failed 4.2.2 mailbox-full - -",
        ),
        (
            r#"{"event":"bounce","email":"bob@example.net","MessageID":1,"hard_bounce":true,"error":"user unknown","comment":""}"#,
            "bob@example.net failed - recipient - -",
        ),
        (
            r#"{"type":"email.bounced","created_at":"2026-01-01","data":{"to":["bob@example.net"],"bounce":{"message":"550 5.1.1 user unknown","type":"Permanent"}}}"#,
            "bob@example.net failed 5.1.1 recipient - -",
        ),
        (
            r#"{"type":"Bounce","sender":"b@example.com","recipient":["bob@gmail.com"],"response":{"code":550,"enhanced_code":{"class":5,"subject":7,"detail":26},"content":"This mail has been blocked because the sender is unauthenticated."},"peer_address":{"name":"gmail-smtp-in.l.google.com.","addr":"192.0.2.9"},"timestamp":1}"#,
            "bob@gmail.com failed 5.7.26 authentication gmail-smtp-in.l.google.com -",
        ),
        (
            r#"{"eventType":"DeliveryDelay","deliveryDelay":{"delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"bob@example.net","status":"4.2.2","diagnosticCode":"smtp; 452 4.2.2 mailbox full"}]},"mail":{"source":"b@example.com"}}"#,
            "bob@example.net delayed 4.2.2 mailbox-full - -",
        ),
    ] {
        assert_eq!(event(json), expected, "{json}");
    }
}

#[test]
fn of_several_events_the_last_of_each_recipient_counts() {
    let line = |event: &str, to: &str, said: &str| {
        format!(r#"{{"email":"{to}","timestamp":1,"smtp-id":"<1@x>","event":"{event}","response":"{said}"}}"#)
    };
    let text = [
        line("deferred", "bob@example.net", "450 4.7.1 greylisted, try again later"),
        line("processed", "eve@example.net", ""),
        line("delivered", "Bob@example.net", "250 ok"),
        line("bounce", "eve@example.net", "550 5.1.1 user unknown"),
        line("spamreport", "ann@example.net", ""),
    ]
    .join("\n");
    let bounce = read(&text, InputKind::Reply);
    assert_eq!(
        told(&bounce),
        [
            "eve@example.net failed 5.1.1 recipient - -",
            "Bob@example.net delivered - unknown - -",
            "ann@example.net delivered - unknown - -"
        ]
    );
    let said = bounce.recipients[0].reply.as_ref().unwrap();
    assert_eq!(said.span.of(text.as_bytes()), b"550 5.1.1 user unknown");
    assert!(bounce.feedback.is_none(), "what is lost is told before a complaint");
    let complaint = read(&line("spamreport", "ann@example.net", ""), InputKind::Bounce);
    assert_eq!(complaint.feedback.map(|f| f.kind), Some(FeedbackKind::Abuse));
}

/// SendGrid's: what happened to which message when, for whom, and what was said.
fn sent(event: &str, message: &str, time: u32, to: &str, said: &str) -> String {
    format!(r#"{{"email":"{to}","timestamp":{time},"sg_message_id":"{message}","event":"{event}","reason":"{said}"}}"#)
}

#[test]
fn attempts_are_told_apart_by_message_and_ordered_by_time() {
    let of = |lines: &[String]| told(&read(&lines.join("\n"), InputKind::Bounce)).join(" | ");
    let refused = "550 5.7.1 message content rejected as spam";
    let (bounce, delivery) = (sent("bounce", "a", 2, "q@t.test", refused), sent("delivered", "b", 3, "q@t.test", ""));
    assert_eq!(of(&[bounce.clone(), delivery]), "q@t.test failed 5.7.1 content - - | q@t.test delivered - unknown - -");
    let before = sent("deferred", "a", 1, "q@t.test", "451 4.7.1 greylisted");
    assert_eq!(of(&[bounce.clone(), before.clone()]), of(&[before, bounce]), "the order in the file says nothing");
}

#[test]
fn what_is_lost_is_not_cut_off() {
    let mut lines: Vec<_> = (0..2 * MOST).map(|n| sent("delivered", "a", 1, &format!("{n}@t.test"), "")).collect();
    lines.push(sent("bounce", "a", 1, "q@t.test", "550 5.1.1 no such user"));
    let bounce = read(&lines.join("\n"), InputKind::Bounce);
    assert_eq!((bounce.recipients.len(), bounce.cut, bounce.is_good_news()), (MOST, true, false));
    assert_eq!(bounce.worst().unwrap().address.as_ref().unwrap().value, "q@t.test");
}

#[test]
fn what_is_wrong_around_an_event_hides_none() {
    let (one, two) =
        (sent("delivered", "a", 1, "p@t.test", ""), sent("bounce", "a", 1, "q@t.test", "550 5.1.1 no such user"));
    for text in [
        format!("\u{feff}[{one},\r\n{two}]"),
        format!("{one}\nnot json\n{two}"),
        format!("{one},\n{two},\n"),
        format!(r#"{{"items":[{one},{two},{{"email":"cut"#),
    ] {
        let input = Input::read("test", text.as_bytes(), None).unwrap();
        let told = told(&Bounce::read(&input).unwrap());
        assert_eq!(told, ["q@t.test failed 5.1.1 recipient - -", "p@t.test delivered - unknown - -"], "{text}");
    }
}

#[test]
fn each_reply_is_shown_where_it_stands() {
    let said = "550 5.1.1 \\\"no\\\" such user";
    let text = [sent("bounce", "a", 1, "joann@t.test", said), sent("bounce", "a", 1, "ann@t.test", said)].join("\n");
    let bounce = read(&text, InputKind::Bounce);
    assert_eq!(bounce.recipients.len(), 2);
    for (recipient, line) in bounce.recipients.iter().zip(text.lines()) {
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let (address, reply) = (recipient.address.as_ref().unwrap(), recipient.reply.as_ref().unwrap());
        assert_eq!(address.span.of(text.as_bytes()), address.value.as_bytes());
        assert_eq!(reply.span.of(text.as_bytes()), said.as_bytes());
        assert!((start..start + line.len()).contains(&(reply.span.start as usize)));
        assert_eq!(reply.value, r#"550 5.1.1 "no" such user"#);
    }
    // In a string of another object every quote is escaped, and every backslash.
    let json = sent("bounce", "a", 1, "ann@t.test", said);
    let handed_on = serde_json::json!({ "Message": json, "Type": "Notification" }).to_string();
    let bounce = read(&handed_on, InputKind::Bounce);
    let reply = bounce.recipients[0].reply.as_ref().unwrap();
    assert_eq!(reply.span.of(handed_on.as_bytes()), br#"550 5.1.1 \\\"no\\\" such user"#);
}

#[test]
fn what_the_platform_itself_did_not_send_is_no_receivers_word() {
    let of = |json: &str| {
        let bounce = read(json, InputKind::Bounce);
        let one = &bounce.recipients[0];
        (one.withheld, one.suppressed, one.category, one.reply.is_some())
    };
    for json in [
        sent("dropped", "a", 1, "q@t.test", "Unsubscribed Address"),
        r#"{"event":"failed","reason":"suppress-bounce","recipient":"q@t.test","delivery-status":{"code":605,"message":"Not delivering to previously bounced address"}}"#.into(),
        r#"{"type":"bounce","customer_id":"1","rcpt_to":"q@t.test","error_code":"554","raw_reason":"554 5.7.1 [internal] recipient address suppressed due to customer policy"}"#.into(),
        r#"{"eventType":"Bounce","mail":{"messageId":"1"},"bounce":{"bounceType":"Permanent","bounceSubType":"OnAccountSuppressionList","bouncedRecipients":[{"emailAddress":"q@t.test","action":"failed","status":"5.1.1","diagnosticCode":"Amazon SES did not send the message to this address"}]}}"#.into(),
    ] {
        assert_eq!(of(&json), (true, true, Category::Policy, false), "{json}");
    }
    let rejected = r#"{"eventType":"Reject","mail":{"destination":["q@t.test"]},"reject":{"reason":"Bad content"}}"#;
    assert_eq!(of(rejected), (true, false, Category::Unknown, false));
    let refused = sent("bounce", "a", 1, "q@t.test", "550 5.1.1 no such user");
    assert_eq!(of(&refused), (false, false, Category::Recipient, true));
}

#[test]
fn a_soft_bounce_was_given_up_and_may_be_for_good() {
    let of = |reason: &str| {
        let json = format!(r#"{{"event":"soft_bounce","email":"q@t.test","message-id":"<1@x>","reason":"{reason}"}}"#);
        let bounce = read(&json, InputKind::Bounce);
        (bounce.recipients[0].action, bounce.recipients[0].is_permanent())
    };
    assert_eq!(of("550 5.7.1 blocked using zen.spamhaus.org"), (Action::Failed, true));
    assert_eq!(of("451 4.7.1 greylisted"), (Action::Failed, false));
    assert_eq!(of("who knows"), (Action::Delayed, false));
}

#[test]
fn other_json_is_no_event() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        r#"{"event":"open","email":"bob@example.net","timestamp":1,"sg_event_id":"1"}"#,
        r#"{"event":"delivered","email":"bob@example.net","timestamp":1,"courier":"x"}"#,
        r#"{"event":"bounce","email":"12345","timestamp":1,"sg_event_id":"1"}"#,
        r#"{"eventType":"Open","mail":{"source":"a@x.test","destination":["b@x.test"]},"open":{}}"#,
        r#"{"eventType":"purchase","mail":{}}"#,
        r#"{"eventType":"Bounce","mail":{},"bounce":{"bouncedRecipients":null}}"#,
        r#"{"RecordType":"Bounce","Type":"AutoResponder","MessageID":"1","Email":"bob@example.net","Details":""}"#,
        r#"{"event":"failed","delivery-status":{"code":550},"recipient":null}"#,
        r#"{"type":"Bounce","recipient":[],"response":{}}"#,
        r#"{"organization-name":"x","policies":[]}"#,
        "{\"event\":",
        "[]",
        &deep,
    ] {
        let input = Input::read("test", text.as_bytes(), None).unwrap();
        assert_ne!(input.kind, InputKind::Bounce, "{}", &text[..text.len().min(80)]);
        assert!(Bounce::read(&input).is_none_or(|b| b.recipients.iter().all(|r| !r.is_told())));
    }
}

#[test]
fn what_is_encoded_is_read_and_shown_where_it_begins() {
    use base64::Engine as _;
    let notice = "<bob@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown\n";
    let encoded = base64::engine::general_purpose::STANDARD.encode(notice);
    let text = format!(
        "From: MAILER-DAEMON@example.com\nSubject: Returned mail\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{encoded}\n"
    );
    let bounce = read(&text, InputKind::Bounce);
    assert_eq!(told(&bounce), ["bob@example.net failed 5.1.1 recipient mx.example.net -"]);
    let span = bounce.recipients[0].reply.as_ref().unwrap().span;
    assert_eq!(span.of(text.as_bytes()), encoded.as_bytes());
}

/// Deep, many, endless: read to a limit, and said so.
#[test]
fn a_notice_whose_parts_are_written_wrong_is_still_read() {
    let text = "From: post_master@sms.example.net\nTo: ann@example.com\nSubject: Re:Test\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=\"a\"\n\n--a\nContent-Type: multipart/alternative;\nboundary=\"b\"\n\n\
        --b\nContent-Type: text/plain\nContent-Transfer-Encoding: 7bit\nContent-Disposition: inline\n\n\
        Error message below:\n550 - Requested action not taken: no such user here\n\n\
        \x20 MAIL FROM: ann@example.com\n  RCPT TO: bob@sms.example.net\n--b--\n--a--\n";
    let bounce = read(text, InputKind::Bounce);
    let [one] = &bounce.recipients[..] else { panic!("{:?}", told(&bounce)) };
    assert_eq!(one.address.as_ref().unwrap().value, "bob@sms.example.net");
    assert_eq!(one.category, Category::Recipient);
}

#[test]
fn hostile_bounces_are_bounded() {
    let verbatim = |text: &str, kind| Bounce::read(&Input::verbatim(text.as_bytes(), kind)).unwrap();
    let top = "From: MAILER-DAEMON@example.com\nSubject: Returned mail\nMIME-Version: 1.0\n";
    let deep = format!("{top}{}", "Content-Type: message/rfc822\n\n".repeat(30_000));
    assert!(verbatim(&deep, InputKind::Bounce).cut);
    let open: String =
        (0..30_000).map(|n| format!("--b\nContent-Type: multipart/mixed; boundary=\"x{n}\"\n\n")).collect();
    assert!(verbatim(&format!("{top}Content-Type: multipart/mixed; boundary=b\n\n{open}"), InputKind::Bounce).cut);
    let parts = "--b\n\n550 5.1.1 no\n".repeat(100_000);
    let bounce = verbatim(&format!("{top}Content-Type: multipart/mixed; boundary=b\n\n{parts}"), InputKind::Bounce);
    assert!(bounce.cut);
    assert_eq!(bounce.recipients.len(), 1);
    let many: String = (0..40_000)
        .map(|n| format!("Final-Recipient: rfc822; u{n}@example.net\nAction: failed\nStatus: 5.1.1\n\n"))
        .collect();
    let bounce = verbatim(&format!("Reporting-MTA: dns; mx.example.net\n\n{many}"), InputKind::Bounce);
    assert!(bounce.cut);
    assert_eq!(bounce.recipients.len(), MOST);
    let addresses: String = (0..20_000).map(|n| format!("<u{n}@example.net>: no\n")).collect();
    assert!(verbatim(&format!("{top}\n{addresses}"), InputKind::Bounce).recipients.len() <= MOST);
    // A notification of a notification of a notification: the outermost one speaks.
    let inner = DSN.replace("--b", "--c").replace("\"b\"", "\"c\"").replace("bob@example.net", "carl@example.net");
    let outer = DSN.replace("From: ann@example.com\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nbody\r\n", &inner);
    let bounce = verbatim(&outer, InputKind::Bounce);
    assert_eq!(bounce.recipients[0].address.as_ref().unwrap().value, "bob@example.net");
    assert_eq!(bounce.recipients.len(), 2);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(32))]
    #[test]
    fn any_bytes_will_do(text in "(?s)[ -~\\r\\n\u{e9}\u{4e2d}<>@:;=-]{1,400}") {
        for kind in [InputKind::Bounce, InputKind::Reply] {
            if let Ok(input) = Input::read("test", text.as_bytes(), Some(kind)) {
                let bounce = Bounce::read(&input).unwrap();
                proptest::prop_assert!(bounce.recipients.len() <= MOST);
            }
        }
    }
}

#[test]
fn what_is_a_bounce_by_word_alone_refuses_nobody() {
    let letter =
        "From: ann@example.com\nTo: bob@example.net\nSubject: hello\nDate: Mon, 1 Jun 2026 12:00:00 +0000\n\nHi Bob.\n";
    for kind in [InputKind::Bounce, InputKind::Reply] {
        let bounce = read(letter, kind);
        assert!(bounce.recipients.is_empty() && !bounce.is_good_news(), "{kind:?}");
    }
    // Words that are known tell of it, and so does a code.
    let notice = "Your message to bob@example.net could not be delivered.\n";
    assert_eq!(told(&read(notice, InputKind::Bounce)).len(), 1);
    let coded = "Computer says: 550 5.1.1 nobody\n";
    assert_eq!(told(&read(coded, InputKind::Bounce)).len(), 1);
}

#[test]
fn addresses_have_their_domain_in_a_labels() {
    let report = "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; X@B\u{fc}CHER.Example.\nAction: failed\nStatus: 5.1.1\n";
    let bounce = read(report, InputKind::Bounce);
    assert_eq!(bounce.recipients[0].address.as_ref().unwrap().value, "X@xn--bcher-kva.example");
}
