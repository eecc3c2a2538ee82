use super::reverse_state::{Fault, State, state};
use super::{connection, each, ptr_not_forward_confirmed, request};
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Finding, Severity, Verdict, rule, stranger};

rule! {
    /// The sending IPv6 address has no reverse name that leads back
    ///
    /// ## What we saw
    /// The message was delivered over IPv6, and that address has no reverse name, or one that
    /// does not resolve back to it.
    ///
    /// ## Why mail suffers
    /// Receivers are stricter with IPv6 than with IPv4, where addresses are scarce. Gmail
    /// refuses mail from an IPv6 address without a matching name.
    ///
    /// ## How to fix it
    /// Have the owner of the address set its reverse name, and give that name an AAAA record.
    /// If that cannot be had, let the server send over IPv4 only; it can still receive over IPv6.
    ///
    /// ## How to check
    /// `dig -x` with the address gives a name, and its AAAA record is the address.
    pub RULE = "ipv6-ptr-missing", Source, High, judge,
    ["https://support.google.com/a/answer/81126", "RFC 8601 §2.7.3"]
}

fn judge(facts: &Facts) -> Verdict {
    each::address(facts, |facts| stranger::conditional(facts, look(facts)))
}

fn look(facts: &Facts) -> Verdict {
    if connection::source(facts).is_none_or(|ip| ip.is_ipv4()) {
        return Verdict::NotApplicable;
    }
    match state(facts) {
        None => Verdict::NotApplicable,
        Some(State::Missing(fault)) if fault.cured => Verdict::Pass,
        Some(State::Missing(fault)) => {
            let fix = request::remedy(facts, fault.ip);
            let what = format!("{} has no reverse name that the receiver could use.", fault.ip);
            finding(facts, fault, "has no reverse name", what, fix).into()
        }
        Some(State::Unconfirmed(fault)) => {
            let fix = ptr_not_forward_confirmed::remedy(facts, &fault);
            let names = fault.names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(", ");
            let what = format!("The reverse name of {} is {names}, and its AAAA record is not that address.", fault.ip);
            finding(facts, fault, "has no name that leads back", what, fix).into()
        }
        Some(State::Confirmed(_)) => Verdict::Pass,
        Some(State::Unknown(gaps)) => Verdict::Unknown(gaps),
    }
}

fn finding(facts: &Facts, fault: Fault<'_>, title: &str, what: String, fix: Remedy) -> Finding {
    let ip = fault.ip;
    let finding = Finding::new(&RULE, format!("{ip} {title}"))
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
            .explain(format!("{what} Gmail and others refuse mail from an IPv6 address without a name that leads back."))
            .fix(fix.step(
                "If the name cannot be had, send over IPv4 only: in Postfix, `-o inet_protocols=ipv4` on the smtp client \
                 line of master.cf. Setting it in main.cf would also stop receiving over IPv6.",
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::evidence::{Data, Kind, Outcome};
    use crate::facts::reverse::reverse_question;

    #[test]
    fn no_name_and_a_name_that_does_not_lead_back_both_fire() {
        let mut case = Case::new("2001:db8::1", "mail.example.com");
        let name = reverse_question("2001:db8::1".parse().unwrap()).name;
        case.answer(&name, Kind::Ptr, Outcome::NxDomain, vec![]);
        case.address("mail.example.com", &["192.0.2.1"]);
        let fix = only(judge(&case.facts())).fix.unwrap();
        assert_eq!(fix.records[0].after, [Data::Aaaa("2001:db8::1".parse().unwrap())]);
        assert_eq!((&fix.records[1].name, fix.records[1].kind), (&name.to_string(), Kind::Ptr));

        case.reverse_names(&["mail.example.com"]);
        let found = only(judge(&case.facts()));
        assert!(found.title.ends_with("leads back"), "{}", found.title);
        assert_eq!(found.fix.unwrap().records[0].kind, Kind::Aaaa);
    }

    #[test]
    fn passes_is_unknown_and_is_not_for_ipv4() {
        let mut case = Case::new("2001:db8::1", "mail.example.com");
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
        case.reverse_names(&["mail.example.com"]);
        case.address("mail.example.com", &["2001:db8::1"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::new("192.0.2.4", "x.example.com").facts()), Verdict::NotApplicable));
    }
}
