//! Mail that a server kept for itself, or refused by its own tables, because it takes the recipient's domain for one of its
//! own; and where the domain's mail really goes.

use super::bounce::{Action, Bounce, Recipient};
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
    /// What shows it: `relay=local`
    pub sign: &'static str,
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

/// What mail systems log of a delivery of their own, lower case (Postfix local(8), virtual(8) and pipe(8); Exim's and
/// cPanel's transports). A forward is none, and neither is a program.
const DELIVERED: [(&str, &str); 9] = [
    ("relay=local,", "relay=local"),
    ("relay=virtual,", "relay=virtual"),
    ("relay=dovecot,", "relay=dovecot"),
    ("[private/dovecot-lmtp]", "private/dovecot-lmtp"),
    (" t=local_delivery", "T=local_delivery"),
    (" t=virtual_userdelivery", "T=virtual_userdelivery"),
    (" t=dovecot_virtual_delivery", "T=dovecot_virtual_delivery"),
    (" t=dovecot_delivery", "T=dovecot_delivery"),
    (" t=virtual_delivery", "T=virtual_delivery"),
];

/// What Postfix says of recipients that its own tables lack: then the domain is in that list.
const TABLES: [(&str, &str); 3] = [
    ("in local recipient table", "local recipient table"),
    ("in virtual mailbox table", "virtual mailbox table"),
    ("in virtual alias table", "virtual alias table"),
];

/// Finds the domains, and asks where their mail goes.
pub fn gather(lookup: &Lookup, reading: &Reading, kind: InputKind, text: &[u8]) -> Vec<Kept> {
    let Some(bounce) = reading.bounce.as_ref().filter(|b| b.feedback.is_none()) else { return Vec::new() };
    let mut all: Vec<Kept> = Vec::new();
    for recipient in &bounce.recipients {
        let Some((sign, host)) = sign(bounce, recipient, kind, text) else { continue };
        let Some(address) = address(recipient, text) else { continue };
        let Some(domain) = address.rsplit_once('@').map(|(_, d)| d.to_ascii_lowercase()).filter(|d| checkable(d))
        else {
            continue;
        };
        if all.len() >= DOMAINS || all.iter().any(|kept| kept.domain == domain) {
            continue;
        }
        let mail_hosts = mail_hosts::gather(lookup, &domain);
        let standing = standing(lookup, &mail_hosts, host.as_deref());
        let refused = recipient.action.is_bad();
        all.push(Kept { domain, recipient: address, host, sign, span: recipient.span, refused, mail_hosts, standing });
    }
    all
}

/// What shows that the server kept it, and which server that is.
fn sign(
    bounce: &Bounce,
    recipient: &Recipient,
    kind: InputKind,
    text: &[u8],
) -> Option<(&'static str, Option<String>)> {
    let words = recipient.text().unwrap_or_default().to_ascii_lowercase();
    let find =
        |all: &[(&str, &'static str)], text: &str| all.iter().find(|(mark, _)| text.contains(mark)).map(|(_, s)| *s);
    let named = |name: &Option<String>| name.clone().filter(|n| n.contains('.') && n.parse::<IpAddr>().is_err());
    if let Some(table) = find(&TABLES, &words) {
        let reporter = bounce.reporting_mta.as_ref().map(|mta| mta.value.clone());
        // Whoever is quoted said it; else the one that reports.
        return Some((table, named(&recipient.server).or(named(&reporter))));
    }
    match kind {
        InputKind::Reply => {
            let line = String::from_utf8_lossy(recipient.span.of(text)).to_ascii_lowercase();
            let passed_on = ["forwarded as", "delivered to command", "t=address_pipe"].iter().any(|w| line.contains(w));
            let done = recipient.action == Action::Delivered || words.contains("unknown user");
            let sign = find(&DELIVERED, &line).filter(|_| done && !passed_on)?;
            Some((sign, named(&logging(&line)).or(named(&recipient.server))))
        }
        // A report without a remote server, by one that says it delivered, or knows no such user (RFC 3464 §2.3.3).
        InputKind::Bounce if recipient.server.is_none() && recipient.reply.is_none() => {
            let reporter = named(&Some(bounce.reporting_mta.as_ref()?.value.clone()));
            let sign = match recipient.action {
                Action::Delivered => "Action: delivered",
                Action::Failed if words.contains("unknown user:") => "unknown user",
                _ => return None,
            };
            Some((sign, reporter))
        }
        _ => None,
    }
}

/// The host of a line of syslog: the word before the program.
fn logging(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().take(6).collect();
    let program = words.iter().position(|word| word.ends_with(':') && word.contains('['))?;
    words.get(program.checked_sub(1)?).map(|word| (*word).to_owned())
}

/// Exim names the local user first, and the address in angle brackets.
fn address(recipient: &Recipient, text: &[u8]) -> Option<String> {
    if let Some(address) = &recipient.address {
        return Some(address.value.clone());
    }
    let line = String::from_utf8_lossy(recipient.span.of(text)).into_owned();
    let mut inside = line.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(inside, _)| inside);
    inside.find(|word| word.contains('@') && !word.contains(char::is_whitespace)).map(str::to_owned)
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
