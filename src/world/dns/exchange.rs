//! One question over UDP and TCP, until somebody has answered it or the time is up.

use super::wire::{Heard, Query};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_resolver::proto::op::{Message, ResponseCode};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep_until, timeout_at};

/// The time a question has is cut into so many steps. It is sent again at each of the first ones, so that of ten
/// datagrams three may be lost, and over TCP at the last but one.
const STEPS: u32 = 6;

/// Servers that stand in for one another.
pub struct Servers {
    addresses: Vec<SocketAddr>,
    /// The one that answered last is asked first.
    first: AtomicUsize,
}

/// How long one question may take.
#[derive(Clone, Copy)]
pub struct Time {
    pub began: Instant,
    pub budget: Duration,
    /// Much is asked at once: a refusal may mean "not so much" (dnsmasq answers 150 questions at a time), and
    /// the question is put again.
    pub crowded: bool,
}

impl Time {
    fn at(self, step: u32) -> Instant {
        self.began + self.budget * step / STEPS
    }
}

/// What came of asking.
pub enum Reply {
    Said {
        message: Box<Message>,
        tcp: bool,
    },
    /// Cut to fit, and TCP brought no more.
    Truncated,
    /// Not to be understood, over UDP and TCP.
    Malformed,
    /// No answer in time, or nobody there.
    Silence,
}

impl Reply {
    fn code(&self) -> Option<ResponseCode> {
        match self {
            Reply::Said { message, .. } => Some(message.metadata.response_code),
            _ => None,
        }
    }

    /// No other server would know better.
    fn is_final(&self) -> bool {
        matches!(self.code(), Some(ResponseCode::NoError | ResponseCode::NXDomain))
    }
}

impl Servers {
    pub fn new(addresses: Vec<SocketAddr>) -> Servers {
        Servers { addresses, first: AtomicUsize::new(0) }
    }

    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Asks one after the other: the next joins in where a server fails, or has kept silent for a step.
    pub async fn ask(&self, query: &Query, time: Time) -> Reply {
        let first = self.first.load(Ordering::Relaxed);
        let mut waiting = (0..self.len()).map(|n| (first + n) % self.len().max(1)).enumerate();
        let put = async |(turn, n): (usize, usize)| {
            let reply = converse(self.addresses[n], query, time, u32::try_from(turn).unwrap_or(STEPS)).await;
            (n, reply)
        };
        let mut asked = FuturesUnordered::new();
        asked.extend(waiting.next().map(&put));
        let mut failure = Reply::Silence;
        let mut step = 1;
        loop {
            let next = tokio::select! {
                biased;
                heard = asked.next() => match heard {
                    Some((n, reply)) if reply.is_final() => {
                        self.first.store(n, Ordering::Relaxed);
                        return reply;
                    }
                    Some((_, reply)) => {
                        if !matches!(reply, Reply::Silence) {
                            failure = reply;
                        }
                        waiting.next()
                    }
                    None => return failure,
                },
                () = sleep_until(time.at(step)), if waiting.len() > 0 => {
                    step += 1;
                    waiting.next()
                }
            };
            asked.extend(next.map(&put));
        }
    }
}

/// Asks one server. What it sends after a question was put again is still its answer.
async fn converse(address: SocketAddr, query: &Query, time: Time, turn: u32) -> Reply {
    let Ok(socket) = connect(address).await else { return Reply::Silence };
    let mut answer = pin!(listen(&socket, address, query));
    let mut failure = Reply::Silence;
    for step in turn + 1..STEPS - 1 {
        if socket.send(query.bytes(true)).await.is_err() {
            return failure;
        }
        match timeout_at(time.at(step), &mut answer).await {
            Ok(reply) if time.crowded && reply.code() == Some(ResponseCode::Refused) => {
                failure = reply;
                sleep_until(time.at(step)).await;
                answer.set(listen(&socket, address, query));
            }
            Ok(reply) => return reply,
            Err(_) => {}
        }
    }
    let _ = socket.send(query.bytes(true)).await;
    let both = async {
        tokio::select! {
            reply = &mut answer => reply,
            Some(message) = over_tcp(address, query) => Reply::Said { message, tcp: true },
        }
    };
    timeout_at(time.at(STEPS), both).await.unwrap_or(failure)
}

/// Waits for the server's answer, and fetches the whole of it where a datagram does not hold it.
async fn listen(socket: &UdpSocket, address: SocketAddr, query: &Query) -> Reply {
    let mut edns = true;
    loop {
        if socket.readable().await.is_err() {
            return Reply::Silence;
        }
        let heard = match receive(socket, query) {
            Ok(heard) => heard,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
            // ICMP: nobody listens there.
            Err(_) => return Reply::Silence,
        };
        let less = match heard {
            Heard::Foreign => continue,
            Heard::Reply(message) => {
                use ResponseCode::{BADVERS, FormErr, NotImp};
                if !(edns && matches!(message.metadata.response_code, FormErr | NotImp | BADVERS)) {
                    return Reply::Said { message, tcp: false };
                }
                // It may not know EDNS (RFC 6891 §7).
                edns = false;
                let _ = socket.send(query.bytes(false)).await;
                continue;
            }
            Heard::Truncated => Reply::Truncated,
            Heard::Malformed => Reply::Malformed,
        };
        return over_tcp(address, query).await.map_or(less, |message| Reply::Said { message, tcp: true });
    }
}

/// Takes a datagram that is there. Its room is on the stack: a thousand questions that wait hold none.
fn receive(socket: &UdpSocket, query: &Query) -> std::io::Result<Heard> {
    let mut datagram = [0; 4096];
    let length = socket.try_recv(&mut datagram)?;
    Ok(query.hear(&datagram[..length]))
}

/// RFC 7766 §8: the length, then the message. `None` where it does not work out.
async fn over_tcp(address: SocketAddr, query: &Query) -> Option<Box<Message>> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let question = query.bytes(true);
    let length = u16::try_from(question.len()).ok()?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await.ok()?;
    let length = stream.read_u16().await.ok()?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.ok()?;
    match query.hear(&bytes) {
        Heard::Reply(message) => Some(message),
        _ => None,
    }
}

/// A socket of its own for each question: a port nobody can guess (RFC 5452 §9.2), and deaf to everybody else.
async fn connect(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}
