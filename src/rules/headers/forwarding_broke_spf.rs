use crate::facts::bounce::spf_domain;
use crate::facts::reported::Dkim;
use crate::facts::spf::SpfResult;
use crate::facts::{Facts, Reading};
use crate::remedy::Remedy;
use crate::rules::aligned;
use crate::rules::bounce::speaks;
use crate::rules::on_the_way::{bounced, broken_before, organization, relayed, spf_pass_before, srs, was_altered};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::span::Span;

rule! {
    /// SPF failed because a forwarder sent the message on
    ///
    /// ## What we saw
    /// SPF failed at the receiver, and the header shows that the message reached it through a forwarder or an alias,
    /// with the original sender's Return-Path kept; or a bounce names the address that it was for before.
    ///
    /// ## Why mail suffers
    /// SPF looks at the server that delivers. A forwarder delivers from its own address, which the sender's SPF record
    /// cannot list, so SPF fails however good the record is. Only a DKIM signature travels with the message; without
    /// one that passes for the From domain, DMARC fails too, also where the forwarder changed what was signed.
    ///
    /// ## How to fix it
    /// Do not add the forwarder to the SPF record. The sender signs every message with DKIM for the domain in From.
    /// Whoever runs the forwarder leaves subject and body alone, and rewrites the Return-Path to its own domain (SRS).
    ///
    /// ## How to check
    /// Send a message through the same forwarder: at its end the header shows dkim=pass for the domain in From.
    pub RULE = "forwarding-broke-spf", Headers, Medium, judge,
    ["RFC 7208 §2.4", "RFC 7208 Appendix D", "RFC 7960 §3.2.1"]
}

/// Is it likely that SPF failed because the message was sent on? Then the sender's own hand-over was not seen.
pub fn is_likely(facts: &Facts) -> bool {
    match judge(facts) {
        Verdict::Found(found) => found.iter().any(|f| f.confidence == Confidence::Likely),
        _ => false,
    }
}

