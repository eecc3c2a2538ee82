//! The `From ` line that an mbox puts before each message (RFC 4155).

use super::Edit;
use crate::evidence::lines::{peek, shape};

/// Drops `From ` and `>From ` lines on top of a header section.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let mut end = 0;
    for line in peek(text) {
        let content = line.of(text);
        if [&b"From "[..], b">From "].iter().any(|p| content.starts_with(p)) && !shape(content).is_field() {
            end = line.next;
        } else if end > 0 && shape(content).is_field() {
            return vec![Edit::drop(0, end)];
        } else {
            break;
        }
    }
    Vec::new()
}
