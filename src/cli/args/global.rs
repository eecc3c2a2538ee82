//! What every command takes.

use crate::rules::Severity;
use crate::world::addresses::AddressMap;
use crate::world::dns;
use crate::world::tls::Authorities;
use clap::{Args, ValueEnum};
use std::net::{IpAddr, SocketAddr};
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
    #[arg(long, global = true, value_name = "IP[:PORT]", value_parser = resolver)]
    pub resolver: Vec<SocketAddr>,
    /// One question, put again where no answer comes (a bare number is seconds)
    #[arg(long, global = true, value_name = "DURATION", default_value = "3s", value_parser = duration)]
    pub try_timeout: Duration,
    /// The whole command [default: 20s; watch: 1h; listen: no end]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
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
            timeout: self.timeout.unwrap_or(dns::Settings::default().timeout),
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

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string());
    }
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| "expected 500ms, 20s, 5m, 1h or a number of seconds".to_owned())?;
    Duration::try_from(span).map_err(|_| "a duration cannot be negative".into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
