//! Sessions with a server that does as it is told: every place where it can say no, every TLS, every login, every fault.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "not every test file needs every fault")]
mod dnsd;
#[allow(dead_code, reason = "shared with other tests")]
mod smtpd;

use dnsd::{Dnsd, World};
use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::case::Case;
use postdoc::evidence::errand::Step;
use postdoc::evidence::transcript::{Left, Security, Stage, Stop, Transcript, Way};
use postdoc::facts::Reading;
use postdoc::send::{self, Content, Draft, Route, Sent, address, compose, mailbox};
use postdoc::world::dns::Settings;
use postdoc::world::secret::{Credentials, Proof, Secret, Source};
use postdoc::world::send::{Order, Retry, run};
use smtpd::{Act, Authority, PASSWORD, Script, Smtpd, TOKEN, Tls, USER};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const ZONE: &str = "
test.              SOA ns.test. host.test. 1 3600 600 86400 60
smtp.example.test. A   192.0.2.25
news.test.         MX  10 mx.news.test.
mx.news.test.      A   203.0.113.7
rcpt.test.         MX  20 mx2.rcpt.test.
rcpt.test.         MX  10 mx1.rcpt.test.
mx1.rcpt.test.     A   203.0.113.1
mx2.rcpt.test.     A   203.0.113.2
null.test.         MX  0 .
plain.test.        A   203.0.113.3
inside.test.       MX  10 mx.inside.test.
mx.inside.test.    A   10.0.0.1
";

/// A server, and how it is written to.
struct Lab {
    dns: Dnsd,
    authority: Authority,
    server: Smtpd,
    settings: Settings,
    draft: Draft,
    credentials: Option<Credentials>,
    retry: Retry,
}

/// Short only where a wait is to end: the machine that runs the tests may be slow.
const PATIENT: Duration = Duration::from_secs(5);
const HASTY: Duration = Duration::from_millis(50);

impl Lab {
    fn new(script: Script) -> Lab {
        Lab::of(script, "smtp.example.test", 2999)
    }

    fn of(script: Script, name: &str, year: i32) -> Lab {
        let (dns, authority) = (Dnsd::start(World::of(ZONE)), Authority::new());
        let security = if script.tls == Tls::Implicit { Security::Implicit } else { Security::Starttls };
        let server = Smtpd::start(script, authority.acceptor(name, year));
        let settings = Settings {
            resolvers: vec![dns.addr],
            try_timeout: PATIENT,
            timeout: Duration::from_secs(60),
            addresses: format!("*:587={0},*:465={0},203.0.113.1:25={0},203.0.113.3:25={0}", server.addr)
                .parse()
                .unwrap(),
            authorities: vec![authority.der()].into(),
            ..Settings::default()
        };
        let port = if security == Security::Implicit { 465 } else { 587 };
        let draft = Draft {
            from: mailbox("Ann <ann@news.test>").unwrap(),
            mail_from: address("bounce@news.test").ok(),
            to: address("bob@rcpt.test").unwrap(),
            hello: Some("host.news.test".into()),
            route: Route::Via { host: "smtp.example.test".into(), port },
            security,
            insecure: false,
            user: None,
            source: None,
            content: Content::Test { subject: None, body: Some(".a dot\n".into()), unsubscribe: None },
        };
        Lab { dns, authority, server, settings, draft, credentials: None, retry: Retry::Never }
    }

    fn login(mut self, proof: Proof, secret: &str) -> Lab {
        let secret = Secret::new(Zeroizing::new(secret.to_owned()));
        self.draft.user = Some(USER.into());
        self.credentials = Some(Credentials { user: USER.into(), secret, proof, again: None });
        self
    }

    fn hasty(mut self) -> Lab {
        self.settings.try_timeout = HASTY;
        self
    }

    fn direct(mut self, to: &str) -> Lab {
        self.draft.route = Route::Direct;
        self.draft.security = Security::Opportunistic;
        self.draft.to = address(to).unwrap();
        self
    }

    fn send(&self) -> Sent {
        self.send_until(std::future::pending::<()>())
    }

