//! The cure of unaligned mail: a DKIM signature with the sender's own domain.

use crate::evidence::{Data, Kind, Question};
use crate::facts::Facts;
use crate::facts::organization::Agreement;
use crate::knowledge::Platform;
use crate::remedy::{Change, Remedy, TTL, blank, text};

/// Has `domain` sign for itself: at a known platform with its records and switch, else with blanks.
pub fn remedy(facts: &Facts, domain: &str, platform: Option<&Platform>) -> Remedy {
    let service = platform.map_or("the sending service", |p| p.name.as_str());
    let mut remedy = Remedy::new(format!("Have {service} sign the mail with DKIM as {domain}"));
    remedy = match platform.and_then(|p| p.dkim_setting.as_deref()) {
        Some(setting) => remedy.step(fill(setting, domain)),
        None => remedy.step(format!(
            "In {service}, add {domain} as an authenticated domain (its own DKIM); it then shows the record or records to publish"
        )),
    };
    let setups = platform.map_or(&[][..], |p| &p.dkim);
    for setup in setups {
        let shown = || blank(&format!("target that {service} shows"));
        let is_cname = setup.record.eq_ignore_ascii_case("CNAME");
        let value = match setup.target.as_deref() {
            Some(target) => fill(target, domain),
            None if is_cname => shown(),
            None => blank(&format!("TXT value that {service} shows")),
        };
        let data = if is_cname { Data::Cname(value) } else { text(&value) };
        remedy = add(remedy, facts, &format!("{}._domainkey.{domain}", fill(&setup.selector, domain)), data);
    }
    if setups.is_empty() {
        let name = format!("{}._domainkey.{domain}", blank("selector that the sending service shows"));
        remedy = add(remedy, facts, &name, text(&blank("DKIM record that the sending service shows")))
            .step("Publish what it shows exactly as it shows it; some services give a CNAME in place of a TXT");
    }
    remedy = remedy.step(format!(
        "Have the service verify the domain, switch signing on for it, and send a new message: it must say dkim=pass header.d={domain}"
    ));
    // A Return-Path that is the sender's own already needs no other; mailboxes send with the user's address.
    let own = facts.alignment.spf.is_some_and(|a| a != Agreement::None);
    if own || platform.is_some_and(|p| p.kind == "mailbox" && p.return_path.is_none()) {
        return remedy;
    }
    let return_path = platform.and_then(|p| Some((p.return_path.as_ref()?, p.return_path_setting.as_deref())));
    remedy.step(match return_path {
        Some((path, setting)) => {
            let target = path.target.as_deref().map_or_else(|| blank("target it shows"), |t| fill(t, domain));
            format!(
                "Or else make SPF count: {}{}.{domain} {} {target}; DKIM is the better choice, it survives forwarding",
                setting.map_or(String::new(), |s| format!("{}: ", fill(s, domain))),
                fill(&path.label, domain),
                path.record,
            )
        }
        None if platform.is_some() => {
            format!("{service} offers no bounce domain of your own, so SPF cannot count for {domain}; DKIM has to")
        }
        None => format!(
            "Or else make SPF count: set a Return-Path (bounce domain) below {domain} in the service; DKIM is the better choice, it survives forwarding"
        ),
    })
}

/// A record beside what is known to stand at the name.
fn add(remedy: Remedy, facts: &Facts, name: &str, data: Data) -> Remedy {
    let kind = if matches!(data, Data::Cname(_)) { Kind::Cname } else { Kind::Txt };
    let answer = facts.evidence.answers.get(&Question::new(name, kind));
    let same = |d: &&Data| std::mem::discriminant(*d) == std::mem::discriminant(&data);
    let before: Vec<Data> =
        answer.map_or(&[][..], |a| &a.records).iter().map(|r| &r.data).filter(same).cloned().collect();
    let mut blanks: Vec<String> = marked(name);
    match &data {
        Data::Cname(target) => blanks.extend(marked(target)),
        Data::Txt(strings) => blanks.extend(marked(&String::from_utf8_lossy(&strings.concat()))),
        _ => {}
    }
    let mut remedy = remedy.record(Change { name: name.to_owned(), kind, ttl: TTL, before, after: vec![data] });
    for what in blanks {
        if !remedy.blanks.contains(&what) {
            remedy = remedy.blank(what);
        }
    }
    remedy
}

/// Platform data with the sender's domain in its placeholders.
fn fill(pattern: &str, domain: &str) -> String {
    pattern.replace("{domain-dashes}", &domain.replace('.', "-")).replace("{domain}", domain)
}

/// What stands in the marked blanks of a value.
fn marked(value: &str) -> Vec<String> {
    let after_open = value.split('<').skip(1);
    after_open.filter_map(|rest| rest.split_once('>').map(|(what, _)| what.to_owned())).collect()
}
