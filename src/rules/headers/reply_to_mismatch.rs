use crate::facts::Facts;
use crate::facts::address::Address;
use crate::facts::dkim::forensics::{Altered, Proof, What};
use crate::facts::dkim::{Hash, Verification};
use crate::facts::organization::psl;
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// Answers go to an unrelated domain
    ///
    /// ## What we saw
    /// Reply-To names an address whose domain has nothing to do with the domain in From.
    ///
    /// ## Why mail suffers
    /// Fraudsters write in the name of a company and collect the answers in a mailbox of their
    /// own, often a free one. Spam filters know the habit and give points for it.
    ///
    /// ## How to fix it
    /// Use a Reply-To address under the domain in From, and have it forwarded to wherever you
    /// read your mail. If the message authenticates, this is a note and not a fault.
    ///
    /// ## How to check
    /// Answer a test message: the answer is addressed to your own domain.
    pub RULE = "reply-to-mismatch", Headers, Low, judge,
    ["SpamAssassin FREEMAIL_FORGED_REPLYTO", "RFC 5322 §3.6.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let addresses: Vec<&Address> = reading.reply_to.iter().filter_map(|m| m.address.as_ref()).collect();
    // A list directs answers to itself or to the author: that is its purpose.
    let list = reading.lists.list_id.is_some() || !reading.lists.list_manager.is_empty();
    if addresses.is_empty() || list {
        return Verdict::NotApplicable;
    }
    let Some(from) = reading.from.address() else {
        return match reading.from.field.is_none() && reading.is_fragment() {
            true => Verdict::unknown(Gap::whole_header("Does the message come from where answers go?")),
            false => Verdict::NotApplicable,
        };
    };
    let Some(other) = addresses.into_iter().find(|a| !related(facts, &a.domain, &from.domain)) else {
        return Verdict::Pass;
    };
    let since = since(facts);
    let passed = reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "pass");
    let (severity, weight) = match passed {
        true => (Severity::Info, "The message authenticates, so this alone does little harm."),
        false => (RULE.severity, "Together with failing authentication it looks like fraud."),
    };
    Finding::new(&RULE, format!("Answers go to {}, not to {}", other.domain, from.domain))
        .severity(severity)
        .sure(Confidence::Likely, "both addresses stand in the header; that the domains are strangers is our reading")
        .explain(format!(
            "The message is from {}, but answers go to {}@{}, a domain of another organization. {weight}{}",
            from.domain,
            other.local,
            other.domain,
            match since {
                Since::Signing => " It was added or changed on the way, after signing: the message was not sent so.",
                Since::Unknown =>
                    " The signature that covers Reply-To does not fit, so it may have been put there on the way.",
                Since::Sending => "",
            }
        ))
        .exhibit(Exhibit::input(other.domain_span, "answers go here"))
        .exhibit(Exhibit::input(from.domain_span, "the message is from here"))
        .fix(fix(facts, since, from, other))
        .check("answer a test message", format!("the answer is addressed to {}", from.domain))
        .into()
}

/// Since when does Reply-To stand there as it does?
#[derive(Clone, Copy)]
enum Since {
    Sending,
    /// A signature proves that it was another one, or none.
    Signing,
    /// A signature that covers it does not fit, and what was changed is not known.
    Unknown,
}

fn since(facts: &Facts) -> Since {
    let is_it = |a: &Altered| {
        let named = a.field.as_deref().is_some_and(|f| f.eq_ignore_ascii_case("reply-to"));
        a.proof != Proof::Likely && (named || a.what == What::ReplyToChanged)
    };
    let signs = |v: &Verification| facts.reading.signatures.get(v.signature).is_some_and(|s| s.signs("reply-to"));
    let broken = |v: &&Verification| v.header_hash == Hash::Mismatch && signs(v);
    let holds = |v: &Verification| v.header_hash == Hash::Match && signs(v);
    match facts.verified.iter().find(broken) {
        Some(_) if facts.verified.iter().any(holds) => Since::Sending,
        Some(v) if v.altered.iter().any(is_it) => Since::Signing,
        Some(v) if !v.is_proven(false) => Since::Unknown,
        _ => Since::Sending,
    }
}

fn fix(facts: &Facts, since: Since, from: &Address, other: &Address) -> Remedy {
    if let Since::Signing = since {
        return Remedy::new("Leave your Reply-To as it is, and find the system that puts another one there.")
            .step("What broke the signature says which servers had the message.");
    }
    let remedy = Remedy::new(format!("Use a Reply-To address under {}.", from.domain));
    // Nobody's answers are to be led to whoever wrote in another's name.
    if facts.alignment.dmarc == Some(false) || failure::receiver_failed(facts) {
        return remedy.step(format!(
            "Only if the message is yours: it fails authentication, so it may as well be from someone who wants answers to \
             mail in the name of {}.",
            from.domain
        ));
    }
    let remedy = match since {
        Since::Unknown => {
            remedy.step("First look at the message as it was sent: if its Reply-To is another one, leave it.")
        }
        _ => remedy,
    };
    remedy.step(format!(
        "In the program or platform that sends, set the reply address to a mailbox under {}, and forward that mailbox to {}@{} \
         if you want to read answers there.",
        from.domain, other.local, other.domain
    ))
}

