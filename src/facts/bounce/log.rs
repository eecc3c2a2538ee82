//! A bare reply, or the lines of a mail log that hold one: Postfix, Exim, Sendmail, OpenSMTPD.

use super::taken::{self, value};
use super::{Action, Bounce, MOST, Recipient, forward, inbound, said};
use crate::evidence::lines::{Line, lines};
use crate::span::{Span, Spanned};
use std::net::IpAddr;
use std::ops::Range;

/// Lines of what may be words without a code.
const SENTENCES: usize = 5;

pub(super) fn read(text: &[u8]) -> Bounce {
    let mut bounce = Bounce::default();
    for line in lines(text, 0) {
        let Some(recipient) = entry(line, text) else { continue };
        // Of several attempts the last one counts.
        let to = |r: &Recipient| r.address.as_ref().map(|a| &a.value) == recipient.address.as_ref().map(|a| &a.value);
        bounce.recipients.retain(|r| !(to(r) && r.client == recipient.client));
        bounce.recipients.push(recipient);
        if bounce.recipients.len() > MOST {
            bounce.cut = true;
            break;
        }
    }
    if bounce.recipients.is_empty() {
        bounce.recipients.push(bare(text));
    }
    bounce
}

/// A host that somebody noted.
fn noted(word: &str) -> Option<String> {
    said::host(&word.to_ascii_lowercase())
}

