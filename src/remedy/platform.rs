//! Cures that begin in a sending platform's panel: its DKIM and its return path for a domain.

use super::{Change, Remedy, TTL, blank, text};
use crate::evidence::{Data, Kind};
use crate::knowledge::Platform;
use crate::knowledge::platform::DkimSetup;

/// How to let `platform` sign as `from_domain`: where to click, and the records it wants.
/// What only the portal knows is a blank.
pub fn custom_dkim(platform: &Platform, from_domain: &str) -> Remedy {
    let name = &platform.name;
    let mut remedy = Remedy::new(format!("Let {name} sign as {from_domain}.")).step(open(
        platform.dkim_setting.as_deref(),
        &format!("in {name}: the settings of your sending domain"),
        from_domain,
    ));
    if !platform.dkim.is_empty() {
        remedy =
            remedy.step("Publish the records below; where they differ from what the page shows, the page is right.");
    }
    for setup in &platform.dkim {
        remedy = remedy.record(key(platform, setup, from_domain));
    }
    remedy =
        remedy.step(format!("When DNS shows them, let {name} check the domain, and switch signing on if it asks."));
    note_blanks(remedy)
}

/// How to give `platform` a return path inside `from_domain`; `None` where it offers none.
pub fn return_path(platform: &Platform, from_domain: &str) -> Option<Remedy> {
    let name = &platform.name;
    if platform.return_path.is_none() && platform.return_path_setting.is_none() {
        return None;
    }
    let mut remedy = Remedy::new(format!("Let {name} use a return path inside {from_domain}.")).step(open(
        platform.return_path_setting.as_deref(),
        &format!("in {name}: the settings of your sending domain"),
        from_domain,
    ));
    if let Some(path) = &platform.return_path {
        let owner = format!("{}.{from_domain}", path.label);
        let target = match &path.target {
            Some(target) => Platform::fill(target, from_domain),
            None => blank(&format!("target from {name}")),
        };
        remedy =
            remedy.step("Publish the records below; where they differ from what the page shows, the page is right.");
        if path.record == "MX" {
            remedy = remedy.record(new(&owner, Kind::Mx, Data::Mx { preference: 10, exchange: target }));
        } else {
            remedy = remedy.record(new(&owner, Kind::Cname, Data::Cname(target)));
        }
        if let Some(spf) = &path.spf {
            remedy = remedy.record(new(&owner, Kind::Txt, text(spf)));
        }
        remedy = remedy.step(format!("When DNS shows them, let {name} check the domain."));
    }
    Some(note_blanks(remedy))
}

/// The record of one key.
fn key(platform: &Platform, setup: &DkimSetup, from_domain: &str) -> Change {
    let below = setup.below.as_ref().map_or(String::new(), |b| format!("{b}."));
    let owner = Platform::fill(&format!("{}._domainkey.{below}{from_domain}", setup.selector), from_domain);
    match (&*setup.record, &setup.target) {
        ("CNAME", Some(target)) => new(&owner, Kind::Cname, Data::Cname(Platform::fill(target, from_domain))),
        ("CNAME", None) => new(&owner, Kind::Cname, Data::Cname(blank(&whence(platform)))),
        _ => new(&owner, Kind::Txt, text(&blank(&format!("TXT value of the key from {}", platform.name)))),
    }
}

/// Where the target of a CNAME is to be copied from.
fn whence(platform: &Platform) -> String {
    match &*platform.id {
        "microsoft-365" => "copy from the Microsoft 365 Defender portal".to_owned(),
        _ => format!("target from {}", platform.name),
    }
}

fn new(name: &str, kind: Kind, data: Data) -> Change {
    Change { name: name.to_owned(), kind, ttl: TTL, before: vec![], after: vec![data] }
}

/// "Open …", with the domain filled in.
fn open(setting: Option<&str>, otherwise: &str, domain: &str) -> String {
    let mut place = Platform::fill(setting.unwrap_or(otherwise), domain);
    if let Some(first) = place.get(..1).map(str::to_ascii_uppercase) {
        place.replace_range(..1, &first);
    }
    place + "."
}

