use super::*;
use proptest::prelude::*;

fn from(value: &[u8]) -> (From, Vec<u8>) {
    let text = [b"From:".as_slice(), value, b"\r\nSubject: x\r\n\r\n"].concat();
    (From::read(&Header::split(&text), &text), text)
}

/// Display, local part and domain of each entry.
fn entries(value: &str) -> Vec<(String, String, String)> {
    let (from, _) = from(value.as_bytes());
    from.mailboxes
        .into_iter()
        .map(|m| {
            let (local, domain) = m.address.map(|a| (a.local, a.domain)).unwrap_or_default();
            (m.display, local, domain)
        })
        .collect()
}

fn one(value: &str) -> (String, String, String) {
    let mut all = entries(value);
    assert_eq!(all.len(), 1, "{value}: {all:?}");
    all.remove(0)
}

fn triple(display: &str, local: &str, domain: &str) -> (String, String, String) {
    (display.into(), local.into(), domain.into())
}

#[test]
fn every_way_to_write_one_address() {
    for (value, display, local, domain) in [
        (" user@example.com", "", "user", "example.com"),
        (" <user@Example.COM.>", "", "user", "example.com"),
        (" Jane Doe <jane@example.com>", "Jane Doe", "jane", "example.com"),
        (" \"Doe, Jane\"\r\n\t<jane@example.com>", "Doe, Jane", "jane", "example.com"),
        (" \"Jane \\\"J\\\" Doe\" <jane@example.com>", "Jane \"J\" Doe", "jane", "example.com"),
        (" jane@example.com (Jane (J) Doe)", "Jane (J) Doe", "jane", "example.com"),
        (" (c) Jane (d) <jane(e)@(f)example.com> (g)", "Jane", "jane", "example.com"),
        (" jane . doe @ example . com", "", "jane.doe", "example.com"),
        (" <@a.example,@b.example:jane@example.com>", "", "jane", "example.com"),
        (" \"user@example.com\"@example.net", "", "user@example.com", "example.net"),
        (" \"a b\"@example.net", "", "a b", "example.net"),
        (" <\"\"@example.net>", "", "", "example.net"),
        (" Jane <mailto:jane@example.com>", "Jane", "jane", "example.com"),
        (" jane@[192.0.2.1]", "", "jane", "[192.0.2.1]"),
        (" <jane@[IPv6:2001:DB8::1]>", "", "jane", "[ipv6:2001:db8::1]"),
        (" <<jane@example.com>>", "", "jane", "example.com"),
        (" Jane jane@example.com", "Jane", "jane", "example.com"),
        (" Jane <jane@example.com", "Jane", "jane", "example.com"),
        (" a@b@example.com", "", "a@b", "example.com"),
        (" =?utf-8?q?J=C3=BCrgen?= <j@example.com>", "J\u{fc}rgen", "j", "example.com"),
        (" \"=?utf-8?b?SsO8cmdlbg==?=\" <j@example.com>", "J\u{fc}rgen", "j", "example.com"),
        (" =?utf-8?q?a, b@c?= <j@example.com>", "a, b@c", "j", "example.com"),
        (" J\u{fc}rgen <j\u{fc}rgen@b\u{fc}cher.example>", "J\u{fc}rgen", "j\u{fc}rgen", "xn--bcher-kva.example"),
        (" j@XN--BCHER-KVA.example", "", "j", "xn--bcher-kva.example"),
        (" jane@localhost", "", "jane", "localhost"),
        (" Staff: jane@example.com;", "", "jane", "example.com"),
        (" Re: Jane <jane@example.com>", "Re: Jane", "jane", "example.com"),
        (" , jane@example.com ,", "", "jane", "example.com"),
    ] {
        assert_eq!(one(value), triple(display, local, domain), "{value}");
    }
}

#[test]
fn what_is_no_address_is_none() {
    for value in [
        " Jane",
        " <>",
        " Jane <jane>",
        " @example.com",
        " jane@",
        " <jane@example..com>",
        " <jane@exa mple.com>",
        " jane@.",
        " jane@ex/ample.com",
    ] {
        let (from, _) = from(value.as_bytes());
        assert!(from.mailboxes.iter().all(|m| m.address.is_none()), "{value}: {from:?}");
        assert!(matches!(from.problems[..], [FromProblem::Unparseable(_)]), "{value}: {from:?}");
        assert_eq!(from.domain(), None);
    }
}

#[test]
fn several_addresses_are_all_read() {
    assert_eq!(
        entries(" A <a@x.example>, b@y.example (B), G: c@z.example;"),
        [triple("A", "a", "x.example"), triple("B", "b", "y.example"), triple("", "c", "z.example"),]
    );
    assert_eq!(entries(" A <a@x.example> B <b@y.example>").len(), 2);
    assert_eq!(entries(" a@x.example b@y.example").len(), 2);
    assert_eq!(entries(" <a@x.example> b@y.example").len(), 2);
    let (from, text) = from(b" a@x.example, b@y.example");
    assert_eq!(from.domain(), None);
    let [FromProblem::SeveralAddresses(spans)] = &from.problems[..] else { panic!("{from:?}") };
    assert_eq!(spans.iter().map(|s| s.of(&text)).collect::<Vec<_>>(), [b"a@x.example", b"b@y.example"]);
}

#[test]
fn spans_cover_the_address_and_its_domain() {
    let (from, text) = from(b" \"J\" <jane@Example.com>");
    let address = from.address().unwrap();
    assert_eq!(address.span.of(&text), b"jane@Example.com");
    assert_eq!(address.domain_span.of(&text), b"Example.com");
    assert_eq!(from.mailboxes[0].span.of(&text), b"\"J\" <jane@Example.com>");
}

