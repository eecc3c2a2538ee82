//! Which change of the body, undone, gives the hash that was signed.

use super::What;
use super::effort::{self, Effort};
use super::mime::{Part, field, parts, splice};
use super::undo::{self, Undo};
use crate::evidence::lines::lines;
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::crypto::{Algorithm, Running};

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
/// Lines from the end at which the message may have ended.
const ENDS: usize = 2_000;

/// The changes that, undone together, restore the hash; `None` where no known ones do.
///
/// `header` is that of the message, for its content type and encoding.
pub fn restore(body: &[u8], header: &[u8], wanted: Wanted, effort: &Effort) -> Option<Vec<What>> {
    let mut search = Search { wanted, hashes: HASHES, bytes: BYTES, running: effort.begin(HASHES) };
    let undone = candidates(body, header);
    for (what, candidate) in &undone {
        if search.fits(candidate) {
            return Some(vec![*what]);
        }
    }
    if let Some(what) = search.cut(body) {
        return Some(what);
    }
    // In pairs: a change of the whole body, and one that is cut out.
    for (what, candidate) in &undone {
        if let Some(cut) = search.cut(candidate) {
            return Some([&[*what][..], &cut].concat());
        }
    }
    for (first, candidate) in &undone {
        for (second, change) in undo::ALL.iter().filter(|(second, _)| second != first) {
            for candidate in change(candidate, header) {
                if search.fits(&candidate) {
                    return Some(vec![*first, *second]);
                }
            }
        }
        if search.spent() {
            break;
        }
    }
    // Two cuts: a banner above and a footer below.
    for candidate in search.tops(body) {
        if let Some(end) = search.prefix(&candidate) {
            return Some(vec![What::TextPrepended, end]);
        }
    }
    None
}

fn candidates(body: &[u8], header: &[u8]) -> Vec<(What, Vec<u8>)> {
    let each = |(what, change): &(What, Undo)| change(body, header).into_iter().map(|c| (*what, c)).collect::<Vec<_>>();
    undo::ALL.iter().flat_map(each).collect()
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
        let canonical = self.wanted.canon.body(candidate);
        let counted = match self.wanted.length {
            None => &canonical[..],
            Some(l) => match usize::try_from(l).ok().and_then(|l| canonical.get(..l)) {
                Some(counted) => counted,
                None => return false,
            },
        };
        self.wanted.algorithm.digest(counted) == self.wanted.hash
    }

    /// Something stands in the body that was not there: at its end, at its top, in or as one of its parts.
    fn cut(&mut self, body: &[u8]) -> Option<Vec<What>> {
        if let Some(what) = self.prefix(body) {
            return Some(vec![what]);
        }
        for candidate in self.tops(body) {
            if self.fits(&candidate) {
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
        // The same footer in text and HTML.
        if let [text, html] = parts.iter().filter(|part| is_text(part, body)).copied().collect::<Vec<_>>()[..] {
            for short in endings(text.content_of(body)) {
                for other in html_cuts(html.content_of(body)) {
                    let both = html.with_content(body, &other);
                    let both = splice(&both, text.content, text.end, short);
                    if self.fits(&both) {
                        return Some(vec![What::FooterAppended, What::HtmlInserted]);
                    }
                    if self.spent() {
                        return None;
                    }
                }
            }
        }
        if parts.is_empty() {
            for candidate in html_cuts(body) {
                if self.fits(&candidate) {
                    return Some(vec![What::HtmlInserted]);
                }
            }
        }
        None
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

    /// The body without its first lines.
    fn tops(&self, body: &[u8]) -> Vec<Vec<u8>> {
        lines(body, 0).take(LINES).map(|l| body[l.next..].to_vec()).filter(|rest| !rest.is_empty()).collect()
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
        for other in html_cuts(content) {
            if self.fits(&part.with_content(body, &other)) {
                return Some(What::HtmlInserted);
            }
        }
        None
    }
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

/// HTML without one run of elements after `<body>` or before its end.
fn html_cuts(content: &[u8]) -> Vec<Vec<u8>> {
    let lower = content.to_ascii_lowercase();
    let find = |needle: &[u8], from: usize| {
        lower.get(from..).and_then(|rest| rest.windows(needle.len()).position(|w| w == needle)).map(|at| from + at)
    };
    if find(b"<", 0).is_none() {
        return Vec::new();
    }
    let opens = find(b"<body", 0).and_then(|at| find(b">", at)).map_or(0, |at| at + 1);
    let closes = lower.windows(7).rposition(|w| w == b"</body>").unwrap_or(content.len());
    let mut out = Vec::new();
    let mut at = opens;
    for _ in 0..ELEMENTS {
        let Some(end) = find(b">", at).map(|n| n + 1).filter(|&n| n <= closes) else { break };
        out.push(splice(content, opens, end, b""));
        at = end;
    }
    let mut at = closes;
    for _ in 0..ELEMENTS {
        let Some(start) = lower[..at].iter().rposition(|&b| b == b'<').filter(|&n| n >= opens) else { break };
        out.push(splice(content, start, closes, b""));
        at = start;
    }
    out
}
