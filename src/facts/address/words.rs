//! Encoded words in display names and comments (RFC 2047).

use super::lex::EncodedWords;
use crate::facts::text::lossy;
use mail_parser::parsers::MessageStream;

/// Decodes every encoded word, also inside quotes, where the RFC forbids them and writers put
/// them; blanks between two of them vanish (RFC 2047 §6.2), other blanks collapse to one.
pub fn decode(text: &[u8]) -> String {
    let mut words = EncodedWords::default();
    let mut decoded = String::with_capacity(text.len());
    let mut blank = false;
    let mut after_word = false;
    let mut at = 0;
    while let Some(&b) = text.get(at) {
        if b.is_ascii_whitespace() {
            blank = true;
            at += 1;
            continue;
        }
        let found = if b == b'=' { words.word_end(text, at) } else { None };
        let word = found.and_then(|end| Some((end, MessageStream::new(text.get(at + 1..end)?).decode_rfc2047()?)));
        if blank && !decoded.is_empty() && !(after_word && word.is_some()) {
            decoded.push(' ');
        }
        blank = false;
        after_word = word.is_some();
        at = match word {
            Some((end, word)) => {
                decoded.push_str(&word);
                end
            }
            None => {
                let rest = text.get(at..).unwrap_or_default();
                let plain = rest.iter().skip(1).position(|b| b.is_ascii_whitespace() || *b == b'=');
                let end = plain.map_or(text.len(), |n| at + n + 1);
                decoded.push_str(&lossy(text.get(at..end).unwrap_or_default()));
                end
            }
        };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encoded_words_are_decoded_wherever_they_stand() {
        assert_eq!(decode(b"=?UTF-8?B?SsO8cmdlbg==?= Test"), "J\u{fc}rgen Test");
        assert_eq!(decode(b"=?iso-8859-1?q?a_b?=\r\n =?iso-8859-1?q?=E9?="), "a b\u{e9}");
        assert_eq!(decode(b"x =?utf-8?q?y?= z"), "x y z");
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        assert_eq!(decode(b"a=b  =?utf-8?q?open"), "a=b =?utf-8?q?open");
        assert_eq!(decode(b"=?utf-8?x?no?="), "=?utf-8?x?no?=");
        assert_eq!(decode(b""), "");
    }
}
