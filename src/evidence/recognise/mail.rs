//! A message or header block, after repair.

use super::{Guess, bounce, report};
use crate::evidence::input::{InputKind, RepairKind};
use crate::evidence::lines::is_trace;
use crate::evidence::repair::Draft;
use crate::evidence::section::Section;
use crate::facts::header::Header;
use crate::rules::Confidence;

/// Is this a header section, by what most of its lines are?
pub(super) fn is_headed(section: &Section) -> bool {
    section.known > 0 && section.other <= section.known + section.fields
}

/// What a text is that begins with such a section.
pub(super) fn guess(draft: &Draft, section: &Section, header: &Header) -> Guess {
    let text = draft.text();
    let Section { known, fields, other, .. } = *section;
    let body = header.body.and_then(|at| text.get(at as usize..)).filter(|body| !body.trim_ascii_start().is_empty());
    if let Some(guess) = bounce::message(text, header, body) {
        return guess;
    }
    if let Some(guess) = body.and_then(|_| report::mail(text, header)) {
        return guess;
    }
    let one = known + fields == 1;
    let sure = match known {
        3.. if other == 0 && !draft.repaired(RepairKind::Preamble) => Confidence::Certain,
        2.. => Confidence::Likely,
        _ if other == 0 && section.ends_in(text, is_trace) => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let count = known + fields;
    let mended = match draft.repaired(RepairKind::MboxRest) {
        true => ": the first message of an mbox, and the only one that is read",
        false if draft.is_intact() => "",
        false => ", after repair",
    };
    if body.is_some() {
        Guess::new(InputKind::Message, sure, format!("{count} header fields, an empty line and a body{mended}"))
    } else if one {
        Guess::new(InputKind::Headers, sure, format!("one header field and no body{mended}"))
    } else {
        Guess::new(InputKind::Headers, sure, format!("{count} header fields and no body{mended}"))
    }
}
