//! A diagnosis built by hand.

pub mod listen;
pub mod practice;

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
            signed: vec!["from".into(), "to".into(), "subject".into()],
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
        requirements: vec![],
        unknown: vec![Gap::dns("Does acme.example publish a DMARC policy?", &Question::new("_dmarc.acme.example", Kind::Txt))],
    }
}

/// What a small invented internet says of example.com.
pub fn checked() -> Diagnosis {
    checked_with("_dmarc.example.com 300 TXT \"v=DMARC1; p=none\"")
}

/// With a stricter policy.
pub fn cured() -> Diagnosis {
    checked_with("_dmarc.example.com 300 TXT \"v=DMARC1; p=quarantine\"")
}

pub fn checked_with(dmarc: &str) -> Diagnosis {
    checked_as(Said::default(), dmarc)
}

/// With what somebody said.
pub fn checked_as(said: Said, dmarc: &str) -> Diagnosis {
    checked_name("example.com", said, dmarc)
}

/// Of another domain: nothing is published there.
pub fn checked_name(name: &str, said: Said, dmarc: &str) -> Diagnosis {
    const ZONE: &str = r#"
        example.com 3600 NS ns1.dns.example
        example.com 3600 NS ns2.dns.example
        example.com 300 MX 10 mx1.example.com
        example.com 300 TXT "v=spf1 include:send.example ~all"
        example.com 300 TXT "some-verification=abc"
        send.example 300 TXT "v=spf1 ip4:198.51.100.0/24 ~all"
        mx1.example.com A 192.0.2.5
        5.2.0.192.in-addr.arpa PTR mx1.example.com
        _smtp._tls.example.com SERVFAIL
        ns1.dns.example A 192.0.2.53
        ns2.dns.example A 192.0.2.54
    "#;
    let zone = crate::evidence::zone::Zone::parse(&format!("{ZONE}{dmarc}")).unwrap();
    let now = "2026-05-12T14:02:00Z".parse().unwrap();
    let evidence = Evidence::new(input_of(name.as_bytes(), InputKind::Domain), said, now, false);
    let evidence = Arc::new(crate::samples::settle(evidence, &zone));
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    crate::diagnose::diagnose(evidence, reading)
}

pub fn progress(running: usize) -> Box<Progress> {
    Box::new(Progress { diagnosis: diagnosis(), running })
}

/// A check of a domain whose SPF tree has everything a tree can have.
pub fn surveyed() -> Progress {
    let zone = r#"
acme.example TXT "v=spf1 include:_spf.google.com include:spf.crm.example a:old.acme.example include:spf.crm.example exists:%{i}.allow.acme.example ip4:192.0.2.7 ip4:192.0.2.0/24 ~all ip4:203.0.113.1"
_spf.google.com TXT "v=spf1 include:_netblocks.google.com include:_netblocks2.google.com ~all"
_netblocks.google.com TXT "v=spf1 ip4:198.51.100.0/25 ~all"
_netblocks2.google.com TXT "v=spf1 ip4:198.51.100.128/25 ~all"
spf.crm.example TXT "v=spf1 include:a.crm.example include:b.crm.example ?all"
a.crm.example TXT "v=spf1 ip4:203.0.113.0/28 -all"
b.crm.example TXT "v=spf1 ip4:203.0.113.16/28 -all"
"#;
    let input = Arc::new(Input::read("acme.example", *b"acme.example", None).unwrap());
    let now = "2026-05-12T14:02:00Z".parse().unwrap();
    let evidence = Evidence::new(input, Said::default(), now, false);
    let evidence = crate::samples::settle(evidence, &crate::evidence::zone::Zone::parse(zone).unwrap());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let mut diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    // The picture is of this screen: other rules may come and go.
    diagnosis.findings.clear();
    Progress { diagnosis, running: 0 }
}

/// A domain that was checked, with DNS as the zone lines say.
pub fn of_domain(zone: &str) -> super::case::Case {
    case(input_of(b"example.com\n", InputKind::Domain), zone)
}

