//! Each departure once, spans, and a writer whose values must read back equal.

use super::*;
use Departure::*;
use proptest::prelude::*;

/// `method=result` and properties, one line a result.
fn lines(value: &str) -> Vec<String> {
    let read = read_value(value.as_bytes(), 0);
    let line = |r: &MethodResult| {
        let mut line = format!("{}={}", r.method, r.result);
        for p in &r.props {
            line += &format!(" {}.{}={}", p.ptype, p.property, p.value);
        }
        for c in &r.comments {
            line += &format!(" ({})", c.value);
        }
        if let Some(reason) = &r.reason {
            line += &format!(" reason:{}", reason.value);
        }
        line
    };
    read.results.iter().map(line).collect()
}

fn departures(value: &str) -> Vec<Departure> {
    read_value(value.as_bytes(), 0).departures
}

const GOOGLE: &str = "mx.google.com;\r\n       dkim=pass header.i=@example.com header.s=s1 header.b=NTYLHSTK;\r\n       \
    dkim=fail (bad signature) header.i=@esp.example header.s=a header.b=\"q/1+w==\";\r\n       \
    spf=pass (google.com: domain of b@bounce.example.com designates 192.0.2.1 as permitted sender) \
    smtp.mailfrom=b@bounce.example.com;\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com";

#[test]
fn spans_point_at_head_property_value_comment_and_reason() {
    let text = format!("Authentication-Results: {GOOGLE} reason=\"as asked\"");
    let base = text.find(' ').unwrap();
    let read = read_value(&text.as_bytes()[base..], base);
    let at = |s: Span| std::str::from_utf8(s.of(text.as_bytes())).unwrap();
    assert_eq!(at(read.authserv_id.as_ref().unwrap().span), "mx.google.com");
    assert_eq!(read.departures, []);
    let [_, dkim, spf, dmarc] = &read.results[..] else { panic!("{} results", read.results.len()) };
    assert_eq!(at(dkim.head), "dkim=fail");
    let b = dkim.prop("header", "b").unwrap();
    assert_eq!((at(b.span), at(b.value_span), &b.value[..]), ("header.b=\"q/1+w==\"", "\"q/1+w==\"", "q/1+w=="));
    assert!(
        at(spf.span).starts_with("spf=pass (google") && at(spf.span).ends_with("smtp.mailfrom=b@bounce.example.com")
    );
    assert_eq!(at(dmarc.comments[0].span), "p=REJECT sp=REJECT dis=NONE");
    assert_eq!(at(dmarc.reason.as_ref().unwrap().span), "\"as asked\"");
    assert!(at(dmarc.span).ends_with("reason=\"as asked\""));
}

#[test]
fn the_whole_grammar_of_rfc_8601() {
    let value = " (c1) \"mx;1\" (c2) 1 (c3) ; (c4) DKIM (c5) / (c6) 1 (c7) = (c8) Pass (c9) reason (c10) = \"a \\\"b\\\" ; c\" \
        header (c11) . (c12) d = (c13) example.com smtp.mailfrom=\"a b\"@example.org (nested (twice (deep)) \\) end)";
    let read = read_value(value.as_bytes(), 0);
    assert_eq!(read.authserv_id.unwrap().value, "mx;1");
    assert_eq!(read.version, Some(1));
    let [r] = &read.results[..] else { panic!() };
    assert_eq!((&r.method[..], r.version, &r.result[..]), ("dkim", Some(1), "pass"));
    assert_eq!(r.reason.as_ref().unwrap().value, "a \"b\" ; c");
    assert_eq!(r.prop("header", "d").unwrap().value, "example.com");
    assert_eq!(r.prop("smtp", "mailfrom").unwrap().value, "a b@example.org");
    assert_eq!(r.comments.len(), 11);
    assert_eq!(r.comments.last().unwrap().value, "nested (twice (deep)) \\) end");
    assert_eq!(read.departures, []);
}

#[test]
fn none_and_instances() {
    let read = read_value(b"example.org 1; none", 0);
    assert!(read.none && read.results.is_empty() && read.departures.is_empty());
    let read = read_value(b" i=2; mx.example.org 1; arc=pass (i=1)", 0);
    assert_eq!((read.instance, read.version), (Some(2), Some(1)));
    assert_eq!(read.authserv_id.unwrap().value, "mx.example.org");
    assert!(read.departures.is_empty());
}

