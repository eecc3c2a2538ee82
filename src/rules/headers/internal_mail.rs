use crate::facts::Facts;
use crate::facts::boundary::Entry;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// The message never left its mail system
    ///
    /// ## What we saw
    /// Every server in the header belongs to one mail system, and the message was handed in right there: by a program
    /// that logged in, by a device on the same network, or by the server itself.
    ///
    /// ## Why mail suffers
    /// It does not. SPF, DKIM and DMARC are for mail that one system hands over to another; of a client that logged in,
    /// nobody asks for them. So this message cannot fail them, and it does not tell how receivers elsewhere judge your mail.
    ///
    /// ## How to fix it
    /// Nothing is to be repaired here. To learn how others see your mail, send one to a mailbox elsewhere and read the header
    /// of what arrives there.
    ///
    /// ## How to check
    /// `postdoc check` with your domain shows what receivers find in DNS.
    pub RULE = "internal-mail", Headers, Info, judge,
    ["RFC 6409 §3.1", "RFC 3848", "RFC 8601 §2.7.4"]
}

fn judge(facts: &Facts) -> Verdict {
    let r = &*facts.reading;
    let Some(inside) = &r.inside else {
        return if r.hops.is_empty() { Verdict::NotApplicable } else { Verdict::Pass };
    };
    let (how, label) = match inside.entry {
        Entry::Submitted => ("by a client that logged in", "handed in here, by a client that logged in"),
        Entry::Network => ("by a machine on the same network", "handed in here, from a private address"),
        Entry::Local => ("by the server itself", "written here, by the server itself"),
    };
    let check =
        r.from_domain().map_or_else(|| "postdoc check".to_owned(), |domain| command!("postdoc check {}", domain));
    Finding::new(&RULE, "The message never left its mail system")
        .severity(Severity::Info)
        .sure(Confidence::Likely, "No server of another system is in the header, as far as it was copied.")
        .explain(format!(
            "The message was handed in at {} {how}, and no other system had it. SPF, DKIM and DMARC are for mail between \
             systems: here they do not apply, and the source address is nobody's server.",
            inside.by
        ))
        .exhibit(Exhibit::input(inside.span, label))
        .fix(
            Remedy::new("Nothing is to be repaired; judge a message that arrived elsewhere.")
                .step("Send one to a mailbox at another provider, and read the header of what arrives there."),
        )
        .check(check, "what receivers elsewhere find in DNS")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::content::testing::{facts_of, only};

    fn judged(received: &[&str], other: &str) -> Verdict {
        let received: String =
            received.iter().map(|r| format!("Received: {r}; Tue, 2 Jun 2026 10:00:09 +0000\r\n")).collect();
        let text = format!("{received}{other}From: ann@example.com\r\nTo: bob@example.com\r\n");
        judge(&facts_of(&text, InputKind::Headers))
    }

    const LOGGED_IN: &str =
        "from [10.0.0.5] (home.provider.test [203.0.113.9]) by mail.example.com (Postfix) with ESMTPSA id 1";
    const LAN: &str = "from scanner.lan (scanner.lan [192.168.1.9]) by mail.example.com (Postfix) with ESMTP id 1";
    const WEBMAIL: &str =
        "from mail.example.com (localhost [127.0.0.1]) by mail.example.com (Postfix) with ESMTPA id 1";
    const CRON: &str = "by mail.example.com (Postfix, from userid 0) id 1";
    const LMTP: &str = "from mail.example.com ([127.0.0.1]) by mail.example.com with LMTP id 2";
    const OUT: &str = "from mail.example.com (mail.example.com [192.0.2.4]) by mx.example.net with ESMTPS id 3";
    const AT_MICROSOFT: [&str; 2] = [
        "from AS8PR04MB1.eurprd04.prod.outlook.com (2603:10a6:20b::12) by AM0PR04MB1.eurprd04.prod.outlook.com (2603:10a6:208::1) with Microsoft SMTP Server id 15.20",
        "from AS8PR04MB1.eurprd04.prod.outlook.com ([fe80::1]) by AS8PR04MB1.eurprd04.prod.outlook.com ([fe80::1%4]) with mapi id 15.20",
    ];

    #[test]
    fn mail_that_was_handed_in_where_it_is_kept() {
        let says = |received: &[&str], other: &str| only(judged(received, other)).explanation;
        assert!(says(&[LOGGED_IN], "").contains("mail.example.com by a client that logged in"));
        assert!(says(&[LMTP, WEBMAIL], "").contains("by a client that logged in"));
        assert!(says(&[LAN], "").contains("by a machine on the same network"));
        assert!(says(&[CRON], "").contains("by the server itself"));
        let internal = "X-MS-Exchange-Organization-AuthAs: Internal\r\n";
        assert!(says(&AT_MICROSOFT, internal).contains("logged in"));
        // Where the protocol does not tell, the server's own field does (RFC 8601 §2.7.4).
        let plain = LOGGED_IN.replace("ESMTPSA", "ESMTPS");
        let auth =
            "Authentication-Results: mail.example.com; auth=pass smtp.auth=ann smtp.mailfrom=ann@example.com\r\n";
        assert!(says(&[&plain], auth).contains("logged in"));
        assert!(matches!(judged(&[&plain], ""), Verdict::Pass));
    }

    #[test]
    fn what_came_from_elsewhere_or_was_judged_as_such_is_not_internal() {
        for received in [&[OUT, LOGGED_IN][..], &[OUT], &AT_MICROSOFT] {
            assert!(matches!(judged(received, ""), Verdict::Pass), "{received:?}");
        }
        let verdict = "Authentication-Results: mail.example.com; spf=softfail smtp.mailfrom=ann@example.com\r\n";
        assert!(matches!(judged(&[LOGGED_IN], verdict), Verdict::Pass));
        // A stranger behind a proxy has a private address as well.
        let proxied = LAN.replace("scanner.lan (scanner.lan", "mail.example.org (mail.example.org");
        assert!(matches!(judged(&[&proxied], ""), Verdict::Pass));
        let foreign = "Return-Path: <x@example.org>\r\nFrom: x@example.org\r\n";
        let text = format!("Received: {LAN}\r\n{foreign}");
        assert!(matches!(judge(&facts_of(&text, InputKind::Headers)), Verdict::Pass));
        assert!(matches!(judged(&[], ""), Verdict::NotApplicable));
    }
}
