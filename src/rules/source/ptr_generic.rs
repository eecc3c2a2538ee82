use super::reverse_state::{State, state};
use super::{connection, each, request};
use crate::evidence::Data;
use crate::facts::Facts;
use crate::facts::organization::psl;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule, stranger};
use regex_lite::Regex;
use std::net::IpAddr;
use std::sync::LazyLock;

rule! {
    /// The reverse name looks like a provider's default
    ///
    /// ## What we saw
    /// The reverse name of the sending address resolves back as it should, but it is the kind
    /// of name a provider gives to every rented server or home line.
    ///
    /// ## Why mail suffers
    /// Spam filters give points for such names: most mail from addresses like that comes from
    /// hijacked computers, and nobody has claimed this one as a mail server.
    ///
    /// ## How to fix it
    /// Choose a host name under your own domain for the server, give it the address, have the
    /// provider set it as reverse name, and let the server introduce itself by it.
    ///
    /// ## How to check
    /// `dig -x` with the address shows your own name, and the Received line of a new message
    /// shows the same name.
    pub RULE = "ptr-generic", Source, Medium, judge,
    ["SpamAssassin RDNS_DYNAMIC", "rspamd HFILTER_HOSTNAME", "https://support.google.com/a/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    each::address(facts, |facts| stranger::conditional(facts, look(facts)))
}

fn look(facts: &Facts) -> Verdict {
    let Some(ip) = connection::source(facts) else { return Verdict::NotApplicable };
    // The names of a platform's own addresses say nothing about its customer.
    if connection::platform(facts).is_some() {
        return Verdict::NotApplicable;
    }
    let (names, confidence, because) = match state(facts) {
        Some(State::Confirmed(names)) => {
            let question = facts.reverse.as_ref().map(|r| &r.question);
            let exhibit = |name: &String| question.map(|q| Exhibit::dns(q, name, None, "the reverse name"));
            let names = names.iter().map(|n| (n.name.clone(), exhibit(&n.name))).collect::<Vec<_>>();
            (names, Confidence::Likely, "DNS says so today; the pattern is the one filters look for")
        }
        Some(State::Unknown(gaps)) => match &facts.identities.reverse_name {
            Some(noted) => {
                let exhibit = noted.span.map(|s| Exhibit::input(s, "the reverse name the receiver noted"));
                let because = "the receiver noted this name; the pattern is the one filters look for";
                (vec![(noted.value.clone(), exhibit)], Confidence::Likely, because)
            }
            None => return Verdict::Unknown(gaps),
        },
        _ => return Verdict::NotApplicable,
    };
    let mut found = None;
    for (name, exhibit) in names {
        // One name of the sender's own is enough.
        let Some(what) = generic(&name, ip, is_own(facts, &name)) else { return Verdict::Pass };
        found.get_or_insert((name, what, exhibit));
    }
    match found {
        None => Verdict::NotApplicable,
        Some((name, what, exhibit)) => finding(facts, ip, &name, what)
            .sure(confidence, because)
            .exhibits(exhibit)
            .exhibits(connection::exhibit(facts))
            .into(),
    }
}

fn finding(facts: &Facts, ip: IpAddr, name: &str, what: &str) -> Finding {
    let own = is_own(facts, name);
    let fix = request::remedy(facts, ip);
    // The server may call itself by that very name: then proposing it again cures nothing.
    let same = fix.records.iter().flat_map(|r| &r.after).any(|d| *d == Data::Ptr(name.to_owned()));
    let fix = if same { request::another_name(facts, ip) } else { fix };
    Finding::new(&RULE, format!("The reverse name of {ip} looks like a default name"))
        .severity(if own { Severity::Low } else { RULE.severity })
        .explain(format!(
            "The reverse name of {ip} is {name}, which {what}. Spam filters count such names against a sender, since \
             home lines and rented servers that nobody looks after have them. A mail server should have a name of \
             its own under your domain."
        ))
        .fix(fix)
        .check(request::check(ip), request::expect(ip))
}

/// Under the sender's own organizational domain, also by a signature.
fn is_own(facts: &Facts, name: &str) -> bool {
    let organization = psl(name);
    let signed = facts.reading.signatures.iter().filter_map(|s| s.domain.as_ref());
    connection::own(facts, name) || signed.into_iter().any(|d| organization.is_some() && psl(&d.value) == organization)
}

#[derive(Default, serde::Deserialize)]
struct Asset {
    #[serde(default)]
    pattern: Vec<Pattern>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pattern {
    what: String,
    regex: String,
    #[serde(default)]
    needs_address: bool,
    #[serde(default)]
    own_domain: bool,
}

static PATTERNS: LazyLock<Vec<(Pattern, Regex)>> = LazyLock::new(|| {
    let asset: Asset = crate::knowledge::book("ptr_generic");
    asset.pattern.into_iter().filter_map(|p| Regex::new(&p.regex).ok().map(|r| (p, r))).collect()
});

/// Is the name one that a provider gives to every machine?
pub(super) fn is_default(facts: &Facts, name: &str, ip: IpAddr) -> bool {
    generic(name, ip, is_own(facts, name)).is_some()
}

/// Is it the name of a line that is given another address by and by? A server's default name is none.
pub(in crate::rules) fn is_access_line(name: &str) -> bool {
    PATTERNS.iter().any(|(pattern, regex)| pattern.what == ACCESS && regex.is_match(name))
}

/// What the pattern of such lines is called in the asset.
const ACCESS: &str = "names an access line";

/// What is generic about a name, if anything.
fn generic(name: &str, ip: IpAddr, own: bool) -> Option<&'static str> {
    let spelt = spells(name, ip);
    let fits = |(pattern, regex): &&(Pattern, Regex)| {
        (!own || pattern.own_domain) && (!pattern.needs_address || spelt) && regex.is_match(name)
    };
    PATTERNS.iter().find(fits).map(|(pattern, _)| &pattern.what[..])
}

/// Does the name spell the address: its octets in either direction, or as eight hexadecimal digits?
fn spells(name: &str, ip: IpAddr) -> bool {
    let IpAddr::V4(v4) = ip else { return false };
    let forward = v4.octets();
    let mut backward = forward;
    backward.reverse();
    let numbers: Vec<u8> = name.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    let long = name.as_bytes().split(|b| !b.is_ascii_hexdigit()).any(|run| run.len() >= 8);
    let hex = |o: [u8; 4]| format!("{:08x}", u32::from_be_bytes(o));
    let contains = |o: [u8; 4]| numbers.windows(4).any(|w| w == o) || long && name.contains(&hex(o));
    contains(forward) || contains(backward)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_default_name_is_not_yet_that_of_a_changing_address() {
        assert!(is_access_line("dhcp-4.isp.example") && is_access_line("a.pool.isp.example"));
        assert!(!is_access_line("static.4.2.0.192.clients.your-server.de") && !is_access_line("mail.example.com"));
    }

    fn named(name: &str) -> Case {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.reverse_names(&[name]);
        case.address(name, &["192.0.2.4"]);
        case.address("mail.example.com", &["192.0.2.4"]);
        case
    }

    #[test]
    fn every_pattern_of_the_asset_compiles() {
        let asset: Asset = crate::knowledge::book("ptr_generic");
        assert!(asset.pattern.len() >= 7);
        assert_eq!(PATTERNS.len(), asset.pattern.len());
    }

    #[test]
    fn default_names_are_told_from_chosen_ones() {
        for (name, expected) in [
            ("192-0-2-4.provider.test", true),
            ("4.2.0.192.provider.test", true),
            ("ip-192-0-2-4.eu.provider.test", true),
            ("c0000204.provider.test", true),
            ("10-20-30-40.provider.test", false),
            ("dyn7.provider.test", true),
            ("static.4.provider.test", true),
            ("host4.provider.test", true),
            ("vps-12ab34.provider.test", true),
            ("srv1234.provider.test", true),
            ("x1.contaboserver.net", true),
            ("mail.provider.test", false),
            ("mta-1.provider.test", false),
            ("smtp01.dynamics.test", false),
            ("poolside.test", false),
            ("server.provider.test", false),
            ("deadbeef.provider.test", false),
        ] {
            let verdict = judge(&named(name).facts());
            assert_eq!(matches!(verdict, Verdict::Found(_)), expected, "{name}");
            assert!(expected || matches!(verdict, Verdict::Pass), "{name}");
        }
    }

    #[test]
    fn the_fix_is_the_servers_own_name() {
        let found = only(judge(&named("192-0-2-4.provider.test").facts()));
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Likely));
        assert_eq!(found.fix.unwrap().records[0].after, [Data::Ptr("mail.example.com".into())]);
    }

    #[test]
    fn a_server_that_calls_itself_by_the_default_name_needs_another() {
        let mut case = named("192-0-2-4.provider.test");
        case.identities.helo.as_mut().unwrap().value = "192-0-2-4.provider.test".into();
        let fix = only(judge(&case.facts())).fix.unwrap();
        assert!(fix.records.iter().all(|r| !r.after.contains(&Data::Ptr("192-0-2-4.provider.test".into()))));
        assert_eq!(fix.blanks.len(), 1);
    }

    #[test]
    fn a_name_under_the_senders_domain_is_chosen_unless_it_spells_the_address() {
        assert!(matches!(judge(&named("host.example.com").facts()), Verdict::Pass));
        assert_eq!(only(judge(&named("192-0-2-4.example.com").facts())).severity, Severity::Low);
    }

    #[test]
    fn one_chosen_name_is_enough_and_platforms_are_left_alone() {
        let mut case = named("192-0-2-4.provider.test");
        case.reverse_names(&["192-0-2-4.provider.test", "mail.example.com"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        let mut case = named("192-0-2-4.provider.test");
        case.platform("Mailer", "marketing");
        assert!(matches!(judge(&case.facts()), Verdict::NotApplicable));
    }

    #[test]
    fn unknown_without_dns_unless_the_receiver_noted_a_name() {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
        case.identities.reverse_name = Some(crate::facts::boundary::Identity {
            value: "dhcp-4.provider.test".into(),
            origin: crate::facts::boundary::Origin::Received,
            span: Some(crate::span::Span::new(0, 4)),
        });
        assert_eq!(only(judge(&case.facts())).exhibits.len(), 2);
    }
}
