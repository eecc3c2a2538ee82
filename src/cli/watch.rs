//! `postdoc watch NAME TYPE`

use super::args::{Format, Global, Watch as Args};
use super::exit::Exit;
use crate::report::json::{self, event};
use crate::report::{self, Shown};
use crate::watch::{self, End, Expect, Watch};
use crate::world::signal::Signals;
use crate::world::watch::{Wanted, Watcher};
use anyhow::{anyhow, bail};
use std::io::IsTerminal;

/// Waits, and tells every change in a line; the status says how it ended.
pub fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    if global.offline {
        bail!("watch asks DNS again and again: it cannot do so --offline");
    }
    global.names_as_they_are("watch")?;
    let wanted = Wanted {
        resolvers: vec![],
        name: watch::name(&args.name, args.kind).map_err(|e| anyhow!(e))?,
        kind: args.kind,
        expect: Expect::read(args.kind, &args.expect).map_err(|e| anyhow!(e))?,
        servers: args.server.iter().map(|s| server(s)).collect::<anyhow::Result<_>>()?,
        interval: args.interval,
        timeout: global.timeout.unwrap_or(watch::TIMEOUT),
    };
    let mut watcher = Watcher::new(&global.dns(), wanted)?;
    let signals = Signals::listen();
    let mut teller = Teller { global, style: super::look::style(global.color, false), broke: None };
    teller.tell(|t| t.opening(watcher.watch()));
    if teller.broke.is_none() {
        watcher.run(signals.stop(), |watch| {
            for news in watch.take_news() {
                teller.tell(|t| t.news(watch, &news));
            }
        });
    }
    teller.tell(|t| t.end(watcher.watch()));
    match teller.broke {
        Some(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(status(watcher.watch(), signals.came())),
    }
}

fn server(text: &str) -> anyhow::Result<String> {
    match text.parse::<std::net::IpAddr>() {
        Ok(ip) => Ok(ip.to_string()),
        Err(_) => watch::name(text, crate::evidence::Kind::A).map_err(|e| anyhow!(e)),
    }
}

fn status(watch: &Watch, signal: Option<u8>) -> Exit {
    match watch.end {
        Some(End::Agreed) => Exit::Clean,
        Some(End::Wrong) => Exit::Found,
        Some(End::TimedOut) => Exit::TimedOut,
        Some(End::Stopped) | None => Exit::Interrupted(signal.unwrap_or(2)),
    }
}

/// Says things in the format asked for, each line as it comes.
struct Teller<'a> {
    global: &'a Global,
    style: report::human::Style,
    /// Nobody reads any more.
    broke: Option<std::io::Error>,
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

    fn opening(&self, watch: &Watch) -> String {
        match self.global.format() {
            Format::Json | Format::Ndjson => json::line(&event::begun(watch), Shown::default()),
            Format::Human => report::watch::opening(watch, Shown::default()),
            Format::Plain | Format::Markdown => String::new(),
        }
    }

    fn news(&self, watch: &Watch, news: &watch::News) -> String {
        match self.global.format() {
            Format::Json | Format::Ndjson => json::line(&event::news(watch, news), Shown::default()),
            Format::Human if self.global.linear() => report::linear::news(watch, news, Shown::default()),
            Format::Human => report::watch::news(watch, news, self.style, Shown::default()),
            Format::Plain => report::watch::plain(watch, news, Shown::default()),
            Format::Markdown => String::new(),
        }
    }

    fn end(&self, watch: &Watch) -> String {
        match self.global.format() {
            Format::Json | Format::Ndjson => json::line(&event::done(watch), Shown::default()),
            Format::Human if self.global.linear() => report::linear::watched(watch, Shown::default()),
            Format::Human => {
                let bell = if std::io::stdout().is_terminal() && watch.end != Some(End::Stopped) { "\x07" } else { "" };
                format!("{}{bell}", report::watch::summary(watch, self.style, Shown::default()))
            }
            Format::Plain => format!(
                "{}\t{}\t\t\t\t{}\n",
                watch.elapsed().as_secs(),
                watch.end.map_or("interrupted", End::word),
                report::watch::result(watch)
            ),
            Format::Markdown => report::watch::markdown(watch, Shown::default()),
        }
    }
}
