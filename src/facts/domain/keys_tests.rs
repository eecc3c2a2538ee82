use super::*;
use crate::evidence::zone::Zone;
use crate::evidence::{Answers, Question};
use crate::facts::dkim::samples::*;
use crate::facts::domain::{mx, who};

fn said(selectors: &[&str], platforms: &[&str]) -> Said {
    let mut said = Said::default();
    said.check.selectors = selectors.iter().map(|s| (*s).to_owned()).collect();
    said.check.platforms = platforms.iter().map(|s| (*s).to_owned()).collect();
    said
}

/// All that example.com's zone tells, and how often it had to be asked.
fn told(zone: &str, said: &Said) -> (Keys, usize) {
    let zone = Zone::parse(zone).unwrap();
    let mut answers = Answers::new();
    for round in 0..9 {
        let lookup = Lookup::new(&answers);
        let mx = mx::gather(&lookup, "example.com", &said.check);
        let who = who::gather(&lookup, "example.com", None, Some(&mx));
        let keys = gather(&lookup, "example.com", said, &who);
        let missing = lookup.into_missing();
        if missing.is_empty() {
            return (keys, round);
        }
        answers.extend(
            missing.into_iter().map(|q| (zone.answer(&q, jiff::Timestamp::UNIX_EPOCH), q)).map(|(a, q)| (q, a)),
        );
    }
    panic!("never settled");
}

fn found(keys: &Keys) -> Vec<&str> {
    keys.judged().filter(|s| s.is_found()).map(|s| s.selector.as_str()).collect()
}

#[test]
fn everything_that_is_known_to_be_asked_is_asked_at_once() {
    let answers = Answers::new();
    let lookup = Lookup::new(&answers);
    let keys = gather(&lookup, "example.com", &said(&["Mine"], &["sendgrid"]), &[]);
    let missing = lookup.into_missing();
    // Selectors, one that SendGrid's customers may use, a stray one, what is below, and TXT for the platforms.
    assert_eq!(missing.len(), USUAL.len() + 2 + 3);
    assert!(missing.contains(&Question::new("mine._domainkey.example.com", Kind::Txt)));
    assert_eq!(keys.below, Some(Below::Unasked));
    assert_eq!(keys.selectors.iter().map(|s| s.selector.as_str()).take(3).collect::<Vec<_>>(), ["mine", "s1", "s2"]);
}

#[test]
fn platforms_of_the_spf_record_and_the_mx_bring_their_selectors() {
    let zone = format!(
        "example.com TXT \"v=spf1 include:spf.sendinblue.com ~all\"
         example.com MX 10 in1-smtp.messagingengine.com
         mail2._domainkey.example.com TXT \"v=DKIM1; k=rsa; p={RSA_1024}\"
         brevo1._domainkey.example.com CNAME b1.example-com.dkim.brevo.com
         b1.example-com.dkim.brevo.com 300 TXT \"v=DKIM1; k=rsa; p={RSA_1024}\""
    );
    let (keys, rounds) = told(&zone, &Said::default());
    assert_eq!(rounds, 2);
    let platforms: Vec<_> = keys.platforms.iter().map(|s| (&*s.platform.id, s.said)).collect();
    assert_eq!(platforms, [("fastmail", false), ("brevo", false)]);
    assert_eq!(found(&keys), ["brevo1"]);
    let key = keys.at("brevo1._domainkey.example.com").unwrap();
    assert_eq!(key.chain, ["b1.example-com.dkim.brevo.com"]);
    assert_eq!((key.platform.unwrap().id.as_str(), key.ttl), ("brevo", Some(300)));
    assert!(keys.at("fm1._domainkey.example.com").unwrap().is_missing());
    assert_eq!(keys.below, Some(Below::Something));
}

#[test]
fn selectors_that_a_platforms_guide_shows_are_tried() {
    let zone = format!(
        "example.com TXT \"v=spf1 include:spf.akmta.net -all\"
         ak._domainkey.example.com TXT \"v=DKIM1; k=rsa; p={RSA_1024}\""
    );
    let (keys, _) = told(&zone, &Said::default());
    assert_eq!(found(&keys), ["ak"]);
    assert!(!keys.judged().any(|s| s.selector == "ak1024"), "one that is not there is no fault");
}

#[test]
fn what_is_below_domainkey() {
    let below = |zone: &str| told(zone, &said(&["s9"], &[])).0.below.unwrap();
    let key = format!("s9._domainkey.example.com TXT \"p={RSA_1024}\"");
    assert_eq!(below("example.com TXT \"x\""), Below::Nothing);
    // A selector nobody would guess: the name above it answers that there is something.
    assert_eq!(below(&format!("x7.{}", &key)), Below::Something);
    assert_eq!(below(&format!("{key}\n_domainkey.example.com NXDOMAIN")), Below::Denied);
    assert_eq!(below("_domainkey.example.com SERVFAIL"), Below::Failed(Outcome::ServFail));
    assert_eq!(below("_domainkey.example.com TIMEOUT"), Below::Failed(Outcome::Timeout));
    assert_eq!(below("_domainkey.example.com REFUSED"), Below::Failed(Outcome::Refused));
}

#[test]
fn a_wildcard_is_no_key_of_a_selector() {
    let zone = format!(
        "*._domainkey.example.com TXT \"v=DKIM1; p=\"
         s1._domainkey.example.com TXT \"v=DKIM1; p={RSA_1024}\""
    );
    let (keys, _) = told(&zone, &Said::default());
    assert_eq!(found(&keys), ["s1"]);
    assert!(keys.at("mail._domainkey.example.com").unwrap().wildcard);
    assert_eq!(keys.usable().count(), 1);
}

#[test]
fn the_users_own_selectors_are_judged_whatever_came_of_them() {
    let (keys, _) = told("s8._domainkey.example.com TIMEOUT", &said(&["s8", "s9", "not a selector"], &[]));
    let judged: Vec<_> = keys.judged().map(|s| (s.selector.as_str(), s.is_missing())).collect();
    assert_eq!(judged, [("s8", false), ("s9", true)]);
}

#[test]
fn a_name_inside_an_organization_may_be_signed_for_by_it() {
    let zone =
        format!("s1._domainkey.example.com TXT \"v=DKIM1; p={RSA_1024}\"\n*.other._domainkey.example.org TXT \"p=\"");
    let at = |domain: &str| {
        let zone = Zone::parse(&zone).unwrap();
        let said = said(&["s9"], &[]);
        let mut answers = Answers::new();
        loop {
            let lookup = Lookup::new(&answers);
            let keys = gather(&lookup, domain, &said, &[]);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return keys;
            }
            let now = jiff::Timestamp::UNIX_EPOCH;
            answers.extend(missing.into_iter().map(|q| (zone.answer(&q, now), q)).map(|(a, q)| (q, a)));
        }
    };
    let keys = at("news.example.com");
    assert_eq!(found(&keys), Vec::<&str>::new());
    let usable: Vec<_> = keys.usable().map(|(s, _)| s.key.name.as_str()).collect();
    assert_eq!(usable, ["s1._domainkey.example.com"]);
    assert!(at("example.com").above.is_empty());
}
