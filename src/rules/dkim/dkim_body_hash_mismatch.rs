use super::alteration;
use super::failure::Failure;
use super::standing::{self, Relay, Standing};
use crate::facts::Facts;
use crate::facts::dkim::Hash;
use crate::facts::dkim::signed::Body;
use crate::facts::reported::Dkim;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// The body was changed after it was signed
    ///
    /// ## What we saw
    /// The hash of the body that arrived is another one than the signature holds in `bh=`: the receiver found it so, or we did.
    ///
    /// ## Why mail suffers
    /// A signature over a body that no longer fits counts for nothing, so the message is treated as unsigned.
    ///
    /// ## How to fix it
    /// Sign at the last system of yours that touches the message, after footers, disclaimers, link rewriting and virus scanners;
    /// or take the step that changes it out. Sign with `c=relaxed/relaxed`, which bears changed blanks, and send lines of at most
    /// 998 characters. What a mailing list changes is not yours to repair.
    ///
    /// ## How to check
    /// Send a message past the suspected step: it gets `dkim=pass`.
    pub RULE = "dkim-body-hash-mismatch", Dkim, High, judge,
    ["RFC 6376 §3.7", "RFC 6376 §6.1.3", "RFC 5322 §2.1.1"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.reading.reported.dkim.is_empty() && facts.verified.is_empty() {
        return Verdict::NotApplicable;
    }
    let mut seen = std::collections::BTreeSet::new();
    let (mut findings, mut gaps) = (Vec::new(), Gaps::new());
    for report in standing::reports(facts) {
        let standing = Standing::reported(facts, report);
        let of_body = match Failure::of(report) {
            Some(Failure::BodyHash) => true,
            // OpenDKIM says of any change that the signature's verification failed.
            Some(Failure::Signature | Failure::Unexplained) => standing.only_the_body(),
            _ => false,
        };
        // dkim-signature-invalid speaks of one that fits the body at hand.
        let fits = standing.verifies_here();
        if of_body && !fits && !standing.passed() && seen.insert((report.signature, standing.who())) {
            findings.push(changed(facts, Some(report), &standing));
        }
    }
    // What no receiver speaks of, we found ourselves.
    for (index, _) in standing::signatures(facts) {
        let standing = Standing::of(facts, index);
        match standing.verified {
            Some(v) if v.body_hash == Hash::Mismatch => findings.push(changed(facts, None, &standing)),
            // Without bh= no body could tell.
            Some(v) if v.body_hash == Hash::Unknown && standing.signature.is_none_or(|s| !s.body_hash.is_empty()) => {
                gaps.push(untested(&standing));
            }
            _ => {}
        }
    }
    Verdict::of(findings, gaps)
}

/// A header alone says nothing of the body.
fn untested(standing: &Standing) -> Gap {
    Gap::new(format!("Is the body the one that {} signed?", standing.who()), "the whole message, as its source")
}

/// What is signed ends beyond what is there.
fn short(facts: &Facts, report: Option<&Dkim>, standing: &Standing) -> Option<Finding> {
    let signed = facts.reading.signed.get(standing.found?.signature)?.as_deref()?;
    let Body::Short { has, whole } = signed.body else { return None };
    let length = standing.signature?.length.as_ref()?;
    let (who, l) = (standing.who(), length.value);
    let finding = if whole {
        Finding::new(&RULE, "l= counts more bytes than the body has")
            .sure(Confidence::Certain, "all that is there has the signed hash")
            .explain(format!(
                "The signature of {who} counts {l} bytes of the body (l=), and the body has {has}. These have the signed hash, so nothing was changed: the signer writes a wrong l=, and such a signature is invalid (RFC 6376 §3.5)."
            ))
            .fix(Remedy::new("Switch the body length limit (l=) off").step(format!("Switch it off at the system that signs as {who}.")))
            .check("look at the DKIM-Signature of a new message", "no l= in the signature")
    } else {
        Finding::new(&RULE, "The body is shorter than what was signed")
            .sure(Confidence::Likely, "on the way, or when the message was saved: both look the same")
            .explain(format!(
                "The signature of {who} counts {l} bytes of the body (l=), and {has} are here: the rest was cut off after signing."
            ))
            .fix(
                Remedy::new("Get the whole message, as its source, and look again")
                    .step("If it is all that arrived: find what cuts messages between the signer and the receiver."),
            )
            .check("look at the size of a new message where it is sent and where it arrives", "the same body, and dkim=pass")
    };
    let finding = finding.exhibits(report.map(|r| Exhibit::input(r.span, "the receiver's result"))).exhibit(
        Exhibit::input(standing.signature?.tag(facts.text(), "l").unwrap_or(length.span), "so many bytes are signed"),
    );
    Some(standing.apply(finding))
}

