//! Why a mailbox cannot be read, in words, and what to do about it.

use super::account::{Account, Place};
use crate::evidence::errand::Step;
use crate::knowledge::certificate;
use crate::knowledge::mailbox::{Password, Provider, Tls};

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub reason: Reason,
    /// The server's own words, or the system's.
    pub said: String,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The host has no address.
    Name,
    /// No connection.
    Connect,
    /// Nothing came in the time there was.
    Silent,
    Certificate,
    CertificateName,
    Tls,
    NoStarttls,
    /// The server takes passwords over TLS only.
    LoginDisabled,
    /// User or password is wrong, as far as the server says.
    Credentials,
    /// The account's own password is not taken.
    AppPassword,
    /// No password is taken.
    BasicOff,
    /// The token is not taken.
    Token,
    /// The server knows no way to log in that we know.
    NoMechanism,
    /// IMAP is switched off in the account.
    ImapOff,
    /// Connections or attempts.
    TooMany,
    /// The server is out of order for now.
    Unavailable,
    /// The server said goodbye.
    Bye,
    /// The connection broke.
    Lost,
    /// What came is no IMAP.
    Garbage,
    /// More came than was asked for.
    TooLarge,
    /// A command was refused.
    Refused,
    /// A file or folder on disk.
    File,
    /// The password could not be had.
    Secret,
}

impl Reason {
    /// For scripts.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Name => "name",
            Reason::Connect => "connect",
            Reason::Silent => "timeout",
            Reason::Certificate => "certificate",
            Reason::CertificateName => "certificate-name",
            Reason::Tls => "tls",
            Reason::NoStarttls => "no-starttls",
            Reason::LoginDisabled => "login-disabled",
            Reason::Credentials => "credentials",
            Reason::AppPassword => "app-password",
            Reason::BasicOff => "basic-auth-off",
            Reason::Token => "token",
            Reason::NoMechanism => "no-mechanism",
            Reason::ImapOff => "imap-off",
            Reason::TooMany => "too-many",
            Reason::Unavailable => "unavailable",
            Reason::Bye => "bye",
            Reason::Lost => "lost",
            Reason::Garbage => "garbage",
            Reason::TooLarge => "too-large",
            Reason::Refused => "refused",
            Reason::File => "file",
            Reason::Secret => "secret",
        }
    }

    /// May the same work in a moment?
    pub fn passes(self) -> bool {
        use Reason::{Bye, Connect, Lost, Silent, TooMany, Unavailable};
        matches!(self, Connect | Silent | TooMany | Unavailable | Bye | Lost)
    }

    /// Is it a matter of what the user set, rather than of the way there?
    pub fn is_setting(self) -> bool {
        use Reason::{AppPassword, BasicOff, Credentials, ImapOff, LoginDisabled, NoMechanism, Secret, Token};
        matches!(self, Credentials | AppPassword | BasicOff | Token | NoMechanism | ImapOff | LoginDisabled | Secret)
    }
}

impl Fault {
    pub fn new(reason: Reason, said: impl Into<String>) -> Fault {
        Fault { reason, said: said.into() }
    }

    /// A refused login, by the words of the server (response codes: RFC 5530 §3).
    pub fn of_login(said: &str, token: bool, provider: Option<&Provider>) -> Fault {
        let text = said.to_ascii_lowercase();
        let any = |words: &[&str]| words.iter().any(|w| text.contains(w));
        let reason = match () {
            () if any(&["application-specific password", "app-specific password", "app password"]) => {
                Reason::AppPassword
            }
            () if any(&["basicauthblocked", "basic auth", "modern auth"]) => Reason::BasicOff,
            () if any(&["[unavailable]", "[inuse]", "[serverbug]", "temporary", "try again later"]) => {
                Reason::Unavailable
            }
            () if any(&["[limit]", "[overquota]", "too many", "rate limit"]) => Reason::TooMany,
            () if any(&["[privacyrequired]"]) => Reason::LoginDisabled,
            // Some say both in one breath; then the password is the first thing to look at.
            () if any(&["invalid credentials or imap"]) => Reason::Credentials,
            () if any(&[
                "not enabled for imap",
                "imap is disabled",
                "imap access is disabled",
                "imap disabled",
                "imap is not enabled",
                "enable imap",
                "authenticated but not connected",
                "pop3/imap",
            ]) =>
            {
                Reason::ImapOff
            }
            () if token => Reason::Token,
            () if provider.is_some_and(|p| p.password == Password::Token) => Reason::BasicOff,
            () => Reason::Credentials,
        };
        Fault::new(reason, said)
    }

    /// A connection that ended where the login was to be answered: a goodbye may say why.
    pub fn at_login(self) -> Fault {
        let reason = match self.reason {
            Reason::Bye => match Fault::of_login(&self.said, false, None).reason {
                why @ (Reason::TooMany | Reason::Unavailable | Reason::ImapOff) => why,
                _ => Reason::Bye,
            },
            Reason::Lost => Reason::Lost,
            _ => return self,
        };
        Fault::new(reason, format!("{}, at the login", self.said))
    }

