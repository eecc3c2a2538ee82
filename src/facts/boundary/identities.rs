//! Who delivered the message, from the best source that says so. Every source but the user
//! must speak of one and the same connection: the boundary's.

use super::hop::clients;
use super::{Identities, Identity, MailFrom, Origin, is_public, path};
use crate::evidence::Said;
use crate::facts::Reading;
use crate::facts::address::normal_domain;
use crate::facts::authres::{MethodResult, ReceivedSpf, comment};
use crate::facts::received::Hop;
use crate::knowledge::receiver;
use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// The identities at the boundary; what the user said wins, then the believed
/// Authentication-Results, Received-SPF, Return-Path, the boundary's Received.
pub fn identities(reading: &Reading, said: &Said) -> Identities {
    if let Some(subject) = &reading.subject {
        return subject.identities(said);
    }
    let s = Sources::new(reading);
    Identities {
        mail_from: said_mail_from(said).or_else(|| s.mail_from()),
        helo: said_helo(said).or_else(|| s.helo()),
        source_ip: said.ip.map(user).or_else(|| s.source_ip()),
        reverse_name: s.reverse_name(),
    }
}

/// The envelope sender that the user named.
pub(crate) fn said_mail_from(said: &Said) -> Option<Identity<MailFrom>> {
    said.mail_from.as_deref().and_then(path::mail_from).map(user)
}

/// The HELO name that the user named.
pub(crate) fn said_helo(said: &Said) -> Option<Identity<String>> {
    said.helo.as_deref().and_then(name).map(user)
}

/// The Received-SPF of the boundary: next to its Received, never below an older one.
pub(crate) fn received_spf(reading: &Reading) -> Option<&ReceivedSpf> {
    let all = &reading.received_spf;
    let place = match reading.boundary.hop {
        Some(n) => {
            let field = |n: usize| reading.hops.get(n).map(|h| h.field);
            // Where others took it over later, theirs stands above.
            let newer = reading.boundary.handed_on.as_ref().and_then(|_| field(n + 1)).unwrap_or(0);
            newer..n.checked_sub(1).and_then(field).unwrap_or(usize::MAX)
        }
        None if reading.hops.is_empty() => 0..usize::MAX,
        None => return None,
    };
    let is_its = |r: &&ReceivedSpf| place.contains(&r.field) && !is_leftover(r, reading) && !is_anothers(r, reading);
    let mut here = all.iter().filter(is_its);
    let is_helo = |r: &&ReceivedSpf| r.identity.as_ref().is_some_and(|i| i.value.eq_ignore_ascii_case("helo"));
    here.clone().find(|r| !is_helo(r)).or_else(|| here.next())
}

/// Exchange Online's own, in what it sends out: where another receives it, it speaks of no connection.
fn is_leftover(field: &ReceivedSpf, reading: &Reading) -> bool {
    let exchange = field.comment.as_ref().is_some_and(|c| c.value.trim_start().starts_with("protection.outlook.com:"));
    exchange && field.client_ip.is_none() && reading.boundary.receiver.as_deref() != Some("microsoft")
}

/// Below the boundary's Received, where a sender may have written it, and about another client than that names, by
/// another server, or of another sender than Return-Path. Receivers that write above it, or whose proxy hides the
/// client, are not contradicted.
fn is_anothers(field: &ReceivedSpf, reading: &Reading) -> bool {
    let Some(n) = reading.boundary.hop else { return false };
    let Some(hop) = reading.hops.get(n).filter(|hop| field.field > hop.field) else { return false };
    let ip = |ip: &Option<Spanned<IpAddr>>| ip.as_ref().map(|ip| ip.value.to_canonical());
    let (claimed, client) = (ip(&field.client_ip), ip(&hop.ip).filter(|ip| is_public(*ip)));
    let another_client = claimed.is_some() && client.is_some() && claimed != client;
    // Servers call themselves by many names; a large receiver's no other bears.
    let house =
        |name: &Option<Spanned<String>>| Some(&receiver::of_host(&name.as_ref()?.value.to_ascii_lowercase())?.id);
    let another_house = house(&field.receiver).is_some_and(|r| house(&hop.by) != Some(r));
    another_client || another_house || names_another_sender(field, reading, n)
}

