//! A name server on loopback for tests: UDP and TCP on one port, every fault there is, a log of what was asked.
//!
//! Chance is made of a seed, the question and how often it has come, so that a run can be repeated.

use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordSet, RecordType, RrKey};
use hickory_proto::serialize::txt::Parser;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// How a name misbehaves.
#[derive(Clone, Debug)]
pub enum Fault {
    Code(ResponseCode),
    Drop,
    Delay(Duration),
    /// Over UDP only the truncation bit; the answer over TCP.
    Truncate,
    /// The same, with bytes cut off in the middle of a record.
    Cut,
    /// The answer to somebody else's question, then silence.
    WrongId,
    /// Bytes that are no message, then silence.
    Garbage,
    /// The right identifier and question, and nonsense after them.
    Malformed,
    /// SERVFAIL with an extended error, unless checking is disabled.
    Bogus(u16, &'static str),
    /// Questions with EDNS are a format error.
    NoEdns,
    /// Points to the NS of this name instead of answering.
    Refer,
    /// Follows no alias.
    Lazy,
}

/// One question as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub name: String,
    pub kind: String,
    pub tcp: bool,
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    different: BTreeSet<(String, String)>,
    /// How often each question came as a datagram.
    times: HashMap<(String, String), u64>,
    waiting: usize,
    peak: usize,
}

/// Everything this server knows and remembers.
#[derive(Clone)]
pub struct World {
    records: Arc<BTreeMap<RrKey, RecordSet>>,
    /// Names that own a record, and all above them: they exist (RFC 8020).
    names: Arc<HashSet<LowerName>>,
    faults: Arc<HashMap<LowerName, Fault>>,
    /// Names without a fault of their own misbehave like this.
    otherwise: Option<Fault>,
    /// Every answer takes so long.
    delay: Duration,
    /// Of a hundred datagrams so many are lost.
    loss: u64,
    seed: u64,
    tcp: bool,
    /// More questions at once are refused.
    at_once: usize,
    /// No recursion: an authoritative server.
    authority: bool,
    signed: Option<LowerName>,
    /// Answers are held back until this many different questions are waiting.
    gate: usize,
    log: Arc<Mutex<Log>>,
    arrived: Arc<watch::Sender<usize>>,
}

impl World {
    /// `text` is a master file with absolute names.
    pub fn of(text: &str) -> World {
        let (_, records) = Parser::new(format!("$TTL 300\n{text}"), None, Some(Name::root())).parse().unwrap();
        World {
            names: Arc::new(records.keys().flat_map(|key| above(&key.name)).collect()),
            records: Arc::new(records),
            faults: Arc::default(),
            otherwise: None,
            delay: Duration::ZERO,
            loss: 0,
            seed: 0,
            tcp: true,
            at_once: usize::MAX,
            authority: false,
            signed: None,
            gate: 0,
            log: Arc::default(),
            arrived: Arc::new(watch::Sender::new(0)),
        }
    }

    pub fn fault(mut self, at: &str, fault: Fault) -> World {
        Arc::make_mut(&mut self.faults).insert(name(at), fault);
        self
    }

    /// Every name without a fault of its own misbehaves.
    pub fn otherwise(mut self, fault: Fault) -> World {
        self.otherwise = Some(fault);
        self
    }

    pub fn delay(mut self, delay: Duration) -> World {
        self.delay = delay;
        self
    }

    pub fn lossy(mut self, percent: u64, seed: u64) -> World {
        (self.loss, self.seed) = (percent, seed);
        self
    }

    /// Nobody listens on the TCP port.
    pub fn no_tcp(mut self) -> World {
        self.tcp = false;
        self
    }

    pub fn at_once(mut self, questions: usize) -> World {
        self.at_once = questions;
        self
    }

    pub fn authority(mut self) -> World {
        self.authority = true;
        self
    }

    /// This zone is signed, and validated.
    pub fn signed(mut self, zone: &str) -> World {
        self.signed = Some(name(zone));
        self
    }

    /// Holds every answer back until so many different questions have come.
    pub fn gate(mut self, questions: usize) -> World {
        self.gate = questions;
        self
    }

