//! The domain's own mail hosts, asked over SMTP: only where the user wishes it (`--probe-mx`).

use super::reached;
use crate::evidence::errand::{Errand, Probe, Step, Talk, What};
use crate::evidence::{Evidence, Question};
use crate::facts::lookup::Lookup;
use crate::knowledge::reply::{self, Reply};
use crate::knowledge::topic::{Category, Topic};
use std::net::IpAddr;

/// Mail hosts talked to at most, the most preferred first.
pub const HOSTS: usize = 4;

/// Recipients offered at most that the user named.
const RECIPIENTS: usize = 8;

/// Nobody's mailbox (RFC 2606 §3): a host that takes mail for it takes mail for everyone.
pub(crate) const FOREIGN: &str = "postdoc-probe@example.net";

/// What the conversations told.
#[derive(Clone, Debug, Default)]
pub struct Probes {
    /// Most preferred first.
    pub hosts: Vec<Host>,
    /// Questions without an answer that could name more hosts or their addresses.
    pub open: Vec<Question>,
    /// Mail hosts with no public address: nobody outside can reach them, and they are not asked.
    pub nowhere: Vec<String>,
    /// Mail hosts beyond [`HOSTS`].
    pub left_out: Vec<String>,
    /// A recipient that is nobody: a host that takes it takes everyone.
    pub nobody: String,
}

/// One mail host.
#[derive(Clone, Debug)]
pub struct Host {
    pub name: String,
    pub ip: IpAddr,
    pub errand: Errand,
    pub told: Told,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Told {
    /// Not asked yet.
    Open,
    /// No connection: many networks let nobody out to port 25, so this says little about the host.
    Unreachable {
        step: Step,
        why: String,
    },
    Talk(Box<Talk>),
}

/// What a reply says of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// There is no such mailbox.
    No,
    /// The host takes no mail for the domain at all: it would have to relay it.
    Elsewhere,
    /// Not said: put off, or refused for who is asking.
    Unclear,
}

/// Finds the hosts and asks for the conversations; `None` where they are not wished for.
pub fn gather(lookup: &Lookup, domain: &str, evidence: &Evidence) -> Option<Probes> {
    if !evidence.said.check.probe_mx {
        return None;
    }
    let reached = reached::gather(lookup, domain, HOSTS);
    let mut probes = Probes {
        hosts: Vec::new(),
        open: reached.open,
        nowhere: reached.nowhere,
        left_out: reached.left_out,
        nobody: nobody(domain, evidence.now),
    };
    let recipients = recipients(domain, &evidence.said.check.recipients, &probes.nobody);
    for (name, ip) in reached.hosts {
        let foreign = Some(FOREIGN.to_owned());
        let errand = Errand::Smtp(Probe { host: name.clone(), ip, recipients: recipients.clone(), foreign });
        let told = told(lookup, &errand);
        probes.hosts.push(Host { name, ip, errand, told });
    }
    Some(probes)
}

/// A local part that exists nowhere, the same for the same case.
pub(crate) fn nobody(domain: &str, now: jiff::Timestamp) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(format!("{domain} {now}").as_bytes());
    let word = data_encoding::HEXLOWER.encode(&digest[..5]);
    format!("postdoc-probe-{word}@{domain}")
}

/// The role mailboxes (RFC 5321 §4.5.1, RFC 2142 §4), those the user named at this domain, and nobody.
fn recipients(domain: &str, named: &[String], nobody: &str) -> Vec<String> {
    let mut all = ["postmaster", "abuse"].map(|local| format!("{local}@{domain}")).to_vec();
    for name in named {
        let (local, at) = name.rsplit_once('@').unwrap_or((name, domain));
        let address = format!("{local}@{domain}");
        let fits = at.eq_ignore_ascii_case(domain) && is_dot_atom(local) && !all.contains(&address);
        if fits && all.len() < RECIPIENTS + 2 {
            all.push(address);
        }
    }
    all.push(nobody.to_owned());
    all
}

/// A local part without quotes (RFC 5322 §3.2.3): what goes into a command as it stands.
fn is_dot_atom(local: &str) -> bool {
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext))
}

fn told(lookup: &Lookup, errand: &Errand) -> Told {
    match lookup.fetch(errand.clone()).map(|brought| &brought.what) {
        None => Told::Open,
        Some(What::Talk(talk)) => Told::Talk(Box::new(talk.clone())),
        Some(What::Failed { step, why }) => Told::Unreachable { step: *step, why: why.clone() },
        Some(_) => Told::Unreachable { step: Step::Answer, why: "the answer is of another kind".into() },
    }
}

impl Host {
    pub fn talk(&self) -> Option<&Talk> {
        match &self.told {
            Told::Talk(talk) => Some(talk),
            _ => None,
        }
    }

