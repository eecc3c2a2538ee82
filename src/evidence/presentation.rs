//! Record data as zone files write it (RFC 1035 §5.1), and back.

use super::dns::{Data, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;

impl Data {
    /// The record type; `None` where only the presentation form is known.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Data::A(_) => Kind::A,
            Data::Aaaa(_) => Kind::Aaaa,
            Data::Cname(_) => Kind::Cname,
            Data::Ns(_) => Kind::Ns,
            Data::Ptr(_) => Kind::Ptr,
            Data::Mx { .. } => Kind::Mx,
            Data::Txt(_) => Kind::Txt,
            Data::Soa { .. } => Kind::Soa,
            Data::Caa { .. } => Kind::Caa,
            Data::Ds { .. } => Kind::Ds,
            Data::Dnskey { .. } => Kind::Dnskey,
            Data::Rrsig { .. } => Kind::Rrsig,
            Data::Tlsa { .. } => Kind::Tlsa,
            Data::Other(_) => return None,
        })
    }

    /// Reads the presentation form of a record of type `kind`, the inverse of `Display`. Names
    /// may lack the trailing dot.
    pub fn parse(kind: Kind, text: &str) -> Option<Data> {
        let text = text.trim();
        Some(match kind {
            Kind::A => Data::A(text.parse().ok()?),
            Kind::Aaaa => Data::Aaaa(text.parse().ok()?),
            Kind::Cname => Data::Cname(name(text)?),
            Kind::Ns => Data::Ns(name(text)?),
            Kind::Ptr => Data::Ptr(name(text)?),
            Kind::Mx => {
                let (preference, exchange) = text.split_once(char::is_whitespace)?;
                Data::Mx { preference: preference.parse().ok()?, exchange: name(exchange.trim())? }
            }
            Kind::Txt | Kind::Spf => Data::Txt(strings(text.as_bytes())?),
            Kind::Soa => soa(text)?,
            Kind::Caa => caa(text)?,
            Kind::Ds | Kind::Dnskey | Kind::Tlsa => numbers_and_bytes(kind, text)?,
            Kind::Rrsig => rrsig(text)?,
        })
    }
}

/// RFC 8659 §4.1.1: the value is one character-string.
fn caa(text: &str) -> Option<Data> {
    let (flags, rest) = text.split_once(char::is_whitespace)?;
    let (tag, value) = rest.trim_start().split_once(char::is_whitespace)?;
    let mut value = strings(value.as_bytes())?;
    let value = value.pop().filter(|_| value.is_empty())?;
    let tagged = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    tagged.then_some(Data::Caa { flags: flags.parse().ok()?, tag: tag.to_owned(), value })
}

/// Three numbers and bytes, which may be written in pieces: hexadecimal (RFC 4034 §5.3, RFC 6698 §2.2) or
/// base64 (RFC 4034 §2.2).
fn numbers_and_bytes(kind: Kind, text: &str) -> Option<Data> {
    let mut words = text.split_whitespace();
    let (a, b, c) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let bytes: String = words.collect();
    Some(match kind {
        Kind::Ds => Data::Ds { key_tag: a.parse().ok()?, algorithm: b, digest_type: c, digest: hex(&bytes)? },
        Kind::Tlsa => Data::Tlsa { usage: a.parse().ok()?, selector: b, matching: c, data: hex(&bytes)? },
        Kind::Dnskey => {
            Data::Dnskey { flags: a.parse().ok()?, protocol: b, algorithm: c, key: BASE64.decode(bytes).ok()? }
        }
        _ => return None,
    })
}

/// RFC 4034 §3.2.
fn rrsig(text: &str) -> Option<Data> {
    let mut words = text.split_whitespace();
    let covered = words.next()?.to_ascii_uppercase();
    let (algorithm, labels) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let original_ttl = words.next()?.parse().ok()?;
    let (expiration, inception) = (moment(words.next()?)?, moment(words.next()?)?);
    let (key_tag, signer) = (words.next()?.parse().ok()?, name(words.next()?)?);
    let signature = BASE64.decode(words.collect::<String>()).ok()?;
    Some(Data::Rrsig { covered, algorithm, labels, original_ttl, expiration, inception, key_tag, signer, signature })
}

