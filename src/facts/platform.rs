//! Which sending platform handled the message, and which DNS host serves a domain.

use super::Reading;
use super::address::Address;
use super::lookup::Lookup;
use super::reverse::Reverse;
use super::spf::{Check, SpfResult, check_host};
use crate::knowledge::{Platform, platform, receiver};
use crate::span::Span;

/// A platform recognised, with what gave it away.
#[derive(Clone, Debug)]
pub struct Hit {
    pub platform: &'static Platform,
    pub mark: Mark,
    pub span: Option<Span>,
}

/// What gave a platform away, surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    ReturnPath,
    Received,
    SigningDomain,
    Selector,
    Field,
    FeedbackId,
    Mailer,
    /// A server before the one that handed the message over: it may have come through another
    /// system since, whose settings are the ones that count.
    Passed,
}

/// Hops and signatures looked at.
const LIMIT: usize = 64;

/// Platforms of the message, surest first, each once. Two usually mean that one sends through
/// the other.
pub fn recognise(reading: &Reading, text: &[u8], reverse: Option<&Reverse>) -> Vec<Hit> {
    let mut found = Found { reading, hits: Vec::new() };
    found.return_path();
    found.received(reverse);
    found.signatures();
    found.fields(text);
    found.passed();
    found.hits
}

/// The platform to be set up for the sender: the surest, but not one that the message only came through. Where a list
/// or forwarder handed it over, the sender's own service stands behind that one's, whose customer is another.
pub fn sending(hits: &[Hit], relayed: bool) -> Option<&Hit> {
    let other = if relayed { Mark::Received } else { Mark::Passed };
    hits.iter().find(|hit| hit.mark != other)
}

/// The mailbox service that runs a host, or reports failures by its name.
pub fn mailboxes(host: &str) -> Option<&'static Platform> {
    let mut known = platform::that_run(host).into_iter().chain(platform::that_report_as(host));
    known.find(|p| p.kind == "mailbox")
}

/// What was recognised so far.
struct Found<'r> {
    reading: &'r Reading,
    hits: Vec<Hit>,
}

impl Found<'_> {
    /// Those of the platforms that are not there yet.
    fn note(&mut self, mark: Mark, span: Option<Span>, platforms: impl IntoIterator<Item = &'static Platform>) {
        for platform in platforms {
            if !self.hits.iter().any(|h| std::ptr::eq(h.platform, platform)) {
                self.hits.push(Hit { platform, mark, span });
            }
        }
    }

    fn return_path(&mut self) {
        // Longer than an address may be (RFC 5321 §4.5.3.1): no platform's.
        let short = |a: &&Address| a.span.len() <= 320;
        if let Some(address) = self.reading.return_path.as_ref().and_then(|r| r.address.as_ref()).filter(short) {
            self.note(Mark::ReturnPath, Some(address.span), platform::that_bounce_to(&address.domain));
            self.note(Mark::ReturnPath, Some(address.span), platform::that_shape(&address.local, &address.domain));
        }
        // The receiver's smtp.mailfrom is the same identity.
        let spf = self.reading.reported.spf.as_ref().filter(|s| !s.is_helo);
        if let Some((spf, domain)) = spf.and_then(|s| Some((s, s.domain.as_ref()?))) {
            self.note(Mark::ReturnPath, spf.domain_span.or(Some(spf.span)), platform::that_bounce_to(domain));
        }
    }

    /// The names of the server that handed the message over.
    fn received(&mut self, reverse: Option<&Reverse>) {
        let reading = self.reading;
        if let Some(hop) = reading.hops.get(self.newest()) {
            // Without a boundary a hop inside the receiver's house looks like one outside.
            let by = hop.by.as_ref().filter(|_| reading.boundary.hop.is_none());
            let house = by.and_then(|by| receiver::of_host(&by.value)).map(|r| r.id.as_str());
            for name in [hop.reverse_name.as_ref(), hop.helo.as_ref()].into_iter().flatten() {
                let inside = |p: &Platform| house.is_some() && p.receiver.as_deref() == house;
                let outside = platform::that_run(&name.value).into_iter().filter(|p| !inside(p));
                self.note(Mark::Received, Some(name.span), outside);
            }
        }
        for name in reverse.into_iter().flat_map(|r| &r.names).take(LIMIT) {
            self.note(Mark::Received, None, platform::that_run(&name.name));
        }
    }

    /// The hops before it, newest first.
    fn passed(&mut self) {
        let reading = self.reading;
        for hop in reading.hops.iter().take(self.newest()).rev().take(LIMIT) {
            let names = [hop.by.as_ref(), hop.reverse_name.as_ref(), hop.helo.as_ref()];
            for name in names.into_iter().flatten() {
                self.note(Mark::Passed, Some(name.span), platform::that_run(&name.value));
            }
        }
    }

    /// The hop at which the receiver took over, else the newest.
    fn newest(&self) -> usize {
        self.reading.boundary.hop.unwrap_or(self.reading.hops.len().saturating_sub(1))
    }

    fn signatures(&mut self) {
        let reading = self.reading;
        let signatures = || reading.signatures.iter().take(LIMIT);
        for domain in signatures().filter_map(|s| s.domain.as_ref()) {
            self.note(Mark::SigningDomain, Some(domain.span), platform::that_sign_as(&domain.value));
        }
        for dkim in reading.reported.dkim.iter().take(LIMIT) {
            if let Some(domain) = &dkim.domain {
                self.note(Mark::SigningDomain, dkim.domain_span.or(Some(dkim.span)), platform::that_sign_as(domain));
            }
        }
        for selector in signatures().filter_map(|s| s.selector.as_ref()).filter(|s| s.value.len() <= 253) {
            self.note(Mark::Selector, Some(selector.span), platform::that_select(&selector.value));
        }
    }

    /// Platform fields, Feedback-ID, X-Mailer.
    fn fields(&mut self, text: &[u8]) {
        let header = &self.reading.header;
        // Fields of one name stand together by the thousand, if at all.
        let runs = header.fields.chunk_by(|a, b| a.name.of(text) == b.name.of(text)).filter_map(|run| run.first());
        for field in runs {
            let abroad = platform::that_write(field.name.of(text)).filter(|platform| !at_home(self.reading, platform));
            self.note(Mark::Field, Some(field.span()), abroad);
        }
        if let Some(id) = &self.reading.lists.feedback_id {
            let last = id.value.rsplit(':').next().unwrap_or_default().trim();
            self.note(Mark::FeedbackId, Some(id.span), platform::that_feed_back(last));
        }
        if let Some(mailer) = header.first(text, "X-Mailer") {
            self.note(Mark::Mailer, Some(mailer.value), platform::that_mail_with(mailer.value.of(text).trim_ascii()));
        }
    }
}

