//! Who runs what for a domain: DNS host, mailboxes, filters and senders, each with what shows it.

use super::mx::Mx;
use super::zone::Zone;
use crate::evidence::{Data, Kind, Question};
use crate::facts::lookup::Lookup;
use crate::facts::spf::record::Record;
use crate::knowledge::{Platform, host, pattern, platform, receiver};

/// Records of the own organization that are opened to find whom they include.
const OPENED: usize = 8;

/// One party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub role: Role,
    /// Of the DNS host, platform or receiver.
    pub id: &'static str,
    pub name: &'static str,
    /// At least one.
    pub clues: Vec<Clue>,
}

/// What a party does for the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    DnsHost,
    /// Holds the mailboxes, as far as the MX shows.
    Mailboxes,
    /// Filters mail before the mailboxes, which then stand elsewhere.
    Gateway,
    /// Sends, or may.
    Sender,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Role::DnsHost => "dns-host",
            Role::Mailboxes => "mailboxes",
            Role::Gateway => "gateway",
            Role::Sender => "sender",
        }
    }
}

/// What shows it: the words of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    pub question: Question,
    pub text: String,
}

#[derive(Default)]
struct Parties(Vec<Party>);

impl Parties {
    fn note(&mut self, role: Role, id: &'static str, name: &'static str, question: &Question, text: &str) {
        let clue = Clue { question: question.clone(), text: text.to_owned() };
        match self.0.iter_mut().find(|p| p.role == role && p.id == id) {
            Some(party) if party.clues.contains(&clue) => {}
            Some(party) => party.clues.push(clue),
            None => self.0.push(Party { role, id, name, clues: vec![clue] }),
        }
    }

    fn sender(&mut self, platform: &'static Platform, question: &Question, text: &str) {
        self.note(Role::Sender, &platform.id, &platform.name, question, text);
    }
}

/// All that the answers at hand show.
pub fn gather(lookup: &Lookup, domain: &str, zone: Option<&Zone>, mx: Option<&Mx>) -> Vec<Party> {
    let mut parties = Parties::default();
    if let Some(asked) = zone.and_then(|z| z.ns.as_ref()) {
        let records = lookup.answers().get(&asked.question).map(|a| &a.records[..]).unwrap_or_default();
        for server in records.iter().filter_map(|r| if let Data::Ns(host) = &r.data { Some(host) } else { None }) {
            if let Some(host) = host::of_name_server(server) {
                parties.note(Role::DnsHost, &host.id, &host.name, &asked.question, server);
            }
        }
    }
    for server in mx.into_iter().flat_map(|m| &m.servers) {
        receives(&mut parties, domain, &Question::new(domain, Kind::Mx), &server.host);
    }
    senders(&mut parties, lookup, domain);
    signers(&mut parties, lookup, domain);
    parties.0.sort_by_key(|p| p.role);
    parties.0
}

fn receives(parties: &mut Parties, domain: &str, question: &Question, target: &str) {
    if let Some((role, id, name)) = of_mx(domain, target) {
        parties.note(role, id, name, question, target);
    }
}

/// Who runs a mail server of a domain, and what for: its role, id and name.
pub fn of_mx(domain: &str, target: &str) -> Option<(Role, &'static str, &'static str)> {
    let takes = |p: &&Platform| p.mx.iter().any(|mark| pattern::host(&Platform::fill(mark, "*"), target));
    // A host of one platform may be named after the domain: `example-com.mail.protection.outlook.com`.
    let exact = |p: &&Platform| p.mx.iter().any(|mark| pattern::host(&Platform::fill(mark, domain), target));
    let all = platform::all();
    if let Some(platform) = all.iter().find(exact).or_else(|| all.iter().find(takes)) {
        return Some((Role::Mailboxes, &platform.id, &platform.name));
    }
    let receiver = receiver::of_host(target)?;
    let role = if receiver.kind == receiver::Kind::Gateway { Role::Gateway } else { Role::Mailboxes };
    Some((role, &receiver.id, &receiver.name))
}

