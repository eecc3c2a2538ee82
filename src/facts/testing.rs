//! Facts for tests that set the few they are about.

use super::{Facts, Reading};
use crate::evidence::Evidence;
use std::sync::{Arc, OnceLock};

impl Facts {
    /// A reading of this evidence, with nothing worked out.
    pub(crate) fn bare(evidence: Evidence, reading: Reading) -> Facts {
        Facts {
            evidence: Arc::new(evidence),
            reading: Arc::new(reading),
            identities: Default::default(),
            spf: None,
            trial: None,
            spf_published: Vec::new(),
            spf_survey: None,
            keys: Vec::new(),
            verified: Vec::new(),
            chain: None,
            dmarc: Default::default(),
            alignment: Default::default(),
            reverse: None,
            helo: None,
            mail_hosts: Vec::new(),
            linked: Vec::new(),
            own_filters: Vec::new(),
            local_delivery: Vec::new(),
            misplaced: Default::default(),
            platforms: Vec::new(),
            sources: Vec::new(),
            domain: Default::default(),
            legs: OnceLock::new(),
            rounds: Default::default(),
            missing: Vec::new(),
            errands: Vec::new(),
        }
    }
}
