//! `# a comment` among records, as guides and shells write it: a zone file knows only `;` (RFC 1035 §5.1).

use super::Edit;
use crate::evidence::lines::lines;

/// Drops lines that begin with `#`.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let commented = lines(text, 0).filter(|l| l.of(text).trim_ascii_start().starts_with(b"#"));
    commented.map(|l| Edit::drop(l.start, l.next)).collect()
}
