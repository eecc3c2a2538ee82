//! Blanks of the checklist: what only a portal or the owner knows, and what the owner typed there.

use super::Step;
use super::told::{Host, Told};
use crate::evidence::{Data, Kind};
use crate::facts::dkim::name;
use crate::remedy::{self, Change};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where reports go: an answer of the owner's.
pub(super) const REPORTS: &str = "mailbox for the reports";

/// Who takes mail: likewise.
pub(super) const MAIL_HOST: &str = "host that your mailbox provider names";

/// One of them, in the record that it keeps from being published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blank {
    /// `token that Google shows`
    pub what: String,
    /// The place of the record among those of the step.
    pub record: usize,
    /// The record as it is proposed.
    pub proposed: Change,
    /// What the owner typed; empty where nothing was.
    pub text: String,
}

/// What the owner typed, by the record and the blank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filled(BTreeMap<String, String>);

impl Filled {
    fn key(change: &Change, what: &str) -> String {
        format!("{} {} {what}", change.name, change.kind)
    }

    /// Puts what was typed into the records of a step, and says what they ask for.
    pub(super) fn lay_over(&self, step: &mut Step) {
        for (record, change) in step.changes.iter_mut().enumerate() {
            let proposed = change.clone();
            for what in proposed.blanks() {
                let text = self.0.get(&Filled::key(&proposed, &what)).cloned().unwrap_or_default();
                if !text.is_empty() {
                    put(change, &what, &text);
                }
                step.asked.push(Blank { what, record, proposed: proposed.clone(), text });
            }
        }
    }
}

impl Told {
    /// Takes what the owner knows of a blank: where an answer of theirs asks for the same, as that answer.
    ///
    /// # Errors
    /// A sentence for the user: the record would be none.
    pub fn fill(&mut self, blank: &Blank, text: &str) -> Result<(), String> {
        let Blank { what, proposed, .. } = blank;
        let text = bare(proposed, what, text);
        if text.is_empty() {
            self.filled.0.remove(&Filled::key(proposed, what));
            return Ok(());
        }
        if text.contains(['<', '>', '"']) || text.chars().any(char::is_control) {
            return Err(format!("{text:?} cannot stand in a record"));
        }
        let host_name = |text: &str| name::domain(text).ok_or_else(|| format!("{text:?} is no host name"));
        match &**what {
            REPORTS => {
                let mailbox = text.strip_prefix("mailto:").unwrap_or(&text);
                if !mailbox.contains('@') || mailbox.contains([' ', ',', ';', ':']) {
                    return Err(format!("{text:?} is no address"));
                }
                self.reports = Some(mailbox.to_owned());
                return Ok(());
            }
            MAIL_HOST => {
                self.mx = vec![host_name(&text)?];
                return Ok(());
            }
            _ => {}
        }
        let address = proposed.after.iter().find_map(|data| match data {
            Data::A(ip) => Some(IpAddr::V4(*ip)),
            Data::Aaaa(ip) => Some(IpAddr::V6(*ip)),
            _ => None,
        });
        if let Some(server) = self.servers.iter_mut().find(|s| s.name.is_none() && Some(s.ip) == address) {
            server.name = Some(host_name(&text)?);
            return Ok(());
        }
        if let Some(host) = self.tracking.iter_mut().find(|h| h.target.is_none() && h.name == proposed.name) {
            *host = Host::read(&format!("{}={text}", host.name))?;
            return Ok(());
        }
        let mut whole = proposed.clone();
        put(&mut whole, what, &text);
        let host = |name: &str| name.contains('<') || (name::domain(name).is_some() && name.parse::<IpAddr>().is_err());
        let fits = host(&whole.name)
            && whole.after.iter().all(|data| match data {
                Data::Cname(target) | Data::Mx { exchange: target, .. } => host(target),
                _ => true,
            });
        if !fits {
            return Err(format!("{text:?} is no host name"));
        }
        // A selector is looked at wherever its record comes from.
        if proposed.name.contains(&remedy::blank(what))
            && let Some((selector, _)) = whole.name.split_once("._domainkey.").filter(|(s, _)| !s.contains('<'))
            && !self.selectors.iter().any(|s| s == selector)
        {
            self.selectors.push(selector.to_owned());
        }
        self.filled.0.insert(Filled::key(proposed, what), text);
        Ok(())
    }
}

/// What belongs into the blank: portals show the whole name or value as well, and quotes around it.
fn bare(proposed: &Change, what: &str, text: &str) -> String {
    let text = text.trim().trim_matches('"').trim();
    let blank = remedy::blank(what);
    let around = std::iter::once(proposed.name.clone()).chain(proposed.after.iter().map(value));
    let mut inside = around.filter_map(|whole| {
        let (before, behind) = whole.split_once(&blank)?;
        let rest = text.strip_prefix(before)?.strip_suffix(behind)?;
        (before.len() + behind.len() > 0).then(|| rest.to_owned())
    });
    let text = inside.next().unwrap_or_else(|| text.to_owned());
    match proposed.kind {
        // A name at its end is absolute with the dot.
        Kind::Cname | Kind::Mx => text.trim_end_matches('.').to_ascii_lowercase(),
        _ => text,
    }
}

