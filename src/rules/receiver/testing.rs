//! Facts for the tests of this group, without the readers of other rooms.

use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::header::Header;
use crate::facts::{Facts, Reading, antispam, reported};
use crate::span::Span;
use std::sync::Arc;

pub use crate::rules::testing::only;

/// Facts of a header whose antispam fields are read; `set` adds the rest.
pub fn facts(text: &str, set: impl FnOnce(&mut Reading)) -> Facts {
    let bytes: Arc<[u8]> = Arc::from(text.as_bytes());
    let header = Header::split(&bytes);
    let mut reading = Reading { antispam: antispam::read(&header, &bytes), header, ..Reading::default() };
    set(&mut reading);
    let input = Input::verbatim(bytes, InputKind::Headers);
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
    Facts::bare(evidence, reading)
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