#[test]
fn problems_name_what_is_wrong() {
    let problem = |value: &[u8]| from(value).0.problems;
    assert!(problem(b" Jane <jane@example.com>").is_empty());
    assert!(matches!(problem(b" , ,")[..], [FromProblem::Empty(_)]));
    assert!(matches!(problem(b"")[..], [FromProblem::Empty(_)]));
    assert!(matches!(problem(b" Nobody: ;")[..], [FromProblem::Group(_)]));
    assert!(matches!(problem(b" Staff: jane@example.com;")[..], [FromProblem::Group(_)]));
    assert!(matches!(problem(b" Doe, Jane <jane@example.com>")[..], [FromProblem::UnquotedName(_)]));
    assert!(matches!(problem(b" J\xfcrgen <j@example.com>")[..], [FromProblem::Raw8Bit(s)] if s.len() == 1));
    assert!(matches!(problem("J\u{fc}rgen <j@example.com>".as_bytes())[..], [FromProblem::Raw8Bit(_)]));
    assert!(problem("J\u{fc}rgen <j\u{fc}@example.com>".as_bytes()).is_empty());
    let two = b"From: a@x.example\nfrom: b@y.example\n\n";
    let from = From::read(&Header::split(two), two);
    assert!(matches!(&from.problems[..], [FromProblem::SeveralFields(s)] if s.len() == 2));
    assert_eq!((from.address().map(|a| &a.domain[..]), from.domain()), (Some("x.example"), None));
    let none = b"Subject: x\n\n";
    assert_eq!(From::read(&Header::split(none), none).problems, [FromProblem::Missing]);
}

#[test]
fn utf8_mail_may_write_names_raw() {
    let text = "Received: from a.example by b.example with UTF8SMTPS id 1\nFrom: J\u{fc} <j@example.com>\n\n";
    assert!(From::read(&Header::split(text.as_bytes()), text.as_bytes()).problems.is_empty());
}

#[test]
fn another_address_in_the_display_name_is_seen() {
    for (value, expected) in [
        (" \"ceo@example.com\" <x@other.example>", Some("example.com")),
        (" ceo@example.com <x@other.example>", Some("example.com")),
        (" =?utf-8?q?ceo=40example=2Ecom?= <x@other.example>", Some("example.com")),
        (" \"x@other.example\" <x@other.example>", None),
        (" \"meet @ noon\" <x@other.example>", None),
        (" \"user@home\" <x@other.example>", None),
    ] {
        let found = from(value.as_bytes()).0.problems.into_iter().find_map(|p| match p {
            FromProblem::AddressInDisplay { domain, .. } => Some(domain),
            _ => None,
        });
        assert_eq!(found.as_deref(), expected, "{value}");
    }
}

#[test]
fn reverse_paths() {
    for (value, expected) in [
        (" <bounce@example.com>", Some(Some("example.com"))),
        (" bounce@Example.com", Some(Some("example.com"))),
        ("<SRS0=a=b=other.example=user@example.com>", Some(Some("example.com"))),
        (" <>", Some(None)),
        (" <MAILER-DAEMON>", Some(None)),
        (" MAILER-DAEMON", Some(None)),
        (" ", None),
    ] {
        let text = format!("Return-Path:{value}\nReturn-Path: <later@example.org>\n\n");
        let path = return_path(&Header::split(text.as_bytes()), text.as_bytes());
        let found = path.as_ref().map(|p| p.address.as_ref().map(|a| a.domain.as_str()));
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn long_and_hostile_values_take_linear_time() {
    // Enough to feel a quadratic reader; the benchmarks have more.
    let big = 50_000;
    for piece in ["a@b.example, ", "(", "\"", "<", "[", "=?a?q?", "w ", "w : ", "@", "a@b@", "\\", ",", "=?"] {
        let value = piece.repeat(big / piece.len());
        from(value.as_bytes());
        from(format!("{value}@ x : : : :;").as_bytes());
    }
}

fn check_spans(from: &From, text: &[u8]) {
    for mailbox in &from.mailboxes {
        assert!(mailbox.span.end as usize <= text.len() && mailbox.span.start <= mailbox.span.end);
        if let Some(address) = &mailbox.address {
            assert!(mailbox.span.start <= address.span.start && address.span.end <= mailbox.span.end);
            assert!(address.span.start <= address.domain_span.start && address.domain_span.end <= address.span.end);
        }
    }
}

proptest! {
    #[test]
    fn never_panics_on_any_bytes(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (from, text) = from(&value);
        check_spans(&from, &text);
        return_path(&Header::split(&text), &text);
    }

    #[test]
    fn never_panics_on_likely_bytes(value in r#"[ab@<>,;:()"\\\[\]. =?q\n\t\x{fc}-]{0,60}"#) {
        let (from, text) = from(value.as_bytes());
        check_spans(&from, &text);
    }

    #[test]
    fn a_printed_list_reads_back(
        list in proptest::collection::vec(
            ("[a-zA-Z ,.()<>@:;\"\\\\]{0,12}", "[a-zA-Z0-9 .@\"+\\\\-]{1,10}", "[a-z]{1,8}(-[a-z0-9]{1,4})?\\.(example|test)"),
            1..6,
        )
    ) {
        let quote = |s: &str| format!("\"{}\"", s.replace('\\', "\\\\").replace('"', "\\\""));
        let printed: Vec<String> = list
            .iter()
            .map(|(name, local, domain)| format!("{} <{}@{domain}>", quote(name), quote(local)))
            .collect();
        let read = entries(&format!(" {}", printed.join(",\r\n ")));
        let collapse = |s: &str| s.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let wanted: Vec<_> =
            list.iter().map(|(name, local, domain)| triple(&collapse(name), local, domain)).collect();
        prop_assert_eq!(read, wanted);
    }
}
