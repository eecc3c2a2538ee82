use super::*;
use proptest::prelude::*;

fn texts(text: &str) -> Vec<String> {
    let pasted = read(text.as_bytes()).unwrap();
    pasted.entries.iter().map(|e| String::from_utf8_lossy(&e.text).into_owned()).collect()
}

#[test]
fn a_bare_value_keeps_its_quotes_and_backslashes() {
    for bare in [
        "v=spf1 include:_spf.example.com -all",
        r#"\"v=spf1 -all\""#,
        r#"""v=spf1 -all"""#,
        r#""v=spf1 -all"#,
        r"v=DMARC1\; p=none",
        "v=spf1 \"include:x.example\" -all",
        "k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ",
        "include:_spf.example.com ~all",
    ] {
        let pasted = read(bare.as_bytes()).unwrap();
        assert_eq!(texts(bare), [bare]);
        assert_eq!((pasted.name, pasted.kind), (None, Kind::Txt));
        assert!(!pasted.entries[0].quoted, "{bare}");
    }
}

#[test]
fn quoted_strings_are_joined_and_escapes_undone() {
    for (text, want) in [
        (r#""v=spf1 -all""#, "v=spf1 -all"),
        (r#""\"v=spf1 -all\"""#, "\"v=spf1 -all\""),
        (r#""v=DMARC1\; p=\110one""#, "v=DMARC1; p=none"),
        ("\"v=DKIM1; \" \"k=rsa; \"\t\"p=AB\"", "v=DKIM1; k=rsa; p=AB"),
    ] {
        assert_eq!(texts(text), [want]);
        assert!(read(text.as_bytes()).unwrap().entries[0].quoted);
    }
}

#[test]
fn the_record_a_key_generator_writes() {
    let text = "s1._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; \"\n\t  \"p=MIGf\"\n\t  \"MA0G\" )  ; ----- DKIM key s1 for example.com\n";
    let pasted = read(text.as_bytes()).unwrap();
    assert_eq!(pasted.name.as_deref(), Some("s1._domainkey"));
    assert_eq!(texts(text), ["v=DKIM1; h=sha256; k=rsa; p=MIGfMA0G"]);
    assert!(matches!(&pasted.entries[0].data, Data::Txt(strings) if strings.len() == 3));
    assert!(text[..pasted.entries[0].span.end as usize].ends_with(')'));
}

#[test]
fn the_output_of_dig() {
    let text = "; <<>> DiG 9.18.1 <<>> TXT s1._domainkey.example.com\n;; global options: +cmd\n;; Got answer:\n\
        ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n\n;; QUESTION SECTION:\n;s1._domainkey.example.com. IN TXT\n\n\
        ;; ANSWER SECTION:\ns1._domainkey.example.com. 300 IN CNAME s1.dkim.example.net.\n\
        s1.dkim.example.net. 60\tIN\tTXT\t\"v=DKIM1; k=rsa; p=AB\" \"CD\"\n\n;; ADDITIONAL SECTION:\nx.example. 1 IN TXT \"no\"\n\n;; Query time: 1 msec\n";
    let pasted = read(text.as_bytes()).unwrap();
    assert_eq!((pasted.name.as_deref(), pasted.kind), (Some("s1._domainkey.example.com"), Kind::Txt));
    assert_eq!(texts(text), ["v=DKIM1; k=rsa; p=ABCD"]);
    let none = ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n;; QUESTION SECTION:\n;a.example. IN TXT\n";
    assert_eq!(read(none.as_bytes()), None);
}

#[test]
fn the_short_output_of_dig() {
    assert_eq!(texts("\"v=spf1 -all\"\n\"other=1\"\n"), ["v=spf1 -all", "other=1"]);
    assert_eq!(texts("s1.dkim.example.net.\n\"v=DKIM1; p=AB\"\n"), ["v=DKIM1; p=AB"]);
    let pasted = read(b"10 mx1.example.com.\n20 mx2.example.com.\n").unwrap();
    assert_eq!((pasted.kind, pasted.entries.len()), (Kind::Mx, 2));
}

#[test]
fn aliases_beside_the_records_are_kept() {
    let text = "example.com. IN MX 10 Mail.example.com.\nMail.example.com. IN CNAME host.example.net.\n";
    let pasted = read(text.as_bytes()).unwrap();
    let (name, alias) = &pasted.aliases[0];
    assert_eq!((name.as_str(), &alias.data), ("mail.example.com", &Data::Cname("host.example.net".into())));
    assert_eq!((pasted.kind, pasted.entries.len(), pasted.unread), (Kind::Mx, 1, 0));
}

#[test]
fn several_records_of_one_name() {
    let text =
        "$TTL 300\n$ORIGIN Example.COM.\n@ IN TXT \"v=spf1 -all\"\n  IN TXT \"v=spf1 ~all\"\nwww IN A 192.0.2.1\n";
    let pasted = read(text.as_bytes()).unwrap();
    assert_eq!(pasted.name.as_deref(), Some("example.com"));
    assert_eq!(texts(text), ["v=spf1 -all", "v=spf1 ~all"]);
}

#[test]
fn a_wrapped_value_is_one_value() {
    assert_eq!(
        texts("v=spf1 include:a.example\n  include:b.example -all\n"),
        ["v=spf1 include:a.example include:b.example -all"]
    );
    assert_eq!(texts("v=DKIM1; k=rsa; p=MIGfMA0G\r\nCSqGSIb3\r\n"), ["v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3"]);
    assert_eq!(texts("v=spf1 a:x.example\rptr -all"), ["v=spf1 a:x.example ptr -all"]);
    assert_eq!(texts("v=spf1 a -all\nv=spf1 mx -all"), ["v=spf1 a -all", "v=spf1 mx -all"]);
}

#[test]
fn other_types() {
    let pasted = read(b"em.example.com. CNAME u1.example.net.").unwrap();
    assert_eq!((pasted.name.as_deref(), pasted.kind), (Some("em.example.com"), Kind::Cname));
    assert_eq!(pasted.entries[0].data, Data::Cname("u1.example.net".into()));
    assert_eq!(read(b" \n"), None);
}

#[test]
fn a_span_of_the_text_leads_back_to_the_paste() {
    let text = r#"@ TXT "v=spf1 " "i\110clude:x -all""#;
    let pasted = read(text.as_bytes()).unwrap();
    let entry = &pasted.entries[0];
    let at = entry.text.windows(7).position(|w| w == b"include").unwrap();
    let place = entry.place(Span::new(at, at + 8));
    assert_eq!(&text[place.range()], r"i\110clude:");
}

#[test]
fn a_text_of_open_quotes_is_linear() {
    for hostile in ["\"a\" (\n", "\"\n", "@ TXT (\n", "@ TXT \"a\n", "v=spf1\n", "v=spf1 \\\n"] {
        // Enough to feel a quadratic reader.
        assert!(read(hostile.repeat(20_000).as_bytes()).is_some(), "{hostile}");
    }
}

proptest! {
    #[test]
    fn every_byte_has_its_place(text in "[ \\t\\n\"\\\\;()@$a-c=v.0-9TX]{0,80}") {
        check(text.as_bytes())?;
    }

    #[test]
    fn no_bytes_break_it(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&text)?;
    }
}

fn check(text: &[u8]) -> Result<(), TestCaseError> {
    for entry in read(text).into_iter().flat_map(|p| p.entries) {
        prop_assert!(entry.span.end as usize <= text.len());
        if matches!(entry.data, Data::Txt(_)) {
            prop_assert_eq!(entry.text.len(), entry.places.len());
            prop_assert!(entry.places.is_sorted());
            for (byte, &place) in entry.text.iter().zip(&entry.places) {
                let there = text[place as usize];
                prop_assert!(there == *byte || there == b'\\' || (*byte == b' ' && b"\r\n".contains(&there)));
            }
        }
    }
    Ok(())
}
