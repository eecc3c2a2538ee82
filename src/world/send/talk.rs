//! The session itself: greeting, EHLO, TLS, login, envelope, message. lettre spells the commands; the line, the
//! waits and TLS are ours, so that every word is seen. The time for the whole is up to the caller.

use super::log::Log;
use super::{Order, auth};
use crate::evidence::errand::Step;
use crate::evidence::transcript::{Left, Security, Stage, Stop};
use crate::world::dns::{Asker, Settings};
use crate::world::reach::{self, late};
use crate::world::secret::Credentials;
use crate::world::tls::Trust;
use crate::world::wire::{Reply, Wire};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Starttls};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};
use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// Tries that one wait may take: tar pits let a stranger wait.
const PATIENCE: u32 = 4;

/// The same for a greeting, which comes late on purpose (postscreen), and for the end of the message, before which
/// it is scanned: RFC 5321 §4.5.3.2 allows minutes for both.
const LONG: u32 = 20;

/// Bytes written at once.
const CHUNK: usize = 16 * 1024;

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Our end of the session, with or without TLS.
pub(super) type Line = Wire<Box<dyn Stream>>;

pub(super) struct Talk<'a> {
    pub settings: &'a Settings,
    pub asker: &'a Asker,
    pub order: &'a Order,
    /// Those of the order, or with a fresh token.
    pub credentials: Option<Credentials>,
    pub log: &'a Log<'a>,
}

/// What the connection is like.
struct Ends {
    host: String,
    own: IpAddr,
    /// The server is on this machine: nobody stands in between.
    near: bool,
}

