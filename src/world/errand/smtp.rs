//! A conversation with a mail host that ends before DATA: greeting, EHLO, STARTTLS, recipients, and a foreign one.

use super::{Inner, late};
use crate::evidence::errand::{Probe, Step, Talk, Tls, What};
use crate::world::reach;
use crate::world::tls::Fault;
use crate::world::wire::{Reply, Wire};
use std::net::IpAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// The port on which mail hosts take mail from one another (RFC 5321 §4.5.4.2).
const PORT: u16 = 25;

impl Inner {
    /// Talks to a mail host. Once connected, however far it got is a conversation.
    pub(super) async fn talk(&self, probe: &Probe, until: Instant) -> Result<What, Fault> {
        let stream = self.connect(probe.ip, PORT, until).await?;
        let own = stream.local_addr().map_or(IpAddr::from([0; 4]), |address| address.ip().to_canonical());
        let mut talk = Talk { own_host: own == probe.ip.to_canonical(), ..Talk::default() };
        let conversation = Conversation { inner: self, probe, hello: reach::hello(own), until };
        talk.broke = conversation.run(stream, &mut talk).await.err();
        Ok(What::Talk(talk))
    }
}

struct Conversation<'a> {
    inner: &'a Inner,
    probe: &'a Probe,
    /// Who we say we are.
    hello: String,
    until: Instant,
}

impl Conversation<'_> {
    async fn run(&self, stream: TcpStream, talk: &mut Talk) -> Result<(), Fault> {
        let mut wire = Wire::new(stream);
        let greeting = self.hear(&mut wire, "no greeting").await?;
        talk.greeting = Some(greeting.text);
        if greeting.code != 220 {
            self.leave(&mut wire).await;
            return Err((Step::Answer, "does not take mail from here".into()));
        }
        talk.extensions = self.introduce(&mut wire).await?;
        if !talk.extensions.iter().any(|word| word.eq_ignore_ascii_case("STARTTLS")) {
            return self.ask(&mut wire, talk).await;
        }
        let ready = self.command(&mut wire, "STARTTLS").await?;
        if ready.code != 220 {
            talk.tls = Some(Tls { fault: Some((Step::Tls, ready.text)), ..Tls::default() });
            return self.ask(&mut wire, talk).await;
        }
        let mut secured = match self.secure(wire).await {
            Ok((wire, tls)) => {
                talk.tls = Some(tls);
                wire
            }
            Err(fault) => {
                talk.tls = Some(Tls { fault: Some(fault.clone()), ..Tls::default() });
                return Err(fault);
            }
        };
        // What was said in the clear counts no more (RFC 3207 §4.2).
        self.introduce(&mut secured).await?;
        self.ask(&mut secured, talk).await
    }

    async fn secure(&self, wire: Wire<TcpStream>) -> Result<(Wire<impl AsyncRead + AsyncWrite + Unpin>, Tls), Fault> {
        let stream =
            wire.into_stream().ok_or((Step::Tls, "says more before the handshake than it was asked".into()))?;
        let (config, noted) = self.inner.trust().lenient().map_err(|e| (Step::Tls, e.to_string()))?;
        let stream = self.inner.secure(stream, &self.probe.host, config, self.until).await?;
        let tls = reach::seen(stream.get_ref().1, &noted);
        Ok((Wire::new(stream), tls))
    }

    /// EHLO, or HELO where that is not known; the keywords.
    async fn introduce(&self, wire: &mut Wire<impl AsyncRead + AsyncWrite + Unpin>) -> Result<Vec<String>, Fault> {
        let ehlo = self.command(wire, &format!("EHLO {}", self.hello)).await?;
        if ehlo.is_positive() {
            return Ok(ehlo.keywords());
        }
        let helo = self.command(wire, &format!("HELO {}", self.hello)).await?;
        if helo.is_positive() { Ok(Vec::new()) } else { Err((Step::Answer, format!("refuses HELO: {}", helo.text))) }
    }

    /// The recipients, then the foreign one by itself.
    async fn ask(&self, wire: &mut Wire<impl AsyncRead + AsyncWrite + Unpin>, talk: &mut Talk) -> Result<(), Fault> {
        let sender = self.command(wire, "MAIL FROM:<>").await?;
        let taken = sender.is_positive();
        talk.sender = Some(sender.text);
        if taken {
            for recipient in &self.probe.recipients {
                let reply = self.command(wire, &format!("RCPT TO:<{recipient}>")).await?;
                talk.recipients.push((recipient.clone(), reply.text));
            }
            if let Some(foreign) = &self.probe.foreign {
                self.command(wire, "RSET").await?;
                if self.command(wire, "MAIL FROM:<>").await?.is_positive() {
                    talk.foreign = Some(self.command(wire, &format!("RCPT TO:<{foreign}>")).await?.text);
                }
            }
        }
        self.leave(wire).await;
        Ok(())
    }

    /// One command, its reply. 421: the host is about to hang up (RFC 5321 §3.8).
    async fn command(&self, wire: &mut Wire<impl AsyncRead + AsyncWrite + Unpin>, line: &str) -> Result<Reply, Fault> {
        let began = Instant::now();
        let sent = timeout_at(self.inner.patience(self.until), wire.send(line)).await;
        sent.unwrap_or_else(|_| Err(late("does not listen", began)))?;
        let verb = line.split([' ', ':']).next().unwrap_or(line);
        let reply = self.hear(wire, &format!("no reply to {verb}")).await?;
        if reply.code == 421 { Err((Step::Answer, reply.text)) } else { Ok(reply) }
    }

    async fn hear(&self, wire: &mut Wire<impl AsyncRead + AsyncWrite + Unpin>, what: &str) -> Result<Reply, Fault> {
        let began = Instant::now();
        timeout_at(self.inner.patience(self.until), wire.reply()).await.unwrap_or_else(|_| Err(late(what, began)))
    }

    /// QUIT, and no more than one try's time for the goodbye.
    async fn leave(&self, wire: &mut Wire<impl AsyncRead + AsyncWrite + Unpin>) {
        let until = self.until.min(Instant::now() + self.inner.try_timeout);
        let goodbye = async {
            wire.send("QUIT").await?;
            wire.reply().await
        };
        let _ = timeout_at(until, goodbye).await;
    }
}
