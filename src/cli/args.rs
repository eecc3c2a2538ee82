//! Arguments, as the contract has them.

use crate::evidence::InputKind;
use crate::evidence::said::{Configured, Part};
use crate::knowledge;
use crate::rules::Severity;
use crate::world::addresses::AddressMap;
use crate::world::dns;
use crate::world::tls::Authorities;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The mail doctor in a terminal: reads a message or its header, says why mail fails, hands over the cure.
#[derive(Debug, Parser)]
#[command(name = "postdoc", version, args_conflicts_with_subcommands = true, max_term_width = 100, after_help = EXITS)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A file, or `-` for standard input. Opens the app; without a terminal, diagnoses
    pub input: Option<String>,
    #[command(flatten)]
    pub global: Global,
}

const EXITS: &str = "Exit status:
  0  ran; nothing at or above --fail-on
  1  ran; a finding at or above it
  2  usage or configuration error
  3  cannot tell, or an input could not be read; and nothing worse was found
  130, 143  interrupted; the partial result was printed

Diagnosing sends out nothing but DNS questions; --offline not even those.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Diagnose a message, a header block or a DNS record
    Diagnose(Box<Diagnose>),
    /// Ask DNS everything about sending domains, and explain the answer
    Check(Box<Check>),
    /// Evaluate the SPF record of a domain: the tree with its cost, and what an address gets
    Spf(Spf),
    /// Explain a rule, an enhanced status code, an SMTP reply, or a header field with its value
    Explain(Explain),
    /// List the rules
    Rules,
    /// Print a JSON Schema
    Schema(Schema),
    /// List the keys of the app
    Keys,
    /// Saved evidence: list it, show it, run it again
    Cases(Cases),
    /// Reopen the last case, or the one named
    Resume(Resume),
    /// What this program sees of its surroundings: terminal, clipboard, DNS, folders
    Doctor,
}

#[derive(Debug, Args)]
pub struct Diagnose {
    /// Files; `-` or none reads standard input
    pub files: Vec<String>,
    /// What the input is
    #[arg(long = "as", value_name = "KIND", default_value = "auto")]
    pub kind: KindArg,
    /// Address of the client that delivered the message
    #[arg(long)]
    pub ip: Option<IpAddr>,
    /// The name it gave in HELO or EHLO
    #[arg(long)]
    pub helo: Option<String>,
    /// The envelope sender, address or domain
    #[arg(long)]
    pub mail_from: Option<String>,
    /// Believe the Authentication-Results of this authserv-id
    #[arg(long, value_name = "AUTHSERV-ID")]
    pub trust: Option<String>,
    /// Diagnose one of the built-in examples
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    pub sample: Option<String>,
    /// What the panel or signer is said to be set to: from=…,mail-from=…,mail-from-type=…,helo=…,selector=…,secondary-selector=…,ip=…,pool=…,virtual-sender=…,template-sender=…
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = configured)]
    pub configured: Option<Configured>,
    /// Keep the message's body in the case file
    #[arg(long)]
    pub keep_body: bool,
    /// Write no case file
    #[arg(long)]
    pub no_save: bool,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Domains, or IP addresses
    #[arg(required = true)]
    pub domains: Vec<String>,
    /// DKIM selectors to look at
    #[arg(long, value_name = "S", num_args = 1..)]
    pub selector: Vec<String>,
    /// Addresses that send for the domain
    #[arg(long, value_name = "ADDR", num_args = 1..)]
    pub ip: Vec<IpAddr>,
    /// The name the sending server gives in HELO or EHLO
    #[arg(long)]
    pub helo: Option<String>,
    /// Platforms that send for the domain, by id (`postdoc check --platform nonsense` lists them)
    #[arg(long, value_name = "P", num_args = 1.., value_parser = platform)]
    pub platform: Vec<String>,
    /// Only these: ns,mx,spf,dkim,dmarc,bimi,mta-sts,tls-rpt,caa,ptr,dnssec,blocklists
    #[arg(long, value_name = "PART,…", value_delimiter = ',', value_parser = part)]
    pub only: Vec<Part>,
    /// Ask blocklists about the addresses and the domain: it tells them both
    #[arg(long)]
    pub blocklists: bool,
    /// Talk SMTP to the domain's own mail hosts, up to RCPT TO
    #[arg(long)]
    pub probe_mx: bool,
    /// Another recipient to offer them, beside postmaster and abuse
    #[arg(long, value_name = "ADDRESS", num_args = 1.., requires = "probe_mx")]
    pub recipient: Vec<String>,
    /// Ask the registry how old the domain is (RDAP over HTTPS)
    #[arg(long)]
    pub rdap: bool,
    /// The domain sends no mail: judge it by what a silent one needs
    #[arg(long)]
    pub non_sending: bool,
    /// Write no case file
    #[arg(long)]
    pub no_save: bool,
}

