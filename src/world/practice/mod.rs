//! The practice world, on loopback: an invented internet's name server, a sender, and a receiver that sees the
//! invented address of the sender.
//!
//! Nothing leaves the machine: every question of the engine is put to our name server, every other connection leads
//! to a port where nobody listens.

mod mailbox;

use super::addresses::AddressMap;
use super::dns::Settings;
use super::fetch::Wanted;
use super::keygen;
use super::listen::{Certificate, Heard, Limits, Options, Received, Server};
use super::nameserver::NameServer;
use super::run::Runner;
use crate::evidence::transcript::Stop;
use crate::evidence::zone::Zone;
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::Reading;
use crate::fetch::Order;
use crate::listen::Policy;
use crate::onboarding::Checklist;
use crate::practice::{Cure, Lesson, Letter, READER, RECEIVER, Sender, Setup, Signer};
use crate::remedy::Change;
use crate::send::{self, Content, Draft, Route, Security};
use mailbox::Mailbox;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// Rounds in which a new domain is published: what follows from aliases takes more than one.
const ROUNDS: usize = 6;

/// How long a test may take on its way and with its judge: all is on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks into the mailbox, a folder on this machine.
const PACE: Duration = Duration::from_millis(20);

/// A lesson in its world.
pub struct Practice {
    names: NameServer,
    zone: Arc<Mutex<Zone>>,
    mailbox: Mailbox,
    sender: Sender,
    sent: u32,
    /// The last test as it left its author.
    left: Vec<u8>,
    /// Ends the receiver that waits, with its drop.
    waiting: Option<oneshot::Sender<()>>,
}

