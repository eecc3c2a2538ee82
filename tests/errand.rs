//! Errands over real sockets: pages and mail hosts, good, bad and hostile. Every fault is a word, and nothing hangs.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "not every test file needs every fault")]
mod dnsd;
mod peer;

use base64::Engine;
use dnsd::{Dnsd, World};
use peer::{closed, fault, for_ever, listen, silence};
use postdoc::evidence::case::Case;
use postdoc::evidence::errand::{Errand, Probe, Step, Talk, Tls, What};
use postdoc::evidence::said::Wish;
use postdoc::evidence::{Evidence, Input, Said};
use postdoc::facts::Reading;
use postdoc::facts::domain::certificate::Certificate;
use postdoc::world::dns::{Asker, Settings};
use postdoc::world::errand::Courier;
use postdoc::world::run::Runner;
use postdoc::world::tls::Authorities;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

const ZONE: &str = "
test.            SOA ns.test. host.test. 1 3600 600 86400 60
example.test.    MX  10 mx.example.test.
mx.example.test. A   192.0.2.25
page.test.       A   192.0.2.80
far.test.        A   192.0.2.81
inside.test.     A   10.0.0.1
";

/// An internet of our own: names, and an authority.
struct Lab {
    resolver: SocketAddr,
    ca: CertifiedIssuer<'static, KeyPair>,
    /// Short only where a wait is to end: the machine that runs the tests may be slow.
    try_timeout: Cell<Duration>,
}

const PATIENT: Duration = Duration::from_secs(10);
const HASTY: Duration = Duration::from_millis(150);

impl Lab {
    fn new() -> Lab {
        // It has a runtime of its own, which can neither start nor end inside another.
        let dns = std::thread::spawn(|| Dnsd::start(World::of(ZONE))).join().unwrap();
        let resolver = dns.addr;
        std::mem::forget(dns);
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("authority {}", resolver.port()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Lab { resolver, ca, try_timeout: Cell::new(PATIENT) }
    }

    /// A server with a certificate for this name, valid until the end of `year`.
    fn acceptor(&self, name: &str, year: i32) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        let chain = vec![certificate.der().clone()];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Every host is at this address.
    fn settings(&self, server: SocketAddr) -> Settings {
        Settings {
            resolvers: vec![self.resolver],
            try_timeout: self.try_timeout.get(),
            timeout: Duration::from_secs(60),
            addresses: format!("*:25={server},*:80={server},*:443={server}").parse().unwrap(),
            authorities: vec![self.ca.der().clone()].into(),
            ..Settings::default()
        }
    }

    async fn run(&self, server: SocketAddr, errand: Errand) -> What {
        let settings = self.settings(server);
        let courier = Courier::new(&settings, Asker::new(&settings).unwrap());
        let until = tokio::time::Instant::now() + settings.timeout;
        let input = Input::read("-", &b"example.test"[..], None).unwrap();
        // A guard against a hang, far above what any limit allows.
        let brought = tokio::time::timeout(Duration::from_secs(120), courier.perform(&errand, &input, until)).await;
        brought.unwrap().what
    }

    async fn get(&self, server: SocketAddr, url: &str, follow: bool) -> What {
        self.run(server, Errand::Https { url: url.into(), follow }).await
    }

    async fn probe(&self, server: SocketAddr) -> Talk {
        match self.run(server, Errand::Smtp(probe())).await {
            What::Talk(talk) => talk,
            other => panic!("{other:?}"),
        }
    }
}

fn probe() -> Probe {
    Probe {
        host: "mx.example.test".into(),
        ip: "192.0.2.25".parse().unwrap(),
        recipients: vec!["postmaster@example.test".into(), "nobody@example.test".into()],
        foreign: Some("probe@example.net".into()),
    }
}

// Handshakes.

#[tokio::test]
async fn a_handshake_notes_what_is_wrong_with_a_certificate() {
    let lab = Lab::new();
    let of = async |name: &str, year: i32| {
        let acceptor = lab.acceptor(name, year);
        let address = listen(move |stream| {
            let acceptor = acceptor.clone();
            async move { drop(acceptor.accept(stream).await) }
        });
        match lab.run(address, Errand::Handshake { host: "page.test".into() }).await {
            What::Handshake(tls) => tls,
            other => panic!("{other:?}"),
        }
    };
    let good = of("page.test", 2099).await;
    assert!(good.fault.is_none() && good.version.is_some() && good.chain.len() == 1, "{good:?}");
    let (step, why) = of("other.test", 2099).await.fault.unwrap();
    assert!(step == Step::CertificateName && why.contains("other.test"), "{why}");
    let (step, why) = of("page.test", 2021).await.fault.unwrap();
    assert!(step == Step::Certificate && why.contains("2021-12-31"), "{why}");
}

#[tokio::test]
async fn without_tls_there_is_no_handshake() {
    let lab = Lab::new();
    let handshake = || Errand::Handshake { host: "page.test".into() };
    assert_eq!(fault(lab.run(closed(), handshake()).await).0, Step::Connect);
    let plain = listen(|mut stream| async move { drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await) });
    assert_eq!(fault(lab.run(plain, handshake()).await).0, Step::Tls);
    let inside = Errand::Handshake { host: "inside.test".into() };
    assert_eq!(fault(lab.run(closed(), inside).await).0, Step::Name, "a stranger's name leads into no own network");
    lab.try_timeout.set(HASTY);
    assert_eq!(fault(lab.run(listen(silence), handshake()).await).0, Step::Timeout);
}

