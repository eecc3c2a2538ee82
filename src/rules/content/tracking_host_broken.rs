use crate::evidence::Errand;
use crate::evidence::errand::Step;
use crate::facts::Facts;
use crate::facts::domain::blocklists::{About, Entry};
use crate::facts::linked::{Handshake, Host, State};
use crate::remedy::Remedy;
use crate::rules::reputation::entries;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// A host that the message links to is broken
    ///
    /// ## What we saw
    /// A link of the message, or its List-Unsubscribe, names a host of yours that has no address in DNS; on request
    /// (`--probe-links`) also: it shows no certificate that is good for its name. Or (`--blocklists`) a link leads to a
    /// domain that is on a blocklist.
    ///
    /// ## Why mail suffers
    /// Filters follow links, and a dead one costs trust. Where it is the way to unsubscribe, readers press "spam", and Gmail and Yahoo
    /// take one-click for missing: it has to work over HTTPS. An alias that leads to a name nobody holds can be taken over by a
    /// stranger. Linked domains are looked up in blocklists by nearly every filter; a listed one counts like a listed sender.
    ///
    /// ## How to fix it
    /// Publish the record that the sending platform shows for its tracking or unsubscribe domain, with a certificate for that very
    /// name, or take the setting out at the platform. Link to names of your own instead of a domain that others share.
    ///
    /// ## How to check
    /// The name has an address, the link opens over https without a warning, and the lists do not know its domain.
    pub RULE = "tracking-host-broken", Content, Medium, judge,
    ["RFC 8058 §3.1", "RFC 1034 §3.6.2", "RFC 9110 §4.3.4", "RFC 5782 §3"]
}

fn judge(facts: &Facts) -> Verdict {
    let hosts = &facts.linked;
    let about = |e: &&Entry| matches!(e.about, About::Link(_));
    let listed: Vec<&Entry> = facts.domain.blocklists.iter().flat_map(|b| &b.entries).filter(about).collect();
    if (hosts.is_empty() && listed.is_empty()) || facts.reading.bounce.is_some() {
        return Verdict::NotApplicable;
    }
    let mut findings: Vec<Finding> = hosts.iter().filter_map(|h| dead(h).or_else(|| uncertified(h))).collect();
    findings.extend(listed.iter().filter_map(|e| on_a_list(e)));
    let mut gaps: Gaps = hosts.iter().filter_map(gap).collect();
    gaps.extend(entries::gaps(&listed));
    Verdict::of(findings, gaps)
}

fn gap(host: &Host) -> Option<Gap> {
    let name = &host.name;
    match (&host.state, &host.handshake) {
        (State::Unasked(q) | State::Failed(q), _) => {
            Some(Gap::about(name, |name| format!("Does {name}, which the message links to, exist?"), q))
        }
        (_, Some((errand, Handshake::Unasked))) => Some(unproven(name, errand)),
        (_, Some((errand, Handshake::Failed(step, _)))) if *step != Step::Tls => Some(unproven(name, errand)),
        _ => None,
    }
}

fn unproven(name: &str, errand: &Errand) -> Gap {
    Gap::errand(format!("Does {name}, which the message links to, show a good certificate?"), errand)
}

/// No handshake, or a certificate that readers are warned of.
fn uncertified(host: &Host) -> Option<Finding> {
    let (errand, handshake) = host.handshake.as_ref()?;
    let (step, why) = match handshake {
        Handshake::Done(tls) => tls.fault.clone()?,
        Handshake::Failed(Step::Tls, why) => (Step::Tls, why.clone()),
        Handshake::Failed(..) | Handshake::Unasked => return None,
    };
    let name = &host.name;
    let title = match step {
        Step::CertificateName => format!("The certificate of {name} is for another name"),
        Step::Certificate => format!("The certificate of {name} is not good"),
        _ => format!("{name} does not speak HTTPS"),
    };
    let what = match host.unsubscribes {
        Some(_) => "List-Unsubscribe leads there, so one-click, which has to work over HTTPS, fails.",
        None => {
            "A link of the message leads there: readers get a warning in place of the page, and filters that follow it no page."
        }
    };
    let (sure, because) = match step {
        Step::CertificateName => (Confidence::Certain, "the certificate it shows names others"),
        _ => {
            (Confidence::Likely, "as seen from this machine; what stands in between may show a certificate of its own")
        }
    };
    let finding = Finding::new(&RULE, crate::safe::clip(&title, 70))
        .severity(if host.unsubscribes.is_some() { Severity::High } else { RULE.severity })
        .sure(sure, because)
        .explain(format!("A TLS handshake with {name} on port 443 showed: {why}. {what}"))
        .exhibit(Exhibit::fetched(errand, why, "the handshake"));
    let fix = Remedy::new(format!("Give {name} a certificate for this very name, renewed by itself."))
        .step(
            "If the name is an alias of your sending platform: switch on HTTPS (SSL) for the tracking or link domain in its \
             settings; it then gets the certificate itself.",
        )
        .step("If it is your own web server: add the name to its certificate, with all certificates up to the authority.");
    Some(linked(finding, host).fix(fix).check(errand.command(), "Verify return code: 0 (ok)"))
}

