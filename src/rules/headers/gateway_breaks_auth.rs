use crate::facts::Facts;
use crate::facts::authres::AuthRes;
use crate::knowledge::receiver::{self, Kind};
use crate::remedy::Remedy;
use crate::rules::on_the_way::{dkim_pass_before, spf_pass_before};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, aligned, rule, stranger};

rule! {
    /// The mailbox judged the gateway in front of it
    ///
    /// ## What we saw
    /// A security gateway took the message in and handed it to the mailbox system. There SPF fails for the gateway's own address, or
    /// DKIM for what the gateway changed, although the gateway itself saw it pass.
    ///
    /// ## Why mail suffers
    /// The mailbox system holds every sender responsible for the gateway's address and its rewriting, so honest mail fails.
    ///
    /// ## How to fix it
    /// Only the receiving side can: at Microsoft 365, Enhanced Filtering for Connectors (skip listing) or a trusted ARC sealer; at
    /// Google Workspace, the gateway as an inbound gateway. Links and footers must be rewritten after the check, not before. A sender can
    /// only sign with DKIM and tell the recipient's administrator.
    ///
    /// ## How to check
    /// A new message through the gateway shows the sender's own address in the mailbox system's results.
    pub RULE = "gateway-breaks-auth", Headers, High, judge,
    ["learn.microsoft.com: enhanced filtering for connectors", "RFC 8617"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let i = &facts.identities;
    let client = i.reverse_name.as_ref().or(i.helo.as_ref());
    let gateway = client.and_then(|name| receiver::of_host(&name.value)).filter(|r| r.kind == Kind::Gateway);
    let Some(gateway) = gateway else { return Verdict::NotApplicable };
    let spf = reading.reported.spf.as_ref();
    let spf_failed = spf.filter(|s| matches!(s.result.as_str(), "fail" | "softfail"));
    let dkim = &reading.reported.dkim;
    let dkim_failed = dkim.iter().find(|d| d.result == "fail").filter(|_| dkim.iter().all(|d| d.result != "pass"));
    if spf_failed.is_none() && dkim_failed.is_none() {
        return Verdict::Pass;
    }
    let domain = spf.and_then(|s| s.domain.as_deref());
    // What another known system found on the way says nothing of the gateway: the sender's own may have sealed it.
    let known = |by: &str| receiver::of_host(by).or_else(|| receiver::of_authserv_id(by));
    let its_own = |by: &str| known(by).is_none_or(|r| r.id == gateway.id);
    let spf_before = spf_failed.and(domain).and_then(|d| spf_pass_before(facts, d)).filter(|b| its_own(&b.by));
    let signed = dkim_failed.and_then(|d| d.domain.as_deref());
    let by = |field: &AuthRes| field.authserv_id.as_ref().is_none_or(|id| its_own(&id.value));
    let dkim_before = signed.and_then(|d| dkim_pass_before(facts, d)).filter(|(field, _)| by(field));
    let proof = spf_before.as_ref().map(|b| (b.span, format!("SPF passed here, for {}", b.ip)));
    let proof = proof.or_else(|| dkim_before.map(|(_, r)| (r.head, "DKIM passed here".to_owned())));
    let Some((span, label)) = proof.filter(|_| stranger::gateway(facts).is_none()) else {
        // The sender's own gateway on the way out looks the same: then its address belongs into SPF.
        return Verdict::unknown(Gap::new(
            format!("What did {} find when it took the message in?", gateway.name),
            "its Authentication-Results field, or its log",
        ));
    };
    let what = match (spf_failed.is_some(), dkim_failed.is_some()) {
        (true, true) => "SPF fails for the gateway's address and DKIM for what it changed",
        (true, false) => "SPF fails for the gateway's address",
        _ => "DKIM fails for what the gateway changed",
    };
    let failed = spf_failed.map(|s| s.span).or(dkim_failed.map(|d| d.span));
    let carried = reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "pass") || aligned::dkim(facts).is_some();
    let (severity, suffers) = match carried {
        true => (Severity::Info, "DMARC passes all the same, for a signature in From's name carries it"),
        false => (Severity::High, "so the mailbox system holds the sender responsible for the gateway"),
    };
    Finding::new(&RULE, crate::safe::clip(&format!("The mailbox judged the gateway {}, not the sender", gateway.name), 70))
        .severity(severity)
        .sure(Confidence::Likely, "the gateway's own field says that it passed; nobody vouches for that field")
        .explain(format!(
            "{} took the message in and saw it pass. Behind it {what}, {suffers}.",
            gateway.name
        ))
        .exhibit(Exhibit::input(span, label))
        .exhibits(failed.map(|span| Exhibit::input(span, "and failed here, behind the gateway")))
        .fix(
            Remedy::new("The receiving side has to tell its mailbox system about the gateway; a sender cannot cure it.")
                .step("Microsoft 365: Enhanced Filtering for Connectors (skip listing) for the gateway's addresses, or its seal as a trusted ARC sealer.")
                .step("Google Workspace: Apps, Google Workspace, Gmail, Spam: inbound gateway with the gateway's addresses.")
                .step(match facts.reading.signatures.is_empty() {
                    true => "Sender: sign with DKIM as the From domain, and send this finding to the recipient's administrator.",
                    false => "Sender: send this finding to the recipient's administrator.",
                }),
        )
        .leads_to(&[
            "forwarding-broke-spf",
            "spf-not-authorized",
            "dkim-body-hash-mismatch",
            "dkim-signature-invalid",
            "dmarc-unaligned",
            "ms-verdict-explained",
        ])
        .check("send a new message to the same mailbox", "the sender's own address in the mailbox system's results")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::content::testing::{facts_of, only};

    fn judged(client: &str, spf: &str, before: &str) -> Verdict {
        let text = format!(
            "Authentication-Results: mx.google.com; spf={spf} (google.com: 8.8.4.4) smtp.mailfrom=bounce@example.com;\r\n\
             \tdmarc=fail header.from=example.com\r\n\
             Received: from {client} ({client}. [8.8.4.4]) by mx.google.com with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
             {before}\
             Received: from a.example.com (a.example.com [8.8.8.8]) by {client} with ESMTPS id 2; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
             From: ann@example.com\r\nTo: bob@inbox.test\r\n"
        );
        judge(&facts_of(&text, InputKind::Headers))
    }

    const BEFORE: &str = "Authentication-Results: mx0a.pphosted.com; spf=pass (mx0a.pphosted.com: 8.8.8.8) smtp.mailfrom=bounce@example.com\r\n";

    #[test]
    fn it_fires_passes_is_silent_and_cannot_know() {
        let found = only(judged("mx0a-1.pphosted.com", "softfail", BEFORE));
        assert!(found.title.contains("Proofpoint") && found.exhibits.len() == 2, "{}", found.title);
        assert!(matches!(judged("mx0a-1.pphosted.com", "pass", BEFORE), Verdict::Pass));
        assert!(matches!(judged("relay.example.net", "softfail", BEFORE), Verdict::NotApplicable));
        assert!(matches!(judged("mx0a-1.pphosted.com", "softfail", ""), Verdict::Unknown(_)));
    }

    #[test]
    fn where_a_signature_carries_dmarc_it_is_a_note() {
        let signed = "dkim=pass header.d=example.com; dmarc=pass";
        let text = |dmarc: &str| {
            format!(
                "Authentication-Results: mx.google.com; spf=softfail (google.com: 8.8.4.4) smtp.mailfrom=bounce@example.com;\r\n\
                 \t{dmarc} header.from=example.com\r\n\
                 Received: from mx0a-1.pphosted.com (mx0a-1.pphosted.com. [8.8.4.4]) by mx.google.com with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
                 {BEFORE}\
                 Received: from a.example.com (a.example.com [8.8.8.8]) by mx0a-1.pphosted.com with ESMTPS id 2; Tue, 2 Jun 2026 10:00:03 +0000\r\n\
                 From: ann@example.com\r\nTo: bob@inbox.test\r\n"
            )
        };
        let found = |dmarc: &str| only(judge(&facts_of(&text(dmarc), InputKind::Headers)));
        let note = found(signed);
        assert_eq!(note.severity, Severity::Info);
        assert!(note.explanation.contains("DMARC passes all the same"), "{}", note.explanation);
        assert_eq!(found("dkim=pass header.d=example.net; dmarc=fail").severity, Severity::High);
        let text = text(signed);
        let diagnosis = crate::diagnose::judge(facts_of(&text, InputKind::Headers));
        assert_eq!(diagnosis.verdict.state, crate::rules::State::Pass, "{:?}", diagnosis.findings);
    }

    /// Exchange renames what came in.
    #[test]
    fn results_that_exchange_renamed_count_where_they_stand() {
        let renamed = BEFORE.replace("Authentication-Results:", "Authentication-Results-Original:");
        assert!(only(judged("mx0a-1.pphosted.com", "softfail", &renamed)).title.contains("Proofpoint"));
    }

    /// Proofpoint does not name the client in its results; its Received does.
    #[test]
    fn the_client_may_stand_in_the_gateways_received() {
        let quiet = "Authentication-Results-Original: ppops.net; spf=pass smtp.mailfrom=bounce@example.com\r\n";
        assert!(only(judged("mx0a-1.pphosted.com", "softfail", quiet)).exhibits[0].label.contains("8.8.8.8"));
        // Exchange Online writes a field without a client on what it sends out.
        let nobodys = quiet.replace("ppops.net", "mx.example.com");
        assert!(matches!(judged("mx0a-1.pphosted.com", "softfail", &nobodys), Verdict::Unknown(_)));
    }

    /// The sender's own mailbox system sealed the message, its own gateway signed it on the way out, and a list broke that.
    #[test]
    fn a_gateway_on_the_way_out_is_not_accused() {
        let text = "Authentication-Results: mx.lists.test; dkim=fail header.d=example.edu\r\n\
             Received: from mx0a-1.pphosted.com (mx0a-1.pphosted.com [8.8.4.4]) by mx.lists.test with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
             DKIM-Signature: v=1; a=rsa-sha256; d=example.edu; s=s1; h=from; bh=AAAA; b=AAAA\r\n\
             Received: from x.outbound.protection.outlook.com (x.outbound.protection.outlook.com [104.47.66.47]) by mx0a-1.pphosted.com with ESMTPS id 2; Tue, 2 Jun 2026 10:00:08 +0000\r\n\
             ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=example.edu; dkim=pass header.d=example.edu\r\n\
             From: ann@example.edu\r\nTo: bob@lists.test\r\n";
        assert!(matches!(judge(&facts_of(text, InputKind::Headers)), Verdict::Unknown(_)));
        // Nor where the signature is older than that seal: the gateway itself said nothing.
        let signature = "DKIM-Signature: v=1; a=rsa-sha256; d=example.edu; s=s1; h=from; bh=AAAA; b=AAAA\r\n";
        let older = text.replace(signature, "").replace("From: ann", &format!("{signature}From: ann"));
        assert!(matches!(judge(&facts_of(&older, InputKind::Headers)), Verdict::Unknown(_)));
    }
}