    fn send_until(&self, stop: impl Future) -> Sent {
        let message: Arc<[u8]> =
            compose(&self.draft, "0123456789abcdef", "2026-06-10T12:00:00Z".parse().unwrap()).unwrap().bytes.into();
        let order = Order {
            draft: self.draft.clone(),
            message: message.clone(),
            credentials: self.credentials.clone(),
            retry: self.retry,
        };
        let transcript = Arc::new(run(&self.settings, &order, stop, |_| {}).unwrap());
        Sent { draft: self.draft.clone(), message, transcript }
    }
}

/// The session in words.
fn words(t: &Transcript) -> String {
    let sign = |way| match way {
        Way::Sent => '>',
        Way::Heard => '<',
        Way::Note => '*',
    };
    t.lines.iter().map(|l| format!("{} {}\n", sign(l.way), l.text.replace('\n', " | "))).collect()
}

fn diagnosed(sent: &Sent) -> Diagnosis {
    let evidence = send::evidence(sent, true);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    diagnose(Arc::new(evidence), reading)
}

fn why(t: &Transcript) -> String {
    match &t.stop {
        Some(Stop::Broke { why, .. }) => why.clone(),
        other => panic!("{other:?}\n{}", words(t)),
    }
}

#[test]
fn a_message_is_taken_word_for_word() {
    let lab = Lab::new(Script::default().auth("PLAIN LOGIN")).login(Proof::Password, PASSWORD);
    let sent = lab.send();
    let t = &*sent.transcript;
    assert_eq!((t.stop.as_ref(), t.left, t.stage), (None, Left::Yes, Stage::End));
    let cipher = t.tls.as_ref().unwrap().cipher.clone().unwrap();
    insta::assert_snapshot!(words(t).replace(&cipher, "CIPHER").replace(&sent.message.len().to_string(), "SIZE"), @r"
    * connected to smtp.example.test [192.0.2.25] port 587
    < 220 smtp.example.test ESMTP
    > EHLO host.news.test
    < 250-smtp.example.test | 250-SIZE 1000000 | 250-8BITMIME | 250-SMTPUTF8 | 250 STARTTLS
    > STARTTLS
    < 220 2.0.0 ready
    * TLSv1.3 CIPHER
    > EHLO host.news.test
    < 250-smtp.example.test | 250-SIZE 1000000 | 250-8BITMIME | 250-SMTPUTF8 | 250 AUTH PLAIN LOGIN
    > AUTH PLAIN ***
    < 235 2.7.0 Ok
    > MAIL FROM:<bounce@news.test> SIZE=SIZE
    < 250 2.1.0 Ok
    > RCPT TO:<bob@rcpt.test>
    < 250 2.1.5 Ok
    > DATA
    < 354 go on
    > (the message, SIZE bytes)
    > .
    < 250 2.0.0 Ok: queued as 4F1
    > QUIT
    < 221 2.0.0 Bye
    ");
    assert_eq!(lab.server.message().unwrap().as_bytes(), &*sent.message);
    let d = diagnosed(&sent);
    assert_eq!(
        d.verdict.headline,
        "smtp.example.test took the message; what became of it then shows in the mailbox alone."
    );
    assert!(d.findings.is_empty());
}

#[test]
fn every_refusal_is_told_where_it_happens_and_diagnosed() {
    for (place, says, stage, rule) in [
        ("greeting", "554 5.7.1 blocked: your IP is on a blacklist", Stage::Greeting, "bounce-reputation"),
        ("greeting", "421 4.7.0 too many connections, try again later", Stage::Greeting, ""),
        ("STARTTLS", "454 4.7.0 TLS not available due to temporary reason", Stage::Tls, ""),
        ("AUTH", "535 5.7.8 authentication failed", Stage::Auth, "submission-refused"),
        ("MAIL", "550 5.7.60 client does not have permissions to send as this sender", Stage::Mail, ""),
        (
            "RCPT",
            "550-5.1.1 The email account that you tried to reach does not exist.\r\n550 5.1.1 user unknown",
            Stage::Rcpt,
            "bounce-recipient-problem",
        ),
        ("RCPT", "450 4.2.0 <bob@rcpt.test>: Recipient address rejected: Greylisted", Stage::Rcpt, "greylisted"),
        ("DATA", "552 5.2.2 mailbox full", Stage::Data, "bounce-recipient-problem"),
        ("END", "552 5.3.4 Message size exceeds fixed limit", Stage::End, "message-too-large"),
    ] {
        let script = Script::default().auth("PLAIN").at(place, Act::Say(says));
        let lab = Lab::new(script).login(Proof::Password, PASSWORD);
        let sent = lab.send();
        let t = &*sent.transcript;
        let Some(Stop::Refused { reply }) = &t.stop else { panic!("{place}: {t:?}") };
        assert_eq!(reply, &says.replace("\r\n", "\n"));
        assert_eq!((t.stage, t.left), (stage, Left::No), "{place}");
        let d = diagnosed(&sent);
        let bounce = d.facts.reading.bounce.as_ref().unwrap();
        assert_eq!(bounce.recipients[0].step, Some(stage), "{place}");
        assert!(!d.findings.is_empty() || rule.is_empty(), "{place}: {:?}", d.unknown);
        if !rule.is_empty() {
            assert_eq!(d.findings[0].rule.id, rule, "{place}");
            assert!(d.findings[0].fix.is_some());
        }
    }
}

#[test]
fn an_ehlo_that_is_not_known_becomes_a_helo() {
    let lab = Lab::new(Script::default().tls(Tls::None).at("EHLO", Act::Say("502 5.5.2 not known")));
    let mut draft = lab.draft.clone();
    draft.security = Security::Opportunistic;
    let sent = Lab { draft, ..lab }.send();
    let Some(Stop::Refused { reply }) = &sent.transcript.stop else { panic!("{}", words(&sent.transcript)) };
    // This server knows no HELO either.
    assert!(reply.starts_with("502") && words(&sent.transcript).contains("> HELO host.news.test"));
}

#[test]
fn every_kind_of_tls() {
    for (server, security, secured) in [
        (Tls::Implicit, Security::Implicit, true),
        (Tls::Starttls, Security::Starttls, true),
        (Tls::Starttls, Security::Opportunistic, true),
        (Tls::None, Security::Opportunistic, false),
        (Tls::None, Security::None, false),
        (Tls::Starttls, Security::None, false),
    ] {
        let mut lab = Lab::new(Script::default().tls(server));
        lab.draft.security = security;
        let sent = lab.send();
        let t = &*sent.transcript;
        assert_eq!((t.left, t.tls.is_some()), (Left::Yes, secured), "{server:?} {security:?}\n{}", words(t));
    }
}

#[test]
fn tls_that_fails_is_told_and_nothing_is_sent() {
    let mut none = Lab::new(Script::default().tls(Tls::None));
    none.draft.security = Security::Starttls;
    let mut wrong_port = Lab::new(Script::default().tls(Tls::Starttls));
    wrong_port.draft.security = Security::Implicit;
    let early = Act::Say("220 2.0.0 ready\r\n250 injected");
    let junk = Act::Say("220 2.0.0 ready");
    for (lab, stage, step, words, title) in [
        (none, Stage::Tls, Step::Tls, "does not offer STARTTLS", "The server does not offer STARTTLS"),
        (wrong_port, Stage::Tls, Step::Tls, "is not TLS", "The server does not speak TLS from the first byte here"),
        (
            Lab::new(Script::default().at("STARTTLS", early)),
            Stage::Tls,
            Step::Tls,
            "more before the handshake",
            "The TLS handshake failed",
        ),
        (
            Lab::of(Script::default().at("STARTTLS", junk), "other.test", 2999),
            Stage::Certificate,
            Step::CertificateName,
            "is for other.test",
            "The certificate is for another name",
        ),
        (
            Lab::of(Script::default(), "smtp.example.test", 2024),
            Stage::Certificate,
            Step::Certificate,
            "expired on 2024-12-31",
            "The certificate is not trusted",
        ),
    ] {
        let sent = lab.send();
        let t = &*sent.transcript;
        let Some(Stop::Broke { step: at, why, .. }) = &t.stop else { panic!("{title}: {t:?}") };
        assert_eq!((t.stage, *at, t.left), (stage, step, Left::No), "{why}");
        assert!(why.contains(words), "{why}");
        assert!(!lab.server.log().contains("MAIL"));
        let d = diagnosed(&sent);
        assert_eq!((d.findings.len(), d.findings[0].title.as_str()), (1, title));
        assert!(d.unknown.is_empty(), "{:?}", d.unknown);
    }
}

#[test]
fn a_bad_certificate_is_taken_where_the_user_says_so_or_mail_hosts_would() {
    let mut lab = Lab::of(Script::default(), "other.test", 2999);
    lab.draft.insecure = true;
    let sent = lab.send();
    assert_eq!(sent.transcript.left, Left::Yes);
    assert!(
        words(&sent.transcript).contains("not trusted, and it goes on all the same: the certificate is for other.test")
    );
    let mut lab = Lab::of(Script::default().auth("PLAIN"), "other.test", 2999);
    lab.draft.security = Security::Opportunistic;
    assert_eq!(lab.send().transcript.left, Left::Yes);
    // A login is told to nobody who cannot show who they are.
    let lab = lab.login(Proof::Password, PASSWORD);
    assert_eq!(lab.send().transcript.stage, Stage::Certificate);
    // A stranger vouches for it.
    let mut lab = Lab::new(Script::default());
    lab.settings.authorities = vec![Authority::new().der()].into();
    assert!(why(&lab.send().transcript).starts_with("nobody who is trusted"));
}

#[test]
fn starttls_that_is_announced_and_refused_is_gone_without_where_that_is_allowed() {
    let refusing = || Lab::new(Script::default().at("STARTTLS", Act::Say("454 4.7.0 TLS not available")));
    let mut lab = refusing();
    lab.draft.security = Security::Opportunistic;
    let sent = lab.send();
    assert_eq!((sent.transcript.left, sent.transcript.tls.is_none()), (Left::Yes, true), "{}", words(&sent.transcript));
    assert!(words(&sent.transcript).contains("* STARTTLS is refused: it goes on without TLS"));
    let sent = refusing().send();
    assert_eq!((sent.transcript.left, sent.transcript.stage), (Left::No, Stage::Tls));
}

#[test]
fn every_login() {
    for (offered, proof, secret, way) in [
        ("PLAIN LOGIN", Proof::Password, PASSWORD, "> AUTH PLAIN ***"),
        ("LOGIN", Proof::Password, PASSWORD, "> AUTH LOGIN"),
        ("XOAUTH2 PLAIN", Proof::Token, TOKEN, "> AUTH XOAUTH2 ***"),
    ] {
        let lab = Lab::new(Script::default().auth(offered)).login(proof, secret);
        let sent = lab.send();
        let said = words(&sent.transcript);
        assert!(sent.transcript.left == Left::Yes && said.contains(way), "{said}");
        let lab = Lab::new(Script::default().auth(offered)).login(proof, "wr0ng-secret");
        let sent = lab.send();
        let Some(Stop::Refused { reply }) = &sent.transcript.stop else { panic!("{:?}", sent.transcript) };
        assert!(reply.starts_with("535 5.7.8"));
        assert_eq!(sent.transcript.stage, Stage::Auth);
        let said = words(&sent.transcript);
        let told = r#"* the server says of the token: {"status":"400","scope":"mail"}"#;
        assert_eq!(said.contains(told), proof == Proof::Token, "{said}");
        assert_eq!(diagnosed(&sent).findings[0].rule.id, "submission-refused");
    }
}

#[test]
fn a_login_that_cannot_be_is_told_and_no_secret_leaves() {
    let mut clear = Lab::new(Script::default().tls(Tls::None).auth("PLAIN"));
    clear.draft.security = Security::Opportunistic;
    for (lab, proof, said) in [
        (clear, Proof::Password, "without TLS everybody"),
        (Lab::new(Script::default()), Proof::Password, "the server offers no login"),
        (
            Lab::new(Script::default().auth("XOAUTH2")),
            Proof::Password,
            "the server takes no password; it offers XOAUTH2",
        ),
        (
            Lab::new(Script::default().auth("PLAIN")),
            Proof::Token,
            "the server takes no token (XOAUTH2); it offers PLAIN",
        ),
    ] {
        let lab = lab.login(proof, PASSWORD);
        let sent = lab.send();
        assert!(why(&sent.transcript).starts_with(said), "{}", why(&sent.transcript));
        assert!(!lab.server.log().contains("AUTH"));
        assert_eq!(diagnosed(&sent).findings[0].rule.id, "session-broken-off");
    }
}

#[test]
fn a_mechanism_that_is_announced_and_missing_gives_way_to_the_next() {
    let lab = Lab::new(
        Script::default().auth("PLAIN LOGIN").at("AUTH", Act::Say("504 5.5.4 Unrecognized authentication type")),
    );
    let lab = lab.login(Proof::Password, PASSWORD);
    let sent = lab.send();
    let said = words(&sent.transcript);
    assert!(said.contains("> AUTH PLAIN ***") && said.contains("> AUTH LOGIN"), "{said}");
    // Where none is left, the login is refused, and nothing is sent without it.
    let t = &*sent.transcript;
    let Some(Stop::Refused { reply }) = &t.stop else { panic!("{t:?}") };
    assert_eq!(
        (reply.as_str(), t.stage, t.left),
        ("504 5.5.4 Unrecognized authentication type", Stage::Auth, Left::No)
    );
    assert_eq!(diagnosed(&sent).findings[0].rule.id, "submission-refused");
    assert!(!lab.server.log().contains("MAIL"));
}

#[test]
fn servers_that_are_silent_slow_endless_or_gone_are_given_up() {
    for place in ["greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "END"] {
        for act in [Act::Silence, Act::HangUp, Act::Drip, Act::Endless] {
            let lab = Lab::new(Script::default().auth("PLAIN").at(place, act)).login(Proof::Password, PASSWORD);
            let lab = if matches!(act, Act::Silence | Act::Drip) { lab.hasty() } else { lab };
            let sent = lab.send();
            let t = &*sent.transcript;
            let Some(Stop::Broke { step, why, .. }) = &t.stop else { panic!("{place} {act:?}: {t:?}") };
            let (want, words) = match act {
                Act::Silence | Act::Drip => (Step::Timeout, "nothing whole came within"),
                Act::HangUp => (Step::Answer, "hung up"),
                _ => (Step::Answer, "a reply of more than 64 lines"),
            };
            assert!(*step == want && why.contains(words), "{place} {act:?}: {step:?} {why}");
            let left = if place == "END" { Left::Maybe } else { Left::No };
            assert_eq!(t.left, left, "{place} {act:?}");
            let d = diagnosed(&sent);
            assert_eq!(d.findings[0].rule.id, "session-broken-off", "{place}");
            assert_eq!(d.verdict.headline.contains("may have the message"), place == "END", "{}", d.verdict.headline);
        }
    }
}

#[test]
fn the_time_for_the_whole_ends_it_and_so_does_the_user() {
    let mut lab = Lab::new(Script::default().at("RCPT", Act::Silence));
    lab.settings.timeout = Duration::from_millis(400);
    let t = lab.send().transcript;
    assert_eq!((t.stop.as_ref(), t.left), (Some(&Stop::TimedOut), Left::No));
    for (place, left, said) in [
        ("RCPT", Left::No, "You stopped it before the message had left."),
        ("END", Left::Maybe, "You stopped it while smtp.example.test had the whole message: it may have been taken."),
    ] {
        let lab = Lab::new(Script::default().at(place, Act::Silence));
        let (heard, verb) = (lab.server.heard.clone(), if place == "END" { "DATA" } else { place });
        // When the server has heard it, the session waits.
        let stop = async move {
            while !heard.lock().unwrap().iter().any(|l| l.starts_with(verb)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let sent = lab.send_until(stop);
        assert_eq!((sent.transcript.stop.as_ref(), sent.transcript.left), (Some(&Stop::Cancelled), left));
        let d = diagnosed(&sent);
        // What may arrive twice is to be looked for.
        let open = usize::from(left == Left::Maybe);
        assert_eq!((d.verdict.headline.as_str(), d.findings.len()), (said, open));
    }
}

/// Puts off with these words, which ask for a second.
const GREYLISTED: &str = "451 4.7.1 <bob@rcpt.test>: Greylisted for 0 seconds";

#[test]
fn what_is_put_off_on_purpose_is_tried_again_and_told() {
    let mut lab = Lab::new(Script::default().put_off(2, GREYLISTED));
    lab.retry = Retry::Within;
    let sent = lab.send();
    let (t, said) = (&*sent.transcript, words(&sent.transcript));
    assert_eq!((t.stop.as_ref(), t.left, t.tries), (None, Left::Yes, 3), "{said}");
    assert_eq!(said.matches("> RCPT TO:<bob@rcpt.test>").count(), 3);
    assert!(said.contains("* put off on purpose (greylisting): try 2 of 6 follows in 1 s"), "{said}");
    let headline = diagnosed(&sent).verdict.headline;
    assert!(headline.contains("put the message off on purpose (greylisting) and took it at try 3"), "{headline}");
    assert_eq!(lab.server.messages.lock().unwrap().len(), 1);
    // Kept with the case, and read back.
    let case = Case::new(&send::evidence(&sent, true), true).write();
    let read = Case::read(case.as_bytes()).unwrap().evidence(None).unwrap();
    assert_eq!(read.transcript.as_deref(), Some(t));
}

#[test]
fn how_often_it_was_put_off_is_told_and_why_it_was_left_at_that() {
    let once = Lab::new(Script::default().put_off(9, GREYLISTED)).send();
    let hasty = "450 4.2.0 Greylisted, see http://help.test/";
    let mut late = Lab::new(Script::default().put_off(9, hasty));
    late.retry = Retry::Within;
    let late = late.send();
    assert!(words(&late.transcript).contains("there is no time left for another try"), "{}", words(&late.transcript));
    for sent in [&once, &late] {
        assert_eq!((sent.transcript.tries, sent.transcript.left), (1, Left::No));
        let d = diagnosed(sent);
        assert_eq!(d.findings[0].rule.id, "greylisted");
        assert!(d.findings[0].explanation.ends_with("It was tried once."), "{}", d.findings[0].explanation);
        assert!(d.findings[0].fix.is_some());
    }
    // What is refused for good, or for another reason, is tried once whatever is allowed.
    let mut lab = Lab::new(Script::default().at("RCPT", Act::Say("452 4.2.2 mailbox full")));
    lab.retry = Retry::Beside;
    assert_eq!(lab.send().transcript.tries, 1);
}

#[test]
fn a_pause_between_tries_can_be_cut_short_and_the_refusal_stands() {
    let mut lab = Lab::new(Script::default().put_off(9, "450 4.2.0 Greylisted, see http://help.test/"));
    lab.retry = Retry::Beside;
    let heard = lab.server.heard.clone();
    let stop = async move {
        while !heard.lock().unwrap().iter().any(|l| l.starts_with("QUIT")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let sent = lab.send_until(stop);
    let Some(Stop::Refused { reply }) = &sent.transcript.stop else { panic!("{:?}", sent.transcript.stop) };
    assert!(reply.contains("Greylisted") && sent.transcript.left == Left::No && sent.transcript.tries == 1);
    assert_eq!(diagnosed(&sent).findings[0].rule.id, "greylisted");
}

#[test]
fn a_pause_is_a_wait_that_goes_on() {
    let lab = Lab::new(Script::default().put_off(1, GREYLISTED));
    let message: Arc<[u8]> = compose(&lab.draft, "0123456789abcdef", jiff::Timestamp::UNIX_EPOCH).unwrap().bytes.into();
    let order = Order { draft: lab.draft.clone(), message, credentials: None, retry: Retry::Within };
    let mut waits = Vec::new();
    run(&lab.settings, &order, std::future::pending::<()>(), |p| waits.extend(p.waiting.clone())).unwrap();
    let pauses: Vec<_> = waits.iter().filter(|w| w.resumes).collect();
    assert!(pauses.iter().all(|w| w.what == "try 2 of 6") && !pauses.is_empty(), "{pauses:?}");
}

#[test]
fn a_later_try_logs_in_with_a_fresh_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asked");
    let line = format!("echo x >> {}; echo {TOKEN}", file.display());
    let mut lab = Lab::new(Script::default().auth("XOAUTH2").put_off(1, GREYLISTED));
    lab.retry = Retry::Within;
    lab.draft.user = Some(USER.into());
    lab.credentials = Credentials::read(USER.into(), &Source::Command(line), Proof::Token, "").ok();
    assert_eq!(lab.send().transcript.left, Left::Yes);
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 2);
}

#[test]
fn directly_to_the_mail_host_that_comes_first() {
    let lab = Lab::of(Script::default(), "mx1.rcpt.test", 2999).direct("bob@rcpt.test");
    let sent = lab.send();
    let t = &*sent.transcript;
    assert_eq!((t.left, t.host.as_str(), t.direct), (Left::Yes, "mx1.rcpt.test", true), "{}", words(t));
    assert!(words(t).contains("rcpt.test takes mail at mx1.rcpt.test, mx2.rcpt.test"));
    assert_eq!(t.address, "203.0.113.1:25".parse().ok());
    let lab = Lab::new(Script::default()).direct("bob@plain.test");
    assert!(words(&lab.send().transcript).contains("plain.test has no MX: its own addresses are tried"));
}

#[test]
fn where_nobody_takes_mail_it_is_said() {
    for (to, said) in [
        ("bob@null.test", "null.test takes no mail: it says so with a null MX"),
        ("bob@nowhere.test", "there is no domain nowhere.test"),
        ("bob@inside.test", "mx.inside.test has no address that can be tried"),
    ] {
        let lab = Lab::new(Script::default()).direct(to);
        let sent = lab.send();
        assert_eq!(why(&sent.transcript), said);
        assert_eq!(diagnosed(&sent).findings[0].title, "There is no server to hand the message to");
    }
    let mut lab = Lab::new(Script::default());
    lab.draft.route = Route::Via { host: "smtp.example.test".into(), port: 2525 };
    lab.settings.addresses = "*:2525=127.0.0.1:1".parse().unwrap();
    let sent = lab.send();
    assert_eq!(why(&sent.transcript), "192.0.2.25 port 2525: refuses connections");
    assert_eq!(diagnosed(&sent).findings[0].title, "Nothing listens on port 2525 of smtp.example.test");
}

#[test]
fn what_an_address_needs_is_asked_for() {
    let mut lab = Lab::new(Script { keywords: &["8BITMIME"], ..Script::default() });
    lab.draft.to = address("b\u{f6}b@rcpt.test").unwrap();
    let sent = lab.send();
    assert!(why(&sent.transcript).contains("does not offer SMTPUTF8"));
    assert_eq!(diagnosed(&sent).findings[0].title, "The server takes no address that holds more than ASCII");
    let mut lab = Lab::new(Script::default());
    lab.draft.to = address("b\u{f6}b@rcpt.test").unwrap();
    lab.draft.mail_from = None;
    lab.draft.content = Content::Own("From: a@b.test\n\n\u{e4}\n".as_bytes().into());
    let said = words(&lab.send().transcript);
    assert!(said.contains("> MAIL FROM:<> SIZE=22 BODY=8BITMIME SMTPUTF8"), "{said}");
}

#[test]
fn a_server_that_repeats_the_secret_is_not_written_down() {
    for (proof, secret) in [(Proof::Password, PASSWORD), (Proof::Token, TOKEN)] {
        let echo: &'static str = Box::leak(format!("535 5.7.8 {secret} is wrong").into_boxed_str());
        let lab = Lab::new(Script::default().auth("PLAIN XOAUTH2").at("AUTH", Act::Say(echo))).login(proof, secret);
        let sent = lab.send();
        let evidence = send::evidence(&sent, true);
        let case = Case::new(&evidence, true).write();
        assert!(case.contains("535 5.7.8 *** is wrong"), "{case}");
        assert!(!case.contains(secret) && !format!("{:?}", sent.transcript).contains(secret));
    }
}

#[test]
fn a_case_keeps_the_session() {
    let lab = Lab::new(Script::default().at("RCPT", Act::Say("550 5.1.1 no such user")));
    let sent = lab.send();
    let evidence = send::evidence(&sent, true);
    let json = Case::new(&evidence, true).write();
    let read = Case::read(json.as_bytes()).unwrap().evidence(None).unwrap();
    assert_eq!(read.transcript.as_deref(), Some(&*sent.transcript));
    let reading = Arc::new(Reading::read(&read.input, &read.said));
    let again = diagnose(Arc::new(read), reading);
    assert_eq!(again.verdict.headline, diagnosed(&sent).verdict.headline);
    assert_eq!(again.findings[0].rule.id, "bounce-recipient-problem");
    // Kept alive until here.
    assert!(lab.dns.addr.port() > 0 && !lab.authority.pem().is_empty());
}
