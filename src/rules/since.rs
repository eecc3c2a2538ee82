//! What failed when the message came, and passes by today's DNS: cured since, or not visible then.

use super::Severity;
use crate::facts::Facts;
use crate::facts::organization::Agreement;
use crate::facts::spf::SpfResult;

/// The receiver saw SPF fail; by today's DNS the same server passes for the same domain.
pub(super) fn spf_passes_now(facts: &Facts) -> bool {
    let failed = facts.reading.reported.spf.as_ref().is_some_and(|s| {
        s.best_guess || matches!(s.result.as_str(), "fail" | "softfail" | "neutral" | "none" | "permerror")
    });
    failed && facts.spf.as_ref().is_some_and(|c| c.result == Some(SpfResult::Pass))
}

/// And that is all DMARC needs: the domain SPF passes for is aligned with From.
pub(super) fn dmarc_passes_now(facts: &Facts) -> bool {
    let strict = facts.dmarc.record().is_some_and(|r| r.aspf_strict);
    let aligned = match facts.alignment.spf {
        Some(Agreement::Strict) => true,
        Some(Agreement::Relaxed) => !strict,
        _ => false,
    };
    aligned && spf_passes_now(facts)
}

/// A fault of a message that would pass today is worth a warning at most.
pub(super) fn lowered(facts: &Facts, severity: Severity) -> Severity {
    if dmarc_passes_now(facts) { severity.min(Severity::Medium) } else { severity }
}
