//! Each mangling, done to one clean header by code, must be undone.

use crate::evidence::{Input, InputKind, RepairKind};
use crate::facts::header::Header;
use crate::span::Span;
use proptest::prelude::*;

const HEADER: &str = "Delivered-To: bob@example.net\n\
Received: by 2001:db8:9:: with SMTP id k5csp412; Mon, 5 Jan 2026 10:00:02 -0800 (PST)\n\
Return-Path: <bounce@mail.example.com>\n\
Received: from mta1.example.com (mta1.example.com. [192.0.2.10])\n        by mx.example.net with ESMTPS id a1si77\n        for <bob@example.net>\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\n        Mon, 05 Jan 2026 10:00:01 -0800 (PST)\n\
Authentication-Results: mx.example.net;\n       dkim=fail header.i=@example.com header.s=s1 header.b=AbCdEfGh;\n       spf=pass (example.net: domain of bounce@mail.example.com designates 192.0.2.10 as permitted sender) smtp.mailfrom=bounce@mail.example.com;\n       dmarc=fail (p=REJECT sp=REJECT dis=NONE) header.from=example.com\n\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\n\th=from:to:subject:date:message-id;\n\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n\tb=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01\n\t 23456789AbCdEfGhIjKlMnOpQrStUvWxYz==\n\
From: Alice Example <alice@example.com>\n\
To: bob@example.net\n\
Subject: January invoice\n\
Message-ID: <20260105180000.1@example.com>\n\
Date: Mon, 05 Jan 2026 18:00:00 +0000\n\
MIME-Version: 1.0\n\
Content-Type: text/plain; charset=utf-8\n";

const BODY: &str = "\nHello Bob,\n\n> From: quoted\n  indented: line\nb=not a tag\nBye\n";

fn read(text: impl AsRef<[u8]>) -> Input {
    let input = Input::read("-", text.as_ref(), None).unwrap();
    assert_kept(&input);
    input
}

/// Every byte of the text stands for the same byte of the original, or was replaced.
fn assert_kept(input: &Input) {
    let mut last = 0;
    for (n, &byte) in input.text.iter().enumerate() {
        let place = input.locate(Span::new(n, n + 1));
        assert!(place.start >= last && place.end >= place.start && place.end <= input.original.len());
        last = place.start;
        let there = &input.original[place.start..place.end];
        let kept = there == [byte];
        let replaced = there.is_empty() && byte == b' ' // inserted fold
            || there == b"\r" && byte == b'\n'
            || b" .@t".contains(&byte) && !there.contains(&byte) | (there.len() > 1);
        assert!(kept || replaced, "{:?} stands for {:?}", char::from(byte), String::from_utf8_lossy(there));
    }
}

/// Names, and values with all blanks taken out: a wrap may stand in the middle of a word.
fn fields(text: &[u8]) -> Vec<(String, String)> {
    let header = Header::split(text);
    assert_eq!(header.stray, [], "{}", String::from_utf8_lossy(text));
    let show = |span: Span| String::from_utf8_lossy(span.of(text)).into_owned();
    header.fields.iter().map(|f| (show(f.name), unfold(&show(f.value)))).collect()
}

