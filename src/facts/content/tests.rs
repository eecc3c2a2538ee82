use super::*;

fn read(input: &Input) -> Option<Content> {
    super::read(input, &Header::split(&input.text))
}

fn of(text: &str) -> Content {
    read(&Input::read("-", text.as_bytes(), Some(InputKind::Message)).unwrap()).unwrap()
}

fn page(html: &str) -> Content {
    of(&format!("From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"))
}

#[test]
fn a_header_alone_and_what_is_nested_too_deep_say_nothing() {
    let header = Input::read("-", &b"From: a@example.com\r\n"[..], Some(InputKind::Headers)).unwrap();
    assert_eq!(read(&header), None);
    let deep: String =
        (0..300).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    assert_eq!(of(&deep), Content { nested: true, ..Content::default() });
}

#[test]
fn links_are_told_by_where_they_lead() {
    let content = page(
        "<p>See <a href=\"https://track.mailer.example/c?u=1&amp;v=2\">https://www.example.com/</a>, \
         <a HREF='http://192.0.2.7/x'>here</a>, <a href=https://bit.ly/abc>now</a>, \
         <a href=\"https://bank.example@evil.example/\">bank</a>, <a href=\"https://example.com/a\">www.example.com</a></p>",
    );
    let host = |h: &str| content.links.iter().find(|l| l.host == h).unwrap();
    assert_eq!(host("track.mailer.example").shown.as_deref(), Some("www.example.com"));
    assert!(host("192.0.2.7").address && !host("192.0.2.7").https);
    assert!(host("bit.ly").shortener);
    assert_eq!(host("evil.example").user.as_deref(), Some("bank.example"));
    assert_eq!(host("example.com").shown, None);
    let plain = of("From: a@example.com\r\n\r\nGo to https://example.com/a, or <http://example.com/b>.\r\n");
    assert_eq!((plain.links.len(), plain.links[0].count, plain.links[0].https), (1, 2, false));
    let mixed = page("<a href=\"https://p\u{430}ypal.example/\">x</a>");
    assert!(mixed.links[0].mixed && mixed.links[0].host.starts_with("xn--"));
}

#[test]
fn html_is_read_as_a_reader_sees_it() {
    let content = page(
        "<html><head><title>no</title><style>p{x}</style></head><body><!-- no --><p title='a > b'>Hi there</p>\
         <img src=a><IMG src=b><script>if (a < b) no</script><form></form> 1 < 2</body></html>",
    );
    let html = content.html.unwrap();
    assert_eq!((html.images, html.text), (2, "Hithere1<2".len()));
    assert_eq!(html.active, ["script", "form"]);
    assert_eq!(content.text, None);
    // What is never closed is bounded and no panic.
    page("<a href=\"https://example.com <b>text");
    page(&"<".repeat(10_000));
    page(&"<a href=\"".repeat(5_000));
}

#[test]
fn a_picture_is_small_by_what_its_tag_says() {
    let small = |tag: &str| page(&format!("<p>Hi</p>{tag}")).html.unwrap().small;
    for tag in [
        "<img src=a width=1 height=1>",
        "<img src=\"a\" width=\"120\" height=\"400\">",
        "<img src=a style=\"border:0; Height: 40px\">",
    ] {
        assert_eq!(small(tag), 1, "{tag}");
    }
    for tag in
        ["<img src=a>", "<img src=a width=600>", "<img src=a width=\"100%\">", "<img src=a style=\"max-width:90px\">"]
    {
        assert_eq!(small(tag), 0, "{tag}");
    }
    // Slices of one picture.
    assert_eq!(small(&"<img src=a height=20>".repeat(9)), 0);
}

#[test]
fn a_head_may_end_without_its_tag() {
    let body = "<p>Hi <a href=\"https://example.com/\">you</a></p>";
    for head in ["<head>", "<head><style>p {}</style></head>", "<head><script type=application/ld+json>{}</script>"] {
        let content = page(&format!("<!DOCTYPE html><html>{head}<meta charset=utf-8><title>no</title><body>{body}"));
        let html = content.html.unwrap();
        assert_eq!((html.text, html.active.len(), content.links.len()), ("Hiyou".len(), 0, 1), "{head}");
    }
}

/// Each would take minutes if every tag were read to the end of the page.
#[test]
fn a_page_of_unfinished_tags_is_read_once() {
    for (text, count) in [("<a ", 300_000), ("<a x='>'", 120_000), ("<a href=\"http://a", 55_000)] {
        assert!(page(&text.repeat(count)).links.is_empty(), "{text}");
        page(&format!("{}<p y=\">", text.repeat(count)));
    }
    let late = page("<p title=\"x>Hi</p><a href='https://example.com/'>you</a>");
    assert_eq!((late.html.unwrap().text, late.links.len()), ("Hiyou".len(), 1));
}

