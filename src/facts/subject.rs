//! What a check is about: a domain, or an address, without a message.

use super::boundary::{Identities, Identity, MailFrom, Origin, said_helo, said_mail_from};
use crate::evidence::{Input, Said};
use std::net::IpAddr;

/// A domain or an address that is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Lower-case A-label name without a trailing dot.
    Domain(String),
    Ip(IpAddr),
}

/// The subject, where the input is one.
pub fn read(input: &Input) -> Option<Subject> {
    let word = input.subject()?;
    Some(word.parse().map_or_else(|_| Subject::Domain(word), Subject::Ip))
}

impl Subject {
    pub fn domain(&self) -> Option<&str> {
        match self {
            Subject::Domain(domain) => Some(domain),
            Subject::Ip(_) => None,
        }
    }

    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Subject::Domain(_) => None,
            Subject::Ip(ip) => Some(*ip),
        }
    }

    /// The identities of a message that the domain would send: MAIL FROM at the domain itself
    /// unless the user says otherwise, from the first address that is named as the domain's own.
    pub fn identities(&self, said: &Said) -> Identities {
        // A sender that is tried with an address is nobody's yet.
        let stated = said_mail_from(said).filter(|_| said.ip.is_none() || self.ip().is_some());
        let mail_from = match self {
            Subject::Domain(domain) => Some(of(MailFrom::Path { local: None, domain: domain.clone() })),
            Subject::Ip(_) => None,
        };
        let address = match self {
            Subject::Domain(_) => None,
            Subject::Ip(ip) => Some(of(*ip)),
        };
        let named = said.check.ips.first().copied();
        Identities {
            mail_from: stated.or(mail_from),
            helo: said_helo(said),
            source_ip: named.map(|value| Identity { value, origin: Origin::User, span: None }).or(address),
            reverse_name: None,
        }
    }
}

fn of<T>(value: T) -> Identity<T> {
    Identity { value, origin: Origin::Subject, span: None }
}
