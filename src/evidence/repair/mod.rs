//! Manglings of a paste, each undone by a function of its own, with the way back to the
//! bytes as given.

mod blank_lines;
mod defang;
mod draft;
mod hash_comment;
mod indent;
mod invisible;
mod line_ends;
mod map;
mod mbox_from;
mod preamble;
mod quote_prefix;
mod refold;
#[cfg(test)]
mod tests;

pub(crate) use draft::{Draft, Edit};
pub(crate) use map::Map;

use super::input::RepairKind;
use super::lines::{Shape, form, lines};
use super::section::Section;

/// Undoes what happens to a message or header block on its way into a paste, and tells what its header section is then.
pub(crate) fn mail(draft: &mut Draft) -> Section {
    let mut section = Section::read(draft.text());
    if !section.intact {
        unmangle(draft);
        section = Section::read(draft.text());
    }
    // Nobody defangs a whole message, and a body may speak of defanged names.
    if !follows(draft.text(), section.body) {
        draft.apply(RepairKind::Defang, &defang::find_in_header(draft.text()));
    }
    if draft.repaired(RepairKind::Defang) { Section::read(draft.text()) } else { section }
}

/// Every step but the last. An intact section passes through untouched: none finds anything to do.
fn unmangle(draft: &mut Draft) {
    type Step = fn(&[u8]) -> Vec<Edit>;
    const STEPS: [(RepairKind, Step); 10] = [
        (RepairKind::LineEnds, line_ends::find),
        (RepairKind::Invisible, invisible::find_leading),
        (RepairKind::QuotePrefix, quote_prefix::find),
        (RepairKind::Indent, indent::find),
        (RepairKind::MboxRest, mbox_from::find_rest),
        (RepairKind::MboxFrom, mbox_from::find),
        (RepairKind::Preamble, preamble::find),
        (RepairKind::BlankLines, blank_lines::find),
        (RepairKind::Invisible, invisible::find),
        (RepairKind::Refold, refold::find),
    ];
    for (kind, find) in STEPS {
        draft.apply(kind, &find(draft.text()));
    }
}

/// Undoes the defanging of a domain, address or URL.
pub(crate) fn host(draft: &mut Draft) {
    draft.apply(RepairKind::Defang, &defang::find(draft.text()));
}

/// Takes a byte order mark and `#` comments off a record; the rest is for a linter to see.
pub(crate) fn record(draft: &mut Draft) {
    draft.apply(RepairKind::Invisible, &invisible::find_leading(draft.text()));
    draft.apply(RepairKind::HashComment, &hash_comment::find(draft.text()));
}

/// Does anything visible follow the empty line?
pub(crate) fn has_body(text: &[u8]) -> bool {
    follows(text, body(text))
}

/// The same where it is known where the body begins.
fn follows(text: &[u8], body: Option<usize>) -> bool {
    body.is_some_and(|at| text[at..].iter().any(|b| !b.is_ascii_whitespace()))
}

/// Offset after the first empty line.
pub(crate) fn body(text: &[u8]) -> Option<usize> {
    lines(text, 0).find(|l| l.start == l.end).map(|l| l.next)
}

/// The lines of the header section: up to the first line in which nothing can be seen.
fn section(text: &[u8]) -> impl Iterator<Item = (super::lines::Line, Shape)> + '_ {
    lines(text, 0).map(|l| (l, form(l.of(text)))).take_while(|(_, s)| *s != Shape::Blank)
}
