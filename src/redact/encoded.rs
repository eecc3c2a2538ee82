//! Where text is not spelt out: parts of a message in base64 or quoted-printable, and certificates.

use crate::facts::header::Header;
use crate::facts::mime;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A message hidden piece by piece; what is encoded in it is decoded for that, and encoded again.
pub fn hidden(message: &[u8], hide: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    let mut at = 0;
    for leaf in mime::leaves(message, &Header::split(message)).unwrap_or_default() {
        if leaf.encoding.is_empty() || leaf.raw.start < at {
            continue;
        }
        out.extend_from_slice(&hide(&message[at..leaf.raw.start]));
        let new = hide(leaf.bytes());
        match leaf.encoding {
            "base64" => {
                for line in STANDARD.encode(new).as_bytes().chunks(76) {
                    out.extend_from_slice(line);
                    out.extend_from_slice(b"\r\n");
                }
            }
            _ => out.extend_from_slice(&quoted(&new)),
        }
        at = leaf.raw.end;
    }
    out.extend_from_slice(&hide(&message[at..]));
    out
}

/// Quoted-printable (RFC 2045 §6.7), each line by itself.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut column = 0;
    for (n, &byte) in text.iter().enumerate() {
        let ends = matches!(text.get(n + 1), None | Some(b'\r' | b'\n'));
        match byte {
            b'\r' | b'\n' => {
                out.push(byte);
                column = 0;
                continue;
            }
            b'=' | 127.. | ..=8 | 11..=31 => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
            b' ' | b'\t' if ends => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
            _ => out.push(byte),
        }
        column += 1;
        if column >= 72 && !ends {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
    }
    out
}

/// The DER of a certificate with organizations, persons and places crossed out (RFC 5280 §4.1.2.4, X.520).
pub fn without_subjects(mut der: Vec<u8>) -> Vec<u8> {
    // Name, surname, given name, place, state, street, organization, unit.
    const KINDS: [u8; 7] = [4, 7, 8, 9, 10, 11, 42];
    for at in 0..der.len() {
        let [0x06, 0x03, 0x55, 0x04, kind, tag, length, ..] = der[at..] else { continue };
        let text = at + 7..at + 7 + usize::from(length);
        if KINDS.contains(&kind)
            && matches!(tag, 0x0c | 0x13 | 0x14 | 0x16)
            && length < 0x80
            && let Some(text) = der.get_mut(text)
        {
            text.fill(b'x');
        }
    }
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_parts_are_hidden_inside() {
        let message = b"From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nc2VjcmV0IG5vdGU=\r\n--b\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na sec=\r\nret =C3=BC\r\n--b--\r\n";
        let hide = |text: &[u8]| String::from_utf8_lossy(text).replace("secret", "public").into_bytes();
        let out = hidden(message, hide);
        let leaves = mime::leaves(&out, &Header::split(&out)).unwrap();
        let texts: Vec<_> = leaves.iter().map(|l| String::from_utf8_lossy(l.bytes()).trim().to_owned()).collect();
        assert_eq!(texts, ["public note", "a public \u{fc}"]);
    }

    #[test]
    fn a_certificates_organization_goes() {
        let der = b"\x30\x10\x06\x03\x55\x04\x0a\x0c\x04Acme\x06\x03\x55\x04\x03\x0c\x04host".to_vec();
        let out = without_subjects(der.clone());
        assert_eq!(out.len(), der.len());
        assert!(out.windows(4).any(|w| w == b"xxxx") && out.windows(4).any(|w| w == b"host"));
    }
}
