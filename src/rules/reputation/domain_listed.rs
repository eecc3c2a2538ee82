use super::entries;
use crate::facts::Facts;
use crate::knowledge::blocklist::Kind;
use crate::rules::{Verdict, rule};

rule! {
    /// The domain is on a blocklist
    ///
    /// ## What we saw
    /// A list of domains that are seen in spam, phishing or malware holds this one. A second question made sure that
    /// the list does not simply answer everything.
    ///
    /// ## Why mail suffers
    /// Receivers look up the domains of the sender, of the signature and of every link. A listed one sends a message to
    /// junk or has it refused, whatever SPF, DKIM and DMARC say, and from whichever server it comes.
    ///
    /// ## How to fix it
    /// Find out what was abused: the web site, a form, a redirect, a link shortener, a tracking domain, an account that
    /// sends. Clean it, then ask on the list's own page. A domain that was bought used may carry its past owner's listing.
    ///
    /// ## How to check
    /// Ask the list again, through a resolver of your own: no such name means not listed.
    pub RULE = "domain-listed", Reputation, Critical, judge,
    ["RFC 5782 §3", "https://www.spamhaus.org/faqs/domain-blocklist/", "https://surbl.org/lists"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(entries) = entries::of(facts, &[Kind::Domain]) else { return Verdict::NotApplicable };
    let listed = entries.iter().filter_map(|e| entries::listed(e).map(|(c, a)| entries::finding(&RULE, e, c, a)));
    Verdict::of(listed.collect(), entries::gaps(&entries))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::rules::Severity;

    const NO_MX: &str = "example.com MX 0 .\n";

    fn of(zone: &str) -> Verdict {
        judge(&checked(lists(), &[NO_MX, zone].concat()))
    }

    #[test]
    fn a_listing_weighs_what_its_code_does() {
        let found = only(of("example.com.dbl.spamhaus.org A 127.0.1.4"));
        assert_eq!((found.severity, &*found.title), (Severity::Critical, "example.com is on Spamhaus DBL"));
        assert!(found.explanation.contains("phishing"));
        assert_eq!(only(of("example.com.dbl.spamhaus.org A 127.0.1.103")).severity, Severity::High);
        assert_eq!(only(of("example.com.multi.uribl.com A 127.0.0.4")).severity, Severity::Low);
        assert_eq!(only(of("example.com.multi.surbl.org A 127.0.0.72")).severity, Severity::High);
    }

    #[test]
    fn a_refusal_and_a_failure_are_unknown() {
        for zone in [
            "example.com.dbl.spamhaus.org A 127.0.1.255",
            "example.com.multi.surbl.org A 127.0.0.1",
            "example.com.multi.surbl.org SERVFAIL",
            "example.com.multi.surbl.org A 127.0.0.8\ninvalid.multi.surbl.org A 127.0.0.8",
        ] {
            assert!(matches!(of(zone), Verdict::Unknown(_)), "{zone}");
        }
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(of(""), Verdict::Pass));
        assert!(matches!(judge(&checked(Wish::default(), "")), Verdict::NotApplicable));
    }
}