fn judge(facts: &Facts) -> Verdict {
    let r = &*facts.reading;
    let Some((domain, span)) = failed(facts) else {
        return waiting(facts);
    };
    if r.reported.spf.as_ref().is_some_and(|s| s.is_helo) || srs(facts) {
        return Verdict::NotApplicable;
    }
    let before = spf_pass_before(facts, &domain);
    let marks = marks(r);
    let relayed = relayed(facts, &domain);
    let readdressed = relayed.as_ref().and_then(|h| h.readdressed.as_ref());
    let marked = !marks.is_empty() && last_hop_is_anothers(facts, &domain);
    let bounced = bounced(facts);
    if before.is_none() && readdressed.is_none() && !marked && bounced.is_none() {
        return Verdict::NotApplicable;
    }
    let from = r.from_domain().unwrap_or(&domain);
    let carrying = aligned::dkim(facts);
    let broken = broken(facts, from).filter(|_| carrying.is_none());
    let what = if broken.is_some() { "SPF and DKIM" } else { "SPF" };
    let mut finding = Finding::new(&RULE, title(what, &domain))
        .exhibit(Exhibit::input(span, format!("SPF failed for {domain}")))
        .exhibits(before.iter().map(|b| Exhibit::input(b.span, format!("{} saw SPF pass", b.by))))
        .exhibits(relayed.iter().map(|h| Exhibit::input(h.span, format!("had it from {}", h.from))))
        .exhibits(broken.iter().map(|d| Exhibit::input(d.span, "changed after it was signed")))
        .exhibits(bounced.iter().map(|(_, before)| Exhibit::input(before.span, "whom it was for before")))
        .exhibits(marks.iter().take(4).map(|s| Exhibit::input(*s, "a forwarder's mark")));
    finding = match (&before, &relayed, bounced) {
        (.., Some((now, before))) => {
            let now = now.address.as_ref().map_or("another mailbox", |a| a.value.as_str());
            let sent = if now.eq_ignore_ascii_case(&before.value) { "another mailbox" } else { now };
            finding.sure(
                Confidence::Likely,
                format!("The bounce says that the message was for {}, and was sent on to {sent}.", before.value),
            )
        }
        (Some(b), ..) => finding.sure(
            Confidence::Likely,
            format!("SPF passed for {domain} from {}, by the word of {}, before the message was sent on.", b.ip, b.by),
        ),
        (None, Some(h), _) => finding.sure(
            Confidence::Likely,
            match &h.readdressed {
                Some(mailbox) => format!(
                    "For {mailbox} the message came from {}, which SPF of {domain} allows, to {}, and was sent on to another mailbox.",
                    h.from, h.by
                ),
                None => format!(
                    "The message came from {} to {} and was sent on, and the header bears a forwarder's marks.",
                    h.from, h.by
                ),
            },
        ),
        (None, None, None) => {
            finding.sure(Confidence::Possible, "The header bears a forwarder's marks, but no earlier check of SPF.")
        }
    };
    if finding.confidence == Confidence::Likely {
        finding = finding.leads_to(&["spf-not-authorized"]);
        if let Some(told) = bounced.and_then(|(recipient, _)| speaks(recipient)) {
            finding = finding.severity(Severity::High).leads_to(&[told]);
        }
        if broken.is_some() {
            finding = finding.leads_to(&["dkim-body-hash-mismatch", "dkim-signature-invalid"]);
        }
        // Without the forwarder SPF would have carried DMARC alone.
        let carried = organization(facts, &domain) == organization(facts, from);
        if carrying.is_none() && carried && (r.signatures.is_empty() || broken.is_some()) {
            finding = finding.leads_to(&["dmarc-unaligned"]);
        }
    }
    let client = client(facts);
    let open = broken.is_none() && aligned::is_open(facts);
    let path = format!("The message came from {client}, which is not the server that {domain} sent it with.");
    finding = match (carrying, &broken) {
        (Some(leg), _) => finding.severity(Severity::Info).exhibits(leg.span.map(|s| Exhibit::input(s, "DKIM passes for From"))).explain(format!(
            "{path} SPF cannot pass after forwarding. DKIM passes for {}, so DMARC does not need SPF here: nothing to repair.",
            leg.domain
        )),
        (None, _) if open => finding
            .severity(Severity::Info)
            .explain(format!(
                "{path} SPF cannot pass after forwarding. Whether the DKIM signature of {from} came through is not known: nobody says, and it cannot be verified here with what is at hand. If it passes, there is nothing to repair."
            ))
            .fix(
                Remedy::new("Diagnose the whole message, as its source, with its body")
                    .step("Leave SPF alone: a forwarder's server does not belong into it."),
            )
            .check("postdoc diagnose FILE", format!("dkim=pass for {from}")),
        (None, Some(d)) => finding
            .explain(format!(
                "{path} SPF cannot pass after forwarding, and the signature of {} broke because the message was changed \
                 on the way, so nothing is left that DMARC could count. Adding the forwarder to the SPF record of \
                 {domain} would let it send as {domain}.",
                d.domain.as_deref().unwrap_or(from)
            ))
            .fix(
                Remedy::new(format!("Have the forwarder leave the message unchanged; no record of {domain} cures this."))
                    .step(format!("Ask whoever runs {client}: leave subject and body as they are (no footer, no tag, no rewritten links), so that the DKIM signature of {from} survives."))
                    .step("The forwarder should also rewrite the Return-Path to its own domain (SRS), and seal the message with ARC.")
                    .steps(told_of_the_gateway(r, &client))
                    .step("If messages that go to this receiver directly break as well, something at the sender changes them after signing."),
            )
            .check("postdoc diagnose FILE", format!("dkim=pass for {from}, on a new message through the same forwarder")),
        (None, None) if signed(r, facts, from) => finding
            .explain(format!(
                "{path} SPF cannot pass after forwarding, and the DKIM signature of {from} did not pass, so nothing is left \
                 that DMARC could count. Adding the forwarder to the SPF record of {domain} would let it send as {domain}."
            ))
            .fix(
                Remedy::new(format!("Let the DKIM signature of {from} survive the way; leave the SPF record of {domain} as it is."))
                    .step("Where it is forwarded: leave subject and body unchanged, and rewrite the Return-Path (SRS).")
                    .step("If messages that go to this receiver directly fail as well, see what is said here about the signature."),
            )
            .check("postdoc diagnose FILE", format!("dkim=pass for {from}, on a new message through the same forwarder")),
        (None, None) => finding
            .explain(format!(
                "{path} SPF cannot pass after forwarding, and no DKIM signature passed for {from}, so nothing is left \
                 that DMARC could count. Adding the forwarder to the SPF record of {domain} would let it send as {domain}."
            ))
            .fix(
                Remedy::new(format!("Sign with DKIM as {from}; leave the SPF record of {domain} as it is."))
                    .step(format!("Where the message is sent: switch on DKIM signing with d={from}."))
                    .step("Where it is forwarded: leave subject and body unchanged, and rewrite the Return-Path (SRS)."),
            )
            .check("postdoc diagnose FILE", format!("dkim=pass for {from}, on a new message through the same forwarder")),
    };
    finding.into()
}

