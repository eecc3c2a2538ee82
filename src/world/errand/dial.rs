//! From the host name of a stranger to a connection.

use super::Inner;
use crate::evidence::errand::Step;
use crate::facts::boundary::is_public;
use crate::world::reach;
use crate::world::tls::Fault;
use rustls::ClientConfig;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// Addresses of one host that are tried.
const TRIES: usize = 3;

impl Inner {
    /// A connection to the first public address of a host that takes one. A name of a stranger never leads into
    /// the own network.
    pub(super) async fn reach(&self, host: &str, port: u16, until: Instant) -> Result<TcpStream, Fault> {
        let all = reach::look_up(&self.asker, host).await?;
        let mut last = (Step::Name, format!("{host} has no public address"));
        for ip in all.into_iter().filter(|ip| is_public(*ip)).take(TRIES) {
            match self.connect(ip, port, until).await {
                Ok(stream) => return Ok(stream),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// A connection to a host that the user named, which may well be in the own network.
    pub(super) async fn reach_own(&self, host: &str, port: u16, until: Instant) -> Result<TcpStream, Fault> {
        let mut last = (Step::Name, format!("{host} has no address"));
        for ip in reach::own_word(&self.asker, host, self.named).await?.into_iter().take(TRIES) {
            match self.connect(ip, port, until).await {
                Ok(stream) => return Ok(stream),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// A connection to one address.
    pub(super) async fn connect(&self, ip: IpAddr, port: u16, until: Instant) -> Result<TcpStream, Fault> {
        let until = until.min(Instant::now() + self.try_timeout);
        reach::connect(&self.addresses, SocketAddr::new(ip, port), None, until).await
    }

    /// The handshake over a connection.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        host: &str,
        config: ClientConfig,
        until: Instant,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        reach::secure(stream, host, config, self.patience(until)).await
    }
}
