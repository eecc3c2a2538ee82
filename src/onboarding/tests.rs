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

/// The resolver still denies what the zone's own servers have.
#[test]
fn the_zones_own_servers_count_not_what_a_resolver_remembers() {
    let spf = r#"acme.example TXT "v=spf1 ip4:192.0.2.4 ~all""#;
    let told = own_server();
    let list = checklist(&format!("{NEW}\n@192.0.2.53 {spf}\n@192.0.2.54 {spf}"), &told);
    assert_eq!(list.own, ["ns1.dns.example", "ns2.dns.example"]);
    let step_ = step(&list, "spf");
    assert_eq!(step_.state, State::Done, "{step_:?}");
    assert!(step_.proof[0].ends_with("(from ns1.dns.example, ns2.dns.example)"), "{step_:?}");
    // And the other way round: what is gone there is gone.
    let other = |ip: u8| format!("@192.0.2.{ip} acme.example TXT \"other=1\"");
    let gone = checklist(&format!("{NEW}\n{spf}\n{}\n{}", other(53), other(54)), &told);
    assert_eq!(state(&gone, "spf"), State::ToDo, "{:?}", step(&gone, "spf"));
    // An alias at the zone's servers, whose target only the resolver knows.
    let told = Told { platforms: vec!["brevo".into()], ..told };
    let alias = |n: u8, ip: u8| {
        format!("@192.0.2.{ip} brevo{n}._domainkey.acme.example CNAME b{n}.acme-example.dkim.brevo.com")
    };
    let key = format!("k=rsa; p={}", &crate::facts::dkim::samples::RSA_2048);
    let keys = [1, 2].map(|n| format!("b{n}.acme-example.dkim.brevo.com TXT \"{}\" \"{}\"", &key[..200], &key[200..]));
    let aliases = [alias(1, 53), alias(2, 53), alias(1, 54), alias(2, 54)].join("\n");
    let list = checklist(&format!("{NEW}\n{aliases}\n{}", keys.join("\n")), &told);
    assert_eq!(state(&list, "dkim:brevo"), State::Done, "{:?}", step(&list, "dkim:brevo"));
}

#[test]
fn what_only_one_server_has_is_waited_for() {
    let spf = r#"@192.0.2.53 acme.example TXT "v=spf1 ip4:192.0.2.4 ~all""#;
    let list = checklist(&format!("{NEW}\n{spf}"), &own_server());
    let spf = step(&list, "spf");
    assert_eq!(spf.state, State::Waiting, "{spf:?}");
    assert!(spf.changes.is_empty() && spf.actions[0].contains("ns2.dns.example does not have it yet"), "{spf:?}");
}

#[test]
fn without_its_own_servers_the_resolver_counts_and_that_is_said() {
    let silent = format!(
        "{NEW}\n@192.0.2.53 acme.example TIMEOUT\n@192.0.2.54 acme.example TIMEOUT\nacme.example TXT \"v=spf1 ip4:192.0.2.4 ~all\""
    );
    let list = checklist(&silent, &own_server());
    assert!(list.own.is_empty());
    assert_eq!(state(&list, "spf"), State::Done);
    assert!(crate::report::onboarding::heard(&list).contains("were not heard"));
}

#[test]
fn what_may_have_changed_is_asked_again_and_nothing_else() {
    let d = checked(NEW, &own_server());
    let stale = stale(&d);
    let servers = stale.iter().filter(|q| q.server != crate::evidence::Server::Resolver).count();
    assert!(servers > 10, "{stale:?}");
    // Of the resolver only the reverse name, which stands in no zone of the owner's.
    let rest: Vec<_> =
        stale.iter().filter(|q| q.server == crate::evidence::Server::Resolver).map(|q| &q.name[..]).collect();
    assert_eq!(rest, ["4.2.0.192.in-addr.arpa"]);
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
fn name_servers_inside_the_zone_need_glue() {
    let zone = "example NS a.gtld.test
        a.gtld.test A 192.0.2.1
        acme.example SOA ns1.acme.example h.acme.example 1 1 1 1 60
        acme.example NS ns1.acme.example
        acme.example NS ns2.acme.example
        ns1.acme.example A 192.0.2.53
        ns2.acme.example A 198.51.100.53
        @192.0.2.1 acme.example REFERRAL ns1.acme.example
        @192.0.2.1 acme.example REFERRAL ns2.acme.example";
    let told = own_server();
    let d = checked(zone, &told);
    assert_eq!(state(&Checklist::of(&d, &told), "name-servers"), State::Done);
    let mut evidence = Evidence::clone(&d.facts.evidence);
    evidence.answers.values_mut().for_each(|answer| answer.glue.clear());
    let list = Checklist::of(&diagnose(Arc::new(evidence), d.facts.reading.clone()), &told);
    let servers = step(&list, "name-servers");
    assert_eq!(servers.state, State::ToDo);
    assert!(servers.actions.iter().any(|a| a.contains("ns1.acme.example") && a.contains("(glue)")), "{servers:?}");
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
    assert!(mx.state == State::Done && mx.proof[1].contains("--probe-mx"), "{mx:#?}");
}

#[test]
fn an_address_of_ipv6_at_the_same_name_is_mentioned() {
    let list = checklist(&format!("{NEW}{OLD_GUIDE}mta.acme.example AAAA 2001:db8::1"), &own_server());
    let host = step(&list, "host:192.0.2.4");
    assert!(host.state == State::Done && host.proof[1].contains("--server 2001:db8::1=mta.acme.example"), "{host:#?}");
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
