//! Fetching over real sockets: mailboxes good, bad and hostile. Every fault is a word, and nothing hangs.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests")]
mod imapd;

use imapd::{Fault as Wrong, Imapd, Set, Tls as Wire};
use postdoc::diagnose::Diagnosis;
use postdoc::evidence::Said;
use postdoc::fetch::account::Server;
use postdoc::fetch::{Account, End, Landing, Order, Place, Reason, Sought, Stage, Wait};
use postdoc::knowledge::mailbox::Tls;
use postdoc::world::dns::Settings;
use postdoc::world::fetch::{Audience, Fetcher, Wanted};
use postdoc::world::secret::{Credentials, Proof, Secret, Source};
use std::time::Duration;

const MESSAGE: &str = "Received: from a.example by mx.example; Mon, 1 Jun 2026 12:00:00 +0000\nFrom: a@example.com\nMessage-ID: <probe-1@example.com>\nX-Postdoc-Test: 7F3A-91C2\nSubject: test\n\nhello {99999999}\n";
const OTHER: &str = "From: b@example.com\nMessage-ID: <other@example.com>\nSubject: other\n\nhello\n";

const PATIENT: Duration = Duration::from_secs(60);

/// Says nothing, and keeps what was judged.
#[derive(Default)]
struct Ear {
    judged: Vec<Diagnosis>,
}

impl Audience for Ear {
    fn heard(&mut self, wait: &mut Wait) {
        wait.take_news();
    }

    fn judged(&mut self, _: &Wait, _: usize, diagnosis: &Diagnosis) -> Option<String> {
        self.judged.push(diagnosis.clone());
        None
    }
}

/// One fetch, to be changed before it runs.
struct Try {
    wanted: Wanted,
    settings: Settings,
}

fn account(server: &Imapd, tls: Tls) -> Account {
    let port = server.addr.port();
    let user = Some("me@example.com".to_owned());
    Account::new(Place::Imap(Server { host: "127.0.0.1".into(), port, tls, user, provider: None }))
}

fn who(password: &str) -> Option<Credentials> {
    let secret = Secret::new(password.to_owned().into());
    Some(Credentials { user: "me@example.com".into(), secret, proof: Proof::Password, again: None })
}

fn try_in(servers: &[&Imapd]) -> Try {
    let order = Order { sought: Sought::marker("7F3A-91C2").unwrap(), header_only: false, timeout: PATIENT };
    let boxes = servers.iter().map(|s| (account(s, Tls::Implicit), who("s3cr3t \"\\word"))).collect();
    let wanted = Wanted {
        order,
        boxes,
        insecure: false,
        pace: Duration::from_millis(20),
        said: Said::default(),
        now: None,
        offline: true,
        sent: vec![],
    };
    let authorities: Vec<_> = servers.iter().map(|s| s.ca.clone()).collect();
    let settings = Settings {
        // Nobody is to be asked for 127.0.0.1.
        resolvers: vec!["127.0.0.1:9".parse().unwrap()],
        try_timeout: Duration::from_secs(5),
        authorities: authorities.into(),
        ..Settings::default()
    };
    Try { wanted, settings }
}

impl Try {
    fn run(&self) -> (Wait, Ear) {
        let mut ear = Ear::default();
        let wait = Fetcher::new(&self.settings).unwrap().run(&self.wanted, std::future::pending::<()>(), &mut ear);
        (wait, ear)
    }

    fn tls(mut self, tls: Tls) -> Try {
        let Place::Imap(server) = &mut self.wanted.boxes[0].0.place else { panic!() };
        server.tls = tls;
        self
    }

    fn hasty(mut self) -> Try {
        self.settings.try_timeout = Duration::from_millis(40);
        self
    }

    fn fault(&self) -> (Reason, String) {
        let (wait, _) = self.run();
        match &wait.boxes[0].stage {
            Stage::Failed(fault) => (fault.reason, fault.said.clone()),
            other => panic!("{other:?}: {:?}", wait.boxes[0].log),
        }
    }
}

