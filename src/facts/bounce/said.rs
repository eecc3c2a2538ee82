//! What mail systems say around a reply: where it begins, at which step, who gave it.

use super::Recipient;
use crate::evidence::transcript::Stage;
use crate::facts::boundary::is_public;
use crate::knowledge::reply::ODD_CODES;
use crate::span::Spanned;
use std::net::IpAddr;
use std::ops::Range;

/// What mail systems write, lower case; the first that is found decides.
const STEPS: [(&str, Stage); 37] = [
    ("end of data", Stage::End),
    ("final data", Stage::End),
    ("[data_end]", Stage::End),
    ("after sending the message", Stage::End),
    ("for text command", Stage::End),
    ("rcpt to", Stage::Rcpt),
    ("[rcpt_to]", Stage::Rcpt),
    ("rcpt command", Stage::Rcpt),
    ("smtp:rcpt", Stage::Rcpt),
    ("after rcpt", Stage::Rcpt),
    ("mail from:", Stage::Mail),
    ("mail from command", Stage::Mail),
    ("[mail_from]", Stage::Mail),
    ("mail command", Stage::Mail),
    ("smtp:mail", Stage::Mail),
    ("data command", Stage::Data),
    ("after data", Stage::Data),
    (">>> data", Stage::Data),
    ("(data)", Stage::Data),
    ("in:  data", Stage::Data),
    ("starttls", Stage::Tls),
    ("tls handshake", Stage::Tls),
    ("cannot start tls", Stage::Tls),
    ("tls session", Stage::Tls),
    ("certificate", Stage::Tls),
    ("auth command", Stage::Auth),
    ("authentication failed", Stage::Auth),
    ("authentication unsuccessful", Stage::Auth),
    ("initial server greeting", Stage::Greeting),
    ("initial connection", Stage::Greeting),
    ("ehlo", Stage::Greeting),
    ("helo command", Stage::Greeting),
    ("connect to", Stage::Connect),
    ("connection refused", Stage::Connect),
    ("connection timed out", Stage::Connect),
    ("not responding", Stage::Connect),
    ("no route to host", Stage::Connect),
];

/// The step that a passage in lower case names.
pub(super) fn step(text: &str) -> Option<Stage> {
    STEPS.iter().find(|(words, _)| text.contains(words)).map(|(_, step)| *step)
}

/// What stands before the name of the server whose reply follows, lower case.
const BEFORE: [&str; 12] = [
    "while talking to ",
    "remote host ",
    "remote server ",
    "by the server for the recipient domain ",
    "smtp:rcpt host ",
    "smtp server <",
    "error from remote mail server: host ",
    "host: ",
    "host ",
    "server ",
    "by ",
    "connect to ",
];

/// The host that is named in front of the reply in a passage as the one that gave it. The reply's own words may name
/// anybody: the client that it refuses, a blocklist, the sender (`Client host [192.0.2.1] blocked using …`).
pub(super) fn replier(text: &str) -> Option<String> {
    let end = if code(text).is_some() { Some(0) } else { reply(text) };
    server(&text[..end.unwrap_or(text.len())])
}

/// The host that a passage names as the one that answered: a name with a dot, or an address.
pub(super) fn server(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    // The name may stand on the next line.
    let flat = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let named = |before: &str| {
        flat.match_indices(before).find_map(|(at, _)| {
            let alone = at == 0 || !flat.as_bytes()[at - 1].is_ascii_alphanumeric();
            let came = flat[..at].ends_with("client ");
            host(flat.get(at + before.len()..)?).filter(|_| alone && !came)
        })
    };
    // Gmail: "by the server for the recipient domain example.org by mx.example.org. [192.0.2.1]".
    let gmail = lower.find("for the recipient domain ").and_then(|at| {
        let rest = &lower[at..];
        rest.find(" by ").filter(|&by| by < 300).and_then(|by| host(&rest[by + 4..]))
    });
    // DragonFly, qmail: the line begins with the host.
    let first = || {
        let mut places = [" did not like our ", " does not like recipient", " failed after i sent"]
            .into_iter()
            .filter_map(|m| lower.find(m));
        places.find_map(|at| host(lower[..at].rsplit('\n').next()?.trim()))
    };
    gmail.or_else(first).or_else(|| BEFORE.iter().find_map(|b| named(b)))
}

/// A host name or address at the beginning of a text in lower case.
pub(super) fn host(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['[', '<', '(', ' ']);
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || ".-:_".contains(c))).unwrap_or(text.len());
    let name = text[..end].trim_end_matches([':', '.', '-']);
    // `mx.example.org:25`
    let name = name.split_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(name, |(name, _)| name);
    let named = name.contains('.') && name.split('.').all(|l| !l.is_empty()) && name.len() <= 253;
    (named || name.parse::<IpAddr>().is_ok()).then(|| name.to_owned())
}

