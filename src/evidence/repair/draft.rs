//! A text under repair.

use super::Map;
use crate::evidence::input::{Repair, RepairKind};
use crate::span::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Replaces a stretch of the text by one byte or by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    start: u32,
    end: u32,
    with: Option<u8>,
}

impl Edit {
    pub fn drop(start: usize, end: usize) -> Edit {
        Edit::put(start, end, None)
    }

    pub fn put(start: usize, end: usize, with: Option<u8>) -> Edit {
        let Span { start, end } = Span::new(start, end);
        Edit { start, end, with }
    }

    pub fn insert(at: usize, with: u8) -> Edit {
        Edit::put(at, at, Some(with))
    }
}

/// The text so far, the map back, and what was done.
pub(crate) struct Draft {
    original: Arc<[u8]>,
    /// `None` while nothing was repaired.
    text: Option<Vec<u8>>,
    map: Map,
    repairs: BTreeMap<RepairKind, Vec<u32>>,
}

impl Draft {
    pub fn new(original: Arc<[u8]>) -> Draft {
        Draft { original, text: None, map: Map::default(), repairs: BTreeMap::new() }
    }

    pub fn text(&self) -> &[u8] {
        self.text.as_deref().unwrap_or(&self.original)
    }

    pub fn repaired(&self, kind: RepairKind) -> bool {
        self.repairs.contains_key(&kind)
    }

    pub fn is_intact(&self) -> bool {
        self.repairs.is_empty()
    }

    /// Makes the edits, which are in order and do not overlap.
    pub fn apply(&mut self, kind: RepairKind, edits: &[Edit]) {
        if edits.is_empty() {
            return;
        }
        let old = self.text();
        let mut text = Vec::with_capacity(old.len() + edits.len());
        let mut map = Map::default();
        let mut touched = Lines::new(&self.original);
        let mut at = 0;
        for edit in edits {
            let Span { start, end } = Span { start: edit.start.max(at), end: edit.end };
            text.extend_from_slice(old.get(at as usize..start as usize).unwrap_or_default());
            self.map.copy(at as usize, start as usize, &mut map);
            let source = self.map.locate(Span { start, end });
            touched.add(source.start, source.end);
            if let Some(byte) = edit.with {
                text.push(byte);
                map.push(1, source.start, source.end);
            }
            at = end.max(start);
        }
        text.extend_from_slice(old.get(at as usize..).unwrap_or_default());
        self.map.copy(at as usize, old.len(), &mut map);
        let lines = self.repairs.entry(kind).or_default();
        lines.append(&mut touched.lines);
        lines.sort_unstable();
        lines.dedup();
        self.text = Some(text);
        self.map = map;
    }

    /// The text, the map and the repairs. The text is the original itself where nothing was repaired.
    pub fn finish(self) -> (Arc<[u8]>, Map, Vec<Repair>) {
        let repairs = self.repairs.into_iter().map(|(kind, lines)| Repair { kind, lines }).collect();
        (self.text.map_or(self.original, Arc::from), self.map, repairs)
    }
}

/// Numbers of the lines touched by stretches that come in order.
struct Lines<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
    lines: Vec<u32>,
}

impl<'a> Lines<'a> {
    fn new(source: &'a [u8]) -> Self {
        Lines { source, at: 0, line: 1, lines: Vec::new() }
    }

    fn add(&mut self, start: usize, end: usize) {
        self.advance(start);
        self.note();
        while self.at + 1 < end {
            self.advance(self.at + 1);
            self.note();
        }
    }

    fn note(&mut self) {
        if self.lines.last() != Some(&self.line) {
            self.lines.push(self.line);
        }
    }

    fn advance(&mut self, to: usize) {
        while self.at < to.min(self.source.len()) {
            if crate::evidence::input::ends_line(self.source, self.at) {
                self.line += 1;
            }
            self.at += 1;
        }
    }
}
