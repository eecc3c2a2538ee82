use super::reverse_state::{Fault, State, state};
use super::{connection, each, request};
use crate::facts::Facts;
use crate::rules::{Finding, Severity, Verdict, rule, stranger};

rule! {
    /// The sending address has no reverse name
    ///
    /// ## What we saw
    /// The address that delivered this message has no name in DNS (no PTR record), or the
    /// receiver noted that it could find none.
    ///
    /// ## Why mail suffers
    /// A server without a name looks like an infected home computer. Gmail and many others
    /// refuse or delay such servers, however well the message itself is signed.
    ///
    /// ## How to fix it
    /// Only the owner of the address can set its reverse name: ask your hosting or internet
    /// provider for it. The name should be that of your mail server, and must resolve back to
    /// the same address.
    ///
    /// ## How to check
    /// `dig -x` with the address shows the name; looking that name up shows the address again.
    pub RULE = "ptr-missing", Source, Critical, judge,
    ["https://support.google.com/a/answer/81126", "RFC 8601 §2.7.3", "RFC 1912 §2.1"]
}

fn judge(facts: &Facts) -> Verdict {
    each::address(facts, |facts| stranger::conditional(facts, look(facts)))
}

fn look(facts: &Facts) -> Verdict {
    match state(facts) {
        // IPv6 has a rule of its own.
        None => Verdict::NotApplicable,
        Some(_) if connection::source(facts).is_some_and(|ip| ip.is_ipv6()) => Verdict::NotApplicable,
        Some(State::Missing(fault)) => finding(facts, fault).into(),
        Some(State::Unconfirmed(_) | State::Confirmed(_)) => Verdict::Pass,
        Some(State::Unknown(gaps)) => Verdict::Unknown(gaps),
    }
}

