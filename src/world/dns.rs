//! Asking DNS: hickory underneath, every outcome a value on top.

use crate::evidence::{Answer, Data, Kind, Outcome, Question, Record, Server};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record as Wire, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// CNAMEs followed at most, as many as hickory follows.
const CHAIN: usize = 8;

/// Whom to ask and how long to wait.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Recursive resolvers; empty means the system's.
    pub resolvers: Vec<SocketAddr>,
    /// One question, one try; each question is tried twice.
    pub try_timeout: Duration,
    /// Everything.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { resolvers: Vec::new(), try_timeout: Duration::from_secs(3), timeout: Duration::from_secs(20) }
    }
}

/// Asks questions. Cheap to clone.
#[derive(Clone)]
pub struct Asker {
    resolver: TokioResolver,
    try_timeout: Duration,
}

/// There is nobody to ask.
#[derive(Debug, thiserror::Error)]
#[error("no DNS resolver: {0}; name one with --resolver IP, or use --offline")]
pub struct NoResolver(String);

impl Asker {
    /// Must be called inside a tokio runtime.
    pub fn new(settings: &Settings) -> Result<Asker, NoResolver> {
        let no = |e: NetError| NoResolver(e.to_string());
        let builder = if settings.resolvers.is_empty() {
            TokioResolver::builder_tokio().map_err(no)?
        } else {
            let servers = settings.resolvers.iter().map(|&a| name_server(a)).collect();
            TokioResolver::builder_with_config(
                ResolverConfig::from_parts(None, vec![], servers),
                TokioRuntimeProvider::default(),
            )
        };
        let mut options = options(settings.try_timeout);
        options.cache_size = 4096;
        let resolver = builder.with_options(options).build().map_err(no)?;
        Ok(Asker { resolver, try_timeout: settings.try_timeout })
    }

    /// Puts one question; every failure is an outcome.
    pub async fn ask(&self, question: &Question) -> Answer {
        let began = Instant::now();
        let (outcome, records, negative_ttl) = self.look_up(question).await;
        Answer {
            negative_ttl,
            elapsed_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX),
            ..Answer::new(outcome, records, jiff::Timestamp::now())
        }
    }

    async fn look_up(&self, question: &Question) -> (Outcome, Vec<Record>, Option<u32>) {
        // A name that cannot be sent (a label over 63 bytes, say) does not exist.
        let Some(name) = absolute(&question.name) else {
            return (Outcome::NxDomain, Vec::new(), None);
        };
        let server;
        let resolver = match question.server {
            Server::Resolver => &self.resolver,
            Server::At(ip) => match authority(ip, self.try_timeout) {
                Ok(at) => {
                    server = at;
                    &server
                }
                Err(_) => return (Outcome::Timeout, Vec::new(), None),
            },
        };
        match resolver.lookup(name, record_type(question.kind)).await {
            Ok(found) => (Outcome::Records, found.answers().iter().map(record).collect(), None),
            Err(NetError::Dns(DnsError::NoRecordsFound(no))) => {
                let aliases = aliases(resolver, &question.name, &plain(no.query.name())).await;
                (negative(no.response_code), aliases, no.negative_ttl)
            }
            Err(NetError::Dns(DnsError::ResponseCode(code))) => (negative(code), Vec::new(), None),
            // Silence, and every way of not reaching anybody.
            Err(_) => (Outcome::Timeout, Vec::new(), None),
        }
    }
}

/// The CNAMEs from `name` to the `end` that a negative answer is about: hickory hands them out only
/// where the chain ends in records, and "there is an alias, and it leads nowhere" is worth knowing.
async fn aliases(resolver: &TokioResolver, name: &str, end: &str) -> Vec<Record> {
    let mut chain: Vec<Record> = Vec::new();
    let mut name = name.to_owned();
    while name != end && chain.len() < CHAIN {
        let Some(owner) = absolute(&name) else { break };
        let Ok(found) = resolver.lookup(owner, RecordType::CNAME).await else { break };
        let mut records = found.answers().iter().map(record).filter(|r| r.name == name);
        let Some((target, alias)) = records.find_map(|r| match &r.data {
            Data::Cname(target) => Some((target.clone(), r)),
            _ => None,
        }) else {
            break;
        };
        chain.push(alias);
        name = target;
    }
    chain
}

fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_str_relaxed(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}

fn negative(code: ResponseCode) -> Outcome {
    match code {
        ResponseCode::NoError => Outcome::NoData,
        ResponseCode::NXDomain => Outcome::NxDomain,
        ResponseCode::Refused => Outcome::Refused,
        _ => Outcome::ServFail,
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp].map(|protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

/// One authoritative server, asked at its own address without recursion.
fn authority(ip: IpAddr, try_timeout: Duration) -> Result<TokioResolver, NetError> {
    let config = ResolverConfig::from_parts(None, vec![], vec![name_server(SocketAddr::new(ip, 53))]);
    let mut options = options(try_timeout);
    options.recursion_desired = false;
    options.cache_size = 0;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()
}

fn options(try_timeout: Duration) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = try_timeout;
    options.attempts = 1; // one retry
    options.edns0 = true;
    options.use_hosts_file = ResolveHosts::Never;
    options.preserve_intermediates = true;
    options.try_tcp_on_error = true;
    options
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Caa => RecordType::CAA,
        Kind::Cname => RecordType::CNAME,
        Kind::Dnskey => RecordType::DNSKEY,
        Kind::Ds => RecordType::DS,
        Kind::Mx => RecordType::MX,
        Kind::Ns => RecordType::NS,
        Kind::Ptr => RecordType::PTR,
        Kind::Rrsig => RecordType::RRSIG,
        Kind::Soa => RecordType::SOA,
        Kind::Spf => RecordType::Unknown(99),
        Kind::Tlsa => RecordType::TLSA,
        Kind::Txt => RecordType::TXT,
    }
}

fn record(wire: &Wire) -> Record {
    let data = match &wire.data {
        RData::A(a) => Data::A(a.0),
        RData::AAAA(a) => Data::Aaaa(a.0),
        RData::CNAME(n) => Data::Cname(plain(&n.0)),
        RData::NS(n) => Data::Ns(plain(&n.0)),
        RData::PTR(n) => Data::Ptr(plain(&n.0)),
        RData::MX(mx) => Data::Mx { preference: mx.preference, exchange: plain(&mx.exchange) },
        RData::TXT(txt) => Data::Txt(txt.txt_data.iter().map(|s| s.to_vec()).collect()),
        RData::SOA(soa) => Data::Soa {
            mname: plain(&soa.mname),
            rname: plain(&soa.rname),
            serial: soa.serial,
            refresh: soa.refresh.unsigned_abs(),
            retry: soa.retry.unsigned_abs(),
            expire: soa.expire.unsigned_abs(),
            minimum: soa.minimum,
        },
        other => Data::Other(other.to_string()),
    };
    Record { name: plain(&wire.name), ttl: wire.ttl, data }
}

/// Lower case, no trailing dot.
fn plain(name: &Name) -> String {
    let mut text = name.to_ascii().to_ascii_lowercase();
    if text.ends_with('.') {
        text.pop();
    }
    text
}
