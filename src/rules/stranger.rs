//! Is the delivering server the sender's at all? A forged message comes from a stranger's, and
//! nothing about that server is the sender's to mend.

use super::{Finding, Severity, Verdict, on_the_way};
use crate::evidence::{Data, Kind, answer_at};
use crate::facts::Facts;
use crate::facts::address::mailboxes;
use crate::facts::bounce::FeedbackKind;
use crate::facts::organization::{psl, same_by_list};
use crate::facts::spf::SpfResult;
use crate::knowledge::receiver::{self, Receiver};

/// SPF refused the server, no name of it is the sender's, nobody forwarded the message, and nothing
/// that belongs to From passed: it may be a forgery.
pub(super) fn delivered(facts: &Facts) -> bool {
    let lists = &facts.reading.lists;
    let marked = !lists.forwarder.is_empty() || !lists.list_manager.is_empty();
    let forwarded = marked || on_the_way::forwarded(facts).is_some();
    !forwarded && fails(facts) && unknown(facts)
}

/// SPF refused the server, and no name of it is the sender's.
fn unknown(facts: &Facts) -> bool {
    refused(facts) && !told(facts) && !bears_own_name(facts) && gateway(facts).is_none()
}

/// The name of a server that bears none of the sender's, the receiver's finding first.
pub(super) fn name(facts: &Facts) -> Option<&str> {
    if told(facts) || bears_own_name(facts) || gateway(facts).is_some() {
        return None;
    }
    let i = &facts.identities;
    let names = [i.reverse_name.as_ref(), i.helo.as_ref()].into_iter().flatten().map(|n| n.value.as_str());
    names.into_iter().find(|n| psl(n).is_some() && !own(facts, n))
}

/// The filtering service that delivered a message to another organization, where mail to the sender's domain goes
/// through it as well: most likely the sender's own way out.
pub(super) fn gateway(facts: &Facts) -> Option<&'static Receiver> {
    let i = &facts.identities;
    let client = i.reverse_name.as_ref().or(i.helo.as_ref())?;
    let service = receiver::of_host(&client.value).filter(|r| r.kind == receiver::Kind::Gateway)?;
    let mail_from = i.mail_from.as_ref().and_then(|m| m.value.domain());
    let to = mailboxes(&facts.reading.header, facts.text(), "To").into_iter().find_map(|m| m.address);
    let own = |domain: &str| {
        let answer = answer_at(&facts.evidence.answers, domain, Kind::Mx);
        let at_service = |host: &str| receiver::of_host(host).is_some_and(|r| r.id == service.id);
        let received = answer.into_iter().flat_map(|a| &a.records);
        // A message to the own organization came in through it.
        to.as_ref().is_none_or(|to| !same_by_list(&to.domain, domain))
            && received.into_iter().any(|r| matches!(&r.data, Data::Mx { exchange, .. } if at_service(exchange)))
    };
    [facts.reading.from_domain(), mail_from].into_iter().flatten().any(own).then_some(service)
}

/// Who wrote in the name of another, as it seems.
pub(super) struct Impersonator<'f> {
    /// The domain of Return-Path: all that is known of him.
    pub domain: &'f str,
    /// A failure report tells of it (RFC 6591), which receivers send of whatever bears the name.
    pub reported: bool,
}

/// Who brought a message under a sender of his own, and bears none of its names: in the name of the very organization that
/// it is for, or of one that is told so.
pub(super) fn impersonator(facts: &Facts) -> Option<Impersonator<'_>> {
    let from = facts.reading.from_domain()?;
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain())?;
    let lists = &facts.reading.lists;
    let forwarded =
        !lists.forwarder.is_empty() || !lists.list_manager.is_empty() || on_the_way::forwarded(facts).is_some();
    let feedback = facts.reading.bounce.as_ref().and_then(|b| b.feedback.as_ref());
    let reported = feedback.is_some_and(|f| f.kind == FeedbackKind::AuthFailure);
    let home = facts.reading.recipients().any(|to| same_by_list(to, from));
    let i = &facts.identities;
    let mut names = [i.reverse_name.as_ref(), i.helo.as_ref()].into_iter().flatten();
    let strange = facts.platforms.is_empty()
        && !same_by_list(mail_from, from)
        && !told(facts)
        && !names.any(|name| same_by_list(&name.value, from));
    let shown = (home || reported) && strange && fails(facts) && !forwarded;
    shown.then_some(Impersonator { domain: mail_from, reported })
}

/// Findings about a server that may be a stranger's, lowered and put as a condition.
pub(super) fn conditional(facts: &Facts, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Found(findings) if unknown(facts) => {
            Verdict::Found(findings.into_iter().map(|f| condition(facts, f)).collect())
        }
        other => other,
    }
}

fn condition(facts: &Facts, mut finding: Finding) -> Finding {
    let Some(ip) = facts.identities.source_ip.as_ref().map(|ip| ip.value.to_canonical()) else { return finding };
    finding.severity = finding.severity.min(Severity::Low);
    finding.explanation.push_str(&format!(
        " SPF does not list {ip} and nothing ties it to the domain in From: unless it is your server, this is not yours to mend."
    ));
    if let Some(fix) = &mut finding.fix {
        fix.summary = format!("Only if {ip} is your server: {}", lower(&fix.summary));
        fix.records.clear();
    }
    finding
}

/// Did the user name the address as the sender's?
fn told(facts: &Facts) -> bool {
    let source = facts.identities.source_ip.as_ref().map(|ip| ip.value.to_canonical());
    let said = facts.evidence.said.configured.ip.map(|ip| ip.to_canonical());
    let listed = facts.domain.sources.iter().any(|s| Some(s.ip) == source);
    source.is_some() && (source == said || listed)
}

fn refused(facts: &Facts) -> bool {
    match &facts.reading.reported.spf {
        Some(spf) => matches!(spf.result.as_str(), "fail" | "softfail"),
        None => facts.spf.as_ref().is_some_and(|c| matches!(c.result, Some(SpfResult::Fail | SpfResult::SoftFail))),
    }
}

fn fails(facts: &Facts) -> bool {
    match facts.reading.reported.dmarc.as_ref().map(|d| d.result.as_str()) {
        Some("fail") => true,
        Some("pass") => false,
        _ => facts.alignment.dmarc == Some(false),
    }
}

/// Does it bear a name of the sender's that DNS does not deny?
fn bears_own_name(facts: &Facts) -> bool {
    let i = &facts.identities;
    let denied = facts.helo.as_ref().is_some_and(|h| h.matches_ip == Some(false));
    let helo = i.helo.as_ref().filter(|_| !denied).map(|n| n.value.as_str());
    let found = i.reverse_name.as_ref().map(|n| n.value.as_str());
    let confirmed = facts.reverse.iter().flat_map(|r| &r.names).filter(|n| n.confirmed == Some(true));
    helo.into_iter().chain(found).chain(confirmed.map(|n| n.name.as_str())).any(|n| own(facts, n))
}

/// Is it under the domain of From or MAIL FROM?
fn own(facts: &Facts, name: &str) -> bool {
    let Some(organization) = psl(name) else { return false };
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    [facts.reading.from_domain(), mail_from].into_iter().flatten().any(|d| psl(d).as_ref() == Some(&organization))
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
