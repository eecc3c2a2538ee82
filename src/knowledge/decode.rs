//! A reply decoded: whose it is, its codes and its words together; failing that, the registry.

use super::reply::{self, Provider, Reply, ReplyRow, Status, status};
use super::topic::Category;

/// What a reply means, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    /// The rows that explain it: those of the receiver's own before those of everybody.
    pub rows: Vec<&'static ReplyRow>,
    /// What its enhanced code means, whoever says it.
    pub status: Option<&'static Status>,
    /// Whose reply it is, by the hosts and words in it.
    providers: Vec<&'static str>,
}

/// Decodes a reply with the host that gave it in front, a log line, or an enhanced code alone.
pub fn decode(text: &str) -> Decoded {
    let reply = Reply::read(text);
    // The last code is the final server's own; those before it were handed on.
    let telling = |s: &&Status| s.category != Category::Unknown;
    let known: Vec<_> = reply.enhanced.iter().filter_map(|code| status(code)).collect();
    let status = known.iter().copied().rfind(telling).or(known.first().copied());
    let mut rows = reply.told();
    // 7.1 and the zeros are what servers take where they know nothing better; 4.7 says that it took too long, not why.
    let vague =
        |s: &Status| s.category == Category::Unknown || s.code.ends_with(".0") || ["7.1", "4.7"].contains(&&*s.code);
    let vague = status.is_none_or(vague);
    if rows.is_empty() && vague {
        rows.extend(reply.loosely());
    }
    let general = |s: &Status| ["1.1", "2.0", "2.1", "5.0"].contains(&&*s.code);
    if rows.is_empty() && status.is_some_and(general) {
        rows.extend(reply.not_of_the_recipient());
    }
    // One code of several providers means several things: without knowing whose reply it is, nobody can tell which.
    let disagree = |rows: &[&ReplyRow]| {
        let first = rows.first().map(|row| row.topic.category());
        let differ = rows.iter().any(|row| Some(row.topic.category()) != first);
        reply.providers.is_empty() && differ && rows.iter().all(|row| !row.provider.is_empty())
    };
    let unsure = disagree(&rows) || (rows.is_empty() && reply.is_bare() && disagree(&reply.listed()));
    let status = status.filter(|_| !unsure || vague);
    let rows = if unsure { vec![] } else { rows };
    Decoded { rows, status, providers: reply.providers }
}

impl Decoded {
    /// CONTRACT `bounce.recipients[].category`. Where rows disagree, the registry decides between them.
    pub fn category(&self) -> Category {
        let registered = self.status.map_or(Category::Unknown, |s| s.category);
        let own = |row: &&&ReplyRow| row.topic.category() == registered;
        self.rows.iter().find(own).or(self.rows.first()).map_or(registered, |row| row.topic.category())
    }

