//! `spf`: whose record, and for which client.

use clap::Args;
use std::net::IpAddr;

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
