//! What is published already and wrong: mended as `fix` mends it, and what no record cures is not handed out.

use super::*;

/// The texts of the SPF step's record; none where none is proposed.
fn spf(zone: &str, told: &Told) -> Vec<String> {
    let list =
        checklist(&format!("{NEW}\nacme.example MX 10 mta.acme.example\nmta.acme.example A 192.0.2.4\n{zone}"), told);
    let step = step(&list, "spf");
    assert_eq!(step.state, State::ToDo, "{step:#?}");
    step.changes.iter().flat_map(|c| &c.after).map(ToString::to_string).collect()
}

#[test]
fn a_record_that_would_still_be_an_error_is_not_handed_out() {
    let told = own_server();
    // Only the owner knows the address, and which of the two is meant: blanks.
    assert_eq!(spf("acme.example TXT \"v=spf1 a ip: -all\"", &told), ["\"v=spf1 a ip4:<address> ip4:192.0.2.4 -all\""]);
    let twice =
        spf("acme.example TXT \"v=spf1 redirect=a.example redirect=b.example\"\na.example TXT \"v=spf1 -all\"", &told);
    assert!(matches!(&twice[..], [one] if one.contains('<') && one.contains("ip4:192.0.2.4")), "{twice:?}");
    // Too many look-ups: the server's own term cures nothing.
    let includes: String = (0..11).map(|n| format!(" include:i{n}.example")).collect();
    let below: String = (0..11).map(|n| format!("\ni{n}.example TXT \"v=spf1 ip4:198.51.100.{n} -all\"")).collect();
    let zone = format!("{NEW}\nacme.example TXT \"v=spf1{includes} ~all\"{below}");
    let list = checklist(&zone, &told);
    let crowded = step(&list, "spf");
    assert!(crowded.state == State::ToDo && crowded.changes.is_empty(), "{crowded:#?}");
    assert!(crowded.rules.contains(&"spf-too-many-lookups"), "{crowded:#?}");
    assert!(crowded.actions.iter().any(|a| a.contains("Then add ip4:192.0.2.4")), "{crowded:#?}");
    assert!(!list.changes(true).iter().any(|c| c.after.iter().any(|d| d.to_string().contains("v=spf1"))));
}

#[test]
fn what_records_cure_is_cured_with_the_servers_in_it() {
    let told = own_server();
    for (record, want) in [
        ("\\\"v=spf1 ip4:198.51.100.9 -all\\\"", "\"v=spf1 ip4:198.51.100.9 ip4:192.0.2.4 -all\""),
        ("v=spf1 ip:198.51.100.9 -all", "\"v=spf1 ip4:198.51.100.9 ip4:192.0.2.4 -all\""),
        // Nobody would be left without the server.
        ("v=spf1 include:none.example -all", "\"v=spf1 ip4:192.0.2.4 -all\""),
        ("v=spf1 +all", "\"v=spf1 ip4:192.0.2.4 ~all\""),
        ("v=spf1 ip4:198.51.100.9 all mx", "\"v=spf1 ip4:198.51.100.9 mx ~all\""),
        // The host is listed already, once the record counts.
        ("v=spf1 mx ip:198.51.100.9 ~all", "\"v=spf1 mx ip4:198.51.100.9 ~all\""),
    ] {
        let zone = format!("acme.example TXT \"{record}\"");
        assert_eq!(spf(&zone, &told), [want], "{record}");
    }
}

#[test]
fn a_bounce_domain_with_a_broken_record_gets_no_second_fault() {
    let told = Told { bounce: Some("bounce.acme.example".into()), ..own_server() };
    let bounce = |record: &str| {
        let list = checklist(
            &format!("{NEW}\nbounce.acme.example MX 10 mta.acme.example\nbounce.acme.example TXT \"{record}\""),
            &told,
        );
        step(&list, "return-path:own").clone()
    };
    let broken = bounce("v=spf1 ip: -all");
    assert!(broken.changes.is_empty() && broken.actions[0].contains("Put it right first"), "{broken:#?}");
    assert_eq!(bounce("v=spf1 -all").changes[0].after[0].to_string(), "\"v=spf1 ip4:192.0.2.4 -all\"");
}

