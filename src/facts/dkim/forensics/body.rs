//! Which change of the body, undone, gives the hash that was signed.

use super::What;
use super::effort::{self, Effort};
use super::mime::{Part, field, parts, splice};
use super::undo;
use crate::evidence::lines::lines;
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::crypto::{Algorithm, Running};
use std::ops::Range;

/// The hash that was signed, and how it was made.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub hash: &'a [u8],
    pub algorithm: Algorithm,
    pub canon: Canon,
    /// `l=`
    pub length: Option<u64>,
}

/// Work is bounded by counts, so that a case replays to the same bytes.
const HASHES: u32 = 5_000;
const BYTES: u64 = 256 * 1024 * 1024;
/// Lines that a footer or banner may have, and elements of HTML at either end.
const LINES: usize = 60;
const ELEMENTS: usize = 16;
/// Lines of a banner that stands in text and HTML alike.
const BANNER: usize = 12;
/// Lines that may have begun with a dot.
const DOTS: usize = 300;
/// Lines from the end at which the message may have ended.
const ENDS: usize = 2_000;

/// The changes that, undone together, restore the hash; `None` where no known ones do.
///
/// `header` is that of the message, for its content type and encoding.
pub fn restore(body: &[u8], header: &[u8], wanted: Wanted, effort: &Effort) -> Option<Vec<What>> {
    let mut search = Search { wanted, hashes: HASHES, bytes: BYTES, running: effort.begin(HASHES) };
    if search.signed_with_bare_lf(body) {
        return Some(vec![What::LineEndsChanged]);
    }
    for (what, change) in undo::ALL {
        for candidate in change(body, header) {
            if search.fits(&candidate) {
                return Some(vec![*what]);
            }
        }
    }
    if let Some(what) = search.cut(body, header) {
        return Some(what);
    }
    if search.lost_dot(body) {
        return Some(vec![What::DotStuffing]);
    }
    // In pairs: a change of the whole body, and one that is cut out.
    for (what, change) in undo::ALL {
        for candidate in change(body, header) {
            if let Some(cut) = search.cut(&candidate, header) {
                return Some([&[*what][..], &cut].concat());
            }
        }
        if search.spent() {
            return None;
        }
    }
    for (first, change) in undo::ALL {
        for candidate in change(body, header) {
            for (second, other) in undo::ALL.iter().filter(|(second, _)| second != first) {
                for candidate in other(&candidate, header) {
                    if search.fits(&candidate) {
                        return Some(vec![*first, *second]);
                    }
                }
                if search.spent() {
                    return None;
                }
            }
        }
    }
    // Two cuts: a banner above and a footer below.
    for rest in tops(body) {
        if let Some(end) = search.prefix(rest) {
            return Some(vec![What::TextPrepended, end]);
        }
    }
    None
}

struct Search<'a> {
    wanted: Wanted<'a>,
    hashes: u32,
    bytes: u64,
    running: effort::Search<'a>,
}

