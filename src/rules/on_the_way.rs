//! What servers before the boundary said, for the rules on forwarders and lists. Nobody is
//! bound to believe them: they explain a failure, they never excuse one.

use crate::facts::arc;
use crate::facts::authres::{AuthRes, MethodResult, comment};
use crate::facts::bounce::{self, Recipient};
use crate::facts::boundary::{MailFrom, is_public, path};
use crate::facts::dkim::forensics::{Altered, Proof, What};
use crate::facts::dkim::{Hash, Signature, Verification};
use crate::facts::lists::is_rewritten;
use crate::facts::lookup::Lookup;
use crate::facts::organization::{Agreement, same_by_list};
use crate::facts::received::Hop;
use crate::facts::reported::Dkim;
use crate::facts::spf::{SpfResult, check_host};
use crate::facts::{Facts, organization as org};
use crate::knowledge::receiver;
use crate::knowledge::topic::{Category, Topic};
use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// An earlier check of SPF that passed.
pub(super) struct Before {
    pub by: String,
    pub ip: IpAddr,
    pub span: Span,
}

/// The organizational domain: by tree walk where known, by the public suffix list otherwise.
pub(super) fn organization<'d>(facts: &'d Facts, domain: &'d str) -> &'d str {
    let known = facts.alignment.organizations.get(domain).and_then(|o| o.domain());
    known.unwrap_or_else(|| org::psl(domain).unwrap_or(domain))
}

/// A server on the way that saw SPF pass for this domain, from another client than ours: the
/// message then changed hands. A field that names no client says nothing: Exchange Online
/// writes such a one on what it sends out.
pub(super) fn spf_pass_before(facts: &Facts, domain: &str) -> Option<Before> {
    let ours = facts.identities.source_ip.as_ref().map(|ip| ip.value)?;
    earlier(facts).find_map(|(field, result)| {
        let checked = path::domain(&result.prop("smtp", "mailfrom")?.value)?;
        if result.method != "spf" || result.result != "pass" || checked != domain {
            return None;
        }
        let told = result.comments.iter().find_map(comment::address).map(|ip| ip.value);
        let ip = told.or_else(|| took_in(facts, field))?;
        let by = field.authserv_id.as_ref().map_or_else(|| "a server on the way".to_owned(), |id| id.value.clone());
        (ip != ours && is_public(ip)).then_some(Before { by, ip, span: result.head })
    })
}

/// Whom a gateway had the message from, by its own Received: its results need not say (Proofpoint). Of one that is not
/// known the name tells that it handed the message over.
fn took_in(facts: &Facts, field: &AuthRes) -> Option<IpAddr> {
    let r = &*facts.reading;
    let id = &field.authserv_id.as_ref()?.value;
    let known = |host: &str| receiver::of_host(host).or_else(|| receiver::of_authserv_id(host));
    let gateway = known(id);
    let i = &facts.identities;
    let client = || i.reverse_name.as_ref().or(i.helo.as_ref());
    let is_its = |host: &str| match gateway {
        Some(gateway) => receiver::of_host(host).is_some_and(|of| of.id == gateway.id),
        None => same_by_list(host, id) && known(host).is_none(),
    };
    let handed_over = match gateway {
        Some(gateway) => gateway.kind == receiver::Kind::Gateway,
        None => client().is_some_and(|name| is_its(&name.value)),
    };
    let hops = r.hops.get(..r.boundary.hop?)?.iter().rev().take(MOST).filter(|_| handed_over);
    // Who logs in there uses it to send.
    hops.filter(|hop| hop.by.as_ref().is_some_and(|by| is_its(&by.value)) && !hop.is_submission())
        .find_map(|hop| hop.ip.as_ref().map(|ip| ip.value).filter(|ip| is_public(*ip)))
}

/// A Received before the boundary's.
pub(super) struct Relayed {
    /// The server that took the message over and sent it on.
    pub by: String,
    /// The sender's server that it had it from.
    pub from: String,
    pub span: Span,
    /// The mailbox it took the message for, where that is another than the one it came to, and SPF allowed its client.
    pub readdressed: Option<String>,
}

/// Received fields looked at, from the boundary down.
const MOST: usize = 64;

