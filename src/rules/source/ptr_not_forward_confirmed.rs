use super::reverse_state::{Fault, State, state};
use super::{connection, each, request};
use crate::evidence::{Data, Kind};
use crate::facts::Facts;
use crate::remedy::{Change, Remedy};
use crate::rules::{Finding, Severity, Verdict, rule, stranger};
use std::net::IpAddr;

rule! {
    /// The reverse name does not lead back to the address
    ///
    /// ## What we saw
    /// The sending address has a reverse name, but looking that name up does not give the same
    /// address again.
    ///
    /// ## Why mail suffers
    /// Anyone can write any name into the reverse zone of their own addresses. Only a name that
    /// leads back proves something, and receivers such as Gmail treat one that does not like
    /// no name at all.
    ///
    /// ## How to fix it
    /// Give the reverse name an address record for this address, or have the reverse name
    /// changed to a host name that already resolves to it.
    ///
    /// ## How to check
    /// `dig -x` with the address gives a name, and looking up that name gives the address.
    pub RULE = "ptr-not-forward-confirmed", Source, High, judge,
    ["RFC 8601 §2.7.3", "https://support.google.com/a/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    each::address(facts, |facts| stranger::conditional(facts, look(facts)))
}

fn look(facts: &Facts) -> Verdict {
    match state(facts) {
        // IPv6 has a rule of its own; a name that is missing as well.
        None | Some(State::Missing(_)) => Verdict::NotApplicable,
        Some(_) if connection::source(facts).is_some_and(|ip| ip.is_ipv6()) => Verdict::NotApplicable,
        Some(State::Unconfirmed(fault)) => finding(facts, fault).into(),
        Some(State::Confirmed(_)) => Verdict::Pass,
        Some(State::Unknown(gaps)) => Verdict::Unknown(gaps),
    }
}

fn finding(facts: &Facts, fault: Fault<'_>) -> Finding {
    let ip = fault.ip;
    let fix = remedy(facts, &fault);
    let names = fault.names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(", ");
    let what = match &fault.names[..] {
        [one] => format!("The reverse name of {ip} is {}, but {} does not resolve to {ip}.", one.name, one.name),
        _ => format!("The reverse names of {ip} are {names}, and none of them resolves to {ip}."),
    };
    let finding = Finding::new(&RULE, format!("The reverse name of {ip} does not lead back to it"))
        .severity(fault.severity.of(RULE.severity))
        .sure(fault.confidence, fault.because)
        .exhibits(fault.exhibits)
        .exhibits(connection::exhibit(facts))
        .check(request::check(ip), request::expect(ip));
    match connection::platform(facts) {
        Some(hit) => finding
            .severity(fault.severity.of(Severity::Low).min(Severity::Low))
            .explain(format!("{what} The address belongs to {}, so it is for that service to mend.", hit.platform.name))
            .fix(request::of_platform(hit, ip)),
        None => finding
            .explain(format!(
                "{what} A name that does not lead back proves nothing, so receivers treat the server as one without a \
                 name. Both directions must agree."
            ))
            .fix(fix),
    }
}

/// The cheapest cure that holds: a ready HELO name, an address for a name of ours, or a new name.
pub(super) fn remedy(facts: &Facts, fault: &Fault<'_>) -> Remedy {
    let ip = fault.ip;
    let ready = facts.helo.as_ref().is_some_and(|h| h.matches_ip == Some(true));
    let ours = fault.names.iter().filter(|n| connection::own(facts, &n.name));
    // Beside the address of a host that takes mail, another would take mail too.
    let spreads = |c: &Change| !c.before.is_empty() && request::takes_mail(facts, &c.name);
    let change = ours.filter_map(|n| request::with_address(facts, &n.name, ip)).next();
    match change.filter(|c| !spreads(c)) {
        Some(change) if !ready => forward(ip, change),
        _ => request::remedy(facts, ip),
    }
}

fn forward(ip: IpAddr, change: Change) -> Remedy {
    let kind = if ip.is_ipv4() { Kind::A } else { Kind::Aaaa };
    let others = change.before.iter().any(|d| matches!(d, Data::A(_) | Data::Aaaa(_)));
    let remedy = Remedy::new(format!("Give {} the {kind} record {ip}.", change.name));
    let remedy = match others {
        true => remedy.step(format!(
            "{} has other addresses already; they stay beside the new one. If it is the name of another server, \
             have the reverse name of {ip} changed to a name of this server instead.",
            change.name
        )),
        false => remedy,
    };
    remedy.record(change)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::reported::Plain;
    use crate::rules::Confidence;
    use crate::span::Span;

    fn unconfirmed(name: &str, helo: &str) -> Case {
        let mut case = Case::new("192.0.2.4", helo);
        case.reverse_names(&[name]);
        case.address(name, &["192.0.2.9"]);
        case
    }

    #[test]
    fn a_name_of_ours_gets_the_address_beside_its_others() {
        let case = unconfirmed("mail.example.com", "mail.example.com");
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
        assert!(found.explanation.contains("mail.example.com does not resolve to 192.0.2.4"));
        let fix = found.fix.unwrap();
        assert_eq!(fix.records.len(), 1);
        assert_eq!(fix.records[0].after, [Data::A([192, 0, 2, 9].into()), Data::A([192, 0, 2, 4].into())]);
    }

    #[test]
    fn a_host_that_takes_mail_gets_no_second_address() {
        use crate::facts::mail_hosts::{MailHosts, Reception, Server, State};
        let mut facts = unconfirmed("mail.example.com", "mail.example.com").facts();
        let state = State::Addresses(vec!["192.0.2.9".parse().unwrap()]);
        let servers = vec![Server { preference: 10, host: "mail.example.com".into(), state }];
        facts.mail_hosts = vec![MailHosts { domain: "example.com".into(), reception: Reception::Servers(servers) }];
        let fix = only(judge(&facts)).fix.unwrap();
        assert!(fix.records.iter().all(|r| r.kind == Kind::Ptr) && fix.blanks.len() == 1, "{fix:?}");
        assert!(fix.steps[0].starts_with("Leave mail.example.com as it is"), "{:?}", fix.steps);
    }

    #[test]
    fn a_helo_that_resolves_becomes_the_reverse_name() {
        let mut case = unconfirmed("host9.provider.test", "mail.example.com");
        case.address("mail.example.com", &["192.0.2.4"]);
        let change = &only(judge(&case.facts())).fix.unwrap().records[0];
        assert_eq!(change.before, [Data::Ptr("host9.provider.test".into())]);
        assert_eq!(change.after, [Data::Ptr("mail.example.com".into())]);
    }

    #[test]
    fn an_alias_gets_no_address() {
        let mut case = unconfirmed("mail.example.com", "localhost");
        let alias = vec![Data::Cname("x.provider.test".into()), Data::A([192, 0, 2, 9].into())];
        case.answer("mail.example.com", Kind::A, Outcome::Records, alias);
        let fix = only(judge(&case.facts())).fix.unwrap();
        assert!(fix.records.iter().all(|r| r.kind == Kind::Ptr));
        assert_eq!(fix.blanks.len(), 1);
    }

    #[test]
    fn the_receiver_makes_it_certain_or_doubtful() {
        let mut case = unconfirmed("mail.example.com", "mail.example.com");
        case.reading.reported.iprev = Some(Plain { result: "fail".into(), span: Span::new(0, 4) });
        assert_eq!(only(judge(&case.facts())).confidence, Confidence::Certain);
        case.reading.reported.iprev = Some(Plain { result: "pass".into(), span: Span::new(0, 4) });
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
    }

    #[test]
    fn a_platforms_name_is_not_ours_to_change() {
        let mut case = unconfirmed("mail.example.com", "mail.example.com");
        case.platform("Mailer", "transactional");
        let found = only(judge(&case.facts()));
        assert_eq!(found.severity, Severity::Low);
        assert!(found.fix.unwrap().records.is_empty());
    }

    #[test]
    fn one_good_name_is_enough() {
        let mut case = Case::new("192.0.2.4", "x.example.com");
        case.reverse_names(&["a.example.com", "b.example.com"]);
        case.address("a.example.com", &[]);
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
        case.address("b.example.com", &["192.0.2.4"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        case.answer("b.example.com", Kind::A, Outcome::Timeout, vec![]);
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
    }

    #[test]
    fn nothing_to_say_without_a_name_or_a_public_address() {
        let mut case = Case::new("192.0.2.4", "x.example.com");
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
        assert!(matches!(judge(&case.facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::new("10.0.0.1", "x.example.com").facts()), Verdict::NotApplicable));
    }
}
