//! The way from repaired text back to the bytes as given.

use crate::span::{SourceSpan, Span};

/// A stretch of text and the stretch of source it stands for. Where both are equally long,
/// byte stands for byte; otherwise the whole stands for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    text: u32,
    source: u32,
    source_end: u32,
}

/// Pieces in order, without gaps in the text. No pieces: text and source are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map {
    pieces: Vec<Piece>,
    /// Length of the text.
    len: u32,
}

impl Map {
    /// Appends `len` bytes of text that stand for `source..source_end`.
    pub fn push(&mut self, len: usize, source: usize, source_end: usize) {
        if len == 0 {
            return;
        }
        let Span { start: source, end: source_end } = Span::new(source, source_end);
        let len = Span::new(0, len).end;
        if let Some(last) = self.pieces.last_mut()
            && last.source_end == source
            && source_end - source == len
            && self.len - last.text == last.source_end - last.source
        {
            last.source_end = source_end;
        } else {
            self.pieces.push(Piece { text: self.len, source, source_end });
        }
        self.len += len;
    }

    /// Where a span of the text stands in the source.
    pub fn locate(&self, span: Span) -> SourceSpan {
        let start = self.before(span.start);
        let end = if span.is_empty() { start } else { self.after(span.end) };
        SourceSpan { start, end: end.max(start) }
    }

    /// Copies what this map says of `from..to` into `out`.
    pub fn copy(&self, from: usize, to: usize, out: &mut Map) {
        if self.pieces.is_empty() {
            return out.push(to.saturating_sub(from), from, to);
        }
        let Span { start: from, end: to } = Span::new(from, to);
        let mut at = from;
        let mut index = self.index(from);
        while at < to && index < self.pieces.len() {
            let end = self.end_of(index).min(to);
            let SourceSpan { start, end: source_end } = self.locate(Span { start: at, end });
            out.push((end - at) as usize, start, source_end);
            at = end;
            index += 1;
        }
    }

    fn index(&self, at: u32) -> usize {
        self.pieces.partition_point(|p| p.text <= at).saturating_sub(1)
    }

    fn end_of(&self, index: usize) -> u32 {
        self.pieces.get(index + 1).map_or(self.len, |next| next.text)
    }

    /// Source offset at which the byte at `at` begins.
    fn before(&self, at: u32) -> usize {
        let index = self.index(at);
        let Some(piece) = self.pieces.get(index) else { return at as usize };
        let len = self.end_of(index) - piece.text;
        let inside = at.saturating_sub(piece.text);
        let offset = if inside >= len {
            piece.source_end
        } else if len == piece.source_end - piece.source {
            piece.source + inside
        } else {
            piece.source
        };
        offset as usize
    }

    /// Source offset at which the byte before `at` ends.
    fn after(&self, at: u32) -> usize {
        let index = self.index(at.saturating_sub(1));
        let Some(piece) = self.pieces.get(index) else { return at as usize };
        let len = self.end_of(index) - piece.text;
        let inside = at.saturating_sub(piece.text).min(len);
        let offset = if len == piece.source_end - piece.source { piece.source + inside } else { piece.source_end };
        offset as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_byte_stands_for_all_it_replaced() {
        // "ab[.]cd" read as "ab.cd"
        let mut map = Map::default();
        map.push(2, 0, 2);
        map.push(1, 2, 5);
        map.push(2, 5, 7);
        let at = |a, b| {
            let s = map.locate(Span::new(a, b));
            (s.start, s.end)
        };
        assert_eq!(at(0, 2), (0, 2));
        assert_eq!(at(2, 3), (2, 5));
        assert_eq!(at(1, 4), (1, 6));
        assert_eq!(at(5, 5), (7, 7));
    }
}
