//! What is wrong in a record's text, said in words, and what was probably meant.

use super::record::{Directive, Mechanism, Qualifier, Record, TermKind};
use super::repair::{glued_term, repair};
use super::term;
use crate::span::Span;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// The term or terms.
    pub span: Span,
    /// One sentence without a full stop.
    pub message: String,
    /// What to write in place of the span; empty means leave it out. `None`: only the owner knows.
    pub suggestion: Option<String>,
    /// A syntax error: the whole record is a permerror (RFC 7208 §4.6). Otherwise the record
    /// is legal and probably not what its owner means.
    pub fatal: bool,
}

/// Kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    UnknownMechanism,
    MissingValue,
    UnexpectedValue,
    BadAddress,
    BadPrefix,
    /// Not a domain name by the grammar.
    BadName,
    BadMacro,
    NotAscii,
    Quotes,
    /// A comma, semicolon, tab or line end where a blank belongs.
    Separator,
    /// A blank where none belongs: `include: example.com`.
    StrayBlank,
    /// A blank is missing before `all` or between two terms.
    Glued,
    /// Two character-strings are joined without a blank (RFC 7208 §3.3).
    Strings,
    /// `redirect=` or `exp=` twice (RFC 7208 §6).
    Twice,
    /// `include=` is read as a modifier nobody knows.
    EqualsSign,
    /// Another `v=spf1` inside the record.
    SecondVersion,
    /// Legal, but no name that can be asked for: a URL, an address, an empty label.
    NotAName,
    /// Never looked at (RFC 7208 §5.1).
    AfterAll,
    /// `+all`
    Everyone,
}

/// A syntax error before anyone thought about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub kind: FaultKind,
    pub span: Span,
}

impl Flaw {
    pub fn new(kind: FaultKind, span: Span) -> Flaw {
        Flaw { kind, span }
    }
}

/// Longest term that is thought about, bytes.
const THOUGHT: usize = 1000;

/// The text of a term for a message, cut where it is long.
fn shown(text: &[u8], span: Span) -> String {
    let word = String::from_utf8_lossy(span.of(text));
    if word.chars().count() <= 60 { word.into_owned() } else { word.chars().take(59).chain(['…']).collect() }
}

/// A syntax error in words.
pub(super) fn explain(text: &[u8], term: Span, flaw: Flaw) -> Fault {
    let word = shown(text, term);
    let mut kind = flaw.kind;
    let mut suggestion = None;
    if term.len() <= THOUGHT {
        let raw = String::from_utf8_lossy(term.of(text));
        suggestion = repair(&raw);
        kind = match kind {
            _ if raw.contains(['"', '\'', '\\', '“', '”', '„', '‘', '’', '«', '»']) => FaultKind::Quotes,
            _ if raw.contains(['\t', '\r', '\n']) => FaultKind::Separator,
            FaultKind::NotAscii | FaultKind::BadMacro => kind,
            _ if raw.contains([',', ';']) => FaultKind::Separator,
            FaultKind::UnknownMechanism | FaultKind::BadName | FaultKind::BadAddress | FaultKind::BadPrefix
                if suggestion.is_some() && is_glued(&raw) =>
            {
                FaultKind::Glued
            }
            _ => kind,
        };
    }
    let message = match kind {
        FaultKind::UnknownMechanism => format!("`{word}` is not an SPF mechanism"),
        FaultKind::MissingValue => format!("`{word}` stops short: its value is missing"),
        FaultKind::UnexpectedValue => format!("`{word}` carries a value that does not belong there"),
        FaultKind::BadAddress => format!("`{word}` does not hold an address of its kind"),
        FaultKind::BadPrefix => format!("`{word}` ends in no valid prefix length"),
        FaultKind::BadName => format!("`{word}` does not end in a domain name"),
        FaultKind::BadMacro => format!("`{word}` holds a macro that SPF does not know"),
        FaultKind::NotAscii => format!("`{word}` holds a character outside plain ASCII"),
        FaultKind::Quotes => format!("`{word}` holds quotation marks or backslashes"),
        FaultKind::Separator => format!("`{word}`: SPF terms are parted by blanks, nothing else"),
        FaultKind::Glued => format!("`{word}`: a blank is missing between two terms"),
        _ => format!("`{word}` is not valid"),
    };
    Fault { kind, span: term, message, suggestion, fatal: true }
}

