//! Whom a message was for before somebody's alias or rule sent it on: Postfix, Sendmail, Exim, and the report of any
//! (RFC 3464 §2.3.1). An address of the same organization is an alias of its own, and no forwarding.

use super::said;
use crate::facts::organization::same_by_list;
use std::ops::Range;

/// What stands in front of that address in a notice, lower case: Postfix and Sendmail, Exim.
const MARKS: [&str; 2] = ["(expanded from", "generated from "];

/// Where a notice about this recipient names another organization's address that the message was for before.
pub(super) fn noted(notice: &str, recipient: &str) -> Option<Range<usize>> {
    // ASCII case only: places stay.
    let lower = notice.to_ascii_lowercase();
    MARKS.iter().find_map(|mark| {
        let at = lower.find(mark)? + mark.len();
        address(notice, at).filter(|range| elsewhere(&notice[range.clone()], recipient))
    })
}

/// The same in a line of a log, in lower case, whose recipient ends here: `orig_to=<…>` of Postfix; Exim has the address
/// that it began with behind the one that it came to (specification, chapter 52).
pub(super) fn logged(line: &str, recipient: Range<usize>) -> Option<Range<usize>> {
    let postfix = || address(line, line.find("orig_to=")? + "orig_to=".len());
    let exim = || {
        let marked = [" ** ", " == ", " => ", " -> "].iter().any(|mark| line[..recipient.start].ends_with(mark));
        (marked && line[recipient.end..].starts_with(" <")).then(|| address(line, recipient.end))?
    };
    postfix().or_else(exim).filter(|range| elsewhere(&line[range.clone()], &line[recipient]))
}

/// Are these addresses of two organizations?
pub(super) fn elsewhere(before: &str, now: &str) -> bool {
    let domain = |address: &str| {
        let (local, domain) = address.rsplit_once('@')?;
        said::host(&domain.to_ascii_lowercase()).filter(|_| !local.is_empty())
    };
    domain(before).zip(domain(now)).is_some_and(|(before, now)| !same_by_list(&before, &now))
}

/// The address behind a mark, with or without brackets.
fn address(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let start = at + rest.len() - rest.trim_start_matches([':', ' ', '<', '\r', '\n', '\t']).len();
    let length = text[start..].find(|c: char| c.is_whitespace() || "<>(),;\"".contains(c))?;
    (length <= 320 && text[start..start + length].contains('@')).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_whom_it_was_for_before() {
        for (notice, before) in [
            (" (expanded from <info@example.net>): host mx.example.com said: 550", Some("info@example.net")),
            ("\n    (expanded from: <info@example.net>)\n", Some("info@example.net")),
            ("\n    (generated from info@example.net)\n    host", Some("info@example.net")),
            ("\n    (ultimately generated from info@Example.NET)\n", Some("info@Example.NET")),
            // An alias of its own, under any of its names.
            (" (expanded from <info@example.com>): host", None),
            (" (expanded from <info@mail.example.com>): host", None),
            (" (expanded from <info>): host", None),
            (" (generated from ", None),
            (": host mx.example.com said: 550", None),
        ] {
            assert_eq!(noted(notice, "bob@example.com").map(|r| &notice[r]), before, "{notice}");
        }
    }

    #[test]
    fn a_log_names_it_too() {
        for (line, before) in [
            ("to=<bob@example.com>, orig_to=<info@example.net>, relay=x", Some("info@example.net")),
            ("to=<bob@example.com>, orig_to=<info@example.com>, relay=x", None),
            ("to=<bob@example.com>, orig_to=<root>, relay=x", None),
            ("1 ** bob@example.com <info@example.net> r=dnslookup t=remote_smtp: smtp error", Some("info@example.net")),
            ("1 ** bob@example.com f=<ann@example.net> r=dnslookup t=remote_smtp: smtp error", None),
            ("1 => bob <bob@example.com> r=local_user t=local_delivery", None),
        ] {
            let start = line.find("bob@").unwrap();
            let found = logged(line, start..start + "bob@example.com".len());
            assert_eq!(found.map(|r| &line[r]), before, "{line}");
        }
    }
}
