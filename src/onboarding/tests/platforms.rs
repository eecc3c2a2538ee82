//! Platforms: what they show, and what only their portals know.

use super::*;

#[test]
fn a_platform_with_aliases_waits_for_its_portal() {
    let told = Told {
        platforms: vec!["postmark".into()],
        receives: Some(true),
        reports: Some("d@acme.example".into()),
        ..Told::default()
    };
    let before = "acme.example MX 10 mx.mailbox.example\nmx.mailbox.example A 192.0.2.9\nacme.example TXT \"v=spf1 include:mailbox.example -all\"\nmailbox.example TXT \"v=spf1 ip4:192.0.2.9 -all\"";
    let base = format!("{NEW}\n{before}");
    let list = checklist(&base, &told);
    assert_eq!((state(&list, "mx"), state(&list, "spf")), (State::Done, State::Done), "{:?}", step(&list, "spf"));
    let path = step(&list, "return-path:postmark");
    assert_eq!(path.state, State::ToDo);
    assert_eq!(path.changes[0].after[0].to_string(), "pm.mtasv.net.");
    let dkim = step(&list, "dkim:postmark");
    assert_eq!(dkim.state, State::ToDo);
    assert!(!dkim.blanks().is_empty(), "what only the portal knows is a blank: {dkim:?}");
    assert!(list.mail[0].dkim == mail::Outcome::Unknown, "{:?}", list.mail);
    let zone = published(&base, &path.changes);
    let list = checklist(&format!("{zone}\npm.mtasv.net A 192.0.2.77"), &told);
    assert_eq!(state(&list, "return-path:postmark"), State::Done);
}

#[test]
fn a_platform_whose_records_are_all_known() {
    let told = Told {
        platforms: vec!["brevo".into()],
        receives: Some(false),
        reports: Some("d@acme.example".into()),
        ..Told::default()
    };
    let list = checklist(NEW, &told);
    let dkim = step(&list, "dkim:brevo");
    assert_eq!((dkim.state, dkim.changes.len(), dkim.blanks().len()), (State::ToDo, 2, 0), "{dkim:?}");
    assert_eq!(list.mail[0].dmarc, mail::Outcome::Pass, "{:?}", list.mail);
    let zone = published(NEW, &dkim.changes);
    // The aliases stand, the platform has made no keys yet.
    let waiting = checklist(&zone, &told);
    assert_eq!(state(&waiting, "dkim:brevo"), State::Waiting, "{:?}", step(&waiting, "dkim:brevo"));
    let keys = ["b1", "b2"].map(|b| {
        format!(
            "{b}.acme-example.dkim.brevo.com TXT \"k=rsa; p={}\" \"{}\"",
            &crate::facts::dkim::samples::RSA_2048[..200],
            &crate::facts::dkim::samples::RSA_2048[200..]
        )
    });
    let done = checklist(&format!("{zone}\n{}", keys.join("\n")), &told);
    assert_eq!(state(&done, "dkim:brevo"), State::Done, "{:?}", step(&done, "dkim:brevo"));
    // An alias that leads elsewhere is replaced.
    let wrong = checklist(&format!("{NEW}\nbrevo1._domainkey.acme.example CNAME other.example"), &told);
    assert_eq!(step(&wrong, "dkim:brevo").changes.len(), 2);
}

#[test]
fn every_platform_has_its_checklist() {
    for platform in crate::knowledge::platform::all() {
        let told = Told { platforms: vec![platform.id.clone()], ..Told::default() };
        let list = checklist(NEW, &told);
        assert_eq!(state(&list, "who-sends"), State::Done, "{}", platform.id);
        let ids: std::collections::BTreeSet<_> = list.steps.iter().map(|s| &s.id).collect();
        assert_eq!(ids.len(), list.steps.len(), "{}: a step twice", platform.id);
        // Its key: records as they stand, or a marked blank with the place that shows it.
        match &platform.dkim_setting {
            Some(setting) => {
                let dkim = step(&list, &format!("dkim:{}", platform.id));
                let setting = crate::remedy::platform::place(setting, DOMAIN);
                assert!(dkim.actions.contains(&setting), "{}: where is it switched on?", platform.id);
                assert!(!dkim.changes.is_empty() || dkim.actions.len() > 1, "{}: {dkim:?}", platform.id);
            }
            // What runs on the owner's servers signs with their key.
            None => assert_eq!(platform.kind, "self-hosted", "{}: who signs?", platform.id),
        }
        // SPF: its term, or why there is none.
        let spf = step(&list, "spf");
        let term = platform.spf.iter().any(|t| {
            spf.changes
                .iter()
                .flat_map(|c| &c.after)
                .any(|d| d.to_string().contains(&crate::knowledge::Platform::fill(t, DOMAIN)))
        });
        let why = platform.spf_note.as_ref().is_some_and(|n| spf.actions.iter().any(|a| a.contains(n.as_str())));
        assert!(term || why || platform.spf.is_empty(), "{}: {spf:?}", platform.id);
        // A blank never stands alone: the step says which portal fills it in.
        for step in list.steps.iter().filter(|s| s.id.ends_with(&format!(":{}", platform.id)) && !s.blanks().is_empty())
        {
            assert!(
                step.actions.iter().any(|a| a.starts_with("In ")),
                "{}: {}: {:?}",
                platform.id,
                step.id,
                step.actions
            );
        }
        for step in &list.steps {
            assert!(!step.title.is_empty() && !step.why.is_empty(), "{}", step.id);
            let todo = step.state == State::ToDo;
            assert!(!todo || !step.changes.is_empty() || !step.actions.is_empty(), "{}: nothing to do", step.id);
            for change in &step.changes {
                assert!(!change.name.contains("{domain"), "{}: {}", step.id, change.name);
            }
        }
    }
}