fn unfold(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_mended(mangled: impl AsRef<[u8]>, by: &[RepairKind]) -> Input {
    let input = read(mangled);
    assert_eq!(fields(&input.text), fields(HEADER.as_bytes()));
    assert_eq!(input.repairs.iter().map(|r| r.kind).collect::<Vec<_>>(), by);
    assert!(matches!(input.kind, InputKind::Headers | InputKind::Message), "{:?}", input.kind);
    input
}

fn each_line(text: &str, f: impl Fn(&str) -> String) -> String {
    text.lines().map(|l| f(l) + "\n").collect()
}

#[test]
fn what_is_intact_is_not_touched() {
    for eol in ["\n", "\r\n"] {
        for text in [HEADER.to_owned(), format!("{HEADER}\n"), format!("{HEADER}{BODY}")] {
            let text = text.replace('\n', eol);
            let input = read(&text);
            assert_eq!(input.repairs, []);
            assert!(std::sync::Arc::ptr_eq(&input.text, &input.original));
        }
    }
    assert_eq!(read(HEADER).kind, InputKind::Headers);
    assert_eq!(read(format!("{HEADER}\n \r\n")).kind, InputKind::Headers);
    assert_eq!(read(format!("{HEADER}{BODY}")).kind, InputKind::Message);
}

#[test]
fn raw_utf8_of_the_sender_is_not_touched() {
    let text = HEADER.replace("January invoice", "Ihre\u{a0}Rechnung \u{1F469}\u{200d}\u{1F4BB}");
    assert_eq!(read(&text).repairs, []);
}

#[test]
fn quoted_in_a_reply() {
    for prefix in ["> ", ">", ">> ", "> > ", "| ", "  > "] {
        let quoted = each_line(HEADER, |l| format!("{prefix}{l}"));
        let input = assert_mended(&quoted, &[RepairKind::QuotePrefix]);
        assert_eq!(input.repairs[0].lines, (1..=HEADER.lines().count() as u32).collect::<Vec<_>>());
        assert_eq!(&*input.text, HEADER.as_bytes());
    }
}

#[test]
fn a_quoted_message_is_unquoted_to_its_end() {
    let whole = format!("{HEADER}{BODY}");
    // Clients leave out the blank after the mark of an empty line.
    let quoted = each_line(&whole, |l| if l.is_empty() { ">".into() } else { format!("> {l}") });
    assert_eq!(&*assert_mended(quoted, &[RepairKind::QuotePrefix]).text, whole.as_bytes());
}

#[test]
fn prose_around_a_quotation_is_no_part_of_it() {
    let quoted = each_line(HEADER, |l| format!("> {l}"));
    let text = format!("Hi, what is wrong with this?\n\n{quoted}\nThanks\nCarol\n");
    let input = assert_mended(&text, &[RepairKind::QuotePrefix, RepairKind::Preamble]);
    assert_eq!(input.kind, InputKind::Headers);
    assert_eq!(input.repairs[1].lines, [1, 2]);
    let from = Header::split(&input.text).first(&input.text, "From").unwrap();
    let place = input.locate(from.span());
    assert_eq!(&text[place.start..place.end], "From: Alice Example <alice@example.com>");
    assert_eq!(input.line_of(place.start), 3 + HEADER.lines().position(|l| l.starts_with("From:")).unwrap());
}

#[test]
fn indented() {
    for indent in ["    ", "\t", "\u{a0}\u{a0}"] {
        let text = each_line(HEADER, |l| format!("{indent}{l}"));
        let input = assert_mended(text, &[RepairKind::Indent]);
        assert_eq!(&*input.text, HEADER.as_bytes());
    }
    let first = format!("   {HEADER}");
    assert_eq!(assert_mended(first, &[RepairKind::Indent]).repairs[0].lines, [1]);
    let text = each_line(HEADER, |l| format!("  {l}"));
    assert_mended(text.trim_start(), &[RepairKind::Indent]);
}

#[test]
fn indented_inside_a_quotation() {
    assert_mended(each_line(HEADER, |l| format!(">     {l}")), &[RepairKind::QuotePrefix]);
}

#[test]
fn cr_only() {
    let text = format!("{HEADER}{BODY}").replace('\n', "\r");
    let input = assert_mended(&text, &[RepairKind::LineEnds]);
    assert_eq!(input.kind, InputKind::Message);
    assert_eq!(input.repairs[0].lines[..3], [1, 2, 3]);
    assert!(!input.text.contains(&b'\r'));
}

#[test]
fn crlf_converted_twice() {
    let text = format!("{HEADER}{BODY}").replace('\n', "\r\r\n");
    let input = assert_mended(&text, &[RepairKind::LineEnds]);
    assert_eq!(&*input.text, format!("{HEADER}{BODY}").replace('\n', "\r\n").as_bytes());
}

#[test]
fn every_line_doubled() {
    let doubled = |t: &str| t.replace('\n', "\n\n");
    assert_eq!(&*assert_mended(doubled(HEADER), &[RepairKind::BlankLines]).text, HEADER.as_bytes());
    let whole = format!("{HEADER}{BODY}");
    assert_eq!(&*assert_mended(doubled(&whole), &[RepairKind::BlankLines]).text, whole.as_bytes());
    let crlf = doubled(HEADER).replace('\n', "\r\n");
    assert_mended(crlf, &[RepairKind::BlankLines]);
}

#[test]
fn fields_set_apart() {
    let text = HEADER.replace('\n', "\n\n").replace("\n\n ", "\n ").replace("\n\n\t", "\n\t");
    assert_mended(text, &[RepairKind::BlankLines]);
}

#[test]
fn empty_lines_on_top() {
    assert_eq!(assert_mended(format!("\n \n\r\n{HEADER}"), &[RepairKind::BlankLines]).repairs[0].lines, [1, 2, 3]);
}

#[test]
fn a_body_in_paragraphs_is_not_doubling() {
    let text = "Subject: x\n\nNote: one\n\nTwo\n\nThree\n";
    let input = read(text);
    assert_eq!((input.kind, &input.repairs[..]), (InputKind::Message, &[][..]));
}

#[test]
fn a_header_torn_in_two() {
    let at = HEADER.find("From:").unwrap();
    assert_mended(format!("{}\n{}", &HEADER[..at], &HEADER[at..]), &[RepairKind::BlankLines]);
}

#[test]
fn folding_lost() {
    let text = each_line(HEADER, |l| l.trim_start().to_owned());
    let input = assert_mended(&text, &[RepairKind::Refold]);
    let torn = HEADER.lines().enumerate().filter(|(_, l)| l.starts_with([' ', '\t'])).map(|(n, _)| n as u32 + 1);
    assert_eq!(input.repairs[0].lines, torn.collect::<Vec<_>>());
    assert_mended(format!("{text}{BODY}"), &[RepairKind::Refold]);
}

#[test]
fn folding_of_antispam_fields_lost() {
    let text = "X-Forefront-Antispam-Report:\nCIP:192.0.2.1;CTRY:;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;\nX-Microsoft-Antispam: BCL:0;\nX-Microsoft-Antispam-Mailbox-Delivery:\nucf:0;jmr:0;auth:0;dest:I;\nFrom: a@example.com\n";
    let input = read(text);
    let names: Vec<_> = fields(&input.text).into_iter().map(|(n, _)| n).collect();
    assert_eq!(
        names,
        ["X-Forefront-Antispam-Report", "X-Microsoft-Antispam", "X-Microsoft-Antispam-Mailbox-Delivery", "From"]
    );
    assert_eq!(input.repairs[0].lines, [2, 5]);
}

#[test]
fn hard_wrapped_at_72() {
    let options = textwrap::Options::new(72)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace);
    let text = each_line(HEADER, |l| textwrap::fill(l, &options));
    assert_ne!(text, HEADER);
    assert_mended(&text, &[RepairKind::Refold]);
    assert_mended(format!("{text}{BODY}"), &[RepairKind::Refold]);
    let quoted = each_line(HEADER, |l| textwrap::fill(&format!("> {l}"), &options));
    assert_mended(quoted, &[RepairKind::QuotePrefix, RepairKind::Refold]);
}

