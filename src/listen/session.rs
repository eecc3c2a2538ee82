//! One SMTP session from the receiver's side (RFC 5321): bytes in, replies out. No socket, no clock.
//!
//! ```text
//! greet ─► EHLO ─► [STARTTLS ─► EHLO] ─► MAIL ─► RCPT… ─► DATA ─► 354 ─► message ─► taken | refused ─┐
//!                                          ▲                                                          │
//!                                          └──────────────────────────────────────────────────────────┘
//! ```

use super::data::{Data, Fault};
use super::{Encryption, Mail, Policy};
use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};
use std::net::IpAddr;
use std::sync::Arc;

/// Refusals of one session that are told to the user.
const TOLD: usize = 5;

/// What the socket has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// Send the replies and read on.
    Read,
    /// Send the replies, then shake hands; tell the outcome with [`Session::encrypted`].
    Handshake,
    /// A whole message: answer with [`Session::taken`] or [`Session::busy`], then go on with [`Session::turn`].
    Message(Box<Mail>),
    /// Send the replies and hang up.
    Close,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    policy: Arc<Policy>,
    client: IpAddr,
    offers_tls: bool,
    tls: Option<Encryption>,
    hello: Option<Hello>,
    envelope: Option<Envelope>,
    data: Option<Data>,
    /// Bytes that came and were not looked at yet.
    input: Vec<u8>,
    output: Vec<u8>,
    refused: Vec<String>,
    commands: usize,
    errors: usize,
    messages: usize,
    over: bool,
}

#[derive(Clone, Debug)]
struct Hello {
    name: String,
    extended: bool,
}

#[derive(Debug, Default)]
struct Envelope {
    mail_from: Option<String>,
    utf8: bool,
    recipients: Vec<String>,
}

impl Session {
    /// A session with a client; its greeting is in the output.
    pub fn new(policy: Arc<Policy>, client: IpAddr, offers_tls: bool) -> Session {
        let mut session = Session {
            policy,
            client,
            offers_tls,
            tls: None,
            hello: None,
            envelope: None,
            data: None,
            input: Vec::new(),
            output: Vec::new(),
            refused: Vec::new(),
            commands: 0,
            errors: 0,
            messages: 0,
            over: false,
        };
        let greeting = format!("220 {} ESMTP postdoc, a mail tester\r\n", session.policy.name);
        session.output.extend_from_slice(greeting.as_bytes());
        session
    }

