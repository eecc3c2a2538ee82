//! How the values of antispam fields are written, form by form.

use crate::facts::text::unfold;
use crate::knowledge::receiver::Form;
use crate::span::Span;

/// One `key` and `value`, folds and blanks taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub key: String,
    pub value: String,
    /// The whole piece.
    pub span: Span,
    /// Thousandths of a point.
    pub points: Option<i32>,
}

/// Pieces read of one field; the rest of a longer one is left unread.
pub const LIMIT: usize = 1000;

/// Splits one value; `base` is added to every span. Linear.
pub fn split(form: Form, value: &[u8], base: usize) -> Vec<Piece> {
    let text = Text { value, base };
    match form {
        Form::Word | Form::Trace => text.piece(0, value.len(), None).into_iter().collect(),
        Form::First => text.first().into_iter().collect(),
        Form::Pairs => text.separated(b';', b':'),
        Form::Semicolons => text.separated(b';', b'='),
        Form::Commas => text.separated(b',', b'='),
        Form::Assignments => text.assignments(),
        Form::Results => text.results(),
        Form::SpamStatus => text.spam_status(),
        Form::SpamReport => text.spam_report(),
        Form::MailScanner => text.mail_scanner(),
        Form::SpamdResult => text.spamd_result(),
    }
}

/// A value and where it stands.
#[derive(Clone, Copy)]
struct Text<'a> {
    value: &'a [u8],
    base: usize,
}

