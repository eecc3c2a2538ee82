//! Facts for the tests of this group, without the readers of other rooms.

use crate::evidence::{Answers, Evidence, Input, InputKind, Said};
use crate::facts::header::Header;
use crate::facts::{Facts, Reading, antispam, reported};
use crate::rules::{Finding, Verdict};
use crate::span::Span;
use std::sync::Arc;

/// Facts of a header whose antispam fields are read; `set` adds the rest.
pub fn facts(text: &str, set: impl FnOnce(&mut Reading)) -> Facts {
    let bytes: Arc<[u8]> = Arc::from(text.as_bytes());
    let header = Header::split(&bytes);
    let mut reading = Reading { antispam: antispam::read(&header, &bytes), header, ..Reading::default() };
    set(&mut reading);
    let input = Input::verbatim(bytes, InputKind::Headers);
    let evidence = Evidence {
        input: Arc::new(input),
        said: Said::default(),
        answers: Answers::new(),
        fetched: Default::default(),
        transcript: None,
        now: jiff::Timestamp::UNIX_EPOCH,
        offline: true,
    };
    Facts {
        evidence: Arc::new(evidence),
        reading: Arc::new(reading),
        identities: Default::default(),
        spf: None,
        spf_published: vec![],
        spf_survey: None,
        keys: vec![],
        verified: Vec::new(),
        chain: None,
        dmarc: Default::default(),
        alignment: Default::default(),
        reverse: None,
        helo: None,
        sources: vec![],
        mail_hosts: vec![],
        linked: Vec::new(),
        misplaced: Default::default(),
        platforms: vec![],
        missing: vec![],
        domain: Default::default(),
        errands: Vec::new(),
    }
}

/// The receiver reported that everything passed.
pub fn passed(reading: &mut Reading) {
    let span = Span::new(0, 1);
    reading.reported.spf = Some(reported::Spf {
        result: "pass".into(),
        domain: Some("example.com".into()),
        is_helo: false,
        best_guess: false,
        span,
        domain_span: None,
        comment: None,
    });
    reading.reported.dkim = vec![reported::Dkim {
        result: "pass".into(),
        domain: Some("example.com".into()),
        selector: None,
        signature_start: None,
        detail: String::new(),
        span,
        domain_span: None,
        signature: None,
    }];
    reading.reported.dmarc = Some(reported::Dmarc {
        result: "pass".into(),
        domain: Some("example.com".into()),
        disposition: None,
        policy: None,
        span,
        domain_span: None,
    });
}

/// The one finding of a verdict.
pub fn only(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Found(mut findings) if findings.len() == 1 => findings.remove(0),
        other => panic!("{other:?}"),
    }
}
