//! The `From ` line that an mbox puts before each message (RFC 4155), the mark it puts before lines of a body that begin
//! so, and the messages that follow.

use super::Edit;
use crate::evidence::lines::{Line, lines, peek, shape};

/// Drops `From ` and `>From ` lines on top of a header section, and one mark of each quoted line.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let Some(end) = top(text) else { return Vec::new() };
    let marked = |l: &Line| {
        let content = l.of(text);
        let marks = content.iter().take_while(|b| **b == b'>').count();
        marks > 0 && content[marks..].starts_with(b"From ")
    };
    let quoted = lines(text, end).filter(marked).map(|l| Edit::drop(l.start, l.start + 1));
    std::iter::once(Edit::drop(0, end)).chain(quoted).collect()
}

/// Drops all messages of an mbox but the first: below an empty line, a `From ` line and a field.
pub(super) fn find_rest(text: &[u8]) -> Vec<Edit> {
    let Some(end) = top(text) else { return Vec::new() };
    let mut all = lines(text, end).peekable();
    let mut blank = false;
    while let Some(line) = all.next() {
        let begins = blank && line.of(text).starts_with(b"From ");
        if begins && all.peek().is_some_and(|next| shape(next.of(text)).is_field()) {
            return vec![Edit::drop(line.start, text.len())];
        }
        blank = line.start == line.end;
    }
    Vec::new()
}

/// Where the header section begins below the `From ` line.
fn top(text: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in peek(text) {
        let content = line.of(text);
        if [&b"From "[..], b">From "].iter().any(|p| content.starts_with(p)) && !shape(content).is_field() {
            end = line.next;
        } else {
            return (end > 0 && shape(content).is_field()).then_some(end);
        }
    }
    None
}
