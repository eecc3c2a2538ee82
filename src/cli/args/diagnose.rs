//! `diagnose`: what to read, and what its bytes do not tell.

use super::secret::RspamdPassword;
use crate::evidence::InputKind;
use crate::evidence::filters::OwnFilters;
use crate::evidence::input::is_sender;
use crate::evidence::said::{Configured, Sending};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Diagnose {
    /// Files, or folders of them (a Maildir too); `-` or none reads standard input
    pub files: Vec<PathBuf>,
    /// What the input is
    #[arg(long = "as", value_name = "KIND", default_value = "auto")]
    pub kind: KindArg,
    /// Address of the client that delivered the message
    #[arg(long)]
    pub ip: Option<IpAddr>,
    /// The name it gave in HELO or EHLO
    #[arg(long)]
    pub helo: Option<String>,
    /// The envelope sender, address or domain
    #[arg(long, value_parser = envelope)]
    pub mail_from: Option<String>,
    /// Believe the Authentication-Results of this authserv-id
    #[arg(long, value_name = "AUTHSERV-ID", value_parser = NonEmptyStringValueParser::new())]
    pub trust: Option<String>,
    /// The message as it was sent, as a file: shows what was changed on the way. The case then keeps both bodies
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    pub sent: Option<String>,
    /// The folder it was found in, as INBOX or Junk: junk is a verdict too
    #[arg(long, value_name = "NAME")]
    pub folder: Option<String>,
    /// Diagnose one of the built-in examples
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    pub sample: Option<String>,
    /// What the panel or signer is said to be set to: from=…,mail-from=…,mail-from-type=…,helo=…,selector=…,secondary-selector=…,ip=…,pool=…,virtual-sender=…,template-sender=…
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = configured)]
    pub configured: Option<Configured>,
    /// Messages a day that you send: receivers ask more of those who send 5,000 and more
    #[arg(long, value_name = "N", value_parser = crate::warmup::log::numbers::number)]
    pub volume: Option<u64>,
    /// Your own counts: complaints=PERCENT,bounces=PERCENT,feedback-loops=yes|no
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = sending)]
    pub sending: Option<Sending>,
    /// Ask blocklists about the sending address, the From domain and the domains of links: it tells them all of these
    #[arg(long)]
    pub blocklists: bool,
    /// Look at the certificates of your own hosts that the message links to, by a TLS handshake each
    #[arg(long)]
    pub probe_links: bool,
    /// Hand the message to your own SpamAssassin (spamd), and show what it says
    #[arg(long, value_name = "HOST[:PORT]|SOCKET", value_parser = OwnFilters::place_of_spamd)]
    pub spamd: Option<String>,
    /// Hand the message to your own Rspamd, as http://127.0.0.1:11333, and show what it says
    #[arg(long, value_name = "URL", value_parser = OwnFilters::place_of_rspamd)]
    pub rspamd: Option<String>,
    #[command(flatten)]
    pub rspamd_password: RspamdPassword,
    /// Keep the message's body in the case file
    #[arg(long)]
    pub keep_body: bool,
    /// Write a case file of each of several inputs; of one input it is written anyway
    #[arg(long)]
    pub save: bool,
    /// Write no case file
    #[arg(long, conflicts_with = "save")]
    pub no_save: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    Auto,
    Message,
    Headers,
    Bounce,
    Reply,
    Record,
    Report,
}

impl KindArg {
    /// `None`: let the recogniser decide.
    pub fn kind(self) -> Option<InputKind> {
        match self {
            KindArg::Auto => None,
            KindArg::Message => Some(InputKind::Message),
            KindArg::Headers => Some(InputKind::Headers),
            KindArg::Bounce => Some(InputKind::Bounce),
            KindArg::Reply => Some(InputKind::Reply),
            KindArg::Record => Some(InputKind::Record),
            KindArg::Report => Some(InputKind::Report),
        }
    }
}

/// Where Altcraft takes MAIL FROM from.
const MAIL_FROM_TYPES: [&str; 4] = ["from_email", "ptr", "custom", "aligned"];