fn value(data: &Data) -> String {
    match data {
        Data::Cname(target) | Data::Mx { exchange: target, .. } => target.clone(),
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        _ => String::new(),
    }
}

/// Puts the text in place of the blank, wherever the record has it.
fn put(change: &mut Change, what: &str, text: &str) {
    let blank = remedy::blank(what);
    change.name = change.name.replace(&blank, &text.to_ascii_lowercase());
    for data in &mut change.after {
        match data {
            Data::Cname(target) | Data::Mx { exchange: target, .. } => *target = target.replace(&blank, text),
            Data::Txt(_) => *data = remedy::text(&value(data).replace(&blank, text)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Kind;

    fn change(name: &str, kind: Kind, after: Data) -> Change {
        Change { name: name.into(), kind, ttl: 3600, before: vec![], after: vec![after] }
    }

    /// The records of a step with these proposals, once `text` stands in the first blank of each.
    fn filled(told: &mut Told, proposed: &Change, text: &str) -> Result<Change, String> {
        let mut step = Step { changes: vec![proposed.clone()], ..Step::default() };
        told.filled.lay_over(&mut step);
        told.fill(&step.asked[0], text)?;
        let mut step = Step { changes: vec![proposed.clone()], ..Step::default() };
        told.filled.lay_over(&mut step);
        Ok(step.changes.remove(0))
    }

    #[test]
    fn what_a_portal_shows_goes_where_it_belongs() {
        let mut told = Told::default();
        let token =
            change("acme.example", Kind::Txt, remedy::text("google-site-verification=<token that Google shows>"));
        for shown in ["Abc_1", " google-site-verification=Abc_1 ", "\"google-site-verification=Abc_1\""] {
            let got = filled(&mut told, &token, shown).unwrap();
            assert_eq!((value(&got.after[0]).as_str(), got.blanks().len()), ("google-site-verification=Abc_1", 0));
        }
        let alias = change("em.acme.example", Kind::Cname, Data::Cname("<target that Acme shows>".into()));
        let got = filled(&mut told, &alias, "U1.wl.Esp.example.").unwrap();
        assert_eq!(got.after, [Data::Cname("u1.wl.esp.example".into())]);
        // Taken back.
        assert_eq!(filled(&mut told, &alias, " ").unwrap(), alias);
        for odd in ["two words", "192.0.2.1", "a<b", "line\nend"] {
            assert!(filled(&mut told, &alias, odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_selector_is_asked_for_from_then_on() {
        let mut told = Told::default();
        let key =
            change("<token 1>._domainkey.acme.example", Kind::Cname, Data::Cname("<token 1>.dkim.esp.example".into()));
        for shown in ["ABC1", "abc1._domainkey.acme.example", "abc1.dkim.esp.example"] {
            let got = filled(&mut told, &key, shown).unwrap();
            assert_eq!(got.name, "abc1._domainkey.acme.example", "{shown}");
            assert_eq!(got.after, [Data::Cname("abc1.dkim.esp.example".into())], "{shown}");
            assert_eq!(told.selectors, ["abc1"]);
        }
    }

    #[test]
    fn what_an_answer_asks_for_becomes_that_answer() {
        let mut told = Told {
            servers: vec![crate::onboarding::told::Server::read("192.0.2.4").unwrap()],
            tracking: vec![Host::read("click.acme.example").unwrap()],
            ..Told::default()
        };
        let server = change("<host name of your server>", Kind::A, Data::A("192.0.2.4".parse().unwrap()));
        filled(&mut told, &server, "mta.acme.example").unwrap();
        assert_eq!(told.servers[0].name.as_deref(), Some("mta.acme.example"));
        let host = change("click.acme.example", Kind::Cname, Data::Cname("<host or address>".into()));
        filled(&mut told, &host, "192.0.2.9").unwrap();
        assert_eq!(told.tracking[0].target.as_deref(), Some("192.0.2.9"));
        let reports =
            change("_dmarc.acme.example", Kind::Txt, remedy::text(&format!("v=DMARC1; rua=mailto:<{REPORTS}>")));
        assert!(filled(&mut told, &reports, "nobody").is_err());
        filled(&mut told, &reports, "mailto:d@acme.example").unwrap();
        let mx = change("acme.example", Kind::Mx, Data::Mx { preference: 10, exchange: format!("<{MAIL_HOST}>") });
        filled(&mut told, &mx, "mx.acme.example.").unwrap();
        assert_eq!(
            (told.reports.as_deref(), &told.mx[..]),
            (Some("d@acme.example"), &["mx.acme.example".to_owned()][..])
        );
        assert_eq!(told.filled, Filled::default());
    }
}