/// What lets the mailbox system judge the sender's server where the relay is the gateway in front of it.
fn told_of_the_gateway(reading: &Reading, client: &str) -> Option<String> {
    let setting = match reading.boundary.receiver.as_deref()? {
        "microsoft" => "Enhanced Filtering for Connectors of Microsoft 365",
        "gmail" => "the inbound gateway of Google Workspace",
        _ => return None,
    };
    Some(format!(
        "If {client} is the gateway in front of the recipient's own mailboxes, their administrator enters its address in {setting}: then the sender's server is judged."
    ))
}

fn title(what: &str, domain: &str) -> String {
    let title = format!("A forwarder broke {what} for {domain}");
    if title.chars().count() <= 70 { title } else { format!("A forwarder broke {what}") }
}

/// Does the message bear a signature of From's organization?
fn signed(reading: &Reading, facts: &Facts, from: &str) -> bool {
    let ours = |d: &str| organization(facts, d) == organization(facts, from);
    reading.signatures.iter().any(|s| s.domain.as_ref().is_some_and(|d| ours(&d.value)))
}

/// The signature of From's organization that arrived over changed content.
fn broken<'f>(facts: &'f Facts, from: &str) -> Option<&'f Dkim> {
    let ours = |d: &&Dkim| d.domain.as_deref().is_some_and(|d| organization(facts, d) == organization(facts, from));
    facts
        .reading
        .reported
        .dkim
        .iter()
        .filter(|d| d.result != "pass" && was_altered(facts, d))
        .find(ours)
        .filter(|d| broken_before(facts, d).is_none())
}

/// The domain for which SPF failed, as the receiver said, else as worked out now.
fn failed(facts: &Facts) -> Option<(String, Span)> {
    let r = &*facts.reading;
    let mail_from = facts.identities.mail_from.as_ref();
    if let Some(spf) = &r.reported.spf {
        let domain = spf.domain.clone().or_else(|| mail_from?.value.domain().map(str::to_owned))?;
        return matches!(&spf.result[..], "fail" | "softfail").then_some((domain, spf.span));
    }
    // What it answered then goes before what DNS says today.
    if let Some((recipient, _)) = bounced(facts) {
        let reply = recipient.text().unwrap_or_default();
        let domain = spf_domain(reply).or_else(|| mail_from?.value.domain().map(str::to_owned))?;
        return Some((domain, recipient.reply.as_ref().map_or(recipient.span, |reply| reply.span)));
    }
    let check = facts.spf.as_ref().filter(|c| !c.is_helo)?;
    let failed = matches!(check.result, Some(SpfResult::Fail | SpfResult::SoftFail));
    let span = mail_from.and_then(|m| m.span).or(facts.identities.source_ip.as_ref()?.span)?;
    failed.then(|| (check.domain.clone(), span))
}

