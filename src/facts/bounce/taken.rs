//! Who took a message over, as the line of a log or a report tells: another host, or the server itself.

use super::{Action, Recipient};

/// Who took it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBy {
    /// A mailbox of the server that tells, or it refused because it has no such mailbox: it takes the recipient's domain
    /// for one of its own.
    Mailbox,
    /// A program on the same machine.
    Program,
    /// An alias of the server: it goes on under another queue id.
    Alias,
    /// Another host.
    Host,
}

/// Agents of Postfix that deliver into mailboxes.
const MAILBOXES: &[&str] = &["local", "virtual", "dovecot", "maildrop", "procmail", "cyrus"];

/// Parts of the names that transports of Exim have which deliver into mailboxes (its own configuration, Debian's,
/// cPanel's); autoreplies, mailing lists and pipes are none.
const TRANSPORTS: &[&str] =
    &["delivery", "dovecot", "maildir", "mail_spool", "lmtp", "address_file", "address_directory"];

/// What Postfix says of recipients that its own tables lack: then the domain is in that list.
const TABLES: &[&str] = &["in local recipient table", "in virtual mailbox table", "in virtual alias table"];

/// What a line of a log tells, in lower case.
pub(super) fn logged(line: &str, action: Action) -> Option<TakenBy> {
    let by = agent(line)?;
    let unknown = || ["unknown user", "user unknown", "user doesn't exist"].iter().any(|words| line.contains(words));
    match action {
        Action::Delivered => Some(by),
        Action::Failed => (by == TakenBy::Mailbox && unknown()).then_some(by),
        _ => None,
    }
}

fn agent(line: &str) -> Option<TakenBy> {
    // Postfix local(8): an alias; a command of the mailbox's owner or of the server's (mailbox_command).
    if line.contains("(forwarded as ") {
        return Some(TakenBy::Alias);
    }
    if line.contains("(delivered to command: ") {
        return Some(TakenBy::Program);
    }
    let here = |host: &str| host.starts_with("localhost") || host.contains("[127.") || host.contains("[::1]");
    // Sendmail: `mailer=local`, and the relay of `mailer=esmtp` behind it.
    match value(line, "mailer=") {
        Some(mailer) if mailer.starts_with("local") => return Some(TakenBy::Mailbox),
        Some(mailer) if mailer.starts_with("prog") => return Some(TakenBy::Program),
        _ => {}
    }
    if let Some(relay) = value(line, "relay=") {
        // Sendmail writes a blank before the address.
        let relay = relay.split(',').next().unwrap_or(relay);
        // A filter hands on what it took.
        let onward = line.contains("queued as ");
        return match () {
            () if onward && (here(relay) || relay.contains("[/") || relay.contains("[private/")) => {
                Some(TakenBy::Program)
            }
            // A socket of the same machine: `mail.example.com[private/dovecot-lmtp]`.
            () if relay.contains("[private/") || relay.contains("[/") => Some(TakenBy::Mailbox),
            // LMTP is what final delivery speaks (RFC 2033).
            () if here(relay) && line.contains("/lmtp[") => Some(TakenBy::Mailbox),
            () if here(relay) => Some(TakenBy::Program),
            () if relay.contains('[') => Some(TakenBy::Host),
            () if relay == "none" => None,
            () if MAILBOXES.contains(&relay) => Some(TakenBy::Mailbox),
            // Another transport of its own: `delivered via spamassassin service`.
            () => Some(TakenBy::Program),
        };
    }
    // Exim (specification, chapter 52): a remote delivery names its host in H=.
    let transport = value(line, " t=").filter(|_| [" => ", " -> "].iter().any(|mark| line.contains(mark)))?;
    let transport = transport.split(' ').next().unwrap_or(transport);
    match value(line, " h=") {
        Some(host) if here(host) => Some(TakenBy::Program),
        Some(_) => Some(TakenBy::Host),
        None if transport.contains("pipe") => Some(TakenBy::Program),
        None => TRANSPORTS.iter().any(|part| transport.contains(part)).then_some(TakenBy::Mailbox),
    }
}

/// What a refusal quotes, or a report that names no other server tells by itself (RFC 3464 §2.3.3).
pub(super) fn reported(recipient: &Recipient, reporter: bool) -> Option<TakenBy> {
    let words = recipient.text().unwrap_or_default().to_ascii_lowercase();
    let tables = recipient.action.is_bad() && TABLES.iter().any(|table| words.contains(table));
    let itself = reporter && recipient.server.is_none() && recipient.reply.is_none();
    let own = match recipient.action {
        Action::Delivered => itself,
        Action::Failed => itself && words.contains("unknown user:"),
        _ => false,
    };
    (tables || own).then_some(TakenBy::Mailbox)
}

