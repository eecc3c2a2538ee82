//! A mailbox: where it is, and whose.

use crate::knowledge::mailbox::{self, Provider, Tls};
use std::path::PathBuf;

/// A mailbox to look into. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called in tables: the user, or the path.
    pub name: String,
    pub place: Place,
    /// Folders to look into besides INBOX and junk.
    pub folders: Vec<String>,
}

/// Where a mailbox is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Imap(Server),
    /// A folder with `new` and `cur` in it.
    Maildir(PathBuf),
    /// One file, message after message.
    Mbox(PathBuf),
}

/// An IMAP server, and who logs in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub user: Option<String>,
    /// Id of the provider.
    pub provider: Option<&'static str>,
}

impl Account {
    pub fn new(place: Place) -> Account {
        let name = match &place {
            Place::Imap(server) => server.user.clone().unwrap_or_else(|| server.host.clone()),
            Place::Maildir(path) | Place::Mbox(path) => path.display().to_string(),
        };
        Account { name, place, folders: Vec::new() }
    }

    /// The provider whose server it is.
    pub fn provider(&self) -> Option<&'static Provider> {
        match &self.place {
            Place::Imap(server) => server.provider.and_then(mailbox::find),
            Place::Maildir(_) | Place::Mbox(_) => None,
        }
    }
}

impl Server {
    /// Reads `[USER@]HOST[:PORT]`, `[USER@]PROVIDER`, or an address whose provider is known.
    pub fn read(text: &str) -> Result<Server, String> {
        let text = text.trim();
        let (user, server) = match text.rsplit_once('@') {
            Some((user, server)) if !user.is_empty() => (Some(user), server),
            Some(_) => return Err(format!("{text:?} begins with an @: expected USER@HOST")),
            None => (None, text),
        };
        if let Some(provider) = mailbox::find(server) {
            return Ok(Server::at(provider, user));
        }
        if let Some(provider) = mailbox::of_domain(server) {
            let address = user.is_some_and(|u| !u.contains('@'));
            return Ok(Server::at(provider, if address { Some(text) } else { user }));
        }
        let (host, port) = host_and_port(server)?;
        // At a loopback address anything may listen; the port tells.
        let loopback = host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let known = mailbox::of_host(&host).filter(|p| if loopback { port == Some(p.port) } else { true });
        let tls = match (port, known) {
            (None, Some(provider)) => provider.tls,
            (Some(143), _) => Tls::Starttls,
            _ => Tls::Implicit,
        };
        let port = port.or(known.map(|p| p.port)).unwrap_or(tls.port());
        Ok(Server { host, port, tls, user: user.map(str::to_owned), provider: known.map(|p| p.id.as_str()) })
    }

    /// With this TLS; the port goes along where it is the usual one.
    pub fn secured(mut self, tls: Tls) -> Server {
        if self.port == self.tls.port() {
            self.port = tls.port();
        }
        self.tls = tls;
        self
    }

    /// The server of a provider.
    pub fn at(provider: &'static Provider, user: Option<&str>) -> Server {
        Server {
            host: provider.host.clone(),
            port: provider.port,
            tls: provider.tls,
            user: user.map(str::to_owned),
            provider: Some(&provider.id),
        }
    }
}

/// `host`, `host:993`, `[::1]:993`.
fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || format!("{text:?} is no HOST[:PORT], and no provider known here");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or_else(wrong)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
            (host, after.strip_prefix(':').map(str::to_owned).or_else(|| after.is_empty().then(String::new)))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port.to_owned())),
            None => (text, Some(String::new())),
        },
    };
    let port = match port.ok_or_else(wrong)?.as_str() {
        "" => None,
        number => Some(number.parse().ok().filter(|n| *n != 0).ok_or_else(wrong)?),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(plain) { Err(wrong()) } else { Ok((host, port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, u16, Tls, Option<String>)> {
        Server::read(text).ok().map(|s| (s.host, s.port, s.tls, s.user))
    }

    #[test]
    fn servers_providers_and_addresses() {
        let of =
            |host: &str, port, tls, user: Option<&str>| Some((host.to_owned(), port, tls, user.map(str::to_owned)));
        assert_eq!(read("imap.example.com"), of("imap.example.com", 993, Tls::Implicit, None));
        assert_eq!(read("imap.example.com:143"), of("imap.example.com", 143, Tls::Starttls, None));
        assert_eq!(read("me@imap.example.com:9993"), of("imap.example.com", 9993, Tls::Implicit, Some("me")));
        assert_eq!(
            read("me@example.com@Mail.Example.com."),
            of("mail.example.com", 993, Tls::Implicit, Some("me@example.com"))
        );
        assert_eq!(read("gmail"), of("imap.gmail.com", 993, Tls::Implicit, None));
        assert_eq!(read("me@gmail.com"), of("imap.gmail.com", 993, Tls::Implicit, Some("me@gmail.com")));
        assert_eq!(read("me@example.com@gmail"), of("imap.gmail.com", 993, Tls::Implicit, Some("me@example.com")));
        assert_eq!(read("[::1]:1993"), of("::1", 1993, Tls::Implicit, None));
        assert_eq!(read("me@proton"), of("127.0.0.1", 1143, Tls::Starttls, Some("me")));
        for bad in ["", "@host", "host:0", "host:x", "a b", "[::1", "[x]:1", "host:1:2", "me@"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_server_of_two_providers_is_told_by_the_address() {
        let id = |text: &str| Server::read(text).unwrap().provider;
        assert_eq!(id("me@hotmail.com"), Some("outlook"));
        assert_eq!(id("me@example.com@microsoft-365"), Some("microsoft-365"));
        assert_eq!(id("me@imap.example.com"), None);
        assert_eq!((id("127.0.0.1:1143"), id("127.0.0.1:993"), id("127.0.0.1")), (Some("proton"), None, None));
    }
}