/// Names every blank that stands in a record or a step, each once, in order.
fn note_blanks(mut remedy: Remedy) -> Remedy {
    let mut texts: Vec<String> = Vec::new();
    for change in &remedy.records {
        texts.push(change.name.clone());
        texts.extend(change.after.iter().map(|data| match data {
            Data::Cname(target) => target.clone(),
            Data::Mx { exchange, .. } => exchange.clone(),
            Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
            _ => String::new(),
        }));
    }
    texts.extend(remedy.steps.iter().cloned());
    for text in &texts {
        for piece in text.split('<').skip(1) {
            if let Some((what, _)) = piece.split_once('>').filter(|(w, _)| !remedy.blanks.iter().any(|b| b == w)) {
                remedy.blanks.push(what.to_owned());
            }
        }
    }
    remedy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::platform::{all, find};

    fn records(remedy: &Remedy) -> Vec<(&str, String)> {
        let value = |c: &Change| match &c.after[..] {
            [Data::Cname(t)] => t.clone(),
            [Data::Mx { preference, exchange }] => format!("{preference} {exchange}"),
            [Data::Txt(s)] => String::from_utf8(s.concat()).unwrap(),
            other => panic!("{other:?}"),
        };
        remedy.records.iter().map(|c| (&*c.name, value(c))).collect()
    }

    #[test]
    fn names_are_filled_in() {
        let remedy = custom_dkim(find("brevo").unwrap(), "mail.example.com");
        assert_eq!(
            records(&remedy),
            [
                ("brevo1._domainkey.mail.example.com", "b1.mail-example-com.dkim.brevo.com".to_owned()),
                ("brevo2._domainkey.mail.example.com", "b2.mail-example-com.dkim.brevo.com".to_owned()),
            ]
        );
        assert!(remedy.blanks.is_empty(), "{:?}", remedy.blanks);
        assert!(remedy.steps[0].starts_with("In Brevo: Settings"));
    }

    #[test]
    fn microsoft_targets_are_blank() {
        let remedy = custom_dkim(find("microsoft-365").unwrap(), "example.com");
        let want = "<copy from the Microsoft 365 Defender portal>".to_owned();
        assert_eq!(
            records(&remedy),
            [("selector1._domainkey.example.com", want.clone()), ("selector2._domainkey.example.com", want)]
        );
        assert_eq!(remedy.blanks, ["copy from the Microsoft 365 Defender portal"]);
    }

    #[test]
    fn a_key_below_a_subdomain() {
        let remedy = custom_dkim(find("customerio").unwrap(), "example.com");
        assert_eq!(remedy.records[0].name, "krs._domainkey.cio<number from Customer.io>.example.com");
    }

    #[test]
    fn a_return_path_with_mx_and_spf_beside_it() {
        let remedy = return_path(find("resend").unwrap(), "example.com").unwrap();
        assert_eq!(
            records(&remedy),
            [
                ("send.example.com", "10 feedback-smtp.<region, such as us-east-1>.amazonses.com".to_owned()),
                ("send.example.com", "v=spf1 include:amazonses.com ~all".to_owned()),
            ]
        );
        let postmark = return_path(find("postmark").unwrap(), "example.com").unwrap();
        assert_eq!(records(&postmark), [("pm-bounces.example.com", "pm.mtasv.net".to_owned())]);
        assert!(return_path(find("mailchimp").unwrap(), "example.com").is_none());
    }

    #[test]
    fn every_platform_gives_steps_and_names_all_its_blanks() {
        for platform in all() {
            for remedy in
                [Some(custom_dkim(platform, "example.com")), return_path(platform, "example.com")].into_iter().flatten()
            {
                assert!(!remedy.steps.is_empty(), "{}", platform.id);
                let said = records(&remedy).into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
                let said: String = said.chain(remedy.steps.iter().cloned()).collect();
                assert_eq!(said.contains('<'), !remedy.blanks.is_empty(), "{}: {:?}", platform.id, remedy.blanks);
                assert!(!said.contains("{domain"), "{}: {said}", platform.id);
            }
        }
    }
}