/// A domain that others are warned of.
fn on_a_list(entry: &Entry) -> Option<Finding> {
    let (codes, answers) = entries::listed(entry)?;
    let list = entry.list;
    let domain = entry.about.to_string();
    let weight = codes.iter().map(|code| list.weight(code)).max().unwrap_or(list.weight);
    let means = codes.iter().map(|code| code.means.as_str()).collect::<Vec<_>>().join("; ");
    let given = answers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let finding =
        Finding::new(&RULE, crate::safe::clip(&format!("A link leads to {domain}, which is on {}", list.name), 70))
            .severity(weight.min(Severity::High))
            .sure(
                Confidence::Certain,
                format!("{} answers {given}, and does not hold the entry that no list may hold", list.name),
            )
            .explain(format!(
                "{} says of {domain}: {means}. Filters look up the domains of links. {}",
                list.name,
                entries::consequence(weight)
            ))
            .exhibit(Exhibit::dns(&entry.question, given, None, means))
            .exhibit(Exhibit::body("link in the message", domain.clone(), "leads there"));
    let fix = Remedy::new(format!("Take the links to {domain} out, or let them run over a name of your own."))
        .step(format!("If {domain} is your sending platform's shared domain: give it a tracking domain of your own (a CNAME below your domain)."))
        .step(format!("If it is yours: find out what was abused there, clean it, then ask the list to take it off{}.", delist(&list.delist)));
    Some(finding.fix(fix).check(entry.question.dig(), "nothing: no such name"))
}

fn delist(page: &str) -> String {
    if page.is_empty() { String::new() } else { format!(" at {page}") }
}

/// Where it is linked to.
fn linked(finding: Finding, host: &Host) -> Finding {
    finding.exhibit(match host.unsubscribes {
        Some(span) => Exhibit::input(span, "leads there"),
        None => Exhibit::body("link in the body", host.name.clone(), "leads there"),
    })
}

