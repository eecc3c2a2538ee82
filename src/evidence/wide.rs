//! Texts in UTF-16, as PowerShell (`>`) and Notepad ("Unicode") write them.

/// Units that are looked at where no mark tells.
const SEEN: usize = 32;

/// The same text in UTF-8; `None` for any other.
pub(super) fn decoded(bytes: &[u8]) -> Option<String> {
    let (big, rest) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (false, rest),
        [0xFE, 0xFF, rest @ ..] => (true, rest),
        _ => (unmarked(bytes)?, bytes),
    };
    let unit = |pair: &[u8]| match (pair, big) {
        ([a, b], false) => u16::from_le_bytes([*a, *b]),
        ([a, b], true) => u16::from_be_bytes([*a, *b]),
        _ => 0,
    };
    let units: Vec<u16> = rest.chunks_exact(2).map(unit).collect();
    String::from_utf16(&units).ok().filter(|_| rest.len().is_multiple_of(2))
}

/// ASCII with a zero before (true) or behind each: no other text has these.
fn unmarked(bytes: &[u8]) -> Option<bool> {
    let begin = bytes.get(..2 * SEEN)?;
    let are = |zero: usize| {
        let (zeros, ascii) = (begin.iter().skip(zero).step_by(2), begin.iter().skip(1 - zero).step_by(2));
        zeros.clone().all(|b| *b == 0) && ascii.clone().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
    };
    are(0).then_some(true).or_else(|| are(1).then_some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_utf_16_are_read_and_others_left_alone() {
        let text = format!("Subject: Gr\u{fc}\u{df}e \u{1f600}\r\n{}", "From: ann@example.com\r\n".repeat(3));
        let bytes = |big: bool, mark: bool| -> Vec<u8> {
            let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
            units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        for big in [false, true] {
            assert_eq!(decoded(&bytes(big, true)).as_deref(), Some(text.as_str()));
        }
        // Without a mark the beginning has to be ASCII.
        let plain: Vec<u8> = "From: ann@example.com\r\n".repeat(3).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(decoded(&plain).is_some_and(|text| text.starts_with("From: ann")));
        let mut cut = bytes(false, true);
        cut.pop();
        for other in [&cut[..], text.as_bytes(), b"", b"\xFF\xFE\x00\xD8", &[0; 200]] {
            assert_eq!(decoded(other), None);
        }
    }

    #[test]
    fn an_input_in_utf_16_is_what_it_would_be_in_utf_8() {
        use crate::evidence::{Input, InputKind};
        let header = "Received: from a.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:03 +0000\r\nFrom: ann@example.com\r\n";
        let wide: Vec<u8> = format!("\u{feff}{header}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (input, plain) =
            (Input::read("m", wide, None).unwrap(), Input::read("m", header.as_bytes(), None).unwrap());
        assert_eq!((input.kind, &input.text, input.sha256()), (InputKind::Headers, &plain.text, plain.sha256()));
        assert_eq!(input.because, plain.because);
    }
}