/// Nobody said whether SPF failed: would it matter?
fn waiting(facts: &Facts) -> Verdict {
    let r = &*facts.reading;
    let Some(check) = &facts.spf else { return Verdict::NotApplicable };
    if r.reported.spf.is_some() || check.unanswered().is_none() || marks(r).is_empty() {
        return Verdict::NotApplicable;
    }
    let what = format!("Did forwarding break SPF for {}?", check.domain);
    Verdict::Unknown(check.unanswered().map(|q| Gap::dns(what, q)).into_iter().collect())
}

/// Fields only forwarders write. Return-Path is none: where it is rewritten, SPF is about the forwarder.
fn marks(r: &Reading) -> Vec<Span> {
    let return_path = r.return_path.as_ref().map(|p| p.span);
    let is_return_path = |s: &Span| return_path.is_some_and(|p| s.join(p) == *s || s.join(p) == p);
    r.lists.forwarder.iter().filter(|s| !is_return_path(s)).copied().collect()
}

/// Is the client at the boundary named, and by a name outside the sender's organization?
fn last_hop_is_anothers(facts: &Facts, domain: &str) -> bool {
    let i = &facts.identities;
    let name = i.reverse_name.as_ref().or(i.helo.as_ref());
    name.is_some_and(|n| n.value.contains('.') && organization(facts, &n.value) != organization(facts, domain))
}

