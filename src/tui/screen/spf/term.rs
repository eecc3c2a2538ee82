//! The term under the cursor: what came of it, the raw answer, and the command that asks the same.

use crate::evidence::Outcome;
use crate::facts::Facts;
use crate::report::spf::tree::{Row, state};
use crate::tui::theme::Ink;
use crate::tui::widget::doc::Doc;

/// Records of one answer shown.
const RECORDS: usize = 40;

pub fn describe(doc: &mut Doc, facts: &Facts, row: &Row, surveyed: bool) {
    let branch = row.branch;
    let owner = branch.owner.map_or(String::new(), |p| p.name.clone());
    doc.section(&branch.text, &owner);
    let (ink, words) = state(row, surveyed);
    if !words.is_empty() {
        doc.para(2, words, if ink == crate::report::human::Ink::Fail { Ink::Fail } else { Ink::Plain });
    }
    if let Some(twin) = &branch.twin {
        doc.para(2, format!("{} in the record of {} says the same or more.", twin.text, twin.domain), Ink::Plain);
    }
    let Some(question) = &branch.question else {
        doc.para(2, format!("In the record of {}. It asks DNS nothing.", row.domain), Ink::Faint);
        return;
    };
    doc.para(2, facts.evidence.said.aim(question.dig()), Ink::Strong);
    match facts.evidence.answers.get(question) {
        None => doc.para(2, "Not answered yet.", Ink::Plain),
        Some(answer) => {
            let word = match answer.outcome {
                Outcome::Records => "",
                Outcome::NoData => "The name exists, without such a record.",
                Outcome::NxDomain => "There is no such name.",
                Outcome::ServFail => "The server failed: not known.",
                Outcome::Refused => "The server refused: not known.",
                Outcome::Timeout => "No answer came: not known.",
                Outcome::Truncated => "The answer was cut, and did not come over TCP either: not known.",
            };
            if !word.is_empty() {
                doc.para(2, word, Ink::Plain);
            }
            for record in answer.records.iter().take(RECORDS) {
                let text = format!("{}  {} s  {}", record.name, record.ttl, record.data);
                doc.hang("  ", Ink::Plain, text, Ink::Plain);
            }
        }
    }
}
