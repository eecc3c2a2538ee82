//! What every command takes.

pub(super) use crate::config::duration;
use crate::config::saved::Saved;
use crate::config::{self, Config};
use crate::rules::Severity;
use crate::world::addresses::AddressMap;
use crate::world::dns;
use crate::world::tls::Authorities;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct Global {
    /// human, plain (tab separated), json, ndjson, markdown
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Short for -f json
    #[arg(long, global = true, conflicts_with = "format")]
    pub json: bool,
    /// No packet leaves this machine
    #[arg(long, global = true)]
    pub offline: bool,
    /// Ask this recursive resolver (repeatable)
    #[arg(long, global = true, value_name = "IP[:PORT]", value_parser = config::resolver)]
    pub resolver: Vec<SocketAddr>,
    /// One question, put again where no answer comes (a bare number is seconds)
    #[arg(long, global = true, value_name = "DURATION", default_value = "3s", value_parser = config::duration)]
    pub try_timeout: Duration,
    /// The whole command [default: 20s; send, fetch: 5m; watch: 1h; listen: no end]
    #[arg(long, global = true, value_name = "DURATION", value_parser = config::duration)]
    pub timeout: Option<Duration>,
    /// DNS questions in flight at most
    #[arg(long, global = true, value_name = "N", default_value_t = dns::Settings::default().in_flight)]
    pub in_flight: usize,
    /// What stands in for which server, as in `192.0.2.53:53=127.0.0.1:5353,*:25=127.0.0.1:2525`: for tests and labs
    #[arg(long, global = true, hide = true, env = "POSTDOC_ADDRESS_MAP", value_name = "MAP")]
    pub address_map: Option<AddressMap>,
    /// Trust the certificate authorities of this PEM file too
    #[arg(long, global = true, env = "POSTDOC_CA_FILE", value_name = "FILE", value_parser = Authorities::read)]
    pub ca_file: Option<Authorities>,
    /// Exit with 1 from this severity on
    #[arg(long, global = true, value_name = "SEVERITY", default_value = "high")]
    pub fail_on: FailOn,
    /// Take this for the present time
    #[arg(long, global = true, value_name = "RFC3339")]
    pub now: Option<jiff::Timestamp>,
    /// Stand-ins for domains, persons, subjects, message-ids and addresses of machines, the same one each time
    #[arg(long, global = true)]
    pub redact: bool,
    /// Questions, numbered lists and one fact a line in place of a screen, for screen readers; ACCESSIBLE=1 and TERM=dumb
    /// do the same on a terminal
    #[arg(long, global = true)]
    pub linear: bool,
    /// Read this settings file [default: see `postdoc config path`]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More: consequences in full, and what was saved where
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// What the settings have a name for.
    #[arg(skip)]
    pub saved: Saved,
}