/// SPF of another envelope sender than the one in Return-Path, which the last server itself put on top.
fn names_another_sender(field: &ReceivedSpf, reading: &Reading, hop: usize) -> bool {
    let last = reading.hops.last().filter(|_| hop + 1 == reading.hops.len());
    let address = last.and_then(|hop| path::on_top(reading, hop.field)).filter(|_| field.result == "pass");
    address.zip(field.envelope_from.as_ref()).is_some_and(|(address, from)| path::is_anothers(&from.value, address))
}

fn user<T>(value: T) -> Identity<T> {
    Identity { value, origin: Origin::User, span: None }
}

/// A host name as lower-case A-labels, or an address literal.
fn name(value: &str) -> Option<String> {
    let value = value.trim().trim_end_matches('.');
    let value = if value.is_ascii() { value.to_ascii_lowercase() } else { normal_domain(value.as_bytes())? };
    let fits = |b: u8| b.is_ascii_graphic() && !b"()<>;\"".contains(&b);
    (!value.is_empty() && value.bytes().all(fits)).then_some(value)
}

struct Sources<'r> {
    reading: &'r Reading,
    received_spf: Option<&'r ReceivedSpf>,
    hop: Option<&'r Hop>,
}

impl<'r> Sources<'r> {
    fn new(reading: &'r Reading) -> Self {
        let hop = reading.boundary.hop.and_then(|n| reading.hops.get(n));
        Sources { reading, received_spf: received_spf(reading), hop }
    }

