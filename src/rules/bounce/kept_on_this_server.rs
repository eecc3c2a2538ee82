use crate::evidence::InputKind;
use crate::facts::Facts;
use crate::facts::bounce::{Action, Kept, Recipient};
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// "Sent", and never left the server
    ///
    /// ## What we saw
    /// The line of the log says that the message was delivered, and to whom: to a mailbox of the same machine, or to a
    /// program on it. No other server took it over.
    ///
    /// ## Why mail suffers
    /// A server that takes the recipient's domain for its own puts the message into a mailbox there, which nobody may
    /// ever read. A filter on the same machine hands the message on under another queue id, and may lose or keep it.
    ///
    /// ## How to fix it
    /// If the domain is hosted elsewhere, take it out of the domains that this server delivers itself: `mydestination`
    /// and the `virtual_` maps of Postfix, `local_domains` of Exim, the e-mail routing of a hosting panel. If a filter
    /// has it, look for the queue id that its reply names.
    ///
    /// ## How to check
    /// The next message to that address is logged with the name of another host as its relay.
    pub RULE = "kept-on-this-server", Bounce, Info, judge,
    ["RFC 5321 §5.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    // Only a line of a log names the next hop of a delivery.
    let Some(bounce) = reading.bounce.as_ref().filter(|_| facts.evidence.input.kind == InputKind::Reply) else {
        return Verdict::NotApplicable;
    };
    let logged = |r: &&Recipient| r.action == Action::Delivered && r.address.is_some();
    let mut delivered = bounce.recipients.iter().filter(logged).peekable();
    if delivered.peek().is_none() {
        return Verdict::NotApplicable;
    }
    let all: Vec<&Recipient> = delivered.collect();
    if let Some((kept, how)) = all.iter().find_map(|r| r.kept.filter(|k| *k != Kept::Away).map(|how| (*r, how))) {
        return found(kept, how).into();
    }
    match all.iter().all(|r| r.kept == Some(Kept::Away)) {
        true => Verdict::Pass,
        false => Verdict::Unknown(vec![Gap {
            question: "Who took the message over?".into(),
            needs: "the whole line of the log, with relay=, H= or mailer=".into(),
        }]),
    }
}

fn found(recipient: &Recipient, how: Kept) -> Finding {
    let address = recipient.address.as_ref().map_or("the recipient", |a| &a.value);
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    let (title, why, fix) = match how {
        Kept::Mailbox => (
            "The server put the message into a mailbox of its own",
            format!(
                "The line says that the mail for {address} went into a mailbox of the same machine. That is right where \
                 {domain} is hosted there. Where it is not, the server takes {domain} for a domain of its own, and the \
                 message never left."
            ),
            Remedy::new(format!("If {domain} is hosted elsewhere, have this server deliver it there."))
                .step(format!(
                    "Postfix: postconf mydestination virtual_mailbox_domains virtual_alias_domains, and take {domain} out."
                ))
                .step(format!("Exim: exim -bt {address} shows the route; take {domain} out of local_domains."))
                .step("A hosting panel: set the e-mail routing of the domain to a remote mail exchanger."),
        ),
        Kept::Program | Kept::Away => (
            "A program on the same machine took the message",
            format!(
                "The line says that the mail for {address} was handed to a program of the same machine, mostly a filter. \
                 What became of it stands further down in the log."
            ),
            Remedy::new("Follow the message: look for the queue id that the program's reply names, else for its Message-ID.")
                .step("If no line follows, look into the filter's own log and into its quarantine."),
        ),
    };
    Finding::new(&RULE, title)
        .severity(Severity::Info)
        .explain(why)
        .exhibit(Exhibit::input(recipient.span, "who took it over"))
        .fix(fix)
        .check(
            command!("dig +short MX {}", domain),
            "the hosts that mail for it belongs to: is this server one of them?",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bounce::testing::{facts, only};

    fn of(line: &str) -> Verdict {
        judge(&facts(line, InputKind::Reply))
    }

    fn postfix(daemon: &str, relay: &str, said: &str) -> Verdict {
        of(&format!(
            "Nov 12 10:00:01 mail postfix/{daemon}[12]: 4AB: to=<ann@example.com>, relay={relay}, delay=0.1, dsn=2.0.0, status=sent ({said})"
        ))
    }

    #[test]
    fn a_mailbox_of_the_same_machine() {
        for verdict in [
            postfix("local", "local", "delivered to mailbox"),
            postfix("virtual", "virtual", "delivered to maildir"),
            postfix("lmtp", "mail.example.com[private/dovecot-lmtp]", "250 2.0.0 <ann@example.com> AbC Saved"),
            postfix("pipe", "dovecot", "delivered via dovecot service"),
            of("2026-11-12 10:00:01 1rABCD-0001xy-2Z => ann <ann@example.com> R=local_user T=local_delivery"),
            of(
                "Nov 12 10:00:01 mail sendmail[12]: aBc: to=<ann@example.com>, delay=00:00:01, mailer=local, pri=30, dsn=2.0.0, stat=Sent",
            ),
        ] {
            let found = only(verdict);
            assert!(found.title.contains("a mailbox of its own"), "{}", found.title);
            assert!(found.severity == Severity::Info && found.fix.is_some() && found.check.is_some());
        }
    }

    #[test]
    fn a_program_of_the_same_machine() {
        for verdict in [
            postfix("smtp", "127.0.0.1[127.0.0.1]:10024", "250 2.0.0 Ok: queued as 5FG"),
            postfix("pipe", "spamassassin", "delivered via spamassassin service"),
            of(
                "2026-11-12 10:00:01 1rABCD-0001xy-2Z => ann@example.com R=filter T=remote_smtp H=localhost [127.0.0.1] C=\"250 Ok\"",
            ),
        ] {
            assert!(only(verdict).title.starts_with("A program"));
        }
    }

    #[test]
    fn what_another_host_took_has_left() {
        for verdict in [
            postfix("smtp", "mx.example.com[192.0.2.9]:25", "250 2.0.0 OK"),
            of(
                "2026-11-12 10:00:01 1rABCD-0001xy-2Z => ann@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.9] C=\"250 Ok\"",
            ),
            of(
                "Nov 12 10:00:01 mail sendmail[12]: aBc: to=<ann@example.com>, mailer=esmtp, relay=mx.example.com. [192.0.2.9], dsn=2.0.0, stat=Sent (OK)",
            ),
        ] {
            assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
        }
    }

    #[test]
    fn elsewhere_it_says_nothing() {
        assert!(matches!(of("550 5.1.1 user unknown"), Verdict::NotApplicable));
        assert!(matches!(of("250 2.0.0 Ok: queued as 4AB"), Verdict::NotApplicable));
        assert!(matches!(judge(&facts("From: ann@example.com\n", InputKind::Headers)), Verdict::NotApplicable));
        let Verdict::Unknown(gaps) = of("postfix/smtp[12]: 4AB: to=<ann@example.com>, dsn=2.0.0, status=sent (250 ok)")
        else {
            panic!()
        };
        assert!(gaps[0].needs.contains("relay="));
    }
}
