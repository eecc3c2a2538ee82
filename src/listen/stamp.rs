//! The trace that a receiving server puts on top of a message (RFC 5321 §4.4).

use super::authres::{self, MethodResult};
use super::{Mail, forged};
use std::fmt::Write as _;
use std::net::IpAddr;

/// What is known at delivery besides the mail itself.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Our name.
    pub name: &'a str,
    pub id: &'a str,
    pub at: jiff::Timestamp,
    /// The confirmed name of the client's address.
    pub client_name: Option<&'a str>,
    /// `None`: not verified yet, and no Authentication-Results is written.
    pub results: Option<&'a [MethodResult]>,
}

/// The message as delivered: Return-Path, Authentication-Results, Received, and what came, without fields that
/// were forged in our name. Says how many those were.
pub fn deliver(mail: &Mail, stamp: &Stamp) -> (Vec<u8>, usize) {
    let (content, removed) = forged::remove(&mail.content, stamp.name);
    let mut out = format!("Return-Path: <{}>\r\n", seen(mail.mail_from.as_deref().unwrap_or_default()));
    if let Some(results) = stamp.results {
        out.push_str(&authres::field(stamp.name, results));
    }
    out.push_str(&received(mail, stamp));
    let mut bytes = out.into_bytes();
    bytes.extend_from_slice(&content);
    (bytes, removed)
}

fn received(mail: &Mail, stamp: &Stamp) -> String {
    let helo = word(&mail.helo).unwrap_or_else(|| "unknown".to_owned());
    let ip = match mail.client.to_canonical() {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    };
    // `unknown` is a statement: it was looked for.
    let name = match (stamp.client_name, stamp.results) {
        (Some(name), _) => format!("{name} "),
        (None, Some(_)) => "unknown ".to_owned(),
        (None, None) => String::new(),
    };
    let mut out = format!("Received: from {helo} ({name}{ip})");
    if let Some(tls) = &mail.tls {
        // Writing to a string does not fail.
        let _ = write!(out, "\r\n\t(using {} with cipher {})", tls.version, tls.cipher);
    }
    let _ = write!(out, "\r\n\tby {} (postdoc) with {} id {}", stamp.name, mail.protocol(), stamp.id);
    // Several recipients are not told to each other (RFC 5321 §7.2).
    if let [one] = &mail.recipients[..] {
        let _ = write!(out, "\r\n\tfor <{}>", seen(one));
    }
    let _ = write!(out, "; {}\r\n", stamp.at.strftime("%a, %d %b %Y %H:%M:%S +0000"));
    out
}

/// A stranger's word as one token of a Received field, what does not fit replaced; `None` where nothing is left.
fn word(text: &str) -> Option<String> {
    let fits = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    let word: String = text.chars().take(255).map(|c| if fits(c) { c } else { '?' }).collect();
    (!word.is_empty()).then_some(word)
}

/// An address without anything that would end the line or the brackets.
fn seen(address: &str) -> String {
    let odd = |c: char| c.is_control() || crate::safe::is_unseen(c) || "<>".contains(c);
    address.chars().map(|c| if odd(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::header::Header;
    use crate::facts::{address, received};
    use crate::listen::Encryption;

    fn mail(helo: &str) -> Mail {
        Mail {
            client: "203.0.113.9".parse().unwrap(),
            helo: helo.into(),
            extended: true,
            tls: Some(Encryption { version: "TLSv1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into() }),
            mail_from: Some("news@example.com".into()),
            recipients: vec!["test@mx.example.net".into()],
            utf8: false,
            content: b"From: news@example.com\r\n\r\nhello\r\n".to_vec(),
        }
    }

    fn stamp<'a>(results: Option<&'a [MethodResult]>) -> Stamp<'a> {
        let at = jiff::Timestamp::from_second(1_777_000_000).unwrap();
        Stamp { name: "mx.example.net", id: "1a2b", at, client_name: Some("mail.example.com"), results }
    }

    #[test]
    fn what_is_put_on_top_is_what_our_reader_reads() {
        let (bytes, _) = deliver(&mail("mail.example.com"), &stamp(Some(&[MethodResult::new("spf", "none")])));
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("Return-Path: <news@example.com>\r\nAuthentication-Results: mx.example.net;\r\n\tspf=none\r\nReceived: from"), "{text}");
        let header = Header::split(&bytes);
        let hop = received::read(&header, &bytes).pop().unwrap();
        assert_eq!(hop.helo.unwrap().value, "mail.example.com");
        assert_eq!(hop.reverse_name.unwrap().value, "mail.example.com");
        assert_eq!(hop.ip.unwrap().value, "203.0.113.9".parse::<IpAddr>().unwrap());
        assert_eq!(hop.by.unwrap().value, "mx.example.net");
        assert_eq!(hop.with.unwrap().value, "ESMTPS");
        assert_eq!(hop.tls.as_deref(), Some("TLSv1.3"));
        assert_eq!(hop.id.unwrap().value, "1a2b");
        assert_eq!(hop.envelope_to.unwrap().value, "test@mx.example.net");
        assert_eq!(hop.at.unwrap().as_second(), 1_777_000_000);
        let path = address::return_path(&header, &bytes).unwrap();
        assert_eq!(path.address.unwrap().domain, "example.com");
    }

    #[test]
    fn a_hostile_greeting_stays_one_word_of_one_field() {
        for helo in ["a\r\nX-Evil: 1", "a) by x (", "", "x;y", "\u{202e}evil", "[IPv6:2001:db8::1]", "a b"] {
            let mail = Mail { mail_from: Some("a\r\nb> X".into()), ..mail(helo) };
            let (bytes, _) = deliver(&mail, &stamp(Some(&[])));
            let header = Header::split(&bytes);
            let names: Vec<_> = header.fields.iter().map(|f| String::from_utf8_lossy(f.name.of(&bytes))).collect();
            assert_eq!(names, ["Return-Path", "Authentication-Results", "Received", "From"], "{helo:?}");
            let hop = received::read(&header, &bytes).pop().unwrap();
            assert_eq!(hop.by.unwrap().value, "mx.example.net", "{helo:?}");
            assert_eq!(hop.ip.unwrap().value, mail.client, "{helo:?}");
        }
        let v6 = Mail { client: "2001:db8::9".parse().unwrap(), tls: None, ..mail("x.example") };
        let (bytes, _) = deliver(&v6, &stamp(None));
        let hop = received::read(&Header::split(&bytes), &bytes).pop().unwrap();
        assert_eq!((hop.ip.unwrap().value, hop.tls), (v6.client, None));
    }
}
