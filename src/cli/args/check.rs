//! `check`: which domains, and what DNS cannot tell of them.

use crate::evidence::said::{Part, Sending};
use crate::knowledge;
use clap::Args;
use std::net::IpAddr;

#[derive(Debug, Args)]
pub struct Check {
    /// Domains, or IP addresses
    #[arg(required = true)]
    pub domains: Vec<String>,
    /// DKIM selectors to look at
    #[arg(long, value_name = "S", num_args = 1.., value_parser = super::dkim::selector)]
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
    /// Messages a day that are planned: a new domain cannot send many at once
    #[arg(long, value_name = "N", value_parser = crate::warmup::log::numbers::number)]
    pub volume: Option<u64>,
    /// Your own counts: complaints=PERCENT,bounces=PERCENT,feedback-loops=yes|no
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = super::diagnose::sending)]
    pub sending: Option<Sending>,
    /// The domain sends no mail: judge it by what a silent one needs
    #[arg(long)]
    pub non_sending: bool,
    /// Write no case file
    #[arg(long)]
    pub no_save: bool,
}

fn part(word: &str) -> Result<Part, String> {
    let names = || Part::ALL.map(Part::word).join(", ");
    Part::ALL.into_iter().find(|p| p.word() == word.trim()).ok_or_else(|| format!("there is {}", names()))
}

pub fn platform(id: &str) -> Result<String, String> {
    let known = knowledge::platform::all().iter().find(|p| p.id.eq_ignore_ascii_case(id.trim()));
    let names = || knowledge::platform::all().iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ");
    known.map(|p| p.id.clone()).ok_or_else(|| format!("there is {}", names()))
}
