//! The one key table: dispatch, footer, help, palette and `postdoc keys` all read it.
//!
//! Plain characters first; nothing that needs AltGr, nothing a multiplexer takes. In a place
//! where one types, only control keys are bound, and every printable key types.

mod action;
mod key;
mod places;
mod table;

pub use action::{Action, View};
pub use key::Key;
pub use places::Places;
use std::borrow::Cow;
use std::sync::OnceLock;
use table::TABLE;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What running the line from help or palette does.
    pub action: Action,
    /// Every key with its action; a line may hold a pair (`n` next, `N` previous).
    pub keys: Cow<'static, [(Key, Action)]>,
    /// How many of them footer and help show.
    pub shown: usize,
    pub places: Places,
    /// In the footer, where not empty.
    pub label: &'static str,
    /// In help and palette.
    pub help: &'static str,
    /// Hidden synonyms.
    pub also: &'static [&'static str],
}

impl Binding {
    /// The shown keys: `↑↓`, `n N`, `Enter`, `1-9`.
    pub fn keys_label(&self) -> String {
        let names: Vec<String> = self.keys.iter().take(self.shown).map(|(key, _)| key.show()).collect();
        let all = |test: fn(char) -> bool| names.iter().all(|n| n.chars().count() == 1 && n.chars().all(test));
        let between = match () {
            _ if all(|c| "↑↓←→".contains(c)) => "",
            _ if all(|c| c.is_ascii_digit()) => "-",
            _ => " ",
        };
        names.join(between)
    }
}

/// The table with the user's own keys.
static OWN: OnceLock<Vec<Binding>> = OnceLock::new();

/// Takes the user's keys, once, before anything asks for one.
pub fn take(own: Vec<Binding>) {
    OWN.get_or_init(|| own);
}

/// Every line, in the order of footer and help.
pub fn table() -> &'static [Binding] {
    OWN.get().map_or(TABLE, Vec::as_slice)
}

/// The lines valid at a place.
pub fn at(place: Places) -> impl Iterator<Item = &'static Binding> {
    table().iter().filter(move |b| b.places.has(place))
}

/// What a key does at a place.
pub fn find(place: Places, key: Key) -> Option<Action> {
    at(place).flat_map(|b| b.keys.iter()).find(|(k, _)| *k == key).map(|(_, a)| *a)
}

/// The footer of a place, cut to `width` columns at whole entries; the way to help and out
/// stays. Lines in a row that share a label are one entry: `1-6 views`. What `offers` denies has nothing to work on.
pub fn footer(place: Places, width: usize, offers: impl Fn(Action) -> bool) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut entries: Vec<(String, &Binding)> = Vec::new();
    for binding in at(place).filter(|b| !b.label.is_empty() && offers(b.action)) {
        match entries.last_mut() {
            Some((keys, last)) if last.label == binding.label => {
                *keys = format!("{}-{}", last.keys_label(), binding.keys_label());
            }
            _ => entries.push((binding.keys_label(), binding)),
        }
    }
    let (tail, rest): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(_, b)| matches!(b.action, Action::Help | Action::Quit));
    let write = |(keys, b): (String, &Binding)| format!("{keys} {}", b.label);
    let tail = tail.into_iter().map(write).collect::<Vec<_>>().join("  ");
    let mut out = String::from(" ");
    for text in rest.into_iter().map(write) {
        if out.width() + text.width() + 2 + tail.width() <= width {
            out.push_str(&text);
            out.push_str("  ");
        }
    }
    out.push_str(&tail);
    out.trim_end().to_owned()
}