#[test]
fn a_malformed_policy_refuses_nothing() {
    let raise = |record: &str| {
        let list = checklist(&format!("{NEW}\n_dmarc.acme.example TXT \"{record}\""), &Told::default());
        (step(&list, "dmarc").clone(), step(&list, "dmarc-raise").clone())
    };
    let (record, refuses) = raise("v=DMARC1; p=reject; rua=mailto:d@acme.example");
    assert_eq!((record.state, refuses.state), (State::Done, State::Done));
    assert!(refuses.proof[1].contains("by the record alone"), "{refuses:#?}");
    let (record, refuses) = raise("v=DMARC1; p=reject; rua=d@acme.example");
    assert!(record.state == State::ToDo && record.rules.contains(&"dmarc-record-malformed"), "{record:#?}");
    assert!(refuses.state == State::Waiting && refuses.actions[0].contains("[dmarc]"), "{refuses:#?}");
    // Two faults of one record are mended in one.
    let (record, _) = raise("v=DMARC1; p=quarantine; pct=20");
    let after: Vec<String> = record.changes.iter().flat_map(|c| &c.after).map(ToString::to_string).collect();
    assert_eq!(after, ["\"v=DMARC1; p=none; rua=mailto:dmarc@acme.example\""], "{record:#?}");
}

#[test]
fn a_report_address_is_mended_in_one_step_alone() {
    let zone = format!(
        "{NEW}\nacme.example MX 10 mta.acme.example\nmta.acme.example A 192.0.2.4\n_smtp._tls.acme.example TXT \"v=TLSRPTv1; rua=tls@acme.example\""
    );
    let list = checklist(&zone, &own_server());
    let reports: Vec<String> =
        step(&list, "tls-rpt").changes.iter().flat_map(|c| &c.after).map(ToString::to_string).collect();
    assert_eq!(reports, ["\"v=TLSRPTv1; rua=mailto:tls@acme.example\""], "the owner's address stays");
    assert!(!step(&list, "mta-sts").changes.iter().any(|c| c.name.starts_with("_smtp")));
}

#[test]
fn a_weak_key_is_no_key_to_begin_with() {
    let told = Told { platforms: vec!["altcraft".into()], selectors: vec!["ak".into()], ..Told::default() };
    let key = |p: &str| {
        let text = format!("v=DKIM1; k=rsa; p={p}");
        let (first, rest) = text.split_at(200);
        let list = checklist(&format!("{NEW}\nak._domainkey.acme.example TXT \"{first}\" \"{rest}\""), &told);
        step(&list, "dkim:altcraft").clone()
    };
    assert_eq!(key(crate::facts::dkim::samples::RSA_2048).state, State::Done);
    let weak = key(crate::facts::dkim::samples::RSA_1024);
    assert!(weak.state == State::ToDo && weak.rules.contains(&"dkim-key-weak"), "{weak:#?}");
}

#[test]
fn a_server_that_makes_its_own_key_needs_no_second_one() {
    let told = Told { platforms: vec!["gomail".into()], key: None, ..own_server() };
    let list = checklist(NEW, &told);
    assert!(!list.steps.iter().any(|s| s.id == "dkim:own"));
    assert_eq!(state(&list, "dkim:gomail"), State::ToDo);
    let key = format!(
        "{NEW}\nmail._domainkey.acme.example TXT \"v=DKIM1; k=rsa; p={}\" \"{}\"",
        &crate::facts::dkim::samples::RSA_2048[..200],
        &crate::facts::dkim::samples::RSA_2048[200..]
    );
    let list = checklist(&key, &told);
    assert_eq!(list.mail[0].dkim, mail::Outcome::Pass, "{:?}", list.mail);
    // A key of one's own beside it was asked for; with AKMTA it is the only one.
    for told in [Told { selector: Some("s7".into()), ..told.clone() }, Told { platforms: vec!["akmta".into()], ..told }]
    {
        assert_eq!(state(&checklist(NEW, &told), "dkim:own"), State::ToDo);
    }
}