#[test]
fn exchange_online_writes_no_authserv_id_and_a_recipient_domain_in_the_middle() {
    let value =
        "dkim=none (message not signed) header.d=none;example.net; dmarc=none action=none header.from=example.com;";
    assert_eq!(
        lines(value),
        ["dkim=none header.d=none (message not signed)", "dmarc=none .action=none header.from=example.com"]
    );
    assert_eq!(departures(value), [NoAuthservId, AuthservIdInTheMiddle, TrailingSemicolon, BareProperty]);
    assert_eq!(read_value(value.as_bytes(), 0).authserv_id, None);
}

#[test]
fn a_missing_semicolon_still_gives_two_results() {
    let value = "mx.example.org; spf=pass smtp.mailfrom=example.com dkim=fail header.d=example.com";
    assert_eq!(lines(value), ["spf=pass smtp.mailfrom=example.com", "dkim=fail header.d=example.com"]);
    assert_eq!(departures(value), [MissingSemicolon]);
    let value = "mx.example.org spf=pass smtp.mailfrom=example.com";
    assert_eq!(lines(value), ["spf=pass smtp.mailfrom=example.com"]);
    assert_eq!(departures(value), [MissingSemicolon]);
}

#[test]
fn an_empty_value_does_not_swallow_what_follows() {
    for value in ["a.example; dmarc=none header.from=;", "a.example; dmarc=none header.from= ;"] {
        assert_eq!(lines(value), ["dmarc=none header.from="]);
        assert_eq!(departures(value), [TrailingSemicolon, EmptyValue]);
    }
    let value = "a.example; spf=none smtp.mailfrom= smtp.helo=h.example";
    assert_eq!(lines(value), ["spf=none smtp.mailfrom= smtp.helo=h.example"]);
    assert_eq!(departures(value), [EmptyValue]);
}

#[test]
fn values_keep_their_equals_signs_and_slashes() {
    let value =
        "a.example; spf=pass smtp.mailfrom=bounce=ann=example.com@esp.example; x-tls=pass tls.subject=/C=US/CN=x";
    assert_eq!(
        lines(value),
        ["spf=pass smtp.mailfrom=bounce=ann=example.com@esp.example", "x-tls=pass tls.subject=/C=US/CN=x"]
    );
    assert_eq!(departures(value), []);
}

#[test]
fn properties_and_reasons_in_their_own_segment_go_to_the_result_before() {
    let value = "a.example; spf=pass; smtp.mailfrom=example.com; reason=ok; action=none; dkim=none";
    assert_eq!(lines(value), ["spf=pass smtp.mailfrom=example.com .action=none reason:ok", "dkim=none"]);
    assert_eq!(departures(value), [BareProperty, UnquotedReason, PropertyInOwnSegment]);
    assert_eq!(departures("a.example; header.d=x"), [StrayWord]);
}

#[test]
fn yahoo_words_and_comments_that_touch() {
    let value = "atlas.example; dkim=dkim_pass header.i=@example.com; dmarc=success(p=REJECT) header.from=example.com;";
    assert_eq!(lines(value)[1], "dmarc=success header.from=example.com (p=REJECT)");
    assert_eq!(departures(value), [TrailingSemicolon, NoSpaceBeforeComment, UnregisteredResult]);
    assert_eq!(departures("a.example; foo=pass"), [UnknownMethod]);
    let value = "mta1.example  from=example.com; domainkeys=neutral (no sig);  from=example.com; dkim=pass (ok)";
    assert_eq!(lines(value), ["domainkeys=neutral .from=example.com (no sig)", "dkim=pass (ok)"]);
    assert_eq!(departures(value), [StrayWord, BareProperty, PropertyInOwnSegment]);
    assert_eq!(departures("a.example; x-foo=pass"), []);
}

#[test]
fn what_never_ends_loses_no_result() {
    let value = "a.example; spf=pass (sender is x smtp.mailfrom=a; dkim=pass header.d=b";
    assert_eq!(lines(value), ["spf=pass (sender is x smtp.mailfrom=a)", "dkim=pass header.d=b"]);
    assert_eq!(departures(value), [UnclosedComment]);
    let value = "a.example; dkim=fail reason=\"no key; spf=pass smtp.mailfrom=b";
    assert_eq!(lines(value), ["dkim=fail reason:no key", "spf=pass smtp.mailfrom=b"]);
    assert_eq!(departures(value), [UnquotedReason, UnclosedQuote]);
}

