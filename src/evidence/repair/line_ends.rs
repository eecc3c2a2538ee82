//! Line ends no reader of mail expects: CR alone, and CRLF that was converted twice.

use super::Edit;
use crate::evidence::lines::head;

/// Makes lone CR line feeds where the text has no other line end, and takes the extra CR out
/// of CR CR LF. Lines that end in CRLF, in LF, or in both by turns, are left as they are.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let head = head(text);
    if !head.contains(&b'\n') {
        let lone = |at: &usize| text[*at] == b'\r' && text.get(at + 1) != Some(&b'\n');
        return (0..text.len()).filter(lone).map(|at| Edit::put(at, at + 1, Some(b'\n'))).collect();
    }
    let feeds = |until: usize| (0..until).filter(|&n| text[n] == b'\n');
    let doubled = |n: &usize| text[..*n].ends_with(b"\r\r");
    if feeds(head.len()).take(3).all(|n| doubled(&n)) {
        return feeds(text.len()).filter(doubled).map(|n| Edit::drop(n - 2, n - 1)).collect();
    }
    Vec::new()
}
