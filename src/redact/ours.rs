//! Words of our own, which no secret takes from us: what rules and receivers' demands are written in, and the names of
//! platforms, receivers and hosts.

use crate::knowledge::{host, mailbox, platform, receiver};
use crate::rules;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Shorter ones are hidden nowhere.
const SHORTEST: usize = 3;

static OURS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let demands = receiver::all().iter().flat_map(|r| &r.requirement).map(|demand| &*demand.what);
    let prose = rules::all().map(|rule| rule.doc).chain(demands);
    // A capital may begin a sentence, or a name: only what has none, and what has nothing else, is ours.
    let one_case = |w: &&str| !w.contains(char::is_uppercase) || !w.contains(char::is_lowercase);
    let prose = prose.flat_map(words).filter(one_case);
    let named = (platform::all().iter().map(|p| [&p.id, &p.name]))
        .chain(receiver::all().iter().map(|r| [&r.id, &r.name]))
        .chain(host::all().iter().map(|h| [&h.id, &h.name]))
        .chain(mailbox::all().iter().map(|m| [&m.id, &m.name]));
    let named = named.flatten().flat_map(|name| words(name).chain(std::iter::once(&**name)));
    let ids = rules::all().map(|rule| rule.id);
    prose.chain(named).chain(ids).collect()
});

/// Is it a word of ours, spelt just so?
pub fn is_ours(word: &str) -> bool {
    OURS.contains(word)
}

/// Words of letters, and their parts; names of hosts and addresses are none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bare = |word: &str| word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    let whole = text.split_whitespace().map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()));
    let parts = whole.filter(move |w| bare(w)).flat_map(|w| std::iter::once(w).chain(w.split('-')));
    parts.filter(|w| w.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_is_ours_and_names_of_people_are_not() {
        for word in ["failed", "recipient", "unsubscribe", "one-click", "SPF", "Google", "sendgrid", "dkim-missing"] {
            assert!(is_ours(word), "{word}");
        }
        for word in ["Recipient", "ann", "smith", "laptop", "zorro", "acme", "jane", "invoice"] {
            assert!(!is_ours(word), "{word}");
        }
    }
}
