//! From nothing to done, by publishing what the checklist says.

use super::*;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, InputKind, Kind};
use crate::facts::Reading;
use crate::remedy::Change;
use crate::report::export::zone_line;
use std::sync::Arc;

const DOMAIN: &str = "acme.example";

/// What is there before anybody publishes anything.
const NEW: &str = "
    acme.example SOA ns1.dns.example host.acme.example 1 7200 900 1209600 60
    acme.example NS ns1.dns.example
    acme.example NS ns2.dns.example
    ns1.dns.example A 192.0.2.53
    ns2.dns.example A 192.0.2.54
";

fn checked(zone: &str, told: &Told) -> Diagnosis {
    let input = Input::read(DOMAIN, DOMAIN.as_bytes(), Some(InputKind::Domain)).unwrap();
    let now = "2026-06-10T12:00:00Z".parse().unwrap();
    let evidence = Evidence::new(input, told.said(DOMAIN), now, false);
    let evidence = crate::samples::settle(evidence, &Zone::parse(zone).unwrap());
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    diagnose(Arc::new(evidence), reading)
}

fn checklist(zone: &str, told: &Told) -> Checklist {
    Checklist::of(&checked(zone, told), told)
}

fn state(list: &Checklist, id: &str) -> State {
    list.steps.iter().find(|s| s.id == id).unwrap_or_else(|| panic!("no step {id}")).state
}

fn step<'l>(list: &'l Checklist, id: &str) -> &'l Step {
    list.steps.iter().find(|s| s.id == id).unwrap_or_else(|| panic!("no step {id}"))
}

/// The zone after the changes: the sets they touch are replaced.
fn published(zone: &str, changes: &[Change]) -> String {
    let touched = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        changes.iter().any(|c| c.name == name && (c.kind.word() == kind || c.kind == Kind::Cname))
    };
    let mut out: Vec<String> =
        zone.lines().map(str::trim).filter(|l| !l.is_empty() && !touched(l)).map(str::to_owned).collect();
    for change in changes {
        for data in &change.after {
            let line = zone_line(change, data);
            let (name, rest) = line.split_once(". ").unwrap();
            let rest = rest.split_once(" IN ").unwrap().1;
            out.push(format!("{name} {rest}"));
        }
    }
    out.join("\n")
}

fn own_server() -> Told {
    Told {
        servers: vec![told::Server::read("192.0.2.4=mta.acme.example").unwrap()],
        key: Some(format!("v=DKIM1; k=rsa; p={}", crate::facts::dkim::samples::RSA_2048)),
        reports: Some("dmarc@acme.example".into()),
        mx: vec!["mta.acme.example".into()],
        ..Told::default()
    }
}

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
fn what_is_published_is_merged_and_the_owners_end_stays() {
    let told = own_server();
    let zone = format!(
        "{NEW}\nacme.example TXT \"v=spf1 include:mailbox.example -all\"\nacme.example TXT \"keep=1\"\nmailbox.example TXT \"v=spf1 ip4:192.0.2.9 -all\""
    );
    let list = checklist(&zone, &told);
    let change = &step(&list, "spf").changes[0];
    let after: Vec<String> = change.after.iter().map(ToString::to_string).collect();
    assert_eq!(after, ["\"v=spf1 include:mailbox.example ip4:192.0.2.4 -all\"", "\"keep=1\""]);
    // Copied all at once, what has a blank is left out and named.
    let all = list.changes(true);
    let apex: Vec<_> = all.iter().filter(|c| c.name == DOMAIN && c.kind == Kind::Txt).collect();
    assert_eq!((apex.len(), &apex[0].after), (1, &change.after));
    assert!(list.blanks().iter().any(|(step, blank)| step.id == "verification" && blank == "token that Google shows"));
    // Two records are made one.
    let zone = format!(
        "{NEW}\nacme.example TXT \"v=spf1 ip4:192.0.2.1 ~all\"\nacme.example TXT \"v=spf1 ip4:192.0.2.2 ~all\""
    );
    let list = checklist(&zone, &told);
    let merged = step(&list, "spf").changes[0].after.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(merged, ["\"v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.4 ~all\""]);
}

#[test]
fn seeds_of_old_advice_are_caught() {
    // A Sender ID record, a bare mailto, pct.
    let zone = format!(
        "{NEW}\nacme.example TXT \"v=spf1 ip4:192.0.2.4 -all\"\nacme.example TXT \"spf2.0/pra ip4:192.0.2.4 ~all\"\n_dmarc.acme.example TXT \"v=DMARC1; p=none; pct=100; rua=mailto:a@acme.example\""
    );
    let list = checklist(&zone, &own_server());
    let spf = step(&list, "spf");
    assert!(spf.state == State::ToDo && spf.rules.contains(&"obsolete-auth-records"), "{spf:?}");
    let dmarc = step(&list, "dmarc");
    assert!(dmarc.state == State::ToDo && dmarc.rules.contains(&"dmarc-removed-tags"), "{dmarc:?}");
    assert!(!dmarc.changes.iter().flat_map(|c| &c.after).any(|d| d.to_string().contains("pct")), "{dmarc:?}");
}

