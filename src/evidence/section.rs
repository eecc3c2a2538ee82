//! A header section at a glance.

use super::lines::{Line, Shape, field_name, head, lines, shape};

/// What stands above the first empty line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// Fields with a name in use, and with any other.
    pub known: usize,
    pub fields: usize,
    /// Lines that no header section has.
    pub other: usize,
    /// The lowest field with a name in use.
    pub lowest: Option<Line>,
    /// Where the body begins; `None` without an empty line.
    pub body: Option<usize>,
    /// Nothing that happens to a header on its way into a paste happened to this one: no step of a repair finds anything.
    pub intact: bool,
}

impl Section {
    pub fn read(text: &[u8]) -> Section {
        let mut section = Section { intact: true, ..Section::default() };
        // Of an author's program, and of a whole message.
        let (mut author, mut whole) = (false, false);
        let mut end = 0;
        for line in lines(text, 0) {
            if line.start == line.end {
                section.body = Some(line.next);
                break;
            }
            end = line.end;
            let content = line.of(text);
            match shape(content) {
                Shape::Known => {
                    section.known += 1;
                    section.lowest = Some(line);
                    if !(author && whole) {
                        let is = |names: &[&str]| names.iter().any(|name| is_called(content, name));
                        let described = is(&["Content-Type"]);
                        author |= described || is(&["From", "Date", "Subject"]);
                        whole |= described || is(&["Received", "MIME-Version"]);
                    }
                }
                Shape::Field => section.fields += 1,
                Shape::Fold => section.intact &= !content.trim_ascii_start().is_empty(),
                Shape::Other | Shape::Blank => section.other += 1,
            }
            if line.start == 0 {
                let line_feed = text[..line.next].ends_with(b"\n") && line.end < head(text).len();
                section.intact &= section.known == 1 && line_feed;
            }
        }
        section.intact &= author && whole && section.other == 0 && section.known + section.fields > 1;
        section.intact = section.intact && text[..end].is_ascii();
        section
    }

    /// Does the lowest field with a name in use have one that passes `test`?
    pub fn ends_in(&self, text: &[u8], test: impl Fn(&[u8]) -> bool) -> bool {
        self.lowest.and_then(|line| field_name(line.of(text))).is_some_and(test)
    }
}

/// Is this the name of a line that is a field?
fn is_called(field: &[u8], name: &str) -> bool {
    let (before, after) = field.split_at(name.len().min(field.len()));
    before.eq_ignore_ascii_case(name.as_bytes()) && matches!(after.first(), Some(b':' | b' ' | b'\t'))
}
