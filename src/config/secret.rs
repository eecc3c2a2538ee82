//! Where a password or a token is to be had. The secret itself has no place in settings, flags or forms that are kept.

use super::saved::Fault;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Typed, unseen.
    Prompt,
    /// Its first line; `-` is standard input.
    File(PathBuf),
    /// The first line that a command prints, as a shell runs it.
    Command(String),
    /// The value of an environment variable.
    Env(String),
    /// The entry of this service, and of the user who logs in, in the keyring of the desktop.
    Keyring(String),
}

/// What a secret proves (RFC 4954, RFC 3501 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Password,
    /// An access token of OAuth 2.0, told by XOAUTH2.
    Token,
}

impl Proof {
    pub fn word(self) -> &'static str {
        match self {
            Proof::Password => "password",
            Proof::Token => "token",
        }
    }
}

impl Source {
    /// The place that an option or a setting names: `file`, `command`, `env` or `keyring`.
    pub fn named(place: &str, value: String) -> Option<Source> {
        Some(match place {
            "file" => Source::File(value.into()),
            "command" => Source::Command(value),
            "env" => Source::Env(value),
            "keyring" => Source::Keyring(value),
            _ => return None,
        })
    }

    /// For people: "a command", "the keyring".
    pub fn words(&self) -> String {
        match self {
            Source::Prompt => "a prompt".into(),
            Source::File(path) => path.display().to_string(),
            Source::Command(_) => "a command".into(),
            Source::Env(name) => format!("${name}"),
            Source::Keyring(_) => "the keyring".into(),
        }
    }

    /// Is it worth asking again for a token that has run out?
    pub fn renews(&self) -> bool {
        match self {
            Source::Command(_) | Source::Keyring(_) => true,
            Source::File(path) => path.as_os_str() != "-",
            Source::Prompt | Source::Env(_) => false,
        }
    }
}

/// Takes the one place of a secret out of a table of settings: `password-command = "…"`, `token-file = "…"`.
pub(super) fn take(table: &mut BTreeMap<String, toml::Value>) -> Result<Option<(Source, Proof)>, Fault> {
    let mut found = None;
    for proof in [Proof::Password, Proof::Token] {
        for place in ["file", "command", "env", "keyring"] {
            let key = format!("{}-{place}", proof.word());
            let Some(value) = table.remove(&key) else { continue };
            let toml::Value::String(value) = value else {
                return Err(Fault::at(&key, format!("{key} is a text in quotes")));
            };
            if place == "file" && value == "-" {
                return Err(Fault::at(&key, "standard input is no place that settings can name"));
            }
            let source = Source::named(place, value).map(|source| (source, proof));
            if found.replace(source).is_some() {
                let why = "one place of a secret is enough: password-command, token-file or another";
                return Err(Fault::at(&key, why));
            }
        }
    }
    Ok(found.flatten())
}
