//! `postdoc explain`.

use super::*;

fn explained(what: &[&str]) -> String {
    let out = Home::new().run(&[&["explain"], what].concat());
    assert_eq!((out.status, out.stderr.as_str()), (0, ""), "{what:?}");
    out.stdout
}

#[test]
fn a_rule_has_its_page() {
    let page = explained(&["spf-multiple-records"]);
    let mut at = 0;
    for part in [
        "spf-multiple-records",
        "## What we saw",
        "## Why mail suffers",
        "## How to fix it",
        "## How to check",
        "## Sources",
    ] {
        at += page[at..].find(part).unwrap_or_else(|| panic!("{part}: {page}"));
    }
    for rule in postdoc::rules::all() {
        assert!(explained(&[rule.id]).contains(rule.title()), "{}", rule.id);
    }
}

#[test]
fn the_same_code_means_what_its_receiver_means() {
    let google = explained(&["550 5.7.30 This mail has been blocked because DKIM does not pass. google.com"]);
    assert!(google.contains("postdoc explain dkim-missing"), "{google}");
    let outlook = explained(&["550 5.7.30 Basic authentication is not supported. outlook.com"]);
    assert!(outlook.contains("Not about DKIM") && outlook.contains("login"), "{outlook}");
    assert!(!outlook.contains("dkim-missing"), "{outlook}");
    // Words need no quotes.
    let unquoted = explained(&["550", "5.7.30", "google.com"]);
    assert!(unquoted.contains("dkim-missing"), "{unquoted}");
}

#[test]
fn a_code_alone_is_explained_by_the_registry() {
    let text = explained(&["5.7.26"]);
    assert!(text.contains("x.7.26   by the registry") && text.contains("RFC 7372"), "{text}");
}

#[test]
fn a_header_field_is_explained_by_its_value() {
    assert!(explained(&["X-Yandex-Spam: 4"]).contains("spam"));
    assert!(explained(&["X-Yandex-Spam:", "4"]).contains("spam"));
    let out = Home::new().run(&["explain", "X-Nobody-Knows: 1"]);
    assert_eq!((out.status, out.stdout.as_str()), (3, ""));
    assert!(out.stderr.contains("X-Nobody-Knows"), "{}", out.stderr);
}

#[test]
fn results_need_no_field_around_them() {
    let text = explained(&["spf=fail smtp.mailfrom=bounce@example.com"]);
    assert!(text.starts_with("spf=fail   smtp.mailfrom=bounce@example.com\n"), "{text}");
    assert!(text.contains("postdoc explain spf-not-authorized"), "{text}");
    let all = explained(&["dkim=pass; spf=pass; dmarc=pass"]);
    assert!(["dkim=pass", "spf=pass", "dmarc=pass"].iter().all(|r| all.contains(r)), "{all}");
}

#[test]
fn what_guides_say_is_set_right() {
    let text = explained(&["http://fbl.cox.net/"]);
    assert!(text.contains("senders.yahooinc.com") && text.contains("postdoc explain fbl-not-enrolled"), "{text}");
    assert!(explained(&["Sender", "ID"]).contains("RFC 6686"));
    assert!(explained(&["SCL:0"]).contains("-1, 0 and 1 are clean"));
    // A reply that names the same word is a reply.
    let reply = explained(&["554 5.7.1 Service unavailable; blocked using bl.spamcop.net"]);
    assert!(!reply.contains('“'), "{reply}");
    // Without a code it is none, whatever words servers use too.
    for (what, rule) in [
        ("openspf.org", "openspf.org is gone"),
        ("ptr mechanism", "spf-ptr-mechanism"),
        ("ptr", "ptr-not-forward-confirmed"),
        ("SpamCop", "complaint-received"),
        ("PTR must match From", "ptr-not-forward-confirmed"),
    ] {
        assert!(explained(&[what]).contains(rule), "{what}");
    }
    let all = explained(&["guides"]);
    assert!(postdoc::knowledge::guide::all().iter().all(|a| all.contains(&a.holds)), "{all}");
    let json = Home::new().run(&["explain", "p=reject", "--json"]).json();
    assert_eq!(json["advice"][0]["rule"], "dmarc-reject-too-early");
}

