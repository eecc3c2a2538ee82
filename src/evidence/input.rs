//! The input: what it was taken for, what was repaired, and the way back to the original bytes.

use super::recognise;
use super::repair::{Draft, Map};
use super::wide;
use crate::facts::arc::verify::ChainResult;
use crate::facts::content::Content;
use crate::facts::dkim::Verification;
use crate::facts::dkim::forensics::{Effort, What};
use crate::facts::header::Header;
use crate::rules::Confidence;
use crate::span::{SourceSpan, Span};
use data_encoding::HEXLOWER;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// What an input can be (CONTRACT `input.kind`).
#[derive(serde::Serialize, serde::Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Message,
    Headers,
    Bounce,
    Reply,
    Record,
    Report,
    Domain,
    Ip,
    Unknown,
}

impl InputKind {
    pub const ALL: [InputKind; 9] = [
        InputKind::Message,
        InputKind::Headers,
        InputKind::Bounce,
        InputKind::Reply,
        InputKind::Record,
        InputKind::Report,
        InputKind::Domain,
        InputKind::Ip,
        InputKind::Unknown,
    ];

    /// The word of the JSON output and of `--as`.
    pub fn word(self) -> &'static str {
        match self {
            InputKind::Message => "message",
            InputKind::Headers => "headers",
            InputKind::Bounce => "bounce",
            InputKind::Reply => "reply",
            InputKind::Record => "record",
            InputKind::Report => "report",
            InputKind::Domain => "domain",
            InputKind::Ip => "ip",
            InputKind::Unknown => "unknown",
        }
    }

    /// Is there a header in it? That of a bounce is the mail system's that sent it.
    pub fn has_header(self) -> bool {
        matches!(self, InputKind::Message | InputKind::Headers | InputKind::Bounce)
    }

    /// Do the rules judge it?
    pub fn is_judged(self) -> bool {
        self != InputKind::Unknown
    }
}

impl std::str::FromStr for InputKind {
    type Err = String;

    fn from_str(word: &str) -> Result<InputKind, String> {
        InputKind::ALL
            .into_iter()
            .find(|kind| kind.word().eq_ignore_ascii_case(word))
            .ok_or_else(|| format!("`{word}` is no kind of input"))
    }
}

/// A mangling of the paste that was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RepairKind {
    QuotePrefix,
    Indent,
    Refold,
    BlankLines,
    LineEnds,
    Invisible,
    Defang,
    MboxFrom,
    MboxRest,
    Preamble,
    HashComment,
}

impl RepairKind {
    /// The word of the JSON output (CONTRACT `input.repairs`).
    pub fn word(self) -> &'static str {
        match self {
            RepairKind::QuotePrefix => "quote-prefix",
            RepairKind::Indent => "indent",
            RepairKind::Refold => "refold",
            RepairKind::BlankLines => "blank-lines",
            RepairKind::LineEnds => "line-ends",
            RepairKind::Invisible => "invisible",
            RepairKind::Defang => "defang",
            RepairKind::MboxFrom => "mbox-from",
            RepairKind::MboxRest => "mbox-rest",
            RepairKind::Preamble => "preamble",
            RepairKind::HashComment => "hash-comment",
        }
    }
}

/// One kind of repair and the lines of the original it touched (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    pub kind: RepairKind,
    pub lines: Vec<u32>,
}

/// Why an input cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the input is empty")]
    Empty,
    #[error("the input has {0} bytes or more, the limit is {limit}", limit = Input::LIMIT)]
    TooLarge(usize),
    /// It could not be got at, and why.
    #[error("{0}")]
    Unreadable(String),
}

