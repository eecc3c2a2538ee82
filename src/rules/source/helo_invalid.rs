use super::reverse_state::{State, state};
use super::{connection, each, ptr_generic, request};
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::boundary::Origin;
use crate::facts::reverse::{Helo, HeloForm};
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule, stranger};
use std::net::IpAddr;

rule! {
    /// The server introduces itself by a bad name
    ///
    /// ## What we saw
    /// In its greeting (HELO or EHLO) the sending server gave a name that is no public host
    /// name, does not exist in DNS, or belongs to another address.
    ///
    /// ## Why mail suffers
    /// Mail servers are required to introduce themselves by their real host name. Names such
    /// as `localhost` or a bare number are typical of hijacked computers, so many receivers
    /// refuse them or count them as spam. For mail with an empty sender, such as bounces, this
    /// name is also what SPF is checked for.
    ///
    /// ## How to fix it
    /// Set the host name of the mail server (in Postfix `myhostname` or `smtp_helo_name`) to
    /// its reverse name, and make sure that this name resolves to the server's address.
    ///
    /// ## How to check
    /// Send a new message: the newest Received line shows the name after `from`, and looking
    /// it up gives the address beside it.
    pub RULE = "helo-invalid", Source, High, judge,
    ["RFC 5321 §4.1.1.1", "RFC 5321 §2.3.5", "RFC 7208 §2.3", "rspamd HFILTER_HELO"]
}

fn judge(facts: &Facts) -> Verdict {
    each::address(facts, |facts| stranger::conditional(facts, look(facts)))
}

fn look(facts: &Facts) -> Verdict {
    let (Some(ip), Some(helo)) = (connection::source(facts), &facts.helo) else { return Verdict::NotApplicable };
    let name = &helo.name;
    let fault = match helo.form {
        HeloForm::BareIp => format!("is a bare address; in a greeting an address stands in brackets: [{name}]"),
        HeloForm::Local => "is a name that exists only inside a machine or an office".to_owned(),
        HeloForm::SingleLabel => "is a single word without a domain".to_owned(),
        HeloForm::Garbage => "is not a host name at all".to_owned(),
        HeloForm::Literal => {
            let what = "is an address in brackets, which is allowed only for a server without a name";
            return bad(facts, ip, helo, what).severity(Severity::Low).sure(Confidence::Likely, seen(facts)).into();
        }
        HeloForm::Domain => return resolved(facts, ip, helo),
    };
    bad(facts, ip, helo, &fault).sure(Confidence::Certain, seen(facts)).into()
}

fn seen(facts: &Facts) -> &'static str {
    match facts.identities.helo.as_ref().map(|h| h.origin) {
        Some(Origin::User) => "you said so",
        _ => "the receiver wrote the name down as the server gave it",
    }
}

/// A proper host name: does it exist, is it this server's, and does SPF know it?
fn resolved(facts: &Facts, ip: IpAddr, helo: &Helo) -> Verdict {
    let kind = if ip.is_ipv4() { Kind::A } else { Kind::Aaaa };
    let question = Question::new(&helo.name, kind);
    let answer = facts.evidence.answers.get(&question).map(request::address_list);
    let dns = |label: &'static str| answer.clone().map(|text| Exhibit::dns(&question, text, None, label));
    let today = "DNS says so today; a header does not tell what it said then";
    let passed = connection::authenticated(facts);
    match (helo.resolves, helo.matches_ip) {
        (Some(false), _) => {
            let finding = bad(facts, ip, helo, "does not exist in DNS: it has no address").exhibits(dns("no address"));
            match passed {
                true => {
                    let severity = finding.severity.min(Severity::Low);
                    finding.severity(severity).sure(Confidence::Possible, today).into()
                }
                false => finding.sure(Confidence::Likely, today).into(),
            }
        }
        (Some(true), Some(false)) if connection::platform(facts).is_none() && !leads_home(facts, helo) => {
            let what = format!("resolves to other addresses, not to {ip}");
            // RFC 5321 §4.1.4: a receiver must not refuse mail for this alone; filters count it.
            bad(facts, ip, helo, &what)
                .severity(Severity::Low)
                .sure(Confidence::Possible, today)
                .exhibits(dns("other addresses"))
                .into()
        }
        (Some(true), Some(_)) => Verdict::Pass,
        _ => Verdict::unknown(Gap::dns(format!("Does {} resolve to {ip}?", helo.name), &question)),
    }
}

/// Several servers of one organization may greet by one name, where the reverse name leads back.
fn leads_home(facts: &Facts, helo: &Helo) -> bool {
    let organization = crate::facts::organization::psl(&helo.name);
    let same = |name: &str| organization.is_some() && crate::facts::organization::psl(name) == organization;
    matches!(state(facts), Some(State::Confirmed(names)) if names.iter().any(|n| same(&n.name)))
        || facts.identities.reverse_name.as_ref().is_some_and(|n| same(&n.value))
}

fn exhibit(facts: &Facts, label: &'static str) -> Option<Exhibit> {
    let helo = facts.identities.helo.as_ref()?;
    Some(match helo.span {
        Some(span) => Exhibit::input(span, label),
        None => Exhibit::user(format!("the HELO name is {}", helo.value), label),
    })
}

