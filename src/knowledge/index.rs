//! Many patterns at once: which of them match a name, without trying each.

use super::pattern::{self, fold};

/// Host patterns (see [`pattern::host`]), found by the last two labels of a name.
pub struct Hosts<T>(Index<T>);

/// Patterns of field names, found by their beginning.
pub struct Names<T>(Index<T>);

/// What goes with a field name.
pub struct Named<T> {
    /// With this very name (any case).
    pub whole: Vec<T>,
    /// With the patterns with a star that match.
    pub starred: Vec<T>,
}

impl<T: Copy> Hosts<T> {
    pub fn new(patterns: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        Hosts(Index::new(patterns, last_labels, Mark::of))
    }

    /// What goes with the patterns that match, in the order in which they were given.
    pub fn of(&self, name: &str) -> Vec<T> {
        let mut found: Vec<_> = self.matching(name).collect();
        found.sort_unstable_by_key(|(place, ..)| *place);
        found.into_iter().map(|(.., what)| what).collect()
    }

    /// The first of them.
    pub fn first(&self, name: &str) -> Option<T> {
        self.matching(name).min_by_key(|(place, ..)| *place).map(|(.., what)| what)
    }

    fn matching(&self, name: &str) -> impl Iterator<Item = (usize, &'static str, T)> {
        let bare = name.strip_suffix('.').unwrap_or(name);
        let look = (name.len() <= pattern::NAME).then(|| (fold(end(bare).as_bytes()), Starts::of(bare)));
        look.into_iter().flat_map(move |(key, starts)| {
            self.0.matching(key, move |mark, pattern| starts.have(mark) && pattern::host(pattern, name))
        })
    }
}

/// Stands for the last two labels of a pattern, if there is no star in them, or of a name.
pub(super) fn last_labels(pattern: &str) -> Option<u64> {
    Some(end(pattern)).filter(|end| !end.contains('*')).map(|end| fold(end.as_bytes()))
}

/// Bytes by which a pattern is found, if there is no star among them.
const BEGINNING: usize = 4;

/// No mark and no vocabulary holds a field name half as long.
const LONGEST: usize = 100;

impl<T: Copy> Names<T> {
    pub fn new(patterns: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        let key = |pattern: &str| Some(beginning(pattern.as_bytes())).filter(|begin| !begin.contains(&b'*')).map(fold);
        Names(Index::new(patterns, key, |_| Mark::Any))
    }

    /// What goes with a name, each in the order in which it was given.
    pub fn of(&self, name: &[u8]) -> Named<T> {
        let matches = |_, pattern: &str| match pattern.contains('*') {
            true => name.len() <= LONGEST && pattern::glob(pattern, name),
            false => pattern.as_bytes().eq_ignore_ascii_case(name),
        };
        let key = fold(beginning(name));
        if !self.0.has(key) {
            return Named { whole: Vec::new(), starred: Vec::new() };
        }
        let mut found: Vec<_> = self.0.matching(key, matches).collect();
        found.sort_unstable_by_key(|(place, ..)| *place);
        let (starred, whole): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, pattern, _)| pattern.contains('*'));
        let what = |found: Vec<(usize, &str, T)>| found.into_iter().map(|(.., what)| what).collect();
        Named { whole: what(whole), starred: what(starred) }
    }
}

/// Patterns by what is literal in them. Each has its place in the order in which they were given.
struct Index<T> {
    /// In the order of their keys, then of their places.
    keyed: Vec<(u64, Entry<T>)>,
    /// Nothing in them is literal where it would have to be.
    open: Vec<Entry<T>>,
}

/// A pattern, its place, and what goes with it.
#[derive(Clone, Copy)]
struct Entry<T> {
    mark: Mark,
    place: usize,
    pattern: &'static str,
    what: T,
}

