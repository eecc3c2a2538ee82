//! Words and names that content is read by: `assets/content.toml`.

use super::shelf;
use serde::Deserialize;
use std::sync::LazyLock;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub checked: String,
    /// Extensions of files that a large receiver refuses.
    pub blocked: Extensions,
    /// Extensions of documents with macros.
    pub macros: Extensions,
    pub shorteners: Hosts,
    /// Where gateways of receivers lead the links of a message.
    pub gateways: Hosts,
    pub unsubscribe: Terms,
}

/// Lower case, without the dot.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extensions {
    pub source: String,
    pub confidence: String,
    pub extensions: Vec<String>,
}

/// Host names, lower case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosts {
    pub source: String,
    pub confidence: String,
    pub hosts: Vec<String>,
}

/// Words in lower case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub source: String,
    pub confidence: String,
    pub words: Vec<String>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| shelf::book("content"));

/// All of it.
pub fn words() -> &'static Words {
    &WORDS
}

impl Extensions {
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.iter().any(|e| e.eq_ignore_ascii_case(extension))
    }
}

impl Hosts {
    /// Is it this host, or one above it?
    pub fn has(&self, host: &str) -> bool {
        self.hosts
            .iter()
            .any(|s| host.strip_suffix(s.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_parses_and_says_whence() {
        let all = words();
        assert!(all.checked.parse::<jiff::civil::Date>().is_ok());
        for (source, confidence) in [
            (&all.blocked.source, &all.blocked.confidence),
            (&all.macros.source, &all.macros.confidence),
            (&all.shorteners.source, &all.shorteners.confidence),
            (&all.gateways.source, &all.gateways.confidence),
            (&all.unsubscribe.source, &all.unsubscribe.confidence),
        ] {
            assert!(!source.is_empty() && ["A", "B", "C"].contains(&confidence.as_str()));
        }
        assert!(all.blocked.has("EXE") && !all.blocked.has("pdf") && all.macros.has("docm"));
        assert!(all.shorteners.has("bit.ly") && all.shorteners.has("www.bit.ly") && !all.shorteners.has("rabbit.ly"));
        assert!(all.unsubscribe.words.iter().all(|w| *w == w.to_lowercase()));
    }
}
