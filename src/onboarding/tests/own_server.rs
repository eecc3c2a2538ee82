//! An own server, its key and its names.

use super::*;

#[test]
fn an_own_server_from_nothing_to_done() {
    let told = own_server();
    let list = checklist(NEW, &told);
    for id in ["host:192.0.2.4", "ptr:192.0.2.4", "spf", "dkim:own", "dmarc", "mx"] {
        assert_eq!(state(&list, id), State::ToDo, "{id}: {:?}", step(&list, id));
    }
    assert!(!list.is_ready());
    let [mail] = &list.mail[..] else { panic!("{:?}", list.mail) };
    assert_eq!((mail.spf, mail.dkim, mail.dmarc), (mail::Outcome::Pass, mail::Outcome::Pass, mail::Outcome::Pass));
    let needed: Vec<Change> = list.steps.iter().filter(|s| !s.optional).flat_map(|s| s.changes.clone()).collect();
    let blanks: Vec<String> = needed.iter().flat_map(Change::blanks).collect();
    assert!(blanks.is_empty(), "{blanks:?}");
    let zone = published(NEW, &super::merge::all(&needed));
    assert!(zone.contains("acme.example TXT \"v=spf1 ip4:192.0.2.4 ~all\""), "{zone}");
    assert!(zone.contains("acme.example MX 10 mta.acme.example"), "{zone}");
    let list = checklist(&zone, &told);
    let open: Vec<_> =
        list.steps.iter().filter(|s| s.stage == Stage::Records && !s.optional && s.state != State::Done).collect();
    assert!(open.is_empty() && list.is_ready(), "{open:#?}");
    assert!(list.steps.iter().filter(|s| s.state == State::Done).all(|s| !s.proof.is_empty()), "each with its answer");
    assert_eq!(state(&list, "dmarc-raise"), State::Waiting);
    // The rest makes it safer; nothing of it is in the way.
    let policy = step(&list, "mta-sts");
    assert!(policy.optional && policy.actions[0].contains("mx: mta.acme.example\nmax_age"), "{policy:?}");
}

#[test]
fn hosts_prove_themselves_when_they_are_visited() {
    use crate::evidence::errand::{Brought, Errand, Step as Failed, What};
    let told = Told {
        https: true,
        tracking: ["click.acme.example=192.0.2.2", "open.acme.example=192.0.2.3"]
            .map(|t| told::Host::read(t).unwrap())
            .into(),
        ..own_server()
    };
    let zone =
        format!("{NEW}\nmta.acme.example A 192.0.2.4\nclick.acme.example A 192.0.2.2\nopen.acme.example A 192.0.2.3");
    let d = checked(&zone, &told);
    let mut evidence = Evidence::clone(&d.facts.evidence);
    let page = |status| What::Page { status, content_type: None, location: None, body: String::new() };
    let wrong = What::Failed { step: Failed::CertificateName, why: "the certificate is for other.example".into() };
    let https = |host: &str| crate::facts::domain::names::front_page(host);
    let brought = [
        (https("click.acme.example"), page(404)),
        (https("open.acme.example"), wrong),
        (Errand::Http { host: "mta.acme.example".into() }, page(200)),
    ];
    assert!(brought.iter().all(|(errand, _)| d.facts.errands.contains(errand)), "{:?}", d.facts.errands);
    let at = jiff::Timestamp::UNIX_EPOCH;
    evidence.fetched.extend(brought.map(|(errand, what)| (errand, Brought { what, at, elapsed_ms: 1 })));
    let list = Checklist::of(&diagnose(Arc::new(evidence), d.facts.reading.clone()), &told);
    assert_eq!(state(&list, "tls:click.acme.example"), State::Done, "any answer shows the certificate");
    assert_eq!(state(&list, "tls:open.acme.example"), State::ToDo);
    assert_eq!(state(&list, "certificate"), State::Done, "{:?}", step(&list, "certificate"));
    // Nothing is visited unless it is wished for.
    let quiet = checked(&zone, &Told { https: false, ..told });
    assert!(!quiet.facts.errands.iter().any(|e| e.place().contains("acme.example/") || e.place().contains("port 80")));
}

#[test]
fn two_keys_never_share_a_selector() {
    let told = Told { platforms: vec!["sendgrid".into()], key: None, ..own_server() };
    assert_eq!(told.selector(), "mta1", "s1 is SendGrid's");
    let list = checklist(NEW, &told);
    assert_eq!(step(&list, "dkim:own").changes[0].name, "mta1._domainkey.acme.example");
    let clash = checklist(NEW, &Told { selector: Some("s1".into()), ..told });
    let own = step(&clash, "dkim:own");
    assert!(own.changes.is_empty() && own.actions[0].contains("Twilio SendGrid stands at the selector s1"), "{own:?}");
}

/// What an older guide told to publish for an own server.
const OLD_GUIDE: &str = "
    mta.acme.example A 192.0.2.4
    4.2.0.192.in-addr.arpa PTR mta.acme.example
    acme.example MX 10 mta.acme.example
    acme.example TXT \"v=spf1 include:elsewhere.example -all\"
    acme.example TXT \"spf2.0/pra ip4:192.0.2.4 ~all\"
    elsewhere.example TXT \"v=spf1 ip4:198.51.100.9 -all\"
    _dmarc.acme.example TXT \"v=DMARC1; p=reject; sp=reject; rua=mailto:report@acme.example\"