    /// The row that says what it is about, and how to mend it.
    pub fn row(&self) -> Option<&'static ReplyRow> {
        self.rows.iter().copied().find(|row| row.topic.category() == self.category())
    }

    /// Whose row that is; `None` where it is everybody's.
    pub fn provider(&self) -> Option<&'static Provider> {
        reply::provider(&self.row()?.provider)
    }

    /// Is the reply that provider's own?
    pub fn is_own(&self) -> bool {
        self.provider().is_some_and(|provider| self.providers.contains(&&*provider.id))
    }

    /// In words; `None` where nobody knows.
    pub fn meaning(&self) -> Option<&'static str> {
        let registered = || self.status.filter(|s| s.category != Category::Unknown);
        self.row().map(|row| row.meaning.as_str()).or_else(|| registered().map(|s| s.meaning.as_str()))
    }

    /// The rule that says more.
    pub fn rule(&self) -> Option<&'static str> {
        match self.row() {
            Some(row) => row.rule.as_deref(),
            None => self.status.and_then(|s| s.rule.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_codes_and_the_registry_last() {
        let of = |text: &str| {
            let decoded = decode(text);
            (decoded.category(), decoded.rule())
        };
        assert_eq!(of("mx.google.com 550 5.7.30"), (Category::Authentication, Some("dkim-missing")));
        assert_eq!(of("x.prod.outlook.com 550 5.7.30"), (Category::Configuration, Some("submission-refused")));
        assert_eq!(of("550 5.1.1 the quick brown fox"), (Category::Recipient, Some("bounce-recipient-problem")));
        assert_eq!(of("550 5.0.0 the quick brown fox"), (Category::Unknown, None));
        assert_eq!(of(""), (Category::Unknown, None));
        // A code that only one provider has tells, in whatever words.
        assert_eq!(of("550 5.7.515 the quick brown fox").1, Some("outlook-bulk-requirements"));
        // Gmail's, Microsoft's and the registry's meaning differ.
        assert_eq!(of("550 5.7.30"), (Category::Unknown, None));
        assert_eq!(of("550 5.7.1").0, Category::Policy);
        // Common words count where the code is vague.
        assert_eq!(
            of("550 5.7.1 our fox says that your IP is on a blacklist"),
            (Category::Reputation, Some("bounce-reputation"))
        );
        // 5.1.1 is given to all that is refused at RCPT TO, too.
        assert_eq!(of("550 5.1.1 your IP is blacklisted"), (Category::Reputation, Some("bounce-reputation")));
        assert_eq!(of("550 5.1.1 refused by policy"), (Category::Recipient, Some("bounce-recipient-problem")));
        // The words say more than the class that the mail system chose.
        assert_eq!(
            of("550 5.0.0 <x@example.com>... User unknown"),
            (Category::Recipient, Some("bounce-recipient-problem"))
        );
    }

    /// Category and reply a line, as servers of many makes word them.
    #[test]
    fn what_was_heard_elsewhere() {
        let rows = include_str!("replies_heard.tsv").lines().filter_map(|line| line.split_once('\t'));
        let wrong: Vec<_> = rows.filter(|(category, said)| decode(said).category().word() != *category).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Words of real notices that were taken for something else once.
    #[test]
    fn words_of_real_notices() {
        use Category::*;
        let refused = Some("bounce-recipient-problem");
        for (text, category, rule) in [
            (
                "550 5.1.0 192.0.2.22 is not allowed to send from <example.net> per it's SPF Record. Please inspect your SPF settings",
                Authentication,
                Some("spf-not-authorized"),
            ),
            ("5.7.27 550 Host does not accept mail", Recipient, refused),
            (
                "The domain example.org doesn't receive email according to the administrator: returned Null MX",
                Recipient,
                refused,
            ),
            ("550 5.7.27 Sender address has null MX", Configuration, Some("mx-missing-or-invalid")),
            (
                "550-5.7.27 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with SPF.",
                Authentication,
                Some("spf-not-authorized"),
            ),
            (
                "Host or domain name not found. Name service error for name=mx.example.org type=A: Host not found, try again",
                Network,
                None,
            ),
            (
                "Host or domain name not found. Name service error for name=example.org type=A: Host not found",
                Recipient,
                refused,
            ),
            (
                "Amazon SES did not send the message to this address because it is on the suppression list for your account.",
                Policy,
                Some("delivery-refused"),
            ),
            (
                "554 5.7.1 <out.example.com[192.0.2.1]>: Client host rejected: blocked using bl.example.net",
                Reputation,
                Some("dnsbl-listed"),
            ),
            ("554 5.7.9 Header error", Content, None),
            (
                "550-5.7.1 [192.0.2.22 13] Messages with multiple addresses in From:",
                Content,
                Some("from-header-invalid"),
            ),
            (
                "550-5.7.1 This message does not have authentication information or fails to pass",
                Authentication,
                Some("auth-none"),
            ),
            ("452 4.3.2 Connection rate limit exceeded.", Rate, Some("warmup-rate-limited")),
            ("504 Command parameter not implemented", Configuration, None),
            ("550 Protocol violation (in reply to DATA command)", Configuration, None),
            ("554 Transaction failed", Unknown, None),
            (
                "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: a@example.com",
                Configuration,
                Some("submission-refused"),
            ),
            (
                "5.1.0 - Unknown address error 550-'5.2.2 <b@example.jp>... Mailbox Full' (delivery attempts: 0)",
                MailboxFull,
                refused,
            ),
            ("5.1.0 - Unknown address error 550-'5.7.1 <a@example.com>... Access denied'", Policy, None),
            ("550 5.1.1 Unknown address", Recipient, refused),
            (
                "The recipient server did not accept our requests to connect. [example.org 192.0.2.3: socket error]",
                Network,
                None,
            ),
            (
                "550 domain [example.com] mismatches client ip 192.0.2.25.",
                Configuration,
                Some("ptr-not-forward-confirmed"),
            ),
            (
                "450 service permits 2 unverifyable sending IPs - mail.example.com is not 192.0.2.2",
                Configuration,
                Some("ptr-not-forward-confirmed"),
            ),
            (
                "550 5.7.1 <b@example.com>: Recipient address rejected: User b@example.com temporary locked.",
                Recipient,
                refused,
            ),
            ("Warning: message still undelivered after 4 hours", Network, None),
        ] {
            let decoded = decode(text);
            assert_eq!((decoded.category(), decoded.rule()), (category, rule), "{text}");
        }
    }

    /// Who is refused: a sender is not a mailbox that does not exist, and a login is not a policy of theirs.
    #[test]
    fn the_sender_is_not_the_recipient() {
        use Category::*;
        let sender = Some("return-path-unusable");
        let login = Some("submission-refused");
        let spf = Some("spf-not-authorized");
        let dmarc = Some("dmarc-rejected-by-policy");
        let recipient = Some("bounce-recipient-problem");
        for (text, category, rule) in [
            (
                "550-Requested action not taken: mailbox unavailable 550 invalid DNS MX or A/AAAA resource record",
                Configuration,
                sender,
            ),
            (
                "550-Requested action not taken: mailbox unavailable 550 Sender address is not allowed.",
                Configuration,
                sender,
            ),
            (
                "550-Verification failed for <a@example.com> 550-No Such User Here 550 Sender verify failed",
                Configuration,
                Some("role-mailbox-missing"),
            ),
            (
                "550 5.1.0 <a@example.com>: Sender address rejected: User unknown in virtual alias table",
                Configuration,
                sender,
            ),
            ("450 4.1.8 <a@example.com>: Sender address rejected: Domain not found", Configuration, sender),
            ("550 5.1.8 Sender address does not exist", Configuration, sender),
            ("550 5.1.7 Sender address does not exist", Configuration, sender),
            ("550 5.1.8 Domain of sender address does not exist", Configuration, sender),
            (
                "553 5.1.8 <a@example.com>... Domain of sender address a@example.com does not exist",
                Configuration,
                sender,
            ),
            ("550-5.1.1 The sender address a@example.com does not exist", Configuration, sender),
            ("550 The sender address <a@example.com> was not found", Configuration, sender),
            ("550 5.1.8 Address does not exist", Configuration, sender),
            ("550 5.1.1 The recipient address b@example.com does not exist", Recipient, recipient),
            ("550 5.1.1 User b@example.com does not exist", Recipient, recipient),
            ("550 Address does not exist", Recipient, recipient),
            ("554 5.7.1 <a@example.com>: Sender address rejected: not logged in", Configuration, login),
            ("553 5.7.1 <a@example.com>: Sender address rejected: not owned by user web1", Configuration, login),
            ("535 5.7.3 Authentication unsuccessful [AM0PR02CA0001.eurprd02.prod.outlook.com]", Configuration, login),
            (
                "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.3 Authentication unsuccessful",
                Configuration,
                login,
            ),
            (
                "550 The from address does not match a verified Sender Identity. Mail cannot be sent",
                Configuration,
                login,
            ),
            (
                "550-5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've - gsmtp",
                Configuration,
                login,
            ),
            ("5.2.252 SendAsDenied; a@example.com not allowed to send as b@example.com", Configuration, login),
            ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", Configuration, login),
            ("550 5.7.1 rejected by DMARC policy for example.com", Authentication, dmarc),
            (
                "550-mailbox unavailable 550-Reject due to DMARC policy. 550 https://postmaster.gmx.net/en/case",
                Authentication,
                dmarc,
            ),
            ("550 5.7.1 message refused for DMARC policy LIB_510", Authentication, dmarc),
            ("550 SPF: 192.0.2.1 is not allowed to send mail from example.com", Authentication, spf),
            ("550 5.7.1 Email rejected per SPF policy", Authentication, spf),
            (
                "550-mailbox unavailable 550-Reject due to SPF policy. 550 https://postmaster.gmx.net/en/case",
                Authentication,
                spf,
            ),
        ] {
            let decoded = decode(text);
            assert_eq!((decoded.category(), decoded.rule()), (category, rule), "{text}");
        }
    }

    /// Trouble that passes, and refusals that do not.
    #[test]
    fn a_refusal_for_good_is_no_trouble_that_passes() {
        use Category::*;
        for (text, category, says) in [
            ("550 Service unavailable; sender blacklisted", Reputation, "blocked"),
            ("554 Service not available: your IP is listed", Reputation, "blocked"),
            (
                "554-gmx.net (mxgmx107) Nemesis ESMTP Service not available 554-No SMTP service 554-IP address is black listed.",
                Reputation,
                "blocklist",
            ),
            ("mx.example.net 5.0.0 Service unavailable", Unknown, ""),
            ("554 5.3.0 Local configuration error", Network, "trouble of its own"),
            ("451 4.3.0 Service unavailable", Network, "for now"),
            ("421 Service not available, closing transmission channel", Network, "for now"),
            ("Temporary local problem", Network, "for now"),
            (
                "451 4.7.1 Try again later (rspamd soft reject: Ratelimit \"to_ip\" exceeded)",
                Rate,
                "Too much came at once",
            ),
            ("451 4.7.1 Try again later", Network, "greylisting"),
            (
                "450 4.1.1 <b@example.com>: Recipient address rejected: unverified address: Address verification in progress",
                Network,
                "not found out yet",
            ),
            (
                "450 4.1.1 <b@example.com>: Recipient address rejected: unverified address: connect to mx.example.com[192.0.2.5]:25: Connection timed out",
                Network,
                "not found out yet",
            ),
            ("bob@example.net R=dnslookup defer (-53): retry time not reached for any host", Network, "not due yet"),
            ("retry time not reached for any host after a long failure period", Network, "given up"),
            ("554 5.5.1 Error: no valid recipients", Configuration, "No recipient had been taken"),
            ("550 5.1.1 no valid recipients", Recipient, "no such mailbox"),
            ("542 bob@example.com Rejected", Recipient, "does not exist there"),
            ("542 bob@example.com is not wanted", Unknown, ""),
            ("Error: No valid recipients for this MM", Recipient, "no such mailbox"),
        ] {
            let decoded = decode(text);
            let meaning = decoded.meaning().unwrap_or_default();
            assert_eq!(decoded.category(), category, "{text}: {meaning}");
            assert!(meaning.contains(says), "{text}: {meaning}");
        }
    }

    /// What the reply names is the reason, and not a rule of the receiver's.
    #[test]
    fn replies_that_name_the_reason() {
        use Category::*;
        let spf = Some("spf-not-authorized");
        let dkim = Some("dkim-signature-invalid");
        let dmarc = Some("dmarc-rejected-by-policy");
        let refused = Some("bounce-recipient-problem");
        let dane = Some("mta-sts-or-dane-broken");
        for (text, category, rule) in [
            ("550 5.7.1 SPF MAIL FROM check failed", Authentication, spf),
            ("550 5.7.1 SPF check failed", Authentication, spf),
            ("550 5.7.1 SPF unauthorized mail is prohibited.", Authentication, spf),
            ("554 5.7.1 SPF-Result=example.com: 'Fail'", Authentication, spf),
            ("550 5.7.1 DKIM signature verification failed", Authentication, dkim),
            ("550 5.7.1 Failed DKIM authentication", Authentication, dkim),
            ("550 5.7.1 Message rejected: DMARC fail for example.com", Authentication, dmarc),
            ("550 DMARC check failed.", Authentication, dmarc),
            ("550 5.7.1 DMARC: message from example.com rejected", Authentication, dmarc),
            // Which of them, or how it failed, the words do not say.
            ("550 5.7.1 SPF and DKIM failed", Authentication, None),
            ("550 5.7.1 DKIM, SPF, or DMARC failed", Authentication, None),
            ("550 5.7.1 refused by Sender Policy Framework", Authentication, None),
            ("550 5.7.1 SPF check failed: permerror", Authentication, None),
            ("550 5.7.1 rejected: no SPF record", Authentication, None),
            ("550 5.7.1 rejected by policy, see include:spf.example.com", Policy, None),
            ("550 5.7.5 Permanent error evaluating DMARC policy", Authentication, Some("dmarc-record-malformed")),
            ("451 4.7.5 Temporary error evaluating DMARC policy", Authentication, Some("dns-flaky")),
            ("550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", Configuration, Some("helo-invalid")),
            ("451 Authentication failed: Maximum credits exceeded", Configuration, None),
            ("550 5.1.0 Domain example.org does not accept mail (nullMX)", Recipient, refused),
            (
                "550 5.7.27 <a@example.com>: Sender address rejected: Domain example.com does not accept mail (nullMX)",
                Configuration,
                Some("mx-missing-or-invalid"),
            ),
            ("Domain example.com has exceeded the max emails per hour (151/150 (100%)) allowed.", Rate, None),
            ("550 Domain example.com has exceeded the max defers and failures per hour (5/5)", Rate, None),
            ("550 Message headers fail syntax check", Content, None),
            ("450 4.7.323 tlsa-invalid: The domain failed DANE validation", Configuration, dane),
            (
                "450 4.4.317 Cannot establish session with remote server [Message=451 4.7.323 tlsa-invalid]",
                Configuration,
                dane,
            ),
            ("450 4.7.324 dnssec-invalid: Destination domain returned invalid DNSSEC records", Configuration, dane),
            ("450 4.7.320 Certificate validation failed [Message=UntrustedRoot]", Configuration, None),
            ("4.7.5 Server certificate not trusted", Configuration, None),
            ("4.7.5 TLSA lookup error for mx.example.org:25", Configuration, None),
            ("5.7.4 TLS is required, but was not offered by host mx.example.org[192.0.2.3]", Configuration, None),
            ("550 5.1.8 Access denied, bad outbound sender AS(42004)", Configuration, Some("account-compromised")),
            ("501 5.1.8 Sender address rejected", Configuration, Some("return-path-unusable")),
            ("550 5.7.520 Access denied, Your organization does not allow external forwarding. AS(7555)", Policy, None),
        ] {
            let decoded = decode(text);
            let meaning = decoded.meaning().unwrap_or_default();
            assert_eq!((decoded.category(), decoded.rule()), (category, rule), "{text}: {meaning}");
            assert!(!meaning.contains("rule of the receiver") || category == Policy, "{text}: {meaning}");
        }
    }

    /// Whose fault it is, and which of two causes is open.
    #[test]
    fn the_words_say_who_can_mend_it() {
        use Category::*;
        let refused = Some("dnsbl-query-refused");
        for (text, category, rule, says) in [
            ("550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", Policy, None, "Only senders inside"),
            (
                "550 5.7.1 RESOLVER.RST.SenderNotAuthenticatedForMailbox; authentication required; Delivery restriction check failed",
                Policy,
                None,
                "Only senders inside",
            ),
            (
                "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
                Policy,
                None,
                "Only people inside may write to this group",
            ),
            (
                "550 5.7.12 Access denied, sender not authenticated to this organization",
                Policy,
                None,
                "Only senders inside",
            ),
            (
                "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.9]",
                Configuration,
                Some("ptr-missing"),
                "no reverse name, or one that does not lead back",
            ),
            (
                "552 5.2.2 This message is larger than the current system limit or the recipient's mailbox is full. Create a shorter message body",
                MailboxFull,
                Some("bounce-recipient-problem"),
                "too large, or the mailbox is full",
            ),
            (
                "550 5.7.1 Anti-Spam: sender IP does not match sender domain SPF",
                Authentication,
                Some("spf-not-authorized"),
                "SPF does not allow",
            ),
            (
                "550 5.7.1 <bob@example.net>... Access denied - Spam IP list",
                Reputation,
                Some("bounce-reputation"),
                "for its address or its history",
            ),
            ("550 5.7.0 Message Size Violation", Size, Some("message-too-large"), "too large"),
            (
                "421-4.7.0 [203.0.113.9 15] Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
                Rate,
                Some("warmup-rate-limited"),
                "Too much came",
            ),
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
                Configuration,
                Some("submission-refused"),
                "switched off for the organization",
            ),
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. [AM0.eurprd01.prod.outlook.com]",
                Configuration,
                Some("submission-refused"),
                "switched off for this mailbox",
            ),
            // Answers of blocklists that are no listings.
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; Error: open resolver; https://check.spamhaus.org/returnc/pub/192.0.2.53/",
                Policy,
                refused,
                "through a public resolver",
            ),
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/returnc/pub/",
                Policy,
                refused,
                "through a public resolver",
            ),
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; Error: excessive number of queries; https://check.spamhaus.org/returnc/vol/",
                Policy,
                refused,
                "more than it may",
            ),
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/returnc/vol/",
                Policy,
                refused,
                "more than it may",
            ),
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; 127.255.255.255",
                Policy,
                refused,
                "more than it may",
            ),
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; 127.255.255.252",
                Policy,
                refused,
                "a zone that Spamhaus does not have",
            ),
            (
                "554 5.7.1 Sender address [a@example.com] blocked using dbl.spamhaus.org; 127.0.1.255",
                Policy,
                refused,
                "DBL for an address",
            ),
            (
                "550 5.7.1 Service unavailable; client [203.0.113.9] blocked using list.dnswl.org",
                Policy,
                refused,
                "good senders",
            ),
            (
                "554 5.7.1 Message contains URL listed in multi.uribl.com; 127.0.0.1",
                Policy,
                refused,
                "refused by URIBL",
            ),
            (
                "554 5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/203.0.113.9",
                Reputation,
                Some("dnsbl-listed"),
                "listed at Spamhaus",
            ),
            (
                "554 5.7.1 Message contains URL listed in multi.uribl.com; 127.0.0.14",
                Content,
                Some("reputation-not-auth"),
                "",
            ),
        ] {
            let decoded = decode(text);
            let meaning = decoded.meaning().unwrap_or_default();
            assert_eq!((decoded.category(), decoded.rule()), (category, rule), "{text}: {meaning}");
            assert!(meaning.contains(says), "{text}: {meaning}");
        }
        // RFC 4954 has the code for a password, Microsoft for a recipient.
        let both = decode("550 5.7.12 the quick brown fox").meaning().unwrap_or_default();
        assert!(both.contains("organization") && both.contains("password"), "{both}");
        // Given up or still waiting: the same words.
        let dns = decode(
            "Host or domain name not found. Name service error for name=example.net type=MX: Host not found, try again",
        );
        assert!(dns.meaning().is_some_and(|m| !m.contains("tries again")) && dns.rows[0].fix.contains("given up"));
    }

    /// A provider is named where the host, a mark, or its own code and words say whose reply it is.
    #[test]
    fn a_code_of_everybody_names_no_provider() {
        let of = |text: &str| {
            let decoded = decode(text);
            (decoded.row().map_or("", |row| row.provider.as_str()), decoded.rule())
        };
        for (text, provider, rule) in [
            (
                "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.",
                "yahoo",
                Some("bounce-reputation"),
            ),
            (
                "553 5.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.",
                "yahoo",
                Some("bounce-reputation"),
            ),
            (
                "421 4.7.1 PDR-Delay. See https://ipcheck.proofpoint.com/?ip=192.0.2.1",
                "proofpoint",
                Some("dnsbl-listed"),
            ),
            (
                "554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
                "proofpoint",
                Some("dnsbl-listed"),
            ),
            (
                "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.",
                "microsoft",
                Some("bounce-reputation"),
            ),
            ("550 5.7.705 Access denied, tenant has exceeded threshold", "microsoft", Some("account-compromised")),
            ("mx.example.net 554 5.7.1 Spam message rejected", "", Some("reputation-not-auth")),
            ("450 4.1.8 <a@example.com>: Sender address rejected: Domain not found", "", Some("return-path-unusable")),
            ("421 4.7.1 Too many connections from 192.0.2.1", "", Some("warmup-rate-limited")),
            ("421 4.7.1", "", None),
            ("550 5.1.1", "", Some("bounce-recipient-problem")),
            ("553 5.7.1", "", None),
            ("552 5.2.2 mailbox is over quota", "", Some("bounce-recipient-problem")),
            (
                "553 5.3.0 flph829 DNSBL:RBL 521< 192.0.2.1 >_is_blocked. abuse_rbl@abuse-att.net",
                "",
                Some("bounce-reputation"),
            ),
            (
                "554 imta12 comcast 192.0.2.1 Comcast block for spam. smtp-error-codes.php#BL000001",
                "",
                Some("bounce-reputation"),
            ),
        ] {
            assert_eq!(of(text), (provider, rule), "{text}");
        }
        for list in ["[BL21]", "[BL23]"] {
            let decoded =
                decode(&format!("553 5.7.1 {list} Connections not accepted from IP addresses on Spamhaus PBL"));
            assert!(decoded.meaning().is_some_and(|m| m.contains("Spamhaus PBL")), "{:?}", decoded.meaning());
        }
        let blocked = decode("553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1");
        assert_eq!(blocked.meaning(), Some("The sending address is on a list of Spamhaus; the text says on which"));
    }

    #[test]
    fn a_code_without_words_known_to_anybody_still_has_a_meaning() {
        assert_eq!(
            decode("550 5.7.26 the quick brown fox jumps").meaning(),
            Some("several authentication checks failed")
        );
        assert_eq!(decode("450 4.0.0 the quick brown fox jumps").meaning(), None);
    }
}
