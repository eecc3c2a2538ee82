//! Sending one message: what, as whom, to whom, through which server. Pure: nothing is drawn, asked or sent here.

pub mod again;
mod compose;
mod notice;
mod warn;

pub use compose::{Composed, Sealed, compose, copies};
pub use notice::{Sent, evidence};
pub use warn::{all_warnings, warnings};

pub use crate::evidence::transcript::Security;
pub use lettre::Address;
pub use lettre::message::Mailbox;
use std::net::IpAddr;
use std::sync::Arc;

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub from: Mailbox,
    /// MAIL FROM; `None` is the null path `<>`.
    pub mail_from: Option<Address>,
    pub to: Address,
    /// The name in EHLO; `None`: that of this machine.
    pub hello: Option<String>,
    pub route: Route,
    pub security: Security,
    /// Any certificate will do, for this once.
    pub insecure: bool,
    /// The user name of a login.
    pub user: Option<String>,
    /// The address of this machine that the connection is to come from.
    pub source: Option<IpAddr>,
    pub content: Content,
}

/// Which way it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Through a server that sends for us.
    Via { host: String, port: u16 },
    /// To the receiver's own mail host, from this machine.
    Direct,
}

/// What the message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Test {
        subject: Option<String>,
        /// Stands above what every test message says of itself.
        body: Option<String>,
        /// Where one unsubscribes: `https:` makes the pair of RFC 8058.
        unsubscribe: Option<String>,
    },
    /// A whole message of the user's own, sent as it is.
    Own(Arc<[u8]>),
}

/// Where mail is handed in (RFC 8314 §3.3, RFC 6409, RFC 5321).
const SUBMISSIONS: u16 = 465;
const SUBMISSION: u16 = 587;
pub const SMTP: u16 = 25;

impl Route {
    /// Reads `--via`: `direct`, or a host with or without its port; with the TLS that fits where none is asked for.
    pub fn read(text: &str, wanted: Option<Security>) -> Result<(Route, Security), String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("direct") {
            return Ok((Route::Direct, wanted.unwrap_or(Security::Opportunistic)));
        }
        let (host, port) = host_and_port(text)?;
        let security = wanted.unwrap_or(match port {
            Some(SUBMISSIONS) => Security::Implicit,
            Some(SMTP) => Security::Opportunistic,
            _ => Security::Starttls,
        });
        let port = port.unwrap_or(if security == Security::Implicit { SUBMISSIONS } else { SUBMISSION });
        Ok((Route::Via { host, port }, security))
    }

    /// `smtp.example.com port 587`, or the mail host of a domain.
    pub fn words(&self, to: &Address) -> String {
        match self {
            Route::Via { host, port } => format!("{host} port {port}"),
            Route::Direct => format!("the mail host of {} (MX), port {SMTP}, from this machine", to.domain()),
        }
    }
}

/// `HOST`, `HOST:PORT`, an address, or `[ADDRESS]:PORT`; the host in lower case, as an A-label.
fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    const WANT: &str = "expected HOST, HOST:PORT, [ADDRESS]:PORT or `direct`";
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text.to_owned(), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().map_err(|_| WANT.to_owned())?)),
        None => (text, None),
    };
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok((bare.to_owned(), port));
    }
    let ascii = idna::domain_to_ascii(host).map_err(|_| WANT.to_owned())?;
    let fits = !ascii.is_empty() && ascii.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if fits { Ok((ascii, port)) } else { Err(WANT.into()) }
}

/// An address as it goes into the envelope: the domain as A-labels.
pub fn address(text: &str) -> Result<Address, String> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    let bad = || format!("{text:?} is no address like ann@example.com");
    let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| bad())?;
    Address::new(local, domain).map_err(|_| bad())
}

/// An address with or without a name: `Ann <ann@example.com>`.
pub fn mailbox(text: &str) -> Result<Mailbox, String> {
    let text = text.trim();
    match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
        Some((name, inner)) => {
            let name = name.trim().trim_matches('"').trim();
            if name.chars().any(char::is_control) {
                return Err(format!("{name:?} is no name"));
            }
            Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address(inner)?))
        }
        None => Ok(Mailbox::new(None, address(text)?)),
    }
}

/// An address of this machine that a connection is to come from.
pub fn source(text: &str) -> Result<IpAddr, String> {
    let text = text.trim();
    text.parse().map_err(|_| format!("{text:?} is no IP address like 192.0.2.1"))
}

/// The From of a message of the user's own, as it stands there.
pub fn from(message: &[u8]) -> Option<String> {
    compose::field(message, "From")
}

/// The path in angle brackets, empty for none.
pub fn path(mail_from: Option<&Address>) -> String {
    format!("<{}>", mail_from.map_or("", |a| a.as_ref()))
}