    /// Replies that wait to be sent.
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// What was refused since last asked, for the user: a stranger's words may stand in it.
    pub fn refused(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refused)
    }

    /// Bytes this session holds.
    pub fn held(&self) -> usize {
        self.input.capacity() + self.data.as_ref().map_or(0, Data::held)
    }

    /// Is a message under way?
    pub fn amid_message(&self) -> bool {
        self.data.is_some()
    }

    /// Takes bytes and does what they ask, up to the next thing that is not ours to do.
    pub fn feed(&mut self, bytes: &[u8]) -> Turn {
        match &mut self.data {
            // Not through the buffer: a message may be large.
            Some(data) if self.input.is_empty() => match data.take(bytes) {
                Some(end) => {
                    self.input.extend_from_slice(bytes.get(end..).unwrap_or_default());
                    self.message()
                }
                None => self.turn(),
            },
            _ => {
                self.input.extend_from_slice(bytes);
                self.turn()
            }
        }
    }

    /// Goes on with what came already.
    pub fn turn(&mut self) -> Turn {
        loop {
            if self.over {
                return Turn::Close;
            }
            if let Some(data) = &mut self.data {
                let input = std::mem::take(&mut self.input);
                match data.take(&input) {
                    Some(end) => {
                        self.input.extend_from_slice(input.get(end..).unwrap_or_default());
                        return self.message();
                    }
                    None if data.is_endless() => {
                        self.refuse(552, "5.3.4", "far more than fits; hanging up");
                        self.over = true;
                        continue;
                    }
                    None => return Turn::Read,
                }
            }
            let line = match self.line() {
                Ok(Some(line)) => line,
                Ok(None) => return Turn::Read,
                Err(()) => continue,
            };
            if let Some(turn) = self.command(&line) {
                return turn;
            }
        }
    }

    /// The message was taken under this id.
    pub fn taken(&mut self, id: &str) {
        self.messages += 1;
        self.reply(250, "2.0.0", &format!("taken as {id}; it goes no further"));
    }

    /// The message cannot be taken now.
    pub fn busy(&mut self, why: &str) {
        // No fault of the client's: it is not counted as one.
        self.reply(452, "4.3.1", why);
        self.refused.push(format!("452 4.3.1 {why}"));
    }

    /// The handshake is done; the client begins anew (RFC 3207 §4.2).
    pub fn encrypted(&mut self, tls: Encryption) {
        self.tls = Some(tls);
        self.hello = None;
        self.envelope = None;
    }

    /// The server ends the session by itself.
    pub fn hang_up(&mut self, code: u16, status: &str, why: &str) {
        self.reply(code, status, why);
        self.over = true;
    }

    /// The next command line without its CRLF; `Err` where a line was refused.
    fn line(&mut self) -> Result<Option<Vec<u8>>, ()> {
        let Some(lf) = self.input.iter().position(|b| *b == b'\n') else {
            if self.input.len() > self.policy.command {
                self.refuse(500, "5.5.2", "the line has no end; hanging up");
                self.over = true;
                return Err(());
            }
            return Ok(None);
        };
        let rest = self.input.split_off(lf + 1);
        let mut line = std::mem::replace(&mut self.input, rest);
        line.truncate(lf);
        // RFC 5321 §2.3.8: nothing but CRLF ends a line.
        let strict = line.pop_if(|last| *last == b'\r').is_some() && !line.contains(&b'\r');
        if !strict {
            self.refuse(500, "5.5.2", "bare CR or LF: lines end in CRLF (RFC 5321 section 2.3.8); hanging up");
            self.over = true;
            return Err(());
        }
        if line.len() + 2 > self.policy.command {
            self.refuse(500, "5.5.2", &format!("the line is longer than {} bytes", self.policy.command));
            return Err(());
        }
        self.commands += 1;
        if self.commands > self.policy.commands {
            self.refuse(421, "4.7.0", "too many commands");
            self.over = true;
            return Err(());
        }
        Ok(Some(line))
    }

    /// Does a command; `Some` where the socket has something to do.
    fn command(&mut self, line: &[u8]) -> Option<Turn> {
        let whole = [line, b"\r\n"].concat();
        let request = Request::parse(&mut whole.iter()).map(Request::into_owned);
        match request {
            Ok(Request::Ehlo { host }) => self.hello(host, true),
            Ok(Request::Helo { host }) => self.hello(host, false),
            Ok(Request::StartTls) => return self.start_tls(),
            Ok(Request::Mail { from }) => self.mail(from),
            Ok(Request::Rcpt { to }) => self.rcpt(to, line),
            Ok(Request::Data) => self.begin_data(),
            Ok(Request::Rset) => {
                self.envelope = None;
                self.reply(250, "2.0.0", "forgotten");
            }
            Ok(Request::Noop { .. }) => self.reply(250, "2.0.0", "ok"),
            // RFC 5321 §3.5.3: neither confirmed nor denied.
            Ok(Request::Vrfy { .. }) => self.reply(252, "2.5.0", "send to it and see"),
            Ok(Request::Expn { .. }) => self.refuse(502, "5.5.1", "there are no lists here"),
            Ok(Request::Help { .. }) => {
                self.reply(214, "2.0.0", "EHLO HELO STARTTLS MAIL RCPT DATA RSET NOOP QUIT; nothing is relayed");
            }
            Ok(Request::Quit) => self.hang_up(221, "2.0.0", "bye"),
            Ok(Request::Auth { .. }) => self.refuse(502, "5.5.1", "nobody logs in here: mail is received, not sent"),
            Ok(other) => self.refuse(502, "5.5.1", &format!("{} is not offered", other.name())),
            Err(error) => self.mistake(error, line),
        }
        None
    }

    fn mistake(&mut self, error: Error, line: &[u8]) {
        match error {
            Error::UnknownCommand => {
                let word: Vec<u8> = line.iter().copied().take_while(|b| !b.is_ascii_whitespace()).take(16).collect();
                self.refuse(500, "5.5.1", &format!("{:?} is no command", word.escape_ascii().to_string()));
            }
            Error::InvalidSenderAddress => self.refuse(501, "5.1.7", "the sender's address cannot be read"),
            Error::InvalidRecipientAddress => self.refuse(501, "5.1.3", "the recipient's address cannot be read"),
            Error::SyntaxError { syntax } => self.refuse(501, "5.5.4", &format!("expected {syntax}")),
            Error::InvalidParameter { param } => self.refuse(501, "5.5.4", &format!("bad parameter {param}")),
            Error::UnsupportedParameter { param } => {
                self.refuse(555, "5.5.4", &format!("unknown parameter {}", param.escape_default()));
            }
            Error::NeedsMoreData { .. } | Error::ResponseTooLong | Error::InvalidResponse { .. } => {
                self.refuse(500, "5.5.2", "the line cannot be read");
            }
        }
    }

    fn hello(&mut self, name: String, extended: bool) {
        self.envelope = None;
        self.hello = Some(Hello { name, extended });
        let own = self.policy.name.clone();
        if !extended {
            return self.reply_plain(250, &[own]);
        }
        let mut lines = vec![
            format!("{own} looks at mail and relays none"),
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.policy.size),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
        ];
        if self.offers_tls && self.tls.is_none() {
            lines.push("STARTTLS".to_owned());
        }
        self.reply_plain(250, &lines);
    }

    fn start_tls(&mut self) -> Option<Turn> {
        match () {
            _ if self.tls.is_some() => self.refuse(503, "5.5.1", "encrypted already"),
            _ if !self.offers_tls => self.refuse(502, "5.5.1", "STARTTLS is not offered"),
            // Commands in the clear would be taken for encrypted ones (RFC 3207 §4.2, §6).
            _ if !self.input.is_empty() => {
                self.refuse(503, "5.5.1", "nothing may follow STARTTLS before its reply; hanging up");
                self.over = true;
            }
            _ => {
                self.reply(220, "2.0.0", "go ahead");
                return Some(Turn::Handshake);
            }
        }
        None
    }

    fn mail(&mut self, from: MailFrom<String>) {
        let known = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8;
        let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
        match () {
            _ if self.hello.is_none() => self.refuse(503, "5.5.1", "EHLO first"),
            _ if self.envelope.is_some() => {
                self.refuse(503, "5.5.1", "a message is under way already; RSET forgets it")
            }
            _ if self.messages >= self.policy.messages => {
                self.hang_up(421, "4.7.0", "enough messages on one connection")
            }
            _ if from.flags & !known != 0 || from.env_id.is_some() || from.auth.is_some() => {
                self.refuse(555, "5.5.4", "a parameter that is not offered");
            }
            _ if from.size > self.policy.size => {
                self.refuse(552, "5.3.4", &format!("at most {} bytes are taken", self.policy.size));
            }
            // RFC 6531 §3.5
            _ if !from.address.is_ascii() && !utf8 => self.refuse(553, "5.6.7", "such an address needs SMTPUTF8"),
            _ => {
                let mail_from = Some(from.address).filter(|a| !a.is_empty());
                self.envelope = Some(Envelope { mail_from, utf8, recipients: Vec::new() });
                self.reply(250, "2.1.0", "sender ok");
            }
        }
    }

    fn rcpt(&mut self, mut to: RcptTo<String>, line: &[u8]) {
        // The grammar hands out `<postmaster>` as nothing, and `<>` too (RFC 5321 §4.1.1.3).
        if to.address.is_empty() {
            if !line.to_ascii_lowercase().windows(12).any(|w| w == b"<postmaster>") {
                return self.refuse(501, "5.1.3", "a message to nobody");
            }
            to.address.push_str("postmaster");
        }
        let most = self.policy.per_message;
        let takes = self.policy.takes(&to.address);
        match &mut self.envelope {
            None => self.refuse(503, "5.5.1", "MAIL first"),
            Some(_) if to.flags != 0 || to.orcpt.is_some() || to.rrvs != 0 => {
                self.refuse(555, "5.5.4", "a parameter that is not offered");
            }
            Some(envelope) if !to.address.is_ascii() && !envelope.utf8 => {
                self.refuse(553, "5.6.7", "such an address needs SMTPUTF8");
            }
            Some(_) if !takes => {
                self.refuse(550, "5.7.1", &format!("no mail for <{}> here: this server relays nothing", to.address))
            }
            // RFC 5321 §4.5.3.1.10
            Some(envelope) if envelope.recipients.len() >= most => {
                self.refuse(452, "4.5.3", "enough recipients for one message")
            }
            Some(envelope) => {
                envelope.recipients.push(to.address);
                self.reply(250, "2.1.5", "recipient ok");
            }
        }
    }

    fn begin_data(&mut self) {
        match &self.envelope {
            None => self.refuse(503, "5.5.1", "MAIL first"),
            Some(envelope) if envelope.recipients.is_empty() => self.refuse(554, "5.5.1", "no recipient was taken"),
            // RFC 2920 §3.1: DATA ends a group. Whoever does not wait for 354 speaks for two.
            Some(_) if !self.input.is_empty() => {
                self.refuse(503, "5.5.0", "nothing may follow DATA before its reply (RFC 2920); hanging up");
                self.over = true;
            }
            Some(_) => {
                self.data = Some(Data::new(self.policy.size, self.policy.line));
                self.reply_plain(354, &["end with a dot on a line of its own".to_owned()]);
            }
        }
    }

    /// The end of a message has come.
    fn message(&mut self) -> Turn {
        let (Some(data), Some(envelope)) = (self.data.take(), self.envelope.take()) else { return Turn::Read };
        match data.end() {
            Ok(content) => {
                let hello = self.hello.clone();
                let extended = hello.as_ref().is_some_and(|h| h.extended);
                Turn::Message(Box::new(Mail {
                    client: self.client,
                    helo: hello.map(|h| h.name).unwrap_or_default(),
                    extended,
                    tls: self.tls.clone(),
                    mail_from: envelope.mail_from,
                    recipients: envelope.recipients,
                    utf8: envelope.utf8,
                    content,
                }))
            }
            Err(fault) => {
                match fault {
                    Fault::BareLf | Fault::BareCr => {
                        let which = if fault == Fault::BareLf { "LF" } else { "CR" };
                        self.refuse(550, "5.5.2", &format!(
                            "a bare {which} in the message: lines end in CRLF (RFC 5321 section 2.3.8), else messages can be smuggled"
                        ));
                    }
                    Fault::TooLarge => {
                        self.refuse(552, "5.3.4", &format!("at most {} bytes are taken", self.policy.size))
                    }
                    Fault::LongLine => {
                        self.refuse(554, "5.6.0", &format!("a line is longer than {} bytes", self.policy.line));
                    }
                }
                // What follows a message with bare line ends may be the smuggled one.
                self.over |= matches!(fault, Fault::BareLf | Fault::BareCr);
                self.turn()
            }
        }
    }

    fn reply(&mut self, code: u16, status: &str, text: &str) {
        self.reply_plain(code, &[format!("{status} {text}")]);
    }

    fn reply_plain(&mut self, code: u16, lines: &[String]) {
        for (n, line) in lines.iter().enumerate() {
            let mark = if n + 1 == lines.len() { ' ' } else { '-' };
            // What a client said may be repeated in a reply, as far as it is text.
            let clean: String = line.chars().filter(|c| !c.is_control()).take(480).collect();
            self.output.extend_from_slice(format!("{code}{mark}{clean}\r\n").as_bytes());
        }
    }

    /// A refusal: told, counted, and too many of them end the session.
    fn refuse(&mut self, code: u16, status: &str, text: &str) {
        self.reply(code, status, text);
        self.errors += 1;
        if self.errors <= TOLD {
            self.refused.push(format!("{code} {status} {text}"));
        }
        if self.errors > self.policy.errors && !self.over {
            self.hang_up(421, "4.7.0", "too many errors");
        }
    }
}
