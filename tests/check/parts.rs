//! `--only`: a part that is not wanted is not asked for.

use super::*;
use std::collections::BTreeSet;

/// What a check of this part alone asks: each question once, `*` for the name that nobody uses.
fn asked(part: &str) -> Vec<String> {
    let server = Dnsd::start(World::of(ZONE));
    let out = check(
        &server,
        &["example.com", "--ip", "192.0.2.5", "--helo", "mx1.example.com", "--only", part, "-f", "json"],
    );
    let told = json(&out);
    for other in ["spf", "dmarc", "caa", "bimi", "mta_sts", "tls_rpt", "mx"] {
        let wanted = part.replace('-', "_") == other;
        assert_eq!(told["records"][other].is_null(), !wanted, "{part}: {other}");
    }
    let plain = |name: String| match name.strip_prefix("zq") {
        Some(rest) => format!("*{}", rest.trim_start_matches(|c: char| c.is_ascii_hexdigit())),
        None => name,
    };
    let all: BTreeSet<String> = server.log().into_iter().map(|a| format!("{} {}", plain(a.name), a.kind)).collect();
    all.into_iter().collect()
}

/// The DNS host is asked for whatever the part: a cure is told in the words of its panel.
const HOST: &str = "example.com NS";

#[test]
fn each_part_alone_asks_its_own_questions_and_no_others() {
    let mut wrong = Vec::new();
    // Hickory has no word for the type SPF.
    for (part, questions) in [
        (
            "spf",
            &[
                "*.example.com TXT",
                HOST,
                "example.com TXT",
                "example.com Unknown",
                "mx1.example.com TXT",
                "send.test TXT",
            ][..],
        ),
        ("dmarc", &["*.example.com TXT", "_dmarc.com TXT", "_dmarc.example.com NS", "_dmarc.example.com TXT", HOST]),
        ("bimi", &["default._bimi.example.com TXT", HOST]),
        ("mta-sts", &["_mta-sts.example.com TXT", "example.com MX", HOST, "mx1.example.com A", "mx1.example.com AAAA"]),
        ("tls-rpt", &["_smtp._tls.example.com TXT", HOST]),
        ("caa", &["com CAA", "example.com CAA", HOST, "mta-sts.example.com CAA"]),
        ("ptr", &["5.2.0.192.in-addr.arpa PTR", HOST, "mx1.example.com A", "mx1.example.com AAAA"]),
    ] {
        let asked = asked(part);
        if asked != questions {
            wrong.push(format!("{part}: {asked:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mail_hosts_and_keys_alone_leave_out_policies() {
    for part in ["mx", "dkim"] {
        let asked = asked(part);
        let foreign = |q: &&String| q.starts_with("_dmarc") || q.ends_with("CAA") || q.ends_with("SPF");
        assert_eq!(asked.iter().find(foreign), None, "{part}");
    }
    assert!(!asked("mx").iter().any(|q| q.ends_with("TXT")));
    assert!(!asked("dkim").iter().any(|q| q.ends_with("MX")));
}
