//! A spam verdict in words, from anybody but Microsoft.

use super::reputation_not_auth::portals;
use super::verdict;
use crate::evidence::said::FoundIn;
use crate::facts::Facts;
use crate::facts::antispam::{self, Field, Item, Leaning, host};
use crate::facts::organization::same_by_list;
use crate::knowledge::receiver::{self, Kind};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// The receiver marked the message as spam
    ///
    /// ## What we saw
    /// A field of the receiver's filter says that the message is spam, or it was found in the junk folder. Some
    /// filters also list what they found, each with its points.
    ///
    /// ## Why mail suffers
    /// Marked mail goes to the junk folder, to quarantine, or nowhere. The verdict alone does not tell
    /// whether authentication, the sending address or the content is to blame.
    ///
    /// ## How to fix it
    /// Mend first what the other findings say about SPF, DKIM, DMARC and the server; then look at the
    /// points the filter lists. If all of that is in order, it is a matter of reputation and content.
    ///
    /// ## How to check
    /// Send a new message to the same receiver and look at the same field.
    pub RULE = "spam-verdict-explained", Receiver, Medium, judge,
    ["the filters' own documentation, as cited with each value by postdoc explain"]
}

/// Reasons told at most.
const REASONS: usize = 12;

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let ours = reading.boundary.receiver.as_deref();
    // Where the header does not say it, the folder does.
    if let Some(folder) = verdict::junk(facts)
        && !verdict::all_passed(facts)
        && antispam::spam_verdicts(&reading.antispam, ours).is_empty()
    {
        return filed(folder).into();
    }
    let others = || reading.antispam.iter().filter(|f| f.vendor != "microsoft" && antispam::summary::counts(f, ours));
    let upstream = before(facts);
    if !others().flat_map(|f| &f.items).any(|i| i.meaning.is_some()) {
        return upstream.map_or(Verdict::NotApplicable, Verdict::from);
    }
    let mut spam = antispam::spam_verdicts(&reading.antispam, ours);
    spam.retain(|(f, _)| f.vendor != "microsoft");
    // Where authentication is known to pass, `reputation-not-auth` says it, and more.
    match spam.first() {
        Some((first, _)) if !verdict::all_passed(facts) => found(facts, first, &spam).into(),
        Some(_) => Verdict::NotApplicable,
        None => wary(facts).or(upstream).map_or(Verdict::Pass, Verdict::from),
    }
}

/// A provider's or gateway's own mark that speaks against the message, where none of its words clears it.
fn wary(facts: &Facts) -> Option<Finding> {
    let ours = facts.reading.boundary.receiver.as_deref();
    let service = |f: &&Field| {
        let kind = receiver::find(f.vendor).map(|r| r.kind);
        f.vendor != "microsoft"
            && matches!(kind, Some(Kind::Mailbox | Kind::Gateway))
            && antispam::summary::counts(f, ours)
    };
    let mark = |i: &&Item| !matches!(&*i.key, "test" | "symbol") && verdict::leaning(i) == Some(Leaning::Warn);
    let fields = || facts.reading.antispam.iter().filter(service);
    let vendor = fields().find(|f| f.items.iter().any(|i| mark(&i)))?;
    let its = || fields().filter(|f| f.vendor == vendor.vendor).flat_map(|f| &f.items);
    if its().any(|i| verdict::leaning(i) == Some(Leaning::Good)) {
        return None;
    }
    let name = verdict::name_of(facts, vendor);
    let marks: Vec<String> = its()
        .filter(mark)
        .filter_map(|i| Some(format!("{} ({})", verdict::written(i), i.meaning.as_ref()?.text)))
        .collect();
    let finding = Finding::new(&RULE, format!("{name} has something against the message"))
        .severity(Severity::Low)
        .sure(Confidence::Possible, "What the mark led to, the header does not say.")
        .explain(format!(
            "{name} noted: {}. That is no plain verdict of spam, but it counts against the message; the folder it was found in tells more.",
            verdict::list(&marks)
        ))
        .exhibits(its().filter(mark).map(verdict::exhibit))
        .fix(portals(
            Remedy::new("See in which folder it lies; if that is Junk, begin with what the mark says.")
                .step("In a mailbox of your own, mark it as not junk once, and see whether the next one arrives."),
            receiver::find(vendor.vendor),
        ))
        .check("send a new message to the same receiver and look at the field", "it no longer says so");
    Some(finding)
}

