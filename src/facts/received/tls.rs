//! What a Received field says of the encryption of its connection.

use super::Hop;
use super::lex::{Token, comment_words};
use crate::facts::text::lossy;

/// `(using TLSv1.3 with cipher …)`, `(version=TLS1_2, cipher=…)`, `(TLS1.3)`, `(TLSv1.2:…:128)`,
/// `(TLS)`, `(Using TLS)`, `(… encrypted)`
pub(super) fn of_comment(text: &[u8], comment: Token, tls: &mut Option<String>) {
    for (_, word) in comment_words(text, comment.span) {
        let word = word.strip_prefix(b"version=").unwrap_or(word);
        if let Some(version) = version(word) {
            *tls = Some(version);
            return;
        }
        if word.eq_ignore_ascii_case(b"TLS") || word.eq_ignore_ascii_case(b"encrypted") {
            tls.get_or_insert_with(|| "TLS".to_owned());
        }
    }
}

/// `with ESMTP tls TLS_AES_256_GCM_SHA384`, `over TLS secured channel`
pub(super) fn of_word(text: &[u8], word: Token, tls: &mut Option<String>) {
    if word.span.of(text).eq_ignore_ascii_case(b"TLS") {
        tls.get_or_insert_with(|| "TLS".to_owned());
    }
}

/// The S of RFC 3848: `ESMTPS`, `ESMTPSA`, `LMTPS`, `UTF8SMTPSA`; and `HTTPS`.
pub(super) fn of_protocol(hop: &mut Hop) {
    let Some(with) = &hop.with else { return };
    let name = with.value.strip_prefix("UTF8").or(with.value.strip_prefix('E')).unwrap_or(&with.value);
    if matches!(name, "SMTPS" | "SMTPSA" | "LMTPS" | "LMTPSA" | "HTTPS") {
        hop.tls.get_or_insert_with(|| "TLS".to_owned());
    }
}

/// `TLSv1.3`, `TLS1.3`, `TLS1_3`, `TLSv1`, `SSLv3` in one spelling; a cipher (`TLS_AES_…`) is none, and
/// neither is `TLSv1/SSLv3`, by which OpenSSL means the family of the cipher.
fn version(word: &[u8]) -> Option<String> {
    let word = word.split(|&b| b == b':').next()?;
    let digits = |rest: &[u8]| {
        let ok = (1..=3).contains(&rest.len()) && rest[0].is_ascii_digit();
        let ok = ok && rest.iter().all(|&b| b.is_ascii_digit() || b == b'.' || b == b'_');
        ok.then(|| lossy(rest).replace('_', "."))
    };
    let head = word.get(..3)?;
    let rest = word.get(3..)?;
    let rest = rest.strip_prefix(b"v").unwrap_or(rest);
    let family = ["TLS", "SSL"].into_iter().find(|f| head.eq_ignore_ascii_case(f.as_bytes()))?;
    digits(rest).map(|n| [family, "v", &n].concat())
}
