//! The user's settings: a TOML file that outweighs the defaults and yields to flags.

pub mod saved;
pub mod secret;
pub mod theme;

use crate::rules::Severity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
pub use theme::Theme;
use toml::{Spanned, Value};

/// The file with every setting explained and commented out.
pub const TEMPLATE: &str = include_str!("../../assets/config.toml");

/// What the file says; `None` where it leaves the default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    #[serde(deserialize_with = "resolvers")]
    pub resolver: Vec<SocketAddr>,
    #[serde(deserialize_with = "span")]
    pub try_timeout: Option<Duration>,
    #[serde(deserialize_with = "span")]
    pub timeout: Option<Duration>,
    pub in_flight: Option<usize>,
    pub offline: Option<bool>,
    pub ca_file: Option<PathBuf>,
    pub fail_on: Option<FailOn>,
    pub color: Option<Color>,
    pub redact: Option<bool>,
    pub theme: Option<Theme>,
    pub glyphs: Option<Glyphs>,
    pub motion: Option<bool>,
    pub linear: Option<bool>,
    pub cases: Cases,
    /// As they stand in the file: a complaint about a line of theirs needs its place.
    servers: saved::Tables,
    mailboxes: saved::Tables,
    #[serde(rename = "keys")]
    key_lines: BTreeMap<String, Spanned<Value>>,
    #[serde(skip)]
    pub saved: saved::Saved,
    #[serde(skip)]
    pub keys: Keys,
}

/// From which severity on the exit status is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum FailOn {
    From(Severity),
    Never(Never),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Never {
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Glyphs {
    Auto,
    Unicode,
    Ascii,
}

/// What becomes of saved cases.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Cases {
    /// Days after the last run; 0 for ever.
    pub keep_days: Option<u32>,
}

/// Keys of the app by the action's name, in the order of the file.
#[derive(Debug, Default)]
pub struct Keys {
    pub preset: Option<Preset>,
    pub actions: BTreeMap<String, KeyNames>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    #[default]
    Default,
    Emacs,
}

/// One key, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text in quotes, or a list of them")]
pub enum KeyNames {
    One(String),
    Several(Vec<String>),
}

impl Keys {
    /// What the lines of `[keys]` say; else where one is that cannot be used, and why.
    fn read(lines: &BTreeMap<String, Spanned<Value>>) -> Result<Keys, (usize, String)> {
        let mut keys = Keys::default();
        for (name, line) in lines {
            let value = line.get_ref().clone();
            let bad = |why: &str| (line.span().start, format!("{name}: {why}"));
            match name.as_str() {
                "preset" => keys.preset = Some(value.try_into().map_err(|_| bad("expected default or emacs"))?),
                _ => {
                    let names = value.try_into().map_err(|_| bad("expected a key in quotes, or a list of them"))?;
                    keys.actions.insert(name.clone(), names);
                }
            }
        }
        Ok(keys)
    }
}

impl KeyNames {
    /// The names; an empty one stands for no key at all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            KeyNames::One(name) => std::slice::from_ref(name),
            KeyNames::Several(names) => names,
        };
        all.iter().map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// Why settings cannot be used: what, where, and the line itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl Config {
    /// Reads a settings file.
    pub fn read(text: &str) -> Result<Config, BadConfig> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count();
        let mut config: Config = toml::from_str(text).map_err(|e: toml::de::Error| {
            // The parser quotes the line, and whoever wrote a password there would read it on a screen.
            let place = e.span().map(|span| line(span.start));
            match place.filter(|n| tells_a_secret(text.lines().nth(*n).unwrap_or_default())) {
                Some(n) => BadConfig(format!("line {}: {}", n + 1, e.message())),
                None => BadConfig(e.to_string().trim_end().to_owned()),
            }
        })?;
        // Tables in which a secret may stand by mistake: the line is named, not quoted.
        let named = |(at, why): (usize, String)| BadConfig(format!("line {}: {why}", line(at) + 1));
        config.saved = saved::Saved {
            servers: saved::read(&config.servers).map_err(named)?,
            mailboxes: saved::read(&config.mailboxes).map_err(named)?,
        };
        config.keys = Keys::read(&config.key_lines).map_err(|(at, why)| quoted(text, line(at), &why))?;
        Ok(config)
    }
}

