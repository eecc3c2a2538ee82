//! `onboard`: which domain, and what only its owner knows.

use super::fix::{To, dns_host};
use crate::onboarding::signer::Signer;
use crate::onboarding::told::{Host, Server};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Onboard {
    /// The new sending domain; several are set up side by side
    #[arg(required = true)]
    pub domains: Vec<String>,
    /// Print the checklist and exit
    #[arg(long)]
    pub plan: bool,
    /// A platform that will send, by id (repeatable)
    #[arg(long, value_name = "P", value_parser = super::check::platform)]
    pub platform: Vec<String>,
    /// A server of your own that will send: 192.0.2.4=mta.example.com (repeatable)
    #[arg(long, visible_alias = "ip", value_name = "IP[=NAME]", value_parser = Server::read)]
    pub server: Vec<Server>,
    /// The selector of your own servers' DKIM key [default: s1]
    #[arg(long, value_name = "S", value_parser = super::dkim::selector)]
    pub selector: Option<String>,
    /// The record of that key, as `postdoc dkim keygen` prints its value
    #[arg(long, value_name = "TEXT", conflicts_with = "make_key")]
    pub dkim_record: Option<String>,
    /// Make that key now: the private half to this new file
    #[arg(long, value_name = "FILE", requires = "server")]
    pub make_key: Option<PathBuf>,
    /// The program that signs with it: opendkim, rspamd, postfix, exim, akmta, gomail, stalwart
    #[arg(long = "for", value_name = "PROGRAM", value_parser = super::dkim::signer)]
    pub signer: Option<Signer>,
    /// A selector that a platform's portal shows, where it makes names of its own (repeatable)
    #[arg(long, value_name = "S", value_parser = super::dkim::selector)]
    pub platform_selector: Vec<String>,
    /// The domain that bounces of your own servers go to
    #[arg(long, value_name = "DOMAIN", value_parser = host)]
    pub bounce: Option<String>,
    /// A host of links or pixels: click.example.com=192.0.2.2, or =name it is an alias of (repeatable)
    #[arg(long, value_name = "HOST[=TARGET]", value_parser = Host::read)]
    pub tracking: Vec<Host>,
    /// The mailbox for DMARC and TLS reports
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    pub reports: Option<String>,
    /// A host that takes mail for the domain (repeatable, the first one first)
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub mx: Vec<String>,
    /// Does the domain take mail?
    #[arg(long, value_name = "YES|NO")]
    pub receives: Option<YesNo>,
    /// The DNS host the records are typed in at
    #[arg(long, value_name = "NAME", value_parser = dns_host)]
    pub dns_host: Option<String>,
    /// Messages a day in the end
    #[arg(long, value_name = "N", value_parser = crate::warmup::log::numbers::number)]
    pub volume: Option<u64>,
    /// Leave a step out, by its id; it stays "not done" (repeatable)
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// A message that arrived (its header is enough) or a DMARC report: what its receiver says of mail from the domain
    #[arg(long, value_name = "FILE")]
    pub proof: Option<String>,
    /// Propose the stronger DMARC policy before anything proved that your own mail is aligned
    #[arg(long)]
    pub raise_dmarc: bool,
    /// A name that is to send nothing
    #[arg(long, conflicts_with_all = ["platform", "server"])]
    pub non_sending: bool,
    /// Ask blocklists about the addresses and the domain: it tells them both
    #[arg(long)]
    pub blocklists: bool,
    /// Talk SMTP to the domain's own mail hosts, up to RCPT TO
    #[arg(long)]
    pub probe_mx: bool,
    /// Look at the hosts of links over HTTPS, and at port 80 of your own servers
    #[arg(long)]
    pub probe_hosts: bool,
    /// Ask the registry how old the domain is (RDAP over HTTPS)
    #[arg(long)]
    pub rdap: bool,
    /// Only the records that can be published as they stand, in the words of another program
    #[arg(long, value_name = "PROGRAM")]
    pub to: Option<To>,
    /// Keep nothing: neither a case nor the answers
    #[arg(long)]
    pub no_save: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    Yes,
    No,
}

fn host(text: &str) -> Result<String, String> {
    crate::facts::dkim::name::domain(text.trim()).ok_or_else(|| format!("{text:?} is no domain"))
}

/// An address that can stand in a record.
pub fn mailbox(text: &str) -> Result<String, String> {
    let text = text.trim().trim_start_matches("mailto:");
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | ';' | '<' | '>' | '"' | '!');
    match text.split_once('@') {
        Some((local, domain)) if !local.is_empty() && text.chars().all(plain) && domain.contains('.') => {
            Ok(text.to_owned())
        }
        _ => Err(format!("{text:?} is no address like dmarc@example.com")),
    }
}
