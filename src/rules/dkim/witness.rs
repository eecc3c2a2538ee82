//! What else is verified in a message, and tells when a signature broke: later signatures, and the ARC chain.

use super::alteration::of;
use crate::facts::Facts;
use crate::facts::arc::Set;
use crate::facts::arc::verify::ChainResult;
use crate::facts::arc::word;
use crate::facts::dkim::forensics::{self, Altered, Changed, What};
use crate::facts::dkim::{DkimResult, Signature, Verification};

/// Sentences for an explanation; empty where nothing else tells of it.
pub(super) fn told(facts: &Facts, found: &Verification, of_body: bool) -> String {
    format!("{}{}", later(facts, found, of_body), sealed(facts, found, of_body))
}

/// A signature that was made later and fits clears whoever had the message after it.
fn later(facts: &Facts, found: &Verification, of_body: bool) -> String {
    let reading = &facts.reading;
    let Some(this) = reading.signatures.get(found.signature) else { return String::new() };
    let passes = |v: &&Verification| v.result == Some(DkimResult::Pass);
    let mut passing = facts.verified.iter().filter(passes).filter_map(|v| reading.signatures.get(v.signature));
    let whole =
        passing.find(|s| s.field < this.field && covers(s, this, found, of_body)).and_then(|s| s.domain.as_ref());
    let what = if of_body { "the body as it" } else { "these fields as they" };
    whole.map_or_else(String::new, |domain| {
        format!(" The signature of {}, made later, fits {what} arrived, so it was changed before that.", domain.value)
    })
}

/// Would it be broken by all that was done? Of a body that is not known to be what only `simple` sees.
fn covers(later: &Signature, this: &Signature, found: &Verification, of_body: bool) -> bool {
    let changed = |a: &Altered| Changed { what: a.what, field: a.field.clone() };
    let mut done: Vec<Changed> = of(found, of_body).map(changed).collect();
    if done.is_empty() && of_body {
        done.push(Changed::of_all(What::WhitespaceChanged));
    }
    !done.is_empty() && done.iter().all(|changed| forensics::covers(later, this, changed))
}

/// What the ARC chain shows of this signature: the word of servers whose seals hold here.
fn sealed(facts: &Facts, found: &Verification, of_body: bool) -> String {
    let reading = &facts.reading;
    match facts.chain {
        Some(ChainResult::Fail) if !reading.arc.is_empty() => {
            return " The ARC chain does not hold here, so what its servers say of the message proves nothing."
                .to_owned();
        }
        Some(ChainResult::Pass) => {}
        _ => return String::new(),
    }
    let Some(this) = reading.signatures.get(found.signature) else { return String::new() };
    let word = word::of(reading, found.signature);
    // A header that does not fit may as well have another key in DNS than then.
    let changed = of_body || found.is_proven(false);
    match (word.passed.and_then(name), word.failed.and_then(name)) {
        (Some(passed), Some(failed)) => format!(
            " By the word of {passed} and {failed}, whose ARC seals hold here, it passed when the first took the message in and failed when the second did: it broke between the two."
        ),
        (Some(passed), None) => {
            let newest = reading.arc_chain.newest.as_ref().filter(|(s, _)| covers(s, this, found, of_body));
            let is_last = reading.arc.last().map(|set| set.instance) == word.passed.map(|set| set.instance);
            let since = match (newest.is_some() && is_last, changed) {
                (true, true) => ", and what it sealed is what arrived: it was changed there",
                (false, true) => ": it was changed there or later",
                (_, false) => ": it was changed there or later, or the key in DNS is another one since",
            };
            format!(
                " By the word of {passed}, whose ARC seal holds here, it passed when that server took the message in{since}."
            )
        }
        (None, Some(failed)) => format!(
            " By the word of {failed}, whose ARC seal holds here, it failed already when that server took the message in: what broke it came before."
        ),
        (None, None) => String::new(),
    }
}

fn name(set: &Set) -> Option<&str> {
    let id = set.results.as_ref().and_then(|r| r.authserv_id.as_ref()).map(|id| id.value.as_str());
    id.or(set.sealer.as_deref())
}

#[cfg(test)]
mod tests {
    use super::super::standing::{Relay, relay};
    use super::*;
    use crate::facts::dkim::testing::{RELAXED, gathered};

    const MESSAGE: &str = "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: Hello\r\n\
        Date: Tue, 2 Jun 2026 10:00:00 +0000\r\n\r\nDear Bob,\r\nAnn\r\n";

    /// Sealed by a forwarder after it saw this; the seals count as the caller says.
    fn sealed(result: &str, signed: &str, chain: ChainResult) -> Facts {
        let hop = |from: &str, by: &str| format!("Received: from {from} by {by}; Tue, 2 Jun 2026 10:00:01 +0000\r\n");
        let text = format!(
            "{}ARC-Seal: i=1; d=example.org; cv=none; b=x\r\nARC-Message-Signature: i=1; d=example.org; h=from; b=x\r\n\
             ARC-Authentication-Results: i=1; fwd.example.org; dkim={result} header.d=example.com\r\n{}{signed}",
            hop("fwd.example.org", "mx.example.net"),
            hop("out.example.com", "fwd.example.org"),
        );
        let mut facts = gathered(&text, None, RELAXED);
        facts.chain = Some(chain);
        facts
    }

    #[test]
    fn a_chain_that_holds_tells_where_it_broke() {
        let footer = format!("{}\r\n-- \r\nScanned by Example AV\r\n", RELAXED.sign(MESSAGE));
        let told = |result, chain| {
            let facts = sealed(result, &footer, chain);
            told(&facts, &facts.verified[0], true)
        };
        assert!(told("pass", ChainResult::Pass).contains("fwd.example.org, whose ARC seal holds here, it passed"));
        assert!(told("fail", ChainResult::Pass).contains("it failed already"));
        assert!(told("pass", ChainResult::Fail).contains("does not hold here"));
        assert_eq!(told("none", ChainResult::Pass), "");
        assert_eq!(told("pass", ChainResult::None), "");
        // Another key since then is no change.
        let other = RELAXED.sign(MESSAGE).replace("Subject: Hello", "Subject: Good day");
        let facts = sealed("pass", &other, ChainResult::Pass);
        assert!(super::told(&facts, &facts.verified[0], false).contains("or the key in DNS"));
    }

    #[test]
    fn a_server_that_saw_it_pass_and_handed_it_on_is_a_relay() {
        let footer = format!("{}\r\n-- \r\nScanned by Example AV\r\n", RELAXED.sign(MESSAGE));
        let of = |facts: &Facts| matches!(relay(facts, facts.verified.first()), Relay::Before(_));
        assert!(of(&sealed("pass", &footer, ChainResult::Pass)));
        assert!(!of(&sealed("pass", &footer, ChainResult::Fail)) && !of(&sealed("fail", &footer, ChainResult::Pass)));
        // The receiver's own seal.
        let text = sealed("pass", &footer, ChainResult::Pass).evidence.input.text.to_vec();
        let text = String::from_utf8(text).unwrap();
        let mut own = gathered(&text[text.find("ARC-Seal").unwrap()..], None, RELAXED);
        own.chain = Some(ChainResult::Pass);
        assert!(!of(&own));
    }
}