#[test]
fn found_in_inbox_and_diagnosed() {
    let server = Imapd::start(Set::default().with("INBOX", OTHER).with("INBOX", MESSAGE));
    let (wait, ear) = try_in(&[&server]).run();
    let find = wait.boxes[0].find.as_ref().unwrap();
    assert_eq!((wait.end, find.landing()), (Some(End::Found), Landing::Inbox));
    assert_eq!(&*find.message, MESSAGE.replace('\n', "\r\n").as_bytes());
    assert_eq!(find.received.unwrap().to_string(), "2026-06-01T12:00:00Z");
    assert_eq!(wait.boxes[0].opinion.as_ref().unwrap().headline, ear.judged[0].verdict.headline);
    let folder = ear.judged[0].facts.evidence.said.folder.as_ref().unwrap();
    assert_eq!((folder.name.as_str(), folder.seen), ("INBOX", true));
    // Nothing was changed: no SELECT, no BODY[ without PEEK, no STORE.
    server.heard("LOGOUT", 1);
    for line in server.said() {
        let line = line.to_ascii_uppercase();
        assert!(!line.contains("SELECT") && !line.contains("STORE") && !line.contains(" BODY["), "{line}");
    }
}

#[test]
fn found_in_junk_by_its_mark() {
    let server = Imapd::start(Set::default().with("Unerw&APw-nscht", MESSAGE));
    let (wait, ear) = try_in(&[&server]).run();
    assert_eq!(wait.boxes[0].find.as_ref().unwrap().landing(), Landing::Junk("Unerwünscht"));
    let rules: Vec<&str> = ear.judged[0].every_finding().map(|f| f.rule.id).collect();
    assert!(rules.contains(&"spam-verdict-explained"), "{rules:?}");
}

#[test]
fn found_twice_and_a_view_of_everything_is_no_find() {
    let mut set = Set::default().with("INBOX", MESSAGE).with("Unerw&APw-nscht", MESSAGE);
    set.folders.insert("Everything".into(), imapd::Folder { mark: "\\All", ..Default::default() });
    let server = Imapd::start(set.with("Everything", MESSAGE));
    let mut one = try_in(&[&server]);
    one.wanted.boxes[0].0.folders = vec!["Everything".into(), "Nowhere".into()];
    let (wait, ear) = one.run();
    let find = wait.boxes[0].find.as_ref().unwrap();
    assert_eq!(find.landing(), Landing::Twice(vec!["INBOX", "Unerwünscht"]));
    assert!(wait.boxes[0].log.iter().any(|l| l.text.ends_with("there is no Nowhere")), "{:?}", wait.boxes[0].log);
    // One copy among the junk is what the diagnosis has to know.
    assert_eq!(ear.judged[0].facts.evidence.said.folder.as_ref().unwrap().name, "Unerwünscht");
}

#[test]
fn it_arrives_while_it_is_waited_for() {
    for idle in [true, false] {
        for folder in ["INBOX", "Unerw&APw-nscht"] {
            let server = Imapd::start(Set { idle, ..Set::default() });
            let one = try_in(&[&server]);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    server.heard(if idle { "IDLE" } else { "EXAMINE" }, 2);
                    server.deliver("INBOX", OTHER);
                    server.deliver(folder, MESSAGE);
                });
                let (wait, _) = one.run();
                assert_eq!(wait.end, Some(End::Found), "{idle} {folder}: {:?}", wait.boxes[0].log);
                assert_eq!(server.said().iter().any(|l| l.ends_with("IDLE")), idle);
                let told = if idle { "IDLE" } else { "it is asked" };
                assert!(wait.boxes[0].log.iter().any(|l| l.text.contains(told)), "{:?}", wait.boxes[0].log);
            });
        }
    }
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    for fault in [Wrong::LoseOnce, Wrong::LoseIdle] {
        let mut set = Set { fault: Some(fault), ..Set::default() };
        if fault == Wrong::LoseOnce {
            set = set.with("INBOX", MESSAGE);
        }
        let server = Imapd::start(set);
        let one = try_in(&[&server]);
        std::thread::scope(|scope| {
            if fault == Wrong::LoseIdle {
                scope.spawn(|| {
                    server.heard("IDLE", 2);
                    server.deliver("INBOX", MESSAGE);
                });
            }
            let (wait, _) = one.run();
            assert_eq!(wait.end, Some(End::Found), "{fault:?}");
            assert_eq!(&*wait.boxes[0].find.as_ref().unwrap().message, MESSAGE.replace('\n', "\r\n").as_bytes());
            assert!(
                wait.boxes[0].log.iter().any(|l| l.text.contains("broke (hung up); again in")),
                "{:?}",
                wait.boxes[0].log
            );
            assert_eq!(server.connections(), 2);
        });
    }
}

