//! What is known of one signature apart from its key: the receiver's verdict on it, whether it
//! speaks for the From domain, and whether another one makes up for it.

use super::failure::Failure;
use crate::facts::Facts;
use crate::facts::arc::Set;
use crate::facts::arc::verify::ChainResult;
use crate::facts::arc::word::{self, Word};
use crate::facts::dkim::{DkimResult, Hash, Signature, Verification};
use crate::facts::organization::{self, Agreement};
use crate::facts::reported::Dkim;
use crate::rules::{Confidence, Finding, Severity};
use crate::span::Span;
use smallvec::{SmallVec, smallvec};

/// Signatures and results looked at; receivers give up long before (RFC 6376 §8.4).
const MOST: usize = 64;

/// The signatures of the message with their index.
pub(super) fn signatures(facts: &Facts) -> impl Iterator<Item = (usize, &Signature)> {
    facts.reading.signatures.iter().enumerate().take(MOST)
}

/// The receiver's results for DKIM.
pub(super) fn reports(facts: &Facts) -> impl Iterator<Item = &Dkim> {
    facts.reading.reported.dkim.iter().take(MOST)
}

/// One signature, in the light of the receiver's report.
pub(super) struct Standing<'f> {
    facts: &'f Facts,
    /// `None` where only the report is at hand.
    pub(super) signature: Option<&'f Signature>,
    pub(super) reports: SmallVec<[&'f Dkim; 2]>,
    /// What we found of it ourselves.
    pub(super) found: Option<&'f Verification>,
    /// The same, where the receiver says nothing of it.
    pub(super) verified: Option<&'f Verification>,
    /// Does `d=` agree with From? `None` where either is unknown.
    pub(super) aligned: Option<bool>,
    /// Another signature, aligned with From, passed.
    pub(super) rescued: bool,
}

impl<'f> Standing<'f> {
    /// The standing of [`crate::facts::Reading::signatures`]`[index]`.
    pub(super) fn of(facts: &'f Facts, index: usize) -> Standing<'f> {
        let signature = facts.reading.signatures.get(index);
        let reports: SmallVec<[&Dkim; 2]> = reports(facts).filter(|r| r.signature == Some(index)).collect();
        let found = facts.verified.iter().find(|v| v.signature == index);
        let verified = found.filter(|_| reports.is_empty());
        let agreement = facts.alignment.signatures.get(index).copied().flatten();
        Standing {
            facts,
            signature,
            reports,
            found,
            verified,
            aligned: agreement.map(|a| a != Agreement::None),
            rescued: rescued(facts, |r| r.signature == Some(index)) || verifies(facts, index),
        }
    }

    /// The standing of a signature that only the receiver speaks of.
    pub(super) fn reported(facts: &'f Facts, report: &'f Dkim) -> Standing<'f> {
        if let Some(index) = report.signature {
            return Standing::of(facts, index);
        }
        Standing {
            facts,
            signature: None,
            reports: smallvec![report],
            found: None,
            verified: None,
            aligned: report.domain.as_deref().and_then(|d| aligned(facts, d)),
            rescued: rescued(facts, |r| std::ptr::eq(r, report)),
        }
    }

    /// The signed fields are as they were, and the body is not: whatever words the receiver has for it, it can only
    /// mean the body.
    pub(super) fn only_the_body(&self) -> bool {
        self.found.is_some_and(|v| v.header_hash == Hash::Match && v.body_hash == Hash::Mismatch)
    }

    /// The key in DNS made it, and the signed fields are as they were; of the body nothing is known.
    pub(super) fn header_holds(&self) -> bool {
        self.found.is_some_and(|v| v.header_hash == Hash::Match && v.body_hash == Hash::Unknown)
    }

    pub(super) fn body_holds(&self) -> bool {
        self.found.is_some_and(|v| v.body_hash == Hash::Match)
    }

