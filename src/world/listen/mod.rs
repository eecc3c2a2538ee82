//! A receiving mail server: sockets around [`crate::listen`], and the engine behind it.
//!
//! ```text
//! accept ──► session (one task each) ──► queue ──► judge (a thread a core) ──► heard
//! ```
//!
//! One thread carries all sockets; diagnosing is done on others. Sessions, bytes and queues are bounded: what does
//! not fit is answered with 4xx, and its sender tries again.

mod certificate;
mod job;
mod judge;
mod session;

pub use certificate::Certificate;
pub use job::{Job, Told, spawn};

use super::dns::Settings;
use crate::diagnose::Diagnosis;
use crate::listen::authres::MethodResult;
use crate::listen::{Mail, Policy};
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Messages that wait for a judge, per judge.
const QUEUE: usize = 64;

/// What was heard and is not fetched yet.
const HEARD: usize = 64;

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;

/// How long sessions may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(300);

/// How long sessions may go on once the last message wanted has come.
const LINGER: Duration = Duration::from_secs(2);

/// What a server is started with.
#[derive(Debug)]
pub struct Options {
    pub address: SocketAddr,
    pub policy: Policy,
    /// `None`: STARTTLS is not offered.
    pub certificate: Option<Certificate>,
    /// For the look-ups.
    pub settings: Settings,
    pub offline: bool,
    pub limits: Limits,
    /// Ends after so many messages.
    pub count: Option<u64>,
    /// Stands in for the address of every client: an invented world's.
    pub client: Option<IpAddr>,
    /// Does what DMARC asks, as far as filing as junk goes: for mail that is put into a mailbox.
    pub obeys: bool,
    /// Stands in for the clock.
    pub now: Option<jiff::Timestamp>,
}

/// How much may be under way at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
    pub per_client: usize,
    /// Silence (RFC 5321 §4.5.3.2.7: at least five minutes).
    pub idle: Duration,
    /// A whole connection.
    pub session: Duration,
    /// Bytes of messages, in transfer and waiting.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 1000,
            per_client: 50,
            idle: Duration::from_secs(300),
            session: Duration::from_secs(900),
            memory: 64 << 20,
        }
    }
}

/// What happens at the server, as it happens.
#[derive(Debug)]
pub enum Heard {
    /// A command, a message or a connection was refused; the reply may repeat a stranger's words.
    Refused {
        client: IpAddr,
        at: jiff::Timestamp,
        reply: String,
    },
    Received(Box<Received>),
    /// A message broke the program; the server goes on.
    Broken {
        client: IpAddr,
        id: String,
        at: jiff::Timestamp,
    },
}

/// A message that was taken, verified and diagnosed.
#[derive(Debug)]
pub struct Received {
    pub id: String,
    pub at: jiff::Timestamp,
    /// Envelope and connection; the content stands, as delivered, in the diagnosis.
    pub mail: Mail,
    /// Authentication-Results fields that were forged in our name, and removed.
    pub forged: usize,
    pub results: Vec<MethodResult>,
    /// It belongs into the junk folder: always `false` where DMARC is not obeyed.
    pub junk: bool,
    pub diagnosis: Diagnosis,
    /// The diagnosis was cut short.
    pub cut: bool,
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    stop: Arc<watch::Sender<bool>>,
    tally: Arc<Tally>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// Counts, for the last line.
#[derive(Debug, Default)]
struct Tally {
    connections: AtomicU64,
    taken: AtomicU64,
    refused: AtomicU64,
    /// Under way when the server ended.
    unfinished: AtomicU64,
}

/// How much there was, all in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub connections: u64,
    pub taken: u64,
    pub refused: u64,
    pub unfinished: u64,
}

/// What all sessions share.
struct Shared {
    policy: Arc<Policy>,
    tls: Option<tokio_rustls::TlsAcceptor>,
    limits: Limits,
    client: Option<IpAddr>,
    now: Option<jiff::Timestamp>,
    queues: Vec<mpsc::Sender<Taken>>,
    heard: std::sync::mpsc::SyncSender<Heard>,
    stop: watch::Receiver<bool>,
    /// Messages that may still come.
    left: AtomicU64,
    full: watch::Sender<bool>,
    memory: Arc<AtomicUsize>,
    per_client: Mutex<HashMap<IpAddr, usize>>,
    tally: Arc<Tally>,
}

/// A message on its way to a judge.
struct Taken {
    id: String,
    at: jiff::Timestamp,
    mail: Mail,
    /// Its share of the memory, given back when dropped.
    _held: Held,
}

/// Bytes counted against the limit.
struct Held {
    memory: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    fn new(memory: &Arc<AtomicUsize>) -> Held {
        Held { memory: memory.clone(), bytes: 0 }
    }

