//! A DNS record: a policy's own text, a line of a zone file, the output of `dig`.

use super::Guess;
use crate::evidence::input::InputKind;
use crate::evidence::lines::{field_name, is_trace, peek, visible};
use crate::evidence::zone_line::{self, Zone};
use crate::rules::Confidence;

pub(super) fn guess(text: &[u8]) -> Option<Guess> {
    // A record above a header is there to go with it.
    if peek(text).any(|l| field_name(l.of(text)).is_some_and(is_trace)) {
        return None;
    }
    let say = |sure, because: String| Some(Guess::new(InputKind::Record, sure, because));
    for line in peek(text) {
        let content = visible(line.of(text));
        let line = content.trim_ascii();
        if line.is_empty() || line.starts_with(b"$") || line.starts_with(b"#") {
            continue;
        }
        if line.starts_with(b";") {
            if line.windows(4).any(|w| w == b"DiG " || w == b";; A" || w == b";; -") {
                return say(Confidence::Certain, "the output of dig".into());
            }
            continue;
        }
        let value = unquoted(line);
        if let Some(policy) = zone_line::policy(value) {
            return say(Confidence::Certain, format!("it begins as {policy} record does"));
        }
        if let Some(Zone { kind, name, .. }) = zone_line::read(line) {
            let sure = if name.is_some() { Confidence::Certain } else { Confidence::Likely };
            return say(sure, format!("it is a line of a zone, of the type {kind}"));
        }
        if zone_line::is_spf_terms(value) {
            return say(Confidence::Possible, "SPF terms, though v=spf1 is missing".into());
        }
        if line.starts_with(b"\"") && line.ends_with(b"\"") && line.len() > 2 {
            return say(Confidence::Possible, "a quoted text, as dig +short prints it".into());
        }
        // `dig +short` puts the name an alias leads to before the record.
        if !line.ends_with(b".") || line.contains(&b' ') {
            return None;
        }
    }
    None
}

/// Without the quotes and backslashes a record is often wrapped in.
fn unquoted(line: &[u8]) -> &[u8] {
    let text = line.trim_ascii();
    let skip = text.iter().take_while(|b| b"\"'\\`(".contains(b) || b.is_ascii_whitespace()).count();
    let text = &text[skip..];
    ["\u{201c}", "\u{201d}", "\u{201e}", "\u{2018}", "\u{ab}"]
        .iter()
        .find_map(|q| text.strip_prefix(q.as_bytes()))
        .unwrap_or(text)
}
