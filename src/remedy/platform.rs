//! What a sending platform wants published for a domain: its DKIM keys and its return path.

use super::{Change, Remedy, TTL, blank, text};
use crate::evidence::{Answers, Data, Kind, answer_at};
use crate::knowledge::Platform;
use crate::knowledge::platform::ReturnPath;

/// Adds where to switch signing on at `platform`, and the records it asks for at `domain`.
pub fn signing(remedy: Remedy, platform: &Platform, domain: &str, answers: &Answers) -> Remedy {
    let remedy = match &platform.dkim_setting {
        Some(setting) => remedy.step(place(setting, domain)),
        None => remedy,
    };
    keys(platform, domain, answers).into_iter().fold(remedy, Remedy::marked)
}

/// Where to click, as a sentence begins: settings are written "in Brevo: …".
pub fn place(setting: &str, domain: &str) -> String {
    let mut place = Platform::fill(setting, domain);
    if let Some(first) = place.get(..1).map(str::to_ascii_uppercase) {
        place.replace_range(..1, &first);
    }
    place
}

/// The records of its keys, beside what is known to stand at their names; what only the portal
/// knows is a blank.
pub fn keys(platform: &Platform, domain: &str, answers: &Answers) -> Vec<Change> {
    let key = |setup: &crate::knowledge::platform::DkimSetup| {
        let name = setup.name(domain);
        let target = setup.target.as_deref().map(|t| Platform::fill(t, domain));
        let (kind, data) = match (setup.record.eq_ignore_ascii_case("CNAME"), target) {
            (true, Some(target)) => (Kind::Cname, Data::Cname(target)),
            (true, None) => (Kind::Cname, Data::Cname(blank(&format!("target that {} shows", platform.name)))),
            (false, Some(value)) => (Kind::Txt, text(&value)),
            (false, None) => (Kind::Txt, text(&blank(&format!("TXT value that {} shows", platform.name)))),
        };
        let answer = answer_at(answers, &name, kind);
        let same = |d: &&Data| std::mem::discriminant(*d) == std::mem::discriminant(&data);
        let before = answer.iter().flat_map(|a| &a.records).map(|r| &r.data).filter(same).cloned().collect();
        Change { name, kind, ttl: TTL, before, after: vec![data] }
    };
    platform.dkim.iter().map(key).collect()
}

/// What to publish for a return path inside `domain`, in words: name, type, target; `None` where
/// the platform offers none.
pub fn return_path(platform: &Platform, domain: &str) -> Option<String> {
    let setup = platform.return_path.as_ref()?;
    let (name, target) = bounce_domain(platform, setup, domain);
    Some(format!("{name} {} {target}", setup.record))
}

/// The alias by which the platform takes bounces to `name` back, where that is its return path inside `domain`.
pub fn bounce_alias(platform: &Platform, domain: &str, name: &str) -> Option<Change> {
    let setup = platform.return_path.as_ref().filter(|setup| setup.record.eq_ignore_ascii_case("CNAME"))?;
    let (its, target) = bounce_domain(platform, setup, domain);
    let after = vec![Data::Cname(target)];
    (its == name).then(|| Change { name: its, kind: Kind::Cname, ttl: TTL, before: Vec::new(), after })
}

/// Name and target.
fn bounce_domain(platform: &Platform, setup: &ReturnPath, domain: &str) -> (String, String) {
    let target = match setup.target.as_deref() {
        Some(target) => Platform::fill(target, domain),
        None => blank(&format!("target that {} shows", platform.name)),
    };
    let label = Platform::fill(&setup.label, domain);
    let name = if label.is_empty() { domain.to_owned() } else { format!("{label}.{domain}") };
    (name, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::platform::{all, find};

    fn signed(id: &str, domain: &str) -> Remedy {
        signing(Remedy::new("x"), find(id).unwrap(), domain, &Answers::new())
    }

    fn records(remedy: &Remedy) -> Vec<(&str, String)> {
        let value = |c: &Change| match &c.after[..] {
            [Data::Cname(t)] => t.clone(),
            [Data::Txt(s)] => String::from_utf8(s.concat()).unwrap(),
            other => panic!("{other:?}"),
        };
        remedy.records.iter().map(|c| (&*c.name, value(c))).collect()
    }

    #[test]
    fn names_are_filled_in() {
        let remedy = signed("brevo", "mail.example.com");
        assert_eq!(
            records(&remedy),
            [
                ("brevo1._domainkey.mail.example.com", "b1.mail-example-com.dkim.brevo.com".to_owned()),
                ("brevo2._domainkey.mail.example.com", "b2.mail-example-com.dkim.brevo.com".to_owned()),
            ]
        );
        assert!(remedy.blanks.is_empty(), "{:?}", remedy.blanks);
        assert!(remedy.steps[0].starts_with("In Brevo: "));
    }

    #[test]
    fn microsoft_targets_are_blank() {
        let remedy = signed("microsoft-365", "example.com");
        assert!(records(&remedy).iter().all(|(_, target)| target == "<target that Microsoft 365 shows>"), "{remedy:?}");
        assert_eq!(remedy.blanks, ["target that Microsoft 365 shows"]);
    }

    #[test]
    fn a_key_below_a_subdomain() {
        let remedy = signed("customerio", "example.com");
        assert_eq!(remedy.records[0].name, "krs._domainkey.cio<number from Customer.io>.example.com");
    }

    #[test]
    fn a_return_path_in_words() {
        let words = |id| return_path(find(id).unwrap(), "example.com");
        assert_eq!(words("postmark").unwrap(), "pm-bounces.example.com CNAME pm.mtasv.net");
        assert!(words("resend").unwrap().starts_with("send.example.com MX feedback-smtp."));
        assert!(words("mailchimp").is_none());
    }

    #[test]
    fn every_platform_names_all_its_blanks() {
        for platform in all() {
            let remedy = signed(&platform.id, "example.com");
            let said: String = records(&remedy).into_iter().map(|(name, value)| name.to_owned() + &value).collect();
            assert_eq!(said.contains('<'), !remedy.blanks.is_empty(), "{}: {:?}", platform.id, remedy.blanks);
            let said = said + &remedy.steps.concat() + &return_path(platform, "example.com").unwrap_or_default();
            assert!(!said.contains("{domain"), "{}: {said}", platform.id);
        }
    }
}