#[test]
fn authorities_that_may_not_issue_are_told() {
    let told = Told { platforms: vec!["gomail".into()], ..own_server() };
    let caa = |record: &str| {
        let list = checklist(&format!("{NEW}\nmta.acme.example A 192.0.2.4\n{record}"), &told);
        (step(&list, "caa").clone(), step(&list, "certificate").clone())
    };
    let (caa_step, certificate) = caa("acme.example CAA 0 issue \"digicert.com\"");
    assert_eq!((caa_step.state, certificate.state), (State::ToDo, State::ToDo));
    let after: Vec<String> = caa_step.changes[0].after.iter().map(ToString::to_string).collect();
    assert_eq!(after, ["0 issue \"digicert.com\"", "0 issue \"letsencrypt.org\""]);
    for fine in ["acme.example CAA 0 issue \"letsencrypt.org\"", ""] {
        assert_eq!(caa(fine).0.state, State::Done, "{fine}");
    }
}

#[test]
fn a_token_that_is_mistyped_is_named() {
    let list = checklist(
        &format!("{NEW}\nacme.example TXT \"goodle-site-verification=abc\"\nacme.example TXT \"site=1\""),
        &own_server(),
    );
    let told: Vec<&String> = step(&list, "verification").actions.iter().filter(|a| a.contains("mistyped")).collect();
    assert!(matches!(&told[..], [one] if one.contains("goodle") && one.contains("Google")), "{told:?}");
}

#[test]
fn an_address_in_place_of_another_is_no_alias() {
    let told = Told { tracking: vec![told::Host::read("click.acme.example=192.0.2.99").unwrap()], ..own_server() };
    let beside = |zone: &str| {
        let list = checklist(&format!("{NEW}\n{zone}"), &told);
        step(&list, "tracking:click.acme.example").actions.iter().any(|a| a.contains("alias stands alone"))
    };
    assert!(!beside("click.acme.example A 192.0.2.98"));
    assert!(beside("click.acme.example CNAME other.example\nother.example A 192.0.2.98"));
}

#[test]
fn a_host_that_takes_nothing_is_no_mail_host() {
    use crate::evidence::errand::{Brought, Errand, Talk, What};
    let told = Told { probe_mx: true, ..own_server() };
    let d = checked(&format!("{NEW}\nacme.example MX 10 mta.acme.example\nmta.acme.example A 192.0.2.4"), &told);
    let mut evidence = Evidence::clone(&d.facts.evidence);
    for errand in d.facts.errands.iter().filter(|e| matches!(e, Errand::Smtp(_))) {
        let Errand::Smtp(probe) = errand else { continue };
        let denied = |to: &String| (to.clone(), format!("554 5.7.1 <{to}>: Relay access denied"));
        let talk = Talk {
            greeting: Some("220 mta".into()),
            extensions: vec!["STARTTLS".into()],
            sender: Some("250 Ok".into()),
            recipients: probe.recipients.iter().map(denied).collect(),
            ..Talk::default()
        };
        evidence.fetched.insert(errand.clone(), Brought { what: What::Talk(talk), at: evidence.now, elapsed_ms: 0 });
    }
    let d = diagnose(Arc::new(evidence), d.facts.reading.clone());
    let finding = d.every_finding().find(|f| f.rule.id == "mx-missing-or-invalid").unwrap();
    assert_eq!(finding.title, "mta.acme.example takes no mail for acme.example");
    let list = Checklist::of(&d, &told);
    assert_eq!(state(&list, "mx"), State::ToDo);
    let role = step(&list, "role-mailboxes");
    assert!(role.state == State::Unknown && role.proof[0].contains("was asked"), "{role:#?}");
    let rows = crate::report::records::rows(&d);
    let mx = rows.iter().find(|r| r.subject == crate::report::records::Subject::Mx).unwrap();
    assert!(matches!(mx.standing, crate::report::records::Standing::Found(_)), "{mx:?}");
}
