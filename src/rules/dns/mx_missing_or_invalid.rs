use super::non_sending_domain_open::is_silent;
use super::return_path_unusable::{exhibit, gap, is_absent, literals, rename, renamed, why};
use crate::evidence::{Data, Kind};
use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::domain::probe::one_line;
use crate::facts::freemail;
use crate::facts::mail_hosts::{MailHosts, Reception, Server, State};
use crate::facts::record::{Entry, Pasted};
use crate::remedy::{Change, Remedy, TTL, blank};
use crate::rules::spf::support::{short, spf_domain};
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};
use crate::shell::command;
use std::net::IpAddr;

rule! {
    /// The domain cannot take mail, or its MX is wrong
    ///
    /// ## What we saw
    /// The domain in From takes no mail at all, or one of its mail servers is named in a way that does not work: by an
    /// alias (CNAME), by an address instead of a name, or by a name without an address that the world can reach. Or you
    /// pasted an MX record that has no preference, or an address, or a null MX beside others. Where mail hosts were to be asked (`--probe-mx`): one of them refuses every
    /// address of the domain, as mail that it would have to relay.
    ///
    /// ## Why mail suffers
    /// Answers are lost, and receivers ask whether a sender can be answered before they trust it. A null MX says that the
    /// domain is not used for mail, so that mail from it is refused (5.7.27).
    ///
    /// ## How to fix it
    /// Point the MX to the host name of the system that really receives mail for the domain. Never point it at a server
    /// that only sends: what is written to you would be lost there.
    ///
    /// ## How to check
    /// The MX of the domain names a host, and that host has an address of its own.
    pub RULE = "mx-missing-or-invalid", Dns, High, judge,
    ["RFC 5321 §5.1", "RFC 7505", "RFC 2181 §10.3", "RFC 1035 §3.3.9"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some(pasted) = facts.reading.record.as_ref().filter(|r| r.kind == Kind::Mx) {
        let found =
            unranked(pasted).or_else(|| no_host(pasted)).or_else(|| not_alone(pasted)).or_else(|| aliased(pasted));
        return Verdict::of(found.into_iter().collect(), Gaps::new());
    }
    if facts.mail_hosts.is_empty() {
        return Verdict::NotApplicable;
    }
    let from = facts.reading.from_domain();
    let (mut found, mut gaps) = (Vec::new(), Gaps::new());
    for at in &facts.mail_hosts {
        // What a mailbox provider publishes is not the sender's to mend.
        if freemail::provider(&at.domain).is_some() {
            continue;
        }
        let is_from = from == Some(&at.domain);
        match at.receives() {
            // return-path-unusable speaks of the other one.
            Some(false) if is_from && (is_silent(facts) || is_absent(facts, at)) => {}
            Some(false) if is_from => found.push(deaf(facts, at)),
            Some(true) => {
                found.extend(crooked(facts, at));
                found.extend(refusing(facts, at));
            }
            Some(false) => {}
            None => gaps.extend(gap(at)),
        }
    }
    Verdict::of(found, gaps)
}

/// A pasted record that is a host alone.
fn unranked(pasted: &Pasted) -> Option<Finding> {
    let entry = pasted.entries.iter().find(|e| e.unranked)?;
    let Data::Mx { exchange, .. } = &entry.data else { return None };
    let name = pasted.name.as_deref().unwrap_or("<your domain>");
    Some(
        Finding::new(&RULE, "The MX record has no preference")
            .severity(Severity::Medium)
            .sure(Confidence::Certain, "the record is in what you pasted")
            .explain(
                "An MX record is a number and a host; senders try the lowest number first. DNS hosts refuse a record without one, \
                 or take it apart wrongly.",
            )
            .exhibit(Exhibit::input(entry.span, "a host, and no number before it"))
            .fix(
                Remedy::new(format!("Write it with a preference: {name} MX 10 {exchange}"))
                    .step(format!(
                        "Only if {exchange} really takes mail for the domain: at a server that only sends, what is written to you is lost."
                    ))
                    .step("Where the form has a field of its own for the priority, the 10 goes there."),
            )
            .check(command!("dig +short MX {}", name), format!("10 {exchange}.")),
    )
}

/// A pasted record that names an address: only a host can be asked for its addresses (RFC 5321 §5.1).
fn no_host(pasted: &Pasted) -> Option<Finding> {
    let address = |data: &Data| match data {
        Data::Mx { preference, exchange } => exchange.parse::<IpAddr>().ok().map(|ip| (*preference, ip)),
        _ => None,
    };
    let (entry, (preference, ip)) = pasted.entries.iter().find_map(|e| Some((e, address(&e.data)?)))?;
    let name = pasted.name.as_deref().unwrap_or("<your domain>");
    Some(
        Finding::new(&RULE, format!("The MX record names an address, {ip}"))
            .sure(Confidence::Certain, "the record is in what you pasted")
            .explain("An MX record names a host; senders look up its addresses. An address in its place is read as the name of a host that does not exist.")
            .exhibit(Exhibit::input(entry.span, "an address, where a host name belongs"))
            .fix(
                Remedy::new(format!("Name the host that has {ip}: {name} MX {preference} {}", blank("host name")))
                    .step(format!("Where it has no name yet, publish one first: mx.{name} with the address {ip}.")),
            )
            .check(command!("dig +short MX {}", name), format!("{preference} and the name of a host")),
    )
}

/// A pasted null MX beside others.
fn not_alone(pasted: &Pasted) -> Option<Finding> {
    let null = |e: &Entry| match &e.data {
        Data::Mx { preference, exchange } if is_null(exchange) => Some((*preference, e.span)),
        _ => None,
    };
    let (preference, span) = pasted.entries.iter().find_map(null)?;
    let other = pasted.entries.iter().find(|e| null(e).is_none())?;
    let name = pasted.name.as_deref().unwrap_or("<your domain>");
    let title = match &pasted.name {
        Some(name) => not_alone_title(name),
        None => "A null MX stands beside others".to_owned(),
    };
    Some(
        Finding::new(&RULE, title)
            .severity(Severity::Medium)
            .sure(Confidence::Certain, "the records are in what you pasted")
            .explain(format!(
                "“{preference} .” says that the domain takes no mail, and the other records name who takes it. Senders differ in which of both they go by."
            ))
            .exhibit(Exhibit::input(span, "the null MX"))
            .exhibit(Exhibit::input(other.span, "another MX"))
            .fix(Remedy::new(ALONE).step(alone(name, preference)))
            .check(command!("dig +short MX {}", name), "a null MX alone, or none"),
    )
}

/// A pasted MX whose host is an alias in the same paste.
fn aliased(pasted: &Pasted) -> Option<Finding> {
    let (entry, host, alias, target) = pasted.entries.iter().find_map(|entry| {
        let Data::Mx { exchange, .. } = &entry.data else { return None };
        let host = exchange.trim_end_matches('.');
        pasted.aliases.iter().find_map(|(name, alias)| match &alias.data {
            Data::Cname(target) if name.eq_ignore_ascii_case(host) => Some((entry, host, alias, target)),
            _ => None,
        })
    })?;
    let name = pasted.name.as_deref().unwrap_or("<your domain>");
    Some(
        Finding::new(&RULE, format!("The MX record names an alias, {}", short(host)))
            .severity(Severity::Low)
            .sure(Confidence::Certain, "both records are in what you pasted")
            .explain(format!(
                "The MX record names {host}, which is an alias of {target}. An MX has to name a host with addresses of its own; not every sender follows an alias there."
            ))
            .exhibit(Exhibit::input(entry.span, "names an alias"))
            .exhibit(Exhibit::input(alias.span, "the alias"))
            .fix(Remedy::new(format!("Name the mail servers of {name} by host names that have addresses.")).step(unaliased(host, target)))
            .check(command!("dig +short MX {}", name), "host names, each with an address of its own"),
    )
}

/// From takes no mail.
fn deaf(facts: &Facts, at: &MailHosts) -> Finding {
    let domain = &at.domain;
    let passes = facts.reading.reported.dmarc.as_ref().is_some_and(|m| m.result == "pass");
    let elsewhere = facts.reading.reply_to.iter().any(|m| m.address.as_ref().is_some_and(|a| a.domain != *domain));
    let answers = if elsewhere { "; answers go to Reply-To instead" } else { "; answers are lost" };
    let is_path = spf_domain(facts).is_some_and(|(path, helo)| !helo && path == domain);
    let host = "host that receives its mail";
    let before = match &at.reception {
        Reception::Null => vec![Data::Mx { preference: 0, exchange: String::new() }],
        Reception::Servers(servers) => {
            servers.iter().map(|s| Data::Mx { preference: s.preference, exchange: s.host.clone() }).collect()
        }
        _ => vec![],
    };
    let after = vec![Data::Mx { preference: 10, exchange: blank(host) }];
    let checked = facts.reading.subject.is_some();
    let fix = Remedy::new(match literals(at).next() {
        Some(_) => format!("Name the mail servers of {domain} by host names that have addresses."),
        None => format!("Give {domain} an MX, or put an address at a domain that takes mail into From."),
    });
    let fix = renamed(fix, at)
        .step("Ask who runs the mailboxes of the domain which host that is; a server that only sends is the wrong one.")
        .marked(Change { name: domain.clone(), kind: Kind::Mx, ttl: TTL, before, after });
    finding(facts, at, format!("{} takes no mail", short(domain)))
        .severity(if passes { Severity::Medium } else { Severity::High })
        .explain(format!(
            "{} {}{answers}, and receivers may refuse a sender who cannot be answered.",
            if checked { domain.clone() } else { format!("The domain in From, {domain},") },
            why(at)
        ))
        .fix(fix)
        .leads_to(if is_path { &["return-path-unusable"] } else { &[] })
}

/// Mail servers that are named in a way that does not work.
fn crooked(facts: &Facts, at: &MailHosts) -> Option<Finding> {
    let Reception::Servers(servers) = &at.reception else { return None };
    let faults: Vec<(&Server, String)> = servers.iter().filter_map(|s| Some((s, fault(s)?))).collect();
    let (first, _) = faults.first()?;
    let called = |s: &Server| if is_null(&s.host) { format!("“{} .”", s.preference) } else { s.host.clone() };
    let listed: Vec<String> = faults.iter().take(3).map(|(s, fault)| format!("{} {fault}", called(s))).collect();
    let harmless = faults.iter().all(|(s, _)| matches!(s.state, State::Alias(_)));
    let reached = servers.iter().any(|s| match &s.state {
        State::Addresses(all) => all.iter().any(|ip| is_public(*ip)),
        State::Alias(_) | State::Unasked(_) | State::Failed(_) => true,
        State::NoAddress | State::Literal => false,
    });
    let mut fix = Remedy::new(match faults.iter().all(|(s, _)| is_null(&s.host)) {
        true => ALONE.to_owned(),
        false => format!("Name the mail servers of {} by host names that have addresses.", at.domain),
    });
    for (server, _) in &faults {
        fix = fix.step(match &server.state {
            _ if is_null(&server.host) => alone(&at.domain, server.preference),
            State::Alias(target) => unaliased(&server.host, target),
            State::Literal => rename(server),
            _ => format!("Take {} out of the MX, or give it the address of the server it stands for.", server.host),
        });
    }
    let title = match is_null(&first.host) {
        true => not_alone_title(&at.domain),
        false => format!("An MX of {} is wrong: {}", short(&at.domain), short(&first.host)),
    };
    Some(
        finding(facts, at, title)
            .severity(match (reached, harmless) {
                (false, _) => Severity::High,
                (true, false) => Severity::Medium,
                (true, true) => Severity::Low,
            })
            .explain(format!(
                "Among the mail servers of {} {}. {}",
                at.domain,
                listed.join("; "),
                match reached {
                    true => "Mail to the domain still has a way, but not every sender finds it.",
                    false => "No server outside your own network can deliver mail to the domain: answers and bounces are lost.",
                }
            ))
            .exhibits(answers(facts, &faults))
            .fix(fix),
    )
}

/// Mail servers that were asked and take nothing for the domain.
fn refusing(facts: &Facts, at: &MailHosts) -> Option<Finding> {
    let probes = facts.domain.probes.as_ref().filter(|_| facts.reading.from_domain() == Some(&at.domain))?;
    let refusals: Vec<_> = probes.hosts.iter().filter_map(|h| Some((h, h.relays_only()?))).collect();
    let (first, (to, _)) = refusals.first()?;
    let domain = &at.domain;
    let answers = refusals.iter().map(|(host, (to, reply))| {
        Exhibit::fetched(&host.errand, one_line(reply), format!("the answer to RCPT TO:<{to}>"))
    });
    let names: Vec<&str> = refusals.iter().map(|(host, _)| host.name.as_str()).collect();
    let fix = Remedy::new(format!("Point the MX of {domain} at the host that receives its mail, or let {} take it.", first.name))
        .step("Ask who runs the mailboxes of the domain which host that is; a server that only sends is the wrong one.")
        .step(format!("If it is to receive it: take {domain} in there (Postfix: mydestination, virtual_mailbox_domains or relay_domains)."));
    Some(
        finding(facts, at, format!("{} takes no mail for {}", short(&first.name), short(domain)))
            .severity(Severity::High)
            .sure(Confidence::Likely, "the host itself refuses every address of the domain as one it would have to relay to")
            .explain(format!(
                "The MX of {domain} leads to {}, and no address there is taken: answers and bounces are lost. So behaves a server \
                 that only sends.",
                names.join(", ")
            ))
            .exhibits(answers)
            .fix(fix)
            .check(command!("swaks --server {} --quit-after RCPT --from '<>' --to {}", first.ip, to), "250 after RCPT TO"),
    )
}

/// A null MX, which stands alone (RFC 7505 §3).
fn is_null(host: &str) -> bool {
    matches!(host, "" | ".")
}

fn not_alone_title(domain: &str) -> String {
    format!("A null MX of {} stands beside others", short(domain))
}

const ALONE: &str = "Let a null MX stand alone, or take it out (RFC 7505 §3).";

fn alone(domain: &str, preference: u16) -> String {
    format!(
        "If {domain} takes mail, take “{preference} .” out; if it takes none, take the others out: beside them it says nothing."
    )
}

/// RFC 5321 §5.1, RFC 2181 §10.3.
fn unaliased(host: &str, target: &str) -> String {
    format!("Instead of {host} write {target}, which it is an alias of, if whoever runs it agrees.")
}

/// What is wrong with a server, as the end of a sentence; what is not known is no fault.
fn fault(server: &Server) -> Option<String> {
    match &server.state {
        _ if is_null(&server.host) => Some("says that the domain takes no mail (null MX)".to_owned()),
        State::Alias(target) => Some(format!("is an alias of {target}")),
        State::Literal => Some("is an address, not a host name".to_owned()),
        State::NoAddress => Some("has no address".to_owned()),
        State::Addresses(all) if !all.iter().any(|ip| is_public(*ip)) => Some("has only private addresses".to_owned()),
        State::Addresses(_) | State::Unasked(_) | State::Failed(_) => None,
    }
}

fn answers(facts: &Facts, faults: &[(&Server, String)]) -> Vec<Exhibit> {
    let shown = faults.iter().filter(|(s, _)| !matches!(s.state, State::Literal) && !is_null(&s.host)).take(3);
    shown
        .map(|(server, fault)| {
            let question = crate::evidence::Question::new(&server.host, Kind::A);
            let records = facts.evidence.answers.get(&question).map(|a| &a.records[..]).unwrap_or_default();
            let text: Vec<String> = records.iter().map(|r| r.data.to_string()).collect();
            let text = if text.is_empty() { "no address".to_owned() } else { text.join(", ") };
            Exhibit::dns(&question, text, None, fault.clone())
        })
        .collect()
}

fn finding(facts: &Facts, at: &MailHosts, title: String) -> Finding {
    let from = facts.reading.from.mailboxes.first().and_then(|m| m.address.as_ref());
    let named = from.filter(|a| a.domain == at.domain).map(|a| Exhibit::input(a.domain_span, "the domain in From"));
    Finding::new(&RULE, title)
        .sure(Confidence::Certain, "this is what DNS says today")
        .exhibits(named)
        .exhibit(exhibit(facts, at, "where it takes mail"))
        .check(at.question().dig(), "host names, each with an address of its own")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;

    const PATH: &str = "example.net MX 10 mx.example.net\nmx.example.net A 192.0.2.1\n";

    fn paste() -> String {
        message("a@example.com", "b@example.net")
    }

    #[test]
    fn from_takes_no_mail() {
        for zone in ["", "example.com MX 0 .", "example.com MX 10 192.0.2.1", "example.com MX 10 gone.test"] {
            let finding = found(&RULE, &paste(), Some(&format!("{PATH}{zone}")));
            assert_eq!(finding.severity, Severity::High, "{zone}");
            let fix = finding.fix.unwrap();
            assert_eq!(fix.blanks, ["host that receives its mail"], "{zone}");
            assert_eq!(fix.records[0].before.len(), usize::from(!zone.is_empty()), "{zone}");
        }
        for (zone, words, steps) in [
            ("example.com MX 10 192.0.2.1", "names as its MX 192.0.2.1, which is an address, not a host name", 1),
            (
                "example.com MX 10 192.0.2.1\nexample.com MX 20 2001:db8::1",
                "MX 192.0.2.1, 2001:db8::1, addresses, not host names",
                2,
            ),
            ("example.com MX 10 192.0.2.1\nexample.com MX 20 gone.test", "one is 192.0.2.1, which is an address", 1),
            ("example.com MX 10 gone.test", "has mail servers, none of which has an address", 0),
        ] {
            let finding = found(&RULE, &paste(), Some(&format!("{PATH}{zone}")));
            assert!(finding.explanation.contains(words), "{}", finding.explanation);
            let told = finding.fix.unwrap().steps.iter().filter(|s| s.contains("a host name, with an A")).count();
            assert_eq!(told, steps, "{zone}");
        }
        let inside = found(&RULE, &paste(), Some(&format!("{PATH}example.com MX 10 10.0.0.1"))).fix.unwrap();
        assert!(inside.steps[0].starts_with("Only your own network can reach 10.0.0.1"), "{:?}", inside.steps);
        let finding = found(&RULE, &message("a@example.com", "b@example.com"), Some(""));
        assert_eq!(finding.leads_to, ["return-path-unusable"]);
    }

    #[test]
    fn a_server_is_named_wrongly() {
        let good = "example.com MX 20 mx.example.net\n";
        for (zone, severity, word) in [
            ("example.com MX 10 alias.test\nalias.test CNAME mx.example.net", Severity::Low, "alias of"),
            ("example.com MX 10 192.0.2.1", Severity::Medium, "not a host name"),
            ("example.com MX 10 gone.test", Severity::Medium, "no address"),
            ("example.com MX 10 in.test\nin.test A 10.0.0.1", Severity::Medium, "private"),
        ] {
            let finding = found(&RULE, &paste(), Some(&format!("{PATH}{good}{zone}")));
            assert_eq!(finding.severity, severity, "{zone}");
            assert!(finding.explanation.contains(word), "{}", finding.explanation);
            assert!(finding.explanation.contains("still has a way"), "{}", finding.explanation);
        }
        let inside = format!("{PATH}example.com MX 10 in.test\nin.test A 10.0.0.1");
        let finding = found(&RULE, &paste(), Some(&inside));
        assert_eq!(finding.severity, Severity::High);
        assert!(!finding.explanation.contains("still has a way"), "{}", finding.explanation);
    }

    #[test]
    fn a_null_mx_stands_alone() {
        let zone = format!("{PATH}example.com MX 10 mx.example.net\nexample.com MX 0 .");
        let finding = found(&RULE, &paste(), Some(&zone));
        assert_eq!(finding.title, "A null MX of example.com stands beside others");
        assert!(finding.explanation.contains("“0 .” says that the domain takes no mail"), "{}", finding.explanation);
        assert!(finding.fix.unwrap().steps[0].contains("take “0 .” out"));
    }

    #[test]
    fn a_pasted_record_with_an_address() {
        let of = |text: &str| judge(&RULE, text, None);
        for (text, ip) in
            [("example.com. IN MX 10 192.0.2.1", "192.0.2.1"), ("example.com. IN MX 5 2001:db8::1", "2001:db8::1")]
        {
            let Verdict::Found(found) = of(text) else { panic!("{text}") };
            assert_eq!(found[0].title, format!("The MX record names an address, {ip}"));
            assert!(found[0].fix.as_ref().unwrap().summary.contains("example.com MX"), "{found:?}");
        }
        assert!(matches!(of("example.com. IN MX 10 mx1.192.0.2.1.example.com."), Verdict::Pass));
    }

    #[test]
    fn a_pasted_record_without_a_preference() {
        for paste in ["example.com. MX mta-1.example.com.", "example.com.\tIN\tMX\tmta-1.example.com"] {
            let finding = found(&RULE, paste, None);
            let fix = finding.fix.unwrap();
            assert!(fix.summary.ends_with("example.com MX 10 mta-1.example.com"), "{}", fix.summary);
            assert!(fix.steps[0].contains("only sends"), "{:?}", fix.steps);
        }
    }

    #[test]
    fn a_pasted_null_mx_stands_alone() {
        let null = "example.com. 3600 IN MX 0 .\n";
        let finding = found(&RULE, &format!("{null}example.com. 3600 IN MX 20 mail.example.com."), None);
        assert_eq!(finding.title, "A null MX of example.com stands beside others");
        assert!(finding.fix.unwrap().steps[0].contains("take “0 .” out"));
        assert!(matches!(judge(&RULE, null, None), Verdict::Pass));
    }

    #[test]
    fn a_pasted_host_that_the_paste_shows_for_an_alias() {
        let mx = "example.com. 3600 IN MX 10 Mail.example.com.\n";
        let finding = found(&RULE, &format!("{mx}mail.example.com. 3600 IN CNAME host.example.net."), None);
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.fix.unwrap().steps[0].contains("write host.example.net"));
        assert!(matches!(
            judge(&RULE, &format!("{mx}www.example.com. 3600 IN CNAME host.example.net."), None),
            Verdict::Pass
        ));
    }

    #[test]
    fn it_passes_does_not_apply_and_waits() {
        let zone = format!("{PATH}example.com A 192.0.2.2");
        assert!(matches!(judge(&RULE, &paste(), Some(&zone)), Verdict::Pass));
        assert!(matches!(judge(&RULE, "example.com. MX 10 mail.example.com.", None), Verdict::Pass));
        let record = "example.com. TXT \"v=spf1 -all\"";
        assert!(matches!(judge(&RULE, record, None), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, &paste(), None), Verdict::Unknown(_)));
        let zone = format!("{PATH}example.com SERVFAIL");
        assert!(matches!(judge(&RULE, &paste(), Some(&zone)), Verdict::Unknown(_)));
    }
}
