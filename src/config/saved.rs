//! Servers and mailboxes that the user gave a name: `[servers.NAME]`, `[mailboxes.NAME]`. No secret is in them, only
//! where it is to be had.

use super::secret::{self, Proof, Source};
use crate::evidence::transcript::Security;
use crate::knowledge::mailbox::Tls;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Spanned, Value};

/// What the settings have a name for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    pub servers: BTreeMap<String, Server>,
    pub mailboxes: BTreeMap<String, Mailbox>,
}

/// A server to send through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// As `--via` takes it.
    pub host: String,
    pub tls: Option<Security>,
    pub user: Option<String>,
    pub secret: Option<(Source, Proof)>,
    /// Who mail through it is from.
    pub from: Option<String>,
}

/// A mailbox to look into: one of `imap`, `maildir` and `mbox`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// As `--imap` takes it.
    pub imap: Option<String>,
    pub tls: Option<Tls>,
    pub user: Option<String>,
    pub secret: Option<(Source, Proof)>,
    pub maildir: Option<PathBuf>,
    pub mbox: Option<PathBuf>,
    /// Besides INBOX and junk.
    pub folders: Vec<String>,
}

impl Mailbox {
    /// Does mail to this address arrive in it, as far as its user tells?
    pub fn is_of(&self, address: &str) -> bool {
        let place = self.imap.as_deref().unwrap_or_default();
        let user = self.user.as_deref().or_else(|| place.rsplit_once('@').map(|(user, _)| user));
        [user, Some(place)].into_iter().flatten().any(|text| text.eq_ignore_ascii_case(address))
    }
}

/// A table, taken apart key by key: a value is never repeated in a complaint, for it may be a password.
pub(super) struct Table(BTreeMap<String, Value>);

impl Table {
    fn take<T: DeserializeOwned>(&mut self, key: &str, what: &str) -> Result<Option<T>, Fault> {
        let value = self.0.remove(key);
        value.map(|v| v.try_into().map_err(|_| Fault::at(key, format!("{key} is {what}")))).transpose()
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, Fault> {
        self.take(key, "a text in quotes")
    }

    fn end(self) -> Result<(), Fault> {
        let Some(key) = self.0.into_keys().next() else { return Ok(()) };
        let why = match ["password", "token", "secret"].contains(&key.as_str()) {
            true => {
                format!("a {key} has no place in settings; name where it is: password-command, token-file or another")
            }
            false => format!("nothing is called {key}"),
        };
        Err(Fault::at(&key, why))
    }
}

/// Why a table cannot be used, and the key that is to blame, where it is one.
pub(super) struct Fault {
    key: Option<String>,
    why: String,
}

impl Fault {
    pub(super) fn at(key: &str, why: impl Into<String>) -> Fault {
        Fault { key: Some(key.to_owned()), why: why.into() }
    }
}

impl From<&str> for Fault {
    fn from(why: &str) -> Fault {
        Fault { key: None, why: why.to_owned() }
    }
}

impl TryFrom<Table> for Server {
    type Error = Fault;

    fn try_from(mut table: Table) -> Result<Server, Fault> {
        let server = Server {
            host: table.text("host")?.ok_or("host is missing")?,
            tls: table.take("tls", "implicit, starttls, opportunistic or none")?,
            user: table.text("user")?,
            secret: secret::take(&mut table.0)?,
            from: table.text("from")?,
        };
        table.end()?;
        if server.secret.is_some() && server.user.is_none() {
            return Err("a secret needs the user it is of".into());
        }
        Ok(server)
    }
}

impl TryFrom<Table> for Mailbox {
    type Error = Fault;

