//! What came of trying a fix, in words.

use crate::rules::{Finding, Proof};

/// One line on the proof, and what is left once the fix is published: each with a word for it.
pub fn words(finding: &Finding) -> Option<(String, Vec<(&'static str, String)>)> {
    let edited = finding.fix.as_ref().is_some_and(|fix| fix.edited);
    let Some(proof) = finding.proof.as_ref() else {
        return edited.then(|| ("edited by you; being tried".to_owned(), vec![]));
    };
    let (words, remains) = of(finding, proof, edited)?;
    Some((if edited { format!("edited by you; {words}") } else { words }, remains))
}

fn of(finding: &Finding, proof: &Proof, edited: bool) -> Option<(String, Vec<(&'static str, String)>)> {
    let blanks = finding.fix.as_ref().is_some_and(|fix| !fix.blanks.is_empty());
    match proof {
        Proof::Proven { before, after, remains, given, open } => {
            let given = given.as_ref().map_or(String::new(), |given| format!(", once {given}"));
            let same = if before == after { ", without this finding" } else { "" };
            let turned = format!("on this evidence: {} → {}{same}{given}", before.word(), after.word());
            let remains = remains.iter().map(|r| ("remains", r.title.clone()));
            let open = open.iter().map(|gap| ("ask again", format!("{} {}", gap.question(), gap.needs.words())));
            Some((turned, remains.chain(open).collect()))
        }
        Proof::Open { .. } if blanks => Some(("none before the blanks are filled in".to_owned(), vec![])),
        Proof::Open { needs } => {
            let needs: Vec<_> = needs.iter().map(|gap| gap.needs.words()).collect();
            Some((format!("none by what is at hand; it takes: {}", needs.join("; ")), vec![]))
        }
        // A proposal that does not cure is never shown; what the user wrote is.
        Proof::Disproven { why } => edited.then(|| (format!("this does not cure. {}", sentence(why)), vec![])),
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