/// A filter of a server before the receiver, which took the message for spam: the receiver did not, or its word is not here.
fn before(facts: &Facts) -> Option<Finding> {
    let reading = &facts.reading;
    // Microsoft's receiver keeps what came in of its fields as `-Untrusted`: only what it says of mail going out is told.
    let its = || reading.antispam.iter().filter(|f| f.untrusted && (f.outbound || f.vendor != "microsoft"));
    let bad = |i: &&Item| verdict::leaning(i) == Some(Leaning::Bad);
    let field = its().find(|f| f.items.iter().any(|i| bad(&i)))?;
    let receiver = reading.boundary.authserv_id.as_deref().unwrap_or("the receiver");
    let name = verdict::name_of(facts, field);
    let host = host::named(&reading.header, facts.text(), field);
    let from = reading.from_domain();
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let mut senders = [from, mail_from].into_iter().flatten();
    let own = field.outbound || host.as_ref().is_some_and(|h| senders.any(|sender| same_by_list(sender, &h.value)));
    let whose = match &host {
        Some(host) => format!("{name} on {}", host.value),
        None if field.outbound => format!("{name}, on the sender's side,"),
        None => format!("{name} on a server before that"),
    };
    let items: Vec<&Item> = its().filter(|f| f.vendor == field.vendor).flat_map(|f| &f.items).collect();
    let said: Vec<String> = items
        .iter()
        .filter(|i| bad(i))
        .filter_map(|i| Some(format!("{} ({})", verdict::written(i), i.meaning.as_ref()?.text)))
        .collect();
    let counted: Vec<&Item> = items.iter().copied().filter(|i| verdict::leaning(i) == Some(Leaning::Warn)).collect();
    let reasons: Vec<String> = counted
        .iter()
        .take(REASONS)
        .filter_map(|i| Some(format!("{} ({})", i.value, i.meaning.as_ref()?.text)))
        .collect();
    let score =
        items.iter().find(|i| i.key == "score").map_or(String::new(), |i| format!(" It gave {} points.", i.value));
    let reasons = match reasons.is_empty() {
        true => String::new(),
        false => format!(" It counted against the message: {}.", verdict::list(&reasons)),
    };
    let clean = verdict::counted(facts).any(|i| i.meaning.is_some());
    let theirs = match clean {
        true => format!("{receiver} itself did not call it spam."),
        false => format!("What the filter of {receiver} thinks of it, the header does not say."),
    };
    let title = match own {
        true if field.outbound => format!("The sender's own side takes the message for spam: {name}"),
        true => format!("The sender's own {name} takes the message for spam"),
        false => format!("A filter before the receiver takes it for spam: {name}"),
    };
    let (confidence, because) = match host.is_some() {
        true => (
            Confidence::Certain,
            "The filter names the server it ran on, and that had the message before the receiver.",
        ),
        false if field.outbound => (Confidence::Certain, "The field says itself that it judged mail going out."),
        false => (Confidence::Likely, "It stands below what the receiver wrote; which server added it is not certain."),
    };
    let finding = Finding::new(&RULE, title)
        .severity(Severity::Low)
        .sure(confidence, because)
        .explain(format!(
            "{whose} marked the message as spam before {receiver} had it: {}.{score}{reasons} That is no verdict of the receiver. {theirs}",
            verdict::list(&said)
        ))
        .exhibits(items.iter().copied().filter(bad).chain(counted.iter().copied().take(REASONS)).map(verdict::exhibit))
        .fix(
            Remedy::new(match own {
                true => "Look at that filter: it judges the mail on its way out.",
                false => "Find whose filter that is: the sender's, a forwarder's, or the gateway in front of the mailbox.",
            })
            .step("See what it counted, the weightiest first: the receivers' filters may count it too.")
            .step("If it is wrong, correct it there (what it has learnt, its rules), or ask whoever runs that server."),
        )
        .check("send a new message by the same way and look at the field", "it no longer says spam");
    Some(match host {
        Some(host) => finding.exhibit(Exhibit::input(host.span, "the server that this filter ran on")),
        None => finding,
    })
}

/// Nothing in the header says spam, but that is where it lies.
fn filed(folder: &FoundIn) -> Finding {
    Finding::new(&RULE, "The mailbox put the message into its junk folder")
        .sure(Confidence::Likely, "That is where it was found; a rule or a choice of its owner may have moved it too.")
        .explain(format!(
            "The message was found in {}, the folder of junk. The header does not say that SPF, DKIM and DMARC all \
             passed, so begin there.",
            folder.name
        ))
        .exhibit(verdict::folder(folder))
        .fix(
            Remedy::new("Mend authentication first.")
                .step("Mend what the other findings say about SPF, DKIM, DMARC and the sending server.")
                .step("In a mailbox of your own, mark it as not junk once, and see whether the next one arrives."),
        )
        .check("send a new message to the same mailbox: postdoc fetch says in which folder it lands", "found in INBOX")
}

