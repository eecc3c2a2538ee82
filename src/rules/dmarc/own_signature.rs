//! The cure of unaligned mail: a DKIM signature with the sender's own domain.

use crate::facts::Facts;
use crate::facts::organization::Agreement;
use crate::knowledge::Platform;
use crate::remedy::{self, Change, Remedy, blank};

/// Has `domain` sign for itself: at a known platform with its records and switch, else with blanks.
// Concatenated: most mail that fails is told this, and formatting costs several times as much.
pub fn remedy(facts: &Facts, domain: &str, platform: Option<&Platform>) -> Remedy {
    let service = platform.map_or("the sending service", |p| p.name.as_str());
    let mut remedy = Remedy::new(["Have ", service, " sign the mail with DKIM as ", domain].concat()).signing(domain);
    remedy = match platform.and_then(|p| p.dkim_setting.as_deref()) {
        Some(setting) => remedy.step(remedy::platform::place(setting, domain)),
        None => remedy.step(
            [
                "In ",
                service,
                ", add ",
                domain,
                " as an authenticated domain (its own DKIM); it then shows the record or records to publish",
            ]
            .concat(),
        ),
    };
    let keys = platform.map_or(vec![], |p| remedy::platform::keys(p, domain, &facts.evidence.answers));
    if keys.is_empty() {
        let name = [&blank("selector that the sending service shows"), "._domainkey.", domain].concat();
        let value = blank("DKIM record that the sending service shows");
        remedy = remedy
            .marked(Change::txt(&name, &[] as &[&str], &[value]))
            .step("Publish what it shows exactly as it shows it; some services give a CNAME in place of a TXT");
    }
    remedy = keys.into_iter().fold(remedy, Remedy::marked);
    remedy = remedy.step([
        "Have the service verify the domain, switch signing on for it, and send a new message: it must say dkim=pass header.d=", domain
    ].concat());
    // A Return-Path that is the sender's own already needs no other; mailboxes send with the user's address.
    let own = facts.alignment.spf.is_some_and(|a| a != Agreement::None);
    if own || platform.is_some_and(|p| p.kind == "mailbox" && p.return_path.is_none()) {
        return remedy;
    }
    let words = platform.and_then(|p| remedy::platform::return_path(p, domain));
    remedy.step(match words {
        Some(words) => {
            let setting = platform.and_then(|p| p.return_path_setting.as_deref());
            format!(
                "Or else make SPF count: {}{words}; DKIM is the better choice, it survives forwarding",
                setting.map_or(String::new(), |s| format!("{}: ", Platform::fill(s, domain))),
            )
        }
        None if platform.is_some() => {
            format!("{service} offers no bounce domain of your own, so SPF cannot count for {domain}; DKIM has to")
        }
        None => [
            "Or else make SPF count: set a Return-Path (bounce domain) below ",
            domain,
            " in the service; DKIM is the better choice, it survives forwarding",
        ]
        .concat(),
    })
}