/// The reply code at the beginning of a text: 4xx or 5xx and no longer number (RFC 5321 §4.2), and what else
/// filters refuse with.
pub(super) fn code(text: &str) -> Option<&str> {
    let digits = text.get(..3)?;
    let fits = digits.starts_with(['4', '5'])
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.as_bytes()[1] <= b'5' || ODD_CODES.contains(&digits))
        && text.as_bytes().get(3).is_none_or(|b| matches!(b, b' ' | b'-' | b'\n' | b'\r' | b',' | b':' | b'\t'));
    fits.then_some(digits)
}

/// Where in a passage the reply begins. A code alone may be any number: one with an enhanced code behind it, or in a
/// place where replies stand, is surer and comes first.
pub(super) fn reply(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let starts = |n: usize| n == 0 || b" \t\r\n:;'\"(<#>[,".contains(&bytes[n - 1]);
    let mut plain = None;
    for (n, _) in text.char_indices().filter(|&(n, c)| matches!(c, '4' | '5') && starts(n)) {
        let Some(rest) = text.get(n..) else { continue };
        if code(rest).is_some() {
            let after = rest[3..].trim_start_matches([' ', '-', '#', '\t']);
            if status_at(after).is_some() {
                return Some(n);
            }
            plain = plain.or(Some(n));
        } else if plain.is_none() && status_at(rest).is_some() && begins_line(&text[..n]) {
            // `5.2.2 <ann@example.com>... Mailbox full`; within a sentence it is a part of that.
            plain = Some(n);
        }
    }
    plain
}

fn begins_line(before: &str) -> bool {
    before.trim_end_matches([' ', '\t', '#']).chars().next_back().is_none_or(|c| matches!(c, '\n' | '\r' | ':'))
}

/// The enhanced code at the beginning of a text (RFC 3463 §2).
pub(super) fn status_at(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let word = text[..end].trim_end_matches('.');
    let mut parts = word.split('.');
    let class = parts.next().filter(|c| matches!(*c, "2" | "4" | "5"));
    let number = |p: Option<&str>| p.is_some_and(|p| (1..=3).contains(&p.len()));
    (class.is_some() && number(parts.next()) && number(parts.next()) && parts.next().is_none()).then_some(word)
}

/// The first enhanced code of a reply.
pub(super) fn enhanced(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let starts = |n: usize| n == 0 || b" \t\r\n:;(<#-[".contains(&bytes[n - 1]);
    let mut places = text.char_indices().filter(|&(n, c)| matches!(c, '2' | '4' | '5') && starts(n));
    places.find_map(|(n, _)| status_at(text.get(n..)?)).map(str::to_owned)
}

/// The recipient in front of a reply: an address that is a word of its own, unlike that of a command (`TO:<…>`).
pub(super) fn addressee(before: &str) -> Option<Range<usize>> {
    let words = before.split_whitespace().map(|word| word.trim_end_matches(':'));
    let bare = |word: &str| word.strip_prefix('<').and_then(|w| w.strip_suffix('>')).unwrap_or(word).to_owned();
    let is_address = |word: &String| {
        word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && host(domain).as_deref() == Some(domain))
            && !word.contains([':', '<', '=', '"'])
    };
    let address = words.map(bare).find(is_address)?;
    let start = before.find(&address)?;
    Some(start..start + address.len())
}

/// The address that the refusing server names as its client: in brackets, after the code.
pub(super) fn client(recipient: &Recipient) -> Option<Spanned<IpAddr>> {
    let reply = recipient.reply.as_ref().filter(|_| recipient.client.is_none())?;
    let inside = reply.value.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    let ip =
        inside.filter_map(|word| word.trim_start_matches("IPv6:").trim().parse().ok()).find(|ip| is_public(*ip))?;
    // Its own address: Microsoft signs with names, others do not sign at all.
    (recipient.server.as_deref() != Some(&ip.to_string())).then(|| Spanned::new(ip, reply.span))
}

/// The methods that a reply says did not pass: `Spf= Pass , Dkim= Fail`, `SPF [example.com] with ip: [192.0.2.1] = did
/// not pass`.
pub fn failed(reply: &str) -> Vec<&'static str> {
    const BAD: [&str; 7] = ["fail", "softfail", "none", "neutral", "temperror", "permerror", "did not pass"];
    let lower = reply.to_ascii_lowercase();
    let bad = |method: &str| {
        lower.match_indices(method).any(|(at, _)| {
            let Some((about, result)) = lower[at + method.len()..].split_once('=') else { return false };
            let (about, result) = (about.trim(), result.trim_start());
            (about.is_empty() || about.starts_with('[')) && BAD.iter().any(|word| result.starts_with(word))
        })
    };
    ["SPF", "DKIM", "DMARC"].into_iter().filter(|method| bad(&method.to_ascii_lowercase())).collect()
}