fn dead(host: &Host) -> Option<Finding> {
    let State::Dead { question, alias } = &host.state else { return None };
    let name = &host.name;
    let leads = alias.as_ref().map(|a| format!("It is an alias of {a}, which has none. ")).unwrap_or_default();
    let what = match host.unsubscribes {
        Some(_) => "List-Unsubscribe leads there, so nobody can unsubscribe with one click.",
        None => "A link of the message leads there, so it opens nothing.",
    };
    let finding = Finding::new(&RULE, crate::safe::clip(&format!("The linked host {name} does not exist"), 70))
        .severity(if host.unsubscribes.is_some() { Severity::High } else { RULE.severity })
        .sure(
            Confidence::Certain,
            "DNS has no address at the name now; when the message was sent it may have been there",
        )
        .explain(format!("{name} has no address in DNS. {leads}{what}"))
        .exhibit(Exhibit::dns(question, "no address", None, "nothing to connect to"));
    let finding = linked(finding, host);
    let fix = Remedy::new(format!("Publish {name} as your sending platform shows it, or link to a host that exists."));
    let fix = match alias {
        Some(alias) => fix.step(format!(
            "Correct the alias at {name}, or delete it: {alias} can be taken over by whoever registers it."
        )),
        None => {
            fix.step("In the platform's settings for the tracking or link domain, look up the CNAME it wants there.")
        }
    };
    Some(finding.fix(fix).leads_to(&["cname-broken"]).check(question.dig(), "an address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::errand::{Brought, Tls, What};
    use crate::evidence::said::Wish;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::rules::content::testing::{HTML, message, only};
    use std::sync::Arc;

    fn judged(fields: &str, body: &str, zone: Option<&str>) -> Verdict {
        with(fields, body, zone, Wish::default(), &[])
    }

    /// As the user wishes it, with what handshakes showed.
    fn with(fields: &str, body: &str, zone: Option<&str>, check: Wish, shown: &[(&str, What)]) -> Verdict {
        let input = Input::read("test", message(fields, body).into_bytes(), Some(InputKind::Message)).unwrap();
        let said = Said { check, ..Said::default() };
        let mut evidence = Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, zone.is_none());
        for (host, what) in shown {
            let brought = Brought { what: what.clone(), at: evidence.now, elapsed_ms: 0 };
            evidence.fetched.insert(Errand::Handshake { host: (*host).into() }, brought);
        }
        let evidence = match zone {
            Some(zone) => crate::samples::settle(evidence, &Zone::parse(zone).unwrap()),
            None => evidence,
        };
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        judge(&Facts::gather(Arc::new(evidence), reading))
    }

    const LINK: &str = "<a href=\"https://click.example.com/1\">x</a>";

    #[test]
    fn it_fires_passes_is_silent_and_cannot_know() {
        let body = only(judged(HTML, LINK, Some("www.example.com A 192.0.2.1")));
        assert_eq!(
            (body.severity, body.title.as_str()),
            (Severity::Medium, "The linked host click.example.com does not exist")
        );
        let header = only(judged("List-Unsubscribe: <https://u.mailer.example/1>\r\n", "x\r\n", Some("")));
        assert_eq!(header.severity, Severity::High);
        let alias = only(judged(HTML, LINK, Some("click.example.com CNAME gone.esp.example")));
        assert!(alias.explanation.contains("alias of gone.esp.example"), "{}", alias.explanation);
        assert!(matches!(judged(HTML, LINK, Some("click.example.com AAAA 2001:db8::1")), Verdict::Pass));
        // Of strangers nothing is asked.
        assert!(matches!(judged(HTML, "<a href=\"https://a.example.net/\">x</a>", Some("")), Verdict::NotApplicable));
        assert!(matches!(judged(HTML, LINK, None), Verdict::Unknown(_)));
    }

    const ADDRESS: Option<&str> = Some("click.example.com A 192.0.2.1\nu.mailer.example A 192.0.2.2");

    #[test]
    fn on_request_the_certificate_is_looked_at() {
        let links = || Wish { probe_links: true, ..Wish::default() };
        let shown = |fault: Option<(Step, &str)>| {
            What::Handshake(Tls { fault: fault.map(|(step, why)| (step, why.to_owned())), ..Tls::default() })
        };
        let of = |what: What| with(HTML, LINK, ADDRESS, links(), &[("click.example.com", what)]);
        let failed = |step| What::Failed { step, why: "so it went".into() };
        let name = only(of(shown(Some((Step::CertificateName, "the certificate is for www.esp.example")))));
        assert_eq!((name.severity, name.confidence), (Severity::Medium, Confidence::Certain));
        assert_eq!(name.title, "The certificate of click.example.com is for another name");
        assert_eq!(name.exhibits.len(), 2);
        let expired = only(of(shown(Some((Step::Certificate, "the certificate expired on 2026-01-01")))));
        assert!(expired.explanation.contains("2026-01-01"), "{}", expired.explanation);
        assert!(only(of(failed(Step::Tls))).title.contains("HTTPS"));
        assert!(matches!(of(shown(None)), Verdict::Pass));
        // Out of reach from here is not broken.
        for step in [Step::Connect, Step::Timeout, Step::Name] {
            let Verdict::Unknown(gaps) = of(failed(step)) else { panic!("{step:?}") };
            assert!(gaps[0].needs.words().starts_with("openssl"), "{:?}", gaps[0]);
        }
        let unsubscribe = "List-Unsubscribe: <https://u.mailer.example/1>\r\n";
        let bad = shown(Some((Step::Certificate, "the certificate has expired")));
        let high = only(with(unsubscribe, "x\r\n", ADDRESS, links(), &[("u.mailer.example", bad)]));
        assert_eq!(high.severity, Severity::High);
        // Not asked unless wished for, nor of what is not encrypted.
        assert!(matches!(judged(HTML, LINK, ADDRESS), Verdict::Pass));
        let plain = LINK.replace("https", "http");
        assert!(matches!(with(HTML, &plain, ADDRESS, links(), &[]), Verdict::Pass));
    }

    #[test]
    fn on_request_linked_domains_are_looked_up() {
        let lists = || Wish { blocklists: true, ..Wish::default() };
        let body = "<a href=\"https://a1b2.shop.example.net/x\">x</a>";
        let of = |zone: &str| with(HTML, body, Some(zone), lists(), &[]);
        let found = only(of("example.net.dbl.spamhaus.org A 127.0.1.4"));
        assert_eq!(
            (found.severity, found.title.as_str()),
            (Severity::High, "A link leads to example.net, which is on Spamhaus DBL")
        );
        assert_eq!(only(of("example.net.multi.uribl.com A 127.0.0.4")).severity, Severity::Low);
        assert!(matches!(of(""), Verdict::Pass));
        // The name below may be made for one recipient: only the registered domain is asked about.
        assert!(matches!(of("a1b2.shop.example.net.dbl.spamhaus.org A 127.0.1.4"), Verdict::Pass));
        for refused in ["example.net.dbl.spamhaus.org A 127.255.255.254", "example.net.dbl.spamhaus.org SERVFAIL"] {
            assert!(matches!(of(refused), Verdict::Unknown(_)), "{refused}");
        }
        assert!(matches!(with(HTML, body, Some(""), Wish::default(), &[]), Verdict::NotApplicable));
    }
}