#[test]
fn an_encoded_value_is_decoded_and_its_spans_cover_the_encoded_words() {
    let value = " =?utf-8?Q?mx.example.org=3B_spf=3Dpass?=\r\n =?utf-8?Q?_smtp.mailfrom=3Dexample.com?= ";
    let read = read_value(value.as_bytes(), 10);
    assert_eq!(lines(value), ["spf=pass smtp.mailfrom=example.com"]);
    assert_eq!(read.authserv_id.as_ref().unwrap().value, "mx.example.org");
    assert_eq!(read.departures, [EncodedWord]);
    let covered = Span::new(11, 10 + value.len() - 1);
    assert!(read.results.iter().all(|r| r.span == covered && r.props.iter().all(|p| p.value_span == covered)));
}

#[test]
fn sixteen_thousand_results_and_endless_nesting_are_read_in_one_pass() {
    let value = format!("a.example{}", "; dkim=pass header.d=example.com".repeat(16_000));
    assert_eq!(read_value(value.as_bytes(), 0).results.len(), 16_000);
    for piece in ["(", ")", "\"", "(;", "\";", "smtp.", "smtp . ", "a=", "= ", "\\", "\\(", "i=1;", "=?"] {
        read_value(piece.repeat(20_000).as_bytes(), 0);
    }
}

#[test]
fn received_spf_in_the_shapes_of_the_large() {
    let text = b"Received-SPF: pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;\r\n\
        Received-SPF: Pass (protection.outlook.com: domain of example.com designates\r\n 192.0.2.2 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.2; helo=h.example.com; pr=C\r\n\
        Received-SPF: None (mailfrom) identity=mailfrom; client-ip=2001:db8::1; helo=h; envelope-from=a@example.com; receiver=<UNKNOWN>\r\n\
        Received-SPF: fail (x (y 'ip4:1')) envelope-from=\"a b@example.com\"; client-ip=\"2001:db8::2\"\r\n\
        Received-SPF: none (domain of h.example does not designate permitted sender hosts)\r\n\
        Received-SPF: pass (domain of a@example.com designates 192.0.2.9 as permitted sender)\r\n\r\n";
    let all = received_spf(&Header::split(text), text);
    let ip = |n: usize| all[n].client_ip.as_ref().map(|i| i.value.to_string());
    let from = |n: usize| all[n].envelope_from.as_ref().map(|i| i.value.clone());
    let words: Vec<_> = all.iter().map(|r| &r.result[..]).collect();
    assert_eq!(words, ["pass", "pass", "none", "fail", "none", "pass"]);
    let ips = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "", "192.0.2.9"];
    assert_eq!((0..6).map(|n| ip(n).unwrap_or_default()).collect::<Vec<_>>(), ips);
    assert_eq!((from(2).as_deref(), from(3).as_deref()), (Some("a@example.com"), Some("a b@example.com")));
    assert_eq!(all[1].helo.as_ref().unwrap().value, "h.example.com");
    assert_eq!(all[2].identity.as_ref().unwrap().value, "mailfrom");
    assert_eq!(all[1].receiver.as_ref().unwrap().span.of(text), b"protection.outlook.com");
}

/// Results as data, to be printed and read back.
#[derive(Clone, Debug)]
struct Written {
    method: String,
    version: Option<u32>,
    result: String,
    reason: Option<String>,
    comments: Vec<String>,
    props: Vec<(String, String, String)>,
}

impl Written {
    /// RFC 8601 §2.2 text.
    fn print(&self) -> String {
        let mut out = self.method.clone();
        if let Some(version) = self.version {
            out += &format!("/{version}");
        }
        out += &format!("={}", self.result);
        for comment in &self.comments {
            out += &format!("\r\n\t({comment})");
        }
        if let Some(reason) = &self.reason {
            out += &format!(" reason={}", quote(reason));
        }
        for (ptype, property, value) in &self.props {
            out += &format!(" {ptype}.{property}={}", quote(value));
        }
        out
    }
}

