//! From nothing to done, by publishing what the checklist says.

mod mended;
mod own_server;
mod platforms;
mod servers;

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
fn a_null_mx_is_no_place_for_replies() {
    for receives in [None, Some(true)] {
        let told = Told { receives, ..own_server() };
        let list = checklist(&format!("{NEW}\nacme.example MX 0 .\nacme.example TXT \"v=spf1 -all\""), &told);
        let mx = step(&list, "mx");
        assert_eq!(mx.state, State::ToDo, "{mx:?}");
        let change = &mx.changes[0];
        assert_eq!((change.before.len(), change.after.len()), (1, 1), "{change:?}");
        assert!(mx.actions.iter().any(|a| a.contains("null MX")), "{mx:?}");
    }
}

#[test]
fn a_policy_in_force_is_done_whatever_else_could_be_better() {
    let with = |record: &str| checklist(&format!("{NEW}\n_dmarc.acme.example TXT \"{record}\""), &own_server());
    for record in [
        "v=DMARC1; p=reject; rua=mailto:a@reports.example",
        "v=DMARC1; p=reject",
        "v=DMARC1; p=reject; sp=none; rua=mailto:a@acme.example",
    ] {
        let list = with(record);
        assert_eq!(state(&list, "dmarc"), State::Done, "{record}");
        let beside = step(&list, "dmarc-beside");
        assert!(beside.optional && beside.state == State::ToDo && !beside.rules.is_empty(), "{beside:?}");
    }
    // One that only watches does nothing without its reports.
    let list = with("v=DMARC1; p=none; rua=mailto:a@reports.example");
    assert_eq!(state(&list, "dmarc"), State::ToDo);
    let fine = with("v=DMARC1; p=reject; rua=mailto:a@acme.example");
    assert!(state(&fine, "dmarc") == State::Done && !fine.steps.iter().any(|s| s.id == "dmarc-beside"));
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
fn dmarc_is_raised_on_proof_or_by_hand() {
    let zone = format!("{NEW}\n_dmarc.acme.example TXT \"v=DMARC1; p=none; rua=mailto:a@acme.example\"");
    let raise = |told: &Told| step(&checklist(&zone, told), "dmarc-raise").clone();
    let locked = raise(&own_server());
    assert_eq!((locked.state, locked.next, locked.changes.len()), (State::Waiting, Some(Next::Raise), 0));
    assert!(locked.actions[0].starts_with("Locked until"), "{locked:?}");
    let opened = raise(&Told { raise: true, ..own_server() });
    assert!(opened.actions[0].starts_with("Opened by hand"), "{opened:?}");
    let proof = |passed| Proof {
        at: jiff::Timestamp::UNIX_EPOCH,
        by: "mx.google.com".into(),
        words: "spf=pass dkim=pass dmarc=pass".into(),
        passed,
        report: false,
    };
    assert_eq!(raise(&Told { proof: Some(proof(false)), ..own_server() }).state, State::Waiting);
    let told = Told { proof: Some(proof(true)), ..own_server() };
    let proven = raise(&told);
    assert_eq!(
        proven.changes[0].after.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["\"v=DMARC1; p=quarantine; rua=mailto:a@acme.example\""]
    );
    // It is for its owner to publish: not among what is copied all at once.
    let list = checklist(&zone, &told);
    assert!(!list.changes(false).iter().any(|c| c.name == "_dmarc.acme.example"));
    assert_eq!(state(&list, "test"), State::Done);
}