/// The domain whose SPF record a reply says was asked: `SPF [example.com] with ip: [192.0.2.1] = did not pass` (Gmail).
pub fn spf_domain(reply: &str) -> Option<String> {
    let lower = reply.to_ascii_lowercase();
    host(lower.split_once("spf [")?.1.split_once(']')?.0)
}

/// On one line, no longer than a reply is (RFC 5321 §4.5.3.1.5 allows 512 a line, and several lines).
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 4096;
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_found_where_it_begins() {
        for (text, begins) in [
            ("said: 550 5.1.1 no such user", Some("550 5.1.1")),
            ("after 500 attempts it said 421-4.7.0 later", Some("421-4.7.0")),
            ("#5.1.1 no such user", Some("5.1.1")),
            ("try again later [#4.1.9].", None),
            ("550-<a@example.com> no", Some("550-")),
            ("port 5870, id 55012", None),
            ("", None),
        ] {
            let found = reply(text).map(|n| &text[n..]);
            assert!(found.is_some() == begins.is_some(), "{text}: {found:?}");
            assert!(begins.is_none_or(|b| found.unwrap().starts_with(b)), "{text}: {found:?}");
        }
    }

    #[test]
    fn who_said_it_and_when() {
        for (text, host, at) in [
            (
                "host mx.example.net[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
                "mx.example.net",
                Stage::Rcpt,
            ),
            (
                "SMTP error from remote mail server after end of data: host mx.example.net [192.0.2.1]: 550 no",
                "mx.example.net",
                Stage::End,
            ),
            ("mx.example.net [192.0.2.1] did not like our final DATA:", "mx.example.net", Stage::End),
            (
                "rejected by the server for the recipient domain example.org by mx.example.org. [192.0.2.1]. after RCPT TO",
                "mx.example.org",
                Stage::Rcpt,
            ),
            ("connect to mx.example.net[192.0.2.1]:25: Connection refused", "mx.example.net", Stage::Connect),
            ("remote host 192.0.2.32 said: 550 for RCPT TO response", "192.0.2.32", Stage::Rcpt),
            (
                "host\n    mx.example.net[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
                "mx.example.net",
                Stage::Rcpt,
            ),
        ] {
            assert_eq!(server(text).as_deref(), Some(host), "{text}");
            assert_eq!(step(&text.to_ascii_lowercase()), Some(at), "{text}");
        }
        assert_eq!(server("the server is busy"), None);
    }

    #[test]
    fn whom_a_reply_names_did_not_say_it() {
        for reply in [
            "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.example.org",
            "554 5.7.1 Message rejected, listed by bl.example.org",
            "550-Message blocked by mail.example.org policy",
            "550 5.7.1 Helo command rejected: Host mail.example.com not found",
        ] {
            assert_eq!(replier(reply), None, "{reply}");
            for before in ["host mx.example.net[192.0.2.1] said: ", "by mx.example.net. [192.0.2.1]. The reply was: "] {
                assert_eq!(replier(&format!("{before}{reply}")).as_deref(), Some("mx.example.net"), "{before}{reply}");
            }
        }
        assert_eq!(replier("550 Blocked by server mx.example.org: 554 5.7.1 no"), None);
        assert_eq!(replier("Service unavailable; Client host [192.0.2.25] blocked using zen.example.org"), None);
        assert_eq!(replier("connect to mx.example.net[192.0.2.1]:25: no").as_deref(), Some("mx.example.net"));
    }

    #[test]
    fn a_reply_names_what_did_not_pass() {
        for (reply, methods) in [
            ("550 5.7.515 Access denied. Spf= Pass , Dkim= Fail , DMARC= Pass", &["DKIM"][..]),
            (
                "550-5.7.26 DKIM = did not pass 550-5.7.26 SPF [example.com] with ip: [192.0.2.1] = did not pass",
                &["SPF", "DKIM"],
            ),
            ("550 5.7.1 spf=pass dkim=pass dmarc=fail", &["DMARC"]),
            ("550 5.7.26 due to DMARC policy (p=none) https://example.com/?dmarc=1", &[]),
        ] {
            assert_eq!(failed(reply), methods, "{reply}");
        }
    }

    #[test]
    fn the_recipient_stands_in_front_of_the_reply() {
        for (text, address) in [
            ("<bob@example.net>: host mx.example.net[192.0.2.1] said: ", Some("bob@example.net")),
            ("bob@example.net\n host mx\n SMTP error after RCPT TO:<x@example.net>:\n", Some("bob@example.net")),
            ("SMTP error after MAIL FROM:<ann@example.com>: ", None),
            ("", None),
        ] {
            assert_eq!(addressee(text).map(|r| &text[r]), address, "{text}");
        }
    }
}
