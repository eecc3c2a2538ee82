use super::told::{self, More};
use crate::facts::Facts;
use crate::knowledge::topic::Category;
use crate::rules::{Verdict, rule};

rule! {
    /// A server refused or put off the message
    ///
    /// ## What we saw
    /// A server on the way or at the receiver refused the message, or put it off, for a reason of its own that the reply
    /// names. Or the log is that of the server that refused: then it is about whoever came to it.
    ///
    /// ## Why mail suffers
    /// The message did not arrive, or not yet. The reason is neither the recipient's mailbox nor one of the records that
    /// postdoc judges by a rule of its own.
    ///
    /// ## How to fix it
    /// Do what the reply asks for. Where a rule of the recipient's organization refused the message, only its
    /// administrator can let you in: quote the whole reply. Where your own server refused somebody, it is for them to mend
    /// what the reply names; a program or server of yours among them has to log in.
    ///
    /// ## How to check
    /// The message, sent again, is taken.
    pub RULE = "delivery-refused", Bounce, High, judge,
    ["RFC 5321 §4.2", "RFC 3463"]
}

const MORE: More = More {
    summary: "Do what the reply asks for; where it names a rule of theirs, ask the recipient's administrator and quote the reply.",
    steps: &[],
    check: None,
};

/// How to see that a client gets through.
const NEXT: (&str, &str) = ("look for the client's next attempt in this log", "it is taken");

/// Whom this server refused, others mend.
const INBOUND: More = More {
    summary: "Nothing, if nobody misses the mail: whoever sent it has to mend what the reply names.",
    steps: &[
        "If you want the mail, tell the sender's side the whole reply, or let this client in by an exception of your server's.",
        "If the client is a program or server of your own, let it log in, or list its address as one that may send.",
    ],
    check: Some(NEXT),
};

/// A domain that this server does not take mail for. An exception would let a stranger send through it to anybody.
const RELAY: More = More {
    summary: "If the mail is for a domain of yours, have this server take that domain in; otherwise nothing is to be done.",
    steps: &[
        "With Postfix name the domain in mydestination, virtual_mailbox_domains, virtual_alias_domains or relay_domains; if its mail belongs elsewhere, take this server out of its MX records.",
        "If the client is a program or server of your own, let it log in. Let in no stranger's server by an exception.",
    ],
    check: Some(NEXT),
};

/// A login lifts no limit.
const SIZE: More = More {
    summary: "Have the message made smaller, or raise this server's limit (with Postfix message_size_limit).",
    steps: &["An attachment grows by a third when it is encoded."],
    check: Some(NEXT),
};

fn judge(facts: &Facts) -> Verdict {
    told::judge_each(facts, &RULE, |recipient| {
        match (&recipient.client, recipient.decoded.rule(), recipient.category) {
            (None, ..) => &MORE,
            (Some(_), Some("submission-refused"), _) => &RELAY,
            (Some(_), _, Category::Size) => &SIZE,
            (Some(_), ..) => &INBOUND,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::Severity;
    use crate::rules::bounce::testing::{facts, four_ways, only};

    #[test]
    fn a_reply_decides_it() {
        four_ways(&RULE, "421 4.7.0 IP not in whitelist for RCPT domain, closing connection. x - gsmtp");
    }

    #[test]
    fn whom_the_own_server_refused_has_to_mend_it() {
        for (line, client) in [
            (
                "Nov 30 05:00:00 mta postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx.example.net[192.0.2.5]: 554 5.7.1 <bob@example.org>: Relay access denied; from=<ann@example.net> to=<bob@example.org> proto=ESMTP helo=<mx.example.net>",
                "mx.example.net[192.0.2.5]",
            ),
            (
                "Nov 30 05:00:00 mta postfix/postscreen[9]: NOQUEUE: reject: RCPT from [192.0.2.5]:4432: 550 5.7.1 Service unavailable; client [192.0.2.5] blocked using zen.spamhaus.org; from=<ann@example.net>, to=<bob@example.com>, proto=ESMTP, helo=<x>",
                "[192.0.2.5]:4432",
            ),
            (
                "2026-11-30 05:00:00 H=mx.example.net [192.0.2.5] F=<ann@example.net> rejected RCPT <bob@example.com>: Unrouteable address",
                "mx.example.net [192.0.2.5]",
            ),
            (
                "Nov 30 05:00:00 mta sm-mta[1]: 4AU: ruleset=check_rcpt, arg1=<bob@example.org>, relay=mx.example.net [192.0.2.5], reject=550 5.7.1 <bob@example.org>... Relaying denied",
                "mx.example.net [192.0.2.5]",
            ),
        ] {
            let facts = facts(line, InputKind::Reply);
            let found = only(judge(&facts));
            assert_eq!(found.severity, Severity::Medium, "{line}");
            assert!(found.explanation.contains(&format!("refused what {client} brought")), "{}", found.explanation);
            assert!(found.fix.is_some_and(|fix| !fix.summary.contains("list")), "{line}");
            // No rule about the user's own mail speaks, and the client's address is not the user's.
            let bounce = facts.reading.bounce.as_ref().unwrap();
            assert!(bounce.source_ip.is_none() && bounce.recipients[0].server.is_none(), "{bounce:?}");
        }
    }

    #[test]
    fn nobody_is_told_to_open_the_own_server_to_strangers() {
        let reject = |command: &str, reply: &str| {
            let line = format!(
                "Jun  4 12:00:09 mx1 postfix/smtpd[1]: NOQUEUE: reject: {command} from mail.other.example[198.51.100.77]: {reply}; \
                 from=<a@other.example> to=<bob@newdomain.example> proto=ESMTP helo=<mail.other.example>"
            );
            only(judge(&facts(&line, InputKind::Reply))).fix.unwrap()
        };
        let relay = reject("RCPT", "454 4.7.1 <bob@newdomain.example>: Relay access denied");
        assert!(relay.summary.contains("take that domain in"), "{relay:?}");
        assert!(relay.steps.iter().all(|s| !s.contains("exception") || s.contains("no stranger's")), "{relay:?}");
        let size = reject("MAIL", "552 5.3.4 Message size exceeds fixed limit");
        assert!(size.summary.contains("message_size_limit") && size.steps.len() == 1, "{size:?}");
    }
}