#[test]
fn a_portals_own_selectors_are_taken_from_the_owner() {
    let told = |selectors: &[&str]| Told {
        platforms: vec!["postmark".into(), "amazon-ses".into()],
        selectors: selectors.iter().map(|s| (*s).to_owned()).collect(),
        ..Told::default()
    };
    let key = |name: &str| {
        let text = format!("k=rsa; p={}", &crate::facts::dkim::samples::RSA_2048);
        format!("{name} TXT \"{}\" \"{}\"\n", &text[..200], &text[200..])
    };
    let zone = format!(
        "{NEW}\n{}{}abc._domainkey.acme.example CNAME abc.dkim.amazonses.com\n",
        key("2026pm._domainkey.acme.example"),
        key("abc.dkim.amazonses.com")
    );
    let before = checklist(&zone, &told(&[]));
    assert_eq!((state(&before, "dkim:postmark"), state(&before, "dkim:amazon-ses")), (State::ToDo, State::ToDo));
    assert!(step(&before, "dkim:postmark").actions.iter().any(|a| a.contains("say the selectors")));
    let list = checklist(&zone, &told(&["2026pm", "abc"]));
    assert_eq!(
        (state(&list, "dkim:postmark"), state(&list, "dkim:amazon-ses")),
        (State::Done, State::Done),
        "{:?}",
        step(&list, "dkim:amazon-ses")
    );
}

#[test]
fn a_platforms_tracking_host_is_a_step_until_another_stands_for_it() {
    let mut told = Told { platforms: vec!["altcraft".into()], ..Told::default() };
    let list = checklist(NEW, &told);
    let host = step(&list, "tracking:trk.acme.example");
    assert!(host.optional && host.state == State::ToDo, "{host:#?}");
    assert_eq!(host.changes[0].after[0].to_string(), "trk.aksend.net.");
    assert!(host.actions[0].contains("Tracking Domain"), "{host:#?}");
    told.tracking = vec![told::Host::read("click.acme.example=trk.aksend.net").unwrap()];
    let list = checklist(&format!("{NEW}\nclick.acme.example CNAME trk.aksend.net\ntrk.aksend.net A 192.0.2.8"), &told);
    assert_eq!(state(&list, "tracking:click.acme.example"), State::Done);
    assert!(!list.steps.iter().any(|s| s.id == "tracking:trk.acme.example"));
}

#[test]
fn settings_have_the_names_that_the_panel_gives_them() {
    let told = Told { platforms: vec!["akmta".into()], ..own_server() };
    let list = checklist(NEW, &told);
    assert!(!list.steps.iter().any(|s| s.id == "dkim:akmta"), "the own servers' key is the key");
    let text = step(&list, "panel").actions.join("\n");
    for name in [
        "mail_from_type",
        "from_email, ptr, custom, aligned",
        "sender_domain",
        "mail_from_subdomain",
        "pool_id",
        "SPF domain",
        "Sender subdomain",
        "From domain DKIM selector",
        "Secondary DKIM key",
        "TRACKING_HOSTNAME",
        "TRACKING_PREFIX",
        "TRACKING_PUBLIC_IP",
        "WEBCONTROL_HOSTNAME",
        "WEBCONTROL_PUBLIC_IP",
        "COOKIESAVER_PUBLIC_HOSTNAME",
        "COOKIESAVER_PUBLIC_IP",
        "abusemaster@",
        "Tracking Domain",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
}