/// What stands behind a key.
pub(super) fn value<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    line.find(key).map(|at| line[at + key.len()..].trim_start_matches(['"', '<']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::bounce::attempt;

    fn by(line: &str) -> Option<TakenBy> {
        attempt(line.as_bytes()).unwrap().taken_by
    }

    fn postfix(daemon: &str, relay: &str, told: &str) -> Option<TakenBy> {
        by(&format!(
            "Nov 12 10:00:01 mail postfix/{daemon}[12]: 4AB: to=<ann@example.com>, relay={relay}, delay=0.1, dsn=2.0.0, {told}"
        ))
    }

    fn sent(daemon: &str, relay: &str, said: &str) -> Option<TakenBy> {
        postfix(daemon, relay, &format!("status=sent ({said})"))
    }

    fn exim(rest: &str) -> Option<TakenBy> {
        by(&format!("2026-11-12 10:00:01 1rABCD-0001xy-2Z => {rest}"))
    }

    fn sendmail(rest: &str) -> Option<TakenBy> {
        by(&format!("Nov 12 10:00:01 mail sendmail[12]: aBc: to=<ann@example.com>, delay=00:00:01, {rest}"))
    }

    #[test]
    fn a_mailbox_of_the_same_machine() {
        for told in [
            sent("local", "local", "delivered to mailbox"),
            sent("virtual", "virtual", "delivered to maildir"),
            sent("lmtp", "mail.example.com[private/dovecot-lmtp]", "250 2.0.0 <ann@example.com> AbC Saved"),
            sent("lmtp", "127.0.0.1[127.0.0.1]:24", "250 2.0.0 <ann@example.com> AbC Saved"),
            sent("pipe", "dovecot", "delivered via dovecot service"),
            postfix("local", "local", "status=bounced (unknown user: \"ann\")"),
            exim("ann <ann@example.com> R=local_user T=local_delivery"),
            exim("ann <ann@example.com> R=virtual_user T=dovecot_virtual_delivery C=\"250 2.0.0 Saved\""),
            sendmail("mailer=local, pri=30, dsn=2.0.0, stat=Sent"),
        ] {
            assert_eq!(told, Some(TakenBy::Mailbox));
        }
    }

    #[test]
    fn what_is_handed_on_is_in_no_mailbox() {
        for (told, by) in [
            (sent("smtp", "127.0.0.1[127.0.0.1]:10024", "250 2.0.0 Ok: queued as 5FG"), TakenBy::Program),
            (sent("lmtp", "mail[/run/amavis.sock]", "250 2.0.0 from MTA: 250 Ok: queued as 5FG"), TakenBy::Program),
            (sent("pipe", "spamassassin", "delivered via spamassassin service"), TakenBy::Program),
            (sent("local", "local", "delivered to command: /usr/bin/procmail"), TakenBy::Program),
            (sent("local", "local", "forwarded as 5A2"), TakenBy::Alias),
            (sent("smtp", "mx.example.com[192.0.2.9]:25", "250 2.0.0 OK"), TakenBy::Host),
            (exim("ann@example.com R=filter T=remote_smtp H=localhost [127.0.0.1] C=\"250 Ok\""), TakenBy::Program),
            (exim("ann@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.9]"), TakenBy::Host),
            (exim("|/usr/bin/vacation <ann@example.com> R=userforward T=address_pipe"), TakenBy::Program),
            (sendmail("mailer=prog, dsn=2.0.0, stat=Sent"), TakenBy::Program),
            (sendmail("mailer=esmtp, relay=mx.example.com. [192.0.2.9], dsn=2.0.0, stat=Sent (OK)"), TakenBy::Host),
        ] {
            assert_eq!(told, Some(by));
        }
    }

    #[test]
    fn what_no_line_tells_is_not_known() {
        assert_eq!(by("postfix/smtp[12]: 4AB: to=<ann@example.com>, dsn=2.0.0, status=sent (250 ok)"), None);
        assert_eq!(exim("ann <ann@example.com> R=lists T=mailman_transport"), None);
        // A full mailbox is no list of mailboxes; what waits was taken by nobody.
        assert_eq!(postfix("local", "local", "status=bounced (mailbox is full)"), None);
        assert_eq!(postfix("virtual", "virtual", "status=deferred (unknown user lookup failed)"), None);
    }
}
