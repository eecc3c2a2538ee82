//! What came of trying a fix, in words.

use crate::rules::{Finding, Proof};

/// One line on the proof, and what remains once the fix is published.
pub fn words(finding: &Finding) -> Option<(String, Vec<String>)> {
    let blanks = finding.fix.as_ref().is_some_and(|fix| !fix.blanks.is_empty());
    match finding.proof.as_ref()? {
        Proof::Proven { before, after, remains, given } => {
            let given = given.as_ref().map_or(String::new(), |given| format!(", once {given}"));
            let same = if before == after { ", without this finding" } else { "" };
            let turned = format!("on this evidence: {} → {}{same}{given}", before.word(), after.word());
            Some((turned, remains.iter().map(|r| r.title.clone()).collect()))
        }
        Proof::Open { .. } if blanks => Some(("none before the blanks are filled in".to_owned(), vec![])),
        Proof::Open { needs } => {
            let needs: Vec<&str> = needs.iter().map(|gap| gap.needs.as_str()).collect();
            Some((format!("none by what is at hand; it takes: {}", needs.join("; ")), vec![]))
        }
        Proof::Disproven { .. } => None,
    }
}