/// The hop at which the server that delivered had the message from the sender. Anyone can write such a line: it
/// counts beside a forwarder's marks, or where the message was for another mailbox before.
pub(super) fn relayed(facts: &Facts, domain: &str) -> Option<Relayed> {
    let r = &*facts.reading;
    let i = &facts.identities;
    let client = organization(facts, &i.reverse_name.as_ref().or(i.helo.as_ref())?.value);
    let sender = organization(facts, domain);
    if client == sender {
        return None;
    }
    let noted = r.hops.get(r.boundary.hop?..)?.iter().find_map(|hop| hop.envelope_to.as_ref());
    let returned = || r.bounce.iter().flat_map(|b| &b.recipients).find_map(|to| to.address.as_ref());
    let recipient = noted.or_else(returned);
    r.hops.get(..r.boundary.hop?)?.iter().rev().take(MOST).find_map(|hop| {
        let by = hop.by.as_ref().filter(|by| organization(facts, &by.value) == client)?;
        let names = [hop.reverse_name.as_ref(), hop.helo.as_ref()].into_iter().flatten();
        let own = names.clone().find(|n| organization(facts, &n.value) == sender).map(|n| n.value.clone());
        // Who logs in there, or hands over mail for the very mailbox it came to, uses that server to send.
        let other = hop
            .envelope_to
            .as_ref()
            .zip(recipient)
            .filter(|(one, other)| !one.value.eq_ignore_ascii_case(&other.value));
        let readdressed = other.filter(|_| !hop.is_submission() && allowed(facts, domain, hop));
        let readdressed = readdressed.map(|(before, _)| before.value.clone());
        let client = || names.clone().next().map(|n| n.value.clone()).filter(|_| readdressed.is_some());
        let from = own.or_else(client)?;
        Some(Relayed { by: by.value.clone(), from, span: by.span, readdressed })
    })
}

/// Does the domain's SPF allow the client of this hop, by the answers at hand?
fn allowed(facts: &Facts, domain: &str, hop: &Hop) -> bool {
    let Some(ip) = hop.ip.as_ref().map(|ip| ip.value).filter(|ip| is_public(*ip)) else { return false };
    let lookup = Lookup::new(&facts.evidence.answers);
    let sender = facts.spf.as_ref().filter(|c| c.domain == domain).map(|c| c.sender.clone());
    let sender = sender.unwrap_or_else(|| format!("postmaster@{domain}"));
    let helo = hop.helo.as_ref().map(|h| h.value.as_str());
    check_host(&lookup, ip, domain, &sender, helo, false).result == Some(SpfResult::Pass)
}

/// Whom a message was for before it was forwarded to this recipient, where SPF was refused then: no sender's record can
/// list the server of a forwarder (RFC 7208 Appendix D). One that forwards its own mail, or that put its own domain into
/// the Return-Path (SRS), can, and that is its own to mend.
pub(super) fn before_bounce<'f>(facts: &Facts, recipient: &'f Recipient) -> Option<&'f Spanned<String>> {
    let before = recipient.forwarded.as_ref()?;
    let row = recipient.decoded.row().map(|row| row.topic);
    let about =
        row.is_none_or(|topic| matches!(topic, Topic::AuthAny | Topic::AuthSpf | Topic::AuthDmarc | Topic::Align));
    let reply = recipient.text().unwrap_or_default();
    let failed = bounce::failed(reply);
    if recipient.category != Category::Authentication || !about || !(failed.is_empty() || failed.contains(&"SPF")) {
        return None;
    }
    let same = |a: &str, b: &str| same_by_list(a, b);
    let checked = bounce::spf_domain(reply);
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let from = facts.reading.from_domain();
    let rewritten =
        srs(facts) || checked.as_deref().is_some_and(|c| mail_from.or(from).is_some_and(|own| !same(c, own)));
    let (_, forwarder) = before.value.rsplit_once('@')?;
    let reporter = facts.reading.bounce.as_ref().and_then(|b| b.reporting_mta.as_ref()).map(|mta| mta.value.as_str());
    let servers = [Some(forwarder), reporter];
    let own = [checked.as_deref(), mail_from, from]
        .into_iter()
        .flatten()
        .any(|domain| servers.into_iter().flatten().any(|server| same(domain, server)));
    (!rewritten && !own && !reporter.is_some_and(|server| sends_by(facts, server))).then_some(before)
}

