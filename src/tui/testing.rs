//! A diagnosis built by hand.

mod cases;
mod fetch;
pub mod listen;
pub mod practice;
mod send;
mod watches;

pub use cases::*;
pub use fetch::*;
pub use send::*;
pub use watches::*;

use super::world::Opened;
use crate::diagnose::Diagnosis;
use crate::evidence::*;
use crate::facts::address::{Address, From, Mailbox};
use crate::facts::authres::{AuthRes, MethodResult};
use crate::facts::boundary::{Boundary, Identities, Identity, MailFrom, Origin};
use crate::facts::dkim::{Key, KeyRecord, KeyState, PublicKey, Signature};
use crate::facts::header::Header;
use crate::facts::organization::{Agreement, Alignment};
use crate::facts::received::Hop;
use crate::facts::reported::{self, Reported};
use crate::facts::spf::{Branch, BranchState, Check, Node, Published, SpfResult, SpfText, Whose};
use crate::facts::{Facts, Reading};
use crate::remedy::{Change, Remedy};
use crate::rules::{Exhibit, Finding, Gap, Verdict as Judged, rule};
use crate::span::{Span, Spanned};
use crate::triage::{State, Verdict};
use crate::watch::{self, Expect, Moment, Order, Watch};
use crate::world::run::Progress;
use std::sync::Arc;

rule! {
    /// Nothing vouches for the From domain
    ///
    /// ## What we saw
    /// SPF and DKIM pass, but for other domains.
    pub UNALIGNED = "dmarc-unaligned", Dmarc, Critical, nothing, ["RFC 9989 §5.3"]
}
rule! {
    /// SPF needs too many DNS lookups
    pub LOOKUPS = "spf-too-many-lookups", Spf, Medium, nothing, ["RFC 7208 §4.6.4"]
}
rule! {
    /// A hop waited long
    pub SLOW = "slow-hop", Headers, Info, nothing, ["RFC 5321 §4.5.4.1"]
}
rule! {
    /// SPF passes for another domain
    pub SPF_UNALIGNED = "spf-unaligned", Spf, High, nothing, ["RFC 9989 §5.1.2"]
}

fn nothing(_: &Facts) -> Judged {
    Judged::NotApplicable
}

pub const HEADER: &str = "Delivered-To: test@gmail.example
Return-Path: <bounce+8842@mailer.esp.example>
Received: from out24.mailer.esp.example ([198.51.100.24])
        by mx.google.example with ESMTPS id x12si8842
        for <test@gmail.example>; Tue, 12 May 2026 07:01:44 -0700
Authentication-Results: mx.google.example;
       dkim=pass header.i=@mailer.esp.example header.s=k1;
       spf=pass smtp.mailfrom=bounce+8842@mailer.esp.example;
       dmarc=fail (p=QUARANTINE dis=QUARANTINE) header.from=acme.example
Received: from app01.acme.example (app01.acme.example [10.2.0.7])
        by out24.mailer.esp.example with ESMTPSA; Tue, 12 May 2026 13:57:15 +0000
From: Acme Billing <billing@acme.example>
Subject: Invoice 8842
DKIM-Signature: v=1; a=rsa-sha256; d=mailer.esp.example; s=k1;
 h=from:to:subject; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=Zk3vQm1xT0pY
";

/// The span of the n-th occurrence of `word`.
fn at(word: &str, n: usize) -> Span {
    let (start, _) = HEADER.match_indices(word).nth(n).unwrap();
    Span::new(start, start + word.len())
}

fn spanned(word: &str, n: usize) -> Spanned<String> {
    Spanned::new(word.to_owned(), at(word, n))
}

pub fn input() -> Input {
    input_of(HEADER.as_bytes(), InputKind::Headers)
}

pub fn input_of(bytes: &[u8], kind: InputKind) -> Input {
    Input::read("pasted header", bytes, Some(kind)).unwrap()
}

pub fn opened() -> Opened {
    Opened::new(input(), Said::default())
}

