//! A name server on loopback, UDP and TCP on one port: resolver and authority of an invented internet.

use super::dns;
use crate::evidence::{Answer, Data, Kind, Outcome, Question, Record, Server};
use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, TXT};
use hickory_proto::rr::{RData, Record as Wire, RecordType};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes a datagram may have where the question does not say (RFC 1035 §4.2.1).
const PLAIN: u16 = 512;

/// How long a client may take over TCP.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running server; it ends with this value.
pub struct NameServer {
    pub address: SocketAddr,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl NameServer {
    /// `says` is asked every question as one put to a resolver.
    pub fn start(says: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> std::io::Result<NameServer> {
        // One port for both: TCP first, and again on a clash.
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr()?) {
                break (tcp, udp);
            }
        };
        let address = tcp.local_addr()?;
        let (ended, says) = (Arc::new(AtomicBool::new(false)), Arc::new(says));
        let (end, own) = (ended.clone(), says.clone());
        let datagrams = std::thread::Builder::new().name("names-udp".into()).spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = udp.recv_from(&mut buffer) {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let asked = buffer.get(..length).unwrap_or_default();
                if let Some(reply) = reply(asked, &*own, false) {
                    // Whoever is gone asks again.
                    let _ = udp.send_to(&reply, from);
                }
            }
        })?;
        let end = ended.clone();
        let streams = std::thread::Builder::new().name("names-tcp".into()).spawn(move || {
            while let Ok((stream, _)) = tcp.accept() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let _ = converse(stream, &*says);
            }
        })?;
        Ok(NameServer { address, ended, threads: vec![datagrams, streams] })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Both wait for somebody.
        if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = socket.send_to(&[], self.address);
        }
        let _ = TcpStream::connect(self.address);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// RFC 1035 §4.2.2: each message after its length.
fn converse(mut stream: TcpStream, says: &impl Fn(&Question) -> Answer) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut asked = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut asked)?;
        let Some(reply) = reply(&asked, says, true) else { return Ok(()) };
        let length = u16::try_from(reply.len()).map_err(std::io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), &reply[..]].concat())?;
    }
    Ok(())
}

/// The bytes to send back; `None` is silence.
fn reply(bytes: &[u8], says: &impl Fn(&Question) -> Answer, tcp: bool) -> Option<Vec<u8>> {
    let asked = Message::from_vec(bytes).ok()?;
    let query = asked.queries.first()?;
    let mut reply = Message::response(asked.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = asked.metadata.recursion_desired;
    reply.metadata.checking_disabled = asked.metadata.checking_disabled;
    reply.metadata.recursion_available = true;
    reply.add_queries(asked.queries.iter().cloned());
    if asked.edns.is_some() {
        reply.set_edns(Edns::new());
    }
    let Some(kind) = kind(query.query_type()) else {
        reply.metadata.response_code = ResponseCode::NotImp;
        return reply.to_vec().ok();
    };
    let name = dns::plain(query.name());
    // Who does not ask for recursion takes it for the authority; one server is both here.
    let server =
        if asked.metadata.recursion_desired { Server::Resolver } else { Server::At(IpAddr::V4(Ipv4Addr::LOCALHOST)) };
    let question =
        Question { server, checking_disabled: asked.metadata.checking_disabled, ..Question::new(&name, kind) };
    let answer = says(&question);
    reply.metadata.authoritative = answer.authoritative;
    reply.metadata.response_code = match answer.outcome {
        Outcome::Timeout => return None,
        Outcome::NxDomain => ResponseCode::NXDomain,
        Outcome::ServFail => ResponseCode::ServFail,
        Outcome::Refused => ResponseCode::Refused,
        Outcome::Records | Outcome::NoData | Outcome::Truncated => ResponseCode::NoError,
    };
    reply.add_answers(answer.records.iter().filter_map(record));
    reply.add_authorities(answer.authority.iter().filter_map(record));
    reply.add_additionals(answer.glue.iter().filter_map(record));
    let whole = reply.to_vec().ok()?;
    let room = asked.edns.as_ref().map_or(PLAIN, |edns| edns.max_payload().max(PLAIN));
    if answer.outcome != Outcome::Truncated && (tcp || whole.len() <= usize::from(room)) {
        return Some(whole);
    }
    let mut cut = Message::response(asked.metadata.id, OpCode::Query);
    cut.metadata.truncation = true;
    cut.add_queries(asked.queries.iter().cloned());
    cut.to_vec().ok()
}

fn kind(wire: RecordType) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| dns::record_type(*kind) == wire)
}