impl<'a> Text<'a> {
    fn bytes(self, from: usize, to: usize) -> &'a [u8] {
        self.value.get(from..to).unwrap_or_default()
    }

    /// `from..to` without blanks at either end.
    fn trim(self, from: usize, to: usize) -> (usize, usize) {
        let bytes = self.bytes(from, to);
        let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(bytes.len());
        let end = bytes.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(start, |n| n + 1);
        (from + start, from + end)
    }

    fn span(self, (from, to): (usize, usize)) -> Span {
        Span::new(self.base + from, self.base + to)
    }

    /// A piece from a stretch, split at the first `mark`; `None` where nothing but blanks is there.
    fn piece(self, from: usize, to: usize, mark: Option<u8>) -> Option<Piece> {
        let whole @ (from, to) = self.trim(from, to);
        let bytes = self.bytes(from, to);
        let cut = mark.and_then(|m| bytes.iter().position(|&b| b == m));
        let (key, value) = match cut {
            Some(n) => (unfold(self.bytes(from, from + n)), unfold(self.bytes(from + n + 1, to))),
            None => (String::new(), unfold(bytes)),
        };
        // Outlook writes `(null)` for a list that is empty, sometimes glued to the next key.
        let key = key.rsplit("(null)").next().unwrap_or_default().trim().to_owned();
        (!bytes.is_empty()).then(|| Piece { key, value, span: self.span(whole), points: None })
    }

    fn first(self) -> Option<Piece> {
        let (from, to) = self.trim(0, self.value.len());
        let bytes = self.bytes(from, to);
        let end = bytes.iter().position(|&b| b.is_ascii_whitespace() || b";,(".contains(&b)).unwrap_or(bytes.len());
        self.piece(from, from + end, None)
    }

    fn separated(self, separator: u8, mark: u8) -> Vec<Piece> {
        let mut at = 0;
        let stretches = self.value.split(|&b| b == separator).map(|piece| {
            let from = at;
            at += piece.len() + 1;
            (from, from + piece.len())
        });
        stretches.filter_map(|(from, to)| self.piece(from, to, Some(mark))).take(LIMIT).collect()
    }

    /// Runs of bytes that are none of `separators`, each with its stretch.
    fn tokens(self, separators: &'static [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let value = self.value;
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = value.get(at..)?;
            let from = at + rest.iter().position(|b| !separators.contains(b))?;
            let rest = value.get(from..)?;
            at = from + rest.iter().position(|b| separators.contains(b)).unwrap_or(rest.len());
            Some((from, at))
        })
    }

    fn assignments(self) -> Vec<Piece> {
        self.tokens(b" \t\r\n;,").filter_map(|(from, to)| self.piece(from, to, Some(b'='))).take(LIMIT).collect()
    }

    /// `method=result`, then what belongs to it with the method before its key.
    fn results(self) -> Vec<Piece> {
        let mut method = String::new();
        let mut pieces = Vec::new();
        let mut at = 0;
        for (from, to) in self.tokens(b" \t\r\n;()").take(LIMIT) {
            let begins = self.bytes(at, from).contains(&b';') || at == 0;
            at = to;
            let Some(mut piece) = self.piece(from, to, Some(b'=')).filter(|p| !p.key.is_empty()) else { continue };
            if begins {
                method.clone_from(&piece.key);
            } else {
                piece.key = format!("{method} {}", piece.key);
            }
            pieces.push(piece);
        }
        pieces
    }

    /// The verdict (empty key), then assignments; the members of `tests=` have the key `test`.
    fn spam_status(self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = self.first().into_iter().collect();
        // Where the first piece is an assignment there was no verdict.
        if self.value.iter().find(|b| b"=,".contains(b)) == Some(&b'=') {
            pieces.clear();
        }
        let (mut tests, mut bracket, mut awaited) = (false, false, false);
        let mut at = 0;
        for (from, to) in self.tokens(b" \t\r\n,[]") {
            if pieces.len() >= LIMIT {
                break;
            }
            let between = self.bytes(at, from);
            at = to;
            // Kerio: tests=NAME: 1.0, OTHER: -0.1
            if let Some(named) = pieces.last_mut().filter(|_| std::mem::take(&mut awaited)) {
                self.given(named, from, to);
                continue;
            }
            // amavisd: tests=[NAME=1.0, OTHER=-0.1]
            bracket = (bracket || between.contains(&b'[')) && !between.contains(&b']');
            let Some(piece) = self.piece(from, to, Some(b'=')) else { continue };
            let begins = !bracket && piece.key.eq_ignore_ascii_case("tests");
            // _TESTSSCORES(,)_: tests=NAME=1.0,OTHER=-0.1
            let scored = is_rule(piece.key.as_bytes()) && points(piece.value.as_bytes()).is_some();
            if begins || bracket || (tests && (piece.key.is_empty() || scored)) {
                tests = true;
                let test = self.test(if begins { to - piece.value.len() } else { from }, to);
                awaited = test.as_ref().is_some_and(|t| t.value.ends_with(':'));
                pieces.extend(test.filter(|t| t.value != "none"));
            } else if !piece.key.is_empty() {
                tests = false;
                pieces.push(piece);
            }
        }
        // A sum is no test.
        pieces.retain(|p| p.key != "test" || p.value != "TOTAL_SCORE");
        pieces
    }

    /// `NAME`, `NAME=1.0`, or the `NAME:` of two words.
    fn test(self, from: usize, to: usize) -> Option<Piece> {
        let piece = self.piece(from, to, Some(b'='))?;
        let points = points(piece.value.as_bytes()).filter(|_| !piece.key.is_empty());
        let name = if piece.key.is_empty() { piece.value } else { piece.key };
        Some(Piece { key: "test".into(), value: name, points, ..piece })
    }

    /// The word behind a `NAME:`, its points or what else was done.
    fn given(self, named: &mut Piece, from: usize, to: usize) {
        named.value.pop();
        named.points = points(self.bytes(from, to));
        named.span = Span::new(named.span.start as usize, self.base + to);
        if named.points.is_none() {
            named.key = std::mem::replace(&mut named.value, unfold(self.bytes(from, to)));
        }
    }

    /// The verdict (empty key) where there is one, `score`, then the rules with their points behind them, with the key `test`.
    fn mail_scanner(self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = self.first().into_iter().filter(|p| !is_rule(p.value.as_bytes())).collect();
        let mut rule: Option<Piece> = None;
        for (from, to) in self.tokens(b" \t\r\n,()").take(LIMIT) {
            let word = self.bytes(from, to);
            match (rule.take(), points(word)) {
                (Some(named), Some(given)) => {
                    let span = Span::new(named.span.start as usize, self.base + to);
                    pieces.push(Piece { key: "test".into(), points: Some(given), span, ..named });
                }
                _ if is_rule(word) => rule = self.piece(from, to, None),
                _ => pieces.extend(self.piece(from, to, Some(b'=')).filter(|p| p.key == "score")),
            }
        }
        pieces
    }

    /// The rule of each line of the table, with the key `test`; where there is no table, the whole.
    fn spam_report(self) -> Vec<Piece> {
        const TABLE: &[u8] = b"Content analysis details";
        // What stands before is prose, and a piece of the message itself.
        let table = self.value.windows(TABLE.len()).rposition(|w| w == TABLE).unwrap_or(0);
        let mut pieces = Vec::new();
        let mut given = None;
        for (from, to) in self.tokens(b" \t\r\n").skip_while(|(from, _)| *from < table) {
            let word = self.bytes(from, to);
            if given.is_some() && is_rule(word) {
                pieces.extend(self.piece(from, to, None).map(|p| Piece { key: "test".into(), points: given, ..p }));
            }
            given = points(word).filter(|_| is_points(word));
            if pieces.len() == LIMIT {
                break;
            }
        }
        if pieces.is_empty() { self.piece(0, self.value.len(), None).into_iter().collect() } else { pieces }
    }

    /// The verdict (empty key), `score`, `required`, then each symbol with the key `symbol`.
    fn spamd_result(self) -> Vec<Piece> {
        let head = self.value.iter().position(|&b| b == b';').unwrap_or(self.value.len());
        let mut pieces = Vec::new();
        let open = self.bytes(0, head).iter().position(|&b| b == b'[').unwrap_or(head);
        let colon = self.bytes(0, open).iter().position(|&b| b == b':').map_or(0, |n| n + 1);
        pieces.extend(self.piece(colon, open, None));
        let close = self.bytes(open, head).iter().position(|&b| b == b']').map_or(head, |n| open + n);
        let slash = self.bytes(open, close).iter().position(|&b| b == b'/').map_or(close, |n| open + n);
        for (key, from, to) in [("score", open + 1, slash), ("required", slash + 1, close)] {
            pieces.extend(self.piece(from.min(to), to, None).map(|p| Piece { key: key.into(), ..p }));
        }
        let mut at = head + 1;
        while at < self.value.len() && pieces.len() < LIMIT {
            let rest = self.bytes(at, self.value.len());
            let name = rest.iter().position(|b| b"([;".contains(b)).unwrap_or(rest.len());
            // Options in brackets may hold semicolons.
            let mut end = name;
            let mut inside = false;
            while let Some(&b) = rest.get(end) {
                match b {
                    b'[' => inside = true,
                    b']' => inside = false,
                    b';' if !inside => break,
                    _ => {}
                }
                end += 1;
            }
            let whole = self.trim(at, at + end);
            let given = rest.get(name..end).and_then(|r| r.strip_prefix(b"("));
            let given = given.and_then(|r| points(r.split(|&b| b == b')').next()?));
            pieces.extend(self.piece(at, at + name, None).map(|p| Piece {
                key: "symbol".into(),
                span: self.span(whole),
                points: given,
                ..p
            }));
            at += end + 1;
        }
        pieces
    }
}

/// The number in thousandths.
fn points(word: &[u8]) -> Option<i32> {
    let number: f64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    (number.abs() < 1_000_000.0).then_some((number * 1000.0).round() as i32)
}

/// `5.0`, `-0.1`
fn is_points(word: &[u8]) -> bool {
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut parts = word.strip_prefix(b"-").unwrap_or(word).splitn(2, |&b| b == b'.');
    parts.next().is_some_and(digits) && parts.next().is_some_and(digits)
}

/// `URIBL_BLACK`
fn is_rule(word: &[u8]) -> bool {
    let fits = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    word.len() > 2 && word.iter().all(fits) && !word[0].is_ascii_digit()
}