    /// One line: what is wrong.
    pub fn title(&self, account: &Account) -> String {
        let server = match &account.place {
            Place::Imap(server) => server.host.as_str(),
            Place::Maildir(_) | Place::Mbox(_) => "the mailbox",
        };
        let provider = account.provider().map_or(server, |p| p.name.as_str());
        match self.reason {
            Reason::Name => format!("there is no server {server}"),
            Reason::Connect => format!("{server} takes no connection"),
            Reason::Silent => format!("{server} does not answer in time"),
            Reason::Certificate => format!("the certificate of {server} is not trusted"),
            Reason::CertificateName => format!("the certificate is not that of {server}"),
            Reason::Tls => format!("no secure connection to {server}"),
            Reason::NoStarttls => format!("{server} offers no STARTTLS"),
            Reason::LoginDisabled => format!("{server} takes no password without TLS"),
            Reason::Credentials => format!("{provider} refuses this user and password"),
            Reason::AppPassword => format!("{provider} wants an app password"),
            Reason::BasicOff => format!("{provider} takes no passwords any more"),
            Reason::Token => format!("{provider} refuses the token"),
            Reason::NoMechanism => format!("{server} knows no way to log in that postdoc knows"),
            Reason::ImapOff => format!("IMAP is switched off in this account of {provider}"),
            Reason::TooMany => format!("{provider} counts too many connections or attempts"),
            Reason::Unavailable => format!("{provider} is out of order for now"),
            Reason::Bye => format!("{server} ended the connection"),
            Reason::Lost => format!("the connection to {server} broke"),
            Reason::Garbage => format!("what answers at {server} is no IMAP server"),
            Reason::TooLarge => format!("{server} sends more than it was asked for"),
            Reason::Refused => format!("{server} refuses a command"),
            Reason::File => "the mailbox cannot be read".into(),
            Reason::Secret => "there is no password to log in with".into(),
        }
    }

    /// What to do, in order. Never empty.
    pub fn steps(&self, account: &Account) -> Vec<String> {
        let provider = account.provider();
        let step = |text: &str| vec![text.to_owned()];
        match self.reason {
            Reason::Name => step("Look for a slip in the host's name; many are called imap.DOMAIN or mail.DOMAIN."),
            Reason::Connect => connect(account),
            Reason::Silent => step("Look for a firewall on the way, and whether the port is the right one. A slow server gets more time with --try-timeout."),
            Reason::Certificate => {
                let own = "If the server has a certificate of your own authority, name that with --ca-file FILE.";
                let own = certificate::lacks_trust(&self.said).then(|| own.to_owned());
                own.into_iter().chain([certificate::cure(&self.said).to_owned()]).collect()
            }
            Reason::CertificateName => {
                step("Use the name the certificate is for, or have the server's certificate made for this name too.")
            }
            Reason::Tls => step("Try STARTTLS at port 143, or TLS from the first byte at port 993 (--imap-tls): one of them is usual."),
            Reason::NoStarttls => {
                step("Use TLS from the first byte, at port 993 (--imap-tls implicit). Without TLS everybody on the way reads the password.")
            }
            Reason::LoginDisabled => step("Use TLS from the first byte, at port 993, or STARTTLS at port 143 (--imap-tls)."),
            Reason::Credentials => credentials(provider),
            Reason::AppPassword => app_password(provider),
            Reason::BasicOff => basic_off(provider),
            Reason::Token => vec![
                "Tokens live for an hour or so: have the command print a fresh one.".into(),
                "The token needs the scope for IMAP (https://mail.google.com/, or https://outlook.office.com/IMAP.AccessAsUser.All) and has to be of this very user.".into(),
            ],
            Reason::NoMechanism => step("Ask the administrator to offer AUTH=PLAIN, LOGIN or AUTH=XOAUTH2 over TLS."),
            Reason::ImapOff => match provider.map(|p| p.enable.as_str()).filter(|e| !e.is_empty()) {
                Some(enable) => step(enable),
                None => step("Switch IMAP on in the settings of the account, or ask the administrator to."),
            },
            Reason::TooMany => step("Close other mail programs of this account, or wait a quarter of an hour."),
            Reason::Unavailable | Reason::Bye | Reason::Lost => {
                step("Try again in a few minutes; if it stays so, look at the provider's status page.")
            }
            Reason::Garbage => step("Look at host and port: IMAP is usually at 993 (TLS) or 143."),
            Reason::TooLarge => step("Try again, and read the header alone (--header-only)."),
            Reason::Refused => step("Look at the server's words above; they name what it does not want."),
            Reason::File => step("Look at the path and its permissions."),
            Reason::Secret => {
                step("Name a place: --password-file, --password-command, --password-env, or a terminal to be asked on.")
            }
        }
    }
}

