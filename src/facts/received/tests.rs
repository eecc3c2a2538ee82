use super::*;
use proptest::prelude::*;

fn hop(value: &str) -> Hop {
    read_value(value.as_bytes(), Span::new(0, value.len()))
}

/// helo, reverse name, ip, by, with, tls; `-` for what is not there.
fn row(value: &str) -> [String; 6] {
    let hop = hop(value);
    let word = |s: &Option<Spanned<String>>| s.as_ref().map_or("-".into(), |s| s.value.clone());
    let reverse = if hop.reverse_unknown.is_some() { "unknown".into() } else { word(&hop.reverse_name) };
    let ip = hop.ip.as_ref().map_or("-".into(), |ip| ip.value.to_string());
    [word(&hop.helo), reverse, ip, word(&hop.by), word(&hop.with), hop.tls.clone().unwrap_or("-".into())]
}

#[test]
fn names_are_a_labels() {
    let [helo, reverse, ..] =
        row("from Bücher.example. (MÜNCHEN.example [192.0.2.1]) by mx.example.net with UTF8SMTP id 4F; x");
    assert_eq!((&helo[..], &reverse[..]), ("xn--bcher-kva.example", "xn--mnchen-3ya.example"));
    // What is no name is shown as it stands.
    assert_eq!(row("from bü!cher.example ([192.0.2.1]) by mx.example.net with SMTP id 4F; x")[0], "bü!cher.example");
}

