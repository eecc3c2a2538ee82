//! Mailbox providers whose domains only they can authenticate.

use crate::knowledge::pattern::fold;
use std::sync::LazyLock;

/// A provider: its address domains, and the hosts its users' mail leaves from.
#[derive(Debug, PartialEq, Eq)]
pub struct Freemail {
    pub name: &'static str,
    /// Exact domains; `yahoo.*` stands for that name under any public suffix.
    domains: &'static [&'static str],
    hosts: &'static [&'static str],
}

impl Freemail {
    /// Is this one of the provider's own hosts?
    pub fn runs(&self, host: &str) -> bool {
        self.hosts.iter().any(|h| host.strip_suffix(h).is_some_and(|head| head.is_empty() || head.ends_with('.')))
    }
}

const PROVIDERS: &[Freemail] = &[
    Freemail { name: "Gmail", domains: &["gmail.com", "googlemail.com"], hosts: &["google.com"] },
    Freemail {
        name: "Yahoo",
        domains: &["yahoo.*", "ymail.com", "rocketmail.com", "aol.com", "aim.com"],
        hosts: &["yahoo.com", "aol.com", "yahoodns.net"],
    },
    Freemail {
        name: "Outlook.com",
        domains: &["outlook.*", "hotmail.*", "live.*", "msn.com", "passport.com"],
        hosts: &["outlook.com", "hotmail.com"],
    },
    Freemail {
        name: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        hosts: &["icloud.com", "apple.com", "me.com", "mac.com"],
    },
    Freemail {
        name: "Mail.ru",
        domains: &["mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru", "xmail.ru"],
        hosts: &["mail.ru"],
    },
    Freemail {
        name: "Yandex",
        domains: &["yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "yandex.uz", "ya.ru", "narod.ru"],
        hosts: &["yandex.net", "yandex.ru", "yandex.com"],
    },
    Freemail { name: "Rambler", domains: &["rambler.ru", "lenta.ru", "ro.ru"], hosts: &["rambler.ru"] },
    Freemail {
        name: "GMX and WEB.DE",
        domains: &["gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "mail.com"],
        hosts: &["gmx.net", "web.de", "mail.com"],
    },
    Freemail { name: "T-Online", domains: &["t-online.de"], hosts: &["t-online.de"] },
    Freemail { name: "freenet", domains: &["freenet.de"], hosts: &["freenet.de"] },
    Freemail { name: "Orange", domains: &["orange.fr", "wanadoo.fr"], hosts: &["orange.fr", "wanadoo.fr"] },
    Freemail { name: "La Poste", domains: &["laposte.net"], hosts: &["laposte.net"] },
    Freemail { name: "Free", domains: &["free.fr"], hosts: &["free.fr", "proxad.net"] },
    Freemail { name: "Libero", domains: &["libero.it", "virgilio.it"], hosts: &["libero.it", "virgilio.it"] },
    Freemail {
        name: "Proton Mail",
        domains: &["proton.me", "protonmail.com", "pm.me", "protonmail.ch"],
        hosts: &["protonmail.ch", "proton.ch"],
    },
    Freemail { name: "QQ Mail", domains: &["qq.com", "foxmail.com"], hosts: &["qq.com"] },
    Freemail { name: "NetEase", domains: &["163.com", "126.com", "yeah.net"], hosts: &["163.com", "126.com"] },
    Freemail { name: "Naver", domains: &["naver.com"], hosts: &["naver.com"] },
    Freemail { name: "Daum", domains: &["daum.net", "hanmail.net"], hosts: &["daum.net", "hanmail.net"] },
    Freemail { name: "Seznam", domains: &["seznam.cz", "email.cz"], hosts: &["seznam.cz"] },
    Freemail { name: "Comcast", domains: &["comcast.net"], hosts: &["comcast.net"] },
];

/// Address domains with their providers, sorted by [`fold`] of the first label: nearly every domain begins with none of them.
static DOMAINS: LazyLock<Vec<(u64, &str, &Freemail)>> = LazyLock::new(|| {
    let of = |provider: &'static Freemail| {
        provider.domains.iter().map(move |domain| (fold(first_label(domain).as_bytes()), *domain, provider))
    };
    let mut domains: Vec<_> = PROVIDERS.iter().flat_map(of).collect();
    domains.sort_unstable_by_key(|(number, domain, _)| (*number, *domain));
    domains
});

fn first_label(domain: &str) -> &str {
    memchr::memchr(b'.', domain.as_bytes()).map_or(domain, |dot| &domain[..dot])
}

/// The provider of an address domain (lower case).
pub fn provider(domain: &str) -> Option<&'static Freemail> {
    let label = first_label(domain);
    let sought = fold(label.as_bytes());
    let start = DOMAINS.partition_point(|(number, ..)| *number < sought);
    let alike = DOMAINS[start..].iter().take_while(|(number, ..)| *number == sought);
    // `yahoo.co.uk`, but not `yahoo.example.com`.
    let any_suffix = |known: &str| {
        known.strip_suffix(".*") == Some(label) && crate::facts::organization::psl(domain) == Some(domain)
    };
    alike.filter(|(_, known, _)| domain == *known || any_suffix(known)).map(|(.., provider)| *provider).next()
}

/// The provider on whose servers a host is (lower case).
pub fn that_runs(host: &str) -> Option<&'static Freemail> {
    PROVIDERS.iter().find(|p| p.runs(host))
}

/// The provider of this name, in any case.
pub fn named(name: &str) -> Option<&'static Freemail> {
    PROVIDERS.iter().find(|p| p.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_and_those_who_only_look_like_one() {
        for (domain, name) in [
            ("gmail.com", Some("Gmail")),
            ("yahoo.co.uk", Some("Yahoo")),
            ("hotmail.fr", Some("Outlook.com")),
            ("yahoo.example.com", None),
            ("mail.ru", Some("Mail.ru")),
            ("mail.com", Some("GMX and WEB.DE")),
            ("mail.example.com", None),
            ("yahoo", None),
            ("yahoo.", None),
            ("notgmail.com", None),
            ("google.com", None),
            ("example.com", None),
        ] {
            assert_eq!(provider(domain).map(|p| p.name), name, "{domain}");
        }
        let gmail = provider("gmail.com").unwrap();
        assert!(gmail.runs("mail-ej1-f41.google.com") && !gmail.runs("notgoogle.com"));
    }
}