/// Is it a name in some program, as stack traces have them (`javax.mail.SendFailedException`)?
fn is_identifier(word: &str) -> bool {
    word.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// The whole paste is one reply, with or without words around it.
fn bare(text: &[u8]) -> Recipient {
    let text = &text[..text.len().min(64 * 1024)];
    let whole = String::from_utf8_lossy(text);
    let at = said::reply(&whole).unwrap_or(0);
    let reply = said::one_line(&whole[at..]);
    let exact = whole.len() == text.len();
    let span = if exact { Span::new(at, at + whole[at..].trim_end().len()) } else { Span::new(0, text.len()) };
    let code = said::code(&reply).or_else(|| reply.get(..3)).and_then(Action::of_code);
    let address = said::addressee(&whole[..at])
        .filter(|_| exact)
        .map(|r| Spanned::new(whole[r.clone()].to_owned(), Span::new(r.start, r.end)));
    let forwarded = address.as_ref().and_then(|a| forward::noted(&whole[..at], &a.value));
    let status = said::enhanced(&reply);
    let said = Some(Spanned::new(reply, span));
    // Without a code a sentence or two may be what a mail system says; more is something else.
    let coded = code.is_some() || status.is_some() || whole.lines().count() > SENTENCES;
    let (reply, words) = if coded { (said, None) } else { (None, said) };
    Recipient {
        address,
        forwarded: forwarded.map(|r| Spanned::new(whole[r.clone()].to_owned(), Span::new(r.start, r.end))),
        action: code.unwrap_or(Action::Failed),
        status,
        // Also where somebody just noted whose reply it is.
        server: said::server(&whole[..at])
            .or_else(|| whole[..at].split_whitespace().filter(|w| !is_identifier(w)).find_map(noted)),
        step: said::step(&whole.to_ascii_lowercase()),
        reply,
        words,
        ..Recipient::blank(span)
    }
}

/// One delivery attempt in a log.
pub(super) fn entry(line: Line, text: &[u8]) -> Option<Recipient> {
    let content = line.of(text);
    let content = &content[..content.len().min(16 * 1024)];
    let raw = String::from_utf8_lossy(content);
    // ASCII case only: places stay.
    let lower = raw.to_ascii_lowercase();
    let exact = raw.len() == content.len();
    let place = |start: usize, end: usize| match exact {
        true => Span::new(line.start + start, line.start + end),
        false => Span::new(line.start, line.end),
    };
    let refused = inbound::refused(&lower);
    let (action, said_at) = match &refused {
        Some(refused) => (refused.action, refused.said.start),
        None => outcome(&lower)?,
    };
    let rest = &raw[said_at..refused.as_ref().map_or(raw.len(), |refused| refused.said.end)];
    let named = |range: Range<usize>| Spanned::new(raw[range.clone()].to_owned(), place(range.start, range.end));
    let to = to(&lower).map(|(a, b)| a..b);
    let forwarded = to.clone().and_then(|to| forward::logged(&lower, to)).map(named);
    let address = to.map(named);
    let reply = said::reply(rest).map(|n| {
        let end = rest.rfind(" (in reply to ").filter(|&end| end > n).unwrap_or(rest.len());
        let value = said::one_line(&rest[n..end]);
        Spanned::new(value, place(said_at + n, said_at + end))
    });
    let words = Spanned::new(said::one_line(rest), place(said_at, said_at + rest.len()));
    let dsn = value(&lower, "dsn=").and_then(|v| said::status_at(v).map(str::to_owned));
    let text_of = reply.as_ref().map_or(words.value.as_str(), |r| r.value.as_str());
    Some(Recipient {
        address,
        forwarded,
        action,
        status: dsn.or_else(|| said::enhanced(text_of)),
        server: said::replier(rest)
            .or_else(|| value(&lower, "relay=").and_then(relay))
            .or_else(|| value(&lower, " h=").and_then(said::host))
            .filter(|_| refused.is_none()),
        step: match &refused {
            Some(refused) => refused.step,
            None => said::step(&rest.to_ascii_lowercase()),
        },
        client: refused.map(|refused| raw[refused.client].to_owned()),
        words: Some(words).filter(|_| reply.is_none()),
        reply,
        taken_by: taken::logged(&lower, action),
        ..Recipient::blank(place(0, raw.len()))
    })
}

/// `mx.example.net[192.0.2.1]:25`; OpenSMTPD writes `192.0.2.1 (mx.example.net)`.
fn relay(value: &str) -> Option<String> {
    let named = value.split_once(" (").filter(|(address, _)| address.parse::<IpAddr>().is_ok());
    named.and_then(|(_, name)| said::host(name)).or_else(|| said::host(value))
}

/// What was done, and where the log says why.
fn outcome(lower: &str) -> Option<(Action, usize)> {
    const WORDS: [(&str, Action); 12] = [
        ("status=bounced", Action::Failed),
        ("status=expired", Action::Failed),
        ("status=undeliverable", Action::Failed),
        ("status=deferred", Action::Delayed),
        ("status=softbounce", Action::Delayed),
        ("status=sent", Action::Delivered),
        ("result=\"permfail\"", Action::Failed),
        ("result=permfail", Action::Failed),
        ("result=\"tempfail\"", Action::Delayed),
        ("result=tempfail", Action::Delayed),
        ("stat=deferred", Action::Delayed),
        ("stat=sent", Action::Delivered),
    ];
    if let Some((word, action)) = WORDS.iter().find(|(word, _)| lower.contains(word)) {
        // That the time was over is all that the queue manager says.
        let said = if *word == "status=expired" { 0 } else { word.len() };
        let at = lower.find(word).unwrap_or(0) + said;
        let stat = lower.find("stat=\"").filter(|_| word.starts_with("result"));
        return Some((*action, stat.unwrap_or(at)));
    }
    // Sendmail: `stat=User unknown`, and `stat=Service unavailable`.
    if let Some(at) = lower.find(" stat=").filter(|_| lower.contains("to=") && lower.contains("dsn=")) {
        let class = value(lower, "dsn=").and_then(Action::of_code);
        return Some((class.unwrap_or(Action::Failed), at + 6));
    }
    // Exim (specification, chapter 52): `** ann@example.net R=… T=…: SMTP error …`.
    let exim =
        [(" ** ", Action::Failed), (" == ", Action::Delayed), (" => ", Action::Delivered), (" -> ", Action::Delivered)];
    exim.iter().find_map(|(mark, action)| {
        let at = lower.find(mark)? + mark.len();
        (lower[at..].contains('@')
            && (lower[at..].contains(" r=") || lower[at..].contains(" t=") || *action == Action::Failed))
            .then_some((*action, at))
    })
}

/// The recipient: `to=<ann@example.net>`, or the address behind Exim's mark.
fn to(lower: &str) -> Option<(usize, usize)> {
    let bytes = lower.as_bytes();
    let keyed = lower.match_indices("to=").map(|(n, _)| n).find(|&n| n == 0 || !bytes[n - 1].is_ascii_alphanumeric());
    let marked = || {
        let marks = [" ** ", " == ", " => ", " -> "];
        marks.iter().find_map(|m| lower.find(m).map(|n| n + m.len()))
    };
    let start = keyed.map(|n| n + 3).or_else(marked)?;
    let start = start + lower[start..].bytes().take_while(|b| matches!(b, b'<' | b' ' | b'"')).count();
    let end =
        start + lower[start..].find(|c: char| c.is_whitespace() || ">,\":;".contains(c)).unwrap_or(lower.len() - start);
    if lower[start..end].contains('@') {
        return Some((start, end));
    }
    // Exim, where it delivers to a local part: `=> ann <ann@example.net>`.
    let open = end + lower[end..].find('<').filter(|&n| lower[end..end + n].trim().is_empty())? + 1;
    let close = open + lower[open..].find('>')?;
    lower[open..close].contains('@').then_some((open, close))
}
