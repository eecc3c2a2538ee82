//! Symptoms and their steps, as data: `assets/symptoms.toml`.

use crate::evidence::InputKind;
use crate::rules::{Group, Rule};
use serde::Deserialize;
use std::sync::OnceLock;

/// Something that is seen to go wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// For the command line.
    pub id: String,
    pub title: String,
    /// When it is this one, in a few words.
    pub hint: String,
    /// Ids of steps, in order.
    pub steps: Vec<String>,
    /// What to look at where authentication is not the reason.
    pub look: Vec<String>,
}

/// One step on the way to a cause: it gets evidence, looks at it, or asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub id: String,
    pub text: String,
    pub why: String,
    /// Evidence of any of these settles it.
    #[serde(default)]
    pub get: Vec<Piece>,
    /// Findings of these groups settle it, or that their rules passed.
    #[serde(default)]
    groups: Vec<String>,
    /// As `groups`; they explain the symptom even where they are not severe.
    #[serde(default)]
    rules: Vec<String>,
    /// Rules that explain the symptom by a mere note.
    #[serde(default)]
    notes: Vec<String>,
    /// The longest delay between two servers settles it.
    #[serde(default)]
    pub delay: bool,
    /// One of these answers settles it.
    #[serde(default, rename = "choice")]
    pub choices: Vec<Choice>,
    /// Asked even where the cause is found.
    #[serde(default)]
    pub always: bool,
    #[serde(default, rename = "do")]
    pub offer: Option<Offer>,
}

/// A possible answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub id: String,
    pub title: String,
    /// What to look at then.
    pub look: Vec<String>,
}

/// A kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// A message or its header.
    Message,
    /// A bounce, a reply, a line of a log, a feedback report.
    Refusal,
    /// A check of a domain or an address.
    Domain,
}

/// What the app can do for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offer {
    Paste,
    Domain,
    Send,
    Stated,
    Warmup,
}

impl Piece {
    /// What an input is good for; a record or a report by itself follows no message.
    pub fn of(kind: InputKind) -> Option<Piece> {
        match kind {
            InputKind::Message | InputKind::Headers => Some(Piece::Message),
            InputKind::Bounce | InputKind::Reply => Some(Piece::Refusal),
            InputKind::Domain | InputKind::Ip => Some(Piece::Domain),
            InputKind::Record | InputKind::Report | InputKind::Unknown => None,
        }
    }
}

impl Template {
    /// Is this rule named here?
    pub fn names(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|id| id == rule.id) || self.notes(rule)
    }

    /// Does this rule explain it even by a note?
    pub fn notes(&self, rule: &Rule) -> bool {
        self.notes.iter().any(|id| id == rule.id)
    }

    /// Is this rule's group looked at here?
    pub fn looks_at(&self, group: Group) -> bool {
        self.groups.iter().any(|word| word == group.word())
    }

    /// Do passed rules of this group speak for it? Where it looks at others, they were only named for what they find.
    pub fn weighs(&self, group: Group) -> bool {
        self.groups.is_empty() || self.looks_at(group)
    }

    /// Does it look at evidence, rather than get it or ask?
    pub fn looks(&self) -> bool {
        !self.groups.is_empty() || !self.rules.is_empty() || !self.notes.is_empty() || self.delay
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    step: Vec<Template>,
    symptom: Vec<Symptom>,
}

fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    // Shipped text: a test reads it.
    BOOK.get_or_init(|| crate::knowledge::book("symptoms"))
}

/// Every symptom, the most frequent first.
pub fn all() -> &'static [Symptom] {
    &book().symptom
}

/// The symptom of this name.
pub fn find(id: &str) -> Option<&'static Symptom> {
    all().iter().find(|symptom| symptom.id == id)
}

impl Symptom {
    /// Its steps, in order.
    pub fn templates(&self) -> impl Iterator<Item = &'static Template> {
        self.steps.iter().filter_map(|id| book().step.iter().find(|step| step.id == *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use std::collections::BTreeSet;

    #[test]
    fn the_asset_reads_and_names_only_what_exists() {
        let book: Book = crate::knowledge::book("symptoms");
        let groups: BTreeSet<&str> = rules::all().map(|rule| rule.group.word()).collect();
        for step in &book.step {
            let ways = [!step.get.is_empty(), step.looks(), !step.choices.is_empty()];
            assert_eq!(ways.iter().filter(|w| **w).count(), 1, "{}: one way to settle it", step.id);
            assert!(step.groups.iter().all(|g| groups.contains(&g[..])), "{}", step.id);
            step.rules.iter().chain(&step.notes).for_each(|id| assert!(rules::find(id).is_some(), "{}: {id}", step.id));
            assert!(!step.why.is_empty() && step.why.ends_with('.'), "{}", step.id);
            assert!(book.symptom.iter().any(|s| s.steps.contains(&step.id)), "{} is used", step.id);
        }
        let ids: BTreeSet<&str> = book.symptom.iter().map(|s| &s.id[..]).collect();
        assert_eq!(ids.len(), book.symptom.len());
        for symptom in &book.symptom {
            assert_eq!(symptom.templates().count(), symptom.steps.len(), "{}", symptom.id);
            assert!(!symptom.look.is_empty(), "{}", symptom.id);
            assert!(!symptom.templates().next().unwrap().get.is_empty(), "{} begins with evidence", symptom.id);
        }
    }
}
