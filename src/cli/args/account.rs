//! How a server is logged into: by `send` and by `fetch`.

use crate::world::secret::{Credentials, NoSecret, Proof, Source};
use clap::Args;
use std::path::PathBuf;

// A user name, and where its secret is to be had. No option takes the secret itself: arguments are seen by everybody
// on the machine.
// (No doc comment: clap would take it for what the command is about.)
#[derive(Debug, Clone, Default, Args)]
#[group(id = "account")]
pub struct Account {
    /// Log in as this user; without one of the options below, the password is asked for
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The first line of this file is the password (`-`: of standard input)
    #[arg(long, value_name = "FILE", group = "secret", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// The first line this command prints is the password
    #[arg(long, value_name = "COMMAND", group = "secret", requires = "user")]
    pub password_command: Option<String>,
    /// This environment variable holds the password
    #[arg(long, value_name = "VARIABLE", group = "secret", requires = "user")]
    pub password_env: Option<String>,
    /// An OAuth 2.0 access token instead of a password (XOAUTH2): in this file
    #[arg(long, value_name = "FILE", group = "secret", requires = "user")]
    pub token_file: Option<PathBuf>,
    /// The same: printed by this command
    #[arg(long, value_name = "COMMAND", group = "secret", requires = "user")]
    pub token_command: Option<String>,
    /// The same: in this environment variable
    #[arg(long, value_name = "VARIABLE", group = "secret", requires = "user")]
    pub token_env: Option<String>,
    /// Take whatever certificate the server shows, for this once: anybody in between can then read everything
    #[arg(long)]
    pub insecure_tls: bool,
}

impl Account {
    /// Who logs in, with the secret read; `None` where no user is named. Blocks while somebody types.
    pub fn credentials(&self, server: &str) -> Result<Option<Credentials>, NoSecret> {
        let Some(user) = self.user.clone() else { return Ok(None) };
        let (source, proof) = self.source();
        let question = format!("{} of {user} at {server}:", if proof == Proof::Token { "Token" } else { "Password" });
        Ok(Some(Credentials { user, secret: source.read(&question)?, proof }))
    }

    fn source(&self) -> (Source, Proof) {
        let from = |file: &Option<PathBuf>, command: &Option<String>, variable: &Option<String>| {
            let file = file.clone().map(Source::File);
            file.or_else(|| command.clone().map(Source::Command)).or_else(|| variable.clone().map(Source::Env))
        };
        if let Some(source) = from(&self.token_file, &self.token_command, &self.token_env) {
            return (source, Proof::Token);
        }
        let source = from(&self.password_file, &self.password_command, &self.password_env);
        (source.unwrap_or(Source::Prompt), Proof::Password)
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
            ("--user u", (Source::Prompt, Proof::Password)),
            ("--user u --password-file -", (Source::File("-".into()), Proof::Password)),
            ("--user u --password-command pass", (Source::Command("pass".into()), Proof::Password)),
            ("--user u --password-env P", (Source::Env("P".into()), Proof::Password)),
            ("--user u --token-file t", (Source::File("t".into()), Proof::Token)),
            ("--user u --token-command t", (Source::Command("t".into()), Proof::Token)),
            ("--user u --token-env T", (Source::Env("T".into()), Proof::Token)),
        ] {
            assert_eq!(parse(words).unwrap().source(), want, "{words}");
        }
    }

    #[test]
    fn two_secrets_and_a_secret_of_nobody_are_refused() {
        assert!(parse("--user u --password-env P --token-env T").is_err());
        assert!(parse("--password-env P").is_err());
        assert!(parse("--user u --password hunter2").is_err());
    }
}