impl Search<'_> {
    fn spent(&self) -> bool {
        self.hashes == 0 || self.bytes == 0
    }

    /// Pays for one hash over `bytes`.
    fn pay(&mut self, bytes: usize) -> bool {
        let enough = self.hashes > 0 && self.bytes >= bytes as u64 && self.running.step();
        match enough {
            true => {
                self.hashes -= 1;
                self.bytes -= bytes as u64;
            }
            false => (self.hashes, self.bytes) = (0, 0),
        }
        enough
    }

    fn fits(&mut self, candidate: &[u8]) -> bool {
        if !self.pay(candidate.len()) {
            return false;
        }
        self.is_hash_of(&self.wanted.canon.body(candidate))
    }

    fn is_hash_of(&self, canonical: &[u8]) -> bool {
        let counted = match self.wanted.length {
            None => canonical,
            Some(l) => match usize::try_from(l).ok().and_then(|l| canonical.get(..l)) {
                Some(counted) => counted,
                None => return false,
            },
        };
        self.wanted.algorithm.digest(counted) == self.wanted.hash
    }

    /// The signer hashed lines that end in LF; on the wire they end in CRLF (RFC 6376 §5.3).
    fn signed_with_bare_lf(&mut self, body: &[u8]) -> bool {
        if !self.pay(body.len()) {
            return false;
        }
        let mut canonical = self.wanted.canon.body(body).into_owned();
        canonical.retain(|b| *b != b'\r');
        self.is_hash_of(&canonical)
    }

    /// A line began with a dot, and a server took the one away that is not stuffing (RFC 5321 §4.5.2).
    fn lost_dot(&mut self, body: &[u8]) -> bool {
        lines(body, 0).take(DOTS).any(|line| self.fits(&splice(body, line.start, line.start, b".")))
    }

    /// Something stands in the body that was not there: at its end, at its top, in or as one of its parts.
    fn cut(&mut self, body: &[u8], header: &[u8]) -> Option<Vec<What>> {
        if let Some(what) = self.prefix(body) {
            return Some(vec![what]);
        }
        for rest in tops(body) {
            if self.fits(rest) {
                return Some(vec![What::TextPrepended]);
            }
        }
        let parts = parts(body);
        for part in &parts {
            // Mailing lists wrap a plain message, and add their footer as a second part.
            let content = part.content_of(body);
            if self.fits(content) {
                return Some(vec![What::WrappedInMultipart]);
            }
            if self.fits(&splice(body, part.opens, part.next, b"")) {
                return Some(vec![What::PartAdded]);
            }
        }
        for part in parts.iter().filter(|part| is_text(part, body)) {
            if let Some(what) = self.within(body, *part) {
                return Some(vec![what]);
            }
        }
        // The same banner or footer in text and HTML.
        if let [text, html] = parts.iter().filter(|part| is_text(part, body)).copied().collect::<Vec<_>>()[..] {
            let (plain, other) = (text.content_of(body), html.content_of(body));
            let cuts = html_cuts(other);
            let above = tops(plain).take(BANNER).map(|rest| (What::TextPrepended, rest));
            for (what, short) in above.chain(endings(plain).map(|rest| (What::FooterAppended, rest))) {
                for cut in &cuts {
                    let both = splice(body, html.content + cut.start, html.content + cut.end, b"");
                    if self.fits(&splice(&both, text.content, text.end, short)) {
                        return Some(vec![what, What::HtmlInserted]);
                    }
                    if self.spent() {
                        return None;
                    }
                }
            }
        }
        if parts.is_empty() {
            for cut in html_cuts(body) {
                if self.fits(&splice(body, cut.start, cut.end, b"")) {
                    return Some(vec![What::HtmlInserted]);
                }
            }
            if undo::is_base64(header)
                && let Some(what) = self.coded(body, |content| content)
            {
                return Some(vec![what]);
            }
        }
        None
    }

    /// A footer or banner inside text that is coded in base64: out, and coded again. `within` puts the content where it
    /// belongs.
    fn coded(&mut self, content: &[u8], within: impl Fn(Vec<u8>) -> Vec<u8>) -> Option<What> {
        let plain = undo::base64_decoded(content)?;
        let below = endings(&plain).map(|rest| (What::FooterAppended, rest));
        let above = tops(&plain).map(|rest| (What::TextPrepended, rest));
        below.chain(above).find(|(_, rest)| self.fits(&within(undo::base64_lines(rest)))).map(|(what, _)| what)
    }

    /// The first lines alone have the hash: what follows was appended. One pass over all of them.
    fn prefix(&mut self, body: &[u8]) -> Option<What> {
        if self.wanted.length.is_some() || !self.pay(body.len()) {
            return None;
        }
        let canonical = self.wanted.canon.body(body);
        let ends: Vec<usize> = lines(&canonical, 0).map(|l| l.next).collect();
        let first = ends.len().saturating_sub(ENDS);
        let mut running = Running::new(self.wanted.algorithm);
        let mut done = 0;
        let mut start = 0;
        for (n, &end) in ends.iter().enumerate() {
            // Empty lines at the end do not count, so no body ends with one.
            let empty = end - start == 2;
            start = end;
            if empty || n < first {
                continue;
            }
            running.update(&canonical[done..end]);
            done = end;
            if end < canonical.len() {
                if !self.pay(64) {
                    return None;
                }
                if running.clone().finish() == self.wanted.hash {
                    return Some(What::FooterAppended);
                }
            }
        }
        None
    }

    /// A footer, a banner or HTML inside one part.
    fn within(&mut self, body: &[u8], part: Part) -> Option<What> {
        let content = part.content_of(body);
        for short in endings(content) {
            if self.fits(&part.with_content(body, short)) {
                return Some(What::FooterAppended);
            }
        }
        for line in lines(content, 0).take(LINES) {
            if self.fits(&part.with_content(body, &content[line.next..])) {
                return Some(What::TextPrepended);
            }
        }
        for cut in html_cuts(content) {
            if self.fits(&splice(body, part.content + cut.start, part.content + cut.end, b"")) {
                return Some(What::HtmlInserted);
            }
        }
        if undo::is_base64(part.header_of(body)) {
            return self.coded(content, |coded| part.with_content(body, coded.strip_suffix(b"\r\n").unwrap_or(&coded)));
        }
        None
    }
}

