//! The same message from the same address, received again: what a receiver would say of it now.
//!
//! A header is the past, DNS is now. What the receiver reported holds as long as nothing changes that it rested
//! on; the rest is set aside and worked out from the answers. What cannot be worked out from them (a body that is not
//! at hand, a reputation) stands as it was reported, or is not known.

use super::dkim::{DkimResult, Key, KeyState};
use super::reported::{self, Reported};
use super::spf::{Node, Whose};
use super::{Facts, Reading};
use crate::evidence::{Evidence, Kind, answer_at};
use crate::span::Span;
use std::sync::Arc;

/// What is so under other answers, `before` being what was so until now; with `signed` the message comes with a good
/// signature of that domain.
pub fn received(evidence: Arc<Evidence>, before: &Facts, signed: Option<&str>) -> Facts {
    let now = Facts::gather(evidence.clone(), before.reading.clone());
    let mut reading = Reading::clone(&before.reading);
    set_aside(&mut reading, before, &now);
    if let Some(domain) = signed {
        sign(&mut reading.reported, domain);
    }
    let overtaken = reading.bounce.is_some() && (signed.is_some() || sender_differs(before, &now));
    if let Some(bounce) = &mut reading.bounce {
        bounce.overtaken = overtaken;
    }
    if overtaken || reading.reported != before.reading.reported || reverse_differs(before, &now) {
        let now = Facts::gather(evidence.clone(), Arc::new(reading.clone()));
        // Microsoft takes for genuine what passes DMARC (reason 100); of what does not it keeps its own counsel.
        let refused = reading.reported.compauth.as_ref().is_some_and(|c| c.result != "pass");
        if !refused || now.alignment.dmarc != Some(true) {
            return now;
        }
        reading.reported.compauth = None;
        return Facts::gather(evidence, Arc::new(reading));
    }
    now
}

fn set_aside(reading: &mut Reading, before: &Facts, now: &Facts) {
    let Reported { spf, dkim, dmarc, iprev, .. } = &mut reading.reported;
    let spf_differs = spf.is_some() && spf_rests_on(before) != spf_rests_on(now);
    if spf_differs {
        *spf = None;
    }
    let mut dkim_differs = false;
    for report in dkim.iter_mut().filter(|r| key_differs(r, before, now)) {
        let verified = now.verified.iter().find(|v| Some(v.signature) == report.signature);
        let passes = verified.is_some_and(|v| v.result == Some(DkimResult::Pass));
        // A body that changed on the way, or is not at hand, is no fault of the new key.
        report.result = if passes { "pass".into() } else { String::new() };
        report.detail.clear();
        dkim_differs = true;
    }
    if let Some(dmarc) = dmarc {
        if spf_differs || dkim_differs || alignment(before) != alignment(now) {
            void(dmarc);
        } else if before.dmarc.effective != now.dmarc.effective {
            // The message fares as before, the policy is another.
            dmarc.policy = None;
            dmarc.disposition = None;
        }
    }
    if reverse_differs(before, now) {
        *iprev = None;
        reading.hops.iter_mut().for_each(|hop| hop.reverse_unknown = None);
        reading.antispam.iter_mut().for_each(|field| field.items.retain(|i| !i.key.eq_ignore_ascii_case("PTR")));
    }
}

/// Does anything differ that a refusal of the sender may rest on?
fn sender_differs(before: &Facts, now: &Facts) -> bool {
    let keys = |facts: &Facts| -> Vec<Vec<String>> {
        let texts = |key: &Key| match &key.state {
            KeyState::Found(records) => records.iter().map(|r| r.text.clone()).collect(),
            _ => Vec::new(),
        };
        facts.keys.iter().map(texts).collect()
    };
    spf_rests_on(before) != spf_rests_on(now)
        || keys(before) != keys(now)
        || before.dmarc.effective != now.dmarc.effective
        || reverse_differs(before, now)
}

/// A signature that was not there is taken for good.
fn sign(reported: &mut Reported, domain: &str) {
    reported.dkim.retain(|report| report.result != "none");
    reported.dkim.push(reported::Dkim {
        result: "pass".into(),
        domain: Some(domain.into()),
        selector: None,
        signature_start: None,
        detail: String::new(),
        span: Span::default(),
        domain_span: None,
        signature: None,
    });
    reported.dmarc.iter_mut().for_each(void);
}

/// Whose mail it was stays known.
fn void(dmarc: &mut reported::Dmarc) {
    dmarc.result.clear();
    dmarc.policy = None;
    dmarc.disposition = None;
}

