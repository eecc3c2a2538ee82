//! Several changes of one set of records made one.

use crate::evidence::Data;
use crate::remedy::Change;

/// One change for each name and type. What one adds and another keeps is added; what one takes away goes.
pub(super) fn all<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Vec<Change> {
    let mut merged: Vec<Change> = Vec::new();
    for change in changes {
        match merged.iter_mut().find(|c| c.name == change.name && c.kind == change.kind) {
            None => merged.push(change.clone()),
            Some(first) => {
                let gone: Vec<&Data> = change.before.iter().filter(|d| !change.after.contains(d)).collect();
                first.after.retain(|d| !gone.contains(&d));
                let new = change.after.iter().filter(|d| !change.before.contains(d));
                for data in new {
                    if !first.after.contains(data) {
                        first.after.push(data.clone());
                    }
                }
            }
        }
    }
    merged.retain(|c| c.before != c.after);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_at_one_name_are_both_published() {
        let old = ["v=spf1 -all", "keep=1"];
        let spf = Change::txt("example.com", &old, &["v=spf1 mx ~all", "keep=1"]);
        let token = Change::txt("example.com", &old, &["v=spf1 -all", "keep=1", "google-site-verification=x"]);
        let merged = all([&spf, &token]);
        assert_eq!(merged.len(), 1);
        let wanted = Change::txt("example.com", &old, &["v=spf1 mx ~all", "keep=1", "google-site-verification=x"]);
        assert_eq!(merged[0].after, wanted.after);
        assert!(all([&Change::txt("example.com", &old, &old)]).is_empty());
    }
}