/// Did the message begin at this server? Who logs in there, or writes on it, uses it to send.
fn sends_by(facts: &Facts, server: &str) -> bool {
    let by = |hop: &&Hop| hop.by.as_ref().is_some_and(|by| same_by_list(&by.value, server));
    let taken_in = facts.reading.hops.iter().take(MOST).find(by);
    taken_in.is_some_and(|hop| hop.is_submission() || !hop.ip.as_ref().is_some_and(|ip| is_public(ip.value)))
}

/// The same for the first recipient who was refused so, with what was said then.
pub(super) fn bounced(facts: &Facts) -> Option<(&Recipient, &Spanned<String>)> {
    let bounce = facts.reading.bounce.as_ref()?;
    bounce.refused().find_map(|r| Some((r, before_bounce(facts, r)?)))
}

/// SRS: a forwarder did put its own domain into the Return-Path, and its own record answers for SPF.
pub(super) fn srs(facts: &Facts) -> bool {
    let local = facts.identities.mail_from.as_ref().and_then(|m| match &m.value {
        MailFrom::Path { local, .. } => local.as_deref(),
        MailFrom::Null => None,
    });
    local.is_some_and(is_rewritten)
}

/// What shows that a forwarder handed the message over that left no mark of its own: it saw SPF pass for the sender's
/// server, had the message from there for another mailbox, or a bounce names that one.
pub(super) fn forwarded(facts: &Facts) -> Option<Span> {
    if let Some((_, before)) = bounced(facts) {
        return Some(before.span);
    }
    let domain = facts.identities.mail_from.as_ref()?.value.domain()?;
    let relayed = || relayed(facts, domain).filter(|r| r.readdressed.is_some());
    spf_pass_before(facts, domain).map(|b| b.span).or_else(|| relayed().map(|r| r.span))
}

/// Did a list or a forwarder hand the message over?
pub(super) fn is_relayed(facts: &Facts) -> bool {
    facts.reading.relay_mark().is_some() || forwarded(facts).is_some()
}

/// A server on the way that saw this domain's signature pass. One that stands above the server's field was made
/// later: what passed there was another (Exchange Online seals what it sends out before a gateway signs it).
pub(super) fn dkim_pass_before<'f>(facts: &'f Facts, domain: &str) -> Option<(&'f AuthRes, &'f MethodResult)> {
    let of = |s: &&Signature| s.domain.as_ref().is_some_and(|d| d.value == domain);
    let lowest = facts.reading.signatures.iter().filter(of).map(|s| s.field).max();
    earlier(facts).find(|(field, r)| {
        let by = || ["d", "i"].iter().find_map(|p| path::domain(&r.prop("header", p)?.value));
        let there = lowest.is_none_or(|signature| signature > field.field);
        r.method == "dkim" && r.result == "pass" && there && by().is_some_and(|d| d == domain)
    })
}

/// What the believed field tells of a chain that it found whole: a server on the way saw DMARC pass for this domain, or its
/// signature (Gmail: `arc=pass (i=2 dkim=pass dkdomain=example.com dmarc=pass fromdomain=example.com)`).
pub(super) fn sealed_pass(facts: &Facts, domain: &str) -> Option<Span> {
    let r = &*facts.reading;
    let believed = r.boundary.believed.iter().filter_map(|&n| r.authres.get(n)).flat_map(|field| &field.results);
    let told = |result: &&MethodResult, method, of| {
        let says = |key, wanted: &str| {
            result.comments.iter().filter_map(|c| comment::pair(c, key)).any(|v| v.value.eq_ignore_ascii_case(wanted))
        };
        says(method, "pass") && says(of, domain)
    };
    believed
        .filter(|result| result.method == "arc" && result.result == "pass")
        .find(|result| told(result, "dmarc", "fromdomain") || told(result, "dkim", "dkdomain"))
        .map(|result| result.span)
}

/// Does the receiver say that the content is not what was signed?
pub(super) fn says_altered(d: &Dkim) -> bool {
    let detail = d.detail.to_ascii_lowercase().replace('-', " ");
    ["body hash", "bodyhash", "altered", "modified"].iter().any(|k| detail.contains(k))
}