impl Global {
    /// The format asked for, or the one that fits.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or(Format::Human) }
    }

    /// Refuses `--redact` where nothing is diagnosed that could tell names from words.
    pub fn names_as_they_are(&self, what: &str) -> anyhow::Result<()> {
        if self.redact {
            anyhow::bail!("{what} shows names as they are: leave out --redact, and `redact` in the settings");
        }
        Ok(())
    }

    /// Is it to be told by ear? A format that was asked for outweighs it.
    pub fn linear(&self) -> bool {
        self.linear && self.format.is_none() && !self.json
    }

    pub fn dns(&self) -> dns::Settings {
        dns::Settings {
            resolvers: self.resolver.clone(),
            try_timeout: self.try_timeout,
            timeout: self.timeout.unwrap_or(dns::Settings::default().timeout),
            addresses: self.address_map.clone().unwrap_or_default(),
            in_flight: self.in_flight,
            authorities: self.ca_file.clone().unwrap_or_default(),
            rspamd_password: None,
        }
    }

    pub fn now(&self) -> jiff::Timestamp {
        self.now.unwrap_or_else(jiff::Timestamp::now)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Plain,
    Json,
    Ndjson,
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

impl When {
    /// What the user insists on.
    pub fn forced(self) -> Option<bool> {
        match self {
            When::Auto => None,
            When::Always => Some(true),
            When::Never => Some(false),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    /// `None` for never.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Info => Some(Severity::Info),
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
            FailOn::Critical => Some(Severity::Critical),
            FailOn::Never => None,
        }
    }
}

impl From<config::FailOn> for FailOn {
    fn from(wanted: config::FailOn) -> FailOn {
        match wanted {
            config::FailOn::Never(_) => FailOn::Never,
            config::FailOn::From(Severity::Info) => FailOn::Info,
            config::FailOn::From(Severity::Low) => FailOn::Low,
            config::FailOn::From(Severity::Medium) => FailOn::Medium,
            config::FailOn::From(Severity::High) => FailOn::High,
            config::FailOn::From(Severity::Critical) => FailOn::Critical,
        }
    }
}

/// Who has the say on a setting: the command line, the file, or nobody.
#[derive(Debug, Default)]
pub struct Given {
    flags: Vec<&'static str>,
    file: Vec<&'static str>,
}

/// The flags that the settings file can stand in for, as clap and the file call them.
const SETTINGS: &[(&str, &str)] = &[
    ("resolver", "resolver"),
    ("try_timeout", "try-timeout"),
    ("timeout", "timeout"),
    ("in_flight", "in-flight"),
    ("offline", "offline"),
    ("ca_file", "ca-file"),
    ("fail_on", "fail-on"),
    ("color", "color"),
    ("redact", "redact"),
    ("linear", "linear"),
];

impl Given {
    /// Which flags were given.
    pub fn on(matches: &ArgMatches) -> Given {
        let given = |id: &str| {
            let source = matches.try_contains_id(id).is_ok().then(|| matches.value_source(id)).flatten();
            source.is_some_and(|source| source != ValueSource::DefaultValue)
        };
        let flags = SETTINGS.iter().filter(|(id, _)| given(id)).map(|(_, name)| *name).collect();
        Given { flags, file: Vec::new() }
    }

    /// `flag`, `file` or `default`.
    pub fn origin(&self, setting: &str) -> &'static str {
        match () {
            _ if self.flags.contains(&setting) => "flag",
            _ if self.file.contains(&setting) => "file",
            _ => "default",
        }
    }

    /// May the file say what this is? Notes that it did.
    fn open(&mut self, setting: &'static str, says: bool) -> bool {
        let open = says && !self.flags.contains(&setting);
        self.file.extend(open.then_some(setting));
        open
    }
}

impl Global {
    /// Fills in from the settings file what no flag says.
    pub fn settle(&mut self, config: &Config, given: &mut Given) -> Result<(), String> {
        self.saved = config.saved.clone();
        given.open("servers", !config.saved.servers.is_empty());
        given.open("mailboxes", !config.saved.mailboxes.is_empty());
        if given.open("resolver", !config.resolver.is_empty()) {
            self.resolver.clone_from(&config.resolver);
        }
        if let Some(span) = config.try_timeout.filter(|_| given.open("try-timeout", config.try_timeout.is_some())) {
            self.try_timeout = span;
        }
        if given.open("timeout", config.timeout.is_some()) {
            self.timeout = config.timeout;
        }
        if let Some(n) = config.in_flight.filter(|_| given.open("in-flight", config.in_flight.is_some())) {
            self.in_flight = n;
        }
        self.offline |= given.open("offline", config.offline == Some(true));
        self.redact |= given.open("redact", config.redact == Some(true));
        given.open("linear", config.linear.is_some());
        if let Some(path) = config.ca_file.as_ref().filter(|_| given.open("ca-file", config.ca_file.is_some())) {
            self.ca_file = Some(Authorities::read(&path.to_string_lossy())?);
        }
        if let Some(wanted) = config.fail_on.filter(|_| given.open("fail-on", config.fail_on.is_some())) {
            self.fail_on = wanted.into();
        }
        if let Some(wanted) = config.color.filter(|_| given.open("color", config.color.is_some())) {
            self.color = match wanted {
                config::Color::Auto => When::Auto,
                config::Color::Always => When::Always,
                config::Color::Never => When::Never,
            };
        }
        Ok(())
    }
}
