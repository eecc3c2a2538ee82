//! Every story handed on with stand-ins: the same verdict and findings, and nothing of whom it is about.

use super::{evidence, stories};
use postdoc::evidence::case::Case;
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Input, InputKind, Said};
use postdoc::redact;
use postdoc::samples::settle;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the stories name: domains for examples, persons and machines in their header.
fn planted(text: &str) -> BTreeSet<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let words = text.split(|c| !part(c)).map(|w| w.trim_matches(['.', '-']).to_ascii_lowercase());
    let reserved = |w: &String| {
        ["example.com", "example.net", "example.org"].iter().any(|e| w.ends_with(e)) || w.ends_with(".example")
    };
    words.filter(reserved).filter_map(|w| psl::domain_str(&w).map(str::to_owned)).collect()
}

#[test]
fn a_redacted_story_has_the_same_verdict_and_names_nobody() {
    let mut wrong = String::new();
    for story in stories() {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        let evidence = evidence(&story);
        let case = Case::new(&evidence, true);
        let redacted = redact::case(&case).unwrap_or_else(|e| panic!("{name}: {e}"));
        if let Some(how) = redacted.differs {
            wrong += &format!("{name}: {how}\n");
        }
        // The stranger that mail hosts are asked about is nobody's.
        let written = redacted.case.write().to_ascii_lowercase().replace("postdoc-probe@example.net", "");
        for domain in planted(&case.write()) {
            let whole = |at: &usize| !written[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
            if let Some(at) = written.match_indices(&domain).map(|(at, _)| at).find(whole) {
                let near: String = written[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
                wrong += &format!("{name}: {domain} after {near:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Somebody in particular, wherever a name, an address or a token can stand.
const MESSAGE: &str = "Delivered-To: petra.leserin@kundenfirma.ch\r
Return-Path: <bounces+7654321-ab12-petra.leserin=kundenfirma.ch@em77.acme-shop.de>\r
Received: from out9.acme-shop.de (out9.acme-shop.de [93.184.216.77]) by mx.google.com with ESMTPS id queue8secret77;\r
        Tue, 09 Jun 2026 10:00:03 -0700 (PDT)\r
Received: from OTTOS-LAPTOP (unknown [10.44.7.19]) by out9.acme-shop.de with ESMTPSA id innersecret99;\r
        Tue, 09 Jun 2026 17:00:01 +0000\r
ARC-Authentication-Results: i=1; mx.google.com; dkim=fail header.i=@acme-shop.de header.s=acmekey26 header.b=Zk3vQm1x\r
Authentication-Results: mx.google.com;\r
       dkim=fail header.i=@acme-shop.de header.s=acmekey26 header.b=Zk3vQm1x;\r
       spf=softfail (google.com: domain of transitioning bounces+7654321-ab12-petra.leserin=kundenfirma.ch@em77.acme-shop.de does not designate 93.184.216.77 as permitted sender) smtp.mailfrom=\"bounces+7654321-ab12-petra.leserin=kundenfirma.ch@em77.acme-shop.de\";\r
       dmarc=fail (p=REJECT sp=REJECT dis=QUARANTINE) header.from=news.acme-shop.de\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=acme-shop.de; s=acmekey26; i=otto.absender@acme-shop.de;\r
        h=from:to:subject; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=Zk3vQm1xT0pY\r
From: \"Otto Absender\" <otto.absender@News.Acme-Shop.de>\r
Reply-To: =?utf-8?B?SsO8cmdlbiBHZWhlaW0=?= <geheim@acme-shop.de>\r
To: Petra Leserin <petra.leserin@kundenfirma.ch>\r
Subject: Rechnung 4711 fuer Petra\r
Message-ID: <unique.4711.token@acme-shop.de>\r
References: <earlier.0815@kundenfirma.ch>\r
List-Id: Acme Kundenbrief <brief.acme-shop.de>\r
List-Unsubscribe: <https://click.acme-shop.de/u/empfaengertoken31337>\r
Feedback-ID: fruehling26:acmekunde:acme-shop.de\r
X-Campaign: fruehling26\r
X-Customer-Number: kd-998877\r
X-SG-EID: ZWluZ2VoZWltZXNUb2tlbg12345\r
X-Mailer: Hausmailer 3 (otto@acme-shop.de)\r
X-Originating-IP: [10.44.7.19]\r
Date: Tue, 09 Jun 2026 17:00:01 +0000\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/html\r
\r
<a href=\"https://click.acme-shop.de/r/empfaengertoken31337\">https://www.kundenfirma.ch/</a> Otto Absender, Weg 5, 12345 Musterstadt\r
--b\r
Content-Type: application/pdf; name=\"Rechnung-Petra.pdf\"\r
Content-Disposition: attachment; filename=\"Rechnung-Petra.pdf\"\r
\r
x\r
--b--\r
";

const ZONE: &str = r#"
    acme-shop.de TXT "v=spf1 ip4:93.184.0.0/17 include:_spf.acme-shop.de include:sendgrid.net ~all"
    acme-shop.de TXT "google-site-verification=GSVgeheim123"
    acme-shop.de SOA ns1.acme-shop.de otto\.absender.acme-shop.de 7 7200 900 1209600 60
    acme-shop.de NS ns1.acme-shop.de
    acme-shop.de MX 10 mx1.acme-shop.de
    mx1.acme-shop.de A 93.184.216.25
    ns1.acme-shop.de A 93.184.216.53
    _spf.acme-shop.de TXT "v=spf1 ip4:93.184.220.1 -all"
    em77.acme-shop.de CNAME u7654321.wl123.sendgrid.net
    u7654321.wl123.sendgrid.net TXT "v=spf1 -all"
    sendgrid.net TXT "v=spf1 ip4:167.89.0.0/17 ~all"
    acmekey26._domainkey.acme-shop.de TXT "v=DKIM1; p="
    _dmarc.acme-shop.de TXT "v=DMARC1; p=reject; rua=mailto:dmarc-otto@acme-shop.de,mailto:rua@auswertung-gmbh.at"
    77.216.184.93.in-addr.arpa PTR out9.acme-shop.de
    out9.acme-shop.de A 93.184.216.77
"#;

const TRANSCRIPT: &str = r#"{
    "began": "2026-06-09T10:00:00Z", "host": "smtp.acme-shop.de", "address": "93.184.216.77:587", "security": "starttls",
    "direct": false, "own": "93.184.216.99", "tls": null, "left": "no", "stage": "rcpt",
    "lines": [
        { "at_ms": 3, "way": "note", "text": "connected to smtp.acme-shop.de [93.184.216.77] port 587" },
        { "at_ms": 9, "way": "sent", "text": "EHLO OTTOS-LAPTOP.acme-shop.de" },
        { "at_ms": 12, "way": "sent", "text": "RCPT TO:<petra.leserin@kundenfirma.ch>" }
    ],
    "stop": { "because": "refused", "reply": "550 5.1.1 <petra.leserin@kundenfirma.ch>: no such user at 93.184.216.77" }
}"#;

const FETCHED: &str = r#"{"errand": {"errand": "https", "url": "https://mta-sts.acme-shop.de/.well-known/mta-sts.txt", "follow": false}, "brought": {"what": "page", "status": 200, "content_type": "text/plain", "body": "version: STSv1\nmode: enforce\nmx: mx1.acme-shop.de\nmax_age: 604800\n", "at": "2026-06-10T12:00:00Z", "elapsed_ms": 120}}
{"errand": {"errand": "smtp", "host": "mx1.acme-shop.de", "ip": "93.184.216.25", "recipients": ["petra.leserin@acme-shop.de"]}, "brought": {"what": "talk", "greeting": "220 mx1.acme-shop.de ESMTP", "extensions": ["SIZE 1000"], "tls": null, "sender": "250 ok", "recipients": [["petra.leserin@acme-shop.de", "550 5.1.1 no petra.leserin here"]], "broke": null, "at": "2026-06-10T12:00:00Z", "elapsed_ms": 120}}"#;

const PLANTED: &[&str] = &[
    "petra",
    "leserin",
    "kundenfirma",
    "acme",
    "otto",
    "absender",
    "7654321",
    "93.184.",
    "216.184.93",
    "10.44.7.19",
    "queue8secret",
    "innersecret",
    "SsO8cmdlbi",
    "geheim",
    "4711",
    "0815",
    "kundenbrief",
    "empfaengertoken",
    "fruehling",
    "kd-998877",
    "ZWluZ2Vo",
    "rechnung",
    "musterstadt",
    "auswertung",
    "laptop",
    "fall-otto",
];

/// Everything that can be read in a case, also what is encoded.
fn legible(case: &Case) -> String {
    let written = case.write();
    let mut all = written.to_lowercase();
    for word in written.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))).filter(|w| w.len() >= 16) {
        use base64::Engine as _;
        let decoded = base64::engine::general_purpose::STANDARD.decode(word).unwrap_or_default();
        all += &String::from_utf8_lossy(&decoded).to_lowercase();
    }
    all
}

fn tells(case: &Case, planted: &[&str]) -> Vec<String> {
    let all = legible(case);
    let near =
        |at: usize| all[all.floor_char_boundary(at.saturating_sub(40))..all.ceil_char_boundary(at + 40)].to_owned();
    planted.iter().filter_map(|word| Some(near(all.find(&word.to_lowercase())?))).collect()
}

fn settled(input: Input, said: Said) -> Evidence {
    let evidence = Evidence {
        fetched: super::fetched(FETCHED),
        transcript: Some(Arc::new(serde_json::from_str(TRANSCRIPT).unwrap())),
        ..Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), false)
    };
    settle(evidence, &Zone::parse(ZONE).unwrap())
}

#[test]
fn a_redacted_case_holds_none_of_what_was_planted() {
    let mut said =
        Said { ip: Some("93.184.216.77".parse().unwrap()), helo: Some("OTTOS-LAPTOP".into()), ..Said::default() };
    said.configured.from = Some("otto.absender@acme-shop.de".into());
    said.configured.selector = Some("acmekey26".into());
    said.check.recipients = vec!["petra.leserin@kundenfirma.ch".into()];
    for keep_body in [false, true] {
        let input = Input::read("/home/otto/fall-otto.eml", MESSAGE.as_bytes(), None).unwrap();
        let evidence = settled(input, said.clone());
        let mut case = Case::new(&evidence, keep_body);
        // An earlier run knows names of its own.
        let mut earlier = case.runs[0].clone();
        earlier.said.helo = Some("mail.kundenfirma.ch".into());
        case.runs.insert(0, earlier);
        assert!(tells(&case, PLANTED).len() > 20, "there is something to hide");
        let redacted = redact::case(&case).unwrap();
        assert_eq!(redacted.differs, None);
        assert_eq!(tells(&redacted.case, PLANTED), [""; 0]);
        // The order of names is as it was: From below the signer's domain, which is the zone's.
        let text = redacted.case.input.text.clone().unwrap();
        let domain = text.split("d=").nth(1).unwrap().split(';').next().unwrap().to_owned();
        assert!(text.contains(&format!("news.{domain}")) && domain.ends_with(".de"), "{text}");
        assert!(redacted.case.runs[0].answers.iter().any(|a| a.question.name == format!("_dmarc.{domain}")));
    }
}

#[test]
fn a_packed_report_is_redacted_inside() {
    use base64::Engine as _;
    use std::io::Write as _;
    let xml = "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>Kundenfirma AG</org_name>\
        <email>petra.leserin@kundenfirma.ch</email><report_id>geheim4711</report_id>\
        <date_range><begin>1780963200</begin><end>1781049599</end></date_range></report_metadata>\
        <policy_published><domain>acme-shop.de</domain><p>none</p></policy_published>\
        <record><row><source_ip>93.184.216.77</source_ip><count>40</count>\
        <policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>\
        <identifiers><envelope_to>kundenfirma.ch</envelope_to><header_from>news.acme-shop.de</header_from></identifiers>\
        <auth_results><dkim><domain>acme-shop.de</domain><selector>acmekey26</selector><result>fail</result></dkim>\
        <spf><domain>em77.acme-shop.de</domain><result>fail</result></spf></auth_results></record></feedback>";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(xml.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let lines: Vec<String> = base64::engine::general_purpose::STANDARD
        .encode(&packed)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let mail = format!(
        "From: petra.leserin@kundenfirma.ch\r\nTo: otto@acme-shop.de\r\n\
        Subject: Report Domain: acme-shop.de Submitter: kundenfirma.ch Report-ID: <geheim4711>\r\nMIME-Version: 1.0\r\n\
        Content-Type: application/gzip; name=\"kundenfirma.ch!acme-shop.de!1.xml.gz\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    );
    for bytes in [xml.as_bytes().to_vec(), packed, mail.into_bytes()] {
        let input = Input::read("report", bytes, None).unwrap();
        let evidence = settled(input, Said::default());
        let case = Case::new(&evidence, true);
        assert_eq!(case.input.kind, InputKind::Report);
        let redacted = redact::case(&case).unwrap();
        assert_eq!(redacted.differs, None);
        assert_eq!(tells(&redacted.case, PLANTED), [""; 0]);
    }
}
