//! `postdoc send`

use super::{Account, Mailboxes};
use crate::send::{self, Security};
use clap::{Args, ValueEnum};
use lettre::Address;
use lettre::message::Mailbox;
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Send {
    /// Who the message is from: an address, or `Ann <ann@example.com>` [default: of a --message its own From; of a
    /// saved server that of the settings]
    #[arg(long, value_name = "ADDRESS", value_parser = send::mailbox)]
    pub from: Option<Mailbox>,
    /// Who gets it; repeated, each gets a message of their own, all with the same marker
    #[arg(long, value_name = "ADDRESS", value_parser = send::address, required = true)]
    pub to: Vec<Address>,
    /// The envelope sender, `<>` for none [default: the address of --from]
    #[arg(long, value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// The server that sends for you, a name of the settings ([servers.NAME]), or `direct`: the receiver's own mail
    /// host, from this machine
    #[arg(long, value_name = "HOST[:PORT]|NAME|direct")]
    pub via: String,
    /// Which TLS [default: what fits the port; opportunistic on port 25]
    #[arg(long, value_name = "WHICH")]
    pub tls: Option<TlsArg>,
    #[command(flatten)]
    pub account: Account,
    /// The name in EHLO [default: that of this machine]
    #[arg(long, value_name = "NAME")]
    pub helo: Option<String>,
    /// The address of this machine that the connection comes from
    #[arg(long, value_name = "ADDRESS", value_parser = send::source)]
    pub source: Option<IpAddr>,
    #[arg(long, value_name = "TEXT")]
    pub subject: Option<String>,
    /// A text file above what every test message says of itself
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// A whole message of yours, sent as it is (`-`: from standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "body", "unsubscribe"])]
    pub message: Option<PathBuf>,
    /// List-Unsubscribe; with https: the one-click pair
    #[arg(long, value_name = "URL")]
    pub unsubscribe: Option<String>,
    /// Sign with this private key (PEM, RSA or Ed25519)
    #[arg(long, value_name = "FILE", requires = "dkim_selector")]
    pub dkim_key: Option<PathBuf>,
    /// The selector the key is published under
    #[arg(long, value_name = "S", requires = "dkim_key")]
    pub dkim_selector: Option<String>,
    /// The domain it is published at [default: that of --from]
    #[arg(long, value_name = "DOMAIN", requires = "dkim_key")]
    pub dkim_domain: Option<String>,
    /// Then wait for it in the mailbox it goes to, or in those the settings have these names for, and diagnose what
    /// arrived, held against what was sent
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', num_args = 0.., conflicts_with = "dry_run")]
    pub wait: Option<Vec<String>>,
    #[command(flatten)]
    pub mailboxes: Mailboxes,
    /// Do not try again where the server puts the message off on purpose (greylisting)
    #[arg(long)]
    pub no_retry: bool,
    /// Print the bytes, send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Send without asking
    #[arg(long)]
    pub yes: bool,
    /// Together with --yes: this recipient has not been written to before, and that is intended
    #[arg(long, requires = "yes")]
    pub new_recipient: bool,
    /// Write no case file
    #[arg(long)]
    pub no_save: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TlsArg {
    /// From the first byte (port 465)
    Implicit,
    /// STARTTLS, or nothing is sent (port 587)
    Starttls,
    /// STARTTLS where it is offered
    Opportunistic,
    /// In the clear
    None,
}

impl TlsArg {
    pub fn security(self) -> Security {
        match self {
            TlsArg::Implicit => Security::Implicit,
            TlsArg::Starttls => Security::Starttls,
            TlsArg::Opportunistic => Security::Opportunistic,
            TlsArg::None => Security::None,
        }
    }
}
