//! Servers and mailboxes that the user gave a name: `[servers.NAME]`, `[mailboxes.NAME]`. No secret is in them, only
//! where it is to be had.

use super::secret::{self, Proof, Source};
use crate::evidence::transcript::Security;
use crate::knowledge::mailbox::Tls;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Value;

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
    fn take<T: DeserializeOwned>(&mut self, key: &str, what: &str) -> Result<Option<T>, String> {
        let value = self.0.remove(key);
        value.map(|v| v.try_into().map_err(|_| format!("{key} is {what}"))).transpose()
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        self.take(key, "a text in quotes")
    }

    fn end(self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) if ["password", "token", "secret"].contains(&key.as_str()) => Err(format!(
                "a {key} has no place in settings; name where it is: password-command, token-file or another"
            )),
            Some(key) => Err(format!("nothing is called {key}")),
        }
    }
}

impl TryFrom<Table> for Server {
    type Error = String;

    fn try_from(mut table: Table) -> Result<Server, String> {
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
    type Error = String;

    fn try_from(mut table: Table) -> Result<Mailbox, String> {
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

/// Reads the tables of one kind.
pub(super) fn tables<'de, D, T>(from: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<Table, Error = String>,
{
    let all = BTreeMap::<String, BTreeMap<String, Value>>::deserialize(from)?;
    let read = |(name, table): (String, BTreeMap<String, Value>)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) || name == "direct" {
            // It has to be told from a host, and to stand in a list.
            return Err(D::Error::custom(format!("{name:?} is no name: letters, digits, - and _ only")));
        }
        let saved = T::try_from(Table(table)).map_err(|why| D::Error::custom(format!("{name}: {why}")))?;
        Ok((name, saved))
    };
    all.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(text: &str) -> Result<Saved, String> {
        Config::read(text).map(|c| c.saved()).map_err(|e| e.to_string())
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
            ("[servers.a]\nhost = \"h\"\npassword = \"pl4nted\"\n", "a password has no place in settings"),
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