/// What the user gave, and the text that was read from it.
#[derive(Clone, Debug)]
pub struct Input {
    /// File name, `-`, or `pasted header`.
    pub name: String,
    /// The bytes as given; a text in UTF-16 is one in UTF-8 from here on.
    pub original: Arc<[u8]>,
    /// The text after repairs; equal to `original` when nothing was repaired.
    pub text: Arc<[u8]>,
    pub kind: InputKind,
    /// How sure the recogniser is, with what it saw.
    pub sure: Confidence,
    pub because: String,
    pub repairs: Vec<Repair>,
    map: Map,
    header: OnceLock<Header>,
    line_ends: OnceLock<Arc<[u32]>>,
    /// The user overruled the recogniser.
    told: bool,
    /// Size and digest of the whole, where only its header was kept in a case file.
    whole: Option<(usize, String)>,
    /// What the body said, where a case file kept that in its stead.
    body: Vec<BodyWitness>,
    /// What stood in the body, where a case file kept that in its stead.
    content: Option<Content>,
    /// The search for what changed the body, for those who wait for it.
    effort: Arc<Effort>,
    /// The copy that was sent, where the user has it.
    sent: Option<Arc<Input>>,
    /// What the signatures proved before stand-ins took the place of what they cover.
    seen: Option<Seen>,
}

/// What was proven over bytes that a redacted case no longer has.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    pub signatures: Vec<Verification>,
    pub chain: Option<ChainResult>,
}

/// What a body says of one signature, kept in its stead (RFC 6376 §3.7).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BodyWitness {
    /// Index of its field, from the top.
    pub field: usize,
    /// Bytes of the canonical body.
    pub has: u64,
    /// Hash of the canonical body, as far as `l=` counts it, in base64.
    pub digest: String,
    /// There was nothing but blanks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty: bool,
    /// The changes that, undone, restore the signed hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altered: Option<Vec<What>>,
    /// Marks of changes that could not be undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<What>,
    /// Where the body was wrapped into a part: the fields of that part which describe its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped: Option<String>,
}

impl Input {
    /// Bytes accepted at most.
    pub const LIMIT: usize = 25 * 1024 * 1024;

    /// Recognises and repairs `bytes`; `kind` overrules the recogniser.
    pub fn read(name: &str, bytes: impl Into<Arc<[u8]>>, kind: Option<InputKind>) -> Result<Input, Refusal> {
        let original: Arc<[u8]> = bytes.into();
        let decoded = wide::decoded(&original).map(String::into_bytes);
        let original = decoded.map_or(original, Arc::from);
        if original.len() > Self::LIMIT {
            return Err(Refusal::TooLarge(original.len()));
        }
        if recognise::is_empty(&original) {
            return Err(Refusal::Empty);
        }
        let told = kind.is_some();
        let (guess, draft) = match kind {
            Some(kind) => recognise::told(&original, kind),
            None => recognise::recognise(&original),
        };
        let (text, map, repairs) = Draft::finish(draft);
        let recognise::Guess { kind, sure, because, header } = guess;
        let name = name.to_owned();
        Ok(Input {
            name,
            original,
            text,
            kind,
            sure,
            because,
            repairs,
            map,
            header: header.map_or_else(OnceLock::new, OnceLock::from),
            line_ends: OnceLock::new(),
            told,
            whole: None,
            body: Vec::new(),
            content: None,
            effort: Arc::default(),
            sent: None,
            seen: None,
        })
    }

    /// Is this mail, a reply or a report, over several lines: nothing that is meant for a field?
    pub fn is_evidence(text: &str) -> bool {
        use InputKind::{Bounce, Headers, Message, Reply, Report};
        let told = |input: Input| matches!(input.kind, Message | Headers | Bounce | Reply | Report);
        text.trim().contains(['\n', '\r']) && Input::read("", text.as_bytes(), None).is_ok_and(told)
    }

    /// Stands for an input that cannot be read, so that it has a result like every other.
    pub fn unreadable(name: &str, refusal: &Refusal) -> Input {
        let nothing: Arc<[u8]> = Arc::new([]);
        Input {
            name: name.to_owned(),
            original: nothing.clone(),
            text: nothing,
            kind: InputKind::Unknown,
            sure: Confidence::Certain,
            because: refusal.to_string(),
            repairs: Vec::new(),
            map: Map::default(),
            header: OnceLock::new(),
            line_ends: OnceLock::new(),
            told: false,
            whole: None,
            body: Vec::new(),
            content: None,
            effort: Arc::default(),
            sent: None,
            seen: None,
        }
    }

