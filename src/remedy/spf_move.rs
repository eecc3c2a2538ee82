//! Streams of mail that can leave an SPF record for a name of their own.
//!
//! Only words: where a service sends from is a setting of the service, and no record here changes it.

use super::platform::{place, return_path};
use crate::facts::spf::survey::Survey;
use crate::facts::spf::{Branch, LOOKUPS};
use crate::knowledge::Platform;

/// A term that can go once its service sends otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// As written.
    pub term: String,
    /// Look-ups it costs, with all below it.
    pub cost: u32,
    /// One or two sentences: what to set where, what to publish.
    pub how: String,
}

/// The streams to move, the dearest first, as many as it takes to come down to ten look-ups, and at least one
/// where there is any.
pub fn streams(survey: &Survey) -> Vec<Stream> {
    let domain = match survey.domain.as_str() {
        "" => "<your domain>",
        domain => domain,
    };
    let mut all: Vec<Stream> = Vec::new();
    let mut before = 0;
    for branch in &survey.tree.terms {
        let cost = branch.total.saturating_sub(before);
        before = before.max(branch.total);
        // A term that keeps somebody out moves nobody, and a redirect is the record.
        let bare = branch.text.strip_prefix('+').unwrap_or(&branch.text);
        let sends = bare.get(..8).is_some_and(|t| t.eq_ignore_ascii_case("include:"));
        let how = (sends && branch.below.is_some()).then(|| how(branch, domain)).flatten();
        all.extend(how.map(|how| Stream { term: branch.text.clone(), cost, how }));
    }
    all.sort_by_key(|s| std::cmp::Reverse(s.cost));
    let mut left = survey.lookups;
    let mut moved = 0;
    all.retain(|stream| {
        let needed = left > LOOKUPS || moved == 0;
        if needed {
            left = left.saturating_sub(stream.cost);
            moved += 1;
        }
        needed
    });
    all
}

/// `None` where people write from the domain itself through this service.
fn how(branch: &Branch, domain: &str) -> Option<String> {
    let bare = branch.text.trim_start_matches('+');
    let Some(platform) = branch.owner else {
        return Some(subdomain(&format!("what sends through {bare}"), bare, domain));
    };
    if matches!(platform.kind.as_str(), "mailbox" | "forwarding" | "self-hosted") {
        return None;
    }
    let name = &platform.name;
    if let (true, Some(note)) = (platform.spf.is_empty(), &platform.spf_note) {
        return Some(format!("{}: the term can go.", note.trim_end_matches('.')));
    }
    match return_path(platform, domain) {
        Some(record) => Some(own_return_path(platform, &record, domain)),
        None => Some(subdomain(name, bare, domain)),
    }
}

/// The platform bounces to a name below the domain, whose record carries SPF.
fn own_return_path(platform: &Platform, record: &str, domain: &str) -> String {
    let setting = platform.return_path_setting.as_ref().map(|setting| place(setting, domain));
    let setting = setting.map_or(String::new(), |place| format!(" {}.", place.trim_end_matches('.')));
    let beside = platform.return_path.as_ref().and_then(|r| r.spf.as_ref());
    let beside = beside.map_or(String::new(), |spf| format!(", and beside it TXT {}", Platform::fill(spf, domain)));
    format!("give {} a Return-Path of its own below {domain}: publish {record}{beside}.{setting}", platform.name)
}

/// Nothing is known of the service but its term.
fn subdomain(who: &str, term: &str, domain: &str) -> String {
    format!(
        "let {who} write from a subdomain, From and Return-Path, for example news.{domain}, with a record of its own: \
         news.{domain} TXT v=spf1 {term} ~all."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Answers;
    use crate::evidence::zone::Zone;
    use crate::facts::lookup::Lookup;
    use crate::facts::spf::survey::survey_text;

    fn moved(record: &str, zone: &str) -> Vec<Stream> {
        let zone = Zone::parse(zone).unwrap();
        let mut answers = Answers::new();
        loop {
            let survey = survey_text(&Lookup::new(&answers), "example.com", record);
            if survey.missing.is_empty() {
                return streams(&survey);
            }
            let now = jiff::Timestamp::UNIX_EPOCH;
            answers.extend(survey.missing.into_iter().map(|q| (q.clone(), zone.answer(&q, now))));
        }
    }

    const WORLD: &str = r#"
        spf.mtasv.net TXT "v=spf1 ip4:192.0.2.0/24 ~all"
        spf.protection.outlook.com TXT "v=spf1 ip4:198.51.100.0/24 -all"
        bulk.test TXT "v=spf1 include:one.test include:two.test -all"
        one.test TXT "v=spf1 ip4:203.0.113.0/25 -all"
        two.test TXT "v=spf1 ip4:203.0.113.128/25 -all"
    "#;

    #[test]
    fn bulk_moves_and_people_stay() {
        let all = moved("v=spf1 include:spf.protection.outlook.com include:bulk.test -all", WORLD);
        assert_eq!(all.iter().map(|s| (&*s.term, s.cost)).collect::<Vec<_>>(), [("include:bulk.test", 3)]);
        assert!(all[0].how.ends_with("news.example.com TXT v=spf1 include:bulk.test ~all."), "{}", all[0].how);
        assert_eq!(moved("v=spf1 include:spf.protection.outlook.com -all", WORLD), []);
        // A term that lets nobody in, and a redirect, are no streams.
        assert_eq!(moved("v=spf1 ?include:bulk.test redirect=bulk.test", WORLD), []);
    }

    #[test]
    fn a_platform_with_a_return_path_of_its_own_says_its_record() {
        let all = moved("v=spf1 include:spf.mtasv.net -all", WORLD);
        assert!(all[0].how.contains("publish pm-bounces.example.com CNAME pm.mtasv.net"), "{}", all[0].how);
    }

    #[test]
    fn as_many_as_it_takes() {
        let names: Vec<String> = (1..=12).map(|n| format!("n{n}.test")).collect();
        let zone: String = names.iter().map(|n| format!("{n} TXT \"v=spf1 ip4:192.0.2.1 -all\"\n")).collect();
        let includes: String = names.iter().map(|n| format!(" include:{n}")).collect();
        assert_eq!(moved(&format!("v=spf1{includes} -all"), &zone).len(), 2);
    }
}
