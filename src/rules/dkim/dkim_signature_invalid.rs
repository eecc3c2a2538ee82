use super::alteration;
use super::at_odds::{contradicted, overlooked, unseen};
use super::dkim_identity_not_allowed::forbidding;
use super::failure::Failure;
use super::maker::{maker, of_another_key, spoiled, told};
use super::standing::{self, Relay, Standing};
use super::subject;
use crate::evidence::{InputKind, Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::crypto::Maker;
use crate::facts::dkim::key::Key;
use crate::facts::dkim::{Hash, KeyState, Reason, Signature, Verification};
use crate::facts::freemail;
use crate::facts::reported::Dkim;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// The signature does not verify
    ///
    /// ## What we saw
    /// The receiver checked the signature with the published key, or we did, and it does not fit; or the signature is not written as the
    /// standard wants it.
    ///
    /// ## Why mail suffers
    /// A signature that does not verify counts as none.
    ///
    /// ## How to fix it
    /// There are two usual causes. The private key in use is not the partner of the published one, typically after a change of
    /// keys: compare both. Or a system after the signer rewrote a signed field, such as Subject, To or Reply-To: let it sign last.
    /// Where the receiver rejected it and it verifies here, leave both as they are and send a new message.
    ///
    /// ## How to check
    /// The public key the signer shows is the `p=` in DNS, and a new message gets `dkim=pass`.
    pub RULE = "dkim-signature-invalid", Dkim, High, judge,
    ["RFC 6376 §6.1.1", "RFC 6376 §6.1.3"]
}