#[test]
fn cut_at_a_terminals_edge() {
    let cut = |l: &str| {
        let chars: Vec<char> = l.chars().collect();
        chars.chunks(60).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    };
    let long = format!("{HEADER}X-One: {}\nX-Two: {}\n", "word.".repeat(40), "name-".repeat(30));
    let input = read(each_line(&long, cut));
    assert_eq!(fields(&input.text), fields(long.as_bytes()));
}

#[test]
fn blanks_of_a_web_page() {
    let text = HEADER.replace(": ", ":\u{a0}").replace("        by", "\u{a0}\u{a0} \u{a0}by");
    assert_mended(text, &[RepairKind::Invisible]);
    let text = HEADER.replace("Authentication-Results:", "\u{200b}Authentication-\u{ad}Results\u{2060}:");
    assert_mended(text, &[RepairKind::Invisible]);
    let body = format!("{HEADER}\u{a0}{BODY}");
    assert_eq!(assert_mended(body, &[RepairKind::Invisible]).kind, InputKind::Message);
}

#[test]
fn byte_order_mark() {
    assert_eq!(assert_mended(format!("\u{feff}{HEADER}"), &[RepairKind::Invisible]).repairs[0].lines, [1]);
}

#[test]
fn mbox_line() {
    for from in
        ["From bounce@mail.example.com  Mon Jan  5 18:00:02 2026", ">From MAILER-DAEMON Mon Jan  5 18:00:02 2026"]
    {
        assert_eq!(assert_mended(format!("{from}\n{HEADER}{BODY}"), &[RepairKind::MboxFrom]).repairs[0].lines, [1]);
    }
}