    /// Why it did not come to the end that was hoped for; `None` where it did.
    pub fn silence(&self) -> Option<String> {
        match &self.told {
            Told::Open => Some("it has not been asked".into()),
            Told::Unreachable { why, .. } => Some(format!("no connection to port 25 ({why})")),
            Told::Talk(talk) => talk.broke.as_ref().map(|(_, why)| match &talk.greeting {
                Some(greeting) if !greeting.starts_with("220") => format!("it greeted with {}", one_line(greeting)),
                _ => one_line(why),
            }),
        }
    }

    /// Whom it was to be offered.
    pub fn recipients(&self) -> &[String] {
        match &self.errand {
            Errand::Smtp(probe) => &probe.recipients,
            _ => &[],
        }
    }

    /// What it said to a recipient of the domain, where it takes mail for none of them.
    pub fn relays_only(&self) -> Option<(&str, &str)> {
        let recipients = &self.talk()?.recipients;
        let all = recipients.iter().all(|(_, reply)| taken(reply) == Taken::Elsewhere);
        recipients.first().filter(|_| all).map(|(to, reply)| (to.as_str(), reply.as_str()))
    }

    /// The reply to a recipient, and what it says.
    pub fn recipient(&self, address: &str) -> Option<(&str, Taken)> {
        let reply = self.talk()?.recipients.iter().find(|(to, _)| to == address).map(|(_, reply)| reply.as_str())?;
        Some((reply, taken(reply)))
    }
}

/// A reply on one line.
pub fn one_line(reply: &str) -> String {
    reply.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Does the reply take the recipient? A refusal counts only where it speaks of the mailbox: one for the address or the
/// name of whoever asks would hit every recipient.
pub fn taken(reply: &str) -> Taken {
    let read = Reply::read(reply);
    match read.code.as_deref() {
        // 252: cannot say, and will try (RFC 5321 §3.5.3).
        Some("250" | "251") => Taken::Yes,
        Some(code) if code.starts_with('5') => {
            let known = match read.enhanced.last() {
                Some(code) => reply::status(code).is_some_and(|s| s.category == Category::Recipient),
                None => read.loosely().is_some_and(|row| row.topic == Topic::Recipient),
            };
            let rows = read.explain();
            if !rows.is_empty() && rows.iter().all(|row| row.topic == Topic::Relay) {
                return Taken::Elsewhere;
            }
            let told = !rows.is_empty() && rows.iter().all(|row| row.topic == Topic::Recipient);
            if told || (known && rows.is_empty()) { Taken::No } else { Taken::Unclear }
        }
        _ => Taken::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_where_it_speaks_of_the_mailbox() {
        for (reply, want) in [
            ("250 2.1.5 Ok", Taken::Yes),
            ("251 user not local; will forward", Taken::Yes),
            ("252 2.0.0 cannot verify", Taken::Unclear),
            (
                "550 5.1.1 <abuse@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
                Taken::No,
            ),
            ("550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 gsmtp", Taken::No),
            ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", Taken::No),
            ("550 No such user here", Taken::No),
            ("550 Unrouteable address", Taken::No),
            ("550 sorry, no mailbox here by that name", Taken::No),
            ("553 user not found", Taken::No),
            ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Taken::Unclear),
            ("550 5.7.1 Relaying denied", Taken::Elsewhere),
            ("554 5.7.1 <abuse@example.com>: Relay access denied", Taken::Elsewhere),
            ("454 4.7.1 <abuse@example.com>: Relay access denied", Taken::Unclear),
            ("450 4.2.0 <abuse@example.com>: Recipient address rejected: Greylisted", Taken::Unclear),
            ("452 4.5.3 too many recipients", Taken::Unclear),
            ("550", Taken::Unclear),
            ("nonsense", Taken::Unclear),
        ] {
            assert_eq!(taken(reply), want, "{reply}");
        }
    }

    #[test]
    fn only_plain_addresses_of_the_domain_are_offered() {
        let named = ["noreply", "Sales@Example.com", "x@other.example", "a b", "a>\r\nDATA", "\"q\"", "", ".", "abuse"];
        let named: Vec<String> = named.iter().map(|s| (*s).to_owned()).collect();
        let all = recipients("example.com", &named, "nobody@example.com");
        assert_eq!(
            all,
            [
                "postmaster@example.com",
                "abuse@example.com",
                "noreply@example.com",
                "Sales@example.com",
                "nobody@example.com"
            ]
        );
        let many: Vec<String> = (0..50).map(|n| format!("n{n}")).collect();
        assert_eq!(recipients("example.com", &many, "nobody@example.com").len(), RECIPIENTS + 3);
    }
}