fn judge(facts: &Facts) -> Verdict {
    let (mut findings, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    let mut seen = std::collections::BTreeSet::new();
    for report in standing::reports(facts) {
        let standing = Standing::reported(facts, report);
        applies |= report.result != "none";
        if standing.passed() || !seen.insert((report.signature, standing.who())) {
            continue;
        }
        let key = facts.keys.iter().find(|k| k.signature.is_some() && k.signature == report.signature);
        match (standing.failure().map(|(_, f)| f), key.map(|k| &k.state)) {
            (Some(failure @ (Failure::Signature | Failure::BodyHash | Failure::Unexplained)), _)
                if standing.verifies_here() && (failure != Failure::Unexplained || rejects(report)) =>
            {
                // Of a date in the future dkim-expired says why.
                let dated = report.detail.to_ascii_lowercase().contains("future");
                findings.extend((!dated).then(|| contradicted(report, &standing, failure)));
            }
            // dkim-body-hash-mismatch says why.
            (Some(Failure::Signature | Failure::Unexplained), _) if standing.only_the_body() => {}
            (Some(Failure::Signature), _) => findings.push(broken(facts, Some(report), &standing, true)),
            (Some(Failure::Syntax | Failure::Unexplained), _) if misshapen(&standing) => {
                findings.push(unreadable(report, &standing));
            }
            // dkim-identity-not-allowed says why.
            (Some(Failure::Syntax | Failure::Unexplained), _) if forbidden(key, &standing) => {}
            // Without a reason, a key that is gone or spoilt explains the failure better.
            (Some(Failure::Unexplained), Some(KeyState::Found(records)))
                if report.result == "fail" && records.iter().any(|r| r.usable()) =>
            {
                findings.push(broken(facts, Some(report), &standing, false));
            }
            (Some(Failure::Unexplained), Some(KeyState::Unasked(_) | KeyState::Failed(_))) => {
                gaps.extend(key.map(subject::gap));
            }
            (Some(Failure::Unexplained), None) if report.result == "fail" => {
                findings.push(broken(facts, Some(report), &standing, false));
            }
            // dkim-weak-signature says why.
            (Some(Failure::Syntax | Failure::Unexplained), _) if weak(&standing) => {}
            // What is wrong with the record says why.
            (Some(Failure::Syntax), Some(KeyState::Found(records)))
                if records.iter().any(|r| !r.problems.is_empty() || !r.usable()) => {}
            (Some(Failure::Syntax), _) | (Some(Failure::Unexplained), None) => gaps.push(untold(&standing)),
            (Some(Failure::Unexplained), Some(KeyState::Found(records))) if records.iter().any(|r| r.usable()) => {
                gaps.push(untold(&standing));
            }
            _ => {}
        }
    }
    for (index, signature) in standing::signatures(facts) {
        let standing = Standing::of(facts, index);
        applies = true;
        if standing.reports.is_empty() && misshapen(&standing) {
            let finding = Finding::new(&RULE, "A DKIM signature is not written as it should be")
                .severity(Severity::Medium)
                .sure(
                    Confidence::Possible,
                    "no receiver's verdict on it is at hand, and the header may have been altered when it was copied",
                )
                .explain(format!(
                    "The signature of {}, as it stands here, is faulty: {}",
                    standing.who(),
                    signature.problems.join(" ")
                ))
                .exhibit(Exhibit::input(signature.span, "this signature"));
            findings.push(standing.apply(repaired(finding)));
            continue;
        }
        if let Some(report) = unseen(facts, &standing) {
            findings.push(overlooked(facts, report, &standing));
        }
        // A body that was changed has a rule of its own; the header's signature is judged apart.
        let whole = |v: &&Verification| v.header_hash == Hash::Mismatch && v.reason.is_none_or(of_the_hashes);
        if standing.verified.filter(whole).is_some() {
            findings.push(broken(facts, None, &standing, true));
        }
        let other_kind = standing.verified.is_some_and(|v| v.reason == Some(Reason::KeyTypeMismatch));
        let key = facts.keys.iter().find(|k| k.signature == Some(index)).filter(|_| other_kind);
        // dkim-weak-signature says why where the kind is the same, and only the hash is not.
        if let Some(key) = key.filter(|key| is_of_another_kind(key, signature)) {
            findings.push(of_another_kind(key, &standing));
        }
    }
    if applies { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

/// The receiver did not accept it, and neither its words nor our evidence say why.
fn untold(standing: &Standing) -> Gap {
    Gap::new(
        format!("Why did the receiver not accept the signature of {}?", standing.who()),
        "the reason in its Authentication-Results, or its answer to a new message",
    )
}

/// Is no key there of the kind that the signature's `a=` names?
fn is_of_another_kind(key: &Key, signature: &Signature) -> bool {
    let used = signature.algorithm.as_ref().and_then(|a| a.value.split('-').next());
    let KeyState::Found(records) = &key.state else { return true };
    used.is_none_or(|used| records.iter().all(|r| r.key_type != used))
}

/// The key in DNS is for another algorithm than the signature's.
fn of_another_kind(key: &Key, standing: &Standing) -> Finding {
    let question = Question::new(&key.name, Kind::Txt);
    let record = match &key.state {
        KeyState::Found(records) => records.first().map(|r| r.text.clone()).unwrap_or_default(),
        _ => String::new(),
    };
    let algorithm = standing.signature.and_then(|s| s.algorithm.as_ref());
    let used = algorithm.map_or("another algorithm", |a| &a.value);
    let finding = Finding::new(&RULE, "The key in DNS is not of the kind that signed")
        .sure(Confidence::Certain, "the key in DNS allows no signature of this algorithm")
        .explain(format!(
            "The signature of {} is {used}, and the record at {} is for another algorithm: no receiver can verify it.",
            standing.who(),
            key.name
        ))
        .exhibits(algorithm.map(|a| Exhibit::input(a.span, "signed with this")))
        .exhibit(Exhibit::dns(&question, record, None, "a key of another kind"))
        .fix(
            Remedy::new("Give each algorithm a selector of its own")
                .step("Publish the public key that the signer shows under a new selector, and let it sign with that selector.")
                .step("Keep an RSA signature beside an Ed25519 one: many receivers know RSA only."),
        );
    standing
        .apply(finding)
        .check(question.dig(), "the public key that the signer shows; and dkim=pass in a new message")
}

/// Is the result by itself that of a check that failed (RFC 8601 §2.7.1)?
fn rejects(report: &Dkim) -> bool {
    matches!(&report.result[..], "fail" | "hardfail" | "permerror")
}

/// Nothing about the key or the signature's tags explains the failure.
fn of_the_hashes(reason: Reason) -> bool {
    matches!(reason, Reason::SignatureMismatch | Reason::BodyHashMismatch | Reason::LengthTag)
}

/// The signature itself has faults other than those of dkim-weak-signature and dkim-expired.
fn misshapen(standing: &Standing) -> bool {
    standing.signature.is_some_and(|s| s.malformed)
}

/// Its key allows no signature for the subdomain it names.
fn forbidden(key: Option<&Key>, standing: &Standing) -> bool {
    key.zip(standing.signature).is_some_and(|(key, signature)| forbidding(key, signature).is_some())
}

/// Made with a hash that no receiver takes, or without From.
fn weak(standing: &Standing) -> bool {
    let weak = |s: &Signature| s.algorithm.as_ref().is_some_and(|a| a.value == "rsa-sha1") || !s.signs_from();
    standing.signature.is_some_and(weak)
}

fn unreadable(report: &Dkim, standing: &Standing) -> Finding {
    let problems = standing.signature.map(|s| s.problems.join(" ")).unwrap_or_default();
    let finding = Finding::new(&RULE, "A DKIM signature is not written as it should be")
        .sure(Confidence::Likely, "the receiver rejected it, and it has a fault that explains why")
        .explain(format!(
            "The receiver rejected the signature of {}. It is faulty in itself: {problems}",
            standing.who()
        ))
        .exhibit(Exhibit::input(report.span, "rejected"))
        .exhibits(standing.signature.map(|s| Exhibit::input(s.span, "this signature")));
    standing.apply(repaired(finding))
}

fn repaired(finding: Finding) -> Finding {
    finding
        .fix(
            Remedy::new("Bring the signing software up to date, and let nothing rewrite the DKIM-Signature field")
                .step("Compare the field with the one in a message that just left the signer: if they differ, a system on the way spoils it; if not, the signer makes it wrong."),
        )
        .check("send a new message to the same receiver", "dkim=pass")
}

fn broken(facts: &Facts, report: Option<&Dkim>, standing: &Standing, said: bool) -> Finding {
    let who = standing.who();
    let found = standing.found.filter(|v| v.header_hash == Hash::Mismatch);
    let relay = standing::relay(facts, found);
    let holds = standing.header_holds();
    let maker = maker(facts, standing);
    let told = maker.as_ref().map(|maker| told(maker, standing.body_holds()));
    let what = if let Some(told) = &told {
        told
    } else if holds {
        " The signed header fields are as they were signed, by the key that is in DNS: the body was changed, or another key stood there then."
    } else if said {
        " The signed header fields were changed, or the key in DNS is not the partner of the one that signed."
    } else {
        " It does not say why: the body or a signed field was changed, or the key in DNS is not the partner of the one that signed."
    };
    let other_key = matches!(maker, Some(Maker::Another | Maker::Length(..)));
    let list = match relay {
        _ if other_key => "",
        Relay::Before(_) => {
            " The message went through a mailing list or a forwarder, and these often change it; that is the likely reason."
        }
        Relay::Checker => standing::CHECKER,
        Relay::Nobody => "",
    };
    let signed: Vec<&str> =
        ["subject", "to", "reply-to"].into_iter().filter(|n| standing.signature.is_some_and(|s| s.signs(n))).collect();
    let fields = if signed.is_empty() {
        "signed fields".to_owned()
    } else {
        format!("signed fields (here among others {})", signed.join(", "))
    };
    let proven = found.is_some_and(|v| v.is_proven(false));
    // The key did fit what was signed.
    let what = if proven { "" } else { what };
    let pair = Remedy::new("Make the published key and the signing key a pair, and sign after the last change");
    let pair = if let Relay::Checker = relay { pair.step(standing::ASK_ANOTHER) } else { pair };
    let provider = standing.domain().and_then(freemail::provider);
    let fix = match relay {
        _ if other_key && provider.is_none() => of_another_key(standing, maker.as_ref()),
        Relay::Checker | Relay::Nobody if provider.is_some() => {
            let provider = provider.map_or("the provider", |p| p.name);
            let remedy = Remedy::new(format!("Leave the key to {provider}, and find what changed the message on the way"));
            let remedy = if let Relay::Checker = relay { remedy.step(standing::ASK_ANOTHER) } else { remedy };
            remedy.step(format!("{provider} makes and publishes this key. If the message came from there, a forwarder, a gateway or the receiver's own filter changed it before the check; if not, the signature was copied."))
        }
        Relay::Checker | Relay::Nobody if holds => {
            let remedy = Remedy::new("Find what changes the body after signing, or let the system that does it sign last")
                .step("Diagnose the whole message as it arrived, saved as a file: its body tells whether and how it was changed");
            if let Relay::Checker = relay { remedy.step(standing::ASK_ANOTHER) } else { remedy }
        }
        Relay::Checker | Relay::Nobody if proven => {
            Remedy::new("Stop what changed signed fields, or let the system that does it sign last")
        }
        Relay::Checker | Relay::Nobody if maker.is_some() => {
            let remedy = Remedy::new("Leave the key as it is, and find what changes the header after signing");
            let remedy = if let Relay::Checker = relay { remedy.step(standing::ASK_ANOTHER) } else { remedy };
            remedy
                .step(format!("Find what rewrites {fields} or the DKIM-Signature field on the way, and let the last system sign."))
                .step("Compare the header with that of a message that just left the signer (diagnose --sent): it names the field.")
        }
        Relay::Before(_) => Remedy::new("Nothing is known to be wrong with your signature; the list or forwarder must leave signed fields alone, or send in its own name"),
        _ => pair
            .step(format!("At the system that signs as {who}, show the public key and compare it with p= in DNS. If they differ, publish the one in use under a new selector and switch to it."))
            .step(format!("If they are equal, find what rewrites {fields} after signing, and let the last system sign.")),
    };
    let how = found.filter(|_| !other_key).map(|v| alteration::told(facts, v, false)).unwrap_or_default();
    // What was found to be changed tells more.
    let fragile =
        standing.signature.filter(|_| !proven && !holds && !other_key).and_then(|s| alteration::fragile(facts, s));
    let (covers, uncover) = fragile.map(alteration::of_fragile).unzip();
    let covers = covers.unwrap_or_default();
    let mut fix = fix;
    fix.steps.splice(0..0, uncover);
    fix.steps.splice(0..0, found.map(|v| alteration::cures(facts, v, false)).unwrap_or_default());
    let title = match standing.rescued {
        true => "One DKIM signature does not verify, another one does",
        false if matches!(maker, Some(Maker::Another)) => "The DKIM key in DNS did not make the signature at hand",
        false => "The DKIM signature does not verify",
    };
    let finding = Finding::new(&RULE, title)
        .severity(if let Relay::Nobody = relay { RULE.severity } else { Severity::Medium })
        .explain(match report {
            Some(_) => format!("The receiver rejected the signature of {who}.{what}{list}{covers}{how}"),
            None => format!("The signature of {who} does not fit the header fields at hand.{what}{list}{covers}{how}"),
        })
        .exhibits(report.map(|r| Exhibit::input(r.span, "does not verify")))
        .exhibits(
            standing
                .signature
                .and_then(|s| s.selector.as_ref())
                .map(|s| Exhibit::input(s.span, "checked with this key")),
        )
        .exhibits(facts.reading.relay_mark().map(|span| Exhibit::input(span, "a list or forwarder handled it")))
        .fix(fix);
    let finding = match (report, said) {
        (Some(_), true) => finding.sure(Confidence::Certain, "the receiver reported it"),
        (Some(_), false) => finding.sure(
            Confidence::Likely,
            "the receiver reports a failure without the reason, and the key is not known to be at fault",
        ),
        (None, _) if found.is_some_and(|v| alteration::maybe_saved(facts, v, false)) => {
            finding.sure(Confidence::Likely, alteration::UNPLACED)
        }
        (None, _) if proven => finding.sure(Confidence::Certain, "with the change undone, the signature fits"),
        (None, _) if other_key => {
            finding.sure(Confidence::Certain, "what this key makes has another form than the b= at hand")
        }
        // Tabs become blanks and lines are joined where a header is copied from a screen.
        (None, _) if facts.evidence.input.kind == InputKind::Headers => finding
            .severity(Severity::Medium)
            .sure(Confidence::Possible, "a header that was changed when it was copied fails as well"),
        (None, _) => finding.sure(
            Confidence::Likely,
            "checked with the key in DNS now; a message that was changed when it was saved fails as well",
        ),
    };
    let (check, expect) = match (standing.selector(), standing.domain()) {
        (Some(s), Some(d))
            if !proven && !holds && maker.as_ref().is_none_or(|_| other_key && !spoiled(maker.as_ref())) =>
        {
            (
                command!("dig +short TXT {}._domainkey.{}", s, d),
                "the public key that the signer shows; and dkim=pass in a new message",
            )
        }
        _ => ("send a new message to the same receiver".into(), "dkim=pass"),
    };
    let finding = standing.apply(finding);
    let severity = if standing.harmless() { Severity::Info } else { finding.severity };
    finding.severity(severity).check(check, expect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::dkim::DkimResult;
    use crate::facts::dkim::samples::*;
    use crate::facts::organization::Agreement;
    use crate::rules::dkim::testing::*;
    use crate::span::Span;

    fn good() -> String {
        format!("p={RSA_2048}")
    }

    #[test]
    fn the_receivers_words_are_certain_and_a_bare_fail_is_likely() {
        let found = Case::new(SIGNED).reported(report("fail", "signature did not verify")).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain));
        assert_eq!(found.leads_to, ["dmarc-unaligned"]);
        let found = Case::new(SIGNED).reported(report("fail", "")).txt(KEY, &[&good()]).finding(&RULE);
        assert_eq!(found.confidence, Confidence::Likely);
        let alone = Dkim { signature: None, ..report("fail", "bad signature") };
        assert_eq!(Case::new("").reported(alone).finding(&RULE).severity, Severity::High);
    }

    #[test]
    fn a_header_that_holds_leaves_the_body() {
        let pasted = |header_hash| {
            let mut case = Case::new(SIGNED).txt(KEY, &[&good()]).reported(report("fail", ""));
            let (body_hash, result) = (Hash::Unknown, None);
            case.verified.push(Verification {
                signature: 0,
                header_hash,
                body_hash,
                result,
                reason: None,
                altered: vec![],
            });
            case.finding(&RULE)
        };
        let found = pasted(Hash::Match);
        assert!(found.explanation.contains("the body was changed, or another key stood there then"), "{found:?}");
        let fix = found.fix.unwrap();
        assert!(fix.summary.starts_with("Find what changes the body") && fix.steps.len() == 1, "{fix:?}");
        assert!(!found.check.unwrap().command.starts_with("dig"));
        assert!(pasted(Hash::Unknown).fix.unwrap().summary.starts_with("Make the published key"));
    }

    /// A message with its key in DNS.
    fn whole(text: &str, kind: InputKind, record: &str) -> Finding {
        diagnosed(&RULE, text, kind, record).remove(0)
    }

    const LETTER: &str = "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: One\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\
        Message-ID: <1@example.com>\r\n\r\nHello.\r\n";

    #[test]
    fn the_padding_of_the_signature_leaves_the_right_key_alone() {
        use crate::facts::dkim::testing::RELAXED;
        let text = RELAXED.sign(LETTER).replace("Subject: One", "Subject: Quite another");
        let found = whole(&text, InputKind::Message, &RELAXED.record());
        assert!(found.explanation.contains("is the partner of the one that signed"), "{}", found.explanation);
        let fix = found.fix.unwrap();
        assert!(fix.summary.starts_with("Leave the key as it is") && fix.steps[0].contains("subject"), "{fix:?}");
        assert!(!found.check.unwrap().command.contains("dig"));
        // Of a header alone too.
        let (header, _) = text.split_once("\r\n\r\n").unwrap();
        let found = whole(header, InputKind::Headers, &RELAXED.record());
        assert!(found.explanation.contains("is the partner"), "{}", found.explanation);
    }

    #[test]
    fn a_receiver_that_saw_no_signature_is_told_of_it() {
        use crate::facts::dkim::testing::RELAXED;
        let judged = |said: &str, above: bool| {
            let field = format!("Authentication-Results: mx.example.net; {said}\r\n");
            let received = "Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.net; Mon, 2 Nov 2026 10:00:02 +0000\r\n";
            let signed = RELAXED.sign(LETTER);
            let (signature, rest) = signed.split_at(signed.find("From:").unwrap());
            let text = match above {
                true => format!("{signature}{field}{received}{rest}"),
                false => format!("{field}{received}{signature}{rest}"),
            };
            diagnosed(&RULE, &text, InputKind::Message, &RELAXED.record()).pop()
        };
        let none = "dkim=none; spf=softfail smtp.mailfrom=ann@example.com; dmarc=fail header.from=example.com";
        let found = judged(none, false).unwrap();
        assert_eq!(
            (&*found.title, found.severity),
            ("The receiver checked no DKIM signature, and there is one", Severity::High)
        );
        assert_eq!(found.leads_to, ["dmarc-unaligned"]);
        assert_eq!(
            judged(&none.replace("softfail", "pass").replace("dmarc=fail", "dmarc=pass"), false).unwrap().severity,
            Severity::Info
        );
        // One that was put on behind the receiver is none of its.
        assert!(judged(none, true).is_none());
        assert!(judged("dkim=pass header.d=example.com header.s=s1", false).is_none());
    }

    #[test]
    fn another_key_is_told_for_certain() {
        use crate::facts::dkim::testing::RELAXED;
        let text = RELAXED.sign(LETTER);
        let found = whole(&text, InputKind::Message, &good());
        assert_eq!(
            (&*found.title, found.confidence),
            ("The DKIM key in DNS did not make the signature at hand", Confidence::Certain)
        );
        // One letter of b= that was spoiled looks the same: both are to be compared first.
        let fix = found.fix.unwrap();
        assert!(
            fix.summary.starts_with("Compare the signer's public key") && fix.steps[1].contains("equal"),
            "{fix:?}"
        );
        // Of another size: nothing else makes that length.
        let found = whole(&text, InputKind::Headers, &format!("p={RSA_1024_E3}"));
        assert!(found.explanation.contains("has 256 bytes, where a signature of the key in DNS has 128: another key"));
        // Cut, in a message; whoever shows a header may have cut it himself.
        let (head, rest) = text.split_at(text.find("b=").filter(|&at| !text[..at].ends_with('b')).unwrap() + 2);
        let (b, rest) = rest.split_at(rest.find(';').into_iter().chain(rest.find("\r\nFrom")).min().unwrap());
        let cut = format!("{head}{}{rest}", &b.split_whitespace().collect::<String>()[..92]);
        let found = whole(&cut, InputKind::Message, &RELAXED.record());
        assert!(found.explanation.contains("it was cut or spoiled"), "{}", found.explanation);
        assert!(found.fix.unwrap().summary.starts_with("Let nothing rewrite the DKIM-Signature"));
        let (header, _) = cut.split_once("\r\n\r\n").unwrap();
        let found = whole(header, InputKind::Headers, &RELAXED.record());
        assert_eq!(found.confidence, Confidence::Possible);
    }

    #[test]
    fn a_mailbox_providers_key_is_left_to_it() {
        let fields = SIGNED.replace("d=example.com", "d=gmail.com");
        let fix = Case::new(&fields).reported(report("fail", "bad signature")).finding(&RULE).fix.unwrap();
        assert!(fix.summary.starts_with("Leave the key to Gmail"), "{}", fix.summary);
    }

    #[test]
    fn a_key_that_explains_it_takes_the_word() {
        let bare = || Case::new(SIGNED).reported(report("fail", ""));
        assert!(matches!(bare().nothing(KEY, Outcome::NxDomain).judge(&RULE), Verdict::Pass));
        assert!(matches!(bare().txt(KEY, &["p="]).judge(&RULE), Verdict::Pass));
        assert!(matches!(bare().judge(&RULE), Verdict::Unknown(_)));
        let neutral = Case::new(SIGNED).reported(report("neutral", "")).txt(KEY, &[&good()]);
        assert!(matches!(neutral.judge(&RULE), Verdict::Unknown(_)));
    }

    #[test]
    fn a_faulty_signature_is_told_with_its_fault() {
        let fields = SIGNED.replace("a=rsa-sha256; ", "");
        let found = Case::new(&fields).reported(report("permerror", "bad message/signature format")).finding(&RULE);
        assert!(found.explanation.contains("a= is missing"));
        let found = Case::new(&fields).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Possible));
        assert!(matches!(Case::new(&fields).reported(report("pass", "")).judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn a_list_or_a_foreign_domain_lowers_it() {
        let forwarded = |handed_on: Option<&str>| {
            let mut case = Case::new(SIGNED).reported(report("fail", "bad signature"));
            case.reading.lists.forwarder.push(Span::new(0, 4));
            case.reading.boundary.handed_on = handed_on.map(str::to_owned);
            case.finding(&RULE)
        };
        assert_eq!(forwarded(None).severity, Severity::Medium);
        // The list checked it when it took it in, and changed it afterwards.
        let before = forwarded(Some("mx.example.org"));
        assert!(before.severity == Severity::Medium && !before.explanation.contains("likely reason"));
        assert!(before.fix.unwrap().steps.len() == 3);
        let case = Case::new(SIGNED).reported(report("fail", "bad signature")).agreement(0, Agreement::None);
        let found = case.finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
        let passed = Case::new(SIGNED).reported(report("fail", "bad signature")).agreement(0, Agreement::None);
        assert_eq!(passed.dmarc("pass").finding(&RULE).severity, Severity::Info);
    }

    #[test]
    fn without_a_receiver_we_say_it_ourselves() {
        let ours = |header_hash, reason| {
            let mut case = Case::new(SIGNED).txt(KEY, &[&good()]);
            let result =
                Some(if reason == Some(Reason::KeyRevoked) { DkimResult::PermError } else { DkimResult::Fail });
            case.verified.push(Verification {
                signature: 0,
                header_hash,
                body_hash: Hash::Match,
                result,
                reason,
                altered: vec![],
            });
            case
        };
        let found = ours(Hash::Mismatch, Some(Reason::SignatureMismatch)).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Possible));
        assert!(matches!(ours(Hash::Mismatch, Some(Reason::KeyRevoked)).judge(&RULE), Verdict::Pass));
        assert!(matches!(ours(Hash::Match, Some(Reason::BodyHashMismatch)).judge(&RULE), Verdict::Pass));
        assert!(matches!(ours(Hash::Unknown, None).judge(&RULE), Verdict::Pass));
        let accepted = ours(Hash::Mismatch, Some(Reason::SignatureMismatch)).reported(report("pass", ""));
        assert!(matches!(accepted.judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn with_a_proven_change_the_key_is_left_alone() {
        use crate::facts::dkim::forensics::{Altered, Proof, What};
        let changed = |proof| {
            let altered = vec![Altered { what: What::SubjectTag, proof, field: None, hop: None, could: vec![] }];
            Case::new(SIGNED).txt(KEY, &[&good()]).fails(false, altered)
        };
        for case in [changed(Proof::RestoredHash), changed(Proof::RestoredHash).reported(report("fail", ""))] {
            let found = case.finding(&RULE);
            let fix = found.fix.unwrap();
            assert!(fix.summary.starts_with("Stop what changed") && fix.steps.len() == 1, "{fix:?}");
            assert!(!found.explanation.contains("partner"), "{}", found.explanation);
            assert!(!found.check.unwrap().command.contains("dig"));
        }
        let fix = changed(Proof::Likely).finding(&RULE).fix.unwrap();
        assert!(fix.summary.contains("a pair") && fix.steps.len() == 3, "{fix:?}");
    }

    #[test]
    fn a_key_of_another_kind_and_one_for_another_hash() {
        let of = |record: &str| {
            let mut case = Case::new(SIGNED).txt(KEY, &[record]);
            case.verified.push(Verification {
                signature: 0,
                header_hash: Hash::Unknown,
                body_hash: Hash::Match,
                result: Some(DkimResult::PermError),
                reason: Some(Reason::KeyTypeMismatch),
                altered: vec![],
            });
            case
        };
        assert!(of(&format!("k=ed25519; p={ED25519}")).finding(&RULE).title.contains("not of the kind"));
        let hash = of(&format!("h=sha1; p={RSA_2048}"));
        assert!(matches!(hash.judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn it_passes_and_is_silent() {
        assert!(matches!(Case::new(SIGNED).reported(report("pass", "")).judge(&RULE), Verdict::Pass));
        for other in ["body hash did not verify", "no key for signature", "key revoked", "signature expired"] {
            assert!(matches!(Case::new(SIGNED).reported(report("fail", other)).judge(&RULE), Verdict::Pass), "{other}");
        }
        let twice = Case::new(SIGNED).reported(report("fail", "bad signature")).reported(report("pass", ""));
        assert!(matches!(twice.judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn a_signature_that_verifies_here_asks_for_no_other_key() {
        for (result, words) in
            [("fail", ""), ("fail", "bad signature"), ("neutral", "body hash did not verify"), ("permerror", "")]
        {
            let case = || Case::new(SIGNED).reported(report(result, words)).txt(KEY, &[&good()]).verifies();
            let found = case().finding(&RULE);
            assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Likely), "{words}");
            let fix = found.fix.unwrap();
            assert!(fix.summary.starts_with("Leave key and signer"), "{}", fix.summary);
            assert!(matches!(case().judge(&super::super::dkim_body_hash_mismatch::RULE), Verdict::Pass));
        }
        for word in ["neutral", "temperror"] {
            let case = Case::new(SIGNED).reported(report(word, "")).txt(KEY, &[&good()]).verifies();
            assert!(!matches!(case.judge(&RULE), Verdict::Found(_)), "{word} rejects nothing");
        }
    }

    #[test]
    fn a_signature_over_fields_that_servers_write_is_the_signers_fault() {
        let broken = |names: &str, fields: &str| {
            let signed = SIGNED.replace("h=from:to", &format!("h=from:{names}"));
            let case = Case::new(&format!("{signed}{fields}")).txt(KEY, &[&good()]).fails(false, vec![]);
            let found = case.finding(&RULE);
            (found.explanation, found.fix.unwrap().steps[0].clone())
        };
        for (name, field) in [("return-path", "Return-Path"), ("received", "Received"), ("bcc", "Bcc")] {
            let (told, step) = broken(name, "");
            assert!(told.contains(&format!("It covers {field}")), "{told}");
            assert!(step.starts_with(&format!("Take {field} out of h=")), "{step}");
        }
        assert!(!broken("bcc", "Bcc: c@example.net\r\n").0.contains("It covers"));
        assert!(!broken("to:subject", "").0.contains("It covers"));
    }
}