pub fn reading() -> Reading {
    let text = HEADER.as_bytes();
    let address = Address {
        local: "billing".into(),
        domain: "acme.example".into(),
        span: at("billing@acme.example", 0),
        domain_span: at("acme.example", 3),
    };
    let believed = AuthRes {
        authserv_id: Some(spanned("mx.google.example", 1)),
        results: vec![MethodResult { method: "dmarc".into(), result: "fail".into(), ..Default::default() }],
        ..Default::default()
    };
    let hop = |ip: &str, helo: &str, by: &str, tls: Option<&str>, delay_ms, n| Hop {
        field: if n == 0 { 4 } else { 2 },
        span: at(if n == 0 { "from app01.acme.example" } else { "from out24.mailer.esp.example" }, 0),
        helo: Some(spanned(helo, 0)),
        ip: Some(Spanned::new(ip.parse().unwrap(), at(ip, 0))),
        by: Some(spanned(by, 0)),
        tls: tls.map(str::to_owned),
        at: Some("2026-05-12T14:01:44Z".parse().unwrap()),
        delay_ms,
        ..Default::default()
    };
    Reading {
        header: Header::split(text),
        from: From {
            field: Some(5),
            mailboxes: vec![Mailbox {
                display: "Acme Billing".into(),
                address: Some(address),
                span: at("Acme Billing <billing@acme.example>", 0),
            }],
            problems: vec![],
        },
        hops: vec![
            hop("10.2.0.7", "app01.acme.example", "out24.mailer.esp.example", None, None, 0),
            hop("198.51.100.24", "out24.mailer.esp.example", "mx.google.example", Some("TLSv1.3"), Some(269_000), 1),
        ],
        authres: vec![believed],
        boundary: Boundary {
            authserv_id: Some("mx.google.example".into()),
            receiver: Some("gmail".into()),
            believed: vec![0],
            because: "It is the topmost.".into(),
            hop: Some(1),
            ..Default::default()
        },
        reported: Reported {
            spf: Some(reported::Spf {
                result: "pass".into(),
                domain: Some("mailer.esp.example".into()),
                is_helo: false,
                best_guess: false,
                span: at("spf=pass", 0),
                domain_span: None,
                comment: None,
            }),
            dkim: vec![reported::Dkim {
                result: "pass".into(),
                domain: Some("mailer.esp.example".into()),
                selector: Some("k1".into()),
                signature_start: None,
                detail: String::new(),
                span: at("dkim=pass", 0),
                domain_span: None,
                signature: Some(0),
            }],
            dmarc: Some(reported::Dmarc {
                result: "fail".into(),
                domain: Some("acme.example".into()),
                disposition: Some("quarantine".into()),
                policy: Some("quarantine".into()),
                span: at("dmarc=fail", 0),
                domain_span: None,
            }),
            ..Default::default()
        },
        signatures: vec![Signature {
            field: 7,
            domain: Some(spanned("mailer.esp.example", 5)),
            selector: Some(Spanned::new("k1".into(), at("s=k1", 1))),
            algorithm: Some(spanned("rsa-sha256", 0)),
            signed: "from:to:subject".into(),
            canonicalization: ("simple".into(), "simple".into()),
            signature: "Zk3vQm1xT0pY".into(),
            body_hash: "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=".into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn spf_tree() -> Node {
    let branch = |text: &str, state, cost, total, below| Branch {
        text: text.to_owned(),
        span: Span::default(),
        state,
        cost,
        total,
        question: None,
        owner: None,
        twin: None,
        below,
    };
    let below = Node {
        domain: "_spf.esp.example".into(),
        outcome: Some(Outcome::Records),
        ttl: Some(300),
        record: Some("v=spf1 ip4:198.51.100.0/24 -all".into()),
        terms: vec![branch("ip4:198.51.100.0/24", BranchState::Matched(SpfResult::Pass), 0, 1, None)],
    };
    Node {
        domain: "mailer.esp.example".into(),
        outcome: Some(Outcome::Records),
        ttl: Some(3600),
        record: Some("v=spf1 include:_spf.esp.example ~all".into()),
        terms: vec![
            branch("include:_spf.esp.example", BranchState::Matched(SpfResult::Pass), 1, 1, Some(Box::new(below))),
            branch("~all", BranchState::NotReached, 0, 1, None),
        ],
    }
}

pub fn facts() -> Facts {
    let evidence = Evidence::new(input(), Said::default(), "2026-05-12T14:02:00Z".parse().unwrap(), false);
    let source = "198.51.100.24".parse().unwrap();
    Facts {
        identities: Identities {
            mail_from: Some(Identity {
                value: MailFrom::Path { local: Some("bounce+8842".into()), domain: "mailer.esp.example".into() },
                origin: Origin::ReturnPath,
                span: None,
            }),
            source_ip: Some(Identity { value: source, origin: Origin::Received, span: None }),
            ..Default::default()
        },
        spf: Some(Check {
            ip: source,
            domain: "mailer.esp.example".into(),
            sender: "bounce+8842@mailer.esp.example".into(),
            is_helo: false,
            result: Some(SpfResult::Pass),
            matched: Some("ip4:198.51.100.0/24".into()),
            lookups: 1,
            void_lookups: 0,
            explanation: None,
            problem: None,
            tree: Some(spf_tree()),
            missing: vec![],
            failed: None,
        }),
        spf_published: vec![Published {
            whose: Whose::From,
            domain: "acme.example".into(),
            outcome: Some(Outcome::Records),
            records: vec![SpfText {
                text: "v=spf1 include:_spf.google.example ~all".into(),
                index: 0,
                record: None,
                problems: vec![],
            }],
            sender_id: vec![],
            almost: vec![],
            check: None,
        }],
        keys: vec![Key {
            signature: Some(0),
            name: "k1._domainkey.mailer.esp.example".into(),
            state: KeyState::Found(vec![KeyRecord {
                index: 0,
                text: "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".into(),
                strings: vec![255, 155],
                key_type: "rsa".into(),
                flags: vec![],
                services: vec![],
                hashes: vec![],
                public: PublicKey::Rsa { bits: 2048 },
                key: vec![],
                p: None,
                problems: vec![],
            }]),
        }],
        alignment: Alignment {
            spf: Some(Agreement::None),
            dkim: Some(Agreement::None),
            signatures: vec![Some(Agreement::None)],
            dmarc: Some(false),
            ..Default::default()
        },
        ..Facts::bare(evidence, reading())
    }
}

pub const TARGET: &str = "s1.acme.dkim.esp.example";

pub fn diagnosis() -> Diagnosis {
    let question = Question::new("acme.example", Kind::Txt);
    let fix = Remedy::new("Publish the key under acme.example and sign with d=acme.example.")
        .record(Change::cname("s1._domainkey.acme.example", TARGET))
        .step("At the ESP: Domain settings, custom DKIM domain, acme.example.");
    let mut unaligned = Finding::new(&UNALIGNED, "DKIM signs as mailer.esp.example, not acme.example")
        .explain("The signature is valid, but it is the ESP's. DMARC only counts a signature whose d= is in the same organization as From: (acme.example).")
        .sure(crate::rules::Confidence::Certain, "both domains are in the header")
        .exhibit(Exhibit::input(at("mailer.esp.example", 2), "signed as this domain"))
        .exhibit(Exhibit::input(at("acme.example", 3), "the reader sees this one"))
        .fix(fix)
        .check("dig +short CNAME s1._domainkey.acme.example", format!("{TARGET}."));
    unaligned.consequences.push(
        Finding::new(&SPF_UNALIGNED, "SPF cannot align: Return-Path is mailer.esp.example")
            .explain("The bounce domain is the ESP's.")
            .exhibit(Exhibit::input(at("bounce+8842@mailer.esp.example", 0), "bounces go here")),
    );
    let lookups = Finding::new(&LOOKUPS, "acme.example SPF costs 11 DNS lookups, the limit is 10")
        .explain("Receivers stop counting at ten.")
        .exhibit(Exhibit::dns(&question, "v=spf1 include:_spf.google.example ~all", Some(Span::new(7, 34)), "costs 4"))
        .fix(Remedy::new("Drop what is not used.").record(Change::txt(
            "acme.example",
            &["v=spf1 include:_spf.google.example include:old.example ~all"],
            &["v=spf1 include:_spf.google.example ~all"],
        )));
    let slow = Finding::new(&SLOW, "One hop waited 4 min 29 s").explain("Greylisting, perhaps.");
    Diagnosis {
        facts: facts(),
        verdict: Verdict {
            state: State::Fail,
            headline: "DMARC fails: SPF and DKIM both pass, but for mailer.esp.example. The reader sees acme.example, and nothing vouches for that name.".into(),
            cause: Some(&UNALIGNED),
        },
        findings: vec![unaligned, lookups, slow],
        passed: vec![&SPF_UNALIGNED],
        undecided: vec![],
        unknown: vec![Gap::dns("Does acme.example publish a DMARC policy?", &Question::new("_dmarc.acme.example", Kind::Txt))],
    }
}

pub fn progress(running: usize) -> Box<Progress> {
    Box::new(Progress { diagnosis: diagnosis(), running })
}
