//! What this server takes, from whom, and how much of it.

/// Limits and names; every count is a maximum.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name in greeting, Received and Authentication-Results.
    pub name: String,
    pub recipients: Vec<Recipient>,
    /// Bytes of one message (RFC 1870).
    pub size: usize,
    /// Bytes of a command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512 at least; extensions add to it.
    pub command: usize,
    /// Bytes of a line of a message. RFC 5321 §4.5.3.1.6 asks for 1,000 at least; careless senders exceed that.
    pub line: usize,
    /// Recipients of one message (RFC 5321 §4.5.3.1.8: 100 at least).
    pub per_message: usize,
    /// Messages of one connection.
    pub messages: usize,
    /// Commands of one connection.
    pub commands: usize,
    /// Refused commands of one connection.
    pub errors: usize,
}

impl Policy {
    pub fn new(name: &str, recipients: Vec<Recipient>) -> Policy {
        Policy {
            name: name.to_owned(),
            recipients,
            size: 10 << 20,
            command: 2048,
            line: 16 << 10,
            per_message: 100,
            messages: 100,
            commands: 1000,
            errors: 20,
        }
    }

    /// Whether mail for this address is taken. `<postmaster>` without a domain always is (RFC 5321 §4.5.1).
    pub fn takes(&self, address: &str) -> bool {
        address.eq_ignore_ascii_case("postmaster") || self.recipients.iter().any(|r| r.is(address))
    }
}

/// The name of a server: a host name, in lower case and without the dot at its end.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    match fits && crate::evidence::input::is_host(&name) {
        true => Ok(name),
        false => Err("expected a host name, like mx.example.com".into()),
    }
}

/// An address that mail is taken for, or `@domain` for all of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// `None`: any.
    local: Option<String>,
    domain: String,
}

impl Recipient {
    pub fn new(local: &str, domain: &str) -> Recipient {
        Recipient { local: Some(local.to_owned()), domain: domain.to_owned() }
    }

    /// Upper and lower case are the same here, in the local part too: nobody expects otherwise of a test address.
    fn is(&self, address: &str) -> bool {
        let Some((local, domain)) = address.rsplit_once('@') else { return false };
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        same(&self.domain, domain) && self.local.as_deref().is_none_or(|own| same(own, local))
    }
}

impl std::str::FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Recipient, String> {
        let wrong = || format!("{text:?} is neither an address nor @domain");
        let (local, domain) = text.trim().rsplit_once('@').ok_or_else(wrong)?;
        let odd = |part: &str| part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>".contains(c));
        if domain.is_empty() || odd(domain) || odd(local) {
            return Err(wrong());
        }
        Ok(Recipient { local: (!local.is_empty()).then(|| local.to_owned()), domain: domain.to_owned() })
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.local.as_deref().unwrap_or_default(), self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_taken_for_what_was_named_and_for_nothing_else() {
        let policy =
            Policy::new("mx.example.net", vec!["Test@Example.net".parse().unwrap(), "@all.example".parse().unwrap()]);
        for yes in ["test@example.net", "TEST@EXAMPLE.NET", "anyone@all.example", "postmaster", "Postmaster"] {
            assert!(policy.takes(yes), "{yes}");
        }
        for no in ["test2@example.net", "test@sub.example.net", "all.example", "x@x.all.example", "", "a@b@example.net"]
        {
            assert!(!policy.takes(no), "{no}");
        }
        for wrong in ["", "@", "test", "a b@example.net", "a@exa mple.net", "<a@example.net>"] {
            assert!(wrong.parse::<Recipient>().is_err(), "{wrong}");
        }
    }
}