// Pages.

/// A web server that answers by path.
fn web(acceptor: TlsAcceptor) -> SocketAddr {
    listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut request = [0; 4096];
            let n = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..n]).into_owned();
            let answer =
                |head: &str, body: &str| format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let moved = |to: &str| answer(&format!("302 Found\r\nLocation: {to}"), "");
            let reply = match request.split(' ').nth(1).unwrap_or("") {
                "/good" => {
                    assert!(request.contains("host: page.test\r\n") && !request.contains("accept-encoding"));
                    answer("200 OK\r\nContent-Type: text/plain", "version: STSv1\n")
                }
                "/missing" => answer("404 Not Found", "no"),
                "/moved" => moved("https://far.test/good"),
                "/near" => moved("/good"),
                "/round" => moved("https://page.test/round"),
                "/plain" => moved("http://page.test/good"),
                "/big" => answer("200 OK", &"x".repeat(200_000)),
                "/endless" => {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
                    return for_ever(stream, &[b"400\r\n", &[b'x'; 1024][..], b"\r\n"].concat(), Duration::ZERO).await;
                }
                "/slow" => {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                    return for_ever(stream, b"x", Duration::from_millis(20)).await;
                }
                "/headers" => {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
                    return for_ever(stream, b"X-More: and more\r\n", Duration::ZERO).await;
                }
                "/short" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".into(),
                "/nonsense" => "220 mx.example.test ESMTP\r\n".into(),
                "/closed" => return,
                _ => return silence(stream).await,
            };
            let _ = stream.write_all(reply.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
}

#[tokio::test]
async fn a_page_comes_with_its_status_and_type() {
    let lab = Lab::new();
    let server = web(lab.acceptor("page.test", 2999));
    let What::Page { status, content_type, location, body } = lab.get(server, "https://page.test/good", false).await
    else {
        panic!()
    };
    assert_eq!(
        (status, content_type.as_deref(), location, &*body),
        (200, Some("text/plain"), None, "version: STSv1\n")
    );
    assert!(matches!(lab.get(server, "https://page.test/missing", true).await, What::Page { status: 404, .. }));
}

#[tokio::test]
async fn a_redirection_is_followed_only_where_asked_and_only_to_https() {
    let lab = Lab::new();
    let server = web(lab.acceptor("page.test", 2999));
    let What::Page { status: 302, location, .. } = lab.get(server, "https://page.test/moved", false).await else {
        panic!()
    };
    assert_eq!(location.as_deref(), Some("https://far.test/good"));
    assert!(matches!(lab.get(server, "https://page.test/near", true).await, What::Page { status: 200, .. }));
    // The other host has to prove its own name.
    assert_eq!(fault(lab.get(server, "https://page.test/moved", true).await).0, Step::CertificateName);
    assert_eq!(fault(lab.get(server, "https://page.test/round", true).await).1, "redirects more than 5 times");
    assert!(fault(lab.get(server, "https://page.test/plain", true).await).1.ends_with("which is not https"));
}