/// Does the platform's own house receive this message? Its servers then leave its marks on
/// anybody's mail.
fn at_home(reading: &Reading, platform: &Platform) -> bool {
    platform.receiver.is_some() && platform.receiver == reading.boundary.receiver
}

/// Asks what stands behind the `include:` of the platforms that a refused server may belong to: a
/// fix may add one, and has to know that it cures and what it costs.
pub fn ask_includes(lookup: &Lookup, hits: &[Hit], spf: Option<&Check>) {
    let Some(check) = spf.filter(|c| matches!(c.result, Some(SpfResult::Fail | SpfResult::SoftFail))) else { return };
    for hit in hits.iter().filter(|hit| hit.mark != Mark::Passed) {
        if let [term] = &hit.platform.spf[..]
            && let Some(domain) = term.strip_prefix("include:")
        {
            check_host(lookup, check.ip, domain, &check.sender, None, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::address::ReversePath;
    use crate::facts::boundary::Boundary;
    use crate::facts::dkim::Signature;
    use crate::facts::header::Header;
    use crate::facts::received::Hop;
    use crate::span::Spanned;

    fn at(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span::new(start, start + part.len())
    }

    fn spanned(text: &str, part: &str) -> Option<Spanned<String>> {
        Some(Spanned::new(part.to_owned(), at(text, part)))
    }

    fn reading(text: &str) -> Reading {
        Reading { header: Header::split(text.as_bytes()), ..Reading::default() }
    }

    fn path(text: &str, local: &str, domain: &str) -> Option<ReversePath> {
        let span = at(text, &format!("{local}@{domain}"));
        let address = Address { local: local.into(), domain: domain.into(), span, domain_span: at(text, domain) };
        Some(ReversePath { address: Some(address), span })
    }

    fn ids(hits: &[Hit]) -> Vec<(&str, Mark)> {
        hits.iter().map(|h| (&*h.platform.id, h.mark)).collect()
    }

    #[test]
    fn the_shape_of_a_return_path_under_the_senders_own_domain() {
        let text = "Return-Path: <bounces+12345-ab12-ann=example.org@em77.example.com>\r\n";
        let mut r = reading(text);
        r.return_path = path(text, "bounces+12345-ab12-ann=example.org", "em77.example.com");
        let hits = recognise(&r, text.as_bytes(), None);
        assert_eq!(ids(&hits), [("sendgrid", Mark::ReturnPath)]);
        assert_eq!(hits[0].span, r.return_path.map(|p| p.span));
    }

    #[test]
    fn one_platform_on_anothers_servers_surest_first() {
        let text = concat!(
            "Received: from o1.ptr5.sendgrid.net by mx.example.org\r\n",
            "DKIM-Signature: s=kl; d=example.com\r\nX-Kmail-Account: 1\r\n",
        );
        let mut r = reading(text);
        r.hops = vec![Hop {
            helo: spanned(text, "o1.ptr5.sendgrid.net"),
            by: spanned(text, "mx.example.org"),
            ..Hop::default()
        }];
        r.boundary = Boundary { hop: Some(0), ..Boundary::default() };
        r.signatures = vec![Signature {
            selector: spanned(text, "kl"),
            domain: spanned(text, "example.com"),
            ..Signature::default()
        }];
        let hits = recognise(&r, text.as_bytes(), None);
        assert_eq!(ids(&hits), [("sendgrid", Mark::Received), ("klaviyo", Mark::Selector)]);
        assert_eq!(hits[0].span.unwrap().of(text.as_bytes()), b"o1.ptr5.sendgrid.net");
    }

    #[test]
    fn what_the_receivers_own_servers_stamp_names_no_sender() {
        let text = concat!(
            "X-MS-Exchange-CrossTenant-Id: 1\r\nX-OriginatorOrg: example.org\r\n",
            "Received: from am6.protection.outlook.com by am0pr01.prod.outlook.com\r\n",
            "Received: from mail.example.com by edge1.protection.outlook.com\r\n",
        );
        let mut r = reading(text);
        let hop = |from, by| Hop { helo: spanned(text, from), by: spanned(text, by), ..Hop::default() };
        r.hops = vec![
            hop("mail.example.com", "edge1.protection.outlook.com"),
            hop("am6.protection.outlook.com", "am0pr01.prod.outlook.com"),
        ];
        r.boundary = Boundary { hop: Some(0), receiver: Some("microsoft".into()), ..Boundary::default() };
        assert_eq!(ids(&recognise(&r, text.as_bytes(), None)), []);

        // The same fields at another receiver do.
        r.boundary.receiver = Some("gmail".into());
        assert_eq!(ids(&recognise(&r, text.as_bytes(), None)), [("microsoft-365", Mark::Field)]);
    }

    #[test]
    fn a_tenants_own_gateway_is_not_its_mailbox_provider() {
        let text = concat!(
            "Received: from gw.example.com by mx.example.org\r\n",
            "Received: from am0pr01.prod.outlook.com by gw.example.com\r\n",
        );
        let mut r = reading(text);
        let hop = |from, by| Hop { helo: spanned(text, from), by: spanned(text, by), ..Hop::default() };
        r.hops = vec![hop("am0pr01.prod.outlook.com", "gw.example.com"), hop("gw.example.com", "mx.example.org")];
        r.boundary = Boundary { hop: Some(1), ..Boundary::default() };
        let hits = recognise(&r, text.as_bytes(), None);
        assert_eq!(ids(&hits), [("microsoft-365", Mark::Passed)]);
        assert!(sending(&hits, false).is_none());
        // Behind a list that handed it over stands the sender's own service.
        assert!(sending(&hits, true).is_some());
        let list = vec![Hit { mark: Mark::Received, ..hits[0].clone() }];
        assert!(sending(&list, true).is_none() && sending(&list, false).is_some());
    }

    #[test]
    fn shared_signing_domain_feedback_id_and_mailer() {
        let text = "DKIM-Signature: d=mcsv.net\r\nFeedback-ID: 1:2:3:postmark\r\nX-Mailer: ActiveCampaign Mailer 1\r\n";
        let mut r = reading(text);
        r.signatures = vec![Signature { domain: spanned(text, "mcsv.net"), ..Signature::default() }];
        r.lists.feedback_id = spanned(text, "1:2:3:postmark");
        assert_eq!(
            ids(&recognise(&r, text.as_bytes(), None)),
            [("mailchimp", Mark::SigningDomain), ("postmark", Mark::FeedbackId), ("activecampaign", Mark::Mailer)]
        );
    }

    #[test]
    fn a_plain_message_is_nobodys() {
        let text = "Return-Path: <ann@example.com>\r\nX-Mailer: Example\r\nFeedback-ID: a:b\r\n";
        let mut r = reading(text);
        r.return_path = path(text, "ann", "example.com");
        assert!(recognise(&r, text.as_bytes(), None).is_empty());
        assert!(recognise(&Reading::default(), b"", None).is_empty());
    }
}
