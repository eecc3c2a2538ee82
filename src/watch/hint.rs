//! What explains the state of a watch, in sentences that stay true while nothing changes.

use super::{Expect, Server, Standing, Watch};
use std::collections::BTreeSet;

/// One sentence or two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    /// A word for scripts.
    pub id: &'static str,
    pub text: String,
}

impl Hint {
    /// Nothing cures itself here by waiting.
    pub fn needs_a_hand(&self) -> bool {
        !matches!(self.id, "negative-cached" | "old-cached" | "at-primary")
    }
}

pub(super) fn hints(watch: &Watch) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut say = |id, text: Option<String>| hints.extend(text.map(|text| Hint { id, text }));
    let view = View(watch);
    say("not-delegated", view.not_delegated());
    say("at-primary", view.at_primary());
    say("doubled", view.doubled());
    say("behind", view.behind());
    say("not-published", view.not_published());
    say("wildcard", view.wildcard());
    say("other-value", view.other_value());
    say("alias", view.alias());
    say("target-missing", view.target_missing());
    say("lame", view.lame());
    say("silent", view.silent());
    say("delegation-differs", view.delegation_differs());
    say("negative-cached", view.negative_cached());
    say("old-cached", view.old_cached());
    hints
}

struct View<'a>(&'a Watch);