    /// Counts so many from now on; says how many all hold together.
    fn set(&mut self, bytes: usize) -> usize {
        self.memory.fetch_add(bytes, Ordering::Relaxed);
        let all = self.memory.fetch_sub(self.bytes, Ordering::Relaxed).saturating_sub(self.bytes);
        self.bytes = bytes;
        all
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Server {
    /// Listens, and tells what it hears; the receiver ends when all is told after the end. `stop` ends the server.
    pub fn start(
        options: Options,
        stop: impl Future<Output: Send> + Send + 'static,
    ) -> std::io::Result<(Server, std::sync::mpsc::Receiver<Heard>)> {
        let sockets = super::limits::descriptors();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async { bind(options.address) })?;
        let address = listener.local_addr()?;
        let (sender, heard) = std::sync::mpsc::sync_channel(HEARD);
        let (stopper, stopped) = watch::channel(false);
        let stopper = Arc::new(stopper);
        let tally = Arc::new(Tally::default());
        let mut threads = Vec::new();
        let mut queues = Vec::new();
        for n in 0..std::thread::available_parallelism().map_or(1, |n| n.get()).min(8) {
            let (queue, taken) = mpsc::channel(QUEUE);
            queues.push(queue);
            let judge = judge::Judge {
                name: options.policy.name.clone(),
                settings: options.settings.clone(),
                offline: options.offline,
                obeys: options.obeys,
                stop: stopped.clone(),
            };
            let sender = sender.clone();
            let thread = std::thread::Builder::new().name(format!("judge-{n}"));
            threads.push(thread.spawn(move || judge.work(taken, &sender))?);
        }
        let mut limits = options.limits;
        limits.connections = limits.connections.min(sockets.saturating_sub(128)).max(1);
        let shared = Arc::new(Shared {
            policy: Arc::new(options.policy),
            tls: options.certificate.map(Certificate::acceptor),
            limits,
            client: options.client,
            now: options.now,
            queues,
            heard: sender,
            stop: stopped,
            left: AtomicU64::new(options.count.unwrap_or(u64::MAX)),
            full: watch::Sender::new(false),
            memory: Arc::default(),
            per_client: Mutex::default(),
            tally: tally.clone(),
        });
        let ending = stopper.clone();
        threads.push(std::thread::Builder::new().name("smtp".into()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(async move {
                    stop.await;
                    ending.send_replace(true);
                });
                accept(listener, shared).await;
            });
        })?);
        Ok((Server { address, stop: stopper, tally, threads }, heard))
    }

    /// Ends it: sessions say goodbye, diagnoses come to what they have.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// What there was so far.
    pub fn total(&self) -> Total {
        let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let t = &self.tally;
        Total {
            connections: of(&t.connections),
            taken: of(&t.taken),
            refused: of(&t.refused),
            unfinished: of(&t.unfinished),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Not the library's own bind: a burst of connections needs more room than it makes.
fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes connections until told to stop, or until the last message wanted has come.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    let (mut stop, mut full) = (shared.stop.clone(), shared.full.subscribe());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => admit(&mut sessions, &shared, stream, peer.ip().to_canonical()),
                // Too many descriptors, or a client that is gone already: the next may do.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
            _ = stop.wait_for(|stop| *stop) => break,
            _ = full.wait_for(|full| *full) => break,
        }
    }
    drop(listener);
    let goodbye = async { while sessions.join_next().await.is_some() {} };
    let linger = async {
        if !*stop.borrow_and_update() {
            tokio::select! {
                () = tokio::time::sleep(LINGER) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        tokio::time::sleep(GOODBYE).await;
    };
    tokio::select! {
        () = goodbye => {}
        () = linger => {}
    }
}

fn admit(sessions: &mut JoinSet<()>, shared: &Arc<Shared>, stream: TcpStream, peer: IpAddr) {
    shared.tally.connections.fetch_add(1, Ordering::Relaxed);
    let client = shared.client.unwrap_or(peer);
    let crowd = sessions.len() >= shared.limits.connections;
    let place = if crowd { None } else { session::Place::of(shared, peer) };
    match place {
        Some(place) => drop(sessions.spawn(session::serve(shared.clone(), stream, client, place))),
        None => {
            shared.refused(client, "421 4.7.0 too many connections");
            // Best effort: whoever is over the limit is not waited for.
            let name = &shared.policy.name;
            let _ = stream.try_write(format!("421 4.7.0 {name} too many connections, try again later\r\n").as_bytes());
        }
    }
}

impl Shared {
    fn now(&self) -> jiff::Timestamp {
        self.now.unwrap_or_else(jiff::Timestamp::now)
    }

    /// Hands a message to a judge; its id, or why it cannot be taken now.
    fn take(&self, mail: Mail) -> Result<String, &'static str> {
        const BUSY: &str = "too much to look at just now, try again later";
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let Ok(left) = left else { return Err("enough messages were taken, this server ends") };
        let mut held = Held::new(&self.memory);
        held.set(mail.content.capacity());
        let number = self.tally.taken.fetch_add(1, Ordering::Relaxed);
        let at = self.now();
        let id = format!("{:x}{:04x}", at.as_second(), number);
        let mut taken = Taken { id: id.clone(), at, mail, _held: held };
        let judges = self.queues.len();
        for n in 0..judges {
            let turn = usize::try_from(number).unwrap_or_default().wrapping_add(n) % judges;
            let Some(queue) = self.queues.get(turn) else { continue };
            match queue.try_send(taken) {
                Ok(()) => {
                    if left == 1 {
                        self.full.send_replace(true);
                    }
                    return Ok(id);
                }
                Err(mpsc::error::TrySendError::Full(back) | mpsc::error::TrySendError::Closed(back)) => taken = back,
            }
        }
        self.left.fetch_add(1, Ordering::Relaxed);
        self.tally.taken.fetch_sub(1, Ordering::Relaxed);
        Err(BUSY)
    }

    /// Tells of a refusal, unless more are told than anybody reads.
    fn refused(&self, client: IpAddr, reply: &str) {
        self.tally.refused.fetch_add(1, Ordering::Relaxed);
        let _ = self.heard.try_send(Heard::Refused { client, at: self.now(), reply: reply.to_owned() });
    }
}