fn client(facts: &Facts) -> String {
    let i = &facts.identities;
    let name = i.reverse_name.as_ref().or(i.helo.as_ref()).map(|n| n.value.clone());
    match (name, i.source_ip.as_ref().map(|ip| ip.value)) {
        (Some(name), Some(ip)) => format!("{name} [{ip}]"),
        (Some(name), None) => name,
        (None, Some(ip)) => ip.to_string(),
        (None, None) => "another server".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Kind, Question};
    use crate::facts::boundary::testing::{facts, reading};
    use crate::facts::dkim::forensics::{Altered, Proof, What};
    use crate::facts::dkim::{DkimResult, Hash, Reason, Verification};
    use crate::facts::spf::Check;

    const FORWARDED: &str = "Authentication-Results: mx.example.org; spf=softfail smtp.mailfrom=ann@example.com; DKIM\n\
        Received: from fwd.example.net (fwd.example.net [198.51.100.9]) by mx.example.org\n\
        ARC-Authentication-Results: i=1; fwd.example.net; spf=pass (fwd.example.net: domain of ann@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=ann@example.com\n\
        ARC-Seal: i=1; d=example.net; cv=none; b=x\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by fwd.example.net\n\
        From: Ann <ann@example.com>\n";

    fn judged(text: &str, change: impl FnOnce(&mut Facts, &mut Reading)) -> Verdict {
        let mut r = reading(text);
        let mut f = facts(text, r.clone());
        change(&mut f, &mut r);
        f.reading = std::sync::Arc::new(r);
        judge(&f)
    }

    fn one(verdict: Verdict) -> Finding {
        let Verdict::Found(mut all) = verdict else { panic!("{verdict:?}") };
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn an_earlier_pass_explains_the_failure() {
        let f = one(judged(&FORWARDED.replace("DKIM", "dkim=none"), |_, _| {}));
        assert_eq!(
            (f.severity, f.confidence, &f.title[..]),
            (Severity::Medium, Confidence::Likely, "A forwarder broke SPF for example.com")
        );
        assert_eq!(f.leads_to, ["spf-not-authorized", "dmarc-unaligned"]);
        assert!(f.fix.unwrap().summary.contains("example.com"));
        assert!(f.explanation.starts_with("The message came from fwd.example.net [198.51.100.9]"), "{}", f.explanation);
    }

    #[test]
    fn who_signs_already_is_not_told_to() {
        let unsigned = FORWARDED.replace("DKIM", "dkim=none");
        assert!(one(judged(&unsigned, |_, _| {})).fix.unwrap().summary.starts_with("Sign with DKIM"));
        let bare = FORWARDED.replace("DKIM", "dkim=fail header.d=example.com");
        let signed = format!("{bare}DKIM-Signature: v=1; d=example.com; s=s1\n");
        let fix = one(judged(&signed, |_, _| {})).fix.unwrap();
        assert!(fix.summary.starts_with("Let the DKIM signature of example.com survive"), "{fix:?}");
    }

    /// A bounce tells what no header shows: the refusal happened after the forwarder.
    #[test]
    fn a_bounce_that_names_whom_it_was_for_before() {
        let bounced = |before: &str, domain: &str| {
            let text = format!(
                "<bob@example.org> (expanded from <{before}>): host mx.example.org[192.0.2.1] said: 550-5.7.26 Gmail requires all senders to \
                 authenticate with either SPF or DKIM. 550-5.7.26 SPF [{domain}] with ip: [192.0.2.99] = did not pass 550 5.7.26 x - gsmtp"
            );
            judge(&crate::rules::bounce::facts(&text, crate::evidence::InputKind::Reply))
        };
        let f = one(bounced("info@example.net", "other.test"));
        assert_eq!((&f.title[..], f.severity), ("A forwarder broke SPF for other.test", Severity::High));
        assert_eq!(
            (f.confidence, &f.leads_to[..]),
            (Confidence::Likely, &["spf-not-authorized", "auth-none", "dmarc-unaligned"][..])
        );
        assert!(f.because.contains("was for info@example.net, and was sent on to bob@example.org"), "{}", f.because);
        // Its own mail, and an alias within one organization.
        assert!(matches!(bounced("info@example.net", "example.net"), Verdict::NotApplicable));
        assert!(matches!(bounced("info@example.org", "other.test"), Verdict::NotApplicable));
    }

    #[test]
    fn an_aligned_dkim_pass_makes_it_a_note() {
        let f = one(judged(&FORWARDED.replace("DKIM", "dkim=pass header.d=mail.example.com"), |_, _| {}));
        assert_eq!((f.severity, &f.leads_to[..], f.fix.is_none()), (Severity::Info, &["spf-not-authorized"][..], true));
        let f = one(judged(&FORWARDED.replace("DKIM", "dkim=pass header.d=example.net"), |_, _| {}));
        assert_eq!(f.severity, Severity::Medium);
    }

    #[test]
    fn marks_alone_are_weaker_and_explain_nothing_away() {
        let no_arc = FORWARDED.replace("DKIM", "dkim=none").replace("ARC-", "X-ARC-");
        assert!(matches!(judged(&no_arc, |_, _| {}), Verdict::NotApplicable));
        let marked = |text: &str| one(judged(text, |_, r| r.lists.forwarder.push(Span::new(0, 22))));
        let f = marked(&no_arc.replace("by fwd.example.net\n", "by inner.example.org\n"));
        assert_eq!((f.confidence, f.leads_to.is_empty()), (Confidence::Possible, true));
        // Beside the hop at which the forwarder had it from the sender they tell enough.
        let f = marked(&no_arc);
        assert_eq!(
            (f.confidence, &f.leads_to[..]),
            (Confidence::Likely, &["spf-not-authorized", "dmarc-unaligned"][..])
        );
        assert!(f.because.starts_with("The message came from mail.example.com to fwd.example.net"), "{}", f.because);
        // The sender's own server: a forwarder's mark further back proves nothing.
        let own = no_arc.replace("fwd.example.net (fwd.example.net", "out.example.com (out.example.com");
        assert!(matches!(judged(&own, |_, r| r.lists.forwarder.push(Span::new(0, 22))), Verdict::NotApplicable));
    }

    /// The forwarder left no mark, and SPF of the sender is known.
    fn unmarked(change: impl FnOnce(String) -> String) -> Verdict {
        let text = FORWARDED
            .replace("DKIM", "dkim=none")
            .replace("ARC-", "X-ARC-")
            .replace("by mx.example.org\n", "by mx.example.org with ESMTPS for <bob@example.org>\n")
            .replace("by fwd.example.net\n", "by fwd.example.net with ESMTPS for <bob@example.net>\n");
        let record = crate::remedy::text("v=spf1 ip4:192.0.2.1 -all");
        let record = crate::evidence::Record { name: "example.com".into(), ttl: 300, data: record };
        let answer =
            crate::evidence::Answer::new(crate::evidence::Outcome::Records, vec![record], jiff::Timestamp::UNIX_EPOCH);
        judged(&change(text), |f, _| {
            let mut evidence = crate::evidence::Evidence::clone(&f.evidence);
            evidence.answers.insert(Question::new("example.com", Kind::Txt), answer);
            f.evidence = evidence.into();
        })
    }

    #[test]
    fn a_message_for_another_mailbox_before_was_forwarded() {
        let f = one(unmarked(|text| text));
        assert_eq!(
            (f.confidence, &f.leads_to[..]),
            (Confidence::Likely, &["spf-not-authorized", "dmarc-unaligned"][..])
        );
        assert!(f.because.contains("or bob@example.net the message came from mail.example.com"), "{}", f.because);
        // The name of the client does not matter, its address does.
        let named = |text: String| text.replace("mail.example.com (mail.example.com", "a.example.edu (a.example.edu");
        assert!(one(unmarked(named)).because.contains("from a.example.edu"));
        for other in [
            // A relay of the sender's own, for the same mailbox.
            ("<bob@example.net>", "<bob@example.org>"),
            // The sender logs in there.
            ("by fwd.example.net with ESMTPS", "by fwd.example.net with ESMTPSA"),
            // Nobody that SPF allows.
            ("[192.0.2.1]) by", "[192.0.2.7]) by"),
        ] {
            let verdict = unmarked(|text| text.replace(other.0, other.1));
            assert!(matches!(verdict, Verdict::NotApplicable), "{other:?} {verdict:?}");
        }
    }

    #[test]
    fn a_signature_broken_on_the_way_is_the_forwarders_doing_too() {
        let altered = FORWARDED.replace("DKIM", "dkim=fail (body hash did not verify) header.d=example.com");
        let f = one(judged(&altered, |_, _| {}));
        assert_eq!(f.title, "A forwarder broke SPF and DKIM for example.com");
        assert!(f.leads_to.contains(&"dkim-body-hash-mismatch") && f.leads_to.contains(&"dmarc-unaligned"));
        let fix = f.fix.unwrap();
        assert!(fix.records.is_empty() && fix.summary.contains("no record of example.com"), "{}", fix.summary);
        assert_eq!(fix.steps.len(), 3);
        let behind = one(judged(&altered, |_, r| r.boundary.receiver = Some("microsoft".into()))).fix.unwrap();
        assert!(behind.steps[2].contains("Enhanced Filtering for Connectors"), "{behind:?}");
        // A key that is not there is the sender's fault, forwarder or not.
        let key = FORWARDED.replace("DKIM", "dkim=permerror (no key) header.d=example.com");
        assert_eq!(one(judged(&key, |_, _| {})).title, "A forwarder broke SPF for example.com");
    }

    #[test]
    fn a_seal_without_another_client_is_no_forwarder() {
        // Exchange Online seals what it sends out, and calls it spf=pass.
        let silent = FORWARDED.replace("DKIM", "dkim=none").replace(
            "spf=pass (fwd.example.net: domain of ann@example.com designates 192.0.2.1 as permitted sender)",
            "spf=pass",
        );
        let exchange = "x.outbound.protection.outlook.com";
        let outbound =
            silent.replace("i=1; fwd.example.net", "i=1; mx.microsoft.com 1").replace("fwd.example.net", exchange);
        assert!(matches!(judged(&outbound, |_, _| {}), Verdict::NotApplicable));
        // One that handed the message over, and says from whom it had it, is. Who logs in there uses it to send.
        let f = one(judged(&silent, |_, _| {}));
        assert!(f.because.contains("from 192.0.2.1, by the word of fwd.example.net"), "{}", f.because);
        let submitted = silent.replace("by fwd.example.net\n", "by fwd.example.net with ESMTPSA\n");
        assert!(matches!(judged(&submitted, |_, _| {}), Verdict::NotApplicable));
        let same = FORWARDED.replace("DKIM", "dkim=none").replace("designates 192.0.2.1", "designates 198.51.100.9");
        assert!(matches!(judged(&same, |_, _| {}), Verdict::NotApplicable));
    }

    #[test]
    fn whether_a_signature_came_through_may_not_be_known() {
        let silent = FORWARDED.replace("; DKIM", "");
        let signed = format!("{silent}DKIM-Signature: v=1; d=example.com; s=s1\n");
        let found = |reason| {
            one(judged(&signed, |f, _| {
                f.verified.push(Verification {
                    signature: 0,
                    header_hash: Hash::Match,
                    body_hash: Hash::Unknown,
                    result: Some(if reason == Reason::BodyNotAvailable {
                        DkimResult::Neutral
                    } else {
                        DkimResult::Fail
                    }),
                    reason: Some(reason),
                    altered: vec![],
                });
            }))
        };
        let open = found(Reason::BodyNotAvailable);
        assert_eq!(open.severity, Severity::Info);
        assert!(open.fix.unwrap().summary.starts_with("Diagnose the whole message"));
        assert_eq!(found(Reason::SignatureMismatch).severity, Severity::Medium);
        // Nobody looked at it yet, and the receiver that says that it failed.
        assert_eq!(one(judged(&signed, |_, _| {})).severity, Severity::Info);
        let failed =
            signed.replacen("mailfrom=ann@example.com", "mailfrom=ann@example.com; dkim=fail header.d=example.com", 1);
        assert_eq!(one(judged(&failed, |_, _| {})).severity, Severity::Medium);
    }

    #[test]
    fn a_rewritten_return_path_or_a_pass_is_not_this() {
        // Exchange Online has a form of its own.
        for path in ["SRS0=a=b=example.com=ann", "carl+SRS=5Yw2w=ZQ=example.com=ann"] {
            let srs = FORWARDED.replace(
                "spf=softfail smtp.mailfrom=ann@example.com; DKIM",
                &format!("spf=fail smtp.mailfrom={path}@example.net"),
            );
            assert!(matches!(judged(&srs, |_, r| r.lists.forwarder.push(Span::new(0, 3))), Verdict::NotApplicable));
        }
        let pass = FORWARDED.replace("softfail", "pass");
        assert!(matches!(judged(&pass, |_, _| {}), Verdict::NotApplicable));
        assert!(matches!(judged("From: a@example.com\n", |_, _| {}), Verdict::NotApplicable));
    }

    #[test]
    fn unknown_while_nobody_has_said_whether_spf_fails() {
        let text = FORWARDED.replace("Authentication-Results: mx", "X-Results: mx");
        let verdict = judged(&text, |f, r| {
            r.lists.forwarder.push(Span::new(0, 3));
            f.spf = Some(Check {
                ip: "198.51.100.9".parse().unwrap(),
                domain: "example.com".into(),
                sender: "ann@example.com".into(),
                is_helo: false,
                result: None,
                matched: None,
                explanation: None,
                lookups: 0,
                void_lookups: 0,
                problem: None,
                tree: None,
                missing: vec![Question::new("example.com", Kind::Txt)],
                failed: None,
            });
        });
        let Verdict::Unknown(gaps) = verdict else { panic!("{verdict:?}") };
        assert_eq!(gaps[0].needs.words(), "dig +short TXT example.com");
    }

    #[test]
    fn a_change_that_we_undo_counts_as_one_the_receiver_names() {
        let text = FORWARDED.replace("DKIM", "dkim=fail header.d=example.com");
        let mut r = reading(&text);
        r.lists.forwarder.push(Span::new(0, 3));
        r.reported.dkim[0].signature = Some(0);
        let mut facts = facts(&text, r);
        let title = |facts: &Facts| match judge(facts) {
            Verdict::Found(found) => found[0].title.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(title(&facts), "A forwarder broke SPF for example.com");
        let altered =
            Altered { what: What::FooterAppended, proof: Proof::RestoredHash, field: None, hop: None, could: vec![] };
        facts.verified = vec![Verification {
            signature: 0,
            header_hash: Hash::Match,
            body_hash: Hash::Mismatch,
            result: Some(DkimResult::Fail),
            reason: None,
            altered: vec![altered],
        }];
        assert_eq!(title(&facts), "A forwarder broke SPF and DKIM for example.com");
    }
}
