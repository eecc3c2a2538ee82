//! An IMAP server on loopback that does what the test says: a mailbox with folders, and faults.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

/// How the connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Implicit,
    Starttls,
    None,
}

/// A wrong turn of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Takes the connection and says nothing.
    Mute,
    /// Says something else.
    Garbage,
    /// Announces more than anybody can hold, and sends for ever.
    Endless,
    /// One byte a second.
    Slow,
    /// Says goodbye at once.
    Bye,
    /// Says goodbye with these words in place of an answer to the login.
    ByeAtLogin(&'static str),
    /// Answers everything but the login.
    MuteAtLogin,
    /// Ends the first connection in the middle of reading the message.
    LoseOnce,
    /// Ends the first connection while it is waited in.
    LoseIdle,
    /// Announces IDLE, and does not know it.
    NoIdle,
    /// What some parsers fall over.
    NilDate,
    /// Login is refused with these words.
    Refuse(&'static str),
    /// Logged in, but no command is taken: Exchange with IMAP switched off.
    NotConnected,
}

/// A folder.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// `\Junk`, `\All`
    pub mark: &'static str,
    /// UID and message.
    pub messages: Vec<(u32, String)>,
}

/// What the server has and does.
#[derive(Clone, Debug)]
pub struct Set {
    pub tls: Tls,
    pub idle: bool,
    /// Mechanisms: `PLAIN`, `XOAUTH2`; LOGIN is always there unless `LOGINDISABLED` is among them.
    pub auth: Vec<&'static str>,
    pub user: &'static str,
    pub password: &'static str,
    /// What the password is from the second connection on: tokens run out.
    pub then: Option<&'static str>,
    pub fault: Option<Fault>,
    pub folders: BTreeMap<String, Folder>,
}

impl Default for Set {
    fn default() -> Set {
        let junk = Folder { mark: "\\Junk", ..Folder::default() };
        Set {
            tls: Tls::Implicit,
            idle: true,
            auth: vec!["PLAIN"],
            user: "me@example.com",
            password: "s3cr3t \"\\word",
            then: None,
            fault: None,
            folders: [("INBOX".into(), Folder::default()), ("Unerw&APw-nscht".into(), junk)].into(),
        }
    }
}

impl Set {
    pub fn with(mut self, folder: &str, message: &str) -> Set {
        put(&mut self, folder, message);
        self
    }
}

fn put(set: &mut Set, folder: &str, message: &str) {
    let folder = set.folders.entry(folder.into()).or_default();
    let uid = 10 + folder.messages.len() as u32;
    folder.messages.push((uid, message.replace('\n', "\r\n")));
}

struct State {
    set: Set,
    connections: usize,
    /// Every line that came, in the clear.
    said: Vec<String>,
}

