//! A submission server that does as it is told, faults included: it answers each command with what the script has for it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;

/// What it does instead of its usual answer.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Say(&'static str),
    /// Never a word again.
    Silence,
    HangUp,
    /// One byte, and the next one after a while.
    Drip,
    /// A reply without end.
    Endless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    None,
    Starttls,
    Implicit,
}

/// How it behaves.
#[derive(Clone)]
pub struct Script {
    pub tls: Tls,
    /// The mechanisms it offers, after TLS only where there is any.
    pub auth: &'static str,
    /// Other keywords of EHLO.
    pub keywords: &'static [&'static str],
    /// At the greeting, a verb, AUTH, or END (of the message).
    pub acts: BTreeMap<&'static str, Act>,
    /// RCPT is put off so often, with these words.
    pub put_off: (usize, &'static str),
}

impl Default for Script {
    fn default() -> Script {
        Script {
            tls: Tls::Starttls,
            auth: "",
            keywords: &["SIZE 1000000", "8BITMIME", "SMTPUTF8"],
            acts: BTreeMap::new(),
            put_off: (0, ""),
        }
    }
}

impl Script {
    pub fn at(mut self, place: &'static str, act: Act) -> Script {
        self.acts.insert(place, act);
        self
    }

    pub fn put_off(self, times: usize, words: &'static str) -> Script {
        Script { put_off: (times, words), ..self }
    }

    pub fn tls(self, tls: Tls) -> Script {
        Script { tls, ..self }
    }

    pub fn auth(self, auth: &'static str) -> Script {
        Script { auth, ..self }
    }
}

/// Whom a login is granted.
pub const USER: &str = "ann";
pub const PASSWORD: &str = "corr3ct-h0rse-b4ttery";
pub const TOKEN: &str = "ya29.t0ken-of-the-test";

/// An authority, and what it vouches for.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        // No two of the same name: a signature of the other would be wrong, not unknown.
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number} of the test"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        let der = STANDARD.encode(self.0.der());
        format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n")
    }

    pub fn der(&self) -> rustls::pki_types::CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A server with a certificate for this name, valid until the end of `year`.
    pub fn acceptor(&self, name: &str, year: i32) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// The server; it stops with the test's process.
pub struct Smtpd {
    pub addr: SocketAddr,
    /// Every line it heard, the secrets too.
    pub heard: Arc<Mutex<Vec<String>>>,
    pub messages: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Smtpd {
    pub fn start(script: Script, acceptor: TlsAcceptor) -> Smtpd {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let (heard, messages) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let (log, kept) = (heard.clone(), messages.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let session = Session {
                        script: script.clone(),
                        acceptor: acceptor.clone(),
                        heard: log.clone(),
                        messages: kept.clone(),
                    };
                    tokio::spawn(session.run(stream));
                }
            });
        });
        Smtpd { addr, heard, messages }
    }

    pub fn log(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }

    pub fn message(&self) -> Option<String> {
        self.messages.lock().unwrap().last().map(|m| String::from_utf8_lossy(m).into_owned())
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}
type Line = BufReader<Box<dyn Stream>>;

