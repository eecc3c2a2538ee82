//! From a route to a connection: the named server, or the receiver's mail hosts in their order.

use super::talk::Talk;
use crate::evidence::errand::Step;
use crate::evidence::transcript::Stop;
use crate::evidence::{Data, Kind, Outcome, Question};
use crate::facts::boundary::is_public;
use crate::send::{Route, SMTP};
use crate::world::reach;
use crate::world::tls::Fault;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// Mail hosts of a domain, and addresses of a host, that are tried.
const HOSTS: usize = 3;
const ADDRESSES: usize = 2;

impl Talk<'_> {
    /// A connection, with the name and the address of the server at its other end.
    pub(super) async fn reach(&self) -> Result<(TcpStream, String, IpAddr), Stop> {
        let broke = |fault| self.log.broke(fault);
        let (hosts, port) = match &self.order.draft.route {
            Route::Via { host, port } => (vec![host.clone()], *port),
            Route::Direct => (self.mail_hosts(self.order.draft.to.domain()).await.map_err(broke)?, SMTP),
        };
        let direct = self.order.draft.route == Route::Direct;
        let (mut last, mut silent) = ((Step::Name, "nobody to connect to".to_owned()), true);
        for host in hosts.iter().take(HOSTS) {
            let found = match direct {
                true => reach::look_up(self.asker, host).await,
                false => reach::own_word(self.asker, host, !self.settings.resolvers.is_empty()).await,
            };
            let all = match found {
                Ok(all) => all,
                Err(fault) => {
                    (last, silent) = (fault, false);
                    continue;
                }
            };
            // A name of a stranger never leads into the own network.
            let fits = |ip: &IpAddr| (!direct || is_public(*ip)) && self.fits_source(*ip);
            let addresses: Vec<IpAddr> = all.into_iter().filter(fits).take(ADDRESSES).collect();
            if addresses.is_empty() {
                (last, silent) = ((Step::Name, format!("{host} has no address that can be tried")), false);
            }
            for ip in addresses {
                match self.connect(SocketAddr::new(ip, port), host).await {
                    Ok(stream) => return Ok((stream, host.clone(), ip)),
                    Err(fault) => {
                        silent &= fault.1.contains("no answer");
                        self.log.note(&fault.1);
                        last = fault;
                    }
                }
            }
        }
        if direct && silent {
            self.probe_own().await;
        }
        Err(self.log.broke(last))
    }

    fn fits_source(&self, ip: IpAddr) -> bool {
        self.order.draft.source.is_none_or(|source| source.is_ipv4() == ip.is_ipv4())
    }

    async fn connect(&self, address: SocketAddr, host: &str) -> Result<TcpStream, Fault> {
        let patience = self.patience();
        self.log.tries(host, address);
        self.log.wait(&format!("a connection to {host} [{}] port {}", address.ip(), address.port()), patience);
        let until = tokio::time::Instant::now() + patience;
        let stream = reach::connect(&self.settings.addresses, address, self.order.draft.source, until).await?;
        if let Ok(own) = stream.local_addr() {
            self.log.own(own.ip().to_canonical());
        }
        self.log.note(&format!("connected to {host} [{}] port {}", address.ip(), address.port()));
        Ok(stream)
    }

    /// Where a domain takes mail, by preference (RFC 5321 §5.1).
    async fn mail_hosts(&self, domain: &str) -> Result<Vec<String>, Fault> {
        let answer = self.asker.ask(&Question::new(domain, Kind::Mx)).await;
        let mut hosts: Vec<(u16, String)> = answer
            .records
            .iter()
            .filter_map(|r| match &r.data {
                Data::Mx { preference, exchange } => Some((*preference, exchange.clone())),
                _ => None,
            })
            .collect();
        hosts.sort();
        match answer.outcome {
            // RFC 7505 §3.
            Outcome::Records if hosts.iter().all(|(_, host)| host.is_empty()) => {
                Err((Step::Name, format!("{domain} takes no mail: it says so with a null MX")))
            }
            Outcome::Records => {
                let named: Vec<String> = hosts.into_iter().map(|(_, host)| host).filter(|h| !h.is_empty()).collect();
                self.log.note(&format!("{domain} takes mail at {}", named.join(", ")));
                Ok(named)
            }
            Outcome::NxDomain => Err((Step::Name, format!("there is no domain {domain}"))),
            outcome if outcome.failed() => Err((Step::Timeout, format!("the MX of {domain} could not be looked up"))),
            _ => {
                self.log.note(&format!("{domain} has no MX: its own addresses are tried"));
                Ok(vec![domain.to_owned()])
            }
        }
    }

    /// Nobody answered on port 25: does the mail host of the sender's own domain? If it does not either, the port
    /// is most likely closed on this side.
    async fn probe_own(&self) {
        let own = self.order.draft.from.email.domain();
        if own.eq_ignore_ascii_case(self.order.draft.to.domain()) {
            return;
        }
        let Ok(hosts) = self.mail_hosts(own).await else { return };
        let Some(host) = hosts.first() else { return };
        let Ok(all) = reach::look_up(self.asker, host).await else { return };
        let Some(ip) = all.into_iter().find(|ip| is_public(*ip) && self.fits_source(*ip)) else { return };
        let patience = self.patience();
        self.log.wait(&format!("whether {host} answers on port {SMTP}"), patience);
        let until = tokio::time::Instant::now() + patience;
        let address = SocketAddr::new(ip, SMTP);
        let answers = reach::connect(&self.settings.addresses, address, self.order.draft.source, until).await;
        self.log.note(&match answers {
            Ok(_) => format!("{host} answers on port {SMTP}: the port is open here, it is the receiver that is silent"),
            Err((_, why)) if why.contains("no answer") => {
                format!("{host} does not answer on port {SMTP} either: {BLOCKED}")
            }
            Err((_, why)) => why,
        });
    }
}

/// What the rule about broken sessions looks for.
const BLOCKED: &str = "the port seems to be blocked on this side";
