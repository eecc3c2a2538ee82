//! What is wrong with the name servers of a zone.

use super::dns_flaky::RULE;
use super::shown;
use crate::evidence::{Kind, Outcome, Question};
use crate::facts::Facts;
use crate::facts::domain::server::{NameServer, Speech, Stand};
use crate::facts::domain::zone::Zone;
use crate::remedy::Remedy;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity};
use crate::shell::word;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// An answer that takes longer is slow, milliseconds: many receivers have given up by then.
const SLOW: u32 = 3000;

/// Notes every fault, and what could not be learnt.
pub(super) fn look(facts: &Facts, zone: &Zone, found: &mut Vec<Finding>, gaps: &mut Gaps) {
    let Some(apex) = &zone.apex else {
        gaps.extend(zone.soa.open().map(|q| Gap::dns("Which zone does the domain stand in?", q)));
        return;
    };
    let speaks = |s: &Stand| matches!(s.speech, Speech::Speaks { .. });
    if !zone.stands().any(|(_, s)| speaks(s)) {
        // The resolver got its answer somewhere: from here no name server can be asked, or something answers in its place.
        gaps.push(Gap::dns(format!("Do all name servers of {apex} answer alike?"), zone.way_in()));
        return;
    }
    found.extend(failing(facts, zone, apex));
    let different = different(zone, apex);
    found.extend(if different.is_some() { different } else { serials(zone, apex) });
    found.extend(delegation(facts, zone, apex));
    found.extend(alone(facts, zone, apex));
    found.extend(slow(facts, zone, apex));
}

/// Servers that fail while others speak.
fn failing(facts: &Facts, zone: &Zone, apex: &str) -> Option<Finding> {
    // A family of addresses in which nobody answers is one that has no way out from here.
    let reached = |ip: IpAddr| {
        zone.stands()
            .any(|(_, s)| s.ip.is_ipv4() == ip.is_ipv4() && !matches!(s.speech, Speech::Silent(_) | Speech::Waiting))
    };
    let mut faults: Vec<(String, Exhibit)> = Vec::new();
    let (mut lame, mut servers) = (false, BTreeSet::new());
    for (server, stand) in zone.stands() {
        let what = match &stand.speech {
            Speech::Lame(Outcome::Refused) => "refuses to answer for the zone",
            Speech::Lame(Outcome::ServFail) => "fails when asked for the zone",
            Speech::Lame(_) => "does not know the zone",
            Speech::Silent(_) if reached(stand.ip) => "does not answer",
            Speech::Silent(_) | Speech::Speaks { .. } | Speech::Waiting => continue,
        };
        lame |= matches!(stand.speech, Speech::Lame(_));
        servers.insert(&server.host);
        faults
            .push((format!("{} ({}) {what}", server.host, stand.ip), shown::exhibit(facts, &stand.soa.question, what)));
    }
    let named = zone.servers.iter().filter(|s| s.has_no_address());
    let mut lost = 0;
    for server in named {
        lost += 1;
        let exhibit = shown::exhibit(facts, &server.addresses[0].question, "a name server without an address");
        faults.push((format!("{} has no address", server.host), exhibit));
    }
    let bad = servers.len() + lost;
    let (first, _) = faults.first()?;
    let half = bad * 2 >= zone.servers.len();
    let (confidence, because) = match lame || lost > 0 {
        true => (Confidence::Certain, "each server was asked directly, and others answer"),
        false => (Confidence::Possible, "it did not answer here and now, while others did; from elsewhere it may"),
    };
    let clauses: Vec<String> = faults.iter().map(|(what, _)| what.clone()).collect();
    let host = first.split(' ').next().unwrap_or_default();
    let mut fix = Remedy::new(format!("Have every name server of {apex} answer for it, or take it out."));
    fix = fix
        .step(format!("Ask whoever runs the servers named above whether they are to serve {apex}; if so, the zone must be loaded there again."))
        .step("If not, remove them at the registrar (delegation) and from the NS records of the zone, both.");
    Some(
        Finding::new(&RULE, match bad {
            1 => format!("A name server of {} fails: {}", short(apex), short(host)),
            n => format!("{n} name servers of {} fail", short(apex)),
        })
        .severity(if half && (lame || lost > 0) { Severity::High } else { Severity::Medium })
        .sure(confidence, because)
        .explain(format!(
            "Of the {} name servers of {apex}: {}. Receivers that meet such a server get no answer, or get it late, and \
             judge the mail without SPF, DKIM key or DMARC.",
            zone.servers.len(),
            shown::listed(&clauses, 4)
        ))
        .exhibits(faults.into_iter().map(|(_, exhibit)| exhibit).take(4))
        .fix(fix)
        .check(check(zone, apex), "an SOA with the flag aa from every server"),
    )
}