struct Session {
    script: Script,
    acceptor: TlsAcceptor,
    heard: Arc<Mutex<Vec<String>>>,
    messages: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Session {
    async fn run(self, stream: tokio::net::TcpStream) {
        let mut secured = self.script.tls == Tls::Implicit;
        let stream: Box<dyn Stream> = match secured {
            true => match self.acceptor.accept(stream).await {
                Ok(stream) => Box::new(stream),
                Err(_) => return,
            },
            false => Box::new(stream),
        };
        let mut line = BufReader::new(stream);
        let _ = self.talk(&mut line, &mut secured).await;
    }

    async fn talk(&self, line: &mut Line, secured: &mut bool) -> std::io::Result<()> {
        self.answer(line, "greeting", "220 smtp.example.test ESMTP").await?;
        loop {
            let Some(text) = self.hear(line).await? else { return Ok(()) };
            let verb = text.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let mut words = vec!["smtp.example.test".to_owned()];
                    words.extend(self.script.keywords.iter().map(|k| (*k).to_owned()));
                    if self.script.tls == Tls::Starttls && !*secured {
                        words.push("STARTTLS".into());
                    } else if !self.script.auth.is_empty() {
                        words.push(format!("AUTH {}", self.script.auth));
                    }
                    let last = words.len() - 1;
                    let lines: Vec<String> = words
                        .iter()
                        .enumerate()
                        .map(|(n, w)| format!("250{}{w}", if n < last { '-' } else { ' ' }))
                        .collect();
                    self.answer(line, "EHLO", &lines.join("\r\n")).await?;
                }
                "STARTTLS" => {
                    self.answer(line, "STARTTLS", "220 2.0.0 ready").await?;
                    if matches!(self.script.acts.get("STARTTLS"), Some(Act::Say(says)) if !says.starts_with("220")) {
                        continue;
                    }
                    let hole: Box<dyn Stream> = Box::new(tokio::io::empty());
                    let plain = std::mem::replace(line, BufReader::new(hole)).into_inner();
                    *line = BufReader::new(Box::new(self.acceptor.accept(plain).await?));
                    *secured = true;
                }
                "AUTH" => self.login(line, &text).await?,
                "MAIL" => self.answer(line, "MAIL", "250 2.1.0 Ok").await?,
                "RCPT" => {
                    let before = self.heard.lock().unwrap().iter().filter(|l| l.starts_with("RCPT")).count();
                    match self.script.put_off {
                        (times, words) if before <= times => self.say(line, words).await?,
                        _ => self.answer(line, "RCPT", "250 2.1.5 Ok").await?,
                    }
                }
                "DATA" => {
                    self.answer(line, "DATA", "354 go on").await?;
                    if matches!(self.script.acts.get("DATA"), Some(Act::Say(says)) if !says.starts_with("354")) {
                        continue;
                    }
                    self.take(line).await?;
                    self.answer(line, "END", "250 2.0.0 Ok: queued as 4F1").await?;
                }
                "QUIT" => return self.say(line, "221 2.0.0 Bye").await,
                _ => self.say(line, "502 5.5.2 what?").await?,
            }
        }
    }

    async fn hear(&self, line: &mut Line) -> std::io::Result<Option<String>> {
        let mut text = String::new();
        if line.read_line(&mut text).await? == 0 {
            return Ok(None);
        }
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        self.heard.lock().unwrap().push(text.clone());
        Ok(Some(text))
    }

    async fn take(&self, line: &mut Line) -> std::io::Result<()> {
        let mut message = Vec::new();
        loop {
            let mut one = Vec::new();
            if line.read_until(b'\n', &mut one).await? == 0 {
                return Ok(());
            }
            if one == b".\r\n" {
                self.messages.lock().unwrap().push(message);
                return Ok(());
            }
            message.extend_from_slice(one.strip_prefix(b".").unwrap_or(&one));
        }
    }

    async fn login(&self, line: &mut Line, text: &str) -> std::io::Result<()> {
        if self.script.acts.contains_key("AUTH") {
            return self.answer(line, "AUTH", "").await;
        }
        let mut words = text.split(' ').skip(1);
        let decode = |word: &str| String::from_utf8(STANDARD.decode(word).unwrap_or_default()).unwrap_or_default();
        let (way, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let granted = match way {
            "PLAIN" => decode(first) == format!("\0{USER}\0{PASSWORD}"),
            "XOAUTH2" if decode(first) == format!("user={USER}\x01auth=Bearer {TOKEN}\x01\x01") => true,
            "XOAUTH2" => {
                self.say(line, &format!("334 {}", STANDARD.encode(r#"{"status":"400","scope":"mail"}"#))).await?;
                self.hear(line).await?;
                false
            }
            _ => {
                self.say(line, &format!("334 {}", STANDARD.encode("Username:"))).await?;
                let user = decode(&self.hear(line).await?.unwrap_or_default());
                self.say(line, &format!("334 {}", STANDARD.encode("Password:"))).await?;
                let password = decode(&self.hear(line).await?.unwrap_or_default());
                (user.as_str(), password.as_str()) == (USER, PASSWORD)
            }
        };
        let no = "535 5.7.8 Error: authentication failed";
        self.say(line, if granted { "235 2.7.0 Ok" } else { no }).await
    }

    /// What the script has for this place, else the usual.
    async fn answer(&self, line: &mut Line, place: &'static str, usual: &str) -> std::io::Result<()> {
        match self.script.acts.get(place) {
            None => self.say(line, usual).await,
            Some(Act::Say(text)) => self.say(line, text).await,
            Some(Act::HangUp) => Err(std::io::ErrorKind::ConnectionReset.into()),
            Some(Act::Silence) => {
                // Until the other side has left.
                let mut rest = Vec::new();
                line.read_to_end(&mut rest).await?;
                Err(std::io::ErrorKind::ConnectionReset.into())
            }
            Some(Act::Drip) => loop {
                line.write_all(b"2").await?;
                line.flush().await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            },
            Some(Act::Endless) => loop {
                line.write_all(b"250-and more\r\n").await?;
                tokio::task::yield_now().await;
            },
        }
    }

    async fn say(&self, line: &mut Line, text: &str) -> std::io::Result<()> {
        line.write_all(format!("{text}\r\n").as_bytes()).await?;
        line.flush().await
    }
}
