//! What if: a message of the new domain, once everything is published.

use super::checklist::{State, Step};
use super::desk::Desk;
use super::told::Server;
use crate::diagnose::diagnose;
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::Reading;
use crate::knowledge::{Platform, platform};
use crate::remedy::Change;
use crate::replay::replay;
use std::sync::Arc;

/// A message that is planned, and what it would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// `from 192.0.2.4, bounces to example.com, signed as example.com`
    pub what: String,
    pub spf: Outcome,
    pub dkim: Outcome,
    pub dmarc: Outcome,
}

/// What a check would say; `Unknown` where it rests on what nobody at hand can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Pass,
    Fail,
    Unknown,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
        }
    }

    fn of(passed: Option<bool>) -> Outcome {
        match passed {
            Some(true) => Outcome::Pass,
            Some(false) => Outcome::Fail,
            None => Outcome::Unknown,
        }
    }
}

/// One message from each own server, and one through each platform.
pub(super) fn planned(desk: &Desk, changes: &[Change], steps: &[Step]) -> Vec<Planned> {
    if desk.told.silent {
        return Vec::new();
    }
    // A key that is published, or is about to be with nothing left to fill in.
    let signed = |id: &str| {
        steps.iter().find(|s| s.id == id).is_some_and(|s| match s.state {
            State::Done | State::Waiting => true,
            State::ToDo => !s.changes.is_empty() && s.blanks().is_empty(),
            State::Unknown | State::Skipped => false,
        })
    };
    let servers = desk.told.servers.iter().map(|s| one(desk, changes, signed(&desk.told.own_key()), Way::Server(s)));
    let platforms = desk.told.platforms.iter().filter_map(|id| platform::find(id));
    servers.chain(platforms.map(|p| one(desk, changes, signed(&format!("dkim:{}", p.id)), Way::Platform(p)))).collect()
}

/// Through whom it goes.
enum Way<'a> {
    Server(&'a Server),
    Platform(&'a Platform),
}

fn one(desk: &Desk, changes: &[Change], signed: bool, way: Way) -> Planned {
    let domain = desk.domain;
    let bounce = desk.told.bounce.as_deref().unwrap_or(domain);
    let server = match way {
        Way::Server(server) => Some(server),
        Way::Platform(_) => None,
    };
    let received = server.map_or(String::new(), |Server { ip, name }| {
        let name = name.as_deref().unwrap_or("unknown");
        let ip = if ip.is_ipv6() { format!("IPv6:{ip}") } else { ip.to_string() };
        format!("Return-Path: <planned@{bounce}>\r\nReceived: from {name} ({name} [{ip}]) by mx.receiver.invalid with ESMTPS id 1;\r\n\tMon, 1 Jun 2026 10:00:00 +0000\r\n")
    });
    let header = format!("{received}From: <planned@{domain}>\r\nSubject: planned\r\n\r\n");
    let what = match way {
        Way::Server(Server { ip, .. }) => format!("from {ip}, bounces to {bounce}, signed as {domain}"),
        Way::Platform(platform) => format!("through {}, signed as {domain}", platform.name),
    };
    let unknown = Planned { what, spf: Outcome::Unknown, dkim: Outcome::Unknown, dmarc: Outcome::Unknown };
    let Ok(input) = Input::read("planned", header.into_bytes(), Some(InputKind::Headers)) else { return unknown };
    let said = Said::default();
    let reading = Arc::new(Reading::read(&input, &said));
    let old = &desk.facts().evidence;
    let evidence = Evidence { answers: old.answers.clone(), ..Evidence::new(input, said, old.now, old.offline) };
    let before = diagnose(Arc::new(evidence), reading);
    let after = replay(&before, changes, signed.then_some(domain)).after;
    let legs = after.facts.legs();
    let dkim = legs.dkim.iter().find(|l| l.domain == domain).and_then(|l| l.passed);
    Planned {
        spf: server.map_or(Outcome::Unknown, |_| Outcome::of(legs.spf.as_ref().and_then(|l| l.passed))),
        dkim: if signed { Outcome::of(dkim) } else { Outcome::Unknown },
        dmarc: match after.facts.alignment.dmarc {
            // Without a policy there is no verdict.
            _ if after.facts.dmarc.record().is_none() => Outcome::Unknown,
            Some(false) if !signed => Outcome::Unknown,
            verdict => Outcome::of(verdict),
        },
        ..unknown
    }
}
