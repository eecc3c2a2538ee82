//! Everything authenticates, and still it is spam.

use super::verdict::{self, Passed};
use super::{cures, listings, suspects};
use crate::evidence::said::FoundIn;
use crate::facts::Facts;
use crate::facts::antispam::{self, Field, Item};
use crate::knowledge::{Receiver, receiver};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Place, Verdict, rule};

rule! {
    /// Authentication passes, yet the receiver calls it spam
    ///
    /// ## What we saw
    /// SPF, DKIM and DMARC all passed, as the receiver reports or as a whole message shows by today's DNS, and the
    /// header marks the message as spam, or the mailbox has it among the junk.
    ///
    /// ## Why mail suffers
    /// The receiver knows who you are and dislikes what it knows: the history of the address or domain,
    /// complaints, the links or the content. A domain that has just begun to send looks the same.
    ///
    /// ## How to fix it
    /// No DNS record changes this. Slow down or pause, write first to people who open and answer your
    /// mail, take the others off, look at links and content, then raise the volume over weeks.
    ///
    /// ## How to check
    /// Watch the spam rate in the receiver's portal: it should stay below 0.1 %, and the verdict turns
    /// within one to four weeks.
    pub RULE = "reputation-not-auth", Receiver, High, judge,
    ["Gmail SMTP errors 4.7.0, 5.7.1", "Microsoft 4.7.650", "Gmail sender guidelines: spam rate"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let ours = reading.boundary.receiver.as_deref();
    if !verdict::all_passed(facts) {
        let spam = !antispam::spam_verdicts(&reading.antispam, ours).is_empty();
        return match spam && reading.is_fragment() && !verdict::any_failed(facts) {
            true => Verdict::unknown(Gap::whole_header("Did SPF, DKIM and DMARC pass at the receiver?")),
            false => Verdict::NotApplicable,
        };
    }
    let counted = || reading.antispam.iter().filter(|f| antispam::summary::counts(f, ours));
    let junk = verdict::junk(facts);
    if counted().flat_map(|f| &f.items).all(|i| i.meaning.is_none()) {
        return junk.map_or(Verdict::NotApplicable, |folder| filed(facts, folder, false).into());
    }
    // A person or an administrator decided: that is no reputation.
    let by_hand = |i: &Item| i.key == "SFV" && ["BLK", "SKB", "SKS"].contains(&&*i.value);
    let verdicts = antispam::spam_verdicts(&reading.antispam, ours);
    let items: Vec<&Item> = counted().flat_map(|f| &f.items).collect();
    let hand = items.iter().any(|i| by_hand(i))
        || verdict::is_moved_by_mailbox(&items)
        || verdict::is_set_by_organization(&items);
    match junk {
        _ if hand => Verdict::Pass,
        _ if !verdicts.is_empty() => found(facts, &verdicts).exhibits(junk.map(verdict::folder)).into(),
        Some(folder) => filed(facts, folder, true).into(),
        None => Verdict::Pass,
    }
}

/// The end of "SPF, DKIM and DMARC …".
fn pass(facts: &Facts) -> &'static str {
    match verdict::passed(facts) {
        Some(Passed::Here) => "all pass, checked here where the header does not say it",
        _ => "all passed",
    }
}