#[test]
fn no_mx_is_guessed_and_silence_is_unknown() {
    let told = Told { mx: vec![], ..own_server() };
    let list = checklist(NEW, &told);
    let mx = step(&list, "mx");
    assert_eq!((mx.state, mx.blanks().len()), (State::ToDo, 1));
    let list = checklist(
        "acme.example NS ns1.dns.example\nacme.example TIMEOUT\n_dmarc.acme.example TIMEOUT\ns1._domainkey.acme.example SERVFAIL",
        &told,
    );
    for id in ["mx", "spf", "dkim:own", "dmarc"] {
        assert_eq!(state(&list, id), State::Unknown, "{id}: {:?}", step(&list, id));
    }
}

#[test]
fn without_answers_nothing_is_claimed() {
    let told = Told {
        platforms: ["brevo", "postmark", "resend"].map(str::to_owned).into(),
        bounce: Some("bounce.acme.example".into()),
        tracking: vec![told::Host::read("click.acme.example=192.0.2.2").unwrap()],
        ..own_server()
    };
    let input = Input::read(DOMAIN, DOMAIN.as_bytes(), Some(InputKind::Domain)).unwrap();
    let evidence = Evidence::new(input, told.said(DOMAIN), jiff::Timestamp::UNIX_EPOCH, true);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let list = Checklist::of(&diagnose(Arc::new(evidence), reading), &told);
    for step in list.steps.iter().filter(|s| matches!(s.stage, Stage::Records | Stage::Prove)) {
        // What has a blank in its very name cannot be asked about.
        let nameless = step.changes.iter().any(|c| c.name.contains('<'));
        assert!(step.state == State::Unknown || nameless, "{}: {:?}", step.id, step.state);
    }
    assert!(
        list.mail.iter().all(|m| m.dmarc == mail::Outcome::Unknown && m.spf == mail::Outcome::Unknown),
        "{:?}",
        list.mail
    );
    assert_eq!(list.mail[0].dkim, mail::Outcome::Unknown);
    assert_eq!(list.mail.len(), 4, "one from the server, one through each platform");
}

#[test]
fn skipped_is_not_done_and_done_is_not_skipped() {
    let mut told = own_server();
    told.skipped = ["dmarc", "name-servers"].map(str::to_owned).into();
    let list = checklist(NEW, &told);
    assert_eq!((state(&list, "dmarc"), state(&list, "name-servers")), (State::Skipped, State::Done));
    assert!(!list.changes(true).iter().any(|c| c.name.starts_with("_dmarc")));
}

#[test]
fn hosts_of_links_lead_where_they_were_said_to() {
    let tracking = ["click.acme.example=192.0.2.2", "trk.acme.example=trk.aksend.net", "pxl.acme.example"];
    let told = Told { tracking: tracking.iter().map(|t| told::Host::read(t).unwrap()).collect(), ..own_server() };
    let list = checklist(NEW, &told);
    let records = |id: &str| step(&list, id).changes[0].after[0].to_string();
    assert_eq!(records("tracking:click.acme.example"), "192.0.2.2");
    assert_eq!(records("tracking:trk.acme.example"), "trk.aksend.net.");
    assert_eq!(step(&list, "tracking:pxl.acme.example").blanks().len(), 1);
    let zone = format!(
        "{NEW}\nclick.acme.example A 192.0.2.2\ntrk.acme.example CNAME trk.aksend.net\ntrk.aksend.net A 192.0.2.8\npxl.acme.example A 192.0.2.3"
    );
    let list = checklist(&zone, &told);
    assert!(
        tracking.iter().all(|t| state(&list, &format!("tracking:{}", t.split('=').next().unwrap())) == State::Done)
    );
}

#[test]
fn a_parked_name_is_silenced() {
    let told = Told { silent: true, ..Told::default() };
    let list = checklist(NEW, &told);
    assert_eq!(list.steps.len(), 2);
    let silent = step(&list, "silent");
    assert_eq!(silent.state, State::ToDo);
    let zone = published(NEW, &silent.changes);
    assert_eq!(state(&checklist(&zone, &told), "silent"), State::Done, "{zone}");
}

#[test]
fn every_platform_has_its_checklist() {
    for platform in crate::knowledge::platform::all() {
        let told = Told { platforms: vec![platform.id.clone()], ..Told::default() };
        let list = checklist(NEW, &told);
        assert_eq!(state(&list, "who-sends"), State::Done, "{}", platform.id);
        let ids: std::collections::BTreeSet<_> = list.steps.iter().map(|s| &s.id).collect();
        assert_eq!(ids.len(), list.steps.len(), "{}: a step twice", platform.id);
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