#[derive(Debug, Args)]
pub struct Spf {
    /// Domains; without --ip every branch is opened as if nothing matched
    #[arg(required = true)]
    pub domains: Vec<String>,
    /// The client's address
    #[arg(long)]
    pub ip: Option<IpAddr>,
    /// The envelope sender; by default the postmaster of the domain
    #[arg(long, value_name = "ADDR", requires = "ip", allow_hyphen_values = true)]
    pub sender: Option<String>,
    /// The name the client gives in HELO or EHLO
    #[arg(long, value_name = "NAME", requires = "ip", allow_hyphen_values = true)]
    pub helo: Option<String>,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A rule id, `5.7.26`, "550 5.7.26 …", or "X-Yandex-Spam: 4"
    #[arg(required = true)]
    pub what: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// Which; none lists them
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct Cases {
    #[command(subcommand)]
    pub action: CasesAction,
}

#[derive(Debug, Subcommand)]
pub enum CasesAction {
    /// List saved cases, newest first
    List,
    /// Print the diagnosis of a case
    Show { case: String },
    /// Replay a case from its own evidence: no network, the same bytes
    Rerun { case: String },
    /// Remove a case
    Rm { case: String },
}

#[derive(Debug, Args)]
pub struct Resume {
    /// A case id or its first characters; none takes the last
    pub case: Option<String>,
}

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
    #[arg(long, global = true, value_name = "IP[:PORT]", value_parser = resolver)]
    pub resolver: Vec<SocketAddr>,
    /// One question, put again where no answer comes (a bare number is seconds)
    #[arg(long, global = true, value_name = "DURATION", default_value = "3s", value_parser = duration)]
    pub try_timeout: Duration,
    /// The whole command
    #[arg(long, global = true, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    pub timeout: Duration,
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
    /// Stand-ins for persons, subjects, message-ids and addresses of machines
    #[arg(long, global = true)]
    pub redact: bool,
    /// Colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More: consequences in full, and what was saved where
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

impl Global {
    /// The format asked for, or the one that fits.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or(Format::Human) }
    }

    pub fn dns(&self) -> dns::Settings {
        dns::Settings {
            resolvers: self.resolver.clone(),
            try_timeout: self.try_timeout,
            timeout: self.timeout,
            addresses: self.address_map.clone().unwrap_or_default(),
            in_flight: self.in_flight,
            authorities: self.ca_file.clone().unwrap_or_default(),
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
pub enum KindArg {
    Auto,
    Message,
    Headers,
    Bounce,
    Reply,
    Record,
    Report,
}

impl KindArg {
    /// `None`: let the recogniser decide.
    pub fn kind(self) -> Option<InputKind> {
        match self {
            KindArg::Auto => None,
            KindArg::Message => Some(InputKind::Message),
            KindArg::Headers => Some(InputKind::Headers),
            KindArg::Bounce => Some(InputKind::Bounce),
            KindArg::Reply => Some(InputKind::Reply),
            KindArg::Record => Some(InputKind::Record),
            KindArg::Report => Some(InputKind::Report),
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

fn resolver(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| "expected an IP address, with a port if not 53: 192.0.2.53 or [2001:db8::53]:5353".into())
}

fn part(word: &str) -> Result<Part, String> {
    let names = || Part::ALL.map(Part::word).join(", ");
    Part::ALL.into_iter().find(|p| p.word() == word.trim()).ok_or_else(|| format!("there is {}", names()))
}

fn platform(id: &str) -> Result<String, String> {
    let known = knowledge::platform::all().iter().find(|p| p.id.eq_ignore_ascii_case(id.trim()));
    let names = || knowledge::platform::all().iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ");
    known.map(|p| p.id.clone()).ok_or_else(|| format!("there is {}", names()))
}

fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string());
    }
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| "expected 500ms, 20s, 5m, 1h or a number of seconds".to_owned())?;
    Duration::try_from(span).map_err(|_| "a duration cannot be negative".into())
}

fn configured(text: &str) -> Result<Configured, String> {
    let mut c = Configured::default();
    for pair in text.split(',').filter(|p| !p.trim().is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not KEY=VALUE"))?;
        let value = value.trim().to_owned();
        let slot = match key.trim() {
            "from" => &mut c.from,
            "mail-from" => &mut c.mail_from,
            "mail-from-type" => &mut c.mail_from_type,
            "helo" => &mut c.helo,
            "selector" => &mut c.selector,
            "secondary-selector" => &mut c.secondary_selector,
            "pool" => &mut c.pool,
            "virtual-sender" => &mut c.virtual_sender,
            "template-sender" => &mut c.template_sender,
            "ip" => {
                c.ip = Some(value.parse().map_err(|_| format!("{value:?} is not an IP address"))?);
                continue;
            }
            other => {
                return Err(format!(
                    "{other:?} is not known; use from, mail-from, mail-from-type, helo, selector, secondary-selector, ip, pool, virtual-sender, template-sender"
                ));
            }
        };
        *slot = Some(value);
    }
    Ok(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_and_resolvers() {
        assert_eq!(duration("2").unwrap(), Duration::from_secs(2));
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("5m").unwrap(), Duration::from_secs(300));
        assert!(duration("-1").is_err());
        assert!(duration("soon").is_err());
        assert_eq!(resolver("192.0.2.53").unwrap().port(), 53);
        assert_eq!(resolver("[2001:db8::53]:5353").unwrap().port(), 5353);
        assert_eq!(resolver("2001:db8::53").unwrap().port(), 53);
        assert!(resolver("ns.example.com").is_err());
    }

    #[test]
    fn stated_settings_name_what_they_do_not_know() {
        let c = configured("from=example.com, selector=s1,ip=192.0.2.4").unwrap();
        assert_eq!(c.from.as_deref(), Some("example.com"));
        assert_eq!(c.selector.as_deref(), Some("s1"));
        assert!(c.ip.is_some());
        assert!(configured("form=example.com").unwrap_err().contains("mail-from"));
        assert!(configured("from").unwrap_err().contains("KEY=VALUE"));
    }
}