/// As terms of SPF begin: no `--` before it, and options behind it are options.
#[test]
fn a_term_may_begin_with_a_hyphen() {
    for (term, rule) in [
        ("-all", "spf-hardfail-risk"),
        ("~all", "spf-hardfail-risk"),
        ("?all", "spf-neutral-or-no-all"),
        ("+all", "spf-too-permissive"),
    ] {
        assert!(explained(&[term]).contains(&format!("postdoc explain {rule}")), "{term}");
        for args in [["explain", term, "--json"], ["explain", "--json", term]] {
            assert_eq!(Home::new().run(&args).json()["advice"][0]["rule"], rule, "{args:?}");
        }
    }
    assert!(explained(&["--", "-all"]).contains("spf-hardfail-risk"));
}

#[test]
fn nonsense_is_an_error_that_says_what_it_takes() {
    for what in ["lorem ipsum", "dkim-missin", "", "9999", "a policy of the house"] {
        let out = Home::new().run(&["explain", what]);
        assert_eq!((out.status, out.stdout.as_str()), (2, ""), "{what:?}");
        assert!(out.stderr.contains("postdoc rules"), "{what:?}: {}", out.stderr);
    }
}

#[test]
fn a_machine_can_ask_too() {
    let home = Home::new();
    let rule = home.run(&["explain", "dkim-missing", "--json"]).json();
    assert_eq!(rule["rule"], "dkim-missing");
    assert!(rule["doc"].as_str().unwrap().contains("## How to fix it"));
    let reply = home.run(&["explain", "550 5.7.30 DKIM does not pass google.com", "--json"]).json();
    assert_eq!(reply["replies"][0]["rule"], "dkim-missing");
    let header = home.run(&["explain", "X-Yandex-Spam: 4", "--json"]).json();
    assert_eq!(header["meanings"][0]["meaning"], "spam");
}

/// What providers mean by a code in other words is no explanation of these.
#[test]
fn the_words_of_a_reply_go_before_its_code() {
    let text = explained(&["553 5.1.8 <ann@example.com>... Domain of sender address ann@example.com does not exist"]);
    assert!(!text.contains("Microsoft") && text.contains("sender's"), "{text}");
    let text =
        explained(&["552-5.7.0 This message was blocked because its content presents a potential security issue"]);
    assert!(text.starts_with("552 5.7.0   Gmail\n") && !text.contains("relay") && !text.contains("iCloud"), "{text}");
    let text = explained(&["550 5.7.1 the quick brown fox"]);
    assert!(text.starts_with("x.7.1   by the registry"), "{text}");
    // A code alone has all its meanings.
    let text = explained(&["5.7.0"]);
    assert!(["Gmail", "Apple", "registry"].iter().all(|who| text.contains(who)), "{text}");
}

#[test]
fn a_reply_in_unknown_words_is_explained_by_its_code() {
    let page = explained(&["550 5.7.515 Access denied, sending domain example.com does not meet the level"]);
    assert!(page.contains("5.7.515") && page.contains("Source: "), "{page}");
}

#[test]
fn a_word_alone_is_explained() {
    for word in ["permerror", "softfail", "temperror", "bestguesspass", "quarantine", "spf=none"] {
        assert!(explained(&[word]).contains("Source: "), "{word}");
    }
    assert!(explained(&["permerror"]).contains("ten look-ups"));
}

#[test]
fn a_whole_field_is_explained_result_by_result() {
    let text = explained(&[
        "Authentication-Results: mx.example.org; spf=softfail smtp.mailfrom=example.com; dkim=pass header.d=mailer.test; dmarc=fail",
    ]);
    let heads: Vec<&str> = text.lines().filter(|l| l.contains('=') && !l.starts_with(' ')).collect();
    assert_eq!(heads, ["spf=softfail   smtp.mailfrom=example.com", "dkim=pass   header.d=mailer.test", "dmarc=fail"]);
    assert!(explained(&["Received-SPF: softfail (x: y) client-ip=192.0.2.1;"]).contains("~all"));
}
