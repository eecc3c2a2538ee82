//! What a platform wants published so that it signs, beside what stands at those names and what the report shows in use.

use crate::evidence::{Answer, Data, Kind, answer_at};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Row};
use crate::knowledge::Platform;
use crate::knowledge::platform::DkimSetup;
use crate::remedy::{Change, Remedy, platform};

/// Adds where to switch signing on, and the records; none where one of their names holds another sender's key, for what
/// that one signs would fail from then on.
pub fn offer(remedy: Remedy, facts: &Facts, report: &Aggregate, platform: &'static Platform) -> Remedy {
    let domain = &report.policy.domain;
    let remedy = match &platform.dkim_setting {
        Some(setting) => remedy.step(platform::place(setting, domain)),
        None => remedy,
    };
    let changes = platform::keys(platform, domain, &facts.evidence.answers);
    let at: Vec<(&DkimSetup, Change)> = platform.dkim.iter().zip(changes).collect();
    let taken = at.iter().filter(|(setup, change)| stands(facts, report, platform, setup, change) == Stands::Another);
    let taken: Vec<&str> = taken.map(|(_, change)| change.name.as_str()).collect();
    if !taken.is_empty() {
        let names = taken.join(" and ");
        return remedy.step(format!(
            "Leave what stands at {names}: another sender's key. Choose another selector at {}, or let it sign as a subdomain; then publish what it shows",
            platform.name
        ));
    }
    at.into_iter().fold(remedy, |remedy, (setup, change)| match stands(facts, report, platform, setup, &change) {
        Stands::Its => remedy.step(format!("{} leads to {} already", change.name, platform.name)),
        Stands::Key => remedy.step(format!(
            "A key stands at {} already: if it is that of {}, only the switch is missing; if not, choose another selector there",
            change.name, platform.name
        )),
        Stands::Unasked => remedy.step(format!(
            "See first what stands at {0}; where nothing does: {0} {1} {2}",
            change.name,
            change.kind,
            value(&change)
        )),
        _ => remedy.marked(change),
    })
}

/// Does the platform sign other mail of the report as the domain?
pub fn signs_already(report: &Aggregate, platform: &Platform) -> bool {
    let its = |row: &&Row| row.platform == Some(platform);
    report.rows.iter().filter(its).any(|row| row.signatures.iter().any(|s| s.ours && s.result == "pass"))
}

/// What is at the name of a key.
#[derive(PartialEq)]
enum Stands {
    Nothing,
    /// It leads to the platform.
    Its,
    Another,
    /// A key in a text, which does not say whose it is; the platform wants one there.
    Key,
    Unasked,
}

fn stands(facts: &Facts, report: &Aggregate, platform: &Platform, setup: &DkimSetup, change: &Change) -> Stands {
    // Whoever signs with it now needs the key (RFC 6376 §3.1).
    let used = |row: &&Row| {
        row.signatures.iter().any(|s| s.result == "pass" && s.key().is_some_and(|key| *key.name == *change.name))
    };
    if report.rows.iter().filter(used).any(|row| row.platform != Some(platform)) {
        return Stands::Another;
    }
    if !setup.is_fixed() {
        return Stands::Nothing;
    }
    let Some(answer) = answer_at(&facts.evidence.answers, &change.name, Kind::Txt).filter(|a| !a.outcome.failed())
    else {
        return Stands::Unasked;
    };
    let leads = |a: &Answer| a.records.iter().any(|r| matches!(&r.data, Data::Cname(target) if setup.leads_to(target)));
    match answer.records.is_empty() {
        true => Stands::Nothing,
        false if leads(answer) => Stands::Its,
        false if setup.record.eq_ignore_ascii_case("TXT") => Stands::Key,
        false => Stands::Another,
    }
}

fn value(change: &Change) -> String {
    change.after.iter().map(Data::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::knowledge::platform::find;

    fn told(records: &[Record], zone: Option<&str>) -> Remedy {
        let facts = facts(&xml("none", records), zone);
        let report = super::super::support::report(&facts).unwrap().clone();
        offer(Remedy::new("x"), &facts, &report, find("sendgrid").unwrap())
    }

    #[test]
    fn records_are_offered_where_nothing_stands() {
        let fix = told(&[PLATFORM], Some(""));
        assert_eq!(fix.records.len(), 2, "{fix:?}");
        let unasked = told(&[PLATFORM], None);
        assert!(unasked.records.is_empty());
        assert!(unasked.steps[1].starts_with("See first what stands at s1._domainkey.example.com"), "{unasked:?}");
    }

    #[test]
    fn a_key_in_use_is_never_written_over() {
        let used = told(&[BOTH, PLATFORM], Some(""));
        assert!(used.records.is_empty());
        assert!(used.steps[1].starts_with("Leave what stands at s1._domainkey.example.com:"), "{used:?}");
        let published = told(&[PLATFORM], Some("s2._domainkey.example.com TXT \"v=DKIM1; p=MII\""));
        assert!(published.steps[1].starts_with("Leave what stands at s2._domainkey.example.com:"), "{published:?}");
    }

    #[test]
    fn a_text_does_not_say_whose_key_it_is() {
        let facts = facts(&xml("none", &[STRANGER]), Some("google._domainkey.example.com TXT \"v=DKIM1; p=MII\""));
        let report = super::super::support::report(&facts).unwrap();
        let google = find("google-workspace").unwrap();
        let unasked = offer(Remedy::new("x"), &facts, report, google);
        assert!(unasked.records.is_empty() && unasked.steps[1].starts_with("See first"), "{unasked:?}");
        let spf =
            Record("192.0.2.7", 9, "none", "fail", "pass", "a-com.20230601.gappssmtp.com g pass", "example.com pass");
        let facts = super::super::testing::facts(
            &xml("none", &[spf]),
            Some("google._domainkey.example.com TXT \"v=DKIM1; p=MII\""),
        );
        let report = super::super::support::report(&facts).unwrap();
        let there = offer(Remedy::new("x"), &facts, report, google);
        assert!(there.steps[1].starts_with("A key stands at google._domainkey.example.com already"), "{there:?}");
    }

    #[test]
    fn what_leads_to_the_platform_is_there() {
        let fix = told(&[PLATFORM], Some("s1._domainkey.example.com CNAME s1.domainkey.u1.wl2.sendgrid.net"));
        assert_eq!(
            (fix.records.len(), &fix.steps[1][..]),
            (1, "s1._domainkey.example.com leads to Twilio SendGrid already")
        );
    }
}