#[test]
fn a_way_out_an_address_and_unfilled_fields_are_seen() {
    let page = |html: &str| {
        let head = "From: a@example.com\r\nList-Unsubscribe: <mailto:u@example.com>\r\nContent-Type: text/html";
        of(&format!("{head}\r\n\r\n{html}\r\n"))
    };
    let content = page(
        "<p>Hello {{ first_name }} *|LNAME|*, <a href=\"https://example.com/u\">Unsubscribe</a></p><p>Example Inc, 1 Example Street</p>",
    );
    assert!(content.unsubscribe && content.postal);
    assert_eq!(content.placeholders, ["{{ first_name }}", "*|LNAME|*"]);
    let bare = page("<p>Hello Ann, version 2.0 is out since 2026.</p>");
    assert!(!bare.unsubscribe && !bare.postal && bare.placeholders.is_empty());
    assert!(page("<a href=\"https://example.com/unsubscribe?u=1\">Klick</a>").unsubscribe);
    assert!(page("<p>Musterfirma, Hauptstr. 12, 10115 Berlin</p>").postal);
}

#[test]
fn faults_of_the_form_are_told() {
    let long = format!("From: a@example.com\r\n\r\n{}\r\n", "x".repeat(1_500));
    assert_eq!(of(&long).faults, [Fault::LongLine { longest: 1_500, count: 1 }]);
    assert_eq!(of("From: a@example.com\r\n\r\nGr\u{fc}n\r\n").faults, [Fault::EightBit { part: "text/plain".into() }]);
    let declared =
        "From: a@example.com\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u{fc}n\r\n";
    assert_eq!(of(declared).faults, [Fault::NoCharset { part: "text/plain".into() }]);
    assert!(of(&declared.replace("text/plain", "text/plain; charset=utf-8")).faults.is_empty());
    let multipart = |head: &str, body: &str| {
        of(&format!("From: a@example.com\r\nContent-Type: multipart/mixed{head}\r\n\r\n{body}"))
    };
    assert_eq!(multipart("", "x\r\n").faults, [Fault::NoBoundary]);
    assert_eq!(multipart("; boundary=\"b c\"", "x\r\n").faults, [Fault::NoParts { boundary: "b c".into() }]);
    assert_eq!(multipart(";\r\n boundary=b", "--b\r\n\r\nx\r\n").faults, [Fault::Unclosed { boundary: "b".into() }]);
    assert!(multipart("; boundary=b", "--b\r\n\r\nx\r\n--b--\r\n").faults.is_empty());
}

fn attached(name: &str, bytes: &[u8]) -> Vec<Risk> {
    let code = crate::facts::dkim::material::encode(bytes);
    let content = of(&format!(
        "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{code}\r\n--b--\r\n"
    ));
    assert_eq!(content.attachments.len(), 1);
    content.attachments.into_iter().next().unwrap().risks
}

/// A ZIP archive's directory with one name.
fn zip(name: &str, flags: u16) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04".to_vec();
    let at = bytes.len() as u32;
    bytes.extend(b"PK\x01\x02\0\0\0\0");
    bytes.extend(flags.to_le_bytes());
    bytes.extend([0; 18]);
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(name.as_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

#[test]
fn attachments_are_judged_by_name_and_by_what_an_archive_says_it_holds() {
    assert!(attached("a.pdf", b"%PDF").is_empty());
    assert_eq!(attached("a.EXE", b"MZ"), [Risk::Blocked("exe".into())]);
    assert_eq!(attached("invoice.pdf.exe", b"MZ"), [Risk::Blocked("exe".into()), Risk::Disguised]);
    assert_eq!(attached("a.docm", b""), [Risk::Macros]);
    assert_eq!(attached("a.zip", &zip("run.js", 0)), [Risk::Holds("run.js".into())]);
    assert_eq!(attached("a.zip", &zip("plan.txt", 1)), [Risk::Encrypted]);
    assert_eq!(attached("a.docx", &zip("word/vbaProject.bin", 0)), [Risk::Macros]);
    assert!(attached("a.zip", &zip("plan.txt", 0)).is_empty());
    // A directory that leads outside, and counts that lie.
    let mut lying = zip("run.js", 0);
    let end = lying.len() - 12;
    lying[end..end + 2].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(attached("a.zip", &lying), [Risk::Holds("run.js".into())]);
    attached("a.zip", b"PK\x05\x06");
}

#[test]
fn a_case_without_the_body_keeps_what_it_said() {
    use crate::evidence::case::Case;
    use crate::evidence::{Evidence, Said};
    let text =
        "From: a@example.com\r\nContent-Type: text/html\r\n\r\n<a href=\"https://bit.ly/x\">www.example.com</a>\r\n";
    let input = Input::read("-", text.as_bytes(), Some(InputKind::Message)).unwrap();
    let before = read(&input).unwrap();
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
    let case = Case::new(&evidence, false);
    assert!(!case.write().contains("bit.ly/x"), "no more of the body than the facts");
    let again = Case::read(case.write().as_bytes()).unwrap().evidence(None).unwrap();
    assert_eq!(read(&again.input), Some(before));
}

#[test]
fn a_hundred_thousand_links_and_parts_are_bounded() {
    let many: String = (0..100_000).map(|n| format!("<a href=\"https://h{n}.example/\">x</a>")).collect();
    assert_eq!(page(&many).links.len(), LINKS);
}
