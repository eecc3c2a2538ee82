//! Authentication-Results that bear our name and are not ours (RFC 8601 §5): they go.

use crate::facts::authres;
use crate::facts::header::Header;
use crate::span::Span;

/// The message without them, and how many there were.
pub fn remove(content: &[u8], authserv_id: &str) -> (Vec<u8>, usize) {
    let header = Header::split(content);
    let forged: Vec<Span> = authres::read(&header, content)
        .iter()
        .filter(|field| field.authserv_id.as_ref().is_some_and(|id| claims(&id.value, authserv_id)))
        .filter_map(|field| header.fields.get(field.field).map(|f| f.span()))
        .collect();
    let mut kept = Vec::with_capacity(content.len());
    let mut at = 0;
    for span in &forged {
        let range = span.range();
        kept.extend_from_slice(content.get(at..range.start).unwrap_or_default());
        // Its line end goes with it.
        at = range.end + content.get(range.end..).map_or(0, line_end);
    }
    kept.extend_from_slice(content.get(at..).unwrap_or_default());
    (kept, forged.len())
}

/// A trailing dot and upper case do not make it another name.
fn claims(id: &str, own: &str) -> bool {
    id.trim_end_matches('.').eq_ignore_ascii_case(own.trim_end_matches('.'))
}

fn line_end(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_in_our_name_go() {
        let message = b"Authentication-Results: MX.example.net.; spf=pass\r\n\tsmtp.mailfrom=a@b.example\r\n\
            Authentication-Results: mx.example.org; spf=pass\r\n\
            Subject: hello\r\n\
            authentication-results : \"mx.example.net\" 1; dkim=pass\r\n\
            \r\n\
            Authentication-Results: mx.example.net; this is the body\r\n";
        let (kept, removed) = remove(message, "mx.example.net");
        assert_eq!(removed, 2);
        assert_eq!(
            String::from_utf8(kept).unwrap(),
            "Authentication-Results: mx.example.org; spf=pass\r\nSubject: hello\r\n\r\n\
             Authentication-Results: mx.example.net; this is the body\r\n"
        );
        assert_eq!(remove(b"", "mx.example.net"), (vec![], 0));
        assert_eq!(remove(b"Authentication-Results: mx.example.net; none", "mx.example.net"), (vec![], 1));
    }
}
