use super::support::{Own, dig_txt, each_record, lowered, record_exhibit, replaced, short};
use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::spf::record::{Mechanism, Term, TermKind};
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Finding, Severity, Verdict, rule};
use std::borrow::Cow;
use std::net::IpAddr;

rule! {
    /// The SPF record lists an address that nobody outside can see
    ///
    /// ## What we saw
    /// An `ip4:` or `ip6:` of the SPF record is a private, loopback or link-local address, such as `10.0.0.5` or
    /// `192.168.1.10`. Receivers on the internet see the public address your network translates it to.
    ///
    /// ## Why mail suffers
    /// The term never matches. If it stands for a server of yours, that server is not allowed to send, and its mail fails.
    ///
    /// ## How to fix it
    /// Write the public address the server sends from, for IPv4 and IPv6. The topmost `Received` of a delivered message
    /// shows it. Where another term lists it already, leave the private one out.
    ///
    /// ## How to check
    /// Send a message and look at the address in its topmost `Received`: it is one that the record lists.
    pub RULE = "spf-private-address", Spf, Medium, judge,
    ["RFC 7208 §5.6", "RFC 1918", "RFC 6598", "RFC 4193"]
}

fn judge(facts: &Facts) -> Verdict {
    each_record(facts, hidden)
}

fn hidden(facts: &Facts, own: &Own) -> Option<Finding> {
    let private: Vec<&Term> = own.record.terms.iter().filter(|t| is_private(t)).collect();
    let first = private.first()?;
    let words: Vec<&str> = private.iter().take(5).map(|t| own.word(t.span)).collect();
    let title = match own.at.domain.as_str() {
        "" => format!("This SPF record lists a private address: {}", short(words.first()?)),
        domain => format!("SPF of {} lists a private address", short(domain)),
    };
    let public = "public address";
    let new = own.rewritten(|t| match is_private(t) {
        true if t.span == first.span => Some(Cow::Owned(format!("ip4:{}", blank(public)))),
        true => None,
        false => Some(Cow::Borrowed(own.word(t.span))),
    });
    let remedy = Remedy::new("Write the public address in its place.")
        .blank(public)
        .step("Leave it out where another term lists that address already.");
    Some(
        Finding::new(&RULE, title)
            .severity(lowered(facts, own.at, Severity::Medium))
            .sure(Confidence::Certain, "The record is there to read.")
            .explain(format!(
                "{} cannot be seen from the internet: receivers compare the public address your mail comes from, so this \
                 never matches and allows nobody.",
                words.join(", ")
            ))
            .exhibits(record_exhibit(facts, own.at, 0, Some(first.span), "never matches"))
            .fix(replaced(facts, own.at, own.text, &new, remedy))
            .check(dig_txt(&own.at.domain), "public addresses only"),
    )
}

/// A network of the private, shared, loopback or link-local ranges; a prefix so short that it holds others is
/// another fault.
fn is_private(term: &Term) -> bool {
    let TermKind::Directive(directive) = &term.kind else { return false };
    match directive.mechanism {
        Mechanism::Ip4 { network, prefix } => prefix >= 8 && !is_public(IpAddr::V4(network)),
        Mechanism::Ip6 { network, prefix } => prefix >= 7 && !is_public(IpAddr::V6(network)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    #[test]
    fn private_ranges() {
        for term in [
            "ip4:10.1.2.3",
            "ip4:172.16.0.0/12",
            "ip4:192.168.1.1",
            "ip4:127.0.0.1",
            "ip4:100.64.0.1",
            "ip4:169.254.1.1",
            "ip6:fd00::1",
            "ip6:fe80::1",
            "ip6:::1",
        ] {
            let finding = domain("example.com").txt("example.com", &[&format!("v=spf1 mx {term} -all")]).found(&RULE);
            assert_eq!(after(&finding), ["v=spf1 mx ip4:<public address> -all"], "{term}");
            assert_eq!(finding.severity, Severity::Medium);
        }
        let scene = message("a@example.com", "a@example.com", "").txt("example.com", &["v=spf1 ip4:10.0.0.1 -all"]);
        assert_eq!(scene.found(&RULE).severity, Severity::Low);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(None, &["v=spf1 ip4:172.32.0.1 ip4:192.0.2.1 ip6:2001:db8::1 ip4:0.0.0.0/0 -all"]).passes(&RULE);
        domain("example.com").fails("example.com", Kind::Txt, Outcome::ServFail).unknown(&RULE);
    }
}