    /// Answer section, and the SOA where the answer is negative.
    fn look_up(&self, asked: &LowerName, kind: RecordType, code: &mut ResponseCode) -> (Vec<Record>, Vec<Record>) {
        let mut answers = Vec::new();
        let mut name = asked.clone();
        for _ in 0..10 {
            if let Some(set) = self.records.get(&RrKey::new(name.clone(), kind)) {
                answers.extend(set.records_without_rrsigs().cloned());
                return (answers, Vec::new());
            }
            let alias = self.records.get(&RrKey::new(name.clone(), RecordType::CNAME));
            match alias.and_then(|set| set.records_without_rrsigs().next()) {
                Some(record) => {
                    answers.push(record.clone());
                    let RData::CNAME(target) = &record.data else { break };
                    name = LowerName::from(&target.0);
                    if let Some(Fault::Lazy) = self.faults.get(asked) {
                        return (answers, Vec::new());
                    }
                }
                None => break,
            }
        }
        if !self.names.contains(&name) {
            *code = ResponseCode::NXDomain;
        }
        for name in above(&name) {
            if let Some(soa) = self.records.get(&RrKey::new(name, RecordType::SOA)) {
                return (answers, soa.records_without_rrsigs().cloned().collect());
            }
        }
        (answers, Vec::new())
    }

    fn set(&self, name: &LowerName, kind: RecordType) -> Vec<Record> {
        let set = self.records.get(&RrKey::new(name.clone(), kind));
        set.into_iter().flat_map(RecordSet::records_without_rrsigs).cloned().collect()
    }

    /// Notes a question; says whether it is lost, and whether there are too many.
    fn note(&self, key: &(String, String), tcp: bool) -> (bool, bool) {
        let mut log = self.log.lock().unwrap();
        log.asked.push(Asked { name: key.0.clone(), kind: key.1.clone(), tcp });
        log.different.insert(key.clone());
        let times = log.times.entry(key.clone()).or_default();
        *times += 1;
        let mut dice = DefaultHasher::new();
        (self.seed, key, *times).hash(&mut dice);
        let lost = !tcp && dice.finish() % 100 < self.loss;
        let refused = log.waiting >= self.at_once;
        log.waiting += usize::from(!refused);
        log.peak = log.peak.max(log.waiting);
        self.arrived.send_replace(log.different.len());
        (lost, refused)
    }

    /// The bytes to send back, if any.
    async fn answer(&self, question: &[u8], tcp: bool) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).ok()?;
        let query = question.queries.first()?.clone();
        let (asked, kind) = (LowerName::from(query.name()), query.query_type());
        let key = (asked.to_string().trim_end_matches('.').to_ascii_lowercase(), kind.to_string());
        let (lost, refused) = self.note(&key, tcp);
        let answer = match refused {
            true => Some(ResponseCode::Refused).map(|code| {
                let mut reply = reply(&question);
                reply.metadata.response_code = code;
                reply.to_vec().unwrap()
            }),
            false => {
                let answer = self.serve(&question, &asked, kind, tcp).await;
                self.log.lock().unwrap().waiting -= 1;
                answer
            }
        };
        answer.filter(|_| !lost)
    }

    async fn serve(&self, question: &Message, asked: &LowerName, kind: RecordType, tcp: bool) -> Option<Vec<u8>> {
        if self.gate > 0 {
            let _ = self.arrived.subscribe().wait_for(|n| *n >= self.gate).await;
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let mut reply = reply(question);
        reply.metadata.recursion_available = !self.authority;
        reply.metadata.authoritative = self.authority;
        let mut code = ResponseCode::NoError;
        let mut refer = false;
        let mut cut = false;
        match self.faults.get(asked).or(self.otherwise.as_ref()) {
            Some(Fault::Drop) => return None,
            Some(Fault::Code(fault)) => code = *fault,
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::Truncate) => reply.metadata.truncation = !tcp,
            Some(Fault::Cut) => cut = !tcp,
            Some(Fault::WrongId) => reply.metadata.id ^= 0xffff,
            Some(Fault::Garbage) => return Some(b"\xff\x00not dns".to_vec()),
            Some(Fault::Malformed) => {
                let mut bytes = reply.to_vec().unwrap();
                bytes[7] = 1;
                bytes.extend_from_slice(b"\xc0\x0c\x00\x01\x00\x01");
                return Some(bytes);
            }
            Some(Fault::Bogus(ede, text)) if !question.metadata.checking_disabled => {
                code = ResponseCode::ServFail;
                if let Some(edns) = &mut reply.edns {
                    let option = [&ede.to_be_bytes()[..], text.as_bytes()].concat();
                    edns.options_mut().insert(EdnsOption::Unknown(15, option));
                }
            }
            Some(Fault::NoEdns) if question.edns.is_some() => {
                code = ResponseCode::FormErr;
                reply.edns = None;
            }
            Some(Fault::Refer) => refer = true,
            _ => {}
        }
        if refer {
            reply.metadata.authoritative = false;
            let ns = self.set(asked, RecordType::NS);
            for record in &ns {
                if let RData::NS(host) = &record.data {
                    reply.add_additionals(self.set(&LowerName::from(&host.0), RecordType::A));
                }
            }
            reply.add_authorities(ns);
        } else if code == ResponseCode::NoError && !reply.metadata.truncation {
            let (answers, soa) = self.look_up(asked, kind, &mut code);
            reply.add_answers(answers);
            reply.add_authorities(soa);
            let wanted =
                question.metadata.authentic_data || question.edns.as_ref().is_some_and(|e| e.flags().dnssec_ok);
            reply.metadata.authentic_data = wanted && self.signed.as_ref().is_some_and(|zone| zone.zone_of(asked));
        }
        reply.metadata.response_code = code;
        let mut bytes = reply.to_vec().unwrap();
        if cut {
            bytes[2] |= 0x02;
            bytes.truncate(bytes.len() - 3);
        }
        Some(bytes)
    }
}

