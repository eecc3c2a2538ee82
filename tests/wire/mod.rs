//! A name server that says whatever it is told, byte for byte: names and strings that no master file can hold.

use postdoc::evidence::{Answer, Data, Kind, Outcome, Question};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Answers on loopback until dropped.
pub struct Wire {
    pub addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// `says` gets each question; a timeout is silence.
    pub fn start(says: impl Fn(&Question) -> Answer + Send + 'static) -> Wire {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let addr = socket.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut packet = [0; 4096];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut packet) else { continue };
                if let Some(reply) = reply(&packet[..length], &says) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Wire { addr, stop, thread: Some(thread) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// RFC 1035 §4.1.
fn reply(packet: &[u8], says: &impl Fn(&Question) -> Answer) -> Option<Vec<u8>> {
    let (name, end) = name(packet, 12)?;
    let number = u16::from_be_bytes([*packet.get(end)?, *packet.get(end + 1)?]);
    let kind = match number {
        1 => Some(Kind::A),
        5 => Some(Kind::Cname),
        12 => Some(Kind::Ptr),
        15 => Some(Kind::Mx),
        16 => Some(Kind::Txt),
        28 => Some(Kind::Aaaa),
        _ => None,
    };
    let answer = kind.map(|kind| says(&Question::new(&name, kind)));
    let (code, records) = match &answer {
        None => (0, &[][..]),
        Some(answer) => match answer.outcome {
            Outcome::Timeout => return None,
            Outcome::NxDomain => (3, &answer.records[..]),
            Outcome::ServFail => (2, &[][..]),
            Outcome::Refused => (5, &[][..]),
            _ => (0, &answer.records[..]),
        },
    };
    let count = u16::try_from(records.len()).ok()?.to_be_bytes();
    let mut out = packet[..2].to_vec();
    // QR and RD, RA; one question; no authority, no additional.
    out.extend([0x81, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0]);
    out.extend(&packet[12..end + 4]);
    for record in records {
        let (number, data) = data(&record.data);
        out.extend([0xc0, 12]);
        out.extend(number.to_be_bytes());
        out.extend([0, 1]);
        out.extend(record.ttl.to_be_bytes());
        out.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        out.extend(data);
    }
    Some(out)
}

/// The labels at `at`, joined by dots, and the offset behind them.
fn name(packet: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        if length == 0 {
            return Some((labels.join("."), at + 1));
        }
        labels.push(String::from_utf8_lossy(packet.get(at + 1..at + 1 + length)?).into_owned());
        at += 1 + length;
    }
}

fn data(data: &Data) -> (u16, Vec<u8>) {
    match data {
        Data::A(ip) => (1, ip.octets().to_vec()),
        Data::Aaaa(ip) => (28, ip.octets().to_vec()),
        Data::Cname(target) => (5, encoded(target)),
        Data::Ptr(target) => (12, encoded(target)),
        Data::Mx { preference, exchange } => (15, [&preference.to_be_bytes()[..], &encoded(exchange)].concat()),
        Data::Txt(strings) => {
            let with_length = |s: &Vec<u8>| [&[u8::try_from(s.len()).unwrap()], &s[..]].concat();
            (16, strings.iter().flat_map(with_length).collect())
        }
        other => panic!("{other:?} is not of this suite"),
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|l| !l.is_empty()) {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
