//! A change of records token by token: what goes, what comes, and what it does to the budget of SPF.

use crate::evidence::Kind;
use crate::facts::Facts;
use crate::facts::spf::LOOKUPS;
use crate::facts::spf::record::Record;
use crate::remedy::form::bare;
use crate::remedy::{Change, spf_trial};

/// One value, cut into tokens.
pub type Value = Vec<Token>;

/// A term of SPF, a tag of DMARC or DKIM, a whole value of anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// It stands on this side only.
    pub changed: bool,
}

/// What a change does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    pub kept: Vec<String>,
    pub gone: Vec<Value>,
    pub new: Vec<Value>,
    /// `look-ups 12 → 10, 10 are allowed`
    pub budget: Option<String>,
}

impl Diff {
    pub fn of(facts: &Facts, change: &Change) -> Diff {
        let kept = change.before.iter().filter(|data| change.after.contains(data)).map(bare).collect();
        let gone: Vec<String> = change.before.iter().filter(|d| !change.after.contains(d)).map(bare).collect();
        let new: Vec<String> = change.after.iter().filter(|d| !change.before.contains(d)).map(bare).collect();
        let against = |side: &[String], other: &[String]| side.iter().map(|text| value(text, other)).collect();
        Diff { kept, gone: against(&gone, &new), new: against(&new, &gone), budget: budget(facts, change) }
    }

    /// In words, for whom colours say nothing: what goes out and what comes in, where a value was edited, and the
    /// budget.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let changed = |side: &[Value]| {
            let tokens = side.iter().flatten().filter(|t| t.changed).map(|t| brief(&t.text));
            tokens.collect::<Vec<_>>()
        };
        let edited = self.gone.iter().chain(&self.new).flatten().any(|t| !t.changed);
        let tag_list = |side: &[Value]| side.iter().flatten().any(|t| t.text.ends_with(';'));
        let separator = if tag_list(&self.gone) || tag_list(&self.new) { " " } else { ", " };
        let sides = [("out:", changed(&self.gone)), ("in:", changed(&self.new))];
        let sides = sides.into_iter().filter(|(_, tokens)| edited && !tokens.is_empty());
        let sides = sides.map(|(word, tokens)| (word, tokens.join(separator)));
        sides.chain(self.budget.clone().map(|budget| ("look-ups:", budget))).collect()
    }
}

/// The tokens of a text; one that stands more often than in any of the others is changed.
fn value(text: &str, others: &[String]) -> Value {
    let others: Vec<Vec<String>> = others.iter().map(|other| tokens(other)).collect();
    let mut seen: Vec<String> = Vec::new();
    let token = |text: String| {
        let same = |t: &&String| t.trim_end_matches(';') == text.trim_end_matches(';');
        let here = seen.iter().filter(same).count() + 1;
        let there = others.iter().map(|o| o.iter().filter(same).count()).max().unwrap_or(0);
        seen.push(text.clone());
        Token { changed: here > there, text }
    };
    tokens(text).into_iter().map(token).collect()
}

/// Joined with blanks they make up the text again, up to its blanks.
fn tokens(text: &str) -> Vec<String> {
    if Record::is(text.as_bytes()) {
        return spf_trial::terms(text);
    }
    let is_list = text.split_once('=').is_some_and(|(name, _)| name.trim().len() <= 2) && text.contains(';');
    match is_list {
        true => text.split_inclusive(';').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect(),
        false => vec![text.to_owned()],
    }
}

/// A key is known by its beginning.
fn brief(token: &str) -> String {
    if token.chars().count() <= 72 { token.to_owned() } else { token.chars().take(60).chain(['…']).collect() }
}

/// Look-ups before and after (RFC 7208 §4.6.4).
fn budget(facts: &Facts, change: &Change) -> Option<String> {
    let spf = |data: &[crate::evidence::Data]| -> Vec<String> {
        let texts = data.iter().map(bare);
        texts.filter(|text| Record::is(text.as_bytes())).collect()
    };
    let (before, after) = (spf(&change.before), spf(&change.after));
    let ([after], Kind::Txt) = (&after[..], change.kind) else { return None };
    let domain = if change.name.contains('<') { "" } else { &change.name };
    let cost = |record: &str| spf_trial::cost(&facts.evidence.answers, domain, record);
    let said = |(lookups, complete): (u32, bool)| match complete {
        true => lookups.to_string(),
        false => format!("at least {lookups}"),
    };
    let now = cost(after);
    let was = match &before[..] {
        [one] => Some(cost(one)),
        _ => None,
    };
    if now.0 == 0 && was.is_none_or(|was| was.0 == 0) {
        return None;
    }
    let was = was.map_or(String::new(), |was| format!("{} → ", said(was)));
    Some(format!("{was}{}, {LOOKUPS} are allowed", said(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(before: &[&str], after: &[&str]) -> Vec<(&'static str, String)> {
        let facts = crate::tui::testing::diagnosis().facts;
        Diff::of(&facts, &Change::txt("acme.example", before, after)).words()
    }

    #[test]
    fn token_by_token() {
        let spf = words(&["v=spf1 mx include:a.test mx ~all"], &["v=spf1 mx ip4:192.0.2.4 ~all"]);
        assert_eq!(spf[..2], [("out:", "include:a.test, mx".to_owned()), ("in:", "ip4:192.0.2.4".to_owned())]);
        assert_eq!(spf[2].0, "look-ups:");
        // A blank keeps nothing else from being counted.
        let open = words(&["v=spf1 a mx ip4:10.0.0.1 -all"], &["v=spf1 a mx ip4:<public address> -all"]);
        assert_eq!(open[2].1, "2 → at least 2, 10 are allowed");
        let many: String = (0..12).map(|n| format!(" a:h{n}.test")).collect();
        let over = words(&[&format!("v=spf1{many} -all")], &["v=spf1 a -all"]);
        assert!(over.iter().any(|(_, budget)| budget == "12 → 1, 10 are allowed"), "{over:?}");
        let blank = words(&["v=spf1 a b -all"], &["v=spf1 a <instead of b> -all"]);
        assert_eq!(blank[1], ("in:", "<instead of b>".to_owned()));
        let dmarc = words(&["v=DMARC1; p=none; fo=1"], &["v=DMARC1; p=reject; fo=1"]);
        assert_eq!(dmarc, [("out:", "p=none;".to_owned()), ("in:", "p=reject;".to_owned())]);
        // What stays beside it is no matter, and a new value has no tokens to compare.
        assert_eq!(words(&["site=1"], &["site=1", "other=2"]), []);
    }

    #[test]
    fn several_records_become_one() {
        let facts = crate::tui::testing::diagnosis().facts;
        let both = ["v=spf1 a -all", "v=spf1 mx -all"];
        let diff = Diff::of(&facts, &Change::txt("acme.example", &both, &["v=spf1 a mx -all"]));
        assert!(diff.gone.iter().chain(&diff.new).flatten().all(|t| !t.changed), "{diff:?}");
    }
}