/// Nothing in the header says spam, but that is where it lies.
fn filed(facts: &Facts, folder: &FoundIn, cleared: bool) -> Finding {
    let domain = facts.reading.from_domain().unwrap_or("the From domain");
    let (confidence, because) = match cleared {
        true => (
            Confidence::Possible,
            "The filter's own words in the header do not say spam: a rule or a choice of the mailbox's owner may have moved it.",
        ),
        false => (
            Confidence::Likely,
            "The mailbox keeps there what it takes for spam; a rule or a choice of its owner may have moved it too.",
        ),
    };
    let mut finding = Finding::new(&RULE, "SPF, DKIM and DMARC pass, yet it landed in the junk folder")
        .sure(confidence, because)
        .explain(format!(
            "The message was found in {}, the folder of junk. SPF, DKIM and DMARC for {domain} {}, so the sender \
             is known; what counts against it is its history, complaints, links or content. No DNS record fixes this.{}",
            folder.name,
            pass(facts),
            suspects::told(facts)
        ))
        .exhibit(verdict::folder(folder))
        .fix(
            portals(habits(domain), verdict::receiver_of(facts))
                .step("In a mailbox of your own, mark it as not junk once, and see whether the next one arrives."),
        )
        .check(
            "send a new message to the same mailbox in a week: postdoc fetch says in which folder it lands",
            "found in INBOX",
        );
    if let Some(dmarc) = &facts.reading.reported.dmarc {
        finding = finding.exhibit(Exhibit::input(dmarc.span, "authentication passed"));
    }
    finding
}

fn found(facts: &Facts, verdicts: &[(&Field, &Item)]) -> Finding {
    let vendor = verdicts.first().map_or("", |(field, _)| field.vendor);
    let own: Vec<&Item> = verdicts.iter().filter(|(f, _)| f.vendor == vendor).map(|(_, i)| *i).collect();
    let whose = verdicts.first().map_or("The receiver", |(field, _)| verdict::name_of(facts, field));
    let mut said: Vec<String> =
        own.iter().filter_map(|i| Some(format!("{} ({})", verdict::written(i), i.meaning.as_ref()?.text))).collect();
    // The organization's level and that of the report are mostly one.
    said.dedup();
    let domain = facts.reading.from_domain().unwrap_or("the From domain");
    let known = verdict::receiver_of(facts).is_some();
    let here = verdict::passed(facts) == Some(Passed::Here);
    let cleared: Vec<String> =
        verdict::counted(facts).filter(|i| verdict::is_cleared(i)).map(verdict::written).collect();
    let in_vain = match cleared.is_empty() {
        true => String::new(),
        false => format!(
            " Its first verdict was clean ({}), and the mailbox's own filter decided otherwise: the recipient's junk settings and \
             blocked senders come first.",
            verdict::list(&cleared)
        ),
    };
    let (confidence, because) = match known {
        _ if !cleared.is_empty() => (
            Confidence::Likely,
            "The placement stands in the header; why the mailbox decided against the first verdict does not.",
        ),
        _ if here => (
            Confidence::Likely,
            "The header holds the verdict; that all of it passes was checked here, by today's DNS.",
        ),
        true => (Confidence::Certain, "The receiver wrote both the results and the verdict itself."),
        false => (Confidence::Likely, "The header holds both; which server added the verdict is not certain."),
    };
    let cures = cures::of(facts);
    let mut finding = Finding::new(&RULE, "SPF, DKIM and DMARC pass, yet the message counts as spam")
        .sure(confidence, because)
        .explain(format!(
            "{whose} marked this message as spam: {}. SPF, DKIM and DMARC for {domain} {}, so the sender is known; {}{in_vain}{}",
            verdict::list(&said),
            pass(facts),
            cures.cause(),
            suspects::told(facts)
        ))
        .exhibits(own.iter().map(|i| verdict::exhibit(i)))
        .exhibits(suspects::exhibits(facts).filter(|e| own.iter().all(|i| e.place != Place::Input(i.span))))
        .fix(match cures.rest {
            true => {
                let judge = receiver::find(vendor).filter(|_| verdict::is_service(facts, vendor));
                portals(listings::pages(facts, cures.remedy(habits(domain))), judge)
            }
            false => listings::pages(facts, cures.remedy(habits(domain))),
        });
    finding = match cures.rest {
        true => finding.check(
            "send a new message to the same receiver in a week and paste its header here",
            suspects::limits(receiver::find(vendor)),
        ),
        false => finding.check("send a new message to the same receiver and paste its header here", "no spam verdict"),
    };
    if let Some(dmarc) = &facts.reading.reported.dmarc {
        finding = finding.exhibit(Exhibit::input(dmarc.span, "authentication passed"));
    }
    finding
}

