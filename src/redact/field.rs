//! What of a header field is hidden.

/// What of a header field is hidden beside domains, local parts and addresses.
pub(super) enum Hide {
    Nothing,
    /// The names beside the addresses.
    Names,
    /// Runs that look like ids.
    Tokens,
    AllButLast,
    /// The whole value, as of every field that nothing is read from.
    Value,
}

pub(super) fn hide(name: &str) -> Hide {
    const NAMES: &[&str] = &["from", "sender", "reply-to", "to", "cc", "bcc", "list-id"];
    const PLAIN: &[&str] = &[
        "received",
        "return-path",
        "authentication-results",
        "received-spf",
        "dkim-signature",
        "domainkey-signature",
        "x-google-dkim-signature",
        "arc-seal",
        "arc-message-signature",
        "arc-authentication-results",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-forwarded-to",
        "x-forwarded-for",
        "errors-to",
        "date",
        "resent-date",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-language",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-post",
        "list-help",
        "list-subscribe",
        "list-owner",
        "list-archive",
        "precedence",
        "auto-submitted",
        "priority",
        "importance",
        "x-priority",
        "x-msmail-priority",
        "disposition-notification-to",
        "return-receipt-to",
        "tls-report-domain",
        "tls-report-submitter",
        "feedback-type",
        "x-spam-flag",
        // Of a delivery status (RFC 3464), which stands among fields where the parts of a bounce do not hold.
        "reporting-mta",
        "received-from-mta",
        "arrival-date",
        "original-recipient",
        "final-recipient",
        "action",
        "status",
        "remote-mta",
        "diagnostic-code",
        "last-attempt-date",
        "will-retry-until",
    ];
    const TOKENS: &[&str] =
        &["x-mailer", "user-agent", "x-ms-exchange-organization-authsource", "x-hmxmroriginalrecipient"];
    match name {
        "feedback-id" => Hide::AllButLast,
        _ if PLAIN.contains(&name) => Hide::Nothing,
        _ if NAMES.contains(&name) || name.starts_with("resent-") && name != "resent-message-id" => Hide::Names,
        _ if TOKENS.contains(&name) => Hide::Tokens,
        _ => Hide::Value,
    }
}

/// Nothing to hide, or nothing but addresses and message-ids, whose parts are found anyway.
pub(super) fn is_told(line: &str) -> bool {
    is_plain(line) || is_date(line) || line.split_whitespace().all(|word| word.contains('@'))
}

/// A date by itself (RFC 5322 §3.3), which stands in fields that are read, too.
fn is_date(line: &str) -> bool {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let time = |word: &str| word.contains(':') && word.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let words: Vec<&str> = line.split_whitespace().collect();
    words.len() < 8 && words.iter().any(|w| MONTHS.contains(w)) && words.iter().any(|w| time(w))
}

/// A value that is a number or a word of the trade tells nothing of anybody.
pub(super) fn is_plain(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "normal",
        "high",
        "low",
        "bulk",
        "list",
        "true",
        "false",
        "none",
        "html",
        "text",
        "plain",
        "pass",
        "fail",
        "unknown",
        "localhost",
        "internal",
        "anonymous",
        "original",
        "email",
        "mail",
        "user",
        "smtp",
        "auto",
        "urgent",
        "spamd",
        "rspamd",
    ];
    value.len() < 4
        || WORDS.contains(&value.to_ascii_lowercase().as_str())
        || value.bytes().all(|b| !b.is_ascii_alphanumeric())
}
