//! Cases of every kind of input, with the world they live in.

use super::*;

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
pub fn of_domain(zone: &str) -> crate::tui::case::Case {
    case(input_of(b"example.com\n", InputKind::Domain), zone)
}

/// A domain with a broken SPF record, its fixes tried.
pub fn proved() -> crate::tui::case::Case {
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
    crate::tui::case::Case { diagnosis, ..crate::tui::case::Case::new(case.opened) }
}

/// A DMARC report with every kind of source in it.
pub fn of_report() -> crate::tui::case::Case {
    let xml = include_bytes!("../../../tests/scenarios/dmarc-report-platform-unaligned/input");
    case(input_of(xml, InputKind::Report), "_dmarc.example.com TXT \"v=DMARC1; p=none\"")
}

fn case(input: Input, zone: &str) -> crate::tui::case::Case {
    let evidence = Evidence::new(input, Said::default(), "2026-05-12T14:02:00Z".parse().unwrap(), false);
    let zone = zone::Zone::parse(zone).unwrap();
    let evidence = crate::samples::settle(evidence, &zone);
    let opened = Opened::new(evidence.input.clone(), Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    crate::tui::case::Case { diagnosis: Some(diagnosis), ..crate::tui::case::Case::new(opened) }
}

/// A bounce, without DNS.
pub fn of_bounce(text: &str) -> crate::tui::case::Case {
    let input = Input::read("bounce.eml", text.as_bytes(), None).unwrap();
    let evidence = Evidence::new(input, Said::default(), "2026-06-10T12:00:00Z".parse().unwrap(), true);
    let opened = Opened::new(evidence.input.clone(), Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    crate::tui::case::Case { diagnosis: Some(diagnosis), ..crate::tui::case::Case::new(opened) }
}

/// A signed message that was changed on the way, with the copy that was sent beside it.
pub fn beside() -> crate::tui::case::Case {
    let read = |name: &str, text: &str| Input::read(name, text.as_bytes(), Some(InputKind::Message)).unwrap();
    let input = read("arrived.eml", include_str!("../../../tests/scenarios/whole-message-sent-copy/input"))
        .beside(read("sent.eml", include_str!("../../../tests/scenarios/whole-message-sent-copy/sent")));
    let zone = include_str!("../../../tests/scenarios/whole-message-sent-copy/zone");
    let evidence = Evidence::new(input, Said::default(), "2026-06-10T12:00:00Z".parse().unwrap(), false);
    let evidence = crate::samples::settle(evidence, &crate::evidence::zone::Zone::parse(zone).unwrap());
    let opened = Opened::new(evidence.input.clone(), Said::default());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    crate::tui::case::Case { diagnosis: Some(diagnosis), ..crate::tui::case::Case::new(opened) }
}

/// A message that the receiver's filter judged, and filters of the user's own.
pub fn opinionated() -> crate::tui::case::Case {
    use crate::evidence::errand::{Brought, Errand, Scan, Step, What};
    use crate::evidence::filters::OwnFilters;
    let text = include_str!("../../../tests/scenarios/own-filters-asked/input");
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
    crate::tui::case::Case { diagnosis: Some(diagnosis), ..crate::tui::case::Case::new(opened) }
}
