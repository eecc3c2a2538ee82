//! Faces that are text: JSON for scripts, human for eyes, plain for `cut`, Markdown for a ticket.

pub mod advice;
pub mod blocklists;
pub mod bounce;
pub mod changes;
pub mod copy;
pub mod diff;
pub mod excerpt;
pub mod export;
pub mod fetch;
pub mod fix;
pub mod html;
pub mod human;
pub mod json;
pub mod linear;
pub mod markdown;
pub mod onboarding;
pub mod own_filters;
pub mod path;
pub mod plain;
pub mod proof;
pub mod received;
pub mod receiver;
pub mod records;
pub mod requirements;
pub mod send;
pub mod sent;
pub mod snippet;
pub mod sources;
pub mod spf;
pub mod summary;
pub mod table;
pub mod warmup;
pub mod watch;

use crate::redact::Redaction;
use crate::safe::Safe;

/// Bytes of one text that are shown. No DNS record has more (RFC 1035 §3.2.1), so that none is cut.
const LONGEST: usize = 65_535;

/// How strangers' text is shown: redacted if asked for, and always safe.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    pub redaction: Option<&'a Redaction>,
}

impl Shown<'_> {
    /// On one line.
    pub fn line(&self, text: &str) -> String {
        let hidden = self.hidden(text);
        let end = hidden.floor_char_boundary(LONGEST);
        let mut line = Safe::line(&hidden[..end]).into_string();
        if end < hidden.len() {
            line.push('…');
        }
        line
    }

    /// With its line ends.
    pub fn block(&self, text: &str) -> String {
        Safe::block(self.hidden(text)).into_string()
    }

    /// Redacted, not yet safe: for what is encoded afterwards.
    pub fn hidden(&self, text: &str) -> String {
        self.redaction.map_or_else(|| text.to_owned(), |r| r.apply(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_longer_than_any_record_is_cut() {
        let shown = Shown::default();
        assert_eq!(shown.line(&"é".repeat(LONGEST)).len(), LONGEST - 1 + "…".len());
        assert_eq!(shown.line(&"a".repeat(LONGEST)).len(), LONGEST);
    }
}
