//! Patterns in the assets: `*` stands for anything; ASCII case does not matter.

/// Does the whole `text` match? Cost: at most the product of the lengths, without recursion;
/// patterns come from the assets and are short.
pub fn glob(pattern: &str, text: impl AsRef<[u8]>) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_ref());
    begins(p, t) && matches(p, t)
}

/// Is the first byte that of the pattern, or any? Rules nearly every pattern out.
fn begins(p: &[u8], t: &[u8]) -> bool {
    match p.first() {
        None | Some(b'*') => true,
        Some(first) => t.first().is_some_and(|found| found.eq_ignore_ascii_case(first)),
    }
}

fn matches(p: &[u8], t: &[u8]) -> bool {
    let (mut i, mut j) = (0, 0);
    // Where to go on when the run a star stands for must grow by one.
    let mut retry = None;
    loop {
        match (p.get(i), t.get(j)) {
            (Some(b'*'), _) if i + 1 == p.len() => return true,
            (Some(b'*'), _) => {
                retry = Some((i + 1, j));
                i += 1;
            }
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {
                i += 1;
                j += 1;
            }
            (None, None) => return true,
            _ => match retry {
                Some((after, from)) if from < t.len() => {
                    (i, j) = (after, from + 1);
                    retry = Some((after, from + 1));
                }
                _ => return false,
            },
        }
    }
}

/// What is longer is no name (RFC 1035 §2.3.4), the trailing dot counted.
pub const NAME: usize = 254;

/// Does a host or domain name match? Label by label from the right: a leading `*.` stands for one
/// or more labels (subdomains only), a star elsewhere stays inside its label. A trailing dot of
/// the name does not matter.
pub fn host(pattern: &str, name: &str) -> bool {
    if name.len() > NAME {
        return false;
    }
    let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
    let (open, pattern) = match pattern.strip_prefix("*.") {
        Some(rest) => (true, rest.as_bytes()),
        None => (false, pattern.as_bytes()),
    };
    if !pattern.contains(&b'*') {
        return match name.len().checked_sub(pattern.len()) {
            Some(0) => !open && name.eq_ignore_ascii_case(pattern),
            Some(more) => {
                open && name[more..].eq_ignore_ascii_case(pattern)
                    && matches!(name[..more], [.., label, b'.'] if label != b'.')
            }
            None => false,
        };
    }
    if !(open || begins(pattern, name)) || !same_end(pattern, name) {
        return false;
    }
    let dot = |b: &u8| *b == b'.';
    let mut labels = name.rsplit(dot);
    for label in pattern.rsplit(dot) {
        match labels.next() {
            Some(found) if !found.is_empty() && matches(label, found) => {}
            _ => return false,
        }
    }
    match labels.next() {
        Some(rest) => open && !rest.is_empty(),
        None => !open,
    }
}

/// Are the ends the same, up to the pattern's last star?
fn same_end(pattern: &[u8], name: &[u8]) -> bool {
    let literal = pattern.iter().rev().take_while(|b| **b != b'*').count();
    let end = |text: &'_ [u8]| text.len().checked_sub(literal);
    match (end(pattern), end(name)) {
        (Some(p), Some(n)) => pattern[p..].eq_ignore_ascii_case(&name[n..]),
        _ => false,
    }
}

/// A number that differs for most names and not with ASCII case (FNV-1a).
pub fn fold(name: &[u8]) -> u64 {
    name.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x100_0000_01b3))
}

/// Does a number, or a text, match a value of the vocabulary? `a..b` is a range of numbers with
/// both ends in it, either of which may be left out; all else is a [`glob`].
pub fn value(pattern: &str, text: &str) -> bool {
    match range(pattern) {
        Some((low, high)) => text.parse::<f64>().is_ok_and(|n| low <= n && n <= high),
        None => glob(pattern, text),
    }
}

/// The ends of `a..b`, `a..`, `..b`.
pub fn range(pattern: &str) -> Option<(f64, f64)> {
    let (low, high) = pattern.split_once("..")?;
    let end = |text: &str, open: f64| if text.is_empty() { Some(open) } else { text.parse().ok() };
    (low.len() + high.len() > 0).then_some((end(low, f64::NEG_INFINITY)?, end(high, f64::INFINITY)?))
}

/// A template with blanks as a pattern: each `<blank>` stands for anything.
pub fn open(template: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in template.chars() {
        match c {
            '<' => {
                inside = true;
                out.push('*');
            }
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text, want) in [
            ("X-SG-*", "x-sg-eid", true),
            ("X-SG-*", "X-SGX", false),
            ("*", "", true),
            ("", "", true),
            ("a*b*c", "a--b--b-c", true),
            ("a*b*c", "a--b--b-", false),
            ("bounce-mc.us*_*@*", "bounce-mc.us7_123.456@mail1.example.net", true),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn a_leading_star_means_subdomains_only() {
        for (pattern, name, want) in [
            ("*.sendgrid.net", "o1.ptr1.sendgrid.net", true),
            ("*.sendgrid.net", "sendgrid.net", false),
            ("*.sendgrid.net", "notsendgrid.net", false),
            ("*.sendgrid.net", ".sendgrid.net", false),
            ("sendgrid.net", "SendGrid.net.", true),
            ("sendgrid.net", "a.sendgrid.net", false),
            ("mail-*.google.com", "mail-sor-f41.google.com", true),
            ("mail-*.google.com", "mail-a.b.google.com", false),
            ("geopod-ismtpd-*", "geopod-ismtpd-3-0", true),
            ("mx.zoho.*", "mx.zoho.eu", true),
        ] {
            assert_eq!(host(pattern, name), want, "{pattern} {name}");
        }
        assert!(!host("*.example.com", &format!("{}example.com", "a.".repeat(200))));
    }

    #[test]
    fn ranges_hold_both_ends() {
        assert!(value("5..6", "5") && value("5..6", "6") && !value("5..6", "7"));
        assert!(value("4..", "4.3") && !value("4..", "x") && value("..-3", "-4.1"));
        assert!(value("-1", "-1") && !value("1", "-1"));
        assert!(!value("4..", "NaN"));
        assert_eq!(range(".."), None);
        assert_eq!(range("a..b"), None);
    }
}
