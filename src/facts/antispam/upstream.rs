//! Filters that looked at the message before the receiver took it over: the sender's own on the way out, or a forwarder's.
//! Their word is shown, never counted.

use super::{Field, host};
use crate::facts::Reading;
use crate::facts::boundary::Boundary;
use crate::facts::organization::same_by_list;
use crate::facts::received::Hop;
use crate::knowledge::receiver::{self, Kind};
use crate::span::Spanned;
use std::collections::HashSet;

/// Marks the fields of such filters: by the server that the filter names; where the sender wrote above it and below; or
/// where the receiver's stands above its own Received, and another of the same name below one that is older (RFC 5321
/// §4.4: each server writes on top).
pub fn distrust(fields: &mut [Field], reading: &Reading, text: &[u8]) {
    let Reading { header, hops, boundary, .. } = reading;
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
    for field in fields.iter_mut().filter(|f| f.field > hop.field) {
        field.untrusted |= host::named(header, text, field).is_some_and(|h| is_before(&h.value, older, hop, boundary));
    }
    if let Some((above, below)) = senders(reading, older, hop) {
        for field in fields.iter_mut().filter(|f| above < f.field && f.field < below && f.vendor != "microsoft") {
            field.untrusted = true;
        }
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

/// The stretch that the sender wrote: from the topmost Received or signature of its own domain to the oldest Received. A
/// milter of the receiver's adds on top of all that came, or at the very end.
fn senders(reading: &Reading, older: &[Hop], hop: &Hop) -> Option<(usize, usize)> {
    let from = reading.from.domain()?;
    let own = |name: Option<&Spanned<String>>| name.is_some_and(|n| same_by_list(&n.value, from));
    if own(hop.by.as_ref()) || reading.boundary.authserv_id.as_deref().is_some_and(|id| same_by_list(id, from)) {
        return None;
    }
    let received = older.iter().filter(|h| own(h.by.as_ref())).map(|h| h.field);
    let signed = reading.signatures.iter().filter(|s| own(s.domain.as_ref())).map(|s| s.field);
    let above = received.chain(signed).filter(|field| *field > hop.field).min()?;
    Some((above, older.first()?.field))
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
    fn amavis_and_rspamd_name_their_server_too() {
        let amavis = "X-Virus-Scanned: Debian amavisd-new at shop.example\r\n";
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{amavis}{SPAM}")), (vec![false, false], None));
        assert_eq!(
            read(&format!("{RESULTS}{TAKEN}{}{SPAM}", amavis.replace("shop", "inbox"))),
            (vec![true, true], Some(7.1))
        );
        // Another scanner's line tells nothing of SpamAssassin.
        let clam = "X-Virus-Scanned: clamav-milter 1.0 at mail.shop.example\r\n";
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{clam}{SPAM}")), (vec![true, true], Some(7.1)));
        let rspamd = |host: &str| {
            format!(
                "X-Rspamd-Server: {host}\r\nX-Spamd-Result: default: False [9.00 / 15.00]; BAYES_SPAM(5.00)[99%]\r\nX-Rspamd-Action: add header\r\n"
            )
        };
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{}", rspamd("mail.shop.example"))).0, [false, false]);
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{}", rspamd("mx1.inbox.example"))).0, [true, true]);
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{}", rspamd("worker-1"))).0, [true, true]);
    }

    #[test]
    fn what_the_sender_wrote_above_and_below_is_its_own() {
        const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=s1; h=from; bh=AA==; b=AA==\r\n";
        const FIRST: &str = "Received: from pc (pc [192.0.2.7]) by app.shop.example (Postfix) with ESMTPSA id 3; Tue, 2 Jun 2026 10:00:01 +0000\r\n";
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{SIGNED}{SPAM}{INNER}")), (vec![false, false], None));
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{INNER}{SPAM}{FIRST}")), (vec![false, false], None));
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{SIGNED}X-Yandex-Spam: 4\r\n{INNER}")).0, [false]);
        // A milter adds on top, or at the very end.
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{SPAM}{SIGNED}{INNER}")), (vec![true, true], Some(7.1)));
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{SIGNED}{INNER}{SPAM}")), (vec![true, true], Some(7.1)));
        // A gateway of another name may be the receiver's.
        let gateway = INNER.replace("by mail.shop.example", "by gw.filter.example");
        assert_eq!(read(&format!("{RESULTS}{TAKEN}{gateway}{SPAM}{FIRST}")), (vec![true, true], Some(7.1)));
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
