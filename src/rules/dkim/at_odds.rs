//! Where the receiver and we differ: it rejected a signature that verifies here, or saw none where one is.

use super::dkim_signature_invalid::RULE;
use super::failure::Failure;
use super::standing::{self, Standing};
use crate::facts::Facts;
use crate::facts::reported::Dkim;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity};

/// The receiver rejected it, and with the key in DNS now it fits the message at hand: neither of the two is to be mended.
pub(super) fn contradicted(report: &Dkim, standing: &Standing, failure: Failure) -> Finding {
    let fix = Remedy::new("Leave key and signer as they are, and send a new message to the same receiver");
    // No key and no field of the header is in the hash of a body (RFC 6376 §3.7).
    let (so, fix) = if failure == Failure::BodyHash {
        (
            "The body here has the signed hash: the receiver checked another one, after something of its own (a gateway, a scanner) had changed it, or this is not the copy that it checked.",
            fix.step("If it fails again: ask the receiver's administrator what handles a message before it is checked, or compare with the message as it lies in that mailbox."),
        )
    } else {
        (
            "Checked here, with the key that DNS has now, it fits the message as it arrived: nothing that it covers was changed, and the key is its partner. So the receiver had another key from DNS, or reads the message in another way, as some do where a field stands twice or one was added.",
            fix.step("If the key was changed since, there is nothing more to do.")
                .step("If it fails again: ask each name server of the domain for the key, and look whether all say the same.")
                .step("Look for fields that stand twice, or that somebody on the way added."),
        )
    };
    let finding = Finding::new(&RULE, "The receiver rejected a signature that verifies here")
        .severity(Severity::Medium)
        .sure(Confidence::Likely, "the receiver reported a failure; here the signature was checked with today's key")
        .explain(format!("The receiver rejected the signature of {}. {so}", standing.who()))
        .exhibit(Exhibit::input(report.span, "rejected"))
        .exhibits(
            standing
                .signature
                .and_then(|s| s.selector.as_ref())
                .map(|s| Exhibit::input(s.span, "fits the key of this selector")),
        )
        .fix(fix);
    let finding = standing.apply(finding);
    let severity = if standing.harmless() { Severity::Info } else { finding.severity };
    finding.severity(severity).check("send a new message to the same receiver", "dkim=pass")
}

/// The receiver's word that there is no signature, where one in the name of From's organization verifies here and is older
/// than that word.
pub(super) fn unseen<'f>(facts: &'f Facts, standing: &Standing) -> Option<&'f Dkim> {
    let older = |report: &&Dkim| standing.signature.is_some_and(|s| s.span.start > report.span.start);
    let verifies = standing.verifies_here() && standing.aligned == Some(true);
    let mut reports = standing::reports(facts).filter(|_| verifies);
    let first = reports.next().filter(older)?;
    (first.result == "none" && reports.all(|report| report.result == "none")).then_some(first)
}

pub(super) fn overlooked(facts: &Facts, report: &Dkim, standing: &Standing) -> Finding {
    let fails = standing::dmarc(facts) == Some(false);
    Finding::new(&RULE, "The receiver checked no DKIM signature, and there is one")
        .severity(if fails { Severity::High } else { Severity::Info })
        .sure(Confidence::Likely, "the receiver wrote dkim=none; the signature was checked here")
        .explain(format!(
            "The receiver wrote dkim=none, though the signature of {} stands below its field and fits the message. It was put on after the check, or this receiver does not check signatures on this way in.",
            standing.who()
        ))
        .exhibit(Exhibit::input(report.span, "no signature, it says"))
        .exhibits(standing.signature.map(|s| Exhibit::input(s.span, "this one verifies")))
        .fix(
            Remedy::new("Leave signer and key as they are: ask the receiver's administrator why its check saw no signature")
                .step("Mail that comes in over a gateway, a relay or a connector may be checked without DKIM, or before something puts the signature on."),
        )
        .leads_to(if fails { &["dmarc-unaligned"] } else { &[] })
        .check("send a new message to the same receiver", "dkim=pass")
}