/// Servers that say different things of what mail needs.
fn different(zone: &Zone, apex: &str) -> Option<Finding> {
    let stands: Vec<_> = zone.stands().filter(|(_, s)| !s.said.is_empty()).collect();
    let (_, first) = stands.first()?;
    let said = |stand: &Stand, question: &Question| {
        stand
            .said
            .iter()
            .find(|(q, _)| q.name == question.name && q.kind == question.kind)
            .map(|(_, data)| data.clone())
    };
    let odd = |question: &Question| {
        let all: BTreeSet<_> = stands.iter().filter_map(|(_, s)| said(s, question)).collect();
        all.len() > 1
    };
    let (question, _) = first.said.iter().find(|(q, _)| odd(q))?;
    let what = format!("{} {}", question.kind.word(), question.name);
    let exhibits = stands.iter().filter_map(|(server, stand)| {
        let data = said(stand, question)?;
        let text = data.into_iter().collect::<Vec<_>>().join(", ");
        let text = if text.is_empty() { "nothing".to_owned() } else { text };
        Some(Exhibit::dns(&question.clone().at(stand.ip), text, None, format!("says {}", server.host)))
    });
    Some(
        Finding::new(&RULE, format!("Name servers differ about {}", short(&what)))
            .severity(Severity::High)
            .sure(Confidence::Certain, "each server was asked directly")
            .explain(format!(
                "The name servers of {apex} have different copies of the zone and give different answers to {what}. Which one a \
                 receiver gets is chance, so the same mail passes here and fails there."
            ))
            .exhibits(exhibits.take(4))
            .fix(
                Remedy::new(format!("Bring all name servers of {apex} to the same copy of the zone."))
                    .step("After a change a few minutes are normal. If it stays: let the secondary servers transfer the zone anew; raise the serial number of the SOA with each change.")
                    .step("Where two providers serve the zone, make the change at both."),
            )
            .check(check(zone, apex), "the same serial from every server")
            .leads_to(&["dkim-rotation-race"]),
    )
}

/// Serials that differ though one primary counts them (two providers count for themselves).
fn serials(zone: &Zone, apex: &str) -> Option<Finding> {
    let spoken = zone.stands().filter_map(|(server, s)| match &s.speech {
        Speech::Speaks { serial, mname } => Some((server, s, *serial, mname)),
        _ => None,
    });
    let all: Vec<_> = spoken.collect();
    let (_, _, serial, mname) = all.first()?;
    let (server, stand, other, _) = all.iter().find(|(_, _, s, m)| m == mname && s != serial)?;
    Some(
        Finding::new(&RULE, format!("Name servers of {} have different serials", short(apex)))
            .severity(Severity::Info)
            .sure(Confidence::Possible, "a change may be on its way; what mail needs is the same on all of them")
            .explain(format!(
                "One server of {apex} has serial {serial}, {} has {other}. Just after a change that is normal; if it stays, a \
                 server does not get its copies.",
                server.host
            ))
            .exhibit(Exhibit::dns(&stand.soa.question, other.to_string(), None, "another serial"))
            .fix(Remedy::new(format!("Look again in an hour; if it stays, have {} fetch the zone anew.", server.host)))
            .check(check(zone, apex), "the same serial from every server"),
    )
}

/// The zone above and the zone itself name different servers.
fn delegation(facts: &Facts, zone: &Zone, apex: &str) -> Option<Finding> {
    let parent = zone.parent.as_ref().filter(|p| p.names.is_some())?;
    let only_above: Vec<&NameServer> =
        zone.servers.iter().filter(|s| s.at_parent == Some(true) && s.at_apex == Some(false)).collect();
    let only_here: Vec<&NameServer> =
        zone.servers.iter().filter(|s| s.at_parent == Some(false) && s.at_apex == Some(true)).collect();
    if only_above.is_empty() && only_here.is_empty() {
        return None;
    }
    let names = |list: &[&NameServer]| list.iter().map(|s| s.host.clone()).collect::<Vec<_>>().join(", ");
    let mut clauses = Vec::new();
    if !only_above.is_empty() {
        clauses.push(format!(
            "the zone above ({}) delegates to {}, which the zone does not name",
            parent.zone,
            names(&only_above)
        ));
    }
    if !only_here.is_empty() {
        clauses.push(format!("the zone names {}, to which nothing is delegated", names(&only_here)));
    }
    let asked = parent.asked.iter().find(|a| a.answered()).map(|a| &a.question)?;
    let heard = facts.evidence.answers.get(asked);
    let text = heard.map_or(String::new(), |a| {
        crate::facts::domain::server::hosts(a, apex).into_iter().collect::<Vec<_>>().join(", ")
    });
    Some(
        Finding::new(&RULE, format!("Delegation and NS of {} differ", short(apex)))
            .severity(Severity::Low)
            .sure(Confidence::Certain, "the servers of the zone above and of the zone were asked directly")
            .explain(format!(
                "For {apex}, {}. It works while all those servers hold the same zone; often one is a leftover of a move to another DNS host.",
                clauses.join("; and ")
            ))
            .exhibit(Exhibit::dns(asked, text, None, "the delegation"))
            .exhibits(zone.ns.as_ref().map(|ns| shown::exhibit(facts, &ns.question, "the zone's own")))
            .fix(
                Remedy::new("Give the registrar and the zone the same list of name servers.")
                    .step("Decide by the DNS host where you edit the zone: its list is the right one. Enter it at the registrar, and as NS records of the zone."),
            )
            .check(asked.dig(), "the same names as the zone's own NS"),
    )
}

