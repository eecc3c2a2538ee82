//! The mailboxes that arguments name, or a file of them, each with who logs in there.

use super::args::{Account as Login, Mailboxes};
use crate::fetch::account::Server;
use crate::fetch::{Account, MAILBOXES, Place};
use crate::knowledge::mailbox::Tls;
use crate::tui::fetches::{Asked, Boxes, Told};
use crate::world::secret::Credentials;
use anyhow::{Context as _, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Bytes of a file of mailboxes.
const LIMIT: u64 = 1 << 20;

/// A file of mailboxes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shelf {
    mailbox: Vec<Entry>,
}

/// One of them. Secrets are elsewhere: in a command, a file, the environment, a head.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    name: Option<String>,
    imap: Option<String>,
    tls: Option<Tls>,
    maildir: Option<PathBuf>,
    mbox: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    password_command: Option<String>,
    password_env: Option<String>,
    token_file: Option<PathBuf>,
    token_command: Option<String>,
    token_env: Option<String>,
    #[serde(default)]
    folders: Vec<String>,
    /// Refused: a file is read by backups and colleagues.
    password: Option<toml::Value>,
}

/// Every mailbox, its secret read. Blocks while somebody types.
pub fn open(args: &Mailboxes, login: &Login, offline: bool) -> anyhow::Result<Vec<(Account, Option<Credentials>)>> {
    let mut all = Vec::new();
    for server in &args.imap {
        let server = server.clone();
        let server = args.imap_tls.map_or(server.clone(), |tls| server.secured(tls.into()));
        all.push(imap(server, login)?);
    }
    if let Some(path) = &args.mailboxes {
        for entry in read(path)? {
            all.push(listed(entry).with_context(|| path.display().to_string())?);
        }
    }
    all.extend(args.maildir.iter().map(|path| (Account::new(Place::Maildir(path.clone())), None)));
    all.extend(args.mbox.iter().map(|path| (Account::new(Place::Mbox(path.clone())), None)));
    check(&all, offline)?;
    for (account, _) in &mut all {
        account.folders.extend(args.folders.iter().cloned());
    }
    Ok(all)
}

/// The mailboxes that a form names, their secrets read.
pub fn asked(asked: &Asked, offline: bool) -> anyhow::Result<Vec<(Account, Option<Credentials>)>> {
    let mut all = match &asked.boxes {
        Boxes::One { server, proof, secret } => {
            let user = server.user.clone().unwrap_or_default();
            let secret = match secret {
                Told::Typed(secret) => secret.clone(),
                Told::At(source) => source.read("")?,
            };
            let who = Credentials { user, secret, proof: *proof };
            vec![(Account::new(Place::Imap(server.clone())), Some(who))]
        }
        Boxes::At(path) if path.is_dir() => vec![(Account::new(Place::Maildir(path.clone())), None)],
        Boxes::At(path) if path.extension().is_some_and(|e| e == "toml") => {
            let place = || path.display().to_string();
            read(path)?.into_iter().map(|entry| listed(entry).with_context(place)).collect::<anyhow::Result<_>>()?
        }
        Boxes::At(path) => vec![(Account::new(Place::Mbox(path.clone())), None)],
    };
    check(&all, offline)?;
    for (account, _) in &mut all {
        account.folders.extend(asked.folders.iter().cloned());
    }
    Ok(all)
}

fn check(all: &[(Account, Option<Credentials>)], offline: bool) -> anyhow::Result<()> {
    match all.len() {
        0 => bail!("no mailbox is named: --imap HOST --user NAME, --mailboxes FILE, --maildir DIR or --mbox FILE"),
        n if n > MAILBOXES => bail!("{n} mailboxes are more than the {MAILBOXES} that can be waited in at once"),
        _ if offline && all.iter().any(|(account, _)| matches!(account.place, Place::Imap(_))) => {
            bail!("a mailbox over IMAP cannot be read --offline; a Maildir or an mbox on this machine can")
        }
        _ => Ok(()),
    }
}

/// A server of the command line. Options about the login are about whoever they name; anybody else is asked.
fn imap(mut server: Server, login: &Login) -> anyhow::Result<(Account, Option<Credentials>)> {
    let user = server.user.clone().or_else(|| login.user.clone());
    let Some(user) = user else { bail!("who logs in at {}? --user NAME, or --imap NAME@{0}", server.host) };
    let own = login.user.as_ref() == Some(&user);
    let login = if own { login.clone() } else { Login { user: Some(user.clone()), ..Login::default() } };
    server.user = Some(user);
    let who = login.credentials(&server.host)?;
    Ok((Account::new(Place::Imap(server)), who))
}

fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    use std::io::Read;
    let place = || path.display().to_string();
    let mut text = String::new();
    std::fs::File::open(path).with_context(place)?.take(LIMIT).read_to_string(&mut text).with_context(place)?;
    if let Some(place) = text
        .lines()
        .position(|line| line.trim_start().starts_with("password ") || line.trim_start().starts_with("password="))
    {
        // The parser would quote the line, and the password with it.
        bail!(
            "{}, line {}: a password has no place in a file of mailboxes; name a password-command, password-file or password-env",
            path.display(),
            place + 1
        );
    }
    let shelf: Shelf = toml::from_str(&text).with_context(place)?;
    Ok(shelf.mailbox)
}

fn listed(entry: Entry) -> anyhow::Result<(Account, Option<Credentials>)> {
    if entry.password.is_some() {
        bail!("a password has no place in a file of mailboxes; name a password-command, password-file or password-env");
    }
    let login = Login {
        user: entry.user,
        password_file: entry.password_file,
        password_command: entry.password_command,
        password_env: entry.password_env,
        token_file: entry.token_file,
        token_command: entry.token_command,
        token_env: entry.token_env,
        insecure_tls: false,
    };
    let (mut account, who) = match (entry.imap, entry.maildir, entry.mbox) {
        (Some(text), None, None) => {
            let mut server = Server::read(&text).map_err(anyhow::Error::msg)?;
            if let Some(tls) = entry.tls {
                server = server.secured(tls);
            }
            let user = login.user.clone().or_else(|| server.user.clone());
            server.user = user.clone();
            imap(server, &Login { user, ..login })?
        }
        (None, Some(path), None) => (Account::new(Place::Maildir(path)), None),
        (None, None, Some(path)) => (Account::new(Place::Mbox(path)), None),
        _ => bail!("a [[mailbox]] has one of imap, maildir, mbox"),
    };
    account.folders = entry.folders;
    if let Some(name) = entry.name {
        account.name = name;
    }
    Ok((account, who))
}