/// What the result of SPF rests on: every record looked at, and what came of them.
fn spf_rests_on(facts: &Facts) -> impl PartialEq + use<'_> {
    fn records<'n>(node: &'n Node, all: &mut Vec<&'n str>) {
        all.extend(node.record.as_deref());
        node.terms.iter().filter_map(|b| b.below.as_deref()).for_each(|below| records(below, all));
    }
    let mut seen = Vec::new();
    let check = facts.spf.as_ref();
    check.and_then(|c| c.tree.as_ref()).into_iter().for_each(|tree| records(tree, &mut seen));
    // Where the address is not known, nothing is evaluated, and the record is all there is to go by.
    let judged = facts.spf_published.iter().filter(|p| matches!(p.whose, Whose::MailFrom | Whose::Helo));
    let published = judged.flat_map(|p| &p.records).map(|r| r.text.as_str()).collect::<Vec<_>>();
    (check.map(|c| c.result), seen, published)
}

/// Is the key another one for the signature that the receiver speaks of? Its failure may also rest on the other
/// tags of the record; a pass rests on the key alone.
fn key_differs(report: &reported::Dkim, before: &Facts, now: &Facts) -> bool {
    let texts = |facts: &Facts| match key(report, facts) {
        Some(KeyState::Found(records)) => records.iter().map(|r| r.text.clone()).collect(),
        _ => Vec::new(),
    };
    let (was, is) = (texts(before), texts(now));
    if was == is {
        return false;
    }
    let keys = |facts: &Facts| match key(report, facts) {
        Some(KeyState::Found(records)) => {
            let usable = records.iter().filter(|r| r.usable());
            usable.filter_map(|r| r.text.get(r.p?.range()).map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let (old, new) = (keys(before), keys(now));
    report.result != "pass" || new.is_empty() || !new.iter().all(|key| old.contains(key))
}

/// The key of the signature, or of the name the receiver gives where the paste leaves the signature out.
fn key(report: &reported::Dkim, facts: &Facts) -> Option<KeyState> {
    if let Some(index) = report.signature {
        return facts.keys.iter().find(|k: &&Key| k.signature == Some(index)).map(|k| k.state.clone());
    }
    let name = format!("{}._domainkey.{}", report.selector.as_deref()?, report.domain.as_deref()?);
    answer_at(&facts.evidence.answers, &name, Kind::Txt).map(super::dkim::key::state)
}

/// How each identifier agrees with From, and how closely it has to.
fn alignment(facts: &Facts) -> impl PartialEq + use<'_> {
    let record = facts.dmarc.record().map(|r| (r.adkim_strict, r.aspf_strict));
    (record, facts.alignment.spf, facts.alignment.dkim, &facts.alignment.signatures)
}

fn reverse_differs(before: &Facts, now: &Facts) -> bool {
    let names = |facts: &Facts| {
        let reverse = facts.reverse.as_ref()?;
        let names = reverse.names.iter().map(|n| (n.name.clone(), n.confirmed)).collect::<Vec<_>>();
        Some((reverse.outcome, names))
    };
    names(before) != names(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Input, Said};
    use crate::facts::spf::SpfResult;
    use crate::samples::settle;

    const TEXT: &str = "Received: from m.example.com (unknown [192.0.2.4])\r\n\tby mx.inbox.test with ESMTP id 1;\r\n\
        \tTue, 2 Jun 2026 10:00:03 +0000\r\n\
        Authentication-Results: mx.inbox.test; dkim=pass header.d=example.com header.s=s;\r\n\
        \tspf=fail smtp.mailfrom=b@example.com; dmarc=pass (p=none dis=none) header.from=example.com;\r\n\
        \tcompauth=fail reason=001\r\n\
        DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=YQ==; b=YQ==\r\n\
        From: a@example.com\r\n";
    const KEY: &str = crate::facts::dkim::samples::RSA_1024;
    const OTHER_KEY: &str = crate::facts::dkim::samples::RSA_1024_E3;

    fn zone(spf: &str, key: &str, dmarc: &str, more: &str) -> String {
        format!(
            "example.com TXT \"{spf}\"\ns._domainkey.example.com TXT \"v=DKIM1; {key}\"\n\
             _dmarc.example.com TXT \"v=DMARC1; {dmarc}\"\n{more}"
        )
    }

    fn at(text: &str, zone: &str) -> Arc<Evidence> {
        let input = Input::read("-", text.as_bytes(), None).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
        Arc::new(settle(evidence, &Zone::parse(zone).unwrap()))
    }

    fn again(text: &str, before: &str, now: &str) -> Facts {
        let before = at(text, before);
        let reading = Arc::new(Reading::read(&before.input, &before.said));
        received(at(text, now), &Facts::gather(before, reading), None)
    }

    fn dkim(facts: &Facts) -> &str {
        &facts.reading.reported.dkim[0].result
    }

    fn dmarc(facts: &Facts) -> &str {
        &facts.reading.reported.dmarc.as_ref().unwrap().result
    }

    #[test]
    fn what_rests_on_nothing_that_changed_stands_as_reported() {
        let was = zone("v=spf1 -all", &format!("p={KEY}"), "p=none", "");
        let same = again(TEXT, &was, &format!("{was}\nelse.example.com TXT \"x\""));
        let reported = &same.reading.reported;
        assert_eq!(reported.spf.as_ref().map(|s| &s.result[..]), Some("fail"));
        assert_eq!((dkim(&same), same.alignment.dmarc), ("pass", Some(true)));
        assert!(reported.compauth.is_some() && reported.dmarc.as_ref().is_some_and(|d| d.policy.is_some()));
    }

    #[test]
    fn spf_is_evaluated_anew_where_its_record_changed_and_dkim_is_not() {
        let was = zone("v=spf1 -all", &format!("p={KEY}"), "p=none", "");
        let now = again(TEXT, &was, &zone("v=spf1 ip4:192.0.2.4 -all", &format!("p={KEY}"), "p=none", ""));
        assert_eq!(now.reading.reported.spf, None);
        assert_eq!(now.spf.as_ref().and_then(|c| c.result), Some(SpfResult::Pass));
        assert_eq!(dkim(&now), "pass");
        // DMARC passes now, and so does what Microsoft makes of it.
        assert_eq!((dmarc(&now), now.alignment.dmarc), ("", Some(true)));
        assert_eq!(now.reading.reported.compauth, None);
    }

    #[test]
    fn a_pass_rests_on_the_key_and_a_failure_on_the_whole_record() {
        let was = zone("v=spf1 -all", &format!("p={KEY}"), "p=none", "");
        let with = |key: &str| zone("v=spf1 -all", key, "p=none", "");
        assert_eq!(dkim(&again(TEXT, &was, &with(&format!("t=y; p={KEY}")))), "pass");
        let other = again(TEXT, &was, &with(&format!("p={OTHER_KEY}")));
        // Nobody has checked the signature with this key.
        assert_eq!((dkim(&other), other.alignment.dmarc), ("", None));
        let failed = TEXT.replace("dkim=pass", "dkim=fail");
        assert_eq!(dkim(&again(&failed, &was, &with(&format!("t=y; p={KEY}")))), "");
    }

    #[test]
    fn the_signature_itself_is_checked_with_the_key_that_is_to_come() {
        use crate::facts::dkim::testing::RELAXED;
        let results =
            "Authentication-Results: mx.inbox.test; dkim=permerror (no key) header.d=example.com header.s=s1\r\n";
        let message = "From: a@example.com\r\nTo: b@inbox.test\r\nSubject: x\r\n\r\nHello.\r\n";
        let hop = TEXT.split_once("Authentication").unwrap().0;
        let text = format!("{hop}{results}{}", RELAXED.sign(message));
        let key = |p: &str| {
            let (one, two) = p.split_at(100);
            format!("s1._domainkey.example.com TXT \"v=DKIM1; p={one}\" \"{two}\"")
        };
        let right = again(&text, "", &key(crate::facts::dkim::testing::RSA_PUBLIC));
        assert_eq!((dkim(&right), right.alignment.dmarc), ("pass", Some(true)));
        assert_eq!(dkim(&again(&text, "", &key(OTHER_KEY))), "");
    }

    #[test]
    fn a_new_policy_leaves_the_result_and_drops_what_it_led_to() {
        let with = |dmarc| zone("v=spf1 -all", &format!("p={KEY}"), dmarc, "");
        let stricter = again(TEXT, &with("p=none"), &with("p=reject"));
        let told = stricter.reading.reported.dmarc.as_ref().unwrap();
        assert_eq!((&told.result[..], &told.policy, &told.disposition), ("pass", &None, &None));
        let strict = again(TEXT, &with("p=none"), &with("p=none; adkim=s"));
        assert_eq!((dmarc(&strict), strict.alignment.dmarc), ("", Some(true)));
    }

    #[test]
    fn a_reverse_name_that_is_new_unsays_what_the_receiver_missed() {
        let was = zone("v=spf1 -all", &format!("p={KEY}"), "p=none", "");
        let named = "4.2.0.192.in-addr.arpa PTR m.example.com\nm.example.com A 192.0.2.4";
        let unknown = |facts: &Facts| facts.reading.hops.iter().any(|hop| hop.reverse_unknown.is_some());
        assert!(unknown(&again(TEXT, &was, &was)));
        assert!(!unknown(&again(TEXT, &was, &format!("{was}{named}"))));
    }

    #[test]
    fn a_signature_that_is_taken_for_made_counts_like_any_other() {
        let before = at(&TEXT.replace("dkim=pass", "dkim=none"), &zone("v=spf1 -all", "p=", "p=none", ""));
        let reading = Arc::new(Reading::read(&before.input, &before.said));
        let facts = Facts::gather(before.clone(), reading);
        assert_eq!(received(before.clone(), &facts, Some("mail.example.com")).alignment.dmarc, Some(true));
        assert_ne!(received(before, &facts, Some("example.net")).alignment.dmarc, Some(true));
    }
}
