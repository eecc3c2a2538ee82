//! What guides tell people, and what holds today: `assets/guides.toml`.

use super::shelf;
use serde::Deserialize;
use std::sync::LazyLock;

/// One piece of advice that is about.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Advice {
    pub id: String,
    /// As guides have it.
    pub told: String,
    /// What somebody may type or paste of it, as whole words.
    pub words: Vec<String>,
    /// What holds today.
    pub holds: String,
    /// The rule that finds it where somebody followed it.
    pub rule: Option<String>,
    pub source: String,
    /// A, B or C.
    pub confidence: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Guides {
    #[allow(dead_code, reason = "the file says its day like every other asset; a test reads it")]
    checked: String,
    advice: Vec<Advice>,
}

static ALL: LazyLock<Guides> = LazyLock::new(|| shelf::book("guides"));

/// Everything, in the order of the file.
pub fn all() -> &'static [Advice] {
    &ALL.advice
}

/// The advice that a text is about, in the order of the file.
pub fn about(text: &str) -> Vec<&'static Advice> {
    let said = words(text);
    let holds = |wanted: &String| {
        let wanted = words(wanted);
        !wanted.is_empty() && said.windows(wanted.len()).any(|w| w == wanted)
    };
    all().iter().filter(|a| a.id == text.trim() || a.words.iter().any(holds)).collect()
}

/// The advice whose words hold all of a text: `ptr` alone.
pub fn near(text: &str) -> Vec<&'static Advice> {
    let said = words(text);
    let within = |word: &String| words(word).windows(said.len().max(1)).any(|w| w == said);
    all().iter().filter(|a| a.words.iter().any(within)).collect()
}

/// The advice that somebody who types this may look for: what it is about, and what has it in a word or a sentence.
pub fn suggest(text: &str) -> Vec<&'static Advice> {
    let said = text.trim().to_lowercase();
    let exact = about(&said);
    let holds = |a: &&Advice| {
        said.len() >= ENOUGH
            && (a.words.iter().any(|w| w.contains(&said)) || a.told.to_lowercase().contains(&said))
            && !exact.iter().any(|e| e.id == a.id)
    };
    let others = all().iter().filter(holds);
    exact.iter().copied().chain(others).collect()
}

/// Letters of which a part of a word says something.
const ENOUGH: usize = 3;

/// Words in lower case. A hyphen, a slash or an `@` between two letters parts them; before a word a hyphen belongs to
/// it, as in `-all`, and so does a question mark, as in `?all`.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace("http://", " ").replace("https://", " ").replace("www.", " ");
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        let part = c.is_alphanumeric() || "._=+~".contains(c) || ("-?".contains(c) && !inside);
        out.push(if part { c } else { ' ' });
        inside = c.is_alphanumeric();
    }
    let end = |word: &str| word.trim_end_matches(['.', '_']).to_owned();
    out.split_whitespace().map(end).filter(|w| !w.is_empty() && w != "-" && w != "?").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn ids(text: &str) -> Vec<&'static str> {
        about(text).into_iter().map(|a| a.id.as_str()).collect()
    }

    #[test]
    fn every_row_says_whence_and_names_a_rule_that_there_is() {
        assert!(ALL.checked.parse::<jiff::civil::Date>().is_ok());
        let mut seen = BTreeSet::new();
        for row in all() {
            assert!(seen.insert(&row.id), "{} twice", row.id);
            assert!(!row.told.is_empty() && !row.holds.is_empty() && !row.source.is_empty(), "{}", row.id);
            assert!(["A", "B", "C"].contains(&&*row.confidence), "{}", row.id);
            assert!(row.rule.as_deref().is_none_or(|r| crate::rules::find(r).is_some()), "{:?}", row.rule);
            for word in &row.words {
                assert!(ids(word).contains(&&*row.id), "{}: {word}", row.id);
            }
            assert!(ids(&row.id).contains(&&*row.id), "{}", row.id);
        }
    }

    #[test]
    fn advice_is_found_as_it_is_typed_or_pasted() {
        for (text, id) in [
            ("Sender ID", "sender-id"),
            ("spf2.0/pra include:spf.example.net -all", "sender-id"),
            ("SPF RR", "spf-type"),
            ("-all", "spf-ending"),
            ("+all", "spf-plus-all"),
            ("?all", "spf-neutral"),
            ("what is sender id?", "sender-id"),
            ("include:spf.akmta.net", "spf-platform"),
            ("_domainkey TXT o=-;", "domainkeys"),
            ("_policy._domainkey", "domainkeys"),
            ("p=reject", "dmarc-reject"),
            ("http://fbl.cox.net/", "fbl-yahoo"),
            ("https://postmaster.live.com/snds/", "fbl-microsoft"),
            ("http://www.spamcop.net/reported.shtml", "fbl-spamcop"),
            ("fblrequest@abuse.earthlink.net", "fbl-gone"),
            ("Return Path Certification", "certification"),
            ("SCL:0", "scl-bcl"),
            ("PTR record starts with mail, smtp, or mx", "ptr-name"),
            ("PTR must match From", "ptr-name"),
            ("SpamCop", "fbl-spamcop"),
            ("HTTP-served policy file", "mta-sts"),
            ("abusemaster@example.com", "abusemaster"),
        ] {
            assert!(ids(text).contains(&id), "{text}: {:?}", ids(text));
        }
    }

    #[test]
    fn a_part_of_a_word_suggests_what_it_may_become() {
        let suggested = |text: &str| suggest(text).into_iter().map(|a| a.id.as_str()).collect::<Vec<_>>();
        assert_eq!(suggested("sender id")[0], "sender-id");
        assert!(suggested("sender i").contains(&"sender-id") && suggested("overwrites").contains(&"second-spf"));
        for text in ["", "s", "sp", "watch", "redact"] {
            assert_eq!(suggested(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_word_alone_finds_all_that_is_said_of_it() {
        let near = |text: &str| near(text).into_iter().map(|a| a.id.as_str()).collect::<Vec<_>>();
        assert_eq!(near("PTR"), ["spf-ptr", "optional", "ptr-name"]);
        for text in ["", "lorem ipsum", "dkim-missin", "mail"] {
            assert_eq!(near(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn parts_of_words_and_other_words_are_no_advice() {
        for text in ["lorem ipsum", "ball", "forest", "dkim-missin", "", "opensource"] {
            assert_eq!(ids(text), [""; 0], "{text}");
        }
    }
}