fn found(facts: &Facts, first: &Field, spam: &[(&Field, &Item)]) -> Finding {
    let whose = verdict::name_of(facts, first);
    let own: Vec<&Item> = spam.iter().filter(|(f, _)| f.vendor == first.vendor).map(|(_, i)| *i).collect();
    let said: Vec<String> =
        own.iter().filter_map(|i| Some(format!("{} ({})", verdict::written(i), i.meaning.as_ref()?.text))).collect();
    let fields = facts.reading.antispam.iter().filter(|f| f.vendor == first.vendor && !f.untrusted);
    let warned = |i: &&Item| i.meaning.as_ref().is_some_and(|m| m.leaning == Leaning::Warn);
    let reasons: Vec<&Item> = fields.flat_map(|f| &f.items).filter(warned).take(REASONS).collect();
    let mut explanation = format!("{whose} marked this message as spam: {}.", verdict::list(&said));
    if !reasons.is_empty() {
        let told: Vec<String> =
            reasons.iter().filter_map(|i| Some(format!("{} ({})", i.value, i.meaning.as_ref()?.text))).collect();
        explanation += &format!(" It counted against the message: {}.", verdict::list(&told));
    }
    // What it reports passes for From, and it leaves DMARC out (Yandex).
    let sound = facts.alignment.dmarc == Some(true) && !verdict::any_failed(facts);
    explanation += match sound {
        true => {
            " What passed of SPF and DKIM belongs to From, so authentication is hardly what counted: history, complaints, links or content are likelier."
        }
        false => " The header does not say that SPF, DKIM and DMARC all passed, so begin there.",
    };
    let fix = match sound {
        true => Remedy::new("Look at what the filter counted, and at who gets this mail."),
        false => Remedy::new("Mend authentication first, then what the filter counted.")
            .step("Mend what the other findings say about SPF, DKIM, DMARC and the sending server."),
    };
    let fix = fix.step("Look at the points the filter lists, at the links, and at who gets this mail.");
    let (confidence, because) = match verdict::receiver_of(facts) {
        Some(_) => (Confidence::Certain, "The receiver wrote the verdict itself."),
        None => (Confidence::Likely, "The field says so; which server added it is not certain."),
    };
    Finding::new(&RULE, format!("{whose} marked the message as spam"))
        .sure(confidence, because)
        .explain(explanation)
        .exhibits(own.into_iter().chain(reasons).map(verdict::exhibit))
        .exhibits(verdict::junk(facts).map(verdict::folder))
        .fix(if sound { portals(fix, receiver::find(first.vendor)) } else { fix })
        .check(
            "send a new message to the same receiver and paste its header here",
            "the same field no longer says spam",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::receiver::testing::{facts, only, passed};

    #[test]
    fn one_line_of_yandex() {
        assert!(matches!(judge(&facts("X-Yandex-Spam: 1\r\n", |_| {})), Verdict::Pass));
        let finding = only(judge(&facts("X-Yandex-Spam: 4\r\n", |_| {})));
        assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Likely));
        assert_eq!(finding.title, "Yandex Mail marked the message as spam");
        assert_eq!(finding.exhibits.len(), 1);
    }

    #[test]
    fn what_passes_is_not_told_to_be_mended() {
        let text = "Authentication-Results: mail-nwsmtp-mxfront-1.mail.yandex.net; spf=pass smtp.mail=ann@example.com; \
            dkim=pass header.i=@example.com\r\nX-Yandex-Spam: 4\r\nReceived: from mail.example.com (mail.example.com [192.0.2.1]) by \
            mail-nwsmtp-mxfront-1.mail.yandex.net with ESMTP id 1; Wed, 4 Jun 2025 10:00:11 +0000\r\nFrom: ann@example.com\r\n";
        let judged = |text: &str| {
            let finding = only(judge(&crate::rules::testing::facts(text, crate::evidence::InputKind::Headers)));
            (finding.explanation, finding.fix.unwrap())
        };
        let (explanation, fix) = judged(text);
        assert!(explanation.contains("authentication is hardly what counted"), "{explanation}");
        assert!(
            fix.steps.iter().any(|s| s.contains("postoffice.yandex.ru")) && !fix.summary.contains("authentication")
        );
        let (explanation, fix) = judged(&text.replace("spf=pass", "spf=fail"));
        assert!(
            explanation.ends_with("so begin there.") && fix.summary.starts_with("Mend authentication"),
            "{explanation}"
        );
    }

    #[test]
    fn the_senders_own_filter_is_no_receivers() {
        let taken = "Authentication-Results: mx1.inbox.example; spf=pass smtp.mailfrom=shop.example\r\n";
        let hops = "Received: from mail.shop.example (mail.shop.example [198.51.100.25]) by mx1.inbox.example (Postfix) with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
            Received: from app.shop.example (app.shop.example [192.0.2.9]) by mail.shop.example (Postfix) with ESMTPS id 2; Tue, 2 Jun 2026 10:00:05 +0000\r\n";
        let spam = "X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=7.1 required=5.0 tests=BAYES_99\r\n\
            X-Spam-Checker-Version: SpamAssassin 3.4.6 on mail.shop.example\r\n";
        let clean = "X-Spam-Status: No, score=-1.1 required=5.0 tests=BAYES_00\r\n";
        let judged = |text: &str| {
            judge(&crate::rules::testing::facts(
                &format!("{text}From: ann@shop.example\r\n"),
                crate::evidence::InputKind::Headers,
            ))
        };
        let both = only(judged(&format!("{taken}{clean}{hops}{spam}")));
        assert_eq!(
            (both.severity, both.title.as_str()),
            (Severity::Low, "The sender's own SpamAssassin takes the message for spam")
        );
        assert!(
            both.explanation.contains("It gave 7.1 points") && both.explanation.contains("itself did not call it spam"),
            "{}",
            both.explanation
        );
        let alone = only(judged(&format!("{taken}{hops}{spam}")));
        assert!(alone.explanation.contains("the header does not say"), "{}", alone.explanation);
        let nameless = only(judged(&format!("{taken}{clean}{hops}{}", spam.split("X-Spam-Checker").next().unwrap())));
        assert_eq!(nameless.confidence, Confidence::Likely);
        assert!(matches!(
            judged(&format!("{taken}{clean}{hops}{}", spam.replace("Yes", "No").replace("YES", "NO"))),
            Verdict::Pass
        ));
    }

    #[test]
    fn a_verdict_on_mail_going_out_is_the_senders() {
        let taken = "Authentication-Results: mx.inbox.example; spf=pass smtp.mailfrom=shop.example\r\n\
            Received: from mail.shop.example (mail.shop.example [198.51.100.25]) by mx.inbox.example (Postfix) with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n";
        let judged = |field: &str| {
            let text = format!("{taken}{field}\r\nFrom: ann@shop.example\r\n");
            judge(&crate::rules::testing::facts(&text, crate::evidence::InputKind::Headers))
        };
        for (field, who) in [
            ("X-Forefront-Antispam-Report: SCL:5;SFV:SPM;CAT:OSPM;DIR:OUT;", "Microsoft"),
            ("X-UI-Out-Filterresults: junk:10;V03:K0:abc", "GMX"),
            ("X-OutGoing-Spam-Status: Yes, score=7.1", "SpamAssassin"),
            ("X-SpamExperts-Outgoing-Class: spam", "SpamExperts"),
        ] {
            let finding = only(judged(field));
            assert_eq!((finding.severity, finding.confidence), (Severity::Low, Confidence::Certain), "{field}");
            assert!(
                finding.title.starts_with("The sender's own side") && finding.title.contains(who),
                "{}",
                finding.title
            );
            assert!(finding.explanation.contains("That is no verdict of the receiver"), "{}", finding.explanation);
        }
        for field in [
            "X-OutGoing-Spam-Status: No, score=0.1",
            "X-Forefront-Antispam-Report: SCL:1;SFV:NSPM;DIR:OUT;",
            "X-Forefront-Antispam-Report-Untrusted: SCL:5;SFV:SPM;DIR:INB;",
        ] {
            assert!(!matches!(judged(field), Verdict::Found(_)), "{field}");
        }
    }

    #[test]
    fn a_mark_against_it_is_not_passed_over() {
        for (field, whose) in [
            ("X-QQ-SPAM: true", "QQ Mail"),
            ("X-CMAE-Score: 100", "Cloudmark"),
            ("X-SBRS: -3.2", "Cisco"),
            ("X-Mimecast-Impersonation-Protect: Policy=Default;Newly Observed Domain=true", "Mimecast"),
        ] {
            for set in [passed as fn(&mut crate::facts::Reading), |_| {}] {
                let finding = only(judge(&facts(&format!("{field}\r\n"), set)));
                assert_eq!((finding.severity, finding.confidence), (Severity::Low, Confidence::Possible), "{field}");
                assert!(finding.title.starts_with(whose), "{}", finding.title);
            }
        }
        let quiet = [
            "X-CMAE-Score: 0",
            "X-SBRS: 3.5",
            "X-Mimecast-Impersonation-Protect: Policy=Default;Custom=false",
            "X-Spam-score: 1.0\r\nX-Spam-sender-reputation: 0 (low)\r\nX-Spam-known-sender: no",
        ];
        for field in quiet {
            assert!(!matches!(judge(&facts(&format!("{field}\r\n"), passed)), Verdict::Found(_)), "{field}");
        }
    }

    #[test]
    fn what_counted_against_it_is_told() {
        let text = "X-Spam-Status: Yes, score=7.1 required=5.0 tests=RDNS_NONE,DKIM_VALID,URIBL_BLOCKED\r\n";
        let finding = only(judge(&facts(text, |_| {})));
        assert!(
            finding.explanation.contains("RDNS_NONE (the sending address has no reverse name)"),
            "{}",
            finding.explanation
        );
        assert!(!finding.explanation.contains("URIBL_BLOCKED") && !finding.explanation.contains("DKIM_VALID"));
    }

    #[test]
    fn the_folder_says_it_where_the_header_does_not() {
        let at = |text: &str, folder: &str, set: fn(&mut crate::facts::Reading)| {
            let mut f = facts(text, set);
            std::sync::Arc::make_mut(&mut f.evidence).said.folder = Some(FoundIn::told(folder));
            f
        };
        let finding = only(judge(&at("From: a@example.com\r\n", "Bulk Mail", |_| {})));
        assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Likely));
        assert!(finding.title.contains("junk folder"), "{}", finding.title);
        // The filter's own word goes before, with the folder beside it.
        let both = only(judge(&at("X-Yandex-Spam: 4\r\n", "Spam", |_| {})));
        assert_eq!((both.title.as_str(), both.exhibits.len()), ("Yandex Mail marked the message as spam", 2));
        assert!(matches!(judge(&at("From: a@example.com\r\n", "INBOX", |_| {})), Verdict::NotApplicable));
        assert!(matches!(judge(&at("From: a@example.com\r\n", "Junk", passed)), Verdict::NotApplicable));
        let microsoft = at("X-Forefront-Antispam-Report: SFV:SPM\r\n", "Junk", |_| {});
        assert!(matches!(judge(&microsoft), Verdict::NotApplicable), "ms-verdict-explained says it, and more");
    }

    #[test]
    fn it_leaves_the_word_to_others() {
        assert!(matches!(judge(&facts("X-Yandex-Spam: 4\r\n", passed)), Verdict::NotApplicable));
        assert!(matches!(judge(&facts("X-Forefront-Antispam-Report: SFV:SPM\r\n", |_| {})), Verdict::NotApplicable));
        assert!(matches!(judge(&facts("From: a@example.com\r\n", |_| {})), Verdict::NotApplicable));
        let gmail = facts("X-Spam-Flag: YES\r\n", |r| r.boundary.receiver = Some("gmail".into()));
        assert!(matches!(judge(&gmail), Verdict::NotApplicable));
    }

    #[test]
    fn a_failed_dmarc_is_no_verdict_of_icloud_on_spam() {
        let text = "X-Apple-MoveToFolder: INBOX\n\
            Received: from mta.esp.example (mta.esp.example [198.51.100.61]) by p00-icloudmta-asmtp-us-west-3a.icloud.com with ESMTPS\n \
            id 1 for <pat@icloud.com>; Wed,  4 Jun 2025 10:00:11 +0000\n\
            Authentication-Results: dmarc.icloud.com; dmarc=fail header.from=shopx.example\n\
            X-DMARC-Info: pass=fail; dmarc-policy=none; s=r1; d=r0; pdomain=shopx.example\n\
            Authentication-Results: spf.icloud.com; spf=neutral smtp.mailfrom=news@shopx.example\nFrom: ShopX <news@shopx.example>\n";
        let facts = crate::rules::testing::facts(text, crate::evidence::InputKind::Headers);
        assert!(!matches!(judge(&facts), Verdict::Found(_)));
    }
}