/// What whoever confirms has to have read of messages that differ in their recipient: a label and its value.
pub fn confirmation(drafts: &[Draft]) -> Vec<(&'static str, String)> {
    let Some(first) = drafts.first() else { return Vec::new() };
    let tls = match (first.security, first.insecure) {
        (Security::None, _) => "none: everybody in between can read along".to_owned(),
        (Security::Opportunistic, false) => "opportunistic: where the server offers it".to_owned(),
        (Security::Opportunistic, true) => "opportunistic, whatever the certificate".to_owned(),
        (wanted, true) => format!("{}, WITHOUT checking the certificate", words(wanted)),
        (wanted, false) => format!("{}, with a good certificate", words(wanted)),
    };
    let joined = |each: &mut dyn Iterator<Item = String>| each.collect::<Vec<_>>().join(", ");
    let mut to = joined(&mut drafts.iter().map(|d| d.to.to_string()));
    if drafts.len() > 1 {
        to += &format!(" ({} messages, one for each)", drafts.len());
    }
    let server = match (&first.route, drafts.len()) {
        (Route::Direct, 2..) => format!("the mail host of each (MX), port {SMTP}, from this machine"),
        (route, _) => route.words(&first.to),
    };
    let mut rows = vec![
        ("From", first.from.to_string()),
        ("MAIL FROM", path(first.mail_from.as_ref())),
        ("To", to),
        ("Server", server),
        ("TLS", tls),
    ];
    rows.extend(first.user.clone().map(|user| ("Login", user)));
    rows.extend(first.source.map(|ip| ("Source", format!("{ip}, an address of this machine"))));
    rows
}

fn words(security: Security) -> &'static str {
    match security {
        Security::Implicit => "from the first byte",
        Security::Starttls => "STARTTLS, required",
        Security::Opportunistic | Security::None => security.word(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn draft() -> Draft {
        Draft {
            from: mailbox("Ann <ann@news.example>").unwrap(),
            mail_from: Some(address("bounce@news.example").unwrap()),
            to: address("bob@rcpt.example").unwrap(),
            hello: Some("host.news.example".into()),
            route: Route::Via { host: "smtp.news.example".into(), port: 587 },
            security: Security::Starttls,
            insecure: false,
            user: None,
            source: None,
            content: Content::Test { subject: None, body: None, unsubscribe: None },
        }
    }

    #[test]
    fn a_route_brings_the_port_and_the_tls_that_fit() {
        for (text, wanted, want) in [
            ("smtp.example.com", None, "smtp.example.com port 587 starttls"),
            ("smtp.example.com:465", None, "smtp.example.com port 465 implicit"),
            ("smtp.example.com", Some(Security::Implicit), "smtp.example.com port 465 implicit"),
            ("SMTP.Example.com:25", None, "smtp.example.com port 25 opportunistic"),
            ("localhost:2525", Some(Security::None), "localhost port 2525 none"),
            ("192.0.2.1", None, "192.0.2.1 port 587 starttls"),
            ("[2001:db8::1]:25", None, "2001:db8::1 port 25 opportunistic"),
            ("b\u{fc}cher.example", None, "xn--bcher-kva.example port 587 starttls"),
        ] {
            let (route, security) = Route::read(text, wanted).unwrap();
            assert_eq!(
                format!("{} {}", route.words(&address("a@b.example").unwrap()), security.word()),
                want,
                "{text}"
            );
        }
        assert_eq!(Route::read("Direct", None), Ok((Route::Direct, Security::Opportunistic)));
        for bad in ["", "smtp.example.com:many", "a b", "smtp.example.com:99999"] {
            assert!(Route::read(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_take_no_second_line() {
        assert_eq!(address("<ann@B\u{fc}cher.example>").unwrap().to_string(), "ann@xn--bcher-kva.example");
        assert_eq!(mailbox("\"Ann, B\" <a@b.example>").unwrap().email.to_string(), "a@b.example");
        for bad in ["ann", "ann@", "@b.example", "a@b.example\r\nDATA", "a b@c.example"] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert!(mailbox("Ann\r\nBcc: x <a@b.example>").is_err());
    }

    #[test]
    fn the_confirmation_names_the_envelope_the_server_and_tls() {
        let rows =
            |d: &[Draft]| confirmation(d).iter().map(|(l, v)| format!("{l}: {v}")).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(rows(&[draft()]), @r"
        From: Ann <ann@news.example>
        MAIL FROM: <bounce@news.example>
        To: bob@rcpt.example
        Server: smtp.news.example port 587
        TLS: STARTTLS, required, with a good certificate
        ");
        let direct =
            Draft { route: Route::Direct, mail_from: None, insecure: true, user: Some("ann".into()), ..draft() };
        let direct = Draft { source: source(" 192.0.2.9 ").ok(), ..direct };
        insta::assert_snapshot!(rows(std::slice::from_ref(&direct)), @r"
        From: Ann <ann@news.example>
        MAIL FROM: <>
        To: bob@rcpt.example
        Server: the mail host of rcpt.example (MX), port 25, from this machine
        TLS: STARTTLS, required, WITHOUT checking the certificate
        Login: ann
        Source: 192.0.2.9, an address of this machine
        ");
        let other = Draft { to: address("me@mail.example").unwrap(), ..direct.clone() };
        let several = rows(&[direct, other]);
        assert!(several.contains("To: bob@rcpt.example, me@mail.example (2 messages, one for each)"), "{several}");
        assert!(several.contains("Server: the mail host of each (MX), port 25"), "{several}");
    }
}
