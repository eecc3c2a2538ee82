//! Where a secret is to be had. No option takes the secret itself: arguments are seen by everybody on the machine.

use crate::world::secret::Source;
use clap::Args;
use std::path::PathBuf;

/// The places of one secret, each an option; of all options of a group one may be given. What they need besides: their
/// own group for nothing.
macro_rules! places {
    (
        $name:ident, $group:literal, $requires:literal,
        $($field:ident $value:literal $source:ident($kind:ty) $help:literal,)+
    ) => {
        #[derive(Clone, Debug, Default, Args)]
        pub struct $name {
            $(
                #[arg(long, value_name = $value, group = $group, requires = $requires, help = $help)]
                $field: Option<$kind>,
            )+
        }

        impl $name {
            /// The place that was named.
            pub fn source(&self) -> Option<Source> {
                [$(self.$field.clone().map(Source::$source)),+].into_iter().flatten().next()
            }
        }
    };
}

places! {
    Password, "secret", "secret",
    password_file "FILE" File(PathBuf) "The first line of this file is the password (`-`: of standard input)",
    password_command "COMMAND" Command(String) "The first line this command prints is the password",
    password_env "VARIABLE" Env(String) "This environment variable holds the password",
    password_keyring "SERVICE" Keyring(String)
        "The keyring of the desktop has the password, under this service and the user's name",
}

places! {
    Token, "secret", "secret",
    token_file "FILE" File(PathBuf) "An OAuth 2.0 access token instead of a password (XOAUTH2): in this file",
    token_command "COMMAND" Command(String) "The same: printed by this command",
    token_env "VARIABLE" Env(String) "The same: in this environment variable",
    token_keyring "SERVICE" Keyring(String) "The same: in the keyring, under this service",
}

// Rspamd's controller asks for one; its normal worker does not.
places! {
    RspamdPassword, "rspamd_secret", "rspamd",
    rspamd_password_file "FILE" File(PathBuf) "The first line of this file is Rspamd's password (`-`: of standard input)",
    rspamd_password_command "COMMAND" Command(String) "The first line this command prints is Rspamd's password",
    rspamd_password_env "VARIABLE" Env(String) "This environment variable holds Rspamd's password",
    rspamd_password_keyring "SERVICE" Keyring(String)
        "The keyring of the desktop has Rspamd's password, under this service and the user rspamd",
}