    fn try_from(mut table: Table) -> Result<Mailbox, Fault> {
        let mailbox = Mailbox {
            imap: table.text("imap")?,
            tls: table.take("tls", "implicit, starttls or none")?,
            user: table.text("user")?,
            secret: secret::take(&mut table.0)?,
            maildir: table.take("maildir", "a path in quotes")?,
            mbox: table.take("mbox", "a path in quotes")?,
            folders: table.take("folders", "a list of texts")?.unwrap_or_default(),
        };
        table.end()?;
        let places = [mailbox.imap.is_some(), mailbox.maildir.is_some(), mailbox.mbox.is_some()];
        match places.iter().filter(|p| **p).count() {
            1 => Ok(mailbox),
            _ => Err("a mailbox has one of imap, maildir, mbox".into()),
        }
    }
}

/// The tables of one kind, with the places of their lines.
pub(super) type Tables = BTreeMap<String, Spanned<BTreeMap<String, Spanned<Value>>>>;

/// Reads the tables of one kind; else where a line is that cannot be used, and why.
pub(super) fn read<T: TryFrom<Table, Error = Fault>>(tables: &Tables) -> Result<BTreeMap<String, T>, (usize, String)> {
    let read = |(name, table): (&String, &Spanned<BTreeMap<String, Spanned<Value>>>)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let place = |key: Option<String>| {
            let line = key.and_then(|key| table.get_ref().get(&key));
            line.map_or(table.span(), Spanned::span).start
        };
        if name.is_empty() || !name.chars().all(plain) || name == "direct" {
            // It has to be told from a host, and to stand in a list.
            return Err((place(None), format!("{name:?} is no name: letters, digits, - and _ only")));
        }
        let values = table.get_ref().iter().map(|(key, value)| (key.clone(), value.get_ref().clone())).collect();
        let saved = T::try_from(Table(values)).map_err(|fault| (place(fault.key), format!("{name}: {}", fault.why)))?;
        Ok((name.clone(), saved))
    };
    tables.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(text: &str) -> Result<Saved, String> {
        Config::read(text).map(|c| c.saved).map_err(|e| e.to_string())
    }

    #[test]
    fn servers_and_mailboxes_have_names_and_no_secrets() {
        let saved = read(
            "[servers.work]\nhost = \"smtp.example.com:465\"\nuser = \"ann\"\npassword-keyring = \"mail\"\nfrom = \"ann@example.com\"\n\
             [mailboxes.gmail]\nimap = \"me@gmail.com\"\ntoken-command = \"oauth gmail\"\nfolders = [\"Lists\"]\n\
             [mailboxes.disk]\nmaildir = \"/home/me/Maildir\"\n",
        )
        .unwrap();
        let work = &saved.servers["work"];
        assert_eq!(work.secret, Some((Source::Keyring("mail".into()), Proof::Password)));
        assert_eq!((work.host.as_str(), work.from.as_deref()), ("smtp.example.com:465", Some("ann@example.com")));
        let gmail = &saved.mailboxes["gmail"];
        assert_eq!(gmail.secret, Some((Source::Command("oauth gmail".into()), Proof::Token)));
        assert!(
            gmail.is_of("Me@gmail.com")
                && !gmail.is_of("you@gmail.com")
                && !saved.mailboxes["disk"].is_of("me@gmail.com")
        );
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_a_secret_is_not_repeated() {
        for (text, part) in [
            ("[servers.a]\nuser = \"u\"\n", "a: host is missing"),
            ("[servers.a]\nhost = \"h\"\npassword = \"pl4nted\"\n", "line 3: a: a password has no place in settings"),
            ("offline = true\n[servers.a]\nuser = \"u\"\n", "line 2: a: host is missing"),
            ("[servers.a]\nhost = \"h\"\nuser = \"u\"\npasword-file = \"pl4nted\"\n", "nothing is called pasword-file"),
            (
                "[servers.a]\nhost = \"h\"\nuser = \"u\"\npassword-file = \"a\"\ntoken-env = \"B\"\n",
                "one place of a secret",
            ),
            ("[servers.a]\nhost = \"h\"\npassword-file = \"a\"\n", "a secret needs the user"),
            ("[servers.a]\nhost = \"h\"\nuser = \"u\"\npassword-file = \"-\"\n", "standard input is no place"),
            ("[servers.a]\nhost = \"h\"\npassword = \"pl4nted\n", "line 3"),
            ("[servers.\"a.b\"]\nhost = \"h\"\n", "is no name"),
            ("[servers.a]\nhost = \"h\"\ntls = \"maybe\"\n", "tls is implicit, starttls"),
            ("[mailboxes.a]\nimap = \"h\"\nmbox = \"m\"\n", "one of imap, maildir, mbox"),
            ("[mailboxes.a]\nimap = \"h\"\npassword = \"pl4nted\"\n", "a password has no place in settings"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part) && error.contains("line ") && !error.contains("pl4nted"), "{text}: {error}");
        }
    }
}
