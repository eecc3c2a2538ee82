//! What the steps look at: the answers of the check, and the findings of the same rules.

use super::Told;
use super::checklist::{Reach, State, Step};
use crate::diagnose::Diagnosis;
use crate::evidence::errand::What;
use crate::evidence::{Answer, Data, Errand, Kind, Outcome, answer_at};
use crate::facts::Facts;
use crate::facts::dkim::name;
use crate::facts::domain::probe::HOSTS;
use crate::knowledge::platform;
use crate::remedy::{Change, TTL, text};
use crate::replay::Plan;
use crate::replay::own::Own;
use crate::rules::{Finding, Place, Severity};
use std::net::IpAddr;

#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub d: &'a Diagnosis,
    pub told: &'a Told,
    pub domain: &'a str,
    /// Whose view of the zone it is.
    pub own: Option<&'a Own>,
}

impl<'a> Desk<'a> {
    pub fn facts(&self) -> &'a Facts {
        &self.d.facts
    }

    /// The answer, where one came that tells.
    pub fn answer(&self, name: &str, kind: Kind) -> Option<&'a Answer> {
        answer_at(&self.facts().evidence.answers, name, kind).filter(|a| !a.outcome.failed())
    }

    /// What stands at a name: values of this type.
    pub fn values(&self, name: &str, kind: Kind) -> Vec<Data> {
        let records = self.answer(name, kind).map_or(&[][..], |a| &a.records);
        records.iter().filter(|r| r.data.kind() == Some(kind)).map(|r| r.data.clone()).collect()
    }

    /// The texts of a name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.answer(name, Kind::Txt).into_iter().flat_map(Answer::texts);
        texts.map(|t| String::from_utf8_lossy(&t).into_owned()).collect()
    }

    /// What the name is an alias of, by whichever answer shows it.
    pub fn alias(&self, name: &str) -> Option<String> {
        let kinds = [Kind::Cname, Kind::Txt, Kind::A, Kind::Mx, Kind::Aaaa];
        let own = |a: &'a Answer| {
            a.records.iter().filter(|r| r.name == name).find_map(|r| match &r.data {
                Data::Cname(target) => Some(target.clone()),
                _ => None,
            })
        };
        kinds.into_iter().filter_map(|kind| self.answer(name, kind)).find_map(own)
    }

    /// Every address that a name leads to.
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let of = |d: Data| match d {
            Data::A(ip) => Some(IpAddr::V4(ip)),
            Data::Aaaa(ip) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        let both = [Kind::A, Kind::Aaaa].into_iter().flat_map(|kind| self.values(name, kind));
        both.filter_map(of).collect()
    }

    /// Was nothing learnt of this name?
    pub fn unasked(&self, name: &str, kind: Kind) -> bool {
        self.answer(name, kind).is_none()
    }

    /// The answer as words for a proof.
    pub fn says(&self, name: &str, kind: Kind) -> String {
        let asked = answer_at(&self.facts().evidence.answers, name, kind);
        let Some(answer) = asked else { return format!("{name} {kind}: not asked") };
        let values: Vec<String> = answer.records.iter().map(|r| r.data.to_string()).collect();
        let words = match answer.outcome {
            Outcome::Records => values.join(", "),
            Outcome::NoData => "no such record".to_owned(),
            Outcome::NxDomain => "no such name".to_owned(),
            other => format!("no answer ({})", other.word()),
        };
        let heard = self.own.filter(|own| own.heard.contains(&(name.to_owned(), kind)));
        let from = heard.map_or(String::new(), |own| format!(" (from {})", own.hosts.join(", ")));
        format!("{name} {kind}: {}{from}", crate::safe::clip(&words, 300))
    }

    /// What an errand brought; `None` where it was not sent out.
    pub fn brought(&self, errand: &Errand) -> Option<&'a What> {
        self.facts().evidence.fetched.get(errand).map(|brought| &brought.what)
    }

    /// Findings of these rules from low on.
    pub fn findings(&self, rules: &'a [&'a str]) -> impl Iterator<Item = &'a Finding> + use<'a> {
        let of = |f: &&Finding| f.severity >= Severity::Low && rules.contains(&f.rule.id);
        self.d.every_finding().filter(of)
    }

    /// Is the finding about one of these names?
    pub fn concerns(finding: &Finding, names: &[String]) -> bool {
        let place = |p: &Place| match p {
            Place::Dns { question, .. } => names.iter().any(|name| question.name == *name),
            _ => false,
        };
        finding.exhibits.iter().any(|e| place(&e.place))
            || finding.fix.iter().flat_map(|f| &f.records).any(|c| names.contains(&c.name))
    }

    /// Takes in what the rules found: the step is to be done, by their fix where it has records.
    pub fn judged(&self, step: &mut Step, found: &[&Finding]) {
        for finding in found {
            step.state = State::ToDo;
            step.rules.push(finding.rule.id);
            step.actions.push(format!("{}.", finding.title));
            let Some(fix) = &finding.fix else { continue };
            step.actions.push(fix.summary.clone());
            step.actions.extend(fix.steps.iter().cloned());
            for change in &fix.records {
                if !step.changes.iter().any(|c| c.name == change.name && c.kind == change.kind) {
                    step.changes.push(change.clone());
                }
            }
        }
        step.actions.dedup();
    }

    /// Takes in what the rules found, mended as `fix` mends it: what their records cure together, one set a name.
    pub fn mended(&self, step: &mut Step, about: impl Fn(&Finding) -> bool) {
        let mut plan = Plan::of(self.d);
        plan.mend(&about);
        let left: Vec<&Finding> = plan.after.every_finding().filter(|f| about(f)).collect();
        let cured = self.d.every_finding().filter(|f| about(f) && !left.iter().any(|l| l.rule.id == f.rule.id));
        let told: Vec<&Finding> = cured.chain(left.iter().copied()).collect();
        step.changes.append(&mut plan.changes);
        self.judged(step, &told);
    }

    /// The authorities that may issue for a host, with the name whose CAA records say so; `None`: every one, or not known.
    pub fn issuers(&self, host: &str) -> Option<(&'a str, Vec<&'a str>)> {
        let climbs = &self.facts().domain.caa.as_ref()?.climbs;
        let of = |name: &str| climbs.iter().find(|c| c.host == name);
        let climb = of(host).or_else(|| of(self.domain).filter(|_| name::within(host, self.domain)))?;
        Some((climb.governing()?.asked.question.name.as_str(), climb.issuers("issue")?))
    }

    /// Whose certificates the own servers have, and from which authority.
    pub fn authority(&self) -> Option<(&'static str, &'static str)> {
        let mut platforms = self.told.platforms.iter().filter_map(|id| platform::find(id));
        platforms.find_map(|p| Some((p.name.as_str(), p.authority.as_deref()?)))
    }

    /// What keeps this authority from issuing for an own server: the name whose CAA records leave it out, and whom they name.
    pub fn locked_out(&self, authority: &str) -> Option<(&'a str, Vec<&'a str>)> {
        let hosts = self.told.servers.iter().filter_map(|s| s.name.as_deref());
        hosts.filter_map(|host| self.issuers(host)).find(|(_, issuers)| !issuers.contains(&authority))
    }

    /// A change of a set: what is there stays unless `replaces` says otherwise, and the new values come.
    pub fn change(&self, name: &str, kind: Kind, new: Vec<Data>, replaces: impl Fn(&Data) -> bool) -> Change {
        let before = self.values(name, kind);
        let mut after: Vec<Data> = before.iter().filter(|d| !replaces(d)).cloned().collect();
        for data in new {
            if !after.contains(&data) {
                after.push(data);
            }
        }
        Change { name: name.to_owned(), kind, ttl: TTL, before, after }
    }

    /// One more text at a name.
    pub fn adds_text(&self, name: &str, value: &str) -> Change {
        self.change(name, Kind::Txt, vec![text(value)], |_| false)
    }

    /// The domain's mail hosts; `None` where nobody answered.
    pub fn mx(&self) -> Option<Vec<(u16, String)>> {
        self.answer(self.domain, Kind::Mx)?;
        let of = |d: Data| match d {
            Data::Mx { preference, exchange } => Some((preference, exchange)),
            _ => None,
        };
        Some(self.values(self.domain, Kind::Mx).into_iter().filter_map(of).collect())
    }

    /// Whom the wishes of a check would reach: see [`Told::said`].
    pub fn reach(&self) -> Reach {
        let mut hosts = self.mx().unwrap_or_default();
        hosts.sort();
        Reach {
            mail_hosts: hosts.into_iter().map(|(_, host)| host).filter(|host| !host.is_empty()).take(HOSTS).collect(),
            links: self.told.tracking_hosts(self.domain).into_iter().map(|h| h.name).collect(),
            servers: self.told.servers.iter().filter_map(|s| s.name.clone()).collect(),
        }
    }

    /// Does the domain take mail, as far as that is known?
    pub fn receives(&self) -> Option<bool> {
        match self.mx().as_deref() {
            Some([]) => self.told.receives,
            // RFC 7505: the null MX.
            Some([(_, host)]) if host.is_empty() || host == "." => Some(false),
            Some(_) => Some(true),
            None => self.told.receives,
        }
    }
}
