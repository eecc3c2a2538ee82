//! What a server said: an SMTP reply (RFC 5321 §4.2), bare or inside a log line.

use super::Guess;
use crate::evidence::input::InputKind;
use crate::evidence::lines::{Shape, peek, shape, visible};
use crate::rules::Confidence;

pub(super) fn guess(text: &[u8]) -> Option<Guess> {
    let first = peek(text).map(|l| visible(l.of(text))).find(|l| !l.trim_ascii().is_empty())?;
    let first = first.trim_ascii();
    let first = first.strip_prefix(b"#").unwrap_or(first);
    let say = |sure, because: &str| Some(Guess::new(InputKind::Reply, sure, because));
    match code(first) {
        Some(true) => say(Confidence::Certain, "it begins with a reply code and an enhanced status code"),
        // A bare number could be anything; a text after it makes a reply.
        Some(false) if first.len() > 3 => say(Confidence::Likely, "it begins with a three-digit reply code"),
        Some(false) if peek(text).count() == 1 => say(Confidence::Possible, "three digits that are a reply code"),
        Some(false) => None,
        None if enhanced(first) => say(Confidence::Likely, "it begins with an enhanced status code (RFC 3463)"),
        None => None,
    }
}

/// A reply somewhere in a line or two that are nothing else: a log line, a relay's report.
pub(super) fn inside(text: &[u8]) -> Option<Guess> {
    if peek(text).filter(|l| !matches!(shape(l.of(text)), Shape::Blank)).take(MANY).any(|l| is_log(l.of(text))) {
        return Some(Guess::new(InputKind::Reply, Confidence::Likely, "a delivery in a mail log stands in it"));
    }
    let quoted = |line: &[u8]| {
        (0..line.len()).any(|n| {
            (n == 0 || !line[n - 1].is_ascii_alphanumeric() && !b".-".contains(&line[n - 1]))
                && code(&line[n..]) == Some(true)
        })
    };
    let mut lines = peek(text).filter(|l| !matches!(shape(l.of(text)), Shape::Blank)).take(MANY + 1);
    let mut count = 0;
    let found = lines.by_ref().any(|l| {
        count += 1;
        quoted(&l.of(text)[..l.of(text).len().min(4096)])
    });
    let few = count + lines.count() <= MANY;
    if found && few {
        let because = "a reply code with an enhanced status code stands in it";
        return Some(Guess::new(InputKind::Reply, Confidence::Likely, because));
    }
    (few && is_introduced(text))
        .then(|| Guess::new(InputKind::Reply, Confidence::Likely, "a mail system introduces a server's reply in it"))
}

/// Does a mail system say whose reply follows, and does one follow? A code alone could be any number.
fn is_introduced(text: &[u8]) -> bool {
    // Postfix (twice), Exim; lower case.
    const WORDS: [&str; 3] = ["] said:", "] refused to talk to me:", "smtp error from remote mail server"];
    let lower = String::from_utf8_lossy(&text[..text.len().min(16 * 1024)]).to_ascii_lowercase();
    WORDS.iter().filter_map(|words| Some(&lower[lower.find(words)? + words.len()..])).any(|rest| {
        let mut words = rest.match_indices(['4', '5']).filter(|(n, _)| rest[..*n].ends_with([' ', '\t', '\n']));
        words.any(|(n, _)| code(rest[n..].lines().next().unwrap_or_default().as_bytes()).is_some())
    })
}

/// A delivery as Postfix, Sendmail, OpenSMTPD or Exim log it.
pub(super) fn is_log(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(&line[..line.len().min(4096)]).to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|w| line.contains(w));
    let keyed = any(&[
        "status=bounced",
        "status=deferred",
        "status=expired",
        "status=sent",
        "status=undeliverable",
        " stat=",
        "result=\"permfail",
        "result=\"tempfail",
    ]);
    let exim = any(&[" ** ", " == ", " => ", " -> "]) && any(&[" r=", " t="]);
    // Exim names no router where none was asked: `** bob@example.net: retry timeout exceeded`.
    let addressed = |rest: &str| rest.split(' ').next().is_some_and(|to| to.contains('@') && to.ends_with(':'));
    let given_up = line.split_once(" ** ").is_some_and(|(_, rest)| addressed(rest));
    // Whom the server itself refused: Postfix, Exim.
    let inbound = (line.contains("reject: ") && line.contains(" helo=<"))
        || (any(&[" rejected rcpt ", " rejected after data"]) && line.contains(" h=") && line.contains(" f=<"));
    // The queue manager of Postfix names the sender alone.
    let expired = line.contains("status=expired") && line.contains("from=<");
    expired || (keyed && line.contains("to=<")) || (exim && line.contains('@')) || given_up || inbound
}

/// Lines of a log excerpt that is still about one reply.
const MANY: usize = 12;

/// Does a reply code stand at the beginning, and an enhanced status code after it?
pub(super) fn code(line: &[u8]) -> Option<bool> {
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    // 3yz asks for more (RFC 5321 §4.2.1): nothing has been decided.
    let plausible = digits == 3 && matches!(line[0], b'2' | b'4' | b'5') && line[1] <= b'5';
    let after = match line.get(3) {
        _ if !plausible => return None,
        None => return Some(false),
        Some(b' ' | b'-') => line[4..].trim_ascii_start(),
        Some(_) => return None,
    };
    Some(enhanced(after.strip_prefix(b"#").unwrap_or(after)))
}

/// Class, subject and detail (RFC 3463 §2), at the end of a word.
fn enhanced(text: &[u8]) -> bool {
    let word = text.split(|b| b.is_ascii_whitespace() || b":;,)]".contains(b)).next().unwrap_or_default();
    let mut parts = word.split(|&b| b == b'.');
    let number =
        |part: Option<&[u8]>| part.is_some_and(|p| (1..=3).contains(&p.len()) && p.iter().all(u8::is_ascii_digit));
    matches!(parts.next(), Some(b"2" | b"4" | b"5"))
        && number(parts.next())
        && number(parts.next())
        && parts.next().is_none()
}