#[tokio::test]
async fn too_much_too_slow_and_broken_pages_are_given_up() {
    let lab = Lab::new();
    let server = web(lab.acceptor("page.test", 2999));
    for (path, step, why) in [
        ("big", Step::Answer, "the answer is larger than 64 KiB"),
        ("endless", Step::Answer, "the answer is larger than 64 KiB"),
        ("slow", Step::Timeout, "no whole answer within"),
        ("headers", Step::Answer, "the answer is not HTTP as it should be"),
        ("short", Step::Answer, "hung up before the answer was whole"),
        ("nonsense", Step::Answer, "the answer is not HTTP as it should be"),
        ("closed", Step::Answer, "hung up before the answer was whole"),
        ("silence", Step::Timeout, "no whole answer within"),
    ] {
        lab.try_timeout.set(if step == Step::Timeout { HASTY } else { PATIENT });
        let (at, said) = fault(lab.get(server, &format!("https://page.test/{path}"), false).await);
        assert_eq!(at, step, "{path}: {said}");
        assert!(said.starts_with(why), "{path}: {said}");
    }
}

#[tokio::test]
async fn certificates_are_told_apart() {
    let lab = Lab::new();
    let url = "https://page.test/good";
    let (step, why) = fault(lab.get(web(lab.acceptor("other.test", 2999)), url, false).await);
    assert_eq!((step, &*why), (Step::CertificateName, "the certificate is for other.test"));
    let (step, why) = fault(lab.get(web(lab.acceptor("page.test", 2024)), url, false).await);
    assert_eq!((step, &*why), (Step::Certificate, "the certificate expired on 2024-12-31"));
    let (step, why) = fault(lab.get(web(Lab::new().acceptor("page.test", 2999)), url, false).await);
    assert_eq!(step, Step::Certificate);
    assert!(why.starts_with("nobody who is trusted"), "{why}");
}

#[tokio::test]
async fn hosts_that_cannot_be_reached_say_why() {
    let lab = Lab::new();
    for (url, step, why) in [
        ("https://nowhere.test/", Step::Name, "nowhere.test has no address"),
        ("https://inside.test/", Step::Name, "inside.test has no public address"),
        ("http://page.test/", Step::Name, "http://page.test/ is no https address of a host name"),
        ("https://page.test/", Step::Connect, "192.0.2.80 port 443: refuses connections"),
    ] {
        let (at, said) = fault(lab.get(closed(), url, false).await);
        assert_eq!((at, &*said), (step, why));
    }
    let rude = listen(|mut stream| async move { drop(stream.write_all(b"220 not TLS\r\n").await) });
    assert_eq!(fault(lab.get(rude, "https://page.test/", false).await).0, Step::Tls);
    lab.try_timeout.set(HASTY);
    let mute = listen(silence);
    assert_eq!(fault(lab.get(mute, "https://page.test/", false).await).0, Step::Timeout);
}

