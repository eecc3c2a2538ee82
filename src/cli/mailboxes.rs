//! The mailboxes that arguments, a form or the settings name, each with who logs in there.

use super::args::{Mailboxes, Who};
use crate::config::saved::{self, Saved};
use crate::fetch::account::Server;
use crate::fetch::{Account, MAILBOXES, Place};
use crate::tui::fetches::{Asked, Told, Typed};
use crate::world::secret::Credentials;
use anyhow::{Context as _, bail};

/// A mailbox, and who logs in there.
pub type Opened = (Account, Option<Credentials>);

/// Every mailbox, its secret read. Blocks while somebody types.
pub fn open(args: &Mailboxes, login: &Who, known: &Saved, offline: bool) -> anyhow::Result<Vec<Opened>> {
    let mut all = Vec::new();
    let login = whose(&args.imap, login);
    login.of_somebody().map_err(anyhow::Error::msg)?;
    for server in &args.imap {
        let server = server.clone();
        let server = args.imap_tls.map_or(server.clone(), |tls| server.secured(tls.into()));
        all.push(imap(server, login.clone())?);
    }
    for name in &args.mailbox {
        all.push(named(name, known, true)?);
    }
    all.extend(args.maildir.iter().map(|path| (Account::new(Place::Maildir(path.clone())), None)));
    all.extend(args.mbox.iter().map(|path| (Account::new(Place::Mbox(path.clone())), None)));
    check(&all, offline)?;
    for (account, _) in &mut all {
        account.folders.extend(args.folders.iter().cloned());
    }
    Ok(all)
}

/// A secret without a user is that of the one server, where that names its own.
fn whose(servers: &[Server], login: &Who) -> Who {
    let named = match servers {
        [one] => one.user.clone(),
        _ => None,
    };
    Who { user: login.user.clone().or_else(|| named.filter(|_| login.secret.is_some())), secret: login.secret.clone() }
}

/// The mailboxes that a form names, their secrets read.
pub fn asked(asked: &Asked, known: &Saved, offline: bool) -> anyhow::Result<Vec<Opened>> {
    let mut all = asked.saved.iter().map(|name| named(name, known, false)).collect::<anyhow::Result<Vec<_>>>()?;
    all.extend(match &asked.typed {
        None => None,
        Some(Typed::Imap { server, proof, secret }) => {
            let user = server.user.clone().unwrap_or_default();
            let who = match secret {
                Told::Typed(secret) => Credentials { user, secret: secret.clone(), proof: *proof, again: None },
                Told::At(source) => Credentials::read(user, source, *proof, "")?,
            };
            Some((Account::new(Place::Imap(server.clone())), Some(who)))
        }
        Some(Typed::Disk(path)) if path.is_dir() => Some((Account::new(Place::Maildir(path.clone())), None)),
        Some(Typed::Disk(path)) => Some((Account::new(Place::Mbox(path.clone())), None)),
    });
    check(&all, offline)?;
    for (account, _) in &mut all {
        account.folders.extend(asked.folders.iter().cloned());
    }
    Ok(all)
}

fn check(all: &[Opened], offline: bool) -> anyhow::Result<()> {
    match all.len() {
        0 => bail!("no mailbox is named: --imap HOST --user NAME, --mailbox NAME, --maildir DIR or --mbox FILE"),
        n if n > MAILBOXES => bail!("{n} mailboxes are more than the {MAILBOXES} that can be waited in at once"),
        _ if offline && all.iter().any(|(account, _)| matches!(account.place, Place::Imap(_))) => {
            bail!("a mailbox over IMAP cannot be read --offline; a Maildir or an mbox on this machine can")
        }
        _ => Ok(()),
    }
}

/// An IMAP server. What is known of a login is about whoever it names; anybody else is asked.
fn imap(mut server: Server, login: Who) -> anyhow::Result<Opened> {
    let Some(user) = server.user.clone().or_else(|| login.user.clone()) else {
        bail!("who logs in at {}? --user NAME, or --imap NAME@{0}", server.host)
    };
    let secret = login.secret.filter(|_| login.user.as_ref() == Some(&user));
    server.user = Some(user.clone());
    let who = Who { user: Some(user), secret }.credentials(&server.host)?;
    Ok((Account::new(Place::Imap(server)), who))
}

/// A mailbox of the settings; `ask`: a secret that they do not place is asked for.
fn named(name: &str, known: &Saved, ask: bool) -> anyhow::Result<Opened> {
    let Some(saved) = known.mailboxes.get(name) else {
        let names: Vec<&str> = known.mailboxes.keys().map(String::as_str).collect();
        match names.is_empty() {
            true => {
                bail!("the settings name no mailbox {name}: add [mailboxes.{name}] (see `postdoc config template`)")
            }
            false => bail!("the settings name no mailbox {name}; they have {}", names.join(", ")),
        }
    };
    if !ask && saved.imap.is_some() && saved.secret.is_none() {
        bail!(
            "the settings do not say where the password of {name} is: add password-command or another, or type the mailbox and its password instead"
        );
    }
    let (mut account, who) = place(saved).with_context(|| format!("mailbox {name}"))?;
    account.folders.clone_from(&saved.folders);
    account.name = name.to_owned();
    Ok((account, who))
}

fn place(saved: &saved::Mailbox) -> anyhow::Result<Opened> {
    if let Some(path) = &saved.maildir {
        return Ok((Account::new(Place::Maildir(path.clone())), None));
    }
    if let Some(path) = &saved.mbox {
        return Ok((Account::new(Place::Mbox(path.clone())), None));
    }
    let mut server = Server::read(saved.imap.as_deref().unwrap_or_default()).map_err(anyhow::Error::msg)?;
    if let Some(tls) = saved.tls {
        server = server.secured(tls);
    }
    let user = saved.user.clone().or_else(|| server.user.clone());
    server.user.clone_from(&user);
    imap(server, Who { user, secret: saved.secret.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::secret::{Proof, Source};

    #[test]
    fn a_secret_without_a_user_is_that_of_the_one_server() {
        let server = |text: &str| Server::read(text).unwrap();
        let secret = Some((Source::Env("PW".into()), Proof::Password));
        let login = Who { user: None, secret };
        assert_eq!(whose(&[server("ann@192.0.2.1:2701")], &login).user.as_deref(), Some("ann"));
        let two = [server("ann@192.0.2.1"), server("bob@192.0.2.2")];
        for servers in [&two[..], &[server("192.0.2.1")], &[]] {
            assert!(whose(servers, &login).of_somebody().is_err());
        }
        assert_eq!(whose(&two[..1], &Who::default()).user, None, "who is asked for a password is asked by the server");
    }
}
