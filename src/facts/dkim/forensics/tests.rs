use super::*;
use crate::evidence::case::Case;
use crate::evidence::{Input, InputKind};
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::testing::{self, RELAXED, SIMPLE, Signing};
use crate::facts::dkim::{Hash, Verification};

const HEADER: &str = "From: Ann <ann@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: Invoice 8842\r\n\
    Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n";
const TEXT: &str = "Hello Bob,\r\n\r\nFrom now on please pay here:\r\n\r\n.hidden\r\n\
    https://pay.example.com/invoice?id=8842\r\n\r\n-- \r\nAnn\r\n";
const FOOTER: &str = "_______________________________________________\r\nTeam mailing list\r\nteam@lists.example.org\r\nhttps://lists.example.org/listinfo/team\r\n";

fn message() -> String {
    format!("{HEADER}\r\n{TEXT}")
}

fn multipart() -> String {
    let part = |kind: &str, content: &str| format!("--b1\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{content}");
    let html = "<html><body><p>Hello Bob</p>\r\n<p>pay</p></body></html>\r\n";
    format!(
        "{HEADER}Content-Type: multipart/alternative; boundary=b1\r\n\r\nThis is MIME.\r\n{}{}--b1--\r\n",
        part("plain", TEXT),
        part("html", html)
    )
}

fn verified(text: &str, signing: Signing) -> Verification {
    testing::verified(text, InputKind::Message, &signing.record())
}

/// What the changed message shows, as words; the proof of all is a restored hash.
fn told(text: &str, signing: Signing) -> Vec<&'static str> {
    let v = verified(text, signing);
    assert!(v.header_hash == Hash::Mismatch || v.body_hash == Hash::Mismatch, "nothing is broken:\n{text}");
    assert!(v.altered.iter().all(|a| a.proof == Proof::RestoredHash), "{:?}", v.altered);
    v.altered.iter().map(|a| a.what.word()).collect()
}

type Change = fn(&str) -> String;

fn body(text: &str, change: impl Fn(&str) -> String) -> String {
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    format!("{header}\r\n\r\n{}", change(body))
}

/// Everything below the signature's own field.
fn below(text: &str, change: impl Fn(&str) -> String) -> String {
    let at = text.find("\r\nFrom: ").unwrap() + 2;
    format!("{}{}", &text[..at], change(&text[at..]))
}

#[test]
fn changes_of_a_plain_body() {
    let stories: &[(&str, Change, Signing)] = &[
        ("footer-appended", |t| format!("{t}{FOOTER}"), RELAXED),
        ("footer-appended", |t| format!("{t}\r\n\r\n-- \r\nScanned by Example AV\r\n"), SIMPLE),
        ("text-prepended", |t| body(t, |b| format!("CAUTION: external sender\r\n\r\n{b}")), RELAXED),
        ("whitespace-changed", |t| t.replace("-- \r\n", "--\r\n"), SIMPLE),
        (
            "whitespace-changed",
            |t| body(t, |b| b.replace("Hello Bob,\r\n", "Hello Bob, \t\r\n")),
            Signing { body: Canon::Simple, ..RELAXED },
        ),
        ("whitespace-changed", |t| t.replace("please pay", "please  pay"), SIMPLE),
        ("from-escaped", |t| body(t, |b| b.replace("From now", ">From now")), RELAXED),
        ("dot-stuffing", |t| t.replace("\r\n.hidden", "\r\n..hidden"), RELAXED),
        ("blank-lines-doubled", |t| body(t, |b| b.replace("\r\n", "\r\n\r\n")), RELAXED),
        (
            "links-rewritten",
            |t| {
                t.replace("https://pay.example.com/invoice?id=8842", "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpay.example.com%2Finvoice%3Fid%3D8842&data=05%7C02&reserved=0")
            },
            RELAXED,
        ),
        (
            "links-rewritten",
            |t| {
                t.replace(
                    "https://pay.example.com/invoice?id=8842",
                    "https://urldefense.com/v3/__https://pay.example.com/invoice?id=8842__;!!abc!def$",
                )
            },
            RELAXED,
        ),
    ];
    for (what, change, signing) in stories {
        for signing in [*signing, Signing { ed25519: true, ..*signing }] {
            let text = signing.sign(&message());
            // Single blank lines would double away: the story needs a body without them.
            let text = if *what == "blank-lines-doubled" {
                signing.sign(&message().replace("\r\n\r\n", "\r\n").replacen(
                    "example.com>\r\nHello",
                    "example.com>\r\n\r\nHello",
                    1,
                ))
            } else {
                text
            };
            assert_eq!(told(&change(&text), signing), [*what], "{}", change(&text));
        }
    }
}

