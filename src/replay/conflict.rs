//! What cannot stand in a zone at all.

use crate::evidence::{Answers, Data, Kind};
use crate::remedy::Change;

/// Why the changes cannot be published as they are: a CNAME stands alone at its name (RFC 1034 §3.6.2).
pub(super) fn conflict(answers: &Answers, changes: &[Change]) -> Option<String> {
    let added = |c: &&Change| !c.after.is_empty();
    for change in changes.iter().filter(added) {
        let name = change.name.as_str();
        let at = |kind| changes.iter().find(|c| c.name == name && c.kind == kind);
        let answered = || answers.iter().filter(|(q, _)| q.name == name);
        if change.kind == Kind::Cname {
            let others = answered().filter(|(q, _)| q.kind != Kind::Cname && at(q.kind).is_none());
            let stands = others
                .flat_map(|(q, a)| a.records.iter().filter(|r| r.data.kind() == Some(q.kind) && r.name == q.name));
            if stands.count() > 0 || changes.iter().filter(added).any(|c| c.name == name && c.kind != Kind::Cname) {
                return Some(format!("{name} has other records, and a CNAME has to stand alone"));
            }
        } else if at(Kind::Cname).is_none() {
            let is_alias = |r: &crate::evidence::Record| r.name == name && matches!(r.data, Data::Cname(_));
            if answered().any(|(_, a)| a.records.first().is_some_and(is_alias)) {
                return Some(format!("{name} is a CNAME, and nothing can stand beside it"));
            }
        }
    }
    None
}