#[test]
fn the_first_message_of_an_mbox_is_read_without_its_marks() {
    let from = "From bounce@mail.example.com  Mon Jan  5 18:00:02 2026";
    let body = "\nFrom here it is prose.\n\n>From afar\n>>From further\n\n";
    let mbox = format!("{from}\n{HEADER}{body}{from}\n{HEADER}\nThe second.\n");
    let input = read(&mbox);
    let alone = format!("{HEADER}{body}").replace("\n>From", "\nFrom").replace("\n>>From", "\n>From");
    assert_eq!(String::from_utf8_lossy(&input.text), alone);
    let kinds: Vec<RepairKind> = input.repairs.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, [RepairKind::MboxFrom, RepairKind::MboxRest]);
    assert!(input.because.contains("first message of an mbox"), "{}", input.because);
    // No mbox: a body may speak of one.
    let spoken = format!("{HEADER}{BODY}\n{from}\n{HEADER}");
    assert_eq!(read(&spoken).repairs, []);
}

#[test]
fn the_web_mailers_summary() {
    let tabbed = "Original Message\nMessage ID\t<20260105180000.1@example.com>\nCreated at:\tMon, Jan 5, 2026 at 7:00 PM (Delivered after 1 second)\nFrom:\tAlice Example <alice@example.com>\nTo:\tbob@example.net\nSubject:\tJanuary invoice\nSPF:\tPASS with IP 192.0.2.10 Learn more\nDKIM:\t'FAIL' with domain example.com Learn more\nDMARC:\t'FAIL' Learn more\n";
    let stacked = tabbed.replace('\t', "\n");
    for summary in [tabbed, &stacked] {
        for buttons in ["", "\nDownload Original\nCopy to clipboard\n \n"] {
            let input = assert_mended(format!("{summary}{buttons}{HEADER}{BODY}"), &[RepairKind::Preamble]);
            assert_eq!(input.kind, InputKind::Message);
        }
    }
}

#[test]
fn a_message_that_speaks_of_results_is_not_the_summary() {
    let text = "From: a@example.com\nTo: b@example.net\nSubject: x\n\nSPF: pass\nDKIM: pass\nMessage ID: 1\n\nFrom: c@example.org\n";
    assert_eq!(read(text).repairs, []);
}

#[test]
fn the_summary_in_another_language() {
    let summary = "Nachrichten-ID\t<x@example.com>\nErstellt am:\t5. Januar 2026\nVon:\tAlice\nAn:\tbob@example.net\nBetreff:\tRechnung\nSPF:\tPASS mit IP 192.0.2.10\nDKIM:\t'PASS'\n\n";
    assert_mended(format!("{summary}{HEADER}"), &[RepairKind::Preamble]);
}

#[test]
fn prose_on_top() {
    for prose in [
        "Internet headers:\n\n",
        "Please help: my mail bounces\nhere it is\n\n",
        "-----Original header-----\n",
        "Can you look?\nFrom: here it goes wrong\n\nThanks\n\n",
    ] {
        assert_mended(format!("{prose}{HEADER}"), &[RepairKind::Preamble]);
    }
}

