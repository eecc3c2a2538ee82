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
        let key = |pattern: &str| Some(end(pattern)).filter(|end| !end.contains('*')).map(|end| fold(end.as_bytes()));
        Hosts(Index::new(patterns, key))
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
        let look = (name.len() <= pattern::NAME).then(|| (fold(end(bare).as_bytes()), initials(bare)));
        look.into_iter().flat_map(move |(key, initials)| {
            self.0.matching(key, move |pattern| begins_among(pattern, initials) && pattern::host(pattern, name))
        })
    }
}

/// Bytes by which a pattern is found, if there is no star among them.
const BEGINNING: usize = 4;

/// No mark and no vocabulary holds a field name half as long.
const LONGEST: usize = 100;

impl<T: Copy> Names<T> {
    pub fn new(patterns: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        let key = |pattern: &str| Some(beginning(pattern.as_bytes())).filter(|begin| !begin.contains(&b'*')).map(fold);
        Names(Index::new(patterns, key))
    }

    /// What goes with a name, each in the order in which it was given.
    pub fn of(&self, name: &[u8]) -> Named<T> {
        let matches = |pattern: &str| match pattern.contains('*') {
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
    keyed: Vec<(u64, usize, &'static str, T)>,
    /// Nothing in them is literal where it would have to be.
    open: Vec<(usize, &'static str, T)>,
}

impl<T: Copy> Index<T> {
    fn new(
        patterns: impl IntoIterator<Item = (&'static str, T)>,
        key: impl Fn(&'static str) -> Option<u64>,
    ) -> Index<T> {
        let mut index = Index { keyed: Vec::new(), open: Vec::new() };
        for (place, (pattern, what)) in patterns.into_iter().enumerate() {
            match key(pattern) {
                Some(key) => index.keyed.push((key, place, pattern, what)),
                None => index.open.push((place, pattern, what)),
            }
        }
        index.keyed.sort_by_key(|(key, place, ..)| (*key, *place));
        index
    }

    /// The keyed ones from this key on.
    fn from(&self, key: u64) -> &[(u64, usize, &'static str, T)] {
        let start = self.keyed.partition_point(|(k, ..)| *k < key);
        self.keyed.get(start..).unwrap_or_default()
    }

    /// May any pattern match what has this key?
    fn has(&self, key: u64) -> bool {
        !self.open.is_empty() || self.from(key).first().is_some_and(|(k, ..)| *k == key)
    }

    /// What goes with the patterns that match, each with its place.
    fn matching(&self, key: u64, matches: impl Fn(&str) -> bool) -> impl Iterator<Item = (usize, &'static str, T)> {
        let keyed = self.from(key).iter().take_while(move |(k, ..)| *k == key);
        let candidates =
            keyed.map(|(_, place, pattern, what)| (*place, *pattern, *what)).chain(self.open.iter().copied());
        candidates.filter(move |(_, pattern, _)| matches(pattern))
    }
}

/// The last two labels.
fn end(name: &str) -> &str {
    let mut dots = name.bytes().enumerate().rev().filter(|(_, b)| *b == b'.').map(|(at, _)| at);
    dots.nth(1).and_then(|at| name.get(at + 1..)).unwrap_or(name)
}

/// What the labels of a name begin with.
fn initials(name: &str) -> u32 {
    let (all, _) =
        name.bytes().fold((0, true), |(all, first), b| (all | if first { initial(b) } else { 0 }, b == b'.'));
    all
}

/// A bit for what a label begins with; several bytes may share one.
fn initial(byte: u8) -> u32 {
    1 << (byte.to_ascii_lowercase() % 32)
}

/// May the first label of a pattern be one of those that begin so?
fn begins_among(pattern: &str, initials: u32) -> bool {
    match pattern.strip_prefix("*.").unwrap_or(pattern).bytes().next() {
        None | Some(b'*') => true,
        Some(first) => initials & initial(first) != 0,
    }
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