#[tokio::test]
async fn port_80_is_tried_as_an_authority_tries_it() {
    let lab = Lab::new();
    let open = listen(|mut stream| async move {
        let mut asked = [0; 1024];
        let read = stream.read(&mut asked).await.unwrap_or(0);
        if asked[..read].starts_with(b"GET /.well-known/acme-challenge/") {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let knock = || Errand::Http { host: "page.test".into() };
    assert!(matches!(lab.run(open, knock()).await, What::Page { status: 404, .. }), "any answer gets through");
    let (step, why) = fault(lab.run(closed(), knock()).await);
    assert_eq!((step, &*why), (Step::Connect, "192.0.2.80 port 80: refuses connections"));
}

// Mail hosts.

/// How a mail host behaves, and what it was told.
#[derive(Clone)]
struct Mail {
    greeting: &'static str,
    ehlo: &'static str,
    starttls: &'static str,
    sender: &'static str,
    recipient: fn(&str) -> String,
    acceptor: TlsAcceptor,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Mail {
    fn new(lab: &Lab) -> Mail {
        Mail {
            greeting: "220 mx.example.test ESMTP\r\n",
            ehlo: "250-mx.example.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
            starttls: "220 2.0.0 ready\r\n",
            sender: "250 2.1.0 Ok\r\n",
            recipient: |to| match to {
                "postmaster@example.test" => "250 2.1.5 Ok\r\n".into(),
                to if to.ends_with("@example.test") => "550-5.1.1 no such\r\n550 5.1.1 user\r\n".into(),
                _ => "554 5.7.1 Relay access denied\r\n".into(),
            },
            acceptor: lab.acceptor("mx.example.test", 2999),
            heard: Arc::default(),
        }
    }

    fn start(&self) -> SocketAddr {
        let mail = self.clone();
        listen(move |stream| {
            let mail = mail.clone();
            async move { drop(mail.serve(stream).await) }
        })
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.write_all(self.greeting.as_bytes()).await?;
        let mut plain = BufReader::new(stream);
        if self.session(&mut plain).await? {
            let secure = self.acceptor.accept(plain.into_inner()).await?;
            self.session(&mut BufReader::new(secure)).await?;
        }
        Ok(())
    }

    /// True where TLS is to begin.
    async fn session<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>) -> std::io::Result<bool> {
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let command = std::mem::take(&mut line).trim_end().to_owned();
            self.heard.lock().unwrap().push(command.clone());
            let (verb, rest) = command.split_once([' ', ':']).unwrap_or((&command, ""));
            let reply = match verb {
                "EHLO" => self.ehlo.to_owned(),
                "HELO" | "RSET" => "250 Ok\r\n".into(),
                "STARTTLS" => self.starttls.to_owned(),
                "MAIL" => self.sender.to_owned(),
                "RCPT" => (self.recipient)(rest.trim_start_matches("TO:<").trim_end_matches('>')),
                "QUIT" => "221 Bye\r\n".into(),
                _ => "502 5.5.2 what\r\n".into(),
            };
            stream.write_all(reply.as_bytes()).await?;
            if verb == "QUIT" || reply.starts_with("421") {
                return Ok(false);
            }
            if verb == "STARTTLS" && reply.starts_with("220") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_good_host_tells_all_and_never_hears_data() {
    let lab = Lab::new();
    let mail = Mail::new(&lab);
    let talk = lab.probe(mail.start()).await;
    let shown = talk.tls.as_ref().unwrap().chain[0].clone();
    assert!(Certificate::read(&shown).unwrap().ends_soon(jiff::Timestamp::UNIX_EPOCH).is_none());
    assert_eq!(
        talk,
        Talk {
            greeting: Some("220 mx.example.test ESMTP".into()),
            extensions: vec!["SIZE 1000".into(), "STARTTLS".into()],
            tls: Some(Tls {
                version: Some("TLSv1.3".into()),
                fault: None,
                chain: vec![shown],
                cipher: talk.tls.as_ref().unwrap().cipher.clone()
            }),
            sender: Some("250 2.1.0 Ok".into()),
            recipients: vec![
                ("postmaster@example.test".into(), "250 2.1.5 Ok".into()),
                ("nobody@example.test".into(), "550-5.1.1 no such\n550 5.1.1 user".into()),
            ],
            foreign: Some("554 5.7.1 Relay access denied".into()),
            own_host: false,
            broke: None,
        }
    );
    let heard = mail.heard();
    let verbs: Vec<&str> = heard.iter().map(|c| c.split([' ', ':']).next().unwrap()).collect();
    assert_eq!(verbs, ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "RCPT", "RSET", "MAIL", "RCPT", "QUIT"]);
    assert_eq!(heard[3], "MAIL FROM:<>");
    let name = heard[0].strip_prefix("EHLO ").unwrap();
    assert!(name.contains('.') || name == "[127.0.0.1]", "{name}");
}

#[tokio::test]
async fn a_bad_certificate_is_noted_and_the_conversation_goes_on() {
    let lab = Lab::new();
    for (acceptor, step, why) in [
        (
            lab.acceptor("mail.elsewhere.test", 2999),
            Step::CertificateName,
            "the certificate is for mail.elsewhere.test",
        ),
        (lab.acceptor("mx.example.test", 2024), Step::Certificate, "the certificate expired on 2024-12-31"),
        (Lab::new().acceptor("mx.example.test", 2999), Step::Certificate, "nobody who is trusted"),
    ] {
        let talk = lab.probe(Mail { acceptor, ..Mail::new(&lab) }.start()).await;
        let Tls { version, fault: Some((at, said)), .. } = talk.tls.clone().unwrap() else { panic!("{talk:?}") };
        assert_eq!((version.as_deref(), at), (Some("TLSv1.3"), step));
        assert!(said.starts_with(why), "{said}");
        assert_eq!((talk.recipients.len(), talk.broke), (2, None));
    }
}

#[tokio::test]
async fn starttls_that_is_missing_refused_or_broken() {
    let lab = Lab::new();
    let missing = lab.probe(Mail { ehlo: "250 mx.example.test\r\n", ..Mail::new(&lab) }.start()).await;
    assert_eq!((missing.tls, missing.recipients.len(), missing.broke), (None, 2, None));
    let refused = lab.probe(Mail { starttls: "454 4.7.0 not now\r\n", ..Mail::new(&lab) }.start()).await;
    assert_eq!(refused.tls.unwrap().fault, Some((Step::Tls, "454 4.7.0 not now".into())));
    assert_eq!(refused.recipients.len(), 2);
    // Text before the handshake is not taken for text after it.
    let forward = lab.probe(Mail { starttls: "220 go\r\n250 injected\r\n", ..Mail::new(&lab) }.start()).await;
    assert_eq!(forward.broke.unwrap().0, Step::Tls);
    let rude = listen(|mut stream| async move {
        let _ = stream.write_all(b"220 hi\r\n250-hi\r\n250 STARTTLS\r\n").await;
        let mut seen = Vec::new();
        while !seen.ends_with(b"STARTTLS\r\n") && stream.read_buf(&mut seen).await.unwrap_or(0) > 0 {}
        let _ = stream.write_all(b"220 go\r\n").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _ = stream.write_all(b"this is no handshake\r\n").await;
        silence(stream).await;
    });
    let broken = lab.probe(rude).await;
    assert_eq!((broken.tls.unwrap().version, broken.broke.unwrap().0), (None, Step::Tls));
}

#[tokio::test]
async fn refusals_are_kept_word_for_word() {
    let lab = Lab::new();
    let mail = Mail { greeting: "554-5.7.1 no\r\n554 5.7.1 service\r\n", ..Mail::new(&lab) };
    let talk = lab.probe(mail.start()).await;
    assert_eq!(talk.greeting.as_deref(), Some("554-5.7.1 no\n554 5.7.1 service"));
    assert_eq!((talk.broke.unwrap().0, mail.heard()), (Step::Answer, vec!["QUIT".to_owned()]));

    let talk = lab.probe(Mail { sender: "550 5.7.1 no bounces\r\n", ..Mail::new(&lab) }.start()).await;
    assert_eq!((talk.sender.as_deref(), talk.recipients.len()), (Some("550 5.7.1 no bounces"), 0));

    let old = Mail { ehlo: "502 what\r\n", ..Mail::new(&lab) };
    assert_eq!(lab.probe(old.start()).await.recipients.len(), 2);
    assert!(old.heard()[1].starts_with("HELO "));

    let leaving = Mail { recipient: |_| "421 4.7.0 too much\r\n".into(), ..Mail::new(&lab) };
    let talk = lab.probe(leaving.start()).await;
    assert_eq!((talk.recipients.len(), talk.broke), (0, Some((Step::Answer, "421 4.7.0 too much".into()))));

    let open = Mail { recipient: |_| "250 Ok\r\n".into(), ..Mail::new(&lab) };
    assert_eq!(lab.probe(open.start()).await.foreign.as_deref(), Some("250 Ok"));
}

#[tokio::test]
async fn silence_endless_replies_and_drops_end() {
    let lab = Lab::new();
    lab.try_timeout.set(HASTY);
    let mute = listen(silence);
    assert_eq!(lab.probe(mute).await.broke.unwrap().0, Step::Timeout);
    let slow = listen(|stream| for_ever(stream, b"2", Duration::from_millis(20)));
    assert_eq!(lab.probe(slow).await.broke.unwrap().0, Step::Timeout);
    lab.try_timeout.set(PATIENT);
    let endless = listen(|stream| for_ever(stream, b"220-welcome\r\n", Duration::ZERO));
    assert_eq!(lab.probe(endless).await.broke.unwrap().1, "a reply of more than 64 lines");
    let long = listen(|stream| for_ever(stream, b"220 welcome ", Duration::ZERO));
    assert_eq!(lab.probe(long).await.broke.unwrap().1, "a line of more than 2048 bytes");
    let gone = listen(|stream| async move { drop(stream) });
    assert_eq!(lab.probe(gone).await.broke.unwrap(), (Step::Answer, "hung up".into()));
    let web = listen(|mut stream| async move { drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await) });
    assert!(lab.probe(web).await.broke.unwrap().1.starts_with("says something that is no SMTP reply"));
    let (step, why) = fault(lab.run(closed(), Errand::Smtp(probe())).await);
    assert_eq!((step, &*why), (Step::Connect, "192.0.2.25 port 25: refuses connections"));
}

/// Runs a check of example.test with these wishes, from a thread of its own as the program does.
async fn check(lab: &Lab, server: SocketAddr, wish: Wish, timeout: Duration) -> postdoc::diagnose::Diagnosis {
    let settings = Settings { timeout, ..lab.settings(server) };
    let input = Input::read("-", &b"example.test"[..], None).unwrap();
    let said = Said { check: wish, ..Said::default() };
    let evidence = Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), false);
    let run = move || {
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        Runner::new(settings).unwrap().run(evidence, reading, std::future::pending::<()>()).0
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn a_check_sends_its_errands_and_its_case_keeps_what_they_brought() {
    let lab = Lab::new();
    let open = Mail { recipient: |_| "250 Ok\r\n".into(), ..Mail::new(&lab) };
    let wish = Wish { probe_mx: true, ..Wish::default() };
    let d = check(&lab, open.start(), wish, Duration::from_secs(60)).await;
    let found: Vec<&str> = d.every_finding().map(|f| f.rule.id).collect();
    assert!(found.contains(&"open-relay"), "{found:?}");
    let evidence = &d.facts.evidence;
    assert_eq!(evidence.fetched.len(), 1);
    let case = Case::read(Case::new(evidence, true).write().as_bytes()).unwrap();
    assert_eq!(case.evidence(None).unwrap().fetched, evidence.fetched);
    // Nobody is talked to unless that is wished for.
    let quiet = Mail::new(&lab);
    check(&lab, quiet.start(), Wish::default(), Duration::from_secs(60)).await;
    assert!(quiet.heard().is_empty());
}

#[tokio::test]
async fn a_check_ends_in_time_with_what_was_heard_by_then() {
    let lab = Lab::new();
    let stuck = Mail { sender: "", ..Mail::new(&lab) };
    let wish = Wish { probe_mx: true, ..Wish::default() };
    let d = check(&lab, stuck.start(), wish, Duration::from_secs(2)).await;
    let talks: Vec<_> = d.facts.evidence.fetched.values().map(|b| &b.what).collect();
    let [What::Talk(talk)] = talks[..] else { panic!("{talks:?}") };
    assert_eq!((talk.greeting.is_some(), talk.broke.as_ref().unwrap().0), (true, Step::Timeout));
}

#[test]
fn authorities_are_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let der = base64::engine::general_purpose::STANDARD.encode(Lab::new().ca.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
    std::fs::write(path("ca.pem"), pem).unwrap();
    std::fs::write(path("empty.pem"), "no certificate").unwrap();
    assert!(Authorities::read(&path("ca.pem")).is_ok());
    assert!(Authorities::read(&path("empty.pem")).unwrap_err().contains("no certificate"));
    assert!(Authorities::read(&path("missing.pem")).is_err());
}