/// A test, ready to be handed over by the last server on its way.
pub struct Test {
    pub draft: Draft,
    /// The address that the receiver sees.
    pub client: Option<IpAddr>,
    /// It has been through another server, which hands it over.
    pub relayed: bool,
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
        let mailbox = Mailbox::make().map_err(|e| format!("no mailbox among the temporary files: {e}"))?;
        Ok(Practice { names, zone, mailbox, sender, sent: 0, left: Vec::new(), waiting: None })
    }

    /// A folder for keys that nobody else can look into; it goes with this world.
    pub fn folder(&self) -> Result<PathBuf, String> {
        self.mailbox.keys().map_err(|e| format!("no folder for keys: {e}"))
    }

    /// How look-ups of this world are made; nobody takes mail.
    pub fn settings(&self) -> Settings {
        self.leading_to(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)))
    }

    /// The same with a mail host: every port 25 is its port.
    fn leading_to(&self, receiver: SocketAddr) -> Settings {
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let map = format!("*:53={},*:25={receiver},*:80={nobody},*:443={nobody}", self.names.address);
        Settings {
            resolvers: vec![self.names.address],
            addresses: map.parse::<AddressMap>().unwrap_or_default(),
            ..Settings::default()
        }
    }

    /// A fetch from the reader's mailbox. What arrives is held against the last test as it left its author, before any
    /// server on its way changed it.
    pub fn wanted(&self, order: Order) -> Wanted {
        let sent = Input::read("the sent message", self.left.clone(), Some(InputKind::Message));
        Wanted {
            order,
            boxes: vec![(self.mailbox.account(), None)],
            insecure: false,
            pace: PACE,
            said: Said::default(),
            now: None,
            offline: false,
            sent: sent.into_iter().collect(),
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

    /// Writes the next test.
    pub fn write(&mut self) -> Result<Test, String> {
        self.sent += 1;
        let sender = &self.sender;
        let Letter { mut left, mut arrives } = Signer.letter(sender, jiff::Timestamp::now(), self.sent)?;
        if let Some(file) = &sender.key_file {
            for name in sender.sign.iter().flatten() {
                let (selector, domain) =
                    name.split_once("._domainkey.").ok_or_else(|| format!("{name} names no key"))?;
                arrives = super::dkim::Signer::read(file, domain, selector)?.sign(&arrives)?;
            }
            left.clone_from(&arrives);
        }
        self.left = left;
        let mail_from = sender.mail_from.as_deref().filter(|path| !path.is_empty());
        let draft = Draft {
            from: send::mailbox(sender.from.as_deref().unwrap_or_default())?,
            mail_from: mail_from.map(send::address).transpose()?,
            to: send::address(READER)?,
            hello: sender.helo.clone(),
            route: Route::Direct,
            // As a sending server does: encrypted, whoever shows the certificate (RFC 7435).
            security: Security::Opportunistic,
            insecure: false,
            user: None,
            source: None,
            content: Content::Own(arrives.into()),
        };
        Ok(Test { draft, client: sender.client, relayed: sender.received.as_ref().is_some_and(|r| !r.is_empty()) })
    }

    /// Opens the receiver for one message, which it files into the mailbox. What a sender has to go by to reach it, and
    /// what it will have received.
    pub fn receive(&mut self) -> Result<(Settings, Receiver<Received>), String> {
        let reader: crate::listen::Recipient = READER.parse()?;
        let options = Options {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            policy: Policy::new(RECEIVER, vec![reader]),
            certificate: Some(Certificate::own(RECEIVER)?),
            settings: self.settings(),
            offline: false,
            limits: Limits::default(),
            count: Some(1),
            client: self.sender.client,
            obeys: true,
            now: None,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        // A receiver for each test: it remembers nothing of what DNS said before.
        let (server, heard) = Server::start(options, stopped).map_err(|e| e.to_string())?;
        self.waiting = Some(stop);
        let settings = self.leading_to(server.address);
        let (inbox, junk) = (self.mailbox.folder(false), self.mailbox.folder(true));
        let (sender, received) = channel();
        // Each receiver counts from nothing: its ids of one second are not the mailbox's.
        let number = self.sent;
        let work = move || {
            let _server = server;
            for heard in heard {
                if let Heard::Received(received) = heard {
                    let folder = if received.junk { &junk } else { &inbox };
                    let bytes = &received.diagnosis.facts.evidence.input.original;
                    // Whoever waits in the mailbox sees that nothing comes.
                    if mailbox::deliver(folder, &format!("{}.{number}", received.id), bytes).is_ok() {
                        let _ = sender.send(*received);
                    }
                }
            }
        };
        std::thread::Builder::new().name("receiver".into()).spawn(work).map_err(|e| e.to_string())?;
        Ok((settings, received))
    }

    /// Sends the next test and waits for it: what the receiver made of it.
    pub fn send(&mut self) -> Result<Received, String> {
        let test = self.write()?;
        let (settings, received) = self.receive()?;
        let Content::Own(message) = &test.draft.content else { return Err("no message".to_owned()) };
        let order = super::send::Order {
            message: message.clone(),
            draft: test.draft.clone(),
            credentials: None,
            retry: super::send::Retry::Never,
        };
        let session =
            super::send::run(&settings, &order, std::future::pending::<()>(), |_| {}).map_err(|e| e.to_string())?;
        match session.stop {
            None => {}
            Some(Stop::Refused { reply }) => return Err(reply),
            Some(Stop::Broke { why, .. }) => return Err(why),
            Some(Stop::Cancelled | Stop::TimedOut) => return Err("the receiver did not take it in time".to_owned()),
        }
        received.recv_timeout(PATIENCE).map_err(|_| "nothing was delivered in time".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Diagnosis;
    use crate::fetch::{Sought, Wait};
    use crate::practice::{self, Outcome};
    use crate::triage::State;
    use crate::world::fetch::{Audience, Fetcher};

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

    #[test]
    fn tests_of_one_second_are_two_messages() {
        let mut world = Practice::begin(&practice::all()[0]).unwrap();
        let first = world.send().unwrap();
        let second = world.send().unwrap();
        let files = |junk| std::fs::read_dir(world.mailbox.folder(junk).join("new")).unwrap().count();
        assert_eq!(files(first.junk) + if first.junk == second.junk { 0 } else { files(second.junk) }, 2);
    }

    fn walk(lesson: &'static Lesson) -> Result<(), String> {
        let told = |d: &Diagnosis| {
            let all: Vec<String> = d.every_finding().map(|f| format!("{} {:?}", f.rule.id, f.severity)).collect();
            format!("{}: {} {:?}", lesson.id, all.join(", "), d.unknown)
        };
        let mut world = Practice::begin(lesson)?;
        let (broken, folder) = arrived(&mut world)?;
        let finding = lesson.finding(&broken).ok_or_else(|| told(&broken))?;
        let fails = broken.facts.reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "fail");
        if folder != (if fails { "Junk (junk)" } else { "INBOX" }) {
            return Err(format!("{}: found in {folder}", lesson.id));
        }
        let cure = lesson.cure(finding);
        if cure.records.is_empty() && cure.says.is_none() {
            return Err(format!("{}: nothing to do about it: {:?}", lesson.id, finding.fix));
        }
        world.apply(&cure);
        let (cured, folder) = arrived(&mut world)?;
        let done = lesson.outcome(&cured) == Outcome::Cured && folder == "INBOX";
        if done { Ok(()) } else { Err(format!("{} in {folder} after {:?}", told(&cured), cure.records)) }
    }

    /// Sends the next test, fetches it from the mailbox, and says in which folder it was. Receiver and fetch come to the
    /// same verdict on whether it passes.
    fn arrived(world: &mut Practice) -> Result<(Diagnosis, String), String> {
        let received = world.send()?;
        let text = String::from_utf8_lossy(&world.left).into_owned();
        let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).ok_or("no id")?;
        let order = Order { sought: Sought::message_id(id)?, header_only: false, timeout: PATIENCE };
        let fetcher = Fetcher::new(&world.settings()).map_err(|e| e.to_string())?;
        let mut ears = Ears(None);
        let wait = fetcher.run(&world.wanted(order), std::future::pending::<()>(), &mut ears);
        let folder = wait.boxes[0].find.as_ref().ok_or("nothing was found")?.words();
        let diagnosis = ears.0.ok_or("no diagnosis")?;
        let passes = |d: &Diagnosis| d.verdict.state == State::Pass;
        assert_eq!(passes(&received.diagnosis), passes(&diagnosis));
        Ok((diagnosis, folder))
    }

    struct Ears(Option<Diagnosis>);

    impl Audience for Ears {
        fn heard(&mut self, _: &mut Wait) {}

        fn judged(&mut self, _: &Wait, _: usize, diagnosis: &Diagnosis) -> Option<String> {
            self.0 = Some(diagnosis.clone());
            None
        }
    }
}
