//! One field at a time: may it begin the believed group?

use super::super::hop;
use super::super::party::{Party, is_public};
use super::{Distrust, Walk, Why};
use crate::facts::authres::{AuthRes, MethodResult};

impl<'r> Walk<'r> {
    /// May this field, with these Received above it, begin the believed group?
    /// `late`: fields above it were not believed, so that only the receiver's own may.
    pub(super) fn judge(&self, n: usize, above: &[usize], late: bool) -> Result<(Party<'r>, Why), Distrust> {
        let Some(field) = self.reading.authres.get(n) else { return Err(Distrust::Foreign) };
        if is_leftover(field) {
            return Err(Distrust::SendersOwn);
        }
        let party = self.party(n);
        let writers = || above.iter().filter_map(|&h| self.writers.get(h));
        let handed_on = writers().any(|by| !by.is(&party));
        if field.authserv_id.is_none() {
            return self.judge_nameless(n, party, handed_on);
        }
        if !handed_on {
            return Ok((party, Why::Topmost));
        }
        if writers().next().is_some_and(|last| last.is(&party)) {
            // The receiver's name below another's Received.
            return match self.below(n).next() {
                None if self.below_from(field) => Ok((party, Why::AtTheEnd)),
                _ if self.vouched(n, &party) => Err(Distrust::BelowForeign),
                _ => Err(Distrust::Forged),
            };
        }
        // A submission server says who logged in, to the organization that sends.
        if !field.results.is_empty() && field.results.iter().all(|r| r.method == "auth") {
            return Err(Distrust::SendersOwn);
        }
        if late || self.took_over(n, above, &party).is_none() {
            return Err(Distrust::Foreign);
        }
        Ok((party, Why::HandedOn))
    }

    /// A field without authserv-id: Exchange Online's verdict on what came in, whoever has it now.
    fn judge_nameless(&self, n: usize, party: Party<'r>, handed_on: bool) -> Result<(Party<'r>, Why), Distrust> {
        let microsoft = party.is(&Party::microsoft());
        // Cross-premises: the tenant's own server took it over from Exchange Online.
        if handed_on && !(microsoft && self.below(n).next().is_some() && self.came_in_through_microsoft()) {
            return Err(if microsoft { Distrust::SendersOwn } else { Distrust::Foreign });
        }
        Ok((party, Why::Nameless))
    }

    /// Received fields below a results field, top to bottom.
    pub(super) fn below(&self, n: usize) -> impl Iterator<Item = usize> {
        let field = self.reading.authres.get(n).map_or(usize::MAX, |a| a.field);
        hop::topmost(&self.reading.hops).filter(move |(_, h)| h.field > field).map(|(n, _)| n)
    }

    /// Is this Received the party's?
    pub(super) fn wrote(&self, hop: usize, party: &Party) -> bool {
        self.writers.get(hop).is_some_and(|by| by.is(party))
    }

    /// Did this party stamp a Received below this field?
    pub(super) fn vouched(&self, n: usize, party: &Party) -> bool {
        self.below(n).any(|h| self.wrote(h, party))
    }

    /// Do two passes through one organization each leave their field right below a Received of their own, so that the
    /// second may stand below the boundary's: two servers (sendmail), or one that has a filter in between (amavis)?
    pub(super) fn each_below_its_own(&self, first: usize, second: usize) -> bool {
        let above = |n: usize| self.above(n).last().copied();
        let by = |n: usize| self.hop(above(n)?)?.by.as_ref().map(|by| &by.value);
        let own = |n: usize| self.id(n).is_some() && self.id(n) == by(n);
        above(first) != above(second) && own(first) && own(second)
    }

    /// The name in a field.
    pub(super) fn id(&self, n: usize) -> Option<&String> {
        self.reading.authres.get(n)?.authserv_id.as_ref().map(|id| &id.value)
    }

    /// Does the field stand after From, as one put at the end of a header does?
    pub(super) fn below_from(&self, field: &AuthRes) -> bool {
        self.reading.header.all(self.text, "From").next().is_some_and(|(from, _)| from < field.field)
    }

    /// The newest hop that this field can be about: its writer's own, next below it or, for
    /// those who write below their Received, next above. None where no stranger connected there.
    pub(super) fn took_over(&self, n: usize, above: &[usize], party: &Party) -> Option<usize> {
        let its = |h: &usize| self.wrote(*h, party);
        let next = self.reading.hops.len().checked_sub(above.len() + 1);
        let newest = above.last().copied().filter(its).or(next.filter(its))?;
        self.find_hop(newest, Some(party), self.reading.authres.get(n).as_slice())
            .filter(|&h| self.hop(h).is_some_and(|h| h.ip.as_ref().is_some_and(|ip| is_public(ip.value))))
            .map(|_| newest)
    }

    /// Exchange marks what it lets in; the source of that mark says which server it was.
    pub(super) fn came_in_through_microsoft(&self) -> bool {
        let source = self.reading.header.first(self.text, "X-MS-Exchange-Organization-AuthSource");
        source.is_some_and(|f| {
            let host = str::from_utf8(f.value.of(self.text)).map(str::trim).unwrap_or_default().to_ascii_lowercase();
            Party::of_host(&host, self.names).is_some_and(|party| party.is(&Party::microsoft()))
        })
    }
}

/// What Exchange Online leaves in a message that it sends out: its words, no client, and `none`
/// throughout. The name in front, where there is one, is the recipient's domain (`gmail.com`), not the writer's.
pub(super) fn is_leftover(field: &AuthRes) -> bool {
    let comment = |r: &MethodResult, text: &str| r.comments.iter().any(|c| c.value.trim_end() == text);
    let mut exchange = false;
    for r in &field.results {
        let no_client = comment(r, "sender IP is");
        if r.result != "none" || r.method == "compauth" || (r.method == "spf" && !no_client) {
            return false;
        }
        exchange |= no_client || r.prop("", "action").is_some() || comment(r, "message not signed");
    }
    exchange
}