/// The start of a qualified `all` that is stuck to the end of another term.
pub(super) fn glued_all(term: &[u8]) -> Option<usize> {
    let at = term.len().checked_sub(4)?;
    let tail = term.get(at + 1..)?;
    let qualified = term.get(at).copied().and_then(Qualifier::of).is_some();
    (at > 0 && qualified && tail.eq_ignore_ascii_case(b"all")).then_some(at)
}

/// Are two terms stuck together?
fn is_glued(term: &str) -> bool {
    glued_all(term.as_bytes()).is_some() || glued_term(term).is_some()
}

/// Terms that a boundary between two character-strings runs through: strings are joined as they are, so a
/// blank that stands in neither is missing (RFC 7208 §3.3).
pub(super) fn at_boundaries(text: &[u8], boundaries: impl Iterator<Item = usize>, record: &mut Record) {
    let sound = |bytes: &[u8]| term::parse(bytes, Span::new(0, bytes.len())).is_ok();
    for at in boundaries.take(Record::FAULTS) {
        let n = record.terms.partition_point(|t| (t.span.end as usize) <= at);
        let Some(term) = record.terms.get(n).filter(|t| (t.span.start as usize) < at) else { continue };
        let (left, right) = (Span::new(term.span.start as usize, at), Span::new(at, term.span.end as usize));
        let fatal = term.kind == TermKind::Broken;
        // A name may be cut anywhere; what follows must be a term beyond doubt.
        let certain = fatal || right.of(text).iter().any(|b| b":=".contains(b));
        if term.span.len() > THOUGHT || !certain || !sound(left.of(text)) || !sound(right.of(text)) {
            continue;
        }
        let of = |span: Span| String::from_utf8_lossy(span.of(text)).into_owned();
        let message = format!("`{}`: two strings are joined here without a blank", shown(text, term.span));
        let suggestion = Some(format!("{} {}", of(left), of(right)));
        record.faults.retain(|f| f.span.end <= term.span.start || f.span.start >= term.span.end);
        record.faults.push(Fault { kind: FaultKind::Strings, span: term.span, message, suggestion, fatal });
    }
    record.faults.sort_by_key(|f| f.span);
}

/// `include: example.com` and `- all`: two broken pieces that are one sound term together.
pub(super) fn join_broken(text: &[u8], record: &mut Record) {
    let mut joined: Vec<Fault> = Vec::new();
    for pair in record.terms.windows(2) {
        let [first, second] = pair else { continue };
        let lone = first.span.len() == 1;
        let short = first.span.len() + second.span.len() <= THOUGHT;
        if joined.len() >= Record::FAULTS {
            break;
        }
        let taken = joined.last().is_some_and(|j| j.span.end > first.span.start);
        if first.kind != TermKind::Broken || !(lone || second.kind == TermKind::Broken) || !short || taken {
            continue;
        }
        let (a, b) = (first.span.of(text), second.span.of(text));
        let modifier = [&b"redirect"[..], b"exp"].iter().any(|m| a.eq_ignore_ascii_case(m));
        let whole = match b.strip_prefix(b"=").filter(|_| !modifier) {
            // `include =a.example`: a mechanism takes a colon.
            Some(value) => [a, b":", value].concat(),
            None => [a, b].concat(),
        };
        if !(lone || a.ends_with(b":") || b.starts_with(b":") || b.starts_with(b"=")) {
            continue;
        }
        let sound = term::parse(&whole, Span::new(0, whole.len())).is_ok();
        let whole = String::from_utf8_lossy(&whole).into_owned();
        let Some(suggestion) = (if sound { Some(whole) } else { repair(&whole) }) else { continue };
        // Two faults side by side, not one term.
        if suggestion.split_once(' ').is_some_and(|(term, _)| term.ends_with(':')) {
            continue;
        }
        let span = first.span.join(second.span);
        let message = format!("`{}`: there is a blank inside this term", shown(text, span));
        joined.push(Fault { kind: FaultKind::StrayBlank, span, message, suggestion: Some(suggestion), fatal: true });
    }
    let mut held = joined.iter().peekable();
    record.faults.retain(|f| {
        while held.next_if(|j| j.span.end < f.span.end).is_some() {}
        held.peek().is_none_or(|j| f.span.start < j.span.start)
    });
    record.faults.extend(joined);
}

