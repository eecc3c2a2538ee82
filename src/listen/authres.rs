//! Writing Authentication-Results (RFC 8601 §2.2). What is written here, [`crate::facts::authres`] reads back.

/// One `method=result`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResult {
    pub method: &'static str,
    pub result: String,
    /// Our own words, in parentheses.
    pub comment: Option<String>,
    pub reason: Option<String>,
    /// `ptype.property`, and its value: strangers' text.
    pub props: Vec<(&'static str, String)>,
}

impl MethodResult {
    pub fn new(method: &'static str, result: &str) -> MethodResult {
        MethodResult { method, result: result.to_owned(), ..MethodResult::default() }
    }

    pub fn prop(mut self, property: &'static str, value: impl Into<String>) -> Self {
        self.props.push((property, value.into()));
        self
    }
}

/// The whole field, folded after each result, with its final CRLF.
pub fn field(authserv_id: &str, results: &[MethodResult]) -> String {
    let mut out = format!("Authentication-Results: {}", value(authserv_id, false));
    if results.is_empty() {
        out.push_str("; none");
    }
    for result in results {
        out.push_str(&format!(";\r\n\t{}={}", result.method, result.result));
        if let Some(comment) = &result.comment {
            out.push_str(&format!(" ({})", quoted(comment, "()")));
        }
        if let Some(reason) = &result.reason {
            out.push_str(&format!(" reason=\"{}\"", quoted(reason, "\"")));
        }
        for (property, text) in &result.props {
            let address = matches!(*property, "smtp.mailfrom" | "header.i");
            out.push_str(&format!("\r\n\t {property}={}", value(text, address)));
        }
    }
    out.push_str("\r\n");
    out
}

/// A `value` (RFC 2045 §5.1) as it is where it is a token, or an address of dot-atoms; else in quotes.
fn value(text: &str, address: bool) -> String {
    let token = |c: char| !c.is_ascii() || c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c);
    // RFC 8601 §2.2 pvalue: `[ [ local-part ] "@" ] domain-name`
    let parts: Vec<&str> = if address { text.splitn(2, '@').collect() } else { vec![text] };
    let plain = parts.iter().all(|part| part.chars().all(token) && !part.chars().any(unseen));
    let whole = parts.last().is_some_and(|last| !last.is_empty());
    if plain && whole { text.to_owned() } else { format!("\"{}\"", quoted(text, "\"")) }
}

/// A quoted string's or a comment's content: `special` and the backslash are escaped, what nobody can see or what
/// would end the line becomes a question mark.
fn quoted(text: &str, special: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if unseen(c) => out.push('?'),
            c if c == '\\' || special.contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn unseen(c: char) -> bool {
    c.is_control() || crate::safe::is_unseen(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::authres::read_value;
    use proptest::prelude::*;

    fn read(field: &str) -> crate::facts::authres::AuthRes {
        let value = field.strip_prefix("Authentication-Results:").unwrap().strip_suffix("\r\n").unwrap();
        // One field, whatever stands in it: every line but the first begins with a blank.
        assert!(value.split("\r\n").skip(1).all(|line| line.starts_with('\t')), "{value:?}");
        assert!(!value.replace("\r\n", "").contains(['\r', '\n', '\0']), "{value:?}");
        read_value(value.as_bytes(), 0)
    }

    #[test]
    fn a_field_as_it_is_written() {
        let spf = MethodResult { comment: Some("ip4:192.0.2.4 (a term)".into()), ..MethodResult::new("spf", "pass") };
        let dkim = MethodResult { reason: Some("body-hash-mismatch".into()), ..MethodResult::new("dkim", "fail") };
        let results = [
            spf.prop("smtp.mailfrom", "news@example.com"),
            dkim.prop("header.d", "example.com").prop("header.b", "a/b+c=="),
            MethodResult::new("dmarc", "pass").prop("header.from", "example.com"),
        ];
        assert_eq!(
            field("mx.example.net", &results),
            "Authentication-Results: mx.example.net;\r\n\
             \tspf=pass (ip4:192.0.2.4 \\(a term\\))\r\n\t smtp.mailfrom=news@example.com;\r\n\
             \tdkim=fail reason=\"body-hash-mismatch\"\r\n\t header.d=example.com\r\n\t header.b=\"a/b+c==\";\r\n\
             \tdmarc=pass\r\n\t header.from=example.com\r\n"
        );
        assert_eq!(field("mx.example.net", &[]), "Authentication-Results: mx.example.net; none\r\n");
        assert!(read(&field("mx.example.net", &[])).none);
    }

    proptest! {
        /// Whatever a stranger writes into an address, a domain or a signature: what was meant is what is read.
        #[test]
        fn what_is_written_is_what_is_read(
            from in "\\PC{0,30}|[a-z.]{1,8}@[a-z.]{1,9}|[ -~\\r\\n\\t\\\\\"();=@]{0,30}",
            domain in "\\PC{0,20}|[a-z]{1,9}\\.example|[ -~\\r\\n\\\\\"();=]{0,20}",
            comment in "\\PC{0,20}|[ -~\\r\\n()\\\\;]{0,20}",
            reason in "[ -~\\r\\n\"\\\\;]{1,20}",
        ) {
            let spf = MethodResult { comment: Some(comment), ..MethodResult::new("spf", "softfail") };
            let dkim = MethodResult { reason: Some(reason.clone()), ..MethodResult::new("dkim", "fail") };
            let wrote = [spf.prop("smtp.mailfrom", &from), dkim.prop("header.d", &domain).prop("header.s", "s1"),
                MethodResult::new("dmarc", "pass").prop("header.from", &domain)];
            let got = read(&field("mx.example.net", &wrote));
            prop_assert_eq!(got.authserv_id.as_ref().map(|id| &id.value[..]), Some("mx.example.net"));
            let methods: Vec<_> = got.results.iter().map(|r| (&r.method[..], &r.result[..])).collect();
            prop_assert_eq!(methods, vec![("spf", "softfail"), ("dkim", "fail"), ("dmarc", "pass")]);
            let seen = |text: &str| text.chars().map(|c| if unseen(c) { '?' } else { c }).collect::<String>();
            let prop = |n: usize, ptype: &str, name: &str| got.results[n].prop(ptype, name).map(|p| p.value.clone());
            prop_assert_eq!(prop(0, "smtp", "mailfrom"), Some(seen(&from)));
            prop_assert_eq!(prop(1, "header", "d"), Some(seen(&domain)));
            prop_assert_eq!(prop(1, "header", "s"), Some("s1".to_owned()));
            prop_assert_eq!(prop(2, "header", "from"), Some(seen(&domain)));
            prop_assert_eq!(got.results[1].reason.as_ref().map(|r| r.value.clone()), Some(seen(&reason)));
        }
    }
}
