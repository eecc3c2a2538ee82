//! What the words of Authentication-Results mean: `assets/results.toml`.

use super::shelf;
use serde::Deserialize;
use std::sync::LazyLock;

/// One word, with what it means.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Word {
    /// Lower case.
    pub word: String,
    /// Methods it has this meaning for; empty means all others.
    pub methods: Vec<String>,
    pub meaning: String,
    /// The rule that says more.
    pub rule: Option<String>,
    pub source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    #[allow(dead_code, reason = "the file says its day like every other asset; a test reads it")]
    checked: String,
    word: Vec<Word>,
}

static ALL: LazyLock<Words> = LazyLock::new(|| shelf::book("results"));

/// Every meaning of a word, whatever the method.
pub fn explain(word: &str) -> Vec<&'static Word> {
    ALL.word.iter().filter(|w| w.word.eq_ignore_ascii_case(word.trim())).collect()
}

/// What `result` means as the result of `method`.
pub fn of(method: &str, result: &str) -> Option<&'static Word> {
    let mut rows = ALL.word.iter().filter(|w| w.word == result);
    rows.find(|w| w.methods.is_empty() || w.methods.iter().any(|m| m == method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_the_method_comes_before_one_for_all() {
        assert!(of("spf", "none").is_some_and(|w| w.rule.as_deref() == Some("spf-missing")));
        assert!(of("smime", "none").is_some_and(|w| w.methods.is_empty()));
        assert!(of("spf", "skipped").is_none() && explain("nonsense").is_empty());
        assert_eq!(explain("PermError").len(), 4);
    }

    #[test]
    fn every_row_says_whence_and_names_a_rule_that_there_is() {
        assert!(ALL.checked.parse::<jiff::civil::Date>().is_ok());
        for row in &ALL.word {
            assert!(!row.meaning.is_empty() && !row.source.is_empty(), "{}", row.word);
            assert_eq!(row.word, row.word.to_ascii_lowercase());
            assert!(row.rule.as_deref().is_none_or(|r| crate::rules::find(r).is_some()), "{:?}", row.rule);
        }
    }

    #[test]
    fn every_registered_result_is_known() {
        for (method, results) in [
            ("spf", &["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror", "policy"][..]),
            ("dkim", &["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"]),
            ("dmarc", &["none", "pass", "fail", "temperror", "permerror", "bestguesspass"]),
            ("iprev", &["pass", "fail", "temperror", "permerror"]),
            ("arc", &["none", "pass", "fail"]),
            ("bimi", &["pass", "none", "fail", "temperror", "declined", "skipped"]),
        ] {
            for result in results {
                assert!(of(method, result).is_some(), "{method}={result}");
            }
        }
    }
}
