//! What only the owner knows: who sends, from where, and what is to come.

use crate::evidence::Said;
use crate::facts::dkim::name;
use crate::knowledge::platform;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The selector of an own key, where none was named.
pub const SELECTOR: &str = "s1";

/// Names besides the domain that are looked at.
const NAMES: usize = 24;

/// The owner's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Ids of platforms that will send.
    pub platforms: Vec<String>,
    /// Own servers that will send.
    pub servers: Vec<Server>,
    /// The selector of the own servers' key.
    pub selector: Option<String>,
    /// The record of that key, as `postdoc dkim keygen` prints it.
    pub key: Option<String>,
    /// The domain that bounces of the own servers go to; the From domain itself without it.
    pub bounce: Option<String>,
    /// Hosts of links and pixels.
    pub tracking: Vec<Host>,
    /// The mailbox for DMARC reports.
    pub reports: Option<String>,
    /// Hosts that take mail for the domain, the first one first; they are never guessed.
    pub mx: Vec<String>,
    /// Does the domain take mail? `None`: nobody said.
    pub receives: Option<bool>,
    pub dns_host: Option<String>,
    /// Messages a day in the end.
    pub volume: Option<u64>,
    /// The name is to send nothing.
    pub silent: bool,
    pub blocklists: bool,
    pub probe_mx: bool,
    pub rdap: bool,
    /// Ids of steps that the owner leaves out.
    pub skipped: BTreeSet<String>,
}

/// An own server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    pub ip: IpAddr,
    /// Its name, in HELO and in its reverse record.
    pub name: Option<String>,
}

/// A host that has to lead somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub name: String,
    /// An address, or the name that it is an alias of.
    pub target: Option<String>,
}

impl Server {
    /// `192.0.2.4` or `192.0.2.4=mta.example.com`.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn read(text: &str) -> Result<Server, String> {
        let (ip, host) = text.split_once('=').map_or((text, None), |(ip, host)| (ip, Some(host)));
        let ip = ip.trim().parse::<IpAddr>().map_err(|_| format!("{:?} is no IP address", ip.trim()))?.to_canonical();
        let named = |host: &str| name::domain(host.trim()).ok_or_else(|| format!("{:?} is no host name", host.trim()));
        Ok(Server { ip, name: host.map(named).transpose()? })
    }
}

impl Host {
    /// `click.example.com`, `click.example.com=192.0.2.2` or `click.example.com=trk.esp.example`.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn read(text: &str) -> Result<Host, String> {
        let (host, target) = text.split_once('=').map_or((text, None), |(host, target)| (host, Some(target.trim())));
        let name = name::domain(host.trim()).ok_or_else(|| format!("{:?} is no host name", host.trim()))?;
        let read = |t: &str| match t.parse::<IpAddr>() {
            Ok(ip) => Ok(ip.to_canonical().to_string()),
            Err(_) => name::domain(t).ok_or_else(|| format!("{t:?} is neither an address nor a host name")),
        };
        Ok(Host { name, target: target.map(read).transpose()? })
    }
}

impl Told {
    /// The selector of the own key.
    pub fn selector(&self) -> &str {
        self.selector.as_deref().unwrap_or(SELECTOR)
    }

    /// Does anything send that signs with a key of the owner's own?
    pub fn signs(&self) -> bool {
        !self.servers.is_empty()
    }

    /// What a check of the domain has to know.
    pub fn said(&self, domain: &str) -> Said {
        let mut said = Said { dns_host: self.dns_host.clone(), ..Said::default() };
        let wish = &mut said.check;
        wish.platforms.clone_from(&self.platforms);
        wish.ips = self.servers.iter().map(|s| s.ip).collect();
        if self.signs() {
            wish.selectors = vec![self.selector().to_owned()];
        }
        wish.names = self.names(domain);
        wish.blocklists = self.blocklists;
        wish.probe_mx = self.probe_mx;
        wish.rdap = self.rdap;
        wish.volume = self.volume;
        wish.non_sending = self.silent;
        if let [only] = &self.servers[..] {
            said.helo.clone_from(&only.name);
        }
        said
    }

    /// Names besides the domain that the checklist looks at.
    fn names(&self, domain: &str) -> Vec<String> {
        let mut names: Vec<String> = self.servers.iter().filter_map(|s| s.name.clone()).collect();
        names.extend(self.bounce.clone());
        names.extend(self.tracking.iter().map(|h| h.name.clone()));
        names.extend([format!("mta-sts.{domain}"), format!("_mta-sts.{domain}"), format!("_smtp._tls.{domain}")]);
        for platform in self.platforms.iter().filter_map(|id| platform::find(id)) {
            let label = platform.return_path.iter().map(|r| platform::Platform::fill(&r.label, domain));
            names.extend(label.filter(|l| !l.contains('<')).map(|l| match l.is_empty() {
                true => domain.to_owned(),
                false => format!("{l}.{domain}"),
            }));
        }
        let mut seen = BTreeSet::new();
        names.retain(|n| n != domain && seen.insert(n.clone()));
        names.truncate(NAMES);
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_hosts_are_read() {
        let server = Server::read("192.0.2.4 = MTA.example.com.").unwrap();
        assert_eq!((server.ip.to_string(), server.name.as_deref()), ("192.0.2.4".to_owned(), Some("mta.example.com")));
        assert!(Server::read("mta.example.com").is_err() && Server::read("192.0.2.4=no name").is_err());
        assert_eq!(Host::read("trk.example.com=trk.aksend.net").unwrap().target.as_deref(), Some("trk.aksend.net"));
        assert_eq!(Host::read("trk.example.com").unwrap().target, None);
        assert!(Host::read("x y").is_err());
    }

    #[test]
    fn what_was_told_is_asked_about() {
        let told = Told {
            platforms: vec!["postmark".into(), "sendgrid".into()],
            servers: vec![Server::read("192.0.2.4=mta.example.com").unwrap()],
            tracking: vec![Host::read("click.example.com").unwrap()],
            ..Told::default()
        };
        let said = told.said("example.com");
        assert_eq!(said.check.selectors, ["s1"]);
        assert_eq!(said.helo.as_deref(), Some("mta.example.com"));
        let names = &said.check.names;
        for name in ["mta.example.com", "click.example.com", "pm-bounces.example.com"] {
            assert!(names.iter().any(|n| n == name), "{names:?}");
        }
        assert!(!names.iter().any(|n| n.contains('<')), "what only a portal knows cannot be asked about");
    }
}