#[test]
fn each_server_has_its_own_way() {
    #[rustfmt::skip]
    let rows: &[(&str, [&str; 6])] = &[
        // Postfix
        ("from mail.example.com (mail.example.com [192.0.2.1])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519)\r\n\t(No client certificate requested)\r\n\tby mx.example.net (Postfix) with ESMTPS id 4F\r\n\tfor <a@example.net>; Tue, 12 May 2026 14:01:27 +0000 (UTC)",
            ["mail.example.com", "mail.example.com", "192.0.2.1", "mx.example.net", "ESMTPS", "TLSv1.3"]),
        ("from helo.example (unknown [IPv6:2001:DB8::1]) by mx.example.net (Postfix) with ESMTP id 4F; x",
            ["helo.example", "unknown", "2001:db8::1", "mx.example.net", "ESMTP", "-"]),
        ("by mx.example.net (Postfix, from userid 501) id 4F; x", ["-", "-", "-", "mx.example.net", "-", "-"]),
        // Exim
        ("from [192.0.2.1] (port=34078 helo=mail.example.com)\n by mx.example.net with esmtps  (TLS1.3) tls TLS_AES_256_GCM_SHA384\n (Exim 4.97)\n (envelope-from <b@example.com>)\n id 1kD8yU-0006Pf-AK\n for a@example.net; x",
            ["mail.example.com", "-", "192.0.2.1", "mx.example.net", "ESMTPS", "TLSv1.3"]),
        ("from rev.example.com ([192.0.2.1]:2817 helo=mail.example.com) by mx.example.net with esmtp (Exim 4.91) id 1h; x",
            ["mail.example.com", "rev.example.com", "192.0.2.1", "mx.example.net", "ESMTP", "-"]),
        ("from mail.example.com ([192.0.2.1]:43591) by mx.example.net with esmtps (TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:128) (Exim 4.92) id 1h; x",
            ["mail.example.com", "mail.example.com", "192.0.2.1", "mx.example.net", "ESMTPS", "TLSv1.2"]),
        ("from willy by mx.example.net with local (Exim 4.92) id 1h; x", ["-", "-", "-", "mx.example.net", "LOCAL", "-"]),
        // Sendmail
        ("from helo.example (user@rev.example.com [192.0.2.1] (may be forged)) (authenticated bits=0) by mx.example.net (8.17.1/8.17.1) with ESMTPSA id x (version=TLSv1.3 cipher=TLS_AES bits=256 verify=NOT) for <a@example.net>; x",
            ["helo.example", "rev.example.com", "192.0.2.1", "mx.example.net", "ESMTPSA", "TLSv1.3"]),
        ("from a.example (a.example [192.0.2.1]) by b.example (8.14.9/8.14.9) with ESMTP id x (version=TLSv1/SSLv3 cipher=AES256 bits=256 verify=NO); x",
            ["a.example", "a.example", "192.0.2.1", "b.example", "ESMTP", "-"]),
        // qmail
        ("(qmail 32129 invoked from network); 22 Aug 2026 09:22:13 -0000", ["-", "-", "-", "-", "-", "-"]),
        ("from unknown (HELO mail.example.com) (192.0.2.1)\n  by mx.example.net with SMTP; x",
            ["mail.example.com", "unknown", "192.0.2.1", "mx.example.net", "SMTP", "-"]),
        ("from unknown (HELO ) (192.0.2.1)\n  by mx.example.net with SMTP; x",
            ["-", "unknown", "192.0.2.1", "mx.example.net", "SMTP", "-"]),
        ("from rev.example.com (HELO ?198.51.100.7?) (user@example.com@192.0.2.1) by mx.example.net with (ECDHE-RSA encrypted) SMTP; x",
            ["[198.51.100.7]", "rev.example.com", "192.0.2.1", "mx.example.net", "SMTP", "TLS"]),
        // Exchange
        ("from AM0.eurprd04.example (2001:db8:803:41::31)\r\n by DB9.eurprd04.example (2001:db8:10:1::2) with\r\n Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA) id 15.20.1; x",
            ["am0.eurprd04.example", "-", "2001:db8:803:41::31", "db9.eurprd04.example", "MICROSOFT SMTP SERVER", "TLSv1.2"]),
        ("from A.example (2001:db8::31) by B.example with HTTPS via C.EXAMPLE; x", ["a.example", "-", "2001:db8::31", "b.example", "HTTPS", "TLS"]),
        ("from a.example ([192.0.2.1]) by b.example over TLS secured channel with Microsoft SMTPSVC(7.5.7601.22712);\n\t x",
            ["a.example", "-", "192.0.2.1", "b.example", "MICROSOFT SMTPSVC", "TLS"]),
        ("from A.example ([fe80::ec3d]) by A.example ([fe80::ec3d%13]) with mapi id 15.1; x", ["a.example", "-", "fe80::ec3d", "a.example", "MAPI", "-"]),
        // Google
        ("from mail.example.com (rev.example.com. [192.0.2.1]) by mx.google.com with ESMTPS id u13si4 for <a@gmail.com> (version=TLS1_3 cipher=TLS_AES bits=256/256); x",
            ["mail.example.com", "rev.example.com", "192.0.2.1", "mx.google.com", "ESMTPS", "TLSv1.3"]),
        ("by 2002:a05:6a10:f388:b0:1 with SMTP id m8csp; x", ["-", "-", "-", "2002:a05:6a10:f388:b0:1", "SMTP", "-"]),
        ("from laptop.local ([192.0.2.1]) by smtp.gmail.com with ESMTPSA id z11 (version=TLS1_3 cipher=x); x",
            ["laptop.local", "-", "192.0.2.1", "smtp.gmail.com", "ESMTPSA", "TLSv1.3"]),
        // Yahoo
        ("from 127.0.0.1 (EHLO mail.example.com) (192.0.2.1) by mta4.aol.mail.gq1.yahoo.com with SMTPS; x",
            ["mail.example.com", "-", "192.0.2.1", "mta4.aol.mail.gq1.yahoo.com", "SMTPS", "TLS"]),
        ("by smtp413.mail.gq1.yahoo.com (Oath Hermes SMTP Server) with ESMTPA ID d0c4; x", ["-", "-", "-", "smtp413.mail.gq1.yahoo.com", "ESMTPA", "-"]),
        // Mail.ru, Yandex
        ("from [192.0.2.1] (port=44832 helo=mail.example.com) by mx.mail.ru with esmtp (envelope-from <b@example.com>) id 1r; x",
            ["mail.example.com", "-", "192.0.2.1", "mx.mail.ru", "ESMTP", "-"]),
        ("from mail.example.com (mail.example.com [192.0.2.1]) by mxfront1.mail.yandex.net (mxfront/Yandex) with ESMTPS id 5AY;\n x\n\t(using TLSv1.2 with cipher ECDHE (256/256 bits))\n\t(Client certificate not present)",
            ["mail.example.com", "mail.example.com", "192.0.2.1", "mxfront1.mail.yandex.net", "ESMTPS", "TLSv1.2"]),
        // Haraka
        ("from mail.example.com (NXDOMAIN [192.0.2.1])\n\tby mx.example.net (Haraka/2.8.28) with ESMTPS id 0F.1\n\tenvelope-from <b@example.com>\n\ttls TLS_AES_256_GCM_SHA384;\n\tx",
            ["mail.example.com", "unknown", "192.0.2.1", "mx.example.net", "ESMTPS", "TLS"]),
        // OpenSMTPD
        ("from mail.example.com (<unknown> [192.0.2.1]);\n\tby mx.example.net (OpenSMTPD) with ESMTPS id a6 (TLSv1.3:AEAD:256:NO);\n\tfor <a@example.net>;\n\tTue, 12 May 2026 14:01:27 +0000 (UTC)",
            ["mail.example.com", "unknown", "192.0.2.1", "mx.example.net", "ESMTPS", "TLSv1.3"]),
        // Amazon SES, Mimecast, Proofpoint, IronPort, Aliyun, Beehive
        ("from mail.example.com (mail.example.com [192.0.2.1])\n by inbound-smtp.eu-west-1.amazonaws.com with SMTP id 6j\n for a@example.net; x",
            ["mail.example.com", "mail.example.com", "192.0.2.1", "inbound-smtp.eu-west-1.amazonaws.com", "SMTP", "-"]),
        ("from mail.example.com (mail.example.com [192.0.2.1]) (Using TLS) by relay.mimecast.com with ESMTP id us-mta-43; x",
            ["mail.example.com", "mail.example.com", "192.0.2.1", "relay.mimecast.com", "ESMTP", "TLS"]),
        ("from pps.filterd (m01.ppops.net [127.0.0.1]) by mx0a-1.pphosted.com (8.17.1.5/8.17.1.5) with ESMTP id 3f; x",
            ["pps.filterd", "m01.ppops.net", "127.0.0.1", "mx0a-1.pphosted.com", "ESMTP", "-"]),
        ("from rev.example.com (HELO mail.example.com) ([192.0.2.1])  by esa1.example.net with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; x",
            ["mail.example.com", "rev.example.com", "192.0.2.1", "esa1.example.net", "ESMTP", "TLS"]),
        ("from DESKTOP(mailfrom:b@example.com fp:SMTPD_1) by smtp.aliyun-inc.com(198.51.100.226); x",
            ["desktop", "-", "-", "smtp.aliyun-inc.com", "-", "-"]),
        ("from kadam (/192.0.2.1) by default (Oracle Beehive Gateway v4.0) with ESMTP ; x", ["kadam", "-", "192.0.2.1", "default", "ESMTP", "-"]),
        ("from [IPv6:2001:db8::1] ([IPv6:2001:db8::2]) by mx.example.net with ESMTPSA id x; x",
            ["[ipv6:2001:db8::1]", "-", "2001:db8::2", "mx.example.net", "ESMTPSA", "TLS"]),
        ("from  by mx.example.net with ESMTP; x", ["-", "-", "-", "mx.example.net", "ESMTP", "-"]),
        ("from ::ffff:192.0.2.1 by mx.example.net with ESMTP; x", ["::ffff:192.0.2.1", "-", "192.0.2.1", "mx.example.net", "ESMTP", "-"]),
    ];
    for (value, expected) in rows {
        assert_eq!(&row(value).each_ref().map(String::as_str), expected, "{value}");
    }
}

