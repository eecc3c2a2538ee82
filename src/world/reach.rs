//! From a host name to a connection, plain or with TLS. Every wait has an end, every failure is a fault in words.

use super::addresses::AddressMap;
use super::dns::Asker;
use super::tls::{self, Fault};
use crate::evidence::errand::{Step, Tls};
use crate::evidence::{Kind, Question};
use crate::facts::reverse::{HeloForm, addresses};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Certificates of a host that are kept.
const CHAIN: usize = 8;

/// The addresses DNS has for a host, those of IPv4 first.
pub async fn look_up(asker: &Asker, host: &str) -> Result<Vec<IpAddr>, Fault> {
    let questions = [Kind::A, Kind::Aaaa].map(|kind| Question::new(host, kind));
    let [v4, v6] = &questions;
    let (v4, v6) = futures_util::future::join(asker.ask(v4), asker.ask(v6)).await;
    let all: Vec<IpAddr> = addresses(&v4).chain(addresses(&v6)).collect();
    match () {
        () if !all.is_empty() => Ok(all),
        () if v4.outcome.failed() || v6.outcome.failed() => {
            // Not that there is none.
            Err((Step::Timeout, format!("the addresses of {host} could not be looked up")))
        }
        () => Err((Step::Name, format!("{host} has no address"))),
    }
}

/// The addresses of a host that the user named, which may well be a private one. What DNS does not know, the
/// machine may: its own name, /etc/hosts. A resolver that was `named` has the last word.
pub async fn own_word(asker: &Asker, host: &str, named: bool) -> Result<Vec<IpAddr>, Fault> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse() {
        return Ok(vec![ip]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
    }
    let unknown = match look_up(asker, host).await {
        Err(fault) if !named => fault,
        known => return known,
    };
    match tokio::net::lookup_host((host, 0)).await.map(|all| all.map(|a| a.ip()).collect::<Vec<_>>()) {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(unknown),
    }
}

/// A connection to one address, from `source` where the user chose one.
pub async fn connect(
    map: &AddressMap,
    address: SocketAddr,
    source: Option<IpAddr>,
    until: Instant,
) -> Result<TcpStream, Fault> {
    let began = Instant::now();
    let place = format!("{} port {}", address.ip(), address.port());
    match timeout_at(until, dial(map.of(address), source)).await {
        Ok(Ok(stream)) => {
            // A command is one small write, and waits for nobody's acknowledgement (RFC 9293 §3.7.4).
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(e)) => {
            let why = match e.kind() {
                ErrorKind::ConnectionRefused => "refuses connections".to_owned(),
                ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => "cannot be reached from here".into(),
                ErrorKind::AddrNotAvailable => "the source address is none of this machine".into(),
                _ => e.to_string(),
            };
            Err((Step::Connect, format!("{place}: {why}")))
        }
        Err(_) => Err((Step::Connect, late(&format!("{place}: no answer"), began).1)),
    }
}

async fn dial(to: SocketAddr, source: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let Some(source) = source else { return TcpStream::connect(to).await };
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(to).await
}

/// The handshake over a connection.
pub async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    config: ClientConfig,
    until: Instant,
) -> Result<TlsStream<S>, Fault> {
    let began = Instant::now();
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| (Step::Name, format!("{host} is no name that a certificate could be for")))?;
    match timeout_at(until, TlsConnector::from(Arc::new(config)).connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(e)) => Err(tls::fault(&e)),
        Err(_) => Err(late("no end of the TLS handshake", began)),
    }
}

/// What a handshake showed; `noted` is what is wrong with the certificate.
pub fn seen(connection: &ClientConnection, noted: &OnceLock<Fault>) -> Tls {
    let version = connection.protocol_version();
    let cipher = connection.negotiated_cipher_suite();
    let shown = connection.peer_certificates().unwrap_or_default();
    Tls {
        version: version.and_then(|v| v.as_str()).map(|v| v.replace("TLSv1_", "TLSv1.")),
        cipher: cipher.and_then(|c| c.suite().as_str()).map(str::to_owned),
        fault: noted.get().cloned(),
        chain: shown.iter().take(CHAIN).map(|certificate| STANDARD.encode(certificate)).collect(),
    }
}

/// A wait that came to its end.
pub fn late(what: &str, began: Instant) -> Fault {
    (Step::Timeout, format!("{what} within {:.1} s", began.elapsed().as_secs_f32()))
}

/// The name of this machine if it is a whole one, else its address (RFC 5321 §4.1.3).
pub fn hello(own: IpAddr) -> String {
    match machine().filter(|name| HeloForm::of(name) == HeloForm::Domain) {
        Some(name) => name,
        None if own.is_ipv6() => format!("[IPv6:{own}]"),
        None => format!("[{own}]"),
    }
}

#[cfg(unix)]
fn machine() -> Option<String> {
    Some(rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase())
}

#[cfg(not(unix))]
fn machine() -> Option<String> {
    None
}
