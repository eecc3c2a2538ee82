//! `fix`: what is to be cured, in whose words, for which DNS host.

use crate::knowledge;
use crate::report::export::Format;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct Fix {
    /// A file with a message, a header block or a record; a domain; `-` or none reads standard input
    pub input: Option<String>,
    /// The records as another program wants them
    #[arg(long, value_name = "LANGUAGE")]
    pub to: Option<To>,
    /// Who runs the DNS, by id or name, where the name servers do not tell or another is meant
    #[arg(long, value_name = "NAME", value_parser = dns_host)]
    pub dns_host: Option<String>,
    /// Cure one of the built-in examples
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    pub sample: Option<String>,
    /// Write no case file
    #[arg(long)]
    pub no_save: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// Lines of a zone file
    Zone,
    /// A change batch for `aws route53 change-resource-record-sets`
    Route53,
    /// A file for Cloudflare's import
    Cloudflare,
    /// The body of Cloudflare's dns_records/batch
    CloudflareApi,
    /// Resources for the provider of the DNS host
    Terraform,
    /// For dnsconfig.js
    Dnscontrol,
    /// For the zone's YAML file
    Octodns,
    /// For a ticket
    Markdown,
    /// Everything, with a schema
    Json,
}

impl To {
    /// The language of a program; `None` for words to people and for JSON.
    pub fn format(self) -> Option<Format> {
        Some(match self {
            To::Zone => Format::Zone,
            To::Route53 => Format::Route53,
            To::Cloudflare => Format::Cloudflare,
            To::CloudflareApi => Format::CloudflareApi,
            To::Terraform => Format::Terraform,
            To::Dnscontrol => Format::DnsControl,
            To::Octodns => Format::OctoDns,
            To::Markdown | To::Json => return None,
        })
    }
}

pub fn dns_host(name: &str) -> Result<String, String> {
    let wanted = name.trim();
    let all = knowledge::host::all();
    let known = all.iter().find(|h| h.id.eq_ignore_ascii_case(wanted) || h.name.eq_ignore_ascii_case(wanted));
    let names = || all.iter().map(|h| h.id.as_str()).collect::<Vec<_>>().join(", ");
    known.map(|h| h.id.clone()).ok_or_else(|| format!("there is {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_goes_by_id_or_name() {
        assert_eq!(dns_host("GoDaddy").as_deref(), Ok("godaddy"));
        assert_eq!(dns_host("amazon route 53").as_deref(), Ok("route53"));
        assert!(dns_host("nobody").unwrap_err().contains("cloudflare"));
    }
}