/// Does the receiver say so, or do we find it: with what was changed undone, the signature fits?
pub(super) fn was_altered(facts: &Facts, d: &Dkim) -> bool {
    says_altered(d) || proven_altered(facts, d)
}

/// With what was changed undone, the signature fits: it was good before.
pub(super) fn proven_altered(facts: &Facts, d: &Dkim) -> bool {
    let found = d.signature.and_then(|n| facts.verified.iter().find(|v| v.signature == n));
    found.is_some_and(|v| v.is_genuine() && !v.altered.is_empty())
}

/// A signature in the name of From's organization that was made over this message, whatever came of it on the way:
/// nobody else can have written it.
pub(super) fn genuine(facts: &Facts) -> Option<&Verification> {
    let agreement = |v: &Verification| facts.alignment.signatures.get(v.signature).copied().flatten();
    let ours = |v: &Verification| agreement(v).is_some_and(|a| a != Agreement::None);
    facts.verified.iter().find(|v| v.is_genuine() && ours(v))
}

/// The oldest server of an ARC chain that holds here which saw this signature fail already, where none saw it pass: whoever
/// had the message after it is not to blame.
pub(super) fn broken_before<'f>(facts: &'f Facts, d: &Dkim) -> Option<&'f arc::Set> {
    let index = d.signature.filter(|_| facts.chain == Some(arc::verify::ChainResult::Pass))?;
    let word = arc::word::of(&facts.reading, index);
    word.failed.filter(|_| word.passed.is_none())
}

/// Of several fields of a name that may stand once: the one that a signature covers, which its key made over this
/// message, whatever else was changed (RFC 6376 §5.4.2: the lowest is chosen first). `None` where none is known to, or
/// where all are covered.
pub(super) fn signed_one(facts: &Facts, name: &str) -> Option<SignedOne> {
    let reading = &facts.reading;
    let there: Vec<usize> = reading.header.all(facts.text(), name).map(|(n, _)| n).collect();
    let held = |v: &&Verification| v.header_hash == Hash::Match || v.is_proven(false);
    facts.verified.iter().filter(held).find_map(|v| {
        let (signature, signed) = (reading.signatures.get(v.signature)?, reading.signed.get(v.signature)?.as_deref()?);
        let covered = signed.covered(signature, &reading.header, facts.text());
        let of_name = |(n, _): &(&str, _)| n.eq_ignore_ascii_case(name);
        let mut chosen: Vec<usize> =
            signature.signed().zip(&covered.chosen).filter(of_name).filter_map(|(_, n)| *n).collect();
        let is_it = |a: &Altered| a.field.as_deref().is_some_and(|f| f.eq_ignore_ascii_case(name));
        let added = v.altered.iter().any(|a| a.what == What::FieldAdded && a.proof != Proof::Likely && is_it(a));
        if added {
            chosen.pop();
        }
        // What stands there now is not what was signed.
        let rewritten = v.altered.iter().any(|a| a.what != What::FieldAdded && is_it(a));
        let [only] = chosen[..] else { return None };
        let others = there.iter().any(|n| *n != only) && !rewritten;
        others.then_some(SignedOne { field: only, added, by: v.signature })
    })
}

/// See [`signed_one`].
pub(super) struct SignedOne {
    /// Index of the field.
    pub field: usize,
    /// That another was put on top after signing is proven; otherwise it is only not covered.
    pub added: bool,
    /// Index of the signature.
    pub by: usize,
}

/// Results of ARC sets and of fields that are not believed.
fn earlier(facts: &Facts) -> impl Iterator<Item = (&AuthRes, &MethodResult)> {
    let r = &*facts.reading;
    let own = r.boundary.authserv_id.as_deref();
    // The receiver seals its own verdict last (Google): that is no earlier one. A group of Google's sealed before.
    let newest = r.arc.last().map(|set| set.instance);
    let is_own = move |a: &AuthRes| own.is_some() && a.authserv_id.as_ref().map(|id| &id.value[..]) == own;
    let sealed =
        r.arc.iter().filter_map(move |set| set.results.as_ref().filter(|a| Some(set.instance) != newest || !is_own(a)));
    let others = r.boundary.distrusted.iter().filter_map(|(n, _)| r.authres.get(*n));
    sealed.chain(others).flat_map(|a| a.results.iter().map(move |r| (a, r)))
}