fn changed(facts: &Facts, report: Option<&Dkim>, standing: &Standing) -> Finding {
    if let Some(short) = short(facts, report, standing) {
        return short;
    }
    let found = standing.found.filter(|v| v.body_hash == Hash::Mismatch);
    let relay = standing::relay(facts, found);
    let before = found.is_some_and(|v| alteration::broken_before(facts, v, true).is_some());
    let saved = found.is_some_and(|v| alteration::maybe_saved(facts, v, true));
    let said = report.is_some_and(|r| Failure::of(r) == Some(Failure::BodyHash));
    let body = standing.signature.map(|s| &*s.canonicalization.1);
    let finding = Finding::new(&RULE, "The body was changed after it was signed")
        .exhibits(report.map(|r| Exhibit::input(r.span, if said { "the body hash does not fit" } else { "rejected" })))
        .exhibits(
            standing
                .signature
                .map(|s| Exhibit::input(s.tag(facts.text(), "bh").unwrap_or(s.span), "the hash that was signed")),
        );
    let proven = found.is_some_and(|v| v.is_proven(true));
    let how = found.map(|v| alteration::told(facts, v, true)).unwrap_or_default();
    let cures = found.map(|v| alteration::cures(facts, v, true)).unwrap_or_default();
    let finding = match report {
        None if before => finding
            .sure(Confidence::Likely, "the sent copy and the one at hand both have another hash than the signed one"),
        None if saved => finding.sure(Confidence::Likely, alteration::UNPLACED),
        None if proven => finding.sure(Confidence::Certain, "with the change undone, the body has the signed hash"),
        Some(_) if !said => finding.sure(
            Confidence::Certain,
            "the receiver rejected the signature; checked here, its header fits and the body has another hash",
        ),
        Some(_) => finding.sure(Confidence::Certain, "the receiver reported it"),
        None => finding.sure(
            Confidence::Likely,
            "the body at hand has another hash; so would one that was changed when the message was saved or copied",
        ),
    };
    let finding = match relay {
        Relay::Before(span) => finding
            .severity(Severity::Medium)
            .explain(format!(
                "The signature of {} was made over another body than the one that arrived. The message went through a mailing list or a forwarder, and these add footers or rewrite parts; that is the likely reason.{how}",
                standing.who()
            ))
            .exhibit(Exhibit::input(span, "a list or forwarder handled it"))
            .fix(
                Remedy::new("Nothing is wrong with your signature; the list or forwarder must keep the body, or send in its own name")
                    .step("Ask the list's owner to leave the body alone, or to rewrite From and sign as the list."),
            ),
        Relay::Checker | Relay::Nobody => {
            let checker = matches!(relay, Relay::Checker);
            let remedy = Remedy::new(match before {
                true => "Look at the signer: the message failed before it was on its way",
                false => "Sign after the last system that changes the message",
            });
            let remedy = if checker { remedy.step(standing::ASK_ANOTHER) } else { remedy };
            let remedy = match before {
                true => remedy.step(format!("Compare the body that the signer of {} is given with that of the sent copy: what differs came in between; if nothing does, the signer hashes another body than it hands on.", standing.who())),
                false => remedy.step(format!("Find what stands between the signer of {} and the way out: footers and disclaimers, link rewriting, virus scanners, gateways that re-encode. Let the last of them sign, or take it out.", standing.who())),
            };
            let remedy = match body {
                // That is among the cures of what was found.
                Some("simple") if cures.iter().any(|cure| cure.contains("c=relaxed")) => remedy,
                Some("simple") => remedy.step("Sign with c=relaxed/relaxed: the signature uses c=simple for the body, which breaks at every changed blank."),
                _ if before || (!cures.is_empty() && !has_long_line(facts)) => remedy,
                // That as well.
                _ if cures.iter().any(|cure| cure.contains("998")) => remedy,
                _ => remedy.step("Send lines of at most 998 characters, ended by CR LF; longer ones are cut on the way."),
            };
            finding
                .severity(if checker { Severity::Medium } else { RULE.severity })
                .explain(format!(
                    "The signature of {} was made over another body than the one that arrived{}.{}{how}",
                    standing.who(),
                    match () {
                        () if before => "",
                        () if saved => ": something changed it on the way, or when it was saved",
                        () => ": something changed it on the way",
                    },
                    if checker { standing::CHECKER } else { "" }
                ))
                .fix(remedy)
        }
    };
    let mut finding = finding;
    if let Some(fix) = &mut finding.fix {
        fix.steps.splice(0..0, cures);
    }
    let finding = standing.apply(finding);
    let severity = if standing.harmless() { Severity::Info } else { finding.severity };
    finding
        .severity(severity)
        .check("send a message directly, past the suspected step, to the same receiver", "dkim=pass")
}