#[test]
fn a_server_that_announces_idle_and_does_not_know_it_is_asked_again_and_again() {
    let server = Imapd::start(Set { fault: Some(Wrong::NoIdle), ..Set::default() });
    let one = try_in(&[&server]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.heard("IDLE", 2);
            server.deliver("INBOX", MESSAGE);
        });
        let (wait, _) = one.run();
        assert_eq!(wait.end, Some(End::Found), "{:?}", wait.boxes[0].log);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn a_token_that_ran_out_is_had_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let set = Set { auth: vec!["XOAUTH2"], password: "t0ken-one", then: Some("t0ken-two"), ..Set::default() };
    let server = Imapd::start(Set { fault: Some(Wrong::LoseIdle), ..set });
    let mut one = try_in(&[&server]);
    // The command says another token each time.
    let line = format!("if [ -e {0} ]; then echo t0ken-two; else touch {0}; echo t0ken-one; fi", file.display());
    let source = Source::Command(line);
    let who = Credentials::read("me@example.com".into(), &source, Proof::Token, "").unwrap();
    one.wanted.boxes[0].1 = Some(who);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.heard("IDLE", 2);
            server.deliver("INBOX", MESSAGE);
        });
        let (wait, _) = one.run();
        let log: Vec<&str> = wait.boxes[0].log.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(wait.end, Some(End::Found), "{log:?}");
        assert!(log.iter().any(|l| l.contains("logging in with a fresh one")), "{log:?}");
        assert!(!format!("{wait:?}").contains("t0ken-two"));
    });
    // A place that says the same old token again is asked once, not for ever.
    let server = Imapd::start(Set { auth: vec!["XOAUTH2"], password: "other", ..Set::default() });
    let mut one = try_in(&[&server]);
    one.wanted.boxes[0].1 =
        Credentials::read("me@example.com".into(), &Source::Command("echo old".into()), Proof::Token, "").ok();
    assert_eq!(one.fault().0, Reason::Token);
    assert_eq!(server.connections(), 2);
    // One that says nothing any more is told as what it is.
    let file = folder.path().join("once");
    let line = format!("if [ -e {0} ]; then echo locked >&2; exit 3; else touch {0}; echo old; fi", file.display());
    one.wanted.boxes[0].1 = Credentials::read("me@example.com".into(), &Source::Command(line), Proof::Token, "").ok();
    let (reason, said) = one.fault();
    assert!(reason == Reason::Secret && said.contains("locked"), "{said}");
}

#[test]
fn never_found_is_an_ending_of_its_own() {
    let server = Imapd::start(Set::default().with("INBOX", OTHER));
    let mut one = try_in(&[&server]);
    one.wanted.order.timeout = Duration::from_secs(2);
    let (wait, _) = one.run();
    assert_eq!((wait.end, wait.boxes[0].stage.clone(), wait.boxes[0].open), (Some(End::TimedOut), Stage::Never, true));
}