/// The same organization as From, as MAIL FROM, as a signer, or the sending platform's own.
fn related(facts: &Facts, domain: &str, from: &str) -> bool {
    let Some(organization) = psl(domain) else { return domain == from };
    let signers = facts.reading.signatures.iter().filter_map(|s| s.domain.as_ref()).map(|d| d.value.as_str());
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let platform = facts.platforms.iter().flat_map(|hit| {
        let known = hit.platform.signs_as.iter().chain(&hit.platform.marks.return_path);
        known.map(|pattern| pattern.trim_start_matches(['*', '.']))
    });
    let mut all = [from].into_iter().chain(mail_from).chain(signers).chain(platform);
    all.any(|d| d == domain || psl(d).as_ref() == Some(&organization))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Platform;
    use crate::rules::source::testing::*;
    use crate::span::{Span, Spanned};

    fn case(reply_to: &str) -> Case {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.reading.reply_to = from("answers", reply_to).mailboxes;
        case
    }

    #[test]
    fn a_stranger_is_a_note_where_the_message_passed() {
        let mut case = case("stranger.test");
        let found = only(judge(&case.facts()));
        assert_eq!(found.severity, Severity::Low);
        assert!(found.title.contains("stranger.test") && found.explanation.contains("answers@stranger.test"));
        case.dmarc_pass();
        assert_eq!(only(judge(&case.facts())).severity, Severity::Info);
    }

    #[test]
    fn relatives_pass() {
        assert!(matches!(judge(&case("support.example.com").facts()), Verdict::Pass));
        let mut signed = case("example.net");
        signed.reading.signatures.push(crate::facts::dkim::Signature {
            domain: Some(Spanned::new("mail.example.net".into(), Span::new(0, 4))),
            ..Default::default()
        });
        assert!(matches!(judge(&signed.facts()), Verdict::Pass));
        let mut platform = case("in.mailer.test");
        platform.platform("Mailer", "marketing");
        let known = Platform { signs_as: vec!["*.mailer.test".into()], ..Platform::default() };
        platform.platforms[0].platform = Box::leak(Box::new(known));
        assert!(matches!(judge(&platform.facts()), Verdict::Pass));
    }

    #[test]
    fn unknown_where_the_from_line_was_not_copied() {
        let mut case = case("stranger.test");
        case.reading.from = Default::default();
        case.reading.hops.clear();
        let Verdict::Unknown(gaps) = judge(&case.facts()) else { panic!() };
        assert_eq!(gaps[0].needs.words(), Gap::WHOLE_HEADER);
    }

    #[test]
    fn not_for_lists_or_without_reply_to_or_from() {
        let mut list = case("stranger.test");
        list.reading.lists.list_manager = vec![Span::new(0, 4)];
        assert!(matches!(judge(&list.facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::new("192.0.2.4", "x.example.com").facts()), Verdict::NotApplicable));
        let mut nameless = case("stranger.test");
        nameless.reading.from = Default::default();
        assert!(matches!(judge(&nameless.facts()), Verdict::NotApplicable));
    }

    #[test]
    fn nobody_is_told_to_lead_answers_to_a_forger() {
        let text = "Received: from vps.attacker.example (vps.attacker.example [198.51.100.99]) by mail.corp.example with ESMTPS id 4\n \
            for <cfo@corp.example>; Wed,  4 Jun 2025 10:00:11 +0000\n\
            Authentication-Results: mail.corp.example; dkim=none; spf=pass smtp.mailfrom=x@attacker.example;\n \
            dmarc=fail header.from=corp.example\n\
            From: CEO <ceo@corp.example>\nReply-To: ceo.private@gmail.com\nTo: cfo@corp.example\n";
        let facts = crate::rules::testing::facts(text, crate::evidence::InputKind::Headers);
        let fix = only(judge(&facts)).fix.unwrap();
        assert!(matches!(&fix.steps[..], [only] if only.starts_with("Only if the message is yours")), "{fix:?}");
    }

    #[test]
    fn one_that_was_added_on_the_way_is_not_for_the_sender_to_change() {
        use crate::facts::dkim::testing::{RELAXED, Signing, gathered};
        const ABSENT: Signing = Signing { fields: &["From", "To", "Subject", "Reply-To"], ..RELAXED };
        let message = "From: Ann <ann@example.com>\r\nTo: b@example.net\r\nSubject: Hello\r\n\r\nhello\r\n";
        let judged = |text: &str| only(judge(&gathered(text, None, ABSENT)));
        let added = judged(&format!("Reply-To: team@stranger.test\r\n{}", ABSENT.sign(message)));
        assert!(added.explanation.contains("on the way, after signing"), "{}", added.explanation);
        assert!(added.fix.unwrap().summary.starts_with("Leave your Reply-To"));
        let other = format!("Reply-To: ann@example.org\r\n{message}");
        let changed = judged(&ABSENT.sign(&other).replace("ann@example.org", "team@stranger.test"));
        assert!(changed.explanation.contains("may have been put there"), "{}", changed.explanation);
        let signed = judged(&ABSENT.sign(&format!("Reply-To: team@stranger.test\r\n{message}")));
        assert!(!signed.explanation.contains("on the way"), "{}", signed.explanation);
    }
}
