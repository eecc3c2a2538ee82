//! What only the owner knows: who sends, from where, and what is to come.

use super::filled::Filled;
use super::proof::Proof;
use super::signer::Signer;
use crate::evidence::{Kind, Question, Said};
use crate::facts::dkim::name;
use crate::knowledge::{Platform, platform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The selector of an own key, where none was named: the first that no platform of the owner's uses.
const SELECTORS: [&str; 3] = ["s1", "mta1", "own1"];

/// Names besides the domain that are looked at.
const NAMES: usize = 24;

/// The owner's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Ids of platforms that will send.
    pub platforms: Vec<String>,
    /// Selectors that the platforms' portals showed, where they are not the same for everybody.
    pub selectors: Vec<String>,
    /// Own servers that will send.
    pub servers: Vec<Server>,
    /// The selector of the own servers' key.
    pub selector: Option<String>,
    /// The record of that key, as `postdoc dkim keygen` prints it.
    pub key: Option<String>,
    /// The file with its private half; never what is in it.
    pub key_file: Option<String>,
    /// The program that signs with it.
    pub signer: Option<Signer>,
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
    /// What only a portal knows, as the owner typed it on the checklist.
    pub filled: Filled,
    /// Messages a day in the end.
    pub volume: Option<u64>,
    /// The name is to send nothing.
    pub silent: bool,
    pub blocklists: bool,
    pub probe_mx: bool,
    pub rdap: bool,
    /// Look at the hosts of links over HTTPS, and at port 80 of the own servers.
    pub https: bool,
    /// Ids of steps that the owner leaves out.
    pub skipped: BTreeSet<String>,
    /// DMARC may be raised before anything proved that all mail is aligned.
    pub raise: bool,
    /// The step that was looked at last.
    pub step: Option<String>,
    /// The last that a receiver said of mail from the domain.
    pub proof: Option<Proof>,
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
    /// With what was told before, where nothing else is told now.
    pub fn over(self, before: Told) -> Told {
        fn list<T>(now: Vec<T>, before: Vec<T>) -> Vec<T> {
            if now.is_empty() { before } else { now }
        }
        // A name of which somebody says who sends is no longer parked.
        let sends = !self.platforms.is_empty() || !self.servers.is_empty();
        Told {
            platforms: list(self.platforms, before.platforms),
            selectors: list(self.selectors, before.selectors),
            servers: list(self.servers, before.servers),
            tracking: list(self.tracking, before.tracking),
            mx: list(self.mx, before.mx),
            selector: self.selector.or(before.selector),
            key: self.key.or(before.key),
            key_file: self.key_file.or(before.key_file),
            signer: self.signer.or(before.signer),
            bounce: self.bounce.or(before.bounce),
            reports: self.reports.or(before.reports),
            dns_host: self.dns_host.or(before.dns_host),
            volume: self.volume.or(before.volume),
            silent: self.silent || (before.silent && !sends),
            blocklists: self.blocklists || before.blocklists,
            probe_mx: self.probe_mx || before.probe_mx,
            rdap: self.rdap || before.rdap,
            https: self.https || before.https,
            ..before
        }
    }

    /// The selector of the own key.
    pub fn selector(&self) -> &str {
        let free = || SELECTORS.into_iter().find(|s| self.whose(s).is_none()).unwrap_or(SELECTORS[0]);
        self.selector.as_deref().unwrap_or_else(free)
    }

    /// Where the private half of a key that is made goes.
    pub fn key_path(&self, domain: &str) -> String {
        self.key_file.clone().unwrap_or_else(|| format!("{}.{domain}.pem", self.selector()))
    }

    /// A key was made: it stays at its selector, whatever platform joins later.
    pub fn take_key(&mut self, record: String, file: String) {
        self.selector = Some(self.selector().to_owned());
        (self.key, self.key_file) = (Some(record), Some(file));
    }

    /// The platform whose key stands at this selector.
    pub fn whose(&self, selector: &str) -> Option<&'static Platform> {
        let mut platforms = self.platforms.iter().filter_map(|id| platform::find(id));
        platforms.find(|p| p.dkim.iter().any(|key| key.below.is_none() && key.selector == selector))
    }

    /// The program on the own servers that makes its key itself.
    fn signs_itself(&self) -> Option<&'static Platform> {
        let mut platforms = self.platforms.iter().filter_map(|id| platform::find(id));
        platforms.find(|p| p.kind == "self-hosted" && !p.dkim.is_empty())
    }

    /// Does anything send that signs with a key of the owner's own?
    pub fn signs(&self) -> bool {
        let named = || self.selector.as_deref().is_some_and(|s| self.whose(s).is_none());
        !self.servers.is_empty() && (self.key.is_some() || named() || self.signs_itself().is_none())
    }

    /// The step in which the own servers get their key.
    pub fn own_key(&self) -> String {
        let itself = self.signs_itself().filter(|_| !self.signs());
        itself.map_or_else(|| "dkim:own".to_owned(), |p| format!("dkim:{}", p.id))
    }

    /// What a check of the domain has to know.
    pub fn said(&self, domain: &str) -> Said {
        let mut said = Said { dns_host: self.dns_host.clone(), ..Said::default() };
        let wish = &mut said.check;
        wish.platforms.clone_from(&self.platforms);
        wish.ips = self.servers.iter().map(|s| s.ip).collect();
        wish.selectors.clone_from(&self.selectors);
        if self.signs() && !self.selectors.iter().any(|s| s == self.selector()) {
            wish.selectors.push(self.selector().to_owned());
        }
        wish.names = self.names(domain);
        wish.published = self.published(domain);
        if self.https {
            wish.https = self.tracking_hosts(domain).into_iter().map(|h| h.name).collect();
            wish.http = self.servers.iter().filter_map(|s| s.name.clone()).collect();
        }
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

    /// Hosts of links and pixels: those that were named, and those of platforms that no named one stands for.
    pub fn tracking_hosts(&self, domain: &str) -> Vec<Host> {
        let platforms = self.platforms.iter().filter_map(|id| platform::find(id));
        let wanted = platforms
            .filter_map(|p| p.tracking.as_ref())
            .map(|t| Host { name: format!("{}.{domain}", t.label), target: Some(t.target.clone()) });
        let named = |host: &Host| self.tracking.iter().any(|h| h.name == host.name || h.target == host.target);
        self.tracking.iter().cloned().chain(wanted.filter(|host| !named(host))).collect()
    }

    /// Names besides the domain that the checklist looks at.
    fn names(&self, domain: &str) -> Vec<String> {
        let mut names: Vec<String> = self.servers.iter().filter_map(|s| s.name.clone()).collect();
        names.extend(self.bounce.clone());
        names.extend(self.tracking_hosts(domain).into_iter().map(|h| h.name));
        names.extend([format!("mta-sts.{domain}"), format!("_mta-sts.{domain}"), format!("_smtp._tls.{domain}")]);
        names.extend(self.return_paths(domain));
        let mut seen = BTreeSet::new();
        names.retain(|n| n != domain && seen.insert(n.clone()));
        names.truncate(NAMES);
        names
    }

    /// The bounce domains of the platforms, as far as their names are known.
    fn return_paths(&self, domain: &str) -> impl Iterator<Item = String> {
        let platforms = self.platforms.iter().filter_map(|id| platform::find(id));
        let label = platforms.filter_map(|p| p.return_path.as_ref()).map(move |r| Platform::fill(&r.label, domain));
        label.filter(|l| !l.contains('<')).map(move |l| match l.is_empty() {
            true => domain.to_owned(),
            false => format!("{l}.{domain}"),
        })
    }

    /// What is to be published, and therefore asked of the zone's own servers.
    fn published(&self, domain: &str) -> Vec<Question> {
        let ask = |name: &str, kind| Question::new(name, kind);
        let mut all = vec![ask(domain, Kind::Txt), ask(domain, Kind::Mx), ask(domain, Kind::Caa)];
        all.extend(
            ["_dmarc", "default._bimi", "_mta-sts", "_smtp._tls"].map(|l| ask(&format!("{l}.{domain}"), Kind::Txt)),
        );
        all.push(ask(&format!("mta-sts.{domain}"), Kind::A));
        for server in &self.servers {
            let kind = if server.ip.is_ipv4() { Kind::A } else { Kind::Aaaa };
            all.extend(server.name.iter().map(|name| ask(name, kind)));
        }
        if self.signs() {
            all.extend(name::key(self.selector(), domain).map(|key| ask(&key, Kind::Txt)));
        }
        for platform in self.platforms.iter().filter_map(|id| platform::find(id)) {
            let keys = platform.dkim.iter().map(|key| key.name(domain)).filter(|name| !name.contains('<'));
            all.extend(keys.map(|name| ask(&name, Kind::Txt)));
        }
        all.extend(self.selectors.iter().filter_map(|s| name::key(s, domain)).map(|key| ask(&key, Kind::Txt)));
        for name in self.bounce.iter().cloned().chain(self.return_paths(domain)) {
            all.extend([Kind::Txt, Kind::Mx].map(|kind| ask(&name, kind)));
        }
        let hosts = self.tracking_hosts(domain);
        all.extend(hosts.iter().flat_map(|h| [Kind::A, Kind::Aaaa].map(|kind| ask(&h.name, kind))));
        let mut seen = BTreeSet::new();
        all.retain(|q| seen.insert(q.clone()));
        all
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
        assert_eq!(said.check.selectors, ["mta1"], "s1 is SendGrid's");
        assert_eq!(said.helo.as_deref(), Some("mta.example.com"));
        let names = &said.check.names;
        for name in ["mta.example.com", "click.example.com", "pm-bounces.example.com"] {
            assert!(names.iter().any(|n| n == name), "{names:?}");
        }
        assert!(!names.iter().any(|n| n.contains('<')), "what only a portal knows cannot be asked about");
    }
}