#[test]
fn the_other_clauses() {
    let word = |s: Option<Spanned<String>>| s.unwrap().value;
    let exim = hop(
        "from a.example ([192.0.2.1]) by b.example with esmtp (Exim 4.9) (envelope-from <b@a.example>) id 1h for x@b.example; Fri, 1 May 2026 10:00:00 +0200",
    );
    assert_eq!(word(exim.envelope_from), "b@a.example");
    assert_eq!((word(exim.id), word(exim.envelope_to)), ("1h".into(), "x@b.example".into()));
    assert_eq!(exim.at.unwrap().to_string(), "2026-05-01T08:00:00Z");
    let haraka = hop("from a.example (a.example [192.0.2.1]) by b.example with ESMTP id 1 envelope-from <>; x");
    assert_eq!(word(haraka.envelope_from), "");
    assert!(haraka.at.is_none());
    assert_eq!(hop("by b.example; Fri, 1 May 2026 10:00:00 -0000;").at.unwrap().to_string(), "2026-05-01T10:00:00Z");
    assert_eq!(hop("by b.example (; ) id 1; 1 May 2026 10:00:00 GMT").at.unwrap().to_string(), "2026-05-01T10:00:00Z");
    assert!(hop("by b.example with ESMTPSA; x").is_submission());
    assert!(!hop("by b.example with ESMTPS; x").is_submission());
}