#[test]
fn a_message_id_the_newest_and_the_header_alone() {
    let set = (0..150).fold(Set::default().with("INBOX", MESSAGE), |set, _| set.with("INBOX", OTHER));
    let server = Imapd::start(set);
    let run = |sought: Sought, header_only| {
        let mut one = try_in(&[&server]);
        one.wanted.order.sought = sought;
        one.wanted.order.header_only = header_only;
        let (wait, _) = one.run();
        wait.boxes[0].find.clone().unwrap()
    };
    // Below a hundred newer ones it is searched for.
    let find = run(Sought::message_id("probe-1@example.com").unwrap(), true);
    let header = MESSAGE.split_inclusive("\n\n").next().unwrap();
    assert_eq!((&*find.message, find.whole), (header.replace('\n', "\r\n").as_bytes(), false));
    let newest = run(Sought::Newest, false);
    assert_eq!(&*newest.message, OTHER.replace('\n', "\r\n").as_bytes());
}

#[test]
fn every_way_to_secure_and_to_log_in() {
    for (wire, tls) in [(Wire::Implicit, Tls::Implicit), (Wire::Starttls, Tls::Starttls), (Wire::None, Tls::None)] {
        for auth in [vec!["PLAIN"], vec![]] {
            let server = Imapd::start(Set { tls: wire, auth: auth.clone(), ..Set::default() }.with("INBOX", MESSAGE));
            let (wait, _) = try_in(&[&server]).tls(tls).run();
            assert_eq!(wait.end, Some(End::Found), "{wire:?} {auth:?}: {:?}", wait.boxes[0].log);
        }
    }
    let server = Imapd::start(Set { auth: vec!["PLAIN", "XOAUTH2"], ..Set::default() }.with("INBOX", MESSAGE));
    let mut one = try_in(&[&server]);
    one.wanted.boxes[0].1.as_mut().unwrap().proof = Proof::Token;
    assert_eq!(one.run().0.end, Some(End::Found));
    one.wanted.boxes[0].1 = who("stale").map(|who| Credentials { proof: Proof::Token, ..who });
    let (reason, said) = one.fault();
    assert_eq!(reason, Reason::Token);
    assert!(said.contains("\"status\":\"400\""), "what the challenge says goes with the refusal: {said}");
}

#[test]
fn refusals_are_told_apart() {
    let server = Imapd::start(Set::default());
    let mut one = try_in(&[&server]);
    one.wanted.boxes[0].1 = who("wrong");
    assert_eq!(one.fault(), (Reason::Credentials, "[AUTHENTICATIONFAILED] Invalid credentials".into()));
    one.wanted.boxes[0].1 = None;
    assert_eq!(one.fault().0, Reason::Secret);
    for (fault, want) in [
        (
            Wrong::Refuse("Application-specific password required: https://support.example/ (Failure)"),
            Reason::AppPassword,
        ),
        (Wrong::Refuse("[ALERT] Your account is not enabled for IMAP use."), Reason::ImapOff),
        (Wrong::Refuse("LogonDenied-BasicAuthBlocked-0"), Reason::BasicOff),
        (Wrong::NotConnected, Reason::ImapOff),
    ] {
        let server = Imapd::start(Set { fault: Some(fault), ..Set::default() });
        assert_eq!(try_in(&[&server]).fault().0, want, "{fault:?}");
    }
    // A provider that takes no passwords, and says nothing but no.
    let server = Imapd::start(Set { fault: Some(Wrong::Refuse("LOGIN failed.")), ..Set::default() });
    let mut one = try_in(&[&server]);
    let Place::Imap(place) = &mut one.wanted.boxes[0].0.place else { panic!() };
    place.provider = Some("outlook");
    assert_eq!(one.fault().0, Reason::BasicOff);
    let none = Imapd::start(Set { auth: vec!["LOGINDISABLED"], ..Set::default() });
    assert_eq!(try_in(&[&none]).fault().0, Reason::NoMechanism);
}

