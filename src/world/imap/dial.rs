//! From a server's name to a greeting.

use super::talk::{LINES, Stream, Talk};
use crate::fetch::account::Server;
use crate::fetch::{Fault, Reason};
use crate::knowledge::mailbox::Tls;
use crate::world::addresses::AddressMap;
use crate::world::dns::{Asker, NoResolver, Settings};
use crate::world::reach;
use crate::world::tls::{Authorities, Trust};
use rustls::ClientConfig;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// Tries (as of a DNS question) that one command may take: mailboxes are large, and searches slow.
const PATIENCE: u32 = 10;

/// Addresses of one host that are tried.
const ADDRESSES: usize = 3;

/// Whom to ask for addresses, whom to trust, how long to wait.
pub(in crate::world) struct Dial {
    asker: Result<Asker, NoResolver>,
    /// The user named a resolver: the machine's own is not asked.
    named: bool,
    addresses: AddressMap,
    try_timeout: Duration,
    authorities: Authorities,
    trust: OnceLock<Trust>,
    /// Any certificate will do, for this once.
    insecure: bool,
}

impl Dial {
    pub fn new(settings: &Settings, insecure: bool) -> Dial {
        Dial {
            asker: Asker::new(settings),
            named: !settings.resolvers.is_empty(),
            addresses: settings.addresses.clone(),
            try_timeout: settings.try_timeout,
            authorities: settings.authorities.clone(),
            trust: OnceLock::new(),
            insecure,
        }
    }

    /// How long one command may take.
    pub fn patience(&self) -> Duration {
        self.try_timeout * PATIENCE
    }

    /// A conversation that has begun, secured as wished; which TLS; and whether we are known already.
    pub(super) async fn connect(&self, server: &Server) -> Result<(Talk, Option<String>, bool), Fault> {
        let stream = self.reach(server).await?;
        if server.tls == Tls::Implicit {
            let (stream, version) = self.secure(stream, server).await?;
            let mut talk = Talk::new(Box::new(stream), self.patience());
            let known = talk.greet().await?;
            return Ok((talk, Some(version), known));
        }
        let mut talk = Talk::new(Box::new(stream), self.patience());
        let known = talk.greet().await?;
        if server.tls == Tls::None {
            return Ok((talk, None, known));
        }
        talk.learn().await?;
        // A greeting that logs in forbids STARTTLS (RFC 9051 §7.1.4): somebody in between may be at work.
        if known || !talk.can("STARTTLS") {
            return Err(Fault::new(Reason::NoStarttls, "STARTTLS is not offered"));
        }
        let done = talk.command("STARTTLS", LINES, |_| {}).await?;
        if !done.ok {
            return Err(Fault::new(Reason::NoStarttls, done.text));
        }
        let (stream, version) = self.secure(talk.into_stream(), server).await?;
        Ok((Talk::new(Box::new(stream), self.patience()), Some(version), false))
    }

    /// A connection to the first address that takes one.
    async fn reach(&self, server: &Server) -> Result<tokio::net::TcpStream, Fault> {
        let mut last = Fault::new(Reason::Name, format!("{} has no address", server.host));
        for ip in self.look_up(&server.host).await?.into_iter().take(ADDRESSES) {
            let until = Instant::now() + self.try_timeout * 3;
            match reach::connect(&self.addresses, SocketAddr::new(ip, server.port), None, until).await {
                Ok(stream) => return Ok(stream),
                Err(fault) => last = fault.into(),
            }
        }
        Err(last)
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, Fault> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        let asker = self.asker.as_ref().map_err(|e| Fault::new(Reason::Name, e.to_string()))?;
        Ok(reach::own_word(asker, host, self.named).await?)
    }

    async fn secure<S: AsyncRead + AsyncWrite + Unpin + 'static>(
        &self,
        stream: S,
        server: &Server,
    ) -> Result<(TlsStream<S>, String), Fault>
    where
        TlsStream<S>: Stream,
    {
        let until = Instant::now() + self.patience();
        let config = self.config().map_err(|e| Fault::new(Reason::Tls, e.to_string()))?;
        let stream = reach::secure(stream, &server.host, config, until).await?;
        let version = stream.get_ref().1.protocol_version().and_then(|v| v.as_str().map(str::to_owned));
        let mut version = version.unwrap_or_else(|| "TLS".into()).replace('_', ".");
        if self.insecure {
            version += ", THE CERTIFICATE NOT VERIFIED";
        }
        Ok((stream, version))
    }

    fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let trust = self.trust.get_or_init(|| Trust::new(&self.authorities));
        if self.insecure { trust.lenient().map(|(config, _)| config) } else { trust.strict() }
    }
}