fn bad(facts: &Facts, ip: IpAddr, helo: &Helo, what: &str) -> Finding {
    let name = if helo.name.is_empty() { "(nothing)" } else { &helo.name };
    let shown = name.chars().take(30).collect::<String>();
    let finding = Finding::new(&RULE, format!("The server introduces itself as {shown}"))
        .exhibits(exhibit(facts, "the name in the greeting"))
        .exhibits(connection::exhibit(facts));
    let what = format!("The server at {ip} introduced itself as {name}, which {what}.");
    match connection::platform(facts) {
        Some(hit) => finding
            .severity(Severity::Info)
            .explain(format!("{what} The server is {}'s, so this is for that service to mend.", hit.platform.name))
            .fix(request::of_platform(hit, ip)),
        None => finding
            .explain(format!(
                "{what} Receivers expect the server's own host name there, and distrust or refuse anything else."
            ))
            .fix(cure(facts, ip, helo))
            .check(
                "send a message and look at its newest Received line",
                format!("the name after `from` resolves to {ip}, and is its reverse name"),
            ),
    }
}

/// Greet by the reverse name where there is a good one; else let the name in use resolve, if it is
/// the sender's; else choose one.
fn cure(facts: &Facts, ip: IpAddr, helo: &Helo) -> Remedy {
    let greet = |name: &str| {
        format!(
            "Set the host name of the mail server to {name}: in Postfix `smtp_helo_name = {name}`, in Exim `helo_data = {name}`."
        )
    };
    let confirmed = match state(facts) {
        Some(State::Confirmed(names)) => names,
        _ => Vec::new(),
    };
    // A provider's default is no name to greet by.
    if let Some(good) = confirmed.iter().find(|n| !ptr_generic::is_default(facts, &n.name, ip)) {
        return Remedy::new(format!("Let the server introduce itself as {}, its reverse name.", good.name))
            .step(greet(&good.name));
    }
    let domain = (helo.form == HeloForm::Domain && helo.resolves == Some(false)).then_some(&helo.name[..]);
    let change = domain.filter(|n| connection::own(facts, n)).and_then(|n| request::with_address(facts, n, ip));
    if let Some(change) = change {
        return Remedy::new(format!("Give {} the address of the server.", helo.name)).record(change);
    }
    if !confirmed.is_empty() {
        return request::another_name(facts, ip);
    }
    let host = blank("host name of your mail server");
    Remedy::new("Let the server introduce itself by a host name of yours that resolves to its address.")
        .step(greet(&host))
        .step(format!("Make sure that this name resolves to {ip}, and have it set as the reverse name of {ip}."))
        .blank("host name of your mail server, one that resolves to this address")
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::evidence::Data;

    #[test]
    fn names_that_are_none_fire_without_dns() {
        for helo in ["192.0.2.4", "localhost", "ex01.corp.local", "server1", "a..b"] {
            let found = only(judge(&Case::new("192.0.2.4", helo).facts()));
            assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Certain), "{helo}");
            assert!(found.title.contains(helo) && !found.fix.unwrap().blanks.is_empty());
        }
        assert_eq!(only(judge(&Case::new("192.0.2.4", "[192.0.2.4]").facts())).severity, Severity::Low);
    }

    #[test]
    fn a_good_reverse_name_is_the_cure() {
        let mut case = Case::new("192.0.2.4", "localhost");
        case.reverse_names(&["mail.example.com"]);
        case.address("mail.example.com", &["192.0.2.4"]);
        let fix = only(judge(&case.facts())).fix.unwrap();
        assert!(fix.steps[0].contains("smtp_helo_name = mail.example.com"));
        assert!(fix.blanks.is_empty());
    }

    #[test]
    fn a_default_name_is_none_to_greet_by() {
        for helo in ["localhost", "mail.example.com"] {
            let mut case = Case::new("192.0.2.4", helo);
            case.reverse_names(&["static-192-0-2-4.provider.test"]);
            case.address("static-192-0-2-4.provider.test", &["192.0.2.4"]);
            case.address("mail.example.com", &["192.0.2.9"]);
            let facts = case.facts();
            let fix = only(judge(&facts)).fix.unwrap();
            assert!(!format!("{fix:?}").contains("smtp_helo_name"), "{fix:?}");
            // The same that is said of the reverse name.
            assert_eq!(fix, only((ptr_generic::RULE.judge)(&facts)).fix.unwrap(), "{helo}");
            assert!(fix.records.iter().all(|r| !r.name.contains("mail.example.com")));
        }
    }

    #[test]
    fn a_name_that_does_not_exist_gets_its_address_if_it_is_ours() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.address("mail.example.com", &[]);
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
        assert_eq!(found.fix.unwrap().records[0].after, [Data::A([192, 0, 2, 4].into())]);
        case.dmarc_pass();
        assert_eq!(only(judge(&case.facts())).severity, Severity::Low);

        let mut case = Case::new("192.0.2.4", "mail.stranger.test");
        case.address("mail.stranger.test", &[]);
        assert!(only(judge(&case.facts())).fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_name_of_another_address_is_a_small_matter() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.address("mail.example.com", &["192.0.2.9"]);
        let found = only(judge(&case.facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Low, Confidence::Possible));
        // … and none where the reverse name of the same organization leads back.
        case.reverse_names(&["out2.example.com"]);
        case.address("out2.example.com", &["192.0.2.4"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
    }

    #[test]
    fn passes_is_unknown_and_is_not_for_mail_programs_or_inside() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
        case.address("mail.example.com", &["192.0.2.4"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::new("10.0.0.1", "localhost").facts()), Verdict::NotApplicable));
        let mut login = Case::new("192.0.2.4", "laptop");
        login.submission();
        assert!(matches!(judge(&login.facts()), Verdict::NotApplicable));
    }

    #[test]
    fn a_platforms_greeting_is_a_note() {
        let mut case = Case::new("192.0.2.4", "mail.mailer.test");
        case.address("mail.mailer.test", &["192.0.2.9"]);
        case.platform("Mailer", "marketing");
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        case.address("mail.mailer.test", &[]);
        let found = only(judge(&case.facts()));
        assert_eq!(found.severity, Severity::Info);
        assert!(found.explanation.contains("Mailer"));
    }
}