fn finding(facts: &Facts, fault: Fault<'_>) -> Finding {
    let ip = fault.ip;
    if fault.cured {
        let name = fault.names.first().map_or("", |n| &n.name);
        return Finding::new(&RULE, format!("{ip} had no usable reverse name when this message came"))
            .severity(Severity::Info)
            .sure(fault.confidence, fault.because)
            .explain(format!(
                "When this message arrived, the receiver found no usable reverse name for {ip}. Today its reverse \
                 name is {name}, and that resolves back to {ip}: it was set since, or the lookup failed just then."
            ))
            .exhibits(fault.exhibits)
            .check(request::check(ip), name);
    }
    let (title, what) = if fault.either {
        (
            format!("The receiver found no usable reverse name for {ip}"),
            format!("The receiver looked up {ip} and found no name, or none that resolves back to {ip}."),
        )
    } else {
        (format!("{ip} has no reverse name"), format!("{ip} has no name in DNS: there is no PTR record for it."))
    };
    let finding = Finding::new(&RULE, title)
        .severity(fault.severity.of(RULE.severity))
        .sure(fault.confidence, fault.because)
        .exhibits(fault.exhibits)
        .exhibits(connection::exhibit(facts))
        .check(request::check(ip), request::expect(ip));
    match connection::platform(facts) {
        Some(hit) => finding
            .severity(fault.severity.of(Severity::Low).min(Severity::Low))
            .explain(format!(
                "{what} The address belongs to {}, through which this message was sent, so it is for that service to \
                 mend; nothing in your own DNS changes it.",
                hit.platform.name
            ))
            .fix(request::of_platform(hit, ip)),
        None => finding
            .explain(format!(
                "{what} Receivers take a server without a name for a hijacked one: Gmail and many others refuse or \
                 delay its mail. Only the owner of the address, usually your hosting or internet provider, can set it."
            ))
            .fix(request::remedy(facts, ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::evidence::{Data, Kind, Outcome};
    use crate::facts::reported::{Plain, Spf};
    use crate::rules::Confidence;
    use crate::span::Span;

    #[test]
    fn no_ptr_in_dns_is_a_request_to_the_owner_of_the_address() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
        case.address("mail.example.com", &["192.0.2.4"]);
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Likely));
        let fix = found.fix.unwrap();
        assert!(fix.blanks.is_empty());
        let change = &fix.records[0];
        assert_eq!((&change.name[..], change.kind), ("4.2.0.192.in-addr.arpa", Kind::Ptr));
        assert_eq!(change.after, [Data::Ptr("mail.example.com".into())]);
        assert_eq!(fix.records.len(), 1);
    }

    #[test]
    fn a_helo_of_ours_that_does_not_resolve_gets_its_address_too() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NoData, vec![]);
        case.address("mail.example.com", &[]);
        let fix = only(judge(&case.facts())).fix.unwrap();
        let address = &fix.records[0];
        assert_eq!((&address.name[..], address.kind), ("mail.example.com", Kind::A));
        assert_eq!((address.before.len(), &address.after[..]), (0, &[Data::A([192, 0, 2, 4].into())][..]));
        assert_eq!(fix.records[1].kind, Kind::Ptr);
        // What leads elsewhere is another machine's name: its mail would be spread over both.
        case.address("mail.example.com", &["192.0.2.9"]);
        let fix = only(judge(&case.facts())).fix.unwrap();
        assert!(fix.records.iter().all(|r| r.kind == Kind::Ptr) && fix.blanks.len() == 1, "{fix:?}");
        assert!(fix.steps[0].starts_with("Leave mail.example.com"), "{:?}", fix.steps);
    }

    #[test]
    fn without_a_good_helo_the_name_is_left_blank() {
        for helo in ["localhost", "mail.stranger.test"] {
            let mut case = Case::new("192.0.2.4", helo);
            case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
            case.address("mail.stranger.test", &["192.0.2.9"]);
            let fix = only(judge(&case.facts())).fix.unwrap();
            assert_eq!(fix.blanks.len(), 1, "{helo}");
            assert_eq!(fix.records.len(), 1, "{helo}");
        }
    }

    #[test]
    fn the_receivers_own_words_are_surer_than_dns() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.reading.reported.iprev = Some(Plain { result: "permerror".into(), span: Span::new(0, 5) });
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Certain));

        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.microsoft(&[("CIP", "192.0.2.4"), ("PTR", "InfoDomainNonexistent")]);
        assert_eq!(only(judge(&case.facts())).confidence, Confidence::Certain);
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.microsoft(&[("CIP", "192.0.2.7"), ("PTR", "InfoDomainNonexistent")]);
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
    }

    #[test]
    fn unknown_in_received_is_only_a_hint_until_dns_confirms_it() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.hop().reverse_unknown = Some(Span::new(0, 7));
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Possible));
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Certain));
    }

    #[test]
    fn unknown_of_a_server_that_writes_it_for_everybody_says_nothing() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.hop().reverse_unknown = Some(Span::new(0, 7));
        case.hop().by = Some(crate::span::Spanned::new("mx9.qq.com".into(), Span::new(0, 7)));
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(gaps) if gaps.len() == 1));
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
        assert_eq!(only(judge(&case.facts())).confidence, Confidence::Likely, "DNS alone says it");
    }

    #[test]
    fn what_was_missing_then_and_is_there_now_is_a_note() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.reading.reported.iprev = Some(Plain { result: "fail".into(), span: Span::new(0, 5) });
        case.reverse_names(&["mail.example.com"]);
        case.address("mail.example.com", &["192.0.2.4"]);
        let found = only(judge(&case.facts()));
        assert_eq!(found.severity, Severity::Info);
        assert!(found.fix.is_none());
    }

    #[test]
    fn mail_that_passed_is_not_blamed_on_todays_dns() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
        case.dmarc_pass();
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Possible));
        assert_eq!(found.title, "192.0.2.4 has no reverse name");
        case.reading.reported.iprev = Some(Plain { result: "pass".into(), span: Span::new(0, 5) });
        assert_eq!(only(judge(&case.facts())).severity, Severity::Low);
    }

    #[test]
    fn a_server_that_may_be_a_strangers_is_not_the_senders_to_mend() {
        let failed = |helo: &str| {
            let mut case = Case::new("203.0.113.9", helo);
            case.answer("9.113.0.203.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
            case.reading.reported.spf = Some(Spf {
                result: "fail".into(),
                domain: Some("example.com".into()),
                is_helo: false,
                best_guess: false,
                span: Span::new(0, 5),
                domain_span: None,
                comment: None,
            });
            case
        };
        let found = only(judge(&failed("mail.stranger.test").facts()));
        assert_eq!(found.severity, Severity::Low);
        let fix = found.fix.unwrap();
        assert!(fix.records.is_empty() && fix.summary.starts_with("Only if 203.0.113.9 is your server: "), "{fix:?}");
        // Its own name, unless DNS denies it.
        let mut own = failed("mail.example.com");
        assert_eq!(only(judge(&own.facts())).severity, Severity::Critical);
        own.address("mail.example.com", &["192.0.2.4"]);
        assert_eq!(only(judge(&own.facts())).severity, Severity::Low);
        // And not where the user says that it is theirs.
        let mut told = failed("mail.stranger.test");
        told.said.configured.ip = Some("203.0.113.9".parse().unwrap());
        assert_eq!(only(judge(&told.facts())).severity, Severity::Critical);
    }

    #[test]
    fn a_platforms_address_is_the_platforms_business() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::NxDomain, vec![]);
        case.platform("Mailer", "marketing");
        let found = only(judge(&case.facts()));
        assert_eq!(found.severity, Severity::Low);
        assert!(found.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_failed_or_open_question_is_unknown() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(gaps) if gaps.len() == 1));
        case.answer("4.2.0.192.in-addr.arpa", Kind::Ptr, Outcome::ServFail, vec![]);
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(gaps) if gaps.len() == 1));
    }

    #[test]
    fn a_name_passes_and_no_public_server_is_not_judged() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.reverse_names(&["mail.example.com"]);
        case.address("mail.example.com", &["192.0.2.4"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::new("10.0.0.1", "x.example.com").facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::new("2001:db8::1", "x.example.com").facts()), Verdict::NotApplicable));
        let mut login = Case::new("192.0.2.4", "laptop");
        login.submission();
        assert!(matches!(judge(&login.facts()), Verdict::NotApplicable));
    }
}