/// A line that a server may cut (RFC 5322 §2.1.1).
fn has_long_line(facts: &Facts) -> bool {
    let body = facts.reading.header.body.and_then(|at| facts.text().get(at as usize..)).unwrap_or_default();
    body.split(|b| *b == b'\n').any(|line| line.trim_ascii_end().len() > 998)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::forensics::{Altered, Proof, What};
    use crate::facts::dkim::{DkimResult, Verification};
    use crate::rules::dkim::testing::*;
    use crate::span::Span;

    #[test]
    fn the_receivers_words_are_enough() {
        for (result, words) in [("neutral", "body hash did not verify"), ("fail", "bodyhash")] {
            let found =
                Case::new(SIGNED).reported(report(result, words)).reported(report(result, words)).finding(&RULE);
            assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain));
            assert_eq!(found.leads_to, ["dmarc-unaligned"]);
            assert!(found.fix.unwrap().steps[1].contains("c=relaxed/relaxed"));
        }
    }

    #[test]
    fn a_mailing_list_explains_it() {
        let listed = |handed_on: Option<&str>| {
            let mut case = Case::new(SIGNED).reported(report("fail", "body hash did not verify"));
            case.reading.lists.list_manager.push(Span::new(0, 4));
            case.reading.boundary.handed_on = handed_on.map(str::to_owned);
            case.finding(&RULE)
        };
        assert_eq!(listed(None).severity, Severity::Medium);
        // The list checked it when it took it in, and changed it afterwards.
        let checker = listed(Some("mx.example.org"));
        assert!(checker.severity == Severity::Medium && checker.explanation.contains("its own changes"));
        assert_eq!(checker.fix.unwrap().steps[0], standing::ASK_ANOTHER);
    }

    /// RFC 6376 §3.5: `l=` must not exceed the body.
    #[test]
    fn a_length_beyond_the_body_is_the_signers_where_the_rest_fits() {
        use crate::evidence::InputKind;
        use crate::facts::dkim::canon::Canon;
        use crate::facts::dkim::testing::{RELAXED, Signing};
        let signing = Signing { counted: true, header: Canon::Relaxed, ..RELAXED };
        let text = signing
            .sign("From: Ann <ann@example.com>\r\nTo: b@example.net\r\nSubject: One\r\n\r\nHello, Bob.\r\nBye.\r\n");
        let found = |text: &str| {
            let all = diagnosed(&RULE, text, InputKind::Message, &signing.record());
            all.into_iter().map(|f| f.title.to_string()).collect::<Vec<_>>()
        };
        assert!(text.contains("l=19;"), "{text}");
        assert_eq!(found(&text), Vec::<String>::new());
        assert_eq!(found(&text.replace("l=19;", "l=190;")), ["l= counts more bytes than the body has"]);
        assert_eq!(found(&text.replace("\r\nBye.", "")), ["The body is shorter than what was signed"]);
    }

    #[test]
    fn beside_an_aligned_pass_it_matters_little() {
        let pass = Dkim { signature: None, ..report("pass", "") };
        let found = Case::new(SIGNED).reported(report("fail", "bodyhash")).reported(pass).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Info, 0));
    }

    #[test]
    fn the_cure_of_changed_blanks_is_told_once() {
        let blanks = Altered {
            what: What::WhitespaceChanged,
            proof: Proof::RestoredHash,
            field: None,
            hop: None,
            could: vec![],
        };
        let case = Case::new(SIGNED).reported(report("fail", "bodyhash")).fails(true, vec![blanks]);
        let steps = case.finding(&RULE).fix.unwrap().steps;
        assert_eq!(steps.iter().filter(|step| step.contains("c=relaxed/relaxed")).count(), 1, "{steps:?}");
    }

    #[test]
    fn it_passes_and_is_silent() {
        assert!(matches!(Case::new(SIGNED).reported(report("pass", "")).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new(SIGNED).reported(report("fail", "bad signature")).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn a_receiver_without_a_word_for_it_means_the_body_where_the_header_is_whole() {
        let said = |header_hash, detail| {
            let mut case = Case::new(SIGNED).reported(report("fail", detail));
            case.verified.push(Verification {
                signature: 0,
                header_hash,
                body_hash: Hash::Mismatch,
                result: Some(DkimResult::Fail),
                reason: None,
                altered: vec![],
            });
            case
        };
        for detail in ["signature verification failed", ""] {
            let found = said(Hash::Match, detail).finding(&RULE);
            assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain), "{detail}");
            assert!(matches!(said(Hash::Unknown, detail).judge(&RULE), Verdict::Pass), "{detail}");
        }
    }

    #[test]
    fn without_a_receiver_we_say_it_ourselves() {
        let ours = |body_hash, result| {
            let mut case = Case::new(SIGNED);
            let found = Verification {
                signature: 0,
                header_hash: Hash::Match,
                body_hash,
                result,
                reason: None,
                altered: vec![],
            };
            case.verified.push(found);
            case
        };
        let found = ours(Hash::Mismatch, Some(DkimResult::Fail)).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
        assert!(matches!(ours(Hash::Match, Some(DkimResult::Pass)).judge(&RULE), Verdict::Pass));
        assert!(matches!(ours(Hash::Unknown, Some(DkimResult::Neutral)).judge(&RULE), Verdict::Unknown(_)));
        // What the receiver accepted was changed later, if at all.
        let accepted = ours(Hash::Mismatch, Some(DkimResult::Fail)).reported(report("pass", ""));
        assert!(matches!(accepted.judge(&RULE), Verdict::Pass));
    }

    #[test]
    fn long_lines_are_spoken_of_only_where_they_may_be_the_cause() {
        let steps = |what: Option<What>, body: &str| {
            let case = Case::new(&format!("{SIGNED}\r\n{body}")).reported(report("fail", "bodyhash"));
            let of = |what| Altered { what, proof: Proof::RestoredHash, field: None, hop: None, could: vec![] };
            let mut case = case.fails(true, what.map(of).into_iter().collect());
            case.reading.signatures[0].canonicalization.1 = "relaxed".into();
            let steps = case.finding(&RULE).fix.unwrap().steps;
            steps.iter().filter(|step| step.contains("998")).count()
        };
        assert_eq!(steps(Some(What::FooterAppended), "short\r\n"), 0);
        assert_eq!(steps(Some(What::FooterAppended), &"x".repeat(999)), 1);
        assert_eq!(steps(None, "short\r\n"), 1);
        assert_eq!(steps(Some(What::LinesWrapped), "short\r\n"), 1);
    }

    #[test]
    fn what_the_receiver_did_not_say_is_not_put_into_its_mouth() {
        let said = |words| Case::new(SIGNED).reported(report("fail", words)).fails(true, vec![]).finding(&RULE);
        let of = |found: &Finding| (found.exhibits[0].label.to_string(), found.because.to_string());
        assert_eq!(of(&said("body hash did not verify")).0, "the body hash does not fit");
        let other = of(&said("signature did not verify"));
        assert!(other.0 == "rejected" && other.1.contains("checked here"), "{other:?}");
    }
}
