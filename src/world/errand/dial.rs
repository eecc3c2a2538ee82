//! From a host name to a connection.

use super::{Inner, late};
use crate::evidence::errand::Step;
use crate::evidence::{Kind, Question};
use crate::facts::boundary::is_public;
use crate::facts::reverse::addresses;
use crate::world::tls::{self, Fault};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Addresses of one host that are tried.
const TRIES: usize = 3;

impl Inner {
    /// The public addresses of a host, those of IPv4 first. A name of a stranger never leads into the own network.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Fault> {
        let questions = [Kind::A, Kind::Aaaa].map(|kind| Question::new(host, kind));
        let [v4, v6] = &questions;
        let (v4, v6) = futures_util::future::join(self.asker.ask(v4), self.asker.ask(v6)).await;
        let all: Vec<IpAddr> = addresses(&v4).chain(addresses(&v6)).collect();
        let public: Vec<IpAddr> = all.iter().copied().filter(|ip| is_public(*ip)).take(TRIES).collect();
        match () {
            () if !public.is_empty() => Ok(public),
            () if !all.is_empty() => Err((Step::Name, format!("{host} has no public address"))),
            () if v4.outcome.failed() || v6.outcome.failed() => {
                // Not that there is none.
                Err((Step::Timeout, format!("the addresses of {host} could not be looked up")))
            }
            () => Err((Step::Name, format!("{host} has no address"))),
        }
    }

    /// A connection to the first address of a host that takes one.
    pub(super) async fn reach(&self, host: &str, port: u16, until: Instant) -> Result<TcpStream, Fault> {
        let mut last = (Step::Name, format!("{host} has no address"));
        for ip in self.resolve(host).await? {
            match self.connect(ip, port, until).await {
                Ok(stream) => return Ok(stream),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// A connection to one address.
    pub(super) async fn connect(&self, ip: IpAddr, port: u16, until: Instant) -> Result<TcpStream, Fault> {
        let began = Instant::now();
        let address = SocketAddr::new(ip, port);
        let until = until.min(began + self.try_timeout);
        match timeout_at(until, TcpStream::connect(self.addresses.of(address))).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(e)) => {
                let why = match e.kind() {
                    ErrorKind::ConnectionRefused => "refuses connections".to_owned(),
                    ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => "cannot be reached from here".into(),
                    _ => e.to_string(),
                };
                Err((Step::Connect, format!("{ip} port {port}: {why}")))
            }
            Err(_) => Err((Step::Connect, late(&format!("{ip} port {port}: no answer"), began).1)),
        }
    }

    /// The handshake over a connection.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        host: &str,
        config: ClientConfig,
        until: Instant,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let began = Instant::now();
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| (Step::Name, format!("{host} is no name that a certificate could be for")))?;
        match timeout_at(self.patience(until), TlsConnector::from(Arc::new(config)).connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(e)) => Err(tls::fault(&e)),
            Err(_) => Err(late("no end of the TLS handshake", began)),
        }
    }
}