/// As it is where an atom can hold it, quoted otherwise.
fn quote(value: &str) -> String {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"@.-_+/=".contains(&b)) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn written() -> impl Strategy<Value = Written> {
    let method = prop_oneof!["spf|dkim|dmarc|arc|iprev|compauth", "[a-z][a-z0-9-]{0,8}[a-z0-9]"]
        .prop_filter("a word with a meaning of its own", |m| {
            !["reason", "action", "from", "none", "i"].contains(&&m[..])
        });
    let prop = ("smtp|header|policy|dns|x[a-z]{1,4}", "[a-z][a-z0-9-]{0,9}", "[ -~]{1,20}");
    (
        method,
        proptest::option::of(0..9u32),
        "[a-z][a-z0-9_]{0,8}",
        proptest::option::of("[ -~]{1,20}"),
        proptest::collection::vec("[a-zA-Z0-9:@., =/\"]{0,20}", 0..3),
        proptest::collection::vec(prop, 0..4),
    )
        .prop_map(|(method, version, result, reason, comments, props)| Written {
            method,
            version,
            result,
            reason,
            comments,
            props,
        })
}

fn inside(read: &AuthRes, base: usize, len: usize) -> bool {
    let within = |s: Span| s.start <= s.end && s.start as usize >= base && s.end as usize <= base + len;
    within(read.span)
        && read.authserv_id.iter().all(|a| within(a.span))
        && read.results.iter().all(|r| {
            within(r.span)
                && within(r.head)
                && r.head.join(r.span) == r.span
                && r.reason.iter().chain(&r.comments).all(|t| within(t.span))
                && r.props.iter().all(|p| within(p.span) && within(p.value_span) && p.span.join(p.value_span) == p.span)
        })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(id in "[a-z][a-z0-9.-]{0,12}[a-z0-9]", all in proptest::collection::vec(written(), 1..6)) {
        let text = all.iter().fold(id.clone(), |text, w| text + ";\r\n " + &w.print());
        let read = read_value(text.as_bytes(), 7);
        prop_assert_eq!(&read.authserv_id.as_ref().unwrap().value, &id);
        prop_assert_eq!(read.results.len(), all.len());
        for (r, w) in read.results.iter().zip(&all) {
            prop_assert_eq!((&*r.method, r.version, &*r.result), (&*w.method, w.version, &*w.result));
            prop_assert_eq!(r.reason.as_ref().map(|s| &s.value), w.reason.as_ref());
            let comments: Vec<_> = r.comments.iter().map(|c| c.value.clone()).collect();
            prop_assert_eq!(&comments, &w.comments);
            let props: Vec<_> = r.props.iter().map(|p| (p.ptype.to_string(), p.property.to_string(), p.value.clone())).collect();
            prop_assert_eq!(&props, &w.props);
            for p in &r.props {
                prop_assert!(!p.value_span.of(&[&[0; 7], text.as_bytes()].concat()).is_empty());
            }
        }
        prop_assert!(inside(&read, 7, text.len()));
    }

    #[test]
    fn any_bytes_are_read_with_spans_inside(value in proptest::collection::vec(any::<u8>(), 0..300), base in 0..1000usize) {
        prop_assert!(inside(&read_value(&value, base), base, value.len()));
    }

    #[test]
    fn any_mixture_of_its_own_words_is_read_with_spans_inside(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "mx.example.org", ";", " ", "=", "(", ")", "\"", "\\", "spf", "dkim", "pass", "header", ".", "d", "/", "1",
                "i=1", "none", "reason=", "action=none", "smtp.mailfrom=a@b.example", "\r\n ", "=?utf-8?Q?a=3Bb?=", "é",
            ]),
            0..40,
        )
    ) {
        let value = pieces.concat();
        prop_assert!(inside(&read_value(value.as_bytes(), 3), 3, value.len()));
    }

    #[test]
    fn received_spf_of_any_bytes_is_read_with_spans_inside(value in "[ -~\t]{0,120}") {
        let text = format!("Received-SPF: {value}\r\n");
        for field in received_spf(&Header::split(text.as_bytes()), text.as_bytes()) {
            let spans = [Some(field.span), Some(field.result_span), field.client_ip.map(|i| i.span), field.helo.map(|h| h.span)];
            for span in spans.into_iter().flatten() {
                prop_assert!(span.start <= span.end && span.end as usize <= text.len());
            }
        }
    }
}