/// Runs until dropped.
pub struct Imapd {
    pub addr: SocketAddr,
    /// Its authority.
    pub ca: CertificateDer<'static>,
    pub ca_pem: String,
    state: Arc<Mutex<State>>,
    news: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Imapd {
    /// With a certificate for `imap.example.test` and 127.0.0.1.
    pub fn start(set: Set) -> Imapd {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "authority of the mailbox");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let names = vec!["imap.example.test".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2999, 12, 31);
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.signed_by(&key, &ca).unwrap().der().clone()];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { set, connections: 0, said: Vec::new() }));
        let news = Arc::new(Notify::new());
        let (stop, stopped) = oneshot::channel();
        let (own, bell) = (state.clone(), news.clone());
        // A runtime of its own, so that it runs beside one that blocks.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let serve = async {
                    let listener = TcpListener::from_std(listener).unwrap();
                    while let Ok((stream, _)) = listener.accept().await {
                        own.lock().unwrap().connections += 1;
                        tokio::spawn(connection(stream, own.clone(), bell.clone(), acceptor.clone()));
                    }
                };
                tokio::select! { () = serve => {}, _ = stopped => {} }
            });
        });
        let (ca, ca_pem) = (ca.der().clone(), pem(ca.der()));
        Imapd { addr, ca, ca_pem, state, news, stop: Some(stop), thread: Some(thread) }
    }

    /// A message arrives.
    pub fn deliver(&self, folder: &str, message: &str) {
        put(&mut self.state.lock().unwrap().set, folder, message);
        self.news.notify_waiters();
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Every line that came.
    pub fn said(&self) -> Vec<String> {
        self.state.lock().unwrap().said.clone()
    }

    /// Waits until a client has said this so often.
    pub fn heard(&self, what: &str, times: usize) {
        for _ in 0..3000 {
            if self.said().iter().filter(|line| line.contains(what)).count() >= times {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nobody said {what}: {:?}", self.said());
    }
}

/// RFC 7468 §2.
fn pem(certificate: &[u8]) -> String {
    use base64::Engine;
    let code = base64::engine::general_purpose::STANDARD.encode(certificate);
    let lines: Vec<&str> = (0..code.len()).step_by(64).map(|at| &code[at..(at + 64).min(code.len())]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

impl Drop for Imapd {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Wire = BufReader<Box<dyn Stream>>;

async fn connection(stream: tokio::net::TcpStream, state: Arc<Mutex<State>>, news: Arc<Notify>, acceptor: TlsAcceptor) {
    let (tls, fault, number) = {
        let state = state.lock().unwrap();
        (state.set.tls, state.set.fault, state.connections)
    };
    let mut wire: Wire = match tls {
        Tls::Implicit => match acceptor.accept(stream).await {
            Ok(stream) => BufReader::new(Box::new(stream)),
            Err(_) => return,
        },
        _ => BufReader::new(Box::new(stream)),
    };
    match fault {
        Some(Fault::Mute) => return std::future::pending().await,
        Some(Fault::Garbage) => return drop(wire.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await),
        Some(Fault::Bye) => return drop(wire.write_all(b"* BYE Too many connections from your address\r\n").await),
        _ => {}
    }
    let mut session = Session { state, news, secured: tls == Tls::Implicit, known: false, folder: None, number };
    if session.say(&mut wire, "* OK hello\r\n").await.is_none() {
        return;
    }
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        session.state.lock().unwrap().said.push(line.clone());
        let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if rest.eq_ignore_ascii_case("STARTTLS") && !session.secured {
            session.say(&mut wire, &format!("{tag} OK go\r\n")).await;
            match acceptor.accept(wire.into_inner()).await {
                Ok(stream) => wire = BufReader::new(Box::new(stream)),
                Err(_) => return,
            }
            session.secured = true;
            continue;
        }
        if session.command(&mut wire, tag, rest).await.is_none() {
            return;
        }
    }
}

struct Session {
    state: Arc<Mutex<State>>,
    news: Arc<Notify>,
    secured: bool,
    known: bool,
    folder: Option<String>,
    /// Of the connection, from 1.
    number: usize,
}

impl Session {
    async fn say(&self, wire: &mut Wire, text: &str) -> Option<()> {
        if self.set().fault == Some(Fault::Slow) {
            for byte in text.bytes() {
                wire.write_all(&[byte]).await.ok()?;
                wire.flush().await.ok()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            return Some(());
        }
        wire.write_all(text.as_bytes()).await.ok()?;
        wire.flush().await.ok()
    }

    fn set(&self) -> Set {
        let mut set = self.state.lock().unwrap().set.clone();
        set.password = set.then.filter(|_| self.number > 1).unwrap_or(set.password);
        set
    }

    fn can(&self) -> String {
        let set = self.set();
        let mut words = vec!["IMAP4rev1".to_owned()];
        match self.known {
            true if set.idle => words.push("IDLE".into()),
            true => {}
            false if set.tls == Tls::Starttls && !self.secured => {
                words.extend(["STARTTLS".into(), "LOGINDISABLED".into()])
            }
            false => words
                .extend(set.auth.iter().map(|a| if *a == "LOGINDISABLED" { (*a).into() } else { format!("AUTH={a}") })),
        }
        words.join(" ")
    }

    async fn command(&mut self, wire: &mut Wire, tag: &str, rest: &str) -> Option<()> {
        let set = self.set();
        let word = rest.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        if self.known && set.fault == Some(Fault::NotConnected) {
            return self.say(wire, &format!("{tag} BAD User is authenticated but not connected.\r\n")).await;
        }
        match word.as_str() {
            "CAPABILITY" => self.say(wire, &format!("* CAPABILITY {}\r\n{tag} OK done\r\n", self.can())).await,
            "LOGIN" => {
                let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                let good = rest[6..] == format!("{} {}", quoted(set.user), quoted(set.password));
                self.log_in(wire, tag, good).await
            }
            "AUTHENTICATE" => self.authenticate(wire, tag, rest).await,
            "LOGOUT" => {
                self.say(wire, &format!("* BYE until later\r\n{tag} OK done\r\n")).await;
                None
            }
            _ if !self.known => self.say(wire, &format!("{tag} BAD not logged in\r\n")).await,
            "LIST" => {
                let mut text = String::new();
                for (name, folder) in &set.folders {
                    text += &format!("* LIST (\\HasNoChildren {}) \"/\" \"{name}\"\r\n", folder.mark);
                }
                self.say(wire, &format!("{text}{tag} OK done\r\n")).await
            }
            "EXAMINE" => {
                let name = rest[8..].trim_matches('"').to_owned();
                let Some(folder) = set.folders.get(&name) else {
                    return self.say(wire, &format!("{tag} NO [NONEXISTENT] no such folder\r\n")).await;
                };
                let next = folder.messages.last().map_or(1, |(uid, _)| uid + 1);
                let text = format!(
                    "* FLAGS (\\Seen)\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT {next}] ok\r\n{tag} OK [READ-ONLY] done\r\n",
                    folder.messages.len()
                );
                self.folder = Some(name);
                self.say(wire, &text).await
            }
            "FETCH" => self.fetch(wire, tag, rest, false).await,
            "UID" if rest.to_ascii_uppercase().starts_with("UID FETCH") => {
                self.fetch(wire, tag, &rest[4..], true).await
            }
            "UID" => {
                let value = rest.rsplit('"').nth(1).unwrap_or_default().to_owned();
                let hits: Vec<String> = self
                    .messages()
                    .iter()
                    .filter(|(_, _, m)| m.contains(&value))
                    .map(|(_, uid, _)| uid.to_string())
                    .collect();
                self.say(wire, &format!("* SEARCH {}\r\n{tag} OK done\r\n", hits.join(" "))).await
            }
            "IDLE" if set.idle && set.fault != Some(Fault::NoIdle) => self.idle(wire, tag).await,
            _ => self.say(wire, &format!("{tag} BAD what?\r\n")).await,
        }
    }

    async fn log_in(&mut self, wire: &mut Wire, tag: &str, good: bool) -> Option<()> {
        match self.set().fault {
            Some(Fault::Refuse(words)) => self.say(wire, &format!("{tag} NO {words}\r\n")).await,
            Some(Fault::ByeAtLogin(words)) => {
                self.say(wire, &format!("* BYE {words}\r\n")).await;
                None
            }
            Some(Fault::MuteAtLogin) => std::future::pending().await,
            _ if good => {
                self.known = true;
                self.say(wire, &format!("{tag} OK welcome\r\n")).await
            }
            _ => self.say(wire, &format!("{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")).await,
        }
    }

    async fn authenticate(&mut self, wire: &mut Wire, tag: &str, rest: &str) -> Option<()> {
        use base64::Engine;
        let code = base64::engine::general_purpose::STANDARD;
        self.say(wire, "+ \r\n").await?;
        let mut line = String::new();
        wire.read_line(&mut line).await.ok()?;
        let given = code.decode(line.trim_end()).unwrap_or_default();
        let set = self.set();
        let token = rest.ends_with("XOAUTH2");
        let want = match token {
            true => format!("user={}\x01auth=Bearer {}\x01\x01", set.user, set.password),
            false => format!("\0{}\0{}", set.user, set.password),
        };
        let good = given == want.as_bytes();
        if token && !good {
            let why = code.encode("{\"status\":\"400\",\"scope\":\"https://mail.example/\"}");
            self.say(wire, &format!("+ {why}\r\n")).await?;
            wire.read_line(&mut line).await.ok()?;
        }
        self.log_in(wire, tag, good).await
    }

    /// Number, UID and text of the messages of the open folder.
    fn messages(&self) -> Vec<(usize, u32, String)> {
        let set = self.set();
        let folder = self.folder.as_ref().and_then(|name| set.folders.get(name)).cloned().unwrap_or_default();
        folder.messages.into_iter().enumerate().map(|(n, (uid, text))| (n + 1, uid, text)).collect()
    }

    async fn fetch(&mut self, wire: &mut Wire, tag: &str, rest: &str, by_uid: bool) -> Option<()> {
        let which = rest.split(' ').nth(1).unwrap_or_default();
        let all = self.messages();
        let last = all.last().map_or(0, |(n, uid, _)| if by_uid { *uid } else { *n as u32 });
        let number = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
        let (from, to) = match which.split_once(':') {
            Some((from, to)) => (number(from), number(to)),
            None => (number(which), number(which)),
        };
        let (from, to) = (from.min(to), from.max(to));
        let whole = rest.contains("BODY.PEEK[]");
        let fault = self.set().fault;
        for (n, uid, text) in all {
            let key = if by_uid { uid } else { n as u32 };
            if !(from..=to).contains(&key) {
                continue;
            }
            let header = text.split_inclusive("\r\n\r\n").next().unwrap_or(&text);
            let (section, part) = match () {
                () if whole => ("", text.clone()),
                () if rest.contains("HEADER.FIELDS") => {
                    let wanted = |line: &&str| {
                        ["message-id:", "x-postdoc-test:"].iter().any(|f| line.to_ascii_lowercase().starts_with(f))
                    };
                    (
                        "HEADER.FIELDS (Message-ID X-Postdoc-Test)",
                        header.lines().filter(wanted).map(|l| format!("{l}\r\n")).collect::<String>() + "\r\n",
                    )
                }
                () => ("HEADER", header.to_owned()),
            };
            let date = if fault == Some(Fault::NilDate) { "NIL" } else { "\" 1-Jun-2026 12:00:00 +0000\"" };
            let head =
                format!("* {n} FETCH (UID {uid} INTERNALDATE {date} RFC822.SIZE {} BODY[{section}] ", text.len());
            if whole && fault == Some(Fault::LoseOnce) && self.number == 1 {
                self.say(wire, &format!("{head}{{{}}}\r\n{}", part.len(), &part[..part.len() / 2])).await;
                return None;
            }
            if whole && fault == Some(Fault::Endless) {
                self.say(wire, &format!("{head}{{4000000000}}\r\n")).await?;
                loop {
                    self.say(wire, &"x".repeat(65_536)).await?;
                }
            }
            self.say(wire, &format!("{head}{{{}}}\r\n{part})\r\n", part.len())).await?;
        }
        self.say(wire, &format!("{tag} OK done\r\n")).await
    }

    async fn idle(&mut self, wire: &mut Wire, tag: &str) -> Option<()> {
        let before = self.messages().len();
        self.say(wire, "+ idling\r\n").await?;
        if self.set().fault == Some(Fault::LoseIdle) && self.number == 1 {
            return None;
        }
        let mut line = String::new();
        loop {
            // Before the look: what comes in between wakes it all the same.
            let bell = self.news.clone();
            let mut bell = std::pin::pin!(bell.notified());
            bell.as_mut().enable();
            let now = self.messages().len();
            if now != before {
                self.say(wire, &format!("* {now} EXISTS\r\n")).await?;
                wire.read_line(&mut line).await.ok()?;
                break;
            }
            tokio::select! {
                () = bell => {}
                read = wire.read_line(&mut line) => { read.ok()?; break }
            }
        }
        self.say(wire, &format!("{tag} OK done\r\n")).await
    }
}
