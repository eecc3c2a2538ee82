//! What a message that arrived, or a report on many, proved about the domain's mail.

use crate::diagnose::Diagnosis;
use crate::facts::report::{Content, Standing};
use serde::{Deserialize, Serialize};

/// What a receiver said of mail from the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The clock of the diagnosis.
    pub at: jiff::Timestamp,
    /// Who said so: an authserv-id, or the organization that reports.
    pub by: String,
    /// `spf=pass dkim=pass dmarc=pass`, or how many messages a report counts.
    pub words: String,
    /// SPF, DKIM and DMARC passed; of a report: all of the domain's own mail is aligned.
    pub passed: bool,
    /// Of a report, not of one message.
    pub report: bool,
}

impl Proof {
    /// What this diagnosis proves about mail from `domain`; `None` where no receiver speaks of it.
    pub fn of(d: &Diagnosis, domain: &str) -> Option<Proof> {
        Proof::of_message(d, domain).or_else(|| Proof::of_report(d, domain))
    }

    fn of_message(d: &Diagnosis, domain: &str) -> Option<Proof> {
        let reading = &d.facts.reading;
        let from = reading.from_domain().filter(|_| d.facts.evidence.input.kind.has_header())?;
        let by = reading.boundary.authserv_id.clone().filter(|_| from == domain)?;
        let reported = &reading.reported;
        let dkim = reported.dkim.iter().map(|r| r.result.as_str());
        // One good signature is enough.
        let dkim = dkim.clone().find(|r| *r == "pass").or_else(|| dkim.clone().next());
        let spf = reported.spf.as_ref().map(|r| r.result.as_str());
        let dmarc = reported.dmarc.as_ref().map(|r| r.result.as_str());
        let said = |what: &str, result: Option<&str>| format!("{what}={}", result.unwrap_or("none"));
        Some(Proof {
            at: d.facts.evidence.now,
            by,
            words: [said("spf", spf), said("dkim", dkim), said("dmarc", dmarc)].join(" "),
            passed: [spf, dkim, dmarc].iter().all(|r| *r == Some("pass")),
            report: false,
        })
    }

    fn of_report(d: &Diagnosis, domain: &str) -> Option<Proof> {
        let Content::Dmarc(report) = d.facts.reading.report.as_ref()?.content.as_ref().ok()? else { return None };
        let own = || d.facts.sources.iter().filter(|s| s.standing.is_own());
        let count: u64 = own().map(|s| s.count).sum();
        (report.policy.domain == domain && count > 0).then(|| Proof {
            at: d.facts.evidence.now,
            by: report.org.clone(),
            words: format!("a report on {count} messages of yours"),
            passed: own().all(|s| matches!(s.standing, Standing::Aligned | Standing::SpfAlone)),
            report: true,
        })
    }
}