/// The body without its first lines.
fn tops(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines(body, 0).take(LINES).map(|l| &body[l.next..]).filter(|rest| !rest.is_empty())
}

fn is_text(part: &Part, body: &[u8]) -> bool {
    field(part.header_of(body), "Content-Type").is_none_or(|t| t.starts_with("text/"))
}

/// The content without its last lines: with the line end of what stays, and without.
fn endings(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let all: Vec<_> = lines(content, 0).collect();
    let last = all.into_iter().rev().take(LINES);
    last.flat_map(|l| {
        let before = &content[..l.start];
        let bare = before.strip_suffix(b"\n").map_or(before, |b| b.strip_suffix(b"\r").unwrap_or(b));
        [bare, before]
    })
}

/// Runs of elements after `<body>`, before its end, or behind it.
fn html_cuts(content: &[u8]) -> Vec<Range<usize>> {
    let lower = content.to_ascii_lowercase();
    let find = |needle: &[u8], from: usize| {
        lower.get(from..).and_then(|rest| rest.windows(needle.len()).position(|w| w == needle)).map(|at| from + at)
    };
    if find(b"<", 0).is_none() {
        return Vec::new();
    }
    let opens = find(b"<body", 0).and_then(|at| find(b">", at)).map_or(0, |at| at + 1);
    let ends = |mark: &[u8]| lower.windows(mark.len()).rposition(|w| w == mark);
    let closes = ends(b"</body>").unwrap_or(content.len());
    let mut out = Vec::new();
    let mut at = opens;
    for _ in 0..ELEMENTS {
        let Some(end) = find(b">", at).map(|n| n + 1).filter(|&n| n <= closes) else { break };
        out.push(opens..end);
        at = end;
    }
    let mut at = closes;
    for _ in 0..ELEMENTS {
        let Some(start) = lower[..at].iter().rposition(|&b| b == b'<').filter(|&n| n >= opens) else { break };
        out.push(start..closes);
        at = start;
    }
    let behind = |mark: &[u8]| ends(mark).map(|at| at + mark.len());
    if let (Some(from), Some(to)) = (behind(b"</body>"), ends(b"</html>")) {
        out.push(from..to);
    }
    out.extend(behind(b"</html>").map(|from| from..content.trim_ascii_end().len()));
    out.retain(|cut| cut.start < cut.end);
    out
}
