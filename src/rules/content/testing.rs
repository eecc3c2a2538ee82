//! Facts for the tests of this group: read from text, as the program does.

use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::{Facts, Reading};
use crate::rules::{Rule, Verdict};
use std::sync::Arc;

pub use crate::rules::testing::only;

/// Facts of a whole message, without DNS.
pub fn facts(text: &str) -> Facts {
    facts_of(text, InputKind::Message)
}

pub fn facts_of(text: &str, kind: InputKind) -> Facts {
    let input = Input::read("test", text.as_bytes(), Some(kind)).unwrap();
    let reading = Arc::new(Reading::read(&input, &Said::default()));
    let now = "2026-06-10T12:00:00Z".parse().unwrap();
    Facts::gather(Arc::new(Evidence::new(input, Said::default(), now, true)), reading)
}

/// A message with this body, and these fields besides the usual ones.
pub fn message(fields: &str, body: &str) -> String {
    format!(
        "Received: from a.example.com (a.example.com [192.0.2.4]) by mx.inbox.test with ESMTPS id 1;\r\n\tTue, 2 Jun 2026 10:00:03 +0000\r\n\
         From: Ann <ann@example.com>\r\nTo: bob@inbox.test\r\nSubject: Hello\r\nDate: Tue, 2 Jun 2026 10:00:00 +0000\r\n\
         Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n{fields}\r\n{body}"
    )
}

pub const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n";
pub const LIST: &str = "List-Unsubscribe: <https://example.com/u>\r\n";

/// A message nested so deep that nothing is known of it.
pub fn deep() -> String {
    let inner: String =
        (0..300).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    message(
        "Content-Type: multipart/mixed; boundary=c\r\nList-Unsubscribe: <https://example.com/u>\r\n",
        &format!("--c\r\n{inner}"),
    )
}

/// It passes on this, does not apply to a domain or a header alone, and cannot know of what is nested too deep.
pub fn three_ways(rule: &'static Rule, fine: &str) {
    assert!(matches!((rule.judge)(&facts(fine)), Verdict::Pass), "{:?}", (rule.judge)(&facts(fine)));
    assert!(matches!((rule.judge)(&facts_of("From: ann@example.com\n", InputKind::Headers)), Verdict::NotApplicable));
    assert!(matches!((rule.judge)(&facts_of("example.com", InputKind::Domain)), Verdict::NotApplicable));
    assert!(matches!((rule.judge)(&facts(&deep())), Verdict::Unknown(_)));
}