    pub(super) fn domain(&self) -> Option<&'f str> {
        let signed = self.signature.and_then(|s| s.domain.as_ref()).map(|d| d.value.as_str());
        signed.or_else(|| self.reports.iter().find_map(|r| r.domain.as_deref()))
    }

    pub(super) fn selector(&self) -> Option<&'f str> {
        let signed = self.signature.and_then(|s| s.selector.as_ref()).map(|s| s.value.as_str());
        signed.or_else(|| self.reports.iter().find_map(|r| r.selector.as_deref()))
    }

    /// `example.com (selector s1)`, as far as known.
    pub(super) fn who(&self) -> String {
        match (self.domain(), self.selector()) {
            (Some(d), Some(s)) => format!("{d} (selector {s})"),
            (Some(d), None) => d.to_owned(),
            _ => "an unnamed domain".to_owned(),
        }
    }

    /// The receiver accepted it; where it says nothing, it verifies here.
    pub(super) fn passed(&self) -> bool {
        let verifies = self.verified.is_some_and(|v| v.result == Some(DkimResult::Pass));
        verifies || self.accepted()
    }

    /// The receiver itself accepted it.
    pub(super) fn accepted(&self) -> bool {
        self.reports.iter().any(|r| r.result == "pass")
    }

    /// The receiver rejected it, and why.
    pub(super) fn failure(&self) -> Option<(&'f Dkim, Failure)> {
        if self.passed() {
            return None;
        }
        let ed25519 = self.is_ed25519();
        let read = |failure| if ed25519 && failure == Failure::NoKey { Failure::Algorithm } else { failure };
        self.reports.iter().find_map(|r| Some((*r, read(Failure::of(r)?))))
    }

    /// Made with an algorithm that not every receiver knows (RFC 8463).
    pub(super) fn is_ed25519(&self) -> bool {
        let algorithm = self.signature.and_then(|s| s.algorithm.as_ref());
        algorithm.is_some_and(|a| a.value.starts_with("ed25519"))
    }

    /// It fits the key in DNS and the message at hand, whatever a receiver said.
    pub(super) fn verifies_here(&self) -> bool {
        self.found.is_some_and(|v| v.result == Some(DkimResult::Pass))
    }

    /// The severity of a fault of this signature: less where mail does not depend on it.
    pub(super) fn weigh(&self, usual: Severity) -> Severity {
        let most = if self.passed() || self.rescued {
            Severity::Low
        } else if self.aligned == Some(false) {
            if dmarc_passes(self.facts) { Severity::Low } else { Severity::Medium }
        } else if dmarc_passes(self.facts) {
            Severity::High
        } else {
            Severity::Critical
        };
        usual.min(most)
    }

    /// Nothing depends on it: another signature speaks for From, or this one never did and DMARC
    /// passes without it.
    pub(super) fn harmless(&self) -> bool {
        self.rescued || (self.aligned == Some(false) && dmarc_passes(self.facts))
    }

    /// Why [`Standing::weigh`] lowered it, as a sentence for the explanation.
    pub(super) fn mitigation(&self) -> &'static str {
        if self.accepted() {
            " The receiver accepted this signature when the mail came, so this is a note about what DNS says now."
        } else if self.passed() {
            " The signature verifies all the same, checked here; what the receiver made of it is not known."
        } else if self.rescued {
            " Another signature in the name of the From domain passed, so this mail does not depend on it."
        } else if self.aligned == Some(false) {
            " This signature is not in the name of the From domain, so DMARC does not count it either way."
        } else if dmarc_passes(self.facts) {
            " DMARC passes all the same, through SPF; a forwarded copy would not."
        } else {
            ""
        }
    }

    /// Consequences that this fault alone brings about.
    pub(super) fn consequences(&self) -> &'static [&'static str] {
        let costs = self.aligned == Some(true) && !self.passed() && !self.rescued && !dmarc_passes(self.facts);
        if costs { &["dmarc-unaligned"] } else { &[] }
    }

    /// Severity, explanation and consequences of a finding about this signature.
    pub(super) fn apply(&self, finding: Finding) -> Finding {
        let severity = self.weigh(finding.severity);
        let mitigation = if severity < finding.severity { self.mitigation() } else { "" };
        let explanation = format!("{}{mitigation}", finding.explanation);
        finding.severity(severity).explain(explanation).leads_to(self.consequences())
    }

    /// How sure a fault is that today's DNS shows, `confirming` being the words with which a
    /// receiver would have reported it.
    pub(super) fn sure_by_dns(&self, finding: Finding, confirming: &[Failure]) -> Finding {
        match self.failure() {
            Some((_, failure)) if confirming.contains(&failure) => {
                finding.sure(Confidence::Certain, "the receiver reported it, and DNS still says so")
            }
            Some(_) => finding.sure(Confidence::Likely, "the receiver rejected the signature, and DNS says this now"),
            None if self.accepted() => {
                finding.sure(Confidence::Possible, "DNS says this now; the receiver accepted the signature then")
            }
            None => {
                finding.sure(Confidence::Likely, "DNS says this now; no receiver's verdict on the signature is at hand")
            }
        }
    }
}