";

#[test]
fn a_key_in_the_wrong_form_is_put_right_as_it_is() {
    let ssh = "AAAAB3NzaC1yc2EAAAADAQABAAABAQDLWvAVr5k+4nneMRKhUeb/yGjRBlpGu9CLXx4LJJb1dUZeNWBCbjpjN0P5hlXD3tyml8aBJdHWtudeBvauUmxoxIfrkQW6XNwiplAXB/2bsECd1k5lPRnWzGAt8WOVI/ztOITmykZGLz9BHFIQ8i+Zte6ORlwfNiFyTLE9VE4ubzwIaOWr95MTXwtqC+zXIVwPqjZ0FYs7Ij0Pn\" \"UAx805AK0I+I/4Fb58HJ9hdMeMiMsVb3Sz+AWby208QQubkAVfm4Zf4/RjW6uBlc1pSwYKy0fq13fHb6VltVXE+Q+Cbj8tYLJHStTT8bCepOcgGsvBkw+8WiuYZBHOX6gn3L/+5";
    let zone = format!("{NEW}{OLD_GUIDE}s1._domainkey.acme.example TXT \"v=DKIM1; k=rsa; p={ssh}\"");
    let told = Told { key: None, ..own_server() };
    let list = checklist(&zone, &told);
    let dkim = step(&list, "dkim:own");
    assert_eq!((dkim.state, dkim.changes.len()), (State::ToDo, 1), "{dkim:#?}");
    assert!(dkim.changes[0].after[0].to_string().contains("p=MIIBIjANBgkqhkiG"), "{dkim:#?}");
    assert!(!dkim.actions.iter().any(|a| a.contains("keygen")), "{dkim:#?}");
    let list = checklist(&published(&zone, &dkim.changes), &told);
    assert_eq!(state(&list, "dkim:own"), State::Done);
}

#[test]
fn a_key_that_verifies_nothing_or_stands_elsewhere_is_not_done() {
    use crate::facts::dkim::samples::RSA_2048;
    let told = Told { key: None, ..own_server() };
    let key = format!("v=DKIM1; k=rsa; h=sha1; p={RSA_2048}");
    let list = checklist(&format!("{NEW}\ns1._domainkey.acme.example TXT \"{key}\""), &told);
    let old = step(&list, "dkim:own");
    assert!(old.state == State::ToDo && old.rules.contains(&"dkim-weak-signature"), "{old:#?}");
    // Twice the zone: it is moved, and none is made anew.
    let key = key.replace(" h=sha1;", "");
    let zone = format!("{NEW}\ns1._domainkey.acme.example.acme.example TXT \"{key}\"");
    let list = checklist(&zone, &told);
    let moved = step(&list, "dkim:own");
    assert!(moved.state == State::ToDo && moved.rules.contains(&"record-wrong-name"), "{moved:#?}");
    assert!(
        moved.changes.iter().any(|c| c.name == "s1._domainkey.acme.example" && c.blanks().is_empty()),
        "{moved:#?}"
    );
    assert!(!moved.actions.iter().any(|a| a.contains("keygen")), "{moved:#?}");
}

#[test]
fn what_is_dead_goes_with_the_merged_record() {
    let zone = format!("{NEW}{OLD_GUIDE}");
    let list = checklist(&zone, &own_server());
    let spf = step(&list, "spf");
    let [change] = &spf.changes[..] else { panic!("{spf:#?}") };
    let after: Vec<String> = change.after.iter().map(ToString::to_string).collect();
    assert_eq!(after, ["\"v=spf1 include:elsewhere.example ip4:192.0.2.4 -all\""], "the owner's ending stays");
    let list = checklist(&published(&zone, &spf.changes), &own_server());
    assert_eq!(state(&list, "spf"), State::Done, "{:#?}", step(&list, "spf"));
}

#[test]
fn a_policy_that_refuses_before_all_sign_is_too_early() {
    let zone = format!("{NEW}{OLD_GUIDE}");
    let list = checklist(&zone, &own_server());
    let raise = step(&list, "dmarc-raise");
    assert_eq!(raise.state, State::ToDo);
    assert!(raise.actions.iter().any(|a| a.contains("[dkim:own]")) && raise.changes.is_empty(), "{raise:#?}");
    assert_eq!(step(&list, "dmarc").title, "DMARC has a policy");
    let list = checklist(&published(&zone, &step(&list, "dkim:own").changes), &own_server());
    assert_eq!(state(&list, "dmarc-raise"), State::Done);
}

#[test]
fn a_host_that_sends_and_takes_mail_is_asked_about() {
    let list = checklist(&format!("{NEW}{OLD_GUIDE}"), &own_server());
    let mx = step(&list, "mx");
    assert!(mx.state == State::Done && mx.proof[1].contains("was not asked"), "{mx:#?}");
}

#[test]
fn an_address_of_ipv6_at_the_same_name_is_mentioned() {
    let list = checklist(&format!("{NEW}{OLD_GUIDE}mta.acme.example AAAA 2001:db8::1"), &own_server());
    let host = step(&list, "host:192.0.2.4");
    assert!(host.state == State::Done && host.proof[1].contains("--server 2001:db8::1=mta.acme.example"), "{host:#?}");
}
