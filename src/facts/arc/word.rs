//! What the servers of a chain say of one signature, each of what it took in. It is for who asks to know that the whole
//! chain holds: then each seal covers it, and nobody else can have written it (RFC 8617 §5.2).

use super::Set;
use crate::facts::Reading;
use crate::facts::authres::MethodResult;
use crate::facts::dkim::Signature;

/// The sets between which a signature broke.
#[derive(Clone, Copy, Debug, Default)]
pub struct Word<'r> {
    /// The newest set whose server saw it pass.
    pub passed: Option<&'r Set>,
    /// The oldest whose server saw it fail.
    pub failed: Option<&'r Set>,
}

/// What the sets that were put above this signature say of it; nothing where they contradict each other.
pub fn of(reading: &Reading, index: usize) -> Word<'_> {
    let Some(signature) = reading.signatures.get(index) else { return Word::default() };
    let alone = reading.signatures.iter().filter(|s| named(s) == named(signature)).count() == 1;
    let mut word = Word::default();
    for set in &reading.arc {
        let Some(results) = set.results.as_ref().filter(|r| alone && r.field < signature.field) else { continue };
        match results.results.iter().filter(|r| speaks_of(r, signature)).find_map(verdict) {
            Some(true) if word.failed.is_some() => return Word::default(),
            Some(true) => word.passed = Some(set),
            Some(false) => word.failed = word.failed.or(Some(set)),
            None => {}
        }
    }
    word
}

fn named(signature: &Signature) -> (Option<&str>, Option<&str>) {
    let domain = signature.domain.as_ref().map(|d| d.value.as_str());
    (domain, signature.selector.as_ref().map(|s| s.value.as_str()))
}

fn speaks_of(result: &MethodResult, signature: &Signature) -> bool {
    let (domain, selector) = named(signature);
    let is = |property, value: Option<&str>| {
        result.prop("header", property).map(|p| value.is_some_and(|v| p.value.eq_ignore_ascii_case(v)))
    };
    result.method == "dkim" && is("d", domain) == Some(true) && is("s", selector) != Some(false)
}

/// `None` where it says nothing of the message: a key that could not be had is no change.
fn verdict(result: &MethodResult) -> Option<bool> {
    let words = result.comments.iter().chain(&result.reason).map(|w| w.value.to_ascii_lowercase());
    let of_key = || {
        words.clone().any(|w| {
            ["no key", "key not", "unavailable", "revoked", "dns", "expired", "timeout"].iter().any(|k| w.contains(k))
        })
    };
    match &result.result[..] {
        "pass" => Some(true),
        "fail" if !of_key() => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Input, InputKind, Said};
    use crate::facts::dkim::forensics::{Changed, Proven, What, suspects};

    fn reading(first: &str, second: &str) -> Reading {
        let said = |n: u32, by: &str, domain: &str, result: &str| {
            format!(
                "ARC-Seal: i={n}; d={domain}; cv=none; b=x\r\nARC-Message-Signature: i={n}; d={domain}; h=from; b=x\r\n\
                 ARC-Authentication-Results: i={n}; {by}; dkim={result}\r\n"
            )
        };
        let hop = |from: &str, by: &str| format!("Received: from {from} by {by}; Tue, 2 Jun 2026 10:00:01 +0000\r\n");
        let text = [
            hop("lists.example.net", "mx.example.edu"),
            said(2, "lists.example.net", "example.net", second),
            hop("fwd.example.org", "lists.example.net"),
            said(1, "fwd.example.org", "example.org", first),
            hop("out.example.com", "fwd.example.org"),
            hop("desk.example.com", "out.example.com"),
            "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=AA==; b=AA==\r\n".into(),
            "From: a@example.com\r\n\r\nhello\r\n".into(),
        ];
        let input = Input::read("-", text.concat().as_bytes(), Some(InputKind::Message)).unwrap();
        Reading::read(&input, &Said::default())
    }

    const OURS: &str = "header.d=example.com header.s=s1";

    #[test]
    fn the_sets_between_which_it_broke() {
        let told = |first: &str, second: &str| {
            let reading = reading(&format!("{first} {OURS}"), &format!("{second} {OURS}"));
            let word = of(&reading, 0);
            (word.passed.map(|s| s.instance), word.failed.map(|s| s.instance))
        };
        assert_eq!(told("pass", "fail"), (Some(1), Some(2)));
        assert_eq!(told("pass", "pass"), (Some(2), None));
        assert_eq!(told("fail", "fail"), (None, Some(1)));
        // They contradict each other, or speak of the key.
        assert_eq!(told("fail", "pass"), (None, None));
        assert_eq!(told("fail (no key)", "fail (key not found)"), (None, None));
        let others = reading("pass header.d=example.com header.s=s2", "fail header.d=example.net header.s=s1");
        assert!(of(&others, 0).passed.is_none() && of(&others, 0).failed.is_none());
    }

    #[test]
    fn who_is_suspected_by_a_chain_that_holds() {
        let footer = Changed::of_all(What::FooterAppended);
        let who = |first: &str, second: &str, sealed: bool| {
            let reading = reading(&format!("{first} {OURS}"), &format!("{second} {OURS}"));
            suspects(&reading, 0, &footer, &Proven { whole: vec![], sealed }).join(" ")
        };
        let before = "desk.example.com out.example.com";
        let without = who("pass", "fail", false);
        assert!(without.ends_with("fwd.example.org lists.example.net mx.example.edu"), "{without}");
        assert_eq!(who("pass", "fail", true), "fwd.example.org");
        // The newest set covers what arrived: the receiver left it alone.
        assert_eq!(who("pass", "pass", true), "lists.example.net");
        assert!(before.ends_with(&who("fail", "fail", true)), "{}", who("fail", "fail", true));
        assert!(who("none", "none", true).ends_with("fwd.example.org lists.example.net"));
    }
}