#[test]
fn closing_words_are_no_body() {
    let letter = format!("Hi support, here is the header of the mail:\n\n{HEADER}\nThanks,\nJoe\n");
    let input = read(&letter);
    assert_eq!((input.kind, String::from_utf8_lossy(&input.text)), (InputKind::Headers, format!("{HEADER}\n").into()));
    let kinds: Vec<RepairKind> = input.repairs.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, [RepairKind::Preamble]);
    // Without words before the header they are a body, and so is more than a few lines, or parts.
    assert_eq!(read(format!("{HEADER}\nThanks,\nJoe\n")).kind, InputKind::Message);
    for body in [&"A line.\n".repeat(9), "--b\n\nx\n--b--\n"] {
        assert_eq!(read(format!("Look:\n\n{HEADER}\n{body}")).kind, InputKind::Message, "{body}");
    }
}

#[test]
fn defanged() {
    let text = HEADER
        .replace(".example", "[.]example")
        .replace("alice@", "alice[at]")
        .replace("192.0.2.10", "192[.]0[.]2[.]10");
    assert_mended(text, &[RepairKind::Defang]);
    let subject = HEADER.replace("January invoice", "hxxp://example[.]com is down");
    assert_eq!(read(subject).repairs, []);
}

#[test]
fn many_at_once() {
    let text = each_line(HEADER, |l| format!("> {}", l.trim_start())).replace("Results: ", "Results:\u{a0}");
    let text = format!("\u{feff}Look:\n\n{text}").replace('\n', "\r");
    assert_mended(
        text,
        &[
            RepairKind::QuotePrefix,
            RepairKind::Refold,
            RepairKind::LineEnds,
            RepairKind::Invisible,
            RepairKind::Preamble,
        ],
    );
}

#[test]
fn a_long_field_and_many_fields_are_linear() {
    let folded = format!("Subject: x\nX-Long: a\n{}", " abcdefghi\n".repeat(MANY));
    assert_eq!(read_quick(&folded).repairs, []);
    let many = format!("{}\nbody", "Received: from a by b; now\n".repeat(MANY));
    assert_eq!(read_quick(&many).repairs, []);
    let torn = format!("X-Long: a\n{}To: b\n", "abc defghi\n".repeat(MANY));
    assert_eq!(read_quick(&torn).repairs[0].lines.len(), MANY);
    for hostile in [">\n", "\r", "\n\n>", "a\n\n", "> From: x\n\n", "\u{a0}", "[.]a", "A: 1\n\n", "5", "("] {
        read_quick(&format!("From: a@b.example\n{}", hostile.repeat(MANY)));
        read_quick(&format!("x{}", hostile.repeat(MANY)));
    }
}

/// Enough to feel a quadratic reader; the benchmarks have more.
const MANY: usize = 5_000;

/// Without the look at each byte.
fn read_quick(text: &str) -> Input {
    Input::read("-", text.as_bytes(), None).unwrap()
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "> ",
        ">",
        "| ",
        "  ",
        "\t",
        "From ",
        "From: a@example.com",
        "Received: from x",
        "Subject:",
        "X-A: 1",
        "SPF:\tPASS",
        "DKIM: 'PASS'",
        "Message ID",
        "\u{a0}",
        "\u{200b}",
        "\u{feff}",
        "[.]",
        "a",
        "b=",
        "h=from:to",
        "hxxps://",
        "(dot)",
        "550 5.7.26 no",
        "v=spf1 -all",
        "\"",
        ";",
        "TXT",
        "CIP:1;",
        "\u{2028}",
    ]);
    prop_oneof![4 => known.prop_map(|s| s.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..6)]
}

