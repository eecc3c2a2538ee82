//! Mail that a server kept for itself, or refused by its own tables, because it takes the recipient's domain for one of its
//! own; and where the domain's mail really goes.

use super::bounce::{Bounce, Recipient, TakenBy};
use super::lookup::Lookup;
use super::mail_hosts::{self, MailHosts, Reception, State};
use super::organization::same_by_list;
use super::reverse::addresses;
use super::spf::eval::checkable;
use super::{Reading, domain::who};
use crate::evidence::{InputKind, Kind, Question};
use crate::span::Span;
use std::net::IpAddr;

/// Domains that are looked at.
const DOMAINS: usize = 5;

/// One domain that a server keeps mail for.
#[derive(Clone, Debug)]
pub struct Kept {
    pub domain: String,
    pub recipient: String,
    /// The server that says so, where it has a whole name.
    pub host: Option<String>,
    pub span: Span,
    /// Refused for want of such a mailbox; otherwise delivered.
    pub refused: bool,
    pub mail_hosts: MailHosts,
    pub standing: Standing,
}

/// Is the server that kept it one of those the domain's mail goes to?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is, or may well be under another name.
    Own,
    /// The domain takes its mail at this provider.
    Provider(&'static str),
    /// Its mail hosts stand at other addresses.
    Elsewhere,
    /// Which server it is, no name tells.
    Nameless,
    Open(Question),
}

/// Finds the domains, and asks where their mail goes.
pub fn gather(lookup: &Lookup, reading: &Reading, kind: InputKind, text: &[u8]) -> Vec<Kept> {
    let Some(bounce) = &reading.bounce else { return Vec::new() };
    let mut all: Vec<Kept> = Vec::new();
    for recipient in bounce.recipients.iter().filter(|r| r.taken_by == Some(TakenBy::Mailbox)) {
        let Some(address) = recipient.address.as_ref().map(|address| &address.value) else { continue };
        let domain = address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let Some(domain) = domain.filter(|domain| checkable(domain)) else { continue };
        if all.len() >= DOMAINS || all.iter().any(|kept| kept.domain == domain) {
            continue;
        }
        let host = host(bounce, recipient, kind, text);
        let mail_hosts = mail_hosts::gather(lookup, &domain);
        let standing = standing(lookup, &mail_hosts, host.as_deref());
        let refused = recipient.action.is_bad();
        let (recipient, span) = (address.clone(), recipient.span);
        all.push(Kept { domain, recipient, host, span, refused, mail_hosts, standing });
    }
    all
}

/// The server that tells: who is quoted, who writes the log, or who reports; where it has a whole name.
fn host(bounce: &Bounce, recipient: &Recipient, kind: InputKind, text: &[u8]) -> Option<String> {
    let whole = |name: &String| name.contains('.') && name.parse::<IpAddr>().is_err();
    let line = || String::from_utf8_lossy(recipient.span.of(text)).to_ascii_lowercase();
    let logged = || (kind == InputKind::Reply).then(line).as_deref().and_then(logging);
    let reporter = || bounce.reporting_mta.as_ref().map(|mta| mta.value.clone());
    recipient.server.clone().filter(whole).or_else(|| logged().filter(whole)).or_else(|| reporter().filter(whole))
}

/// The host of a line of syslog: the word before the program.
fn logging(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().take(6).collect();
    let program = words.iter().position(|word| word.ends_with(':') && word.contains('['))?;
    words.get(program.checked_sub(1)?).map(|word| (*word).to_owned())
}

fn standing(lookup: &Lookup, mail_hosts: &MailHosts, host: Option<&str>) -> Standing {
    let servers = match &mail_hosts.reception {
        // A server of the domain's own is most likely where its mail belongs.
        Reception::Unasked(_) | Reception::Failed(_)
            if host.is_some_and(|host| same_by_list(host, &mail_hosts.domain)) =>
        {
            return Standing::Own;
        }
        Reception::Unasked(question) | Reception::Failed(question) => return Standing::Open(question.clone()),
        Reception::Servers(servers) => servers,
        // Its own address takes the mail, or nobody does.
        Reception::NoSuchName | Reception::Nowhere | Reception::Null | Reception::Implicit => return Standing::Own,
    };
    if let Some(host) = host
        && servers.iter().any(|s| same_by_list(&s.host, host))
    {
        return Standing::Own;
    }
    let parties: Vec<_> = servers.iter().map(|s| who::of_mx(&mail_hosts.domain, &s.host)).collect();
    // Behind a gateway stands whoever keeps the mailboxes: perhaps this very server.
    if parties.iter().flatten().any(|(role, ..)| *role == who::Role::Gateway) {
        return Standing::Own;
    }
    if let [Some((_, _, name)), ..] = &parties[..]
        && parties.iter().all(Option::is_some)
    {
        return Standing::Provider(name);
    }
    let Some(host) = host else { return Standing::Nameless };
    let mut there: Vec<IpAddr> = Vec::new();
    for server in servers {
        match &server.state {
            State::Unasked(question) | State::Failed(question) => return Standing::Open(question.clone()),
            State::Addresses(ips) => there.extend(ips),
            State::Alias(_) | State::NoAddress | State::Literal => {}
        }
    }
    let mut here: Vec<IpAddr> = Vec::new();
    for question in [Question::new(host, Kind::A), Question::new(host, Kind::Aaaa)] {
        match lookup.put(question.clone()) {
            Some(answer) if !answer.outcome.failed() => here.extend(addresses(answer)),
            _ => return Standing::Open(question),
        }
    }
    match (here.is_empty() || there.is_empty(), here.iter().any(|ip| there.contains(ip))) {
        (true, _) => Standing::Nameless,
        (false, true) => Standing::Own,
        (false, false) => Standing::Elsewhere,
    }
}
