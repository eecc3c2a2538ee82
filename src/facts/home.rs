//! Where a record is published: the zone that its name stands in, and who runs that zone's DNS.

use super::Reading;
use super::boundary::Identities;
use super::lookup::Lookup;
use super::organization::psl;
use crate::evidence::{Answer, Answers, Data, Kind, answer_at};
use crate::knowledge::{DnsHost, host, platform};

/// The home of a name.
#[derive(Clone, Debug)]
pub struct Home {
    /// The zone's apex.
    pub zone: String,
    /// No answer shows where the zone is cut: it is the registrable domain that is meant.
    pub assumed: bool,
    /// The zone's name servers, as far as they are known.
    pub servers: Vec<String>,
    /// `None` while nothing tells, or more than one host is possible.
    pub host: Option<&'static DnsHost>,
    /// The hosts it may be, where that is more than one.
    pub candidates: Vec<&'static DnsHost>,
    /// The user said so.
    pub chosen: bool,
}

/// Asks for the name servers of the domains a fix may touch: that of From, and that of MAIL FROM
/// where it is no platform's. At a name that is no zone's apex the answer brings the SOA of the
/// zone it stands in (RFC 2308 §2), so that no round is added.
pub fn ask(lookup: &Lookup, reading: &Reading, identities: &Identities) {
    let mail_from = identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let own = mail_from.filter(|d| platform::that_bounce_to(d).is_empty());
    for domain in reading.from_domain().into_iter().chain(own) {
        if let Some(org) = psl(domain) {
            lookup.ask(org, Kind::Ns);
            lookup.ask(domain, Kind::Ns);
        }
    }
}

/// What the answers at hand say of the home of `name`.
pub fn of(answers: &Answers, name: &str) -> Home {
    let above = |n: &&str| n.contains('.');
    let names = std::iter::successors(Some(name), |n| n.split_once('.').map(|(_, rest)| rest)).take_while(above);
    let cut = names.filter_map(|n| cut_at(answers, n)).next();
    let assumed = cut.is_none();
    let zone = cut.unwrap_or_else(|| psl(name).unwrap_or(name).to_owned());
    let ns = answer_at(answers, &zone, Kind::Ns);
    let servers: Vec<String> = ns.into_iter().flat_map(|a| own_servers(a, &zone)).map(str::to_owned).collect();
    let mut candidates: Vec<&'static DnsHost> = servers.iter().flat_map(|s| host::candidates(s)).collect();
    candidates.sort_by(|a, b| a.id.cmp(&b.id));
    candidates.dedup_by(|a, b| a.id == b.id);
    let host = match candidates[..] {
        [one] => Some(one),
        _ => None,
    };
    Home {
        zone,
        assumed,
        servers,
        host,
        candidates: if host.is_some() { Vec::new() } else { candidates },
        chosen: false,
    }
}

/// The apex of the zone that `name` stands in, where an answer to a question about it tells.
fn cut_at(answers: &Answers, name: &str) -> Option<String> {
    let known = |kind| answer_at(answers, name, kind);
    let apex = |kind, a: &Answer| a.records.iter().any(|r| r.name == name && r.data.kind() == Some(kind));
    if [Kind::Ns, Kind::Soa].into_iter().any(|kind| known(kind).is_some_and(|a| apex(kind, a))) {
        return Some(name.to_owned());
    }
    // Behind a CNAME the SOA is that of the target's zone.
    let negative = |kind| known(kind).filter(|a| a.records.is_empty()).and_then(Answer::zone_cut);
    let kinds = [Kind::Ns, Kind::Soa, Kind::Txt, Kind::Mx, Kind::A, Kind::Aaaa, Kind::Cname, Kind::Caa];
    let covers = |cut: &&str| *cut == name || name.strip_suffix(*cut).is_some_and(|head| head.ends_with('.'));
    // The registry's own zone is nobody's to edit.
    kinds.into_iter().filter_map(negative).find(covers).filter(|cut| psl(cut).is_some()).map(str::to_owned)
}

fn own_servers<'a>(answer: &'a Answer, zone: &str) -> impl Iterator<Item = &'a str> {
    answer.records.iter().filter(move |r| r.name == zone).filter_map(|r| match &r.data {
        Data::Ns(server) => Some(server.as_str()),
        _ => None,
    })
}

impl Home {
    /// With the host that the user named, if any.
    pub fn with_said(self, id: Option<&str>) -> Home {
        match id.and_then(host::find) {
            Some(said) => Home { host: Some(said), candidates: Vec::new(), chosen: true, ..self },
            None => self,
        }
    }

