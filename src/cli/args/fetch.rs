//! `postdoc fetch`

use super::Account;
use crate::fetch::Sought;
use crate::fetch::account::Server;
use crate::knowledge::mailbox::Tls;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Fetch {
    #[command(flatten)]
    pub mailboxes: Mailboxes,
    #[command(flatten)]
    pub account: Account,
    #[command(flatten)]
    pub sought: SoughtArgs,
    /// The message as it was sent, as a file: shows what was changed on the way. The case then keeps both bodies
    #[arg(long, value_name = "FILE")]
    pub sent: Option<String>,
    /// Keep the body in the saved case, not only the header
    #[arg(long)]
    pub keep_body: bool,
    /// Save no case
    #[arg(long, conflicts_with = "keep_body")]
    pub no_save: bool,
}

// The message that is waited for.
// (No doc comment: clap would take it for what the command is about.)
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SoughtArgs {
    /// The message with this marker, the value of its X-Postdoc-Test field
    #[arg(long, value_name = "MARKER", value_parser = Sought::marker)]
    pub marker: Option<Sought>,
    /// The message with this Message-ID
    #[arg(long, value_name = "ID", value_parser = Sought::message_id)]
    pub message_id: Option<Sought>,
    /// The message that arrived last
    #[arg(long)]
    pub newest: bool,
}

impl SoughtArgs {
    pub fn sought(&self) -> Sought {
        self.marker.clone().or_else(|| self.message_id.clone()).unwrap_or(Sought::Newest)
    }
}

// Mailboxes to look into.
// (No doc comment: clap would take it for what the command is about.)
#[derive(Clone, Debug, Default, Args)]
pub struct Mailboxes {
    /// An IMAP server as [USER@]HOST[:PORT], a provider's name (gmail), or an address of a known one (repeatable)
    #[arg(long, value_name = "[USER@]HOST[:PORT]", value_parser = Server::read)]
    pub imap: Vec<Server>,
    /// implicit (port 993), starttls (port 143) or none [default: by the port]
    #[arg(long, value_name = "MODE", requires = "imap")]
    pub imap_tls: Option<TlsArg>,
    /// A mailbox that the settings have a name for, as [mailboxes.NAME] (repeatable)
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub mailbox: Vec<String>,
    /// A Maildir on this machine (repeatable)
    #[arg(long, value_name = "DIR")]
    pub maildir: Vec<PathBuf>,
    /// An mbox file on this machine (repeatable)
    #[arg(long, value_name = "FILE")]
    pub mbox: Vec<PathBuf>,
    /// Folders to look into besides INBOX and the one of junk
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub folders: Vec<String>,
    /// Read only the header of the message
    #[arg(long)]
    pub header_only: bool,
}

impl Mailboxes {
    /// Is any named?
    pub fn any(&self) -> bool {
        !(self.mailbox.is_empty() && self.imap.is_empty() && self.maildir.is_empty() && self.mbox.is_empty())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TlsArg {
    Implicit,
    Starttls,
    None,
}

impl From<TlsArg> for Tls {
    fn from(arg: TlsArg) -> Tls {
        match arg {
            TlsArg::Implicit => Tls::Implicit,
            TlsArg::Starttls => Tls::Starttls,
            TlsArg::None => Tls::None,
        }
    }
}
