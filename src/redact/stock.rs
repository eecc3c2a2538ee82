//! Stand-ins: a word and a number, as long as what they stand for, and none handed out twice.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers tried for one stand-in. Very short words run out of stand-ins, and then share one.
const TRIES: usize = 2_000;

/// The stand-ins handed out so far.
#[derive(Debug, Default)]
pub struct Stock {
    used: BTreeSet<String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Stock {
    /// `domain3`, or what of it fits into `length` bytes, that stands for nothing else yet.
    pub fn next(&mut self, word: &'static str, length: usize) -> String {
        for _ in 0..TRIES {
            let number = self.number(word);
            let label = label(word, number, length);
            if self.used.insert(label.clone()) {
                return label;
            }
        }
        "x".repeat(length)
    }

    /// The next number for a word.
    pub fn number(&mut self, word: &'static str) -> usize {
        let count = self.counts.entry(word).or_default();
        *count += 1;
        *count
    }
}

fn label(word: &str, number: usize, length: usize) -> String {
    let long = format!("{word}{number}");
    let short = format!("{word:.1}{number}");
    let tail = || {
        // Letters count further than digits do.
        let digits = b"abcdefghijklmnopqrstuvwxyz";
        let (mut n, mut out) = (number - 1, String::new());
        for _ in 0..length {
            out.insert(0, char::from(digits[n % digits.len()]));
            n /= digits.len();
        }
        out
    };
    match length {
        _ if long.len() <= length => format!("{long:x<length$}"),
        _ if short.len() <= length => format!("{short:x<length$}"),
        _ => tail(),
    }
}

/// `user3` (`u3` where that is too long) filled to the secret's length in bytes. Its marks stay.
pub fn shaped(word: &str, number: usize, secret: &str) -> String {
    let room = secret.bytes().filter(|b| b.is_ascii_alphanumeric() || !b.is_ascii()).count();
    let long = format!("{word}{number}");
    let label = if long.len() <= room { long } else { format!("{word:.1}{number}") };
    let mut label = label.chars();
    let mut out = String::with_capacity(secret.len());
    for c in secret.chars() {
        if !c.is_alphanumeric() && c.is_ascii() {
            out.push(c);
            continue;
        }
        for _ in 0..c.len_utf8() {
            out.push(label.next().unwrap_or('x'));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_secret_stays() {
        assert_eq!(shaped("user", 1, "jane.doe"), "user.1xx");
        assert_eq!(shaped("id", 2, "BUY NOW!! J\u{dc}RGEN"), "id2 xxx!! xxxxxxx");
        assert_eq!(shaped("id", 3, "0815"), "id3x");
    }

    #[test]
    fn none_is_handed_out_twice_and_all_are_as_long_as_asked() {
        let mut stock = Stock::default();
        assert_eq!(stock.next("domain", 9), "domain1xx");
        assert_eq!(stock.next("domain", 4), "d2xx");
        let mut seen = BTreeSet::new();
        for length in 1..12 {
            for _ in 0..20 {
                let next = stock.next("host", length);
                assert_eq!(next.len(), length);
                assert!(seen.insert(next.clone()), "{next}");
            }
        }
    }
}