/// `YYYYMMDDHHmmSS` in UTC, or the seconds themselves (RFC 4034 §3.2).
fn moment(word: &str) -> Option<u32> {
    if word.len() != 14 {
        return word.parse().ok();
    }
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", word).ok()?;
    let second = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    u32::try_from(second).ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect();
    if rest.is_empty() { bytes } else { None }
}

fn soa(text: &str) -> Option<Data> {
    let mut words = text.split_whitespace();
    let (mname, rname) = (name(words.next()?)?, name(words.next()?)?);
    let mut number = || words.next()?.parse().ok();
    let (serial, refresh, retry, expire, minimum) = (number()?, number()?, number()?, number()?, number()?);
    words.next().is_none().then_some(Data::Soa { mname, rname, serial, refresh, retry, expire, minimum })
}

/// A name without its trailing dot; the root is empty.
fn name(text: &str) -> Option<String> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    let odd = text.is_empty() || bare.contains(char::is_whitespace) || bare.contains(['"', ';', '(', ')']);
    (!odd).then(|| bare.to_ascii_lowercase())
}

/// Character-strings, quoted or bare, with their escapes undone.
fn strings(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let Some(&first) = text.get(at) else { return Some(strings) };
        let quoted = first == b'"';
        at += usize::from(quoted);
        let mut string = Vec::new();
        loop {
            match text.get(at) {
                Some(b'"') if quoted => break at += 1,
                None if !quoted => break,
                Some(b) if !quoted && b.is_ascii_whitespace() => break,
                Some(_) => {
                    let (byte, len) = character(&text[at..])?;
                    string.push(byte);
                    at += len;
                }
                None => return None,
            }
        }
        strings.push(string);
    }
}

/// One character: itself, `\DDD`, or a backslash and any other (RFC 1035 §5.1).
pub(crate) fn character(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let value = [a, b, c].iter().fold(0u16, |n, d| n * 10 + u16::from(*d - b'0'));
            u8::try_from(value).ok().map(|byte| (byte, 4))
        }
        [b'\\', b'0'..=b'9', ..] | [b'\\'] | [] => None,
        [b'\\', other, ..] => Some((*other, 2)),
        [byte, ..] => Some((*byte, 1)),
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::A(ip) => write!(f, "{ip}"),
            Data::Aaaa(ip) => write!(f, "{ip}"),
            Data::Cname(name) | Data::Ns(name) | Data::Ptr(name) => write!(f, "{name}."),
            Data::Mx { preference, exchange } => write!(f, "{preference} {exchange}."),
            Data::Txt(strings) => {
                for (n, string) in strings.iter().enumerate() {
                    f.write_str(if n == 0 { "\"" } else { " \"" })?;
                    quote(f, string)?;
                    f.write_str("\"")?;
                }
                Ok(())
            }
            Data::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
                write!(f, "{mname}. {rname}. {serial} {refresh} {retry} {expire} {minimum}")
            }
            Data::Caa { flags, tag, value } => {
                write!(f, "{flags} {tag} \"")?;
                quote(f, value)?;
                f.write_str("\"")
            }
            Data::Ds { key_tag, algorithm, digest_type, digest } => {
                write!(f, "{key_tag} {algorithm} {digest_type} ")?;
                write_hex(f, digest)
            }
            Data::Tlsa { usage, selector, matching, data } => {
                write!(f, "{usage} {selector} {matching} ")?;
                write_hex(f, data)
            }
            Data::Dnskey { flags, protocol, algorithm, key } => {
                write!(f, "{flags} {protocol} {algorithm} {}", BASE64.encode(key))
            }
            Data::Rrsig {
                covered,
                algorithm,
                labels,
                original_ttl,
                expiration,
                inception,
                key_tag,
                signer,
                signature,
            } => {
                write!(f, "{covered} {algorithm} {labels} {original_ttl} ")?;
                for second in [expiration, inception] {
                    let moment = jiff::Timestamp::from_second(i64::from(*second)).unwrap_or_default();
                    write!(f, "{} ", moment.strftime("%Y%m%d%H%M%S"))?;
                }
                write!(f, "{key_tag} {signer}. {}", BASE64.encode(signature))
            }
            Data::Other(text) => f.write_str(text),
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
}

