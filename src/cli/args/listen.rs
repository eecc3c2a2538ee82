//! `postdoc listen`

use crate::listen::Recipient;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Listen {
    /// Where to listen: 0.0.0.0:25, [::]:25, 127.0.0.1:2525
    #[arg(long, value_name = "ADDR:PORT")]
    pub smtp: SocketAddr,
    /// The name of this server, as senders see it and as Authentication-Results bear it
    #[arg(long, value_name = "NAME", value_parser = crate::listen::name)]
    pub authserv_id: String,
    /// Take mail for this address, or @domain for all of one (repeatable) [default: test@NAME]
    #[arg(long, value_name = "ADDRESS")]
    pub rcpt: Vec<Recipient>,
    /// The certificate of STARTTLS with its chain, PEM; without it a self-signed one is made
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Offer no STARTTLS
    #[arg(long, conflicts_with = "tls_cert")]
    pub no_tls: bool,
    /// End after so many messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Write each message as it was delivered into this folder
    #[arg(long, value_name = "FOLDER")]
    pub save: Option<PathBuf>,
    /// Bytes of one message
    #[arg(long, value_name = "BYTES", default_value_t = 10 << 20, value_parser = size)]
    pub max_size: usize,
    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_connections: usize,
    /// Connections at once from one address
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub max_per_client: usize,
}

fn size(text: &str) -> Result<usize, String> {
    let most = crate::evidence::Input::LIMIT / 2;
    match text.parse() {
        Ok(bytes) if (1024..=most).contains(&bytes) => Ok(bytes),
        _ => Err(format!("expected a number of bytes from 1024 to {most}")),
    }
}
