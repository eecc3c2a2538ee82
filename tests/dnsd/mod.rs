//! A name server on loopback for tests: UDP and TCP on one port, faults by name, a log of what was asked.

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Header, MessageType, Metadata, ResponseCode};
use hickory_server::proto::rr::{LowerName, Name, RData, Record, RecordSet, RecordType, RrKey};
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// How a name misbehaves.
#[derive(Clone, Debug)]
pub enum Fault {
    Code(ResponseCode),
    Drop,
    Delay(Duration),
    /// Over UDP only the truncation bit; the answer over TCP.
    Truncate,
}

/// One question as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub name: String,
    pub kind: String,
    pub tcp: bool,
}

/// Everything this server knows and remembers.
#[derive(Clone)]
pub struct World {
    records: Arc<BTreeMap<RrKey, RecordSet>>,
    faults: Arc<HashMap<LowerName, Fault>>,
    /// Names without a fault of their own misbehave like this.
    otherwise: Option<Fault>,
    /// Answers are held back until this many different questions are waiting.
    gate: usize,
    log: Arc<Mutex<Vec<Asked>>>,
    arrived: Arc<watch::Sender<usize>>,
}

impl World {
    /// `text` is a master file with absolute names.
    pub fn of(text: &str) -> World {
        let (_, records) = Parser::new(format!("$TTL 300\n{text}"), None, Some(Name::root())).parse().unwrap();
        World {
            records: Arc::new(records),
            faults: Arc::default(),
            otherwise: None,
            gate: 0,
            log: Arc::default(),
            arrived: Arc::new(watch::Sender::new(0)),
        }
    }

    pub fn fault(mut self, name: &str, fault: Fault) -> World {
        let mut name = Name::from_str_relaxed(name).unwrap();
        name.set_fqdn(true);
        Arc::make_mut(&mut self.faults).insert(name.into(), fault);
        self
    }

    /// Every name without a fault of its own misbehaves.
    pub fn otherwise(mut self, fault: Fault) -> World {
        self.otherwise = Some(fault);
        self
    }

    /// Holds every answer back until so many different questions have come.
    pub fn gate(mut self, questions: usize) -> World {
        self.gate = questions;
        self
    }

    fn note(&self, asked: Asked) {
        let mut log = self.log.lock().unwrap();
        log.push(asked);
        let different: BTreeSet<_> = log.iter().map(|a| (&a.name, &a.kind)).collect();
        self.arrived.send_replace(different.len());
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
                }
                None => break,
            }
        }
        // RFC 8020: a name exists when it, or anything below it, owns a record.
        if !self.records.keys().any(|key| name.zone_of(&key.name)) {
            *code = ResponseCode::NXDomain;
        }
        let mut above = Some(Name::from(name));
        while let Some(name) = above {
            if let Some(soa) = self.records.get(&RrKey::new(LowerName::from(&name), RecordType::SOA)) {
                return (answers, soa.records_without_rrsigs().cloned().collect());
            }
            above = (!name.is_root()).then(|| name.base_name());
        }
        (answers, Vec::new())
    }
}

#[async_trait::async_trait]
impl RequestHandler for World {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut out: R) -> ResponseInfo {
        let info = request.request_info().unwrap();
        let (name, kind) = (info.query.name().clone(), info.query.query_type());
        let tcp = !matches!(info.protocol, Protocol::Udp);
        let asked = name.to_string().trim_end_matches('.').to_ascii_lowercase();
        self.note(Asked { name: asked, kind: kind.to_string(), tcp });
        if self.gate > 0 {
            let _ = self.arrived.subscribe().wait_for(|n| *n >= self.gate).await;
        }
        let mut reply = Metadata::response_from_request(&request.metadata);
        reply.message_type = MessageType::Response;
        reply.recursion_available = true;
        let mut code = ResponseCode::NoError;
        match self.faults.get(&name).or(self.otherwise.as_ref()) {
            Some(Fault::Drop) => return ResponseInfo::from(Header { metadata: reply, counts: Default::default() }),
            Some(Fault::Code(fault)) => code = *fault,
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::Truncate) => reply.truncation = !tcp,
            None => {}
        }
        let (answers, soa) = match code {
            ResponseCode::NoError if !reply.truncation => self.look_up(&name, kind, &mut code),
            _ => Default::default(),
        };
        reply.response_code = code;
        let message = MessageResponseBuilder::from_message_request(request);
        out.send_response(message.build(reply, answers.iter(), [], soa.iter(), [])).await.unwrap()
    }
}

/// A running server; it ends with this value.
pub struct Dnsd {
    pub addr: SocketAddr,
    world: World,
    /// The server's tasks live in it.
    runtime: tokio::runtime::Runtime,
}

impl Dnsd {
    pub fn start(world: World) -> Dnsd {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let addr = runtime.block_on(async {
            // One port for both: TCP first, and again on a clash.
            let (tcp, udp) = loop {
                let tcp = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                if let Ok(udp) = tokio::net::UdpSocket::bind(tcp.local_addr().unwrap()).await {
                    break (tcp, udp);
                }
            };
            let addr = tcp.local_addr().unwrap();
            let mut server = Server::new(world.clone());
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(5), 64);
            tokio::spawn(async move { server.block_until_done().await });
            addr
        });
        Dnsd { addr, world, runtime }
    }

    /// What was asked so far, in order.
    pub fn log(&self) -> Vec<Asked> {
        self.world.log.lock().unwrap().clone()
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
