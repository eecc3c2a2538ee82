//! The zone's own servers against what a resolver remembers.

use super::*;

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