/// What a mailing list or forwarder has to do with a failure.
pub(super) enum Relay {
    /// None had the message.
    Nobody,
    /// One had it before the receiver checked it; its mark.
    Before(Span),
    /// The server that checked it sent it on, and may have looked after its own changes.
    Checker,
}

/// What a mailing list or forwarder has to do with this failure: a chain of seals that holds tells it better than marks.
pub(super) fn relay(facts: &Facts, found: Option<&Verification>) -> Relay {
    let sealed =
        found.filter(|_| facts.chain == Some(ChainResult::Pass)).map(|v| (v, word::of(&facts.reading, v.signature)));
    match sealed {
        // It left the sender's servers whole.
        Some((_, Word { passed: Some(set), .. })) if is_handed_on(facts, set) => {
            let name = || set.results.as_ref().and_then(|r| r.authserv_id.as_ref()).map(|id| id.span);
            if let Some(mark) = facts.reading.relay_mark().or_else(name).or(set.seal) {
                return Relay::Before(mark);
            }
        }
        Some((v, Word { failed: Some(_), .. })) if is_at_home(facts, v) => return Relay::Nobody,
        _ => {}
    }
    let lists = &facts.reading.lists;
    match facts.reading.relay_mark() {
        Some(mark) => Relay::Before(mark),
        None if lists.list_manager.is_empty() && lists.forwarder.is_empty() => Relay::Nobody,
        None => Relay::Checker,
    }
}

/// Did another's server have it after this one? The receiver seals what it takes in as well.
fn is_handed_on(facts: &Facts, set: &Set) -> bool {
    let (Some(results), Some(sealer)) = (&set.results, &set.sealer) else { return false };
    let mut above = facts.reading.hops.iter().filter(|hop| hop.field < results.field).filter_map(|hop| hop.by.as_ref());
    above.any(|by| !organization::same_by_list(&by.value, sealer))
}

/// Could only servers of the signer's own organization have changed it?
fn is_at_home(facts: &Facts, found: &Verification) -> bool {
    let signer = facts.reading.signatures.get(found.signature).and_then(|s| s.domain.as_ref());
    let mut could = found.altered.iter().flat_map(|a| a.hop.iter().chain(&a.could)).peekable();
    could.peek().is_some() && could.all(|name| signer.is_some_and(|d| organization::same_by_list(name, &d.value)))
}

/// Said of a failure that only the relaying server reports, and what settles it.
pub(super) const CHECKER: &str = " The server that checked it is itself a mailing list's or a forwarder's, and may have looked after its own changes.";
pub(super) const ASK_ANOTHER: &str = "First send the same message to a mailbox that no list is before: if it says dkim=pass there, the list's server is at fault, and nothing of yours.";

/// Does DMARC pass, by the receiver or by our own reckoning? `dmarc=none` is no failure: the
/// receiver found no record to judge by.
pub(super) fn dmarc(facts: &Facts) -> Option<bool> {
    match facts.reading.reported.dmarc.as_ref().map(|d| d.result.as_str()) {
        Some("pass" | "bestguesspass") => Some(true),
        Some("fail") => Some(false),
        _ => facts.alignment.dmarc,
    }
}

/// Does DMARC surely pass?
pub(super) fn dmarc_passes(facts: &Facts) -> bool {
    dmarc(facts) == Some(true)
}

/// Is `domain` of the organization of From (RFC 9989 §5.3, relaxed)?
pub(super) fn aligned(facts: &Facts, domain: &str) -> Option<bool> {
    let from = facts.reading.from_domain()?;
    Some(organization::agree(from, domain, &facts.alignment.organizations) != Agreement::None)
}

fn rescued(facts: &Facts, this: impl Fn(&Dkim) -> bool) -> bool {
    reports(facts).filter(|r| r.result == "pass" && !this(r)).any(|r| {
        let signature = r.signature.and_then(|n| facts.alignment.signatures.get(n).copied().flatten());
        match signature {
            Some(agreement) => agreement != Agreement::None,
            None => r.domain.as_deref().and_then(|d| aligned(facts, d)) == Some(true),
        }
    })
}

/// Does a signature other than this one, of the organization of From, verify here? Only of those the
/// receiver says nothing of.
fn verifies(facts: &Facts, this: usize) -> bool {
    let silent = |n: usize| reports(facts).all(|r| r.signature != Some(n));
    let passed = |v: &&Verification| v.signature != this && v.result == Some(DkimResult::Pass) && silent(v.signature);
    let agreement = |n: usize| facts.alignment.signatures.get(n).copied().flatten();
    facts.verified.iter().filter(passed).any(|v| agreement(v.signature).is_some_and(|a| a != Agreement::None))
}