#[test]
fn tls_that_is_not_as_it_should_be() {
    let server = Imapd::start(Set::default().with("INBOX", MESSAGE));
    let mut one = try_in(&[&server]);
    one.settings.authorities = Default::default();
    assert_eq!(one.fault().0, Reason::Certificate);
    one.wanted.insecure = true;
    let (wait, _) = one.run();
    assert_eq!(wait.end, Some(End::Found));
    assert!(wait.boxes[0].log[0].text.contains("CERTIFICATE NOT VERIFIED"), "{:?}", wait.boxes[0].log);
    let plain = Imapd::start(Set { tls: Wire::None, ..Set::default() });
    assert_eq!(try_in(&[&plain]).tls(Tls::Starttls).fault().0, Reason::NoStarttls);
    assert!(plain.said().iter().all(|l| !l.contains("LOGIN") && !l.contains("AUTH")), "{:?}", plain.said());
    assert_eq!(try_in(&[&plain]).fault().0, Reason::Tls);
    // The other name of the certificate would do; this one does not.
    let mut named = try_in(&[&server]);
    named.settings.addresses = format!("127.0.0.2:993={}", server.addr).parse().unwrap();
    let Place::Imap(place) = &mut named.wanted.boxes[0].0.place else { panic!() };
    (place.host, place.port) = ("127.0.0.2".into(), 993);
    assert_eq!(named.fault().0, Reason::CertificateName);
}

#[test]
fn servers_that_harm() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Imapd::start(Set::default());
    let mut one = try_in(&[&server]);
    let Place::Imap(place) = &mut one.wanted.boxes[0].0.place else { panic!() };
    place.port = nobody;
    let (reason, said) = one.fault();
    assert_eq!(reason, Reason::Connect);
    assert!(said.contains("refuses connections"), "{said}");
    for (fault, want) in [
        (Wrong::Mute, Reason::Silent),
        (Wrong::Garbage, Reason::Garbage),
        (Wrong::Slow, Reason::Silent),
        (Wrong::Bye, Reason::Bye),
        (Wrong::Endless, Reason::TooLarge),
        (Wrong::NilDate, Reason::Garbage),
    ] {
        let server = Imapd::start(Set { fault: Some(fault), ..Set::default() }.with("INBOX", MESSAGE));
        let one = try_in(&[&server]);
        let one = if want == Reason::Silent { one.hasty() } else { one };
        assert_eq!(one.fault().0, want, "{fault:?}");
    }
}

#[test]
fn a_login_that_is_hung_up_on_or_never_answered_says_where_it_was() {
    for (fault, want, said) in [
        (
            Wrong::ByeAtLogin("Autologout; idle for too long"),
            Reason::Bye,
            "Autologout; idle for too long, at the login",
        ),
        (Wrong::ByeAtLogin("Too many failed logins"), Reason::TooMany, "Too many failed logins, at the login"),
        (Wrong::MuteAtLogin, Reason::Silent, "no answer to the login in time"),
    ] {
        let server = Imapd::start(Set { fault: Some(fault), ..Set::default() });
        let mut one = try_in(&[&server]).hasty();
        one.wanted.order.timeout = Duration::from_secs(3);
        let (reason, words) = one.fault();
        assert_eq!((reason, words.as_str()), (want, said));
    }
}

#[test]
fn several_mailboxes_at_once_each_with_its_own_ending() {
    let inbox = Imapd::start(Set::default().with("INBOX", MESSAGE));
    let junk = Imapd::start(Set::default().with("Unerw&APw-nscht", MESSAGE));
    let refused = Imapd::start(Set { fault: Some(Wrong::Refuse("no")), ..Set::default() });
    let empty = Imapd::start(Set::default());
    let mut four = try_in(&[&inbox, &junk, &refused, &empty]);
    four.wanted.order.timeout = Duration::from_secs(4);
    let (wait, ear) = four.run();
    let stages: Vec<&str> = wait.boxes.iter().map(|b| b.stage.word()).collect();
    assert_eq!(stages, ["found", "found", "failed", "never"]);
    assert_eq!((wait.end, wait.found(), ear.judged.len()), (Some(End::TimedOut), 2, 2));
}

#[test]
fn stopped_it_ends_at_once() {
    let server = Imapd::start(Set::default());
    let one = try_in(&[&server]);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.heard("IDLE", 1);
            drop(stop);
        });
        let mut ear = Ear::default();
        let wait = Fetcher::new(&one.settings).unwrap().run(&one.wanted, stopped, &mut ear);
        assert_eq!((wait.end, wait.boxes[0].stage.clone()), (Some(End::Stopped), Stage::Stopped));
    });
}
