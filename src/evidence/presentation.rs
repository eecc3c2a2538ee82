//! Record data as zone files write it (RFC 1035 §5.1), and back.

use super::dns::{Data, Kind};
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
            Data::Other(_) => return None,
        })
    }

    /// Reads the presentation form of a record of type `kind`, the inverse of `Display`. Names
    /// may lack the trailing dot; types without a variant of their own become [`Data::Other`].
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
            Kind::Caa | Kind::Ds | Kind::Tlsa if text.is_empty() => return None,
            Kind::Caa | Kind::Ds | Kind::Tlsa => Data::Other(text.to_owned()),
        })
    }
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
            Data::Other(text) => f.write_str(text),
        }
    }
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
            "[0-9]{1,3} issue \"[a-z.]{1,12}\"".prop_map(Data::Other),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(data in data()) {
            let kind = data.kind().unwrap_or(Kind::Caa);
            prop_assert_eq!(Data::parse(kind, &data.to_string()), Some(data));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,60}") {
            for kind in [Kind::A, Kind::Mx, Kind::Txt, Kind::Soa, Kind::Caa, Kind::Cname] {
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
    }
}
