//! How a server is logged into: by `send` and by `fetch`.

use super::secret::{Password, Token};
use crate::world::secret::{Credentials, NoSecret, Proof, Source};
use clap::Args;

// A user name, and where its secret is to be had.
// (No doc comment: clap would take it for what the command is about.)
#[derive(Debug, Clone, Default, Args)]
#[group(id = "account")]
pub struct Account {
    /// Log in as this user; without one of the options below, the password is asked for
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    #[command(flatten)]
    pub password: Password,
    #[command(flatten)]
    pub token: Token,
    /// Take whatever certificate the server shows, for this once: anybody in between can then read everything
    #[arg(long)]
    pub insecure_tls: bool,
}

/// Who logs in, and where the secret is; nowhere: it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    pub user: Option<String>,
    pub secret: Option<(Source, Proof)>,
}

impl Who {
    /// What the settings say where no option does; their secret is that of their user.
    pub fn or(self, user: Option<&str>, secret: Option<&(Source, Proof)>) -> Who {
        let same = self.user.is_none() || self.user.as_deref() == user;
        let secret = self.secret.or_else(|| secret.filter(|_| same).cloned());
        Who { user: self.user.or_else(|| user.map(str::to_owned)), secret }
    }

    /// Whose the secret is has to be said.
    ///
    /// # Errors
    /// A sentence for the user, where it is nobody's.
    pub fn of_somebody(&self) -> Result<(), &'static str> {
        match (&self.user, &self.secret) {
            (None, Some(_)) => Err("whose password or token is it? --user NAME"),
            _ => Ok(()),
        }
    }

    /// With the secret read; `None` where no user is named. Blocks while somebody types.
    pub fn credentials(&self, server: &str) -> Result<Option<Credentials>, NoSecret> {
        let Some(user) = self.user.clone() else { return Ok(None) };
        let (source, proof) = self.secret.clone().unwrap_or((Source::Prompt, Proof::Password));
        let question = format!("{} of {user} at {server}:", if proof == Proof::Token { "Token" } else { "Password" });
        Credentials::read(user, &source, proof, &question).map(Some)
    }
}

impl Account {
    pub fn who(&self) -> Who {
        let token = self.token.source().map(|source| (source, Proof::Token));
        let secret = token.or_else(|| self.password.source().map(|source| (source, Proof::Password)));
        Who { user: self.user.clone(), secret }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        account: Account,
    }

    fn parse(words: &str) -> Result<Account, String> {
        let words = std::iter::once("x").chain(words.split_whitespace());
        Command::try_parse_from(words).map(|c| c.account).map_err(|e| e.to_string())
    }

    #[test]
    fn each_place_of_a_secret_is_one_source() {
        for (words, want) in [
            ("--user u", None),
            ("--user u --password-file -", Some((Source::File("-".into()), Proof::Password))),
            ("--user u --password-command pass", Some((Source::Command("pass".into()), Proof::Password))),
            ("--user u --password-env P", Some((Source::Env("P".into()), Proof::Password))),
            ("--user u --password-keyring mail", Some((Source::Keyring("mail".into()), Proof::Password))),
            ("--user u --token-file t", Some((Source::File("t".into()), Proof::Token))),
            ("--user u --token-command t", Some((Source::Command("t".into()), Proof::Token))),
            ("--user u --token-env T", Some((Source::Env("T".into()), Proof::Token))),
            ("--user u --token-keyring mail", Some((Source::Keyring("mail".into()), Proof::Token))),
        ] {
            assert_eq!(parse(words).unwrap().who().secret, want, "{words}");
        }
    }

    #[test]
    fn options_outweigh_settings_and_nobody_gets_the_secret_of_another() {
        let saved = (Source::Env("SAVED".into()), Proof::Password);
        let who = |words: &str| parse(words).unwrap().who().or(Some("ann"), Some(&saved));
        assert_eq!(who(""), Who { user: Some("ann".into()), secret: Some(saved.clone()) });
        assert_eq!(who("--user bob"), Who { user: Some("bob".into()), secret: None });
        assert_eq!(who("--user ann"), Who { user: Some("ann".into()), secret: Some(saved.clone()) });
        assert_eq!(who("--user bob --password-env P").secret, Some((Source::Env("P".into()), Proof::Password)));
    }

    #[test]
    fn two_secrets_and_a_secret_of_nobody_are_refused() {
        assert!(parse("--user u --password-env P --token-env T").is_err());
        assert!(parse("--password-env P").unwrap().who().of_somebody().is_err());
        assert!(parse("--user u --password-env P").unwrap().who().of_somebody().is_ok());
        assert!(parse("--user u --password hunter2").is_err());
    }
}