/// A name and all above it.
fn above(name: &LowerName) -> impl Iterator<Item = LowerName> + use<> {
    let up = |name: &Name| (!name.is_root()).then(|| name.base_name());
    std::iter::successors(Some(Name::from(name.clone())), up).map(LowerName::from)
}

fn name(text: &str) -> LowerName {
    let mut name = Name::from_str_relaxed(text).unwrap();
    name.set_fqdn(true);
    name.into()
}

/// An empty reply that echoes the question.
fn reply(question: &Message) -> Message {
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.checking_disabled = question.metadata.checking_disabled;
    reply.add_queries(question.queries.iter().cloned());
    if question.edns.is_some() {
        reply.set_edns(Edns::new());
    }
    reply
}

/// A running server; it ends with this value.
pub struct Dnsd {
    pub addr: SocketAddr,
    world: World,
    ended: Arc<AtomicBool>,
    /// The server's tasks live in it.
    runtime: tokio::runtime::Runtime,
}

impl Dnsd {
    pub fn start(world: World) -> Dnsd {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // One port for both: TCP first, and again on a clash.
        let (tcp, udp) = loop {
            let tcp = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            if let Ok(udp) = std::net::UdpSocket::bind(tcp.local_addr().unwrap()) {
                break (tcp, udp);
            }
        };
        let addr = tcp.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        if world.tcp {
            tcp.set_nonblocking(true).unwrap();
            runtime.spawn(over_tcp(world.clone(), tcp));
        }
        let (over, end, handle) = (world.clone(), ended.clone(), runtime.handle().clone());
        // A thread that does nothing but receive: a burst must not be lost in the socket's buffer.
        std::thread::spawn(move || {
            let udp = Arc::new(udp);
            let mut datagram = [0; 4096];
            while let Ok((length, from)) = udp.recv_from(&mut datagram) {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let (question, world, udp) = (datagram[..length].to_vec(), over.clone(), udp.clone());
                handle.spawn(async move {
                    if let Some(answer) = world.answer(&question, false).await {
                        let _ = udp.send_to(&answer, from);
                    }
                });
            }
        });
        Dnsd { addr, world, ended, runtime }
    }

    /// What was asked so far, in order.
    pub fn log(&self) -> Vec<Asked> {
        self.world.log.lock().unwrap().asked.clone()
    }

    /// How many different questions were asked.
    pub fn different(&self) -> usize {
        self.world.log.lock().unwrap().different.len()
    }

    /// How many questions waited for their answers at once, at most.
    pub fn peak(&self) -> usize {
        self.world.log.lock().unwrap().peak
    }

    /// Waits until so many different questions have come.
    pub fn wait_for(&self, questions: usize) {
        let mut arrived = self.world.arrived.subscribe();
        self.runtime.block_on(async {
            let wait = tokio::time::timeout(Duration::from_secs(60), arrived.wait_for(|n| *n >= questions));
            wait.await.unwrap().unwrap();
        });
    }
}

impl Drop for Dnsd {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Ok(socket) = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = socket.send_to(&[], self.addr);
        }
    }
}

async fn over_tcp(world: World, listener: std::net::TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        let world = world.clone();
        tokio::spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut question = vec![0; length.into()];
                if stream.read_exact(&mut question).await.is_err() {
                    return;
                }
                let Some(answer) = world.answer(&question, true).await else { return };
                let length = u16::try_from(answer.len()).unwrap();
                if stream.write_all(&[&length.to_be_bytes(), &answer[..]].concat()).await.is_err() {
                    return;
                }
            }
        });
    }
}
