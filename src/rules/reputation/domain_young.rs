use super::entries;
use crate::facts::Facts;
use crate::facts::domain::age::Age;
use crate::knowledge::blocklist::Kind;
use crate::remedy::Remedy;
use crate::rules::{Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// The domain was registered only recently
    ///
    /// ## What we saw
    /// The registry says that the domain was registered less than three months ago, or a list of fresh domains holds it.
    ///
    /// ## Why mail suffers
    /// Spammers use domains for days and throw them away, so filters distrust every domain without a history: mail from
    /// it goes to junk or is put off for some weeks, however well it is set up.
    ///
    /// ## How to fix it
    /// Time and good mail. Begin with few messages a day to people who expect them and answer, and grow slowly. Mail that
    /// cannot wait goes from a subdomain of a domain that your recipients have known for years. Buying an aged
    /// or a look-alike domain makes it worse.
    ///
    /// ## How to check
    /// The registry's answer names the date: event `registration`.
    pub RULE = "domain-young", Reputation, Medium, judge,
    ["RFC 9083 §4.5", "https://spameatingmonkey.com/services", "https://www.spamhaus.org/faqs/domain-blocklist/"]
}

/// Days for which filters assume the worst.
const FRESH: i64 = 30;

/// Days for which many still hold back.
pub const YOUNG: i64 = 90;

fn judge(facts: &Facts) -> Verdict {
    let age = facts.domain.age.as_ref();
    let lists = entries::of(facts, &[Kind::Young]).unwrap_or_default();
    let told = age.and_then(|a| Some((a, a.days?)));
    let listed = lists.iter().find_map(|e| entries::listed(e).map(|(codes, _)| (e, codes)));
    let finding = match (told, listed) {
        (Some((age, days)), _) if days < YOUNG => by_registry(age, days),
        // The registry knows better.
        (Some(_), _) => return Verdict::Pass,
        (None, Some((entry, codes))) => {
            let domain = entry.about.to_string();
            let means = codes.iter().map(|c| c.means.as_str()).collect::<Vec<_>>().join("; ");
            Finding::new(&RULE, format!("{domain} was registered in the last 15 days"))
                .exhibit(Exhibit::dns(&entry.question, "listed", None, means))
                .check(entry.question.dig(), "nothing, once it is older")
        }
        (None, None) => {
            let registry = age.map(|a| {
                let why = match &a.registered {
                    Some(Err(why)) => format!(" ({why})"),
                    _ => String::new(),
                };
                Gap::errand(format!("When was {} registered?{why}", a.domain), &a.errand)
            });
            return match (registry, lists.is_empty()) {
                (Some(gap), _) => Verdict::unknown(gap),
                (None, true) => Verdict::NotApplicable,
                (None, false) => Verdict::of(vec![], entries::gaps(&lists)),
            };
        }
    };
    finding
        .explain(
            "Filters distrust a domain without a history, however well it is set up: for some weeks its mail is put off or \
             goes to junk more easily than that of others. Nothing is broken; this passes with time and good mail.",
        )
        .fix(
            Remedy::new("Start with little mail to people who expect it, and grow slowly over some weeks.")
                .step("Send the first messages to recipients who know you and answer; raise the number step by step.")
                .step("Send what cannot wait from a subdomain of a domain that your recipients have known for long."),
        )
        .into()
}

fn by_registry(age: &Age, days: i64) -> Finding {
    let date = age.registered.as_ref().and_then(|r| r.as_ref().ok()).map(ToString::to_string).unwrap_or_default();
    let date = date.get(..10).unwrap_or(&date);
    let title = match days {
        0 => format!("{} was registered less than a day ago", age.domain),
        1 => format!("{} was registered a day ago", age.domain),
        n => format!("{} was registered {n} days ago", age.domain),
    };
    Finding::new(&RULE, title)
        .severity(if days < FRESH { Severity::Medium } else { Severity::Low })
        .exhibit(Exhibit::fetched(&age.errand, format!("registration {date}"), "the registry's word"))
        .check(age.errand.command(), format!("\"registration\" with a date: {date}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn registered(date: &str) -> String {
        format!(r#"{{"objectClassName":"domain","events":[{{"eventAction":"registration","eventDate":"{date}"}}]}}"#)
    }

    #[test]
    fn the_registry_tells_the_age() {
        for (date, title, severity) in [
            ("2026-06-01T00:00:00Z", "example.com was registered 9 days ago", Severity::Medium),
            ("2026-06-09T13:00:00Z", "example.com was registered less than a day ago", Severity::Medium),
            ("2026-04-01T00:00:00Z", "example.com was registered 70 days ago", Severity::Low),
        ] {
            let found = only(judge(&registry(200, &registered(date))));
            assert_eq!((&*found.title, found.severity), (title, severity));
        }
    }

    #[test]
    fn an_old_domain_passes_and_no_answer_is_unknown() {
        assert!(matches!(judge(&registry(200, &registered("1995-08-14T04:00:00Z"))), Verdict::Pass));
        for (status, body) in [(404, "{}"), (200, "{}"), (200, &registered("2030-01-01T00:00:00Z"))] {
            assert!(matches!(judge(&registry(status, body)), Verdict::Unknown(_)), "{status} {body}");
        }
        assert!(matches!(judge(&checked(rdap(), "")), Verdict::Unknown(_)));
    }

    #[test]
    fn a_list_of_fresh_domains_tells_it_too() {
        let fresh = "example.com MX 0 .\nexample.com.fresh15.spameatingmonkey.net A 127.0.0.2";
        assert_eq!(only(judge(&checked(lists(), fresh))).severity, Severity::Medium);
        assert!(matches!(judge(&checked(lists(), "example.com MX 0 .")), Verdict::Pass));
        assert!(matches!(judge(&checked(Wish::default(), "")), Verdict::NotApplicable));
    }
}
