//! What stands around the header section: a greeting and the words that close it, a web mailer's summary table.

use super::Edit;
use crate::evidence::lines::{Shape, field_name, is_trace, lines, peek, shape, visible};

/// Drops everything before the first real field, where it is not fields itself.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let (start, prose) = match summary_end(text) {
        Some(end) => (peek(text).find(|l| l.start >= end && shape(l.of(text)) == Shape::Known).map(|l| l.start), false),
        None => (prose_end(text), true),
    };
    let Some(at) = start.filter(|&at| at > 0) else { return Vec::new() };
    let closing = closing(text, at).filter(|_| prose);
    [Some(Edit::drop(0, at)), closing.map(|from| Edit::drop(from, text.len()))].into_iter().flatten().collect()
}

/// Lines of the words that close a letter, at most.
const CLOSING: usize = 6;

/// Where the words begin that close a letter around a header: a few lines of prose after it, which are no body. A body
/// of parts has lines that begin with `--`.
fn closing(text: &[u8], header: usize) -> Option<usize> {
    let from = header + super::body(text.get(header..)?)?;
    let said: Vec<&[u8]> =
        lines(text, from).map(|l| l.of(text)).filter(|l| !l.trim_ascii().is_empty()).take(CLOSING + 1).collect();
    let prose = |line: &&[u8]| shape(line) == Shape::Other && (line.trim_ascii() == b"--" || !line.starts_with(b"--"));
    ((1..=CLOSING).contains(&said.len()) && said.iter().all(prose)).then_some(from)
}

/// End of Gmail's "Original message" table: its rows look like fields (`From:`, `SPF:`), its
/// last ones say SPF, DKIM or DMARC, and the raw header follows. What begins with a field is
/// no such table, whatever its body speaks of; in other languages only the last rows tell.
fn summary_end(text: &[u8]) -> Option<usize> {
    let (mut marks, mut titled, mut headed, mut end) = (0, false, false, None);
    for line in peek(text) {
        let content = visible(line.of(text));
        let content = content.trim_ascii();
        let begins = |p: &str| content.get(..p.len()).is_some_and(|c| c.eq_ignore_ascii_case(p.as_bytes()));
        if field_name(content).is_some_and(is_trace) {
            break;
        }
        if ["SPF:", "DKIM:", "DMARC:"].into_iter().any(begins) {
            marks += 1;
            end = Some(line.next);
        } else if ["Message ID", "Original message", "Created at"].into_iter().any(begins) {
            titled |= !headed;
        } else if end.is_some() && ["Download original", "Copy to clipboard", "Learn more"].into_iter().any(begins) {
            end = Some(line.next);
        } else if marks == 0 && !titled {
            headed |= shape(content) == Shape::Known;
        }
    }
    end.filter(|_| titled || (marks >= 2 && !headed))
}

/// Start of the first known field, where a line before it is no field: one that machines
/// write, or two known fields in a row, for prose has colons too.
fn prose_end(text: &[u8]) -> Option<usize> {
    let mut prose = false;
    let mut candidate: Option<usize> = None;
    let mut fields = false;
    for line in peek(text) {
        let content = line.of(text);
        match shape(content) {
            Shape::Known => {
                let name = visible(&content[..content.len().min(256)]);
                let sure = field_name(&name).is_some_and(is_trace);
                match (prose, candidate) {
                    (false, _) => return None,
                    (true, Some(at)) => return Some(at),
                    (true, None) if sure => return Some(line.start),
                    (true, None) => candidate = Some(line.start),
                }
            }
            Shape::Field => fields = true,
            Shape::Fold if fields || candidate.is_some() => {}
            // Blank lines alone on top are no preamble.
            Shape::Blank | Shape::Fold if !prose && !fields && visible(content).trim_ascii().is_empty() => {}
            _ => {
                prose = true;
                candidate = None;
            }
        }
    }
    None
}