impl<'a> View<'a> {
    /// The delegated servers that stand so, as hosts.
    fn hosts(&self, wanted: impl Fn(&Server, Standing) -> bool) -> BTreeSet<&'a str> {
        let fits = |s: &&Server| s.who.is_delegated() && wanted(s, self.0.standing(s));
        self.0.servers.iter().filter(fits).filter_map(|s| s.who.host()).collect()
    }

    fn standing(&self, wanted: Standing) -> BTreeSet<&'a str> {
        self.hosts(|_, standing| standing == wanted)
    }

    /// Every name server is heard, or has failed to answer.
    fn heard(&self) -> bool {
        let mut authorities = self.0.servers.iter().filter(|s| s.who.host().is_some());
        self.0.delegated().next().is_some() && authorities.all(|s| s.heard.is_some() || s.failed.is_some())
    }

    fn apex(&self) -> &'a str {
        self.0.zone().and_then(|z| z.apex.as_deref()).unwrap_or(&self.0.order.name)
    }

    /// At a server that nobody is sent to.
    fn not_delegated(&self) -> Option<String> {
        let outside = |s: &&Server| s.who.is_outside() && !s.who.is_primary();
        let has = |s: &&Server| outside(s) && self.0.standing(s) == Standing::Has;
        let outside: BTreeSet<&str> = self.0.servers.iter().filter(has).filter_map(|s| s.who.host()).collect();
        if outside.is_empty() || !self.heard() || !self.standing(Standing::Has).is_empty() {
            return None;
        }
        let delegated: BTreeSet<&str> = self.0.delegated().filter_map(|s| s.who.host()).collect();
        Some(format!(
            "You edited a zone that is not delegated: {} {} the record, but {} is delegated to {}. Make the record \
             there, or have the registrar change the name servers.",
            listed(&outside),
            if outside.len() == 1 { "has" } else { "have" },
            self.apex(),
            listed(&delegated)
        ))
    }

    /// It is made, and on its way to those who are asked.
    fn at_primary(&self) -> Option<String> {
        let has = |s: &&Server| s.who.is_primary() && self.0.standing(s) == Standing::Has;
        let primary = self.0.servers.iter().find(has)?;
        let behind = |_: &Server, s| !matches!(s, Standing::Has | Standing::Lame | Standing::Silent);
        if self.hosts(behind).is_empty() || !self.heard() {
            return None;
        }
        let refresh = self.0.zone().and_then(|z| z.start.as_ref()).map(|start| start.refresh);
        let refresh = refresh.map_or(String::new(), |s| format!(", else within {s} s (SOA refresh, RFC 1035 §3.3.13)"));
        Some(format!(
            "{}, from which the zone's name servers fetch it, has the record: they have it at once where it notifies \
             them{refresh}.",
            primary.who.name()
        ))
    }

    /// The alias is there, and leads nowhere.
    fn target_missing(&self) -> Option<String> {
        let (target, kind) = self.0.target.gone()?;
        let what = kind.map_or("there is no such name".to_owned(), |kind| format!("that name has no {kind} record"));
        Some(format!(
            "The alias leads to {target}, and {what}: the service makes it once the domain is set up there, or the target \
             is mistyped."
        ))
    }

    /// A panel that appends the zone by itself, and a user who typed it too.
    fn doubled(&self) -> Option<String> {
        let there = self.0.doubled.as_ref().filter(|_| self.standing(Standing::Has).is_empty())?;
        let relative = self.0.order.name.strip_suffix(self.apex()).and_then(|n| n.strip_suffix('.')).unwrap_or("@");
        Some(format!(
            "The record stands at {there}, with the zone twice: your DNS host adds {} by itself. Rename it; the name to \
             type is {relative}.",
            self.apex()
        ))
    }

    /// Some of the zone's servers have it, some not.
    fn behind(&self) -> Option<String> {
        let has = self.standing(Standing::Has);
        let behind = self.hosts(|_, s| matches!(s, Standing::Missing | Standing::Other | Standing::Alias));
        if has.is_empty() || behind.is_empty() {
            return None;
        }
        let all: BTreeSet<&str> = self.0.delegated().filter_map(|s| s.who.host()).collect();
        let serial = |hosts: &BTreeSet<&str>| -> BTreeSet<u32> {
            let of = self.0.delegated().filter(|s| s.who.host().is_some_and(|h| hosts.contains(h)));
            of.filter_map(|s| s.serial).collect()
        };
        let (old, new) = (serial(&behind), serial(&has));
        let serials = match (old.first(), new.last()) {
            (Some(old), Some(new)) if is_older(*old, *new) => {
                let who = if behind.len() == 1 { "It has" } else { "They have" };
                format!(" {who} serial {old} of the zone, others {new}: the transfer has not come through.")
            }
            (Some(old), Some(new)) if old == new => {
                format!(" All show serial {new}, so no transfer is due: each must be given the record.")
            }
            _ => String::new(),
        };
        Some(format!(
            "{} of {} name servers {} behind: {}.{serials}",
            behind.len(),
            all.len(),
            if behind.len() == 1 { "is" } else { "are" },
            listed(&behind)
        ))
    }

    fn not_published(&self) -> Option<String> {
        let missing = self.standing(Standing::Missing);
        let elsewhere = self.not_delegated().is_some() || self.doubled().is_some() || self.at_primary().is_some();
        if missing.is_empty() || elsewhere || !self.heard() || self.0.order.expect == Expect::Gone {
            return None;
        }
        if !self.hosts(|_, s| matches!(s, Standing::Has | Standing::Other | Standing::Alias)).is_empty() {
            return None;
        }
        let host = self.0.dns_host().map_or(String::new(), |name| format!(" at {name}"));
        Some(format!(
            "None of the name servers of {} has the record yet. They are {}{host}; if you made it elsewhere, you edited a \
             zone that is not delegated.",
            self.apex(),
            listed(&self.0.delegated().filter_map(|s| s.who.host()).collect())
        ))
    }

    fn wildcard(&self) -> Option<String> {
        let any = self.0.wildcard.as_ref()?;
        let from_it = |s: &Server| s.heard.as_ref().is_some_and(|h| h.said == *any);
        let hosts = self.hosts(|s, standing| standing == Standing::Other && from_it(s));
        (!hosts.is_empty()).then(|| {
            let above = self.0.order.name.split_once('.').map_or("", |(_, above)| above);
            format!(
                "The answer comes from a wildcard: any name below {above} gets it. The record itself is not there yet."
            )
        })
    }

    fn other_value(&self) -> Option<String> {
        let all = !self.standing(Standing::Other).is_empty()
            && self.hosts(|s, standing| s.counts() && standing != Standing::Other).is_empty();
        if !all || !self.heard() || self.wildcard().is_some() || self.0.order.expect == Expect::Same {
            return None;
        }
        Some(match self.0.order.expect {
            Expect::Gone => "Every name server of the zone still has the record.".to_owned(),
            _ => "Every name server of the zone has something else there. No cache is in the way: compare what you \
                  published with what is expected."
                .to_owned(),
        })
    }

    fn alias(&self) -> Option<String> {
        let of = |s: &Server| s.heard.as_ref()?.alias.clone();
        let target = self.0.servers.iter().filter(|s| self.0.standing(s) == Standing::Alias).find_map(of)?;
        Some(format!(
            "An alias stands at {}: whoever asks is sent to {target}, and a record beside a CNAME does not count \
             (RFC 1034 §3.6.2).",
            self.0.order.name
        ))
    }

    fn lame(&self) -> Option<String> {
        let lame = self.hosts(|s, _| s.is_lame() && s.failed.is_some());
        (!lame.is_empty()).then(|| {
            format!(
                "Lame delegation: {} {} sent questions about {} and {} not serve it. After three tries it is not waited \
                 for; have it serve the zone, or taken out of the delegation.",
                listed(&lame),
                if lame.len() == 1 { "is" } else { "are" },
                self.apex(),
                if lame.len() == 1 { "does" } else { "do" },
            )
        })
    }

    fn silent(&self) -> Option<String> {
        let lost = self.0.servers.iter().filter(|s| !s.counts() && !s.is_lame() && !s.who.is_outside());
        let lost: BTreeSet<&str> = lost.map(|s| s.who.name()).collect();
        (!lost.is_empty()).then(|| format!("No answer from {}, and not waited for any more.", listed(&lost)))
    }

    fn delegation_differs(&self) -> Option<String> {
        let zone = self.0.zone()?;
        let own: BTreeSet<&str> = zone
            .servers
            .iter()
            .filter(|s| s.at_parent == Some(false) && s.at_apex == Some(true))
            .map(|s| s.host.as_str())
            .collect();
        (!own.is_empty()).then(|| {
            format!("The zone names {} as a name server, the zone above does not: nobody is sent there.", listed(&own))
        })
    }

    /// Resolvers that stand so, while a name server of the zone already has it.
    fn resolvers(&self, wanted: Standing) -> BTreeSet<&'a str> {
        if self.standing(Standing::Has).is_empty() {
            return BTreeSet::new();
        }
        let old = self.0.servers.iter().filter(|s| s.who.host().is_none() && self.0.standing(s) == wanted);
        old.map(|s| s.who.name()).collect()
    }

    fn negative_cached(&self) -> Option<String> {
        let old = self.resolvers(Standing::Missing);
        let most = self.0.zone().and_then(|z| z.start.as_ref()).map(|start| start.negative_ttl());
        (!old.is_empty()).then(|| {
            let most = most.map_or(String::new(), |s| format!(", at most {s} s (RFC 2308 §5)"));
            let (was, keeps) = if old.len() == 1 { ("was", "keeps") } else { ("were", "keep") };
            format!(
                "{} {was} asked before the record existed, and {keeps} \"no such record\" for as long as the zone's SOA \
                 says{most}. Asking sooner is no use.",
                listed(&old)
            )
        })
    }

    fn old_cached(&self) -> Option<String> {
        let old = self.resolvers(Standing::Other);
        let keeps = if old.len() == 1 { "keeps" } else { "keep" };
        (!old.is_empty()).then(|| format!("{} still {keeps} the old answer, until its TTL is over.", listed(&old)))
    }
}

/// RFC 1982 §3.2.
fn is_older(one: u32, other: u32) -> bool {
    one != other && other.wrapping_sub(one) < 1 << 31
}

/// `a, b and c`
fn listed(names: &BTreeSet<&str>) -> String {
    let names: Vec<&str> = names.iter().copied().collect();
    match &names[..] {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
