//! The one door through which strangers' text reaches a screen, a terminal or the clipboard's
//! message line.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text that is safe to show: no C0, C1, DEL, bidi control, zero-width or other invisible
/// character reaches a terminal; each is shown as a visible stand-in (`␛`, `<200B>`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Safe(String);

impl Safe {
    /// Makes any bytes safe on one line: line ends and tabs become single blanks, invalid UTF-8
    /// becomes U+FFFD.
    pub fn line(text: impl AsRef<[u8]>) -> Safe {
        let mut out = String::with_capacity(text.as_ref().len());
        let mut last = ' ';
        each(text.as_ref(), |c, _| {
            match c {
                '\n' if last == '\r' => {}
                '\t' | '\n' | '\r' => out.push(' '),
                _ => push(c, &mut out),
            }
            last = c;
        });
        Safe(out)
    }

    /// As [`Safe::line`], but line ends stay, each as one line feed.
    pub fn block(text: impl AsRef<[u8]>) -> Safe {
        let mut out = String::with_capacity(text.as_ref().len());
        let mut last = ' ';
        each(text.as_ref(), |c, _| {
            match c {
                '\n' if last == '\r' => {}
                '\n' | '\r' => out.push('\n'),
                '\t' => out.push(' '),
                _ => push(c, &mut out),
            }
            last = c;
        });
        Safe(out)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::fmt::Display for Safe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// One line made safe, with the way from its bytes to columns: for underlines.
#[derive(Clone, Debug)]
pub struct Mapped {
    pub text: Safe,
    /// For each byte of the source line, and one past its end, the terminal column it begins at.
    pub columns: Vec<u32>,
}

/// Makes one line safe and keeps the map; tabs go to the next multiple of 8.
pub fn mapped(line: &[u8]) -> Mapped {
    let mut out = String::with_capacity(line.len());
    let mut columns = Vec::with_capacity(line.len() + 1);
    let mut column = 0u32;
    each(line, |c, len| {
        columns.extend(std::iter::repeat_n(column, len));
        let before = out.len();
        match c {
            '\t' => out.extend(std::iter::repeat_n(' ', (8 - column % 8) as usize)),
            '\n' | '\r' => out.push(' '),
            _ => push(c, &mut out),
        }
        // Character by character, so that a column never depends on what comes after it.
        column += out[before..].chars().map(|c| c.width().unwrap_or(0) as u32).sum::<u32>();
    });
    columns.push(column);
    Mapped { text: Safe(out), columns }
}

/// Cuts `text` to `width` terminal columns between graphemes; `…` stands for what was cut off.
pub fn clip(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut kept: String = text
        .graphemes(true)
        .take_while(|g| {
            used += g.width();
            used <= room
        })
        .collect();
    kept.push('…');
    kept
}

/// The characters of `text` with their length in bytes; each invalid sequence is one U+FFFD,
/// but a stray C1 byte is that control, for a terminal that does not speak UTF-8 obeys it.
fn each(text: &[u8], mut take: impl FnMut(char, usize)) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            take(c, c.len_utf8());
        }
        match chunk.invalid() {
            [] => {}
            [byte @ 0x80..=0x9F] => take(char::from(*byte), 1),
            invalid => take('\u{FFFD}', invalid.len()),
        }
    }
}

/// The character, or its stand-in.
fn push(c: char, out: &mut String) {
    match c {
        // Control Pictures, U+2400 to U+2421.
        '\0'..='\x1F' => out.extend(char::from_u32(0x2400 + c as u32)),
        '\x7F' => out.push('␡'),
        _ if is_unseen(c) => {
            use std::fmt::Write;
            // Writing to a string does not fail.
            let _ = write!(out, "<{:02X}>", c as u32);
        }
        _ => out.push(c),
    }
}

/// C1, bidi, zero-width, separators, tags, fillers and variation selectors: what a reader
/// cannot see, or what makes a reader see something else.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9F}'
        | '\u{AD}'
        | '\u{34F}'
        | '\u{61C}'
        | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let show = |s: &str| Safe::line(s).into_string();
        assert_eq!(show("a\x1b[31mb"), "a␛[31mb");
        assert_eq!(show("a\u{200b}b\u{202e}c\u{feff}"), "a<200B>b<202E>c<FEFF>");
        assert_eq!(show("\u{9b}31m\u{e0041}\u{7f}\0"), "<9B>31m<E0041>␡␀");
        assert_eq!(show("a\tb\r\nc\rd\ne"), "a b c d e");
        assert_eq!(show("Grüße 日本 👍"), "Grüße 日本 👍");
        assert_eq!(Safe::line(b"\x9b31m \xff\xfe ok").as_str(), "<9B>31m \u{FFFD}\u{FFFD} ok");
        assert_eq!(Safe::line(b"\xed\xa0\x80").as_str().chars().filter(|c| *c == '\u{FFFD}' || *c == '<').count(), 3);
        assert_eq!(Safe::block("a\tb\r\nc\rd\ne").as_str(), "a b\nc\nd\ne");
    }

    #[test]
    fn columns_follow_what_is_shown() {
        let m = mapped("a\tb\u{200b}日x".as_bytes());
        assert_eq!(m.text.as_str(), "a       b<200B>日x");
        assert_eq!(m.columns, [0, 1, 8, 9, 9, 9, 15, 15, 15, 17, 18]);
    }

    #[test]
    fn a_clip_ends_between_graphemes() {
        assert_eq!(clip("short", 5), "short");
        assert_eq!(clip("longer", 5), "long…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(clip("", 0), "");
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let odd = prop_oneof![
            Just("\u{202e}"),
            Just("\u{200d}"),
            Just("\u{feff}"),
            Just("\x1b]52;c;"),
            Just("\t"),
            Just("\r\n"),
            Just("\u{85}"),
            Just("\u{2028}"),
            Just("\u{e0020}"),
            Just("\u{ad}"),
            Just("日"),
            Just("a")
        ]
        .prop_map(|s| s.as_bytes().to_vec());
        let piece = prop_oneof![
            odd,
            proptest::collection::vec(any::<u8>(), 0..4),
            any::<char>().prop_map(|c| c.to_string().into_bytes())
        ];
        proptest::collection::vec(piece, 0..30).prop_map(|p| p.concat())
    }

    fn is_harmless(text: &str) -> bool {
        text.chars().all(|c| !c.is_control() && !is_unseen(c))
    }

    proptest! {
        #[test]
        fn nothing_unseen_gets_out(text in hostile()) {
            let line = Safe::line(&text);
            prop_assert!(is_harmless(line.as_str()));
            prop_assert!(is_harmless(&Safe::block(&text).as_str().replace('\n', "")));
            let again = Safe::line(line.as_str());
            prop_assert_eq!(again, line);
        }

        #[test]
        fn every_byte_has_a_column(text in hostile()) {
            let m = mapped(&text);
            prop_assert!(is_harmless(m.text.as_str()));
            prop_assert_eq!(m.columns.len(), text.len() + 1);
            prop_assert!(m.columns.is_sorted());
        }

        #[test]
        fn a_clip_fits(text in "\\PC{0,20}", width in 0usize..12) {
            prop_assert!(clip(&text, width).width() <= width);
        }
    }
}