    /// Results of the believed fields.
    fn believed(&self) -> impl Iterator<Item = &'r MethodResult> {
        let reading = self.reading;
        reading.boundary.believed.iter().filter_map(|&n| reading.authres.get(n)).flat_map(|a| &a.results)
    }

    /// `ptype.property` of the believed results. `auth` is left out: its `smtp.mailfrom` is the
    /// AUTH parameter (RFC 8601 §2.7.4).
    fn prop(&self, ptype: &'static str, property: &'static str) -> impl Iterator<Item = Spanned<&'r str>> {
        let spf_first = [true, false].into_iter();
        spf_first.flat_map(move |spf| {
            let its = move |r: &&MethodResult| (r.method == "spf") == spf && r.method != "auth";
            let props = self.believed().filter(its).flat_map(|r| &r.props);
            props
                .filter(move |p| p.ptype == ptype && p.property == property)
                .map(|p| Spanned::new(&p.value[..], p.value_span))
        })
    }

    /// `key=value` in the comments of believed SPF results (policyd-spf).
    fn in_comments(&self, key: &'static str) -> impl Iterator<Item = Spanned<String>> {
        let spf = self.believed().filter(|r| r.method == "spf");
        spf.flat_map(|r| &r.comments).filter_map(move |c| comment::pair(c, key))
    }

    fn mail_from(&self) -> Option<Identity<MailFrom>> {
        let at = |value: &str, span: Span, origin| {
            path::mail_from(value).map(|value| Identity { value, origin, span: Some(span) })
        };
        let results = || {
            let prop = self.prop("smtp", "mailfrom").find_map(|v| at(v.value, v.span, Origin::AuthenticationResults));
            prop.or_else(|| {
                self.in_comments("envelope-from").find_map(|v| at(&v.value, v.span, Origin::AuthenticationResults))
            })
        };
        let received_spf = || {
            let v = self.received_spf?.envelope_from.as_ref()?;
            at(&v.value, v.span, Origin::ReceivedSpf)
        };
        let hop = || {
            let v = self.hop?.envelope_from.as_ref()?;
            at(&v.value, v.span, Origin::Received)
        };
        let found = results().or_else(received_spf);
        let return_path = self.return_path();
        match (found, return_path) {
            // Checkers write the identity of the HELO check where the reverse path is empty
            // (RFC 7208 §2.4).
            (Some(found), Some(path)) if path.value == MailFrom::Null && is_postmaster(&found.value) => Some(path),
            (Some(found), Some(path)) => Some(with_local(found, &path.value)),
            (found, path) => found.or(path).or_else(hop).or_else(|| self.bounced()),
        }
    }

    /// Whom a bounce was sent to, or whom a feedback report is about.
    fn bounced(&self) -> Option<Identity<MailFrom>> {
        let bounce = self.reading.bounce.as_ref()?;
        let told = bounce.feedback.as_ref().and_then(|f| f.mail_from.as_ref()).or(bounce.sent_to.as_ref())?;
        let value = path::mail_from(&told.value)?;
        Some(Identity { value, origin: Origin::Bounce, span: Some(told.span) })
    }

    /// Return-Path, where it was written by those whose verdict is believed.
    fn return_path(&self) -> Option<Identity<MailFrom>> {
        let path = self.reading.return_path.as_ref().filter(|_| self.reading.boundary.handed_on.is_none())?;
        let value = match &path.address {
            None => MailFrom::Null,
            Some(a) => MailFrom::Path { local: Some(a.local.clone()), domain: a.domain.clone() },
        };
        Some(Identity { value, origin: Origin::ReturnPath, span: Some(path.span) })
    }

    fn helo(&self) -> Option<Identity<String>> {
        let results = self.prop("smtp", "helo").find_map(|v| {
            // IronPort and others write `postmaster@helo` (RFC 7208 §2.4).
            let host = v.value.rsplit('@').next().and_then(name)?;
            Some(Identity { value: host, origin: Origin::AuthenticationResults, span: Some(v.span) })
        });
        let of =
            |v: &Spanned<String>, origin| name(&v.value).map(|value| Identity { value, origin, span: Some(v.span) });
        results
            .or_else(|| self.in_comments("helo").find_map(|v| of(&v, Origin::AuthenticationResults)))
            .or_else(|| of(self.received_spf?.helo.as_ref()?, Origin::ReceivedSpf))
            .or_else(|| of(self.hop?.helo.as_ref()?, Origin::Received))
            .or_else(|| of(&self.antispam("H")?, Origin::Antispam))
    }

    fn source_ip(&self) -> Option<Identity<IpAddr>> {
        let public = |ip: &Spanned<IpAddr>| is_public(ip.value);
        let results = self.believed().flat_map(clients).find(public);
        let read = |found: Option<Spanned<IpAddr>>, origin| found.filter(public).map(|ip| Identity::read(ip, origin));
        let told = self.reading.bounce.as_ref().and_then(|b| b.source_ip.clone());
        read(results, Origin::AuthenticationResults)
            .or_else(|| read(told, Origin::Bounce))
            .or_else(|| read(self.received_spf?.client_ip.clone(), Origin::ReceivedSpf))
            .or_else(|| read(self.hop?.ip.clone(), Origin::Received))
            .or_else(|| {
                let item = self.antispam("CIP")?;
                read(Some(Spanned::new(item.value.parse().ok()?, item.span)), Origin::Antispam)
            })
    }

    fn reverse_name(&self) -> Option<Identity<String>> {
        let named = |value: &str| name(value).filter(|n| n.contains('.') && n.parse::<IpAddr>().is_err());
        let results = self.prop("policy", "ptr").find_map(|v| {
            Some(Identity { value: named(v.value)?, origin: Origin::AuthenticationResults, span: Some(v.span) })
        });
        let of =
            |v: Spanned<String>, origin| named(&v.value).map(|value| Identity { value, origin, span: Some(v.span) });
        results
            .or_else(|| of(self.hop?.reverse_name.clone()?, Origin::Received))
            .or_else(|| of(self.antispam("PTR")?, Origin::Antispam))
    }

    /// An item of X-Forefront-Antispam-Report, which speaks of the receiver's connection.
    fn antispam(&self, key: &str) -> Option<Spanned<String>> {
        let its = self.reading.boundary.receiver.as_deref() == Some("microsoft");
        let fields = self.reading.antispam.iter().filter(|f| its && f.vendor == "microsoft" && !f.untrusted);
        let item = fields.flat_map(|f| &f.items).find(|i| i.key.eq_ignore_ascii_case(key) && !i.value.is_empty())?;
        Some(Spanned::new(item.value.clone(), item.span))
    }
}

fn is_postmaster(path: &MailFrom) -> bool {
    matches!(path, MailFrom::Path { local: Some(local), .. } if local.eq_ignore_ascii_case("postmaster"))
}

/// Adds the local part that Return-Path knows, where the verdict names the domain alone (Microsoft).
fn with_local(mut found: Identity<MailFrom>, path: &MailFrom) -> Identity<MailFrom> {
    let (MailFrom::Path { local, domain }, MailFrom::Path { local: known, domain: same }) = (&mut found.value, path)
    else {
        return found;
    };
    if local.is_none() && domain == same {
        local.clone_from(known);
    }
    found
}