#[test]
fn spans_stand_on_the_words() {
    let value = "from Helo.Example (Rev.Example. [192.0.2.1]) by b.example; x";
    let hop = hop(value);
    assert_eq!(&value[hop.helo.unwrap().span.range()], "Helo.Example");
    assert_eq!(&value[hop.reverse_name.unwrap().span.range()], "Rev.Example.");
    assert_eq!(&value[hop.ip.unwrap().span.range()], "192.0.2.1");
    let coremail = "from a.example (unknown [192.0.2.1]) by mx9 (Coremail) with SMTP id 1; x";
    assert_eq!(&coremail[self::hop(coremail).software.unwrap().range()], "Coremail");
    let unknown = "from a.example (unknown [192.0.2.1]) by b.example; x";
    assert_eq!(&unknown[self::hop(unknown).reverse_unknown.unwrap().range()], "unknown");
}

#[test]
fn the_chain_is_oldest_first_with_the_time_between() {
    let text = b"Received: by c.example; Tue, 12 May 2026 14:00:07 +0000\n\
        Received: by b2.example; no date\n\
        Received: by b.example; Tue, 12 May 2026 13:59:58 +0000\n\
        Received: by a.example; Tue, 12 May 2026 16:00:00 +0200\n\n";
    let hops = read(&Header::split(text), text);
    let by: Vec<_> = hops.iter().map(|h| h.by.as_ref().unwrap().value.as_str()).collect();
    assert_eq!(by, ["a.example", "b.example", "b2.example", "c.example"]);
    assert_eq!(hops.iter().map(|h| h.delay_ms).collect::<Vec<_>>(), [None, Some(-2000), None, None]);
    assert_eq!(hops[0].field, 3);
}

#[test]
fn many_and_long_fields_take_linear_time() {
    // Enough to feel a quadratic reader; the benchmarks have more.
    let many = "Received: from a.example (b.example [192.0.2.1]) by c.example with ESMTPS id 1;\n Fri, 1 May 2026 10:00:00 +0200\n".repeat(2_000);
    let hops = read(&Header::split(many.as_bytes()), many.as_bytes());
    assert_eq!((hops.len(), hops[0].field, hops[MOST - 1].field), (MOST, MOST - 1, 0), "the newest");
    for piece in
        ["(", "((a) ", "; ", "from ", "by x ", "[", "a\n ", "helo= ", "(HELO ", "(tls ", "with Microsoft SMTP "]
    {
        hop(&format!("from a ({})", piece.repeat(100_000 / piece.len())));
        hop(&piece.repeat(100_000 / piece.len()));
    }
}

fn check(value: &[u8]) {
    let hop = read_value(value, Span::new(0, value.len()));
    let words = [&hop.helo, &hop.reverse_name, &hop.by, &hop.with, &hop.id, &hop.envelope_to, &hop.envelope_from];
    for span in words.into_iter().flatten().map(|w| w.span).chain(hop.ip.map(|ip| ip.span)).chain(hop.reverse_unknown) {
        assert!(span.start <= span.end && span.end as usize <= value.len());
    }
}

proptest! {
    #[test]
    fn never_panics_on_any_bytes(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&value);
    }

    #[test]
    fn never_panics_on_likely_words(
        words in proptest::collection::vec(
            r"(from|by|with|id|for|via|Microsoft|SMTP|tls|helo=x|HELO|unknown|\[192\.0\.2\.1\]|\[|\]|@\[|\?|\(|\)|;|<|>|<>|x@|/|\[IPv6:::1\]:25|1 May 2026 10:00:60 \+9999|\PC{1,4})",
            0..30,
        )
    ) {
        check(words.join(" ").as_bytes());
        check(words.concat().as_bytes());
    }
}