pub(super) fn configured(text: &str) -> Result<Configured, String> {
    let mut c = Configured::default();
    for pair in text.split(',').filter(|p| !p.trim().is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not KEY=VALUE"))?;
        let value = value.trim().to_owned();
        let slot = match key.trim() {
            "from" if is_sender(&value) => &mut c.from,
            "from" => return Err(format!("{value:?} is no domain or address, like example.com")),
            "mail-from" => &mut c.mail_from,
            "mail-from-type" if MAIL_FROM_TYPES.contains(&value.as_str()) => &mut c.mail_from_type,
            "mail-from-type" => return Err(format!("{value:?} is none of {}", MAIL_FROM_TYPES.join(", "))),
            "helo" => &mut c.helo,
            "selector" => &mut c.selector,
            "secondary-selector" => &mut c.secondary_selector,
            "pool" => &mut c.pool,
            "virtual-sender" => &mut c.virtual_sender,
            "template-sender" => &mut c.template_sender,
            "ip" => {
                c.ip = Some(value.parse().map_err(|_| format!("{value:?} is not an IP address"))?);
                continue;
            }
            other => {
                return Err(format!(
                    "{other:?} is not known; use from, mail-from, mail-from-type, helo, selector, secondary-selector, ip, pool, virtual-sender, template-sender"
                ));
            }
        };
        *slot = Some(value);
    }
    Ok(c)
}

/// The null path, an address, or a domain.
fn envelope(text: &str) -> Result<String, String> {
    let path = text.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, domain) = path.rsplit_once('@').unwrap_or(("", path));
    let odd = |part: &str| part.contains(|c: char| c.is_whitespace() || c.is_control());
    let quoted = local.starts_with('"') && local.ends_with('"');
    match odd(domain) || (odd(local) && !quoted) || (domain.is_empty() && !path.is_empty()) {
        true => Err("neither an address nor a domain".into()),
        false => Ok(text.to_owned()),
    }
}

/// `complaints=0.2,bounces=1.5,feedback-loops=no`
pub(super) fn sending(text: &str) -> Result<Sending, String> {
    let mut s = Sending::default();
    for pair in text.split(',').filter(|p| !p.trim().is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not KEY=VALUE"))?;
        match (key.trim(), value.trim()) {
            ("complaints", rate) => s.complaints = Some(rate.parse()?),
            ("bounces", rate) => s.bounces = Some(rate.parse()?),
            ("feedback-loops", "yes") => s.feedback_loops = Some(true),
            ("feedback-loops", "no") => s.feedback_loops = Some(false),
            ("feedback-loops", other) => return Err(format!("{other:?} is neither yes nor no")),
            (other, _) => return Err(format!("{other:?} is not known; use complaints, bounces, feedback-loops")),
        }
    }
    Ok(s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_counts_are_read_in_percent() {
        let s = sending("complaints=0.25%, bounces=2,feedback-loops=no").unwrap();
        assert_eq!(s.complaints.unwrap().to_string(), "0.25");
        assert_eq!((s.bounces.unwrap().to_string().as_str(), s.feedback_loops), ("2", Some(false)));
        for (wrong, says) in
            [("complaints=many", "0.25"), ("complaints=101", "percent"), ("spam=1", "bounces"), ("x", "KEY")]
        {
            assert!(sending(wrong).unwrap_err().contains(says), "{wrong}");
        }
    }

    #[test]
    fn the_envelope_sender_is_an_address_a_domain_or_nothing() {
        for good in ["", "<>", "a@c", "<ann@example.com>", "example.com", "root@localhost", "\"a b\"@c.example"] {
            assert_eq!(envelope(good).as_deref(), Ok(good));
        }
        for bad in ["a b@c", "ann@", "a b", "ann@exa mple.com"] {
            assert!(envelope(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn stated_settings_name_what_they_do_not_know() {
        let c = configured("from=example.com, selector=s1,ip=192.0.2.4").unwrap();
        assert_eq!(c.from.as_deref(), Some("example.com"));
        assert_eq!(c.selector.as_deref(), Some("s1"));
        assert!(c.ip.is_some());
        assert!(configured("form=example.com").unwrap_err().contains("mail-from"));
        assert!(configured("from=http://example.com/x").unwrap_err().contains("no domain"));
        assert!(configured("from=@example.com").is_err());
        assert_eq!(configured("from=news@example.com").unwrap().from.as_deref(), Some("news@example.com"));
        assert!(configured("from=xn--bcher-kva.example").is_ok() && configured("from=bücher.example").is_ok());
        assert!(configured("mail-from-type=aligned").is_ok());
        assert!(configured("mail-from-type=alligned").unwrap_err().contains("from_email"));
        assert!(configured("from").unwrap_err().contains("KEY=VALUE"));
    }
}
