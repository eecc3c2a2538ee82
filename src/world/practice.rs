//! The practice world, on loopback: an invented internet's name server, a sender, and a receiver that sees the
//! invented address of the sender.
//!
//! Nothing leaves the machine: every question of the engine is put to our name server, every other connection leads
//! to a port where nobody listens.

use super::addresses::AddressMap;
use super::dns::Settings;
use super::listen::{Certificate, Heard, Limits, Options, Received, Server};
use super::nameserver::NameServer;
use super::tls::{Authorities, Trust};
use crate::evidence::zone::Zone;
use crate::listen::Policy;
use crate::practice::{Cure, Lesson, READER, RECEIVER, Sender, Signer};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a test may take on its way and with its judge: all is on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A lesson in its world.
pub struct Practice {
    pub lesson: &'static Lesson,
    names: NameServer,
    zone: Arc<Mutex<Zone>>,
    sender: Sender,
    sent: u32,
}

impl Practice {
    /// The world as the lesson has it: broken.
    pub fn begin(lesson: &'static Lesson) -> Result<Practice, String> {
        let zone = Arc::new(Mutex::new(lesson.zone().map_err(|e| e.to_string())?));
        let own = zone.clone();
        // A lock is lost only with a thread that broke; the zone it left is whole.
        let says = move |question: &crate::evidence::Question| {
            own.lock().unwrap_or_else(|e| e.into_inner()).answer(question, jiff::Timestamp::now())
        };
        let names = NameServer::start(says).map_err(|e| format!("no name server on loopback: {e}"))?;
        Ok(Practice { lesson, names, zone, sender: lesson.sender.clone(), sent: 0 })
    }

    /// How look-ups of this world are made.
    pub fn settings(&self) -> Settings {
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let map = format!("*:53={},*:25={nobody},*:80={nobody},*:443={nobody}", self.names.address);
        Settings {
            resolvers: vec![self.names.address],
            addresses: map.parse::<AddressMap>().unwrap_or_default(),
            ..Settings::default()
        }
    }

    /// Carries out a cure: publishes its records, sets up the sender.
    pub fn apply(&mut self, cure: &Cure) {
        let mut zone = self.zone.lock().unwrap_or_else(|e| e.into_inner());
        for change in &cure.records {
            zone.publish(&change.name, change.kind, change.ttl, &change.after);
        }
        self.sender = self.sender.with(&cure.sender);
    }

    /// Sends the test; the receiver verifies and diagnoses it.
    pub fn send(&mut self) -> Result<Received, String> {
        self.sent += 1;
        let sender = &self.sender;
        let letter = Signer.letter(sender, jiff::Timestamp::now(), self.sent)?;
        let reader: crate::listen::Recipient = READER.parse()?;
        let options = Options {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            policy: Policy::new(RECEIVER, vec![reader]),
            certificate: Some(Certificate::own(RECEIVER)?),
            settings: self.settings(),
            offline: false,
            limits: Limits::default(),
            count: Some(1),
            client: sender.client,
            now: None,
        };
        // A receiver for each test: it remembers nothing of what DNS said before.
        let (server, heard) = Server::start(options, std::future::pending::<()>()).map_err(|e| e.to_string())?;
        deliver(server.address, sender, &letter)?;
        loop {
            match heard.recv_timeout(PATIENCE) {
                Ok(Heard::Received(received)) => return Ok(*received),
                Ok(Heard::Refused { .. }) => {}
                Ok(Heard::Broken { .. }) => return Err("the message broke the receiver: please report it".to_owned()),
                Err(_) => return Err("the receiver said nothing in time".to_owned()),
            }
        }
    }
}

/// Hands the letter in as a sending server would: encrypted, whoever shows the certificate (RFC 7435).
fn deliver(server: SocketAddr, sender: &Sender, letter: &[u8]) -> Result<(), String> {
    let helo = sender.helo.as_deref().unwrap_or_default();
    let mut wire = TcpStream::connect_timeout(&server, PATIENCE).map_err(|e| e.to_string())?;
    wire.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    wire.set_write_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    hear(&mut wire)?;
    say(&mut wire, format!("EHLO {helo}\r\n").as_bytes())?;
    say(&mut wire, b"STARTTLS\r\n")?;
    let (config, _) = Trust::new(&Authorities::default()).lenient().map_err(|e| e.to_string())?;
    let name = ServerName::try_from(RECEIVER).map_err(|e| e.to_string())?;
    let client = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let mut wire = StreamOwned::new(client, wire);
    let from = sender.mail_from.as_deref().unwrap_or_default();
    for line in
        [format!("EHLO {helo}"), format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{READER}>"), "DATA".to_owned()]
    {
        say(&mut wire, format!("{line}\r\n").as_bytes())?;
    }
    // No line of ours begins with a dot.
    say(&mut wire, &[letter, b".\r\n"].concat())?;
    // It was taken; how we part does not matter.
    let _ = say(&mut wire, b"QUIT\r\n");
    Ok(())
}

fn say(wire: &mut (impl Read + Write), bytes: &[u8]) -> Result<(), String> {
    wire.write_all(bytes).and_then(|()| wire.flush()).map_err(|e| e.to_string())?;
    hear(wire)
}

/// The whole reply, byte by byte, so that nothing of what follows is taken; a refusal is an error.
fn hear(wire: &mut impl Read) -> Result<(), String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    loop {
        wire.read_exact(&mut byte).map_err(|e| e.to_string())?;
        line.extend(byte);
        if line.ends_with(b"\n") {
            match &line[..] {
                [b'2' | b'3', _, _, b' ', ..] => return Ok(()),
                [b'2' | b'3', _, _, b'-', ..] => line.clear(),
                _ => return Err(String::from_utf8_lossy(&line).trim().to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice::{self, Outcome};

    /// Each lesson from its fault to green, as a user walks it: the finding's own fix first.
    #[test]
    fn every_lesson_is_walked_to_green() {
        let faults: Vec<String> = practice::all().iter().filter_map(|lesson| walk(lesson).err()).collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    fn walk(lesson: &'static Lesson) -> Result<(), String> {
        let told = |d: &crate::diagnose::Diagnosis| {
            let all: Vec<String> = d.every_finding().map(|f| format!("{} {:?}", f.rule.id, f.severity)).collect();
            format!("{}: {} {:?}", lesson.id, all.join(", "), d.unknown)
        };
        let mut world = Practice::begin(lesson)?;
        let broken = world.send()?.diagnosis;
        let finding = lesson.finding(&broken).ok_or_else(|| told(&broken))?;
        let cure = lesson.cure(finding);
        if cure.records.is_empty() && cure.says.is_none() {
            return Err(format!("{}: nothing to do about it: {:?}", lesson.id, finding.fix));
        }
        world.apply(&cure);
        let cured = world.send()?.diagnosis;
        let done = lesson.outcome(&cured) == Outcome::Cured;
        if done { Ok(()) } else { Err(format!("{} after {:?}", told(&cured), cure.records)) }
    }
}