fn habits(domain: &str) -> Remedy {
    Remedy::new(format!("Mend the reputation of {domain}: it is no matter of DNS."))
        .step("Slow down or pause this kind of mail, and find out what was sent and to whom.")
        .step("Write first to people who open and answer your mail; take off addresses that never do, that bounce or complain.")
        .step("Look at the links and the content: a linked domain on a blocklist is enough.")
        .step("Then raise the volume slowly, over one to four weeks.")
}

/// The remedy with the portals of whoever judged.
pub(super) fn portals(remedy: Remedy, judge: Option<&'static Receiver>) -> Remedy {
    let links = judge.into_iter().flat_map(|r| &r.postmaster);
    links.fold(remedy, |remedy, link| remedy.step(format!("{} shows more: {}", link.url, link.what)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Severity;
    use crate::rules::receiver::testing::{facts, only, passed};

    #[test]
    fn all_pass_and_still_spam() {
        let f = facts("X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:SPM;DIR:INB\r\n", |r| {
            passed(r);
            r.boundary.receiver = Some("microsoft".into());
        });
        let finding = only(judge(&f));
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Certain));
        assert!(finding.explanation.contains("No DNS record fixes this"));
        assert!(finding.fix.unwrap().steps.iter().any(|s| s.contains("snds")));
        let Place::Input(span) = finding.exhibits[0].place else { panic!() };
        assert_eq!(span.of(f.text()), b"SFV:SPM");
    }

    #[test]
    fn an_imitation_is_no_matter_of_volume() {
        let fix = |cat: &str| {
            let f = facts(&format!("X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:{cat};DIR:INB\r\n"), |r| {
                passed(r);
                r.boundary.receiver = Some("microsoft".into());
            });
            let fix = only(judge(&f)).fix.unwrap();
            format!("{} {}", fix.summary, fix.steps.join(" "))
        };
        assert!(fix("UIMP").contains("trusted senders") && !fix("UIMP").contains("volume"));
        assert!(fix("HPHISH").starts_with("Look at the links") && !fix("HPHISH").contains("volume"));
        assert!(fix("SPM").contains("raise the volume slowly"));
    }

    #[test]
    fn an_imitation_is_no_matter_of_history() {
        for cat in ["UIMP", "DIMP", "GIMP", "BIMP"] {
            let text = format!("X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:{cat};DIR:INB\r\n");
            let (fix, why) = told(&text, Some("microsoft"));
            assert!(why.contains("that it looks like somebody else") && !why.contains("history"), "{why}");
            assert!(!fix.contains("snds"), "{fix}");
        }
        let (_, why) = told("X-Forefront-Antispam-Report: SFV:SPM;SCL:9;CAT:HPHISH;DIR:INB\r\n", Some("microsoft"));
        assert!(why.contains("what is taken for phishing in its links or content"), "{why}");
    }

    /// The remedy in one line, and the explanation.
    fn told(text: &str, receiver: Option<&str>) -> (String, String) {
        let finding = only(judge(&facts(text, |r| {
            passed(r);
            r.boundary.receiver = receiver.map(str::to_owned);
        })));
        let fix = finding.fix.unwrap();
        (format!("{} {}", fix.summary, fix.steps.join(" ")), finding.explanation)
    }

    #[test]
    fn an_attachment_is_no_matter_of_volume() {
        for cat in ["MALW", "AMP", "SAP", "FTBP"] {
            let text = format!("X-Forefront-Antispam-Report: SFV:SPM;SCL:9;CAT:{cat};DIR:INB\r\n");
            let (fix, why) = told(&text, Some("microsoft"));
            assert!(fix.starts_with("Send the attachment another way") && !fix.contains("volume"), "{fix}");
            assert!(why.contains("what counts against it is an attachment") && !fix.contains("snds"), "{why}");
        }
    }

    #[test]
    fn each_cause_has_its_own_cure_the_weightiest_first() {
        let status = |tests: &str| told(&format!("X-Spam-Status: Yes, score=7 required=5.0 tests=[{tests}]\r\n"), None);
        let (fix, why) = status("RDNS_NONE=1.3, HELO_DYNAMIC_IPADDR=3.2, RCVD_IN_PBL=3.3, BAYES_00=-1.9");
        assert!(fix.starts_with("Mend what the filter counted. Hand the mail to the server of your provider"), "{fix}");
        assert!(
            fix.contains("reverse name (PTR)") && fix.contains("own full name") && !fix.contains("volume"),
            "{fix}"
        );
        assert!(!why.contains("No DNS record fixes this") && why.contains("need no mending"), "{why}");
        let (fix, why) = status("BAYES_99=3.5, RDNS_NONE=0.793");
        assert!(fix.contains("(PTR)") && fix.contains("raise the volume slowly"), "{fix}");
        assert!(why.contains("links or content and the reverse name of the sending address"), "{why}");
        assert!(fix.starts_with("Mend what the filter thinks of the sender"), "{fix}");
        let (fix, why) = status("BAYES_60=0.5, RDNS_NONE=1.3");
        assert!(why.contains("the reverse name of the sending address and its history"), "{why}");
        assert!(fix.starts_with("Mend what the filter counted, then"), "{fix}");
        let (fix, _) = status("USER_IN_BLOCKLIST=100, BAYES_50=0.8");
        assert!(fix.starts_with("Ask the recipient to take the sender off") && !fix.contains("volume"), "{fix}");
        let (fix, _) = status("GTUBE=1000, BAYES_99=3");
        assert!(fix.starts_with("Take the test string") && !fix.contains("volume"), "{fix}");
        let (fix, why) = status("DATE_IN_PAST_96_XX=3.4, MISSING_SUBJECT=1.0");
        assert!(
            fix.contains("a Date of the time of sending") && why.contains("No DNS record fixes this"),
            "{fix} {why}"
        );
        let (fix, _) = status("HTML_SHORT_LINK_IMG_1=2.2, FREEMAIL_FORGED_REPLYTO=2.1, HTML_IMAGE_ONLY_04=1.2");
        assert!(
            fix.contains("what the pictures say") && fix.contains("Set Reply-To") && !fix.contains("volume"),
            "{fix}"
        );
        let (fix, why) = status("BAYES_99=3.5");
        assert!(fix.starts_with("Mend the reputation of") && why.contains("No DNS record fixes this"), "{fix}");
    }

    #[test]
    fn a_listing_leads_to_its_page() {
        let (fix, _) = told(
            "X-Spam-Status: Yes, score=8 required=5.0 tests=[RCVD_IN_BL_SPAMCOP_NET=1.3, RCVD_IN_SBL_CSS=3.3, URIBL_DBL_SPAM=2.5]\r\n",
            None,
        );
        for page in ["https://check.spamhaus.org", "https://www.spamcop.net/bl.shtml"] {
            assert!(fix.contains(page), "{fix}");
        }
        assert!(
            !told("X-Spam-Status: Yes, score=8 required=5.0 tests=[BAYES_99=3.3]\r\n", None).0.contains("spamhaus")
        );
    }

    #[test]
    fn a_filter_that_judged_otherwise_is_told_so() {
        let (fix, why) = told(
            "X-Spamd-Result: default: True [8.0 / 15.00]; DMARC_POLICY_REJECT(2.00)[a.test]; R_SPF_FAIL(1.00)[-all]; RDNS_NONE(2.00)[]\r\nX-Rspamd-Action: add header\r\n",
            None,
        );
        assert!(why.contains("failed for the filter itself") && !why.contains("need no mending"), "{why}");
        assert!(fix.contains("trusted_networks") && fix.contains("local_addrs"), "{fix}");
        let (_, why) = told("X-Spam-Status: Yes, score=7 required=5.0 tests=[SPF_PASS=-0.1, BAYES_99=3.5]\r\n", None);
        assert!(!why.contains("for the filter itself"), "{why}");
    }

    #[test]
    fn a_mark_that_names_no_filter_names_none() {
        let (_, why) = told("X-Spam-Flag: YES\r\n", None);
        assert!(why.starts_with("A filter marked"), "{why}");
        let (_, why) =
            told("X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=7 required=5.0 tests=[BAYES_99=3.5]\r\n", None);
        assert!(why.starts_with("SpamAssassin marked"), "{why}");
    }

    #[test]
    fn an_exchange_server_is_not_outlook_com() {
        let (fix, _) = told("X-MS-Exchange-Organization-SCL: 7\r\n", None);
        assert!(!fix.contains("snds") && !fix.contains("office.com"), "{fix}");
    }

    #[test]
    fn a_mailbox_may_decide_against_a_clean_verdict() {
        let f = facts(
            "X-Microsoft-Antispam-Mailbox-Delivery: ucf:0;jmr:1;auth:0;dest:J;OFR:SpamFilterAuthJ;RF:JunkEmail;\r\n\
             X-Forefront-Antispam-Report: SFV:NSPM;SCL:1;CAT:NONE;DIR:INB\r\n",
            |r| {
                passed(r);
                r.boundary.receiver = Some("microsoft".into());
            },
        );
        let finding = only(judge(&f));
        assert_eq!(finding.confidence, Confidence::Likely);
        assert!(
            finding.explanation.contains("Its first verdict was clean (SFV:NSPM and SCL:1)"),
            "{}",
            finding.explanation
        );
    }

    /// It knows words, and no sender.
    #[test]
    fn a_filter_that_was_taught_is_no_matter_of_volume() {
        for field in ["X-Bogosity: Spam, tests=bogofilter, spamicity=0.999", "X-DSPAM-Result: Spam"] {
            let (fix, why) = told(&format!("{field}\r\n"), None);
            assert!(fix.starts_with("Have the recipient teach the filter") && !fix.contains("volume"), "{fix}");
            assert!(why.contains("its text, by what this filter has learnt"), "{why}");
        }
    }

    #[test]
    fn a_filter_on_a_server_of_nobodys_speaks_for_it() {
        let f = facts("X-Spam-Status: Yes, score=7.1 required=5.0 tests=BAYES_99\r\n", passed);
        let finding = only(judge(&f));
        assert_eq!(finding.confidence, Confidence::Likely);
        assert!(finding.explanation.starts_with("SpamAssassin marked"), "{}", finding.explanation);
    }

    #[test]
    fn a_clean_verdict_passes() {
        let f = facts("X-Spam-Status: No, score=0.1 required=5.0 tests=RCVD_IN_XBL\r\n", passed);
        assert!(matches!(judge(&f), Verdict::Pass));
    }

    #[test]
    fn unknown_where_the_results_were_not_copied() {
        let Verdict::Unknown(gaps) = judge(&facts("X-Spam-Flag: YES\r\n", |_| {})) else { panic!() };
        assert_eq!(gaps[0].needs.words(), Gap::WHOLE_HEADER);
    }

    #[test]
    fn lying_among_the_junk_is_a_verdict_too() {
        let at = |text: &str, folder: &str| {
            let mut f = facts(text, passed);
            std::sync::Arc::make_mut(&mut f.evidence).said.folder = Some(FoundIn::told(folder));
            f
        };
        let finding = only(judge(&at("Subject: x\r\n", "[Gmail]/Spam")));
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Likely));
        let Place::User(said) = &finding.exhibits[0].place else { panic!() };
        assert_eq!(said, "found in [Gmail]/Spam");
        // A filter that cleared it leaves its owner as the one who moved it.
        let cleared = only(judge(&at("X-Spam-Status: No, score=0.1 required=5.0 tests=RCVD_IN_XBL\r\n", "Junk")));
        assert_eq!(cleared.confidence, Confidence::Possible);
        // Beside the filter's own word it is one more piece of evidence.
        let both = only(judge(&at("X-Spam-Flag: YES\r\n", "Junk")));
        assert!(both.exhibits.iter().any(|e| matches!(e.place, Place::User(_))));
        assert!(matches!(judge(&at("Subject: x\r\n", "INBOX")), Verdict::NotApplicable));
        assert!(matches!(judge(&at("X-Forefront-Antispam-Report: SFV:BLK;SCL:9\r\n", "Junk")), Verdict::Pass));
    }

    #[test]
    fn any_leg_that_did_not_pass_silences_it() {
        let spam = "X-Spam-Flag: YES\r\n";
        assert!(matches!(judge(&facts(spam, |r| r.hops.push(Default::default()))), Verdict::NotApplicable));
        for leg in 0..3 {
            let f = facts(spam, |r| {
                passed(r);
                match leg {
                    0 => r.reported.spf.as_mut().unwrap().result = "softfail".into(),
                    1 => r.reported.dkim[0].result = "fail".into(),
                    _ => r.reported.dmarc.as_mut().unwrap().result = "fail".into(),
                }
            });
            assert!(matches!(judge(&f), Verdict::NotApplicable), "{leg}");
        }
    }

    #[test]
    fn the_filter_judged_whatever_the_junk_mark_beside_it() {
        for mark in ["jmr:1;dest:J;", "jmr:0;dest:J;RF:JunkEmail;", "dest:J;", "jmr:1;dest:J;RF:JunkEmail;"] {
            let text = format!(
                "X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:SPM;DIR:INB\r\nX-Microsoft-Antispam-Mailbox-Delivery: ucf:0;{mark}\r\n"
            );
            let f = facts(&text, |r| {
                passed(r);
                r.boundary.receiver = Some("microsoft".into());
            });
            assert!(only(judge(&f)).title.contains("counts as spam"), "{mark}");
        }
    }

    #[test]
    fn neither_a_persons_choice_nor_a_list_on_the_way_nor_the_senders_stamp() {
        for (text, receiver) in [
            ("X-Forefront-Antispam-Report: SFV:BLK;SCL:9\r\n", "microsoft"),
            ("X-Forefront-Antispam-Report: SFV:SKS;SCL:6\r\n", "microsoft"),
            ("X-Forefront-Antispam-Report-Untrusted: SFV:SPM\r\n", "microsoft"),
            (
                "X-Forefront-Antispam-Report: SFV:NSPM;SCL:1\r\nX-Microsoft-Antispam-Mailbox-Delivery: dest:J;OFR:CustomRules;\r\n",
                "microsoft",
            ),
            ("X-MS-Exchange-Organization-SCL: 9\r\nX-Forefront-Antispam-Report: SFV:NSPM;SCL:1\r\n", "microsoft"),
            // No spam verdict: the organization's threshold decides.
            ("X-Forefront-Antispam-Report: SFV:NSPM;SCL:1\r\nX-Microsoft-Antispam: BCL:8;\r\n", "microsoft"),
            // In the address book: the score is not acted on.
            (
                "X-Spam-known-sender: yes (\"Address a@example.com in From header is in addressbook\")\r\nX-Spam-score: 9.5\r\n",
                "fastmail",
            ),
            ("X-Spam-Flag: YES\r\n", "gmail"),
        ] {
            let f = facts(text, |r| {
                passed(r);
                r.boundary.receiver = Some(receiver.into());
            });
            assert!(!matches!(judge(&f), Verdict::Found(_)), "{text}");
        }
    }
}