/// A domain with a broken SPF record, its fixes tried.
pub fn proved() -> super::case::Case {
    let zone = "
        example.com TXT \"v=spf1 ip:192.0.2.4 mx ~all\"
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.5
        mx.example.com AAAA 2001:db8::5
        5.2.0.192.in-addr.arpa PTR mx.example.com
        _dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:d@example.com\"
    ";
    let case = of_domain(zone);
    let diagnosis = case.diagnosis.map(|d| crate::replay::prove(d).diagnosis);
    super::case::Case { diagnosis, ..super::case::Case::new(case.opened) }
}

/// A DMARC report with every kind of source in it.
pub fn of_report() -> super::case::Case {
    let xml = include_bytes!("../../tests/scenarios/dmarc-report-platform-unaligned/input");
    case(input_of(xml, InputKind::Report), "_dmarc.example.com TXT \"v=DMARC1; p=none\"")
}

fn case(input: Input, zone: &str) -> super::case::Case {
    let evidence = Evidence::new(input, Said::default(), "2026-05-12T14:02:00Z".parse().unwrap(), false);
    let zone = zone::Zone::parse(zone).unwrap();
    let evidence = crate::samples::settle(evidence, &zone);
    let opened = Opened::new(evidence.input.clone(), Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    super::case::Case { diagnosis: Some(diagnosis), ..super::case::Case::new(opened) }
}

const WATCHED: &str = "
    com NS a.gtld.test
    a.gtld.test A 192.0.2.1
    acme.example SOA ns1.dns.example host.acme.example 41 7200 900 1209600 1800
    acme.example NS ns1.dns.example
    acme.example NS ns2.dns.example
    ns1.dns.example A 192.0.2.53
    ns2.dns.example A 192.0.2.54
    s1._domainkey.acme.example 3600 CNAME s1.acme.dkim.esp.example
    s1.acme.dkim.esp.example TXT \"v=DKIM1; p=KEY\"
";

/// A watch of the fix, ninety seconds on: one name server is behind, one cache was asked too early.
pub fn watched() -> Watch {
    watch_of("@192.0.2.54 s1._domainkey.acme.example NXDOMAIN", "s1._domainkey.acme.example NXDOMAIN")
}

/// The same at four name servers, two of them behind.
pub fn four() -> Watch {
    let more = "
        acme.example NS ns3.dns.example
        acme.example NS ns4.dns.example
        ns3.dns.example A 192.0.2.55
        ns4.dns.example A 192.0.2.56
    ";
    let old = |n: u8| {
        format!(
            "@192.0.2.{n} s1._domainkey.acme.example NXDOMAIN\n@192.0.2.{n} acme.example SOA ns1.dns.example host.acme.example 40 7200 900 1209600 1800\n"
        )
    };
    let world = format!("{more}{}{}", old(55), old(56));
    watch_of(&world, "s1._domainkey.acme.example NXDOMAIN")
}

/// The same when it is over.
pub fn agreed() -> Watch {
    watch_of("", "")
}

fn watch_of(servers: &str, cache: &str) -> Watch {
    let zone = |more: &str| zone::Zone::parse(&format!("{WATCHED}{more}")).unwrap();
    let (world, cache) = (zone(servers), zone(cache));
    let order = Order {
        name: "s1._domainkey.acme.example".into(),
        kind: Kind::Cname,
        expect: Expect::read(Kind::Cname, &[TARGET.to_owned()]).unwrap(),
        resolvers: vec!["192.0.2.8".into(), "192.0.2.9".into()],
        servers: vec![],
        interval: watch::INTERVAL,
        timeout: watch::TIMEOUT,
    };
    let began: jiff::Timestamp = "2026-05-12T14:02:00Z".parse().unwrap();
    let at = |seconds: u64| Moment {
        wall: began + jiff::SignedDuration::from_secs(seconds.cast_signed()),
        ticks: std::time::Duration::from_secs(seconds),
    };
    let mut watch = Watch::new(order, at(0));
    for now in (0..=90).map(at) {
        loop {
            let asks = watch.due(now);
            for ask in &asks {
                let from = if ask.resolver == 1 { &cache } else { &world };
                watch.heard(now, ask, from.answer(&ask.question, now.wall));
            }
            if asks.is_empty() {
                break;
            }
        }
    }
    watch
}

/// A bounce, without DNS.
pub fn of_bounce(text: &str) -> super::case::Case {
    let input = Input::read("bounce.eml", text.as_bytes(), None).unwrap();
    let evidence = Evidence::new(input, Said::default(), "2026-06-10T12:00:00Z".parse().unwrap(), true);
    let opened = Opened::new(evidence.input.clone(), Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    super::case::Case { diagnosis: Some(diagnosis), ..super::case::Case::new(opened) }
}

/// A signed message that was changed on the way, with the copy that was sent beside it.
pub fn beside() -> super::case::Case {
    let read = |name: &str, text: &str| Input::read(name, text.as_bytes(), Some(InputKind::Message)).unwrap();
    let input = read("arrived.eml", include_str!("../../tests/scenarios/whole-message-sent-copy/input"))
        .beside(read("sent.eml", include_str!("../../tests/scenarios/whole-message-sent-copy/sent")));
    let zone = include_str!("../../tests/scenarios/whole-message-sent-copy/zone");
    let evidence = Evidence::new(input, Said::default(), "2026-06-10T12:00:00Z".parse().unwrap(), false);
    let evidence = crate::samples::settle(evidence, &crate::evidence::zone::Zone::parse(zone).unwrap());
    let opened = Opened::new(evidence.input.clone(), Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    super::case::Case { diagnosis: Some(diagnosis), ..super::case::Case::new(opened) }
}

/// A message that the receiver's filter judged, and filters of the user's own.
pub fn opinionated() -> super::case::Case {
    use crate::evidence::errand::{Brought, Errand, Scan, Step, What};
    use crate::evidence::filters::OwnFilters;
    let text = include_str!("../../tests/scenarios/own-filters-asked/input");
    let input = Input::read("offer.eml", text.as_bytes(), Some(InputKind::Message)).unwrap();
    let (spamd, rspamd) = ("127.0.0.1:783".to_owned(), "http://127.0.0.1:11333".to_owned());
    let filters = OwnFilters { spamd: Some(spamd.clone()), rspamd: Some(rspamd.clone()) };
    let said = Said { filters, ..Said::default() };
    let mut evidence = Evidence::new(input, said.clone(), "2026-06-10T12:00:00Z".parse().unwrap(), true);
    let answer = "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.1 / 5.0\r\n\r\nSUBJ_ALL_CAPS,BAYES_99,LOCAL_OFFER".to_owned();
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let known = Facts::gather(Arc::new(evidence.clone()), reading.clone()).own_filters;
    let scan = known.iter().find_map(|o| match &o.errand {
        Errand::Rspamd(scan) => Some(scan.clone()),
        _ => None,
    });
    let scan = scan.unwrap_or(Scan { url: rspamd, ip: None, helo: None, mail_from: None });
    let silent = What::Failed { step: Step::Connect, why: "127.0.0.1 port 11333: refuses connections".into() };
    for (errand, what) in [(Errand::Spamd { at: spamd }, What::Spamd { answer }), (Errand::Rspamd(scan), silent)] {
        evidence.fetched.insert(errand, Brought { what, at: evidence.now, elapsed_ms: 9 });
    }
    let opened = Opened::new(evidence.input.clone(), said);
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    super::case::Case { diagnosis: Some(diagnosis), ..super::case::Case::new(opened) }
}

/// A message that a yes would send; `known` is the recipient.
pub fn ready(known: bool) -> super::world::Ready {
    let draft = crate::send::Draft {
        from: crate::send::mailbox("Ann <ann@acme.example>").unwrap(),
        mail_from: crate::send::address("bounce@mailer.esp.example").ok(),
        to: crate::send::address("me@gmail.example").unwrap(),
        hello: None,
        route: crate::send::Route::Via { host: "smtp.acme.example".into(), port: 587 },
        security: crate::send::Security::Starttls,
        insecure: false,
        user: Some("ann".into()),
        source: None,
        content: crate::send::Content::Test { subject: None, body: None, unsubscribe: None },
    };
    let at = "2026-05-12T14:02:00Z".parse().unwrap();
    let composed = crate::send::compose(&draft, "0123456789abcdef", at).unwrap();
    let warnings = crate::send::warnings(&draft, &composed);
    let strangers = if known { vec![] } else { vec!["me@gmail.example".to_owned()] };
    super::world::Ready {
        letters: vec![crate::send::Sealed { draft, composed }],
        warnings,
        strangers,
        login: None,
        practice: false,
    }
}

/// One test to two recipients of one's own.
pub fn two() -> super::world::Ready {
    let one = ready(true);
    let draft = one.letters[0].draft.clone();
    let other = crate::send::Draft { to: crate::send::address("me@yahoo.example").unwrap(), ..draft.clone() };
    let at = "2026-05-12T14:02:00Z".parse().unwrap();
    let letters = crate::send::copies(vec![draft, other], "0123456789abcdef", at).unwrap();
    super::world::Ready { letters, ..one }
}

/// What the settings have a name for.
pub fn saved() -> crate::config::saved::Saved {
    let text = "[servers.work]\nhost = \"smtp.acme.example\"\nuser = \"ann\"\npassword-keyring = \"mail\"\nfrom = \"Ann <ann@acme.example>\"\n\
                [servers.asks]\nhost = \"mail.acme.example:465\"\nuser = \"ann\"\n\
                [mailboxes.gmail]\nimap = \"me@gmail.example@imap.gmail.example\"\npassword-command = \"pass gmail\"\n\
                [mailboxes.yahoo]\nimap = \"imap.yahoo.example\"\nuser = \"me@yahoo.example\"\npassword-keyring = \"yahoo\"\n\
                [mailboxes.disk]\nmaildir = \"/home/me/Maildir\"\n";
    crate::config::Config::read(text).unwrap().saved()
}

/// A session that waits for its next try.
pub fn put_off() -> crate::world::send::Progress {
    use transcript::{Line, Way};
    let mut state = session(12, None);
    let greylisted = "450 4.2.0 <me@gmail.example>: Recipient address rejected: Greylisted for 300 seconds";
    let note = "put off on purpose (greylisting): try 2 of 6 follows in 301 s";
    for (at_ms, way, text) in [(180, Way::Heard, greylisted), (181, Way::Note, note)] {
        state.transcript.lines.push(Line { at_ms, way, text: text.into() });
    }
    state.waiting = Some(crate::world::send::Wait { what: "try 2 of 6".into(), until_ms: 301_181, resumes: true });
    state
}

/// A session as far as `lines` go; over where `stop` says how, or where the message was taken.
pub fn session(lines: usize, stop: Option<transcript::Stop>) -> crate::world::send::Progress {
    use transcript::{Left, Line, Security, Stage, Way};
    let began = "2026-05-12T14:02:00Z".parse().unwrap();
    let mut t = Transcript::new(began, "smtp.acme.example", Security::Starttls, false);
    t.address = "192.0.2.25:587".parse().ok();
    let words = [
        (12, Way::Note, "connected to smtp.acme.example [192.0.2.25] port 587"),
        (24, Way::Heard, "220 smtp.acme.example ESMTP \u{1b}[31mred\u{202e}"),
        (24, Way::Sent, "EHLO [192.0.2.200]"),
        (31, Way::Heard, "250-smtp.acme.example\n250-SIZE 10000000\n250 STARTTLS"),
        (31, Way::Sent, "STARTTLS"),
        (40, Way::Heard, "220 2.0.0 ready"),
        (55, Way::Note, "TLSv1.3 TLS13_AES_256_GCM_SHA384"),
        (56, Way::Sent, "AUTH PLAIN ***"),
        (90, Way::Heard, "235 2.7.0 Ok"),
        (90, Way::Sent, "MAIL FROM:<bounce@mailer.esp.example> SIZE=700"),
        (120, Way::Heard, "250 2.1.0 Ok"),
        (120, Way::Sent, "RCPT TO:<me@gmail.example>"),
        (180, Way::Heard, "550 5.1.1 <me@gmail.example>: user unknown"),
    ];
    let over = lines == words.len() || stop.is_some();
    t.lines = words
        .iter()
        .take(lines)
        .map(|(at_ms, way, text)| Line { at_ms: *at_ms, way: *way, text: (*text).into() })
        .collect();
    t.stage = if lines > 6 { Stage::Rcpt } else { Stage::Tls };
    t.left = if over && stop.is_none() { Left::Yes } else { Left::No };
    t.stop = stop;
    let wait = crate::world::send::Wait { what: "a reply to RCPT".into(), until_ms: 12_120, resumes: false };
    crate::world::send::Progress { transcript: t, waiting: (!over).then_some(wait), over }
}

/// The evidence of a message that was found in this folder.
fn arrived(folder: &crate::fetch::Folder) -> Arc<Evidence> {
    let said = Said {
        folder: Some(said::FoundIn { name: folder.name.clone(), role: folder.role, seen: true }),
        ..Said::default()
    };
    Arc::new(Evidence::new(input(), said, "2026-05-12T14:02:12Z".parse().unwrap(), true))
}

/// A fetch from four mailboxes, 42 seconds on: found, in the junk, refused, waited for.
pub fn waited() -> crate::fetch::Wait {
    use crate::evidence::said::FolderRole;
    use crate::fetch::account::Server;
    use crate::fetch::{Account, Event, Fault, Find, Folder, Opinion, Order, Place, Reason, Sought, Wait};
    use std::time::Duration;
    let names = ["me@gmail.com", "me@example.com@imap.example.com", "me@outlook.com", "me@yahoo.com"];
    let accounts = names.map(|name| Account::new(Place::Imap(Server::read(name).unwrap()))).into();
    let order =
        Order { sought: Sought::marker("7F3A-91C2").unwrap(), header_only: false, timeout: Duration::from_secs(300) };
    let mut wait = Wait::new(order, accounts, "2026-05-12T14:02:00Z".parse().unwrap());
    let junk = |name: &str| Folder { wire: name.into(), name: name.into(), role: FolderRole::Junk, all: false };
    let second = Duration::from_secs;
    for n in 0..4 {
        wait.hear(n, second(1), Event::Connected { tls: Some("TLSv1.3".into()) });
        if n != 2 {
            let folders = vec![Folder::inbox(), junk(["[Gmail]/Spam", "Junk", "", "Bulk"][n])];
            wait.hear(n, second(2), Event::Open { folders, missing: vec![], others: vec![] });
            wait.hear(n, second(3), Event::Waiting { pushed: n != 3 });
        }
    }
    wait.hear(2, second(2), Event::Failed(Fault::new(Reason::BasicOff, "LOGIN failed.")));
    wait.hear(3, second(20), Event::Others { folder: "INBOX".into(), count: 1 });
    for (n, folder, state, headline) in [
        (0, Folder::inbox(), State::Pass, "SPF, DKIM and DMARC pass."),
        (1, junk("Junk"), State::Fail, "SPF, DKIM and DMARC pass, yet it landed in the junk folder."),
    ] {
        let message = Arc::from(HEADER.as_bytes());
        let evidence = arrived(&folder);
        wait.hear(
            n,
            second(8 + 4 * n as u64),
            Event::Found(Find { folder, also: vec![], received: None, message, whole: true }),
        );
        let opinion = Opinion { state, headline: headline.into(), cause: None, case: Some("3f9c0b1a".into()) };
        wait.hear(n, second(15), Event::Judged { opinion, evidence });
    }
    wait.take_news();
    wait
}

/// The same when the time is up.
pub fn waited_in_vain() -> crate::fetch::Wait {
    let mut wait = waited();
    wait.hear(3, std::time::Duration::from_secs(300), crate::fetch::Event::Never);
    wait
}