fn quote(f: &mut fmt::Formatter<'_>, string: &[u8]) -> fmt::Result {
    use fmt::Write;
    for &byte in string {
        match byte {
            b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
            b' '..=b'~' => f.write_char(char::from(byte))?,
            _ => write!(f, "\\{byte:03}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn data() -> impl Strategy<Value = Data> {
        let name = || "([a-z0-9_-]{1,10}(\\.[a-z0-9_-]{1,10}){0,3})?";
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        prop_oneof![
            any::<[u8; 4]>().prop_map(|ip| Data::A(ip.into())),
            any::<[u8; 16]>().prop_map(|ip| Data::Aaaa(ip.into())),
            name().prop_map(Data::Cname),
            name().prop_map(Data::Ns),
            name().prop_map(Data::Ptr),
            (any::<u16>(), name()).prop_map(|(preference, exchange)| Data::Mx { preference, exchange }),
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4).prop_map(Data::Txt),
            (name(), name(), any::<[u32; 5]>()).prop_map(
                |(mname, rname, [serial, refresh, retry, expire, minimum])| {
                    Data::Soa { mname, rname, serial, refresh, retry, expire, minimum }
                }
            ),
            (any::<u8>(), "[a-z0-9]{1,15}", bytes()).prop_map(|(flags, tag, value)| Data::Caa { flags, tag, value }),
            (any::<u16>(), any::<[u8; 2]>(), bytes()).prop_map(|(key_tag, [algorithm, digest_type], digest)| {
                Data::Ds { key_tag, algorithm, digest_type, digest }
            }),
            (any::<u16>(), any::<[u8; 2]>(), bytes()).prop_map(|(flags, [protocol, algorithm], key)| Data::Dnskey {
                flags,
                protocol,
                algorithm,
                key
            }),
            (any::<[u8; 3]>(), bytes()).prop_map(|([usage, selector, matching], data)| Data::Tlsa {
                usage,
                selector,
                matching,
                data
            }),
            (any::<[u8; 2]>(), any::<[u32; 3]>(), any::<u16>(), name(), bytes()).prop_map(
                |([algorithm, labels], [original_ttl, expiration, inception], key_tag, signer, signature)| {
                    let covered = "TXT".to_owned();
                    Data::Rrsig {
                        covered,
                        algorithm,
                        labels,
                        original_ttl,
                        expiration,
                        inception,
                        key_tag,
                        signer,
                        signature,
                    }
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(data in data()) {
            let kind = data.kind().unwrap();
            prop_assert_eq!(Data::parse(kind, &data.to_string()), Some(data));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,60}") {
            for kind in [Kind::A, Kind::Mx, Kind::Txt, Kind::Soa, Kind::Caa, Kind::Cname, Kind::Ds, Kind::Rrsig] {
                let _ = Data::parse(kind, &text);
            }
        }
    }

    #[test]
    fn as_a_zone_file_writes_it() {
        let txt = Data::Txt(vec![b"v=spf1 \"x\" \\".to_vec(), vec![0xFF, b'\n'], Vec::new()]);
        assert_eq!(txt.to_string(), r#""v=spf1 \"x\" \\" "\255\010" """#);
        assert_eq!(Data::Mx { preference: 0, exchange: String::new() }.to_string(), "0 .");
        assert_eq!(Data::parse(Kind::Cname, "Mail.Example.COM"), Some(Data::Cname("mail.example.com".into())));
        assert_eq!(Data::parse(Kind::Txt, "bare words"), Some(Data::Txt(vec![b"bare".to_vec(), b"words".to_vec()])));
        for wrong in [r#""open"#, r#""\300""#, r#""\1""#, "\\"] {
            assert_eq!(Data::parse(Kind::Txt, wrong), None, "{wrong}");
        }
        assert_eq!(Data::parse(Kind::A, "192.0.2"), None);
        for (kind, text) in [
            (Kind::Caa, r#"128 issue "ca.example; account=1""#),
            (Kind::Ds, "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"),
            (Kind::Dnskey, "257 3 13 AQPSKmynfzW4kyBv"),
            (Kind::Tlsa, "3 1 1 8CE14CB9"),
            (Kind::Rrsig, "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WN"),
        ] {
            assert_eq!(Data::parse(kind, text).map(|data| data.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Data::parse(Kind::Ds, "60485 5 1 2BB1 83AF"), Data::parse(Kind::Ds, "60485 5 1 2bb183af"));
        for (kind, wrong) in [(Kind::Caa, "0 issue a b"), (Kind::Ds, "1 5 1 2BB"), (Kind::Tlsa, "3 1 300 00")] {
            assert_eq!(Data::parse(kind, wrong), None, "{wrong}");
        }
    }
}
