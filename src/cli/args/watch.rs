//! `postdoc watch`

use super::global::duration;
use crate::evidence::{Kind, zone_line};
use crate::watch;
use clap::Args;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct Watch {
    /// The record's name
    pub name: String,
    /// Its type, as TXT
    #[arg(value_parser = kind)]
    pub kind: Kind,
    /// What should be there (repeatable; `--expect ""`: nothing); without it, until all say the same
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub expect: Vec<String>,
    /// Ask this name server too, by name or address, whether or not the zone is delegated to it
    #[arg(long, value_name = "NAME|IP")]
    pub server: Vec<String>,
    /// One question to each server in this time; a cache is not asked before its answer expires
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = interval)]
    pub interval: Duration,
}

fn kind(word: &str) -> Result<Kind, String> {
    zone_line::kind(word).ok_or_else(|| "expected A, AAAA, CAA, CNAME, DS, MX, NS, PTR, SOA, TLSA or TXT".into())
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < watch::SHORTEST { Err("servers are asked once a second at most".into()) } else { Ok(interval) }
}
