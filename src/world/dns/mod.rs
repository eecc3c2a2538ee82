//! Asking DNS: everything at once, nothing twice, every outcome a value.
//!
//! [`memory`] shares answers, a window bounds the questions in flight, [`exchange`] carries one question over UDP
//! and TCP, [`wire`] reads and writes messages with hickory. hickory also knows the system's resolvers; its own
//! pool is not used, because it lumps outcomes together and hides AD, extended errors and the authority section.

mod exchange;
mod memory;
mod wire;

use super::addresses::AddressMap;
use super::limits;
use super::secret::Secret;
use super::tls::Authorities;
use crate::evidence::{Answer, Data, Kind, Outcome, Question, Server};
use exchange::{Reply, Servers, Time};
use futures_util::future::FutureExt;
use hickory_resolver::system_conf::read_system_conf;
use memory::{Found, Memory};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use wire::Query;
pub(in crate::world) use wire::{absolute, plain, record_type};

/// CNAMEs followed at most where the resolver leaves it to us.
const CHAIN: usize = 8;

/// Resolvers asked at most, as many as the C library takes.
const RESOLVERS: usize = 3;

/// Descriptors left to everything else.
const RESERVE: usize = 64;

/// Questions in flight that every resolver takes.
const CROWD: usize = 100;

/// Whom to ask and how long to wait.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Recursive resolvers; empty means the system's.
    pub resolvers: Vec<SocketAddr>,
    /// One question, put again and again if need be.
    pub try_timeout: Duration,
    /// Everything one diagnosis asks.
    pub timeout: Duration,
    /// Questions in flight at most; fewer where the system has not enough sockets.
    pub in_flight: usize,
    /// What stands in for name servers.
    pub addresses: AddressMap,
    /// Who vouches for certificates besides the usual authorities.
    pub authorities: Authorities,
    /// For the user's own Rspamd, where it wants one.
    pub rspamd_password: Option<Secret>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            resolvers: Vec::new(),
            try_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(20),
            in_flight: 1000,
            addresses: AddressMap::default(),
            authorities: Authorities::default(),
            rspamd_password: None,
        }
    }
}

/// Asks questions, and remembers the answers. Cheap to clone.
#[derive(Clone)]
pub struct Asker(Arc<Inner>);

struct Inner {
    means: Arc<Means>,
    memory: Memory,
}

/// What askers on several threads have in common.
struct Means {
    resolvers: Servers,
    addresses: AddressMap,
    try_timeout: Duration,
    window: Semaphore,
    in_flight: usize,
}

/// There is nobody to ask.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no DNS resolver: {0}; name one with --resolver IP, or use --offline")]
pub struct NoResolver(String);

impl Asker {
    /// Reads the system's configuration where the settings name no resolver; makes no socket yet.
    pub fn new(settings: &Settings) -> Result<Asker, NoResolver> {
        let resolvers = match &settings.resolvers[..] {
            [] => system()?,
            named => named.iter().copied().take(RESOLVERS).collect(),
        };
        let sockets = limits::descriptors().saturating_sub(RESERVE);
        let in_flight = settings.in_flight.min(sockets / (resolvers.len() + 1)).max(1);
        let means = Arc::new(Means {
            resolvers: Servers::new(resolvers),
            addresses: settings.addresses.clone(),
            try_timeout: settings.try_timeout,
            window: Semaphore::new(in_flight),
            in_flight,
        });
        Ok(Asker(Arc::new(Inner { means, memory: Memory::default() })))
    }

    /// One for another thread, which remembers the same answers.
    pub fn beside(&self) -> Asker {
        Asker(Arc::new(Inner { means: self.0.means.clone(), memory: self.0.memory.beside() }))
    }

    /// What was answered before and still holds.
    pub fn recall(&self, question: &Question) -> Option<Answer> {
        self.0.memory.recall(question)
    }

    /// Puts one question past what is remembered.
    pub async fn ask_anew(&self, question: &Question) -> Answer {
        self.0.means.look_up(question).await
    }

    /// Puts one question; every failure is an outcome. Must be called inside a tokio runtime.
    pub async fn ask(&self, question: &Question) -> Answer {
        let found = self.0.memory.find(question, || {
            let (inner, question) = (self.0.clone(), question.clone());
            let asking = async move {
                let answer = inner.means.look_up(&question).await;
                inner.memory.keep(&question, &answer);
                answer
            };
            asking.boxed()
        });
        match found {
            Found::Answer(answer) => answer,
            Found::Asking(asking) => asking.await,
        }
    }
}

/// The system's resolvers.
fn system() -> Result<Vec<SocketAddr>, NoResolver> {
    let (config, _) = read_system_conf().map_err(|e| NoResolver(e.to_string()))?;
    let port = |server: &hickory_resolver::config::NameServerConfig| server.connections.first().map_or(53, |c| c.port);
    let servers: Vec<_> = config.name_servers.iter().map(|s| SocketAddr::new(s.ip, port(s))).take(RESOLVERS).collect();
    if servers.is_empty() { Err(NoResolver("the system names none".into())) } else { Ok(servers) }
}

impl Means {
    async fn look_up(&self, question: &Question) -> Answer {
        // Closed never: the window lives as long as whoever waits at it.
        let _place = self.window.acquire().await;
        let crowded = self.in_flight - self.window.available_permits() > CROWD;
        let time = Time { began: Instant::now(), budget: self.try_timeout, crowded };
        let direct;
        let servers = match question.server {
            Server::Resolver => &self.resolvers,
            Server::At(ip) => {
                direct = Servers::new(vec![self.addresses.of(SocketAddr::new(ip, 53))]);
                &direct
            }
        };
        let mut answer = put(servers, question, &question.name, time).await;
        for _ in 0..CHAIN {
            let Some(target) = unfinished(question, &answer) else { break };
            let more = put(servers, question, &target, time).await;
            let before = std::mem::take(&mut answer.records);
            answer = Answer { authentic: answer.authentic && more.authentic, ..more };
            answer.records.splice(0..0, before);
        }
        answer.elapsed_ms = u32::try_from(time.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        answer
    }
}

/// One message there and back.
async fn put(servers: &Servers, question: &Question, name: &str, time: Time) -> Answer {
    let nothing = |outcome| Answer::new(outcome, Vec::new(), jiff::Timestamp::now());
    let Some(query) = Query::new(question, name) else { return nothing(Outcome::NxDomain) };
    match servers.ask(&query, time).await {
        Reply::Said { message, tcp } => Answer { tcp, ..query.answer(question, &message, jiff::Timestamp::now()) },
        Reply::Truncated => nothing(Outcome::Truncated),
        Reply::Malformed => nothing(Outcome::ServFail),
        Reply::Silence => nothing(Outcome::Timeout),
    }
}

/// Where an alias leads that a forwarder did not follow to its end: no record there, and no word that there is none.
fn unfinished(question: &Question, answer: &Answer) -> Option<String> {
    let open = question.server == Server::Resolver
        && question.kind != Kind::Cname
        && answer.outcome == Outcome::NoData
        && answer.authority.is_empty();
    let target = answer.alias().filter(|_| open)?;
    // Not in a circle.
    let known = answer.records.iter().any(|r| r.name == target && matches!(r.data, Data::Cname(_)));
    (!known).then(|| target.to_owned())
}