    /// How the form is to be filled in: the host's, or what holds for most.
    pub fn form_of(&self) -> &'static DnsHost {
        self.host.unwrap_or_else(host::unknown)
    }

    /// Whose DNS it is, and what shows it.
    pub fn because(&self) -> String {
        let by = match &self.servers[..] {
            [] => "no name server of its zone is known".to_owned(),
            [one] => format!("by its name server {one}"),
            [one, ..] => format!("by its name servers, {one} among them"),
        };
        match (self.host, &self.candidates[..]) {
            (Some(host), _) if self.chosen => format!("{}, as you said", host.name),
            (Some(host), _) => format!("{}, {by}", host.name),
            (None, []) => format!("unknown: {by}"),
            (None, several) => {
                let names: Vec<_> = several.iter().map(|h| h.name.as_str()).collect();
                format!("{} ({by})", names.join(" or "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Question;
    use crate::evidence::zone::Zone;

    fn home(lines: &str, asked: &[(&str, Kind)], name: &str) -> Home {
        let zone = Zone::parse(lines).unwrap();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let questions = asked.iter().map(|(name, kind)| Question::new(name, *kind));
        of(&questions.map(|q| (zone.answer(&q, at), q)).map(|(a, q)| (q, a)).collect(), name)
    }

    const WORLD: &str = "
        com SOA a.gtld.test h.gtld.test 1 1 1 1 1
        example.com SOA ada.ns.cloudflare.com d.cloudflare.com 1 1 1 1 1
        example.com NS ada.ns.cloudflare.com
        example.com NS bob.ns.cloudflare.com
        news.example.com SOA ns1.example.net d.example.net 1 1 1 1 1
        news.example.com NS ns57.domaincontrol.com
        alias.example.com CNAME there.example.net
        example.net SOA ns1.example.net d.example.net 1 1 1 1 1
    ";

    #[test]
    fn an_answer_at_the_name_or_above_tells_the_zone() {
        let asked = [("example.com", Kind::Ns)];
        let h = home(WORLD, &asked, "s1._domainkey.example.com");
        assert_eq!((&*h.zone, h.assumed, h.host.map(|h| &*h.id)), ("example.com", false, Some("cloudflare")));
        assert_eq!(h.because(), "Cloudflare, by its name servers, ada.ns.cloudflare.com among them");
        // The SOA of a negative answer is that of the zone the name stands in.
        let h = home(WORLD, &[("_dmarc.mail.example.com", Kind::Txt)], "_dmarc.mail.example.com");
        assert_eq!((&*h.zone, h.assumed, h.host.is_none()), ("example.com", false, true));
        // A zone of its own below.
        let asked = [("example.com", Kind::Ns), ("news.example.com", Kind::Ns)];
        let h = home(WORLD, &asked, "_dmarc.news.example.com");
        assert_eq!((&*h.zone, h.host.map(|h| &*h.id)), ("news.example.com", Some("godaddy")));
    }

    #[test]
    fn without_an_answer_it_is_an_assumption() {
        let h = home(WORLD, &[], "s1._domainkey.mail.example.com");
        assert_eq!((&*h.zone, h.assumed, h.host.is_none()), ("example.com", true, true));
        assert!(h.because().contains("no name server"), "{}", h.because());
        // Not the zone of a CNAME's target, and not the registry's.
        let h = home(WORLD, &[("alias.example.com", Kind::Txt)], "alias.example.com");
        assert_eq!((&*h.zone, h.assumed), ("example.com", true));
        let h = home(WORLD, &[("nobodys.com", Kind::Ns)], "_dmarc.nobodys.com");
        assert_eq!((&*h.zone, h.assumed), ("nobodys.com", true));
    }

    #[test]
    fn a_shared_name_server_leaves_the_choice_to_the_user() {
        let lines = "example.org NS ns-cloud-a1.googledomains.com";
        let h = home(lines, &[("example.org", Kind::Ns)], "example.org");
        assert!(h.host.is_none() && h.candidates.len() == 2);
        assert!(h.because().starts_with("Google Cloud DNS or Squarespace"), "{}", h.because());
        let h = h.with_said(Some("squarespace"));
        assert!(h.chosen && h.host.is_some_and(|h| h.id == "squarespace"));
    }

    #[test]
    fn name_servers_are_asked_for_the_users_own_domains_only() {
        use crate::facts::address::{Address, From, Mailbox};
        use crate::facts::boundary::{Identity, MailFrom, Origin};
        use crate::span::Span;

        let address = Address {
            local: "ann".into(),
            domain: "news.example.com".into(),
            span: Span::default(),
            domain_span: Span::default(),
        };
        let mut r = Reading::default();
        let mailbox = Mailbox { display: String::new(), address: Some(address), span: Span::default() };
        r.from = From { field: Some(0), mailboxes: vec![mailbox], problems: vec![] };
        for (mail_from, want) in [
            ("bounce.example.net", vec!["bounce.example.net", "example.com", "example.net", "news.example.com"]),
            ("us-east-1.amazonses.com", vec!["example.com", "news.example.com"]),
        ] {
            let value = MailFrom::Path { local: None, domain: mail_from.into() };
            let mail_from = Some(Identity { value, origin: Origin::ReturnPath, span: None });
            let identities = Identities { mail_from, ..Identities::default() };
            let answers = Answers::new();
            let lookup = Lookup::new(&answers);
            ask(&lookup, &r, &identities);
            let asked: Vec<_> = lookup.into_missing().into_iter().map(|q| q.name).collect();
            assert_eq!(asked, want);
        }
    }
}