/// Platforms that the SPF record lets send, and records of the same organization that it includes.
fn senders(parties: &mut Parties, lookup: &Lookup, domain: &str) {
    let mut open = vec![domain.to_owned()];
    let mut next = 0;
    while let Some(name) = open.get(next).cloned().filter(|_| next < OPENED) {
        next += 1;
        let Some(answer) = lookup.peek(&name, Kind::Txt) else { continue };
        let question = Question::new(&name, Kind::Txt);
        for text in answer.texts().filter(|t| Record::is(t)) {
            let text = String::from_utf8_lossy(&text).into_owned();
            for term in text.split(' ').skip(1) {
                if let Some(platform) = platform::of_spf_term(term) {
                    parties.sender(platform, &question, term);
                } else if let Some((_, target)) = term.split_once([':', '='])
                    && (term.contains("include:") || term.starts_with("redirect="))
                    && crate::facts::organization::same_by_list(target, domain)
                    && !open.iter().any(|o| o.eq_ignore_ascii_case(target))
                {
                    open.push(target.to_ascii_lowercase());
                }
            }
        }
    }
}

/// Platforms that keys are delegated to by CNAME.
fn signers(parties: &mut Parties, lookup: &Lookup, domain: &str) {
    let below = format!("._domainkey.{domain}");
    for (question, answer) in lookup.answers().iter().filter(|(q, _)| q.name.ends_with(&below)) {
        let targets = answer.records.iter().filter_map(|r| if let Data::Cname(t) = &r.data { Some(t) } else { None });
        for target in targets {
            if let Some(platform) = platform::of_dkim_target(target) {
                parties.sender(platform, question, target);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Answers;
    use crate::evidence::said::Wish;
    use crate::facts::domain::{mx, zone};

    fn parties(lines: &str, more: &[Question]) -> Vec<(Role, &'static str)> {
        let world = crate::evidence::zone::Zone::parse(lines).unwrap();
        let mut answers = Answers::new();
        for q in more {
            answers.insert(q.clone(), world.answer(q, jiff::Timestamp::UNIX_EPOCH));
        }
        for _ in 0..9 {
            let lookup = Lookup::new(&answers);
            let (zone, mx) =
                (zone::gather(&lookup, "example.com", false), mx::gather(&lookup, "example.com", &Wish::default()));
            let found = gather(&lookup, "example.com", Some(&zone), Some(&mx));
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return found.into_iter().map(|p| (p.role, p.id)).collect();
            }
            for q in missing {
                let answer = world.answer(&q, jiff::Timestamp::UNIX_EPOCH);
                answers.insert(q, answer);
            }
        }
        panic!("never settles");
    }

    #[test]
    fn each_by_its_own_marks() {
        let txt = [
            Question::new("example.com", Kind::Txt),
            Question::new("_spf.example.com", Kind::Txt),
            Question::new("s1._domainkey.example.com", Kind::Txt),
        ];
        let found = parties(
            "example.com SOA ada.ns.cloudflare.com dns.cloudflare.com 1 1 1 1 1
             example.com NS ada.ns.cloudflare.com
             example.com MX 10 example-com.mail.protection.outlook.com
             example.com TXT \"v=spf1 include:_spf.google.com include:_spf.example.com -all\"
             _spf.example.com TXT \"v=spf1 include:amazonses.com -all\"
             s1._domainkey.example.com CNAME s1.domainkey.u1.wl1.sendgrid.net",
            &txt,
        );
        assert_eq!(
            found,
            [
                (Role::DnsHost, "cloudflare"),
                (Role::Mailboxes, "microsoft-365"),
                (Role::Sender, "google-workspace"),
                (Role::Sender, "amazon-ses"),
                (Role::Sender, "sendgrid"),
            ]
        );
    }

    #[test]
    fn a_gateway_hides_the_mailboxes_and_strangers_are_nobody() {
        let found = parties("example.com MX 10 eu-smtp-inbound-1.mimecast.com\nexample.com MX 20 mx.other.test", &[]);
        assert_eq!(found, [(Role::Gateway, "mimecast")]);
    }
}
