//! `postdoc listen`

use super::args::{Format, Global, Listen as Args};
use super::exit::Exit;
use crate::listen::{Policy, Recipient, bind};
use crate::redact::Redaction;
use crate::report::json::{self, received as event};
use crate::report::{self, Shown};
use crate::world::dns::Settings;
use crate::world::listen::{Certificate, Heard, Limits, Options, Received, Server};
use crate::world::signal::Signals;
use crate::world::state;
use anyhow::{Context, anyhow, bail};
use std::path::Path;
use std::time::Instant;

/// Receives until told to stop, and tells of every message.
pub fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    if let Some(folder) = args.save.as_deref().filter(|folder| !folder.is_dir()) {
        bail!("{} is no folder: make it first", folder.display());
    }
    let began = Instant::now();
    let options = options(global, args)?;
    let recipients = options.policy.recipients.clone();
    let signals = Signals::listen();
    let (stop, patience) = (signals.clone(), global.timeout);
    let stop = async move {
        let waited = async {
            match patience {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stop.stop() => {}
            () = waited => {}
        }
    };
    let (server, heard) = Server::start(options, stop).map_err(|e| anyhow!(bind::refused(args.smtp, &e)))?;
    let mut teller = Teller { global, exit: Exit::Clean, broke: None, told: 0 };
    teller.tell(|t| t.opening(&server, &args.authserv_id, &recipients));
    for heard in heard {
        teller.heard(heard, args.save.as_deref())?;
        // Nobody reads any more: nothing more to receive for.
        if teller.broke.is_some() {
            server.stop();
        }
    }
    let came = signals.came();
    let short = args.count.is_some_and(|wanted| server.total().taken < wanted);
    let result = match came {
        Some(_) => "interrupted",
        None if short => "timed-out",
        None => "complete",
    };
    let (total, told) = (server.total(), teller.told);
    teller.tell(|t| match t.global.format() {
        Format::Json | Format::Ndjson => {
            json::line(&event::done(result, told, &total, began.elapsed(), t.now()), Shown::default())
        }
        Format::Human => report::received::closing(told, &total),
        Format::Plain | Format::Markdown => String::new(),
    });
    match teller.broke {
        Some(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(e.into()),
        _ => {}
    }
    let waited = if short && global.timeout.is_some() { Exit::TimedOut } else { Exit::Clean };
    Ok(came.map_or(teller.exit.and(waited), Exit::Interrupted))
}

fn options(global: &Global, args: &Args) -> anyhow::Result<Options> {
    let recipients = match &args.rcpt[..] {
        [] => vec![Recipient::new("test", &args.authserv_id)],
        named => named.to_vec(),
    };
    let certificate = match (&args.tls_cert, &args.tls_key) {
        (Some(chain), Some(key)) => Some(Certificate::read(chain, key)),
        _ if args.no_tls => None,
        _ => Some(Certificate::own(&args.authserv_id)),
    };
    let most = crate::world::limits::descriptors();
    if args.max_connections > most {
        super::tell(format_args!("this system lets one program hold {most} connections, fewer than --max-connections"));
    }
    Ok(Options {
        address: args.smtp,
        policy: Policy { size: args.max_size, ..Policy::new(&args.authserv_id, recipients) },
        certificate: certificate.transpose().map_err(|e| anyhow!(e))?,
        // `--timeout` is that of the whole command.
        settings: Settings { timeout: Settings::default().timeout, ..global.dns() },
        offline: global.offline,
        limits: Limits { connections: args.max_connections, per_client: args.max_per_client, ..Limits::default() },
        count: args.count,
        client: None,
        obeys: false,
        now: global.now,
    })
}

/// Says things in the format asked for, each as it comes.
struct Teller<'a> {
    global: &'a Global,
    exit: Exit,
    /// Nobody reads any more.
    broke: Option<std::io::Error>,
    /// Messages diagnosed.
    told: u64,
}

impl Teller<'_> {
    fn tell(&mut self, text: impl Fn(&Self) -> String) {
        if self.broke.is_none() {
            self.broke = match super::put(&text(self)) {
                Ok(true) => None,
                Ok(false) => Some(std::io::ErrorKind::BrokenPipe.into()),
                Err(e) => Some(e),
            };
        }
    }

    fn now(&self) -> jiff::Timestamp {
        self.global.now()
    }

    fn opening(&self, server: &Server, name: &str, recipients: &[Recipient]) -> String {
        // What arrives is told with stand-ins, but these are known to whoever started it.
        let (name, recipients) = match self.global.redact {
            true => ("this server", vec![]),
            false => (name, recipients.iter().map(ToString::to_string).collect::<Vec<_>>()),
        };
        match self.global.format() {
            Format::Json | Format::Ndjson => {
                json::line(&event::listening(server.address, name, &recipients, self.now()), Shown::default())
            }
            Format::Human => report::received::opening(server.address, name, &recipients),
            Format::Plain | Format::Markdown => String::new(),
        }
    }

    fn heard(&mut self, heard: Heard, save: Option<&Path>) -> anyhow::Result<()> {
        match heard {
            Heard::Received(received) => {
                self.told += 1;
                self.exit = self.exit.and(Exit::of(&received.diagnosis, self.global.fail_on.severity()));
                if let Some(folder) = save {
                    let path = folder.join(format!("{}.eml", received.id));
                    state::write_new(&path, &received.diagnosis.facts.evidence.input.original)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                }
                self.tell(|t| t.received(&received));
            }
            Heard::Refused { client, at, reply } => self.tell(|t| {
                let redaction = t.global.redact.then(|| Redaction::with([], &[client.to_string(), reply.clone()]));
                let shown = Shown { redaction: redaction.as_ref() };
                match t.global.format() {
                    Format::Json | Format::Ndjson => json::line(&event::refused(client, &reply, at), shown),
                    Format::Human => shown.block(&report::received::refused(client, &reply)),
                    Format::Plain | Format::Markdown => String::new(),
                }
            }),
            Heard::Broken { client, id, .. } => {
                self.exit = self.exit.and(Exit::Unknown);
                super::tell(format_args!(
                    "message {id} from {client} could not be diagnosed: a fault of postdoc; please report it"
                ));
            }
        }
        Ok(())
    }

    fn received(&self, received: &Received) -> String {
        let d = &received.diagnosis;
        let redaction = self.global.redact.then(|| Redaction::of(&d.facts));
        let shown = Shown { redaction: redaction.as_ref() };
        match self.global.format() {
            Format::Json | Format::Ndjson => json::line(&event::found(received), shown),
            Format::Plain => report::plain::diagnosis(d, shown),
            Format::Markdown => report::markdown::diagnosis(d, shown),
            Format::Human => {
                let style = super::look::style(self.global.color, self.global.verbose);
                report::received::message(received, style, shown) + &report::human::diagnosis(d, style, shown) + "\n"
            }
        }
    }
}