#[test]
fn changes_of_a_multipart() {
    let stories: &[(&str, Change)] = &[
        ("footer-appended", |t| t.replace("Ann\r\n--b1\r\n", &format!("Ann\r\n{FOOTER}--b1\r\n"))),
        ("text-prepended", |t| t.replace("\r\n\r\nHello Bob,", "\r\n\r\nCAUTION: external\r\n\r\nHello Bob,")),
        ("html-inserted", |t| t.replace("<body>", "<body><div>CAUTION: external</div>")),
        ("html-inserted", |t| t.replace("</body>", "<img src=\"https://track.example.org/1\"></body>")),
        ("part-added", |t| t.replace("--b1--", &format!("--b1\r\nContent-Type: text/plain\r\n\r\n{FOOTER}\r\n--b1--"))),
        ("text-prepended", |t| {
            t.replace("This is MIME.", "This is a multi-part message in MIME format.\r\nThis is MIME.")
        }),
    ];
    for (what, change) in stories {
        let text = RELAXED.sign(&multipart());
        assert_eq!(told(&change(&text), RELAXED), [*what], "{}", change(&text));
    }
}

/// The message as Mailman and others wrap it to add their footer: the Content fields go into the first part.
fn wrapped(text: &str) -> String {
    let (header, content) = text.split_once("\r\n\r\n").unwrap();
    let mut inside = false;
    let (moved, kept): (Vec<&str>, Vec<&str>) = header.split_inclusive('\n').partition(|line| {
        inside = line.starts_with("Content-") || (inside && line.starts_with([' ', '\t']));
        inside
    });
    let (moved, kept): (String, String) = (moved.concat(), kept.concat());
    format!(
        "{}\r\nContent-Type: multipart/mixed; boundary=\"m1\"\r\n\r\n--m1\r\n{}{}{content}\r\n--m1\r\n\
         Content-Type: text/plain; charset=\"us-ascii\"\r\n\r\n{FOOTER}\r\n--m1--\r\n",
        kept.trim_end(),
        moved.trim_end(),
        if moved.is_empty() { "\r\n" } else { "\r\n\r\n" },
    )
}