/// Types that no invented zone holds are left out.
fn record(record: &Record) -> Option<Wire> {
    let name = dns::absolute;
    let data = match &record.data {
        Data::A(ip) => RData::A(A(*ip)),
        Data::Aaaa(ip) => RData::AAAA(AAAA(*ip)),
        Data::Cname(target) => RData::CNAME(CNAME(name(target)?)),
        Data::Ns(host) => RData::NS(NS(name(host)?)),
        Data::Ptr(host) => RData::PTR(PTR(name(host)?)),
        Data::Mx { preference, exchange } => RData::MX(MX::new(*preference, name(exchange)?)),
        Data::Txt(strings) => RData::TXT(TXT::from_bytes(strings.iter().map(Vec::as_slice).collect())),
        Data::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
            let seconds = |n: &u32| i32::try_from(*n).unwrap_or(i32::MAX);
            RData::SOA(SOA::new(
                name(mname)?,
                name(rname)?,
                *serial,
                seconds(refresh),
                seconds(retry),
                seconds(expire),
                *minimum,
            ))
        }
        _ => return None,
    };
    Some(Wire::from_rdata(name(&record.name)?, record.ttl, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::world::addresses::AddressMap;
    use crate::world::dns::{Asker, Settings};

    const ZONE: &str = r#"
        shop.example TXT "v=spf1 -all"
        shop.example MX 10 mx.shop.example
        shop.example SOA ns.shop.example host.shop.example 1 2 3 4 50
        mx.shop.example A 192.0.2.1
        alias.shop.example CNAME mx.shop.example
        1.2.0.192.in-addr.arpa PTR mx.shop.example
        broken.shop.example SERVFAIL
    "#;

    #[test]
    fn what_is_asked_over_the_wire_is_what_the_zone_says() {
        let long: String =
            (10..50).rev().map(|n| format!("big.shop.example TXT \"{n} {}\"\n", "x".repeat(200))).collect();
        let zone = Zone::parse(&format!("{ZONE}{long}")).unwrap();
        let own = zone.clone();
        let server = NameServer::start(move |q| own.answer(q, jiff::Timestamp::UNIX_EPOCH)).unwrap();
        let map: AddressMap = format!("*:53={}", server.address).parse().unwrap();
        let asker =
            Asker::new(&Settings { resolvers: vec![server.address], addresses: map, ..Settings::default() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (name, kind) in [
            ("shop.example", Kind::Txt),
            ("shop.example", Kind::Mx),
            ("shop.example", Kind::Soa),
            ("shop.example", Kind::Aaaa),
            ("alias.shop.example", Kind::A),
            ("1.2.0.192.in-addr.arpa", Kind::Ptr),
            ("nothing.shop.example", Kind::A),
            ("broken.shop.example", Kind::A),
            ("big.shop.example", Kind::Txt),
        ] {
            for question in [Question::new(name, kind), Question::new(name, kind).at([192, 0, 2, 53].into())] {
                let want = zone.answer(&question, jiff::Timestamp::UNIX_EPOCH);
                let got = runtime.block_on(asker.ask_anew(&question));
                assert_eq!((got.outcome, &got.records), (want.outcome, &want.records), "{question:?}");
                assert_eq!(got.tcp, name == "big.shop.example", "{question:?}");
            }
        }
    }
}