/// One server, or all in one network (RFC 2182 §3.1).
fn alone(facts: &Facts, zone: &Zone, apex: &str) -> Option<Finding> {
    let every = zone.servers.iter().all(|s| s.addresses.iter().all(|a| a.answered()));
    let ips: BTreeSet<IpAddr> = zone.stands().map(|(_, s)| s.ip).collect();
    let networks: BTreeSet<[u8; 3]> = ips
        .iter()
        .filter_map(|ip| match ip {
            IpAddr::V4(v4) => Some([v4.octets()[0], v4.octets()[1], v4.octets()[2]]),
            IpAddr::V6(_) => None,
        })
        .collect();
    let v6 = ips.iter().any(IpAddr::is_ipv6);
    let ns = zone.ns.as_ref().filter(|_| every)?;
    let (title, severity, what) = match (zone.servers.len(), ips.len(), networks.len()) {
        (1, ..) | (_, 1, _) => ("has a single name server", Severity::Low, "stands on a single server"),
        (_, _, 1) if !v6 => (
            "has its name servers in one network",
            Severity::Info,
            "stands on servers of one and the same network (/24)",
        ),
        _ => return None,
    };
    Some(
        Finding::new(&RULE, format!("{} {title}", short(apex)))
            .severity(severity)
            .sure(Confidence::Certain, "all their names and addresses are known")
            .explain(format!(
                "The zone {apex} {what}. When that fails, so does all mail authentication of the domain, and mail to it. At least \
                 two servers, in different networks, are the rule."
            ))
            .exhibit(shown::exhibit(facts, &ns.question, "the name servers"))
            .fix(
                Remedy::new("Have a second name server, elsewhere.")
                    .step("Most DNS hosts offer several; use all of them, or add a secondary DNS service."),
            )
            .check(Question::new(apex, Kind::Ns).dig(), "two names or more, with addresses in different networks"),
    )
}

fn slow(facts: &Facts, zone: &Zone, apex: &str) -> Option<Finding> {
    let late: Vec<_> =
        zone.stands().filter(|(_, s)| matches!(s.speech, Speech::Speaks { .. }) && s.elapsed_ms >= SLOW).collect();
    let (server, stand) = late.first()?;
    let clauses: Vec<String> = late
        .iter()
        .map(|(n, s)| format!("{} ({}) took {}.{} s", n.host, s.ip, s.elapsed_ms / 1000, s.elapsed_ms % 1000 / 100))
        .collect();
    Some(
        Finding::new(&RULE, format!("{} answers slowly", short(&server.host)))
            .severity(Severity::Low)
            .sure(Confidence::Possible, "measured once, from here")
            .explain(format!(
                "{}. Receivers wait a few seconds for all look-ups of a message together (RFC 7208 §4.6.4 asks for twenty at least, few have more).",
                shown::listed(&clauses, 4)
            ))
            .exhibit(shown::exhibit(facts, &stand.soa.question, "late"))
            .fix(Remedy::new(format!("Ask whoever runs the name servers of {apex} why they are slow or lose packets.")))
            .check(stand.soa.question.dig(), "an answer within a fraction of a second"),
    )
}

/// Asks each server in turn.
fn check(zone: &Zone, apex: &str) -> String {
    let hosts: Vec<String> = zone.servers.iter().map(|s| word(&s.host)).take(4).collect();
    format!("for ns in {}; do dig +norecurse SOA {} \"@$ns\"; done", hosts.join(" "), word(apex))
}
