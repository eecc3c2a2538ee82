//! Facts for tests: example.com, checked with a wish in an invented DNS.

use crate::evidence::errand::{Brought, Errand, What};
use crate::evidence::said::Sending;
pub(super) use crate::evidence::said::Wish;
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, Said};
use crate::facts::{Facts, Reading};
pub(super) use crate::rules::source::testing::only;
use crate::samples::settle;
use std::sync::Arc;

/// Blocklists are wished for.
pub(super) fn lists() -> Wish {
    Wish { blocklists: true, ..Wish::default() }
}

/// As [`lists`], with an address that sends.
pub(super) fn sender(ip: &str) -> Wish {
    Wish { ips: vec![ip.parse().unwrap()], ..lists() }
}

pub(super) fn rdap() -> Wish {
    Wish { rdap: true, ..Wish::default() }
}

pub(super) fn checked(wish: Wish, zone: &str) -> Facts {
    let evidence = settle(evidence(wish), &Zone::parse(zone).unwrap());
    gather(evidence)
}

/// The registry has answered.
pub(super) fn registry(status: u16, body: &str) -> Facts {
    let mut evidence = evidence(rdap());
    let what = What::Page { status, content_type: None, location: None, body: body.into() };
    let errand = Errand::Https { url: "https://rdap.org/domain/example.com".into(), follow: true };
    evidence.fetched.insert(errand, Brought { what, at: evidence.now, elapsed_ms: 0 });
    gather(settle(evidence, &Zone::default()))
}

/// The user states something of how he sends.
pub(super) fn stated(set: impl FnOnce(&mut Sending)) -> Facts {
    let mut evidence = Evidence { offline: true, ..evidence(Wish::default()) };
    set(&mut evidence.said.sending);
    gather(evidence)
}

fn evidence(check: Wish) -> Evidence {
    let input = Input::read("-", &b"example.com"[..], None).unwrap();
    let now = "2026-06-10T12:00:00Z".parse().unwrap();
    Evidence::new(input, Said { check, ..Said::default() }, now, false)
}

fn gather(evidence: Evidence) -> Facts {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Facts::gather(Arc::new(evidence), reading)
}