/// Legal terms that hardly mean what they say, and modifiers that stand twice.
pub(super) fn lint(text: &[u8], record: &mut Record) {
    let mut faults = Vec::new();
    let (mut all, mut redirects, mut exps, mut broken) = (false, 0, 0, false);
    let has_all = record.all().is_some();
    for term in &record.terms {
        let raw = String::from_utf8_lossy(term.span.of(text));
        let word = || shown(text, term.span);
        let short = term.span.len() <= THOUGHT;
        let mut say = |kind, fatal, message: String, suggestion| {
            // One of them is told already where two pieces were joined.
            let joined = |f: &Fault| f.kind == FaultKind::StrayBlank && f.span.join(term.span) == f.span;
            let room = faults.len() < Record::FAULTS || fatal;
            if room && !record.faults.iter().any(joined) {
                faults.push(Fault { kind, span: term.span, message, suggestion, fatal });
            }
        };
        match &term.kind {
            TermKind::Broken => {}
            TermKind::Redirect(_) | TermKind::Exp(_) => {
                let redirect = matches!(term.kind, TermKind::Redirect(_));
                let count = if redirect { &mut redirects } else { &mut exps };
                *count += 1;
                if *count > 1 && *count < Record::FAULTS {
                    say(FaultKind::Twice, true, format!("`{}`: this modifier stands twice", word()), None);
                    broken = true;
                } else if redirect && has_all {
                    say(
                        FaultKind::AfterAll,
                        false,
                        format!("`{}` is ignored, because there is an `all`", word()),
                        None,
                    );
                }
            }
            TermKind::Modifier { name, .. } => {
                let name = name.of(text).to_ascii_lowercase();
                let mechanisms: [&[u8]; 11] =
                    [b"include", b"a", b"mx", b"ip4", b"ip6", b"ip", b"ipv4", b"ipv6", b"ptr", b"exists", b"all"];
                if name == b"v" {
                    say(
                        FaultKind::SecondVersion,
                        false,
                        format!("`{}` stands a second time", word()),
                        Some(String::new()),
                    );
                } else if short && mechanisms.contains(&&name[..]) {
                    let message = format!("`{}` is ignored: a mechanism takes a colon, not an equals sign", word());
                    let colon = raw.replacen('=', ":", 1);
                    let sound = term::parse(colon.as_bytes(), Span::new(0, colon.len())).is_ok();
                    say(FaultKind::EqualsSign, false, message, if sound { Some(colon) } else { repair(&colon) });
                }
            }
            TermKind::Directive(directive) => {
                if all {
                    say(
                        FaultKind::AfterAll,
                        false,
                        format!("`{}` stands behind `all` and is never looked at", word()),
                        None,
                    );
                } else if short && let Some((kind, message, suggestion)) = doubt(&raw, word, directive) {
                    say(kind, false, message, suggestion);
                }
                all |= directive.mechanism == Mechanism::All;
            }
        }
    }
    record.broken |= broken;
    record.faults.extend(faults);
}

/// A legal directive that cannot be meant.
fn doubt(raw: &str, word: impl Fn() -> String, directive: &Directive) -> Option<(FaultKind, String, Option<String>)> {
    if directive.mechanism == Mechanism::All {
        let everyone = directive.qualifier == Qualifier::Pass;
        return everyone.then(|| (FaultKind::Everyone, format!("`{}` lets everyone send in this name", word()), None));
    }
    let value = raw.split_once(':').map(|(_, value)| value)?;
    if matches!(directive.mechanism, Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. }) {
        return None;
    }
    if raw.contains([',', ';']) {
        let suggestion = repair(raw)?;
        return Some((
            FaultKind::Separator,
            format!("`{}`: SPF terms are parted by blanks, nothing else", word()),
            Some(suggestion),
        ));
    }
    if is_glued(raw) {
        let suggestion = repair(raw)?;
        return Some((
            FaultKind::Glued,
            format!("`{}`: a blank is missing between two terms", word()),
            Some(suggestion),
        ));
    }
    if !value.contains('%') && (value.contains("://") || value.contains('@') || value.contains("..")) {
        return Some((FaultKind::NotAName, format!("`{}` does not name a domain", word()), repair(raw)));
    }
    None
}