impl<T: Copy> Index<T> {
    fn new(
        patterns: impl IntoIterator<Item = (&'static str, T)>,
        key: impl Fn(&'static str) -> Option<u64>,
        mark: impl Fn(&'static str) -> Mark,
    ) -> Index<T> {
        let mut index = Index { keyed: Vec::new(), open: Vec::new() };
        for (place, (pattern, what)) in patterns.into_iter().enumerate() {
            let entry = Entry { mark: mark(pattern), place, pattern, what };
            match key(pattern) {
                Some(key) => index.keyed.push((key, entry)),
                None => index.open.push(entry),
            }
        }
        index.keyed.sort_by_key(|(key, entry)| (*key, entry.place));
        index
    }

    /// The keyed ones from this key on.
    fn from(&self, key: u64) -> &[(u64, Entry<T>)] {
        let start = self.keyed.partition_point(|(k, _)| *k < key);
        self.keyed.get(start..).unwrap_or_default()
    }

    /// May any pattern match what has this key?
    fn has(&self, key: u64) -> bool {
        !self.open.is_empty() || self.from(key).first().is_some_and(|(k, _)| *k == key)
    }

    /// What goes with the patterns that match, each with its place.
    fn matching(
        &self,
        key: u64,
        matches: impl Fn(Mark, &str) -> bool,
    ) -> impl Iterator<Item = (usize, &'static str, T)> {
        let keyed = self.from(key).iter().take_while(move |(k, _)| *k == key).map(|(_, entry)| entry);
        let candidates = keyed.chain(&self.open).filter(move |e| matches(e.mark, e.pattern));
        candidates.map(|e| (e.place, e.pattern, e.what))
    }
}

/// The last two labels.
fn end(name: &str) -> &str {
    let mut dots = name.bytes().enumerate().rev().filter(|(_, b)| *b == b'.').map(|(at, _)| at);
    dots.nth(1).and_then(|at| name.get(at + 1..)).unwrap_or(name)
}

/// What a name must have to match a pattern: a label that begins as the pattern's first does.
#[derive(Clone, Copy)]
enum Mark {
    /// Nothing is known to begin it.
    Any,
    /// The name itself begins with this byte.
    Name(u8),
    /// Some label begins with one byte, or two, of this bit.
    One(u64),
    Two(u64),
}

impl Mark {
    fn of(pattern: &'static str) -> Mark {
        let (first, below) = pattern.strip_prefix("*.").map_or((pattern, false), |rest| (rest, true));
        match first.as_bytes() {
            [] | [b'*', ..] => Mark::Any,
            [first, ..] if !below => Mark::Name(first.to_ascii_lowercase()),
            [first] | [first, b'*' | b'.', ..] => Mark::One(bit(&[*first])),
            [first, second, ..] => Mark::Two(bit(&[*first, *second])),
        }
    }
}

/// What the labels of a name begin with, as bits for one and for two bytes; several may share one.
#[derive(Clone, Copy)]
struct Starts {
    name: u8,
    one: u64,
    two: u64,
}

impl Starts {
    fn of(name: &str) -> Starts {
        let name = name.as_bytes();
        let mut starts = Starts { name: name.first().map_or(0, u8::to_ascii_lowercase), one: 0, two: 0 };
        let mut first = true;
        for (at, &b) in name.iter().enumerate() {
            if first {
                starts.one |= bit(&[b]);
                starts.two |= name.get(at..at + 2).map_or(0, bit);
            }
            first = b == b'.';
        }
        starts
    }

    /// False for nearly every pattern that does not match.
    fn have(&self, mark: Mark) -> bool {
        match mark {
            Mark::Any => true,
            Mark::Name(first) => self.name == first,
            Mark::One(bit) => self.one & bit != 0,
            Mark::Two(bits) => self.two & bits != 0,
        }
    }
}

fn bit(bytes: &[u8]) -> u64 {
    let sum = bytes.iter().fold(0_u32, |sum, b| sum.wrapping_mul(7).wrapping_add(b.to_ascii_lowercase().into()));
    1 << (sum % 64)
}

fn beginning(name: &[u8]) -> &[u8] {
    name.get(..BEGINNING).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOSTS: [&str; 8] = ["*.b.c", "mail-*.b.c", "b.c", "a", "*.c", "x*.c", "a.*", "*"];

    proptest! {
        #[test]
        fn it_finds_what_trying_each_would_find(name in "[abcx.]{0,3}(mail-)?[abcABC]{0,2}(\\.[abcBC]){0,3}\\.?") {
            let index = Hosts::new(HOSTS.into_iter().enumerate().map(|(n, p)| (p, n)));
            let each: Vec<_> = (0..HOSTS.len()).filter(|&n| pattern::host(HOSTS[n], &name)).collect();
            prop_assert_eq!(index.of(&name), each);
        }
    }

    #[test]
    fn names_whole_and_starred() {
        let names = Names::new([("X-SG-*", 1), ("X-SG-EID", 2), ("X-*", 3), ("x-sg-e*", 4)]);
        let of = |name: &str| {
            let named = names.of(name.as_bytes());
            (named.whole, named.starred)
        };
        assert_eq!(of("x-Sg-eid"), (vec![2], vec![1, 3, 4]));
        assert_eq!(of("X-SG"), (vec![], vec![3]));
        assert_eq!(of(""), (vec![], vec![]));
        assert_eq!(of(&format!("X-SG-{}", "x".repeat(LONGEST))), (vec![], vec![]));
    }
}
