//! Names of folders as IMAP writes them: modified UTF-7 (RFC 3501 §5.1.3).

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const CODE: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

/// For people. What is no modified UTF-7 stays as it is.
pub fn decoded(wire: &str) -> String {
    let mut out = String::new();
    let mut rest = wire;
    while let Some((plain, coded)) = rest.split_once('&') {
        let Some((code, after)) = coded.split_once('-') else { return wire.to_owned() };
        out.push_str(plain);
        match code {
            "" => out.push('&'),
            _ => match text(code) {
                Some(text) => out.push_str(&text),
                None => return wire.to_owned(),
            },
        }
        rest = after;
    }
    out + rest
}

fn text(code: &str) -> Option<String> {
    let bytes = CODE.decode(code).ok()?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
}

/// For the server.
pub fn encoded(name: &str) -> String {
    let mut out = String::new();
    let mut wide: Vec<u8> = Vec::new();
    let flush = |out: &mut String, wide: &mut Vec<u8>| {
        if !wide.is_empty() {
            out.push('&');
            out.push_str(&CODE.encode(&wide));
            out.push('-');
            wide.clear();
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut out, &mut wide);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            wide.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut out, &mut wide);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (wire, name) in [
            ("INBOX", "INBOX"),
            ("Unerw&APw-nscht", "Unerwünscht"),
            ("Q&-A", "Q&A"),
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
            ("&2D3eAA-", "😀"),
        ] {
            assert_eq!(decoded(wire), name);
            assert_eq!(encoded(name), wire);
        }
    }

    #[test]
    fn what_is_none_stays() {
        for odd in ["A & B", "&!!-", "&AP-", "&2D0-", "Spamü"] {
            assert_eq!(decoded(odd), odd);
        }
    }
}
