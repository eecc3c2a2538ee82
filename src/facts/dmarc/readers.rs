//! How two kinds of receivers read the same records: those that follow RFC 9989, and those that
//! still follow RFC 7489 with the public suffix list.

use super::{Dmarc, DmarcRecord, Policy, Step};
use crate::facts::organization::psl;

/// What one kind of receiver makes of the records of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// `RFC 9989` or `RFC 7489`
    pub standard: &'static str,
    /// Index into [`Dmarc::steps`] of the record it goes by; `None` where it finds none, or one was pasted.
    pub at: Option<usize>,
    /// The organizational domain as it sees it; `None` while that is not known.
    pub organizational: Option<String>,
    /// The policy it applies to this very domain, and the tag that says so.
    pub policy: Option<(Policy, &'static str)>,
    /// The share of failing mail it applies the policy to, per cent; the rest gets one level less (RFC 7489 §6.6.4).
    pub share: u8,
    /// Tags of the record that it does not know.
    pub ignores: Vec<&'static str>,
    /// An answer is missing or failed that could change this.
    pub open: bool,
}

/// Tags that came with RFC 9989 (§4.7), and those that went (Appendix A.6).
const NEW: [&str; 3] = ["t", "psd", "np"];
const GONE: [&str; 3] = ["pct", "rf", "ri"];

/// The newer reader, then the older; `None` without a domain or a pasted record.
pub fn both(dmarc: &Dmarc, from: Option<&str>) -> Option<[Reader; 2]> {
    if dmarc.steps.is_empty() && dmarc.pasted.is_none() {
        return None;
    }
    Some([newer(dmarc), older(dmarc, from)])
}

impl Reader {
    /// The record it goes by.
    pub fn record<'d>(&self, dmarc: &'d Dmarc) -> Option<&'d DmarcRecord> {
        match self.at {
            Some(n) => dmarc.steps.get(n).and_then(Step::record),
            None => dmarc.pasted.as_ref().filter(|_| dmarc.steps.is_empty()),
        }
    }
}

fn newer(dmarc: &Dmarc) -> Reader {
    let mut reader = Reader {
        standard: "RFC 9989",
        at: dmarc.governs,
        organizational: dmarc.organizational.clone(),
        policy: dmarc.effective,
        share: 100,
        ignores: vec![],
        open: dmarc.effective.is_none() && dmarc.steps.iter().any(|s| !s.answered()),
    };
    if let Some(record) = reader.record(dmarc) {
        reader.ignores = known(record, &GONE);
        if dmarc.steps.is_empty() {
            let lower = |p: Policy| if record.testing { p.lower() } else { p };
            reader.policy = record.own_policy().map(|p| (lower(p), "p"));
        }
    }
    reader
}

fn older(dmarc: &Dmarc, from: Option<&str>) -> Reader {
    let organizational = from.map(|from| psl(from).unwrap_or(from).to_owned());
    let answered = |step: &Step| step.answered();
    let own = dmarc.steps.first();
    let above = dmarc.steps.iter().find(|s| Some(s.domain.as_str()) == organizational.as_deref());
    let own_decides = own.is_some_and(|s| answered(s) && !s.records.is_empty());
    let mut reader = Reader {
        standard: "RFC 7489",
        at: dmarc.governs_psl,
        organizational,
        policy: None,
        share: 100,
        ignores: vec![],
        open: !own_decides && [own, above].into_iter().flatten().any(|s| !answered(s)),
    };
    if let Some(record) = reader.record(dmarc) {
        reader.ignores = known(record, &NEW);
        reader.policy = policy(record, reader.at.is_none_or(|n| n == 0));
        let pct = record.tag("pct").and_then(|tag| record.under(tag.value).parse::<u8>().ok());
        reader.share = pct.filter(|n| *n <= 100).unwrap_or(100);
    }
    reader
}

