//! Whose mailboxes a message goes to: by the server that took it, else by the domain of the recipient.

use crate::facts::freemail;

/// Everybody who runs a server of their own, or whom nobody has heard of.
pub const OTHERS: &str = "others";

/// Numbers that are not told apart by receiver.
pub const ALL: &str = "all";

/// The receiver of a message for `domain`, taken or refused by `host`; both in lower case, both may be empty. Who hosts
/// the mailboxes decides, not what the address is called.
pub fn of(domain: &str, host: &str) -> &'static str {
    let consumer = freemail::provider(domain);
    if host.ends_with(".protection.outlook.com") && consumer.is_none() {
        return MICROSOFT_365;
    }
    match freemail::that_runs(host).or(consumer) {
        Some(known) => known.name,
        None => OTHERS,
    }
}

/// Microsoft's servers for domains of their customers: another house than Outlook.com, with other limits.
const MICROSOFT_365: &str = "Microsoft 365";

/// The receiver that a user means.
pub fn named(word: &str) -> Option<&'static str> {
    let word = word.trim().to_ascii_lowercase();
    let also = match word.as_str() {
        "google" | "google workspace" => "gmail",
        "outlook" | "hotmail" | "microsoft" => "outlook.com",
        "microsoft365" | "microsoft-365" | "office365" | "m365" => return Some(MICROSOFT_365),
        "aol" => "yahoo",
        "apple" => "icloud",
        "other" => OTHERS,
        "gmx" | "web.de" | "webde" => "gmx and web.de",
        "mailru" | "mail-ru" => "mail.ru",
        "proton" => "proton mail",
        other => other,
    };
    [ALL, OTHERS, MICROSOFT_365]
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(also))
        .or_else(|| freemail::named(also).map(|known| known.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hosts_the_mailboxes_decides() {
        for (domain, host, receiver) in [
            ("gmail.com", "", "Gmail"),
            ("acme.example", "gmail-smtp-in.l.google.com", "Gmail"),
            ("acme.example", "acme-example.mail.protection.outlook.com", "Microsoft 365"),
            ("hotmail.com", "hotmail-com.olc.protection.outlook.com", "Outlook.com"),
            ("aol.com", "mx-aol.mail.gm0.yahoodns.net", "Yahoo"),
            ("acme.example", "mx.acme.example", OTHERS),
            ("", "", OTHERS),
        ] {
            assert_eq!(of(domain, host), receiver, "{domain} {host}");
        }
        for (word, receiver) in
            [("gmail", Some("Gmail")), ("Hotmail", Some("Outlook.com")), ("others", Some(OTHERS)), ("nobody", None)]
        {
            assert_eq!(named(word), receiver, "{word}");
        }
    }
}