#[test]
fn a_message_that_was_wrapped() {
    const KINDS: Signing = Signing {
        fields: &["From", "To", "Subject", "Date", "Message-ID", "Content-Type", "Content-Transfer-Encoding"],
        ..RELAXED
    };
    let html = format!(
        "{HEADER}Content-Type: text/html;\r\n charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>Grüße</p>\r\n"
    );
    let tag: Change = |t| t.replace("Subject: ", "Subject: [team] ");
    let munged: Change = |t| {
        let from = "From: Ann via Team <team@lists.example.org>\r\nReply-To: Ann <ann@example.com>\r\n";
        t.replace("Subject: ", "Subject: [team] ").replace("From: Ann <ann@example.com>\r\n", from)
    };
    let moved = ["wrapped-in-multipart", "content-type-changed"];
    let also = |more: &[&'static str]| [&moved[..], more].concat();
    let stories: [(String, Signing, Option<Change>, Vec<&str>); 7] = [
        // What is not signed is not broken.
        (message(), RELAXED, None, moved[..1].to_vec()),
        (multipart(), RELAXED, None, moved[..1].to_vec()),
        (multipart(), KINDS, None, moved.to_vec()),
        (html.clone(), KINDS, None, moved.to_vec()),
        (html.clone(), Signing { header: Canon::Simple, ..KINDS }, None, moved.to_vec()),
        (html.clone(), KINDS, Some(tag), also(&["subject-tag"])),
        (html, KINDS, Some(munged), also(&["subject-tag", "from-rewritten"])),
    ];
    for (text, signing, change, what) in stories {
        let text = wrapped(&signing.sign(&text));
        let text = change.map_or(text.clone(), |change| below(&text, change));
        assert_eq!(told(&text, signing), what, "{text}");
    }
    // A case without the body says the same.
    let input = Input::read("-", wrapped(&KINDS.sign(&multipart())).as_bytes(), Some(InputKind::Message)).unwrap();
    let evidence = testing::with_key(input, &KINDS.record());
    let case = Case::read(Case::new(&evidence, false).write().as_bytes()).unwrap().evidence(None).unwrap();
    assert!(case.input.is_cut());
    assert_eq!(testing::verification(&case), testing::verification(&evidence));
    // What its part says now is not what was signed: that cannot be known.
    let other = wrapped(&KINDS.sign(&multipart())).replacen("boundary=b1", "boundary=b1; x=\"y z\"; charset=a", 1);
    assert_eq!(told(&other, KINDS), ["wrapped-in-multipart"], "{other}");
}

#[test]
fn other_encodings() {
    let accented = message().replace("Hello Bob", "Grüße, Bob");
    let signed = RELAXED.sign(&accented);
    let quoted = body(&signed, |b| {
        b.replace('ü', "=C3=BC").replace('ß', "=C3=9F").replace("id=8842", "id=3D8842").replace("-- \r\n", "--=20\r\n")
    });
    let quoted = quoted.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    let quoted = quoted
        .replacen("\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", "\u{1}", 1)
        .replace("\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", "\r\n\r\n")
        .replace('\u{1}', "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    assert_eq!(told(&quoted, RELAXED), ["transfer-encoding-changed"]);
    let code = body(&signed, |b| {
        use base64::Engine;
        let code = base64::engine::general_purpose::STANDARD.encode(b);
        code.as_bytes().chunks(76).map(|row| format!("{}\r\n", String::from_utf8_lossy(row))).collect()
    });
    let code = code.replacen("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1);
    assert_eq!(told(&code, RELAXED), ["transfer-encoding-changed"]);
    let long = message().replace("Hello Bob,", &"x".repeat(1500));
    let broken = RELAXED.sign(&long).replace(&"x".repeat(1500), &format!("{}\r\n{}", "x".repeat(990), "x".repeat(510)));
    assert_eq!(told(&broken, RELAXED), ["lines-wrapped"]);
}

#[test]
fn changes_of_the_header() {
    let over_signed =
        Signing { fields: &["From", "From", "Reply-To", "Subject", "To", "Date", "Message-ID"], ..RELAXED };
    let stories: &[(&str, Change, Signing)] = &[
        ("subject-tag", |t| t.replace("Subject: ", "Subject: [team] "), RELAXED),
        ("subject-tag", |t| t.replace("Subject: ", "Subject: ***SPAM*** "), RELAXED),
        ("subject-tag", |t| t.replace("Subject: ", "Subject: [EXT] [team] "), RELAXED),
        ("subject-tag", |t| t.replace("Subject: ", "Subject: EXTERNAL: "), SIMPLE),
        ("reply-to-changed", |t| below(t, |h| format!("Reply-To: team@lists.example.org\r\n{h}")), over_signed),
        ("field-added", |t| format!("From: Eve <eve@example.org>\r\n{t}"), over_signed),
        (
            "from-rewritten",
            |t| {
                below(t, |h| {
                    h.replacen(
                        "From: Ann <ann@example.com>",
                        "X-Original-From: Ann <ann@example.com>\r\nFrom: Ann via Team <team@lists.example.org>",
                        1,
                    )
                })
            },
            RELAXED,
        ),
        ("address-respelled", |t| t.replace("To: Bob <bob@example.net>", "To: \"Bob\" <bob@example.net>"), RELAXED),
        (
            "message-id-changed",
            |t| {
                t.replace(
                    "Message-ID: <1@example.com>",
                    "X-Original-Message-ID: <1@example.com>\r\nMessage-ID: <2@example.org>",
                )
            },
            RELAXED,
        ),
        ("address-respelled", |t| t.replace("From: Ann <", "From: \"Ann\" <"), RELAXED),
        ("recipients-changed", |t| t.replace("To: Bob <", "To: Bob via Team <"), RELAXED),
        ("field-refolded", |t| t.replace("Date: Mon, 2 Nov", "Date: Mon,\r\n 2 Nov"), SIMPLE),
        ("field-recased", |t| t.replace("\r\nMessage-ID:", "\r\nMessage-Id:"), SIMPLE),
    ];
    for (what, change, signing) in stories {
        let text = signing.sign(&message());
        assert_eq!(told(&change(&text), *signing), [*what], "{}", change(&text));
    }
}

#[test]
fn two_changes_at_once() {
    let text = RELAXED.sign(&message());
    let both = format!("{}{FOOTER}", text.replace("Subject: ", "Subject: [team] "));
    assert_eq!(told(&both, RELAXED), ["footer-appended", "subject-tag"]);
    let escaped = body(&text, |b| format!("{}{FOOTER}", b.replace("From now", ">From now")));
    assert_eq!(told(&escaped, RELAXED), ["from-escaped", "footer-appended"]);
    let banner = body(&text, |b| format!("EXTERNAL MAIL\r\n\r\n{b}{FOOTER}"));
    assert_eq!(told(&banner, RELAXED), ["text-prepended", "footer-appended"]);
    let rewritten = text
        .replace("Subject: ", "Subject: [team] ")
        .replace("To: Bob <bob@example.net>", "To: \"Bob\" <bob@example.net>");
    let mut got = told(&rewritten, RELAXED);
    got.sort_unstable();
    assert_eq!(got, ["address-respelled", "subject-tag"]);
    let stuffed = text.replace("\r\n.hidden", "\r\n..hidden").replace("From now", ">From now");
    let mut got = told(&stuffed, RELAXED);
    got.sort_unstable();
    assert_eq!(got, ["dot-stuffing", "from-escaped"]);
}

#[test]
fn what_cannot_be_undone_is_said_to_be_unknown_or_likely() {
    let text = RELAXED.sign(&message());
    for unknown in [
        text.replace("please pay", "please wait"),
        text.replace("Subject: Invoice", "Subject: Bill"),
        text.replace("Hello Bob,\r\n\r\n", ""),
    ] {
        assert!(verified(&unknown, RELAXED).altered.is_empty());
    }
    let listed = text.replace("please pay", "please wait").replacen(
        "From:",
        "List-Id: Team <team.lists.example.org>\r\nX-BeenThere: team@lists.example.org\r\nFrom:",
        1,
    );
    let got = verified(&format!("{listed}{FOOTER}"), RELAXED).altered;
    assert_eq!(got.iter().map(|a| (a.what, a.proof)).collect::<Vec<_>>(), [(What::FooterAppended, Proof::Likely)]);
}

#[test]
fn an_unbroken_message_is_never_accused() {
    for signing in [RELAXED, SIMPLE, Signing { ed25519: true, ..RELAXED }] {
        for text in [message(), multipart()] {
            let got = verified(&signing.sign(&text), signing);
            assert_eq!((got.header_hash, got.body_hash, got.altered.len()), (Hash::Match, Hash::Match, 0));
        }
    }
}

#[test]
fn the_server_of_the_list_did_it() {
    let text = RELAXED.sign(&message());
    let hops = "Received: from lists.example.org by mx.example.net; Mon, 2 Nov 2026 10:00:02 +0000\r\n\
        List-Id: <team.lists.example.org>\r\nReceived: from mx.example.com by lists.example.org; Mon, 2 Nov 2026 10:00:01 +0000\r\n";
    let got = verified(&format!("{hops}{text}{FOOTER}"), RELAXED);
    assert_eq!(got.altered[0].hop.as_deref(), Some("lists.example.org"));
}

fn encoded(text: &str) -> String {
    let code = crate::facts::dkim::material::encode(text.as_bytes());
    code.as_bytes().chunks(76).map(|row| format!("{}\r\n", String::from_utf8_lossy(row))).collect()
}

/// The message with a body in this encoding.
fn coded(encoding: &str, content: &str) -> String {
    format!("{HEADER}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}")
}

/// One system writes all parts anew, or one of them; an empty line at the end of a part is the part's.
#[test]
fn parts_that_are_written_anew() {
    let long = "x".repeat(75);
    let quoted = multipart()
        .replace("charset=utf-8\r\n", "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n")
        .replace("Hello Bob", "Hello B=C3=BCb")
        .replace("id=8842", "id=3D8842")
        .replace("-- \r\n", "--=20\r\n")
        .replace(".hidden", &format!("{long}=\r\n{long}"))
        .replace("--b1\r\nContent-Type: text/html", "\r\n--b1\r\nContent-Type: text/html");
    let changes: [Change; 4] = [
        |t| t.replace("=C3=BC", "=c3=bc"),
        |t| t.replacen("=C3=BC", "=c3=bc", 1),
        |t| t.replace("<p>Hello B=C3=BC", "<p>Hello B=c3=bc"),
        |t| t.replace("xxxxx=\r\n", "=\r\nxxxxx"),
    ];
    for change in changes {
        assert_eq!(told(&change(&RELAXED.sign(&quoted)), RELAXED), ["transfer-encoding-changed"]);
    }
    // Small letters in one part, capitals in the other: only one of them was written anew.
    let mixed = quoted.replacen("=C3=BC", "=c3=bc", 1);
    let changed = RELAXED.sign(&mixed).replace("<p>Hello B=C3=BC", "<p>Hello B=c3=bc");
    assert_eq!(told(&changed, RELAXED), ["transfer-encoding-changed"]);
}

#[test]
fn bodies_that_are_written_anew() {
    let quoted = coded("quoted-printable", "Gr=C3=BC=C3=9Fe, Bob,\r\nplease pay =\r\nhere\r\n");
    let base64 = coded("base64", &encoded(&format!("{TEXT}{TEXT}")));
    let flowed =
        format!("{HEADER}\r\n{}\r\n\r\nBye\r\n", "all on one line, as some programs write it, ".repeat(9).trim_end());
    let stories: &[(&str, String, Change, Signing)] = &[
        ("transfer-encoding-changed", quoted.clone(), |t| t.replace("=C3=BC=C3=9F", "=c3=bc=c3=9f"), RELAXED),
        (
            "transfer-encoding-changed",
            base64.clone(),
            |t| {
                body(t, |b| {
                    let code = b.replace("\r\n", "");
                    code.as_bytes().chunks(64).map(|row| format!("{}\r\n", String::from_utf8_lossy(row))).collect()
                })
            },
            RELAXED,
        ),
        ("footer-appended", base64.clone(), |t| body(t, |_| encoded(&format!("{TEXT}{TEXT}{FOOTER}"))), RELAXED),
        ("text-prepended", base64, |t| body(t, |_| encoded(&format!("EXTERNAL\r\n\r\n{TEXT}{TEXT}"))), RELAXED),
        ("lines-wrapped", flowed, |t| body(t, |b| b.replacen(", as some", ",\r\nas some", 4)), RELAXED),
        ("dot-stuffing", message(), |t| t.replace("\r\n.hidden", "\r\nhidden"), RELAXED),
        ("empty-lines-changed", message(), |t| body(t, |b| format!("\r\n{b}")), RELAXED),
        (
            "empty-lines-changed",
            message().replace("\r\n\r\nHello", "\r\n\r\n\r\nHello"),
            |t| t.replace("\r\n\r\n\r\nHello", "\r\n\r\nHello"),
            SIMPLE,
        ),
        (
            "html-inserted",
            multipart(),
            |t| t.replace("</html>", "</html><img src=\"https://track.example.org/1\">"),
            RELAXED,
        ),
        ("html-inserted", multipart(), |t| t.replace("</html>", "<p>Scanned</p></html>"), RELAXED),
    ];
    for (what, text, change, signing) in stories {
        let text = signing.sign(text);
        assert_eq!(told(&change(&text), *signing), [*what], "{}", change(&text));
    }
    let wrapped = multipart().replace("<p>pay</p>", "<a href=\"https://pay.example.com/x?a=1&amp;b=2\">pay</a>");
    let safe = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpay.example.com%2Fx%3Fa%3D1%26b%3D2&amp;data=05&amp;reserved=0";
    let text = RELAXED.sign(&wrapped).replace("https://pay.example.com/x?a=1&amp;b=2", safe);
    assert_eq!(told(&text, RELAXED), ["links-rewritten"]);
    let banner = RELAXED
        .sign(&multipart())
        .replace("\r\n\r\nHello Bob,", "\r\n\r\nCAUTION: external\r\n\r\nHello Bob,")
        .replace("<body>", "<body><div>CAUTION: external</div>");
    assert_eq!(told(&banner, RELAXED), ["text-prepended", "html-inserted"]);
}

/// Some programs sign the lines of their own system.
#[test]
fn a_body_that_was_signed_with_lf() {
    let text = RELAXED.sign(&message());
    let bh = |text: &str| text.split_once("bh=").unwrap().1.split(';').next().unwrap().to_owned();
    let of_lf = crate::facts::dkim::crypto::Algorithm::RsaSha256.digest(&Canon::Relaxed.body(TEXT.as_bytes()));
    assert_eq!(bh(&text).replace(['\r', '\n', ' ', '\t'], ""), crate::facts::dkim::material::encode(&of_lf));
    let mut lf = Canon::Relaxed.body(TEXT.as_bytes()).into_owned();
    lf.retain(|b| *b != b'\r');
    let wanted = body::Wanted {
        hash: &crate::facts::dkim::crypto::Algorithm::RsaSha256.digest(&lf),
        algorithm: crate::facts::dkim::crypto::Algorithm::RsaSha256,
        canon: Canon::Relaxed,
        length: None,
    };
    assert_eq!(body::restore(TEXT.as_bytes(), b"", wanted, &Effort::default()), Some(vec![What::LineEndsChanged]));
}

#[test]
fn fields_that_are_written_anew() {
    const MIME: Signing =
        Signing { fields: &["From", "To", "Subject", "Date", "Message-ID", "Content-Type"], ..RELAXED };
    let typed = |kind: &str| format!("{HEADER}Content-Type: {kind}\r\n\r\n{TEXT}");
    let subject = |text: &str| message().replace("Invoice 8842", text);
    let stories: &[(&str, String, Change, Signing)] = &[
        ("subject-tag", message(), |t| t.replace("Invoice 8842", "Invoice 8842 [EXTERNAL]"), RELAXED),
        ("subject-tag", message(), |t| t.replace("Subject: ", "Subject: {Spam?} "), RELAXED),
        ("subject-tag", subject("Re: Invoice"), |t| t.replace("Subject: Re: ", "Subject: [team] Re: "), RELAXED),
        (
            "subject-changed",
            subject("=?utf-8?Q?Rechnung_f=C3=BCr?="),
            |t| t.replace("=?utf-8?Q?Rechnung_f=C3=BCr?=", "=?UTF-8?B?UmVjaG51bmcgZsO8cg==?="),
            RELAXED,
        ),
        (
            "subject-changed",
            subject("=?UTF-8?B?UmVjaG51bmcgZsO8cg==?="),
            |t| t.replace("=?UTF-8?B?UmVjaG51bmcgZsO8cg==?=", "Rechnung für"),
            RELAXED,
        ),
        ("date-changed", message(), |t| t.replace("10:00:00 +0000", "11:00:00 +0100"), RELAXED),
        ("date-changed", message(), |t| t.replace("10:00:00 +0000", "10:00:00 GMT"), RELAXED),
        ("date-changed", message(), |t| t.replace("Mon, 2 Nov", "Mon, 02 Nov"), RELAXED),
        (
            "date-changed",
            message().replace("2 Nov 2026 10:00:00 +0000", "2 Nov 2026 15:30:00 +0530"),
            |t| t.replace("15:30:00 +0530", "10:00:00 +0000"),
            RELAXED,
        ),
        (
            "content-type-changed",
            typed("multipart/mixed; boundary=\"b1\""),
            |t| t.replace("boundary=\"b1\"", "boundary=b1"),
            MIME,
        ),
        (
            "content-type-changed",
            typed("text/plain; charset=utf-8; format=flowed"),
            |t| t.replace("; format=flowed", ""),
            MIME,
        ),
        ("content-type-changed", typed("text/plain; charset=utf-8"), |t| t.replace("; charset=utf-8", ""), MIME),
        (
            "content-type-changed",
            typed("text/plain"),
            |t| t.replace("text/plain", "text/plain; charset=us-ascii"),
            MIME,
        ),
        (
            "field-refolded",
            subject("Invoice 8842 with\r\n folds"),
            |t| t.replace("with\r\n folds", "with folds"),
            SIMPLE,
        ),
        (
            "field-refolded",
            message().replace("Subject: ", "Subject:"),
            |t| t.replace("\r\nSubject:", "\r\nSubject: "),
            SIMPLE,
        ),
        ("field-refolded", subject("Invoice  8842"), |t| t.replace("Invoice  8842", "Invoice 8842"), SIMPLE),
        (
            "address-respelled",
            message().replace("To: Bob", "To: \"Bob\""),
            |t| t.replace("To: \"Bob\"", "To: Bob"),
            RELAXED,
        ),
    ];
    for (what, text, change, signing) in stories {
        let text = signing.sign(text);
        assert_eq!(told(&change(&text), *signing), [*what], "{}", change(&text));
    }
}

/// What a list of Mailman does to everybody, all at once.
#[test]
fn a_list_that_changes_header_and_body() {
    let text = RELAXED.sign(&message());
    let rewritten = below(&text, |h| {
        h.replacen(
            "From: Ann <ann@example.com>",
            "From: Ann via Team <team@lists.example.org>\r\nReply-To: Ann <ann@example.com>",
            1,
        )
        .replace("Subject: ", "Subject: [team] ")
    });
    assert_eq!(told(&format!("{rewritten}{FOOTER}"), RELAXED), ["footer-appended", "subject-tag", "from-rewritten"]);
}

#[test]
fn a_part_that_is_gone_is_likely_and_no_more() {
    let text = RELAXED.sign(&multipart());
    let at = text.find("--b1\r\nContent-Type: text/html").unwrap();
    let alone = format!("{}--b1--\r\n", &text[..at]);
    let scrubbed = text.replace(
        "--b1--",
        "--b1\r\nContent-Type: text/plain\r\n\r\n-------------- next part --------------\r\nAn HTML attachment was scrubbed\r\n--b1--",
    ).replace("<p>pay</p>", "<p>gone</p>");
    for text in [alone, scrubbed] {
        let got = verified(&text, RELAXED).altered;
        assert_eq!(
            got.iter().map(|a| (a.what, a.proof)).collect::<Vec<_>>(),
            [(What::PartRemoved, Proof::Likely)],
            "{text}"
        );
    }
}

/// A CR alone is a character of the body, not a line end, to who signs and who verifies.
#[test]
fn a_cr_alone_is_kept() {
    let text = RELAXED.sign(&message());
    assert_eq!(verified(&text.replace("please pay", "please\rpay"), RELAXED).body_hash, Hash::Mismatch);
}

/// The worst a stranger can send costs bounded work.
#[test]
fn hostile_bodies_are_searched_within_bounds() {
    let long = "a line of text\r\n".repeat(400);
    let parts = format!("--b\r\n\r\n{}--b--\r\n", "--b\r\n\r\nx\r\n".repeat(300));
    let html = format!("<body>{}</body>", "<p>".repeat(2_000));
    for body in [long, parts, html] {
        let wanted = body::Wanted {
            hash: &[0; 32],
            algorithm: crate::facts::dkim::crypto::Algorithm::RsaSha256,
            canon: Canon::Relaxed,
            length: None,
        };
        assert_eq!(body::restore(body.as_bytes(), b"", wanted, &Effort::default()), None);
    }
}
