//! A message or header block, after repair.

use super::{Guess, bounce, report};
use crate::evidence::input::{InputKind, RepairKind};
use crate::evidence::lines::{Shape, field_name, is_trace, lines, shape};
use crate::evidence::repair::{self, Draft};
use crate::rules::Confidence;

/// Fields and lines of the section, counted as far as it takes to be sure.
const ENOUGH: usize = 1000;

pub(super) fn guess(draft: &Draft) -> Option<Guess> {
    let text = draft.text();
    let (mut known, mut fields, mut trace, mut other) = (0, 0, 0, 0);
    for line in lines(text, 0).take_while(|l| l.start < l.end).take(ENOUGH) {
        let content = line.of(text);
        match shape(content) {
            Shape::Known => {
                known += 1;
                trace += usize::from(field_name(content).is_some_and(is_trace));
            }
            Shape::Field => fields += 1,
            Shape::Other | Shape::Blank => other += 1,
            Shape::Fold => {}
        }
    }
    if known == 0 || other > known + fields {
        return None;
    }
    if let Some(guess) = bounce::message(text) {
        return Some(guess);
    }
    if let Some(guess) = report::mail(text).filter(|_| repair::has_body(text)) {
        return Some(guess);
    }
    let one = known + fields == 1;
    let sure = match known {
        3.. if other == 0 && !draft.repaired(RepairKind::Preamble) => Confidence::Certain,
        2.. => Confidence::Likely,
        _ if trace > 0 && other == 0 => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let count = known + fields;
    let mended = match draft.repaired(RepairKind::MboxRest) {
        true => ": the first message of an mbox, and the only one that is read",
        false if draft.is_intact() => "",
        false => ", after repair",
    };
    Some(if repair::has_body(text) {
        Guess::new(InputKind::Message, sure, format!("{count} header fields, an empty line and a body{mended}"))
    } else if one {
        Guess::new(InputKind::Headers, sure, format!("one header field and no body{mended}"))
    } else {
        Guess::new(InputKind::Headers, sure, format!("{count} header fields and no body{mended}"))
    })
}