impl Talk<'_> {
    pub async fn run(&self) -> Result<(), Stop> {
        let (stream, host, ip) = self.reach().await?;
        let own = stream.local_addr().map_or(IpAddr::from([0; 4]), |a| a.ip().to_canonical());
        let ends = Ends { host, own, near: ip.is_loopback() };
        let draft = &self.order.draft;
        let mut line = match draft.security {
            Security::Implicit => self.secure(Box::new(stream) as Box<dyn Stream>, &ends).await?,
            _ => Wire::new(Box::new(stream) as Box<dyn Stream>),
        };
        self.log.stage(Stage::Greeting);
        let greeting = self.hear(&mut line, "the greeting", LONG * self.settings.try_timeout).await?;
        if greeting.code != 220 {
            return self.refused(&mut line, &greeting).await;
        }
        let mut offered = self.introduce(&mut line, &ends).await?;
        let mut secured = draft.security == Security::Implicit;
        if matches!(draft.security, Security::Starttls | Security::Opportunistic) {
            (line, secured) = self.start_tls(line, &ends, &offered).await?;
            if secured {
                // What was said in the clear counts no more (RFC 3207 §4.2).
                self.log.stage(Stage::Greeting);
                offered = self.introduce(&mut line, &ends).await?;
            }
        }
        if let Some(credentials) = &self.credentials {
            self.log.stage(Stage::Auth);
            if !secured && !ends.near {
                let why = "without TLS everybody in between could read the login: it is not told";
                return Err(self.log.broke((Step::Tls, why.into())));
            }
            if let Err(stop) = auth::login(self, &mut line, credentials, &offered).await {
                self.leave(&mut line).await;
                return Err(stop);
            }
        }
        self.envelope(&mut line, &offered).await?;
        self.message(&mut line).await?;
        self.leave(&mut line).await;
        Ok(())
    }

    /// STARTTLS, where it is offered and wanted.
    async fn start_tls(&self, mut line: Line, ends: &Ends, offered: &[String]) -> Result<(Line, bool), Stop> {
        let required = self.order.draft.security == Security::Starttls;
        if !offers(offered, "STARTTLS") {
            if required {
                self.log.stage(Stage::Tls);
                self.leave(&mut line).await;
                return Err(self.log.broke((Step::Tls, "the server does not offer STARTTLS".into())));
            }
            self.log.note("no STARTTLS is offered: it goes on without TLS");
            return Ok((line, false));
        }
        self.log.stage(Stage::Tls);
        let ready = self.command(&mut line, Starttls).await?;
        if ready.code != 220 {
            if required {
                return self.refused(&mut line, &ready).await;
            }
            self.log.note("STARTTLS is refused: it goes on without TLS");
            return Ok((line, false));
        }
        let early = || self.log.broke((Step::Tls, "says more before the handshake than it was asked".into()));
        let stream = line.into_stream().ok_or_else(early)?;
        Ok((self.secure(stream, ends).await?, true))
    }

    /// The handshake. A bad certificate ends it before anything is said, unless any will do.
    async fn secure(&self, stream: Box<dyn Stream>, ends: &Ends) -> Result<Line, Stop> {
        self.log.stage(Stage::Tls);
        let broke = |fault| self.log.broke(fault);
        let trust = Trust::new(&self.settings.authorities);
        let (config, noted) = trust.lenient().map_err(|e| broke((Step::Tls, e.to_string())))?;
        self.log.wait("the TLS handshake", self.patience());
        let until = Instant::now() + self.patience();
        let stream = reach::secure(stream, &ends.host, config, until).await.map_err(broke)?;
        let tls = reach::seen(stream.get_ref().1, &noted);
        let (version, cipher) = (tls.version.clone().unwrap_or_default(), tls.cipher.clone().unwrap_or_default());
        let fault = tls.fault.clone();
        self.log.tls(tls);
        self.log.note(&format!("{version} {cipher}"));
        if let Some(fault) = fault {
            let draft = &self.order.draft;
            let demanded = draft.security != Security::Opportunistic || self.credentials.is_some();
            if demanded && !draft.insecure {
                self.log.stage(Stage::Certificate);
                return Err(broke(fault));
            }
            self.log.note(&format!("not trusted, and it goes on all the same: {}", fault.1));
        }
        Ok(Wire::new(Box::new(stream)))
    }

    /// EHLO, or HELO where that is not known; the keywords.
    async fn introduce(&self, line: &mut Line, ends: &Ends) -> Result<Vec<String>, Stop> {
        let hello = self.order.draft.hello.clone().unwrap_or_else(|| reach::hello(ends.own));
        // An address wants its brackets (RFC 5321 §4.1.3).
        let hello = match hello.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
            Ok(ip) => format!("[{ip}]"),
            Err(_) => hello,
        };
        let ehlo = self.command(line, format!("EHLO {hello}")).await?;
        if ehlo.is_positive() {
            let keywords = ehlo.keywords();
            self.log.offered(&keywords);
            return Ok(keywords);
        }
        let helo = self.command(line, format!("HELO {hello}")).await?;
        self.log.offered(&[]);
        if helo.is_positive() { Ok(Vec::new()) } else { self.refused(line, &helo).await }
    }

    async fn envelope(&self, line: &mut Line, offered: &[String]) -> Result<(), Stop> {
        let (draft, message) = (&self.order.draft, &self.order.message);
        self.log.stage(Stage::Mail);
        let mut parameters = Vec::new();
        if offers(offered, "SIZE") {
            parameters.push(MailParameter::Size(message.len()));
        }
        if !message.is_ascii() {
            if offers(offered, "8BITMIME") {
                parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            } else {
                self.log
                    .note("the message holds 8-bit bytes, and 8BITMIME is not offered: it may be changed on the way");
            }
        }
        let wide = |a: &lettre::Address| !a.user().is_ascii();
        if wide(&draft.to) || draft.mail_from.as_ref().is_some_and(wide) {
            if !offers(offered, "SMTPUTF8") {
                let why = "the address holds more than ASCII, and the server does not offer SMTPUTF8";
                self.leave(line).await;
                return Err(self.log.broke((Step::Answer, why.into())));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let mail = self.command(line, Mail::new(draft.mail_from.clone(), parameters)).await?;
        if !mail.is_positive() {
            return self.refused(line, &mail).await;
        }
        self.log.stage(Stage::Rcpt);
        let rcpt = self.command(line, Rcpt::new(draft.to.clone(), Vec::new())).await?;
        if !rcpt.is_positive() {
            return self.refused(line, &rcpt).await;
        }
        self.log.stage(Stage::Data);
        let data = self.command(line, Data).await?;
        if data.code != 354 {
            return self.refused(line, &data).await;
        }
        Ok(())
    }

    async fn message(&self, line: &mut Line) -> Result<(), Stop> {
        let bytes = stuffed(&self.order.message);
        for chunk in bytes.chunks(CHUNK) {
            self.give(line, chunk, "the server to take the message").await?;
        }
        self.log.sent(&format!("(the message, {} bytes)", self.order.message.len()));
        self.log.stage(Stage::End);
        // From here on nobody can say that it has not arrived.
        self.log.leaves(Left::Maybe);
        self.say(line, ".", b".\r\n").await?;
        let reply = self.hear(line, "word on the whole message", LONG * self.settings.try_timeout).await?;
        if reply.is_positive() {
            self.log.leaves(Left::Yes);
            return Ok(());
        }
        self.log.leaves(Left::No);
        self.refused(line, &reply).await
    }

    /// One command, its reply.
    async fn command(&self, line: &mut Line, command: impl Display) -> Result<Reply, Stop> {
        let command = command.to_string();
        let command = command.trim_end();
        // Nothing of anybody's may become a command of its own.
        if command.bytes().any(|b| b.is_ascii_control()) {
            return Err(self.log.broke((Step::Answer, "a command may hold no control characters".into())));
        }
        self.say(line, command, format!("{command}\r\n").as_bytes()).await?;
        let verb = command.split([' ', ':']).next().unwrap_or_default();
        self.hear(line, &format!("a reply to {verb}"), self.patience()).await
    }

    /// Sends bytes; `shown` is what is written down.
    pub async fn say(&self, line: &mut Line, shown: &str, bytes: &[u8]) -> Result<(), Stop> {
        self.log.sent(shown);
        self.give(line, bytes, "the server to listen").await
    }

    async fn give(&self, line: &mut Line, bytes: &[u8], what: &str) -> Result<(), Stop> {
        let began = Instant::now();
        self.log.wait(what, self.patience());
        let until = began + self.patience();
        let given = timeout_at(until, line.give(bytes)).await;
        given.unwrap_or_else(|_| Err(late("does not listen", began))).map_err(|fault| self.log.broke(fault))
    }

    pub async fn hear(&self, line: &mut Line, what: &str, patience: Duration) -> Result<Reply, Stop> {
        let began = Instant::now();
        self.log.wait(what, patience);
        let reply = timeout_at(began + patience, line.reply()).await;
        match reply.unwrap_or_else(|_| Err(late(&format!("waited for {what}: nothing whole came"), began))) {
            Ok(reply) => {
                self.log.heard(&reply.text);
                Ok(reply)
            }
            Err(fault) => Err(self.log.broke(fault)),
        }
    }

    pub fn patience(&self) -> Duration {
        PATIENCE * self.settings.try_timeout
    }

    /// The server said no.
    async fn refused<T>(&self, line: &mut Line, reply: &Reply) -> Result<T, Stop> {
        let stop = match reply.code {
            400.. => self.log.refused(&reply.text),
            _ => self.log.broke((Step::Answer, format!("an answer that fits nothing asked: {}", reply.text))),
        };
        // A server that is about to hang up hears no goodbye (RFC 5321 §3.8).
        if reply.code != 421 {
            self.leave(line).await;
        }
        Err(stop)
    }

    /// QUIT, and no more than one try's time for the goodbye.
    async fn leave(&self, line: &mut Line) {
        let until = Instant::now() + self.settings.try_timeout;
        let goodbye = async {
            self.log.sent("QUIT");
            line.give(Quit.to_string().as_bytes()).await?;
            line.reply().await
        };
        if let Ok(Ok(reply)) = timeout_at(until, goodbye).await {
            self.log.heard(&reply.text);
        }
    }
}

fn offers(offered: &[String], keyword: &str) -> bool {
    offered.iter().filter_map(|line| line.split(' ').next()).any(|word| word.eq_ignore_ascii_case(keyword))
}

/// A dot at the beginning of a line is doubled (RFC 5321 §4.5.2).
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_where_a_line_begins() {
        assert_eq!(stuffed(b".\r\na.b\r\n..c\r\n"), b"..\r\na.b\r\n...c\r\n");
        assert_eq!(stuffed(b""), b"");
    }
}