fn tells_a_secret(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default();
    ["pass", "token", "secret"].iter().any(|word| key.to_ascii_lowercase().contains(word))
}

/// A complaint about a line of the file that TOML itself has nothing against, with the line.
pub fn complain(text: &str, key: &str, what: &str) -> BadConfig {
    place(text, key).map_or_else(|| BadConfig(what.to_owned()), |n| quoted(text, n, what))
}

/// A complaint with the line it is about.
fn quoted(text: &str, n: usize, what: &str) -> BadConfig {
    let line = text.lines().nth(n).unwrap_or_default();
    BadConfig(format!("line {}: {what}\n  |\n  | {}\n  |", n + 1, line.trim_end()))
}

/// The line on which a key of `[keys]` is set.
fn place(text: &str, key: &str) -> Option<usize> {
    let table = text.lines().position(|line| line.trim() == "[keys]")?;
    let sets = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    text.lines().enumerate().skip(table).find(|(_, line)| sets(line)).map(|(n, _)| n)
}

/// An address of a resolver, with a port if not 53.
pub fn resolver(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| "expected an IP address, with a port if not 53: 192.0.2.53 or [2001:db8::53]:5353".into())
}

/// A length of time: `500ms`, `20s`, `5m`, `1h`, or seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string());
    }
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| "expected 500ms, 20s, 5m, 1h or a number of seconds".to_owned())?;
    Duration::try_from(span).map_err(|_| "a duration cannot be negative".into())
}

fn resolvers<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<SocketAddr>, D::Error> {
    let names = KeyNames::deserialize(from)?;
    names.names().map(|name| resolver(name).map_err(serde::de::Error::custom)).collect()
}

fn span<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    duration(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template with every setting switched on.
    fn switched_on() -> String {
        let sets = |line: &str| line.starts_with('[') || line.split(' ').nth(1) == Some("=");
        let set = |line: &str| line.strip_prefix("# ").filter(|l| sets(l)).map(str::to_owned);
        TEMPLATE.lines().map(|line| set(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
    }

    #[test]
    fn the_template_is_valid_and_changes_nothing() {
        let config = Config::read(TEMPLATE).unwrap();
        assert!(config.resolver.is_empty() && config.fail_on.is_none() && config.keys.actions.is_empty());
        let all = Config::read(&switched_on()).unwrap();
        assert_eq!(all.try_timeout, Some(Duration::from_secs(3)));
        assert_eq!(all.theme.and_then(|t| t.preset), Some(theme::Preset::Auto));
        assert_eq!((all.fail_on, all.color), (Some(FailOn::From(Severity::High)), Some(Color::Auto)));
        assert_eq!((all.cases.keep_days, all.keys.preset), (Some(30), Some(Preset::Default)));
        assert_eq!(all.keys.actions["filter"].names().collect::<Vec<_>>(), ["/", "ctrl-f"]);
        assert_eq!((all.saved.servers.len(), all.saved.mailboxes.len()), (1, 1));
    }

    #[test]
    fn an_error_shows_its_line() {
        for (text, part) in [
            ("offline = true\nresolvr = []\n", "line 2"),
            ("resolver = [\"ns.example.com\"]\n", "expected an IP address"),
            ("try-timeout = \"soon\"\n", "expected 500ms"),
            ("resolver = 1\n", "expected a text in quotes, or a list of them"),
            ("[keys]\n\ncopy_value = 1\n", "line 3: copy_value: expected a key in quotes"),
            ("[keys]\nfilter = \"/\"\npreset = \"vi\"\n", "line 3: preset: expected default or emacs"),
        ] {
            let error = Config::read(text).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("line "), "{error}");
        }
        let error = complain("theme = \"dark\"\n[keys]\ncopy_value = \"q\"\n", "copy_value", "q is taken").to_string();
        assert!(error.starts_with("line 3: q is taken") && error.contains("copy_value = \"q\""), "{error}");
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
}