    /// A text that nothing was done to, taken for what the test says.
    #[cfg(test)]
    pub(crate) fn verbatim(text: impl Into<Arc<[u8]>>, kind: InputKind) -> Input {
        let text = text.into();
        Input {
            original: text.clone(),
            text,
            kind,
            because: String::new(),
            ..Input::unreadable("test", &Refusal::Empty)
        }
    }

    /// The same message as it arrived, with the copy that was sent beside it.
    pub fn beside(self, sent: Input) -> Input {
        Input { sent: Some(Arc::new(sent)), ..self }
    }

    /// How far the search is for what changed the body, and a way to stop it.
    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    /// The same for a first look, in which nothing is searched.
    pub fn at_a_glance(&self) -> Input {
        Input { effort: Arc::new(Effort::held()), ..self.clone() }
    }

    /// The copy that was sent.
    pub fn sent(&self) -> Option<&Input> {
        self.sent.as_deref()
    }

    /// Is it what it looks like? False where the user alone says so.
    pub fn is_recognised(&self) -> bool {
        !self.told || recognise::recognise(&self.original).0.kind == self.kind
    }

    /// As which kind the user told us to read it.
    pub(super) fn told(&self) -> Option<InputKind> {
        self.told.then_some(self.kind)
    }

    /// Makes what a case file kept of an input stand for the whole.
    pub(super) fn cut_from(mut self, saved: &super::case::SavedInput) -> Input {
        self.seen.clone_from(&saved.seen);
        if saved.bytes != self.original.len() {
            self.whole = Some((saved.bytes, saved.sha256.clone()));
            // Only what needed no repair is cut; by itself the part may look as if it did.
            self.text = self.original.clone();
            self.map = Map::default();
            self.header = OnceLock::new();
            self.repairs.clear();
            self.kind = saved.kind;
            self.because = saved.because.clone();
            self.sure = saved.sure;
            self.body.clone_from(&saved.body);
            self.content.clone_from(&saved.content);
        }
        self
    }

    /// Is only its header left, in a case file?
    pub fn is_cut(&self) -> bool {
        self.whole.is_some()
    }

    /// What the body says of each signature, where a case file kept that in its stead.
    pub fn body_witnesses(&self) -> &[BodyWitness] {
        &self.body
    }

    /// What stood in the body, where a case file kept that in its stead.
    pub fn kept_content(&self) -> Option<&Content> {
        self.content.as_ref()
    }

    /// What the signatures proved, where a redacted case kept that in their stead.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// Size as given.
    pub fn bytes(&self) -> usize {
        self.whole.as_ref().map_or(self.original.len(), |(bytes, _)| *bytes)
    }

    /// What decides: the header section of a message with the empty line after it, a bounce as far as its reading rests
    /// on it; all of any other input, and of a paste whose repairs left no border to cut at.
    pub(super) fn header_section(&self) -> &[u8] {
        use crate::facts::bounce;
        let intact = Arc::ptr_eq(&self.original, &self.text);
        let body = match self.kind {
            _ if !intact => None,
            InputKind::Message => self.header().body.map(|at| at as usize),
            InputKind::Bounce => bounce::needed(self),
            _ => None,
        };
        body.and_then(|at| self.original.get(..at)).unwrap_or(&self.original)
    }

    /// The name without the folders before it.
    pub fn file_name(&self) -> &str {
        if self.name == "-" {
            return "standard input";
        }
        self.name.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }

    /// The header section of [`Input::text`].
    pub fn header(&self) -> &Header {
        self.header.get_or_init(|| Header::split(&self.text))
    }

    /// Where a span of [`Input::text`] stands in [`Input::original`].
    pub fn locate(&self, span: Span) -> SourceSpan {
        self.map.locate(span)
    }

    /// The line (from 1) of the original on which a byte offset falls.
    pub fn line_of(&self, offset: usize) -> usize {
        let offset = offset.min(self.original.len());
        let counts = self.line_ends.get_or_init(|| line_ends(&self.original));
        let block = offset / BLOCK;
        let before = counts.get(block).map_or(0, |&n| n as usize);
        1 + before + ends(&self.original, block * BLOCK..offset).count()
    }

