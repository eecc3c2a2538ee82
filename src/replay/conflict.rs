//! What cannot stand in a zone at all.

use crate::evidence::{Data, Kind};
use crate::facts::Facts;
use crate::remedy::Change;

/// Why the changes cannot be published as they are: a CNAME stands alone at its name (RFC 1034 §3.6.2).
/// What a wildcard answers does not stand at the name (RFC 4592 §3.3.1).
pub(super) fn conflict(facts: &Facts, changes: &[Change]) -> Option<String> {
    let answers = &facts.evidence.answers;
    let added = |c: &&Change| !c.after.is_empty();
    for change in changes.iter().filter(added) {
        let name = change.name.as_str();
        let at = |kind| changes.iter().find(|c| c.name == name && c.kind == kind);
        let starred = facts.is_starred(name);
        let answered = || answers.iter().filter(|(q, _)| q.name == name && !starred);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn told(zone: &str) -> Option<String> {
        let input = Input::read("test", &b"example.com"[..], Some(InputKind::Domain)).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
        let evidence = crate::samples::settle(evidence, &Zone::parse(zone).unwrap());
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let facts = Facts::gather(Arc::new(evidence), reading);
        let change = Change::txt("_dmarc.example.com", &[] as &[&str], &["v=DMARC1; p=none"]);
        conflict(&facts, &[change])
    }

    #[test]
    fn nothing_stands_beside_an_alias_but_a_wildcard_gives_way() {
        assert!(told("_dmarc.example.com CNAME x.example.net").is_some());
        assert_eq!(told("example.com TXT \"site=1\"\n*.example.com CNAME example.com"), None);
        assert_eq!(told("example.com TXT \"site=1\""), None);
    }
}