impl From<(Step, String)> for Fault {
    fn from((step, said): (Step, String)) -> Fault {
        let reason = match step {
            Step::Name => Reason::Name,
            Step::Timeout => Reason::Silent,
            Step::Connect => Reason::Connect,
            Step::Certificate => Reason::Certificate,
            Step::CertificateName => Reason::CertificateName,
            Step::Tls => Reason::Tls,
            _ => Reason::Garbage,
        };
        Fault::new(reason, said)
    }
}

fn connect(account: &Account) -> Vec<String> {
    let Place::Imap(server) = &account.place else { return vec!["Look at the path.".into()] };
    let other = match server.tls {
        Tls::Implicit => "STARTTLS at port 143 (--imap-tls starttls)",
        Tls::Starttls | Tls::None => "TLS from the first byte at port 993 (--imap-tls implicit)",
    };
    vec![format!(
        "Look at host and port ({} {}), and whether a firewall stands between; some servers have only {other}.",
        server.host, server.port
    )]
}

fn credentials(provider: Option<&Provider>) -> Vec<String> {
    let mut steps =
        vec!["The user is usually the whole address. Try the same user and password in the browser.".to_owned()];
    let Some(provider) = provider else {
        steps.push("With two-factor authentication most servers take an app password only.".into());
        return steps;
    };
    if provider.password == Password::App {
        steps.push(format!("{} takes no account password over IMAP, only an app password:", provider.name));
    }
    steps.extend(provider.app_password.iter().cloned());
    steps.extend([&provider.enable, &provider.note].into_iter().filter(|t| !t.is_empty()).cloned());
    steps
}

fn app_password(provider: Option<&Provider>) -> Vec<String> {
    match provider.filter(|p| !p.app_password.is_empty()) {
        Some(provider) => provider.app_password.clone(),
        None => vec!["Make an app password in the security settings of the account, and use it here.".into()],
    }
}

fn basic_off(provider: Option<&Provider>) -> Vec<String> {
    let mut steps = vec![
        "Nothing you typed is wrong: this provider has basic authentication (user and password) switched off. It takes a token of OAuth 2.0 only, which a command has to print (--token-command).".to_owned(),
    ];
    steps.extend(provider.map(|p| p.note.clone()).filter(|note| !note.is_empty()));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::account::Server;
    use crate::knowledge::mailbox;

    fn reason(said: &str, token: bool, provider: Option<&str>) -> Reason {
        Fault::of_login(said, token, provider.and_then(mailbox::find)).reason
    }

    #[test]
    fn what_servers_say_when_they_refuse() {
        for (said, want) in [
            ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", Reason::Credentials),
            (
                "Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
                Reason::AppPassword,
            ),
            (
                "Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)",
                Reason::ImapOff,
            ),
            ("[AUTHENTICATIONFAILED] LOGIN invalid credentials or IMAP is disabled sc=x", Reason::Credentials),
            ("User is authenticated but not connected.", Reason::ImapOff),
            ("[UNAVAILABLE] Temporary authentication failure.", Reason::Unavailable),
            ("Too many simultaneous connections. (Failure)", Reason::TooMany),
            ("LogonDenied-BasicAuthBlocked-0", Reason::BasicOff),
            ("LOGIN failed.", Reason::Credentials),
        ] {
            assert_eq!(reason(said, false, None), want, "{said}");
        }
    }

    #[test]
    fn a_provider_without_passwords_explains_a_bare_refusal() {
        assert_eq!(reason("LOGIN failed.", false, Some("outlook")), Reason::BasicOff);
        assert_eq!(reason("AUTHENTICATE failed.", true, Some("outlook")), Reason::Token);
        assert_eq!(reason("AUTHENTICATE failed.", true, None), Reason::Token);
    }

    #[test]
    fn every_failure_ends_in_something_to_do() {
        let accounts = ["me@gmail.com", "me@outlook.com", "me@imap.example.com"]
            .map(|text| Account::new(Place::Imap(Server::read(text).unwrap())));
        for reason in [
            Reason::Name,
            Reason::Connect,
            Reason::Silent,
            Reason::Certificate,
            Reason::CertificateName,
            Reason::Tls,
            Reason::NoStarttls,
            Reason::LoginDisabled,
            Reason::Credentials,
            Reason::AppPassword,
            Reason::BasicOff,
            Reason::Token,
            Reason::NoMechanism,
            Reason::ImapOff,
            Reason::TooMany,
            Reason::Unavailable,
            Reason::Bye,
            Reason::Lost,
            Reason::Garbage,
            Reason::TooLarge,
            Reason::Refused,
            Reason::File,
            Reason::Secret,
        ] {
            for account in &accounts {
                let fault = Fault::new(reason, "x");
                assert!(!fault.title(account).is_empty() && !fault.steps(account).is_empty(), "{reason:?}");
                assert!(!(reason.passes() && reason.is_setting()), "{reason:?}");
            }
        }
        let said = |account: &Account, reason| Fault::new(reason, "x").steps(account).join(" ");
        assert!(said(&accounts[0], Reason::Credentials).contains("myaccount.google.com/apppasswords"));
        assert!(said(&accounts[1], Reason::BasicOff).contains("View message source"));
    }
}