/// `p` of its own record, else `sp` (RFC 7489 §6.3); no `np`, no `t`. A record without a valid `p`, or
/// with an invalid `sp`, is `p=none` where it names an address and nothing where not (§6.6.3).
fn policy(record: &DmarcRecord, own: bool) -> Option<(Policy, &'static str)> {
    let bad_sp = record.sp.is_none() && record.tag("sp").is_some();
    let Some(p) = record.p.filter(|_| !bad_sp) else {
        return record.reports_to().next().map(|_| (Policy::None, "p"));
    };
    Some(match record.sp.filter(|_| !own) {
        Some(sp) => (sp, "sp"),
        None => (p, "p"),
    })
}

fn known(record: &DmarcRecord, names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| record.tag(name).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Kind;
    use crate::evidence::zone::Zone;
    use crate::facts::lookup::Lookup;
    use crate::facts::subject::Subject;
    use crate::facts::{Reading, dmarc};

    /// What both make of `domain`: where, policy, share, what they do not know.
    fn told(domain: &str, zone: &str) -> [String; 2] {
        let zone = Zone::parse(zone).unwrap();
        let reading = Reading { subject: Some(Subject::Domain(domain.into())), ..Reading::default() };
        let mut answers = crate::evidence::Answers::new();
        loop {
            let lookup = Lookup::new(&answers);
            let dmarc = dmarc::gather(&lookup, &reading);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                let show = |r: Reader| {
                    let at = r.at.map_or("-", |n| dmarc.steps[n].domain.as_str());
                    let policy = r.policy.map_or("-".to_owned(), |(p, tag)| format!("{tag}={}", p.word()));
                    let open = if r.open { " open" } else { "" };
                    format!("{at} {policy} {}% {}{open}", r.share, r.ignores.join(","))
                };
                return both(&dmarc, Some(domain)).unwrap().map(show);
            }
            assert!(missing.iter().all(|q| q.kind == Kind::Txt));
            answers.extend(
                missing.into_iter().map(|q| (zone.answer(&q, jiff::Timestamp::UNIX_EPOCH), q)).map(|(a, q)| (q, a)),
            );
        }
    }

    #[test]
    fn the_same_record_in_two_minds() {
        for (domain, zone, want) in [
            (
                "example.com",
                "_dmarc.example.com TXT \"v=DMARC1; p=reject; pct=20; t=y; rf=afrf\"",
                ["example.com p=quarantine 100% pct,rf", "example.com p=reject 20% t"],
            ),
            (
                "news.example.com",
                "_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=quarantine; np=none\"",
                // news.example.com does not exist.
                ["example.com np=none 100% ", "example.com sp=quarantine 100% np"],
            ),
            (
                "a.b.example.com",
                "_dmarc.b.example.com TXT \"v=DMARC1; p=reject\"",
                ["b.example.com p=reject 100% ", "- - 100% "],
            ),
            ("example.com", "_dmarc.com TXT \"v=DMARC1; p=reject; psd=y\"", ["com p=reject 100% ", "- - 100% "]),
            ("example.com", "example.com TXT \"x\"", ["- - 100% ", "- - 100% "]),
            ("example.com", "_dmarc.example.com TIMEOUT", ["- - 100%  open", "- - 100%  open"]),
            (
                "example.com",
                "_dmarc.example.com TXT \"v=DMARC1; p=reject; np=x; rua=mailto:a@example.com\"",
                ["example.com p=none 100% ", "example.com p=reject 100% np"],
            ),
        ] {
            assert_eq!(told(domain, zone), want, "{domain} {zone}");
        }
    }

    #[test]
    fn a_pasted_record_is_read_as_its_own_domains() {
        let pasted = dmarc::record::read("v=DMARC1; p=reject; sp=none; t=y; pct=5", 0);
        let dmarc = Dmarc { pasted, ..Dmarc::default() };
        let [newer, older] = both(&dmarc, None).unwrap();
        assert_eq!((newer.policy, newer.ignores), (Some((Policy::Quarantine, "p")), vec!["pct"]));
        assert_eq!((older.policy, older.share, older.ignores), (Some((Policy::Reject, "p")), 5, vec!["t"]));
        assert_eq!(both(&Dmarc::default(), None), None);
    }
}
