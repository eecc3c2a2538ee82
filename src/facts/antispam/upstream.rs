//! Filters that looked at the message before the receiver took it over: the sender's own on the way out, or a forwarder's.
//! Their word is shown, never counted.

use super::Field;
use crate::facts::boundary::Boundary;
use crate::facts::header::Header;
use crate::facts::organization::same_by_list;
use crate::facts::received::Hop;
use crate::facts::text::lower;
use crate::knowledge::receiver::{self, Kind};
use crate::span::{Span, Spanned};
use std::collections::HashSet;

/// Marks the fields of such filters: by the server that the filter names, or where the receiver's stands above its own
/// Received, and another of the same name below one that is older (RFC 5321 §4.4: each server writes on top).
pub fn distrust(fields: &mut [Field], header: &Header, text: &[u8], hops: &[Hop], boundary: &Boundary) {
    let Some((at, hop)) = boundary.hop.and_then(|n| Some((n, hops.get(n)?))) else { return };
    // What stands above the receiver's Received only the receiver can have written.
    if !fields.iter().any(|f| f.field > hop.field && f.vendor != "microsoft") {
        return;
    }
    let older = hops.get(..at).unwrap_or_default();
    // A service that handed the message over, and is not the receiver's too.
    let runs = |name: Option<&Spanned<String>>| name.and_then(|n| receiver::of_host(&n.value)).map(|r| r.id.as_str());
    let service = runs(hop.reverse_name.as_ref()).or_else(|| runs(hop.helo.as_ref()));
    let service = service.filter(|id| runs(hop.by.as_ref()) != Some(*id) && boundary.receiver.as_deref() != Some(*id));
    for field in fields.iter_mut().filter(|f| f.field > hop.field && f.vendor != "microsoft") {
        field.untrusted |= service == Some(field.vendor);
    }
    for field in fields.iter_mut().filter(|f| f.field > hop.field && f.vendor == "spamassassin") {
        field.untrusted |=
            checker(header, text, field.field).is_some_and(|c| is_before(&c.value, older, hop, boundary));
    }
    let Some(before) = older.last() else { return };
    let below = |f: &Field| f.field > before.field && is_software(f);
    let name = |f: &Field| header.fields.get(f.field).map(|f| f.name.of(text).to_ascii_lowercase());
    let above = fields.iter().filter(|f| f.field < hop.field && !f.untrusted && is_software(f));
    let above: HashSet<_> = above.map(|f| (f.vendor, name(f))).collect();
    let again = |f: &&Field| below(f) && above.contains(&(f.vendor, name(f)));
    let twice: HashSet<&'static str> = fields.iter().filter(again).map(|f| f.vendor).collect();
    for field in fields.iter_mut().filter(|f| below(f) && twice.contains(&f.vendor)) {
        field.untrusted = true;
    }
}

/// Did this server have the message before the receiver did?
fn is_before(host: &str, older: &[Hop], hop: &Hop, boundary: &Boundary) -> bool {
    let mut receivers = hop.by.iter().map(|by| by.value.as_str()).chain(boundary.authserv_id.as_deref());
    if receivers.any(|name| same_by_list(name, host)) {
        return false;
    }
    let client = hop.helo.iter().chain(&hop.reverse_name);
    client.chain(older.iter().filter_map(|h| h.by.as_ref())).any(|name| same_by_list(&name.value, host))
}

fn is_software(field: &Field) -> bool {
    receiver::find(field.vendor).is_some_and(|r| r.kind == Kind::Filter)
}

/// The server that SpamAssassin ran on, as `X-Spam-Checker-Version: SpamAssassin 4.0.0 (…) on HOST` names it. It writes its
/// fields in one go: only an unbroken run of them is one server's.
pub fn checker(header: &Header, text: &[u8], field: usize) -> Option<Spanned<String>> {
    let fields = &header.fields;
    let own = |n: &usize| fields.get(*n).is_some_and(|f| begins(f.name.of(text), b"X-Spam-"));
    let up = (0..field).rev().take(RUN).take_while(own);
    let run = up.chain((field..fields.len()).take(RUN).take_while(own));
    let mut named = run.filter_map(|n| fields.get(n)).filter(|f| f.name.of(text).eq_ignore_ascii_case(CHECKER));
    let (one, another) = (named.next()?, named.next());
    host(text, one.value).filter(|_| another.is_none())
}

/// Fields of one run, at most.
const RUN: usize = 20;

const CHECKER: &[u8] = b"X-Spam-Checker-Version";

