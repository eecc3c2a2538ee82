//! The practice world, on loopback: an invented internet's name server, a sender, and a receiver that sees the
//! invented address of the sender.
//!
//! Nothing leaves the machine: every question of the engine is put to our name server, every other connection leads
//! to a port where nobody listens.

use super::addresses::AddressMap;
use super::dns::Settings;
use super::keygen;
use super::listen::{Certificate, Heard, Limits, Options, Received, Server};
use super::nameserver::NameServer;
use super::run::Runner;
use super::send::{Order, Retry};
use crate::evidence::transcript::Stop;
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, InputKind};
use crate::facts::Reading;
use crate::listen::Policy;
use crate::onboarding::Checklist;
use crate::practice::{Cure, Lesson, READER, RECEIVER, Sender, Setup, Signer};
use crate::remedy::Change;
use crate::send::{self, Content, Draft, Route, Security};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Rounds in which a new domain is published: what follows from aliases takes more than one.
const ROUNDS: usize = 6;

/// How long a test may take on its way and with its judge: all is on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A lesson in its world.
pub struct Practice {
    names: NameServer,
    zone: Arc<Mutex<Zone>>,
    sender: Sender,
    sent: u32,
    /// Where keys lie that are made here; it goes with this world.
    folder: Option<PathBuf>,
}

impl Practice {
    /// The world as the lesson has it: broken.
    pub fn begin(lesson: &Lesson) -> Result<Practice, String> {
        Practice::of(lesson.zone().map_err(|e| e.to_string())?, lesson.sender.clone())
    }

    /// The world of a new domain: nothing of it is published.
    pub fn set_up(setup: &Setup) -> Result<Practice, String> {
        Practice::of(setup.zone().map_err(|e| e.to_string())?, setup.sender(&setup.domain, &setup.told()))
    }

    fn of(zone: Zone, sender: Sender) -> Result<Practice, String> {
        let zone = Arc::new(Mutex::new(zone));
        let own = zone.clone();
        // A lock is lost only with a thread that broke; the zone it left is whole.
        let says = move |question: &crate::evidence::Question| {
            own.lock().unwrap_or_else(|e| e.into_inner()).answer(question, jiff::Timestamp::now())
        };
        let names = NameServer::start(says).map_err(|e| format!("no name server on loopback: {e}"))?;
        Ok(Practice { names, zone, sender, sent: 0, folder: None })
    }

    /// A folder for keys that nobody else can look into.
    pub fn folder(&mut self) -> Result<&Path, String> {
        if self.folder.is_none() {
            let marker = super::random::marker().ok_or("the system gives no random bytes")?;
            let path = std::env::temp_dir().join(format!("postdoc-practice-{marker}"));
            super::state::private_folder(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            self.folder = Some(path);
        }
        self.folder.as_deref().ok_or_else(|| "there is no folder".to_owned())
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
        let mut letter = Signer.letter(sender, jiff::Timestamp::now(), self.sent)?;
        if let Some(file) = &sender.key_file {
            for name in sender.sign.iter().flatten() {
                let (selector, domain) =
                    name.split_once("._domainkey.").ok_or_else(|| format!("{name} names no key"))?;
                letter = super::dkim::Signer::read(file, domain, selector)?.sign(&letter)?;
            }
        }
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
        deliver(&self.settings(), server.address, sender, letter)?;
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

/// A new domain from nothing to its test, by the checklist alone: what it proposes is published, others do their part
/// when it is their turn. `on` hears of each.
pub fn set_up(setup: &Setup, mut on: impl FnMut(&str, &[Change])) -> Result<(Checklist, Received), String> {
    let mut world = Practice::set_up(setup)?;
    let mut told = setup.told();
    if told.key.is_none() && told.signs() {
        let file = world.folder()?.join(format!("{}.pem", told.selector()));
        told.take_key(keygen::to_file(&file)?, file.display().to_string());
        on("A key is made; its private half stays with the server.", &[]);
    }
    let domain = setup.domain.as_bytes();
    let input = Input::read(&setup.domain, domain, Some(InputKind::Domain)).map_err(|e| e.to_string())?;
    let input = Arc::new(input);
    let mut list = None;
    for _ in 0..ROUNDS {
        let evidence = Evidence::new(input.clone(), told.said(&setup.domain), jiff::Timestamp::now(), false);
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        // Another one each time: it remembers what DNS said before.
        let runner = Runner::new(world.settings()).map_err(|e| e.to_string())?;
        let (diagnosis, _) = runner.run(evidence, reading, std::future::pending::<()>());
        let now = Checklist::of(&diagnosis, &told);
        let turn = setup.turn(&now);
        list = Some(now);
        if turn.is_empty() {
            break;
        }
        for (says, records) in turn {
            on(&says, &records);
            world.apply(&Cure { records, ..Cure::default() });
        }
    }
    world.apply(&Cure { sender: setup.sender(&setup.domain, &told), ..Cure::default() });
    Ok((list.ok_or("nothing was asked")?, world.send()?))
}

impl Drop for Practice {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Hands the letter in as a sending server would: encrypted, whoever shows the certificate (RFC 7435).
fn deliver(settings: &Settings, server: SocketAddr, sender: &Sender, letter: Vec<u8>) -> Result<(), String> {
    let letter: Arc<[u8]> = letter.into();
    let mail_from = sender.mail_from.as_deref().filter(|path| !path.is_empty());
    let draft = Draft {
        from: send::mailbox(sender.from.as_deref().unwrap_or_default())?,
        mail_from: mail_from.map(send::address).transpose()?,
        to: send::address(READER)?,
        hello: sender.helo.clone(),
        route: Route::Via { host: server.ip().to_string(), port: server.port() },
        security: Security::Opportunistic,
        insecure: false,
        user: None,
        source: None,
        content: Content::Own(letter.clone()),
    };
    let order = Order { draft, message: letter, credentials: None, retry: Retry::Never };
    let session =
        super::send::run(settings, &order, std::future::pending::<()>(), |_| {}).map_err(|e| e.to_string())?;
    match session.stop {
        None => Ok(()),
        Some(Stop::Refused { reply }) => Err(reply),
        Some(Stop::Broke { why, .. }) => Err(why),
        Some(Stop::Cancelled | Stop::TimedOut) => Err("the receiver did not take it in time".to_owned()),
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

    #[test]
    fn every_new_domain_is_brought_to_three_passes() {
        for setup in practice::setups() {
            let (list, test) = set_up(setup, |_, _| {}).unwrap_or_else(|e| panic!("{}: {e}", setup.id));
            let open: Vec<_> = list.steps.iter().filter(|s| !s.optional).map(|s| (&s.id, s.state, &s.proof)).collect();
            assert!(list.is_ready(), "{}: {open:#?}", setup.id);
            let proof = crate::onboarding::Proof::of(&test.diagnosis, &setup.domain).unwrap();
            assert_eq!((&*proof.words, proof.passed), ("spf=pass dkim=pass dmarc=pass", true), "{}", setup.id);
        }
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
