use super::entries;
use crate::facts::Facts;
use crate::knowledge::blocklist::Kind;
use crate::rules::{Gap, Verdict, rule};

rule! {
    /// A sending address is on a blocklist
    ///
    /// ## What we saw
    /// A list that receivers ask while mail comes in holds this address. The list was asked the way receivers ask it,
    /// and a second question made sure that it does not simply answer everything.
    ///
    /// ## Why mail suffers
    /// Depending on the list, receivers refuse the connection, refuse the message, or count it towards spam. Lists of
    /// whole networks (UCEPROTECT 2 and 3) hardly matter and are shown as notes. The PBL is no accusation: it says that
    /// an address is not meant to send mail to others directly.
    ///
    /// ## How to fix it
    /// Find out why first: a broken-in account, an infected machine, a form that anybody can send through, an old
    /// address list. Stop it, then use the list's own page. Asking before the cause is gone makes the next
    /// listing longer. Never pay to be taken off. If the address is shared (a sending service, a web host), its owner
    /// has to act.
    ///
    /// ## How to check
    /// Ask the list again, through a resolver of your own: no such name means not listed.
    pub RULE = "dnsbl-listed", Reputation, Critical, judge,
    ["RFC 5782 §2.1", "RFC 5782 §5", "https://www.spamhaus.org/faqs/dnsbl-usage/"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(blocklists) = &facts.domain.blocklists else { return Verdict::NotApplicable };
    let entries = entries::of(facts, &[Kind::Ip, Kind::Range]).unwrap_or_default();
    let mut gaps = entries::gaps(&entries);
    gaps.extend(blocklists.open.iter().map(|q| Gap::dns("Which addresses are there to ask the blocklists about?", q)));
    if entries.is_empty() && gaps.is_empty() {
        return Verdict::NotApplicable;
    }
    let listed = entries.iter().filter_map(|e| entries::listed(e).map(|(c, a)| entries::finding(&RULE, e, c, a)));
    Verdict::of(listed.collect(), gaps)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::rules::{Confidence, Severity};

    #[test]
    fn a_listing_is_found_with_its_meaning_and_the_way_out() {
        let zone = "7.2.0.192.zen.spamhaus.org A 127.0.0.2\n\
                    7.2.0.192.zen.spamhaus.org TXT \"https://check.spamhaus.org/query/ip/192.0.2.7\"";
        let found = only(judge(&checked(sender("192.0.2.7"), zone)));
        assert_eq!((found.severity, found.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(found.title, "192.0.2.7 is on Spamhaus ZEN");
        assert!(found.explanation.contains("SBL"), "{}", found.explanation);
        assert_eq!(found.exhibits.len(), 2);
        assert!(found.fix.unwrap().summary.contains("https://check.spamhaus.org/"));
        assert_eq!(found.check.unwrap().command, "dig +short A 7.2.0.192.zen.spamhaus.org");
    }

    #[test]
    fn ipv6_is_asked_by_nibbles_where_the_list_holds_it() {
        let name = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org";
        let facts = checked(sender("2001:db8::7"), &format!("{name} A 127.0.0.3"));
        assert_eq!(only(judge(&facts)).severity, Severity::Critical);
        let asked = |zone: &str| facts.evidence.answers.keys().any(|q| q.name.ends_with(zone));
        assert!(asked("zen.spamhaus.org") && !asked("bl.spamcop.net"));
    }

    #[test]
    fn policies_and_networks_are_notes() {
        let pbl = only(judge(&checked(sender("192.0.2.7"), "7.2.0.192.zen.spamhaus.org A 127.0.0.11")));
        assert_eq!(pbl.severity, Severity::Low);
        assert!(pbl.fix.unwrap().summary.contains("relay"));
        let range = only(judge(&checked(sender("192.0.2.7"), "7.2.0.192.dnsbl-3.uceprotect.net A 127.0.0.2")));
        assert_eq!(range.severity, Severity::Info);
    }

    #[test]
    fn an_address_that_takes_mail_is_only_perhaps_one_that_sends() {
        let zone =
            "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.7\n7.2.0.192.zen.spamhaus.org A 127.0.0.2";
        let found = only(judge(&checked(lists(), zone)));
        assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Possible));
        assert!(found.explanation.contains("mx.example.com"));
    }

    #[test]
    fn refusals_nonsense_and_lists_that_hold_everything_are_no_listing() {
        for zone in [
            "7.2.0.192.zen.spamhaus.org A 127.255.255.254",
            "7.2.0.192.zen.spamhaus.org A 203.0.113.80",
            "7.2.0.192.zen.spamhaus.org A 127.0.0.1",
            "7.2.0.192.zen.spamhaus.org A 127.0.0.2\n1.0.0.127.zen.spamhaus.org A 127.0.0.2",
            "7.2.0.192.zen.spamhaus.org A 127.0.0.2\n1.0.0.127.zen.spamhaus.org SERVFAIL",
            "7.2.0.192.zen.spamhaus.org SERVFAIL",
            "7.2.0.192.zen.spamhaus.org TIMEOUT",
        ] {
            let Verdict::Unknown(gaps) = judge(&checked(sender("192.0.2.7"), zone)) else { panic!("{zone}") };
            assert_eq!(gaps.len(), 1, "{zone}");
            assert_eq!(gaps[0].question(), "Is 192.0.2.7 on Spamhaus ZEN?", "{zone}");
        }
    }

    #[test]
    fn it_passes_where_no_list_knows_it_and_is_silent_unless_asked_for() {
        assert!(matches!(judge(&checked(sender("192.0.2.7"), "")), Verdict::Pass));
        assert!(matches!(judge(&checked(Wish::default(), "")), Verdict::NotApplicable));
        // Nothing sends and nothing takes mail.
        assert!(matches!(judge(&checked(lists(), "example.com MX 0 .")), Verdict::NotApplicable));
        let Verdict::Unknown(gaps) = judge(&checked(lists(), "example.com SERVFAIL")) else { panic!() };
        assert!(gaps[0].needs.words().contains("MX example.com"));
    }
}
