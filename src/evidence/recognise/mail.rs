//! A message or header block, after repair.

use super::{Guess, bounce, report};
use crate::evidence::input::{InputKind, RepairKind};
use crate::evidence::lines::{Shape, field_name, is_trace, lines, shape};
use crate::evidence::repair::Draft;
use crate::facts::header::Header;
use crate::rules::Confidence;

/// Fields and lines of the section, counted as far as it takes to be sure.
const ENOUGH: usize = 1000;

pub(super) fn guess(draft: &Draft) -> Option<Guess> {
    let text = draft.text();
    let (mut known, mut fields, mut other, mut lowest) = (0, 0, 0, &b""[..]);
    for line in lines(text, 0).take_while(|l| l.start < l.end).take(ENOUGH) {
        let content = line.of(text);
        match shape(content) {
            Shape::Known => {
                known += 1;
                lowest = content;
            }
            Shape::Field => fields += 1,
            Shape::Other | Shape::Blank => other += 1,
            Shape::Fold => {}
        }
    }
    if known == 0 || other > known + fields {
        return None;
    }
    let header = Header::split(text);
    let body = header.body.and_then(|at| text.get(at as usize..)).filter(|body| !body.trim_ascii_start().is_empty());
    if let Some(guess) = bounce::message(text, &header, body) {
        return Some(guess);
    }
    if let Some(guess) = body.and_then(|_| report::mail(text, &header)) {
        return Some(guess);
    }
    let one = known + fields == 1;
    let sure = match known {
        3.. if other == 0 && !draft.repaired(RepairKind::Preamble) => Confidence::Certain,
        2.. => Confidence::Likely,
        _ if other == 0 && field_name(lowest).is_some_and(is_trace) => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let count = known + fields;
    let mended = match draft.repaired(RepairKind::MboxRest) {
        true => ": the first message of an mbox, and the only one that is read",
        false if draft.is_intact() => "",
        false => ", after repair",
    };
    Some(if body.is_some() {
        Guess::new(InputKind::Message, sure, format!("{count} header fields, an empty line and a body{mended}"))
    } else if one {
        Guess::new(InputKind::Headers, sure, format!("one header field and no body{mended}"))
    } else {
        Guess::new(InputKind::Headers, sure, format!("{count} header fields and no body{mended}"))
    })
}