    /// False for what [`Input::unreadable`] stands for: nothing is known of its bytes.
    pub fn is_read(&self) -> bool {
        self.bytes() > 0
    }

    /// SHA-256 of the bytes as given, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        if let Some((_, sha256)) = &self.whole {
            return sha256.clone();
        }
        use sha2::Digest;
        HEXLOWER.encode(&sha2::Sha256::digest(&self.original))
    }

    /// The domain (lower-case A-labels, no trailing dot) or address that a
    /// [`InputKind::Domain`] or [`InputKind::Ip`] input is about.
    pub fn subject(&self) -> Option<String> {
        match (self.kind, recognise::host(&self.text)?) {
            (InputKind::Domain, recognise::Host::Domain(domain)) => Some(domain),
            (InputKind::Ip, recognise::Host::Ip(ip)) => Some(ip.to_string()),
            _ => None,
        }
    }
}

/// Is this word a domain, a URL or an IP address?
pub fn is_host(word: &str) -> bool {
    recognise::host(word.as_bytes()).is_some()
}

/// Is it what a sender's setting holds: a domain, or an address at one?
pub fn is_sender(word: &str) -> bool {
    let (local, domain) = word.rsplit_once('@').unwrap_or(("somebody", word));
    let domain_alone = !local.is_empty() && !domain.contains(['/', ':']);
    domain_alone && matches!(recognise::host(domain.as_bytes()), Some(recognise::Host::Domain(_)))
}

/// Bytes between two counts of line ends.
const BLOCK: usize = 4096;

/// Line ends before each block.
fn line_ends(text: &[u8]) -> Arc<[u32]> {
    let mut count = 0;
    let blocks = (0..=text.len() / BLOCK).map(|block| {
        let before = count;
        count += ends(text, block * BLOCK..text.len().min((block + 1) * BLOCK)).count() as u32;
        before
    });
    blocks.collect()
}

/// Where lines end in a part of the text.
fn ends(text: &[u8], part: Range<usize>) -> impl Iterator<Item = usize> + '_ {
    let start = part.start;
    memchr::memchr2_iter(b'\n', b'\r', &text[part]).map(move |at| start + at).filter(move |&at| ends_line(text, at))
}

/// Is this the last byte of a line end (CRLF, LF or CR)?
pub(super) fn ends_line(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(b'\n') => true,
        Some(b'\r') => text.get(at + 1) != Some(&b'\n'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_go_both_ways() {
        for kind in InputKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert!("nonsense".parse::<InputKind>().is_err());
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        for empty in ["", " \r\n\t", "\u{feff}\u{200b}\u{a0}\n"] {
            assert_eq!(Input::read("-", empty.as_bytes(), None).unwrap_err(), Refusal::Empty);
        }
        let much = vec![b'a'; Input::LIMIT + 1];
        assert_eq!(Input::read("-", much, None).unwrap_err(), Refusal::TooLarge(Input::LIMIT + 1));
    }

    #[test]
    fn an_untouched_text_is_the_original_itself() {
        let input = Input::read("-", &b"From: a@example.com\nSubject: x\n"[..], None).unwrap();
        assert!(Arc::ptr_eq(&input.text, &input.original));
        assert_eq!(input.locate(Span::new(3, 9)), SourceSpan { start: 3, end: 9 });
        assert_eq!(
            Input::read("-", &b"abc"[..], None).unwrap().sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let mut text = b"a\r\nb\rc\nd".to_vec();
        text.extend(std::iter::repeat_n(b'\n', 10_000));
        let input = Input::read("-", text, Some(InputKind::Unknown)).unwrap();
        let got: Vec<_> = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5007].map(|at| input.line_of(at)).to_vec();
        assert_eq!(got, [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5003]);
    }

    proptest! {
        #[test]
        fn line_of_counts_as_the_naive_way_does(text in "[a\r\n]{1,80}", at in 0usize..90) {
            let input = Input::read("-", format!("x{text}").into_bytes(), Some(InputKind::Unknown)).unwrap();
            let at = at.min(input.original.len());
            let naive = 1 + (0..at).filter(|&n| ends_line(&input.original, n)).count();
            prop_assert_eq!(input.line_of(at), naive);
        }
    }
}