fn begins(name: &[u8], with: &[u8]) -> bool {
    name.get(..with.len()).is_some_and(|n| n.eq_ignore_ascii_case(with))
}

/// The word after the last `on`.
fn host(text: &[u8], value: Span) -> Option<Spanned<String>> {
    let (mut at, mut after_on, mut found) = (value.start as usize, false, None);
    for word in value.of(text).split(|b| b.is_ascii_whitespace()) {
        let span = Span::new(at, at + word.len());
        at += word.len() + 1;
        if word.is_empty() {
            continue;
        }
        if after_on {
            found = Some(span);
        }
        after_on = word == b"on";
    }
    found.map(|span| Spanned::new(lower(span.of(text)), span))
}

#[cfg(test)]
mod tests {
    use crate::evidence::{Input, InputKind, Said};
    use crate::facts::Reading;

    const TAKEN: &str = "Received: from mail.shop.example (mail.shop.example [198.51.100.25]) by mx1.inbox.example (Postfix) with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n";
    const INNER: &str = "Received: from app.shop.example (app.shop.example [192.0.2.9]) by mail.shop.example (Postfix) with ESMTPS id 2; Tue, 2 Jun 2026 10:00:05 +0000\r\n";
    const RESULTS: &str = "Authentication-Results: mx1.inbox.example; spf=pass smtp.mailfrom=shop.example\r\n";
    const SPAM: &str = "X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=7.1 required=5.0 tests=BAYES_99\r\n";
    const CLEAN: &str = "X-Spam-Status: No, score=-1.1 required=5.0 tests=BAYES_00\r\n";

    fn on(host: &str) -> String {
        format!("X-Spam-Checker-Version: SpamAssassin 3.4.6 (2021-04-09)\r\n on {host}\r\n")
    }

    /// Whether each field counts, and the score that does.
    fn read(text: &str) -> (Vec<bool>, Option<f64>) {
        let text = format!("{text}From: ann@shop.example\r\n");
        let input = Input::read("test", text.into_bytes(), Some(InputKind::Headers)).unwrap();
        let reading = Reading::read(&input, &Said::default());
        let score = crate::facts::antispam::summary(&reading.antispam, None).spamassassin.and_then(|s| s.score);
        (reading.antispam.iter().map(|f| !f.untrusted).collect(), score)
    }

    #[test]
    fn the_server_that_the_filter_names_tells_whose_it_is() {
        let sender = on("mail.shop.example");
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{INNER}{SPAM}{sender}")), (vec![false, false], None));
        // Without a Received of its own, the client is named by the receiver.
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{SPAM}{sender}")), (vec![false, false], None));
        let receiver = on("mx1.inbox.example");
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{INNER}{SPAM}{receiver}")), (vec![true, true], Some(7.1)));
        // A server nobody else names: the header does not tell.
        assert_eq!(
            read(&format!("{RESULTS}{TAKEN}{INNER}{SPAM}{}", on("filter.other.example"))),
            (vec![true, true], Some(7.1))
        );
        // The name of one run of fields says nothing of another, such as one at the end (Exim).
        assert_eq!(
            read(&format!("{RESULTS}{TAKEN}{INNER}{CLEAN}{sender}Subject: x\r\n{SPAM}")),
            (vec![false, true, true], Some(7.1))
        );
    }

    #[test]
    fn a_service_that_handed_it_over_wrote_on_its_way_out() {
        let taken = TAKEN.replace("mail.shop.example (mail.shop.example", "out1.mail.aliyun.com (out1.mail.aliyun.com");
        let spam = "X-Alimail-AntiSpam: AC=CONTINUE;DS=SPAM|spam_ad|0.9-0-0\r\n";
        assert_eq!(read(&format!("{RESULTS}{taken}{spam}")).0, [false]);
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{spam}")).0, [true]);
        assert_eq!(read(&format!("{spam}{RESULTS}{taken}")).0, [true]);
    }

    #[test]
    fn the_upper_of_two_of_a_name_is_the_receivers() {
        assert_eq!(read(&format!("{RESULTS}{CLEAN}{TAKEN}{INNER}{SPAM}")), (vec![true, false, false], Some(-1.1)));
        // Between the two Received it may be the receiver's as well.
        assert_eq!(read(&format!("{RESULTS}{CLEAN}{TAKEN}{SPAM}{INNER}")), (vec![true, true, true], Some(-1.1)));
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{INNER}{SPAM}")), (vec![true, true], Some(7.1)));
    }
}
