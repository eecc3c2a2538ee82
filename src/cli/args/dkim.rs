//! `dkim keygen`: whose key, which kind, and where the private half goes.

use crate::facts::dkim::name;
use crate::onboarding::signer::Signer;
use crate::world::keygen::KeyType;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Dkim {
    #[command(subcommand)]
    pub action: DkimAction,
}

#[derive(Debug, Subcommand)]
pub enum DkimAction {
    /// Make a key: the private half to a file, the record to standard output
    Keygen(Keygen),
}

#[derive(Debug, Args)]
pub struct Keygen {
    /// The domain that signs, as in d=
    pub domain: String,
    /// The key's name, as in s=: one for each program that signs
    #[arg(long, value_name = "S", value_parser = selector)]
    pub selector: String,
    /// rsa, which every receiver checks, or ed25519, which only some do
    #[arg(long = "type", value_name = "TYPE", default_value = "rsa")]
    pub kind: Kind,
    /// Bits of an RSA key [default: 2048]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1024..=4096))]
    pub bits: Option<u16>,
    /// The file for the private half; it must not exist, and only its owner can read it
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub out: PathBuf,
    /// Say how this program is told of it: opendkim, rspamd, postfix, exim, akmta, gomail, stalwart
    #[arg(long = "for", value_name = "SIGNER", value_parser = signer)]
    pub signer: Option<Signer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Rsa,
    Ed25519,
}

impl Keygen {
    pub fn key_type(&self) -> Result<KeyType, &'static str> {
        match (self.kind, self.bits) {
            (Kind::Rsa, bits) => Ok(KeyType::Rsa(bits.unwrap_or(2048))),
            (Kind::Ed25519, None) => Ok(KeyType::Ed25519),
            (Kind::Ed25519, Some(_)) => Err("--bits is for RSA: an Ed25519 key has one length"),
        }
    }
}

/// Standard output takes the record.
fn file(name: &str) -> Result<PathBuf, String> {
    match name {
        "-" => Err("a private key goes to a file, never to standard output; ./- is a file of that name".into()),
        name => Ok(name.into()),
    }
}

/// RFC 6376 §3.1.
pub fn selector(text: &str) -> Result<String, String> {
    name::selector(text.trim()).ok_or_else(|| "a selector is a name like s1 or mail-2026".into())
}

pub fn signer(word: &str) -> Result<Signer, String> {
    let names = || Signer::ALL.map(Signer::word).join(", ");
    Signer::find(word).ok_or_else(|| format!("there is {}", names()))
}
