//! Facts for tests: example.com, whose one mail host was asked.

use crate::evidence::errand::{Brought, Errand, Step, Talk, Tls, What};
use crate::evidence::said::Wish;
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, Said};
use crate::facts::{Facts, Reading};
pub(super) use crate::rules::source::testing::only;
use crate::samples::settle;
use std::sync::Arc;

const ZONE: &str = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.25";

/// The host had a conversation in which all was well, but for what `change` does to it.
pub(super) fn told(change: impl Fn(&mut Talk)) -> Facts {
    brought(|recipients| {
        let taken = |to: &String| match to.starts_with("postdoc-probe") {
            true => (to.clone(), "550 5.1.1 User unknown".to_owned()),
            false => (to.clone(), "250 2.1.5 Ok".to_owned()),
        };
        let mut talk = Talk {
            greeting: Some("220 mx.example.com ESMTP".into()),
            extensions: vec!["PIPELINING".into(), "STARTTLS".into()],
            tls: Some(Tls { version: Some("TLSv1.3".into()), ..Tls::default() }),
            sender: Some("250 2.1.0 Ok".into()),
            recipients: recipients.iter().map(taken).collect(),
            foreign: Some("554 5.7.1 Relay access denied".into()),
            ..Talk::default()
        };
        change(&mut talk);
        What::Talk(talk)
    })
}

/// Nobody answers on port 25.
pub(super) fn unreachable() -> Facts {
    brought(|_| What::Failed { step: Step::Connect, why: "192.0.2.25 port 25: no answer within 3.0 s".into() })
}

/// The host is known, and has not been asked yet.
pub(super) fn unasked() -> Facts {
    gather(settled(ZONE, true))
}

pub(super) fn unwished() -> Facts {
    gather(settled(ZONE, false))
}

pub(super) fn null_mx() -> Facts {
    gather(settled("example.com MX 0 .", true))
}

/// STARTTLS came to no handshake.
pub(super) fn failed(step: Step, why: &str) -> Option<Tls> {
    Some(Tls { fault: Some((step, why.into())), ..Tls::default() })
}

fn brought(what: impl Fn(&[String]) -> What) -> Facts {
    let mut evidence = settled(ZONE, true);
    for errand in gather(evidence.clone()).errands {
        if let Errand::Smtp(probe) = &errand {
            let what = what(&probe.recipients);
            evidence.fetched.insert(errand, Brought { what, at: evidence.now, elapsed_ms: 0 });
        }
    }
    gather(evidence)
}

fn settled(zone: &str, probe_mx: bool) -> Evidence {
    let input = Input::read("-", &b"example.com"[..], None).unwrap();
    let said = Said { check: Wish { probe_mx, ..Wish::default() }, ..Said::default() };
    let evidence = Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), false);
    settle(evidence, &Zone::parse(zone).unwrap())
}

fn gather(evidence: Evidence) -> Facts {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    Facts::gather(Arc::new(evidence), reading)
}
