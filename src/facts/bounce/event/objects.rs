//! The objects of JSON in a text, also where the whole is none: cut off, a comma too many, a line of something else between.

use serde_json::Value;
use std::ops::Range;

/// How often each byte is looked at, on average, however deep objects stand inside one another.
const OFTEN: usize = 16;

/// Objects in the order in which they begin.
pub(super) struct Objects<'t> {
    text: &'t [u8],
    at: usize,
    left: usize,
}

impl<'t> Objects<'t> {
    /// Of a text that begins as JSON does; of any other none.
    pub(super) fn of(text: &'t [u8]) -> Objects<'t> {
        let bare = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
        let begins = bare.starts_with(b"{") || bare.starts_with(b"[");
        Objects { text, at: if begins { 0 } else { text.len() }, left: OFTEN * text.len() }
    }

    /// The next object that is whole, and where it stands.
    pub(super) fn next(&mut self) -> Option<(Value, Range<usize>)> {
        loop {
            let start = self.at + memchr::memchr(b'{', self.text.get(self.at..)?)?;
            let end = self.end(start);
            self.at = end.unwrap_or(start + 1);
            if let Some(end) = end
                && let Ok(value) = serde_json::from_str(&String::from_utf8_lossy(&self.text[start..end]))
            {
                return Some((value, start..end));
            }
            if end.is_some() {
                self.at = start + 1;
            }
            if self.left == 0 {
                return None;
            }
        }
    }

    /// Was there more than is looked at?
    pub(super) fn gave_up(&self) -> bool {
        self.left == 0 && !self.text.is_empty()
    }

    /// Goes on inside the object that begins here.
    pub(super) fn enter(&mut self, start: usize) {
        self.at = start + 1;
    }

    /// Where the object that begins here is closed.
    fn end(&mut self, start: usize) -> Option<usize> {
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        for (n, b) in self.text[start..].iter().take(self.left).enumerate() {
            match b {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' if !quoted => depth += 1,
                b'}' if !quoted => depth -= 1,
                // No string goes over the end of a line.
                b'\n' if quoted => {
                    self.left -= n;
                    return None;
                }
                _ => {}
            }
            if depth == 0 {
                self.left -= n;
                return Some(start + n + 1);
            }
        }
        self.left -= self.left.min(self.text.len() - start);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_whatever_is_wrong_around_them() {
        let of = |text: &str| {
            let mut objects = Objects::of(text.as_bytes());
            let mut found = Vec::new();
            while let Some((value, range)) = objects.next() {
                assert_eq!(serde_json::from_str::<Value>(&text[range]).unwrap(), value);
                found.push(value["a"].to_string());
            }
            found.join(" ")
        };
        for (text, found) in [
            (r#"{"a":1}"#, "1"),
            ("\u{feff}[{\"a\":1},\r\n{\"a\":2},]", "1 2"),
            ("{\"a\":1}\nnot json\n{\"a\":2},\n{\"a\":3", "1 2"),
            (r#"[{"a":"}{\"\\"},{"a":2}]"#, r#""}{\"\\" 2"#),
            ("{\"a\":tru}{\"a\":4}", "4"),
            (r#"{"b":{"a":1"#, ""),
            ("text {\"a\":1}", ""),
            ("", ""),
        ] {
            assert_eq!(of(text), found, "{text}");
        }
    }

    #[test]
    fn however_deep_and_long_it_comes_to_an_end() {
        let deep = "{\"a\":".repeat(200_000);
        assert!(Objects::of(deep.as_bytes()).next().is_none());
        let closed = format!("{deep}1{}", "}".repeat(200_000));
        let mut objects = Objects::of(closed.as_bytes());
        let mut count = 0;
        while let Some((_, range)) = objects.next() {
            objects.enter(range.start);
            count += 1;
        }
        // The reader of JSON goes 128 deep: the innermost are found, if there is time.
        assert!(objects.gave_up() && count < 200);
    }
}