proptest! {
    // Most of the input's shapes meet only in many tries.
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn spans_point_into_what_was_pasted(text in prop::collection::vec(piece(), 1..40)) {
        let text = text.concat();
        for kind in [None, Some(InputKind::Message), Some(InputKind::Domain), Some(InputKind::Bounce)] {
            if let Ok(input) = Input::read("-", &text[..], kind) {
                assert_kept(&input);
                prop_assert_eq!(input.repairs.is_empty(), std::sync::Arc::ptr_eq(&input.text, &input.original));
                let last = input.line_of(input.original.len());
                for repair in &input.repairs {
                    prop_assert!(!repair.lines.is_empty() && repair.lines.is_sorted());
                    prop_assert!(repair.lines.iter().all(|&l| l >= 1 && l as usize <= last));
                }
                let whole = input.locate(Span::new(0, input.text.len() + 9));
                prop_assert!(whole.end <= input.original.len().max(input.text.len() + 9));
            }
        }
    }
}

/// A line of a header, mostly, and now and then anything at all.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&str> =
        HEADER.split_inclusive('\n').chain(["\r\n", "\n", "Received: x\r\n", "X-A : 1\r\n"]).collect();
    prop_oneof![8 => prop::sample::select(lines).prop_map(|s| s.as_bytes().to_vec()), 1 => piece()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_intact_at_a_glance_no_step_touches(text in prop::collection::vec(line(), 2..12)) {
        let text: std::sync::Arc<[u8]> = text.concat().into();
        if super::Section::read(&text).intact {
            let mut draft = super::Draft::new(text);
            super::unmangle(&mut draft);
            prop_assert!(draft.is_intact());
        }
    }
}

#[test]
fn a_header_as_it_arrived_is_intact() {
    let glance = |text: &str| super::Section::read(text.as_bytes());
    let section = glance(&format!("{HEADER}{BODY}"));
    assert!(section.intact);
    assert_eq!((section.known, section.fields, section.other, section.body), (13, 0, 0, Some(HEADER.len() + 1)));
    assert!(section.ends_in(HEADER.as_bytes(), |name| name == b"Content-Type"));
    // None of these is sure to be.
    for odd in [
        format!("\u{feff}{HEADER}"),
        HEADER.replace('\n', "\r"),
        HEADER.replace("Subject: ", "Subject: \u{a0}"),
        HEADER.replace("\n        for", "\nfor"),
        HEADER.replace("MIME-Version", "  \nMIME-Version"),
        format!("> {HEADER}"),
        "From: a@example.com\n Received: by x; Mon, 5 Jan 2026 10:00:02 -0800\n To: b@example.net\n".to_owned(),
        "X-Unheard: 1\n\n".to_owned() + HEADER,
    ] {
        assert!(!glance(&odd).intact, "{odd}");
    }
}

#[test]
fn mending_twice_changes_nothing_more_in_a_quoted_header() {
    for prefix in ["> ", ">> ", "    ", "\t"] {
        let once = read(each_line(HEADER, |l| format!("{prefix}{l}")));
        assert_eq!(read(&once.text).repairs, [], "{prefix:?}");
    }
}

#[test]
fn fields_picked_by_hand_with_an_empty_line_between_are_one_header() {
    let text = "From: News <news@example.com>\nReturn-Path: <bounce@example.net>\n\n\
                Authentication-Results: mx.example.org;\ndkim=pass header.i=@example.net;\nspf=pass smtp.mailfrom=example.net\n";
    let input = read(text);
    assert_eq!(input.kind, InputKind::Headers);
    let names: Vec<_> = fields(&input.text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["From", "Return-Path", "Authentication-Results"]);
    let kinds: Vec<_> = input.repairs.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, [RepairKind::Refold, RepairKind::BlankLines]);
}

#[test]
fn a_message_whose_body_quotes_a_header_stays_as_it_is() {
    let text = "Received: from a.example.com by mx.example.net; Mon, 5 Jan 2026 10:00:02 +0000\nFrom: a@example.com\n\n\
                Authentication-Results: mx.example.org; dkim=pass\n";
    let input = read(text);
    assert!(input.repairs.is_empty(), "{:?}", input.repairs);
    assert_eq!(input.kind, InputKind::Message);
}
